//! Good notices: what happens in a town on an ordinary day (rules 2.1, 2.4). Each scene keeps the register in step.

use super::DemoFault;
use super::calendar;
use super::desk::{Desk, Draft, code_of, has_number, is_foreign};
use super::sheet::{self, Who};
use super::world::Unconfirmed;
use crate::domain::item::Item;
use crate::domain::row::Row;

macro_rules! scenes {
    ($($name:ident = $weight:literal, $doc:literal;)*) => {
        /// What can happen, by its usual frequency.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Scene { $(#[doc = $doc] $name,)* }
        impl Scene {
            /// Every scene with its frequency.
            pub(super) const ALL: &'static [(Self, u32)] = &[$((Self::$name, $weight),)*];
        }
    };
}

scenes! {
    Relocation = 170, "31.";
    MoveBetweenTowns = 130, "21 in one town, then 11 in another, and 90 by the first one on the next day.";
    MoveAway = 110, "21 to another prefecture.";
    MoveIn = 110, "11 from another prefecture.";
    MoveBack = 12, "11 of somebody removed by 21 or 22 before.";
    Birth = 60, "13 without a number, followed by 43.";
    Death = 100, "23.";
    FromAbroad = 25, "12.";
    MoveAbroad = 25, "22.";
    Rewriting = 60, "32.";
    Correction = 80, "33.";
    ExOfficioEntry = 8, "16 of somebody unknown.";
    ExOfficioRemoval = 10, "26.";
    Restoration = 6, "16 of somebody removed.";
    Naturalization = 4, "24 and 14.";
    NationalityLoss = 3, "25 and 15.";
    NumberOnRequest = 8, "41.";
    NumberExOfficio = 4, "42.";
    CodeOnRequest = 8, "51.";
    CodeExOfficio = 4, "52 with an old code.";
}

/// What a 32 makes of the characters of a surname.
const REWRITTEN: [(char, char); 6] = [
    ('高', '\u{9AD9}'),
    ('崎', '\u{FA11}'),
    ('辺', '邉'),
    ('斎', '齋'),
    ('斉', '齊'),
    ('沢', '澤'),
];

