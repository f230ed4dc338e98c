//! User-defined cells (外字) and a party's table of them, `gaiji.csv` (rules 5.3, 9; `docs/formats/text.md`).
//!
//! A cell without a row stands in stored text as its private-use character, U+E000-E757.

pub use super::cells::{CELLS, cell_at, cell_index, cell_of_private_use, private_use};
use super::wide::{GETA, WIDE_SPACE, is_not_wide, is_variation_selector};

/// The characters of a cell: one, or a base with its variation selector.
type CellText = (char, Option<char>);

/// A party's table between its cells and characters, both ways.
///
/// Several cells may have one text: each is read as it, and the lowest is written for it. A cell that the table turns
/// into 〓 is never written for a 〓.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GaijiTable {
    /// By index of the cell; empty where there is no row at all.
    texts: Vec<Option<CellText>>,
    /// Sorted by text; one cell for each.
    cells: Vec<(CellText, u16)>,
}

impl GaijiTable {
    /// The table of a party that has none.
    pub const fn none() -> Self {
        Self {
            texts: Vec::new(),
            cells: Vec::new(),
        }
    }

    /// Reads a `gaiji.csv`: UTF-8 with or without BOM, RFC 4180, header line `cell,text,note`.
    ///
    /// # Errors
    /// The first [`GaijiFault`], with its line.
    pub fn parse_csv(bytes: &[u8]) -> Result<Self, GaijiFault> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut record = csv::ByteRecord::new();
        let mut lines = Lines {
            bytes,
            passed: 0,
            line: 1,
        };
        let mut first_lines: Vec<u64> = vec![0; usize::from(CELLS)];
        let mut texts: Vec<Option<CellText>> = vec![None; usize::from(CELLS)];
        let mut is_header = true;
        // Reading from memory cannot fail, and `flexible` leaves no other error.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let line = lines.line_of(record.position().map_or(0, csv::Position::byte));
            if is_header {
                is_header = false;
                if record != *["cell", "text", "note"].as_slice() {
                    return Err(GaijiFault::Header { line });
                }
                continue;
            }
            if record.len() != 3 {
                return Err(GaijiFault::Columns {
                    line,
                    columns: record.len(),
                });
            }
            let (index, text) = parse_row(&record, line)?;
            if let (Some(slot), Some(first)) = (
                texts.get_mut(usize::from(index)),
                first_lines.get_mut(usize::from(index)),
            ) {
                if slot.is_some() {
                    return Err(GaijiFault::DuplicateCell {
                        line,
                        first_line: *first,
                    });
                }
                *slot = Some(text);
                *first = line;
            }
        }
        if is_header {
            return Err(GaijiFault::Header { line: 1 });
        }
        Ok(Self::from_texts(texts))
    }

    fn from_texts(texts: Vec<Option<CellText>>) -> Self {
        let mut cells: Vec<(CellText, u16)> = (0..CELLS)
            .zip(&texts)
            .filter_map(|(index, text)| Some(((*text)?, cell_at(index)?)))
            .filter(|((base, _), _)| *base != GETA)
            .collect();
        cells.sort_unstable();
        cells.dedup_by_key(|(text, _)| *text);
        Self { texts, cells }
    }

    /// The characters that the table gives for a cell; `None` where the cell has no row.
    pub fn text(&self, cell: u16) -> Option<(char, Option<char>)> {
        self.texts.get(usize::from(cell_index(cell)?)).copied().flatten()
    }

    /// The cell that the table gives for a character, or for a base with a variation selector.
    pub fn cell(&self, base: char, selector: Option<char>) -> Option<u16> {
        let found = self
            .cells
            .binary_search_by(|(text, _)| text.cmp(&(base, selector)))
            .ok()?;
        self.cells.get(found).map(|(_, cell)| *cell)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.texts.iter().flatten().count()
    }

    /// True where the table has no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Counts lines up to a record: the reader's own position stands before the line feed of a CR LF, one line too early.
struct Lines<'a> {
    bytes: &'a [u8],
    passed: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first byte of content at or after `offset`; offsets only grow.
    fn line_of(&mut self, offset: u64) -> u64 {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        while let Some(byte) = self.bytes.get(self.passed) {
            if self.passed >= offset && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.passed += 1;
        }
        self.line
    }
}

fn parse_row(record: &csv::ByteRecord, line: u64) -> Result<(u16, CellText), GaijiFault> {
    let field = |index: usize| std::str::from_utf8(record.get(index).unwrap_or_default());
    let (Ok(cell), Ok(text), Ok(_)) = (field(0), field(1), field(2)) else {
        return Err(GaijiFault::NotUtf8 { line });
    };
    let index = parse_cell(cell).ok_or(GaijiFault::Cell { line })?;
    let text = parse_text(text).map_err(|why| GaijiFault::Text { line, why })?;
    Ok((index, text))
}

fn parse_cell(field: &str) -> Option<u16> {
    if field.len() != 4 || !field.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    cell_index(u16::from_str_radix(field, 16).ok()?)
}

fn parse_text(field: &str) -> Result<CellText, TextRefusal> {
    let mut chars = field.chars();
    let (base, selector) = match (chars.next(), chars.next(), chars.next()) {
        (None, _, _) => return Err(TextRefusal::Empty),
        (Some(base), selector, None) => (base, selector),
        (Some(_), _, Some(_)) => return Err(TextRefusal::TooLong),
    };
    if selector.is_some_and(|selector| base == GETA || !is_variation_selector(selector)) {
        return Err(TextRefusal::NotASequence);
    }
    // Such a row could not be told from padding, from a half-width fault or from another cell.
    if is_not_wide(base) || base == WIDE_SPACE || is_variation_selector(base) || base.is_whitespace() {
        return Err(TextRefusal::NotWide);
    }
    if matches!(base, '\u{E000}'..='\u{F8FF}') {
        return Err(TextRefusal::PrivateUse);
    }
    Ok((base, selector))
}

