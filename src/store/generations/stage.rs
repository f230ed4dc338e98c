//! A new commit: the changes as new runs, roots and counts kept up, and the manifest that names it all.

use std::path::Path;

use rand_core::CryptoRng;

use super::builder::LOOKUP_ROWS;
use super::states::{StateError, States};
use crate::domain::entry::Changes;
use crate::domain::ids::JuminCode;
use crate::domain::instant::{BusinessDate, Instant};
use crate::format::blockfile::Table;
use crate::format::manifest::{ExchangeState, FORMAT_VERSION, Hash32, MAX_COMMIT, Manifest, RunRef};
use crate::format::rowcode::{RowFault, read_code_key};
use crate::ports::Disk;
use crate::store::master::{Master, MasterError, MasterKeys};
use crate::store::runs::RunWriter;

/// What a commit is told besides its changes.
#[derive(Debug, Clone)]
pub struct GenerationFacts {
    /// Business date of the run.
    pub business_date: BusinessDate,
    /// Clock time of the commit.
    pub created_at: Instant,
    /// True where records were applied: the generation number rises.
    pub applied: bool,
    /// Hash of the rule tables.
    pub rules: Hash32,
    /// Hash of the layouts.
    pub layouts: Hash32,
    /// State of the exchange after the commit.
    pub exchange: ExchangeState,
}

/// Where and with what a commit is written.
#[derive(Clone, Copy)]
pub struct Staging<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// Folder for the new runs: that of the runs, or a staging folder from which the commit renames them.
    pub folder: &'a Path,
    /// The keys.
    pub keys: &'a MasterKeys,
}

impl<'a> Staging<'a> {
    /// Writes the changes as new runs (each file durable, the folder not yet) and gives the manifest of the commit, which
    /// is neither written nor current. Its cost goes with the changes, not with the register.
    ///
    /// # Errors
    /// [`MasterError::Run`], also for changes out of order; [`MasterError::Repeated`] where a version, number or notice is
    /// there already; [`MasterError::States`]; [`MasterError::Full`].
    pub fn stage_generation<R: CryptoRng + ?Sized>(
        &self,
        parent: &'a Master,
        changes: &Changes,
        identities: &[([u8; 32], Vec<u8>)],
        facts: GenerationFacts,
        rng: &mut R,
    ) -> Result<Manifest, MasterError> {
        let mut builder = self.begin(parent, rng)?;
        for chunk in changes.entries.chunks(LOOKUP_ROWS) {
            let codes: Vec<JuminCode> = chunk.iter().map(|entry| entry.code).collect();
            let before = parent.entries(&codes)?;
            for entry in chunk {
                builder.entry(entry, before.get(&entry.code))?;
            }
        }
        for version in &changes.versions {
            builder.version(version)?;
        }
        for (number, owner) in &changes.numbers {
            builder.number(*number, *owner)?;
        }
        for (key, digest) in &changes.notices {
            builder.notice(key, digest)?;
        }
        for (digest, known) in identities {
            builder.identity(digest, known)?;
        }
        builder.finish(facts)
    }

    /// States of the parent, or those of an empty register.
    pub(super) fn states(&self, parent: &Master) -> Result<States, MasterError> {
        match parent.manifest() {
            None => Ok(States::empty(&self.keys.root)),
            Some(manifest) => {
                States::open(manifest, &self.keys.site, &self.keys.root).map_err(of_commit(manifest.commit))
            }
        }
    }

    /// The manifest after `parent`.
    pub(super) fn manifest<R: CryptoRng + ?Sized>(
        &self,
        parent: &Master,
        states: &States,
        runs: Vec<RunRef>,
        facts: GenerationFacts,
        rng: &mut R,
    ) -> Result<Manifest, MasterError> {
        let commit = parent.commit() + 1;
        if commit > MAX_COMMIT {
            return Err(MasterError::Full);
        }
        Ok(Manifest {
            format: FORMAT_VERSION,
            commit,
            generation: parent.generation() + u64::from(facts.applied),
            business_date: facts.business_date,
            created_at: facts.created_at,
            parent: parent.manifest_hash(),
            counts: states.counts,
            roots: states.roots(),
            root_states: states.seal(commit, &self.keys.site, rng).map_err(of_commit(commit))?,
            rules: facts.rules,
            layouts: facts.layouts,
            runs,
            exchange: facts.exchange,
        })
    }

    /// A new run of `table` in the staging folder.
    pub(super) fn writer<R: CryptoRng + ?Sized>(&self, table: Table, rng: &mut R) -> Result<RunWriter, MasterError> {
        Ok(RunWriter::create(self.disk, self.folder, table, &self.keys.site, rng)?)
    }
}

/// Adds the commit to an error of its states.
pub(super) fn of_commit(commit: u64) -> impl Fn(StateError) -> MasterError {
    move |source| MasterError::States { commit, source }
}

/// Reads an owner: the value of the numbers' table.
pub(super) fn read_owner(small: &[u8]) -> Result<JuminCode, RowFault> {
    read_code_key(small)
}
