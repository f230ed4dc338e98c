//! The removal of inbound files that a commit used up.
//!
//! Between a look at a file and its removal its sender can put another one in its place. So each is renamed first to a name
//! that only this program uses, then looked at, then removed; what turns out to be another file is put back and is a new one
//! for the next pass. The place is the staging folder of the commit, or, where the party's folder is a file system of its own,
//! that folder itself. Both are found again after a crash, and may be done again at any step: a power loss leaves the
//! file under the one name or the other, and removal or return follow in either case.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::domain::fault::Fault;
use crate::ports::{Disk, Facts, FileKind};
use crate::run::{trouble, turns};
use crate::seal::digest;
use crate::store::folders::Folders;
use crate::store::inbox;
use crate::store::staging::{Intent, Retired};

/// Bytes of a file that are read together.
const PIECE_BYTES: usize = 256 << 10;

/// Removes the inbound files of the intent, each only if it is still the file that was read.
pub(super) fn retire(disk: &dyn Disk, folders: &Folders, intent: &Intent, after_crash: bool) -> Result<(), Fault> {
    // Where acts on the disk are counted or ordered it is one file after the other.
    let threads = if disk.syncs_in_parallel() { turns::cores() } else { 1 };
    let numbered = intent.retired.iter().enumerate().collect();
    let retired = turns::at_once(threads, numbered, |(number, retired)| {
        let path = folders.at(&retired.path);
        let folder = path.parent().unwrap_or(folders.root());
        let one = One {
            disk,
            retired,
            path: &path,
            places: [
                folders.at(&format!("staging/{:010}/retired-{number:05}", intent.commit)),
                folder.join(format!(".sekisho-retired-{:010}-{number:05}", intent.commit)),
            ],
            other: folder.join(format!("returned-{:010}-{number:05}.dat", intent.commit)),
        };
        // The name may say anything, a person's name too: a failure names the folder only.
        let changed = one.retire(after_crash).map_err(trouble::disk(folder))?;
        Ok(changed.then(|| folder.to_owned()))
    })?;
    let mut touched = BTreeSet::new();
    for folder in retired {
        touched.extend(folder?);
    }
    // Before the intent goes: what was put back must not be lost with the names that led to it.
    super::sync_those_there(disk, touched)
}

struct One<'a> {
    disk: &'a dyn Disk,
    retired: &'a Retired,
    path: &'a Path,
    places: [PathBuf; 2],
    other: PathBuf,
}

impl One<'_> {
    /// True where the folder of the file changed.
    fn retire(&self, after_crash: bool) -> io::Result<bool> {
        if after_crash {
            for place in &self.places {
                if self.disk.exists(place)? {
                    self.settle(place)?;
                }
            }
        }
        // What the run before the crash removed is not durable yet.
        let mut changed = after_crash;
        match self.disk.facts(self.path) {
            Ok(facts) if self.is_read(&facts) => {}
            Ok(_) => return Ok(changed),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(changed),
            Err(e) => return Err(e),
        }
        if let Some(place) = self.set_aside()? {
            self.settle(place)?;
            changed = true;
        }
        Ok(changed)
    }

    /// Renames the file; `None` where its sender took it away.
    fn set_aside(&self) -> io::Result<Option<&Path>> {
        let [staging, beside] = &self.places;
        let place = match self.disk.rename(self.path, staging) {
            Err(e) if e.kind() == io::ErrorKind::CrossesDevices => self.disk.rename(self.path, beside).map(|()| beside),
            other => other.map(|()| staging),
        };
        match place {
            Ok(place) => Ok(Some(place)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Removes what was set aside if it is what was read, and puts it back otherwise.
    fn settle(&self, place: &Path) -> io::Result<()> {
        let facts = self.disk.facts(place)?;
        if self.is_read(&facts) && self.is_content(place)? {
            return self.disk.remove(place);
        }
        match self.disk.rename_new(place, self.path) {
            // Another one has the name already: both are new files, and a name is only a label.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => self.disk.rename_new(place, &self.other),
            other => other,
        }
    }

    fn is_read(&self, facts: &Facts) -> bool {
        let read = Facts {
            inode: self.retired.inode,
            len_bytes: self.retired.len_bytes,
            modified_ns: self.retired.modified_ns,
            ..*facts
        };
        facts.kind == FileKind::Plain && inbox::same(facts, &read)
    }

    fn is_content(&self, place: &Path) -> io::Result<bool> {
        if self.retired.sha256.is_empty() {
            return Ok(true);
        }
        match self.hash(place) {
            Ok(hash) => Ok(hash == self.retired.sha256),
            // It shrank since its length was looked at.
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// SHA-256 of as many bytes as were read, in hex.
    fn hash(&self, place: &Path) -> io::Result<String> {
        let file = self.disk.open(place)?;
        if file.facts()?.len_bytes != self.retired.len_bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut hash = Sha256::new();
        let mut piece = vec![0; PIECE_BYTES];
        let mut at = 0;
        while at < self.retired.len_bytes {
            let left = usize::try_from(self.retired.len_bytes - at).unwrap_or(usize::MAX);
            let piece = piece.get_mut(..left.min(PIECE_BYTES)).unwrap_or_default();
            file.read_exact_at(piece, at)?;
            hash.update(&*piece);
            at += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        }
        Ok(digest::to_hex(&hash.finalize()))
    }
}
