//! FLOE (Fast Lightweight Online Encryption), the one payload encryption of packages, archive, backups and master.
//!
//! Implements c2sp.org/FLOE (Snowflake-Labs/floe-specification, `spec/README.md`) with its only published suite: AES-256-GCM,
//! HKDF-Expand-SHA-384, a 32-byte IV. The one free parameter is the encrypted segment length. Position and final flag of a
//! segment are bound as associated data, and the header tag commits to key, parameters, IV and associated data.
//!
//! Nothing here draws randomness. The IV of the message is an argument; the AES-GCM nonce of a segment is a pseudo-random
//! function of a key of its own (derived from the message key), the position and the final flag. A reader cannot tell such
//! a nonce from a random one, so the bytes stay within the specification.

use std::fmt;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha384};
use zeroize::{Zeroize, Zeroizing};

pub use params::{Content, FloeParams, HEADER_LEN, HEADER_TAG_LEN, IV_LEN, MAX_SEGMENTS, PARAMS_LEN, SEGMENT_OVERHEAD};
use params::{MAX_SEGMENT_LEN, MIN_SEGMENT_LEN};

pub use super::secret::FloeKey;

mod params;

/// Length word of every segment but the last.
const NOT_LAST: [u8; 4] = [0xff; 4];
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
/// Associated data of a segment: position (8) and final flag (1).
const SEGMENT_AAD_LEN: usize = 9;

/// Why a message cannot be sealed or opened. Carries positions and lengths only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FloeFault {
    /// The segment length is outside 33 bytes to 16 MiB.
    #[error("encrypted segment length {got} is outside {MIN_SEGMENT_LEN}..={MAX_SEGMENT_LEN}")]
    SegmentLength {
        /// Length asked for, in bytes.
        got: u32,
    },
    /// The header is not 74 bytes long.
    #[error("header is {got} bytes, want {HEADER_LEN}")]
    HeaderLength {
        /// Length found, in bytes.
        got: usize,
    },
    /// The header names another suite or another segment length.
    #[error("header carries other parameters")]
    HeaderParams,
    /// The header tag does not fit: another key, other associated data, or a damaged header.
    #[error("header tag does not fit key and associated data")]
    HeaderTag,
    /// The position is at or above 2^40.
    #[error("segment {index} is over the limit of segments")]
    TooManySegments {
        /// Position, 0-based.
        index: u64,
    },
    /// A segment has a length that its place does not allow.
    #[error("segment {index} has {got} bytes, which its place does not allow")]
    SegmentSize {
        /// Position, 0-based.
        index: u64,
        /// Length found, in bytes.
        got: usize,
    },
    /// The length word of a segment does not fit its place.
    #[error("segment {index} is marked otherwise than its place asks")]
    SegmentMark {
        /// Position, 0-based.
        index: u64,
    },
    /// A segment is not authentic.
    #[error("segment {index} is not authentic")]
    SegmentTag {
        /// Position, 0-based.
        index: u64,
    },
    /// No message has this total length.
    #[error("no message is {got} bytes long")]
    TotalLength {
        /// Length in bytes.
        got: u64,
    },
}

/// What sealer and opener share: everything that follows from key, parameters, IV and associated data.
struct Message {
    params: FloeParams,
    iv: [u8; IV_LEN],
    aad: Vec<u8>,
    /// `MessageKey` of the specification.
    root: Zeroizing<[u8; 48]>,
    /// The AES key of the first 2^20 segments, which is all that nearly every message uses.
    first_cipher: Aes256Gcm,
}

impl Message {
    fn new(key: &FloeKey, params: FloeParams, aad: &[u8], iv: [u8; IV_LEN]) -> Self {
        let mut message_key = Zeroizing::new([0; 48]);
        derive(key.expose(), params, &iv, &[b"MESSAGE_KEY:", aad], &mut *message_key);
        let first_cipher = segment_cipher(&message_key, params, &iv, aad, 0);
        Self {
            params,
            iv,
            aad: aad.to_vec(),
            root: message_key,
            first_cipher,
        }
    }

