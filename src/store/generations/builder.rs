//! A generation written row by row: each table's rows arrive in the order of their keys, the tables in any order and mixed,
//! so that a commit holds a batch of keys per table in memory, not its changes.

use std::collections::BTreeMap;

use chacha20::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use zeroize::Zeroizing;

use super::stage::{GenerationFacts, Staging, of_commit};
use super::states::{StateError, States};
use super::tally::Tally;
use crate::domain::entry::{Entry, Version};
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::notice::{NoticeDigest, NoticeKey};
use crate::format::blockfile::Table;
use crate::format::manifest::{Manifest, RunRef};
use crate::format::rowcode::{RowFault, code_key, encode_entry, encode_version, notice_key, number_key, version_key};
use crate::store::master::{Master, MasterError};
use crate::store::runs::{Bodies, RunWriter};

/// Rows looked up at once: bounds memory, while neighbouring lookups share blocks.
pub(super) const LOOKUP_ROWS: usize = 4096;

/// A commit being staged; see [`Staging::begin`]. What it wrote before an error is left in the staging folder, where no
/// manifest names it.
pub struct GenerationBuilder<'a> {
    staging: Staging<'a>,
    parent: &'a Master,
    states: States,
    tally: Tally,
    tables: BTreeMap<Table, Growing>,
    /// Draws for the sealed states.
    rng: ChaCha20Rng,
    small: Vec<u8>,
    body: Vec<u8>,
}

/// The new run of one table.
struct Growing {
    /// Of its own, so that its draws do not depend on the order in which tables get their first rows.
    rng: ChaCha20Rng,
    run: Option<RunWriter>,
    /// Keys that were not yet looked for in the parent, one behind the other, and how many were.
    unproved: Vec<u8>,
    proved: u64,
}

impl<'a> Staging<'a> {
    /// Begins a commit on top of `parent`. All draws come from `rng` here: one generator for each run and one for the states.
    ///
    /// # Errors
    /// [`MasterError::States`].
    pub fn begin<R: CryptoRng + ?Sized>(
        &self,
        parent: &'a Master,
        rng: &mut R,
    ) -> Result<GenerationBuilder<'a>, MasterError> {
        let states = self.states(parent)?;
        let mut generator = || {
            let mut seed = Zeroizing::new([0; 32]);
            rng.fill_bytes(&mut *seed);
            ChaCha20Rng::from_seed(*seed)
        };
        let mut tables = BTreeMap::new();
        for table in Table::ALL {
            tables.insert(
                table,
                Growing {
                    rng: generator(),
                    run: None,
                    unproved: Vec::new(),
                    proved: 0,
                },
            );
        }
        Ok(GenerationBuilder {
            staging: *self,
            parent,
            tally: states.tally(),
            states,
            tables,
            rng: generator(),
            small: Vec::new(),
            body: Vec::new(),
        })
    }
}

