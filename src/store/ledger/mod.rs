//! The ledger on disk: one C2SP tiled log per fiscal year, appended to and committed by its signed checkpoint. Implements
//! `docs/formats/ledger.md`.
//!
//! Writing has two steps. [`Ledger::append`] makes private parts, entry bundles and hash tiles durable, in this order,
//! in files that no committed checkpoint needs; [`Ledger::commit`] replaces the checkpoint, and that is the commit point
//! of the program. A crash between them leaves the old log, and the next append overwrites what was left.

mod edge;
mod fault;
mod files;
mod name;
mod verify;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub use fault::{Defect, Fault, LedgerError};
pub use name::{LogName, valid_prefix};
pub use verify::{LogReport, PrivatePart, Report, verify};

use crate::domain::instant::Instant;
use crate::format::leaf::{Act, Label, Leaf};
use crate::format::note::SignedNote;
use crate::format::proof::{Checkpoint, ProofFile};
use crate::format::tile::{FULL_WIDTH, TileId, TileKind, encode_bundle, kinds_of};
use crate::ports::Disk;
use crate::seal::merkle::{Hash, consistency_proof, inclusion_proof, leaf_hash, verify_inclusion};
use crate::seal::notesign::{NoteSigner, NoteVerifier};
use crate::store::atomic::{self, NewFile};
use edge::Edge;
use files::{LogFiles, TreeReader, private_object};

/// Name of the file whose replacement commits.
const CHECKPOINT_FILE: &str = "checkpoint";

/// Longest sealed private part, in bytes: the longest leaf and what sealing adds.
pub const MAX_PRIVATE_BYTES: u64 = 131_072;

/// Where the ledger stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// Newest log.
    pub log: LogName,
    /// Its number of leaves.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Verifier key text of the next key, where a key change closed the log.
    pub next_key: Option<String>,
}

/// One leaf to append: the public bytes of `LeafBytes`, and its private part sealed by the caller.
#[derive(Debug, Clone, Copy)]
pub struct NewEntry<'a> {
    /// The entry of the log.
    pub public: &'a [u8],
    /// What is kept beside the log; needed exactly where the leaf names a private part.
    pub sealed_private: Option<&'a [u8]>,
}

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

/// The newest log, open for reading and appending. The caller holds the site's lock while appending.
pub struct Ledger<'d> {
    dir: PathBuf,
    prefix: String,
    verifier: NoteVerifier,
    files: LogFiles<'d>,
    checkpoint: SignedNote,
    edge: Edge,
    root: Hash,
    /// Entries of the partial bundle.
    tail: Vec<Vec<u8>>,
    closed_by: Option<String>,
    untidied: Option<LedgerError>,
}

impl<'d> Ledger<'d> {
    /// Begins the ledger of a new site: the first log, with `first` as its first leaf, committed. `dir` exists.
    ///
    /// # Errors
    /// `Exists`, `Name`, and as [`Ledger::append`] and [`Ledger::commit`].
    pub fn create(
        disk: &'d dyn Disk,
        dir: &Path,
        prefix: &str,
        year: u32,
        first: NewEntry<'_>,
        signer: &NoteSigner,
    ) -> Result<Self, LedgerError> {
        let name = LogName::of_year(year)
            .filter(|_| valid_prefix(prefix))
            .ok_or(LedgerError::Name)?;
        if let Some(newest) = logs(disk, dir)?.last() {
            return Err(LedgerError::Exists(*newest));
        }
        let mut ledger = Self::fresh(disk, dir, prefix, name, signer)?;
        let staged = ledger.append(&[first])?;
        ledger.commit(staged, signer)?;
        Ok(ledger)
    }

    /// A log without leaves, which only its first commit makes real.
    fn fresh(
        disk: &'d dyn Disk,
        dir: &Path,
        prefix: &str,
        name: LogName,
        signer: &NoteSigner,
    ) -> Result<Self, LedgerError> {
        let edge = Edge::default();
        let root = edge.root();
        let origin = name.origin(prefix);
        let text = Checkpoint {
            origin: origin.clone(),
            size: 0,
            root,
        }
        .text();
        atomic::create_folders(disk, dir, Path::new(&name.to_string()))?;
        Ok(Self {
            dir: dir.to_owned(),
            prefix: prefix.to_owned(),
            verifier: signer.verifier(),
            files: LogFiles::new(disk, dir, name),
            checkpoint: signer.named(&origin)?.sign(&text)?,
            edge,
            root,
            tail: Vec::new(),
            closed_by: None,
            untidied: None,
        })
    }

