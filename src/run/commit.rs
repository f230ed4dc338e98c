//! The commit protocol and its recovery (docs/design.md, "One commit").
//!
//! The signed checkpoint is the commit point. What comes after it is `complete`, which the happy path and recovery
//! both call. Nothing else records progress: what happened is derived from the ledger, the staging folder and `CURRENT`.

mod compared;
mod recovery;
mod retire;
mod when;

pub(super) use compared::{check_position, is_unpublished, newest_named};
pub(super) use recovery::decided_intent;
pub use recovery::{Recovered, recover};

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rand_core::CryptoRng;

use when::{newest_time, not_before};

use super::at_rest::{INTENT_CONTEXT, PRIVATE_CONTEXT};
use super::site::{Site, Tools};
use super::{room, trouble};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::instant::BusinessDate;
use crate::format::leaf::{Act, Label, Leaf, LeafBytes, SALT_BYTES};
use crate::format::manifest::{Manifest, Pointer};
use crate::ports::Disk;
use crate::ports::together::FILES_MAX;
use crate::seal::atrest::seal_at_rest;
use crate::seal::digest;
use crate::seal::keys::SiteSecrets;
use crate::store::atomic::{self, NewFile};
use crate::store::folders::Folders;
use crate::store::generations::hash_of;
use crate::store::ledger::{Ledger, NewEntry};
use crate::store::paths::{manifest_file, run_file};
use crate::store::pieces::{package_hash_of, sha256_of};
use crate::store::staging::{self, Intent, Outgoing, Placement, Retired, Stage};

/// Name of the manifest's hash among the heads of a leaf.
const MANIFEST: &str = "manifest";
/// Largest intent, decompressed.
const INTENT_MAX_BYTES: u64 = 256 << 20;

/// A commit that is ready: objects staged, leaves written down, nothing decided.
pub struct Draft<'d> {
    /// The staging folder with its objects.
    pub stage: Stage<'d>,
    /// What the commit leaves.
    pub manifest: Manifest,
    /// Leaves; the last one closes the commit and may not be that of an outgoing file.
    pub leaves: Vec<Leaf>,
    /// Outgoing packages: position of the leaf among `leaves`, and the path relative to the site.
    pub outgoing: Vec<(usize, String)>,
    /// Inbound files that are used up.
    pub retired: Vec<Retired>,
    /// Spool files that are no longer needed, relative to the site.
    pub dropped: Vec<String>,
    /// Business date.
    pub business_date: BusinessDate,
}

/// Carries out a commit: intent durable, leaves, signed checkpoint, then everything in its place. Where the disk is full
/// after the commit point the reserve is given up for the rest, before it nothing remains.
pub fn commit(site: &mut Site<'_>, draft: Draft<'_>) -> Result<(), Fault> {
    let number = draft.manifest.commit;
    carry_out(site, draft).or_else(|fault| room::finish_on_full(site, number, fault))
}

fn carry_out(site: &mut Site<'_>, draft: Draft<'_>) -> Result<(), Fault> {
    let tools = site.tools;
    let mut rng = tools.generator()?;
    let Draft {
        mut stage,
        manifest,
        mut leaves,
        outgoing,
        retired,
        dropped,
        business_date,
    } = draft;
    open_year(site, business_date)?;
    let manifest_hash = hash_of(&manifest).map_err(|e| trouble::master(&e))?;
    place_runs(&mut stage, site.master.manifest(), &manifest);
    let manifest_path = format!("store/manifests/{}", manifest_file(manifest.commit));
    let put = stage.put("manifest", &manifest.bytes().map_err(trouble::bug)?, &manifest_path);
    put.map_err(trouble::disk(&stage.folder()))?;
    let newest = newest_time(&site.ledger)?;
    for leaf in &mut leaves {
        leaf.time = leaf.time.max(newest);
        if leaf.act != Act::Outgoing {
            leaf.run = Label::new(&format!("commit-{:010}", manifest.commit));
            leaf.business_date = Some(business_date);
            if leaf.act == Act::Applied {
                leaf.rules_hash = Some(manifest.rules.0);
                leaf.layout_hash = Some(manifest.layouts.0);
            }
        }
    }
    let closing = leaves.last_mut().filter(|leaf| leaf.act != Act::Outgoing);
    let closing = closing.ok_or_else(|| trouble::bug("a commit without a closing leaf"))?;
    name_manifest(closing, manifest_hash.0)?;
    let encoded = encode_all(&leaves, &mut rng)?;
    let tip = site.ledger.tip();
    let first_index = tip.size;
    let index_of = |position: usize| first_index + u64::try_from(position).unwrap_or(0);
    let intent = Intent {
        format: staging::INTENT_VERSION,
        commit: manifest.commit,
        manifest_sha256: digest::to_hex(&manifest_hash.0),
        placements: stage.placements().to_vec(),
        current: pointer_text(&manifest, manifest_hash, &site.ledger, index_of(leaves.len()))?,
        outgoing: outgoing
            .into_iter()
            .map(|(at, path)| Outgoing {
                path,
                leaf_index: index_of(at),
            })
            .collect(),
        retired,
        dropped,
        ledger_size: index_of(leaves.len()),
        ledger_year: tip.log.year(),
        business_date: business_date.value(),
    };
    let folder = stage.folder();
    let sealed = seal_intent(&site.secrets, &intent, &mut rng)?;
    stage.finish(&sealed).map_err(trouble::disk(&folder))?;
    append(&mut site.ledger, &site.secrets, &encoded, &mut rng)?;
    complete(tools, &site.folders, &site.secrets, &mut site.ledger, &intent, false)?;
    site.reload()
}

