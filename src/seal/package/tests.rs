//! Tests of packages: what opens, everything that must not, and what a dishonest recipient can try.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, Payload};
use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;

use super::*;
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::format::keyfile::Kem;
use crate::format::note::SignedNote;
use crate::format::package::{HeaderFault, ManifestFault, PackageManifest};
use crate::seal::digest::sha256;
use crate::seal::floe::{FloeFault, segments};
use crate::seal::hpke::{SealingPublicKey, SealingSecretKey};
use crate::seal::merkle::root_of;
use crate::seal::notesign::{NoteSigner, NoteVerifier};

pub(super) const SEGMENT: usize = 65536 - 32;

pub(super) fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

fn key(kem: Kem, seed: u8) -> SealingSecretKey {
    SealingSecretKey::generate(kem, &mut rng(seed)).unwrap()
}

pub(super) fn keys(kem: Kem, seed: u8) -> RecipientKeys {
    RecipientKeys::new(vec![key(kem, seed)])
}

pub(super) fn signer() -> NoteSigner {
    NoteSigner::new("sekisho.example/050008/package", &[1; 32]).unwrap()
}

pub(super) fn pinned() -> [NoteVerifier; 1] {
    [signer().verifier()]
}

fn party(id: &str) -> PartyId {
    PartyId::parse(id).unwrap()
}

/// To 052019 with P-256 (key 1) and to B0000001 with X25519 (key 2).
pub(super) fn spec() -> PackageSpec {
    let recipient = |id, kem, seed| Recipient {
        party: party(id),
        key: key(kem, seed).public().clone(),
    };
    PackageSpec {
        sender: party("050008"),
        recipients: vec![recipient("052019", Kem::P256, 1), recipient("B0000001", Kem::X25519, 2)],
        kind: "RES".to_owned(),
        file_name: "RES_052019.dat".to_owned(),
        purpose: None,
        application: Some("R7-15".to_owned()),
        counts: BTreeMap::from([("records".to_owned(), 3)]),
        generation: Some(7),
        expires: BusinessDate::parse("20260331"),
    }
}

fn seal(plaintext: &[u8]) -> SealedPackage {
    seal_package(&spec(), plaintext, &signer(), &mut rng(9)).unwrap()
}

fn open(bytes: &[u8]) -> Result<OpenedPackage, OpenFault> {
    open_package(bytes, &keys(Kem::P256, 1), &pinned())
}

fn refused(bytes: &[u8]) -> OpenFault {
    open(bytes).unwrap_err()
}

/// Where the text header ends and where the manifest ends, read from the bytes as the page of the format says.
fn marks(bytes: &[u8]) -> (usize, usize) {
    let header = bytes.windows(5).position(|w| w == b"\nend\n").unwrap() + 5;
    let len = u32::from_be_bytes(bytes[header..header + 4].try_into().unwrap());
    (header, header + 4 + usize::try_from(len).unwrap())
}

#[test]
fn each_recipient_opens_and_reads_what_was_signed() {
    for len in [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT + 5] {
        let plaintext: Vec<u8> = (0..len).map(|i| u8::try_from(i % 253).unwrap()).collect();
        let sealed = seal(&plaintext);
        assert_eq!(sealed.size, sealed.bytes.len() as u64);
        let also = open_package(&sealed.bytes, &keys(Kem::X25519, 2), &pinned()).unwrap();
        let opened = open(&sealed.bytes).unwrap();
        assert_eq!(opened, also);
        assert_eq!(opened.plaintext, plaintext);
        assert_eq!(opened.package_hash, sealed.package_hash);
        assert_eq!(opened.manifest.size_bytes, len as u64);
        assert_eq!(opened.manifest.kind, "RES");
        assert_eq!(opened.manifest.recipients[1].0, party("B0000001"));
        assert_eq!(opened.manifest.counts["records"], 3);
    }
}

/// The leaves cut out by hand.
#[test]
fn hashes_are_roots_over_header_manifest_floe_header_and_segments() {
    let sealed = seal(&vec![7; SEGMENT + 1]);
    let (header, manifest) = marks(&sealed.bytes);
    let floe = manifest + 74;
    let leaves = [
        &sealed.bytes[..header],
        &sealed.bytes[header + 4..manifest],
        &sealed.bytes[manifest..floe],
        &sealed.bytes[floe..floe + 65536],
        &sealed.bytes[floe + 65536..],
    ];
    assert_eq!(leaves[4].len(), 33);
    assert_eq!(sealed.package_hash, root_of(leaves));
    assert_eq!(package_root(&sealed.bytes), Ok(sealed.package_hash));
    let opened = open(&sealed.bytes).unwrap();
    assert_eq!(opened.manifest.payload_root, root_of(leaves[2..].iter().copied()));
    assert_eq!(opened.manifest.header_sha256, sha256(leaves[0]));
}

