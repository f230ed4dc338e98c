//! Carries out the decisions of a run: notices in their order, each on the register as the one before left it.
//!
//! Pure. What comes out: outcomes of all records, the changes of the master for one generation, the notices to the
//! national body in the order of processing, and sums that were checked.

mod answer;
mod register;
mod rows;

use std::collections::BTreeMap;

pub use answer::{Answer, Answered, answer};
pub use rows::{removed_row, updated_row};

use super::plan::{Judge, Known, PlanFault, sort};
use register::Register;

use crate::domain::entry::Changes;
use crate::domain::finding::Finding;
use crate::domain::ids::JuminCode;
use crate::domain::item::Item;
use crate::domain::notice::{Notice, Source};
use crate::domain::outcome::{Outcome, RecordSums, RunSums, SumFault};
use crate::domain::row::Row;

/// Why a run could not be carried out. None of these is a fault of a notice: nothing may be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplyFault {
    /// A notice could not be judged.
    #[error("record {record_no} of file {serial} of {sender}", sender = source_record.sender, serial = source_record.serial, record_no = source_record.record_no)]
    Plan {
        /// The record.
        source_record: Source,
        /// Why.
        #[source]
        fault: PlanFault,
    },
    /// The sums do not add up.
    #[error("the sums of the run do not add up")]
    Sums(#[from] SumFault),
    /// A code has more versions than its counter holds.
    #[error("a code has more versions than can be numbered")]
    Versions,
    /// A row would be longer than a record can be.
    #[error("record {record_no} of file {serial} of {sender} makes a row that is too long", sender = .0.sender, serial = .0.serial, record_no = .0.record_no)]
    RowLength(Source),
    /// A record of the file was neither refused nor judged.
    #[error("record {record_no} of file {serial} of {sender} has no outcome", sender = .0.sender, serial = .0.serial, record_no = .0.record_no)]
    Unjudged(Source),
}

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
/// numbers of the notice. The row itself stands in the changes, see [`Applied::row_after`].
#[derive(Clone, PartialEq, Eq)]
pub struct NtfRecord {
    /// Code under which the row is stored (item 1).
    pub code: JuminCode,
    /// Number that the row has as a version, if a later notice of the run replaced it.
    pub version: u32,
    /// Item 10 of the notice.
    pub change_reason: String,
    /// Item 11 of the notice.
    pub change_date: String,
    /// Item 18 of the notice.
    pub timestamp: String,
    /// Item 22 of the notice.
    pub update_seq: String,
    /// `old_my_number` of a 41, 42 or 43, else empty.
    pub old_my_number: String,
    /// `old_jumin_code` of a 51 or 52, else empty.
    pub old_jumin_code: String,
    /// The record that notified.
    pub source: Source,
}

impl std::fmt::Debug for NtfRecord {
    /// Source and reason only: everything else is personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NtfRecord")
            .field("source", &self.source)
            .field("change_reason", &self.change_reason)
            .finish_non_exhaustive()
    }
}

/// A run carried out.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// Every notice, in the order of processing.
    pub records: Vec<Judged>,
    /// The changes of the master.
    pub changes: Changes,
    /// Every applied notice, in the order of processing.
    pub ntf: Vec<NtfRecord>,
    /// The notices by outcome; records refused by `check` are not among them.
    pub sums: RecordSums,
    /// Residents, entries, removals.
    pub run: RunSums,
}

impl Applied {
    /// The master's row after the notice of `record`, as it stood before later notices of the run.
    ///
    /// Items 10, 11, 18 and 22 are the row's own; a 90 leaves the row alone, so take them from the record. Item 12 of a
    /// row that was replaced says so.
    pub fn row_after(&self, record: &NtfRecord) -> Option<&Row> {
        let changes = &self.changes;
        let replaced = changes
            .versions
            .binary_search_by_key(&(record.code, record.version), |version| (version.code, version.number));
        if let Ok(at) = replaced {
            return changes.versions.get(at).map(|version| &version.row);
        }
        let at = changes
            .entries
            .binary_search_by_key(&record.code, |entry| entry.code)
            .ok()?;
        changes.entries.get(at)?.row()
    }

    /// Outcomes by record, for the answers.
    pub fn by_source(&self) -> BTreeMap<Source, &Judged> {
        self.records.iter().map(|judged| (judged.source, judged)).collect()
    }
}

/// Carries out a run.
///
/// `notices` come from all files of the run in any order; `known` has everything that [`Known::missing`] asked for;
/// `residents_before` is that of the parent generation. A run without an applied record has empty changes and makes no
/// generation.
///
/// # Errors
/// See [`ApplyFault`].
pub fn run(
    judge: &Judge<'_>,
    mut notices: Vec<Notice>,
    known: Known,
    residents_before: u64,
) -> Result<Applied, ApplyFault> {
    sort(&mut notices);
    let input = u64::try_from(notices.len()).unwrap_or(u64::MAX);
    let mut register = Register::new(known, judge.business_date);
    let mut applied = Applied::default();
    for notice in notices {
        let source = notice.source;
        let decision = judge
            .decide(&notice, register.known())
            .map_err(|fault| ApplyFault::Plan {
                source_record: source,
                fault,
            })?;
        applied.sums.count(decision.outcome);
        if decision.outcome.is_applied() {
            applied.ntf.push(register.apply(notice, decision.cell)?);
        }
        applied.records.push(Judged {
            source,
            outcome: decision.outcome,
            findings: decision.findings,
        });
    }
    applied.sums.test(input)?;
    (applied.changes, applied.run) = register.finish(residents_before)?;
    Ok(applied)
}

/// The texts of the notice that a record for the national body takes over.
fn ntf_texts(notice: &Notice) -> [String; 4] {
    [Item::ChangeReason, Item::ChangeDate, Item::Timestamp, Item::UpdateSeq].map(|item| notice.get(item).to_owned())
}
