//! What the table cannot say: the removal of originals at every crash and with every replacement, kept copies that are gone,
//! plans of what changes meanwhile, and the built binary's words.

use std::path::PathBuf;
use std::sync::Arc;

use sekisho::domain::fault::{Class, FaultId};
use sekisho::domain::remark::japanese;
use sekisho::os::disk::RealDisk;
use sekisho::pipeline::intake::still::Unfinished;
use sekisho::run::held;
use sekisho::run::site::Access;
use sekisho::store::inbox::Refusal;

use super::hooked::{Hooked, When};
use super::place::Place;
use crate::desk::files::*;
use crate::desk::state::State;
use crate::desk::{Desk, names};

/// An input or output error.
const EIO: i32 = 5;
/// A rename between two file systems.
const EXDEV: i32 = 18;

fn deeds(place: &Place, list: &[&[&str]]) {
    for deed in list {
        place.act(&deed.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    }
}

fn later(place: &Arc<Place>, list: &'static [&[&str]]) -> Box<dyn FnOnce() + Send> {
    let place = Arc::clone(place);
    Box::new(move || deeds(&place, list))
}

/// Where the next commit sets its n-th original aside: in the staging folder, or in the folder of the party.
fn places(place: &Place, number: usize) -> [PathBuf; 2] {
    let commit = place
        .with(&RealDisk, Access::Read, |site| Ok(site.master.commit()))
        .unwrap()
        + 1;
    [
        place.path(&format!("@staging/{commit:010}/retired-{number:05}")),
        place.path(&format!(".sekisho-retired-{commit:010}-{number:05}")),
    ]
}

fn inbox(place: &Place) -> Vec<String> {
    names(&place.path("/052019"))
}

fn residents(place: &Place) -> u64 {
    place.run(&RealDisk).unwrap().residents_after
}

fn state(place: &Place) -> State {
    let mut seen = None;
    place
        .with(&RealDisk, Access::Read, |site| {
            seen = Some(State::of(site, Place::secrets()));
            Ok(())
        })
        .unwrap();
    seen.unwrap()
}

#[test]
fn a_crash_between_setting_aside_and_removal_is_carried_on() {
    let place = Place::new();
    deeds(&place, &[&["write", "A", "good"], &["write", "canary.dat", "good2"]]);
    let [aside, _] = places(&place, 1);
    let fault = place.run(&Hooked::failing("remove", aside.clone(), EIO)).unwrap_err();
    assert_eq!(fault.class(), Class::Storage);
    assert!(!fault.to_string().contains("canary"), "{fault}");
    assert!(aside.exists() && inbox(&place).is_empty());
    let result = place.run(&RealDisk).unwrap();
    assert_eq!(
        (result.recovered.completed.len(), result.residents_after, result.held),
        (1, 2, 0)
    );
    assert!(!aside.exists() && inbox(&place).is_empty());
    assert!(state(&place).staging.is_empty());
}

#[test]
fn a_crash_before_another_file_is_put_back_does_not_lose_it() {
    let place = Arc::new(Place::new());
    deeds(&place, &[&["write", "canary.dat", "good"]]);
    let [aside, _] = places(&place, 0);
    let when = When {
        operation: "rename".to_owned(),
        path: place.path("canary.dat"),
        nth: 1,
    };
    let swap = later(
        &place,
        &[&["write", "!new.dat", "good2"], &["rename", "!new.dat", "canary.dat"]],
    );
    let disk = Hooked::meanwhile(when, swap).and_failing("rename new", aside.clone(), EIO);
    assert_eq!(place.run(&disk).unwrap_err().class(), Class::Storage);
    assert!(aside.exists() && inbox(&place).is_empty());
    // Recovery puts it back, and the same pass takes it.
    let result = place.run(&RealDisk).unwrap();
    assert_eq!((result.residents_after, result.held), (2, 0));
    assert!(inbox(&place).is_empty());
}

#[test]
fn two_new_files_in_the_place_of_one_are_both_kept() {
    let place = Arc::new(Place::new());
    deeds(&place, &[&["write", "canary.dat", "good"]]);
    let [aside, _] = places(&place, 0);
    let when = When {
        operation: "rename".to_owned(),
        path: place.path("canary.dat"),
        nth: 1,
    };
    let swap = later(
        &place,
        &[&["write", "!new.dat", "good2"], &["rename", "!new.dat", "canary.dat"]],
    );
    let disk = Hooked::meanwhile(when, swap).and_failing("rename new", aside, EIO);
    place.run(&disk).unwrap_err();
    // While the other file waits aside, a third one comes under its name.
    deeds(&place, &[&["write", "canary.dat", "other"]]);
    let result = place.run(&RealDisk).unwrap();
    assert_eq!((result.residents_after, result.held), (2, 1), "{:?}", result.files);
    let mut codes: Vec<_> = result
        .files
        .iter()
        .map(|file| (file.outcome, file.code.is_some()))
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, [("held", true), ("processed", false)]);
    assert!(inbox(&place).is_empty());
}

