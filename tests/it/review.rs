//! What a review of the run found: rollback, crashes between two steps, readers beside a commit, files that came twice,
//! names and folders that change meanwhile.

mod switched;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sekisho::domain::fault::{Fault, FaultId};
use sekisho::os::clock::SystemClock;
use sekisho::os::disk::RealDisk;
use sekisho::os::entropy::SystemEntropy;
use sekisho::ports::Disk;
use sekisho::run::init::{UnlockWish, Wish, init};
use sekisho::run::parties;
use sekisho::run::pass::{self, Memory, PassResult, PassSettings};
use sekisho::run::site::{Access, Site, Tools};

use crate::desk::files::*;
use crate::desk::{Desk, names, unlocking};
use switched::Switched;

/// Opens the site on a disk and does something with it.
fn with<T>(
    desk: &Desk,
    disk: &dyn Disk,
    access: Access,
    work: impl FnOnce(&mut Site<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let clock = SystemClock::new().unwrap();
    let tools = Tools {
        disk,
        clock: &clock,
        entropy: &SystemEntropy,
    };
    work(&mut Site::open(tools, &desk.root(), access, unlocking())?)
}

fn run(desk: &Desk, disk: &dyn Disk, date: &str) -> Result<PassResult, Fault> {
    with(desk, disk, Access::Write, |site| {
        let settings = PassSettings {
            business_date: Some(day(date)),
            threads: 1,
            memory: Memory::default(),
        };
        pass::run(site, settings)
    })
}

/// Copies a folder with everything in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for name in names(from) {
        let (from, to) = (from.join(&name), to.join(&name));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}

fn put_back(desk: &Desk, kept: &str, to: &str) {
    let to = desk.root().join(to);
    std::fs::remove_dir_all(&to).unwrap();
    copy(&desk.path(kept), &to);
}

#[test]
fn a_ledger_put_back_to_its_beginning_is_found() {
    let desk = Desk::new();
    copy(&desk.root().join("ledger"), &desk.path("kept"));
    desk.send(AKITA, 1, &[ANNA]);
    assert_eq!(desk.run().code, 0);
    put_back(&desk, "kept", "ledger");
    let fault = desk.fault(&["run", "--business-date", DAY], 8);
    assert_eq!(fault["fault"], "LedgerDamaged", "{fault}");
    assert!(fault["args"]["why"].as_str().unwrap().contains("leaves are missing"));
    assert_eq!(desk.json(&["gen", "verify"], 8)["bad"][0]["object"], "ledger");
}

/// A crash right after a new year's log was opened.
fn opened_year(desk: &Desk) {
    desk.send(AKITA, 2, &[BEN]);
    let disk = Switched::off_at(|what, path| what == "create" && path.ends_with("intent"));
    run(desk, &disk, "2021-04-01").unwrap_err();
    assert_eq!(names(&desk.root().join("ledger")), ["2020", "2021"]);
}

#[test]
fn a_pointer_put_back_is_found_behind_the_first_leaf_of_a_year() {
    let desk = Desk::new();
    let old = std::fs::read(desk.root().join("store/CURRENT")).unwrap();
    desk.send(AKITA, 1, &[ANNA]);
    assert_eq!(desk.run().code, 0);
    opened_year(&desk);
    let new = std::fs::read(desk.root().join("store/CURRENT")).unwrap();
    std::fs::write(desk.root().join("store/CURRENT"), old).unwrap();
    let fault = desk.fault(&["run", "--business-date", "2021-04-01"], 8);
    assert_eq!(fault["fault"], "StagingLost", "{fault}");
    std::fs::write(desk.root().join("store/CURRENT"), new).unwrap();
    let pass = desk.run_on("2021-04-01");
    assert_eq!((pass.code, pass.number("generation_after")), (0, 2));
    desk.must(&["ledger", "verify"]);
}

#[test]
fn a_ledger_put_back_behind_an_opened_year_is_found() {
    let desk = Desk::new();
    copy(&desk.root().join("ledger/2020"), &desk.path("kept"));
    desk.send(AKITA, 1, &[ANNA]);
    assert_eq!(desk.run().code, 0);
    opened_year(&desk);
    put_back(&desk, "kept", "ledger/2020");
    assert_eq!(
        desk.fault(&["run", "--business-date", "2021-04-01"], 8)["fault"],
        "LedgerDamaged"
    );
}

