//! What can go wrong with the ledger: errors of use, of the disk, and damage.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::name::LogName;
use crate::format::leaf::{Act, LeafError};
use crate::format::proof::ProofFileError;
use crate::format::tile::TileError;
use crate::seal::notesign::NoteSignError;
use crate::store::atomic::AtomicError;

/// What is wrong with an object of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is not there.
    #[error("missing")]
    Missing,
    /// It is no plain file.
    #[error("not a plain file")]
    NotPlain,
    /// It is longer than such an object can be.
    #[error("over its size limit")]
    TooLong,
    /// A checkpoint that is no signed note of the right key.
    #[error(transparent)]
    Note(NoteSignError),
    /// A signed note that is no checkpoint.
    #[error(transparent)]
    Checkpoint(ProofFileError),
    /// A checkpoint of another log, or of none: wrong origin or no leaves.
    #[error("checkpoint of another log")]
    Origin,
    /// A tile or bundle of the wrong form.
    #[error(transparent)]
    Tile(TileError),
    /// Content that does not belong to its hash.
    #[error("content does not match its hash")]
    Hash,
    /// Entries and tiles agree with each other but not with the signed root.
    #[error("the log does not lead to its signed root")]
    Root,
    /// An entry that is no leaf.
    #[error(transparent)]
    Leaf(LeafError),
    /// A leaf that must not stand at this place of a log.
    #[error("{} leaf out of place", .0.as_str())]
    Misplaced(Act),
    /// The private part does not open to what the leaf names.
    #[error("private part does not belong to its leaf")]
    Private,
    /// A key change that does not lead from the key of this log to that of the next.
    #[error("key change does not lead to the key of the next log")]
    Key,
    /// The checkpoint is not the one that the next log begins with, or a log stands beside the chain.
    #[error("not the log that the next one continues")]
    Chain,
}

/// One damaged object, named exactly.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Defect {
    /// The log.
    pub log: LogName,
    /// Path of the object in the folder of the log.
    pub object: String,
    /// First index that is bad or can no longer be trusted; `None` where the object belongs to no single leaf.
    pub index: Option<u64>,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ledger {}: {}", self.log, self.object)?;
        if let Some(index) = self.index {
            write!(f, ", index {index}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

/// Why an operation on the ledger failed.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// There is no log yet.
    #[error("no ledger has been begun")]
    Empty,
    /// There is a log already.
    #[error("a ledger has been begun already: {0}")]
    Exists(LogName),
    /// The stored bytes are not those that were signed. The program ends with the integrity exit code.
    #[error(transparent)]
    Damaged(#[from] Box<Defect>),
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] AtomicError),
    /// Reading failed for another reason than the content.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// What the disk said.
        source: io::Error,
    },
    /// The origin prefix or a year cannot form the name of a log.
    #[error("invalid origin prefix or year")]
    Name,
    /// A log of this year cannot follow the current one.
    #[error("a log of {year} cannot follow the log {current}")]
    Year {
        /// Newest log.
        current: LogName,
        /// Year asked for.
        year: u32,
    },
    /// The log was closed by a key change; a new one must be opened with the new key.
    #[error("log {0} is closed by a key change")]
    Closed(LogName),
    /// The key is not the one that must sign here.
    #[error("not the signing key of the ledger")]
    Signer,
    /// The staged leaves do not continue the log as it stands.
    #[error("staged leaves do not continue the log")]
    Stale,
    /// A leaf to append is malformed.
    #[error("leaf {position} to append: {source}")]
    Leaf {
        /// Position among the leaves given, from 0.
        position: usize,
        /// What is wrong.
        source: LeafError,
    },
    /// A leaf to append must not stand at this place.
    #[error("leaf {position} to append: {} leaf out of place", act.as_str())]
    Misplaced {
        /// Position among the leaves given, from 0.
        position: usize,
        /// Its act.
        act: Act,
    },
    /// A leaf that names a private part came without one, one that names none came with one, or it is over its limit.
    #[error("leaf {position} to append: its private part is missing, superfluous or too long")]
    PrivatePart {
        /// Position among the leaves given, from 0.
        position: usize,
    },
    /// No such leaf.
    #[error("no leaf {index} in a log of {size}")]
    Index {
        /// Index asked for.
        index: u64,
        /// Number of leaves.
        size: u64,
    },
    /// Signing failed.
    #[error(transparent)]
    Sign(#[from] NoteSignError),
}

impl From<Defect> for LedgerError {
    fn from(defect: Defect) -> Self {
        Self::Damaged(Box::new(defect))
    }
}
