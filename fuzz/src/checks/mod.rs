//! What every parser of bytes must hold against any input at all: no panic, and what is read is written back, places in
//! faults lie inside the input, and no fault repeats what a person might be.
//!
//! One table for two users: the fuzz targets (nightly, libFuzzer) and the stable suite (`tests/it/fuzzed.rs`), which feeds
//! all seeds, all inputs that were ever found and some thousand mutations of them.

use std::fmt::Display;

use sekisho::domain::fault::{Fault, FaultId, Lang, acts_on_terminals};

mod exchange;
mod keys;
mod ledger;
mod registers;
mod sealed;
mod settings;
mod site;
mod store;
mod text;
mod values;

/// One parser, or a few that read the same kind of input.
pub(crate) struct Target {
    /// Its name; that of its binary and of its folders.
    pub(crate) name: &'static str,
    /// Panics where something does not hold.
    pub(crate) check: fn(&[u8]),
    /// Inputs to begin with, made by the writers of the product.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// Words that a fuzzer would be long in finding.
    pub(crate) words: &'static [&'static str],
}

/// Words that stand for personal data in seeds and dictionaries; no fault may repeat them.
pub(crate) const CANARIES: [&str; 3] = ["QZXJKV8W", "98765432109", "曖昧模糊太郎"];

/// Every target.
pub(crate) const TARGETS: &[Target] = &[
    exchange::FILES,
    exchange::RECORDS,
    text::WIDE,
    text::GAIJI,
    settings::LAYOUT,
    registers::PARTIES,
    settings::CONFIG,
    sealed::PACKAGE,
    sealed::PACKAGE_MANIFEST,
    sealed::FLOE,
    sealed::AT_REST,
    store::STORE_MANIFEST,
    store::BLOCK_FILE,
    store::ROW_CODE,
    ledger::NOTE,
    ledger::LEAF,
    ledger::TILE,
    ledger::PROOF,
    keys::KEY_FILES,
    values::VALUES,
    site::SITE,
];

/// A fault shows no canary of the input, and nothing that would act on a terminal.
pub(crate) fn quiet(input: &[u8], fault: &impl Display) {
    let shown = plain(fault);
    for canary in CANARIES {
        let sent = input.windows(canary.len()).any(|part| part == canary.as_bytes());
        assert!(!(sent && shown.contains(canary)), "a fault repeats the input: {shown}");
    }
    // Offsets and lengths have fewer digits than a code or a number.
    let digits = shown.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= 11);
    for run in digits {
        let sent = input.windows(run.len()).any(|part| part == run.as_bytes());
        assert!(!sent, "a fault repeats digits of the input: {shown}");
    }
}

/// A fault as an operator sees it: nothing in it acts on the terminal, whatever the settings file held.
pub(crate) fn plain(fault: &impl Display) -> String {
    let shown = Fault::new(FaultId::StoreDamaged).with("object", "x").with("why", fault);
    for lang in [Lang::Ja, Lang::En] {
        let text = shown.what(lang);
        assert!(
            !text.chars().any(acts_on_terminals),
            "a fault would act on a terminal: {text:?}"
        );
    }
    shown.what(Lang::En)
}

/// A place in a text lies in it: lines from 1; where the last lines are missing, the one behind the end.
pub(crate) fn line_within(text: &[u8], line: u64) {
    let lines = text.split(|byte| *byte == b'\n').count() as u64 + 1;
    assert!((1..=lines).contains(&line), "line {line} of {lines}");
}

/// The first byte and the rest.
pub(crate) fn head(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(head, rest)| (*head, rest))
}
