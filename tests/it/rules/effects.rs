//! What an applied notice leaves: rows, versions, numbers, notices to the national body, sums, order of a run.

use sekisho::domain::entry::Standing;
use sekisho::domain::ids::{MyNumber, PartyId};
use sekisho::domain::item::Item;
use sekisho::domain::outcome::{RecordSums, SumFault};
use sekisho::pipeline::apply::{self, ApplyFault};
use sekisho::pipeline::plan::{Judge, Known, PlanFault};
use sekisho::text::mark::CellMark;

use super::town::{
    AKITA, ANNA, BEN, CHIE, DAY, MERGED, Master, N1, N2, NOSHIRO, YOKOTE, checked, code, day, draft, item, offices,
    with_anna,
};

/// The 28 items of the current row of a code.
fn items(master: &Master, text: &str) -> Vec<String> {
    let row = master.entry(text).row().unwrap();
    Item::ALL.into_iter().map(|item| row.get(item).to_owned()).collect()
}

#[test]
fn the_server_sets_12_13_19_and_21() {
    let mut master = Master::default();
    let sent = draft(AKITA, "16")
        .with(12, "9")
        .with(19, "00000000")
        .with(21, "9")
        .with(13, "さとうはなこ");
    assert_eq!(master.send(sent), "A");
    let set = [12, 13, 19, 21].map(|number| master.get(ANNA, number).to_owned());
    assert_eq!(set, ["0", "さとうはなこ", DAY, "0"]);
    assert_eq!(master.get(ANNA, 16), "OP000001");
}

#[test]
fn a_removal_keeps_the_masters_items() {
    let mut master = with_anna();
    let before = items(&master, ANNA);
    let removal = draft(AKITA, "26")
        .at("1000")
        .with(2, "鈴木　花子")
        .with(4, "すずき")
        .with(7, "秋田県秋田市中通")
        .with(14, MERGED)
        .with(15, "009009")
        .with(16, "OP000002")
        .with(17, "T0002")
        .with(22, "000009")
        .with(23, "005")
        .with(24, "005")
        .with(28, "005")
        .with(13, "ちかう");
    assert_eq!(master.send(removal), "W W210:13 W211:2 W211:4 W211:7 W211:14");
    let after = items(&master, ANNA);
    for (number, expected) in [
        (10, "26"),
        (11, DAY),
        (12, "2"),
        (16, "OP000002"),
        (17, "T0002"),
        (18, "20200914100000000"),
        (19, DAY),
        (21, "1"),
        (22, "000009"),
    ] {
        assert_eq!(after[item(number).index()], expected, "{number}");
    }
    for number in [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15, 20, 23, 24, 25, 26, 27, 28] {
        assert_eq!(after[item(number).index()], before[item(number).index()], "{number}");
    }
    assert_eq!(master.history(ANNA), ["1"]);
}

