//! Re-hashes every byte of every log and names the first damaged object and index.
//!
//! Trust flows backwards: the pinned key vouches for the newest checkpoint, the checkpoint for every leaf, the first leaf
//! for the checkpoint of the log before. So the newest log is verified first, and within a log the lowest index is named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::edge::Edge;
use super::fault::{Defect, Fault, LedgerError};
use super::files::{LogFiles, private_object};
use super::name::LogName;
use super::{CHECKPOINT_FILE, logs, read_checkpoint, valid_prefix};
use crate::format::leaf::{Act, Label, Leaf};
use crate::format::note::SignedNote;
use crate::format::proof::Checkpoint;
use crate::format::tile::{BundleReader, TileId, TileKind, kinds_of};
use crate::ports::{Disk, FileKind};
use crate::seal::merkle::{Hash, leaf_hash};
use crate::seal::notesign::NoteVerifier;

/// A private part for the caller to open: it alone has the key.
#[derive(Debug)]
pub struct PrivatePart<'a> {
    /// The log.
    pub log: LogName,
    /// Index of the leaf.
    pub index: u64,
    /// The public leaf; `Leaf::with_private` tests what was opened.
    pub leaf: &'a Leaf,
    /// The sealed bytes.
    pub sealed: &'a [u8],
}

/// What was found in one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// The log.
    pub log: LogName,
    /// Number of leaves.
    pub size: u64,
    /// Root.
    pub root: Hash,
    /// Files that belong to no committed leaf: the rests of a crash, or foreign ones.
    pub leftovers: Vec<String>,
}

/// Result of a verification.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Logs that are intact, newest first.
    pub logs: Vec<LogReport>,
    /// Checkpoint of the log before the oldest one kept: that log was disposed of, or this is the first one (`None`).
    pub earlier: Option<Checkpoint>,
    /// Entries of the ledger's folder that are no committed logs.
    pub strays: Vec<String>,
    /// The first defect; nothing before it in the order of verification is damaged. `None`: all is as it was signed.
    pub defect: Option<Defect>,
}

/// Verifies all logs under `dir`. `verifier` is the key of the newest log. `opens` opens a sealed private part and says
/// whether it belongs to its leaf.
///
/// # Errors
/// `Empty`, `Name`, `Read`; damage is no error but the report's `defect`.
pub fn verify(
    disk: &dyn Disk,
    dir: &Path,
    prefix: &str,
    verifier: &NoteVerifier,
    opens: &mut dyn FnMut(&PrivatePart<'_>) -> bool,
) -> Result<Report, LedgerError> {
    if !valid_prefix(prefix) {
        return Err(LedgerError::Name);
    }
    let mut names = logs(disk, dir)?;
    if names.is_empty() {
        return Err(LedgerError::Empty);
    }
    let mut report = Report {
        strays: strays(disk, dir, &names)?,
        ..Report::default()
    };
    let mut walk = Walk {
        disk,
        dir,
        prefix,
        verifier: verifier.clone(),
        chained: None,
    };
    while let Some(name) = names.pop() {
        match walk.log(name, opens) {
            Ok(log) => report.logs.push(log),
            Err(LedgerError::Damaged(defect)) => {
                report.defect = Some(*defect);
                return Ok(report);
            }
            Err(other) => return Err(other),
        }
        match walk.step(name, &names) {
            Ok(earlier) => report.earlier = earlier,
            Err(defect) => {
                report.defect = Some(defect);
                return Ok(report);
            }
        }
    }
    Ok(report)
}

/// The walk from the newest log to the oldest.
struct Walk<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    prefix: &'a str,
    /// Key of the log at hand, or of the next newer one where a key change stands between.
    verifier: NoteVerifier,
    /// Last checkpoint of the log at hand, as the newer log holds it.
    chained: Option<SignedNote>,
}

