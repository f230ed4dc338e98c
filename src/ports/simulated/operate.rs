//! The calls of the port on the simulated disk, each as Linux does it: same results, same kinds of errors.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::fault::{Counting, Errno, Trouble};
use super::model::{
    Change, EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, Entry, INODE_BYTES, Inode, Model, Number, fail,
};
use super::record::Step;
use super::{Operation, OperationKind, SimDisk, State, held};
use crate::ports::{Disk, Facts, FileKind, FolderEntry, Lock, ReadAt, WriteNew};

impl State {
    /// Counts an operation and gives the trouble that it meets.
    fn begin(&mut self, kind: OperationKind, path: &Path) -> Option<Trouble> {
        self.trace.push(Operation {
            kind,
            path: path.to_owned(),
        });
        self.changes += u64::from(kind.is_change());
        self.syncs += u64::from(kind.is_sync());
        let all = u64::try_from(self.trace.len()).unwrap_or(u64::MAX);
        let met = self.faults.iter().find(|fault| {
            let (counted, number) = match fault.counting {
                Counting::All => (true, all),
                Counting::Changes => (kind.is_change(), self.changes),
                Counting::Syncs => (kind.is_sync(), self.syncs),
            };
            counted && fault.is_due(number) && fault.trouble.meets(kind)
        });
        let trouble = met.map(|fault| fault.trouble);
        self.hits += u64::from(trouble.is_some());
        // A failed or omitted change is a moment too, at which nothing happened.
        if kind.is_change() {
            self.steps.push(Step {
                kind,
                path: path.to_owned(),
                changes: Vec::new(),
            });
            self.model.apply(&[]);
        }
        trouble
    }

    /// Counts an operation that only an error can keep from being done.
    fn begin_plain(&mut self, kind: OperationKind, path: &Path) -> io::Result<()> {
        match self.begin(kind, path) {
            Some(Trouble::Error(errno)) => errno.fail(),
            Some(Trouble::ShortRead | Trouble::ShortWrite(_) | Trouble::SyncFails | Trouble::SyncOmitted) | None => {
                Ok(())
            }
        }
    }

    /// Carries out the changes of the operation that was begun.
    fn change(&mut self, changes: Vec<Change>) {
        self.model.apply_more(&changes);
        if let Some(step) = self.steps.last_mut() {
            step.changes.extend(changes);
        }
    }

    fn room(&self) -> u64 {
        self.capacity
            .map_or(u64::MAX, |capacity| capacity.saturating_sub(self.model.used()))
    }

    fn need_inode(&self) -> io::Result<()> {
        if self.room() < INODE_BYTES {
            return Errno::NoSpace.fail();
        }
        Ok(())
    }

    pub(super) fn create(&mut self, path: &Path) -> io::Result<Number> {
        let (folder, name) = self.model.place(path)?;
        if self.model.entry(folder, name).is_some() {
            return fail(EEXIST);
        }
        self.need_inode()?;
        let number = self.model.next;
        let entry = entry(folder, name.to_owned(), Some(number));
        self.change(vec![Change::AddFile(number), Change::Entry(entry)]);
        Ok(number)
    }

    pub(super) fn create_folder(&mut self, path: &Path) -> io::Result<()> {
        if let Ok(number) = self.model.find(path) {
            return match self.model.file(number) {
                Some(_) => fail(EEXIST),
                None => Ok(()),
            };
        }
        let (folder, name) = self.model.place(path)?;
        self.need_inode()?;
        let number = self.model.next;
        let entry = entry(folder, name.to_owned(), Some(number));
        self.change(vec![Change::AddFolder(number), Change::Entry(entry)]);
        Ok(())
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (old_folder, old_name) = self.model.place(from)?;
        let (new_folder, new_name) = self.model.place(to)?;
        let number = self.model.entry(old_folder, old_name);
        let number = number.map_or_else(|| fail(ENOENT), Ok)?;
        let is_folder = self.model.file(number).is_none();
        if is_folder && self.model.is_within(new_folder, number) {
            return fail(EINVAL);
        }
        match self.model.entry(new_folder, new_name) {
            Some(there) if there == number => return Ok(()),
            Some(there) => match (is_folder, self.model.folder(there)) {
                (false, Err(_)) => {}
                (false, Ok(_)) if self.model.is_within(old_folder, there) => return fail(ENOTEMPTY),
                (false, Ok(_)) => return fail(EISDIR),
                (true, Err(_)) => return fail(ENOTDIR),
                (true, Ok(folder)) if folder.live.is_empty() => {}
                (true, Ok(_)) => return fail(ENOTEMPTY),
            },
            None => {}
        }
        let changes = vec![
            Change::Entry(entry(new_folder, new_name.to_owned(), Some(number))),
            Change::Entry(entry(old_folder, old_name.to_owned(), None)),
        ];
        self.change(changes);
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.model.place(path)?;
        let number = self.model.entry(folder, name).map_or_else(|| fail(ENOENT), Ok)?;
        if self.model.file(number).is_none() {
            return fail(EISDIR);
        }
        self.change(vec![Change::Entry(entry(folder, name.to_owned(), None))]);
        Ok(())
    }

    fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.model.place(path)?;
        let number = self.model.entry(folder, name).map_or_else(|| fail(ENOENT), Ok)?;
        if !self.model.folder(number)?.live.is_empty() {
            return fail(ENOTEMPTY);
        }
        self.change(vec![Change::Entry(entry(folder, name.to_owned(), None))]);
        Ok(())
    }

    /// Appends what there is room for.
    pub(super) fn write(&mut self, number: Number, bytes: &[u8]) -> io::Result<()> {
        let room = usize::try_from(self.room()).unwrap_or(usize::MAX);
        let part = bytes.get(..room).unwrap_or(bytes);
        if !part.is_empty() {
            self.change(vec![Change::Write(number, Arc::new(part.to_vec()))]);
        }
        if part.len() < bytes.len() {
            return Errno::NoSpace.fail();
        }
        Ok(())
    }

    /// Replaces bytes that were not synced.
    fn rewrite(&mut self, number: Number, bytes: &[u8], offset: u64) -> io::Result<()> {
        let file = self.model.file(number).map_or_else(|| fail(ENOENT), Ok)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let fits = start.checked_add(bytes.len()).is_some_and(|end| end <= file.live.len());
        if !fits || start < file.durable.len() {
            return fail(EINVAL);
        }
        self.change(vec![Change::Rewrite(number, start, Arc::new(bytes.to_vec()))]);
        Ok(())
    }

    fn read(&self, number: Number, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let file = self.model.file(number).map_or_else(|| fail(ENOENT), Ok)?;
        let start = usize::try_from(offset).ok();
        let part = start.and_then(|start| file.live.get(start..start.checked_add(buf.len())?));
        match part {
            Some(part) => {
                buf.copy_from_slice(part);
                Ok(())
            }
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn facts_of(&self, number: Number) -> io::Result<Facts> {
        let (kind, len, modified, links, mode) = match self.model.inodes.get(&number) {
            Some(Inode::File(file)) => (FileKind::Plain, file.live.len(), file.modified, file.links, 0o600),
            Some(Inode::Folder(_)) => (FileKind::Folder, 0, 0, 1, 0o700),
            None => return fail(ENOENT),
        };
        Ok(Facts {
            kind,
            len_bytes: u64::try_from(len).unwrap_or(u64::MAX),
            modified_ns: i128::from(modified),
            inode: number,
            links,
            mode,
        })
    }

    /// A sync that was begun with this trouble.
    fn sync(&mut self, trouble: Option<Trouble>, done: Change, dropped: Option<Change>) -> io::Result<()> {
        let errno = match trouble {
            None | Some(Trouble::ShortRead | Trouble::ShortWrite(_)) => {
                self.change(vec![done]);
                return Ok(());
            }
            Some(Trouble::SyncOmitted) => return Ok(()),
            Some(Trouble::SyncFails) => Errno::Io,
            Some(Trouble::Error(errno)) => errno,
        };
        self.change(dropped.into_iter().collect());
        errno.fail()
    }

    pub(super) fn put(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // A moment of its own, so that the file has a modification time of its own.
        self.model.apply(&[]);
        let mut folder = PathBuf::new();
        for component in path.parent().unwrap_or(Path::new("")).components() {
            folder.push(component);
            self.create_folder(&folder)?;
        }
        let name = path.file_name().map_or_else(|| fail(EINVAL), Ok)?;
        let mut new = name.to_owned();
        new.push(".being put");
        let new = path.with_file_name(new);
        let number = self.create(&new)?;
        self.write(number, bytes)?;
        self.rename(&new, path)
    }

    /// Makes everything durable and begins a new record.
    pub(super) fn settle(&mut self) {
        self.model.settle();
        self.base = self.model.clone();
        self.steps.clear();
    }
}

fn entry(folder: Number, name: OsString, to: Option<Number>) -> Entry {
    Entry { folder, name, to }
}

/// An open file: number of its inode, and the path for the trace.
struct Open {
    state: Arc<Mutex<State>>,
    number: Number,
    path: PathBuf,
}

impl ReadAt for Open {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let mut state = held(&self.state);
        match state.begin(OperationKind::Read, &self.path) {
            Some(Trouble::Error(errno)) => return errno.fail(),
            Some(Trouble::ShortRead) => {
                let half = buf.len() / 2;
                if let Some(part) = buf.get_mut(..half) {
                    state.read(self.number, part, offset)?;
                }
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Some(Trouble::ShortWrite(_) | Trouble::SyncFails | Trouble::SyncOmitted) | None => {}
        }
        state.read(self.number, buf, offset)
    }

    fn facts(&self) -> io::Result<Facts> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::FactsOfOpen, &self.path)?;
        state.facts_of(self.number)
    }
}

