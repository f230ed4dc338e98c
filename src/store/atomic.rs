//! Durable publishing: a file appears under its name whole and durable, or not at all. Temporary file beside the target,
//! its sync, rename, sync of the folder.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::ports::guarded::{SyncFailed, is_failed_sync};
use crate::ports::together::{sync_files, sync_folders};
use crate::ports::{Disk, WriteNew};

/// Ends the name of a file that was not finished. Such files mean nothing and may be removed by whoever holds the lock.
pub const TEMPORARY_SUFFIX: &str = ".tmp";

/// The step at which publishing failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Creating a folder.
    Folder,
    /// Creating the temporary file, or removing an old one of its name.
    Create,
    /// Writing it.
    Write,
    /// Making its content durable. Never to be tried again: the kernel may have dropped what it could not write.
    Sync,
    /// Renaming it.
    Rename,
    /// Making the rename durable.
    SyncFolder,
}

impl Step {
    /// The word for messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "create folder",
            Self::Create => "create",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Rename => "rename",
            Self::SyncFolder => "sync folder",
        }
    }
}

/// Publishing failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {} {}: {source}", step.as_str(), path.display())]
pub struct AtomicError {
    /// The target.
    pub path: PathBuf,
    /// The step.
    pub step: Step,
    /// What the disk said.
    pub source: io::Error,
}

impl AtomicError {
    /// True where nobody knows what is on the disk now: nothing may be written any more, the process must end, and the next
    /// one looks. A rename that fails was done or was not done, and either is a state that the next run goes on from.
    pub fn is_fatal(&self) -> bool {
        let refused = SyncFailed::of(&self.source).is_some();
        match self.step {
            Step::Sync | Step::SyncFolder => is_failed_sync(&self.source),
            Step::Folder | Step::Create | Step::Write | Step::Rename => refused,
        }
    }
}

fn at<T>(path: &Path, step: Step, result: io::Result<T>) -> Result<T, AtomicError> {
    result.map_err(|source| AtomicError {
        path: path.to_owned(),
        step,
        source,
    })
}

/// Name under which `path` is written before it is published.
pub fn temporary(path: &Path) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(TEMPORARY_SUFFIX);
    path.with_file_name(name)
}

/// A file on its way: written through [`WriteNew`]-like calls, seen by nobody before [`NewFile::publish`]. Dropped without
/// it, the temporary file stays and the next attempt replaces it.
pub struct NewFile<'d> {
    disk: &'d dyn Disk,
    target: PathBuf,
    file: Box<dyn WriteNew>,
}

impl<'d> NewFile<'d> {
    /// Begins a file that will stand at `path`. A temporary file left by an earlier attempt is removed.
    ///
    /// # Errors
    /// [`AtomicError`] at `Create`.
    pub fn begin(disk: &'d dyn Disk, path: &Path) -> Result<Self, AtomicError> {
        let temporary = temporary(path);
        let created = match disk.create(&temporary) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                disk.remove(&temporary).and_then(|()| disk.create(&temporary))
            }
            other => other,
        };
        Ok(Self {
            disk,
            target: path.to_owned(),
            file: at(path, Step::Create, created)?,
        })
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// [`AtomicError`] at `Write`.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), AtomicError> {
        at(&self.target, Step::Write, self.file.write_all(bytes))
    }

    /// Makes the content durable and puts the file under its name, replacing a plain file there. The caller syncs the
    /// folder when all files of a step stand in it.
    ///
    /// # Errors
    /// [`AtomicError`] at `Sync`, which is fatal, or `Rename`.
    pub fn publish(mut self) -> Result<(), AtomicError> {
        at(&self.target, Step::Sync, self.file.sync())?;
        // Closed before the rename: some file systems report a late write error only then.
        drop(self.file);
        at(
            &self.target,
            Step::Rename,
            self.disk.rename(&temporary(&self.target), &self.target),
        )
    }
}

/// Makes several files durable together and puts each under its name; see [`NewFile::publish`].
///
/// # Errors
/// [`AtomicError`] at `Sync`, which is fatal, or `Rename`.
pub fn publish_all(disk: &dyn Disk, files: Vec<NewFile<'_>>) -> Result<(), AtomicError> {
    let (targets, files): (Vec<PathBuf>, Vec<Box<dyn WriteNew>>) =
        files.into_iter().map(|file| (file.target, file.file)).unzip();
    let Some(first) = targets.first() else {
        return Ok(());
    };
    at(first, Step::Sync, sync_files(disk, files))?;
    for target in &targets {
        at(target, Step::Rename, disk.rename(&temporary(target), target))?;
    }
    Ok(())
}

