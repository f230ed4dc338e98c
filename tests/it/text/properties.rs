//! Properties of random fields, texts and tables.

use proptest::prelude::*;
use sekisho::text::gaiji::{GaijiTable, cell_at};
use sekisho::text::kana::seion;
use sekisho::text::wide::{WideEncoding, WideFault};
use sekisho::text::width::fit;
use sekisho::text::{cp932, ucs2};

use super::{character_of, decode, pairs, table};

use WideEncoding::{Cp932, Ucs2Be};

/// Texts that a table may give, sequences and characters with codes of their own among them.
const TEXTS: [&str; 7] = ["𠮷", "髙", "辻\u{E0101}", "辻", "〓", "濵", "①"];

fn tables() -> impl Strategy<Value = GaijiTable> {
    // Few cells, so that fields and tables meet.
    proptest::collection::btree_map(0u16..12, 0usize..TEXTS.len(), 0..8).prop_map(|rows| {
        let rows: Vec<(u16, &str)> = rows
            .into_iter()
            .map(|(index, text)| (cell_at(index).unwrap(), TEXTS[text]))
            .collect();
        table(&rows)
    })
}

/// Assigned codes of CP932; every second one from where marks arise.
fn codes() -> impl Strategy<Value = Vec<u8>> {
    let assigned: Vec<u16> = pairs().filter(|code| character_of(*code).is_some()).collect();
    let marked: Vec<u16> = assigned
        .iter()
        .copied()
        .filter(|code| matches!(code, 0x8740..=0x879C | 0xED40..=0xEEFC | 0xF040..=0xF051 | 0xFA40..=0xFC4B))
        .chain([0x81AC, 0x8140])
        .collect();
    let code = prop_oneof![proptest::sample::select(assigned), proptest::sample::select(marked)];
    proptest::collection::vec(code, 0..40).prop_map(|codes| {
        [vec![0x8E52], codes]
            .concat()
            .into_iter()
            .flat_map(u16::to_be_bytes)
            .collect()
    })
}

/// Characters that a UCS-2BE field may hold, and those that meet tables.
fn wide_text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>().prop_filter("wide", |ch| !sekisho::text::wide::is_not_wide(*ch)),
        proptest::char::range('\u{E000}', '\u{E010}'),
        proptest::sample::select(
            "𠮷髙辻〓濵①\u{E0101}\u{E0102}\u{3000}山〜—−"
                .chars()
                .collect::<Vec<char>>()
        ),
    ];
    proptest::collection::vec(character, 0..40).prop_map(|chars| chars.into_iter().collect())
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

proptest! {
    #[test]
    fn cp932_comes_back_to_its_party(bytes in codes(), table in tables()) {
        let decoded = decode(Cp932, &bytes, &table).unwrap();
        let mut out = Vec::new();
        let outcome = fit(&decoded.text, &decoded.cells, true, &table, Cp932, bytes.len(), &mut out);
        prop_assert_eq!(&out, &bytes);
        prop_assert_eq!((outcome.substituted, outcome.cut), (0, false));
        let geta = bytes.chunks(2).filter(|pair| *pair == [0x81, 0xAC]).count();
        prop_assert_eq!(usize::from(decoded.facts.geta), geta);
    }

    #[test]
    fn ucs2_comes_back_to_its_party(text in wide_text(), table in tables()) {
        let text = format!("山{text}");
        let bytes = utf16(&text);
        let decoded = decode(Ucs2Be, &bytes, &table).unwrap();
        let mut out = Vec::new();
        let outcome = fit(&decoded.text, &decoded.cells, true, &table, Ucs2Be, bytes.len(), &mut out);
        prop_assert_eq!(&out, &bytes);
        prop_assert_eq!((outcome.substituted, outcome.cut), (0, false));
    }

    /// A cell keeps its number from one encoding to the other.
    #[test]
    fn cells_survive_a_change_of_encoding(text in "山[\u{E000}-\u{E757}]{0,20}", table in tables()) {
        let from = decode(Ucs2Be, &utf16(&text), &table).unwrap();
        let mut bytes = Vec::new();
        prop_assert_eq!(cp932::encode_wide(&from.text, &from.cells, true, &table, &mut bytes), 0);
        prop_assert_eq!(decode(Cp932, &bytes, &table).unwrap(), from);
    }

    /// Whatever the text is, a receiver reads what it is given without a fault.
    #[test]
    fn everything_given_out_can_be_read(text in any::<String>(), wide in wide_text(), own: bool, table in tables()) {
        for text in [text, wide] {
            let text = format!("山{text}");
            for encoding in [Cp932, Ucs2Be] {
                let mut out = Vec::new();
                match encoding {
                    Cp932 => cp932::encode_wide(&text, &[], own, &table, &mut out),
                    Ucs2Be => ucs2::encode_wide(&text, &[], own, &table, &mut out),
                };
                let read = decode(encoding, &out, &GaijiTable::none());
                prop_assert!(read.is_ok(), "{:?}", read);
            }
        }
    }

    /// A field that is too short holds a beginning of the text and padding.
    #[test]
    fn a_cut_field_is_a_beginning_of_the_text(text in wide_text(), pairs in 0usize..20, own: bool, table in tables()) {
        for encoding in [Cp932, Ucs2Be] {
            let padding = match encoding { Cp932 => [0x81, 0x40], Ucs2Be => [0x30, 0x00] };
            let mut whole = Vec::new();
            let all = fit(&text, &[], own, &table, encoding, 400, &mut whole);
            prop_assert!(!all.cut);
            let mut field = Vec::new();
            let outcome = fit(&text, &[], own, &table, encoding, pairs * 2, &mut field);
            prop_assert_eq!(field.len(), pairs * 2);
            prop_assert!(outcome.substituted <= all.substituted);
            let common = field.chunks(2).zip(whole.chunks(2)).take_while(|(left, right)| left == right).count();
            prop_assert!(field[common * 2..].chunks(2).all(|pair| pair == padding));
            // At most one character of four units is left out at the end.
            prop_assert!(common + 4 > pairs);
            let content = whole.chunks(2).rposition(|pair| pair != padding).map_or(0, |last| last + 1);
            prop_assert!(outcome.cut || content <= pairs);
        }
    }

    /// Any bytes give a text or a fault inside the field, and a fault leaves nothing behind.
    #[test]
    fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..40), table in tables()) {
        for encoding in [Cp932, Ucs2Be] {
            let (mut text, mut cells) = (String::from("前"), Vec::new());
            match encoding.decode_wide(&bytes, &table, &mut text, &mut cells) {
                Ok(_) => prop_assert!(text.starts_with("前")),
                Err(WideFault::Undecodable { at } | WideFault::NotWide { at }) => prop_assert!(at < bytes.len()),
                Err(WideFault::LeadingBlank) => prop_assert!(bytes.len() > 3),
            }
            prop_assert!(text == "前" && cells.is_empty() || text.len() > 3);
        }
    }

    /// The way without NFKC gives what the way with it gives: ｶ at the end forces the second.
    #[test]
    fn both_ways_of_seion_agree(text in "[\u{3041}-\u{30FF} -~！-～\u{3000}〓\u{E000}-\u{E010}]{0,20}") {
        prop_assert_eq!(seion(&format!("{text}ｶ")), format!("{}か", seion(&text)));
        prop_assert_eq!(seion(&seion(&text)), seion(&text));
    }
}
