//! The built binary on the real kernel: limits of the process, a full output, a small file system that is full, syncs that
//! fail. What a machine does not allow is skipped with a word.

use std::path::Path;
use std::process::{Command, Output};

use crate::desk::files::{AKITA, ANNA, BEN, CHIE, DAY, NOSHIRO, name};
use crate::desk::{Desk, names};
use crate::shared::skipped;

/// Runs a shell script with the binary as `$1` and the site as `$2`.
fn shell(desk: &Desk, script: &str) -> Output {
    let mut command = Command::new("bash");
    command
        .args(["-c", script, "bash", env!("CARGO_BIN_EXE_sekisho")])
        .arg(desk.root())
        .current_dir(desk.path("."));
    command.output().unwrap()
}

fn code_of(output: &Output) -> i32 {
    output
        .status
        .code()
        .unwrap_or_else(|| panic!("ended by a signal: {output:?}"))
}

fn two_files() -> Desk {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA, CHIE]);
    desk.send(NOSHIRO, 1, &[BEN]);
    desk
}

#[test]
fn an_output_that_is_full_is_no_success() {
    if !Path::new("/dev/full").exists() {
        skipped("no /dev/full");
        return;
    }
    let desk = two_files();
    assert_eq!(desk.run().code, 0);
    for words in [
        "status",
        "--json status",
        "gen list",
        "gen verify",
        "gen prune --plan",
        "ledger list",
        "ledger verify",
        "held list",
        "party list",
        "master stats",
        "master export",
        "plan",
        "run",
        "rules show",
        "help",
        "--version",
    ] {
        let script = format!("\"$1\" --site \"$2\" --business-date {DAY} {words} > /dev/full");
        assert_eq!(code_of(&shell(&desk, &script)), 7, "{words}");
        let script = format!("\"$1\" --site \"$2\" --business-date {DAY} {words} 1>&-");
        let closed = code_of(&shell(&desk, &script));
        assert!(matches!(closed, 0 | 3 | 7), "{words}: {closed}");
    }
}

/// The last attempt may have gone through, so the files may be gone; the residents are there.
fn ends_well(desk: &Desk) {
    let pass = desk.run();
    assert_eq!(pass.code, 0, "{}", pass.json);
    assert_eq!(pass.json["sums"]["residents_after"], 3, "{}", pass.json);
    desk.must(&["gen", "verify", "--full"]);
    desk.must(&["ledger", "verify"]);
    assert_eq!(names(&desk.root().join("staging")), [""; 0]);
}

#[test]
fn a_limit_on_the_length_of_files_is_a_fault_of_storage() {
    let desk = two_files();
    let mut stopped = 0;
    // Blocks of 1 KiB. The longest file of the run has a few.
    for blocks in 0..8 {
        let script = format!("ulimit -f {blocks}; exec \"$1\" --site \"$2\" --lang en run --business-date {DAY}");
        let ran = shell(&desk, &script);
        if code_of(&ran) == 0 {
            break;
        }
        assert_eq!(code_of(&ran), 7, "{blocks}: {ran:?}");
        let words = String::from_utf8(ran.stderr).unwrap();
        assert!(words.contains("errno 27"), "{words}");
        stopped += 1;
    }
    assert!(stopped >= 2, "{stopped}");
    ends_well(&desk);
}

#[test]
fn a_limit_on_open_files_is_a_fault_of_storage() {
    let desk = two_files();
    let mut stopped = 0;
    for files in 4..24 {
        let script =
            format!("ulimit -n {files}; exec \"$1\" --site \"$2\" --lang en --threads 1 run --business-date {DAY}");
        let ran = shell(&desk, &script);
        match code_of(&ran) {
            0 => break,
            7 => stopped += 1,
            // The loader itself found no room.
            127 => {}
            other => panic!("{files}: {other}: {ran:?}"),
        }
    }
    assert!(stopped >= 1, "{stopped}");
    ends_well(&desk);
}

/// True where strace can trace here.
fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-e", "trace=none", "true"]).output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        skipped("strace is not here or may not trace");
    }
    can
}

fn tampered(desk: &Desk, how: &str, command: &str) -> Output {
    let script = format!(
        "exec strace -f -qq -o trace.log -e trace=fsync,openat,write,rename,unlink,mkdir -e inject={how} \"$1\" --lang en \
         --site \"$2\" --threads 1 {command} --business-date {DAY}"
    );
    shell(desk, &script)
}

