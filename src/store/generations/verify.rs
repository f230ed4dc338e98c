//! Reading everything and naming what is bad; nothing is ever repaired.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::stage::{of_commit, read_owner};
use super::states::{StateError, States};
use super::{current, list, manifest_name, read_manifest};
use crate::domain::instant::BusinessDate;
use crate::format::blockfile::Table;
use crate::format::manifest::{Hash32, Manifest, RunName, RunRef};
use crate::format::rowcode::{
    RowFault, decode_entry, decode_version, read_notice_digest, read_notice_key, read_number_key,
};
use crate::ports::Disk;
use crate::store::master::{Master, MasterError, MasterKeys};
use crate::store::paths::{RUN_ENDING, StorePaths, commit_of_file, run_file};
use crate::store::runs::{Bodies, Merge, MergedRow, RunError, RunReader};

/// One of several parts that together are everything: `part` of `parts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice {
    part: u32,
    parts: u32,
}

impl Slice {
    /// The `part`-th (from 1) of `parts` slices; `None` where there is no such part.
    pub fn new(part: u32, parts: u32) -> Option<Self> {
        (part >= 1 && part <= parts).then_some(Self { part, parts })
    }

    /// Which one, from 1.
    pub fn part(self) -> u32 {
        self.part
    }

    /// Of how many.
    pub fn parts(self) -> u32 {
        self.parts
    }

    /// True where the object with this path below the site belongs to the slice. Each object belongs to exactly one: its
    /// number is the first eight bytes of the SHA-256 of its path, modulo the number of slices, and stays whatever
    /// else is stored.
    pub fn holds(self, object: &str) -> bool {
        Self::number(object, self.parts) == self.part - 1
    }

    /// The slice of `parts` that holds an object.
    pub fn holding(object: &str, parts: u32) -> Option<Self> {
        Self::new(Self::number(object, parts.max(1)) + 1, parts)
    }

    fn number(object: &str, parts: u32) -> u32 {
        let digest: [u8; 32] = Sha256::digest(object).into();
        let number = digest.first_chunk().map_or(0, |first| u64::from_be_bytes(*first));
        u32::try_from(number % u64::from(parts)).unwrap_or_default()
    }
}

/// How much is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Pointer, all manifests, and of each run its length, header and index.
    Quick,
    /// Every byte of every run, and roots and counts of the newest commit computed anew from its rows.
    Full,
    /// Every byte of every object, but neither rows nor roots.
    Bytes,
    /// As `Quick`, and every byte of the objects of one slice.
    Slice(Slice),
}

impl Depth {
    /// True where every byte of the object with this path below the site is read.
    pub fn reads(self, object: &str) -> bool {
        match self {
            Self::Quick => false,
            Self::Full => true,
            Self::Bytes => object != CONTENTS,
            Self::Slice(slice) => slice.holds(object),
        }
    }
}

/// What stands for the contents of the newest commit (roots and counts against rows) where objects are parted into slices.
pub const CONTENTS: &str = "store/roots";

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
    /// Commit and business date of the oldest of them.
    pub oldest: Option<(u64, BusinessDate)>,
    /// Runs read.
    pub runs: u64,
    /// Bytes of those runs.
    pub run_bytes: u64,
    /// Bad objects, in the order in which they were found: pointer, manifests from the newest to the oldest, runs, roots.
    pub faults: Vec<Fault>,
    /// Files that no commit names (see [`super::unreferenced`]): not read. Where the chain of manifests is broken, it
    /// cannot be told which those are, and none is listed.
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

/// What the manifests name, as far as verification needs it: the manifests themselves are not kept, for there is one for
/// every day of seven years.
#[derive(Default)]
struct Chain {
    newest: Option<Manifest>,
    commits: BTreeSet<u64>,
    /// Each run as the newest manifest that names it does: that one has the key as the site key of today wraps it.
    runs: BTreeMap<RunName, RunRef>,
}