impl Walk<'_> {
    fn log(
        &mut self,
        name: LogName,
        opens: &mut dyn FnMut(&PrivatePart<'_>) -> bool,
    ) -> Result<LogReport, LedgerError> {
        let files = LogFiles::new(self.disk, self.dir, name);
        let at_checkpoint = |fault| files.defect(CHECKPOINT_FILE, None, fault);
        let checkpoint = match &self.chained {
            None => read_checkpoint(&files, self.prefix, &self.verifier)?.1,
            Some(chained) => {
                // A witness may have cosigned since, so only the text and the log's own signature must be the same.
                let stored =
                    SignedNote::parse(&files.checkpoint()?).map_err(|e| at_checkpoint(Fault::Note(e.into())))?;
                if stored.text() != chained.text() || !stored.signatures().starts_with(chained.signatures()) {
                    return Err(at_checkpoint(Fault::Chain).into());
                }
                Checkpoint::parse(stored.text()).map_err(|e| at_checkpoint(Fault::Checkpoint(e)))?
            }
        };
        let content = Content::read(&files, &checkpoint, opens)?;
        self.keys(&files, &checkpoint, content.last.as_ref())?;
        self.chained = match content.first.as_ref().and_then(|leaf| leaf.checkpoint.as_ref()) {
            None => None,
            Some(text) => Some(SignedNote::parse(text.as_bytes()).map_err(|e| {
                let object = bundle_path(0, checkpoint.size);
                files.defect(object, Some(0), Fault::Note(e.into()))
            })?),
        };
        Ok(LogReport {
            log: name,
            size: checkpoint.size,
            root: checkpoint.root,
            leftovers: leftovers(&files, checkpoint.size, &content.private)?,
        })
    }

    /// Follows a key change at the end of a log back to the key that signed it, and tests the signature.
    fn keys(&mut self, files: &LogFiles<'_>, checkpoint: &Checkpoint, last: Option<&Leaf>) -> Result<(), LedgerError> {
        if let Some(leaf) = last.filter(|leaf| leaf.act == Act::KeyChange) {
            let index = checkpoint.size.saturating_sub(1);
            let wrong = || files.defect(bundle_path(index, checkpoint.size), Some(index), Fault::Key);
            let key = |label: &Option<Label>| {
                let parsed = label.as_ref().map(|label| NoteVerifier::parse(label.as_str()));
                parsed.and_then(Result::ok).ok_or_else(wrong)
            };
            let before = key(&leaf.key_before)?;
            let after = key(&leaf.key_after)?;
            // The newest log is still under the old key; an older one leads to the key of the log behind it.
            let known = if self.chained.is_none() { &before } else { &after };
            if *known != self.verifier {
                return Err(wrong().into());
            }
            self.verifier = before;
        }
        read_checkpoint(files, self.prefix, &self.verifier).map(|_| ())
    }

    /// Tests that the next older log is the one that the log at hand continues.
    fn step(&self, name: LogName, older: &[LogName]) -> Result<Option<Checkpoint>, Defect> {
        let files = |name| LogFiles::new(self.disk, self.dir, name);
        let beside = |name| files(name).defect(CHECKPOINT_FILE, None, Fault::Chain);
        let Some(chained) = &self.chained else {
            return older.last().map_or(Ok(None), |stray| Err(beside(*stray)));
        };
        let at_leaf = |fault| files(name).defect("tile/entries", Some(0), fault);
        let checkpoint = Checkpoint::parse(chained.text()).map_err(|e| at_leaf(Fault::Checkpoint(e)))?;
        let before = LogName::of_origin(&checkpoint.origin, self.prefix)
            .filter(|before| *before < name)
            .ok_or_else(|| at_leaf(Fault::Origin))?;
        match older.last() {
            None => Ok(Some(checkpoint)),
            Some(present) if *present == before => Ok(None),
            Some(present) if *present < before => Err(files(before).defect(CHECKPOINT_FILE, None, Fault::Missing)),
            Some(present) => Err(beside(*present)),
        }
    }
}

/// What the content of an intact log tells.
#[derive(Default)]
struct Content {
    first: Option<Leaf>,
    last: Option<Leaf>,
    /// Indices of the leaves that have a private part.
    private: BTreeSet<u64>,
}

