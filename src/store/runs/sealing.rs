//! From blocks to the bytes of a run's file, here or in a thread of its own.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

use super::{RUN_SEGMENTS, RunError};
use crate::format::blockfile::{BlockAssembler, BlockFault, RawBlock, Table};
use crate::format::manifest::RunName;
use crate::seal::floe::Sealer;

/// Blocks that wait for the thread or are with it: bounds memory, and keeps the thread busy while the caller's rows come
/// unevenly.
const BLOCKS_IN_FLIGHT: usize = 4;

/// A run's bytes in the making.
pub(super) struct Sealing {
    name: RunName,
    blocks: BlockAssembler,
    sealer: Sealer,
    /// Plaintext that does not fill a segment yet; what is known not to be the last segment is sealed at once.
    plain: Vec<u8>,
    segment: u64,
    hash: Sha256,
    len_bytes: u64,
}

/// What is known of a file whose last byte was given out.
pub(super) struct SealedRun {
    pub(super) row_count: u64,
    pub(super) len_bytes: u64,
    pub(super) hash: Sha256,
}

impl Sealing {
    /// Begins behind the header, which the caller writes.
    pub(super) fn new(table: Table, name: &RunName, sealer: Sealer) -> Result<Self, RunError> {
        let mut hash = Sha256::new();
        hash.update(sealer.header());
        Ok(Self {
            blocks: BlockAssembler::new(table).map_err(RunError::block(name))?,
            name: name.clone(),
            len_bytes: sealer.header().len() as u64,
            sealer,
            plain: Vec::new(),
            segment: 0,
            hash,
        })
    }

    /// The bytes that follow, often none.
    pub(super) fn add(&mut self, block: &RawBlock) -> Result<Vec<u8>, RunError> {
        self.blocks
            .add(block, &mut self.plain)
            .map_err(RunError::block(&self.name))?;
        let full = RUN_SEGMENTS.plaintext_segment_len() as usize;
        let mut sealed = Vec::new();
        let mut done = 0;
        // A segment is sealed only when more follows: the last one carries the final flag.
        while self.plain.len() - done > full {
            let segment = self.plain.get(done..done + full).unwrap_or_default();
            self.sealer
                .seal_segment(self.segment, segment, false, &mut sealed)
                .map_err(RunError::seal(&self.name))?;
            self.segment += 1;
            done += full;
        }
        self.plain.drain(..done);
        self.count(&sealed)?;
        Ok(sealed)
    }

    /// The last bytes.
    pub(super) fn finish(mut self: Box<Self>) -> Result<(Vec<u8>, SealedRun), RunError> {
        let me = &mut *self;
        let fresh = BlockAssembler::new(Table::Current).map_err(RunError::block(&me.name))?;
        let blocks = std::mem::replace(&mut me.blocks, fresh);
        let summary = blocks.finish(&mut me.plain).map_err(RunError::block(&me.name))?;
        let full = RUN_SEGMENTS.plaintext_segment_len();
        let mut sealed = Vec::new();
        for (segment, is_last) in crate::seal::floe::segments(&me.plain, full) {
            me.sealer
                .seal_segment(me.segment, segment, is_last, &mut sealed)
                .map_err(RunError::seal(&me.name))?;
            me.segment += 1;
        }
        me.count(&sealed)?;
        let run = SealedRun {
            row_count: summary.row_count,
            len_bytes: me.len_bytes,
            hash: std::mem::take(&mut me.hash),
        };
        Ok((sealed, run))
    }

    fn count(&mut self, sealed: &[u8]) -> Result<(), RunError> {
        self.hash.update(sealed);
        self.len_bytes = u64::try_from(sealed.len())
            .ok()
            .and_then(|more| self.len_bytes.checked_add(more))
            .ok_or_else(|| RunError::block(&self.name)(BlockFault::TooLarge { row: 0 }))?;
        Ok(())
    }
}

/// A block that went through, and the bytes that it made known.
pub(super) struct Sealed {
    pub(super) block: RawBlock,
    pub(super) bytes: Vec<u8>,
}

/// A thread that seals the blocks of one run.
pub(super) struct SealingThread {
    name: RunName,
    blocks: Option<SyncSender<RawBlock>>,
    sealed: Receiver<Result<Sealed, RunError>>,
    thread: JoinHandle<Box<Sealing>>,
    in_flight: usize,
}

impl SealingThread {
    pub(super) fn start(name: &RunName, mut sealing: Box<Sealing>) -> Result<Self, RunError> {
        let (blocks, from) = sync_channel::<RawBlock>(BLOCKS_IN_FLIGHT);
        let (to, sealed) = sync_channel(BLOCKS_IN_FLIGHT);
        let thread = std::thread::Builder::new().spawn(move || {
            for block in from {
                let result = sealing.add(&block).map(|bytes| Sealed { block, bytes });
                let is_bad = result.is_err();
                // Nobody listens any more where the caller gave up.
                if to.send(result).is_err() || is_bad {
                    break;
                }
            }
            sealing
        });
        Ok(Self {
            thread: thread.map_err(RunError::disk(name, "start the thread of"))?,
            name: name.clone(),
            blocks: Some(blocks),
            sealed,
            in_flight: 0,
        })
    }

    /// Takes a block, and gives the one taken [`BLOCKS_IN_FLIGHT`] calls before.
    pub(super) fn exchange(&mut self, block: RawBlock) -> Result<Option<Sealed>, RunError> {
        let before = if self.in_flight == BLOCKS_IN_FLIGHT {
            self.receive()?
        } else {
            None
        };
        let sent = self.blocks.as_ref().map(|blocks| blocks.send(block));
        if !matches!(sent, Some(Ok(()))) {
            return Err(self.ended());
        }
        self.in_flight += 1;
        Ok(before)
    }

    /// What is in flight, block by block.
    pub(super) fn next_sealed(&mut self) -> Result<Option<Sealed>, RunError> {
        if self.in_flight == 0 {
            return Ok(None);
        }
        self.receive()
    }

    /// Ends the thread.
    pub(super) fn join(mut self) -> Result<Box<Sealing>, RunError> {
        self.blocks = None;
        let ended = self.ended();
        self.thread.join().map_err(|_| ended)
    }

    fn receive(&mut self) -> Result<Option<Sealed>, RunError> {
        self.in_flight -= 1;
        match self.sealed.recv() {
            Ok(result) => result.map(Some),
            Err(_) => Err(self.ended()),
        }
    }

    fn ended(&self) -> RunError {
        RunError::Thread {
            run: self.name.as_str().to_owned(),
        }
    }
}