/// Verifies a store. Faults are in the result; so are those of reading, since a file that cannot be read is bad.
pub fn verify(disk: &dyn Disk, paths: &StorePaths, keys: &MasterKeys, depth: Depth) -> Verification {
    let mut found = Verification::default();
    let mut chain = Chain::default();
    match current(disk, paths) {
        Ok(Some(pointer)) => {
            chain = verify_manifests(disk, paths, (pointer.commit, pointer.manifest), &mut found);
        }
        Ok(None) => {}
        Err(error) => found.fault("CURRENT", error),
    }
    let is_whole = found.faults.is_empty();
    let newest = chain.newest.take();
    let is_newest = |run: &RunRef| newest.iter().any(|newest| newest.runs.contains(run));
    let contents = depth.reads(CONTENTS);
    for run in chain.runs.values() {
        found.runs += 1;
        found.run_bytes = found.run_bytes.saturating_add(run.len_bytes);
        let object = format!("runs/{}", run_file(&run.name));
        let is_read = depth.reads(&format!("store/{object}"));
        // Rows of the newest commit are read for its roots.
        let look = Look {
            bytes: is_read,
            rows: is_read && depth != Depth::Bytes && !(contents && is_newest(run)),
            later: contents && is_newest(run),
        };
        if let Err(error) = verify_run(disk, paths, keys, run, look) {
            found.fault(object, error);
        }
    }
    let are_sound = found.faults.is_empty();
    if let Some(newest) = newest {
        let (object, commit) = (manifest_name(newest.commit), newest.commit);
        let states = States::open(&newest, &keys.site, &keys.root).map_err(of_commit(commit));
        let reads = |run: &&RunRef| depth.reads(&format!("store/runs/{}", run_file(&run.name)));
        let rows: Vec<RunRef> = newest.runs.iter().filter(reads).cloned().collect();
        let sound = states.and_then(|_| {
            // Rows of runs that are bad themselves cannot be added up.
            if contents && are_sound {
                verify_contents(&Master::at(disk, paths, keys, newest)?, keys)
            } else {
                Ok(())
            }
        });
        match sound {
            Ok(()) => {}
            Err(MasterError::Run(error)) => found.fault(format!("runs/{}{RUN_ENDING}", error.run()), error.into()),
            Err(error) => found.fault(object, error),
        }
        // What was not read for the roots.
        if contents && !are_sound {
            for run in rows {
                let object = format!("runs/{}", run_file(&run.name));
                let look = Look {
                    bytes: false,
                    rows: true,
                    later: false,
                };
                if found.faults.iter().all(|fault| fault.object != object)
                    && let Err(error) = verify_run(disk, paths, keys, &run, look)
                {
                    found.fault(object, error);
                }
            }
        }
    }
    if is_whole {
        match unreferenced(disk, paths, &chain) {
            Ok(files) => found.unreferenced = files,
            Err(error) => found.fault("manifests", error),
        }
    }
    found
}

