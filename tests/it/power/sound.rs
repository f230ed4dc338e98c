//! Everything of a site that can be verified is sound.

use std::path::Path;

use sekisho::ports::Disk;
use sekisho::run::examine::Examined;
use sekisho::run::{ledger, verify};
use sekisho::store::generations::Depth;

use crate::desk::memory::{Machine, ROOT};
use crate::desk::unlocking;

/// Store, files at rest and ledger are whole, nothing is left over.
pub(crate) fn is_sound(disk: &dyn Disk) -> Result<(), String> {
    let machine = Machine::new(9);
    let words = |fault: sekisho::domain::fault::Fault| format!("verification: {fault}");
    let site = Examined::open(machine.tools(disk), Path::new(ROOT), unlocking()).map_err(words)?;
    let found = verify::verify(&site, Depth::Full).map_err(words)?;
    if !found.bad.is_empty() || !found.strays.is_empty() || found.is_unfinished {
        return Err(format!("bad {:?}, strays {:?}", found.bad, found.strays));
    }
    match ledger::verify(&site).map_err(words)?.defect {
        Some(defect) => Err(format!("ledger: {defect:?}")),
        None => Ok(()),
    }
}
