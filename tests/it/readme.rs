//! The README says what is so: exit codes, commands, links, and the six commands on the demonstration site.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use clap::{CommandFactory as _, Parser as _};
use sekisho::cli::args::Cli;
use sekisho::domain::fault::Class;

const README: &str = include_str!("../../README.md");
const DEMO: &str = "/tmp/sekisho-demo";

/// The lines between a heading and the next one.
fn section(heading: &str) -> Vec<&'static str> {
    let lines = README.lines().skip_while(|line| *line != heading).skip(1);
    let lines: Vec<_> = lines.take_while(|line| !line.starts_with("## ")).collect();
    assert!(!lines.is_empty(), "no section {heading}");
    lines
}

/// The cells of the table in a section, without its head.
fn table(heading: &str) -> Vec<Vec<&'static str>> {
    let rows = section(heading).into_iter().filter_map(|line| line.strip_prefix("| "));
    rows.skip(1)
        .map(|row| row.trim_end_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// The words of a command line, and the comment behind it.
fn words(line: &str) -> (Vec<&str>, &str) {
    let (command, comment) = line.split_once(" #").unwrap_or((line, ""));
    (command.split_whitespace().collect(), comment)
}

/// The command lines of all code blocks, from the name of the program on.
fn command_lines() -> Vec<&'static str> {
    let blocks = README.split("```").skip(1).step_by(2);
    let lines = blocks.flat_map(|block| block.strip_prefix("sh\n").unwrap_or("").lines());
    lines
        .filter(|line| line.starts_with("sekisho ") || line.starts_with("cargo run "))
        .collect()
}

#[test]
fn the_table_of_exit_codes_is_that_of_the_program() {
    let source = include_str!("../../src/domain/fault.rs");
    let rows = table("## Exit codes (終了コード)");
    assert_eq!(rows.len(), Class::ALL.len());
    for (row, class) in rows.iter().zip(Class::ALL) {
        let code = class.exit_code();
        assert_eq!(row[0], code.to_string());
        assert_eq!(row[1], format!("`{class:?}`"));
        let doc = format!("/// {code}: {}.\n    {class:?},", row[2]);
        assert!(source.contains(&doc), "{doc}");
        assert_eq!(row.len(), 4);
    }
}

#[test]
fn every_command_line_can_be_typed() {
    let lines = command_lines();
    assert!(lines.len() > 10, "{lines:?}");
    for line in lines {
        let (typed, _) = words(line);
        let first = typed.iter().position(|word| matches!(*word, "sekisho" | "--")).unwrap();
        let typed = std::iter::once("sekisho").chain(typed[first + 1..].iter().copied());
        if let Err(fault) = Cli::try_parse_from(typed) {
            panic!("{line}\n{fault}");
        }
    }
}

#[test]
fn the_table_of_commands_is_that_of_the_program() {
    let cli = Cli::command();
    let given: BTreeMap<String, Vec<String>> = cli
        .get_subcommands()
        .map(|command| {
            let below = command.get_subcommands().map(|below| below.get_name().to_owned());
            (command.get_name().to_owned(), below.collect())
        })
        .collect();
    let quoted = |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let told: BTreeMap<String, Vec<String>> = table("## Commands")
        .iter()
        .map(|row| (quoted(row[0])[0].clone(), quoted(row[1])))
        .collect();
    assert_eq!(told, given);
}

#[test]
fn every_link_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let links: Vec<&str> = README
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    assert!(links.len() > 10);
    for link in links {
        assert!(root.join(link).exists(), "{link}");
    }
}

#[test]
fn the_six_commands_work_on_the_demonstration() {
    let folder = tempfile::tempdir().unwrap();
    let demo = folder.path().join("demo");
    let demo = demo.to_str().unwrap();
    let run = |arguments: &[String]| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        let output = program.env("LANG", "C.UTF-8").args(arguments).output().unwrap();
        (output.status.code().unwrap(), output)
    };
    assert_eq!(run(&["demo".to_owned(), demo.to_owned()]).0, 0);
    let mut count = 0;
    for line in command_lines() {
        if !line.starts_with(&format!("sekisho --site {DEMO}/site ")) {
            continue;
        }
        let (typed, comment) = words(line);
        let arguments: Vec<String> = typed[1..].iter().map(|word| word.replace(DEMO, demo)).collect();
        let (code, output) = run(&arguments);
        let told = comment.trim().strip_prefix("exit code ");
        let told = told.and_then(|rest| rest.split(':').next()).unwrap_or("0");
        assert_eq!(
            code.to_string(),
            told,
            "{line}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(!output.stdout.is_empty(), "{line}");
        count += 1;
    }
    assert_eq!(count, 6);
}
