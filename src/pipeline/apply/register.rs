//! The register as it changes during a run, and what the run changed in the end.

use std::collections::BTreeMap;

use super::fault::ApplyFault;
use super::record::NtfRecord;
use super::rows::{SUPERSEDED, removed_row, updated_row};
use crate::domain::compare::{OldRule, RowAfter, rule};
use crate::domain::entry::{Changes, Entry, MoveOut, Standing, Version};
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::item::Item;
use crate::domain::notice::{Notice, Source};
use crate::domain::outcome::RunChange;
use crate::domain::reason::Class;
use crate::domain::row::Row;
use crate::domain::state::State;
use crate::domain::transition::{Cell, Step};
use crate::pipeline::plan::{Known, PlanFault, digest};

/// What a code was before the run, for the sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Was {
    Absent,
    Resident,
    Removed,
    Retired,
}

impl Was {
    fn of(entry: Option<&Entry>) -> Self {
        match entry.map(|entry| &entry.standing) {
            None => Self::Absent,
            Some(Standing::Resident(_)) => Self::Resident,
            Some(Standing::Removed(_)) => Self::Removed,
            Some(Standing::Retired { .. }) => Self::Retired,
        }
    }
}

/// The known part of the register, changing.
pub(super) struct Register {
    known: Known,
    business_date: BusinessDate,
    /// Every code that an applied notice touched, as it was before the run.
    touched: BTreeMap<JuminCode, Option<Entry>>,
    changes: Changes,
    change: RunChange,
}

impl Register {
    pub(super) fn new(known: Known, business_date: BusinessDate) -> Self {
        Self {
            known,
            business_date,
            touched: BTreeMap::new(),
            changes: Changes::default(),
            change: RunChange::default(),
        }
    }

    /// What the next notice meets.
    pub(super) fn known(&self) -> &Known {
        &self.known
    }

    /// Applies a notice that was judged applicable, and says what the national body is told.
    pub(super) fn apply(&mut self, notice: Notice, cell: Option<(State, Cell)>) -> Result<NtfRecord, ApplyFault> {
        let source = notice.source;
        let fail = |fault| ApplyFault::Plan {
            source_record: source,
            fault,
        };
        let (before, cell) = cell.ok_or(fail(PlanFault::Standing))?;
        let key = notice.key();
        let digest = digest(&notice);
        let rule = rule(notice.reason);
        let (reason, timestamp, update_seq) = (notice.reason, notice.timestamp, notice.update_seq);
        let confirms = rule.after == RowAfter::Unchanged;
        let confirmed_on = confirms.then(|| notice.get(Item::ChangeDate).to_owned());
        let (old_my_number, old_jumin_code) = match rule.old {
            OldRule::Unused => (None, None),
            OldRule::MyNumber { .. } => (MyNumber::parse(&notice.old_my_number).ok(), None),
            OldRule::JuminCode { .. } => (None, notice.old_jumin_code),
        };
        self.count(&notice, before);
        match rule.after {
            RowAfter::Notice => self.update(notice)?,
            RowAfter::MasterKept => self.remove(&notice, cell)?,
            RowAfter::NewCode => match notice.old_jumin_code {
                Some(old) => self.rename(notice, old)?,
                None => self.update(notice)?,
            },
            RowAfter::Unchanged => self.confirm(&notice)?,
        }
        self.known.learn_notice(key, Some(digest));
        self.changes.notices.push((key, digest));
        Ok(NtfRecord {
            code: key.code,
            version: self
                .known
                .entry(key.code)
                .map_err(fail)?
                .map_or(0, |entry| entry.versions),
            reason,
            timestamp,
            update_seq,
            confirmed_on,
            old_my_number,
            old_jumin_code,
            source,
        })
    }

    /// Counts entries and removals by the state before and the class, apart from what the entries say in the end.
    fn count(&mut self, notice: &Notice, before: State) {
        let creates = notice.column().is_none();
        match notice.reason.class() {
            Class::Entry => self.change.entries += u64::from(before == State::Ab || before.is_removed()),
            Class::Removal => self.change.removals += 1,
            Class::Code => self.change.entries += u64::from(creates),
            Class::Amendment | Class::Number | Class::Confirmation => {}
        }
    }

    /// Entry, amendment, number, 52 without old code: the notice's row takes the place of the code's.
    fn update(&mut self, notice: Notice) -> Result<(), ApplyFault> {
        let (code, timestamp, source) = (notice.code, notice.timestamp, notice.source);
        let row = updated_row(notice.row, self.business_date).ok_or(ApplyFault::RowLength(source))?;
        self.own_number(code, &row, source)?;
        self.touch(code, source)?;
        let Some(entry) = self.known.entry_mut(code) else {
            self.known.bring_in(Entry {
                code,
                standing: Standing::Resident(row),
                former: None,
                moved_out: None,
                newest_notice: timestamp,
                versions: 0,
            });
            return Ok(());
        };
        let version = replace(entry, Standing::Resident(row), timestamp.max(entry.newest_notice))?;
        self.add_version(version, notice.timestamp);
        Ok(())
    }

