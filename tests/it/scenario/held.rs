//! Files that are held, each for its own reason (rules 2.6): H01, H02, H03, H04, H06, H07, H09. H05 is in `sealed`, H08 in
//! `places`; H10 cannot occur before anything is disposed of, its rule is tested in `layout::admission`.

use sekisho::domain::code::Code;
use sekisho::domain::finding;

use crate::desk::Desk;
use crate::desk::files::*;

/// Held with this code: exit code, JSON, `held show` with what to do, `status`, one leaf however often the run looks.
fn is_held(desk: &Desk, code: Code, detail: &str) {
    let before = desk.leaves().len();
    let pass = desk.run();
    assert_eq!(pass.code, 3);
    let (fate, words) = pass.only();
    assert_eq!(fate, format!("held {}", code.as_str()));
    assert_eq!(words, detail);
    let acts = desk.acts_since(before);
    let held: Vec<_> = acts.iter().filter(|act| act.starts_with("held ")).collect();
    assert_eq!(held.len(), 1, "{acts:?}");
    assert!(held[0].ends_with(&format!(" held {}", code.as_str())), "{acts:?}");
    assert!(desk.state().outgoing.is_empty(), "a held file is not answered");
    assert_eq!(desk.state().answers.len(), 0);

    let after = desk.leaves().len();
    let again = desk.run();
    assert_eq!((again.code, again.number("held")), (3, 1));
    assert_eq!(
        desk.leaves().len(),
        after,
        "once per identity and reason, not at every pass"
    );

    let list = desk.json(&["held", "list"], 3);
    assert_eq!(list[0]["code"], code.as_str());
    let id = list[0]["id"].as_str().unwrap();
    let row = finding::row(code);
    let text = desk.must(&["held", "show", id]);
    for part in [row.en, row.todo_en, detail] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let status = desk.json(&["status"], 3);
    assert_eq!(status["held"][0]["code"], code.as_str());
}

#[test]
fn h01_a_truncated_file_waits_where_it_is_until_it_is_whole() {
    let desk = Desk::new();
    let whole = upd(AKITA, 1, &[ANNA, BEN]);
    // Cut in the second record: the last 1400 bytes are no end record.
    desk.put(AKITA, &name(AKITA, 1), &whole[..4000]);
    is_held(
        &desk,
        Code::H01,
        "byte 2600: the file does not end with a type 9 record",
    );
    assert_eq!(desk.waiting(AKITA), [name(AKITA, 1)]);
    // Another reason to wait: what was an end record is not the end any more.
    let mut longer = whole.clone();
    longer.extend_from_slice(b"2 and more");
    desk.put(AKITA, &name(AKITA, 1), &longer);
    assert_eq!(desk.run().code, 3);
    desk.put(AKITA, &name(AKITA, 1), &whole);
    let before = desk.leaves().len();
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("processed", 0));
    assert_eq!(pass.number("held"), 0);
    assert!(!desk.acts_since(before).iter().any(|act| act.starts_with("dropped")));
    assert_eq!(desk.waiting(AKITA), Vec::<String>::new());
}

#[test]
fn h01_a_file_that_is_taken_away_again_is_noted() {
    let desk = Desk::new();
    let path = desk.put(AKITA, &name(AKITA, 1), &upd(AKITA, 1, &[ANNA])[..2800]);
    assert_eq!(desk.run().code, 3);
    std::fs::remove_file(path).unwrap();
    let before = desk.leaves().len();
    let pass = desk.run();
    assert_eq!((pass.code, pass.number("held")), (0, 0));
    assert_eq!(
        desk.acts_since(before),
        [format!("dropped {} permitted H01", name(AKITA, 1))]
    );
}

#[test]
fn h02_an_empty_file() {
    let desk = Desk::new();
    desk.put(AKITA, &name(AKITA, 1), b"");
    is_held(&desk, Code::H02, "the file has 0 bytes, less than one record");
}

