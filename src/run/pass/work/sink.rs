//! Where the changes of the parts of a run go: rows into the generation in the order of their keys, outcomes and notices into
//! their sorting.

use std::collections::BTreeMap;

use super::{OTHER_BYTES, Tally, record_key, spilled};
use crate::domain::entry::{Changes, Entry, Version};
use crate::domain::fault::Fault;
use crate::domain::finding::Finding;
use crate::domain::ids::PartyId;
use crate::domain::notice::{NoticeDigest, NoticeKey};
use crate::domain::outcome::{Outcome, RunChange};
use crate::domain::row::Row;
use crate::format::parcel::{Packer, Unpacker};
use crate::format::rowcode::{
    CODE_KEY_BYTES, NUMBER_KEY_BYTES, VERSION_KEY_BYTES, code_key, decode_entry, decode_version, encode_entry,
    encode_version, notice_key, number_key, read_code_key, read_number_key, version_key,
};
use crate::pipeline::apply::{Answered, Applied, ApplyFault, NtfRecord};
use crate::pipeline::check::Head;
use crate::pipeline::plan::{ORDER_BYTES, order_key};
use crate::run::trouble;
use crate::store::generations::GenerationBuilder;
use crate::store::spill::{Sorted, SortedReader, Sorter, Spill};

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
    numbers: Sorter<'s, 10>,
    kept: Kept<'s>,
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

/// Rows whose keys lie among those of parts that come later.
struct Kept<'s> {
    spill: &'s Spill<'s>,
    entries: Vec<(Entry, Option<Entry>)>,
    versions: Vec<Version>,
    notices: Vec<(NoticeKey, NoticeDigest)>,
    phantom: std::marker::PhantomData<&'s ()>,
}
