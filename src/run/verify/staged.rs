//! Staged objects of commits that are not finished. Those of a commit that the ledger decided are state; the others are
//! rests, which the next run removes.

use std::path::Path;

use super::bad::{self, Bad, What};
use super::{Found, Record};
use crate::domain::fault::{Fault, FaultId};
use crate::format::manifest::{MAX_MANIFEST_BYTES, Manifest};
use crate::run::at_rest::INTENT_CONTEXT;
use crate::run::{at_rest, commit, trouble};
use crate::seal::atrest::open_at_rest;
use crate::seal::digest;
use crate::store::paths::run_file;
use crate::store::pieces::{package_hash_of, sha256_of};
use crate::store::staging::{self, Intent, Placement};

/// Where manifests go.
const MANIFESTS: &str = "store/manifests/";

/// A staging folder.
pub(super) struct Pending {
    commit: u64,
    state: State,
}

enum State {
    /// The ledger decided it: it will be carried on.
    Decided(Box<Intent>),
    /// It will be thrown away; or its intent does not open, which a crash that cut it leaves as well.
    Undecided {
        /// True where there is an intent, and it does not open.
        is_cut: bool,
    },
    /// It cannot be told.
    Bad(Fault),
}

impl Pending {
    /// Hash of the manifest of a decided commit.
    pub(super) fn manifest(&self) -> Option<[u8; 32]> {
        match &self.state {
            State::Decided(intent) => digest::digest_from_hex(&intent.manifest_sha256),
            State::Undecided { .. } | State::Bad(_) => None,
        }
    }

    /// The intent that does not open, by its path.
    pub(super) fn cut_intent(&self) -> Option<String> {
        match &self.state {
            State::Undecided { is_cut: true } => Some(intent_of(self.commit)),
            State::Undecided { is_cut: false } | State::Decided(_) | State::Bad(_) => None,
        }
    }
}

/// Path of the intent of a commit.
pub(super) fn intent_of(commit: u64) -> String {
    format!("staging/{commit:010}/intent")
}

/// Reads the intents, and notes in the record what they move.
pub(super) fn look(record: &mut Record<'_>) -> Result<Vec<Pending>, Fault> {
    let site = record.site;
    let (disk, folders) = (site.tools.disk, &site.folders);
    let folder = folders.staging();
    let failed = trouble::disk(&folder);
    let mut all = Vec::new();
    for commit in staging::pending(disk, folders).map_err(&failed)? {
        let sealed = staging::read_intent(disk, folders, commit).map_err(&failed)?;
        let state = match (sealed, &record.ledger) {
            (Some(sealed), Some(ledger)) => match commit::decided_intent(&site.secrets, ledger, commit, &sealed) {
                Ok(Some(intent)) => State::Decided(Box::new(intent)),
                Ok(None) => State::Undecided {
                    is_cut: open_at_rest(&site.secrets.site_key, INTENT_CONTEXT, &sealed, u64::MAX).is_err(),
                },
                Err(fault) => State::Bad(fault),
            },
            (None, _) | (Some(_), None) => State::Undecided { is_cut: false },
        };
        if let State::Decided(intent) = &state {
            for placement in &intent.placements {
                record.moved.extend([placement.from.clone(), placement.to.clone()]);
            }
            record.moved.extend(intent.dropped.iter().cloned());
            let held = manifest_of(record, intent).map_or_else(Vec::new, |manifest| manifest.exchange.held);
            let copies = held.iter().filter(|held| !held.in_place);
            record.also_held.extend(copies.map(|held| format!("spool/{}", held.id)));
            let proofs = intent.outgoing.iter().map(|sent| format!("{}.tlog-proof", sent.path));
            record.moved.extend(proofs);
        }
        all.push(Pending { commit, state });
    }
    record.is_unfinished = !all.is_empty();
    Ok(all)
}

/// Tests that everything a decided commit still has to put in its place is there, and counts the rests of the others.
pub(super) fn verify(record: &Record<'_>, all: &[Pending], found: &mut Found) {
    for pending in all {
        let folder = format!("staging/{:010}", pending.commit);
        match &pending.state {
            State::Undecided { .. } => {}
            State::Bad(fault) => {
                let is_newer = fault.id == FaultId::StoreNewer;
                let what = if is_newer { What::Newer } else { What::Stale };
                found.add(Bad::new(intent_of(pending.commit), what, fault));
            }
            State::Decided(intent) => decided(record, intent, found),
        }
        let known = |file: &str| match &pending.state {
            State::Decided(intent) => {
                file == format!("{folder}/intent") || intent.placements.iter().any(|placement| placement.from == file)
            }
            State::Undecided { .. } | State::Bad(_) => false,
        };
        let files = record.site.files_below(&record.site.folders.at(&folder));
        for file in files.unwrap_or_default() {
            let shown = record.site.shown(&file);
            if !known(&shown) {
                found.stray(shown);
            }
        }
    }
}

