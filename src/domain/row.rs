//! One record of the register: the text of the 28 items in one allocation, with the sender's code cells.

use std::fmt;

use super::ids::{JuminCode, MunicipalityCode, MyNumber, PartyId};
use super::instant::Instant;
use super::item::Item;
pub use crate::text::mark::CellMark;

/// The 28 items as stored text: Unicode, without padding, digits with their zeros, a blank item is the empty text.
///
/// `cells` and `origin` say which characters came from which code cells of which party (rules 5.3): equal text is
/// equal content, the cells matter only when the row is given out to `origin` again. `PartialEq` compares everything;
/// use [`Row::get`] to compare items.
#[derive(Clone, PartialEq, Eq)]
pub struct Row {
    text: String,
    ends: [u16; 28],
    cells: Vec<(Item, CellMark)>,
    origin: PartyId,
}

impl Row {
    /// A blank row whose text comes from `origin`.
    pub fn blank(origin: PartyId) -> Self {
        Self {
            text: String::new(),
            ends: [0; 28],
            cells: Vec::new(),
            origin,
        }
    }

    /// A row from the texts of the 28 items in the order of their numbers, without cells; `None` above 65,535 bytes.
    pub fn from_items(origin: PartyId, items: &[&str; 28]) -> Option<Self> {
        let mut row = Self {
            text: String::with_capacity(items.iter().map(|item| item.len()).sum()),
            ends: [0; 28],
            cells: Vec::new(),
            origin,
        };
        for (end, item) in row.ends.iter_mut().zip(items) {
            row.text.push_str(item);
            *end = u16::try_from(row.text.len()).ok()?;
        }
        Some(row)
    }

    /// A blank row with room for `text_bytes` bytes of text, for rows that are filled in one go.
    pub fn with_capacity(origin: PartyId, text_bytes: usize) -> Self {
        Self {
            text: String::with_capacity(text_bytes),
            ..Self::blank(origin)
        }
    }

    /// The text of an item; empty where blank.
    pub fn get(&self, item: Item) -> &str {
        let index = item.index();
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(0);
        self.text.get(usize::from(start)..usize::from(end)).unwrap_or_default()
    }

    /// True where the item is blank.
    pub fn is_blank(&self, item: Item) -> bool {
        self.get(item).is_empty()
    }

    /// Replaces the text of an item and forgets its cells. Setting items in the order of their numbers on a blank row
    /// only appends.
    ///
    /// Returns false, leaving the row as it was, where the row would exceed 65,535 bytes of text.
    pub fn set(&mut self, item: Item, value: &str) -> bool {
        let old = self.get(item).len();
        let total = self.text.len() - old + value.len();
        if u16::try_from(total).is_err() {
            return false;
        }
        let index = item.index();
        let start = index
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .copied()
            .unwrap_or(0);
        let start = usize::from(start);
        if start + old == self.text.len() && old == 0 {
            self.text.push_str(value);
        } else {
            self.text.replace_range(start..start + old, value);
        }
        for end in self.ends.iter_mut().skip(index) {
            let moved = usize::from(*end) - old + value.len();
            *end = u16::try_from(moved).unwrap_or(u16::MAX);
        }
        self.cells.retain(|(of, _)| *of != item);
        true
    }

    /// Adds the cells of an item, in the order of their positions, after [`Row::set`] of that item.
    pub fn add_cells(&mut self, item: Item, cells: &[CellMark]) {
        self.cells.extend(cells.iter().map(|cell| (item, *cell)));
        self.cells.sort_unstable();
    }

