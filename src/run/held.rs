//! Held files: list, show, release into the next run, drop into the archive.

use super::commit::{self, Draft};
use super::pass::{ArchivedRecord, IdentityKey, inbound_of_held};
use super::room;
use super::site::Site;
use super::trouble;
use crate::domain::code::Code;
use crate::domain::entry::Changes;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::instant::BusinessDate;
use crate::format::state::ExchangeState;
pub use crate::format::state::HeldFile;
use crate::pipeline::journal;
use crate::store::generations::{GenerationFacts, Staging};
use crate::store::staging::Stage;

/// A held file by its id or the beginning of it.
pub fn find(site: &Site<'_>, id: &str) -> Result<HeldFile, Fault> {
    let held = site.exchange().held;
    let mut matching = held
        .into_iter()
        .filter(|held| !id.is_empty() && held.id.starts_with(id));
    match (matching.next(), matching.next()) {
        (Some(one), None) => Ok(one),
        (Some(_) | None, _) => Err(Fault::new(FaultId::HeldUnknown).with_typed("id", id)),
    }
}

/// Lets a held file into the next run: it goes through every check again, and a name that contradicts its header is
/// accepted. What cannot change by a decision (a gap, a used serial, an incomplete file) cannot be released.
pub fn release(site: &mut Site<'_>, id: &str, date: Option<BusinessDate>) -> Result<HeldFile, Fault> {
    let held = find(site, id)?;
    let hint = match Code::parse(&held.code) {
        Some(Code::H01) => Some("it is taken by itself when it is complete"),
        Some(Code::H06) => Some("its serial was used by another file; ask the sender for the next serial, or drop it"),
        Some(Code::H07) if !held.shadowed => Some("it is taken by itself when the missing files have arrived"),
        Some(Code::H08) => Some("remove the cause in the inbound folder"),
        Some(_) | None if held.in_place => Some("it still lies in the inbound folder"),
        Some(_) | None => None,
    };
    if let Some(hint) = hint {
        return Err(Fault::new(FaultId::HeldNotReleasable)
            .with("id", &held.id)
            .with("code", &held.code)
            .with("hint", hint));
    }
    decide(site, &held, true, date)?;
    Ok(held)
}

/// Gives a held file up: its encrypted copy goes to the archive, nothing is deleted.
pub fn drop_file(site: &mut Site<'_>, id: &str, date: Option<BusinessDate>) -> Result<HeldFile, Fault> {
    let held = find(site, id)?;
    if held.in_place {
        return Err(Fault::new(FaultId::HeldNotReleasable)
            .with("id", &held.id)
            .with("code", &held.code)
            .with(
                "hint",
                "it lies in the inbound folder: remove it there, the next run notes that it is gone",
            ));
    }
    decide(site, &held, false, date)?;
    Ok(held)
}

fn decide(site: &mut Site<'_>, held: &HeldFile, is_release: bool, date: Option<BusinessDate>) -> Result<(), Fault> {
    let business_date = site.business_date(date)?;
    let tools = site.tools;
    let now = tools.clock.now();
    let folders = site.folders.clone();
    let mut exchange = site.exchange();
    let mut stage = room::begin(site, room::Work::Records)?;
    let mut rows = Vec::new();
    if is_release {
        exchange
            .held
            .iter_mut()
            .filter(|other| other.id == held.id)
            .for_each(|other| other.released = true);
    } else {
        exchange.held.retain(|other| other.id != held.id);
        let spool = folders.spool().join(&held.id);
        let len = tools
            .disk
            .facts(&spool)
            .map_err(trouble::kept(&held.id, &spool))?
            .len_bytes;
        let to = format!("archive/{}/{}", business_date.fiscal_year(), held.id);
        stage.place(&format!("spool/{}", held.id), &to, len);
        let kept = ArchivedRecord {
            archived: to,
            len_bytes: len,
        };
        rows.push(kept.row(&IdentityKey::new(&site.secrets.year_root))?);
    }
    exchange.newest_business_date = exchange.newest_business_date.max(business_date.value());
    let manifest = unchanged_but(site, &stage, business_date, exchange, &rows)?;
    let code = Code::parse(&held.code).ok_or_else(|| trouble::bug("code of a held file"))?;
    let leaves = vec![journal::decided(now, &inbound_of_held(held), code, is_release)];
    let draft = Draft {
        stage,
        manifest,
        leaves,
        outgoing: Vec::new(),
        retired: Vec::new(),
        dropped: Vec::new(),
        business_date,
    };
    commit::commit(site, draft)
}

/// The manifest of a commit that leaves the register as it is and changes the state of the exchange only.
pub fn unchanged(
    site: &Site<'_>,
    stage: &Stage<'_>,
    business_date: BusinessDate,
    exchange: ExchangeState,
) -> Result<crate::format::manifest::Manifest, Fault> {
    unchanged_but(site, stage, business_date, exchange, &[])
}

/// The same with new rows in the table of identities.
fn unchanged_but(
    site: &Site<'_>,
    stage: &Stage<'_>,
    business_date: BusinessDate,
    exchange: ExchangeState,
    identities: &[([u8; 32], Vec<u8>)],
) -> Result<crate::format::manifest::Manifest, Fault> {
    let facts = GenerationFacts {
        business_date,
        created_at: site.tools.clock.now(),
        applied: false,
        rules: site.rules_hash(),
        layouts: site.layouts_hash(),
        exchange,
    };
    let folder = stage.folder();
    let staging = Staging {
        disk: site.tools.disk,
        folder: &folder,
        keys: &site.master_keys,
    };
    staging
        .stage_generation(
            &site.master,
            &Changes::default(),
            identities,
            facts,
            &mut site.tools.generator()?,
        )
        .map_err(|e| trouble::master(&e))
}
