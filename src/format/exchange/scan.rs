//! A file read once, in pieces of any size: what [`ParsedFile`] finds in the whole bytes, and their SHA-256, while no
//! more than a record or two is held.
//!
//! The end mark and the last line end are known only at the end, so the last three bytes wait until more come.

use sha2::{Digest, Sha256};

use super::envelope::Envelope;
use super::fault::FileFault;
use super::frame::{Frame, LineEnd, complete_tail, without_mark};
use super::parsed::{HashRule, Outcomes, ParsedFile, Parts, has_hash, prove};
use crate::domain::party::FileKind;
use crate::format::layout::{Layouts, RecordType};

/// 1A 0D 0A is the longest thing that may be taken off a file's end.
const MARK_BYTES: usize = 3;
/// The mark, and the line end of the last record before it.
const TAIL_BYTES: usize = MARK_BYTES + 2;

/// Bytes that are looked at together.
const PIECE_BYTES: usize = 64 << 10;

/// Takes the plain bytes of one file in their order.
#[derive(Debug)]
pub struct FileScan<'l> {
    layouts: &'l Layouts,
    /// SHA-256 of all bytes, where it is wanted.
    hasher: Option<Sha256>,
    /// Whether the data records are hashed.
    hashes_data: bool,
    len_bytes: u64,
    /// The first bytes, until the envelope can be read.
    head: Vec<u8>,
    envelope: Option<Result<Envelope, FileFault>>,
    /// The last bytes seen, as many as tell whether the file is complete.
    tail: Vec<u8>,
    tail_bytes: usize,
    /// At most [`MARK_BYTES`] bytes that may be no content.
    held: Vec<u8>,
    framing: Option<Framing>,
}

/// What was found in a file, without its records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    len_bytes: u64,
    sha256: [u8; 32],
    envelope: Result<Envelope, FileFault>,
    complete: Result<(), FileFault>,
    content: Result<Parts, FileFault>,
}

impl Scan {
    /// Looks at a file that is at hand as a whole.
    pub fn of(bytes: &[u8], layouts: &Layouts) -> Self {
        let mut scan = FileScan::new(layouts);
        scan.update(bytes);
        scan.finish()
    }

    /// Length of the plain bytes.
    pub fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// SHA-256 of the plain bytes, all of them.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// As [`Envelope::read`].
    ///
    /// # Errors
    /// Those of [`Envelope::read`].
    pub fn envelope(&self) -> Result<Envelope, FileFault> {
        self.envelope
    }

    /// As [`is_complete`](super::is_complete) with the record length of the file's kind.
    ///
    /// # Errors
    /// `Incomplete`; where there is no envelope, its fault.
    pub fn complete(&self) -> Result<(), FileFault> {
        self.envelope.and(self.complete)
    }

    /// As [`ParsedFile::parse_complete`]. `layouts` are those of the scan.
    ///
    /// # Errors
    /// Those of [`ParsedFile::parse_complete`]; where there is no envelope, its fault.
    pub fn content(&self, layouts: &Layouts, hash_rule: HashRule) -> Result<ParsedFile, FileFault> {
        let envelope = self.envelope?;
        let parts = self.content.as_ref().map_err(|fault| *fault)?;
        prove(parts, layouts.get(envelope.kind), &envelope, hash_rule)
    }

    /// True where the trailer has a hash and the data records were not hashed.
    pub fn needs_data_sha256(&self, layouts: &Layouts) -> bool {
        match (&self.envelope, &self.content) {
            (Ok(envelope), Ok(parts)) => {
                parts.data_sha256.is_none() && has_hash(&parts.trailer, layouts.get(envelope.kind))
            }
            (Err(_), _) | (_, Err(_)) => false,
        }
    }

    /// As [`ParsedFile::parse`].
    ///
    /// # Errors
    /// Those of [`ParsedFile::parse`].
    pub fn parse(&self, layouts: &Layouts, hash_rule: HashRule) -> Result<ParsedFile, FileFault> {
        self.complete()?;
        self.content(layouts, hash_rule)
    }
}

