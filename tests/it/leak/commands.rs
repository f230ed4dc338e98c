//! The table of all commands: what each may print of a person, and that it prints nothing else.

use std::collections::BTreeSet;

use clap::CommandFactory as _;
use sekisho::cli::args::Cli;

use super::canary::Canaries;
use super::place::{Place, person};
use crate::desk::files::{AKITA, DAY, NATIONAL, NOSHIRO, OWN};

/// What a command may print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prints {
    /// Nothing of any person.
    Nothing,
    /// The person that was asked for: its purpose. On standard output alone.
    Person,
    /// Its own test is in `process`.
    TestedThere,
}
use Prints::{Nothing, Person, TestedThere};

/// The commands in the order in which they are run: name, what it may print, exit code, arguments behind the name. What is
/// between `{}` is a file beside the site.
#[rustfmt::skip]
const TABLE: &[(&str, Prints, i32, &[&str])] = &[
    ("plan", Nothing, 3, &["--business-date", DAY]),
    ("run", Nothing, 3, &["--business-date", DAY]),
    ("run", Nothing, 3, &["--business-date", DAY, "--threads", "1"]),
    ("status", Nothing, 3, &[]),
    ("held list", Nothing, 3, &[]),
    ("held show", Nothing, 0, &["{held}"]),
    ("held release", Nothing, 0, &["{released}", "--business-date", DAY]),
    ("held drop", Nothing, 0, &["{held}", "--business-date", DAY]),
    ("check", Nothing, 4, &["{upd}", "--business-date", DAY]),
    ("check", Nothing, 4, &["{cut}", "--business-date", DAY]),
    ("explain", Nothing, 0, &["{upd}", "1", "--business-date", DAY, "--generation", "1"]),
    ("explain", Person, 0, &["{upd}", "1", "--business-date", DAY, "--generation", "2", "--values"]),
    ("gen list", Nothing, 0, &[]),
    ("gen show", Nothing, 0, &["2"]),
    ("gen diff", Person, 0, &["1", "2"]),
    ("gen verify", Nothing, 0, &["--full"]),
    ("gen prune", Nothing, 0, &["--plan"]),
    ("gen prune", Nothing, 0, &["--business-date", DAY]),
    ("gen compact", Nothing, 0, &["--business-date", DAY]),
    ("master show", Person, 0, &["{code}"]),
    ("master history", Person, 0, &["{code}", "--full"]),
    ("master as-of", Person, 0, &["{code}", "2020-09-14T09:05:00"]),
    ("master export", Person, 0, &[]),
    ("master export", Nothing, 0, &["--out", "{rows.csv}"]),
    ("master stats", Nothing, 0, &[]),
    ("ledger list", Nothing, 0, &[]),
    ("ledger show", Nothing, 0, &["5"]),
    ("ledger verify", Nothing, 0, &[]),
    ("ledger checkpoint", Nothing, 0, &[]),
    ("party import", Nothing, 0, &["{parties.csv}", "--business-date", DAY]),
    ("party add", Nothing, 0, &["053031", "--kind", "municipality", "--name", "小坂町", "--from", "2020-01-01", "--business-date", DAY]),
    ("party key", Nothing, 0, &[NOSHIRO, "--sealed-only", "--business-date", DAY]),
    ("party arrival", Nothing, 0, &[NOSHIRO, "polls:2", "--business-date", DAY]),
    ("party end", Nothing, 0, &["053031", "2030-01-01", "--business-date", DAY]),
    ("party list", Nothing, 0, &[]),
    ("key generate", Nothing, 0, &["{new-keys}", "--owner", AKITA]),
    ("key show", Nothing, 0, &["{new-keys}"]),
    ("key trust", Nothing, 0, &["{new-keys}", OWN, "{site-key}"]),
    ("key list", Nothing, 0, &["--publish"]),
    ("seal", Nothing, 0, &["{upd}", "--to", AKITA, "--out", "{sealed}", "--business-date", DAY]),
    ("seal", Nothing, 0, &["{upd}", "--to", OWN, "--keys", "{new-keys}", "--out", "{sealed-by-party}"]),
    ("open", Nothing, 0, &["{answer}", "--keys", "{akita-keys}"]),
    ("open", Nothing, 0, &["{answer}", "--keys", "{akita-keys}", "--out", "{opened}"]),
    ("open", Person, 0, &["{answer}", "--keys", "{akita-keys}", "--as", "csv"]),
    ("layout lint", Nothing, 0, &["{layout}"]),
    ("layout doc", Nothing, 0, &[]),
    ("layout sample", Nothing, 0, &["UPD", "{}"]),
    ("rules show", Nothing, 0, &[]),
    ("init", Nothing, 0, &["{other-site}", "--business-date", DAY]),
    ("demo", Nothing, 0, &["{demo}", "--residents", "300", "--days", "1"]),
    ("watch", TestedThere, 0, &[]),
];

