//! Orphans of one extract that may be one person.

use std::collections::BTreeMap;

use sekisho::domain::ids::PartyId;
use sekisho::domain::row::Row;
use sekisho::format::parcel::{Packer, Unpacker};
use sekisho::pipeline::reconcile::{Bond, Candidate, Orphan, Pairing, Side, orphan_keys};

use super::classes::{DAN, EMI, N4};
use crate::rules::town::{AKITA, ANNA, BEN, CHIE, N1, N2, code, draft};

fn row(of: &str, changes: &[(u8, &str)]) -> Row {
    let mut draft = draft(AKITA, "16").of(of);
    for (number, text) in changes {
        draft = draft.with(*number, text);
    }
    let mut row = Row::blank(PartyId::parse(AKITA).unwrap());
    for (item, text) in &draft.items {
        assert!(row.set(*item, text));
    }
    row
}

/// `record-code bonds rivals` of the pairs of two extracts' orphans, in their order.
fn pairs(orphans: &[(u32, Side, Row, Option<&str>)]) -> Vec<String> {
    let mut sorted: BTreeMap<(Vec<u8>, usize), Vec<u8>> = BTreeMap::new();
    for (extract, side, row, target) in orphans {
        for (key, orphan) in orphan_keys(*extract, *side, Some(row), target.map(code)) {
            let mut packer = Packer::default();
            orphan.pack(&mut packer);
            sorted.insert((key.to_vec(), sorted.len()), packer.bytes().to_vec());
        }
    }
    let mut pairing = Pairing::default();
    let mut found: Vec<Candidate> = Vec::new();
    for ((key, _), bytes) in sorted {
        let orphan = Orphan::unpack(&mut Unpacker::new(&bytes)).unwrap();
        found.extend(pairing.take(&key.try_into().unwrap(), orphan));
    }
    found.extend(pairing.end());
    found.sort_by_key(Candidate::key);
    found.dedup_by(|next, before| before.join(next));
    found
        .iter()
        .map(|pair| {
            let bonds: Vec<&str> = pair.bonds().map(Bond::name).collect();
            let name = [ANNA, BEN, CHIE, DAN, EMI]
                .into_iter()
                .find(|text| code(text) == pair.code);
            format!(
                "{}:{}-{} {} {}",
                pair.extract,
                pair.record_no,
                name.unwrap(),
                bonds.join(","),
                pair.rivals
            )
        })
        .collect()
}

#[test]
fn by_number_by_person_and_by_both() {
    let record = |number: u32, changes| (0, Side::Extract(number), row(DAN, changes), None);
    let absent = |of: &str, changes| (0, Side::Master(code(of)), row(of, changes), None);
    let other = [(2, "山田　太郎"), (5, "319700101"), (6, "1")];
    let orphans = [
        record(1, &[(9, N1)]),
        absent(ANNA, &[(9, N1)]),
        record(2, &[(9, N4), other[0], other[1], other[2]]),
        absent(BEN, &[(9, N2), other[0], other[1], other[2]]),
        record(3, &[(9, EMI), (2, "鈴木　一"), (6, "1")]),
        absent(CHIE, &[(9, EMI), (2, "鈴木　二"), (6, "1")]),
    ];
    assert_eq!(
        pairs(&orphans),
        [
            format!("0:1-{ANNA} my_number,name_birth_sex 0"),
            format!("0:2-{BEN} name_birth_sex 0"),
            format!("0:3-{CHIE} my_number 0"),
        ]
    );
}

#[test]
fn blanks_in_a_name_and_the_era_digit_do_not_part_a_person() {
    let orphans = [
        (
            0,
            Side::Extract(1),
            row(DAN, &[(9, ""), (2, "佐藤花子"), (5, "019800203")]),
            None,
        ),
        (0, Side::Master(code(ANNA)), row(ANNA, &[(9, "")]), None),
    ];
    assert_eq!(pairs(&orphans), [format!("0:1-{ANNA} name_birth_sex 0")]);
    // Sex or day differ: no pair. Two blank numbers are nothing that agrees.
    for change in [(6, "1"), (5, "319800204")] {
        let orphans = [
            (0, Side::Extract(1), row(DAN, &[(9, ""), change]), None),
            (0, Side::Master(code(ANNA)), row(ANNA, &[(9, "")]), None),
        ];
        assert_eq!(pairs(&orphans), Vec::<String>::new());
    }
}

#[test]
fn a_replaced_code_is_a_bond_of_its_own() {
    let orphans = [
        (0, Side::Extract(4), row(ANNA, &[(9, "")]), Some(BEN)),
        (0, Side::Master(code(BEN)), row(BEN, &[(9, N2), (6, "1")]), Some(BEN)),
    ];
    assert_eq!(pairs(&orphans), [format!("0:4-{BEN} code_replaced 0")]);
}

#[test]
fn rivals_are_told_and_towns_kept_apart() {
    let twin = |extract, side, of: &str| (extract, side, row(of, &[(9, "")]), None);
    let orphans = [
        twin(0, Side::Extract(1), DAN),
        twin(0, Side::Extract(2), EMI),
        twin(0, Side::Master(code(ANNA)), ANNA),
        twin(1, Side::Master(code(BEN)), BEN),
    ];
    let want = [1, 2].map(|record| format!("0:{record}-{ANNA} name_birth_sex 1"));
    assert_eq!(pairs(&orphans), want);
}

#[test]
fn a_group_of_many_stays_small() {
    let mut orphans: Vec<_> = (1..=100)
        .map(|number| (0, Side::Extract(number), row(DAN, &[(9, N1)]), None))
        .collect();
    orphans.push((0, Side::Master(code(ANNA)), row(ANNA, &[(9, N1)]), None));
    let found = pairs(&orphans);
    assert_eq!(found.len(), 8);
    assert!(found.iter().all(|pair| pair.ends_with(" 99")));
}
