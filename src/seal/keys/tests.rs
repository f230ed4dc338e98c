//! Tests of key files.

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;

use super::unlock::{argon2id, seal_key_file};
use super::*;
use crate::domain::ids::PartyId;
use crate::format::keyfile::{ArgonCost, Kem, KeyRole};
use crate::seal::digest::to_hex;
use crate::seal::hpke::SealingSecretKey;
use crate::seal::secret::{SiteKey, UnlockKey};

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([3; 32])
}

fn site() -> SiteSecrets {
    let owner = PartyId::parse("050008").unwrap();
    SiteSecrets::generate(
        owner,
        "sekisho.example/050008/ledger",
        "sekisho.example/050008/package",
        &mut rng(),
    )
    .unwrap()
}

fn unlock_key() -> Unlock {
    Unlock::Key(UnlockKey::new([8; 32]))
}

fn passphrase(text: &str) -> Unlock {
    Unlock::Passphrase(Passphrase::new(text))
}

fn cheap() -> ArgonCost {
    ArgonCost::new(64, 1, 1).unwrap()
}

/// Everything inside, to compare.
fn shown(secrets: &SiteSecrets) -> String {
    let keys = [
        secrets.site_key.expose(),
        secrets.multiset_key.expose(),
        secrets.year_root.expose(),
    ]
    .map(|k| to_hex(k));
    let sealing: Vec<String> = secrets.sealing.iter().map(|k| to_hex(k.expose())).collect();
    let retired: Vec<String> = secrets.retired_site_keys.iter().map(|k| to_hex(k.expose())).collect();
    let signers = [&secrets.ledger_signer, &secrets.package_signer].map(|s| s.skey().to_string());
    format!("{} {keys:?} {retired:?} {signers:?} {sealing:?}", secrets.owner)
}

/// Of the reference implementation's tests (phc-winner-argon2, `src/test.c`).
#[test]
fn argon2id_of_the_reference_implementation() {
    let cost = ArgonCost::new(256, 2, 1).unwrap();
    assert_eq!(
        to_hex(&*argon2id(b"password", cost, b"somesalt").unwrap()),
        "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"
    );
}

#[test]
fn a_site_file_gives_the_secrets_back() {
    let mut secrets = site();
    secrets.retired_site_keys.push(SiteKey::new([9; 32]));
    for unlock in [unlock_key(), passphrase("correct horse battery")] {
        let bytes = secrets.to_file_bytes_at(&unlock, cheap(), &mut rng()).unwrap();
        let opened = SiteSecrets::open(&bytes, &unlock).unwrap();
        assert_eq!(shown(&opened), shown(&secrets));
    }
    assert_eq!(
        secrets.sealing.iter().map(SealingSecretKey::kem).collect::<Vec<_>>(),
        Kem::ALL
    );
    assert_eq!(secrets.public_sealing_keys()[0], *secrets.sealing[0].public());
}

#[test]
fn a_party_file_gives_the_secrets_back_and_is_no_site_file() {
    let owner = PartyId::parse("052019").unwrap();
    let secrets = PartySecrets::generate(owner, "sekisho.example/052019", &mut rng()).unwrap();
    let bytes = secrets.to_file_bytes(&unlock_key(), &mut rng()).unwrap();
    let opened = PartySecrets::open(&bytes, &unlock_key()).unwrap();
    assert_eq!(opened.owner, owner);
    assert_eq!(*opened.package_signer.skey(), *secrets.package_signer.skey());
    assert_eq!(opened.sealing[1].expose(), secrets.sealing[1].expose());
    assert_eq!(
        SiteSecrets::open(&bytes, &unlock_key()).unwrap_err(),
        KeyFault::OtherRole
    );
    let site = site().to_file_bytes(&unlock_key(), &mut rng()).unwrap();
    assert_eq!(
        PartySecrets::open(&site, &unlock_key()).unwrap_err(),
        KeyFault::OtherRole
    );
}

#[test]
fn a_new_file_is_written_at_full_cost() {
    let bytes = site()
        .to_file_bytes(&passphrase("correct horse battery"), &mut rng())
        .unwrap();
    assert!(
        String::from_utf8(bytes)
            .unwrap()
            .contains("\nunlock argon2id 65536 3 1 ")
    );
}

