//! Files of the demonstration, read by position from the tables of the formats and with nothing of the program.

use std::collections::{BTreeMap, BTreeSet};

use sekisho::domain::code::Code;
use sekisho::domain::ids::{JuminCode, MunicipalityCode, MyNumber};
use sekisho::domain::party::{Encoding, Party, PartyKind};
use sekisho::run::demo::{DemoDay, DemoFault, DemoFile, DemoOptions, DemoWorld, ExpectedCounts, Fate, NATIONAL, OWN};
use sha2::{Digest, Sha256};

const RECORD: usize = 1400;
/// Offset and length of the type N fields: items 2, 4, 7, 13, 25, 27.
const WIDE: [(usize, usize); 6] = [(12, 200), (215, 200), (425, 400), (851, 200), (1126, 100), (1229, 100)];

fn text(bytes: &[u8], offset: usize, length: usize) -> &str {
    std::str::from_utf8(&bytes[offset..offset + length]).unwrap()
}

/// The records of a file of whole records, line ends taken off.
fn records(bytes: &[u8]) -> Vec<&[u8]> {
    let end: &[u8] = if bytes[RECORD..].starts_with(b"\r\n") {
        b"\r\n"
    } else {
        b""
    };
    let stride = RECORD + end.len();
    assert_eq!(bytes.len() % stride, 0);
    bytes
        .chunks(stride)
        .map(|record| {
            assert!(record.ends_with(end));
            &record[..RECORD]
        })
        .collect()
}

/// Checks the frame of a file that must be whole; gives its data records.
fn sound<'a>(file: &'a DemoFile, party: &Party) -> Vec<&'a [u8]> {
    let all = records(&file.bytes);
    let types: Vec<u8> = all.iter().map(|record| record[0]).collect();
    let count = all.len() - 3;
    assert_eq!(types[0], b'1', "{}", file.name);
    assert!(types[1..=count].iter().all(|kind| *kind == b'2'));
    assert_eq!(types[count + 1..], *b"89");
    let header = all[0];
    assert_eq!(text(header, 1, 5), "UPD01");
    assert_eq!(text(header, 6, 8).trim_end(), file.party.as_str());
    assert_eq!(text(header, 14, 8).trim_end(), OWN);
    assert_eq!(text(header, 47, 1), "T");
    let encoding = if party.encoding == Encoding::Cp932 { "1" } else { "2" };
    assert_eq!(text(header, 48, 1), encoding);
    assert!(header[49..].iter().all(|byte| *byte == b' '));
    assert_eq!(
        file.name,
        format!("UPD-{}-{OWN}-{}.dat", file.party, text(header, 22, 8))
    );
    let trailer = all[count + 1];
    assert_eq!(text(trailer, 1, 8), format!("{count:08}"));
    let hash = Sha256::digest(all[1..=count].concat());
    let hex = sekisho::seal::digest::to_hex(&hash);
    assert_eq!(text(trailer, 9, 64), hex);
    assert!(trailer[73..].iter().all(|byte| *byte == b' '));
    assert!(all[count + 2][1..].iter().all(|byte| *byte == b' '));
    all[1..=count].to_vec()
}

fn parties(world: &DemoWorld) -> BTreeMap<String, Party> {
    world
        .parties()
        .unwrap()
        .into_iter()
        .map(|party| (party.id.to_string(), party))
        .collect()
}

/// Decodes a type N field by an independent decoder and asks that every character is a wide one.
fn wide(field: &[u8], encoding: Encoding) -> String {
    let text = match encoding {
        Encoding::Cp932 => {
            let (text, malformed) = encoding_rs::SHIFT_JIS.decode_without_bom_handling(field);
            assert!(!malformed);
            text.into_owned()
        }
        Encoding::Ucs2Be => {
            let units: Vec<u16> = field
                .chunks(2)
                .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                .collect();
            String::from_utf16(&units).unwrap()
        }
    };
    assert!(
        text.chars()
            .all(|c| u32::from(c) > 0xA0 && !('\u{FF61}'..='\u{FFDC}').contains(&c))
    );
    let text = text.trim_end_matches('\u{3000}').to_owned();
    assert!(!text.starts_with('\u{3000}'));
    text
}

