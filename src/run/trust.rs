//! The signing keys that a party trusts: `KEYFILE.trust` beside its key file (`docs/formats/keyfile.md`, "Trusted keys").
//!
//! A package does not carry the key of its signer, so a key cannot be taken on first use: it comes by another way, and is
//! kept for one sender, so that no other trusted party can sign in that sender's name.

use std::path::{Path, PathBuf};

use super::keys::read_private;
use super::sealing::with_ending;
use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::format::keyfile::{parse_trusted, trusted_line};
use crate::ports::Disk;
use crate::seal::notesign::NoteVerifier;
use crate::store::atomic;

/// The file of trusted keys that belongs to a key file.
pub fn path_of(key_file: &Path) -> PathBuf {
    with_ending(key_file, "trust")
}

/// Reads the text of a signing key that was given by hand as the argument `name`.
///
/// # Errors
/// `KeyTextWrong`.
pub(super) fn parse(text: &str, name: &str) -> Result<NoteVerifier, Fault> {
    NoteVerifier::parse(text).map_err(|why| Fault::new(FaultId::KeyTextWrong).with("what", name).with("why", why))
}

/// The keys that are trusted for a sender; none where the file is absent.
///
/// # Errors
/// `KeysExposed`, `FileUnreadable`, `TrustWrong`.
pub(super) fn keys_of(disk: &dyn Disk, key_file: &Path, sender: PartyId) -> Result<Vec<NoteVerifier>, Fault> {
    let path = path_of(key_file);
    let text = read(disk, &path)?;
    let wrong = |line: u64, why: &dyn std::fmt::Display| {
        Fault::new(FaultId::TrustWrong)
            .with("path", path.display())
            .with("line", line)
            .with("why", why)
    };
    let lines = parse_trusted(&text).map_err(|fault| wrong(fault.line_no, &fault))?;
    let mut keys = Vec::new();
    for (line, (party, key)) in (1..).zip(lines) {
        let key = NoteVerifier::parse(&key).map_err(|why| wrong(line, &why))?;
        if party == sender {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// Adds a key for a sender. False where it stands there already.
///
/// # Errors
/// `KeyTextWrong`, those of `keys_of`, `DiskFailed`, `FsyncFailed`.
pub fn add(disk: &dyn Disk, key_file: &Path, sender: PartyId, key: &str) -> Result<bool, Fault> {
    let key = parse(key, "KEY")?;
    if keys_of(disk, key_file, sender)?
        .iter()
        .any(|known| known.vkey() == key.vkey())
    {
        return Ok(false);
    }
    let path = path_of(key_file);
    let mut text = read(disk, &path)?;
    text.push_str(&trusted_line(sender, &key.vkey()));
    atomic::publish(disk, &path, text.as_bytes()).map_err(|e| trouble::atomic(&e))?;
    Ok(true)
}

fn read(disk: &dyn Disk, path: &Path) -> Result<String, Fault> {
    if !disk.exists(path).map_err(trouble::disk(path))? {
        return Ok(String::new());
    }
    // Whoever can write it can make any sender: the mode is held as that of the keys.
    let bytes = read_private(disk, path)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| {
        Fault::new(FaultId::TrustWrong)
            .with("path", path.display())
            .with("line", 1)
            .with("why", "not UTF-8")
    })
}
