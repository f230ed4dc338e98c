//! Why a notice meets its fate: the state before, the cell, what differs from the master, the findings. Data only.

use super::decide::{Decision, Judge, PlanFault};
use super::known::Known;
use crate::domain::compare::{BirthPart, COMPARED, DERIVED, Meaning, differs, rule};
use crate::domain::entry::Entry;
use crate::domain::ids::JuminCode;
use crate::domain::item::Item;
use crate::domain::notice::Notice;
use crate::domain::reason::Reason;
use crate::domain::state::State;
use crate::domain::transition::{Cell, cell};

/// One item that differs from the master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// The item.
    pub item: Item,
    /// What the reason makes of it; derived items are [`Meaning::Allowed`] and judged by their parent.
    pub meaning: Meaning,
}

/// Everything that led to the decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// Item 10.
    pub reason: Reason,
    /// The code whose state is the column of the table; `None` for 52 with a blank old code.
    pub column: Option<JuminCode>,
    /// State before the notice.
    pub state: State,
    /// The cell of the transition table.
    pub cell: Cell,
    /// Items that differ from the master's row, by number; empty where there is none.
    pub changes: Vec<Change>,
    /// Outcome and findings.
    pub decision: Decision,
}

/// Explains one notice.
///
/// # Errors
/// See [`PlanFault`].
pub fn explain(judge: &Judge<'_>, notice: &Notice, known: &Known) -> Result<Explanation, PlanFault> {
    let state = judge.state(notice, known)?;
    let entry = match notice.column() {
        Some(code) => known.entry(code)?,
        None => None,
    };
    let rule = rule(notice.reason);
    let mut changes = Vec::new();
    if let Some(row) = entry.and_then(Entry::row) {
        let items = COMPARED
            .into_iter()
            .chain(DERIVED.into_iter().map(|derived| derived.item));
        changes.extend(
            items
                .filter(|item| differs(*item, &notice.row, row, BirthPart::Whole))
                .map(|item| Change {
                    item,
                    meaning: rule.meaning(item),
                }),
        );
    }
    changes.sort_by_key(|change| change.item);
    Ok(Explanation {
        reason: notice.reason,
        column: notice.column(),
        state,
        cell: cell(notice.reason, state),
        changes,
        decision: judge.decide(notice, known)?,
    })
}
