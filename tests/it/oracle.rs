//! The built binary against the independent model in `tests/reference`: generated cases full of trouble, run day by day
//! by `scripts/run-case.sh`, without one difference in outcomes, answers, notices, master and history; and the example
//! cases beside the project, where they are there, with the comparer that came with them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::shared::shared;

fn own(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Runs a script with Python; `None`, with a word, where there is no Python.
fn python(script: &Path, args: &[&str]) -> Option<std::process::Output> {
    match Command::new("python3").arg(script).args(args).output() {
        Ok(output) => Some(output),
        Err(why) => {
            let word = format!("SKIPPED: python3 does not start: {why}\n");
            std::io::Write::write_all(&mut std::io::stderr(), word.as_bytes()).unwrap();
            None
        }
    }
}

/// Runs a case with the built binary; the folder of what it gave.
fn run_case(case: &Path) -> TempDir {
    let out = tempfile::tempdir().unwrap();
    let done = Command::new(own("scripts/run-case.sh"))
        .env("SEKISHO", env!("CARGO_BIN_EXE_sekisho"))
        .args([case, out.path()])
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    out
}

/// Rows of a CSV file, each with its columns by name.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes).to_vec();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let head = reader.headers().unwrap().clone();
    let of_row = |row: csv::StringRecord| -> BTreeMap<String, String> {
        let pairs = head.iter().zip(row.iter());
        pairs.map(|(name, cell)| (name.into(), cell.into())).collect()
    };
    reader.records().map(|row| of_row(row.unwrap())).collect()
}

/// Compares every CSV file of a folder with that of the same name; gives their number.
fn compare(expected: &Path, actual: &Path, what: &str) -> usize {
    let mut compared = 0;
    for name in crate::desk::names(expected) {
        if expected.join(&name).is_dir() {
            compared += compare(&expected.join(&name), &actual.join(&name), &format!("{what}/{name}"));
            continue;
        }
        let mut want = rows(&expected.join(&name));
        let mut got = rows(&actual.join(&name));
        if !name.ends_with(".res.csv") && name != "ntf.csv" {
            want.sort();
            got.sort();
        }
        assert_eq!(got.len(), want.len(), "{what}/{name}: rows");
        for (no, (got, want)) in got.iter().zip(&want).enumerate() {
            assert_eq!(got, want, "{what}/{name} row {no}");
        }
        compared += 1;
    }
    compared
}

/// Generates a case by seed with the model's answer, runs and compares it.
fn differs_nowhere(seed: &str) {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let options = [
        "--seed",
        seed,
        "--residents",
        "300",
        "--notices",
        "1200",
        "--days",
        "5",
        "--expected",
    ];
    let args = [&options[..], &[case.to_str().unwrap()]].concat();
    let Some(made) = python(&own("tests/reference/generate.py"), &args) else {
        return;
    };
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let out = run_case(&case);
    let compared = compare(&case.join("expected"), out.path(), &format!("seed {seed}"));
    assert!(compared > 80, "only {compared} files were compared");
}

#[test]
fn the_model_agrees_on_case_1() {
    differs_nowhere("1");
}

#[test]
fn the_model_agrees_on_case_2() {
    differs_nowhere("2");
}

#[test]
fn the_model_agrees_on_case_3() {
    differs_nowhere("3");
}

#[test]
fn the_example_cases() {
    let Some(comparer) = shared("cases/compare.py") else {
        return;
    };
    for case in ["a-small", "b-prefecture", "c-bad", "d-ucs2"] {
        let Some(case) = shared(&format!("cases/{case}")) else {
            continue;
        };
        let (expected, out) = (case.join("expected"), run_case(&case));
        let folders = [expected.to_str().unwrap(), out.path().to_str().unwrap()];
        let Some(done) = python(&comparer, &[&folders[..], &["--kinds", "UPD"]].concat()) else {
            return;
        };
        let words = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{}:\n{words}", case.display());
        assert!(words.contains(" 0 differences"), "{words}");
    }
}
