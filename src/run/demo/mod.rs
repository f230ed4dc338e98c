//! `demo`: a demonstration prefecture with built-in synthetic data (no real person).
//!
//! [`DemoWorld`] is the outside world of a site: 25 municipalities that send an initial load and then one update file a
//! day, with a share of bad records and now and then a bad file. Everything follows from a seed. With each file it
//! tells what a site must make of it; that is worked out from how the records were made, not by the rules of the
//! pipeline, so the two can be compared.

mod calendar;
mod day;
mod desk;
mod draw;
mod events;
mod faults;
mod glyphs;
mod odd;
mod parties;
mod people;
mod scenes;
mod sheet;
mod tables;
mod world;
mod writer;

use std::collections::VecDeque;
use std::io;

use crate::domain::code::Code;
use crate::domain::ids::PartyId;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::item::Item;
use calendar::Day;
use day::Held;
use draw::Draw;
use faults::Fault;
use odd::Oddity;
use people::People;
use world::World;

pub use parties::GaijiCsv;

/// Party id of the demonstration's own site, the server of Akita prefecture.
pub const OWN: &str = "050008";
/// Party id of the national body.
pub const NATIONAL: &str = "N0000001";
/// Environment of the demonstration's files: training.
pub const ENVIRONMENT: u8 = b'T';

/// Most residents that can be asked for.
pub const MOST_RESIDENTS: u32 = 20_000_000;
/// Records that an initial file is handed on in: 1.4 MB.
const PIECE_RECORDS: u32 = 1000;

/// Why the demonstration could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DemoFault {
    /// A table written into the program cannot be read.
    #[error("demonstration table {file}, line {line}")]
    Table {
        /// Name of the table.
        file: &'static str,
        /// Line, from 1.
        line: usize,
    },
    /// A record does not fit the layout.
    #[error("a record of the demonstration does not fit the layout")]
    Layout,
    /// More residents, codes or days than there is room for.
    #[error("too many residents or days for the demonstration")]
    TooMany,
    /// The receiver of the bytes failed.
    #[error("writing a file of the demonstration: {0}")]
    Write(io::ErrorKind),
}

/// Sums over the records of one file, as a RES has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExpectedCounts {
    /// Type 2 records.
    pub records: u32,
    /// Applied without a finding.
    pub applied: u32,
    /// Applied with warnings.
    pub warned: u32,
    /// Rejected.
    pub rejected: u32,
    /// The same notice as one applied before.
    pub duplicate: u32,
}

/// One finding that a record must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExpectedFinding {
    /// Number of the record, from 1.
    pub record_no: u32,
    /// What must be found.
    pub code: Code,
    /// Item of the finding.
    pub item: Option<Item>,
}

/// What must become of a file in the run of the day on which it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its records are judged.
    Judged,
    /// It is held; on day `released` (if any) what arrives then lets its records be judged.
    Held {
        /// Why.
        code: Code,
        /// Day on which this very file is judged, `None` where it never is.
        released: Option<u32>,
    },
    /// It is rejected as a whole.
    Rejected(Code),
    /// It is the same file as one answered before.
    Repeated,
}

/// One file to be put into the inbound folder of its party.
#[derive(Clone)]
pub struct DemoFile {
    /// Party whose folder it goes into.
    pub party: PartyId,
    /// File name.
    pub name: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// What must become of it on arrival.
    pub fate: Fate,
    /// Sums of its records in the run that judges them; `None` where none does.
    pub expected: Option<ExpectedCounts>,
    /// Findings of its records, in the order of a RES; empty where `expected` is `None`.
    pub findings: Vec<ExpectedFinding>,
    /// What is special about the file, in English, empty for an ordinary one.
    pub note: &'static str,
}

/// The files of one day.
#[derive(Clone)]
pub struct DemoDay {
    /// Number of the day, from 1.
    pub number: u32,
    /// Business date of the run.
    pub date: BusinessDate,
    /// What arrives, sorted by party and name.
    pub files: Vec<DemoFile>,
    /// Names of files that were held on an earlier day and are judged on this one.
    pub released: Vec<String>,
}

/// An initial file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitialFile {
    /// Party whose folder it goes into.
    pub party: PartyId,
    /// File name.
    pub name: String,
    /// Bytes written.
    pub len_bytes: u64,
    /// Sums of its records.
    pub expected: ExpectedCounts,
}

/// How big the demonstration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DemoOptions {
    /// Everything follows from it.
    pub seed: u64,
    /// Residents of the initial load, at most [`MOST_RESIDENTS`].
    pub residents: u32,
    /// Daily notices per 1,000 residents.
    pub notices_per_mille: u32,
    /// Bad records per 1,000 records.
    pub bad_per_mille: u32,
    /// Day of the initial load; the first day of updates is the next working day.
    pub initial_date: BusinessDate,
}

impl DemoOptions {
    /// The usual options: 10 notices a day per 1,000 residents, 5 % of them bad; initial load on Sunday 2025-06-01.
    pub fn new(seed: u64, residents: u32) -> Result<Self, DemoFault> {
        let initial_date = calendar::business(calendar::day(2025, 6, 1)).ok_or(DemoFault::TooMany)?;
        Ok(Self {
            seed,
            residents,
            notices_per_mille: 10,
            bad_per_mille: 50,
            initial_date,
        })
    }
}

