//! The bytes of one field to text, with the three faults that a field can have (rules 2.6 "F in a field").

use crate::domain::code::Code;
use crate::domain::party::Encoding;
use crate::text::gaiji::GaijiTable;
use crate::text::mark::CellMark;
use crate::text::wide::{WideEncoding, WideFault};

/// What is wrong with the bytes of a field. Declared in the order in which one field reports them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum FieldFault {
    /// F003: bytes that are no character, one cut by the field's end included.
    #[error("bytes that cannot be decoded")]
    Undecodable,
    /// F004: half-width in N, non-ASCII in X and 9, or wrong padding.
    #[error("characters or padding that the field's type does not allow")]
    NotAllowed,
    /// F006: something else than digits.
    #[error("not digits in the full width")]
    NotDigits,
}

impl FieldFault {
    /// The finding code.
    pub const fn code(self) -> Code {
        match self {
            Self::Undecodable => Code::F003,
            Self::NotAllowed => Code::F004,
            Self::NotDigits => Code::F006,
        }
    }
}

/// Reads a type X field: 20-7E only, no blank before content. The text comes without the blanks behind it.
///
/// # Errors
/// `NotAllowed`.
pub fn read_ascii(bytes: &[u8]) -> Result<&str, FieldFault> {
    let content = without_blanks(bytes);
    if content.first() == Some(&b' ') || !is_printable(content) {
        return Err(FieldFault::NotAllowed);
    }
    std::str::from_utf8(content).map_err(|_| FieldFault::NotAllowed)
}

/// Reads a type 9 field: digits in the full width, or all blank. Digits keep their zeros, blank is the empty text.
///
/// # Errors
/// `NotAllowed`: other bytes than 20-7E, or blanks mixed with digits. `NotDigits`: anything else.
pub fn read_digits(bytes: &[u8]) -> Result<&str, FieldFault> {
    if is_digits(bytes) {
        std::str::from_utf8(bytes).map_err(|_| FieldFault::NotAllowed)
    } else if without_blanks(bytes).is_empty() {
        Ok("")
    } else if !is_printable(bytes) || (bytes.contains(&b' ') && bytes.iter().any(u8::is_ascii_digit)) {
        Err(FieldFault::NotAllowed)
    } else {
        Err(FieldFault::NotDigits)
    }
}

/// Reads a type X field that holds digits (items 1, 9, 14, 15 and both old numbers): full width or all blank.
///
/// # Errors
/// As [`read_ascii`]; then `NotDigits`.
pub fn read_code(bytes: &[u8]) -> Result<&str, FieldFault> {
    if is_digits(bytes) {
        return std::str::from_utf8(bytes).map_err(|_| FieldFault::NotAllowed);
    }
    match read_ascii(bytes)? {
        "" => Ok(""),
        _ => Err(FieldFault::NotDigits),
    }
}

/// Reads a type N field: appends its text, without the padding, to `out` and the cells to `cells`. The answer is the
/// number of U+3013 in the sender's own bytes. On a fault both buffers are as they were.
///
/// # Errors
/// `Undecodable` before `NotAllowed`.
pub fn read_wide(
    bytes: &[u8],
    encoding: Encoding,
    gaiji: &GaijiTable,
    out: &mut String,
    cells: &mut Vec<CellMark>,
) -> Result<u16, FieldFault> {
    match WideEncoding::from(encoding).decode_wide(bytes, gaiji, out, cells) {
        Ok(facts) => Ok(facts.geta),
        Err(WideFault::Undecodable { .. }) => Err(FieldFault::Undecodable),
        Err(WideFault::NotWide { .. } | WideFault::LeadingBlank) => Err(FieldFault::NotAllowed),
    }
}