impl<'l> FileScan<'l> {
    /// Begins a file. `layouts` are those in force.
    pub fn new(layouts: &'l Layouts) -> Self {
        Self {
            layouts,
            hasher: Some(Sha256::new()),
            hashes_data: true,
            len_bytes: 0,
            head: Vec::new(),
            envelope: None,
            tail: Vec::new(),
            tail_bytes: TAIL_BYTES,
            held: Vec::new(),
            framing: None,
        }
    }

    /// Begins a file whose own SHA-256 nobody asks for; [`Scan::sha256`] is then all zeros.
    pub fn without_sha256(layouts: &'l Layouts) -> Self {
        Self {
            hasher: None,
            ..Self::new(layouts)
        }
    }

    /// The same for a file whose trailer has no hash, as [`trailer_has_hash`] says before the file is read. Where it has one
    /// after all, [`Scan::needs_data_sha256`] says so, and the file must be scanned anew: here no hash would be right.
    #[must_use]
    pub fn without_data_sha256(self) -> Self {
        Self {
            hashes_data: false,
            ..self
        }
    }

    /// The envelope, once the header has passed; its fault, once there is one that more bytes cannot mend.
    pub fn envelope(&self) -> Option<Result<Envelope, FileFault>> {
        self.envelope
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        // Both hashes while a piece is in the processor's own memory.
        for piece in bytes.chunks(PIECE_BYTES) {
            self.piece(piece);
        }
    }

    fn piece(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.len_bytes = self.len_bytes.saturating_add(offset(bytes.len()));
        match &self.envelope {
            Some(Ok(_)) => self.body(bytes),
            Some(Err(_)) => {}
            None => {
                self.head.extend_from_slice(bytes);
                match Envelope::read(&self.head, self.layouts) {
                    // Not yet, then.
                    Err(FileFault::TooShort { .. }) => {}
                    Err(fault) => {
                        self.envelope = Some(Err(fault));
                        self.head = Vec::new();
                    }
                    Ok((envelope, layout)) => {
                        self.envelope = Some(Ok(envelope));
                        let record_bytes = usize::try_from(layout.record_bytes()).unwrap_or(usize::MAX);
                        self.tail_bytes = record_bytes.saturating_add(TAIL_BYTES);
                        self.framing = Some(Framing::new(
                            record_bytes,
                            self.layouts,
                            envelope.kind,
                            self.hashes_data,
                        ));
                        let head = std::mem::take(&mut self.head);
                        self.body(&head);
                    }
                }
            }
        }
    }

    /// Ends the file.
    pub fn finish(mut self) -> Scan {
        let too_short = FileFault::TooShort { got: self.len_bytes };
        let envelope = self.envelope.unwrap_or(Err(too_short));
        let record_bytes = self.tail_bytes.saturating_sub(TAIL_BYTES);
        let before_tail = self.len_bytes.saturating_sub(offset(self.tail.len()));
        let last = without_mark(&self.held).len();
        let content = match self.framing.take() {
            Some(mut framing) => {
                framing.take(self.held.get(..last).unwrap_or_default());
                framing.finish()
            }
            None => Err(too_short),
        };
        Scan {
            len_bytes: self.len_bytes,
            sha256: self.hasher.map(|hasher| hasher.finalize().into()).unwrap_or_default(),
            envelope,
            complete: envelope.and(complete_tail(&self.tail, before_tail, record_bytes)),
            content: envelope.and(content),
        }
    }

