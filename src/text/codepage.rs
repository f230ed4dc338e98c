//! The two-byte half of CP932 as one table, built once from `encoding_rs` (rules 5.3; `docs/formats/text.md`).
//!
//! `encoding_rs` holds the table of the WHATWG standard, which agrees with Windows on every two-byte code. Asking it
//! once per code and not once per field keeps the decoder to one pass, and shows which codes its encoder would not
//! give back (the 398 NEC/IBM duplicates). Not here: the user-defined area, which is arithmetic (`cells`).

use std::sync::LazyLock;

use encoding_rs::{DecoderResult, EncoderResult, SHIFT_JIS};

use super::cells::{TRAILS, cell_index, trail_byte, trail_index};
use super::wide::GETA;

/// Lead bytes: 81-9F and E0-FC.
const LEADS: u16 = 60;

/// What a two-byte code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Code {
    /// A character whose canonical code is this one.
    Canonical(char),
    /// A character whose canonical code is another one (NEC row 13, NEC-selected IBM, IBM extension).
    Duplicate(char),
    /// A user-defined cell, F040-F9FC.
    User,
}

/// Both directions of the table.
pub(super) struct Codepage {
    /// By lead byte: its row of `plain`, the last one for bytes that lead nothing.
    rows: [u8; 256],
    /// By row and trail byte: the character of a canonical code, 0 for everything that needs a closer look.
    plain: Vec<u16>,
    /// By [`slot`]: the character, or `None` where the code is unassigned.
    codes: Vec<Option<Code>>,
    /// By Unicode scalar value below 10000: the canonical two-byte code, 0 where there is none.
    canonical: Vec<u16>,
}

static CODEPAGE: LazyLock<Codepage> = LazyLock::new(Codepage::build);

/// The table; built at the first call (about one millisecond).
pub(super) fn codepage() -> &'static Codepage {
    &CODEPAGE
}

/// True for the bytes that CP932 reads as one whole character: ASCII, controls and half-width kana.
pub(super) fn is_one_byte(byte: u8) -> bool {
    matches!(byte, 0x00..=0x7F | 0xA1..=0xDF)
}

fn slot(lead: u8, trail: u8) -> Option<usize> {
    let lead = match lead {
        0x81..=0x9F => u16::from(lead) - 0x81,
        0xE0..=0xFC => u16::from(lead) - 0xC1,
        0x00..=0x80 | 0xA0..=0xDF | 0xFD..=0xFF => return None,
    };
    Some(usize::from(lead * TRAILS + trail_index(trail)?))
}

/// Lead and trail byte of slot `index`, in the order of [`slot`].
fn bytes_of_slot(index: u16) -> [u8; 2] {
    let lead = index / TRAILS;
    let lead = if lead < 0x1F { lead + 0x81 } else { lead + 0xC1 };
    (lead << 8 | trail_byte(index % TRAILS)).to_be_bytes()
}

impl Codepage {
    fn build() -> Self {
        let mut canonical = vec![0u16; 0x1_0000];
        let mut rows = [u8::try_from(LEADS).unwrap_or(u8::MAX); 256];
        let mut plain = vec![0u16; (usize::from(LEADS) + 1) << 8];
        let codes = (0..LEADS * TRAILS)
            .map(|index| {
                let bytes = bytes_of_slot(index);
                let code = u16::from_be_bytes(bytes);
                if cell_index(code).is_some() {
                    return Some(Code::User);
                }
                let unit = decode_pair(bytes)?;
                let character = char::from_u32(u32::from(unit))?;
                if encode_unit(unit) == Some(code) {
                    if let Some(entry) = canonical.get_mut(usize::from(unit)) {
                        *entry = code;
                    }
                    let [lead, trail] = bytes;
                    let row = index / TRAILS;
                    if let (Some(entry), Ok(number)) = (rows.get_mut(usize::from(lead)), u8::try_from(row)) {
                        *entry = number;
                    }
                    if let Some(entry) = plain.get_mut(usize::from(row) << 8 | usize::from(trail))
                        && character != GETA
                    {
                        *entry = unit;
                    }
                    Some(Code::Canonical(character))
                } else {
                    Some(Code::Duplicate(character))
                }
            })
            .collect();
        Self {
            rows,
            plain,
            codes,
            canonical,
        }
    }

