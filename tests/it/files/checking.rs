//! `check`: files written by hand, each with one thing wrong.

use std::fs;

use serde_json::Value;

use super::place::{Done, Place};
use crate::layout::hand::Hand;

const NAME: &str = "UPD-052019-050008-00000001.dat";
/// The header of the hand-written file is made on this day.
const DAY: [&str; 2] = ["--business-date", "2020-09-14"];

fn check(place: &Place, files: &[&str], more: &[&str]) -> Done {
    place.run(&[&DAY[..], more, &["check"], files].concat())
}

fn checked(file: &Hand) -> Done {
    let place = Place::new();
    place.write(NAME, &file.bytes());
    check(&place, &[NAME], &["--json"])
}

/// Code, record, item, byte offset and length of every finding.
fn findings(report: &Value) -> Vec<(String, u64, Option<u64>, u64, u64)> {
    let all = report["files"][0]["findings"].as_array().unwrap();
    all.iter()
        .map(|found| {
            (
                found["code"].as_str().unwrap().to_owned(),
                found["record_no"].as_u64().unwrap(),
                found["item_no"].as_u64(),
                found["byte_offset"].as_u64().unwrap(),
                found["byte_length"].as_u64().unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_sound_file_has_no_finding_and_what_was_not_tested_is_said() {
    let place = Place::new();
    place.write(NAME, &Hand::upd().bytes());
    let done = check(&place, &[NAME], &[]).well();
    assert!(
        done.out.contains("UPD 052019 serial 1, 2 records, nothing found"),
        "{}",
        done.out
    );
    assert!(
        done.out.contains("not tested: serials, the register of parties"),
        "{}",
        done.out
    );
    let done = check(&place, &[NAME], &["--lang", "ja"]).well();
    assert!(
        done.out.contains("所見なし") && done.out.contains("点検していません"),
        "{}",
        done.out
    );
    let report = check(&place, &[NAME], &["--json"]).well().json();
    assert_eq!(report["tested"]["records"], true);
    for untested in ["serials", "parties", "history"] {
        assert_eq!(report["tested"][untested], false, "{untested}");
    }
    for (name, file) in [
        ("EXT-052019-050008-00000001.dat", Hand::ext()),
        ("INQ-D0000001-050008-00000001.dat", Hand::inq()),
    ] {
        place.write(name, &file.bytes());
        check(&place, &[name], &[]).well();
    }
    // It leaves nothing behind.
    assert_eq!(place.names().len(), 3);
}

#[test]
fn findings_have_record_item_and_place() {
    let mut file = Hand::upd();
    let second: u64 = 1400 + 1400;
    file.data[1][1..12].copy_from_slice(b"24846016225"); // item 1: check digit
    file.data[1][424] = b'4'; // item 6
    file.data[1][1051..1057].copy_from_slice(b"052027"); // item 14: another town's
    file.data[1][212..215].copy_from_slice(b"00A"); // item 3: not digits
    file.data[1][425] = 0xFF; // item 7: no character
    file.data[1][1063..1075].fill(b' '); // item 16: required
    let done = checked(&file.sealed());
    assert_eq!(done.code, 1, "{}", done.err);
    let report = done.json();
    let of = |code: &str, item, offset: u64, len| (code.to_owned(), 2, Some(item), second + offset, len);
    assert_eq!(
        findings(&report),
        [
            of("C001", 1, 1, 11),
            of("C006", 6, 424, 1),
            of("C010", 14, 1051, 6),
            of("F003", 7, 425, 400),
            of("F005", 16, 1063, 12),
            of("F006", 3, 212, 3),
        ]
    );
    let file = &report["files"][0];
    assert_eq!(
        (file["records"].as_u64(), file["refused_records"].as_u64()),
        (Some(2), Some(1))
    );
    let first = &file["findings"][0];
    assert_eq!(
        (first["item_ja"].as_str(), first["field"].as_str()),
        (Some("住民票コード"), Some("jumin_code"))
    );
    for words in ["ja", "en", "todo_ja", "todo_en"] {
        assert!(!first[words].as_str().unwrap().is_empty());
    }
}

#[test]
fn findings_are_readable_in_both_languages() {
    let place = Place::new();
    let mut file = Hand::upd();
    file.data[0][840..842].copy_from_slice(b"41");
    file.data[0][828..840].copy_from_slice(b"379474484458");
    place.write(NAME, &file.sealed().bytes());
    // 41 needs the old number, which is no item.
    let done = check(&place, &[NAME], &[]);
    assert_eq!(done.code, 1, "{}", done.err);
    let line = "record 1  変更前の個人番号 (old My Number)  byte 2732, 12 bytes  F005";
    assert!(done.out.contains("1 of them would be rejected"), "{}", done.out);
    assert!(done.out.contains(line), "{}", done.out);
    let done = check(&place, &[NAME], &["--lang", "ja"]);
    assert!(
        done.out
            .contains("レコード 1  変更前の個人番号  2732 バイト目から 12 バイト  F005"),
        "{}",
        done.out
    );
    assert!(done.out.contains("必須の項目が空欄です。"), "{}", done.out);
}

#[test]
fn a_file_that_would_not_be_taken_is_refused_with_its_place() {
    let upd = Hand::upd;
    let mut one_less = upd();
    one_less.end = Vec::new();
    for (file, code, field, offset) in [
        (upd().header(14, b"050016"), "F002", Some("receiver"), Some(14)),
        (upd().header(4, b"02"), "F002", Some("format_version"), Some(4)),
        (
            upd().header(30, b"20200916000000000"),
            "F002",
            Some("created_at"),
            Some(30),
        ),
        (upd().header(22, b"00000000"), "F002", Some("serial"), Some(22)),
        (
            upd().trailer(1, b"00000003"),
            "F002",
            Some("record_count"),
            Some(3 * 1400 + 1),
        ),
        (upd().trailer(9, b"0"), "F002", Some("data_sha256"), Some(3 * 1400 + 9)),
        (upd().trailer(0, b"7"), "F001", None, Some(3 * 1400)),
        (one_less, "H01", None, Some(3 * 1400)),
        (upd().header(1, b"XYZ"), "H02", Some("file_kind"), Some(1)),
        (upd().header(22, b"00000002"), "H02", None, None),
        (upd().header(6, b"        "), "H02", Some("sender"), Some(6)),
        (upd().header(1, b"NTF"), "H03", Some("file_kind"), Some(1)),
    ] {
        let done = checked(&file);
        assert_eq!(done.code, 4, "{code} {field:?}: {}{}", done.out, done.err);
        let report = done.json();
        let finding = &report["files"][0]["finding"];
        assert_eq!(
            (
                finding["code"].as_str(),
                finding["field"].as_str(),
                finding["byte_offset"].as_u64()
            ),
            (Some(code), field, offset)
        );
    }
    // The blank hash of a party that may leave it out.
    let place = Place::new();
    place.write(NAME, &upd().trailer(9, &[b' '; 64]).bytes());
    assert_eq!(check(&place, &[NAME], &[]).code, 4);
    let done = place.run(&[&DAY[..], &["check", NAME, "--hash-optional"]].concat());
    done.well();
}

#[test]
fn records_of_a_file_that_would_be_held_are_tested_all_the_same() {
    let mut file = Hand::upd().header(22, b"00000002");
    file.data[0][424] = b'9';
    let done = checked(&file.sealed());
    assert_eq!(done.code, 4);
    let report = done.json();
    assert_eq!(report["files"][0]["finding"]["code"], "H02");
    assert_eq!(findings(&report), [("C006".to_owned(), 1, Some(6), 1400 + 424, 1)]);
}

#[test]
fn fields_of_an_inquiry_are_read() {
    let place = Place::new();
    let mut file = Hand::inq();
    file.data[0][252] = 0xFF;
    place.write("inq.dat", &file.sealed().bytes());
    let done = check(&place, &["inq.dat"], &["--json"]);
    assert_eq!(done.code, 1, "{}", done.err);
    let all = findings(&done.json());
    assert_eq!((all.len(), all[0].0.as_str(), all[0].3), (1, "F003", 920 + 252));
}

#[test]
fn predecessors_and_gaiji_of_the_sender_can_be_given() {
    let place = Place::new();
    let mut file = Hand::upd();
    file.data[0][1051..1057].copy_from_slice(b"053236");
    place.write(NAME, &file.sealed().bytes());
    let codes = |done: &Done| -> Vec<String> { findings(&done.json()).into_iter().map(|found| found.0).collect() };
    assert_eq!(codes(&check(&place, &[NAME], &["--json"])), ["C003", "C010"]);
    let given = place.run(&[&DAY[..], &["check", NAME, "--predecessor", "053236"]].concat());
    given.well();
    place.write("gaiji.csv", "cell,text,note\nF040,𠮷,\n".as_bytes());
    place
        .run(
            &[
                &DAY[..],
                &["check", NAME, "--predecessor", "053236", "--gaiji", "gaiji.csv"],
            ]
            .concat(),
        )
        .well();
    place.write("gaiji.csv", b"cell,text,note\nXXXX,a,\n");
    let done = place
        .run(&["check", NAME, "--gaiji", "gaiji.csv"])
        .stopped("GaijiWrong", 4);
    assert!(done.err.contains("line 2"), "{}", done.err);
    place.run(&["check", "none.dat"]).stopped("FileUnreadable", 7);
    place.run(&["check", NAME, "--to", "130001"]).stopped("UsageWrong", 2);
}

#[test]
fn many_findings_are_counted_and_some_shown() {
    let place = Place::new();
    let mut file = Hand::upd();
    for record in &mut file.data {
        record[424] = b'9';
    }
    place.write(NAME, &file.sealed().bytes());
    let done = place.run(&[&DAY[..], &["check", NAME, "--limit", "1"]].concat());
    assert_eq!(done.code, 1);
    assert!(
        done.out.contains("(2 findings)") && done.out.contains("1 more (by code: C006 2)"),
        "{}",
        done.out
    );
}

#[test]
fn with_a_site_parties_and_serials_are_tested_and_no_key_is_needed() {
    let place = Place::with_site();
    fs::remove_file(place.path("site/keys/unlock.key")).unwrap();
    let site = ["--site", "site", "--json"];
    place.write(NAME, &Hand::upd().bytes());
    let report = check(&place, &[NAME], &site).well().json();
    assert_eq!(
        (
            report["tested"]["serials"].as_bool(),
            report["tested"]["history"].as_bool()
        ),
        (Some(true), Some(false))
    );
    let code = |file: &Hand, name: &str| {
        place.write(name, &file.bytes());
        let done = check(&place, &[name], &site);
        assert_eq!(done.code, 4, "{}{}", done.out, done.err);
        let report = done.json();
        (
            report["files"][0]["finding"]["code"].as_str().unwrap().to_owned(),
            report["files"][0]["finding"]["expected"].as_u64(),
        )
    };
    assert_eq!(
        code(&Hand::upd().header(22, b"00000003"), "gap.dat"),
        ("H07".to_owned(), Some(1))
    );
    assert_eq!(
        code(&Hand::upd().header(6, b"052043"), "unknown.dat"),
        ("H03".to_owned(), None)
    );
    assert_eq!(
        code(&Hand::upd().header(6, b"052027"), "ended.dat"),
        ("H04".to_owned(), None)
    );
    assert_eq!(
        code(&Hand::upd().header(47, b"T"), "training.dat"),
        ("H09".to_owned(), None)
    );
    assert_eq!(code(&Hand::ext(), "kind.dat"), ("H03".to_owned(), None));
    // Files given together are as files of one run.
    place.write("two.dat", &Hand::upd().header(22, b"00000002").bytes());
    check(&place, &["two.dat", NAME], &site).well();
    let other = Hand::upd().header(30, b"20200914100000001");
    place.write("zz.dat", &other.bytes());
    let done = check(&place, &[NAME, "zz.dat"], &site);
    assert_eq!(done.code, 4);
    let report = done.json();
    assert!(report["files"][0]["finding"].is_null());
    assert_eq!(report["files"][1]["finding"]["code"], "H06");
    check(&place, &[NAME], &["--site", "nowhere"]).stopped("SiteMissing", 2);
}
