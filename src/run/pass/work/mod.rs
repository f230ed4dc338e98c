//! The records of all taken files of a pass: read, judged, applied, in memory that does not grow with their number.
//!
//! `reading` decodes and checks the files in chunks and sorts their notices by code; `batches` judges them in parts that share
//! no person and no number, which `owners` finds out; `sink` gives the changes to the generation, row by row in the order
//! of their keys, and keeps what the answers need, sorted: outcomes by file and record, notices in the order of processing.
//! A night's few thousand notices are one batch and touch no disk; beyond that `store::spill` puts pieces away.

mod batches;
mod late;
mod owners;
mod reading;
mod sink;

use std::collections::BTreeMap;
use std::path::Path;

use super::assess::Fate;
use super::gather::Judged;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::outcome::{RecordSums, RunSums};
use crate::pipeline::apply::ApplyFault;
use crate::pipeline::emit::{NtfLine, NtfWriter, ResWriter};
use crate::pipeline::plan::{Judge, ORDER_BYTES};
use crate::run::site::Site;
use crate::run::trouble;
use crate::store::generations::GenerationBuilder;
use crate::store::spill::{Sorted, SortedReader, Spill, SpillError};
use reading::Reading;
use sink::Sink;

/// How much of a run lies in memory at a time. The outcome is the same whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Notices that are judged at once on a thread: some 3 KB each.
    pub batch_notices: usize,
    /// Bytes for the notices of a run; 25,000 and more lie in the usual ones.
    pub notice_bytes: usize,
    /// Bytes each for what the answers echo, for outcomes, for numbers; twice as many for the notices to the national body.
    pub other_bytes: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            batch_notices: 1024,
            notice_bytes: 16 << 20,
            other_bytes: 6 << 20,
        }
    }
}

/// Place of a file among those of the pass by sender and serial, and number of a record, big-endian.
type RecordKey = [u8; 8];

/// What became of the records of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Sums over its records.
    pub sums: RecordSums,
    /// Data records of its answer: one for each finding, or one.
    pub lines: u64,
}

/// How the records are worked on.
#[derive(Clone, Copy)]
pub(super) struct Means<'s> {
    /// Business date.
    pub date: BusinessDate,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// How much lies in memory.
    pub memory: Memory,
    /// Where pieces go.
    pub spill: &'s Spill<'s>,
}

/// The sums of a pass.
#[derive(Debug, Clone, Default)]
pub(super) struct Sums {
    /// By index of the taken file.
    pub tallies: BTreeMap<usize, Tally>,
    /// Over the records of all files, those refused by the checks included.
    pub records: RecordSums,
    /// Residents, entries, removals; `None` where no file was taken.
    pub run: Option<RunSums>,
    /// Notices applied.
    pub applied: u64,
}

/// Everything that became of the records.
pub(super) struct Worked<'s> {
    /// The sums.
    pub sums: Sums,
    places: BTreeMap<usize, u32>,
    heads: Sorted<'s, 8>,
    outcomes: Sorted<'s, 8>,
    notices: Sorted<'s, ORDER_BYTES>,
}

/// Works on the taken files. The changes go to `builder`; without one nothing is kept for answers either.
pub(super) fn work<'s>(
    site: &Site<'_>,
    files: &[(Judged, Fate)],
    means: Means<'s>,
    builder: Option<&mut GenerationBuilder<'_>>,
) -> Result<Worked<'s>, Fault> {
    let offices = site.offices();
    let places = places(files);
    let keeps = builder.is_some();
    let mut reading = Reading::new(means, keeps);
    for (index, (judged, fate)) in files.iter().enumerate() {
        if let (Fate::Taken(file), Some(place)) = (fate, places.get(&index)) {
            reading.file(site, &offices, judged, file, *place)?;
        }
    }
    let mut read = reading.finish();
    let judge = Judge {
        business_date: means.date,
        offices: &offices,
    };
    let of_sources: BTreeMap<(PartyId, u32), u32> = files
        .iter()
        .enumerate()
        .filter_map(|(index, (_, fate))| match fate {
            Fate::Taken(file) => Some(((file.header().sender, file.header().serial), *places.get(&index)?)),
            Fate::Held(_) | Fate::Rejected(..) | Fate::Duplicate(_) | Fate::SameAs(_) | Fate::Acknowledges(..) => None,
        })
        .collect();
    let mut sink = Sink::new(means, builder, of_sources, std::mem::take(&mut read.tallies));
    batches::run(&site.master, &judge, &mut read, means, &mut sink)?;
    let sunk = sink.finish()?;
    let before = site.master.manifest().map_or(0, |manifest| manifest.counts.residents);
    let run = sunk.change.sums(before);
    run.test().map_err(|why| apply_fault(&why.into()))?;
    let mut worked = Worked {
        sums: Sums {
            run: (!places.is_empty()).then_some(run),
            applied: sunk.applied,
            ..Sums::default()
        },
        places,
        heads: read.heads,
        outcomes: sunk.outcomes,
        notices: sunk.notices,
    };
    for (index, place) in &worked.places {
        let (Some((_, Fate::Taken(file))), Some(tally)) = (files.get(*index), sunk.tallies.get(place)) else {
            continue;
        };
        tally
            .sums
            .test(u64::from(file.frame().data_count()))
            .map_err(|why| apply_fault(&why.into()))?;
        worked.sums.records.add(&tally.sums);
        worked.sums.tallies.insert(*index, *tally);
    }
    Ok(worked)
}

