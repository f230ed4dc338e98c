//! The store: manifest and pointer, runs of sorted rows, the bytes of keys and rows.

use sekisho::domain::entry::{Entry, Standing, Version};
use sekisho::domain::ids::{JuminCode, PartyId};
use sekisho::domain::instant::{BusinessDate, Instant};
use sekisho::domain::item::Item;
use sekisho::domain::row::Row;
use sekisho::format::blockfile::{
    BlockEntry, BlockFileWriter, BlockRows, Dictionaries, FOOTER_BYTES, Footer, Group, MAX_GROUP_BYTES, Place, Root,
    Table, Unpacker, Whole,
};
use sekisho::format::manifest::{
    Counts, ExchangeState, Hash32, Hex, Manifest, Pointer, Roots, RunName, RunRef, SealedStates,
};
use sekisho::format::rowcode::{
    RowKey, StandingKey, canonical_entry, canonical_version, code_key, decode_entry, decode_entry_key, decode_version,
    decode_version_key, encode_entry, encode_version, notice_key, number_key, read_code_key, read_notice_digest,
    read_notice_key, read_number_key, read_version_key, row_digest, version_key,
};
use sekisho::format::state::{HeldFile, OpenNotice, RegisterHead, Serial};
use sekisho::text::mark::CellMark;

use super::{Target, head, quiet};

pub(crate) const STORE_MANIFEST: Target = Target {
    name: "store_manifest",
    check: manifest,
    seeds: || {
        let bytes = manifest_value().bytes().unwrap();
        let pointer = Pointer {
            commit: 7,
            manifest: Hash32([9; 32]),
            ledger: "2020 12".to_owned(),
        };
        vec![bytes, pointer.text().unwrap().into_bytes()]
    },
    words: &[
        "\"format\": 1",
        "\"commit\": ",
        "\"runs\": [",
        "\"held\": [",
        "null",
        "sekisho current 1\n",
        "check ",
        "manifest ",
        "ledger ",
        "18446744073709551615",
    ],
};

pub(crate) const BLOCK_FILE: Target = Target {
    name: "block_file",
    check: block_file,
    seeds: || {
        let mut seeds = Vec::new();
        for (number, table) in (0..).zip(Table::ALL) {
            for count in [0_u32, 1, 3, 600] {
                if count == 600 && number > 1 {
                    continue;
                }
                let mut writer = BlockFileWriter::new(table).unwrap();
                let mut run = Vec::new();
                for row in 0..count {
                    let mut key = vec![0; table.key_bytes()];
                    key[..4].copy_from_slice(&row.to_be_bytes());
                    writer
                        .push(&key, b"small", &vec![1; (row % 9) as usize], &mut run)
                        .unwrap();
                }
                writer.finish(&mut run).unwrap();
                seeds.push([&[number], run.as_slice()].concat());
            }
        }
        let rows = [&[0; 5][..], &[0, 0, 0, 1], b"s", &[1; 5], &[0, 0, 0, 0]].concat();
        seeds.push([&[128, 2], rows.as_slice()].concat());
        seeds
    },
    words: &["SKRUN\u{0}\u{0}\u{2}", "\u{0}\u{0}\u{0}\u{1}"],
};

pub(crate) const ROW_CODE: Target = Target {
    name: "row_code",
    check: row_code,
    seeds: row_seeds,
    words: &["24727059608", "052019", "\u{0}\u{1}"],
};

