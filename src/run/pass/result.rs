//! What a pass did, or would do: plain facts for the command line.

use super::assess::{Assessed, Fate};
use super::gather::{InPlace, Judged};
use crate::domain::code::Code;
use crate::domain::fault::Class;
use crate::domain::instant::BusinessDate;
use crate::domain::outcome::RecordSums;
use crate::run::commit::Recovered;
use crate::run::site::Site;

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// Inbound folder.
    pub folder: String,
    /// Name to show.
    pub name: String,
    /// Name as it lay in the folder. It may say anything, a person's name too: shown only where the operator asks for it.
    pub raw_name: String,
    /// Kind by the header, empty where it cannot be read.
    pub kind: String,
    /// Sender by the header, empty where it cannot be read.
    pub sender: String,
    /// Serial by the header, `None` where it cannot be read.
    pub serial: Option<u32>,
    /// processed, rejected, held, duplicate, acknowledged, waiting or writing.
    pub outcome: &'static str,
    /// Finding on the file.
    pub code: Option<Code>,
    /// Words for people; no personal data.
    pub detail: String,
    /// Name of the answer's package in the outbound folder of the sender.
    pub answer: Option<String>,
    /// Sums over its records.
    pub counts: Option<RecordSums>,
}

/// The notices to the national body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeReport {
    /// Name of the package.
    pub name: String,
    /// Notices in it.
    pub records: u64,
}

/// A pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassResult {
    /// Business date.
    pub business_date: BusinessDate,
    /// Generation before.
    pub generation_before: u64,
    /// Generation after; the same where no record was applied.
    pub generation_after: u64,
    /// True where anything was committed; always false for a plan.
    pub committed: bool,
    /// Files of the pass, in the order folder and name.
    pub files: Vec<FileReport>,
    /// Sums over the records of all files.
    pub records: RecordSums,
    /// Residents before.
    pub residents_before: u64,
    /// Entries of the run.
    pub entries: u64,
    /// Removals of the run.
    pub removals: u64,
    /// Residents after.
    pub residents_after: u64,
    /// Removed persons after.
    pub removed_persons: u64,
    /// Retired codes after.
    pub retired_codes: u64,
    /// Notices to the national body.
    pub notices: Option<NoticeReport>,
    /// Files that are held after the pass.
    pub held: usize,
    /// What recovery did before the pass.
    pub recovered: Recovered,
    /// A folder or file could not be read.
    pub unreadable: bool,
}

impl PassResult {
    /// The exit class: the most urgent thing that the operator has to do.
    pub fn class(&self) -> Class {
        if self.unreadable {
            Class::Storage
        } else if self.held > 0 {
            Class::Held
        } else if self.records.rejected > 0 || self.files.iter().any(|file| file.outcome == "rejected") {
            Class::DoneWithRejections
        } else {
            Class::Done
        }
    }
}

/// The report of one file.
pub(super) fn report(judged: &Judged, fate: &Fate) -> FileReport {
    let (outcome, code) = match fate {
        Fate::Held(code) => ("held", Some(*code)),
        Fate::Rejected(code, _) => ("rejected", Some(*code)),
        Fate::Duplicate(_) | Fate::SameAs(_) => ("duplicate", None),
        Fate::Taken(_) | Fate::Acknowledges(_, None) => ("processed", None),
        Fate::Acknowledges(_, Some(_)) => ("acknowledged", None),
    };
    let detail = match fate {
        Fate::Held(code) if judged.detail.is_empty() => crate::domain::finding::row(*code).en.to_owned(),
        Fate::Acknowledges(_, None) => "names no open notice of this site".to_owned(),
        Fate::Held(_)
        | Fate::Rejected(..)
        | Fate::Duplicate(_)
        | Fate::SameAs(_)
        | Fate::Taken(_)
        | Fate::Acknowledges(_, Some(_)) => judged.detail.clone(),
    };
    let envelope = judged.envelope;
    FileReport {
        folder: judged.folder.clone(),
        name: judged.label.clone(),
        raw_name: judged.name.clone(),
        kind: envelope.map_or_else(String::new, |e| e.kind.as_str().to_owned()),
        sender: envelope
            .and_then(|e| e.sender)
            .map_or_else(String::new, |id| id.to_string()),
        serial: envelope.map(|e| e.serial),
        outcome,
        code,
        detail,
        answer: None,
        counts: None,
    }
}

/// The report of a thing that was left in place.
pub(super) fn left(thing: &InPlace) -> FileReport {
    let envelope = thing.envelope;
    FileReport {
        folder: thing.folder.clone(),
        name: thing.label.clone(),
        raw_name: thing.name.clone(),
        kind: envelope.map_or_else(String::new, |e| e.kind.as_str().to_owned()),
        sender: envelope
            .and_then(|e| e.sender)
            .map_or_else(String::new, |id| id.to_string()),
        serial: envelope.map(|e| e.serial),
        outcome: "held",
        code: Some(thing.code),
        detail: thing.detail.clone(),
        answer: None,
        counts: None,
    }
}

/// Reports of the files that wait: for a kind of work that is not built yet, or for their senders.
pub(super) fn waiting(assessed: &Assessed) -> Vec<FileReport> {
    assessed
        .waiting
        .iter()
        .map(|file| FileReport {
            folder: file.folder.clone(),
            name: file.label.clone(),
            raw_name: file.name.clone(),
            kind: file.envelope.map_or_else(String::new, |e| e.kind.as_str().to_owned()),
            sender: file
                .envelope
                .and_then(|e| e.sender)
                .map_or_else(String::new, |id| id.to_string()),
            serial: file.envelope.map(|e| e.serial),
            outcome: if file.envelope.is_some() { "waiting" } else { "writing" },
            code: None,
            detail: file.detail.to_owned(),
            answer: None,
            counts: None,
        })
        .collect()
}

/// The facts of a pass before anything is written.
pub(super) fn of_plan(site: &Site<'_>, assessed: &Assessed, date: BusinessDate) -> PassResult {
    let counts = site
        .master
        .manifest()
        .map(|manifest| manifest.counts)
        .unwrap_or_default();
    let run = assessed.sums.run.unwrap_or_default();
    let mut files: Vec<FileReport> = assessed
        .files
        .iter()
        .enumerate()
        .map(|(index, (judged, fate))| {
            let mut file = report(judged, fate);
            file.counts = assessed.sums.tallies.get(&index).map(|tally| tally.sums);
            file
        })
        .collect();
    files.extend(assessed.in_place.iter().map(left));
    files.extend(waiting(assessed));
    let shift = |count: u64, change: i64| count.saturating_add_signed(change);
    let residents_after = if assessed.sums.run.is_some() {
        run.residents_after
    } else {
        assessed.residents_before
    };
    let generation = site.master.generation();
    PassResult {
        business_date: date,
        generation_before: generation,
        generation_after: generation.saturating_add(u64::from(assessed.makes_generation())),
        committed: false,
        held: files.iter().filter(|file| file.outcome == "held").count(),
        files,
        records: assessed.sums.records,
        residents_before: assessed.residents_before,
        entries: run.entries,
        removals: run.removals,
        residents_after,
        removed_persons: shift(counts.removed, run.removed_change),
        retired_codes: shift(counts.retired, run.retired_change),
        notices: None,
        recovered: site.recovered.clone(),
        unreadable: assessed.in_place.iter().any(|thing| thing.unreadable),
    }
}