/// Number of U+3013 in the bytes of a type N field as it was written: 81 AC, or 30 13.
pub fn geta_in(bytes: &[u8], encoding: Encoding) -> u32 {
    let geta = match encoding {
        Encoding::Cp932 => [0x81, 0xAC],
        Encoding::Ucs2Be => [0x30, 0x13],
    };
    // Both encodings write two bytes a unit, and no half of a surrogate pair is 30 13.
    let count = bytes.chunks_exact(2).filter(|pair| *pair == geta).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// A byte in each of the eight.
const fn every(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// True where all bytes are 20-7E.
pub(crate) fn is_printable(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let is_word = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        let high = every(0x80);
        // No high bit; none is 7F; and 20 can be taken from each without a borrow.
        word & high == 0
            && word.wrapping_add(every(0x01)) & high == 0
            && (word | high).wrapping_sub(every(0x20)) & high == high
    };
    words.iter().all(is_word) && rest.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// True where all bytes are digits.
fn is_digits(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let is_word = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        // 30-39 keep their upper half when 6 is added; of all bytes they alone have a 3 there both times.
        word & word.wrapping_add(every(0x06)) & every(0xF0) == every(0x30)
    };
    words.iter().all(is_word) && rest.iter().all(u8::is_ascii_digit)
}

/// The bytes before the blanks at the end.
pub(crate) fn without_blanks(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some((before, last)) = rest.split_last_chunk::<8>() {
        if *last != [b' '; 8] {
            break;
        }
        rest = before;
    }
    while let Some((b' ', before)) = rest.split_last() {
        rest = before;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const F003: FieldFault = FieldFault::Undecodable;
    const F004: FieldFault = FieldFault::NotAllowed;
    const F006: FieldFault = FieldFault::NotDigits;

    #[test]
    fn type_x() {
        assert_eq!(read_ascii(b"OP0001  "), Ok("OP0001"));
        assert_eq!(read_ascii(b"OP 001  "), Ok("OP 001"));
        assert_eq!(read_ascii(b"        "), Ok(""));
        assert_eq!(read_ascii(b" OP0001 "), Err(F004));
        for bad in [b"OP\x001", b"OP\x7F1", b"OP\x811", b"OP\t1", b"OP\x1F1"] {
            assert_eq!(read_ascii(bad), Err(F004));
        }
        assert_eq!(read_ascii(b"\x20\x7E~ "), Err(F004));
        assert_eq!(read_ascii(b"~!  "), Ok("~!"));
    }

    #[test]
    fn type_9() {
        assert_eq!(read_digits(b"007"), Ok("007"));
        assert_eq!(read_digits(b"   "), Ok(""));
        assert_eq!(read_digits(b" 07"), Err(F004));
        assert_eq!(read_digits(b"07 "), Err(F004));
        assert_eq!(read_digits(b"0 7"), Err(F004));
        assert_eq!(read_digits(b"0A7"), Err(F006));
        assert_eq!(read_digits(b"A  "), Err(F006));
        assert_eq!(read_digits(b"-07"), Err(F006));
        // F004 comes before F006.
        assert_eq!(read_digits(b"0A "), Err(F004));
        assert_eq!(read_digits(b"A\x80 "), Err(F004));
    }

    #[test]
    fn digits_in_type_x() {
        assert_eq!(read_code(b"052019"), Ok("052019"));
        assert_eq!(read_code(b"      "), Ok(""));
        assert_eq!(read_code(b"05201 "), Err(F006));
        assert_eq!(read_code(b"05201A"), Err(F006));
        assert_eq!(read_code(b"05 019"), Err(F006));
        assert_eq!(read_code(b" 52019"), Err(F004));
        assert_eq!(read_code(b"05201\xB9"), Err(F004));
    }

    /// Every byte at every place of fields of several widths, beside digits, blanks and letters, against the plain words of
    /// rules 2.6.
    #[test]
    fn eight_bytes_at_a_time_are_eight_bytes_one_by_one() {
        for width in [0, 1, 3, 7, 8, 9, 11, 12, 16, 17, 24] {
            for filling in [b'0', b'9', b' ', b'A', b'~', 0x7F, 0xFF] {
                for at in 0..width {
                    for byte in 0..=u8::MAX {
                        let mut field = vec![filling; width];
                        field[at] = byte;
                        let printable = field.iter().all(|b| (0x20..=0x7E).contains(b));
                        let digits = field.iter().all(u8::is_ascii_digit);
                        let blank = field.iter().all(|b| *b == b' ');
                        let text = String::from_utf8_lossy(&field).into_owned();
                        let trimmed = text.trim_end_matches(' ');
                        let ascii = if printable && !trimmed.starts_with(' ') {
                            Ok(trimmed)
                        } else {
                            Err(F004)
                        };
                        assert_eq!(read_ascii(&field), ascii, "{field:?}");
                        let code = match ascii {
                            Ok("") => Ok(""),
                            Ok(_) if digits => Ok(text.as_str()),
                            Ok(_) => Err(F006),
                            Err(fault) => Err(fault),
                        };
                        assert_eq!(read_code(&field), code, "{field:?}");
                        let mixed = text.contains(' ') && text.bytes().any(|b| b.is_ascii_digit());
                        let number = match (printable, digits, blank) {
                            (_, true, _) => Ok(text.as_str()),
                            (_, _, true) => Ok(""),
                            (false, ..) => Err(F004),
                            (true, ..) if mixed => Err(F004),
                            (true, ..) => Err(F006),
                        };
                        assert_eq!(read_digits(&field), number, "{field:?}");
                    }
                }
            }
        }
    }

    /// The text, or the fault, of a type N field.
    fn wide(bytes: &[u8], encoding: Encoding) -> Result<String, FieldFault> {
        let (mut text, mut cells) = (String::new(), Vec::new());
        read_wide(bytes, encoding, &GaijiTable::none(), &mut text, &mut cells).map(|_| text)
    }

    #[test]
    fn type_n_in_cp932() {
        // 8D 82 = 高, 94 5C = 能, 81 40 = U+3000, 81 AC = 〓, F0 40 = the first user-defined cell.
        let read = |bytes: &[u8]| wide(bytes, Encoding::Cp932);
        assert_eq!(read(b"\x8D\x82\x94\x5C\x81\x40\x81\x40").unwrap(), "高能");
        assert_eq!(read(b"\x8D\x82\x81\x40\x94\x5C\x81\x40").unwrap(), "高　能");
        assert_eq!(read(b"\x81\x40\x81\x40").unwrap(), "");
        assert_eq!(read(b"\xF0\x40\x81\x40").unwrap(), "\u{E000}");
        assert_eq!(read(b"\x8D\x82\x94"), Err(F003), "cut by the end of the field");
        for lone in [0x80, 0xA0, 0xFD, 0xFE, 0xFF] {
            assert_eq!(read(&[0x8D, 0x82, lone, 0x40]), Err(F003), "{lone:02X}");
        }
        assert_eq!(read(b"\x8D\x82\x88\x40"), Err(F003), "unassigned pair");
        for half in [*b"A1", *b"  ", *b"\xB1\xB2", *b"\n\n"] {
            assert_eq!(read(&[0x8D, 0x82, half[0], half[1]]), Err(F004));
        }
        assert_eq!(read(b"\x81\x40\x8D\x82"), Err(F004), "blank before text");
        // F003 comes before F004, wherever both stand.
        assert_eq!(read(b"AA\x8D\x82\xFF\x40"), Err(F003));
        assert_eq!(read(b"\x81\x40\x8D\x82\x94"), Err(F003));
    }

    #[test]
    fn type_n_in_ucs2be() {
        let read = |bytes: &[u8]| wide(bytes, Encoding::Ucs2Be);
        assert_eq!(
            read(b"\x9A\xD8\x30\x00\x30\x0A\x30\x00").unwrap(),
            "\u{9AD8}\u{3000}\u{300A}"
        );
        assert_eq!(read(b"\xD8\x40\xDC\x0B\x30\x00").unwrap(), "\u{2000B}");
        assert_eq!(read(b"\xD8\x40\x30\x00"), Err(F003), "lone high surrogate");
        assert_eq!(read(b"\xDC\x0B\x30\x00"), Err(F003), "lone low surrogate");
        assert_eq!(read(b"\x9A\xD8\xD8\x40"), Err(F003), "pair cut by the end of the field");
        for unit in [0x0000_u16, 0x0020, 0x0041, 0x00A0, 0xFF61, 0xFFDC, 0xFFE8, 0xFFEE] {
            let [high, low] = unit.to_be_bytes();
            assert_eq!(read(&[0x9A, 0xD8, high, low]), Err(F004), "{unit:04X}");
        }
        for unit in [0x00A1_u16, 0xFF60, 0xFFE0, 0xFFE7] {
            let [high, low] = unit.to_be_bytes();
            assert!(read(&[0x9A, 0xD8, high, low]).is_ok(), "{unit:04X}");
        }
        assert_eq!(read(b"\x30\x00\x9A\xD8"), Err(F004));
        assert_eq!(read(b"\x00\x41\xD8\x40\x00\x41"), Err(F003));
    }

    #[test]
    fn placeholders_are_counted_in_the_bytes() {
        let (mut text, mut cells) = (String::new(), Vec::new());
        let bytes = b"\x81\xAC\x8D\x82\x81\xAC\x81\x40";
        let count = read_wide(bytes, Encoding::Cp932, &GaijiTable::none(), &mut text, &mut cells);
        assert_eq!(count, Ok(2));
        assert_eq!(geta_in(bytes, Encoding::Cp932), 2);
        assert_eq!(geta_in(b"\x30\x13\x9A\xD8\x13\x30", Encoding::Ucs2Be), 1);
    }
}
