//! Proof files, verified by a short Python program that shares nothing with ours.

use std::process::{Command, Stdio};

use sekisho::format::proof::ProofFile;
use sekisho::seal::merkle::{leaf_hash, verify_inclusion};

use super::*;

/// The verifier; it needs `python3` with the package `cryptography`.
const PROGRAM: &str = include_str!("verify_proof.py");

fn python(arguments: &[&str], input: &[u8]) -> Option<bool> {
    let mut child = Command::new("python3")
        .args(["-c", PROGRAM])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input).unwrap();
    match child.wait().unwrap().code() {
        Some(0) => Some(true),
        Some(1) => Some(false),
        _ => None,
    }
}

#[test]
fn proof_files_hold_before_an_independent_verifier() {
    let disk = site(300);
    let ledger = open(&disk).unwrap();
    let vkey = signer().named(&format!("{PREFIX}/2020")).unwrap().vkey();
    let package = "5a".repeat(32);
    for index in [3, 255, 258, 297] {
        let text = ledger.proof_file(index).unwrap().to_text();
        let Some(held) = python(&[&vkey, &package], text.as_bytes()) else {
            std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: no python3 with cryptography\n").unwrap();
            return;
        };
        assert!(held, "{index}");
    }
    let text = ledger.proof_file(258).unwrap().to_text();
    let other_package = "5b".repeat(32);
    assert_eq!(python(&[&vkey, &other_package], text.as_bytes()), Some(false));
    let other_key = NoteSigner::new(&format!("{PREFIX}/2020"), &[3; 32]).unwrap().vkey();
    assert_eq!(python(&[&other_key, &package], text.as_bytes()), Some(false));
    let other_index = text.replace("index 258", "index 257");
    assert_eq!(python(&[&vkey, &package], other_index.as_bytes()), Some(false));
}

#[test]
fn a_proof_file_is_read_back_and_verifies() {
    let disk = site(300);
    let ledger = open(&disk).unwrap();
    let text = ledger.proof_file(258).unwrap().to_text();
    let proof = ProofFile::parse(text.as_bytes()).unwrap();
    assert_eq!(proof, ledger.proof_file(258).unwrap());
    let extra = proof.extra.unwrap();
    assert_eq!(extra, leaf(258).public);
    let tip = ledger.tip();
    verify_inclusion(&leaf_hash(&extra), 258, tip.size, &proof.hashes, &tip.root).unwrap();
    assert_eq!(&proof.checkpoint, ledger.checkpoint());
    // What a lost stick tells: act, package hash and size, and nothing of the rest.
    let leaf = Leaf::parse(&extra).unwrap();
    assert_eq!(
        (leaf.act, leaf.size, leaf.time, leaf.run),
        (Act::Outgoing, Some(258), None, None)
    );
}