    /// The cells of one item, sorted by position.
    pub fn cells(&self, item: Item) -> impl Iterator<Item = CellMark> + '_ {
        self.cells
            .iter()
            .filter(move |(of, _)| *of == item)
            .map(|(_, cell)| *cell)
    }

    /// All cells, sorted by item and position.
    pub fn all_cells(&self) -> &[(Item, CellMark)] {
        &self.cells
    }

    /// The text of all items behind each other, and where each of them ends in it, in bytes.
    pub fn parts(&self) -> (&str, &[u16; 28]) {
        (&self.text, &self.ends)
    }

    /// A row from what [`Row::parts`] gave and its cells; `None` where the ends are none.
    pub fn from_parts(origin: PartyId, text: &str, ends: [u16; 28], cells: Vec<(Item, CellMark)>) -> Option<Self> {
        let is_end = |end: &u16| text.is_char_boundary(usize::from(*end));
        let whole = ends.last().map(|end| usize::from(*end)) == Some(text.len());
        (whole && ends.is_sorted() && ends.iter().all(is_end)).then(|| Self {
            text: text.to_owned(),
            ends,
            cells,
            origin,
        })
    }

    /// The party whose code cells the row carries.
    pub fn origin(&self) -> PartyId {
        self.origin
    }

    /// Takes text and cells of `item` from another row of the same origin, or the text alone from a row of another.
    pub fn take(&mut self, item: Item, from: &Self) -> bool {
        let done = self.set(item, from.get(item));
        if done && self.origin == from.origin {
            let cells: Vec<CellMark> = from.cells(item).collect();
            self.add_cells(item, &cells);
        }
        done
    }

    /// Item 1, if it is a right code.
    pub fn jumin_code(&self) -> Option<JuminCode> {
        JuminCode::parse(self.get(Item::JuminCode)).ok()
    }

    /// Item 9, if it is a right number; `None` where blank.
    pub fn my_number(&self) -> Option<MyNumber> {
        MyNumber::parse(self.get(Item::MyNumber)).ok()
    }

    /// Item 14, if it is a right code.
    pub fn municipality(&self) -> Option<MunicipalityCode> {
        MunicipalityCode::parse(self.get(Item::MunicipalityCode)).ok()
    }

    /// Item 18, if it is a real time.
    pub fn timestamp(&self) -> Option<Instant> {
        Instant::parse(self.get(Item::Timestamp))
    }

    /// Item 22 as a number; blank counts as zero.
    pub fn update_seq(&self) -> u32 {
        self.get(Item::UpdateSeq).parse().unwrap_or(0)
    }
}

/// A row whose items come in the order of their numbers, their text written where it stays.
pub struct RowBuilder {
    row: Row,
    /// Number of items that are closed.
    closed: usize,
}

impl RowBuilder {
    /// Begins a row from `origin`; the memory of `old` is used again.
    pub fn reusing(mut old: Row, origin: PartyId) -> Self {
        old.text.clear();
        old.cells.clear();
        Self {
            row: Row { origin, ..old },
            closed: 0,
        }
    }

    /// The text so far, to which that of the next item is appended. Nothing else may be done to it.
    pub fn text_mut(&mut self) -> &mut String {
        &mut self.row.text
    }

    /// Ends the text of an item with what was appended since the one before; items between the two are blank. `cells` are
    /// in the order of their positions.
    ///
    /// False, and the text is taken back, where the item is not behind the last one, or above 65,535 bytes in all.
    pub fn close(&mut self, item: Item, cells: &[CellMark]) -> bool {
        let before = self
            .closed
            .checked_sub(1)
            .and_then(|last| self.row.ends.get(last))
            .copied()
            .unwrap_or(0);
        let (index, end) = (item.index(), u16::try_from(self.row.text.len()));
        let (Some(between), Ok(end)) = (self.row.ends.get_mut(self.closed..=index), end) else {
            self.row.text.truncate(usize::from(before));
            return false;
        };
        between.fill(before);
        if let Some(last) = between.last_mut() {
            *last = end;
        }
        self.closed = index + 1;
        self.row.cells.extend(cells.iter().map(|cell| (item, *cell)));
        true
    }

    /// The row; items that were not closed are blank.
    pub fn finish(mut self) -> Row {
        let end = self
            .closed
            .checked_sub(1)
            .and_then(|last| self.row.ends.get(last))
            .copied()
            .unwrap_or(0);
        self.row.text.truncate(usize::from(end));
        if let Some(rest) = self.row.ends.get_mut(self.closed..) {
            rest.fill(end);
        }
        self.row
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({} bytes from {})", self.text.len(), self.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_set_in_any_order_and_replaced() {
        let mut row = Row::blank(PartyId::parse("052019").unwrap());
        assert!(row.set(Item::Address, "秋田県"));
        assert!(row.set(Item::JuminCode, "24727059608"));
        assert!(row.set(Item::KanjiName, "佐藤　花"));
        assert!(row.set(Item::Address, "秋田県秋田市"));
        assert_eq!(row.get(Item::JuminCode), "24727059608");
        assert_eq!(row.get(Item::KanjiName), "佐藤　花");
        assert_eq!(row.get(Item::Address), "秋田県秋田市");
        assert!(row.is_blank(Item::FormerSurnameGaijiSeq));
        assert!(!format!("{row:?}").contains("佐藤"));
        assert!(!row.set(Item::Sex, &"1".repeat(70_000)));
        assert_eq!(row.get(Item::Address), "秋田県秋田市");
    }

