//! The process itself: list of processes, environment, memory, core dumps, panics.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

use super::place::{FILE_NAME, Place, canary, person};
use crate::desk::files::{AKITA, DAY, head, name, upd_of};

/// More rows than a pipe holds.
const MANY: u64 = 700;

/// A site whose export does not fit into a pipe: who reads a part of it holds the program in the middle of its work, with all
/// keys and many rows in memory.
fn large() -> Place {
    let place = Place::new();
    let rows: Vec<_> = (100..100 + MANY).map(|number| canary(AKITA, number)).collect();
    place.desk.put(AKITA, &name(AKITA, 3), &upd_of(&head(AKITA, 3), &rows));
    place.pass();
    place
}

/// The export, stopped in its middle by a pipe that nobody reads any more.
fn in_the_middle(mut command: Command) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::with_capacity(64, child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("state,jumin_code"), "{line}");
    (child, out)
}

fn proc_file(child: &Child, name: &str) -> Vec<u8> {
    std::fs::read(format!("/proc/{}/{name}", child.id())).unwrap()
}

#[test]
fn neither_arguments_nor_environment_hold_a_person_or_a_secret() {
    let place = large();
    let (mut child, out) = in_the_middle(place.command(&["master", "export"]));
    for file in ["cmdline", "status"] {
        place.canaries.none_in(file, &proc_file(&child, file));
    }
    // Read by the system's own right, where the test has it; the program set nothing there.
    if let Ok(environ) = std::fs::read(format!("/proc/{}/environ", child.id())) {
        place.canaries.none_in("environ", &environ);
    }
    drop(out);
    child.wait().unwrap();
}

/// `-` takes the code from standard input, so that it need not be typed as an argument.
#[test]
fn a_code_is_taken_from_standard_input() {
    let place = large();
    let (code, number) = person(0);
    for (words, typed, exit, shows) in [
        (&["master", "show", "-"][..], &*code, 0, true),
        (&["master", "history", "-"], &code, 0, true),
        (&["master", "as-of", "-", "2020-09-15"], &code, 0, true),
        (&["master", "show", "-"], &number, 2, false),
        (&["master", "show", "-"], "", 2, false),
    ] {
        let mut command = place.command(words);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It waits for the code: what can be seen of it is seen now.
        place.canaries.none_in("cmdline", &proc_file(&child, "cmdline"));
        let mut input = child.stdin.take().unwrap();
        input.write_all(format!("{typed}\r\n").as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(exit), "{words:?}");
        assert_eq!(!place.canaries.found(&output.stdout).is_empty(), shows);
        place.canaries.none_in("its errors", &output.stderr);
    }
}

/// True where this machine writes core dumps into the working folder, as a shell that is killed so shows.
fn machine_dumps(folder: &Path) -> bool {
    let status = Command::new("sh")
        .args(["-c", "ulimit -c unlimited; kill -ABRT $$"])
        .current_dir(folder)
        .status()
        .unwrap();
    status.core_dumped()
}

/// True for a signal that the process ignores: a shell without job control starts what is in its background so (SIGQUIT).
fn is_ignored(child: &Child, signal: Signal) -> bool {
    let status = String::from_utf8(proc_file(child, "status")).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    u64::from_str_radix(mask.trim(), 16).unwrap() & (1 << (signal.as_raw() - 1)) != 0
}

/// Signals that would dump, in the middle of the work. (SIGSEGV and SIGBUS have a handler of Rust's, which only a fault ends.)
#[test]
fn no_signal_makes_a_core_dump() {
    let place = large();
    let folder = place.desk.path("cores");
    std::fs::create_dir(&folder).unwrap();
    let dumps = machine_dumps(&folder);
    for entry in std::fs::read_dir(&folder).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for signal in [
        Signal::ABORT,
        Signal::QUIT,
        Signal::ILL,
        Signal::FPE,
        Signal::TRAP,
        Signal::SYS,
    ] {
        // As with `ulimit -c unlimited`: a child takes the limit over.
        let hard = getrlimit(Resource::Core).maximum;
        setrlimit(
            Resource::Core,
            Rlimit {
                current: hard,
                maximum: hard,
            },
        )
        .unwrap();
        let mut command = place.command(&["master", "export"]);
        command.current_dir(&folder);
        let (mut child, out) = in_the_middle(command);
        let limits = String::from_utf8(proc_file(&child, "limits")).unwrap();
        let core = limits
            .lines()
            .find(|line| line.starts_with("Max core file size"))
            .unwrap();
        assert_eq!(
            core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(),
            ["0", "0"],
            "{core}"
        );
        if is_ignored(&child, signal) {
            drop(out);
            child.wait().unwrap();
            continue;
        }
        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        drop(out);
        assert_eq!(status.signal(), Some(signal.as_raw()));
        assert!(!status.core_dumped(), "{signal:?}, and this machine dumps: {dumps}");
        let mut errors = Vec::new();
        child.stderr.take().unwrap().read_to_end(&mut errors).unwrap();
        place.canaries.none_in("its errors", &errors);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "{signal:?}");
    }
}

