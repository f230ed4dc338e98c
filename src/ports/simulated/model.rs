//! The file system behind the simulated disk: for each file the bytes that are read now and those that a power loss leaves,
//! for each folder the entries that are seen now and those that a power loss leaves.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// Number of an inode.
pub(super) type Number = u64;

/// The folder `/`, which the working folder is too.
pub(super) const ROOT: Number = 1;

/// What an inode costs on a disk of limited size, beside its bytes.
pub(super) const INODE_BYTES: u64 = 256;

// Linux errno, as `Errno` and the real disk have them.
pub(super) const ENOENT: i32 = 2;
pub(super) const EEXIST: i32 = 17;
pub(super) const ENOTDIR: i32 = 20;
pub(super) const EISDIR: i32 = 21;
pub(super) const EINVAL: i32 = 22;
pub(super) const ENOTEMPTY: i32 = 39;

pub(super) fn fail<T>(errno: i32) -> io::Result<T> {
    Err(io::Error::from_raw_os_error(errno))
}

/// Bytes that were written and not synced.
#[derive(Debug, Clone)]
pub(super) struct Dirty {
    /// When: the number of the change.
    pub(super) order: u64,
    /// Which of the file's bytes.
    pub(super) range: Range<usize>,
    /// Those bytes, which a later rewrite may have replaced in the file.
    pub(super) bytes: Arc<Vec<u8>>,
}

/// A file.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    /// What is read.
    pub(super) live: Arc<Vec<u8>>,
    /// What a power loss certainly leaves.
    pub(super) durable: Arc<Vec<u8>>,
    /// Written, not synced.
    pub(super) dirty: Vec<Dirty>,
    /// Pages that a failed fsync dropped: read until the power goes, never written by a later fsync.
    pub(super) dropped: Vec<Range<usize>>,
    /// Number of the change that wrote last.
    pub(super) modified: u64,
    /// Names of this file.
    pub(super) links: u64,
}

impl File {
    /// The bytes that can still reach the medium: those of dropped pages are zeros.
    pub(super) fn reachable(&self) -> Arc<Vec<u8>> {
        if self.dropped.is_empty() {
            return Arc::clone(&self.live);
        }
        let mut bytes = self.live.as_ref().clone();
        for range in &self.dropped {
            if let Some(part) = bytes.get_mut(range.clone()) {
                part.fill(0);
            }
        }
        Arc::new(bytes)
    }
}

/// A folder.
#[derive(Debug, Clone, Default)]
pub(super) struct Folder {
    /// Entries as they are seen.
    pub(super) live: BTreeMap<OsString, Number>,
    /// Entries that a power loss certainly leaves.
    pub(super) durable: BTreeMap<OsString, Number>,
}

#[derive(Debug, Clone)]
pub(super) enum Inode {
    File(File),
    Folder(Folder),
}

/// One changed entry of a folder.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) folder: Number,
    pub(super) name: OsString,
    /// The inode that the name is for now; `None` where the name is gone.
    pub(super) to: Option<Number>,
}

/// An entry that changed and was not made durable. Changes of one operation have the same order.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) order: u64,
    pub(super) entry: Entry,
}

/// What an operation does to the disk.
#[derive(Debug, Clone)]
pub(super) enum Change {
    AddFile(Number),
    AddFolder(Number),
    Entry(Entry),
    /// Appends.
    Write(Number, Arc<Vec<u8>>),
    /// Replaces from an offset on.
    Rewrite(Number, usize, Arc<Vec<u8>>),
    Sync(Number),
    /// An fsync that failed: the pages are clean now, and not on the medium.
    SyncFailed(Number),
    SyncFolder(Number),
}

#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) inodes: BTreeMap<Number, Inode>,
    pub(super) pending: Vec<Pending>,
    pub(super) next: Number,
    /// Number of the newest operation that changed something.
    pub(super) order: u64,
}

