//! Everything of a site that can be verified is sound.

use std::path::Path;

use sekisho::format::leaf::Leaf;
use sekisho::format::proof::{Checkpoint, ProofFile};
use sekisho::ports::Disk;
use sekisho::ports::simulated::SimDisk;
use sekisho::run::examine::Examined;
use sekisho::run::site::{Access, Site};
use sekisho::run::{ledger, verify};
use sekisho::seal::merkle::{leaf_hash, verify_inclusion};
use sekisho::store::generations::Depth;

use super::chapters::Outside;
use crate::desk::memory::{Machine, ROOT};
use crate::desk::unlocking;

/// Store, files at rest and ledger are whole, nothing is left over.
pub(crate) fn is_sound(disk: &dyn Disk) -> Result<(), String> {
    let machine = Machine::new(9);
    let words = |fault: sekisho::domain::fault::Fault| format!("verification: {fault}");
    let site = Examined::open(machine.tools(disk), Path::new(ROOT), unlocking()).map_err(words)?;
    let found = verify::verify(&site, Depth::Full).map_err(words)?;
    let strays: Vec<&String> = found.strays.iter().filter(|stray| means_something(stray)).collect();
    if !found.bad.is_empty() || !strays.is_empty() || found.is_unfinished {
        return Err(format!("bad {:?}, strays {strays:?}", found.bad));
    }
    match ledger::verify(&site).map_err(words)?.defect {
        Some(defect) => Err(format!("ledger: {defect:?}")),
        None => Ok(()),
    }
}

/// False for partial tiles of an older size and for files that were not finished: the next append takes them away, or
/// replaces them.
pub(crate) fn means_something(stray: &str) -> bool {
    !stray.contains(".p/") && stray.strip_suffix(".tmp").is_none()
}

/// Every package in the outbound folders has a whole proof beside it; `of_it`: that of this very package. While an answer
/// goes out a second time, the proof of the new package may lie beside the old one for a moment.
pub(crate) fn are_proved(outside: &Outside, of_it: bool) -> Result<(), String> {
    for (name, package) in &outside.out {
        let proof = outside
            .proofs
            .get(name)
            .ok_or_else(|| format!("{name}: no proof beside it"))?;
        let proof = ProofFile::parse(proof).map_err(|why| format!("{name}: its proof: {why}"))?;
        let checkpoint =
            Checkpoint::parse(proof.checkpoint.text()).map_err(|why| format!("{name}: its proof: {why}"))?;
        let extra = proof.extra.unwrap_or_default();
        let (size, root) = (checkpoint.size, checkpoint.root);
        verify_inclusion(&leaf_hash(&extra), proof.index, size, &proof.hashes, &root)
            .map_err(|why| format!("{name}: its proof: {why}"))?;
        let leaf = Leaf::parse(&extra).map_err(|why| format!("{name}: its proof: {why}"))?;
        if of_it && leaf.size != Some(package.len() as u64) {
            return Err(format!("{name}: its proof is of another package"));
        }
    }
    Ok(())
}

/// Who only reads a site in the middle of whatever happened is not turned away, and every held file has its copy.
pub(crate) fn is_readable(disk: &SimDisk) -> Result<(), String> {
    let machine = Machine::new(9);
    let site = Site::open(machine.tools(disk), Path::new(ROOT), Access::Read, unlocking());
    let site = site.map_err(|fault| format!("a reader: {fault}"))?;
    let exists = |path: &str| disk.exists(&site.folders.at(path)).unwrap();
    for held in site.exchange().held.iter().filter(|held| !held.in_place) {
        let archived = ["2020", "2021"]
            .iter()
            .any(|year| exists(&format!("archive/{year}/{}", held.id)));
        if !archived && !exists(&format!("spool/{}", held.id)) {
            return Err(format!("the held file {} is lost", held.id));
        }
    }
    Ok(())
}

/// Every party has its folders.
pub(crate) fn has_folders(disk: &SimDisk) -> Result<(), String> {
    let machine = Machine::new(9);
    let site = Site::open(machine.tools(disk), Path::new(ROOT), Access::Read, unlocking()).unwrap();
    for party in site.parties.all() {
        for folder in ["in", "out"] {
            if !disk
                .exists(&site.folders.at(&format!("{folder}/{}", party.id)))
                .unwrap()
            {
                return Err(format!("{folder}/{} is lost", party.id));
            }
        }
    }
    Ok(())
}
