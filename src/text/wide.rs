//! What both encodings of a type N field share: characters, facts and faults (rules 2.6, 5.3; `docs/formats/text.md`).

/// U+3013 〓, the character that stands for one outside the agreed set.
pub const GETA: char = '\u{3013}';
/// U+3000, the padding of type N.
pub const WIDE_SPACE: char = '\u{3000}';

/// Longest type N field in bytes: its cells can become two characters each, and [`super::mark::CellMark::at`] has 16 bits.
pub const MAX_FIELD_BYTES: usize = 65_534;

/// Encoding of the type N fields of a file (`text_encoding` of its header).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WideEncoding {
    /// CP932 with the user-defined area; padding 81 40.
    Cp932,
    /// UTF-16BE, surrogate pairs allowed; padding 30 00.
    Ucs2Be,
}

/// The bytes of one U+3000.
pub(super) const fn padding(encoding: WideEncoding) -> [u8; 2] {
    match encoding {
        WideEncoding::Cp932 => [0x81, 0x40],
        WideEncoding::Ucs2Be => [0x30, 0x00],
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
