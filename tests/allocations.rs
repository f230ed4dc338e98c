//! Allocations of a run, counted: as many on a register four times as large (issue "flat"), but for the pages of the index that a
//! larger register has on the way to a block. A binary of its own, since it brings its own allocator.
//!
//! Counted are those of the thread that runs; a pass with one thread has others only for runs of more than two blocks.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: a panic is the report, and tests prepare files by hand"
)]

#[path = "it/desk/mod.rs"]
#[expect(dead_code, reason = "the desk of the integration tests has more than this one needs")]
mod desk;

use sekisho::domain::ids::{JuminCode, MyNumber};
use sekisho::domain::item::Item;
use sekisho::domain::row::Row;

use desk::files::{AKITA, entry, head, name, upd_of};
use desk::memory::{Small, look, pass_on};

/// Numbers of the people in the register are so far apart that a register of any size up to this holds them.
const PLACES: u64 = 1_000_000;

fn row(place: u64) -> Row {
    let code = JuminCode::from_body(1_000_000_000 + place * 9_000).unwrap();
    let number = MyNumber::from_body(10_000_000_000 + place * 80_000).unwrap();
    entry(AKITA, (&code.text(), &number.text()))
}

/// Allocations of a run of notices for the people at `places`, on a register of `residents`.
fn counted(residents: u64, places: &[u64]) -> u64 {
    let small = Small::new();
    let first: Vec<Row> = (0..residents).map(|index| row(index * (PLACES / residents))).collect();
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
    let count = allocation_counter::measure(|| {
        pass_on(&small.disk, 3).unwrap();
    });
    let versions = look(&small.disk, |site| site.master.manifest().unwrap().counts.versions);
    assert_eq!(versions, places.len() as u64, "all notices were applied");
    count.count_total
}

#[test]
fn a_run_allocates_as_often_on_a_register_four_times_as_large() {
    let places: Vec<u64> = (1..20).map(|place| place * 50_000).collect();
    let (once, four) = (counted(5_000, &places), counted(20_000, &places));
    println!("{once} and {four} allocations");
    // Each person is looked for in three tables; one more level of an index is a page of three allocations for each.
    let pages = 3 * 3 * places.len() as u64;
    assert!(four.abs_diff(once) <= pages, "{once} and {four} allocations");
}
