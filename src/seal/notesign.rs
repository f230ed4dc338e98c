//! Signs and verifies signed notes with Ed25519 (c2sp.org/signed-note, signature type 0x01), and reads and writes the
//! key texts: the verifier key `<name>+<id>+<base64>` and the signer key `PRIVATE+KEY+<name>+<id>+<base64>`.
//! Implements `docs/formats/ledger.md`, section "Signed notes".

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::signing::{KEY_BYTES, PublicKey, SecretKey, SigningError};
use crate::format::note::{NoteError, NoteSignature, SignedNote, check_text, valid_key_name};

/// Signature type of Ed25519.
const TYPE_ED25519: u8 = 0x01;

/// Begins every signer key, so that nobody takes it for the public one.
const SKEY_PREFIX: &str = "PRIVATE+KEY+";

/// Longest key name, in bytes; a key text is read whole before anything is known about it.
pub const MAX_KEY_NAME_BYTES: usize = 255;

/// Why a key text is refused, or a note is not what the key signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteSignError {
    /// The key text is not of the form of the specification.
    #[error("malformed note key")]
    KeyText,
    /// The key name is empty, too long, or holds a blank or a plus sign.
    #[error("invalid key name")]
    KeyName,
    /// The key is of another signature type than Ed25519.
    #[error("signature type {0:#04x} is not supported")]
    KeyType(u8),
    /// The id in the key text is not the one of its name and key.
    #[error("key id {given:08x} does not belong to the key {computed:08x}")]
    KeyId {
        /// Id in the text.
        given: u32,
        /// Id of the key.
        computed: u32,
    },
    /// The key material is no usable key.
    #[error(transparent)]
    Key(SigningError),
    /// The note carries no signature of this key.
    #[error("note is not signed by {name}+{key_id:08x}")]
    NotSigned {
        /// Name of the key.
        name: String,
        /// Id of the key.
        key_id: u32,
    },
    /// The note carries a signature of this key that is wrong.
    #[error("wrong signature of {name}+{key_id:08x}")]
    Wrong {
        /// Name of the key.
        name: String,
        /// Id of the key.
        key_id: u32,
    },
    /// The note or the text to sign is malformed.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// The key that signs notes; the key is wiped from memory when dropped.
pub struct NoteSigner {
    name: String,
    key_id: u32,
    secret: SecretKey,
}

impl NoteSigner {
    /// The signer of a name and a 32-byte Ed25519 seed.
    ///
    /// # Errors
    /// [`NoteSignError::KeyName`].
    pub fn new(name: &str, seed: &[u8; KEY_BYTES]) -> Result<Self, NoteSignError> {
        check_name(name)?;
        let secret = SecretKey::from_seed(seed);
        Ok(Self {
            name: name.to_owned(),
            key_id: key_id(name, &secret.public()),
            secret,
        })
    }

    /// Reads a signer key text.
    ///
    /// # Errors
    /// As [`NoteVerifier::parse`].
    pub fn parse(skey: &str) -> Result<Self, NoteSignError> {
        let rest = skey.strip_prefix(SKEY_PREFIX).ok_or(NoteSignError::KeyText)?;
        let (name, given, mut seed) = split_key(rest)?;
        let signer = Self::new(name, &seed);
        seed.zeroize();
        let signer = signer?;
        same_id(given, signer.key_id)?;
        Ok(signer)
    }

    /// The signer key text. Secret: for encrypted key files only.
    pub fn skey(&self) -> Zeroizing<String> {
        let mut material = Zeroizing::new(vec![TYPE_ED25519]);
        material.extend_from_slice(self.secret.seed());
        let encoded = Zeroizing::new(STANDARD.encode(&*material));
        Zeroizing::new(format!("{SKEY_PREFIX}{}+{:08x}+{}", self.name, self.key_id, *encoded))
    }

    /// The verifier key text, to be pinned by those who verify.
    pub fn vkey(&self) -> String {
        self.verifier().vkey()
    }

    /// The public half.
    pub fn verifier(&self) -> NoteVerifier {
        NoteVerifier {
            name: self.name.clone(),
            key_id: self.key_id,
            public: self.secret.public(),
        }
    }

    /// The same key under another name, and so with another id: a log signs with the name of its origin.
    ///
    /// # Errors
    /// [`NoteSignError::KeyName`].
    pub fn named(&self, name: &str) -> Result<Self, NoteSignError> {
        Self::new(name, self.secret.seed())
    }

    /// Signs `text`, which must end in a newline. The same text always gives the same note.
    ///
    /// # Errors
    /// [`NoteSignError::Note`] where the text cannot stand in a note.
    pub fn sign(&self, text: &str) -> Result<SignedNote, NoteSignError> {
        check_text(text)?;
        Ok(SignedNote::new(text.to_owned(), vec![self.signature(text)])?)
    }

