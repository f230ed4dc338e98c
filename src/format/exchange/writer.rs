//! Writing of exchange files of any layout: header, records, trailer with count, hash and sums, end.

use sha2::{Digest, Sha256};

use super::field::geta_in;
use super::frame::LineEnd;
use super::parsed::sums;
use crate::domain::ids::PartyId;
use crate::domain::instant::Instant;
use crate::domain::item::{Item, Kind};
use crate::domain::party::{Encoding, FileKind};
use crate::format::layout::{FieldType, Layout, RecordType, Slot};
use crate::text::gaiji::GaijiTable;
use crate::text::mark::CellMark;
use crate::text::width::fit;

/// The header fields that every kind has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHead {
    /// Sender.
    pub sender: PartyId,
    /// Receiver.
    pub receiver: PartyId,
    /// Serial, from 1.
    pub serial: u32,
    /// When the file was made; for files of the server the business date at midnight.
    pub created_at: Instant,
    /// `P` or `T`.
    pub environment: u8,
    /// Encoding of the type N fields.
    pub encoding: Encoding,
    /// SHA-256 of the file that this one answers.
    pub reply_to: Option<[u8; 32]>,
    /// What stands behind every record. The server's own files have none.
    pub line_end: LineEnd,
}

/// Why a value cannot be written. No fault names the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriteFault {
    /// The layout has no such field.
    #[error("the layout has no field `{name}`")]
    NoField {
        /// Its name.
        name: &'static str,
    },
    /// A value is longer than its field.
    #[error("record {record_no}: a value is longer than the field at {offset}")]
    TooLong {
        /// Number of the data record, 0 for header and trailer.
        record_no: u32,
        /// Offset of the field in the record, in bytes.
        offset: u32,
    },
    /// A value that the field's type cannot hold.
    #[error("record {record_no}: a value does not go into the type of the field at {offset}")]
    WrongType {
        /// Number of the data record, 0 for header and trailer.
        record_no: u32,
        /// Offset of the field in the record, in bytes.
        offset: u32,
    },
    /// More records than can be counted.
    #[error("the file has more records than its trailer can count")]
    TooMany,
}

/// What became of a wide text that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Given {
    /// Number of U+3013 in the field as written.
    pub geta: u32,
    /// A character had to be replaced by U+3013.
    pub substituted: bool,
    /// Characters were cut off at the end.
    pub cut: bool,
}

/// A file under construction. Its bytes are decided by what is put in, in that order.
pub struct ExchangeWriter<'l> {
    layout: &'l Layout,
    encoding: Encoding,
    line_end: LineEnd,
    out: Vec<u8>,
    blank: Vec<u8>,
    record: Vec<u8>,
    count: u32,
    hasher: Sha256,
    scratch: Vec<u8>,
}

