//! Vectors of the Go checksum database, of transparency-dev and of the specifications.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sekisho::format::note::SignedNote;
use sekisho::format::proof::Checkpoint;
use sekisho::seal::merkle::{Hash, verify_consistency, verify_inclusion};
use sekisho::seal::notesign::{NoteSignError, NoteSigner, NoteVerifier};
use serde_json::Value;

use crate::shared::shared;

/// Some cases have short texts in place of hashes; with zeroes behind them they stay equal and unequal as they were.
fn hash(value: &Value) -> Option<Hash> {
    let mut bytes = STANDARD.decode(value.as_str()?).ok()?;
    if bytes.len() < 32 {
        bytes.resize(32, 0);
    }
    bytes.try_into().ok()
}

/// Hashes of a proof; `None` where one is longer than a hash, which refuses the proof before it is verified.
fn hashes(value: &Value) -> Option<Vec<Hash>> {
    value
        .as_array()
        .map_or(Some(Vec::new()), |list| list.iter().map(hash).collect())
}

#[test]
fn merkle_proofs() {
    let Some(path) = shared("vectors/tlog/merkle_proofs.jsonl") else {
        return;
    };
    let mut seen = [0, 0];
    for line in std::fs::read_to_string(path).unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let number = |key: &str| case[key].as_u64();
        let name = case["path"].as_str().unwrap();
        let verified = if name.starts_with("testdata/inclusion/") {
            seen[0] += 1;
            hash(&case["root"])
                .zip(hash(&case["leafHash"]))
                .zip(hashes(&case["proof"]))
                .is_some_and(|((root, leaf), proof)| {
                    let (index, size) = (number("leafIdx").unwrap(), number("treeSize").unwrap());
                    verify_inclusion(&leaf, index, size, &proof, &root).is_ok()
                })
        } else if name.starts_with("testdata/consistency/") {
            seen[1] += 1;
            hash(&case["root1"])
                .zip(hash(&case["root2"]))
                .zip(hashes(&case["proof"]))
                .is_some_and(|((old, new), proof)| {
                    let (old_size, new_size) = (number("size1").unwrap(), number("size2").unwrap());
                    verify_consistency(old_size, new_size, &old, &new, &proof).is_ok()
                })
        } else {
            continue;
        };
        assert_eq!(verified, !case["wantErr"].as_bool().unwrap(), "{name}");
    }
    assert_eq!(seen, [98, 98]);
}

#[test]
fn signed_notes() {
    let Some(path) = shared("vectors/tlog/signed_note.json") else {
        return;
    };
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = |key: &str| all[key].as_str().unwrap().to_owned();
    let list = |key: &str| -> Vec<String> {
        all[key]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap().to_owned())
            .collect()
    };
    let peter = NoteVerifier::parse(&text("peter_vkey")).unwrap();
    let enoch = NoteVerifier::parse(&text("enoch_vkey")).unwrap();
    let signer = NoteSigner::parse(&text("peter_skey")).unwrap();
    assert_eq!(signer.vkey(), text("peter_vkey"));
    assert_eq!(*signer.skey(), text("peter_skey"));
    assert_eq!(signer.sign(&text("text")).unwrap().to_text(), text("peter_signed"));
    let both = SignedNote::parse(text("both_signed").as_bytes()).unwrap();
    assert_eq!((peter.verify(&both), enoch.verify(&both)), (Ok(()), Ok(())));
    assert_eq!(both.to_text(), text("both_signed"));
    for vkey in list("bad_vkeys") {
        assert!(NoteVerifier::parse(&vkey).is_err(), "{vkey}");
    }
    for note in list("malformed") {
        assert!(SignedNote::parse(note.as_bytes()).is_err(), "{note}");
    }
    for hex in list("malformed_bytes_hex") {
        let bytes: Vec<u8> = hex
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        assert!(SignedNote::parse(&bytes).is_err());
    }
    for note in list("invalid_signature") {
        assert!(matches!(peter.open(note.as_bytes()), Err(NoteSignError::Wrong { .. })));
    }
    for key in ["wrong_name", "wrong_hash"] {
        assert!(
            matches!(peter.open(text(key).as_bytes()), Err(NoteSignError::NotSigned { .. })),
            "{key}"
        );
    }
    let foo = NoteVerifier::parse(&list("c2sp_vkeys_in_spec")[0]).unwrap();
    assert!(foo.open(list("c2sp_signed_note_examples")[1].as_bytes()).is_ok());
    for example in list("c2sp_checkpoint_examples") {
        let note = SignedNote::parse(example.as_bytes()).unwrap();
        assert_eq!(Checkpoint::parse(note.text()).unwrap().text(), note.text());
    }
    // Those with roots of other lengths than SHA-256 or with extension lines are right there, but never ours.
    for case in all["checkpoint_cases"].as_array().unwrap() {
        assert!(Checkpoint::parse(case["m"].as_str().unwrap()).is_err());
    }
    assert!(Checkpoint::parse(all["tlog_tree_head"]["text"].as_str().unwrap()).is_err());
}
