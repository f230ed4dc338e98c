//! The register as one generation holds it: lookups, scans, export (`docs/formats/run.md`, `docs/formats/manifest.md`).
//!
//! A [`Master`] is read-only and never changes: a commit makes another one. History and as-of reading are in
//! `store::history`, the making of generations in `store::generations`.

mod export;
mod lookup;
mod parts;
mod scan;

pub use export::{ExportError, export_history, export_retired, export_rows};
pub use scan::Scan;

use std::collections::BTreeMap;
use std::io;

use super::atomic::AtomicError;
use super::generations::{self, StateError};
use super::paths::StorePaths;
use super::runs::{RunError, RunReader};
use crate::format::blockfile::Table;
use crate::format::manifest::{Counts, Hash32, Manifest, ManifestFault, PointerFault};
use crate::ports::Disk;
use crate::seal::secret::{MultisetKey, SiteKey};

/// The keys that open the master.
#[derive(Debug, Clone)]
pub struct MasterKeys {
    /// Wraps the keys of the runs.
    pub site: SiteKey,
    /// Key of the logical roots; drawn once, never changed.
    pub root: MultisetKey,
}

/// Why the master could not be read or written. Every case names the object.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// A run.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The disk failed at another file.
    #[error("cannot {act} {file}")]
    Disk {
        /// Path below the store folder.
        file: String,
        /// What was tried.
        act: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A manifest or `CURRENT` could not be put in place.
    #[error(transparent)]
    Publish(#[from] AtomicError),
    /// The pointer is damaged.
    #[error("CURRENT: {source}")]
    Pointer {
        /// Why.
        source: PointerFault,
    },
    /// The pointer is lost.
    #[error("there are commits, but no CURRENT")]
    NoCurrent,
    /// A manifest is damaged.
    #[error("{file}: {source}")]
    Manifest {
        /// Path below the store folder.
        file: String,
        /// Why.
        source: ManifestFault,
    },
    /// A manifest is not the one that `CURRENT` or its successor names.
    #[error("{file}: its SHA-256 is not the one that its successor names")]
    ManifestHash {
        /// Path below the store folder.
        file: String,
    },
    /// A manifest that must be there is not.
    #[error("commit {commit} has no manifest")]
    NoManifest {
        /// Number of the commit.
        commit: u64,
    },
    /// No manifest is of this generation.
    #[error("generation {generation} is not kept")]
    NoGeneration {
        /// Number of the generation.
        generation: u64,
    },
    /// The states behind the roots cannot be used.
    #[error("commit {commit}: {source}")]
    States {
        /// Number of the commit.
        commit: u64,
        /// Why.
        source: StateError,
    },
    /// A row that is only ever added is there already.
    #[error("table {}: row {row} of the changes is there already", table.as_str())]
    Repeated {
        /// The table.
        table: Table,
        /// Index in the list of changes, 0-based.
        row: u64,
    },
    /// Contents that do not give the published root or counts.
    #[error("commit {commit}: {field} is not that of its rows")]
    Contents {
        /// Number of the commit.
        commit: u64,
        /// Which fact.
        field: &'static str,
    },
    /// More commits than a number has digits.
    #[error("no further commit can be numbered")]
    Full,
}

/// One generation of the register, open for reading; it may be read from several threads.
pub struct Master {
    manifest: Option<(Manifest, Hash32)>,
    /// Runs of each table, the newest first.
    runs: BTreeMap<Table, Vec<RunReader>>,
}

/// What a generation holds and how it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stats {
    /// Rows of each kind.
    pub counts: Counts,
    /// Runs, rows (superseded ones included) and bytes of each table.
    pub tables: Vec<TableStats>,
}

/// How a table lies on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableStats {
    /// The table.
    pub table: Table,
    /// Number of runs.
    pub runs: u64,
    /// Rows in them; a key that several runs have counts several times.
    pub rows: u64,
    /// Bytes of their files.
    pub len_bytes: u64,
}

impl Master {
    /// A register without any commit.
    pub fn empty() -> Self {
        Self {
            manifest: None,
            runs: BTreeMap::new(),
        }
    }

    /// Opens what `CURRENT` names; an empty register where there is no `CURRENT` yet.
    ///
    /// # Errors
    /// [`MasterError`].
    pub fn open(disk: &dyn Disk, paths: &StorePaths, keys: &MasterKeys) -> Result<Self, MasterError> {
        match generations::current(disk, paths)? {
            None => Ok(Self::empty()),
            Some(pointer) => {
                let manifest = generations::read_manifest(disk, paths, pointer.commit, Some(pointer.manifest))?;
                Self::at(disk, paths, keys, manifest)
            }
        }
    }

    /// Opens what a manifest names. [`generations::generations`] and [`generations::read_manifest`] give manifests.
    ///
    /// # Errors
    /// [`MasterError::Run`], [`MasterError::Manifest`].
    pub fn at(disk: &dyn Disk, paths: &StorePaths, keys: &MasterKeys, manifest: Manifest) -> Result<Self, MasterError> {
        let hash = generations::hash_of(&manifest)?;
        let mut runs: BTreeMap<Table, Vec<RunReader>> = BTreeMap::new();
        for run in manifest.runs.iter().rev() {
            let reader = RunReader::open(disk, &paths.runs(), run, &keys.site)?;
            runs.entry(run.table).or_default().push(reader);
        }
        Ok(Self {
            manifest: Some((manifest, hash)),
            runs,
        })
    }

    /// Opens the newest commit of a generation.
    ///
    /// # Errors
    /// [`MasterError::NoGeneration`] and those of [`Master::at`].
    pub fn at_generation(
        disk: &dyn Disk,
        paths: &StorePaths,
        keys: &MasterKeys,
        generation: u64,
    ) -> Result<Self, MasterError> {
        let manifest = generations::generation(disk, paths, generation)?;
        Self::at(disk, paths, keys, manifest)
    }

    /// The manifest; `None` for an empty register.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref().map(|(manifest, _)| manifest)
    }

    /// SHA-256 of the manifest's bytes.
    pub fn manifest_hash(&self) -> Option<Hash32> {
        self.manifest.as_ref().map(|(_, hash)| *hash)
    }

    /// Number of the commit; 0 for an empty register.
    pub fn commit(&self) -> u64 {
        self.manifest().map_or(0, |manifest| manifest.commit)
    }

    /// Number of the generation; 0 before any record was applied.
    pub fn generation(&self) -> u64 {
        self.manifest().map_or(0, |manifest| manifest.generation)
    }

    /// Runs of a table, the newest first.
    pub(super) fn runs(&self, table: Table) -> &[RunReader] {
        self.runs.get(&table).map_or(&[], Vec::as_slice)
    }

    /// Counts and sizes, from the manifest alone.
    pub fn stats(&self) -> Stats {
        let tables = Table::ALL.map(|table| {
            let mut stats = TableStats {
                table,
                runs: 0,
                rows: 0,
                len_bytes: 0,
            };
            for run in self.manifest().iter().flat_map(|manifest| manifest.runs_of(table)) {
                stats.runs += 1;
                stats.rows = stats.rows.saturating_add(run.rows);
                stats.len_bytes = stats.len_bytes.saturating_add(run.len_bytes);
            }
            stats
        });
        Stats {
            counts: self.manifest().map(|manifest| manifest.counts).unwrap_or_default(),
            tables: tables.to_vec(),
        }
    }
}
