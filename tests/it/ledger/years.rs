//! The chain of logs: a new year, a new key, a log that is gone, a log that is another.

use sekisho::seal::notesign::NoteVerifier;
use sekisho::store::ledger::{Fault, LogName, log_names};

use super::*;

fn new_key() -> NoteSigner {
    NoteSigner::new("sekisho.example/050008", &[2; 32]).unwrap()
}

fn name(text: &str) -> LogName {
    LogName::parse(text).unwrap()
}

fn key_change() -> LeafBytes {
    let mut leaf = Leaf::new(Act::KeyChange, time());
    leaf.key_before = Label::new(&signer().vkey());
    leaf.key_after = Label::new(&new_key().vkey());
    leaf.encode(None).unwrap()
}

fn add(ledger: &mut Ledger<'_>, leaves: &[LeafBytes], signer: &NoteSigner) {
    let staged = stage(ledger, leaves).unwrap();
    ledger.commit(staged, signer).unwrap();
}

fn examine_with(disk: &dyn Disk, key: &NoteVerifier) -> Report {
    verify(disk, &dir(), PREFIX, key, &mut opens).unwrap()
}

/// Three years: 2020 (20 leaves), 2021 closed by a key change, 2021.2 and 2024 under the new key.
fn chain() -> MemoryDisk {
    let disk = site(20);
    let mut ledger = open(&disk).unwrap();
    ledger.open_year(2021, time(), &signer()).unwrap();
    add(&mut ledger, &[leaf(1), leaf(2), key_change()], &signer());
    assert_eq!(ledger.tip().next_key, Some(new_key().vkey()));
    ledger.open_year(2021, time(), &new_key()).unwrap();
    add(&mut ledger, &[leaf(1)], &new_key());
    ledger.open_year(2024, time(), &new_key()).unwrap();
    add(&mut ledger, &[leaf(1), leaf(2)], &new_key());
    disk
}

#[test]
fn the_first_leaf_of_a_year_is_the_last_checkpoint_of_the_year_before() {
    let disk = site(20);
    let last = String::from_utf8(read(&disk, &log_path("checkpoint"))).unwrap();
    let mut ledger = open(&disk).unwrap();
    let tip = ledger.open_year(2021, time(), &signer()).unwrap();
    assert_eq!((tip.log, tip.size), (name("2021"), 1));
    let leaf = ledger.leaf(0).unwrap();
    assert_eq!((leaf.act, leaf.checkpoint), (Act::YearOpened, Some(last)));
    let again = open(&disk).unwrap();
    assert_eq!(again.tip(), tip);
    assert!(again.checkpoint().text().starts_with(&format!("{PREFIX}/2021\n1\n")));
    let report = intact(&disk);
    assert_eq!(report.logs.iter().map(|log| log.size).collect::<Vec<_>>(), [1, 20]);
    assert_eq!((report.earlier, report.strays.len()), (None, 0));
}

#[test]
fn a_chain_with_a_key_change_is_verified_from_the_newest_key() {
    let disk = chain();
    let report = examine_with(&disk, &new_key().verifier());
    assert_eq!(report.defect, None);
    let logs: Vec<String> = report.logs.iter().map(|log| log.log.to_string()).collect();
    assert_eq!(logs, ["2024", "2021.2", "2021", "2020"]);
    // The old key is no key of the newest log.
    let report = examine(&disk);
    assert!(matches!(report.defect.unwrap().fault, Fault::Note(_)));
    assert!(open(&disk).is_err());
}

#[test]
fn the_log_before_is_found_across_years_and_key_changes() {
    let disk = chain();
    let mut ledger = Ledger::open(&disk, &dir(), PREFIX, &new_key().verifier()).unwrap();
    for (log, size) in [("2021.2", 2), ("2021", 4), ("2020", 20)] {
        ledger = ledger.before().unwrap().unwrap();
        assert_eq!((ledger.tip().log, ledger.tip().size), (name(log), size));
        assert!(ledger.proof_file(0).is_ok());
    }
    assert!(ledger.before().unwrap().is_none());
    // A log that was disposed of is no error; one that is another is.
    let newest = |disk: &MemoryDisk| {
        let ledger = Ledger::open(disk, &dir(), PREFIX, &new_key().verifier()).unwrap();
        ledger.before().map(|found| found.map(|ledger| ledger.tip().log))
    };
    assert_eq!(newest(&disk).unwrap(), Some(name("2021.2")));
    let path = dir().join("2021.2/checkpoint");
    let good = read(&disk, &path);
    disk.put(&path, &read(&disk, &dir().join("2021/checkpoint"))).unwrap();
    assert!(matches!(newest(&disk), Err(LedgerError::Damaged(_))));
    disk.put(&path, &good).unwrap();
    remove_log(&disk, "2021.2");
    assert_eq!(newest(&disk).unwrap(), None);
}

