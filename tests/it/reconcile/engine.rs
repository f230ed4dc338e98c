//! The reconciliation of a run on a real store with room for next to nothing: it finds what the pure core finds in memory.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use sekisho::domain::difference::{CauseSums, ReconcileSums};
use sekisho::domain::entry::Changes;
use sekisho::domain::ids::PartyId;
use sekisho::domain::municipality::Offices;
use sekisho::ports::Entropy;
use sekisho::run::reconcile::{Listing, Means};
use sekisho::store::master::Master;
use sekisho::store::spill::Spill;

use sekisho::pipeline::reconcile::{Bond, ExtractFacts, Listed, Outcome, Scope};

use super::classes::{DAN, extract};
use super::walk::reconcile;
use crate::master::fixture::Store;
use crate::rules::town::{self, AKITA, ANNA, BEN, CHIE, N1, N2, N3, draft, offices};

pub(crate) struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buf: &mut [u8]) -> io::Result<()> {
        buf.fill(7);
        Ok(())
    }
}

/// What the run finds is what the core found, whatever room there is.
pub(crate) fn same(
    store: &Store,
    offices: &Offices,
    extracts: &[(ExtractFacts, Vec<Listed>)],
    found: &[Vec<Outcome>],
) -> Vec<String> {
    let master = store.open();
    let disk = &store.disk;
    let mut pairs = Vec::new();
    for (bytes, batch, spill) in [
        (1 << 20, 1000, Spill::in_memory(&Fixed)),
        (600, 1, Spill::in_memory(&Fixed)),
        (600, 2, Spill::to_folder(disk, PathBuf::from("/staging"), &Fixed)),
    ] {
        let means = Means {
            spill: &spill,
            listed_bytes: bytes,
            other_bytes: bytes,
            batch,
        };
        let again = joined(&master, offices, extracts, found, means);
        assert!(pairs.is_empty() || pairs == again);
        pairs = again;
    }
    pairs
}

fn joined(
    master: &Master,
    offices: &Offices,
    extracts: &[(ExtractFacts, Vec<Listed>)],
    found: &[Vec<Outcome>],
    means: Means<'_>,
) -> Vec<String> {
    let mut listing = Listing::new(means);
    for (place, (_, records)) in (0u32..).zip(extracts) {
        for listed in records {
            listing.add(place, listed.clone()).unwrap();
        }
    }
    let facts = extracts.iter().map(|(facts, _)| *facts).collect();
    let nobody = |_: PartyId, _| false;
    let reconciled = listing.join(master, offices, facts, &nobody).unwrap();
    let mut answers = reconciled.answers().unwrap();
    for (place, found) in (0u32..).zip(found) {
        let mut outcomes = Vec::new();
        answers
            .visit(place, &mut |outcome| {
                outcomes.push(outcome.clone());
                Ok(())
            })
            .unwrap();
        let differing: Vec<&Outcome> = found.iter().filter(|outcome| !outcome.is_match()).collect();
        assert_eq!(outcomes.iter().collect::<Vec<_>>(), differing);
        let (mut sums, mut causes) = (ReconcileSums::default(), CauseSums::default());
        for outcome in found {
            sums.count(outcome.sum());
            if let Some(cause) = outcome.cause() {
                causes.count(cause);
            }
        }
        assert_eq!((reconciled.sums(place), reconciled.causes(place)), (sums, causes));
    }
    let mut pairs = Vec::new();
    reconciled
        .pairs(&mut |pair| {
            let bonds: Vec<&str> = pair.bonds().map(Bond::name).collect();
            pairs.push(format!("{}:{} {}", pair.extract, pair.record_no, bonds.join(",")));
            Ok(())
        })
        .unwrap();
    pairs
}

/// A store with the register of the rules' tests.
pub(crate) fn stored(master: &town::Master) -> Store {
    let mut store = Store::new();
    let mut versions = master.versions.clone();
    versions.sort_by_key(|version| (version.code, version.number));
    let changes = Changes {
        entries: master.entries.values().cloned().collect(),
        versions,
        ..Changes::default()
    };
    store.commit(&changes, &[], true);
    store
}

#[test]
fn orphans_are_paired_over_the_whole_extract() {
    let mut master = town::Master::default();
    for (of, number) in [(ANNA, N1), (BEN, N2), (CHIE, N3)] {
        master.must(
            draft(AKITA, "16")
                .of(of)
                .with(9, number)
                .with(2, &format!("山田　{number}")),
        );
    }
    master.must(
        draft(AKITA, "51")
            .of(DAN)
            .old_code(CHIE)
            .with(9, N3)
            .with(2, &format!("山田　{N3}"))
            .at("1000"),
    );
    // Anna stands under another code and with another name, Chie under her old code; Ben is just not there.
    let drafts = [
        draft(AKITA, "16").of("10000000090").with(9, N1),
        draft(AKITA, "16").of(CHIE).with(9, N3).with(2, &format!("山田　{N3}")),
    ];
    let extracts = [extract("1200", Scope::Full, &drafts), extract("1200", Scope::Full, &[])];
    let found = reconcile(&master, &offices(), &extracts, &BTreeSet::new());
    let pairs = same(&stored(&master), &offices(), &extracts, &found);
    assert_eq!(pairs, ["0:1 my_number", "0:2 code_replaced,my_number,name_birth_sex"]);
}

#[test]
fn a_register_without_a_row() {
    let master = town::Master::default();
    let extracts = [extract(
        "1200",
        Scope::Full,
        &[draft(AKITA, "16"), draft(AKITA, "16").of("1")],
    )];
    let found = reconcile(&master, &offices(), &extracts, &BTreeSet::new());
    assert_eq!(found[0].len(), 2);
    let store = Store::new();
    assert_eq!(same(&store, &offices(), &extracts, &found), Vec::<String>::new());
    assert!(
        sekisho::ports::Disk::list(&store.disk, Path::new("/staging"))
            .unwrap()
            .is_empty()
    );
}
