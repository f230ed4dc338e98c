//! F4: the n-th operation of a pass fails, once or from there on: right exit code, store and ledger verify, the rerun ends
//! as if nothing had happened. Every n and both modes, the kinds of trouble in turn; all of them with `SEKISHO_SOAK=1`.

use std::collections::BTreeMap;

use sekisho::domain::fault::{Class, FaultId};
use sekisho::ports::simulated::{Counting, ERRNOS, Errno, Fault, OperationKind, SimDisk, Trouble};

use super::same::Same;
use super::{guarded, simulated, verifies};
use crate::desk::memory::pass_on;
use crate::faulty::busy;

/// What can go wrong with an operation.
fn troubles() -> Vec<Trouble> {
    let short = [
        Trouble::ShortRead,
        Trouble::ShortWrite(Errno::NoSpace),
        Trouble::ShortWrite(Errno::Io),
    ];
    ERRNOS.into_iter().map(Trouble::Error).chain(short).collect()
}

/// Trouble at an operation, and what must be so afterwards; the word says how the pass ended.
fn meet(base: &SimDisk, fault: Fault, reference: &Same) -> &'static str {
    let what = format!("{fault:?}");
    let disk = base.copy();
    disk.restart_count();
    disk.set_faults(vec![fault]);
    let first = pass_on(&guarded(&disk), 3);
    let hits = disk.hits();
    let failed = disk.trace().into_iter().nth(usize::try_from(fault.at).unwrap() - 1);
    disk.set_faults(Vec::new());
    let (ended, is_whole) = match &first {
        Err(stopped) => {
            assert!(hits > 0, "{what}: {stopped}");
            let class = stopped.class();
            // No sync ends with EMFILE: that one was not begun.
            let begun = fault.trouble != Trouble::Error(Errno::TooManyFiles);
            let at_sync = begun && failed.is_some_and(|operation| operation.kind.is_sync());
            match class {
                Class::Fatal => assert!(at_sync || fault.for_ever, "{what}: {stopped}"),
                Class::Storage => assert!(!at_sync, "{what}: {stopped}"),
                // A file that is shorter than it was is damage, and looks the same.
                Class::Integrity => assert_eq!(fault.trouble, Trouble::ShortRead, "{what}: {stopped}"),
                Class::Done
                | Class::DoneWithRejections
                | Class::Usage
                | Class::Held
                | Class::Refused
                | Class::Locked
                | Class::Busy
                | Class::Newer
                | Class::Internal => panic!("{what}: {stopped}"),
            }
            let full = matches!(
                fault.trouble,
                Trouble::Error(Errno::NoSpace | Errno::Quota) | Trouble::ShortWrite(Errno::NoSpace)
            );
            assert!(stopped.id != FaultId::DiskFull || full, "{what}: {stopped}");
            (if class == Class::Fatal { "fatal" } else { "stopped" }, true)
        }
        Ok(result) if result.unreadable => {
            assert_eq!(result.class(), Class::Storage, "{what}");
            ("unreadable", false)
        }
        Ok(_) => (if hits > 0 { "done all the same" } else { "not met" }, true),
    };
    if hits == 0 {
        return ended;
    }
    verifies(&disk, &what);
    pass_on(&guarded(&disk), 4).unwrap_or_else(|later| panic!("{what}: {first:?}: the rerun: {later}"));
    if fault.trouble == Trouble::ShortRead && first.is_ok() {
        // A file that ended too early was held as one that still grows, and the words say so until it is complete.
        reference.assert_same_rows(&disk, &what);
    } else if is_whole {
        reference.assert_same(&disk, &what);
    } else {
        reference.assert_same_register(&disk, &what);
    }
    ended
}

#[test]
fn the_nth_operation_fails_once_or_for_ever() {
    let small = busy();
    let base = simulated(&small);
    let done = base.copy();
    pass_on(&done, 3).unwrap();
    // Before the look at what it left, which reads too.
    let operations = done.trace();
    let total = done.count(Counting::All);
    let reference = Same::of(&done, &small);
    assert!(total > 250, "{total}");
    let troubles = troubles();
    let all = std::env::var_os("SEKISHO_SOAK").is_some();
    let mut ended: BTreeMap<&str, u32> = BTreeMap::new();
    for (turn, operation) in operations.iter().enumerate() {
        let at = u64::try_from(turn).unwrap() + 1;
        // Short reads and writes are met by reads and writes alone.
        let possible: Vec<Trouble> = troubles
            .iter()
            .copied()
            .filter(|trouble| match trouble {
                Trouble::ShortRead => operation.kind == OperationKind::Read,
                Trouble::ShortWrite(_) => operation.kind == OperationKind::Write,
                Trouble::Error(_) | Trouble::SyncFails | Trouble::SyncOmitted => true,
            })
            .collect();
        for for_ever in [false, true] {
            let chosen = turn * 2 + usize::from(for_ever);
            for (number, trouble) in possible.iter().enumerate() {
                if all || (number == chosen % possible.len() && for_ever == (turn % 2 == 1)) {
                    let fault = if for_ever {
                        Fault::from_on(*trouble, at)
                    } else {
                        Fault::once(*trouble, at)
                    };
                    *ended.entry(meet(&base, fault, &reference)).or_default() += 1;
                }
            }
        }
    }
    for way in ["fatal", "stopped", "unreadable"] {
        assert!(ended.contains_key(way), "{ended:?}");
    }
    if all {
        crate::shared::skipped(&format!("nothing of {total} operations: {ended:?}"));
    }
}
