//! Properties over random runs: sums, repetition, order of files, rows that nothing touched.

use proptest::prelude::*;
use sekisho::domain::ids::JuminCode;
use sekisho::domain::reason::Reason;

use super::town::{AKITA, DAY, Draft, Master, N1, N2, N3, NOSHIRO, YOKOTE, draft};

const TOWNS: [&str; 3] = [AKITA, NOSHIRO, YOKOTE];
const NUMBERS: [&str; 4] = ["", N1, N2, N3];

fn code_of(index: u64) -> String {
    JuminCode::from_body(2_000_000_000 + index).unwrap().text()
}

/// A notice that is right in form and as likely as not wrong in substance.
fn any_draft() -> impl Strategy<Value = Draft> {
    let who = (0..6_u64, 0..6_u64, 0..TOWNS.len(), 0..NUMBERS.len(), 0..NUMBERS.len());
    let what = (0..Reason::ALL.len(), 0..40_u32, 0..4_u32, 0..3_u32, 0..2_u32, 1..4_u32);
    (who, what).prop_map(
        |((code, old, town, number, old_number), (reason, minute, seq, name, aza, file))| {
            let reason = Reason::ALL[reason].code();
            let name = ["佐藤　花子", "鈴木　花子", "高橋　花子"][usize::try_from(name).unwrap()];
            let mut draft = draft(TOWNS[town], reason)
                .of(&code_of(code))
                .at(&format!("09{minute:02}"))
                .with(2, name)
                .with(7, &format!("秋田県{}", ["一", "二"][usize::try_from(aza).unwrap()]))
                .with(9, NUMBERS[number])
                .with(22, &format!("{seq:06}"))
                .old_number(NUMBERS[old_number])
                .file(file);
            if matches!(reason, "51" | "52") && old % 3 != 0 {
                draft = draft.old_code(&code_of(old));
            }
            draft
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The sums are tested in the run and once more by the master of the tests; here: over several runs.
    #[test]
    fn sums_add_up_over_many_runs(runs in proptest::collection::vec(proptest::collection::vec(any_draft(), 0..60), 1..4)) {
        let mut master = Master::default();
        for drafts in runs {
            let (fates, applied) = master.run_on(DAY, &drafts);
            let applied_count = fates.iter().filter(|fate| fate.starts_with(['A', 'W'])).count();
            prop_assert_eq!(applied.ntf.len(), applied_count);
            prop_assert_eq!(applied.changes.notices.len(), applied_count);
            for record in &applied.ntf {
                prop_assert!(applied.row_after(record).is_some());
            }
        }
        for entry in master.entries.values() {
            let numbers: Vec<u32> = master.versions.iter().filter(|version| version.code == entry.code).map(|version| version.number).collect();
            prop_assert_eq!(numbers, (0..entry.versions).collect::<Vec<_>>());
        }
    }

    /// What was applied is a duplicate the second time, and nothing changes.
    #[test]
    fn applied_twice_is_a_duplicate(drafts in proptest::collection::vec(any_draft(), 0..60)) {
        let mut master = Master::default();
        let first = master.run(&drafts);
        let applied: Vec<Draft> = drafts.iter().zip(&first).filter(|(_, fate)| fate.starts_with(['A', 'W'])).map(|(draft, _)| draft.clone()).collect();
        let before = master.clone();
        for fate in master.run(&applied) {
            prop_assert_eq!(fate, "D");
        }
        prop_assert_eq!(&master.entries, &before.entries);
        prop_assert_eq!(&master.versions, &before.versions);
    }

    /// Files come in the order of their names; the result does not depend on it.
    #[test]
    fn the_order_of_files_does_not_matter(drafts in proptest::collection::vec(any_draft(), 0..60)) {
        // A record's number is its place in the list, so only whole runs of equal records may change places: the
        // planner is given the same notices in the opposite order instead.
        let mut forward = Master::default();
        let (fates, applied) = forward.run_on(DAY, &drafts);
        let backward = super::town::run_reversed(&drafts);
        prop_assert_eq!(&applied.records, &backward.records);
        prop_assert_eq!(&applied.changes.entries, &backward.changes.entries);
        prop_assert_eq!(&applied.ntf, &backward.ntf);
        prop_assert_eq!(fates.len(), drafts.len());
    }

    /// No two persons have one number, whatever was sent.
    #[test]
    fn a_number_has_one_person(drafts in proptest::collection::vec(any_draft(), 0..80)) {
        let mut master = Master::default();
        master.run(&drafts);
        let mut seen = std::collections::BTreeMap::new();
        for entry in master.entries.values() {
            if let Some(number) = entry.row().and_then(sekisho::domain::row::Row::my_number) {
                prop_assert_eq!(seen.insert(number, entry.code), None);
            }
        }
    }
}
