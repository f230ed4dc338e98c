//! As-of reading by the words of the rules, the export, and a register of some size on the real disk.

use std::collections::BTreeMap;

use sekisho::domain::entry::{Changes, Standing};
use sekisho::domain::ids::{JuminCode, PartyId};
use sekisho::domain::item::Item;
use sekisho::domain::row::Row;
use sekisho::os::disk::RealDisk;
use sekisho::store::generations::{Staging, create_folders, set_current, write_manifest};
use sekisho::store::master::{ExportError, Master, export_rows};
use sekisho::store::paths::StorePaths;

use super::fixture::{Store, at, code, entry, facts, removed, residents, row, version};
use crate::shared::shared;

fn one(changes: &Changes) -> Master {
    let mut store = Store::new();
    store.commit(changes, &[], true);
    store.open()
}

fn resident_since(standing: Option<Standing>, seed_time: u64) -> bool {
    match standing {
        Some(Standing::Resident(row)) => row.timestamp() == Some(at(seed_time)),
        Some(Standing::Removed(_) | Standing::Retired { .. }) | None => false,
    }
}

/// Rules section 4: "a removal that was in force then is 40 even if the person is back now".
#[test]
fn a_removal_that_was_in_force_then_is_found_although_the_person_is_back() {
    let c = code(1);
    let master = one(&Changes {
        entries: vec![entry(c, Standing::Resident(row(c, 3, at(300))), at(300))],
        versions: vec![
            version(0, row(c, 1, at(100)), at(200)),
            version(1, removed(row(c, 2, at(200)), "21"), at(300)),
        ],
        ..Changes::default()
    });
    assert_eq!(master.as_of(c, at(99)).unwrap(), None);
    assert!(resident_since(master.as_of(c, at(100)).unwrap(), 100));
    assert!(resident_since(master.as_of(c, at(199)).unwrap(), 100));
    assert!(matches!(master.as_of(c, at(200)).unwrap(), Some(Standing::Removed(_))));
    assert!(resident_since(master.as_of(c, at(300)).unwrap(), 300));
    assert_eq!(master.as_of(code(2), at(300)).unwrap(), None);
}

/// "before the item 18 of a 51/52 the old code is normal and the new one unknown".
#[test]
fn a_code_is_normal_until_it_is_retired_and_its_successor_unknown() {
    let (old, new) = (code(1), code(2));
    let master = one(&Changes {
        entries: vec![
            entry(old, Standing::Retired { target: new }, at(200)),
            entry(new, Standing::Resident(row(new, 1, at(200))), at(200)),
        ],
        versions: vec![version(0, row(old, 1, at(100)), at(200))],
        ..Changes::default()
    });
    assert!(resident_since(master.as_of(old, at(199)).unwrap(), 100));
    assert_eq!(master.as_of(new, at(199)).unwrap(), None);
    assert_eq!(
        master.as_of(old, at(200)).unwrap(),
        Some(Standing::Retired { target: new })
    );
    assert!(resident_since(master.as_of(new, at(200)).unwrap(), 200));
}

/// "of two versions with one item 18 the later applied counts".
#[test]
fn of_two_versions_with_one_time_the_later_applied_counts() {
    let c = code(1);
    let master = one(&Changes {
        entries: vec![entry(c, Standing::Resident(row(c, 3, at(200))), at(200))],
        versions: vec![
            version(0, row(c, 1, at(100)), at(100)),
            version(1, row(c, 2, at(100)), at(200)),
        ],
        ..Changes::default()
    });
    let Some(Standing::Resident(found)) = master.as_of(c, at(150)).unwrap() else {
        panic!()
    };
    assert_eq!(found.get(Item::UpdateSeq), "000002");
    let tied = one(&Changes {
        entries: vec![entry(c, Standing::Resident(row(c, 3, at(100))), at(100))],
        versions: vec![version(0, row(c, 1, at(100)), at(100))],
        ..Changes::default()
    });
    let Some(Standing::Resident(found)) = tied.as_of(c, at(150)).unwrap() else {
        panic!()
    };
    assert_eq!(found.get(Item::UpdateSeq), "000003");
}

