//! The plaintext of a run: sorted rows in compressed blocks, an index and a footer (`docs/formats/run.md`).
//!
//! A block has a *key group* (key and small part of each row) and a *body group*, compressed apart. Blocks are
//! gathered into stripes, all key groups of a stripe in front of its body groups, so that a reader of keys passes over
//! most of the encrypted segments. Each stripe begins with the page of the index that lists its blocks. Pure: bytes in, bytes out; `store::runs` encrypts and reads at offsets.

mod assembler;
mod block;
mod footer;
mod index;
mod place;
mod writer;

pub use assembler::{BlockAssembler, RunSummary};
pub use block::{BlockRows, Dictionaries, Unpacker};
pub use footer::{FOOTER_BYTES, Footer};
pub use index::{BlockEntry, Group, Page, PagePlace};
pub use place::{Place, Plaintext, Root, Whole};
pub use writer::{BlockFileWriter, BlockFiller, RawBlock};

use super::rowcode::{CODE_KEY_BYTES, IDENTITY_KEY_BYTES, NOTICE_KEY_BYTES, NUMBER_KEY_BYTES, VERSION_KEY_BYTES};

/// Most rows of one block.
pub const MAX_BLOCK_ROWS: u32 = 512;
/// A block is closed when either group reaches this many bytes before compression: some 22 residents, so that a lookup
/// decompresses little. What smaller blocks lose is won back by dictionaries.
pub const TARGET_GROUP_BYTES: usize = 4 << 10;
/// Most bytes of one row's small part and of its body. A row has at most 65,535 bytes of text and as many cells of six bytes.
pub const MAX_ROW_BYTES: usize = 512 << 10;
/// Most bytes of one group before compression: bounds what a reader allocates.
pub const MAX_GROUP_BYTES: u32 = 2 << 20;
/// A stripe is written when its compressed groups reach this many bytes, so that key groups lie together, while the writer
/// holds no more than this in memory.
pub const STRIPE_BYTES: usize = 256 << 10;
/// Most rows of an index page; a stripe with as many blocks is written.
pub const MAX_PAGE_ROWS: u32 = 512;
/// Rows of the pages above the leaves.
pub const UPPER_PAGE_ROWS: usize = 128;
/// Most levels of an index: two are a quarter of a million rows, each further one 128 times as many.
pub const MAX_LEVELS: u8 = 8;
/// Most bytes of a dictionary.
pub const MAX_DICTIONARY_BYTES: usize = 16 << 10;
/// Bytes of body groups before compression of which dictionaries are made: making one costs as much as compressing some ten
/// times as many, and six times as many are but 3 % better.
pub const SAMPLE_BYTES: usize = 128 << 10;
/// A run with fewer bytes of bodies than these has no dictionaries; its blocks are joined to larger ones instead.
pub const DICTIONARY_FROM_BYTES: usize = 1 << 20;
/// Size of either group before compression up to which blocks are joined.
pub const JOINED_GROUP_BYTES: usize = 16 << 10;
/// zstd level: the fastest; higher ones save little on rows of digits and names.
pub const ZSTD_LEVEL: i32 = 1;

/// A table of the master; each is a list of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Current entry by code.
    Current,
    /// Versions by code and version number; append-only.
    History,
    /// First owner by 個人番号; append-only.
    Numbers,
    /// Digest of an applied notice by items 1, 10, 18, 22; append-only.
    Notices,
    /// What is known of a file by the digest of its bytes; used by the exchange.
    Identities,
}

impl Table {
    /// All tables, in the order of the manifest.
    pub const ALL: [Self; 5] = [
        Self::Current,
        Self::History,
        Self::Numbers,
        Self::Notices,
        Self::Identities,
    ];

    /// The table's number in a run's footer.
    pub const fn number(self) -> u8 {
        match self {
            Self::Current => 1,
            Self::History => 2,
            Self::Numbers => 3,
            Self::Notices => 4,
            Self::Identities => 5,
        }
    }

    /// The table's name in manifests and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::History => "history",
            Self::Numbers => "numbers",
            Self::Notices => "notices",
            Self::Identities => "identities",
        }
    }

    /// The table with this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.as_str() == text)
    }

    /// Width of the table's keys in bytes.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Current => CODE_KEY_BYTES,
            Self::History => VERSION_KEY_BYTES,
            Self::Numbers => NUMBER_KEY_BYTES,
            Self::Notices => NOTICE_KEY_BYTES,
            Self::Identities => IDENTITY_KEY_BYTES,
        }
    }
}

/// Why bytes are not a run, or rows cannot be one. Positions only, never content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BlockFault {
    /// The footer is missing or not ours: magic, table, key width, reserved bytes.
    #[error("not the footer of a run of this table")]
    Footer,
    /// The footer of a run of another version.
    #[error("run of version {got}")]
    Version {
        /// Version found.
        got: u8,
    },
    /// The index does not fit footer and length of the run.
    #[error("the run's index contradicts its footer")]
    IndexLength,
    /// An index row points outside the run, overlaps the row before, or has an impossible length.
    #[error("impossible index row {block}")]
    IndexRow {
        /// Block, 0-based.
        block: u32,
    },
    /// A group does not decompress to its stated length.
    #[error("block {block} does not decompress")]
    Compression {
        /// Block, 0-based.
        block: u32,
    },
    /// A group's rows do not fill it, or contradict the index.
    #[error("rows of block {block} contradict its index row")]
    Rows {
        /// Block, 0-based.
        block: u32,
    },
    /// Keys are not strictly ascending.
    #[error("row {row} is out of order")]
    Order {
        /// Row of the run, 0-based.
        row: u64,
    },
    /// A key of another width than the table's.
    #[error("row {row} has a key of the wrong width")]
    KeyWidth {
        /// Row of the run, 0-based.
        row: u64,
    },
    /// A row over the limit of [`MAX_ROW_BYTES`], or a run over its counters.
    #[error("row {row} is too large")]
    TooLarge {
        /// Row of the run, 0-based.
        row: u64,
    },
    /// A dictionary cannot be used.
    #[error("a dictionary cannot be used")]
    Dictionary,
    /// The compressor failed.
    #[error("block {block} cannot be compressed")]
    Compressor {
        /// Block, 0-based.
        block: u32,
    },
}

#[cfg(test)]
mod tests;
