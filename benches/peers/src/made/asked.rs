//! What municipalities and departments ask: extracts for reconciliation (整合性確認) and conditions of a bulk inquiry
//! (一括照会).
//!
//! An extract differs from the register in one record of a hundred: two of a thousand are missing, two are of nobody, six
//! have another address, name or birth date. Of the conditions six tenths are codes, two numbers, two name, birth date
//! and sex; one in twenty finds nobody.

use super::draw::Draw;
use super::people::{Person, World, with_check};

const ROOM_EXTRACT: u64 = 6;
const ROOM_INQUIRY: u64 = 7;
/// Strides of the order of an extract; a prime that does not divide the number of residents is taken.
const STRIDES: [u64; 4] = [1_000_003, 999_983, 7_919, 1];

/// The records of all extracts, in an order that has nothing to do with the codes.
pub fn extract(world: &World) -> impl Iterator<Item = Person> + '_ {
    let stride = STRIDES
        .into_iter()
        .find(|stride| *stride == 1 || !world.residents.is_multiple_of(*stride));
    let stride = stride.unwrap_or(1);
    (0..world.residents).flat_map(move |at| of_resident(world, at * stride % world.residents))
}

fn of_resident(world: &World, at: u64) -> Vec<Person> {
    let mut draw = Draw::of(world.seed, ROOM_EXTRACT, at);
    let mut person = world.person(at);
    match draw.below(1000) {
        0..2 => return Vec::new(),
        2..4 => {
            let nobody = Person {
                code: world.code(at, 1),
                number: with_check(format!("{:011}", 99_999_999_999 - at)),
                ..person.clone()
            };
            return vec![person, nobody];
        }
        4..6 => {
            let before = person.address.clone();
            while person.address == before {
                person.address = world.home(&mut draw, person.town).0;
            }
        }
        6..8 => super::notices::rename(world, &mut draw, &mut person),
        8..10 => {
            let before = person.birth.clone();
            while person.birth == before {
                person.birth = draw.date(1930, 2024);
            }
        }
        _ => {}
    }
    vec![person]
}

/// One condition of an inquiry: the fields that are blank are not asked for.
#[derive(Default)]
pub struct Condition {
    /// 1 code, 2 number, 3 name with birth date and sex.
    pub kind: u8,
    /// 住民票コード.
    pub code: String,
    /// 個人番号.
    pub number: String,
    /// Name in kanji.
    pub name: String,
    /// Birth date, eight digits.
    pub birth: String,
    /// 1 or 2.
    pub sex: String,
}

/// So many conditions.
pub fn conditions(world: &World, count: u64) -> impl Iterator<Item = Condition> + '_ {
    (0..count).map(|at| {
        let mut draw = Draw::of(world.seed, ROOM_INQUIRY, at);
        let resident = draw.below(world.residents);
        let person = world.person(resident);
        let nobody = draw.below(20) == 0;
        match draw.below(10) {
            0..6 => Condition {
                kind: 1,
                code: if nobody { world.code(resident, 1) } else { person.code },
                ..Condition::default()
            },
            6..8 => Condition {
                kind: 2,
                number: if nobody {
                    with_check(format!("{:011}", 99_999_999_999 - resident))
                } else {
                    person.number
                },
                ..Condition::default()
            },
            _ => Condition {
                kind: 3,
                name: person.name,
                birth: if nobody { "19000101".to_owned() } else { person.birth },
                sex: person.sex.to_string(),
                ..Condition::default()
            },
        }
    })
}
