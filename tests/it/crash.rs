//! The built binary, ended at the k-th operation on the disk: the next run finishes what was decided and forgets the
//! rest, without a command, and everything is as if nothing had happened. Needs the feature `fault-injection`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sekisho::os::clock::SystemClock;
use sekisho::os::disk::RealDisk;
use sekisho::os::entropy::SystemEntropy;
use sekisho::ports::Disk as _;
use sekisho::run::demo::{DemoOptions, DemoWorld};
use sekisho::run::demo_site::{self, Wishes};
use sekisho::run::examine::Examined;
use sekisho::run::keys::open_party;
use sekisho::run::site::{Access, Site, Tools};
use sekisho::run::{ledger, verify};
use sekisho::seal::keys::PartySecrets;
use sekisho::store::generations::Depth;
use tempfile::TempDir;

use crate::desk::state::State;
use crate::desk::{files, unlocking};
use crate::power::sound::means_something;

/// Points of the first test, and of the one in which recovery is ended too.
const POINTS: usize = 50;
const TWICE: usize = 15;
const RESIDENTS: u32 = 1500;
const SEED: u64 = 2020;

/// Runs `work` with tools of the real machine.
fn with_tools<T>(work: impl FnOnce(Tools<'_>) -> T) -> T {
    let clock = SystemClock::new().unwrap();
    work(Tools {
        disk: &RealDisk,
        clock: &clock,
        entropy: &SystemEntropy,
    })
}

/// A site after two days, with the files of the third day in its inbound folders.
struct Eve {
    folder: TempDir,
    date: String,
    keys: BTreeMap<String, PartySecrets>,
}

/// How a run of the binary ended.
enum End {
    Stopped,
    Code(i32),
}

impl Eve {
    /// `date`: business date of the third day's run, if not its own.
    fn new(date: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let demo = folder.path().join("demo");
        let wishes = Wishes {
            residents: RESIDENTS,
            days: 2,
            seed: SEED,
            threads: 2,
        };
        with_tools(|tools| demo_site::demo(tools, &demo, wishes, unlocking(), &mut |_| Ok(()))).unwrap();
        let places = demo_site::places(&demo);
        let keys = crate::desk::names(&places.keys);
        let keys = keys.into_iter().filter(|name| !name.contains('.')).map(|name| {
            let secrets = open_party(&RealDisk, &places.keys.join(&name), unlocking()).unwrap();
            (name, secrets)
        });
        let mut eve = Self {
            keys: keys.collect(),
            date: String::new(),
            folder,
        };
        std::fs::rename(&places.site, eve.path("eve")).unwrap();
        let own = eve.deliver();
        date.unwrap_or(&own).clone_into(&mut eve.date);
        eve
    }

    /// Puts everything of the third day into the inbound folders, and trouble beside it; gives the day.
    fn deliver(&self) -> String {
        let site = self.path("eve");
        let put = |party: &str, name: &str, bytes: &[u8]| {
            let inbound = site.join("in").join(party);
            std::fs::create_dir_all(&inbound).unwrap();
            std::fs::write(inbound.join(name), bytes).unwrap();
        };
        let mut world = DemoWorld::with_options(DemoOptions::new(SEED, RESIDENTS).unwrap()).unwrap();
        let days: Vec<_> = (0..3).map(|_| world.next_day().unwrap()).collect();
        for file in &days[2].files {
            put(file.party.as_str(), &file.name, &file.bytes);
        }
        // Repetitions of what was answered, twice the same; a file behind a gap; one of nobody; one that is not whole.
        let again = days[1].files.iter().find(|file| file.expected.is_some()).unwrap();
        put(again.party.as_str(), "again.dat", &again.bytes);
        put(again.party.as_str(), "and again.dat", &again.bytes);
        let town = days[2].files[0].party;
        put(
            town.as_str(),
            &files::name(town.as_str(), 90),
            &files::upd(town.as_str(), 90, &[files::ANNA]),
        );
        put("stranger", "stranger.dat", &files::upd("053023", 1, &[files::ANNA]));
        put(
            files::NOSHIRO,
            "part.dat",
            &files::upd(files::NOSHIRO, 91, &[files::ANNA])[..2000],
        );
        with_tools(|tools| {
            let site = Site::open(tools, &site, Access::Read, unlocking()).unwrap();
            let open = site.exchange().unacknowledged;
            assert!(!open.is_empty());
            for notice in open {
                let serial = site
                    .exchange()
                    .next_inbound(files::id(files::NATIONAL), sekisho::domain::party::FileKind::Res);
                let (name, bytes) = files::res(serial, sekisho::run::pass::notice_hash(&site, notice.serial).unwrap());
                put(files::NATIONAL, &name, &bytes);
            }
        });
        days[2].date.dashed()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A copy of the eve's site.
    fn copy(&self, name: &str) -> PathBuf {
        let to = self.path(name);
        copy_folder(&self.path("eve"), &to);
        to
    }

    fn output(&self, site: &Path, stop_at: Option<u64>) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command
            .env_clear()
            .args(["--lang", "en", "--threads", "2", "--site"])
            .arg(site);
        if let Some(operation) = stop_at {
            command.env("SEKISHO_STOP_AT", operation.to_string());
        }
        command.args(["run", "--business-date", &self.date]).output().unwrap()
    }

    /// One run of the binary.
    fn run(&self, site: &Path, stop_at: Option<u64>) -> End {
        let output = self.output(site, stop_at);
        match output.status.code() {
            None => End::Stopped,
            Some(code @ (0 | 1 | 3)) => End::Code(code),
            Some(code) => panic!("{code}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    }

    /// Everything that can be compared; and everything that can be verified is sound.
    fn state(&self, path: &Path, what: &str) -> State {
        with_tools(|tools| {
            let examined = Examined::open(tools, path, unlocking()).unwrap();
            let found = verify::verify(&examined, Depth::Full).unwrap();
            let strays: Vec<&String> = found.strays.iter().filter(|stray| means_something(stray)).collect();
            assert_eq!((found.bad, strays), (Vec::new(), Vec::new()), "{what}");
            let report = ledger::verify(&examined).unwrap();
            assert!(report.defect.is_none(), "{what}: {:?}", report.defect);
            let site = Site::open(tools, path, Access::Read, unlocking()).unwrap();
            State::of(&site, &self.keys)
        })
    }

    /// Who only reads a site that was left in the middle of a commit is not turned away.
    fn can_be_read(path: &Path, what: &str) {
        with_tools(|tools| {
            let site = Site::open(tools, path, Access::Read, unlocking());
            let site = site.unwrap_or_else(|fault| panic!("{what}: {fault}"));
            sekisho::run::status::status(&site).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        });
    }

    /// Number of operations of the whole run: the last one at which it can be ended.
    fn total(&self) -> u64 {
        let stops = |operation: u64| {
            let site = self.copy(&format!("bisect-{operation}"));
            let stopped = matches!(self.run(&site, Some(operation)), End::Stopped);
            std::fs::remove_dir_all(site).unwrap();
            stopped
        };
        let (mut stopped, mut ended) = (0, 64);
        while stops(ended) {
            stopped = ended;
            ended *= 2;
        }
        while ended - stopped > 1 {
            let middle = stopped.midpoint(ended);
            if stops(middle) {
                stopped = middle;
            } else {
                ended = middle;
            }
        }
        stopped
    }

    /// Runs to the end where nothing stops it.
    fn reference(&self) -> State {
        let site = self.copy("reference");
        assert!(
            matches!(self.run(&site, None), End::Code(3)),
            "held files are among them"
        );
        let state = self.state(&site, "reference");
        assert_eq!(state.staging, Vec::<String>::new());
        // Only what is not whole stays.
        assert_eq!(state.inbox, [format!("in/{}/part.dat", files::NOSHIRO)]);
        state
    }

    /// Ends a run at each of `points` (and the one after it at the second number, where there is one), lets the next one
    /// run to its end and compares. Two at a time.
    fn try_all(&self, reference: &State, points: &[(u64, Option<u64>)]) {
        let next = AtomicUsize::new(0);
        let decided = AtomicUsize::new(0);
        let failed: Mutex<Vec<String>> = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while let Some((first, second)) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
                        let what = format!("ended at {first}, then at {second:?}");
                        let one = || self.try_one(reference, *first, *second, &what);
                        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(one)) {
                            Ok(was_decided) => {
                                decided.fetch_add(usize::from(was_decided), Ordering::SeqCst);
                            }
                            Err(panic) => {
                                let words = panic.downcast_ref::<String>().cloned().unwrap_or_default();
                                failed.lock().unwrap().push(format!("{what}: {words}"));
                            }
                        }
                    }
                });
            }
        });
        let failed = failed.into_inner().unwrap();
        assert!(
            failed.is_empty(),
            "{} of {}:\n{}",
            failed.len(),
            points.len(),
            failed.join("\n")
        );
        // Both sides of the commit point were tried.
        let (decided, all) = (decided.into_inner(), points.len());
        assert!(
            decided * 10 > all && (all - decided) * 10 > all,
            "{decided} of {all} were decided"
        );
    }

    /// Gives whether the run that went to its end found a decided commit to carry on.
    fn try_one(&self, reference: &State, first: u64, second: Option<u64>, what: &str) -> bool {
        let site = self.copy(&format!("site-{first}-{}", second.unwrap_or(0)));
        assert!(
            matches!(self.run(&site, Some(first)), End::Stopped),
            "{what}: not ended"
        );
        Self::can_be_read(&site, what);
        if second.is_some() {
            // Where the second number lies beyond what was left to do, that run comes to its end.
            self.run(&site, second);
            Self::can_be_read(&site, what);
        }
        let done = self.output(&site, None);
        assert!(
            matches!(done.status.code(), Some(0 | 1 | 3)),
            "{what}: {}",
            String::from_utf8_lossy(&done.stderr)
        );
        self.state(&site, what).assert_same(reference, what);
        // And then there is nothing left to do.
        let again = self.output(&site, None);
        let words = String::from_utf8_lossy(&again.stdout);
        assert!(!words.contains("carried to its end"), "{what}: {words}");
        self.state(&site, what).assert_same(reference, what);
        std::fs::remove_dir_all(site).unwrap();
        String::from_utf8_lossy(&done.stdout).contains("carried to its end")
    }
}

