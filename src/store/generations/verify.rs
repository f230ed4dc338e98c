//! Reading everything and naming what is bad; nothing is ever repaired.

use std::collections::BTreeMap;

use super::stage::{of_commit, read_owner};
use super::states::States;
use super::{current, list, manifest_name, read_manifest, unreferenced};
use crate::format::blockfile::Table;
use crate::format::manifest::{Hash32, Manifest, RunName, RunRef};
use crate::format::rowcode::{
    RowFault, decode_entry, decode_version, read_notice_digest, read_notice_key, read_number_key,
};
use crate::ports::Disk;
use crate::store::master::{Master, MasterError, MasterKeys};
use crate::store::paths::{StorePaths, commit_of_file};
use crate::store::runs::{Bodies, Merge, MergedRow, RunError, RunReader};

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Pointer, all manifests, and of each run its length, header and index.
    Quick,
    /// Every byte of every run, and roots and counts of the newest commit computed anew from its rows.
    Full,
}

/// One thing that is bad.
#[derive(Debug)]
pub struct Fault {
    /// Path below the store folder.
    pub object: String,
    /// What is wrong; names segment, block or row where one is.
    pub error: MasterError,
}

/// What was read and what is bad.
#[derive(Debug, Default)]
pub struct Verification {
    /// Manifests read.
    pub manifests: u64,
    /// Runs read.
    pub runs: u64,
    /// Bytes of those runs.
    pub run_bytes: u64,
    /// Bad objects, in the order in which they were found: pointer, manifests from the newest to the oldest, runs, roots.
    pub faults: Vec<Fault>,
    /// Files that no commit names (see [`unreferenced`]): no fault, and not read.
    pub unreferenced: Vec<String>,
}

impl Verification {
    fn fault(&mut self, object: impl Into<String>, error: MasterError) {
        self.faults.push(Fault {
            object: object.into(),
            error,
        });
    }
}

/// Verifies a store. Faults are in the result; so are those of reading, since a file that cannot be read is bad.
pub fn verify(disk: &dyn Disk, paths: &StorePaths, keys: &MasterKeys, depth: Depth) -> Verification {
    let mut found = Verification::default();
    let pointer = match current(disk, paths) {
        Ok(Some(pointer)) => pointer,
        Ok(None) => {
            match unreferenced(disk, paths) {
                Ok(files) => found.unreferenced = files,
                Err(error) => found.fault("store", error),
            }
            return found;
        }
        Err(error) => {
            found.fault("CURRENT", error);
            return found;
        }
    };
    let chain = verify_manifests(disk, paths, (pointer.commit, pointer.manifest), &mut found);
    let mut runs: BTreeMap<&RunName, &RunRef> = BTreeMap::new();
    for run in chain.iter().flat_map(|manifest| &manifest.runs) {
        // The newest manifest has the key as the site key of today wraps it.
        runs.entry(&run.name).or_insert(run);
    }
    for run in runs.into_values() {
        found.runs += 1;
        found.run_bytes = found.run_bytes.saturating_add(run.len_bytes);
        if let Err(error) = verify_run(disk, paths, keys, run, depth) {
            found.fault(format!("runs/{}", crate::store::paths::run_file(&run.name)), error);
        }
    }
    if let Some(newest) = chain.into_iter().next() {
        let (object, commit) = (manifest_name(newest.commit), newest.commit);
        let states = States::open(&newest, &keys.site, &keys.root).map_err(of_commit(commit));
        let sound = states.and_then(|_| match depth {
            // Rows of runs that are bad themselves cannot be added up.
            Depth::Full if found.faults.is_empty() => verify_contents(&Master::at(disk, paths, keys, newest)?, keys),
            Depth::Full | Depth::Quick => Ok(()),
        });
        if let Err(error) = sound {
            found.fault(object, error);
        }
    }
    match unreferenced(disk, paths) {
        Ok(files) => found.unreferenced = files,
        // Where the chain is broken, that is reported above.
        Err(error) if found.faults.is_empty() => found.fault("store", error),
        Err(_) => {}
    }
    found
}

