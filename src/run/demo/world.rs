//! The register as it should be: who was touched by a notice, and what the master must then hold.
//!
//! Untouched residents are not stored; their rows follow from the seed.

use std::collections::BTreeMap;

use super::DemoFault;
use super::calendar::Day;
use super::draw::Draw;
use super::people::People;
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::item::Item;
use crate::domain::row::Row;

/// Codes and numbers that belong to nobody at first are counted from here, far above the running numbers of persons.
const FIRST_FRESH: u64 = 1 << 32;

/// Somebody who came into the register, or of whom a notice was sent, after the initial load.
#[derive(Debug, Clone)]
pub(super) struct Touched {
    /// The master's row. Item 1 is the code of now; item 10 says how a removed person was removed.
    pub(super) row: Row,
    /// Town that recorded it.
    pub(super) town: usize,
    /// False after a removal.
    pub(super) resident: bool,
    /// First day on which another notice about the person may be sent.
    pub(super) free_on: u32,
}

/// A move-out whose move-in was sent and that is still to be confirmed by a 90.
#[derive(Debug, Clone)]
pub(super) struct Unconfirmed {
    /// The person.
    pub(super) id: u32,
    /// Town of the removal.
    pub(super) town: usize,
    /// Row of the removal.
    pub(super) row: Row,
    /// Item 11 of the move-in.
    pub(super) moved_on: Day,
    /// First day on which it may be sent.
    pub(super) due: u32,
}

/// The register.
#[derive(Debug)]
pub(super) struct World {
    /// The residents at first.
    pub(super) people: People,
    touched: BTreeMap<u32, Touched>,
    arrivals: Vec<Vec<u32>>,
    next_person: u32,
    next_fresh: u64,
    /// Removed persons, in the order of their removals.
    pub(super) removed: Vec<u32>,
    /// Residents without a number and the day on which it may be sent.
    pub(super) unnumbered: Vec<(u32, u32)>,
    /// Move-outs to be confirmed.
    pub(super) unconfirmed: Vec<Unconfirmed>,
}

impl World {
    /// The register after the initial load.
    pub(super) fn new(people: People, residents: u32) -> Self {
        let towns = people.tables.municipalities.len();
        Self {
            people,
            touched: BTreeMap::new(),
            arrivals: vec![Vec::new(); towns],
            next_person: residents,
            next_fresh: FIRST_FRESH,
            removed: Vec::new(),
            unnumbered: Vec::new(),
            unconfirmed: Vec::new(),
        }
    }

    /// A resident of the town who is free on that day and fits, found by trial; `None` after `tries` trials.
    pub(super) fn resident(
        &self,
        draw: &mut Draw,
        town: usize,
        day: u32,
        tries: u32,
        fits: impl Fn(&Row) -> bool,
    ) -> Result<Option<(u32, Row)>, DemoFault> {
        let (start, count) = self.people.range(town);
        let arrived = self.arrivals.get(town).map(Vec::as_slice).unwrap_or_default();
        let all = count + u32::try_from(arrived.len()).unwrap_or(0);
        if all == 0 {
            return Ok(None);
        }
        for _ in 0..tries {
            let at = draw.below(all);
            let found = if at < count {
                Some(start + at)
            } else {
                arrived.get((at - count) as usize).copied()
            };
            let Some(id) = found else { continue };
            let row = match self.touched.get(&id) {
                Some(known) if known.resident && known.town == town && known.free_on <= day => known.row.clone(),
                Some(_) => continue,
                None => self.people.initial_row(town, id)?,
            };
            if fits(&row) {
                return Ok(Some((id, row)));
            }
        }
        Ok(None)
    }

    /// A removed person who is free on that day and fits; the search begins at a drawn place.
    pub(super) fn removed_person(
        &self,
        draw: &mut Draw,
        day: u32,
        fits: impl Fn(&Touched) -> bool,
    ) -> Option<(u32, Touched)> {
        let count = u32::try_from(self.removed.len()).unwrap_or(0);
        let begin = draw.below(count) as usize;
        let order = self.removed.iter().skip(begin).chain(self.removed.iter().take(begin));
        order
            .filter_map(|id| self.touched.get(id).map(|known| (*id, known)))
            .find(|(_, known)| !known.resident && known.free_on <= day && fits(known))
            .map(|(id, known)| (id, known.clone()))
    }

    /// What is known of a touched person.
    pub(super) fn touched(&self, id: u32) -> Option<&Touched> {
        self.touched.get(&id)
    }

    /// Number of a person who was never in the register.
    pub(super) fn new_person(&mut self) -> u32 {
        let id = self.next_person;
        self.next_person += 1;
        id
    }

    /// A code that nobody has or had.
    pub(super) fn fresh_code(&mut self) -> Result<JuminCode, DemoFault> {
        self.next_fresh += 1;
        self.people.code(self.next_fresh)
    }

    /// A number that nobody has or had.
    pub(super) fn fresh_number(&mut self) -> Result<MyNumber, DemoFault> {
        self.next_fresh += 1;
        self.people.number(self.next_fresh)
    }

    /// Records what the master holds of a person from now on.
    pub(super) fn keep(&mut self, id: u32, now: Touched) {
        let (town, resident) = (now.town, now.resident);
        let without_number = resident && now.row.is_blank(Item::MyNumber);
        if without_number {
            self.unnumbered.push((id, now.free_on + 1));
        }
        let before = self.touched.insert(id, now);
        let (start, count) = self.people.range(town);
        let native = id >= start && id - start < count;
        let came = before.as_ref().is_none_or(|before| before.town != town);
        if came
            && !native
            && let Some(list) = self.arrivals.get_mut(town)
            && !list.contains(&id)
        {
            list.push(id);
        }
        if !resident && before.is_none_or(|before| before.resident) && !self.removed.contains(&id) {
            self.removed.push(id);
        }
    }
}
