//! The right edge of a log: the hashes of the partial tile of each level. All that is needed to go on appending.

use crate::format::tile::{FULL_WIDTH, TileId, TileKind};
use crate::seal::merkle::{Frontier, Hash, empty_root, perfect_subtrees};

/// Leaves so far, and for each level the hashes that are in no full tile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Edge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl Edge {
    /// The edge of a tree of `size` leaves whose partial tiles hold `levels`, level 0 first.
    pub(super) fn new(size: u64, levels: Vec<Vec<Hash>>) -> Self {
        Self { size, levels }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf; tiles that it fills are put into `full`.
    pub(super) fn push(&mut self, leaf: Hash, full: &mut Vec<(TileId, Vec<Hash>)>) {
        self.size = self.size.saturating_add(1);
        let mut carried = leaf;
        for level in 0..=u8::MAX {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(usize::from(level)) else {
                return;
            };
            hashes.push(carried);
            if hashes.len() < usize::from(FULL_WIDTH) {
                return;
            }
            let hashes = std::mem::take(hashes);
            carried = root_of_hashes(&hashes);
            // This leaf filled the tile, so the count of this level is a multiple of 256 just now.
            let count = self.size.checked_shr(u32::from(level) * 8).unwrap_or(0);
            let tile = TileId {
                kind: TileKind::Hashes(level),
                index: (count / u64::from(FULL_WIDTH)).saturating_sub(1),
                width: FULL_WIDTH,
            };
            full.push((tile, hashes));
        }
    }

    /// The partial tiles, level 0 first; levels without one are left out.
    pub(super) fn partial(&self) -> impl Iterator<Item = (TileId, &[Hash])> {
        (0..).zip(&self.levels).filter_map(|(level, hashes)| {
            let width = u16::try_from(hashes.len()).ok().filter(|width| *width > 0)?;
            let kind = TileKind::Hashes(level);
            let index = self.size.checked_shr(u32::from(level) * 8)? / u64::from(FULL_WIDTH);
            Some((TileId { kind, index, width }, hashes.as_slice()))
        })
    }

    /// Root of the whole tree.
    pub(super) fn root(&self) -> Hash {
        let mut nodes = Vec::new();
        for hashes in self.levels.iter().rev() {
            let mut rest = hashes.as_slice();
            for (level, _) in perfect_subtrees(u64::try_from(hashes.len()).unwrap_or_default()) {
                let (subtree, behind) = rest.split_at_checked(1 << level).unwrap_or((rest, &[]));
                nodes.push(root_of_hashes(subtree));
                rest = behind;
            }
        }
        Frontier::from_nodes(self.size, nodes).map_or_else(empty_root, |frontier| frontier.root())
    }
}

/// Root over hashes of one level.
pub(super) fn root_of_hashes(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::new();
    for hash in hashes {
        frontier.push(*hash);
    }
    frontier.root()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::tile::kinds_of;
    use crate::seal::merkle::leaf_hash;

    #[test]
    fn edge_and_frontier_agree_and_tiles_are_those_of_the_size() {
        let (mut edge, mut frontier, mut full) = (Edge::default(), Frontier::new(), Vec::new());
        assert_eq!(edge.root(), frontier.root());
        for number in 0..66_000u32 {
            let leaf = leaf_hash(&number.to_be_bytes());
            edge.push(leaf, &mut full);
            frontier.push(leaf);
            if [1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 66_000].contains(&edge.size()) {
                assert_eq!(edge.root(), frontier.root(), "{}", edge.size());
                let mut tiles: Vec<TileId> = full.iter().map(|(tile, _)| *tile).collect();
                tiles.extend(edge.partial().map(|(tile, _)| tile));
                tiles.sort();
                let hashes = kinds_of(edge.size())
                    .into_iter()
                    .filter(|kind| *kind != TileKind::Entries);
                let want: Vec<TileId> = hashes.flat_map(|kind| TileId::all(kind, edge.size())).collect();
                assert_eq!(tiles, want, "{}", edge.size());
            }
        }
        assert_eq!(
            full.iter().filter(|(tile, _)| tile.kind == TileKind::Hashes(1)).count(),
            1
        );
    }
}
