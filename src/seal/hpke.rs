//! HPKE (RFC 9180) in base mode with HKDF-SHA256 and AES-256-GCM, for DHKEM(P-256) and DHKEM(X25519): seals the key of a
//! package to one recipient.

use std::fmt;

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::{DhP256HkdfSha256, X25519HkdfSha256};
use hpke::{
    Deserializable, Kem as HpkeKem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::digest::sha256;
use crate::format::keyfile::{Kem, KeyId, SealingKeyTextFault, parse_sealing_key, sealing_key_text};

/// Length of a private key in bytes, both kinds.
pub const SECRET_LEN: usize = 32;

/// Why something cannot be sealed to a key or opened with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HpkeFault {
    /// The text of a public key is malformed.
    #[error(transparent)]
    Text(#[from] SealingKeyTextFault),
    /// The bytes are no public key: not a point of the curve, or one without a secret.
    #[error("not a public key of its kind")]
    PublicKey,
    /// The bytes are no private key.
    #[error("not a private key of its kind")]
    SecretKey,
    /// Encapsulation or encryption failed.
    #[error("cannot seal to this key")]
    Seal,
    /// Sealed to another key, bound to other data, or damaged.
    #[error("does not open with this key")]
    Open,
}

/// A public sealing key that is known to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealingPublicKey {
    kem: Kem,
    bytes: Vec<u8>,
}

impl SealingPublicKey {
    /// Reads `sekisho-p256:...` or `sekisho-x25519:...`.
    pub fn parse(text: &str) -> Result<Self, HpkeFault> {
        let (kem, bytes) = parse_sealing_key(text)?;
        Self::from_bytes(kem, &bytes)
    }

    /// A key from its bytes: 65 (uncompressed point) for P-256, 32 for X25519.
    pub fn from_bytes(kem: Kem, bytes: &[u8]) -> Result<Self, HpkeFault> {
        match kem {
            Kem::P256 => <DhP256HkdfSha256 as HpkeKem>::PublicKey::from_bytes(bytes).map(drop),
            Kem::X25519 => <X25519HkdfSha256 as HpkeKem>::PublicKey::from_bytes(bytes).map(drop),
        }
        .map_err(|_| HpkeFault::PublicKey)?;
        Ok(Self {
            kem,
            bytes: bytes.to_vec(),
        })
    }

    /// Kind of the key.
    pub fn kem(&self) -> Kem {
        self.kem
    }

    /// The text that [`SealingPublicKey::parse`] reads.
    pub fn text(&self) -> String {
        sealing_key_text(self.kem, &self.bytes)
    }

    /// Short name of the key.
    pub fn key_id(&self) -> KeyId {
        let mut id = [0; 8];
        for (to, from) in id.iter_mut().zip(sha256(self.text().as_bytes())) {
            *to = from;
        }
        KeyId(id)
    }
}

/// A private sealing key; cleared on drop.
#[derive(Clone)]
pub struct SealingSecretKey {
    kem: Kem,
    bytes: Zeroizing<[u8; SECRET_LEN]>,
    public: SealingPublicKey,
}

impl SealingSecretKey {
    /// A new key.
    pub fn generate(kem: Kem, rng: &mut impl CryptoRng) -> Result<Self, HpkeFault> {
        match kem {
            Kem::P256 => Self::from_pair::<DhP256HkdfSha256>(kem, &DhP256HkdfSha256::gen_keypair_with_rng(rng).0),
            Kem::X25519 => Self::from_pair::<X25519HkdfSha256>(kem, &X25519HkdfSha256::gen_keypair_with_rng(rng).0),
        }
    }

    /// A key from its 32 bytes (`SerializePrivateKey` of RFC 9180).
    pub fn from_bytes(kem: Kem, bytes: &[u8; SECRET_LEN]) -> Result<Self, HpkeFault> {
        match kem {
            Kem::P256 => Self::from_pair::<DhP256HkdfSha256>(kem, &secret::<DhP256HkdfSha256>(bytes)?),
            Kem::X25519 => Self::from_pair::<X25519HkdfSha256>(kem, &secret::<X25519HkdfSha256>(bytes)?),
        }
    }