fn days(seed: u64, residents: u32, count: usize) -> Vec<DemoDay> {
    let mut world = DemoWorld::new(seed, residents).unwrap();
    (0..count).map(|_| world.next_day().unwrap()).collect()
}

#[test]
fn one_seed_makes_one_prefecture() {
    let digest = |seed| {
        let mut hash = Sha256::new();
        let mut world = DemoWorld::new(seed, 800).unwrap();
        for file in world.initial_files() {
            hash.update(file.unwrap().bytes);
        }
        for _ in 0..3 {
            for file in world.next_day().unwrap().files {
                hash.update(file.name.as_bytes());
                hash.update(&file.bytes);
            }
        }
        hash.finalize()
    };
    assert_eq!(digest(1), digest(1));
    assert_ne!(digest(1), digest(2));
}

#[test]
fn the_initial_load_is_sound_and_its_numbers_are_right_and_unique() {
    let residents = 6000;
    let world = DemoWorld::new(11, residents).unwrap();
    let parties = parties(&world);
    let (mut codes, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
    let mut seen = 0;
    for file in world.initial_files() {
        let file = file.unwrap();
        let party = &parties[file.party.as_str()];
        let expected = file.expected.unwrap();
        let data = sound(&file, party);
        assert_eq!(data.len(), expected.records as usize);
        assert_eq!(expected.records, expected.applied + expected.warned);
        for record in data {
            seen += 1;
            assert!(codes.insert(JuminCode::parse(text(record, 1, 11)).unwrap()));
            let (number, reason) = (text(record, 828, 12), text(record, 840, 2));
            if number.trim().is_empty() {
                assert_ne!(reason, "11", "a move-in needs its number");
            } else {
                assert!(numbers.insert(MyNumber::parse(number).unwrap()));
            }
            *reasons.entry(reason.to_owned()).or_default() += 1;
            assert_eq!(text(record, 1051, 6), file.party.as_str());
            assert!(MunicipalityCode::parse(text(record, 1051, 6)).is_ok());
            assert!(text(record, 1057, 6).bytes().all(|digit| digit.is_ascii_digit()));
            // Dates and operations lie in the past of the initial load.
            assert!(text(record, 842, 8) < "20250601" && text(record, 1087, 8) < "20250601");
            assert!(text(record, 842, 8) <= text(record, 1087, 8));
            assert!(text(record, 416, 8) <= text(record, 842, 8));
            let texts: Vec<String> = WIDE
                .iter()
                .map(|(offset, length)| wide(&record[*offset..offset + length], party.encoding))
                .collect();
            assert!(
                texts[0].contains('　') && texts[2].starts_with("秋田県"),
                "{}",
                file.name
            );
            for (text_at, count_at) in [(0, 212), (2, 825)] {
                let placeholders = texts[text_at].matches('〓').count();
                assert_eq!(text(record, count_at, 3), format!("{placeholders:03}"));
            }
            let any = texts.iter().any(|text| text.contains('〓'));
            assert_eq!(text(record, 1112, 1), if any { "1" } else { "0" });
        }
    }
    assert_eq!(seen, residents);
    assert_eq!(
        reasons.keys().map(String::as_str).collect::<Vec<_>>(),
        ["11", "12", "13", "16"]
    );
    assert!(reasons["11"] > residents / 2);
}

#[test]
fn rare_characters_travel_in_every_form() {
    let world = DemoWorld::new(3, 40_000).unwrap();
    let parties = parties(&world);
    let (mut seen, mut cells) = (BTreeSet::new(), BTreeSet::new());
    for town in 0..world.town_count() {
        let file = world.initial_file(town).unwrap();
        let encoding = parties[file.party.as_str()].encoding;
        for record in records(&file.bytes) {
            if record[0] != b'2' {
                continue;
            }
            for (offset, length) in [WIDE[0], WIDE[2]] {
                let field = &record[offset..offset + length];
                seen.extend(wide(field, encoding).chars().map(|c| (encoding, c)));
                if encoding == Encoding::Cp932 {
                    cells.extend(field.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])));
                }
            }
        }
    }
    for (encoding, character) in [
        (Encoding::Cp932, '髙'),
        (Encoding::Cp932, '﨑'),
        (Encoding::Cp932, '邉'),
        (Encoding::Cp932, '〓'),
        (Encoding::Ucs2Be, '\u{20BB7}'),
        (Encoding::Ucs2Be, '\u{E0100}'),
        (Encoding::Ucs2Be, '\u{E010}'),
        (Encoding::Ucs2Be, '〓'),
    ] {
        assert!(seen.contains(&(encoding, character)), "{character} {encoding:?}");
    }
    // 髙 by its usual and by its NEC-selected cell, 能 with second byte 5C, and cells of the user-defined area.
    for cell in [0xFBFC, 0xEEE0, 0x945C, 0xF040, 0xF050] {
        assert!(cells.contains(&cell), "{cell:04X}");
    }
}

