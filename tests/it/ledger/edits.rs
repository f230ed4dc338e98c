//! F18: a ledger that was edited, cut, forked, or signed with another key. Independent verifiers see what ours sees.
//!
//! `SEKISHO_SOAK=1` tries all 255 other values of every byte; else five of them.

use sekisho::format::proof::{Checkpoint, ProofFile};
use sekisho::format::tile::{BundleReader, TileId, TileKind, encode_bundle};
use sekisho::seal::merkle::{leaf_hash, root_of};
use sekisho::store::ledger::{Fault, Seen};
use signed_note::{Note, StandardVerifier, VerifierList};

use super::damage::{defect, layout};
use super::*;

/// Leaves 3 and 6 have private parts.
const SIZE: u64 = 7;
const ENTRIES: &str = "tile/entries/000.p/7";
const HASHES: &str = "tile/0/000.p/7";

/// The index that must be named for a byte of a file.
fn index_of(disk: &MemoryDisk, object: &str, offset: usize) -> Option<u64> {
    let tile = TileId::holding(TileKind::Entries, 0, SIZE).unwrap();
    match object {
        ENTRIES => layout(disk, tile)
            .into_iter()
            .find(|(_, start, end)| (*start..*end).contains(&offset))
            .map(|(index, ..)| index),
        HASHES => Some(offset as u64 / 32),
        _ => object.strip_prefix("private/").map(|index| index.parse().unwrap()),
    }
}

fn objects(disk: &MemoryDisk) -> Vec<String> {
    let below = |path: PathBuf| {
        path.strip_prefix(dir().join("2020"))
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned()
    };
    disk.files().into_iter().map(below).collect()
}

#[test]
fn every_edit_of_every_byte_is_found_at_its_index() {
    let disk = site(SIZE);
    let sound = disk.copy();
    let all = std::env::var("SEKISHO_SOAK").is_ok();
    let mut edits = 0_u64;
    for object in objects(&disk) {
        let path = log_path(&object);
        let good = read(&disk, &path);
        for offset in 0..good.len() {
            let want = index_of(&sound, &object, offset);
            let values: Vec<u8> = if all {
                (0..=255).collect()
            } else {
                vec![
                    good[offset] ^ 1,
                    good[offset] ^ 0x80,
                    good[offset].wrapping_add(1),
                    0,
                    b'\n',
                ]
            };
            for value in values.into_iter().filter(|value| *value != good[offset]) {
                let mut bad = good.clone();
                bad[offset] = value;
                disk.put(&path, &bad).unwrap();
                let found = defect(&disk);
                assert_eq!(
                    (&found.object, found.index),
                    (&object, want),
                    "byte {offset} is {value}"
                );
                edits += 1;
            }
        }
        disk.put(&path, &good).unwrap();
    }
    intact(&disk);
    assert!(edits > 5000, "{edits}");
}

#[test]
fn every_cut_of_every_file_is_found() {
    let disk = site(SIZE);
    for object in objects(&disk) {
        let path = log_path(&object);
        let good = read(&disk, &path);
        for len in 0..good.len() {
            disk.put(&path, &good[..len]).unwrap();
            let found = defect(&disk);
            assert_eq!(found.object, object, "{len} bytes");
            // The first entry that is not whole, or that is not there.
            if object == ENTRIES {
                let whole = layout_of(&good).into_iter().filter(|end| *end <= len).count() as u64;
                assert_eq!(found.index, Some(whole), "{len} bytes");
            }
        }
        disk.put(&path, &good).unwrap();
    }
    intact(&disk);
}

/// Ends of the entries of a bundle.
fn layout_of(bundle: &[u8]) -> Vec<usize> {
    let mut end = 0;
    BundleReader::new(bundle, 7)
        .map(|entry| {
            end += 2 + entry.unwrap().len();
            end
        })
        .collect()
}

/// What who has the disk but not the key can make of the entries: taken out, put in, exchanged, with or without their tile.
#[test]
fn leaves_taken_out_put_in_or_exchanged_are_found() {
    let disk = site(SIZE);
    let good = read(&disk, &log_path(ENTRIES));
    let hashes = read(&disk, &log_path(HASHES));
    let entries: Vec<Vec<u8>> = BundleReader::new(&good, 7)
        .map(|entry| entry.unwrap().to_vec())
        .collect();
    let foreign = leaf(9).public;
    let mut edited = Vec::new();
    for index in 0..7 {
        let mut without = entries.clone();
        without.remove(index);
        edited.push((without, index));
        let mut with = entries.clone();
        with.insert(index, foreign.clone());
        edited.push((with, index));
        for other in index + 1..7 {
            let mut exchanged = entries.clone();
            exchanged.swap(index, other);
            edited.push((exchanged, index));
        }
    }
    for (entries, index) in edited {
        let bundle = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
        disk.put(&log_path(ENTRIES), &bundle).unwrap();
        let found = defect(&disk);
        assert_eq!((found.object.as_str(), found.index), (ENTRIES, Some(index as u64)));
        // With the tile over them as well, only the signed root tells, and it tells no place.
        let tile: Vec<u8> = entries.iter().flat_map(|entry| leaf_hash(entry)).collect();
        disk.put(&log_path(HASHES), &tile).unwrap();
        let found = defect(&disk);
        let is_whole = entries.len() == 7;
        assert!(
            !is_whole || (found.object.as_str(), found.fault.clone()) == ("checkpoint", Fault::Root),
            "{found}"
        );
        disk.put(&log_path(HASHES), &hashes).unwrap();
    }
    disk.put(&log_path(ENTRIES), &good).unwrap();
    intact(&disk);
}

