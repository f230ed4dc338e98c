//! Making a file at rest piece by piece (`docs/formats/at-rest.md`): the content comes in as it is made, sealed bytes go out,
//! and in memory is one segment of each.

use std::fmt;
use std::io;

use rand_core::CryptoRng;
use zeroize::Zeroizing;
use zstd::stream::raw::{Encoder, InBuffer, Operation as _, OutBuffer};
use zstd::zstd_safe::compress_bound;

use super::{AtRestFault, LENGTH_LEN, MAGIC, PARAMS, PREFIX_LEN, VERSION, WRAPPED_LEN, ZSTD_LEVEL, aad};
use crate::seal::floe::{FloeKey, HEADER_LEN, SEGMENT_OVERHEAD, Sealer};
use crate::seal::secret::SiteKey;
use crate::seal::wrap::{NONCE_LEN, Purpose, wrap_key};

/// Why a file at rest could not be made or read piece by piece.
#[derive(Debug, thiserror::Error)]
pub enum AtRestStreamFault {
    /// It cannot be made, or it does not open.
    #[error(transparent)]
    Seal(#[from] AtRestFault),
    /// Another length than was announced when the file was begun.
    #[error("content of {got} bytes, announced were {want}")]
    OtherLength {
        /// Bytes that came, at least.
        got: u64,
        /// Bytes announced.
        want: u64,
    },
    /// What was sealed could not be handed out, or the file cannot be read.
    #[error(transparent)]
    Disk(#[from] io::Error),
}

/// Where sealed bytes go, in their order.
pub type Sink<'s> = &'s mut dyn FnMut(&[u8]) -> io::Result<()>;

/// A file at rest that is being made. After an error nothing more may be done with it.
pub struct AtRestWriter {
    sealer: Sealer,
    encoder: Encoder<'static>,
    /// Plaintext of the next segment: room for all of it, `filled` bytes of it used.
    plain: Zeroizing<Vec<u8>>,
    filled: usize,
    /// What is handed out next: at the beginning what stands before the first segment.
    sealed: Vec<u8>,
    next: u64,
    announced: u64,
    taken: u64,
}

impl AtRestWriter {
    /// Begins a file for a content of `plain_len` bytes. `context` as for [`super::seal_at_rest`], and drawn is what is
    /// drawn there.
    ///
    /// # Errors
    /// `Key`, `Compression`.
    pub fn new(site: &SiteKey, context: &str, plain_len: u64, rng: &mut impl CryptoRng) -> Result<Self, AtRestFault> {
        let mut key = Zeroizing::new([0; 32]);
        let (mut nonce, mut iv) = ([0; NONCE_LEN], [0; 32]);
        rng.fill_bytes(key.as_mut_slice());
        rng.fill_bytes(&mut nonce);
        rng.fill_bytes(&mut iv);
        let wrapped = wrap_key(site, Purpose::AtRest, context, &key, nonce)?;
        let sealer = Sealer::new(&FloeKey::new(*key), PARAMS, &aad(context), iv);

        let mut sealed = Vec::with_capacity(PREFIX_LEN + WRAPPED_LEN + HEADER_LEN);
        sealed.extend_from_slice(MAGIC);
        sealed.push(VERSION);
        sealed.extend_from_slice(&wrapped);
        sealed.extend_from_slice(sealer.header());

        let mut encoder = Encoder::new(ZSTD_LEVEL).map_err(|_| AtRestFault::Compression)?;
        encoder
            .set_pledged_src_size(Some(plain_len))
            .map_err(|_| AtRestFault::Compression)?;
        // Many files are small, and many may be made at once.
        let most = usize::try_from(plain_len).map_or(usize::MAX, compress_bound);
        let room = most
            .saturating_add(LENGTH_LEN)
            .min(PARAMS.plaintext_segment_len() as usize);
        let mut plain = Zeroizing::new(vec![0; room]);
        for (to, from) in plain.iter_mut().zip(plain_len.to_be_bytes()) {
            *to = from;
        }
        Ok(Self {
            sealer,
            encoder,
            plain,
            filled: LENGTH_LEN,
            sealed,
            next: 0,
            announced: plain_len,
            taken: 0,
        })
    }

    /// Takes more of the content, in pieces of any length.
    ///
    /// # Errors
    /// `OtherLength` where it is more than was announced; `Compression`; those of `sink`.
    pub fn add(&mut self, content: &[u8], sink: Sink<'_>) -> Result<(), AtRestStreamFault> {
        let got = self.taken.saturating_add(content.len() as u64);
        if got > self.announced {
            let want = self.announced;
            return Err(AtRestStreamFault::OtherLength { got, want });
        }
        self.taken = got;
        let mut input = InBuffer::around(content);
        while input.pos() < content.len() {
            self.make_room(sink)?;
            let room = self.plain.get_mut(self.filled..).unwrap_or_default();
            let mut output = OutBuffer::around(room);
            self.encoder
                .run(&mut input, &mut output)
                .map_err(|_| AtRestFault::Compression)?;
            self.filled = self.filled.saturating_add(output.pos());
        }
        Ok(())
    }

    /// Ends the file.
    ///
    /// # Errors
    /// `OtherLength` where less came than was announced; those of [`AtRestWriter::add`].
    pub fn finish(mut self, sink: Sink<'_>) -> Result<(), AtRestStreamFault> {
        let (got, want) = (self.taken, self.announced);
        if got != want {
            return Err(AtRestStreamFault::OtherLength { got, want });
        }
        loop {
            self.make_room(sink)?;
            let room = self.plain.get_mut(self.filled..).unwrap_or_default();
            let mut output = OutBuffer::around(room);
            let left = self
                .encoder
                .finish(&mut output, true)
                .map_err(|_| AtRestFault::Compression)?;
            self.filled = self.filled.saturating_add(output.pos());
            if left == 0 {
                break;
            }
        }
        self.seal(true)?;
        Ok(sink(&self.sealed)?)
    }

    /// A full segment goes out once it is sure that another one follows.
    fn make_room(&mut self, sink: Sink<'_>) -> Result<(), AtRestStreamFault> {
        if self.filled == self.plain.len() {
            self.seal(false)?;
            sink(&self.sealed)?;
            self.sealed.clear();
        }
        Ok(())
    }

    fn seal(&mut self, is_last: bool) -> Result<(), AtRestFault> {
        let plain = self.plain.get(..self.filled).unwrap_or_default();
        let start = self.sealed.len();
        let overhead = SEGMENT_OVERHEAD as usize;
        self.sealed
            .resize(start.saturating_add(plain.len()).saturating_add(overhead), 0);
        let place = self.sealed.get_mut(start..).unwrap_or_default();
        self.sealer.seal_segment_into(self.next, plain, is_last, place)?;
        self.next = self.next.saturating_add(1);
        self.filled = 0;
        Ok(())
    }
}

impl fmt::Debug for AtRestWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtRestWriter")
            .field("announced", &self.announced)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use rand_core::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::seal::atrest::{AT_REST_SEGMENT_LEN, open_at_rest, seal_at_rest};

    const LIMIT: u64 = 1 << 24;

    fn begin(len: usize) -> AtRestWriter {
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        AtRestWriter::new(&SiteKey::new([1; 32]), "answers/a", len as u64, &mut rng).unwrap()
    }

    fn written(content: &[u8], piece: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let mut most = 0;
        let mut sink = |sealed: &[u8]| {
            most = most.max(sealed.len());
            out.extend_from_slice(sealed);
            Ok(())
        };
        let mut writer = begin(content.len());
        for piece in content.chunks(piece) {
            writer.add(piece, &mut sink).unwrap();
        }
        writer.finish(&mut sink).unwrap();
        assert!(most <= AT_REST_SEGMENT_LEN + 147);
        out
    }

    fn noise(len: usize) -> Vec<u8> {
        let mut noise = vec![0; len];
        ChaCha20Rng::from_seed([3; 32]).fill_bytes(&mut noise);
        noise
    }

    #[test]
    fn what_is_written_in_pieces_opens_as_a_whole() {
        let site = SiteKey::new([1; 32]);
        let sevens = vec![7; 300_000];
        let segment = AT_REST_SEGMENT_LEN;
        for content in [
            &b""[..],
            b"x",
            &sevens,
            &noise(segment - 60),
            &noise(segment),
            &noise(2 * segment + 70),
        ] {
            for piece in [999, 1 << 17, usize::MAX] {
                let sealed = written(content, piece);
                assert_eq!(open_at_rest(&site, "answers/a", &sealed, LIMIT).unwrap(), content);
                assert!(open_at_rest(&site, "answers/b", &sealed, LIMIT).is_err());
            }
            let mut rng = ChaCha20Rng::from_seed([2; 32]);
            let whole = seal_at_rest(&site, "answers/a", content, &mut rng).unwrap();
            assert!(whole == written(content, usize::MAX), "the same bytes in one piece");
        }
    }

    /// A segment that is full to the byte at the end is the last one; none that is empty follows.
    #[test]
    fn a_content_that_fills_its_last_segment_opens() {
        let full = PARAMS.plaintext_segment_len() as usize;
        let mut seen = false;
        // Noise is stored as it is: three bytes for each block of 128 KiB, and the head of the frame.
        for len in full - 60..full {
            let content = noise(len);
            let sealed = written(&content, usize::MAX);
            seen |= sealed.len() == 147 + AT_REST_SEGMENT_LEN;
            let opened = open_at_rest(&SiteKey::new([1; 32]), "answers/a", &sealed, LIMIT);
            assert!(opened.unwrap() == content, "{len}");
        }
        assert!(seen);
    }

    #[test]
    fn more_or_less_than_was_announced_is_refused() {
        let mut nowhere = |_: &[u8]| Ok(());
        for (announced, came) in [(0, 1), (5, 4), (5, 6), (1, 0), (300_000, 300_001), (300_000, 299_999)] {
            let mut writer = begin(announced);
            let fault = match writer.add(&vec![7; came], &mut nowhere) {
                Ok(()) => writer.finish(&mut nowhere).unwrap_err(),
                Err(fault) => fault,
            };
            let AtRestStreamFault::OtherLength { got, want } = fault else {
                panic!("{fault}");
            };
            assert_eq!((got, want), (came as u64, announced as u64));
        }
    }

    #[test]
    fn a_disk_that_fails_ends_it() {
        let content = noise(3 << 20);
        let mut full = |_: &[u8]| Err(io::ErrorKind::StorageFull.into());
        let fault = begin(content.len()).add(&content, &mut full).unwrap_err();
        assert!(matches!(fault, AtRestStreamFault::Disk(why) if why.kind() == io::ErrorKind::StorageFull));
        assert!(begin(0).finish(&mut full).is_err());
    }
}