    /// Adds this key's signature behind those that the note has: how a witness cosigns.
    ///
    /// # Errors
    /// [`NoteSignError::Note`] where the note would be over a limit.
    pub fn cosign(&self, note: &SignedNote) -> Result<SignedNote, NoteSignError> {
        let mut signatures = note.signatures().to_vec();
        signatures.push(self.signature(note.text()));
        Ok(SignedNote::new(note.text().to_owned(), signatures)?)
    }

    fn signature(&self, text: &str) -> NoteSignature {
        NoteSignature {
            name: self.name.clone(),
            key_id: self.key_id,
            signature: self.secret.sign(text.as_bytes()).to_vec(),
        }
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({}+{:08x})", self.name, self.key_id)
    }
}

/// The key that verifies notes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    key_id: u32,
    public: PublicKey,
}

impl NoteVerifier {
    /// The verifier of a name and a public key.
    ///
    /// # Errors
    /// [`NoteSignError::KeyName`].
    pub fn new(name: &str, public: PublicKey) -> Result<Self, NoteSignError> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            key_id: key_id(name, &public),
            public,
        })
    }

    /// Reads a verifier key text.
    ///
    /// # Errors
    /// `KeyText`, `KeyName`, `KeyType`, `KeyId` or `Key` of [`NoteSignError`].
    pub fn parse(vkey: &str) -> Result<Self, NoteSignError> {
        let (name, given, material) = split_key(vkey)?;
        let public = PublicKey::from_bytes(&material).map_err(NoteSignError::Key)?;
        let verifier = Self::new(name, public)?;
        same_id(given, verifier.key_id)?;
        Ok(verifier)
    }

    /// The same key under another name; see [`NoteSigner::named`].
    ///
    /// # Errors
    /// [`NoteSignError::KeyName`].
    pub fn named(&self, name: &str) -> Result<Self, NoteSignError> {
        Self::new(name, self.public)
    }

    /// The verifier key text.
    pub fn vkey(&self) -> String {
        let mut material = vec![TYPE_ED25519];
        material.extend_from_slice(&self.public.to_bytes());
        format!("{}+{:08x}+{}", self.name, self.key_id, STANDARD.encode(material))
    }

    /// Id of the key.
    pub fn key_id(&self) -> u32 {
        self.key_id
    }

    /// The Ed25519 key itself.
    pub fn public(&self) -> PublicKey {
        self.public
    }

    /// Verifies that this key signed the note. Signatures of other keys are ignored; every signature that bears this
    /// key's name and id must be right.
    ///
    /// # Errors
    /// [`NoteSignError::NotSigned`] or [`NoteSignError::Wrong`].
    pub fn verify(&self, note: &SignedNote) -> Result<(), NoteSignError> {
        let mut found = false;
        for signature in note.signatures() {
            if signature.name != self.name || signature.key_id != self.key_id {
                continue;
            }
            if self
                .public
                .verify(note.text().as_bytes(), &signature.signature)
                .is_err()
            {
                return Err(NoteSignError::Wrong {
                    name: self.name.clone(),
                    key_id: self.key_id,
                });
            }
            found = true;
        }
        if found {
            Ok(())
        } else {
            Err(NoteSignError::NotSigned {
                name: self.name.clone(),
                key_id: self.key_id,
            })
        }
    }

    /// Reads a note and verifies it in one step.
    ///
    /// # Errors
    /// [`NoteSignError::Note`] and as [`NoteVerifier::verify`].
    pub fn open(&self, bytes: &[u8]) -> Result<SignedNote, NoteSignError> {
        let note = SignedNote::parse(bytes)?;
        self.verify(&note)?;
        Ok(note)
    }
}

/// Name, id and 32 bytes of material of `<name>+<id>+<base64>`.
fn split_key(text: &str) -> Result<(&str, u32, [u8; KEY_BYTES]), NoteSignError> {
    // The base64 part may hold plus signs itself.
    let (name, rest) = text.split_once('+').ok_or(NoteSignError::KeyText)?;
    let (id, encoded) = rest.split_once('+').ok_or(NoteSignError::KeyText)?;
    check_name(name)?;
    if id.len() != 8 || !id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Err(NoteSignError::KeyText);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| NoteSignError::KeyText)?;
    // A key of 33 bytes has 44 characters; longer ones are not decoded at all.
    let material = Zeroizing::new(
        STANDARD
            .decode(encoded.get(..44.min(encoded.len())).unwrap_or_default())
            .map_err(|_| NoteSignError::KeyText)?,
    );
    let (kind, key) = material.split_first().ok_or(NoteSignError::KeyText)?;
    if *kind != TYPE_ED25519 {
        return Err(NoteSignError::KeyType(*kind));
    }
    if encoded.len() != 44 {
        return Err(NoteSignError::KeyText);
    }
    let key = key.try_into().map_err(|_| NoteSignError::KeyText)?;
    Ok((name, id, key))
}

fn check_name(name: &str) -> Result<(), NoteSignError> {
    if valid_key_name(name) && name.len() <= MAX_KEY_NAME_BYTES {
        Ok(())
    } else {
        Err(NoteSignError::KeyName)
    }
}

