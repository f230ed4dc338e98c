//! One day of the demonstration: who notifies what, and the files made of it.

use super::calendar;
use super::desk::{Desk, Draft};
use super::draw::Draw;
use super::events::{self, Event, Outgoing};
use super::faults::Fault;
use super::odd::Oddity;
use super::scenes::Scene;
use super::tables::Municipality;
use super::writer::{self, Press};
use super::{DemoDay, DemoFault, DemoFile, DemoWorld, ENVIRONMENT, ExpectedCounts, ExpectedFinding, Fate};
use crate::domain::ids::PartyId;
use crate::domain::instant::Instant;
use crate::domain::outcome::Outcome;

/// Files of a day are made at 18:30.
const CREATED_AT: u64 = 183_000_000;
/// How many towns are tried for a scene before it is given up.
const TOWNS_TRIED: u32 = 12;

/// A file that arrives later.
#[derive(Clone)]
pub(super) struct Held {
    /// Its sender.
    pub(super) party: PartyId,
    /// Day on which it arrives.
    pub(super) due: u32,
    /// The file.
    pub(super) file: DemoFile,
    /// Name of the file that its arrival releases.
    pub(super) released: Option<String>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Held({} on day {})", self.file.name, self.due)
    }
}

impl std::fmt::Debug for DemoFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "DemoFile({}, {} bytes, {:?}, {:?})",
            self.name,
            self.bytes.len(),
            self.fate,
            self.expected
        )
    }
}

/// A file with its expected results.
pub(super) struct Assembled {
    /// Content.
    pub(super) bytes: Vec<u8>,
    /// Sums.
    pub(super) expected: ExpectedCounts,
    /// Findings in the order of a RES.
    pub(super) findings: Vec<ExpectedFinding>,
}

impl Assembled {
    /// Writes a file; `surplus` is added to the count of the trailer.
    pub(super) fn write(
        press: &Press,
        town: &Municipality,
        head: writer::Head,
        drafts: &[Draft],
        surplus: u32,
    ) -> Result<Self, DemoFault> {
        let (mut expected, mut findings) = (ExpectedCounts::default(), Vec::new());
        for (record_no, draft) in (1..).zip(drafts) {
            expected.records += 1;
            match draft.outcome {
                Outcome::Applied => expected.applied += 1,
                Outcome::Warned => expected.warned += 1,
                Outcome::Rejected => expected.rejected += 1,
                Outcome::Duplicate => expected.duplicate += 1,
            }
            findings.extend(draft.expected(record_no));
        }
        findings.sort_unstable();
        let bytes = press.file(town, head, drafts, surplus)?;
        Ok(Self {
            bytes,
            expected,
            findings,
        })
    }
}

impl DemoWorld {
    /// The next day's files.
    pub fn next_day(&mut self) -> Result<DemoDay, DemoFault> {
        self.day += 1;
        self.date = calendar::next_working(self.date);
        let mut draw = self.draw(1);
        let events = self.place_events(&mut draw);
        let drafts = self.work(&events, draw)?;
        let (mut files, released) = self.arriving();
        let head = writer::Head {
            serial: 0,
            created_at: Instant::from_value(calendar::number(self.date) * 1_000_000_000 + CREATED_AT)
                .ok_or(DemoFault::TooMany)?,
            environment: ENVIRONMENT,
        };
        for (at, drafts) in drafts.iter().enumerate() {
            let Some(serial) = self.serials.get_mut(at) else {
                continue;
            };
            let used = *serial;
            let town = self.world.people.town(at).ok_or(DemoFault::TooMany)?;
            let head = writer::Head {
                serial: used + 1,
                ..head
            };
            let outgoing = Outgoing {
                press: &self.world.people.press,
                town,
                head,
                drafts,
                day: self.day,
            };
            let event = events.iter().find(|(place, _)| *place == at).map(|(_, event)| *event);
            *serial = used + if event == Some(Event::Gap) { 2 } else { 1 };
            match event {
                Some(event) if event.delays() => {
                    let (arrives, held) = outgoing.delayed(event)?;
                    files.push(arrives);
                    self.held.push(held);
                }
                Some(Event::Conflict) => {
                    files.push(outgoing.conflict(used)?);
                    files.push(outgoing.right("")?);
                }
                _ => files.push(outgoing.right("")?),
            }
        }
        if let Some((at, _)) = events.iter().find(|(_, event)| *event == Event::Resubmission) {
            files.extend(self.repeated(*at)?);
        }
        files.sort_by(|a, b| (a.party, &a.name).cmp(&(b.party, &b.name)));
        self.repeatable.clone_from(&files);
        self.repeatable.retain(|file| file.fate == Fate::Judged);
        let date = calendar::business(self.date).ok_or(DemoFault::TooMany)?;
        Ok(DemoDay {
            number: self.day,
            date,
            files,
            released,
        })
    }

