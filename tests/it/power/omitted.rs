//! F3: any one sync is left out, and the crash tests notice. If they did not, they would be too weak, or the sync useless.

use std::collections::BTreeSet;

use sekisho::ports::simulated::{SURVIVALS, Survival};

use super::chapters::{Chapter, Outside, chapters};
use super::losses::{Wrong, recovers, seed_of};

/// Syncs that a later one makes redundant, by kind and beginning of the path below the site, with the reason.
const REDUNDANT: &[(&str, &str, &str)] = &[];

/// Digests of all states that are left without an omission.
fn usual(chapter: &Chapter) -> BTreeSet<u64> {
    let mut moments = chapter.record.moments();
    let mut digests = BTreeSet::new();
    loop {
        for survival in SURVIVALS {
            digests.insert(moments.survivor(survival, seed_of(moments.done(), survival)).digest());
        }
        if !moments.advance() {
            return digests;
        }
    }
}

/// The first wrong result with a sync left out.
fn noticed(chapter: &Chapter, omitted: usize, usual: &BTreeSet<u64>) -> Option<Wrong> {
    let mut tried = usual.clone();
    // What is lost most often shows it; the other modes are for what that does not show.
    for modes in [&[Survival::Lost][..], &SURVIVALS[1..]] {
        let mut moments = chapter.record.moments_without(&[omitted]).at(omitted);
        loop {
            let done = moments.done();
            for survival in modes {
                let survivor = moments.survivor(*survival, seed_of(done, *survival));
                if !tried.insert(survivor.digest()) {
                    continue;
                }
                let mut seen = Outside::of(&moments.survivor(Survival::Kept, 0).disk(0));
                // The program believes that its checkpoint is durable.
                seen.ledger =
                    Outside::of(&chapter.record.moments().at(done).survivor(Survival::Lost, 0).disk(0)).ledger;
                let loss = survivor.disk(0);
                let tried = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| recovers(chapter, &loss, &seen)));
                let end = tried.unwrap_or_else(|_| Err("a panic".to_owned()));
                let is_last = done == chapter.record.len();
                let wrong = match end {
                    Ok(end) if is_last && end + 1 != chapter.ends.len() => Some("done, and undone".to_owned()),
                    Ok(_) => None,
                    Err(why) => Some(why),
                };
                if let Some(why) = wrong {
                    return Some(format!("{survival:?} after operation {done}: {why}"));
                }
            }
            if !moments.advance() {
                break;
            }
        }
    }
    None
}

#[test]
fn a_sync_left_out_is_noticed() {
    let mut unnoticed = Vec::new();
    let mut count = 0;
    for chapter in chapters() {
        let usual = usual(chapter);
        for omitted in chapter.record.syncs() {
            count += 1;
            let name = chapter.record.name(omitted).replace("/site/", "");
            let redundant = REDUNDANT
                .iter()
                .any(|(kind, path, _)| name.starts_with(&format!("{kind} {path}")));
            match noticed(chapter, omitted, &usual) {
                Some(why) if redundant => unnoticed.push(format!("{}: {name} is not redundant: {why}", chapter.name)),
                None if !redundant => unnoticed.push(format!("{}: operation {omitted}, {name}", chapter.name)),
                Some(_) | None => {}
            }
        }
    }
    assert!(
        unnoticed.is_empty(),
        "{} of {count} were not noticed: {unnoticed:#?}",
        unnoticed.len()
    );
}
