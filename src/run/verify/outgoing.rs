//! Outgoing packages that were not fetched yet, and the proofs beside them, against the leaves of the ledger. A package
//! that is gone was fetched: its leaf stays. Nobody here can open a package, so it is told by its hash alone.

use std::collections::BTreeMap;

use super::bad::{self, Bad, What};
use super::{Found, Record};
use crate::domain::fault::Fault;
use crate::format::leaf::{Act, Leaf};
use crate::format::proof::{Checkpoint, MAX_PROOF_BYTES, ProofFile};
use crate::run::ledger::open_private;
use crate::run::site::origin_prefix;
use crate::seal::merkle::{leaf_hash, verify_inclusion};
use crate::store::ledger::{Ledger, LogName};
use crate::store::pieces::package_hash_of;

const PROOF_ENDING: &str = ".tlog-proof";
const PACKAGE_ENDING: &str = ".seki";
/// Leaves read at once, from the newest back.
const CHUNK: u64 = 256;

/// The newest leaf of a package.
#[derive(Debug, Clone)]
struct Sent {
    log: LogName,
    index: u64,
    hash: [u8; 32],
    len_bytes: u64,
}

/// Verifies what lies in the outbound folders.
pub(super) fn verify(record: &Record<'_>, found: &mut Found) -> Result<(), Fault> {
    let site = record.site;
    let mut sent: BTreeMap<String, Option<Sent>> = BTreeMap::new();
    let mut files = Vec::new();
    for path in site.files_below(&site.folders.outbound())? {
        let shown = site.shown(&path);
        let package = shown.strip_suffix(PROOF_ENDING).unwrap_or(&shown);
        if package.ends_with(PACKAGE_ENDING) {
            sent.insert(package.to_owned(), None);
            files.push(shown);
        } else {
            found.stray(shown);
        }
    }
    let logs = logs_of(record);
    if files.is_empty() || logs.is_empty() {
        return Ok(());
    }
    let is_whole = name_all(record, &logs, &mut sent);
    for object in files {
        if object.ends_with(PACKAGE_ENDING) {
            found.packages += 1;
        }
        // A commit under way replaces it: either may be there.
        if record.moved.contains(&object) {
            continue;
        }
        let bad = if let Some(package) = object.strip_suffix(PROOF_ENDING) {
            proof(
                record,
                &logs,
                &object,
                sent.get(package).and_then(Option::as_ref),
                is_whole,
            )
        } else {
            package(
                record,
                &logs,
                &object,
                sent.get(&object).and_then(Option::as_ref),
                is_whole,
            )
        };
        if let Err(bad) = bad {
            // It may have been fetched while it was read.
            if site.tools.disk.exists(&site.folders.at(&object)).unwrap_or(true) {
                found.add(bad);
            }
        }
    }
    Ok(())
}

/// All logs, the newest first, as far as they hang together.
fn logs_of<'s>(record: &Record<'s>) -> Vec<Ledger<'s>> {
    let mut logs = Vec::new();
    let mut next = record.site.ledger().ok();
    while let Some(log) = next {
        next = log.before().ok().flatten();
        logs.push(log);
    }
    logs
}

/// Finds the newest leaf of each package, from the newest leaf back, until all are found. Gives whether every leaf that
/// was looked at could be read: else a package without a leaf is no fault of its own.
fn name_all(record: &Record<'_>, logs: &[Ledger<'_>], sent: &mut BTreeMap<String, Option<Sent>>) -> bool {
    let mut wanted = sent.len();
    let mut is_whole = true;
    let done = back(logs, &mut |log, index, leaf| {
        if wanted == 0 {
            return false;
        }
        match path_of(record, log, index, leaf) {
            Some(path) => {
                if let Some(place @ None) = sent.get_mut(&path) {
                    *place = Some(Sent {
                        log: log.tip().log,
                        index,
                        hash: leaf.package.unwrap_or_default(),
                        len_bytes: leaf.size.unwrap_or_default(),
                    });
                    wanted -= 1;
                }
            }
            None => is_whole = false,
        }
        true
    });
    is_whole && done
}

/// Calls `each` with the leaves of outgoing packages, the newest first, until it wants no more. Gives whether all that were
/// wanted could be read.
fn back(logs: &[Ledger<'_>], each: &mut dyn FnMut(&Ledger<'_>, u64, &Leaf) -> bool) -> bool {
    for log in logs {
        let mut end = log.tip().size;
        while end > 0 {
            let start = (end - 1) / CHUNK * CHUNK;
            let Ok(entries) = log.entries(start..end) else {
                return false;
            };
            for (index, entry) in (start..end).rev().zip(entries.iter().rev()) {
                match Leaf::parse(entry) {
                    Ok(leaf) if leaf.act == Act::Outgoing => {
                        if !each(log, index, &leaf) {
                            return true;
                        }
                    }
                    Ok(_) => {}
                    Err(_) => return false,
                }
            }
            end = start;
        }
    }
    true
}

/// Where the package of a leaf lies, by its private part.
fn path_of(record: &Record<'_>, log: &Ledger<'_>, index: u64, leaf: &Leaf) -> Option<String> {
    let sealed = log.sealed_private(index).ok()?;
    let whole = open_private(&record.site.secrets, leaf, &sealed)?;
    let file = whole.file?;
    Some(format!(
        "out/{}/{}{PACKAGE_ENDING}",
        file.receiver?.as_str(),
        file.name.as_str()
    ))
}

