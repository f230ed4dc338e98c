//! Errors of the disk: a failed sync, a full disk, the n-th operation that fails (`docs/reliability.md`, F4, F5, F7).

mod blind;
mod full;
mod nth;
mod real;
pub(crate) mod same;
mod syncs;

use std::path::Path;

use sekisho::ports::Disk;
use sekisho::ports::guarded::Guarded;
use sekisho::ports::simulated::SimDisk;
use sekisho::run::examine::Examined;
use sekisho::run::ledger;
use sekisho::run::verify::{self, Depth};

use crate::desk::memory::{Machine, ROOT, Small};
use crate::desk::unlocking;

/// The site of a small town's day on a simulated disk, everything durable.
fn simulated(small: &Small) -> SimDisk {
    let disk = SimDisk::holding(&small.disk, Path::new(ROOT), 1).unwrap();
    disk.restart_count();
    disk
}

/// The disk as the program has it.
fn guarded(disk: &SimDisk) -> Guarded<SimDisk> {
    Guarded::new(disk.clone())
}

/// Store and ledger verify to the last byte; what is under way is no fault.
fn verifies(disk: &dyn Disk, what: &str) {
    let machine = Machine::new(8);
    let site = Examined::open(machine.tools(disk), Path::new(ROOT), unlocking()).unwrap();
    let found = verify::verify(&site, Depth::Full).unwrap();
    assert!(found.bad.is_empty(), "{what}: {:?}", found.bad);
    let defect = ledger::verify(&site).unwrap().defect;
    assert!(defect.is_none(), "{what}: {defect:?}");
}
