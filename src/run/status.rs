//! The site in one screen: last run, held files, gaps, notices without acknowledgement.

use super::room::{self, Room};
use super::site::Site;
use super::trouble;
use crate::domain::arrival::ArrivalRule;
use crate::domain::code::Code;
use crate::domain::fault::Fault;
use crate::format::config::Environment;
use crate::format::state::{HeldFile, LastRun, OpenNotice};
use crate::store::inbox::{self, Found, Limits};
use crate::store::staging;

/// A serial that has not arrived, with files waiting behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Sender.
    pub party: String,
    /// Kind of file.
    pub kind: String,
    /// The serial that comes next.
    pub missing: u32,
    /// Files that wait for it.
    pub waiting: usize,
}

/// What `status` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Own id.
    pub id: String,
    /// Own name.
    pub name: String,
    /// production or training.
    pub environment: &'static str,
    /// Newest generation.
    pub generation: u64,
    /// Newest commit.
    pub commit: u64,
    /// Residents.
    pub residents: u64,
    /// Removed persons.
    pub removed: u64,
    /// Retired codes.
    pub retired: u64,
    /// Newest log of the ledger.
    pub ledger_log: String,
    /// Its leaves.
    pub ledger_size: u64,
    /// Sums of the last run that did anything.
    pub last_run: Option<LastRun>,
    /// Held files.
    pub held: Vec<HeldFile>,
    /// Gaps.
    pub gaps: Vec<Gap>,
    /// Notices without acknowledgement.
    pub unacknowledged: Vec<OpenNotice>,
    /// Commits that were interrupted.
    pub unfinished: Vec<u64>,
    /// Things in the inbound folders.
    pub inbox_files: usize,
    /// Room on the disk, and the reserve.
    pub room: Room,
}

/// Reads the status.
pub fn status(site: &Site<'_>) -> Result<Status, Fault> {
    let state = site.exchange();
    let counts = site
        .master
        .manifest()
        .map(|manifest| manifest.counts)
        .unwrap_or_default();
    let tip = site.ledger.tip();
    let inbound = site.folders.inbound();
    let limits = Limits {
        file_bytes: u64::MAX,
        files_per_folder: u64::MAX,
    };
    let found =
        inbox::scan(site.tools.disk, &inbound, limits, &|_| ArrivalRule::default()).map_err(trouble::disk(&inbound))?;
    let mut gaps: Vec<Gap> = Vec::new();
    for held in state.held.iter().filter(|held| held.code == Code::H07.as_str()) {
        let known = gaps
            .iter_mut()
            .find(|gap| gap.party == held.sender && gap.kind == held.kind);
        if let Some(gap) = known {
            gap.waiting += 1;
        } else {
            let next = state
                .inbound
                .iter()
                .find(|s| s.party == held.sender && s.kind == held.kind);
            gaps.push(Gap {
                party: held.sender.clone(),
                kind: held.kind.clone(),
                missing: next.map_or(1, |serial| serial.next),
                waiting: 1,
            });
        }
    }
    Ok(Status {
        id: site.config.id.to_string(),
        name: site.config.name.clone(),
        environment: match site.config.environment {
            Environment::Production => "production",
            Environment::Training => "training",
        },
        generation: site.master.generation(),
        commit: site.master.commit(),
        residents: counts.residents,
        removed: counts.removed,
        retired: counts.retired,
        ledger_log: tip.log.to_string(),
        ledger_size: tip.size,
        last_run: state.last_run,
        held: state.held,
        gaps,
        unacknowledged: state.unacknowledged,
        unfinished: staging::pending(site.tools.disk, &site.folders).map_err(trouble::disk(&site.folders.staging()))?,
        inbox_files: found
            .iter()
            .map(|thing| match thing {
                Found::Rest { count, .. } => usize::try_from(*count).unwrap_or(usize::MAX),
                Found::Plain { .. }
                | Found::Writing(_)
                | Found::Orphan(_)
                | Found::Refused(..)
                | Found::Unreadable { .. } => 1,
            })
            .sum(),
        room: room::look(site)?,
    })
}
