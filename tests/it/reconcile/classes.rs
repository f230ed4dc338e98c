//! Every class, the order of precedence, and the register as of `base_at` (rules section 4, S23).

use std::collections::BTreeSet;

use sekisho::domain::difference::{Cause, Class, Sum};
use sekisho::domain::ids::{JuminCode, PartyId};
use sekisho::domain::instant::Instant;
use sekisho::pipeline::check::{FileFacts, RecordKind, Registers, check};
use sekisho::pipeline::reconcile::{ExtractFacts, Join, JoinFault, Lifeline, Listed, Outcome, Scope, What};

use super::walk::reconcile;
use crate::rules::town::{
    AKITA, ANNA, BEN, CHIE, DAY, Draft, MERGED, Master, N1, N2, N3, NOSHIRO, code, day, draft, offices, places,
    prefecture, with_anna,
};

/// Codes and numbers of section 1 for further persons.
pub(crate) const DAN: &str = "10000000030";
pub(crate) const EMI: &str = "10000000090";
pub(crate) const N4: &str = "983205673214";
pub(crate) const N5: &str = "123456789018";

/// A time of the day, hours and minutes.
pub(crate) fn at(clock: &str) -> Instant {
    Instant::parse(&format!("{DAY}{clock}00000")).unwrap()
}

/// The records of an extract of `sender`.
pub(crate) fn listed(sender: &str, drafts: &[Draft]) -> Vec<Listed> {
    let file = FileFacts {
        kind: RecordKind::Extract,
        sender: PartyId::parse(sender).unwrap(),
        serial: 1,
        created_at: at("2300"),
        business_date: day(DAY),
    };
    let (prefecture, offices) = (prefecture(), offices());
    let registers = Registers {
        prefecture: &prefecture,
        offices: &offices,
    };
    (1..)
        .zip(drafts)
        .map(|(number, draft)| Listed::from(check(draft.record(number), &places(), &file, registers)))
        .collect()
}

/// An extract of Akita city as of a time of the day.
pub(crate) fn extract(clock: &str, scope: Scope, drafts: &[Draft]) -> (ExtractFacts, Vec<Listed>) {
    let facts = ExtractFacts {
        sender: PartyId::parse(AKITA).unwrap(),
        base_at: at(clock),
        scope,
        has_gap: false,
    };
    (facts, listed(AKITA, drafts))
}

/// What one extract finds.
pub(crate) fn found(master: &Master, extract: (ExtractFacts, Vec<Listed>)) -> Vec<Outcome> {
    reconcile(master, &offices(), &[extract], &BTreeSet::new()).remove(0)
}

/// `match`, `20`, `10:7,15`, `90:C001/1`; an absent person with its code.
pub(crate) fn told(outcomes: &[Outcome]) -> Vec<String> {
    let one = |outcome: &Outcome| match &outcome.what {
        What::Match => "match".to_owned(),
        What::Person(class, _) if outcome.record_no == 0 => format!("{} {}", class.number(), &*outcome.shown),
        What::Person(class, _) => class.number().to_string(),
        What::Items(items) => {
            let numbers: Vec<String> = items.iter().map(|one| one.item.number().to_string()).collect();
            format!("10:{}", numbers.join(","))
        }
        What::Invalid(findings) => {
            let codes: Vec<String> = findings
                .iter()
                .map(|finding| format!("{}/{}", finding.code.as_str(), finding.item.unwrap_or(0)))
                .collect();
            format!("90:{}", codes.join(","))
        }
    };
    outcomes.iter().map(one).collect()
}

fn person(sender: &'static str, of: &str, number: &str) -> Draft {
    draft(sender, "16").of(of).with(9, number)
}

/// Anna, Ben and Chie live in Akita city since 09:00.
fn three() -> Master {
    let mut master = Master::default();
    for (of, number) in [(ANNA, N1), (BEN, N2), (CHIE, N3)] {
        master.must(person(AKITA, of, number));
    }
    master
}

