//! H05: sealed and signed inbound files, and everything that can be wrong with them; a plain file where none is allowed.

use sekisho::seal::hpke::SealingPublicKey;

use crate::desk::Desk;
use crate::desk::files::*;

fn sealed_name(sender: &str, serial: u32) -> String {
    format!("{}.seki", name(sender, serial))
}

/// A package of 大館市, which must seal, for the site.
fn good(desk: &Desk) -> Vec<u8> {
    let plain = upd(ODATE, 1, &[ANNA]);
    package(
        ODATE,
        &desk.parties[ODATE],
        (OWN, &desk.site_key()),
        &name(ODATE, 1),
        &plain,
        7,
    )
}

/// Held H05; the words contain this; the leaf says H05; the bytes are kept.
fn is_held(desk: &Desk, folder: &str, file: &str, bytes: &[u8], words: &str) {
    desk.put(folder, file, bytes);
    let before = desk.leaves().len();
    let pass = desk.run();
    assert_eq!(pass.code, 3, "{}", pass.json);
    let (fate, detail) = pass.only();
    assert_eq!(fate, "held H05");
    assert!(detail.contains(words), "{detail}");
    let held = format!("held {file} held H05");
    assert!(desk.acts_since(before).contains(&held), "{:?}", desk.acts_since(before));
    let state = desk.state();
    assert!(state.outgoing.is_empty());
    let kept = format!("{file} {} ", bytes.len());
    assert!(
        state.spool.values().any(|value| value.starts_with(&kept)),
        "{:?}",
        state.spool
    );
    let shown = desk.must(&[
        "held",
        "show",
        desk.json(&["held", "list"], 3)[0]["id"].as_str().unwrap(),
    ]);
    assert!(shown.contains("ask the sender by telephone"), "{shown}");
    let after = desk.leaves().len();
    assert_eq!(desk.run().code, 3);
    assert_eq!(desk.leaves().len(), after);
}

#[test]
fn a_sealed_and_signed_file_is_taken() {
    let desk = Desk::new();
    desk.put(ODATE, &sealed_name(ODATE, 1), &good(&desk));
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("processed", 0));
    assert_eq!(desk.json(&["status"], 0)["residents"], 1);
    // Sealed anew it is the same file: a duplicate.
    let plain = upd(ODATE, 1, &[ANNA]);
    let again = package(
        ODATE,
        &desk.parties[ODATE],
        (OWN, &desk.site_key()),
        &name(ODATE, 1),
        &plain,
        8,
    );
    desk.put(ODATE, &sealed_name(ODATE, 1), &again);
    assert_eq!(desk.run().only().0, "duplicate");
}

#[test]
fn a_sealed_file_of_a_party_that_need_not_seal() {
    let desk = Desk::new();
    let plain = upd(AKITA, 1, &[ANNA]);
    // X25519 as well as P-256.
    let mut keys = Vec::new();
    desk.look(|site| keys = site.secrets.public_sealing_keys());
    assert_eq!(keys.len(), 2);
    for (serial, key) in (1..).zip(&keys) {
        let plain = if serial == 1 {
            plain.clone()
        } else {
            upd(AKITA, serial, &[BEN])
        };
        let bytes = package(AKITA, &desk.parties[AKITA], (OWN, key), &name(AKITA, serial), &plain, 9);
        desk.put(AKITA, &sealed_name(AKITA, serial), &bytes);
    }
    let pass = desk.run();
    assert_eq!((pass.code, pass.number("held")), (0, 0), "{}", pass.json);
    assert_eq!(pass.json["records"]["applied"], 2);
}

#[test]
fn a_plain_file_where_sealed_is_required() {
    let desk = Desk::new();
    let bytes = upd(ODATE, 1, &[ANNA]);
    is_held(
        &desk,
        ODATE,
        &name(ODATE, 1),
        &bytes,
        "a plain file from a party that must seal",
    );
}

#[test]
fn signed_by_another_key_than_the_registered_one() {
    let desk = Desk::new();
    let plain = upd(ODATE, 1, &[ANNA]);
    let thief = secrets(ODATE, 66);
    let bytes = package(ODATE, &thief, (OWN, &desk.site_key()), &name(ODATE, 1), &plain, 7);
    is_held(&desk, ODATE, &sealed_name(ODATE, 1), &bytes, "sign");
}

