//! Cost follows the notices, not the register: a run of U notices on N residents and on 4 N is counted, not timed. It writes
//! the same bytes, and reads no more blocks, pages and bytes of the register than a logarithm lets grow. `SEKISHO_SOAK` takes larger
//! registers. Allocations are counted by `tests/allocations.rs`.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sekisho::domain::ids::{JuminCode, MyNumber};
use sekisho::domain::item::Item;
use sekisho::domain::row::Row;
use sekisho::ports::memory::MemoryDisk;
use sekisho::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};

use crate::desk::files::{AKITA, entry, head, name, upd_of};
use crate::desk::memory::{Small, look, pass_on};

/// What went through a disk, by the first two folders of the path.
#[derive(Debug, Clone, Default)]
struct Count {
    reads: u64,
    read_bytes: u64,
    writes: u64,
    written_bytes: u64,
}

type Counts = Arc<Mutex<BTreeMap<String, Count>>>;

/// A disk that counts.
#[derive(Clone)]
struct Counting {
    disk: MemoryDisk,
    counts: Counts,
}

struct CountedFile<F> {
    file: F,
    place: String,
    counts: Counts,
}

impl<F> CountedFile<F> {
    fn count(&self, add: impl FnOnce(&mut Count)) {
        add(self.counts.lock().unwrap().entry(self.place.clone()).or_default());
    }
}

impl ReadAt for CountedFile<Box<dyn ReadAt>> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.count(|count| {
            count.reads += 1;
            count.read_bytes += buf.len() as u64;
        });
        self.file.read_exact_at(buf, offset)
    }

    fn facts(&self) -> io::Result<Facts> {
        self.file.facts()
    }
}

impl WriteNew for CountedFile<Box<dyn WriteNew>> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.count(|count| {
            count.writes += 1;
            count.written_bytes += bytes.len() as u64;
        });
        self.file.write_all(bytes)
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.count(|count| {
            count.writes += 1;
            count.written_bytes += bytes.len() as u64;
        });
        self.file.rewrite(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

impl Counting {
    fn counted<F>(&self, path: &Path, file: F) -> CountedFile<F> {
        let below = path.strip_prefix("/site").unwrap_or(path);
        let place: PathBuf = below.parent().unwrap_or(below).components().take(2).collect();
        let place = match place.to_str().unwrap() {
            // Runs are staged in a folder of their commit.
            staging if staging.starts_with("staging") => "staging".to_owned(),
            other => other.to_owned(),
        };
        CountedFile {
            file,
            place,
            counts: Arc::clone(&self.counts),
        }
    }
}

impl Disk for Counting {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        Ok(Box::new(self.counted(path, self.disk.open(path)?)))
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        Ok(Box::new(self.counted(path, self.disk.create(path)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_folder(path)
    }
    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.create_folder(path)
    }
    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_folder(path)
    }
    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.disk.list(path)
    }
    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.disk.facts(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.disk.lock(path)
    }
}

/// The person at a place between 0 and 1,000,000 of the register: the same one, however many stand around.
fn person(place: u64) -> (String, String) {
    let code = JuminCode::from_body(1_000_000_000 + place * 9_000).unwrap();
    let number = MyNumber::from_body(10_000_000_000 + place * 80_000).unwrap();
    (code.text(), number.text())
}

fn row(place: u64) -> Row {
    let (code, number) = person(place);
    entry(AKITA, (&code, &number))
}

/// Counts of a run of change notices for the persons at `places`, on a register of `residents`.
fn counted(residents: u64, places: &[u64]) -> (Count, BTreeMap<String, Count>) {
    let small = Small::new();
    let step = 1_000_000 / residents;
    let first: Vec<Row> = (0..residents).map(|index| row(index * step)).collect();
    small.put(AKITA, &name(AKITA, 1), &upd_of(&head(AKITA, 1), &first));
    pass_on(&small.disk, 2).unwrap();
    let changes: Vec<Row> = places
        .iter()
        .map(|place| {
            let mut row = row(*place);
            for (item, text) in [
                (Item::ChangeReason, "31"),
                (Item::Address, "秋田県秋田市山王二丁目３番４号"),
                (Item::Timestamp, "20200914091500000"),
                (Item::UpdateSeq, "000002"),
            ] {
                assert!(row.set(item, text));
            }
            row
        })
        .collect();
    small.put(AKITA, &name(AKITA, 2), &upd_of(&head(AKITA, 2), &changes));
    let disk = Counting {
        disk: small.disk.clone(),
        counts: Counts::default(),
    };
    pass_on(&disk, 3).unwrap();
    let counts = look(&small.disk, |site| site.master.manifest().unwrap().counts);
    assert_eq!(
        (counts.residents, counts.versions, counts.notices),
        (residents, places.len() as u64, residents + places.len() as u64),
        "all notices were applied"
    );
    let by_place = disk.counts.lock().unwrap().clone();
    let mut all = Count::default();
    for count in by_place.values() {
        all.reads += count.reads;
        all.read_bytes += count.read_bytes;
        all.writes += count.writes;
        all.written_bytes += count.written_bytes;
    }
    (all, by_place)
}

#[test]
fn a_run_costs_what_its_notices_cost_not_what_the_register_holds() {
    let soak = std::env::var_os("SEKISHO_SOAK").is_some();
    // Persons who are in both registers, far apart: each lies in a block of its own.
    let (residents, places): (u64, &[u64]) = if soak {
        (50_000, &[100_000, 300_000, 500_000, 700_000, 900_000])
    } else {
        (5_000, &[200_000, 800_000])
    };
    let (once, places_once) = counted(residents, places);
    let (four, places_four) = counted(4 * residents, places);
    println!(
        "{residents}: {once:?} {places_once:#?}\n{}: {four:?} {places_four:#?}",
        4 * residents
    );
    // The manifest tells numbers of rows and bytes in digits: a few more for a larger register.
    let more = four.written_bytes.abs_diff(once.written_bytes);
    assert!(
        more <= 64,
        "{} and {} bytes written",
        once.written_bytes,
        four.written_bytes
    );
    assert_eq!(once.writes, four.writes);
    // A block or a page is one read of a run. A step of a logarithm may be a level of the index more; a share of N would be
    // four times as many reads, and three times the register in bytes.
    let runs_once = &places_once["store/runs"];
    let runs_four = &places_four["store/runs"];
    let (before, after) = (u64::from(residents.ilog2()), u64::from((4 * residents).ilog2()));
    for (what, once, four) in [
        ("blocks and pages", runs_once.reads, runs_four.reads),
        ("bytes", runs_once.read_bytes, runs_four.read_bytes),
    ] {
        let allowed = (once * after).div_ceil(before) + runs_slack(what);
        assert!(
            four <= allowed,
            "{once} and {four} {what} read of runs, {allowed} allowed"
        );
    }
    let (rest_once, rest_four) = (
        once.read_bytes - runs_once.read_bytes,
        four.read_bytes - runs_four.read_bytes,
    );
    assert!(
        rest_four.abs_diff(rest_once) <= 1024,
        "{rest_once} and {rest_four} bytes read besides"
    );
}

/// A larger register has larger dictionaries and fuller pages, up to their limits: two dictionaries of 16 KiB and a page of each of
/// two levels for each of the tables that are looked into.
fn runs_slack(what: &str) -> u64 {
    if what == "bytes" { 160 << 10 } else { 8 }
}