/// The expected master of the example cases, written by another program, is read, stored, and exported again.
#[test]
fn an_export_is_what_another_program_wrote() {
    let Some(folder) = shared("cases") else { return };
    let mut compared = 0;
    for case in ["a-small", "c-bad", "d-ucs2"] {
        for day in ["initial", "day01", "day02", "day03"] {
            let file = folder.join(case).join("expected").join(day).join("master.csv");
            let Ok(text) = std::fs::read_to_string(&file) else {
                continue;
            };
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let mut entries = BTreeMap::new();
            for record in reader.records() {
                let record = record.unwrap();
                let items: Vec<&str> = record.iter().skip(1).collect();
                let row = Row::from_items(PartyId::parse(&record[14]).unwrap(), &items.try_into().unwrap()).unwrap();
                let (code, timestamp) = (row.jumin_code().unwrap(), row.timestamp().unwrap());
                let standing = if &record[0] == "RS" {
                    Standing::Resident(row)
                } else {
                    Standing::Removed(row)
                };
                entries.insert(code, entry(code, standing, timestamp));
            }
            let retired = JuminCode::from_body(9_999_999_999).unwrap();
            entries.insert(retired, entry(retired, Standing::Retired { target: code(1) }, at(1)));
            let master = one(&Changes {
                entries: entries.into_values().collect(),
                ..Changes::default()
            });
            let mut out = Vec::new();
            let rows = export_rows(&master, &mut out).unwrap();
            assert_eq!(rows + 1, text.lines().count() as u64);
            assert!(
                String::from_utf8(out).unwrap() == text.replace("\r\n", "\n"),
                "{case} {day}"
            );
            compared += 1;
        }
    }
    assert!(compared >= 8, "{compared} files compared");
}

#[test]
fn a_removed_row_without_a_removal_stops_the_export() {
    let c = code(1);
    let master = one(&Changes {
        entries: vec![entry(c, Standing::Removed(row(c, 1, at(1))), at(1))],
        ..Changes::default()
    });
    let result = export_rows(&master, &mut Vec::new());
    assert!(matches!(result, Err(ExportError::Reason { row: 0 })), "{result:?}");
}

/// A hundred thousand rows on the real disk: written, looked up, scanned by key.
#[test]
fn a_hundred_thousand_rows() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, paths) = (RealDisk, StorePaths::new(folder.path().join("store")));
    create_folders(&disk, &paths).unwrap();
    let keys = Store::new().keys;
    let mut rng = <chacha20::ChaCha20Rng as rand_core::SeedableRng>::from_seed([1; 32]);
    let staging = Staging {
        disk: &disk,
        folder: &paths.runs(),
        keys: &keys,
    };
    let manifest = staging
        .stage_generation(&Master::empty(), &residents(100_000), &[], facts(true), &mut rng)
        .unwrap();
    let hash = write_manifest(&disk, &paths, &manifest).unwrap();
    let pointer = sekisho::format::manifest::Pointer {
        commit: 1,
        manifest: hash,
        ledger: String::new(),
    };
    set_current(&disk, &paths, &pointer).unwrap();
    let master = Master::open(&disk, &paths, &keys).unwrap();
    assert_eq!(master.stats().counts.residents, 100_000);
    assert_eq!(
        master
            .scan_keys()
            .map(Result::unwrap)
            .filter(|key| key.row().is_some())
            .count(),
        100_000
    );
    let wanted: Vec<JuminCode> = (0..100_500).step_by(37).map(code).collect();
    let found = master.entries(&wanted).unwrap();
    assert_eq!(found.len(), wanted.iter().filter(|c| **c < code(100_000)).count());
}
