//! Key files, unlock keys, public keys and the lists of trusted ones.

use std::sync::LazyLock;

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng as _;
use sekisho::domain::ids::PartyId;
use sekisho::format::keyfile::{
    KeyFile, PublicKeys, parse_sealing_key, parse_trusted, parse_unlock_key, sealing_key_text, trusted_line,
    unlock_key_text,
};
use sekisho::run::public::keys_of;
use sekisho::seal::digest::hkdf_sha256;
use sekisho::seal::floe::{FloeKey, FloeParams, open_all, seal_all};
use sekisho::seal::hpke::SealingPublicKey;
use sekisho::seal::keys::{PartySecrets, SiteSecrets, Unlock};
use sekisho::seal::secret::UnlockKey;

use super::{Target, head, quiet};

pub(crate) const KEY_FILES: Target = Target {
    name: "key_files",
    check: key_files,
    seeds: || {
        let made = made();
        let texts = keys_of(&made.site);
        let sealing = texts.sealing[0].clone().into_bytes();
        let trusted = trusted_line(made.party.owner, &made.party.package_signer.vkey()).into_bytes();
        let unlock_text = unlock_key_text(&UNLOCK).as_bytes().to_vec();
        let passphrase = String::from_utf8(made.site_file.clone()).unwrap();
        let (front, body) = (
            passphrase.split("unlock ").next().unwrap(),
            passphrase.rsplit('\n').nth(1).unwrap(),
        );
        let asked = format!("{front}unlock argon2id 64 1 1 AAAAAAAAAAAAAAAAAAAAAA==\n{body}\n");
        let public = texts.text();
        let plain = [
            made.site_file.as_slice(),
            &made.party_file,
            &sealing,
            &trusted,
            &unlock_text,
            public.as_bytes(),
            asked.as_bytes(),
        ];
        let mut seeds: Vec<Vec<u8>> = plain.iter().map(|seed| [&[0], *seed].concat()).collect();
        seeds.push([&[1], inside(&made.site_file).as_slice()].concat());
        seeds.push([&[2], inside(&made.party_file).as_slice()].concat());
        seeds
    },
    words: &[
        "sekisho-keyfile 1\n",
        "role site\n",
        "role party\n",
        "owner 050008\n",
        "unlock key ",
        "unlock argon2id 65536 3 1 ",
        "body ",
        "sekisho-unlock-key 1\n",
        "sekisho-public-keys 1\n",
        "ledger ",
        "package ",
        "sealing ",
        "sekisho-p256:",
        "sekisho-x25519:",
        "site-key ",
        "retired-site-key ",
        "multiset-key ",
        "year-root ",
        "ledger-signing ",
        "package-signing ",
        "sealing p256 ",
        "sealing x25519 ",
    ],
};

const UNLOCK: [u8; 32] = [8; 32];
const PARAMS: FloeParams = FloeParams::fixed::<65536>();

struct Made {
    site: SiteSecrets,
    party: PartySecrets,
    site_file: Vec<u8>,
    party_file: Vec<u8>,
}

fn unlock() -> Unlock {
    Unlock::Key(UnlockKey::new(UNLOCK))
}

fn made() -> &'static Made {
    static MADE: LazyLock<Made> = LazyLock::new(|| {
        let mut rng = ChaCha20Rng::from_seed([21; 32]);
        let id = |text| PartyId::parse(text).unwrap();
        let site = SiteSecrets::generate(
            id("050008"),
            "sekisho/050008/ledger",
            "sekisho/050008/package",
            &mut rng,
        )
        .unwrap();
        let party = PartySecrets::generate(id("052019"), "sekisho/052019/package", &mut rng).unwrap();
        let site_file = site.to_file_bytes(&unlock(), &mut rng).unwrap();
        let party_file = party.to_file_bytes(&unlock(), &mut rng).unwrap();
        Made {
            site,
            party,
            site_file,
            party_file,
        }
    });
    &MADE
}

fn body_key() -> FloeKey {
    // docs/formats/keyfile.md, "Key file".
    FloeKey::new(*hkdf_sha256(b"sekisho/v1/keyfile", &UNLOCK, &[b"body:", b"key"]))
}

/// The text inside a key file.
fn inside(file: &[u8]) -> Vec<u8> {
    let file = KeyFile::parse(file).unwrap();
    open_all(&body_key(), PARAMS, file.head().as_bytes(), &file.body).unwrap()
}

/// A key file around any text.
fn around(like: &[u8], text: &[u8]) -> Vec<u8> {
    let mut file = KeyFile::parse(like).unwrap();
    file.body = seal_all(&body_key(), PARAMS, file.head().as_bytes(), [1; 32], text).unwrap();
    file.to_text().into_bytes()
}

fn key_files(data: &[u8]) {
    let (flag, bytes) = head(data);
    let fault = match flag {
        1 => SiteSecrets::open(&around(&made().site_file, bytes), &unlock()).err(),
        2 => PartySecrets::open(&around(&made().party_file, bytes), &unlock()).err(),
        _ => return outside(bytes),
    };
    if let Some(fault) = fault {
        quiet(data, &fault);
    }
}

fn outside(bytes: &[u8]) {
    match KeyFile::parse(bytes) {
        Ok(file) => assert_eq!(file.to_text().as_bytes(), bytes, "one key file has one text"),
        Err(fault) => quiet(bytes, &fault),
    }
    for fault in [
        SiteSecrets::open(bytes, &unlock()).err(),
        PartySecrets::open(bytes, &unlock()).err(),
    ]
    .into_iter()
    .flatten()
    {
        quiet(bytes, &fault);
    }
    match parse_unlock_key(bytes) {
        Ok(key) => assert_eq!(unlock_key_text(&key).as_bytes(), bytes),
        Err(fault) => quiet(bytes, &fault),
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match PublicKeys::parse(text) {
        Ok(keys) => assert_eq!(keys.text(), text),
        Err(fault) => {
            super::line_within(bytes, fault.line_no);
            quiet(bytes, &fault);
        }
    }
    match parse_trusted(text) {
        Ok(trusted) => {
            let again: String = trusted.iter().map(|(party, key)| trusted_line(*party, key)).collect();
            assert_eq!(parse_trusted(&again).as_ref(), Ok(&trusted));
        }
        Err(fault) => super::line_within(bytes, fault.line_no),
    }
    match parse_sealing_key(text) {
        Ok((kem, key)) => assert_eq!(sealing_key_text(kem, &key), text),
        Err(fault) => quiet(bytes, &fault),
    }
    if let Ok(key) = SealingPublicKey::parse(text) {
        assert_eq!(key.text(), text);
    }
}