    /// Removal: the master's row, marked removed.
    fn remove(&mut self, notice: &Notice, cell: Cell) -> Result<(), ApplyFault> {
        let source = notice.source;
        self.touch(notice.code, source)?;
        let entry = self.known.entry_mut(notice.code).ok_or(lost(source))?;
        let (Step::To(after), Some(master)) = (cell.step, entry.row()) else {
            return Err(lost(source));
        };
        let row = removed_row(master, notice, self.business_date, after).ok_or(ApplyFault::RowLength(source))?;
        if after == State::Md {
            entry.moved_out = row.municipality().map(|municipality| MoveOut {
                municipality,
                timestamp: notice.timestamp,
                confirmed: false,
            });
        }
        let newest = notice.timestamp.max(entry.newest_notice);
        let version = replace(entry, Standing::Removed(row), newest)?;
        self.add_version(version, notice.timestamp);
        Ok(())
    }

    /// 51, 52 with an old code: the row under the new code, the old one retired.
    fn rename(&mut self, notice: Notice, old: JuminCode) -> Result<(), ApplyFault> {
        let (code, timestamp, source) = (notice.code, notice.timestamp, notice.source);
        let row = updated_row(notice.row, self.business_date).ok_or(ApplyFault::RowLength(source))?;
        self.touch(code, source)?;
        self.touch(old, source)?;
        let entry = self.known.entry_mut(old).ok_or(lost(source))?;
        let moved_out = entry.moved_out;
        let newest = entry.newest_notice;
        let version = replace(entry, Standing::Retired { target: code }, newest)?;
        self.add_version(version, timestamp);
        self.known.bring_in(Entry {
            code,
            standing: Standing::Resident(row),
            former: Some(old),
            moved_out,
            newest_notice: timestamp,
            versions: 0,
        });
        Ok(())
    }

    /// 90: nothing but the mark; no version.
    fn confirm(&mut self, notice: &Notice) -> Result<(), ApplyFault> {
        self.touch(notice.code, notice.source)?;
        let entry = self.known.entry_mut(notice.code).ok_or(lost(notice.source))?;
        if let Some(moved) = &mut entry.moved_out {
            moved.confirmed = true;
        }
        entry.newest_notice = entry.newest_notice.max(notice.timestamp);
        Ok(())
    }

    /// Notes a number that nobody had before.
    fn own_number(&mut self, code: JuminCode, row: &Row, source: Source) -> Result<(), ApplyFault> {
        let Some(number) = row.my_number() else {
            return Ok(());
        };
        let owner = self.known.owner(number).map_err(|fault| ApplyFault::Plan {
            source_record: source,
            fault,
        })?;
        if owner.is_none() {
            self.known.learn_owner(number, Some(code));
            self.changes.numbers.push((number, code));
        }
        Ok(())
    }

    fn touch(&mut self, code: JuminCode, source: Source) -> Result<(), ApplyFault> {
        let entry = self.known.entry(code).map_err(|fault| ApplyFault::Plan {
            source_record: source,
            fault,
        })?;
        self.touched.entry(code).or_insert_with(|| entry.cloned());
        Ok(())
    }

    fn add_version(&mut self, version: Option<(JuminCode, u32, Row)>, replaced_at: Instant) {
        if let Some((code, number, row)) = version {
            self.changes.versions.push(Version {
                code,
                number,
                row,
                replaced_on: self.business_date,
                replaced_at,
            });
        }
    }

    /// What changed, sorted by key, and the sums, counted from the entries themselves.
    pub(super) fn finish(mut self) -> Finished {
        let mut change = self.change;
        let mut before = Vec::with_capacity(self.touched.len());
        self.changes.entries.reserve(self.touched.len());
        for (code, old) in self.touched {
            let entry = self.known.take_entry(code);
            for (standing, step) in [(Was::of(old.as_ref()), -1), (Was::of(entry.as_ref()), 1)] {
                match standing {
                    Was::Absent => {}
                    Was::Resident => change.residents += step,
                    Was::Removed => change.removed += step,
                    Was::Retired => change.retired += step,
                }
            }
            if let Some(entry) = entry {
                self.changes.entries.push(entry);
                before.push(old);
            }
        }
        self.changes
            .versions
            .sort_by_key(|version| (version.code, version.number));
        self.changes.numbers.sort_unstable();
        self.changes.notices.sort_unstable();
        Finished {
            changes: self.changes,
            before,
            change,
        }
    }
}

/// What a register ends with.
pub(super) struct Finished {
    pub(super) changes: Changes,
    /// The entries before the run, one for one with those of the changes.
    pub(super) before: Vec<Option<Entry>>,
    pub(super) change: RunChange,
}

/// Puts a new standing into an entry and gives the row before it as a version: code, number, row.
fn replace(
    entry: &mut Entry,
    standing: Standing,
    newest: Instant,
) -> Result<Option<(JuminCode, u32, Row)>, ApplyFault> {
    entry.newest_notice = newest;
    let number = entry.versions;
    let row = match std::mem::replace(&mut entry.standing, standing) {
        Standing::Resident(mut row) => {
            row.set(Item::RetentionFlag, SUPERSEDED);
            row
        }
        // A removed row keeps its item 12 and its own clock (rules 3).
        Standing::Removed(row) => row,
        Standing::Retired { .. } => return Ok(None),
    };
    entry.versions = number.checked_add(1).ok_or(ApplyFault::Versions)?;
    Ok(Some((entry.code, number, row)))
}

/// The entry that the decision was about is gone: only possible where decision and register are not the same run's.
fn lost(source: Source) -> ApplyFault {
    ApplyFault::Plan {
        source_record: source,
        fault: PlanFault::NotLoaded,
    }
}