#[test]
fn nothing_but_parties_and_keys_stands_in_clear() {
    let sealed = seal(b"plain words");
    let (header, _) = marks(&sealed.bytes);
    for hidden in ["RES", "R7-15", "records", "plain words", "050008/package"] {
        assert!(
            !sealed.bytes.windows(hidden.len()).any(|w| w == hidden.as_bytes()),
            "{hidden}"
        );
    }
    let peeked = peek(&sealed.bytes).unwrap();
    assert_eq!(peeked.to_text().as_bytes(), &sealed.bytes[..header]);
    assert_eq!(peeked.sender(), party("050008"));
}

#[test]
fn every_bit_flip_and_every_cut_is_refused() {
    let mut spec = spec();
    spec.recipients.remove(0);
    let sealed = seal_package(&spec, b"0123456789", &signer(), &mut rng(9))
        .unwrap()
        .bytes;
    let (keys, pinned) = (keys(Kem::X25519, 2), pinned());
    assert!(open_package(&sealed, &keys, &pinned).is_ok());
    for at in 0..sealed.len() {
        let mut bad = sealed.clone();
        for bit in 0..8 {
            bad[at] ^= 1 << bit;
            assert!(open_package(&bad, &keys, &pinned).is_err(), "byte {at} bit {bit}");
            bad[at] ^= 1 << bit;
        }
        assert!(open_package(&sealed[..at], &keys, &pinned).is_err(), "cut at {at}");
    }
}

#[test]
fn faults_name_what_is_damaged() {
    let sealed = seal(&vec![7; 2 * SEGMENT + 9]);
    let (header, manifest) = marks(&sealed.bytes);
    let payload = manifest + 74;
    let flipped = |at: usize| {
        let mut bad = sealed.bytes.clone();
        bad[at] ^= 1;
        refused(&bad)
    };
    assert_eq!(flipped(0), OpenFault::DamagedHeader(HeaderFault::NotAPackage));
    assert_eq!(flipped(16), OpenFault::UnsupportedVersion);
    // A character of the sender's id: the stanzas are bound to it.
    assert_eq!(flipped(25), OpenFault::DamagedHeader(HeaderFault::Stanza { index: 0 }));
    assert_eq!(flipped(header + 4), OpenFault::DamagedManifest);
    assert_eq!(flipped(manifest - 1), OpenFault::DamagedManifest);
    assert_eq!(flipped(manifest), OpenFault::DamagedPayload { segment: 0 });
    assert_eq!(flipped(payload), OpenFault::DamagedPayload { segment: 0 });
    assert_eq!(flipped(payload + 65536 + 99), OpenFault::DamagedPayload { segment: 1 });
    assert_eq!(
        flipped(sealed.bytes.len() - 1),
        OpenFault::DamagedPayload { segment: 2 }
    );
    // Another recipient's stanza is bound as well, through the manifest.
    let text = String::from_utf8(sealed.bytes[..header].to_vec()).unwrap();
    let other_stanza = text.rfind("stanza ").unwrap() + 10;
    assert_eq!(flipped(other_stanza), OpenFault::DamagedManifest);
    // Segments that change places.
    let mut swapped = sealed.bytes.clone();
    let (left, right) = swapped.split_at_mut(payload + 65536);
    left[payload..].swap_with_slice(&mut right[..65536]);
    assert_eq!(refused(&swapped), OpenFault::DamagedPayload { segment: 0 });
}

#[test]
fn other_lengths_are_named() {
    let sealed = seal(&vec![7; SEGMENT + 9]);
    let want = sealed.size;
    let (header, manifest) = marks(&sealed.bytes);
    for got in [sealed.bytes.len() - 1, manifest + 74, manifest + 74 + 65536] {
        assert_eq!(
            refused(&sealed.bytes[..got]),
            OpenFault::WrongLength { got: got as u64, want }
        );
    }
    let longer = [&sealed.bytes[..], b"x"].concat();
    assert_eq!(refused(&longer), OpenFault::WrongLength { got: want + 1, want });
    for got in [manifest, manifest - 1, header + 4] {
        let least = manifest as u64 + 74;
        assert_eq!(
            refused(&sealed.bytes[..got]),
            OpenFault::WrongLength {
                got: got as u64,
                want: least
            }
        );
    }
    let least = header as u64 + 4;
    let got = header as u64 + 3;
    assert_eq!(
        refused(&sealed.bytes[..header + 3]),
        OpenFault::WrongLength { got, want: least }
    );
    assert_eq!(
        refused(&sealed.bytes[..header - 1]),
        OpenFault::DamagedHeader(HeaderFault::NoEnd)
    );
    for frame in [0, 27, 65537, u32::MAX] {
        let mut bad = sealed.bytes.clone();
        bad[header..header + 4].copy_from_slice(&frame.to_be_bytes());
        assert_eq!(refused(&bad), OpenFault::DamagedManifest);
    }
}

