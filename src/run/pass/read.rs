//! Bytes of a taken update file to checked records, on several threads with the same result as on one.

use std::thread;

use super::gather::Judged;
use super::spool;
use crate::domain::fault::Fault;
use crate::domain::instant::BusinessDate;
use crate::domain::municipality::Offices;
use crate::domain::notice::Notice;
use crate::pipeline::check::{CheckedRecord, FileFacts, Head, RecordKind, Registers, check};
use crate::pipeline::decode::Decoder;
use crate::pipeline::intake::InboundFile;
use crate::run::gaiji;
use crate::run::site::Site;
use crate::run::trouble;
use crate::text::gaiji::GaijiTable;

/// Fewer records are not worth a thread.
const RECORDS_PER_THREAD: usize = 256;

/// The records of one file after the format and code checks.
pub(super) struct ReadFile {
    /// What stays with the file.
    pub heads: Vec<Head>,
    /// What goes to the plan.
    pub notices: Vec<Notice>,
}

/// Decodes and checks every record of a file.
pub(super) fn read_file(
    site: &Site<'_>,
    offices: &Offices,
    judged: &Judged,
    file: &InboundFile,
    date: BusinessDate,
    threads: usize,
) -> Result<ReadFile, Fault> {
    let bytes = spool::load(site, judged)?;
    let header = file.header();
    let party = site.parties.get(header.sender);
    let gaiji = party.map_or_else(
        || Ok(GaijiTable::none()),
        |party| gaiji::of_party(site.tools.disk, &site.folders, party),
    )?;
    let facts = FileFacts {
        kind: RecordKind::Notice,
        sender: header.sender,
        serial: header.serial,
        created_at: header.created_at,
        business_date: date,
    };
    let registers = Registers {
        prefecture: &site.prefecture,
        offices,
    };
    let frame = file.frame();
    let records: Vec<(u32, u64, &[u8])> = (1..=frame.data_count())
        .filter_map(|no| Some((no, frame.data_offset(no), frame.data_record(&bytes, no)?)))
        .collect();
    let share = records.len().div_ceil(threads.max(1)).max(RECORDS_PER_THREAD);
    let layout = site.layouts.get(header.kind);
    let work = |part: &[(u32, u64, &[u8])]| -> Vec<CheckedRecord> {
        let mut decoder = Decoder::new(layout, header.encoding, &gaiji, header.sender);
        let mut checked = Vec::with_capacity(part.len());
        for (no, offset, record) in part {
            let decoded = decoder.decode(record, *no, *offset);
            checked.push(check(decoded, decoder.places(), &facts, registers));
        }
        checked
    };
    let parts: Result<Vec<Vec<CheckedRecord>>, Fault> = thread::scope(|scope| {
        let running: Vec<_> = records
            .chunks(share)
            .map(|part| scope.spawn(move || work(part)))
            .collect();
        running
            .into_iter()
            .map(|part| part.join().map_err(|_| trouble::bug("a worker thread ended")))
            .collect()
    });
    let mut read = ReadFile {
        heads: Vec::with_capacity(records.len()),
        notices: Vec::new(),
    };
    for record in parts?.into_iter().flatten() {
        read.heads.push(record.head);
        read.notices.extend(record.notice);
    }
    Ok(read)
}