    #[test]
    fn a_row_of_texts_is_the_row_of_its_items_set_one_by_one() {
        let origin = PartyId::parse("052019").unwrap();
        let mut texts = [""; 28];
        let mut row = Row::blank(origin);
        for (item, text) in [
            (Item::JuminCode, "24727059608"),
            (Item::Address, "秋田県"),
            (Item::UpdateSeq, "000001"),
        ] {
            texts[item.index()] = text;
            row.set(item, text);
        }
        assert_eq!(Row::from_items(origin, &texts), Some(row));
        let long = "1".repeat(65_536);
        texts[1] = &long;
        assert_eq!(Row::from_items(origin, &texts), None);
    }

    #[test]
    fn a_row_built_by_appending_is_the_row_of_its_items_set_one_by_one() {
        let (origin, other) = (PartyId::parse("052019").unwrap(), PartyId::parse("052027").unwrap());
        let mark = CellMark {
            at: 0,
            chars: 1,
            cell: 0xF040,
        };
        let mut old = Row::blank(other);
        old.set(Item::FormerSurnameGaijiSeq, "001");
        old.add_cells(Item::Address, &[mark]);
        let mut builder = RowBuilder::reusing(old, origin);
        let mut row = Row::blank(origin);
        for (item, text) in [
            (Item::JuminCode, "24727059608"),
            (Item::KanjiName, "佐藤\u{E000}"),
            (Item::UpdateSeq, "000001"),
        ] {
            let cells: &[CellMark] = if item == Item::KanjiName { &[mark] } else { &[] };
            builder.text_mut().push_str(text);
            assert!(builder.close(item, cells));
            row.set(item, text);
            row.add_cells(item, cells);
        }
        // An item that was passed, and text that nobody closed.
        builder.text_mut().push_str("佐藤");
        assert!(!builder.close(Item::KanaName, &[]));
        builder.text_mut().push_str(&"1".repeat(65_536));
        assert!(!builder.close(Item::FormerSurnameKana, &[]));
        builder.text_mut().push_str("佐藤");
        assert!(builder.finish() == row);
    }

    #[test]
    fn a_row_is_made_again_from_its_parts_alone() {
        let origin = PartyId::parse("052019").unwrap();
        let mut row = Row::blank(origin);
        row.set(Item::KanjiName, "佐藤");
        row.set(Item::UpdateSeq, "000001");
        let (text, ends) = row.parts();
        assert_eq!(Row::from_parts(origin, text, *ends, Vec::new()).as_ref(), Some(&row));
        let wrong = [[0; 28], [1; 28], [u16::MAX; 28]];
        for ends in wrong {
            assert_eq!(Row::from_parts(origin, text, ends, Vec::new()), None);
        }
        let mut falling = *ends;
        falling[0] = 6;
        falling[1] = 3;
        assert_eq!(Row::from_parts(origin, text, falling, Vec::new()), None);
    }

    #[test]
    fn cells_go_with_their_item_and_only_within_one_origin() {
        let (a, b) = (PartyId::parse("052019").unwrap(), PartyId::parse("052027").unwrap());
        let mark = CellMark {
            at: 0,
            chars: 1,
            cell: 0xF040,
        };
        let mut row = Row::blank(a);
        row.set(Item::KanjiName, "\u{E000}");
        row.add_cells(Item::KanjiName, &[mark]);
        let (mut same, mut other) = (Row::blank(a), Row::blank(b));
        same.take(Item::KanjiName, &row);
        other.take(Item::KanjiName, &row);
        assert_eq!(same.cells(Item::KanjiName).collect::<Vec<_>>(), [mark]);
        assert_eq!(other.cells(Item::KanjiName).count(), 0);
        row.set(Item::KanjiName, "高");
        assert_eq!(row.all_cells().len(), 0);
    }
}
