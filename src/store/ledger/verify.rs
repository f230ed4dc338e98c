//! Re-hashes every byte of every log and names the first damaged object and index.
//!
//! Trust flows backwards: the pinned key vouches for the newest checkpoint, the checkpoint for every leaf, the first leaf
//! for the checkpoint of the log before. So the newest log is verified first, and within a log the lowest index is named.

mod pass;

use std::path::Path;

use super::fault::{Defect, Fault, LedgerError};
use super::files::{LogFiles, private_object};
use super::name::LogName;
use super::{CHECKPOINT_FILE, log_names, read_checkpoint, valid_prefix};
use crate::format::leaf::{Act, Label, Leaf};
use crate::format::note::SignedNote;
use crate::format::proof::Checkpoint;
use crate::format::tile::{TileId, TileKind};
use crate::ports::{Disk, FileKind};
use crate::seal::merkle::Hash;
use crate::seal::notesign::NoteVerifier;
use pass::{Content, Marks, damage};

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
    /// Further bad objects in the log of the defect. Logs behind it are not read: nothing vouches for them any more.
    pub others: u64,
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
    verify_some(disk, (dir, prefix), verifier, &|_| true, opens)
}

/// As [`verify`], but reads every byte of those logs only that `reads` wants; of the others the checkpoint, the right edge
/// and both ends, by which the logs hang together.
///
/// # Errors
/// As [`verify`].
pub fn verify_some(
    disk: &dyn Disk,
    (dir, prefix): (&Path, &str),
    verifier: &NoteVerifier,
    reads: &dyn Fn(LogName) -> bool,
    opens: &mut dyn FnMut(&PrivatePart<'_>) -> bool,
) -> Result<Report, LedgerError> {
    if !valid_prefix(prefix) {
        return Err(LedgerError::Name);
    }
    let mut names = match damage(log_names(disk, dir))? {
        Ok(names) => names,
        Err(defect) => {
            return Ok(Report {
                defect: Some(defect),
                ..Report::default()
            });
        }
    };
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
        others: 0,
    };
    while let Some(name) = names.pop() {
        let read = walk.log(name, reads(name), opens);
        report.others = walk.others;
        match read {
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
    /// Bad objects behind the first one.
    others: u64,
}

impl Walk<'_> {
    fn log(
        &mut self,
        name: LogName,
        is_read: bool,
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
        let content = if is_read {
            Content::read(&files, &checkpoint, opens, &mut self.others)?
        } else {
            Content::ends(&files, &checkpoint)?
        };
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
            leftovers: match &content.private {
                Some(private) => leftovers(&files, checkpoint.size, private)?,
                None => Vec::new(),
            },
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
fn leftovers(files: &LogFiles<'_>, size: u64, private: &Marks) -> Result<Vec<String>, LedgerError> {
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

fn needed(object: &str, size: u64, private: &Marks) -> bool {
    if let Some(index) = object.strip_prefix("private/") {
        return index
            .parse::<u64>()
            .is_ok_and(|index| private.has(index) && private_object(index) == object);
    }
    let tile = TileId::parse(object);
    object == CHECKPOINT_FILE
        || tile.is_some_and(|tile| {
            let first = tile.index.saturating_mul(256);
            TileId::holding(tile.kind, first, size) == Some(tile)
        })
}
