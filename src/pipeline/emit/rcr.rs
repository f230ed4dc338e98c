//! RCR: what differs between an extract and the register (rules section 4).

use super::OwnHead;
use crate::domain::code::Code;
use crate::domain::difference::{Class, ReconcileFault, ReconcileSums};
use crate::domain::instant::Instant;
use crate::domain::item::Item;
use crate::format::exchange::{ExchangeWriter, WriteFault};
use crate::format::layout::{Layout, Slot};
use crate::pipeline::decode::ShortText;
use crate::pipeline::reconcile::{Difference, Outcome, Shown, What};
use crate::text::gaiji::GaijiTable;

/// What the header of an RCR says of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// `base_at` of the extract; `None`, blank, where a rejected extract has no real one.
    pub base_at: Option<Instant>,
    /// The generation compared with.
    pub generation: u64,
}

/// Why an RCR cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RcrFault {
    /// A value does not go into the layout.
    #[error(transparent)]
    Write(#[from] WriteFault),
    /// The classes do not add up to the records of the extract.
    #[error(transparent)]
    Sums(#[from] ReconcileFault),
}

/// Places of the fields of an RCR record.
struct Slots {
    class: Slot,
    record_no: Slot,
    jumin_code: Slot,
    item_no: Slot,
    extract_value: Slot,
    master_value: Slot,
    code: Slot,
}

/// An RCR under construction. Outcomes come in the order of `reconcile::outcome_key`; a MATCH is only counted.
pub struct RcrWriter<'l> {
    writer: ExchangeWriter<'l>,
    slots: Slots,
    head: OwnHead,
    gaiji: GaijiTable,
    sums: ReconcileSums,
}

impl<'l> RcrWriter<'l> {
    /// Begins an RCR; `gaiji` is the receiver's table.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the header.
    pub fn new(layout: &'l Layout, head: &OwnHead, compared: Compared, gaiji: GaijiTable) -> Result<Self, WriteFault> {
        let base_at = compared.base_at.map(|base_at| base_at.to_string()).unwrap_or_default();
        let fields = [
            ("base_at", base_at.as_str()),
            ("generation", &compared.generation.to_string()),
        ];
        let writer = ExchangeWriter::new(layout, &head.file_head(), &fields)?;
        let jumin_code = layout.item_slot(Item::JuminCode).ok_or(WriteFault::NoField {
            name: Item::JuminCode.row().name,
        })?;
        let slots = Slots {
            class: writer.slot("class")?,
            record_no: writer.slot("record_no")?,
            jumin_code,
            item_no: writer.slot("item_no")?,
            extract_value: writer.slot("extract_value")?,
            master_value: writer.slot("master_value")?,
            code: writer.slot("code")?,
        };
        Ok(Self {
            writer,
            slots,
            head: *head,
            gaiji,
            sums: ReconcileSums::default(),
        })
    }

    /// Counts an outcome and writes its records: none for a MATCH, one for each item or finding, else one.
    ///
    /// # Errors
    /// Any [`WriteFault`] on the records.
    pub fn outcome(&mut self, outcome: &Outcome) -> Result<(), WriteFault> {
        self.sums.count(outcome.sum());
        match &outcome.what {
            What::Match => Ok(()),
            What::Person(class, _) => {
                self.begin(*class, outcome)?;
                self.end()
            }
            What::Items(items) => items.iter().try_for_each(|difference| self.item(outcome, difference)),
            What::Invalid(findings) => findings
                .iter()
                .try_for_each(|finding| self.finding(outcome, finding.code, finding.item)),
        }
    }

    /// Counts records that equal the register, so that they need not be sorted.
    pub fn matched(&mut self, matches: u64) {
        let mut counts = self.sums.counts();
        if let Some(count) = counts.first_mut() {
            *count = count.saturating_add(matches);
        }
        self.sums = ReconcileSums::from_counts(counts);
    }

    fn begin(&mut self, class: Class, outcome: &Outcome) -> Result<(), WriteFault> {
        self.writer.begin();
        self.writer.number(self.slots.class, u64::from(class.number()))?;
        self.writer.number(self.slots.record_no, u64::from(outcome.record_no))?;
        self.writer.ascii(self.slots.jumin_code, &outcome.shown)
    }

    fn end(&mut self) -> Result<(), WriteFault> {
        self.writer.end().map(drop)
    }

    fn item(&mut self, outcome: &Outcome, difference: &Difference) -> Result<(), WriteFault> {
        self.begin(Class::Diff, outcome)?;
        let item = difference.item;
        self.writer.ascii(self.slots.item_no, &item.number().to_string())?;
        self.value(self.slots.extract_value, item, &difference.extract)?;
        self.value(self.slots.master_value, item, &difference.master)?;
        self.end()
    }

    /// A value in the type of its item; what the receiver cannot get, cells of other parties above all, becomes U+3013.
    fn value(&mut self, slot: Slot, item: Item, shown: &Shown) -> Result<(), WriteFault> {
        let own = shown.origin == self.head.receiver;
        let given = self
            .writer
            .shown(slot, item, &shown.text, &shown.cells, own, &self.gaiji);
        given.map(drop)
    }

    fn finding(&mut self, outcome: &Outcome, code: Code, item: Option<u8>) -> Result<(), WriteFault> {
        self.begin(Class::Invalid, outcome)?;
        if let Some(item) = item {
            self.writer.ascii(self.slots.item_no, &item.to_string())?;
        }
        self.writer.ascii(self.slots.code, code.as_str())?;
        self.end()
    }

    /// The sums so far.
    pub fn sums(&self) -> ReconcileSums {
        self.sums
    }

    /// Takes the bytes written so far, once there are at least so many; [`RcrWriter::finish`] then gives the rest.
    pub fn take_full(&mut self, least_bytes: usize) -> Option<Vec<u8>> {
        self.writer.take_full(least_bytes)
    }

    /// Tests the equation of the sums against the records of the extract, ends the file and gives its bytes. What was taken
    /// before must not be published where this fails.
    ///
    /// # Errors
    /// [`RcrFault::Sums`] where they do not add up; `TooMany`.
    pub fn finish(self, input_records: u64) -> Result<Vec<u8>, RcrFault> {
        self.sums.test(input_records)?;
        Ok(self.end_file()?)
    }

    fn end_file(self) -> Result<Vec<u8>, WriteFault> {
        let mut sums = [0; 10];
        for (sum, count) in sums.iter_mut().zip(self.sums.counts()) {
            *sum = u32::try_from(count).map_err(|_| WriteFault::TooMany)?;
        }
        self.writer.finish(&sums)
    }
}

/// The RCR to an extract that was rejected as a whole: one record of class 90, `record_no` 0, all else blank, all sums 0.
///
/// # Errors
/// Any [`WriteFault`].
pub fn rejected_extract(
    layout: &Layout,
    head: &OwnHead,
    compared: Compared,
    code: Code,
) -> Result<Vec<u8>, WriteFault> {
    let mut writer = RcrWriter::new(layout, head, compared, GaijiTable::none())?;
    let whole = Outcome {
        record_no: 0,
        shown: ShortText::default(),
        what: What::Invalid(Vec::new()),
    };
    writer.finding(&whole, code, None)?;
    writer.end_file()
}
