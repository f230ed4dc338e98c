//! Text in a field of fixed byte width (`formats/README.md`, type N; `docs/formats/text.md`).

use super::encode::{Receiver, encode};
use super::gaiji::GaijiTable;
use super::mark::CellMark;
pub use super::wide::WideEncoding;
use super::wide::{WideFacts, WideFault, padding};
use super::{cp932, ucs2};

impl WideEncoding {
    /// Decodes one field: [`cp932::decode_wide`] or [`ucs2::decode_wide`].
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
            Self::Cp932 => cp932::decode_wide(bytes, gaiji, out, cells),
            Self::Ucs2Be => ucs2::decode_wide(bytes, gaiji, out, cells),
        }
    }
}

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
    pad(encoding, width_bytes.saturating_sub(out.len() - start), out);
    FitOutcome {
        substituted: encoded.substituted,
        cut: encoded.cut,
    }
}

fn pad(encoding: WideEncoding, mut open: usize, out: &mut Vec<u8>) {
    let block = [padding(encoding); 64];
    while let Some(part) = block.get(..(open / 2).min(block.len())).filter(|part| !part.is_empty()) {
        out.extend_from_slice(part.as_flattened());
        open -= part.len() * 2;
    }
    if open == 1 {
        out.push(0x20);
    }
}
