//! Where the changes of the parts of a run go: rows into the generation in the order of their keys, outcomes and notices into
//! their sorting.

use std::collections::BTreeMap;

use super::late::{Kept, Late};
use super::{Means, Tally, apply_fault, record_key, spilled};
use crate::domain::entry::Changes;
use crate::domain::fault::Fault;
use crate::domain::finding::Finding;
use crate::domain::ids::PartyId;
use crate::domain::outcome::{Outcome, RunChange};
use crate::domain::row::Row;
use crate::format::parcel::{Packer, Unpacker};
use crate::format::rowcode::{
    CODE_KEY_BYTES, NUMBER_KEY_BYTES, code_key, notice_key, number_key, read_code_key, read_number_key, version_key,
};
use crate::pipeline::apply::{Answered, Applied, ApplyFault, NtfRecord};
use crate::pipeline::check::Head;
use crate::pipeline::plan::{ORDER_BYTES, order_key};
use crate::run::trouble;
use crate::store::generations::GenerationBuilder;
use crate::store::spill::{Sorted, Sorter};

/// What became of a notice.
pub(super) struct Verdict {
    outcome: Outcome,
    findings: Vec<Finding>,
}

/// Takes the parts.
pub(super) struct Sink<'s, 'b, 'g> {
    builder: Option<&'b mut GenerationBuilder<'g>>,
    sources: BTreeMap<(PartyId, u32), u32>,
    tallies: BTreeMap<u32, Tally>,
    outcomes: Sorter<'s, 8>,
    notices: Sorter<'s, ORDER_BYTES>,
    numbers: Sorter<'s, NUMBERED>,
    change: RunChange,
    applied: u64,
    packer: Packer,
}

/// What is known when all parts were taken.
pub(super) struct Sunk<'s> {
    /// By place of the file.
    pub tallies: BTreeMap<u32, Tally>,
    /// Residents, entries, removals.
    pub change: RunChange,
    /// Notices applied.
    pub applied: u64,
    /// Outcomes by file and record.
    pub outcomes: Sorted<'s, 8>,
    /// Notices in the order of processing.
    pub notices: Sorted<'s, ORDER_BYTES>,
}

/// Number and code behind each other.
const NUMBERED: usize = NUMBER_KEY_BYTES + CODE_KEY_BYTES;

impl<'s, 'b, 'g> Sink<'s, 'b, 'g> {
    pub(super) fn new(
        means: Means<'s>,
        builder: Option<&'b mut GenerationBuilder<'g>>,
        sources: BTreeMap<(PartyId, u32), u32>,
        tallies: BTreeMap<u32, Tally>,
    ) -> Self {
        Self {
            builder,
            sources,
            tallies,
            outcomes: Sorter::new(means.spill, means.memory.other_bytes),
            notices: Sorter::new(means.spill, 2 * means.memory.other_bytes),
            numbers: Sorter::new(means.spill, means.memory.other_bytes),
            change: RunChange::default(),
            applied: 0,
            packer: Packer::default(),
        }
    }

    /// Takes a part whose codes all come behind those of the parts before. Rows of `late` go in between.
    pub(super) fn take(&mut self, applied: Applied, late: Option<&mut Late<'_>>) -> Result<(), Fault> {
        self.said(&applied)?;
        let Some(builder) = self.builder.as_deref_mut() else {
            return Ok(());
        };
        let Changes {
            entries,
            versions,
            notices,
            numbers: _,
        } = applied.changes;
        let mut late = late;
        for (entry, old) in entries.iter().zip(&applied.before) {
            if let Some(late) = late.as_deref_mut() {
                late.entries(Some(code_key(entry.code)), builder)?;
            }
            builder.entry(entry, old.as_ref()).map_err(|e| trouble::master(&e))?;
        }
        for version in &versions {
            if let Some(late) = late.as_deref_mut() {
                late.versions(Some(version_key(version.code, version.number)), builder)?;
            }
            builder.version(version).map_err(|e| trouble::master(&e))?;
        }
        for (key, digest) in &notices {
            if let Some(late) = late.as_deref_mut() {
                late.notices(Some(&notice_key(key)), builder)?;
            }
            builder.notice(key, digest).map_err(|e| trouble::master(&e))?;
        }
        Ok(())
    }

