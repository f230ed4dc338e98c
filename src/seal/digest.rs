//! SHA-256, HMAC-SHA-256 and HKDF-SHA-256 (FIPS 180-4, RFC 2104, RFC 5869), hexadecimal, and the yearly HMAC keys.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::secret::{YearKey, YearRoot};

/// A SHA-256 value or another digest of 32 bytes.
pub type Digest32 = [u8; 32];

/// Block length of SHA-256 in bytes.
const BLOCK_LEN: usize = 64;
/// Salt of the yearly keys: keeps them apart from every other use of HKDF in the program.
const YEAR_KEY_SALT: &[u8] = b"sekisho/v1/year-key";

/// SHA-256 of `bytes`.
pub fn sha256(bytes: &[u8]) -> Digest32 {
    Sha256::digest(bytes).into()
}

/// SHA-256 of the parts, one after the other. Parts of varying length need a length or a separator of their own.
pub fn sha256_parts(parts: &[&[u8]]) -> Digest32 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA-256 of the parts, one after the other, under a key of any length.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Digest32 {
    let mut mac = keyed(key);
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// An HMAC-SHA-256 state. RFC 2104 pads a short key with zeros and hashes a long one; done here, no error is left to handle.
pub(super) fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; BLOCK_LEN]);
    let hashed;
    let source = if key.len() > BLOCK_LEN {
        hashed = Zeroizing::new(sha256(key));
        hashed.as_slice()
    } else {
        key
    };
    for (to, from) in block.iter_mut().zip(source) {
        *to = *from;
    }
    Hmac::<Sha256>::new(&(*block).into())
}

/// HKDF-SHA-256 with 32 bytes of output: extract with `salt`, expand with the parts of `info`.
pub fn hkdf_sha256(salt: &[u8], secret: &[u8], info: &[&[u8]]) -> Zeroizing<[u8; 32]> {
    let root = Zeroizing::new(hmac_sha256(salt, &[secret]));
    let mut mac = keyed(&*root);
    for part in info {
        mac.update(part);
    }
    // One block of output is the first T(1), whose counter byte is 1.
    mac.update(&[1]);
    let mut block = mac.finalize().into_bytes();
    let out = Zeroizing::new(block.into());
    block.as_mut_slice().zeroize();
    out
}

/// The HMAC key of a fiscal year (年度, named by the year it begins in): HKDF of the root, info = the year in four digits.
pub fn year_key(root: &YearRoot, fiscal_year: u32) -> YearKey {
    let year = format!("{fiscal_year:04}");
    YearKey::new(*hkdf_sha256(YEAR_KEY_SALT, root.expose(), &[year.as_bytes()]))
}

/// HMAC-SHA-256 under a year's key.
pub fn year_digest(key: &YearKey, bytes: &[u8]) -> Digest32 {
    hmac_sha256(key.expose(), &[bytes])
}

/// Lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
    }
    out
}

/// Reads lower-case hexadecimal. `None` on an odd length or another character (upper case included: one text per value).
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(half(*high)? << 4 | half(*low)?))
        .collect()
}

/// Reads the 64 lower-case hexadecimal digits of a digest.
pub fn digest_from_hex(text: &str) -> Option<Digest32> {
    from_hex(text)?.try_into().ok()
}

fn half(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4 example.
    #[test]
    fn sha256_of_abc() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(to_hex(&sha256(b"abc")), expected);
        assert_eq!(to_hex(&sha256_parts(&[b"a", b"", b"bc"])), expected);
    }

    /// RFC 4231 cases 2 (short key) and 6 (key longer than a block).
    #[test]
    fn hmac_of_rfc_4231() {
        assert_eq!(
            to_hex(&hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            to_hex(&hmac_sha256(
                &[0xaa; 131],
                &[b"Test Using Larger Than Block-Size Key - Hash Key First"]
            )),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    /// RFC 5869 case 1, the first 32 bytes of its output.
    #[test]
    fn hkdf_of_rfc_5869() {
        let salt = from_hex("000102030405060708090a0b0c").unwrap();
        let info = from_hex("f0f1f2f3f4f5f6f7f8f9").unwrap();
        assert_eq!(
            to_hex(&*hkdf_sha256(&salt, &[0x0b; 22], &[&info[..4], &info[4..]])),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        );
    }

    #[test]
    fn year_keys_differ_by_year_and_root() {
        let root = YearRoot::new([1; 32]);
        let key = year_key(&root, 2025);
        assert_eq!(
            key.expose(),
            &*hkdf_sha256(b"sekisho/v1/year-key", &[1; 32], &[b"2025"])
        );
        assert_ne!(key.expose(), year_key(&root, 2026).expose());
        assert_ne!(key.expose(), year_key(&YearRoot::new([2; 32]), 2025).expose());
        assert_eq!(year_digest(&key, b"x"), hmac_sha256(key.expose(), &[b"x"]));
    }

    #[test]
    fn hexadecimal_has_one_form() {
        assert_eq!(to_hex(&[0x00, 0x9f, 0xff]), "009fff");
        assert_eq!(from_hex("009fff"), Some(vec![0x00, 0x9f, 0xff]));
        for bad in ["0", "0G", "9F", "é0"] {
            assert_eq!(from_hex(bad), None, "{bad}");
        }
        assert_eq!(digest_from_hex(&"0".repeat(62)), None);
        assert_eq!(digest_from_hex(&"0".repeat(64)), Some([0; 32]));
    }
}
