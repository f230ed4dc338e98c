//! Versions and as-of reading (rules section 4): the version whose item 18 is the newest not after an instant.
//!
//! Of two versions with one item 18 the later applied counts. Before the item 18 of a 51 or 52 the old code is normal and
//! the new one unknown. A notice 90 leaves no version.

use std::collections::BTreeMap;

use super::master::{Master, MasterError, Scan};
use super::runs::Bodies;
use crate::domain::entry::{Standing, Version};
use crate::domain::ids::JuminCode;
use crate::domain::instant::Instant;
use crate::domain::row::Row;
use crate::format::blockfile::Table;
use crate::format::rowcode::{EntryKey, StandingKey, VersionKey, decode_version, decode_version_key, version_key};

/// Where the row lies that was in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the current row.
    Current,
    /// It is the version with this number.
    Version(u32),
}

/// What a code was at an instant, as the key groups tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsOfKey {
    /// The code.
    pub code: JuminCode,
    /// What it was.
    pub standing: StandingKey,
    /// Where its row lies; means nothing for a retired code.
    pub place: Place,
}

impl Master {
    /// The versions of a code, in their order.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn versions(&self, code: JuminCode) -> Result<Vec<Version>, MasterError> {
        let mut found = BTreeMap::new();
        self.visit_versions(&[code], Bodies::Read, &mut |key, small, body| {
            let version = decode_version(key, small, body)?;
            found.entry(version.number).or_insert(version);
            Ok(())
        })?;
        Ok(found.into_values().collect())
    }

    /// What a code was at an instant; `None` where it was unknown.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn as_of(&self, code: JuminCode, at: Instant) -> Result<Option<Standing>, MasterError> {
        Ok(self.as_of_many(&[code], at)?.remove(&code))
    }

    /// What the codes were at an instant; codes that were unknown are left out.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn as_of_many(&self, codes: &[JuminCode], at: Instant) -> Result<BTreeMap<JuminCode, Standing>, MasterError> {
        let keys = self.as_of_keys(codes, at)?;
        let places: Vec<(JuminCode, Place)> = keys
            .values()
            .filter(|key| !matches!(key.standing, StandingKey::Retired { .. }))
            .map(|key| (key.code, key.place))
            .collect();
        let mut rows = self.rows_at(&places)?;
        let mut standings = BTreeMap::new();
        for (code, key) in keys {
            let row = rows.remove(&code);
            let standing = match (key.standing, row) {
                (StandingKey::Retired { target }, _) => Standing::Retired { target },
                (StandingKey::Resident(_), Some(row)) => Standing::Resident(row),
                (StandingKey::Removed(_), Some(row)) => Standing::Removed(row),
                (StandingKey::Resident(_) | StandingKey::Removed(_), None) => continue,
            };
            standings.insert(code, standing);
        }
        Ok(standings)
    }

    /// [`Master::as_of_many`] from the key groups alone.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn as_of_keys(&self, codes: &[JuminCode], at: Instant) -> Result<BTreeMap<JuminCode, AsOfKey>, MasterError> {
        let mut entries = self.entry_keys(codes)?;
        let mut versions: BTreeMap<JuminCode, Vec<VersionKey>> = BTreeMap::new();
        self.visit_versions(codes, Bodies::Skip, &mut |key, small, _| {
            let version = decode_version_key(key, small)?;
            versions.entry(version.code).or_default().push(version);
            Ok(())
        })?;
        let mut found = BTreeMap::new();
        for code in codes {
            let (entry, versions) = (entries.remove(code), versions.remove(code).unwrap_or_default());
            if let Some(key) = in_force(*code, entry, versions, at) {
                found.insert(*code, key);
            }
        }
        Ok(found)
    }

    /// The rows at these places, which [`AsOfKey`]s named.
    ///
    /// # Errors
    /// [`MasterError::Run`].
    pub fn rows_at(&self, places: &[(JuminCode, Place)]) -> Result<BTreeMap<JuminCode, Row>, MasterError> {
        let (mut codes, mut versions) = (Vec::new(), Vec::new());
        for (code, place) in places {
            match place {
                Place::Current => codes.push(*code),
                Place::Version(number) => versions.push(version_key(*code, *number)),
            }
        }
        let mut rows = BTreeMap::new();
        for (code, entry) in self.entries(&codes)? {
            if let Standing::Resident(row) | Standing::Removed(row) = entry.standing {
                rows.insert(code, row);
            }
        }
        self.lookup(Table::History, versions, Bodies::Read, &mut |key, small, body| {
            let version = decode_version(key, small, body)?;
            rows.insert(version.code, version.row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// What every code was at an instant, from the key groups alone, in the order of codes; codes that were unknown are
    /// left out.
    pub fn scan_as_of(&self, at: Instant) -> AsOfScan<'_> {
        AsOfScan {
            at,
            entries: self.scan_keys(),
            versions: self.scan_version_keys(),
            entry: None,
            version: None,
            started: false,
        }
    }
}

/// A walk over the register as it was; ends after the first error.
pub struct AsOfScan<'a> {
    at: Instant,
    entries: Scan<'a, EntryKey>,
    versions: Scan<'a, VersionKey>,
    entry: Option<EntryKey>,
    version: Option<VersionKey>,
    started: bool,
}

/// What one code turned out to be.
enum Step {
    End,
    Unknown,
    Known(AsOfKey),
}

impl AsOfScan<'_> {
    /// The next code that current table or history has, and what it was.
    fn step(&mut self) -> Result<Step, MasterError> {
        if !self.started {
            self.started = true;
            self.entry = self.entries.next().transpose()?;
            self.version = self.versions.next().transpose()?;
        }
        let of_entry = self.entry.as_ref().map(|entry| entry.code);
        let of_version = self.version.as_ref().map(|version| version.code);
        let Some(code) = [of_entry, of_version].into_iter().flatten().min() else {
            return Ok(Step::End);
        };
        let mut entry = None;
        if of_entry == Some(code) {
            entry = self.entry.take();
            self.entry = self.entries.next().transpose()?;
        }
        let mut versions = Vec::new();
        while let Some(version) = self.version.take_if(|version| version.code == code) {
            versions.push(version);
            self.version = self.versions.next().transpose()?;
        }
        Ok(in_force(code, entry, versions, self.at).map_or(Step::Unknown, Step::Known))
    }
}