#[test]
fn a_revoked_key() {
    let desk = Desk::new();
    let bytes = good(&desk);
    let new = secrets(ODATE, 67).package_signer.vkey();
    desk.must(&["party", "key", ODATE, "--signing", &new, "--business-date", DAY]);
    is_held(&desk, ODATE, &sealed_name(ODATE, 1), &bytes, "sign");
}

#[test]
fn a_sender_without_a_signing_key() {
    let desk = Desk::new();
    let plain = upd(YOKOTE, 1, &[ANNA]);
    let bytes = package(
        YOKOTE,
        &secrets(YOKOTE, 68),
        (OWN, &desk.site_key()),
        &name(YOKOTE, 1),
        &plain,
        7,
    );
    is_held(
        &desk,
        YOKOTE,
        &sealed_name(YOKOTE, 1),
        &bytes,
        "no signing key is registered for 052035",
    );
}

#[test]
fn sealed_for_somebody_else() {
    let desk = Desk::new();
    let plain = upd(ODATE, 1, &[ANNA]);
    let other: &SealingPublicKey = &desk.parties[NOSHIRO].public_sealing_keys()[0];
    let bytes = package(ODATE, &desk.parties[ODATE], (OWN, other), &name(ODATE, 1), &plain, 7);
    is_held(&desk, ODATE, &sealed_name(ODATE, 1), &bytes, "package: ");
}

#[test]
fn one_party_cannot_speak_for_another() {
    // 能代市 signs a file whose header says 秋田市.
    let desk = Desk::new();
    let plain = upd(AKITA, 1, &[ANNA]);
    let bytes = package(
        NOSHIRO,
        &desk.parties[NOSHIRO],
        (OWN, &desk.site_key()),
        &name(AKITA, 1),
        &plain,
        7,
    );
    is_held(&desk, AKITA, &sealed_name(AKITA, 1), &bytes, "signed by another party");
    // A plain file of 秋田市 in the folder of 能代市.
    let desk = Desk::new();
    is_held(
        &desk,
        NOSHIRO,
        &name(AKITA, 1),
        &plain,
        "lies in the folder of another party",
    );
}

#[test]
fn a_package_damaged_anywhere() {
    let desk = Desk::new();
    let good = good(&desk);
    let header = good.windows(2).position(|pair| pair == b"\n\n").unwrap_or(200);
    for (place, words) in [
        (8, ""),
        (header / 2, ""),
        (header + 60, ""),
        (good.len() - 2000, ""),
        (good.len() - 1, ""),
    ] {
        let desk = Desk::new();
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        is_held(&desk, ODATE, &sealed_name(ODATE, 1), &bytes, words);
    }
}

#[test]
fn a_package_cut_or_lengthened() {
    let desk = Desk::new();
    let mut bytes = good(&desk);
    bytes.push(0);
    is_held(&desk, ODATE, &sealed_name(ODATE, 1), &bytes, "package: ");
    // What lacks its end may still be on its way: it stays where its sender can write on.
    let desk = Desk::new();
    let (bytes, file) = (good(&desk), sealed_name(ODATE, 1));
    for len in [0, 5, 300, bytes.len() - 1] {
        desk.put(ODATE, &file, &bytes[..len]);
        assert_eq!(desk.run().code, 3, "{len}");
        let held = desk.json(&["held", "list"], 3);
        assert_eq!(
            (&held[0]["code"], &held[0]["in_place"]),
            (&"H05".into(), &true.into()),
            "{held}"
        );
        assert!(held[0]["detail"].as_str().unwrap().starts_with("package: "), "{held}");
        assert_eq!(desk.waiting(ODATE), [file.as_str()], "{len}");
    }
    desk.put(ODATE, &file, &bytes);
    assert_eq!(desk.run().only().0, "processed");
}

#[test]
fn a_party_without_a_key_waits_until_it_has_one() {
    let desk = Desk::new();
    let bytes = upd(YOKOTE, 1, &[ANNA]);
    is_held(
        &desk,
        YOKOTE,
        &name(YOKOTE, 1),
        &bytes,
        "no sealing key is registered for the answer",
    );
    let key = secrets(YOKOTE, 69).public_sealing_keys()[0].text();
    desk.must(&["party", "key", YOKOTE, "--sealing", &key, "--business-date", DAY]);
    let id = desk.json(&["held", "list"], 3)[0]["id"].as_str().unwrap().to_owned();
    desk.must(&["held", "release", &id, "--business-date", DAY]);
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("processed", 0));
}