#[test]
fn streaming_and_whole_files_are_the_same() {
    let world = DemoWorld::new(5, 20_000).unwrap();
    let (mut bytes, mut pieces) = (Vec::new(), 0);
    let written = world
        .write_initial(0, &mut |piece| {
            pieces += 1;
            bytes.extend_from_slice(piece);
            Ok(())
        })
        .unwrap();
    assert!(pieces > 5);
    let whole = world.initial_file(0).unwrap();
    assert_eq!(written.len_bytes, bytes.len() as u64);
    assert_eq!(whole.bytes, bytes);
    assert_eq!(whole.expected, Some(written.expected));
    let failed = world.write_initial(0, &mut |_| Err(std::io::Error::from(std::io::ErrorKind::StorageFull)));
    assert_eq!(failed, Err(DemoFault::Write(std::io::ErrorKind::StorageFull)));
}

#[test]
fn daily_files_are_sound_where_they_should_be() {
    let world = DemoWorld::new(9, 3000).unwrap();
    let parties = parties(&world);
    for day in days(9, 3000, 5) {
        let senders: BTreeSet<_> = day.files.iter().map(|file| file.party).collect();
        assert_eq!(senders.len(), 25, "every town sends something on every day");
        for file in &day.files {
            if let Fate::Judged | Fate::Repeated = file.fate {
                let data = sound(file, &parties[file.party.as_str()]);
                if let Some(counts) = file.expected {
                    assert_eq!(counts.records as usize, data.len());
                    assert_eq!(
                        counts.records,
                        counts.applied + counts.warned + counts.rejected + counts.duplicate
                    );
                }
                let stamps: Vec<&str> = data.iter().map(|record| text(record, 1087, 17)).collect();
                assert!(file.fate == Fate::Repeated || stamps.is_sorted(), "{}", file.name);
            }
        }
    }
}