#[test]
fn scenario_23() {
    let mut master = three();
    master.must(person(AKITA, CHIE, N3).with(10, "23").at("0930"));
    master.must(person(AKITA, EMI, N5));
    let extract = extract(
        "1200",
        Scope::Full,
        &[
            person(AKITA, ANNA, N1),
            person(AKITA, BEN, N2).with(7, "秋田県秋田市山王二丁目"),
            person(AKITA, DAN, N4),
            person(AKITA, CHIE, N3),
        ],
    );
    let outcomes = found(&master, extract);
    assert_eq!(told(&outcomes), ["match", "10:7", "20", "40", &format!("30 {EMI}")]);
    let sums: Vec<Sum> = outcomes.iter().map(Outcome::sum).collect();
    let of = Sum::Of;
    assert_eq!(
        sums,
        [
            Sum::Match,
            of(Class::Diff),
            of(Class::OnlyInExtract),
            of(Class::RemovedInMaster),
            of(Class::OnlyInMaster)
        ]
    );
}

#[test]
fn every_compared_item_and_no_other() {
    let master = with_anna();
    let base = || draft(AKITA, "16").with(11, "20200901").with(18, "20200901090000000");
    let other = [
        (2, "佐藤　華子"),
        (4, "さとう　かこ"),
        (5, "319800204"),
        (6, "1"),
        (7, "秋田県秋田市山王二丁目"),
        (9, N2),
        (15, "001002"),
        (23, "001"),
        (24, "001"),
        (25, "田中"),
        (27, "たなか"),
        (28, "001"),
    ];
    for (number, text) in other {
        let outcomes = found(&master, extract("1200", Scope::Listed, &[base().with(number, text)]));
        assert_eq!(told(&outcomes), [format!("10:{number}")]);
    }
    // A count goes with its text, or the record is INVALID.
    let gaiji = base().with(2, "〓藤　花子").with(3, "001").with(20, "1");
    let outcomes = found(
        &master,
        extract("1200", Scope::Listed, &[gaiji.placeholders([1, 0, 0])]),
    );
    assert_eq!(told(&outcomes), ["10:2,3"]);
    for (number, text) in [
        (10, "31"),
        (11, "20200914"),
        (16, "OP2"),
        (17, "T2"),
        (18, "20200914100000000"),
        (19, "20200914"),
        (22, "000009"),
    ] {
        let outcomes = found(&master, extract("1200", Scope::Listed, &[base().with(number, text)]));
        assert_eq!(told(&outcomes), ["match"], "item {number}");
    }
    // Blank counts, serials and 大字 code are zero; the master's 15 is not.
    let blank = [3, 8, 23, 24, 26, 28]
        .into_iter()
        .fold(base(), |draft, number| draft.with(number, ""));
    assert_eq!(
        told(&found(&master, extract("1200", Scope::Listed, &[blank]))),
        ["match"]
    );
}

#[test]
fn name_and_birth_date_together_are_another_person() {
    let master = with_anna();
    let base = || draft(AKITA, "16").with(2, "山田　太郎").with(6, "1");
    let one = |draft| told(&found(&master, extract("1200", Scope::Listed, &[draft])));
    assert_eq!(one(base()), ["10:2,6"]);
    assert_eq!(one(base().with(5, "319700101")), ["70"]);
    // The era digit is part of item 5 here.
    assert_eq!(one(base().with(5, "019800203")), ["70"]);
}

#[test]
fn a_retired_code_another_town_and_an_unknown_code() {
    let mut master = three();
    master.must(person(AKITA, DAN, N1).with(10, "51").old_code(ANNA).at("1000"));
    master.must(person(AKITA, BEN, N2).with(10, "21").at("1000"));
    master.must(person(NOSHIRO, BEN, N2).with(10, "11").at("1030"));
    let drafts = [person(AKITA, ANNA, N1), person(AKITA, BEN, N2), person(AKITA, EMI, N5)];
    let outcomes = found(&master, extract("1200", Scope::Full, &drafts));
    let absent = [format!("30 {DAN}"), format!("30 {CHIE}")];
    assert_eq!(told(&outcomes), ["60", "50", "20", &absent[0], &absent[1]]);
    // Absent persons stand in the order of their codes, whatever the order of the register's changes.
    assert!(code(DAN) < code(CHIE));
}

