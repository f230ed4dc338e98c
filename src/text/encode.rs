//! Text to wide bytes for one receiver: own cells, gaiji table, canonical code, counterpart, 〓 (rules 5.3;
//! `docs/formats/text.md` section "What is written").

use std::str::Chars;

use super::codepage::{Codepage, codepage};
use super::gaiji::{GaijiTable, cell_index, cell_of_private_use, private_use};
use super::mark::CellMark;
use super::wide::{GETA, WideEncoding, is_not_wide, is_variation_selector};

/// Who gets the bytes.
#[derive(Clone, Copy)]
pub(super) struct Receiver<'a> {
    pub(super) encoding: WideEncoding,
    /// The marks' cells are the receiver's own.
    pub(super) own: bool,
    pub(super) gaiji: &'a GaijiTable,
}

/// What became of the text.
#[derive(Clone, Copy, Default)]
pub(super) struct Encoded {
    pub(super) substituted: u32,
    pub(super) cut: bool,
}

/// Appends as many whole characters of `text` as fit into `limit_bytes`.
pub(super) fn encode(
    text: &str,
    cells: &[CellMark],
    receiver: Receiver<'_>,
    limit_bytes: usize,
    out: &mut Vec<u8>,
) -> Encoded {
    let start = out.len();
    let writer = Writer {
        receiver,
        page: codepage(),
    };
    let mut result = Encoded::default();
    let mut marks = cells;
    let mut chars = text.chars();
    let mut at = 0usize;
    while let Some(character) = chars.next() {
        let before = out.len();
        let mark = next_mark(&mut marks, at);
        at += 1;
        let returned = receiver.own && mark.is_some_and(|mark| writer.give_back(mark.cell, out));
        let mut lost = false;
        if let (true, Some(mark)) = (returned, mark) {
            for _ in 1..mark.chars {
                chars.next();
                at += 1;
            }
        } else if let Some(selector) = selector_ahead(&chars) {
            chars.next();
            at += 1;
            lost = writer.sequence(character, selector, out);
        } else {
            lost = writer.character(character, out);
            // Another party's cell that its table turns into 〓 is a picture the receiver does not get.
            lost |= !receiver.own && character == GETA && mark.is_some_and(|mark| cell_index(mark.cell).is_some());
        }
        if out.len() - start > limit_bytes {
            out.truncate(before);
            result.cut = true;
            break;
        }
        result.substituted = result.substituted.saturating_add(u32::from(lost));
    }
    result
}

/// The variation selector that comes next. Only bytes EF and F3 begin one in UTF-8, and nearly no text has them.
fn selector_ahead(chars: &Chars<'_>) -> Option<char> {
    match chars.as_str().as_bytes() {
        [0xEF | 0xF3, ..] => chars.clone().next().filter(|next| is_variation_selector(*next)),
        _ => None,
    }
}

/// The mark of the character at `at`; those before it are passed.
fn next_mark<'a>(marks: &mut &'a [CellMark], at: usize) -> Option<&'a CellMark> {
    while let [first, rest @ ..] = *marks {
        let first_at = usize::from(first.at);
        if first_at > at {
            return None;
        }
        *marks = rest;
        if first_at == at && first.chars > 0 {
            return Some(first);
        }
    }
    None
}

struct Writer<'a> {
    receiver: Receiver<'a>,
    page: &'static Codepage,
}