impl GenerationBuilder<'_> {
    /// Adds the new state of a code. `old` is the code's entry in the parent, as [`Master::entries`] gave it: it is taken out
    /// of root and counts, so a wrong one is a wrong root.
    ///
    /// # Errors
    /// [`MasterError::Run`], also where codes do not ascend; [`MasterError::States`].
    pub fn entry(&mut self, entry: &Entry, old: Option<&Entry>) -> Result<(), MasterError> {
        let refused = of_commit(self.parent.commit() + 1);
        if let Some(old) = old {
            self.tally.remove_entry(old).map_err(&refused)?;
            let count = self.states.count_of(old);
            *count = count.saturating_sub(1);
        }
        self.tally.add_entry(entry).map_err(&refused)?;
        let count = self.states.count_of(entry);
        *count = count.saturating_add(1);
        self.small.clear();
        self.body.clear();
        encode_entry(entry, &mut self.small, &mut self.body).map_err(row_refused(&refused))?;
        self.push(Table::Current, &code_key(entry.code))
    }

    /// Adds a version, by code and number.
    ///
    /// # Errors
    /// [`MasterError::Run`], also where keys do not ascend; [`MasterError::States`]; [`MasterError::Repeated`] where it is
    /// there already, perhaps only with a later row.
    pub fn version(&mut self, version: &Version) -> Result<(), MasterError> {
        let refused = of_commit(self.parent.commit() + 1);
        self.tally.add_version(version).map_err(&refused)?;
        self.small.clear();
        self.body.clear();
        encode_version(version, &mut self.small, &mut self.body).map_err(row_refused(&refused))?;
        let key = version_key(version.code, version.number);
        self.push(Table::History, &key)?;
        self.prove_later(Table::History, &key)
    }

    /// Adds a number seen for the first time, and its first owner.
    ///
    /// # Errors
    /// As [`GenerationBuilder::version`].
    pub fn number(&mut self, number: MyNumber, owner: JuminCode) -> Result<(), MasterError> {
        let key = number_key(number);
        self.plain(&code_key(owner));
        self.push(Table::Numbers, &key)?;
        self.states.counts.numbers = self.states.counts.numbers.saturating_add(1);
        self.prove_later(Table::Numbers, &key)
    }

    /// Adds an applied notice.
    ///
    /// # Errors
    /// As [`GenerationBuilder::version`].
    pub fn notice(&mut self, key: &NoticeKey, digest: &NoticeDigest) -> Result<(), MasterError> {
        let key = notice_key(key);
        self.plain(digest);
        self.push(Table::Notices, &key)?;
        self.states.counts.notices = self.states.counts.notices.saturating_add(1);
        self.prove_later(Table::Notices, &key)
    }

    /// Adds or replaces what is known of a file, by its digest.
    ///
    /// # Errors
    /// [`MasterError::Run`], also where digests do not ascend.
    pub fn identity(&mut self, digest: &[u8; 32], known: &[u8]) -> Result<(), MasterError> {
        self.plain(known);
        self.push(Table::Identities, digest)
    }

    /// Ends the runs (each file durable, the folder not yet) and gives the manifest of the commit, which is neither written
    /// nor current. A table without new rows gets no run.
    ///
    /// # Errors
    /// [`MasterError::Run`], [`MasterError::Repeated`], [`MasterError::States`], [`MasterError::Full`].
    pub fn finish(mut self, facts: GenerationFacts) -> Result<Manifest, MasterError> {
        for table in Table::ALL {
            self.prove(table)?;
        }
        let mut runs: Vec<RunRef> = self
            .parent
            .manifest()
            .map(|manifest| manifest.runs.clone())
            .unwrap_or_default();
        for growing in std::mem::take(&mut self.tables).into_values() {
            runs.extend(growing.run.map(RunWriter::finish).transpose()?);
        }
        let refused = of_commit(self.parent.commit() + 1);
        let sums = self.tally.finish().map_err(&refused)?;
        self.states.add_sums(&sums).map_err(&refused)?;
        // Stable, so that within a table the new run stays the last.
        runs.sort_by_key(|run| run.table);
        self.staging
            .manifest(self.parent, &self.states, runs, facts, &mut self.rng)
    }

    /// A row whose value is all in the key group.
    fn plain(&mut self, small: &[u8]) {
        self.small.clear();
        self.small.extend_from_slice(small);
        self.body.clear();
    }

    fn push(&mut self, table: Table, key: &[u8]) -> Result<(), MasterError> {
        let Some(growing) = self.tables.get_mut(&table) else {
            return Ok(());
        };
        let mut run = match growing.run.take() {
            Some(run) => run,
            None => self.staging.writer(table, &mut growing.rng)?,
        };
        run.push(key, &self.small, &self.body)?;
        growing.run = Some(run);
        Ok(())
    }

    fn prove_later(&mut self, table: Table, key: &[u8]) -> Result<(), MasterError> {
        let Some(growing) = self.tables.get_mut(&table) else {
            return Ok(());
        };
        growing.unproved.extend_from_slice(key);
        if growing.unproved.len() < LOOKUP_ROWS * table.key_bytes() {
            return Ok(());
        }
        self.prove(table)
    }

    /// A version, number or notice that is there already would be counted twice and hide the older one.
    fn prove(&mut self, table: Table) -> Result<(), MasterError> {
        let Some(growing) = self.tables.get_mut(&table) else {
            return Ok(());
        };
        let keys: Vec<&[u8]> = growing.unproved.chunks_exact(table.key_bytes()).collect();
        let repeated = self
            .parent
            .find(table, keys.clone(), Bodies::Skip, |key, _, _| Ok(key.to_vec()))?;
        if let Some(key) = repeated.iter().min() {
            let row = keys.iter().position(|wanted| *wanted == key.as_slice());
            let row = row.and_then(|row| u64::try_from(row).ok());
            return Err(MasterError::Repeated {
                table,
                row: row.map_or(u64::MAX, |row| growing.proved.saturating_add(row)),
            });
        }
        growing.proved = growing.proved.saturating_add(keys.len() as u64);
        growing.unproved.clear();
        Ok(())
    }
}

fn row_refused(refused: &impl Fn(StateError) -> MasterError) -> impl FnOnce(RowFault) -> MasterError + '_ {
    move |source| refused(StateError::Row { source })
}
