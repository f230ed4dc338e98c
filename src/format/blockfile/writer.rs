//! Writing the plaintext of a run in one pass and bounded memory (`docs/formats/run.md`).

use zstd::bulk::Compressor;

use super::{
    BlockEntry, BlockFault, Footer, Group, MAX_BLOCK_ROWS, MAX_ROW_BYTES, STRIPE_BYTES, TARGET_GROUP_BYTES, Table,
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

/// Turns ascending rows into the plaintext of a run. Finished bytes are appended to the `out` of each call, in order.
pub struct BlockFileWriter {
    table: Table,
    zstd: Compressor<'static>,
    /// The open block.
    keys: Vec<u8>,
    bodies: Vec<u8>,
    has_bodies: bool,
    block_rows: u32,
    first_key: Vec<u8>,
    last_key: Vec<u8>,
    /// The open stripe, and the number of index rows of stripes already given out.
    stripe_keys: Vec<u8>,
    stripe_bodies: Vec<u8>,
    placed_blocks: usize,
    index: Vec<BlockEntry>,
    row_count: u64,
    position: u64,
}

impl BlockFileWriter {
    /// Begins a run of `table`.
    ///
    /// # Errors
    /// [`BlockFault::Compressor`].
    pub fn new(table: Table) -> Result<Self, BlockFault> {
        Ok(Self {
            table,
            zstd: Compressor::new(ZSTD_LEVEL).map_err(|_| BlockFault::Compressor { block: 0 })?,
            keys: Vec::new(),
            bodies: Vec::new(),
            has_bodies: false,
            block_rows: 0,
            first_key: Vec::new(),
            last_key: Vec::new(),
            stripe_keys: Vec::new(),
            stripe_bodies: Vec::new(),
            placed_blocks: 0,
            index: Vec::new(),
            row_count: 0,
            position: 0,
        })
    }

    /// Adds a row; keys must ascend.
    ///
    /// # Errors
    /// [`BlockFault::KeyWidth`], [`BlockFault::Order`], [`BlockFault::TooLarge`], [`BlockFault::Compressor`].
    pub fn push(&mut self, key: &[u8], small: &[u8], body: &[u8], out: &mut Vec<u8>) -> Result<(), BlockFault> {
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
        if self.block_rows == 0 {
            self.first_key.clear();
            self.first_key.extend_from_slice(key);
        }
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.keys.extend_from_slice(key);
        put_bytes(&mut self.keys, small);
        put_bytes(&mut self.bodies, body);
        self.has_bodies |= !body.is_empty();
        self.block_rows += 1;
        self.row_count += 1;
        let full = self.keys.len().max(self.bodies.len()) >= TARGET_GROUP_BYTES;
        if full || self.block_rows == MAX_BLOCK_ROWS {
            self.close_block()?;
            if self.stripe_keys.len() + self.stripe_bodies.len() >= STRIPE_BYTES {
                self.close_stripe(out);
            }
        }
        Ok(())
    }

    /// Ends the run: appends what is open, the index and the footer.
    ///
    /// # Errors
    /// [`BlockFault::Compressor`], [`BlockFault::TooLarge`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<RunSummary, BlockFault> {
        if self.block_rows > 0 {
            self.close_block()?;
        }
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

    /// Compresses the open block into the open stripe; its offsets are those within the stripe until that is closed.
    fn close_block(&mut self) -> Result<(), BlockFault> {
        let block = u32::try_from(self.index.len()).unwrap_or(u32::MAX);
        let keys = compress(&mut self.zstd, block, &self.keys, &mut self.stripe_keys)?;
        let bodies = if self.has_bodies {
            compress(&mut self.zstd, block, &self.bodies, &mut self.stripe_bodies)?
        } else {
            Group {
                offset: self.stripe_bodies.len() as u64,
                ..Group::default()
            }
        };
        self.index.push(BlockEntry {
            first_key: self.first_key.as_slice().into(),
            last_key: self.last_key.as_slice().into(),
            row_count: self.block_rows,
            keys,
            bodies,
        });
        self.keys.clear();
        self.bodies.clear();
        self.has_bodies = false;
        self.block_rows = 0;
        Ok(())
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

fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    // Callers have tested the length against MAX_ROW_BYTES.
    to.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    to.extend_from_slice(bytes);
}

fn compress(zstd: &mut Compressor<'_>, block: u32, raw: &[u8], to: &mut Vec<u8>) -> Result<Group, BlockFault> {
    let fault = BlockFault::Compressor { block };
    let stored = zstd.compress(raw).map_err(|_| fault)?;
    let group = Group {
        offset: to.len() as u64,
        stored_bytes: u32::try_from(stored.len()).map_err(|_| fault)?,
        raw_bytes: u32::try_from(raw.len()).map_err(|_| fault)?,
    };
    to.extend_from_slice(&stored);
    Ok(group)
}
