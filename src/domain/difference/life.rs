//! What becomes of a difference from one extract to the next: new, still open, closed by a notice or by the next extract,
//! recurring. A table of transitions; the identity of a difference is the party, the code, the class and the item.

use super::cause::Cause;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::reason::Reason;

/// State of a difference that was found at least once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LifeState {
    /// It was there when it was last looked for.
    Open,
    /// It was gone when it was last looked for.
    Closed,
}

/// What an extract tells of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// It is there.
    Present,
    /// It was looked for and is not there.
    Absent,
    /// The extract says nothing of it: a list (scope L) without the person, or a record that is INVALID.
    NotLooked,
}

/// What happened to a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// Found for the first time.
    New,
    /// Found again.
    StillOpen,
    /// Looked for and gone.
    Closed,
    /// Found again after it was gone.
    Recurring,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 4] = [Self::New, Self::StillOpen, Self::Closed, Self::Recurring];

    /// Name in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::StillOpen => "still_open",
            Self::Closed => "closed",
            Self::Recurring => "recurring",
        }
    }

    /// In Japanese.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::New => "新規",
            Self::StillOpen => "継続",
            Self::Closed => "解消",
            Self::Recurring => "再発",
        }
    }
}

/// One cell of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// State before; `None` for a difference that was never found.
    pub before: Option<LifeState>,
    /// What the extract tells.
    pub seen: Seen,
    /// State after.
    pub after: Option<LifeState>,
    /// What is told of it; `None` where nothing happened.
    pub event: Option<Event>,
}

const fn cell(before: Option<LifeState>, seen: Seen, after: Option<LifeState>, event: Option<Event>) -> Transition {
    Transition {
        before,
        seen,
        after,
        event,
    }
}

/// All cells.
pub const TRANSITIONS: [Transition; 9] = [
    cell(None, Seen::Present, Some(LifeState::Open), Some(Event::New)),
    cell(None, Seen::Absent, None, None),
    cell(None, Seen::NotLooked, None, None),
    cell(
        Some(LifeState::Open),
        Seen::Present,
        Some(LifeState::Open),
        Some(Event::StillOpen),
    ),
    cell(
        Some(LifeState::Open),
        Seen::Absent,
        Some(LifeState::Closed),
        Some(Event::Closed),
    ),
    cell(Some(LifeState::Open), Seen::NotLooked, Some(LifeState::Open), None),
    cell(
        Some(LifeState::Closed),
        Seen::Present,
        Some(LifeState::Open),
        Some(Event::Recurring),
    ),
    cell(Some(LifeState::Closed), Seen::Absent, Some(LifeState::Closed), None),
    cell(Some(LifeState::Closed), Seen::NotLooked, Some(LifeState::Closed), None),
];

/// What ended a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// A notice about the code, applied since it was last seen: its items 10, 18 and 22. The code is that of the difference.
    Notice {
        /// Item 10.
        reason: Reason,
        /// Item 18.
        timestamp: Instant,
        /// Item 22.
        update_seq: u32,
    },
    /// No notice: the municipality's own side has changed.
    Extract,
}

/// The extract that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunFacts {
    /// Business date of the run.
    pub day: BusinessDate,
    /// `base_at` of the extract.
    pub base_at: Instant,
}

/// The life of one difference so far. No personal data: the code stands in the key, which is a digest at rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Open or closed.
    pub state: LifeState,
    /// Likely cause when it was last found.
    pub cause: Cause,
    /// Day on which it was found for the first time.
    pub first_seen: BusinessDate,
    /// Day on which it was opened last: age counts from here.
    pub open_since: BusinessDate,
    /// Day on which it was found last.
    pub last_seen: BusinessDate,
    /// `base_at` of the newest extract that told of it.
    pub last_base: Instant,
    /// Extracts in which it was found since it was opened last.
    pub runs: u32,
    /// How often it came back.
    pub recurrences: u32,
    /// What closed it; `None` while open.
    pub closing: Option<Closing>,
}