impl Content {
    /// Reads everything in one log.
    fn read(
        files: &LogFiles<'_>,
        checkpoint: &Checkpoint,
        opens: &mut dyn FnMut(&PrivatePart<'_>) -> bool,
    ) -> Result<Self, LedgerError> {
        let size = checkpoint.size;
        let mut pass = Pass::default();
        let mut edge = Edge::default();
        for tile in TileId::all(TileKind::Entries, size) {
            let stored = damage(files.hashes(TileId {
                kind: TileKind::Hashes(0),
                ..tile
            }))?;
            if !pass.bundle(files, tile, size, stored.ok().as_deref(), &mut edge, opens)? {
                break;
            }
        }
        let intact = edge.size() == size && edge.root() == checkpoint.root && pass.entry.is_none();
        let tile = pass.tiles(files, &edge, size)?;
        if intact {
            // The entries are as signed, so whatever differs from them is wrong.
            return match [pass.leaf, tile]
                .into_iter()
                .flatten()
                .min_by_key(|defect| defect.index)
            {
                Some(defect) => Err(defect.into()),
                None => Ok(pass.content),
            };
        }
        let early = pass
            .leaf
            .filter(|leaf| pass.differs.as_ref().is_some_and(|entry| leaf.index < entry.index));
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
    /// Tiles that the entries fill.
    full: Vec<(TileId, Vec<Hash>)>,
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
            if self.differs.is_none() && stored.is_some_and(|hashes| hashes.get(place) != Some(&hash)) {
                self.differs = Some(files.defect(tile.path(), Some(index), Fault::Hash));
            }
            edge.push(hash, &mut self.full);
            if self.leaf.is_none() {
                self.leaf = self.check_leaf(files, tile, index, size, entry, opens)?;
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
            self.content.private.insert(index);
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

    /// First tile that is missing, malformed, or differs from what the entries say.
    fn tiles(&self, files: &LogFiles<'_>, edge: &Edge, size: u64) -> Result<Option<Defect>, LedgerError> {
        let mut first: Option<Defect> = None;
        let mut note = |defect: Defect| {
            if first.as_ref().is_none_or(|other| defect.index < other.index) {
                first = Some(defect);
            }
        };
        let computed = self.full.iter().map(|(tile, hashes)| (*tile, hashes.as_slice()));
        let computed: BTreeMap<TileId, &[Hash]> = computed.chain(edge.partial()).collect();
        for kind in kinds_of(size).into_iter().filter(|kind| *kind != TileKind::Entries) {
            for tile in TileId::all(kind, size) {
                match damage(files.hashes(tile))? {
                    Err(defect) => note(defect),
                    Ok(stored) => {
                        let want = computed.get(&tile).copied().unwrap_or_default();
                        if let Some(place) = stored.iter().zip(want).position(|(a, b)| a != b) {
                            note(files.defect(tile.path(), Some(first_leaf_of(tile, place)), Fault::Hash));
                        }
                    }
                }
            }
        }
        Ok(first)
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
fn damage<T>(result: Result<T, LedgerError>) -> Result<Result<T, Defect>, LedgerError> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(LedgerError::Damaged(defect)) => Ok(Err(*defect)),
        Err(other) => Err(other),
    }
}

fn bundle_path(index: u64, size: u64) -> String {
    TileId::holding(TileKind::Entries, index, size).map_or_else(String::new, |tile| tile.path())
}

/// Entries of the ledger's folder that are no logs with a checkpoint.
fn strays(disk: &dyn Disk, dir: &Path, names: &[LogName]) -> Result<Vec<String>, LedgerError> {
    let listed = disk.list(dir).map_err(|source| LedgerError::Read {
        path: dir.to_owned(),
        source,
    })?;
    let is_log = |name: &str| LogName::parse(name).is_some_and(|name| names.contains(&name));
    Ok(listed
        .into_iter()
        .map(|entry| entry.name)
        .filter(|name| !is_log(name))
        .collect())
}

/// Files of a log that its checkpoint does not need.
fn leftovers(files: &LogFiles<'_>, size: u64, private: &BTreeSet<u64>) -> Result<Vec<String>, LedgerError> {
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let path = files.folder.join(&folder);
        let failed = |source| LedgerError::Read {
            path: path.clone(),
            source,
        };
        for entry in files.disk.list(&path).map_err(failed)? {
            let object = if folder.is_empty() {
                entry.name
            } else {
                format!("{folder}/{}", entry.name)
            };
            let is_folder = entry.readable
                && files.disk.facts(&files.folder.join(&object)).map_err(failed)?.kind == FileKind::Folder;
            if is_folder {
                folders.push(object);
            } else if !needed(&object, size, private) {
                found.push(object);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn needed(object: &str, size: u64, private: &BTreeSet<u64>) -> bool {
    if let Some(index) = object.strip_prefix("private/") {
        return index
            .parse::<u64>()
            .is_ok_and(|index| private.contains(&index) && private_object(index) == object);
    }
    let tile = TileId::parse(object);
    object == CHECKPOINT_FILE
        || tile.is_some_and(|tile| {
            let first = tile.index.saturating_mul(256);
            TileId::holding(tile.kind, first, size) == Some(tile)
        })
}
