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
        let keys = codes.iter().copied().map(code_key).collect();
        let found = self.find(Table::Current, keys, Bodies::Read, |key, small, body| {
            decode_entry(key, small, body).map(|entry| (entry.code, entry))
        })?;
        Ok(found.into_iter().collect())
    }

    /// What the key groups tell of the codes that have an entry.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn entry_keys(&self, codes: &[JuminCode]) -> Result<BTreeMap<JuminCode, EntryKey>, MasterError> {
        let keys = codes.iter().copied().map(code_key).collect();
        let found = self.find(Table::Current, keys, Bodies::Skip, |key, small, _| {
            decode_entry_key(key, small).map(|entry| (entry.code, entry))
        })?;
        Ok(found.into_iter().collect())
    }

    /// First owners of the numbers that ever had one.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn owners(&self, numbers: &[MyNumber]) -> Result<BTreeMap<MyNumber, JuminCode>, MasterError> {
        let keys = numbers.iter().copied().map(number_key).collect();
        let found = self.find(Table::Numbers, keys, Bodies::Skip, |key, small, _| {
            Ok((read_number_key(key)?, read_code_key(small)?))
        })?;
        Ok(found.into_iter().collect())
    }

    /// Digests of those notices that were applied.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn notices(&self, keys: &[NoticeKey]) -> Result<BTreeMap<NoticeKey, NoticeDigest>, MasterError> {
        let keys = keys.iter().map(notice_key).collect();
        let found = self.find(Table::Notices, keys, Bodies::Skip, |key, small, _| {
            Ok((read_notice_key(key)?, read_notice_digest(small)?))
        })?;
        Ok(found.into_iter().collect())
    }

    /// What is known of the files with these digests.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn identities(&self, digests: &[[u8; 32]]) -> Result<BTreeMap<[u8; 32], Vec<u8>>, MasterError> {
        let found = self.find(Table::Identities, digests.to_vec(), Bodies::Skip, |key, small, _| {
            let digest = key.try_into().map_err(|_| RowFault::Value { field: "identity" })?;
            Ok((digest, small.to_vec()))
        })?;
        Ok(found.into_iter().collect())
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
        let mut runs = self.runs(table).iter().peekable();
        // The keys found, one behind the other: they ascend as those wanted do.
        let mut found: Vec<u8> = Vec::new();
        while let Some(run) = runs.next() {
            if wanted.is_empty() {
                break;
            }
            if runs.peek().is_none() {
                run.visit(&wanted, bodies, each)?;
                break;
            }
            found.clear();
            run.visit(&wanted, bodies, &mut |key, small, body| {
                found.extend_from_slice(key);
                each(key, small, body)
            })?;
            let mut had = found.chunks_exact(table.key_bytes()).peekable();
            wanted.retain(|(key, _)| had.next_if(|found| *found == key.as_ref()).is_none());
        }
        Ok(())
    }
}