fn same_id(given: u32, computed: u32) -> Result<(), NoteSignError> {
    if given == computed {
        Ok(())
    } else {
        Err(NoteSignError::KeyId { given, computed })
    }
}

/// SHA-256(name || 0x0A || 0x01 || public key), its first four bytes.
fn key_id(name: &str, public: &PublicKey) -> u32 {
    let hash = Sha256::new()
        .chain_update(name.as_bytes())
        .chain_update([b'\n', TYPE_ED25519])
        .chain_update(public.to_bytes())
        .finalize();
    hash.iter().take(4).fold(0, |id, byte| id << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The signed-note example of the specification.
    const VKEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n\
         — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    #[test]
    fn example_of_the_specification_verifies() {
        let verifier = NoteVerifier::parse(VKEY).unwrap();
        assert_eq!(verifier.vkey(), VKEY);
        assert_eq!(
            verifier.open(NOTE.as_bytes()).unwrap().text(),
            "This is an example message.\n"
        );
    }

    #[test]
    fn changed_text_foreign_keys_and_double_signatures() {
        let verifier = NoteVerifier::parse(VKEY).unwrap();
        let changed = NOTE.replace("example message", "example massage");
        assert!(matches!(
            verifier.open(changed.as_bytes()),
            Err(NoteSignError::Wrong { .. })
        ));
        for foreign in [
            NOTE.replace("— example.com/foo", "— example.com/bar"),
            NOTE.replace("Uw2Q", "Uw2R"),
        ] {
            assert!(matches!(
                verifier.open(foreign.as_bytes()),
                Err(NoteSignError::NotSigned { .. })
            ));
        }
        let other = NoteSigner::new("witness.example", &[7; 32]).unwrap();
        let both = other.cosign(&SignedNote::parse(NOTE.as_bytes()).unwrap()).unwrap();
        assert_eq!(verifier.verify(&both), Ok(()));
        assert_eq!(other.verifier().verify(&both), Ok(()));
        // A right and a wrong signature of one key: the wrong one counts.
        let mut signatures = both.signatures().to_vec();
        signatures[1].name = signatures[0].name.clone();
        signatures[1].key_id = signatures[0].key_id;
        let twice = SignedNote::new(both.text().to_owned(), signatures).unwrap();
        assert!(matches!(verifier.verify(&twice), Err(NoteSignError::Wrong { .. })));
    }

    #[test]
    fn keys_survive_their_texts() {
        let signer = NoteSigner::new("example.com/site", &[9; 32]).unwrap();
        let note = signer.sign("text\n").unwrap();
        let again = NoteSigner::parse(&signer.skey()).unwrap();
        assert_eq!(again.sign("text\n").unwrap(), note);
        let renamed = signer.named("example.com/site/2020").unwrap();
        assert!(signer.verifier().verify(&renamed.sign("text\n").unwrap()).is_err());
        assert_eq!(signer.verifier().named("example.com/site/2020"), Ok(renamed.verifier()));
        assert_eq!(NoteVerifier::parse(&signer.vkey()).unwrap().verify(&note), Ok(()));
        assert!(matches!(
            signer.sign("text"),
            Err(NoteSignError::Note(NoteError::TextEnd))
        ));
        assert_eq!(
            format!("{signer:?}"),
            format!("NoteSigner(example.com/site+{:08x})", signer.verifier().key_id())
        );
    }

    #[test]
    fn malformed_keys_are_refused() {
        let parse = |text: &str| NoteVerifier::parse(text).unwrap_err();
        assert_eq!(parse("example.com/foo"), NoteSignError::KeyText);
        assert_eq!(parse(&VKEY.replace("530d903a", "530D903A")), NoteSignError::KeyText);
        assert_eq!(parse(&VKEY.replace("+530d903a", "+530d903")), NoteSignError::KeyText);
        assert_eq!(parse(&format!("{VKEY}AAAA")), NoteSignError::KeyText);
        assert_eq!(parse(VKEY.trim_end_matches('k')), NoteSignError::KeyText);
        assert_eq!(parse(&VKEY.replace("example.com/foo", "")), NoteSignError::KeyName);
        assert_eq!(parse(&VKEY.replace("+Ae", "+Be")), NoteSignError::KeyType(5));
        assert!(matches!(
            parse(&VKEY.replace("530d903a", "530d903b")),
            NoteSignError::KeyId {
                given: 0x530d_903b,
                computed: 0x530d_903a
            }
        ));
        assert_eq!(NoteSigner::parse(VKEY).unwrap_err(), NoteSignError::KeyText);
        assert_eq!(NoteSigner::new("a b", &[0; 32]).unwrap_err(), NoteSignError::KeyName);
        assert_eq!(
            NoteSigner::new(&"a".repeat(256), &[0; 32]).unwrap_err(),
            NoteSignError::KeyName
        );
    }
}
