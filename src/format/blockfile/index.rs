//! Index and footer of a run (`docs/formats/run.md`, "Index", "Footer").

use super::{BlockFault, MAX_BLOCK_ROWS, MAX_GROUP_BYTES, Table};

/// First bytes of a footer; the last byte is the version of the format.
const MAGIC: &[u8; 8] = b"SKRUN\0\0\x01";
/// Length of the footer in bytes: magic (8), table, key width, reserved (2), blocks (4), rows (8), index offset (8).
pub const FOOTER_BYTES: usize = 32;
/// Bytes of an index row besides its two keys: rows (4), then offset (8), stored (4) and raw length (4) of both groups.
const INDEX_FIXED_BYTES: usize = 4 + 2 * (8 + 4 + 4);

/// Where a compressed group lies in the run's plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Group {
    /// Offset of the first byte.
    pub offset: u64,
    /// Compressed length in bytes; 0 for a body group whose bodies are all empty.
    pub stored_bytes: u32,
    /// Length in bytes before compression.
    pub raw_bytes: u32,
}

/// One row of the index. Keys are personal data: no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct BlockEntry {
    /// Key of the block's first row.
    pub first_key: Box<[u8]>,
    /// Key of the block's last row.
    pub last_key: Box<[u8]>,
    /// Number of rows, 1 to [`MAX_BLOCK_ROWS`].
    pub row_count: u32,
    /// The key group.
    pub keys: Group,
    /// The body group.
    pub bodies: Group,
}

impl BlockEntry {
    pub(super) fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.first_key);
        to.extend_from_slice(&self.last_key);
        to.extend_from_slice(&self.row_count.to_be_bytes());
        for group in [self.keys, self.bodies] {
            to.extend_from_slice(&group.offset.to_be_bytes());
            to.extend_from_slice(&group.stored_bytes.to_be_bytes());
            to.extend_from_slice(&group.raw_bytes.to_be_bytes());
        }
    }
}

/// The last bytes of a run's plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footer {
    /// The table that the run belongs to.
    pub table: Table,
    /// Number of blocks.
    pub block_count: u32,
    /// Number of rows.
    pub row_count: u64,
    /// Offset of the index; it ends where the footer begins.
    pub index_offset: u64,
}

impl Footer {
    pub(super) fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(MAGIC);
        to.push(self.table.number());
        to.push(u8::try_from(self.table.key_bytes()).unwrap_or_default());
        to.extend_from_slice(&[0, 0]);
        to.extend_from_slice(&self.block_count.to_be_bytes());
        to.extend_from_slice(&self.row_count.to_be_bytes());
        to.extend_from_slice(&self.index_offset.to_be_bytes());
    }

    /// Reads the footer of a run of `table` whose plaintext has `plaintext_bytes`.
    ///
    /// # Errors
    /// [`BlockFault::Version`], [`BlockFault::Footer`], [`BlockFault::IndexLength`].
    pub fn read(table: Table, bytes: &[u8; FOOTER_BYTES], plaintext_bytes: u64) -> Result<Self, BlockFault> {
        if let Some((got, magic)) = bytes.first_chunk::<8>().and_then(|magic| magic.split_last())
            && MAGIC.starts_with(magic)
            && MAGIC.last() != Some(got)
        {
            return Err(BlockFault::Version { got: *got });
        }
        let mut fields = Fields(bytes);
        let known = fields.array::<8>() == Some(*MAGIC)
            && fields.array() == Some([table.number()])
            && fields.array::<1>().map(|[width]| usize::from(width)) == Some(table.key_bytes())
            && fields.array() == Some([0, 0]);
        let (Some(block_count), Some(row_count), Some(index_offset), true) =
            (fields.u32(), fields.u64(), fields.u64(), known)
        else {
            return Err(BlockFault::Footer);
        };
        let footer = Self {
            table,
            block_count,
            row_count,
            index_offset,
        };
        // Bounds the allocation for the index by the length of the run itself.
        let end = index_offset
            .checked_add(footer.index_bytes())
            .and_then(|end| end.checked_add(FOOTER_BYTES as u64));
        if end == Some(plaintext_bytes) {
            Ok(footer)
        } else {
            Err(BlockFault::IndexLength)
        }
    }

    /// Length of the index in bytes.
    pub fn index_bytes(&self) -> u64 {
        u64::from(self.block_count) * (2 * self.table.key_bytes() + INDEX_FIXED_BYTES) as u64
    }
}

/// The index of a run: rows of fixed width, kept as the bytes they are on disk, so that opening a run of a million
/// rows allocates once. No `Debug`: keys are personal data.
pub struct Index {
    key_bytes: usize,
    block_count: u32,
    rows: Vec<u8>,
}

