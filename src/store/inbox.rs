//! The inbound folders: what lies there, and a copy of one file that cannot change while it is read.

use std::io;
use std::path::{Path, PathBuf};

use crate::ports::{Disk, Facts, FileKind};

/// One thing that lies in an inbound folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxFile {
    /// Name of the folder, which is the id of the party that may write there.
    pub folder: String,
    /// Name of the file.
    pub name: String,
    /// Full path.
    pub path: PathBuf,
    /// What was found when the folder was listed.
    pub facts: Facts,
}

/// What is found in the inbound folders.
#[derive(Debug)]
pub enum Found {
    /// A plain file within the limits.
    Plain(InboxFile),
    /// Not a plain file, a name that is not UTF-8, or over a limit (H08), with the reason.
    Refused(InboxFile, Refusal),
    /// A folder that could not be listed; the others are processed all the same.
    Unreadable {
        /// Name of the folder.
        folder: String,
        /// What the system said.
        why: String,
    },
}

/// Why a thing in an inbound folder is no file to read (H08).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// A link, folder, FIFO, device or socket.
    NotPlain,
    /// More than one name for the file: somebody else can still write it.
    HardLinked,
    /// The name is not UTF-8.
    Name,
    /// Longer than the limit.
    TooLarge,
    /// Past the limit of files in one folder.
    TooMany,
}

/// Limits that are tested before anything is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest file in bytes.
    pub file_bytes: u64,
    /// Most files of one folder.
    pub files_per_folder: u64,
}

/// Lists every inbound folder in the order of folder and file names.
///
/// # Errors
/// Only the inbound folder itself must be readable; a party's folder that is not becomes [`Found::Unreadable`].
pub fn scan(disk: &dyn Disk, inbound: &Path, limits: Limits) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in disk.list(inbound)? {
        let folder_path = inbound.join(&entry.name);
        if let Err(why) = scan_folder(disk, &folder_path, &entry.name, limits, &mut found) {
            found.push(Found::Unreadable {
                folder: entry.name,
                why: why.to_string(),
            });
        }
    }
    Ok(found)
}

fn scan_folder(disk: &dyn Disk, path: &Path, folder: &str, limits: Limits, found: &mut Vec<Found>) -> io::Result<()> {
    let facts = disk.facts(path)?;
    if facts.kind != FileKind::Folder {
        let file = InboxFile {
            folder: String::new(),
            name: folder.to_owned(),
            path: path.to_owned(),
            facts,
        };
        found.push(Found::Refused(file, Refusal::NotPlain));
        return Ok(());
    }
    for (index, entry) in disk.list(path)?.into_iter().enumerate() {
        let file_path = path.join(&entry.name);
        let facts = match disk.facts(&file_path) {
            Ok(facts) => facts,
            // The sender took it away between the two calls.
            Err(e) if e.kind() == io::ErrorKind::NotFound && entry.readable => continue,
            Err(e) if e.kind() == io::ErrorKind::NotFound => facts,
            Err(e) => return Err(e),
        };
        let file = InboxFile {
            folder: folder.to_owned(),
            name: entry.name,
            path: file_path,
            facts,
        };
        let past = u64::try_from(index).unwrap_or(u64::MAX) >= limits.files_per_folder;
        found.push(match refusal(&file, entry.readable, past, limits) {
            Some(why) => Found::Refused(file, why),
            None => Found::Plain(file),
        });
    }
    Ok(())
}

fn refusal(file: &InboxFile, readable: bool, past: bool, limits: Limits) -> Option<Refusal> {
    if !readable {
        Some(Refusal::Name)
    } else if file.facts.kind != FileKind::Plain {
        Some(Refusal::NotPlain)
    } else if file.facts.links > 1 {
        Some(Refusal::HardLinked)
    } else if file.facts.len_bytes > limits.file_bytes {
        Some(Refusal::TooLarge)
    } else if past {
        Some(Refusal::TooMany)
    } else {
        None
    }
}

/// Why a file could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyFault {
    /// It is no longer what was listed, or changed while it was read: it is left for the next pass.
    #[error("the file changed while it was read")]
    Changed,
    /// The disk failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Reads a file whole. What is returned stood in the file at one time: inode, length and modification time are the
/// same before and after, and are those of the listing.
pub fn read_stable(disk: &dyn Disk, file: &InboxFile) -> Result<Vec<u8>, CopyFault> {
    let open = disk.open(&file.path)?;
    let before = open.facts()?;
    if !same(&before, &file.facts) || before.kind != FileKind::Plain {
        return Err(CopyFault::Changed);
    }
    let len = usize::try_from(before.len_bytes).map_err(|_| CopyFault::Changed)?;
    let mut bytes = vec![0; len];
    match open.read_exact_at(&mut bytes, 0) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Err(CopyFault::Changed),
        other => other?,
    }
    if same(&open.facts()?, &before) {
        Ok(bytes)
    } else {
        Err(CopyFault::Changed)
    }
}

/// True where both describe the same content of the same file.
pub fn same(a: &Facts, b: &Facts) -> bool {
    a.inode == b.inode && a.len_bytes == b.len_bytes && a.modified_ns == b.modified_ns
}
