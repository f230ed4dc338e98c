//! Bytes of type 2 records to text, with the F findings of each field (rules 2.6 "F in a field", section 9).
//!
//! F003, F004 and F006 are found here; F005 (blank) needs the reason and is found with the code rules.

use crate::domain::finding::{Finding, Place};
use crate::domain::ids::PartyId;
use crate::domain::item::{Item, Kind};
use crate::domain::party::{Encoding, FileKind};
use crate::domain::row::Row;
use crate::format::exchange::{FieldFault, read_ascii, read_code, read_digits, read_wide};
use crate::format::layout::{FieldType, Layout, RecordType, Slot};
use crate::text::gaiji::GaijiTable;
use crate::text::mark::CellMark;

/// A field of an update record: one of the 28 items or one of the two old numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldRef {
    /// One of the 28 items.
    Item(Item),
    /// `old_my_number`.
    OldMyNumber,
    /// `old_jumin_code`.
    OldJuminCode,
}

/// Where the fields of a type 2 record lie, from the layout: offset and length in bytes within the record.
#[derive(Debug, Clone)]
pub struct FieldPlaces {
    /// By item, `None` where the layout has no such field.
    pub items: [Option<(u32, u32)>; 28],
    /// `old_my_number`.
    pub old_my_number: Option<(u32, u32)>,
    /// `old_jumin_code`.
    pub old_jumin_code: Option<(u32, u32)>,
}

impl FieldPlaces {
    /// The places that a layout gives to the fields of its data records.
    pub fn of(layout: &Layout) -> Self {
        let place = |slot: Slot| (slot.offset, slot.length);
        Self {
            items: Item::ALL.map(|item| layout.item_slot(item).map(place)),
            old_my_number: layout.slot(RecordType::Data, "old_my_number").map(place),
            old_jumin_code: layout.slot(RecordType::Data, "old_jumin_code").map(place),
        }
    }

    /// The place of a field in the file, for the record that starts at `record_offset`.
    pub fn place(&self, field: FieldRef, record_offset: u64) -> Option<Place> {
        let (offset, length) = match field {
            FieldRef::Item(item) => self.items.get(item.index()).copied().flatten(),
            FieldRef::OldMyNumber => self.old_my_number,
            FieldRef::OldJuminCode => self.old_jumin_code,
        }?;
        Some(Place {
            byte_offset: record_offset + u64::from(offset),
            byte_length: length,
        })
    }
}

/// A set of fields, as bits: items 1 to 28 in bits 0 to 27, `old_my_number` 28, `old_jumin_code` 29.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u32);

impl FieldSet {
    /// Adds a field.
    pub fn insert(&mut self, field: FieldRef) {
        self.0 |= 1 << Self::bit(field);
    }

    /// True where the field is in the set.
    pub fn contains(self, field: FieldRef) -> bool {
        self.0 >> Self::bit(field) & 1 == 1
    }

    fn bit(field: FieldRef) -> u32 {
        match field {
            FieldRef::Item(item) => u32::from(item.number()) - 1,
            FieldRef::OldMyNumber => 28,
            FieldRef::OldJuminCode => 29,
        }
    }
}

/// What a RES echoes of a record: the four fields as received, blank where they are not printable ASCII.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Echo {
    /// Item 1.
    pub jumin_code: String,
    /// Item 10.
    pub change_reason: String,
    /// Item 22.
    pub update_seq: String,
    /// Item 18.
    pub timestamp: String,
}

/// One type 2 record as text. Items with an F finding are blank in `row` and in `faulty`.
#[derive(Clone)]
pub struct DecodedRecord {
    /// Number of the record in its file, from 1.
    pub record_no: u32,
    /// Offset of the record from the start of the inbound file, in bytes.
    pub offset: u64,
    /// The 28 items; origin is the sender of the file.
    pub row: Row,
    /// `old_my_number`, empty if blank or faulty.
    pub old_my_number: String,
    /// `old_jumin_code`, empty if blank or faulty.
    pub old_jumin_code: String,
    /// Fields with an F003, F004 or F006 finding.
    pub faulty: FieldSet,
    /// Number of U+3013 in items 2, 7 and 25 as the sender's bytes have them, before the gaiji table.
    pub placeholders: [u16; 3],
    /// F003, F004 and F006 findings, at most one per field.
    pub findings: Vec<Finding>,
    /// What a RES echoes.
    pub echo: Echo,
}

