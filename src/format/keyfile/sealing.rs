//! Text of a public sealing key: `sekisho-p256:BASE64` or `sekisho-x25519:BASE64` (`docs/formats/keyfile.md`, "Sealing key").

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Key encapsulation of a sealing key (RFC 9180, section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kem {
    /// DHKEM(P-256, HKDF-SHA256), id 0x0010: the default, because every browser has P-256.
    P256,
    /// DHKEM(X25519, HKDF-SHA256), id 0x0020.
    X25519,
}

impl Kem {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::P256, Self::X25519];

    /// The word in package headers and key files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::X25519 => "x25519",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kem| kem.as_str() == word)
    }

    /// Length of a public key in bytes, which is also that of an encapsulated key.
    pub const fn public_len(self) -> usize {
        match self {
            Self::P256 => 65,
            Self::X25519 => 32,
        }
    }

    /// What the text of a public key begins with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::P256 => "sekisho-p256:",
            Self::X25519 => "sekisho-x25519:",
        }
    }
}

/// Short name of a sealing key: the first eight bytes of the SHA-256 of its text, in hexadecimal where it is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 8]);

impl KeyId {
    /// Reads 16 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        digits.then_some(())?;
        u64::from_str_radix(text, 16).ok().map(|id| Self(id.to_be_bytes()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Why a text is no public sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealingKeyTextFault {
    /// Neither `sekisho-p256:` nor `sekisho-x25519:` in front.
    #[error("not the text of a sealing key")]
    Prefix,
    /// Not base64 with padding.
    #[error("sealing key is not base64")]
    Base64,
    /// Not the length of a key of its kind.
    #[error("sealing key is {got} bytes, want {want}")]
    Length {
        /// Length found, in bytes.
        got: usize,
        /// Length of the kind, in bytes.
        want: usize,
    },
}

/// Splits the text of a public sealing key into kind and key bytes. Whether the bytes are a point of the curve is for
/// `seal::hpke` to say.
pub fn parse_sealing_key(text: &str) -> Result<(Kem, Vec<u8>), SealingKeyTextFault> {
    let (kem, encoded) = Kem::ALL
        .into_iter()
        .find_map(|kem| Some((kem, text.strip_prefix(kem.prefix())?)))
        .ok_or(SealingKeyTextFault::Prefix)?;
    // Bounded before it is decoded: four characters give three bytes.
    let want = kem.public_len();
    if encoded.len() != want.div_ceil(3) * 4 {
        return Err(SealingKeyTextFault::Length {
            got: encoded.len() / 4 * 3,
            want,
        });
    }
    let bytes = STANDARD.decode(encoded).map_err(|_| SealingKeyTextFault::Base64)?;
    if bytes.len() == want {
        Ok((kem, bytes))
    } else {
        Err(SealingKeyTextFault::Length { got: bytes.len(), want })
    }
}

/// The text of a public sealing key.
pub fn sealing_key_text(kem: Kem, public: &[u8]) -> String {
    format!("{}{}", kem.prefix(), STANDARD.encode(public))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_both_kinds() {
        for kem in Kem::ALL {
            let bytes: Vec<u8> = (0..kem.public_len()).map(|i| u8::try_from(i).unwrap()).collect();
            let text = sealing_key_text(kem, &bytes);
            assert_eq!(parse_sealing_key(&text), Ok((kem, bytes)));
            assert_eq!(Kem::parse(kem.as_str()), Some(kem));
        }
        assert_eq!(
            sealing_key_text(Kem::X25519, &[0; 32]),
            "sekisho-x25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        );
        assert_eq!(Kem::parse("P256"), None);
    }

    #[test]
    fn key_ids_have_one_text() {
        let id = KeyId([0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff]);
        assert_eq!(id.to_string(), "00010203fcfdfeff");
        assert_eq!(KeyId::parse("00010203fcfdfeff"), Some(id));
        for bad in ["00010203fcfdfef", "00010203fcfdfeFF", "+0010203fcfdfeff", ""] {
            assert_eq!(KeyId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(parse_sealing_key("x25519:AAAA"), Err(SealingKeyTextFault::Prefix));
        assert_eq!(
            parse_sealing_key("sekisho-x25519:AAAA"),
            Err(SealingKeyTextFault::Length { got: 3, want: 32 })
        );
        let without_padding = format!("sekisho-x25519:{}", "A".repeat(44));
        assert_eq!(
            parse_sealing_key(&without_padding),
            Err(SealingKeyTextFault::Length { got: 33, want: 32 })
        );
        let not_canonical = format!("sekisho-x25519:{}B=", "A".repeat(42));
        assert_eq!(parse_sealing_key(&not_canonical), Err(SealingKeyTextFault::Base64));
    }
}
