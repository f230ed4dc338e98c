//! How a town writes a text: characters outside the agreed set as its own cells or as 〓 (rules 5.3).
//!
//! Names and addresses are kept as they really are (𠮷, 辻 with its variation selector) and rendered for one town. Rows
//! hold what that town sends: user-defined cells as U+E000.., and a mark for every cell that its text alone would not
//! give back.

use super::tables::{Municipality, PLACEHOLDER};
use crate::domain::party::Encoding;
use crate::domain::row::CellMark;

/// What the gaiji tables of the demonstration hold: cell, its character in a row, and what it stands for.
const MAPPED: [(u16, char, &str, &str); 3] = [
    (0xF040, '\u{E000}', "\u{20BB7}", "土に口のよし"),
    (0xF041, '\u{E001}', "\u{8FBB}\u{E0100}", "一点しんにょうのつじ"),
    (0xF042, '\u{E002}', "\u{845B}\u{E0100}", "葛の異体字"),
];

/// NEC-selected cells that some machines write for characters whose usual cell is the IBM one.
const NEC_SELECTED: [(char, u16); 2] = [('\u{9AD9}', 0xEEE0), ('\u{FA11}', 0xED95)];

/// A text as one town sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rendered {
    /// The text, user-defined cells as U+E000..
    pub(super) text: String,
    /// Cells, in the order of their positions.
    pub(super) cells: Vec<CellMark>,
    /// Number of U+3013 in it.
    pub(super) placeholders: u16,
}

/// The content of a town's `gaiji.csv`.
pub(super) fn gaiji_csv() -> String {
    let lines = MAPPED.map(|(cell, _, text, note)| format!("{cell:04X},{text},{note}\n"));
    format!("cell,text,note\n{}", lines.concat())
}

/// The cell of a user-defined character: 188 cells to a row, second bytes 40-7E and 80-FC.
pub(super) fn cell_of(character: char) -> Option<u16> {
    let index = u32::from(character).checked_sub(0xE000).filter(|index| *index < 1880)?;
    let (lead, trail) = (0xF0 + index / 188, index % 188);
    let trail = if trail < 63 { 0x40 + trail } else { 0x41 + trail };
    u16::try_from(lead << 8 | trail).ok()
}

/// A character together with a variation selector that follows it.
fn units(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut ends = rest.char_indices().skip(1);
        let end = ends
            .find(|(_, next)| !matches!(next, '\u{E0100}'..='\u{E01EF}'))
            .map_or(rest.len(), |(at, _)| at);
        let (unit, after) = rest.split_at_checked(end)?;
        rest = after;
        (!unit.is_empty()).then_some(unit)
    })
}

impl Municipality {
    /// Renders a real text for this town.
    pub(super) fn render(&self, real: &str) -> Rendered {
        let mut done = Rendered {
            text: String::with_capacity(real.len()),
            ..Rendered::default()
        };
        let mut at = 0_u16;
        for unit in units(real) {
            let single = unit.chars().next().filter(|first| first.len_utf8() == unit.len());
            match single {
                Some(plain) if self.carries(plain) => {
                    if let Some(cell) = self.marked_cell(plain) {
                        done.cells.push(CellMark { at, chars: 1, cell });
                    }
                    done.placeholders += u16::from(plain == PLACEHOLDER);
                    done.text.push(plain);
                    at += 1;
                }
                // UTF-16 has room for every character and for variation selectors.
                _ if self.encoding == Encoding::Ucs2Be => {
                    done.text.push_str(unit);
                    at += u16::try_from(unit.chars().count()).unwrap_or(0);
                }
                _ => {
                    let mapped = MAPPED.iter().find(|row| self.gaiji_table && row.2 == unit);
                    if let Some((cell, character, ..)) = mapped {
                        done.cells.push(CellMark {
                            at,
                            chars: 1,
                            cell: *cell,
                        });
                        done.text.push(*character);
                    } else {
                        done.placeholders += 1;
                        done.text.push(PLACEHOLDER);
                    }
                    at += 1;
                }
            }
        }
        done
    }

    /// What the text of one of this town's rows really is, as far as another town can know it: cells that the gaiji
    /// table does not explain become 〓.
    pub(super) fn real(&self, sent: &str) -> String {
        let mut real = String::with_capacity(sent.len());
        for character in sent.chars() {
            match MAPPED.iter().find(|row| row.1 == character) {
                Some((_, _, text, _)) if self.gaiji_table => real.push_str(text),
                _ if cell_of(character).is_some() => real.push(PLACEHOLDER),
                _ => real.push(character),
            }
        }
        real
    }

    /// The tables hold nothing of one code unit that CP932 lacks.
    fn carries(&self, character: char) -> bool {
        self.encoding == Encoding::Ucs2Be || character.len_utf16() == 1
    }

    fn marked_cell(&self, character: char) -> Option<u16> {
        if self.encoding == Encoding::Ucs2Be {
            return None;
        }
        let nec = NEC_SELECTED.iter().find(|row| self.nec_cells && row.0 == character);
        nec.map_or_else(|| cell_of(character), |row| Some(row.1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tables::Tables;
    use super::*;

    fn town(code: &str) -> Municipality {
        let mut tables = Tables::load().unwrap();
        let at = tables
            .municipalities
            .iter()
            .position(|town| town.party.as_str() == code)
            .unwrap();
        tables.municipalities.swap_remove(at)
    }

    #[test]
    fn each_town_writes_rare_characters_in_its_own_way() {
        let real = "\u{20BB7}田　\u{8FBB}\u{E0100}子";
        let mapped = town("052019").render(real);
        assert_eq!(mapped.text, "\u{E000}田　\u{E001}子");
        assert_eq!(mapped.placeholders, 0);
        let cells: Vec<_> = mapped.cells.iter().map(|mark| (mark.at, mark.cell)).collect();
        assert_eq!(cells, [(0, 0xF040), (3, 0xF041)]);
        assert_eq!(town("052019").real(&mapped.text), real);
        let poor = town("052060").render(real);
        assert_eq!((poor.text.as_str(), poor.placeholders), ("〓田　〓子", 2));
        let wide = town("052027").render(real);
        assert_eq!((wide.text.as_str(), wide.placeholders), (real, 0));
        let nec = town("052078").render("髙橋　\u{E010}");
        let cells: Vec<_> = nec.cells.iter().map(|mark| (mark.at, mark.cell)).collect();
        assert_eq!(cells, [(0, 0xEEE0), (3, 0xF050)]);
        assert_eq!(town("052078").real(&nec.text), "髙橋　〓");
    }

    #[test]
    fn cells_are_numbered_like_the_user_defined_area() {
        assert_eq!(cell_of('\u{E000}'), Some(0xF040));
        assert_eq!(cell_of('\u{E03E}'), Some(0xF07E));
        assert_eq!(cell_of('\u{E03F}'), Some(0xF080));
        assert_eq!(cell_of('\u{E757}'), Some(0xF9FC));
        assert_eq!(cell_of('\u{E758}'), None);
        assert_eq!(cell_of('高'), None);
    }
}
