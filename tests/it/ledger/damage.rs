//! Whatever is changed on the disk is found, with the object and the first index.

use sekisho::format::tile::{BundleReader, TileId, TileKind};
use sekisho::store::ledger::{Defect, Fault};

use super::*;

const SIZE: u64 = 300;

pub(super) fn defect(disk: &dyn Disk) -> Defect {
    match examine(disk).defect {
        Some(found) => found,
        None => panic!("damage that nobody saw"),
    }
}

/// Changes one byte, asks for the verdict, changes it back.
fn edited(disk: &MemoryDisk, object: &str, offset: usize, bit: u8) -> Defect {
    let path = log_path(object);
    let good = read(disk, &path);
    let mut bad = good.clone();
    bad[offset] ^= bit;
    disk.put(&path, &bad).unwrap();
    let found = defect(disk);
    disk.put(&path, &good).unwrap();
    found
}

/// For each entry of the bundle: its index, offset of its length and of its end.
pub(super) fn layout(disk: &MemoryDisk, tile: TileId) -> Vec<(u64, usize, usize)> {
    let bytes = read(disk, &log_path(&tile.path()));
    let mut offset = 0;
    (tile.first_leaf()..)
        .zip(BundleReader::new(&bytes, tile.width))
        .map(|(index, entry)| {
            let start = offset;
            offset += 2 + entry.unwrap().len();
            (index, start, offset)
        })
        .collect()
}

#[test]
fn every_edit_of_an_entry_is_found_at_its_index() {
    let disk = site(SIZE);
    for tile in TileId::all(TileKind::Entries, SIZE) {
        for (index, start, end) in layout(&disk, tile) {
            // Both bytes of the length, and a sample of the content that walks through all its offsets.
            let middle = start + 2 + usize::try_from(index).unwrap() * 7 % (end - start - 2);
            for (offset, bit) in [(start, 1), (start + 1, 1), (middle, 1), (end - 1, 0x80)] {
                let found = edited(&disk, &tile.path(), offset, bit);
                assert_eq!(
                    (found.object.as_str(), found.index),
                    (tile.path().as_str(), Some(index)),
                    "{found}"
                );
            }
        }
    }
}

#[test]
fn every_edit_of_a_tile_is_found_at_its_hash() {
    let disk = site(SIZE);
    for (object, first, each) in [
        ("tile/0/000", 0, 1),
        ("tile/0/001.p/44", 256, 1),
        ("tile/1/000.p/1", 0, 256),
    ] {
        let count = read(&disk, &log_path(object)).len() / 32;
        for place in 0..count {
            let found = edited(&disk, object, place * 32 + place % 32, 1);
            let index = first + u64::try_from(place).unwrap() * each;
            assert_eq!(
                (found.object.as_str(), found.index, &found.fault),
                (object, Some(index), &Fault::Hash)
            );
        }
    }
}

#[test]
fn every_edit_of_the_checkpoint_is_found() {
    let disk = site(SIZE);
    let length = read(&disk, &log_path("checkpoint")).len();
    for offset in 0..length {
        for bit in [1, 0x20] {
            let found = edited(&disk, "checkpoint", offset, bit);
            assert_eq!((found.object.as_str(), found.index), ("checkpoint", None), "{offset}");
        }
    }
}

#[test]
fn edits_of_private_parts_are_found_by_who_opens_them() {
    let disk = site(SIZE);
    for index in (3..SIZE).step_by(3) {
        let object = format!("private/{index}");
        let found = edited(&disk, &object, usize::try_from(index).unwrap() % 50, 1);
        assert_eq!(
            (found.object, found.index, found.fault),
            (object, Some(index), Fault::Private)
        );
    }
}

