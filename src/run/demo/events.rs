//! What can be wrong with a whole file, and on which day it is (rules 2.6, formats "Identity and order").

use super::day::{Assembled, Held};
use super::desk::Draft;
use super::tables::Municipality;
use super::writer::{self, Press};
use super::{DemoFault, DemoFile, Fate, file_name};
use crate::domain::code::Code;
use crate::domain::ids::PartyId;
use crate::domain::item::Item;

/// What happens to a file. Each of them happens in one small town, and the right file follows on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// H01: the file ends in the middle.
    Truncated,
    /// H07: the second of two files arrives first.
    Gap,
    /// H06: a serial that was used before, with other bytes; the town's own file is in order.
    Conflict,
    /// H02: the name says another serial than the header.
    WrongName,
    /// F002: the trailer counts one record too many.
    WrongCount,
    /// H09: a file for production.
    OtherEnvironment,
    /// A file of an earlier day once more; the town's own file is in order.
    Resubmission,
}

/// Events of the days of a working week.
const WEEK: [&[Event]; 5] = [
    &[Event::Truncated, Event::Resubmission],
    &[Event::Gap, Event::Conflict],
    &[Event::WrongName, Event::OtherEnvironment],
    &[Event::WrongCount, Event::Resubmission],
    &[Event::Conflict],
];

/// The events of a day, counted from 1.
pub(super) fn of_day(day: u32) -> &'static [Event] {
    let at = (day.saturating_sub(1) % 5) as usize;
    WEEK.get(at).copied().unwrap_or_default()
}

impl Event {
    /// True where the records of the town's file are judged on the next day only.
    pub(super) const fn delays(self) -> bool {
        match self {
            Self::Truncated | Self::Gap | Self::WrongName | Self::WrongCount | Self::OtherEnvironment => true,
            Self::Conflict | Self::Resubmission => false,
        }
    }
}

/// A town's file of one day: what is needed to write it well or badly.
pub(super) struct Outgoing<'a> {
    /// Writes files.
    pub(super) press: &'a Press,
    /// The town.
    pub(super) town: &'a Municipality,
    /// Header of the right file.
    pub(super) head: writer::Head,
    /// Its records.
    pub(super) drafts: &'a [Draft],
    /// Number of the day.
    pub(super) day: u32,
}

impl Outgoing<'_> {
    /// The right file.
    pub(super) fn right(&self, note: &'static str) -> Result<DemoFile, DemoFault> {
        let Assembled {
            bytes,
            expected,
            findings,
        } = Assembled::write(self.press, self.town, self.head, self.drafts, 0)?;
        let name = file_name(self.town.party.as_str(), self.head.serial);
        let (party, expected) = (self.town.party, Some(expected));
        Ok(DemoFile {
            party,
            name,
            bytes,
            fate: Fate::Judged,
            expected,
            findings,
            note,
        })
    }

    /// The file as it arrives today where its event delays it, and what follows on the next day.
    pub(super) fn delayed(&self, event: Event) -> Result<(DemoFile, Held), DemoFault> {
        let note = "resent in order";
        let right = self.right(note)?;
        let (bytes, name, fate, note) = match event {
            Event::Truncated => {
                let cut = right.bytes.len() / 5 * 3;
                let bytes = right.bytes.get(..cut).unwrap_or_default().to_vec();
                (bytes, right.name.clone(), held(Code::H01), "truncated on its way")
            }
            Event::WrongName => {
                let name = file_name(self.town.party.as_str(), self.head.serial + 90);
                (right.bytes.clone(), name, held(Code::H02), "name contradicts header")
            }
            Event::WrongCount => {
                let bytes = Assembled::write(self.press, self.town, self.head, self.drafts, 1)?.bytes;
                (
                    bytes,
                    right.name.clone(),
                    Fate::Rejected(Code::F002),
                    "trailer counts one record too many",
                )
            }
            Event::OtherEnvironment => {
                let head = writer::Head {
                    environment: b'P',
                    ..self.head
                };
                let bytes = Assembled::write(self.press, self.town, head, self.drafts, 0)?.bytes;
                (bytes, right.name.clone(), held(Code::H09), "made for production")
            }
            Event::Gap => return self.gap(),
            Event::Conflict | Event::Resubmission => return Err(DemoFault::TooMany),
        };
        let arrives = DemoFile {
            bytes,
            name,
            fate,
            expected: None,
            findings: Vec::new(),
            note,
            ..right.clone()
        };
        Ok((
            arrives,
            Held {
                party: self.town.party,
                due: self.day + 1,
                file: right,
                released: None,
            },
        ))
    }

    /// Morning and afternoon in two files, of which only the second arrives. It takes the serial after `head`'s.
    fn gap(&self) -> Result<(DemoFile, Held), DemoFault> {
        let noon = self.head.created_at.value() / 1_000_000_000 * 1_000_000_000 + 120_000_000;
        let is_early = |draft: &&Draft| draft.row.get(Item::Timestamp).parse::<u64>().is_ok_and(|at| at < noon);
        let early = self.drafts.iter().take_while(is_early).count();
        let (morning, afternoon) = self.drafts.split_at_checked(early).unwrap_or_default();
        let first = Outgoing {
            drafts: morning,
            head: self.head,
            ..*self
        };
        let head = writer::Head {
            serial: self.head.serial + 1,
            ..self.head
        };
        let mut second = Outgoing {
            drafts: afternoon,
            head,
            ..*self
        }
        .right("arrives before the file before it")?;
        second.fate = Fate::Held {
            code: Code::H07,
            released: Some(self.day + 1),
        };
        let released = Some(second.name.clone());
        let file = first.right("late, closes the gap")?;
        Ok((
            second,
            Held {
                party: self.town.party,
                due: self.day + 1,
                file,
                released,
            },
        ))
    }

    /// An empty file with a serial that was used before.
    pub(super) fn conflict(&self, used_serial: u32) -> Result<DemoFile, DemoFault> {
        let head = writer::Head {
            serial: used_serial,
            ..self.head
        };
        let file = Outgoing {
            head,
            drafts: &[],
            ..*self
        }
        .right("a used serial with other content")?;
        Ok(DemoFile {
            fate: held(Code::H06),
            expected: None,
            ..file
        })
    }
}

const fn held(code: Code) -> Fate {
    Fate::Held { code, released: None }
}

/// True where the party has no file waiting.
pub(super) fn at_rest(held: &[Held], party: PartyId) -> bool {
    held.iter().all(|one| one.party != party)
}
