//! A disk that does not tell how much is free, so that it is met full in the midst of the work.

use std::io;
use std::path::Path;

use sekisho::ports::simulated::SimDisk;
use sekisho::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};

/// See above.
pub(super) struct Blind(pub(super) SimDisk);

impl Disk for Blind {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.0.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        self.0.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.0.remove_folder(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.0.create_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.0.sync_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.0.list(path)
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.0.facts(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.0.lock(path)
    }
}
