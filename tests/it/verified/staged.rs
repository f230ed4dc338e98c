//! A commit that was decided and not carried to its end: what waits in the staging folder is state.

use std::io;

use sekisho::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};

use super::*;

/// A disk on which the n-th rename out of the staging folder, and every one after it, fails.
struct Blocked {
    disk: MemoryDisk,
    free: std::sync::atomic::AtomicUsize,
}

impl Disk for Blocked {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.disk.open(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        self.disk.create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let staged = from.starts_with("/site/staging") && !to.starts_with("/site/staging");
        if staged || to.ends_with("store/CURRENT") {
            let order = std::sync::atomic::Ordering::SeqCst;
            if self
                .free
                .fetch_update(order, order, |free| free.checked_sub(1))
                .is_err()
            {
                return Err(io::Error::other("blocked"));
            }
        }
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_folder(path)
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.create_folder(path)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_folder(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.disk.list(path)
    }
    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.disk.facts(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.disk.lock(path)
    }
}

/// The site whose second pass was decided, with the first `placed` objects in their places; `None` where that is all.
pub(super) fn decided(placed: usize) -> Option<MemoryDisk> {
    let small = first_day();
    deliver_second(&small);
    let blocked = Blocked {
        disk: small.disk.clone(),
        free: placed.into(),
    };
    pass_on(&blocked, 3).is_err().then_some(small.disk)
}

#[test]
fn a_decided_commit_is_sound_wherever_it_stopped_and_every_object_of_it_is_tested() {
    let mut flips = 0;
    let mut stops = 0;
    while let Some(disk) = decided(stops) {
        let placed = stops;
        stops += 1;
        let staged: Vec<String> = files(&disk)
            .into_iter()
            .filter(|file| file.starts_with("staging/"))
            .collect();
        for depth in [Depth::Quick, Depth::Full] {
            let found = examined(&disk, depth).unwrap();
            assert_eq!((found.bad, found.strays), (Vec::new(), Vec::new()), "{placed}");
            assert!(found.is_unfinished);
        }
        if placed % 5 == 0 {
            for file in &staged {
                let sound = read(&disk, file);
                for byte in (placed..sound.len()).step_by(sound.len() / 4 + 1) {
                    let mut bytes = sound.clone();
                    bytes[byte] ^= 0x10;
                    disk.put(&at(file), &bytes).unwrap();
                    if byte == placed {
                        let fault = pass_on(&disk.copy(), 4).unwrap_err();
                        assert_eq!(fault.class().exit_code(), 8, "{file}: {fault}");
                    }
                    let (object, _) = first_bad(&disk, Depth::Full).unwrap_or_else(|| panic!("{file} {byte}"));
                    assert_eq!(object, *file, "{placed} placed, byte {byte}");
                    flips += 1;
                }
                disk.remove(&at(file)).unwrap();
                let found = first_bad(&disk, Depth::Quick);
                assert!(found.is_some() || file.contains("/package-"), "{file} is gone");
                if file.ends_with("/intent") {
                    // Neither does the next run take what waits for the rest of a crash.
                    let fault = pass_on(&disk.copy(), 4).unwrap_err();
                    assert_eq!(fault.class().exit_code(), 8, "{placed}: {fault}");
                }
                disk.put(&at(file), &sound).unwrap();
            }
        }
        pass_on(&disk, 4).unwrap();
        let found = examined(&disk, Depth::Full).unwrap();
        assert_eq!(
            (found.bad, found.strays, found.is_unfinished),
            (Vec::new(), Vec::new(), false)
        );
    }
    assert!(flips > 40 && stops > 10, "{flips} flips, {stops} stops");
}