fn copy_folder(from: &Path, to: &Path) {
    RealDisk.create_folder(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// True with the feature; else a word on standard error.
fn can_stop() -> bool {
    if cfg!(feature = "fault-injection") {
        return true;
    }
    let word = b"SKIPPED: the crash tests need --features fault-injection\n";
    std::io::Write::write_all(&mut std::io::stderr(), word).unwrap();
    false
}

/// Different numbers of `1..=total`, from a fixed seed.
fn drawn(rng: &mut ChaCha20Rng, total: u64, count: usize) -> Vec<u64> {
    let mut points = std::collections::BTreeSet::new();
    while points.len() < count {
        points.insert(rng.next_u64() % total + 1);
    }
    points.into_iter().collect()
}

#[test]
fn a_run_ended_anywhere_is_finished_by_the_next_one() {
    if !can_stop() {
        return;
    }
    let eve = Eve::new(None);
    let reference = eve.reference();
    let total = eve.total();
    assert!(total > 100, "{total} operations");
    let mut rng = ChaCha20Rng::from_seed([50; 32]);
    let mut points: Vec<(u64, Option<u64>)> = drawn(&mut rng, total, POINTS)
        .into_iter()
        .map(|at| (at, None))
        .collect();
    // The last ones too, whatever the draw: the end of a commit is where most is left half done.
    points.extend((total - 2..=total).map(|at| (at, None)));
    let firsts = drawn(&mut rng, total, TWICE);
    points.extend(firsts.into_iter().map(|first| {
        // Late first stops leave little to do: the second one must lie within it often enough.
        let within = (total - first).max(8);
        (first, Some(rng.next_u64() % within + 1))
    }));
    eve.try_all(&reference, &points);
}

#[test]
fn a_run_that_opens_a_fiscal_year_too() {
    if !can_stop() {
        return;
    }
    let eve = Eve::new(Some("2026-04-01"));
    let reference = eve.reference();
    let total = eve.total();
    let mut rng = ChaCha20Rng::from_seed([51; 32]);
    let mut points: Vec<_> = drawn(&mut rng, total, 8).into_iter().map(|at| (at, None)).collect();
    // Both sides of the commit point, whatever the draw.
    points.extend([5, 6, 8, 10].map(|part| (total - total / part, None)));
    eve.try_all(&reference, &points);
}
