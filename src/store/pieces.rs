//! Files that are read piece by piece, and their hashes, in memory that does not grow with them.

use std::io;
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::ports::{Disk, ReadAt};
use crate::seal::merkle::Hash;
use crate::seal::package::{MAX_FRONT_LEN, PackageHash};

/// Bytes that are read at once where nothing else decides it.
pub const PIECE_BYTES: usize = 1 << 20;

/// Reads a file from `offset` on, in pieces of `len` bytes (the last one may be shorter), until `each` fails.
pub fn pieces(
    disk: &dyn Disk,
    path: &Path,
    offset: u64,
    len: usize,
    each: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    pieces_of(&*disk.open(path)?, offset, len, each)
}

/// The same of an open file.
pub fn pieces_of(
    file: &dyn ReadAt,
    offset: u64,
    len: usize,
    each: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let total = file.facts()?.len_bytes;
    let mut buffer = vec![0; len];
    let mut at = offset;
    while at < total {
        let left = usize::try_from(total - at).map_or(len, |left| left.min(len));
        let piece = buffer.get_mut(..left).unwrap_or_default();
        file.read_exact_at(piece, at)?;
        each(piece)?;
        at += left as u64;
    }
    Ok(())
}

/// SHA-256 of a file.
pub fn sha256_of(disk: &dyn Disk, path: &Path) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    pieces(disk, path, 0, PIECE_BYTES, &mut |piece| {
        hash.update(piece);
        Ok(())
    })?;
    Ok(hash.finalize().into())
}

/// Hash of a package; `None` where its framing is damaged.
pub fn package_hash_of(disk: &dyn Disk, path: &Path) -> io::Result<Option<Hash>> {
    let file = disk.open(path)?;
    let total = file.facts()?.len_bytes;
    let mut front = vec![0; usize::try_from(total).map_or(MAX_FRONT_LEN, |total| total.min(MAX_FRONT_LEN))];
    file.read_exact_at(&mut front, 0)?;
    let Ok(mut hash) = PackageHash::new(&front, total) else {
        return Ok(None);
    };
    let segment_len = hash.segment_len() as usize;
    let together = segment_len.saturating_mul((PIECE_BYTES / segment_len.max(1)).max(1));
    pieces_of(&*file, hash.payload_offset(), together, &mut |segments| {
        for segment in segments.chunks(segment_len.max(1)) {
            hash.segment(segment);
        }
        Ok(())
    })?;
    Ok(Some(hash.finish()))
}

/// Reads an open file from its first byte to the last that it had when it was opened.
pub struct InOrder<'f> {
    file: &'f dyn ReadAt,
    at: u64,
    len_bytes: u64,
}

impl<'f> InOrder<'f> {
    /// Stands before the first byte.
    pub fn new(file: &'f dyn ReadAt) -> io::Result<Self> {
        Ok(Self {
            file,
            at: 0,
            len_bytes: file.facts()?.len_bytes,
        })
    }
}

impl io::Read for InOrder<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.len_bytes.saturating_sub(self.at);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let piece = buf.get_mut(..len).unwrap_or_default();
        // The disk has tried again itself; readers of the standard library would do so for ever.
        let told = |why: io::Error| {
            if why.kind() == io::ErrorKind::Interrupted {
                io::Error::other(why)
            } else {
                why
            }
        };
        self.file.read_exact_at(piece, self.at).map_err(told)?;
        self.at = self.at.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        Ok(len)
    }
}