#[test]
fn no_default_date_goes_before_an_opened_year() {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    let disk = Switched::off_at(|what, path| what == "create" && path.ends_with("intent"));
    run(&desk, &disk, "2120-04-01").unwrap_err();
    let fault = desk.fault(&["run"], 4);
    assert_eq!(
        (&fault["fault"], &fault["args"]["newest"]),
        (&"DateBackward".into(), &"2120-04-01".into())
    );
}

#[test]
fn readers_work_while_a_commit_stands_between_register_and_pointer() {
    let desk = Desk::new();
    let disk = Switched::off_at(|what, path| what == "create" && path.ends_with("store/CURRENT.tmp"));
    let changed = |site: &mut Site<'_>| {
        let mut party = site.parties.get(id(NOSHIRO)).unwrap().clone();
        party.hash_optional = true;
        parties::put(site, vec![party], Some(day(DAY)))
    };
    let fault = with(&desk, &disk, Access::Write, changed).unwrap_err();
    assert_eq!(fault.id, FaultId::DiskFailed, "{fault}");
    assert_eq!(names(&desk.root().join("staging")).len(), 1);
    // The register is the new one already, what is on record is the old one.
    desk.look(|site| assert!(!site.parties.get(id(NOSHIRO)).unwrap().hash_optional));
    desk.json(&["status"], 0);
    desk.must(&["gen", "verify"]);
    assert_eq!(desk.run().json["recovered"]["completed"].as_array().unwrap().len(), 1);
    desk.look(|site| assert!(site.parties.get(id(NOSHIRO)).unwrap().hash_optional));
    // Without a commit under way a longer register is one that somebody changed.
    let path = desk.root().join("registers/parties.jsonl");
    let mut text = std::fs::read_to_string(&path).unwrap();
    let last = text.lines().last().unwrap().to_owned();
    text.push_str(&last);
    text.push('\n');
    std::fs::write(path, text).unwrap();
    assert_eq!(desk.fault(&["status"], 8)["fault"], "RegisterDamaged");
}

#[test]
fn a_reader_looks_again_where_the_ledger_moved_on_meanwhile() {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    let (root, done) = (desk.root(), AtomicBool::new(false));
    let other = desk.command(&["--json", "run", "--business-date", DAY]);
    let other = std::sync::Mutex::new(other);
    // The reader has the checkpoint and asks for a tile: just then a whole run goes by.
    let disk = Switched::failing_at(move |what, path| {
        if what == "open" && path.starts_with(root.join("ledger/2020/tile")) && !done.swap(true, Ordering::SeqCst) {
            assert!(other.lock().unwrap().output().unwrap().status.success());
        }
        false
    });
    let generation = with(&desk, &disk, Access::Read, |site| Ok(site.master.generation()));
    assert_eq!(generation.unwrap(), 1);
}

#[test]
fn two_damaged_packages_of_one_name_are_both_kept() {
    let desk = Desk::new();
    let file = format!("{}.seki", name(AKITA, 1));
    for bytes in [b"damaged one".as_slice(), b"damaged, and another one"] {
        desk.put(AKITA, &file, bytes);
        let pass = desk.run();
        assert_eq!(pass.only().0, "held H05");
        assert_eq!(desk.waiting(AKITA), Vec::<String>::new());
    }
    let kept: Vec<String> = desk.state().spool.into_values().collect();
    assert_eq!(kept.len(), 2, "nothing is deleted: {kept:?}");
    let list = desk.json(&["held", "list"], 3);
    assert_eq!(
        (&list[0]["size_bytes"], &list[1]["size_bytes"]),
        (&11.into(), &24.into()),
        "{list}"
    );
}