#[test]
fn of_two_records_the_first_sound_one_is_judged() {
    let master = three();
    let bad = || person(AKITA, ANNA, N1).with(6, "9");
    let good = || person(AKITA, ANNA, N1);
    let one = |drafts: &[Draft]| told(&found(&master, extract("1200", Scope::Listed, drafts)));
    assert_eq!(one(&[good(), good(), good()]), ["match", "80", "80"]);
    assert_eq!(one(&[bad(), good(), good()]), ["90:C006/6", "match", "80"]);
    assert_eq!(one(&[good(), bad()]), ["match", "90:C006/6"], "90 comes before 80");
    assert_eq!(
        one(&[person(AKITA, DAN, N4), good(), person(AKITA, DAN, N4)]),
        ["20", "match", "80"],
        "80 comes before 20"
    );
}

#[test]
fn all_findings_of_an_invalid_record_and_whom_it_lists() {
    let master = three();
    let drafts = [
        person(AKITA, ANNA, N1).with(6, "9").with(20, "1"),
        person(AKITA, "24846016225", N2),
        person(AKITA, CHIE, N3).with(14, NOSHIRO),
    ];
    let outcomes = found(&master, extract("1200", Scope::Full, &drafts));
    // Ben's own code is nowhere: item 1 of the second record is wrong.
    let absent = format!("30 {BEN}");
    assert_eq!(
        told(&outcomes),
        ["90:C006/6,C008/20", "90:C001/1", "90:C010/14", &absent]
    );
    // No C009: a blank number is a value like any other.
    let outcomes = found(
        &master,
        extract("1200", Scope::Listed, &[person(AKITA, ANNA, "").with(10, "11")]),
    );
    assert_eq!(told(&outcomes), ["10:9"]);
}

#[test]
fn a_list_has_no_absent_persons_and_another_town_has_its_own() {
    let master = three();
    let none = extract("1200", Scope::Listed, &[]);
    assert_eq!(told(&found(&master, none)), Vec::<String>::new());
    let full = extract("1200", Scope::Full, &[]);
    let noshiro = ExtractFacts {
        sender: PartyId::parse(NOSHIRO).unwrap(),
        ..full.0
    };
    let drafts = listed(NOSHIRO, &[person(NOSHIRO, ANNA, N1)]);
    let outcomes = reconcile(&master, &offices(), &[full, (noshiro, drafts)], &BTreeSet::new());
    let absent: Vec<String> = [ANNA, BEN, CHIE].iter().map(|code| format!("30 {code}")).collect();
    assert_eq!(told(&outcomes[0]), absent);
    assert_eq!(told(&outcomes[1]), ["50"]);
}

#[test]
fn a_merged_municipality_is_the_senders_own() {
    let mut master = Master::default();
    let mut merged = person(AKITA, ANNA, N1).with(14, MERGED);
    merged.sender = AKITA;
    master.must(merged);
    let outcomes = found(&master, extract("1200", Scope::Full, &[person(AKITA, ANNA, N1)]));
    assert_eq!(told(&outcomes), ["10:14"]);
    let outcomes = found(&master, extract("1200", Scope::Full, &[]));
    assert_eq!(told(&outcomes), [format!("30 {ANNA}")]);
}

#[test]
fn as_of_a_removal_that_was_taken_back() {
    let mut master = three();
    master.must(person(AKITA, ANNA, N1).with(10, "23").at("1000"));
    assert!(master.send(person(AKITA, ANNA, N1).at("1100")).starts_with('W'));
    for (clock, want) in [
        ("0859", "20"),
        ("0900", "match"),
        ("0959", "match"),
        ("1000", "40"),
        ("1059", "40"),
        ("1100", "match"),
    ] {
        let outcomes = found(&master, extract(clock, Scope::Listed, &[person(AKITA, ANNA, N1)]));
        assert_eq!(told(&outcomes), [want], "{clock}");
    }
    // While removed nobody misses the person.
    let others = [person(AKITA, BEN, N2), person(AKITA, CHIE, N3)];
    assert_eq!(told(&found(&master, extract("1030", Scope::Full, &others))).len(), 2);
    assert_eq!(told(&found(&master, extract("1100", Scope::Full, &others))).len(), 3);
}

