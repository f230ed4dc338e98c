//! The data records of a file whose frame is known, in chunks of whole records, from a reader that gives the plain bytes
//! from the first on.

use std::io::{self, Read};

use super::frame::Frame;

/// Cuts a stream into chunks of whole data records.
#[derive(Debug)]
pub struct RecordChunks<R> {
    reader: R,
    frame: Frame,
    /// Number of the next record.
    next: u32,
    /// True once the header is behind.
    begun: bool,
    most_records: u32,
}

/// Some data records that follow each other.
#[derive(Debug, Clone, Default)]
pub struct RecordChunk {
    first: u32,
    first_offset: u64,
    unit_bytes: usize,
    record_bytes: usize,
    bytes: Vec<u8>,
}

impl<R: Read> RecordChunks<R> {
    /// `reader` stands before the first byte of the file in which `frame` was found. A chunk has at most `chunk_bytes`
    /// bytes, or one record.
    pub fn new(reader: R, frame: Frame, chunk_bytes: usize) -> Self {
        let most = chunk_bytes.checked_div(frame.unit_bytes()).unwrap_or(1).max(1);
        Self {
            reader,
            frame,
            next: 1,
            begun: false,
            most_records: u32::try_from(most).unwrap_or(u32::MAX),
        }
    }

    /// The next chunk, in the memory of `old`, which the first time is an empty one. `None` behind the last data record;
    /// what follows it is not read.
    ///
    /// # Errors
    /// Those of the reader; `UnexpectedEof` where it has fewer bytes than the frame says.
    pub fn next(&mut self, old: RecordChunk) -> io::Result<Option<RecordChunk>> {
        let left = self.frame.data_count().saturating_sub(self.next.saturating_sub(1));
        let count = left.min(self.most_records);
        if count == 0 {
            return Ok(None);
        }
        let mut bytes = old.bytes;
        let unit_bytes = self.frame.unit_bytes();
        if !self.begun {
            bytes.resize(unit_bytes, 0);
            self.reader.read_exact(&mut bytes)?;
            self.begun = true;
        }
        let len = usize::try_from(count)
            .ok()
            .and_then(|count| count.checked_mul(unit_bytes))
            .ok_or(io::ErrorKind::OutOfMemory)?;
        bytes.resize(len, 0);
        self.reader.read_exact(&mut bytes)?;
        let chunk = RecordChunk {
            first: self.next,
            first_offset: self.frame.data_offset(self.next),
            unit_bytes,
            record_bytes: unit_bytes.saturating_sub(self.frame.line_end().bytes().len()),
            bytes,
        };
        self.next = self.next.saturating_add(count);
        Ok(Some(chunk))
    }

    /// The reader; behind the last chunk it stands before the trailer.
    pub fn reader_mut(&mut self) -> &mut R {
        &mut self.reader
    }
}

impl RecordChunk {
    /// The records: number in the file from 1, offset in the file in bytes, bytes without line end.
    pub fn records(&self) -> ChunkRecords<'_> {
        self.part(0, self.len())
    }

    /// Some of the records: `count` behind the first `skip` ones. Parts serve threads.
    pub fn part(&self, skip: usize, count: usize) -> ChunkRecords<'_> {
        let from = skip.saturating_mul(self.unit_bytes);
        let to = from
            .saturating_add(count.saturating_mul(self.unit_bytes))
            .min(self.bytes.len());
        ChunkRecords {
            number: self.first.saturating_add(u32::try_from(skip).unwrap_or(u32::MAX)),
            offset: self
                .first_offset
                .saturating_add(u64::try_from(from).unwrap_or(u64::MAX)),
            unit_bytes: self.unit_bytes,
            record_bytes: self.record_bytes,
            bytes: self.bytes.get(from..to).unwrap_or_default(),
        }
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.bytes.len().checked_div(self.unit_bytes).unwrap_or_default()
    }

    /// True for the chunk that a caller begins with; [`RecordChunks::next`] gives none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of the first record in the file, from 1.
    pub fn first_record_no(&self) -> u32 {
        self.first
    }
}

/// The records of a chunk, in order.
#[derive(Debug, Clone)]
pub struct ChunkRecords<'c> {
    number: u32,
    offset: u64,
    unit_bytes: usize,
    record_bytes: usize,
    bytes: &'c [u8],
}

impl<'c> Iterator for ChunkRecords<'c> {
    type Item = (u32, u64, &'c [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (unit, rest) = self
            .bytes
            .split_at_checked(self.unit_bytes)
            .filter(|(unit, _)| !unit.is_empty())?;
        let item = (self.number, self.offset, unit.get(..self.record_bytes)?);
        self.bytes = rest;
        self.number = self.number.saturating_add(1);
        self.offset = self
            .offset
            .saturating_add(u64::try_from(self.unit_bytes).unwrap_or(u64::MAX));
        Some(item)
    }
}
