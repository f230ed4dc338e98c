//! Verification of a whole site (docs/formats/verification.md), figures F9, F10 and F18 of the fault table: whatever is
//! changed, exchanged, taken away or put back is found, and the right object is named.

mod flips;
mod golden;
mod newer;
mod slices;
mod staged;
mod swaps;
mod witness;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sekisho::ports::Disk as _;
use sekisho::ports::memory::MemoryDisk;
use sekisho::run::examine::Examined;
use sekisho::run::verify::{Bad, Depth, Found, verify};

use crate::desk::files::*;
use crate::desk::memory::{Machine, ROOT, Small, pass_on};
use crate::desk::unlocking;

/// A site after its first pass: one resident, one file that is held.
pub(crate) fn first_day() -> Small {
    let small = Small::new();
    small.put(AKITA, &name(AKITA, 1), &upd(AKITA, 1, &[ANNA]));
    small.put(NOSHIRO, &name(NOSHIRO, 2), &upd(NOSHIRO, 2, &[CHIE]));
    pass_on(&small.disk, 2).unwrap();
    small
}

/// What the second pass finds: a second resident, another held file, and a repetition, whose answer goes out again under its
/// old name.
pub(crate) fn deliver_second(small: &Small) {
    small.put(AKITA, &name(AKITA, 2), &upd(AKITA, 2, &[BEN]));
    small.put(NOSHIRO, &name(NOSHIRO, 3), &upd(NOSHIRO, 3, &[DAI]));
    small.put(AKITA, "again.dat", &upd(AKITA, 1, &[ANNA]));
}

/// A small site of every kind of object: two generations, archived and held files, answers and notices kept, packages and
/// proofs that were not fetched.
pub(crate) fn small() -> Small {
    let small = first_day();
    deliver_second(&small);
    pass_on(&small.disk, 3).unwrap();
    small
}

/// A copy of the site to work on; packages of another receiver stay as they are.
pub(crate) fn copy(small: &Small) -> Small {
    Small {
        disk: small.disk.copy(),
        parties: BTreeMap::new(),
    }
}

/// Verifies as `gen verify` does; `Err` where the site does not even open.
pub(crate) fn examined(disk: &MemoryDisk, depth: Depth) -> Result<Found, sekisho::domain::fault::Fault> {
    let machine = Machine::new(7);
    let site = Examined::open(machine.tools(disk), Path::new(ROOT), unlocking())?;
    verify(&site, depth)
}

/// The first bad object; what keeps the site from being opened counts as one.
pub(crate) fn first_bad(disk: &MemoryDisk, depth: Depth) -> Option<(String, String)> {
    match examined(disk, depth) {
        Ok(found) => found
            .bad
            .first()
            .map(|bad: &Bad| (bad.object.clone(), bad.what.as_str().to_owned())),
        Err(fault) => {
            let path = fault
                .args()
                .iter()
                .find(|(name, _)| *name == "path" || *name == "object");
            let path = path.map(|(_, path)| path.trim_start_matches("/site/").to_owned());
            Some((path.unwrap_or_default(), format!("{:?}", fault.id)))
        }
    }
}

/// Everything that verification lists: bad objects and files that nothing names.
pub(crate) fn listed(disk: &MemoryDisk, depth: Depth) -> Vec<String> {
    match examined(disk, depth) {
        Ok(found) => found
            .bad
            .into_iter()
            .map(|bad| bad.object)
            .chain(found.strays)
            .collect(),
        Err(_) => first_bad(disk, depth).into_iter().map(|(object, _)| object).collect(),
    }
}

/// Files of the site by their paths below it.
pub(crate) fn files(disk: &MemoryDisk) -> Vec<String> {
    let below = |path: PathBuf| path.strip_prefix(ROOT).unwrap().to_str().unwrap().to_owned();
    disk.files().into_iter().map(below).collect()
}

pub(crate) fn at(object: &str) -> PathBuf {
    Path::new(ROOT).join(object)
}

pub(crate) fn read(disk: &MemoryDisk, object: &str) -> Vec<u8> {
    disk.read(&at(object), 1 << 30).unwrap()
}