#[test]
fn h02_a_header_that_cannot_be_read() {
    for (offset, with, detail) in [
        (0, b"2".as_slice(), "the file does not begin with a type 1 record"),
        (1, b"XYZ", "byte 1: unknown kind of file"),
        (6, b"        ", "byte 6: the sender is blank"),
        (22, b"0000000x", "byte 22: the serial is not in digits"),
    ] {
        let desk = Desk::new();
        desk.put(AKITA, &name(AKITA, 1), &changed(&upd(AKITA, 1, &[ANNA]), offset, with));
        is_held(&desk, Code::H02, detail);
    }
}

#[test]
fn h02_a_name_that_contradicts_the_header_until_a_person_releases_it() {
    let desk = Desk::new();
    desk.put(AKITA, &name(AKITA, 2), &upd(AKITA, 1, &[ANNA]));
    is_held(&desk, Code::H02, "the name contradicts the header");
    let id = desk.json(&["held", "list"], 3)[0]["id"].as_str().unwrap().to_owned();
    let before = desk.leaves().len();
    desk.must(&["held", "release", &id, "--business-date", DAY]);
    assert_eq!(
        desk.acts_since(before),
        [format!("released {} permitted H02", name(AKITA, 2))]
    );
    let pass = desk.run();
    assert_eq!((pass.file(&name(AKITA, 2)).0.as_str(), pass.code), ("processed", 0));
    assert_eq!(pass.number("generation_after"), 1);
}

#[test]
fn h03_an_unknown_sender_and_one_that_may_not_send_this() {
    let desk = Desk::new();
    desk.put("052094", &name("052094", 1), &upd("052094", 1, &[ANNA]));
    is_held(&desk, Code::H03, "the sender is not registered");
    let desk = Desk::new();
    desk.put(YUZAWA, &name(YUZAWA, 1), &upd(YUZAWA, 1, &[ANNA]));
    is_held(&desk, Code::H03, "the sender is not registered for this kind of file");
}

#[test]
fn h04_an_inactive_party() {
    let desk = Desk::new();
    desk.put(OGA, &name(OGA, 1), &upd(OGA, 1, &[ANNA]));
    is_held(&desk, Code::H04, "the sender is not active on the business date");
}

#[test]
fn h06_a_used_serial_with_other_bytes() {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    assert_eq!(desk.run().only().0, "processed");
    let answers = desk.state().outgoing.len();
    desk.send(AKITA, 1, &[BEN]);
    let before = desk.leaves().len();
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("held H06", 3));
    assert_eq!(pass.only().1, "the serial was used by a file with other bytes");
    assert_eq!(desk.acts_since(before), [format!("held {} held H06", name(AKITA, 1))]);
    assert_eq!(desk.state().outgoing.len(), answers);
    let id = desk.json(&["held", "list"], 3)[0]["id"].as_str().unwrap().to_owned();
    let fault = desk.fault(&["held", "release", &id], 4);
    assert_eq!(fault["fault"], "HeldNotReleasable");
    assert!(fault["todo"].as_str().unwrap().contains("next serial"), "{fault}");
}

#[test]
fn h06_two_files_with_one_serial_in_one_run_go_by_name() {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    desk.put(AKITA, "zz.dat", &upd(AKITA, 1, &[BEN]));
    let pass = desk.run();
    assert_eq!(pass.file(&name(AKITA, 1)).0, "processed");
    let other = pass.json["files"]
        .as_array()
        .unwrap()
        .iter()
        .find(|file| file["code"] == "H06")
        .unwrap();
    assert_eq!(other["outcome"], "held");
    // The name may be a person's: it is shown as a keyed digest.
    assert!(other["name"].as_str().unwrap().starts_with("other-"), "{other}");
}

