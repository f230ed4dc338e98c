//! What changed between two generations. Only runs that one of them has and the other has not can hold a difference, so
//! the work goes with those, whatever the size of the register.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::entry::{Entry, Standing};
use crate::domain::ids::JuminCode;
use crate::domain::item::Item;
use crate::format::blockfile::Table;
use crate::format::rowcode::read_code_key;
use crate::store::master::{Master, MasterError};
use crate::store::runs::{Bodies, Merge, RunReader};

/// Codes compared at once.
const CHUNK: usize = 1024;

/// How an entry differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiffKind {
    /// Only the second generation has it.
    Added,
    /// Only the first generation has it: it was erased.
    Erased,
    /// Same standing, other content.
    Changed,
    /// From resident to removed.
    Removed,
    /// From removed to resident.
    Returned,
    /// Replaced by another code.
    Retired,
}

/// One code that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeDiff {
    /// The code.
    pub code: JuminCode,
    /// How it differs.
    pub kind: DiffKind,
    /// Items whose text differs, where both have a row. None may differ: cells, former code and move-out count too.
    pub items: Vec<Item>,
}

/// Calls `each` for every code whose entry differs, in the order of codes.
///
/// # Errors
/// [`MasterError::Run`].
pub fn gen_diff(a: &Master, b: &Master, each: &mut dyn FnMut(CodeDiff)) -> Result<(), MasterError> {
    let names = |master: &Master| -> BTreeSet<String> {
        let runs = master.runs(Table::Current).iter();
        runs.map(|run| run.name().as_str().to_owned()).collect()
    };
    let (of_a, of_b) = (names(a), names(b));
    let differs = |run: &&RunReader| of_a.contains(run.name().as_str()) != of_b.contains(run.name().as_str());
    let runs = a
        .runs(Table::Current)
        .iter()
        .chain(b.runs(Table::Current))
        .filter(differs);
    let mut keys = Merge::new(runs, Bodies::Skip);
    let mut codes = Vec::new();
    loop {
        let row = keys.next_row()?;
        if let Some(row) = &row {
            codes.push(read_code_key(row.key()).map_err(|fault| row.error(fault))?);
        }
        if codes.len() == CHUNK || row.is_none() {
            let (old, new) = (a.entries(&codes)?, b.entries(&codes)?);
            for code in codes.drain(..) {
                if let Some(diff) = compare(code, &old, &new) {
                    each(diff);
                }
            }
        }
        if row.is_none() {
            return Ok(());
        }
    }
}

fn compare(code: JuminCode, old: &BTreeMap<JuminCode, Entry>, new: &BTreeMap<JuminCode, Entry>) -> Option<CodeDiff> {
    let (old, new) = (old.get(&code), new.get(&code));
    if old == new {
        return None;
    }
    let kind = match (old.map(|entry| &entry.standing), new.map(|entry| &entry.standing)) {
        (None, _) => DiffKind::Added,
        (_, None) => DiffKind::Erased,
        (Some(Standing::Resident(_)), Some(Standing::Removed(_))) => DiffKind::Removed,
        (Some(Standing::Removed(_)), Some(Standing::Resident(_))) => DiffKind::Returned,
        (Some(Standing::Resident(_) | Standing::Removed(_)), Some(Standing::Retired { .. })) => DiffKind::Retired,
        (Some(Standing::Resident(_)), Some(Standing::Resident(_)))
        | (Some(Standing::Removed(_)), Some(Standing::Removed(_)))
        | (Some(Standing::Retired { .. }), Some(_)) => DiffKind::Changed,
    };
    let items = match (old.and_then(Entry::row), new.and_then(Entry::row)) {
        (Some(old), Some(new)) => Item::ALL
            .into_iter()
            .filter(|item| old.get(*item) != new.get(*item))
            .collect(),
        (None, _) | (_, None) => Vec::new(),
    };
    Some(CodeDiff { code, kind, items })
}
