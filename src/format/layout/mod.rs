//! Layouts (レイアウト) of exchange files as data: which field of which record lies where.
//!
//! Implements `docs/formats/layouts.md`. The nine default layouts are TOML files of this repository, compiled in; a
//! site replaces any of them by its own file of the same form. Everything that reads or writes an exchange file takes
//! offsets and lengths from here and from nowhere else.

mod demand;
mod doc;
mod fault;
mod lint;
mod parse;

pub use doc::markdown;
pub use fault::{FaultKind, LayoutFault};

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
    kind: FileKind,
    title: String,
    direction: String,
    format_version: String,
    record_bytes: u32,
    records: [Vec<Field>; 4],
}

impl Layout {
    /// Reads and checks a layout file. `origin` is its name, for the words only.
    ///
    /// # Errors
    /// The first fault in the order of the text; [`Layout::lint`] gives all of them.
    pub fn parse(text: &str, origin: &str) -> Result<Self, LayoutFault> {
        let (layout, faults) = parse::parse(text, origin);
        match (layout, faults.into_iter().next()) {
            (Some(layout), None) => Ok(layout),
            (_, Some(fault)) => Err(fault),
            // A text without a layout always has a fault; this arm only keeps the match total.
            (None, None) => Err(LayoutFault {
                file: origin.to_owned(),
                line: 1,
                column: 1,
                kind: FaultKind::UnknownFileKind,
            }),
        }
    }

    /// All faults of a layout file, in the order of the text; empty where [`Layout::parse`] would take it.
    pub fn lint(text: &str, origin: &str) -> Vec<LayoutFault> {
        parse::parse(text, origin).1
    }

    /// The default layout of a kind.
    ///
    /// # Errors
    /// None in practice: a test reads all nine.
    pub fn builtin(kind: FileKind) -> Result<Self, LayoutFault> {
        Self::parse(builtin_text(kind), &format!("{}.toml", kind.as_str()))
    }

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

/// The layouts of all nine kinds, as one site uses them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layouts {
    by_kind: [Layout; 9],
}

impl Layouts {
    /// The default layouts.
    ///
    /// # Errors
    /// None in practice: a test reads all nine.
    pub fn builtin() -> Result<Self, LayoutFault> {
        Ok(Self {
            by_kind: [
                Layout::builtin(FileKind::Upd)?,
                Layout::builtin(FileKind::Res)?,
                Layout::builtin(FileKind::Ntf)?,
                Layout::builtin(FileKind::Ext)?,
                Layout::builtin(FileKind::Rcr)?,
                Layout::builtin(FileKind::Inq)?,
                Layout::builtin(FileKind::Prv)?,
                Layout::builtin(FileKind::Nrq)?,
                Layout::builtin(FileKind::Nrs)?,
            ],
        })
    }

    /// The layout of a kind.
    pub fn get(&self, kind: FileKind) -> &Layout {
        let [upd, res, ntf, ext, rcr, inq, prv, nrq, nrs] = &self.by_kind;
        match kind {
            FileKind::Upd => upd,
            FileKind::Res => res,
            FileKind::Ntf => ntf,
            FileKind::Ext => ext,
            FileKind::Rcr => rcr,
            FileKind::Inq => inq,
            FileKind::Prv => prv,
            FileKind::Nrq => nrq,
            FileKind::Nrs => nrs,
        }
    }

    /// Puts a site's own layout in place of the one of its kind.
    pub fn replace(&mut self, layout: Layout) {
        let kind = layout.kind();
        for place in &mut self.by_kind {
            if place.kind() == kind {
                *place = layout;
                return;
            }
        }
    }

    /// The canonical texts of all kinds, one after the other: the input of the layouts' hash in manifest and ledger.
    pub fn canonical_text(&self) -> String {
        self.by_kind.iter().map(Layout::canonical_text).collect()
    }
}

/// The text of a default layout file, e.g. to start a site's own from.
pub const fn builtin_text(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Upd => include_str!("../layouts/upd.toml"),
        FileKind::Res => include_str!("../layouts/res.toml"),
        FileKind::Ntf => include_str!("../layouts/ntf.toml"),
        FileKind::Ext => include_str!("../layouts/ext.toml"),
        FileKind::Rcr => include_str!("../layouts/rcr.toml"),
        FileKind::Inq => include_str!("../layouts/inq.toml"),
        FileKind::Prv => include_str!("../layouts/prv.toml"),
        FileKind::Nrq => include_str!("../layouts/nrq.toml"),
        FileKind::Nrs => include_str!("../layouts/nrs.toml"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_nine_default_layouts_are_read_and_have_no_fault() {
        for kind in FileKind::ALL {
            assert_eq!(Layout::lint(builtin_text(kind), "x"), [], "{}", kind.as_str());
            let layout = Layout::builtin(kind).unwrap();
            assert_eq!(layout.kind(), kind);
            assert_eq!(Layouts::builtin().unwrap().get(kind), &layout);
        }
    }

    #[test]
    fn fields_are_found_by_name_and_by_item() {
        let layout = Layout::builtin(FileKind::Upd).unwrap();
        let serial = Slot {
            offset: 22,
            length: 8,
            kind: FieldType::Digits,
        };
        assert_eq!(layout.record_bytes(), 1400);
        assert_eq!(layout.slot(RecordType::Header, "serial"), Some(serial));
        assert_eq!(layout.item_slot(Item::Address).unwrap().offset, 425);
        assert_eq!(layout.slot(RecordType::Data, "no_such"), None);
        let record = b"0123456789".repeat(140);
        assert_eq!(serial.cut(&record), Some(&b"23456789"[..]));
        assert_eq!(serial.cut(&record[..29]), None);
    }

    #[test]
    fn canonical_text_holds_what_decides_about_bytes_and_no_words() {
        let text = builtin_text(FileKind::Nrs);
        let layout = Layout::parse(text, "a").unwrap();
        let other_words = text.replace("spaces", "nothing");
        assert_ne!(other_words, text);
        assert_eq!(
            Layout::parse(&other_words, "b").unwrap().canonical_text(),
            layout.canonical_text()
        );
        let other_version = text.replace("format_version = \"01\"", "format_version = \"02\"");
        assert_ne!(
            Layout::parse(&other_version, "b").unwrap().canonical_text(),
            layout.canonical_text()
        );
        assert!(
            layout
                .canonical_text()
                .starts_with("layout 1\nkind NRS\nformat_version 01\nrecord_bytes 1300\n1 0 1 X record_type 0\n")
        );
    }

    #[test]
    fn a_site_replaces_one_kind() {
        let mut layouts = Layouts::builtin().unwrap();
        let own = builtin_text(FileKind::Inq).replace("format_version = \"01\"", "format_version = \"07\"");
        layouts.replace(Layout::parse(&own, "own.toml").unwrap());
        assert_eq!(layouts.get(FileKind::Inq).format_version(), "07");
        assert_eq!(layouts.get(FileKind::Upd).format_version(), "01");
        assert_ne!(layouts.canonical_text(), Layouts::builtin().unwrap().canonical_text());
    }
}
