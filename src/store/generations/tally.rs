//! The rows that a commit adds to the roots and takes out of them, hashed in batches by a thread of its own.
//!
//! What is summed up is a set: the order of batches does not count, so the thread changes no result.

use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::states::StateError;
use crate::domain::entry::{Entry, Version};
use crate::format::rowcode::{RowFault, put_canonical_entry, put_canonical_version, row_digest};
use crate::seal::multiset::{Multiset, MultisetFault, RootHasher};

/// A batch is hashed when its rows have this many bytes; a commit with less needs no thread.
const BATCH_BYTES: usize = 128 << 10;
/// Batches that wait for the thread.
const BATCHES_WAITING: usize = 4;

/// What happens to a row.
#[derive(Clone, Copy)]
enum Step {
    AddEntry,
    RemoveEntry,
    AddVersion,
}

/// Canonical rows one behind the other. No `Debug`: personal data.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// End of each row.
    rows: Vec<(usize, Step)>,
}

/// The sums of what was added and of what was taken out.
pub(super) struct Sums {
    pub(super) entries_added: Multiset,
    pub(super) entries_removed: Multiset,
    pub(super) versions_added: Multiset,
}

/// Hashers and sums.
struct Summing {
    current: RootHasher,
    history: RootHasher,
    sums: Sums,
}

impl Summing {
    fn add(&mut self, batch: &Batch) -> Result<(), MultisetFault> {
        let mut start = 0;
        for (end, step) in &batch.rows {
            let digest = row_digest(batch.bytes.get(start..*end).unwrap_or_default());
            match step {
                Step::AddEntry => self.sums.entries_added.add(&self.current, &digest)?,
                Step::RemoveEntry => self.sums.entries_removed.add(&self.current, &digest)?,
                Step::AddVersion => self.sums.versions_added.add(&self.history, &digest)?,
            }
            start = *end;
        }
        Ok(())
    }
}

/// Where the sums are.
enum At {
    Here(Box<Summing>),
    Thread {
        batches: SyncSender<Batch>,
        thread: JoinHandle<Result<Box<Summing>, MultisetFault>>,
    },
    /// After an error.
    Nowhere,
}

/// The rows of one commit.
pub(super) struct Tally {
    open: Batch,
    at: At,
}

impl Tally {
    /// Of no rows; the hashers are those of the two roots.
    pub(super) fn new(current: RootHasher, history: RootHasher) -> Self {
        Self {
            open: Batch::default(),
            at: At::Here(Box::new(Summing {
                current,
                history,
                sums: Sums {
                    entries_added: Multiset::empty(),
                    entries_removed: Multiset::empty(),
                    versions_added: Multiset::empty(),
                },
            })),
        }
    }

    pub(super) fn add_entry(&mut self, entry: &Entry) -> Result<(), StateError> {
        self.row(Step::AddEntry, |to| put_canonical_entry(entry, to))
    }

    pub(super) fn remove_entry(&mut self, entry: &Entry) -> Result<(), StateError> {
        self.row(Step::RemoveEntry, |to| put_canonical_entry(entry, to))
    }

    pub(super) fn add_version(&mut self, version: &Version) -> Result<(), StateError> {
        self.row(Step::AddVersion, |to| put_canonical_version(version, to))
    }

    /// The sums over all rows.
    pub(super) fn finish(self) -> Result<Sums, StateError> {
        let (mut summing, open) = match self.at {
            At::Here(summing) => (summing, self.open),
            At::Thread { batches, thread } => {
                let open = batches.send(self.open);
                drop(batches);
                let summing = thread.join().map_err(|_| StateError::Thread)?.map_err(count)?;
                match open {
                    Ok(()) => (summing, Batch::default()),
                    Err(_) => return Err(StateError::Thread),
                }
            }
            At::Nowhere => return Err(StateError::Thread),
        };
        summing.add(&open).map_err(count)?;
        Ok(summing.sums)
    }

    fn row(&mut self, step: Step, put: impl FnOnce(&mut Vec<u8>) -> Result<(), RowFault>) -> Result<(), StateError> {
        put(&mut self.open.bytes).map_err(|source| StateError::Row { source })?;
        self.open.rows.push((self.open.bytes.len(), step));
        if self.open.bytes.len() < BATCH_BYTES {
            return Ok(());
        }
        let next = Batch {
            bytes: Vec::with_capacity(self.open.bytes.capacity()),
            rows: Vec::with_capacity(self.open.rows.len()),
        };
        let full = std::mem::replace(&mut self.open, next);
        self.at = match std::mem::replace(&mut self.at, At::Nowhere) {
            At::Here(summing) => thread_with(summing)?,
            other @ (At::Thread { .. } | At::Nowhere) => other,
        };
        match &self.at {
            At::Thread { batches, .. } => batches.send(full).map_err(|_| StateError::Thread),
            At::Here(_) | At::Nowhere => Err(StateError::Thread),
        }
    }
}

fn thread_with(mut summing: Box<Summing>) -> Result<At, StateError> {
    let (batches, from) = sync_channel::<Batch>(BATCHES_WAITING);
    let thread = std::thread::Builder::new().spawn(move || {
        for batch in from {
            summing.add(&batch)?;
        }
        Ok(summing)
    });
    Ok(At::Thread {
        batches,
        thread: thread.map_err(|_| StateError::Thread)?,
    })
}

fn count(source: MultisetFault) -> StateError {
    StateError::Count { source }
}
