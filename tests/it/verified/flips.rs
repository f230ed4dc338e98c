//! F9, bit rot: every bit of every file of a store of 32 KiB, and random bits of a large one.
//!
//! In CI each 61st bit is flipped, so that each file and each position of a bit within its byte has its turn;
//! `SEKISHO_SOAK=1` flips all. `SEKISHO_FLIPS=n` flips n random bits of the site of a demo, from `SEKISHO_SEED`.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sekisho::run::demo_site::{self, Wishes};
use sekisho::run::verify::Slice;

use super::*;

/// Files without state, with the reason.
const STATELESS: [(&str, &str); 4] = [
    ("lock", "empty: only the kernel's lock on it means anything"),
    ("reserve", "room on the disk and nothing else"),
    (
        "looks.json",
        "how long files in the inbound folders lie still: where it is lost, a pass begins to count anew",
    ),
    (
        "sekisho.toml",
        "the operator's own: it may change at any time, and every run reads it with line and column",
    ),
];

/// Where another object is named, and why that is right.
const OTHERS: [(&str, &str, &str); 1] = [(
    "keys/unlock.key",
    "keys/site.keys",
    "a sound unlock key of another site and a changed one cannot be told apart: the key file does not open with it",
)];

fn has_state(file: &str) -> bool {
    STATELESS.iter().all(|(name, _)| *name != file)
}

/// At most 32 KiB with one object of each kind at least: what was fetched from the outbound folders is gone.
fn tiny() -> MemoryDisk {
    let small = Small::new();
    small.put(AKITA, &name(AKITA, 1), &upd(AKITA, 1, &[ANNA]));
    pass_on(&small.disk, 2).unwrap();
    small.put(AKITA, &name(AKITA, 2), &upd(AKITA, 2, &[BEN]));
    small.put(NOSHIRO, &name(NOSHIRO, 2), b"no file of ours at all");
    pass_on(&small.disk, 3).unwrap();
    for file in files(&small.disk) {
        if file.starts_with("out/N0000001/") || file.contains("RES-050008-052019-00000002") {
            small.disk.remove(&at(&file)).unwrap();
        }
    }
    small.disk
}

/// Flips one bit, asks for the first bad object, flips it back.
fn flipped(disk: &MemoryDisk, file: &str, sound: &[u8], bit: usize, depth: Depth) -> Result<(), String> {
    let mut bytes = sound.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    disk.put(&at(file), &bytes).unwrap();
    let found = first_bad(disk, depth);
    disk.put(&at(file), sound).unwrap();
    match found {
        Some((object, _)) if object == file || OTHERS.iter().any(|other| (other.0, other.1) == (file, &object)) => {
            Ok(())
        }
        found => Err(format!("{file} byte {} bit {}: {found:?}", bit / 8, bit % 8)),
    }
}

