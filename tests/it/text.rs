//! The room `text` against its specification (rules 5.2, 5.3, 9) and against independent programs and tables.

mod codes;
mod fields;
mod given;
mod kana;
mod properties;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Command;

use sekisho::text::cp932;
use sekisho::text::gaiji::GaijiTable;
use sekisho::text::mark::CellMark;
use sekisho::text::wide::{WideEncoding, WideFacts, WideFault};

/// The output of a Python program, or `None` with a word where there is no Python.
fn python(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("python3").arg("-c").arg(program).args(arguments).output() else {
        std::io::stderr().write_all(b"SKIPPED: no python3\n").unwrap();
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// All 11,280 pairs of a lead and a trail byte, in ascending order.
fn pairs() -> impl Iterator<Item = u16> {
    let leads = (0x81..=0x9F).chain(0xE0..=0xFC);
    leads.flat_map(|lead: u16| (0x40..=0x7E).chain(0x80..=0xFC).map(move |trail| lead << 8 | trail))
}

/// A decoded field.
#[derive(Debug, PartialEq, Eq)]
struct Decoded {
    text: String,
    cells: Vec<CellMark>,
    facts: WideFacts,
}

fn decode(encoding: WideEncoding, bytes: &[u8], gaiji: &GaijiTable) -> Result<Decoded, WideFault> {
    let (mut text, mut cells) = (String::new(), Vec::new());
    let facts = encoding.decode_wide(bytes, gaiji, &mut text, &mut cells)?;
    Ok(Decoded { text, cells, facts })
}

/// The only character of a two-byte code, read behind 山 because a field does not begin with a blank.
fn character_of(code: u16) -> Option<char> {
    let [lead, trail] = code.to_be_bytes();
    let (mut text, mut cells) = (String::new(), Vec::new());
    // A blank at the end would be padding, so that a second 山 follows.
    let bytes = [0x8E, 0x52, lead, trail, 0x8E, 0x52];
    cp932::decode_wide(&bytes, &GaijiTable::none(), &mut text, &mut cells).ok()?;
    let chars: Vec<char> = text.chars().collect();
    assert_eq!(chars.len(), 3, "{code:04X}");
    Some(chars[1])
}

/// Canonical bytes of one character for a party without a table; `None` where it is substituted.
fn code_of(character: char) -> Option<u16> {
    let mut out = Vec::new();
    let substituted = cp932::encode_wide(&character.to_string(), &[], false, &GaijiTable::none(), &mut out);
    assert_eq!(out.len(), 2, "U+{:04X}", u32::from(character));
    (substituted == 0).then(|| u16::from_be_bytes([out[0], out[1]]))
}

fn table(rows: &[(u16, &str)]) -> GaijiTable {
    let mut csv = String::from("cell,text,note\n");
    for (cell, text) in rows {
        writeln!(csv, "{cell:04X},{text},").unwrap();
    }
    GaijiTable::parse_csv(csv.as_bytes()).unwrap()
}

fn mark(at: u16, chars: u8, cell: u16) -> CellMark {
    CellMark { at, chars, cell }
}