#[test]
fn a_released_name_stays_accepted_behind_a_gap() {
    let desk = Desk::new();
    desk.put(AKITA, &name(AKITA, 9), &upd(AKITA, 2, &[BEN]));
    assert_eq!(desk.run().only().0, "held H02");
    let held = desk.json(&["held", "list"], 3)[0]["id"].as_str().unwrap().to_owned();
    desk.must(&["held", "release", &held, "--business-date", DAY]);
    assert_eq!(desk.run().only().0, "held H07");
    assert_eq!(desk.run().code, 3);
    assert_eq!(desk.json(&["held", "list"], 3)[0]["code"], "H07");
    desk.send(AKITA, 1, &[ANNA]);
    let pass = desk.run();
    assert_eq!(
        (pass.code, pass.json["sums"]["residents_after"].as_u64()),
        (0, Some(2)),
        "{}",
        pass.json
    );
}

#[test]
fn a_package_that_opens_late_waits_under_its_own_serial() {
    let desk = Desk::new();
    let plain = upd(AKITA, 2, &[BEN]);
    let other = secrets(AKITA, 77);
    let bytes = package(AKITA, &other, (OWN, &desk.site_key()), &name(AKITA, 2), &plain, 7);
    desk.put(AKITA, &format!("{}.seki", name(AKITA, 2)), &bytes);
    assert_eq!(desk.run().only().0, "held H05");
    let held = desk.json(&["held", "list"], 3)[0]["id"].as_str().unwrap().to_owned();
    with(&desk, &RealDisk, Access::Write, |site| {
        let mut party = site.parties.get(id(AKITA)).unwrap().clone();
        party.signing_key = Some(other.package_signer.vkey());
        parties::put(site, vec![party], Some(day(DAY)))
    })
    .unwrap();
    desk.must(&["held", "release", &held, "--business-date", DAY]);
    assert_eq!(desk.run().only().0, "held H07");
    let status = desk.json(&["status"], 3);
    let gap = serde_json::json!([{"party": AKITA, "kind": "UPD", "missing": 1, "waiting": 1}]);
    assert_eq!(status["gaps"], gap);
}

#[test]
fn the_copy_of_a_held_file_is_archived_when_it_comes_again_as_a_duplicate() {
    let desk = Desk::new();
    let bytes = upd(AKITA, 1, &[ANNA]);
    desk.put(AKITA, &name(AKITA, 9), &bytes);
    assert_eq!(desk.run().only().0, "held H02");
    desk.put(AKITA, &name(AKITA, 1), &bytes);
    assert_eq!(desk.run().only().0, "processed");
    desk.put(AKITA, &name(AKITA, 9), &bytes);
    assert_eq!(desk.run().only().0, "duplicate");
    let state = desk.state();
    assert_eq!((state.held.len(), state.spool.len(), state.archive.len()), (0, 0, 2));
}

#[test]
fn nothing_is_gone_from_a_folder_that_cannot_be_read() {
    let desk = Desk::new();
    desk.put(AKITA, &name(AKITA, 1), &upd(AKITA, 1, &[ANNA])[..2800]);
    assert_eq!(desk.run().only().0, "held H01");
    let folder = desk.inbound(AKITA);
    let at = folder.clone();
    let disk = Switched::failing_at(move |what, path| what == "list" && path == at);
    let before = desk.leaves().len();
    let result = run(&desk, &disk, DAY).unwrap();
    assert_eq!((result.held, result.unreadable), (2, true));
    let acts = desk.acts_since(before);
    assert!(!acts.iter().any(|act| act.starts_with("dropped")), "{acts:?}");
    assert!(!run(&desk, &disk, DAY).unwrap().committed);
    assert_eq!(run(&desk, &RealDisk, DAY).unwrap().held, 1);
    assert_eq!(
        desk.acts_since(before)
            .iter()
            .filter(|act| act.starts_with("dropped"))
            .count(),
        1
    );
}

#[test]
fn a_file_that_gets_its_final_name_meanwhile_is_no_failure() {
    let desk = Desk::new();
    let part = desk.put(AKITA, "upload.part", &upd(AKITA, 1, &[ANNA]));
    let (from, to) = (part.clone(), desk.inbound(AKITA).join(name(AKITA, 1)));
    let disk = Switched::failing_at(move |what, path| {
        if what == "open" && path == from && from.exists() {
            std::fs::rename(&from, &to).unwrap();
        }
        false
    });
    let result = run(&desk, &disk, DAY).unwrap();
    assert_eq!((result.held, result.unreadable, result.committed), (0, false, false));
    assert_eq!(desk.run().only().0, "processed");
}

