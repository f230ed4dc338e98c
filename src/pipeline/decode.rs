//! Bytes of type 2 records to text, with the F findings of each field (rules 2.6 "F in a field", section 9).
//!
//! F003, F004 and F006 are found here; F005 (blank) needs the reason and is found with the code rules.

use std::ops::{Deref, Range};

use crate::domain::finding::{Finding, Place};
use crate::domain::ids::PartyId;
use crate::domain::item::{Item, Kind};
use crate::domain::party::{Encoding, FileKind};
use crate::domain::row::{Row, RowBuilder};
use crate::format::exchange::{
    FieldFault, is_printable, read_ascii, read_code, read_digits, read_wide, without_blanks,
};
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

    /// The places of the CSV form: every field stands at the start of its record, so that the offset of a place is what the
    /// record is given as its offset, the number of its line.
    #[must_use]
    pub fn by_line(self) -> Self {
        let at_start = |place: Option<(u32, u32)>| place.map(|(_, length)| (0, length));
        Self {
            items: self.items.map(at_start),
            old_my_number: at_start(self.old_my_number),
            old_jumin_code: at_start(self.old_jumin_code),
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

/// Printable ASCII of at most `N` bytes, held in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ShortText<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

impl<const N: usize> ShortText<N> {
    /// The text; `None` where it is longer than `N` bytes or anything else than printable ASCII.
    pub fn new(text: &str) -> Option<Self> {
        Self::of_bytes(text.as_bytes())
    }

    fn of_bytes(text: &[u8]) -> Option<Self> {
        let mut short = Self::default();
        short.bytes.get_mut(..text.len())?.copy_from_slice(text);
        short.len = u8::try_from(text.len()).ok()?;
        is_printable(text).then_some(short)
    }
}

impl<const N: usize> Default for ShortText<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> Deref for ShortText<N> {
    type Target = str;

    fn deref(&self) -> &str {
        let text = self.bytes.get(..usize::from(self.len)).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

/// What a RES echoes of a record: the four fields as received, blank where they are not printable ASCII. They have one
/// width in every layout.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Echo {
    /// Item 1.
    pub jumin_code: ShortText<11>,
    /// Item 10.
    pub change_reason: ShortText<2>,
    /// Item 22.
    pub update_seq: ShortText<6>,
    /// Item 18.
    pub timestamp: ShortText<17>,
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

impl DecodedRecord {
    /// A record with nothing in it, for [`Decoder::decode_into`].
    pub fn blank(sender: PartyId) -> Self {
        Self {
            record_no: 0,
            offset: 0,
            row: Row::blank(sender),
            old_my_number: String::new(),
            old_jumin_code: String::new(),
            faulty: FieldSet::default(),
            placeholders: [0; 3],
            findings: Vec::new(),
            echo: Echo::default(),
        }
    }
}

/// Room for the text of a row at first: names, address and digits of nearly everybody, in UTF-8, while the fields
/// themselves are mostly padding.
const USUAL_TEXT_BYTES: usize = 448;

/// How a field is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Type X that holds digits.
    Code,
    /// Type X.
    Ascii,
    /// Type 9.
    Digits,
    /// Type N; where its U+3013 are counted, in [`DecodedRecord::placeholders`].
    Wide(Option<usize>),
}

/// A field with its place in the record.
#[derive(Debug, Clone)]
struct Step {
    item: Item,
    reading: Reading,
    place: Range<usize>,
}

/// Reads the data records of one file. Its buffers serve all of them, so that a record allocates its row and no more.
pub struct Decoder<'a> {
    places: FieldPlaces,
    steps: Vec<Step>,
    old_numbers: [(FieldRef, Option<Range<usize>>); 2],
    echoes: [Option<Range<usize>>; 4],
    encoding: Encoding,
    gaiji: &'a GaijiTable,
    sender: PartyId,
    cells: Vec<CellMark>,
}

impl<'a> Decoder<'a> {
    /// A decoder for the files of `sender`, whose gaiji table is `gaiji`; `encoding` is that of the header.
    pub fn new(layout: &Layout, encoding: Encoding, gaiji: &'a GaijiTable, sender: PartyId) -> Self {
        let places = FieldPlaces::of(layout);
        let item = |item: Item| places.items.get(item.index()).copied().flatten().and_then(range);
        Self {
            steps: Item::ALL
                .into_iter()
                .filter_map(|of| {
                    Some(Step {
                        item: of,
                        reading: reading(of),
                        place: item(of)?,
                    })
                })
                .collect(),
            old_numbers: [
                (FieldRef::OldMyNumber, places.old_my_number.and_then(range)),
                (FieldRef::OldJuminCode, places.old_jumin_code.and_then(range)),
            ],
            echoes: [Item::JuminCode, Item::ChangeReason, Item::UpdateSeq, Item::Timestamp].map(item),
            places,
            encoding,
            gaiji,
            sender,
            cells: Vec::new(),
        }
    }

    /// For records of the CSV form (`format::tabular`): the `offset` of a record is then the number of its line, and so is the
    /// offset of every place; lengths stay those of the layout.
    #[must_use]
    pub fn by_line(self) -> Self {
        Self {
            places: self.places.by_line(),
            ..self
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
            row: Row::with_capacity(self.sender, USUAL_TEXT_BYTES),
            ..DecodedRecord::blank(self.sender)
        };
        self.decode_into(record, record_no, offset, &mut decoded);
        decoded
    }

    /// As [`Decoder::decode`], into the memory of a record that is no longer needed.
    pub fn decode_into(&mut self, record: &[u8], record_no: u32, offset: u64, decoded: &mut DecodedRecord) {
        decoded.record_no = record_no;
        decoded.offset = offset;
        decoded.old_my_number.clear();
        decoded.old_jumin_code.clear();
        decoded.faulty = FieldSet::default();
        decoded.placeholders = [0; 3];
        decoded.findings.clear();
        decoded.echo = self.echo(record);
        let old = std::mem::replace(&mut decoded.row, Row::blank(self.sender));
        let mut row = RowBuilder::reusing(old, self.sender);
        for Step { item, reading, place } in &self.steps {
            let Some(bytes) = record.get(place.clone()) else {
                continue;
            };
            let text = row.text_mut();
            let read = match reading {
                Reading::Code => read_code(bytes).map(|digits| text.push_str(digits)),
                Reading::Ascii => read_ascii(bytes).map(|ascii| text.push_str(ascii)),
                Reading::Digits => read_digits(bytes).map(|digits| text.push_str(digits)),
                Reading::Wide(counted) => {
                    self.cells.clear();
                    read_wide(bytes, self.encoding, self.gaiji, text, &mut self.cells).map(|geta| {
                        if let Some(count) = counted.and_then(|at| decoded.placeholders.get_mut(at)) {
                            *count = geta;
                        }
                    })
                }
            };
            let cells: &[CellMark] = match reading {
                Reading::Wide(_) => &self.cells,
                Reading::Code | Reading::Ascii | Reading::Digits => &[],
            };
            // A layout's records are too short for a row to overflow.
            let done = read.and_then(|()| row.close(*item, cells).then_some(()).ok_or(FieldFault::Undecodable));
            if let Err(fault) = done {
                self.note(FieldRef::Item(*item), fault, decoded);
            }
        }
        decoded.row = row.finish();
        for (field, place) in &self.old_numbers {
            let Some(bytes) = place.clone().and_then(|place| record.get(place)) else {
                continue;
            };
            match (read_code(bytes), field) {
                (Ok(text), FieldRef::OldMyNumber) => decoded.old_my_number.push_str(text),
                (Ok(text), FieldRef::OldJuminCode) => decoded.old_jumin_code.push_str(text),
                (Ok(_), FieldRef::Item(_)) => {}
                (Err(fault), _) => self.note(*field, fault, decoded),
            }
        }
        decoded.findings.sort_unstable();
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
        let [jumin_code, change_reason, update_seq, timestamp] = &self.echoes;
        Echo {
            jumin_code: short(record, jumin_code.as_ref()),
            change_reason: short(record, change_reason.as_ref()),
            update_seq: short(record, update_seq.as_ref()),
            timestamp: short(record, timestamp.as_ref()),
        }
    }
}

/// A field as it was received, without the blanks at its end; blank where it is not printable.
fn short<const N: usize>(record: &[u8], place: Option<&Range<usize>>) -> ShortText<N> {
    place
        .and_then(|place| record.get(place.clone()))
        .and_then(|bytes| ShortText::of_bytes(without_blanks(bytes)))
        .unwrap_or_default()
}

fn reading(item: Item) -> Reading {
    let row = item.row();
    match row.kind {
        Kind::Ascii if row.digits => Reading::Code,
        Kind::Ascii => Reading::Ascii,
        Kind::Digits => Reading::Digits,
        Kind::Wide => {
            let counted = [Item::KanjiName, Item::Address, Item::FormerSurnameKanji];
            Reading::Wide(counted.iter().position(|of| *of == item))
        }
    }
}

fn range((offset, length): (u32, u32)) -> Option<Range<usize>> {
    let start = usize::try_from(offset).ok()?;
    Some(start..start.checked_add(usize::try_from(length).ok()?)?)
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
