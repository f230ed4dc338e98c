//! The same inputs, clock and seed of randomness give the same bytes everywhere, for one thread and for two.

use std::path::Path;

use sekisho::ports::Disk as _;
use sekisho::ports::memory::MemoryDisk;
use sekisho::run::demo_site::{Step, Wishes, demo};

use crate::desk::memory::Machine;
use crate::desk::unlocking;

/// Every file of a demonstration with its bytes, and what the steps said.
fn demonstration(threads: usize) -> (MemoryDisk, Vec<String>) {
    let disk = MemoryDisk::new();
    let machine = Machine::new(77);
    let wishes = Wishes {
        residents: 3000,
        days: 3,
        seed: 11,
        threads,
    };
    let mut said = Vec::new();
    let mut each = |step: &Step| {
        said.push(format!("{step:?}"));
        Ok(())
    };
    demo(machine.tools(&disk), Path::new("/demo"), wishes, unlocking(), &mut each).unwrap();
    (disk, said)
}

fn assert_same(one: &(MemoryDisk, Vec<String>), other: &(MemoryDisk, Vec<String>)) {
    assert_eq!(one.1, other.1);
    let paths = one.0.files();
    assert_eq!(paths, other.0.files());
    for path in paths {
        let [a, b] = [&one.0, &other.0].map(|disk| disk.read(&path, u64::MAX).unwrap());
        assert!(a == b, "{} differs", path.display());
    }
}

#[test]
fn the_same_bytes_twice_and_for_any_number_of_threads() {
    let first = demonstration(1);
    assert_eq!(first.1.len(), 4);
    assert!(first.0.files().len() > 300, "{}", first.0.files().len());
    assert_same(&first, &demonstration(1));
    assert_same(&first, &demonstration(2));
}
