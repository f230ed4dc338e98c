//! `gen list`, `show`, `diff`, `compact`.

use super::town::{ANNA, BEN, CHIE, DORA, Town};

#[test]
fn the_list_has_one_line_a_generation_the_newest_first() {
    let town = Town::new();
    let list = town.json(&["gen", "list"]);
    let facts: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|g| {
            ["generation", "commit", "residents", "removed", "retired", "versions"]
                .map(|name| g[name].as_u64().unwrap())
        })
        .collect();
    assert_eq!(
        facts,
        [
            [3, 4, 3, 0, 1, 4],
            [2, 3, 2, 1, 1, 3],
            [1, 2, 3, 0, 0, 0],
            [0, 1, 0, 0, 0, 0]
        ]
    );
    assert_eq!(list[0]["business_date"], "2020-09-15");
    let text = town.run(&["gen", "list"]).good();
    let root = list[0]["roots"]["current"].as_str().unwrap();
    assert_eq!(text.lines().count(), 5);
    assert!(text.lines().nth(1).unwrap().ends_with(root.split_at(12).0), "{text}");
    let ja = town.run(&["--lang", "ja", "gen", "list"]).good();
    assert!(ja.contains("業務日") && !text.contains("業務日"));
    assert_eq!(Town::empty().json(&["gen", "list"]), serde_json::json!([]));
}

#[test]
fn one_generation_shows_roots_in_full_and_its_runs() {
    let town = Town::new();
    let shown = town.json(&["gen", "show", "2"]);
    let list = town.json(&["gen", "list"]);
    assert_eq!(shown["roots"], list[1]["roots"]);
    assert_eq!(shown["counts"]["numbers"], 3);
    // Two commits wrote entries, one versions, one numbers.
    let runs: Vec<_> = shown["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| {
            (
                t["table"].as_str().unwrap(),
                t["runs"].as_u64().unwrap(),
                t["rows"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        runs,
        [
            ("current", 2, 7),
            ("history", 1, 3),
            ("numbers", 1, 3),
            ("notices", 0, 0),
            ("identities", 0, 0)
        ]
    );
    assert_eq!(shown["registers"][0]["name"], "parties");
    for (lang, word) in [("ja", "旧版のルート"), ("en", "root of the history")] {
        let text = town.run(&["--lang", lang, "gen", "show", "2"]).good();
        assert!(
            text.contains(word) && text.contains(shown["roots"]["history"].as_str().unwrap()),
            "{text}"
        );
    }
    let fault = town.fails(&["gen", "show", "9"], 2);
    assert_eq!(
        (&fault["fault"], &fault["args"]["generation"]),
        (&"GenerationUnknown".into(), &"9".into())
    );
}

#[test]
fn a_difference_names_codes_and_items_but_no_value() {
    let town = Town::new();
    let diff = town.json(&["gen", "diff", "1", "2"]);
    assert_eq!(
        diff["codes"],
        serde_json::json!([
            {"code": ANNA, "kind": "changed", "items": [7, 10, 18]},
            {"code": BEN, "kind": "removed", "items": [10, 11, 12, 18, 21]},
            {"code": CHIE, "kind": "retired", "items": []},
            {"code": DORA, "kind": "added", "items": []},
        ])
    );
    assert_eq!(
        diff["counts"],
        serde_json::json!({"added": 1, "changed": 1, "removed": 1, "returned": 0, "retired": 1, "erased": 0})
    );
    let text = town.run(&["gen", "diff", "1", "2"]).good();
    assert!(text.contains("changed  7 10 18") && !text.contains("秋田"), "{text}");
    let back = town.json(&["gen", "diff", "2", "3"]);
    assert_eq!(back["codes"][0]["kind"], "returned");
    assert_eq!(town.json(&["gen", "diff", "2", "2"])["codes"], serde_json::json!([]));
    assert_eq!(town.json(&["gen", "diff", "2", "1"])["counts"]["erased"], 1);
    let unknown = town.run(&["--json", "gen", "diff", "1", "7"]);
    assert_eq!((unknown.code(), unknown.out().as_str()), (2, ""));
}

#[test]
fn a_compaction_keeps_generation_and_roots_and_stands_in_the_ledger() {
    let town = Town::new();
    let before = town.json(&["gen", "show", "3"]);
    let export = town.run(&["master", "export"]).good();
    let done = town.json(&["--business-date", "2020-09-16", "gen", "compact"]);
    let done = &done["compacted"];
    assert_eq!(
        (done["commit"].as_u64(), done["generation"].as_u64()),
        (Some(5), Some(3))
    );
    // Entries in three runs, versions in two, numbers in one.
    assert_eq!(
        (done["runs_before"].as_u64(), done["runs_after"].as_u64()),
        (Some(6), Some(3))
    );
    let after = town.json(&["gen", "show", "3"]);
    assert_eq!(
        (&after["roots"], &after["counts"]),
        (&before["roots"], &before["counts"])
    );
    assert_eq!(
        (&after["commit"], &after["business_date"]),
        (&5.into(), &"2020-09-16".into())
    );
    assert_eq!(town.run(&["master", "export"]).good(), export);
    let leaf = town.json(&["ledger", "list", "--act", "compacted"]);
    assert_eq!(leaf.as_array().unwrap().len(), 1);
    let leaf = &leaf[0]["leaf"];
    assert_eq!(leaf["counts"], serde_json::json!({"runs_before": 6, "runs_after": 3}));
    assert_eq!(leaf["generation_after"]["current"], after["roots"]["current"]);
    assert_eq!(leaf["generation_before"], leaf["generation_after"]);
    assert_eq!(leaf["heads"]["manifest"], after["manifest_sha256"]);
    assert_eq!(town.json(&["gen", "verify", "--full"])["bad"], serde_json::json!([]));
    // Older generations are still there, and there is nothing left to do.
    assert_eq!(town.json(&["gen", "diff", "1", "2"])["counts"]["changed"], 1);
    assert_eq!(town.json(&["gen", "compact"]), serde_json::json!({"compacted": null}));
    assert_eq!(town.run(&["gen", "compact"]).good(), "nothing to compact\n");
}

#[test]
fn a_compaction_is_refused_for_an_earlier_day_and_while_another_process_works() {
    let town = Town::new();
    let fault = town.fails(&["--business-date", "2020-09-14", "gen", "compact"], 4);
    assert_eq!(fault["fault"], "DateBackward");
    town.with_site(|_| {
        assert_eq!(town.fails(&["gen", "compact"], 6)["fault"], "SiteBusy");
        // Reading goes on meanwhile.
        assert_eq!(town.json(&["gen", "list"]).as_array().unwrap().len(), 4);
        Ok(())
    });
    assert_eq!(town.json(&["gen", "list"])[0]["commit"], 4);
}
