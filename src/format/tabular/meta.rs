//! `NAME.meta.csv`: the header and trailer fields in two columns, written last. It proves that the data are whole, and its
//! SHA-256 is the identity of the file.

use sha2::{Digest, Sha256};

use super::read::TableFacts;
use super::{has_csv_form, named};
use crate::domain::party::FileKind;
use crate::format::exchange::{Ends, Envelope, FileFault, HashRule, Header};
use crate::format::layout::{FieldType, Layout, Layouts, RecordType, Slot};

/// Longest meta file that is read, in bytes.
pub const META_MAX_BYTES: usize = 64 << 10;
/// What stands in the first line.
pub(super) const TITLE: [&str; 2] = ["field", "value"];

/// A meta file that names a kind of file: header and trailer as records of the fixed form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    envelope: Envelope,
    header: Vec<u8>,
    trailer: Vec<u8>,
    sha256: [u8; 32],
}

/// A file in CSV form that is complete and sound by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedTable {
    /// The header.
    pub header: Header,
    /// Number of data rows.
    pub data_count: u32,
    /// SHA-256 of the data file.
    pub data_sha256: [u8; 32],
    /// The sums of the trailer, in the order of the layout.
    pub sums: Vec<u32>,
}

impl Meta {
    /// Reads a meta file: UTF-8 with or without BOM, RFC 4180, rows `field,value` in any order, a first row with these two
    /// words being their title. Digits may lack their zeros in front. A field that is missing is blank.
    ///
    /// # Errors
    /// `TooShort` where it is empty or over [`META_MAX_BYTES`], `NoHeader` where it is no such table, has a field twice or one
    /// that the kind does not have; then as [`Envelope::read`]. Places are those of the field in the record of the fixed form.
    pub fn read(bytes: &[u8], layouts: &Layouts) -> Result<Self, FileFault> {
        if bytes.len() > META_MAX_BYTES {
            return Err(FileFault::NoHeader);
        }
        let rows = rows(bytes).ok_or(FileFault::NoHeader)?;
        let kind = rows.iter().find(|(name, _)| name == "file_kind").map(|(_, kind)| kind);
        let kind = kind
            .and_then(|kind| FileKind::parse(kind.trim_end()))
            .filter(|kind| has_csv_form(*kind))
            .ok_or(FileFault::UnknownKind { at: 1 })?;
        let layout = layouts.get(kind);
        let mut header = blank(layout, RecordType::Header);
        let mut trailer = blank(layout, RecordType::Trailer);
        let mut seen: Vec<&str> = Vec::new();
        for (name, value) in &rows {
            if seen.contains(&name.as_str()) {
                return Err(FileFault::NoHeader);
            }
            seen.push(name);
            let of = |record| {
                named(layout, record)
                    .find(|field| field.name == *name)
                    .map(|field| field.slot)
            };
            if let Some(slot) = of(RecordType::Header) {
                put(slot, value, &mut header);
            } else if let Some(slot) = of(RecordType::Trailer) {
                put(slot, value, &mut trailer);
            } else {
                return Err(FileFault::NoHeader);
            }
        }
        let (envelope, _) = Envelope::read(&header, layouts)?;
        Ok(Self {
            envelope,
            header,
            trailer,
            sha256: Sha256::digest(bytes).into(),
        })
    }

    /// Kind, sender, serial and what else is needed before the content can be judged.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// SHA-256 of the meta file: the identity of the whole.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// Header, count, hash and sums against what was found in the data.
    ///
    /// # Errors
    /// `HeaderField`, `RecordCount`, `DataHash`, `Sum`, in this order (F002).
    pub fn prove(&self, layouts: &Layouts, facts: &TableFacts, hash_rule: HashRule) -> Result<ParsedTable, FileFault> {
        let ends = Ends {
            header: &self.header,
            trailer: &self.trailer,
            trailer_offset: 0,
            data_count: facts.data_count,
            data_sha256: Some(facts.data_sha256),
            outcomes: facts.outcomes.map(Ok),
        };
        let (header, sums) = ends.prove(layouts.get(self.envelope.kind), &self.envelope, hash_rule)?;
        Ok(ParsedTable {
            header,
            data_count: facts.data_count,
            data_sha256: facts.data_sha256,
            sums,
        })
    }
}

/// The rows, the title left out; `None` where there is another number of columns, or bytes that are no printable ASCII.
fn rows(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    let mut rows = Vec::new();
    for row in reader.byte_records() {
        let row = row.ok().filter(|row| row.len() == 2)?;
        let text = |at: usize| {
            let field = row.get(at)?;
            let is_ascii = field.iter().all(|byte| (0x20..=0x7E).contains(byte));
            std::str::from_utf8(field).ok().filter(|_| is_ascii).map(str::to_owned)
        };
        let row = (text(0)?, text(1)?);
        if !(rows.is_empty() && row.0 == TITLE[0] && row.1 == TITLE[1]) {
            rows.push(row);
        }
    }
    Some(rows)
}

fn blank(layout: &Layout, record: RecordType) -> Vec<u8> {
    let mut bytes = vec![b' '; usize::try_from(layout.record_bytes()).unwrap_or_default()];
    if let Some(first) = bytes.first_mut() {
        *first = record.byte();
    }
    bytes
}

/// Puts a value into its field; one that is too long leaves bytes there that no reader takes.
fn put(slot: Slot, value: &str, record: &mut [u8]) {
    let Some(field) = slot.cut_mut(record) else {
        return;
    };
    let is_number = slot.kind == FieldType::Digits && !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    let Some(open) = field.len().checked_sub(value.len()) else {
        field.fill(0x7F);
        return;
    };
    let start = if is_number { open } else { 0 };
    if is_number {
        field.fill(b'0');
    }
    for (to, from) in field.iter_mut().skip(start).zip(value.bytes()) {
        *to = from;
    }
}
