//! Few runs of many: after each commit the newest small ones, at will all of them. The logical roots stay the same, except
//! where rows are erased on purpose.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use rand_core::CryptoRng;

use super::disk_error;
use super::stage::{GenerationFacts, Staging, of_commit};
use super::states::States;
use crate::domain::ids::JuminCode;
use crate::format::blockfile::Table;
use crate::format::manifest::{Hex, Manifest, RunRef};
use crate::format::rowcode::{decode_entry, decode_version, read_code_key, read_notice_key, read_version_key};
use crate::seal::secret::SiteKey;
use crate::seal::wrap::{Purpose, rewrap_key};
use crate::store::master::{Master, MasterError};
use crate::store::paths::run_file;
use crate::store::runs::{MergedRow, RunError, RunReader, key_context, merge_runs, runs_to_merge};

/// Rows that a compaction leaves out (rules section 3: their time has come). A number stays owned for ever.
#[derive(Debug, Clone, Default)]
pub struct Erasure {
    /// Codes whose entry and applied notices are erased.
    pub entries: BTreeSet<JuminCode>,
    /// Versions, by code and version number.
    pub versions: BTreeSet<(JuminCode, u32)>,
}

impl Erasure {
    fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.versions.is_empty()
    }
}

impl Staging<'_> {
    /// Merges the newest runs of a staged manifest where [`runs_to_merge`] says so, so that the runs of many commits do not
    /// pile up; new runs go to the staging folder, `runs_folder` is that of the runs. The manifest stays that of the same
    /// commit, with the same roots. Call it between [`Staging::stage_generation`] and writing the manifest.
    ///
    /// # Errors
    /// [`MasterError::Run`], [`MasterError::Disk`].
    pub fn merge_small<R: CryptoRng + ?Sized>(
        &self,
        runs_folder: &Path,
        parent: &Master,
        mut manifest: Manifest,
        rng: &mut R,
    ) -> Result<Manifest, MasterError> {
        let published: BTreeSet<&str> = parent
            .manifest()
            .iter()
            .flat_map(|manifest| &manifest.runs)
            .map(|run| run.name.as_str())
            .collect();
        let mut runs = Vec::new();
        for table in Table::ALL {
            let mut of_table: Vec<RunRef> = manifest.runs_of(table).cloned().collect();
            let sizes: Vec<u64> = of_table.iter().map(|run| run.len_bytes).collect();
            if let Some(range) = runs_to_merge(&sizes) {
                let parts = of_table.get(range.clone()).unwrap_or_default().to_vec();
                let mut readers = Vec::new();
                for run in parts.iter().rev() {
                    let folder = if published.contains(run.name.as_str()) {
                        runs_folder
                    } else {
                        self.folder
                    };
                    readers.push(RunReader::open(self.disk, folder, run, &self.keys.site)?);
                }
                let merged = merge_runs(&readers, self.writer(table, rng)?, &mut |_| Ok(true))?;
                drop(readers);
                replace_range(&mut of_table, range, merged);
                // Nothing names the run that this commit staged any more.
                for run in parts.iter().filter(|run| !published.contains(run.name.as_str())) {
                    let file = run_file(&run.name);
                    self.disk
                        .remove(&self.folder.join(&file))
                        .map_err(disk_error("remove", &file))?;
                }
            }
            runs.append(&mut of_table);
        }
        manifest.runs = runs;
        Ok(manifest)
    }

    /// Stages a commit in which every table is one run, without the rows of `erasure`. Generation number (where
    /// `facts.applied` is false) and, without an erasure, logical roots are those of `parent`.
    ///
    /// # Errors
    /// [`MasterError::Run`], [`MasterError::States`], [`MasterError::Full`].
    pub fn compact<R: CryptoRng + ?Sized>(
        &self,
        parent: &Master,
        erasure: &Erasure,
        facts: GenerationFacts,
        rng: &mut R,
    ) -> Result<Manifest, MasterError> {
        let mut states = self.states(parent)?;
        let mut runs = Vec::new();
        for table in Table::ALL {
            let readers = parent.runs(table);
            let old = parent.manifest().and_then(|manifest| manifest.runs_of(table).next());
            match (readers, old) {
                ([], _) | (_, None) => {}
                ([_], Some(only)) if erasure.is_empty() => runs.push(only.clone()),
                (_, Some(_)) => {
                    runs.push(self.rewrite(readers, table, erasure, &mut states, parent.commit() + 1, rng)?);
                }
            }
        }
        self.manifest(parent, &states, runs, facts, rng)
    }

    fn rewrite<R: CryptoRng + ?Sized>(
        &self,
        readers: &[RunReader],
        table: Table,
        erasure: &Erasure,
        states: &mut States,
        commit: u64,
        rng: &mut R,
    ) -> Result<RunRef, MasterError> {
        let writer = self.writer(table, rng)?;
        let mut refused = None;
        let merged = merge_runs(readers, writer, &mut |row| {
            if !is_erased(table, row, erasure)? {
                return Ok(true);
            }
            if let Err(e) = forget(table, row, states)? {
                refused.get_or_insert(e);
            }
            Ok(false)
        })?;
        match refused {
            None => Ok(merged),
            Some(e) => Err(of_commit(commit)(e)),
        }
    }

    /// Stages a commit with the same content whose keys are wrapped by `new`; the runs stay as they are. From then on the
    /// master is opened with `new`, older manifests with the key of their time.
    ///
    /// # Errors
    /// [`MasterError::Run`], [`MasterError::States`], [`MasterError::Full`].
    pub fn rewrap<R: CryptoRng + ?Sized>(
        &self,
        parent: &Master,
        new: &SiteKey,
        facts: GenerationFacts,
        rng: &mut R,
    ) -> Result<Manifest, MasterError> {
        let states = self.states(parent)?;
        let mut runs = parent
            .manifest()
            .map(|manifest| manifest.runs.clone())
            .unwrap_or_default();
        for run in &mut runs {
            let mut nonce = [0; 12];
            rng.fill_bytes(&mut nonce);
            let context = key_context(&run.name);
            let wrapped = rewrap_key(&self.keys.site, new, Purpose::Run, &context, &run.wrapped_key.0, nonce);
            let wrapped = wrapped.map_err(|source| RunError::Key {
                run: run.name.as_str().to_owned(),
                source,
            })?;
            run.wrapped_key = Hex(wrapped.to_vec());
        }
        let mut keys = self.keys.clone();
        keys.site = new.clone();
        let under_new = Staging {
            disk: self.disk,
            folder: self.folder,
            keys: &keys,
        };
        under_new.manifest(parent, &states, runs, facts, rng)
    }
}

