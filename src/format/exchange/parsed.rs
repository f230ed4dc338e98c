//! A whole file, proved: frame, header, count, hash and sums.

use sha2::{Digest, Sha256};

use super::envelope::Envelope;
use super::fault::FileFault;
use super::field::read_digits;
use super::frame::{Frame, is_complete};
use super::header::{Header, read_hash};
use crate::domain::party::FileKind;
use crate::format::layout::{Layout, Layouts, RecordType, Slot};

/// Whether the trailer's hash may be blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashRule {
    /// It must be there.
    Required,
    /// It may be blank: the party's profile says so.
    Optional,
}

/// What was found in a file that is complete and sound by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedFile {
    /// The header.
    pub header: Header,
    /// Where the records lie.
    pub frame: Frame,
    /// The sums of the trailer behind the hash, in the order of the layout.
    pub sums: Vec<u32>,
}

impl ParsedFile {
    /// Reads a file from its first byte to its last.
    ///
    /// # Errors
    /// The first fault in this order: cannot be read (H02), incomplete (H01), structure (F001), header, count, hash,
    /// sums (F002).
    pub fn parse(bytes: &[u8], layouts: &Layouts, hash_rule: HashRule) -> Result<Self, FileFault> {
        let (envelope, layout) = Envelope::read(bytes, layouts)?;
        is_complete(bytes, layout.record_bytes())?;
        Self::parse_complete(bytes, layout, &envelope, hash_rule)
    }

    /// Reads a file whose envelope was read and whose end was found before.
    ///
    /// # Errors
    /// As [`ParsedFile::parse`], from structure on.
    pub fn parse_complete(
        bytes: &[u8],
        layout: &Layout,
        envelope: &Envelope,
        hash_rule: HashRule,
    ) -> Result<Self, FileFault> {
        let frame = Frame::detect(bytes, layout.record_bytes())?;
        let mut outcomes = (envelope.kind == FileKind::Res).then(|| Outcomes::new(layout));
        if let Some(Ok(outcomes)) = &mut outcomes {
            for (_, _, record) in frame.data(bytes) {
                outcomes.count(record);
            }
        }
        let parts = Parts {
            frame,
            header: frame.header(bytes).to_owned(),
            trailer: frame.trailer(bytes).to_owned(),
            data_sha256: Some(data_hash(bytes, &frame)),
            outcomes: outcomes.map(|counted| counted.map(Outcomes::finish)),
        };
        prove(&parts, layout, envelope, hash_rule)
    }
}

/// What is left of a file once its records have passed: enough to prove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Where the records lie.
    pub(super) frame: Frame,
    /// The header record.
    pub(super) header: Vec<u8>,
    /// The trailer record.
    pub(super) trailer: Vec<u8>,
    /// SHA-256 over all data records without line ends; without it no hash is right, only a blank one may pass.
    pub(super) data_sha256: Option<[u8; 32]>,
    /// RES: input records by outcome.
    pub(super) outcomes: Option<Result<[u32; 4], FileFault>>,
}

/// Header, count, hash and sums of a file whose records were found.
pub(super) fn prove(
    parts: &Parts,
    layout: &Layout,
    envelope: &Envelope,
    hash_rule: HashRule,
) -> Result<ParsedFile, FileFault> {
    let frame = parts.frame;
    let ends = Ends {
        header: &parts.header,
        trailer: &parts.trailer,
        trailer_offset: frame.trailer_offset(),
        data_count: frame.data_count(),
        data_sha256: parts.data_sha256,
        outcomes: parts.outcomes,
    };
    let (header, sums) = ends.prove(layout, envelope, hash_rule)?;
    Ok(ParsedFile { header, frame, sums })
}

/// Header and trailer of a file of either form, with what was counted between them.
pub(crate) struct Ends<'a> {
    /// The header record.
    pub(crate) header: &'a [u8],
    /// The trailer record.
    pub(crate) trailer: &'a [u8],
    /// Where the trailer begins, in bytes; 0 in the CSV form.
    pub(crate) trailer_offset: u64,
    /// Number of data records.
    pub(crate) data_count: u32,
    /// SHA-256 that the trailer must name; without it no hash is right, only a blank one may pass.
    pub(crate) data_sha256: Option<[u8; 32]>,
    /// RES: input records by outcome.
    pub(crate) outcomes: Option<Result<[u32; 4], FileFault>>,
}

