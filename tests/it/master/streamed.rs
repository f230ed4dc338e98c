//! A commit written row by row, the tables mixed, is the commit of the same changes given at once.

use std::path::Path;

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use sekisho::domain::entry::{Changes, Entry};
use sekisho::domain::notice::NoticeKey;
use sekisho::format::blockfile::Table;
use sekisho::format::manifest::Manifest;
use sekisho::ports::Disk;
use sekisho::store::generations::{GenerationBuilder, Staging};
use sekisho::store::master::{Master, MasterError};
use sekisho::store::paths::run_file;

use super::fixture::{Identities, Store, at, code, facts, number, resident, residents, row, version};

fn changes() -> (Changes, Identities) {
    let changes = Changes {
        entries: (0..90).map(|body| resident(body * 3, body + 7)).collect(),
        versions: (0..60)
            .map(|body| version(0, row(code(body * 3), body, at(body)), at(body)))
            .collect(),
        numbers: (1000..1040).map(|body| (number(body), code(3))).collect(),
        notices: (0..90).map(|body| (notice(body), [7; 32])).collect(),
    };
    (changes, vec![([1; 32], vec![1, 2]), ([2; 32], Vec::new())])
}

fn notice(body: u64) -> NoticeKey {
    NoticeKey {
        code: code(body * 3),
        reason: 31,
        timestamp: at(9),
        update_seq: 1,
    }
}

/// Every row of its table in order, but the tables in turn, in the order `turns`.
fn in_turns(builder: &mut GenerationBuilder<'_>, parent: &Master, turns: [Table; 5]) -> Result<(), MasterError> {
    let (changes, identities) = changes();
    let codes: Vec<_> = changes.entries.iter().map(|entry| entry.code).collect();
    let before = parent.entries(&codes)?;
    for index in 0..90 {
        for table in turns {
            match table {
                Table::Current => {
                    let entry: &Entry = &changes.entries[index];
                    builder.entry(entry, before.get(&entry.code))?;
                }
                Table::History => changes
                    .versions
                    .get(index)
                    .map_or(Ok(()), |version| builder.version(version))?,
                Table::Numbers => {
                    let number = changes.numbers.get(index);
                    number.map_or(Ok(()), |(number, owner)| builder.number(*number, *owner))?;
                }
                Table::Notices => builder.notice(&changes.notices[index].0, &changes.notices[index].1)?,
                Table::Identities => {
                    let identity = identities.get(index);
                    identity.map_or(Ok(()), |(digest, known)| builder.identity(digest, known))?;
                }
            }
        }
    }
    Ok(())
}

fn staged(
    work: impl FnOnce(&Staging<'_>, &Master, &mut ChaCha20Rng) -> Result<Manifest, MasterError>,
) -> (Manifest, Vec<Vec<u8>>) {
    let mut store = Store::new();
    store.commit(&residents(100), &[], true);
    let parent = store.open();
    let mut rng = ChaCha20Rng::from_seed([11; 32]);
    let manifest = store
        .stage(&parent, |staging, parent, _| work(staging, parent, &mut rng))
        .unwrap();
    let old = parent.manifest().unwrap().runs.len();
    let new = manifest
        .runs
        .iter()
        .filter(|run| !parent.manifest().unwrap().runs.contains(run));
    let bytes: Vec<_> = new
        .map(|run| {
            store
                .disk
                .read(&Path::new("/staging").join(run_file(&run.name)), u64::MAX)
                .unwrap()
        })
        .collect();
    assert_eq!((old, bytes.len()), (2, 5));
    (manifest, bytes)
}

#[test]
fn any_mixture_of_the_tables_gives_the_same_bytes() {
    let at_once = staged(|staging, parent, rng| {
        let (changes, identities) = changes();
        staging.stage_generation(parent, &changes, &identities, facts(true), rng)
    });
    let mut turns = Table::ALL;
    for _ in 0..turns.len() {
        turns.rotate_left(1);
        let mixed = staged(|staging, parent, rng| {
            let mut builder = staging.begin(parent, rng)?;
            in_turns(&mut builder, parent, turns)?;
            builder.finish(facts(true))
        });
        assert!(mixed == at_once, "{turns:?}");
    }
    // 100 residents and 100 numbers; every third code of 270 was new behind the hundredth.
    let counts = at_once.0.counts;
    assert_eq!((counts.residents, counts.numbers), (100 + 56, 140));
    assert_eq!((counts.versions, counts.notices), (60, 90));
}

#[test]
fn rows_out_of_order_and_rows_there_already_are_refused_wherever_they_stand() {
    let mut store = Store::new();
    store.commit(&residents(10_000), &[], true);
    let parent = store.open();
    let mut refused = |from: u64, until: u64| {
        let staged = store.stage(&parent, |staging, parent, rng| {
            let mut builder = staging.begin(parent, rng)?;
            for body in (from..until).chain([until + 5, until + 4]) {
                builder.number(number(body), code(1))?;
            }
            builder.finish(facts(true))
        });
        staged.unwrap_err()
    };
    let why = refused(20_000, 20_010);
    assert!(matches!(why, MasterError::Run(_)), "{why:?}");
    // The first batch is looked up while rows still come.
    let why = refused(9_999, 20_000);
    assert!(
        matches!(
            why,
            MasterError::Repeated {
                table: Table::Numbers,
                row: 0
            }
        ),
        "{why:?}"
    );
    // The last batch is looked up at the end, and its rows are counted from the first of all.
    let mut clean = Store::new();
    clean.commit(&residents(1), &[], true);
    let first = Changes {
        notices: (5_000..9_500).map(|body| (notice(body), [0; 32])).collect(),
        ..Changes::default()
    };
    clean.commit(&first, &[], true);
    let parent = clean.open();
    let why = clean
        .stage(&parent, |staging, parent, rng| {
            let mut builder = staging.begin(parent, rng)?;
            for body in 500..5_001 {
                builder.notice(&notice(body), &[0; 32])?;
            }
            builder.finish(facts(true))
        })
        .unwrap_err();
    assert!(
        matches!(
            why,
            MasterError::Repeated {
                table: Table::Notices,
                row: 4_500
            }
        ),
        "{why:?}"
    );
}
