//! The rooms of the house: who may name whom, file sizes, documentation at the top of each file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{UseTree, parse_file};

/// A room may name itself and the rooms in its row. `docs/design.md` explains the table.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("domain", &["text"]),
    ("ports", &["domain"]),
    ("format", &["text", "domain"]),
    ("seal", &["domain", "format"]),
    ("pipeline", &["text", "domain", "format", "seal"]),
    ("store", &["domain", "ports", "format", "seal"]),
    (
        "run",
        &["text", "domain", "ports", "format", "seal", "pipeline", "store"],
    ),
    ("report", &["text", "domain", "run"]),
    ("os", &["domain", "ports"]),
    ("cli", &["text", "domain", "ports", "os", "run", "report"]),
    ("main", &["cli"]),
];

/// Steps of the pipeline in flow order; a step may name itself and the steps before it.
const STEPS: &[&str] = &[
    "access",
    "intake",
    "decode",
    "check",
    "plan",
    "apply",
    "match",
    "reconcile",
    "emit",
    "journal",
    "retain",
];

/// Longest file, in lines: what a reader can hold in mind.
const LINES_MAX: usize = 500;

struct Names {
    here: Vec<String>,
    found: Vec<Vec<String>>,
}

impl Names {
    fn note(&mut self, path: &[String]) {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let absolute = match path.first().map(String::as_str) {
            Some("crate" | "sekisho") => path[1..].to_vec(),
            Some("super") => [&self.here[..self.here.len().saturating_sub(ups)], &path[ups..]].concat(),
            _ => return,
        };
        if !absolute.is_empty() {
            self.found.push(absolute);
        }
    }

    fn note_use(&mut self, tree: &UseTree, before: &[String]) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.note_use(&path.tree, &with(path.ident.to_string())),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.note_use(item, before)),
            UseTree::Name(name) => self.note(&with(name.ident.to_string())),
            UseTree::Rename(name) => self.note(&with(name.ident.to_string())),
            UseTree::Glob(_) => self.note(&with("*".to_owned())),
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_use(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.note(&parts);
        visit::visit_path(self, path);
    }

    /// Bodies of macros are tokens to `syn`, so they are read as text.
    fn visit_macro(&mut self, body: &'ast syn::Macro) {
        let text: String = body.tokens.to_string().split_whitespace().collect();
        for root in ["crate::", "super::"] {
            for (at, _) in text.match_indices(root) {
                let chain: String = text
                    .split_at(at)
                    .1
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
                    .collect();
                let parts: Vec<String> = chain
                    .split("::")
                    .filter(|part| !part.is_empty())
                    .map(str::to_owned)
                    .collect();
                self.note(&parts);
            }
        }
        visit::visit_macro(self, body);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.here.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.here.pop();
    }
}

fn rust_files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, out);
        } else if path.extension().is_some_and(|end| end == "rs") {
            out.push(path);
        }
    }
}

/// What is wrong with one file whose module path is `module`.
fn faults(module: &[&str], text: &str) -> Vec<String> {
    let mut out = Vec::new();
    if !text.starts_with("//!") {
        out.push("does not begin with a module doc".to_owned());
    }
    if text.lines().count() > LINES_MAX {
        out.push(format!("is over {LINES_MAX} lines"));
    }
    let room = module[0];
    if room == "lib" {
        return out;
    }
    let rows: BTreeMap<&str, &[&str]> = MAY_NAME.iter().copied().collect();
    let Some(below) = rows.get(room) else {
        out.push(format!("{room} is no room of the table"));
        return out;
    };
    let mut names = Names {
        here: module.iter().map(|part| (*part).to_owned()).collect(),
        found: Vec::new(),
    };
    names.visit_file(&parse_file(text).unwrap());
    for path in names.found {
        let first = path[0].as_str();
        if first != room && !below.contains(&first) {
            out.push(format!("{room} may not name {first}"));
        }
        if let (["pipeline", here, ..], Some(there), "pipeline") = (module, path.get(1), first) {
            let step = |name: &str| STEPS.iter().position(|step| *step == name);
            if step(here).is_none() || step(there).is_none() || step(there) > step(here) {
                out.push(format!("step {here} may not name {there}"));
            }
        }
    }
    out
}

