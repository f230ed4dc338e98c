//! What the master holds: current entries by code, versions (history), owners of numbers, applied notices.

use super::ids::{JuminCode, MunicipalityCode, MyNumber};
use super::instant::{BusinessDate, Instant};
use super::notice::{NoticeDigest, NoticeKey};
use super::row::Row;

/// State of a 住民票コード as the master knows it; `RS` and `RO` of the rules are told apart by the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A resident (item 21 is 0).
    Resident(Row),
    /// Removed (除票): item 10 of the row says by which reason.
    Removed(Row),
    /// Replaced by another code (51, 52); never used again. The last row is in the history under this code.
    Retired {
        /// The code that replaced it.
        target: JuminCode,
    },
}

/// The newest removal by 21 of a person, former codes included: what a 90 confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveOut {
    /// Item 14 of the removal.
    pub municipality: MunicipalityCode,
    /// Item 18 of the removal.
    pub timestamp: Instant,
    /// True once a 90 was applied.
    pub confirmed: bool,
}

/// The current entry of one code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub code: JuminCode,
    /// What the code is now.
    pub standing: Standing,
    /// The code this one replaced, if any.
    pub former: Option<JuminCode>,
    /// The newest removal by 21 of the person.
    pub moved_out: Option<MoveOut>,
    /// Greatest item 18 of the notices applied under this code, 90 included. A notice with a greater one cannot be a
    /// duplicate, so the index of applied notices need not be read.
    pub newest_notice: Instant,
    /// Versions ever stored under this code, erased ones included: the number of the next [`Version`].
    pub versions: u32,
}

impl Entry {
    /// The current row; `None` for a retired code.
    pub fn row(&self) -> Option<&Row> {
        match &self.standing {
            Standing::Resident(row) | Standing::Removed(row) => Some(row),
            Standing::Retired { .. } => None,
        }
    }
}

/// A replaced snapshot (消除された保存対象の旧版), stored under the code it was stored with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The code the version was stored with.
    pub code: JuminCode,
    /// Order of the versions of one code, from 0.
    pub number: u32,
    /// The row as it was; item 12 is 1 superseded, 2 removal other than death, 3 death.
    pub row: Row,
    /// Item 19 of the notice that replaced it: the 150 years of a superseded snapshot begin here.
    pub replaced_on: BusinessDate,
    /// Item 18 of the notice that replaced it.
    pub replaced_at: Instant,
}

/// The generation's changes, as the plan gives them to the store. Each list is sorted by its key and has no key twice.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// New state of every code touched.
    pub entries: Vec<Entry>,
    /// Versions added.
    pub versions: Vec<Version>,
    /// Numbers seen for the first time, and the code that had them first.
    pub numbers: Vec<(MyNumber, JuminCode)>,
    /// Notices applied.
    pub notices: Vec<(NoticeKey, NoticeDigest)>,
}
