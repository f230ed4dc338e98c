//! The residents: who they are follows from the seed and their place in their town, so nobody has to be stored.
//!
//! Neighbouring places form households, so that families share surname and address.

use super::DemoFault;
use super::calendar::{self, Day};
use super::draw::{Draw, Permutation};
use super::sheet::{self, Home, Stamp, Who};
use super::tables::{Municipality, Tables};
use super::writer::Press;
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::row::Row;

/// Sizes of the households of one block of twelve residents.
const BLOCKS: [&[u8]; 6] = [
    &[1, 2, 4, 2, 3],
    &[2, 2, 3, 5],
    &[1, 1, 2, 2, 6],
    &[3, 1, 4, 4],
    &[2, 1, 2, 3, 1, 3],
    &[1, 4, 2, 5],
];
const BLOCK: u32 = 12;

// Rooms of chance, so that the same number draws different things for different purposes.
const ROOM_CODE: u64 = 1;
const ROOM_NUMBER: u64 = 2;
const ROOM_BLOCK: u64 = 1 << 8;
const ROOM_HOUSE: u64 = 2 << 8;
const ROOM_PERSON: u64 = 3 << 8;

/// 住民票コード begin at this body, so that all have a first digit that is not 0.
const FIRST_CODE_BODY: u64 = 1_000_000_000;
const YEAR: i32 = 365;

/// A household and the place of one resident in it.
struct Household {
    id: u32,
    place: u8,
    size: u8,
}

/// The residents of the prefecture before the first notice.
#[derive(Debug)]
pub(super) struct People {
    /// Names and towns.
    pub(super) tables: Tables,
    /// Writes files.
    pub(super) press: Press,
    /// Everything follows from it.
    pub(super) seed: u64,
    /// Day of the initial load.
    pub(super) initial: Day,
    /// First resident of each town and, at the end, their number.
    starts: Vec<u32>,
    codes: Permutation,
    numbers: Permutation,
}

impl People {
    /// Shares the residents among the towns by weight.
    pub(super) fn new(seed: u64, residents: u32, initial: Day) -> Result<Self, DemoFault> {
        let tables = Tables::load()?;
        let whole: u64 = tables.municipalities.iter().map(|town| u64::from(town.weight)).sum();
        let mut starts = vec![0];
        let mut weight = 0_u64;
        for town in &tables.municipalities {
            weight += u64::from(town.weight);
            starts.push(u32::try_from(u64::from(residents) * weight / whole.max(1)).unwrap_or(residents));
        }
        Ok(Self {
            tables,
            press: Press::new()?,
            seed,
            initial,
            starts,
            codes: Permutation::new(seed, ROOM_CODE, 17, 10_000_000_000 - FIRST_CODE_BODY),
            numbers: Permutation::new(seed, ROOM_NUMBER, 19, 100_000_000_000),
        })
    }

    /// The towns.
    pub(super) fn town(&self, at: usize) -> Option<&Municipality> {
        self.tables.municipalities.get(at)
    }

    /// First resident of a town and their number.
    pub(super) fn range(&self, town: usize) -> (u32, u32) {
        let start = self.starts.get(town).copied().unwrap_or(0);
        let end = self.starts.get(town + 1).copied().unwrap_or(start);
        (start, end - start)
    }

    /// The 住民票コード with this running number.
    pub(super) fn code(&self, index: u64) -> Result<JuminCode, DemoFault> {
        let body = self
            .codes
            .at(index)
            .and_then(|body| JuminCode::from_body(body + FIRST_CODE_BODY));
        body.ok_or(DemoFault::TooMany)
    }

    /// The 個人番号 with this running number.
    pub(super) fn number(&self, index: u64) -> Result<MyNumber, DemoFault> {
        self.numbers
            .at(index)
            .and_then(MyNumber::from_body)
            .ok_or(DemoFault::TooMany)
    }

