//! The CSV form of exchange files: by hand from the specification, each fault with its finding and line, and there and back.

use std::fmt::Write as _;

use proptest::prelude::*;
use sekisho::domain::code::Code;
use sekisho::domain::ids::PartyId;
use sekisho::domain::item::Item;
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::domain::row::Row;
use sekisho::format::exchange::{FileFault, FileHead, HashRule, KindFields, LineEnd, NoticeWriter, OldNumbers};
use sekisho::format::layout::{Layout, Layouts};
use sekisho::format::tabular::{Meta, TableFault, TableRecords, TableWriter, has_csv_form};
use sekisho::pipeline::decode::{DecodedRecord, Decoder, Echo, ShortText};
use sekisho::pipeline::emit::{OwnHead, ResLine, ResWriter};
use sekisho::text::gaiji::GaijiTable;
use sha2::{Digest, Sha256};

use super::classes::at;
use super::written;
use crate::layout::hand::notice;
use crate::layout::properties::row;
use crate::rules::town::{AKITA, day};

/// The names of the data fields of EXT, from the specification.
const NAMES: &str = "jumin_code,kanji_name,name_gaiji_count,kana_name,birth_date,sex,address,address_gaiji_count,my_number,\
    change_reason,change_date,retention_flag,seion_kana_name,municipality_code,aza_code,operator_id,terminal_id,timestamp,\
    received_date,gaiji_flag,deleted_flag,update_seq,name_gaiji_seq,address_gaiji_seq,former_surname_kanji,\
    former_surname_gaiji_count,former_surname_kana,former_surname_gaiji_seq";
/// The notice of `hand`, typed as a row.
const ROW: &str = "24727059608,佐藤　花,000,さとう　はな,520200914,2,秋田県能代市,000,,13,20200914,,,052019,000000,OP0001,TERM01,\
    20200914093000123,00000000,0,,000001,000,000,,000,,000";

fn ext() -> Layout {
    Layout::builtin(FileKind::Ext).unwrap()
}

/// Text in CP932, by the tables of `encoding_rs`, which are not ours.
fn cp932(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}

fn file(lines: &[&str], end: &str) -> String {
    let mut text = lines.join(end);
    text.push_str(end);
    text
}

/// All records with their lines, decoded.
fn decoded(bytes: &[u8], encoding: Encoding) -> Result<Vec<DecodedRecord>, TableFault> {
    let layout = ext();
    let gaiji = GaijiTable::none();
    let mut decoder = Decoder::new(&layout, encoding, &gaiji, PartyId::parse(AKITA).unwrap()).by_line();
    let mut records = TableRecords::new(bytes, &layout, encoding)?;
    let mut all = Vec::new();
    while let Some(record) = records.next_record()? {
        all.push(decoder.decode(record.bytes, record.record_no, record.line));
    }
    Ok(all)
}

fn texts(row: &Row) -> Vec<&str> {
    Item::ALL.into_iter().map(|item| row.get(item)).collect()
}

#[test]
fn a_row_is_the_record_of_the_fixed_form() {
    let layout = ext();
    for end in ["\r\n", "\n"] {
        let bytes = cp932(&file(&[NAMES, ROW, ROW], end));
        let mut records = TableRecords::new(bytes.as_slice(), &layout, Encoding::Cp932).unwrap();
        for number in [1, 2] {
            let record = records.next_record().unwrap().unwrap();
            assert_eq!((record.record_no, record.line), (number, u64::from(number) + 1));
            assert_eq!(record.bytes, notice());
        }
        assert!(records.next_record().unwrap().is_none());
    }
}

#[test]
fn utf_8_with_and_without_a_mark_says_the_same() {
    let text = file(&[NAMES, ROW], "\r\n");
    let fixed = decoded(&cp932(&text), Encoding::Cp932).unwrap();
    for bytes in [text.clone().into_bytes(), [b"\xEF\xBB\xBF", text.as_bytes()].concat()] {
        let records = decoded(&bytes, Encoding::Ucs2Be).unwrap();
        assert_eq!(records.len(), 1);
        assert!(records[0].findings.is_empty());
        assert_eq!(texts(&records[0].row), texts(&fixed[0].row));
    }
    // The last line end may be missing, blanks behind a text are padding, quotes are no part of it.
    let quoted = ROW.replace("佐藤　花,", "\"佐藤　花　\",");
    let records = decoded(file(&[NAMES, &quoted], "\n").trim_end().as_bytes(), Encoding::Ucs2Be).unwrap();
    assert_eq!(texts(&records[0].row), texts(&fixed[0].row));
}

