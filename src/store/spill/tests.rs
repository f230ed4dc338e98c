//! Sorting with every budget, on disk and in memory; damage.

use std::path::Path;

use super::*;
use crate::ports::memory::MemoryDisk;

struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, buf: &mut [u8]) -> io::Result<()> {
        buf.fill(7);
        Ok(())
    }
}

/// Items whose keys repeat and do not ascend.
fn items(count: u32) -> Vec<([u8; 4], Vec<u8>)> {
    (0..count)
        .map(|n| {
            let key = (n.wrapping_mul(2_654_435_761) % 1000).to_be_bytes();
            (key, format!("item {n} {}", "x".repeat((n % 300) as usize)).into_bytes())
        })
        .collect()
}

fn all<const K: usize>(sorted: &Sorted<'_, K>) -> Vec<([u8; K], Vec<u8>)> {
    let mut reader = sorted.read().unwrap();
    let mut all = Vec::new();
    loop {
        let next = reader.peek().unwrap();
        match reader.next_item().unwrap() {
            Some((key, item)) => {
                assert_eq!(next, Some(key));
                all.push((key, item.to_vec()));
            }
            None => return all,
        }
    }
}

#[test]
fn items_come_back_sorted_and_stable_however_little_memory_there_is() {
    let mut wanted = items(5000);
    wanted.sort_by_key(|(key, _)| *key);
    let disk = MemoryDisk::new();
    disk.create_folder(Path::new("/s")).unwrap();
    let on_disk = Spill::to_folder(&disk, "/s".into(), &Fixed);
    let in_memory = Spill::in_memory(&Fixed);
    for spill in [&on_disk, &in_memory] {
        for budget in [0, 1000, 100_000, 100 << 20] {
            if budget == 0 && std::ptr::eq(spill, &raw const on_disk) {
                continue;
            }
            let mut sorter = Sorter::<4>::new(spill, budget);
            for (key, item) in items(if budget == 0 { 200 } else { 5000 }) {
                sorter.push(key, &item).unwrap();
            }
            let sorted = sorter.sorted();
            if budget == 0 {
                let mut few = items(200);
                few.sort_by_key(|(key, _)| *key);
                assert!(all(&sorted) == few);
                continue;
            }
            assert_eq!(sorted.len(), 5000);
            assert!(all(&sorted) == wanted);
            // And once more.
            assert!(all(&sorted) == wanted);
        }
    }
    // Pieces go with what was sorted.
    assert!(disk.list(Path::new("/s")).unwrap().is_empty());
}

#[test]
fn a_tape_gives_items_as_they_went_in() {
    let spill = Spill::in_memory(&Fixed);
    let mut tape = Sorter::<0>::new(&spill, 5000);
    for (_, item) in items(3000) {
        tape.push([], &item).unwrap();
    }
    let got: Vec<_> = all(&tape.sorted()).into_iter().map(|(_, item)| item).collect();
    assert!(got == items(3000).into_iter().map(|(_, item)| item).collect::<Vec<_>>());
    let empty = Sorter::<0>::new(&spill, 5000).sorted();
    assert!(empty.is_empty() && all(&empty).is_empty());
}

#[test]
fn nothing_readable_lies_on_the_disk_and_damage_is_noticed() {
    let disk = MemoryDisk::new();
    disk.create_folder(Path::new("/s")).unwrap();
    let spill = Spill::to_folder(&disk, "/s".into(), &Fixed);
    let mut sorter = Sorter::<4>::new(&spill, 300_000);
    for (key, item) in items(5000) {
        sorter.push(key, &item).unwrap();
    }
    let sorted = sorter.sorted();
    let path = Path::new("/s/sort-000000");
    let bytes = disk.read(path, 1 << 30).unwrap();
    assert!(!bytes.windows(5).any(|part| part == b"item "));
    for at in [0, 80, bytes.len() / 2, bytes.len() - 1] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        disk.remove(path).unwrap();
        disk.create(path).unwrap().write_all(&changed).unwrap();
        let mut failed = sorted.read().map(|mut reader| {
            loop {
                match reader.next_item() {
                    Ok(Some(_)) => {}
                    Ok(None) => return false,
                    Err(_) => return true,
                }
            }
        });
        assert!(*failed.as_mut().unwrap_or(&mut true), "byte {at}");
    }
}

#[test]
fn few_pieces_are_read_however_many_were_put_away() {
    let disk = MemoryDisk::new();
    disk.create_folder(Path::new("/s")).unwrap();
    let spill = Spill::to_folder(&disk, "/s".into(), &Fixed);
    let mut sorter = Sorter::<4>::new(&spill, 100);
    // Every item but the last ones is in a piece of its own at first: merged once, twice, and not yet.
    let count = PIECES_ALIKE * PIECES_ALIKE + 3 * PIECES_ALIKE + 5;
    let key = |n: usize| u32::try_from(n % 7).unwrap().to_be_bytes();
    for n in 0..=count {
        let item = format!("{n:0100}");
        sorter.push(key(n), item.as_bytes()).unwrap();
    }
    assert_eq!(disk.files().len(), 1 + 3 + 5);
    let sorted = sorter.sorted();
    let found = all(&sorted);
    let mut wanted: Vec<_> = (0..=count)
        .map(|n| (key(n), format!("{n:0100}").into_bytes()))
        .collect();
    wanted.sort_by_key(|(key, _)| *key);
    assert!(found == wanted);
    drop(sorted);
    assert_eq!(disk.files().len(), 0);
}
