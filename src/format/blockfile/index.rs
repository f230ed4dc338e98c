//! Pages of a run's index (`docs/formats/run.md`, "Index"): a tree whose leaves list blocks, so that a lookup reads one page
//! of each level, however many rows the run has.

use super::{BlockFault, MAX_BLOCK_ROWS, MAX_GROUP_BYTES, MAX_PAGE_ROWS, Table};

/// Bytes of a leaf's row besides its two keys: rows (2), then stored (4) and raw length (4) of both groups.
const LEAF_FIXED_BYTES: usize = 2 + 2 * (4 + 4);
/// Bytes of a row of the other pages besides its two keys: number of the first block (4), offset (8) and rows (2) of the page.
const UPPER_FIXED_BYTES: usize = 4 + 8 + 2;

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

/// What the index tells of a block. Keys are personal data: no `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BlockEntry<'p> {
    /// Key of the block's first row.
    pub first_key: &'p [u8],
    /// Key of the block's last row.
    pub last_key: &'p [u8],
    /// Number of rows, 1 to [`MAX_BLOCK_ROWS`].
    pub row_count: u32,
    /// The key group.
    pub keys: Group,
    /// The body group.
    pub bodies: Group,
}

impl BlockEntry<'_> {
    pub(super) fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(self.first_key);
        to.extend_from_slice(self.last_key);
        to.extend_from_slice(&u16::try_from(self.row_count).unwrap_or(u16::MAX).to_be_bytes());
        for group in [self.keys, self.bodies] {
            to.extend_from_slice(&group.stored_bytes.to_be_bytes());
            to.extend_from_slice(&group.raw_bytes.to_be_bytes());
        }
    }
}

/// Where a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PagePlace {
    /// 0 for a leaf.
    pub level: u8,
    /// Number of the first block below it.
    pub first_block: u32,
    /// Offset of the page in the plaintext.
    pub offset: u64,
    /// Its rows.
    pub rows: u32,
}

impl PagePlace {
    /// A row of the page above.
    pub(super) fn put(&self, first_key: &[u8], last_key: &[u8], to: &mut Vec<u8>) {
        to.extend_from_slice(first_key);
        to.extend_from_slice(last_key);
        to.extend_from_slice(&self.first_block.to_be_bytes());
        to.extend_from_slice(&self.offset.to_be_bytes());
        to.extend_from_slice(&u16::try_from(self.rows).unwrap_or(u16::MAX).to_be_bytes());
    }

    /// Length of the page in bytes.
    pub fn bytes(&self, table: Table) -> u64 {
        page_bytes(table, self.level, self.rows)
    }
}

/// Bytes of a row of a page.
pub(super) fn row_bytes(table: Table, level: u8) -> usize {
    let fixed = if level == 0 {
        LEAF_FIXED_BYTES
    } else {
        UPPER_FIXED_BYTES
    };
    2 * table.key_bytes() + fixed
}

pub(super) fn page_bytes(table: Table, level: u8, rows: u32) -> u64 {
    u64::from(rows) * row_bytes(table, level) as u64
}

/// One page, kept as the bytes it is on disk and tested when it is read. No `Debug`: keys are personal data.
pub struct Page {
    place: PagePlace,
    key_bytes: usize,
    row_bytes: usize,
    bytes: Vec<u8>,
    /// Of a leaf: where each block's groups begin behind those of the blocks before it.
    groups: Vec<(u32, u32)>,
    /// Of a leaf: length of all key groups, and end of the stripe.
    keys_bytes: u64,
    end: u64,
}

impl Page {
    /// Takes the bytes of the page at `place` and tests them: keys ascend between `bounds`, which the page above tells,
    /// lengths are possible, and all that it lists lies before `limit`.
    ///
    /// # Errors
    /// [`BlockFault::IndexLength`], [`BlockFault::IndexRow`].
    pub fn read(
        table: Table,
        place: PagePlace,
        bounds: Option<(&[u8], &[u8])>,
        bytes: Vec<u8>,
        limit: u64,
    ) -> Result<Self, BlockFault> {
        if bytes.len() as u64 != place.bytes(table) || !(1..=MAX_PAGE_ROWS).contains(&place.rows) {
            return Err(BlockFault::IndexLength);
        }
        let end = place.offset.saturating_add(bytes.len() as u64);
        let mut page = Self {
            place,
            key_bytes: table.key_bytes(),
            row_bytes: row_bytes(table, place.level),
            bytes,
            groups: Vec::new(),
            keys_bytes: 0,
            end,
        };
        let bad = |row: usize| BlockFault::IndexRow {
            block: place.first_block.saturating_add(u32::try_from(row).unwrap_or(u32::MAX)),
        };
        let mut before: Option<&[u8]> = None;
        for row in 0..page.len() {
            let (first, last) = page.keys(row).ok_or(bad(row))?;
            if before.is_some_and(|before| before >= first) || first > last {
                return Err(bad(row));
            }
            before = Some(last);
        }
        let ends = page.keys(0).zip(page.keys(page.len().saturating_sub(1)));
        if bounds.is_some() && bounds != ends.map(|((first, _), (_, last))| (first, last)) {
            return Err(bad(0));
        }
        if place.level == 0 {
            page.place_groups(bad)?;
        } else {
            page.test_children(bad)?;
        }
        if page.end <= limit {
            Ok(page)
        } else {
            Err(BlockFault::IndexLength)
        }
    }