impl Writer<'_> {
    /// Writes the receiver's own cell; false, writing nothing, where this encoding has no such cell.
    fn give_back(&self, cell: u16, out: &mut Vec<u8>) -> bool {
        let [lead, trail] = cell.to_be_bytes();
        match self.receiver.encoding {
            WideEncoding::Cp932 => {
                let assigned = self.page.decode(lead, trail).is_some();
                if assigned {
                    out.extend_from_slice(&[lead, trail]);
                }
                assigned
            }
            WideEncoding::Ucs2Be => private_use(cell).is_some_and(|character| {
                write_utf16(character, out);
                true
            }),
        }
    }

    /// Writes a base with its variation selector; true where the receiver does not get the picture that was meant.
    fn sequence(&self, base: char, selector: char, out: &mut Vec<u8>) -> bool {
        let WideEncoding::Cp932 = self.receiver.encoding else {
            return self.utf16_sequence(base, selector, out);
        };
        if let Some(cell) = self.receiver.gaiji.cell(base, Some(selector)) {
            return !self.give_back(cell, out);
        }
        self.character(base, out);
        true
    }

    fn utf16_sequence(&self, base: char, selector: char, out: &mut Vec<u8>) -> bool {
        let foreign = !self.receiver.own;
        if let Some(cell) = self.receiver.gaiji.cell(base, Some(selector)).filter(|_| foreign) {
            return !self.give_back(cell, out);
        }
        if is_not_wide(base) || (foreign && cell_of_private_use(base).is_some()) {
            self.character(base, out);
            return true;
        }
        write_utf16(base, out);
        write_utf16(selector, out);
        false
    }

    /// Writes one character; true where it was unmappable and became 〓.
    fn character(&self, character: char, out: &mut Vec<u8>) -> bool {
        match self.receiver.encoding {
            WideEncoding::Cp932 => self.cp932(character, out),
            WideEncoding::Ucs2Be => self.utf16(character, out),
        }
    }

    fn cp932(&self, character: char, out: &mut Vec<u8>) -> bool {
        let table = || self.receiver.gaiji.cell(character, None);
        let page = || self.page.encode(character);
        let code = if self.receiver.own {
            // What came from a cell of the receiver is marked: an unmarked character was sent in its canonical code.
            page().or_else(table).or_else(|| cell_of_private_use(character))
        } else {
            table().or_else(page)
        };
        let code = code.or_else(|| self.page.encode(counterpart(character)?));
        let lost = code.is_none();
        if let Some(code) = code.or_else(|| self.page.encode(GETA)) {
            out.extend_from_slice(&code.to_be_bytes());
        }
        lost
    }

    fn utf16(&self, character: char, out: &mut Vec<u8>) -> bool {
        let foreign = !self.receiver.own;
        let given = if is_not_wide(character) {
            wide_ascii(character)
        } else if let Some(cell) = self.receiver.gaiji.cell(character, None).filter(|_| foreign) {
            private_use(cell)
        } else if foreign && cell_of_private_use(character).is_some() {
            None
        } else {
            Some(character)
        };
        write_utf16(given.unwrap_or(GETA), out);
        given.is_none()
    }
}

fn write_utf16(character: char, out: &mut Vec<u8>) {
    let mut units = [0u16; 2];
    for unit in character.encode_utf16(&mut units) {
        out.extend_from_slice(&unit.to_be_bytes());
    }
}

/// The character of CP932 that stands for one which JIS and Microsoft map differently (rules 5.3), or for a half-width
/// one that has a wide form.
pub(super) fn counterpart(character: char) -> Option<char> {
    Some(match character {
        '\u{2014}' => '\u{2015}',
        '\u{2016}' => '\u{2225}',
        '\u{2212}' => '\u{FF0D}',
        '\u{301C}' => '\u{FF5E}',
        '\u{A2}' => '\u{FFE0}',
        '\u{A3}' => '\u{FFE1}',
        '\u{A5}' => '\u{FFE5}',
        '\u{A6}' => '\u{FFE4}',
        '\u{AC}' => '\u{FFE2}',
        '\u{203E}' => '\u{FFE3}',
        _ => return wide_ascii(character),
    })
}

/// The full-width form of an ASCII character or blank: type N can hold no other.
fn wide_ascii(character: char) -> Option<char> {
    match character {
        ' ' => Some('\u{3000}'),
        '!'..='~' => char::from_u32(u32::from(character) + 0xFEE0),
        _ => None,
    }
}
