//! Reading one log from its first entry to its last: leaves, private parts, and the tiles over them.

use std::collections::BTreeMap;

use super::PrivatePart;
use crate::format::leaf::{Act, Leaf};
use crate::format::proof::Checkpoint;
use crate::format::tile::{BundleReader, TileId, TileKind, kinds_of};
use crate::seal::merkle::{Hash, leaf_hash};
use crate::store::ledger::edge::Edge;
use crate::store::ledger::fault::{Defect, Fault, LedgerError};
use crate::store::ledger::files::{LogFiles, private_object};
use crate::store::ledger::{CHECKPOINT_FILE, edge_of};

/// What the content of an intact log tells.
#[derive(Default)]
pub(super) struct Content {
    pub(super) first: Option<Leaf>,
    pub(super) last: Option<Leaf>,
    /// Which leaves have a private part; `None` where not every leaf was read.
    pub(super) private: Option<Marks>,
}

/// A set of indices, a bit for each: a log may have millions of leaves.
#[derive(Default)]
pub(super) struct Marks(Vec<u64>);

impl Marks {
    fn add(&mut self, index: u64) {
        let word = usize::try_from(index / 64).unwrap_or(usize::MAX);
        if self.0.len() <= word {
            self.0.resize(word.saturating_add(1), 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << (index % 64);
        }
    }

    pub(super) fn has(&self, index: u64) -> bool {
        let word = usize::try_from(index / 64).ok().and_then(|word| self.0.get(word));
        word.is_some_and(|word| word >> (index % 64) & 1 == 1)
    }
}

impl Content {
    /// Reads everything in one log. `others` gets the number of bad objects behind the first one.
    pub(super) fn read(
        files: &LogFiles<'_>,
        checkpoint: &Checkpoint,
        opens: &mut dyn FnMut(&PrivatePart<'_>) -> bool,
        others: &mut u64,
    ) -> Result<Self, LedgerError> {
        let size = checkpoint.size;
        let mut pass = Pass::default();
        pass.content.private = Some(Marks::default());
        let mut edge = Edge::default();
        for tile in TileId::all(TileKind::Entries, size) {
            let stored = damage(files.hashes(TileId {
                kind: TileKind::Hashes(0),
                ..tile
            }))?;
            let goes_on = pass.bundle(files, tile, size, stored.ok().as_deref(), &mut edge, opens)?;
            pass.compare_full(files)?;
            if !goes_on {
                break;
            }
        }
        let intact = edge.size() == size && edge.root() == checkpoint.root && pass.entry.is_none();
        pass.compare_rest(files, &edge, size)?;
        // Tiles over changed entries differ with them, and so do the leaves in them: those are not counted.
        let bad = if intact {
            pass.bad_leaves.saturating_add(pass.bad_tiles)
        } else {
            pass.bad_entries
        };
        *others = bad.saturating_sub(1);
        let (leaf, tile) = (pass.leaf, pass.tile);
        if intact {
            // The entries are as signed, so whatever differs from them is wrong.
            return match [leaf, tile].into_iter().flatten().min_by_key(|defect| defect.index) {
                Some(defect) => Err(defect.into()),
                None => Ok(pass.content),
            };
        }
        let early = leaf.filter(|leaf| pass.differs.as_ref().is_some_and(|entry| leaf.index < entry.index));
        let entry = [early, pass.differs, pass.entry]
            .into_iter()
            .flatten()
            .min_by_key(|defect| defect.index);
        // Entries that agree with their hashes but not with the root: the hashes above may still tell where.
        Err(entry
            .or(tile)
            .unwrap_or_else(|| files.defect(CHECKPOINT_FILE, None, Fault::Root))
            .into())
    }

    /// Reads the two ends of a log and tests its right edge against the signed root.
    pub(super) fn ends(files: &LogFiles<'_>, checkpoint: &Checkpoint) -> Result<Self, LedgerError> {
        let size = checkpoint.size;
        if edge_of(files, size)?.root() != checkpoint.root {
            return Err(files.defect(CHECKPOINT_FILE, None, Fault::Root).into());
        }
        let leaf = |index: u64| {
            let outside = LedgerError::Index { index, size };
            let tile = TileId::holding(TileKind::Entries, index, size).ok_or(outside)?;
            let place = usize::try_from(index - tile.first_leaf()).unwrap_or_default();
            let entries = files.entries(tile)?;
            let entry = entries.get(place).ok_or(LedgerError::Index { index, size })?;
            Leaf::parse(entry).map_err(|e| LedgerError::from(files.defect(tile.path(), Some(index), Fault::Leaf(e))))
        };
        Ok(Self {
            first: Some(leaf(0)?),
            last: Some(leaf(size.saturating_sub(1))?),
            private: None,
        })
    }
}

/// State of one pass over the bundles of a log.
#[derive(Default)]
struct Pass {
    content: Content,
    /// First place at which a bundle cannot be read.
    entry: Option<Defect>,
    /// First entry that differs from its stored hash; which of the two is wrong, the root decides.
    differs: Option<Defect>,
    /// First leaf that is wrong in itself, or whose private part is.
    leaf: Option<Defect>,
    /// Tiles that the entries filled and that are not compared yet.
    full: Vec<(TileId, Vec<Hash>)>,
    /// First tile that is missing, malformed, or differs from what the entries say.
    tile: Option<Defect>,
    /// Leaves and private parts that are wrong in themselves.
    bad_leaves: u64,
    /// Tiles that are not what the entries say.
    bad_tiles: u64,
    /// Entries that differ from their stored hash.
    bad_entries: u64,
}

impl Pass {
    /// One bundle; false where nothing behind it can be read.
    fn bundle(
        &mut self,
        files: &LogFiles<'_>,
        tile: TileId,
        size: u64,
        stored: Option<&[Hash]>,
        edge: &mut Edge,
        opens: &mut dyn FnMut(&PrivatePart<'_>) -> bool,
    ) -> Result<bool, LedgerError> {
        let bytes = match damage(files.bundle(tile))? {
            Ok(bytes) => bytes,
            Err(defect) => {
                self.entry = Some(defect);
                return Ok(false);
            }
        };
        let last = tile.first_leaf() + u64::from(tile.width) - 1;
        for (place, entry) in (0..).zip(BundleReader::new(&bytes, tile.width)) {
            let index = edge.size();
            let entry = match entry {
                Ok(entry) => entry,
                Err(e) => {
                    // Bytes behind the last entry are found when that entry has been read.
                    self.entry = Some(files.defect(tile.path(), Some(index.min(last)), Fault::Tile(e)));
                    return Ok(false);
                }
            };
            let hash = leaf_hash(entry);
            if stored.is_some_and(|hashes| hashes.get(place) != Some(&hash)) {
                self.bad_entries += 1;
                self.differs
                    .get_or_insert_with(|| files.defect(tile.path(), Some(index), Fault::Hash));
            }
            edge.push(hash, &mut self.full);
            if let Some(defect) = self.check_leaf(files, tile, index, size, entry, opens)? {
                self.bad_leaves += 1;
                self.leaf.get_or_insert(defect);
            }
        }
        Ok(true)
    }

    fn check_leaf(
        &mut self,
        files: &LogFiles<'_>,
        tile: TileId,
        index: u64,
        size: u64,
        entry: &[u8],
        opens: &mut dyn FnMut(&PrivatePart<'_>) -> bool,
    ) -> Result<Option<Defect>, LedgerError> {
        let wrong = |fault| Ok(Some(files.defect(tile.path(), Some(index), fault)));
        let leaf = match Leaf::parse(entry) {
            Ok(leaf) => leaf,
            Err(e) => return wrong(Fault::Leaf(e)),
        };
        let last = index + 1 == size;
        let opening = matches!(leaf.act, Act::Init | Act::YearOpened);
        if opening != (index == 0) || (leaf.act == Act::KeyChange && !last) {
            return wrong(Fault::Misplaced(leaf.act));
        }
        if leaf.private_hash().is_some() {
            self.content.private.get_or_insert_default().add(index);
            let sealed = match damage(files.private(index))? {
                Ok(sealed) => sealed,
                Err(defect) => return Ok(Some(defect)),
            };
            let part = PrivatePart {
                log: files.name,
                index,
                leaf: &leaf,
                sealed: &sealed,
            };
            if !opens(&part) {
                return Ok(Some(files.defect(private_object(index), Some(index), Fault::Private)));
            }
        }
        if index == 0 {
            self.content.first = Some(leaf.clone());
        }
        if last {
            self.content.last = Some(leaf);
        }
        Ok(None)
    }

    /// Compares the tiles that the entries filled with those that are stored.
    fn compare_full(&mut self, files: &LogFiles<'_>) -> Result<(), LedgerError> {
        for (tile, want) in std::mem::take(&mut self.full) {
            self.compare(files, tile, &want)?;
        }
        Ok(())
    }

    /// Compares the partial tiles, and reads those that the entries did not reach.
    fn compare_rest(&mut self, files: &LogFiles<'_>, edge: &Edge, size: u64) -> Result<(), LedgerError> {
        let partial: BTreeMap<TileId, &[Hash]> = edge.partial().collect();
        for kind in kinds_of(size) {
            let TileKind::Hashes(level) = kind else { continue };
            let full = edge
                .size()
                .checked_shr(u32::from(level).saturating_add(1) * 8)
                .unwrap_or(0);
            for tile in TileId::all(kind, size).filter(|tile| tile.index >= full) {
                self.compare(files, tile, partial.get(&tile).copied().unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn compare(&mut self, files: &LogFiles<'_>, tile: TileId, want: &[Hash]) -> Result<(), LedgerError> {
        let defect = match damage(files.hashes(tile))? {
            Err(defect) => Some(defect),
            Ok(stored) => {
                let place = stored.iter().zip(want).position(|(a, b)| a != b);
                place.map(|place| files.defect(tile.path(), Some(first_leaf_of(tile, place)), Fault::Hash))
            }
        };
        if let Some(defect) = defect {
            self.bad_tiles += 1;
            if self.tile.as_ref().is_none_or(|other| defect.index < other.index) {
                self.tile = Some(defect);
            }
        }
        Ok(())
    }
}

/// First leaf under the hash at a place of a tile.
fn first_leaf_of(tile: TileId, place: usize) -> u64 {
    let below = match tile.kind {
        TileKind::Entries => 1,
        TileKind::Hashes(level) => 256_u64.saturating_pow(u32::from(level)),
    };
    tile.first_leaf()
        .saturating_add(u64::try_from(place).unwrap_or(u64::MAX).saturating_mul(below))
}

/// Parts damage from failures of the disk.
pub(super) fn damage<T>(result: Result<T, LedgerError>) -> Result<Result<T, Defect>, LedgerError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(LedgerError::Damaged(defect)) => Ok(Err(*defect)),
        Err(other) => Err(other),
    }
}