/// The places of the taken files among each other, by sender and serial: the order of their answers, and of notices that
/// nothing else tells apart.
fn places(files: &[(Judged, Fate)]) -> BTreeMap<usize, u32> {
    let mut taken: Vec<(PartyId, u32, usize)> = files
        .iter()
        .enumerate()
        .filter_map(|(index, (_, fate))| match fate {
            Fate::Taken(file) => Some((file.header().sender, file.header().serial, index)),
            Fate::Held(_) | Fate::Rejected(..) | Fate::Duplicate(_) | Fate::SameAs(_) | Fate::Acknowledges(..) => None,
        })
        .collect();
    taken.sort_unstable();
    taken
        .into_iter()
        .zip(0..)
        .map(|((.., index), place)| (index, place))
        .collect()
}

fn record_key(place: u32, record_no: u32) -> RecordKey {
    (u64::from(place) << 32 | u64::from(record_no)).to_be_bytes()
}

fn spilled(why: SpillError) -> Fault {
    match why {
        SpillError::Disk { source, .. } => trouble::disk(Path::new("staging"))(source),
        SpillError::Damaged => trouble::damaged::<&str>("staging".to_owned())("a piece of the sorting"),
        SpillError::TooLarge => Fault::new(FaultId::RecordTooLarge),
    }
}

fn apply_fault(why: &ApplyFault) -> Fault {
    match why {
        ApplyFault::Sums(sums) => Fault::new(FaultId::SumsWrong).with("why", sums),
        ApplyFault::RowLength(_) => Fault::new(FaultId::RecordTooLarge),
        ApplyFault::Plan { fault, .. } => Fault::new(FaultId::StoreDamaged)
            .with("object", "store")
            .with("why", format!("{why}: {fault}")),
        ApplyFault::Versions | ApplyFault::Unjudged(_) => trouble::bug(why),
    }
}

/// The answers to the taken files, one after the other in the order of their places.
pub(super) struct Results<'w> {
    worked: &'w Worked<'w>,
    heads: SortedReader<'w, 8>,
    outcomes: SortedReader<'w, 8>,
}

impl<'w> Worked<'w> {
    /// Begins with the answers; they are taken in the order of the answers' serials.
    pub(super) fn results(&'w self) -> Result<Results<'w>, Fault> {
        Ok(Results {
            worked: self,
            heads: self.heads.read().map_err(spilled)?,
            outcomes: self.outcomes.read().map_err(spilled)?,
        })
    }

    /// Writes every applied notice, in the order of processing.
    pub(super) fn notify(
        &self,
        writer: &mut NtfWriter<'_>,
        generation: u64,
        each: &mut dyn FnMut(&mut NtfWriter<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut notices = self.notices.read().map_err(spilled)?;
        while let Some((_, item)) = notices.next_item().map_err(spilled)? {
            let (record, row) = sink::unpack_notice(item).ok_or_else(|| trouble::bug("a packed notice"))?;
            writer
                .line(&NtfLine {
                    record: &record,
                    row: &row,
                    generation,
                })
                .map_err(trouble::bug)?;
            each(writer)?;
        }
        Ok(())
    }
}

impl Results<'_> {
    /// Writes the records of the answer to the file at `index`.
    pub(super) fn write(
        &mut self,
        index: usize,
        writer: &mut ResWriter<'_>,
        generation: Option<u64>,
        each: &mut dyn FnMut(&mut ResWriter<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let place = self.worked.places.get(&index).copied();
        let place = place.ok_or_else(|| trouble::bug("an answer to a file that was not taken"))?;
        let of_file = |key: &RecordKey| u64::from_be_bytes(*key) >> 32 == u64::from(place);
        while self.heads.peek().map_err(spilled)?.as_ref().is_some_and(of_file) {
            let Some((key, item)) = self.heads.next_item().map_err(spilled)? else {
                break;
            };
            let record_no = u32::try_from(u64::from_be_bytes(key) & u64::from(u32::MAX)).unwrap_or(u32::MAX);
            let head = reading::unpack_head(record_no, item).ok_or_else(|| trouble::bug("a packed record"))?;
            let judged = if head.refused.is_empty() {
                Some(self.outcome(key)?)
            } else {
                None
            };
            let answered = sink::answered(head, judged);
            writer.answered(&answered, generation).map_err(trouble::bug)?;
            each(writer)?;
        }
        Ok(())
    }

    fn outcome(&mut self, wanted: RecordKey) -> Result<sink::Verdict, Fault> {
        let found = self.outcomes.next_item().map_err(spilled)?;
        found
            .filter(|(key, _)| *key == wanted)
            .and_then(|(_, item)| sink::unpack_verdict(item))
            .ok_or_else(|| trouble::bug("a record without an outcome"))
    }
}
