//! Two runners at once (F14): exactly one works; the other says that the site is busy and ends with its code. Those that
//! only read work meanwhile and see one generation. No test waits for a time: one runner stands at a gate.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};

use rustix::process::{Pid, Signal, kill_process};
use sekisho::domain::fault::{Class, Fault};
use sekisho::os::clock::SystemClock;
use sekisho::os::disk::RealDisk;
use sekisho::os::entropy::SystemEntropy;
use sekisho::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};
use sekisho::run::pass::{self, Memory, PassResult, PassSettings};
use sekisho::run::site::{Access, Site, Tools};

use crate::desk::files::*;
use crate::desk::memory::{Small, pass_on, state};
use crate::desk::{Desk, unlocking};

/// What is done before an operation (its name and path).
type Before = Box<dyn Fn(&str, &Path) + Send + Sync>;
/// What is done after the lock was taken or refused.
type Locked = Box<dyn Fn(bool) + Send + Sync>;

/// A disk with something before its operations.
struct Gated<D> {
    disk: D,
    before: Before,
    locked: Locked,
}

impl<D: Disk> Gated<D> {
    fn step(&self, what: &str, path: &Path) -> &D {
        (self.before)(what, path);
        &self.disk
    }
}

impl<D: Disk> Disk for Gated<D> {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.step("open", path).open(path)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        self.step("create", path).create(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.step("rename", to).rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.step("remove", path).remove(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.step("remove folder", path).remove_folder(path)
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.step("create folder", path).create_folder(path)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.step("sync folder", path).sync_folder(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.step("list", path).list(path)
    }
    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.step("facts", path).facts(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let lock = self.step("lock", path).lock(path);
        (self.locked)(lock.is_ok());
        lock
    }
}

/// One pass in this process over the site of a desk.
fn run(desk: &Desk, disk: &dyn Disk) -> Result<PassResult, Fault> {
    let clock = SystemClock::new().unwrap();
    let tools = Tools {
        disk,
        clock: &clock,
        entropy: &SystemEntropy,
    };
    let mut site = Site::open(tools, &desk.root(), Access::Write, unlocking())?;
    let settings = PassSettings {
        business_date: Some(day(DAY)),
        threads: 1,
        memory: Memory::default(),
    };
    pass::run(&mut site, settings)
}

/// Residents and generation as the reading commands tell them; every one of them must end well.
fn read(desk: &Desk) -> (u64, u64) {
    let read = |args: &[&str]| {
        let ran = desk.program(&[&["--json"], args].concat());
        assert!([0, 3].contains(&ran.code()), "{args:?}: {} {}", ran.code(), ran.err());
        serde_json::from_str::<serde_json::Value>(&ran.out()).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", ran.out()))
    };
    let stats = read(&["master", "stats"]);
    let number = |value: &serde_json::Value| value.as_u64().unwrap_or_else(|| panic!("{stats}"));
    for args in [
        ["ledger", "verify"],
        ["gen", "verify"],
        ["gen", "list"],
        ["held", "list"],
    ] {
        read(&args);
    }
    read(&["status"]);
    (number(&stats["counts"]["residents"]), number(&stats["generation"]))
}

/// Everything that changes the site is refused with the code of a busy site, and changes nothing.
fn all_writers_are_refused(desk: &Desk) {
    let csv = desk.path("more.csv");
    let text = "party_id,kind,name,kinds,text_encoding,active_from,active_to\n\
                052094,municipality,鹿角市,UPD,1,20020805,20991231\n";
    std::fs::write(&csv, text).unwrap();
    for args in [
        &["run", "--business-date", DAY][..],
        &["party", "import", csv.to_str().unwrap(), "--business-date", DAY],
        &["gen", "compact", "--business-date", DAY],
        &["held", "drop", "0123456789abcdef", "--business-date", DAY],
    ] {
        let fault = desk.fault(args, Class::Busy.exit_code().into());
        assert_eq!(fault["fault"], "SiteBusy", "{args:?}: {fault}");
        assert!(!fault["todo"].as_str().unwrap().is_empty(), "{fault}");
    }
}

#[test]
fn a_second_runner_is_told_while_the_first_stands_in_the_midst_of_its_pass() {
    // Reading its files, staging, just before the commit point, between the pointer and the outgoing files.
    for (place, (what, part)) in [
        ("list", "/in"),
        ("create", "/staging"),
        ("create", "intent"),
        ("rename", "CURRENT"),
        ("rename", "/out/"),
    ]
    .into_iter()
    .enumerate()
    {
        let desk = Desk::new();
        desk.send(AKITA, 1, &[ANNA]);
        assert_eq!(desk.run().code, 0);
        desk.send(AKITA, 2, &[BEN]);
        desk.send(NOSHIRO, 1, &[CHIE]);
        let (reached, arrived) = mpsc::channel::<()>();
        let (open, opened) = mpsc::channel::<()>();
        let ended = reached.clone();
        let gate = Mutex::new(Some((reached, opened)));
        let part = part.to_owned();
        let disk = Gated {
            disk: RealDisk,
            before: Box::new(move |operation, path| {
                if operation == what
                    && path.to_str().unwrap().contains(&part)
                    && let Some((reached, opened)) = gate.lock().unwrap().take()
                {
                    reached.send(()).unwrap();
                    opened.recv().unwrap();
                }
            }),
            locked: Box::new(|_| {}),
        };
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                let result = run(&desk, &disk);
                // A run that never came to the gate must not leave the other side waiting.
                let _sent = ended.send(());
                result
            });
            arrived
                .recv()
                .unwrap_or_else(|_| panic!("the run never came to {what} {place}"));
            all_writers_are_refused(&desk);
            let seen = read(&desk);
            // Before or after, nothing in between: the pointer is replaced at the fourth place.
            let expected = if place < 4 { (1, 1) } else { (3, 2) };
            assert_eq!(seen, expected, "at {what}");
            open.send(()).unwrap();
            let result = first.join().unwrap().unwrap();
            assert_eq!((result.residents_after, result.generation_after), (3, 2));
        });
        assert_eq!(read(&desk), (3, 2));
        // The lock is free, and nothing is left to do.
        let pass = desk.run();
        assert_eq!((pass.code, pass.number("generation_after")), (0, 2));
        assert!(pass.json["files"].as_array().unwrap().is_empty(), "{}", pass.json);
    }
}

