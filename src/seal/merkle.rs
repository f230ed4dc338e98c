//! Merkle trees of RFC 6962, section 2.1, with SHA-256: hashes, roots, an incremental frontier, inclusion and
//! consistency proofs and their verification. Implements `docs/formats/ledger.md`, section "Tree".

use sha2::{Digest, Sha256};

use super::twin::sha256_of_two;

/// A SHA-256 hash of a leaf, a node or a whole tree.
pub type Hash = [u8; 32];

/// Hash of a leaf: SHA-256(0x00 || data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    leaf_hash_of_parts(&[data])
}

/// Hashes of two leaves, in less time than one after the other.
pub fn leaf_hashes([one, other]: [&[u8]; 2]) -> [Hash; 2] {
    sha256_of_two(0x00, [one, other])
}

/// Hash of a leaf given in parts that follow each other without a gap.
pub fn leaf_hash_of_parts(parts: &[&[u8]]) -> Hash {
    let mut hasher = Sha256::new().chain_update([0x00]);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Hash of an inner node: SHA-256(0x01 || left || right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new()
        .chain_update([0x01])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// Root of the tree without leaves: SHA-256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// Root over leaves given by their data, in order.
pub fn root_of<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push(leaf_hash(leaf));
    }
    frontier.root()
}

/// The right edge of a growing tree: one hash for each perfect subtree, the largest first. It holds as many hashes as
/// the size has one bits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    nodes: Vec<Hash>,
}