    /// The character of a pair that is nothing but a canonical code, U+3013 left out; `None` for any other.
    #[inline]
    pub(super) fn plain(&self, lead: u8, trail: u8) -> Option<char> {
        let row = self.rows.get(usize::from(lead))?;
        let unit = self.plain.get(usize::from(*row) << 8 | usize::from(trail))?;
        char::from_u32(u32::from(*unit)).filter(|character| *character != '\0')
    }

    /// What a pair of bytes stands for; `None` where it is unassigned or no pair at all.
    pub(super) fn decode(&self, lead: u8, trail: u8) -> Option<Code> {
        self.codes.get(slot(lead, trail)?).copied().flatten()
    }

    /// The canonical two-byte code of a character outside the user-defined area.
    pub(super) fn encode(&self, character: char) -> Option<u16> {
        let index = usize::try_from(u32::from(character)).ok()?;
        self.canonical.get(index).copied().filter(|code| *code != 0)
    }
}

fn decode_pair(bytes: [u8; 2]) -> Option<u16> {
    let mut units = [0u16; 4];
    let (result, _, written) = SHIFT_JIS
        .new_decoder_without_bom_handling()
        .decode_to_utf16_without_replacement(&bytes, &mut units, true);
    match (result, written, units) {
        (DecoderResult::InputEmpty, 1, [unit, ..]) => Some(unit),
        _ => None,
    }
}

fn encode_unit(unit: u16) -> Option<u16> {
    let mut bytes = [0u8; 8];
    let (result, _, written) = SHIFT_JIS
        .new_encoder()
        .encode_from_utf16_without_replacement(&[unit], &mut bytes, true);
    match (result, written, bytes) {
        (EncoderResult::InputEmpty, 2, [lead, trail, ..]) => Some(u16::from_be_bytes([lead, trail])),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = (u16, Option<Code>)> {
        (0..LEADS * TRAILS).map(|index| {
            let [lead, trail] = bytes_of_slot(index);
            (u16::from_be_bytes([lead, trail]), codepage().decode(lead, trail))
        })
    }

    #[test]
    fn slots_and_bytes_are_inverse() {
        for index in 0..LEADS * TRAILS {
            let [lead, trail] = bytes_of_slot(index);
            assert_eq!(slot(lead, trail), Some(usize::from(index)));
        }
        assert_eq!(bytes_of_slot(0), [0x81, 0x40]);
        assert_eq!(bytes_of_slot(LEADS * TRAILS - 1), [0xFC, 0xFC]);
        for lead in [0x80, 0xA0, 0xFD, 0xFE, 0xFF, 0x20, 0xB1] {
            assert_eq!(slot(lead, 0x40), None);
        }
        for trail in [0x3F, 0x7F, 0xFD, 0xFF] {
            assert_eq!(slot(0x81, trail), None);
        }
    }

    #[test]
    fn the_short_way_gives_the_canonical_codes_and_no_other() {
        for lead in 0..=u8::MAX {
            for trail in 0..=u8::MAX {
                let canonical = match codepage().decode(lead, trail) {
                    Some(Code::Canonical(character)) if character != GETA => Some(character),
                    Some(Code::Canonical(_) | Code::Duplicate(_) | Code::User) | None => None,
                };
                assert_eq!(codepage().plain(lead, trail), canonical, "{lead:02X} {trail:02X}");
            }
        }
    }

    /// The numbers of rules 5.3: 1,880 cells and 398 duplicates, 9,604 codes in all.
    #[test]
    fn the_table_has_the_numbers_of_the_rules() {
        let codes: Vec<Code> = all().filter_map(|(_, code)| code).collect();
        assert_eq!(codes.len(), 9_604);
        assert_eq!(codes.iter().filter(|code| **code == Code::User).count(), 1_880);
        let duplicates = codes.iter().filter(|code| matches!(code, Code::Duplicate(_)));
        assert_eq!(duplicates.count(), 398);
    }

    #[test]
    fn one_byte_characters_are_never_leads() {
        for byte in 0..=u8::MAX {
            assert!(!(is_one_byte(byte) && slot(byte, 0x40).is_some()), "{byte:02X}");
        }
        for byte in [0x80, 0xA0, 0xFD, 0xFE, 0xFF] {
            assert!(!is_one_byte(byte));
        }
    }
}
