//! What an operator writes: layouts and `sekisho.toml`.

use sekisho::domain::party::{Encoding, FileKind};
use sekisho::format::config::Config;
use sekisho::format::exchange::{HashRule, LineEnd, ParsedFile};
use sekisho::format::layout::{Layout, builtin_text, markdown};

use super::{Target, exchange, line_within, plain};

pub(crate) const LAYOUT: Target = Target {
    name: "layout",
    check: layout,
    seeds: || {
        FileKind::ALL
            .into_iter()
            .map(|kind| builtin_text(kind).as_bytes().to_vec())
            .collect()
    },
    words: &[
        "offset = ",
        "length = ",
        "type = ",
        "name = ",
        "item = ",
        "meaning = ",
        "\"N\"",
        "\"X\"",
        "\"9\"",
        "\"V\"",
        "fields = [",
        "record_bytes = ",
        "filler",
        "\\u001b",
        "[header]",
        "[data]",
        "[trailer]",
        "[end]",
        "kind = ",
    ],
};

pub(crate) const CONFIG: Target = Target {
    name: "config",
    check: config,
    seeds: || {
        use sekisho::format::config::{Environment, UnlockBy};
        let template = |by| Config::template("050008", "秋田県", Environment::Training, "N0000001", by).into_bytes();
        vec![
            template(UnlockBy::KeyFile),
            template(UnlockBy::Passphrase),
            template(UnlockBy::Credentials),
        ]
    },
    words: &[
        "format = 1\n",
        "[site]",
        "[keys]",
        "[intake]",
        "[run]",
        "unlock_file = ",
        "quiet_seconds = ",
        "poll_seconds = ",
        "\"\"\"",
        "\\u001b[2J",
        "\\U0001F600",
    ],
};

fn layout(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let faults = Layout::lint(text, "x.toml");
    for fault in &faults {
        line_within(data, u64::from(fault.line));
        assert!(fault.column as usize <= text.chars().count() + 1);
        plain(&fault.kind);
        plain(fault);
    }
    match Layout::parse(text, "x.toml") {
        Ok(layout) => {
            assert!(faults.is_empty(), "lint finds a fault in what parses: {faults:?}");
            let canonical = layout.canonical_text();
            assert!(canonical.len() <= data.len() * 16 + 4096);
            assert!(!markdown(&layout).is_empty());
            usable(layout);
        }
        Err(fault) => assert!(faults.contains(&fault), "{fault}"),
    }
}

/// Files of a layout that parses can be made and read.
fn usable(layout: Layout) {
    let kind = layout.kind();
    let mut layouts = exchange::layouts().clone();
    layouts.replace(layout);
    let head = sekisho::format::exchange::SampleHead {
        party: sekisho::domain::ids::PartyId::parse("052019").unwrap(),
        own: sekisho::domain::ids::PartyId::parse("050008").unwrap(),
        serial: 1,
        day: sekisho::domain::instant::BusinessDate::parse("2020-09-14").unwrap(),
        encoding: Encoding::Cp932,
        line_end: LineEnd::None,
    };
    // A layout may be too narrow for the values of the sample.
    if let Ok(file) = sekisho::format::exchange::sample(layouts.get(kind), &head) {
        ParsedFile::parse(&file, &layouts, HashRule::Required).expect("the sample of a layout is a file of it");
    }
}

fn config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Config::parse(text) {
        Ok(config) => {
            let (id, body) = (config.id.to_string(), config.national_body.to_string());
            let again = Config::template(&id, &config.name, config.environment, &body, config.unlock);
            let again = Config::parse(&again).expect("the settings of a new site can be read");
            assert_eq!(
                (again.id, again.national_body, again.unlock),
                (config.id, config.national_body, config.unlock)
            );
            assert!(again.name.len() <= config.name.len());
        }
        Err(fault) => {
            line_within(data, fault.line as u64);
            assert!(fault.column <= text.chars().count() + 1);
            plain(&fault);
        }
    }
}
