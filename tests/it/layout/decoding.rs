//! Records to text: every F code in every type, with its place; what is kept, what is echoed.

use sekisho::domain::ids::PartyId;
use sekisho::domain::item::Item;
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::format::layout::{Layout, RecordType};
use sekisho::pipeline::decode::{DecodedRecord, Decoder, FieldRef, decode_named};
use sekisho::text::gaiji::GaijiTable;
use sekisho::text::mark::CellMark;

use super::hand::{Hand, notice};

fn decode_with(record: &[u8], encoding: Encoding, gaiji: &GaijiTable) -> DecodedRecord {
    let layout = Layout::builtin(FileKind::Upd).unwrap();
    let sender = PartyId::parse("052019").unwrap();
    // As the second record of a file with CR LF.
    Decoder::new(&layout, encoding, gaiji, sender).decode(record, 2, 2804)
}

fn decode(record: &[u8]) -> DecodedRecord {
    decode_with(record, Encoding::Cp932, &GaijiTable::none())
}

/// The findings after a change of the sound notice: code, item (0 without one), offset in the file, length.
fn findings(offset: usize, bytes: &[u8]) -> Vec<(&'static str, u8, u64, u32)> {
    let mut record = notice();
    record[offset..offset + bytes.len()].copy_from_slice(bytes);
    decode(&record)
        .findings
        .iter()
        .map(|finding| {
            let place = finding.place.unwrap();
            let item = finding.item.unwrap_or(0);
            (finding.code.as_str(), item, place.byte_offset, place.byte_length)
        })
        .collect()
}

#[test]
fn a_sound_notice_is_text_without_padding() {
    let decoded = decode(&notice());
    assert!(decoded.findings.is_empty());
    let want = [
        (Item::JuminCode, "24727059608"),
        (Item::KanjiName, "佐藤　花"),
        (Item::NameGaijiCount, "000"),
        (Item::KanaName, "さとう　はな"),
        (Item::BirthDate, "520200914"),
        (Item::Sex, "2"),
        (Item::Address, "秋田県能代市"),
        (Item::MyNumber, ""),
        (Item::ChangeReason, "13"),
        (Item::ChangeDate, "20200914"),
        (Item::RetentionFlag, ""),
        (Item::SeionKanaName, ""),
        (Item::MunicipalityCode, "052019"),
        (Item::AzaCode, "000000"),
        (Item::OperatorId, "OP0001"),
        (Item::TerminalId, "TERM01"),
        (Item::Timestamp, "20200914093000123"),
        (Item::ReceivedDate, "00000000"),
        (Item::GaijiFlag, "0"),
        (Item::DeletedFlag, ""),
        (Item::UpdateSeq, "000001"),
        (Item::FormerSurnameKanji, ""),
        (Item::FormerSurnameGaijiSeq, "000"),
    ];
    for (item, text) in want {
        assert_eq!(decoded.row.get(item), text, "{item:?}");
    }
    assert_eq!((decoded.record_no, decoded.offset), (2, 2804));
    assert_eq!(
        (decoded.old_my_number.as_str(), decoded.old_jumin_code.as_str()),
        ("", "")
    );
    assert_eq!(decoded.row.origin(), PartyId::parse("052019").unwrap());
    assert_eq!(&*decoded.echo.jumin_code, "24727059608");
    assert_eq!(&*decoded.echo.change_reason, "13");
    assert_eq!(&*decoded.echo.update_seq, "000001");
    assert_eq!(&*decoded.echo.timestamp, "20200914093000123");
}

#[test]
fn f003_with_its_place() {
    // S21: the address is cut inside 能 (94 5C) by the end of its field; one half-width digit had moved it there.
    let cut = [b"1", b"\x8F\x48".repeat(199).as_slice(), b"\x94"].concat();
    assert_eq!(findings(425, &cut), [("F003", 7, 3229, 400)]);
    assert_eq!(findings(12, b"\xFF\x40"), [("F003", 2, 2816, 200)]);
    assert_eq!(findings(215, b"\x80\x40"), [("F003", 4, 3019, 200)]);
    assert_eq!(findings(1126, b"\x88\x40"), [("F003", 25, 3930, 100)]);
    assert_eq!(findings(1229, b"\xA0\xA0"), [("F003", 27, 4033, 100)]);
    assert_eq!(findings(851, b"\xFD\x40"), [("F003", 13, 3655, 200)]);
    // Before F004 in the same field.
    assert_eq!(findings(12, b"A\xFD"), [("F003", 2, 2816, 200)]);
}

