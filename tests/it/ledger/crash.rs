//! The process dies at any operation of the disk: the log is the old or the new one, and goes on either way.

use std::io;
use std::sync::Mutex;

use sekisho::ports::{Facts, FolderEntry, Lock, ReadAt, WriteNew};

use super::*;

/// A disk that writes down its changes and fails from a given one on.
struct Dying {
    inner: MemoryDisk,
    log: std::sync::Arc<Mutex<Vec<String>>>,
    last: usize,
}

impl Dying {
    fn new(inner: &MemoryDisk, last: usize) -> Self {
        Self {
            inner: inner.clone(),
            log: std::sync::Arc::default(),
            last,
        }
    }

    fn step(log: &Mutex<Vec<String>>, last: usize, what: &str, path: &Path) -> io::Result<()> {
        let mut log = log.lock().unwrap();
        if log.len() >= last {
            return Err(io::Error::other("dead"));
        }
        log.push(format!(
            "{what} {}",
            path.strip_prefix(dir().join("2020")).unwrap_or(path).display()
        ));
        Ok(())
    }

    fn change(&self, what: &str, path: &Path) -> io::Result<()> {
        Self::step(&self.log, self.last, what, path)
    }
}

struct DyingFile {
    inner: Box<dyn WriteNew>,
    log: std::sync::Arc<Mutex<Vec<String>>>,
    last: usize,
    path: PathBuf,
}

impl WriteNew for DyingFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Dying::step(&self.log, self.last, "write", &self.path)?;
        self.inner.write_all(bytes)
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        Dying::step(&self.log, self.last, "rewrite", &self.path)?;
        self.inner.rewrite(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        Dying::step(&self.log, self.last, "sync", &self.path)?;
        self.inner.sync()
    }
}

impl Disk for Dying {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.inner.open(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        self.change("create", path)?;
        Ok(Box::new(DyingFile {
            inner: self.inner.create(path)?,
            log: self.log.clone(),
            last: self.last,
            path: path.to_owned(),
        }))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change("rename", to)?;
        self.inner.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change("remove", path)?;
        self.inner.remove(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.change("remove folder", path)?;
        self.inner.remove_folder(path)
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.change("folder", path)?;
        self.inner.create_folder(path)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.change("sync folder", path)?;
        self.inner.sync_folder(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.inner.list(path)
    }
    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.inner.facts(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.inner.lock(path)
    }
}

#[test]
fn the_durable_order() {
    let disk = Dying::new(&site(255), usize::MAX);
    let mut ledger = open(&disk).unwrap();
    grow(&mut ledger, 256);
    let done = disk.log.lock().unwrap().clone();
    let want = [
        "create private/255.tmp",
        "write private/255.tmp",
        "create tile/entries/000.tmp",
        "write tile/entries/000.tmp",
        "create tile/0/000.tmp",
        "write tile/0/000.tmp",
        "folder tile/1",
        "sync folder tile",
        "folder tile/1/000.p",
        "sync folder tile/1",
        "create tile/1/000.p/1.tmp",
        "write tile/1/000.p/1.tmp",
        "sync private/255.tmp",
        "sync tile/entries/000.tmp",
        "sync tile/0/000.tmp",
        "sync tile/1/000.p/1.tmp",
        "rename private/255",
        "rename tile/entries/000",
        "rename tile/0/000",
        "rename tile/1/000.p/1",
        "sync folder private",
        "sync folder tile/0",
        "sync folder tile/1/000.p",
        "sync folder tile/entries",
        "create checkpoint.tmp",
        "write checkpoint.tmp",
        "sync checkpoint.tmp",
        "rename checkpoint",
        "sync folder ",
        "remove tile/entries/000.p/255",
        "remove folder tile/entries/000.p",
        "remove tile/0/000.p/255",
        "remove folder tile/0/000.p",
    ];
    assert_eq!(done, want);
}

#[test]
fn death_at_any_operation_leaves_the_old_log_or_the_new_one() {
    for (old, new) in [(1, 3), (254, 258), (255, 256), (256, 257)] {
        let start = site(old);
        let after = site(new);
        let mut outcomes = [0, 0];
        for last in 0.. {
            let disk = start.copy();
            let dying = Dying::new(&disk, last);
            let mut ledger = open(&dying).unwrap();
            let leaves: Vec<_> = (old..new).map(leaf).collect();
            let done = stage(&ledger, &leaves).and_then(|staged| ledger.commit(staged, &signer()));
            let finished = ledger.untidied().is_none();
            let mut found = open(&disk).unwrap();
            let tip = found.tip();
            assert!(tip.size == old || tip.size == new);
            // What was reported as done is done; what is done may have been reported as failed.
            assert!(done.is_err() || tip.size == new);
            outcomes[usize::from(tip.size == new)] += 1;
            intact(&disk);
            if tip.size == old {
                grow(&mut found, new);
            }
            assert_eq!(open(&disk).unwrap().tip(), open(&after).unwrap().tip());
            intact(&disk);
            if done.is_ok() && finished {
                break;
            }
        }
        assert!(outcomes[0] > 10 && outcomes[1] > 1, "{outcomes:?}");
    }
}

#[test]
fn death_while_a_year_is_opened() {
    let start = site(5);
    for last in 0.. {
        let disk = start.copy();
        let dying = Dying::new(&disk, last);
        let mut ledger = open(&dying).unwrap();
        let done = ledger.open_year(2021, time(), &signer());
        let mut found = open(&disk).unwrap();
        assert!(done.is_err() || found.tip().log.year() == 2021);
        intact(&disk);
        if found.tip().log.year() == 2020 {
            assert_eq!(found.tip().size, 5);
            found.open_year(2021, time(), &signer()).unwrap();
        }
        assert_eq!(intact(&disk).logs.len(), 2);
        if done.is_ok() {
            break;
        }
    }
}