#[test]
fn as_of_the_time_before_a_change_of_code() {
    let mut master = with_anna();
    master.must(draft(AKITA, "51").of(BEN).old_code(ANNA).at("1000"));
    let both = |clock| {
        let drafts = [draft(AKITA, "16"), draft(AKITA, "16").of(BEN)];
        told(&found(&master, extract(clock, Scope::Full, &drafts)))
    };
    assert_eq!(both("0959"), ["match", "20"]);
    assert_eq!(both("1000"), ["60", "match"]);
    let outcomes = found(&master, extract("1000", Scope::Full, &[draft(AKITA, "16")]));
    assert_eq!(told(&outcomes), ["60".to_owned(), format!("30 {BEN}")]);
}

#[test]
fn of_two_versions_with_one_time_the_later_applied_counts() {
    let mut master = with_anna();
    let moved = |address: &str, seq: &str| draft(AKITA, "31").with(7, address).with(22, seq).at("1000");
    master.must(moved("秋田県秋田市山王二丁目", "000002"));
    master.must(moved("秋田県秋田市山王三丁目", "000003"));
    let one = |address: &str| {
        told(&found(
            &master,
            extract("1000", Scope::Listed, &[moved(address, "000003")]),
        ))
    };
    assert_eq!(one("秋田県秋田市山王三丁目"), ["match"]);
    assert_eq!(one("秋田県秋田市山王二丁目"), ["10:7"]);
}

#[test]
fn a_thousand_notices_newer_than_the_extract_make_no_difference() {
    let mut master = Master::default();
    let codes: Vec<String> = (0..1000u64)
        .map(|body| JuminCode::from_body(2_000_000_000 + body).unwrap().text())
        .collect();
    let entry = |code: &str| draft(AKITA, "16").of(code).with(9, "");
    let entries: Vec<Draft> = codes.iter().map(|code| entry(code)).collect();
    assert!(master.run(&entries).iter().all(|fate| fate == "A"));
    let moves: Vec<Draft> = codes
        .iter()
        .map(|code| entry(code).with(10, "31").with(7, "秋田県秋田市山王二丁目").at("1000"))
        .collect();
    assert!(master.run(&moves).iter().all(|fate| fate == "A"));
    let outcomes = found(&master, extract("0930", Scope::Full, &entries));
    assert_eq!(outcomes.len(), 1000);
    assert!(outcomes.iter().all(|outcome| outcome.what == What::Match));
    // As of a later time the same extract differs everywhere.
    let outcomes = found(&master, extract("1000", Scope::Full, &entries));
    assert!(
        outcomes
            .iter()
            .all(|outcome| outcome.cause() == Some(Cause::TrueDifference))
    );
}

#[test]
fn records_out_of_order_are_refused() {
    let offices = offices();
    let (facts, records) = extract("1200", Scope::Full, &[person(AKITA, ANNA, N1), person(AKITA, ANNA, N1)]);
    let join = Join::new(&offices, vec![facts]);
    let life: Lifeline<sekisho::domain::row::Row> = Lifeline::default();
    let mut at_code = join.at(code(ANNA), &life);
    assert!(at_code.take(0, records[1].clone(), false).is_ok());
    let fault = at_code.take(0, records[0].clone(), false).err();
    assert_eq!(fault, Some(JoinFault::Order { place: 0, record_no: 1 }));
    let fault = at_code.take(1, records[1].clone(), false).err();
    assert_eq!(fault, Some(JoinFault::NoExtract { place: 1 }));
}
