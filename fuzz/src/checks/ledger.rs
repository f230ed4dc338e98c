//! The ledger: notes, checkpoints, leaves, tiles, proofs.

use std::sync::LazyLock;

use sekisho::domain::instant::Instant;
use sekisho::domain::party::FileKind;
use sekisho::format::leaf::{Act, FileFacts, Label, Leaf, Outcome};
use sekisho::format::note::{MAX_SIGNATURES, SignedNote};
use sekisho::format::proof::{Checkpoint, ProofFile};
use sekisho::format::tile::{BundleReader, TileId, TileKind, encode_bundle, kinds_of, parse_hashes};
use sekisho::seal::digest::{sha256, to_hex};
use sekisho::seal::merkle::{leaf_hash, verify_consistency, verify_inclusion};
use sekisho::seal::notesign::{NoteSigner, NoteVerifier};

use super::{Target, head, quiet};

pub(crate) const NOTE: Target = Target {
    name: "note",
    check: note,
    seeds: || {
        let note = signed("sekisho/050008/2020\n12\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
        let more = signer("b")
            .cosign(&SignedNote::parse(note.as_bytes()).unwrap())
            .unwrap();
        let odd = signed("QZXJKV8W\n\nx\n");
        vec![
            note.into_bytes(),
            more.to_text().into_bytes(),
            odd.into_bytes(),
            signer("a").vkey().into_bytes(),
            signer("a").skey().as_bytes().to_vec(),
        ]
    },
    words: &["\u{2014} a ", "\n\n", "PRIVATE+KEY+", "AAAA", "=", "+", "\u{3000}"],
};

pub(crate) const LEAF: Target = Target {
    name: "leaf",
    check: leaf,
    seeds: leaf_seeds,
    words: &[
        "{\"v\":1,\"act\":\"",
        "\"time\":\"",
        "\"outcome\":\"",
        "\"file\":{\"name\":\"",
        "\"counts\":{",
        "\"heads\":{",
        "\"private\":\"@PRIVATE\"",
        "\"salt\":\"",
        "\"plain_sha256\":\"",
        "\"subjects\":{",
        "\"items\":[",
        "keyed:",
        "sealed:",
        "\\u0000",
    ],
};

pub(crate) const TILE: Target = Target {
    name: "tile",
    check: tile,
    seeds: || {
        let bundle = encode_bundle([&b"one"[..], b"", b"three"]).unwrap();
        vec![
            [&[3], bundle.as_slice()].concat(),
            [&[2], [7; 64].as_slice()].concat(),
            b"\x01tile/entries/x001/234.p/17".to_vec(),
            b"\x01tile/7/000".to_vec(),
        ]
    },
    words: &["tile/", "entries/", "x001/", ".p/", "255", "18446744073709551615"],
};

pub(crate) const PROOF: Target = Target {
    name: "proof",
    check: proof,
    seeds: || {
        let checkpoint = signed("sekisho/050008/2020\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
        let file = |extra| ProofFile {
            extra,
            index: 1,
            hashes: vec![[1; 32], [2; 32]],
            checkpoint: SignedNote::parse(checkpoint.as_bytes()).unwrap(),
        };
        let bare = Checkpoint::parse(SignedNote::parse(checkpoint.as_bytes()).unwrap().text())
            .unwrap()
            .text();
        vec![
            file(None).to_text().into_bytes(),
            file(Some(b"QZXJKV8W".to_vec())).to_text().into_bytes(),
            bare.into_bytes(),
        ]
    },
    words: &[
        "c2sp.org/tlog-proof@v1\n",
        "extra ",
        "index ",
        "\n\n",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "18446744073709551615",
        "\u{2014} a ",
    ],
};

fn signer(name: &str) -> NoteSigner {
    NoteSigner::new(name, &[3; 32]).unwrap()
}

fn signed(text: &str) -> String {
    signer("a").sign(text).unwrap().to_text()
}

fn note(data: &[u8]) {
    static VERIFIER: LazyLock<NoteVerifier> = LazyLock::new(|| signer("a").verifier());
    match SignedNote::parse(data) {
        Ok(note) => {
            assert_eq!(note.to_text().as_bytes(), data, "one note has one text");
            assert!((1..=MAX_SIGNATURES).contains(&note.signatures().len()));
            SignedNote::new(note.text().to_owned(), note.signatures().to_vec()).expect("what was read can be made");
            if let Ok(checkpoint) = Checkpoint::parse(note.text()) {
                assert_eq!(checkpoint.text(), note.text());
            }
            if VERIFIER.verify(&note).is_ok() {
                assert!(
                    (NOTE.seeds)()
                        .iter()
                        .any(|seed| text_of(seed) == Some(note.text().to_owned())),
                    "a note that nobody signed"
                );
            }
        }
        Err(fault) => quiet(data, &fault),
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    match NoteVerifier::parse(text) {
        Ok(key) => assert_eq!(key.vkey(), text),
        Err(fault) => quiet(data, &fault),
    }
    match NoteSigner::parse(text) {
        Ok(key) => assert_eq!(*key.skey(), text),
        Err(fault) => quiet(data, &fault),
    }
}

fn text_of(seed: &[u8]) -> Option<String> {
    Some(SignedNote::parse(seed).ok()?.text().to_owned())
}

fn leaf_seeds() -> Vec<Vec<u8>> {
    let time = Instant::parse("20200914090000000").unwrap();
    let mut file = FileFacts::named(Label::new("UPD-052019-050008-00000001.dat").unwrap());
    file.kind = Some(FileKind::Upd);
    file.serial = Some(1);
    let mut received = Leaf::new(Act::Received, time);
    received.actor = Label::new("sekisho");
    received.outcome = Some(Outcome::Permitted);
    received.file = Some(file.clone());
    received.counts.insert(Label::new("applied").unwrap(), 3);
    let mut private = received.clone();
    private.plain_sha256 = Some([5; 32]);
    let mut outgoing = Leaf::new(Act::Outgoing, time);
    outgoing.outcome = Some(Outcome::Permitted);
    outgoing.file = Some(file);
    outgoing.package = Some([6; 32]);
    outgoing.size = Some(1000);
    outgoing.plain_sha256 = Some([7; 32]);
    let mut seeds = Vec::new();
    for leaf in [received, private, outgoing] {
        let salt = leaf.needs_salt().then_some(&[9; 32]);
        // Not every act has to be complete here: a seed may be an input that is refused.
        let Ok(bytes) = leaf.encode(salt) else { continue };
        let mut seed = String::from_utf8(bytes.public).unwrap();
        if let Some(private) = bytes.private {
            seed = seed.replace(&to_hex(&sha256(&private)), MARKER);
            seed.push('\n');
            seed.push_str(std::str::from_utf8(&private).unwrap());
        }
        seeds.push(seed.into_bytes());
    }
    assert!(seeds.len() >= 2);
    seeds
}

/// Stands for the hash of the private part, which no fuzzer could find.
const MARKER: &str = "@PRIVATE";

fn leaf(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (public, private) = (parts.next().unwrap_or_default(), parts.next());
    let named = |public: &[u8], private: &[u8]| {
        let text = std::str::from_utf8(public).ok()?;
        Some(text.replace(MARKER, &to_hex(&sha256(private))).into_bytes())
    };
    let public = private
        .and_then(|private| named(public, private))
        .unwrap_or_else(|| public.to_vec());
    match Leaf::parse(&public) {
        Ok(leaf) => {
            if leaf.private_hash().is_none() {
                assert!(!leaf.needs_salt());
                assert_eq!(leaf.encode(None).expect("what was read can be written").public, public);
            }
            if let Some(private) = private {
                match leaf.with_private(private) {
                    Ok(whole) => assert!(whole.private_hash().is_none()),
                    Err(fault) => quiet(data, &fault),
                }
            }
        }
        Err(fault) => {
            if let sekisho::format::leaf::LeafError::Malformed { byte } = fault {
                assert!(byte <= public.len() + 1);
            }
            quiet(data, &fault);
        }
    }
}

fn tile(data: &[u8]) {
    let (width, bytes) = head(data);
    let width = u16::from(width) + 1;
    match parse_hashes(bytes, width) {
        Ok(hashes) => assert_eq!(hashes.as_flattened(), bytes),
        Err(fault) => quiet(data, &fault),
    }
    let read: Result<Vec<&[u8]>, _> = BundleReader::new(bytes, width).collect();
    match read {
        Ok(entries) => {
            assert_eq!(entries.len(), usize::from(width));
            assert_eq!(encode_bundle(entries).as_deref(), Ok(bytes));
        }
        Err(fault) => quiet(data, &fault),
    }
    assert!(BundleReader::new(bytes, width).count() <= usize::from(width) + 1);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(tile) = TileId::parse(text) {
        assert_eq!(tile.path(), text);
        assert_eq!(tile.is_full(), tile.full_path() == text);
        let first = tile.first_leaf();
        let _kinds = kinds_of(first);
        for kind in [tile.kind, TileKind::Entries, TileKind::Hashes(7)] {
            if let Some(holding) = TileId::holding(kind, tile.index, first) {
                assert_eq!(TileId::parse(&holding.path()), Some(holding));
            }
        }
    }
}

fn proof(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        match Checkpoint::parse(text) {
            Ok(checkpoint) => assert_eq!(checkpoint.text(), text),
            Err(fault) => quiet(data, &fault),
        }
    }
    match ProofFile::parse(data) {
        Ok(file) => {
            assert_eq!(file.to_text().as_bytes(), data, "one proof has one text");
            let Ok(checkpoint) = Checkpoint::parse(file.checkpoint.text()) else {
                return;
            };
            let leaf = leaf_hash(file.extra.as_deref().unwrap_or_default());
            let root = checkpoint.root;
            let proven = verify_inclusion(&leaf, file.index, checkpoint.size, &file.hashes, &root);
            assert!(proven.is_err() || checkpoint.size == 1 || !file.hashes.is_empty());
            let _consistent = verify_consistency(file.index, checkpoint.size, &leaf, &root, &file.hashes);
        }
        Err(fault) => quiet(data, &fault),
    }
}
