//! The differences of one code from one extract to the next, and what closes them.

use std::collections::BTreeMap;

use sekisho::domain::difference::{Cause, Class, Closing, Event, Life, RunFacts};
use sekisho::domain::ids::PartyId;
use sekisho::domain::item::Item;
use sekisho::domain::reason::Reason;
use sekisho::pipeline::reconcile::{DifferenceKey, Scope, Walk, Walked, difference_key};

use super::classes::{at, extract, found};
use super::walk::lifelines;
use crate::rules::town::{AKITA, ANNA, BEN, DAY, Draft, Master, code, day, draft, with_anna};

/// What became of Anna's differences.
fn carried(
    master: &Master,
    lives: &BTreeMap<DifferenceKey, Life>,
    clock: &str,
    drafts: &[Draft],
    looked: bool,
) -> Vec<Walked> {
    let outcomes = found(master, extract(clock, Scope::Full, drafts));
    let differences = outcomes.iter().flat_map(DifferenceKey::of).collect();
    let walk = Walk {
        run: RunFacts {
            day: day(DAY),
            base_at: at(clock),
        },
        was_looked_for: looked,
        newest: lifelines(master)[&code(ANNA)].newest_notice(at(clock)),
    };
    walk.carry_on(lives, &differences)
}

fn lives(walked: &[Walked]) -> BTreeMap<DifferenceKey, Life> {
    walked.iter().map(|one| (one.key, one.life)).collect()
}

fn told(walked: &[Walked]) -> Vec<(u8, u8, Option<Event>)> {
    let one = |one: &Walked| (one.key.class.number(), one.key.item.map_or(0, Item::number), one.event);
    walked.iter().map(one).collect()
}

#[test]
fn closed_by_the_notice_that_came_since() {
    let mut master = with_anna();
    let wrong = || draft(AKITA, "16").with(7, "秋田県秋田市山王二丁目").with(15, "001002");
    let first = carried(&master, &BTreeMap::new(), "0930", &[wrong()], true);
    assert_eq!(told(&first), [(10, 7, Some(Event::New)), (10, 15, Some(Event::New))]);
    // The municipality sends its move, but with the old 大字 code.
    master.must(draft(AKITA, "31").with(7, "秋田県秋田市山王二丁目").at("1000"));
    let second = carried(&master, &lives(&first), "1030", &[wrong()], true);
    assert_eq!(
        told(&second),
        [(10, 7, Some(Event::Closed)), (10, 15, Some(Event::StillOpen))]
    );
    let notice = Closing::Notice {
        reason: Reason::ChangeOfAddress,
        timestamp: at("1000"),
        update_seq: 1,
    };
    assert_eq!(second[0].life.closing, Some(notice));
    // Its own side changes: no notice came since.
    let right = draft(AKITA, "16").with(7, "秋田県秋田市山王二丁目");
    let third = carried(&master, &lives(&second), "1100", &[right], true);
    assert_eq!(told(&third), [(10, 7, None), (10, 15, Some(Event::Closed))]);
    assert_eq!(third[1].life.closing, Some(Closing::Extract));
    // And wrong again.
    let fourth = carried(&master, &lives(&third), "1130", &[wrong()], true);
    assert_eq!(told(&fourth), [(10, 7, None), (10, 15, Some(Event::Recurring))]);
}

#[test]
fn a_notice_older_than_the_extract_that_was_held_closes_too() {
    let mut master = with_anna();
    let moved = || draft(AKITA, "31").with(7, "秋田県秋田市山王二丁目").at("0910");
    let mut first = carried(&master, &BTreeMap::new(), "0930", &[moved()], true);
    assert_eq!(told(&first), [(10, 7, Some(Event::New))]);
    first[0].life.last_seen = day("20200913");
    // Made at 09:10 but applied only now, a day after the difference was seen.
    master.must(moved());
    let second = carried(&master, &lives(&first), "1030", &[moved()], true);
    assert!(matches!(second[0].life.closing, Some(Closing::Notice { timestamp, .. }) if timestamp == at("0910")));
}

#[test]
fn what_was_not_looked_for_stays() {
    let master = with_anna();
    let wrong = draft(AKITA, "16").with(7, "秋田県秋田市山王二丁目");
    let first = carried(&master, &BTreeMap::new(), "0930", &[wrong], true);
    // The record is INVALID now: nothing is known of its items.
    let second = carried(
        &master,
        &lives(&first),
        "1030",
        &[draft(AKITA, "16").with(6, "9")],
        false,
    );
    assert_eq!(told(&second), [(10, 7, None)]);
    assert_eq!(second[0].life, first[0].life);
}

#[test]
fn an_identity_is_party_code_class_and_item() {
    let party = PartyId::parse(AKITA).unwrap();
    let key = |class, item| DifferenceKey { class, item };
    let bytes = difference_key(party, code(ANNA), key(Class::Diff, Some(Item::Address)));
    // 24727059608 is 05 C1D8 FC98 in hexadecimal.
    assert_eq!(bytes, *b"052019\0\0\x05\xC1\xD8\xFC\x98\x0A\x07");
    let others = [
        difference_key(
            PartyId::parse("052027").unwrap(),
            code(ANNA),
            key(Class::Diff, Some(Item::Address)),
        ),
        difference_key(party, code(BEN), key(Class::Diff, Some(Item::Address))),
        difference_key(party, code(ANNA), key(Class::Diff, Some(Item::KanaName))),
        difference_key(party, code(ANNA), key(Class::OnlyInExtract, None)),
    ];
    assert!(others.iter().all(|other| *other != bytes));
}

#[test]
fn faults_of_the_extract_have_no_life() {
    let master = with_anna();
    let drafts = [draft(AKITA, "16"), draft(AKITA, "16"), draft(AKITA, "16").with(6, "9")];
    let outcomes = found(&master, extract("1200", Scope::Full, &drafts));
    assert_eq!(outcomes.len(), 3);
    assert!(outcomes.iter().all(|outcome| DifferenceKey::of(outcome).is_empty()));
    assert_eq!(
        DifferenceKey::of(&found(&master, extract("1200", Scope::Full, &[]))[0])[0].1,
        Cause::TrueDifference
    );
}