#[test]
fn a_lower_limit_does_not_lock_out_what_waits_already() {
    let desk = Desk::new();
    // Longer than the limit by more than what a name may take.
    let rows: Vec<_> = std::iter::repeat_n(entry(AKITA, BEN), 800).collect();
    desk.put(AKITA, &name(AKITA, 2), &upd_of(&head(AKITA, 2), &rows));
    assert_eq!(desk.run().only().0, "held H07");
    let path = desk.root().join("sekisho.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("max_file_bytes = 2147483648", "max_file_bytes = 5600"),
    )
    .unwrap();
    desk.send(AKITA, 1, &[ANNA]);
    let pass = desk.run();
    assert_eq!(
        (pass.number("held"), pass.number("generation_after")),
        (0, 1),
        "{}",
        pass.json
    );
}

#[test]
fn a_package_that_is_still_being_written_is_not_taken_off_the_folder() {
    let desk = Desk::new();
    let path = desk.root().join("sekisho.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("quiet_seconds = 0", "quiet_seconds = 3600")).unwrap();
    let plain = upd(AKITA, 1, &[ANNA]);
    let to = (OWN, &desk.site_key());
    let bytes = package(AKITA, &desk.parties[AKITA], to, &name(AKITA, 1), &plain, 7);
    let file = format!("{}.seki", name(AKITA, 1));
    let place = desk.put(AKITA, &file, &bytes[..bytes.len() / 2]);
    for _ in 0..2 {
        assert_eq!(desk.run().code, 3);
        assert_eq!(desk.json(&["held", "list"], 3)[0]["detail"], "still growing");
    }
    assert_eq!(desk.waiting(AKITA), [file]);
    std::fs::write(&place, &bytes).unwrap();
    assert_eq!(desk.run().code, 3);
    // Quiet since 2020; and a clock that was ahead holds nothing up for ever.
    let changed_at = |seconds: u64| {
        let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        std::fs::File::options()
            .write(true)
            .open(&place)
            .unwrap()
            .set_modified(time)
            .unwrap();
    };
    changed_at(7_258_118_400);
    assert_eq!(
        desk.json(&["plan", "--business-date", DAY], 0)["files"][0]["outcome"],
        "processed"
    );
    changed_at(1_600_000_000);
    let pass = desk.run();
    assert_eq!((pass.code, pass.number("generation_after")), (0, 1), "{}", pass.json);
}

#[test]
fn no_name_of_another_form_stands_in_a_fault() {
    let desk = Desk::new();
    desk.put(AKITA, "佐藤花子.dat", &upd(AKITA, 1, &[ANNA]));
    let disk = Switched::off_at(move |what, path| what == "rename" && path.ends_with("retired-00000"));
    let fault = run(&desk, &disk, DAY).unwrap_err();
    assert!(
        !fault.to_string().contains("佐藤花子") && fault.to_string().contains("in/052019"),
        "{fault}"
    );
    assert_eq!(desk.run().json["recovered"]["completed"].as_array().unwrap().len(), 1);
    assert_eq!(desk.waiting(AKITA), Vec::<String>::new());
}

#[test]
fn a_package_never_lies_in_an_outbound_folder_without_its_proof() {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    let out = desk.root().join("out").join(AKITA);
    let package: PathBuf = out.join(format!("RES-{OWN}-{AKITA}-00000001.dat.seki"));
    let at = package.clone();
    let disk = Switched::off_at(move |what, path| what == "sync_folder" && path == out && at.exists());
    run(&desk, &disk, DAY).unwrap_err();
    assert!(package.exists());
    assert!(package.with_extension("seki.tlog-proof").exists());
    assert_eq!(desk.run().code, 0);
}

#[test]
fn a_party_that_could_not_be_read_back_is_never_written() {
    let desk = Desk::new();
    let good = ["--kind", "municipality", "--name", "鹿角市", "--from", "2002-08-05"];
    let add = |party: &str, with: &[&str]| {
        let mut args = vec!["party", "add", party];
        for pair in good.chunks(2).filter(|pair| !with.contains(&pair[0])) {
            args.extend_from_slice(pair);
        }
        args.extend_from_slice(with);
        args.extend_from_slice(&["--business-date", DAY]);
        desk.program(&[&["--json"], &args[..]].concat())
    };
    for (party, with, why) in [
        ("052094", ["--name", ""], "name must be given"),
        ("052094", ["--sends", "NTF"], "NTF is not a kind that a party sends"),
        ("052094", ["--to", "2001-01-01"], "active_to is before active_from"),
        ("052094", ["--gaiji-table", "../../keys/site.keys"], "plain file name"),
        ("AB", ["--name", "x"], "party_id of a municipality"),
    ] {
        let ran = add(party, &with);
        assert_eq!(ran.code(), 2, "{with:?}: {}", ran.err());
        assert!(ran.err().contains(why), "{with:?}: {}", ran.err());
    }
    assert!(!desk.root().join("in/AB").exists());
    assert_eq!(add("052094", &["--sends", "UPD"]).code(), 0);
    desk.json(&["status"], 0);
    // Again would drop what is not typed again.
    let again = add("052094", &["--sends", "EXT"]);
    assert_eq!(again.code(), 2);
    assert!(again.err().contains("is registered"), "{}", again.err());
}

#[test]
fn a_gaiji_table_that_cannot_be_read_stops_nobody_else() {
    let desk = Desk::new();
    desk.look(|site| {
        let mut party = site.parties.get(id(AKITA)).unwrap().clone();
        party.gaiji_table = Some("akita.csv".to_owned());
        let line = sekisho::format::register::PartyText::of(&party);
        let mut csv = csv::Writer::from_path(desk.path("akita-party.csv")).unwrap();
        csv.serialize(line).unwrap();
        csv.flush().unwrap();
    });
    desk.must(&[
        "party",
        "import",
        desk.path("akita-party.csv").to_str().unwrap(),
        "--business-date",
        DAY,
    ]);
    std::fs::write(
        desk.root().join("registers/gaiji/akita.csv"),
        "cell,text,note\nFFFF,x,\n",
    )
    .unwrap();
    desk.send(AKITA, 1, &[ANNA]);
    desk.send(NOSHIRO, 1, &[BEN]);
    let pass = desk.run();
    assert_eq!(pass.code, 3);
    assert_eq!(pass.file(&name(AKITA, 1)).0, "held H03");
    assert_eq!(pass.file(&name(NOSHIRO, 1)).0, "processed");
    let held = desk.json(&["held", "list"], 3);
    assert!(held[0]["detail"].as_str().unwrap().contains("akita.csv"), "{held}");
    // Put right and released, it is taken.
    std::fs::write(
        desk.root().join("registers/gaiji/akita.csv"),
        "cell,text,note\nF040,\u{9AD9},\n",
    )
    .unwrap();
    desk.must(&[
        "held",
        "release",
        held[0]["id"].as_str().unwrap(),
        "--business-date",
        DAY,
    ]);
    assert_eq!(desk.run().file(&name(AKITA, 1)).0, "processed");
}

#[test]
fn a_new_site_is_durable_in_the_folder_above() {
    let folder = tempfile::tempdir().unwrap();
    let above = folder.path().to_owned();
    let disk = Switched::failing_at(move |what, path| what == "sync_folder" && path == above);
    let clock = SystemClock::new().unwrap();
    let tools = Tools {
        disk: &disk,
        clock: &clock,
        entropy: &SystemEntropy,
    };
    let wish = Wish {
        id: id(OWN),
        name: "秋田県".to_owned(),
        national_body: id(NATIONAL),
        training: true,
        unlock: UnlockWish::KeyFile,
        business_date: day(DAY),
    };
    let fault = init(tools, &folder.path().join("site"), &wish, unlocking()).unwrap_err();
    assert_eq!(fault.id, FaultId::FsyncFailed, "{fault}");
}