    /// The cipher of a segment: `DERIVE_KEY`, with the low bits of the position masked.
    fn with_cipher<T>(&self, index: u64, work: impl FnOnce(&Aes256Gcm) -> T) -> T {
        let group = (index >> self.params.rotation_bits) << self.params.rotation_bits;
        if group == 0 {
            work(&self.first_cipher)
        } else {
            work(&segment_cipher(&self.root, self.params, &self.iv, &self.aad, group))
        }
    }
}

fn segment_cipher(message_key: &[u8; 48], params: FloeParams, iv: &[u8; IV_LEN], aad: &[u8], group: u64) -> Aes256Gcm {
    let mut key = Zeroizing::new([0; 32]);
    derive(
        message_key,
        params,
        iv,
        &[b"DEK:", &group.to_be_bytes(), aad],
        &mut *key,
    );
    Aes256Gcm::new(&(*key).into())
}

/// HMAC-SHA-384 under a key of at most one block. HMAC itself pads such a key with zeros, so doing it here changes nothing
/// and leaves no error to handle.
fn keyed(key: &[u8]) -> Hmac<Sha384> {
    let mut block = Zeroizing::new([0; 128]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    Hmac::<Sha384>::new(&(*block).into())
}

/// `FLOE_KDF` up to its output: HKDF-Expand of at most 48 bytes is one HMAC over the info and the byte 01.
fn kdf_mac(key: &[u8], params: FloeParams, iv: &[u8; IV_LEN], purpose_and_aad: &[&[u8]]) -> Hmac<Sha384> {
    let mut mac = keyed(key);
    mac.update(&params.encode());
    mac.update(iv);
    for part in purpose_and_aad {
        mac.update(part);
    }
    mac.update(&[1]);
    mac
}

fn derive(key: &[u8], params: FloeParams, iv: &[u8; IV_LEN], purpose_and_aad: &[&[u8]], out: &mut [u8]) {
    let mut block = kdf_mac(key, params, iv, purpose_and_aad).finalize().into_bytes();
    for (to, from) in out.iter_mut().zip(block.iter()) {
        *to = *from;
    }
    block.as_mut_slice().zeroize();
}

fn segment_aad(index: u64, is_last: bool) -> [u8; SEGMENT_AAD_LEN] {
    let mut aad = [0; SEGMENT_AAD_LEN];
    for (to, from) in aad
        .iter_mut()
        .zip(index.to_be_bytes().into_iter().chain([u8::from(is_last)]))
    {
        *to = from;
    }
    aad
}

fn check_index(index: u64) -> Result<(), FloeFault> {
    if index < MAX_SEGMENTS {
        Ok(())
    } else {
        Err(FloeFault::TooManySegments { index })
    }
}

/// Seals the segments of one message, in any order and from several threads.
///
/// The caller seals each position **at most once**, leaves no gap and makes exactly one last segment: sealing two plaintexts
/// at one position would use a nonce twice. An `iv` must never come twice under one key.
pub struct Sealer {
    message: Message,
    header: [u8; HEADER_LEN],
    /// Keyed with a derivation of the message key that nothing else uses.
    nonces: Hmac<Sha256>,
}

impl Sealer {
    /// Begins a message with 32 fresh random bytes as its IV.
    pub fn new(key: &FloeKey, params: FloeParams, aad: &[u8], iv: [u8; IV_LEN]) -> Self {
        let message = Message::new(key, params, aad, iv);
        let mut tag = [0; HEADER_TAG_LEN];
        derive(key.expose(), params, &iv, &[b"HEADER_TAG:", aad], &mut tag);
        let mut header = [0; HEADER_LEN];
        for (to, from) in header.iter_mut().zip(params.encode().into_iter().chain(iv).chain(tag)) {
            *to = from;
        }
        let mut nonce_key = Zeroizing::new([0; 48]);
        derive(&*message.root, params, &iv, &[b"SEKISHO_NONCE:", aad], &mut *nonce_key);
        let mut block = Zeroizing::new([0; 64]);
        for (to, from) in block.iter_mut().zip(nonce_key.iter()) {
            *to = *from;
        }
        Self {
            message,
            header,
            nonces: Hmac::<Sha256>::new(&(*block).into()),
        }
    }

    /// The 74 bytes that stand in front of the first segment.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Appends the encrypted segment at `index` (0-based) to `out`.
    ///
    /// A segment that is not the last takes exactly [`FloeParams::plaintext_segment_len`] bytes, the last at most as many.
    pub fn seal_segment(
        &self,
        index: u64,
        plaintext: &[u8],
        is_last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), FloeFault> {
        let start = out.len();
        let end = start
            .saturating_add(plaintext.len())
            .saturating_add(SEGMENT_OVERHEAD as usize);
        out.resize(end, 0);
        let sealed = self.seal_segment_into(index, plaintext, is_last, out.get_mut(start..).unwrap_or_default());
        if sealed.is_err() {
            out.truncate(start);
        }
        sealed
    }

    /// The same into a place of exactly the length of the encrypted segment: [`SEGMENT_OVERHEAD`] bytes more than the
    /// plaintext. Copies nothing. After an error the place holds nothing of use.
    pub fn seal_segment_into(
        &self,
        index: u64,
        plaintext: &[u8],
        is_last: bool,
        out: &mut [u8],
    ) -> Result<(), FloeFault> {
        check_index(index)?;
        let wrong_size = FloeFault::SegmentSize {
            index,
            got: plaintext.len(),
        };
        let len = u32::try_from(plaintext.len()).map_err(|_| wrong_size)?;
        let full = self.message.params.plaintext_segment_len();
        if len > full || (!is_last && len != full) {
            return Err(wrong_size);
        }
        let aad = segment_aad(index, is_last);
        let nonce = self.nonce(&aad);
        let length_word = if is_last {
            (len + SEGMENT_OVERHEAD).to_be_bytes()
        } else {
            NOT_LAST
        };
        let (word_to, rest) = out.split_first_chunk_mut::<4>().ok_or(wrong_size)?;
        let (nonce_to, rest) = rest.split_first_chunk_mut::<NONCE_LEN>().ok_or(wrong_size)?;
        let (ciphertext, tag_to) = rest.split_last_chunk_mut::<TAG_LEN>().ok_or(wrong_size)?;
        let buffer = InOutBuf::new(plaintext, ciphertext).map_err(|_| wrong_size)?;
        let tag = self
            .message
            .with_cipher(index, |cipher| {
                cipher.encrypt_inout_detached(&nonce.into(), &aad, buffer)
            })
            // AES-GCM refuses only texts over 64 GiB, which the segment length rules out.
            .map_err(|_| wrong_size)?;
        *word_to = length_word;
        *nonce_to = nonce;
        *tag_to = tag.into();
        Ok(())
    }

    fn nonce(&self, aad: &[u8; SEGMENT_AAD_LEN]) -> [u8; NONCE_LEN] {
        let mut mac = self.nonces.clone();
        mac.update(aad);
        let mut nonce = [0; NONCE_LEN];
        for (to, from) in nonce.iter_mut().zip(mac.finalize().into_bytes()) {
            *to = from;
        }
        nonce
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("params", &self.message.params)
            .finish_non_exhaustive()
    }
}

/// Opens the segments of one message, in any order and from several threads.
///
/// A caller that reads at random must know the total length from elsewhere: only then does a cut message differ from a
/// read past its end.
pub struct Opener {
    message: Message,
}

impl Opener {
    /// Tests the header against key, parameters and associated data.
    pub fn new(key: &FloeKey, params: FloeParams, aad: &[u8], header: &[u8]) -> Result<Self, FloeFault> {
        let wrong_length = FloeFault::HeaderLength { got: header.len() };
        let header: &[u8; HEADER_LEN] = header.try_into().map_err(|_| wrong_length)?;
        let (encoded, rest) = header.split_first_chunk::<PARAMS_LEN>().ok_or(wrong_length)?;
        let (iv, tag) = rest.split_first_chunk::<IV_LEN>().ok_or(wrong_length)?;
        if *encoded != params.encode() {
            return Err(FloeFault::HeaderParams);
        }
        kdf_mac(key.expose(), params, iv, &[b"HEADER_TAG:", aad])
            .verify_truncated_left(tag)
            .map_err(|_| FloeFault::HeaderTag)?;
        Ok(Self {
            message: Message::new(key, params, aad, *iv),
        })
    }

    /// Appends the plaintext of the segment at `index` (0-based) to `out`; after an error `out` is as before.
    pub fn open_segment(&self, index: u64, segment: &[u8], is_last: bool, out: &mut Vec<u8>) -> Result<(), FloeFault> {
        let start = out.len();
        let len = segment.len().saturating_sub(SEGMENT_OVERHEAD as usize);
        out.resize(start.saturating_add(len), 0);
        let opened = self.open_segment_into(index, segment, is_last, out.get_mut(start..).unwrap_or_default());
        if opened.is_err() {
            out.truncate(start);
        }
        opened
    }

    /// The same into a place of exactly the length of the plaintext: [`SEGMENT_OVERHEAD`] bytes less than the segment.
    /// Copies nothing; writes nothing where the segment is not authentic.
    pub fn open_segment_into(
        &self,
        index: u64,
        segment: &[u8],
        is_last: bool,
        out: &mut [u8],
    ) -> Result<(), FloeFault> {
        check_index(index)?;
        let wrong_size = FloeFault::SegmentSize {
            index,
            got: segment.len(),
        };
        let len = u32::try_from(segment.len()).map_err(|_| wrong_size)?;
        let full = self.message.params.encrypted_segment_len;
        if len > full || (!is_last && len != full) {
            return Err(wrong_size);
        }
        let (length_word, rest) = segment.split_first_chunk::<4>().ok_or(wrong_size)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE_LEN>().ok_or(wrong_size)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(wrong_size)?;
        let wanted = if is_last { len.to_be_bytes() } else { NOT_LAST };
        if *length_word != wanted {
            return Err(FloeFault::SegmentMark { index });
        }
        let buffer = InOutBuf::new(ciphertext, out).map_err(|_| wrong_size)?;
        let aad = segment_aad(index, is_last);
        let opened = self.message.with_cipher(index, |cipher| {
            cipher.decrypt_inout_detached(&(*nonce).into(), &aad, buffer, &(*tag).into())
        });
        opened.map_err(|_| FloeFault::SegmentTag { index })
    }
}

impl fmt::Debug for Opener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opener")
            .field("params", &self.message.params)
            .finish_non_exhaustive()
    }
}

