//! Runs and segments: sealing and opening, hashing, writing rows, walking over keys.

use std::path::Path;

use chacha20::ChaCha20Rng;
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use rand_core::SeedableRng as _;
use sekisho::format::blockfile::{BlockFileWriter, Table};
use sekisho::ports::Disk as _;
use sekisho::ports::memory::MemoryDisk;
use sekisho::seal::floe::{FloeKey, FloeParams, Opener, SEGMENT_OVERHEAD, Sealer};
use sekisho::seal::merkle::{leaf_hash, leaf_hashes};
use sekisho::seal::secret::SiteKey;
use sekisho::store::runs::{Bodies, RunReader, RunWriter};

const PARAMS: FloeParams = FloeParams::fixed::<65_536>();
const ROWS: u64 = 10_000;

fn plain() -> Vec<u8> {
    (0..=255)
        .cycle()
        .take(PARAMS.plaintext_segment_len() as usize)
        .collect()
}

#[divan::bench]
fn seal_a_segment(bencher: Bencher<'_, '_>) {
    let plain = plain();
    let mut out = vec![0; plain.len() + SEGMENT_OVERHEAD as usize];
    let sealer = Sealer::new(&FloeKey::new([1; 32]), PARAMS, b"", [2; 32]);
    bencher
        .counter(BytesCount::new(plain.len()))
        .bench_local(|| sealer.seal_segment_into(0, black_box(&plain), false, &mut out).unwrap());
}

#[divan::bench]
fn open_a_segment(bencher: Bencher<'_, '_>) {
    let (key, mut plain) = (FloeKey::new([1; 32]), plain());
    let mut sealed = vec![0; plain.len() + SEGMENT_OVERHEAD as usize];
    let sealer = Sealer::new(&key, PARAMS, b"", [2; 32]);
    sealer.seal_segment_into(0, &plain, false, &mut sealed).unwrap();
    let opener = Opener::new(&key, PARAMS, b"", sealer.header()).unwrap();
    bencher.counter(BytesCount::new(plain.len())).bench_local(|| {
        opener
            .open_segment_into(0, black_box(&sealed), false, &mut plain)
            .unwrap();
    });
}

#[divan::bench]
fn hash_two_segments_one_by_one(bencher: Bencher<'_, '_>) {
    let plain = plain();
    bencher
        .counter(BytesCount::new(2 * plain.len()))
        .bench_local(|| [leaf_hash(black_box(&plain)), leaf_hash(black_box(&plain))]);
}

#[divan::bench]
fn hash_two_segments_at_once(bencher: Bencher<'_, '_>) {
    let plain = plain();
    bencher
        .counter(BytesCount::new(2 * plain.len()))
        .bench_local(|| leaf_hashes([black_box(&plain), black_box(&plain)]));
}

/// Key, small part and body of a row as long as those of current entries are about.
fn row(number: u64) -> (Vec<u8>, [u8; 60], [u8; 180]) {
    let mut body = [b' '; 180];
    for (at, byte) in body.iter_mut().enumerate().take(90) {
        let mixed = number
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(u32::try_from(at).unwrap());
        *byte = mixed.to_be_bytes().first().copied().unwrap_or_default() & 0x3f;
    }
    let bytes = number.to_be_bytes();
    let key = bytes
        .get(bytes.len() - Table::Current.key_bytes()..)
        .unwrap_or_default();
    (key.to_vec(), [7; 60], body)
}

/// Rows into compressed blocks.
#[divan::bench]
fn pack_rows(bencher: Bencher<'_, '_>) {
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    bencher.counter(ItemsCount::new(rows.len())).bench_local(|| {
        let (mut writer, mut out) = (BlockFileWriter::new(Table::Current).unwrap(), Vec::new());
        for (key, small, body) in &rows {
            writer.push(key, small, body, &mut out).unwrap();
        }
        writer.finish(&mut out).unwrap();
        out.len()
    });
}

/// All keys and small parts of an encrypted run.
#[divan::bench]
fn scan_keys_of_a_run(bencher: Bencher<'_, '_>) {
    let (disk, folder, site) = (MemoryDisk::new(), Path::new("/runs"), SiteKey::new([1; 32]));
    disk.create_folder(folder).unwrap();
    let mut rng = ChaCha20Rng::from_seed([2; 32]);
    let mut writer = RunWriter::create(&disk, folder, Table::Current, &site, &mut rng).unwrap();
    for (key, small, body) in (0..ROWS).map(row) {
        writer.push(&key, &small, &body).unwrap();
    }
    let run = writer.finish().unwrap();
    bencher.counter(ItemsCount::new(ROWS)).bench_local(|| {
        let reader = RunReader::open(&disk, folder, &run, &site).unwrap();
        let mut cursor = reader.cursor(Bodies::Skip);
        let mut rows: u64 = 0;
        while cursor.advance().unwrap() {
            rows += u64::from(!cursor.key().is_empty());
        }
        assert_eq!(rows, ROWS);
    });
}
