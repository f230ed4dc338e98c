//! The corpus of hostile arrivals (F12): `fixtures/intake/cases.toml` says what is done in an inbound folder and what must
//! become of it. In every pass of every case another party's good file is applied, and at the end one more pass applies
//! nothing. Names that senders chose stand in no report, list or leaf.

mod changing;
mod hooked;
mod place;
mod retiring;

use std::path::Path;
use std::sync::Arc;

use sekisho::domain::code::Code;
use sekisho::domain::fault::Fault;
use sekisho::os::disk::RealDisk;
use sekisho::run::pass::{FileReport, PassResult};
use sekisho::run::site::Access;

use crate::desk::files::*;
use crate::desk::names;
use crate::desk::state::leaves;
use hooked::{Hooked, When};
use place::{Place, make_device, plain_name};

/// Permission denied.
const EACCES: i32 = 13;

/// Persons of the neighbour, one for each pass.
const NEIGHBOURS: [(&str, &str); 6] = [
    BEN,
    DAI,
    EMI,
    ("10000000049", "100000000099"),
    ("10000000138", "100000000048"),
    ("10000000057", "100000000137"),
];

#[derive(serde::Deserialize)]
struct Corpus {
    case: Vec<Case>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What happens, in words.
    name: String,
    /// Rule of arrival of the party.
    #[serde(default)]
    arrival: String,
    /// Settings of the site that differ.
    #[serde(default)]
    set: std::collections::BTreeMap<String, toml::Value>,
    steps: Vec<Step>,
    /// What lies in the folder of the party in the end.
    #[serde(default)]
    left: Vec<String>,
    /// Persons of the party in the register in the end.
    #[serde(default)]
    persons: u64,
}

/// One pass with what comes before it.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    /// Seconds of the clock.
    #[serde(default)]
    clock: u64,
    #[serde(default, rename = "do")]
    deeds: Vec<Vec<String>>,
    during: Option<During>,
    /// Operation and path that the disk refuses.
    deny: Option<[String; 2]>,
    /// Reports of the pass but that of the neighbour: name, outcome with code, part of the words.
    expect: Vec<Vec<String>>,
    /// Held files after the pass.
    held: Option<usize>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct During {
    at: String,
    of: String,
    #[serde(default = "first")]
    nth: u64,
    #[serde(rename = "do")]
    deeds: Vec<Vec<String>>,
}

fn first() -> u64 {
    1
}

fn corpus() -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/intake/cases.toml");
    let corpus: Corpus = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap_or_else(|e| panic!("{e}"));
    corpus.case
}

