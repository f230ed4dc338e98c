//! The time of a leaf (docs/formats/ledger.md): what the clock says, but never before the newest leaf of the log.
//!
//! The place of a leaf is its order; a clock that was set back must not make a later act look like an earlier one.

use crate::domain::fault::Fault;
use crate::domain::instant::Instant;
use crate::format::leaf::Leaf;
use crate::run::trouble;
use crate::store::ledger::Ledger;

/// Time of the newest leaf. It is never that of an outgoing file, whose time is not to be seen.
pub(super) fn newest_time(ledger: &Ledger<'_>) -> Result<Option<Instant>, Fault> {
    let Some(newest) = ledger.tip().size.checked_sub(1) else {
        return Ok(None);
    };
    let entry = ledger.entry(newest).map_err(|e| trouble::ledger(&e))?;
    Ok(Leaf::parse(&entry).ok().and_then(|leaf| leaf.time))
}

/// The instant, or that of the newest leaf where it is later.
pub(super) fn not_before(ledger: &Ledger<'_>, now: Instant) -> Result<Instant, Fault> {
    Ok(newest_time(ledger)?.map_or(now, |newest| newest.max(now)))
}
