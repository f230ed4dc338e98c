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

fn opened(table: Table, run: &[u8]) -> Result<(Footer, Vec<BlockEntry>), BlockFault> {
    let footer_at = run.len().checked_sub(FOOTER_BYTES).ok_or(BlockFault::Footer)?;
    let footer = Footer::read(table, run[footer_at..].try_into().unwrap(), run.len() as u64)?;
    let index = Index::read(
        &footer,
        run[usize::try_from(footer.index_offset).unwrap()..footer_at].to_vec(),
    )?;
    Ok((footer, index.entries().collect()))
}

fn read_all(table: Table, run: &[u8]) -> Result<Model, BlockFault> {
    let mut rows = Model::new();
    for (number, entry) in (0..).zip(&opened(table, run)?.1) {
        let block = BlockRows::read(number, entry, part(run, entry.keys), Some(part(run, entry.bodies)))?;
        let keys_only = BlockRows::read(number, entry, part(run, entry.keys), None)?;
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
    }
    Ok(rows)
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
    let (_, index) = opened(Table::Numbers, &run).unwrap();
    assert_eq!(
        index.iter().map(|block| block.row_count).collect::<Vec<_>>(),
        [128, 128, 128, 128, 128, 128, 128, 104]
    );
    assert!(index.iter().all(|block| block.bodies.stored_bytes == 0));
    assert_eq!(read_all(Table::Numbers, &run), Ok(numbered(1000, 0)));
}

#[test]
fn blocks_close_at_their_target_and_stripes_hold_keys_in_front() {
    let rows = numbered(1200, 4000);
    let run = written(Table::Current, &rows);
    let (_, index) = opened(Table::Current, &run).unwrap();
    assert!(index.len() > 10);
    assert!(
        index
            .iter()
            .all(|block| (block.bodies.raw_bytes as usize) < TARGET_GROUP_BYTES + 4004)
    );
    let first_body = index[0].bodies.offset;
    let in_front = index.iter().take_while(|block| block.keys.offset < first_body).count();
    assert!(in_front > 1 && in_front < index.len(), "{in_front} of {}", index.len());
    assert_eq!(read_all(Table::Current, &run), Ok(rows));
}

#[test]
fn a_key_is_looked_for_in_the_first_block_that_reaches_it() {
    let run = written(Table::Current, &numbered(300, 0));
    let footer_at = run.len() - FOOTER_BYTES;
    let footer = Footer::read(Table::Current, run[footer_at..].try_into().unwrap(), run.len() as u64).unwrap();
    let rows = run[usize::try_from(footer.index_offset).unwrap()..footer_at].to_vec();
    let index = Index::read(&footer, rows).unwrap();
    assert_eq!(index.len(), 3);
    let key = |n: u32| [&[0][..], &n.to_be_bytes()].concat();
    let all: Vec<u32> = (0..index.len())
        .flat_map(|block| {
            let (first, last) = index.keys(block).unwrap();
            [first, last].map(|key| u32::from_be_bytes(key[1..].try_into().unwrap()))
        })
        .collect();
    for (at, wanted) in all.iter().enumerate() {
        assert_eq!(index.first_reaching(0, &key(*wanted)), at / 2);
        assert_eq!(index.first_reaching(at / 2, &key(*wanted)), at / 2);
        // Behind the last key of a block the next one is meant, from `from` on.
        assert_eq!(
            index.first_reaching(0, &key(wanted + 1)),
            if at % 2 == 0 { at / 2 } else { at / 2 + 1 }
        );
        assert_eq!(index.first_reaching(2, &key(*wanted)), 2);
    }
    assert_eq!(index.first_reaching(9, &key(0)), 3);
    assert!(index.keys(3).is_none() && index.entry(3).is_none() && !index.is_empty());
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
    let (footer, _) = opened(Table::Current, &run).unwrap();
    let index_at = usize::try_from(footer.index_offset).unwrap();
    let edited = |at: usize, bytes: &[u8]| {
        let mut bad = run.clone();
        bad[at..at + bytes.len()].copy_from_slice(bytes);
        read_all(Table::Current, &bad).map(|rows| rows.len())
    };
    let row_bytes = 2 * 5 + 36;
    let (second, footer_at) = (index_at + row_bytes, run.len() - FOOTER_BYTES);
    assert_eq!(
        edited(index_at + 10, &[0, 0, 0, 0]),
        Err(BlockFault::IndexRow { block: 0 })
    );
    assert_eq!(edited(second, &[0; 5]), Err(BlockFault::IndexRow { block: 1 }));
    assert_eq!(edited(second + 14, &[0; 8]), Err(BlockFault::IndexRow { block: 1 }));
    assert_eq!(edited(second + 14, &[0xFF; 8]), Err(BlockFault::IndexRow { block: 1 }));
    assert_eq!(edited(second + 26, &[0xFF; 4]), Err(BlockFault::IndexRow { block: 1 }));
    assert_eq!(edited(index_at + 10, &[0, 0, 1, 0]), Err(BlockFault::IndexLength));
    assert_eq!(edited(footer_at + 12, &[0, 0, 0, 1]), Err(BlockFault::IndexLength));
    assert_eq!(edited(footer_at + 10, &[1]), Err(BlockFault::Footer));
    assert_eq!(edited(footer_at + 7, &[2]), Err(BlockFault::Version { got: 2 }));
    assert_eq!(edited(footer_at, &[2]), Err(BlockFault::Footer));
    assert_eq!(edited(0, &[0; 8]), Err(BlockFault::Compression { block: 0 }));
    assert_eq!(edited(index_at + 9, &[1]), Err(BlockFault::Rows { block: 0 }));
}