/// Header and segments of a whole plaintext.
pub fn seal_all(
    key: &FloeKey,
    params: FloeParams,
    aad: &[u8],
    iv: [u8; IV_LEN],
    plaintext: &[u8],
) -> Result<Vec<u8>, FloeFault> {
    let total = params.encrypted_len(plaintext.len() as u64)?;
    let sealer = Sealer::new(key, params, aad, iv);
    let mut out = Vec::with_capacity(usize::try_from(total).map_err(|_| FloeFault::TotalLength { got: total })?);
    out.extend_from_slice(sealer.header());
    for (index, (segment, is_last)) in segments(plaintext, params.plaintext_segment_len()).enumerate() {
        sealer.seal_segment(index as u64, segment, is_last, &mut out)?;
    }
    Ok(out)
}

/// The plaintext of a whole message; nothing is given back unless every segment is authentic and the last one is the last.
pub fn open_all(key: &FloeKey, params: FloeParams, aad: &[u8], message: &[u8]) -> Result<Vec<u8>, FloeFault> {
    let content = params.content_of(message.len() as u64)?;
    let fault = FloeFault::TotalLength {
        got: message.len() as u64,
    };
    let (header, body) = message.split_at_checked(HEADER_LEN).ok_or(fault)?;
    let opener = Opener::new(key, params, aad, header)?;
    let mut out = Vec::with_capacity(usize::try_from(content.plaintext_len).map_err(|_| fault)?);
    for (index, (segment, is_last)) in segments(body, params.encrypted_segment_len).enumerate() {
        if let Err(fault) = opener.open_segment(index as u64, segment, is_last, &mut out) {
            out.zeroize();
            return Err(fault);
        }
    }
    Ok(out)
}

/// Cuts `bytes` into pieces of `len` bytes, each with whether it is the last; an empty input is one empty last piece.
pub fn segments(bytes: &[u8], len: u32) -> impl Iterator<Item = (&[u8], bool)> {
    let len = (len as usize).max(1);
    let count = bytes.len().div_ceil(len).max(1);
    (0..count).map(move |index| {
        let start = index * len;
        let end = start.saturating_add(len).min(bytes.len());
        (bytes.get(start..end).unwrap_or_default(), index + 1 == count)
    })
}

#[cfg(test)]
mod tests;
