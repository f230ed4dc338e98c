//! Walks over whole tables in the order of their keys, in memory for a few blocks per run.

use super::{Master, MasterError};
use crate::domain::entry::{Entry, Version};
use crate::format::blockfile::Table;
use crate::format::rowcode::{
    EntryKey, RowFault, VersionKey, decode_entry, decode_entry_key, decode_version, decode_version_key,
};
use crate::store::runs::{Bodies, Merge, MergedRow};

/// A walk over a table; ends after the first error.
pub struct Scan<'a, T> {
    merge: Option<Merge<'a>>,
    decode: fn(&MergedRow<'_>) -> Result<T, RowFault>,
}

impl<T> Iterator for Scan<'_, T> {
    type Item = Result<T, MasterError>;

    fn next(&mut self) -> Option<Self::Item> {
        let result = self.merge.as_mut()?.next_row().and_then(|row| {
            row.map(|row| (self.decode)(&row).map_err(|fault| row.error(fault)))
                .transpose()
        });
        if !matches!(result, Ok(Some(_))) {
            self.merge = None;
        }
        result.map_err(MasterError::Run).transpose()
    }
}

impl Master {
    /// All entries in the order of their codes.
    pub fn scan_current(&self) -> Scan<'_, Entry> {
        self.scan(Table::Current, Bodies::Read, |row| {
            decode_entry(row.key(), row.small(), row.body())
        })
    }

    /// What the key groups tell of all entries, in the order of their codes; bodies are neither read nor decrypted.
    pub fn scan_keys(&self) -> Scan<'_, EntryKey> {
        self.scan(Table::Current, Bodies::Skip, |row| {
            decode_entry_key(row.key(), row.small())
        })
    }

    /// All versions, by code and version number.
    pub fn scan_versions(&self) -> Scan<'_, Version> {
        self.scan(Table::History, Bodies::Read, |row| {
            decode_version(row.key(), row.small(), row.body())
        })
    }

    /// What the key groups tell of all versions, by code and version number.
    pub fn scan_version_keys(&self) -> Scan<'_, VersionKey> {
        self.scan(Table::History, Bodies::Skip, |row| {
            decode_version_key(row.key(), row.small())
        })
    }

    /// All identities: digest and what is known under it, in the order of the digests.
    pub fn scan_identities(&self) -> Scan<'_, ([u8; 32], Vec<u8>)> {
        self.scan(Table::Identities, Bodies::Skip, |row| {
            let digest = row
                .key()
                .try_into()
                .map_err(|_| RowFault::Value { field: "identity" })?;
            Ok((digest, row.small().to_vec()))
        })
    }

    fn scan<T>(&self, table: Table, bodies: Bodies, decode: fn(&MergedRow<'_>) -> Result<T, RowFault>) -> Scan<'_, T> {
        Scan {
            merge: Some(Merge::new(self.runs(table), bodies)),
            decode,
        }
    }
}
