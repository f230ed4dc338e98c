//! F7: a full disk. The reserve lets what is decided be finished and what is small be recorded; reading commands need no
//! room; a pass that does not fit leaves the disk as it found it.

use std::path::Path;

use sekisho::domain::fault::{Class, Fault, FaultId};
use sekisho::ports::Disk;
use sekisho::ports::guarded::Guarded;
use sekisho::ports::simulated::SimDisk;
use sekisho::run::site::{Access, Site};
use sekisho::run::{generations, held, prune, status};

use super::blind::Blind;
use super::same::Same;
use super::{guarded, simulated, verifies};
use crate::desk::files::{AKITA, day, name, upd};
use crate::desk::memory::{Machine, ROOT, look, pass_on};
use crate::desk::unlocking;
use crate::faulty::{busy, exported};

const RESERVE: u64 = 1 << 20;

/// The site of [`busy`] with a small reserve that is not made yet.
fn site() -> (SimDisk, crate::desk::memory::Small) {
    let small = busy();
    let disk = simulated(&small);
    let path = Path::new(ROOT).join("sekisho.toml");
    let text = String::from_utf8(disk.read(&path, 9999).unwrap()).unwrap();
    let smaller = text.replace("reserve_bytes = 16777216", &format!("reserve_bytes = {RESERVE}"));
    assert_ne!(text, smaller);
    disk.put(&path, smaller.as_bytes()).unwrap();
    disk.put(&reserve(), &vec![7; usize::try_from(RESERVE).unwrap()])
        .unwrap();
    (disk, small)
}

fn reserve() -> std::path::PathBuf {
    Path::new(ROOT).join("reserve")
}

/// Leaves so many bytes free.
fn leave(disk: &SimDisk, free: u64) {
    disk.set_capacity(Some(disk.used() + free));
}

fn reserved(disk: &SimDisk) -> u64 {
    disk.facts(&reserve()).map_or(0, |facts| facts.len_bytes)
}

