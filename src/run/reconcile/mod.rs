//! All extracts of a run against one generation of the register, in memory that grows with neither: records are sorted by
//! code, joined with one walk over the key groups of the register, and their outcomes sorted back into the order of the
//! answers (`store::spill`). Bodies are read only where a record differs (`pipeline::reconcile`).
//!
//! ```text
//! let mut listing = Listing::new(means);
//! for (place, extract) in extracts { for record in extract { listing.add(place, &Listed::from(check(..)))?; } }
//! let reconciled = listing.join(&master, &offices, facts, &held)?;
//! let mut answers = reconciled.answers()?;
//! for place in 0.. { answers.write(place, &mut rcr_writer, &mut each)?; rcr_writer.finish(records)?; }
//! ```

mod lives;
mod pairs;
mod walk;

use crate::domain::difference::{CauseSums, ReconcileSums};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::{JuminCode, PartyId};
use crate::domain::municipality::Offices;
use crate::format::parcel::{Packer, Unpacker};
use crate::pipeline::emit::RcrWriter;
use crate::pipeline::reconcile::{
    Candidate, ExtractFacts, LISTED_KEY_BYTES, Listed, OUTCOME_KEY_BYTES, Outcome, listed_key, outcome_key,
};
use crate::run::trouble;
use crate::store::master::Master;
use crate::store::spill::{Sorted, SortedReader, Sorter, Spill, SpillError};

/// How much of a reconciliation lies in memory at a time. What it finds is the same whatever this says.
#[derive(Clone, Copy)]
pub struct Means<'s> {
    /// Where pieces go.
    pub spill: &'s Spill<'s>,
    /// Bytes for the records of the extracts.
    pub listed_bytes: usize,
    /// Bytes each for outcomes, orphans and pairs.
    pub other_bytes: usize,
    /// Records that wait for the bodies of their rows at a time.
    pub batch: usize,
}

/// Tells whether a held file of the party has a record of the code.
pub type Held<'h> = dyn Fn(PartyId, JuminCode) -> bool + 'h;

/// Takes the records of the extracts, one extract after the other, in the order of each file.
pub struct Listing<'s> {
    means: Means<'s>,
    listed: Sorter<'s, LISTED_KEY_BYTES>,
    found: Findings<'s>,
    packer: Packer,
}

impl<'s> Listing<'s> {
    /// Without a record.
    pub fn new(means: Means<'s>) -> Self {
        Self {
            listed: Sorter::new(means.spill, means.listed_bytes),
            found: Findings::new(means),
            means,
            packer: Packer::default(),
        }
    }

    /// Adds a record of the extract at `place`.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn add(&mut self, place: u32, listed: Listed) -> Result<(), Fault> {
        match listed.code {
            Some(code) => {
                self.packer.clear();
                listed.pack(&mut self.packer);
                self.listed
                    .push(listed_key(code, place), self.packer.bytes())
                    .map_err(|why| spilled(&why))
            }
            None => match Outcome::of_unreadable(listed) {
                Some(outcome) => self.found.outcome(place, None, &outcome),
                None => Err(trouble::bug("a sound record without a code")),
            },
        }
    }

    /// Joins the records with the register. `extracts` are the extracts by place; `held` says what is in held files.
    ///
    /// # Errors
    /// Those of the master and of the disk.
    pub fn join(
        self,
        master: &Master,
        offices: &Offices,
        extracts: Vec<ExtractFacts>,
        held: &Held<'_>,
    ) -> Result<Reconciled<'s>, Fault> {
        let Self {
            means, listed, found, ..
        } = self;
        walk::join(master, offices, extracts, held, means, &listed.sorted(), found)
    }
}

/// What is found, as it is found.
struct Findings<'s> {
    outcomes: Sorter<'s, OUTCOME_KEY_BYTES>,
    sums: Vec<ReconcileSums>,
    causes: Vec<CauseSums>,
    packer: Packer,
}

impl<'s> Findings<'s> {
    fn new(means: Means<'s>) -> Self {
        Self {
            outcomes: Sorter::new(means.spill, means.other_bytes),
            sums: Vec::new(),
            causes: Vec::new(),
            packer: Packer::default(),
        }
    }

    /// Counts an outcome, and keeps it where an answer has records of it. `code` is that of an absent person.
    fn outcome(&mut self, place: u32, code: Option<JuminCode>, outcome: &Outcome) -> Result<(), Fault> {
        let at = usize::try_from(place).unwrap_or(usize::MAX);
        if self.sums.len() <= at {
            self.sums.resize(at.saturating_add(1), ReconcileSums::default());
            self.causes.resize(at.saturating_add(1), CauseSums::default());
        }
        if let (Some(sums), Some(causes)) = (self.sums.get_mut(at), self.causes.get_mut(at)) {
            sums.count(outcome.sum());
            if let Some(cause) = outcome.cause() {
                causes.count(cause);
            }
        }
        if outcome.is_match() {
            return Ok(());
        }
        self.packer.clear();
        outcome.pack(&mut self.packer);
        self.outcomes
            .push(outcome_key(place, outcome.record_no, code), self.packer.bytes())
            .map_err(|why| spilled(&why))
    }
}

