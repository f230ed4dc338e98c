//! The ledger against what others saw of it: checkpoints that were kept elsewhere, proofs that went out beside packages
//! (docs/formats/ledger.md, "Witnesses").

use std::path::{Path, PathBuf};

use super::examine::Examined;
use super::site::origin_prefix;
use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::format::note::{MAX_NOTE_BYTES, SignedNote};
use crate::format::proof::{Checkpoint, MAX_PROOF_BYTES, ProofFile};
use crate::seal::merkle::{leaf_hash, verify_inclusion};
use crate::store::ledger::{Ledger, LogName, Seen};

/// A checkpoint that a witness has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Where it was read.
    pub path: PathBuf,
    /// The log.
    pub log: String,
    /// Number of leaves it saw.
    pub size: u64,
}

/// Tests that the ledger still has everything that the witnesses saw. Each file is a signed checkpoint or a proof file.
///
/// # Errors
/// `LedgerRolledBack` and `LedgerForked` for the first witness, by the order of what they saw, that contradicts the ledger;
/// `WitnessWrong` for what is no checkpoint of this ledger.
pub fn against(site: &Examined<'_>, files: &[PathBuf]) -> Result<Vec<Witness>, Fault> {
    let newest = site.ledger().map_err(|e| trouble::ledger(&e))?;
    let mut logs = vec![newest];
    while let Some(before) = logs
        .last()
        .map(Ledger::before)
        .transpose()
        .map_err(|e| trouble::ledger(&e))?
        .flatten()
    {
        logs.push(before);
    }
    let mut statements = Vec::new();
    for path in files {
        statements.push(Statement::read(site, path)?);
    }
    statements.sort_by_key(|statement| (statement.log, statement.checkpoint.size));
    // Up to here the ledger is as it was seen: a fork lies behind it.
    let mut same: Option<(LogName, u64)> = None;
    let mut witnesses = Vec::new();
    for statement in &statements {
        statement.test(&logs, same)?;
        same = Some((statement.log, statement.checkpoint.size));
        witnesses.push(Witness {
            path: statement.path.clone(),
            log: statement.log.to_string(),
            size: statement.checkpoint.size,
        });
    }
    Ok(witnesses)
}

struct Statement {
    path: PathBuf,
    log: LogName,
    note: SignedNote,
    checkpoint: Checkpoint,
    proof: Option<ProofFile>,
}

fn wrong(path: &Path, why: impl std::fmt::Display) -> Fault {
    Fault::new(FaultId::WitnessWrong)
        .with("path", path.display())
        .with("why", why)
}

impl Statement {
    fn read(site: &Examined<'_>, path: &Path) -> Result<Self, Fault> {
        let limit = u64::try_from(MAX_PROOF_BYTES.max(MAX_NOTE_BYTES)).unwrap_or(u64::MAX);
        let bytes = site.tools.disk.read(path, limit).map_err(trouble::unreadable(path))?;
        let (note, proof) = if bytes.starts_with(b"c2sp.org/tlog-proof") {
            let proof = ProofFile::parse(&bytes).map_err(|e| wrong(path, e))?;
            (proof.checkpoint.clone(), Some(proof))
        } else {
            (SignedNote::parse(&bytes).map_err(|e| wrong(path, e))?, None)
        };
        let checkpoint = Checkpoint::parse(note.text()).map_err(|e| wrong(path, e))?;
        if let Some(proof) = &proof {
            let leaf = leaf_hash(proof.extra.as_deref().unwrap_or_default());
            verify_inclusion(&leaf, proof.index, checkpoint.size, &proof.hashes, &checkpoint.root)
                .map_err(|e| wrong(path, e))?;
        }
        let log = LogName::of_origin(&checkpoint.origin, &origin_prefix(&site.config));
        let log = log.filter(|_| checkpoint.size > 0);
        Ok(Self {
            log: log.ok_or_else(|| wrong(path, format!("a checkpoint of {}", checkpoint.origin)))?,
            path: path.to_owned(),
            note,
            checkpoint,
            proof,
        })
    }

    fn test(&self, logs: &[Ledger<'_>], same: Option<(LogName, u64)>) -> Result<(), Fault> {
        let Some(newest) = logs.first() else { return Ok(()) };
        // A log that is not there would be signed with the key of the newest one, as long as no key change is known.
        let log = logs.iter().find(|log| log.tip().log == self.log);
        let signed = match log {
            Some(log) => log.check_note(&self.note),
            None => newest.check_note_of(self.log, &self.note),
        };
        signed.map_err(|e| wrong(&self.path, e))?;
        let Some(log) = log else {
            return Err(self.without_log(logs, newest));
        };
        match log
            .seen(&self.checkpoint, self.proof.as_ref())
            .map_err(|e| trouble::ledger(&e))?
        {
            Seen::Same => Ok(()),
            Seen::Shorter { has } => Err(self.rolled_back(self.log, has)),
            Seen::Other { leaves } => {
                let known = same.filter(|(log, _)| *log == self.log).map_or(0, |(_, size)| size);
                Err(self.forked(leaves.start.max(known), leaves.end))
            }
        }
    }

    fn without_log(&self, logs: &[Ledger<'_>], newest: &Ledger<'_>) -> Fault {
        let tip = newest.tip();
        if self.log > tip.log {
            return self.rolled_back(tip.log, tip.size);
        }
        if logs.last().is_some_and(|oldest| self.log < oldest.tip().log) {
            return wrong(&self.path, format!("log {} was disposed of", self.log));
        }
        self.forked(0, self.checkpoint.size)
    }

    fn rolled_back(&self, log: LogName, has: u64) -> Fault {
        Fault::new(FaultId::LedgerRolledBack)
            .with("has", has)
            .with("log", log)
            .with("path", self.path.display())
            .with("saw", self.checkpoint.size)
            .with("sawlog", self.log)
    }

    fn forked(&self, from: u64, end: u64) -> Fault {
        Fault::new(FaultId::LedgerForked)
            .with("log", self.log)
            .with("from", from)
            .with("to", end.saturating_sub(1))
            .with("path", self.path.display())
            .with("saw", self.checkpoint.size)
    }
}