/// Another process of the same user can neither read the memory nor attach. A user of its own is needed to see it, so this
/// asks only where the tests run as root, which may become one.
#[test]
fn the_memory_is_not_for_other_processes_of_the_same_user() {
    const NOBODY: u32 = 65534;
    let place = large();
    let (child, out) = in_the_middle(place.command(&["master", "export"]));
    if !rustix::process::geteuid().is_root() {
        // Without root the owner of these files is somebody else: the process is marked as not to be dumped.
        assert!(std::fs::read(format!("/proc/{}/environ", child.id())).is_err());
        drop((child, out));
        return;
    }
    drop((child, out));
    // A site of nobody's own, in a folder that nobody can reach.
    let home = tempfile::Builder::new()
        .prefix("sekisho-leak")
        .tempdir_in("/tmp")
        .unwrap();
    let program = home.path().join("sekisho");
    std::fs::copy(env!("CARGO_BIN_EXE_sekisho"), &program).unwrap();
    let copied = Command::new("cp")
        .arg("-r")
        .arg(place.desk.root())
        .arg(home.path())
        .status()
        .unwrap();
    assert!(copied.success());
    let owned = Command::new("chown")
        .args(["-R", "65534:65534"])
        .arg(home.path())
        .status()
        .unwrap();
    assert!(owned.success());
    let mut command = Command::new(&program);
    command
        .env_clear()
        .current_dir(home.path())
        .arg("--site")
        .arg(home.path().join("site"))
        .args(["master", "export"]);
    command.uid(NOBODY).gid(NOBODY);
    let (child, out) = in_the_middle(command);
    for file in ["mem", "environ", "maps", "auxv", "stack"] {
        let mut look = Command::new("head");
        look.arg("-c1")
            .arg(format!("/proc/{}/{file}", child.id()))
            .uid(NOBODY)
            .gid(NOBODY);
        let output = look.output().unwrap();
        assert!(
            !output.status.success() && output.stdout.is_empty(),
            "{file} can be read"
        );
    }
    // The same of a process that does not guard itself can be read.
    let mut other = Command::new("sleep")
        .arg("60")
        .uid(NOBODY)
        .gid(NOBODY)
        .env("CANARY", "1")
        .spawn()
        .unwrap();
    let mut look = Command::new("head");
    look.arg("-c1")
        .arg(format!("/proc/{}/auxv", other.id()))
        .uid(NOBODY)
        .gid(NOBODY);
    let seen = look.output().unwrap().status.success();
    other.kill().unwrap();
    other.wait().unwrap();
    drop((child, out));
    assert!(seen, "the test cannot see what it looks for");
}

/// `watch` prints its passes; a second file comes while it runs; SIGTERM ends it.
#[test]
fn watch_says_nothing_either() {
    let place = Place::new();
    let mut command = place.command(&["watch", "--poll", "1", "--business-date", DAY]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut printed = String::new();
    while !printed.contains("business date") {
        assert_ne!(out.read_line(&mut printed).unwrap(), 0, "{printed}");
    }
    place.canaries.none_in("cmdline", &proc_file(&child, "cmdline"));
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    out.read_to_string(&mut printed).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    place.canaries.none_in("the output", printed.as_bytes());
    place.canaries.none_in("its errors", &output.stderr);
    place.nothing_at_rest();
}

/// Killed in the middle of a run, and a panic whose words are a person's name.
#[test]
fn a_run_that_ends_in_the_middle_leaves_nothing_and_a_panic_says_nothing() {
    if !cfg!(feature = "fault-injection") {
        std::io::stderr()
            .write_all(b"SKIPPED: needs --features fault-injection\n")
            .unwrap();
        return;
    }
    let place = Place::new();
    let mut panics = 0;
    for at in (1..400).step_by(9) {
        for how in ["SEKISHO_STOP_AT", "SEKISHO_PANIC_AT"] {
            let mut command = place.command(&["run", "--business-date", DAY]);
            let output = command.env(how, at.to_string()).output().unwrap();
            place.canaries.none_in(how, &output.stdout);
            place.canaries.none_in(how, &output.stderr);
            if how == "SEKISHO_PANIC_AT" && output.status.code() == Some(70) {
                let words = String::from_utf8(output.stderr).unwrap();
                assert!(
                    words.starts_with("sekisho: stopped at src/os/stopping.rs:") && words.lines().count() == 1,
                    "{words}"
                );
                panics += 1;
            } else {
                assert!(!output.status.core_dumped());
            }
            place.nothing_at_rest();
        }
        // The inbound folder is filled again, so that there is always something under way.
        place
            .desk
            .put(AKITA, FILE_NAME, &upd_of(&head(AKITA, 3), &[canary(AKITA, 3)]));
    }
    assert!(panics > 5, "{panics}");
}