#[test]
fn of_a_log_that_is_not_read_both_ends_are_tested() {
    use sekisho::store::ledger::verify_some;
    let disk = chain();
    let some = |log: &'static str| {
        let reads = move |name: LogName| name.to_string() == log;
        verify_some(&disk, (&dir(), PREFIX), &new_key().verifier(), &reads, &mut opens)
            .unwrap()
            .defect
    };
    assert_eq!((some("2020"), some("none")), (None, None));
    let path = dir().join("2020/private/6");
    let good = read(&disk, &path);
    disk.put(&path, b"other").unwrap();
    assert_eq!(some("2021"), None);
    assert_eq!(some("2020").map(|found| found.index), Some(Some(6)));
    disk.put(&path, &good).unwrap();
    let path = dir().join("2020/tile/0/000.p/20");
    let mut hashes = read(&disk, &path);
    hashes[100] ^= 1;
    disk.put(&path, &hashes).unwrap();
    assert_eq!(
        some("2021").map(|found| (found.log, found.fault)),
        Some((name("2020"), Fault::Root))
    );
}

#[test]
fn a_log_closed_by_a_key_change_takes_nothing_more() {
    let disk = site(20);
    let mut ledger = open(&disk).unwrap();
    add(&mut ledger, &[key_change()], &signer());
    for ledger in [&ledger, &open(&disk).unwrap()] {
        assert!(matches!(stage(ledger, &[leaf(1)]), Err(LedgerError::Closed(log)) if log == name("2020")));
    }
    assert!(matches!(
        ledger.open_year(2020, time(), &signer()),
        Err(LedgerError::Signer)
    ));
    assert!(matches!(
        ledger.open_year(2021, time(), &signer()),
        Err(LedgerError::Signer)
    ));
    intact(&disk);
    assert_eq!(ledger.open_year(2020, time(), &new_key()).unwrap().log, name("2020.2"));
    add(&mut ledger, &[leaf(1)], &new_key());
    assert_eq!(examine_with(&disk, &new_key().verifier()).defect, None);
}

#[test]
fn older_logs_are_read_but_take_nothing() {
    let disk = chain();
    let open_log = |log: &str, key: &NoteSigner| Ledger::open_log(&disk, &dir(), PREFIX, &key.verifier(), name(log));
    let mut old = open_log("2020", &signer()).unwrap();
    assert_eq!(old.entry(7).unwrap(), leaf(7).public);
    assert_eq!(old.proof_file(6).unwrap().hashes.len(), 5);
    assert!(matches!(stage(&old, &[leaf(20)]), Err(LedgerError::Closed(log)) if log == name("2020")));
    assert!(matches!(
        old.open_year(2025, time(), &signer()),
        Err(LedgerError::Closed(_))
    ));
    assert_eq!(open_log("2021.2", &new_key()).unwrap().tip().size, 2);
    assert!(matches!(open_log("2022", &new_key()), Err(LedgerError::Damaged(d)) if d.fault == Fault::Missing));
    let names = log_names(&disk, &dir()).unwrap();
    assert_eq!(names, ["2020", "2021", "2021.2", "2024"].map(name));
}

#[test]
fn key_changes_that_lead_nowhere_are_not_taken() {
    let disk = site(20);
    let ledger = open(&disk).unwrap();
    let refused = |before: &str, after: &str| {
        let mut leaf = Leaf::new(Act::KeyChange, time());
        leaf.key_before = Label::new(before);
        leaf.key_after = Label::new(after);
        stage(&ledger, &[leaf.encode(None).unwrap()]).unwrap_err()
    };
    let (old, new) = (signer().vkey(), new_key().vkey());
    assert!(matches!(refused(&new, &old), LedgerError::Signer));
    assert!(matches!(refused(&old, &old), LedgerError::Signer));
    assert!(matches!(refused(&old, "nonsense"), LedgerError::Sign(_)));
    let staged = stage(&ledger, &[key_change(), leaf(1)]);
    assert!(matches!(staged, Err(LedgerError::Misplaced { position: 1, .. })));
}

