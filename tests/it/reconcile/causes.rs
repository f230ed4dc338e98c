//! The likely cause of every kind of difference, from the values to the circumstances.

use std::collections::BTreeSet;

use sekisho::domain::difference::{Cause, Evidence};
use sekisho::domain::ids::PartyId;
use sekisho::domain::row::Row;
use sekisho::pipeline::decode::ShortText;
use sekisho::pipeline::reconcile::{Outcome, Scope, What, compared};

use super::classes::{extract, found};
use super::walk::reconcile;
use crate::rules::town::{AKITA, ANNA, BEN, Draft, N2, NOSHIRO, code, draft, offices, with_anna};

fn row(changes: &[(u8, &str)]) -> Row {
    let mut draft = draft(AKITA, "16");
    for (number, text) in changes {
        draft = draft.with(*number, text);
    }
    let mut row = Row::blank(PartyId::parse(AKITA).unwrap());
    for (item, text) in &draft.items {
        assert!(row.set(*item, text));
    }
    row
}

/// Items with their causes, of an extract and a master that differ from one row in these items.
fn causes(extract: &[(u8, &str)], master: &[(u8, &str)], later: &[&Row], near: Evidence) -> Vec<(u8, Cause)> {
    let shown = ShortText::new(ANNA).unwrap();
    match compared(1, shown, &row(extract), &row(master), later, near).what {
        What::Items(items) => items.iter().map(|one| (one.item.number(), one.cause)).collect(),
        What::Person(class, cause) => vec![(class.number(), cause)],
        What::Match => Vec::new(),
        What::Invalid(_) => panic!("a sound record"),
    }
}

fn plain(extract: &[(u8, &str)], master: &[(u8, &str)]) -> Vec<(u8, Cause)> {
    causes(extract, master, &[], Evidence::NONE)
}

#[test]
fn the_same_character_in_another_code() {
    assert_eq!(plain(&[(2, "\u{FA19}谷")], &[(2, "神谷")]), [(2, Cause::SameCharacter)]);
    assert_eq!(
        plain(&[(7, "秋田市１－２")], &[(7, "秋田市１\u{2212}２")]),
        [(7, Cause::SameCharacter)]
    );
    assert_eq!(
        plain(&[(25, "\u{E000}田中")], &[(25, "〓田中")]),
        [(25, Cause::SameCharacter)]
    );
    // What counts the gaiji goes with them, and so does the number of their images.
    assert_eq!(
        plain(&[(2, "〓藤　花子"), (3, "001"), (23, "001")], &[(2, "斎藤　花子")]),
        [2, 3, 23].map(|number| (number, Cause::SameCharacter))
    );
    assert_eq!(plain(&[(2, "高橋")], &[(2, "髙橋")]), [(2, Cause::TrueDifference)]);
    assert_eq!(
        plain(&[(2, "〓藤"), (3, "001")], &[(2, "佐野")]),
        [(2, Cause::TrueDifference), (3, Cause::TrueDifference)]
    );
}

#[test]
fn only_the_number_of_an_image_set() {
    for number in [23, 24, 28] {
        assert_eq!(
            plain(&[(number, "002")], &[(number, "001")]),
            [(number, Cause::GaijiSerial)]
        );
    }
    assert_eq!(plain(&[(3, "001")], &[]), [(3, Cause::SameCharacter)]);
}

#[test]
fn only_the_form_of_a_reading() {
    assert_eq!(
        plain(&[(4, "さとうはなこ")], &[(4, "さとう　はなこ")]),
        [(4, Cause::KanaForm)]
    );
    assert_eq!(plain(&[(27, "はっとり")], &[(27, "ハツトリ")]), [(27, Cause::KanaForm)]);
    assert_eq!(plain(&[(4, "さとう")], &[(4, "かとう")]), [(4, Cause::TrueDifference)]);
    assert_eq!(plain(&[(4, "")], &[(4, "かとう")]), [(4, Cause::TrueDifference)]);
}

#[test]
fn a_value_that_came_later() {
    let (first, second) = (row(&[(7, "秋田市山王二丁目")]), row(&[(7, "秋田市山王三丁目")]));
    let of = |address: &str| causes(&[(7, address)], &[], &[&first, &second], Evidence::IN_HELD_FILE);
    assert_eq!(of("秋田市山王二丁目"), [(7, Cause::NoticeAfter)]);
    assert_eq!(of("秋田市山王三丁目"), [(7, Cause::NoticeAfter)]);
    assert_eq!(of("秋田市山王四丁目"), [(7, Cause::FileMissing)]);
}

