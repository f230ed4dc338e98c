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
mod read;
mod verify;
mod witness;
mod write;

use std::io;
use std::path::{Path, PathBuf};

pub use fault::{Defect, Fault, LedgerError};
pub use name::{LogName, valid_prefix};
pub use verify::{LogReport, PrivatePart, Report, verify, verify_some};
pub use witness::Seen;
pub use write::Staged;

use crate::domain::instant::Instant;
use crate::format::leaf::{Act, Leaf};
use crate::format::note::SignedNote;
use crate::format::proof::Checkpoint;
use crate::format::tile::{TileId, TileKind, kinds_of};
use crate::ports::Disk;
use crate::seal::merkle::Hash;
use crate::seal::notesign::{NoteSigner, NoteVerifier};
use crate::store::atomic::{self};
use edge::Edge;
use files::LogFiles;

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

/// A log, open for reading; the newest one for appending too. The caller holds the site's lock while appending.
pub struct Ledger<'d> {
    dir: PathBuf,
    prefix: String,
    verifier: NoteVerifier,
    files: LogFiles<'d>,
    /// Only the newest log takes leaves.
    newest: bool,
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
        if let Some(newest) = log_names(disk, dir)?.last() {
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
            newest: true,
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
        let name = log_names(disk, dir)?.pop().ok_or(LedgerError::Empty)?;
        Self::open_log(disk, dir, prefix, verifier, name)
    }

    /// Opens any log for reading; only the newest one takes leaves. `verifier` is the key of that log.
    ///
    /// # Errors
    /// `Damaged` (`Missing` where there is no such log), `Read`, `Name`.
    pub fn open_log(
        disk: &'d dyn Disk,
        dir: &Path,
        prefix: &str,
        verifier: &NoteVerifier,
        name: LogName,
    ) -> Result<Self, LedgerError> {
        if !valid_prefix(prefix) {
            return Err(LedgerError::Name);
        }
        let files = LogFiles::new(disk, dir, name);
        let (checkpoint, parsed) = read_checkpoint(&files, prefix, verifier)?;
        let edge = edge_of(&files, parsed.size)?;
        if edge.root() != parsed.root {
            return Err(files.defect(CHECKPOINT_FILE, None, Fault::Root).into());
        }
        let tail = edge_tile(TileKind::Entries, parsed.size).map_or(Ok(Vec::new()), |tile| files.entries(tile))?;
        let mut ledger = Self {
            dir: dir.to_owned(),
            prefix: prefix.to_owned(),
            verifier: verifier.clone(),
            files,
            newest: log_names(disk, dir)?.last() == Some(&name),
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

    /// Opens the log of a later year, or the next log of this year after a key change. Its first leaf holds the last
    /// checkpoint of the log before; it is committed at once. After a key change `signer` is the new key.
    ///
    /// # Errors
    /// `Year`, `Closed` (not the newest log), `Signer`, and as [`Ledger::append`] and [`Ledger::commit`].
    pub fn open_year(&mut self, year: u32, time: Instant, signer: &NoteSigner) -> Result<Tip, LedgerError> {
        let current = self.files.name;
        if !self.newest {
            return Err(LedgerError::Closed(current));
        }
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
}

/// The right edge of a log, as its tiles hold it. It is to be trusted once its root is the signed one.
fn edge_of(files: &LogFiles<'_>, size: u64) -> Result<Edge, LedgerError> {
    let mut levels = Vec::new();
    for kind in kinds_of(size) {
        if kind != TileKind::Entries {
            levels.push(edge_tile(kind, size).map_or(Ok(Vec::new()), |tile| files.hashes(tile))?);
        }
    }
    Ok(Edge::new(size, levels))
}

/// The partial tile of a kind at the right edge.
fn edge_tile(kind: TileKind, size: u64) -> Option<TileId> {
    TileId::all(kind, size).last().filter(|tile| !tile.is_full())
}

/// Names of the logs that have a checkpoint, oldest first. A folder without one is the rest of a crash while the log was
/// opened, or of a disposal.
///
/// # Errors
/// `Read`; `Damaged` where the newest log holds more than its opening leaf but its checkpoint is gone: to go on from the
/// log before would overwrite it.
pub fn log_names(disk: &dyn Disk, dir: &Path) -> Result<Vec<LogName>, LedgerError> {
    let listed = disk.list(dir).map_err(|source| LedgerError::Read {
        path: dir.to_owned(),
        source,
    })?;
    let mut all: Vec<LogName> = listed.iter().filter_map(|entry| LogName::parse(&entry.name)).collect();
    all.sort();
    let mut names = Vec::new();
    for name in &all {
        if LogFiles::new(disk, dir, *name).has_checkpoint()? {
            names.push(*name);
        }
    }
    for name in all
        .into_iter()
        .filter(|name| names.last().is_none_or(|newest| name > newest))
    {
        let files = LogFiles::new(disk, dir, name);
        let bundles = files.folder.join("tile/entries");
        let opening = list(disk, &bundles)?.iter().all(|name| name == "000.p")
            && list(disk, &bundles.join("000.p"))?
                .iter()
                .all(|name| name == "1" || name == "1.tmp");
        if !opening {
            return Err(files.defect(CHECKPOINT_FILE, None, Fault::Missing).into());
        }
    }
    Ok(names)
}

/// Names in a folder; none where there is no folder.
fn list(disk: &dyn Disk, folder: &Path) -> Result<Vec<String>, LedgerError> {
    match disk.list(folder) {
        Ok(entries) => Ok(entries.into_iter().map(|entry| entry.name).collect()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(LedgerError::Read {
            path: folder.to_owned(),
            source,
        }),
    }
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
