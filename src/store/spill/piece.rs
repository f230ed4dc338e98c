//! One sorted piece: blocks of items, compressed, cut into encrypted segments.
//!
//! A block is its raw length and its compressed length (4 bytes each, big-endian), then the compressed bytes; an item in it is
//! its key, the length of its bytes (4), its bytes.

use std::io;
use std::path::PathBuf;

use zstd::bulk::{Compressor, Decompressor};

use super::{Spill, SpillError};
use crate::ports::{Disk, ReadAt, WriteNew};
use crate::seal::floe::{FloeKey, FloeParams, HEADER_LEN, Opener, Sealer};

/// Raw bytes of a block, an item more at most. Every piece of a merge has one in memory.
const BLOCK_BYTES: usize = 64 << 10;
/// The pieces are read once and soon.
const ZSTD_LEVEL: i32 = 1;
const SEGMENTS: FloeParams = FloeParams::fixed::<65_536>();
const LENGTHS: usize = 8;

/// A piece, on disk or in memory.
pub(super) enum Piece<'d> {
    /// Encrypted in a file, which goes with it.
    File(PieceFile<'d>),
    /// Compressed blocks.
    Memory(Vec<u8>),
}

/// The file of a piece.
pub(super) struct PieceFile<'d> {
    spill: &'d Spill<'d>,
    disk: &'d dyn Disk,
    path: PathBuf,
    number: u32,
    segments: u64,
    len_bytes: u64,
}

impl Drop for PieceFile<'_> {
    fn drop(&mut self) {
        // What stays behind is unreadable, and goes with its staging folder.
        drop(self.disk.remove(&self.path));
    }
}

/// A piece that is being written, item by item in the order of their keys.
pub(super) struct PieceWriter<'d> {
    to: Target<'d>,
    zstd: Compressor<'static>,
    block: Vec<u8>,
}

impl<'d> PieceWriter<'d> {
    /// Begins a piece without items.
    pub(super) fn new(spill: &'d Spill<'d>) -> Result<Self, SpillError> {
        let to = match &spill.disk {
            None => Target::Memory(Vec::new()),
            Some((disk, folder)) => {
                let number = spill.next_number();
                let path = folder.join(format!("sort-{number:06}"));
                let file = PieceFile {
                    spill,
                    disk: *disk,
                    path,
                    number,
                    segments: 0,
                    len_bytes: 0,
                };
                Target::File(Box::new(FileTarget::new(file)?))
            }
        };
        Ok(Self {
            to,
            zstd: Compressor::new(ZSTD_LEVEL).map_err(|_| SpillError::Damaged)?,
            block: Vec::with_capacity(BLOCK_BYTES),
        })
    }

    /// Adds an item.
    pub(super) fn push<const K: usize>(&mut self, key: [u8; K], item: &[u8]) -> Result<(), SpillError> {
        self.block.extend_from_slice(&key);
        self.block.extend_from_slice(&length(item.len())?);
        self.block.extend_from_slice(item);
        if self.block.len() >= BLOCK_BYTES {
            self.to.block(&mut self.zstd, &self.block)?;
            self.block.clear();
        }
        Ok(())
    }

    /// Ends the piece.
    pub(super) fn finish(mut self) -> Result<Piece<'d>, SpillError> {
        if !self.block.is_empty() {
            self.to.block(&mut self.zstd, &self.block)?;
        }
        self.to.finish()
    }
}

impl Piece<'_> {
    /// Reads it from its first item.
    pub(super) fn read<const K: usize>(&self) -> Result<PieceReader<'_, K>, SpillError> {
        let source = match self {
            Self::Memory(bytes) => Source::Memory(bytes),
            Self::File(file) => Source::File(Box::new(FileSource::open(file)?)),
        };
        Ok(PieceReader {
            source,
            zstd: Decompressor::new().map_err(|_| SpillError::Damaged)?,
            stored: Vec::new(),
            block: Vec::new(),
            next: 0,
            item: (0, 0),
        })
    }
}

fn length(len: usize) -> Result<[u8; 4], SpillError> {
    u32::try_from(len)
        .map(u32::to_be_bytes)
        .map_err(|_| SpillError::TooLarge)
}