#[test]
fn every_file_names_only_what_is_below_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    assert!(files.len() > MAY_NAME.len(), "too few files to mean anything");
    let mut report = Vec::new();
    for file in files {
        let shown = file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        let mut module: Vec<&str> = shown.trim_end_matches(".rs").split('/').collect();
        module.pop_if(|last| *last == "mod");
        report.extend(
            faults(&module, &fs::read_to_string(&file).unwrap())
                .into_iter()
                .map(|f| format!("{shown}: {f}")),
        );
    }
    assert!(report.is_empty(), "\n{}", report.join("\n"));
}

#[test]
fn the_table_has_no_cycle() {
    for (index, (room, below)) in MAY_NAME.iter().enumerate() {
        for name in *below {
            assert!(
                MAY_NAME[..index].iter().any(|(above, _)| above == name),
                "{room} names {name}"
            );
        }
    }
}

#[test]
fn the_checker_refuses_and_permits() {
    for (module, code, want) in [
        ("domain/ids", "use crate::store::x::T;", "domain may not name store"),
        (
            "domain/ids",
            "use super::super::store::x::T;",
            "domain may not name store",
        ),
        (
            "domain/ids",
            "mod t { use super::super::super::store::T; }",
            "domain may not name store",
        ),
        ("domain/ids", "use crate::*;", "domain may not name *"),
        (
            "domain/ids",
            "fn f() { vec![crate::store::T]; }",
            "domain may not name store",
        ),
        (
            "format/record",
            "use crate::{domain::items, run::c};",
            "format may not name run",
        ),
        ("run/commit", "fn f(_: crate::os::Disk) {}", "run may not name os"),
        ("ports", "use super::store::T;", "ports may not name store"),
        ("extra", "", "extra is no room of the table"),
        (
            "pipeline/decode",
            "use crate::pipeline::plan::T;",
            "step decode may not name plan",
        ),
        (
            "pipeline/check/items",
            "use super::super::emit::T;",
            "step check may not name emit",
        ),
        ("domain/ids", "use super::items::T;", ""),
        ("domain/ids", "mod tests { use super::*; }", ""),
        ("pipeline/plan", "use super::check::T; use crate::domain::items;", ""),
        ("main", "fn f() { sekisho::cli::main() }", ""),
        ("main", "fn f() { sekisho::run::main() }", "main may not name run"),
    ] {
        let module: Vec<&str> = module.split('/').collect();
        assert_eq!(
            faults(&module, &format!("//! Doc.\n{code}\n")).join("; "),
            want,
            "{code}"
        );
    }
}

#[test]
fn every_test_file_is_part_of_the_one_binary() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(
            module == "main" || main.contains(&format!("mod {module};")),
            "{name} is not declared in main.rs"
        );
    }
}

#[test]
fn the_page_of_dependencies_names_each_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let page = fs::read_to_string(root.join("docs/dependencies.md")).unwrap();
    let names = |table: &str| -> BTreeSet<String> {
        let (_, rest) = manifest.split_once(&format!("\n[{table}]\n")).unwrap();
        let lines = rest.lines().take_while(|line| !line.starts_with('['));
        lines
            .filter_map(|line| line.split_once(" = "))
            .map(|(name, _)| name.to_owned())
            .collect()
    };
    let listed: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .flat_map(|(cell, _)| cell.split(", "))
        .filter(|name| *name != "crate")
        .map(str::to_owned)
        .collect();
    assert_eq!(listed, names("dependencies"));
    let (_, rest) = page.split_once("Only for tests:").unwrap();
    let paragraph = rest.split("\n\n").next().unwrap();
    for name in names("dev-dependencies") {
        assert!(paragraph.contains(&name), "{name} is not on the page");
    }
}
