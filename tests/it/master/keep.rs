//! Cost of a commit, what is refused, erasure, rotation, disposal.

use std::path::Path;

use sekisho::domain::entry::{Changes, Entry, Standing};
use sekisho::format::blockfile::{BlockFault, Table};
use sekisho::seal::secret::SiteKey;
use sekisho::store::generations::{
    Depth, DiffKind, Erasure, discard_unreferenced, dispose_before, gen_diff, generations, manifests, unreferenced,
    verify, verify_contents,
};
use sekisho::store::master::{Master, MasterError};
use sekisho::store::runs::RunError;

use super::fixture::{Store, at, code, entry, facts, resident, residents, row, version};

fn night(from: u64, count: u64, seed: u64) -> Changes {
    Changes {
        entries: (from..from + count).map(|body| resident(body, seed + body)).collect(),
        ..Changes::default()
    }
}

#[test]
fn the_size_of_a_commit_goes_with_the_notices_not_with_the_register() {
    let mut grown = Vec::new();
    for register in [1_000, 20_000] {
        let mut store = Store::new();
        store.commit(&residents(register), &[], true);
        let before = store.run_bytes();
        assert!(before > register * 10);
        store.commit(&night(100, 50, 7), &[], true);
        grown.push(store.run_bytes() - before);
    }
    assert_eq!(grown[0], grown[1]);
    let mut store = Store::new();
    store.commit(&residents(1_000), &[], true);
    let before = store.run_bytes();
    store.commit(&night(100, 500, 7), &[], true);
    let tenfold = store.run_bytes() - before;
    assert!(
        (3..=12).contains(&(tenfold / grown[0])),
        "{tenfold} for 500, {} for 50",
        grown[0]
    );
    assert!(grown[0] < 50 * 400);
}

#[test]
fn a_commit_without_records_has_a_number_of_its_own_but_no_generation() {
    let mut store = Store::new();
    assert_eq!((store.open().commit(), store.open().generation()), (0, 0));
    let first = store.commit(&residents(3), &[], true);
    let roots = first.roots;
    let second = store.commit(&Changes::default(), &[([9; 32], vec![1])], false);
    let third = store.commit(&night(1, 1, 50), &[], true);
    assert_eq!((first.commit, second.commit, third.commit), (1, 2, 3));
    assert_eq!((first.generation, second.generation, third.generation), (1, 1, 2));
    assert_eq!(second.roots, roots);
    assert_ne!(third.roots.current, roots.current);
    assert_eq!(third.roots.history, roots.history);
    let kept: Vec<u64> = manifests(&store.disk, &store.paths)
        .unwrap()
        .iter()
        .map(|m| m.commit)
        .collect();
    assert_eq!(kept, [3, 2, 1]);
    let kept = generations(&store.disk, &store.paths).unwrap();
    assert_eq!(
        kept.iter().map(|m| (m.generation, m.commit)).collect::<Vec<_>>(),
        [(2, 3), (1, 2)]
    );
    let old = Master::at_generation(&store.disk, &store.paths, &store.keys, 1).unwrap();
    assert_eq!(old.identity(&[9; 32]).unwrap(), Some(vec![1]));
    let none = Master::at_generation(&store.disk, &store.paths, &store.keys, 7);
    assert!(matches!(none, Err(MasterError::NoGeneration { generation: 7 })));
}

#[test]
fn many_nights_leave_few_runs() {
    let mut store = Store::new();
    store.commit(&residents(2_000), &[], true);
    let mut most = 0;
    for index in 0..40 {
        store.commit(&night(index * 10, 10, 300 + index), &[], true);
        let runs = store.open().stats().tables[0].runs;
        // 31 nights and the base; the night after makes one run of all of them, for this base is as small as they are together.
        assert!(runs <= 1 + 31, "{runs}");
        most = most.max(runs);
    }
    let master = store.open();
    assert!(most >= 31 && master.stats().tables[0].runs < 12, "{most}");
    verify_contents(&master, &store.keys).unwrap();
    for index in 0..40 {
        let body = index * 10 + 5;
        assert_eq!(
            master.entries(&[code(body)]).unwrap()[&code(body)],
            resident(body, 300 + index + body)
        );
    }
    // Runs that a merge replaced stay while older generations name them.
    assert!(unreferenced(&store.disk, &store.paths).unwrap().is_empty());
    let gone = dispose_before(&store.disk, &store.paths, u64::MAX).unwrap();
    assert!(gone.contains(&"manifests/0000000001.json".to_owned()));
    assert_eq!(manifests(&store.disk, &store.paths).unwrap().len(), 1);
    let found = verify(&store.disk, &store.paths, &store.keys, Depth::Full);
    assert!(found.faults.is_empty() && found.unreferenced.is_empty(), "{found:?}");
}

