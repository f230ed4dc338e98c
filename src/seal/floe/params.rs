//! Parameters of a FLOE message and the arithmetic of its lengths (specification, "Parameters" and "Ciphertext Layout").

use super::FloeFault;

/// Length of the encoded parameters in bytes: AEAD id, KDF id, segment length (4), IV length (4).
pub const PARAMS_LEN: usize = 10;
/// Length of the IV in bytes.
pub const IV_LEN: usize = 32;
/// Length of the header tag in bytes.
pub const HEADER_TAG_LEN: usize = 32;
/// Length of the whole header in bytes.
pub const HEADER_LEN: usize = PARAMS_LEN + IV_LEN + HEADER_TAG_LEN;
/// Bytes that a segment adds to its plaintext: length word (4), nonce (12), tag (16).
pub const SEGMENT_OVERHEAD: u32 = 32;
/// Most segments of one message (`AEAD_MAX_SEGMENTS`).
pub const MAX_SEGMENTS: u64 = 1 << 40;

/// Smallest segment that carries any plaintext.
pub(super) const MIN_SEGMENT_LEN: u32 = SEGMENT_OVERHEAD + 1;
/// Our own upper limit: a reader holds one segment in memory before it is authentic, so a header may not ask for more.
pub(super) const MAX_SEGMENT_LEN: u32 = 16 << 20;
/// `AEAD_ROTATION_MASK`: 2^20 segments share one AES key.
const ROTATION_BITS: u32 = 20;

/// Parameters of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FloeParams {
    pub(super) encrypted_segment_len: u32,
    pub(super) rotation_bits: u32,
}

impl FloeParams {
    /// Segments of `encrypted_segment_len` bytes, 33 bytes to 16 MiB.
    pub fn new(encrypted_segment_len: u32) -> Result<Self, FloeFault> {
        if !(MIN_SEGMENT_LEN..=MAX_SEGMENT_LEN).contains(&encrypted_segment_len) {
            return Err(FloeFault::SegmentLength {
                got: encrypted_segment_len,
            });
        }
        Ok(Self {
            encrypted_segment_len,
            rotation_bits: ROTATION_BITS,
        })
    }

    /// Segments of a length known to be in range when the program is built; another length does not compile.
    pub const fn fixed<const LEN: u32>() -> Self {
        const {
            assert!(LEN >= MIN_SEGMENT_LEN && LEN <= MAX_SEGMENT_LEN);
        }
        Self {
            encrypted_segment_len: LEN,
            rotation_bits: ROTATION_BITS,
        }
    }

    /// The parameters that a header names. They are trusted only after [`super::Opener::new`] has tested the header tag.
    pub fn of_header(header: &[u8]) -> Result<Self, FloeFault> {
        if header.len() != HEADER_LEN {
            return Err(FloeFault::HeaderLength { got: header.len() });
        }
        let len = header
            .get(2..6)
            .and_then(<[u8]>::first_chunk)
            .map(|b| u32::from_be_bytes(*b));
        let params = Self::new(len.unwrap_or_default())?;
        if header.starts_with(&params.encode()) {
            Ok(params)
        } else {
            Err(FloeFault::HeaderParams)
        }
    }

    /// Length of an encrypted segment in bytes, the last one excepted.
    pub fn encrypted_segment_len(self) -> u32 {
        self.encrypted_segment_len
    }

    /// Plaintext of a segment in bytes, the last one excepted.
    pub fn plaintext_segment_len(self) -> u32 {
        self.encrypted_segment_len - SEGMENT_OVERHEAD
    }

    /// Number of segments that [`super::seal_all`] makes of a plaintext: at least one; the last is full where the length is a multiple.
    pub fn segment_count(self, plaintext_len: u64) -> u64 {
        plaintext_len.div_ceil(u64::from(self.plaintext_segment_len())).max(1)
    }

    /// Length in bytes of header and segments of a plaintext; `TotalLength` where it is over the limit of segments.
    pub fn encrypted_len(self, plaintext_len: u64) -> Result<u64, FloeFault> {
        let count = self.segment_count(plaintext_len);
        if count > MAX_SEGMENTS {
            return Err(FloeFault::TotalLength { got: plaintext_len });
        }
        // 2^40 segments of at most 2^24 bytes stay below 2^64 only just, hence the checked sum.
        (count * u64::from(SEGMENT_OVERHEAD))
            .checked_add(plaintext_len)
            .and_then(|n| n.checked_add(HEADER_LEN as u64))
            .ok_or(FloeFault::TotalLength { got: plaintext_len })
    }

    /// How many segments, and how many plaintext bytes, a message of `total_len` bytes (header included) holds.
    pub fn content_of(self, total_len: u64) -> Result<Content, FloeFault> {
        let fault = FloeFault::TotalLength { got: total_len };
        let body = total_len.checked_sub(HEADER_LEN as u64).ok_or(fault)?;
        let count = body.div_ceil(u64::from(self.encrypted_segment_len));
        let overhead = count.checked_mul(u64::from(SEGMENT_OVERHEAD)).ok_or(fault)?;
        let last_len = match body % u64::from(self.encrypted_segment_len) {
            0 => u64::from(self.encrypted_segment_len),
            rest => rest,
        };
        if count == 0 || count > MAX_SEGMENTS || last_len < u64::from(SEGMENT_OVERHEAD) {
            return Err(fault);
        }
        Ok(Content {
            segment_count: count,
            plaintext_len: body.checked_sub(overhead).ok_or(fault)?,
        })
    }

    /// `PARAM_ENCODE`: AES-256-GCM is 0, HKDF-Expand-SHA-384 is 0.
    pub(super) fn encode(self) -> [u8; PARAMS_LEN] {
        let mut out = [0; PARAMS_LEN];
        let iv_len: u32 = 32;
        let words = self
            .encrypted_segment_len
            .to_be_bytes()
            .into_iter()
            .chain(iv_len.to_be_bytes());
        for (to, from) in out.iter_mut().skip(2).zip(words) {
            *to = from;
        }
        out
    }

    /// Fewer segments per AES key, for the published vectors of key rotation.
    #[cfg(test)]
    pub(super) fn rotating_every(mut self, bits: u32) -> Self {
        self.rotation_bits = bits;
        self
    }
}

/// What a message of a known total length holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// Number of segments, at least one.
    pub segment_count: u64,
    /// Plaintext in bytes.
    pub plaintext_len: u64,
}