impl Desk<'_> {
    /// Plays a scene in a town; false where nobody there fits.
    pub(super) fn play(&mut self, scene: Scene, town: usize) -> Result<bool, DemoFault> {
        match scene {
            Scene::Relocation => self.relocation(town),
            Scene::MoveBetweenTowns => self.move_between_towns(town),
            Scene::MoveAway => self.removal(town, "21", true, |_| true),
            Scene::MoveIn => self.newcomer(town, "11", false),
            Scene::MoveBack => self.re_entry(town, "11", &["21", "22"]),
            Scene::Birth => self.birth(town),
            Scene::Death => self.removal(town, "23", false, |row| row.get(Item::BirthDate) < "3196"),
            Scene::FromAbroad => {
                let foreign = self.draw.chance(2, 3);
                self.newcomer(town, "12", foreign)
            }
            Scene::MoveAbroad => self.removal(town, "22", true, |_| true),
            Scene::Rewriting => self.rewriting(town),
            Scene::Correction => self.marriage(town),
            Scene::ExOfficioEntry => self.newcomer(town, "16", false),
            Scene::ExOfficioRemoval => self.removal(town, "26", false, |_| true),
            Scene::Restoration => self.re_entry(town, "16", &["21", "22", "26"]),
            Scene::Naturalization => self.naturalization(town),
            Scene::NationalityLoss => self.nationality_loss(town),
            Scene::NumberOnRequest => self.number(town, "41"),
            Scene::NumberExOfficio => self.number(town, "42"),
            Scene::CodeOnRequest => self.code(town, "51").map(|changed| changed.is_some()),
            Scene::CodeExOfficio => self.code(town, "52").map(|changed| changed.is_some()),
        }
    }

    /// What earlier days left to do: 90 for moves, 43 for newborn and for foreign residents.
    pub(super) fn follow_up(&mut self) -> Result<(), DemoFault> {
        let day = self.day;
        let waiting = std::mem::take(&mut self.world.unconfirmed);
        let (due, later) = waiting.into_iter().partition::<Vec<_>, _>(|open| open.due <= day);
        self.world.unconfirmed = later;
        for open in due {
            let mut row = self.notice(open.town, &open.row, "90", 1)?;
            row.set(Item::ChangeDate, &calendar::ymd(open.moved_on));
            self.send(open.town, Draft::good(row));
            let judged = self.judged_on.get(open.town).copied().unwrap_or(day);
            if let Some(known) = self.world.touched(open.id).cloned() {
                self.keep(open.id, known.town, known.row, known.resident, judged - day);
            }
        }
        let waiting = std::mem::take(&mut self.world.unnumbered);
        let (due, later) = waiting.into_iter().partition::<Vec<_>, _>(|(_, due)| *due <= day);
        self.world.unnumbered = later;
        for (id, _) in due {
            let Some(known) = self.world.touched(id).cloned() else {
                continue;
            };
            if known.resident && known.free_on <= day && known.row.is_blank(Item::MyNumber) {
                let mut row = self.notice(known.town, &known.row, "43", 2)?;
                row.set(Item::MyNumber, &self.world.people.number(u64::from(id))?.text());
                self.send(known.town, Draft::good(row.clone()));
                self.keep(id, known.town, row, true, 0);
            }
        }
        Ok(())
    }

    fn relocation(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, |_| true)? else {
            return Ok(false);
        };
        let row = self.relocated(town, &base, 1)?;
        self.send(town, Draft::good(row.clone()));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    /// A 31 to another address of the town.
    pub(super) fn relocated(&mut self, town: usize, base: &Row, slot: u32) -> Result<Row, DemoFault> {
        let home = self.other_home(town, base)?;
        let mut row = self.notice(town, base, "31", slot)?;
        sheet::put_home(&mut row, self.town(town)?, &home);
        Ok(row)
    }

    fn move_between_towns(&mut self, from: usize) -> Result<bool, DemoFault> {
        // A move-out that is held would make the move-in of the other town an error.
        if !self.on_time(from) {
            return Ok(false);
        }
        let (Some(to), Some((id, base))) = (self.other_town(from), self.resident(from, has_number)?) else {
            return Ok(false);
        };
        let mut gone = self.notice(from, &base, "21", 0)?;
        let planned = self.date + self.draw.between(0, 5);
        gone.set(Item::ChangeDate, &calendar::ymd(planned));
        self.send(from, Draft::good(gone.clone()));
        let who = sheet::read_who(self.town(from)?, &gone);
        let stamp = self.stamp(to, "11", 4, gone.update_seq() + 1)?;
        let come = self.entry(to, code_of(&gone)?, &who, gone.my_number(), &stamp)?;
        self.send(to, Draft::good(come.clone()));
        self.keep(id, to, come, true, 1);
        let (moved_on, due) = (self.date, self.day + 1);
        self.world.unconfirmed.push(Unconfirmed {
            id,
            town: from,
            row: gone,
            moved_on,
            due,
        });
        Ok(true)
    }

    /// A removal; with a planned, future date where that is allowed.
    fn removal(
        &mut self,
        town: usize,
        reason: &'static str,
        planned: bool,
        fits: impl Fn(&Row) -> bool,
    ) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, fits)? else {
            return Ok(false);
        };
        let mut row = self.notice(town, &base, reason, 2)?;
        let date = if planned {
            calendar::ymd(self.date + self.draw.between(0, 10))
        } else {
            self.lately(&base, 4)
        };
        row.set(Item::ChangeDate, &date);
        self.send(town, Draft::good(row.clone()));
        self.keep(id, town, row, false, 0);
        Ok(true)
    }

    fn newcomer(&mut self, town: usize, reason: &'static str, foreign: bool) -> Result<bool, DemoFault> {
        let mut draw = self.draw.clone();
        let who = self.world.people.newcomer(&mut draw, foreign);
        self.draw = draw;
        let id = self.world.new_person();
        // Somebody who is registered for the first time is numbered by the 43 that follows.
        let number = if foreign {
            None
        } else {
            Some(self.world.people.number(u64::from(id))?)
        };
        let stamp = self.stamp(town, reason, 3, 1)?;
        let mut row = self.entry(town, self.world.people.code(u64::from(id))?, &who, number, &stamp)?;
        if row.is_blank(Item::KanaName) {
            row.set(Item::KanaName, "ふめい");
        }
        row.set(Item::ChangeDate, &calendar::ymd(self.date - self.draw.between(0, 12)));
        self.send(town, Draft::good(row.clone()));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    /// An entry of somebody who was removed by one of these reasons, now in this town.
    fn re_entry(&mut self, town: usize, reason: &'static str, after: &[&str]) -> Result<bool, DemoFault> {
        let day = self.day;
        let found = self.world.removed_person(&mut self.draw, day, |known| {
            after.contains(&known.row.get(Item::ChangeReason)) && has_number(&known.row)
        });
        let Some((id, known)) = found else {
            return Ok(false);
        };
        let who = sheet::read_who(self.town(known.town)?, &known.row);
        let stamp = self.stamp(town, reason, 3, known.row.update_seq() + 1)?;
        let row = self.entry(town, code_of(&known.row)?, &who, known.row.my_number(), &stamp)?;
        self.send(town, Draft::good(row.clone()));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    fn birth(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, row)) = self.unsent_birth(town)? else {
            return Ok(false);
        };
        self.send(town, Draft::good(row.clone()));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    /// A birth in a family of the town, not sent yet: the child and its row.
    pub(super) fn unsent_birth(&mut self, town: usize) -> Result<Option<(u32, Row)>, DemoFault> {
        let Some((_, parent)) = self.resident(town, |row| !is_foreign(row))? else {
            return Ok(None);
        };
        let born = self.date - self.draw.between(0, 10);
        let female = self.draw.chance(1, 2);
        let (given, given_kana) = {
            let mut draw = self.draw.clone();
            let given = self.world.people.given(&mut draw, born, female);
            self.draw = draw;
            given
        };
        let family = sheet::read_who(self.town(town)?, &parent);
        let surname = |text: &str| text.split('　').next().unwrap_or_default().to_owned();
        let who = Who {
            name: format!("{}　{given}", surname(&family.name)),
            kana: format!("{}　{given_kana}", surname(&family.kana)),
            birth: format!("{}{}", calendar::era(born), calendar::ymd(born)),
            sex: if female { "2" } else { "1" },
            former: None,
        };
        let id = self.world.new_person();
        let stamp = self.stamp(town, "13", 3, 1)?;
        let mut row = self.entry(town, self.world.people.code(u64::from(id))?, &who, None, &stamp)?;
        row.take(Item::Address, &parent);
        row.set(Item::AddressGaijiCount, parent.get(Item::AddressGaijiCount));
        row.set(Item::AzaCode, parent.get(Item::AzaCode));
        sheet::put_flag(&mut row);
        row.set(Item::ChangeDate, &calendar::ymd(born));
        Ok(Some((id, row)))
    }

    /// 32: the name in another form of the same characters, a renamed part of town, or new pictures of gaiji only.
    fn rewriting(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, |row| !is_foreign(row))? else {
            return Ok(false);
        };
        let mut row = self.notice(town, &base, "32", 2)?;
        let name = sheet::read_who(self.town(town)?, &base).name;
        let rewritten = REWRITTEN.iter().find(|(from, _)| name.contains(*from));
        match rewritten {
            Some((from, to)) => {
                let kana = base.get(Item::KanaName).to_owned();
                sheet::put_name(&mut row, self.town(town)?, &name.replace(*from, &to.to_string()), &kana);
            }
            None if self.draw.chance(1, 2) => {
                let home = self.other_home(town, &base)?;
                sheet::put_home(&mut row, self.town(town)?, &home);
            }
            None => {
                let serial: u32 = base.get(Item::NameGaijiSeq).parse().unwrap_or(0);
                row.set(Item::NameGaijiSeq, &format!("{:03}", serial + 1));
            }
        }
        self.send(town, Draft::good(row.clone()));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    /// 33: a marriage, sometimes with the former surname beside the new one.
    fn marriage(&mut self, town: usize) -> Result<bool, DemoFault> {
        let fits = |row: &Row| !is_foreign(row) && row.is_blank(Item::FormerSurnameKanji);
        let Some((id, base)) = self.resident(town, fits)? else {
            return Ok(false);
        };
        let mut row = self.notice(town, &base, "33", 2)?;
        let who = sheet::read_who(self.town(town)?, &base);
        let (Some((old, given)), Some((old_kana, given_kana))) = (who.name.split_once('　'), who.kana.split_once('　'))
        else {
            return Ok(false);
        };
        let (mut draw, mut found) = (self.draw.clone(), None);
        for _ in 0..50 {
            found = self
                .world
                .people
                .tables
                .surname(&mut draw)
                .filter(|name| name.kana != old_kana)
                .cloned();
            if found.is_some() {
                break;
            }
        }
        self.draw = draw;
        let Some(new) = found else {
            return Ok(false);
        };
        let kana = format!("{}　{given_kana}", new.kana);
        sheet::put_name(&mut row, self.town(town)?, &format!("{}　{given}", new.kanji), &kana);
        if self.draw.chance(1, 4) {
            sheet::put_former(&mut row, self.town(town)?, old, old_kana);
        }
        self.send(town, Draft::good(row.clone()));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    fn naturalization(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.foreigner(town)? else {
            return Ok(false);
        };
        let Some(born) = calendar::read(base.get(Item::BirthDate).get(1..).unwrap_or_default()) else {
            return Ok(false);
        };
        let (mut draw, female) = (self.draw.clone(), base.get(Item::Sex) == "2");
        let surname = self.world.people.tables.surname(&mut draw).cloned();
        let (given, given_kana) = self.world.people.given(&mut draw, born, female);
        self.draw = draw;
        let Some(surname) = surname else {
            return Ok(false);
        };
        let out = self.notice(town, &base, "24", 0)?;
        self.send(town, Draft::good(out.clone()));
        let mut back = self.notice(town, &out, "14", 2)?;
        let kana = format!("{}　{given_kana}", surname.kana);
        sheet::put_name(
            &mut back,
            self.town(town)?,
            &format!("{}　{given}", surname.kanji),
            &kana,
        );
        back.set(
            Item::BirthDate,
            &format!("{}{}", calendar::era(born), calendar::ymd(born)),
        );
        self.send(town, Draft::good(back.clone()));
        self.keep(id, town, back, true, 0);
        Ok(true)
    }

    fn nationality_loss(&mut self, town: usize) -> Result<bool, DemoFault> {
        let fits = |row: &Row| !is_foreign(row) && row.is_blank(Item::FormerSurnameKanji);
        let Some((id, base)) = self.resident(town, fits)? else {
            return Ok(false);
        };
        let out = self.notice(town, &base, "25", 0)?;
        self.send(town, Draft::good(out.clone()));
        let mut back = self.notice(town, &out, "15", 2)?;
        let mut draw = self.draw.clone();
        let foreign = self.world.people.newcomer(&mut draw, true);
        self.draw = draw;
        sheet::put_name(&mut back, self.town(town)?, &foreign.name, &foreign.kana);
        back.set(
            Item::BirthDate,
            &format!("0{}", base.get(Item::BirthDate).get(1..).unwrap_or_default()),
        );
        self.send(town, Draft::good(back.clone()));
        self.keep(id, town, back, true, 0);
        Ok(true)
    }

    fn number(&mut self, town: usize, reason: &'static str) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, has_number)? else {
            return Ok(false);
        };
        let mut row = self.notice(town, &base, reason, 2)?;
        row.set(Item::MyNumber, &self.world.fresh_number()?.text());
        self.send(town, Draft::good(row.clone()).with_old_number(base.get(Item::MyNumber)));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    /// 51 or 52: a new code for a resident; gives the row under the old code and the one under the new code.
    pub(super) fn code(&mut self, town: usize, reason: &'static str) -> Result<Option<(Row, Row)>, DemoFault> {
        let Some((id, base)) = self.resident(town, |_| true)? else {
            return Ok(None);
        };
        let mut row = self.notice(town, &base, reason, 1)?;
        row.set(Item::JuminCode, &self.world.fresh_code()?.text());
        self.send(town, Draft::good(row.clone()).with_old_code(base.get(Item::JuminCode)));
        self.keep(id, town, row.clone(), true, 0);
        Ok(Some((base, row)))
    }
}
