//! Unusual but right notices: one scene for every warning (rules 2.6), and for the same notice sent twice.

use super::DemoFault;
use super::calendar;
use super::desk::{Desk, Draft, has_number, is_foreign, is_planned};
use super::sheet;
use crate::domain::code::Code;
use crate::domain::item::Item;
use crate::domain::outcome::Outcome;
use crate::domain::row::Row;

/// What can be odd about a notice that is applied all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Oddity {
    /// W201: another sex on re-entry.
    OtherSex,
    /// W202: another number on re-entry.
    OtherNumber,
    /// W203: an entry takes a death back.
    DeathTakenBack,
    /// W204: an entry takes the first half of a pair back.
    PairTakenBack,
    /// W205: 52 for somebody unknown.
    CodeForUnknown,
    /// W206: born on another day than item 11 says.
    BirthOnOtherDay,
    /// W207: 32 with another reading.
    ReadingRewritten,
    /// W208: a date before that of the record.
    EarlierDate,
    /// W209: no reading.
    NoReading,
    /// W210: item 13 sent, and not what the server makes of item 4.
    OwnSeion,
    /// W211: a removal with another address.
    RemovalWithOtherAddress,
    /// The same notice twice in one file: the second is a duplicate.
    SentTwice,
}

impl Oddity {
    /// Every oddity.
    pub(super) const ALL: [Self; 12] = [
        Self::OtherSex,
        Self::OtherNumber,
        Self::DeathTakenBack,
        Self::PairTakenBack,
        Self::CodeForUnknown,
        Self::BirthOnOtherDay,
        Self::ReadingRewritten,
        Self::EarlierDate,
        Self::NoReading,
        Self::OwnSeion,
        Self::RemovalWithOtherAddress,
        Self::SentTwice,
    ];
}

impl Desk<'_> {
    /// Sends such a notice from a town; false where nobody there fits.
    pub(super) fn oddity(&mut self, oddity: Oddity, town: usize) -> Result<bool, DemoFault> {
        match oddity {
            Oddity::OtherSex => self.back_again(town, "21", "11", Code::W201),
            Oddity::OtherNumber => self.back_again(town, "21", "11", Code::W202),
            Oddity::DeathTakenBack => self.back_again(town, "23", "16", Code::W203),
            Oddity::PairTakenBack => self.back_again(town, "24", "16", Code::W204),
            Oddity::CodeForUnknown => self.odd_entry(town, "52", Code::W205),
            Oddity::BirthOnOtherDay => self.odd_birth(town),
            Oddity::ReadingRewritten => self.odd_reading(town, "32", Code::W207),
            Oddity::EarlierDate => self.odd_reading(town, "33", Code::W208),
            Oddity::NoReading => self.odd_entry(town, "11", Code::W209),
            Oddity::OwnSeion => self.own_seion(town),
            Oddity::RemovalWithOtherAddress => self.odd_removal(town),
            Oddity::SentTwice => self.sent_twice(town),
        }
    }

    /// A removal and an entry on one day.
    fn back_again(
        &mut self,
        town: usize,
        out: &'static str,
        back: &'static str,
        code: Code,
    ) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, has_number)? else {
            return Ok(false);
        };
        let gone = self.notice(town, &base, out, 0)?;
        let mut come = self.notice(town, &gone, back, 4)?;
        let item = if code == Code::W201 {
            come.set(Item::Sex, if base.get(Item::Sex) == "1" { "2" } else { "1" });
            Some(Item::Sex)
        } else if code == Code::W202 {
            come.set(Item::MyNumber, &self.world.fresh_number()?.text());
            Some(Item::MyNumber)
        } else {
            None
        };
        self.send(town, Draft::good(gone));
        self.send(town, Draft::warned(come.clone(), code, item));
        self.keep(id, town, come, true, 0);
        Ok(true)
    }

    fn odd_entry(&mut self, town: usize, reason: &'static str, code: Code) -> Result<bool, DemoFault> {
        let mut draw = self.draw.clone();
        let mut who = self.world.people.newcomer(&mut draw, false);
        self.draw = draw;
        let item = if code == Code::W209 {
            who.kana = String::new();
            Some(Item::KanaName)
        } else {
            if who.kana.is_empty() {
                return Ok(false);
            }
            None
        };
        let id = self.world.new_person();
        let stamp = self.stamp(town, reason, 3, 1)?;
        let (code_of_person, number) = (
            self.world.people.code(u64::from(id))?,
            self.world.people.number(u64::from(id))?,
        );
        let row = self.entry(town, code_of_person, &who, Some(number), &stamp)?;
        self.send(town, Draft::warned(row.clone(), code, item));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    fn odd_birth(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, mut row)) = self.unsent_birth(town)? else {
            return Ok(false);
        };
        let born = calendar::read(row.get(Item::ChangeDate)).unwrap_or(self.date) - 1;
        row.set(
            Item::BirthDate,
            &format!("{}{}", calendar::era(born), calendar::ymd(born)),
        );
        self.send(town, Draft::warned(row.clone(), Code::W206, Some(Item::BirthDate)));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    fn odd_reading(&mut self, town: usize, reason: &'static str, code: Code) -> Result<bool, DemoFault> {
        let fits =
            |row: &Row| !is_foreign(row) && !is_planned(row) && calendar::read(row.get(Item::ChangeDate)).is_some();
        let Some((id, base)) = self.resident(town, fits)? else {
            return Ok(false);
        };
        let mut row = self.notice(town, &base, reason, 3)?;
        row.set(Item::KanaName, &format!("{}お", base.get(Item::KanaName)));
        let item = if code == Code::W208 {
            let before = calendar::read(base.get(Item::ChangeDate)).unwrap_or(self.date);
            row.set(Item::ChangeDate, &calendar::ymd(before - 1));
            Item::ChangeDate
        } else {
            Item::KanaName
        };
        self.send(town, Draft::warned(row.clone(), code, Some(item)));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    fn own_seion(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, |_| true)? else {
            return Ok(false);
        };
        let row = self.relocated(town, &base, 2)?;
        let mut sent = row.clone();
        sent.set(Item::SeionKanaName, "ほけほけ");
        self.send(town, Draft::warned(sent, Code::W210, Some(Item::SeionKanaName)));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    fn odd_removal(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, |_| true)? else {
            return Ok(false);
        };
        let home = self.other_home(town, &base)?;
        let row = self.notice(town, &base, "21", 2)?;
        let mut sent = row.clone();
        sheet::put_home(&mut sent, self.town(town)?, &home);
        self.send(town, Draft::warned(sent, Code::W211, Some(Item::Address)));
        self.keep(id, town, row, false, 0);
        Ok(true)
    }

    fn sent_twice(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, |_| true)? else {
            return Ok(false);
        };
        let row = self.relocated(town, &base, 2)?;
        self.send(town, Draft::good(row.clone()));
        self.send(
            town,
            Draft {
                outcome: Outcome::Duplicate,
                ..Draft::good(row.clone())
            },
        );
        self.keep(id, town, row, true, 0);
        Ok(true)
    }
}
