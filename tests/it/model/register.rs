//! The register of the reference model: who is resident where, who was removed, retired codes, history, owners of numbers,
//! applied notices. And what an applied notice does to it (rules 2.4, "The row after an applied notice", and section 3).

use std::collections::BTreeMap;

use super::Wrong;
use super::cells::state_of_removal;
use super::kana::folded;
use super::paper::{Items, Record};

/// What a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Resident,
    Removed,
    Retired,
}

/// Everything kept under one code.
#[derive(Debug, Clone)]
pub(super) struct Card {
    pub(super) standing: Standing,
    /// The newest row; of a retired code the last one.
    pub(super) row: Items,
    /// The code that replaced it.
    pub(super) target: String,
    /// Superseded rows and removals that were followed by something, oldest first.
    pub(super) past: Vec<Items>,
    /// Whose code it is: persons are chains of codes.
    pub(super) person: usize,
}

/// The newest removal by 21 of a person.
#[derive(Debug, Clone)]
pub(super) struct MoveOut {
    pub(super) town: String,
    pub(super) confirmed: bool,
}

/// Items 1, 10, 18 and 22.
pub(super) type NoticeKey = [String; 4];

/// All of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Register {
    pub(super) cards: BTreeMap<String, Card>,
    /// 個人番号 to person, for ever.
    pub(super) owners: BTreeMap<String, usize>,
    pub(super) moved_out: BTreeMap<usize, MoveOut>,
    /// Notices that were applied, by their key: all else that they said.
    pub(super) applied: BTreeMap<NoticeKey, Vec<String>>,
    persons: usize,
}

/// The key of the duplicate test.
pub(super) fn key(record: &Record) -> NoticeKey {
    [1, 10, 18, 22].map(|item| record.items.get(item).to_owned())
}

/// Everything else that makes two notices the same.
pub(super) fn content(record: &Record, wrong: Option<Wrong>) -> Vec<String> {
    let items = (2..=28).filter(|item| ![10, 12, 13, 18, 19, 21, 22].contains(item));
    items
        .filter(|item| wrong != Some(Wrong::DuplicateForgetsTheOperator) || *item != 16)
        .map(|item| record.items.compared(item).to_owned())
        .chain([record.old_number.clone(), record.old_code.clone()])
        .collect()
}

impl Register {
    /// The person of a code, if it is known.
    pub(super) fn person(&self, code: &str) -> Option<usize> {
        self.cards.get(code).map(|card| card.person)
    }

    /// The row of a code that is not retired.
    pub(super) fn row(&self, code: &str) -> Option<&Items> {
        let card = self.cards.get(code)?;
        (card.standing != Standing::Retired).then_some(&card.row)
    }

    /// The state of a code as a sender sees it (rules 2.2).
    pub(super) fn state(&self, code: &str, own: &[String]) -> &'static str {
        let Some(card) = self.cards.get(code) else {
            return "AB";
        };
        match card.standing {
            Standing::Retired => "RT",
            Standing::Removed => state_of_removal(card.row.get(10)),
            Standing::Resident if own.iter().any(|town| town == card.row.get(14)) => "RS",
            Standing::Resident => "RO",
        }
    }

    pub(super) fn count(&self, standing: Standing) -> u64 {
        self.cards.values().filter(|card| card.standing == standing).count() as u64
    }

    /// Applies a notice that was found right. The row after it, as the national body is told.
    pub(super) fn apply(&mut self, record: &Record, today: &str, wrong: Option<Wrong>) -> Items {
        let (code, reason) = (record.items.get(1).to_owned(), record.items.get(10).to_owned());
        self.applied.insert(key(record), content(record, wrong));
        let from_notice = [10, 11, 16, 17, 18, 22];
        if reason == "90" {
            let person = self.person(&code).unwrap();
            self.moved_out.get_mut(&person).unwrap().confirmed = true;
            return self.cards[&code].row.clone();
        }
        let removal = ('1'..='6').any(|digit| reason == format!("2{digit}"));
        let mut row = record.items.clone();
        if removal {
            if wrong != Some(Wrong::RemovalTakesTheNotice) {
                row = self.cards[&code].row.clone();
            }
            for item in from_notice {
                row.set(item, record.items.get(item));
            }
        }
        row.set(
            12,
            if reason == "23" {
                "3"
            } else if removal {
                "2"
            } else {
                "0"
            },
        );
        row.set(13, &folded(row.get(4)));
        row.set(19, today);
        row.set(21, if removal { "1" } else { "0" });
        let changes_code = ["51", "52"].contains(&reason.as_str()) && !record.old_code.is_empty();
        let mut past = Vec::new();
        let person = if changes_code {
            let old = self.cards.get_mut(&record.old_code).unwrap();
            old.past.push(superseded(&old.row));
            old.standing = Standing::Retired;
            old.target.clone_from(&code);
            old.person
        } else if let Some(before) = self.cards.get(&code) {
            past.clone_from(&before.past);
            past.push(superseded(&before.row));
            before.person
        } else {
            self.persons += 1;
            self.persons
        };
        if reason == "21" {
            let town = row.get(14).to_owned();
            let confirmed = false;
            self.moved_out.insert(person, MoveOut { town, confirmed });
        }
        if !row.get(9).is_empty() {
            if wrong == Some(Wrong::FormerNumbersAreFree) {
                self.owners.retain(|_, owner| *owner != person);
            }
            self.owners.insert(row.get(9).to_owned(), person);
        }
        let card = Card {
            standing: if removal { Standing::Removed } else { Standing::Resident },
            row: row.clone(),
            target: String::new(),
            past,
            person,
        };
        self.cards.insert(code, card);
        row
    }
}

/// A row that something followed: item 12 is 1, but a removal keeps its own (rules section 3).
fn superseded(row: &Items) -> Items {
    let mut row = row.clone();
    if row.get(12) == "0" {
        row.set(12, "1");
    }
    row
}
