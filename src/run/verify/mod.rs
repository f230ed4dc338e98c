//! Verification of a site (docs/formats/verification.md): ledger, pointer, manifests, runs, keys, registers, files at rest,
//! outgoing packages, staged objects. Nothing is repaired.
//!
//! No lock is taken. What is verified never changes once it is there, and what a run moves or removes meanwhile is no fault.
//! The ledger comes first, for it vouches for the rest: the first bad object is the one by which the others went wrong.

mod bad;
mod kept;
mod logs;
mod outgoing;
mod staged;

use std::collections::BTreeSet;

use super::commit;
use super::examine::Examined;
use super::public;
use super::trouble;
use crate::domain::fault::Fault;
use crate::domain::instant::BusinessDate;
use crate::format::manifest::Manifest;
use crate::store::generations;
use crate::store::ledger::{Ledger, Report};
use crate::store::registers::{PARTIES, Parties};

pub use crate::store::generations::{Depth, Slice};
pub use bad::{Bad, NAMED_MAX, What};
pub(super) use logs::too_young;

/// How often what does not fit is looked at again where a run went on meanwhile.
const LOOKS: usize = 3;
/// No business date is older than this many fiscal years when it is disposed of (rules: seven years).
const KEPT_YEARS: u32 = 7;

/// What was read and what is bad.
#[derive(Debug, Default)]
pub struct Found {
    /// Leaves of the ledger, those included whose log was not read in full.
    pub leaves: u64,
    /// Manifests read.
    pub manifests: u64,
    /// Runs read.
    pub runs: u64,
    /// Bytes of those runs.
    pub run_bytes: u64,
    /// Files at rest: opened where the depth says so, else only counted.
    pub files: u64,
    /// Outgoing packages that were not fetched yet.
    pub packages: u64,
    /// Files that nothing names: rests of interrupted work, or foreign ones. No fault.
    pub strays: Vec<String>,
    /// True where a commit is under way or waits for recovery.
    pub is_unfinished: bool,
    /// Bad objects, the first one first; at most [`NAMED_MAX`].
    pub bad: Vec<Bad>,
    /// How many are bad, those included that are not named.
    pub bad_count: u64,
}

impl Found {
    fn add(&mut self, bad: Bad) {
        self.bad_count = self.bad_count.saturating_add(1);
        if self.bad.len() < NAMED_MAX {
            self.bad.push(bad);
        }
    }

    fn stray(&mut self, file: impl Into<String>) {
        if self.strays.len() < NAMED_MAX {
            self.strays.push(file.into());
        }
    }

    fn take(&mut self, other: Self) {
        self.files += other.files;
        self.packages += other.packages;
        self.bad_count = self.bad_count.saturating_add(other.bad_count);
        self.bad.extend(other.bad);
        self.bad.truncate(NAMED_MAX);
        self.strays.extend(other.strays);
        self.strays.truncate(NAMED_MAX);
    }

    /// The fault of the first bad object.
    pub fn fault(&self) -> Option<Fault> {
        self.bad.first().map(Bad::fault)
    }
}

/// What the other objects are compared with.
struct Record<'s> {
    site: &'s Examined<'s>,
    depth: Depth,
    /// The newest log, where it can be read.
    ledger: Option<Ledger<'s>>,
    /// The newest manifest, where it can be read.
    manifest: Option<Manifest>,
    /// Paths that an unfinished commit moves: what stands there may be old or new.
    moved: BTreeSet<String>,
    /// Held files of such a commit, `spool/ID`.
    also_held: BTreeSet<String>,
    /// True where a commit is under way.
    is_unfinished: bool,
}

impl Record<'_> {
    fn reads(&self, object: &str) -> bool {
        self.depth.reads(object)
    }
}

/// Verifies a site. Faults are in the result; so are those of reading, since a file that cannot be read is bad.
pub fn verify(site: &Examined<'_>, depth: Depth) -> Result<Found, Fault> {
    let mut found = Found::default();
    logs::verify(site, depth, &mut found);
    store(site, depth, &mut found);
    for look in 1.. {
        let before = mark(site);
        let mut part = Found::default();
        let moved = the_rest(site, depth, &mut part)?;
        // What does not fit because a run went on is looked at again; a run that goes on for ever is not waited for.
        if part.bad.is_empty() || look == LOOKS || before == mark(site) {
            found.is_unfinished = moved.is_some();
            found.take(part);
            // What a decided commit put in its place already is tested with it.
            let moved = moved.unwrap_or_default();
            found.strays.retain(|stray| !moved.contains(stray));
            break;
        }
    }
    Ok(found)
}

/// What changes whenever a commit goes on.
fn mark(site: &Examined<'_>) -> (Option<Vec<u8>>, Option<String>) {
    let current = site.tools.disk.read(&site.paths.current(), 1 << 16).ok();
    (current, site.ledger().ok().map(|ledger| ledger.checkpoint().to_text()))
}

fn store(site: &Examined<'_>, depth: Depth, found: &mut Found) {
    let store = generations::verify(site.tools.disk, &site.paths, &site.master_keys, depth);
    (found.manifests, found.runs, found.run_bytes) = (store.manifests, store.runs, store.run_bytes);
    for fault in &store.faults {
        found.add(bad::of_store(&fault.object, &fault.error));
    }
    for file in &store.unreferenced {
        let object = format!("store/{file}");
        // Nothing reads it: it does no harm, and the chain of manifests tells that nothing is missing.
        found.stray(object);
    }
    if let Some((commit, date)) = store
        .oldest
        .filter(|(commit, _)| *commit > 1 && store.faults.is_empty())
        && is_young(date, newest_date(site))
    {
        let object = format!("store/manifests/{}", crate::store::paths::manifest_file(commit - 1));
        found.add(Bad::new(object, What::Missing, "it was too young to be disposed of"));
    }
}