    fn place_groups(&mut self, bad: impl Fn(usize) -> BlockFault) -> Result<(), BlockFault> {
        let (mut keys_bytes, mut bodies_bytes) = (0_u32, 0_u32);
        let mut groups = Vec::with_capacity(self.len());
        for row in 0..self.len() {
            let fields = self.leaf_row(row).ok_or(bad(row))?;
            let is_one = self.keys(row).is_some_and(|(first, last)| first == last);
            let sized = (1..=MAX_BLOCK_ROWS).contains(&fields.row_count)
                && (fields.row_count == 1) == is_one
                && fields.keys_stored > 0
                && (fields.bodies_stored == 0) == (fields.bodies_raw == 0)
                && fields.keys_raw.max(fields.bodies_raw) <= MAX_GROUP_BYTES;
            if !sized {
                return Err(bad(row));
            }
            groups.push((keys_bytes, bodies_bytes));
            keys_bytes = keys_bytes.checked_add(fields.keys_stored).ok_or(bad(row))?;
            bodies_bytes = bodies_bytes.checked_add(fields.bodies_stored).ok_or(bad(row))?;
        }
        self.groups = groups;
        self.keys_bytes = keys_bytes.into();
        self.end = self
            .end
            .saturating_add(self.keys_bytes)
            .saturating_add(u64::from(bodies_bytes));
        Ok(())
    }

    fn test_children(&self, bad: impl Fn(usize) -> BlockFault) -> Result<(), BlockFault> {
        let mut before: Option<PagePlace> = None;
        for row in 0..self.len() {
            let child = self.child(row).ok_or(bad(row))?;
            let follows = match before {
                None => child.first_block == self.place.first_block,
                Some(before) => child.offset > before.offset && child.first_block > before.first_block,
            };
            if !follows || !(1..=MAX_PAGE_ROWS).contains(&child.rows) || child.offset >= self.place.offset {
                return Err(bad(row));
            }
            before = Some(child);
        }
        Ok(())
    }

    /// Where the page lies.
    pub fn place(&self) -> PagePlace {
        self.place
    }

    /// End of the page; for a leaf that of its stripe.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.place.rows as usize
    }

    /// Never: a page has a row.
    pub fn is_empty(&self) -> bool {
        self.place.rows == 0
    }

    /// First and last key of a row, 0-based; `None` behind the last row.
    pub fn keys(&self, row: usize) -> Option<(&[u8], &[u8])> {
        let (first, rest) = self.row(row)?.split_at_checked(self.key_bytes)?;
        Some((first, rest.get(..self.key_bytes)?))
    }

    /// The first row that ends at or behind `key`; the number of rows where there is none.
    pub fn first_reaching(&self, key: &[u8]) -> usize {
        let (mut low, mut high) = (0, self.len());
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

    /// The block of a leaf's row; `None` behind the last row and for other pages.
    pub fn block(&self, row: usize) -> Option<BlockEntry<'_>> {
        let (keys_before, bodies_before) = *self.groups.get(row)?;
        let fields = self.leaf_row(row)?;
        let (first_key, last_key) = self.keys(row)?;
        let groups_at = self.place.offset + self.bytes.len() as u64;
        Some(BlockEntry {
            first_key,
            last_key,
            row_count: fields.row_count,
            keys: Group {
                offset: groups_at + u64::from(keys_before),
                stored_bytes: fields.keys_stored,
                raw_bytes: fields.keys_raw,
            },
            bodies: Group {
                offset: groups_at + self.keys_bytes + u64::from(bodies_before),
                stored_bytes: fields.bodies_stored,
                raw_bytes: fields.bodies_raw,
            },
        })
    }

    /// The page that a row of an upper page names; `None` behind the last row and for a leaf.
    pub fn child(&self, row: usize) -> Option<PagePlace> {
        let mut fields = self.fields(row)?;
        Some(PagePlace {
            level: self.place.level.checked_sub(1)?,
            first_block: fields.u32()?,
            offset: fields.u64()?,
            rows: fields.u16()?.into(),
        })
    }

    fn row(&self, row: usize) -> Option<&[u8]> {
        let start = row.checked_mul(self.row_bytes)?;
        self.bytes.get(start..start.checked_add(self.row_bytes)?)
    }

    /// What stands behind the keys of a row.
    fn fields(&self, row: usize) -> Option<Fields<'_>> {
        self.row(row)?.get(2 * self.key_bytes..).map(Fields)
    }

    fn leaf_row(&self, row: usize) -> Option<LeafRow> {
        let mut fields = self.fields(row)?;
        Some(LeafRow {
            row_count: fields.u16()?.into(),
            keys_stored: fields.u32()?,
            keys_raw: fields.u32()?,
            bodies_stored: fields.u32()?,
            bodies_raw: fields.u32()?,
        })
    }
}

struct LeafRow {
    row_count: u32,
    keys_stored: u32,
    keys_raw: u32,
    bodies_stored: u32,
    bodies_raw: u32,
}

/// Big-endian fields of what is left.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }
}
