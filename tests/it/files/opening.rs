//! `open`: what comes out, and one message for each thing that can be wrong with a package.

use std::fs;

use super::place::{Done, Place};
use crate::layout::hand::Hand;

/// The package of version 1 in `fixtures/package`, its key files, and the key of its sender.
fn sample() -> (Place, String) {
    let place = Place::new();
    let fixture = |name: &str| fs::read(format!("{}/fixtures/package/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    place.write("sample.seki", &fixture("sample.seki"));
    place.write_private("k", &fixture("keys"));
    place.write_private("k.unlock", &fixture("unlock"));
    let key = String::from_utf8(fixture("sender.vkey")).unwrap().trim().to_owned();
    (place, key)
}

fn open_with(place: &Place, key: &str, more: &[&str]) -> Done {
    place.run(&[&["open", "sample.seki", "--keys", "k", "--sender-key", key], more].concat())
}

#[test]
fn the_package_of_the_fixture_opens() {
    let (place, key) = sample();
    let shown = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/package/shown.txt")).unwrap();
    let facts = open_with(&place, &key, &["--out", "inside", "--json"]).well().json();
    // こんにちは in CP932.
    assert_eq!(place.read("inside"), b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd\r\n");
    assert_eq!(place.mode("inside"), 0o600);
    let hash = facts["package_hash"].as_str().unwrap();
    assert!(shown.contains(hash), "{hash} {shown}");
    assert_eq!(
        (facts["sender"].as_str(), facts["leaf"].is_null()),
        (Some("050008"), true)
    );
    // Without --out and --as nothing of the content is shown.
    let facts = open_with(&place, &key, &[]).well();
    assert!(
        facts.out.contains(hash) && facts.out.contains("nowhere"),
        "{}",
        facts.out
    );
    open_with(&place, &key, &["--out", "inside"]).stopped("OutputExists", 4);
    open_with(&place, &key, &["--as", "text"]).stopped("NotText", 4);
    open_with(&place, &key, &["--as", "csv"]).stopped("FileNotExchange", 4);
    assert_eq!(place.names(), ["inside", "k", "k.unlock", "sample.seki"]);
}

#[test]
fn nothing_opens_without_a_key_that_is_known_of_the_sender() {
    let (place, key) = sample();
    let open = ["open", "sample.seki", "--keys", "k"];
    place.run(&open).stopped("SenderKeyMissing", 4);
    // Another party's key may not sign in the sender's name.
    place.run(&["key", "trust", "k", "052027", &key]).well();
    place.run(&open).stopped("SenderKeyMissing", 4);
    place.run(&["key", "trust", "k", "050008", &key]).well();
    place.run(&open).well();
    let (_, other) = place.keys("other", "050008");
    open_with(&place, &other, &[]).stopped("PackageSigner", 4);
    open_with(&place, "050008", &[]).stopped("KeyTextWrong", 2);
}

#[test]
fn every_damage_has_its_own_message() {
    let (place, key) = sample();
    let sound = place.read("sample.seki");
    let end = sound.windows(5).position(|part| part == b"\nend\n").unwrap() + 5;
    let text = String::from_utf8_lossy(&sound[..end]).into_owned();
    let stanza_end = text.rfind("\nend\n").unwrap();
    let spoiled = |at: usize| {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        bytes
    };
    let with_text = |text: String| [text.as_bytes(), &sound[end..]].concat();
    let cut = |len: usize| sound[..len].to_vec();
    for (bytes, fault, word) in [
        (b"hello".to_vec(), "PackageOther", "not a package"),
        (Vec::new(), "PackageOther", "not a package"),
        (
            with_text(text.replacen("package 1", "package 2", 1)),
            "PackageVersion",
            "version",
        ),
        (
            with_text(text.replacen("sender 050008", "sender 05 0008", 1)),
            "PackageHeader",
            "line 2",
        ),
        // The wrapped key no longer opens.
        (spoiled(stanza_end - 3), "PackageHeader", "stanza 1"),
        (spoiled(end + 4), "PackageManifest", "manifest"),
        (cut(end + 2), "PackageLength", "instead of"),
        (cut(sound.len() - 1), "PackageLength", "instead of"),
        ([&sound[..], b"x"].concat(), "PackageLength", "instead of"),
        (spoiled(sound.len() - 1), "PackageSegment", "segment 0"),
        (
            with_text(text.replacen("sender 050008", "sender 050009", 1)),
            "PackageHeader",
            "stanza",
        ),
    ] {
        place.write("sample.seki", &bytes);
        let code = if fault == "PackageVersion" { 9 } else { 4 };
        let done = open_with(&place, &key, &["--out", "inside"]).stopped(fault, code);
        assert!(done.err.contains(word), "{fault}: {}", done.err);
        let done = open_with(&place, &key, &["--lang", "ja"]).stopped(fault, code);
        assert!(!done.err.is_ascii());
        assert!(!place.exists("inside"));
    }
    assert_eq!(place.names(), ["k", "k.unlock", "sample.seki"]);
    place
        .run(&["open", "none.seki", "--keys", "k", "--sender-key", &key])
        .stopped("FileUnreadable", 7);
}

#[test]
fn a_package_for_somebody_else_names_its_recipients() {
    let (place, key) = sample();
    place.keys("other", "052027");
    let done = place
        .run(&["open", "sample.seki", "--keys", "other", "--sender-key", &key])
        .stopped("PackageNotForUs", 4);
    assert!(
        done.err.contains("052019 (") && done.err.contains("not for 052027"),
        "{}",
        done.err
    );
}

#[test]
fn the_damaged_segment_of_a_long_file_is_named() {
    let place = Place::with_site();
    // Three segments of 65,504 bytes of content, the last one shorter.
    place.write("long.txt", &vec![b'x'; 150_000]);
    place.at_site(&["seal", "long.txt", "--to", "052019"]).well();
    let sound = place.read("long.txt.seki");
    let last = 150_000 - 2 * 65_504 + 32;
    for (at, segment) in [
        (sound.len() - 1, 2),
        (sound.len() - last, 2),
        (sound.len() - last - 1, 1),
        (sound.len() - last - 65_536, 1),
        (sound.len() - last - 65_537, 0),
    ] {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x80;
        place.write("long.txt.seki", &bytes);
        let done = place
            .at_site(&["open", "long.txt.seki", "--keys", "akita", "--as", "text"])
            .stopped("PackageSegment", 4);
        assert!(done.err.contains(&format!("segment {segment} ")), "{at}: {}", done.err);
    }
}

#[test]
fn a_party_opens_what_the_site_sealed_by_the_sites_own_key() {
    let place = Place::with_site();
    place.write("letter.txt", "拝啓\n".as_bytes());
    place.at_site(&["seal", "letter.txt", "--to", "052019"]).well();
    let open = ["open", "letter.txt.seki", "--keys", "akita", "--as", "text"];
    assert_eq!(place.at_site(&open).well().out, "拝啓\n");
    let json = place.at_site(&[&open[..], &["--json"]].concat()).well().json();
    assert_eq!(json["content"], "拝啓\n");
    // The site's keys are not opened for that.
    fs::remove_file(place.path("site/keys/unlock.key")).unwrap();
    assert_eq!(place.at_site(&open).well().out, "拝啓\n");
    place.run(&open).stopped("SenderKeyMissing", 4);
    place
        .run(&[&["--site", "none"], &open[..]].concat())
        .stopped("SiteMissing", 2);
}

#[test]
fn the_site_opens_what_was_sent_to_it_and_the_ledger_says_so() {
    let place = Place::with_site();
    // The year of the site's first leaf, so that no new log begins.
    let open = |args: &[&str]| place.at_site(&[&["--business-date", "2020-09-14"], args].concat());
    place.write("letter.txt", b"to the prefecture\n");
    let seal = |keys: &str, out: &str| {
        place
            .at_site(&["seal", "letter.txt", "--keys", keys, "--to", "050008", "--out", out])
            .well()
    };
    seal("akita", "a.seki");
    let opened = open(&["open", "a.seki", "--as", "text", "--json"]).well().json();
    assert_eq!(
        (opened["content"].as_str(), opened["leaf"].as_u64()),
        (Some("to the prefecture\n"), Some(2))
    );
    let again = open(&["open", "a.seki", "--json"]).well().json();
    assert_eq!(again["leaf"], 3);
    // 052035 has no registered key; a stranger signs with another key in the name of 052019.
    place.keys("yokote", "052035");
    seal("yokote", "y.seki");
    open(&["open", "y.seki"]).stopped("SenderKeyMissing", 4);
    place.keys("stranger", "052019");
    seal("stranger", "s.seki");
    open(&["open", "s.seki"]).stopped("PackageSigner", 4);
    // Refusals made no leaf.
    assert_eq!(open(&["open", "a.seki", "--json"]).well().json()["leaf"], 4);
    // What the site sealed for others it cannot open.
    open(&["seal", "letter.txt", "--to", "052019", "--out", "o.seki"]).well();
    open(&["open", "o.seki"]).stopped("PackageNotForUs", 4);
}

/// Seals bytes for Akita as the site and opens them as CSV.
fn as_csv(place: &Place, name: &str, bytes: &[u8], more: &[&str]) -> Done {
    place.write(name, bytes);
    let package = format!("{name}.seki");
    if !place.exists(&package) {
        place.at_site(&["seal", name, "--to", "052019"]).well();
    }
    place.at_site(&[&["open", &package, "--keys", "akita", "--as", "csv"], more].concat())
}

#[test]
fn an_exchange_file_becomes_a_table() {
    let place = Place::with_site();
    // The fields of a RES as docs/formats lists them, fillers and record type left out.
    let mut file = Hand::res();
    file.data[3][9..20].copy_from_slice(b"24727059608");
    file.data[3][51..53].copy_from_slice(b"14");
    file.data[3][53..57].copy_from_slice(b"4215");
    file.data[3][65..67].copy_from_slice(b"6 ");
    file.data[3][79..83].copy_from_slice(b"\x8F\x5A\x96\xAF"); // 住民
    let done = as_csv(&place, "res.dat", &file.sealed().bytes(), &[]).well();
    assert_eq!(
        done.out,
        "record_no,jumin_code,change_reason,update_seq,timestamp,outcome,code,item_no,byte_offset,byte_length,\
         generation,message\n\
         00000001,,,,,A,,,,,,\n\
         00000002,,,,,W,W208,,,,,\n\
         00000002,,,,,W,W209,,,,,\n\
         00000003,24727059608,,,,R,L101,14,4215,6,,住民\n\
         00000004,,,,,D,,,,,,\n"
    );
    let done = as_csv(&place, "res.dat", &Hand::res().bytes(), &["--out", "table.csv"]).well();
    assert!(done.out.contains("table.csv"));
    assert_eq!(fs::read_to_string(place.path("table.csv")).unwrap().lines().count(), 6);
}

#[test]
fn gaiji_cells_are_private_use_characters_and_both_encodings_read_alike() {
    let place = Place::with_site();
    let mut cp932 = Hand::upd();
    cp932.data[0][12..14].copy_from_slice(&[0xF0, 0x40]);
    cp932.data[0][14..16].copy_from_slice(&[0xF9, 0xFC]);
    let mut ucs2 = Hand::upd();
    ucs2.header[48] = b'2';
    for record in &mut ucs2.data {
        for (offset, len) in [(12, 200), (215, 200), (425, 400), (851, 200), (1126, 100), (1229, 100)] {
            record[offset..offset + len].copy_from_slice(&[0x30, 0x00].repeat(len / 2));
        }
    }
    ucs2.data[0][12..16].copy_from_slice(&[0xE0, 0x00, 0xE7, 0x57]);
    ucs2.data[0][16..24].copy_from_slice(&[0x30, 0x00, 0x53, 0xF1, 0xD8, 0x42, 0xDF, 0xB7]); // 　叱𠮷
    for (name, file, expected) in [
        ("cp932.dat", cp932, "\u{E000}\u{E757}　花"),
        ("ucs2.dat", ucs2, "\u{E000}\u{E757}　叱𠮷"),
    ] {
        let done = as_csv(&place, name, &file.sealed().bytes(), &["--json"]).well().json();
        let rows = done["content"].as_array().unwrap();
        assert_eq!((rows.len(), rows[0]["kanji_name"].as_str()), (2, Some(expected)));
        assert_eq!(
            (rows[1]["jumin_code"].as_str(), rows[1]["name_gaiji_count"].as_str()),
            (Some("24846016224"), Some("000"))
        );
        assert_eq!((rows[0]["my_number"].as_str(), rows[0].get("filler")), (Some(""), None));
    }
}

#[test]
fn a_field_that_cannot_be_read_is_named_and_nothing_is_shown() {
    let place = Place::with_site();
    let mut file = Hand::upd();
    file.data[1][425] = 0xFF;
    // Header and first record, then item 7 at 425 of the second.
    let done = as_csv(&place, "bad.dat", &file.sealed().bytes(), &[]).stopped("FieldUnreadable", 4);
    assert!(
        done.err.contains("record 2, field address at byte 3225: F003"),
        "{}",
        done.err
    );
}
