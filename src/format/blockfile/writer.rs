//! Rows into blocks (`docs/formats/run.md`).

use super::{
    BlockAssembler, BlockFault, JOINED_GROUP_BYTES, MAX_BLOCK_ROWS, MAX_ROW_BYTES, RunSummary, TARGET_GROUP_BYTES,
    Table,
};

/// The rows of one block, not yet compressed. No `Debug`: personal data.
#[derive(Clone, Default)]
pub struct RawBlock {
    pub(super) keys: Vec<u8>,
    pub(super) bodies: Vec<u8>,
    pub(super) has_bodies: bool,
    pub(super) row_count: u32,
    pub(super) first_key: Vec<u8>,
    pub(super) last_key: Vec<u8>,
}

impl RawBlock {
    /// True where a block that follows has room here.
    pub(super) fn takes(&self, next: &Self) -> bool {
        let rows = self.row_count.saturating_add(next.row_count);
        let fits = |a: &[u8], b: &[u8]| a.len().saturating_add(b.len()) <= JOINED_GROUP_BYTES;
        rows <= MAX_BLOCK_ROWS && fits(&self.keys, &next.keys) && fits(&self.bodies, &next.bodies)
    }

    /// Adds the rows of a block that follows.
    pub(super) fn append(&mut self, next: &Self) {
        self.keys.extend_from_slice(&next.keys);
        self.bodies.extend_from_slice(&next.bodies);
        self.has_bodies |= next.has_bodies;
        self.row_count = self.row_count.saturating_add(next.row_count);
        self.last_key.clone_from(&next.last_key);
    }

    fn clear(&mut self) {
        self.keys.clear();
        self.bodies.clear();
        self.has_bodies = false;
        self.row_count = 0;
        self.first_key.clear();
        self.last_key.clear();
    }
}

/// Gathers ascending rows into blocks. Where a block ends follows from the rows alone.
pub struct BlockFiller {
    table: Table,
    open: RawBlock,
    last_key: Vec<u8>,
    row_count: u64,
}

impl BlockFiller {
    /// Begins a run of `table`.
    pub fn new(table: Table) -> Self {
        Self {
            table,
            open: RawBlock::default(),
            last_key: Vec::new(),
            row_count: 0,
        }
    }

    /// Adds a row; keys must ascend. Gives the block that the row fills; `spare` is a block to go on with, whose content
    /// is forgotten.
    ///
    /// # Errors
    /// [`BlockFault::KeyWidth`], [`BlockFault::Order`], [`BlockFault::TooLarge`].
    pub fn push(
        &mut self,
        key: &[u8],
        small: &[u8],
        body: &[u8],
        spare: &mut Option<RawBlock>,
    ) -> Result<Option<RawBlock>, BlockFault> {
        let row = self.row_count;
        if key.len() != self.table.key_bytes() {
            return Err(BlockFault::KeyWidth { row });
        }
        if row > 0 && key <= self.last_key.as_slice() {
            return Err(BlockFault::Order { row });
        }
        if small.len() > MAX_ROW_BYTES || body.len() > MAX_ROW_BYTES {
            return Err(BlockFault::TooLarge { row });
        }
        let open = &mut self.open;
        if open.row_count == 0 {
            open.first_key.extend_from_slice(key);
        }
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        open.keys.extend_from_slice(key);
        put_bytes(&mut open.keys, small);
        put_bytes(&mut open.bodies, body);
        open.has_bodies |= !body.is_empty();
        open.row_count += 1;
        self.row_count += 1;
        let full = open.keys.len().max(open.bodies.len()) >= TARGET_GROUP_BYTES;
        if !full && open.row_count < MAX_BLOCK_ROWS {
            return Ok(None);
        }
        let mut next = spare.take().unwrap_or_default();
        next.clear();
        Ok(Some(self.closed(next)))
    }

    /// The last block, where it has a row.
    pub fn finish(mut self) -> Option<RawBlock> {
        (self.open.row_count > 0).then(|| self.closed(RawBlock::default()))
    }

    fn closed(&mut self, next: RawBlock) -> RawBlock {
        self.open.last_key.extend_from_slice(&self.last_key);
        std::mem::replace(&mut self.open, next)
    }
}

/// Filler and assembler in one thread.
pub struct BlockFileWriter {
    filler: BlockFiller,
    assembler: BlockAssembler,
    spare: Option<RawBlock>,
}

impl BlockFileWriter {
    /// Begins a run of `table`.
    ///
    /// # Errors
    /// [`BlockFault::Compressor`].
    pub fn new(table: Table) -> Result<Self, BlockFault> {
        Ok(Self {
            filler: BlockFiller::new(table),
            assembler: BlockAssembler::new(table)?,
            spare: None,
        })
    }

    /// Adds a row; keys must ascend. Finished bytes are appended to `out`.
    ///
    /// # Errors
    /// [`BlockFault::KeyWidth`], [`BlockFault::Order`], [`BlockFault::TooLarge`], [`BlockFault::Compressor`].
    pub fn push(&mut self, key: &[u8], small: &[u8], body: &[u8], out: &mut Vec<u8>) -> Result<(), BlockFault> {
        if let Some(block) = self.filler.push(key, small, body, &mut self.spare)? {
            self.assembler.add(&block, out)?;
            self.spare = Some(block);
        }
        Ok(())
    }

    /// Ends the run: appends what is open, the index and the footer.
    ///
    /// # Errors
    /// [`BlockFault::Compressor`], [`BlockFault::TooLarge`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<RunSummary, BlockFault> {
        if let Some(block) = self.filler.finish() {
            self.assembler.add(&block, out)?;
        }
        self.assembler.finish(out)
    }
}

fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    // Callers have tested the length against MAX_ROW_BYTES.
    to.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend_from_slice(bytes);
}
