//! Packages, their manifests, encrypted streams and files at rest, opened with keys that never change.

use std::sync::LazyLock;

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng as _;
use sekisho::domain::ids::PartyId;
use sekisho::format::package::{PackageHeader, PackageManifest, check_file_name};
use sekisho::seal::atrest::{
    AT_REST_FRONT_LEN, AT_REST_SEGMENT_LEN, AtRestFault, AtRestTest, open_at_rest, rewrap_at_rest, seal_at_rest,
};
use sekisho::seal::floe::{FloeKey, FloeParams, HEADER_LEN, open_all, seal_all};
use sekisho::seal::keys::PartySecrets;
use sekisho::seal::package::{PackageSpec, Recipient, open_package, package_root, peek, seal_package};
use sekisho::seal::secret::SiteKey;
use sekisho::seal::wrap::{Purpose, unwrap_key, wrap_key};

use super::{Target, head, quiet};

pub(crate) const PACKAGE: Target = Target {
    name: "package",
    check: package,
    seeds: || {
        let one = sealed(b"\x31UPD", 1, None);
        let two = sealed(&[7; 300], 2, Some("QZXJKV8W"));
        let cut = one[..one.len() - 7].to_vec();
        vec![one, two, cut]
    },
    words: &[
        "sekisho-package 1\n",
        "sender 050008\n",
        "recipient 052019 p256 ",
        "recipient 052019 x25519 ",
        "stanza ",
        "end\n",
    ],
};

pub(crate) const PACKAGE_MANIFEST: Target = Target {
    name: "package_manifest",
    check: package_manifest,
    seeds: || {
        let text = format!(
            "sekisho-manifest 1\nkind UPD\nsender 050008\nrecipient 052019 0123456789abcdef\nfile a.dat\nsize 7\npurpose QZXJKV8W\napplication -\ncount records 1\ngeneration 3\nexpires 2020-09-14\nheader {0}\npayload {0}\n",
            "0a".repeat(32)
        );
        let short = text
            .replace("count records 1\n", "")
            .replace("generation 3", "generation -")
            .replace("expires 2020-09-14", "expires -");
        vec![text.into_bytes(), short.into_bytes()]
    },
    words: &[
        "recipient ",
        "count ",
        "purpose ",
        "application ",
        "generation ",
        "expires ",
        "header ",
        "payload ",
        "file ",
        "size ",
        "18446744073709551615",
    ],
};

pub(crate) const FLOE: Target = Target {
    name: "floe",
    check: floe,
    seeds: || {
        let mut seeds = Vec::new();
        for (flag, len) in [(0, 0), (0, 31), (1, 64), (2, 500)] {
            let params = params_of(flag);
            let message = seal_all(&key(), params, b"aad", [3; 32], &vec![9; len]).unwrap();
            seeds.push([&[flag], message.as_slice()].concat());
        }
        seeds
    },
    words: &["\u{0}\u{0}\u{0}\u{0}"],
};

pub(crate) const AT_REST: Target = Target {
    name: "at_rest",
    check: at_rest,
    seeds: || {
        let file = seal_at_rest(&site_key(), "inbound/a", &b"\x00\x05a.dat".repeat(9), &mut rng(1)).unwrap();
        let content = [&7_u64.to_be_bytes()[..], &zstd::bulk::compress(b"content", 3).unwrap()].concat();
        let bomb = [
            &(1_u64 << 31).to_be_bytes()[..],
            &zstd::bulk::compress(&vec![0; 1 << 20], 3).unwrap(),
        ]
        .concat();
        let wrapped = wrap_key(&site_key(), Purpose::AtRest, "inbound/a", &[5; 32], [6; 12]).unwrap();
        let tag = |flag: u8, bytes: &[u8]| [&[flag], bytes].concat();
        vec![tag(0, &file), tag(1, &content), tag(1, &bomb), tag(2, &wrapped)]
    },
    words: &["SEKIREST\u{1}", "\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{7}"],
};

