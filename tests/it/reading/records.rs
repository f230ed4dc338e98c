//! `master show`, `history`, `as-of`, `export`, `stats`.

use std::os::unix::fs::PermissionsExt as _;

use super::town::{ADDRESS, ANNA, BEN, CHIE, DORA, NEW_ADDRESS, NOBODY, Town, flip};
use crate::shared::shared;

#[test]
fn a_record_shows_state_and_28_items_with_words() {
    let town = Town::new();
    let shown = town.json(&["master", "show", ANNA]);
    assert_eq!((&shown["state"], &shown["versions"]), (&"RS".into(), &1.into()));
    assert_eq!(shown["items"].as_object().unwrap().len(), 28);
    assert_eq!(shown["items"]["address"], NEW_ADDRESS);
    let en = town.run(&["master", "show", ANNA]).good();
    let ja = town.run(&["--lang", "ja", "master", "show", ANNA]).good();
    for (text, words) in [
        (
            &en,
            [
                "RS resident",
                "1974-09-11 (Showa 49)",
                "female",
                "秋田市",
                "change of address",
            ],
        ),
        (
            &ja,
            ["RS 住民", "1974-09-11（昭和49年）", "女", "秋田市", "タイムスタンプ"],
        ),
    ] {
        for word in words {
            assert!(text.contains(word), "{word}: {text}");
        }
    }
    // 28 items, their head, the state, the number of versions.
    assert_eq!((en.lines().count(), ja.lines().count()), (31, 31));
}

#[test]
fn earlier_generations_and_other_states_can_be_shown() {
    let town = Town::new();
    let ben = town.json(&["master", "show", BEN, "--generation", "2"]);
    assert_eq!(
        (&ben["state"], &ben["moved_out"]["confirmed"]),
        (&"MD".into(), &false.into())
    );
    let text = town
        .run(&["--lang", "ja", "master", "show", BEN, "--generation", "2"])
        .good();
    assert!(
        text.contains("国内転出による除票") && text.contains("転入通知なし"),
        "{text}"
    );
    let chie = town.json(&["master", "show", CHIE]);
    assert_eq!(
        chie,
        serde_json::json!({
            "code": CHIE, "state": "RT", "new_code": DORA, "items": null, "former_code": null, "moved_out": null, "versions": 1,
        })
    );
    assert!(
        town.run(&["master", "show", CHIE])
            .good()
            .contains(&format!("→ {DORA}"))
    );
    assert_eq!(town.json(&["master", "show", DORA])["former_code"], CHIE);
    assert_eq!(
        town.fails(&["master", "show", DORA, "--generation", "1"], 4)["fault"],
        "NothingFound"
    );
    assert_eq!(
        town.fails(&["master", "show", ANNA, "--generation", "8"], 2)["fault"],
        "GenerationUnknown"
    );
}

#[test]
fn an_unknown_or_wrong_code_is_refused_without_being_repeated() {
    let town = Town::new();
    for command in [vec!["show"], vec!["history"], vec!["as-of"]] {
        let with = |code| {
            let instant = ["2020-09-14"].into_iter().filter(|_| command[0] == "as-of");
            std::iter::once("master")
                .chain(command.clone())
                .chain([code])
                .chain(instant)
                .collect::<Vec<_>>()
        };
        assert_eq!(town.fails(&with(NOBODY), 4)["fault"], "NothingFound");
        let ran = town.run(&with("25208017644"));
        assert_eq!(ran.code(), 2);
        assert!(
            ran.err().contains("CodeWrong") && !ran.err().contains("25208017644"),
            "{}",
            ran.err()
        );
    }
}