fn write_on<T>(disk: &dyn Disk, seed: u8, work: impl FnOnce(&mut Site<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
    let machine = Machine::new(seed);
    let mut site = Site::open(machine.tools(disk), Path::new(ROOT), Access::Write, unlocking())?;
    work(&mut site)
}

fn room(disk: &SimDisk) -> sekisho::run::room::Room {
    look(disk, |site| status::status(site).unwrap().room)
}

#[test]
fn with_no_byte_free_everything_can_be_seen_and_what_is_small_recorded() {
    let (disk, _small) = site();
    // Leftovers: a copy that no held file owns, a proof that was not finished, a run and a manifest of nobody.
    let leftovers = [
        "ledger/2020/checkpoint.tmp",
        "out/052019/RES-050008-052019-00000009.dat.seki.tlog-proof.tmp",
        "spool/00112233445566778899aabbccddeeff",
        "store/manifests/0000000099.json",
        "store/runs/00112233445566778899aabbccddeeff.run",
    ];
    let kept = [
        "out/052019/notes.tmp",
        "store/runs/readme.txt",
        "registers/gaiji/akita.csv.tmp",
    ];
    for path in leftovers.iter().chain(&kept) {
        disk.put(&Path::new(ROOT).join(path), &[1; 5000]).unwrap();
    }
    let rows = look(&disk, exported);
    let list = |disk: &SimDisk| look(disk, |site| generations::list(site).unwrap().len());
    let before = list(&disk);
    leave(&disk, 0);
    assert_eq!(list(&disk), before);
    assert_eq!(room(&disk).free_bytes, Some(0));
    assert!(room(&disk).is_low());
    verifies(&disk, "full");
    assert_eq!(look(&disk, exported), rows);
    look(&disk, |site| {
        assert!(!status::status(site).unwrap().held.is_empty());
    });

    // A pass does not fit: nothing of it remains, nothing is taken, the reserve stays.
    let before = (disk.files(), disk.used());
    let fault = pass_on(&guarded(&disk), 3).unwrap_err();
    assert_eq!((fault.id, fault.class()), (FaultId::RoomMissing, Class::Storage));
    // What the leftover copy took is free by then: every pass tidies the spool.
    assert_eq!(fault.args()[2], ("free", "5256".to_owned()));
    let mut after = (disk.files(), disk.used());
    after.0.push(Path::new(ROOT).join(leftovers[2]));
    after.0.sort();
    assert_eq!(after.0, before.0);
    assert_eq!(after.1 + 5256, before.1);
    assert_eq!(reserved(&disk), RESERVE);

    // What nothing names goes, and nothing else; no room is needed for it.
    leave(&disk, 0);
    let paths = |pruned: prune::Pruned| -> Vec<String> { pruned.files.into_iter().map(|file| file.path).collect() };
    let mut planned = look(&disk, |site| paths(prune::plan(site).unwrap()));
    planned.sort();
    let mut expected: Vec<&str> = leftovers.to_vec();
    expected.retain(|path| !path.starts_with("spool"));
    assert_eq!(planned, expected);
    let used = disk.used();
    let pruned = write_on(&guarded(&disk), 4, prune::prune).unwrap();
    assert_eq!(pruned.bytes(), 20_000);
    assert_eq!(disk.used(), used - 4 * 5256);
    assert!(write_on(&guarded(&disk), 4, prune::prune).unwrap().files.is_empty());
    for path in kept {
        assert!(disk.exists(&Path::new(ROOT).join(path)).unwrap(), "{path}");
    }

    // A decision is recorded, with the reserve.
    leave(&disk, 0);
    let id = look(&disk, |site| {
        let held = site.exchange().held;
        held.into_iter().find(|held| !held.in_place).unwrap().id
    });
    write_on(&guarded(&disk), 5, |site| {
        held::drop_file(site, &id, Some(day(crate::desk::files::DAY)))
    })
    .unwrap();
    assert_eq!(reserved(&disk), 0);
    assert!(room(&disk).free_bytes.unwrap() < RESERVE);
    assert_eq!(room(&disk).reserve_wanted_bytes, RESERVE);
    verifies(&disk, "after a decision");
    assert_eq!(look(&disk, exported), rows);

    // Without a reserve even that has to wait, and says so.
    leave(&disk, 0);
    let fault = write_on(&guarded(&disk), 6, |site| {
        let party = site.parties.all().next().unwrap().clone();
        let changed = sekisho::domain::party::Party {
            hash_optional: !party.hash_optional,
            ..party
        };
        sekisho::run::parties::put(site, vec![changed], Some(day(crate::desk::files::DAY)))
    })
    .unwrap_err();
    assert_eq!(fault.id, FaultId::RoomMissing);

    // With room again the pass goes through, and makes the reserve anew.
    leave(&disk, RESERVE * 3);
    let result = pass_on(&guarded(&disk), 7).unwrap();
    assert!(result.committed && result.residents_after > 2);
    assert_eq!(reserved(&disk), RESERVE);
    assert!(!room(&disk).is_low() || room(&disk).free_bytes.unwrap() < RESERVE * 4);
    verifies(&disk, "in the end");
}

#[test]
fn the_reserve_is_made_where_twice_its_room_is_free_and_as_long_as_the_settings_say() {
    let (disk, _small) = site();
    disk.remove(&reserve()).unwrap();
    leave(&disk, RESERVE * 2 - 1);
    pass_on(&guarded(&disk), 3).unwrap();
    assert_eq!(reserved(&disk), 0);
    leave(&disk, RESERVE * 2);
    assert!(!pass_on(&guarded(&disk), 4).unwrap().committed);
    assert_eq!(reserved(&disk), RESERVE);
    let path = Path::new(ROOT).join("sekisho.toml");
    let text = String::from_utf8(disk.read(&path, 9999).unwrap()).unwrap();
    for (wanted, kept) in [("2048", 2048), ("0", 0)] {
        let text = text.replace(
            &format!("reserve_bytes = {RESERVE}"),
            &format!("reserve_bytes = {wanted}"),
        );
        disk.put(&path, text.as_bytes()).unwrap();
        pass_on(&guarded(&disk), 5).unwrap();
        assert_eq!(reserved(&disk), kept);
    }
    // A site from before there was a reserve: its settings do not name it.
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("reserve_bytes")).collect();
    disk.put(&path, text.join("\n").as_bytes()).unwrap();
    disk.set_capacity(Some(disk.used() + (64 << 20)));
    pass_on(&guarded(&disk), 6).unwrap();
    assert_eq!(reserved(&disk), 16 << 20);
}

/// A pass on a disk that is met full after so many bytes, with or without a reserve.
fn met_full(base: &SimDisk, free: u64, has_reserve: bool) -> (SimDisk, Result<bool, Fault>) {
    let disk = base.copy();
    if !has_reserve {
        disk.remove(&reserve()).unwrap();
    }
    leave(&disk, free);
    let blind = Blind {
        disk: disk.clone(),
        left_after_commit: None,
    };
    let result = pass_on(&Guarded::new(blind), 3);
    (disk, result.map(|result| result.unreadable))
}

