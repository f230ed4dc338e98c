//! Notices of a day: a fifth entries, three fifths changes of address within a town, the rest changes of name and
//! removals; one in twenty is wrong in one of four ways. Each code occurs at most once.

use super::NOTICE_DAY;
use super::draw::Draw;
use super::people::{Person, World};

const ROOM_CHOICE: u64 = 3;
const ROOM_NOTICE: u64 = 4;

/// One notice: the record as it shall be, and its kind for the peers.
pub struct Notice {
    /// Running number, from 1.
    pub id: u64,
    /// I entry, A change of address, N change of name, R removal.
    pub kind: u8,
    /// The record.
    pub person: Person,
}

/// What is wrong with a notice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    No,
    CheckDigit,
    Entered,
    NameToo,
    Unknown,
}

/// The notices of a day, chosen but not yet made.
pub struct Batch<'w> {
    world: &'w World,
    room: u64,
    chosen: Vec<u64>,
}

impl<'w> Batch<'w> {
    /// Chooses `count` residents; `room` keeps batches of one world apart.
    pub fn choose(world: &'w World, count: u64, room: u64) -> Self {
        let mut draw = Draw::of(world.seed, ROOM_CHOICE, room);
        let mut all: Vec<u64> = (0..world.residents).collect();
        for at in 0..count.min(world.residents) {
            let other = at + draw.below(world.residents - at);
            all.swap(at as usize, other as usize);
        }
        all.truncate(count as usize);
        Self {
            world,
            room,
            chosen: all,
        }
    }

    /// Makes them, in the order of their numbers.
    pub fn notices(&self) -> impl Iterator<Item = Notice> + '_ {
        (1..).zip(&self.chosen).map(|(id, at)| self.make(id, *at))
    }

    fn make(&self, id: u64, at: u64) -> Notice {
        let world = self.world;
        let mut draw = Draw::of(world.seed, ROOM_NOTICE + self.room, id);
        let kind = match draw.below(100) {
            0..20 => b'I',
            20..80 => b'A',
            80..90 => b'N',
            _ => b'R',
        };
        let wrong = match draw.below(80) {
            0 => Wrong::CheckDigit,
            1 => Wrong::Entered,
            2 => Wrong::NameToo,
            3 => Wrong::Unknown,
            _ => Wrong::No,
        };
        let kind = match (wrong, kind) {
            (Wrong::Entered, _) => b'I',
            (Wrong::NameToo, _) | (Wrong::Unknown, b'I') => b'A',
            (_, kind) => kind,
        };
        let new = kind == b'I' && wrong != Wrong::Entered;
        let mut person = world.person(if new { at + world.residents } else { at });
        match kind {
            b'A' => {
                let before = person.address.clone();
                while person.address == before {
                    (person.address, person.aza) = world.home(&mut draw, person.town);
                }
                person.reason = "31";
                if wrong == Wrong::NameToo {
                    rename(world, &mut draw, &mut person);
                }
            }
            b'N' => {
                rename(world, &mut draw, &mut person);
                person.reason = "33";
            }
            b'R' => person.reason = "21",
            _ => {}
        }
        world.stamp(&mut draw, &mut person, NOTICE_DAY);
        person.seq = if new { 1 } else { 2 };
        match wrong {
            Wrong::CheckDigit => {
                let last = person.code.pop().and_then(|digit| digit.to_digit(10)).unwrap_or(0);
                let other = (last + 1 + draw.below(9) as u32) % 10;
                person.code += &other.to_string();
            }
            Wrong::Unknown => person.code = world.code(at, 1),
            Wrong::No | Wrong::Entered | Wrong::NameToo => {}
        }
        Notice { id, kind, person }
    }
}

/// Another name, kanji and kana.
pub(super) fn rename(world: &World, draw: &mut Draw, person: &mut Person) {
    let before = (person.name.clone(), person.kana.clone());
    while person.name == before.0 || person.kana == before.1 {
        (person.name, person.kana) = world.name(draw, person.sex);
    }
}
