//! All extracts of a run against one walk over the register: the classes in their order of precedence (rules section 4).

use std::collections::{BTreeMap, BTreeSet};

use super::life::{Lifeline, Seen, Was};
use super::listed::{Content, Listed};
use super::outcome::{Outcome, What};
use crate::domain::difference::{Class, Evidence};
use crate::domain::ids::{JuminCode, MunicipalityCode, PartyId};
use crate::domain::instant::Instant;
use crate::domain::municipality::Offices;
use crate::domain::row::Row;
use crate::format::rowcode::compared_digest;
use crate::pipeline::decode::ShortText;

/// Which persons an extract holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// `F`: all residents of the sender. Who is not listed is absent (30).
    Full,
    /// `L`: only those listed.
    Listed,
}

impl Scope {
    /// Reads the byte of the header; `None` is E03.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            b'F' => Some(Self::Full),
            b'L' => Some(Self::Listed),
            _ => None,
        }
    }
}

/// What the join needs of the header of an extract, and of its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExtractFacts {
    /// Sender.
    pub sender: PartyId,
    /// `base_at`: the extract shows the register as of this instant.
    pub base_at: Instant,
    /// Scope.
    pub scope: Scope,
    /// A UPD file of the sender waits behind a missing serial (H07).
    pub has_gap: bool,
}

/// Records that do not come as they must.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinFault {
    /// No extract has this place.
    #[error("no extract has place {place}")]
    NoExtract {
        /// The place.
        place: u32,
    },
    /// Records of one code come in the order of the extracts, then of the file.
    #[error("record {record_no} of extract {place} is out of order")]
    Order {
        /// Place of the extract.
        place: u32,
        /// Number of the record.
        record_no: u32,
    },
}

/// The extracts of a run. Their places are those of the list that made it, from 0.
pub struct Join<'o> {
    offices: &'o Offices,
    extracts: Vec<ExtractFacts>,
    /// By `base_at`: the extracts of scope F by the municipalities that their senders answer for.
    full: BTreeMap<Instant, BTreeMap<MunicipalityCode, Vec<u32>>>,
}

impl<'o> Join<'o> {
    /// Begins; `offices` says for which municipalities a sender answers, predecessors included.
    pub fn new(offices: &'o Offices, extracts: Vec<ExtractFacts>) -> Self {
        let mut full: BTreeMap<Instant, BTreeMap<MunicipalityCode, Vec<u32>>> = BTreeMap::new();
        for (place, facts) in (0..).zip(&extracts) {
            if facts.scope == Scope::Full {
                let towns = full.entry(facts.base_at).or_default();
                for code in offices.codes(facts.sender) {
                    towns.entry(*code).or_default().push(place);
                }
            }
        }
        Self {
            offices,
            extracts,
            full,
        }
    }

    /// The extracts, by place.
    pub fn extracts(&self) -> &[ExtractFacts] {
        &self.extracts
    }

    /// Begins a code: one that the register knows, or one that only extracts have ([`Lifeline::default`]).
    pub fn at<'l, R: Seen>(&'l self, code: JuminCode, life: &'l Lifeline<R>) -> AtCode<'l, R> {
        AtCode {
            join: self,
            code,
            life,
            last: None,
            listed: BTreeSet::new(),
        }
    }
}

/// One code under way.
pub struct AtCode<'l, R> {
    join: &'l Join<'l>,
    code: JuminCode,
    life: &'l Lifeline<R>,
    /// Place and number of the last record, and whether that extract had a sound one of this code.
    last: Option<(u32, u32, bool)>,
    listed: BTreeSet<u32>,
}

/// What became of a listed record.
pub enum Found<'l, R> {
    /// It is decided. A MATCH is only to be counted.
    Decided {
        /// The outcome.
        outcome: Outcome,
        /// The record, where it may be the other half of an absent person (20, 60).
        orphan: Option<Box<Row>>,
    },
    /// MATCH, 10 or 70: both rows are needed, for [`super::compared`].
    Compare {
        /// Number of the record.
        record_no: u32,
        /// Item 1 as received.
        shown: ShortText<11>,
        /// The record.
        extract: Box<Row>,
        /// The row that was in force at `base_at`.
        master: &'l R,
        /// The rows of the code after it, for the cause.
        later: Vec<&'l R>,
        /// Circumstances, for the cause.
        near: Evidence,
    },
}

/// A resident whom an extract of scope F does not list (30).
pub struct Absent<'l, R> {
    /// Place of the extract.
    pub place: u32,
    /// The outcome, `record_no` 0.
    pub outcome: Outcome,
    /// The row that was in force, for the pairing of orphans.
    pub master: &'l R,
}

