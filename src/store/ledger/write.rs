//! Appending and committing: private parts, entry bundles and tiles, then the checkpoint.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::edge::Edge;
use super::files::private_object;
use super::{CHECKPOINT_FILE, Ledger, LedgerError, LogName, MAX_PRIVATE_BYTES, NewEntry, Tip, list};
use crate::format::leaf::{Act, Label, Leaf};
use crate::format::proof::Checkpoint;
use crate::format::tile::{FULL_WIDTH, TileId, TileKind, encode_bundle, kinds_of};
use crate::ports::FileKind;
use crate::ports::together::FILES_MAX;
use crate::seal::merkle::{Hash, leaf_hash};
use crate::seal::notesign::{NoteSigner, NoteVerifier};
use crate::store::atomic::{self, NewFile};

/// Leaves that are durable but not committed. Dropping it gives them up.
#[derive(Debug)]
#[must_use = "leaves are not in the ledger before they are committed"]
pub struct Staged {
    log: LogName,
    old_size: u64,
    old_root: Hash,
    edge: Edge,
    tail: Vec<Vec<u8>>,
    closed_by: Option<String>,
}

impl Staged {
    /// Indices that the leaves will have.
    pub fn indices(&self) -> Range<u64> {
        self.old_size..self.edge.size()
    }

    /// The log as it will stand.
    pub fn root(&self) -> Hash {
        self.edge.root()
    }
}

