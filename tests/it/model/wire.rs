//! The bytes of the abstract files, and answers read from bytes: by the offsets of the default layouts and nothing else.

use std::collections::BTreeMap;

use encoding_rs::SHIFT_JIS;
use sekisho::seal::digest::{sha256, to_hex};

use super::paper::{Damage, Delivered, Ntf, NtfLine, Record, Res, ResLine, Upd};

pub(super) const RECORD: usize = 1400;

/// Offset, length and type of items 1 to 28, `old_my_number` and `old_jumin_code` in a UPD; index 0 is unused.
pub(super) const UPD_FIELDS: [(usize, usize, char); 31] = [
    (0, 0, ' '),
    (1, 11, 'X'),
    (12, 200, 'N'),
    (212, 3, '9'),
    (215, 200, 'N'),
    (415, 9, 'X'),
    (424, 1, 'X'),
    (425, 400, 'N'),
    (825, 3, '9'),
    (828, 12, 'X'),
    (840, 2, 'X'),
    (842, 8, 'X'),
    (850, 1, 'X'),
    (851, 200, 'N'),
    (1051, 6, 'X'),
    (1057, 6, 'X'),
    (1063, 12, 'X'),
    (1075, 12, 'X'),
    (1087, 17, '9'),
    (1104, 8, '9'),
    (1112, 1, 'X'),
    (1113, 1, 'X'),
    (1114, 6, '9'),
    (1120, 3, '9'),
    (1123, 3, '9'),
    (1126, 100, 'N'),
    (1226, 3, '9'),
    (1229, 100, 'N'),
    (1329, 3, '9'),
    (1332, 12, 'X'),
    (1344, 11, 'X'),
];

fn put(record: &mut [u8], offset: usize, text: &str) {
    record[offset..offset + text.len()].copy_from_slice(text.as_bytes());
}

fn put_wide(record: &mut [u8], (offset, len): (usize, usize), text: &str, ucs2: bool) {
    let bytes: Vec<u8> = if ucs2 {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    } else {
        let (bytes, _, lost) = SHIFT_JIS.encode(text);
        assert!(!lost, "{text} does not go into CP932");
        bytes.into_owned()
    };
    let blank: [u8; 2] = if ucs2 { [0x30, 0] } else { [0x81, 0x40] };
    for pair in record[offset..offset + len].chunks_mut(2) {
        pair.copy_from_slice(&blank);
    }
    record[offset..offset + bytes.len()].copy_from_slice(&bytes);
}

fn data(record: &Record, ucs2: bool) -> Vec<u8> {
    let mut bytes = vec![b' '; RECORD];
    bytes[0] = b'2';
    for (field, (offset, len, kind)) in UPD_FIELDS.into_iter().enumerate().skip(1) {
        let text = match field {
            29 => record.old_number.as_str(),
            30 => record.old_code.as_str(),
            item => record.items.get(u8::try_from(item).unwrap()),
        };
        if kind == 'N' {
            put_wide(&mut bytes, (offset, len), text, ucs2);
        } else {
            put(&mut bytes, offset, text);
        }
    }
    bytes
}

/// Offset of a data record, from 1, in a file with these line ends.
pub(super) fn record_offset(number: usize, line_end: &str) -> usize {
    number * (RECORD + line_end.len())
}

/// The bytes of a file with its damage.
pub(super) fn write(upd: &Upd) -> Vec<u8> {
    let damage = upd.damage;
    let is = |what: Damage| damage == Some(what);
    let mut header = vec![b' '; RECORD];
    put(&mut header, 0, if is(Damage::NotAHeader) { "2" } else { "1" });
    put(&mut header, 1, "UPD");
    put(&mut header, 4, if is(Damage::Version) { "02" } else { "01" });
    put(&mut header, 6, &upd.sender);
    put(&mut header, 14, if is(Damage::Receiver) { "062006" } else { "050008" });
    put(&mut header, 22, &format!("{:08}", upd.shown_serial()));
    put(&mut header, 30, &upd.created_at);
    put(&mut header, 47, if is(Damage::Environment) { "P" } else { "T" });
    let encoding = match (is(Damage::TextEncoding), upd.ucs2) {
        (true, _) => "3",
        (_, true) => "2",
        (_, false) => "1",
    };
    put(&mut header, 48, encoding);
    let mut records: Vec<Vec<u8>> = upd.records.iter().map(|record| data(record, upd.ucs2)).collect();
    if is(Damage::RecordOfAnotherType) {
        let mut odd = vec![b' '; RECORD];
        odd[0] = b'3';
        records.push(odd);
    }
    let mut trailer = vec![b' '; RECORD];
    let count = records.len() + usize::from(is(Damage::Count));
    put(&mut trailer, 0, &format!("8{count:08}"));
    let hash = if is(Damage::Hash) {
        "0".repeat(64)
    } else {
        to_hex(&sha256(&records.concat()))
    };
    put(&mut trailer, 9, &hash);
    let mut end = vec![b' '; RECORD];
    end[0] = b'9';
    let mut all = vec![header];
    all.extend(records);
    if !is(Damage::NoTrailer) {
        all.push(trailer);
    }
    all.push(end);
    let mut bytes = Vec::new();
    for record in all {
        bytes.extend_from_slice(&record);
        bytes.extend_from_slice(upd.line_end.as_bytes());
    }
    if is(Damage::ByteTooMany) {
        bytes.insert(RECORD + upd.line_end.len(), b'2');
    }
    if is(Damage::Cut) {
        bytes.truncate(RECORD + RECORD / 2 + upd.line_end.len());
    }
    bytes
}

