//! The process is killed at every moment of every chapter and the kernel lives on, so that nothing is lost and nothing is
//! durable that was not; the next run comes to its end; then the power is lost. What the run said is done stays done: a
//! recovery may not trust what it sees to be durable.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sekisho::ports::simulated::{SimDisk, Survival};

use super::chapters::{Chapter, Outside, chapters};
use super::losses::{Wrong, ended_well};

/// What the run after a loss came to, by chapter and digest of what was left: most often nothing is lost, and the same
/// disks come again and again.
static KNOWN: Mutex<BTreeMap<(&str, u64), Arc<SimDisk>>> = Mutex::new(BTreeMap::new());

/// Kills after operation `done`, recovers, loses the power, recovers.
fn try_one(chapter: &Chapter, done: usize) -> Result<(), Wrong> {
    let moment = chapter.record.moments().at(done);
    let mut seen = Outside::of(&moment.killed(0));
    // A checkpoint counts once it is durable.
    seen.ledger = chapter.before.ledger.clone();
    let disk = moment.killed(0);
    let run = |disk: &_, after: u8, what: &str| {
        let ran = chapter.next_run(disk, chapter.seed + after);
        ran.map_err(|fault| format!("{what}: {fault}"))
    };
    run(&disk, 1, "the next run")?;
    let first = ended_well(chapter, &disk, &seen)?;
    let visible = Outside::of(&disk);
    for survival in [Survival::Lost, Survival::Reordered] {
        let lost = disk.survivor(survival, done as u64);
        let key = (chapter.name, lost.digest());
        let known = KNOWN.lock().unwrap().get(&key).cloned();
        let after = if let Some(after) = known {
            after
        } else {
            run(&lost, 2, "the run after the loss").map_err(|why| format!("{survival:?}: {why}"))?;
            let after = Arc::new(lost);
            KNOWN.lock().unwrap().insert(key, Arc::clone(&after));
            after
        };
        let second = ended_well(chapter, &after, &visible).map_err(|why| format!("{survival:?}: {why}"))?;
        if second != first {
            return Err(format!("{survival:?}: what was done is undone"));
        }
    }
    Ok(())
}

#[test]
fn killed_at_every_operation_and_the_power_lost_after_the_next_run() {
    let mut wrong = Vec::new();
    for chapter in chapters() {
        for done in 0..=chapter.record.len() {
            if let Err(why) = try_one(chapter, done) {
                let name = chapter.record.name(done);
                wrong.push(format!(
                    "{}, killed after operation {done} ({name}): {why}",
                    chapter.name
                ));
            }
        }
    }
    let shown: Vec<&String> = wrong.iter().take(40).collect();
    assert!(wrong.is_empty(), "{} wrong: {shown:#?}", wrong.len());
}
