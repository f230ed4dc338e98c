//! Power loss at every moment of every chapter, in every mode: the next run recovers by itself, and the site is as if
//! nothing had happened. Nothing that was published is taken back or changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use sekisho::ports::Disk;
use sekisho::ports::simulated::{Moments, SURVIVALS, SimDisk, Survival};

use super::chapters::{Chapter, Outside, chapters, goes_on};
use super::sound::{are_proved, has_folders, is_readable, is_sound};
use crate::desk::memory::ROOT;

/// What went wrong, in words.
pub(crate) type Wrong = String;

/// The run after a power loss, and what is left of the chapter then. Gives which of its ends it came to.
pub(crate) fn recovers(chapter: &Chapter, loss: &SimDisk, seen: &Outside) -> Result<usize, Wrong> {
    lost_nothing(chapter, loss)?;
    let disk = loss.copy();
    chapter
        .next_run(&disk, chapter.seed + 1)
        .map_err(|fault| format!("the next run: {fault}"))?;
    ended_well(chapter, &disk, seen)
}

/// What must hold right after the loss, before anybody repaired anything.
fn lost_nothing(chapter: &Chapter, loss: &SimDisk) -> Result<(), Wrong> {
    let left = Outside::of(loss);
    are_proved(&left, false)?;
    is_readable(loss)?;
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

/// What was found on a disk, by chapter and digest.
type Known = BTreeMap<(&'static str, u64), Result<usize, Wrong>>;

static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());

/// The site at the end; what others saw is still there.
pub(crate) fn ended_well(chapter: &Chapter, disk: &SimDisk, seen: &Outside) -> Result<usize, Wrong> {
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
    // The program is deterministic: most runs come to one of a few disks.
    let key = (chapter.name, disk.digest());
    if let Some(known) = KNOWN.lock().unwrap().get(&key) {
        return known.clone();
    }
    let end = compared(chapter, disk, &after);
    KNOWN.lock().unwrap().insert(key, end.clone());
    end
}

/// Which of the chapter's ends a whole, verified site is.
fn compared(chapter: &Chapter, disk: &SimDisk, after: &Outside) -> Result<usize, Wrong> {
    is_sound(disk)?;
    has_folders(disk)?;
    are_proved(after, true)?;
    let state = chapter.state(disk);
    let which = chapter.ends.iter().position(|end| *end == state);
    which.ok_or_else(|| {
        let last = chapter.ends.last().unwrap();
        format!("neither done nor undone: {}", difference(&state, last))
    })
}

/// What a command that came to its end says is done is done for good, and nothing goes out a second time, though everything
/// was fetched before the power was lost.
pub(crate) fn stays_done(chapter: &Chapter, loss: &SimDisk, end: usize) -> Result<(), Wrong> {
    if end + 1 != chapter.ends.len() {
        return Err("done, and undone by the loss".to_owned());
    }
    let staging = Path::new(ROOT).join("staging");
    if !loss.list(&staging).unwrap().is_empty() {
        return Err("done, and a commit waits for recovery".to_owned());
    }
    let disk = loss.copy();
    for name in Outside::of(&disk).out.keys() {
        disk.remove(&Path::new(ROOT).join(name)).unwrap();
    }
    disk.make_durable();
    chapter
        .next_run(&disk, chapter.seed + 2)
        .map_err(|fault| format!("the run after: {fault}"))?;
    match Outside::of(&disk).out.keys().next() {
        Some(name) => Err(format!("{name} went out twice")),
        None => Ok(()),
    }
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

/// States that were tried: their digests, and whether the command had come to its end.
pub(crate) type Tried = BTreeSet<(u64, bool)>;

/// The seed of one loss: each moment and mode has its own.
pub(crate) fn seed_of(done: usize, survival: Survival) -> u64 {
    let mode = SURVIVALS.iter().position(|other| *other == survival).unwrap();
    done as u64 * 16 + mode as u64
}

/// Tries every moment and mode; states that were tried already are skipped. Gives what was wrong, and how many states
/// were tried.
pub(crate) fn try_all(chapter: &Chapter, mut moments: Moments<'_>, tried: &mut Tried) -> (Vec<Wrong>, usize) {
    let (mut wrong, mut count) = (Vec::new(), 0);
    loop {
        // Who fetches from the outbound folder sees what is there now; the ledger counts once it is durable.
        let mut seen = Outside::of(&moments.survivor(Survival::Kept, 0).disk(0));
        seen.ledger = Outside::of(&moments.survivor(Survival::Lost, 0).disk(0)).ledger;
        for survival in SURVIVALS {
            let survivor = moments.survivor(survival, seed_of(moments.done(), survival));
            let is_last = moments.done() == chapter.record.len();
            if !tried.insert((survivor.digest(), is_last)) {
                continue;
            }
            count += 1;
            let result = recovers(chapter, &survivor.disk(0), &seen);
            let result = match result {
                Ok(end) if is_last => stays_done(chapter, &survivor.disk(0), end),
                other => other.map(|_| ()),
            };
            let Err(why) = result else { continue };
            let at = moments.done();
            let name = chapter.record.name(at);
            let chapter = chapter.name;
            wrong.push(format!("{chapter}, {survival:?} after operation {at} ({name}): {why}"));
        }
        if !moments.advance() {
            return (wrong, count);
        }
    }
}

#[test]
fn power_is_lost_at_every_operation() {
    let (mut failed, mut states) = (Vec::new(), 0);
    for chapter in chapters() {
        let (wrong, count) = try_all(chapter, chapter.record.moments(), &mut BTreeSet::new());
        failed.extend(wrong);
        states += count;
    }
    let shown: Vec<&Wrong> = failed.iter().take(40).collect();
    assert!(failed.is_empty(), "{} of {states} states: {shown:#?}", failed.len());
    assert!(states > 1000, "{states}");
}

/// The days after a loss are as if there had been none.
#[test]
fn power_is_lost_on_the_first_day_and_the_second_one_follows() {
    let (first, second) = (&chapters()[0], &chapters()[1]);
    let (mut tried, mut ended) = (BTreeSet::new(), BTreeSet::new());
    let mut moments = first.record.moments();
    loop {
        for survival in SURVIVALS {
            let survivor = moments.survivor(survival, seed_of(moments.done(), survival));
            if !tried.insert(survivor.digest()) {
                continue;
            }
            let disk = survivor.disk(0);
            first.next_run(&disk, first.seed + 1).unwrap();
            if ended.insert(disk.digest()) {
                let what = format!("{survival:?} after operation {}", moments.done());
                let state = goes_on(&disk).unwrap_or_else(|fault| panic!("{what}: {fault}"));
                state.assert_same(second.ends.last().unwrap(), &what);
            }
        }
        if !moments.advance() {
            break;
        }
    }
    assert!(ended.len() > 5, "{}", ended.len());
}