impl Ends<'_> {
    /// Tests header, count, hash and sums; the answer is the header and the sums of the trailer.
    ///
    /// # Errors
    /// The first fault, in this order.
    pub(crate) fn prove(
        &self,
        layout: &Layout,
        envelope: &Envelope,
        hash_rule: HashRule,
    ) -> Result<(Header, Vec<u32>), FileFault> {
        let header = Header::read(self.header, layout, envelope)?;
        let trailer = Trailer {
            record: self.trailer,
            offset: self.trailer_offset,
            layout,
        };
        let (count, at) = trailer.number("record_count")?;
        if count != Some(self.data_count) {
            return Err(FileFault::RecordCount {
                at,
                counted: self.data_count,
            });
        }
        let (sent, at) = trailer.cut("data_sha256")?;
        let blank = sent.iter().all(|b| *b == b' ');
        let proved = match hash_rule {
            HashRule::Optional if blank => true,
            HashRule::Optional | HashRule::Required => {
                self.data_sha256.is_some() && read_hash(sent) == self.data_sha256
            }
        };
        if !proved {
            return Err(FileFault::DataHash { at });
        }
        let names = sums(envelope.kind);
        let mut values = Vec::with_capacity(names.len());
        for name in names {
            let (value, at) = trailer.number(name)?;
            values.push(value.ok_or(FileFault::Sum { name, at })?);
        }
        if let Some(counted) = self.outcomes {
            for ((name, value), counted) in names.iter().zip(&values).zip(counted?) {
                if *value != counted {
                    let (_, at) = trailer.cut(name)?;
                    return Err(FileFault::Sum { name, at });
                }
            }
        }
        Ok((header, values))
    }
}

/// Names of the sums that the trailer of a kind has, in the order of the record.
pub const fn sums(kind: FileKind) -> &'static [&'static str] {
    match kind {
        FileKind::Upd | FileKind::Ntf | FileKind::Ext | FileKind::Inq | FileKind::Nrq | FileKind::Nrs => &[],
        FileKind::Res => &["applied", "applied_with_warning", "rejected", "duplicate"],
        FileKind::Rcr => &[
            "match",
            "diff",
            "only_in_extract",
            "only_in_master",
            "removed_in_master",
            "other_municipality",
            "code_retired",
            "person_mismatch",
            "duplicate_in_extract",
            "invalid",
        ],
        FileKind::Prv => &[
            "found",
            "removed",
            "not_found",
            "multiple",
            "too_many",
            "forward",
            "denied",
            "invalid",
        ],
    }
}

/// Whether the trailer has a hash that must be computed to be proved.
pub(super) fn has_hash(trailer: &[u8], layout: &Layout) -> bool {
    let slot = layout.slot(RecordType::Trailer, "data_sha256");
    let sent = slot.and_then(|slot| slot.cut(trailer)).unwrap_or_default();
    sent.iter().any(|b| *b != b' ')
}

fn data_hash(bytes: &[u8], frame: &Frame) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for (_, _, record) in frame.data(bytes) {
        hasher.update(record);
    }
    hasher.finalize().into()
}

/// Input records by outcome A, W, R, D. A RES has one record for each finding, those of one input record together, and
/// record number 0 is the file itself.
#[derive(Debug)]
pub(crate) struct Outcomes {
    number: Slot,
    outcome: Slot,
    counts: [u32; 4],
    last: Option<Vec<u8>>,
}

impl Outcomes {
    /// Nothing counted yet.
    ///
    /// # Errors
    /// `LayoutField`.
    pub(crate) fn new(layout: &Layout) -> Result<Self, FileFault> {
        let slot = |name: &'static str| {
            layout
                .slot(RecordType::Data, name)
                .ok_or(FileFault::LayoutField { name })
        };
        Ok(Self {
            number: slot("record_no")?,
            outcome: slot("outcome")?,
            counts: [0; 4],
            last: None,
        })
    }

    /// Counts the next data record.
    pub(crate) fn count(&mut self, record: &[u8]) {
        let number = self.number.cut(record);
        let is_file = number.is_some_and(|digits| digits.iter().all(|b| *b == b'0'));
        if is_file || number == self.last.as_deref() {
            return;
        }
        match (&mut self.last, number) {
            (Some(last), Some(number)) => number.clone_into(last),
            (last, number) => *last = number.map(<[u8]>::to_vec),
        }
        let [applied, warned, rejected, duplicate] = &mut self.counts;
        match self.outcome.cut(record) {
            Some(b"A") => *applied += 1,
            Some(b"W") => *warned += 1,
            Some(b"R") => *rejected += 1,
            Some(b"D") => *duplicate += 1,
            // Counted nowhere, so that the sums cannot add up to the records by accident.
            Some(_) | None => {}
        }
    }

    /// The four counts.
    pub(crate) fn finish(self) -> [u32; 4] {
        self.counts
    }
}

struct Trailer<'a> {
    record: &'a [u8],
    offset: u64,
    layout: &'a Layout,
}

impl<'a> Trailer<'a> {
    /// The bytes of a field and its place in the file.
    fn cut(&self, name: &'static str) -> Result<(&'a [u8], u64), FileFault> {
        let slot = self
            .layout
            .slot(RecordType::Trailer, name)
            .ok_or(FileFault::LayoutField { name })?;
        let bytes = slot.cut(self.record).unwrap_or_default();
        Ok((bytes, self.offset + u64::from(slot.offset)))
    }

    fn number(&self, name: &'static str) -> Result<(Option<u32>, u64), FileFault> {
        let (bytes, at) = self.cut(name)?;
        let number = read_digits(bytes).ok().and_then(|digits| digits.parse().ok());
        Ok((number, at))
    }
}
