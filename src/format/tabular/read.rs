//! The data of a CSV form, row by row, each as a record of the fixed form.
//!
//! A value that has no place there is replaced by bytes that give its finding: F003 where it cannot be decoded, F004 where it
//! is too long or of the wrong type, F006 where digits lack their width. So the decoder finds what it would find in a
//! fixed file.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::fault::TableFault;
use super::{named, type_of, wide_blank};
use crate::domain::party::{Encoding, FileKind};
use crate::format::exchange::Outcomes;
use crate::format::layout::{FieldType, Layout, RecordType, Slot};
use crate::text::gaiji::GaijiTable;
use crate::text::wide::{WideEncoding, WideFault};

/// What was found in the data as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFacts {
    /// Number of data rows.
    pub data_count: u32,
    /// SHA-256 of the data file, all of its bytes.
    pub data_sha256: [u8; 32],
    /// RES: input records by outcome.
    pub(super) outcomes: Option<[u32; 4]>,
}

/// One data row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableRecord<'r> {
    /// Number of the row, from 1.
    pub record_no: u32,
    /// Line in which it begins, the header line being the first: the `byte_offset` of its findings.
    pub line: u64,
    /// The record of the fixed form.
    pub bytes: &'r [u8],
}

/// Reads the data of a CSV form.
pub struct TableRecords<R> {
    reader: csv::Reader<Hashed<R>>,
    encoding: Encoding,
    kind: FileKind,
    columns: Vec<Slot>,
    /// The column of `item_no`, for type V.
    item_no: Option<usize>,
    row: csv::ByteRecord,
    blank: Vec<u8>,
    record: Vec<u8>,
    wide: Wide,
    /// Lines end with CR LF.
    has_cr: bool,
    count: u32,
}

impl<R: Read> TableRecords<R> {
    /// Reads the header line. `encoding` is that of the meta file: 1 is CP932, 2 is UTF-8, with or without BOM.
    ///
    /// # Errors
    /// [`TableFault::Read`], [`TableFault::Names`].
    pub fn new(reader: R, layout: &Layout, encoding: Encoding) -> Result<Self, TableFault> {
        let hashed = Hashed {
            reader,
            hasher: Sha256::new(),
        };
        // Rows end with LF alone here, so that positions are those of their first bytes; the CR before it is taken off.
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(hashed);
        let mut row = csv::ByteRecord::new();
        let is_there = reader.read_byte_record(&mut row).map_err(read_fault)?;
        let has_cr = row.iter().next_back().is_some_and(|last| last.ends_with(b"\r"));
        let names: Vec<&[u8]> = named(layout, RecordType::Data)
            .map(|field| field.name.as_bytes())
            .collect();
        let got = (0..row.len()).filter_map(|at| value(&row, at, has_cr));
        if !is_there || !got.eq(names.iter().copied()) {
            return Err(TableFault::Names);
        }
        let mut blank = vec![b' '; usize::try_from(layout.record_bytes()).unwrap_or_default()];
        if let Some(first) = blank.first_mut() {
            *first = RecordType::Data.byte();
        }
        Ok(Self {
            reader,
            encoding,
            kind: layout.kind(),
            columns: named(layout, RecordType::Data).map(|field| field.slot).collect(),
            item_no: names.iter().position(|name| *name == b"item_no"),
            row,
            record: blank.clone(),
            blank,
            wide: Wide::default(),
            has_cr,
            count: 0,
        })
    }

    /// The next row; `None` behind the last.
    ///
    /// # Errors
    /// [`TableFault`].
    pub fn next_record(&mut self) -> Result<Option<TableRecord<'_>>, TableFault> {
        if !self.reader.read_byte_record(&mut self.row).map_err(read_fault)? {
            return Ok(None);
        }
        let line = self.row.position().map_or(0, csv::Position::line);
        let (got, want) = (self.row.len(), self.columns.len());
        if got != want {
            return Err(TableFault::Columns { line, got, want });
        }
        let ends_with_cr = self.row.iter().next_back().is_some_and(|last| last.ends_with(b"\r"));
        if ends_with_cr != self.has_cr && !self.reader.is_done() {
            return Err(TableFault::LineEnd { line });
        }
        self.count = self.count.checked_add(1).ok_or(TableFault::TooMany)?;
        self.record.clear();
        self.record.extend_from_slice(&self.blank);
        let item_no = self.item_no.and_then(|at| self.row.get(at)).unwrap_or_default();
        for (at, slot) in self.columns.iter().enumerate() {
            let Some(text) = value(&self.row, at, ends_with_cr) else {
                continue;
            };
            let Some(field) = slot.cut_mut(&mut self.record) else {
                continue;
            };
            match type_of(slot.kind, item_no) {
                FieldType::Digits => put_digits(text, field),
                FieldType::Ascii | FieldType::Shown => put_ascii(text, field),
                FieldType::Wide => self.wide.put(text, self.encoding, field),
            }
        }
        Ok(Some(TableRecord {
            record_no: self.count,
            line,
            bytes: &self.record,
        }))
    }

    /// Reads all rows that are left and says what the whole is.
    ///
    /// # Errors
    /// [`TableFault`].
    pub fn facts(mut self, layout: &Layout) -> Result<TableFacts, TableFault> {
        let mut outcomes = match self.kind {
            FileKind::Res => Outcomes::new(layout).ok(),
            FileKind::Upd
            | FileKind::Ntf
            | FileKind::Ext
            | FileKind::Rcr
            | FileKind::Inq
            | FileKind::Prv
            | FileKind::Nrq
            | FileKind::Nrs => None,
        };
        while let Some(record) = self.next_record()? {
            if let Some(outcomes) = &mut outcomes {
                outcomes.count(record.bytes);
            }
        }
        Ok(TableFacts {
            data_count: self.count,
            data_sha256: self.reader.into_inner().hasher.finalize().into(),
            outcomes: outcomes.map(Outcomes::finish),
        })
    }
}

