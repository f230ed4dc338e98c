//! One walk over the key groups of the current rows and of the history: what the register tells of each code.

use crate::domain::asof::Retirement;
use crate::domain::ids::{JuminCode, MunicipalityCode};
use crate::format::rowcode::{EntryKey, RowKey, StandingKey, VersionKey};
use crate::pipeline::reconcile::{Lifeline, MadeBy, Seen, Snapshot};
use crate::store::history::Place;
use crate::store::master::{Master, MasterError, Scan};

/// The key group of a row, and where its body lies.
pub(super) struct At {
    key: RowKey,
    /// Where the row lies.
    pub(super) place: Place,
}

impl Seen for At {
    fn municipality(&self) -> Option<MunicipalityCode> {
        Seen::municipality(&self.key)
    }

    fn notice(&self) -> Option<MadeBy> {
        self.key.notice()
    }

    fn has_digest(&self, digest: &[u8; 16]) -> bool {
        self.key.has_digest(digest)
    }
}

/// The codes of the register in their order.
pub(super) struct Lives<'m> {
    entries: Scan<'m, EntryKey>,
    versions: Scan<'m, VersionKey>,
    entry: Option<EntryKey>,
    version: Option<VersionKey>,
}

impl<'m> Lives<'m> {
    pub(super) fn of(master: &'m Master) -> Result<Self, MasterError> {
        let (mut entries, mut versions) = (master.scan_keys(), master.scan_version_keys());
        Ok(Self {
            entry: entries.next().transpose()?,
            version: versions.next().transpose()?,
            entries,
            versions,
        })
    }

    /// The next code.
    pub(super) fn peek(&self) -> Option<JuminCode> {
        let of_entry = self.entry.as_ref().map(|entry| entry.code);
        let of_version = self.version.as_ref().map(|version| version.code);
        [of_entry, of_version].into_iter().flatten().min()
    }

    /// What the register tells of `code`, which is not behind the next one.
    pub(super) fn take(&mut self, code: JuminCode) -> Result<Lifeline<At>, MasterError> {
        let mut life = Lifeline::default();
        let mut last_replaced = None;
        while let Some(version) = self.version.take_if(|version| version.code == code) {
            self.version = self.versions.next().transpose()?;
            last_replaced = Some(version.replaced_at);
            life.snapshots.push(Snapshot {
                timestamp: version.row.timestamp(),
                is_removed: version.row.is_removed(),
                row: At {
                    key: version.row,
                    place: Place::Version(version.number),
                },
            });
        }
        let Some(entry) = self.entry.take_if(|entry| entry.code == code) else {
            return Ok(life);
        };
        self.entry = self.entries.next().transpose()?;
        let (key, is_removed) = match entry.standing {
            StandingKey::Resident(key) => (key, false),
            StandingKey::Removed(key) => (key, true),
            StandingKey::Retired { target } => {
                life.retirement = last_replaced.map_or(Retirement::Always, Retirement::Since);
                life.target = Some(target);
                return Ok(life);
            }
        };
        life.snapshots.push(Snapshot {
            timestamp: key.timestamp(),
            is_removed,
            row: At {
                key,
                place: Place::Current,
            },
        });
        Ok(life)
    }
}
