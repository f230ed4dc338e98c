//! Writing the plaintext of a run in one pass and bounded memory (`docs/formats/run.md`).

use zstd::bulk::Compressor;

use super::{
    BLOCK_ROWS, BlockEntry, BlockFault, Footer, Group, MAX_ROW_BYTES, STRIPE_BYTES, TARGET_GROUP_BYTES, Table,
    ZSTD_LEVEL,
};

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunSummary {
    /// Number of rows.
    pub row_count: u64,
    /// Number of blocks.
    pub block_count: u32,
    /// Length of the plaintext in bytes.
    pub plaintext_bytes: u64,
}

/// The rows of one block, not yet compressed. No `Debug`: personal data.
#[derive(Default)]
pub struct RawBlock {
    keys: Vec<u8>,
    bodies: Vec<u8>,
    has_bodies: bool,
    row_count: u32,
    first_key: Vec<u8>,
    last_key: Vec<u8>,
}

impl RawBlock {
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
        if !full && open.row_count < BLOCK_ROWS {
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

/// Turns blocks into the plaintext of a run. Finished bytes are appended to the `out` of each call, in order.
pub struct BlockAssembler {
    table: Table,
    zstd: Compressor<'static>,
    /// The open stripe, and the number of index rows of stripes already given out.
    stripe_keys: Vec<u8>,
    stripe_bodies: Vec<u8>,
    placed_blocks: usize,
    index: Vec<BlockEntry>,
    row_count: u64,
    position: u64,
    compressed: Vec<u8>,
}

impl BlockAssembler {
    /// Begins a run of `table`.
    ///
    /// # Errors
    /// [`BlockFault::Compressor`].
    pub fn new(table: Table) -> Result<Self, BlockFault> {
        Ok(Self {
            table,
            zstd: Compressor::new(ZSTD_LEVEL).map_err(|_| BlockFault::Compressor { block: 0 })?,
            stripe_keys: Vec::new(),
            stripe_bodies: Vec::new(),
            placed_blocks: 0,
            index: Vec::new(),
            row_count: 0,
            position: 0,
            compressed: Vec::new(),
        })
    }

    /// Compresses a block into the open stripe; its offsets are those within the stripe until that is closed.
    ///
    /// # Errors
    /// [`BlockFault::Compressor`].
    pub fn add(&mut self, block: &RawBlock, out: &mut Vec<u8>) -> Result<(), BlockFault> {
        let number = u32::try_from(self.index.len()).unwrap_or(u32::MAX);
        let (zstd, through) = (&mut self.zstd, &mut self.compressed);
        let keys = compress(zstd, number, &block.keys, through, &mut self.stripe_keys)?;
        let bodies = if block.has_bodies {
            compress(zstd, number, &block.bodies, through, &mut self.stripe_bodies)?
        } else {
            Group {
                offset: self.stripe_bodies.len() as u64,
                ..Group::default()
            }
        };
        self.index.push(BlockEntry {
            first_key: block.first_key.as_slice().into(),
            last_key: block.last_key.as_slice().into(),
            row_count: block.row_count,
            keys,
            bodies,
        });
        self.row_count += u64::from(block.row_count);
        if self.stripe_keys.len() + self.stripe_bodies.len() >= STRIPE_BYTES {
            self.close_stripe(out);
        }
        Ok(())
    }

    /// Ends the run: appends what is open, the index and the footer.
    ///
    /// # Errors
    /// [`BlockFault::TooLarge`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<RunSummary, BlockFault> {
        self.close_stripe(out);
        let block_count = u32::try_from(self.index.len()).map_err(|_| BlockFault::TooLarge { row: self.row_count })?;
        let footer = Footer {
            table: self.table,
            block_count,
            row_count: self.row_count,
            index_offset: self.position,
        };
        let start = out.len();
        for entry in &self.index {
            entry.put(out);
        }
        footer.put(out);
        Ok(RunSummary {
            row_count: self.row_count,
            block_count,
            plaintext_bytes: self.position + (out.len() - start) as u64,
        })
    }

    fn close_stripe(&mut self, out: &mut Vec<u8>) {
        let bodies_at = self.position + self.stripe_keys.len() as u64;
        for entry in self.index.iter_mut().skip(self.placed_blocks) {
            entry.keys.offset += self.position;
            entry.bodies.offset += bodies_at;
        }
        self.placed_blocks = self.index.len();
        self.position = bodies_at + self.stripe_bodies.len() as u64;
        out.append(&mut self.stripe_keys);
        out.append(&mut self.stripe_bodies);
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

fn compress(
    zstd: &mut Compressor<'_>,
    block: u32,
    raw: &[u8],
    through: &mut Vec<u8>,
    to: &mut Vec<u8>,
) -> Result<Group, BlockFault> {
    let fault = BlockFault::Compressor { block };
    through.clear();
    through.reserve(zstd::zstd_safe::compress_bound(raw.len()));
    let stored = zstd.compress_to_buffer(raw, through).map_err(|_| fault)?;
    let group = Group {
        offset: to.len() as u64,
        stored_bytes: u32::try_from(stored).map_err(|_| fault)?,
        raw_bytes: u32::try_from(raw.len()).map_err(|_| fault)?,
    };
    to.extend_from_slice(through);
    Ok(group)
}