#[test]
fn a_key_change_of_an_older_log_that_leads_elsewhere_is_found() {
    let disk = site(20);
    let mut ledger = open(&disk).unwrap();
    add(&mut ledger, &[key_change()], &signer());
    ledger.open_year(2021, time(), &new_key()).unwrap();
    // A third key goes on from the same old log: its chain does not pass through the key change.
    let third = NoteSigner::new("sekisho.example/050008", &[3; 32]).unwrap();
    let other = disk.copy();
    for path in other
        .files()
        .into_iter()
        .filter(|path| path.starts_with("/ledger/2021"))
    {
        other.remove(&path).unwrap();
    }
    let opening = {
        let mut leaf = Leaf::new(Act::YearOpened, time());
        leaf.checkpoint = Some(String::from_utf8(read(&disk, &log_path("checkpoint"))).unwrap());
        leaf.encode(None).unwrap()
    };
    let fresh = MemoryDisk::new();
    fresh.create_folder(&dir()).unwrap();
    let first = NewEntry {
        public: &opening.public,
        sealed_private: None,
    };
    Ledger::create(&fresh, &dir(), PREFIX, 2021, first, &third).unwrap();
    for path in fresh.files() {
        let bytes = read(&fresh, &path);
        other.put(&path, &bytes).unwrap();
    }
    let found = examine_with(&other, &third.verifier()).defect.unwrap();
    assert_eq!(
        (found.log, found.index, found.fault),
        (name("2020"), Some(20), Fault::Key)
    );
}

fn remove_log(disk: &MemoryDisk, log: &str) {
    for path in disk
        .files()
        .into_iter()
        .filter(|path| path.starts_with(dir().join(log)))
    {
        disk.remove(&path).unwrap();
    }
}

#[test]
fn the_oldest_logs_may_go_but_none_between() {
    let disk = chain();
    let key = new_key().verifier();
    remove_log(&disk, "2020");
    let report = examine_with(&disk, &key);
    assert_eq!(
        (report.defect, report.logs.len(), report.strays),
        (None, 3, vec!["2020".to_owned()])
    );
    let earlier = report.earlier.unwrap();
    assert_eq!((earlier.origin, earlier.size), (format!("{PREFIX}/2020"), 20));

    let disk = chain();
    remove_log(&disk, "2021.2");
    let found = examine_with(&disk, &key).defect.unwrap();
    assert_eq!((found.log, found.fault), (name("2021.2"), Fault::Missing));
}

#[test]
fn a_log_beside_the_chain_is_found() {
    let disk = chain();
    let other = MemoryDisk::new();
    other.create_folder(&dir()).unwrap();
    let first = leaf(0);
    let first = NewEntry {
        public: &first.public,
        sealed_private: None,
    };
    Ledger::create(&other, &dir(), PREFIX, 2019, first, &signer()).unwrap();
    for folder in [
        "2019",
        "2019/tile",
        "2019/tile/0",
        "2019/tile/0/000.p",
        "2019/tile/entries",
        "2019/tile/entries/000.p",
    ] {
        disk.create_folder(&dir().join(folder)).unwrap();
    }
    for path in other.files() {
        disk.put(&path, &read(&other, &path)).unwrap();
    }
    let found = examine_with(&disk, &new_key().verifier()).defect.unwrap();
    assert_eq!((found.log, found.fault), (name("2019"), Fault::Chain));
}

#[test]
fn an_older_log_signed_anew_is_not_the_one_that_was_continued() {
    let disk = chain();
    // The thief of the old key rewrites 2020 and signs it: the newer log remembers.
    let other = MemoryDisk::new();
    let mut ledger = begin(&other);
    grow(&mut ledger, 19);
    add(&mut ledger, &[leaf(1)], &signer());
    for path in other.files() {
        disk.put(&path, &read(&other, &path)).unwrap();
    }
    let found = examine_with(&disk, &new_key().verifier()).defect.unwrap();
    assert_eq!(
        (found.log, found.object.as_str(), found.fault),
        (name("2020"), "checkpoint", Fault::Chain)
    );
}

#[test]
fn damage_in_any_year_is_found() {
    let disk = chain();
    let key = new_key().verifier();
    for path in disk.files() {
        let log = path
            .strip_prefix(dir())
            .unwrap()
            .iter()
            .next()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let good = read(&disk, &path);
        for offset in (0..good.len()).step_by(11) {
            let mut bad = good.clone();
            bad[offset] ^= 1;
            disk.put(&path, &bad).unwrap();
            let found = examine_with(&disk, &key).defect.expect("damage that nobody saw");
            assert_eq!(found.log, name(&log), "{} at {offset}", path.display());
            assert!(path.ends_with(&found.object), "{} at {offset}: {found}", path.display());
        }
        disk.put(&path, &good).unwrap();
    }
    assert_eq!(examine_with(&disk, &key).defect, None);
}

#[test]
fn a_witness_may_cosign_a_checkpoint_of_any_year() {
    let disk = site(20);
    open(&disk).unwrap().open_year(2021, time(), &signer()).unwrap();
    let witness = NoteSigner::new("witness.example", &[9; 32]).unwrap();
    for log in ["2020", "2021"] {
        let path = dir().join(log).join("checkpoint");
        let note = sekisho::format::note::SignedNote::parse(&read(&disk, &path)).unwrap();
        disk.put(&path, witness.cosign(&note).unwrap().to_text().as_bytes())
            .unwrap();
    }
    intact(&disk);
    assert_eq!(open(&disk).unwrap().checkpoint().signatures().len(), 2);
}