#[test]
fn only_recipients_open_and_only_the_senders_key_counts() {
    let sealed = seal(b"x").bytes;
    assert_eq!(
        open_package(&sealed, &keys(Kem::P256, 3), &pinned()),
        Err(OpenFault::NotForUs)
    );
    let several = RecipientKeys::new(vec![key(Kem::X25519, 3), key(Kem::P256, 1)]);
    assert!(open_package(&sealed, &several, &pinned()).is_ok());
    let other = NoteSigner::new("sekisho.example/050008/package", &[2; 32])
        .unwrap()
        .verifier();
    let ours = keys(Kem::P256, 1);
    assert_eq!(open_package(&sealed, &ours, &[]), Err(OpenFault::UnknownSigner));
    assert_eq!(
        open_package(&sealed, &ours, std::slice::from_ref(&other)),
        Err(OpenFault::UnknownSigner)
    );
    let [first] = pinned();
    assert!(open_package(&sealed, &ours, &[other, first]).is_ok());
}

/// Seals as a recipient could who knows the file key: any header, note and payload.
fn forge(spec: &PackageSpec, note: &str, plaintext: &[u8]) -> Vec<u8> {
    let sealer = PackageSealer::new(spec, plaintext.len() as u64, &mut rng(9)).unwrap();
    let mut payload = Vec::new();
    let mut leaves = Vec::new();
    for (index, (segment, _)) in (0..).zip(segments(plaintext, sealer.segment_len())) {
        leaves.push(sealer.seal_segment(index, segment, &mut payload).unwrap());
    }
    let honest = sealer.front(&signer(), leaves).unwrap().bytes;
    let (header, manifest) = marks(&honest);
    let key = PackageKey::new({
        let mut key = [0; 32];
        rand_core::Rng::fill_bytes(&mut rng(9), &mut key);
        key
    });
    let message = Payload {
        msg: note.as_bytes(),
        aad: &honest[..header],
    };
    let encrypted = manifest_cipher(&key).encrypt(&[0; 12].into(), message).unwrap();
    let frame = u32::try_from(encrypted.len() + 12).unwrap().to_be_bytes();
    [
        &honest[..header],
        &frame,
        &[0; 12],
        &encrypted,
        &honest[manifest..],
        &payload,
    ]
    .concat()
}

fn signed_note_of(package: &[u8]) -> String {
    let opened = open(package).unwrap();
    signer().sign(&opened.manifest.to_text().unwrap()).unwrap().to_text()
}

#[test]
fn a_recipient_cannot_forward_the_signed_manifest_under_another_header() {
    let note = signed_note_of(&seal(b"secret").bytes);
    let mut for_another = spec();
    for_another.recipients[1].party = party("B0000009");
    let forged = forge(&for_another, &note, b"secret");
    assert_eq!(refused(&forged), OpenFault::OtherHeader);
}

#[test]
fn a_recipient_cannot_put_another_payload_behind_the_signed_manifest() {
    let note = signed_note_of(&seal(b"secret").bytes);
    let forged = forge(&spec(), &note, b"SECRET");
    assert_eq!(refused(&forged), OpenFault::OtherPayload);
}

#[test]
fn a_manifest_that_is_wrong_in_itself_is_refused() {
    let text = open(&seal(b"secret").bytes).unwrap().manifest.to_text().unwrap();
    let with = |note: String| refused(&forge(&spec(), &note, b"secret"));
    let sign = |text: &str| signer().sign(text).unwrap().to_text();
    assert_eq!(with("no note".to_owned()), OpenFault::DamagedManifest);
    assert_eq!(with(sign("some other note\n")), OpenFault::DamagedManifest);
    assert_eq!(
        with(sign(&text.replace("sender 050008", "sender 050009"))),
        OpenFault::OtherHeader
    );
    assert_eq!(
        with(sign(&text.replace("recipient B0000001", "recipient B0000002"))),
        OpenFault::OtherHeader
    );
    let unsigned_change = sign(&text).replace("generation 7", "generation 8");
    assert!(SignedNote::parse(unsigned_change.as_bytes()).is_ok());
    assert_eq!(with(unsigned_change), OpenFault::BadSignature);
    let huge = sign(&text.replace("size 6", &format!("size {}", u64::MAX)));
    assert_eq!(with(huge), OpenFault::DamagedManifest);
    assert!(PackageManifest::parse(&text).is_ok());
    assert!(open(&forge(&spec(), &sign(&text), b"secret")).is_ok());
}

