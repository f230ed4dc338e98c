//! Tiles and entry bundles of a log as plain files (c2sp.org/tlog-tiles): their paths, widths and bytes. Implements
//! `docs/formats/ledger.md`, section "Files of a log".

/// Hashes of a full tile, and entries of a full bundle.
pub const FULL_WIDTH: u16 = 256;

/// Length of one hash in bytes.
pub const HASH_BYTES: usize = 32;

/// Longest entry, in bytes: its length is stored in 16 bits.
pub const MAX_ENTRY_BYTES: usize = 65_535;

/// Longest entry bundle, in bytes.
pub const MAX_BUNDLE_BYTES: u64 = 256 * (65_535 + 2);

/// Longest hash tile, in bytes.
pub const MAX_TILE_BYTES: u64 = 256 * 32;

/// Levels that a tree of less than 2^64 leaves can have.
const LEVELS: u8 = 8;

/// Why the bytes of a tile or bundle are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// A tile is not `width` hashes long.
    #[error("tile of {bytes} bytes, {want} expected")]
    Length {
        /// Bytes found.
        bytes: usize,
        /// Bytes of a tile of this width.
        want: usize,
    },
    /// A bundle ends inside an entry.
    #[error("bundle ends inside its entry {position}")]
    Truncated {
        /// Position of the entry in the bundle, from 0.
        position: u16,
    },
    /// A bundle goes on behind its last entry.
    #[error("{bytes} bytes behind the last entry of the bundle")]
    Surplus {
        /// Bytes that are too many.
        bytes: usize,
    },
    /// An entry is longer than [`MAX_ENTRY_BYTES`].
    #[error("entry of {bytes} bytes is over the limit of {MAX_ENTRY_BYTES}")]
    EntryTooLong {
        /// Length of the entry.
        bytes: usize,
    },
}

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileKind {
    /// The entries themselves.
    Entries,
    /// Hashes of this level; level 0 has the hashes of the leaves, each level above those of full tiles below.
    Hashes(u8),
}

/// One file of a log: kind, index within its level, width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileId {
    /// Entries or hashes.
    pub kind: TileKind,
    /// Index in its level, from 0.
    pub index: u64,
    /// Hashes or entries in it: 1 to 256, and less than 256 only at the right edge of the tree.
    pub width: u16,
}

impl TileId {
    /// The tile that holds the hash or entry `position` of its level in a tree of `size` leaves; `None` where that level
    /// is not so long.
    pub fn holding(kind: TileKind, position: u64, size: u64) -> Option<Self> {
        let count = level_count(kind, size);
        if position >= count {
            return None;
        }
        let index = position / u64::from(FULL_WIDTH);
        let width = (count - index * u64::from(FULL_WIDTH)).min(u64::from(FULL_WIDTH));
        Some(Self {
            kind,
            index,
            width: u16::try_from(width).ok()?,
        })
    }

    /// All tiles of this kind in a tree of `size` leaves, from the left to the right.
    pub fn all(kind: TileKind, size: u64) -> impl Iterator<Item = Self> {
        let count = level_count(kind, size).div_ceil(u64::from(FULL_WIDTH));
        (0..count).filter_map(move |index| Self::holding(kind, index * u64::from(FULL_WIDTH), size))
    }

    /// True where the tile can never change again.
    pub fn is_full(&self) -> bool {
        self.width == FULL_WIDTH
    }

    /// Index of the first leaf that the tile covers.
    pub fn first_leaf(&self) -> u64 {
        let level = match self.kind {
            TileKind::Entries => 0,
            TileKind::Hashes(level) => u32::from(level),
        };
        self.index.saturating_mul(256_u64.saturating_pow(level + 1))
    }

    /// Path relative to the folder of the log, e.g. `tile/0/x001/234.p/5`.
    pub fn path(&self) -> String {
        if self.is_full() {
            self.full_path()
        } else {
            format!("{}/{}", self.partial_folder(), self.width)
        }
    }