#[test]
fn a_party_folder_on_another_file_system() {
    let place = Place::new();
    deeds(&place, &[&["write", "A", "good"]]);
    let [aside, _] = places(&place, 0);
    let result = place.run(&Hooked::failing("rename to", aside, EXDEV)).unwrap();
    assert_eq!((result.residents_after, result.held), (1, 0));
    assert!(inbox(&place).is_empty());
    // A crash there leaves it under the other name, and the next pass removes it.
    deeds(&place, &[&["write", "B", "good2"]]);
    let [aside, beside] = places(&place, 0);
    let disk = Hooked::failing("rename to", aside, EXDEV).and_failing("remove", beside.clone(), EIO);
    place.run(&disk).unwrap_err();
    assert!(beside.exists());
    assert_eq!(residents(&place), 2);
    assert!(inbox(&place).is_empty());
}

/// 秋田市's second file waits in the spool; its id.
fn waiting(place: &Place) -> String {
    deeds(place, &[&["write", "B", "good2"]]);
    assert_eq!(place.run(&RealDisk).unwrap().held, 1);
    names(&place.path("@spool"))[0].clone()
}

#[test]
fn a_kept_copy_that_is_gone_or_damaged_is_a_fault_of_integrity() {
    for make in [
        |path: &std::path::Path| std::fs::remove_file(path).unwrap(),
        |path: &std::path::Path| std::fs::write(path, b"").unwrap(),
        |path: &std::path::Path| {
            let mut bytes = std::fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(path, bytes).unwrap();
        },
        |path: &std::path::Path| {
            std::fs::remove_file(path).unwrap();
            std::fs::create_dir(path).unwrap();
        },
        |path: &std::path::Path| {
            std::fs::File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_len(1 << 40)
                .unwrap();
        },
    ] {
        let place = Place::new();
        let copy = waiting(&place);
        make(&place.path(&format!("@spool/{copy}")));
        let fault = place.run(&RealDisk).unwrap_err();
        assert_eq!(
            (fault.id, fault.class()),
            (FaultId::StoreDamaged, Class::Integrity),
            "{fault}"
        );
        assert!(fault.to_string().contains(&format!("spool/{copy}")), "{fault}");
    }
    let place = Place::new();
    let copy = waiting(&place);
    std::fs::remove_file(place.path(&format!("@spool/{copy}"))).unwrap();
    let dropped = place.with(&RealDisk, Access::Write, |site| {
        held::drop_file(site, &copy, Some(day(DAY)))
    });
    assert_eq!(dropped.unwrap_err().class(), Class::Integrity);
}

#[test]
fn a_plan_of_a_file_that_changes_says_so() {
    let place = Arc::new(Place::new());
    // So much is kept in memory that the second file is read again.
    deeds(&place, &[&["sparse", "0canary", "134217728"], &["write", "A", "good"]]);
    for list in [
        &[&["write", "A", "other"] as &[&str]] as &'static [&[&str]],
        &[&["remove", "A"]],
    ] {
        deeds(&place, &[&["write", "A", "good"]]);
        let when = When {
            operation: "open".to_owned(),
            path: place.path("A"),
            nth: 2,
        };
        let disk = Hooked::meanwhile(when, later(&place, list));
        let fault = place.plan(&disk).unwrap_err();
        assert!(disk.has_happened());
        assert_eq!(
            (fault.id, fault.class()),
            (FaultId::InboundChanged, Class::Busy),
            "{fault}"
        );
        assert!(!fault.to_string().contains("UPD"), "{fault}");
    }
}