#[test]
fn death_has_its_own_flag_and_keeps_it_in_history() {
    let mut master = with_anna();
    master.must(draft(AKITA, "23"));
    assert_eq!(master.get(ANNA, 12), "3");
    master.must(draft(AKITA, "16").at("0910"));
    assert_eq!(master.get(ANNA, 21), "0");
    let removed = &master.versions[1];
    assert_eq!((removed.row.get(item(12)), removed.row.get(item(21))), ("3", "1"));
    // Its clock is its own item 19, which stays.
    assert_eq!(removed.row.get(item(19)), DAY);
    assert_eq!(
        master.versions.iter().map(|version| version.number).collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!(master.entry(ANNA).versions, 2);
}

#[test]
fn a_new_code_takes_the_row_and_leaves_an_alias() {
    let mut master = with_anna();
    master.must(draft(AKITA, "21"));
    master.must(draft(AKITA, "16").at("0905"));
    let (fates, applied) = master.run_on(DAY, &[draft(AKITA, "51").of(BEN).old_code(ANNA).at("0910")]);
    assert_eq!(fates, ["A"]);
    let record = &applied.ntf[0];
    assert_eq!((record.code, record.old_jumin_code), (code(BEN), Some(code(ANNA))));
    assert_eq!(applied.row_after(record).unwrap().get(item(1)), BEN);
    // The last version under the old code: superseded, its clock starts with this notice.
    let last = master.versions.last().unwrap();
    assert_eq!(
        (last.code, last.row.get(item(12)), last.row.get(item(1))),
        (code(ANNA), "1", ANNA)
    );
    assert_eq!(last.replaced_on, day(DAY));
    // The number stays the person's, and the 21 of the old code can still be confirmed under the new one.
    assert!(applied.changes.numbers.is_empty());
    let moved = master.entry(BEN).moved_out.unwrap();
    assert_eq!(moved.municipality.text(), AKITA);
    master.must(draft(AKITA, "52").of(CHIE).old_code(BEN).at("0920"));
    assert_eq!(master.entry(BEN).standing, Standing::Retired { target: code(CHIE) });
    assert_eq!(master.send(draft(AKITA, "33").of(CHIE).with(2, "佐藤").at("0930")), "A");
}

#[test]
fn a_move_out_under_a_former_code_can_be_confirmed() {
    let mut master = with_anna();
    master.must(draft(AKITA, "21"));
    master.must(draft(NOSHIRO, "11").at("0910"));
    master.must(draft(NOSHIRO, "51").of(BEN).old_code(ANNA).at("0920"));
    assert_eq!(master.send(draft(YOKOTE, "90").of(BEN).at("0930")), "R L109");
    assert_eq!(master.send(draft(AKITA, "90").of(BEN).at("0930")), "A");
}

#[test]
fn numbers_are_owned_from_the_first_time_on() {
    let mut master = with_anna();
    let (_, applied) = master.run_on(DAY, &[draft(AKITA, "41").with(9, N2).old_number(N1)]);
    assert_eq!(applied.changes.numbers, [(MyNumber::parse(N2).unwrap(), code(ANNA))]);
    assert_eq!(applied.ntf[0].old_my_number, MyNumber::parse(N1).ok());
    assert_eq!(master.owners.len(), 2);
    // Back to the first number: nothing new.
    let (fates, applied) = master.run_on(DAY, &[draft(AKITA, "42").with(9, N1).old_number(N2).at("0910")]);
    assert_eq!(fates, ["A"]);
    assert!(applied.changes.numbers.is_empty());
    // A number that a 90 or a rejected notice names is nobody's.
    master.must(draft(AKITA, "21").at("0920"));
    master.must(draft(AKITA, "90").at("0930").with(9, "983205673214"));
    assert_eq!(master.owners.len(), 2);
}

#[test]
fn old_numbers_go_to_the_national_body_with_their_reasons_only() {
    let mut master = with_anna();
    let (_, applied) = master.run_on(DAY, &[draft(AKITA, "33").with(2, "佐藤").old_number(N2).old_code(BEN)]);
    assert_eq!(
        (applied.ntf[0].old_my_number, applied.ntf[0].old_jumin_code),
        (None, None)
    );
}

#[test]
fn the_national_body_sees_each_row_as_it_was_after_its_notice() {
    let mut master = with_anna();
    let (fates, applied) = master.run_on(
        DAY,
        &[
            draft(AKITA, "31").at("0901").with(7, "秋田県秋田市一"),
            draft(AKITA, "31").at("0902").with(7, "秋田県秋田市二"),
            draft(AKITA, "51")
                .at("0903")
                .of(BEN)
                .old_code(ANNA)
                .with(7, "秋田県秋田市二"),
            draft(AKITA, "31").at("0904").of(BEN).with(7, "秋田県秋田市三"),
            draft(AKITA, "21")
                .at("0905")
                .of(BEN)
                .with(7, "秋田県秋田市三")
                .with(22, "000007"),
            draft(AKITA, "90")
                .at("0906")
                .of(BEN)
                .with(7, "別")
                .with(22, "000008")
                .with(11, "20200913"),
        ],
    );
    assert_eq!(fates, ["A"; 6]);
    let dates = applied
        .ntf
        .iter()
        .map(|record| record.change_date(applied.row_after(record).unwrap()));
    assert_eq!(dates.collect::<Vec<_>>(), [DAY, DAY, DAY, DAY, DAY, "20200913"]);
    let seen: Vec<[&str; 4]> = applied
        .ntf
        .iter()
        .map(|record| {
            let row = applied.row_after(record).unwrap();
            [
                row.get(item(1)),
                row.get(item(7)),
                row.get(item(10)),
                record.reason.code(),
            ]
        })
        .collect();
    assert_eq!(
        seen,
        [
            [ANNA, "秋田県秋田市一", "31", "31"],
            [ANNA, "秋田県秋田市二", "31", "31"],
            [BEN, "秋田県秋田市二", "51", "51"],
            [BEN, "秋田県秋田市三", "31", "31"],
            [BEN, "秋田県秋田市三", "21", "21"],
            [BEN, "秋田県秋田市三", "21", "90"],
        ]
    );
    assert_eq!(
        (applied.ntf[5].update_seq, applied.ntf[5].timestamp.to_string().as_str()),
        (8, "20200914090600000")
    );
    assert_eq!(master.history(ANNA), ["1", "1", "1"]);
    assert_eq!(master.history(BEN), ["1", "1"]);
}

#[test]
fn sums_of_a_run() {
    let mut master = with_anna();
    let baby = draft(AKITA, "13").of(BEN).with(9, "").with(5, "520200914");
    let (fates, applied) = master.run_on(
        DAY,
        &[
            baby.clone(),
            baby,
            draft(AKITA, "52").of(CHIE).with(9, N2),
            draft(AKITA, "21").at("0910"),
            draft(NOSHIRO, "11").at("0920"),
            draft(NOSHIRO, "23").at("0930"),
            draft(NOSHIRO, "11").at("0940"),
        ],
    );
    assert_eq!(fates, ["A", "D", "W W205", "A", "A", "A", "R L104"]);
    let sums = RecordSums {
        applied: 4,
        applied_with_warning: 1,
        rejected: 1,
        duplicate: 1,
    };
    assert_eq!(applied.sums, sums);
    let run = applied.run.sums(1);
    assert_eq!(run.test(), Ok(()));
    assert_eq!(
        (run.residents_before, run.entries, run.removals, run.residents_after),
        (1, 3, 2, 2)
    );
    assert_eq!((run.removed_change, run.retired_change), (1, 0));
}

#[test]
fn a_run_that_does_not_add_up_is_no_run() {
    let anna = with_anna();
    let notices: Vec<_> = checked(&draft(AKITA, "21"), 1, DAY).notice.into_iter().collect();
    let offices = offices();
    let judge = Judge {
        business_date: day(DAY),
        offices: &offices,
    };
    // The generation says that there are no residents, yet one is removed.
    let applied = apply::run(&judge, notices.clone(), anna.known(&notices)).unwrap();
    assert_eq!(applied.run.sums(1).test(), Ok(()));
    let fault = applied.run.sums(0).test().unwrap_err();
    assert!(
        matches!(
            fault,
            SumFault::Residents {
                before: 0,
                removals: 1,
                ..
            }
        ),
        "{fault:?}"
    );
    let fault = apply::run(&judge, notices, Known::default()).unwrap_err();
    assert!(matches!(
        fault,
        ApplyFault::Plan {
            fault: PlanFault::NotLoaded,
            ..
        }
    ));
}

#[test]
fn a_record_without_outcome_is_no_answer() {
    let head = checked(&draft(AKITA, "31"), 1, DAY).head;
    let nothing = std::collections::BTreeMap::new();
    let fault = apply::answer(PartyId::parse(AKITA).unwrap(), 1, vec![head], &nothing);
    assert!(matches!(fault, Err(ApplyFault::Unjudged(_))));
}

#[test]
fn the_order_of_a_run() {
    let mut master = Master::default();
    // One instant: removal before entry before the rest; then item 22; sender; serial; record number.
    let at = |reason: &str, seq: &str| draft(AKITA, reason).with(22, seq);
    let (_, applied) = master.run_on(
        DAY,
        &[
            draft(AKITA, "31").at("0859").file(9),
            at("31", "000001").file(3),
            at("16", "000002").file(3),
            at("21", "000003").file(3),
            draft(NOSHIRO, "31").file(2),
            draft(AKITA, "90").file(2),
            at("31", "000001").file(1),
            at("33", "000000").file(1),
        ],
    );
    let order: Vec<(u32, u32)> = applied
        .records
        .iter()
        .map(|judged| (judged.source.serial, judged.source.record_no))
        .collect();
    assert_eq!(order, [(9, 1), (3, 4), (3, 3), (1, 8), (1, 7), (2, 6), (3, 2), (2, 5)]);
}

#[test]
fn a_run_without_an_applied_record_changes_nothing() {
    let mut master = with_anna();
    let (fates, applied) = master.run_on(DAY, &[draft(NOSHIRO, "11"), draft(AKITA, "31").of(BEN)]);
    assert_eq!(fates, ["R L102", "R L103"]);
    let changes = applied.changes;
    assert!(changes.entries.is_empty() && changes.versions.is_empty());
    assert!(changes.numbers.is_empty() && changes.notices.is_empty());
    assert!(applied.ntf.is_empty());
}

#[test]
fn cells_of_the_sender_stay_with_the_row() {
    let mark = CellMark {
        at: 0,
        chars: 1,
        cell: 0xF040,
    };
    let mut notice = checked(&draft(NOSHIRO, "16"), 1, DAY).notice.unwrap();
    notice.row.add_cells(Item::KanjiName, &[mark]);
    let mut master = Master::default();
    let offices = offices();
    let judge = Judge {
        business_date: day(DAY),
        offices: &offices,
    };
    let known = master.known(std::slice::from_ref(&notice));
    let applied = apply::run(&judge, vec![notice], known).unwrap();
    master.commit(&applied);
    master.must(draft(NOSHIRO, "23").at("0910"));
    let row = master.entry(ANNA).row().unwrap();
    assert_eq!(row.origin(), PartyId::parse(NOSHIRO).unwrap());
    assert_eq!(row.cells(Item::KanjiName).collect::<Vec<_>>(), [mark]);
}

#[test]
fn every_item_but_those_of_key_and_server_makes_another_content() {
    let mut master = with_anna();
    master.must(draft(AKITA, "21"));
    let again = || draft(AKITA, "21");
    let mut gaiji = again().with(3, "001").with(20, "1");
    gaiji.placeholders = [1, 0, 0];
    let other = [
        gaiji,
        again().with(2, "佐藤"),
        again().with(4, "さとう"),
        again().with(5, "319800204"),
        again().with(6, "1"),
        again().with(7, "秋田県"),
        again().with(9, N2),
        again().with(11, "20200915"),
        again().with(14, MERGED),
        again().with(15, "001002"),
        again().with(16, "OP000002"),
        again().with(17, "T0002"),
        again().with(23, "001"),
        again().with(24, "001"),
        again().with(25, "佐"),
        again().with(27, "さ"),
        again().with(28, "001"),
        again().old_number(N1),
        again().old_code(BEN),
    ];
    for draft in other {
        assert_eq!(master.send(draft.clone()), "R L120", "{:?}", draft.items);
    }
    for (number, text) in [(12, "1"), (13, "あ"), (19, "20200101"), (21, "1")] {
        assert_eq!(master.send(again().with(number, text)), "D", "{number}");
    }
    // Another key is another notice: the cell refuses it.
    assert_eq!(master.send(again().with(22, "000002")), "R L104b");
    assert_eq!(master.send(draft(AKITA, "22")), "R L104b");
    // Text cannot move from one item into the next.
    master.must(draft(AKITA, "16").of(BEN).with(9, N2).with(16, "AB").with(17, "C"));
    assert_eq!(
        master.send(draft(AKITA, "16").of(BEN).with(9, N2).with(16, "A").with(17, "BC")),
        "R L120"
    );
}
