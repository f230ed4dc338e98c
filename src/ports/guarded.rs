//! A disk that lets nobody go on after a failed sync, and says of a full disk how much is free.
//!
//! A kernel that could not write a page may drop it and report success the next time (the `fsync` surprise of 2018), so a
//! second attempt proves nothing. After the first sync that fails, of a file or a folder, everything that would change
//! the disk is refused with the same failure, whoever asks. Reading goes on, for the words on the way out.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};

/// A sync failed here, or had failed before: nobody knows what is on the disk. Found in an [`io::Error`] by [`SyncFailed::of`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct SyncFailed {
    /// The file or folder that could not be made durable.
    pub path: PathBuf,
    /// What the system said of it.
    pub why: String,
    kind: io::ErrorKind,
}

impl SyncFailed {
    /// The failed sync behind an error of a [`Guarded`] disk.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    fn error(&self) -> io::Error {
        io::Error::new(self.kind, self.clone())
    }
}

/// The disk or a quota is full. Found in an [`io::Error`] by [`NoRoom::of`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct NoRoom {
    /// What the system said.
    pub why: String,
    /// Bytes free at that moment, where the disk can tell. A quota is not seen in it.
    pub free_bytes: Option<u64>,
}

impl NoRoom {
    /// What is said of a full disk behind an error of a [`Guarded`] disk.
    pub fn of(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

/// True for an error of a disk or a quota that is full.
pub fn is_full(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::StorageFull || error.kind() == io::ErrorKind::QuotaExceeded
}

/// True for an error of a sync that lost something. A folder has to be opened first, and where that is not possible nothing
/// was asked of the device: these errors come from no `fsync`.
pub fn is_failed_sync(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    let never_begun = error.kind() == io::ErrorKind::NotFound
        || error.kind() == io::ErrorKind::NotADirectory
        || error.kind() == io::ErrorKind::PermissionDenied
        || matches!(error.raw_os_error(), Some(ENFILE | EMFILE));
    !never_begun
}

/// The system's words for an error, without paths.
pub fn words_of(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => format!("{} (errno {number})", error.kind()),
        None => error.to_string(),
    }
}

/// The first failed sync, for all disks of a process.
pub type Poison = Arc<OnceLock<SyncFailed>>;

/// A disk behind a guard.
pub struct Guarded<D> {
    shared: Arc<Shared<D>>,
}

struct Shared<D> {
    disk: D,
    failed: Poison,
}

impl<D: Disk> Guarded<D> {
    /// Guards a disk by itself.
    pub fn new(disk: D) -> Self {
        Self::sharing(disk, Poison::default())
    }

    /// Guards a disk together with all others that have the same `poison`.
    pub fn sharing(disk: D, poison: Poison) -> Self {
        Self {
            shared: Arc::new(Shared { disk, failed: poison }),
        }
    }

    /// The disk behind the guard.
    pub fn inner(&self) -> &D {
        &self.shared.disk
    }
}

impl<D: Disk> Shared<D> {
    fn change<T>(&self, path: &Path, work: impl FnOnce(&D) -> io::Result<T>) -> io::Result<T> {
        if let Some(failed) = self.failed.get() {
            return Err(failed.error());
        }
        work(&self.disk).map_err(|why| self.measured(path, why))
    }

    fn sync(&self, path: &Path, work: impl FnOnce(&D) -> io::Result<()>) -> io::Result<()> {
        if let Some(failed) = self.failed.get() {
            return Err(failed.error());
        }
        work(&self.disk).map_err(|why| {
            if !is_failed_sync(&why) {
                return why;
            }
            let failed = SyncFailed {
                path: path.to_owned(),
                why: words_of(&why),
                kind: why.kind(),
            };
            // Of two that fail at once the first one counts.
            self.failed.get_or_init(|| failed).error()
        })
    }

    fn measured(&self, path: &Path, why: io::Error) -> io::Error {
        if !is_full(&why) || NoRoom::of(&why).is_some() {
            return why;
        }
        let folder = path.parent().unwrap_or(path);
        let no_room = NoRoom {
            why: words_of(&why),
            free_bytes: self.disk.free_bytes(folder).ok().flatten(),
        };
        io::Error::new(why.kind(), no_room)
    }
}

struct GuardedFile<D> {
    inner: Box<dyn WriteNew>,
    path: PathBuf,
    shared: Arc<Shared<D>>,
}

impl<D: Disk> WriteNew for GuardedFile<D> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.shared.change(&self.path, |_| self.inner.write_all(bytes))
    }

    fn allocate(&mut self, len_bytes: u64) -> io::Result<()> {
        self.shared.change(&self.path, |_| self.inner.allocate(len_bytes))
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.shared.change(&self.path, |_| self.inner.rewrite(offset, bytes))
    }

    /// Nothing is begun where nothing may be written.
    fn begin_sync(&mut self) {
        let begin = |_: &D| {
            self.inner.begin_sync();
            Ok(())
        };
        self.shared.change(&self.path, begin).unwrap_or_default();
    }

    fn sync(&mut self) -> io::Result<()> {
        self.shared.sync(&self.path, |_| self.inner.sync())
    }
}

