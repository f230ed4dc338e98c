//! Ledger and `CURRENT` compared: each tells whether the other was put back to an earlier state (docs/design.md, "One commit").

use super::MANIFEST;
use crate::domain::fault::{Fault, FaultId};
use crate::format::leaf::{Act, Leaf};
use crate::format::manifest::Pointer;
use crate::run::trouble;
use crate::store::ledger::{Ledger, LedgerError, LogName};

/// Tests that the ledger still has every leaf that it had when `CURRENT` was written: one that was put back to an earlier
/// state is whole and well signed. Gives the words where it has not.
pub(in crate::run) fn check_position(ledger: &Ledger<'_>, pointer: &Pointer) -> Result<(), String> {
    let position = pointer.ledger.split_once(' ').and_then(|(log, size)| {
        let size: u64 = size.parse().ok()?;
        Some((LogName::parse(log)?, size))
    });
    let Some((log, size)) = position else {
        return Err("CURRENT names no place in it".to_owned());
    };
    let tip = ledger.tip();
    if (tip.log, tip.size) < (log, size) {
        return Err(format!(
            "leaves are missing: it ends with log {} at {} leaves, CURRENT was written with log {log} at {size}",
            tip.log, tip.size
        ));
    }
    Ok(())
}

/// Tests that the newest commit the ledger names is the one that `CURRENT` names: number and manifest hash.
pub(super) fn check_newest(ledger: &Ledger<'_>, current: Option<(u64, [u8; 32])>) -> Result<(), Fault> {
    let Some(named) = newest_named(ledger).map_err(|e| trouble::ledger(&e))? else {
        return Ok(());
    };
    if current.map(|(_, hash)| hash) == Some(named) {
        return Ok(());
    }
    Err(Fault::new(FaultId::StagingLost)
        .with("commit", current.map_or(0, |(commit, _)| commit).saturating_add(1))
        .with("why", "the last leaf of the ledger names another manifest than CURRENT"))
}

/// Hash of the manifest that the last leaf names, that of the log before where a crash left a year with its first leaf only;
/// `None` where no commit is named: the first leaf of a site.
pub(in crate::run) fn newest_named(ledger: &Ledger<'_>) -> Result<Option<[u8; 32]>, LedgerError> {
    let leaf = ledger.leaf(ledger.tip().size.saturating_sub(1))?;
    if leaf.act == Act::YearOpened
        && let Some(before) = ledger.before()?
    {
        let last = before.tip().size.saturating_sub(1);
        return Ok(named_manifest(&before.leaf(last)?));
    }
    Ok(named_manifest(&leaf))
}

/// True where the last commit has leaves of outgoing packages, but none that says that they were put out: its intent must
/// still be there, else the packages are lost.
pub(in crate::run) fn is_unpublished(ledger: &Ledger<'_>) -> Result<bool, LedgerError> {
    let mut index = ledger.tip().size;
    let mut is_closing = true;
    while let Some(before) = index.checked_sub(1) {
        let leaf = ledger.leaf(before)?;
        let is_end = leaf.run.is_some() && named_manifest(&leaf).is_some();
        if leaf.act == Act::Outgoing {
            return Ok(true);
        }
        // The first leaf of a log, or one that closes another commit.
        let is_other = [
            Act::Published,
            Act::Archived,
            Act::Init,
            Act::YearOpened,
            Act::KeyChange,
        ]
        .contains(&leaf.act);
        if is_other || (is_end && !is_closing) {
            return Ok(false);
        }
        is_closing = false;
        index = before;
    }
    Ok(false)
}

/// Hash of the manifest that a leaf names.
pub(super) fn named_manifest(leaf: &Leaf) -> Option<[u8; 32]> {
    leaf.heads
        .iter()
        .find(|(name, _)| name.as_str() == MANIFEST)
        .map(|(_, hash)| *hash)
}