    /// Path of the full tile that this one is or will become.
    pub fn full_path(&self) -> String {
        let folder = match self.kind {
            TileKind::Entries => "entries".to_owned(),
            TileKind::Hashes(level) => level.to_string(),
        };
        let mut path = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            path = format!("x{:03}/{path}", rest % 1000);
            rest /= 1000;
        }
        format!("tile/{folder}/{path}")
    }

    /// Path of the folder of the partial forms of this tile.
    pub fn partial_folder(&self) -> String {
        format!("{}.p", self.full_path())
    }

    /// Reads a path as [`TileId::path`] writes it; anything else is `None`.
    pub fn parse(path: &str) -> Option<Self> {
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let kind = if kind == "entries" {
            TileKind::Entries
        } else {
            TileKind::Hashes(kind.parse().ok().filter(|level| *level < 64)?)
        };
        let (full, width) = match rest.split_once(".p/") {
            Some((full, width)) => (
                full,
                width.parse().ok().filter(|width| (1..FULL_WIDTH).contains(width))?,
            ),
            None => (rest, FULL_WIDTH),
        };
        let mut index: u64 = 0;
        for group in full.split('/') {
            let digits = group.strip_prefix('x').unwrap_or(group);
            index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
        }
        let tile = Self { kind, index, width };
        // One spelling for each tile: what it would write itself.
        (tile.path() == path).then_some(tile)
    }
}

/// Kinds of tile that a tree of `size` leaves has: entries, then the levels from 0 on.
pub fn kinds_of(size: u64) -> Vec<TileKind> {
    let levels = (0..LEVELS).map(TileKind::Hashes);
    std::iter::once(TileKind::Entries)
        .chain(levels)
        .filter(|kind| level_count(*kind, size) > 0)
        .collect()
}

fn level_count(kind: TileKind, size: u64) -> u64 {
    match kind {
        TileKind::Entries => size,
        TileKind::Hashes(level) => size.checked_shr(u32::from(level) * 8).unwrap_or(0),
    }
}

/// The bytes of a bundle: each entry after its length in two bytes, big-endian.
///
/// # Errors
/// [`TileError::EntryTooLong`].
pub fn encode_bundle<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, TileError> {
    let mut out = Vec::new();
    for entry in entries {
        let length = u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { bytes: entry.len() })?;
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(entry);
    }
    Ok(out)
}

/// Reads the entries of a bundle one by one, so that a damaged one can be told from those before it.
#[derive(Debug, Clone)]
pub struct BundleReader<'a> {
    rest: &'a [u8],
    position: u16,
    width: u16,
}

impl<'a> BundleReader<'a> {
    /// A reader of a bundle of `width` entries.
    pub fn new(bytes: &'a [u8], width: u16) -> Self {
        Self {
            rest: bytes,
            position: 0,
            width,
        }
    }

    fn step(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.rest.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        self.rest = rest;
        Some(entry)
    }
}

impl<'a> Iterator for BundleReader<'a> {
    type Item = Result<&'a [u8], TileError>;

    /// The next entry; after `width` entries an error if bytes are left, then the end.
    fn next(&mut self) -> Option<Self::Item> {
        if self.position == self.width {
            let bytes = std::mem::take(&mut self.rest).len();
            return (bytes > 0).then_some(Err(TileError::Surplus { bytes }));
        }
        let position = self.position;
        let Some(entry) = self.step() else {
            // Nothing can be read behind a cut.
            self.rest = &[];
            self.position = self.width;
            return Some(Err(TileError::Truncated { position }));
        };
        self.position += 1;
        Some(Ok(entry))
    }
}