#[test]
fn h07_a_gap_and_its_release() {
    let desk = Desk::new();
    desk.send(AKITA, 3, &[CHIE]);
    desk.send(AKITA, 4, &[DAI]);
    let pass = desk.run();
    assert_eq!(pass.fates(), ["052019/3 held H07", "052019/4 held H07"]);
    assert_eq!(pass.code, 3);
    assert_eq!(pass.file(&name(AKITA, 3)).1, "serial 1 has not arrived");
    let status = desk.json(&["status"], 3);
    let gap = serde_json::json!([{"party": AKITA, "kind": "UPD", "missing": 1, "waiting": 2}]);
    assert_eq!(status["gaps"], gap);
    assert_eq!(
        desk.waiting(AKITA),
        Vec::<String>::new(),
        "they wait encrypted in the spool"
    );
    let id = desk.json(&["held", "list"], 3)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.fault(&["held", "release", &id], 4)["fault"], "HeldNotReleasable");

    desk.send(AKITA, 1, &[ANNA]);
    let pass = desk.run_on("2020-09-15");
    assert_eq!(pass.fates(), ["052019/1 processed"]);
    assert_eq!((pass.code, pass.number("held")), (3, 2));
    assert_eq!(desk.json(&["status"], 3)["gaps"][0]["missing"], 2);

    // A waiting file sent again waits like the first; the ledger has it already.
    desk.send(AKITA, 3, &[CHIE]);
    let before = desk.leaves().len();
    let pass = desk.run_on("2020-09-15");
    assert_eq!(pass.fates(), ["052019/3 held H07"]);
    assert_eq!(desk.acts_since(before), ["duplicate"]);
    assert_eq!(desk.waiting(AKITA), Vec::<String>::new());
    assert_eq!(desk.json(&["held", "list"], 3).as_array().unwrap().len(), 2);

    desk.send(AKITA, 2, &[BEN]);
    let pass = desk.run_on("2020-09-16");
    assert_eq!(
        pass.fates(),
        ["052019/2 processed", "052019/3 processed", "052019/4 processed"]
    );
    assert_eq!(
        (pass.code, pass.number("held"), pass.number("generation_after")),
        (0, 0, 2)
    );
    assert_eq!(desk.state().archive.len(), 4);
    assert_eq!(desk.state().spool.len(), 0);
}

#[test]
fn h07_another_file_with_the_serial_of_one_that_waits() {
    let desk = Desk::new();
    desk.send(AKITA, 2, &[BEN]);
    assert_eq!(desk.run().only().0, "held H07");
    desk.send(AKITA, 2, &[CHIE]);
    assert_eq!(desk.run().only().0, "held H07");
    desk.send(AKITA, 1, &[ANNA]);
    let pass = desk.run();
    // The one that came first is taken; the other stays for a person to decide.
    assert_eq!(pass.number("generation_after"), 1);
    assert_eq!(pass.fates(), ["052019/1 processed", "052019/2 processed"]);
    assert_eq!((pass.code, pass.number("held")), (3, 1));
    let ben = desk.json(&["master", "show", BEN.0], 0);
    assert!(ben.to_string().contains(BEN.0));
    assert_eq!(desk.fault(&["master", "show", CHIE.0], 4)["fault"], "NothingFound");
}

#[test]
fn h09_a_file_of_production_at_a_training_site() {
    let desk = Desk::new();
    desk.put(AKITA, &name(AKITA, 1), &changed(&upd(AKITA, 1, &[ANNA]), 47, b"P"));
    is_held(&desk, Code::H09, "the environment is not the site's");
}

#[test]
fn one_party_never_stops_another() {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    desk.put(NOSHIRO, &name(NOSHIRO, 1), b"1XYZ");
    desk.send(NOSHIRO, 2, &[BEN]);
    desk.put(OGA, &name(OGA, 1), &upd(OGA, 1, &[CHIE]));
    desk.put("somebody", "a file", b"?");
    let pass = desk.run();
    assert_eq!(pass.code, 3);
    let mut fates = pass.fates();
    fates.retain(|fate| !fate.starts_with("somebody"));
    assert_eq!(
        fates,
        [
            "052019/1 processed",
            "052027/1 held H02",
            "052027/2 held H07",
            "052060/1 held H04"
        ]
    );
    assert_eq!(pass.number("held"), 4);
    assert_eq!(pass.json["sums"]["residents_after"], 1);
}