impl Ledger<'_> {
    /// Makes leaves durable behind the committed ones, without committing them.
    ///
    /// # Errors
    /// `Leaf`, `Misplaced`, `PrivatePart`, `Closed`; `Write`, after which [`atomic::AtomicError::is_fatal`] decides.
    pub fn append(&self, entries: &[NewEntry<'_>]) -> Result<Staged, LedgerError> {
        let closed_by = self.check_new(entries)?;
        let mut staged = Staged {
            log: self.files.name,
            old_size: self.edge.size(),
            old_root: self.root,
            edge: self.edge.clone(),
            tail: self.tail.clone(),
            closed_by,
        };
        // Nothing is named by anything before the checkpoint is, so that it can all become durable together.
        let mut objects = Vec::new();
        let mut full = Vec::new();
        for entry in entries {
            let index = staged.edge.size();
            objects.extend(
                entry
                    .sealed_private
                    .map(|sealed| (private_object(index), sealed.to_vec())),
            );
            staged.edge.push(leaf_hash(entry.public), &mut full);
            staged.tail.push(entry.public.to_vec());
            if staged.tail.len() == usize::from(FULL_WIDTH) {
                objects.push(bundle(index + 1, &std::mem::take(&mut staged.tail))?);
            }
        }
        if !staged.tail.is_empty() {
            objects.push(bundle(staged.edge.size(), &staged.tail)?);
        }
        objects.extend(full.iter().map(|(tile, hashes)| (tile.path(), hashes.concat())));
        // A partial tile of an upper level that got no new hash stands already; writing it again would change nothing.
        let old: BTreeSet<TileId> = self.edge.partial().map(|(tile, _)| tile).collect();
        let new = staged.edge.partial().filter(|(tile, _)| !old.contains(tile));
        objects.extend(new.map(|(tile, hashes)| (tile.path(), hashes.concat())));
        self.write(&objects)?;
        Ok(staged)
    }

    /// Signs and publishes the checkpoint of staged leaves: the commit point. Afterwards removes partial tiles that the
    /// new checkpoint does not need; a failure there is kept for [`Ledger::untidied`].
    ///
    /// # Errors
    /// `Stale`, `Signer`, `Sign`; `Write`, after a fatal one of which only [`Ledger::open`] tells what counts.
    pub fn commit(&mut self, staged: Staged, signer: &NoteSigner) -> Result<Tip, LedgerError> {
        let here = (self.files.name, self.edge.size(), self.root);
        if (staged.log, staged.old_size, staged.old_root) != here {
            return Err(LedgerError::Stale);
        }
        if signer.verifier().public() != self.verifier.public() {
            return Err(LedgerError::Signer);
        }
        if staged.indices().is_empty() {
            return Ok(self.tip());
        }
        let origin = self.files.name.origin(&self.prefix);
        let root = staged.edge.root();
        let text = Checkpoint {
            origin: origin.clone(),
            size: staged.edge.size(),
            root,
        }
        .text();
        let note = signer.named(&origin)?.sign(&text)?;
        let path = self.files.folder.join(CHECKPOINT_FILE);
        atomic::publish(self.files.disk, &path, note.to_text().as_bytes())?;
        let old_size = self.edge.size();
        self.checkpoint = note;
        self.edge = staged.edge;
        self.root = root;
        self.tail = staged.tail;
        self.closed_by = staged.closed_by;
        self.untidied = self.tidy(old_size).err();
        Ok(self.tip())
    }

    /// Makes every name durable that is seen in this log, and in a newer one that was begun. A process that was killed left
    /// them to the kernel; nothing may be built on a checkpoint that a power loss can still take back.
    ///
    /// # Errors
    /// `Write` at `SyncFolder`, fatal; `Read`.
    pub fn make_durable(&self) -> Result<(), LedgerError> {
        let disk = self.files.disk;
        atomic::sync_entries(disk, &self.dir)?;
        let names = list(disk, &self.dir)?.into_iter();
        for name in names.filter(|name| LogName::parse(name).is_some_and(|name| name >= self.files.name)) {
            let log = self.dir.join(name);
            atomic::sync_entries(disk, &log)?;
            for part in ["private", "tile"].map(|part| log.join(part)) {
                if disk.exists(&part).map_err(|source| LedgerError::Read {
                    path: log.clone(),
                    source,
                })? {
                    self.sync_below(&part)?;
                }
            }
        }
        Ok(())
    }

    /// A folder and the folders in it. Those of private parts have none, and as many files as the log has leaves.
    fn sync_below(&self, folder: &Path) -> Result<(), LedgerError> {
        let disk = self.files.disk;
        atomic::sync_entries(disk, folder)?;
        if folder.ends_with("private") {
            return Ok(());
        }
        for name in list(disk, folder)? {
            let path = folder.join(name);
            let facts = disk.facts(&path).map_err(|source| LedgerError::Read {
                path: path.clone(),
                source,
            })?;
            if facts.kind == FileKind::Folder {
                self.sync_below(&path)?;
            }
        }
        Ok(())
    }

    /// Tests leaves before anything is written; the key text of a key change among them.
    fn check_new(&self, entries: &[NewEntry<'_>]) -> Result<Option<String>, LedgerError> {
        let mut closed_by = self.closed_by.clone();
        if (closed_by.is_some() || !self.newest) && !entries.is_empty() {
            return Err(LedgerError::Closed(self.files.name));
        }
        for (position, entry) in entries.iter().enumerate() {
            let leaf = Leaf::parse(entry.public).map_err(|source| LedgerError::Leaf { position, source })?;
            let first = self.edge.size() == 0 && position == 0;
            let opening = matches!(leaf.act, Act::Init | Act::YearOpened);
            if closed_by.is_some() || first != opening {
                let act = leaf.act;
                return Err(LedgerError::Misplaced { position, act });
            }
            let within = entry
                .sealed_private
                .is_none_or(|sealed| u64::try_from(sealed.len()).is_ok_and(|bytes| bytes <= MAX_PRIVATE_BYTES));
            if leaf.private_hash().is_some() != entry.sealed_private.is_some() || !within {
                return Err(LedgerError::PrivatePart { position });
            }
            if leaf.act == Act::KeyChange {
                self.check_key_change(&leaf)?;
                closed_by = leaf.key_after.as_ref().map(|key| key.as_str().to_owned());
            }
        }
        Ok(closed_by)
    }

    /// A key change must start from the key of this log and lead to another one that can be used.
    fn check_key_change(&self, leaf: &Leaf) -> Result<(), LedgerError> {
        let parse = |key: &Option<Label>| key.as_ref().map(|key| NoteVerifier::parse(key.as_str())).transpose();
        let (before, after) = (parse(&leaf.key_before)?, parse(&leaf.key_after)?);
        if before.as_ref() != Some(&self.verifier) || after == before {
            return Err(LedgerError::Signer);
        }
        Ok(())
    }

    /// Makes files durable: all contents, then all folders.
    fn write(&self, objects: &[(String, Vec<u8>)]) -> Result<(), LedgerError> {
        let mut folders = BTreeSet::new();
        let disk = self.files.disk;
        for objects in objects.chunks(FILES_MAX) {
            let mut files = Vec::with_capacity(objects.len());
            for (object, bytes) in objects {
                let path = self.files.folder.join(object);
                let folder = Path::new(object).parent().unwrap_or(Path::new(""));
                if folders.insert(self.files.folder.join(folder)) {
                    atomic::create_folders(disk, &self.files.folder, folder)?;
                }
                let mut file = NewFile::begin(disk, &path)?;
                file.write_all(bytes)?;
                files.push(file);
            }
            atomic::publish_all(disk, files)?;
        }
        let folders: Vec<PathBuf> = folders.into_iter().collect();
        Ok(atomic::sync_all_entries(disk, &folders)?)
    }

    /// Removes partial tiles that no checkpoint needs: those of the size before, and those that a crash left beside them.
    fn tidy(&self, old_size: u64) -> Result<(), LedgerError> {
        let size = self.edge.size();
        for kind in kinds_of(size) {
            let last = TileId::all(kind, old_size).last().map_or(0, |tile| tile.index);
            let newest = TileId::all(kind, size).last().map_or(0, |tile| tile.index);
            for index in BTreeSet::from([last.saturating_sub(1), last, newest]) {
                if let Some(tile) = TileId::holding(kind, index.saturating_mul(u64::from(FULL_WIDTH)), size) {
                    self.tidy_partials(tile)?;
                }
            }
        }
        Ok(())
    }

    fn tidy_partials(&self, tile: TileId) -> Result<(), LedgerError> {
        let disk = self.files.disk;
        let folder = self.files.folder.join(tile.partial_folder());
        let failed = |source| LedgerError::Read {
            path: folder.clone(),
            source,
        };
        if !disk.exists(&folder).map_err(failed)? {
            return Ok(());
        }
        for entry in disk.list(&folder).map_err(failed)? {
            if tile.is_full() || entry.name != tile.width.to_string() {
                disk.remove(&folder.join(entry.name)).map_err(failed)?;
            }
        }
        if tile.is_full() {
            disk.remove_folder(&folder).map_err(failed)?;
        }
        Ok(())
    }
}

/// The bundle that ends with leaf `size - 1`.
fn bundle(size: u64, entries: &[Vec<u8>]) -> Result<(String, Vec<u8>), LedgerError> {
    let outside = LedgerError::Index { index: size, size };
    let tile = TileId::holding(TileKind::Entries, size.saturating_sub(1), size).ok_or(outside)?;
    let bytes = encode_bundle(entries.iter().map(Vec::as_slice)).map_err(|_| LedgerError::Stale)?;
    Ok((tile.path(), bytes))
}
