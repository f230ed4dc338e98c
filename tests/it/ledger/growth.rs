//! Appending, committing, opening again, and what lies on the disk meanwhile.

use sekisho::os::disk::RealDisk;

use super::*;

/// Objects of the log, without its private parts.
fn objects(disk: &MemoryDisk) -> Vec<String> {
    let folder = dir().join("2020");
    let names = disk
        .files()
        .into_iter()
        .map(|path| path.strip_prefix(&folder).unwrap().display().to_string());
    names.filter(|name| !name.starts_with("private/")).collect()
}

#[test]
fn files_are_those_of_the_specification_and_old_partial_tiles_go() {
    let disk = MemoryDisk::new();
    let mut ledger = begin(&disk);
    let at = |ledger: &mut Ledger<'_>, size| {
        grow(ledger, size);
        objects(&disk)
    };
    assert_eq!(objects(&disk), ["checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"]);
    assert_eq!(
        at(&mut ledger, 255),
        ["checkpoint", "tile/0/000.p/255", "tile/entries/000.p/255"]
    );
    assert_eq!(
        at(&mut ledger, 256),
        ["checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/000"]
    );
    let at_257 = [
        "checkpoint",
        "tile/0/000",
        "tile/0/001.p/1",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/1",
    ];
    assert_eq!(at(&mut ledger, 257), at_257);
    assert_eq!(disk.list(&log_path("private")).unwrap().len(), 85);
    // Opened again it goes on as if it had never been closed.
    let other = site(257);
    grow(&mut open(&other).unwrap(), 700);
    grow(&mut ledger, 700);
    assert_eq!(objects(&disk), objects(&other));
    for path in disk.files() {
        assert_eq!(read(&disk, &path), read(&other, &path), "{}", path.display());
    }
    assert_eq!(intact(&disk).logs[0].leftovers, [""; 0]);
}

#[test]
fn the_same_leaves_in_any_portions_make_the_same_log() {
    let one = site(1000);
    let many = MemoryDisk::new();
    let mut ledger = begin(&many);
    for size in [2, 3, 250, 259, 512, 515, 767, 768, 999, 1000] {
        grow(&mut ledger, size);
    }
    assert_eq!(one.files(), many.files());
    for path in one.files() {
        assert_eq!(read(&one, &path), read(&many, &path), "{}", path.display());
    }
}

#[test]
fn staged_leaves_are_not_there_before_the_commit() {
    let disk = site(100);
    let mut ledger = open(&disk).unwrap();
    let before = ledger.tip();
    let staged = stage(&ledger, &[leaf(100), leaf(101), leaf(102)]).unwrap();
    assert_eq!(staged.indices(), 100..103);
    assert_eq!(ledger.tip(), before);
    assert!(matches!(
        ledger.entry(100),
        Err(LedgerError::Index { index: 101, size: 100 })
    ));
    assert_eq!(open(&disk).unwrap().tip(), before);
    assert_eq!(
        intact(&disk).logs[0].leftovers,
        ["private/102", "tile/0/000.p/103", "tile/entries/000.p/103"]
    );
    // Others take the place of those that were given up.
    drop(staged);
    let mut other = Leaf::new(Act::Held, time());
    other.reason = Label::new("H07");
    let staged = stage(&ledger, &[other.encode(None).unwrap()]).unwrap();
    let root = staged.root();
    let tip = ledger.commit(staged, &signer()).unwrap();
    assert_eq!((tip.size, tip.root), (101, root));
    assert_eq!(ledger.leaf(100).unwrap(), other);
    // The private part of the abandoned leaf 102 stays until another one takes its name; the rest was tidied.
    assert_eq!(intact(&disk).logs[0].leftovers, ["private/102"]);
    grow(&mut ledger, 110);
    assert_eq!(intact(&disk).logs[0].leftovers, [""; 0]);
}

#[test]
fn entries_are_read_across_bundles() {
    let disk = site(600);
    let ledger = open(&disk).unwrap();
    let entries = ledger.entries(254..514).unwrap();
    assert_eq!(entries.len(), 260);
    for (n, entry) in (254..).zip(entries) {
        assert_eq!(entry, leaf(n).public);
    }
    assert!(ledger.entries(5..5).unwrap().is_empty());
    assert_eq!(ledger.sealed_private(3).unwrap(), sealed(&leaf(3)).unwrap());
}

#[test]
fn on_the_real_disk() {
    let temporary = tempfile::tempdir().unwrap();
    let first = leaf(0);
    let first = NewEntry {
        public: &first.public,
        sealed_private: None,
    };
    let disk = RealDisk;
    let mut ledger = Ledger::create(&disk, temporary.path(), PREFIX, 2020, first, &signer()).unwrap();
    grow(&mut ledger, 260);
    let again = Ledger::open(&disk, temporary.path(), PREFIX, &signer().verifier()).unwrap();
    assert_eq!(again.tip(), ledger.tip());
    let report = verify(&disk, temporary.path(), PREFIX, &signer().verifier(), &mut opens).unwrap();
    assert_eq!((report.defect, report.logs[0].leftovers.len()), (None, 0));
}