#[test]
fn each_field_has_the_finding_of_the_fixed_form() {
    let long = "佐".repeat(101);
    for (from, to, code, item, length) in [
        ("佐藤　花", "佐藤A", Code::F004, 2, 200),
        ("佐藤　花", "　佐藤", Code::F004, 2, 200),
        ("佐藤　花", long.as_str(), Code::F004, 2, 200),
        ("24727059608", "2472705960", Code::F006, 1, 11),
        ("24727059608", "247270596080", Code::F004, 1, 11),
        (",2,秋", ",２,秋", Code::F004, 6, 1),
        ("000001", "1", Code::F006, 22, 6),
        ("000001", "00 001", Code::F004, 22, 6),
        ("000001", "１", Code::F004, 22, 6),
        ("OP0001", " OP0001", Code::F004, 16, 12),
    ] {
        let bad = ROW.replacen(from, to, 1);
        assert_ne!(bad, ROW);
        let text = file(&[NAMES, ROW, &bad], "\r\n");
        for (bytes, encoding) in [
            (cp932(&text), Encoding::Cp932),
            (text.clone().into_bytes(), Encoding::Ucs2Be),
        ] {
            let records = decoded(&bytes, encoding).unwrap();
            assert!(records[0].findings.is_empty());
            assert_eq!(records[1].findings.len(), 1, "{to}");
            let finding = records[1].findings[0];
            assert_eq!((finding.code, finding.item), (code, Some(item)), "{to} {encoding:?}");
            let place = finding.place.unwrap();
            assert_eq!((place.byte_offset, place.byte_length), (3, length), "{to}");
        }
    }
}

#[test]
fn bytes_that_are_no_text() {
    for (encoding, good, bad) in [
        (Encoding::Ucs2Be, "佐藤".as_bytes(), b"\xE4\xBD\x90\xE8".as_slice()),
        (
            Encoding::Cp932,
            b"\x8D\xB2\x93\xA1\x81\x40\x89\xD4".as_slice(),
            b"\x8D\xB2\x93".as_slice(),
        ),
        (Encoding::Cp932, b"\x8D\xB2\x93\xA1".as_slice(), b"\xFD\xFD".as_slice()),
    ] {
        let text = file(&[NAMES, ROW], "\n");
        let bytes = match encoding {
            Encoding::Cp932 => cp932(&text),
            Encoding::Ucs2Be => text.into_bytes(),
        };
        let at = bytes.windows(good.len()).position(|part| part == good).unwrap();
        let spoiled = [&bytes[..at], bad, &bytes[at + good.len()..]].concat();
        let records = decoded(&spoiled, encoding).unwrap();
        let finding = records[0].findings[0];
        assert_eq!((finding.code, finding.item), (Code::F003, Some(2)));
    }
}

#[test]
fn a_line_end_within_a_field_moves_the_lines_and_nothing_else() {
    let broken = ROW.replace("OP0001", "\"OP\n01\"");
    let text = file(&[NAMES, &broken, &ROW.replace(",2,", ",a,")], "\r\n");
    let records = decoded(text.as_bytes(), Encoding::Ucs2Be).unwrap();
    let finding = records[0].findings[0];
    assert_eq!((finding.code, finding.item), (Code::F004, Some(16)));
    assert_eq!((records[0].offset, records[1].offset), (2, 4));
}

#[test]
fn files_that_are_no_table_of_their_kind() {
    let read = |text: &str| decoded(text.as_bytes(), Encoding::Ucs2Be).err();
    for text in [
        "",
        "\r\n",
        "jumin_code,kanji_name\r\n",
        &file(&[&NAMES.replace("sex", "seks")], "\r\n"),
    ] {
        let fault = read(text).unwrap();
        assert!(matches!(fault, TableFault::Names), "{text}");
        assert_eq!(fault.code(), Some(Code::F001));
    }
    let fault = read(&file(&[NAMES, ROW, &format!("{ROW},x")], "\n")).unwrap();
    assert!(matches!(
        fault,
        TableFault::Columns {
            line: 3,
            got: 29,
            want: 28
        }
    ));
    let fault = read(&file(&[NAMES, ROW, ROW.rsplit_once(',').unwrap().0], "\n")).unwrap();
    assert!(matches!(
        fault,
        TableFault::Columns {
            line: 3,
            got: 27,
            want: 28
        }
    ));
    let fault = read(&format!("{NAMES}\r\n{ROW}\n{ROW}\r\n")).unwrap();
    assert!(matches!(fault, TableFault::LineEnd { line: 2 }));
    assert_eq!(fault.code(), Some(Code::F001));
}

