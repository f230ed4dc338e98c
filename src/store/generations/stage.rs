//! A new commit: the changes as new runs, roots and counts kept up, and the manifest that names it all.

use std::path::Path;

use rand_core::CryptoRng;

use super::states::{StateError, States};
use crate::domain::entry::{Changes, Entry, Version};
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::notice::{NoticeDigest, NoticeKey};
use crate::format::blockfile::Table;
use crate::format::manifest::{ExchangeState, FORMAT_VERSION, Hash32, MAX_COMMIT, Manifest, RunRef};
use crate::format::rowcode::{
    RowFault, code_key, encode_entry, encode_version, notice_key, number_key, read_code_key, version_key,
};
use crate::ports::Disk;
use crate::store::master::{Master, MasterError, MasterKeys};
use crate::store::runs::{Bodies, RunWriter};

/// Rows looked up at once: bounds memory, while neighbouring lookups share blocks.
const LOOKUP_ROWS: usize = 4096;

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
pub struct Staging<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// Folder for the new runs: that of the runs, or a staging folder from which the commit renames them.
    pub folder: &'a Path,
    /// The keys.
    pub keys: &'a MasterKeys,
}

impl Staging<'_> {
    /// Writes the changes as new runs (each file durable, the folder not yet) and gives the manifest of the commit, which
    /// is neither written nor current. Its cost goes with the changes, not with the register.
    ///
    /// # Errors
    /// [`MasterError::Run`], also for changes out of order; [`MasterError::Repeated`] where a version, number or notice is
    /// there already; [`MasterError::States`]; [`MasterError::Full`].
    pub fn stage_generation<R: CryptoRng + ?Sized>(
        &self,
        parent: &Master,
        changes: &Changes,
        identities: &[([u8; 32], Vec<u8>)],
        facts: GenerationFacts,
        rng: &mut R,
    ) -> Result<Manifest, MasterError> {
        let mut states = self.states(parent)?;
        let mut runs = parent
            .manifest()
            .map(|manifest| manifest.runs.clone())
            .unwrap_or_default();
        runs.extend(self.write_entries(parent, &changes.entries, &mut states, rng)?);
        runs.extend(self.write_versions(parent, &changes.versions, &mut states, rng)?);
        runs.extend(self.write_numbers(parent, &changes.numbers, &mut states, rng)?);
        runs.extend(self.write_notices(parent, &changes.notices, &mut states, rng)?);
        runs.extend(self.write_identities(identities, rng)?);
        // Stable, so that within a table the new run stays the last.
        runs.sort_by_key(|run| run.table);
        self.manifest(parent, &states, runs, facts, rng)
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

    fn write_entries<R: CryptoRng + ?Sized>(
        &self,
        parent: &Master,
        entries: &[Entry],
        states: &mut States,
        rng: &mut R,
    ) -> Result<Option<RunRef>, MasterError> {
        let mut run = self.writer_for(Table::Current, entries.len(), rng)?;
        let refused = of_commit(parent.commit() + 1);
        let (mut small, mut body) = (Vec::new(), Vec::new());
        for chunk in entries.chunks(LOOKUP_ROWS) {
            let codes: Vec<JuminCode> = chunk.iter().map(|entry| entry.code).collect();
            let before = parent.entries(&codes)?;
            for entry in chunk {
                if let Some(old) = before.get(&entry.code) {
                    states.remove_entry(old).map_err(&refused)?;
                }
                states.add_entry(entry).map_err(&refused)?;
                small.clear();
                body.clear();
                encode_entry(entry, &mut small, &mut body).map_err(row_refused(&refused))?;
                push(run.as_mut(), &code_key(entry.code), &small, &body)?;
            }
        }
        finish(run)
    }

    fn write_versions<R: CryptoRng + ?Sized>(
        &self,
        parent: &Master,
        versions: &[Version],
        states: &mut States,
        rng: &mut R,
    ) -> Result<Option<RunRef>, MasterError> {
        let keys = versions.iter().map(|version| version_key(version.code, version.number));
        refuse_repeated(parent, Table::History, &keys.collect::<Vec<_>>())?;
        let mut run = self.writer_for(Table::History, versions.len(), rng)?;
        let refused = of_commit(parent.commit() + 1);
        let (mut small, mut body) = (Vec::new(), Vec::new());
        for version in versions {
            states.add_version(version).map_err(&refused)?;
            small.clear();
            body.clear();
            encode_version(version, &mut small, &mut body).map_err(row_refused(&refused))?;
            push(run.as_mut(), &version_key(version.code, version.number), &small, &body)?;
        }
        finish(run)
    }

    fn write_numbers<R: CryptoRng + ?Sized>(
        &self,
        parent: &Master,
        numbers: &[(MyNumber, JuminCode)],
        states: &mut States,
        rng: &mut R,
    ) -> Result<Option<RunRef>, MasterError> {
        let keys: Vec<_> = numbers.iter().map(|(number, _)| number_key(*number)).collect();
        refuse_repeated(parent, Table::Numbers, &keys)?;
        let mut run = self.writer_for(Table::Numbers, numbers.len(), rng)?;
        for (number, owner) in numbers {
            push(run.as_mut(), &number_key(*number), &code_key(*owner), &[])?;
        }
        states.counts.numbers = states.counts.numbers.saturating_add(numbers.len() as u64);
        finish(run)
    }

    fn write_notices<R: CryptoRng + ?Sized>(
        &self,
        parent: &Master,
        notices: &[(NoticeKey, NoticeDigest)],
        states: &mut States,
        rng: &mut R,
    ) -> Result<Option<RunRef>, MasterError> {
        let keys: Vec<_> = notices.iter().map(|(key, _)| notice_key(key)).collect();
        refuse_repeated(parent, Table::Notices, &keys)?;
        let mut run = self.writer_for(Table::Notices, notices.len(), rng)?;
        for (key, digest) in notices {
            push(run.as_mut(), &notice_key(key), digest, &[])?;
        }
        states.counts.notices = states.counts.notices.saturating_add(notices.len() as u64);
        finish(run)
    }

    fn write_identities<R: CryptoRng + ?Sized>(
        &self,
        identities: &[([u8; 32], Vec<u8>)],
        rng: &mut R,
    ) -> Result<Option<RunRef>, MasterError> {
        let mut run = self.writer_for(Table::Identities, identities.len(), rng)?;
        for (digest, known) in identities {
            push(run.as_mut(), digest, known, &[])?;
        }
        finish(run)
    }

    /// A writer where there is something to write.
    fn writer_for<R: CryptoRng + ?Sized>(
        &self,
        table: Table,
        rows: usize,
        rng: &mut R,
    ) -> Result<Option<RunWriter>, MasterError> {
        (rows > 0).then(|| self.writer(table, rng)).transpose()
    }
}