/// The hashes of a tile of `width` hashes.
///
/// # Errors
/// [`TileError::Length`].
pub fn parse_hashes(bytes: &[u8], width: u16) -> Result<Vec<[u8; HASH_BYTES]>, TileError> {
    let want = usize::from(width) * HASH_BYTES;
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    if rest.is_empty() && bytes.len() == want {
        Ok(hashes.to_vec())
    } else {
        Err(TileError::Length {
            bytes: bytes.len(),
            want,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_specification() {
        let tile = |kind, index, width| TileId { kind, index, width };
        for (id, path) in [
            (tile(TileKind::Hashes(0), 1_234_067, 256), "tile/0/x001/x234/067"),
            (tile(TileKind::Hashes(0), 273, 112), "tile/0/273.p/112"),
            (tile(TileKind::Hashes(2), 0, 1), "tile/2/000.p/1"),
            (tile(TileKind::Entries, 1000, 256), "tile/entries/x001/000"),
            (tile(TileKind::Entries, 5, 255), "tile/entries/005.p/255"),
        ] {
            assert_eq!(id.path(), path);
            assert_eq!(TileId::parse(path), Some(id));
        }
        for bad in [
            "tile/0/1/234",
            "tile/0/x000/001",
            "tile/0/01",
            "tile/00/001",
            "tile/64/001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/05",
            "tile/0/001.p",
            "tile/0/-01",
            "tile/0/+01",
            "tile/data/001",
            "tile/0/",
            "tile/0/x001/",
            "0/001",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
        ] {
            assert_eq!(TileId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_tree_of_70000_has_the_tiles_that_the_specification_counts() {
        let of = |level| TileId::all(TileKind::Hashes(level), 70_000).collect::<Vec<_>>();
        let full = |tiles: &[TileId]| tiles.iter().filter(|t| t.is_full()).count();
        assert_eq!((of(0).len(), full(&of(0)), of(0)[273].width), (274, 273, 112));
        assert_eq!((of(1).len(), full(&of(1)), of(1)[1].width), (2, 1, 17));
        assert_eq!((of(2).len(), full(&of(2)), of(2)[0].width), (1, 0, 1));
        assert_eq!(of(1)[1].first_leaf(), 65_536);
        assert_eq!(of(0)[273].first_leaf(), 69_888);
        assert!(of(3).is_empty());
        assert_eq!(kinds_of(70_000).len(), 4);
        assert_eq!(kinds_of(255), [TileKind::Entries, TileKind::Hashes(0)]);
        assert_eq!(kinds_of(0), []);
        let edge = TileId::all(TileKind::Hashes(1), 256).collect::<Vec<_>>();
        assert_eq!((edge.len(), edge[0].width), (1, 1));
        assert_eq!(TileId::holding(TileKind::Entries, 256, 256), None);
    }

    #[test]
    fn bundles() {
        let long = vec![7; MAX_ENTRY_BYTES];
        let bytes = encode_bundle([b"a".as_slice(), b"", &long]).unwrap();
        assert_eq!(bytes[..7], [0, 1, b'a', 0, 0, 0xff, 0xff]);
        let read: Result<Vec<_>, _> = BundleReader::new(&bytes, 3).collect();
        assert_eq!(read.unwrap(), [b"a".as_slice(), b"", &long]);
        let mut cut = BundleReader::new(&bytes[..bytes.len() - 1], 3);
        assert_eq!(cut.next(), Some(Ok(b"a".as_slice())));
        assert_eq!(cut.next(), Some(Ok(b"".as_slice())));
        assert_eq!(cut.next(), Some(Err(TileError::Truncated { position: 2 })));
        assert_eq!(cut.next(), None);
        let mut surplus = BundleReader::new(&bytes, 1);
        assert_eq!(
            surplus.nth(1),
            Some(Err(TileError::Surplus {
                bytes: 4 + MAX_ENTRY_BYTES
            }))
        );
        assert_eq!(surplus.next(), None);
        assert_eq!(
            BundleReader::new(&[0], 1).next(),
            Some(Err(TileError::Truncated { position: 0 }))
        );
        assert_eq!(
            encode_bundle([vec![0; MAX_ENTRY_BYTES + 1].as_slice()]),
            Err(TileError::EntryTooLong { bytes: 65_536 })
        );
    }

    #[test]
    fn hashes() {
        assert_eq!(parse_hashes(&[1; 64], 2), Ok(vec![[1; 32]; 2]));
        for bytes in [63, 65, 32, 96] {
            assert_eq!(
                parse_hashes(&vec![1; bytes], 2),
                Err(TileError::Length { bytes, want: 64 })
            );
        }
    }
}
