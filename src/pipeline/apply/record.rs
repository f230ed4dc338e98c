//! What a run says of each notice: its fate, and the record for the national body.

use crate::domain::finding::Finding;
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::instant::Instant;
use crate::domain::item::Item;
use crate::domain::notice::Source;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::row::Row;
use crate::format::parcel::{Packer, Unpacker};

/// What became of one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The record.
    pub source: Source,
    /// Outcome.
    pub outcome: Outcome,
    /// Findings, sorted as in a RES.
    pub findings: Vec<Finding>,
}

/// One record for the national body: the master's row after an applied notice, with 10, 11, 18 and 22 and the old
/// numbers of the notice. The row itself stands in the changes, see [`super::Applied::row_after`].
#[derive(Clone, PartialEq, Eq)]
pub struct NtfRecord {
    /// Code under which the row is stored (item 1).
    pub code: JuminCode,
    /// Number that the row has as a version, if a later notice of the run replaced it.
    pub version: u32,
    /// Item 10 of the notice.
    pub reason: Reason,
    /// Item 18 of the notice.
    pub timestamp: Instant,
    /// Item 22 of the notice, six digits.
    pub update_seq: u32,
    /// Item 11 of a 90, whose row keeps its own; `None` where the row has the notice's.
    pub confirmed_on: Option<String>,
    /// `old_my_number` of a 41, 42 or 43.
    pub old_my_number: Option<MyNumber>,
    /// `old_jumin_code` of a 51 or 52.
    pub old_jumin_code: Option<JuminCode>,
    /// The record that notified.
    pub source: Source,
}

impl NtfRecord {
    /// Item 11 of the notice; `row` is that of [`super::Applied::row_after`].
    pub fn change_date<'a>(&'a self, row: &'a Row) -> &'a str {
        self.confirmed_on.as_deref().unwrap_or(row.get(Item::ChangeDate))
    }

    /// Packs it with the row after it, for the sorting of a run.
    pub fn pack(&self, row: &Row, to: &mut Packer) {
        to.code(Some(self.code));
        to.u32(self.version);
        to.u8(self.reason.number());
        to.u64(self.timestamp.value());
        to.u32(self.update_seq);
        to.text(self.confirmed_on.as_deref().unwrap_or_default());
        to.number(self.old_my_number);
        to.code(self.old_jumin_code);
        to.source(self.source);
        to.row(row);
    }

    /// What [`NtfRecord::pack`] packed; `None` for other bytes.
    pub fn unpack(from: &mut Unpacker<'_>) -> Option<(Self, Row)> {
        let record = Self {
            code: from.code()??,
            version: from.u32()?,
            reason: Reason::from_number(from.u8()?)?,
            timestamp: Instant::from_value(from.u64()?)?,
            update_seq: from.u32()?,
            // Item 11 of a 90 is required, so an empty one is none.
            confirmed_on: Some(from.text()?.to_owned()).filter(|date| !date.is_empty()),
            old_my_number: from.number()?,
            old_jumin_code: from.code()?,
            source: from.source()?,
        };
        Some((record, from.row()?))
    }
}

impl std::fmt::Debug for NtfRecord {
    /// Source and reason only: everything else is personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NtfRecord")
            .field("source", &self.source)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
