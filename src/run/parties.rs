//! The register of parties: import, single changes, each a commit with the new head in the ledger.

use std::path::Path;

use super::commit::{self, Draft};
use super::held::unchanged;
use super::room;
use super::site::Site;
use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::party::Party;
use crate::format::register::parse_parties_csv;
use crate::pipeline::journal;
use crate::seal::digest;
use crate::seal::hpke::SealingPublicKey;
use crate::seal::notesign::NoteVerifier;
use crate::store::registers::{PARTIES, Parties, RegisterError};

/// No import file is larger.
const IMPORT_MAX_BYTES: u64 = 64 << 20;

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Parties that are new.
    pub added: u64,
    /// Parties whose entry changed.
    pub changed: u64,
    /// Parties whose entry stands already as given.
    pub same: u64,
}

/// Takes every party of a CSV file, or none.
pub fn import(site: &mut Site<'_>, csv: &Path, date: Option<BusinessDate>) -> Result<Imported, Fault> {
    let bytes = site
        .tools
        .disk
        .read(csv, IMPORT_MAX_BYTES)
        .map_err(trouble::unreadable(csv))?;
    let parties = parse_parties_csv(&bytes).map_err(|fault| wrong(csv, fault.line, &fault.why))?;
    for (index, party) in parties.iter().enumerate() {
        check_keys(party).map_err(|why| wrong(csv, u64::try_from(index).unwrap_or(0).saturating_add(2), &why))?;
    }
    put(site, parties, date)
}

/// Adds parties or changes them.
pub fn put(site: &mut Site<'_>, parties: Vec<Party>, date: Option<BusinessDate>) -> Result<Imported, Fault> {
    let business_date = site.business_date(date)?;
    let now = site.tools.clock.now();
    let mut register = site.parties.clone();
    let mut imported = Imported {
        added: 0,
        changed: 0,
        same: 0,
    };
    let mut entered = Vec::new();
    for party in parties {
        match register.get(party.id) {
            Some(known) if *known == party => {
                imported.same += 1;
                continue;
            }
            Some(_) => imported.changed += 1,
            None => imported.added += 1,
        }
        entered.push(party.id);
        register.add(party, now).map_err(|why| unfit(&why))?;
    }
    if !entered.is_empty() {
        let made = site.folders.create_for_parties(site.tools.disk, &entered);
        made.map_err(trouble::disk(&site.folders.inbound()))?;
        store(site, &register, business_date)?;
    }
    Ok(imported)
}

fn store(site: &mut Site<'_>, register: &Parties, business_date: BusinessDate) -> Result<(), Fault> {
    let tools = site.tools;
    let now = tools.clock.now();
    let mut exchange = site.exchange();
    exchange.set_register(PARTIES, register.lines(), register.head());
    exchange.newest_business_date = exchange.newest_business_date.max(business_date.value());
    let folders = site.folders.clone();
    let mut stage = room::begin(site, room::Work::Records)?;
    stage
        .put("parties", register.text().as_bytes(), "registers/parties.jsonl")
        .map_err(trouble::disk(&folders.staging()))?;
    let manifest = unchanged(site, &stage, business_date, exchange)?;
    let head = digest::digest_from_hex(register.head()).ok_or_else(|| trouble::bug("register head"))?;
    let leaves = vec![journal::register(now, PARTIES, head, register.lines())];
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

/// Tests the key texts of a party.
pub fn check_keys(party: &Party) -> Result<(), String> {
    if let Some(text) = &party.sealing_key {
        SealingPublicKey::parse(text).map_err(|e| format!("sealing_key: {e}"))?;
    }
    if let Some(text) = &party.signing_key {
        NoteVerifier::parse(text).map_err(|e| format!("signing_key: {e}"))?;
    }
    Ok(())
}

fn unfit(why: &RegisterError) -> Fault {
    let words = match why {
        RegisterError::Line(fault) => fault.why.clone(),
        RegisterError::Io(_) | RegisterError::Newer { .. } | RegisterError::Chain { .. } => why.to_string(),
    };
    Fault::new(FaultId::UsageWrong)
        .with("command", "party")
        .with("why", words)
}

/// A registered party.
pub fn get<'s>(site: &'s Site<'_>, id: PartyId) -> Result<&'s Party, Fault> {
    site.parties
        .get(id)
        .ok_or_else(|| Fault::new(FaultId::PartyUnknown).with("party", id))
}

fn wrong(path: &Path, line: u64, why: &str) -> Fault {
    Fault::new(FaultId::RegisterWrong)
        .with("path", path.display())
        .with("line", line)
        .with("why", why)
}
