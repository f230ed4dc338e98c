//! Generations of the master: list, facts, differences, compaction. Verification is in `verify`.

use super::commit::{self, Draft};
use super::room;
use super::site::Site;
use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::instant::BusinessDate;
use crate::format::leaf::GenerationName;
use crate::format::manifest::{Hash32, Manifest};
use crate::pipeline::journal;
use crate::store::generations::{self, Erasure, GenerationFacts, Staging, gen_diff};
use crate::store::master::{Master, Stats};

pub use crate::format::blockfile::Table;
pub use crate::store::generations::{CodeDiff, DiffKind};

/// The newest commit of every generation, the newest generation first.
pub fn list(site: &Site<'_>) -> Result<Vec<Manifest>, Fault> {
    generations::generations(site.tools.disk, &site.paths).map_err(|e| trouble::master(&e))
}

/// What a generation is.
pub struct Shown {
    /// The manifest of its newest commit.
    pub manifest: Manifest,
    /// SHA-256 of the manifest's bytes.
    pub hash: Hash32,
    /// Counts, and sizes by table.
    pub stats: Stats,
}

/// The facts of a generation.
pub fn show(site: &Site<'_>, generation: u64) -> Result<Shown, Fault> {
    let master = open(site, generation)?;
    let (Some(manifest), Some(hash)) = (master.manifest().cloned(), master.manifest_hash()) else {
        return Err(unknown(generation));
    };
    Ok(Shown {
        manifest,
        hash,
        stats: master.stats(),
    })
}

/// Opens the newest commit of a generation.
pub(super) fn open(site: &Site<'_>, generation: u64) -> Result<Master, Fault> {
    Master::at_generation(site.tools.disk, &site.paths, &site.master_keys, generation).map_err(|e| trouble::master(&e))
}

fn unknown(generation: u64) -> Fault {
    Fault::new(FaultId::GenerationUnknown).with_typed("generation", generation)
}

/// Calls `each` for every code whose entry differs between two generations, in the order of codes, until it fails.
pub fn diff(
    site: &Site<'_>,
    (a, b): (u64, u64),
    each: &mut dyn FnMut(&CodeDiff) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let (old, new) = (open(site, a)?, open(site, b)?);
    let mut stopped = Ok(());
    gen_diff(&old, &new, &mut |change| {
        if stopped.is_ok() {
            stopped = each(&change);
        }
    })
    .map_err(|e| trouble::master(&e))?;
    stopped
}

/// What a compaction did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Number of its commit.
    pub commit: u64,
    /// The generation, which stays.
    pub generation: u64,
    /// Runs that the master consisted of.
    pub runs_before: u64,
    /// Runs that it consists of now.
    pub runs_after: u64,
    /// Bytes of those runs before.
    pub bytes_before: u64,
    /// Bytes of the runs now.
    pub bytes_after: u64,
}

/// Rewrites every table into one run, as a commit of its own. `None` where no table has several runs. The runs of older
/// commits stay: their generations can still be read.
pub fn compact(site: &mut Site<'_>, date: Option<BusinessDate>) -> Result<Option<Compacted>, Fault> {
    let business_date = site.business_date(date)?;
    let Some(before) = site.master.manifest().cloned() else {
        return Ok(None);
    };
    if Table::ALL.iter().all(|table| before.runs_of(*table).count() < 2) {
        return Ok(None);
    }
    let tools = site.tools;
    let now = tools.clock.now();
    let mut exchange = site.exchange();
    exchange.newest_business_date = exchange.newest_business_date.max(business_date.value());
    let stage = room::begin(site, room::Work::Adds(room::of_compaction(site)))?;
    let facts = GenerationFacts {
        business_date,
        created_at: now,
        applied: false,
        rules: site.rules_hash(),
        layouts: site.layouts_hash(),
        exchange,
    };
    let staging = Staging {
        disk: tools.disk,
        folder: &stage.folder(),
        keys: &site.master_keys,
    };
    let after = staging
        .compact(&site.master, &Erasure::default(), facts, &mut tools.generator()?)
        .map_err(|e| trouble::master(&e))?;
    if after.roots != before.roots || after.counts != before.counts {
        return Err(trouble::bug("a compaction changed roots or counts"));
    }
    let (count, bytes) = (|m: &Manifest| m.runs.len() as u64, run_bytes);
    let done = Compacted {
        commit: after.commit,
        generation: after.generation,
        runs_before: count(&before),
        runs_after: count(&after),
        bytes_before: bytes(&before),
        bytes_after: bytes(&after),
    };
    let leaf = journal::compacted(now, name_of(&after), done.runs_before, done.runs_after);
    let draft = Draft {
        stage,
        manifest: after,
        leaves: vec![leaf],
        outgoing: Vec::new(),
        retired: Vec::new(),
        dropped: Vec::new(),
        business_date,
    };
    commit::commit(site, draft)?;
    Ok(Some(done))
}

/// The name of a generation in leaves.
fn name_of(manifest: &Manifest) -> GenerationName {
    GenerationName {
        number: manifest.generation,
        current: manifest.roots.current.0,
        history: manifest.roots.history.0,
    }
}

/// Bytes of all runs of a manifest.
fn run_bytes(manifest: &Manifest) -> u64 {
    manifest
        .runs
        .iter()
        .fold(0, |sum, run| sum.saturating_add(run.len_bytes))
}
