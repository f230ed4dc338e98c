//! One day's work in all towns: drafts of records, each with what must become of it.

use super::calendar::{self, Day};
use super::draw::Draw;
use super::people::{self, People};
use super::sheet::{self, Home, Stamp, Who};
use super::tables::Municipality;
use super::world::{Touched, World};
use super::{DemoFault, ExpectedFinding};
use crate::domain::code::Code;
use crate::domain::compare::{DateRule, rule};
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::item::Item;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::row::Row;

/// Bytes that replace those of the written record, to make faults that no writer makes.
#[derive(Debug, Clone)]
pub(super) struct Patch {
    /// Offset in the record.
    pub(super) offset: usize,
    /// What stands there instead.
    pub(super) bytes: Vec<u8>,
}

/// One record to be written.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// The 28 items.
    pub(super) row: Row,
    /// `old_my_number`.
    pub(super) old_my_number: String,
    /// `old_jumin_code`.
    pub(super) old_jumin_code: String,
    /// Damage.
    pub(super) patches: Vec<Patch>,
    /// What must become of it.
    pub(super) outcome: Outcome,
    /// The findings it must have; their record number is given when the file is written.
    pub(super) findings: Vec<(Code, Option<Item>)>,
}

impl Draft {
    /// A good record.
    pub(super) fn good(row: Row) -> Self {
        Self {
            row,
            old_my_number: String::new(),
            old_jumin_code: String::new(),
            patches: Vec::new(),
            outcome: Outcome::Applied,
            findings: Vec::new(),
        }
    }

    /// A good record with warnings.
    pub(super) fn warned(row: Row, code: Code, item: Option<Item>) -> Self {
        Self {
            outcome: Outcome::Warned,
            findings: vec![(code, item)],
            ..Self::good(row)
        }
    }

    /// A record that must be rejected.
    pub(super) fn bad(row: Row, code: Code, item: Option<Item>) -> Self {
        Self {
            outcome: Outcome::Rejected,
            findings: vec![(code, item)],
            ..Self::good(row)
        }
    }

    /// With `old_my_number`.
    pub(super) fn with_old_number(self, number: &str) -> Self {
        Self {
            old_my_number: number.to_owned(),
            ..self
        }
    }

    /// With `old_jumin_code`.
    pub(super) fn with_old_code(self, code: &str) -> Self {
        Self {
            old_jumin_code: code.to_owned(),
            ..self
        }
    }

    /// With damaged bytes.
    pub(super) fn patched(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.patches.push(Patch {
            offset,
            bytes: bytes.to_vec(),
        });
        self
    }

    /// The findings with the record's number.
    pub(super) fn expected(&self, record_no: u32) -> impl Iterator<Item = ExpectedFinding> {
        self.findings.iter().map(move |(code, item)| ExpectedFinding {
            record_no,
            code: *code,
            item: *item,
        })
    }
}

/// Part of the working day, from 0 (08:30) to 5 (16:00 to 17:25). Notices about one person lie in rising parts.
pub(super) type Slot = u32;

/// The day's work.
pub(super) struct Desk<'w> {
    /// The register.
    pub(super) world: &'w mut World,
    /// Number of the day, from 1.
    pub(super) day: u32,
    /// The day.
    pub(super) date: Day,
    /// Chance.
    pub(super) draw: Draw,
    /// By town, the day on which this day's records are judged: later than `day` where the file will be held.
    pub(super) judged_on: Vec<u32>,
    drafts: Vec<Vec<Draft>>,
}

impl<'w> Desk<'w> {
    /// An empty desk.
    pub(super) fn new(world: &'w mut World, day: u32, date: Day, draw: Draw) -> Self {
        let towns = world.people.tables.municipalities.len();
        Self {
            world,
            day,
            date,
            draw,
            judged_on: vec![day; towns],
            drafts: vec![Vec::new(); towns],
        }
    }

    /// The drafts of each town, in the order of item 18.
    pub(super) fn finish(mut self) -> Vec<Vec<Draft>> {
        for list in &mut self.drafts {
            list.sort_by(|a, b| a.row.get(Item::Timestamp).cmp(b.row.get(Item::Timestamp)));
        }
        self.drafts
    }

    /// Number of records so far.
    pub(super) fn count(&self) -> usize {
        self.drafts.iter().map(Vec::len).sum()
    }

    /// A town by its place in the table.
    pub(super) fn town(&self, at: usize) -> Result<&Municipality, DemoFault> {
        self.world.people.town(at).ok_or(DemoFault::TooMany)
    }

    /// True where the town's file of this day is judged on this day.
    pub(super) fn on_time(&self, town: usize) -> bool {
        self.judged_on.get(town).is_none_or(|day| *day == self.day)
    }

    /// Another town whose file is judged today, by weight.
    pub(super) fn other_town(&mut self, than: usize) -> Option<usize> {
        for _ in 0..20 {
            let town = self.any_town();
            if town != than && self.on_time(town) {
                return Some(town);
            }
        }
        None
    }

