//! Room on the disk: the reserve file, what a commit needs, and how a full disk is left.
//!
//! `DIR/reserve` holds room and nothing else. A pass never takes it. It is given up, by removing it, where something that is
//! decided must be carried to its end on a full disk, and where a command only records or frees something; the next pass
//! that finds twice its room makes it again. Removing it by hand is always allowed.

use std::path::Path;

use super::commit::{self, Recovered};
use super::site::{Site, Tools, open_ledger};
use super::trouble;
use crate::domain::fault::{Class, Fault, FaultId};
use crate::format::blockfile::Table;
use crate::format::config::Config;
use crate::format::manifest::Manifest;
use crate::ports::Disk;
use crate::seal::keys::SiteSecrets;
use crate::store::atomic::{self, sync_entries};
use crate::store::folders::Folders;
use crate::store::ledger::Ledger;
use crate::store::runs::runs_to_merge;
use crate::store::staging::Stage;

/// What every commit needs beside its objects: bundle and tiles of the ledger, intent, pointer, and the part of a block
/// that the end of each file takes.
const COMMIT_BYTES: u64 = 256 << 10;
/// What a spool copy needs beside its own length.
const FILE_BYTES: u64 = 16 << 10;
/// An applied notice is written about twice: as rows, and in what goes out.
const WRITTEN_PER_INPUT: u64 = 2;

/// The room of a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes that may still be written, the reserve not counted; `None` where the disk cannot tell.
    pub free_bytes: Option<u64>,
    /// Length that the reserve should have; 0: none is wanted.
    pub reserve_wanted_bytes: u64,
    /// Length that it has; 0 while it is given up.
    pub reserve_bytes: u64,
    /// Bytes of the runs of the newest generation: what a compaction or the merge of the oldest runs writes anew.
    pub register_bytes: u64,
}

impl Room {
    /// True where the next large merge, or four times the reserve, would not fit.
    pub fn is_low(&self) -> bool {
        let least = self.register_bytes.max(self.reserve_wanted_bytes.saturating_mul(4));
        self.free_bytes.is_some_and(|free| free < least)
    }
}

/// The room of a site.
pub fn look(site: &Site<'_>) -> Result<Room, Fault> {
    Ok(Room {
        free_bytes: free_at(site.tools.disk, site.folders.root()),
        reserve_wanted_bytes: site.config.run.reserve_bytes,
        reserve_bytes: length(site.tools.disk, &site.folders.reserve())?.unwrap_or(0),
        register_bytes: site.master.manifest().map_or(0, run_bytes),
    })
}

/// What the disk says of its room; a disk that fails here will say so where it is written to.
fn free_at(disk: &dyn Disk, folder: &Path) -> Option<u64> {
    disk.free_bytes(folder).ok().flatten()
}

fn length(disk: &dyn Disk, path: &Path) -> Result<Option<u64>, Fault> {
    match disk.facts(path) {
        Ok(facts) => Ok(Some(facts.len_bytes)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(trouble::disk(path)(e)),
    }
}

fn run_bytes(manifest: &Manifest) -> u64 {
    let lengths = manifest.runs.iter().map(|run| run.len_bytes);
    lengths.fold(0, u64::saturating_add)
}

/// Makes the reserve as the settings want it, where twice its room is free; nothing where the disk cannot tell its room.
///
/// # Errors
/// `DiskFailed`, `FsyncFailed`; a disk that fills up meanwhile is no error.
pub fn keep_reserve(disk: &dyn Disk, folders: &Folders, config: &Config) -> Result<(), Fault> {
    let wanted = config.run.reserve_bytes;
    let Some(free) = free_at(disk, folders.root()) else {
        return Ok(());
    };
    let kept = length(disk, &folders.reserve())?;
    if kept.unwrap_or(0) == wanted {
        return Ok(());
    }
    let free = free.saturating_add(kept.unwrap_or(0));
    if kept.is_some() {
        give_up_reserve(disk, folders)?;
    }
    if wanted == 0 || free < wanted.saturating_mul(2) {
        return Ok(());
    }
    match make_reserve(disk, folders, wanted) {
        Err(fault) if fault.id == FaultId::DiskFull => {
            let path = atomic::temporary(&folders.reserve());
            disk.remove(&path).map_err(trouble::disk(&path))
        }
        other => other,
    }
}

fn make_reserve(disk: &dyn Disk, folders: &Folders, len_bytes: u64) -> Result<(), Fault> {
    let path = folders.reserve();
    let temporary = atomic::temporary(&path);
    if disk.exists(&temporary).map_err(trouble::disk(&temporary))? {
        disk.remove(&temporary).map_err(trouble::disk(&temporary))?;
    }
    let mut file = disk.create(&temporary).map_err(trouble::disk(&temporary))?;
    file.allocate(len_bytes).map_err(trouble::disk(&temporary))?;
    file.sync().map_err(trouble::disk(&temporary))?;
    drop(file);
    disk.rename(&temporary, &path).map_err(trouble::disk(&path))?;
    sync_entries(disk, folders.root()).map_err(|e| trouble::atomic(&e))
}

/// Removes the reserve; false where there is none.
pub fn give_up_reserve(disk: &dyn Disk, folders: &Folders) -> Result<bool, Fault> {
    let path = folders.reserve();
    match disk.remove(&path) {
        Ok(()) => {
            sync_entries(disk, folders.root()).map_err(|e| trouble::atomic(&e))?;
            Ok(true)
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(trouble::disk(&path)(e)),
    }
}

/// What a command is about to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// A decision, a registration, a record: little, and worth the reserve.
    Records,
    /// So many bytes of new objects.
    Adds(u64),
}

/// Begins the staging folder of the next commit, if there is room for the commit as far as that is known.
///
/// # Errors
/// `RoomMissing` before anything is written; `DiskFull`, `DiskFailed`, `FsyncFailed`.
pub fn begin<'m>(site: &Site<'m>, work: Work) -> Result<Stage<'m>, Fault> {
    let (disk, folders) = (site.tools.disk, &site.folders);
    let manifest = site.master.manifest().and_then(|manifest| manifest.bytes().ok());
    let manifest = u64::try_from(manifest.map_or(0, |bytes| bytes.len())).unwrap_or(u64::MAX);
    let of_commit = COMMIT_BYTES.saturating_add(manifest.saturating_mul(2));
    let checked = match work {
        Work::Records => match must_have(disk, folders.root(), of_commit) {
            Err(_) if give_up_reserve(disk, folders)? => must_have(disk, folders.root(), of_commit),
            other => other,
        },
        Work::Adds(bytes) => must_have(disk, folders.root(), of_commit.saturating_add(bytes)),
    };
    checked?;
    Stage::begin(disk, folders, site.master.commit() + 1).map_err(trouble::disk(&folders.staging()))
}