#[test]
fn a_disk_that_fills_up_anywhere_in_a_pass_is_left_whole() {
    let (base, small) = site();
    let reference = {
        let disk = base.copy();
        pass_on(&disk, 3).unwrap();
        Same::of(&disk, &small)
    };
    let rows = look(&base, exported);
    let mut stopped = 0;
    for has_reserve in [true, false] {
        let mut free = 0;
        loop {
            let what = format!("{free} bytes free, reserve {has_reserve}");
            let (disk, result) = met_full(&base, free, has_reserve);
            let Err(fault) = result else {
                reference.assert_same(&disk, &what);
                break;
            };
            stopped += 1;
            assert_eq!(
                (fault.id, fault.class()),
                (FaultId::DiskFull, Class::Storage),
                "{what}: {fault}"
            );
            // Everything that was begun is gone again: the generation before is the newest, nothing was taken.
            let unfinished = look(&disk, |site| status::status(site).unwrap().unfinished);
            assert_eq!(
                (look(&disk, exported), unfinished),
                (rows.clone(), Vec::new()),
                "{what}"
            );
            // An empty folder may stay, and leaves that were never committed until the next ones replace them.
            let whole = base.used() + (32 << 10) - if has_reserve { 0 } else { RESERVE };
            assert!(disk.used() <= whole, "{what}: {} {whole}", disk.used());
            assert_eq!(reserved(&disk), if has_reserve { RESERVE } else { 0 }, "{what}");
            verifies(&disk, &what);
            disk.set_capacity(None);
            pass_on(&guarded(&disk), 4).unwrap_or_else(|fault| panic!("{what}: {fault}"));
            reference.assert_same(&disk, &what);
            free += 1021;
        }
    }
    assert!(stopped > 20, "{stopped}");
}

#[test]
fn a_disk_that_others_fill_after_the_commit_point_costs_the_reserve_and_nothing_else() {
    let (base, small) = site();
    let reference = {
        let disk = base.copy();
        pass_on(&disk, 3).unwrap();
        Same::of(&disk, &small)
    };
    let rows = look(&base, exported);
    for left in [0, 300, 2000] {
        let filled = || Blind {
            disk: base.copy(),
            left_after_commit: Some(left),
        };
        let what = format!("{left} bytes left");
        // With a reserve the pass goes through.
        let blind = filled();
        let disk = blind.disk.clone();
        pass_on(&Guarded::new(blind), 3).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        assert_eq!(reserved(&disk), 0, "{what}");
        reference.assert_same(&disk, &what);
        verifies(&disk, &what);
        // Without one it waits for room, decided: the generation before is read meanwhile, and nothing is lost.
        let blind = filled();
        let disk = blind.disk.clone();
        disk.remove(&reserve()).unwrap();
        let fault = pass_on(&Guarded::new(blind), 3).unwrap_err();
        assert_eq!(fault.id, FaultId::DiskFull, "{what}: {fault}");
        assert_eq!(
            look(&disk, |site| status::status(site).unwrap().unfinished.len()),
            1,
            "{what}"
        );
        if left < 300 {
            assert_eq!(look(&disk, exported), rows, "{what}");
        }
        verifies(&disk, &what);
        let fault = pass_on(&guarded(&disk), 4).unwrap_err();
        assert_eq!(fault.id, FaultId::DiskFull, "{what}: {fault}");
        disk.set_capacity(None);
        pass_on(&guarded(&disk), 5).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        reference.assert_same(&disk, &what);
    }
}

#[test]
fn a_disk_that_tells_its_room_is_never_met_full() {
    let (base, small) = site();
    base.put(&Path::new(ROOT).join("in").join(AKITA).join(name(AKITA, 4)), &many())
        .unwrap();
    let (mut early, mut free) = (0, 0);
    loop {
        let disk = base.copy();
        leave(&disk, free);
        match pass_on(&guarded(&disk), 3) {
            Ok(result) => {
                assert!(result.committed);
                break;
            }
            Err(fault) => assert_eq!(fault.id, FaultId::RoomMissing, "{free} bytes free: {fault}"),
        }
        early += 1;
        free += 30_011;
    }
    assert!(early > 5, "{early}");
    drop(small);
}

/// A file of 300 notices, most of which are repetitions within the file.
fn many() -> Vec<u8> {
    let persons: Vec<(&str, &str)> = std::iter::repeat_n(crate::desk::files::EMI, 300).collect();
    upd(AKITA, 4, &persons)
}