#[test]
fn f004_with_its_place() {
    assert_eq!(findings(12, b"AB"), [("F004", 2, 2816, 200)]);
    assert_eq!(findings(12, b"\x81\x40"), [("F004", 2, 2816, 200)]);
    assert_eq!(findings(625, b"  "), [("F004", 7, 3229, 400)]);
    assert_eq!(findings(1063, b" P0001"), [("F004", 16, 3867, 12)]);
    assert_eq!(findings(1075, b"\x83\x5E"), [("F004", 17, 3879, 12)]);
    assert_eq!(findings(424, b"\x7F"), [("F004", 6, 3228, 1)]);
    assert_eq!(findings(1114, b"    01"), [("F004", 22, 3918, 6)]);
    assert_eq!(findings(1087, b"20200914         "), [("F004", 18, 3891, 17)]);
    assert_eq!(findings(1104, b"\x1F"), [("F004", 19, 3908, 8)]);
    // Before F006 in the same field: a blank before digits in a code.
    assert_eq!(findings(1, b" 472705960A"), [("F004", 1, 2805, 11)]);
    assert_eq!(findings(828, b"\xFF"), [("F004", 9, 3632, 12)]);
}

#[test]
fn f006_with_its_place() {
    assert_eq!(findings(1, b"2472705960A"), [("F006", 1, 2805, 11)]);
    assert_eq!(findings(1, b"2472705960 "), [("F006", 1, 2805, 11)]);
    assert_eq!(findings(828, b"37947448445 "), [("F006", 9, 3632, 12)]);
    assert_eq!(findings(1051, b"05201X"), [("F006", 14, 3855, 6)]);
    assert_eq!(findings(1057, b"00000-"), [("F006", 15, 3861, 6)]);
    assert_eq!(findings(212, b"0.0"), [("F006", 3, 3016, 3)]);
    assert_eq!(findings(1087, b"2020091409300012X"), [("F006", 18, 3891, 17)]);
    // Item 22 as an X field would take it.
    assert_eq!(findings(1114, b"ABCDEF"), [("F006", 22, 3918, 6)]);
}

#[test]
fn old_numbers_are_tested_whatever_the_reason_and_have_no_item_number() {
    assert_eq!(findings(1332, b"37947448445X"), [("F006", 0, 4136, 12)]);
    assert_eq!(findings(1344, b" 4727059608"), [("F004", 0, 4148, 11)]);
    let mut record = notice();
    record[1332..1344].copy_from_slice(b"379474484458");
    record[1344..1355].copy_from_slice(b"24727059608");
    let decoded = decode(&record);
    assert_eq!(decoded.old_my_number, "379474484458");
    assert_eq!(decoded.old_jumin_code, "24727059608");
    record[1332] = b'x';
    let decoded = decode(&record);
    assert_eq!(decoded.old_my_number, "");
    assert!(decoded.faulty.contains(FieldRef::OldMyNumber));
    assert!(!decoded.faulty.contains(FieldRef::OldJuminCode));
}

#[test]
fn a_field_with_a_finding_is_blank_and_marked_and_the_others_stay() {
    let mut record = notice();
    record[12] = 0xFF;
    record[212] = b'x';
    record[1] = b'x';
    record[1355] = 0xFF; // filler
    let decoded = decode(&record);
    // As in a RES: by code, then by item.
    let found: Vec<_> = decoded
        .findings
        .iter()
        .map(|finding| (finding.code.as_str(), finding.item))
        .collect();
    assert_eq!(found, [("F003", Some(2)), ("F006", Some(1)), ("F006", Some(3))]);
    for item in [Item::JuminCode, Item::KanjiName, Item::NameGaijiCount] {
        assert!(decoded.row.is_blank(item));
        assert!(decoded.faulty.contains(FieldRef::Item(item)));
    }
    assert!(!decoded.faulty.contains(FieldRef::Item(Item::KanaName)));
    assert_eq!(decoded.row.get(Item::KanaName), "さとう　はな");
    // Echoed as received, since it is printable.
    assert_eq!(&*decoded.echo.jumin_code, "x4727059608");
}

#[test]
fn only_printable_ascii_is_echoed() {
    let mut record = notice();
    record[840] = 0x82;
    record[1087..1104].copy_from_slice(b" 20200914 09:30  ");
    record[1114..1120].fill(b' ');
    let echo = decode(&record).echo;
    assert_eq!(&*echo.change_reason, "");
    assert_eq!(&*echo.timestamp, " 20200914 09:30");
    assert_eq!(&*echo.update_seq, "");
}

#[test]
fn cells_and_placeholders_are_kept_by_item() {
    let table = GaijiTable::parse_csv("cell,text,note\nF040,髙,\nF041,〓,\n".as_bytes()).unwrap();
    let mut record = notice();
    // Name: cell F040 (高 with a ladder by the table), cell F041 (〓 by the table), 81 AC (〓 as sent).
    record[12..20].copy_from_slice(b"\xF0\x40\xF0\x41\x81\xAC\x81\x40");
    record[425..427].copy_from_slice(b"\x81\xAC");
    record[1126..1128].copy_from_slice(b"\xF0\x42");
    let decoded = decode_with(&record, Encoding::Cp932, &table);
    assert!(decoded.findings.is_empty());
    assert_eq!(decoded.row.get(Item::KanjiName), "髙〓〓");
    let cells: Vec<CellMark> = decoded.row.cells(Item::KanjiName).collect();
    let mark = |at, cell| CellMark { at, chars: 1, cell };
    assert_eq!(cells, [mark(0, 0xF040), mark(1, 0xF041)]);
    assert_eq!(decoded.row.get(Item::FormerSurnameKanji), "\u{E002}");
    assert_eq!(
        decoded.row.cells(Item::FormerSurnameKanji).collect::<Vec<_>>(),
        [mark(0, 0xF042)]
    );
    assert_eq!(decoded.placeholders, [1, 1, 0]);
}

