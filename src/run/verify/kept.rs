//! Files at rest: held files in the spool, the archive, stored answers. Which must be there is on record: held files stand
//! in the manifest, archived files and answers in the table of identities, answers to nobody (notices) by their serials.

use std::collections::BTreeMap;
use std::path::Path;

use super::bad::{self, Bad, What};
use super::{Found, Record};
use crate::domain::fault::Fault;
use crate::domain::party::FileKind;
use crate::format::state::ExchangeState;
use crate::run::at_rest;
use crate::run::pass::{IdentityKey, Known, notice_id};
use crate::seal::digest;
use crate::store::master::Master;

/// Verifies spool, archive and answers.
pub(super) fn verify(record: &Record<'_>, found: &mut Found) -> Result<(), Fault> {
    spool(record, found)?;
    on_record(record, found)
}

/// A file on record must be there, and be what it is.
fn spool(record: &Record<'_>, found: &mut Found) -> Result<(), Fault> {
    let site = record.site;
    let held = record.manifest.iter().flat_map(|manifest| &manifest.exchange.held);
    let mut wanted: BTreeMap<String, bool> = held
        .filter(|held| !held.in_place)
        .map(|held| (format!("spool/{}", held.id), false))
        .collect();
    wanted.extend(record.also_held.iter().map(|object| (object.clone(), false)));
    for path in site.files_below(&site.folders.spool())? {
        let shown = site.shown(&path);
        match wanted.get_mut(&shown) {
            Some(is_there) => {
                *is_there = true;
                test(record, &shown, found);
            }
            // It is tested with the commit that moves it.
            None if record.moved.contains(&shown) => found.files += 1,
            // Without a manifest nobody can tell; what opens is sound.
            None if record.manifest.is_none() && !at_rest::is_temporary(&path) => test(record, &shown, found),
            // A copy whose original still lies in the inbound folder: the next run removes it.
            None => found.stray(shown),
        }
    }
    for (object, _) in wanted.into_iter().filter(|(_, is_there)| !is_there) {
        missing(record, object, found);
    }
    Ok(())
}

fn missing(record: &Record<'_>, object: String, found: &mut Found) {
    if !record.moved.contains(&object) {
        found.add(Bad::new(object, What::Missing, "missing"));
    }
}

/// A file that was listed.
struct Listed {
    path: String,
    is_known: bool,
}

fn on_record(record: &Record<'_>, found: &mut Found) -> Result<(), Fault> {
    let site = record.site;
    let key = IdentityKey::new(&site.secrets.year_root);
    // By the digest under which the table of identities knows each: so the table is walked once, and not kept.
    let mut listed: BTreeMap<[u8; 32], Listed> = BTreeMap::new();
    let mut notices: BTreeMap<String, bool> = BTreeMap::new();
    for folder in ["archive", "answers"] {
        for path in site.files_below(&site.folders.at(folder))? {
            let shown = site.shown(&path);
            if at_rest::is_temporary(&path) {
                found.stray(shown);
                continue;
            }
            let name = shown.strip_prefix("answers/");
            let digest = match name {
                None => Some(key.of_archived(&shown)),
                Some(name) => digest::digest_from_hex(name),
            };
            match digest {
                Some(digest) => {
                    let path = shown;
                    listed.insert(digest, Listed { path, is_known: false });
                }
                None => {
                    notices.insert(shown, false);
                }
            }
        }
    }
    // A master that does not open is reported with the store; what opens is sound then.
    let master = record
        .manifest
        .clone()
        .and_then(|manifest| Master::at(site.tools.disk, &site.paths, &site.master_keys, manifest).ok());
    let is_told = match &master {
        Some(master) => identities(record, master, &mut listed, found),
        None => record.manifest.is_none() && record.ledger.is_some() && nothing_is_named(record),
    };
    let exchange = record.manifest.as_ref().map(|manifest| &manifest.exchange);
    sent_notices(record, exchange, &mut notices, found);
    let all = listed.into_values().map(|file| (file.path, file.is_known));
    let mut all: Vec<(String, bool)> = all.chain(notices).collect();
    all.sort();
    for (object, is_known) in all {
        if is_known || !is_told {
            test(record, &object, found);
        } else if record.moved.contains(&object) {
            // It is tested with the commit that put it there.
            found.files += 1;
        } else if !record.is_unfinished {
            // Files come here by a rename after their commit was decided, so that no crash leaves one that is not named.
            found.add(Bad::new(object, What::Extra, "nothing on record names it"));
        } else {
            found.stray(object);
        }
    }
    Ok(())
}

