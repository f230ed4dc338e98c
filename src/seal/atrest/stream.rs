//! Reading a file at rest from its beginning to its end (`docs/formats/at-rest.md`): one segment and the window of the
//! compression are in memory, whatever the length.

use std::fmt;
use std::io;

use zeroize::Zeroizing;
use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation as _, OutBuffer};

use super::reading::{AT_REST_FRONT_LEN, AT_REST_SEGMENT_LEN};
use super::writing::AtRestStreamFault;
use super::{AtRestFault, LENGTH_LEN, PARAMS, PREFIX_LEN, WINDOW_LOG_MAX, WRAPPED_LEN, aad, split};
use crate::seal::floe::{Content, FloeKey, Opener, SEGMENT_OVERHEAD};
use crate::seal::secret::SiteKey;
use crate::seal::wrap::{Purpose, unwrap_key};

/// Reads exactly so many bytes of the file as the slice has, from the offset given.
pub type ReadAtOffset<'r> = Box<dyn FnMut(&mut [u8], u64) -> io::Result<()> + Send + 'r>;

/// A file at rest that is being read. Every byte that it gives is authentic and in its place; that the content is whole is
/// known when [`AtRestReader::read_chunk`] gives 0.
pub struct AtRestReader<'r> {
    read: ReadAtOffset<'r>,
    total_len: u64,
    opener: Opener,
    content: Content,
    next: u64,
    /// Where the next segment begins.
    offset: u64,
    sealed: Vec<u8>,
    plain: Zeroizing<Vec<u8>>,
    /// How much of `plain` is used up.
    used: usize,
    decoder: Decoder<'static>,
    length: u64,
    given: u64,
    frame_ended: bool,
}

impl<'r> AtRestReader<'r> {
    /// Begins with a file of `total_len` bytes; site key, context and limit are those of [`super::open_at_rest`]. Reads the
    /// first segment, in which the length of the content stands.
    ///
    /// # Errors
    /// Those of `read`, and of [`super::open_at_rest`].
    pub fn new(
        site: &SiteKey,
        context: &str,
        total_len: u64,
        limit_bytes: u64,
        read: ReadAtOffset<'r>,
    ) -> Result<Self, AtRestStreamFault> {
        let mut read = read;
        let front_len = usize::try_from(total_len).map_or(AT_REST_FRONT_LEN, |len| len.min(AT_REST_FRONT_LEN));
        let mut front = vec![0; front_len];
        read(&mut front, 0)?;
        let (wrapped, header) = split(&front)?;
        let key = unwrap_key(site, Purpose::AtRest, context, wrapped).map_err(AtRestFault::Key)?;
        let content = PARAMS
            .content_of(total_len.saturating_sub((PREFIX_LEN + WRAPPED_LEN) as u64))
            .map_err(AtRestFault::Content)?;
        let opener = Opener::new(&FloeKey::new(*key), PARAMS, &aad(context), header).map_err(AtRestFault::Content)?;
        let mut decoder = Decoder::new().map_err(|_| AtRestFault::Compression)?;
        decoder
            .set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))
            .map_err(|_| AtRestFault::Compression)?;
        let mut reader = Self {
            read,
            total_len,
            opener,
            content,
            next: 0,
            offset: AT_REST_FRONT_LEN as u64,
            sealed: Vec::new(),
            plain: Zeroizing::new(Vec::new()),
            used: LENGTH_LEN,
            decoder,
            length: 0,
            given: 0,
            frame_ended: false,
        };
        reader.next_segment()?;
        let length = reader.plain.first_chunk().ok_or(AtRestFault::Compression)?;
        reader.length = u64::from_be_bytes(*length);
        reader.used = LENGTH_LEN;
        if reader.length > limit_bytes {
            let (got, limit) = (reader.length, limit_bytes);
            return Err(AtRestFault::TooLong { got, limit }.into());
        }
        Ok(reader)
    }

    /// Length of the content in bytes.
    pub fn len_bytes(&self) -> u64 {
        self.length
    }

    /// Puts the next bytes of the content into `out`, which is not empty, and says how many; 0 where all were given, and they
    /// are as many as they have to be.
    ///
    /// # Errors
    /// As [`AtRestReader::new`]; after one nothing more can be read.
    pub fn read_chunk(&mut self, out: &mut [u8]) -> Result<usize, AtRestStreamFault> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.frame_ended {
                let mut input = InBuffer::around(self.plain.get(self.used..).unwrap_or_default());
                let mut output = OutBuffer::around(&mut *out);
                let hint = self
                    .decoder
                    .run(&mut input, &mut output)
                    .map_err(|_| AtRestFault::Compression)?;
                let got = output.pos();
                self.frame_ended = hint == 0;
                self.used = self.used.saturating_add(input.pos());
                self.given = self.given.saturating_add(got as u64);
                if self.given > self.length {
                    return Err(AtRestFault::Compression.into());
                }
                if got > 0 {
                    return Ok(got);
                }
            }
            let is_used_up = self.used >= self.plain.len();
            if is_used_up && self.next < self.content.segment_count {
                self.next_segment()?;
            } else if !is_used_up && !self.frame_ended {
                // The rest of what is there is taken the next time.
            } else if is_used_up && self.frame_ended && self.given == self.length {
                return Ok(0);
            } else {
                return Err(AtRestFault::Compression.into());
            }
        }
    }

    fn next_segment(&mut self) -> Result<(), AtRestStreamFault> {
        let left = usize::try_from(self.total_len.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let len = left.min(AT_REST_SEGMENT_LEN);
        self.sealed.resize(len, 0);
        (self.read)(&mut self.sealed, self.offset)?;
        self.plain.resize(len.saturating_sub(SEGMENT_OVERHEAD as usize), 0);
        let is_last = self.next + 1 == self.content.segment_count;
        self.opener
            .open_segment_into(self.next, &self.sealed, is_last, &mut self.plain)
            .map_err(AtRestFault::Content)?;
        self.used = 0;
        self.next = self.next.saturating_add(1);
        self.offset = self.offset.saturating_add(len as u64);
        Ok(())
    }
}