/// As large as a site ever allows.
const LIMIT: u64 = 4 << 30;

fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

pub(crate) fn site_key() -> SiteKey {
    SiteKey::new([4; 32])
}

fn key() -> FloeKey {
    FloeKey::new([2; 32])
}

struct Pair {
    sender: PartySecrets,
    receiver: PartySecrets,
}

fn pair() -> &'static Pair {
    static PAIR: LazyLock<Pair> = LazyLock::new(|| {
        let of = |owner: &str, seed| {
            let owner = PartyId::parse(owner).unwrap();
            PartySecrets::generate(owner, "sekisho/fuzz/package", &mut rng(seed)).unwrap()
        };
        Pair {
            sender: of("050008", 11),
            receiver: of("052019", 12),
        }
    });
    &PAIR
}

fn sealed(plain: &[u8], seed: u8, purpose: Option<&str>) -> Vec<u8> {
    let spec = PackageSpec {
        sender: pair().sender.owner,
        recipients: pair()
            .receiver
            .public_sealing_keys()
            .into_iter()
            .map(|key| Recipient {
                party: pair().receiver.owner,
                key,
            })
            .collect(),
        kind: "UPD".to_owned(),
        file_name: "UPD-050008-052019-00000001.dat".to_owned(),
        purpose: purpose.map(str::to_owned),
        application: None,
        counts: std::iter::once(("records".to_owned(), 1)).collect(),
        generation: Some(1),
        expires: None,
    };
    seal_package(&spec, plain, &pair().sender.package_signer, &mut rng(seed))
        .unwrap()
        .bytes
}

fn package(data: &[u8]) {
    match PackageHeader::parse(data) {
        Ok((header, used)) => {
            assert_eq!(header.to_text().as_bytes(), &data[..used], "one header has one text");
            assert!(peek(data).is_ok());
        }
        Err(fault) => quiet(data, &fault),
    }
    let root = package_root(data);
    let pinned = [pair().sender.package_signer.verifier()];
    match open_package(data, &pair().receiver.recipient_keys(), &pinned) {
        Ok(opened) => {
            assert_eq!(root, Ok(opened.package_hash));
            assert_eq!(opened.plaintext.len() as u64, opened.manifest.size_bytes);
            assert!(opened.plaintext.len() < data.len());
            // Only a file that was sealed opens.
            let seeds = (PACKAGE.seeds)();
            assert!(seeds.iter().any(|seed| seed == data), "a package that nobody sealed");
        }
        Err(fault) => quiet(data, &fault),
    }
}

fn package_manifest(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match PackageManifest::parse(text) {
        Ok(manifest) => {
            assert_eq!(manifest.to_text().as_deref(), Ok(text));
            check_file_name(&manifest.file_name).unwrap();
            let free = [&manifest.purpose, &manifest.application]
                .into_iter()
                .flatten()
                .chain([&manifest.file_name]);
            for value in free {
                assert!(!value.chars().any(char::is_control));
            }
        }
        Err(fault) => quiet(data, &fault),
    }
}

fn params_of(flag: u8) -> FloeParams {
    FloeParams::new(64 << (flag % 4)).unwrap()
}

fn floe(data: &[u8]) {
    let (flag, message) = head(data);
    let params = params_of(flag);
    match open_all(&key(), params, b"aad", message) {
        Ok(plain) => {
            assert!(plain.len() < message.len());
            for other in [&b"aae"[..], b""] {
                assert!(open_all(&key(), params, other, message).is_err());
            }
        }
        Err(fault) => quiet(message, &fault),
    }
    if let Some(header) = message.get(..HEADER_LEN)
        && let Ok(params) = FloeParams::of_header(header)
    {
        let _content = params.content_of(message.len() as u64);
    }
    // What is sealed opens, and not with one bit changed.
    let mut again = seal_all(&key(), params, b"aad", [1; 32], message).unwrap();
    assert_eq!(open_all(&key(), params, b"aad", &again).as_deref(), Ok(message));
    let at = usize::from(flag) * 7919 % again.len();
    again[at] ^= 1 << (flag % 8);
    assert!(
        open_all(&key(), params, b"aad", &again).is_err(),
        "a changed bit at {at}"
    );
}

