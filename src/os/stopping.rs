//! A disk that ends the process at the k-th operation. Only the crash tests build with it (`fault-injection`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};

/// Counts every call that changes the disk and aborts the process just before the chosen one.
pub struct StoppingDisk<D> {
    inner: D,
    countdown: Arc<Countdown>,
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// At once, as by a signal.
    Abort,
    /// By a panic whose words name the path at hand.
    Panic,
}

struct Countdown {
    done: AtomicU64,
    stop_at: u64,
    ending: Ending,
}

impl Countdown {
    fn step(&self, path: &Path) {
        if self.done.fetch_add(1, Ordering::SeqCst).saturating_add(1) >= self.stop_at {
            match self.ending {
                Ending::Abort => std::process::abort(),
                Ending::Panic => panicked(path),
            }
        }
    }
}

#[expect(clippy::panic, reason = "what the tests want to see the end of")]
fn panicked(path: &Path) {
    panic!("stopped at {}", path.display());
}

impl<D: Disk> StoppingDisk<D> {
    /// Ends the process before operation `stop_at`, counted from 1.
    pub fn new(inner: D, stop_at: u64, ending: Ending) -> Self {
        Self {
            inner,
            countdown: Arc::new(Countdown {
                done: AtomicU64::new(0),
                stop_at,
                ending,
            }),
        }
    }
}

struct StoppingFile {
    inner: Box<dyn WriteNew>,
    path: PathBuf,
    countdown: Arc<Countdown>,
}

impl WriteNew for StoppingFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Half of the bytes reach the disk: a crash in the middle of a write.
        if self.countdown.done.load(Ordering::SeqCst).saturating_add(1) == self.countdown.stop_at {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            self.inner.write_all(half)?;
        }
        self.countdown.step(&self.path);
        self.inner.write_all(bytes)
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        // As above.
        if self.countdown.done.load(Ordering::SeqCst).saturating_add(1) == self.countdown.stop_at {
            let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
            self.inner.rewrite(offset, half)?;
        }
        self.countdown.step(&self.path);
        self.inner.rewrite(offset, bytes)
    }

    fn allocate(&mut self, len_bytes: u64) -> io::Result<()> {
        self.countdown.step(&self.path);
        self.inner.allocate(len_bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.countdown.step(&self.path);
        self.inner.sync()
    }
}

impl<D: Disk> Disk for StoppingDisk<D> {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.inner.open(path)
    }

    fn open_inside(&self, folder: &Path, name: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.inner.open_inside(folder, name)
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.countdown.step(to);
        self.inner.rename_new(from, to)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        self.countdown.step(path);
        let inner = self.inner.create(path)?;
        Ok(Box::new(StoppingFile {
            inner,
            path: path.to_owned(),
            countdown: Arc::clone(&self.countdown),
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.countdown.step(from);
        self.inner.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.countdown.step(path);
        self.inner.remove(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.countdown.step(path);
        self.inner.remove_folder(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.countdown.step(path);
        self.inner.create_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.countdown.step(path);
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
