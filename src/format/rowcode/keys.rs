//! Rows as the key group of a block tells them: what matching and comparing look at (`docs/formats/run.md`).

use std::fmt;

use crate::domain::entry::MoveOut;
use crate::domain::ids::{JuminCode, MunicipalityCode, MyNumber, PartyId};
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::item::Item;

/// Items in the key group. Item 1 is stored by reference to the key where it equals it.
pub const KEY_ITEMS: [Item; 13] = [
    Item::JuminCode,
    Item::BirthDate,
    Item::Sex,
    Item::MyNumber,
    Item::ChangeReason,
    Item::ChangeDate,
    Item::RetentionFlag,
    Item::SeionKanaName,
    Item::MunicipalityCode,
    Item::Timestamp,
    Item::ReceivedDate,
    Item::DeletedFlag,
    Item::UpdateSeq,
];

/// What the key group tells of a row.
#[derive(Clone, PartialEq, Eq)]
pub struct RowKey {
    origin: PartyId,
    text: String,
    ends: [u16; 13],
    compared: [u8; 16],
}

impl RowKey {
    /// A key part from the texts of [`KEY_ITEMS`]; `None` above 65,535 bytes.
    pub(super) fn new(origin: PartyId, compared: [u8; 16], texts: &[&str; 13]) -> Option<Self> {
        let mut key = Self {
            origin,
            text: String::with_capacity(texts.iter().map(|text| text.len()).sum()),
            ends: [0; 13],
            compared,
        };
        for (end, text) in key.ends.iter_mut().zip(texts) {
            key.text.push_str(text);
            *end = u16::try_from(key.text.len()).ok()?;
        }
        Some(key)
    }

    /// The text of an item of [`KEY_ITEMS`]; `None` for the others, which only the body has.
    pub fn get(&self, item: Item) -> Option<&str> {
        let index = KEY_ITEMS.iter().position(|key| *key == item)?;
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = self.ends.get(index).copied()?;
        self.text.get(usize::from(start)..usize::from(end))
    }

    /// The row's [`super::compared_digest`].
    pub fn compared(&self) -> &[u8; 16] {
        &self.compared
    }

    /// Item 9, if it is a right number.
    pub fn my_number(&self) -> Option<MyNumber> {
        MyNumber::parse(self.get(Item::MyNumber)?).ok()
    }

    /// Item 14, if it is a right code.
    pub fn municipality(&self) -> Option<MunicipalityCode> {
        MunicipalityCode::parse(self.get(Item::MunicipalityCode)?).ok()
    }

    /// Item 18, if it is a real time.
    pub fn timestamp(&self) -> Option<Instant> {
        Instant::parse(self.get(Item::Timestamp)?)
    }

    /// True for a removal: item 21 is 1.
    pub fn is_removed(&self) -> bool {
        self.get(Item::DeletedFlag) == Some("1")
    }
}

impl fmt::Debug for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RowKey({} bytes from {})", self.text.len(), self.origin)
    }
}

/// [`Standing`](crate::domain::entry::Standing) as the key group tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandingKey {
    /// A resident.
    Resident(RowKey),
    /// Removed.
    Removed(RowKey),
    /// Replaced by another code.
    Retired {
        /// The code that replaced it.
        target: JuminCode,
    },
}

/// An [`Entry`](crate::domain::entry::Entry) as the key group tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryKey {
    /// The key.
    pub code: JuminCode,
    /// What the code is now.
    pub standing: StandingKey,
    /// The code this one replaced, if any.
    pub former: Option<JuminCode>,
    /// The newest removal by 21 of the person.
    pub moved_out: Option<MoveOut>,
    /// Greatest item 18 of the notices applied under this code.
    pub newest_notice: Instant,
    /// Versions ever stored under this code: the number of the next one.
    pub versions: u32,
}

impl EntryKey {
    /// The row's key part; `None` for a retired code.
    pub fn row(&self) -> Option<&RowKey> {
        match &self.standing {
            StandingKey::Resident(row) | StandingKey::Removed(row) => Some(row),
            StandingKey::Retired { .. } => None,
        }
    }
}

/// A [`Version`](crate::domain::entry::Version) as the key group tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionKey {
    /// The code the version was stored with.
    pub code: JuminCode,
    /// Order of the versions of one code, from 0.
    pub number: u32,
    /// Key part of the row as it was.
    pub row: RowKey,
    /// Item 19 of the notice that replaced it.
    pub replaced_on: BusinessDate,
    /// Item 18 of the notice that replaced it.
    pub replaced_at: Instant,
}
