//! A changed byte, a missing, cut, exchanged or foreign file: `verify` names it.

use std::path::{Path, PathBuf};

use sekisho::domain::entry::Changes;
use sekisho::ports::Disk;
use sekisho::seal::secret::{MultisetKey, SiteKey};
use sekisho::store::generations::{Depth, StateError, verify};
use sekisho::store::master::{Master, MasterError};
use sekisho::store::runs::RunError;

use super::fixture::{Store, at, resident, residents, row, version};

/// Two commits with rows in every table.
fn small() -> Store {
    let mut store = Store::new();
    let mut first = residents(30);
    let code = first.entries[3].code;
    first.notices.push((
        sekisho::domain::notice::NoticeKey {
            code,
            reason: 31,
            timestamp: at(5),
            update_seq: 1,
        },
        [8; 32],
    ));
    store.commit(&first, &[([1; 32], vec![1, 2, 3])], true);
    let second = Changes {
        entries: vec![resident(3, 100)],
        versions: vec![version(0, row(code, 3, at(3)), at(9))],
        ..Changes::default()
    };
    store.commit(&second, &[], true);
    store
}

fn bad_objects(store: &Store, depth: Depth) -> Vec<String> {
    let found = verify(&store.disk, &store.paths, &store.keys, depth);
    found.faults.into_iter().map(|fault| fault.object).collect()
}

#[test]
fn a_sound_store_has_no_fault() {
    let store = small();
    let found = verify(&store.disk, &store.paths, &store.keys, Depth::Full);
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert_eq!((found.manifests, found.runs), (2, 6));
    assert_eq!(found.run_bytes, store.run_bytes());
    let nothing = Store::new();
    assert!(bad_objects(&nothing, Depth::Full).is_empty());
}

#[test]
fn a_changed_byte_anywhere_is_found_and_its_file_named() {
    let store = small();
    for file in store.files() {
        let whole = store.bytes(&file);
        // Every byte of the pointer; others in steps that hit every field of every format over the files.
        let step = if file == Path::new("CURRENT") { 1 } else { 13 };
        for at in (0..whole.len()).step_by(step).chain([whole.len() - 1]) {
            let mut bad = whole.clone();
            bad[at] ^= 1 << (at % 8);
            store.put(&file, &bad);
            let named = bad_objects(&store, Depth::Full);
            assert_eq!(named.first().map(String::as_str), file.to_str(), "byte {at}");
        }
        store.put(&file, &whole);
    }
    assert!(bad_objects(&store, Depth::Full).is_empty());
}

#[test]
fn missing_cut_and_lengthened_files_are_named_without_reading_them_all() {
    let store = small();
    for file in store.files() {
        let whole = store.bytes(&file);
        store.disk.remove(&store.paths.folder().join(&file)).unwrap();
        let mut named = bad_objects(&store, Depth::Quick);
        // The oldest manifest may have been disposed of; its absence alone is no fault.
        if file == Path::new("manifests/0000000001.json") {
            assert!(named.is_empty(), "{named:?}");
            named.push("manifests/0000000001.json".to_owned());
        }
        if file == Path::new("CURRENT") {
            assert!(matches!(
                Master::open(&store.disk, &store.paths, &store.keys),
                Err(MasterError::NoCurrent)
            ));
        }
        assert_eq!(named.first().map(String::as_str), file.to_str());
        for other in [&whole[..whole.len() - 1], &[&whole[..], &[0]].concat()] {
            store.put(&file, other);
            assert_eq!(
                bad_objects(&store, Depth::Quick).first().map(String::as_str),
                file.to_str()
            );
        }
        store.put(&file, &whole);
    }
}