fn failed(act: &'static str) -> impl FnOnce(io::Error) -> SpillError {
    move |source| SpillError::Disk { act, source }
}

enum Target<'d> {
    Memory(Vec<u8>),
    File(Box<FileTarget<'d>>),
}

struct FileTarget<'d> {
    file: PieceFile<'d>,
    to: Box<dyn WriteNew>,
    sealer: Sealer,
    plain: Vec<u8>,
    sealed: Vec<u8>,
}

impl<'d> FileTarget<'d> {
    fn new(file: PieceFile<'d>) -> Result<Self, SpillError> {
        let mut to = file.disk.create(&file.path).map_err(failed("create"))?;
        // The number of the piece is its IV: no two of a key are the same.
        let mut iv = [0; 32];
        for (to, from) in iv.iter_mut().zip(file.number.to_be_bytes()) {
            *to = from;
        }
        let key = FloeKey::new(*file.spill.key()?);
        let sealer = Sealer::new(&key, SEGMENTS, &aad(file.number), iv);
        to.write_all(sealer.header()).map_err(failed("write"))?;
        Ok(Self {
            file,
            to,
            sealer,
            plain: Vec::new(),
            sealed: Vec::new(),
        })
    }

    fn write(&mut self, bytes: &[u8], is_end: bool) -> Result<(), SpillError> {
        self.plain.extend_from_slice(bytes);
        let full = usize::try_from(SEGMENTS.plaintext_segment_len()).unwrap_or(usize::MAX);
        let mut start = 0;
        while self.plain.len() - start > full || (is_end && start <= self.plain.len()) {
            let end = (start + full).min(self.plain.len());
            let is_last = is_end && end == self.plain.len();
            self.sealed.clear();
            self.sealer
                .seal_segment(
                    self.file.segments,
                    self.plain.get(start..end).unwrap_or_default(),
                    is_last,
                    &mut self.sealed,
                )
                .map_err(|_| SpillError::TooLarge)?;
            self.to.write_all(&self.sealed).map_err(failed("write"))?;
            self.file.segments += 1;
            self.file.len_bytes += u64::try_from(self.sealed.len()).unwrap_or(u64::MAX);
            start = end;
            if is_last {
                break;
            }
        }
        self.plain.drain(..start);
        Ok(())
    }
}

impl<'d> Target<'d> {
    fn block(&mut self, zstd: &mut Compressor<'_>, raw: &[u8]) -> Result<(), SpillError> {
        let stored = zstd.compress(raw).map_err(|_| SpillError::TooLarge)?;
        let lengths = [length(raw.len())?, length(stored.len())?].concat();
        match self {
            Self::Memory(bytes) => {
                bytes.extend_from_slice(&lengths);
                bytes.extend_from_slice(&stored);
                Ok(())
            }
            Self::File(file) => {
                file.write(&lengths, false)?;
                file.write(&stored, false)
            }
        }
    }

    fn finish(self) -> Result<Piece<'d>, SpillError> {
        Ok(match self {
            Self::Memory(mut bytes) => {
                bytes.shrink_to_fit();
                Piece::Memory(bytes)
            }
            Self::File(mut target) => {
                target.write(&[], true)?;
                Piece::File(target.file)
            }
        })
    }
}

fn aad(number: u32) -> Vec<u8> {
    format!("sekisho sort 1\n{number}\n").into_bytes()
}

enum Source<'p> {
    Memory(&'p [u8]),
    File(Box<FileSource>),
}

struct FileSource {
    file: Box<dyn ReadAt>,
    opener: Opener,
    segments: u64,
    left_bytes: u64,
    next: u64,
    sealed: Vec<u8>,
    plain: Vec<u8>,
    taken: usize,
}

impl FileSource {
    fn open(piece: &PieceFile<'_>) -> Result<Self, SpillError> {
        let file = piece.disk.open(&piece.path).map_err(failed("open"))?;
        let mut header = [0; HEADER_LEN];
        file.read_exact_at(&mut header, 0).map_err(failed("read"))?;
        let key = FloeKey::new(*piece.spill.key()?);
        let opener = Opener::new(&key, SEGMENTS, &aad(piece.number), &header).map_err(|_| SpillError::Damaged)?;
        Ok(Self {
            file,
            opener,
            segments: piece.segments,
            left_bytes: piece.len_bytes,
            next: 0,
            sealed: Vec::new(),
            plain: Vec::new(),
            taken: 0,
        })
    }