    /// A town, the big ones more often, but every town now and then.
    pub(super) fn any_town(&mut self) -> usize {
        let towns = &self.world.people.tables.municipalities;
        let count = u32::try_from(towns.len()).unwrap_or(0);
        if self.draw.chance(3, 10) {
            return self.draw.below(count) as usize;
        }
        let mut at = self.draw.below(towns.iter().map(|town| town.weight).sum());
        for (index, town) in towns.iter().enumerate() {
            match at.checked_sub(town.weight) {
                Some(rest) => at = rest,
                None => return index,
            }
        }
        0
    }

    /// Puts a record on the pile of a town.
    pub(super) fn send(&mut self, town: usize, draft: Draft) {
        if let Some(list) = self.drafts.get_mut(town) {
            list.push(draft);
        }
    }

    /// A resident of the town who is free today, with a reading (else every notice would be warned of it).
    pub(super) fn resident(
        &mut self,
        town: usize,
        fits: impl Fn(&Row) -> bool,
    ) -> Result<Option<(u32, Row)>, DemoFault> {
        let day = self.day;
        self.world.resident(&mut self.draw, town, day, 60, |row| {
            !row.is_blank(Item::KanaName) && fits(row)
        })
    }

    /// A foreign resident of the town who is free today. They are few, so the search is long.
    pub(super) fn foreigner(&mut self, town: usize) -> Result<Option<(u32, Row)>, DemoFault> {
        let day = self.day;
        self.world.resident(&mut self.draw, town, day, 2000, is_foreign)
    }

    /// Items 10, 11, 16-18 and 22 of a notice of today.
    pub(super) fn stamp(
        &mut self,
        town: usize,
        reason: &'static str,
        slot: Slot,
        seq: u32,
    ) -> Result<Stamp, DemoFault> {
        let mut draw = self.draw.clone();
        let place = self.town(town)?;
        let begin = 8 * 60 + 30 + slot * 90;
        let stamp = Stamp {
            reason,
            change_date: calendar::ymd(self.date),
            operator: people::operator(place, &mut draw),
            terminal: people::terminal(place, &mut draw),
            timestamp: calendar::number(self.date) * 1_000_000_000 + people::clock(&mut draw, begin, begin + 85),
            seq,
        };
        self.draw = draw;
        Ok(stamp)
    }

    /// The next notice about a person: the row as it is, with a stamp of today.
    pub(super) fn notice(
        &mut self,
        town: usize,
        base: &Row,
        reason: &'static str,
        slot: Slot,
    ) -> Result<Row, DemoFault> {
        let stamp = self.stamp(town, reason, slot, base.update_seq() + 1)?;
        let mut row = base.clone();
        sheet::put_stamp(&mut row, &stamp);
        Ok(row)
    }

    /// A row of a person in a town that does not hold them yet.
    pub(super) fn entry(
        &mut self,
        town: usize,
        code: JuminCode,
        who: &Who,
        number: Option<MyNumber>,
        stamp: &Stamp,
    ) -> Result<Row, DemoFault> {
        let home = self.home(town)?;
        Ok(sheet::row(self.town(town)?, code, who, &home, number, stamp))
    }

    /// An address in the town.
    pub(super) fn home(&mut self, town: usize) -> Result<Home, DemoFault> {
        let mut draw = self.draw.clone();
        let home = People::home(self.town(town)?, &mut draw);
        self.draw = draw;
        Ok(home)
    }

    /// An address in the town that is not that of the row.
    pub(super) fn other_home(&mut self, town: usize, row: &Row) -> Result<Home, DemoFault> {
        loop {
            let home = self.home(town)?;
            if self.town(town)?.render(&home.address).text != row.get(Item::Address) {
                return Ok(home);
            }
        }
    }

    /// Records that the master holds this row after today's notices; the person rests for `rest` days more.
    pub(super) fn keep(&mut self, id: u32, town: usize, row: Row, resident: bool, rest: u32) {
        let judged = self.judged_on.get(town).copied().unwrap_or(self.day);
        self.world.keep(
            id,
            Touched {
                row,
                town,
                resident,
                free_on: judged + 1 + rest,
            },
        );
    }

    /// A past date for item 11: some days ago, but not before the item 11 of the master.
    pub(super) fn lately(&mut self, row: &Row, days: i32) -> String {
        let chosen = self.date - self.draw.between(0, days);
        match calendar::read(row.get(Item::ChangeDate)) {
            Some(before) if !is_planned(row) && before > chosen => calendar::ymd(self.date),
            _ => calendar::ymd(chosen),
        }
    }
}

/// Foreign residents have a Gregorian birth date (era digit 0).
pub(super) fn is_foreign(row: &Row) -> bool {
    row.get(Item::BirthDate).starts_with('0')
}

/// Item 11 of the row may be a planned day, and the next notice may have an earlier one.
pub(super) fn is_planned(row: &Row) -> bool {
    Reason::parse(row.get(Item::ChangeReason)).is_some_and(|reason| rule(reason).date == DateRule::Planned)
}

/// The resident has a 個人番号.
pub(super) fn has_number(row: &Row) -> bool {
    !row.is_blank(Item::MyNumber)
}

/// The code of a row; every row of the demonstration has a right one.
pub(super) fn code_of(row: &Row) -> Result<JuminCode, DemoFault> {
    row.jumin_code().ok_or(DemoFault::TooMany)
}