/// Room for the text of a row at first: names, address and digits of nearly everybody, in UTF-8, while the fields
/// themselves are mostly padding.
const USUAL_TEXT_BYTES: usize = 448;

/// Reads the data records of one file. Its buffers serve all of them, so that a record allocates its row and no more.
pub struct Decoder<'a> {
    places: FieldPlaces,
    encoding: Encoding,
    gaiji: &'a GaijiTable,
    sender: PartyId,
    text: String,
    cells: Vec<CellMark>,
}

impl<'a> Decoder<'a> {
    /// A decoder for the files of `sender`, whose gaiji table is `gaiji`; `encoding` is that of the header.
    pub fn new(layout: &Layout, encoding: Encoding, gaiji: &'a GaijiTable, sender: PartyId) -> Self {
        Self {
            places: FieldPlaces::of(layout),
            encoding,
            gaiji,
            sender,
            text: String::new(),
            cells: Vec::new(),
        }
    }

    /// Where the fields lie.
    pub fn places(&self) -> &FieldPlaces {
        &self.places
    }

    /// Decodes one data record. `record_no` counts from 1, `offset` is where the record starts in the file, in bytes.
    ///
    /// The findings come in the order of a RES: code, then item number, fields without a number first.
    pub fn decode(&mut self, record: &[u8], record_no: u32, offset: u64) -> DecodedRecord {
        let mut decoded = DecodedRecord {
            record_no,
            offset,
            row: Row::with_capacity(self.sender, USUAL_TEXT_BYTES),
            old_my_number: String::new(),
            old_jumin_code: String::new(),
            faulty: FieldSet::default(),
            placeholders: [0; 3],
            findings: Vec::new(),
            echo: self.echo(record),
        };
        for item in Item::ALL {
            let Some(bytes) = self
                .places
                .items
                .get(item.index())
                .copied()
                .flatten()
                .and_then(|at| cut(record, at))
            else {
                continue;
            };
            if let Err(fault) = self.item(item, bytes, &mut decoded) {
                self.note(FieldRef::Item(item), fault, &mut decoded);
            }
        }
        for field in [FieldRef::OldMyNumber, FieldRef::OldJuminCode] {
            let place = match field {
                FieldRef::OldMyNumber => self.places.old_my_number,
                FieldRef::OldJuminCode => self.places.old_jumin_code,
                FieldRef::Item(_) => None,
            };
            let Some(bytes) = place.and_then(|at| cut(record, at)) else {
                continue;
            };
            match (read_code(bytes), field) {
                (Ok(text), FieldRef::OldMyNumber) => text.clone_into(&mut decoded.old_my_number),
                (Ok(text), FieldRef::OldJuminCode) => text.clone_into(&mut decoded.old_jumin_code),
                (Ok(_), FieldRef::Item(_)) => {}
                (Err(fault), _) => self.note(field, fault, &mut decoded),
            }
        }
        decoded.findings.sort_unstable();
        decoded
    }

    fn item(&mut self, item: Item, bytes: &[u8], decoded: &mut DecodedRecord) -> Result<(), FieldFault> {
        let row = item.row();
        match row.kind {
            Kind::Ascii if row.digits => set(decoded, item, read_code(bytes)?),
            Kind::Ascii => set(decoded, item, read_ascii(bytes)?),
            Kind::Digits => set(decoded, item, read_digits(bytes)?),
            Kind::Wide => {
                self.text.clear();
                self.cells.clear();
                let geta = read_wide(bytes, self.encoding, self.gaiji, &mut self.text, &mut self.cells)?;
                set(decoded, item, &self.text)?;
                if !self.cells.is_empty() {
                    decoded.row.add_cells(item, &self.cells);
                }
                let [name, address, surname] = &mut decoded.placeholders;
                if item == Item::KanjiName {
                    *name = geta;
                } else if item == Item::Address {
                    *address = geta;
                } else if item == Item::FormerSurnameKanji {
                    *surname = geta;
                }
                Ok(())
            }
        }
    }

