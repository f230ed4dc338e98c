//! Type N in "UCS-2BE", which may hold surrogate pairs and so is UTF-16BE (rules 2.6, 5.3, 9; `docs/formats/text.md`).
//!
//! U+E000-E757 are the user-defined cells of CP932 under another name; gaiji table and marks are the same.

use super::encode::{Receiver, encode};
use super::field::{Field, without_padding};
use super::gaiji::{GaijiTable, cell_of_private_use};
use super::mark::CellMark;
use super::wide::{GETA, MAX_FIELD_BYTES, is_not_wide, padding};
pub use super::wide::{WideEncoding, WideFacts, WideFault};

/// Decodes one type N field, already cut by bytes, and appends its text without padding to `out`.
///
/// Marks go to `cells`, with positions relative to this field's text and with CP932 cell numbers: one for every
/// character U+E000-E757. On an error both buffers are as they were.
///
/// # Errors
/// `Undecodable` (F003: lone surrogate, odd length) before `NotWide` and `LeadingBlank` (F004), wherever they stand.
pub fn decode_wide(
    bytes: &[u8],
    gaiji: &GaijiTable,
    out: &mut String,
    cells: &mut Vec<CellMark>,
) -> Result<WideFacts, WideFault> {
    without_padding(bytes, WideEncoding::Ucs2Be, |content| {
        if read_plain(content, out) {
            Ok(WideFacts::default())
        } else {
            read(content, gaiji, out, cells)
        }
    })
}

/// The short way for a field of wide characters of one unit, without cells and U+3013, that neither begins nor ends with a
/// blank. False, with `out` as it was, for any other.
fn read_plain(bytes: &[u8], out: &mut String) -> bool {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let blank = padding(WideEncoding::Ucs2Be);
    if !odd.is_empty() || bytes.len() > MAX_FIELD_BYTES || pairs.first() == Some(&blank) || pairs.last() == Some(&blank)
    {
        return false;
    }
    let start = out.len();
    out.reserve(pairs.len() * 3);
    for pair in pairs {
        let unit = u16::from_be_bytes(*pair);
        let plain = char::from_u32(u32::from(unit))
            .filter(|character| !is_not_wide(*character) && !matches!(*character, '\u{E000}'..='\u{F8FF}' | GETA));
        let Some(character) = plain else {
            out.truncate(start);
            return false;
        };
        out.push(character);
    }
    true
}

fn read(bytes: &[u8], gaiji: &GaijiTable, out: &mut String, cells: &mut Vec<CellMark>) -> Result<WideFacts, WideFault> {
    let mut field = Field::new(bytes, gaiji, out, cells)?;
    let mut rest = bytes;
    while let [high, low, tail @ ..] = rest {
        let at = bytes.len() - rest.len();
        let unit = u16::from_be_bytes([*high, *low]);
        rest = tail;
        let mut character = char::from_u32(u32::from(unit));
        if let (None, [second_high, second_low, after @ ..]) = (character, tail) {
            rest = after;
            let pair = [unit, u16::from_be_bytes([*second_high, *second_low])];
            character = char::decode_utf16(pair).next().and_then(Result::ok);
        }
        let Some(character) = character else {
            return Err(field.undecodable(at));
        };
        if is_not_wide(character) {
            field.note_not_wide(at);
        } else if let Some(cell) = cell_of_private_use(character) {
            field.push_cell(cell, character);
        } else {
            field.push(character);
        }
    }
    if rest.is_empty() {
        field.finish()
    } else {
        Err(field.undecodable(bytes.len() - rest.len()))
    }
}

/// Encodes text as wide UTF-16BE, without padding, and returns the number of characters that were substituted.
///
/// `own`: as [`super::cp932::encode_wide`]; a marked user-defined cell goes back as its U+E000-E757, a marked
/// NEC/IBM duplicate (which only a CP932 file can have) as the character.
pub fn encode_wide(text: &str, cells: &[CellMark], own: bool, gaiji: &GaijiTable, out: &mut Vec<u8>) -> u32 {
    let receiver = Receiver {
        encoding: WideEncoding::Ucs2Be,
        own,
        gaiji,
    };
    encode(text, cells, receiver, usize::MAX, out).substituted
}