/// Why a `gaiji.csv` is refused. Lines count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GaijiFault {
    /// The first line is not `cell,text,note`.
    #[error("line {line}: the header line is not cell,text,note")]
    Header {
        /// Line.
        line: u64,
    },
    /// A row has more or fewer than three columns.
    #[error("line {line}: {columns} columns instead of 3")]
    Columns {
        /// Line.
        line: u64,
        /// How many columns the row has.
        columns: usize,
    },
    /// The row is not UTF-8.
    #[error("line {line}: not UTF-8")]
    NotUtf8 {
        /// Line.
        line: u64,
    },
    /// The cell is not four hexadecimal digits, or no user-defined cell F040-F9FC.
    #[error("line {line}: the cell is not one of the user-defined cells F040-F9FC")]
    Cell {
        /// Line.
        line: u64,
    },
    /// The cell has a row already.
    #[error("line {line}: the cell has a row already, in line {first_line}")]
    DuplicateCell {
        /// Line of the second row.
        line: u64,
        /// Line of the first row.
        first_line: u64,
    },
    /// The text cannot stand for a cell.
    #[error("line {line}: the text {why}")]
    Text {
        /// Line.
        line: u64,
        /// What is wrong with it.
        why: TextRefusal,
    },
}

/// Why the text of a row cannot stand for a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextRefusal {
    /// No character.
    #[error("is empty")]
    Empty,
    /// More than two characters.
    #[error("has more than two characters")]
    TooLong,
    /// Two characters that are not a base with a variation selector.
    #[error("is not a base character with a variation selector")]
    NotASequence,
    /// A half-width character, a blank, a control, or a variation selector alone.
    #[error("is not a wide character")]
    NotWide,
    /// U+E000-F8FF, which means nothing to anybody else.
    #[error("is a private-use character")]
    PrivateUse,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rows: &str) -> Result<GaijiTable, GaijiFault> {
        GaijiTable::parse_csv(format!("cell,text,note\r\n{rows}").as_bytes())
    }

    fn refusal(text: &str) -> TextRefusal {
        match parse(&format!("F040,{text},\n")) {
            Err(GaijiFault::Text { line: 2, why }) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_table_is_read_both_ways() {
        let table = parse("F040,𠮷,\nf9fc,辻\u{E0101},\"a, b\"\nF041,〓,\nF043,髙,\nF042,髙,twice\n").unwrap();
        assert_eq!(table.len(), 5);
        assert_eq!(table.text(0xF040), Some(('𠮷', None)));
        assert_eq!(table.text(0xF9FC), Some(('辻', Some('\u{E0101}'))));
        assert_eq!(table.text(0xF041), Some((GETA, None)));
        assert_eq!(table.text(0xF044), None);
        assert_eq!(table.text(0x8140), None);
        assert_eq!(table.cell('𠮷', None), Some(0xF040));
        assert_eq!(table.cell('辻', Some('\u{E0101}')), Some(0xF9FC));
        assert_eq!(table.cell('辻', None), None);
        assert_eq!(table.cell(GETA, None), None);
        assert_eq!(table.cell('髙', None), Some(0xF042));
    }

    #[test]
    fn a_table_may_have_a_bom_and_no_rows() {
        let table = GaijiTable::parse_csv(b"\xEF\xBB\xBFcell,text,note\n").unwrap();
        assert!(table.is_empty());
        assert!(GaijiTable::none().is_empty());
        assert_eq!(GaijiTable::none().text(0xF040), None);
    }

    #[test]
    fn every_fault_names_its_line() {
        for header in ["", "cell,text\n", "text,cell,note\n", "F040,髙,\n"] {
            assert_eq!(
                GaijiTable::parse_csv(header.as_bytes()),
                Err(GaijiFault::Header { line: 1 })
            );
        }
        assert_eq!(parse("F040,髙\n"), Err(GaijiFault::Columns { line: 2, columns: 2 }));
        assert_eq!(
            parse("F040,髙,\nF041,髙,,\n"),
            Err(GaijiFault::Columns { line: 3, columns: 4 })
        );
        assert_eq!(
            GaijiTable::parse_csv(b"cell,text,note\nF040,\xFB\xFC,\n"),
            Err(GaijiFault::NotUtf8 { line: 2 })
        );
        for cell in [
            "", "F03F", "F07F", "EEE0", "FA40", "0xF040", "+040", "F04", "U+E000", "F9FD",
        ] {
            assert_eq!(
                parse(&format!("{cell},髙,\n")),
                Err(GaijiFault::Cell { line: 2 }),
                "{cell}"
            );
        }
        assert_eq!(
            parse("F040,髙,\nF041,辻,\nf040,濵,\n"),
            Err(GaijiFault::DuplicateCell { line: 4, first_line: 2 })
        );
    }

    #[test]
    fn text_that_cannot_stand_for_a_cell_is_refused() {
        assert_eq!(refusal(""), TextRefusal::Empty);
        assert_eq!(refusal("辻\u{E0101}\u{E0101}"), TextRefusal::TooLong);
        assert_eq!(refusal("髙辻"), TextRefusal::NotASequence);
        assert_eq!(refusal("〓\u{E0101}"), TextRefusal::NotASequence);
        for text in ["A", "ｱ", "\u{3000}", "\u{E0101}", "\u{1}", "\u{2003}"] {
            assert_eq!(refusal(text), TextRefusal::NotWide);
        }
        for text in ["\u{E000}", "\u{F8FF}"] {
            assert_eq!(refusal(text), TextRefusal::PrivateUse);
        }
    }
}
