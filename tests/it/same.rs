//! The same inputs, clock and seed of randomness give the same bytes everywhere, for any number of threads (F19).
//!
//! `SEKISHO_SOAK=<n>` repeats it n times for each number of threads, on worlds of their own.

use std::path::Path;

use sekisho::ports::Disk as _;
use sekisho::ports::memory::MemoryDisk;
use sekisho::run::demo_site::{Step, Wishes, demo};
use sekisho::run::site::{Access, Site};
use sekisho::seal::digest::to_hex;

use crate::desk::memory::Machine;
use crate::desk::state::{leaves, shown};
use crate::desk::unlocking;

/// Every file of a demonstration with its bytes, and what the steps said.
struct Shown {
    disk: MemoryDisk,
    said: Vec<String>,
}

fn demonstration(seed: u64, residents: u32, threads: usize) -> Shown {
    let disk = MemoryDisk::new();
    let machine = Machine::new(77);
    let wishes = Wishes {
        residents,
        days: 2,
        seed,
        threads,
    };
    let mut said = Vec::new();
    let mut each = |step: &Step| {
        said.push(format!("{step:?}"));
        Ok(())
    };
    demo(machine.tools(&disk), Path::new("/demo"), wishes, unlocking(), &mut each).unwrap();
    Shown { disk, said }
}

impl Shown {
    /// What F19 names: roots of the generation, leaves of the ledger, without what lies on the disk.
    fn roots_and_leaves(&self) -> (String, Vec<String>) {
        let machine = Machine::new(9);
        let site = Site::open(
            machine.tools(&self.disk),
            Path::new("/demo/site"),
            Access::Read,
            unlocking(),
        )
        .unwrap();
        let manifest = site.master.manifest().unwrap();
        let roots = (to_hex(&manifest.roots.current.0), to_hex(&manifest.roots.history.0));
        let root = format!("generation {} {} {}", manifest.generation, roots.0, roots.1);
        (root, leaves(&site).iter().map(shown).collect())
    }

    fn assert_same(&self, other: &Self, what: &str) {
        assert_eq!(self.said, other.said, "{what}: results");
        assert_eq!(self.roots_and_leaves(), other.roots_and_leaves(), "{what}");
        let paths = self.disk.files();
        assert_eq!(paths, other.disk.files(), "{what}: files");
        for path in paths {
            let [a, b] = [&self.disk, &other.disk].map(|disk| disk.read(&path, u64::MAX).unwrap());
            assert!(a == b, "{what}: {} differs", path.display());
        }
    }
}

#[test]
fn the_same_bytes_for_1_2_and_8_threads() {
    let rounds: u64 = std::env::var("SEKISHO_SOAK").map_or(2, |text| text.parse().unwrap());
    for round in 0..rounds {
        // From 256 records a file on, a second thread has work; 6000 residents in 25 towns give some towns 8 threads' worth.
        let residents = if round == 0 { 6000 } else { 2500 };
        let first = demonstration(11 + round, residents, 1);
        assert_eq!(first.said.len(), 3);
        assert!(first.disk.files().len() > 200, "{}", first.disk.files().len());
        for threads in [1, 2, 8] {
            let other = demonstration(11 + round, residents, threads);
            first.assert_same(&other, &format!("world {round}, {threads} threads"));
        }
    }
}