fn hash(data: &[u8]) -> String {
    let mut hash = String::new();
    for byte in Sha256::digest(data) {
        write!(hash, "{byte:02x}").unwrap();
    }
    hash
}

/// The meta file of an extract with these data; rows by hand.
fn meta(data: &[u8], count: u32) -> String {
    let hash = hash(data);
    format!(
        "field,value\r\nfile_kind,EXT\r\nformat_version,01\r\nsender,052019\r\nreceiver,050008\r\nserial,00000003\r\n\
         created_at,20200914100000000\r\nenvironment,P\r\ntext_encoding,2\r\nreply_to_sha256,\r\n\
         base_at,20200914080000000\r\nscope,F\r\nrecord_count,{count}\r\ndata_sha256,{hash}\r\n"
    )
}

#[test]
fn a_meta_file_proves_its_data() {
    let layouts = Layouts::builtin().unwrap();
    let layout = ext();
    let data = file(&[NAMES, ROW, ROW], "\r\n");
    let text = meta(data.as_bytes(), 2);
    let read = Meta::read(text.as_bytes(), &layouts).unwrap();
    assert_eq!((read.envelope().kind, read.envelope().serial), (FileKind::Ext, 3));
    assert_eq!(read.sha256()[..], Sha256::digest(text.as_bytes())[..]);
    let facts = |data: &[u8]| {
        let records = TableRecords::new(data, &layout, Encoding::Ucs2Be).unwrap();
        records.facts(&layout).unwrap()
    };
    let table = read
        .prove(&layouts, &facts(data.as_bytes()), HashRule::Required)
        .unwrap();
    assert_eq!((table.data_count, table.header.serial), (2, 3));
    let KindFields::Extract { base_at, scope } = table.header.fields else {
        panic!("no extract");
    };
    assert_eq!((base_at, scope), (at("0800"), b'F'));
    // A row more, another byte, a blank hash.
    let more = file(&[NAMES, ROW, ROW, ROW], "\r\n");
    let fault = read.prove(&layouts, &facts(more.as_bytes()), HashRule::Required);
    assert!(matches!(fault, Err(FileFault::RecordCount { counted: 3, .. })));
    let other = data.replace("TERM01", "TERM02");
    let fault = read
        .prove(&layouts, &facts(other.as_bytes()), HashRule::Required)
        .unwrap_err();
    assert_eq!(fault.code(), Code::F002);
    let (before, _) = text.split_once("data_sha256,").unwrap();
    let blank = Meta::read(format!("{before}data_sha256,\r\n").as_bytes(), &layouts).unwrap();
    for (rule, holds) in [(HashRule::Optional, true), (HashRule::Required, false)] {
        assert_eq!(blank.prove(&layouts, &facts(data.as_bytes()), rule).is_ok(), holds);
    }
}

#[test]
fn meta_files_that_cannot_be_read_or_are_wrong() {
    let layouts = Layouts::builtin().unwrap();
    let data = file(&[NAMES, ROW], "\r\n");
    let good = meta(data.as_bytes(), 1);
    for (from, to, code) in [
        ("file_kind,EXT", "file_kind,UPD", Code::H02),
        ("file_kind,EXT", "file_kind,XYZ", Code::H02),
        ("sender,052019\r\n", "", Code::H02),
        ("serial,00000003", "serial,three", Code::H02),
        ("scope,F", "scope,F\r\nscope,L", Code::H02),
        ("scope,F", "purpose_id,T5", Code::H02),
        ("scope,F", "scope,F,x", Code::H02),
        ("scope,F", "scope,全", Code::H02),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_eq!(Meta::read(bad.as_bytes(), &layouts).unwrap_err().code(), code, "{to}");
    }
    let layout = ext();
    let records = TableRecords::new(data.as_bytes(), &layout, Encoding::Ucs2Be).unwrap();
    let facts = records.facts(&layout).unwrap();
    for (from, to) in [
        ("format_version,01", "format_version,02"),
        ("created_at,20200914100000000", "created_at,20200931100000000"),
        ("text_encoding,2", "text_encoding,3"),
        ("serial,00000003", "serial,0"),
        ("base_at,20200914080000000", "base_at,"),
        ("receiver,050008", "receiver,0500080508"),
    ] {
        let bad = good.replacen(from, to, 1);
        let read = Meta::read(bad.as_bytes(), &layouts).unwrap();
        let fault = read.prove(&layouts, &facts, HashRule::Required).unwrap_err();
        assert_eq!(fault.code(), Code::F002, "{to}");
    }
    // Without its title, in another order and with a mark it is the same.
    let plain = good.replacen("field,value\r\n", "", 1);
    let mut rows: Vec<&str> = plain.split_inclusive("\r\n").collect();
    rows.reverse();
    let other = format!("\u{FEFF}{}", rows.concat());
    let read = Meta::read(other.as_bytes(), &layouts).unwrap();
    assert!(read.prove(&layouts, &facts, HashRule::Required).is_ok());
}