/// A field of a row; the CR before the line end is no part of the last one.
fn value(row: &csv::ByteRecord, at: usize, has_cr: bool) -> Option<&[u8]> {
    let field = row.get(at)?;
    let is_last = at + 1 == row.len();
    Some(if has_cr && is_last {
        field.strip_suffix(b"\r").unwrap_or(field)
    } else {
        field
    })
}

fn read_fault(error: csv::Error) -> TableFault {
    // With rows of any length and bytes of any kind nothing but the reader can fail.
    TableFault::Read(io::Error::from(error))
}

/// Type X: left, F004 where it is too long.
fn put_ascii(text: &[u8], field: &mut [u8]) {
    match field.get_mut(..text.len()) {
        Some(place) => place.copy_from_slice(text),
        None => field.fill(0x7F),
    }
}

/// Type 9: in its full width or blank. Another length is F006 where the bytes are ASCII, else F004.
fn put_digits(text: &[u8], field: &mut [u8]) {
    if text.is_empty() {
        return;
    }
    if text.len() == field.len() {
        field.copy_from_slice(text);
    } else if text.iter().all(|byte| (0x20..=0x7E).contains(byte)) {
        field.fill(b'-');
    } else {
        field.fill(0x7F);
    }
}

/// Room for the work on type N.
#[derive(Default)]
struct Wide {
    units: Vec<u8>,
    text: String,
}

impl Wide {
    /// Type N: the bytes in the encoding of the fixed form, padded. UTF-8 becomes UCS-2BE.
    fn put(&mut self, text: &[u8], encoding: Encoding, field: &mut [u8]) {
        self.units.clear();
        let is_text = match encoding {
            Encoding::Cp932 => {
                self.units.extend_from_slice(text);
                true
            }
            Encoding::Ucs2Be => std::str::from_utf8(text).is_ok_and(|text| {
                self.units.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
                true
            }),
        };
        self.text.clear();
        let read =
            WideEncoding::from(encoding).decode_wide(&self.units, &GaijiTable::none(), &mut self.text, &mut Vec::new());
        let (units, rest) = match (is_text, read) {
            (false, _) | (true, Err(WideFault::Undecodable { .. })) => (&[][..], undecodable(encoding)),
            (true, Err(WideFault::NotWide { .. } | WideFault::LeadingBlank)) => (&[][..], not_wide(encoding)),
            (true, Ok(_)) if self.units.len() > field.len() => (&[][..], not_wide(encoding)),
            (true, Ok(_)) => (self.units.as_slice(), wide_blank(encoding)),
        };
        let filled = units.iter().copied().chain(rest.into_iter().cycle());
        for (to, from) in field.iter_mut().zip(filled) {
            *to = from;
        }
    }
}

/// A pair that is no character (F003).
const fn undecodable(encoding: Encoding) -> [u8; 2] {
    match encoding {
        Encoding::Cp932 => [0xFF, 0xFF],
        Encoding::Ucs2Be => [0xD8, 0x00],
    }
}

/// A pair of half width (F004).
const fn not_wide(encoding: Encoding) -> [u8; 2] {
    match encoding {
        Encoding::Cp932 => *b"??",
        Encoding::Ucs2Be => [0x00, b'?'],
    }
}

/// Hashes what is read.
struct Hashed<R> {
    reader: R,
    hasher: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(buffer)?;
        self.hasher.update(buffer.get(..len).unwrap_or_default());
        Ok(len)
    }
}
