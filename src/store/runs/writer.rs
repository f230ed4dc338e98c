//! Writing a run in one pass: rows to blocks, blocks to segments, segments to the file and its hash.
//!
//! From the third block on compressing, sealing and hashing are done by a thread of the run's own, a few blocks behind. The
//! file is written by the caller's thread, and always the same number of blocks behind: which bytes go to the disk with
//! which call follows from the rows alone.

use std::path::Path;

use rand_core::CryptoRng;
use sha2::Digest;
use zeroize::Zeroizing;

use super::sealing::{Sealing, SealingThread};
use super::{RUN_SEGMENTS, RunError, key_context, run_aad};
use crate::format::blockfile::{BlockFiller, RawBlock, Table};
use crate::format::manifest::{Hash32, Hex, RunName, RunRef};
use crate::ports::{Disk, WriteNew};
use crate::seal::floe::{FloeKey, Sealer};
use crate::seal::secret::SiteKey;
use crate::seal::wrap::{Purpose, wrap_key};
use crate::store::paths::run_file;

/// Blocks that are sealed in the caller's thread: most runs have no more, and need no thread.
const BLOCKS_HERE: u32 = 2;

/// A run being written; it exists for nobody until a manifest names it.
pub struct RunWriter {
    table: Table,
    name: RunName,
    file: Box<dyn WriteNew>,
    filler: BlockFiller,
    sealing: At,
    blocks: u32,
    spare: Option<RawBlock>,
    wrapped_key: Vec<u8>,
}

/// Where blocks are sealed.
enum At {
    Here(Box<Sealing>),
    Thread(SealingThread),
    /// After an error.
    Nowhere,
}

impl RunWriter {
    /// Creates the file of a new run in `folder`, under a fresh name and key.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn create<R: CryptoRng + ?Sized>(
        disk: &dyn Disk,
        folder: &Path,
        table: Table,
        site: &SiteKey,
        rng: &mut R,
    ) -> Result<Self, RunError> {
        let mut name = [0; 16];
        rng.fill_bytes(&mut name);
        let name = RunName::from_bytes(name);
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *key);
        let (mut nonce, mut iv) = ([0; 12], [0; 32]);
        rng.fill_bytes(&mut nonce);
        rng.fill_bytes(&mut iv);
        let wrapped_key =
            wrap_key(site, Purpose::Run, &key_context(&name), &key, nonce).map_err(|source| RunError::Key {
                run: name.as_str().to_owned(),
                source,
            })?;
        let sealer = Sealer::new(&FloeKey::new(*key), RUN_SEGMENTS, &run_aad(table, &name), iv);
        let path = folder.join(run_file(&name));
        let mut file = disk.create(&path).map_err(RunError::disk(&name, "create"))?;
        file.write_all(sealer.header())
            .map_err(RunError::disk(&name, "write"))?;
        Ok(Self {
            table,
            file,
            filler: BlockFiller::new(table),
            sealing: At::Here(Box::new(Sealing::new(table, &name, sealer)?)),
            blocks: 0,
            spare: None,
            name,
            wrapped_key: wrapped_key.to_vec(),
        })
    }

    /// Adds a row; keys must ascend.
    ///
    /// # Errors
    /// [`RunError::Block`], [`RunError::Disk`], [`RunError::Seal`], [`RunError::Thread`].
    pub fn push(&mut self, key: &[u8], small: &[u8], body: &[u8]) -> Result<(), RunError> {
        let full = self.filler.push(key, small, body, &mut self.spare);
        match full.map_err(RunError::block(&self.name))? {
            Some(block) => self.seal(block),
            None => Ok(()),
        }
    }

    /// Ends the run, makes the file durable (not the folder) and gives its row for the manifest.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn finish(mut self) -> Result<RunRef, RunError> {
        let filler = std::mem::replace(&mut self.filler, BlockFiller::new(self.table));
        if let Some(block) = filler.finish() {
            self.seal(block)?;
        }
        let sealing = match std::mem::replace(&mut self.sealing, At::Nowhere) {
            At::Here(sealing) => sealing,
            At::Thread(mut thread) => {
                while let Some(sealed) = thread.next_sealed()? {
                    self.write(&sealed.bytes)?;
                }
                thread.join()?
            }
            At::Nowhere => return Err(self.no_thread()),
        };
        let (last, sealed) = sealing.finish()?;
        self.write(&last)?;
        self.file.sync().map_err(RunError::disk(&self.name, "sync"))?;
        Ok(RunRef {
            table: self.table,
            name: self.name,
            rows: sealed.row_count,
            len_bytes: sealed.len_bytes,
            sha256: Hash32(sealed.hash.finalize().into()),
            wrapped_key: Hex(self.wrapped_key),
        })
    }

    fn seal(&mut self, block: RawBlock) -> Result<(), RunError> {
        if self.blocks == BLOCKS_HERE {
            self.sealing = match std::mem::replace(&mut self.sealing, At::Nowhere) {
                At::Here(sealing) => At::Thread(SealingThread::start(&self.name, sealing)?),
                other @ (At::Thread(_) | At::Nowhere) => other,
            };
        }
        self.blocks = self.blocks.saturating_add(1);
        let sealed = match &mut self.sealing {
            At::Here(sealing) => {
                let bytes = sealing.add(&block)?;
                self.spare = Some(block);
                bytes
            }
            At::Thread(thread) => match thread.exchange(block)? {
                Some(sealed) => {
                    self.spare = Some(sealed.block);
                    sealed.bytes
                }
                None => Vec::new(),
            },
            At::Nowhere => return Err(self.no_thread()),
        };
        self.write(&sealed)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), RunError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.file.write_all(bytes).map_err(RunError::disk(&self.name, "write"))
    }

    fn no_thread(&self) -> RunError {
        RunError::Thread {
            run: self.name.as_str().to_owned(),
        }
    }
}
