//! Bad records, each made from a right one: something for every F, C and L code that a record can have (rules 2.6).
//!
//! Nothing of them reaches the master; good notices that lead up to a fault do, and the register follows them.

use super::DemoFault;
use super::calendar;
use super::desk::{Desk, Draft, code_of, has_number};
use super::sheet;
use super::tables::PLACEHOLDER;
use crate::domain::code::Code;
use crate::domain::item::Item;
use crate::domain::party::Encoding;
use crate::domain::row::Row;

macro_rules! faults {
    ($($name:ident = $doc:literal;)*) => {
        /// What can be wrong with a record.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Fault { $(#[doc = $doc] $name,)* }
        impl Fault {
            /// Every fault.
            pub(super) const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

faults! {
    CutCharacter = "F003: the address ends in the middle of a character.";
    NoSuchCharacter = "F003: a pair of bytes that is no character.";
    HalfWidth = "F004: half-width letters in the reading.";
    HalfWidthPadding = "F004: the address is filled with half-width blanks.";
    BlankFirst = "F004: a blank before the operator.";
    NotAscii = "F004: a half-width kana in the terminal.";
    NoAddress = "F005: no address.";
    NoOperator = "F005: no operator.";
    NoOldNumber = "F005: 41 without the old number.";
    LetterInNumber = "F006: a letter in the 個人番号.";
    LetterInAza = "F006: a letter in the code of the part of town.";
    CodeCheckDigit = "C001: check digit of the 住民票コード.";
    OldCodeCheckDigit = "C001: check digit of the old code.";
    NumberCheckDigit = "C002: check digit of the 個人番号.";
    OldNumberCheckDigit = "C002: check digit of the old number.";
    TownCheckDigit = "C003 and C010: check digit of the municipality.";
    UnknownReason = "C004: a reason that does not exist.";
    NoSuchBirthday = "C005: born on 30 February.";
    NoSuchChangeDate = "C005: a change on the 31st of June.";
    StampAfterFile = "C005: an operation later than the file.";
    Sex = "C006: a sex that does not exist.";
    NameCount = "C007: one gaiji counted, none in the name.";
    AddressCount = "C007: a gaiji in the address, none counted.";
    GaijiFlag = "C008: flag without gaiji.";
    NoNumber = "C009: move-in without 個人番号.";
    OtherTown = "C010: a record of another municipality.";
    SexAndNumber = "C002 and C006 at once.";
    PresentHere = "L101: move-in of a resident.";
    PresentElsewhere = "L102: move-in of a resident of another town.";
    NotOurs = "L102b: 31 for a resident of another town.";
    Unknown = "L103: 31 for a code without a record.";
    Dead = "L104: move-in after death.";
    Gone = "L104b: 31 after a removal.";
    NoOtherHalf = "L105: 14 without 24.";
    BrokenPair = "L105 and L108: 14 with another date, then a move-in while the pair is open.";
    BornBefore = "L106: birth with a known code.";
    Retired = "L107: 31 under a retired code.";
    NothingToConfirm = "L109: 90 for a resident.";
    NameToo = "L110: 31 that changes the name too (the example of the assessment).";
    NumberToo = "L110: 33 that changes the 個人番号.";
    NothingChanged = "L111: 31 to the same address.";
    WrongOldNumber = "L112: 41 with a wrong old number.";
    NumberOfAnother = "L113: entry with another person's number.";
    UnknownOldCode = "L114: 52 with an unknown old code.";
    CodeInUse = "L115: 51 to a code that is in use.";
    FutureDate = "L116: 31 with a future date.";
    RemovalOfOtherSex = "L117: move-out with another sex.";
    SerialAlone = "L118: 31 with another picture serial of the name.";
    OutOfOrder = "L119: 31 older than the record.";
    OtherContent = "L120: an applied notice again with other content.";
}

impl Desk<'_> {
    /// Sends such a record from a town; false where nobody there fits.
    pub(super) fn spoil(&mut self, fault: Fault, town: usize) -> Result<bool, DemoFault> {
        match fault {
            Fault::CutCharacter
            | Fault::NoSuchCharacter
            | Fault::HalfWidth
            | Fault::HalfWidthPadding
            | Fault::BlankFirst
            | Fault::NotAscii => self.damaged_bytes(fault, town),
            Fault::NoAddress => self.spoiled(town, Code::F005, Item::Address, ""),
            Fault::NoOperator => self.spoiled(town, Code::F005, Item::OperatorId, ""),
            Fault::LetterInNumber => self.spoiled(town, Code::F006, Item::MyNumber, "12345678901X"),
            Fault::LetterInAza => self.spoiled(town, Code::F006, Item::AzaCode, "10A010"),
            Fault::UnknownReason => self.spoiled(town, Code::C004, Item::ChangeReason, "99"),
            Fault::NoSuchBirthday => self.spoiled(town, Code::C005, Item::BirthDate, "319510230"),
            Fault::NoSuchChangeDate => self.spoiled(town, Code::C005, Item::ChangeDate, "20240631"),
            Fault::Sex => self.spoiled(town, Code::C006, Item::Sex, "9"),
            Fault::CodeCheckDigit
            | Fault::NumberCheckDigit
            | Fault::TownCheckDigit
            | Fault::StampAfterFile
            | Fault::NameCount
            | Fault::AddressCount
            | Fault::GaijiFlag
            | Fault::OtherTown
            | Fault::SexAndNumber => self.wrong_value(fault, town),
            Fault::NoOldNumber | Fault::OldNumberCheckDigit | Fault::WrongOldNumber => {
                self.wrong_old_number(fault, town)
            }
            Fault::OldCodeCheckDigit | Fault::UnknownOldCode | Fault::CodeInUse => self.wrong_code(fault, town),
            Fault::NoNumber | Fault::Unknown | Fault::NoOtherHalf | Fault::NumberOfAnother => {
                self.stranger(fault, town)
            }
            Fault::PresentElsewhere | Fault::NotOurs => self.neighbour(fault, town),
            Fault::Dead => self.after_removal(town, "23", "11", Code::L104),
            Fault::Gone => self.after_removal(town, "22", "31", Code::L104b),
            Fault::BornBefore => self.after_removal(town, "22", "13", Code::L106),
            Fault::BrokenPair => self.broken_pair(town),
            Fault::Retired => self.under_retired_code(town),
            Fault::OtherContent => self.other_content(town),
            Fault::PresentHere
            | Fault::NothingToConfirm
            | Fault::NameToo
            | Fault::NumberToo
            | Fault::NothingChanged
            | Fault::FutureDate
            | Fault::RemovalOfOtherSex
            | Fault::SerialAlone
            | Fault::OutOfOrder => self.against_the_rules(fault, town),
        }
    }

    /// The record of a relocation, made from somebody who has a number; the person rests until it is judged.
    fn relocation_to_spoil(&mut self, town: usize) -> Result<Option<Row>, DemoFault> {
        let Some((id, base)) = self.resident(town, has_number)? else {
            return Ok(None);
        };
        self.keep(id, town, base.clone(), true, 0);
        Ok(Some(self.relocated(town, &base, 3)?))
    }

    /// A relocation in which one item is wrong.
    fn spoiled(&mut self, town: usize, code: Code, item: Item, value: &str) -> Result<bool, DemoFault> {
        let Some(mut row) = self.relocation_to_spoil(town)? else {
            return Ok(false);
        };
        row.set(item, value);
        self.send(town, Draft::bad(row, code, Some(item)));
        Ok(true)
    }

    /// Bytes that no writer would write, put into the record of a relocation.
    fn damaged_bytes(&mut self, fault: Fault, town: usize) -> Result<bool, DemoFault> {
        let Some(row) = self.relocation_to_spoil(town)? else {
            return Ok(false);
        };
        let wide = self.town(town)?.encoding == Encoding::Ucs2Be;
        // A lead byte (94, of 能) or a high surrogate as the last thing in the field.
        let cut: &[u8] = if wide { &[0xD8, 0x42] } else { &[0x20, 0x94] };
        let none: &[u8] = if wide { &[0xDF, 0xB7] } else { &[0x81, 0xAD] };
        let narrow: &[u8] = if wide { &[0x00, 0x41, 0x00, 0x42] } else { b"ABCD" };
        let blank: &[u8] = if wide { &[0x00, 0x20] } else { b"  " };
        let (code, item, from_end, bytes) = if fault == Fault::CutCharacter {
            (Code::F003, Item::Address, true, cut)
        } else if fault == Fault::NoSuchCharacter {
            (Code::F003, Item::KanaName, false, none)
        } else if fault == Fault::HalfWidth {
            (Code::F004, Item::KanaName, false, narrow)
        } else if fault == Fault::HalfWidthPadding {
            (Code::F004, Item::Address, true, blank)
        } else if fault == Fault::BlankFirst {
            (Code::F004, Item::OperatorId, false, b" OP".as_slice())
        } else {
            (Code::F004, Item::TerminalId, false, [0xB1].as_slice())
        };
        let (offset, length) = self.world.people.press.place(item)?;
        let offset = if from_end {
            offset + length - bytes.len()
        } else {
            offset
        };
        self.send(town, Draft::bad(row, code, Some(item)).patched(offset, bytes));
        Ok(true)
    }

    fn wrong_value(&mut self, fault: Fault, town: usize) -> Result<bool, DemoFault> {
        let Some(mut row) = self.relocation_to_spoil(town)? else {
            return Ok(false);
        };
        let mut draft = if fault == Fault::CodeCheckDigit {
            row.set(Item::JuminCode, &other_check_digit(row.get(Item::JuminCode)));
            Draft::bad(row, Code::C001, Some(Item::JuminCode))
        } else if fault == Fault::NumberCheckDigit {
            row.set(Item::MyNumber, &other_check_digit(row.get(Item::MyNumber)));
            Draft::bad(row, Code::C002, Some(Item::MyNumber))
        } else if fault == Fault::SexAndNumber {
            row.set(Item::MyNumber, &other_check_digit(row.get(Item::MyNumber)));
            row.set(Item::Sex, "0");
            Draft::bad(row, Code::C002, Some(Item::MyNumber))
        } else if fault == Fault::TownCheckDigit {
            row.set(
                Item::MunicipalityCode,
                &other_check_digit(row.get(Item::MunicipalityCode)),
            );
            Draft::bad(row, Code::C003, Some(Item::MunicipalityCode))
        } else if fault == Fault::OtherTown {
            let Some(other) = self.other_town(town) else {
                return Ok(false);
            };
            row.set(Item::MunicipalityCode, self.town(other)?.party.as_str());
            Draft::bad(row, Code::C010, Some(Item::MunicipalityCode))
        } else if fault == Fault::StampAfterFile {
            row.set(Item::Timestamp, &format!("{}233000000", calendar::ymd(self.date)));
            Draft::bad(row, Code::C005, Some(Item::Timestamp))
        } else if fault == Fault::NameCount {
            let real = row.get(Item::KanjiName).matches(PLACEHOLDER).count();
            row.set(Item::NameGaijiCount, &format!("{:03}", real + 1));
            row.set(Item::GaijiFlag, "1");
            Draft::bad(row, Code::C007, Some(Item::NameGaijiCount))
        } else if fault == Fault::AddressCount {
            let address = format!("{}〓", row.get(Item::Address));
            row.set(Item::Address, &address);
            Draft::bad(row, Code::C007, Some(Item::AddressGaijiCount))
        } else {
            let other = if row.get(Item::GaijiFlag) == "1" { "0" } else { "1" };
            row.set(Item::GaijiFlag, other);
            Draft::bad(row, Code::C008, Some(Item::GaijiFlag))
        };
        if fault == Fault::SexAndNumber {
            draft.findings.push((Code::C006, Some(Item::Sex)));
        }
        if fault == Fault::TownCheckDigit {
            draft.findings.push((Code::C010, Some(Item::MunicipalityCode)));
        }
        self.send(town, draft);
        Ok(true)
    }

    /// Faults of a change of number.
    fn wrong_old_number(&mut self, fault: Fault, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, has_number)? else {
            return Ok(false);
        };
        let mut row = self.notice(town, &base, "41", 2)?;
        row.set(Item::MyNumber, &self.world.fresh_number()?.text());
        let draft = if fault == Fault::NoOldNumber {
            Draft::bad(row, Code::F005, None)
        } else if fault == Fault::OldNumberCheckDigit {
            let old = other_check_digit(base.get(Item::MyNumber));
            Draft::bad(row, Code::C002, None).with_old_number(&old)
        } else {
            let old = self.world.fresh_number()?.text();
            Draft::bad(row, Code::L112, None).with_old_number(&old)
        };
        self.send(town, draft);
        self.keep(id, town, base, true, 0);
        Ok(true)
    }

    /// Faults of a change of code.
    fn wrong_code(&mut self, fault: Fault, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, |_| true)? else {
            return Ok(false);
        };
        self.keep(id, town, base.clone(), true, 0);
        let draft = if fault == Fault::UnknownOldCode {
            let mut row = self.notice(town, &base, "52", 2)?;
            row.set(Item::JuminCode, &self.world.fresh_code()?.text());
            // With the number of the base it would be the number of another person as well.
            row.set(Item::MyNumber, "");
            Draft::bad(row, Code::L114, None).with_old_code(&self.world.fresh_code()?.text())
        } else if fault == Fault::CodeInUse {
            let Some((_, other)) = self.resident(town, |row| row.get(Item::JuminCode) != base.get(Item::JuminCode))?
            else {
                return Ok(false);
            };
            let mut row = self.notice(town, &base, "51", 2)?;
            row.set(Item::JuminCode, other.get(Item::JuminCode));
            Draft::bad(row, Code::L115, Some(Item::JuminCode)).with_old_code(base.get(Item::JuminCode))
        } else {
            let mut row = self.notice(town, &base, "51", 2)?;
            row.set(Item::JuminCode, &self.world.fresh_code()?.text());
            Draft::bad(row, Code::C001, None).with_old_code(&other_check_digit(base.get(Item::JuminCode)))
        };
        self.send(town, draft);
        Ok(true)
    }

    /// Faults in a record about somebody who is in no register.
    fn stranger(&mut self, fault: Fault, town: usize) -> Result<bool, DemoFault> {
        let mut draw = self.draw.clone();
        let who = self.world.people.newcomer(&mut draw, false);
        self.draw = draw;
        let (code, number) = (self.world.fresh_code()?, self.world.fresh_number()?);
        let (reason, number, finding, item) = if fault == Fault::NoNumber {
            ("11", None, Code::C009, Some(Item::MyNumber))
        } else if fault == Fault::Unknown {
            ("31", Some(number), Code::L103, None)
        } else if fault == Fault::NoOtherHalf {
            ("14", Some(number), Code::L105, None)
        } else {
            let Some((_, other)) = self.resident(town, has_number)? else {
                return Ok(false);
            };
            ("12", other.my_number(), Code::L113, Some(Item::MyNumber))
        };
        let stamp = self.stamp(town, reason, 3, 1)?;
        let row = self.entry(town, code, &who, number, &stamp)?;
        self.send(town, Draft::bad(row, finding, item));
        Ok(true)
    }

    /// Records of this town about a resident of another.
    fn neighbour(&mut self, fault: Fault, town: usize) -> Result<bool, DemoFault> {
        let Some(other) = self.other_town(town) else {
            return Ok(false);
        };
        let Some((id, base)) = self.resident(other, has_number)? else {
            return Ok(false);
        };
        // The person must still live there when this town's file is judged.
        let wait = self.judged_on.get(town).map_or(0, |judged| judged - self.day);
        self.keep(id, other, base.clone(), true, wait);
        let who = sheet::read_who(self.town(other)?, &base);
        let (reason, code) = if fault == Fault::NotOurs {
            ("31", Code::L102b)
        } else {
            ("11", Code::L102)
        };
        let stamp = self.stamp(town, reason, 3, base.update_seq() + 1)?;
        let row = self.entry(town, code_of(&base)?, &who, base.my_number(), &stamp)?;
        self.send(town, Draft::bad(row, code, None));
        Ok(true)
    }

    /// A removal, and a notice that it forbids.
    fn after_removal(
        &mut self,
        town: usize,
        out: &'static str,
        then: &'static str,
        code: Code,
    ) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, has_number)? else {
            return Ok(false);
        };
        let gone = self.notice(town, &base, out, 0)?;
        self.send(town, Draft::good(gone.clone()));
        self.keep(id, town, gone.clone(), false, 0);
        let row = self.notice(town, &gone, then, 3)?;
        self.send(town, Draft::bad(row, code, None));
        Ok(true)
    }

    /// 24, a 14 with another date, a move-in while the pair is open, and a 16 that ends the confusion.
    fn broken_pair(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, has_number)? else {
            return Ok(false);
        };
        let out = self.notice(town, &base, "24", 0)?;
        self.send(town, Draft::good(out.clone()));
        let mut half = self.notice(town, &out, "14", 2)?;
        half.set(Item::ChangeDate, &calendar::ymd(self.date - 1));
        self.send(town, Draft::bad(half, Code::L105, Some(Item::ChangeDate)));
        let come = self.notice(town, &out, "11", 3)?;
        self.send(town, Draft::bad(come, Code::L108, None));
        let back = self.notice(town, &out, "16", 5)?;
        self.send(town, Draft::warned(back.clone(), Code::W204, None));
        self.keep(id, town, back, true, 0);
        Ok(true)
    }

    fn under_retired_code(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((old, new)) = self.code(town, "51")? else {
            return Ok(false);
        };
        let mut row = self.relocated(town, &new, 4)?;
        row.set(Item::JuminCode, old.get(Item::JuminCode));
        self.send(town, Draft::bad(row, Code::L107, None));
        Ok(true)
    }

    fn other_content(&mut self, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, |_| true)? else {
            return Ok(false);
        };
        let row = self.relocated(town, &base, 3)?;
        let home = self.other_home(town, &row)?;
        let mut again = row.clone();
        sheet::put_home(&mut again, self.town(town)?, &home);
        self.send(town, Draft::good(row.clone()));
        self.send(town, Draft::bad(again, Code::L120, None));
        self.keep(id, town, row, true, 0);
        Ok(true)
    }

    /// One record about a resident that breaks one rule.
    fn against_the_rules(&mut self, fault: Fault, town: usize) -> Result<bool, DemoFault> {
        let Some((id, base)) = self.resident(town, has_number)? else {
            return Ok(false);
        };
        self.keep(id, town, base.clone(), true, 0);
        let draft = if fault == Fault::PresentHere {
            Draft::bad(self.notice(town, &base, "11", 3)?, Code::L101, None)
        } else if fault == Fault::NothingToConfirm {
            Draft::bad(self.notice(town, &base, "90", 3)?, Code::L109, None)
        } else if fault == Fault::NumberToo {
            let mut row = self.notice(town, &base, "33", 3)?;
            row.set(Item::MyNumber, &self.world.fresh_number()?.text());
            Draft::bad(row, Code::L110, Some(Item::MyNumber))
        } else if fault == Fault::NothingChanged {
            Draft::bad(self.notice(town, &base, "31", 3)?, Code::L111, None)
        } else if fault == Fault::RemovalOfOtherSex {
            let mut row = self.notice(town, &base, "21", 3)?;
            row.set(Item::Sex, if base.get(Item::Sex) == "1" { "2" } else { "1" });
            Draft::bad(row, Code::L117, Some(Item::Sex))
        } else {
            let mut row = self.relocated(town, &base, 3)?;
            if fault == Fault::NameToo {
                let name = format!("{}子", row.get(Item::KanjiName));
                row.set(Item::KanjiName, &name);
                let cells: Vec<_> = base.cells(Item::KanjiName).collect();
                row.add_cells(Item::KanjiName, &cells);
                Draft::bad(row, Code::L110, Some(Item::KanjiName))
            } else if fault == Fault::FutureDate {
                row.set(Item::ChangeDate, &calendar::ymd(self.date + 30));
                Draft::bad(row, Code::L116, Some(Item::ChangeDate))
            } else if fault == Fault::SerialAlone {
                row.set(Item::NameGaijiSeq, "777");
                Draft::bad(row, Code::L118, Some(Item::NameGaijiSeq))
            } else {
                row.set(Item::Timestamp, &an_hour_before(base.get(Item::Timestamp)));
                Draft::bad(row, Code::L119, Some(Item::Timestamp))
            }
        };
        self.send(town, draft);
        Ok(true)
    }
}

/// The number with its last digit changed, so that the check digit is wrong. A 市町村コード changed so never is another
/// municipality's, for that would need another body.
fn other_check_digit(number: &str) -> String {
    let (body, last) = number
        .split_at_checked(number.len().saturating_sub(1))
        .unwrap_or_default();
    let digit: u32 = last.parse().unwrap_or(0);
    format!("{body}{}", (digit + 1) % 10)
}

/// A timestamp made older: operations begin at 08:30, so the hour can be taken back.
fn an_hour_before(timestamp: &str) -> String {
    timestamp
        .parse::<u64>()
        .map(|value| format!("{:017}", value - 10_000_000))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{JuminCode, MunicipalityCode, MyNumber};

    #[test]
    fn a_changed_check_digit_is_wrong() {
        assert!(JuminCode::parse(&other_check_digit("24727059608")).is_err());
        assert!(MyNumber::parse(&other_check_digit("379474484458")).is_err());
        assert!(MunicipalityCode::parse(&other_check_digit("052019")).is_err());
        assert_eq!(an_hour_before("20240603083000000"), "20240603073000000");
    }
}
