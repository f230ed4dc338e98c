//! Staged objects of one commit: files that are durable before the commit point and are put in place after it.
//!
//! `staging/<commit>/` holds the objects and, written last, the sealed `intent`: where each object goes, which inbound
//! files it used up, which leaf closes the commit. A folder without a signed commit is discarded; one with a signed
//! commit is carried to its end, by the happy path and by recovery through the same function (`run::commit`).

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::folders::Folders;
use crate::ports::together::{FILES_MAX, sync_files};
use crate::ports::{Disk, WriteNew};
use crate::seal::digest;
use crate::seal::merkle::Hash;

/// An object and the place it goes to; both paths are relative to the site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Where it lies durable before the commit.
    pub from: String,
    /// Where it belongs after the commit.
    pub to: String,
    /// Its length.
    pub len_bytes: u64,
    /// Hex SHA-256, tested where a commit is carried on after a crash; empty for objects that are tested by their
    /// own format (runs, spool files) or by their package hash.
    pub sha256: String,
    /// Hex package hash, tested in place of a SHA-256: of packages that were sealed while they were written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_hash: Option<String>,
}

/// A staged object while it is written. It counts once [`StagedFile::finish`] has remembered it.
pub struct StagedFile {
    file: Box<dyn WriteNew>,
    from: String,
    to: String,
    len_bytes: u64,
    hash: Option<Sha256>,
}

impl StagedFile {
    /// The same, hashed while it is written: it may then only be appended to. For objects that are small or have no hash of
    /// their own.
    #[must_use]
    pub fn hashed(mut self) -> Self {
        self.hash = Some(Sha256::new());
        self
    }

    /// Remembers where the object goes; it is made durable with others, at last by [`Stage::finish`]. Where it is a package, `package_hash` is its hash; what has
    /// none, and was not hashed either, is tested by its own format.
    pub fn finish(self, stage: &mut Stage<'_>, package_hash: Option<&Hash>) -> io::Result<()> {
        stage.wait(self.file)?;
        stage.placements.push(Placement {
            from: self.from,
            to: self.to,
            len_bytes: self.len_bytes,
            sha256: self
                .hash
                .map(|hash| digest::to_hex(&hash.finalize()))
                .unwrap_or_default(),
            package_hash: package_hash.map(|hash| digest::to_hex(hash)),
        });
        Ok(())
    }

    /// Bytes written so far.
    pub fn len_bytes(&self) -> u64 {
        self.len_bytes
    }
}

impl WriteNew for StagedFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        if let Some(hash) = &mut self.hash {
            hash.update(bytes);
        }
        self.len_bytes = self.len_bytes.saturating_add(bytes.len() as u64);
        Ok(())
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if self.hash.is_some() {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.file.rewrite(offset, bytes)
    }

    fn begin_sync(&mut self) {
        self.file.begin_sync();
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

/// An inbound file that the commit used up. It is removed only if it is still the file that was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retired {
    /// Path relative to the site.
    pub path: String,
    /// Inode when it was read.
    pub inode: u64,
    /// Length when it was read.
    pub len_bytes: u64,
    /// Modification time when it was read, in nanoseconds.
    pub modified_ns: i128,
    /// Hex SHA-256 of what was read; empty for long files that had not changed for a while, whose facts tell enough.
    #[serde(default)]
    pub sha256: String,
}

/// An outgoing package, for the proof beside it and the leaf `published`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outgoing {
    /// Path relative to the site, `out/PARTY/NAME.seki`.
    pub path: String,
    /// Index of its leaf in the ledger of the commit.
    pub leaf_index: u64,
}

/// What a commit does after its commit point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Version of the intent, [`INTENT_VERSION`].
    pub format: u32,
    /// Number of the commit.
    pub commit: u64,
    /// Hex SHA-256 of the manifest that `CURRENT` will name.
    pub manifest_sha256: String,
    /// Objects to put in place, in this order.
    pub placements: Vec<Placement>,
    /// Text of the new pointer.
    pub current: String,
    /// Outgoing packages.
    pub outgoing: Vec<Outgoing>,
    /// Inbound files used up.
    pub retired: Vec<Retired>,
    /// Spool files that are no longer needed, relative to the site.
    pub dropped: Vec<String>,
    /// Size of the ledger at the commit point: a larger ledger has the closing leaves already.
    pub ledger_size: u64,
    /// Fiscal year of the ledger.
    pub ledger_year: u32,
    /// Business date, YYYYMMDD.
    pub business_date: u32,
}

/// Version of intents that is written and read.
pub const INTENT_VERSION: u32 = 1;

/// The one field that every version has.
#[derive(Deserialize)]
struct Head {
    format: u32,
}

/// The version of the text of an intent, where it is another than this program reads.
pub fn later_version(text: &[u8]) -> Option<u32> {
    let head: Head = serde_json::from_slice(text).ok()?;
    (head.format != INTENT_VERSION).then_some(head.format)
}

