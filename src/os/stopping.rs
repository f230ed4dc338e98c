//! A disk that ends the process at the k-th operation. Only the crash tests build with it (`fault-injection`).

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};

/// Counts every call that changes the disk and aborts the process just before the chosen one.
pub struct StoppingDisk<D> {
    inner: D,
    countdown: Arc<Countdown>,
}

struct Countdown {
    done: AtomicU64,
    stop_at: u64,
}

impl Countdown {
    fn step(&self) {
        if self.done.fetch_add(1, Ordering::SeqCst).saturating_add(1) >= self.stop_at {
            std::process::abort();
        }
    }
}

impl<D: Disk> StoppingDisk<D> {
    /// Ends the process before operation `stop_at`, counted from 1.
    pub fn new(inner: D, stop_at: u64) -> Self {
        Self {
            inner,
            countdown: Arc::new(Countdown {
                done: AtomicU64::new(0),
                stop_at,
            }),
        }
    }
}

struct StoppingFile {
    inner: Box<dyn WriteNew>,
    countdown: Arc<Countdown>,
}

impl WriteNew for StoppingFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Half of the bytes reach the disk: a crash in the middle of a write.
        if self.countdown.done.load(Ordering::SeqCst).saturating_add(1) == self.countdown.stop_at {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            self.inner.write_all(half)?;
        }
        self.countdown.step();
        self.inner.write_all(bytes)
    }

    fn allocate(&mut self, len_bytes: u64) -> io::Result<()> {
        self.countdown.step();
        self.inner.allocate(len_bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.countdown.step();
        self.inner.sync()
    }
}

impl<D: Disk> Disk for StoppingDisk<D> {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.inner.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        self.countdown.step();
        let inner = self.inner.create(path)?;
        Ok(Box::new(StoppingFile {
            inner,
            countdown: Arc::clone(&self.countdown),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.countdown.step();
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.countdown.step();
        self.inner.remove(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.countdown.step();
        self.inner.remove_folder(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.countdown.step();
        self.inner.create_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.countdown.step();
        self.inner.sync_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.inner.list(path)
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.inner.facts(path)
    }

    fn free_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        self.inner.free_bytes(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.inner.lock(path)
    }
}
