//! Sorting more than fits into memory: items with short keys, kept in a buffer, and put away as sorted pieces where the
//! buffer is full.
//!
//! A piece is compressed and encrypted under a key that exists only in this process, so that what a crash leaves is
//! unreadable. Nothing is made durable: the pieces lie in the staging folder of a commit, which is discarded unless the commit
//! is decided, and they are removed before that. Where there is no folder (`plan` writes nothing) the pieces stay in
//! memory, compressed.

mod piece;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use zeroize::Zeroizing;

use crate::ports::{Disk, Entropy};
use piece::{Piece, PieceReader, PieceWriter};

/// Why items could not be put away or taken back.
#[derive(Debug, thiserror::Error)]
pub enum SpillError {
    /// The disk failed.
    #[error("cannot {act} a piece of the sorting")]
    Disk {
        /// What was tried.
        act: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A piece is not what was written.
    #[error("a piece of the sorting is damaged")]
    Damaged,
    /// More than 4 GiB in one buffer.
    #[error("an item of the sorting is too large")]
    TooLarge,
}

/// So many pieces, merged equally often, are merged into one.
const PIECES_ALIKE: usize = 48;

/// Where pieces go.
pub struct Spill<'d> {
    disk: Option<(&'d dyn Disk, PathBuf)>,
    entropy: &'d dyn Entropy,
    key: OnceLock<Zeroizing<[u8; 32]>>,
    count: AtomicU32,
}

impl<'d> Spill<'d> {
    /// Pieces go into files of `folder`.
    pub fn to_folder(disk: &'d dyn Disk, folder: PathBuf, entropy: &'d dyn Entropy) -> Self {
        Self {
            disk: Some((disk, folder)),
            ..Self::in_memory(entropy)
        }
    }

    /// Pieces stay in memory.
    pub fn in_memory(entropy: &'d dyn Entropy) -> Self {
        Self {
            disk: None,
            entropy,
            key: OnceLock::new(),
            count: AtomicU32::new(0),
        }
    }

    /// The key of this process, drawn when the first piece is written.
    fn key(&self) -> Result<&[u8; 32], SpillError> {
        if self.key.get().is_none() {
            let mut key = Zeroizing::new([0; 32]);
            self.entropy.fill(&mut *key).map_err(|source| SpillError::Disk {
                act: "draw the key of",
                source,
            })?;
            // Whoever was first has set it; each key is as good.
            drop(self.key.set(key));
        }
        self.key.get().map(|key| &**key).ok_or(SpillError::Damaged)
    }

    fn next_number(&self) -> u32 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }
}

/// Place of an item in the buffer, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot<const K: usize> {
    key: [u8; K],
    start: u32,
    len: u32,
}

/// Takes items in any order. With keys of no bytes it is a tape: they come back as they went in.
pub struct Sorter<'d, const K: usize> {
    spill: &'d Spill<'d>,
    budget_bytes: usize,
    buffer: Vec<u8>,
    slots: Vec<Slot<K>>,
    /// Older ones first, and how often each was merged already; that never rises from one to the next.
    pieces: Vec<(Piece<'d>, u32)>,
    count: u64,
}

impl<'d, const K: usize> Sorter<'d, K> {
    /// An empty sorter that keeps about `budget_bytes` bytes in memory.
    pub fn new(spill: &'d Spill<'d>, budget_bytes: usize) -> Self {
        Self {
            spill,
            budget_bytes,
            buffer: Vec::new(),
            slots: Vec::new(),
            pieces: Vec::new(),
            count: 0,
        }
    }

    /// Number of items.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// True without an item.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds an item.
    ///
    /// # Errors
    /// [`SpillError`].
    pub fn push(&mut self, key: [u8; K], item: &[u8]) -> Result<(), SpillError> {
        let used = self.buffer.len() + self.slots.len() * size_of::<Slot<K>>();
        if used + item.len() > self.budget_bytes && !self.slots.is_empty() {
            self.put_away()?;
        }
        let start = u32::try_from(self.buffer.len()).map_err(|_| SpillError::TooLarge)?;
        let len = u32::try_from(item.len()).map_err(|_| SpillError::TooLarge)?;
        self.buffer.extend_from_slice(item);
        self.slots.push(Slot { key, start, len });
        self.count += 1;
        Ok(())
    }