#[test]
fn no_secret_stands_in_clear() {
    let bytes = site().to_file_bytes(&unlock_key(), &mut rng()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(!text.contains("PRIVATE") && !text.contains("site-key"));
}

#[test]
fn the_wrong_unlock_is_refused() {
    let secrets = site();
    let by_key = secrets.to_file_bytes(&unlock_key(), &mut rng()).unwrap();
    let by_words = secrets
        .to_file_bytes_at(&passphrase("correct horse battery"), cheap(), &mut rng())
        .unwrap();
    let refused = |bytes: &[u8], unlock: &Unlock| SiteSecrets::open(bytes, unlock).unwrap_err();
    assert_eq!(
        refused(&by_key, &Unlock::Key(UnlockKey::new([7; 32]))),
        KeyFault::OtherUnlockKey
    );
    assert_eq!(
        refused(&by_key, &passphrase("correct horse battery")),
        KeyFault::OtherWay
    );
    assert_eq!(refused(&by_words, &unlock_key()), KeyFault::OtherWay);
    assert_eq!(
        refused(&by_words, &passphrase("correct horse batterie")),
        KeyFault::DoesNotOpen
    );
}

#[test]
fn full_width_letters_are_the_same_passphrase() {
    let bytes = site()
        .to_file_bytes_at(&passphrase("himitsu-1234"), cheap(), &mut rng())
        .unwrap();
    assert!(SiteSecrets::open(&bytes, &passphrase("ｈｉｍｉｔｓｕ－１２３４")).is_ok());
}

#[test]
fn a_short_passphrase_is_refused_for_a_new_file() {
    let refused = site().to_file_bytes_at(&passphrase("elevenchars"), cheap(), &mut rng());
    assert_eq!(refused, Err(KeyFault::ShortPassphrase));
}

#[test]
fn every_changed_character_and_every_cut_is_refused() {
    let bytes = site().to_file_bytes(&unlock_key(), &mut rng()).unwrap();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(SiteSecrets::open(&bad, &unlock_key()).is_err(), "byte {at}");
        assert!(SiteSecrets::open(&bytes[..at], &unlock_key()).is_err(), "cut at {at}");
    }
}

#[test]
fn secrets_that_are_missing_or_malformed_are_named() {
    let owner = PartyId::parse("050008").unwrap();
    let key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let site = site();
    let good = format!(
        "site-key {key}\nmultiset-key {key}\nyear-root {key}\nledger-signing {}\npackage-signing {}\nsealing x25519 {key}\n",
        *site.ledger_signer.skey(),
        *site.package_signer.skey()
    );
    let open = |text: &str| {
        let bytes = seal_key_file((KeyRole::Site, owner), text, &unlock_key(), cheap(), &mut rng()).unwrap();
        SiteSecrets::open(&bytes, &unlock_key())
    };
    assert!(open(&good).is_ok());
    for name in [
        "site-key",
        "multiset-key",
        "year-root",
        "ledger-signing",
        "package-signing",
        "sealing",
    ] {
        let missing: String = good
            .split_inclusive('\n')
            .filter(|line| !line.starts_with(name))
            .collect();
        let malformed: String = good
            .split_inclusive('\n')
            .map(|line| {
                if line.starts_with(name) {
                    line.replacen(['A', 'P'], "*", 1)
                } else {
                    line.to_owned()
                }
            })
            .collect();
        for text in [missing, malformed] {
            let fault = open(&text).unwrap_err();
            assert!(
                matches!(fault, KeyFault::Secret { name: named } if named == name),
                "{name}: {fault:?}"
            );
        }
    }
    assert_eq!(
        open(&format!("{good}more x\n")).unwrap_err(),
        KeyFault::UnknownSecret { line_no: 7 }
    );
    let zero = good.replace("sealing x25519", "sealing p256");
    assert_eq!(open(&zero).unwrap_err(), KeyFault::Secret { name: "sealing" });
    let retired = good.replace("multiset-key", "retired-site-key x\nmultiset-key");
    assert_eq!(
        open(&retired).unwrap_err(),
        KeyFault::Secret {
            name: "retired-site-key"
        }
    );
}

#[test]
fn unlock_key_files_give_the_key_back() {
    let key = generate_unlock_key(&mut rng());
    let read = read_unlock_key(unlock_key_file(&key).as_bytes()).unwrap();
    assert_eq!(read.expose(), key.expose());
    assert!(matches!(read_unlock_key(b"x"), Err(KeyFault::File(_))));
}

#[test]
fn key_files_that_others_may_read_are_refused() {
    for mode in [0o600, 0o400, 0o700] {
        assert_eq!(check_key_file_mode(mode), Ok(()));
    }
    for mode in [0o640, 0o604, 0o610, 0o601, 0o660, 0o622, 0o644] {
        assert_eq!(check_key_file_mode(mode), Err(KeyModeFault { mode }));
    }
    assert!(KeyModeFault { mode: 0o640 }.to_string().contains("0640"));
}

#[test]
fn debug_shows_no_secret() {
    assert_eq!(format!("{:?}", site()), "SiteSecrets(050008)");
    assert_eq!(
        format!("{:?}", passphrase("secret words here")),
        "Passphrase(Passphrase(..))"
    );
    assert_eq!(format!("{:?}", unlock_key()), "Key(UnlockKey(..))");
}
