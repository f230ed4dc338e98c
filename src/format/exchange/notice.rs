//! Writing of change notices (UPD) and extracts (EXT): what a municipality sends. For demonstrations and tests.

use super::writer::{ExchangeWriter, FileHead, WriteFault};
use crate::domain::item::{Item, Kind};
use crate::domain::row::Row;
use crate::format::layout::{Layout, RecordType, Slot};
use crate::text::gaiji::GaijiTable;
use crate::text::mark::CellMark;

/// The two fields of a notice that are no items; empty where blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OldNumbers<'a> {
    /// `old_my_number`.
    pub my_number: &'a str,
    /// `old_jumin_code`.
    pub jumin_code: &'a str,
}

/// Writes rows as the records of a UPD or EXT file, with the sender's own cells.
pub struct NoticeWriter<'l> {
    writer: ExchangeWriter<'l>,
    slots: [Option<Slot>; 28],
    old_my_number: Option<Slot>,
    old_jumin_code: Option<Slot>,
    gaiji: GaijiTable,
    cells: Vec<CellMark>,
}

impl<'l> NoticeWriter<'l> {
    /// Begins a file. `fields` are the header fields that only this kind has (EXT: `base_at`, `scope`); `gaiji` is the
    /// sender's table.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the header.
    pub fn new(
        layout: &'l Layout,
        head: &FileHead,
        fields: &[(&'static str, &str)],
        gaiji: GaijiTable,
    ) -> Result<Self, WriteFault> {
        Ok(Self {
            writer: ExchangeWriter::new(layout, head, fields)?,
            slots: Item::ALL.map(|item| layout.item_slot(item)),
            old_my_number: layout.slot(RecordType::Data, "old_my_number"),
            old_jumin_code: layout.slot(RecordType::Data, "old_jumin_code"),
            gaiji,
            cells: Vec::new(),
        })
    }

    /// Begins a file of a sender without a gaiji table: cells go out as they are.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the header.
    pub fn without_table(layout: &'l Layout, head: &FileHead) -> Result<Self, WriteFault> {
        Self::new(layout, head, &[], GaijiTable::none())
    }

    /// Takes the bytes written so far, as [`ExchangeWriter::take`].
    pub fn take(&mut self) -> Vec<u8> {
        self.writer.take()
    }

    /// Writes one record: the items that the layout has, in the stored form, and the old numbers.
    ///
    /// # Errors
    /// `TooLong`, `WrongType`, `TooMany`.
    pub fn put(&mut self, row: &Row, old: OldNumbers<'_>) -> Result<u32, WriteFault> {
        self.writer.begin();
        for (item, slot) in Item::ALL.into_iter().zip(self.slots) {
            let Some(slot) = slot else { continue };
            let text = row.get(item);
            match item.row().kind {
                Kind::Ascii => self.writer.ascii(slot, text)?,
                Kind::Digits => self.writer.digits(slot, text)?,
                Kind::Wide => {
                    self.cells.clear();
                    self.cells.extend(row.cells(item));
                    self.writer.wide(slot, text, &self.cells, true, &self.gaiji)?;
                }
            }
        }
        if let Some(slot) = self.old_my_number {
            self.writer.ascii(slot, old.my_number)?;
        }
        if let Some(slot) = self.old_jumin_code {
            self.writer.ascii(slot, old.jumin_code)?;
        }
        self.writer.end()
    }

    /// Ends the file and gives its bytes.
    ///
    /// # Errors
    /// As [`ExchangeWriter::finish`].
    pub fn finish(self) -> Result<Vec<u8>, WriteFault> {
        self.writer.finish(&[])
    }
}
