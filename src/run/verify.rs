//! Verification of everything but the ledger: pointer, manifests, runs, registers, files at rest. Nothing is repaired.
//!
//! No lock is taken. What is verified never changes once it is there, and what a run moves or removes meanwhile is no fault.

use std::path::Path;

use super::at_rest;
use super::commit;
use super::examine::Examined;
use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::store::generations;
use crate::store::registers::{PARTIES, Parties};
use crate::store::staging;

pub use crate::store::generations::Depth;

/// Folders whose files are verified, in the order in which they are named.
const AT_REST: [&str; 3] = ["archive", "answers", "spool"];
/// How often a pointer that does not fit the ledger is looked at again: a run may be between the two.
const LOOKS: usize = 3;

/// One object that is bad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Its path below the site's folder.
    pub object: String,
    /// What is wrong with it.
    pub why: String,
}

/// What was read and what is bad.
#[derive(Debug, Default)]
pub struct Found {
    /// Manifests read.
    pub manifests: u64,
    /// Runs read.
    pub runs: u64,
    /// Bytes of those runs.
    pub run_bytes: u64,
    /// Files at rest: opened with [`Depth::Full`], else only counted.
    pub files: u64,
    /// Files that nothing names: rests of interrupted work, or foreign ones. No fault.
    pub strays: Vec<String>,
    /// True where a commit is under way or waits for recovery.
    pub is_unfinished: bool,
    /// Bad objects, the first one first.
    pub bad: Vec<Bad>,
}

impl Found {
    fn add(&mut self, object: impl Into<String>, why: impl std::fmt::Display) {
        self.bad.push(Bad {
            object: object.into(),
            why: why.to_string(),
        });
    }

    /// The fault of the first bad object.
    pub fn fault(&self) -> Option<Fault> {
        self.bad.first().map(|bad| {
            Fault::new(FaultId::StoreDamaged)
                .with("object", &bad.object)
                .with("why", &bad.why)
        })
    }
}

/// Verifies a site. Faults are in the result; so are those of reading, since a file that cannot be read is bad.
pub fn verify(site: &Examined<'_>, depth: Depth) -> Result<Found, Fault> {
    let disk = site.tools.disk;
    let mut found = Found::default();
    let store = generations::verify(disk, &site.paths, &site.master_keys, depth);
    (found.manifests, found.runs, found.run_bytes) = (store.manifests, store.runs, store.run_bytes);
    for fault in &store.faults {
        found.add(format!("store/{}", fault.object), trouble::chain(&fault.error));
    }
    found
        .strays
        .extend(store.unreferenced.iter().map(|file| format!("store/{file}")));
    let pending = staging::pending(disk, &site.folders).map_err(trouble::disk(&site.folders.staging()))?;
    found.is_unfinished = !pending.is_empty();
    pointer(site, &mut found);
    registers(site, &mut found);
    for folder in AT_REST {
        files(site, &site.folders.at(folder), depth, &mut found)?;
    }
    Ok(found)
}

/// Tests that `CURRENT` names the commit that the ledger names: an older pointer put back would else look sound.
fn pointer(site: &Examined<'_>, found: &mut Found) {
    for look in 0..LOOKS {
        let read = site
            .ledger()
            .and_then(|ledger| Ok((commit::newest_named(&ledger)?, ledger)));
        let (named, ledger) = match read {
            Ok(read) => read,
            Err(e) => return found.add("ledger", trouble::chain(&e)),
        };
        // A pointer that cannot be read is reported with the store.
        let Ok(current) = generations::current(site.tools.disk, &site.paths) else {
            return;
        };
        let placed = current
            .as_ref()
            .map_or(Ok(()), |pointer| commit::check_position(&ledger, pointer));
        let same = named.is_none() || named == current.map(|pointer| pointer.manifest.0);
        match placed {
            Ok(()) if same => return,
            Err(why) if look + 1 == LOOKS => found.add("ledger", why),
            Ok(()) if look + 1 == LOOKS && !found.is_unfinished => {
                found.add("store/CURRENT", "the ledger names another manifest");
            }
            Ok(()) | Err(_) => {}
        }
    }
}

/// Tests the registers against the heads in the newest manifest.
fn registers(site: &Examined<'_>, found: &mut Found) {
    let disk = site.tools.disk;
    let Ok(Some(pointer)) = generations::current(disk, &site.paths) else {
        return;
    };
    let Ok(manifest) = generations::read_manifest(disk, &site.paths, pointer.commit, Some(pointer.manifest)) else {
        return;
    };
    let path = site.folders.parties();
    let head = manifest.exchange.register(PARTIES);
    // A commit that is under way, or waits for recovery, may have put more lines there.
    let read = if found.is_unfinished {
        Parties::load_recorded(disk, &path, head)
    } else {
        Parties::load(disk, &path, head)
    };
    if let Err(e) = read {
        found.add(site.shown(&path), e);
    }
}

fn files(site: &Examined<'_>, folder: &Path, depth: Depth, found: &mut Found) -> Result<(), Fault> {
    let disk = site.tools.disk;
    for path in site.files_below(folder)? {
        let shown = site.shown(&path);
        if at_rest::is_temporary(&path) {
            found.strays.push(shown);
            continue;
        }
        found.files += 1;
        if depth == Depth::Full
            && let Err(fault) = at_rest::test(site, Path::new(&shown))
        {
            // Spool files leave for the archive while a run goes on.
            if disk.exists(&path).unwrap_or(true) {
                found.add(shown, fault);
            } else {
                found.files -= 1;
            }
        }
    }
    Ok(())
}
