//! The residents: each follows from the seed and a number, so that none has to be stored.

use super::LOAD_DAY;
use super::draw::Draw;
use super::tables::{Tables, Town};
use crate::flat::{CP932_WIDTHS, UTF8_WIDTHS, check_digit};
use sekisho::domain::ids::PartyId;
use sekisho::domain::row::Row;

const ROOM_CODE: u64 = 1;
const ROOM_PERSON: u64 = 2;

/// What is known of somebody.
#[derive(Clone)]
pub struct Person {
    /// 住民票コード, eleven digits.
    pub code: String,
    /// Name in kanji.
    pub name: String,
    /// Name in kana.
    pub kana: String,
    /// Birth date, eight digits.
    pub birth: String,
    /// 1 or 2.
    pub sex: u8,
    /// Address.
    pub address: String,
    /// Part of the town, six digits.
    pub aza: String,
    /// 個人番号, twelve digits.
    pub number: String,
    /// Place of the municipality in the tables.
    pub town: usize,
    /// Reason of the last change.
    pub reason: &'static str,
    /// Day of the last change.
    pub changed: String,
    /// Who entered it.
    pub operator: String,
    /// Where.
    pub terminal: String,
    /// When: `YYYYMMDDhhmmssSSS`.
    pub stamp: String,
    /// Running number of the change.
    pub seq: u32,
}

/// All residents.
pub struct World {
    /// Names and towns.
    pub tables: Tables,
    /// Everything follows from it.
    pub seed: u64,
    /// How many there are before the first notice.
    pub residents: u64,
}

impl World {
    /// A world.
    pub fn new(seed: u64, residents: u64) -> Self {
        Self {
            tables: Tables::load(),
            seed,
            residents,
        }
    }

    /// The code of resident `at`, in ascending order; `offset` 1 is a code that nobody has.
    pub fn code(&self, at: u64, offset: u64) -> String {
        let step = 4_400_000_000 / self.residents;
        let body = (at * step + Draw::of(self.seed, ROOM_CODE, at).below(step)) * 2 + 1_000_000_000 + offset;
        with_check(format!("{body:010}"))
    }

    /// Resident `at` as first recorded. From `residents` on: people who are not in the register, with the codes that
    /// nobody has.
    pub fn person(&self, at: u64) -> Person {
        let mut draw = Draw::of(self.seed, ROOM_PERSON, at);
        let sex = 1 + draw.below(2) as u8;
        let (name, kana) = self.name(&mut draw, sex);
        let town = draw.below(self.tables.towns.len() as u64) as usize;
        let birth = draw.date(1930, 2024);
        let (address, aza) = self.home(&mut draw, town);
        let changed = draw.date(2003, 2025).max(birth.clone());
        let mut person = Person {
            code: self.code(at % self.residents, at / self.residents),
            name,
            kana,
            birth,
            sex,
            address,
            aza,
            number: with_check(format!("{:011}", at * 7919 % 99_999_999_977)),
            town,
            reason: "11",
            changed: String::new(),
            operator: String::new(),
            terminal: String::new(),
            stamp: String::new(),
            seq: 1,
        };
        self.stamp(&mut draw, &mut person, &changed);
        person
    }

    /// Who changed the record, where and when on a day.
    pub fn stamp(&self, draw: &mut Draw, person: &mut Person, day: &str) {
        day.clone_into(&mut person.changed);
        person.operator = format!("OP{:06}", draw.below(1000));
        person.terminal = format!("TM{:06}", draw.below(500));
        let time = (9 + draw.below(8), draw.below(60), draw.below(60), draw.below(1000));
        person.stamp = format!("{day}{:02}{:02}{:02}{:03}", time.0, time.1, time.2, time.3);
    }

