//! `watch`: pass after pass until SIGTERM, with room for other commands in between.

use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::desk::Desk;
use crate::desk::files::*;

/// Looks again and again until something is so; gives up where the program has ended or after very many looks.
fn until(child: &mut Child, what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..40_000_000_u64 {
        if is_so() {
            return;
        }
        if let Some(status) = child.try_wait().unwrap() {
            panic!("{what}: the program ended with {status}");
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    panic!("{what}: it never came");
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn watch_takes_what_comes_and_stops_cleanly() {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    let mut child = desk
        .command(&["--json", "watch", "--poll", "1", "--business-date", DAY])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (akita, noshiro) = (desk.inbound(AKITA), desk.inbound(NOSHIRO));
    until(&mut child, "the first file", || is_empty(&akita));
    // The last thing of a commit: its staging folder is gone, then the lock is free.
    let staging = desk.root().join("staging");
    until(&mut child, "the end of the first pass", || is_empty(&staging));
    desk.send(NOSHIRO, 1, &[BEN]);
    until(&mut child, "the second file", || is_empty(&noshiro));
    until(&mut child, "the end of the second pass", || is_empty(&staging));
    // An operator's command has its turn between two passes.
    let csv = desk.path("more.csv");
    let text = "party_id,kind,name,kinds,text_encoding,active_from,active_to\n\
                052094,municipality,鹿角市,UPD,1,20020805,20991231\n";
    std::fs::write(&csv, text).unwrap();
    until(&mut child, "a turn for another command", || {
        let code = desk
            .program(&["party", "import", csv.to_str().unwrap(), "--business-date", DAY])
            .code();
        assert!(code == 0 || code == 6, "{code}");
        code == 0
    });
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let passes: Vec<serde_json::Value> = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let generations: Vec<_> = passes
        .iter()
        .filter_map(|pass| pass["generation_after"].as_u64())
        .collect();
    assert_eq!(generations, [1, 2], "{text}");
    assert_eq!(desk.json(&["status"], 0)["residents"], 2);
    let state = desk.state();
    assert_eq!((state.staging.len(), state.inbox.len()), (0, 0));
    desk.must(&["ledger", "verify"]);
}

#[test]
fn watch_ends_where_the_site_is_wrong() {
    let desk = Desk::new();
    std::fs::remove_file(desk.root().join("keys/unlock.key")).unwrap();
    let fault = desk.fault(&["watch", "--poll", "1"], 5);
    assert_eq!(fault["fault"], "KeysMissing");
}