impl Frontier {
    /// The empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tree of `size` leaves whose perfect subtrees have the hashes `nodes`, largest first; `None` where their
    /// number does not fit the size.
    pub fn from_nodes(size: u64, nodes: Vec<Hash>) -> Option<Self> {
        (usize::try_from(size.count_ones()).ok()? == nodes.len()).then_some(Self { size, nodes })
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each trailing one bit of the old size is a perfect subtree that the new leaf completes to the next larger one.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.nodes.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.nodes.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Root of the tree as it stands.
    pub fn root(&self) -> Hash {
        let mut nodes = self.nodes.iter().rev();
        match nodes.next() {
            None => empty_root(),
            Some(last) => nodes.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// The perfect subtrees of a tree of `size` leaves, largest first, as (level, index): the subtree of `2^level` leaves
/// that begins at leaf `index * 2^level`.
pub fn perfect_subtrees(size: u64) -> Vec<(u8, u64)> {
    (0..64u8)
        .rev()
        .filter(|level| size >> level & 1 == 1)
        .map(|level| (level, (size >> level) - 1))
        .collect()
}

/// Where proofs get the hashes of perfect subtrees from: `node(level, index)` is the hash of the `2^level` leaves from
/// leaf `index * 2^level` on.
pub trait Nodes {
    /// What can go wrong while reading.
    type Error;
    /// Hash of one perfect subtree that lies wholly inside the tree.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

/// Root of the leaves `start..end` (RFC 6962, `MTH(D[start:end])`); `start` is a multiple of the largest power of two
/// below the length, as it is for every range that a proof asks for.
///
/// # Errors
/// Those of `nodes`.
pub fn range_root<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let count = end.saturating_sub(start);
    if count == 0 {
        return Ok(empty_root());
    }
    let mut right: Option<Hash> = None;
    let mut subtrees = Vec::new();
    for (level, index) in perfect_subtrees(count) {
        subtrees.push(nodes.node(level, (start >> level) + index)?);
    }
    for left in subtrees.iter().rev() {
        right = Some(right.map_or(*left, |right| node_hash(left, &right)));
    }
    Ok(right.unwrap_or_else(empty_root))
}

/// Largest power of two smaller than `count`, which is at least 2.
fn split(count: u64) -> u64 {
    1 << (count.saturating_sub(1) | 1).ilog2()
}

/// Inclusion proof of leaf `index` in the tree of `size` leaves (RFC 6962, section 2.1.1), sibling of the leaf first.
/// Empty where the index is not in the tree.
///
/// # Errors
/// Those of `nodes`.
pub fn inclusion_proof<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let mut proof = Vec::new();
    if index >= size {
        return Ok(proof);
    }
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            proof.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            proof.push(range_root(nodes, start, middle)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Consistency proof between the trees of `old` and `new` leaves (RFC 6962, section 2.1.2). Empty where `old` is 0 or
/// not below `new`.
///
/// # Errors
/// Those of `nodes`.
pub fn consistency_proof<N: Nodes>(nodes: &N, old: u64, new: u64) -> Result<Vec<Hash>, N::Error> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Ok(proof);
    }
    let (mut start, mut end) = (0, new);
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            proof.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            proof.push(range_root(nodes, start, middle)?);
            start = middle;
        }
    }
    // Where the old tree is a perfect subtree of the new one, the verifier has its root already.
    if start != 0 {
        proof.push(range_root(nodes, start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index is not in a tree of that size.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    Index {
        /// Index of the leaf, from 0.
        index: u64,
        /// Number of leaves.
        size: u64,
    },
    /// The old tree is empty, or larger than the new one.
    #[error("no proof from a tree of {old} leaves to one of {new}")]
    Sizes {
        /// Leaves of the old tree.
        old: u64,
        /// Leaves of the new tree.
        new: u64,
    },
    /// The proof has too many or too few hashes.
    #[error("proof of {hashes} hashes has the wrong length")]
    Length {
        /// Hashes found.
        hashes: usize,
    },
    /// The hashes do not lead to the root.
    #[error("proof does not lead to the root")]
    Root,
}

/// Verifies that the leaf with hash `leaf` is at `index` of the tree of `size` leaves with `root` (RFC 9162, section
/// 2.1.3.2).
///
/// # Errors
/// [`ProofError`].
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Index { index, size });
    }
    let wrong_length = ProofError::Length { hashes: proof.len() };
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // A right edge that is not full has no sibling on these levels.
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Verifies that the tree of `new` leaves begins with the tree of `old` leaves (RFC 9162, section 2.1.4.2). About
/// the empty tree there is nothing to prove, so `old` is at least 1.
///
/// # Errors
/// [`ProofError`].
pub fn verify_consistency(
    old: u64,
    new: u64,
    old_root: &Hash,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old == 0 || old > new {
        return Err(ProofError::Sizes { old, new });
    }
    let wrong_length = ProofError::Length { hashes: proof.len() };
    if old == new {
        return match (proof.is_empty(), old_root == new_root) {
            (false, _) => Err(wrong_length),
            (true, false) => Err(ProofError::Root),
            (true, true) => Ok(()),
        };
    }
    let skip = (old - 1).trailing_ones();
    let (mut node, mut last) = ((old - 1) >> skip, (new - 1) >> skip);
    // A perfect old tree is its own first hash and is left out of the proof.
    let (mut from_old, rest) = match proof.split_first() {
        _ if old.is_power_of_two() => (*old_root, proof),
        Some((first, rest)) => (*first, rest),
        None => return Err(wrong_length),
    };
    let mut from_new = from_old;
    for sibling in rest {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            from_old = node_hash(sibling, &from_old);
            from_new = node_hash(sibling, &from_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            from_new = node_hash(&from_new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    if from_old == *old_root && from_new == *new_root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn unhex(text: &str) -> Hash {
        std::array::from_fn(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2).unwrap(), 16).unwrap())
    }

    /// The eight leaves of the test tree of the Certificate Transparency project, and its roots by size.
    fn leaves() -> Vec<Vec<u8>> {
        [
            "",
            "00",
            "10",
            "2021",
            "3031",
            "40414243",
            "5051525354555657",
            "606162636465666768696a6b6c6d6e6f",
        ]
        .iter()
        .map(|hex| {
            (0..hex.len() / 2)
                .map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2).unwrap(), 16).unwrap())
                .collect()
        })
        .collect()
    }

    const ROOTS: [&str; 9] = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    struct Leaves(Vec<Hash>);

    impl Nodes for Leaves {
        type Error = Infallible;
        fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
            let (start, count) = (usize::try_from(index << level).unwrap(), 1usize << level);
            let mut row = self.0[start..start + count].to_vec();
            while row.len() > 1 {
                row = row.chunks(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
            }
            Ok(row[0])
        }
    }