/// What a run found in its extracts.
pub struct Reconciled<'s> {
    outcomes: Sorted<'s, OUTCOME_KEY_BYTES>,
    pairs: Sorted<'s, 16>,
    sums: Vec<ReconcileSums>,
    causes: Vec<CauseSums>,
}

impl Reconciled<'_> {
    /// Sums of the extract at `place`.
    pub fn sums(&self, place: u32) -> ReconcileSums {
        let at = usize::try_from(place).ok();
        at.and_then(|at| self.sums.get(at)).copied().unwrap_or_default()
    }

    /// Likely causes of the extract at `place`.
    pub fn causes(&self, place: u32) -> CauseSums {
        let at = usize::try_from(place).ok();
        at.and_then(|at| self.causes.get(at)).copied().unwrap_or_default()
    }

    /// Begins with the answers; they are written in the order of the places.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn answers(&self) -> Result<Answers<'_>, Fault> {
        Ok(Answers {
            reconciled: self,
            outcomes: self.outcomes.read().map_err(|why| spilled(&why))?,
        })
    }

    /// Calls `each` with every pair of orphans, by extract, record and code.
    ///
    /// # Errors
    /// Those of the disk, what `each` says.
    pub fn pairs(&self, each: &mut dyn FnMut(&Candidate) -> Result<(), Fault>) -> Result<(), Fault> {
        let mut reader = self.pairs.read().map_err(|why| spilled(&why))?;
        let mut last: Option<Candidate> = None;
        while let Some((key, item)) = reader.next_item().map_err(|why| spilled(&why))? {
            let next = Candidate::unpack(&key, &mut Unpacker::new(item));
            let next = next.ok_or_else(|| trouble::bug("a packed pair"))?;
            if last.as_mut().is_some_and(|pair| pair.join(&next)) {
                continue;
            }
            if let Some(pair) = last.replace(next) {
                each(&pair)?;
            }
        }
        last.iter().try_for_each(each)
    }
}

/// The answers to the extracts, one after the other.
pub struct Answers<'r> {
    reconciled: &'r Reconciled<'r>,
    outcomes: SortedReader<'r, OUTCOME_KEY_BYTES>,
}

impl Answers<'_> {
    /// Writes the records of the answer to the extract at `place`, and counts its MATCHes; `each` may take bytes away.
    ///
    /// # Errors
    /// Those of the disk, what `each` says.
    pub fn write(
        &mut self,
        place: u32,
        writer: &mut RcrWriter<'_>,
        each: &mut dyn FnMut(&mut RcrWriter<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.visit(place, &mut |outcome| {
            writer.outcome(outcome).map_err(trouble::bug)?;
            each(writer)
        })?;
        let sums = self.reconciled.sums(place);
        let matches = sums.counts().first().copied().unwrap_or(0);
        writer.matched(matches);
        Ok(())
    }

    /// Calls `each` with every outcome of the extract at `place` that is no MATCH, in the order of its answer.
    ///
    /// # Errors
    /// Those of the disk, what `each` says.
    pub fn visit(&mut self, place: u32, each: &mut dyn FnMut(&Outcome) -> Result<(), Fault>) -> Result<(), Fault> {
        let of_place = |key: &[u8; OUTCOME_KEY_BYTES]| key.starts_with(&place.to_be_bytes());
        while self
            .outcomes
            .peek()
            .map_err(|why| spilled(&why))?
            .as_ref()
            .is_some_and(of_place)
        {
            let Some((_, item)) = self.outcomes.next_item().map_err(|why| spilled(&why))? else {
                break;
            };
            let outcome = Outcome::unpack(&mut Unpacker::new(item));
            each(&outcome.ok_or_else(|| trouble::bug("a packed outcome"))?)?;
        }
        Ok(())
    }
}

fn spilled(why: &SpillError) -> Fault {
    match why {
        SpillError::Disk { source, .. } => {
            let source = std::io::Error::new(source.kind(), source.to_string());
            trouble::disk(std::path::Path::new("staging"))(source)
        }
        SpillError::Damaged => trouble::damaged::<&str>("staging")("a piece of the sorting"),
        SpillError::TooLarge => Fault::new(FaultId::RecordTooLarge),
    }
}
