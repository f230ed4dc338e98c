//! The order in which the records of a run are processed (rules 2.5).

use crate::domain::ids::PartyId;
use crate::domain::instant::Instant;
use crate::domain::notice::Notice;

/// Item 18; removal before entry before the rest; item 22; sender; serial; record number.
type Key = (Instant, u8, u32, PartyId, u32, u32);

fn key(notice: &Notice) -> Key {
    let source = notice.source;
    (
        notice.timestamp,
        notice.reason.class().rank(),
        notice.update_seq,
        source.sender,
        source.serial,
        source.record_no,
    )
}

/// Puts the notices of all files of a run into the order of processing, whatever order the files came in.
pub fn sort(notices: &mut [Notice]) {
    notices.sort_by_key(key);
}
