//! NTF: every applied notice of a run, for the national body, in the order of processing.

use super::OwnHead;
use std::borrow::Cow;

use crate::domain::ids::{JuminCode, MyNumber, PartyId};
use crate::domain::item::{Item, Kind};
use crate::domain::row::Row;
use crate::format::exchange::{ExchangeWriter, WriteFault};
use crate::format::layout::{Layout, RecordType, Slot};
use crate::pipeline::apply::NtfRecord;
use crate::text::gaiji::GaijiTable;
use crate::text::mark::CellMark;

/// One applied notice.
#[derive(Clone, Copy)]
pub struct NtfLine<'a> {
    /// Where the notice stood, its items 10, 11, 18 and 22 and its old numbers.
    pub record: &'a NtfRecord,
    /// The row of the master after the notice.
    pub row: &'a Row,
    /// The generation that holds it.
    pub generation: u64,
}

/// The items whose text decides about others: the item that counts its U+3013.
const COUNTS: [(Item, Item); 3] = [
    (Item::KanjiName, Item::NameGaijiCount),
    (Item::Address, Item::AddressGaijiCount),
    (Item::FormerSurnameKanji, Item::FormerSurnameGaijiCount),
];

/// An NTF under construction.
pub struct NtfWriter<'l> {
    writer: ExchangeWriter<'l>,
    receiver: PartyId,
    gaiji: GaijiTable,
    items: [Option<Slot>; 28],
    old_my_number: Slot,
    old_jumin_code: Slot,
    source_sender: Slot,
    source_serial: Slot,
    source_record_no: Slot,
    generation: Slot,
    cells: Vec<CellMark>,
}

impl<'l> NtfWriter<'l> {
    /// Begins an NTF; `gaiji` is the receiver's table.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the header.
    pub fn new(layout: &'l Layout, head: &OwnHead, gaiji: GaijiTable) -> Result<Self, WriteFault> {
        let writer = ExchangeWriter::new(layout, &head.file_head(), &[])?;
        let items = Item::ALL.map(|item| layout.item_slot(item));
        let slot = |name: &'static str| layout.slot(RecordType::Data, name).ok_or(WriteFault::NoField { name });
        Ok(Self {
            receiver: head.receiver,
            gaiji,
            items,
            old_my_number: slot("old_my_number")?,
            old_jumin_code: slot("old_jumin_code")?,
            source_sender: slot("source_sender")?,
            source_serial: slot("source_serial")?,
            source_record_no: slot("source_record_no")?,
            generation: slot("generation")?,
            cells: Vec::new(),
            writer,
        })
    }

    /// Writes one notice. Characters that the receiver cannot get, cells of other parties above all, become U+3013;
    /// items 3, 8, 26 and 20 follow the text as it is written.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the record.
    pub fn line(&mut self, line: &NtfLine<'_>) -> Result<(), WriteFault> {
        self.writer.begin();
        let mut geta = [0u32; 3];
        for (item, slot) in Item::ALL.into_iter().zip(self.items) {
            let Some(slot) = slot else { continue };
            match item.row().kind {
                Kind::Wide => {
                    self.cells.clear();
                    self.cells.extend(line.row.cells(item));
                    let own = line.row.origin() == self.receiver;
                    let text = line.row.get(item);
                    let given = self.writer.wide(slot, text, &self.cells, own, &self.gaiji)?;
                    for ((counted, _), count) in COUNTS.into_iter().zip(&mut geta) {
                        if counted == item {
                            *count = given.geta;
                        }
                    }
                }
                Kind::Ascii => self.writer.ascii(slot, &value(line, item))?,
                Kind::Digits => self.writer.digits(slot, &value(line, item))?,
            }
        }
        for ((_, counter), count) in COUNTS.into_iter().zip(geta) {
            if let Some(slot) = self.slot(counter) {
                self.writer.number(slot, u64::from(count))?;
            }
        }
        if let Some(slot) = self.slot(Item::GaijiFlag) {
            let flag = if geta.iter().any(|count| *count > 0) { "1" } else { "0" };
            self.writer.ascii(slot, flag)?;
        }
        let old_my_number = line.record.old_my_number.map(MyNumber::text).unwrap_or_default();
        self.writer.ascii(self.old_my_number, &old_my_number)?;
        let old_jumin_code = line.record.old_jumin_code.map(JuminCode::text).unwrap_or_default();
        self.writer.ascii(self.old_jumin_code, &old_jumin_code)?;
        self.writer
            .ascii(self.source_sender, line.record.source.sender.as_str())?;
        self.writer
            .number(self.source_serial, u64::from(line.record.source.serial))?;
        self.writer
            .number(self.source_record_no, u64::from(line.record.source.record_no))?;
        self.writer.number(self.generation, line.generation)?;
        self.writer.end()?;
        Ok(())
    }

    /// Takes the bytes written so far, once there are at least so many; [`NtfWriter::finish`] then gives the rest.
    pub fn take_full(&mut self, least_bytes: usize) -> Option<Vec<u8>> {
        self.writer.take_full(least_bytes)
    }

    /// Ends the file and gives its bytes.
    ///
    /// # Errors
    /// `TooMany`.
    pub fn finish(self) -> Result<Vec<u8>, WriteFault> {
        self.writer.finish(&[])
    }

    fn slot(&self, item: Item) -> Option<Slot> {
        self.items.get(item.index()).copied().flatten()
    }
}

/// Items 10, 11, 18 and 22 are those of the notice (a 90 leaves the row's own alone), all others those of the master.
fn value<'a>(line: &'a NtfLine<'_>, item: Item) -> Cow<'a, str> {
    if item == Item::ChangeReason {
        Cow::Borrowed(line.record.reason.code())
    } else if item == Item::ChangeDate {
        Cow::Borrowed(line.record.change_date(line.row))
    } else if item == Item::Timestamp {
        Cow::Owned(line.record.timestamp.to_string())
    } else if item == Item::UpdateSeq {
        Cow::Owned(format!("{:06}", line.record.update_seq))
    } else {
        Cow::Borrowed(line.row.get(item))
    }
}
