//! Recovery: what a run left that was killed, or that lost the power, is carried to its end or discarded
//! (docs/design.md, "One commit").

use super::compared::{check_newest, check_position, is_unpublished, named_manifest};
use super::{INTENT_MAX_BYTES, complete};
use crate::domain::fault::{Fault, FaultId};
use crate::ports::Disk;
use crate::run::at_rest::INTENT_CONTEXT;
use crate::run::site::Tools;
use crate::run::trouble;
use crate::seal::atrest::{AtRestFault, open_at_rest};
use crate::seal::digest;
use crate::seal::keys::SiteSecrets;
use crate::store::folders::Folders;
use crate::store::ledger::Ledger;
use crate::store::paths::StorePaths;
use crate::store::staging::{self, Intent};
use crate::store::{atomic, generations};

/// What recovery did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Commits that were decided and are carried to their end now.
    pub completed: Vec<u64>,
    /// Commits that were never decided; their objects are discarded.
    pub discarded: Vec<u64>,
}

/// Carries decided commits to their end and discards the others. Called before anything else is written.
pub fn recover(
    tools: Tools<'_>,
    folders: &Folders,
    secrets: &SiteSecrets,
    ledger: &mut Ledger<'_>,
) -> Result<Recovered, Fault> {
    let mut recovered = Recovered::default();
    let mut undecided = Vec::new();
    let pending = staging::pending(tools.disk, folders).map_err(trouble::disk(&folders.staging()))?;
    if !pending.is_empty() {
        settle(tools.disk, folders, ledger)?;
    }
    for commit in pending {
        let sealed = staging::read_intent(tools.disk, folders, commit).map_err(trouble::disk(&folders.staging()))?;
        let decided = match sealed {
            Some(sealed) => decided_intent(secrets, ledger, commit, &sealed)?,
            None => None,
        };
        match decided {
            Some(intent) => {
                complete(tools, folders, secrets, ledger, &intent, true)?;
                recovered.completed.push(commit);
            }
            None => undecided.push(commit),
        }
    }
    // Before anything is thrown away: a decided commit whose intent cannot be read any more is evidence.
    let paths = StorePaths::new(folders.store());
    let pointer = generations::current(tools.disk, &paths).map_err(|e| trouble::master(&e))?;
    if let Some(pointer) = &pointer {
        check_position(ledger, pointer).map_err(|why| Fault::new(FaultId::LedgerDamaged).with("why", why))?;
    }
    let newest = pointer.map(|pointer| (pointer.commit, pointer.manifest.0));
    check_newest(ledger, newest)?;
    if is_unpublished(ledger).map_err(|e| trouble::ledger(&e))? {
        return Err(Fault::new(FaultId::StagingLost)
            .with("commit", newest.map_or(0, |(commit, _)| commit))
            .with(
                "why",
                "its packages were never put out, and its intent is gone or does not open",
            ));
    }
    for commit in undecided {
        staging::clear(tools.disk, folders, commit).map_err(trouble::disk(&folders.staging()))?;
        recovered.discarded.push(commit);
    }
    Ok(recovered)
}

/// Makes durable what is seen and what the recovery relies on: a process that was killed left names to the kernel, a
/// checkpoint perhaps, which a power loss may still take back. Whoever finds a folder or a file does not sync it again.
fn settle(disk: &dyn Disk, folders: &Folders, ledger: &Ledger<'_>) -> Result<(), Fault> {
    ledger.make_durable().map_err(|e| trouble::ledger(&e))?;
    for folder in [folders.at("archive"), folders.outbound()] {
        atomic::sync_entries(disk, &folder).map_err(|e| trouble::atomic(&e))?;
    }
    Ok(())
}

/// The intent, if the ledger says that its commit was decided.
///
/// An intent that does not open was cut by a crash before the ledger was touched: the ledger is written only after the
/// intent is durable. `check_newest` tells where that is not the reason.
pub(in crate::run) fn decided_intent(
    secrets: &SiteSecrets,
    ledger: &Ledger<'_>,
    commit: u64,
    sealed: &[u8],
) -> Result<Option<Intent>, Fault> {
    let object = || format!("staging/{commit:010}/intent");
    let text = match open_at_rest(&secrets.site_key, INTENT_CONTEXT, sealed, INTENT_MAX_BYTES) {
        Ok(text) => text,
        // Never thrown away: the commit may be decided.
        Err(why @ AtRestFault::UnsupportedVersion { .. }) => return Err(trouble::at_rest(object())(why)),
        Err(_) => return Ok(None),
    };
    if let Some(version) = staging::later_version(&text) {
        return Err(trouble::newer(object(), version));
    }
    let intent: Intent = serde_json::from_slice(&text).map_err(trouble::damaged("staging"))?;
    let tip = ledger.tip();
    if intent.commit != commit || tip.log.year() != intent.ledger_year || tip.size < intent.ledger_size {
        return Ok(None);
    }
    let leaf = ledger
        .leaf(intent.ledger_size.saturating_sub(1))
        .map_err(|e| trouble::ledger(&e))?;
    if named_manifest(&leaf) == digest::digest_from_hex(&intent.manifest_sha256) {
        Ok(Some(intent))
    } else {
        Err(Fault::new(FaultId::LedgerDamaged).with("why", format!("commit {commit} is not the one of its leaves")))
    }
}
