//! Files that change while they are read: inbound files that are too long to stay in memory between their two readings (H01), and
//! what `seal` and `open` read. Nothing of a mixture is taken, sealed or given out.

use std::path::PathBuf;
use std::sync::Arc;

use sekisho::domain::fault::{Fault, FaultId, Lang};
use sekisho::format::leaf::Act;
use sekisho::os::disk::RealDisk;
use sekisho::run::opening::{Content, OpenWish, Opened, open_at_site};
use sekisho::run::sealing::{SealWish, Sealed, seal_at_site};
use sekisho::run::site::Access;

use super::hooked::{Hooked, When};
use super::place::Place;
use crate::desk::files::*;
use crate::desk::names;
use crate::desk::state::leaves;

/// More than is kept in memory between the two readings, and than is sealed at once.
const LONG: usize = 4 << 20;

fn seal(place: &Place, disk: &Hooked) -> Result<Sealed, Fault> {
    let (file, out) = (place.path("!letter"), place.path("!letter.seki"));
    place.with(disk, Access::Write, |site| {
        let wish = SealWish {
            file: &file,
            to: id(AKITA),
            out: &out,
            threads: 2,
        };
        seal_at_site(site, wish, Some(day(DAY)))
    })
}

fn open(place: &Place, disk: &Hooked) -> Result<Opened, Fault> {
    let (package, out) = (place.path("!p.seki"), place.path("!inside"));
    place.with(disk, Access::Write, |site| {
        let wish = OpenWish {
            package: &package,
            sender_key: None,
            content: Content::File(&out),
            threads: 2,
        };
        open_at_site(site, wish, Some(day(DAY)))
    })
}

/// Other bytes in a file, whose length, inode and time of change stay, before its n-th reading.
fn swapped(path: PathBuf, nth: u64, bytes: Vec<u8>) -> Hooked {
    let when = When {
        operation: "read".to_owned(),
        path: path.clone(),
        nth,
    };
    Hooked::meanwhile(when, Box::new(move || swap(&path, &bytes)))
}

