//! Loads from the master what a run's notices can meet: the loop that `pipeline::plan` asks for, in batches.

use super::trouble;
use crate::domain::fault::Fault;
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::notice::{Notice, NoticeKey};
use crate::pipeline::plan::Known;
use crate::store::master::Master;

/// Everything that `notices` can meet in `master`. Each round asks for all its keys at once, since one pass over the
/// runs costs about the same for one key as for many.
///
/// # Errors
/// What the master says where it cannot be read.
pub fn learn(master: &Master, notices: &[Notice]) -> Result<Known, Fault> {
    learn_more(master, notices, Known::default())
}

/// As [`learn`], where something is known already.
///
/// # Errors
/// What the master says where it cannot be read.
pub fn learn_more(master: &Master, notices: &[Notice], mut known: Known) -> Result<Known, Fault> {
    loop {
        let needs = known.missing(notices);
        if needs.is_empty() {
            return Ok(known);
        }
        let codes: Vec<JuminCode> = needs.codes.into_iter().collect();
        let mut entries = master.entries(&codes).map_err(|e| trouble::master(&e))?;
        for code in codes {
            known.learn_entry(code, entries.remove(&code));
        }
        let numbers: Vec<MyNumber> = needs.numbers.into_iter().collect();
        let owners = master.owners(&numbers).map_err(|e| trouble::master(&e))?;
        for number in numbers {
            known.learn_owner(number, owners.get(&number).copied());
        }
        let keys: Vec<NoticeKey> = needs.notices.into_iter().collect();
        let digests = master.notices(&keys).map_err(|e| trouble::master(&e))?;
        for key in keys {
            known.learn_notice(key, digests.get(&key).copied());
        }
    }
}
