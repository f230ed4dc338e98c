//! The manifest of a commit and the pointer `CURRENT` (`docs/formats/manifest.md`).
//!
//! Text without personal data: numbers of rows, digests, and run keys wrapped by the site key. One value has one text:
//! a reader encodes what it parsed and refuses bytes that differ.

mod pointer;
mod text;

pub use pointer::{MAX_POINTER_BYTES, Pointer, PointerFault};
pub use text::{Hash32, Hex};

use serde::{Deserialize, Serialize};

use super::blockfile::Table;
pub use super::state::ExchangeState;
use crate::domain::instant::{BusinessDate, Instant};

/// Version of the format that is written and read.
pub const FORMAT_VERSION: u32 = 1;
/// Largest manifest that is read: some 20,000 runs, far more than any policy leaves standing.
pub const MAX_MANIFEST_BYTES: u64 = 16 << 20;
/// Greatest commit number: ten digits in the file name.
pub const MAX_COMMIT: u64 = 9_999_999_999;

/// Why bytes are not a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// Not the JSON of a manifest.
    #[error("not a manifest (line {line}, column {column})")]
    Syntax {
        /// 1-based.
        line: usize,
        /// 1-based.
        column: usize,
    },
    /// Written by another version of the program.
    #[error("manifest has format version {got}, this program reads {FORMAT_VERSION}")]
    Version {
        /// Version found.
        got: u32,
    },
    /// The same values, but not in the one form that they are written in.
    #[error("manifest is not in its canonical form")]
    Form,
    /// A value that no manifest can have.
    #[error("impossible value in the manifest's {field}")]
    Value {
        /// Name of the field.
        field: &'static str,
    },
}

/// What one commit left: the runs that make the register, and what proves their content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the format, [`FORMAT_VERSION`].
    pub format: u32,
    /// Number of the commit, from 1; every commit has its own.
    pub commit: u64,
    /// Number of the generation; rises by one with each commit that applied records, from 0 without any.
    pub generation: u64,
    /// Business date of the run that made it.
    #[serde(with = "text::date")]
    pub business_date: BusinessDate,
    /// Clock time of the commit.
    #[serde(with = "text::instant")]
    pub created_at: Instant,
    /// SHA-256 of the manifest before; `None` for commit 1.
    pub parent: Option<Hash32>,
    /// What the tables hold.
    pub counts: Counts,
    /// Digests of the content.
    pub roots: Roots,
    /// The secret states behind the roots, encrypted.
    pub root_states: SealedStates,
    /// Hash of the rule tables.
    pub rules: Hash32,
    /// Hash of the layouts.
    pub layouts: Hash32,
    /// Runs, in the order of the tables; within a table the oldest first.
    pub runs: Vec<RunRef>,
    /// What the exchange keeps from run to run.
    #[serde(default)]
    pub exchange: ExchangeState,
}

/// Rows of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Codes of residents.
    pub residents: u64,
    /// Codes of removed persons.
    pub removed: u64,
    /// Retired codes.
    pub retired: u64,
    /// Versions in the history.
    pub versions: u64,
    /// Numbers with an owner.
    pub numbers: u64,
    /// Applied notices.
    pub notices: u64,
}

impl Counts {
    /// Entries of the current table.
    pub fn entries(&self) -> u64 {
        self.residents.saturating_add(self.removed).saturating_add(self.retired)
    }
}

/// Logical roots: they do not depend on how the content lies in runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roots {
    /// Over the entries.
    pub current: Hash32,
    /// Over the versions.
    pub history: Hash32,
}

/// The multiset states of both roots, sealed under a key of their own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedStates {
    /// That key, wrapped by the site key.
    pub wrapped_key: Hex,
    /// FLOE message over the two states and the check value of the root key, 64 bytes each.
    pub sealed: Hex,
}

/// One run of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRef {
    /// The table.
    #[serde(with = "text::table")]
    pub table: Table,
    /// Name of the file without its ending.
    pub name: RunName,
    /// Number of rows.
    pub rows: u64,
    /// Length of the file in bytes: without it a cut file could not be told from a read past its end.
    pub len_bytes: u64,
    /// SHA-256 of the file.
    pub sha256: Hash32,
    /// Key of the run, wrapped by the site key.
    pub wrapped_key: Hex,
}

/// Random name of a run: 32 lower-case hexadecimal digits, so that nothing in a manifest can point outside its folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunName(String);

impl RunName {
    /// The name for 16 random bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(text::to_hex(&bytes))
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        let hex = name.len() == 32 && name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        hex.then(|| Self(name.to_owned()))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RunName {
    type Error = ManifestFault;
    fn try_from(name: String) -> Result<Self, ManifestFault> {
        Self::parse(&name).ok_or(ManifestFault::Value { field: "run name" })
    }
}

impl From<RunName> for String {
    fn from(name: RunName) -> Self {
        name.0
    }
}

impl Manifest {
    /// The bytes of the file: indented JSON in the order of the fields, and a line end.
    ///
    /// # Errors
    /// [`ManifestFault::Form`] should serialization fail, which no value of these types makes it.
    pub fn bytes(&self) -> Result<Vec<u8>, ManifestFault> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|_| ManifestFault::Form)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`ManifestFault`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestFault> {
        let syntax = |e: &serde_json::Error| ManifestFault::Syntax {
            line: e.line(),
            column: e.column(),
        };
        // The version first: another version's manifest has other fields.
        let head: Head = serde_json::from_slice(bytes).map_err(|e| syntax(&e))?;
        if head.format != FORMAT_VERSION {
            return Err(ManifestFault::Version { got: head.format });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|e| syntax(&e))?;
        if manifest.bytes()? != bytes {
            return Err(ManifestFault::Form);
        }
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestFault> {
        let mut names: Vec<&str> = self.runs.iter().map(|run| run.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        for (fits, field) in [
            ((1..=MAX_COMMIT).contains(&self.commit), "commit"),
            (self.generation <= self.commit, "generation"),
            (self.parent.is_none() == (self.commit == 1), "parent"),
            (self.runs.is_sorted_by_key(|run| run.table), "runs"),
            (names.len() == self.runs.len(), "run name"),
        ] {
            if !fits {
                return Err(ManifestFault::Value { field });
            }
        }
        Ok(())
    }

    /// The runs of a table, the oldest first.
    pub fn runs_of(&self, table: Table) -> impl DoubleEndedIterator<Item = &RunRef> {
        self.runs.iter().filter(move |run| run.table == table)
    }
}

/// The one field that every version has.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

#[cfg(test)]
mod tests;