#[test]
fn two_processes_of_the_built_binary() {
    let desk = Desk::new();
    let staging = desk.root().join("staging");
    let is_empty = || std::fs::read_dir(&staging).unwrap().next().is_none();
    // The first is stopped by a signal while its commit is under way. If it was quicker than that, another file is sent.
    for serial in 1.. {
        assert!(serial < 200, "the first process was always quicker");
        desk.send(AKITA, serial, &[[ANNA, BEN, CHIE, DAI, EMI][serial as usize % 5]]);
        let mut first = desk
            .command(&["--json", "run", "--business-date", DAY])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while is_empty() && first.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        kill_process(Pid::from_child(&first), Signal::STOP).unwrap();
        // Only a process that is gone leaves without the rest of its commit or with all of it done.
        let stands = !is_empty() && RealDisk.lock(&desk.root().join("lock")).is_err();
        if stands {
            all_writers_are_refused(&desk);
            read(&desk);
        }
        kill_process(Pid::from_child(&first), Signal::CONT).unwrap();
        let ended = first.wait_with_output().unwrap();
        let code = ended.status.code().unwrap();
        assert!(code == 0 || code == 1, "{code}");
        assert!(is_empty());
        if stands {
            return;
        }
    }
}

#[test]
fn one_of_many_threads_wins_and_the_state_is_that_of_one_run() {
    const RUNNERS: usize = 8;
    let small = Small::new();
    small.put(AKITA, &name(AKITA, 1), &upd(AKITA, 1, &[ANNA]));
    small.put(NOSHIRO, &name(NOSHIRO, 1), &upd(NOSHIRO, 1, &[BEN]));
    small.put(NOSHIRO, &name(NOSHIRO, 3), &upd(NOSHIRO, 3, &[CHIE]));
    let alone = small.disk.copy();
    pass_on(&alone, 2).unwrap();

    // The winner keeps the lock until all others have asked for it.
    let refused = Arc::new((Mutex::new(0_usize), Condvar::new()));
    let winners = AtomicUsize::new(0);
    let start = Barrier::new(RUNNERS);
    let results: Vec<Result<PassResult, Fault>> = std::thread::scope(|scope| {
        let runners: Vec<_> = (0..RUNNERS)
            .map(|_| {
                let refused = Arc::clone(&refused);
                let disk = Gated {
                    disk: small.disk.clone(),
                    before: Box::new(|_, _| {}),
                    locked: Box::new(move |taken| {
                        let (count, changed) = &*refused;
                        let mut count = count.lock().unwrap();
                        if taken {
                            while *count < RUNNERS - 1 {
                                count = changed.wait(count).unwrap();
                            }
                        } else {
                            *count += 1;
                            changed.notify_all();
                        }
                    }),
                };
                let (start, winners) = (&start, &winners);
                scope.spawn(move || {
                    start.wait();
                    let result = pass_on(&disk, 2);
                    winners.fetch_add(usize::from(result.is_ok()), Ordering::SeqCst);
                    result
                })
            })
            .collect();
        runners.into_iter().map(|runner| runner.join().unwrap()).collect()
    });
    assert_eq!(winners.load(Ordering::SeqCst), 1);
    for fault in results.iter().filter_map(|result| result.as_ref().err()) {
        assert_eq!((fault.class(), fault.class().exit_code()), (Class::Busy, 6));
    }
    state(&small.disk, &small.parties).assert_same(&state(&alone, &small.parties), "one of many");
}