/// The log of the fiscal year of the business date, opened where it is not yet.
fn open_year(site: &mut Site<'_>, business_date: BusinessDate) -> Result<(), Fault> {
    let year = business_date.fiscal_year();
    if year > site.ledger.tip().log.year() {
        let now = not_before(&site.ledger, site.tools.clock.now())?;
        site.ledger
            .open_year(year, now, &site.secrets.ledger_signer)
            .map_err(|e| trouble::ledger(&e))?;
    }
    Ok(())
}

/// Runs that this commit brings in go from the staging folder to that of the runs.
fn place_runs(stage: &mut Stage<'_>, parent: Option<&Manifest>, manifest: &Manifest) {
    let old: BTreeSet<&str> = parent
        .iter()
        .flat_map(|parent| &parent.runs)
        .map(|run| run.name.as_str())
        .collect();
    for run in manifest.runs.iter().filter(|run| !old.contains(run.name.as_str())) {
        let file = run_file(&run.name);
        stage.place(&stage.relative(&file), &format!("store/runs/{file}"), run.len_bytes);
    }
}

fn name_manifest(leaf: &mut Leaf, hash: [u8; 32]) -> Result<(), Fault> {
    let name = Label::new(MANIFEST).ok_or_else(|| trouble::bug("label"))?;
    leaf.heads.insert(name, hash);
    Ok(())
}

fn encode_all(leaves: &[Leaf], rng: &mut impl CryptoRng) -> Result<Vec<LeafBytes>, Fault> {
    let mut encoded = Vec::with_capacity(leaves.len());
    for leaf in leaves {
        let mut salt = [0; SALT_BYTES];
        rng.fill_bytes(&mut salt);
        let salt = leaf.needs_salt().then_some(&salt);
        encoded.push(leaf.encode(salt).map_err(trouble::bug)?);
    }
    Ok(encoded)
}

fn append(
    ledger: &mut Ledger<'_>,
    secrets: &SiteSecrets,
    encoded: &[LeafBytes],
    rng: &mut impl CryptoRng,
) -> Result<(), Fault> {
    let mut sealed = Vec::with_capacity(encoded.len());
    for leaf in encoded {
        sealed.push(match &leaf.private {
            Some(private) => {
                Some(seal_at_rest(&secrets.site_key, PRIVATE_CONTEXT, private, rng).map_err(trouble::bug)?)
            }
            None => None,
        });
    }
    let entries: Vec<NewEntry<'_>> = encoded
        .iter()
        .zip(&sealed)
        .map(|(leaf, private)| NewEntry {
            public: &leaf.public,
            sealed_private: private.as_deref(),
        })
        .collect();
    let staged = ledger.append(&entries).map_err(|e| trouble::ledger(&e))?;
    ledger
        .commit(staged, &secrets.ledger_signer)
        .map_err(|e| trouble::ledger(&e))?;
    Ok(())
}

fn pointer_text(
    manifest: &Manifest,
    hash: crate::format::manifest::Hash32,
    ledger: &Ledger<'_>,
    size: u64,
) -> Result<String, Fault> {
    let pointer = Pointer {
        commit: manifest.commit,
        manifest: hash,
        ledger: format!("{} {size}", ledger.tip().log),
    };
    pointer.text().map_err(trouble::bug)
}

