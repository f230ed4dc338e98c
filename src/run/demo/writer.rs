//! Bytes of UPD files: the exchange writer of `format`, and the damage that no writer makes.
//!
//! Faults below the level of items (a character cut in two, blanks of the wrong width) are put into the finished file,
//! and the trailer's hash is taken anew, so that only the record is at fault.

use sha2::{Digest, Sha256};

use super::desk::{Draft, Patch};
use super::tables::Municipality;
use super::{DemoFault, OWN};
use crate::domain::ids::PartyId;
use crate::domain::instant::Instant;
use crate::domain::item::Item;
use crate::domain::party::FileKind;
use crate::domain::row::Row;
use crate::format::exchange::{FileHead, LineEnd, NoticeWriter, OldNumbers};
use crate::format::layout::{Layout, RecordType};

/// What differs between the files of one town.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// Serial.
    pub(super) serial: u32,
    /// `created_at`.
    pub(super) created_at: Instant,
    /// `P` or `T`.
    pub(super) environment: u8,
}

/// Writes files in the default layout.
#[derive(Debug)]
pub(super) struct Press {
    layout: Layout,
    own: PartyId,
}

impl Press {
    /// Reads the layout.
    pub(super) fn new() -> Result<Self, DemoFault> {
        Ok(Self {
            layout: Layout::builtin(FileKind::Upd).map_err(|_| DemoFault::Layout)?,
            own: PartyId::parse(OWN).ok_or(DemoFault::Layout)?,
        })
    }

    /// Offset in the record and length of an item, in bytes.
    pub(super) fn place(&self, item: Item) -> Result<(usize, usize), DemoFault> {
        let slot = self.layout.item_slot(item).ok_or(DemoFault::Layout)?;
        Ok((slot.offset as usize, slot.length as usize))
    }

    /// Begins a town's file. Its rows hold its own cells as they are, so no gaiji table is needed.
    pub(super) fn begin(&self, town: &Municipality, head: Head) -> Result<NoticeWriter<'_>, DemoFault> {
        let head = FileHead {
            sender: town.party,
            receiver: self.own,
            serial: head.serial,
            created_at: head.created_at,
            environment: head.environment,
            encoding: town.encoding,
            reply_to: None,
            line_end: line_end(town),
        };
        NoticeWriter::without_table(&self.layout, &head).map_err(|_| DemoFault::Layout)
    }

    /// A whole file with its damage; `surplus` is added to the count of the trailer.
    pub(super) fn file(
        &self,
        town: &Municipality,
        head: Head,
        drafts: &[Draft],
        surplus: u32,
    ) -> Result<Vec<u8>, DemoFault> {
        let mut writer = self.begin(town, head)?;
        for draft in drafts {
            put(&mut writer, &draft.row, &draft.old_my_number, &draft.old_jumin_code)?;
        }
        let mut bytes = writer.finish().map_err(|_| DemoFault::Layout)?;
        let damaged = drafts.iter().any(|draft| !draft.patches.is_empty());
        if damaged || surplus > 0 {
            self.damage(town, drafts, surplus, &mut bytes)
                .ok_or(DemoFault::Layout)?;
        }
        Ok(bytes)
    }

    fn damage(&self, town: &Municipality, drafts: &[Draft], surplus: u32, bytes: &mut [u8]) -> Option<()> {
        let record_bytes = self.layout.record_bytes() as usize;
        let stride = record_bytes + line_end(town).bytes().len();
        let (_, rest) = bytes.split_at_mut_checked(stride)?;
        let (records, tail) = rest.split_at_mut_checked(drafts.len() * stride)?;
        let mut hash = Sha256::new();
        for (record, draft) in records.chunks_exact_mut(stride).zip(drafts) {
            let record = record.get_mut(..record_bytes)?;
            for Patch { offset, bytes } in &draft.patches {
                record.get_mut(*offset..offset + bytes.len())?.copy_from_slice(bytes);
            }
            hash.update(&*record);
        }
        let digits = hash.finalize();
        let hex = digits.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let place = self.layout.slot(RecordType::Trailer, "data_sha256")?;
        for (target, digit) in place.cut_mut(tail)?.iter_mut().zip(hex) {
            *target = if digit < 10 { b'0' + digit } else { b'a' + digit - 10 };
        }
        let count = u32::try_from(drafts.len()).ok()? + surplus;
        let place = self.layout.slot(RecordType::Trailer, "record_count")?;
        place.cut_mut(tail)?.copy_from_slice(format!("{count:08}").as_bytes());
        Some(())
    }
}

/// Writes one record.
pub(super) fn put(
    writer: &mut NoticeWriter<'_>,
    row: &Row,
    old_my_number: &str,
    old_jumin_code: &str,
) -> Result<(), DemoFault> {
    let old = OldNumbers {
        my_number: old_my_number,
        jumin_code: old_jumin_code,
    };
    writer.put(row, old).map(|_| ()).map_err(|_| DemoFault::Layout)
}

fn line_end(town: &Municipality) -> LineEnd {
    if town.crlf { LineEnd::CrLf } else { LineEnd::None }
}
