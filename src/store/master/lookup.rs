//! Batch lookups: the keys wanted are sorted, each run is asked for those that no newer run had, and only blocks that
//! may hold one are read.

use std::collections::BTreeMap;

use super::{Master, MasterError};
use crate::domain::entry::Entry;
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::notice::{NoticeDigest, NoticeKey};
use crate::format::blockfile::Table;
use crate::format::rowcode::{
    EntryKey, RowFault, code_key, decode_entry, decode_entry_key, last_version_key, notice_key, number_key,
    read_code_key, read_notice_digest, read_notice_key, read_number_key, version_key,
};
use crate::store::runs::{Bodies, Visitor};

impl Master {
    /// Entries of the codes that have one.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn entries(&self, codes: &[JuminCode]) -> Result<BTreeMap<JuminCode, Entry>, MasterError> {
        let mut found = BTreeMap::new();
        self.lookup(
            Table::Current,
            codes.iter().copied().map(code_key).collect(),
            Bodies::Read,
            &mut |key, small, body| {
                let entry = decode_entry(key, small, body)?;
                found.insert(entry.code, entry);
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// What the key groups tell of the codes that have an entry.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn entry_keys(&self, codes: &[JuminCode]) -> Result<BTreeMap<JuminCode, EntryKey>, MasterError> {
        let mut found = BTreeMap::new();
        self.lookup(
            Table::Current,
            codes.iter().copied().map(code_key).collect(),
            Bodies::Skip,
            &mut |key, small, _| {
                let entry = decode_entry_key(key, small)?;
                found.insert(entry.code, entry);
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// First owners of the numbers that ever had one.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn owners(&self, numbers: &[MyNumber]) -> Result<BTreeMap<MyNumber, JuminCode>, MasterError> {
        let mut found = BTreeMap::new();
        self.lookup(
            Table::Numbers,
            numbers.iter().copied().map(number_key).collect(),
            Bodies::Skip,
            &mut |key, small, _| {
                found.insert(read_number_key(key)?, read_code_key(small)?);
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// Digests of those notices that were applied.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn notices(&self, keys: &[NoticeKey]) -> Result<BTreeMap<NoticeKey, NoticeDigest>, MasterError> {
        let mut found = BTreeMap::new();
        self.lookup(
            Table::Notices,
            keys.iter().map(notice_key).collect(),
            Bodies::Skip,
            &mut |key, small, _| {
                found.insert(read_notice_key(key)?, read_notice_digest(small)?);
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// What is known of the files with these digests.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn identities(&self, digests: &[[u8; 32]]) -> Result<BTreeMap<[u8; 32], Vec<u8>>, MasterError> {
        let mut found = BTreeMap::new();
        self.lookup(
            Table::Identities,
            digests.to_vec(),
            Bodies::Skip,
            &mut |key, small, _| {
                let digest = key.try_into().map_err(|_| RowFault::Value { field: "identity" })?;
                found.insert(digest, small.to_vec());
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// What is known of the file with this digest.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn identity(&self, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, MasterError> {
        Ok(self.identities(&[*digest])?.remove(digest))
    }

    /// Visits all versions of the codes, run by run; a version that several runs have is visited once, in the newest.
    pub(in crate::store) fn visit_versions(
        &self,
        codes: &[JuminCode],
        bodies: Bodies,
        each: Visitor<'_>,
    ) -> Result<(), MasterError> {
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        codes.dedup();
        let ranges: Vec<_> = codes
            .into_iter()
            .map(|code| (version_key(code, 0), last_version_key(code)))
            .collect();
        // The history is append-only, so a version lies in one run; no newer row can hide it.
        for run in self.runs(Table::History) {
            run.visit(&ranges, bodies, each)?;
        }
        Ok(())
    }

    /// Visits the newest row of each key, in no particular order.
    pub(in crate::store) fn lookup<K: AsRef<[u8]> + Ord + Clone>(
        &self,
        table: Table,
        mut keys: Vec<K>,
        bodies: Bodies,
        each: Visitor<'_>,
    ) -> Result<(), MasterError> {
        keys.sort_unstable();
        keys.dedup();
        let mut wanted: Vec<(K, K)> = keys.into_iter().map(|key| (key.clone(), key)).collect();
        for run in self.runs(table) {
            if wanted.is_empty() {
                break;
            }
            let mut found: Vec<Vec<u8>> = Vec::new();
            run.visit(&wanted, bodies, &mut |key, small, body| {
                found.push(key.to_vec());
                each(key, small, body)
            })?;
            if !found.is_empty() {
                wanted.retain(|(key, _)| found.binary_search_by(|had| had.as_slice().cmp(key.as_ref())).is_err());
            }
        }
        Ok(())
    }
}