    /// Ends the taking; the items can then be read in the order of their keys, those of one key as they went in.
    pub fn sorted(mut self) -> Sorted<'d, K> {
        self.slots.sort_unstable();
        Sorted {
            buffer: self.buffer,
            slots: self.slots,
            pieces: self.pieces.into_iter().map(|(piece, _)| piece).collect(),
            count: self.count,
        }
    }

    fn put_away(&mut self) -> Result<(), SpillError> {
        self.slots.sort_unstable();
        let mut writer = PieceWriter::new(self.spill)?;
        for slot in &self.slots {
            writer.push(slot.key, item_of(&self.buffer, slot))?;
        }
        self.buffer.clear();
        self.slots.clear();
        let mut next = (writer.finish()?, 0);
        // Each piece that is read at the end costs a block and a segment of memory, so that there may not be many.
        loop {
            let merged = next.1;
            self.pieces.push(next);
            let alike = self
                .pieces
                .iter()
                .rev()
                .take_while(|(_, times)| *times == merged)
                .count();
            if alike < PIECES_ALIKE {
                return Ok(());
            }
            let alike = self.pieces.split_off(self.pieces.len() - alike);
            next = (self.merged(alike)?, merged + 1);
        }
    }

    /// Pieces that follow each other, as one.
    fn merged(&self, pieces: Vec<(Piece<'d>, u32)>) -> Result<Piece<'d>, SpillError> {
        let sorted = Sorted::<K> {
            buffer: Vec::new(),
            slots: Vec::new(),
            pieces: pieces.into_iter().map(|(piece, _)| piece).collect(),
            count: 0,
        };
        let mut writer = PieceWriter::new(self.spill)?;
        let mut reader = sorted.read()?;
        while let Some((key, item)) = reader.next_item()? {
            writer.push(key, item)?;
        }
        writer.finish()
    }
}

fn item_of<'b, const K: usize>(buffer: &'b [u8], slot: &Slot<K>) -> &'b [u8] {
    let start = usize::try_from(slot.start).unwrap_or(usize::MAX);
    let len = usize::try_from(slot.len).unwrap_or(usize::MAX);
    buffer.get(start..start.saturating_add(len)).unwrap_or_default()
}

/// Items in the order of their keys.
pub struct Sorted<'d, const K: usize> {
    buffer: Vec<u8>,
    slots: Vec<Slot<K>>,
    pieces: Vec<Piece<'d>>,
    count: u64,
}

impl<const K: usize> Sorted<'_, K> {
    /// Number of items.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// True without an item.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Reads the items from the first; may be asked again.
    ///
    /// # Errors
    /// [`SpillError`].
    pub fn read(&self) -> Result<SortedReader<'_, K>, SpillError> {
        let mut pieces = Vec::with_capacity(self.pieces.len());
        let mut heads = BinaryHeap::new();
        for (number, piece) in self.pieces.iter().enumerate() {
            let mut reader = piece.read()?;
            if let Some(key) = reader.advance()? {
                heads.push(Reverse((key, number)));
            }
            pieces.push(reader);
        }
        if let Some(slot) = self.slots.first() {
            heads.push(Reverse((slot.key, pieces.len())));
        }
        Ok(SortedReader {
            sorted: self,
            pieces,
            heads,
            next_slot: 0,
            given: None,
        })
    }
}

/// A key and the bytes behind it.
pub type Item<'i, const K: usize> = ([u8; K], &'i [u8]);

/// A walk over sorted items.
pub struct SortedReader<'s, const K: usize> {
    sorted: &'s Sorted<'s, K>,
    pieces: Vec<PieceReader<'s, K>>,
    /// Key of the next item of each source that has one; the buffer comes after the pieces, as its items came later.
    heads: BinaryHeap<Reverse<([u8; K], usize)>>,
    next_slot: usize,
    /// The source whose item was given out last and is to be moved on.
    given: Option<usize>,
}

impl<const K: usize> SortedReader<'_, K> {
    /// Key of the next item.
    ///
    /// # Errors
    /// [`SpillError`].
    pub fn peek(&mut self) -> Result<Option<[u8; K]>, SpillError> {
        self.move_on()?;
        Ok(self.heads.peek().map(|Reverse((key, _))| *key))
    }

    /// The next item.
    ///
    /// # Errors
    /// [`SpillError`].
    pub fn next_item(&mut self) -> Result<Option<Item<'_, K>>, SpillError> {
        self.move_on()?;
        let Some(Reverse((key, source))) = self.heads.pop() else {
            return Ok(None);
        };
        self.given = Some(source);
        let item = if let Some(piece) = self.pieces.get(source) {
            piece.item()
        } else {
            let slot = self.sorted.slots.get(self.next_slot).ok_or(SpillError::Damaged)?;
            item_of(&self.sorted.buffer, slot)
        };
        Ok(Some((key, item)))
    }

    fn move_on(&mut self) -> Result<(), SpillError> {
        let Some(source) = self.given.take() else {
            return Ok(());
        };
        let key = if let Some(piece) = self.pieces.get_mut(source) {
            piece.advance()?
        } else {
            self.next_slot += 1;
            self.sorted.slots.get(self.next_slot).map(|slot| slot.key)
        };
        if let Some(key) = key {
            self.heads.push(Reverse((key, source)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