    fn from_pair<K: HpkeKem>(kem: Kem, key: &K::PrivateKey) -> Result<Self, HpkeFault> {
        let mut bytes = Zeroizing::new([0; SECRET_LEN]);
        let exact = Zeroizing::new(key.to_bytes());
        for (to, from) in bytes.iter_mut().zip(exact.iter()) {
            *to = *from;
        }
        Ok(Self {
            kem,
            bytes,
            public: SealingPublicKey::from_bytes(kem, &K::sk_to_pk(key).to_bytes())?,
        })
    }

    /// Kind of the key.
    pub fn kem(&self) -> Kem {
        self.kem
    }

    /// The bytes, for an encrypted key file only.
    pub fn expose(&self) -> &[u8; SECRET_LEN] {
        &self.bytes
    }

    /// Its public half.
    pub fn public(&self) -> &SealingPublicKey {
        &self.public
    }
}

impl fmt::Debug for SealingSecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingSecretKey({})", self.public.key_id())
    }
}

/// What is sent to a recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encapsulated {
    /// The encapsulated key (`enc`): 65 bytes for P-256, 32 for X25519.
    pub enc: Vec<u8>,
    /// Ciphertext and tag: 16 bytes more than the plaintext.
    pub ciphertext: Vec<u8>,
}

