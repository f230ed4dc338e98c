//! The types of a layout: record types, fields with their places, and the layout of one kind.

use std::fmt::Write as _;

use crate::domain::item::Item;
use crate::domain::party::FileKind;

/// Greatest length of a record in bytes. Above it a field's text could outgrow a row, which counts in 16 bits.
pub const MAX_RECORD_BYTES: u32 = 16_384;

/// Type of a record: its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordType {
    /// `1`: first, once.
    Header,
    /// `2`: any number.
    Data,
    /// `8`: once, after the data.
    Trailer,
    /// `9`: last, once.
    End,
}

impl RecordType {
    /// All types in the order of a file.
    pub const ALL: [Self; 4] = [Self::Header, Self::Data, Self::Trailer, Self::End];

    /// The first byte of the record.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Header => b'1',
            Self::Data => b'2',
            Self::Trailer => b'8',
            Self::End => b'9',
        }
    }

    /// The table of the layout file that describes it.
    pub const fn table(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Data => "data",
            Self::Trailer => "trailer",
            Self::End => "end",
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::Header => 0,
            Self::Data => 1,
            Self::Trailer => 2,
            Self::End => 3,
        }
    }
}

/// Type of a field, the letter of the layout file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// `X`: ASCII, left-justified, filled with spaces.
    Ascii,
    /// `9`: digits, right-justified, filled with zeros; all spaces is blank.
    Digits,
    /// `N`: wide characters, filled with U+3000, in the file's `text_encoding`.
    Wide,
    /// `V`: in the type of the item it shows, left-justified.
    Shown,
}

impl FieldType {
    /// The letter.
    pub const fn letter(self) -> &'static str {
        match self {
            Self::Ascii => "X",
            Self::Digits => "9",
            Self::Wide => "N",
            Self::Shown => "V",
        }
    }

    /// The type with this letter.
    pub fn from_letter(letter: &str) -> Option<Self> {
        [Self::Ascii, Self::Digits, Self::Wide, Self::Shown]
            .into_iter()
            .find(|kind| kind.letter() == letter)
    }
}

/// Where a field lies and how its bytes are to be read. Offsets count from the start of the record, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// First byte.
    pub offset: u32,
    /// Length in bytes.
    pub length: u32,
    /// Type.
    pub kind: FieldType,
}

impl Slot {
    /// The bytes of the field; `None` where the record is shorter.
    pub fn cut(self, record: &[u8]) -> Option<&[u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let length = usize::try_from(self.length).ok()?;
        record.get(start..start.checked_add(length)?)
    }

    /// The bytes of the field, to be written.
    pub fn cut_mut(self, record: &mut [u8]) -> Option<&mut [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let length = usize::try_from(self.length).ok()?;
        record.get_mut(start..start.checked_add(length)?)
    }
}

/// One field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name, lower case; unique within its record, `filler` excepted.
    pub name: String,
    /// Place and type.
    pub slot: Slot,
    /// The item it carries, if any.
    pub item: Option<Item>,
    /// What it means, for people.
    pub meaning: String,
}

impl Field {
    /// Name of the fields that hold nothing.
    pub const FILLER: &'static str = "filler";

    /// True for fields that hold nothing.
    pub fn is_filler(&self) -> bool {
        self.name == Self::FILLER
    }
}

/// The layout of one kind of file. Built by [`Layout::parse`] only, so that every layout keeps the rules of
/// `docs/formats/layouts.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub(super) kind: FileKind,
    pub(super) title: String,
    pub(super) direction: String,
    pub(super) format_version: String,
    pub(super) record_bytes: u32,
    pub(super) records: [Vec<Field>; 4],
}

impl Layout {
    /// The kind of file it describes.
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// What such a file holds, for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Who sends such a file to whom, for people.
    pub fn direction(&self) -> &str {
        &self.direction
    }

    /// The two digits of the header field `format_version`.
    pub fn format_version(&self) -> &str {
        &self.format_version
    }

    /// Length of every record in bytes, without its line end.
    pub fn record_bytes(&self) -> u32 {
        self.record_bytes
    }

    /// The fields of one record type, in their order.
    pub fn fields(&self, record: RecordType) -> &[Field] {
        self.records.get(record.index()).map(Vec::as_slice).unwrap_or_default()
    }

    /// The field with this name.
    pub fn field(&self, record: RecordType, name: &str) -> Option<&Field> {
        self.fields(record).iter().find(|field| field.name == name)
    }

    /// Place and type of the field with this name.
    pub fn slot(&self, record: RecordType, name: &str) -> Option<Slot> {
        self.field(record, name).map(|field| field.slot)
    }

    /// Place and type of the data field that carries an item.
    pub fn item_slot(&self, item: Item) -> Option<Slot> {
        self.fields(RecordType::Data)
            .iter()
            .find(|field| field.item == Some(item))
            .map(|field| field.slot)
    }

    /// Everything of the layout that decides about bytes, as lines of text: kind, version, length, then one line a
    /// field. Two layouts with one such text read and write the same files; words are left out.
    pub fn canonical_text(&self) -> String {
        let mut text = format!(
            "layout 1\nkind {}\nformat_version {}\nrecord_bytes {}\n",
            self.kind.as_str(),
            self.format_version,
            self.record_bytes
        );
        for record in RecordType::ALL {
            for field in self.fields(record) {
                let item = field.item.map_or(0, Item::number);
                // Writing to a String cannot fail.
                let _infallible = writeln!(
                    text,
                    "{} {} {} {} {} {item}",
                    char::from(record.byte()),
                    field.slot.offset,
                    field.slot.length,
                    field.slot.kind.letter(),
                    field.name,
                );
            }
        }
        text
    }
}
