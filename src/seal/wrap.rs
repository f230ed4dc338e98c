//! Wrapping of 32-byte keys by the site key, for everything at rest (`docs/formats/keyfile.md`, "Wrapped key").
//!
//! Each purpose has its own AES-256-GCM key, derived from the site key, and each wrapped key is bound to a context text (what
//! the key is for, e.g. a path inside the data folder), so that a wrapped key moved to another place does not open.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use zeroize::{Zeroize, Zeroizing};

use super::digest::hkdf_sha256;
use super::secret::SiteKey;

/// Length of the nonce in bytes.
pub const NONCE_LEN: usize = 12;
/// Length of a wrapped key in bytes: id of the wrapping key (4), nonce (12), encrypted key (32), tag (16).
pub const WRAPPED_LEN: usize = 64;

const SALT: &[u8] = b"sekisho/v1/wrap";
const KEY_ID_LEN: usize = 4;
const KEY_LEN: usize = 32;
const TAG_LEN: usize = 16;

/// What a wrapped key encrypts. Each purpose has a wrapping key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// A run of the master or of its history.
    Run,
    /// A small file at rest: archive of inbound files, stored answers, spool, private parts of leaves.
    AtRest,
    /// A backup.
    Backup,
}

impl Purpose {
    /// The text in the derivation of the wrapping key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::AtRest => "at-rest",
            Self::Backup => "backup",
        }
    }
}

/// Why a wrapped key cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrapFault {
    /// Not 64 bytes.
    #[error("wrapped key is {got} bytes, want {WRAPPED_LEN}")]
    Length {
        /// Length found, in bytes.
        got: usize,
    },
    /// Wrapped by another site key, or for another purpose.
    #[error("wrapped by another key")]
    OtherKey,
    /// Damaged, or bound to another context.
    #[error("wrapped key is damaged or belongs elsewhere")]
    NotAuthentic,
}

/// Wraps `key` under the site key. `nonce` is 12 fresh random bytes; `context` is bound, not stored.
///
/// Random nonces are safe for 2^32 keys under one site key and purpose (NIST SP 800-38D, 8.3).
pub fn wrap_key(
    site: &SiteKey,
    purpose: Purpose,
    context: &str,
    key: &[u8; KEY_LEN],
    nonce: [u8; NONCE_LEN],
) -> Result<[u8; WRAPPED_LEN], WrapFault> {
    let mut buffer = Zeroizing::new(*key);
    let tag = cipher(site, purpose)
        .encrypt_inout_detached(&nonce.into(), context.as_bytes(), buffer.as_mut_slice().into())
        .map_err(|_| WrapFault::NotAuthentic)?;
    let mut out = [0; WRAPPED_LEN];
    let parts = wrapping_key_id(site, purpose)
        .into_iter()
        .chain(nonce)
        .chain(*buffer)
        .chain(tag);
    for (to, from) in out.iter_mut().zip(parts) {
        *to = from;
    }
    Ok(out)
}

/// Opens what [`wrap_key`] made with the same site key, purpose and context.
pub fn unwrap_key(
    site: &SiteKey,
    purpose: Purpose,
    context: &str,
    wrapped: &[u8],
) -> Result<Zeroizing<[u8; KEY_LEN]>, WrapFault> {
    let fault = WrapFault::Length { got: wrapped.len() };
    let wrapped: &[u8; WRAPPED_LEN] = wrapped.try_into().map_err(|_| fault)?;
    let (id, rest) = wrapped.split_first_chunk::<KEY_ID_LEN>().ok_or(fault)?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(fault)?;
    let (encrypted, tag) = rest.split_first_chunk::<KEY_LEN>().ok_or(fault)?;
    let tag: &[u8; TAG_LEN] = tag.try_into().map_err(|_| fault)?;
    if *id != wrapping_key_id(site, purpose) {
        return Err(WrapFault::OtherKey);
    }
    let mut key = Zeroizing::new(*encrypted);
    cipher(site, purpose)
        .decrypt_inout_detached(
            &(*nonce).into(),
            context.as_bytes(),
            key.as_mut_slice().into(),
            &(*tag).into(),
        )
        .map_err(|_| WrapFault::NotAuthentic)?;
    Ok(key)
}

