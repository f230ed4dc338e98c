//! Round trips of runs against a map, limits, and damage.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

type Model = BTreeMap<Vec<u8>, (Vec<u8>, Vec<u8>)>;

fn written(table: Table, rows: &Model) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = BlockFileWriter::new(table).unwrap();
    for (key, (small, body)) in rows {
        writer.push(key, small, body, &mut out).unwrap();
    }
    let summary = writer.finish(&mut out).unwrap();
    assert_eq!(summary.row_count, rows.len() as u64);
    assert_eq!(summary.plaintext_bytes, out.len() as u64);
    out
}

fn part(run: &[u8], group: Group) -> &[u8] {
    let start = usize::try_from(group.offset).unwrap();
    &run[start..start + group.stored_bytes as usize]
}

/// An opened run in memory.
struct Opened {
    root: Root,
    dictionaries: Dictionaries,
}

fn opened(table: Table, run: &[u8]) -> Result<Opened, BlockFault> {
    let footer_at = run.len().checked_sub(FOOTER_BYTES).ok_or(BlockFault::Footer)?;
    let footer = Footer::read(table, run[footer_at..].try_into().unwrap(), run.len() as u64)?;
    let root = Root::read(footer, run.len() as u64, &mut Whole(run))?;
    root.test_all(&mut Whole(run))?;
    let (keys, bodies) = (
        footer.key_dictionary_bytes as usize,
        footer.body_dictionary_bytes as usize,
    );
    let dictionaries = Dictionaries::read(&run[..keys], &run[keys..keys + bodies])?;
    Ok(Opened { root, dictionaries })
}

