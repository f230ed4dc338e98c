//! The inbound folders: what lies there, told apart by listing and facts alone, before anything is opened
//! (docs/formats/site.md, "Inbound folders").

mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

pub use reading::{Ahead, AheadReader, CopyFault, Peeked, peek, read_small, read_stable, same};

use crate::domain::arrival::ArrivalRule;
use crate::domain::filename::{self, NameFault};
use crate::domain::ids::PartyId;
use crate::ports::{Disk, Facts, FileKind, FolderEntry};

/// Most things of one folder that are told one by one; the rest is told as a number, so that nobody fills the manifest.
const TOLD_MAX: usize = 1000;

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

/// The done file beside a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// The rule of the party asks for none.
    NotAsked,
    /// It is not there.
    Missing,
    /// What has its name is no plain file.
    NotPlain,
    /// It is there.
    There(InboxFile),
}

/// What is found in the inbound folders.
#[derive(Debug)]
pub enum Found {
    /// A plain file within the limits.
    Plain {
        /// The file.
        file: InboxFile,
        /// Its done file.
        beside: Beside,
    },
    /// Its name says that its sender still writes it.
    Writing(InboxFile),
    /// A done file without its file.
    Orphan(InboxFile),
    /// No file to read, or over a limit (H08), with the reason.
    Refused(InboxFile, Refusal),
    /// More things than are told one by one.
    Rest {
        /// Name of the folder.
        folder: String,
        /// How many.
        count: u64,
    },
    /// A folder that could not be listed; the others are processed all the same.
    Unreadable {
        /// Name of the folder.
        folder: String,
        /// What the system said.
        why: String,
    },
}

/// Why a thing in an inbound folder is no file to read (H08). The words never repeat its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A link, folder, FIFO, device or socket.
    #[error("not a plain file")]
    NotPlain,
    /// More than one name for the file: somebody else can still write it.
    #[error("the file has a second name")]
    HardLinked,
    /// The name is not UTF-8.
    #[error("the name is not UTF-8")]
    NotText,
    /// A folder whose name is no party id.
    #[error("a folder of no party")]
    StrayFolder,
    /// A trick in the name.
    #[error(transparent)]
    Name(NameFault),
    /// Another name in the folder differs only in case, width or normal form: a person takes one for the other.
    #[error("another name in the folder looks the same")]
    LookAlike,
    /// Longer than the limit.
    #[error("over the limit of size")]
    TooLarge,
    /// More records than the limit.
    #[error("over the limit of records")]
    TooManyRecords,
    /// Past the limit of files in one folder.
    #[error("over the limit of files in the folder")]
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

/// Lists every inbound folder in the order of folder and file names. `rule_of` gives the rule of arrival of a folder.
///
/// # Errors
/// Only the inbound folder itself must be readable; a party's folder that is not becomes [`Found::Unreadable`].
pub fn scan(
    disk: &dyn Disk,
    inbound: &Path,
    limits: Limits,
    rule_of: &dyn Fn(&str) -> ArrivalRule,
) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in disk.list(inbound)? {
        let path = inbound.join(&entry.name);
        if let Err(why) = scan_folder(disk, &path, &entry, limits, rule_of, &mut found) {
            let why = why.kind().to_string();
            found.push(Found::Unreadable {
                folder: entry.name,
                why,
            });
        }
    }
    Ok(found)
}

