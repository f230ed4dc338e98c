//! A change notice (異動通知) whose record passed the format and code checks.

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
#[derive(Debug, Clone)]
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
    /// The snapshot as sent; items 12, 13, 19, 21 as received.
    pub row: Row,
    /// `old_my_number` as sent, empty if blank.
    pub old_my_number: String,
    /// `old_jumin_code` as sent, empty if blank; used by 51 and 52 only.
    pub old_jumin_code: Option<JuminCode>,
    /// Warnings found before planning (W210 needs only the record).
    pub sent_seion: bool,
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
