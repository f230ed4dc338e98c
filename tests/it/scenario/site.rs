//! What is wrong with the site itself: locked, keys missing or exposed, settings or registers damaged, dates going back,
//! a national body that nothing can be sealed for.

use std::os::unix::fs::PermissionsExt as _;

use sekisho::os::disk::RealDisk;
use sekisho::ports::Disk as _;

use crate::desk::Desk;
use crate::desk::files::*;

/// A site with a file to do.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    desk
}

/// The command fails so, says what to do in both languages, and nothing has changed; afterwards the file is taken.
fn fails(desk: &Desk, id: &str, code: i32, args: &[(&str, &str)], mend: impl FnOnce(&Desk)) {
    let fault = desk.fault(&["run", "--business-date", DAY], code);
    assert_eq!(
        (fault["fault"].as_str(), fault["exit_code"].as_i64()),
        (Some(id), Some(i64::from(code)))
    );
    for (name, value) in args {
        let got = fault["args"][*name]
            .as_str()
            .unwrap_or_else(|| panic!("{name}: {fault}"));
        assert!(got.contains(value), "{name}: {got}");
    }
    assert!(!fault["ja"].as_str().unwrap().is_ascii());
    assert!(!fault["todo"].as_str().unwrap().is_empty());
    let ran = desk.program(&["run", "--business-date", DAY]);
    assert_eq!(ran.code(), code);
    assert!(
        ran.err().starts_with("sekisho: ") && ran.err().contains(fault["todo"].as_str().unwrap()),
        "{}",
        ran.err()
    );
    assert_eq!(desk.waiting(AKITA), [name(AKITA, 1)], "the file stays");
    mend(desk);
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("processed", 0));
}

#[test]
fn another_process_works_on_the_site() {
    let desk = desk();
    let leaves = desk.leaves().len();
    let lock = RealDisk.lock(&desk.root().join("lock")).unwrap();
    // Who only reads is not kept out.
    assert_eq!(desk.json(&["status"], 0)["inbox"], 1);
    let fault = desk.fault(&["party", "end", AKITA, "2020-12-31"], 6);
    assert_eq!(fault["fault"], "SiteBusy");
    assert_eq!(desk.json(&["plan", "--business-date", DAY], 0)["committed"], false);
    fails(&desk, "SiteBusy", 6, &[], |desk| {
        assert_eq!(desk.leaves().len(), leaves);
        drop(lock);
    });
}

#[test]
fn the_key_file_or_the_key_that_opens_it_is_missing() {
    for file in ["keys/site.keys", "keys/unlock.key"] {
        let desk = desk();
        let (path, away) = (desk.root().join(file), desk.path("away"));
        std::fs::rename(&path, &away).unwrap();
        fails(&desk, "KeysMissing", 5, &[("path", file)], |_| {
            std::fs::rename(&away, &path).unwrap();
        });
    }
}

#[test]
fn a_key_file_that_others_can_read() {
    for file in ["keys/site.keys", "keys/unlock.key"] {
        for mode in [0o644, 0o640, 0o604] {
            let desk = desk();
            let path = desk.root().join(file);
            let chmod = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            chmod(mode);
            let shown = format!("{mode:04o}");
            fails(&desk, "KeysExposed", 5, &[("path", file), ("mode", &shown)], |_| {
                chmod(0o600);
            });
        }
    }
}

#[test]
fn a_damaged_key_file_and_one_of_another_site() {
    let desk = desk();
    let path = desk.root().join("keys/site.keys");
    let good = std::fs::read(&path).unwrap();
    let mut bad = good.clone();
    // A digit of the wrapped key: still a key file, but none that opens.
    let digit = bad.iter().rposition(u8::is_ascii_hexdigit).unwrap() - 40;
    bad[digit] = if bad[digit] == b'A' { b'B' } else { b'A' };
    std::fs::write(&path, &bad).unwrap();
    fails(&desk, "KeysLocked", 5, &[("path", "site.keys")], |_| {
        std::fs::write(&path, &good).unwrap();
    });
    std::fs::write(&path, b"not a key file").unwrap();
    assert_eq!(desk.fault(&["status"], 8)["fault"], "KeysDamaged");
    let other = Desk::new();
    std::fs::copy(other.root().join("keys/site.keys"), &path).unwrap();
    assert_eq!(desk.fault(&["status"], 5)["fault"], "KeysLocked");
}