fn scan_folder(
    disk: &dyn Disk,
    path: &Path,
    entry: &FolderEntry,
    limits: Limits,
    rule_of: &dyn Fn(&str) -> ArrivalRule,
    found: &mut Vec<Found>,
) -> io::Result<()> {
    let stray = |facts, why| {
        let file = InboxFile {
            folder: String::new(),
            name: entry.name.clone(),
            path: path.to_owned(),
            facts,
        };
        Found::Refused(file, why)
    };
    let facts = match disk.facts(path) {
        // A name that is not UTF-8 cannot be looked at under what is shown of it.
        Err(e) if e.kind() == io::ErrorKind::NotFound && !entry.readable => {
            disk.facts(path.parent().unwrap_or(path))?
        }
        other => other?,
    };
    if !entry.readable {
        found.push(stray(facts, Refusal::NotText));
    } else if facts.kind != FileKind::Folder {
        found.push(stray(facts, Refusal::NotPlain));
    } else if PartyId::parse(&entry.name).is_none() {
        found.push(stray(facts, Refusal::StrayFolder));
    } else {
        let entries = disk.list(path)?;
        let folder = Folder {
            disk,
            path,
            name: &entry.name,
            facts,
            rule: rule_of(&entry.name),
            names: entries
                .iter()
                .filter(|entry| entry.readable)
                .map(|entry| entry.name.as_str())
                .collect(),
            limits,
        };
        folder.scan(&entries, found)?;
    }
    Ok(())
}

/// One party's folder while it is looked through.
struct Folder<'a> {
    disk: &'a dyn Disk,
    path: &'a Path,
    name: &'a str,
    facts: Facts,
    rule: ArrivalRule,
    names: BTreeSet<&'a str>,
    limits: Limits,
}