/// Names of all commands, as clap knows them.
fn commands() -> BTreeSet<String> {
    fn leaves(command: &clap::Command, before: &str, found: &mut BTreeSet<String>) {
        for below in command.get_subcommands() {
            let name = format!("{before} {}", below.get_name());
            if below.has_subcommands() {
                leaves(below, &name, found);
            } else {
                found.insert(name.trim_start().to_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    leaves(&Cli::command(), "", &mut found);
    found
}

#[test]
fn every_command_has_a_row() {
    let rows: BTreeSet<String> = TABLE.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(rows, commands());
    let persons: BTreeSet<&str> = TABLE
        .iter()
        .filter(|(_, prints, ..)| *prints == Person)
        .map(|(name, ..)| *name)
        .collect();
    // Named in the README as the commands that are made to show personal data.
    assert_eq!(
        persons.into_iter().collect::<Vec<_>>(),
        [
            "explain",
            "gen diff",
            "master as-of",
            "master export",
            "master history",
            "master show",
            "open"
        ]
    );
}

#[test]
fn no_command_prints_or_leaves_what_it_is_not_made_for() {
    let place = Place::new();
    place.file(
        "upd",
        &std::fs::read(place.desk.inbound(AKITA).join("UPD-052019-050008-00000002.dat")).unwrap(),
    );
    place.file("cut", &std::fs::read(place.desk.path("upd")).unwrap()[..2000]);
    place.file("layout", include_bytes!("../../../src/format/layouts/upd.toml"));
    let keys = &place.desk.parties[AKITA];
    save_keys(&place, keys);
    let mut shown = BTreeSet::new();
    for (name, prints, code, args) in TABLE {
        if *prints == TestedThere {
            continue;
        }
        let args: Vec<String> = args.iter().map(|arg| filled(&place, arg)).collect();
        let words: Vec<&str> = name.split(' ').chain(args.iter().map(String::as_str)).collect();
        let output = place.run(&words);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(*code), "{words:?}: {text}");
        let read_only = ![
            "run", "drop", "release", "generate", "prune", "init", "demo", "compact", "--out", "sample",
        ]
        .iter()
        .any(|word| words.contains(word));
        let mut outputs = vec![output];
        if read_only {
            outputs.push(place.run(&[&["--json"], &words[..]].concat()));
            outputs.push(in_japanese(&place, &words));
        }
        for output in outputs {
            if *prints == Person {
                shown.extend(place.canaries.found(&output.stdout).into_iter().map(str::to_owned));
            } else {
                place
                    .canaries
                    .none_in(&format!("the output of {words:?}"), &output.stdout);
            }
        }
    }
    // The search would have found it: the commands that may show persons do.
    for what in [
        "name (as it is)",
        "code (as it is)",
        "number (as it is)",
        "address (as it is)",
        "birth date (as it is)",
    ] {
        assert!(shown.contains(what), "{what}: {shown:?}");
    }
    assert!(!shown.iter().any(|what| what.contains("key")), "{shown:?}");
    place.nothing_at_rest();
    demonstration(&place);
}

/// The people of the demonstration are in no file of its site, and in nothing that it prints.
fn demonstration(place: &Place) {
    let site = place.path("demo/site");
    let export = |what: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command
            .env_clear()
            .args(["--site", &site, "--lang", "en"])
            .args(what.split(' '));
        command.output().unwrap().stdout
    };
    let rows = export("master export");
    let mut reader = csv::Reader::from_reader(&rows[..]);
    let heads = reader.headers().unwrap().clone();
    let column = |name: &str| {
        heads
            .iter()
            .position(|head| head == name)
            .unwrap_or_else(|| panic!("{name}: {heads:?}"))
    };
    let (code, name, number) = (column("jumin_code"), column("kanji_name"), column("my_number"));
    let mut people = Canaries::default();
    for row in reader.records().take(60) {
        let row = row.unwrap();
        people = people.number("code", &row[code]).text("name", &row[name]);
        if !row[number].is_empty() {
            people = people.number("number", &row[number]);
        }
    }
    assert!(people.found(&rows).len() > 2);
    for what in ["status", "held list", "gen list", "ledger list", "gen verify --full"] {
        people.none_in(what, &export(what));
    }
    let inbound = place.desk.path("demo/site/in");
    people.none_below(&place.desk.path("demo/site"), &|path| path.starts_with(&inbound));
}

/// The same in Japanese: the desk itself asks for English.
fn in_japanese(place: &Place, words: &[&str]) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command
        .env_clear()
        .env("TMPDIR", place.path("tmp"))
        .args(["--lang", "ja", "--site"]);
    command.arg(place.desk.root()).args(words).output().unwrap()
}

/// The keys of a party as a file, as `key generate` makes them.
fn save_keys(place: &Place, keys: &sekisho::seal::keys::PartySecrets) {
    use std::os::unix::fs::PermissionsExt as _;

    use chacha20::ChaCha20Rng;
    use rand_core::SeedableRng as _;
    use sekisho::seal::keys::{Unlock, generate_unlock_key, unlock_key_file};

    let mut rng = ChaCha20Rng::from_seed([4; 32]);
    let unlock = generate_unlock_key(&mut rng);
    let file = keys.to_file_bytes(&Unlock::Key(unlock.clone()), &mut rng).unwrap();
    for (name, bytes) in [
        ("akita-keys", file),
        ("akita-keys.unlock", unlock_key_file(&unlock).as_bytes().to_vec()),
    ] {
        let path = place.file(name, &bytes);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let mut site_key = String::new();
    place.desk.look(|site| site_key = site.secrets.package_signer.vkey());
    place.file("akita-keys.trust", format!("{OWN} {site_key}\n").as_bytes());
}

/// An argument of the table.
fn filled(place: &Place, arg: &str) -> String {
    let Some(name) = arg.strip_prefix('{').and_then(|arg| arg.strip_suffix('}')) else {
        return arg.to_owned();
    };
    let held = |code: &str| {
        let list = place.desk.json(&["held", "list"], 3);
        let of = list.as_array().unwrap().iter().find(|held| held["code"] == code);
        of.unwrap_or_else(|| panic!("{code}: {list}"))["id"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    match name {
        "code" => person(0).0,
        "held" => held("H07"),
        "released" => held("H05"),
        "site-key" => {
            let mut key = String::new();
            place.desk.look(|site| key = site.secrets.package_signer.vkey());
            key
        }
        "answer" => {
            let folder = place.desk.root().join("out").join(AKITA);
            let names = crate::desk::names(&folder);
            let answer = names.iter().find(|name| name.ends_with("2.dat.seki")).unwrap();
            folder.join(answer).to_str().unwrap().to_owned()
        }
        _ => place.path(name),
    }
}

#[test]
fn the_notices_of_the_national_body_are_sealed_too() {
    let place = Place::new();
    place.pass();
    let folder = place.desk.root().join("out").join(NATIONAL);
    assert!(!crate::desk::names(&folder).is_empty());
    place.nothing_at_rest();
}