impl Iterator for AsOfScan<'_> {
    type Item = Result<AsOfKey, MasterError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.step() {
                Ok(Step::End) => return None,
                Ok(Step::Unknown) => {}
                Ok(Step::Known(key)) => return Some(Ok(key)),
                Err(error) => {
                    (self.entry, self.version) = (None, None);
                    return Some(Err(error));
                }
            }
        }
    }
}

/// What a code was at `at`, given its entry and all its versions.
fn in_force(code: JuminCode, entry: Option<EntryKey>, versions: Vec<VersionKey>, at: Instant) -> Option<AsOfKey> {
    let last_replaced = versions
        .iter()
        .max_by_key(|version| version.number)
        .map(|version| version.replaced_at);
    let mut best = None;
    for version in versions {
        let rank = (version.row.timestamp(), Place::Version(version.number));
        // Item 21 tells a removal; a version knows nothing else of its state.
        let standing = if version.row.is_removed() {
            StandingKey::Removed(version.row)
        } else {
            StandingKey::Resident(version.row)
        };
        consider(&mut best, at, rank, standing);
    }
    let Some(entry) = entry else {
        return best.map(|(_, place, standing)| AsOfKey { code, standing, place });
    };
    match entry.standing {
        StandingKey::Retired { .. } => {
            // The 51 or 52 replaced the last version, so its item 18 is there.
            if last_replaced.is_none_or(|replaced| replaced <= at) {
                return Some(AsOfKey {
                    code,
                    standing: entry.standing,
                    place: Place::Current,
                });
            }
        }
        StandingKey::Resident(ref row) | StandingKey::Removed(ref row) => {
            let rank = (row.timestamp(), Place::Current);
            consider(&mut best, at, rank, entry.standing);
        }
    }
    best.map(|(_, place, standing)| AsOfKey { code, standing, place })
}

type Best = Option<(Instant, Place, StandingKey)>;

/// Candidates come in the order in which they were applied, so the later of equal times wins.
fn consider(best: &mut Best, at: Instant, (timestamp, place): (Option<Instant>, Place), standing: StandingKey) {
    let Some(timestamp) = timestamp.filter(|timestamp| *timestamp <= at) else {
        return;
    };
    let better = match best {
        None => true,
        Some((had, had_place, _)) => (*had, order(*had_place)) <= (timestamp, order(place)),
    };
    if better {
        *best = Some((timestamp, place, standing));
    }
}

fn order(place: Place) -> u64 {
    match place {
        Place::Version(number) => u64::from(number),
        Place::Current => u64::MAX,
    }
}
