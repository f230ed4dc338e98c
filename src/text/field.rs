//! The text of one type N field under construction, the same for both encodings (rules 2.6, 5.3).

use super::gaiji::GaijiTable;
use super::mark::CellMark;
use super::wide::{GETA, MAX_FIELD_BYTES, WIDE_SPACE, WideEncoding, WideFacts, WideFault, padding};

/// The field without the padding at its end; as it is where its length is odd.
///
/// Only a guess, since in a faulty field the last bytes may belong to other characters: `read` is run again on the
/// whole field where the shortened one has a fault.
pub(super) fn without_padding<T>(
    bytes: &[u8],
    encoding: WideEncoding,
    mut read: impl FnMut(&[u8]) -> Result<T, WideFault>,
) -> Result<T, WideFault> {
    let padding = padding(encoding);
    let pairs = trailing_pairs(bytes, padding);
    match bytes.len().checked_sub(pairs * 2).and_then(|end| bytes.get(..end)) {
        Some(content) if pairs > 0 && content.len() % 2 == 0 => read(content).or_else(|_| read(bytes)),
        _ => read(bytes),
    }
}

/// How often `pair` stands at the end of `bytes`, counted in pairs from there. Most of a record is padding, so it is
/// compared by words first.
fn trailing_pairs(bytes: &[u8], pair: [u8; 2]) -> usize {
    let [a, b] = pair;
    let word_of_padding = u64::from_ne_bytes([a, b, a, b, a, b, a, b]);
    let mut rest = bytes;
    while let Some((before, last)) = rest.split_last_chunk::<32>() {
        // All four, without stopping at the first that differs.
        let other = last
            .as_chunks::<8>()
            .0
            .iter()
            .fold(0, |other, word| other | (u64::from_ne_bytes(*word) ^ word_of_padding));
        if other != 0 {
            break;
        }
        rest = before;
    }
    while let Some((before, last)) = rest.split_last_chunk::<8>() {
        if u64::from_ne_bytes(*last) != word_of_padding {
            break;
        }
        rest = before;
    }
    while let Some((before, last)) = rest.split_last_chunk::<2>() {
        if *last != pair {
            break;
        }
        rest = before;
    }
    bytes.len().saturating_sub(rest.len()) / 2
}

/// The text of one field under construction, at the end of the caller's buffers; taken back as a whole on a fault.
pub(super) struct Field<'a> {
    out: &'a mut String,
    cells: &'a mut Vec<CellMark>,
    gaiji: &'a GaijiTable,
    text_start: usize,
    cells_start: usize,
    /// End of the last character that is not U+3000.
    content_end: usize,
    chars: u16,
    geta: u16,
    not_wide: Option<usize>,
}

impl<'a> Field<'a> {
    pub(super) fn new(
        bytes: &[u8],
        gaiji: &'a GaijiTable,
        out: &'a mut String,
        cells: &'a mut Vec<CellMark>,
    ) -> Result<Self, WideFault> {
        if bytes.len() > MAX_FIELD_BYTES {
            return Err(WideFault::Undecodable { at: MAX_FIELD_BYTES });
        }
        // Two bytes become three at most; only sequences of a gaiji table can need more, which the buffer then grows for.
        out.reserve(bytes.len() / 2 * 3);
        Ok(Self {
            text_start: out.len(),
            cells_start: cells.len(),
            content_end: out.len(),
            out,
            cells,
            gaiji,
            chars: 0,
            geta: 0,
            not_wide: None,
        })
    }

    /// A character as it stands.
    pub(super) fn push(&mut self, character: char) {
        self.out.push(character);
        self.chars = self.chars.saturating_add(1);
        if character != WIDE_SPACE {
            self.content_end = self.out.len();
        }
        if character == GETA {
            self.geta = self.geta.saturating_add(1);
        }
    }

    /// A duplicate: the character, and a mark with the code it had.
    pub(super) fn push_duplicate(&mut self, character: char, code: u16) {
        self.mark(code, 1);
        self.push(character);
    }

    /// A user-defined cell: its text by the table, else its private-use character.
    pub(super) fn push_cell(&mut self, cell: u16, private_use: char) {
        let (base, selector) = self.gaiji.text(cell).unwrap_or((private_use, None));
        let chars = if selector.is_some() { 2 } else { 1 };
        self.mark(cell, chars);
        self.out.push(base);
        if let Some(selector) = selector {
            self.out.push(selector);
        }
        self.chars = self.chars.saturating_add(u16::from(chars));
        self.content_end = self.out.len();
    }

    fn mark(&mut self, cell: u16, chars: u8) {
        self.cells.push(CellMark {
            at: self.chars,
            chars,
            cell,
        });
    }

    /// Remembers the first character that is not wide; decoding goes on, since F003 comes before F004.
    pub(super) fn note_not_wide(&mut self, at: usize) {
        self.not_wide.get_or_insert(at);
    }

    /// Ends with F003.
    pub(super) fn undecodable(mut self, at: usize) -> WideFault {
        self.take_back();
        WideFault::Undecodable { at }
    }

    /// Removes the padding and judges what is left.
    pub(super) fn finish(mut self) -> Result<WideFacts, WideFault> {
        let leading_blank = self.content_end > self.text_start
            && self
                .out
                .get(self.text_start..)
                .unwrap_or_default()
                .starts_with(WIDE_SPACE);
        let fault = match self.not_wide {
            Some(at) => Some(WideFault::NotWide { at }),
            None if leading_blank => Some(WideFault::LeadingBlank),
            None => None,
        };
        if let Some(fault) = fault {
            self.take_back();
            return Err(fault);
        }
        self.out.truncate(self.content_end);
        Ok(WideFacts { geta: self.geta })
    }

    fn take_back(&mut self) {
        self.out.truncate(self.text_start);
        self.cells.truncate(self.cells_start);
    }
}
