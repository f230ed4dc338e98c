//! The ledger: logs on a disk in memory, judged by published verifiers, by vectors and by every kind of damage.

mod crash;
mod damage;
mod edits;
mod growth;
mod misuse;
mod proof;
mod properties;
mod published;
mod vectors;
mod years;

use std::path::{Path, PathBuf};

use sekisho::domain::instant::Instant;
use sekisho::format::leaf::{Act, Label, Leaf, LeafBytes};
use sekisho::ports::Disk;
use sekisho::ports::memory::MemoryDisk;
use sekisho::seal::notesign::NoteSigner;
use sekisho::store::ledger::{Ledger, LedgerError, NewEntry, PrivatePart, Report, Staged, verify};

const PREFIX: &str = "sekisho.example/050008/ledger";

fn dir() -> PathBuf {
    PathBuf::from("/ledger")
}

fn time() -> Instant {
    Instant::parse("20200914093000123").unwrap()
}

fn signer() -> NoteSigner {
    NoteSigner::new("sekisho.example/050008", &[1; 32]).unwrap()
}

/// Leaf number `n`: every third one is an outgoing leaf with a private part.
fn leaf(n: u64) -> LeafBytes {
    let act = if n == 0 {
        Act::Init
    } else if n.is_multiple_of(3) {
        Act::Outgoing
    } else {
        Act::Applied
    };
    let mut leaf = Leaf::new(act, time());
    leaf.run = Label::new(&format!("run-{n}"));
    if act == Act::Outgoing {
        leaf.package = Some([0x5a; 32]);
        leaf.size = Some(n);
        leaf.encode(Some(&[7; 32])).unwrap()
    } else {
        leaf.encode(None).unwrap()
    }
}

/// Stands for sealing: the tests need something that opens, not something secret.
fn sealed(leaf: &LeafBytes) -> Option<Vec<u8>> {
    leaf.private
        .as_ref()
        .map(|private| [b"sealed:", private.as_slice()].concat())
}

fn opens(part: &PrivatePart<'_>) -> bool {
    let private = part.sealed.strip_prefix(b"sealed:");
    private.is_some_and(|private| part.leaf.with_private(private).is_ok())
}

fn stage(ledger: &Ledger<'_>, leaves: &[LeafBytes]) -> Result<Staged, LedgerError> {
    let private: Vec<_> = leaves.iter().map(sealed).collect();
    let entries: Vec<_> = leaves
        .iter()
        .zip(&private)
        .map(|(leaf, private)| NewEntry {
            public: &leaf.public,
            sealed_private: private.as_deref(),
        })
        .collect();
    ledger.append(&entries)
}

/// Appends and commits the leaves up to `size`.
fn grow(ledger: &mut Ledger<'_>, size: u64) {
    let leaves: Vec<_> = (ledger.tip().size..size).map(leaf).collect();
    let staged = stage(ledger, &leaves).unwrap();
    assert_eq!(ledger.commit(staged, &signer()).unwrap().size, size);
    assert!(ledger.untidied().is_none());
}

fn begin(disk: &dyn Disk) -> Ledger<'_> {
    disk.create_folder(&dir()).unwrap();
    let first = leaf(0);
    let first = NewEntry {
        public: &first.public,
        sealed_private: None,
    };
    Ledger::create(disk, &dir(), PREFIX, 2020, first, &signer()).unwrap()
}

/// A disk with one log of `size` leaves.
fn site(size: u64) -> MemoryDisk {
    let disk = MemoryDisk::new();
    grow(&mut begin(&disk), size);
    disk
}

fn open(disk: &dyn Disk) -> Result<Ledger<'_>, LedgerError> {
    Ledger::open(disk, &dir(), PREFIX, &signer().verifier())
}

fn examine(disk: &dyn Disk) -> Report {
    verify(disk, &dir(), PREFIX, &signer().verifier(), &mut opens).expect("a disk that can be read")
}

/// Verifies and asserts that nothing is wrong.
fn intact(disk: &dyn Disk) -> Report {
    let report = examine(disk);
    assert_eq!(report.defect, None);
    report
}

fn log_path(object: &str) -> PathBuf {
    dir().join("2020").join(object)
}

fn read(disk: &dyn Disk, path: &Path) -> Vec<u8> {
    disk.read(path, u64::MAX).unwrap()
}