/// Computes roots and counts of a generation anew from its rows and compares them with its manifest.
///
/// # Errors
/// [`MasterError::Contents`] where they differ; those of reading.
pub fn verify_contents(master: &Master, keys: &MasterKeys) -> Result<(), MasterError> {
    let Some(manifest) = master.manifest() else {
        return Ok(());
    };
    let commit = manifest.commit;
    let mut states = States::empty(&keys.root);
    for entry in master.scan_current() {
        states.add_entry(&entry?).map_err(of_commit(commit))?;
    }
    for version in master.scan_versions() {
        states.add_version(&version?).map_err(of_commit(commit))?;
    }
    states.counts.numbers = count_keys(master, Table::Numbers)?;
    states.counts.notices = count_keys(master, Table::Notices)?;
    let roots = states.roots();
    for (fits, field) in [
        (roots.current == manifest.roots.current, "the root of the current rows"),
        (roots.history == manifest.roots.history, "the root of the history"),
        (states.counts == manifest.counts, "a count"),
    ] {
        if !fits {
            return Err(MasterError::Contents { commit, field });
        }
    }
    Ok(())
}

fn verify_manifests(
    disk: &dyn Disk,
    paths: &StorePaths,
    newest: (u64, Hash32),
    found: &mut Verification,
) -> Vec<Manifest> {
    let kept = match list(disk, &paths.manifests(), "manifests") {
        Ok(files) => files,
        Err(error) => {
            found.fault("manifests", error);
            Vec::new()
        }
    };
    let oldest = kept.iter().filter_map(|file| commit_of_file(file)).min();
    let mut chain = Vec::new();
    let mut next = Some(newest);
    while let Some((commit, want)) = next {
        // Commits before the oldest kept one were disposed of.
        if oldest.is_some_and(|oldest| commit < oldest) && commit != newest.0 {
            break;
        }
        match read_manifest(disk, paths, commit, Some(want)) {
            Ok(manifest) => {
                found.manifests += 1;
                next = manifest.parent.map(|parent| (commit - 1, parent));
                chain.push(manifest);
            }
            Err(error) => {
                // Its parent's hash is not to be had from a bad manifest, so the chain ends here.
                found.fault(manifest_name(commit), error);
                break;
            }
        }
    }
    chain
}

fn verify_run(
    disk: &dyn Disk,
    paths: &StorePaths,
    keys: &MasterKeys,
    run: &RunRef,
    depth: Depth,
) -> Result<(), MasterError> {
    let reader = RunReader::open(disk, &paths.runs(), run, &keys.site)?;
    if depth == Depth::Quick {
        return Ok(());
    }
    let mut rows = Merge::new([&reader], Bodies::Read);
    while let Some(row) = rows.next_row()? {
        verify_row(run.table, &row).map_err(|fault| row.error(fault))?;
    }
    if reader.file_hash()? == run.sha256 {
        Ok(())
    } else {
        Err(MasterError::Run(RunError::Hash {
            run: run.name.as_str().to_owned(),
        }))
    }
}

fn verify_row(table: Table, row: &MergedRow<'_>) -> Result<(), RowFault> {
    match table {
        Table::Current => decode_entry(row.key(), row.small(), row.body()).map(|_| ()),
        Table::History => decode_version(row.key(), row.small(), row.body()).map(|_| ()),
        Table::Numbers => read_number_key(row.key()).and(read_owner(row.small())).map(|_| ()),
        Table::Notices => read_notice_key(row.key())
            .and(read_notice_digest(row.small()))
            .map(|_| ()),
        Table::Identities => Ok(()),
    }
}

fn count_keys(master: &Master, table: Table) -> Result<u64, MasterError> {
    let mut merge = Merge::new(master.runs(table), Bodies::Skip);
    let mut count = 0;
    while merge.next_row()?.is_some() {
        count += 1;
    }
    Ok(count)
}
