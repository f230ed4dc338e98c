//! The simulated disk: forgets what was not synced, fails where it is told to, fills up; everything from a seed, nothing
//! from outside. The whole program runs on it unchanged (`docs/reliability.md`).
//!
//! The model is the pessimistic one of POSIX, with one assumption that every Linux file system with a journal keeps: a
//! rename that reached the medium took the new name there before it took the old one away. So
//! - a file's `sync` makes its bytes durable and not its name, a folder's `sync_folder` its names and not their bytes;
//! - changes that were not synced survive a power loss or not, each for itself, in any order;
//! - a rename within a folder survives whole or not at all; across folders, both names may survive, never neither.

mod draw;
mod fault;
mod model;
mod operate;
mod record;
mod survive;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use fault::{Counting, ERRNOS, Errno, Fault, Trouble};
pub use record::{Moments, Record, Survivor};
pub use survive::{SURVIVALS, Survival};

use super::{Disk, FileKind};
use model::{EINVAL, Model, Number, fail};
use record::Step;

/// The calls of the port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OperationKind {
    /// `open`.
    Open,
    /// `read_exact_at`.
    Read,
    /// `facts` of an open file.
    FactsOfOpen,
    /// `list`.
    List,
    /// `facts`.
    Facts,
    /// `create`.
    Create,
    /// `write_all` or `rewrite`.
    Write,
    /// `sync` of a file.
    Sync,
    /// `rename`; its path is the target.
    Rename,
    /// `remove`.
    Remove,
    /// `remove_folder`.
    RemoveFolder,
    /// `create_folder`.
    CreateFolder,
    /// `sync_folder`.
    SyncFolder,
    /// `lock`.
    Lock,
}

impl OperationKind {
    /// The word for messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Read => "read",
            Self::FactsOfOpen => "facts of open",
            Self::List => "list",
            Self::Facts => "facts",
            Self::Create => "create",
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Rename => "rename",
            Self::Remove => "remove",
            Self::RemoveFolder => "remove folder",
            Self::CreateFolder => "create folder",
            Self::SyncFolder => "sync folder",
            Self::Lock => "lock",
        }
    }

    /// True for operations that change the disk or make a change durable.
    pub const fn is_change(self) -> bool {
        match self {
            Self::Open | Self::Read | Self::FactsOfOpen | Self::List | Self::Facts => false,
            Self::Create
            | Self::Write
            | Self::Sync
            | Self::Rename
            | Self::Remove
            | Self::RemoveFolder
            | Self::CreateFolder
            | Self::SyncFolder
            | Self::Lock => true,
        }
    }

    /// True for syncs of files and folders.
    pub const fn is_sync(self) -> bool {
        matches!(self, Self::Sync | Self::SyncFolder)
    }
}

/// An operation that was called, whether it succeeded or not. The n-th of the trace has the number n.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Which call.
    pub kind: OperationKind,
    /// Its path; of a rename the target.
    pub path: PathBuf,
}

#[derive(Debug, Clone)]
struct State {
    model: Model,
    base: Model,
    steps: Vec<Step>,
    trace: Vec<Operation>,
    changes: u64,
    syncs: u64,
    faults: Vec<Fault>,
    hits: u64,
    capacity: Option<u64>,
    locked: Vec<Number>,
    seed: u64,
}

/// A simulated disk. Clones share one content.
#[derive(Debug, Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