impl<'l> ExchangeWriter<'l> {
    /// Begins a file: writes its header. `fields` are the header fields that only this kind has.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the header.
    pub fn new(layout: &'l Layout, head: &FileHead, fields: &[(&'static str, &str)]) -> Result<Self, WriteFault> {
        let mut writer = Self {
            layout,
            encoding: head.encoding,
            line_end: head.line_end,
            out: Vec::new(),
            blank: blank(layout, RecordType::Data, head.encoding),
            record: blank(layout, RecordType::Header, head.encoding),
            count: 0,
            hasher: Sha256::new(),
            scratch: Vec::new(),
        };
        let hash = head.reply_to.map(|hash| hex(&hash)).unwrap_or_default();
        writer.named(RecordType::Header, "file_kind", layout.kind().as_str())?;
        writer.named(RecordType::Header, "format_version", layout.format_version())?;
        writer.named(RecordType::Header, "sender", head.sender.as_str())?;
        writer.named(RecordType::Header, "receiver", head.receiver.as_str())?;
        writer.named(RecordType::Header, "serial", &head.serial.to_string())?;
        writer.named(RecordType::Header, "created_at", &head.created_at.to_string())?;
        let environment = char::from(head.environment).to_string();
        writer.named(RecordType::Header, "environment", &environment)?;
        let encoding = match head.encoding {
            Encoding::Cp932 => "1",
            Encoding::Ucs2Be => "2",
        };
        writer.named(RecordType::Header, "text_encoding", encoding)?;
        writer.named(RecordType::Header, "reply_to_sha256", &hash)?;
        for (name, value) in fields {
            writer.named(RecordType::Header, name, value)?;
        }
        writer.append();
        Ok(writer)
    }

    /// Place of a data field, to be looked up once and used for every record.
    ///
    /// # Errors
    /// `NoField`.
    pub fn slot(&self, name: &'static str) -> Result<Slot, WriteFault> {
        self.layout
            .slot(RecordType::Data, name)
            .ok_or(WriteFault::NoField { name })
    }

    /// Begins a data record, all fields blank.
    pub fn begin(&mut self) {
        self.record.clear();
        self.record.extend_from_slice(&self.blank);
    }

    /// Puts ASCII text into a type X field.
    ///
    /// # Errors
    /// `TooLong`, `WrongType`.
    pub fn ascii(&mut self, slot: Slot, text: &str) -> Result<(), WriteFault> {
        if slot.kind == FieldType::Wide || !text.bytes().all(|b| (0x20..=0x7E).contains(&b)) {
            return Err(self.wrong_type(slot));
        }
        self.left(slot, text.as_bytes())
    }

    /// Puts digits into a type 9 field, with zeros in front; the empty text leaves it blank.
    ///
    /// # Errors
    /// `TooLong`, `WrongType`.
    pub fn digits(&mut self, slot: Slot, text: &str) -> Result<(), WriteFault> {
        if slot.kind != FieldType::Digits || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(self.wrong_type(slot));
        }
        if text.is_empty() {
            return Ok(());
        }
        let (too_long, wrong) = (self.too_long(slot), self.wrong_type(slot));
        let field = slot.cut_mut(&mut self.record).ok_or(wrong)?;
        let zeros = field.len().checked_sub(text.len()).ok_or(too_long)?;
        let (front, back) = field.split_at_mut_checked(zeros).ok_or(wrong)?;
        front.fill(b'0');
        back.copy_from_slice(text.as_bytes());
        Ok(())
    }

    /// Puts a number into a type 9 field.
    ///
    /// # Errors
    /// `TooLong`, `WrongType`.
    pub fn number(&mut self, slot: Slot, value: u64) -> Result<(), WriteFault> {
        self.digits(slot, &value.to_string())
    }

    /// Puts text into a type N field: cut by whole characters where it is too long, filled with U+3000.
    ///
    /// `own`: the cells are those of the receiver, whose table `gaiji` is; else they go out as U+3013.
    ///
    /// # Errors
    /// `WrongType`.
    pub fn wide(
        &mut self,
        slot: Slot,
        text: &str,
        cells: &[CellMark],
        own: bool,
        gaiji: &GaijiTable,
    ) -> Result<Given, WriteFault> {
        let wrong = self.wrong_type(slot);
        if !matches!(slot.kind, FieldType::Wide | FieldType::Shown) {
            return Err(wrong);
        }
        let field = slot.cut_mut(&mut self.record).ok_or(wrong)?;
        self.scratch.clear();
        let encoding = self.encoding.into();
        let outcome = fit(text, cells, own, gaiji, encoding, field.len(), &mut self.scratch);
        field.copy_from_slice(self.scratch.get(..field.len()).ok_or(wrong)?);
        Ok(Given {
            geta: geta_in(field, self.encoding),
            substituted: outcome.substituted > 0,
            cut: outcome.cut,
        })
    }

    /// Puts the value of an item into a type V field, in the type of that item.
    ///
    /// # Errors
    /// `TooLong`, `WrongType`.
    pub fn shown(
        &mut self,
        slot: Slot,
        item: Item,
        text: &str,
        cells: &[CellMark],
        own: bool,
        gaiji: &GaijiTable,
    ) -> Result<Given, WriteFault> {
        match item.row().kind {
            Kind::Ascii | Kind::Digits => self.ascii(slot, text).map(|()| Given::default()),
            Kind::Wide => self.wide(slot, text, cells, own, gaiji),
        }
    }

    /// Ends the data record and counts it. The answer is its number, from 1.
    ///
    /// # Errors
    /// `TooMany`.
    pub fn end(&mut self) -> Result<u32, WriteFault> {
        self.count = self.count.checked_add(1).ok_or(WriteFault::TooMany)?;
        self.hasher.update(&self.record);
        self.append();
        Ok(self.count)
    }

    /// Takes the bytes written so far, so that a large file need not be held as a whole. What
    /// [`ExchangeWriter::finish`] gives is then the rest.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    /// Takes the bytes written so far as [`ExchangeWriter::take`] does, once there are at least so many.
    pub fn take_full(&mut self, least_bytes: usize) -> Option<Vec<u8>> {
        let next = least_bytes + self.record.len();
        (self.out.len() >= least_bytes).then(|| std::mem::replace(&mut self.out, Vec::with_capacity(next)))
    }

    /// Ends the file: trailer with count, hash and the sums of its kind (in the order of [`sums`]), and end record.
    ///
    /// # Errors
    /// `TooMany` where the count is wider than its field; any other [`WriteFault`] on the trailer.
    pub fn finish(mut self, sum_values: &[u32]) -> Result<Vec<u8>, WriteFault> {
        let count = self.count;
        let hash: [u8; 32] = std::mem::take(&mut self.hasher).finalize().into();
        self.count = 0;
        self.record = blank(self.layout, RecordType::Trailer, self.encoding);
        self.named(RecordType::Trailer, "record_count", &count.to_string())
            .map_err(|_| WriteFault::TooMany)?;
        self.named(RecordType::Trailer, "data_sha256", &hex(&hash))?;
        for (name, value) in sums(self.layout.kind()).iter().zip(sum_values) {
            self.named(RecordType::Trailer, name, &value.to_string())?;
        }
        self.append();
        self.record = blank(self.layout, RecordType::End, self.encoding);
        self.append();
        Ok(self.out)
    }

    fn named(&mut self, record: RecordType, name: &'static str, text: &str) -> Result<(), WriteFault> {
        let slot = self.layout.slot(record, name).ok_or(WriteFault::NoField { name })?;
        match slot.kind {
            FieldType::Digits => self.digits(slot, text),
            FieldType::Ascii | FieldType::Wide | FieldType::Shown => self.ascii(slot, text),
        }
    }

    fn left(&mut self, slot: Slot, bytes: &[u8]) -> Result<(), WriteFault> {
        let (too_long, wrong) = (self.too_long(slot), self.wrong_type(slot));
        let field = slot.cut_mut(&mut self.record).ok_or(wrong)?;
        field.get_mut(..bytes.len()).ok_or(too_long)?.copy_from_slice(bytes);
        Ok(())
    }

    fn append(&mut self) {
        self.out.extend_from_slice(&self.record);
        self.out.extend_from_slice(self.line_end.bytes());
    }

    fn too_long(&self, slot: Slot) -> WriteFault {
        WriteFault::TooLong {
            record_no: self.count,
            offset: slot.offset,
        }
    }

    fn wrong_type(&self, slot: Slot) -> WriteFault {
        WriteFault::WrongType {
            record_no: self.count,
            offset: slot.offset,
        }
    }
}

