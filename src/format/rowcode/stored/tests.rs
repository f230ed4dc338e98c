//! Round trips, damage and limits of stored rows.

use super::*;
use crate::domain::ids::{MunicipalityCode, PartyId};
use crate::domain::instant::BusinessDate;

fn row() -> Row {
    let mut row = Row::blank(PartyId::parse("052019").unwrap());
    for item in Item::ALL {
        row.set(item, &format!("項{}", item.number()));
    }
    row.set(Item::JuminCode, "24727059608");
    row.set(Item::MyNumber, "983205673214");
    row.set(Item::MunicipalityCode, "052019");
    row.set(Item::Timestamp, "20200914093000123");
    row.set(Item::DeletedFlag, "1");
    row.add_cells(
        Item::Address,
        &[
            CellMark {
                at: 1,
                chars: 2,
                cell: 0xF040,
            },
            CellMark {
                at: 5,
                chars: 1,
                cell: 0xED40,
            },
        ],
    );
    row
}

fn entry(standing: Standing) -> Entry {
    Entry {
        code: JuminCode::parse("24727059608").unwrap(),
        standing,
        former: JuminCode::parse("24846016224").ok(),
        moved_out: Some(MoveOut {
            municipality: MunicipalityCode::parse("052027").unwrap(),
            timestamp: Instant::parse("20200914093000123").unwrap(),
            confirmed: true,
        }),
        newest_notice: Instant::parse("20210914093000123").unwrap(),
        versions: 3,
    }
}

fn encoded(entry: &Entry) -> ([u8; 5], Vec<u8>, Vec<u8>) {
    let (mut small, mut body) = (Vec::new(), Vec::new());
    encode_entry(entry, &mut small, &mut body).unwrap();
    (crate::format::rowcode::code_key(entry.code), small, body)
}

#[test]
fn key_and_body_items_are_all_items_once() {
    let mut all: Vec<Item> = KEY_ITEMS.into_iter().chain(BODY_ITEMS).collect();
    all.sort_unstable();
    assert_eq!(all, Item::ALL);
    let numbers: Vec<u8> = COMPARED_ITEMS.iter().map(|item| item.number()).collect();
    assert_eq!(numbers, [2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 23, 24, 25, 26, 27, 28]);
}

#[test]
fn entries_of_every_standing_read_back() {
    let target = JuminCode::parse("25208017643").unwrap();
    let mut odd = row();
    odd.set(Item::JuminCode, "x");
    for standing in [
        Standing::Resident(row()),
        Standing::Removed(row()),
        Standing::Resident(odd),
        Standing::Resident(Row::blank(PartyId::parse("B0000001").unwrap())),
        Standing::Retired { target },
    ] {
        let entry = entry(standing);
        let (key, small, body) = encoded(&entry);
        assert_eq!(decode_entry(&key, &small, &body).unwrap(), entry);
        let seen = decode_entry_key(&key, &small).unwrap();
        assert_eq!(
            (seen.former, seen.moved_out, seen.newest_notice),
            (entry.former, entry.moved_out, entry.newest_notice)
        );
        match (entry.row(), seen.row()) {
            (Some(row), Some(key)) => {
                assert_eq!(key.compared(), &compared_digest(row));
                for item in KEY_ITEMS {
                    assert_eq!(key.get(item), Some(row.get(item)));
                }
                assert_eq!(key.get(Item::KanjiName), None);
            }
            (None, None) => assert!(body.is_empty()),
            other => panic!("{other:?}"),
        }
    }
    let (key, small, _) = encoded(&entry(Standing::Removed(row())));
    let seen = decode_entry_key(&key, &small).unwrap();
    let seen = seen.row().unwrap();
    assert!(seen.is_removed());
    assert_eq!(seen.my_number(), row().my_number());
    assert_eq!(seen.municipality(), row().municipality());
    assert_eq!(seen.timestamp(), row().timestamp());
    assert!(!format!("{seen:?}").contains('項'));
}

#[test]
fn versions_read_back() {
    let version = Version {
        code: JuminCode::parse("24727059608").unwrap(),
        number: 3,
        row: row(),
        replaced_on: BusinessDate::parse("20200914").unwrap(),
        replaced_at: Instant::parse("20200914093000123").unwrap(),
    };
    let (mut small, mut body) = (Vec::new(), Vec::new());
    encode_version(&version, &mut small, &mut body).unwrap();
    let key = crate::format::rowcode::version_key(version.code, version.number);
    assert_eq!(decode_version(&key, &small, &body).unwrap(), version);
    let seen = decode_version_key(&key, &small).unwrap();
    assert_eq!(
        (seen.number, seen.replaced_on, seen.replaced_at),
        (3, version.replaced_on, version.replaced_at)
    );
    assert_eq!(seen.row.get(Item::BirthDate), Some("項5"));
}

#[test]
fn cut_lengthened_and_changed_rows_are_refused() {
    let (key, small, body) = encoded(&entry(Standing::Resident(row())));
    for len in 0..small.len() {
        assert!(decode_entry(&key, &small[..len], &body).is_err(), "{len}");
        assert!(decode_entry_key(&key, &small[..len]).is_err(), "{len}");
    }
    for len in 0..body.len() {
        assert!(decode_entry(&key, &small, &body[..len]).is_err(), "{len}");
    }
    let longer = |bytes: &[u8]| [bytes, &[0]].concat();
    assert_eq!(
        decode_entry(&key, &longer(&small), &body),
        Err(RowFault::Trailing { count: 1 })
    );
    assert_eq!(
        decode_entry(&key, &small, &longer(&body)),
        Err(RowFault::Trailing { count: 1 })
    );
    for (at, value, field) in [(0, 3, "standing"), (1, 8, "flags"), (1, 5, "flags")] {
        let mut bad = small.clone();
        bad[at] = value;
        assert_eq!(decode_entry(&key, &bad, &body), Err(RowFault::Value { field }));
    }
    let mut renamed = body.clone();
    renamed[30 + 2] ^= 1;
    assert_eq!(
        decode_entry(&key, &small, &renamed),
        Err(RowFault::Value {
            field: "compared digest"
        })
    );
}

#[test]
fn a_row_whose_first_item_fills_the_length_field_is_refused() {
    let mut full = Row::blank(PartyId::parse("052019").unwrap());
    full.set(Item::JuminCode, &"1".repeat(65_535));
    let (mut small, mut body) = (Vec::new(), Vec::new());
    let result = encode_entry(&entry(Standing::Resident(full)), &mut small, &mut body);
    assert_eq!(result, Err(RowFault::TooLarge { field: "item 1" }));
}