    /// A name and its reading.
    pub fn name(&self, draw: &mut Draw, sex: u8) -> (String, String) {
        let family = draw.one(&self.tables.surnames);
        let given = draw.one(&self.tables.given[usize::from(sex - 1)]);
        (
            format!("{}　{}", family.0, given.0),
            format!("{}　{}", family.1, given.1),
        )
    }

    /// An address in a town, and the code of its part.
    pub fn home(&self, draw: &mut Draw, town: usize) -> (String, String) {
        const HOUSES: [&str; 6] = [
            "グランドハイツ",
            "コーポ桜",
            "メゾン表参道",
            "第二すみれ荘",
            "県営住宅",
            "シティタワー",
        ];
        let town = &self.tables.towns[town];
        let (aza, name) = draw.one(&town.quarters);
        let mut address = format!(
            "{}{name}{}番{}号",
            town.prefix,
            wide(1 + draw.below(280)),
            wide(1 + draw.below(30))
        );
        if draw.below(10) < 4 {
            address += &format!("　{}{}号室", draw.one(&HOUSES), wide(101 + draw.below(1200)));
        }
        (address, aza.clone())
    }

    /// Appends the record of the peers: UTF-8 as in the register, or CP932 as in a notice.
    pub fn put_flat(&self, person: &Person, cp932: bool, out: &mut Vec<u8>) {
        let (sex, seq) = (person.sex.to_string(), format!("{:06}", person.seq));
        let town: &Town = &self.tables.towns[person.town];
        let minute = &person.stamp[..14];
        let fields: [&str; 28] = [
            &person.code,
            &person.name,
            &person.kana,
            &person.birth,
            &sex,
            &person.address,
            &person.number,
            person.reason,
            &person.changed,
            &town.code,
            &person.aza,
            "0000000000",
            &person.operator,
            &person.terminal,
            minute,
            "0",
            "0",
            "0",
            &seq,
            "0100000",
            &town.code,
            LOAD_DAY,
            &person.changed,
            &person.changed,
            "1",
            "0001",
            "0000",
            "",
        ];
        for (text, width) in fields.iter().zip(if cp932 { CP932_WIDTHS } else { UTF8_WIDTHS }) {
            let start = out.len();
            if cp932 {
                let (bytes, _, lost) = encoding_rs::SHIFT_JIS.encode(text);
                assert!(!lost, "a text that CP932 does not have");
                out.extend_from_slice(&bytes);
            } else {
                out.extend_from_slice(text.as_bytes());
            }
            assert!(out.len() <= start + width, "a text longer than its field");
            out.resize(start + width, b' ');
        }
    }

    /// The row of sekisho.
    pub fn row(&self, person: &Person) -> Row {
        let town = &self.tables.towns[person.town];
        let era = match person.birth.as_str() {
            day if day < "19890108" => '3',
            day if day < "20190501" => '4',
            _ => '5',
        };
        let (birth, sex, seq) = (
            format!("{era}{}", person.birth),
            person.sex.to_string(),
            format!("{:06}", person.seq),
        );
        let items: [&str; 28] = [
            &person.code,
            &person.name,
            "000",
            &person.kana,
            &birth,
            &sex,
            &person.address,
            "000",
            &person.number,
            person.reason,
            &person.changed,
            "",
            "",
            &town.code,
            &person.aza,
            &person.operator,
            &person.terminal,
            &person.stamp,
            "",
            "0",
            "",
            &seq,
            "000",
            "000",
            "",
            "",
            "",
            "",
        ];
        let party = PartyId::parse(&town.code).expect("a code is a party id");
        Row::from_items(party, &items).expect("a row is short")
    }
}

/// A body of digits with its check digit.
pub(super) fn with_check(mut body: String) -> String {
    let digit = check_digit(body.as_bytes());
    body.push(char::from(digit));
    body
}

fn wide(number: u64) -> String {
    number
        .to_string()
        .bytes()
        .filter_map(|digit| char::from_u32('０' as u32 + u32::from(digit - b'0')))
        .collect()
}