impl WriteNew for Open {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = held(&self.state);
        match state.begin(OperationKind::Write, &self.path) {
            Some(Trouble::Error(errno)) => errno.fail(),
            Some(Trouble::ShortWrite(errno)) => {
                state.write(self.number, bytes.get(..bytes.len() / 2).unwrap_or_default())?;
                errno.fail()
            }
            Some(Trouble::ShortRead | Trouble::SyncFails | Trouble::SyncOmitted) | None => {
                state.write(self.number, bytes)
            }
        }
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = held(&self.state);
        match state.begin(OperationKind::Write, &self.path) {
            Some(Trouble::Error(errno)) => errno.fail(),
            Some(Trouble::ShortWrite(errno)) => {
                let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
                state.rewrite(self.number, half, offset)?;
                errno.fail()
            }
            Some(Trouble::ShortRead | Trouble::SyncFails | Trouble::SyncOmitted) | None => {
                state.rewrite(self.number, bytes, offset)
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = held(&self.state);
        let trouble = state.begin(OperationKind::Sync, &self.path);
        let (done, dropped) = (Change::Sync(self.number), Change::SyncFailed(self.number));
        state.sync(trouble, done, Some(dropped))
    }
}

/// A lock of the simulated kernel.
struct Held {
    state: Arc<Mutex<State>>,
    number: Number,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        held(&self.state).locked.retain(|number| *number != self.number);
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::Open, path)?;
        let number = state.model.find(path)?;
        if state.model.file(number).is_none() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file"));
        }
        Ok(Box::new(self.handle(number, path)))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::Create, path)?;
        let number = state.create(path)?;
        Ok(Box::new(self.handle(number, path)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::Rename, to)?;
        state.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::Remove, path)?;
        state.remove(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::RemoveFolder, path)?;
        state.remove_folder(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::CreateFolder, path)?;
        state.create_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = held(&self.state);
        let trouble = state.begin(OperationKind::SyncFolder, path);
        let number = state.model.find(path)?;
        state.model.folder(number)?;
        state.sync(trouble, Change::SyncFolder(number), None)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::List, path)?;
        let number = state.model.find(path)?;
        // As the real disk: a plain file has no entries.
        let Ok(folder) = state.model.folder(number) else {
            return Ok(Vec::new());
        };
        let names = folder.live.keys().map(|name| FolderEntry {
            name: name.to_string_lossy().into_owned(),
            readable: name.to_str().is_some(),
        });
        let mut names: Vec<FolderEntry> = names.collect();
        names.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(names)
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::Facts, path)?;
        let number = state.model.find(path)?;
        state.facts_of(number)
    }

    /// By the capacity; not counted as an operation, and never failing.
    fn free_bytes(&self, _path: &Path) -> io::Result<Option<u64>> {
        let state = held(&self.state);
        Ok(state.capacity.map(|_| state.room()))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let mut state = held(&self.state);
        state.begin_plain(OperationKind::Lock, path)?;
        let number = match state.model.find(path) {
            Ok(number) => number,
            Err(why) if why.kind() == io::ErrorKind::NotFound => state.create(path)?,
            Err(why) => return Err(why),
        };
        if state.model.file(number).is_none() {
            return fail(EISDIR);
        }
        if state.locked.contains(&number) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.locked.push(number);
        Ok(Box::new(Held {
            state: Arc::clone(&self.state),
            number,
        }))
    }
}

impl SimDisk {
    fn handle(&self, number: Number, path: &Path) -> Open {
        Open {
            state: Arc::clone(&self.state),
            number,
            path: path.to_owned(),
        }
    }
}

impl Model {
    /// Further changes of the newest operation.
    fn apply_more(&mut self, changes: &[Change]) {
        self.order = self.order.saturating_sub(1);
        self.apply(changes);
    }
}