fn seal_intent(secrets: &SiteSecrets, intent: &Intent, rng: &mut impl CryptoRng) -> Result<Vec<u8>, Fault> {
    let text = serde_json::to_vec(intent).map_err(trouble::bug)?;
    seal_at_rest(&secrets.site_key, INTENT_CONTEXT, &text, rng).map_err(trouble::bug)
}

/// Everything after the commit point. May be called any number of times; each step is skipped where it is done.
fn complete(
    tools: Tools<'_>,
    folders: &Folders,
    secrets: &SiteSecrets,
    ledger: &mut Ledger<'_>,
    intent: &Intent,
    after_crash: bool,
) -> Result<(), Fault> {
    let disk = tools.disk;
    let (outbound, inner): (Vec<&Placement>, Vec<&Placement>) = intent
        .placements
        .iter()
        .partition(|placement| placement.to.starts_with("out/"));
    put_in_place(disk, folders, intent.commit, &inner, after_crash)?;
    let current = folders.store().join("CURRENT");
    atomic::publish(disk, &current, intent.current.as_bytes()).map_err(|e| trouble::atomic(&e))?;
    // Whoever fetches a package finds its proof beside it.
    write_proofs(disk, folders, ledger, intent)?;
    put_in_place(disk, folders, intent.commit, &outbound, after_crash)?;
    retire::retire(disk, folders, intent, after_crash)?;
    drop_spool(disk, folders, intent)?;
    close(tools, secrets, ledger, intent)?;
    staging::clear(disk, folders, intent.commit).map_err(trouble::disk(&folders.staging()))
}

fn put_in_place(
    disk: &dyn Disk,
    folders: &Folders,
    commit: u64,
    placements: &[&Placement],
    after_crash: bool,
) -> Result<(), Fault> {
    let mut touched = BTreeSet::new();
    for placement in placements {
        let (from, to) = (folders.at(&placement.from), folders.at(&placement.to));
        let lost = |why: &str| {
            Fault::new(FaultId::StagingLost)
                .with("commit", commit)
                .with("why", format!("{}: {why}", placement.to))
        };
        if disk.exists(&from).map_err(trouble::disk(&from))? {
            if after_crash {
                test_object(disk, &from, placement, &lost)?;
            }
            if let (Some(parent), Some(folder)) = (to.parent(), parent_of(&placement.to)) {
                atomic::create_folders(disk, folders.root(), folder).map_err(|e| trouble::atomic(&e))?;
                touched.insert(parent.to_owned());
            }
            disk.rename(&from, &to).map_err(trouble::disk(&to))?;
        } else {
            // A crash between the renames: the object is there already, or it was fetched from the outbound folder.
            if !placement.to.starts_with("out/") {
                test_object(disk, &to, placement, &lost)?;
            }
            touched.extend(to.parent().map(Path::to_owned));
        }
    }
    sync_those_there(disk, touched)
}

fn parent_of(relative: &str) -> Option<&Path> {
    Path::new(relative).parent()
}

/// Length always, hash or package hash where the placement has one.
fn test_object(disk: &dyn Disk, path: &Path, placement: &Placement, lost: &dyn Fn(&str) -> Fault) -> Result<(), Fault> {
    // Only what is missing or other than it was is lost; a disk that fails now may read it the next time.
    let read = |why: std::io::Error| {
        if why.kind() == std::io::ErrorKind::NotFound {
            lost("missing")
        } else if why.kind() == std::io::ErrorKind::InvalidData {
            lost("longer than it was")
        } else {
            trouble::disk(path)(why)
        }
    };
    let facts = disk.facts(path).map_err(read)?;
    if facts.len_bytes != placement.len_bytes {
        return Err(lost(&format!(
            "{} bytes instead of {}",
            facts.len_bytes, placement.len_bytes
        )));
    }
    if !placement.sha256.is_empty() {
        let hash = sha256_of(disk, path).map_err(read)?;
        if digest::to_hex(&hash) != placement.sha256 {
            return Err(lost("its SHA-256 is another"));
        }
    }
    if let Some(want) = &placement.package_hash {
        let hash = package_hash_of(disk, path).map_err(read)?;
        if hash.is_none_or(|hash| digest::to_hex(&hash) != *want) {
            return Err(lost("its package hash is another"));
        }
    }
    Ok(())
}