    /// The row with which resident `id` of a town stands in the initial load.
    pub(super) fn initial_row(&self, town: usize, id: u32) -> Result<Row, DemoFault> {
        let place = self.town(town).ok_or(DemoFault::TooMany)?;
        let within = id - self.range(town).0;
        let household = self.household(town, within);
        let mut house = self.house_draw(town, household.id);
        let (foreign, home, head_born) = self.house(place, &mut house);
        let mut draw = Draw::of(self.seed, ROOM_PERSON, u64::from(id));
        let (who, born) = self.member(&mut draw, &mut house, &household, head_born, foreign);
        let (reason, since) = self.first_entry(&mut draw, born, foreign);
        // Newborn and some others have no number yet: reasons 12, 13 and 16 may leave it blank.
        let unnumbered = reason != "11" && (self.initial - since < 20 || draw.chance(1, 400));
        let number = if unnumbered {
            None
        } else {
            Some(self.number(u64::from(id))?)
        };
        let stamp = Stamp {
            reason,
            change_date: calendar::ymd(since),
            operator: operator(place, &mut draw),
            terminal: terminal(place, &mut draw),
            timestamp: self.first_timestamp(&mut draw, since),
            seq: 1,
        };
        Ok(sheet::row(
            place,
            self.code(u64::from(id))?,
            &who,
            &home,
            number,
            &stamp,
        ))
    }

    /// Somebody who comes to the prefecture later, alone.
    pub(super) fn newcomer(&self, draw: &mut Draw, foreign: bool) -> Who {
        let born = self.initial - draw.between(19 * YEAR, 60 * YEAR);
        let alone = Household {
            id: 0,
            place: 0,
            size: 1,
        };
        self.member(&mut draw.clone(), draw, &alone, born, foreign).0
    }

    /// A given name and reading for somebody born on a day.
    pub(super) fn given(&self, draw: &mut Draw, born: Day, female: bool) -> (String, String) {
        self.tables
            .given(draw, born, female)
            .map(|name| (name.kanji.clone(), name.kana.clone()))
            .unwrap_or_default()
    }

    /// An address in a town.
    pub(super) fn home(town: &Municipality, draw: &mut Draw) -> Home {
        let Some(quarter) = draw.one(&town.quarters) else {
            return Home {
                address: town.prefix.clone(),
                aza: "000000".to_owned(),
            };
        };
        let mut address = format!("{}{}", town.prefix, quarter.name);
        let wide = |number: u32| number.to_string().chars().map(full_width).collect::<String>();
        if quarter.chome {
            address += &[&wide(1 + draw.below(28)), "番", &wide(1 + draw.below(30)), "号"].concat();
        } else {
            address += &[&wide(1 + draw.below(280)), "番地"].concat();
            if draw.chance(2, 3) {
                address.push_str(&wide(1 + draw.below(12)));
            }
        }
        if draw.chance(1, 8) {
            let houses = [
                "コーポ桜",
                "ハイツ能代",
                "メゾン十和田",
                "県営住宅",
                "サンハイツ",
                "第二構内荘",
            ];
            let name = draw.one(&houses).copied().unwrap_or_default();
            address += &["　", name, &wide(101 + draw.below(4) * 100 + draw.below(9)), "号"].concat();
        }
        Home {
            address,
            aza: quarter.aza.clone(),
        }
    }

    fn household(&self, town: usize, within: u32) -> Household {
        let block = within / BLOCK;
        let mut draw = Draw::of(self.seed, ROOM_BLOCK + town as u64, u64::from(block));
        let sizes = draw.one(&BLOCKS).copied().unwrap_or_default();
        let mut before = 0;
        for (size, order) in sizes.iter().zip(0..) {
            let place = within % BLOCK - before;
            if place < u32::from(*size) {
                let id = block * BLOCK + order;
                return Household {
                    id,
                    place: u8::try_from(place).unwrap_or(0),
                    size: *size,
                };
            }
            before += u32::from(*size);
        }
        Household {
            id: block * BLOCK + BLOCK - 1,
            place: 0,
            size: 1,
        }
    }

    fn house_draw(&self, town: usize, household: u32) -> Draw {
        Draw::of(self.seed, ROOM_HOUSE + town as u64, u64::from(household))
    }

    /// Foreign or not, address, and the birthday of the first member.
    fn house(&self, town: &Municipality, house: &mut Draw) -> (bool, Home, Day) {
        let foreign = house.chance(6, 1000);
        let home = Self::home(town, house);
        let (from, to) = match house.below(100) {
            _ if foreign => (21, 50),
            0..15 => (25, 39),
            15..39 => (40, 54),
            39..66 => (55, 69),
            66..91 => (70, 84),
            _ => (85, 98),
        };
        (foreign, home, self.initial - house.between(from * YEAR, to * YEAR))
    }

