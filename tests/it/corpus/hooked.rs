//! The real disk with an interferer: at one operation on one file somebody does something, once; or an operation on a file
//! is always refused.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use sekisho::os::disk::RealDisk;
use sekisho::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};

/// What happens in between.
type Deed = Box<dyn FnOnce() + Send>;

/// When something happens: before the n-th such operation on this path.
pub(super) struct When {
    pub(super) operation: String,
    pub(super) path: PathBuf,
    pub(super) nth: u64,
}

#[derive(Default)]
struct Plan {
    when: Option<When>,
    deed: Mutex<Option<Deed>>,
    failing: Vec<(String, PathBuf, i32)>,
    seen: AtomicU64,
}

impl Plan {
    fn at(&self, operation: &str, path: &Path) -> io::Result<()> {
        for (failing, of, errno) in &self.failing {
            if failing == operation && path == of {
                return Err(io::Error::from_raw_os_error(*errno));
            }
        }
        if let Some(when) = &self.when
            && when.operation == operation
            && path == when.path
            && self.seen.fetch_add(1, Ordering::SeqCst) + 1 == when.nth
            && let Some(deed) = self.deed.lock().unwrap().take()
        {
            deed();
        }
        Ok(())
    }
}

/// The disk.
#[derive(Clone, Default)]
pub(super) struct Hooked(Arc<Plan>);

impl Hooked {
    /// Somebody does something once.
    pub(super) fn meanwhile(when: When, deed: Deed) -> Self {
        Self(Arc::new(Plan {
            when: Some(when),
            deed: Mutex::new(Some(deed)),
            ..Plan::default()
        }))
    }

    /// One operation on one path always fails.
    pub(super) fn failing(operation: &str, path: PathBuf, errno: i32) -> Self {
        Self(Arc::new(Plan {
            failing: vec![(operation.to_owned(), path, errno)],
            ..Plan::default()
        }))
    }

    /// Besides, one operation on one path always fails.
    pub(super) fn and_failing(self, operation: &str, path: PathBuf, errno: i32) -> Self {
        let mut plan = Arc::into_inner(self.0).unwrap();
        plan.failing.push((operation.to_owned(), path, errno));
        Self(Arc::new(plan))
    }

    /// True where what was to happen has happened.
    pub(super) fn has_happened(&self) -> bool {
        self.0.deed.lock().unwrap().is_none()
    }
}

struct Reading {
    inner: Box<dyn ReadAt>,
    plan: Arc<Plan>,
    path: PathBuf,
}

impl ReadAt for Reading {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.plan.at("read", &self.path)?;
        self.inner.read_exact_at(buf, offset)
    }

    fn facts(&self) -> io::Result<Facts> {
        self.plan.at("facts of open", &self.path)?;
        self.inner.facts()
    }
}

impl Disk for Hooked {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.0.at("open", path)?;
        Ok(Box::new(Reading {
            inner: RealDisk.open(path)?,
            plan: Arc::clone(&self.0),
            path: path.to_owned(),
        }))
    }

    fn open_inside(&self, folder: &Path, name: &Path) -> io::Result<Box<dyn ReadAt>> {
        let path = folder.join(name);
        self.0.at("open", &path)?;
        Ok(Box::new(Reading {
            inner: RealDisk.open_inside(folder, name)?,
            plan: Arc::clone(&self.0),
            path,
        }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        self.0.at("create", path)?;
        RealDisk.create(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.at("rename", from)?;
        self.0.at("rename to", to)?;
        let done = RealDisk.rename(from, to);
        self.0.at("renamed", from)?;
        done
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.at("rename new", from)?;
        RealDisk.rename_new(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.at("remove", path)?;
        RealDisk.remove(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove_folder(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.0.at("sync folder", path)?;
        RealDisk.sync_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.0.at("list", path)?;
        let listed = RealDisk.list(path);
        self.0.at("listed", path)?;
        listed
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.0.at("facts", path)?;
        RealDisk.facts(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        RealDisk.lock(path)
    }
}
