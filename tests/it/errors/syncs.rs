//! F5: a sync that fails, of any file or folder, ends everything: own exit code, nothing written after it, not tried again.
//! The next run recovers, and what it leaves does not need what the failed sync lost.

use std::collections::BTreeSet;

use sekisho::domain::fault::{Class, Fault as Stopped, FaultId, Lang};
use sekisho::ports::Disk;
use sekisho::ports::simulated::{Counting, Fault, OperationKind, SimDisk, Survival, Trouble};

use super::same::Same;
use super::{guarded, simulated};
use crate::desk::memory::{pass_on, state};
use crate::faulty::busy;

/// A disk on which the n-th sync fails, once: the kernel would report success if it were asked again.
fn failing_at(disk: &SimDisk, sync: u64) -> SimDisk {
    let disk = disk.copy();
    disk.restart_count();
    let fault = Fault::once(Trouble::SyncFails, sync).counting(Counting::Syncs);
    disk.set_faults(vec![fault]);
    disk
}

fn syncs_of(disk: &SimDisk) -> u64 {
    let counting = failing_at(disk, 0);
    pass_on(&counting, 3).unwrap();
    counting.count(Counting::Syncs)
}

/// What changes the disk in the trace after the operation that failed.
fn after_the_failure(disk: &SimDisk, sync: u64) -> Vec<String> {
    let trace = disk.trace();
    let mut syncs = 0;
    let behind = trace.iter().skip_while(|operation| {
        syncs += u64::from(operation.kind.is_sync());
        syncs < sync
    });
    let changes = behind.skip(1).filter(|operation| operation.kind.is_change());
    changes
        .map(|operation| format!("{} {}", operation.kind.as_str(), operation.path.display()))
        .collect()
}

fn is_fatal(fault: &Stopped) {
    assert_eq!((fault.id, fault.class()), (FaultId::FsyncFailed, Class::Fatal));
    assert_eq!(fault.class().exit_code(), 10);
    for lang in [Lang::Ja, Lang::En] {
        assert!(!fault.what(lang).contains('{'), "{}", fault.what(lang));
    }
}

#[test]
fn every_sync_of_a_pass_that_fails_is_the_last_thing_that_is_done() {
    let small = busy();
    let base = simulated(&small);
    let total = syncs_of(&base);
    assert!(total > 60, "{total}");
    let mut kinds = BTreeSet::new();
    for sync in 1..=total {
        // By itself, without the guard: no caller goes on or tidies up.
        let disk = failing_at(&base, sync);
        let fault = pass_on(&disk, 3).unwrap_err();
        let after = after_the_failure(&disk, sync);
        assert!(after.is_empty(), "sync {sync} of {total}: {fault}: {after:?}");
        // As the program runs: exit code 10 wherever it was.
        let disk = failing_at(&base, sync);
        let fault = pass_on(&guarded(&disk), 3).unwrap_err();
        is_fatal(&fault);
        assert_eq!(after_the_failure(&disk, sync), [""; 0]);
        let failed = disk.trace().into_iter().rfind(|operation| operation.kind.is_sync());
        let failed = failed.unwrap();
        let named = fault.args().iter().find(|(name, _)| *name == "path").unwrap();
        assert_eq!(named.1, failed.path.display().to_string(), "sync {sync}");
        kinds.insert(failed.kind);
    }
    assert_eq!(kinds, BTreeSet::from([OperationKind::Sync, OperationKind::SyncFolder]));
}

#[test]
fn after_a_failed_sync_the_next_run_recovers_and_needs_nothing_that_was_lost() {
    let small = busy();
    let base = simulated(&small);
    let total = syncs_of(&base);
    let reference = {
        let disk = base.copy();
        pass_on(&disk, 3).unwrap();
        Same::of(&disk, &small)
    };
    for sync in 1..=total {
        let disk = failing_at(&base, sync);
        pass_on(&guarded(&disk), 3).unwrap_err();
        disk.set_faults(Vec::new());
        // The machine stays up: the next run sees what the kernel still shows. Then the power goes.
        let up = disk.copy();
        let what = format!("sync {sync} of {total}");
        pass_on(&guarded(&up), 4).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        reference.assert_same(&up, &what);
        let down = up.survivor(Survival::Lost, sync);
        let failed = disk.trace().into_iter().rfind(|operation| operation.kind.is_sync());
        let what = format!("{what} ({failed:?}), then the power went");
        // A spool copy that went to the archive may be under both names again: the next run takes that away.
        let result = pass_on(&guarded(&down), 5).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        assert!(!result.committed, "{what}: {result:?}");
        reference.assert_same(&down, &what);
        // The power goes at once.
        for survival in [Survival::Lost, Survival::Partly] {
            let down = disk.survivor(survival, sync);
            let what = format!("{what}, power lost ({survival:?})");
            pass_on(&guarded(&down), 4).unwrap_or_else(|fault| panic!("{what}: {fault}"));
            reference.assert_same(&down, &what);
        }
    }
}

#[test]
fn a_pass_goes_on_for_nobody_where_every_sync_fails_from_one_on() {
    let small = busy();
    let base = simulated(&small);
    let disk = base.copy();
    let fault = Fault::from_on(Trouble::SyncFails, 1).counting(Counting::Syncs);
    disk.set_faults(vec![fault]);
    for seed in 3..6 {
        disk.restart_count();
        is_fatal(&pass_on(&guarded(&disk), seed).unwrap_err());
        assert_eq!(disk.count(Counting::Syncs), 1, "tried once");
    }
    disk.set_faults(Vec::new());
    pass_on(&guarded(&disk), 6).unwrap();
    assert!(disk.exists(std::path::Path::new("/site/lock")).unwrap());
    state(&disk, &small.parties);
}