#[test]
fn the_kinds_that_have_a_csv_form() {
    let kinds: Vec<&str> = FileKind::ALL
        .into_iter()
        .filter(|kind| has_csv_form(*kind))
        .map(FileKind::as_str)
        .collect();
    assert_eq!(kinds, ["RES", "EXT", "RCR", "INQ", "PRV"]);
}

/// The CSV form of a fixed file that comes in pieces, and its meta file.
fn tabled(layout: &Layout, encoding: Encoding, fixed: &[u8], piece: usize) -> (Vec<u8>, String) {
    let mut writer = TableWriter::new(layout, encoding).unwrap();
    let mut data = Vec::new();
    for part in fixed.chunks(piece) {
        data.extend(writer.update(part).unwrap());
    }
    let end = writer.finish().unwrap();
    data.extend(end.data);
    (data, String::from_utf8(end.meta).unwrap())
}

#[test]
fn an_rcr_as_csv() {
    let names = "class,record_no,jumin_code,item_no,extract_value,master_value,code\r\n";
    let rest = "10,00000002,24846016224,23,001,000,\r\n20,00000003,25208017643,,,,\r\n90,00000004,,6,,,C006\r\n\
        30,00000000,25208017643,,,,\r\n";
    let layout = written::layout();
    let (data, meta) = tabled(&layout, Encoding::Ucs2Be, &written::written(Encoding::Ucs2Be), 333);
    let want = format!("{names}10,00000002,24846016224,2,佐\u{E000},佐〓,\r\n{rest}");
    assert_eq!(String::from_utf8(data.clone()).unwrap(), want);
    let hash = hash(&data);
    let want = format!(
        "field,value\r\nfile_kind,RCR\r\nformat_version,01\r\nsender,050008\r\nreceiver,052019\r\nserial,00000007\r\n\
         created_at,20200914000000000\r\nenvironment,P\r\ntext_encoding,2\r\nreply_to_sha256,\r\n\
         base_at,20200914080000000\r\ngeneration,0000000012\r\nrecord_count,00000005\r\ndata_sha256,{hash}\r\n\
         match,00000003\r\ndiff,00000001\r\nonly_in_extract,00000001\r\nonly_in_master,00000001\r\n\
         removed_in_master,00000000\r\nother_municipality,00000000\r\ncode_retired,00000000\r\n\
         person_mismatch,00000000\r\nduplicate_in_extract,00000000\r\ninvalid,00000001\r\n"
    );
    assert_eq!(meta, want);
    // In CP932 the own cell comes back byte for byte.
    let (data, _) = tabled(&layout, Encoding::Cp932, &written::written(Encoding::Cp932), 4096);
    let name = b"10,00000002,24846016224,2,\x8D\xB2\xF0\x40,\x8D\xB2\x81\xAC,\r\n";
    assert_eq!(data, [names.as_bytes(), name, rest.as_bytes()].concat());
}

