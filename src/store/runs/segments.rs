//! The segments of a run's file: read from the disk a few at a time, decrypted one by one.

use std::io;

use sha2::{Digest, Sha256};

use super::RUN_SEGMENTS;
use crate::format::manifest::Hash32;
use crate::ports::ReadAt;
use crate::seal::floe::{Content, FloeFault, HEADER_LEN, Opener};

/// Most segments that are read ahead where a reader goes through the file in order.
const MOST_AHEAD: u64 = 32;
/// Bytes read at once where all of a file is.
const PIECE_BYTES: usize = 256 << 10;

/// Why a segment does not open.
pub(super) enum SealedFault {
    Disk(io::Error),
    Seal(FloeFault),
}

/// An encrypted file whose header was tested.
pub(super) struct SealedFile {
    pub(super) file: Box<dyn ReadAt>,
    pub(super) opener: Opener,
    pub(super) content: Content,
    pub(super) len_bytes: u64,
}

/// Segments as they lie in the file, and the one that was decrypted last: neighbouring blocks share segments.
#[derive(Default)]
pub(super) struct Segment {
    index: Option<u64>,
    plain: Vec<u8>,
    sealed: Vec<u8>,
    /// The segments in `sealed`.
    first: u64,
    behind: u64,
    ahead: u64,
}

impl SealedFile {
    /// A range of the plaintext.
    pub(super) fn plain(&self, segment: &mut Segment, offset: u64, len: u64) -> Result<Vec<u8>, SealedFault> {
        let full = u64::from(RUN_SEGMENTS.plaintext_segment_len());
        let past_end = || SealedFault::Seal(FloeFault::TotalLength { got: self.len_bytes });
        // Bounds the allocation: lengths come from pages, which are tested against this one.
        let end = offset.checked_add(len).filter(|end| *end <= self.content.plaintext_len);
        let end = end.ok_or_else(past_end)?;
        let mut out = Vec::with_capacity(usize::try_from(len).map_err(|_| past_end())?);
        let mut at = offset;
        while at < end {
            self.load(segment, at / full, end.div_ceil(full))?;
            let start = usize::try_from(at % full).unwrap_or(usize::MAX);
            let stop = usize::try_from((end - at / full * full).min(full)).unwrap_or(usize::MAX);
            let piece = segment.plain.get(start..stop).filter(|piece| !piece.is_empty());
            let piece = piece.ok_or_else(past_end)?;
            out.extend_from_slice(piece);
            at += piece.len() as u64;
        }
        Ok(out)
    }

    /// Decrypts a segment. Those up to `wanted` are read with it, and more where reading goes on where it ended before.
    fn load(&self, segment: &mut Segment, index: u64, wanted: u64) -> Result<(), SealedFault> {
        if segment.index == Some(index) {
            return Ok(());
        }
        segment.index = None;
        if index < segment.first || index >= segment.behind {
            let is_next = index == segment.behind && index > 0;
            segment.ahead = if is_next {
                (2 * segment.ahead + 1).min(MOST_AHEAD)
            } else {
                0
            };
            self.fetch(segment, index, wanted.max(index + 1).saturating_add(segment.ahead))?;
        }
        let full = u64::from(RUN_SEGMENTS.encrypted_segment_len());
        let start = (index - segment.first).saturating_mul(full);
        let end = start.saturating_add(full).min(segment.sealed.len() as u64);
        let range = usize::try_from(start).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
        let sealed = segment.sealed.get(range).unwrap_or_default();
        segment.plain.clear();
        let is_last = index + 1 == self.content.segment_count;
        self.opener
            .open_segment(index, sealed, is_last, &mut segment.plain)
            .map_err(SealedFault::Seal)?;
        segment.index = Some(index);
        Ok(())
    }

    fn fetch(&self, segment: &mut Segment, first: u64, behind: u64) -> Result<(), SealedFault> {
        let full = u64::from(RUN_SEGMENTS.encrypted_segment_len());
        let behind = behind.min(self.content.segment_count).max(first);
        let start = (HEADER_LEN as u64).saturating_add(first.saturating_mul(full));
        let len = (behind - first)
            .saturating_mul(full)
            .min(self.len_bytes.saturating_sub(start));
        (segment.first, segment.behind) = (0, 0);
        segment.sealed.resize(usize::try_from(len).unwrap_or_default(), 0);
        self.file
            .read_exact_at(&mut segment.sealed, start)
            .map_err(SealedFault::Disk)?;
        (segment.first, segment.behind) = (first, behind);
        Ok(())
    }

    /// Opens every segment.
    pub(super) fn test_all(&self) -> Result<(), SealedFault> {
        let mut segment = Segment::default();
        for index in 0..self.content.segment_count {
            self.load(&mut segment, index, index + 1)?;
        }
        Ok(())
    }

    /// SHA-256 of the whole file.
    pub(super) fn file_hash(&self) -> io::Result<Hash32> {
        let mut hash = Sha256::new();
        let mut buffer = vec![0; PIECE_BYTES];
        let mut at = 0;
        while at < self.len_bytes {
            let len = usize::try_from(self.len_bytes - at).map_or(buffer.len(), |left| left.min(buffer.len()));
            let piece = buffer.get_mut(..len).unwrap_or_default();
            self.file.read_exact_at(piece, at)?;
            hash.update(&*piece);
            at += len as u64;
        }
        Ok(Hash32(hash.finalize().into()))
    }
}
