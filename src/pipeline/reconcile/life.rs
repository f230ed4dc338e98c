//! What the register tells of one code: all its rows in the order in which they were applied, and its retirement.

use crate::domain::asof::{InForce, Retirement, in_force};
use crate::domain::ids::{JuminCode, MunicipalityCode};
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::item::Item;
use crate::domain::reason::Reason;
use crate::domain::row::Row;
use crate::format::rowcode::{RowKey, compared_digest};

/// What the classes look at in a row: its key group tells it, so that no body is read for a MATCH.
pub trait Seen {
    /// Item 14.
    fn municipality(&self) -> Option<MunicipalityCode>;
    /// The notice that made the row: items 10, 19 and 22.
    fn notice(&self) -> Option<MadeBy>;
    /// True where the compared items of `digest`'s row are certainly equal ([`compared_digest`]).
    fn has_digest(&self, digest: &[u8; 16]) -> bool;
}

impl Seen for RowKey {
    fn municipality(&self) -> Option<MunicipalityCode> {
        Self::municipality(self)
    }

    fn notice(&self) -> Option<MadeBy> {
        made_by(
            self.get(Item::ChangeReason)?,
            self.get(Item::UpdateSeq)?,
            self.get(Item::ReceivedDate)?,
        )
    }

    fn has_digest(&self, digest: &[u8; 16]) -> bool {
        self.compared() == digest
    }
}

impl Seen for Row {
    fn municipality(&self) -> Option<MunicipalityCode> {
        Self::municipality(self)
    }

    fn notice(&self) -> Option<MadeBy> {
        made_by(
            self.get(Item::ChangeReason),
            self.get(Item::UpdateSeq),
            self.get(Item::ReceivedDate),
        )
    }

    fn has_digest(&self, digest: &[u8; 16]) -> bool {
        compared_digest(self) == *digest
    }
}

/// One row that a code had or has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot<R> {
    /// Item 18.
    pub timestamp: Option<Instant>,
    /// True where it is a removal (item 21 is 1).
    pub is_removed: bool,
    /// The row, or what leads to it.
    pub row: R,
}

/// Everything that the register knows of one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifeline<R> {
    /// All rows in the order in which they were applied: the versions, then the current one.
    pub snapshots: Vec<Snapshot<R>>,
    /// Since when it is retired: the item 18 of the notice that replaced its last version.
    pub retirement: Retirement,
    /// The code that replaced it.
    pub target: Option<JuminCode>,
}

impl<R> Default for Lifeline<R> {
    /// A code that the register does not know.
    fn default() -> Self {
        Self {
            snapshots: Vec::new(),
            retirement: Retirement::Never,
            target: None,
        }
    }
}

/// What a code was at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Was<'l, R> {
    /// No such code.
    Unknown,
    /// Retired.
    Retired,
    /// Removed.
    Removed,
    /// A resident.
    Resident(&'l R),
}

impl<R> Lifeline<R> {
    /// What the code was at `at`.
    pub fn was(&self, at: Instant) -> Was<'_, R> {
        let snapshots = self.snapshots.iter().map(|snapshot| (snapshot.timestamp, snapshot));
        match in_force(snapshots, self.retirement, at) {
            InForce::Unknown => Was::Unknown,
            InForce::Retired => Was::Retired,
            InForce::Snapshot(snapshot) => standing(snapshot),
        }
    }

    /// What the code became after `at`, one after the other.
    pub fn later(&self, at: Instant) -> impl Iterator<Item = Was<'_, R>> {
        let retired = match self.retirement {
            Retirement::Since(since) if since > at => Some(Was::Retired),
            Retirement::Since(_) | Retirement::Never | Retirement::Always => None,
        };
        self.snapshots
            .iter()
            .filter(move |snapshot| snapshot.timestamp.is_some_and(|timestamp| timestamp > at))
            .map(standing)
            .chain(retired)
    }
}

impl<R: Seen> Lifeline<R> {
    /// The newest notice about the code with an item 18 not after `at`. A 51 or 52 stands under the new code; a 90 leaves no
    /// row and is not seen.
    pub fn newest_notice(&self, at: Instant) -> Option<NewestNotice> {
        let facts = |snapshot: &Snapshot<R>| {
            let timestamp = snapshot.timestamp.filter(|timestamp| *timestamp <= at)?;
            let made = snapshot.row.notice()?;
            Some(NewestNotice {
                reason: made.reason,
                timestamp,
                update_seq: made.update_seq,
                received: made.received,
            })
        };
        let notices = self.snapshots.iter().filter_map(facts);
        // Of equal ones the last applied.
        notices.max_by_key(|notice| notice.timestamp)
    }
}

/// What a row tells of the notice that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeBy {
    /// Item 10.
    pub reason: Reason,
    /// Item 22.
    pub update_seq: u32,
    /// Item 19.
    pub received: Option<BusinessDate>,
}

/// The newest notice about a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewestNotice {
    /// Item 10.
    pub reason: Reason,
    /// Item 18.
    pub timestamp: Instant,
    /// Item 22.
    pub update_seq: u32,
    /// Item 19: the business date of the run that applied it.
    pub received: Option<BusinessDate>,
}

fn made_by(reason: &str, update_seq: &str, received: &str) -> Option<MadeBy> {
    Some(MadeBy {
        reason: Reason::parse(reason)?,
        update_seq: update_seq.parse().unwrap_or(0),
        received: BusinessDate::parse(received),
    })
}

fn standing<R>(snapshot: &Snapshot<R>) -> Was<'_, R> {
    if snapshot.is_removed {
        Was::Removed
    } else {
        Was::Resident(&snapshot.row)
    }
}