#[test]
fn damaged_settings_name_line_and_column() {
    let desk = desk();
    let path = desk.root().join("sekisho.toml");
    let good = std::fs::read_to_string(&path).unwrap();
    let line_of = |text: &str, key: &str| {
        let at = text.lines().position(|line| line.starts_with(key)).unwrap();
        (at + 1).to_string()
    };
    for (from, to, key, column, why) in [
        ("threads = 0", "treads = 0", "treads", "1", "unknown field `treads`"),
        ("threads = 0", "threads = 99999999", "threads", "11", ""),
        ("threads = 0", "threads = \"x\"", "threads", "11", "invalid type"),
        (
            "poll_seconds = 10",
            "poll_seconds = 0",
            "poll_seconds",
            "1",
            "at least 1",
        ),
        ("format = 1", "format = 0", "format", "1", "format must be 1"),
        ("format = 1", "format = ", "format", "10", ""),
    ] {
        let text = good.replace(from, to);
        std::fs::write(&path, &text).unwrap();
        let fault = desk.fault(&["run", "--business-date", DAY], 4);
        assert_eq!(fault["fault"], "ConfigWrong");
        let (line, got) = (line_of(&text, key), &fault["args"]);
        assert_eq!(
            (got["line"].as_str(), got["column"].as_str()),
            (Some(line.as_str()), Some(column)),
            "{fault}"
        );
        assert!(got["why"].as_str().unwrap().contains(why), "{fault}");
    }
    std::fs::write(&path, b"format = 1\n# \xFF\n").unwrap();
    fails(
        &desk,
        "ConfigWrong",
        4,
        &[("why", "UTF-8"), ("path", "sekisho.toml")],
        |_| {
            std::fs::write(&path, &good).unwrap();
        },
    );
}

#[test]
fn no_site_at_all_and_a_site_in_the_way() {
    let desk = Desk::new();
    let nowhere = desk.path("nowhere");
    let ran = desk.program(&["--site", nowhere.to_str().unwrap(), "status"]);
    // The option was given twice; clap takes one only.
    assert_eq!(ran.code(), 2);
    std::fs::rename(desk.root().join("sekisho.toml"), desk.path("away")).unwrap();
    assert_eq!(desk.fault(&["run"], 2)["fault"], "SiteMissing");
    assert_eq!(
        desk.fault(&["init", desk.root().to_str().unwrap()], 4)["fault"],
        "SiteExists"
    );
}

#[test]
fn a_business_date_that_goes_back() {
    let desk = desk();
    assert_eq!(desk.run_on("2020-09-20").code, 0);
    desk.send(AKITA, 2, &[BEN]);
    let leaves = desk.leaves().len();
    let fault = desk.fault(&["run", "--business-date", "2020-09-19"], 4);
    assert_eq!(fault["fault"], "DateBackward");
    assert_eq!(
        (&fault["args"]["date"], &fault["args"]["newest"]),
        (&"2020-09-19".into(), &"2020-09-20".into())
    );
    assert_eq!(
        desk.fault(&["plan", "--business-date", "2019-09-20"], 4)["fault"],
        "DateBackward"
    );
    assert_eq!(desk.leaves().len(), leaves);
    assert_eq!(desk.run_on("2020-09-20").only().0, "processed");
    // The next fiscal year opens the next log, and then the old year is over.
    desk.send(AKITA, 3, &[CHIE]);
    assert_eq!(desk.run_on("2021-04-01").only().0, "processed");
    assert_eq!(desk.json(&["status"], 0)["ledger"]["log"], "2021");
    assert_eq!(
        desk.fault(&["run", "--business-date", "2021-03-31"], 4)["fault"],
        "DateBackward"
    );
    desk.must(&["ledger", "verify"]);
}