/// Seals `plaintext` to a recipient (`SealBase`), bound to `info` and `aad`.
pub fn seal_to(
    public: &SealingPublicKey,
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Encapsulated, HpkeFault> {
    match public.kem {
        Kem::P256 => seal_with::<DhP256HkdfSha256>(&public.bytes, info, aad, plaintext, rng),
        Kem::X25519 => seal_with::<X25519HkdfSha256>(&public.bytes, info, aad, plaintext, rng),
    }
}

/// Opens what [`seal_to`] made (`OpenBase`).
pub fn open_from(
    secret_key: &SealingSecretKey,
    sealed: &Encapsulated,
    info: &[u8],
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HpkeFault> {
    match secret_key.kem {
        Kem::P256 => open_with::<DhP256HkdfSha256>(&secret_key.bytes, sealed, info, aad),
        Kem::X25519 => open_with::<X25519HkdfSha256>(&secret_key.bytes, sealed, info, aad),
    }
}

fn secret<K: HpkeKem>(bytes: &[u8]) -> Result<K::PrivateKey, HpkeFault> {
    K::PrivateKey::from_bytes(bytes).map_err(|_| HpkeFault::SecretKey)
}

fn seal_with<K: HpkeKem>(
    public: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Encapsulated, HpkeFault> {
    let public = K::PublicKey::from_bytes(public).map_err(|_| HpkeFault::PublicKey)?;
    let (enc, ciphertext) =
        single_shot_seal_with_rng::<AesGcm256, HkdfSha256, K>(&OpModeS::Base, &public, info, plaintext, aad, rng)
            .map_err(|_| HpkeFault::Seal)?;
    Ok(Encapsulated {
        enc: enc.to_bytes().to_vec(),
        ciphertext,
    })
}

fn open_with<K: HpkeKem>(
    secret_key: &[u8; SECRET_LEN],
    sealed: &Encapsulated,
    info: &[u8],
    aad: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HpkeFault> {
    let secret_key = secret::<K>(secret_key)?;
    let enc = K::EncappedKey::from_bytes(&sealed.enc).map_err(|_| HpkeFault::Open)?;
    single_shot_open::<AesGcm256, HkdfSha256, K>(&OpModeR::Base, &secret_key, &enc, info, &sealed.ciphertext, aad)
        .map(Zeroizing::new)
        .map_err(|_| HpkeFault::Open)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use chacha20::ChaCha20Rng;
    use rand_core::{SeedableRng, TryCryptoRng, TryRng};

    use super::super::digest::{from_hex, to_hex};
    use super::*;

    /// Gives out fixed bytes once: the `ikmE` of a published vector.
    struct Fixed(Vec<u8>);

    impl TryRng for Fixed {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            panic!("only bytes are drawn")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            panic!("only bytes are drawn")
        }

        fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
            let rest = self.0.split_off(dst.len());
            dst.copy_from_slice(&self.0);
            self.0 = rest;
            Ok(())
        }
    }

    impl TryCryptoRng for Fixed {}

    #[test]
    fn vectors_of_rfc_9180_open_and_are_sealed_byte_for_byte() {
        let mut count = 0;
        for line in include_str!("../../fixtures/vectors/hpke.txt").lines() {
            if line.starts_with('#') {
                continue;
            }
            let (kem, rest) = line.split_once(' ').unwrap();
            let kem = match kem {
                "16" => Kem::P256,
                "32" => Kem::X25519,
                other => panic!("KEM {other}"),
            };
            let fields: Vec<Vec<u8>> = rest.split(' ').map(|f| from_hex(f).unwrap()).collect();
            let [ikm, secret, public, info, enc, aad, plaintext, ciphertext] = fields.try_into().unwrap();
            let key = SealingSecretKey::from_bytes(kem, &secret.try_into().unwrap()).unwrap();
            assert_eq!(key.public(), &SealingPublicKey::from_bytes(kem, &public).unwrap());
            let published = Encapsulated { enc, ciphertext };
            assert_eq!(*open_from(&key, &published, &info, &aad).unwrap(), plaintext);
            let ours = seal_to(key.public(), &info, &aad, &plaintext, &mut Fixed(ikm)).unwrap();
            assert_eq!(ours, published);
            count += 1;
        }
        assert_eq!(count, 2);
    }

    fn keys() -> Vec<SealingSecretKey> {
        let mut rng = ChaCha20Rng::from_seed([5; 32]);
        Kem::ALL
            .into_iter()
            .map(|kem| SealingSecretKey::generate(kem, &mut rng).unwrap())
            .collect()
    }

    #[test]
    fn opens_only_with_the_same_key_info_and_aad() {
        let mut rng = ChaCha20Rng::from_seed([6; 32]);
        for key in keys() {
            let sealed = seal_to(key.public(), b"info", b"aad", b"secret", &mut rng).unwrap();
            assert_eq!(sealed.enc.len(), key.kem().public_len());
            assert_eq!(sealed.ciphertext.len(), 22);
            assert_eq!(*open_from(&key, &sealed, b"info", b"aad").unwrap(), b"secret");
            assert_eq!(open_from(&key, &sealed, b"other", b"aad"), Err(HpkeFault::Open));
            assert_eq!(open_from(&key, &sealed, b"info", b"other"), Err(HpkeFault::Open));
            let other = SealingSecretKey::generate(key.kem(), &mut rng).unwrap();
            assert_eq!(open_from(&other, &sealed, b"info", b"aad"), Err(HpkeFault::Open));
            for at in 0..sealed.enc.len() {
                let mut bad = sealed.clone();
                bad.enc[at] ^= 1;
                assert_eq!(
                    open_from(&key, &bad, b"info", b"aad"),
                    Err(HpkeFault::Open),
                    "byte {at}"
                );
            }
            for at in 0..sealed.ciphertext.len() {
                let mut bad = sealed.clone();
                bad.ciphertext[at] ^= 1;
                assert_eq!(
                    open_from(&key, &bad, b"info", b"aad"),
                    Err(HpkeFault::Open),
                    "byte {at}"
                );
            }
        }
    }

    #[test]
    fn texts_and_bytes_give_the_key_back() {
        for key in keys() {
            let public = SealingPublicKey::parse(&key.public().text()).unwrap();
            assert_eq!(&public, key.public());
            assert_eq!(
                public.key_id().to_string(),
                to_hex(&sha256(public.text().as_bytes())[..8])
            );
            let same = SealingSecretKey::from_bytes(key.kem(), key.expose()).unwrap();
            assert_eq!(same.public(), key.public());
            assert_eq!(format!("{same:?}"), format!("SealingSecretKey({})", public.key_id()));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let not_on_the_curve = sealing_key_text(Kem::P256, &[4; 65]);
        assert_eq!(SealingPublicKey::parse(&not_on_the_curve), Err(HpkeFault::PublicKey));
        assert_eq!(
            SealingPublicKey::parse("age1xyz"),
            Err(HpkeFault::Text(SealingKeyTextFault::Prefix))
        );
        assert_eq!(
            SealingSecretKey::from_bytes(Kem::P256, &[0; 32]).unwrap_err(),
            HpkeFault::SecretKey
        );
        // A point of small order parses, but nothing can be sealed to it.
        let weak = SealingPublicKey::from_bytes(Kem::X25519, &[0; 32]).unwrap();
        let mut rng = ChaCha20Rng::from_seed([6; 32]);
        assert_eq!(seal_to(&weak, b"", b"", b"x", &mut rng), Err(HpkeFault::Seal));
    }
}
