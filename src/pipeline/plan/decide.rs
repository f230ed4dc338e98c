//! One notice against the master: the duplicate test alone, then the cell alone, then everything else together.

use super::digest::digest;
use super::known::Known;
use crate::domain::code::Code;
use crate::domain::compare::{
    BirthPart, COMPARED, DERIVED, DateRule, DerivedRule, Meaning, MustChange, NumberRule, OldRule, RowAfter, Rule,
    Test, counted, day_of_birth, differs, rule,
};
use crate::domain::date::{is_after, sort_key};
use crate::domain::entry::Entry;
use crate::domain::finding::Finding;
use crate::domain::ids::{MunicipalityCode, PartyId};
use crate::domain::instant::BusinessDate;
use crate::domain::item::Item;
use crate::domain::municipality::Offices;
use crate::domain::notice::Notice;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::row::Row;
use crate::domain::state::State;
use crate::domain::transition::{Cell, Step, cell};

/// Why a notice could not be judged at all. None of these is a fault of the notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlanFault {
    /// Something the notice meets was not loaded; see [`Known::missing`].
    #[error("an entry, owner or notice that the notice meets was not loaded")]
    NotLoaded,
    /// The codes of a person form a circle: the master is damaged.
    #[error("the codes of a person form a circle")]
    Chain,
    /// An entry contradicts itself: the master is damaged.
    #[error("a removed entry whose reason is no removal")]
    Standing,
}

/// What becomes of one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Outcome of the record.
    pub outcome: Outcome,
    /// Findings as a RES has them, sorted; warnings of a rejected record are left out.
    pub findings: Vec<Finding>,
    /// State and cell; `None` where the duplicate test decided.
    pub cell: Option<(State, Cell)>,
}

/// Judges notices on one business date.
#[derive(Debug, Clone, Copy)]
pub struct Judge<'a> {
    /// Business date of the run.
    pub business_date: BusinessDate,
    /// For which codes each party answers.
    pub offices: &'a Offices,
}

impl Judge<'_> {
    /// Decides about one notice.
    ///
    /// # Errors
    /// See [`PlanFault`].
    pub fn decide(&self, notice: &Notice, known: &Known) -> Result<Decision, PlanFault> {
        if let Some(applied) = known.applied(notice)? {
            return Ok(again(applied == digest(notice)));
        }
        let state = self.state(notice, known)?;
        let cell = cell(notice.reason, state);
        let mut found = match cell.step {
            Step::Refuse(code) => vec![finding(code, None)],
            Step::To(_) | Step::NewCode => self.further(notice, known, state, cell)?,
        };
        let rejected = found.iter().any(|finding| !finding.code.is_warning());
        if rejected {
            found.retain(|finding| !finding.code.is_warning());
        }
        found.sort_unstable();
        let outcome = match (rejected, found.is_empty()) {
            (true, _) => Outcome::Rejected,
            (false, true) => Outcome::Applied,
            (false, false) => Outcome::Warned,
        };
        Ok(Decision {
            outcome,
            findings: found,
            cell: Some((state, cell)),
        })
    }

    /// The state that the notice meets: of the old code for 51 and 52, AB for 52 without one, else of item 1.
    pub(super) fn state(&self, notice: &Notice, known: &Known) -> Result<State, PlanFault> {
        match notice.column() {
            Some(code) => self.state_for(notice.source.sender, known.entry(code)?),
            None => Ok(State::Ab),
        }
    }

    fn state_for(&self, sender: PartyId, entry: Option<&Entry>) -> Result<State, PlanFault> {
        let answers_for = |code: MunicipalityCode| self.offices.answers_for(sender, code);
        State::of(entry, answers_for).ok_or(PlanFault::Standing)
    }

    /// All findings after the cell.
    pub(super) fn further(
        &self,
        notice: &Notice,
        known: &Known,
        state: State,
        cell: Cell,
    ) -> Result<Vec<Finding>, PlanFault> {
        let rule = rule(notice.reason);
        let entry = match notice.column() {
            Some(code) => known.entry(code)?,
            None => None,
        };
        let mut found = Vec::new();
        if let Some(warning) = cell.warning {
            found.push(finding(warning, None));
        }
        if let Some(row) = entry.and_then(Entry::row) {
            compare(notice, row, &rule, &mut found);
            in_order(notice, row, &mut found);
            number_missing(notice, row, &rule, &mut found);
        }
        if rule.after == RowAfter::NewCode {
            if notice.old_jumin_code.is_some() && state != State::Rs {
                found.push(finding(Code::L114, None));
            }
            if known.entry(notice.code)?.is_some() {
                found.push(finding(Code::L115, Some(Item::JuminCode)));
            }
        }
        if rule.after == RowAfter::Unchanged && !self.confirms(notice, entry) {
            found.push(finding(Code::L109, None));
        }
        if is_anothers(notice, known)? {
            found.push(finding(Code::L113, Some(Item::MyNumber)));
        }
        self.alone(notice, &rule, &mut found);
        Ok(found)
    }

    /// L109: the newest removal by 21 is the sender's. For MD that is the current row, for RO it lies in the history.
    fn confirms(&self, notice: &Notice, entry: Option<&Entry>) -> bool {
        entry
            .and_then(|entry| entry.moved_out)
            .is_some_and(|moved| self.offices.answers_for(notice.source.sender, moved.municipality))
    }

    /// Findings that need only the notice: L116, W206, W209, W210.
    fn alone(&self, notice: &Notice, rule: &Rule, found: &mut Vec<Finding>) {
        let change_date = notice.get(Item::ChangeDate);
        if rule.date != DateRule::Planned && is_after(sort_key(change_date), self.business_date) {
            found.push(finding(Code::L116, Some(Item::ChangeDate)));
        }
        if rule.date == DateRule::OfBirth && day_of_birth(notice.get(Item::BirthDate)) != change_date {
            found.push(finding(Code::W206, Some(Item::BirthDate)));
        }
        if notice.row.is_blank(Item::KanaName) {
            found.push(finding(Code::W209, Some(Item::KanaName)));
        }
        if notice.row.is_blank(Item::FormerSurnameKana) && !notice.row.is_blank(Item::FormerSurnameKanji) {
            found.push(finding(Code::W209, Some(Item::FormerSurnameKana)));
        }
        if notice.seion_differs {
            found.push(finding(Code::W210, Some(Item::SeionKanaName)));
        }
    }
}