/// The municipalities and what they send.
#[derive(Debug)]
pub struct DemoWorld {
    options: DemoOptions,
    world: World,
    date: Day,
    day: u32,
    serials: Vec<u32>,
    held: Vec<Held>,
    faults: VecDeque<Fault>,
    oddities: VecDeque<Oddity>,
    repeatable: Vec<DemoFile>,
}

impl DemoWorld {
    /// The world with the usual options.
    pub fn new(seed: u64, residents: u32) -> Result<Self, DemoFault> {
        Self::with_options(DemoOptions::new(seed, residents)?)
    }

    /// The world before its first day.
    pub fn with_options(options: DemoOptions) -> Result<Self, DemoFault> {
        if options.residents > MOST_RESIDENTS {
            return Err(DemoFault::TooMany);
        }
        let date = calendar::read(&options.initial_date.to_string()).ok_or(DemoFault::TooMany)?;
        let people = People::new(options.seed, options.residents, date)?;
        let towns = people.tables.municipalities.len();
        Ok(Self {
            world: World::new(people, options.residents),
            options,
            date,
            day: 0,
            serials: vec![1; towns],
            held: Vec::new(),
            faults: VecDeque::new(),
            oddities: VecDeque::new(),
            repeatable: Vec::new(),
        })
    }

    /// The options it was made with.
    pub fn options(&self) -> &DemoOptions {
        &self.options
    }

    /// Number of municipalities; they are numbered from 0 in the order of their codes.
    pub fn town_count(&self) -> usize {
        self.world.people.tables.municipalities.len()
    }

    /// Writes the initial file (serial 1) of a municipality piece by piece: at a million residents the biggest one
    /// has 450 MB, and only one piece of it is in memory.
    pub fn write_initial(
        &self,
        town: usize,
        sink: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<InitialFile, DemoFault> {
        let people = &self.world.people;
        let place = people.town(town).ok_or(DemoFault::TooMany)?;
        let (start, count) = people.range(town);
        let initial_date = calendar::number(people.initial);
        let head = writer::Head {
            serial: 1,
            created_at: Instant::from_value(initial_date * 1_000_000_000 + 60_000_000).ok_or(DemoFault::TooMany)?,
            environment: ENVIRONMENT,
        };
        let mut file = people.press.begin(place, head)?;
        let mut expected = ExpectedCounts {
            records: count,
            ..ExpectedCounts::default()
        };
        let (mut len_bytes, mut waiting) = (0_u64, 0);
        let mut hand_on = |piece: Vec<u8>| {
            len_bytes += piece.len() as u64;
            sink(&piece).map_err(|fault| DemoFault::Write(fault.kind()))
        };
        for id in start..start + count {
            let row = people.initial_row(town, id)?;
            if row.is_blank(Item::KanaName) {
                expected.warned += 1;
            } else {
                expected.applied += 1;
            }
            writer::put(&mut file, &row, "", "")?;
            waiting += 1;
            if waiting == PIECE_RECORDS {
                waiting = 0;
                hand_on(file.take())?;
            }
        }
        hand_on(file.finish().map_err(|_| DemoFault::Layout)?)?;
        Ok(InitialFile {
            party: place.party,
            name: file_name(place.party.as_str(), 1),
            len_bytes,
            expected,
        })
    }

    /// The initial file of a municipality as a whole.
    pub fn initial_file(&self, town: usize) -> Result<DemoFile, DemoFault> {
        let mut bytes = Vec::new();
        let written = self.write_initial(town, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        let findings = (1_u32..)
            .zip(self.unread_residents(town)?)
            .filter(|(_, unread)| *unread)
            .map(|(record_no, _)| ExpectedFinding {
                record_no,
                code: Code::W209,
                item: Some(Item::KanaName),
            })
            .collect();
        Ok(DemoFile {
            party: written.party,
            name: written.name,
            bytes,
            fate: Fate::Judged,
            expected: Some(written.expected),
            findings,
            note: "",
        })
    }

    fn unread_residents(&self, town: usize) -> Result<Vec<bool>, DemoFault> {
        let (start, count) = self.world.people.range(town);
        (start..start + count)
            .map(|id| {
                self.world
                    .people
                    .initial_row(town, id)
                    .map(|row| row.is_blank(Item::KanaName))
            })
            .collect()
    }

    /// The initial files, one at a time.
    pub fn initial_files(&self) -> impl Iterator<Item = Result<DemoFile, DemoFault>> + '_ {
        (0..self.town_count()).map(|town| self.initial_file(town))
    }

    fn draw(&self, room: u64) -> Draw {
        Draw::of(self.options.seed, 1 << 20 | room, u64::from(self.day))
    }
}

/// `UPD-SENDER-OWN-SERIAL.dat`.
fn file_name(sender: &str, serial: u32) -> String {
    format!("UPD-{sender}-{OWN}-{serial:08}.dat")
}