#[test]
fn segment_by_segment_gives_the_same_bytes_in_any_order() {
    let plaintext = vec![3; 2 * SEGMENT + 1];
    let whole = seal(&plaintext);
    let sealer = PackageSealer::new(&spec(), plaintext.len() as u64, &mut rng(9)).unwrap();
    assert_eq!(sealer.segment_count(), 3);
    let pieces: Vec<&[u8]> = plaintext.chunks(SEGMENT).collect();
    let mut sealed = vec![Vec::new(); 3];
    let mut leaves = vec![[0; 32]; 3];
    for index in [2, 0, 1] {
        leaves[index] = sealer
            .seal_segment(index as u64, pieces[index], &mut sealed[index])
            .unwrap();
    }
    let front = sealer.front(&signer(), leaves).unwrap();
    assert_eq!(front.package_hash, whole.package_hash);
    assert_eq!([front.bytes.clone(), sealed.concat()].concat(), whole.bytes);
    assert!(front.bytes.len() <= MAX_FRONT_LEN);

    let opener = PackageOpener::new(&front.bytes, whole.size, &keys(Kem::P256, 1), &pinned()).unwrap();
    assert_eq!(opener.payload_offset(), front.bytes.len() as u64);
    assert_eq!(opener.manifest().size_bytes, plaintext.len() as u64);
    let mut leaves = vec![[0; 32]; 3];
    for index in [1, 2, 0] {
        let mut out = Vec::new();
        leaves[index] = opener.open_segment(index as u64, &sealed[index], &mut out).unwrap();
        assert_eq!(out, pieces[index]);
    }
    assert_eq!(opener.finish(leaves.clone()), Ok(whole.package_hash));
    assert_eq!(opener.finish(leaves[..2].to_vec()), Err(OpenFault::OtherPayload));
}

#[test]
fn the_sealer_takes_the_announced_plaintext_only() {
    let sealer = PackageSealer::new(&spec(), SEGMENT as u64 + 2, &mut rng(9)).unwrap();
    let mut out = Vec::new();
    let mut seal = |index, len| sealer.seal_segment(index, &vec![0; len], &mut out);
    let wrong = |index, got| Err(SealFault::Payload(FloeFault::SegmentSize { index, got }));
    assert_eq!(seal(1, 1), wrong(1, 1));
    assert_eq!(seal(1, 3), wrong(1, 3));
    assert_eq!(seal(0, 3), wrong(0, 3));
    assert_eq!(seal(2, 1), Err(SealFault::Segments { got: 2, want: 2 }));
    assert!(seal(1, 2).is_ok());
    let few = sealer.front(&signer(), [[0; 32]]);
    assert_eq!(few, Err(SealFault::Segments { got: 1, want: 2 }));
}

#[test]
fn what_cannot_be_sealed_is_refused() {
    let refused = |change: &dyn Fn(&mut PackageSpec)| {
        let mut spec = spec();
        change(&mut spec);
        seal_package(&spec, b"x", &signer(), &mut rng(9)).unwrap_err()
    };
    assert_eq!(
        refused(&|spec| spec.recipients.clear()),
        SealFault::Header(HeaderFault::Recipients { got: 0 })
    );
    assert_eq!(
        refused(&|spec| spec.recipients[1].key = spec.recipients[0].key.clone()),
        SealFault::Header(HeaderFault::KeyTwice)
    );
    assert_eq!(
        refused(&|spec| spec.file_name = "../x".to_owned()),
        SealFault::Manifest(ManifestFault::Value { key: "file" })
    );
    let weak = SealingPublicKey::from_bytes(Kem::X25519, &[0; 32]).unwrap();
    assert!(matches!(
        refused(&|spec| spec.recipients[1].key = weak.clone()),
        SealFault::Recipient { party: at, .. } if at == party("B0000001")
    ));
}

#[test]
fn the_same_generator_gives_the_same_package_and_another_one_shares_nothing() {
    let first = seal(b"x");
    assert_eq!(seal(b"x"), first);
    let other = seal_package(&spec(), b"x", &signer(), &mut rng(10)).unwrap();
    assert_ne!(other.package_hash, first.package_hash);
    let (header, manifest) = marks(&first.bytes);
    let tail = |bytes: &[u8], at: usize| bytes[at..at + 16].to_vec();
    assert_ne!(tail(&other.bytes, header + 4), tail(&first.bytes, header + 4));
    assert_ne!(tail(&other.bytes, manifest + 10), tail(&first.bytes, manifest + 10));
}

#[test]
fn debug_shows_no_content() {
    let opened = open(&seal(b"plain words").bytes).unwrap();
    assert_eq!(format!("{opened:?}"), "OpenedPackage { plaintext_len: 11, .. }");
}