impl Index {
    /// Takes the index, `footer.index_bytes()` long, and tests it: keys ascend, groups lie before the index and do not
    /// overlap, every byte before the index belongs to one group, the rows add up to those of the footer.
    ///
    /// # Errors
    /// [`BlockFault::IndexLength`], [`BlockFault::IndexRow`].
    pub fn read(footer: &Footer, bytes: Vec<u8>) -> Result<Self, BlockFault> {
        if bytes.len() as u64 != footer.index_bytes() {
            return Err(BlockFault::IndexLength);
        }
        let index = Self {
            key_bytes: footer.table.key_bytes(),
            block_count: footer.block_count,
            rows: bytes,
        };
        let mut last_key: Option<&[u8]> = None;
        let (mut row_count, mut stored, mut keys_end, mut bodies_end) = (0_u64, 0_u64, 0, 0);
        for block in 0..footer.block_count {
            let bad = BlockFault::IndexRow { block };
            let row = index.row(block as usize).ok_or(bad)?;
            let ascends = last_key.is_none_or(|before| before < row.first_key)
                && row.first_key <= row.last_key
                && (row.row_count == 1) == (row.first_key == row.last_key);
            let sized = (1..=MAX_BLOCK_ROWS).contains(&row.row_count)
                && row.keys.stored_bytes > 0
                && (row.bodies.stored_bytes == 0) == (row.bodies.raw_bytes == 0)
                && row.keys.raw_bytes.max(row.bodies.raw_bytes) <= MAX_GROUP_BYTES;
            // Groups of a kind follow each other; with the sum of all lengths below that leaves no room for overlaps.
            let placed = row.keys.offset >= keys_end && row.bodies.offset >= bodies_end;
            keys_end = group_end(row.keys).ok_or(bad)?;
            bodies_end = group_end(row.bodies).ok_or(bad)?;
            if !(ascends && sized && placed) || keys_end.max(bodies_end) > footer.index_offset {
                return Err(bad);
            }
            row_count += u64::from(row.row_count);
            stored += u64::from(row.keys.stored_bytes) + u64::from(row.bodies.stored_bytes);
            last_key = Some(row.last_key);
        }
        if row_count == footer.row_count && stored == footer.index_offset {
            Ok(index)
        } else {
            Err(BlockFault::IndexLength)
        }
    }

    /// Number of blocks.
    pub fn len(&self) -> usize {
        self.block_count as usize
    }

    /// True where the run has no block.
    pub fn is_empty(&self) -> bool {
        self.block_count == 0
    }

    /// The row of a block, 0-based; `None` behind the last.
    pub fn entry(&self, block: usize) -> Option<BlockEntry> {
        let row = self.row(block)?;
        Some(BlockEntry {
            first_key: row.first_key.into(),
            last_key: row.last_key.into(),
            row_count: row.row_count,
            keys: row.keys,
            bodies: row.bodies,
        })
    }

    /// The rows of all blocks, in order.
    pub fn entries(&self) -> impl Iterator<Item = BlockEntry> + '_ {
        (0..self.len()).map_while(|block| self.entry(block))
    }

    /// First and last key of a block; `None` behind the last block.
    pub fn keys(&self, block: usize) -> Option<(&[u8], &[u8])> {
        let (first, rest) = self.bytes(block)?.split_at_checked(self.key_bytes)?;
        Some((first, rest.get(..self.key_bytes)?))
    }

    /// The first block from `from` on that ends at or behind `key`; the number of blocks where there is none.
    pub fn first_reaching(&self, from: usize, key: &[u8]) -> usize {
        let (mut low, mut high) = (from.min(self.len()), self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.keys(middle).is_some_and(|(_, last)| last < key) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn bytes(&self, block: usize) -> Option<&[u8]> {
        let width = 2 * self.key_bytes + INDEX_FIXED_BYTES;
        let start = block.checked_mul(width)?;
        self.rows.get(start..start.checked_add(width)?)
    }

    fn row(&self, block: usize) -> Option<IndexRow<'_>> {
        let mut fields = Fields(self.bytes(block)?);
        Some(IndexRow {
            first_key: fields.key(self.key_bytes)?,
            last_key: fields.key(self.key_bytes)?,
            row_count: fields.u32()?,
            keys: fields.group()?,
            bodies: fields.group()?,
        })
    }
}

/// [`BlockEntry`] within the bytes of the index.
struct IndexRow<'a> {
    first_key: &'a [u8],
    last_key: &'a [u8],
    row_count: u32,
    keys: Group,
    bodies: Group,
}

fn group_end(group: Group) -> Option<u64> {
    group.offset.checked_add(u64::from(group.stored_bytes))
}

/// Big-endian fields of what is left.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn key(&mut self, width: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(width)?;
        self.0 = rest;
        Some(head)
    }

    fn group(&mut self) -> Option<Group> {
        Some(Group {
            offset: self.u64()?,
            stored_bytes: self.u32()?,
            raw_bytes: self.u32()?,
        })
    }
}
