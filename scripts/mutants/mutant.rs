//! Which mutant is on. Only in the copy of the source that `scripts/mutants.sh` makes.
use std::io::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

const DIR: &str = env!("SEKISHO_MUTANT_DIR");
static SEEN: [AtomicBool; 8192] = [const { AtomicBool::new(false) }; 8192];

fn current() -> (usize, bool) {
    static CURRENT: OnceLock<(usize, bool)> = OnceLock::new();
    *CURRENT.get_or_init(|| {
        let read = |name: &str| std::fs::read_to_string(format!("{DIR}/{name}")).ok();
        let number = read("current").and_then(|text| text.trim().parse().ok());
        (number.unwrap_or(0), read("cover").is_some())
    })
}

/// True where this mutant is to be tried. With the file `cover` every mutant that is asked for is noted in it.
pub fn on(number: usize) -> bool {
    let (current, cover) = current();
    if cover && !SEEN[number].swap(true, Ordering::Relaxed) {
        let file = std::fs::OpenOptions::new().append(true).open(format!("{DIR}/cover"));
        drop(file.and_then(|mut file| file.write_all(format!("{number}\n").as_bytes())));
    }
    current == number
}