    /// Opens the newest log: verifies its checkpoint and rebuilds the right edge from the tiles. What lies beyond the
    /// checkpoint's size is ignored, and overwritten by the next append. Entries and tiles left of the edge are not read:
    /// [`verify`] does that.
    ///
    /// # Errors
    /// `Empty` where no log was begun; `Damaged`, `Read`, `Name`.
    pub fn open(disk: &'d dyn Disk, dir: &Path, prefix: &str, verifier: &NoteVerifier) -> Result<Self, LedgerError> {
        if !valid_prefix(prefix) {
            return Err(LedgerError::Name);
        }
        let name = logs(disk, dir)?.pop().ok_or(LedgerError::Empty)?;
        let files = LogFiles::new(disk, dir, name);
        let (checkpoint, parsed) = read_checkpoint(&files, prefix, verifier)?;
        let mut levels = Vec::new();
        for kind in kinds_of(parsed.size) {
            if kind != TileKind::Entries {
                levels.push(edge_tile(kind, parsed.size).map_or(Ok(Vec::new()), |tile| files.hashes(tile))?);
            }
        }
        let edge = Edge::new(parsed.size, levels);
        if edge.root() != parsed.root {
            return Err(files.defect(CHECKPOINT_FILE, None, Fault::Root).into());
        }
        let tail = edge_tile(TileKind::Entries, parsed.size).map_or(Ok(Vec::new()), |tile| files.entries(tile))?;
        let mut ledger = Self {
            dir: dir.to_owned(),
            prefix: prefix.to_owned(),
            verifier: verifier.clone(),
            files,
            checkpoint,
            edge,
            root: parsed.root,
            tail,
            closed_by: None,
            untidied: None,
        };
        let last = parsed.size.saturating_sub(1);
        let leaf = ledger.leaf(last)?;
        ledger.closed_by = leaf.key_after.map(|key| key.as_str().to_owned());
        Ok(ledger)
    }

    /// Where the ledger stands.
    pub fn tip(&self) -> Tip {
        Tip {
            log: self.files.name,
            size: self.edge.size(),
            root: self.root,
            next_key: self.closed_by.clone(),
        }
    }

    /// The signed checkpoint.
    pub fn checkpoint(&self) -> &SignedNote {
        &self.checkpoint
    }

    /// What kept the last commit from removing files that are no longer needed. The commit itself stands.
    pub fn untidied(&self) -> Option<&LedgerError> {
        self.untidied.as_ref()
    }

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
        let (mut private, mut bundles, mut tiles) = (Vec::new(), Vec::new(), Vec::new());
        let mut full = Vec::new();
        for entry in entries {
            let index = staged.edge.size();
            private.extend(
                entry
                    .sealed_private
                    .map(|sealed| (private_object(index), sealed.to_vec())),
            );
            staged.edge.push(leaf_hash(entry.public), &mut full);
            staged.tail.push(entry.public.to_vec());
            if staged.tail.len() == usize::from(FULL_WIDTH) {
                bundles.push(bundle(index + 1, &std::mem::take(&mut staged.tail))?);
            }
        }
        if !staged.tail.is_empty() {
            bundles.push(bundle(staged.edge.size(), &staged.tail)?);
        }
        tiles.extend(full.iter().map(|(tile, hashes)| (tile.path(), hashes.concat())));
        // A partial tile of an upper level that got no new hash stands already; writing it again would change nothing.
        let old: BTreeSet<TileId> = self.edge.partial().map(|(tile, _)| tile).collect();
        let new = staged.edge.partial().filter(|(tile, _)| !old.contains(tile));
        tiles.extend(new.map(|(tile, hashes)| (tile.path(), hashes.concat())));
        for group in [private, bundles, tiles] {
            self.write(&group)?;
        }
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