/// The next state of a difference, and what is told of it. `cause` is that of the finding, `notice` the newest notice about
/// the code since the last time it was seen, if there is one.
///
/// An extract older than the one that told last changes nothing: its register is a past one.
pub fn next(
    old: Option<Life>,
    seen: Seen,
    run: &RunFacts,
    cause: Cause,
    notice: Option<Closing>,
) -> (Option<Life>, Option<Event>) {
    if old.is_some_and(|life| run.base_at < life.last_base) {
        return (old, None);
    }
    let before = old.map(|life| life.state);
    let Some(cell) = TRANSITIONS
        .iter()
        .find(|cell| cell.before == before && cell.seen == seen)
    else {
        return (old, None);
    };
    let life = match (old, cell.event) {
        (_, None) => old,
        (None, Some(_)) => Some(opened(run, cause)),
        (Some(life), Some(Event::New | Event::Recurring)) => Some(Life {
            first_seen: life.first_seen,
            recurrences: life.recurrences.saturating_add(1),
            ..opened(run, cause)
        }),
        (Some(life), Some(Event::StillOpen)) => Some(Life {
            cause,
            last_seen: run.day,
            last_base: run.base_at,
            runs: life.runs.saturating_add(1),
            ..life
        }),
        (Some(life), Some(Event::Closed)) => Some(Life {
            state: LifeState::Closed,
            last_base: run.base_at,
            closing: Some(notice.unwrap_or(Closing::Extract)),
            ..life
        }),
    };
    (life, cell.event)
}

/// A difference that was just found, for the first time or again.
fn opened(run: &RunFacts, cause: Cause) -> Life {
    Life {
        state: LifeState::Open,
        cause,
        first_seen: run.day,
        open_since: run.day,
        last_seen: run.day,
        last_base: run.base_at,
        runs: 1,
        recurrences: 0,
        closing: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(day: &str) -> RunFacts {
        let day = BusinessDate::parse(day).unwrap();
        RunFacts {
            day,
            base_at: day.midnight(),
        }
    }

    fn found(old: Option<Life>, day: &str) -> (Life, Event) {
        let (life, event) = next(old, Seen::Present, &run(day), Cause::TrueDifference, None);
        (life.unwrap(), event.unwrap())
    }

    #[test]
    fn every_cell_stands_once() {
        for before in [None, Some(LifeState::Open), Some(LifeState::Closed)] {
            for seen in [Seen::Present, Seen::Absent, Seen::NotLooked] {
                let cells = TRANSITIONS
                    .iter()
                    .filter(|cell| (cell.before, cell.seen) == (before, seen));
                assert_eq!(cells.count(), 1, "{before:?} {seen:?}");
            }
        }
    }

    #[test]
    fn a_life_from_new_to_recurring() {
        let (life, event) = found(None, "20200901");
        assert_eq!((event, life.runs), (Event::New, 1));
        let (life, event) = found(Some(life), "20201001");
        assert_eq!(
            (event, life.runs, life.open_since.value()),
            (Event::StillOpen, 2, 20_200_901)
        );
        let notice = Closing::Notice {
            reason: Reason::Correction,
            timestamp: Instant::parse("20201015090000000").unwrap(),
            update_seq: 3,
        };
        let (life, event) = next(
            Some(life),
            Seen::Absent,
            &run("20201101"),
            Cause::TrueDifference,
            Some(notice),
        );
        let life = life.unwrap();
        assert_eq!((event, life.closing), (Some(Event::Closed), Some(notice)));
        assert_eq!(life.last_seen.value(), 20_201_001);
        let (life, event) = found(Some(life), "20201201");
        assert_eq!((event, life.runs, life.recurrences), (Event::Recurring, 1, 1));
        assert_eq!(
            (life.first_seen.value(), life.open_since.value()),
            (20_200_901, 20_201_201)
        );
        let (life, _) = next(Some(life), Seen::Absent, &run("20210101"), Cause::TrueDifference, None);
        assert_eq!(life.unwrap().closing, Some(Closing::Extract));
    }

    #[test]
    fn a_list_without_the_person_says_nothing() {
        let (life, _) = found(None, "20200901");
        let after = next(
            Some(life),
            Seen::NotLooked,
            &run("20201001"),
            Cause::TrueDifference,
            None,
        );
        assert_eq!(after, (Some(life), None));
        for seen in [Seen::Absent, Seen::NotLooked] {
            assert_eq!(
                next(None, seen, &run("20201001"), Cause::TrueDifference, None),
                (None, None)
            );
        }
    }

    #[test]
    fn an_extract_of_an_older_day_changes_nothing() {
        let (life, _) = found(None, "20201001");
        for seen in [Seen::Present, Seen::Absent] {
            let after = next(Some(life), seen, &run("20200901"), Cause::KanaForm, None);
            assert_eq!(after, (Some(life), None));
        }
    }
}