fn manifest_value() -> Manifest {
    let hex = |byte: u8, len| Hex(vec![byte; len]);
    Manifest {
        format: 1,
        commit: 2,
        generation: 1,
        business_date: BusinessDate::parse("2020-09-14").unwrap(),
        created_at: Instant::parse("20200914090000000").unwrap(),
        parent: Some(Hash32([1; 32])),
        counts: Counts {
            residents: 3,
            ..Counts::default()
        },
        roots: Roots {
            current: Hash32([2; 32]),
            history: Hash32([3; 32]),
        },
        root_states: SealedStates {
            wrapped_key: hex(4, 64),
            sealed: hex(5, 90),
        },
        rules: Hash32([6; 32]),
        layouts: Hash32([7; 32]),
        runs: vec![RunRef {
            table: Table::Current,
            name: RunName::from_bytes([8; 16]),
            rows: 3,
            len_bytes: 900,
            sha256: Hash32([9; 32]),
            wrapped_key: hex(10, 64),
        }],
        exchange: ExchangeState {
            inbound: vec![Serial {
                party: "052019".to_owned(),
                kind: "UPD".to_owned(),
                next: 2,
            }],
            held: vec![HeldFile {
                id: "0011aabb".to_owned(),
                folder: "052019".to_owned(),
                label: "UPD-052019-050008-00000003.dat".to_owned(),
                code: "H05".to_owned(),
                detail: "QZXJKV8W".to_owned(),
                size_bytes: 5,
                digest: "00".repeat(32),
                sender: "052019".to_owned(),
                kind: "UPD".to_owned(),
                serial: 3,
                since: 20_200_914,
                in_place: false,
                shadowed: false,
                released: false,
            }],
            unacknowledged: vec![OpenNotice {
                serial: 1,
                digest: "00".repeat(32),
                generation: 1,
                business_date: 20_200_914,
                records: 2,
            }],
            registers: vec![RegisterHead {
                name: "parties".to_owned(),
                lines: 3,
                head: "00".repeat(32),
            }],
            ..ExchangeState::default()
        },
    }
}

fn manifest(data: &[u8]) {
    match Manifest::parse(data) {
        Ok(manifest) => {
            assert_eq!(manifest.bytes().as_deref(), Ok(data), "one manifest has one text");
            for table in Table::ALL {
                let _count = manifest.runs_of(table).count();
            }
            let _sum = manifest.counts.entries();
        }
        Err(fault) => quiet(data, &fault),
    }
    match Pointer::parse(data) {
        Ok(pointer) => assert_eq!(pointer.text().unwrap().as_bytes(), data),
        Err(fault) => quiet(data, &fault),
    }
}

fn block_file(data: &[u8]) {
    let (number, run) = head(data);
    if number & 128 != 0 {
        return one_block(number, run);
    }
    let table = Table::ALL[usize::from(number) % Table::ALL.len()];
    let Some((_, footer)) = run.split_last_chunk::<FOOTER_BYTES>() else {
        return;
    };
    let footer = match Footer::read(table, footer, run.len() as u64) {
        Ok(footer) => footer,
        Err(fault) => return quiet(data, &fault),
    };
    let mut whole = Whole(run);
    let root = match Root::read(footer, run.len() as u64, &mut whole) {
        Ok(root) => root,
        Err(fault) => return quiet(data, &fault),
    };
    if let Err(fault) = root.test_all(&mut whole) {
        return quiet(data, &fault);
    }
    let part = |start: u64, len: u32| {
        let start = usize::try_from(start).unwrap();
        &run[start..start + len as usize]
    };
    let keys = part(0, footer.key_dictionary_bytes);
    let bodies = part(footer.key_dictionary_bytes.into(), footer.body_dictionary_bytes);
    let dictionaries = match Dictionaries::read(keys, bodies) {
        Ok(dictionaries) => dictionaries,
        Err(fault) => return quiet(data, &fault),
    };
    let mut unpacker = Unpacker::new(&dictionaries);
    let mut rows = 0;
    let (mut writer, mut again) = (BlockFileWriter::new(table).unwrap(), Vec::new());
    let mut place = Place::default();
    place.begin(&root, &mut whole).expect("every page was read before");
    while let Some((block, entry)) = place.block(&root) {
        let block = u32::try_from(block).unwrap();
        let group = |group: Group| part(group.offset, group.stored_bytes);
        let body = Some(group(entry.bodies));
        let read = match BlockRows::read(&mut unpacker, block, &entry, group(entry.keys), body) {
            Ok(read) => read,
            Err(fault) => return quiet(data, &fault),
        };
        every_row(&read);
        let without =
            BlockRows::read(&mut unpacker, block, &entry, group(entry.keys), None).expect("keys need no bodies");
        assert_eq!(read.len(), without.len());
        rows += read.len() as u64;
        for row in 0..read.len() {
            writer
                .push(read.key(row), read.small(row), read.body(row), &mut again)
                .expect("what was read can be written");
        }
        place.step(&root, &mut whole).expect("every page was read before");
    }
    assert_eq!(rows, footer.row_count);
    assert_eq!(writer.finish(&mut again).unwrap().row_count, rows);
}