impl Folder<'_> {
    fn scan(&self, entries: &[FolderEntry], found: &mut Vec<Found>) -> io::Result<()> {
        let looks = self.looks();
        let (mut taken, mut told, mut rest): (u64, usize, u64) = (0, 0, 0);
        for entry in entries {
            let Some(one) = self.look_at(entry, &looks, taken)? else {
                continue;
            };
            if matches!(one, Found::Plain { .. }) {
                taken = taken.saturating_add(1);
            } else if told < TOLD_MAX {
                told = told.saturating_add(1);
            } else {
                rest = rest.saturating_add(1);
                continue;
            }
            found.push(one);
        }
        if rest > 0 {
            found.push(Found::Rest {
                folder: self.name.to_owned(),
                count: rest,
            });
        }
        Ok(())
    }

    /// How many names have each look; those of done files and unfinished files are no names of files.
    fn looks(&self) -> BTreeMap<String, u32> {
        let mut looks = BTreeMap::new();
        for name in &self.names {
            if self.rule.base_of_done(name).is_none() && !self.rule.is_being_written(name) {
                let count: &mut u32 = looks.entry(filename::look(name)).or_default();
                *count = count.saturating_add(1);
            }
        }
        looks
    }

    /// `None` for what the sender took away since the folder was listed, and for a done file that has its file.
    fn look_at(&self, entry: &FolderEntry, looks: &BTreeMap<String, u32>, taken: u64) -> io::Result<Option<Found>> {
        let path = self.path.join(&entry.name);
        let facts = match self.disk.facts(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && entry.readable => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => self.facts,
            other => other?,
        };
        let file = InboxFile {
            folder: self.name.to_owned(),
            name: entry.name.clone(),
            path,
            facts,
        };
        if !entry.readable {
            return Ok(Some(Found::Refused(file, Refusal::NotText)));
        }
        if let Err(fault) = filename::check(&file.name) {
            return Ok(Some(Found::Refused(file, Refusal::Name(fault))));
        }
        // A name of an unfinished done file is one of an unfinished file.
        if self.rule.is_being_written(&file.name) {
            return Ok(Some(Found::Writing(file)));
        }
        if let Some(base) = self.rule.base_of_done(&file.name) {
            let has_file = self.names.contains(base) && self.rule.base_of_done(base).is_none();
            return Ok((!has_file).then_some(Found::Orphan(file)));
        }
        let twins = looks.get(&filename::look(&file.name)).copied().unwrap_or(0);
        if let Some(why) = self.refusal(&file, twins > 1, taken) {
            return Ok(Some(Found::Refused(file, why)));
        }
        let beside = self.beside(&file)?;
        Ok(Some(Found::Plain { file, beside }))
    }

    fn refusal(&self, file: &InboxFile, has_twin: bool, taken: u64) -> Option<Refusal> {
        if file.facts.kind != FileKind::Plain {
            Some(Refusal::NotPlain)
        } else if file.facts.links > 1 {
            Some(Refusal::HardLinked)
        } else if has_twin {
            Some(Refusal::LookAlike)
        } else if file.facts.len_bytes > self.limits.file_bytes {
            Some(Refusal::TooLarge)
        } else if taken >= self.limits.files_per_folder {
            Some(Refusal::TooMany)
        } else {
            None
        }
    }

    fn beside(&self, file: &InboxFile) -> io::Result<Beside> {
        let Some(suffix) = &self.rule.done else {
            return Ok(Beside::NotAsked);
        };
        let name = format!("{}{suffix}", file.name);
        if !self.names.contains(name.as_str()) {
            return Ok(Beside::Missing);
        }
        let path = self.path.join(&name);
        let facts = match self.disk.facts(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Beside::Missing),
            other => other?,
        };
        if facts.kind != FileKind::Plain || facts.links > 1 {
            return Ok(Beside::NotPlain);
        }
        Ok(Beside::There(InboxFile {
            folder: file.folder.clone(),
            name,
            path,
            facts,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::memory::MemoryDisk;

    const LIMITS: Limits = Limits {
        file_bytes: 100,
        files_per_folder: 3,
    };

    fn disk() -> MemoryDisk {
        let disk = MemoryDisk::new();
        for folder in ["/in", "/in/052019"] {
            disk.create_folder(Path::new(folder)).unwrap();
        }
        disk
    }

    fn put(disk: &MemoryDisk, name: &str) {
        disk.put(&Path::new("/in/052019").join(name), b"x").unwrap();
    }

    fn found(disk: &MemoryDisk, rule: &str) -> Vec<Found> {
        let rule = ArrivalRule::parse(rule).unwrap();
        scan(disk, Path::new("/in"), LIMITS, &|_| rule.clone()).unwrap()
    }

    fn shown(found: &[Found]) -> Vec<String> {
        found
            .iter()
            .map(|one| match one {
                Found::Plain { file, beside } => match beside {
                    Beside::NotAsked => file.name.clone(),
                    Beside::Missing => format!("{} without", file.name),
                    Beside::NotPlain => format!("{} with a bad one", file.name),
                    Beside::There(done) => format!("{} with {}", file.name, done.name),
                },
                Found::Writing(file) => format!("{} writing", file.name),
                Found::Orphan(file) => format!("{} alone", file.name),
                Found::Refused(file, why) => format!("{} {why:?}", file.name),
                Found::Rest { folder, count } => format!("{folder} {count} more"),
                Found::Unreadable { folder, .. } => format!("{folder} unreadable"),
            })
            .collect()
    }

    #[test]
    fn done_files_go_with_their_files() {
        let disk = disk();
        for name in ["a", "a.done", "b", "c.done", "d.tmp", "d.tmp.done"] {
            put(&disk, name);
        }
        disk.create_folder(Path::new("/in/052019/e.done")).unwrap();
        put(&disk, "e");
        assert_eq!(
            shown(&found(&disk, "done rename")),
            [
                "a with a.done",
                "b without",
                "c.done alone",
                "d.tmp writing",
                "e with a bad one"
            ]
        );
        assert_eq!(shown(&found(&disk, "")).len(), 8);
    }

    #[test]
    fn nobody_fills_the_list_of_findings() {
        let disk = disk();
        for number in 0..TOLD_MAX + 5 {
            put(&disk, &format!("f{number:05}"));
        }
        let all = found(&disk, "");
        // Three are taken, a thousand told, the rest counted.
        assert_eq!(all.len(), 3 + TOLD_MAX + 1);
        assert!(matches!(all.last(), Some(Found::Rest { count: 2, .. })));
        assert!(matches!(all.get(3), Some(Found::Refused(_, Refusal::TooMany))));
    }

    #[test]
    fn only_folders_of_parties_are_looked_into() {
        let disk = disk();
        disk.create_folder(Path::new("/in/not a party")).unwrap();
        disk.put(Path::new("/in/not a party/x"), b"").unwrap();
        disk.put(Path::new("/in/stray"), b"").unwrap();
        assert_eq!(shown(&found(&disk, "")), ["not a party StrayFolder", "stray NotPlain"]);
    }
}
