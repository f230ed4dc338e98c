//! RES and NTF byte by byte, and read back; notices written as a municipality writes them.

use sekisho::domain::code::Code;
use sekisho::domain::finding::{Finding, Place};
use sekisho::domain::ids::{JuminCode, MyNumber};
use sekisho::domain::instant::Instant;
use sekisho::domain::item::Item;
use sekisho::domain::notice::Source;
use sekisho::domain::outcome::{Outcome, RecordSums};
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::domain::reason::Reason;
use sekisho::domain::row::Row;
use sekisho::format::exchange::{
    ExchangeWriter, FileHead, HashRule, KindFields, LineEnd, NoticeWriter, OldNumbers, ParsedFile, WriteFault,
};
use sekisho::format::layout::{Layout, Layouts};
use sekisho::pipeline::apply::{Answer, Answered, NtfRecord};
use sekisho::pipeline::decode::{Decoder, Echo, ShortText};
use sekisho::pipeline::emit::{NtfLine, NtfWriter, OwnHead, ResLine, ResWriter, rejected_answer, result_file};
use sekisho::text::gaiji::GaijiTable;
use sekisho::text::mark::CellMark;

use super::hand::{Hand, record};
use super::setting::{day, id};

fn head(receiver: &str, encoding: Encoding) -> OwnHead {
    OwnHead {
        own: id("050008"),
        receiver: id(receiver),
        serial: 42,
        business_date: day("20200914"),
        environment: b'P',
        encoding,
        reply_to: Some([0xAB; 32]),
    }
}

fn res_layout() -> Layout {
    Layout::builtin(FileKind::Res).unwrap()
}

/// The records of a file without line ends.
fn records(bytes: &[u8], length: usize) -> Vec<&[u8]> {
    assert_eq!(bytes.len() % length, 0);
    bytes.chunks(length).collect()
}

fn parsed(bytes: &[u8]) -> ParsedFile {
    ParsedFile::parse(bytes, &Layouts::builtin().unwrap(), HashRule::Required).unwrap()
}

fn finding(code: Code, item: Option<u8>, place: Option<Place>) -> Finding {
    Finding { code, item, place }
}

fn answer() -> Answer {
    let echo = |code: &str| Echo {
        jumin_code: ShortText::new(code).unwrap(),
        change_reason: ShortText::new("31").unwrap(),
        update_seq: ShortText::new("000001").unwrap(),
        timestamp: ShortText::new("20200914093000123").unwrap(),
    };
    let answered = |record_no, outcome, findings| Answered {
        record_no,
        echo: echo("24727059608"),
        outcome,
        findings,
    };
    let place = Place {
        byte_offset: 3229,
        byte_length: 400,
    };
    Answer {
        records: vec![
            answered(1, Outcome::Applied, vec![]),
            answered(
                2,
                Outcome::Warned,
                vec![finding(Code::W201, Some(5), None), finding(Code::W201, Some(6), None)],
            ),
            answered(3, Outcome::Rejected, vec![finding(Code::F003, Some(7), Some(place))]),
            answered(4, Outcome::Duplicate, vec![]),
        ],
        sums: RecordSums::default(),
    }
}