fn is_erased(table: Table, row: &MergedRow<'_>, erasure: &Erasure) -> Result<bool, RunError> {
    let fault = |fault| row.error(fault);
    Ok(match table {
        Table::Current => erasure.entries.contains(&read_code_key(row.key()).map_err(fault)?),
        Table::History => erasure.versions.contains(&read_version_key(row.key()).map_err(fault)?),
        Table::Notices => erasure
            .entries
            .contains(&read_notice_key(row.key()).map_err(fault)?.code),
        Table::Numbers | Table::Identities => false,
    })
}

/// Takes an erased row out of roots and counts.
fn forget(table: Table, row: &MergedRow<'_>, states: &mut States) -> Result<Result<(), super::StateError>, RunError> {
    let fault = |fault| row.error(fault);
    Ok(match table {
        Table::Current => states.remove_entry(&decode_entry(row.key(), row.small(), row.body()).map_err(fault)?),
        Table::History => states.remove_version(&decode_version(row.key(), row.small(), row.body()).map_err(fault)?),
        Table::Notices => {
            states.counts.notices = states.counts.notices.saturating_sub(1);
            Ok(())
        }
        Table::Numbers | Table::Identities => Ok(()),
    })
}

fn replace_range(runs: &mut Vec<RunRef>, range: Range<usize>, merged: RunRef) {
    runs.truncate(range.start);
    runs.push(merged);
}