impl Model {
    pub(super) fn new() -> Self {
        Self {
            inodes: BTreeMap::from([(ROOT, Inode::Folder(Folder::default()))]),
            pending: Vec::new(),
            next: ROOT + 1,
            order: 0,
        }
    }

    /// Carries out the changes of one operation.
    pub(super) fn apply(&mut self, changes: &[Change]) {
        self.order += 1;
        for change in changes {
            self.apply_one(change);
        }
    }

    fn apply_one(&mut self, change: &Change) {
        let order = self.order;
        match change {
            Change::AddFile(number) => {
                let file = File {
                    modified: order,
                    ..File::default()
                };
                self.inodes.insert(*number, Inode::File(file));
                self.next = self.next.max(number + 1);
            }
            Change::AddFolder(number) => {
                self.inodes.insert(*number, Inode::Folder(Folder::default()));
                self.next = self.next.max(number + 1);
            }
            Change::Entry(entry) => {
                self.set_live(entry);
                self.pending.push(Pending {
                    order,
                    entry: entry.clone(),
                });
            }
            Change::Write(number, bytes) => {
                if let Some(Inode::File(file)) = self.inodes.get_mut(number) {
                    let start = file.live.len();
                    Arc::make_mut(&mut file.live).extend_from_slice(bytes);
                    let range = start..file.live.len();
                    let bytes = Arc::clone(bytes);
                    file.dirty.push(Dirty { order, range, bytes });
                    file.modified = order;
                }
            }
            Change::Rewrite(number, start, bytes) => {
                if let Some(Inode::File(file)) = self.inodes.get_mut(number) {
                    let range = *start..start.saturating_add(bytes.len());
                    if let Some(place) = Arc::make_mut(&mut file.live).get_mut(range.clone()) {
                        place.copy_from_slice(bytes);
                    }
                    let bytes = Arc::clone(bytes);
                    file.dirty.push(Dirty { order, range, bytes });
                    file.modified = order;
                }
            }
            Change::Sync(number) => {
                if let Some(Inode::File(file)) = self.inodes.get_mut(number) {
                    file.durable = file.reachable();
                    file.dirty.clear();
                }
            }
            Change::SyncFailed(number) => {
                if let Some(Inode::File(file)) = self.inodes.get_mut(number) {
                    let lost = file.dirty.drain(..).map(|dirty| dirty.range);
                    file.dropped.extend(lost);
                }
            }
            Change::SyncFolder(number) => self.sync_folder(*number),
        }
    }

    fn set_live(&mut self, entry: &Entry) {
        let Some(Inode::Folder(folder)) = self.inodes.get_mut(&entry.folder) else {
            return;
        };
        let old = match entry.to {
            Some(number) => folder.live.insert(entry.name.clone(), number),
            None => folder.live.remove(&entry.name),
        };
        if let Some(Inode::File(file)) = old.and_then(|old| self.inodes.get_mut(&old)) {
            file.links = file.links.saturating_sub(1);
        }
        if let Some(Inode::File(file)) = entry.to.and_then(|to| self.inodes.get_mut(&to)) {
            file.links += 1;
        }
    }

    /// Makes the entries of a folder durable. A name that a rename took from it survives nowhere else: the new one goes
    /// with it, as in the journal of every file system that has one.
    fn sync_folder(&mut self, number: Number) {
        let gone: Vec<u64> = self
            .pending
            .iter()
            .filter(|pending| pending.entry.folder == number && pending.entry.to.is_none())
            .map(|pending| pending.order)
            .collect();
        let mut durable = Vec::new();
        self.pending.retain(|pending| {
            let is_new_name = pending.entry.to.is_some() && gone.contains(&pending.order);
            let goes = pending.entry.folder == number || is_new_name;
            if goes {
                durable.push(pending.clone());
            }
            !goes
        });
        for pending in durable {
            self.set_durable(&pending.entry);
            // What came before under the same name is past.
            self.pending.retain(|other| {
                let same = (other.entry.folder, &other.entry.name) == (pending.entry.folder, &pending.entry.name);
                !(same && other.order < pending.order)
            });
        }
    }