#[test]
fn ucs2be_has_the_same_offsets() {
    let mut record = notice();
    let wide_blanks = [0x30, 0x00];
    for (offset, length) in [(12, 200), (215, 200), (425, 400), (851, 200), (1126, 100), (1229, 100)] {
        record[offset..offset + length].copy_from_slice(&wide_blanks.repeat(length / 2));
    }
    // 《能》 with a pair of surrogates: 30 0A is no line end.
    record[425..435].copy_from_slice(b"\x30\x0A\x80\xFD\x30\x0B\xD8\x40\xDC\x0B");
    record[12..14].copy_from_slice(b"\x4F\x50");
    record[215..217].copy_from_slice(b"\x30\x55");
    let gaiji = GaijiTable::none();
    let decoded = decode_with(&record, Encoding::Ucs2Be, &gaiji);
    assert!(decoded.findings.is_empty());
    assert_eq!(decoded.row.get(Item::Address), "《能》\u{2000B}");
    record[823..825].copy_from_slice(b"\xD8\x40");
    record[12..14].copy_from_slice(b"\x00\x41");
    let found: Vec<_> = decode_with(&record, Encoding::Ucs2Be, &gaiji)
        .findings
        .iter()
        .map(|finding| (finding.code.as_str(), finding.item))
        .collect();
    assert_eq!(found, [("F003", Some(7)), ("F004", Some(2))]);
}

#[test]
fn the_trap_of_the_angle_bracket_in_a_whole_file() {
    // Every wide character of the file is 《 (30 0A), with no line ends, LF and CR LF.
    for line_end in [&b""[..], b"\n", b"\r\n"] {
        let mut file = Hand::upd().header(48, b"2").lines(line_end, b"");
        for record in &mut file.data {
            for (offset, length) in [(12, 200), (215, 200), (425, 400), (851, 200), (1126, 100), (1229, 100)] {
                record[offset..offset + length].copy_from_slice(&b"\x30\x0A".repeat(length / 2));
            }
        }
        let bytes = file.sealed().bytes();
        let frame = sekisho::format::exchange::Frame::detect(&bytes, 1400).unwrap();
        assert_eq!(frame.data_count(), 2);
        assert_eq!(frame.line_end().bytes(), line_end);
        for (_, _, record) in frame.data(&bytes) {
            let decoded = decode_with(record, Encoding::Ucs2Be, &GaijiTable::none());
            assert_eq!(decoded.row.get(Item::Address), "《".repeat(200));
            assert!(decoded.findings.is_empty());
        }
    }
}

#[test]
fn records_of_any_kind_are_read_by_name() {
    let layout = Layout::builtin(FileKind::Res).unwrap();
    let mut record = Hand::res().data[1].clone();
    record[9..20].copy_from_slice(b"2472705960X");
    record[79..83].copy_from_slice(b"\x8A\x4F\x8E\x9A"); // 外字
    let gaiji = GaijiTable::none();
    let named = decode_named(&layout, RecordType::Data, &record, Encoding::Cp932, &gaiji);
    let text = |name: &str| {
        let found = named.iter().find(|field| field.name == name).unwrap();
        found.text.clone().unwrap()
    };
    assert_eq!(text("record_no"), "00000002");
    assert_eq!(text("jumin_code"), "2472705960X");
    assert_eq!((text("outcome"), text("code")), ("W".to_owned(), "W208".to_owned()));
    assert_eq!(text("message"), "外字");
    assert!(
        named
            .iter()
            .all(|field| field.name != "filler" && field.name != "record_type")
    );

    // A type V field is of the type of the item it shows.
    let layout = Layout::builtin(FileKind::Rcr).unwrap();
    let shown = |item: &[u8], value: &[u8]| {
        let mut record = vec![b' '; 1000];
        record[22..22 + item.len()].copy_from_slice(item);
        record[24..24 + value.len()].copy_from_slice(value);
        let named = decode_named(&layout, RecordType::Data, &record, Encoding::Cp932, &gaiji);
        named
            .into_iter()
            .find(|field| field.name == "extract_value")
            .unwrap()
            .text
    };
    assert_eq!(shown(b"5", b"520200914").unwrap(), "520200914");
    assert_eq!(shown(b"7", &b"\x8F\x48".repeat(200)).unwrap(), "秋".repeat(200));
    assert!(shown(b"5", b"\x8F\x48").is_err());
}
