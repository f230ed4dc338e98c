//! Properties: no bytes make the reader fail, nothing changed on the way is taken, what is written is read back.

use proptest::prelude::*;
use sekisho::domain::item::{Item, Kind};
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::domain::row::Row;
use sekisho::format::exchange::{FileHead, HashRule, LineEnd, NoticeWriter, OldNumbers, ParsedFile};
use sekisho::format::layout::{Layout, Layouts};
use sekisho::pipeline::decode::Decoder;
use sekisho::text::gaiji::GaijiTable;

use super::hand::Hand;
use super::setting::{Setting, day, id};

/// Wide text without blanks at its ends, of characters that both encodings have.
fn wide(limit: usize) -> impl Strategy<Value = String> {
    let letter = prop::sample::select(
        "秋田県能代市高橋さとうァヴー〓《》ＡＢ１２\u{E000}\u{E757}"
            .chars()
            .collect::<Vec<_>>(),
    );
    prop::collection::vec(letter, 0..=limit).prop_map(|letters| letters.into_iter().collect())
}

/// A value for an item: any text that its field can hold.
fn value(item: Item) -> BoxedStrategy<String> {
    let layout = Layout::builtin(FileKind::Upd).unwrap();
    let length = layout.item_slot(item).unwrap().length as usize;
    match item.row().kind {
        Kind::Wide => wide(length / 2).boxed(),
        Kind::Digits => prop_oneof![Just(String::new()), digits(length)].boxed(),
        Kind::Ascii if item.row().digits => prop_oneof![Just(String::new()), digits(length)].boxed(),
        Kind::Ascii => prop_oneof![
            Just(String::new()),
            prop::collection::vec(0x21..=0x7Eu8, 1..=length).prop_map(|bytes| String::from_utf8(bytes).unwrap())
        ]
        .boxed(),
    }
}

fn digits(length: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(b'0'..=b'9', length).prop_map(|bytes| String::from_utf8(bytes).unwrap())
}

pub(crate) fn row() -> impl Strategy<Value = Row> {
    let values: Vec<BoxedStrategy<String>> = Item::ALL.into_iter().map(value).collect();
    values.prop_map(|values| {
        let mut row = Row::blank(id("052019"));
        for (item, value) in Item::ALL.into_iter().zip(values) {
            assert!(row.set(item, &value));
        }
        row
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_written_are_rows_read(
        rows in prop::collection::vec(row(), 0..4),
        ucs2 in any::<bool>(),
        line_end in prop::sample::select(vec![LineEnd::None, LineEnd::CrLf, LineEnd::Lf]),
    ) {
        let layouts = Layouts::builtin().unwrap();
        let layout = layouts.get(FileKind::Upd);
        let encoding = if ucs2 { Encoding::Ucs2Be } else { Encoding::Cp932 };
        let head = FileHead {
            sender: id("052019"),
            receiver: id("050008"),
            serial: 1,
            created_at: day("20200914").midnight(),
            environment: b'P',
            encoding,
            reply_to: None,
            line_end,
        };
        let mut writer = NoticeWriter::new(layout, &head, &[], GaijiTable::none()).unwrap();
        for row in &rows {
            writer.put(row, OldNumbers::default()).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let file = ParsedFile::parse(&bytes, &layouts, HashRule::Required).unwrap();
        prop_assert_eq!(file.frame.line_end(), line_end);
        let gaiji = GaijiTable::none();
        let mut decoder = Decoder::new(layout, encoding, &gaiji, head.sender);
        let mut read = 0;
        for ((record_no, offset, record), row) in file.frame.data(&bytes).zip(&rows) {
            let decoded = decoder.decode(record, record_no, offset);
            prop_assert_eq!(&decoded.findings, &[]);
            for item in Item::ALL {
                prop_assert_eq!(decoded.row.get(item), row.get(item));
            }
            read += 1;
        }
        prop_assert_eq!(read, rows.len());
    }

    #[test]
    fn no_change_of_the_data_goes_unseen(at in 1400..4200usize, to in any::<u8>(), line_end in 0..3usize) {
        let line_end = [&b""[..], b"\r\n", b"\n"][line_end];
        let mut bytes = Hand::upd().lines(line_end, b"").bytes();
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        let verdict = Setting::default().verdict(&bytes);
        prop_assert!(verdict.starts_with("rejected F00"), "{}", verdict);
    }

    #[test]
    fn any_bytes_get_a_verdict(
        mut bytes in prop::collection::vec(any::<u8>(), 0..3000),
        prefix in 0..4usize,
        cut in 0..8000usize,
    ) {
        let setting = Setting::default();
        let hand = Hand::upd().bytes();
        let kept = hand.len().min(cut);
        bytes.splice(0..0, [&b""[..], b"1", b"1UPD", &hand[..kept]][prefix].iter().copied());
        let verdict = setting.verdict(&bytes);
        prop_assert!(verdict.starts_with("held") || verdict.starts_with("rejected"), "{}", verdict);
    }

    #[test]
    fn any_record_is_decoded(record in prop::collection::vec(any::<u8>(), 1400), ucs2 in any::<bool>()) {
        let layout = Layout::builtin(FileKind::Upd).unwrap();
        let encoding = if ucs2 { Encoding::Ucs2Be } else { Encoding::Cp932 };
        let gaiji = GaijiTable::none();
        let decoded = Decoder::new(&layout, encoding, &gaiji, id("052019")).decode(&record, 1, 1400);
        // One finding a field at most, each in a field.
        let mut places: Vec<_> = decoded.findings.iter().map(|finding| finding.place.unwrap()).collect();
        places.sort();
        places.dedup();
        prop_assert_eq!(places.len(), decoded.findings.len());
    }

    #[test]
    fn any_text_gets_faults_with_places(text in "\\PC{0,200}") {
        for fault in Layout::lint(&text, "x") {
            prop_assert!(fault.line >= 1 && fault.column >= 1);
        }
        prop_assert!(Layout::parse(&text, "x").is_err());
    }
}
