//! Testing a file at rest segment by segment (`docs/formats/at-rest.md`): nothing of its content is kept, so the memory
//! does not grow with the file.

use std::io;

use zeroize::{Zeroize as _, Zeroizing};
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};

use super::{AtRestFault, LENGTH_LEN, PARAMS, PREFIX_LEN, VERSION, WINDOW_LOG_MAX, WRAPPED_LEN, aad, split};
use crate::seal::floe::{Content, FloeFault, FloeKey, HEADER_LEN, Opener};
use crate::seal::secret::SiteKey;
use crate::seal::wrap::{Purpose, unwrap_key};

/// Bytes in front of the first segment: magic and version, wrapped key, FLOE header.
pub const AT_REST_FRONT_LEN: usize = PREFIX_LEN + WRAPPED_LEN + HEADER_LEN;
/// Length of a segment in bytes, the last one excepted.
pub const AT_REST_SEGMENT_LEN: usize = 1 << 20;

/// A file at rest that is being tested.
pub struct AtRestTest {
    opener: Opener,
    content: Content,
    next: u64,
    limit: u64,
    /// The plain length in front of the frame, as far as it came.
    head: Vec<u8>,
    frame: Frame,
    plain: Zeroizing<Vec<u8>>,
}

/// Room for what is decompressed, in bytes; it is only counted.
const SCRATCH_LEN: usize = 128 << 10;

/// Decompresses one frame and counts what comes out.
struct Frame {
    decoder: Decoder<'static>,
    scratch: Zeroizing<Vec<u8>>,
    bytes: u64,
    limit: u64,
    /// The frame came to its end: nothing may follow, and without it the content cannot be read.
    ended: bool,
}

impl Frame {
    fn new(limit: u64) -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Self {
            decoder,
            scratch: Zeroizing::new(vec![0; SCRATCH_LEN]),
            bytes: 0,
            limit,
            ended: false,
        })
    }

    fn add(&mut self, compressed: &[u8]) -> io::Result<()> {
        let mut input = InBuffer::around(compressed);
        loop {
            let is_fed = input.pos() == compressed.len();
            if self.ended {
                return if is_fed {
                    Ok(())
                } else {
                    Err(io::ErrorKind::InvalidData.into())
                };
            }
            let mut output = OutBuffer::around(self.scratch.as_mut_slice());
            self.ended = self.decoder.run(&mut input, &mut output)? == 0;
            let got = output.pos();
            self.bytes = self.bytes.saturating_add(got as u64);
            if self.bytes > self.limit {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
            // A full buffer means that more may be waiting.
            if !self.ended && input.pos() == compressed.len() && got < SCRATCH_LEN {
                return Ok(());
            }
        }
    }
}

impl AtRestTest {
    /// Begins with the first [`AT_REST_FRONT_LEN`] bytes (fewer where the file is shorter) of a file of `total_len` bytes.
    /// Site key, context and limit are those of [`super::open_at_rest`].
    pub fn new(
        site: &SiteKey,
        context: &str,
        front: &[u8],
        total_len: u64,
        limit_bytes: u64,
    ) -> Result<Self, AtRestFault> {
        let (wrapped, sealed) = match split(front) {
            // A changed bit must not pass for a newer program: what opens as our version is of our version.
            Err(AtRestFault::UnsupportedVersion { got }) => {
                let mut ours = front.to_vec();
                if let Some(version) = ours.get_mut(PREFIX_LEN - 1) {
                    *version = VERSION;
                }
                return match Self::new(site, context, &ours, total_len, limit_bytes) {
                    Ok(_) => Err(AtRestFault::NotAtRest),
                    Err(_) => Err(AtRestFault::UnsupportedVersion { got }),
                };
            }
            other => other?,
        };
        let key = FloeKey::new(*unwrap_key(site, Purpose::AtRest, context, wrapped)?);
        let sealed_len = total_len.saturating_sub((PREFIX_LEN + WRAPPED_LEN) as u64);
        let content = PARAMS.content_of(sealed_len)?;
        let opener = Opener::new(&key, PARAMS, &aad(context), sealed)?;
        let frame = Frame::new(limit_bytes).map_err(|_| AtRestFault::Compression)?;
        Ok(Self {
            opener,
            content,
            next: 0,
            limit: limit_bytes,
            head: Vec::with_capacity(LENGTH_LEN),
            frame,
            plain: Zeroizing::new(Vec::new()),
        })
    }

