//! A file of the fixed form as CSV: the writers of answers make the fixed form, this makes its rows as they come.

use sha2::{Digest, Sha256};

use super::fault::TableFault;
use super::meta::TITLE;
use super::{named, type_of, wide_blank};
use crate::domain::party::Encoding;
use crate::format::exchange::hex;
use crate::format::layout::{FieldType, Layout, RecordType, Slot};

/// What is left once all bytes were given in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableEnd {
    /// The rest of the data.
    pub data: Vec<u8>,
    /// The meta file, to be written behind the data.
    pub meta: Vec<u8>,
}

/// Takes the bytes of one file of the fixed form without line ends, as the server makes them, and gives those of its CSV form:
/// in CP932 where the file's `text_encoding` is 1, else in UTF-8 without BOM; lines end with CR LF, and fields are quoted where
/// RFC 4180 asks for it.
pub struct TableWriter<'l> {
    layout: &'l Layout,
    encoding: Encoding,
    columns: Vec<Slot>,
    item_no: Option<Slot>,
    writer: csv::Writer<Vec<u8>>,
    row: csv::ByteRecord,
    hasher: Sha256,
    header: Vec<u8>,
    trailer: Vec<u8>,
    /// Bytes of a record that is not yet whole.
    rest: Vec<u8>,
    records: u64,
}

impl<'l> TableWriter<'l> {
    /// Begins; the first line are the names of the data fields. `encoding` is that of the file.
    ///
    /// # Errors
    /// None in practice: memory takes every row.
    pub fn new(layout: &'l Layout, encoding: Encoding) -> Result<Self, TableFault> {
        let mut writer = writer();
        let names = named(layout, RecordType::Data).map(|field| field.name.as_str());
        writer.write_record(names).map_err(write_fault)?;
        Ok(Self {
            layout,
            encoding,
            columns: named(layout, RecordType::Data).map(|field| field.slot).collect(),
            item_no: layout.slot(RecordType::Data, "item_no"),
            writer,
            row: csv::ByteRecord::new(),
            hasher: Sha256::new(),
            header: Vec::new(),
            trailer: Vec::new(),
            rest: Vec::new(),
            records: 0,
        })
    }

    /// Takes the next bytes of the fixed form, and gives the data that they make.
    ///
    /// # Errors
    /// [`TableFault::NotFixed`].
    pub fn update(&mut self, fixed: &[u8]) -> Result<Vec<u8>, TableFault> {
        let record_bytes = usize::try_from(self.layout.record_bytes()).unwrap_or(usize::MAX);
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(fixed);
        let mut left = bytes.as_slice();
        while let Some((record, behind)) = left.split_at_checked(record_bytes) {
            self.record(record)?;
            left = behind;
        }
        self.rest = left.to_vec();
        self.take()
    }

    fn record(&mut self, record: &[u8]) -> Result<(), TableFault> {
        self.records += 1;
        let fault = TableFault::NotFixed { record: self.records };
        let kind = RecordType::ALL
            .into_iter()
            .find(|kind| record.first() == Some(&kind.byte()));
        match kind {
            Some(RecordType::Header) if self.header.is_empty() => self.header = record.to_vec(),
            Some(RecordType::Data) => return self.data(record).ok_or(fault),
            Some(RecordType::Trailer) if self.trailer.is_empty() => self.trailer = record.to_vec(),
            Some(RecordType::End) => {}
            Some(RecordType::Header | RecordType::Trailer) | None => return Err(fault),
        }
        Ok(())
    }

    fn data(&mut self, record: &[u8]) -> Option<()> {
        self.row.clear();
        let item_no = self.item_no.and_then(|slot| slot.cut(record)).unwrap_or_default();
        for slot in &self.columns {
            let bytes = slot.cut(record)?;
            match type_of(slot.kind, item_no) {
                FieldType::Ascii | FieldType::Digits | FieldType::Shown => self.row.push_field(bytes.trim_ascii_end()),
                FieldType::Wide => {
                    let bytes = without_wide_blanks(bytes, self.encoding);
                    match self.encoding {
                        Encoding::Cp932 => self.row.push_field(bytes),
                        Encoding::Ucs2Be => {
                            let (pairs, _) = bytes.as_chunks::<2>();
                            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
                            self.row.push_field(String::from_utf16(&units).ok()?.as_bytes());
                        }
                    }
                }
            }
        }
        self.writer.write_byte_record(&self.row).ok()
    }

    /// The data written so far, hashed.
    fn take(&mut self) -> Result<Vec<u8>, TableFault> {
        let done = std::mem::replace(&mut self.writer, writer());
        let bytes = done
            .into_inner()
            .map_err(|why| TableFault::Read(std::io::Error::other(why.to_string())))?;
        self.hasher.update(&bytes);
        Ok(bytes)
    }

    /// Ends the file. The meta file has the header and trailer fields, `data_sha256` being the hash of the data as CSV.
    ///
    /// # Errors
    /// [`TableFault::NotFixed`] where header, trailer or the end of a record is missing.
    pub fn finish(mut self) -> Result<TableEnd, TableFault> {
        if self.header.is_empty() || self.trailer.is_empty() || !self.rest.is_empty() {
            return Err(TableFault::NotFixed { record: self.records });
        }
        let data = self.take()?;
        let hash = hex(&self.hasher.finalize());
        let mut meta = writer();
        meta.write_record(TITLE).map_err(write_fault)?;
        for (record, bytes) in [(RecordType::Header, &self.header), (RecordType::Trailer, &self.trailer)] {
            for field in named(self.layout, record) {
                let fixed = field.slot.cut(bytes).unwrap_or_default().trim_ascii_end();
                let value = if field.name == "data_sha256" {
                    hash.as_bytes()
                } else {
                    fixed
                };
                meta.write_record([field.name.as_bytes(), value]).map_err(write_fault)?;
            }
        }
        let meta = meta
            .into_inner()
            .map_err(|why| TableFault::Read(std::io::Error::other(why.to_string())))?;
        Ok(TableEnd { data, meta })
    }
}

fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Necessary)
        .has_headers(false)
        .from_writer(Vec::new())
}

fn write_fault(error: csv::Error) -> TableFault {
    TableFault::Read(std::io::Error::other(error))
}

/// The bytes before the U+3000 at the end.
fn without_wide_blanks(bytes: &[u8], encoding: Encoding) -> &[u8] {
    let blank = wide_blank(encoding);
    let mut rest = bytes;
    while let Some((before, last)) = rest.split_last_chunk::<2>() {
        if *last != blank {
            break;
        }
        rest = before;
    }
    rest
}