#[test]
fn a_res_byte_by_byte() {
    let layout = res_layout();
    let bytes = result_file(&layout, &head("052019", Encoding::Cp932), &answer(), Some(7)).unwrap();
    let records_of_file = records(&bytes, 256);
    assert_eq!(records_of_file.len(), 8);
    let header = record(
        256,
        &[
            (0, b"1RES01050008  052019  0000004220200914000000000P1"),
            (49, "ab".repeat(32).as_bytes()),
        ],
    );
    assert_eq!(records_of_file[0], header);
    let echo = b"24727059608310000012020091409300012";
    let line = |parts: &[(usize, &[u8])]| {
        let mut line = record(256, &[(79, &[0x81, 0x40].repeat(80)), (9, echo), (44, b"3")]);
        for (offset, part) in parts {
            line[*offset..offset + part.len()].copy_from_slice(part);
        }
        line
    };
    assert_eq!(records_of_file[1], line(&[(0, b"200000001"), (45, b"A"), (69, b"7")]));
    assert_eq!(records_of_file[5], line(&[(0, b"200000004"), (45, b"D")]));
    // Two warnings of one notice; the message is compared apart from the rest.
    let without_message = |index: usize| {
        let mut line = records_of_file[index].to_vec();
        line[79..239].copy_from_slice(&[0x81, 0x40].repeat(80));
        line
    };
    assert_eq!(
        without_message(2),
        line(&[(0, b"200000002"), (45, b"WW201"), (51, b"5"), (69, b"7")])
    );
    assert_eq!(
        without_message(3),
        line(&[(0, b"200000002"), (45, b"WW201"), (51, b"6"), (69, b"7")])
    );
    assert_eq!(
        without_message(4),
        line(&[
            (0, b"200000003"),
            (45, b"RF003"),
            (51, b"7"),
            (53, b"3229"),
            (65, b"400")
        ])
    );
    assert_ne!(records_of_file[4][79..81], [0x81, 0x40]);
    assert_eq!(&records_of_file[6][..9], b"800000005");
    assert_eq!(&records_of_file[6][73..105], b"00000001000000010000000100000001");
    assert_eq!(records_of_file[7], record(256, &[(0, b"9")]));
    // Count, hash and sums hold, and so says the reader.
    let file = parsed(&bytes);
    assert_eq!(file.sums, [1, 1, 1, 1]);
    assert_eq!(file.header.reply_to, Some([0xAB; 32]));
    assert_eq!(file.header.fields, KindFields::None);
    // The same again gives the same bytes.
    let again = result_file(&layout, &head("052019", Encoding::Cp932), &answer(), Some(7)).unwrap();
    assert_eq!(again, bytes);
}

#[test]
fn the_answer_to_a_rejected_file_is_one_record_with_number_0() {
    let layout = res_layout();
    let bytes = rejected_answer(&layout, &head("052019", Encoding::Ucs2Be), Code::F002).unwrap();
    let lines = records(&bytes, 256);
    assert_eq!(lines.len(), 4);
    assert_eq!(&lines[0][48..49], b"2");
    let mut line = lines[1].to_vec();
    assert_ne!(line[79..81], [0x30, 0x00]);
    line[79..239].fill(b' ');
    assert_eq!(line, record(256, &[(0, b"200000000"), (45, b"RF002")]));
    assert_eq!(&lines[2][..9], b"800000001");
    assert_eq!(&lines[2][73..105], &[b'0'; 32]);
    assert_eq!(parsed(&bytes).sums, [0; 4]);
}

#[test]
fn a_message_is_wide_and_cut_by_whole_characters() {
    let layout = res_layout();
    for (encoding, wide_a, last) in [
        (Encoding::Cp932, [0x82, 0x60], [0x94, 0x5C]),
        (Encoding::Ucs2Be, [0xFF, 0x21], [0x80, 0xFD]),
    ] {
        let mut writer = ResWriter::new(&layout, &head("052019", encoding)).unwrap();
        let line = ResLine {
            record_no: 1,
            echo: &Echo::default(),
            outcome: Outcome::Rejected,
            code: Some(Code::L101),
            item: None,
            place: None,
            generation: None,
        };
        writer.line(&line, &format!("A{}", "能".repeat(100))).unwrap();
        let bytes = writer.finish().unwrap();
        let message = &bytes[256 + 79..256 + 239];
        assert_eq!(message[..2], wide_a);
        assert_eq!(message[158..], last);
    }
}

#[test]
fn a_long_file_can_be_taken_in_parts() {
    let layout = res_layout();
    let own = head("052019", Encoding::Cp932);
    let whole = result_file(&layout, &own, &answer(), None).unwrap();
    let mut writer = ResWriter::new(&layout, &own).unwrap();
    let mut parts = Vec::new();
    for answered in &answer().records {
        writer.answered(answered, None).unwrap();
        parts.extend(writer.take());
    }
    assert_eq!(writer.counts(), [1, 1, 1, 1]);
    parts.extend(writer.finish().unwrap());
    assert_eq!(parts, whole);
}

fn ntf_record() -> NtfRecord {
    NtfRecord {
        code: JuminCode::parse("24727059608").unwrap(),
        version: 0,
        reason: Reason::parse("90").unwrap(),
        timestamp: Instant::parse("20200914100000000").unwrap(),
        update_seq: 9,
        confirmed_on: Some("20200913".to_owned()),
        old_my_number: MyNumber::parse("379474484458").ok(),
        old_jumin_code: None,
        source: Source {
            sender: id("052019"),
            serial: 3,
            record_no: 17,
        },
    }
}