#[test]
fn exchanged_runs_and_an_old_manifest_in_a_new_ones_place_are_named() {
    let mut store = small();
    // A run with the content and length of another, under another name and key.
    let copy = store.copy();
    store.commit(
        &Changes {
            entries: vec![resident(4, 100)],
            ..Changes::default()
        },
        &[],
        true,
    );
    let runs: Vec<PathBuf> = store
        .files()
        .into_iter()
        .filter(|file| file.starts_with("runs"))
        .collect();
    for one in &runs {
        for other in &runs {
            if one != other && store.bytes(one).len() == store.bytes(other).len() {
                let whole = store.bytes(one);
                store.put(one, &store.bytes(other));
                assert_eq!(
                    bad_objects(&store, Depth::Quick).first().map(String::as_str),
                    one.to_str()
                );
                store.put(one, &whole);
            }
        }
    }
    store.put(
        Path::new("manifests/0000000003.json"),
        &copy.bytes(Path::new("manifests/0000000002.json")),
    );
    assert_eq!(bad_objects(&store, Depth::Quick), ["manifests/0000000003.json"]);
    // The whole store of an hour ago is sound in itself: only the ledger can tell.
    assert!(bad_objects(&copy, Depth::Full).is_empty());
}

#[test]
fn wrong_keys_are_told_apart_from_damage() {
    let store = small();
    let mut other_site = store.copy();
    other_site.keys.site = SiteKey::new([9; 32]);
    let opened = Master::open(&other_site.disk, &other_site.paths, &other_site.keys);
    assert!(matches!(opened, Err(MasterError::Run(RunError::Key { .. }))));
    let mut other_root = store.copy();
    other_root.keys.root = MultisetKey::new([9; 32]);
    let found = verify(&other_root.disk, &other_root.paths, &other_root.keys, Depth::Quick);
    assert!(matches!(
        found.faults[..],
        [ref fault] if matches!(fault.error, MasterError::States { commit: 2, source: StateError::RootKey })
    ));
}

#[test]
fn manifests_that_lie_about_their_rows_are_found() {
    let store = small();
    let text = String::from_utf8(store.bytes(Path::new("manifests/0000000002.json"))).unwrap();
    let master = store.open();
    let mut manifest = master.manifest().unwrap().clone();
    assert!(text.contains("\"numbers\": 30"));
    // As a program with a fault of its own would write it: hash and pointer fit.
    manifest.counts.numbers = 29;
    let mut liar = store.copy();
    liar.publish(&manifest);
    let found = verify(&liar.disk, &liar.paths, &liar.keys, Depth::Full);
    assert!(matches!(
        found.faults[..],
        [ref fault] if matches!(fault.error, MasterError::Contents { commit: 2, field: "a count" })
    ));
    let mut manifest = master.manifest().unwrap().clone();
    manifest.roots.history = manifest.roots.current;
    liar.publish(&manifest);
    let found = verify(&liar.disk, &liar.paths, &liar.keys, Depth::Quick);
    assert!(matches!(
        found.faults[..],
        [ref fault] if matches!(fault.error, MasterError::States { source: StateError::Root { table: "history" }, .. })
    ));
    let mut manifest = master.manifest().unwrap().clone();
    manifest.runs.remove(1);
    liar.publish(&manifest);
    let found = verify(&liar.disk, &liar.paths, &liar.keys, Depth::Full);
    let [fault] = &found.faults[..] else {
        panic!("{:?}", found.faults)
    };
    assert_eq!(fault.object, "manifests/0000000002.json");
    assert!(matches!(
        fault.error,
        MasterError::Contents {
            field: "the root of the current rows",
            ..
        }
    ));
    assert_eq!(found.unreferenced.len(), 1);
    let mut manifest = master.manifest().unwrap().clone();
    manifest.runs[0].rows = 29;
    liar.publish(&manifest);
    let found = verify(&liar.disk, &liar.paths, &liar.keys, Depth::Quick);
    let MasterError::Run(RunError::RowCount { want: 29, got: 30, .. }) = &found.faults[0].error else {
        panic!("{:?}", found.faults)
    };
}
