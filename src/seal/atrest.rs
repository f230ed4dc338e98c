//! Envelope of a small file at rest: archive of inbound files, stored answers, spool (`docs/formats/at-rest.md`).
//!
//! Compressed, then encrypted under a key of its own, which the site key wraps: nothing at rest waits for a quantum computer, and
//! a rotation of the site key touches 64 bytes of each file.

mod reading;
mod stream;
mod writing;

use std::io::{self, Read as _};

use rand_core::CryptoRng;
use zeroize::Zeroizing;

pub use reading::{AT_REST_FRONT_LEN, AT_REST_SEGMENT_LEN, AtRestTest};
pub use stream::{AtRestReader, ReadAtOffset};
pub use writing::{AtRestStreamFault, AtRestWriter, Sink};

use super::floe::{FloeFault, FloeKey, FloeParams, open_all};
use super::secret::SiteKey;
use super::wrap::{NONCE_LEN, Purpose, WRAPPED_LEN, WrapFault, rewrap_key, unwrap_key};

const MAGIC: &[u8; 8] = b"SEKIREST";
const VERSION: u8 = 1;
/// Magic and version.
const PREFIX_LEN: usize = 9;
/// Length of the plain length in front of the compressed content.
const LENGTH_LEN: usize = 8;
/// Answers shrink more at level 1 than at level 3 (to a sixteenth) in less than half of the time, notices about as much (to an
/// eighteenth) a quarter faster.
const ZSTD_LEVEL: i32 = 1;
/// Exchange files shrink to a tenth or less; a buffer of that size is rarely moved.
const USUAL_RATIO: usize = 16;
/// Level 1 uses windows of at most 512 KiB; a frame that asks for more than 8 MiB is not ours.
const WINDOW_LOG_MAX: u32 = 23;
const PARAMS: FloeParams = FloeParams::fixed::<{ 1 << 20 }>();