/// The rows of a block as they lie in it, which compression would hide from a fuzzer.
fn one_block(number: u8, data: &[u8]) {
    let table = Table::ALL[usize::from(number & 127) % Table::ALL.len()];
    let (count, raw) = head(data);
    let width = table.key_bytes();
    let Some(first) = raw.get(..width) else { return };
    let stored = zstd::bulk::compress(raw, 1).unwrap();
    let group = Group {
        offset: 0,
        stored_bytes: u32::try_from(stored.len()).unwrap(),
        raw_bytes: u32::try_from(raw.len()).unwrap(),
    };
    assert!(group.raw_bytes <= MAX_GROUP_BYTES);
    let mut last = first;
    // The last key stands where the lengths lead.
    let mut at = 0_usize;
    for _ in 1..count {
        let Some(len) = raw.get(at + width..).and_then(<[u8]>::first_chunk::<4>) else {
            break;
        };
        at = at
            .saturating_add(width + 4)
            .saturating_add(u32::from_be_bytes(*len) as usize);
        last = raw.get(at..at.saturating_add(width)).unwrap_or(last);
    }
    let entry = BlockEntry {
        first_key: first,
        last_key: last,
        row_count: u32::from(count),
        keys: group,
        bodies: Group::default(),
    };
    match BlockRows::read(&mut Unpacker::new(&Dictionaries::default()), 0, &entry, &stored, None) {
        Ok(rows) => every_row(&rows),
        Err(fault) => quiet(data, &fault),
    }
}

fn every_row(rows: &BlockRows) {
    for row in 0..rows.len() {
        assert_eq!(rows.find(rows.key(row)), Some(row));
        assert_eq!(rows.first_not_below(rows.key(row)), row);
    }
    assert_eq!(rows.find(b""), None);
    let beyond = rows.len() + 1;
    assert!(rows.key(beyond).is_empty() && rows.small(beyond).is_empty() && rows.body(beyond).is_empty());
}

fn row_seeds() -> Vec<Vec<u8>> {
    let code = JuminCode::parse("24727059608").unwrap();
    let mut row = Row::blank(PartyId::parse("052019").unwrap());
    for (item, text) in [
        (Item::JuminCode, "24727059608"),
        (Item::KanjiName, "佐藤　花\u{E000}"),
        (Item::Timestamp, "20200914090000000"),
        (Item::Address, "秋田市QZXJKV8W"),
    ] {
        assert!(row.set(item, text));
    }
    row.add_cells(
        Item::KanjiName,
        &[CellMark {
            at: 4,
            chars: 1,
            cell: 0xF040,
        }],
    );
    let entry = |standing| Entry {
        code,
        standing,
        former: Some(code),
        moved_out: None,
        newest_notice: Instant::parse("20200914090000000").unwrap(),
        versions: 2,
    };
    let mut seeds = Vec::new();
    for standing in [
        Standing::Resident(row.clone()),
        Standing::Removed(row.clone()),
        Standing::Retired { target: code },
    ] {
        let (mut small, mut body) = (Vec::new(), Vec::new());
        encode_entry(&entry(standing), &mut small, &mut body).unwrap();
        seeds.push(joined(0, &code_key(code), &small, &body));
    }
    let version = Version {
        code,
        number: 1,
        row,
        replaced_on: BusinessDate::parse("2020-09-14").unwrap(),
        replaced_at: Instant::parse("20200914090000000").unwrap(),
    };
    let (mut small, mut body) = (Vec::new(), Vec::new());
    encode_version(&version, &mut small, &mut body).unwrap();
    seeds.push(joined(1, &version_key(code, 1), &small, &body));
    seeds.push([&[2], code_key(code).as_slice(), &[16], &[0; 12]].concat());
    seeds
}

