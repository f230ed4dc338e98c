//! What a run knows of the master: the entries, owners of numbers and applied notices that its notices can meet.
//!
//! The caller loads it in rounds, because one answer can raise the next question (the owner of a number, the code that
//! replaced it):
//!
//! ```text
//! let mut known = Known::default();
//! loop {
//!     let needs = known.missing(&notices);
//!     if needs.is_empty() { break; }
//!     for code in needs.codes     { known.learn_entry(code, master.entry(code)?); }
//!     for number in needs.numbers { known.learn_owner(number, master.owner(number)?); }
//!     for key in needs.notices    { known.learn_notice(key, master.notice(key)?); }
//! }
//! ```
//!
//! It ends: a round asks only for what was not learnt before, and the chain of codes of a person is finite.

use std::collections::{BTreeMap, BTreeSet};

use super::decide::PlanFault;
use crate::domain::entry::{Entry, Standing};
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::instant::Instant;
use crate::domain::notice::{Notice, NoticeDigest, NoticeKey};

/// Longest chain of codes of one person that is followed; a longer one is a circle in a damaged master.
const CHAIN_MAX: u32 = 10_000;

/// What has to be loaded before the notices can be judged. Each set is sorted by key, for one pass over the master.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Entries.
    pub codes: BTreeSet<JuminCode>,
    /// First owners of numbers.
    pub numbers: BTreeSet<MyNumber>,
    /// Digests of applied notices, only where one can exist: item 18 not after the entry's newest notice.
    pub notices: BTreeSet<NoticeKey>,
}

impl Needs {
    /// True where nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty() && self.numbers.is_empty() && self.notices.is_empty()
    }
}

/// An entry, and the newest notice of its code when it was loaded.
#[derive(Debug, Clone)]
struct Held {
    entry: Entry,
    /// `None` for a code that the run itself brought in: the master has no notice of it.
    newest_loaded: Option<Instant>,
}

/// Entries, owners and notices as the run finds them, and as its own notices change them.
#[derive(Debug, Clone, Default)]
pub struct Known {
    entries: BTreeMap<JuminCode, Option<Held>>,
    owners: BTreeMap<MyNumber, Option<JuminCode>>,
    notices: BTreeMap<NoticeKey, Option<NoticeDigest>>,
}

impl Known {
    /// What is still missing to judge `notices`.
    pub fn missing<'n>(&self, notices: impl IntoIterator<Item = &'n Notice>) -> Needs {
        let mut needs = Needs::default();
        for notice in notices {
            self.need_entry(notice.code, &mut needs);
            if let Some(old) = notice.column() {
                self.need_entry(old, &mut needs);
            }
            if let Some(number) = notice.my_number() {
                match self.owners.get(&number) {
                    None => drop(needs.numbers.insert(number)),
                    Some(None) => {}
                    Some(Some(owner)) => self.need_entry(*owner, &mut needs),
                }
            }
            if let Some(Some(held)) = self.entries.get(&notice.code)
                && held.newest_loaded.is_some_and(|newest| notice.timestamp <= newest)
                && !self.notices.contains_key(&notice.key())
            {
                needs.notices.insert(notice.key());
            }
        }
        needs
    }

    /// Needs `code`, and the codes that replaced it.
    fn need_entry(&self, code: JuminCode, needs: &mut Needs) {
        let mut at = code;
        for _ in 0..CHAIN_MAX {
            match self.entries.get(&at) {
                None => {
                    needs.codes.insert(at);
                    return;
                }
                Some(Some(held)) => match held.entry.standing {
                    Standing::Retired { target } => at = target,
                    Standing::Resident(_) | Standing::Removed(_) => return,
                },
                Some(None) => return,
            }
        }
    }

    /// Learns the entry of a code; `None` where the master has none.
    pub fn learn_entry(&mut self, code: JuminCode, entry: Option<Entry>) {
        let held = entry.map(|entry| Held {
            newest_loaded: Some(entry.newest_notice),
            entry,
        });
        self.entries.insert(code, held);
    }

    /// Learns the code that had a number first; `None` where nobody had it.
    pub fn learn_owner(&mut self, number: MyNumber, owner: Option<JuminCode>) {
        self.owners.insert(number, owner);
    }

    /// Learns the digest of the applied notice with this key; `None` where none was applied.
    pub fn learn_notice(&mut self, key: NoticeKey, digest: Option<NoticeDigest>) {
        self.notices.insert(key, digest);
    }

    /// The entry of a code.
    ///
    /// # Errors
    /// [`PlanFault::NotLoaded`] where it was never learnt.
    pub fn entry(&self, code: JuminCode) -> Result<Option<&Entry>, PlanFault> {
        let held = self.entries.get(&code).ok_or(PlanFault::NotLoaded)?;
        Ok(held.as_ref().map(|held| &held.entry))
    }

    /// The code that had `number` first.
    ///
    /// # Errors
    /// [`PlanFault::NotLoaded`] where it was never learnt.
    pub fn owner(&self, number: MyNumber) -> Result<Option<JuminCode>, PlanFault> {
        self.owners.get(&number).copied().ok_or(PlanFault::NotLoaded)
    }

    /// The digest of the applied notice with the key of `notice`.
    ///
    /// # Errors
    /// [`PlanFault::NotLoaded`] where the master may have one and it was never learnt.
    pub fn applied(&self, notice: &Notice) -> Result<Option<NoticeDigest>, PlanFault> {
        if let Some(digest) = self.notices.get(&notice.key()) {
            return Ok(*digest);
        }
        let held = self.entries.get(&notice.code).ok_or(PlanFault::NotLoaded)?;
        let newest = held.as_ref().and_then(|held| held.newest_loaded);
        if newest.is_some_and(|newest| notice.timestamp <= newest) {
            return Err(PlanFault::NotLoaded);
        }
        Ok(None)
    }

    /// The person a code belongs to, named by the newest code of the chain of 51 and 52.
    ///
    /// # Errors
    /// [`PlanFault::NotLoaded`] where a code of the chain was never learnt, [`PlanFault::Chain`] where the chain is a
    /// circle.
    pub fn person(&self, code: JuminCode) -> Result<JuminCode, PlanFault> {
        let mut at = code;
        for _ in 0..CHAIN_MAX {
            match self.entry(at)?.map(|entry| &entry.standing) {
                Some(Standing::Retired { target }) => at = *target,
                None | Some(Standing::Resident(_) | Standing::Removed(_)) => return Ok(at),
            }
        }
        Err(PlanFault::Chain)
    }

    /// The entry of a code for changing it, for `apply`.
    pub(in crate::pipeline) fn entry_mut(&mut self, code: JuminCode) -> Option<&mut Entry> {
        self.entries.get_mut(&code)?.as_mut().map(|held| &mut held.entry)
    }

    /// Brings in the entry of a code that had none, for `apply`.
    pub(in crate::pipeline) fn bring_in(&mut self, entry: Entry) {
        let held = Held {
            entry,
            newest_loaded: None,
        };
        self.entries.insert(held.entry.code, Some(held));
    }

    /// Takes the entry of a code out, at the end of a run.
    pub(in crate::pipeline) fn take_entry(&mut self, code: JuminCode) -> Option<Entry> {
        self.entries.remove(&code)?.map(|held| held.entry)
    }
}
