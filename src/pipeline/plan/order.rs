//! The order in which the records of a run are processed (rules 2.5).

use crate::domain::ids::PartyId;
use crate::domain::instant::Instant;
use crate::domain::notice::Notice;
use crate::domain::reason::Reason;

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

/// Length of an order key in bytes: item 18 (8), class (1), item 22 (4), place of the file (4), record number (4).
pub const ORDER_BYTES: usize = 21;

/// The place of a notice in the order of a run as bytes that compare like it. `file` is the place of its file among the files
/// of the run by sender and serial.
pub fn order_key(timestamp: Instant, reason: Reason, update_seq: u32, file: u32, record_no: u32) -> [u8; ORDER_BYTES] {
    let mut key = [0; ORDER_BYTES];
    let bytes = timestamp
        .value()
        .to_be_bytes()
        .into_iter()
        .chain([reason.class().rank()])
        .chain(update_seq.to_be_bytes())
        .chain(file.to_be_bytes())
        .chain(record_no.to_be_bytes());
    for (to, from) in key.iter_mut().zip(bytes) {
        *to = from;
    }
    key
}

/// Puts the notices of all files of a run into the order of processing, whatever order the files came in.
pub fn sort(notices: &mut [Notice]) {
    notices.sort_by_key(key);
}
