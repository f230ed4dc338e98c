//! Faults while recovering from faults, three deep, from a seed: kills, power losses and errors of the disk in every order.
//!
//! `SEKISHO_SOAK=<seeds>` tries more of them, from `SEKISHO_SEED` on; `SEKISHO_SEED=<seed>` alone one of them again.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sekisho::domain::fault::{Class, FaultId};
use sekisho::ports::simulated::{ERRNOS, Fault, Moments, SURVIVALS, SimDisk, Survival, Trouble};

use super::chapters::{Chapter, Outside, chapters};
use super::losses::{Wrong, ended_well};
use super::sound::is_sound;

/// Seeds in CI.
const SEEDS: u64 = 1000;
/// Faults one after the other.
const DEPTH: u8 = 3;

struct Draw(ChaCha20Rng);

impl Draw {
    fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Self(ChaCha20Rng::from_seed(bytes))
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.next_u64() % bound as u64).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// What others have seen until now, and what was done to the disk, in words.
struct Story<'c> {
    chapter: &'c Chapter,
    seen: Outside,
    words: Vec<String>,
    /// A run could not read everything: files come a pass later, which is another history.
    unreadable: bool,
}

impl Story<'_> {
    fn look(&mut self, moment: &Moments<'_>) {
        let visible = Outside::of(&moment.survivor(Survival::Kept, 0).disk(0));
        let durable = Outside::of(&moment.survivor(Survival::Lost, 0).disk(0));
        for (name, bytes) in visible.out {
            self.seen.out.insert(name, bytes);
        }
        self.seen.ledger = self.seen.ledger.clone().max(durable.ledger);
    }

    /// The process is killed or the power is lost at this moment.
    fn cut(&mut self, moment: &Moments<'_>, name: &str, draw: &mut Draw) -> SimDisk {
        self.look(moment);
        let seed = draw.0.next_u64();
        if draw.below(3) == 0 {
            self.words.push(format!("killed after {} ({name})", moment.done()));
            return moment.killed(seed);
        }
        let survival = draw.of(&SURVIVALS);
        self.words
            .push(format!("{survival:?} after {} ({name})", moment.done()));
        moment.survivor(survival, seed).disk(seed)
    }

    /// The next run, with an error or without, ended somewhere.
    fn run(&mut self, disk: &SimDisk, level: u8, draw: &mut Draw) -> Result<SimDisk, Wrong> {
        let name = |record: &sekisho::ports::simulated::Record, done: usize| record.name(done);
        if draw.below(3) == 0 {
            let at = draw.below(600) as u64 + 1;
            let trouble = match draw.below(4) {
                0 => Trouble::SyncFails,
                1 => Trouble::ShortWrite(draw.of(&ERRNOS)),
                _ => Trouble::Error(draw.of(&ERRNOS)),
            };
            let fault = if draw.below(2) == 0 {
                Fault::once(trouble, at)
            } else {
                Fault::from_on(trouble, at)
            };
            self.words.push(format!("{fault:?}"));
            disk.set_faults(vec![fault]);
        }
        match self.chapter.next_run(disk, self.chapter.seed + level) {
            Ok(unreadable) => self.unreadable |= unreadable,
            Err(fault) if disk.hits() > 0 && is_of_the_disk(&fault) => {}
            Err(fault) => return Err(format!("run {level}: {fault}")),
        }
        let record = disk.record();
        // The end of the run most often leaves most to do wrong.
        let done = if draw.below(4) == 0 {
            record.len()
        } else {
            draw.below(record.len() + 1)
        };
        let moment = record.moments().at(done);
        Ok(self.cut(&moment, &name(&record, done), draw))
    }
}

fn is_of_the_disk(fault: &sekisho::domain::fault::Fault) -> bool {
    fault.class() == Class::Storage || fault.id == FaultId::FsyncFailed
}

/// One seed: gives the story where it ended badly.
fn try_one(seed: u64) -> Result<(), String> {
    let mut draw = Draw::new(seed);
    let all = chapters();
    let chapter = &all[draw.below(all.len())];
    let mut story = Story {
        chapter,
        seen: chapter.before.clone(),
        words: vec![chapter.name.to_owned()],
        unreadable: false,
    };
    let result = tell(&mut story, &mut draw);
    result.map_err(|why| format!("seed {seed}: {}: {why}", story.words.join("; ")))
}

fn tell(story: &mut Story<'_>, draw: &mut Draw) -> Result<(), Wrong> {
    let chapter = story.chapter;
    let done = draw.below(chapter.record.len() + 1);
    let moment = chapter.record.moments().at(done);
    let mut disk = story.cut(&moment, &chapter.record.name(done), draw);
    for level in 1..DEPTH {
        disk = story.run(&disk, level, draw)?;
    }
    chapter
        .next_run(&disk, chapter.seed + DEPTH)
        .map_err(|fault| format!("the last run: {fault}"))?;
    check(story, &disk)?;
    // What the last run says is done is done for good.
    let lost = disk.survivor(Survival::Lost, 1);
    story.words.push("the power is lost at the end".to_owned());
    chapter
        .next_run(&lost, chapter.seed + DEPTH + 1)
        .map_err(|fault| format!("one run more: {fault}"))?;
    check(story, &lost)
}

fn check(story: &Story<'_>, disk: &SimDisk) -> Result<(), Wrong> {
    if story.unreadable {
        return is_sound(disk);
    }
    ended_well(story.chapter, disk, &story.seen).map(|_| ())
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

#[test]
fn faults_while_recovering_from_faults() {
    let (first, count) = match (number("SEKISHO_SEED"), number("SEKISHO_SOAK")) {
        (Some(seed), None) => (seed, 1),
        (first, count) => (first.unwrap_or(0), count.unwrap_or(SEEDS)),
    };
    let next = AtomicU64::new(first);
    let failed: Mutex<Vec<String>> = Mutex::new(Vec::new());
    chapters();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + count {
                        break;
                    }
                    let tried = std::panic::catch_unwind(|| try_one(seed));
                    match tried {
                        Ok(Ok(())) => {}
                        Ok(Err(why)) => failed.lock().unwrap().push(why),
                        Err(_) => failed.lock().unwrap().push(format!("seed {seed}: a panic")),
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let shown: Vec<&String> = failed.iter().take(20).collect();
    assert!(
        failed.is_empty(),
        "{} of {count} seeds (SEKISHO_SEED=<seed> tries one again): {shown:#?}",
        failed.len()
    );
}