/// A file under its usual name.
pub(super) fn delivered(upd: Upd) -> Delivered {
    let named = upd.serial + u32::from(upd.damage == Some(Damage::NameOfAnotherSerial));
    let name = format!("UPD-{}-050008-{named:08}.dat", upd.sender);
    let bytes = write(&upd);
    let hash = sha256(&bytes);
    Delivered { name, upd, bytes, hash }
}

fn text(record: &[u8], offset: usize, len: usize) -> String {
    let text = std::str::from_utf8(&record[offset..offset + len]).unwrap();
    text.trim_end_matches(' ').to_owned()
}

fn number(record: &[u8], offset: usize, len: usize) -> u32 {
    text(record, offset, len).parse().unwrap()
}

fn wide(record: &[u8], offset: usize, len: usize, ucs2: bool) -> String {
    let bytes = &record[offset..offset + len];
    let text = if ucs2 {
        let pairs = bytes.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        String::from_utf16(&pairs.collect::<Vec<u16>>()).unwrap()
    } else {
        SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned()
    };
    text.trim_end_matches('　').to_owned()
}

/// The records of a file of the server: header, data, trailer. Counts and hash are tested.
fn records(bytes: &[u8], len: usize) -> (&[u8], Vec<&[u8]>, &[u8]) {
    assert_eq!(bytes.len() % len, 0);
    let all: Vec<&[u8]> = bytes.chunks(len).collect();
    let [header, data @ .., trailer, end] = all.as_slice() else {
        panic!("{} records", all.len())
    };
    let types = (header[0], trailer[0], end[0]);
    assert_eq!(types, (b'1', b'8', b'9'));
    assert!(data.iter().all(|record| record[0] == b'2'));
    assert_eq!(number(trailer, 1, 8) as usize, data.len());
    assert_eq!(text(trailer, 9, 64), to_hex(&sha256(&data.concat())));
    (header, data.to_vec(), trailer)
}

/// Kind, version, sender, receiver, serial, made, environment, encoding, reply.
fn head(header: &[u8]) -> Vec<String> {
    let fields = [
        (1, 3),
        (4, 2),
        (6, 8),
        (14, 8),
        (22, 8),
        (30, 17),
        (47, 1),
        (48, 1),
        (49, 64),
    ];
    fields.map(|(offset, len)| text(header, offset, len)).to_vec()
}

/// Reads a RES.
pub(super) fn read_res(bytes: &[u8]) -> Res {
    let (header, data, trailer) = records(bytes, 256);
    let fields = [
        (1, 8),
        (9, 11),
        (20, 2),
        (22, 6),
        (28, 17),
        (45, 1),
        (46, 5),
        (51, 2),
        (53, 12),
        (65, 4),
        (69, 10),
    ];
    let line = |record: &[u8]| ResLine(fields.map(|(offset, len)| text(record, offset, len)).to_vec());
    Res {
        head: head(header),
        lines: data.into_iter().map(line).collect(),
        sums: [73, 81, 89, 97].map(|offset| number(trailer, offset, 8)),
    }
}

/// Items of a NTF by number, offset, length and type.
const NTF_ITEMS: [(u8, usize, usize, char); 24] = [
    (1, 1, 11, 'X'),
    (2, 12, 200, 'N'),
    (3, 212, 3, '9'),
    (4, 215, 200, 'N'),
    (5, 415, 9, 'X'),
    (6, 424, 1, 'X'),
    (7, 425, 400, 'N'),
    (8, 825, 3, '9'),
    (9, 828, 12, 'X'),
    (10, 840, 2, 'X'),
    (11, 842, 8, 'X'),
    (14, 850, 6, 'X'),
    (15, 856, 6, 'X'),
    (18, 862, 17, '9'),
    (20, 879, 1, 'X'),
    (22, 880, 6, '9'),
    (23, 886, 3, '9'),
    (24, 889, 3, '9'),
    (25, 892, 100, 'N'),
    (26, 992, 3, '9'),
    (27, 995, 100, 'N'),
    (28, 1095, 3, '9'),
    (29, 1098, 12, 'X'),
    (30, 1110, 11, 'X'),
];

/// Numbers of the items of a NTF, 29 and 30 being the old numbers.
pub(super) fn ntf_items() -> impl Iterator<Item = u8> {
    NTF_ITEMS.into_iter().map(|(item, ..)| item)
}

/// Reads a NTF in CP932.
pub(super) fn read_ntf(bytes: &[u8]) -> Ntf {
    let (header, data, _) = records(bytes, 1200);
    let line = |record: &[u8]| -> NtfLine {
        let mut line: BTreeMap<String, String> = BTreeMap::new();
        for (item, offset, len, kind) in NTF_ITEMS {
            let value = if kind == 'N' {
                wide(record, offset, len, false)
            } else {
                text(record, offset, len)
            };
            line.insert(format!("item {item:02}"), value);
        }
        line.insert("source".to_owned(), text(record, 1121, 8));
        line.insert("source serial".to_owned(), text(record, 1129, 8));
        line.insert("source record".to_owned(), text(record, 1137, 8));
        line.insert("generation".to_owned(), text(record, 1145, 10));
        line
    };
    let head = head(header);
    assert_eq!(
        (head[0].as_str(), head[2].as_str(), head[3].as_str()),
        ("NTF", "050008", "N0000001")
    );
    assert_eq!((head[6].as_str(), head[7].as_str(), head[8].as_str()), ("T", "1", ""));
    Ntf {
        serial: head[4].parse().unwrap(),
        created_at: head[5].clone(),
        lines: data.into_iter().map(line).collect(),
    }
}
