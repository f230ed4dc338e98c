//! A change notice (異動通知) whose record passed the format and code checks.

use super::compare::{OldRule, rule};
use super::finding::Place;
use super::ids::{JuminCode, MyNumber, PartyId};
use super::instant::Instant;
use super::item::Item;
use super::reason::Reason;
use super::row::Row;

/// Where a record stands: sender, file serial, record number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// Party that sent the file.
    pub sender: PartyId,
    /// Serial of the file.
    pub serial: u32,
    /// Number of the type 2 record, from 1.
    pub record_no: u32,
}

/// A notice: the snapshot as sent, the old numbers, and where it came from.
#[derive(Clone)]
pub struct Notice {
    /// Where the record stands.
    pub source: Source,
    /// Item 1.
    pub code: JuminCode,
    /// Item 10.
    pub reason: Reason,
    /// Item 18.
    pub timestamp: Instant,
    /// Item 22.
    pub update_seq: u32,
    /// The snapshot as sent; item 13 is the one computed from item 4, items 12, 19, 21 as received.
    pub row: Row,
    /// `old_my_number` as sent, empty if blank; used by 41, 42 and 43 only.
    pub old_my_number: String,
    /// `old_jumin_code` as sent, empty if blank; used by 51 and 52 only.
    pub old_jumin_code: Option<JuminCode>,
    /// True where item 13 was sent and is not the computed one (W210).
    pub seion_differs: bool,
    /// Where item 9 lies in the file: the one C finding that needs the master (C009).
    pub my_number_place: Option<Place>,
}

impl std::fmt::Debug for Notice {
    /// Source and reason only: everything else is personal.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notice")
            .field("source", &self.source)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

impl Notice {
    /// Item 9 as a number.
    pub fn my_number(&self) -> Option<MyNumber> {
        self.row.my_number()
    }

    /// The text of an item.
    pub fn get(&self, item: Item) -> &str {
        self.row.get(item)
    }

    /// The code whose record the notice is about: the old one for 51 and 52, `None` for 52 without one, else item 1.
    pub fn column(&self) -> Option<JuminCode> {
        match rule(self.reason).old {
            OldRule::JuminCode { .. } => self.old_jumin_code,
            OldRule::Unused | OldRule::MyNumber { .. } => Some(self.code),
        }
    }

    /// Identity of a notice for the duplicate test: items 1, 10, 18, 22.
    pub fn key(&self) -> NoticeKey {
        NoticeKey {
            code: self.code,
            reason: self.reason.number(),
            timestamp: self.timestamp,
            update_seq: self.update_seq,
        }
    }
}

/// Items 1, 10, 18 and 22 of a notice that was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoticeKey {
    /// Item 1.
    pub code: JuminCode,
    /// Item 10, two digits.
    pub reason: u8,
    /// Item 18.
    pub timestamp: Instant,
    /// Item 22.
    pub update_seq: u32,
}

/// SHA-256 over everything else that makes two notices the same (rules 9: items 2-9, 11, 14-17, 20, 23-28, old numbers).
pub type NoticeDigest = [u8; 32];
