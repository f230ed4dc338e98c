//! Arithmetic of the user-defined cells (rules 5.3; `docs/formats/text.md`).
//!
//! The 1,880 cells are the codes F040-F9FC of CP932 with valid second bytes. In Unicode they are U+E000-E757, in the
//! same order.

/// Trail bytes per lead byte: 40-7E and 80-FC.
pub(super) const TRAILS: u16 = 188;
/// Number of user-defined cells: 10 lead bytes F0-F9 with 188 trail bytes each.
pub const CELLS: u16 = 1_880;
/// First private-use character of the user-defined area.
const FIRST_PRIVATE_USE: u32 = 0xE000;

/// Index of a cell, 0..1880, by its code; `None` where the code is no user-defined cell.
pub fn cell_index(code: u16) -> Option<u16> {
    let [lead, trail] = code.to_be_bytes();
    match lead {
        0xF0..=0xF9 => Some((u16::from(lead) - 0xF0) * TRAILS + trail_index(trail)?),
        _ => None,
    }
}

/// The code of cell `index`; `None` from 1880 on.
pub fn cell_at(index: u16) -> Option<u16> {
    (index < CELLS).then(|| ((0xF0 + index / TRAILS) << 8) | trail_byte(index % TRAILS))
}

/// The private-use character of a cell, U+E000-E757.
pub fn private_use(cell: u16) -> Option<char> {
    char::from_u32(FIRST_PRIVATE_USE + u32::from(cell_index(cell)?))
}

/// The cell of a private-use character; `None` outside U+E000-E757.
pub fn cell_of_private_use(character: char) -> Option<u16> {
    let index = u32::from(character).checked_sub(FIRST_PRIVATE_USE)?;
    cell_at(u16::try_from(index).ok()?)
}

/// Index of a trail byte among the 188; `None` for 00-3F, 7F, FD-FF.
pub(super) fn trail_index(trail: u8) -> Option<u16> {
    match trail {
        0x40..=0x7E => Some(u16::from(trail) - 0x40),
        0x80..=0xFC => Some(u16::from(trail) - 0x41),
        0x00..=0x3F | 0x7F | 0xFD..=0xFF => None,
    }
}

/// The trail byte of an index below 188.
pub(super) fn trail_byte(index: u16) -> u16 {
    if index < 0x3F { index + 0x40 } else { index + 0x41 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_and_the_private_use_area_are_one_list() {
        assert_eq!(private_use(0xF040), Some('\u{E000}'));
        assert_eq!(private_use(0xF07E), Some('\u{E03E}'));
        assert_eq!(private_use(0xF080), Some('\u{E03F}'));
        assert_eq!(private_use(0xF9FC), Some('\u{E757}'));
        for index in 0..CELLS {
            let cell = cell_at(index).unwrap();
            assert_eq!(cell_index(cell), Some(index));
            assert_eq!(cell_of_private_use(private_use(cell).unwrap()), Some(cell));
        }
        assert_eq!(cell_at(CELLS), None);
        for code in [0xF03F, 0xF07F, 0xF0FD, 0xEFFC, 0xFA40, 0x0000, 0xFFFF] {
            assert_eq!(private_use(code), None, "{code:04X}");
        }
        for character in ['\u{D7FF}', '\u{E758}', 'A', '\u{F0000}'] {
            assert_eq!(cell_of_private_use(character), None);
        }
    }
}