fn must_have(disk: &dyn Disk, folder: &Path, needed: u64) -> Result<(), Fault> {
    match free_at(disk, folder) {
        Some(free) if free < needed => Err(Fault::new(FaultId::RoomMissing)
            .with("path", folder.display())
            .with("needed", needed)
            .with("free", free)),
        Some(_) | None => Ok(()),
    }
}

/// Refuses a spool copy of `len_bytes` bytes for which there is no room, before it is begun.
///
/// # Errors
/// `RoomMissing`.
pub fn for_spool_copy(disk: &dyn Disk, folders: &Folders, len_bytes: u64) -> Result<(), Fault> {
    must_have(disk, &folders.spool(), len_bytes.saturating_add(FILE_BYTES))
}

/// About what a pass writes that takes `input_bytes` bytes of notices: rows, answers, and the runs that it merges.
pub fn of_pass(site: &Site<'_>, input_bytes: u64) -> u64 {
    let merged = |table: Table| {
        let runs = site.master.manifest().into_iter().flat_map(|m| m.runs_of(table));
        let mut sizes: Vec<u64> = runs.map(|run| run.len_bytes).collect();
        sizes.push(input_bytes / 2);
        let range = runs_to_merge(&sizes).unwrap_or_default();
        let parts = sizes.get(range).unwrap_or_default();
        parts.iter().copied().fold(0, u64::saturating_add)
    };
    let merged = Table::ALL.into_iter().map(merged).fold(0, u64::saturating_add);
    input_bytes.saturating_mul(WRITTEN_PER_INPUT).saturating_add(merged)
}

/// What a compaction writes: the register once more.
pub fn of_compaction(site: &Site<'_>) -> u64 {
    site.master.manifest().map_or(0, run_bytes)
}

/// Opens the ledger and recovers; on a full disk once more without the reserve.
pub(super) fn recovered<'m>(
    tools: Tools<'m>,
    folders: &Folders,
    config: &Config,
    secrets: &SiteSecrets,
) -> Result<(Ledger<'m>, Recovered), Fault> {
    let attempt = || -> Result<(Ledger<'m>, Recovered), Fault> {
        let mut ledger = open_ledger(tools.disk, folders, config, secrets, super::site::Access::Write)?;
        let recovered = commit::recover(tools, folders, secrets, &mut ledger)?;
        Ok((ledger, recovered))
    };
    match attempt() {
        Err(fault) if fault.id == FaultId::DiskFull && give_up_reserve(tools.disk, folders)? => attempt(),
        other => other,
    }
}

/// After a fault of a full disk: does at once what the next command would do first. What was decided is carried to its end,
/// with the reserve if need be; what was not is discarded, so that its room is free again. `None` where the disk does not
/// allow it: then a commit may still be under way, and nothing may be tidied.
///
/// # Errors
/// Another fault than one of storage, which counts more: the device failed, or what is stored is wrong.
pub(super) fn resume(site: &mut Site<'_>) -> Result<Option<Recovered>, Fault> {
    match recovered(site.tools, &site.folders, &site.config, &site.secrets) {
        Ok((ledger, recovered)) => {
            site.ledger = ledger;
            Ok(Some(recovered))
        }
        Err(later) if later.class() == Class::Storage => Ok(None),
        Err(later) => Err(later),
    }
}

/// The end of a commit that met a fault: done after all where the disk was full and the commit decided.
///
/// # Errors
/// The fault, or that of [`resume`].
pub(super) fn finish_on_full(site: &mut Site<'_>, commit: u64, fault: Fault) -> Result<(), Fault> {
    if is_full(&fault) && resume(site)?.is_some_and(|recovered| recovered.completed.contains(&commit)) {
        return site.reload();
    }
    Err(fault)
}

/// True for a fault of a full disk.
pub(super) fn is_full(fault: &Fault) -> bool {
    fault.id == FaultId::DiskFull || fault.id == FaultId::RoomMissing
}
