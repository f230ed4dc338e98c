//! The ledger, read: leaves of the newest log, one leaf with its private part, verification of all logs.

use std::collections::VecDeque;
use std::ops::Range;

use super::at_rest::PRIVATE_CONTEXT;
use super::examine::Examined;
use super::site::{Site, origin_prefix};
use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::seal::atrest::open_at_rest;
use crate::seal::keys::SiteSecrets;
use crate::seal::merkle::leaf_hash;
use crate::store::ledger::{Defect, Ledger, LogName, MAX_PRIVATE_BYTES, Report, log_names};

pub use crate::format::leaf::{Act, Leaf, Outcome};
pub use crate::seal::digest::to_hex as hex;

/// Leaves read at once.
const CHUNK: u64 = 1024;

/// Which leaves are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// From this index on.
    pub from: u64,
    /// Only leaves of this act.
    pub act: Option<Act>,
    /// Of those only the last so many.
    pub last: Option<u64>,
}

/// Calls `each` with index and public part of the leaves of a log, the newest one if none is named, in their order, until
/// it fails.
pub fn list(
    site: &Site<'_>,
    log: Option<&str>,
    filter: Filter,
    each: &mut dyn FnMut(u64, &Leaf) -> Result<(), Fault>,
) -> Result<(), Fault> {
    with(site, log, |ledger| narrowed(ledger, filter, each))
}

/// Does some work with the newest log or with the one given.
fn with<T>(site: &Site<'_>, log: Option<&str>, work: impl FnOnce(&Ledger<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    let Some(text) = log else { return work(&site.ledger) };
    let (disk, folder) = (site.tools.disk, site.folders.ledger());
    let names = log_names(disk, &folder).map_err(|e| trouble::ledger(&e))?;
    let name = LogName::parse(text).filter(|name| names.contains(name));
    let name = name.ok_or_else(|| Fault::new(FaultId::LogUnknown).with_typed("log", text))?;
    let verifier = site.secrets.ledger_signer.verifier();
    let opened = Ledger::open_log(disk, &folder, &origin_prefix(&site.config), &verifier, name);
    work(&opened.map_err(|e| trouble::ledger(&e))?)
}

fn narrowed(
    ledger: &Ledger<'_>,
    filter: Filter,
    each: &mut dyn FnMut(u64, &Leaf) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let size = ledger.tip().size;
    let mut from = filter.from.min(size);
    let Some(last) = filter.last else {
        return visit(ledger, from..size, filter.act, each);
    };
    if filter.act.is_none() {
        from = from.max(size.saturating_sub(last));
        return visit(ledger, from..size, None, each);
    }
    let mut kept = VecDeque::new();
    visit(ledger, from..size, filter.act, &mut |index, leaf| {
        kept.push_back((index, leaf.clone()));
        if kept.len() as u64 > last {
            kept.pop_front();
        }
        Ok(())
    })?;
    kept.iter().try_for_each(|(index, leaf)| each(*index, leaf))
}

fn visit(
    ledger: &Ledger<'_>,
    range: Range<u64>,
    act: Option<Act>,
    each: &mut dyn FnMut(u64, &Leaf) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut index = range.start;
    while index < range.end {
        let end = range.end.min(index.saturating_add(CHUNK));
        let entries = ledger.entries(index..end).map_err(|e| trouble::ledger(&e))?;
        for (index, entry) in (index..end).zip(entries) {
            let leaf = Leaf::parse(&entry).map_err(|e| damaged(ledger, index, e))?;
            if act.is_none_or(|act| act == leaf.act) {
                each(index, &leaf)?;
            }
        }
        index = end;
    }
    Ok(())
}

fn damaged(ledger: &Ledger<'_>, index: u64, why: impl std::fmt::Display) -> Fault {
    let log = ledger.tip().log;
    Fault::new(FaultId::LedgerDamaged).with("why", format!("{log}, index {index}: {why}"))
}

/// One leaf.
pub struct Shown {
    /// The log.
    pub log: String,
    /// Hash of the leaf in the tree.
    pub hash: [u8; 32],
    /// What stands in the log.
    pub public: Leaf,
    /// The leaf with its private part; `None` where it has none.
    pub whole: Option<Leaf>,
}

/// One leaf of a log, the newest one if none is named, its private part opened with the site's key.
pub fn show(site: &Site<'_>, log: Option<&str>, index: u64) -> Result<Shown, Fault> {
    with(site, log, |ledger| {
        if index >= ledger.tip().size {
            return Err(Fault::new(FaultId::LeafUnknown).with_typed("index", index));
        }
        let entry = ledger.entry(index).map_err(|e| trouble::ledger(&e))?;
        let public = Leaf::parse(&entry).map_err(|e| damaged(ledger, index, e))?;
        let mut whole = None;
        if public.private_hash().is_some() {
            let sealed = ledger.sealed_private(index).map_err(|e| trouble::ledger(&e))?;
            let opened = open_private(&site.secrets, &public, &sealed);
            whole = Some(opened.ok_or_else(|| damaged(ledger, index, "the private part does not open"))?);
        }
        Ok(Shown {
            log: ledger.tip().log.to_string(),
            hash: leaf_hash(&entry),
            public,
            whole,
        })
    })
}

/// Opens a private part, with the site key or one that is being replaced, and puts it to its leaf.
pub(super) fn open_private(secrets: &SiteSecrets, leaf: &Leaf, sealed: &[u8]) -> Option<Leaf> {
    let mut keys = std::iter::once(&secrets.site_key).chain(&secrets.retired_site_keys);
    let opened = keys.find_map(|key| open_at_rest(key, PRIVATE_CONTEXT, sealed, MAX_PRIVATE_BYTES).ok())?;
    leaf.with_private(&opened).ok()
}

/// The newest signed checkpoint.
pub struct Newest {
    /// The log.
    pub log: String,
    /// Number of leaves.
    pub size: u64,
    /// Root.
    pub root: [u8; 32],
    /// The signed note, as it is stored.
    pub note: String,
}

/// The newest signed checkpoint, verified when the site was opened.
pub fn checkpoint(site: &Site<'_>) -> Newest {
    let tip = site.ledger.tip();
    Newest {
        log: tip.log.to_string(),
        size: tip.size,
        root: tip.root,
        note: site.ledger.checkpoint().to_text(),
    }
}

/// Re-hashes every byte of all logs and opens every private part.
pub fn verify(site: &Examined<'_>) -> Result<Report, Fault> {
    super::verify::ledger(site)
}

/// The fault of the first bad object of a verified ledger; `None` where all is sound.
pub fn first_bad(report: &Report) -> Option<Fault> {
    let young = || super::verify::too_young(report).map(|bad| bad.fault());
    report.defect.as_ref().map(fault).or_else(young)
}

/// The fault of a damaged ledger, naming log, object and index.
pub fn fault(defect: &Defect) -> Fault {
    let index = defect
        .index
        .map_or_else(String::new, |index| format!(", index {index}"));
    let why = format!("{}/{}{index}: {}", defect.log, defect.object, defect.fault);
    Fault::new(FaultId::LedgerDamaged).with("why", why)
}