    /// MTH of RFC 6962 written down as it stands there.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves.len() {
            0 => empty_root(),
            1 => leaves[0],
            n => {
                let k = n.next_power_of_two() / 2;
                node_hash(&mth(&leaves[..k]), &mth(&leaves[k..]))
            }
        }
    }

    #[test]
    fn roots_of_the_known_tree() {
        let leaves = leaves();
        let mut frontier = Frontier::new();
        for (size, root) in ROOTS.iter().enumerate() {
            assert_eq!(root_of(leaves[..size].iter().map(Vec::as_slice)), unhex(root), "{size}");
            assert_eq!(frontier.root(), unhex(root));
            assert_eq!(frontier.size(), u64::try_from(size).unwrap());
            if let Some(leaf) = leaves.get(size) {
                frontier.push(leaf_hash(leaf));
            }
        }
        assert_eq!(leaf_hash_of_parts(&[b"ab", b"", b"c"]), leaf_hash(b"abc"));
    }

    #[test]
    fn consistency_proof_of_the_known_tree() {
        let nodes = Leaves(leaves().iter().map(|l| leaf_hash(l)).collect());
        let want = [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ];
        let Ok(proof) = consistency_proof(&nodes, 1, 8);
        assert_eq!(proof, want.map(unhex));
    }

    #[test]
    fn every_proof_up_to_forty_leaves_holds_and_its_changes_do_not() {
        let all: Vec<Hash> = (0..40u8).map(|i| leaf_hash(&[i])).collect();
        for size in 0..=40u64 {
            let tree = &all[..usize::try_from(size).unwrap()];
            let nodes = Leaves(tree.to_vec());
            let root = mth(tree);
            let mut frontier = Frontier::new();
            for leaf in tree {
                frontier.push(*leaf);
            }
            assert_eq!(frontier.root(), root);
            let Ok(by_range) = range_root(&nodes, 0, size);
            assert_eq!(by_range, root);
            let subtrees = perfect_subtrees(size);
            let hashes = subtrees.iter().map(|(l, i)| nodes.node(*l, *i).unwrap()).collect();
            assert_eq!(Frontier::from_nodes(size, hashes), Some(frontier));
            for index in 0..size {
                let leaf = &tree[usize::try_from(index).unwrap()];
                let Ok(mut proof) = inclusion_proof(&nodes, index, size);
                assert_eq!(verify_inclusion(leaf, index, size, &proof, &root), Ok(()));
                assert!(verify_inclusion(&[0; 32], index, size, &proof, &root).is_err());
                assert!(verify_inclusion(leaf, size, size, &proof, &root).is_err());
                for other in (0..size).filter(|other| *other != index) {
                    assert!(verify_inclusion(leaf, other, size, &proof, &root).is_err());
                }
                proof.push([0; 32]);
                assert!(verify_inclusion(leaf, index, size, &proof, &root).is_err());
                proof.truncate(proof.len().saturating_sub(2));
                assert!(size == 1 || verify_inclusion(leaf, index, size, &proof, &root).is_err());
            }
            for old in 1..=size {
                let old_root = mth(&all[..usize::try_from(old).unwrap()]);
                let Ok(mut proof) = consistency_proof(&nodes, old, size);
                assert_eq!(
                    verify_consistency(old, size, &old_root, &root, &proof),
                    Ok(()),
                    "{old} {size}"
                );
                assert!(verify_consistency(old, size, &[0; 32], &root, &proof).is_err());
                assert!(verify_consistency(old, size, &old_root, &[0; 32], &proof).is_err());
                assert!(verify_consistency(0, size, &empty_root(), &root, &[]).is_err());
                assert!(old == size || verify_consistency(size, old, &root, &old_root, &proof).is_err());
                proof.push([0; 32]);
                assert!(verify_consistency(old, size, &old_root, &root, &proof).is_err());
            }
        }
    }

    #[test]
    fn a_frontier_needs_as_many_hashes_as_one_bits() {
        assert!(Frontier::from_nodes(5, vec![[0; 32]; 2]).is_some());
        assert!(Frontier::from_nodes(5, vec![[0; 32]; 3]).is_none());
        assert_eq!(perfect_subtrees(70_000).len(), 6);
        assert_eq!(perfect_subtrees(5), [(2, 0), (0, 4)]);
    }
}