impl fmt::Debug for AtRestReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtRestReader")
            .field("length", &self.length)
            .field("given", &self.given)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use rand_core::{Rng as _, SeedableRng as _};

    use super::*;
    use crate::seal::atrest::tests::sealed_content;
    use crate::seal::atrest::{open_at_rest, seal_at_rest};

    const LIMIT: u64 = 1 << 24;

    fn site() -> SiteKey {
        SiteKey::new([1; 32])
    }

    fn read(bytes: &[u8], limit: u64, chunk: usize) -> Result<Vec<u8>, AtRestFault> {
        let from = |place: &mut [u8], offset: u64| {
            let start = usize::try_from(offset).unwrap();
            place.copy_from_slice(&bytes[start..start + place.len()]);
            Ok(())
        };
        let seal = |fault| match fault {
            AtRestStreamFault::Seal(fault) => fault,
            other => panic!("{other}"),
        };
        let mut reader =
            AtRestReader::new(&site(), "archive/a", bytes.len() as u64, limit, Box::new(from)).map_err(seal)?;
        let mut out = Vec::new();
        let mut piece = vec![0; chunk];
        loop {
            match reader.read_chunk(&mut piece).map_err(seal)? {
                0 => break,
                got => out.extend_from_slice(&piece[..got]),
            }
        }
        assert_eq!(out.len() as u64, reader.len_bytes());
        assert_eq!(reader.read_chunk(&mut piece).map_err(seal)?, 0, "it stays at its end");
        Ok(out)
    }

    fn seal(plain: &[u8]) -> Vec<u8> {
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        seal_at_rest(&site(), "archive/a", plain, &mut rng).unwrap()
    }

    /// The same verdict as the function that opens the whole file, which has tests of its own.
    #[test]
    fn gives_and_says_what_opening_the_whole_file_does() {
        let mut noise = vec![0; (2 << 20) + 70];
        ChaCha20Rng::from_seed([3; 32]).fill_bytes(&mut noise);
        let sevens = vec![7; 3_000_000];
        for plain in [&b""[..], b"x", &sevens, &noise] {
            let sealed = seal(plain);
            for chunk in [1000, 1 << 20, 1 << 23] {
                assert!(read(&sealed, LIMIT, chunk).unwrap() == plain);
            }
            for at in [
                0,
                8,
                9,
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
                bad[at] ^= 1;
                let whole = open_at_rest(&site(), "archive/a", &bad, LIMIT);
                assert_eq!(read(&bad, LIMIT, 1 << 16), Err(whole.unwrap_err()), "{at}");
            }
            for len in [0, 8, 9, 80, 147, 160, sealed.len() - 1] {
                assert!(read(&sealed[..len], LIMIT, 1 << 16).is_err(), "{len}");
            }
            assert!(read(&[&sealed[..], b"x"].concat(), LIMIT, 1 << 16).is_err());
        }
        let cut = seal(&noise);
        let at = 147 + (1 << 20);
        assert!(read(&cut[..at], LIMIT, 1 << 16).is_err(), "cut between segments");
        let zeros = seal(&[0; 1001]);
        assert_eq!(
            read(&zeros, 1000, 99),
            Err(AtRestFault::TooLong { got: 1001, limit: 1000 })
        );
        assert!(read(&zeros, 1001, 99).is_ok());
    }

    /// What only a holder of the site key could write.
    #[test]
    fn an_authentic_content_of_another_length_is_refused() {
        let frame = zstd::bulk::compress(b"four", 3).unwrap();
        let with = |length: u64, rest: &[u8]| sealed_content(&[&length.to_be_bytes()[..], rest].concat());
        assert_eq!(read(&with(4, &frame), LIMIT, 99).unwrap(), b"four");
        for bad in [
            with(3, &frame),
            with(5, &frame),
            with(4, &[&frame[..], b"x"].concat()),
            with(8, &[&frame[..], &frame[..]].concat()),
            with(4, &frame[..frame.len() - 1]),
            with(4, b"four"),
            with(0, b""),
            sealed_content(&[0; 7]),
        ] {
            assert_eq!(read(&bad, LIMIT, 99), Err(AtRestFault::Compression));
        }
    }

    #[test]
    fn a_disk_that_fails_ends_it() {
        let fail = |_: &mut [u8], _: u64| Err(io::ErrorKind::UnexpectedEof.into());
        let fault = AtRestReader::new(&site(), "archive/a", 200, LIMIT, Box::new(fail)).unwrap_err();
        assert!(matches!(fault, AtRestStreamFault::Disk(why) if why.kind() == io::ErrorKind::UnexpectedEof));
    }
}