/// Makes the entries of several folders durable.
///
/// # Errors
/// [`AtomicError`] at `SyncFolder`; fatal.
pub fn sync_all_entries(disk: &dyn Disk, folders: &[PathBuf]) -> Result<(), AtomicError> {
    sync_folders(disk, folders).map_err(|(path, source)| AtomicError {
        path,
        step: Step::SyncFolder,
        source,
    })
}

/// Makes `bytes` durable at `path`, replacing a plain file there, and the folder's entry with it.
///
/// # Errors
/// [`AtomicError`]; see [`AtomicError::is_fatal`].
pub fn publish(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), AtomicError> {
    let mut file = NewFile::begin(disk, path)?;
    file.write_all(bytes)?;
    file.publish()?;
    sync_folder(disk, path)
}

/// Makes `bytes` durable at `path`, where nothing may stand yet. `tag` makes the temporary name one that nobody else uses,
/// since in a folder of the operator a file of the usual temporary name may be somebody's own. Nothing is left behind where
/// it fails before the rename, unless a sync fails.
///
/// # Errors
/// [`AtomicError`]; at `Create` with `AlreadyExists` where something stands at `path`.
pub fn publish_new(disk: &dyn Disk, path: &Path, bytes: &[u8], tag: u64) -> Result<(), AtomicError> {
    let mut file = Output::begin(disk, path, tag)?;
    at(path, Step::Write, file.write_all(bytes))?;
    file.publish()
}

/// A file that is written piece by piece to where nothing may stand, as [`publish_new`] writes it whole: seen by nobody before
/// [`Output::publish`]. Dropped without it, nothing is left behind, unless a sync failed.
pub struct Output<'d> {
    disk: &'d dyn Disk,
    target: PathBuf,
    temporary: PathBuf,
    /// `None` once it is closed.
    file: Option<Box<dyn WriteNew>>,
    /// The temporary file is gone, or must be left alone.
    is_settled: bool,
}

impl<'d> Output<'d> {
    /// Begins a file that will stand at `path`; `tag` as for [`publish_new`].
    ///
    /// # Errors
    /// [`AtomicError`] at `Create`; with `AlreadyExists` where something stands at `path`.
    pub fn begin(disk: &'d dyn Disk, path: &Path, tag: u64) -> Result<Self, AtomicError> {
        vacant(disk, path)?;
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        let temporary = path.with_file_name(format!(".{name}.{tag:016x}{TEMPORARY_SUFFIX}"));
        let file = at(path, Step::Create, disk.create(&temporary))?;
        Ok(Self {
            disk,
            target: path.to_owned(),
            temporary,
            file: Some(file),
            is_settled: false,
        })
    }

    /// Makes the content durable; nobody sees it yet. Called again it does nothing.
    ///
    /// # Errors
    /// [`AtomicError`] at `Sync`, which is fatal.
    pub fn settle(&mut self) -> Result<(), AtomicError> {
        // Closed before the rename: some file systems report a late write error only then.
        let Some(mut file) = self.file.take() else {
            return Ok(());
        };
        let synced = at(&self.target, Step::Sync, file.sync());
        // After a failed sync the disk is left alone.
        self.is_settled = synced.as_ref().is_err_and(AtomicError::is_fatal);
        synced
    }

    /// Makes the content durable and puts the file under its name, and the name into its folder.
    ///
    /// # Errors
    /// [`AtomicError`].
    pub fn publish(mut self) -> Result<(), AtomicError> {
        self.settle()?;
        vacant(self.disk, &self.target)?;
        let renamed = at(
            &self.target,
            Step::Rename,
            self.disk.rename(&self.temporary, &self.target),
        );
        self.is_settled = renamed.as_ref().map_or_else(AtomicError::is_fatal, |()| true);
        renamed?;
        sync_folder(self.disk, &self.target)
    }

    fn open(&mut self) -> io::Result<&mut Box<dyn WriteNew>> {
        self.file.as_mut().ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

impl WriteNew for Output<'_> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.open()?.write_all(bytes)
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.open()?.rewrite(offset, bytes)
    }

    fn begin_sync(&mut self) {
        if let Some(file) = &mut self.file {
            file.begin_sync();
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        self.open()?.sync()
    }
}

impl Drop for Output<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.file = None;
            // What is written may be in clear; where even this fails, the first failure says more.
            drop(self.disk.remove(&self.temporary));
        }
    }
}

fn vacant(disk: &dyn Disk, path: &Path) -> Result<(), AtomicError> {
    if at(path, Step::Create, disk.exists(path))? {
        at(path, Step::Create, Err(io::ErrorKind::AlreadyExists.into()))
    } else {
        Ok(())
    }
}