    pub(super) fn set_durable(&mut self, entry: &Entry) {
        if let Some(Inode::Folder(folder)) = self.inodes.get_mut(&entry.folder) {
            match entry.to {
                Some(number) => folder.durable.insert(entry.name.clone(), number),
                None => folder.durable.remove(&entry.name),
            };
        }
    }

    /// Makes everything durable that can be.
    pub(super) fn settle(&mut self) {
        for inode in self.inodes.values_mut() {
            match inode {
                Inode::File(file) => {
                    file.durable = file.reachable();
                    file.dirty.clear();
                }
                Inode::Folder(folder) => folder.durable.clone_from(&folder.live),
            }
        }
        self.pending.clear();
    }

    /// The inode at a path.
    pub(super) fn find(&self, path: &Path) -> io::Result<Number> {
        let mut at = ROOT;
        for component in path.components() {
            match component {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => {
                    let folder = self.folder(at)?;
                    at = folder.live.get(name).copied().map_or_else(|| fail(ENOENT), Ok)?;
                }
                Component::ParentDir | Component::Prefix(_) => return fail(EINVAL),
            }
        }
        Ok(at)
    }

    /// The folder in which the last name of a path is an entry, and that name.
    pub(super) fn place<'p>(&self, path: &'p Path) -> io::Result<(Number, &'p OsStr)> {
        let name = path.file_name().map_or_else(|| fail(EINVAL), Ok)?;
        let folder = self.find(path.parent().unwrap_or(Path::new("")))?;
        self.folder(folder)?;
        Ok((folder, name))
    }

    /// What stands under a name in a folder.
    pub(super) fn entry(&self, folder: Number, name: &OsStr) -> Option<Number> {
        self.folder(folder).ok()?.live.get(name).copied()
    }

    pub(super) fn folder(&self, number: Number) -> io::Result<&Folder> {
        match self.inodes.get(&number) {
            Some(Inode::Folder(folder)) => Ok(folder),
            Some(Inode::File(_)) => fail(ENOTDIR),
            None => fail(ENOENT),
        }
    }

    /// The file of an inode; `None` for a folder.
    pub(super) fn file(&self, number: Number) -> Option<&File> {
        match self.inodes.get(&number) {
            Some(Inode::File(file)) => Some(file),
            Some(Inode::Folder(_)) | None => None,
        }
    }

    /// True where `inner` is the folder `outer` or lies below it.
    pub(super) fn is_within(&self, inner: Number, outer: Number) -> bool {
        inner == outer
            || self.folder(outer).is_ok_and(|folder| {
                let mut inside = folder.live.values();
                inside.any(|number| self.file(*number).is_none() && self.is_within(inner, *number))
            })
    }

    /// Bytes in use.
    pub(super) fn used(&self) -> u64 {
        let cost = |inode: &Inode| match inode {
            Inode::File(file) if file.links == 0 => 0,
            Inode::File(file) => u64::try_from(file.live.len())
                .unwrap_or(u64::MAX)
                .saturating_add(INODE_BYTES),
            Inode::Folder(_) => INODE_BYTES,
        };
        self.inodes.values().map(cost).sum()
    }

    /// Files with their paths, as they are seen, sorted by path; folders with `None`.
    pub(super) fn walk(&self) -> Vec<(PathBuf, Option<&File>)> {
        let mut found = Vec::new();
        self.walk_into(ROOT, Path::new("/"), &mut found);
        found
    }

    fn walk_into<'m>(&'m self, number: Number, path: &Path, found: &mut Vec<(PathBuf, Option<&'m File>)>) {
        let Ok(folder) = self.folder(number) else {
            return;
        };
        for (name, inside) in &folder.live {
            let path = path.join(name);
            match self.inodes.get(inside) {
                Some(Inode::File(file)) => found.push((path, Some(file))),
                Some(Inode::Folder(_)) => {
                    found.push((path.clone(), None));
                    self.walk_into(*inside, &path, found);
                }
                None => {}
            }
        }
    }
}