    /// Appends `count` bytes to `to`; false where nothing is left at all.
    fn take(&mut self, count: usize, to: &mut Vec<u8>) -> Result<bool, SpillError> {
        while self.plain.len() - self.taken < count {
            if self.next == self.segments {
                let is_end = self.plain.len() == self.taken;
                return if is_end { Ok(false) } else { Err(SpillError::Damaged) };
            }
            self.plain.drain(..self.taken);
            self.taken = 0;
            let full = u64::from(SEGMENTS.encrypted_segment_len());
            let len = self.left_bytes.min(full);
            self.sealed
                .resize(usize::try_from(len).map_err(|_| SpillError::Damaged)?, 0);
            let offset = self.next * full + u64::try_from(HEADER_LEN).unwrap_or_default();
            self.file
                .read_exact_at(&mut self.sealed, offset)
                .map_err(failed("read"))?;
            let is_last = self.next + 1 == self.segments;
            self.opener
                .open_segment(self.next, &self.sealed, is_last, &mut self.plain)
                .map_err(|_| SpillError::Damaged)?;
            self.next += 1;
            self.left_bytes -= len;
        }
        let bytes = self.plain.get(self.taken..self.taken + count).unwrap_or_default();
        to.extend_from_slice(bytes);
        self.taken += count;
        Ok(true)
    }
}

impl Source<'_> {
    fn take(&mut self, count: usize, to: &mut Vec<u8>) -> Result<bool, SpillError> {
        match self {
            Self::Memory(bytes) => {
                if bytes.is_empty() {
                    return Ok(false);
                }
                let (head, rest) = bytes.split_at_checked(count).ok_or(SpillError::Damaged)?;
                to.extend_from_slice(head);
                *bytes = rest;
                Ok(true)
            }
            Self::File(file) => file.take(count, to),
        }
    }
}

/// A walk over the items of a piece.
pub(super) struct PieceReader<'p, const K: usize> {
    source: Source<'p>,
    zstd: Decompressor<'static>,
    stored: Vec<u8>,
    block: Vec<u8>,
    next: usize,
    /// Start and end of the item in the block.
    item: (usize, usize),
}

impl<const K: usize> PieceReader<'_, K> {
    /// Goes to the next item and gives its key.
    pub(super) fn advance(&mut self) -> Result<Option<[u8; K]>, SpillError> {
        if self.next == self.block.len() && !self.next_block()? {
            return Ok(None);
        }
        let rest = self.block.get(self.next..).unwrap_or_default();
        let (key, rest) = rest.split_first_chunk::<K>().ok_or(SpillError::Damaged)?;
        let (len, rest) = rest.split_first_chunk::<4>().ok_or(SpillError::Damaged)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| SpillError::Damaged)?;
        if len > rest.len() {
            return Err(SpillError::Damaged);
        }
        let start = self.next + K + 4;
        self.item = (start, start + len);
        self.next = start + len;
        Ok(Some(*key))
    }

    /// The item.
    pub(super) fn item(&self) -> &[u8] {
        self.block.get(self.item.0..self.item.1).unwrap_or_default()
    }

    fn next_block(&mut self) -> Result<bool, SpillError> {
        self.stored.clear();
        if !self.source.take(LENGTHS, &mut self.stored)? {
            return Ok(false);
        }
        let ([raw, stored], []) = self.stored.as_chunks::<4>() else {
            return Err(SpillError::Damaged);
        };
        let [raw, stored] = [*raw, *stored].map(|len| usize::try_from(u32::from_be_bytes(len)).unwrap_or(usize::MAX));
        self.stored.clear();
        if !self.source.take(stored, &mut self.stored)? {
            return Err(SpillError::Damaged);
        }
        self.block.resize(raw, 0);
        let got = self
            .zstd
            .decompress_to_buffer(&self.stored, self.block.as_mut_slice())
            .map_err(|_| SpillError::Damaged)?;
        self.next = 0;
        if got == raw { Ok(true) } else { Err(SpillError::Damaged) }
    }
}