#[test]
fn a_file_that_is_held_or_missing() {
    let (old, new) = ((18, "20200914080000000"), (18, "20200914100000000"));
    let address = (7, "秋田市山王二丁目");
    let of = |extract, master, near| causes(&[address, extract], &[master], &[], near);
    assert_eq!(of(new, old, Evidence::IN_HELD_FILE), [(7, Cause::FileMissing)]);
    assert_eq!(of(old, new, Evidence::IN_HELD_FILE), [(7, Cause::FileMissing)]);
    assert_eq!(of(new, old, Evidence::GAP), [(7, Cause::FileMissing)]);
    // What is older than the register cannot be on its way.
    assert_eq!(of(old, new, Evidence::GAP), [(7, Cause::TrueDifference)]);
    assert_eq!(of(new, old, Evidence::NONE), [(7, Cause::TrueDifference)]);
}

#[test]
fn another_person_is_never_explained_away() {
    let other = [(2, "佐藤　花代"), (5, "319800204"), (18, "20200914100000000")];
    let near = Evidence::IN_HELD_FILE.with(Evidence::GAP);
    assert_eq!(causes(&other, &[], &[], near), [(70, Cause::TrueDifference)]);
    assert_eq!(
        causes(&other, &[], &[&row(&other[..1])], near),
        [(70, Cause::TrueDifference)]
    );
    assert_eq!(causes(&other, &[], &[&row(&other)], near), [(70, Cause::NoticeAfter)]);
}

#[test]
fn the_cause_of_a_person_is_that_of_its_gravest_item() {
    let shown = ShortText::new(ANNA).unwrap();
    let extract = row(&[(4, "さとうはなこ"), (9, N2), (23, "001")]);
    let outcome = compared(1, shown, &extract, &row(&[]), &[], Evidence::NONE);
    assert_eq!(outcome.cause(), Some(Cause::TrueDifference));
    let extract = row(&[(4, "さとうはなこ"), (23, "001")]);
    let outcome = compared(1, shown, &extract, &row(&[]), &[], Evidence::NONE);
    assert_eq!(outcome.cause(), Some(Cause::GaijiSerial));
}

fn cause(outcomes: &[Outcome]) -> Vec<Option<Cause>> {
    outcomes.iter().map(Outcome::cause).collect()
}

#[test]
fn persons_who_came_left_or_moved_later() {
    let mut master = with_anna();
    master.must(draft(AKITA, "16").of(BEN).with(9, N2).at("1000"));
    master.must(draft(AKITA, "21").at("1100"));
    let ben = || draft(AKITA, "16").of(BEN).with(9, N2);
    let at = |clock, drafts: &[Draft]| cause(&found(&master, extract(clock, Scope::Full, drafts)));
    // 20 before he came, 30 after she left by the town's own clock, 40 as if she had not yet left.
    assert_eq!(
        at("0930", &[ben()]),
        [Some(Cause::NoticeAfter), Some(Cause::NoticeAfter)]
    );
    assert_eq!(
        at("1130", &[ben(), draft(AKITA, "16")]),
        [None, Some(Cause::TrueDifference)]
    );
    // 50 of somebody who comes later.
    master.must(draft(NOSHIRO, "11").at("1130"));
    master.must(draft(NOSHIRO, "21").at("1200"));
    master.must(draft(AKITA, "11").at("1230"));
    for clock in ["1110", "1130", "1200"] {
        let outcomes = found(&master, extract(clock, Scope::Listed, &[draft(AKITA, "16")]));
        assert_eq!(cause(&outcomes), [Some(Cause::NoticeAfter)], "{clock}");
    }
}

#[test]
fn persons_in_a_file_that_is_held_or_missing() {
    let mut master = with_anna();
    let ben = || draft(AKITA, "16").of(BEN).with(9, N2);
    let held = BTreeSet::from([code(ANNA), code(BEN)]);
    let full = || extract("1200", Scope::Full, &[ben()]);
    let outcomes = reconcile(&master, &offices(), &[full()], &held).remove(0);
    assert_eq!(cause(&outcomes), [Some(Cause::FileMissing); 2]);
    let (mut facts, drafts) = full();
    facts.has_gap = true;
    let outcomes = found(&master, (facts, drafts));
    assert_eq!(cause(&outcomes), [Some(Cause::FileMissing); 2]);
    assert_eq!(cause(&found(&master, full())), [Some(Cause::TrueDifference); 2]);
    // 40: only a record newer than the removal can be on its way.
    master.must(draft(AKITA, "23").at("1000"));
    for (clock, want) in [("0930", Cause::TrueDifference), ("1030", Cause::FileMissing)] {
        let (_, drafts) = extract("1200", Scope::Listed, &[draft(AKITA, "16").at(clock)]);
        let outcomes = found(&master, (facts, drafts));
        assert_eq!(outcomes[0].cause(), Some(want), "{clock}");
    }
}

#[test]
fn a_replaced_code_and_faults_of_the_extract() {
    let mut master = with_anna();
    master.must(draft(AKITA, "51").of(BEN).old_code(ANNA).at("1000"));
    let drafts = [draft(AKITA, "16"), draft(AKITA, "16"), draft(AKITA, "16").with(6, "9")];
    let outcomes = found(&master, extract("1200", Scope::Listed, &drafts));
    assert_eq!(cause(&outcomes), [Some(Cause::RetiredCode), None, None]);
}
