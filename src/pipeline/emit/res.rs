//! RES: what became of each notice of one file.

use super::OwnHead;
use crate::domain::code::Code;
use crate::domain::finding::{Place, row};
use crate::domain::item::Item;
use crate::domain::outcome::Outcome;
use crate::format::exchange::{ExchangeWriter, WriteFault};
use crate::format::layout::{Layout, Slot};
use crate::pipeline::apply::{Answer, Answered};
use crate::pipeline::decode::Echo;
use crate::text::gaiji::GaijiTable;

/// One record of a RES: a notice and one of its findings, or a notice without any.
#[derive(Clone, Copy)]
pub struct ResLine<'a> {
    /// Number of the notice in the inbound file, from 1; 0 for the file itself.
    pub record_no: u32,
    /// Items 1, 10, 22 and 18 as received.
    pub echo: &'a Echo,
    /// What became of the notice.
    pub outcome: Outcome,
    /// The finding.
    pub code: Option<Code>,
    /// Its item.
    pub item: Option<u8>,
    /// Its place, for F and C findings.
    pub place: Option<Place>,
    /// The generation that took the notice; `None` for R and D.
    pub generation: Option<u64>,
}

/// Places of the fields of a RES record.
struct Slots {
    record_no: Slot,
    outcome: Slot,
    code: Slot,
    item_no: Slot,
    byte_offset: Slot,
    byte_length: Slot,
    generation: Slot,
    message: Slot,
    jumin_code: Slot,
    change_reason: Slot,
    update_seq: Slot,
    timestamp: Slot,
}

/// A RES under construction.
///
/// Lines come in the order of a RES: record number, code, item number (blank first); those of one notice together.
pub struct ResWriter<'l> {
    writer: ExchangeWriter<'l>,
    slots: Slots,
    counts: [u32; 4],
    last: Option<u32>,
}

impl<'l> ResWriter<'l> {
    /// Begins a RES.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the header.
    pub fn new(layout: &'l Layout, head: &OwnHead) -> Result<Self, WriteFault> {
        let writer = ExchangeWriter::new(layout, &head.file_head(), &[])?;
        let item = |item: Item| {
            layout
                .item_slot(item)
                .ok_or(WriteFault::NoField { name: item.row().name })
        };
        let slots = Slots {
            record_no: writer.slot("record_no")?,
            outcome: writer.slot("outcome")?,
            code: writer.slot("code")?,
            item_no: writer.slot("item_no")?,
            byte_offset: writer.slot("byte_offset")?,
            byte_length: writer.slot("byte_length")?,
            generation: writer.slot("generation")?,
            message: writer.slot("message")?,
            jumin_code: item(Item::JuminCode)?,
            change_reason: item(Item::ChangeReason)?,
            update_seq: item(Item::UpdateSeq)?,
            timestamp: item(Item::Timestamp)?,
        };
        Ok(Self {
            writer,
            slots,
            counts: [0; 4],
            last: None,
        })
    }

    /// Writes one record. `message` is the short Japanese text of the finding, cut to its field by whole characters;
    /// empty without a finding.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the record.
    pub fn line(&mut self, line: &ResLine<'_>, message: &str) -> Result<(), WriteFault> {
        let slots = &self.slots;
        let writer = &mut self.writer;
        writer.begin();
        writer.number(slots.record_no, u64::from(line.record_no))?;
        writer.ascii(slots.jumin_code, &line.echo.jumin_code)?;
        writer.ascii(slots.change_reason, &line.echo.change_reason)?;
        writer.ascii(slots.update_seq, &line.echo.update_seq)?;
        writer.ascii(slots.timestamp, &line.echo.timestamp)?;
        writer.ascii(slots.outcome, line.outcome.letter().encode_utf8(&mut [0; 4]))?;
        writer.ascii(slots.code, line.code.map_or("", Code::as_str))?;
        if let Some(item) = line.item {
            writer.ascii(slots.item_no, &item.to_string())?;
        }
        if let Some(place) = line.place {
            writer.ascii(slots.byte_offset, &place.byte_offset.to_string())?;
            writer.ascii(slots.byte_length, &place.byte_length.to_string())?;
        }
        if let Some(generation) = line.generation {
            writer.ascii(slots.generation, &generation.to_string())?;
        }
        writer.wide(slots.message, message, &[], false, &GaijiTable::none())?;
        writer.end()?;
        if line.record_no != 0 && self.last != Some(line.record_no) {
            let [applied, warned, rejected, duplicate] = &mut self.counts;
            match line.outcome {
                Outcome::Applied => *applied += 1,
                Outcome::Warned => *warned += 1,
                Outcome::Rejected => *rejected += 1,
                Outcome::Duplicate => *duplicate += 1,
            }
        }
        self.last = Some(line.record_no);
        Ok(())
    }

    /// Writes all records of one notice: one for each finding, or one with a blank code. `generation` is the one that
    /// the run makes; only an applied notice names it.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the records.
    pub fn answered(&mut self, answered: &Answered, generation: Option<u64>) -> Result<(), WriteFault> {
        let blank = ResLine {
            record_no: answered.record_no,
            echo: &answered.echo,
            outcome: answered.outcome,
            code: None,
            item: None,
            place: None,
            generation: generation.filter(|_| answered.outcome.is_applied()),
        };
        if answered.findings.is_empty() {
            return self.line(&blank, "");
        }
        for finding in &answered.findings {
            let line = ResLine {
                code: Some(finding.code),
                item: finding.item,
                place: finding.place,
                ..blank
            };
            self.line(&line, row(finding.code).ja)?;
        }
        Ok(())
    }

    /// Notices so far with outcome A, W, R, D: the sums of the trailer.
    pub fn counts(&self) -> [u32; 4] {
        self.counts
    }

    /// Takes the bytes written so far; [`ResWriter::finish`] then gives the rest.
    pub fn take(&mut self) -> Vec<u8> {
        self.writer.take()
    }

    /// Takes the bytes written so far, once there are at least so many; [`ResWriter::finish`] then gives the rest.
    pub fn take_full(&mut self, least_bytes: usize) -> Option<Vec<u8>> {
        self.writer.take_full(least_bytes)
    }

    /// Ends the file and gives its bytes.
    ///
    /// # Errors
    /// `TooMany`.
    pub fn finish(self) -> Result<Vec<u8>, WriteFault> {
        self.writer.finish(&self.counts)
    }
}

/// The RES to a file whose records were judged. `generation` is the one that the run makes, `None` where it makes none.
///
/// # Errors
/// Any [`WriteFault`].
pub fn result_file(
    layout: &Layout,
    head: &OwnHead,
    answer: &Answer,
    generation: Option<u64>,
) -> Result<Vec<u8>, WriteFault> {
    let mut writer = ResWriter::new(layout, head)?;
    for answered in &answer.records {
        writer.answered(answered, generation)?;
    }
    writer.finish()
}

/// The RES to a file that was rejected as a whole: one record, `record_no` 0, all else blank, all sums 0.
///
/// # Errors
/// Any [`WriteFault`].
pub fn rejected_answer(layout: &Layout, head: &OwnHead, code: Code) -> Result<Vec<u8>, WriteFault> {
    let mut writer = ResWriter::new(layout, head)?;
    writer.line(
        &ResLine {
            record_no: 0,
            echo: &Echo::default(),
            outcome: Outcome::Rejected,
            code: Some(code),
            item: None,
            place: None,
            generation: None,
        },
        row(code).ja,
    )?;
    writer.finish()
}
