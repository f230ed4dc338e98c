//! The checks of the fuzz targets on every machine: seeds, inputs that were found, and mutations of both from a seed.
//!
//! A found input becomes a file in `fixtures/fuzz/TARGET/`; it is tested from then on. `SEKISHO_MUTATIONS` sets how many
//! mutations each target gets, `SEKISHO_MUTATION_SEED` where they begin; a failure prints what is needed to do it again.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

#[path = "../../fuzz/src/checks/mod.rs"]
mod checks;

use checks::{CANARIES, TARGETS, Target};

/// No mutation is longer; seeds of the sizes that matter are not either.
const LONGEST: usize = 16 << 10;

fn found(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/fuzz")
        .join(target.name);
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|path| (path.display().to_string(), fs::read(path).unwrap()))
        .collect()
}

/// Runs a check; on failure says with which input, as the harness prints only the message of the panic. True if it held.
fn held(target: &Target, what: &str, input: &[u8]) -> bool {
    let run = panic::catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    if run.is_err() {
        let kept = std::env::temp_dir().join(format!("sekisho-fuzzed-{}", target.name));
        fs::write(&kept, input).unwrap();
        std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("{}: {what}: the input is kept in {}\n", target.name, kept.display()).as_bytes(),
        )
        .unwrap();
    }
    run.is_ok()
}

/// One failure a target is enough, and hides none of another.
fn all_hold(each: impl Fn(&Target) -> bool) {
    let failed: Vec<&str> = TARGETS
        .iter()
        .filter(|target| !each(target))
        .map(|target| target.name)
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn every_folder_of_found_inputs_belongs_to_a_target() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz");
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            TARGETS.iter().any(|target| target.name == name) || name == "README.md",
            "{name}"
        );
    }
    // And every target has its binary.
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/Cargo.toml")).unwrap();
    for target in TARGETS {
        assert!(
            manifest.contains(&format!("path = \"targets/{}.rs\"", target.name)),
            "{}",
            target.name
        );
    }
    assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
}

#[test]
fn seeds_and_found_inputs_hold() {
    all_hold(|target| {
        let seeds = (target.seeds)();
        let mut seeds = seeds.iter().enumerate();
        seeds.all(|(number, seed)| held(target, &format!("seed {number}"), seed))
            && found(target).iter().all(|(path, input)| held(target, path, input))
    });
}

#[test]
fn every_prefix_of_a_short_seed_holds() {
    all_hold(|target| {
        // A site takes a millisecond for each.
        let step = if target.name == "site" { 97 } else { 1 };
        let seeds = (target.seeds)();
        let mut short = seeds.iter().filter(|seed| seed.len() <= 400);
        short.all(|seed| {
            let mut lengths = (0..seed.len()).step_by(step);
            lengths.all(|len| held(target, &format!("{len} bytes of a seed"), &seed[..len]))
        })
    });
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn mutations_hold() {
    let start = number("SEKISHO_MUTATION_SEED").unwrap_or(20_200_914);
    all_hold(|target| {
        let count = number("SEKISHO_MUTATIONS").unwrap_or(match target.name {
            // Whole sites, and opening of packages: a millisecond each.
            "site" => 150,
            "package" => 400,
            "layout" | "exchange" | "gaiji" | "at_rest" => 2_000,
            _ => 10_000,
        });
        let mut pool = (target.seeds)();
        pool.extend(found(target).into_iter().map(|(_, input)| input));
        pool.retain(|seed| seed.len() <= LONGEST);
        let mut seeds = (0..count).map(|step| start + step);
        seeds.all(|seed| {
            held(
                target,
                &format!("SEKISHO_MUTATION_SEED={seed}"),
                &mutated(target, &pool, seed),
            )
        })
    });
}

fn mutated(target: &Target, pool: &[Vec<u8>], seed: u64) -> Vec<u8> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    let mut rng = ChaCha20Rng::from_seed(bytes);
    let mut input = pool[below(&mut rng, pool.len())].clone();
    for _ in 0..=below(&mut rng, 4) {
        change(&mut input, pool, target, &mut rng);
    }
    input.truncate(LONGEST);
    input
}

fn below(rng: &mut ChaCha20Rng, end: usize) -> usize {
    usize::try_from(rng.next_u64() % end.max(1) as u64).unwrap()
}

fn change(input: &mut Vec<u8>, pool: &[Vec<u8>], target: &Target, rng: &mut ChaCha20Rng) {
    let at = below(rng, input.len() + 1);
    let len = below(rng, 9).min(input.len() - at);
    match below(rng, 9) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << below(rng, 8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = [0, 1, 0x0A, 0x20, 0x30, 0x39, 0x7F, 0x80, 0xFF][below(rng, 9)];
            }
        }
        2 => input.truncate(at),
        3 => drop(input.drain(at..at + len)),
        4 => {
            let part = input[at..at + len].to_vec();
            let to = below(rng, input.len() + 1);
            input.splice(to..to, part);
        }
        5 => {
            let words = target.words.len() + CANARIES.len();
            let word = below(rng, words);
            let word = target
                .words
                .get(word)
                .unwrap_or_else(|| &CANARIES[word - target.words.len()]);
            // Over what stands there, or between it.
            let end = if below(rng, 2) == 0 {
                (at + word.len()).min(input.len())
            } else {
                at
            };
            input.splice(at..end, word.bytes());
        }
        6 => {
            let other = &pool[below(rng, pool.len())];
            let from = below(rng, other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        7 => {
            let edge = [
                0,
                1,
                u32::MAX,
                i32::MAX as u32,
                1 << 16,
                u32::try_from(input.len()).unwrap(),
            ][below(rng, 6)]
            .to_be_bytes();
            let width = [2, 4][below(rng, 2)];
            for (to, from) in input.iter_mut().skip(at).zip(&edge[4 - width..]) {
                *to = *from;
            }
        }
        _ => {
            let byte = u8::try_from(below(rng, 256)).unwrap();
            input.insert(at, byte);
        }
    }
}