fn swap(path: &PathBuf, bytes: &[u8]) {
    let time = std::fs::metadata(path).unwrap().modified().unwrap();
    std::fs::write(path, bytes).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

fn acts(place: &Place) -> Vec<Act> {
    let mut acts = Vec::new();
    place
        .with(&RealDisk, Access::Read, |site| {
            acts = leaves(site).iter().map(|leaf| leaf.act).collect();
            Ok(())
        })
        .unwrap();
    acts
}

/// Names beside the site.
fn beside(place: &Place) -> Vec<String> {
    names(&place.path("!"))
}

#[test]
fn a_long_file_that_changes_between_its_two_readings_is_not_taken() {
    // The same record again and again: what is rejected is answered all the same.
    let good = upd(AKITA, 1, &vec![ANNA; 3100]);
    assert!(good.len() > LONG);
    // Another person in the last record: only the second reading can see it, by the hash.
    let at = good.len() - 3 * 1400 + 1;
    let other = changed(&good, at, b"25208017643");
    let (mut taken, mut refused) = (0, 0);
    for nth in [1, 3, 8, 18, 20, 26, 34, 36, 60] {
        let place = Place::new();
        std::fs::write(place.path("A"), &good).unwrap();
        place.act(&["time", "A", "-3600"].map(str::to_owned));
        let disk = swapped(place.path("A"), nth, other.clone());
        let result = place.run(&disk).unwrap();
        let [file] = &result.files[..] else {
            panic!("one file");
        };
        let fate = (file.outcome, file.code.map(|code| code.as_str().to_owned()));
        match fate {
            // Before the first reading it was another file, and after the last one it is used up.
            ("processed" | "rejected", _) => taken += 1,
            ("held", Some(code)) if code == "H01" => {
                refused += 1;
                assert!(disk.has_happened());
                assert_eq!(result.residents_after, 0, "{nth}");
                // It lies where it lay, and the next pass decides about it anew.
                assert_eq!(std::fs::read(place.path("A")).unwrap(), other);
                assert!(names(&place.path("@spool")).is_empty(), "{nth}");
            }
            other => panic!("{nth}: {other:?} {}", file.detail),
        }
    }
    assert!(taken > 0 && refused >= 2, "{taken} {refused}");
}

#[test]
fn a_file_that_changes_while_it_is_sealed_is_not_sealed() {
    let letter: Vec<u8> = (0..=250).cycle().take(LONG).collect();
    for nth in [2, 3, 5] {
        let place = Arc::new(Place::new());
        std::fs::write(place.path("!letter"), &letter).unwrap();
        place.act(&["time", "!letter", "-3600"].map(str::to_owned));
        let when = When {
            operation: "read".to_owned(),
            path: place.path("!letter"),
            nth,
        };
        let writer = Arc::clone(&place);
        // The letter grows: what was announced can still be read.
        let grow = move || writer.act(&["append", "!letter", "text more"].map(str::to_owned));
        let disk = Hooked::meanwhile(when, Box::new(grow));
        let before = acts(&place);
        let fault = seal(&place, &disk).unwrap_err();
        assert!(disk.has_happened());
        assert_eq!(fault.id, FaultId::SealFailed);
        assert!(fault.what(Lang::En).contains("changed while it was read"), "{fault}");
        assert_eq!(beside(&place), ["letter", "site"]);
        assert_eq!(acts(&place), before);
        let sealed = seal(&place, &Hooked::default()).unwrap();
        assert_eq!(sealed.size_bytes, std::fs::metadata(&sealed.path).unwrap().len());
    }
}

/// An unsound file is sealed twice, the second time without a count; by then it must not be sound.
#[test]
fn an_unsound_file_that_becomes_sound_between_the_passes_is_not_sealed() {
    let good = upd(AKITA, 1, &[ANNA]);
    let unsound = changed(&good, 2 * 1400 + 9, b"X");
    let place = Place::new();
    let path = place.path("!letter");
    std::fs::write(&path, &unsound).unwrap();
    seal(&place, &Hooked::default()).unwrap();
    for name in ["!letter.seki", "!letter.seki.tlog-proof"] {
        std::fs::remove_file(place.path(name)).unwrap();
    }
    // Its head and its end, the first pass, the second one.
    let disk = swapped(path.clone(), 4, good.clone());
    let fault = seal(&place, &disk).unwrap_err();
    assert!(disk.has_happened());
    assert_eq!(fault.id, FaultId::SealFailed);
    assert!(fault.what(Lang::En).contains("changed while it was read"), "{fault}");
    assert_eq!(beside(&place), ["letter", "site"]);
}

#[test]
fn a_package_that_changes_while_it_is_opened_gives_nothing_out() {
    let plain: Vec<u8> = (0..=250).cycle().take(3 * (1 << 20) + 7).collect();
    let mut other = plain.clone();
    *other.last_mut().unwrap() ^= 1;
    let place = Place::new();
    let mut key = None;
    place
        .with(&RealDisk, Access::Read, |site| {
            key = site.secrets.public_sealing_keys().into_iter().next();
            Ok(())
        })
        .unwrap();
    let key = key.unwrap();
    let made = |plain: &[u8]| package(AKITA, &Place::secrets()[AKITA], (OWN, &key), "letter", plain, 7);
    let (sound, forged) = (made(&plain), made(&other));
    let mut damaged = sound.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let path = place.path("!p.seki");
    let before = acts(&place);
    // The front, then pieces of a mebibyte.
    for nth in 2..=5 {
        for (bytes, id) in [
            // Every segment of it is authentic under the same key: the sender's root alone tells.
            (&forged, FaultId::PackageResealed),
            (&damaged, FaultId::PackageSegment),
        ] {
            std::fs::write(&path, &sound).unwrap();
            let disk = swapped(path.clone(), nth, bytes.clone());
            let Err(fault) = open(&place, &disk) else {
                panic!("{nth}: opened");
            };
            assert!(disk.has_happened());
            assert_eq!(fault.id, id, "{nth}: {fault}");
            assert_eq!(beside(&place), ["p.seki", "site"]);
            assert_eq!(acts(&place), before);
        }
        std::fs::write(&path, &sound).unwrap();
        let disk = swapped(path.clone(), nth, sound[..sound.len() - 9].to_vec());
        let Err(fault) = open(&place, &disk) else {
            panic!("{nth}: opened");
        };
        assert_eq!(fault.id, FaultId::FileUnreadable, "{fault}");
        assert_eq!(beside(&place), ["p.seki", "site"]);
    }
    std::fs::write(&path, &sound).unwrap();
    let opened = open(&place, &Hooked::default()).unwrap();
    assert_eq!(std::fs::read(place.path("!inside")).unwrap(), plain);
    assert_eq!(opened.size_bytes, plain.len() as u64);
    assert_eq!(acts(&place).len(), before.len() + 1);
}