/// Outcome of a notice whose key was applied before.
fn again(same: bool) -> Decision {
    let (outcome, findings) = if same {
        (Outcome::Duplicate, Vec::new())
    } else {
        (Outcome::Rejected, vec![finding(Code::L120, None)])
    };
    Decision {
        outcome,
        findings,
        cell: None,
    }
}

/// Findings of the comparison: L105, L110, L111, L112, L117, L118, W201, W202, W207, W211.
fn compare(notice: &Notice, master: &Row, rule: &Rule, found: &mut Vec<Finding>) {
    let sent = &notice.row;
    for (item, meaning) in rule.differences {
        if !differs(*item, sent, master, rule.birth) {
            continue;
        }
        match *meaning {
            Meaning::Allowed => {}
            Meaning::Found(code) => found.push(finding(code, Some(*item))),
            Meaning::FoundIfBothGiven(code) => {
                if !sent.is_blank(*item) && !master.is_blank(*item) {
                    found.push(finding(code, Some(*item)));
                }
            }
        }
    }
    let unchanged = match rule.must_change {
        MustChange::Nothing => false,
        MustChange::Item(item) => !differs(item, sent, master, rule.birth),
        MustChange::Anything => COMPARED
            .into_iter()
            .chain(DERIVED.into_iter().map(|derived| derived.item))
            .all(|item| !differs(item, sent, master, BirthPart::Whole)),
    };
    if unchanged {
        found.push(finding(Code::L111, None));
    }
    derived(sent, master, rule, found);
    if matches!(rule.old, OldRule::MyNumber { .. }) && notice.old_my_number != master.get(Item::MyNumber) {
        found.push(finding(Code::L112, None));
    }
    if rule.date == DateRule::OfPair && sent.get(Item::ChangeDate) != master.get(Item::ChangeDate) {
        found.push(finding(Code::L105, Some(Item::ChangeDate)));
    }
}

/// L118: a derived item that differs while its parent, whether it may change or not, does not.
fn derived(sent: &Row, master: &Row, rule: &Rule, found: &mut Vec<Finding>) {
    let DerivedRule::Bound { may_grow, may_change } = rule.derived else {
        return;
    };
    for derived in DERIVED {
        let item = derived.item;
        if derived.test == Test::Text
            || !differs(item, sent, master, rule.birth)
            || differs(derived.parent, sent, master, rule.birth)
        {
            continue;
        }
        // Digits of one width: the order of the text is the order of the numbers.
        let grew = counted(sent, item) > counted(master, item);
        if may_change.contains(&item) || (grew && may_grow.contains(&item)) {
            continue;
        }
        found.push(finding(Code::L118, Some(item)));
    }
}

/// L119 and W208 against the row that the notice follows.
fn in_order(notice: &Notice, master: &Row, found: &mut Vec<Finding>) {
    let late = master.timestamp().is_some_and(|newest| {
        notice.timestamp < newest
            || (notice.timestamp == newest
                && notice.update_seq <= master.update_seq()
                && notice.get(Item::MunicipalityCode) == master.get(Item::MunicipalityCode))
    });
    if late {
        found.push(finding(Code::L119, Some(Item::Timestamp)));
    }
    let planned =
        Reason::parse(master.get(Item::ChangeReason)).is_some_and(|reason| rule(reason).date == DateRule::Planned);
    if !planned && sort_key(notice.get(Item::ChangeDate)) < sort_key(master.get(Item::ChangeDate)) {
        found.push(finding(Code::W208, Some(Item::ChangeDate)));
    }
}

/// C009, second part: the master knows a number and the notice would blank it.
fn number_missing(notice: &Notice, master: &Row, rule: &Rule, found: &mut Vec<Finding>) {
    let item = Item::MyNumber;
    if rule.number == NumberRule::UnlessFirst && notice.row.is_blank(item) && !master.is_blank(item) {
        found.push(Finding {
            place: notice.my_number_place,
            ..finding(Code::C009, Some(item))
        });
    }
}

/// L113: the number was first seen with a code that is not in the chain of the notice's person.
fn is_anothers(notice: &Notice, known: &Known) -> Result<bool, PlanFault> {
    let Some(number) = notice.my_number() else {
        return Ok(false);
    };
    let Some(owner) = known.owner(number)? else {
        return Ok(false);
    };
    let subject = notice.column().unwrap_or(notice.code);
    Ok(known.person(owner)? != known.person(subject)?)
}

/// A finding without a place; only F and C findings have one.
fn finding(code: Code, item: Option<Item>) -> Finding {
    Finding {
        code,
        item: item.map(Item::number),
        place: None,
    }
}