    /// Files of earlier days that arrive today, and the names of those that they release.
    fn arriving(&mut self) -> (Vec<DemoFile>, Vec<String>) {
        let waiting = std::mem::take(&mut self.held);
        let (due, later) = waiting.into_iter().partition::<Vec<_>, _>(|held| held.due <= self.day);
        self.held = later;
        let released = due.iter().filter_map(|held| held.released.clone()).collect();
        (due.into_iter().map(|held| held.file).collect(), released)
    }

    /// Finds a small town for each event, none that still waits for something.
    fn place_events(&self, draw: &mut Draw) -> Vec<(usize, Event)> {
        let towns = &self.world.people.tables.municipalities;
        let mut free: Vec<usize> = (0..towns.len())
            .filter(|at| {
                towns
                    .get(*at)
                    .is_some_and(|town| town.weight < 400 && events::at_rest(&self.held, town.party))
            })
            .collect();
        draw.shuffle(&mut free);
        free.into_iter().zip(events::of_day(self.day).iter().copied()).collect()
    }

    /// A file sent once more: one of yesterday, on the first day the town's initial file.
    fn repeated(&self, town: usize) -> Result<Option<DemoFile>, DemoFault> {
        let party = self.world.people.town(town).ok_or(DemoFault::TooMany)?.party;
        let found = if self.day == 1 {
            Some(self.initial_file(town)?)
        } else {
            self.repeatable.iter().find(|file| file.party == party).cloned()
        };
        let note = "sent once more";
        Ok(found.map(|file| DemoFile {
            fate: Fate::Repeated,
            expected: None,
            findings: Vec::new(),
            note,
            ..file
        }))
    }

    /// Lets all towns work for a day; gives the drafts of each.
    fn work(&mut self, events: &[(usize, Event)], draw: Draw) -> Result<Vec<Vec<Draft>>, DemoFault> {
        let options = self.options;
        let target = (u64::from(options.residents) * u64::from(options.notices_per_mille) / 1000)
            .max(u64::from(options.residents / 4).min(60));
        let share = |per_mille: u32| target * u64::from(per_mille) / 1000 + u64::from(per_mille > 0 && target > 0);
        let (bad, odd) = (share(options.bad_per_mille), share(20));
        let mut desk = Desk::new(&mut self.world, self.day, self.date, draw);
        for (town, event) in events {
            if event.delays()
                && let Some(judged_on) = desk.judged_on.get_mut(*town)
            {
                *judged_on += 1;
            }
        }
        desk.follow_up()?;
        for _ in 0..bad {
            let fault = next(&mut self.faults, Fault::ALL, &mut desk.draw);
            if !anywhere(&mut desk, fault, Desk::spoil)? {
                self.faults.extend(fault);
            }
        }
        for _ in 0..odd {
            let oddity = next(&mut self.oddities, &Oddity::ALL, &mut desk.draw);
            anywhere(&mut desk, oddity, Desk::oddity)?;
        }
        // Every scene once where there are residents enough, then by frequency.
        if target >= 100 {
            for (scene, _) in Scene::ALL {
                anywhere(&mut desk, Some(*scene), Desk::play)?;
            }
        }
        for _ in 0..target * 2 {
            if desk.count() as u64 >= target {
                break;
            }
            let scene = drawn_scene(&mut desk.draw);
            anywhere(&mut desk, scene, Desk::play)?;
        }
        Ok(desk.finish())
    }
}

/// The next of a shuffled row that is dealt again when it is used up, so that everything comes before anything comes
/// twice.
fn next<T: Copy>(row: &mut std::collections::VecDeque<T>, all: &[T], draw: &mut Draw) -> Option<T> {
    if row.is_empty() {
        let mut dealt = all.to_vec();
        draw.shuffle(&mut dealt);
        row.extend(dealt);
    }
    row.pop_front()
}

/// Plays something in the first town of some drawn ones that has somebody for it.
fn anywhere<'w, T: Copy>(
    desk: &mut Desk<'w>,
    what: Option<T>,
    play: impl Fn(&mut Desk<'w>, T, usize) -> Result<bool, DemoFault>,
) -> Result<bool, DemoFault> {
    let Some(what) = what else {
        return Ok(false);
    };
    for _ in 0..TOWNS_TRIED {
        let town = desk.any_town();
        if play(desk, what, town)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn drawn_scene(draw: &mut Draw) -> Option<Scene> {
    let mut at = draw.below(Scene::ALL.iter().map(|(_, weight)| weight).sum());
    for (scene, weight) in Scene::ALL {
        match at.checked_sub(*weight) {
            Some(rest) => at = rest,
            None => return Some(*scene),
        }
    }
    None
}
