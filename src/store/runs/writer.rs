//! Writing a run in one pass: rows to blocks, blocks to segments, segments to the file and its hash.

use std::path::Path;

use rand_core::CryptoRng;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{RUN_SEGMENTS, RunError, key_context, run_aad};
use crate::format::blockfile::{BlockFault, BlockFileWriter, Table};
use crate::format::manifest::{Hash32, Hex, RunName, RunRef};
use crate::ports::{Disk, WriteNew};
use crate::seal::floe::{FloeKey, Sealer};
use crate::seal::secret::SiteKey;
use crate::seal::wrap::{Purpose, wrap_key};
use crate::store::paths::run_file;

/// A run being written; it exists for nobody until a manifest names it.
pub struct RunWriter {
    table: Table,
    name: RunName,
    file: Box<dyn WriteNew>,
    blocks: BlockFileWriter,
    sealer: Sealer,
    wrapped_key: Vec<u8>,
    /// Plaintext that does not fill a segment yet; what is known not to be the last segment is sealed at once.
    plain: Vec<u8>,
    sealed: Vec<u8>,
    segment: u64,
    hash: Sha256,
    len_bytes: u64,
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
        let mut writer = Self {
            table,
            file: disk.create(&path).map_err(RunError::disk(&name, "create"))?,
            blocks: BlockFileWriter::new(table).map_err(RunError::block(&name))?,
            name,
            sealed: sealer.header().to_vec(),
            sealer,
            wrapped_key: wrapped_key.to_vec(),
            plain: Vec::new(),
            segment: 0,
            hash: Sha256::new(),
            len_bytes: 0,
        };
        writer.flush()?;
        Ok(writer)
    }

    /// Adds a row; keys must ascend.
    ///
    /// # Errors
    /// [`RunError::Block`], [`RunError::Disk`], [`RunError::Seal`].
    pub fn push(&mut self, key: &[u8], small: &[u8], body: &[u8]) -> Result<(), RunError> {
        self.blocks
            .push(key, small, body, &mut self.plain)
            .map_err(RunError::block(&self.name))?;
        self.seal_full_segments()
    }

    /// Ends the run, makes the file durable (not the folder) and gives its row for the manifest.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn finish(mut self) -> Result<RunRef, RunError> {
        let fresh = BlockFileWriter::new(self.table).map_err(RunError::block(&self.name))?;
        let blocks = std::mem::replace(&mut self.blocks, fresh);
        let summary = blocks.finish(&mut self.plain).map_err(RunError::block(&self.name))?;
        self.seal_full_segments()?;
        self.sealer
            .seal_segment(self.segment, &self.plain, true, &mut self.sealed)
            .map_err(RunError::seal(&self.name))?;
        self.flush()?;
        self.file.sync().map_err(RunError::disk(&self.name, "sync"))?;
        Ok(RunRef {
            table: self.table,
            name: self.name,
            rows: summary.row_count,
            len_bytes: self.len_bytes,
            sha256: Hash32(self.hash.finalize().into()),
            wrapped_key: Hex(self.wrapped_key),
        })
    }

    fn seal_full_segments(&mut self) -> Result<(), RunError> {
        let full = RUN_SEGMENTS.plaintext_segment_len() as usize;
        let mut done = 0;
        // A segment is sealed only when more follows: the last one carries the final flag.
        while self.plain.len() - done > full {
            let segment = self.plain.get(done..done + full).unwrap_or_default();
            self.sealer
                .seal_segment(self.segment, segment, false, &mut self.sealed)
                .map_err(RunError::seal(&self.name))?;
            self.segment += 1;
            done += full;
        }
        if done > 0 {
            self.plain.drain(..done);
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), RunError> {
        self.file
            .write_all(&self.sealed)
            .map_err(RunError::disk(&self.name, "write"))?;
        self.hash.update(&self.sealed);
        self.len_bytes = u64::try_from(self.sealed.len())
            .ok()
            .and_then(|more| self.len_bytes.checked_add(more))
            .ok_or_else(|| RunError::block(&self.name)(BlockFault::TooLarge { row: 0 }))?;
        self.sealed.clear();
        Ok(())
    }
}
