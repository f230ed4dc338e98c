//! A disk that is switched off, or fails, where a test says so.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sekisho::os::disk::RealDisk;
use sekisho::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};

/// What an operation on the disk is about: its name and the path that it changes or reads.
type Rule = Box<dyn Fn(&str, &Path) -> bool + Send + Sync>;

/// A disk that is switched off just before the first operation that the rule names, and stays off; or, with `once`, one
/// that fails at every such operation and works otherwise.
pub(super) struct Switched {
    rule: Rule,
    off: AtomicBool,
    stays_off: bool,
}

impl Switched {
    pub(super) fn off_at(rule: impl Fn(&str, &Path) -> bool + Send + Sync + 'static) -> Self {
        Self {
            rule: Box::new(rule),
            off: AtomicBool::new(false),
            stays_off: true,
        }
    }

    pub(super) fn failing_at(rule: impl Fn(&str, &Path) -> bool + Send + Sync + 'static) -> Self {
        Self {
            stays_off: false,
            ..Self::off_at(rule)
        }
    }

    fn step(&self, what: &str, path: &Path) -> io::Result<()> {
        if (self.rule)(what, path) {
            self.off.store(self.stays_off, Ordering::SeqCst);
            return Err(io::Error::from_raw_os_error(5));
        }
        if self.off.load(Ordering::SeqCst) {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(())
    }
}

impl Disk for Switched {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.step("open", path)?;
        RealDisk.open(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        self.step("create", path)?;
        RealDisk.create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", to)?;
        RealDisk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", path)?;
        RealDisk.remove(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step("remove_folder", path)?;
        RealDisk.remove_folder(path)
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step("create_folder", path)?;
        RealDisk.create_folder(path)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step("sync_folder", path)?;
        RealDisk.sync_folder(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.step("list", path)?;
        RealDisk.list(path)
    }
    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.step("facts", path)?;
        RealDisk.facts(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        RealDisk.lock(path)
    }
}
