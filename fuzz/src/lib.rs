//! Fuzzing of every parser of bytes of sekisho (`fuzz/README.md`): the glue between libFuzzer and the checks, which the
//! stable test suite runs as well (`tests/it/fuzzed.rs`).

use std::path::Path;
use std::{env, fs};

pub use libfuzzer_sys;

mod bounded;
mod checks;

#[global_allocator]
static ALLOCATOR: bounded::Bounded = bounded::Bounded;

/// A fuzz target by its name in the table of the checks.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::libfuzzer_sys::fuzz_target!(init: $crate::prepare($name), |data: &[u8]| $crate::run($name, data));
    };
}

fn find(name: &str) -> &'static checks::Target {
    checks::TARGETS
        .iter()
        .find(|target| target.name == name)
        .expect("every target stands in the table")
}

/// Checks one input; a panic is the report.
pub fn run(name: &str, data: &[u8]) {
    (find(name).check)(data);
}

/// Writes seeds and dictionary of a target into the folder that `SEKISHO_FUZZ_SEEDS` names, if it is set.
pub fn prepare(name: &str) {
    let Ok(folder) = env::var("SEKISHO_FUZZ_SEEDS") else {
        return;
    };
    let (folder, target) = (Path::new(&folder), find(name));
    let seeds = folder.join("seeds");
    fs::create_dir_all(&seeds).expect("a folder for the seeds");
    for (number, seed) in (target.seeds)().iter().enumerate() {
        fs::write(seeds.join(format!("seed-{number:03}")), seed).expect("a seed");
    }
    let words = target.words.iter().chain(&checks::CANARIES);
    let lines: String = words.map(|word| format!("\"{}\"\n", quoted(word))).collect();
    fs::write(folder.join("dictionary"), lines).expect("a dictionary");
}

fn quoted(word: &str) -> String {
    word.bytes()
        .map(|byte| match byte {
            b'"' | b'\\' => format!("\\{}", char::from(byte)),
            b' '..=b'~' => char::from(byte).to_string(),
            _ => format!("\\x{byte:02X}"),
        })
        .collect()
}
