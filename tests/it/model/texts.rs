//! Texts that a town writes into items: the first snapshot of a person, and other texts, right or not.

use super::compose::{MERGED, TOWNS};
use super::kana::{ADDRESSES, FORMER, NAMES, READINGS};
use super::numbers;
use super::paper::Items;

/// The first snapshot of a person.
pub(super) fn fresh(person: usize, variant: u8) -> Items {
    let mut items = Items::default();
    let number = numbers::number(3_000_000_000 + person as u64 * 10);
    let births = ["319800203", "420010401", "219200100", "519000000", "0197611A1"];
    for (item, text) in [
        (2, NAMES[person % 4]),
        (3, "000"),
        (4, READINGS[person % 5].0),
        (5, if person == 3 { "520190501" } else { births[person % 5] }),
        (6, if person.is_multiple_of(2) { "1" } else { "2" }),
        (7, ADDRESSES[person % 4]),
        (8, "000"),
        (9, if variant == 3 { "" } else { &number }),
        (15, "001001"),
        (20, "0"),
        (23, "000"),
        (24, "000"),
        (26, "000"),
        (28, "000"),
    ] {
        items.set(item, text);
    }
    items
}

/// The next of the texts that an item may have; a new name has no 〓.
pub(super) fn next_of(items: &mut Items, item: u8, texts: &[&str]) {
    let at = texts.iter().position(|text| *text == items.get(item));
    items.set(item, texts[at.map_or(0, |at| (at + 1) % texts.len())]);
    if item == 2 {
        items.set(3, "000");
    }
    let any = [3, 8, 26].iter().any(|item| items.compared(*item) != "000");
    items.set(20, if any { "1" } else { "0" });
}

/// A picture set of the same text that is one newer.
pub(super) fn grow(items: &mut Items, item: u8) {
    let serial: u32 = items.compared(item).parse().unwrap();
    items.set(item, &format!("{:03}", serial + 1));
}

/// One of the texts that an item may have, right or not.
pub(super) fn set_item(items: &mut Items, item: u8, variant: u8, person: usize) {
    let texts: [&str; 6] = match item {
        1 => ["", "1234567890X", "24727059608", "24846016224", "25208017644", "123"],
        2 => [NAMES[0], NAMES[1], NAMES[2], NAMES[3], "", NAMES[4]],
        3 | 8 | 26 => ["000", "", "001", "010", "0X0", "000"],
        4 => [0, 1, 2, 3, 4, 5].map(|at: usize| READINGS[at].0),
        5 => ["319800203", "020010401", "420010401", "", "319800204", "419800203"],
        6 => ["1", "2", "3", "9", "", "X"],
        7 => [ADDRESSES[0], ADDRESSES[1], ADDRESSES[2], ADDRESSES[3], "", ADDRESSES[0]],
        9 => {
            let number = numbers::number(3_000_000_000 + person as u64 * 10 + 7);
            return items.set(
                9,
                [number.as_str(), "", "12345678901X", "", &number, "1234"][usize::from(variant)],
            );
        }
        10 => ["16", "31", "99", "", "21", "1X"],
        11 => ["20200914", "20200229", "20210229", "", "20200101", "2020091X"],
        12 => ["", "0", "1", "2", "3", "9"],
        13 => [0, 1, 2, 3, 4, 5].map(|at: usize| READINGS[at].1),
        14 => [TOWNS[0], TOWNS[1], MERGED, "", "062006", "05201X"],
        15 => ["001001", "", "000000", "002002", "00100X", "1"],
        16 | 17 => ["OP000001", "OP2", "", "X", "OP000003", "Y"],
        18 => [
            "20200914080000000",
            "20200914250000000",
            "",
            "2020091408000000X",
            "20200101000000000",
            "20210229000000000",
        ],
        19 => ["00000000", "20200914", "", "20200914", "00000000", "2020091X"],
        20 => ["0", "1", "", "0", "1", "X"],
        21 => ["", "0", "1", "", "0", "1"],
        22 => ["000001", "000000", "000002", "", "00000X", "999999"],
        23 | 24 | 28 => ["000", "001", "", "002", "00X", "010"],
        25 => [
            FORMER[0].0,
            FORMER[1].0,
            FORMER[2].0,
            FORMER[1].0,
            FORMER[0].0,
            FORMER[2].0,
        ],
        27 => [
            FORMER[0].1,
            FORMER[1].1,
            FORMER[2].1,
            FORMER[1].1,
            FORMER[0].1,
            FORMER[2].1,
        ],
        _ => unreachable!(),
    };
    items.set(item, texts[usize::from(variant)]);
}