fn all_flips(disk: &MemoryDisk, flips: &[(String, usize, Depth)]) -> Vec<String> {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let disk = disk.copy();
                let mut sound: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
                while let Some((file, bit, depth)) = flips.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let sound = sound.entry(file).or_insert_with(|| read(&disk, file));
                    if let Err(missed) = flipped(&disk, file, sound, *bit, *depth) {
                        failed.lock().unwrap().push(missed);
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap()
}

fn env(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn every_bit_of_a_small_store_is_watched() {
    let disk = tiny();
    let found = examined(&disk, Depth::Full).unwrap();
    assert_eq!((found.bad, found.strays), (Vec::new(), Vec::new()));
    let kept: Vec<String> = files(&disk).into_iter().filter(|file| has_state(file)).collect();
    let total: usize = kept.iter().map(|file| read(&disk, file).len()).sum();
    assert!(total <= 32 << 10, "{total} bytes");
    for kind in [
        "keys/",
        "registers/",
        "ledger/2020/checkpoint",
        "ledger/2020/tile/0/",
        "ledger/2020/tile/entries/",
        "ledger/2020/private/",
        "store/CURRENT",
        "store/manifests/",
        "store/runs/",
        "archive/2020/",
        "answers/",
        "spool/",
        "out/",
    ] {
        assert!(kept.iter().any(|file| file.starts_with(kind)), "{kind}");
    }
    let step = match env("SEKISHO_SOAK") {
        Some(1) => 1,
        Some(step) => step,
        None => 61,
    };
    let bits = kept
        .iter()
        .flat_map(|file| (0..read(&disk, file).len() * 8).map(move |bit| (file.clone(), bit, Depth::Full)));
    let flips: Vec<_> = bits.step_by(step.max(1)).collect();
    let missed = all_flips(&disk, &flips);
    assert!(
        missed.is_empty(),
        "{} of {}:\n{}",
        missed.len(),
        flips.len(),
        missed.join("\n")
    );
}

#[test]
fn random_bits_of_a_large_store_are_found() {
    let Some(count) = env("SEKISHO_FLIPS") else { return };
    let disk = MemoryDisk::new();
    let machine = Machine::new(5);
    let wishes = Wishes {
        residents: 2000,
        days: 3,
        seed: 2020,
        threads: 2,
    };
    demo_site::demo(
        machine.tools(&disk),
        Path::new("/demo"),
        wishes,
        unlocking(),
        &mut |_| Ok(()),
    )
    .unwrap();
    disk.rename(&demo_site::places(Path::new("/demo")).site, Path::new(ROOT))
        .unwrap();
    let sound = examined(&disk, Depth::Full).unwrap();
    assert_eq!(sound.bad, []);
    // Not ours yet, and the operator's own tables.
    let others = ["in/", "layouts/", "registers/gaiji/"];
    let is_state = |file: &String| has_state(file) && !others.iter().any(|folder| file.starts_with(folder));
    let in_site = disk.files().into_iter().filter(|path| path.starts_with(ROOT));
    let in_site = in_site.map(|path| path.strip_prefix(ROOT).unwrap().to_str().unwrap().to_owned());
    let kept: Vec<(String, usize)> = in_site
        .filter(|file| is_state(file) && !sound.strays.contains(file))
        .map(|file| {
            let len = read(&disk, &file).len();
            (file, len)
        })
        .collect();
    let total: usize = kept.iter().map(|(_, len)| len).sum();
    let mut seed = [9; 32];
    seed[..8].copy_from_slice(&(env("SEKISHO_SEED").unwrap_or(0) as u64).to_be_bytes());
    let mut rng = ChaCha20Rng::from_seed(seed);
    let flips: Vec<_> = (0..count)
        .map(|number| {
            // Every other flip in a file drawn by its number: else the small files never have their turn.
            let drawn = usize::try_from(rng.next_u64() % total as u64).unwrap();
            let (file, len) = if number % 2 == 0 {
                &kept[drawn % kept.len()]
            } else {
                let mut rest = drawn;
                kept.iter()
                    .find(|(_, len)| {
                        let here = rest < *len;
                        rest = rest.wrapping_sub(if here { 0 } else { *len });
                        here
                    })
                    .unwrap()
            };
            let bit = usize::try_from(rng.next_u64() % (*len as u64 * 8)).unwrap();
            // The slice of the object alone, of two thousand million: all else is read quickly.
            let log = file.strip_prefix("ledger/").and_then(|rest| rest.split('/').next());
            let object = log.map_or_else(|| file.clone(), |log| format!("ledger/{log}"));
            (
                file.clone(),
                bit,
                Depth::Slice(Slice::holding(&object, 1 << 31).unwrap()),
            )
        })
        .collect();
    let missed = all_flips(&disk, &flips);
    let words = format!(
        "{} files, {total} bytes, {count} flips, seed 9: {} missed\n",
        kept.len(),
        missed.len()
    );
    std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes()).unwrap();
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
