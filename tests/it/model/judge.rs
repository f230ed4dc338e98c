//! The judgement of one notice that has no F or C finding: duplicate, cell, then everything else (rules 2.3, 2.4 and 2.6).

use super::Wrong;
use super::cells::cell;
use super::checks::date_key;
use super::kana::folded;
use super::numbers::sort_key;
use super::paper::{Finding, Record, Verdict};
use super::register::{Register, content, key};

/// Compared items (2.4).
const COMPARED: [u8; 9] = [2, 4, 5, 6, 7, 9, 14, 25, 27];
/// Derived items with a parent that is compared on its own.
const DERIVED: [(u8, u8); 4] = [(15, 7), (23, 2), (24, 7), (28, 25)];

impl Register {
    /// Judges a notice of a sender (with its predecessors) on a day. `place` is where item 9 lies: C009.
    pub(super) fn judge(
        &self,
        record: &Record,
        own: &[String],
        today: &str,
        place: (usize, usize),
        wrong: Option<Wrong>,
    ) -> Verdict {
        let items = &record.items;
        let (code, reason) = (items.get(1), items.get(10));
        if let Some(before) = self.applied.get(&key(record)) {
            return if *before == content(record, wrong) {
                Verdict {
                    outcome: 'D',
                    findings: Vec::new(),
                }
            } else {
                rejected(vec![Finding::of("L120", 0)])
            };
        }
        let code_reason = ["51", "52"].contains(&reason);
        let creates = reason == "52" && record.old_code.is_empty();
        let column = if code_reason { record.old_code.as_str() } else { code };
        let state = if creates { "AB" } else { self.state(column, own) };
        if wrong == Some(Wrong::NothingAfterDeath) && (reason, state) == ("16", "DE") {
            return rejected(vec![Finding::of("L104", 0)]);
        }
        if let Err(code) = cell(reason, state) {
            return rejected(vec![Finding::of(code, 0)]);
        }
        let master = if creates { None } else { self.row(column) };
        let mut found = Vec::new();
        let mut add = |code: &'static str, item: u8| found.push(Finding::of(code, item));

        // For every notice. L113: the person is the one of the old code where there is one, even an unknown one.
        let person = if code_reason && !creates {
            self.person(&record.old_code)
        } else {
            self.person(code)
        };
        let owner = self.owners.get(items.get(9)).copied();
        if owner.is_some() && owner != person && !items.get(9).is_empty() {
            add("L113", 9);
        }
        if date_key(record).as_str() > today && !["21", "22"].contains(&reason) {
            add("L116", 11);
        }
        if let Some(master) = master {
            let seq = |text: &str| text.parse::<u32>().unwrap();
            let older = items.get(18) < master.get(18);
            let equal = items.get(18) == master.get(18)
                && seq(items.get(22)) <= seq(master.get(22))
                && items.get(14) == master.get(14)
                && wrong != Some(Wrong::EqualTimesAreInOrder);
            if older || equal {
                add("L119", 18);
            }
            let planned = ["21", "22"].contains(&master.get(10));
            if date_key(record) < sort_key(master.get(11)) && !planned {
                add("W208", 11);
            }
        }
        if items.get(4).is_empty() {
            add("W209", 4);
        }
        if items.get(27).is_empty() && !items.get(25).is_empty() {
            add("W209", 27);
        }
        if !items.get(13).is_empty() && items.get(13) != folded(items.get(4)) {
            add("W210", 13);
        }

        let same = |item: u8| master.is_none_or(|master| items.compared(item) == master.compared(item));
        match reason {
            "11" | "12" | "16" => {
                if let Some(master) = master {
                    for item in [5, 6] {
                        if !same(item) {
                            add("W201", item);
                        }
                    }
                    if !same(9) && !items.get(9).is_empty() && !master.get(9).is_empty() {
                        add("W202", 9);
                    }
                    if reason != "11" && items.get(9).is_empty() && !master.get(9).is_empty() {
                        add("C009", 9);
                    }
                }
                match (reason, state) {
                    ("16", "DE") => add("W203", 0),
                    ("16", "PN" | "PL") => add("W204", 0),
                    _ => {}
                }
            }
            "13" => {
                if items.get(5)[1..] != *items.get(11) {
                    add("W206", 5);
                }
            }
            "14" | "15" => {
                let master = master.unwrap();
                for item in [6, 7, 9, 14] {
                    if !same(item) {
                        add("L110", item);
                    }
                }
                if items.get(5)[1..] != master.get(5)[1..] {
                    add("L110", 5);
                }
                if items.get(11) != master.get(11) {
                    add("L105", 11);
                }
            }
            "21" | "22" | "23" | "24" | "25" | "26" => {
                for item in COMPARED {
                    if !same(item) {
                        let hard = [5, 6, 9].contains(&item);
                        add(if hard { "L117" } else { "W211" }, item);
                    }
                }
            }
            "31" | "32" | "33" => {
                let may: &[u8] = match reason {
                    "31" => &[7],
                    "32" => &[2, 7, 14, 25, 4, 27],
                    _ => &[2, 4, 5, 6, 7, 25, 27],
                };
                for item in COMPARED {
                    if same(item) {
                        continue;
                    }
                    if !may.contains(&item) {
                        add("L110", item);
                    } else if reason == "32" && [4, 27].contains(&item) {
                        add("W207", item);
                    }
                }
                let asked: &[u8] = if reason == "31" {
                    &[7]
                } else {
                    &[2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 20, 23, 24, 25, 26, 27, 28]
                };
                if asked.iter().all(|item| same(*item)) && wrong != Some(Wrong::NothingChangedIsRight) {
                    add("L111", 0);
                }
            }
            "41" | "42" | "43" => {
                let number = master.unwrap().get(9);
                let old_right = record.old_number == number && (reason == "43" || !number.is_empty());
                if !old_right {
                    add("L112", 0);
                }
                for item in COMPARED {
                    if item != 9 && !same(item) {
                        add("L110", item);
                    }
                }
                if same(9) {
                    add("L111", 0);
                }
            }
            "51" | "52" => {
                if self.cards.contains_key(code) {
                    add("L115", 1);
                }
                if creates {
                    add("W205", 0);
                } else if state == "AB" {
                    add("L114", 0);
                }
                for item in COMPARED {
                    if !same(item) {
                        add("L110", item);
                    }
                }
            }
            "90" => {
                let removed_there = match state {
                    "MD" => master.map(|master| master.get(14).to_owned()),
                    _ => person
                        .and_then(|person| self.moved_out.get(&person))
                        .map(|moved| moved.town.clone()),
                };
                if !removed_there.is_some_and(|town| own.contains(&town)) {
                    add("L109", 0);
                }
            }
            _ => unreachable!(),
        }
        if !["11", "12", "13", "16", "21", "22", "23", "24", "25", "26", "90"].contains(&reason) {
            for (item, parent) in DERIVED {
                if same(item) || !same(parent) {
                    continue;
                }
                let master = master.unwrap();
                let number = |text: &str| text.parse::<u32>().unwrap();
                let grew = number(items.compared(item)) > number(master.compared(item));
                let alone = match item {
                    15 => reason == "32",
                    _ => ["32", "33"].contains(&reason) && grew,
                };
                if !alone {
                    add("L118", item);
                }
            }
        }
        for finding in &mut found {
            if finding.code == "C009" {
                finding.place = Some(place);
            }
        }
        found.sort();
        if found.iter().any(|finding| !finding.code.starts_with('W')) {
            rejected(found)
        } else {
            let outcome = if found.is_empty() { 'A' } else { 'W' };
            Verdict {
                outcome,
                findings: found,
            }
        }
    }
}

/// Warnings of a rejected record are not reported.
fn rejected(mut findings: Vec<Finding>) -> Verdict {
    findings.retain(|finding| !finding.code.starts_with('W'));
    Verdict { outcome: 'R', findings }
}
