//! What somebody else saw of a log, against what is there now: an earlier checkpoint, or a proof that went out. This is how a
//! ledger is found out that was put back, or written anew, by who has the key.

use std::ops::Range;

use super::files::TreeReader;
use super::{Ledger, LedgerError};
use crate::format::proof::{Checkpoint, ProofFile};
use crate::seal::merkle::{Hash, inclusion_proof, leaf_hash};

/// What a log is to who saw it earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It begins with the leaves that were seen.
    Same,
    /// It has fewer leaves than were seen.
    Shorter {
        /// Leaves it has.
        has: u64,
    },
    /// It has other leaves; the first difference lies in this range.
    Other {
        /// Indices.
        leaves: Range<u64>,
    },
}

impl Ledger<'_> {
    /// Compares this log with a checkpoint of it. `proof` is the proof file that the checkpoint came in, tested already: it
    /// tells more exactly where the two differ.
    ///
    /// # Errors
    /// `Damaged`, `Read`.
    pub fn seen(&self, checkpoint: &Checkpoint, proof: Option<&ProofFile>) -> Result<Seen, LedgerError> {
        let has = self.tip().size;
        if checkpoint.size > has {
            return Ok(Seen::Shorter { has });
        }
        if self.root_at(checkpoint.size)? == checkpoint.root {
            return Ok(Seen::Same);
        }
        let narrowed = match proof {
            Some(proof) => self.differs(proof, checkpoint.size)?,
            None => None,
        };
        let leaves = narrowed.unwrap_or(0..checkpoint.size);
        Ok(Seen::Other { leaves })
    }

    /// The first range of leaves over which this log has another hash than the proof.
    fn differs(&self, proof: &ProofFile, size: u64) -> Result<Option<Range<u64>>, LedgerError> {
        let tree = TreeReader::new(&self.files, self.tip().size);
        let ours = inclusion_proof(&tree, proof.index, size)?;
        let siblings = proof.hashes.iter().zip(&ours).zip(siblings(proof.index, size));
        let mut found: Vec<Range<u64>> = siblings
            .filter(|((theirs, ours), _)| theirs != ours)
            .map(|(_, range)| range)
            .collect();
        let leaf: Option<Hash> = proof.extra.as_deref().map(leaf_hash);
        if leaf.is_some_and(|leaf| self.entry(proof.index).is_ok_and(|entry| leaf_hash(&entry) != leaf)) {
            found.push(proof.index..proof.index.saturating_add(1));
        }
        Ok(found.into_iter().min_by_key(|range| range.start))
    }
}

/// The leaves under each hash of an inclusion proof, sibling of the leaf first (RFC 6962, section 2.1.1).
fn siblings(index: u64, size: u64) -> Vec<Range<u64>> {
    let (mut start, mut end) = (0, size);
    let mut found = Vec::new();
    while end.saturating_sub(start) > 1 {
        let left = start + (1 << (end - start - 1).ilog2());
        if index < left {
            found.push(left..end);
            end = left;
        } else {
            found.push(start..left);
            start = left;
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree of seven leaves of RFC 6962, section 2.1.3: the audit path of d3 is c, g, l; of d6 it is j, k... written out.
    #[test]
    fn siblings_are_those_of_the_example_of_the_rfc() {
        assert_eq!(siblings(0, 7), [1..2, 2..4, 4..7]);
        assert_eq!(siblings(3, 7), [2..3, 0..2, 4..7]);
        assert_eq!(siblings(4, 7), [5..6, 6..7, 0..4]);
        assert_eq!(siblings(6, 7), [4..6, 0..4]);
        assert_eq!(siblings(0, 1), Vec::<Range<u64>>::new());
    }
}