#[test]
fn the_program_takes_and_shows_rules_of_arrival() {
    let desk = Desk::new();
    let csv = desk.path("rules.csv");
    let text = "party_id,kind,name,kinds,text_encoding,active_from,active_to,arrival\n\
                052094,municipality,鹿角市,UPD,1,20020805,20991231,done rename polls:2\n";
    std::fs::write(&csv, text).unwrap();
    desk.must(&["party", "import", csv.to_str().unwrap(), "--business-date", DAY]);
    desk.must(&[
        "party",
        "arrival",
        AKITA,
        "done:.end",
        "quiet:60",
        "--business-date",
        DAY,
    ]);
    let add = [
        "party",
        "add",
        "052108",
        "--kind",
        "municipality",
        "--name",
        "由利本荘市",
        "--from",
        "2002-08-05",
        "--arrival",
        "rename",
        "--business-date",
        DAY,
    ];
    desk.must(&add);
    let listed = desk.json(&["party", "list"], 0);
    let rule = |party: &str| {
        let rows = listed.as_array().unwrap();
        rows.iter().find(|row| row["party_id"] == party).unwrap()["arrival"].clone()
    };
    assert_eq!(rule("052094"), "done rename polls:2");
    assert_eq!(rule(AKITA), "done:.end quiet:60");
    assert_eq!(rule("052108"), "rename");
    assert_eq!(rule(NOSHIRO), "");
    assert!(desk.must(&["party", "list"]).contains("done:.end quiet:60"));
    let fault = desk.fault(&["party", "arrival", AKITA, "soon"], 2);
    assert!(fault.to_string().contains("arrival: words are"), "{fault}");

    // Shown to people in both languages, and no reason for another exit code.
    desk.must(&["party", "arrival", AKITA, "rename", "--business-date", DAY]);
    desk.put(AKITA, "canary.tmp", b"?");
    let pass = desk.run();
    assert_eq!((pass.code, pass.number("held")), (0, 0), "{}", pass.json);
    let (fate, detail) = pass.only();
    assert_eq!((fate.as_str(), detail.as_str()), ("writing", "being written"));
    let english = desk.must(&["run", "--business-date", DAY]);
    assert!(english.contains("writing") && !english.contains("canary"), "{english}");
    let shown = in_japanese(&desk, &["run", "--business-date", DAY]);
    assert!(shown.contains("書込中") && shown.contains("送信元が"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
    // The rule is gone: the register is what it was, and older lines stay readable.
    desk.must(&["party", "arrival", AKITA, "--business-date", DAY]);
    assert_eq!(desk.json(&["party", "list"], 0)[2]["arrival"], "");
}

#[test]
fn every_reason_has_japanese_words() {
    let refusals = [
        Refusal::NotPlain,
        Refusal::HardLinked,
        Refusal::NotText,
        Refusal::StrayFolder,
        Refusal::LookAlike,
        Refusal::TooLarge,
        Refusal::TooManyRecords,
        Refusal::TooMany,
    ];
    let unfinished = [
        Unfinished::Growing,
        Unfinished::Passes { want: 3 },
        Unfinished::DoneMissing,
        Unfinished::DoneNotPlain,
        Unfinished::DoneContent,
        Unfinished::DoneHash,
    ];
    let words = refusals.iter().map(ToString::to_string);
    for words in words.chain(unfinished.iter().map(ToString::to_string)) {
        assert!(japanese(&words).is_some(), "{words}");
    }
    let desk = Desk::new();
    desk.put(AKITA, "-canary.dat", b"?");
    assert_eq!(desk.run().code, 3);
    let id = desk.json(&["held", "list"], 3)[0]["id"].as_str().unwrap().to_owned();
    let shown = in_japanese(&desk, &["held", "show", &id]);
    assert!(
        shown.contains("名前がハイフンで始まります") && !shown.contains("canary"),
        "{shown}"
    );
}

fn in_japanese(desk: &Desk, args: &[&str]) -> String {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sekisho"));
    command.env_clear().args(["--lang", "ja", "--site"]).arg(desk.root());
    String::from_utf8(command.args(args).output().unwrap().stdout).unwrap()
}

#[test]
fn a_register_of_a_newer_program_is_refused_as_such() {
    let desk = Desk::new();
    let path = desk.root().join("registers/parties.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    let newer = text.replacen("{\"no\":1,", "{\"format\":3,\"no\":1,", 1);
    assert_ne!(newer, text);
    std::fs::write(&path, newer).unwrap();
    let fault = desk.fault(&["party", "list"], 9);
    assert_eq!(fault["fault"], "StoreNewer");
}
