//! The join: sorted records of all extracts along one walk over the register; bodies in batches where they are needed.

use std::collections::BTreeMap;

use super::lives::{At, Lives};
use super::pairs::Orphans;
use super::{Findings, Held, Means, Reconciled, spilled};
use crate::domain::difference::{Class, Evidence, Sum};
use crate::domain::fault::Fault;
use crate::domain::ids::{JuminCode, PartyId};
use crate::domain::municipality::Offices;
use crate::domain::row::Row;
use crate::format::parcel::Unpacker;
use crate::format::rowcode::{CODE_KEY_BYTES, read_code_key};
use crate::pipeline::decode::ShortText;
use crate::pipeline::reconcile::{ExtractFacts, Found, Join, LISTED_KEY_BYTES, Lifeline, Listed, Side, compared};
use crate::run::trouble;
use crate::store::history::Place;
use crate::store::master::Master;
use crate::store::spill::Sorted;

/// A record that waits for the bodies of its rows.
struct Waiting {
    place: u32,
    code: JuminCode,
    record_no: u32,
    shown: ShortText<11>,
    extract: Box<Row>,
    master: Place,
    later: Vec<Place>,
    near: Evidence,
}

struct Walk<'w, 's> {
    master: &'w Master,
    means: Means<'s>,
    found: Findings<'s>,
    waiting: Vec<Waiting>,
    orphans: Orphans<'s>,
}

pub(super) fn join<'s>(
    master: &Master,
    offices: &Offices,
    extracts: Vec<ExtractFacts>,
    held: &Held<'_>,
    means: Means<'s>,
    listed: &Sorted<'s, LISTED_KEY_BYTES>,
    found: Findings<'s>,
) -> Result<Reconciled<'s>, Fault> {
    let join = Join::new(offices, extracts);
    let mut walk = Walk {
        master,
        means,
        found,
        waiting: Vec::new(),
        orphans: Orphans::new(means),
    };
    let mut lives = Lives::of(master).map_err(|why| trouble::master(&why))?;
    let mut records = listed.read().map_err(|why| spilled(&why))?;
    loop {
        let of_records = records.peek().map_err(|why| spilled(&why))?.map(code_of).transpose()?;
        let Some(code) = [of_records, lives.peek()].into_iter().flatten().min() else {
            break;
        };
        let life = lives.take(code).map_err(|why| trouble::master(&why))?;
        let mut at = join.at(code, &life);
        while let Some(key) = records.peek().map_err(|why| spilled(&why))? {
            if code_of(key)? != code {
                break;
            }
            let Some((key, item)) = records.next_item().map_err(|why| spilled(&why))? else {
                break;
            };
            let place = place_of(key);
            let record = Listed::unpack(&mut Unpacker::new(item)).ok_or_else(|| trouble::bug("a packed record"))?;
            let sender = usize::try_from(place).ok().and_then(|at| join.extracts().get(at));
            let in_held = sender.is_some_and(|facts| held(facts.sender, code));
            let judged = at.take(place, record, in_held).map_err(trouble::bug)?;
            walk.record(place, code, &life, judged)?;
        }
        for absent in at.absent(|sender: PartyId| held(sender, code)) {
            walk.found.outcome(absent.place, Some(code), &absent.outcome)?;
            walk.orphans.absent(absent.place, code, absent.master.place)?;
        }
    }
    walk.settle()?;
    let Walk { found, orphans, .. } = walk;
    // Without a record that only the extract has there is nothing to pair with.
    let has_orphans = |place: u32| {
        let sums = usize::try_from(place).ok().and_then(|at| found.sums.get(at));
        sums.is_some_and(|sums| sums.get(Sum::Of(Class::OnlyInExtract)) + sums.get(Sum::Of(Class::CodeRetired)) > 0)
    };
    let pairs = orphans.pairs(master, &has_orphans)?;
    Ok(Reconciled {
        pairs,
        outcomes: found.outcomes.sorted(),
        sums: found.sums,
        causes: found.causes,
    })
}

impl Walk<'_, '_> {
    fn record(&mut self, place: u32, code: JuminCode, life: &Lifeline<At>, judged: Found<'_, At>) -> Result<(), Fault> {
        match judged {
            Found::Decided { outcome, orphan } => {
                if let Some(row) = orphan {
                    let side = Side::Extract(outcome.record_no);
                    self.orphans.record(place, side, &row, life.target)?;
                }
                self.found.outcome(place, None, &outcome)
            }
            Found::Compare {
                record_no,
                shown,
                extract,
                master,
                later,
                near,
            } => {
                self.waiting.push(Waiting {
                    place,
                    code,
                    record_no,
                    shown,
                    extract,
                    master: master.place,
                    later: later.into_iter().map(|at| at.place).collect(),
                    near,
                });
                if self.waiting.len() >= self.means.batch {
                    self.settle()?;
                }
                Ok(())
            }
        }
    }

    /// Reads the bodies that are waited for, and compares.
    fn settle(&mut self) -> Result<(), Fault> {
        let waiting = std::mem::take(&mut self.waiting);
        let mut wanted: BTreeMap<JuminCode, Vec<Place>> = BTreeMap::new();
        for one in &waiting {
            let places = wanted.entry(one.code).or_default();
            for place in one.later.iter().chain([&one.master]) {
                if !places.contains(place) {
                    places.push(*place);
                }
            }
        }
        let rows = bodies(self.master, wanted)?;
        let row = |code, place| {
            let of_code = rows.get(&code).into_iter().flatten();
            of_code.filter(|(at, _)| *at == place).map(|(_, row)| row).next()
        };
        for one in waiting {
            let master = row(one.code, one.master).ok_or_else(|| trouble::bug("a row without a body"))?;
            let later: Vec<&Row> = one.later.iter().filter_map(|place| row(one.code, *place)).collect();
            let outcome = compared(one.record_no, one.shown, &one.extract, master, &later, one.near);
            self.found.outcome(one.place, None, &outcome)?;
        }
        Ok(())
    }
}

/// Rows with their places, by code.
type Bodies = BTreeMap<JuminCode, Vec<(Place, Row)>>;

/// The rows at these places. A lookup gives one row for a code, so those of one code come one after the other.
pub(super) fn bodies(master: &Master, mut wanted: BTreeMap<JuminCode, Vec<Place>>) -> Result<Bodies, Fault> {
    let mut rows = Bodies::new();
    loop {
        let places: Vec<(JuminCode, Place)> = wanted
            .iter_mut()
            .filter_map(|(code, places)| Some((*code, places.pop()?)))
            .collect();
        if places.is_empty() {
            return Ok(rows);
        }
        let mut found = master.rows_at(&places).map_err(|why| trouble::master(&why))?;
        for (code, place) in places {
            if let Some(row) = found.remove(&code) {
                rows.entry(code).or_default().push((place, row));
            }
        }
    }
}

fn code_of(key: [u8; LISTED_KEY_BYTES]) -> Result<JuminCode, Fault> {
    let code: Option<&[u8; CODE_KEY_BYTES]> = key.first_chunk();
    code.and_then(|code| read_code_key(code).ok())
        .ok_or_else(|| trouble::bug("a key of the sorting"))
}

fn place_of(key: [u8; LISTED_KEY_BYTES]) -> u32 {
    key.last_chunk().map_or(u32::MAX, |place| u32::from_be_bytes(*place))
}
