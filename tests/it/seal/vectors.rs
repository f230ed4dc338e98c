//! Project Wycheproof and the longer published FLOE messages, through the functions and crates that the program uses.

use std::fs;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac as _};
use hpke::kem::{DhP256HkdfSha256, X25519HkdfSha256};
use hpke::{Deserializable, Kem, Serializable};
use sekisho::seal::digest::{from_hex, hkdf_sha256, hmac_sha256};
use sekisho::seal::floe::{FloeKey, FloeParams, open_all};
use sekisho::seal::signing::PublicKey;
use sha2::Sha384;
use wycheproof::TestResult;

use crate::shared::shared;

#[test]
fn aes_256_gcm() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
    let mut count = 0;
    for group in set.test_groups {
        // The program uses nothing but 256-bit keys, 96-bit nonces and whole tags.
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for test in group.tests {
            let cipher = Aes256Gcm::new_from_slice(&test.key).unwrap();
            let nonce: [u8; 12] = test.nonce[..].try_into().unwrap();
            let sealed = [&test.ct[..], &test.tag[..]].concat();
            let opened = cipher.decrypt(
                &nonce.into(),
                Payload {
                    msg: &sealed,
                    aad: &test.aad,
                },
            );
            if test.result == TestResult::Valid {
                assert_eq!(opened.unwrap(), test.pt[..], "{}", test.tc_id);
                let payload = Payload {
                    msg: &test.pt,
                    aad: &test.aad,
                };
                assert_eq!(
                    cipher.encrypt(&nonce.into(), payload).unwrap(),
                    sealed,
                    "{}",
                    test.tc_id
                );
            } else {
                assert!(opened.is_err(), "{}", test.tc_id);
            }
            count += 1;
        }
    }
    assert_eq!(count, 66);
}

#[test]
fn hmac_sha_256() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
    let mut count = 0;
    for group in set.test_groups.into_iter().filter(|g| g.tag_size == 256) {
        for test in group.tests {
            let ours = hmac_sha256(&test.key, &[&test.msg]);
            assert_eq!(
                ours[..] == test.tag[..],
                test.result == TestResult::Valid,
                "{}",
                test.tc_id
            );
            count += 1;
        }
    }
    assert_eq!(count, 87);
}

/// FLOE derives with HMAC-SHA-384; the program has no function of its own for it.
#[test]
fn hmac_sha_384() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha384).unwrap();
    let mut count = 0;
    for group in set.test_groups.into_iter().filter(|g| g.tag_size == 384) {
        for test in group.tests {
            let mut mac = <Hmac<Sha384> as KeyInit>::new_from_slice(&test.key).unwrap();
            mac.update(&test.msg);
            let ours = mac.finalize().into_bytes();
            assert_eq!(
                ours[..] == test.tag[..],
                test.result == TestResult::Valid,
                "{}",
                test.tc_id
            );
            count += 1;
        }
    }
    assert_eq!(count, 87);
}

#[test]
fn hkdf_sha_256() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut count = 0;
    for test in set.test_groups.into_iter().flat_map(|g| g.tests) {
        if test.result == TestResult::Valid {
            // An output begins with every shorter one.
            let ours = hkdf_sha256(&test.salt, &test.ikm, &[&test.info]);
            let len = test.okm.len().min(32);
            assert_eq!(ours[..len], test.okm[..len], "{}", test.tc_id);
            count += 1;
        }
    }
    assert_eq!(count, 83);
}

#[test]
fn ed25519() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let mut count = 0;
    for group in set.test_groups {
        let key = PublicKey::from_bytes(&group.key.pk[..].try_into().unwrap()).unwrap();
        for test in group.tests {
            let verified = key.verify(&test.msg, &test.sig).is_ok();
            assert_eq!(verified, test.result == TestResult::Valid, "{}", test.tc_id);
            count += 1;
        }
    }
    assert_eq!(count, 151);
}

/// `Decap` of RFC 9180, section 4.1, from the result of the Diffie-Hellman step on.
fn shared_secret(kem_id: u16, dh: &[u8], enc: &[u8], public: &[u8]) -> Vec<u8> {
    let suite = [&b"KEM"[..], &kem_id.to_be_bytes()].concat();
    let labeled_ikm = [&b"HPKE-v1"[..], &suite, b"eae_prk", dh].concat();
    let length: u16 = 32;
    hkdf_sha256(
        b"",
        &labeled_ikm,
        &[&length.to_be_bytes(), b"HPKE-v1", &suite, b"shared_secret", enc, public],
    )
    .to_vec()
}

/// The DHKEM shared secret that the `hpke` crate makes of a private and a public key, if it takes them.
fn decap<K: Kem>(private: &[u8], public: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let key = K::PrivateKey::from_bytes(private).ok()?;
    let enc = K::EncappedKey::from_bytes(public).ok()?;
    let secret = K::decap(&key, None, &enc).ok()?;
    Some((secret.0.to_vec(), K::sk_to_pk(&key).to_bytes().to_vec()))
}

#[test]
fn x25519_inside_the_kem() {
    let set = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X25519).unwrap();
    let mut count = 0;
    for test in set.test_groups.into_iter().flat_map(|g| g.tests) {
        let ours = decap::<X25519HkdfSha256>(&test.private_key, &test.public_key);
        if test.shared_secret.iter().all(|b| *b == 0) {
            // RFC 9180, section 7.1.4: an all-zero result must be refused.
            assert!(ours.is_none(), "{}", test.tc_id);
        } else {
            let (secret, own_public) = ours.unwrap();
            let expected = shared_secret(0x20, &test.shared_secret, &test.public_key, &own_public);
            assert_eq!(secret, expected, "{}", test.tc_id);
        }
        count += 1;
    }
    assert_eq!(count, 518);
}

#[test]
fn ecdh_on_p_256_inside_the_kem() {
    let name = wycheproof::ecdh::TestName::EcdhSecp256r1Ecpoint;
    let set = wycheproof::ecdh::TestSet::load(name).unwrap();
    let mut count = 0;
    for test in set.test_groups.into_iter().flat_map(|g| g.tests) {
        // Private keys stand as integers there, with or without leading zeros.
        let digits: Vec<u8> = test.private_key.iter().copied().skip_while(|b| *b == 0).collect();
        let private = [vec![0; 32 - digits.len()], digits].concat();
        let ours = decap::<DhP256HkdfSha256>(&private, &test.public_key);
        // The KEM takes uncompressed points only; compressed ones count as refused here.
        if test.result == TestResult::Valid && test.public_key.len() == 65 {
            let (secret, own_public) = ours.unwrap();
            let expected = shared_secret(0x10, &test.shared_secret, &test.public_key, &own_public);
            assert_eq!(secret, expected, "{}", test.tc_id);
            count += 1;
        } else {
            assert!(ours.is_none(), "{}", test.tc_id);
        }
    }
    assert_eq!(count, 330);
}

#[test]
fn published_floe_messages_of_four_kibibyte_segments() {
    let Some(folder) = shared("vectors/floe") else { return };
    let read = |name: &str| from_hex(fs::read_to_string(folder.join(name)).unwrap().trim()).unwrap();
    let params = FloeParams::new(4096).unwrap();
    for source in ["go", "java"] {
        let sealed = read(&format!("{source}_GCM256_IV256_4K_ct.txt"));
        let plaintext = open_all(&FloeKey::new([0; 32]), params, b"This is AAD", &sealed).unwrap();
        assert_eq!(plaintext, read(&format!("{source}_GCM256_IV256_4K_pt.txt")));
    }
}