/// Name of the file that makes a staging folder complete.
const INTENT: &str = "intent";
/// No intent is larger: 100,000 outgoing files of 1 KiB.
const INTENT_MAX_BYTES: u64 = 100 << 20;

/// The staging folder of one commit while it is filled.
pub struct Stage<'d> {
    disk: &'d dyn Disk,
    root: PathBuf,
    name: String,
    placements: Vec<Placement>,
    /// Written, and not durable yet.
    waiting: Vec<Box<dyn WriteNew>>,
}

impl<'d> Stage<'d> {
    /// Makes the empty folder for a commit; what an unfinished attempt left there is discarded.
    pub fn begin(disk: &'d dyn Disk, folders: &Folders, commit: u64) -> io::Result<Self> {
        let name = format!("staging/{commit:010}");
        discard(disk, &folders.at(&name))?;
        disk.create_folder(&folders.at(&name))?;
        disk.sync_folder(&folders.staging())?;
        Ok(Self {
            disk,
            root: folders.root().to_owned(),
            name,
            placements: Vec::new(),
            waiting: Vec::new(),
        })
    }

    /// The folder, for writers that stream.
    pub fn folder(&self) -> PathBuf {
        self.root.join(&self.name)
    }

    /// Writes an object and remembers where it goes; it is made durable with others, at last by [`Stage::finish`].
    pub fn put(&mut self, name: &str, bytes: &[u8], to: &str) -> io::Result<()> {
        let from = format!("{}/{name}", self.name);
        let mut file = self.disk.create(&self.root.join(&from))?;
        file.write_all(bytes)?;
        self.wait(file)?;
        self.placements.push(Placement {
            from,
            to: to.to_owned(),
            len_bytes: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            sha256: digest::to_hex(&digest::sha256(bytes)),
            package_hash: None,
        });
        Ok(())
    }

    /// Lets a file wait for being made durable with others.
    fn wait(&mut self, file: Box<dyn WriteNew>) -> io::Result<()> {
        self.waiting.push(file);
        if self.waiting.len() < FILES_MAX {
            return Ok(());
        }
        sync_files(self.disk, std::mem::take(&mut self.waiting))
    }

    /// Begins an object that is written piece by piece; several may be written at once, in any order.
    pub fn create(&self, name: &str, to: &str) -> io::Result<StagedFile> {
        let from = self.relative(name);
        Ok(StagedFile {
            file: self.disk.create(&self.root.join(&from))?,
            from,
            to: to.to_owned(),
            len_bytes: 0,
            hash: None,
        })
    }

    /// Remembers where a file goes that lies durable already: a run in this folder, or a file of the spool.
    pub fn place(&mut self, from: &str, to: &str, len_bytes: u64) {
        let placement = Placement {
            from: from.to_owned(),
            to: to.to_owned(),
            len_bytes,
            sha256: String::new(),
            package_hash: None,
        };
        self.placements.push(placement);
    }

    /// A path of this folder as placements name it.
    pub fn relative(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }

    /// The placements so far.
    pub fn placements(&self) -> &[Placement] {
        &self.placements
    }

    /// Writes the sealed intent and makes the folder durable: after this the commit can be carried on by anyone.
    pub fn finish(self, sealed_intent: &[u8]) -> io::Result<()> {
        let folder = self.folder();
        let mut file = self.disk.create(&folder.join(INTENT))?;
        file.write_all(sealed_intent)?;
        let mut waiting = self.waiting;
        waiting.push(file);
        // In any order: nothing of the folder counts before the checkpoint is signed.
        sync_files(self.disk, waiting)?;
        self.disk.sync_folder(&folder)
    }
}

/// Commit numbers that have a staging folder, in order.
pub fn pending(disk: &dyn Disk, folders: &Folders) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in disk.list(&folders.staging())? {
        if let Ok(number) = entry.name.parse() {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The sealed intent of a commit, `None` where the folder was never finished.
pub fn read_intent(disk: &dyn Disk, folders: &Folders, commit: u64) -> io::Result<Option<Vec<u8>>> {
    match disk.read(
        &folders.at(&format!("staging/{commit:010}")).join(INTENT),
        INTENT_MAX_BYTES,
    ) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Removes the staging folder of a commit that is done or was never decided.
pub fn clear(disk: &dyn Disk, folders: &Folders, commit: u64) -> io::Result<()> {
    discard(disk, &folders.at(&format!("staging/{commit:010}")))?;
    disk.sync_folder(&folders.staging())
}

fn discard(disk: &dyn Disk, folder: &Path) -> io::Result<()> {
    let entries = match disk.list(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(e),
    };
    // The intent goes first: a half-removed folder must not look finished. Its removal is durable with that of the folder,
    // which the caller syncs before anything else is written; until then whoever finds it finds a commit that is done, or
    // was never decided.
    for entry in entries.iter().filter(|entry| entry.name == INTENT) {
        disk.remove(&folder.join(&entry.name))?;
    }
    for entry in entries.iter().filter(|entry| entry.name != INTENT) {
        disk.remove(&folder.join(&entry.name))?;
    }
    disk.remove_folder(folder)
}