#[test]
fn missing_longer_and_shorter_objects_are_found() {
    let disk = site(SIZE);
    for path in disk.files() {
        let object = path
            .strip_prefix(dir().join("2020"))
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let tile = TileId::parse(&object);
        let private: Option<u64> = object.strip_prefix("private/").map(|index| index.parse().unwrap());
        let good = read(&disk, &path);
        let check = |want: Option<u64>, what: &str| {
            if object != "checkpoint" {
                let found = defect(&disk);
                assert_eq!(
                    (found.object.as_str(), found.index),
                    (object.as_str(), want),
                    "{what} {object}"
                );
            }
        };
        disk.remove(&path).unwrap();
        check(tile.map(|tile| tile.first_leaf()).or(private), "missing");
        let last = match tile {
            Some(tile) if tile.kind == TileKind::Entries => Some(tile.first_leaf() + u64::from(tile.width) - 1),
            Some(tile) => Some(tile.first_leaf()),
            None => private,
        };
        disk.put(&path, &[good.as_slice(), b"\0"].concat()).unwrap();
        check(last, "longer");
        disk.put(&path, &good[..good.len() - 1]).unwrap();
        check(last, "shorter");
        disk.put(&path, &good).unwrap();
    }
    intact(&disk);
    // Without its checkpoint the newest log must not be taken for the rest of a crash.
    disk.remove(&log_path("checkpoint")).unwrap();
    let found = defect(&disk);
    assert_eq!((found.object.as_str(), found.fault), ("checkpoint", Fault::Missing));
    assert!(matches!(open(&disk), Err(LedgerError::Damaged(d)) if d.fault == Fault::Missing));
}

#[test]
fn the_newest_year_without_its_checkpoint_is_not_opened_again() {
    let disk = site(20);
    let mut ledger = open(&disk).unwrap();
    ledger.open_year(2021, time(), &signer()).unwrap();
    grow(&mut ledger, 5);
    disk.remove(&dir().join("2021/checkpoint")).unwrap();
    let found = defect(&disk);
    assert_eq!((found.log.year(), found.fault), (2021, Fault::Missing));
    assert!(open(&disk).is_err());
}

/// A log of the same size whose leaf 5 is another, with all its tiles in order.
fn forged() -> MemoryDisk {
    let disk = MemoryDisk::new();
    let mut ledger = begin(&disk);
    let leaves: Vec<_> = (1..SIZE).map(|n| leaf(if n == 5 { 7 } else { n })).collect();
    let staged = stage(&ledger, &leaves).unwrap();
    ledger.commit(staged, &signer()).unwrap();
    disk
}

#[test]
fn a_log_rewritten_with_its_tiles_does_not_lead_to_the_signed_root() {
    let forged = forged();
    let disk = site(SIZE);
    for object in ["tile/entries/000", "tile/0/000"] {
        disk.put(&log_path(object), &read(&forged, &log_path(object))).unwrap();
    }
    // The level above still tells which tile was rewritten.
    let found = defect(&disk);
    assert_eq!(
        (found.object.as_str(), found.index, found.fault),
        ("tile/1/000.p/1", Some(0), Fault::Hash)
    );
    let upper = read(&forged, &log_path("tile/1/000.p/1"));
    disk.put(&log_path("tile/1/000.p/1"), &upper).unwrap();
    let found = defect(&disk);
    assert_eq!(
        (found.object.as_str(), found.index, found.fault),
        ("checkpoint", None, Fault::Root)
    );
    assert!(matches!(open(&disk), Err(LedgerError::Damaged(d)) if d.fault == Fault::Root));
}

#[test]
fn readers_give_out_nothing_damaged() {
    let disk = site(SIZE);
    let damaged = |object: &str, offset: usize| {
        let path = log_path(object);
        let mut bytes = read(&disk, &path);
        bytes[offset] ^= 1;
        disk.put(&path, &bytes).unwrap();
    };
    let ledger = open(&disk).unwrap();
    damaged("tile/entries/000", 20);
    let found = ledger.entry(0).unwrap_err();
    assert!(
        matches!(&found, LedgerError::Damaged(d) if d.index == Some(0) && d.fault == Fault::Hash),
        "{found}"
    );
    assert!(ledger.proof_file(0).is_err());
    assert!(ledger.proof_file(280).is_ok());
    damaged("tile/entries/000", 20);
    assert!(ledger.proof_file(0).is_ok());
    // The root of the first tile is on the path of this proof.
    damaged("tile/1/000.p/1", 0);
    assert!(matches!(ledger.proof_file(280), Err(LedgerError::Damaged(d)) if d.fault == Fault::Root));
    damaged("tile/1/000.p/1", 0);
    // What the right edge consists of is read when the log is opened.
    damaged("tile/entries/001.p/44", 20);
    assert!(open(&disk).is_err());
}

#[test]
fn words_of_a_defect_name_log_object_and_index() {
    let disk = site(SIZE);
    let found = edited(&disk, "tile/entries/000", 2, 1);
    assert_eq!(
        found.to_string(),
        "ledger 2020: tile/entries/000, index 0: content does not match its hash"
    );
}