// A panic in one test thread must not hide what another one finds.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SimDisk {
    /// An empty disk. From the seed follows what [`SimDisk::survivor`] loses.
    pub fn new(seed: u64) -> Self {
        Self::of_model(Model::new(), seed)
    }

    fn of_model(model: Model, seed: u64) -> Self {
        let state = State {
            base: model.clone(),
            model,
            steps: Vec::new(),
            trace: Vec::new(),
            changes: 0,
            syncs: 0,
            faults: Vec::new(),
            hits: 0,
            capacity: None,
            locked: Vec::new(),
            seed,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// A disk with everything of another one below `root`, durable.
    ///
    /// # Errors
    /// What the other disk says.
    pub fn holding(other: &dyn Disk, root: &Path, seed: u64) -> io::Result<Self> {
        let disk = Self::new(seed);
        disk.take_over(other, root)?;
        disk.make_durable();
        Ok(disk)
    }

    fn take_over(&self, other: &dyn Disk, path: &Path) -> io::Result<()> {
        let facts = other.facts(path)?;
        match facts.kind {
            FileKind::Plain => {
                let bytes = other.read(path, facts.len_bytes)?;
                self.create(path)?.write_all(&bytes)
            }
            FileKind::Folder => {
                self.create_folder(path)?;
                for entry in other.list(path)? {
                    self.take_over(other, &path.join(entry.name))?;
                }
                Ok(())
            }
            FileKind::Other => fail(EINVAL),
        }
    }

    /// Puts bytes at a path, replacing what is there, as another program would that does it right: what is on the disk is
    /// durable afterwards, and the record begins anew. Not counted, never failing by plan. Folders on the way are made.
    ///
    /// # Errors
    /// `IsADirectory`, `NotADirectory`.
    pub fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut state = held(&self.state);
        let capacity = state.capacity.take();
        let done = state.put(path, bytes);
        state.capacity = capacity;
        state.settle();
        done
    }

    /// Makes everything durable as it is now and begins a new record.
    pub fn make_durable(&self) {
        held(&self.state).settle();
    }

    /// Forgets what was written down; the record begins here.
    pub fn begin_record(&self) {
        let mut state = held(&self.state);
        state.base = state.model.clone();
        state.steps.clear();
    }

    /// What changed since the disk was made or [`SimDisk::begin_record`] was called.
    pub fn record(&self) -> Record {
        let state = held(&self.state);
        Record {
            base: state.base.clone(),
            steps: state.steps.clone(),
        }
    }

    /// The disk after a power loss now.
    #[must_use]
    pub fn survivor(&self, survival: Survival, seed: u64) -> Self {
        let state = held(&self.state);
        Self::of_model(state.model.survivor(survival, seed ^ state.seed), state.seed)
    }

    /// A second disk with the same content, plan and counts, independent from now on; without its locks.
    #[must_use]
    pub fn copy(&self) -> Self {
        let mut state = held(&self.state).clone();
        state.locked.clear();
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Replaces the plan of faults.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        held(&self.state).faults = faults;
    }

    /// How often an operation met a fault of the plan.
    pub fn hits(&self) -> u64 {
        held(&self.state).hits
    }

    /// Limits the disk to so many bytes; `None` for no limit. What is there already may be more: then nothing can be
    /// written before something was removed. A file or a folder costs its bytes and 256.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        held(&self.state).capacity = bytes;
    }

    /// Bytes in use, as [`SimDisk::set_capacity`] counts them.
    pub fn used(&self) -> u64 {
        held(&self.state).model.used()
    }

    /// Numbers of operations so far, counted in one of the three ways.
    pub fn count(&self, counting: Counting) -> u64 {
        let state = held(&self.state);
        match counting {
            Counting::All => u64::try_from(state.trace.len()).unwrap_or(u64::MAX),
            Counting::Changes => state.changes,
            Counting::Syncs => state.syncs,
        }
    }

    /// Begins to count at 0 again, and forgets the trace.
    pub fn restart_count(&self) {
        let mut state = held(&self.state);
        state.trace.clear();
        (state.changes, state.syncs, state.hits) = (0, 0, 0);
    }

    /// All operations so far, in order.
    pub fn trace(&self) -> Vec<Operation> {
        held(&self.state).trace.clone()
    }

    /// A number that is the same for disks with the same names and bytes as they are seen, whatever of it is durable:
    /// states that were tested already can be skipped.
    pub fn digest(&self) -> u64 {
        record::digest_of(&held(&self.state).model)
    }

    /// Paths of all files, sorted.
    pub fn files(&self) -> Vec<PathBuf> {
        let state = held(&self.state);
        let files = state.model.walk().into_iter();
        files.filter(|(_, file)| file.is_some()).map(|(path, _)| path).collect()
    }
}
