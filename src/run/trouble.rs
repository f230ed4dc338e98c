//! Errors of the rooms below as faults with words, exit class and advice. The one place where they meet.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::Path;

use crate::domain::fault::{Fault, FaultId, HIDDEN};
use crate::domain::ids::PartyId;
use crate::format::blockfile::BlockFault;
use crate::format::leaf::LeafError;
use crate::format::manifest::{ManifestFault, PointerFault};
use crate::ports::guarded::{NoRoom, SyncFailed, is_full, words_of};
use crate::seal::atrest::{AtRestFault, AtRestStreamFault};
use crate::seal::package::StreamFault;
use crate::store::atomic::AtomicError;
use crate::store::ledger::{Fault as LogFault, LedgerError};
use crate::store::master::MasterError;
use crate::store::registers::RegisterError;
use crate::store::runs::RunError;

/// A failure of the disk at a path.
pub fn disk(path: &Path) -> impl Fn(io::Error) -> Fault {
    let path = path.to_owned();
    move |why| disk_ref(&path, &why)
}

/// A file that a command was told to read and cannot.
pub fn unreadable(path: &Path) -> impl Fn(io::Error) -> Fault {
    let path = shown(path);
    move |why| {
        Fault::new(FaultId::FileUnreadable)
            .with("path", &path)
            .with("why", words_of(&why))
    }
}

/// A durable write that failed. A failed fsync is one of a kind: nothing may be written after it.
pub fn atomic(why: &AtomicError) -> Fault {
    if why.is_fatal() {
        return fsync_failed(&why.path, &why.source);
    }
    disk_ref(&why.path, &why.source)
}

/// The kept copy of a file, by its id: what is missing or longer than anything kept is damage, not trouble of the disk.
pub fn kept(id: &str, path: &Path) -> impl Fn(io::Error) -> Fault {
    let (damaged, failed) = (damaged::<&str>(format!("spool/{id}")), disk(path));
    move |why| {
        let kind = why.kind();
        if kind == io::ErrorKind::NotFound {
            damaged("the copy of the file is missing")
        } else if kind == io::ErrorKind::InvalidData {
            damaged("the copy of the file is longer than any")
        } else if kind == io::ErrorKind::InvalidInput || kind == io::ErrorKind::IsADirectory {
            damaged("something else lies in the place of the copy")
        } else {
            failed(why)
        }
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

/// An object that a newer program wrote.
pub fn newer(object: impl fmt::Display, version: impl fmt::Display) -> Fault {
    Fault::new(FaultId::StoreNewer)
        .with("object", object)
        .with("version", version)
}

/// A file at rest that does not open.
pub fn at_rest(object: impl fmt::Display) -> impl Fn(AtRestFault) -> Fault {
    let object = object.to_string();
    move |why| match why {
        AtRestFault::UnsupportedVersion { got } => newer(&object, got),
        AtRestFault::NotAtRest
        | AtRestFault::Key(_)
        | AtRestFault::Content(_)
        | AtRestFault::TooLong { .. }
        | AtRestFault::Compression => damaged(&object)(why),
    }
}

/// A file at rest that cannot be written or read piece by piece: what it is, and where it lies.
pub fn at_rest_stream(object: impl fmt::Display, path: &Path) -> impl Fn(AtRestStreamFault) -> Fault {
    let (at_rest, disk) = (at_rest(object), disk(path));
    move |why| match why {
        AtRestStreamFault::Seal(why) => at_rest(why),
        AtRestStreamFault::Disk(why) => disk(why),
        AtRestStreamFault::OtherLength { .. } => bug(why),
    }
}

/// A package that cannot be written while it is sealed.
pub fn package_stream(path: &Path) -> impl Fn(StreamFault) -> Fault {
    let disk = disk(path);
    move |why| match why {
        StreamFault::Seal(why) => bug(why),
        StreamFault::Write(why) => disk(why),
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
        LedgerError::Damaged(defect) if defect.fault == LogFault::Leaf(LeafError::Version) => {
            newer(format!("ledger/{}/{}", defect.log, defect.object), "a later one than 1")
        }
        LedgerError::Damaged(_) | LedgerError::Empty => Fault::new(FaultId::LedgerDamaged).with("why", chain(why)),
        LedgerError::Index { index, .. } => Fault::new(FaultId::LeafUnknown).with_typed("index", index),
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
        } => newer(format!("store/{file}"), got),
        MasterError::Pointer {
            source: PointerFault::Version { got },
        } => newer("store/CURRENT", got),
        MasterError::NoGeneration { generation } => {
            Fault::new(FaultId::GenerationUnknown).with_typed("generation", generation)
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
    if let RunError::Block {
        run,
        source: BlockFault::Version { got },
    } = why
    {
        return newer(format!("store/runs/{run}.run"), got);
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

/// A path for people, without the name of an inbound folder that cannot be a party's: it may be a person's.
fn shown(path: &Path) -> String {
    let parent = path.parent().unwrap_or(path);
    for folder in [path, parent] {
        let is_inbound = folder.parent().is_some_and(|above| above.ends_with("in"));
        let name = folder.file_name().and_then(|name| name.to_str());
        if is_inbound && name.is_none_or(|name| PartyId::parse(name).is_none()) {
            return folder.with_file_name(HIDDEN).display().to_string();
        }
    }
    path.display().to_string()
}

/// A failure of the disk at a path: a failed sync, a full disk, anything else.
pub(super) fn disk_ref(path: &Path, why: &io::Error) -> Fault {
    if let Some(failed) = SyncFailed::of(why) {
        return fsync_failed(&failed.path, why);
    }
    if !is_full(why) {
        return Fault::new(FaultId::DiskFailed)
            .with("path", shown(path))
            .with("why", words_of(why));
    }
    let free = NoRoom::of(why).and_then(|no_room| no_room.free_bytes);
    Fault::new(FaultId::DiskFull)
        .with("path", shown(path))
        .with("why", words_of(why))
        .with("free", free.map_or_else(|| "?".to_owned(), |free| free.to_string()))
}

fn fsync_failed(path: &Path, why: &io::Error) -> Fault {
    // A write that is refused because of an earlier sync names that one.
    let path = SyncFailed::of(why).map_or(path, |failed| &failed.path);
    Fault::new(FaultId::FsyncFailed)
        .with("path", shown(path))
        .with("why", words_of(why))
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