/// A row of `origin` with two own cells in the name, one that a table turned into 髙 and one that nobody knows.
fn row(origin: &str) -> Row {
    let mut row = Row::blank(id(origin));
    for (item, text) in [
        (Item::JuminCode, "24727059608"),
        (Item::KanjiName, "髙\u{E001}〓"),
        (Item::NameGaijiCount, "001"),
        (Item::KanaName, "たか"),
        (Item::BirthDate, "419800101"),
        (Item::Sex, "1"),
        (Item::Address, "秋田県"),
        (Item::AddressGaijiCount, ""),
        (Item::MyNumber, "379474484458"),
        (Item::ChangeReason, "21"),
        (Item::ChangeDate, "20200901"),
        (Item::RetentionFlag, "2"),
        (Item::MunicipalityCode, "052019"),
        (Item::AzaCode, "000000"),
        (Item::Timestamp, "20200901100000000"),
        (Item::GaijiFlag, "1"),
        (Item::DeletedFlag, "1"),
        (Item::UpdateSeq, "000001"),
        (Item::NameGaijiSeq, "002"),
    ] {
        assert!(row.set(item, text));
    }
    let mark = |at, cell| CellMark { at, chars: 1, cell };
    row.add_cells(Item::KanjiName, &[mark(0, 0xF040), mark(1, 0xF041)]);
    row
}

fn ntf(row: &Row, receiver: &str, encoding: Encoding) -> Vec<u8> {
    let layout = Layout::builtin(FileKind::Ntf).unwrap();
    let mut own = head(receiver, encoding);
    own.reply_to = None;
    let mut writer = NtfWriter::new(&layout, &own, GaijiTable::none()).unwrap();
    let line = NtfLine {
        record: &ntf_record(),
        row,
        generation: 12,
    };
    writer.line(&line).unwrap();
    writer.finish().unwrap()
}

#[test]
fn an_ntf_byte_by_byte() {
    let bytes = ntf(&row("052019"), "N0000001", Encoding::Ucs2Be);
    let lines = records(&bytes, 1200);
    assert_eq!(lines.len(), 4);
    let header = record(1200, &[(0, b"1NTF01050008  N00000010000004220200914000000000P2")]);
    assert_eq!(lines[0], header);
    let blanks = |length: usize| [0x30, 0x00].repeat(length / 2);
    let want = record(
        1200,
        &[
            (0, b"224727059608"),
            (12, &blanks(200)),
            // 髙 as the table gave it, the unknown cell of 052019 as 〓, the 〓 as it was.
            (12, b"\x9A\xD9\x30\x13\x30\x13"),
            // Two 〓 now, whatever item 3 of the master says.
            (212, b"002"),
            (215, &blanks(200)),
            (215, b"\x30\x5F\x30\x4B"),
            (415, b"4198001011"),
            (425, &blanks(400)),
            (425, b"\x79\xCB\x75\x30\x77\x0C"),
            (825, b"000"),
            (828, b"379474484458"),
            // 10, 11, 18 and 22 are those of the notice.
            (840, b"9020200913"),
            (850, b"052019000000"),
            (862, b"20200914100000000"),
            (879, b"1"),
            (880, b"000009"),
            (886, b"002"),
            (892, &blanks(100)),
            (992, b"000"),
            (995, &blanks(100)),
            (1098, b"379474484458"),
            (1121, b"052019  "),
            (1129, b"00000003"),
            (1137, b"00000017"),
            (1145, b"0000000012"),
        ],
    );
    assert_eq!(lines[1], want);
    assert_eq!(parsed(&bytes).frame.data_count(), 1);
}

#[test]
fn cells_go_back_to_their_own_party_only() {
    let own = ntf(&row("N0000001"), "N0000001", Encoding::Cp932);
    assert_eq!(own[1200 + 12..1200 + 18], *b"\xF0\x40\xF0\x41\x81\xAC");
    assert_eq!(&own[1200 + 212..1200 + 215], b"001");
    let other = ntf(&row("052019"), "N0000001", Encoding::Cp932);
    // 髙 is FBFC in CP932.
    assert_eq!(other[1200 + 12..1200 + 18], *b"\xFB\xFC\x81\xAC\x81\xAC");
    let mut plain = row("052019");
    plain.set(Item::KanjiName, "佐藤");
    let plain = ntf(&plain, "N0000001", Encoding::Cp932);
    // Without any 〓 the counts and the flag are zero, whatever the master says.
    assert_eq!(&plain[1200 + 212..1200 + 215], b"000");
    assert_eq!(&plain[1200 + 879..1200 + 880], b"0");
}

