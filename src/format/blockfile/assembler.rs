//! Blocks into the plaintext of a run, in one pass and bounded memory (`docs/formats/run.md`).

use zstd::bulk::Compressor;
use zstd::zstd_safe::CParameter;

use super::index::row_bytes;
use super::{
    BlockEntry, BlockFault, DICTIONARY_FROM_BYTES, Footer, Group, MAX_DICTIONARY_BYTES, MAX_PAGE_ROWS, PagePlace,
    RawBlock, SAMPLE_BYTES, STRIPE_BYTES, Table, UPPER_PAGE_ROWS, ZSTD_LEVEL,
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

/// The open stripe: compressed groups, and the page that lists its blocks.
#[derive(Default)]
struct Stripe {
    keys: Vec<u8>,
    bodies: Vec<u8>,
    page: Vec<u8>,
    rows: u32,
    first_key: Vec<u8>,
    last_key: Vec<u8>,
}

/// Pages of one level that no page names yet, as rows of the next level.
#[derive(Default)]
struct Level {
    rows: Vec<u8>,
    count: u32,
}

/// Turns blocks into the plaintext of a run. Finished bytes are appended to the `out` of each call, in order.
pub struct BlockAssembler {
    table: Table,
    keys: Compressor<'static>,
    bodies: Compressor<'static>,
    dictionary_bytes: [u32; 2],
    /// The first blocks, until it is known that the run is large enough for dictionaries.
    held: Option<Vec<RawBlock>>,
    held_bytes: usize,
    stripe: Stripe,
    stripes: Level,
    /// The page of the last stripe.
    last_page: Option<PagePlace>,
    block_count: u32,
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
        let compressor = || Compressor::new(ZSTD_LEVEL).map_err(|_| BlockFault::Compressor { block: 0 });
        Ok(Self {
            table,
            keys: compressor()?,
            bodies: compressor()?,
            dictionary_bytes: [0; 2],
            // The other tables have no bodies, and keys that resemble each other little.
            held: matches!(table, Table::Current | Table::History).then(Vec::new),
            held_bytes: 0,
            stripe: Stripe::default(),
            stripes: Level::default(),
            last_page: None,
            block_count: 0,
            row_count: 0,
            position: 0,
            compressed: Vec::new(),
        })
    }

    /// Takes a block.
    ///
    /// # Errors
    /// [`BlockFault::Compressor`], [`BlockFault::TooLarge`].
    pub fn add(&mut self, block: &RawBlock, out: &mut Vec<u8>) -> Result<(), BlockFault> {
        let Some(held) = &mut self.held else {
            return self.compress(block, out);
        };
        held.push(block.clone());
        self.held_bytes = self.held_bytes.saturating_add(block.bodies.len());
        if self.held_bytes < DICTIONARY_FROM_BYTES {
            return Ok(());
        }
        let held = self.held.take().unwrap_or_default();
        let keys = dictionary(held.iter().map(|block| block.keys.as_slice()));
        let bodies = dictionary(held.iter().map(|block| block.bodies.as_slice()));
        for ((bytes, to), len) in [(&keys, &mut self.keys), (&bodies, &mut self.bodies)]
            .into_iter()
            .zip(&mut self.dictionary_bytes)
        {
            if !bytes.is_empty() {
                *to = with_dictionary(bytes).map_err(|_| BlockFault::Dictionary)?;
            }
            *len = u32::try_from(bytes.len()).map_err(|_| BlockFault::Dictionary)?;
            self.position = self.position.saturating_add(bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
        held.iter().try_for_each(|block| self.compress(block, out))
    }

    /// Compresses a block into the open stripe.
    fn compress(&mut self, block: &RawBlock, out: &mut Vec<u8>) -> Result<(), BlockFault> {
        let (number, through, stripe) = (self.block_count, &mut self.compressed, &mut self.stripe);
        let keys = compress(&mut self.keys, number, &block.keys, through, &mut stripe.keys)?;
        let bodies = if block.has_bodies {
            compress(&mut self.bodies, number, &block.bodies, through, &mut stripe.bodies)?
        } else {
            Group::default()
        };
        let entry = BlockEntry {
            first_key: &block.first_key,
            last_key: &block.last_key,
            row_count: block.row_count,
            keys,
            bodies,
        };
        entry.put(&mut stripe.page);
        if stripe.rows == 0 {
            stripe.first_key.clone_from(&block.first_key);
        }
        stripe.last_key.clone_from(&block.last_key);
        stripe.rows += 1;
        let is_full = stripe.rows >= MAX_PAGE_ROWS || stripe.keys.len() + stripe.bodies.len() >= STRIPE_BYTES;
        let too_large = BlockFault::TooLarge { row: self.row_count };
        self.block_count = number.checked_add(1).ok_or(too_large)?;
        self.row_count = self.row_count.saturating_add(block.row_count.into());
        if is_full {
            self.close_stripe(out);
        }
        Ok(())
    }

    /// Ends the run: appends what is open, the upper pages of the index and the footer.
    ///
    /// # Errors
    /// [`BlockFault::Compressor`], [`BlockFault::TooLarge`].
    pub fn finish(mut self, out: &mut Vec<u8>) -> Result<RunSummary, BlockFault> {
        for block in joined(self.held.take().unwrap_or_default()) {
            self.compress(&block, out)?;
        }
        self.close_stripe(out);
        let (levels, root) = self.upper_pages(out);
        let [key_dictionary_bytes, body_dictionary_bytes] = self.dictionary_bytes;
        let footer = Footer {
            table: self.table,
            levels,
            block_count: self.block_count,
            row_count: self.row_count,
            key_dictionary_bytes,
            body_dictionary_bytes,
            root_offset: root.map_or(0, |root| root.offset),
            root_rows: root.map_or(0, |root| root.rows),
        };
        let start = out.len();
        footer.put(out);
        Ok(RunSummary {
            row_count: self.row_count,
            block_count: self.block_count,
            plaintext_bytes: self.position + (out.len() - start) as u64,
        })
    }

    fn close_stripe(&mut self, out: &mut Vec<u8>) {
        let stripe = &mut self.stripe;
        if stripe.rows == 0 {
            return;
        }
        let place = PagePlace {
            level: 0,
            first_block: self.block_count.saturating_sub(stripe.rows),
            offset: self.position,
            rows: stripe.rows,
        };
        place.put(&stripe.first_key, &stripe.last_key, &mut self.stripes.rows);
        self.stripes.count += 1;
        self.last_page = Some(place);
        for part in [&mut stripe.page, &mut stripe.keys, &mut stripe.bodies] {
            self.position = self.position.saturating_add(part.len() as u64);
            out.append(part);
        }
        stripe.rows = 0;
    }

    /// Level after level until one page names all others. Gives the number of levels and the root.
    fn upper_pages(&mut self, out: &mut Vec<u8>) -> (u8, Option<PagePlace>) {
        let mut level = 0;
        let mut root = self.last_page;
        let mut below = std::mem::take(&mut self.stripes);
        while below.count > 1 {
            level += 1;
            let mut above = Level::default();
            let (width, key_bytes) = (row_bytes(self.table, level), self.table.key_bytes());
            for page in below.rows.chunks(width * UPPER_PAGE_ROWS) {
                let rows = page.len() / width;
                let key = |row: usize, at: usize| {
                    let start = row * width + at;
                    page.get(start..start + key_bytes).unwrap_or_default()
                };
                let first_block = page.get(2 * key_bytes..).and_then(<[u8]>::first_chunk);
                let place = PagePlace {
                    level,
                    first_block: first_block.map_or(0, |bytes| u32::from_be_bytes(*bytes)),
                    offset: self.position,
                    rows: u32::try_from(rows).unwrap_or(u32::MAX),
                };
                place.put(key(0, 0), key(rows.saturating_sub(1), key_bytes), &mut above.rows);
                above.count += 1;
                root = Some(place);
                out.extend_from_slice(page);
                self.position = self.position.saturating_add(page.len() as u64);
            }
            below = above;
        }
        (level + u8::from(root.is_some()), root)
    }
}

/// Blocks joined to larger ones, as far as rows and bytes allow.
fn joined(blocks: Vec<RawBlock>) -> Vec<RawBlock> {
    let mut all: Vec<RawBlock> = Vec::new();
    for block in blocks {
        match all.last_mut() {
            Some(last) if last.takes(&block) => last.append(&block),
            Some(_) | None => all.push(block),
        }
    }
    all
}

/// A dictionary made of samples; empty where none can be made of them. The same samples give the same one.
fn dictionary<'a>(samples: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut all, mut lengths) = (Vec::new(), Vec::new());
    for sample in samples {
        if all.len() >= SAMPLE_BYTES {
            break;
        }
        all.extend_from_slice(sample);
        lengths.push(sample.len());
    }
    zstd::dict::from_continuous(&all, &lengths, MAX_DICTIONARY_BYTES).unwrap_or_default()
}

/// Frames do not name their dictionary: a run has but one of each kind.
fn with_dictionary(bytes: &[u8]) -> std::io::Result<Compressor<'static>> {
    let mut zstd = Compressor::with_dictionary(ZSTD_LEVEL, bytes)?;
    zstd.set_parameter(CParameter::DictIdFlag(false))?;
    Ok(zstd)
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
        offset: 0,
        stored_bytes: u32::try_from(stored).map_err(|_| fault)?,
        raw_bytes: u32::try_from(raw.len()).map_err(|_| fault)?,
    };
    to.extend_from_slice(through);
    Ok(group)
}
