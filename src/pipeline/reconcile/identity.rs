//! The identity of a difference, and the differences of one code from one extract to the next.
//!
//! A difference is known by party, code, class and item: the same value that is still wrong is the same difference, another
//! wrong value of the same item as well. At rest the key stands as a keyed digest only, since a code is personal data.

use std::collections::BTreeMap;

use super::life::NewestNotice;
use super::outcome::{Outcome, What};
use crate::domain::difference::{self, Cause, Class, Closing, Event, Life, RunFacts, Seen};
use crate::domain::ids::{JuminCode, PartyId};
use crate::domain::item::Item;
use crate::format::rowcode::code_key;

/// What makes two findings the same difference, party and code apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DifferenceKey {
    /// Class.
    pub class: Class,
    /// Item, for class 10.
    pub item: Option<Item>,
}

impl DifferenceKey {
    /// The differences that one outcome tells of, with their causes. Faults of the extract (80, 90) and a MATCH are none.
    pub fn of(outcome: &Outcome) -> Vec<(Self, Cause)> {
        match &outcome.what {
            What::Match | What::Invalid(_) => Vec::new(),
            What::Person(class, _) if !class.is_of_person() => Vec::new(),
            What::Person(class, cause) => vec![(
                Self {
                    class: *class,
                    item: None,
                },
                *cause,
            )],
            What::Items(items) => items
                .iter()
                .map(|difference| {
                    let key = Self {
                        class: Class::Diff,
                        item: Some(difference.item),
                    };
                    (key, difference.cause)
                })
                .collect(),
        }
    }
}

/// The bytes of a difference's identity: party (8, filled with zeros), code (5), class, item (0 for none). The shell makes its
/// id of them with a key of the site.
pub fn difference_key(party: PartyId, code: JuminCode, key: DifferenceKey) -> [u8; 15] {
    let mut bytes = [0; 15];
    let party = party.as_str().bytes().chain(std::iter::repeat(0)).take(8);
    let tail = [key.class.number(), key.item.map_or(0, Item::number)];
    for (to, from) in bytes.iter_mut().zip(party.chain(code_key(code)).chain(tail)) {
        *to = from;
    }
    bytes
}

/// One code of one party in one extract.
#[derive(Debug, Clone, Copy)]
pub struct Walk {
    /// The extract.
    pub run: RunFacts,
    /// True where the extract tells of the code: it has a sound record of it, or it is of scope F and has no refused one.
    pub was_looked_for: bool,
    /// The newest notice about the code not after `base_at` ([`super::Lifeline::newest_notice`]).
    pub newest: Option<NewestNotice>,
}

/// What became of one difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// The difference.
    pub key: DifferenceKey,
    /// Its life; there always is one.
    pub life: Life,
    /// What happened; `None` where nothing did.
    pub event: Option<Event>,
}

impl Walk {
    /// Carries the lives of one code on: `lives` are those known, `found` the differences of this extract. The answer has
    /// every difference of either, in the order of its key.
    pub fn carry_on(
        &self,
        lives: &BTreeMap<DifferenceKey, Life>,
        found: &BTreeMap<DifferenceKey, Cause>,
    ) -> Vec<Walked> {
        let mut keys: Vec<DifferenceKey> = lives.keys().chain(found.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        let walked = keys.into_iter().filter_map(|key| {
            let old = lives.get(&key).copied();
            let seen = match found.get(&key) {
                Some(_) => Seen::Present,
                None if self.was_looked_for => Seen::Absent,
                None => Seen::NotLooked,
            };
            let cause = found.get(&key).copied().or(old.map(|life| life.cause));
            let (life, event) = difference::next(
                old,
                seen,
                &self.run,
                cause.unwrap_or(Cause::TrueDifference),
                old.and_then(|life| self.notice_since(&life)),
            );
            life.map(|life| Walked { key, life, event })
        });
        walked.collect()
    }

    /// The newest notice, if it came after the extract that told of the difference last: by its own time, or by the day on
    /// which it was applied, since a file may have been held in between.
    fn notice_since(&self, life: &Life) -> Option<Closing> {
        let is_since = |notice: &NewestNotice| {
            notice.timestamp > life.last_base || notice.received.is_some_and(|day| day > life.last_seen)
        };
        self.newest.filter(is_since).map(|notice| Closing::Notice {
            reason: notice.reason,
            timestamp: notice.timestamp,
            update_seq: notice.update_seq,
        })
    }
}
