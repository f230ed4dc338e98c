//! `gen verify` and `ledger verify` on sound sites and on damaged ones: the first bad object is named.

use std::path::Path;

use super::town::{Town, flip};

fn fault_of(town: &Town, args: &[&str]) -> (String, String) {
    let fault = town.fails(args, 8);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (text(&fault["args"]["object"]), text(&fault["args"]["why"]))
}

fn shown(town: &Town, path: &Path) -> String {
    path.strip_prefix(town.root()).unwrap().to_str().unwrap().to_owned()
}

#[test]
fn a_sound_site_is_sound_at_both_depths() {
    let town = Town::new();
    for (args, depth) in [
        (vec!["gen", "verify"], "quick"),
        (vec!["gen", "verify", "--quick"], "quick"),
        (vec!["gen", "verify", "--full"], "full"),
        (vec!["gen", "verify", "--slice", "2/5"], "slice"),
    ] {
        let found = town.json(&args);
        assert_eq!(found["depth"], depth);
        assert_eq!(
            (&found["manifests"], &found["runs"], &found["files"]),
            (&4.into(), &6.into(), &0.into())
        );
        assert_eq!(found["bad"], serde_json::json!([]));
    }
    for wrong in [
        vec!["--quick", "--full"],
        vec!["--slice", "1/2", "--full"],
        vec!["--slice", "0/2"],
        vec!["--slice", "3/2"],
        vec!["--slice", "2"],
    ] {
        assert_eq!(
            town.run(&[&["gen", "verify"], wrong.as_slice()].concat()).code(),
            2,
            "{wrong:?}"
        );
    }
    let shown = town.run(&["--lang", "ja", "gen", "verify", "--slice", "2/5"]).good();
    assert!(shown.contains("分割検証 2/5"), "{shown}");
    for (lang, word) in [("ja", "破損はありません"), ("en", "nothing is bad")] {
        assert!(town.run(&["--lang", lang, "gen", "verify"]).good().contains(word));
        assert!(town.run(&["--lang", lang, "ledger", "verify"]).good().contains(word));
    }
    Town::empty().json(&["gen", "verify", "--full"]);
}

#[test]
fn a_run_that_is_cut_or_changed_is_named() {
    let town = Town::new();
    let run = town.file_in("store/runs", ".run");
    let name = shown(&town, &run);
    let len = usize::try_from(std::fs::metadata(&run).unwrap().len()).unwrap();
    let whole = std::fs::read(&run).unwrap();
    // A block in the middle: only the full depth reads it.
    flip(&run, len / 3);
    assert_eq!(fault_of(&town, &["gen", "verify", "--full"]).0, name);
    let ran = town.run(&["gen", "verify", "--full"]);
    assert!(ran.out().contains(&format!("bad: {name}: ")), "{}", ran.out());
    // A cut one: the quick depth finds it as well, though the site itself does not open any more.
    std::fs::write(&run, &whole[..len - 1]).unwrap();
    for args in [["gen", "verify", "--quick"], ["gen", "verify", "--full"]] {
        assert_eq!(fault_of(&town, &args).0, name);
    }
    town.fails(&["gen", "list"], 8);
    std::fs::remove_file(&run).unwrap();
    assert_eq!(fault_of(&town, &["gen", "verify"]).0, name);
}

#[test]
fn manifest_pointer_and_register_are_named() {
    let town = Town::new();
    for object in [
        "store/manifests/0000000002.json",
        "store/CURRENT",
        "registers/parties.jsonl",
    ] {
        let path = town.path(object);
        let whole = std::fs::read(&path).unwrap();
        flip(&path, whole.len() / 2);
        assert_eq!(fault_of(&town, &["gen", "verify"]).0, object);
        std::fs::write(&path, whole).unwrap();
    }
    town.json(&["gen", "verify"]);
}

#[test]
fn an_older_pointer_put_back_is_found_by_the_ledger() {
    let town = Town::new();
    let old = std::fs::read(town.path("store/CURRENT")).unwrap();
    town.json(&["--business-date", "2020-09-16", "gen", "compact"]);
    std::fs::write(town.path("store/CURRENT"), old).unwrap();
    let (object, why) = fault_of(&town, &["gen", "verify"]);
    assert_eq!(
        (object.as_str(), why.as_str()),
        ("store/CURRENT", "the ledger names another manifest")
    );
}

