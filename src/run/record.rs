//! Acts of an operator that change nothing in the master but must stand in the ledger before they take effect.

use super::commit::{self, Draft};
use super::held::unchanged;
use super::room;
use super::site::Site;
use super::trouble;
use crate::domain::fault::Fault;
use crate::domain::instant::BusinessDate;
use crate::format::leaf::Leaf;

/// Commits leaves; the last one closes the commit and may not be that of an outgoing file. The answer is the index of the
/// first one in the ledger of the business date's year.
///
/// # Errors
/// Those of a commit.
pub fn record(site: &mut Site<'_>, leaves: Vec<Leaf>, business_date: BusinessDate) -> Result<u64, Fault> {
    let count = u64::try_from(leaves.len()).map_err(trouble::bug)?;
    let mut exchange = site.exchange();
    exchange.newest_business_date = exchange.newest_business_date.max(business_date.value());
    let stage = room::begin(site, room::Work::Records)?;
    let manifest = unchanged(site, &stage, business_date, exchange)?;
    let draft = Draft {
        stage,
        manifest,
        leaves,
        outgoing: Vec::new(),
        retired: Vec::new(),
        dropped: Vec::new(),
        business_date,
    };
    commit::commit(site, draft)?;
    // Without outgoing files or archived ones in the draft, nothing follows the leaves.
    site.ledger
        .tip()
        .size
        .checked_sub(count)
        .ok_or_else(|| trouble::bug("the ledger is shorter than its commit"))
}