fn package(
    record: &Record<'_>,
    logs: &[Ledger<'_>],
    object: &str,
    sent: Option<&Sent>,
    is_whole: bool,
) -> Result<(), Bad> {
    let (disk, path) = (record.site.tools.disk, record.site.folders.at(object));
    let Some(sent) = sent else {
        return if is_whole {
            let why = swapped(record, logs, object).unwrap_or_else(|| "no leaf of the ledger names it".to_owned());
            Err(Bad::new(object, What::Extra, why))
        } else {
            Ok(())
        };
    };
    let proof = format!("{object}{PROOF_ENDING}");
    if !record.moved.contains(&proof) && !disk.exists(&record.site.folders.at(&proof)).unwrap_or(true) {
        return Err(Bad::new(proof, What::Missing, "missing"));
    }
    let len_bytes = disk.facts(&path).map_err(|e| bad::of_io(object, &e))?.len_bytes;
    if len_bytes == sent.len_bytes && !record.reads(object) {
        return Ok(());
    }
    if hash_of(record, object).is_some_and(|hash| hash == sent.hash) && len_bytes == sent.len_bytes {
        return Ok(());
    }
    if let Some(why) = swapped(record, logs, object) {
        return Err(Bad::new(object, What::Stale, why));
    }
    if len_bytes == sent.len_bytes {
        let why = format!("its hash is not that of leaf {} of log {}", sent.index, sent.log);
        Err(Bad::new(object, What::Digest, why))
    } else {
        let why = format!("{len_bytes} bytes instead of {}", sent.len_bytes);
        Err(Bad::new(object, What::Length, why))
    }
}

/// Words where a package is sound, but an older one or that of another name.
fn swapped(record: &Record<'_>, logs: &[Ledger<'_>], object: &str) -> Option<String> {
    let hash = hash_of(record, object)?;
    let mut words = None;
    back(logs, &mut |log, index, leaf| {
        if leaf.package != Some(hash) {
            return true;
        }
        let place = path_of(record, log, index, leaf);
        words = Some(match place {
            Some(place) if place == object => {
                format!("an earlier package of this name, leaf {index} of log {}", log.tip().log)
            }
            Some(_) | None => format!(
                "the package of leaf {index} of log {}, which belongs elsewhere",
                log.tip().log
            ),
        });
        false
    });
    words
}

/// Hash of a package; `None` where its framing is damaged, or it cannot be read.
fn hash_of(record: &Record<'_>, object: &str) -> Option<[u8; 32]> {
    package_hash_of(record.site.tools.disk, &record.site.folders.at(object))
        .ok()
        .flatten()
}

fn proof(
    record: &Record<'_>,
    logs: &[Ledger<'_>],
    object: &str,
    sent: Option<&Sent>,
    is_whole: bool,
) -> Result<(), Bad> {
    let path = record.site.folders.at(object);
    if !record.reads(object) {
        return if sent.is_none() && is_whole {
            Err(Bad::new(object, What::Extra, "no leaf of the ledger names its package"))
        } else {
            Ok(())
        };
    }
    let limit = u64::try_from(MAX_PROOF_BYTES).unwrap_or(u64::MAX);
    let bytes = record
        .site
        .tools
        .disk
        .read(&path, limit)
        .map_err(|e| bad::of_io(object, &e))?;
    let form = |why: &dyn std::fmt::Display| Bad::new(object, What::Form, why);
    let proof = ProofFile::parse(&bytes).map_err(|e| form(&e))?;
    if proof.to_text().as_bytes() != bytes {
        return Err(form(&"written otherwise than it is"));
    }
    let checkpoint = Checkpoint::parse(proof.checkpoint.text()).map_err(|e| form(&e))?;
    let prefix = origin_prefix(&record.site.config);
    let log = LogName::of_origin(&checkpoint.origin, &prefix);
    let log = logs.iter().find(|ledger| Some(ledger.tip().log) == log);
    let log = log.ok_or_else(|| Bad::new(object, What::Stale, "its checkpoint is of no log of this site"))?;
    log.check_note(&proof.checkpoint)
        .map_err(|e| Bad::new(object, What::Authentication, e))?;
    let entry = proof.extra.ok_or_else(|| form(&"without its leaf"))?;
    verify_inclusion(
        &leaf_hash(&entry),
        proof.index,
        checkpoint.size,
        &proof.hashes,
        &checkpoint.root,
    )
    .map_err(|e| Bad::new(object, What::Digest, e))?;
    match sent {
        Some(sent) if (sent.log, sent.index) != (log.tip().log, proof.index) => {
            let why = format!(
                "it proves leaf {} of log {}, not leaf {} of log {}",
                proof.index,
                log.tip().log,
                sent.index,
                sent.log
            );
            Err(Bad::new(object, What::Stale, why))
        }
        None if !is_whole => Ok(()),
        Some(_) => Ok(()),
        None => {
            let why = format!("it proves leaf {}, which belongs elsewhere", proof.index);
            Err(Bad::new(object, What::Extra, why))
        }
    }
}
