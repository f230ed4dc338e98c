//! The steps of `pipeline::reconcile` on the register of the rules' tests, with sorted maps where a run has its sortings.

use std::collections::{BTreeMap, BTreeSet};

use sekisho::domain::asof::Retirement;
use sekisho::domain::entry::Standing;
use sekisho::domain::ids::JuminCode;
use sekisho::domain::item::Item;
use sekisho::domain::municipality::Offices;
use sekisho::domain::row::Row;
use sekisho::format::parcel::{Packer, Unpacker};
use sekisho::pipeline::reconcile::{
    ExtractFacts, Found, Join, Lifeline, Listed, Outcome, Snapshot, compared, listed_key, outcome_key,
};

use crate::rules::town::Master;

/// Everything that the register knows, by code.
pub(crate) fn lifelines(master: &Master) -> BTreeMap<JuminCode, Lifeline<Row>> {
    let snapshot = |row: &Row| Snapshot {
        timestamp: row.timestamp(),
        is_removed: row.get(Item::DeletedFlag) == "1",
        row: row.clone(),
    };
    let mut lives: BTreeMap<JuminCode, Lifeline<Row>> = BTreeMap::new();
    let mut versions: Vec<_> = master.versions.iter().collect();
    versions.sort_by_key(|version| (version.code, version.number));
    for version in &versions {
        let life = lives.entry(version.code).or_default();
        life.snapshots.push(snapshot(&version.row));
    }
    for entry in master.entries.values() {
        let life = lives.entry(entry.code).or_default();
        match &entry.standing {
            Standing::Resident(row) | Standing::Removed(row) => life.snapshots.push(snapshot(row)),
            Standing::Retired { target } => {
                let last = versions.iter().rfind(|version| version.code == entry.code);
                life.retirement = last.map_or(Retirement::Always, |last| Retirement::Since(last.replaced_at));
                life.target = Some(*target);
            }
        }
    }
    lives
}

/// What one run finds: by place of the extract, the outcomes in the order of its RCR, MATCH included.
pub(crate) fn reconcile(
    master: &Master,
    offices: &Offices,
    extracts: &[(ExtractFacts, Vec<Listed>)],
    held: &BTreeSet<JuminCode>,
) -> Vec<Vec<Outcome>> {
    let join = Join::new(offices, extracts.iter().map(|(facts, _)| *facts).collect());
    let mut outcomes: BTreeMap<Vec<u8>, Outcome> = BTreeMap::new();
    let mut sorted: BTreeMap<(Vec<u8>, usize), (u32, Vec<u8>)> = BTreeMap::new();
    for (place, (_, records)) in (0u32..).zip(extracts) {
        for (order, listed) in records.iter().enumerate() {
            let mut packer = Packer::default();
            listed.pack(&mut packer);
            let unpacked = Listed::unpack(&mut Unpacker::new(packer.bytes()));
            assert_eq!(unpacked.as_ref(), Some(listed));
            if let Some(code) = listed.code {
                let key = (listed_key(code, place).to_vec(), order);
                sorted.insert(key, (place, packer.bytes().to_vec()));
            } else {
                let outcome = Outcome::of_unreadable(listed.clone()).unwrap();
                outcomes.insert(outcome_key(place, listed.record_no, None).to_vec(), outcome);
            }
        }
    }
    let lives = lifelines(master);
    let mut of_codes: BTreeMap<JuminCode, Vec<(u32, Listed)>> = lives.keys().map(|code| (*code, Vec::new())).collect();
    for (place, bytes) in sorted.into_values() {
        let listed = Listed::unpack(&mut Unpacker::new(&bytes)).unwrap();
        of_codes.entry(listed.code.unwrap()).or_default().push((place, listed));
    }
    let unknown = Lifeline::default();
    for (code, records) in of_codes {
        let mut at = join.at(code, lives.get(&code).unwrap_or(&unknown));
        for (place, listed) in records {
            let outcome = match at.take(place, listed, held.contains(&code)).unwrap() {
                Found::Decided { outcome, .. } => outcome,
                Found::Compare {
                    record_no,
                    shown,
                    extract,
                    master,
                    later,
                    near,
                } => compared(record_no, shown, &extract, master, &later, near),
            };
            outcomes.insert(outcome_key(place, outcome.record_no, None).to_vec(), outcome);
        }
        for absent in at.absent(|_| held.contains(&code)) {
            outcomes.insert(outcome_key(absent.place, 0, Some(code)).to_vec(), absent.outcome);
        }
    }
    let mut of_extracts = vec![Vec::new(); extracts.len()];
    for (key, outcome) in outcomes {
        let mut packer = Packer::default();
        outcome.pack(&mut packer);
        assert_eq!(
            Outcome::unpack(&mut Unpacker::new(packer.bytes())).as_ref(),
            Some(&outcome)
        );
        let place = u32::from_be_bytes(key[..4].try_into().unwrap());
        of_extracts[usize::try_from(place).unwrap()].push(outcome);
    }
    of_extracts
}