#[test]
fn a_history_goes_over_former_codes_whichever_code_is_asked_for() {
    let town = Town::new();
    let history = town.json(&["master", "history", DORA]);
    assert_eq!((&history[0]["code"], &history[1]["code"]), (&DORA.into(), &CHIE.into()));
    assert_eq!(history[0]["versions"], serde_json::json!([]));
    assert_eq!(history[1]["versions"][0]["items"]["jumin_code"], CHIE);
    assert_eq!(history[1]["versions"][0]["items"]["retention_flag"], "1");
    assert_eq!(town.json(&["master", "history", CHIE]), history);
    let ben = town.json(&["master", "history", BEN]);
    let numbers: Vec<_> = ben[0]["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["number"].as_u64())
        .collect();
    assert_eq!(numbers, [Some(1), Some(0)]);
    let text = town.run(&["master", "history", BEN]).good();
    let second = text.lines().nth(2).unwrap();
    assert!(
        second.contains("21 move-out") && second.contains("2 removed, not by death"),
        "{text}"
    );
    let full = town.run(&["--lang", "ja", "master", "history", BEN, "--full"]).good();
    assert_eq!(full.matches("住民票コード").count(), 3, "{full}");
}

#[test]
fn the_past_is_read_by_item_18() {
    let town = Town::new();
    for (code, instant, state, address) in [
        (ANNA, "2020-09-13", "RS", Some(ADDRESS)),
        (ANNA, "2020-09-14T08:59:59.999", "RS", Some(ADDRESS)),
        (ANNA, "2020-09-14T09:00:00", "RS", Some(NEW_ADDRESS)),
        (ANNA, "2020-09-14", "RS", Some(NEW_ADDRESS)),
        (BEN, "20200914090000000", "MD", Some(ADDRESS)),
        (BEN, "2020-09-15T09:59:59", "MD", Some(ADDRESS)),
        (BEN, "2020-09-15", "RS", Some(ADDRESS)),
        (CHIE, "2020-09-13", "RS", Some(ADDRESS)),
        (CHIE, "2020-09-14", "RT", None),
    ] {
        let was = town.json(&["master", "as-of", code, instant]);
        assert_eq!(was["state"], state, "{instant}");
        assert_eq!(was["items"]["address"].as_str(), address, "{instant}");
    }
    let text = town.run(&["master", "as-of", ANNA, "2020-09-13"]).good();
    assert!(text.starts_with("as of: 2020-09-13 23:59:59.999\n"), "{text}");
    assert_eq!(town.json(&["master", "as-of", CHIE, "2020-09-14"])["new_code"], DORA);
    for (code, instant) in [(DORA, "2020-09-13"), (ANNA, "2018-03-31")] {
        assert_eq!(
            town.fails(&["master", "as-of", code, instant], 4)["fault"],
            "NothingThen"
        );
    }
    let fault = town.fails(&["master", "as-of", ANNA, "2020-02-31"], 2);
    assert_eq!(
        (&fault["fault"], &fault["args"]["value"]),
        (&"InstantWrong".into(), &"2020-02-31".into())
    );
}

#[test]
fn exports_are_csv_sorted_by_code() {
    let town = Town::new();
    let rows = town.run(&["master", "export"]).good();
    let lines: Vec<&str> = rows.lines().collect();
    assert!(lines[0].starts_with("state,jumin_code,kanji_name,name_gaiji_count,kana_name,"));
    let codes: Vec<&str> = lines[1..].iter().map(|line| line.split_at(14).0).collect();
    assert_eq!(codes, [format!("RS,{ANNA}"), format!("RS,{BEN}"), format!("RS,{DORA}")]);
    let earlier = town.run(&["master", "export", "--generation", "2"]).good();
    assert!(earlier.contains(&format!("\nMD,{BEN},")));
    assert_eq!(
        town.run(&["master", "export", "--what", "retired"]).good(),
        format!("jumin_code,new_code\n{CHIE},{DORA}\n")
    );
    assert_eq!(
        town.run(&["master", "export", "--what", "history"]).good(),
        format!("jumin_code,superseded,past_removals\n{ANNA},1,0\n{BEN},1,1\n{CHIE},1,0\n{DORA},0,0\n")
    );
    assert_eq!(
        Town::empty().run(&["master", "export", "--what", "history"]).good(),
        "jumin_code,superseded,past_removals\n"
    );
}

#[test]
fn the_exports_have_the_shape_of_the_example_cases() {
    let Some(day) = shared("cases/a-small/expected/day03") else {
        return;
    };
    let town = Town::new();
    for (what, file) in [
        ("rows", "master.csv"),
        ("retired", "retired.csv"),
        ("history", "history_counts.csv"),
    ] {
        let expected = std::fs::read_to_string(day.join(file)).unwrap();
        let ours = town.run(&["master", "export", "--what", what]).good();
        assert_eq!(ours.lines().next(), expected.lines().next(), "{file}");
        assert!(!ours.contains('\r') && ours.ends_with('\n') && !expected.contains('\r'));
    }
    // Which codes the counts are given for: the current ones and the retired ones.
    let codes = |file: &str, column: usize| -> Vec<String> {
        let text = std::fs::read_to_string(day.join(file)).unwrap();
        text.lines()
            .skip(1)
            .map(|line| line.split(',').nth(column).unwrap().to_owned())
            .collect()
    };
    let mut known = [codes("master.csv", 1), codes("retired.csv", 0)].concat();
    known.sort();
    assert_eq!(codes("history_counts.csv", 0), known);
}

#[test]
fn an_export_to_a_file_is_private_and_replaces_nothing() {
    let town = Town::new();
    let path = town.path("export.csv");
    let file = path.to_str().unwrap();
    let done = town.json(&["master", "export", "--out", file]);
    assert_eq!(done, serde_json::json!({"path": file, "rows": 3}));
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        town.run(&["master", "export"]).good()
    );
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::write(&path, "mine").unwrap();
    assert_eq!(
        town.fails(&["master", "export", "--out", file], 4)["fault"],
        "OutputExists"
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    let nowhere = town.path("nowhere/export.csv");
    let fault = town.fails(&["master", "export", "--out", nowhere.to_str().unwrap()], 7);
    assert_eq!(fault["fault"], "DiskFailed");
    // A generation that is not there leaves no file behind.
    let other = town.path("other.csv");
    town.fails(
        &[
            "master",
            "export",
            "--generation",
            "9",
            "--out",
            other.to_str().unwrap(),
        ],
        2,
    );
    assert!(!other.exists());
}

#[test]
fn a_damaged_run_ends_an_export_with_the_integrity_exit_code_and_no_file() {
    let town = Town::new();
    for entry in std::fs::read_dir(town.path("store/runs")).unwrap() {
        let path = entry.unwrap().path();
        let len = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
        flip(&path, len / 3);
    }
    let file = town.path("export.csv");
    let fault = town.fails(&["master", "export", "--out", file.to_str().unwrap()], 8);
    assert_eq!(fault["fault"], "StoreDamaged");
    assert!(!file.exists());
}

#[test]
fn stats_count_rows_runs_and_bytes() {
    let town = Town::new();
    let stats = town.json(&["master", "stats"]);
    assert_eq!(stats["generation"], 3);
    assert_eq!(
        stats["counts"],
        serde_json::json!({"residents": 3, "removed": 0, "retired": 1, "versions": 4, "numbers": 3, "notices": 0})
    );
    let current = &stats["tables"][0];
    assert_eq!((&current["runs"], &current["rows"]), (&3.into(), &8.into()));
    let run_bytes: u64 = stats["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["bytes"].as_u64().unwrap())
        .sum();
    let on_disk: u64 = std::fs::read_dir(town.path("store/runs"))
        .unwrap()
        .map(|entry| entry.unwrap().metadata().unwrap().len())
        .sum();
    assert_eq!(run_bytes, on_disk);
    assert!(stats["folders"]["store"]["bytes"].as_u64().unwrap() > run_bytes);
    assert_eq!(stats["folders"]["spool"], serde_json::json!({"files": 0, "bytes": 0}));
    town.keep("spool/0011", b"held");
    assert_eq!(town.json(&["master", "stats"])["folders"]["spool"]["files"], 1);
    for (lang, word) in [("ja", "適用済み通知"), ("en", "notices applied")] {
        assert!(town.run(&["--lang", lang, "master", "stats"]).good().contains(word));
    }
    assert_eq!(
        town.json(&["master", "stats", "--generation", "1"])["counts"]["versions"],
        0
    );
}