/// Opens a wrapped key under the old site key and wraps it under the new one: the step of a key rotation.
pub fn rewrap_key(
    old: &SiteKey,
    new: &SiteKey,
    purpose: Purpose,
    context: &str,
    wrapped: &[u8],
    nonce: [u8; NONCE_LEN],
) -> Result<[u8; WRAPPED_LEN], WrapFault> {
    let key = unwrap_key(old, purpose, context, wrapped)?;
    wrap_key(new, purpose, context, &key, nonce)
}

/// The first bytes of a wrapped key: tells which site key made it, and gives nothing of that key away.
pub fn wrapping_key_id(site: &SiteKey, purpose: Purpose) -> [u8; KEY_ID_LEN] {
    let id = hkdf_sha256(SALT, site.expose(), &[b"id:", purpose.as_str().as_bytes()]);
    let mut out = [0; KEY_ID_LEN];
    for (to, from) in out.iter_mut().zip(id.iter()) {
        *to = *from;
    }
    out
}

fn cipher(site: &SiteKey, purpose: Purpose) -> Aes256Gcm {
    let mut key: [u8; 32] = *hkdf_sha256(SALT, site.expose(), &[b"key:", purpose.as_str().as_bytes()]);
    let cipher = Aes256Gcm::new(&key.into());
    key.zeroize();
    cipher
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [9; 32];

    fn site() -> SiteKey {
        SiteKey::new([1; 32])
    }

    fn wrapped() -> [u8; WRAPPED_LEN] {
        wrap_key(&site(), Purpose::Run, "runs/0001", &KEY, [3; 12]).unwrap()
    }

    #[test]
    fn opens_only_with_the_same_site_key_purpose_and_context() {
        let bytes = wrapped();
        assert_eq!(*unwrap_key(&site(), Purpose::Run, "runs/0001", &bytes).unwrap(), KEY);
        let other = SiteKey::new([2; 32]);
        assert_eq!(
            unwrap_key(&other, Purpose::Run, "runs/0001", &bytes),
            Err(WrapFault::OtherKey)
        );
        assert_eq!(
            unwrap_key(&site(), Purpose::Backup, "runs/0001", &bytes),
            Err(WrapFault::OtherKey)
        );
        assert_eq!(
            unwrap_key(&site(), Purpose::Run, "runs/0002", &bytes),
            Err(WrapFault::NotAuthentic)
        );
    }

    #[test]
    fn every_bit_flip_and_every_cut_is_refused() {
        for at in 0..WRAPPED_LEN {
            for bit in 0..8 {
                let mut bad = wrapped();
                bad[at] ^= 1 << bit;
                assert!(unwrap_key(&site(), Purpose::Run, "runs/0001", &bad).is_err());
            }
            assert_eq!(
                unwrap_key(&site(), Purpose::Run, "runs/0001", &wrapped()[..at]),
                Err(WrapFault::Length { got: at })
            );
        }
    }

    #[test]
    fn a_rewrapped_key_opens_under_the_new_site_key_only() {
        let new = SiteKey::new([7; 32]);
        let bytes = rewrap_key(&site(), &new, Purpose::Run, "runs/0001", &wrapped(), [4; 12]).unwrap();
        assert_eq!(*unwrap_key(&new, Purpose::Run, "runs/0001", &bytes).unwrap(), KEY);
        assert_eq!(
            unwrap_key(&site(), Purpose::Run, "runs/0001", &bytes),
            Err(WrapFault::OtherKey)
        );
    }

    /// The layout, computed from its parts.
    #[test]
    fn bytes_are_id_nonce_ciphertext_tag() {
        let bytes = wrapped();
        assert_eq!(bytes[..4], wrapping_key_id(&site(), Purpose::Run));
        assert_eq!(bytes[4..16], [3; 12]);
        assert_ne!(bytes[16..48], KEY);
    }
}
