//! Text in a field of fixed byte width (`formats/README.md`, type N; `docs/formats/text.md`).

use super::encode::{Receiver, encode};
use super::gaiji::GaijiTable;
use super::mark::CellMark;
pub use super::wide::WideEncoding;

/// What became of a text that was fitted into a field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct FitOutcome {
    /// Number of characters written as another one than was meant, characters cut off not counted.
    pub substituted: u32,
    /// True where the text was too long and characters were cut off at its end.
    pub cut: bool,
}

/// Encodes `text` and fills the field with U+3000 to exactly `width_bytes`.
///
/// A text that is too long loses whole characters at its end; a surrogate pair and a variation sequence count as one.
/// Type N has even widths; the last byte of an odd one, which no wide character fits, becomes 20.
pub fn fit(
    text: &str,
    cells: &[CellMark],
    own: bool,
    gaiji: &GaijiTable,
    encoding: WideEncoding,
    width_bytes: usize,
    out: &mut Vec<u8>,
) -> FitOutcome {
    let start = out.len();
    let receiver = Receiver { encoding, own, gaiji };
    let encoded = encode(text, cells, receiver, width_bytes, out);
    let padding = match encoding {
        WideEncoding::Cp932 => [0x81, 0x40],
        WideEncoding::Ucs2Be => [0x30, 0x00],
    };
    let mut open = width_bytes.saturating_sub(out.len() - start);
    while open >= 2 {
        out.extend_from_slice(&padding);
        open -= 2;
    }
    if open == 1 {
        out.push(0x20);
    }
    FitOutcome {
        substituted: encoded.substituted,
        cut: encoded.cut,
    }
}
