//! Power loss at every moment of every chapter, in every mode: the next run recovers by itself, and the site is as if
//! nothing had happened. Nothing that was published is taken back or changed.

use std::collections::BTreeSet;

use sekisho::ports::simulated::{Moments, SURVIVALS, SimDisk, Survival};

use super::chapters::{Chapter, Outside, chapters};
use super::sound::is_sound;

/// What went wrong, in words.
pub(crate) type Wrong = String;

/// The run after a power loss, and what is left of the chapter then. Gives which of its ends it came to.
pub(crate) fn recovers(chapter: &Chapter, loss: &SimDisk, seen: &Outside) -> Result<usize, Wrong> {
    let left = Outside::of(loss);
    lost_nothing(chapter, &left)?;
    let disk = loss.copy();
    chapter
        .next_run(&disk, chapter.seed + 1)
        .map_err(|fault| format!("the next run: {fault}"))?;
    ended_well(chapter, &disk, seen)
}

/// What must hold right after the loss, before anybody repaired anything.
fn lost_nothing(chapter: &Chapter, left: &Outside) -> Result<(), Wrong> {
    if left.ledger == chapter.before.ledger && left.out != chapter.before.out {
        return Err("something went out that is not committed".to_owned());
    }
    for inbound in chapter.before.inbox.iter().filter(|name| !left.inbox.contains(name)) {
        if left.ledger == chapter.before.ledger {
            return Err(format!("{inbound} was removed before the commit"));
        }
    }
    Ok(())
}

/// The site at the end; what others saw is still there.
pub(crate) fn ended_well(chapter: &Chapter, disk: &SimDisk, seen: &Outside) -> Result<usize, Wrong> {
    is_sound(disk)?;
    let after = Outside::of(disk);
    for (name, bytes) in &seen.out {
        let is_old = chapter.before.out.get(name) == Some(bytes);
        if is_old && chapter.repeated.contains(name) && after.out.contains_key(name) {
            continue;
        }
        if after.out.get(name) != Some(bytes) {
            let now = if after.out.contains_key(name) {
                "another one"
            } else {
                "gone"
            };
            return Err(format!("{name} was published and is {now} now"));
        }
    }
    if after.ledger < seen.ledger {
        return Err(format!(
            "the ledger went back from {:?} to {:?}",
            seen.ledger, after.ledger
        ));
    }
    let state = chapter.state(disk);
    let which = chapter.ends.iter().position(|end| *end == state);
    which.ok_or_else(|| {
        let last = chapter.ends.last().unwrap();
        format!("neither done nor undone: {}", difference(&state, last))
    })
}

/// The parts in which two states differ.
fn difference(state: &crate::desk::state::State, other: &crate::desk::state::State) -> String {
    let (a, b) = (format!("{state:#?}"), format!("{other:#?}"));
    let lines = |from: &str, not: &str| -> Vec<String> {
        let not: BTreeSet<&str> = not.lines().collect();
        from.lines()
            .filter(|line| !not.contains(line))
            .map(|line| line.trim().to_owned())
            .collect()
    };
    format!("is {:?}, should be {:?}", lines(&a, &b), lines(&b, &a))
}

/// The seed of one loss: each moment and mode has its own.
pub(crate) fn seed_of(done: usize, survival: Survival) -> u64 {
    let mode = SURVIVALS.iter().position(|other| *other == survival).unwrap();
    done as u64 * 16 + mode as u64
}

/// Tries every moment and mode; states that were tried already are skipped. Gives what was wrong, and how many states
/// were tried. Stops after `most` wrong ones.
pub(crate) fn try_all(
    chapter: &Chapter,
    mut moments: Moments<'_>,
    tried: &mut BTreeSet<u64>,
    most: usize,
) -> (Vec<Wrong>, usize) {
    let (mut wrong, mut count) = (Vec::new(), 0);
    loop {
        // Who fetches from the outbound folder sees what is there now; the ledger counts once it is durable.
        let mut seen = Outside::of(&moments.survivor(Survival::Kept, 0).disk(0));
        seen.ledger = Outside::of(&moments.survivor(Survival::Lost, 0).disk(0)).ledger;
        for survival in SURVIVALS {
            let survivor = moments.survivor(survival, seed_of(moments.done(), survival));
            if !tried.insert(survivor.digest()) {
                continue;
            }
            count += 1;
            let result = recovers(chapter, &survivor.disk(0), &seen);
            let is_last = moments.done() == chapter.record.len();
            let result = match result {
                Ok(end) if is_last && end + 1 != chapter.ends.len() => Err("done, and undone by the loss".to_owned()),
                Ok(_) => continue,
                Err(why) => Err::<(), _>(why),
            };
            let at = moments.done();
            let name = chapter.record.name(at);
            wrong.push(format!(
                "{}, {survival:?} after operation {at} ({name}): {}",
                chapter.name,
                result.unwrap_err()
            ));
            if wrong.len() >= most {
                return (wrong, count);
            }
        }
        if !moments.advance() {
            return (wrong, count);
        }
    }
}

#[test]
fn power_is_lost_at_every_operation() {
    let mut failed = Vec::new();
    let mut words = String::new();
    for chapter in chapters() {
        let (wrong, count) = try_all(chapter, chapter.record.moments(), &mut BTreeSet::new(), usize::MAX);
        words += &format!(
            "{}: {} operations, {count} states, {} wrong\n",
            chapter.name,
            chapter.record.len(),
            wrong.len()
        );
        failed.extend(wrong);
    }
    println!("{words}");
    assert!(
        failed.is_empty(),
        "{words}{} wrong:\n{}",
        failed.len(),
        failed.iter().take(60).cloned().collect::<Vec<_>>().join("\n")
    );
}