#[test]
fn leftovers_of_commits_that_did_not_come_to_be_are_listed_and_discarded() {
    let mut store = Store::new();
    store.commit(&residents(3), &[], true);
    let mut ahead = store.copy();
    let next = ahead.commit(&night(1, 1, 50), &[], true);
    for file in ahead.files().iter().filter(|file| *file != Path::new("CURRENT")) {
        store.put(file, &ahead.bytes(file));
    }
    store.put(Path::new("runs/notes.txt"), b"not ours");
    store.put(Path::new("manifests/0000000009.json.tmp"), b"half");
    let run = format!("runs/{}.run", next.runs[1].name.as_str());
    let mut want = vec![
        "manifests/0000000002.json",
        "manifests/0000000009.json.tmp",
        &run,
        "runs/notes.txt",
    ];
    assert_eq!(unreferenced(&store.disk, &store.paths).unwrap(), want);
    let found = verify(&store.disk, &store.paths, &store.keys, Depth::Full);
    assert!(found.faults.is_empty());
    assert_eq!(found.unreferenced, want);
    want.pop();
    assert_eq!(discard_unreferenced(&store.disk, &store.paths).unwrap(), want);
    assert_eq!(unreferenced(&store.disk, &store.paths).unwrap(), ["runs/notes.txt"]);
    assert_eq!(store.open().commit(), 1);
}

#[test]
fn changes_out_of_order_or_added_twice_are_refused() {
    let mut store = Store::new();
    let mut first = residents(3);
    first.versions.push(version(0, row(code(1), 1, at(1)), at(2)));
    let key = sekisho::domain::notice::NoticeKey {
        code: code(1),
        reason: 31,
        timestamp: at(1),
        update_seq: 0,
    };
    first.notices.push((key, [0; 32]));
    store.commit(&first, &[], true);
    let parent = store.open();
    let refused = |changes: &Changes| {
        let mut store = store.copy();
        store
            .stage(&parent, |staging, parent, rng| {
                staging.stage_generation(parent, changes, &[], facts(true), rng)
            })
            .unwrap_err()
    };
    let mut twice = night(1, 2, 5);
    twice.entries.reverse();
    assert!(matches!(
        refused(&twice),
        MasterError::Run(RunError::Block {
            source: BlockFault::Order { row: 1 },
            ..
        })
    ));
    for (changes, wanted) in [
        (
            Changes {
                versions: first.versions.clone(),
                ..Changes::default()
            },
            Table::History,
        ),
        (
            Changes {
                numbers: vec![first.numbers[1]],
                ..Changes::default()
            },
            Table::Numbers,
        ),
        (
            Changes {
                notices: first.notices.clone(),
                ..Changes::default()
            },
            Table::Notices,
        ),
    ] {
        let why = refused(&changes);
        assert!(
            matches!(why, MasterError::Repeated { table, row: 0 } if table == wanted),
            "{why:?}"
        );
    }
}

#[test]
fn erasure_leaves_out_rows_and_their_share_of_the_roots() {
    let mut store = Store::new();
    let mut first = residents(5);
    for number in 0..2 {
        first.versions.push(version(number, row(code(2), 1, at(1)), at(2)));
    }
    for body in [2, 3] {
        let key = sekisho::domain::notice::NoticeKey {
            code: code(body),
            reason: 31,
            timestamp: at(1),
            update_seq: 0,
        };
        first.notices.push((key, [0; 32]));
    }
    store.commit(&first, &[], true);
    let before = store.open();
    let erasure = Erasure {
        entries: [code(3)].into(),
        versions: [(code(2), 0)].into(),
    };
    let manifest = store
        .stage(&before, |staging, parent, rng| {
            staging.compact(parent, &erasure, facts(false), rng)
        })
        .unwrap();
    store.publish(&manifest);
    let after = store.open();
    assert_eq!(after.entries(&[code(3), code(4)]).unwrap().len(), 1);
    let left: Vec<u32> = after.versions(code(2)).unwrap().iter().map(|v| v.number).collect();
    assert_eq!(left, [1]);
    assert_eq!(
        (
            manifest.counts.residents,
            manifest.counts.versions,
            manifest.counts.notices
        ),
        (4, 1, 1)
    );
    assert_eq!(manifest.counts.numbers, 5);
    assert_eq!(after.owners(&[first.numbers[3].0]).unwrap().len(), 1);
    verify_contents(&after, &store.keys).unwrap();
    let mut diffs = Vec::new();
    gen_diff(&before, &after, &mut |diff| diffs.push((diff.code, diff.kind))).unwrap();
    assert_eq!(diffs, [(code(3), DiffKind::Erased)]);
    // Erasure covers older generations too: their manifests and runs go.
    dispose_before(&store.disk, &store.paths, manifest.commit).unwrap();
    let found = verify(&store.disk, &store.paths, &store.keys, Depth::Full);
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    assert_eq!(found.manifests, 1);
}

