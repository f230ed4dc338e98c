//! Committed leaves and their proofs.

use std::ops::Range;

use super::files::{LogFiles, TreeReader};
use super::{CHECKPOINT_FILE, Fault, Ledger, LedgerError, LogName, edge_of};
use crate::format::leaf::{Act, Label, Leaf};
use crate::format::note::SignedNote;
use crate::format::proof::{Checkpoint, ProofFile};
use crate::format::tile::{TileId, TileKind};
use crate::seal::merkle::{
    Hash, consistency_proof, inclusion_proof, leaf_hash, range_root, verify_consistency, verify_inclusion,
};
use crate::seal::notesign::{NoteSignError, NoteVerifier};

impl Ledger<'_> {
    /// The log before this one, for reading: the one whose last checkpoint stands in the first leaf. `None` for the first
    /// log of all, and where that log was disposed of. Where a key change stands between the two, its last leaf leads from
    /// the key of this log to its own.
    ///
    /// # Errors
    /// As [`Ledger::open_log`]; `Damaged` where the logs do not hang together.
    pub fn before(&self) -> Result<Option<Self>, LedgerError> {
        // The hash of a leaf alone would trust the tile; the proof leads to the signed root.
        self.inclusion_proof(0)?;
        let Some(text) = self.leaf(0)?.checkpoint else {
            return Ok(None);
        };
        let at_leaf = |fault| self.files.defect("tile/entries", Some(0), fault);
        let note = SignedNote::parse(text.as_bytes()).map_err(|e| at_leaf(Fault::Note(e.into())))?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|e| at_leaf(Fault::Checkpoint(e)))?;
        let name = LogName::of_origin(&checkpoint.origin, &self.prefix).filter(|name| *name < self.files.name);
        let name = name.ok_or_else(|| at_leaf(Fault::Origin))?;
        let files = LogFiles::new(self.files.disk, &self.dir, name);
        if !files.has_checkpoint()? {
            return Ok(None);
        }
        let last = last_leaf(&files, &checkpoint)?;
        let verifier = if last.act == Act::KeyChange {
            self.key_before(&files, &checkpoint, &last)?
        } else {
            self.verifier.clone()
        };
        let before = Self::open_log(self.files.disk, &self.dir, &self.prefix, &verifier, name)?;
        if before.checkpoint.text() == note.text() {
            Ok(Some(before))
        } else {
            Err(files.defect(CHECKPOINT_FILE, None, Fault::Chain).into())
        }
    }

    /// The key of the log that `last` closed by a key change to ours.
    fn key_before(
        &self,
        files: &LogFiles<'_>,
        checkpoint: &Checkpoint,
        last: &Leaf,
    ) -> Result<NoteVerifier, LedgerError> {
        let key = |label: &Option<Label>| {
            let parsed = label.as_ref().map(|label| NoteVerifier::parse(label.as_str()));
            parsed.and_then(Result::ok)
        };
        let (before, after) = (key(&last.key_before), key(&last.key_after));
        if let Some(before) = before.filter(|_| after.is_some_and(|after| after.public() == self.verifier.public())) {
            return Ok(before);
        }
        let index = checkpoint.size.saturating_sub(1);
        Err(files.defect("tile/entries", Some(index), Fault::Key).into())
    }

    /// Root of the first `size` leaves of this log, from its tiles; they are tested against the signed root.
    ///
    /// # Errors
    /// `Index`, `Damaged`, `Read`.
    pub fn root_at(&self, size: u64) -> Result<Hash, LedgerError> {
        let now = self.edge.size();
        if size == 0 || size > now {
            return Err(LedgerError::Index { index: size, size: now });
        }
        let tree = TreeReader::new(&self.files, now);
        let root = range_root(&tree, 0, size)?;
        let proof = consistency_proof(&tree, size, now)?;
        verify_consistency(size, now, &root, &self.root, &proof)
            .map_err(|_| self.files.defect("tile", Some(size.saturating_sub(1)), Fault::Root))?;
        Ok(root)
    }

    /// Tests that a checkpoint, of whatever size, was signed for this log.
    ///
    /// # Errors
    /// [`NoteSignError`].
    pub fn check_note(&self, note: &SignedNote) -> Result<(), NoteSignError> {
        self.check_note_of(self.files.name, note)
    }

    /// Tests that a checkpoint was signed for another log, by the key of this one.
    ///
    /// # Errors
    /// [`NoteSignError`].
    pub fn check_note_of(&self, log: LogName, note: &SignedNote) -> Result<(), NoteSignError> {
        self.verifier.named(&log.origin(&self.prefix))?.verify(note)
    }

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

/// The last leaf of a log whose size and root are known from elsewhere.
fn last_leaf(files: &LogFiles<'_>, checkpoint: &Checkpoint) -> Result<Leaf, LedgerError> {
    let size = checkpoint.size;
    let index = size.saturating_sub(1);
    if edge_of(files, size)?.root() != checkpoint.root {
        return Err(files.defect(CHECKPOINT_FILE, None, Fault::Root).into());
    }
    let outside = || LedgerError::Index { index, size };
    let tile = TileId::holding(TileKind::Entries, index, size).ok_or_else(outside)?;
    let entry = files.entries(tile)?.pop().ok_or_else(outside)?;
    Leaf::parse(&entry).map_err(|e| files.defect(tile.path(), Some(index), Fault::Leaf(e)).into())
}
