//! Rows of notices that were judged before the others, kept until their keys are reached.

use super::{Means, spilled};
use crate::domain::entry::Entry;
use crate::domain::fault::Fault;
use crate::format::parcel::{Packer, Unpacker};
use crate::format::rowcode::{
    CODE_KEY_BYTES, NOTICE_KEY_BYTES, VERSION_KEY_BYTES, code_key, decode_entry, decode_version, encode_entry,
    encode_version, notice_key, read_notice_digest, read_notice_key, version_key,
};
use crate::pipeline::apply::Applied;
use crate::run::trouble;
use crate::store::generations::GenerationBuilder;
use crate::store::spill::{Sorted, SortedReader, Sorter};

/// Takes the rows.
pub(super) struct Kept<'s> {
    entries: Sorter<'s, CODE_KEY_BYTES>,
    versions: Sorter<'s, VERSION_KEY_BYTES>,
    notices: Sorter<'s, NOTICE_KEY_BYTES>,
}

impl<'s> Kept<'s> {
    pub(super) fn new(means: Means<'s>) -> Self {
        Self {
            entries: Sorter::new(means.spill, means.memory.other_bytes),
            versions: Sorter::new(means.spill, means.memory.other_bytes),
            notices: Sorter::new(means.spill, means.memory.other_bytes),
        }
    }

    pub(super) fn add(&mut self, applied: &Applied) -> Result<(), Fault> {
        let changes = &applied.changes;
        let (mut small, mut body, mut packer) = (Vec::new(), Vec::new(), Packer::default());
        for (entry, old) in changes.entries.iter().zip(&applied.before) {
            packer.clear();
            for entry in std::iter::once(entry).chain(old) {
                small.clear();
                body.clear();
                encode_entry(entry, &mut small, &mut body).map_err(trouble::bug)?;
                packer.bytes_of(&small);
                packer.bytes_of(&body);
            }
            self.entries
                .push(code_key(entry.code), packer.bytes())
                .map_err(spilled)?;
        }
        for version in &changes.versions {
            small.clear();
            body.clear();
            packer.clear();
            encode_version(version, &mut small, &mut body).map_err(trouble::bug)?;
            packer.bytes_of(&small);
            packer.bytes_of(&body);
            self.versions
                .push(version_key(version.code, version.number), packer.bytes())
                .map_err(spilled)?;
        }
        for (key, digest) in &changes.notices {
            let key = notice_key(key);
            let key = key.first_chunk().ok_or_else(|| trouble::bug("a key of a notice"))?;
            self.notices.push(*key, digest).map_err(spilled)?;
        }
        Ok(())
    }

    pub(super) fn sorted(self) -> KeptRows<'s> {
        KeptRows {
            entries: self.entries.sorted(),
            versions: self.versions.sorted(),
            notices: self.notices.sorted(),
        }
    }
}

/// The rows, sorted.
pub(super) struct KeptRows<'s> {
    entries: Sorted<'s, CODE_KEY_BYTES>,
    versions: Sorted<'s, VERSION_KEY_BYTES>,
    notices: Sorted<'s, NOTICE_KEY_BYTES>,
}

/// Gives them out, table by table, up to a key.
pub(super) struct Late<'k> {
    entries: SortedReader<'k, CODE_KEY_BYTES>,
    versions: SortedReader<'k, VERSION_KEY_BYTES>,
    notices: SortedReader<'k, NOTICE_KEY_BYTES>,
}

impl<'k> Late<'k> {
    pub(super) fn new(rows: &'k KeptRows<'_>) -> Result<Self, Fault> {
        Ok(Self {
            entries: rows.entries.read().map_err(spilled)?,
            versions: rows.versions.read().map_err(spilled)?,
            notices: rows.notices.read().map_err(spilled)?,
        })
    }

    /// Entries before `key`; all that are left without one.
    pub(super) fn entries(
        &mut self,
        key: Option<[u8; CODE_KEY_BYTES]>,
        builder: &mut GenerationBuilder<'_>,
    ) -> Result<(), Fault> {
        while let Some(next) = self.entries.peek().map_err(spilled)?
            && key.is_none_or(|key| next < key)
        {
            let Some((at, item)) = self.entries.next_item().map_err(spilled)? else {
                break;
            };
            let mut from = Unpacker::new(item);
            let new = entry_of(&at, &mut from).ok_or_else(damaged)?;
            let old = if from.is_empty() {
                None
            } else {
                Some(entry_of(&at, &mut from).ok_or_else(damaged)?)
            };
            builder.entry(&new, old.as_ref()).map_err(|e| trouble::master(&e))?;
        }
        Ok(())
    }

    /// Versions before `key`; all that are left without one.
    pub(super) fn versions(
        &mut self,
        key: Option<[u8; VERSION_KEY_BYTES]>,
        builder: &mut GenerationBuilder<'_>,
    ) -> Result<(), Fault> {
        while let Some(next) = self.versions.peek().map_err(spilled)?
            && key.is_none_or(|key| next < key)
        {
            let Some((at, item)) = self.versions.next_item().map_err(spilled)? else {
                break;
            };
            let mut from = Unpacker::new(item);
            let (Some(small), Some(body)) = (from.bytes_of(), from.bytes_of()) else {
                return Err(damaged());
            };
            let version = decode_version(&at, small, body).map_err(trouble::bug)?;
            builder.version(&version).map_err(|e| trouble::master(&e))?;
        }
        Ok(())
    }

    /// Notices before `key`; all that are left without one.
    pub(super) fn notices(&mut self, key: Option<&[u8]>, builder: &mut GenerationBuilder<'_>) -> Result<(), Fault> {
        while let Some(next) = self.notices.peek().map_err(spilled)?
            && key.is_none_or(|key| next.as_slice() < key)
        {
            let Some((at, item)) = self.notices.next_item().map_err(spilled)? else {
                break;
            };
            let key = read_notice_key(&at).map_err(trouble::bug)?;
            let digest = read_notice_digest(item).map_err(trouble::bug)?;
            builder.notice(&key, &digest).map_err(|e| trouble::master(&e))?;
        }
        Ok(())
    }
}

fn entry_of(key: &[u8], from: &mut Unpacker<'_>) -> Option<Entry> {
    let (small, body) = (from.bytes_of()?, from.bytes_of()?);
    decode_entry(key, small, body).ok()
}

fn damaged() -> Fault {
    trouble::bug("a packed entry")
}