#[test]
fn a_sync_that_fails_ends_the_program_with_its_own_code() {
    if !can_trace() {
        return;
    }
    let desk = two_files();
    for (sync, command) in [(1, "run"), (4, "run"), (9, "watch --poll 1"), (17, "run"), (25, "run")] {
        let ran = tampered(&desk, &format!("fsync:error=EIO:when={sync}"), command);
        assert_eq!(code_of(&ran), 10, "{sync}: {ran:?}");
        let words = String::from_utf8(ran.stderr).unwrap();
        assert!(words.contains("FsyncFailed") && words.contains("errno 5"), "{words}");
        // Nothing is changed after it: the last that is seen are the words on standard error.
        let trace = std::fs::read_to_string(desk.path("trace.log")).unwrap();
        let behind = trace.split("(INJECTED)").last().unwrap();
        for call in ["fsync(", "rename", "unlink", "mkdir", "O_CREAT"] {
            assert!(!behind.contains(call), "{sync}: {behind}");
        }
    }
    ends_well(&desk);
}

#[test]
fn interrupted_calls_are_no_failures() {
    if !can_trace() {
        return;
    }
    let desk = two_files();
    // Every third of each of these calls is interrupted once, from the fifth on.
    let ran = tampered(&desk, "fsync,openat,write:error=EINTR:when=5+3", "run");
    let trace = std::fs::read_to_string(desk.path("trace.log")).unwrap();
    assert!(trace.matches("EINTR").count() > 20, "{trace}");
    assert_eq!(code_of(&ran), 0, "{ran:?}");
    ends_well(&desk);
}

#[test]
fn a_small_file_system_that_is_full() {
    let desk = two_files();
    let script = r#"
set -u
mkdir small && mount -t tmpfs -o size=12m tmpfs small || exit 99
rm -f "$2/reserve"
cp -a "$2" small/site
sed -i 's/^reserve_bytes = .*/reserve_bytes = 1048576/' small/site/sekisho.toml
mv small/site/in/052027 waiting
ran() { "$1" --lang en --site small/site --business-date 2020-09-14 "${@:2}" > out.txt 2> err.txt; echo "${*:2}: $?"; }
ran "$1" run
stat -c 'reserve %s' small/site/reserve
rm -rf small/site/in/052027; mv waiting small/site/in/052027
dd if=/dev/zero of=small/fill bs=4096 2>/dev/null
ran "$1" status
grep -c ^warning out.txt
ran "$1" ledger verify
ran "$1" gen verify --full
ran "$1" master export
ran "$1" run
grep -oE 'RoomMissing|DiskFull' err.txt
ran "$1" gen prune
ran "$1" party key 052019 --signing "$(sed -n 1p key.txt)"
ls small/site/reserve 2>/dev/null
ran "$1" run
rm small/fill
ran "$1" run
stat -c 'reserve %s' small/site/reserve
ran "$1" ledger verify
"#;
    // Another key for 秋田市, so that a registration has something to record.
    let other = crate::desk::files::secrets(AKITA, 77);
    std::fs::write(desk.path("key.txt"), other.package_signer.vkey()).unwrap();
    let mut command = Command::new("unshare");
    let ran = command
        .args(["-m", "bash", "-c", script, "bash", env!("CARGO_BIN_EXE_sekisho")])
        .arg(desk.root())
        .current_dir(desk.path("."))
        .output();
    let Ok(ran) = ran else {
        skipped("no unshare");
        return;
    };
    let printed = String::from_utf8(ran.stdout.clone()).unwrap();
    if !printed.contains("run: ") {
        let why = String::from_utf8_lossy(&ran.stderr);
        skipped(&format!("no file system may be mounted here: {why}"));
        return;
    }
    let lines: Vec<&str> = printed.lines().collect();
    let expected = [
        "run: 0",
        "reserve 1048576",
        "status: 0",
        "1",
        "ledger verify: 0",
        "gen verify --full: 0",
        "master export: 0",
        "run: 7",
        "RoomMissing",
        "gen prune: 0",
    ];
    assert_eq!(lines.get(..expected.len()), Some(&expected[..]), "{ran:?}");
    let rest = &lines[expected.len()..];
    assert!(rest[0].starts_with("party key") && rest[0].ends_with(": 0"), "{ran:?}");
    // The reserve is given up now; a run still does not fit, or fits into what the registration left of it.
    assert!(matches!(rest[1], "run: 7" | "run: 0"), "{ran:?}");
    assert_eq!(&rest[2..], ["run: 0", "reserve 1048576", "ledger verify: 0"], "{ran:?}");
    assert!(desk.waiting(AKITA).contains(&name(AKITA, 1)));
}
