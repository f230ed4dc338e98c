//! Committed leaves and their proofs.

use std::ops::Range;

use super::files::TreeReader;
use super::{Fault, Ledger, LedgerError};
use crate::format::leaf::Leaf;
use crate::format::proof::ProofFile;
use crate::format::tile::{TileId, TileKind};
use crate::seal::merkle::{Hash, consistency_proof, inclusion_proof, leaf_hash, verify_inclusion};

impl Ledger<'_> {
    /// One committed entry of the newest log, tested against its hash.
    ///
    /// # Errors
    /// `Index`, `Damaged`, `Read`.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, LedgerError> {
        let mut entries = self.entries(index..index.saturating_add(1))?;
        entries.pop().ok_or(LedgerError::Index {
            index,
            size: self.edge.size(),
        })
    }

    /// One committed leaf of the newest log.
    ///
    /// # Errors
    /// As [`Ledger::entry`].
    pub fn leaf(&self, index: u64) -> Result<Leaf, LedgerError> {
        let entry = self.entry(index)?;
        Leaf::parse(&entry).map_err(|e| {
            let tile = TileId::holding(TileKind::Entries, index, self.edge.size());
            let object = tile.map(|tile| tile.path()).unwrap_or_default();
            self.files.defect(object, Some(index), Fault::Leaf(e)).into()
        })
    }

    /// Committed entries of the newest log, each tested against its hash.
    ///
    /// # Errors
    /// `Index` where the range ends beyond the log; `Damaged`, `Read`.
    pub fn entries(&self, range: Range<u64>) -> Result<Vec<Vec<u8>>, LedgerError> {
        let size = self.edge.size();
        if range.end > size {
            return Err(LedgerError::Index { index: range.end, size });
        }
        let mut out = Vec::new();
        let mut index = range.start;
        while index < range.end {
            let outside = LedgerError::Index { index, size };
            let tile = TileId::holding(TileKind::Entries, index, size).ok_or(outside)?;
            for (place, entry) in (tile.first_leaf()..).zip(self.files.entries(tile)?) {
                if range.contains(&place) {
                    out.push(entry);
                }
            }
            index = tile.first_leaf() + u64::from(tile.width);
        }
        Ok(out)
    }

    /// The sealed private part of a committed leaf.
    ///
    /// # Errors
    /// `Damaged` where it is missing, `Read`.
    pub fn sealed_private(&self, index: u64) -> Result<Vec<u8>, LedgerError> {
        self.files.private(index)
    }

    /// Inclusion proof of a committed leaf in the tree of the checkpoint. It is verified before it is given out, so that a
    /// damaged tile makes an error, never a wrong proof.
    ///
    /// # Errors
    /// `Index`, `Damaged`, `Read`.
    pub fn inclusion_proof(&self, index: u64) -> Result<Vec<Hash>, LedgerError> {
        let size = self.edge.size();
        let leaf = leaf_hash(&self.entry(index)?);
        let proof = inclusion_proof(&TreeReader::new(&self.files, size), index, size)?;
        verify_inclusion(&leaf, index, size, &proof, &self.root)
            .map_err(|_| self.files.defect("tile", Some(index), Fault::Root))?;
        Ok(proof)
    }

    /// The proof file of a committed leaf: its public text, its inclusion proof, the checkpoint.
    ///
    /// # Errors
    /// As [`Ledger::inclusion_proof`].
    pub fn proof_file(&self, index: u64) -> Result<ProofFile, LedgerError> {
        Ok(ProofFile {
            extra: Some(self.entry(index)?),
            index,
            hashes: self.inclusion_proof(index)?,
            checkpoint: self.checkpoint.clone(),
        })
    }

    /// Consistency proof from an earlier size of this log to the checkpoint, for a witness.
    ///
    /// # Errors
    /// `Index`, `Damaged`, `Read`.
    pub fn consistency_proof(&self, old_size: u64) -> Result<Vec<Hash>, LedgerError> {
        let size = self.edge.size();
        if old_size > size {
            return Err(LedgerError::Index { index: old_size, size });
        }
        consistency_proof(&TreeReader::new(&self.files, size), old_size, size)
    }
}