/// Why a file at rest cannot be made or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AtRestFault {
    /// The file does not begin as one at rest does.
    #[error("not a file at rest")]
    NotAtRest,
    /// Another version of the envelope.
    #[error("file at rest of version {got}")]
    UnsupportedVersion {
        /// Version found.
        got: u8,
    },
    /// Its key does not open.
    #[error("key of the file: {0}")]
    Key(#[from] WrapFault),
    /// Its content is damaged.
    #[error("content of the file: {0}")]
    Content(#[from] FloeFault),
    /// The content is longer than the caller takes.
    #[error("content of {got} bytes is over the limit of {limit}")]
    TooLong {
        /// Length of the content, in bytes.
        got: u64,
        /// Limit given, in bytes.
        limit: u64,
    },
    /// The content does not decompress to its length, or cannot be compressed.
    #[error("content of the file does not decompress")]
    Compression,
}

/// Seals a content. `context` says what it is and where it belongs, e.g. `archive/052019/UPD...`; it is bound, not stored.
///
/// Drawn in this order: key (32 bytes), nonce of the wrapped key (12), IV (32).
pub fn seal_at_rest(
    site: &SiteKey,
    context: &str,
    plaintext: &[u8],
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, AtRestFault> {
    let mut writer = AtRestWriter::new(site, context, plaintext.len() as u64, rng)?;
    let mut out = Vec::new();
    let mut sink = |sealed: &[u8]| {
        out.extend_from_slice(sealed);
        Ok(())
    };
    let written = writer.add(plaintext, &mut sink).and_then(|()| writer.finish(&mut sink));
    match written {
        Ok(()) => Ok(out),
        Err(AtRestStreamFault::Seal(fault)) => Err(fault),
        // Memory takes everything, and the length is that of the content.
        Err(AtRestStreamFault::Disk(_) | AtRestStreamFault::OtherLength { .. }) => Err(AtRestFault::Compression),
    }
}

/// Opens what [`seal_at_rest`] made with the same site key and context; refuses a content over `limit_bytes` before it takes
/// memory for it.
pub fn open_at_rest(site: &SiteKey, context: &str, bytes: &[u8], limit_bytes: u64) -> Result<Vec<u8>, AtRestFault> {
    let (wrapped, sealed) = split(bytes)?;
    let key = FloeKey::new(*unwrap_key(site, Purpose::AtRest, context, wrapped)?);
    let content = Zeroizing::new(open_all(&key, PARAMS, &aad(context), sealed)?);
    let (length, compressed) = content
        .split_first_chunk::<LENGTH_LEN>()
        .ok_or(AtRestFault::Compression)?;
    let length = u64::from_be_bytes(*length);
    if length > limit_bytes {
        return Err(AtRestFault::TooLong {
            got: length,
            limit: limit_bytes,
        });
    }
    let plaintext = decompress(compressed, length).map_err(|_| AtRestFault::Compression)?;
    if plaintext.len() as u64 == length {
        Ok(plaintext)
    } else {
        Err(AtRestFault::Compression)
    }
}

/// At most `length` bytes and one more. Memory grows with what is there, not with the length that the file claims.
fn decompress(compressed: &[u8], length: u64) -> io::Result<Vec<u8>> {
    let usual = u64::try_from(compressed.len().saturating_mul(USUAL_RATIO)).unwrap_or(u64::MAX);
    let mut plaintext = Vec::with_capacity(usize::try_from(length.min(usual)).unwrap_or_default());
    let mut zstd = zstd::stream::read::Decoder::with_buffer(compressed)?.single_frame();
    zstd.window_log_max(WINDOW_LOG_MAX)?;
    zstd.by_ref()
        .take(length.saturating_add(1))
        .read_to_end(&mut plaintext)?;
    if zstd.finish().is_empty() {
        Ok(plaintext)
    } else {
        Err(io::ErrorKind::InvalidData.into())
    }
}

/// The same file under a new site key; only the wrapped key changes. `nonce` is 12 fresh random bytes.
pub fn rewrap_at_rest(
    (old, new): (&SiteKey, &SiteKey),
    context: &str,
    bytes: &[u8],
    nonce: [u8; NONCE_LEN],
) -> Result<Vec<u8>, AtRestFault> {
    let (wrapped, sealed) = split(bytes)?;
    let wrapped = rewrap_key(old, new, Purpose::AtRest, context, wrapped, nonce)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    out.extend_from_slice(&wrapped);
    out.extend_from_slice(sealed);
    Ok(out)
}

/// The wrapped key and the FLOE message.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), AtRestFault> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(AtRestFault::NotAtRest)?;
    let (version, rest) = rest.split_first().ok_or(AtRestFault::NotAtRest)?;
    if *version != VERSION {
        return Err(AtRestFault::UnsupportedVersion { got: *version });
    }
    rest.split_at_checked(WRAPPED_LEN)
        .ok_or(AtRestFault::Key(WrapFault::Length { got: rest.len() }))
}

/// The wrapped key is left out, so that it can change.
fn aad(context: &str) -> Vec<u8> {
    [MAGIC.as_slice(), &[VERSION], context.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;
    use crate::seal::floe::seal_all;
    use crate::seal::wrap::wrap_key;

    const LIMIT: u64 = 1 << 24;

    fn site() -> SiteKey {
        SiteKey::new([1; 32])
    }

    fn seal(plaintext: &[u8]) -> Vec<u8> {
        seal_at_rest(&site(), "archive/a", plaintext, &mut ChaCha20Rng::from_seed([2; 32])).unwrap()
    }

    fn open(bytes: &[u8]) -> Result<Vec<u8>, AtRestFault> {
        open_at_rest(&site(), "archive/a", bytes, LIMIT)
    }

    /// A file with a content as it stands, length and frame.
    pub(super) fn sealed_content(content: &[u8]) -> Vec<u8> {
        let key = [5; 32];
        let wrapped = wrap_key(&site(), Purpose::AtRest, "archive/a", &key, [0; 12]).unwrap();
        let sealed = seal_all(&FloeKey::new(key), PARAMS, &aad("archive/a"), [0; 32], content).unwrap();
        [&MAGIC[..], &[1], &wrapped, &sealed].concat()
    }

    #[test]
    fn gives_the_content_back_whatever_its_length() {
        let mut noise = vec![0; (1 << 21) + 5];
        rand_core::Rng::fill_bytes(&mut ChaCha20Rng::from_seed([3; 32]), &mut noise);
        let zeros = vec![0; 100_000];
        for plaintext in [&b""[..], b"x", &zeros, &noise] {
            let sealed = seal(plaintext);
            assert_eq!(open(&sealed).unwrap(), plaintext);
        }
        assert!(seal(&zeros).len() < 400);
    }

    #[test]
    fn opens_only_with_the_same_site_key_and_context() {
        let sealed = seal(b"x");
        let other = SiteKey::new([2; 32]);
        assert_eq!(
            open_at_rest(&other, "archive/a", &sealed, LIMIT),
            Err(AtRestFault::Key(WrapFault::OtherKey))
        );
        assert_eq!(
            open_at_rest(&site(), "archive/b", &sealed, LIMIT),
            Err(AtRestFault::Key(WrapFault::NotAuthentic))
        );
    }

    #[test]
    fn a_content_over_the_limit_is_refused_before_it_is_decompressed() {
        let sealed = seal(&[0; 1001]);
        assert_eq!(
            open_at_rest(&site(), "archive/a", &sealed, 1000),
            Err(AtRestFault::TooLong { got: 1001, limit: 1000 })
        );
        assert!(open_at_rest(&site(), "archive/a", &sealed, 1001).is_ok());
    }

    #[test]
    fn every_bit_flip_and_every_cut_is_refused() {
        let sealed = seal(b"0123456789");
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut bad = sealed.clone();
                bad[at] ^= 1 << bit;
                assert!(open(&bad).is_err(), "byte {at} bit {bit}");
            }
            assert!(open(&sealed[..at]).is_err(), "cut at {at}");
        }
        assert!(open(&[&sealed[..], b"x"].concat()).is_err());
    }

    #[test]
    fn faults_name_what_is_wrong() {
        let sealed = seal(b"x");
        assert_eq!(open(b"other"), Err(AtRestFault::NotAtRest));
        assert_eq!(open(MAGIC), Err(AtRestFault::NotAtRest));
        let mut version = sealed.clone();
        version[8] = 2;
        assert_eq!(open(&version), Err(AtRestFault::UnsupportedVersion { got: 2 }));
        assert_eq!(
            open(&sealed[..72]),
            Err(AtRestFault::Key(WrapFault::Length { got: 63 }))
        );
        let mut content = sealed.clone();
        *content.last_mut().unwrap() ^= 1;
        assert_eq!(
            open(&content),
            Err(AtRestFault::Content(FloeFault::SegmentTag { index: 0 }))
        );
    }

    /// What only a holder of the site key could write.
    #[test]
    fn an_authentic_content_of_another_length_is_refused() {
        let compressed = zstd::bulk::compress(b"four", 3).unwrap();
        let with_length = |length: u64| [&length.to_be_bytes()[..], &compressed].concat();
        assert_eq!(open(&sealed_content(&with_length(4))).unwrap(), b"four");
        for content in [
            with_length(3),
            with_length(5),
            vec![0; 7],
            b"\0\0\0\0\0\0\0\x04four".to_vec(),
        ] {
            assert_eq!(open(&sealed_content(&content)), Err(AtRestFault::Compression));
        }
    }

    #[test]
    fn a_rotation_changes_the_wrapped_key_only() {
        let sealed = seal(b"content");
        let new = SiteKey::new([7; 32]);
        let rotated = rewrap_at_rest((&site(), &new), "archive/a", &sealed, [9; 12]).unwrap();
        assert_eq!(open_at_rest(&new, "archive/a", &rotated, LIMIT).unwrap(), b"content");
        assert_eq!(rotated[73..], sealed[73..]);
        assert_eq!(open(&rotated), Err(AtRestFault::Key(WrapFault::OtherKey)));
    }
}
