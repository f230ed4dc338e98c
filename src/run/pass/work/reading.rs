//! Bytes of the taken files to notices, in chunks and on several threads, with the same result as on one.

use std::collections::BTreeMap;

use super::super::gather::Judged;
use super::super::spool;
use super::{Means, Tally, record_key, spilled};
use crate::domain::fault::Fault;
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::municipality::Offices;
use crate::domain::notice::Notice;
use crate::domain::outcome::Outcome;
use crate::format::exchange::{ChunkRecords, RecordChunk};
use crate::format::parcel::{Packer, Unpacker};
use crate::format::rowcode::{code_key, number_key};
use crate::pipeline::check::{FileFacts, Head, RecordKind, Registers, check};
use crate::pipeline::decode::Decoder;
use crate::pipeline::intake::InboundFile;
use crate::pipeline::plan::Links;
use crate::run::gaiji;
use crate::run::site::Site;
use crate::run::turns::in_turn;
use crate::store::spill::{Sorted, Sorter};
use crate::text::gaiji::GaijiTable;

/// Bytes of records that are read, decoded and checked together.
const CHUNK_BYTES: usize = 1 << 20;

/// Number, then code: who names which number.
pub(super) type NumberKey = [u8; 10];

/// Takes the files one by one.
pub(super) struct Reading<'s> {
    means: Means<'s>,
    keeps: bool,
    notices: Sorter<'s, 5>,
    heads: Sorter<'s, 8>,
    numbers: Sorter<'s, 10>,
    links: Links,
    tallies: BTreeMap<u32, Tally>,
}

/// What was read of all files.
pub(super) struct Read<'s> {
    /// Notices by code.
    pub notices: Sorted<'s, 5>,
    /// What stays with the files, by file and record.
    pub heads: Sorted<'s, 8>,
    /// Numbers, and the codes of the notices that name them.
    pub numbers: Sorted<'s, 10>,
    /// Codes that a notice names together.
    pub links: Links,
    /// Records refused by the checks, by place of the file.
    pub tallies: BTreeMap<u32, Tally>,
}

/// What a thread found in its records, packed.
#[derive(Default)]
struct Found {
    bytes: Packer,
    records: Vec<FoundRecord>,
}

struct FoundRecord {
    record_no: u32,
    refused: usize,
    /// Ends of head and notice in the bytes; each begins where the one before ends.
    head_end: usize,
    notice_end: usize,
    notice: Option<Named>,
}

/// The codes and the number of a notice.
struct Named {
    code: JuminCode,
    old: Option<JuminCode>,
    number: Option<MyNumber>,
}

impl Named {
    fn of(notice: &Notice) -> Self {
        Self {
            code: notice.code,
            old: notice.column().filter(|old| *old != notice.code),
            number: notice.my_number(),
        }
    }
}

impl<'s> Reading<'s> {
    pub(super) fn new(means: Means<'s>, keeps: bool) -> Self {
        Self {
            means,
            keeps,
            notices: Sorter::new(means.spill, means.memory.notice_bytes),
            heads: Sorter::new(means.spill, means.memory.other_bytes),
            numbers: Sorter::new(means.spill, means.memory.other_bytes),
            links: Links::default(),
            tallies: BTreeMap::new(),
        }
    }

    /// Decodes and checks every record of a file, which is at `place` among the files of the pass.
    pub(super) fn file(
        &mut self,
        site: &Site<'_>,
        offices: &Offices,
        judged: &Judged,
        file: &InboundFile,
        place: u32,
    ) -> Result<(), Fault> {
        let header = file.header();
        let gaiji = site.parties.get(header.sender).map_or_else(
            || Ok(GaijiTable::none()),
            |party| gaiji::of_party(site.tools.disk, &site.folders, party),
        )?;
        let facts = FileFacts {
            kind: RecordKind::Notice,
            sender: header.sender,
            serial: header.serial,
            created_at: header.created_at,
            business_date: self.means.date,
        };
        let registers = Registers {
            prefecture: &site.prefecture,
            offices,
        };
        let layout = site.layouts.get(header.kind);
        let work = |part: ChunkRecords<'_>| {
            let mut decoder = Decoder::new(layout, header.encoding, &gaiji, header.sender);
            let mut found = Found::default();
            for (no, offset, record) in part {
                let decoded = decoder.decode(record, no, offset);
                let checked = check(decoded, decoder.places(), &facts, registers);
                found.add(&checked.head, checked.notice.as_ref());
            }
            found
        };
        self.tallies.entry(place).or_default();
        let mut records = spool::records(site, judged, file.frame(), CHUNK_BYTES)?;
        // A file of one chunk is not worth a thread.
        let is_short = u64::from(file.frame().data_count()) * u64::from(layout.record_bytes()) <= CHUNK_BYTES as u64;
        let threads = if is_short { 1 } else { self.means.threads };
        in_turn(
            threads,
            || records.next(RecordChunk::default()),
            |chunk: RecordChunk| Ok(work(chunk.records())),
            |found| self.take(place, &found),
        )
    }

    fn take(&mut self, place: u32, found: &Found) -> Result<(), Fault> {
        let tally = self.tallies.entry(place).or_default();
        let mut start = 0;
        for record in &found.records {
            let bytes = found.bytes.bytes();
            let head = bytes.get(start..record.head_end).unwrap_or_default();
            let notice = bytes.get(record.head_end..record.notice_end).unwrap_or_default();
            start = record.notice_end;
            if self.keeps {
                self.heads
                    .push(record_key(place, record.record_no), head)
                    .map_err(spilled)?;
            }
            let Some(named) = &record.notice else {
                tally.sums.count(Outcome::Rejected);
                tally.lines += u64::try_from(record.refused).unwrap_or(u64::MAX);
                continue;
            };
            let code = code_key(named.code);
            self.notices.push(code, notice).map_err(spilled)?;
            if let Some(old) = named.old {
                self.links.join(named.code, old);
            }
            if let Some(number) = named.number {
                let mut key: NumberKey = [0; 10];
                for (to, from) in key.iter_mut().zip(number_key(number).into_iter().chain(code)) {
                    *to = from;
                }
                self.numbers.push(key, &[]).map_err(spilled)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Read<'s> {
        Read {
            notices: self.notices.sorted(),
            heads: self.heads.sorted(),
            numbers: self.numbers.sorted(),
            links: self.links,
            tallies: self.tallies,
        }
    }
}

impl Found {
    fn add(&mut self, head: &Head, notice: Option<&Notice>) {
        head.pack(&mut self.bytes);
        let head_end = self.bytes.bytes().len();
        if let Some(notice) = notice {
            self.bytes.notice(notice);
        }
        self.records.push(FoundRecord {
            record_no: head.record_no,
            refused: head.refused.len(),
            head_end,
            notice_end: self.bytes.bytes().len(),
            notice: notice.map(Named::of),
        });
    }
}

/// The head of a record as it was packed.
pub(super) fn unpack_head(record_no: u32, item: &[u8]) -> Option<Head> {
    Head::unpack(record_no, &mut Unpacker::new(item))
}