impl<'l, R: Seen> AtCode<'l, R> {
    /// Judges the next record of the code: those of one extract together, extracts and records in their order.
    /// `in_held_file`: a held file of the sender has a record of this code.
    ///
    /// # Errors
    /// [`JoinFault`].
    pub fn take(&mut self, place: u32, listed: Listed, in_held_file: bool) -> Result<Found<'l, R>, JoinFault> {
        let facts = usize::try_from(place)
            .ok()
            .and_then(|at| self.join.extracts.get(at))
            .ok_or(JoinFault::NoExtract { place })?;
        let Listed {
            record_no,
            shown,
            content,
            ..
        } = listed;
        let had_sound = match self.last {
            Some((last, number, _)) if (last, number) >= (place, record_no) => {
                return Err(JoinFault::Order { place, record_no });
            }
            Some((last, _, had_sound)) => last == place && had_sound,
            None => false,
        };
        self.listed.insert(place);
        let decided = |what, orphan| {
            Ok(Found::Decided {
                outcome: Outcome { record_no, shown, what },
                orphan,
            })
        };
        let row = match content {
            Content::Refused(findings) => {
                self.last = Some((place, record_no, had_sound));
                return decided(What::Invalid(findings), None);
            }
            Content::Sound(row) => row,
        };
        self.last = Some((place, record_no, true));
        let near = near(facts, in_held_file);
        let was = self.life.was(facts.base_at);
        let own = |code| self.join.offices.answers_for(facts.sender, code);
        let Some(class) = class(had_sound, &was, own) else {
            let Was::Resident(master) = was else {
                return decided(What::Match, None);
            };
            if master.has_digest(&compared_digest(&row)) {
                return decided(What::Match, None);
            }
            let rows = self.life.later(facts.base_at).filter_map(|was| match was {
                Was::Resident(row) => Some(row),
                Was::Unknown | Was::Retired | Was::Removed => None,
            });
            return Ok(Found::Compare {
                record_no,
                shown,
                extract: Box::new(row),
                master,
                later: rows.collect(),
                near,
            });
        };
        let becomes_own = |was: Was<'_, R>| class_of(&was, own).is_none();
        let evidence = match class {
            Class::CodeRetired => Evidence::REPLACED,
            Class::OnlyInExtract | Class::RemovedInMaster | Class::OtherMunicipality => near
                .with(Evidence::SENDER_NEWER.when(class == Class::OnlyInExtract || self.is_newer(&row, facts.base_at)))
                .with(Evidence::LATER_EQUAL.when(self.life.later(facts.base_at).any(becomes_own))),
            Class::Diff | Class::OnlyInMaster | Class::PersonMismatch | Class::DuplicateInExtract | Class::Invalid => {
                Evidence::NONE
            }
        };
        let is_orphan = matches!(class, Class::OnlyInExtract | Class::CodeRetired);
        decided(What::Person(class, evidence.cause()), is_orphan.then(|| Box::new(row)))
    }

    /// True where the record is newer than all that the register knew of the code at `at`.
    fn is_newer(&self, row: &Row, at: Instant) -> bool {
        let known = self.life.snapshots.iter().filter_map(|snapshot| snapshot.timestamp);
        row.timestamp() > known.filter(|timestamp| *timestamp <= at).max()
    }

    /// Ends the code: the extracts of scope F whose sender had the person as a resident and did not list them. A refused
    /// record with a right item 1 lists its person.
    pub fn absent(self, mut in_held_file: impl FnMut(PartyId) -> bool) -> Vec<Absent<'l, R>> {
        let mut absent = Vec::new();
        for (base_at, towns) in &self.join.full {
            let Was::Resident(master) = self.life.was(*base_at) else {
                continue;
            };
            let places = master.municipality().and_then(|code| towns.get(&code));
            for place in places.into_iter().flatten() {
                let facts = usize::try_from(*place).ok().and_then(|at| self.join.extracts.get(at));
                let (Some(facts), false) = (facts, self.listed.contains(place)) else {
                    continue;
                };
                let own = |code| self.join.offices.answers_for(facts.sender, code);
                let leaves = |was: Was<'_, R>| class_of(&was, own).is_some();
                let evidence = near(facts, in_held_file(facts.sender))
                    .with(Evidence::SENDER_NEWER)
                    .with(Evidence::LATER_EQUAL.when(self.life.later(*base_at).any(leaves)));
                absent.push(Absent {
                    place: *place,
                    outcome: Outcome {
                        record_no: 0,
                        shown: ShortText::new(&self.code.text()).unwrap_or_default(),
                        what: What::Person(Class::OnlyInMaster, evidence.cause()),
                    },
                    master,
                });
            }
        }
        absent
    }

    /// The places of the extracts that listed the code.
    pub fn listed(&self) -> &BTreeSet<u32> {
        &self.listed
    }
}

/// What surrounds a difference.
fn near(facts: &ExtractFacts, in_held_file: bool) -> Evidence {
    Evidence::IN_HELD_FILE
        .when(in_held_file)
        .with(Evidence::GAP.when(facts.has_gap))
}

/// The class of a sound record, as far as the state of its code decides it; `None` where the items do.
fn class<R: Seen>(had_sound: bool, was: &Was<'_, R>, own: impl Fn(MunicipalityCode) -> bool) -> Option<Class> {
    if had_sound {
        return Some(Class::DuplicateInExtract);
    }
    class_of(was, own)
}

/// 60, 20, 40, 50; `None` for a resident of the sender.
fn class_of<R: Seen>(was: &Was<'_, R>, own: impl Fn(MunicipalityCode) -> bool) -> Option<Class> {
    match was {
        Was::Retired => Some(Class::CodeRetired),
        Was::Unknown => Some(Class::OnlyInExtract),
        Was::Removed => Some(Class::RemovedInMaster),
        Was::Resident(row) if row.municipality().is_some_and(own) => None,
        Was::Resident(_) => Some(Class::OtherMunicipality),
    }
}