/// A record of this type with its first byte and every other field blank.
fn blank(layout: &Layout, record: RecordType, encoding: Encoding) -> Vec<u8> {
    let wide: [u8; 2] = match encoding {
        Encoding::Cp932 => [0x81, 0x40],
        Encoding::Ucs2Be => [0x30, 0x00],
    };
    let mut bytes = vec![b' '; usize::try_from(layout.record_bytes()).unwrap_or_default()];
    for field in layout.fields(record) {
        match field.slot.kind {
            FieldType::Wide => {
                for pair in field.slot.cut_mut(&mut bytes).unwrap_or_default().chunks_exact_mut(2) {
                    pair.copy_from_slice(&wide);
                }
            }
            FieldType::Ascii | FieldType::Digits | FieldType::Shown => {}
        }
    }
    if let Some(first) = bytes.first_mut() {
        *first = record.byte();
    }
    bytes
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|nibble| DIGITS.get(usize::from(nibble)).copied().map(char::from))
        .collect()
}

/// True for the kinds whose answers and notices the server itself makes.
pub(super) const fn is_made_here(kind: FileKind) -> bool {
    match kind {
        FileKind::Res | FileKind::Ntf | FileKind::Rcr | FileKind::Prv | FileKind::Nrq => true,
        FileKind::Upd | FileKind::Ext | FileKind::Inq | FileKind::Nrs => false,
    }
}