fn newest_date(site: &Examined<'_>) -> Option<BusinessDate> {
    let manifest = newest_manifest(site)?;
    Some(manifest.business_date)
}

/// True where what stands before a day may not have been disposed of yet.
fn is_young(oldest: BusinessDate, newest: Option<BusinessDate>) -> bool {
    newest.is_none_or(|newest| newest.fiscal_year().saturating_sub(oldest.fiscal_year()) <= KEPT_YEARS)
}

fn newest_manifest(site: &Examined<'_>) -> Option<Manifest> {
    let pointer = generations::current(site.tools.disk, &site.paths).ok()??;
    generations::read_manifest(site.tools.disk, &site.paths, pointer.commit, Some(pointer.manifest)).ok()
}

/// Everything that a commit moves or replaces. Gives the paths that one under way moves; `None` where none is.
fn the_rest(site: &Examined<'_>, depth: Depth, found: &mut Found) -> Result<Option<BTreeSet<String>>, Fault> {
    let mut record = Record {
        site,
        depth,
        ledger: site.ledger().ok(),
        manifest: newest_manifest(site),
        moved: BTreeSet::new(),
        also_held: BTreeSet::new(),
        is_unfinished: false,
    };
    let staged = staged::look(&mut record)?;
    pointer(&record, &staged, found);
    public_keys(&record, found);
    registers(&record, found);
    kept::verify(&record, found)?;
    outgoing::verify(&record, found)?;
    staged::verify(&record, &staged, found);
    Ok(record.is_unfinished.then_some(record.moved))
}

/// Tests that `CURRENT` names the commit that the ledger names: an older pointer put back would else look sound.
fn pointer(record: &Record<'_>, staged: &[staged::Pending], found: &mut Found) {
    // What cannot be read is reported with the store or the ledger.
    let Some(ledger) = &record.ledger else { return };
    let Ok(current) = generations::current(record.site.tools.disk, &record.site.paths) else {
        return;
    };
    let named = match commit::newest_named(ledger) {
        Ok(named) => named,
        Err(e) => return found.add(bad::of_ledger(&e)),
    };
    if let Some(Err(why)) = current.as_ref().map(|pointer| commit::check_position(ledger, pointer)) {
        return found.add(Bad::new("ledger", What::Stale, why));
    }
    let cut = staged.iter().find_map(staged::Pending::cut_intent);
    let is_lost = commit::is_unpublished(ledger).unwrap_or_default();
    if is_lost && staged.iter().all(|pending| pending.manifest().is_none()) {
        let newest = current.as_ref().map_or(0, |pointer| pointer.commit);
        let why = "the packages of the commit were never put out";
        found.add(match &cut {
            Some(object) => Bad::new(object, What::Authentication, why),
            None => Bad::new(staged::intent_of(newest), What::Missing, why),
        });
    }
    let Some(named) = named else { return };
    // A commit that is decided and not finished may have left the pointer as it was.
    let is_pending = staged.iter().any(|pending| pending.manifest() == Some(named));
    if !is_pending && Some(named) != current.map(|pointer| pointer.manifest.0) {
        if let Some(object) = cut {
            let why = "the ledger names a commit that is not current, and this intent does not open";
            return found.add(Bad::new(object, What::Authentication, why));
        }
        found.add(Bad::new(
            "store/CURRENT",
            What::Stale,
            "the ledger names another manifest",
        ));
    }
}

/// The public keys must be those of the key file.
fn public_keys(record: &Record<'_>, found: &mut Found) {
    let site = record.site;
    let path = site.folders.public_keys();
    let shown = site.shown(&path);
    let want = public::keys_of(&site.secrets).text();
    match site.tools.disk.read(&path, public::PUBLIC_MAX_BYTES) {
        Ok(bytes) if bytes == want.as_bytes() => {}
        Ok(bytes) if is_newer(&bytes, want.as_bytes()) => found.add(Bad::new(shown, What::Newer, "2 or later")),
        Ok(_) => found.add(Bad::new(shown, What::Digest, "not the public keys of keys/site.keys")),
        Err(e) => found.add(bad::of_io(shown, &e)),
    }
}

/// True for the file of a later version: its first line says so, and it is more than ours with one digit changed.
fn is_newer(bytes: &[u8], ours: &[u8]) -> bool {
    let line = |bytes: &[u8]| bytes.iter().position(|b| *b == b'\n');
    let (Some(end), Some(own)) = (line(bytes), line(ours)) else {
        return false;
    };
    let version = bytes
        .get(..end)
        .and_then(|line| line.strip_prefix(b"sekisho-public-keys "));
    version.is_some_and(|version| version != b"1" && version.iter().all(u8::is_ascii_digit))
        && bytes.get(end..) != ours.get(own..)
}

/// Tests the registers against the heads in the newest manifest.
fn registers(record: &Record<'_>, found: &mut Found) {
    let site = record.site;
    let path = site.folders.parties();
    let Some(manifest) = &record.manifest else { return };
    let head = manifest.exchange.register(PARTIES);
    // A commit that is under way, or waits for recovery, may have put more lines there.
    let read = if record.moved.contains("registers/parties.jsonl") {
        Parties::load_recorded(site.tools.disk, &path, head)
    } else {
        Parties::load(site.tools.disk, &path, head)
    };
    if let Err(e) = read {
        found.add(bad::of_register(site.shown(&path), &e));
    }
}

/// Verifies the ledger alone, every byte of it; looks again where a run went on meanwhile.
pub fn ledger(site: &Examined<'_>) -> Result<Report, Fault> {
    logs::read(site, &|_| true).map_err(|e| trouble::ledger(&e))
}
