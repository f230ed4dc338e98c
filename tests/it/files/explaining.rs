//! `explain`: a birth and what follows it, against the register of a site.

use serde_json::Value;

use super::place::{Done, Place};
use crate::layout::hand::Hand;

const DAY: [&str; 2] = ["--business-date", "2020-09-15"];

fn explain(place: &Place, file: &str, record: &str, more: &[&str]) -> Done {
    place.at_site(&[&DAY[..], &["explain", file, record], more].concat())
}

/// A site in whose first run two children were born, and a second file: a move of the first one that also changes the sex;
/// the birth of the first one again; a move with a wrong check digit; a sound move; a move of nobody known.
fn site() -> Place {
    let place = Place::with_site();
    let births = Hand::upd();
    place.write("site/in/052019/UPD-052019-050008-00000001.dat", &births.bytes());
    let run = place.at_site(&["--business-date", "2020-09-14", "run", "--json"]);
    assert_eq!(run.code, 0, "{}{}", run.out, run.err);
    let mut file = Hand::upd().header(22, b"00000002").header(30, b"20200915100000000");
    let mut moved = file.data[0].clone();
    moved[840..842].copy_from_slice(b"31");
    moved[842..850].copy_from_slice(b"20200915");
    moved[1087..1104].copy_from_slice(b"20200915093000123");
    moved[435..439].copy_from_slice(b"\x8E\x52\x89\xA4"); // 山王 over 代市
    let mut also_sex = moved.clone();
    also_sex[424] = b'1';
    let mut wrong = moved.clone();
    wrong[1..12].copy_from_slice(b"24727059609");
    let mut unknown = moved.clone();
    unknown[1..12].copy_from_slice(b"25208017643");
    file.data = vec![also_sex, births.data[0].clone(), wrong, moved, unknown];
    place.write("next.dat", &file.sealed().bytes());
    place
}

fn codes(explained: &Value) -> Vec<(&str, Option<u64>)> {
    let all = explained["findings"].as_array().unwrap();
    all.iter()
        .map(|found| (found["code"].as_str().unwrap(), found["item_no"].as_u64()))
        .collect()
}

#[test]
fn a_record_is_explained_by_cell_differences_and_findings() {
    let place = site();
    let refused = explain(&place, "next.dat", "1", &["--json"]).well().json();
    assert_eq!(
        (refused["outcome"].as_str(), refused["way"].as_str()),
        (Some("R"), Some("cell"))
    );
    assert_eq!(
        (refused["state"]["code"].as_str(), refused["cell"]["result"].as_str()),
        (Some("RS"), Some("→RS"))
    );
    assert_eq!(refused["cell"]["basis_en"], "pia");
    assert_eq!(codes(&refused), [("L110", Some(6))]);
    assert_eq!(refused["findings"][0]["article"], "規則11条");
    let items: Vec<(u64, Option<&str>)> = refused["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| (d["item_no"].as_u64().unwrap(), d["finding"].as_str()))
        .collect();
    assert_eq!(items, [(6, Some("L110")), (7, None)]);
    assert!(refused["differences"][0].get("sent").is_none());

    let known = explain(&place, "next.dat", "2", &["--json"]).well().json();
    assert_eq!(
        (known["outcome"].as_str(), known["way"].as_str()),
        (Some("D"), Some("known notice"))
    );
    let wrong = explain(&place, "next.dat", "3", &["--json"]).well().json();
    assert_eq!(
        (wrong["outcome"].as_str(), codes(&wrong)),
        (Some("R"), vec![("C001", Some(1))])
    );
    assert_eq!(wrong["findings"][0]["byte_offset"], 3 * 1400 + 1);
    let sound = explain(&place, "next.dat", "4", &["--json"]).well().json();
    assert_eq!((sound["outcome"].as_str(), codes(&sound)), (Some("A"), vec![]));
    let unknown = explain(&place, "next.dat", "5", &["--json"]).well().json();
    assert_eq!(
        (unknown["state"]["code"].as_str(), codes(&unknown)),
        (Some("AB"), vec![("L103", None)])
    );
    assert_eq!(unknown["cell"]["result"], "L103");
}

#[test]
fn values_are_shown_only_when_asked_for() {
    let place = site();
    let personal = ["秋田県山王", "能代市", "24727059608"];
    let shown = explain(&place, "next.dat", "1", &[]).well().out;
    for value in personal {
        assert!(!shown.contains(value), "{shown}");
    }
    for word in [
        "RS resident of the sending",
        "L110",
        "7 住所 (address)",
        "may change",
        "規則11条",
        "rejected",
    ] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    let shown = explain(&place, "next.dat", "1", &["--values"]).well().out;
    assert!(shown.contains("秋田県能代市") && shown.contains("山王"), "{shown}");
    let shown = explain(&place, "next.dat", "1", &["--lang", "ja"]).well().out;
    for word in [
        "送信した市町村の住民",
        "根拠: 評価書",
        "変更できる",
        "この異動事由では変更できない項目",
    ] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
}

#[test]
fn an_older_generation_answers_as_it_was() {
    let place = site();
    place.write("site/in/052019/UPD-052019-050008-00000002.dat", &place.read("next.dat"));
    let run = place.at_site(&[&DAY[..], &["run"]].concat());
    assert_eq!(run.code, 1, "{}{}", run.out, run.err);
    let now = explain(&place, "next.dat", "4", &["--json"]).well().json();
    assert_eq!(
        (now["outcome"].as_str(), now["generation"].as_u64()),
        (Some("D"), Some(2))
    );
    let before = explain(&place, "next.dat", "4", &["--json", "--generation", "1"])
        .well()
        .json();
    assert_eq!(
        (before["outcome"].as_str(), before["generation"].as_u64()),
        (Some("A"), Some(1))
    );
    explain(&place, "next.dat", "4", &["--generation", "9"]).stopped("GenerationUnknown", 2);
}

#[test]
fn what_cannot_be_explained_is_refused() {
    let place = Place::with_site();
    place.write("upd.dat", &Hand::upd().bytes());
    explain(&place, "upd.dat", "3", &[]).stopped("RecordUnknown", 2);
    assert_eq!(explain(&place, "upd.dat", "0", &[]).code, 2);
    explain(&place, "none.dat", "1", &[]).stopped("FileUnreadable", 7);
    place.write("res.dat", &Hand::res().bytes());
    explain(&place, "res.dat", "1", &[]).stopped("KindNotExplained", 4);
    place.write("bad.dat", &Hand::upd().trailer(1, b"00000003").bytes());
    let done = explain(&place, "bad.dat", "1", &[]).stopped("FileNotExchange", 4);
    assert!(done.err.contains("F002"), "{}", done.err);
    place.run(&["explain", "upd.dat", "1"]).stopped("SiteMissing", 2);
}