    /// Bytes of a file whose kind is known.
    fn body(&mut self, bytes: &[u8]) {
        if let Some(before) = bytes.len().checked_sub(self.tail_bytes) {
            self.tail.clear();
            self.tail.extend_from_slice(bytes.get(before..).unwrap_or_default());
        } else {
            self.tail.extend_from_slice(bytes);
            let before = self.tail.len().saturating_sub(self.tail_bytes);
            self.tail.drain(..before);
        }
        let Some(framing) = &mut self.framing else { return };
        let before_last = bytes.len().checked_sub(MARK_BYTES);
        if let Some((content, last)) = before_last.and_then(|at| bytes.split_at_checked(at)) {
            framing.take(&self.held);
            framing.take(content);
            self.held.clear();
            self.held.extend_from_slice(last);
        } else {
            self.held.extend_from_slice(bytes);
            let sure = self.held.len().saturating_sub(MARK_BYTES);
            framing.take(self.held.get(..sure).unwrap_or_default());
            self.held.drain(..sure);
        }
    }
}

/// Whether the trailer of a file has a hash, by its first bytes (header record and two more) and its last ones (three records are
/// enough); true where that cannot be told. Only a hint: nothing between them was looked at.
pub fn trailer_has_hash(first: &[u8], last: &[u8], layouts: &Layouts) -> bool {
    let Ok((_, layout)) = Envelope::read(first, layouts) else {
        return true;
    };
    let record_bytes = usize::try_from(layout.record_bytes()).unwrap_or(usize::MAX);
    let line_end = LineEnd::starting(first.get(record_bytes..).unwrap_or_default()).bytes();
    let content = LineEnd::strip(without_mark(last));
    let end = content
        .len()
        .checked_sub(record_bytes)
        .and_then(|end| end.checked_sub(line_end.len()));
    let trailer = end.and_then(|end| content.get(end.checked_sub(record_bytes)?..end));
    trailer.is_none_or(|trailer| trailer.first() != Some(&RecordType::Trailer.byte()) || has_hash(trailer, layout))
}

/// Finds the records of the content as [`Frame::detect`] does, and adds up what is proved of them.
#[derive(Debug)]
struct Framing {
    record_bytes: usize,
    /// Known once two bytes behind the first record are, or the end.
    line_end: Option<LineEnd>,
    /// The beginning of a record.
    begun: Vec<u8>,
    /// Where that stands in the file.
    at: u64,
    want: Option<RecordType>,
    data_count: u32,
    header: Vec<u8>,
    trailer: Vec<u8>,
    hasher: Option<Sha256>,
    outcomes: Option<Result<Outcomes, FileFault>>,
    fault: Option<FileFault>,
}

impl Framing {
    fn new(record_bytes: usize, layouts: &Layouts, kind: FileKind, hashes_data: bool) -> Self {
        Self {
            record_bytes,
            line_end: None,
            begun: Vec::new(),
            at: 0,
            want: Some(RecordType::Header),
            data_count: 0,
            header: Vec::new(),
            trailer: Vec::new(),
            hasher: hashes_data.then(Sha256::new),
            outcomes: (kind == FileKind::Res).then(|| Outcomes::new(layouts.get(kind))),
            fault: (record_bytes == 0).then_some(FileFault::Length { at: 0 }),
        }
    }

    /// Takes bytes that are content for certain.
    fn take(&mut self, bytes: &[u8]) {
        if self.fault.is_some() || bytes.is_empty() {
            return;
        }
        let mut rest = bytes;
        if !self.begun.is_empty() || self.line_end.is_none() {
            let whole = match self.line_end {
                Some(line_end) => self.record_bytes.saturating_add(line_end.bytes().len()),
                None => self.record_bytes.saturating_add(LineEnd::CrLf.bytes().len()),
            };
            let missing = whole.saturating_sub(self.begun.len());
            let (part, behind) = rest.split_at_checked(missing).unwrap_or((rest, b""));
            self.begun.extend_from_slice(part);
            rest = behind;
            if self.begun.len() < whole {
                return;
            }
            let mut begun = std::mem::take(&mut self.begun);
            let left = self.units(&begun);
            let used = begun.len().saturating_sub(left);
            begun.drain(..used);
            self.begun = begun;
            // Behind a first record without a line end two bytes of the second are left.
            if !self.begun.is_empty() {
                return self.take(rest);
            }
        }
        let left = self.units(rest);
        let from = rest.len().saturating_sub(left);
        self.begun.extend_from_slice(rest.get(from..).unwrap_or_default());
    }