/// True for a site without any commit: then no file can be on record.
fn nothing_is_named(record: &Record<'_>) -> bool {
    let ledger = record.ledger.as_ref();
    let named = ledger.and_then(|ledger| crate::run::commit::newest_named(ledger).ok());
    named == Some(None)
}

/// Walks the table of identities: every answer and every archived file in it must be there. Gives whether it could be read
/// to its end.
fn identities(
    record: &Record<'_>,
    master: &Master,
    listed: &mut BTreeMap<[u8; 32], Listed>,
    found: &mut Found,
) -> bool {
    for row in master.scan_identities() {
        // A run that is bad is reported with the store.
        let Ok((key, bytes)) = row else { return false };
        let Ok(known) = serde_json::from_slice::<Known>(&bytes) else {
            found.add(Bad::new(
                "store/runs",
                What::Form,
                "a row of the table of identities is malformed",
            ));
            continue;
        };
        let (object, len_bytes) = match known {
            Known::Judged(judged) if judged.answer.is_none() => continue,
            Known::Judged(_) => (format!("answers/{}", digest::to_hex(&key)), None),
            Known::Archived(kept) => (kept.archived, Some(kept.len_bytes)),
        };
        match listed.get_mut(&key) {
            Some(file) => {
                file.is_known = true;
                if let Some(bad) = len_bytes.and_then(|want| other_length(record, &object, want)) {
                    found.files += 1;
                    found.add(bad);
                    listed.remove(&key);
                }
            }
            None => missing(record, object, found),
        }
    }
    true
}

fn other_length(record: &Record<'_>, object: &str, want: u64) -> Option<Bad> {
    match record.site.tools.disk.facts(&record.site.folders.at(object)) {
        Ok(facts) if facts.len_bytes == want => None,
        Ok(facts) => {
            let why = format!("{} bytes instead of {want}", facts.len_bytes);
            Some(Bad::new(object, What::Length, why))
        }
        Err(e) => Some(bad::of_io(object, &e)),
    }
}

/// Every notice file that was ever sent is kept, by its serial.
fn sent_notices(
    record: &Record<'_>,
    exchange: Option<&ExchangeState>,
    listed: &mut BTreeMap<String, bool>,
    found: &mut Found,
) {
    let national = record.site.config.national_body;
    let serials = exchange.into_iter().flat_map(|state| &state.outbound);
    let of_notices =
        serials.filter(|serial| serial.kind == FileKind::Ntf.as_str() && serial.party == national.as_str());
    let next = of_notices.map(|serial| serial.next).max().unwrap_or(1);
    for serial in 1..next {
        let object = format!("answers/{}", notice_id(serial));
        match listed.get_mut(&object) {
            Some(is_known) => *is_known = true,
            None => missing(record, object, found),
        }
    }
}

/// Opens a file where the depth says so, else only counts it.
fn test(record: &Record<'_>, object: &str, found: &mut Found) {
    found.files += 1;
    if !record.reads(object) {
        return;
    }
    if let Err(fault) = at_rest::test(record.site, Path::new(object)) {
        // Spool files leave for the archive while a run goes on.
        let path = record.site.folders.at(object);
        if record.site.tools.disk.exists(&path).unwrap_or(true) {
            found.add(bad::of_rest(object.to_owned(), &fault));
        } else {
            found.files -= 1;
        }
    }
}