fn at_rest(data: &[u8]) {
    let (flag, bytes) = head(data);
    let context = "inbound/a";
    match flag % 3 {
        0 => {
            let read = open_at_rest(&site_key(), context, bytes, LIMIT);
            assert_eq!(
                tested(context, bytes).ok(),
                read.as_ref().ok().map(|content| content.len() as u64)
            );
            if let Err(fault) = read {
                quiet(bytes, &fault);
            }
            let moved = rewrap_at_rest((&site_key(), &SiteKey::new([5; 32])), context, bytes, [8; 12]);
            if let (Ok(content), Ok(moved)) = (read, moved) {
                assert_eq!(
                    open_at_rest(&SiteKey::new([5; 32]), context, &moved, LIMIT),
                    Ok(content)
                );
            }
        }
        1 => {
            // The keys fit: what stands inside may still be anything.
            let file = around(context, bytes);
            let read = open_at_rest(&site_key(), context, &file, LIMIT);
            assert_eq!(
                tested(context, &file).ok(),
                read.as_ref().ok().map(|content| content.len() as u64)
            );
            if let Ok(content) = read {
                assert_eq!(content.len() as u64, u64::from_be_bytes(*bytes.first_chunk().unwrap()));
            }
        }
        _ => {
            if let Ok(key) = unwrap_key(&site_key(), Purpose::AtRest, context, bytes) {
                for purpose in [Purpose::Run, Purpose::Backup] {
                    assert!(unwrap_key(&site_key(), purpose, context, bytes).is_err());
                }
                let nonce = bytes[4..16].try_into().unwrap();
                assert_eq!(
                    wrap_key(&site_key(), Purpose::AtRest, context, &key, nonce)
                        .as_ref()
                        .map(<[u8; 64]>::as_slice),
                    Ok(bytes)
                );
            }
            let sealed = seal_at_rest(&site_key(), context, bytes, &mut rng(9)).unwrap();
            assert_eq!(open_at_rest(&site_key(), context, &sealed, LIMIT).as_deref(), Ok(bytes));
            assert!(open_at_rest(&site_key(), "inbound/b", &sealed, LIMIT).is_err());
        }
    }
}

/// What `verify` says of a file at rest: the length of its content.
fn tested(context: &str, bytes: &[u8]) -> Result<u64, AtRestFault> {
    let front = bytes.get(..AT_REST_FRONT_LEN).unwrap_or(bytes);
    let mut test = AtRestTest::new(&site_key(), context, front, bytes.len() as u64, LIMIT)?;
    let body = &bytes[front.len()..];
    let mut segments = 0;
    for segment in body.chunks(AT_REST_SEGMENT_LEN) {
        test.segment(segment)?;
        segments += 1;
    }
    assert_eq!(segments, test.segment_count());
    test.finish()
}

/// A file at rest around any content (`docs/formats/at-rest.md`), as a site with the right keys might have written it.
pub(crate) fn around(context: &str, content: &[u8]) -> Vec<u8> {
    around_with(&site_key(), context, content)
}

/// The same under another site key.
pub(crate) fn around_with(site: &SiteKey, context: &str, content: &[u8]) -> Vec<u8> {
    let magic = b"SEKIREST\x01";
    let wrapped = wrap_key(site, Purpose::AtRest, context, &[5; 32], [6; 12]).unwrap();
    let aad = [magic.as_slice(), context.as_bytes()].concat();
    let params = FloeParams::fixed::<{ 1 << 20 }>();
    let sealed = seal_all(&FloeKey::new([5; 32]), params, &aad, [7; 32], content).unwrap();
    [magic.as_slice(), &wrapped, &sealed].concat()
}
