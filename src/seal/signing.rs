//! Ed25519 keys (RFC 8032): raw signatures over bytes. Signed notes are made of them in `seal::notesign`; the ledger's
//! leaves carry one over the request of an operator.

use std::fmt;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// Length of a seed and of a public key, in bytes.
pub const KEY_BYTES: usize = 32;

/// Length of a signature, in bytes.
pub const SIGNATURE_BYTES: usize = 64;

/// Why a key or a signature is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SigningError {
    /// The 32 bytes are not a point of the curve, or a weak one that verifies forged signatures.
    #[error("not an Ed25519 public key")]
    PublicKey,
    /// The signature does not belong to this message and key.
    #[error("signature does not verify")]
    Signature,
}

/// A signing key; wiped from memory when dropped.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &[u8; KEY_BYTES]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The seed.
    pub(super) fn seed(&self) -> &[u8; KEY_BYTES] {
        self.0.as_bytes()
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs; the same message always gives the same signature.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(..)")
    }
}

/// A verifying key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads the 32 bytes of RFC 8032.
    ///
    /// # Errors
    /// [`SigningError::PublicKey`].
    pub fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Result<Self, SigningError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| SigningError::PublicKey)?;
        if key.is_weak() {
            Err(SigningError::PublicKey)
        } else {
            Ok(Self(key))
        }
    }

    /// The 32 bytes of RFC 8032.
    pub fn to_bytes(&self) -> [u8; KEY_BYTES] {
        self.0.to_bytes()
    }

    /// Verifies a signature; malleable ones are refused.
    ///
    /// # Errors
    /// [`SigningError::Signature`], also where the length is not 64 bytes.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SigningError> {
        let signature = Signature::from_slice(signature).map_err(|_| SigningError::Signature)?;
        self.0
            .verify_strict(message, &signature)
            .map_err(|_| SigningError::Signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unhex<const N: usize>(text: &str) -> [u8; N] {
        std::array::from_fn(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2).unwrap(), 16).unwrap())
    }

    #[test]
    fn rfc_8032_section_7_1_test_2() {
        let secret = SecretKey::from_seed(&unhex(
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        ));
        let public = unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature: [u8; 64] = unhex(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        assert_eq!(secret.public().to_bytes(), public);
        assert_eq!(secret.sign(&[0x72]), signature);
        let public = PublicKey::from_bytes(&public).unwrap();
        assert_eq!(public.verify(&[0x72], &signature), Ok(()));
        assert_eq!(public.verify(&[0x73], &signature), Err(SigningError::Signature));
        assert_eq!(public.verify(&[0x72], &signature[..63]), Err(SigningError::Signature));
    }

    #[test]
    fn weak_and_impossible_keys_are_refused() {
        // The identity point, under which anything can be "signed".
        let mut identity = [0; 32];
        identity[0] = 1;
        assert_eq!(PublicKey::from_bytes(&identity), Err(SigningError::PublicKey));
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert_eq!(PublicKey::from_bytes(&no_point), Err(SigningError::PublicKey));
    }

    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", SecretKey::from_seed(&[7; 32])), "SecretKey(..)");
    }
}
