//! What both encodings of a type N field share: facts, faults and the text under construction (rules 2.6, 5.3;
//! `docs/formats/text.md`).

use super::gaiji::GaijiTable;
use super::mark::CellMark;

/// U+3013 〓, the character that stands for one outside the agreed set.
pub const GETA: char = '\u{3013}';
/// U+3000, the padding of type N.
pub const WIDE_SPACE: char = '\u{3000}';

/// Longest type N field in bytes: its cells can become two characters each, and [`CellMark::at`] has 16 bits.
pub const MAX_FIELD_BYTES: usize = 65_534;

/// Encoding of the type N fields of a file (`text_encoding` of its header).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WideEncoding {
    /// CP932 with the user-defined area; padding 81 40.
    Cp932,
    /// UTF-16BE, surrogate pairs allowed; padding 30 00.
    Ucs2Be,
}

impl WideEncoding {
    /// Decodes one field: [`super::cp932::decode_wide`] or [`super::ucs2::decode_wide`].
    ///
    /// # Errors
    /// As of those.
    pub fn decode_wide(
        self,
        bytes: &[u8],
        gaiji: &GaijiTable,
        out: &mut String,
        cells: &mut Vec<CellMark>,
    ) -> Result<WideFacts, WideFault> {
        match self {
            Self::Cp932 => super::cp932::decode_wide(bytes, gaiji, out, cells),
            Self::Ucs2Be => super::ucs2::decode_wide(bytes, gaiji, out, cells),
        }
    }
}

/// What is known of a decoded field besides its text and cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WideFacts {
    /// Number of U+3013 in the sender's own bytes (81 AC, or 30 13); cells that the table turns into one do not count.
    pub geta: u16,
}

/// Why a type N field cannot be taken. Offsets are bytes from the start of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WideFault {
    /// F003: no character at all (unassigned code, lone surrogate, a character cut by the field's end, or a field
    /// longer than [`MAX_FIELD_BYTES`]). Comes before the other faults wherever it stands in the field.
    #[error("bytes at offset {at} of the field cannot be decoded")]
    Undecodable {
        /// Where the sequence begins.
        at: usize,
    },
    /// F004: a half-width character or a control.
    #[error("character at offset {at} of the field is not wide")]
    NotWide {
        /// Where the first one begins.
        at: usize,
    },
    /// F004: U+3000 before content.
    #[error("the field has a blank before its text")]
    LeadingBlank,
}

/// True for the characters that type N refuses (rules 2.6): U+0000-00A0, U+FF61-FFDC, U+FFE8-FFEE.
pub fn is_not_wide(character: char) -> bool {
    matches!(character, '\0'..='\u{A0}' | '\u{FF61}'..='\u{FFDC}' | '\u{FFE8}'..='\u{FFEE}')
}

/// True for variation selectors, which make one character together with the one before.
pub fn is_variation_selector(character: char) -> bool {
    matches!(character, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
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