impl<D: Disk + 'static> Disk for Guarded<D> {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.shared.disk.open(path)
    }

    fn open_inside(&self, folder: &Path, name: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.shared.disk.open_inside(folder, name)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.shared.change(to, |disk| disk.rename_new(from, to))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        let inner = self.shared.change(path, |disk| disk.create(path))?;
        Ok(Box::new(GuardedFile {
            inner,
            path: path.to_owned(),
            shared: Arc::clone(&self.shared),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.shared.change(to, |disk| disk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.shared.change(path, |disk| disk.remove(path))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.shared.change(path, |disk| disk.remove_folder(path))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.shared.change(path, |disk| disk.create_folder(path))
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.shared.sync(path, |disk| disk.sync_folder(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.shared.disk.list(path)
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.shared.disk.facts(path)
    }

    fn syncs_in_parallel(&self) -> bool {
        self.inner().syncs_in_parallel()
    }

    fn free_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        self.shared.disk.free_bytes(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.shared.change(path, |disk| disk.lock(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::memory::MemoryDisk;

    /// Syncs of paths that end in `bad` fail once; files that end in `big` find the disk full.
    struct Failing {
        disk: MemoryDisk,
        failed: OnceLock<()>,
    }

    struct Full;

    impl WriteNew for Full {
        fn write_all(&mut self, _bytes: &[u8]) -> io::Result<()> {
            Err(io::Error::from_raw_os_error(28))
        }

        fn rewrite(&mut self, _offset: u64, _bytes: &[u8]) -> io::Result<()> {
            Err(io::Error::from_raw_os_error(28))
        }

        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Disk for Failing {
        fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
            self.disk.open(path)
        }
        fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
            if path.ends_with("big") {
                return Ok(Box::new(Full));
            }
            self.disk.create(path)
        }
        fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
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
            if path.ends_with("bad") && self.failed.set(()).is_ok() {
                return Err(io::Error::from_raw_os_error(5));
            }
            self.disk.sync_folder(path)
        }
        fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
            self.disk.list(path)
        }
        fn facts(&self, path: &Path) -> io::Result<Facts> {
            self.disk.facts(path)
        }
        fn free_bytes(&self, _path: &Path) -> io::Result<Option<u64>> {
            Ok(Some(12))
        }
        fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
            self.disk.lock(path)
        }
    }

    fn failing() -> Failing {
        let disk = MemoryDisk::new();
        for folder in ["/good", "/bad"] {
            disk.create_folder(Path::new(folder)).unwrap();
        }
        Failing {
            disk,
            failed: OnceLock::new(),
        }
    }

    #[test]
    fn after_a_failed_sync_everything_that_changes_is_refused_on_every_disk_of_the_process() {
        let poison = Poison::default();
        let disk = Guarded::sharing(failing(), Arc::clone(&poison));
        let other = Guarded::sharing(MemoryDisk::new(), poison);
        let path = Path::new("/good/file");
        let mut file = disk.create(path).unwrap();
        file.write_all(b"before").unwrap();
        let error = disk.sync_folder(Path::new("/bad")).unwrap_err();
        let first = SyncFailed::of(&error).unwrap().clone();
        assert_eq!(first.path, Path::new("/bad"));
        assert!(first.why.contains("errno 5"), "{first}");
        let mut refused = vec![
            file.write_all(b"after"),
            file.allocate(9),
            file.sync(),
            disk.rename(path, Path::new("/good/new")),
            disk.remove(path),
            disk.remove_folder(Path::new("/bad")),
            disk.create_folder(Path::new("/new")),
            // Not tried again, though it would succeed now.
            disk.sync_folder(Path::new("/bad")),
            disk.create(Path::new("/good/second")).map(drop),
            disk.lock(Path::new("/lock")).map(drop),
            other.create(Path::new("/file")).map(drop),
        ];
        for refusal in refused.drain(..) {
            assert_eq!(SyncFailed::of(&refusal.unwrap_err()), Some(&first));
        }
        assert_eq!(disk.read(path, 99).unwrap(), b"before");
        assert_eq!(disk.inner().disk.files(), [path]);
    }

    #[test]
    fn a_full_disk_says_what_is_free_and_stops_nobody() {
        let disk = Guarded::new(failing());
        let mut big = disk.create(Path::new("/good/big")).unwrap();
        for result in [big.write_all(b"x"), big.allocate(1)] {
            let error = result.unwrap_err();
            let no_room = NoRoom::of(&error).unwrap();
            assert!(is_full(&error) && SyncFailed::of(&error).is_none());
            assert_eq!(no_room.free_bytes, Some(12));
            assert!(words_of(&error).contains("errno 28"), "{error}");
        }
        disk.remove_folder(Path::new("/bad")).unwrap();
    }
}
