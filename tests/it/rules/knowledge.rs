//! What a run must know of the master before it judges: rounds of loading, chains of codes, damage; explanations.

use sekisho::domain::entry::Standing;
use sekisho::domain::ids::MyNumber;
use sekisho::domain::instant::Instant;
use sekisho::pipeline::plan::{Judge, Known, PlanFault, explain};

use super::town::{AKITA, ANNA, BEN, CHIE, DAY, N1, checked, code, day, draft, offices, with_anna};

#[test]
fn only_notices_that_can_be_duplicates_are_looked_up() {
    let master = with_anna();
    let later = checked(&draft(AKITA, "31"), 1, DAY).notice.unwrap();
    let earlier = checked(&draft(AKITA, "31").with(18, "20200901085959999"), 2, DAY)
        .notice
        .unwrap();
    let mut known = Known::default();
    let notices = [later, earlier];
    let first = known.missing(&notices);
    assert_eq!(first.codes.len(), 1);
    assert_eq!(first.numbers.len(), 1);
    assert!(first.notices.is_empty());
    known.learn_entry(code(ANNA), master.entries.get(&code(ANNA)).cloned());
    known.learn_owner(MyNumber::parse(N1).unwrap(), Some(code(ANNA)));
    let second = known.missing(&notices);
    assert!(second.codes.is_empty() && second.numbers.is_empty());
    let keys: Vec<Instant> = second.notices.iter().map(|key| key.timestamp).collect();
    assert_eq!(keys, [Instant::parse("20200901085959999").unwrap()]);
    for key in second.notices {
        known.learn_notice(key, None);
    }
    assert!(known.missing(&notices).is_empty());
}

#[test]
fn the_owner_of_a_number_is_followed_to_the_end_of_its_chain() {
    let mut master = with_anna();
    master.must(draft(AKITA, "51").of(BEN).old_code(ANNA));
    master.must(draft(AKITA, "51").of(CHIE).old_code(BEN).at("0910"));
    // N1 was first seen with the first code; the person is now the third.
    assert_eq!(master.owners[&MyNumber::parse(N1).unwrap()], code(ANNA));
    assert_eq!(
        master.send(draft(AKITA, "31").of(CHIE).with(7, "秋田県秋田市中通").at("0920")),
        "A"
    );
    let other = draft(AKITA, "16").of("10000000030").at("0930");
    assert_eq!(master.send(other), "R L113:9");
}

#[test]
fn an_explanation_has_state_cell_and_differences() {
    let master = with_anna();
    let notice = checked(
        &draft(AKITA, "31").with(2, "鈴木").with(7, "秋田県").with(23, "001"),
        1,
        DAY,
    )
    .notice
    .unwrap();
    let known = master.known(std::slice::from_ref(&notice));
    let offices = offices();
    let judge = Judge {
        business_date: day(DAY),
        offices: &offices,
    };
    let explained = explain(&judge, &notice, &known).unwrap();
    assert_eq!(explained.state.code(), "RS");
    assert_eq!(explained.cell.basis.as_str(), "pia");
    let changed: Vec<u8> = explained.changes.iter().map(|change| change.item.number()).collect();
    assert_eq!(changed, [2, 7, 23]);
    assert_eq!(explained.decision.findings.len(), 1);
    assert_eq!(explained.column, Some(code(ANNA)));
}

#[test]
fn a_notice_that_may_have_been_applied_is_not_judged_unseen() {
    let master = with_anna();
    let notice = checked(&draft(AKITA, "31").with(18, "20200901090000000"), 1, DAY)
        .notice
        .unwrap();
    let mut known = Known::default();
    known.learn_entry(code(ANNA), master.entries.get(&code(ANNA)).cloned());
    assert_eq!(known.applied(&notice), Err(PlanFault::NotLoaded));
    known.learn_notice(notice.key(), None);
    assert_eq!(known.applied(&notice), Ok(None));
}

#[test]
fn codes_in_a_circle_end_in_a_fault() {
    let mut known = Known::default();
    let mut entry = with_anna().entry(ANNA).clone();
    entry.standing = Standing::Retired { target: code(ANNA) };
    known.learn_entry(code(ANNA), Some(entry));
    assert_eq!(known.person(code(ANNA)), Err(PlanFault::Chain));
}

#[test]
fn a_removed_entry_without_a_removal_ends_in_a_fault() {
    let mut master = with_anna();
    let row = master.entry(ANNA).row().unwrap().clone();
    if let Some(entry) = master.entries.get_mut(&code(ANNA)) {
        entry.standing = Standing::Removed(row);
    }
    let notice = checked(&draft(AKITA, "31"), 1, DAY).notice.unwrap();
    let known = master.known(std::slice::from_ref(&notice));
    let offices = offices();
    let judge = Judge {
        business_date: day(DAY),
        offices: &offices,
    };
    assert_eq!(judge.decide(&notice, &known).unwrap_err(), PlanFault::Standing);
}
