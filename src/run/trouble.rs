//! Errors of the rooms below as faults with words, exit class and advice. The one place where they meet.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use crate::domain::fault::{Fault, FaultId};
use crate::format::manifest::ManifestFault;
use crate::store::atomic::{AtomicError, Step};
use crate::store::ledger::LedgerError;
use crate::store::master::MasterError;
use crate::store::registers::RegisterError;
use crate::store::runs::RunError;

/// A failure of the disk at a path.
pub fn disk(path: &Path) -> impl Fn(io::Error) -> Fault {
    let path = path.display().to_string();
    move |why| {
        Fault::new(FaultId::DiskFailed)
            .with("path", &path)
            .with("why", io_words(&why))
    }
}

/// A file that a command was told to read and cannot.
pub fn unreadable(path: &Path) -> impl Fn(io::Error) -> Fault {
    let path = path.display().to_string();
    move |why| {
        Fault::new(FaultId::FileUnreadable)
            .with("path", &path)
            .with("why", io_words(&why))
    }
}

/// A durable write that failed; a failed fsync is named as such, since it must not be tried again.
pub fn atomic(why: &AtomicError) -> Fault {
    let id = match why.step {
        Step::Sync | Step::SyncFolder => FaultId::FsyncFailed,
        Step::Folder | Step::Create | Step::Write | Step::Rename => FaultId::DiskFailed,
    };
    Fault::new(id)
        .with("path", why.path.display())
        .with("why", io_words(&why.source))
}

/// The kept copy of a file, by its id: what is missing or longer than anything kept is damage, not trouble of the disk.
pub fn kept(id: &str, path: &Path) -> impl Fn(io::Error) -> Fault {
    let (damaged, failed) = (damaged::<&str>(format!("spool/{id}")), disk(path));
    move |why| match why.kind() {
        io::ErrorKind::NotFound => damaged("the copy of the file is missing"),
        io::ErrorKind::InvalidData => damaged("the copy of the file is longer than any"),
        io::ErrorKind::InvalidInput | io::ErrorKind::IsADirectory => {
            damaged("something else lies in the place of the copy")
        }
        _ => failed(why),
    }
}

/// An object of the store that is not what was written.
pub fn damaged<E: fmt::Display>(object: impl fmt::Display) -> impl Fn(E) -> Fault {
    let object = object.to_string();
    move |why| {
        Fault::new(FaultId::StoreDamaged)
            .with("object", &object)
            .with("why", why)
    }
}

/// Something that cannot happen unless the program is wrong.
pub fn bug<E: fmt::Display>(why: E) -> Fault {
    Fault::new(FaultId::Bug).with("why", why)
}

/// What the ledger says.
pub fn ledger(why: &LedgerError) -> Fault {
    match why {
        LedgerError::Write(source) => atomic(source),
        LedgerError::Read { path, source } => disk_ref(path, source),
        LedgerError::Damaged(_) | LedgerError::Empty => Fault::new(FaultId::LedgerDamaged).with("why", chain(why)),
        LedgerError::Index { index, .. } => Fault::new(FaultId::LeafUnknown).with("index", index),
        LedgerError::Exists(_)
        | LedgerError::Name
        | LedgerError::Year { .. }
        | LedgerError::Closed(_)
        | LedgerError::Signer
        | LedgerError::Sign(_)
        | LedgerError::Stale
        | LedgerError::Leaf { .. }
        | LedgerError::Misplaced { .. }
        | LedgerError::PrivatePart { .. } => bug(chain(why)),
    }
}

/// What the master says.
pub fn master(why: &MasterError) -> Fault {
    match why {
        MasterError::Disk { file, source, .. } => disk_ref(Path::new(file), source),
        MasterError::Publish(why) => atomic(why),
        MasterError::Run(run) => run_error(run),
        MasterError::Manifest {
            file,
            source: ManifestFault::Version { got },
        } => Fault::new(FaultId::StoreNewer)
            .with("object", file)
            .with("version", got),
        MasterError::NoGeneration { generation } => {
            Fault::new(FaultId::GenerationUnknown).with("generation", generation)
        }
        MasterError::Pointer { .. }
        | MasterError::NoCurrent
        | MasterError::Manifest { .. }
        | MasterError::ManifestHash { .. }
        | MasterError::NoManifest { .. }
        | MasterError::States { .. }
        | MasterError::Contents { .. } => Fault::new(FaultId::StoreDamaged)
            .with("object", "store")
            .with("why", chain(why)),
        MasterError::Repeated { .. } | MasterError::Full => bug(chain(why)),
    }
}

fn run_error(why: &RunError) -> Fault {
    if let RunError::Disk { run, source, .. } = why {
        return disk_ref(Path::new(run), source);
    }
    Fault::new(FaultId::StoreDamaged)
        .with("object", "store")
        .with("why", chain(why))
}

/// What a register says.
pub fn register(path: &Path) -> impl Fn(RegisterError) -> Fault {
    let path = path.to_owned();
    move |why| match why {
        RegisterError::Io(source) => disk_ref(&path, &source),
        RegisterError::Newer { format, .. } => Fault::new(FaultId::StoreNewer)
            .with("object", "registers/parties.jsonl")
            .with("version", format),
        RegisterError::Line(_) | RegisterError::Chain { .. } => {
            Fault::new(FaultId::RegisterDamaged).with("path", path.display())
        }
    }
}

fn disk_ref(path: &Path, why: &io::Error) -> Fault {
    Fault::new(FaultId::DiskFailed)
        .with("path", path.display())
        .with("why", io_words(why))
}

/// An error with its causes, in one line.
pub(super) fn chain(why: &dyn Error) -> String {
    let mut text = why.to_string();
    let mut next = why.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}

/// The system's words for a failure, without paths.
fn io_words(why: &io::Error) -> String {
    match why.raw_os_error() {
        Some(number) => format!("{} (errno {number})", why.kind()),
        None => why.to_string(),
    }
}
