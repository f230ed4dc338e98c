//! The report of a reconciliation run: JSON for programs, one HTML page for people, printable on A4, with a trend as inline
//! SVG. Counts only: no code, no name of a person, no value of an item is put in, so none can come out.

mod page;
mod trend;

use serde_json::{Map, Value, json};

use crate::domain::difference::{Cause, CauseSums, Class, Event, ReconcileSums, Sum};
use crate::domain::ids::PartyId;
use crate::domain::instant::{BusinessDate, Instant};

pub use page::html;
pub use trend::chart;

/// Ages of open differences: up to so many days; the last band has no end.
pub const AGE_BANDS: [u32; 4] = [7, 30, 90, u32::MAX];

/// One extract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// Sender.
    pub party: PartyId,
    /// Name of the municipality.
    pub name: String,
    /// Serial of the extract.
    pub serial: u32,
    /// `base_at`.
    pub base_at: Instant,
    /// True for scope F.
    pub is_full: bool,
    /// Records of the extract.
    pub records: u64,
    /// Sums by class.
    pub sums: ReconcileSums,
    /// Differing persons by likely cause.
    pub causes: CauseSums,
    /// Pairs of orphans that may be one person.
    pub pairs: u64,
    /// Differences by what happened to them, in the order of [`Event::ALL`].
    pub events: [u64; 4],
}

/// One point of the trend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Business date of the run.
    pub day: BusinessDate,
    /// Differences open after it.
    pub open: u64,
}

/// Open differences of one class by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ages {
    /// The class.
    pub class: Class,
    /// How many, by band of [`AGE_BANDS`].
    pub counts: [u64; 4],
}

/// What a report tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Business date.
    pub day: BusinessDate,
    /// Generation compared with.
    pub generation: u64,
    /// The extracts, in the order of their answers.
    pub extracts: Vec<Extract>,
    /// Open differences by class and age, over all municipalities.
    pub open: Vec<Ages>,
    /// Open differences after each run, the oldest first, this one last.
    pub trend: Vec<Point>,
}

impl Report {
    /// Sums over all extracts.
    pub fn sums(&self) -> ReconcileSums {
        let mut sums = ReconcileSums::default();
        for extract in &self.extracts {
            sums.add(&extract.sums);
        }
        sums
    }

    /// Causes over all extracts.
    pub fn causes(&self) -> CauseSums {
        let mut causes = CauseSums::default();
        for extract in &self.extracts {
            causes.add(&extract.causes);
        }
        causes
    }
}

/// The band of [`AGE_BANDS`] of a difference that has been open since a day.
pub fn age_band(open_since: BusinessDate, today: BusinessDate) -> usize {
    let days = today.midnight().millis_since(open_since.midnight()) / 86_400_000;
    AGE_BANDS
        .iter()
        .position(|most| days <= i64::from(*most))
        .unwrap_or(AGE_BANDS.len() - 1)
}

/// The report as JSON.
pub fn json(report: &Report) -> Value {
    let extracts = report.extracts.iter().map(|extract| {
        let events: Map<String, Value> = Event::ALL
            .into_iter()
            .zip(extract.events)
            .map(|(event, count)| (event.name().to_owned(), count.into()))
            .collect();
        json!({
            "party": extract.party.as_str(), "name": extract.name, "serial": extract.serial,
            "base_at": extract.base_at.to_string(), "scope": if extract.is_full { "F" } else { "L" },
            "records": extract.records, "sums": sums_json(&extract.sums), "causes": causes_json(&extract.causes),
            "pairs": extract.pairs, "events": events,
        })
    });
    let open = report
        .open
        .iter()
        .map(|ages| json!({ "class": ages.class.number(), "name": ages.class.row().name, "ages": ages.counts }));
    let trend = report
        .trend
        .iter()
        .map(|point| json!({ "day": point.day.dashed(), "open": point.open }));
    json!({
        "business_date": report.day.dashed(), "generation": report.generation,
        "extracts": extracts.collect::<Vec<_>>(),
        "sums": sums_json(&report.sums()), "causes": causes_json(&report.causes()),
        "age_bands_days": [AGE_BANDS[0], AGE_BANDS[1], AGE_BANDS[2]],
        "open": open.collect::<Vec<_>>(), "trend": trend.collect::<Vec<_>>(),
    })
}

fn sums_json(sums: &ReconcileSums) -> Value {
    let pairs = Sum::ALL
        .into_iter()
        .map(|sum| (sum.name().to_owned(), sums.get(sum).into()));
    Value::Object(pairs.collect())
}

fn causes_json(causes: &CauseSums) -> Value {
    let pairs = Cause::ALL
        .into_iter()
        .map(|cause| (cause.row().name.to_owned(), causes.get(cause).into()));
    Value::Object(pairs.collect())
}