    /// Opens the log of a later year, or the next log of this year after a key change. Its first leaf holds the last
    /// checkpoint of the log before; it is committed at once. After a key change `signer` is the new key.
    ///
    /// # Errors
    /// `Year`, `Signer`, and as [`Ledger::append`] and [`Ledger::commit`].
    pub fn open_year(&mut self, year: u32, time: Instant, signer: &NoteSigner) -> Result<Tip, LedgerError> {
        let current = self.files.name;
        let wrong = LedgerError::Year { current, year };
        let name = if year > current.year() {
            LogName::of_year(year)
        } else if year == current.year() && self.closed_by.is_some() {
            current.continued()
        } else {
            None
        };
        let name = name.ok_or(wrong)?;
        let right_key = match &self.closed_by {
            Some(key) => *key == signer.vkey(),
            None => signer.verifier().public() == self.verifier.public(),
        };
        if !right_key {
            return Err(LedgerError::Signer);
        }
        let mut leaf = Leaf::new(Act::YearOpened, time);
        leaf.checkpoint = Some(self.checkpoint.to_text());
        let bytes = leaf
            .encode(None)
            .map_err(|source| LedgerError::Leaf { position: 0, source })?;
        let mut next = Self::fresh(self.files.disk, &self.dir, &self.prefix, name, signer)?;
        let first = NewEntry {
            public: &bytes.public,
            sealed_private: None,
        };
        let staged = next.append(&[first])?;
        next.commit(staged, signer)?;
        *self = next;
        Ok(self.tip())
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

    /// Tests leaves before anything is written; the key text of a key change among them.
    fn check_new(&self, entries: &[NewEntry<'_>]) -> Result<Option<String>, LedgerError> {
        let mut closed_by = self.closed_by.clone();
        if closed_by.is_some() && !entries.is_empty() {
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

    /// Makes a group of files durable: all contents, then all folders.
    fn write(&self, group: &[(String, Vec<u8>)]) -> Result<(), LedgerError> {
        let mut folders = BTreeSet::new();
        let disk = self.files.disk;
        for (object, bytes) in group {
            let path = self.files.folder.join(object);
            let folder = Path::new(object).parent().unwrap_or(Path::new("")).to_owned();
            if !folders.contains(&folder) {
                atomic::create_folders(disk, &self.files.folder, &folder)?;
            }
            folders.insert(folder);
            let mut file = NewFile::begin(disk, &path)?;
            file.write_all(bytes)?;
            file.publish()?;
        }
        for folder in folders {
            atomic::sync_folder(disk, &self.files.folder.join(folder).join("x"))?;
        }
        Ok(())
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

/// The partial tile of a kind at the right edge.
fn edge_tile(kind: TileKind, size: u64) -> Option<TileId> {
    TileId::all(kind, size).last().filter(|tile| !tile.is_full())
}

/// Names of the logs that have a checkpoint, oldest first. A folder without one is the rest of a crash.
fn logs(disk: &dyn Disk, dir: &Path) -> Result<Vec<LogName>, LedgerError> {
    let listed = disk.list(dir).map_err(|source| LedgerError::Read {
        path: dir.to_owned(),
        source,
    })?;
    let mut names = Vec::new();
    for name in listed.iter().filter_map(|entry| LogName::parse(&entry.name)) {
        if LogFiles::new(disk, dir, name).has_checkpoint()? {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Reads and verifies the checkpoint of a log.
fn read_checkpoint(
    files: &LogFiles<'_>,
    prefix: &str,
    verifier: &NoteVerifier,
) -> Result<(SignedNote, Checkpoint), LedgerError> {
    let defect = |fault| files.defect(CHECKPOINT_FILE, None, fault);
    let origin = files.name.origin(prefix);
    let bytes = files.checkpoint()?;
    let note = verifier
        .named(&origin)?
        .open(&bytes)
        .map_err(|e| defect(Fault::Note(e)))?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|e| defect(Fault::Checkpoint(e)))?;
    if checkpoint.origin != origin || checkpoint.size == 0 {
        return Err(defect(Fault::Origin).into());
    }
    Ok((note, checkpoint))
}
