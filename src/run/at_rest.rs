//! Files at rest: under which context each is sealed, and the test that each one opens (docs/formats/at-rest.md).
//!
//! The contexts stand here and nowhere else, so that those who write such files and those who verify them agree. A
//! context is bound to a file, not stored in it: a file under another name does not open.

use std::io;
use std::path::{Path, PathBuf};

use super::examine::Examined;
use crate::format::config::Config;
use crate::ports::{Disk, FileKind};
use crate::seal::atrest::{AT_REST_FRONT_LEN, AT_REST_SEGMENT_LEN, AtRestFault, AtRestTest};
use crate::store::atomic::TEMPORARY_SUFFIX;
use crate::store::pieces::pieces_of;

/// Longest content of a file that the server keeps or sends, in bytes: as many records as can be numbered, with
/// room. The settings bound what comes in, but the notices of one run are as long as all its files together; all of it is read
/// in pieces.
pub const CONTENT_MAX_BYTES: u64 = 1 << 43;
/// A spool file holds the name besides the content, in bytes.
const NAME_MAX_BYTES: u64 = 1 << 20;

/// Context of the intent of a commit.
pub const INTENT_CONTEXT: &str = "staging/intent";
/// Context of the private part of a leaf; which leaf it belongs to is told by the hash in that leaf.
pub const PRIVATE_CONTEXT: &str = "ledger/private";

/// Context of an inbound file, by its file name: the same in the spool and in the archive, for it is moved by a rename.
pub fn inbound_context(name: &str) -> String {
    format!("inbound/{name}")
}

/// Context of a stored answer, by its file name.
pub fn answer_context(name: &str) -> String {
    format!("answers/{name}")
}

/// Context of a file by its path relative to the site; `None` outside the folders of files at rest.
pub fn context_of(relative: &Path) -> Option<String> {
    let name = relative.file_name()?.to_str()?;
    match relative.iter().next()?.to_str()? {
        "spool" | "archive" => Some(inbound_context(name)),
        "answers" => Some(answer_context(name)),
        _ => None,
    }
}

/// Why a file at rest is bad.
#[derive(Debug, thiserror::Error)]
pub enum RestFault {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is no plain file.
    #[error("not a plain file")]
    NotPlain,
    /// It lies in no folder of such files, or its name is not UTF-8.
    #[error("not a name of a file at rest")]
    Name,
    /// It does not open.
    #[error(transparent)]
    Seal(#[from] AtRestFault),
}

/// Most bytes that a file at rest may hold: what the settings allow, and never less than what the server itself makes.
pub fn content_limit(config: &Config) -> u64 {
    let allowed = config.intake.max_file_bytes.saturating_add(NAME_MAX_BYTES);
    allowed.max(CONTENT_MAX_BYTES)
}

/// Tests a file at rest by its path relative to the site, with the site key or one that is being replaced, and gives the
/// length of its content in bytes; nothing of the content is kept, and one segment at a time is in memory.
pub fn test(site: &Examined<'_>, relative: &Path) -> Result<u64, RestFault> {
    test_at(site, &site.folders.root().join(relative), relative)
}

/// The same for a file that lies elsewhere than where it belongs: `relative` is where it belongs.
pub fn test_at(site: &Examined<'_>, path: &Path, relative: &Path) -> Result<u64, RestFault> {
    let disk = site.tools.disk;
    let context = context_of(relative).ok_or(RestFault::Name)?;
    // A link or a FIFO is not even opened.
    if disk.facts(path)?.kind != FileKind::Plain {
        return Err(RestFault::NotPlain);
    }
    let file = disk.open(path)?;
    let len_bytes = file.facts()?.len_bytes;
    let limit = content_limit(&site.config);
    let mut front = vec![0; usize::try_from(len_bytes).map_or(AT_REST_FRONT_LEN, |len| len.min(AT_REST_FRONT_LEN))];
    file.read_exact_at(&mut front, 0)?;
    let keys = std::iter::once(&site.secrets.site_key).chain(&site.secrets.retired_site_keys);
    let mut first = None;
    let mut begun = None;
    for key in keys {
        match AtRestTest::new(key, &context, &front, len_bytes, limit) {
            Ok(test) => {
                begun = Some(test);
                break;
            }
            Err(fault) => {
                first.get_or_insert(fault);
            }
        }
    }
    let Some(mut test) = begun else {
        return Err(first.map_or(RestFault::Name, RestFault::Seal));
    };
    let mut fault = None;
    let read = pieces_of(&*file, AT_REST_FRONT_LEN as u64, AT_REST_SEGMENT_LEN, &mut |segment| {
        test.segment(segment).map_err(|why| {
            fault = Some(why);
            io::ErrorKind::InvalidData.into()
        })
    });
    if let Some(fault) = fault {
        return Err(RestFault::Seal(fault));
    }
    read?;
    Ok(test.finish()?)
}

/// True for the rest of an interrupted write, which means nothing.
pub fn is_temporary(path: &Path) -> bool {
    path.to_str().is_some_and(|path| path.ends_with(TEMPORARY_SUFFIX))
}

/// Files below a folder, in the order of their paths; an absent folder has none.
pub fn files_below(disk: &dyn Disk, folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match disk.list(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        for entry in entries {
            let path = folder.join(&entry.name);
            let kind = match disk.facts(&path) {
                Ok(facts) => Some(facts.kind),
                // It went away since it was listed.
                Err(e) if e.kind() == io::ErrorKind::NotFound && entry.readable => continue,
                Err(_) => None,
            };
            if kind == Some(FileKind::Folder) {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::party;
    use crate::format::layout::Layouts;

    #[test]
    fn an_archived_file_has_the_context_it_had_in_the_spool() {
        let of = |path: &str| context_of(Path::new(path));
        assert_eq!(of("spool/0011aabb").as_deref(), Some("inbound/0011aabb"));
        assert_eq!(of("archive/2020/0011aabb"), of("spool/0011aabb"));
        assert_eq!(of("answers/0011aabb").as_deref(), Some("answers/0011aabb"));
        for other in ["out/052019/a.seki", "store/CURRENT", ""] {
            assert_eq!(of(other), None, "{other}");
        }
        assert!(is_temporary(Path::new("spool/a.tmp")) && !is_temporary(Path::new("spool/a")));
    }

    /// The notices of a run name as many records as 32 bits can count: those of a register of ten million are 12 GB long.
    #[test]
    fn the_longest_file_of_a_run_may_be_kept_and_opened() {
        let layouts = Layouts::builtin().unwrap();
        for kind in [party::FileKind::Ntf, party::FileKind::Res] {
            let longest = u64::from(u32::MAX) * u64::from(layouts.get(kind).record_bytes());
            assert!(longest > 4 << 30 && longest < CONTENT_MAX_BYTES, "{kind:?}");
            assert!(longest < crate::run::sealing::FILE_MAX_BYTES);
        }
    }
}
