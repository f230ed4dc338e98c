//! F3: any one sync is left out, and the crash tests notice. If they did not, they would be too weak, or the sync useless.

use std::collections::BTreeSet;

use sekisho::ports::simulated::{Moments, SURVIVALS, Survival};

use super::chapters::{Chapter, Outside, chapters};
use super::losses::{Tried, Wrong, recovers, seed_of, stays_done};

/// Syncs whose omission harms nothing: chapter, sync, reason.
const REDUNDANT: &[(&str, &str, &str)] = &[
    (
        "the first day of a fiscal year",
        "sync folder ledger/2021/tile",
        "synced again when tile/0 is made in it, before the checkpoint",
    ),
    (
        "the first day of a fiscal year",
        "sync folder ledger/2021",
        "a year's first leaf alone means nothing: without its checkpoint the next commit opens the year again",
    ),
    (
        "the second day",
        "sync folder out/052027",
        "an answer that goes out again has its older proof beside it, which recovery replaces",
    ),
];

/// Digests of all states that are left without an omission.
fn usual(chapter: &Chapter) -> Tried {
    let mut moments = chapter.record.moments();
    let mut digests = BTreeSet::new();
    loop {
        let is_last = moments.done() == chapter.record.len();
        for survival in SURVIVALS {
            let survivor = moments.survivor(survival, seed_of(moments.done(), survival));
            digests.insert((survivor.digest(), is_last));
        }
        if !moments.advance() {
            return digests;
        }
    }
}

/// The first wrong result with a sync left out.
fn noticed(chapter: &Chapter, omitted: usize, usual: &Tried) -> Option<Wrong> {
    let mut tried = usual.clone();
    // What is lost most often shows it; the other modes are for what that does not show, those of chance several times.
    let losses = SURVIVALS.map(|survival| (survival, 0));
    let chances = (1..6).flat_map(|more| [(Survival::Reordered, more), (Survival::Partly, more)]);
    let [certain, others @ ..] = &losses;
    let chances: Vec<(Survival, u64)> = others.iter().copied().chain(chances).collect();
    for losses in [&[*certain][..], &chances] {
        let mut moments = chapter.record.moments_without(&[omitted]).at(omitted);
        loop {
            for (survival, more) in losses {
                let why = wrong_after(chapter, &moments, (*survival, *more), &mut tried);
                if why.is_some() {
                    return why;
                }
            }
            if !moments.advance() {
                break;
            }
        }
    }
    None
}

/// What is wrong after this loss at this moment.
fn wrong_after(
    chapter: &Chapter,
    moments: &Moments<'_>,
    (survival, more): (Survival, u64),
    tried: &mut Tried,
) -> Option<Wrong> {
    let done = moments.done();
    let is_last = done == chapter.record.len();
    let survivor = moments.survivor(survival, seed_of(done, survival) + (more << 32));
    if !tried.insert((survivor.digest(), is_last)) {
        return None;
    }
    let mut seen = Outside::of(&moments.survivor(Survival::Kept, 0).disk(0));
    // The program believes that its checkpoint is durable.
    let believed = chapter.record.moments().at(done).survivor(Survival::Lost, 0);
    seen.ledger = Outside::of(&believed.disk(0)).ledger;
    let loss = survivor.disk(0);
    let run = || {
        let end = recovers(chapter, &loss, &seen)?;
        if is_last {
            stays_done(chapter, &loss, end)
        } else {
            Ok(())
        }
    };
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    ran.unwrap_or_else(|_| Err("a panic".to_owned())).err()
}

#[test]
fn a_sync_left_out_is_noticed() {
    let (mut unnoticed, mut redundant, mut count) = (Vec::new(), BTreeSet::new(), 0);
    for chapter in chapters() {
        let usual = usual(chapter);
        for omitted in chapter.record.syncs() {
            count += 1;
            if noticed(chapter, omitted, &usual).is_some() {
                continue;
            }
            let name = chapter.record.name(omitted).replace("/site/", "");
            let known =
                |(in_chapter, sync, _): &&(&str, &str, &str)| (*in_chapter, *sync) == (chapter.name, name.as_str());
            match REDUNDANT.iter().find(known) {
                Some(known) => drop(redundant.insert(known)),
                None => unnoticed.push(format!("{}: operation {omitted}, {name}", chapter.name)),
            }
        }
    }
    assert!(
        unnoticed.is_empty(),
        "{} of {count} were not noticed: {unnoticed:#?}",
        unnoticed.len()
    );
    assert_eq!(
        redundant.len(),
        REDUNDANT.len(),
        "only these are redundant: {redundant:?}"
    );
    assert!(count > 200, "{count}");
}
