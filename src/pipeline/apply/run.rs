//! A run: every notice judged and applied in its order.

use std::collections::BTreeMap;

use super::fault::ApplyFault;
use super::record::{Judged, NtfRecord};
use super::register::Register;
use crate::domain::entry::{Changes, Entry};
use crate::domain::notice::{Notice, Source};
use crate::domain::outcome::{RecordSums, RunChange};
use crate::domain::row::Row;
use crate::pipeline::plan::{Judge, Known, sort};

/// A run carried out.
#[derive(Debug, Clone, Default)]
pub struct Applied {
    /// Every notice, in the order of processing.
    pub records: Vec<Judged>,
    /// The changes of the master.
    pub changes: Changes,
    /// The entries as they were before, one for one with those of the changes.
    pub before: Vec<Option<Entry>>,
    /// Every applied notice, in the order of processing.
    pub ntf: Vec<NtfRecord>,
    /// The notices by outcome; records refused by `check` are not among them.
    pub sums: RecordSums,
    /// Residents, entries, removals.
    pub run: RunChange,
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

/// Carries out a run, or a part of one that shares no person, code or number with the rest of it.
///
/// `notices` come from all files of the run in any order; `known` has everything that [`Known::missing`] asked for. A run
/// without an applied record has empty changes and makes no generation. The sums of residents are those of the part; who adds
/// the parts up tests them with [`crate::domain::outcome::RunSums::test`].
///
/// # Errors
/// See [`ApplyFault`].
pub fn run(judge: &Judge<'_>, mut notices: Vec<Notice>, known: Known) -> Result<Applied, ApplyFault> {
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
    let finished = register.finish();
    (applied.changes, applied.before, applied.run) = (finished.changes, finished.before, finished.change);
    Ok(applied)
}