#[test]
fn a_date_that_is_none() {
    let desk = Desk::new();
    // What may be about a person is not repeated.
    for (date, shown) in [
        ("2020-02-30", "2020-02-30"),
        ("20200914x", "…"),
        ("tomorrow", "tomorrow"),
    ] {
        let ran = desk.program(&["run", "--business-date", date]);
        assert_eq!((ran.code(), ran.out()), (2, String::new()));
        assert!(ran.err().contains(shown), "{}", ran.err());
    }
}

#[test]
fn a_national_body_without_a_key() {
    let desk = desk();
    // A register line with blank keys: the national body as it was before it gave its key.
    let csv = desk.path("national.csv");
    let text = format!(
        "party_id,kind,name,kinds,text_encoding,active_from,active_to\n{NATIONAL},national,機構,RES,2,20020805,20991231\n"
    );
    std::fs::write(&csv, text).unwrap();
    desk.must(&["party", "import", csv.to_str().unwrap(), "--business-date", DAY]);
    let leaves = desk.leaves().len();
    let key = desk.parties[NATIONAL].public_sealing_keys()[0].text();
    fails(&desk, "PartyKeyMissing", 4, &[("party", NATIONAL)], |desk| {
        assert_eq!(desk.leaves().len(), leaves);
        desk.must(&["party", "key", NATIONAL, "--sealing", &key, "--business-date", DAY]);
    });
}

#[test]
fn a_damaged_register_stops_everything() {
    let desk = desk();
    let path = desk.root().join("registers/parties.jsonl");
    let good = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, good.replace("大館市", "大舘市")).unwrap();
    fails(&desk, "RegisterDamaged", 8, &[("path", "parties.jsonl")], |_| {
        std::fs::write(&path, &good).unwrap();
    });
}

#[test]
fn a_wrong_import_takes_nothing() {
    let desk = Desk::new();
    let csv = desk.path("wrong.csv");
    let head = "party_id,kind,name,kinds,text_encoding,active_from,active_to";
    for (line, why) in [
        ("052094,municipality,鹿角市,UPD,3,20020805,20991231", "text_encoding"),
        ("052095,municipality,鹿角市,UPD,1,20020805,20991231", "party_id"),
        ("052094,municipality,鹿角市,UPD,1,20200805,20020101", "active_to"),
    ] {
        let good = "052108,municipality,由利本荘市,UPD,1,20020805,20991231";
        std::fs::write(&csv, format!("{head}\n{good}\n{line}\n")).unwrap();
        let leaves = desk.leaves().len();
        let fault = desk.fault(&["party", "import", csv.to_str().unwrap(), "--business-date", DAY], 4);
        assert_eq!(
            (fault["fault"].as_str(), fault["args"]["line"].as_str()),
            (Some("RegisterWrong"), Some("3")),
            "{fault}"
        );
        assert!(fault["args"]["why"].as_str().unwrap().contains(why), "{fault}");
        assert_eq!(desk.leaves().len(), leaves);
        assert!(!desk.must(&["party", "list"]).contains("052108"));
    }
}

#[test]
fn plan_writes_nothing() {
    let desk = desk();
    desk.put(AKITA, "x", b"?");
    let before = desk.state();
    let plan = desk.json(&["plan", "--business-date", DAY], 3);
    assert_eq!(
        (plan["committed"].as_bool(), plan["generation_after"].as_u64()),
        (Some(false), Some(1))
    );
    desk.state().assert_same(&before, "after plan");
    let pass = desk.run();
    assert_eq!(pass.json["sums"], plan["sums"]);
    assert_eq!(pass.json["records"], plan["records"]);
}
