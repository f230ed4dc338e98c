//! Reading the files of one log, each with its limit; what is not as it must be becomes a [`Defect`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io;
use std::path::{Path, PathBuf};

use super::fault::{Defect, Fault, LedgerError};
use super::name::LogName;
use super::{CHECKPOINT_FILE, MAX_PRIVATE_BYTES};
use crate::format::note::MAX_NOTE_BYTES;
use crate::format::tile::{BundleReader, MAX_BUNDLE_BYTES, MAX_TILE_BYTES, TileId, TileKind, parse_hashes};
use crate::ports::Disk;
use crate::seal::merkle::{Hash, Nodes, leaf_hash};
use crate::store::ledger::edge::root_of_hashes;

/// The folder of one log.
#[derive(Clone)]
pub(super) struct LogFiles<'d> {
    pub(super) disk: &'d dyn Disk,
    pub(super) name: LogName,
    pub(super) folder: PathBuf,
}

impl<'d> LogFiles<'d> {
    pub(super) fn new(disk: &'d dyn Disk, dir: &Path, name: LogName) -> Self {
        Self {
            disk,
            name,
            folder: dir.join(name.to_string()),
        }
    }

    pub(super) fn defect(&self, object: impl Into<String>, index: Option<u64>, fault: Fault) -> Defect {
        Defect {
            log: self.name,
            object: object.into(),
            index,
            fault,
        }
    }

    /// Reads one object; what the disk refuses because of what stands there is a defect of the object.
    pub(super) fn read(&self, object: &str, limit: u64, index: Option<u64>) -> Result<Vec<u8>, LedgerError> {
        let path = self.folder.join(object);
        self.disk.read(&path, limit).map_err(|source| {
            let fault = if source.kind() == io::ErrorKind::NotFound {
                Fault::Missing
            } else if source.kind() == io::ErrorKind::InvalidData {
                Fault::TooLong
            } else if source.kind() == io::ErrorKind::InvalidInput {
                Fault::NotPlain
            } else {
                return LedgerError::Read { path, source };
            };
            self.defect(object, index, fault).into()
        })
    }

    pub(super) fn checkpoint(&self) -> Result<Vec<u8>, LedgerError> {
        self.read(CHECKPOINT_FILE, u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX), None)
    }

    pub(super) fn has_checkpoint(&self) -> Result<bool, LedgerError> {
        let path = self.folder.join(CHECKPOINT_FILE);
        self.disk
            .exists(&path)
            .map_err(|source| LedgerError::Read { path, source })
    }

    /// Hashes of one tile.
    pub(super) fn hashes(&self, tile: TileId) -> Result<Vec<Hash>, LedgerError> {
        let index = Some(tile.first_leaf());
        let bytes = self.read(&tile.path(), MAX_TILE_BYTES, index)?;
        parse_hashes(&bytes, tile.width).map_err(|e| self.defect(tile.path(), index, Fault::Tile(e)).into())
    }

    /// Bytes of one bundle.
    pub(super) fn bundle(&self, tile: TileId) -> Result<Vec<u8>, LedgerError> {
        self.read(&tile.path(), MAX_BUNDLE_BYTES, Some(tile.first_leaf()))
    }

    /// Entries of one bundle, each tested against its hash in level 0.
    pub(super) fn entries(&self, tile: TileId) -> Result<Vec<Vec<u8>>, LedgerError> {
        let hashes = self.hashes(TileId {
            kind: TileKind::Hashes(0),
            ..tile
        })?;
        let bytes = self.bundle(tile)?;
        let mut hashes = (tile.first_leaf()..).zip(hashes);
        let mut entries = Vec::new();
        for entry in BundleReader::new(&bytes, tile.width) {
            let place = hashes.next();
            let index = place.map(|(index, _)| index);
            let entry = entry.map_err(|e| self.defect(tile.path(), index, Fault::Tile(e)))?;
            if place.map(|(_, hash)| hash) != Some(leaf_hash(entry)) {
                return Err(self.defect(tile.path(), index, Fault::Hash).into());
            }
            entries.push(entry.to_vec());
        }
        Ok(entries)
    }

    /// The sealed private part of a leaf.
    pub(super) fn private(&self, index: u64) -> Result<Vec<u8>, LedgerError> {
        self.read(&private_object(index), MAX_PRIVATE_BYTES, Some(index))
    }
}

/// Path of a private part in the folder of its log.
pub(super) fn private_object(index: u64) -> String {
    format!("private/{index}")
}

/// The tree of a log of `size` leaves, read from its tiles. Nothing read is trusted before it led to a signed root.
pub(super) struct TreeReader<'a, 'd> {
    files: &'a LogFiles<'d>,
    size: u64,
    read: RefCell<BTreeMap<TileId, Vec<Hash>>>,
}

impl<'a, 'd> TreeReader<'a, 'd> {
    pub(super) fn new(files: &'a LogFiles<'d>, size: u64) -> Self {
        Self {
            files,
            size,
            read: RefCell::default(),
        }
    }
}

impl Nodes for TreeReader<'_, '_> {
    type Error = LedgerError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, LedgerError> {
        let outside = LedgerError::Index { index, size: self.size };
        // Eight levels of the tree are one level of tiles.
        let (kind, height) = (TileKind::Hashes(level / 8), level % 8);
        let first = index << height;
        let Some(tile) = TileId::holding(kind, first, self.size) else {
            return Err(outside);
        };
        let mut read = self.read.borrow_mut();
        if let Entry::Vacant(place) = read.entry(tile) {
            place.insert(self.files.hashes(tile)?);
        }
        let start = usize::try_from(first % 256).unwrap_or_default();
        match read
            .get(&tile)
            .and_then(|hashes| hashes.get(start..start + (1 << height)))
        {
            Some(hashes) => Ok(root_of_hashes(hashes)),
            None => Err(outside),
        }
    }
}