impl Opened {
    fn each_block(&self, run: &[u8], mut each: impl FnMut(usize, BlockEntry<'_>)) {
        let mut place = Place::default();
        place.begin(&self.root, &mut Whole(run)).unwrap();
        while let Some((number, entry)) = place.block(&self.root) {
            each(number, entry);
            place.step(&self.root, &mut Whole(run)).unwrap();
        }
    }
}

fn read_all(table: Table, run: &[u8]) -> Result<Model, BlockFault> {
    let opened = opened(table, run)?;
    let (mut rows, mut fault, mut count) = (Model::new(), None, 0);
    let mut unpacker = Unpacker::new(&opened.dictionaries);
    opened.each_block(run, |number, entry| {
        assert_eq!(number, count);
        count += 1;
        let keys = part(run, entry.keys);
        let mut read = |bodies| BlockRows::read(&mut unpacker, u32::try_from(number).unwrap(), &entry, keys, bodies);
        let (block, keys_only) = match (read(Some(part(run, entry.bodies))), read(None)) {
            (Ok(block), Ok(keys_only)) => (block, keys_only),
            (Err(why), _) | (_, Err(why)) => {
                fault.get_or_insert(why);
                return;
            }
        };
        for row in 0..block.len() {
            assert_eq!(block.find(block.key(row)), Some(row));
            assert_eq!(
                (keys_only.key(row), keys_only.small(row)),
                (block.key(row), block.small(row))
            );
            assert!(keys_only.body(row).is_empty());
            rows.insert(
                block.key(row).to_vec(),
                (block.small(row).to_vec(), block.body(row).to_vec()),
            );
        }
        assert!(block.key(block.len()).is_empty());
    });
    fault.map_or(Ok(rows), Err)
}

fn numbered(count: u32, body_bytes: u32) -> Model {
    (0..count)
        .map(|n| {
            let noise = (0..body_bytes).map(|i| i.wrapping_mul(n.wrapping_mul(2_654_435_761) | 1).to_be_bytes()[1]);
            (
                [&[0], n.to_be_bytes().as_slice()].concat(),
                (vec![7; 3], noise.collect()),
            )
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn runs_read_back(rows in prop::collection::btree_map(
        prop::collection::vec(any::<u8>(), 5),
        (prop::collection::vec(any::<u8>(), 0..40), prop::collection::vec(any::<u8>(), 0..400)),
        0..1200,
    )) {
        prop_assert_eq!(read_all(Table::Current, &written(Table::Current, &rows)), Ok(rows));
    }
}

#[test]
fn an_empty_run_is_its_footer() {
    let run = written(Table::History, &Model::new());
    assert_eq!(run.len(), FOOTER_BYTES);
    assert_eq!(read_all(Table::History, &run), Ok(Model::new()));
}

#[test]
fn rows_without_bodies_have_no_body_group() {
    let run = written(Table::Numbers, &numbered(1000, 0));
    let mut counts = Vec::new();
    opened(Table::Numbers, &run).unwrap().each_block(&run, |_, entry| {
        assert_eq!(entry.bodies.stored_bytes, 0);
        counts.push(entry.row_count);
    });
    // A key, a length and a small part have 12 bytes; a block is closed at 4 KiB.
    assert_eq!(counts, [342, 342, 316]);
    assert_eq!(read_all(Table::Numbers, &run), Ok(numbered(1000, 0)));
}

#[test]
fn blocks_close_at_their_target_and_stripes_hold_keys_in_front() {
    let rows = numbered(400, 4000);
    let run = written(Table::Identities, &with_long_keys(&rows));
    let mut blocks = Vec::new();
    opened(Table::Identities, &run).unwrap().each_block(&run, |_, entry| {
        assert!((entry.bodies.raw_bytes as usize) < TARGET_GROUP_BYTES + 4004);
        blocks.push((entry.keys.offset, entry.bodies.offset));
    });
    let in_front = blocks.iter().take_while(|block| block.0 < blocks[0].1).count();
    assert!(
        in_front > 1 && in_front < blocks.len(),
        "{in_front} of {}",
        blocks.len()
    );
    assert_eq!(read_all(Table::Identities, &run), Ok(with_long_keys(&rows)));
}

fn with_long_keys(rows: &Model) -> Model {
    let long = |key: &Vec<u8>| [key.as_slice(), &[0; 27]].concat();
    rows.iter().map(|(key, row)| (long(key), row.clone())).collect()
}

/// A large run has dictionaries and an index of two levels. Rows that resemble each other take less room with a dictionary.
#[test]
fn large_runs_have_dictionaries_and_pages_above_their_stripes() {
    let rows: Model = (0_u32..12_000)
        .map(|n| {
            let noise = n.wrapping_mul(2_654_435_761).to_be_bytes();
            let body = format!("秋田県秋田市山王{}丁目{n} 日本太郎{noise:?}", n % 7).repeat(2);
            (
                [&[0], (3 * n).to_be_bytes().as_slice()].concat(),
                (noise.to_vec(), body.into_bytes()),
            )
        })
        .collect();
    let run = written(Table::Current, &rows);
    assert_eq!(run, written(Table::Current, &rows), "the same rows give the same bytes");
    let found = opened(Table::Current, &run).unwrap();
    let footer = found.root.footer;
    assert_eq!(footer.levels, 2);
    assert!(footer.body_dictionary_bytes > 0);
    assert!(footer.key_dictionary_bytes as usize <= MAX_DICTIONARY_BYTES);
    let starts = found.root.stripe_keys(&mut Whole(&run)).unwrap();
    assert_eq!(starts.len(), footer.root_rows as usize);
    assert!(starts.len() > 1 && starts.is_sorted());
    assert!(read_all(Table::Current, &run) == Ok(rows.clone()));
    // Every key is found, those between them lead to the block behind.
    let mut place = Place::default();
    for n in (0..36_000_u32).step_by(601).chain([35_997, 0, 35_998]) {
        let key = [&[0], n.to_be_bytes().as_slice()].concat();
        place.seek(&found.root, &key, &mut Whole(&run)).unwrap();
        let reached = rows.range(key..).next().map(|(key, _)| key.as_slice());
        let entry = place.block(&found.root).map(|(_, entry)| entry);
        assert_eq!(entry.is_some(), reached.is_some(), "{n}");
        if let (Some(entry), Some(reached)) = (entry, reached) {
            assert!(entry.first_key <= reached && reached <= entry.last_key, "{n}");
        }
    }
}

/// With long keys a few thousand rows make an index of more than one level.
#[test]
fn a_walk_meets_every_block_once_and_a_search_finds_it() {
    let rows = with_long_keys(&numbered(9000, 2200));
    let run = written(Table::Identities, &rows);
    let found = opened(Table::Identities, &run).unwrap();
    assert!(found.root.footer.levels >= 2, "{}", found.root.footer.levels);
    let mut keys: Vec<(usize, Vec<u8>, Vec<u8>)> = Vec::new();
    found.each_block(&run, |number, entry| {
        keys.push((number, entry.first_key.to_vec(), entry.last_key.to_vec()));
    });
    assert_eq!(keys.len(), found.root.footer.block_count as usize);
    let mut place = Place::default();
    // Forward, and then anywhere.
    let anywhere = (0..keys.len()).map(|at| at * 7919 % keys.len());
    for at in (0..keys.len()).chain(anywhere) {
        let (number, first, last) = &keys[at];
        for key in [first, last] {
            place.seek(&found.root, key, &mut Whole(&run)).unwrap();
            assert_eq!(place.block(&found.root).map(|(number, _)| number), Some(*number));
        }
    }
    place.seek(&found.root, &[0xFF; 32], &mut Whole(&run)).unwrap();
    assert!(place.block(&found.root).is_none());
    place.step(&found.root, &mut Whole(&run)).unwrap();
    assert!(place.block(&found.root).is_none());
}

#[test]
fn wrong_rows_are_not_written() {
    let mut out = Vec::new();
    let mut writer = BlockFileWriter::new(Table::Current).unwrap();
    assert_eq!(
        writer.push(&[1; 4], &[], &[], &mut out),
        Err(BlockFault::KeyWidth { row: 0 })
    );
    writer.push(&[1; 5], &[], &[], &mut out).unwrap();
    assert_eq!(
        writer.push(&[1; 5], &[], &[], &mut out),
        Err(BlockFault::Order { row: 1 })
    );
    assert_eq!(
        writer.push(&[0; 5], &[], &[], &mut out),
        Err(BlockFault::Order { row: 1 })
    );
    let large = vec![0; MAX_ROW_BYTES + 1];
    assert_eq!(
        writer.push(&[2; 5], &large, &[], &mut out),
        Err(BlockFault::TooLarge { row: 1 })
    );
    assert_eq!(
        writer.push(&[2; 5], &[], &large, &mut out),
        Err(BlockFault::TooLarge { row: 1 })
    );
    let most = vec![0; MAX_ROW_BYTES];
    writer.push(&[2; 5], &most, &most, &mut out).unwrap();
    writer.finish(&mut out).unwrap();
    assert_eq!(read_all(Table::Current, &out).unwrap().len(), 2);
}

/// Encryption keeps others from changing a run; this is about our own bugs and never panicking. Every changed byte must
/// be refused or change nothing but the content of rows.
#[test]
fn changed_and_cut_bytes_never_panic_and_never_move_keys() {
    let rows = numbered(40, 10);
    let run = written(Table::Current, &rows);
    for at in 0..run.len() {
        for flip in [1, 0x80] {
            let mut bad = run.clone();
            bad[at] ^= flip;
            if let Ok(read) = read_all(Table::Current, &bad) {
                assert_eq!(read.len(), rows.len(), "byte {at}");
            }
        }
    }
    for len in 0..run.len() {
        assert!(read_all(Table::Current, &run[..len]).is_err(), "length {len}");
    }
    assert_eq!(read_all(Table::Numbers, &run), Err(BlockFault::Footer));
}

#[test]
fn each_fault_of_the_index_is_named() {
    let run = written(Table::Current, &numbered(1000, 10));
    let footer = opened(Table::Current, &run).unwrap().root.footer;
    assert_eq!((footer.levels, footer.root_offset), (1, 0));
    let edited = |at: usize, bytes: &[u8]| {
        let mut bad = run.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        read_all(Table::Current, &bad).map(|rows| rows.len())
    };
    let row_bytes = 2 * 5 + 18;
    let (second, footer_at) = (row_bytes, run.len() - FOOTER_BYTES);
    let bad = |block| Err(BlockFault::IndexRow { block });
    // Rows, out of order, a group without bytes, one that is too long before compression.
    assert_eq!(edited(10, &[0, 0]), bad(0));
    assert_eq!(edited(second, &[0; 5]), bad(1));
    assert_eq!(edited(second + 12, &[0; 4]), bad(1));
    assert_eq!(edited(second + 16, &[0xFF; 4]), bad(1));
    assert_eq!(edited(second + 20, &[0; 4]), bad(1));
    assert_eq!(edited(second + 20, &[0xFF; 4]), bad(1));
    // Another number of rows, a longer group.
    assert_eq!(edited(10, &[1, 0]), Err(BlockFault::IndexLength));
    assert_eq!(edited(second + 14, &[0xF0]), Err(BlockFault::IndexLength));
    assert_eq!(edited(footer_at + 12, &[0, 0, 0, 1]), Err(BlockFault::IndexLength));
    // Levels, dictionaries, root page.
    for (at, bytes) in [
        (10, &[0][..]),
        (10, &[2]),
        (10, &[9]),
        (27, &[1]),
        (31, &[1]),
        (39, &[1]),
        (43, &[1]),
    ] {
        assert_eq!(
            edited(footer_at + at, bytes),
            Err(BlockFault::IndexLength),
            "footer byte {at}"
        );
    }
    assert_eq!(edited(footer_at + 9, &[1]), Err(BlockFault::Footer));
    assert_eq!(edited(footer_at + 11, &[1]), Err(BlockFault::Footer));
    assert_eq!(edited(footer_at + 47, &[1]), Err(BlockFault::Footer));
    assert_eq!(edited(footer_at + 7, &[1]), Err(BlockFault::Version { got: 1 }));
    assert_eq!(edited(footer_at, &[2]), Err(BlockFault::Footer));
    let groups = usize::try_from(footer.root_bytes()).unwrap();
    assert_eq!(edited(groups, &[0; 8]), Err(BlockFault::Compression { block: 0 }));
    assert_eq!(edited(9, &[1]), Err(BlockFault::Rows { block: 0 }));
}

/// Pages of the upper levels are tested against those above and below them.
#[test]
fn each_fault_of_an_upper_page_is_named() {
    let run = written(Table::Identities, &with_long_keys(&numbered(400, 4000)));
    let footer = opened(Table::Identities, &run).unwrap().root.footer;
    assert_eq!(footer.levels, 2);
    let root = usize::try_from(footer.root_offset).unwrap();
    let edited = |at: usize, byte: u8| {
        let mut bad = run.clone();
        bad[root + at] ^= byte;
        opened(Table::Identities, &bad).map(|_| ())
    };
    let row_bytes = 2 * 32 + 14;
    assert!(edited(0, 0).is_ok());
    // Keys, number of the first block, offset, rows of a page.
    for (at, block) in [(31, 0), (row_bytes - 15, 0), (67, 0), (row_bytes + 67, 0)] {
        let found = edited(at, 1);
        assert!(
            matches!(found, Err(BlockFault::IndexRow { .. })),
            "byte {at}, block {block}: {found:?}"
        );
    }
    for at in [75, 77, row_bytes + 75] {
        assert!(edited(at, 1).is_err(), "byte {at}");
    }
}
