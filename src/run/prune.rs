//! `gen prune`: removes what nothing names, to make room. What a generation, the ledger or a held file names stays, whatever
//! its age: the register's history is kept for 150 years and disposal is another command's work.
//!
//! Leftovers are no records: each is a copy of something that was never decided, or a file that was never finished. So they
//! go without a leaf, as they do where a pass tidies up, and no room is needed to remove them.

use std::io;
use std::path::Path;

use super::commit::Recovered;
use super::site::Site;
use super::trouble;
use crate::domain::fault::Fault;
use crate::ports::{Disk, FileKind};
use crate::store::atomic::{TEMPORARY_SUFFIX, sync_entries, temporary};
use crate::store::generations;
use crate::store::staging;

/// Ending of a proof that was not finished.
const UNFINISHED_PROOF: &str = ".seki.tlog-proof.tmp";
/// Folders in a log of the ledger lie no deeper: `tile/entries/x001/x234`.
const LOG_DEPTH: u32 = 8;

/// A file that nothing names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Path relative to the site.
    pub path: String,
    /// Its length.
    pub len_bytes: u64,
}

/// What was found or removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruned {
    /// The files, by folder.
    pub files: Vec<Leftover>,
    /// Commits that were interrupted: any command that writes carries them to their end or discards them first, and only
    /// then it can be said what is left over of the master.
    pub unfinished: Vec<u64>,
    /// What recovery did before, for a command that writes.
    pub recovered: Recovered,
}

impl Pruned {
    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        let lengths = self.files.iter().map(|file| file.len_bytes);
        lengths.fold(0, u64::saturating_add)
    }
}

/// What `prune` would remove; writes nothing.
pub fn plan(site: &Site<'_>) -> Result<Pruned, Fault> {
    let (disk, folders) = (site.tools.disk, &site.folders);
    let unfinished = staging::pending(disk, folders).map_err(trouble::disk(&folders.staging()))?;
    let mut paths = Vec::new();
    if unfinished.is_empty() {
        let left = generations::leftovers(disk, &site.paths).map_err(|e| trouble::master(&e))?;
        paths.extend(left.into_iter().map(|file| format!("store/{file}")));
        paths.extend(spool_copies(site)?);
    }
    for fixed in [site.paths.current(), folders.parties(), folders.reserve()] {
        let path = temporary(&fixed);
        if disk.exists(&path).map_err(trouble::disk(&path))? {
            let relative = path.strip_prefix(folders.root()).unwrap_or(&path);
            paths.push(relative.to_string_lossy().into_owned());
        }
    }
    for party in names(disk, &folders.outbound())? {
        let below = names(disk, &folders.outbound().join(&party))?;
        let proofs = below.into_iter().filter(|name| name.ends_with(UNFINISHED_PROOF));
        paths.extend(proofs.map(|name| format!("out/{party}/{name}")));
    }
    unfinished_below(disk, &folders.ledger(), "ledger", LOG_DEPTH, &mut paths)?;
    let mut pruned = Pruned {
        unfinished,
        ..Pruned::default()
    };
    for path in paths {
        let at = folders.at(&path);
        match disk.facts(&at) {
            Ok(facts) if facts.kind == FileKind::Plain => pruned.files.push(Leftover {
                path,
                len_bytes: facts.len_bytes,
            }),
            Ok(_) => {}
            // Gone meanwhile: a reader holds no lock.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(trouble::disk(&at)(e)),
        }
    }
    Ok(pruned)
}

/// Removes what nothing names. The site is open for writing, so nothing is under way.
pub fn prune(site: &mut Site<'_>) -> Result<Pruned, Fault> {
    let mut pruned = plan(site)?;
    pruned.recovered = site.recovered.clone();
    let disk = site.tools.disk;
    let mut touched = std::collections::BTreeSet::new();
    for file in &pruned.files {
        let path = site.folders.at(&file.path);
        disk.remove(&path).map_err(trouble::disk(&path))?;
        touched.extend(path.parent().map(Path::to_owned));
    }
    for folder in touched {
        sync_entries(disk, &folder).map_err(|e| trouble::atomic(&e))?;
    }
    Ok(pruned)
}

/// Copies in the spool that no held file owns.
fn spool_copies(site: &Site<'_>) -> Result<Vec<String>, Fault> {
    let held = site.exchange().held;
    let copies = names(site.tools.disk, &site.folders.spool())?.into_iter();
    let unowned = copies.filter(|name| !held.iter().any(|file| file.id == *name));
    Ok(unowned.map(|name| format!("spool/{name}")).collect())
}

/// Names in a folder; none where it is no folder.
fn names(disk: &dyn Disk, folder: &Path) -> Result<Vec<String>, Fault> {
    let gone = |why: &io::Error| why.kind() == io::ErrorKind::NotFound || why.kind() == io::ErrorKind::NotADirectory;
    match disk.facts(folder) {
        Ok(facts) if facts.kind != FileKind::Folder => return Ok(Vec::new()),
        Err(e) if gone(&e) => return Ok(Vec::new()),
        Ok(_) => {}
        Err(e) => return Err(trouble::disk(folder)(e)),
    }
    let entries = disk.list(folder).map_err(trouble::disk(folder))?;
    let readable = entries.into_iter().filter(|entry| entry.readable);
    Ok(readable.map(|entry| entry.name).collect())
}

/// Files of the ledger that were not finished.
fn unfinished_below(
    disk: &dyn Disk,
    folder: &Path,
    relative: &str,
    depth: u32,
    found: &mut Vec<String>,
) -> Result<(), Fault> {
    for name in names(disk, folder)? {
        let (path, below) = (folder.join(&name), format!("{relative}/{name}"));
        if name.ends_with(TEMPORARY_SUFFIX) {
            found.push(below);
        } else if depth > 0 && !relative.ends_with("/private") {
            unfinished_below(disk, &path, &below, depth.saturating_sub(1), found)?;
        }
    }
    Ok(())
}
