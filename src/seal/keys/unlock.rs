//! Passphrases and unlock keys, and the encryption of a key file under them.

use std::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use rand_core::CryptoRng;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::KeyFault;
use crate::domain::ids::PartyId;
use crate::format::keyfile::{
    ArgonCost, KeyFile, KeyId, KeyRole, SALT_LEN, UnlockLine, parse_unlock_key, unlock_key_text,
};
use crate::seal::digest::hkdf_sha256;
use crate::seal::floe::{FloeKey, FloeParams, open_all, seal_all};
use crate::seal::secret::UnlockKey;

/// Fewest characters of a new passphrase.
pub const MIN_PASSPHRASE_CHARS: usize = 12;

const SALT: &[u8] = b"sekisho/v1/keyfile";
const PARAMS: FloeParams = FloeParams::fixed::<65536>();

/// A passphrase; cleared on drop.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// Takes a passphrase as it was typed. It is brought to NFKC, so that full-width and half-width letters, which a
    /// Japanese keyboard gives as it pleases, count as the same.
    pub fn new(typed: &str) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(typed.len().saturating_mul(4)));
        text.extend(typed.nfkc());
        Self(text)
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// What opens a key file.
#[derive(Debug, Clone)]
pub enum Unlock {
    /// A passphrase, stretched by Argon2id.
    Passphrase(Passphrase),
    /// The content of an unlock key file.
    Key(UnlockKey),
}

/// A new unlock key.
pub fn generate_unlock_key(rng: &mut impl CryptoRng) -> UnlockKey {
    UnlockKey::new(*draw(rng))
}

/// The bytes of an unlock key file.
pub fn unlock_key_file(key: &UnlockKey) -> Zeroizing<String> {
    unlock_key_text(key.expose())
}

/// Reads an unlock key file.
pub fn read_unlock_key(bytes: &[u8]) -> Result<UnlockKey, KeyFault> {
    Ok(UnlockKey::new(*parse_unlock_key(bytes)?))
}

/// Encrypts the secrets of a key file.
pub(super) fn seal_key_file(
    (role, owner): (KeyRole, PartyId),
    secrets: &str,
    unlock: &Unlock,
    cost: ArgonCost,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, KeyFault> {
    let (line, key) = match unlock {
        Unlock::Passphrase(passphrase) => {
            if passphrase.0.chars().count() < MIN_PASSPHRASE_CHARS {
                return Err(KeyFault::ShortPassphrase);
            }
            let salt = *draw(rng);
            (UnlockLine::Passphrase { cost, salt }, stretch(passphrase, cost, &salt)?)
        }
        Unlock::Key(key) => (UnlockLine::Key(unlock_key_id(key)), body_key(key.expose(), b"key")),
    };
    let mut file = KeyFile {
        role,
        owner,
        unlock: line,
        body: Vec::new(),
    };
    let iv = *draw(rng);
    file.body =
        seal_all(&key, PARAMS, file.head().as_bytes(), iv, secrets.as_bytes()).map_err(|_| KeyFault::DoesNotOpen)?;
    Ok(file.to_text().into_bytes())
}

/// Decrypts the secrets of a key file.
pub(super) fn open_key_file(file: &KeyFile, unlock: &Unlock) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let key = match (&file.unlock, unlock) {
        (UnlockLine::Passphrase { cost, salt }, Unlock::Passphrase(passphrase)) => stretch(passphrase, *cost, salt)?,
        (UnlockLine::Key(id), Unlock::Key(key)) => {
            if *id != unlock_key_id(key) {
                return Err(KeyFault::OtherUnlockKey);
            }
            body_key(key.expose(), b"key")
        }
        (UnlockLine::Passphrase { .. }, Unlock::Key(_)) | (UnlockLine::Key(_), Unlock::Passphrase(_)) => {
            return Err(KeyFault::OtherWay);
        }
    };
    open_all(&key, PARAMS, file.head().as_bytes(), &file.body)
        .map(Zeroizing::new)
        .map_err(|_| KeyFault::DoesNotOpen)
}

fn stretch(passphrase: &Passphrase, cost: ArgonCost, salt: &[u8; SALT_LEN]) -> Result<FloeKey, KeyFault> {
    let stretched = argon2id(passphrase.0.as_bytes(), cost, salt)?;
    Ok(body_key(&stretched, b"passphrase"))
}

/// Argon2id, version 1.3, 32 bytes.
pub(super) fn argon2id(password: &[u8], cost: ArgonCost, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyFault> {
    let mut out = Zeroizing::new([0; 32]);
    let params = Params::new(cost.memory_kib(), cost.passes(), cost.lanes(), Some(out.len()));
    params
        .map(|params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
        .and_then(|argon| argon.hash_password_into(password, salt, out.as_mut_slice()))
        .map_err(|_| KeyFault::DoesNotOpen)?;
    Ok(out)
}

fn body_key(secret: &[u8; 32], way: &[u8]) -> FloeKey {
    FloeKey::new(*hkdf_sha256(SALT, secret, &[b"body:", way]))
}

fn unlock_key_id(key: &UnlockKey) -> KeyId {
    let id = hkdf_sha256(SALT, key.expose(), &[b"id"]);
    KeyId(id.first_chunk().copied().unwrap_or_default())
}

pub(super) fn draw<const LEN: usize>(rng: &mut impl CryptoRng) -> Zeroizing<[u8; LEN]> {
    let mut bytes = Zeroizing::new([0; LEN]);
    rng.fill_bytes(bytes.as_mut_slice());
    bytes
}