    /// Takes a part whose codes lie among those of parts that come later: its rows wait in `kept`.
    pub(super) fn keep(&mut self, applied: &Applied, kept: &mut Kept<'_>) -> Result<(), Fault> {
        self.said(applied)?;
        if self.builder.is_none() {
            return Ok(());
        }
        kept.add(applied)
    }

    /// The rows of `late` that no part came behind.
    pub(super) fn end(&mut self, late: &mut Late<'_>) -> Result<(), Fault> {
        let Some(builder) = self.builder.as_deref_mut() else {
            return Ok(());
        };
        late.entries(None, builder)?;
        late.versions(None, builder)?;
        late.notices(None, builder)
    }

    /// What a part says of records and residents, and what the national body is told.
    fn said(&mut self, applied: &Applied) -> Result<(), Fault> {
        for judged in &applied.records {
            let source = judged.source;
            let place = self.sources.get(&(source.sender, source.serial)).copied();
            let place = place.ok_or_else(|| apply_fault(&ApplyFault::Unjudged(source)))?;
            let tally = self.tallies.entry(place).or_default();
            tally.sums.count(judged.outcome);
            tally.lines += u64::try_from(judged.findings.len().max(1)).unwrap_or(u64::MAX);
            if self.builder.is_some() {
                self.packer.clear();
                self.packer
                    .u8(u8::try_from(judged.outcome.letter()).unwrap_or_default());
                self.packer.findings(&judged.findings);
                self.outcomes
                    .push(record_key(place, source.record_no), self.packer.bytes())
                    .map_err(spilled)?;
            }
        }
        self.change.add(&applied.run);
        self.applied += u64::try_from(applied.ntf.len()).unwrap_or(u64::MAX);
        if self.builder.is_none() {
            return Ok(());
        }
        for record in &applied.ntf {
            let row = applied.row_after(record);
            let row = row.ok_or_else(|| trouble::bug("a notice without its row"))?;
            let source = record.source;
            let place = self.sources.get(&(source.sender, source.serial)).copied().unwrap_or(0);
            let key = order_key(
                record.timestamp,
                record.reason,
                record.update_seq,
                place,
                source.record_no,
            );
            self.packer.clear();
            record.pack(row, &mut self.packer);
            self.notices.push(key, self.packer.bytes()).map_err(spilled)?;
        }
        for (number, code) in &applied.changes.numbers {
            let mut key = [0; NUMBERED];
            for (to, from) in key
                .iter_mut()
                .zip(number_key(*number).into_iter().chain(code_key(*code)))
            {
                *to = from;
            }
            self.numbers.push(key, &[]).map_err(spilled)?;
        }
        Ok(())
    }

    /// Ends: the numbers go into the generation in their own order.
    pub(super) fn finish(self) -> Result<Sunk<'s>, Fault> {
        if let Some(builder) = self.builder {
            let numbers = self.numbers.sorted();
            let mut reader = numbers.read().map_err(spilled)?;
            while let Some((key, _)) = reader.next_item().map_err(spilled)? {
                let (number, code) = key.split_at(NUMBER_KEY_BYTES);
                let (Ok(number), Ok(code)) = (read_number_key(number), read_code_key(code)) else {
                    return Err(trouble::bug("a packed number"));
                };
                builder.number(number, code).map_err(|e| trouble::master(&e))?;
            }
        }
        Ok(Sunk {
            tallies: self.tallies,
            change: self.change,
            applied: self.applied,
            outcomes: self.outcomes.sorted(),
            notices: self.notices.sorted(),
        })
    }
}

/// Joins a record with what became of its notice; `None` where the checks refused it.
pub(super) fn answered(head: Head, verdict: Option<Verdict>) -> Answered {
    let (outcome, findings) = match verdict {
        Some(verdict) => (verdict.outcome, verdict.findings),
        None => (Outcome::Rejected, head.refused),
    };
    Answered {
        record_no: head.record_no,
        echo: head.echo,
        outcome,
        findings,
    }
}

/// An outcome as it was packed.
pub(super) fn unpack_verdict(item: &[u8]) -> Option<Verdict> {
    let mut from = Unpacker::new(item);
    Some(Verdict {
        outcome: Outcome::parse(char::from(from.u8()?))?,
        findings: from.findings()?,
    })
}

/// A notice to the national body, with the row after it, as it was packed.
pub(super) fn unpack_notice(item: &[u8]) -> Option<(NtfRecord, Row)> {
    NtfRecord::unpack(&mut Unpacker::new(item))
}
