//! `seal`: as the site with a leaf, as a party without one, and everything that is refused.

use std::fs;
use std::process::Command;

use super::place::Place;
use crate::layout::hand::Hand;

const LETTER: &[u8] = "拝啓　秋田市御中\n".as_bytes();

#[test]
fn the_site_seals_for_a_party_and_the_ledger_has_it() {
    let place = Place::with_site();
    place.write("letter.txt", LETTER);
    let sealed = place
        .at_site(&[
            "seal",
            "letter.txt",
            "--to",
            "052019",
            "--json",
            "--business-date",
            "2020-09-14",
        ])
        .well()
        .json();
    assert_eq!(sealed["path"], "letter.txt.seki");
    assert_eq!(
        (place.mode("letter.txt.seki"), place.mode("letter.txt.seki.tlog-proof")),
        (0o600, 0o600)
    );
    let proof = String::from_utf8(place.read("letter.txt.seki.tlog-proof")).unwrap();
    assert!(proof.starts_with("c2sp.org/tlog-proof@v1\n"), "{proof}");
    // init, register, outgoing: the proof is of the third leaf.
    assert!(proof.contains("\nindex 2\n") && sealed["leaf"] == 2, "{proof}");
    let leaves = place.at_site(&["ledger", "verify"]).well();
    assert!(!leaves.out.is_empty());
    assert!(proof.contains("sekisho/050008"), "{proof}");
    // Nothing of the letter or its receiver stands in clear in the ledger.
    let mut files = Vec::new();
    let mut folders = vec![place.path("site/ledger")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    let ledger: Vec<u8> = files.iter().flat_map(|path| fs::read(path).unwrap()).collect();
    let hash = sealed["package_hash"].as_str().unwrap();
    let has = |text: &str| ledger.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(has(hash) && has("\"outgoing\"") && has("\"published\""));
    assert!(!has("letter.txt") && !has("052019"));
}

#[test]
fn what_is_sealed_opens_with_the_independent_reader() {
    let cryptography = Command::new("python3")
        .args(["-c", "import cryptography.hazmat.primitives.kdf.argon2"])
        .output();
    if !cryptography.is_ok_and(|done| done.status.success()) {
        std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: no python3 with cryptography\n").unwrap();
        return;
    }
    let place = Place::with_site();
    place.write("letter.txt", LETTER);
    place.at_site(&["seal", "letter.txt", "--to", "052019"]).well();
    let public = String::from_utf8(place.read("site/keys/public.txt")).unwrap();
    let package_key = public.lines().find_map(|line| line.strip_prefix("package ")).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/open_package.py");
    let opened = Command::new("python3")
        .args([script, "letter.txt.seki", "--keys", "akita", "--unlock", "akita.unlock"])
        .args(["--sender", package_key, "--out", "read.txt"])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    assert!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
    assert_eq!(place.read("read.txt"), LETTER);
}

#[test]
fn nothing_is_written_and_no_leaf_is_made_where_it_is_refused() {
    let place = Place::with_site();
    place.write("letter.txt", LETTER);
    let size = |place: &Place| place.at_site(&["seal", "letter.txt", "--to", "052019", "--json", "--out", "probe"]);
    let before = size(&place).well().json()["leaf"].as_u64().unwrap();
    for name in ["probe", "probe.tlog-proof"] {
        fs::remove_file(place.path(name)).unwrap();
    }
    let seal = |to: &str| place.at_site(&["seal", "letter.txt", "--to", to]);
    seal("999999").stopped("PartyUnknown", 4);
    seal("052027").stopped("PartyNotActive", 4);
    seal("052035").stopped("PartyKeyMissing", 4);
    place
        .at_site(&["seal", "none.txt", "--to", "052019"])
        .stopped("FileUnreadable", 7);
    place.write("letter.txt.seki", b"mine");
    seal("052019").stopped("OutputExists", 4);
    assert_eq!(place.read("letter.txt.seki"), b"mine");
    fs::remove_file(place.path("letter.txt.seki")).unwrap();
    place.write("letter.txt.seki.tlog-proof", b"mine");
    seal("052019").stopped("OutputExists", 4);
    fs::remove_file(place.path("letter.txt.seki.tlog-proof")).unwrap();
    place.write("bad:name", LETTER);
    place
        .at_site(&["seal", "bad:name", "--to", "052019"])
        .stopped("SealFailed", 4);
    place
        .at_site(&["seal", "letter.txt", "--to", "052019", "--business-date", "2020-09-13"])
        .stopped("DateBackward", 4);
    assert!(
        !place.names().iter().any(|name| name.contains("seki")),
        "{:?}",
        place.names()
    );
    // Two leaves a package: the next one follows directly.
    assert_eq!(size(&place).well().json()["leaf"], before + 2);
    place
        .run(&["seal", "letter.txt", "--to", "052019"])
        .stopped("SiteMissing", 2);
}

#[test]
fn a_party_seals_what_it_sends_with_its_own_keys() {
    let place = Place::with_site();
    place.write("UPD-052019-050008-00000001.dat", &Hand::upd().bytes());
    let file = "UPD-052019-050008-00000001.dat";
    let seal = ["seal", file, "--keys", "akita", "--to", "050008"];
    place.run(&seal).stopped("UsageWrong", 2);
    let public = String::from_utf8(place.read("site/keys/public.txt")).unwrap();
    let keys: Vec<&str> = public
        .lines()
        .filter_map(|line| line.strip_prefix("sealing "))
        .collect();
    for (name, key) in [("p256.seki", keys[0]), ("x25519.seki", keys[1])] {
        let sealed = place
            .run(&[&seal[..], &["--to-key", key, "--out", name, "--json"]].concat())
            .well()
            .json();
        assert_eq!(
            (sealed["sender"].as_str(), sealed["leaf"].is_null()),
            (Some("052019"), true)
        );
        let opened = place.at_site(&["open", name, "--json"]).well().json();
        assert_eq!(
            (opened["kind"].as_str(), opened["records"].as_u64()),
            (Some("UPD"), Some(2))
        );
        assert_eq!(opened["file"], file);
    }
    // The site's own key is found by --site, and only there.
    place.at_site(&seal).well();
    place
        .run(&[&seal[..], &["--to-key", "sekisho-p256:AAAA", "--out", "x"]].concat())
        .stopped("KeyTextWrong", 2);
    // A key of the receiver without keys of one's own makes no sense.
    assert_eq!(
        place.run(&["seal", file, "--to", "050008", "--to-key", keys[0]]).code,
        2
    );
    fs::remove_file(place.path("site/keys/public.txt")).unwrap();
    place
        .at_site(&[&seal[..], &["--out", "x"]].concat())
        .stopped("PublicKeysMissing", 4);
    assert!(!place.exists("x"));
}
