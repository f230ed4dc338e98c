//! Runs on disk: immutable files of sorted rows, encrypted (`docs/formats/run.md`).
//!
//! `writer` makes one in a single pass (`sealing` compresses and encrypts beside it), `reader` reads blocks at offsets, `merge` walks several runs of a table as one,
//! the newest row of a key winning. Rows are byte strings here; `store::master` knows what they mean.

mod merge;
mod reader;
mod sealing;
mod segments;
mod writer;

pub use merge::{Merge, MergedRow, merge_runs, runs_to_merge};
pub use reader::{Bodies, KeySpan, RunCursor, RunReader, Visitor};
pub use writer::RunWriter;

use std::io;

use crate::format::blockfile::{BlockFault, Table};
use crate::format::manifest::RunName;
use crate::format::rowcode::RowFault;
use crate::seal::floe::{FloeFault, FloeParams};
use crate::seal::wrap::WrapFault;

/// Encrypted segments of a run: 4 KiB, so that a lookup decrypts little more than the block it needs, at an overhead of
/// 0.8 %. Bulk reading takes many at a time.
pub const RUN_SEGMENTS: FloeParams = FloeParams::fixed::<4096>();

/// Why a run could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The disk failed.
    #[error("run {run}: cannot {act}")]
    Disk {
        /// Name of the run.
        run: String,
        /// What was tried.
        act: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The file has another length than its manifest says.
    #[error("run {run}: has {got} bytes, its manifest says {want}")]
    Length {
        /// Name of the run.
        run: String,
        /// Length in the manifest.
        want: u64,
        /// Length found.
        got: u64,
    },
    /// The file has another hash than its manifest says.
    #[error("run {run}: its SHA-256 is not that of its manifest")]
    Hash {
        /// Name of the run.
        run: String,
    },
    /// The run's key cannot be unwrapped.
    #[error("run {run}: its key cannot be used")]
    Key {
        /// Name of the run.
        run: String,
        /// Why.
        source: WrapFault,
    },
    /// Header or segment is not authentic.
    #[error("run {run}: {source}")]
    Seal {
        /// Name of the run.
        run: String,
        /// Where and why.
        source: FloeFault,
    },
    /// Index, footer or a block is malformed.
    #[error("run {run}: {source}")]
    Block {
        /// Name of the run.
        run: String,
        /// Where and why.
        source: BlockFault,
    },
    /// A row is malformed.
    #[error("run {run}: block {block}, row {row}: {source}")]
    Row {
        /// Name of the run.
        run: String,
        /// Block, 0-based.
        block: u32,
        /// Row of the block, 0-based.
        row: u32,
        /// Why.
        source: RowFault,
    },
    /// The thread that seals the run ended before its time.
    #[error("run {run}: the thread that seals it ended")]
    Thread {
        /// Name of the run.
        run: String,
    },
    /// The run has another number of rows than its manifest says.
    #[error("run {run}: has {got} rows, its manifest says {want}")]
    RowCount {
        /// Name of the run.
        run: String,
        /// Number in the manifest.
        want: u64,
        /// Number found.
        got: u64,
    },
}

impl RunError {
    /// Name of the run.
    pub fn run(&self) -> &str {
        match self {
            Self::Disk { run, .. }
            | Self::Length { run, .. }
            | Self::Hash { run }
            | Self::Key { run, .. }
            | Self::Seal { run, .. }
            | Self::Block { run, .. }
            | Self::Row { run, .. }
            | Self::Thread { run }
            | Self::RowCount { run, .. } => run,
        }
    }

    /// Adds the run's name to a disk error.
    fn disk(run: &RunName, act: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Disk {
            run: run.as_str().to_owned(),
            act,
            source,
        }
    }

    fn seal(run: &RunName) -> impl Fn(FloeFault) -> Self {
        move |source| Self::Seal {
            run: run.as_str().to_owned(),
            source,
        }
    }

    fn block(run: &RunName) -> impl Fn(BlockFault) -> Self {
        move |source| Self::Block {
            run: run.as_str().to_owned(),
            source,
        }
    }
}

/// What a run's key is wrapped for: a key moved to another run's row does not open.
pub(super) fn key_context(name: &RunName) -> String {
    format!("runs/{}", name.as_str())
}

/// Associated data of a run's encryption: a file that took another's name or table does not open.
fn run_aad(table: Table, name: &RunName) -> Vec<u8> {
    format!("sekisho run 2\n{}\n{}\n", table.as_str(), name.as_str()).into_bytes()
}
