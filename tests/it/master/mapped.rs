//! The walk with all cores: what [`Master::map_keys`] and [`Master::map_current`] give is what the walk in one thread gives, in
//! the same order; faults of the rows and of the caller end it.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use sekisho::domain::entry::{Changes, Entry, Standing};
use sekisho::domain::ids::JuminCode;
use sekisho::store::master::{Master, MasterError};

use super::fixture::{Store, at, code, entry, resident, residents};

/// So many residents that the largest run is cut into several spans.
const MANY: u64 = 12_000;

/// A register whose newer runs hide rows of the large one, and add some between and behind.
fn layered() -> (Store, Master) {
    let mut store = Store::new();
    let entries: Vec<Entry> = (0..MANY).map(|body| resident(2 * body, body)).collect();
    store.commit(
        &Changes {
            entries,
            ..Changes::default()
        },
        &[],
        true,
    );
    for step in [7, 1001] {
        let mut entries: Vec<Entry> = (0..2 * MANY)
            .step_by(step)
            .map(|body| resident(body, body + 5))
            .collect();
        let behind = code(2 * MANY + step as u64);
        entries.push(entry(behind, Standing::Retired { target: code(0) }, at(9)));
        store.commit(
            &Changes {
                entries,
                ..Changes::default()
            },
            &[],
            true,
        );
    }
    let master = store.open();
    (store, master)
}

fn mapped_codes(master: &Master) -> Result<Vec<JuminCode>, MasterError> {
    let mut codes = Vec::new();
    master.map_keys(
        |key| Some(key.code),
        |code| {
            codes.push(code);
            Ok::<_, MasterError>(())
        },
    )?;
    Ok(codes)
}

#[test]
fn everything_comes_once_in_order_and_newest_first_wins() {
    let (_store, master) = layered();
    let wanted: Vec<Entry> = master.scan_current().collect::<Result<_, _>>().unwrap();
    // The model: what was committed last under each code.
    let last = |body: u64| {
        let seed = if body.is_multiple_of(1001) || body.is_multiple_of(7) {
            body + 5
        } else {
            body / 2
        };
        resident(body, seed)
    };
    let bodies = (0..2 * MANY).filter(|body| body % 2 == 0 || body % 7 == 0 || body % 1001 == 0);
    let model: Vec<Entry> = bodies.map(last).collect();
    assert_eq!(wanted.len(), model.len() + 2);
    let mut found = Vec::new();
    let each = |entry| {
        found.push(entry);
        Ok::<_, MasterError>(())
    };
    master.map_current(Some, each).unwrap();
    assert!(found == wanted);
    assert!(found[..model.len()] == model);
    let keys: Vec<_> = master.scan_keys().collect::<Result<_, _>>().unwrap();
    let mut found = Vec::new();
    let each = |key| {
        found.push(key);
        Ok::<_, MasterError>(())
    };
    master.map_keys(Some, each).unwrap();
    assert!(found == keys);
    assert!(
        found
            .iter()
            .map(|key| key.code)
            .eq(wanted.iter().map(|entry| entry.code))
    );
}

#[test]
fn what_is_not_wanted_is_left_out() {
    let (_store, master) = layered();
    let all = mapped_codes(&master).unwrap();
    let mut some = Vec::new();
    let is_wanted = |entry: Entry| entry.code.value().is_multiple_of(3).then_some(entry.code);
    let each = |code| {
        some.push(code);
        Ok::<_, MasterError>(())
    };
    master.map_current(is_wanted, each).unwrap();
    assert!(!some.is_empty() && some.len() < all.len());
    assert!(all.iter().filter(|code| code.value() % 3 == 0).eq(&some));
}

#[test]
fn an_empty_register_gives_nothing() {
    assert_eq!(mapped_codes(&Master::empty()).unwrap(), []);
    let mut store = Store::new();
    store.commit(&residents(1), &[], true);
    assert_eq!(mapped_codes(&store.open()).unwrap(), [code(0)]);
}

/// A caller's own kind of error.
#[derive(Debug, PartialEq)]
enum Stop {
    Enough(u64),
    Store(String),
}

impl From<MasterError> for Stop {
    fn from(why: MasterError) -> Self {
        Self::Store(why.to_string())
    }
}

/// The caller's error ends the walk at once: nothing more is given, and the threads stop a few spans ahead.
#[test]
fn the_callers_error_ends_the_walk() {
    let (_store, master) = layered();
    let (mapped, mut given) = (AtomicU64::new(0), 0);
    let result = master.map_keys(
        |key| {
            mapped.fetch_add(1, Ordering::Relaxed);
            Some(key.code)
        },
        |_| {
            given += 1;
            if given == 10 { Err(Stop::Enough(given)) } else { Ok(()) }
        },
    );
    assert_eq!((result, given), (Err(Stop::Enough(10)), 10));
    assert!(mapped.into_inner() > 10, "spans are mapped as a whole");
}

/// A run that is damaged anywhere: what lies before may come, then the fault, which names the run.
#[test]
fn a_damaged_run_ends_the_walk_with_its_name() {
    let (store, _) = layered();
    let runs = store.files().into_iter().filter(|file| file.starts_with("runs"));
    let largest = runs.max_by_key(|file| store.bytes(file).len()).unwrap();
    let sound = store.bytes(&largest);
    let name = Path::new(&largest).file_stem().unwrap().to_str().unwrap().to_owned();
    let mut begun = 0;
    for part in 1..23 {
        let mut bytes = sound.clone();
        let at = bytes.len() / 24 * part;
        bytes[at] ^= 1;
        store.put(&largest, &bytes);
        let mut given = 0_u64;
        let result = store.open().map_current(Some, |_| {
            given += 1;
            Ok::<_, Stop>(())
        });
        let Err(Stop::Store(why)) = result else {
            panic!("{part}: {result:?}")
        };
        assert!(why.contains(&name), "{part}: {why}");
        begun += u32::from(given > 0);
    }
    assert!(begun > 0, "nothing came before any damage");
}