#[test]
fn notices_are_written_as_they_are_read() {
    // The hand-made fixture, decoded and written again, is the same file in every form.
    let layouts = Layouts::builtin().unwrap();
    let layout = layouts.get(FileKind::Upd);
    let table = GaijiTable::parse_csv("cell,text,note\nF040,髙,\nF041,〓,\n".as_bytes()).unwrap();
    for line_end in [LineEnd::None, LineEnd::CrLf, LineEnd::Lf] {
        let mut hand = Hand::upd().lines(line_end.bytes(), b"");
        // Own cells and a NEC/IBM duplicate (EEE0 beside FBFC) keep their bytes.
        hand.data[0][12..20].copy_from_slice(b"\xF0\x40\xF0\x41\xEE\xE0\x81\xAC");
        hand.data[0][1332..1355].copy_from_slice(b"37947448445824727059608");
        let hand = hand.sealed().bytes();
        let file = ParsedFile::parse(&hand, &layouts, HashRule::Required).unwrap();
        let head = FileHead {
            sender: file.header.sender,
            receiver: file.header.receiver,
            serial: file.header.serial,
            created_at: file.header.created_at,
            environment: b'P',
            encoding: Encoding::Cp932,
            reply_to: None,
            line_end,
        };
        let mut decoder = Decoder::new(layout, Encoding::Cp932, &table, head.sender);
        let mut writer = NoticeWriter::new(layout, &head, &[], table.clone()).unwrap();
        for (record_no, offset, record) in file.frame.data(&hand) {
            let decoded = decoder.decode(record, record_no, offset);
            assert!(decoded.findings.is_empty());
            let old = OldNumbers {
                my_number: &decoded.old_my_number,
                jumin_code: &decoded.old_jumin_code,
            };
            writer.put(&decoded.row, old).unwrap();
        }
        assert_eq!(writer.finish().unwrap(), hand);
    }
}

#[test]
fn values_that_do_not_fit_are_refused_by_place() {
    let layout = Layout::builtin(FileKind::Inq).unwrap();
    let head = FileHead {
        sender: id("D0000001"),
        receiver: id("050008"),
        serial: 1,
        created_at: day("20200914").midnight(),
        environment: b'P',
        encoding: Encoding::Cp932,
        reply_to: None,
        line_end: LineEnd::None,
    };
    let fields = [
        ("purpose_id", "T5-0402"),
        ("application_no", "A"),
        ("requested_items", "0100000000000000000000000000"),
    ];
    let mut writer = ExchangeWriter::new(&layout, &head, &fields).unwrap();
    let (number, key) = (writer.slot("line_no").unwrap(), writer.slot("requester_key").unwrap());
    let name = writer.slot("kanji_name").unwrap();
    writer.begin();
    let at = |slot: sekisho::format::layout::Slot| (0, slot.offset);
    let too_long = |(record_no, offset)| Err(WriteFault::TooLong { record_no, offset });
    let wrong = |(record_no, offset)| Err(WriteFault::WrongType { record_no, offset });
    assert_eq!(writer.number(number, 100_000_000), too_long(at(number)));
    assert_eq!(writer.digits(number, "1x"), wrong(at(number)));
    assert_eq!(writer.ascii(key, &"k".repeat(21)), too_long(at(key)));
    assert_eq!(writer.ascii(key, "鍵"), wrong(at(key)));
    assert_eq!(writer.ascii(name, "name"), wrong(at(name)));
    assert!(writer.wide(key, "鍵", &[], true, &GaijiTable::none()).is_err());
    assert_eq!(
        writer.slot("no_such").err(),
        Some(WriteFault::NoField { name: "no_such" })
    );
    assert_eq!(
        ExchangeWriter::new(&layout, &head, &[("purpose_id", "T5-0402-and-much-more")]).err(),
        Some(WriteFault::TooLong {
            record_no: 0,
            offset: 113
        })
    );
    writer.number(number, 1).unwrap();
    writer.end().unwrap();
    let bytes = writer.finish(&[]).unwrap();
    let file = parsed(&bytes);
    let KindFields::Inquiry {
        purpose_id, requested, ..
    } = file.header.fields
    else {
        panic!("not an inquiry")
    };
    assert_eq!(purpose_id, "T5-0402");
    assert!(requested.contains(Item::KanjiName) && !requested.contains(Item::Address));
}
