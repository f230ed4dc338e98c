//! Who had which number first, and which codes meet through a number.

use std::collections::BTreeMap;

use super::{Means, spilled};
use crate::domain::fault::Fault;
use crate::domain::ids::{JuminCode, MyNumber};
use crate::format::rowcode::{code_key, number_key, read_code_key, read_number_key};
use crate::pipeline::plan::Links;
use crate::run::trouble;
use crate::store::master::Master;
use crate::store::spill::{Sorted, SortedReader, Sorter};

/// Numbers looked up at once.
const NUMBERS_AT_ONCE: usize = 16_384;

/// Looks the numbers of a run up, in their own order, so that the table of numbers is walked once. Joins the codes that name one
/// number, and those whose number another code had first. Gives the numbers that a code itself had first, by code.
pub(super) fn find<'s>(
    master: &Master,
    numbers: &Sorted<'_, 10>,
    links: &mut Links,
    means: Means<'s>,
) -> Result<Sorted<'s, 10>, Fault> {
    let mut own = Sorter::new(means.spill, means.memory.other_bytes);
    let mut reader = numbers.read().map_err(spilled)?;
    let mut named: Vec<(MyNumber, JuminCode)> = Vec::new();
    loop {
        let next = reader.next_item().map_err(spilled)?.map(|(key, _)| key);
        let next = next.map(|key| named_of(&key)).transpose()?;
        let is_new = next.is_none_or(|(number, _)| named.last().is_some_and(|(last, _)| *last != number));
        if is_new && (next.is_none() || named.len() >= NUMBERS_AT_ONCE) {
            settle(master, &named, links, &mut own)?;
            named.clear();
        }
        let Some(next) = next else {
            return Ok(own.sorted());
        };
        // One person's notices name one number many times.
        if named.last() != Some(&next) {
            named.push(next);
        }
    }
}

fn settle(
    master: &Master,
    named: &[(MyNumber, JuminCode)],
    links: &mut Links,
    own: &mut Sorter<'_, 10>,
) -> Result<(), Fault> {
    let numbers: Vec<MyNumber> = named.iter().map(|(number, _)| *number).collect();
    let owners = master.owners(&numbers).map_err(|e| trouble::master(&e))?;
    let mut before: Option<(MyNumber, JuminCode)> = None;
    for (number, code) in named.iter().copied() {
        if let Some((last, other)) = before
            && last == number
        {
            links.join(other, code);
        }
        match owners.get(&number) {
            Some(owner) if *owner == code => {
                let mut key = [0; 10];
                for (to, from) in key.iter_mut().zip(code_key(code).into_iter().chain(number_key(number))) {
                    *to = from;
                }
                own.push(key, &[]).map_err(spilled)?;
            }
            Some(owner) => links.join(*owner, code),
            None => {}
        }
        before = Some((number, code));
    }
    Ok(())
}

fn named_of(key: &[u8; 10]) -> Result<(MyNumber, JuminCode), Fault> {
    let (number, code) = key.split_at(5);
    match (read_number_key(number), read_code_key(code)) {
        (Ok(number), Ok(code)) => Ok((number, code)),
        (_, _) => Err(trouble::bug("a packed number")),
    }
}

/// The numbers that codes had first, taken in the order of codes.
pub(super) struct Own<'s> {
    reader: SortedReader<'s, 10>,
}

impl<'s> Own<'s> {
    pub(super) fn new(own: &'s Sorted<'_, 10>) -> Result<Self, Fault> {
        Ok(Self {
            reader: own.read().map_err(spilled)?,
        })
    }

    /// Those of `code`; smaller codes are passed over.
    pub(super) fn of(&mut self, code: JuminCode, to: &mut BTreeMap<MyNumber, JuminCode>) -> Result<(), Fault> {
        let wanted = code_key(code);
        while let Some(key) = self.reader.peek().map_err(spilled)? {
            let (at, number) = key.split_at(5);
            if at > wanted.as_slice() {
                return Ok(());
            }
            if at == wanted.as_slice() {
                let number = read_number_key(number).map_err(|_| trouble::bug("a packed number"))?;
                to.insert(number, code);
            }
            self.reader.next_item().map_err(spilled)?;
        }
        Ok(())
    }
}