    /// One member of a household. `house` must stand where [`Self::house`] left it: the family name comes next.
    fn member(&self, draw: &mut Draw, house: &mut Draw, household: &Household, head: Day, foreign: bool) -> (Who, Day) {
        let family = self.tables.surname(house).cloned();
        let head_female = house.chance(3, 10);
        let (born, female) = match household.place {
            0 => (head, head_female),
            1 if house.chance(3, 4) || foreign => (head + draw.between(-6 * YEAR, 5 * YEAR), !head_female),
            place if household.size >= 5 && place + 1 == household.size => {
                let oldest = self.initial - 103 * YEAR;
                (
                    (head - draw.between(21 * YEAR, 33 * YEAR)).max(oldest),
                    draw.chance(7, 10),
                )
            }
            place => {
                let child = head + (22 + 2 * i32::from(place)) * YEAR + draw.between(0, 6 * YEAR);
                (child.min(self.initial - draw.between(2, 900)), draw.chance(1, 2))
            }
        };
        if foreign {
            return (self.foreigner(draw, born), born);
        }
        let (surname, surname_kana) = family.map(|name| (name.kanji, name.kana)).unwrap_or_default();
        let (given, given_kana) = self.given(draw, born, female);
        let unread = draw.chance(1, 2000);
        let married = household.place == 1 && female && draw.chance(15, 1000);
        let former = if married {
            self.tables.surname(draw).cloned()
        } else {
            None
        };
        let birth = calendar::ymd(born);
        // Some births of long ago are known by their year only.
        let known = if born < calendar::day(1946, 1, 1) && draw.chance(1, 1500) {
            format!("{}0000", birth.get(..4).unwrap_or_default())
        } else {
            birth
        };
        let who = Who {
            name: format!("{surname}　{given}"),
            kana: if unread {
                String::new()
            } else {
                format!("{surname_kana}　{given_kana}")
            },
            birth: format!("{}{known}", calendar::era(born)),
            sex: if female { "2" } else { "1" },
            former: former.map(|name| (name.kanji, name.kana)),
        };
        (who, born)
    }

    fn foreigner(&self, draw: &mut Draw, born: Day) -> Who {
        let found = self.tables.foreign(draw);
        let (name, kana, sex) = found.map_or_else(Default::default, |name| {
            let kana = format!("{}　{}", name.family_kana, name.given_kana);
            (
                format!("{}　{}", name.family, name.given),
                kana,
                if name.sex == "F" { "2" } else { "1" },
            )
        });
        Who {
            name,
            kana,
            birth: format!("0{}", calendar::ymd(born)),
            sex,
            former: None,
        }
    }

    /// Reason and day with which somebody came into the register.
    fn first_entry(&self, draw: &mut Draw, born: Day, foreign: bool) -> (&'static str, Day) {
        let network = calendar::day(2003, 1, 6);
        let earliest = if foreign { calendar::day(2012, 7, 9) } else { network }.max(born);
        let since = draw.between(earliest, self.initial - 2);
        if foreign {
            ("12", since)
        } else if born >= network && draw.chance(11, 20) {
            ("13", born)
        } else if draw.chance(8, 100) {
            ("16", since)
        } else {
            ("11", since)
        }
    }

    fn first_timestamp(&self, draw: &mut Draw, since: Day) -> u64 {
        let day = (since + draw.between(0, 10)).min(self.initial - 1);
        calendar::number(day) * 1_000_000_000 + clock(draw, 8 * 60 + 30, 17 * 60)
    }
}

/// A time of day between two minutes, as `hhmmssSSS`.
pub(super) fn clock(draw: &mut Draw, from_minute: u32, to_minute: u32) -> u64 {
    let minute = u64::from(from_minute + draw.below(to_minute - from_minute));
    let (second, milli) = (u64::from(draw.below(60)), u64::from(draw.below(1000)));
    minute / 60 * 10_000_000 + minute % 60 * 100_000 + second * 1000 + milli
}

/// An operator of a town, twelve characters.
pub(super) fn operator(town: &Municipality, draw: &mut Draw) -> String {
    format!("OP{:06}{:04}", town.code.value(), 1 + draw.below(40))
}

/// A terminal of a town, eight characters.
pub(super) fn terminal(town: &Municipality, draw: &mut Draw) -> String {
    format!("T{:05}{:02}", town.code.value() / 10, 1 + draw.below(30))
}

fn full_width(digit: char) -> char {
    char::from_u32(u32::from(digit) + 0xFEE0).unwrap_or(digit)
}