/// A proof beside every outgoing package that is about to be there, or is there still.
fn write_proofs(disk: &dyn Disk, folders: &Folders, ledger: &Ledger<'_>, intent: &Intent) -> Result<(), Fault> {
    let mut touched = BTreeSet::new();
    let mut proofs: Vec<NewFile<'_>> = Vec::new();
    for outgoing in &intent.outgoing {
        let placements = intent
            .placements
            .iter()
            .filter(|placement| placement.to == outgoing.path);
        let staged = placements.map(|placement| folders.at(&placement.from));
        let mut is_there = false;
        for place in staged.chain([folders.at(&outgoing.path)]) {
            is_there |= disk.exists(&place).map_err(trouble::disk(&place))?;
        }
        if is_there {
            let proof = ledger
                .proof_file(outgoing.leaf_index)
                .map_err(|e| trouble::ledger(&e))?;
            if let Some(folder) = parent_of(&outgoing.path) {
                atomic::create_folders(disk, folders.root(), folder).map_err(|e| trouble::atomic(&e))?;
            }
            let path = folders.at(&format!("{}.tlog-proof", outgoing.path));
            let mut file = NewFile::begin(disk, &path).map_err(|e| trouble::atomic(&e))?;
            file.write_all(proof.to_text().as_bytes())
                .map_err(|e| trouble::atomic(&e))?;
            proofs.push(file);
            touched.extend(path.parent().map(Path::to_owned));
            if proofs.len() >= FILES_MAX {
                atomic::publish_all(disk, std::mem::take(&mut proofs)).map_err(|e| trouble::atomic(&e))?;
            }
        }
    }
    atomic::publish_all(disk, proofs).map_err(|e| trouble::atomic(&e))?;
    // All of them, before the first package is seen.
    sync_those_there(disk, touched)
}

/// A folder may have been taken away meanwhile, by those who fetch from it or by the operator.
fn sync_those_there(disk: &dyn Disk, folders: BTreeSet<PathBuf>) -> Result<(), Fault> {
    let mut there = Vec::new();
    for folder in folders {
        if disk.exists(&folder).map_err(trouble::disk(&folder))? {
            there.push(folder);
        }
    }
    atomic::sync_all_entries(disk, &there).map_err(|e| trouble::atomic(&e))
}

fn drop_spool(disk: &dyn Disk, folders: &Folders, intent: &Intent) -> Result<(), Fault> {
    for relative in &intent.dropped {
        let path = folders.at(relative);
        match disk.remove(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(trouble::disk(&path)(e)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// The leaves `published` and `archived`, unless a run before a crash wrote them.
fn close(tools: Tools<'_>, secrets: &SiteSecrets, ledger: &mut Ledger<'_>, intent: &Intent) -> Result<(), Fault> {
    let archived = intent
        .placements
        .iter()
        .filter(|placement| placement.to.starts_with("archive/"))
        .count();
    if ledger.tip().size != intent.ledger_size || (archived == 0 && intent.outgoing.is_empty()) {
        return Ok(());
    }
    let now = not_before(ledger, tools.clock.now())?;
    let count = |act: Act, name: &str, number: usize| -> Result<Leaf, Fault> {
        let mut leaf = Leaf::new(act, now);
        leaf.business_date = BusinessDate::from_value(intent.business_date);
        leaf.run = Label::new(&format!("commit-{:010}", intent.commit));
        let name = Label::new(name).ok_or_else(|| trouble::bug("label"))?;
        leaf.counts.insert(name, u64::try_from(number).unwrap_or(u64::MAX));
        Ok(leaf)
    };
    let mut leaves = Vec::new();
    if archived > 0 {
        leaves.push(count(Act::Archived, "files", archived)?);
    }
    if !intent.outgoing.is_empty() {
        leaves.push(count(Act::Published, "packages", intent.outgoing.len())?);
    }
    let hash = digest::digest_from_hex(&intent.manifest_sha256).ok_or_else(|| trouble::bug("digest"))?;
    if let Some(last) = leaves.last_mut() {
        name_manifest(last, hash)?;
    }
    let mut rng = tools.generator()?;
    let encoded = encode_all(&leaves, &mut rng)?;
    append(ledger, secrets, &encoded, &mut rng)
}