    /// Takes as many whole records with their line ends as `bytes` begins with; the answer is the number of bytes left.
    fn units(&mut self, bytes: &[u8]) -> usize {
        if self.fault.is_some() {
            return 0;
        }
        let line_end = match (self.line_end, bytes.get(self.record_bytes..)) {
            (Some(known), _) => known,
            (None, Some(behind)) => {
                let found = LineEnd::starting(behind);
                self.line_end = Some(found);
                found
            }
            (None, None) => return bytes.len(),
        };
        let mut rest = bytes;
        while let Some((record, behind)) = rest.split_at_checked(self.record_bytes) {
            let len = line_end.bytes().len();
            let Some((end, next)) = behind.split_at_checked(len) else {
                break;
            };
            self.record(record);
            if self.fault.is_none() && end != line_end.bytes() {
                self.fault = Some(FileFault::LineEnd {
                    at: self.at.saturating_add(offset(self.record_bytes)),
                });
            }
            if self.fault.is_some() {
                return 0;
            }
            self.at = self
                .at
                .saturating_add(offset(self.record_bytes))
                .saturating_add(offset(len));
            rest = next;
        }
        rest.len()
    }

    /// One record, found in its place.
    fn record(&mut self, record: &[u8]) {
        let found = RecordType::ALL
            .into_iter()
            .find(|kind| record.first() == Some(&kind.byte()));
        let at = self.at;
        self.want = match (self.want, found) {
            (Some(RecordType::Header), Some(RecordType::Header)) => {
                record.clone_into(&mut self.header);
                Some(RecordType::Data)
            }
            (Some(RecordType::Data), Some(RecordType::Data)) => {
                match self.data_count.checked_add(1) {
                    Some(count) => self.data_count = count,
                    None => self.fault = Some(FileFault::Length { at }),
                }
                if let Some(hasher) = &mut self.hasher {
                    hasher.update(record);
                }
                if let Some(Ok(outcomes)) = &mut self.outcomes {
                    outcomes.count(record);
                }
                Some(RecordType::Data)
            }
            (Some(RecordType::Data), Some(RecordType::Trailer)) => {
                record.clone_into(&mut self.trailer);
                Some(RecordType::End)
            }
            (Some(RecordType::End), Some(RecordType::End)) => None,
            (want, _) => {
                self.fault = Some(FileFault::RecordType { at });
                want
            }
        };
    }

    /// Ends the content.
    fn finish(mut self) -> Result<Parts, FileFault> {
        let begun = std::mem::take(&mut self.begun);
        let left = self.units(&begun);
        let rest = begun.get(begun.len().saturating_sub(left)..).unwrap_or_default();
        if self.fault.is_none() && !rest.is_empty() {
            self.last(rest);
        }
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let line_end = self.line_end.ok_or(FileFault::Length { at: 0 })?;
        if self.want.is_some() {
            return Err(FileFault::Length { at: self.at });
        }
        Ok(Parts {
            frame: Frame::new(line_end, self.record_bytes, self.data_count),
            header: self.header,
            trailer: self.trailer,
            data_sha256: self.hasher.map(|hasher| hasher.finalize().into()),
            outcomes: self.outcomes.map(|counted| counted.map(Outcomes::finish)),
        })
    }

    /// What is left at the end: a record without its line end, or no record.
    fn last(&mut self, rest: &[u8]) {
        let at = self.at;
        let Some((record, behind)) = rest.split_at_checked(self.record_bytes) else {
            self.fault = Some(if self.line_end.is_none() {
                FileFault::Length { at: 0 }
            } else if LineEnd::strip(rest).is_empty() {
                FileFault::LineEnd { at }
            } else {
                FileFault::Length { at }
            });
            return;
        };
        self.record(record);
        let end = at.saturating_add(offset(self.record_bytes));
        if self.fault.is_none() && !behind.is_empty() {
            self.fault = Some(FileFault::LineEnd { at: end });
        }
        self.at = end;
    }
}

fn offset(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX)
}