    fn note(&self, field: FieldRef, fault: FieldFault, decoded: &mut DecodedRecord) {
        decoded.faulty.insert(field);
        decoded.findings.push(Finding {
            code: fault.code(),
            item: match field {
                FieldRef::Item(item) => Some(item.number()),
                FieldRef::OldMyNumber | FieldRef::OldJuminCode => None,
            },
            place: self.places.place(field, decoded.offset),
        });
    }

    fn echo(&self, record: &[u8]) -> Echo {
        let echo = |item: Item| {
            self.places
                .items
                .get(item.index())
                .copied()
                .flatten()
                .and_then(|at| cut(record, at))
                .filter(|bytes| bytes.iter().all(|b| (0x20..=0x7E).contains(b)))
                .and_then(|bytes| std::str::from_utf8(bytes).ok())
                .map(|text| text.trim_end_matches(' ').to_owned())
                .unwrap_or_default()
        };
        Echo {
            jumin_code: echo(Item::JuminCode),
            change_reason: echo(Item::ChangeReason),
            update_seq: echo(Item::UpdateSeq),
            timestamp: echo(Item::Timestamp),
        }
    }
}

/// Sets an item; a layout's records are too short for a row to overflow, so the fault cannot occur.
fn set(decoded: &mut DecodedRecord, item: Item, text: &str) -> Result<(), FieldFault> {
    if decoded.row.set(item, text) {
        Ok(())
    } else {
        Err(FieldFault::Undecodable)
    }
}

fn cut(record: &[u8], (offset, length): (u32, u32)) -> Option<&[u8]> {
    let start = usize::try_from(offset).ok()?;
    record.get(start..start.checked_add(usize::try_from(length).ok()?)?)
}

/// One field of a record of any kind, as text: for `open --as csv` and the like.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedText<'l> {
    /// Name of the field in the layout.
    pub name: &'l str,
    /// Its text without padding, or why it has none.
    pub text: Result<String, FieldFault>,
}

/// Printable ASCII as it stands, without the blanks behind it.
fn read_echo(bytes: &[u8]) -> Result<String, FieldFault> {
    let printable = bytes.iter().all(|b| matches!(b, b' '..=b'~'));
    match std::str::from_utf8(bytes) {
        Ok(text) if printable => Ok(text.trim_end_matches(' ').to_owned()),
        Ok(_) | Err(_) => read_ascii(bytes).map(str::to_owned),
    }
}

/// Reads all fields of one record, type and fillers left out, in the order of the layout.
///
/// A type V field is read in the type of the item that the record's own `item_no` names.
pub fn decode_named<'l>(
    layout: &'l Layout,
    record_type: RecordType,
    record: &[u8],
    encoding: Encoding,
    gaiji: &GaijiTable,
) -> Vec<NamedText<'l>> {
    let shown_wide = layout
        .slot(record_type, "item_no")
        .and_then(|slot| slot.cut(record))
        .and_then(|bytes| read_ascii(bytes).ok())
        .and_then(|text| text.parse().ok())
        .and_then(Item::from_number)
        .is_some_and(|item| item.row().kind == Kind::Wide);
    let mut named = Vec::new();
    for field in layout.fields(record_type) {
        if field.is_filler() || field.name == "record_type" {
            continue;
        }
        let bytes = field.slot.cut(record).unwrap_or_default();
        let digits = field.item.is_some_and(|item| item.row().digits);
        let text = match field.slot.kind {
            FieldType::Digits => read_digits(bytes).map(str::to_owned),
            // What a RES echoes was taken as it came: it may be anything that is printable.
            FieldType::Ascii if digits && layout.kind() != FileKind::Res => read_code(bytes).map(str::to_owned),
            // An echo is what the sender wrote, a blank before it included.
            FieldType::Ascii if field.item.is_some() && layout.kind() == FileKind::Res => read_echo(bytes),
            FieldType::Ascii => read_ascii(bytes).map(str::to_owned),
            FieldType::Shown if !shown_wide => read_ascii(bytes).map(str::to_owned),
            FieldType::Wide | FieldType::Shown => {
                let (mut text, mut cells) = (String::new(), Vec::new());
                read_wide(bytes, encoding, gaiji, &mut text, &mut cells).map(|_| text)
            }
        };
        named.push(NamedText {
            name: &field.name,
            text,
        });
    }
    named
}