/// The folder of a path; the working folder for a name alone.
fn parent_of(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Makes the entries of a folder durable: what was created in it, renamed into it, removed from it.
///
/// # Errors
/// [`AtomicError`] at `SyncFolder`; fatal.
pub fn sync_entries(disk: &dyn Disk, folder: &Path) -> Result<(), AtomicError> {
    at(folder, Step::SyncFolder, disk.sync_folder(folder))
}

/// Makes the entry of `path` in its folder durable.
///
/// # Errors
/// [`AtomicError`] at `SyncFolder`; fatal.
pub fn sync_folder(disk: &dyn Disk, path: &Path) -> Result<(), AtomicError> {
    at(path, Step::SyncFolder, disk.sync_folder(parent_of(path)))
}

/// Creates the folders from `base` (which exists) down to `base/relative`, each durable in the folder above.
///
/// # Errors
/// [`AtomicError`] at `Folder` or `SyncFolder`.
pub fn create_folders(disk: &dyn Disk, base: &Path, relative: &Path) -> Result<(), AtomicError> {
    let mut path = base.to_owned();
    for name in relative.components() {
        path.push(name);
        if !at(&path, Step::Folder, disk.exists(&path))? {
            at(&path, Step::Folder, disk.create_folder(&path))?;
            sync_folder(disk, &path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::memory::MemoryDisk;

    #[test]
    fn publishes_over_old_files_and_old_temporaries() {
        let disk = MemoryDisk::new();
        create_folders(&disk, Path::new("/"), Path::new("a/b")).unwrap();
        let path = Path::new("/a/b/c");
        disk.put(Path::new("/a/b/c.tmp"), b"left by a crash").unwrap();
        publish(&disk, path, b"one").unwrap();
        publish(&disk, path, b"two").unwrap();
        assert_eq!(disk.read(path, 9).unwrap(), b"two");
        assert_eq!(disk.files(), [path]);
        let unfinished = NewFile::begin(&disk, path).unwrap();
        drop(unfinished);
        assert_eq!(disk.read(path, 9).unwrap(), b"two");
    }

    #[test]
    fn a_new_file_never_replaces_one_and_leaves_nothing_behind() {
        let disk = MemoryDisk::new();
        disk.create_folder(Path::new("/f")).unwrap();
        let path = Path::new("/f/x");
        disk.put(Path::new("/f/x.tmp"), b"somebody's own").unwrap();
        publish_new(&disk, path, b"one", 7).unwrap();
        let error = publish_new(&disk, path, b"two", 8).unwrap_err();
        assert_eq!(
            (error.step, error.source.kind()),
            (Step::Create, io::ErrorKind::AlreadyExists)
        );
        assert_eq!(disk.read(path, 9).unwrap(), b"one");
        assert_eq!(disk.files(), [path, Path::new("/f/x.tmp")]);
        let error = publish_new(&disk, Path::new("/none/x"), b"", 9).unwrap_err();
        assert_eq!(error.step, Step::Create);
    }

    #[test]
    fn an_output_is_seen_only_when_it_is_published_and_leaves_nothing_when_it_is_not() {
        let disk = MemoryDisk::new();
        disk.create_folder(Path::new("/f")).unwrap();
        let path = Path::new("/f/x");
        let mut file = Output::begin(&disk, path, 7).unwrap();
        file.write_all(b"..two").unwrap();
        file.rewrite(0, b"a ").unwrap();
        assert!(!disk.exists(path).unwrap());
        file.settle().unwrap();
        assert!(file.write_all(b"more").is_err(), "it is closed");
        file.publish().unwrap();
        assert_eq!(disk.read(path, 9).unwrap(), b"a two");
        assert_eq!(disk.files(), [path]);
        assert!(Output::begin(&disk, path, 8).is_err());
        let mut dropped = Output::begin(&disk, Path::new("/f/y"), 8).unwrap();
        dropped.write_all(b"in clear").unwrap();
        drop(dropped);
        let late = Output::begin(&disk, Path::new("/f/y"), 8).unwrap();
        disk.put(Path::new("/f/y"), b"somebody was faster").unwrap();
        assert_eq!(late.publish().unwrap_err().source.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(disk.files(), [path, Path::new("/f/y")]);
    }

    #[test]
    fn failures_name_the_step() {
        let disk = MemoryDisk::new();
        let error = publish(&disk, Path::new("/no/c"), b"").unwrap_err();
        assert_eq!((error.step, error.is_fatal()), (Step::Create, false));
        assert!(error.to_string().starts_with("cannot create /no/c: "));
        disk.create_folder(Path::new("/f")).unwrap();
        let error = publish(&disk, Path::new("/f"), b"").unwrap_err();
        assert_eq!((error.step, error.is_fatal()), (Step::Rename, false));
        disk.put(Path::new("/plain"), b"").unwrap();
        let error = create_folders(&disk, Path::new("/"), Path::new("plain/x")).unwrap_err();
        assert_eq!(error.step, Step::Folder);
    }
}