    /// Number of segments.
    pub fn segment_count(&self) -> u64 {
        self.content.segment_count
    }

    /// Tests the next segment.
    pub fn segment(&mut self, sealed: &[u8]) -> Result<(), AtRestFault> {
        self.plain.zeroize();
        let is_last = self.next + 1 == self.content.segment_count;
        self.opener.open_segment(self.next, sealed, is_last, &mut self.plain)?;
        self.next += 1;
        let missing = LENGTH_LEN - self.head.len().min(LENGTH_LEN);
        let (head, frame) = self
            .plain
            .split_at_checked(missing)
            .unwrap_or((self.plain.as_slice(), &[]));
        if missing > 0 {
            self.head.extend_from_slice(head);
            if let Some(got) = self.length().filter(|got| *got > self.limit) {
                return Err(AtRestFault::TooLong { got, limit: self.limit });
            }
        }
        self.frame.add(frame).map_err(|_| AtRestFault::Compression)
    }

    fn length(&self) -> Option<u64> {
        self.head.first_chunk().map(|length| u64::from_be_bytes(*length))
    }

    /// Ends the test after the last segment; gives the length of the content in bytes.
    pub fn finish(self) -> Result<u64, AtRestFault> {
        if self.next != self.content.segment_count {
            return Err(FloeFault::SegmentSize {
                index: self.next,
                got: 0,
            }
            .into());
        }
        let length = self.length().ok_or(AtRestFault::Compression)?;
        if self.frame.ended && self.frame.bytes == length {
            Ok(length)
        } else {
            Err(AtRestFault::Compression)
        }
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use rand_core::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::seal::atrest::{open_at_rest, seal_at_rest};

    const LIMIT: u64 = 1 << 24;

    fn test(bytes: &[u8], limit: u64) -> Result<u64, AtRestFault> {
        let front = bytes.get(..AT_REST_FRONT_LEN).unwrap_or(bytes);
        let mut test = AtRestTest::new(&SiteKey::new([1; 32]), "archive/a", front, bytes.len() as u64, limit)?;
        for piece in bytes[front.len()..].chunks(AT_REST_SEGMENT_LEN) {
            test.segment(piece)?;
        }
        test.finish()
    }

    fn seal(plain: &[u8]) -> Vec<u8> {
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        seal_at_rest(&SiteKey::new([1; 32]), "archive/a", plain, &mut rng).unwrap()
    }

    /// The same verdict as the function that opens the whole file, which has tests of its own.
    #[test]
    fn says_what_opening_the_whole_file_says() {
        let mut noise = vec![0; (2 << 20) + 70];
        ChaCha20Rng::from_seed([3; 32]).fill_bytes(&mut noise);
        let sevens = vec![7; 100_000];
        for plain in [&b""[..], b"x", &sevens, &noise] {
            let sealed = seal(plain);
            assert_eq!(test(&sealed, LIMIT), Ok(plain.len() as u64));
            for at in [
                0,
                9,
                12,
                70,
                80,
                100,
                146,
                147,
                151,
                165,
                sealed.len() / 2,
                sealed.len() - 1,
            ] {
                let mut bad = sealed.clone();
                let at = at.min(bad.len() - 1);
                bad[at] ^= 1;
                let whole = open_at_rest(&SiteKey::new([1; 32]), "archive/a", &bad, LIMIT);
                assert_eq!(test(&bad, LIMIT), Err(whole.unwrap_err()), "{at}");
            }
            let mut other = sealed.clone();
            other[8] = 2;
            assert_eq!(test(&other, LIMIT), Err(AtRestFault::NotAtRest), "one byte is changed");
            other[100] ^= 1;
            assert_eq!(test(&other, LIMIT), Err(AtRestFault::UnsupportedVersion { got: 2 }));
            for len in [0, 9, 80, 147, sealed.len() - 1] {
                assert!(test(&sealed[..len], LIMIT).is_err(), "{len}");
            }
            assert!(test(&[&sealed[..], b"x"].concat(), LIMIT).is_err());
        }
        let zeros = seal(&[0; 1001]);
        let long = Err(AtRestFault::TooLong { got: 1001, limit: 1000 });
        assert_eq!(test(&zeros, 1000), long);
        assert_eq!(test(&zeros, 1001), Ok(1001));
    }
}
