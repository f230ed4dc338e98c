//! A disk that does not tell how much is free, so that it is met full in the midst of the work; somebody else may fill it
//! right after the commit point.

use std::io;
use std::path::Path;

use sekisho::ports::simulated::SimDisk;
use sekisho::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};

/// See above.
pub(super) struct Blind {
    pub(super) disk: SimDisk,
    /// Bytes that are left free when `CURRENT` is about to be replaced: the commit is decided then.
    pub(super) left_after_commit: Option<u64>,
}

impl Disk for Blind {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.disk.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        if let Some(left) = self.left_after_commit.filter(|_| path.ends_with("CURRENT.tmp")) {
            // By others, and by them only: the room of a reserve that is given up later stays free.
            if self.disk.facts(&path.with_file_name("filled")).is_err() {
                self.disk.put(&path.with_file_name("filled"), b"")?;
                self.disk.set_capacity(Some(self.disk.used() + left));
            }
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
