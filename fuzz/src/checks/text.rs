//! Wide text in both encodings, and gaiji tables.

use std::sync::LazyLock;

use sekisho::text::gaiji::{CELLS, GaijiTable, cell_at};
use sekisho::text::wide::{GETA, WideEncoding, WideFault, is_not_wide};
use sekisho::text::width::fit;
use sekisho::text::{cp932, ucs2};

use super::{Target, head, line_within, quiet};

pub(crate) const WIDE: Target = Target {
    name: "wide",
    check: wide,
    seeds: || {
        let mut seeds = Vec::new();
        for flags in 0..8 {
            for text in [
                &b"\x8d\xb2\x93\xa1\x81\x40\x89\xd4\x8eq\x81\x40"[..],
                b"\x4f\x50\x85\xe4\x30\x00\x82\xb1\x5b\x50",
                "葛\u{E0100}𠮷〓￢∵".as_bytes(),
                b"\xf0\x40\xf9\xfc\x81\xca\xfa\x54",
            ] {
                seeds.push([&[flags], text].concat());
            }
        }
        seeds
    },
    words: &["\u{3013}", "\u{3000}", "葛\u{E0100}", "\u{FE00}", "𠮷", "\u{E000}"],
};

pub(crate) const GAIJI: Target = Target {
    name: "gaiji",
    check: gaiji,
    seeds: || {
        vec![
            TABLE.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", TABLE.as_bytes()].concat(),
            b"cell,text,note\r\nF040,\"\xe8\x91\x9b\",\"QZXJKV8W\"\r\n".to_vec(),
        ]
    },
    words: &["cell,text,note\n", "F040,", "F9FC,", "\"", "\r\n", "\u{E0100}", "〓"],
};

const TABLE: &str = "cell,text,note\nF040,葛\u{E0100},a\nF041,𠮷,\nF042,〓,none\nF9FC,髙,\n";

/// A table with a sequence, a character beyond the first plane, a cell without text and one that has a code of its own.
pub(crate) fn table() -> &'static GaijiTable {
    static GIVEN: LazyLock<GaijiTable> = LazyLock::new(|| GaijiTable::parse_csv(TABLE.as_bytes()).unwrap());
    &GIVEN
}

fn wide(data: &[u8]) {
    let (flags, bytes) = head(data);
    let encoding = if flags & 1 == 0 {
        WideEncoding::Cp932
    } else {
        WideEncoding::Ucs2Be
    };
    let none = GaijiTable::none();
    let gaiji = if flags & 2 == 0 { &none } else { table() };
    let (mut text, mut cells) = ("前".to_owned(), Vec::new());
    match encoding.decode_wide(bytes, gaiji, &mut text, &mut cells) {
        Ok(facts) => {
            let text = text.strip_prefix('前').expect("what stood before is left alone");
            assert!(!text.chars().any(is_not_wide));
            assert!(usize::from(facts.geta) <= text.chars().filter(|c| *c == GETA).count());
            assert!(
                text.len() <= bytes.len() * 4 + 4,
                "{} bytes from {}",
                text.len(),
                bytes.len()
            );
            let mut back = Vec::new();
            let outcome = fit(text, &cells, true, gaiji, encoding, bytes.len(), &mut back);
            assert_eq!(
                (back.as_slice(), outcome.cut),
                (bytes, false),
                "own text comes back as it was sent"
            );
        }
        Err(fault) => {
            assert_eq!((text.as_str(), cells.len()), ("前", 0), "a fault leaves nothing behind");
            match fault {
                WideFault::Undecodable { at } | WideFault::NotWide { at } => assert!(at <= bytes.len()),
                WideFault::LeadingBlank => {}
            }
            quiet(bytes, &fault);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        sent(text, encoding, flags & 4 == 0, gaiji);
    }
}

/// Any text at all can be written for a receiver; what he reads is no fault.
fn sent(text: &str, encoding: WideEncoding, own: bool, gaiji: &GaijiTable) {
    let mut bytes = Vec::new();
    let lost = match encoding {
        WideEncoding::Cp932 => cp932::encode_wide(text, &[], own, gaiji, &mut bytes),
        WideEncoding::Ucs2Be => ucs2::encode_wide(text, &[], own, gaiji, &mut bytes),
    };
    assert!(bytes.len() % 2 == 0 && lost as usize <= text.chars().count());
    assert!(bytes.len() <= text.len() * 2 + 2);
    for width in [0, 1, 2, 7, bytes.len(), bytes.len() + 3] {
        let mut field = Vec::new();
        let outcome = fit(text, &[], own, gaiji, encoding, width, &mut field);
        assert_eq!(field.len(), width);
        assert_eq!(outcome.cut, width < bytes.len());
    }
    let (mut read, mut cells) = (String::new(), Vec::new());
    match encoding.decode_wide(&bytes, gaiji, &mut read, &mut cells) {
        Ok(_) | Err(WideFault::LeadingBlank) => {}
        Err(WideFault::Undecodable { at }) if at == sekisho::text::wide::MAX_FIELD_BYTES => {}
        Err(fault) => panic!("written, but cannot be read: {fault}"),
    }
}

fn gaiji(data: &[u8]) {
    match GaijiTable::parse_csv(data) {
        Ok(table) => {
            assert!(table.len() <= usize::from(CELLS) && table.len() <= data.len());
            for cell in (0..CELLS).filter_map(cell_at) {
                if let Some((base, selector)) = table.text(cell).filter(|(base, _)| *base != GETA) {
                    let written = table.cell(base, selector).expect("every text has a cell");
                    assert_eq!(table.text(written), Some((base, selector)));
                    assert!(written <= cell);
                }
            }
        }
        Err(fault) => {
            line_within(data, fault.line());
            quiet(data, &fault);
        }
    }
}