/// What is on record, and the damage of it, is in `tests/it/verified`: here nothing is.
#[test]
fn a_file_at_rest_that_nothing_names_is_named_by_the_commands() {
    let town = Town::new();
    for name in ["archive/2020/0022", "answers/0033"] {
        town.keep(name, b"content");
        for args in [["gen", "verify", "--quick"], ["gen", "verify", "--full"]] {
            assert_eq!(fault_of(&town, &args).0, name);
        }
        std::fs::remove_file(town.path(name)).unwrap();
    }
    // A spool copy whose original lies in the inbound folder still, and the rest of a crash.
    town.keep("spool/0011", b"content");
    std::fs::write(town.path("answers/0055.tmp"), "rest of a crash").unwrap();
    assert_eq!(
        town.json(&["gen", "verify", "--full"])["strays"],
        serde_json::json!(["spool/0011", "answers/0055.tmp"])
    );
}

#[test]
fn a_sound_ledger_shows_years_sizes_and_roots() {
    let town = Town::new();
    let report = town.json(&["ledger", "verify"]);
    let newest = town.json(&["ledger", "checkpoint"]);
    assert_eq!(
        report,
        serde_json::json!({
            "logs": [{"log": "2020", "size": 14, "root": newest["root"], "leftovers": []}],
            "earlier": null, "strays": [], "bad": null, "others": 0, "witnesses": [],
        })
    );
    // The next fiscal year begins a log of its own.
    town.json(&["--business-date", "2021-04-01", "gen", "compact"]);
    assert_eq!(town.json(&["ledger", "list"]).as_array().unwrap().len(), 2);
    assert_eq!(
        town.json(&["ledger", "list", "--log", "2020"])
            .as_array()
            .unwrap()
            .len(),
        14
    );
    assert_eq!(
        town.json(&["ledger", "show", "3", "--log", "2020"])["whole"]["act"],
        "outgoing"
    );
    for log in ["2019", "x"] {
        assert_eq!(town.fails(&["ledger", "list", "--log", log], 2)["fault"], "LogUnknown");
    }
    let report = town.json(&["ledger", "verify"]);
    let sizes: Vec<_> = report["logs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|log| (&log["log"], &log["size"]))
        .collect();
    assert_eq!(sizes, [(&"2021".into(), &2.into()), (&"2020".into(), &14.into())]);
    let text = town.run(&["ledger", "verify"]).good();
    assert!(text.lines().nth(2).unwrap().starts_with("2020  14"), "{text}");
}

#[test]
fn damage_to_the_ledger_is_named_with_its_index() {
    let town = Town::new();
    let entries = town.file_in("ledger/2020/tile/entries/000.p", "14");
    let private = town.file_in("ledger/2020/private", "3");
    for (path, byte, index) in [(&entries, 5, Some(0)), (&private, 200, Some(3))] {
        let whole = std::fs::read(path).unwrap();
        flip(path, byte);
        let ran = town.run(&["--json", "ledger", "verify"]);
        assert_eq!(ran.code(), 8);
        let report: serde_json::Value = serde_json::from_str(&ran.out()).unwrap();
        assert_eq!(report["bad"]["index"].as_u64(), index);
        let object = shown(&town, path);
        assert_eq!(
            format!("ledger/2020/{}", report["bad"]["object"].as_str().unwrap()),
            object
        );
        let fault: serde_json::Value = serde_json::from_str(&ran.err()).unwrap();
        assert_eq!(fault["fault"], "LedgerDamaged");
        assert!(
            fault["args"]["why"]
                .as_str()
                .unwrap()
                .starts_with(object.strip_prefix("ledger/").unwrap())
        );
        std::fs::write(path, whole).unwrap();
    }
    flip(&town.path("ledger/2020/checkpoint"), 3);
    assert_eq!(town.fails(&["ledger", "verify"], 8)["fault"], "LedgerDamaged");
    // The other verification says that the ledger is what is bad.
    assert_eq!(fault_of(&town, &["gen", "verify"]).0, "ledger/2020/checkpoint");
}

#[test]
fn a_private_part_that_does_not_open_ends_show_with_the_integrity_exit_code() {
    let town = Town::new();
    let private = town.file_in("ledger/2020/private", "3");
    flip(&private, 200);
    assert_eq!(town.fails(&["ledger", "show", "3"], 8)["fault"], "LedgerDamaged");
    std::fs::remove_file(&private).unwrap();
    assert_eq!(town.fails(&["ledger", "show", "3"], 8)["fault"], "LedgerDamaged");
}

#[test]
fn no_site_and_no_key_are_said_before_anything_is_read() {
    let town = Town::new();
    std::fs::rename(town.path("keys/unlock.key"), town.path("keys/elsewhere")).unwrap();
    for args in [
        ["gen", "verify"],
        ["ledger", "verify"],
        ["gen", "list"],
        ["master", "stats"],
    ] {
        assert_eq!(town.fails(&args, 5)["fault"], "KeysMissing");
    }
    std::fs::remove_file(town.path("sekisho.toml")).unwrap();
    for args in [["gen", "verify"], ["ledger", "verify"], ["ledger", "list"]] {
        assert_eq!(town.fails(&args, 2)["fault"], "SiteMissing");
    }
}