#[test]
fn bad_records_keep_their_share_and_cover_every_code() {
    let mut options = DemoOptions::new(21, 30_000).unwrap();
    options.notices_per_mille = 12;
    let mut world = DemoWorld::with_options(options).unwrap();
    let (mut sums, mut codes) = (ExpectedCounts::default(), BTreeSet::new());
    for _ in 0..5 {
        for file in world.next_day().unwrap().files {
            let counts = file.expected.unwrap_or_default();
            sums.records += counts.records;
            sums.rejected += counts.rejected;
            sums.duplicate += counts.duplicate;
            codes.extend(file.findings.iter().map(|finding| finding.code));
        }
    }
    let per_mille = sums.rejected * 1000 / sums.records;
    assert!((40..=65).contains(&per_mille), "{per_mille} of 1000 records are bad");
    assert!(sums.duplicate > 0);
    // Everything a record can be found guilty of.
    let of_records = Code::ALL.iter().filter(|code| {
        let text = code.as_str();
        (text.starts_with(['C', 'L', 'W']) || text.starts_with('F')) && !["F001", "F002"].contains(&text)
    });
    let missing: Vec<_> = of_records.filter(|code| !codes.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn bad_files_come_on_their_days_and_are_put_right() {
    let days = days(4, 2000, 6);
    let mut held: BTreeSet<Code> = BTreeSet::new();
    let mut waiting: Vec<(u32, String)> = Vec::new();
    let mut repeated = 0;
    for (index, day) in days.iter().enumerate() {
        assert_eq!(day.number as usize, index + 1);
        let due: BTreeSet<&String> = waiting
            .iter()
            .filter(|(due, _)| *due == day.number)
            .map(|(_, name)| name)
            .collect();
        let released: BTreeSet<&String> = day.released.iter().collect();
        assert_eq!(due, released);
        for file in &day.files {
            match file.fate {
                Fate::Judged => assert!(file.expected.is_some()),
                Fate::Held { code, released } => {
                    held.insert(code);
                    assert_eq!(file.expected.is_some(), released.is_some());
                    waiting.extend(released.map(|due| (due, file.name.clone())));
                }
                Fate::Rejected(code) => {
                    held.insert(code);
                    let next = &days[index + 1].files;
                    let again = next.iter().find(|next| next.name == file.name).unwrap();
                    assert_eq!((again.fate, again.bytes.len()), (Fate::Judged, file.bytes.len()));
                }
                Fate::Repeated => repeated += 1,
            }
        }
    }
    assert_eq!(
        held.into_iter().collect::<Vec<_>>(),
        [Code::F002, Code::H01, Code::H02, Code::H06, Code::H07, Code::H09]
    );
    assert!(repeated >= 2);
}

#[test]
fn days_are_working_days() {
    let dates: Vec<String> = days(1, 100, 6).iter().map(|day| day.date.dashed()).collect();
    assert_eq!(
        dates,
        [
            "2025-06-02",
            "2025-06-03",
            "2025-06-04",
            "2025-06-05",
            "2025-06-06",
            "2025-06-09"
        ]
    );
}

#[test]
fn tiny_and_empty_prefectures_work() {
    for residents in [0, 1, 25, 300] {
        let mut world = DemoWorld::new(8, residents).unwrap();
        let records: u32 = world
            .initial_files()
            .map(|file| file.unwrap().expected.unwrap().records)
            .sum();
        assert_eq!(records, residents);
        for _ in 0..7 {
            assert!(world.next_day().unwrap().files.len() >= 25);
        }
    }
    assert_eq!(DemoWorld::new(1, 20_000_001).unwrap_err(), DemoFault::TooMany);
}

#[test]
fn the_parties_are_those_of_a_prefecture() {
    let world = DemoWorld::new(1, 10).unwrap();
    let parties = world.parties().unwrap();
    let towns: Vec<&Party> = parties
        .iter()
        .filter(|party| party.kind == PartyKind::Municipality)
        .collect();
    assert_eq!(towns.len(), 25);
    assert_eq!(
        towns.iter().filter(|party| party.encoding == Encoding::Ucs2Be).count(),
        8
    );
    assert!(towns.iter().all(|party| party.municipality().is_some()));
    assert!(
        parties
            .iter()
            .any(|party| party.id.as_str() == OWN && party.kind == PartyKind::Own)
    );
    let national = parties.iter().find(|party| party.id.as_str() == NATIONAL).unwrap();
    assert_eq!(
        (national.kind, national.encoding),
        (PartyKind::National, Encoding::Ucs2Be)
    );
    assert!(
        parties
            .iter()
            .filter(|party| party.kind == PartyKind::Department)
            .count()
            >= 2
    );
    let named: BTreeSet<&str> = parties
        .iter()
        .filter_map(|party| party.gaiji_table.as_deref())
        .collect();
    let tables = world.gaiji_tables();
    assert_eq!(named, tables.iter().map(|table| table.name).collect());
    for table in tables {
        assert!(sekisho::text::gaiji::GaijiTable::parse_csv(table.csv.as_bytes()).is_ok());
    }
}