/// Reads the newest checkpoint with the independent verifier.
fn independent(disk: &MemoryDisk) -> tlog_tiles::Checkpoint {
    let note = Note::from_bytes(&read(disk, &log_path("checkpoint"))).unwrap();
    let vkey = signer().named(&format!("{PREFIX}/2020")).unwrap().vkey();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
    assert_eq!(note.verify(&known).unwrap().0.len(), 1);
    tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap()
}

#[test]
fn two_continuations_of_one_log_are_a_fork_for_everybody() {
    let common = site(5);
    let (ours, theirs) = (common.copy(), common.copy());
    let continued = |disk: &MemoryDisk, leaves: &[LeafBytes]| {
        let mut ledger = open(disk).unwrap();
        let staged = stage(&ledger, leaves).unwrap();
        ledger.commit(staged, &signer()).unwrap();
    };
    continued(&ours, &[5, 7, 8, 10, 11].map(leaf));
    continued(&theirs, &[5, 7, 9, 10].map(leaf));
    // Each is sound in itself, for us and for others.
    for disk in [&ours, &theirs, &common] {
        intact(disk);
        independent(disk);
    }
    let statement = |disk: &MemoryDisk| {
        let ledger = open(disk).unwrap();
        Checkpoint::parse(ledger.checkpoint().text()).unwrap()
    };
    let ledger = open(&ours).unwrap();
    assert_eq!(ledger.seen(&statement(&common), None).unwrap(), Seen::Same);
    assert_eq!(ledger.seen(&statement(&ours), None).unwrap(), Seen::Same);
    assert_eq!(
        ledger.seen(&statement(&theirs), None).unwrap(),
        Seen::Other { leaves: 0..9 }
    );
    let shorter = open(&theirs).unwrap().seen(&statement(&ours), None).unwrap();
    assert_eq!(shorter, Seen::Shorter { has: 9 });
    // Their leaf 7 is another; each proof of theirs brackets it, that of the leaf itself names it.
    for index in 0..9 {
        let proof: ProofFile = open(&theirs).unwrap().proof_file(index).unwrap();
        let Seen::Other { leaves } = ledger.seen(&statement(&theirs), Some(&proof)).unwrap() else {
            panic!("{index}")
        };
        assert!(leaves.contains(&7), "{index}: {leaves:?}");
        if index == 7 {
            assert_eq!(leaves, 7..8);
        }
    }
    // The independent program: our proof leads from the common tree to ours, and none leads from theirs.
    let (a, b, c) = (independent(&ours), independent(&theirs), independent(&common));
    let proof = |old: u64| {
        ledger
            .consistency_proof(old)
            .unwrap()
            .into_iter()
            .map(tlog_tiles::Hash)
            .collect::<Vec<_>>()
    };
    tlog_tiles::check_tree(&proof(5), a.size(), *a.hash(), c.size(), *c.hash()).unwrap();
    assert!(tlog_tiles::check_tree(&proof(9), a.size(), *a.hash(), b.size(), *b.hash()).is_err());
}

#[test]
fn a_checkpoint_of_another_key_is_found_by_everybody() {
    let disk = site(SIZE);
    let origin = format!("{PREFIX}/2020");
    let other = NoteSigner::new("sekisho.example/050008", &[9; 32]).unwrap();
    let text = open(&disk).unwrap().checkpoint().text().to_owned();
    let note = other.named(&origin).unwrap().sign(&text).unwrap().to_text();
    disk.put(&log_path("checkpoint"), note.as_bytes()).unwrap();
    let found = defect(&disk);
    assert!(
        matches!(found.fault, Fault::Note(_)) && found.object == "checkpoint",
        "{found}"
    );
    let vkey = signer().named(&origin).unwrap().vkey();
    let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey).unwrap())]);
    let verified = Note::from_bytes(note.as_bytes())
        .unwrap()
        .verify(&known)
        .map(|found| found.0.len());
    assert!(verified.map_or(true, |signatures| signatures == 0));
    // And the other way round: the sound log under another key that is pinned.
    let sound = site(SIZE);
    let report = verify(&sound, &dir(), PREFIX, &other.verifier(), &mut opens).unwrap();
    assert!(matches!(report.defect.unwrap().fault, Fault::Note(_)));
}

#[test]
fn roots_of_earlier_sizes_are_those_of_the_leaves() {
    let disk = site(300);
    let ledger = open(&disk).unwrap();
    for size in [1, 2, 3, 7, 8, 255, 256, 257, 299, 300] {
        let entries: Vec<Vec<u8>> = (0..size).map(|n| leaf(n).public).collect();
        assert_eq!(
            ledger.root_at(size).unwrap(),
            root_of(entries.iter().map(Vec::as_slice)),
            "{size}"
        );
    }
    assert!(ledger.root_at(0).is_err() && ledger.root_at(301).is_err());
}
