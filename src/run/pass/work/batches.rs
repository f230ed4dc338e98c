//! The notices of a run in parts that share no person and no number, several at a time; the same outcome as in one part.

use std::collections::BTreeMap;

use super::late::{Kept, KeptRows, Late};
use super::owners::{self, Own};
use super::reading::Read;
use super::sink::Sink;
use super::{Means, apply_fault, spilled};
use crate::domain::fault::Fault;
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::notice::Notice;
use crate::format::parcel::Unpacker;
use crate::format::rowcode::{code_key, read_code_key};
use crate::pipeline::apply::{self, Applied};
use crate::pipeline::plan::{Judge, Known, Links};
use crate::run::known::{learn, learn_more};
use crate::run::trouble;
use crate::run::turns::in_turn;
use crate::store::master::Master;
use crate::store::spill::{Sorted, SortedReader, Sorter};

/// A part of a run.
#[derive(Default)]
struct Batch {
    notices: Vec<Notice>,
    /// First owners of the numbers in it, where somebody had them; `None`: they are not known yet.
    owners: Option<BTreeMap<MyNumber, JuminCode>>,
}

/// Judges all notices and gives what they change to the sink.
pub(super) fn run(
    master: &Master,
    judge: &Judge<'_>,
    read: &mut Read<'_>,
    means: Means<'_>,
    sink: &mut Sink<'_, '_, '_>,
) -> Result<(), Fault> {
    if read.notices.len() <= u64::try_from(means.memory.batch_notices).unwrap_or(u64::MAX) {
        let mut batch = Batch::default();
        let mut reader = read.notices.read().map_err(spilled)?;
        while let Some((_, item)) = reader.next_item().map_err(spilled)? {
            batch.notices.push(unpack(item)?);
        }
        if batch.notices.is_empty() {
            return Ok(());
        }
        let applied = judge_one(master, judge, batch)?;
        return sink.take(applied, None);
    }
    let own = owners::find(master, &read.numbers, &mut read.links, means)?;
    let kept = if read.links.is_empty() {
        None
    } else {
        Some(joined(master, judge, read, means, sink)?)
    };
    let mut late = kept.as_ref().map(Late::new).transpose()?;
    let mut alone = Alone {
        reader: read.notices.read().map_err(spilled)?,
        own: Own::new(&own)?,
        links: &mut read.links,
        waiting: None,
        batch_notices: means.memory.batch_notices,
    };
    in_turn(
        means.threads,
        || alone.next_batch(),
        |batch| judge_one(master, judge, batch),
        |applied| sink.take(applied, late.as_mut()),
    )?;
    match &mut late {
        Some(late) => sink.end(late),
        None => Ok(()),
    }
}

/// Notices that were joined with others, by group; their changes wait in the sink for those of the others.
fn joined<'s>(
    master: &Master,
    judge: &Judge<'_>,
    read: &mut Read<'_>,
    means: Means<'s>,
    sink: &mut Sink<'_, '_, '_>,
) -> Result<KeptRows<'s>, Fault> {
    let mut kept = Kept::new(means);
    let mut grouped = Sorter::<5>::new(means.spill, means.memory.notice_bytes / 4);
    let mut reader = read.notices.read().map_err(spilled)?;
    while let Some((key, item)) = reader.next_item().map_err(spilled)? {
        if let Some(group) = read.links.group(code(key)?) {
            grouped.push(code_key(group), item).map_err(spilled)?;
        }
    }
    drop(reader);
    let grouped: Sorted<'_, 5> = grouped.sorted();
    let mut reader = grouped.read().map_err(spilled)?;
    let mut batch = Batch::default();
    let mut last = None;
    loop {
        let key = reader.peek().map_err(spilled)?;
        if key != last && batch.notices.len() >= means.memory.batch_notices || key.is_none() {
            if !batch.notices.is_empty() {
                let applied = judge_one(master, judge, std::mem::take(&mut batch))?;
                sink.keep(&applied, &mut kept)?;
            }
            if key.is_none() {
                return Ok(kept.sorted());
            }
        }
        last = key;
        if let Some((_, item)) = reader.next_item().map_err(spilled)? {
            batch.notices.push(unpack(item)?);
        }
    }
}

/// The notices that were not joined, in the order of codes.
struct Alone<'r> {
    reader: SortedReader<'r, 5>,
    own: Own<'r>,
    links: &'r mut Links,
    waiting: Option<([u8; 5], Notice)>,
    batch_notices: usize,
}

impl Alone<'_> {
    /// Whole codes, until there is enough.
    fn next_batch(&mut self) -> Result<Option<Batch>, Fault> {
        let mut notices: Vec<Notice> = Vec::new();
        let mut owners = BTreeMap::new();
        let mut last: Option<[u8; 5]> = None;
        loop {
            let next = match self.waiting.take() {
                Some(next) => Some(next),
                None => self.next_alone()?,
            };
            let Some((key, notice)) = next else { break };
            if last != Some(key) {
                if notices.len() >= self.batch_notices {
                    self.waiting = Some((key, notice));
                    break;
                }
                last = Some(key);
                self.own.of(notice.code, &mut owners)?;
            }
            notices.push(notice);
        }
        let owners = Some(owners);
        Ok((!notices.is_empty()).then_some(Batch { notices, owners }))
    }

    fn next_alone(&mut self) -> Result<Option<([u8; 5], Notice)>, Fault> {
        while let Some((key, item)) = self.reader.next_item().map_err(spilled)? {
            if self.links.is_empty() || self.links.group(code(key)?).is_none() {
                return Ok(Some((key, unpack(item)?)));
            }
        }
        Ok(None)
    }
}

fn judge_one(master: &Master, judge: &Judge<'_>, batch: Batch) -> Result<Applied, Fault> {
    let Batch { notices, owners } = batch;
    let known = match owners {
        None => learn(master, &notices)?,
        Some(owners) => {
            let mut known = Known::default();
            for number in notices.iter().filter_map(Notice::my_number) {
                known.learn_owner(number, owners.get(&number).copied());
            }
            learn_more(master, &notices, known)?
        }
    };
    apply::run(judge, notices, known).map_err(|why| apply_fault(&why))
}

fn unpack(item: &[u8]) -> Result<Notice, Fault> {
    let mut from = Unpacker::new(item);
    let notice = from.notice().filter(|_| from.is_empty());
    notice.ok_or_else(|| trouble::bug("a packed notice"))
}

fn code(key: [u8; 5]) -> Result<JuminCode, Fault> {
    read_code_key(&key).map_err(|_| trouble::bug("a packed code"))
}