fn joined(table: u8, key: &[u8], small: &[u8], body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(small.len()).unwrap().to_be_bytes();
    [&[table], key, &len, small, body].concat()
}

fn row_code(data: &[u8]) {
    let (table, rest) = head(data);
    match table % 3 {
        0 => {
            let Some((key, small, body)) = parted(rest, 5) else {
                return;
            };
            let keys = decode_entry_key(key, small);
            match decode_entry(key, small, body) {
                Ok(entry) => an_entry(&entry, &keys.expect("the key part alone can be read too"), small),
                Err(fault) => quiet(data, &fault),
            }
        }
        1 => {
            let Some((key, small, body)) = parted(rest, 9) else {
                return;
            };
            let keys = decode_version_key(key, small);
            match decode_version(key, small, body) {
                Ok(version) => {
                    let keys = keys.expect("the key part alone can be read too");
                    same_row(&version.row, &keys.row);
                    let (mut again, mut bodies) = (Vec::new(), Vec::new());
                    encode_version(&version, &mut again, &mut bodies).unwrap();
                    assert_eq!(decode_version(key, &again, &bodies).unwrap(), version);
                    assert!(again.len() <= small.len());
                    let _digest = row_digest(&canonical_version(&version).unwrap());
                }
                Err(fault) => quiet(data, &fault),
            }
        }
        _ => keys_alone(rest),
    }
}

fn parted(rest: &[u8], key_bytes: usize) -> Option<(&[u8], &[u8], &[u8])> {
    let (key, rest) = rest.split_at_checked(key_bytes)?;
    let (len, rest) = rest.split_first_chunk::<2>()?;
    let (small, body) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
    Some((key, small, body))
}

fn an_entry(entry: &Entry, keys: &sekisho::format::rowcode::EntryKey, small: &[u8]) {
    match (&entry.standing, &keys.standing) {
        (Standing::Resident(row), StandingKey::Resident(key)) | (Standing::Removed(row), StandingKey::Removed(key)) => {
            same_row(row, key);
        }
        (Standing::Retired { target }, StandingKey::Retired { target: same }) => assert_eq!(target, same),
        _ => panic!("the key part tells another standing"),
    }
    let (mut again, mut bodies) = (Vec::new(), Vec::new());
    encode_entry(entry, &mut again, &mut bodies).unwrap();
    assert_eq!(decode_entry(&code_key(entry.code), &again, &bodies).as_ref(), Ok(entry));
    assert!(again.len() <= small.len());
    let _digest = row_digest(&canonical_entry(entry).unwrap());
}

fn same_row(row: &Row, key: &RowKey) {
    for item in Item::ALL {
        if let Some(text) = key.get(item) {
            assert_eq!(text, row.get(item));
        }
    }
    assert!(!format!("{row:?}{key:?}").contains(super::CANARIES[0]));
}

fn keys_alone(bytes: &[u8]) {
    if let Ok(code) = read_code_key(bytes) {
        assert_eq!(code_key(code), bytes);
    }
    if let Ok(number) = read_number_key(bytes) {
        assert_eq!(number_key(number), bytes);
    }
    if let Ok((code, number)) = read_version_key(bytes) {
        assert_eq!(version_key(code, number), bytes);
    }
    if let Ok(notice) = read_notice_key(bytes) {
        assert_eq!(notice_key(&notice), bytes);
    }
    let _digest = read_notice_digest(bytes);
}
