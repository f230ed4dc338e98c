//! Footer of a run (`docs/formats/run.md`, "Footer").

use super::index::{Fields, page_bytes};
use super::{BlockFault, MAX_DICTIONARY_BYTES, MAX_LEVELS, MAX_PAGE_ROWS, Table};

/// First bytes of a footer; the last byte is the version of the format.
const MAGIC: &[u8; 8] = b"SKRUN\0\0\x02";
/// Length of the footer in bytes: magic (8), table, key width, levels, reserved, blocks (4), rows (8), lengths of both
/// dictionaries (4, 4), offset of the root page (8), its rows (4), reserved (4).
pub const FOOTER_BYTES: usize = 48;

/// The last bytes of a run's plaintext.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footer {
    /// The table that the run belongs to.
    pub table: Table,
    /// Levels of the index: 0 for a run without rows, 1 where the root page lists blocks.
    pub levels: u8,
    /// Number of blocks.
    pub block_count: u32,
    /// Number of rows.
    pub row_count: u64,
    /// Length of the dictionary of the key groups in bytes; 0 for none. It begins the plaintext.
    pub key_dictionary_bytes: u32,
    /// Length of the dictionary of the body groups in bytes, behind the other; 0 for none.
    pub body_dictionary_bytes: u32,
    /// Offset of the root page.
    pub root_offset: u64,
    /// Rows of the root page.
    pub root_rows: u32,
}

impl Footer {
    pub(super) fn put(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(MAGIC);
        to.push(self.table.number());
        to.push(u8::try_from(self.table.key_bytes()).unwrap_or_default());
        to.extend_from_slice(&[self.levels, 0]);
        to.extend_from_slice(&self.block_count.to_be_bytes());
        to.extend_from_slice(&self.row_count.to_be_bytes());
        to.extend_from_slice(&self.key_dictionary_bytes.to_be_bytes());
        to.extend_from_slice(&self.body_dictionary_bytes.to_be_bytes());
        to.extend_from_slice(&self.root_offset.to_be_bytes());
        to.extend_from_slice(&self.root_rows.to_be_bytes());
        to.extend_from_slice(&[0; 4]);
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
        let footer = Self::fields(table, bytes).ok_or(BlockFault::Footer)?;
        let end = plaintext_bytes.checked_sub(FOOTER_BYTES as u64);
        let root_end = footer.root_offset.checked_add(footer.root_bytes());
        let placed = match (footer.levels, end, root_end) {
            (0, Some(end), Some(_)) => {
                let empty = (footer.block_count, footer.row_count, footer.root_rows) == (0, 0, 0);
                empty && end == 0 && footer.root_offset == 0 && footer.dictionaries_end() == 0
            }
            (1, Some(end), Some(root_end)) => footer.root_offset == footer.dictionaries_end() && root_end <= end,
            (_, Some(end), Some(root_end)) => footer.root_offset > footer.dictionaries_end() && root_end == end,
            (_, None, _) | (_, _, None) => false,
        };
        let sized = footer.levels == 0 || (1..=MAX_PAGE_ROWS).contains(&footer.root_rows);
        let known = footer.key_dictionary_bytes.max(footer.body_dictionary_bytes) as usize <= MAX_DICTIONARY_BYTES;
        if placed && sized && known && footer.levels <= MAX_LEVELS {
            Ok(footer)
        } else {
            Err(BlockFault::IndexLength)
        }
    }

    fn fields(table: Table, bytes: &[u8; FOOTER_BYTES]) -> Option<Self> {
        let mut fields = Fields(bytes);
        let is_ours = fields.array::<8>()? == *MAGIC
            && fields.array()? == [table.number()]
            && usize::from(u8::from_be_bytes(fields.array()?)) == table.key_bytes();
        let [levels] = fields.array()?;
        let [reserved] = fields.array()?;
        let footer = Self {
            table,
            levels,
            block_count: fields.u32()?,
            row_count: fields.u64()?,
            key_dictionary_bytes: fields.u32()?,
            body_dictionary_bytes: fields.u32()?,
            root_offset: fields.u64()?,
            root_rows: fields.u32()?,
        };
        (is_ours && reserved == 0 && fields.u32()? == 0).then_some(footer)
    }

    /// Length of the root page in bytes.
    pub fn root_bytes(&self) -> u64 {
        page_bytes(self.table, self.levels.saturating_sub(1), self.root_rows)
    }

    /// Where the first stripe begins.
    pub fn dictionaries_end(&self) -> u64 {
        u64::from(self.key_dictionary_bytes) + u64::from(self.body_dictionary_bytes)
    }
}