fn unreferenced(disk: &dyn Disk, paths: &StorePaths, chain: &Chain) -> Result<Vec<String>, MasterError> {
    let mut found = Vec::new();
    for file in list(disk, &paths.manifests(), "manifests")? {
        if commit_of_file(&file).is_none_or(|commit| !chain.commits.contains(&commit)) {
            found.push(format!("manifests/{file}"));
        }
    }
    for file in list(disk, &paths.runs(), "runs")? {
        let name = file.strip_suffix(RUN_ENDING).and_then(RunName::parse);
        if name.is_none_or(|name| !chain.runs.contains_key(&name)) {
            found.push(format!("runs/{file}"));
        }
    }
    Ok(found)
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
    for table in [Table::Current, Table::History, Table::Numbers, Table::Notices] {
        let bodies = match table {
            Table::Current | Table::History => Bodies::Read,
            Table::Numbers | Table::Notices | Table::Identities => Bodies::Skip,
        };
        let part = |rows: Merge<'_>| sum_up(table, rows, keys);
        master.in_parts(table, bodies, part, |part| {
            let sum = part.and_then(|part| states.add_states(&part));
            sum.map_err(of_commit(commit))
        })?;
    }
    // No root and no count is made of them.
    let part = |rows: Merge<'_>| check_rows(Table::Identities, rows);
    master.in_parts(Table::Identities, Bodies::Skip, part, |()| Ok::<_, MasterError>(()))?;
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

fn verify_manifests(disk: &dyn Disk, paths: &StorePaths, newest: (u64, Hash32), found: &mut Verification) -> Chain {
    let kept = match list(disk, &paths.manifests(), "manifests") {
        Ok(files) => files,
        Err(error) => {
            found.fault("manifests", error);
            Vec::new()
        }
    };
    let oldest = kept.iter().filter_map(|file| commit_of_file(file)).min();
    let mut chain = Chain::default();
    let mut next = Some(newest);
    while let Some((commit, want)) = next {
        // Commits before the oldest kept one were disposed of.
        if oldest.is_some_and(|oldest| commit < oldest) && commit != newest.0 {
            break;
        }
        match read_manifest(disk, paths, commit, Some(want)) {
            Ok(manifest) => {
                found.manifests += 1;
                found.oldest = Some((commit, manifest.business_date));
                next = manifest.parent.map(|parent| (commit - 1, parent));
                chain.commits.insert(commit);
                for run in &manifest.runs {
                    chain.runs.entry(run.name.clone()).or_insert_with(|| run.clone());
                }
                chain.newest.get_or_insert(manifest);
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

/// What of a run is tested besides its length, header and index.
#[derive(Clone, Copy)]
struct Look {
    /// Every byte, by the hash of the file.
    bytes: bool,
    /// Every row.
    rows: bool,
    /// Rows are read for the roots afterwards.
    later: bool,
}

fn verify_run(
    disk: &dyn Disk,
    paths: &StorePaths,
    keys: &MasterKeys,
    run: &RunRef,
    look: Look,
) -> Result<(), MasterError> {
    let reader = RunReader::open(disk, &paths.runs(), run, &keys.site)?;
    reader.test_index()?;
    let mut hash = Ok(run.sha256);
    let sound = std::thread::scope(|scope| {
        let hashing = look.bytes.then(|| scope.spawn(|| reader.file_hash()));
        let sound = match look {
            Look { rows: true, .. } => check_rows(run.table, Merge::new([&reader], Bodies::Read)),
            Look { bytes: true, later, .. } if !later => reader.check_segments(),
            Look { .. } => Ok(()),
        };
        if let Some(hashing) = hashing {
            hash = hashing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        sound
    });
    sound?;
    if hash? == run.sha256 {
        return Ok(());
    }
    // Which segment is bad is worth more than that one is.
    reader.check_segments()?;
    Err(MasterError::Run(RunError::Hash {
        run: run.name.as_str().to_owned(),
    }))
}

fn check_rows(table: Table, rows: Merge<'_>) -> Result<(), RunError> {
    let mut rows = rows.with_hidden();
    while let Some(row) = rows.next_row()? {
        for row in std::iter::once(&row).chain(rows.hidden()) {
            verify_row(table, row).map_err(|fault| row.error(fault))?;
        }
    }
    Ok(())
}

/// Tests rows, and adds up those that count.
fn sum_up(table: Table, rows: Merge<'_>, keys: &MasterKeys) -> Result<Result<States, StateError>, RunError> {
    let mut rows = rows.with_hidden();
    let mut states = States::empty(&keys.root);
    while let Some(row) = rows.next_row()? {
        let fault = |fault| row.error(fault);
        let added = match table {
            Table::Current => {
                let entry = decode_entry(row.key(), row.small(), row.body()).map_err(fault)?;
                states.add_entry(&entry)
            }
            Table::History => states.add_version(&decode_version(row.key(), row.small(), row.body()).map_err(fault)?),
            Table::Numbers | Table::Notices | Table::Identities => {
                verify_row(table, &row).map_err(fault)?;
                let counts = &mut states.counts;
                let count = if table == Table::Numbers {
                    &mut counts.numbers
                } else {
                    &mut counts.notices
                };
                *count = count.saturating_add(1);
                Ok(())
            }
        };
        if let Err(why) = added {
            return Ok(Err(why));
        }
        for row in rows.hidden() {
            verify_row(table, row).map_err(|fault| row.error(fault))?;
        }
    }
    Ok(Ok(states))
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