fn run_case(case: &Case) {
    let place = Arc::new(Place::new());
    for (key, value) in &case.set {
        place.set(key, &value.to_string());
    }
    if !case.arrival.is_empty() {
        place.set_rule(&case.arrival);
    }
    let mut said = Vec::new();
    let mut neighbours = 0;
    for (number, step) in case.steps.iter().enumerate() {
        let what = format!("{}, pass {}", case.name, number + 1);
        place.clock.set(step.clock);
        for deed in &step.deeds {
            place.act(deed);
        }
        let person = NEIGHBOURS[number];
        let serial = u32::try_from(number).unwrap() + 1;
        std::fs::write(
            place.path(&format!("/{NOSHIRO}/{}", name(NOSHIRO, serial))),
            upd(NOSHIRO, serial, &[person]),
        )
        .unwrap();
        neighbours += 1;
        let result = pass(&place, step, &what);
        compare(&result, step, &what);
        if let Some(held) = step.held {
            assert_eq!(result.held, held, "{what}: held");
        }
        said.push(without_names(&result));
    }
    let residents = |result: &PassResult| result.residents_after;
    let last = place.run(&RealDisk).unwrap();
    assert_eq!(residents(&last), neighbours + case.persons, "{}: residents", case.name);
    assert_eq!(
        last.records.applied + last.records.applied_with_warning,
        0,
        "{}",
        case.name
    );
    said.push(without_names(&last));
    let left: Vec<String> = case.left.iter().map(|word| plain_name(word)).collect();
    assert_eq!(
        sorted(names(&place.path(&format!("/{AKITA}")))),
        sorted(left),
        "{}: left",
        case.name
    );
    place
        .with(&RealDisk, Access::Read, |site| {
            said.push(format!("{:?} {:?}", site.exchange().held, leaves(site)));
            Ok(())
        })
        .unwrap();
    for words in said {
        for chosen in ["canary", "CANARY", "佐藤", "\u{FFFD}"] {
            assert!(!words.contains(chosen), "{}: {chosen} in {words}", case.name);
        }
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

fn pass(place: &Arc<Place>, step: &Step, what: &str) -> PassResult {
    let disk = if let Some(during) = &step.during {
        let when = When {
            operation: during.at.clone(),
            path: place.path(&during.of),
            nth: during.nth,
        };
        let (place, deeds) = (Arc::clone(place), during.deeds.clone());
        Hooked::meanwhile(when, Box::new(move || deeds.iter().for_each(|deed| place.act(deed))))
    } else if let Some([operation, path]) = &step.deny {
        Hooked::failing(operation, place.path(path), EACCES)
    } else {
        Hooked::default()
    };
    // What a plan foresees must not fail either; and it changes nothing. Interference happens once, so only without it.
    if step.during.is_none() {
        let planned = place
            .plan(&disk)
            .unwrap_or_else(|fault| panic!("{what}: plan: {fault}"));
        assert!(!planned.committed, "{what}");
    }
    let result = place
        .run(&disk)
        .unwrap_or_else(|fault: Fault| panic!("{what}: {fault}"));
    assert!(
        step.during.is_none() || disk.has_happened(),
        "{what}: it never came to that"
    );
    result
}

fn compare(result: &PassResult, step: &Step, what: &str) {
    let mut reports: Vec<&FileReport> = result.files.iter().collect();
    let neighbour = reports
        .iter()
        .position(|file| file.folder == NOSHIRO && file.outcome == "processed")
        .unwrap_or_else(|| panic!("{what}: the neighbour's file: {:?}", result.files));
    reports.remove(neighbour);
    for expected in &step.expect {
        let [word, outcome, rest @ ..] = expected.as_slice() else {
            panic!("{what}: {expected:?}");
        };
        let at = reports.iter().position(|file| fits(file, word));
        let file = reports.remove(at.unwrap_or_else(|| panic!("{what}: no report of {word}: {reports:?}")));
        let got = file
            .code
            .map(Code::as_str)
            .map_or_else(|| file.outcome.to_owned(), |code| format!("{} {code}", file.outcome));
        assert_eq!(&got, outcome, "{what}: {word}: {file:?}");
        for words in rest {
            assert!(file.detail.contains(words.as_str()), "{what}: {word}: {}", file.detail);
        }
    }
    assert!(reports.is_empty(), "{what}: not expected: {reports:?}");
}

fn fits(file: &FileReport, word: &str) -> bool {
    if word == "*" {
        return file.folder == AKITA;
    }
    if let Some(path) = word.strip_prefix('/') {
        return [&file.folder, &file.raw_name]
            .into_iter()
            .filter(|part| !part.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join("/")
            == path;
    }
    file.folder == AKITA && file.raw_name == plain_name(word)
}

/// Everything that a pass says without being asked for names.
fn without_names(result: &PassResult) -> String {
    let shown: Vec<String> = result
        .files
        .iter()
        .map(|file| format!("{} {} {} {:?}", file.name, file.outcome, file.detail, file.answer))
        .collect();
    shown.join("\n")
}

/// A quarter of the cases, so that several threads of the test runner work on them.
fn run_quarter(quarter: usize) {
    let mut ran = 0;
    for case in corpus().iter().skip(quarter).step_by(4) {
        run_case(case);
        ran += 1;
    }
    assert!(ran >= 25, "{ran}");
}

#[test]
fn the_first_quarter() {
    run_quarter(0);
}

#[test]
fn the_second_quarter() {
    run_quarter(1);
}

#[test]
fn the_third_quarter() {
    run_quarter(2);
}

#[test]
fn the_last_quarter() {
    run_quarter(3);
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let cases = corpus();
    let names: std::collections::BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(names.len(), cases.len());
    assert!(names.len() >= 100, "{}", names.len());
}

#[test]
fn a_device_is_no_file() {
    let place = Place::new();
    if make_device(&place.path("A")).is_none() {
        eprintln!("skipped: only root can make a device");
        return;
    }
    let result = place.run(&RealDisk).unwrap();
    let file = &result.files[0];
    assert_eq!(
        (file.outcome, file.code, file.detail.as_str()),
        ("held", Some(Code::H08), "not a plain file")
    );
}
