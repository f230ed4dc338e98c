//! What is bad, and the errors of the rooms below as that.

use std::fmt;
use std::io;

use crate::domain::fault::{Fault, FaultId};
use crate::format::blockfile::BlockFault;
use crate::format::manifest::{ManifestFault, PointerFault};
use crate::run::at_rest::RestFault;
use crate::run::trouble;
use crate::seal::atrest::AtRestFault;
use crate::seal::floe::FloeFault;
use crate::store::ledger::{Defect, Fault as LogFault, LedgerError};
use crate::store::master::MasterError;
use crate::store::registers::RegisterError;
use crate::store::runs::RunError;

/// Bad objects that are named; more are counted only, so that a lost disk does not fill the memory.
pub const NAMED_MAX: usize = 1000;

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// It is not there.
    Missing,
    /// Nothing on record names it, and no interrupted work leaves such a file.
    Extra,
    /// It has another length than is on record.
    Length,
    /// It has another hash than is on record.
    Digest,
    /// It does not open with the site's keys, in its place and under its name.
    Authentication,
    /// It is sound in itself, but an older one, or that of another place.
    Stale,
    /// It is not of the form of its kind.
    Form,
    /// It was written by a newer program.
    Newer,
    /// The disk does not give it.
    Unreadable,
}

impl What {
    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Length => "length",
            Self::Digest => "digest",
            Self::Authentication => "authentication",
            Self::Stale => "stale",
            Self::Form => "form",
            Self::Newer => "newer",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One object that is bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Its path below the site's folder.
    pub object: String,
    /// What is wrong with it.
    pub what: What,
    /// The same in words, with segment, block, row or line where one is known.
    pub why: String,
    /// First leaf concerned, where it is an object of the ledger.
    pub leaf: Option<u64>,
}

impl Bad {
    pub(super) fn new(object: impl Into<String>, what: What, why: impl fmt::Display) -> Self {
        Self {
            object: object.into(),
            what,
            why: why.to_string(),
            leaf: None,
        }
    }

    /// The fault with which a command ends.
    pub fn fault(&self) -> Fault {
        match self.what {
            What::Newer => Fault::new(FaultId::StoreNewer)
                .with("object", &self.object)
                .with("version", &self.why),
            What::Missing
            | What::Extra
            | What::Length
            | What::Digest
            | What::Authentication
            | What::Stale
            | What::Form
            | What::Unreadable => Fault::new(FaultId::StoreDamaged)
                .with("object", &self.object)
                .with("why", &self.why),
        }
    }
}

fn io_what(error: &io::Error) -> What {
    if error.kind() == io::ErrorKind::NotFound {
        What::Missing
    } else if error.kind() == io::ErrorKind::InvalidData || error.kind() == io::ErrorKind::UnexpectedEof {
        What::Length
    } else {
        What::Unreadable
    }
}

/// A file that the disk does not give.
pub(super) fn of_io(object: impl Into<String>, error: &io::Error) -> Bad {
    let what = io_what(error);
    if what == What::Missing {
        Bad::new(object, what, "missing")
    } else {
        Bad::new(object, what, format!("cannot be read: {error}"))
    }
}

/// A fault of the master; `object` is below the store folder.
pub(super) fn of_store(object: &str, error: &MasterError) -> Bad {
    let what = match error {
        MasterError::Run(run) => of_run(run),
        MasterError::Disk { source, .. } => io_what(source),
        MasterError::Pointer {
            source: PointerFault::Version { .. },
        }
        | MasterError::Manifest {
            source: ManifestFault::Version { .. },
            ..
        } => What::Newer,
        MasterError::NoCurrent | MasterError::NoManifest { .. } => What::Missing,
        MasterError::ManifestHash { .. } | MasterError::Contents { .. } => What::Digest,
        MasterError::States { .. } => What::Authentication,
        MasterError::Pointer { .. }
        | MasterError::Manifest { .. }
        | MasterError::Publish(_)
        | MasterError::NoGeneration { .. }
        | MasterError::Repeated { .. }
        | MasterError::Full => What::Form,
    };
    Bad::new(format!("store/{object}"), what, trouble::chain(error))
}

fn of_run(error: &RunError) -> What {
    match error {
        RunError::Disk { source, .. } => io_what(source),
        RunError::Length { .. } => What::Length,
        RunError::Hash { .. } => What::Digest,
        RunError::Key { .. } | RunError::Seal { .. } => What::Authentication,
        RunError::Block {
            source: BlockFault::Version { .. },
            ..
        } => What::Newer,
        RunError::Block { .. } | RunError::Row { .. } | RunError::RowCount { .. } | RunError::Thread { .. } => {
            What::Form
        }
    }
}

/// A fault of a register.
pub(super) fn of_register(object: String, error: &RegisterError) -> Bad {
    match error {
        RegisterError::Io(source) => of_io(object, source),
        RegisterError::Line(_) => Bad::new(object, What::Form, error),
        RegisterError::Newer { .. } => Bad::new(object, What::Newer, error),
        RegisterError::Chain { .. } => Bad::new(object, What::Digest, error),
    }
}

/// A defect of the ledger.
pub(super) fn of_defect(defect: &Defect) -> Bad {
    let what = match &defect.fault {
        LogFault::Missing => What::Missing,
        LogFault::TooLong => What::Length,
        LogFault::NotPlain => What::Unreadable,
        LogFault::Note(_) | LogFault::Private => What::Authentication,
        LogFault::Hash | LogFault::Root => What::Digest,
        LogFault::Origin | LogFault::Chain | LogFault::Key => What::Stale,
        LogFault::Leaf(crate::format::leaf::LeafError::Version) => What::Newer,
        LogFault::Checkpoint(_) | LogFault::Tile(_) | LogFault::Leaf(_) | LogFault::Misplaced(_) => What::Form,
    };
    Bad {
        leaf: defect.index,
        ..Bad::new(format!("ledger/{}/{}", defect.log, defect.object), what, &defect.fault)
    }
}

/// A ledger that cannot be read.
pub(super) fn of_ledger(error: &LedgerError) -> Bad {
    match error {
        LedgerError::Damaged(defect) => of_defect(defect),
        LedgerError::Empty => Bad::new("ledger", What::Missing, error),
        LedgerError::Read { source, .. } => of_io("ledger", source),
        LedgerError::Exists(_)
        | LedgerError::Write(_)
        | LedgerError::Name
        | LedgerError::Year { .. }
        | LedgerError::Closed(_)
        | LedgerError::Signer
        | LedgerError::Stale
        | LedgerError::Leaf { .. }
        | LedgerError::Misplaced { .. }
        | LedgerError::PrivatePart { .. }
        | LedgerError::Index { .. }
        | LedgerError::Sign(_) => Bad::new("ledger", What::Form, error),
    }
}

/// A fault of a file at rest.
pub(super) fn of_rest(object: String, error: &RestFault) -> Bad {
    let what = match error {
        RestFault::Read(source) => return of_io(object, source),
        RestFault::NotPlain => What::Unreadable,
        RestFault::Seal(AtRestFault::UnsupportedVersion { .. }) => What::Newer,
        RestFault::Name | RestFault::Seal(AtRestFault::NotAtRest | AtRestFault::Compression) => What::Form,
        RestFault::Seal(
            AtRestFault::TooLong { .. }
            | AtRestFault::Content(FloeFault::TotalLength { .. } | FloeFault::SegmentSize { .. }),
        ) => What::Length,
        RestFault::Seal(AtRestFault::Key(_) | AtRestFault::Content(_)) => What::Authentication,
    };
    Bad::new(object, what, error)
}
