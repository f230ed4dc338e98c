//! What callers may not do, and that nothing is written when they try.

use sekisho::store::ledger::LedgerError as E;

use super::*;

#[test]
fn a_ledger_is_begun_once_and_opened_by_its_key_and_prefix() {
    let disk = MemoryDisk::new();
    disk.create_folder(&dir()).unwrap();
    let verifier = signer().verifier();
    assert!(matches!(open(&disk), Err(E::Empty)));
    let first = leaf(0);
    let first = NewEntry {
        public: &first.public,
        sealed_private: None,
    };
    for (prefix, year) in [("a b", 2020), ("", 2020), ("a", 99), ("a", 10_000)] {
        let made = Ledger::create(&disk, &dir(), prefix, year, first, &signer());
        assert!(matches!(made, Err(E::Name)), "{prefix} {year}");
    }
    assert_eq!(disk.files(), [""; 0].map(PathBuf::from));
    Ledger::create(&disk, &dir(), PREFIX, 2020, first, &signer()).unwrap();
    assert!(matches!(
        Ledger::create(&disk, &dir(), PREFIX, 2021, first, &signer()),
        Err(E::Exists(log)) if log.year() == 2020
    ));
    assert!(matches!(Ledger::open(&disk, &dir(), "a b", &verifier), Err(E::Name)));
    assert!(matches!(
        Ledger::open(&disk, &dir(), "other.example", &verifier),
        Err(E::Damaged(_))
    ));
    let other = NoteSigner::new("sekisho.example/050008", &[3; 32]).unwrap().verifier();
    assert!(matches!(
        Ledger::open(&disk, &dir(), PREFIX, &other),
        Err(E::Damaged(_))
    ));
    assert!(matches!(
        Ledger::open(&disk, Path::new("/no"), PREFIX, &verifier),
        Err(E::Read { .. })
    ));
}

#[test]
fn only_leaves_in_their_place_are_appended() {
    let disk = site(20);
    let ledger = open(&disk).unwrap();
    let before = disk.files();
    let entry = |public: &[u8], private: Option<&[u8]>| {
        let entry = NewEntry {
            public,
            sealed_private: private,
        };
        ledger.append(&[entry]).unwrap_err()
    };
    assert!(matches!(entry(b"no leaf", None), E::Leaf { position: 0, .. }));
    assert!(matches!(
        entry(&leaf(0).public, None),
        E::Misplaced { act: Act::Init, .. }
    ));
    let mut opening = Leaf::new(Act::YearOpened, time());
    opening.checkpoint = Some("x\n".to_owned());
    let opening = opening.encode(None).unwrap().public;
    assert!(matches!(
        entry(&opening, None),
        E::Misplaced {
            act: Act::YearOpened,
            ..
        }
    ));
    assert!(matches!(entry(&leaf(3).public, None), E::PrivatePart { position: 0 }));
    assert!(matches!(
        entry(&leaf(1).public, Some(b"x")),
        E::PrivatePart { position: 0 }
    ));
    let long = vec![0; 131_073];
    assert!(matches!(
        entry(&leaf(3).public, Some(&long)),
        E::PrivatePart { position: 0 }
    ));
    assert!(matches!(
        stage(&ledger, &[leaf(1), leaf(0)]),
        Err(E::Misplaced { position: 1, .. })
    ));
    assert_eq!(disk.files(), before);

    let empty = MemoryDisk::new();
    empty.create_folder(&dir()).unwrap();
    let first = leaf(1);
    let first = NewEntry {
        public: &first.public,
        sealed_private: None,
    };
    let made = Ledger::create(&empty, &dir(), PREFIX, 2020, first, &signer());
    assert!(matches!(made, Err(E::Misplaced { act: Act::Applied, .. })));
    assert!(empty.files().is_empty());
}

#[test]
fn only_what_continues_the_log_is_committed_and_by_its_key() {
    let disk = site(20);
    let mut ledger = open(&disk).unwrap();
    let other = NoteSigner::new("sekisho.example/050008", &[3; 32]).unwrap();
    let one = stage(&ledger, &[leaf(20)]).unwrap();
    assert!(matches!(ledger.commit(one, &other), Err(E::Signer)));
    let (one, two) = (
        stage(&ledger, &[leaf(20)]).unwrap(),
        stage(&ledger, &[leaf(22)]).unwrap(),
    );
    ledger.commit(two, &signer()).unwrap();
    assert!(matches!(ledger.commit(one, &signer()), Err(E::Stale)));
    // Nothing to append changes nothing.
    let tip = ledger.tip();
    let none = ledger.append(&[]).unwrap();
    assert_eq!(ledger.commit(none, &signer()).unwrap(), tip);
    intact(&disk);
}

#[test]
fn years_go_forward() {
    let disk = site(20);
    let mut ledger = open(&disk).unwrap();
    for year in [2019, 2020, 10_000] {
        let opened = ledger.open_year(year, time(), &signer());
        assert!(matches!(opened, Err(E::Year { year: y, .. }) if y == year));
    }
    let other = NoteSigner::new("sekisho.example/050008", &[3; 32]).unwrap();
    assert!(matches!(ledger.open_year(2021, time(), &other), Err(E::Signer)));
    assert!(matches!(ledger.entry(20), Err(E::Index { index: 21, size: 20 })));
    assert!(matches!(
        ledger.consistency_proof(21),
        Err(E::Index { index: 21, size: 20 })
    ));
    assert!(matches!(ledger.sealed_private(1), Err(E::Damaged(_))));
}
