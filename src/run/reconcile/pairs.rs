//! The orphans of the extracts, sorted by what they may agree in, and the pairs among them.

use std::collections::BTreeMap;

use super::walk::bodies;
use super::{Means, spilled};
use crate::domain::fault::Fault;
use crate::domain::ids::JuminCode;
use crate::domain::row::Row;
use crate::format::parcel::{Packer, Unpacker};
use crate::pipeline::reconcile::{Candidate, ORPHAN_KEY_BYTES, Orphan, Pairing, Side, orphan_keys};
use crate::run::trouble;
use crate::store::history::Place;
use crate::store::master::Master;
use crate::store::spill::{Sorted, Sorter};

/// Takes orphans of both sides.
pub(super) struct Orphans<'s> {
    means: Means<'s>,
    keys: Sorter<'s, ORPHAN_KEY_BYTES>,
    /// Absent persons, in the order in which the walk met them: extract, code, where the row lies.
    absent: Sorter<'s, 0>,
    packer: Packer,
}

impl<'s> Orphans<'s> {
    pub(super) fn new(means: Means<'s>) -> Self {
        Self {
            keys: Sorter::new(means.spill, means.other_bytes),
            absent: Sorter::new(means.spill, means.other_bytes),
            means,
            packer: Packer::default(),
        }
    }

    /// A record that only the extract has; `target` is the code that replaced its own.
    pub(super) fn record(
        &mut self,
        extract: u32,
        side: Side,
        row: &Row,
        target: Option<JuminCode>,
    ) -> Result<(), Fault> {
        for (key, orphan) in orphan_keys(extract, side, Some(row), target) {
            self.packer.clear();
            orphan.pack(&mut self.packer);
            self.keys.push(key, self.packer.bytes()).map_err(|why| spilled(&why))?;
        }
        Ok(())
    }

    /// A person whom the extract does not list.
    pub(super) fn absent(&mut self, extract: u32, code: JuminCode, place: Place) -> Result<(), Fault> {
        self.packer.clear();
        self.packer.u32(extract);
        self.packer.code(Some(code));
        match place {
            Place::Current => self.packer.u8(0),
            Place::Version(number) => {
                self.packer.u8(1);
                self.packer.u32(number);
            }
        }
        self.absent.push([], self.packer.bytes()).map_err(|why| spilled(&why))
    }

    /// The pairs. The rows of absent persons are read only for extracts that have a record to pair them with.
    pub(super) fn pairs(mut self, master: &Master, has_orphans: &dyn Fn(u32) -> bool) -> Result<Sorted<'s, 16>, Fault> {
        let absent = std::mem::replace(&mut self.absent, Sorter::new(self.means.spill, 0)).sorted();
        let mut reader = absent.read().map_err(|why| spilled(&why))?;
        let mut batch: Vec<(u32, JuminCode, Place)> = Vec::new();
        while let Some((_, item)) = reader.next_item().map_err(|why| spilled(&why))? {
            let one = unpack(item).ok_or_else(|| trouble::bug("a packed absent person"))?;
            if has_orphans(one.0) {
                batch.push(one);
            }
            if batch.len() >= self.means.batch {
                self.read(master, &mut batch)?;
            }
        }
        self.read(master, &mut batch)?;
        let mut pairs = Sorter::new(self.means.spill, self.means.other_bytes);
        let mut pairing = Pairing::default();
        let keys = self.keys.sorted();
        let mut reader = keys.read().map_err(|why| spilled(&why))?;
        let mut packer = Packer::default();
        let mut put = |found: Vec<Candidate>| -> Result<(), Fault> {
            for pair in found {
                packer.clear();
                pair.pack(&mut packer);
                pairs.push(pair.key(), packer.bytes()).map_err(|why| spilled(&why))?;
            }
            Ok(())
        };
        while let Some((key, item)) = reader.next_item().map_err(|why| spilled(&why))? {
            let orphan = Orphan::unpack(&mut Unpacker::new(item)).ok_or_else(|| trouble::bug("a packed orphan"))?;
            put(pairing.take(&key, orphan))?;
        }
        put(pairing.end())?;
        Ok(pairs.sorted())
    }

    fn read(&mut self, master: &Master, batch: &mut Vec<(u32, JuminCode, Place)>) -> Result<(), Fault> {
        let mut wanted: BTreeMap<JuminCode, Vec<Place>> = BTreeMap::new();
        for (_, code, place) in batch.iter() {
            let places = wanted.entry(*code).or_default();
            if !places.contains(place) {
                places.push(*place);
            }
        }
        let rows = bodies(master, wanted)?;
        for (extract, code, place) in batch.drain(..) {
            let row = rows
                .get(&code)
                .into_iter()
                .flatten()
                .find(|(at, _)| *at == place)
                .map(|(_, row)| row)
                .ok_or_else(|| trouble::bug("a row without a body"))?;
            self.record(extract, Side::Master(code), row, Some(code))?;
        }
        Ok(())
    }
}

fn unpack(item: &[u8]) -> Option<(u32, JuminCode, Place)> {
    let mut from = Unpacker::new(item);
    let (extract, code) = (from.u32()?, from.code()??);
    let place = match from.u8()? {
        0 => Place::Current,
        1 => Place::Version(from.u32()?),
        _ => return None,
    };
    Some((extract, code, place))
}