#[test]
fn a_new_site_key_opens_the_same_runs() {
    let mut store = Store::new();
    store.commit(&residents(5), &[], true);
    let before = store.open();
    let bytes = store.run_bytes();
    let new = SiteKey::new([77; 32]);
    let manifest = store
        .stage(&before, |staging, parent, rng| {
            staging.rewrap(parent, &new, facts(false), rng)
        })
        .unwrap();
    store.publish(&manifest);
    assert_eq!(store.run_bytes(), bytes);
    assert!(Master::open(&store.disk, &store.paths, &store.keys).is_err());
    store.keys.site = new;
    assert_eq!(store.open().scan_current().count(), 5);
    assert_eq!(manifest.roots, before.manifest().unwrap().roots);
    store.commit(&night(1, 1, 9), &[], true);
    let found = verify(&store.disk, &store.paths, &store.keys, Depth::Full);
    assert!(found.faults.is_empty(), "{:?}", found.faults);
}

#[test]
fn differences_are_named_by_kind_and_item() {
    let mut store = Store::new();
    let target = code(900);
    let dead = |body| {
        entry(
            code(body),
            Standing::Removed(super::fixture::removed(row(code(body), body, at(1)), "23")),
            at(1),
        )
    };
    let mut first = residents(4);
    first.entries.push(dead(4));
    store.commit(&first, &[], true);
    let a = store.open();
    let mut renamed = resident(1, 1);
    if let Standing::Resident(row) = &mut renamed.standing {
        row.set(sekisho::domain::item::Item::KanjiName, "田中　花");
        row.set(sekisho::domain::item::Item::Address, "秋田県横手市");
    }
    let second = Changes {
        entries: vec![
            resident(0, 0),
            renamed,
            dead(2),
            entry(code(3), Standing::Retired { target }, at(9)),
            resident(4, 4),
            Entry {
                former: Some(code(3)),
                ..resident(900, 5)
            },
        ],
        ..Changes::default()
    };
    store.commit(&second, &[], true);
    let mut diffs = Vec::new();
    gen_diff(&a, &store.open(), &mut |diff| {
        diffs.push((
            diff.kind,
            diff.items.iter().map(|item| item.number()).collect::<Vec<_>>(),
        ));
    })
    .unwrap();
    let kinds: Vec<DiffKind> = diffs.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(
        kinds,
        [
            DiffKind::Changed,
            DiffKind::Removed,
            DiffKind::Retired,
            DiffKind::Returned,
            DiffKind::Added
        ]
    );
    assert_eq!(diffs[0].1, [2, 7]);
    assert_eq!(diffs[2].1, [0_u8; 0]);
    assert!(gen_diff(&a, &a, &mut |_| panic!("equal")).is_ok());
}

/// Same changes, facts and entropy: the same bytes in every file.
#[test]
fn two_stores_with_the_same_entropy_are_the_same() {
    let made = || {
        let mut store = Store::new();
        store.commit(&residents(700), &[([1; 32], vec![1])], true);
        store.commit(&night(5, 5, 3), &[], true);
        store
    };
    let (one, other) = (made(), made());
    assert_eq!(one.files(), other.files());
    for file in one.files() {
        assert!(one.bytes(&file) == other.bytes(&file), "{}", file.display());
    }
}

#[test]
fn a_master_is_read_from_several_threads() {
    let mut store = Store::new();
    store.commit(&residents(2_000), &[], true);
    let master = store.open();
    std::thread::scope(|scope| {
        for from in [0, 700, 1_400] {
            let master = &master;
            scope.spawn(move || {
                let codes: Vec<_> = (from..from + 600).map(code).collect();
                assert_eq!(master.entries(&codes).unwrap().len(), 600);
            });
        }
    });
}
