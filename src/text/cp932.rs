//! Type N in CP932 (rules 2.6 "F in a field", 5.3; `docs/formats/text.md`).
//!
//! The table is that of `encoding_rs`; the user-defined area F040-F9FC goes through the party's gaiji table, and the
//! codes that the canonical encoding would not give back are marked.

use super::codepage::{Code, codepage, is_one_byte};
use super::encode::{Receiver, encode};
use super::field::{Field, without_padding};
use super::gaiji::{GaijiTable, private_use};
use super::mark::CellMark;
use super::wide::{MAX_FIELD_BYTES, padding};
pub use super::wide::{WideEncoding, WideFacts, WideFault};

/// Decodes one type N field, already cut by bytes, and appends its text without padding to `out`.
///
/// Marks go to `cells`, with positions relative to this field's text: one for every user-defined cell and for every
/// NEC/IBM duplicate whose canonical code is another one. On an error both buffers are as they were.
///
/// # Errors
/// `Undecodable` (F003) before `NotWide` and `LeadingBlank` (F004), wherever they stand.
pub fn decode_wide(
    bytes: &[u8],
    gaiji: &GaijiTable,
    out: &mut String,
    cells: &mut Vec<CellMark>,
) -> Result<WideFacts, WideFault> {
    without_padding(bytes, WideEncoding::Cp932, |content| {
        if read_plain(content, out) {
            Ok(WideFacts::default())
        } else {
            read(content, gaiji, out, cells)
        }
    })
}

/// The short way for a field of canonical codes that neither begins nor ends with a blank and has no U+3013: nearly all.
/// False, with `out` as it was, for any other.
fn read_plain(bytes: &[u8], out: &mut String) -> bool {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let blank = padding(WideEncoding::Cp932);
    if !odd.is_empty() || bytes.len() > MAX_FIELD_BYTES || pairs.first() == Some(&blank) || pairs.last() == Some(&blank)
    {
        return false;
    }
    let (page, start) = (codepage(), out.len());
    out.reserve(pairs.len() * 3);
    for [lead, trail] in pairs {
        let Some(character) = page.plain(*lead, *trail) else {
            out.truncate(start);
            return false;
        };
        out.push(character);
    }
    true
}

fn read(bytes: &[u8], gaiji: &GaijiTable, out: &mut String, cells: &mut Vec<CellMark>) -> Result<WideFacts, WideFault> {
    let page = codepage();
    let mut field = Field::new(bytes, gaiji, out, cells)?;
    let mut rest = bytes;
    while let [lead, after @ ..] = rest {
        let at = bytes.len() - rest.len();
        if is_one_byte(*lead) {
            field.note_not_wide(at);
            rest = after;
            continue;
        }
        let [trail, tail @ ..] = after else {
            return Err(field.undecodable(at));
        };
        rest = tail;
        let code = u16::from_be_bytes([*lead, *trail]);
        match page.decode(*lead, *trail) {
            Some(Code::Canonical(character)) => field.push(character),
            Some(Code::Duplicate(character)) => field.push_duplicate(character, code),
            Some(Code::User) => match private_use(code) {
                Some(character) => field.push_cell(code, character),
                None => return Err(field.undecodable(at)),
            },
            None => return Err(field.undecodable(at)),
        }
    }
    field.finish()
}

/// Encodes text as wide CP932, without padding, and returns the number of characters that were substituted.
///
/// `own`: the receiver is the party whose cells the marks name, so that each marked character goes back as its cell.
/// Otherwise user-defined characters become U+3013. Nothing else than two-byte codes is ever written.
pub fn encode_wide(text: &str, cells: &[CellMark], own: bool, gaiji: &GaijiTable, out: &mut Vec<u8>) -> u32 {
    let receiver = Receiver {
        encoding: WideEncoding::Cp932,
        own,
        gaiji,
    };
    encode(text, cells, receiver, usize::MAX, out).substituted
}
