//! Whatever is read has one spelling: a changed text is refused, or it is written again as it was changed.

use proptest::prelude::*;
use sekisho::format::note::SignedNote;
use sekisho::format::proof::{Checkpoint, ProofFile};
use sekisho::format::tile::{BundleReader, TileId, TileKind, encode_bundle};

use super::*;

/// A proof file, and in it a note, a checkpoint and a leaf.
fn sample() -> ProofFile {
    let disk = site(300);
    let mut proof = open(&disk).unwrap().proof_file(299).unwrap();
    proof.extra = Some(leaf(299).public);
    proof
}

fn changed(text: &[u8], position: prop::sample::Index, byte: u8, insert: bool) -> Vec<u8> {
    let mut out = text.to_vec();
    let at = position.index(out.len());
    if insert {
        out.insert(at, byte);
    } else {
        out[at] = byte;
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn one_spelling(seed in any::<[(prop::sample::Index, u8, bool); 32]>()) {
        let proof = sample();
        let (file, note) = (proof.to_text(), proof.checkpoint.to_text());
        let (head, entry) = (proof.checkpoint.text().to_owned(), proof.extra.unwrap());
        for (position, byte, insert) in seed {
            let bytes = changed(file.as_bytes(), position, byte, insert);
            if let Ok(read) = ProofFile::parse(&bytes) {
                prop_assert_eq!(read.to_text().into_bytes(), bytes);
            }
            let bytes = changed(note.as_bytes(), position, byte, insert);
            if let Ok(read) = SignedNote::parse(&bytes) {
                prop_assert_eq!(read.to_text().into_bytes(), bytes);
            }
            let bytes = changed(&entry, position, byte, insert);
            if let Ok(read) = Leaf::parse(&bytes) {
                prop_assert_eq!(read.encode(None).unwrap().public, bytes);
            }
            if let Ok(text) = String::from_utf8(changed(head.as_bytes(), position, byte, insert))
                && let Ok(read) = Checkpoint::parse(&text)
            {
                prop_assert_eq!(read.text(), text);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn tile_paths(level in 0..8u8, index in 0..1_000_000_000_000u64, width in 1..=256u16, entries: bool) {
        let kind = if entries { TileKind::Entries } else { TileKind::Hashes(level) };
        let tile = TileId { kind, index, width };
        prop_assert_eq!(TileId::parse(&tile.path()), Some(tile));
    }

    #[test]
    fn bundles(entries in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20), cut: prop::sample::Index) {
        let bytes = encode_bundle(entries.iter().map(Vec::as_slice)).unwrap();
        let width = u16::try_from(entries.len()).unwrap();
        let read: Result<Vec<_>, _> = BundleReader::new(&bytes, width).collect();
        prop_assert_eq!(read.unwrap(), entries);
        let shorter = &bytes[..cut.index(bytes.len())];
        prop_assert!(BundleReader::new(shorter, width).any(|entry| entry.is_err()));
    }
}