/// Adds the commit to an error of its states.
pub(super) fn of_commit(commit: u64) -> impl Fn(StateError) -> MasterError {
    move |source| MasterError::States { commit, source }
}

fn row_refused(refused: &impl Fn(StateError) -> MasterError) -> impl FnOnce(RowFault) -> MasterError + '_ {
    move |source| refused(StateError::Row { source })
}

fn push(run: Option<&mut RunWriter>, key: &[u8], small: &[u8], body: &[u8]) -> Result<(), MasterError> {
    match run {
        Some(run) => Ok(run.push(key, small, body)?),
        None => Ok(()),
    }
}

fn finish(run: Option<RunWriter>) -> Result<Option<RunRef>, MasterError> {
    Ok(run.map(RunWriter::finish).transpose()?)
}

/// A version, number or notice that is there already would be counted twice and hide the older one.
fn refuse_repeated<K: AsRef<[u8]> + Ord + Clone>(parent: &Master, table: Table, keys: &[K]) -> Result<(), MasterError> {
    let mut repeated: Option<Vec<u8>> = None;
    parent.lookup(table, keys.to_vec(), Bodies::Skip, &mut |key, _, _| {
        repeated.get_or_insert_with(|| key.to_vec());
        Ok(())
    })?;
    match repeated {
        None => Ok(()),
        Some(key) => {
            let row = keys.iter().position(|wanted| wanted.as_ref() == key.as_slice());
            let row = row.and_then(|row| u64::try_from(row).ok()).unwrap_or(u64::MAX);
            Err(MasterError::Repeated { table, row })
        }
    }
}

/// Reads an owner: the value of the numbers' table.
pub(super) fn read_owner(small: &[u8]) -> Result<JuminCode, RowFault> {
    read_code_key(small)
}