#[test]
fn a_res_as_csv_quotes_what_a_sender_wrote() {
    let layout = Layout::builtin(FileKind::Res).unwrap();
    let head = OwnHead {
        own: PartyId::parse("050008").unwrap(),
        receiver: PartyId::parse(AKITA).unwrap(),
        serial: 1,
        business_date: day("20200914"),
        environment: b'P',
        encoding: Encoding::Ucs2Be,
        reply_to: None,
    };
    let echo = Echo {
        jumin_code: ShortText::new("2\"4,7").unwrap(),
        ..Echo::default()
    };
    let mut writer = ResWriter::new(&layout, &head).unwrap();
    let line = ResLine {
        record_no: 1,
        echo: &echo,
        outcome: sekisho::domain::outcome::Outcome::Rejected,
        code: Some(Code::F006),
        item: Some(1),
        place: None,
        generation: None,
    };
    writer.line(&line, "数字だけ").unwrap();
    let fixed = writer.finish().unwrap();
    let (data, meta) = tabled(&layout, Encoding::Ucs2Be, &fixed, 1);
    let want = "record_no,jumin_code,change_reason,update_seq,timestamp,outcome,code,item_no,byte_offset,byte_length,\
        generation,message\r\n00000001,\"2\"\"4,7\",,,,R,F006,1,,,,数字だけ\r\n";
    assert_eq!(String::from_utf8(data.clone()).unwrap(), want);
    // And it is read again as a RES is, sums included.
    let layouts = Layouts::builtin().unwrap();
    let meta = Meta::read(meta.as_bytes(), &layouts).unwrap();
    let records = TableRecords::new(data.as_slice(), &layout, Encoding::Ucs2Be).unwrap();
    let facts = records.facts(&layout).unwrap();
    assert_eq!(
        meta.prove(&layouts, &facts, HashRule::Required).unwrap().sums,
        [0, 0, 1, 0]
    );
}

#[test]
fn what_is_no_fixed_file_is_not_written() {
    let layout = written::layout();
    let fixed = written::written(Encoding::Cp932);
    for (from, to) in [(1000, fixed.len()), (0, 1500), (0, 6000)] {
        let mut writer = TableWriter::new(&layout, Encoding::Cp932).unwrap();
        assert!(writer.update(&fixed[from..to]).is_ok());
        assert!(
            matches!(writer.finish(), Err(TableFault::NotFixed { .. })),
            "{from}..{to}"
        );
    }
    let mut writer = TableWriter::new(&layout, Encoding::Cp932).unwrap();
    let twice = [&fixed[..1000], &fixed[..1000]].concat();
    assert!(matches!(writer.update(&twice), Err(TableFault::NotFixed { record: 2 })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn there_and_back(rows in prop::collection::vec(row(), 0..4), is_cp932 in any::<bool>(), piece in 1usize..3000) {
        let encoding = if is_cp932 { Encoding::Cp932 } else { Encoding::Ucs2Be };
        let layout = ext();
        let head = FileHead {
            sender: PartyId::parse(AKITA).unwrap(),
            receiver: PartyId::parse("050008").unwrap(),
            serial: 1,
            created_at: at("1000"),
            environment: b'P',
            encoding,
            reply_to: None,
            line_end: LineEnd::None,
        };
        let fields = [("base_at", "20200914080000000"), ("scope", "F")];
        let mut writer = NoticeWriter::new(&layout, &head, &fields, GaijiTable::none()).unwrap();
        for row in &rows {
            writer.put(row, OldNumbers::default()).unwrap();
        }
        let fixed = writer.finish().unwrap();
        let (data, meta) = tabled(&layout, encoding, &fixed, piece);
        let mut records = TableRecords::new(data.as_slice(), &layout, encoding).unwrap();
        for record in fixed.chunks(1400).skip(1).take(rows.len()) {
            prop_assert_eq!(records.next_record().unwrap().unwrap().bytes, record);
        }
        prop_assert!(records.next_record().unwrap().is_none());
        let layouts = Layouts::builtin().unwrap();
        let records = TableRecords::new(data.as_slice(), &layout, encoding).unwrap();
        let meta = Meta::read(meta.as_bytes(), &layouts).unwrap();
        let table = meta.prove(&layouts, &records.facts(&layout).unwrap(), HashRule::Required).unwrap();
        prop_assert_eq!(usize::try_from(table.data_count).unwrap(), rows.len());
    }

    #[test]
    fn no_bytes_make_the_reader_fail(bytes in prop::collection::vec(any::<u8>(), 0..400), after_names in any::<bool>()) {
        let names = format!("{NAMES}\r\n");
        let data = if after_names { [names.as_bytes(), &bytes].concat() } else { bytes.clone() };
        for encoding in [Encoding::Cp932, Encoding::Ucs2Be] {
            drop(decoded(&data, encoding));
        }
        drop(Meta::read(&bytes, &Layouts::builtin().unwrap()));
    }
}