fn decided(record: &Record<'_>, intent: &Intent, found: &mut Found) {
    let disk = record.site.tools.disk;
    let mut manifest = None;
    // The manifest first: it has the hashes of the runs.
    let (first, rest): (Vec<&Placement>, Vec<&Placement>) = intent
        .placements
        .iter()
        .partition(|placement| placement.to.starts_with(MANIFESTS));
    for placement in first.into_iter().chain(rest) {
        // A crash between the renames: what is no longer there is in its place already.
        let place = [&placement.from, &placement.to]
            .into_iter()
            .find(|place| disk.exists(&record.site.folders.at(place)).unwrap_or(true));
        match place {
            Some(place) => {
                if let Err(bad) = object(record, placement, place, &mut manifest) {
                    found.add(bad);
                }
            }
            // It was fetched from the outbound folder.
            None if placement.to.starts_with("out/") => {}
            None => found.add(Bad::new(
                &placement.from,
                What::Missing,
                "missing, here and in its place",
            )),
        }
    }
}

/// The manifest that a decided commit leaves, where it is sound.
fn manifest_of(record: &Record<'_>, intent: &Intent) -> Option<Manifest> {
    let placement = intent
        .placements
        .iter()
        .find(|placement| placement.to.starts_with(MANIFESTS))?;
    [&placement.from, &placement.to].into_iter().find_map(|place| {
        let path = record.site.folders.at(place);
        let bytes = record.site.tools.disk.read(&path, MAX_MANIFEST_BYTES).ok()?;
        let is_it = digest::to_hex(&digest::sha256(&bytes)) == intent.manifest_sha256;
        Manifest::parse(&bytes).ok().filter(|_| is_it)
    })
}

fn object(record: &Record<'_>, placement: &Placement, place: &str, manifest: &mut Option<Manifest>) -> Result<(), Bad> {
    let disk = record.site.tools.disk;
    let path = record.site.folders.at(place);
    let facts = disk.facts(&path).map_err(|e| bad::of_io(place, &e))?;
    if facts.len_bytes != placement.len_bytes {
        let why = format!("{} bytes instead of {}", facts.len_bytes, placement.len_bytes);
        return Err(Bad::new(place, What::Length, why));
    }
    if placement.to.starts_with(MANIFESTS) {
        let bytes = disk
            .read(&path, MAX_MANIFEST_BYTES)
            .map_err(|e| bad::of_io(place, &e))?;
        if digest::to_hex(&digest::sha256(&bytes)) == placement.sha256 {
            *manifest = Manifest::parse(&bytes).ok();
        }
    }
    if !record.reads(place) {
        return Ok(());
    }
    let failed = |e: std::io::Error| bad::of_io(place, &e);
    if let Some(want) = &placement.package_hash {
        let hash = package_hash_of(disk, &path).map_err(failed)?;
        return if hash.is_some_and(|hash| digest::to_hex(&hash) == *want) {
            Ok(())
        } else {
            Err(Bad::new(place, What::Digest, "its package hash is another"))
        };
    }
    let want = if placement.sha256.is_empty() {
        let mut runs = manifest.iter().flat_map(|manifest| &manifest.runs);
        let run = runs.find(|run| placement.to == format!("store/runs/{}", run_file(&run.name)));
        run.map(|run| run.sha256.to_string())
    } else {
        Some(placement.sha256.clone())
    };
    match want {
        Some(want) if digest::to_hex(&sha256_of(disk, &path).map_err(failed)?) != want => {
            Err(Bad::new(place, What::Digest, "its SHA-256 is another"))
        }
        Some(_) => Ok(()),
        None if placement.to.starts_with("archive/") => at_rest::test_at(record.site, &path, Path::new(&placement.to))
            .map(|_| ())
            .map_err(|e| bad::of_rest(place.to_owned(), &e)),
        None => Err(Bad::new(place, What::Extra, "no run of the manifest of its commit")),
    }
}
