//! What each reason may change and needs (rules 2.4): the snapshot of a notice against the row of the master.
//!
//! The tables here say everything that depends on the reason; `pipeline::plan` walks them and has no opinion of its
//! own on any reason.

mod rules;

pub use rules::rule;

use super::code::Code;
use super::item::Item::{
    self, Address, AddressGaijiCount, AddressGaijiSeq, AzaCode, BirthDate, FormerSurnameGaijiCount,
    FormerSurnameGaijiSeq, FormerSurnameKana, FormerSurnameKanji, GaijiFlag, KanaName, KanjiName, MunicipalityCode,
    MyNumber, NameGaijiCount, NameGaijiSeq, SeionKanaName, Sex,
};
use super::row::Row;

/// The compared items. All but the first are compared with the master; item 1 is the key.
pub const COMPARED: [Item; 9] = [
    KanjiName,
    KanaName,
    BirthDate,
    Sex,
    Address,
    MyNumber,
    MunicipalityCode,
    FormerSurnameKanji,
    FormerSurnameKana,
];

/// Items that move only with their parent, and what tests it.
pub const DERIVED: [Derived; 9] = [
    Derived::of(NameGaijiCount, KanjiName, Test::Text),
    Derived::of(AddressGaijiCount, Address, Test::Text),
    Derived::of(SeionKanaName, KanaName, Test::Text),
    Derived::of(AzaCode, Address, Test::Parent),
    Derived::of(GaijiFlag, KanjiName, Test::Text),
    Derived::of(NameGaijiSeq, KanjiName, Test::Parent),
    Derived::of(AddressGaijiSeq, Address, Test::Parent),
    Derived::of(FormerSurnameGaijiCount, FormerSurnameKanji, Test::Text),
    Derived::of(FormerSurnameGaijiSeq, FormerSurnameKanji, Test::Parent),
];

/// How a derived item is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// It follows from the text of the notice itself: C007, C008, W210.
    Text,
    /// It may differ from the master only where its parent differs: L118.
    Parent,
}

/// A derived item and its parent. Item 20 follows from 3, 8 and 26 together; 2 stands for the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Derived {
    /// The derived item.
    pub item: Item,
    /// The item it moves with.
    pub parent: Item,
    /// How it is tested.
    pub test: Test,
}

impl Derived {
    const fn of(item: Item, parent: Item, test: Test) -> Self {
        Self { item, parent, test }
    }
}

/// What a difference of one compared item means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The reason may change it.
    Allowed,
    /// It is reported.
    Found(Code),
    /// It is reported where neither side is blank.
    FoundIfBothGiven(Code),
}

/// Which part of item 5 is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BirthPart {
    /// All nine characters.
    Whole,
    /// The last eight: 14 and 15 may change the era digit, which is 0 for foreign residents.
    Day,
}

/// Whether derived items are tested against the master (L118).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DerivedRule {
    /// Not tested: entries, removals, 90.
    Free,
    /// Tested, with these exceptions.
    Bound {
        /// May grow while the parent stays: the image set of a gaiji was renewed.
        may_grow: &'static [Item],
        /// May change while the parent stays: a 大字 was renamed.
        may_change: &'static [Item],
    },
}

/// What has to differ from the master, else L111.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MustChange {
    /// Nothing has to.
    Nothing,
    /// This item.
    Item(Item),
    /// Any compared or derived item.
    Anything,
}

/// When item 9 must not be blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberRule {
    /// It may be blank.
    Free,
    /// It is needed whatever the master says: C009 before the cell.
    Always,
    /// It may be blank from AB or where the master's is blank: C009 after the cell.
    UnlessFirst,
}

/// The old number or code that goes with a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldRule {
    /// None is used.
    Unused,
    /// `old_my_number` must equal the master's item 9 (L112); where `required` it must not be blank (F005).
    MyNumber {
        /// Blank is F005.
        required: bool,
    },
    /// `old_jumin_code` names the record (L114); where `required` it must not be blank (F005).
    JuminCode {
        /// Blank is F005.
        required: bool,
    },
}

/// What is special about item 11.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateRule {
    /// Not after the business date (L116), fully known (C005).
    Plain,
    /// May be a planned day: never L116, and no W208 for the notice after it.
    Planned,
    /// May have unknown parts.
    MayBeUnknown,
    /// Equal to item 11 of the removal of the pair (L105).
    OfPair,
    /// The day of item 5 equals it (W206).
    OfBirth,
}

/// The row after an applied notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowAfter {
    /// The notice's items.
    Notice,
    /// The master's items 2-9, 13-15, 20, 23-28; 10, 11, 16-18, 22 of the notice.
    MasterKept,
    /// The notice's items under the new code; the old code becomes RT. Creates the record where no old code is given.
    NewCode,
    /// The current row as it is; the removal by 21 is marked confirmed.
    Unchanged,
}

/// Everything of 2.4 that depends on the reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What a difference means, for the items for which it is not [`Meaning::Allowed`].
    pub differences: &'static [(Item, Meaning)],
    /// Which part of item 5 is compared.
    pub birth: BirthPart,
    /// Whether derived items are tested.
    pub derived: DerivedRule,
    /// What has to differ.
    pub must_change: MustChange,
    /// When item 9 must be present.
    pub number: NumberRule,
    /// The old number or code.
    pub old: OldRule,
    /// What is special about item 11.
    pub date: DateRule,
    /// The row afterwards.
    pub after: RowAfter,
}

impl Rule {
    /// What a difference of `item` means.
    pub fn meaning(&self, item: Item) -> Meaning {
        self.differences
            .iter()
            .find(|(of, _)| *of == item)
            .map_or(Meaning::Allowed, |(_, meaning)| *meaning)
    }

    /// True where the notice is compared with the master at all.
    pub fn compares(&self) -> bool {
        !self.differences.is_empty()
    }
}

/// An item as it counts in comparisons: a blank 3, 8, 23, 24, 26, 28 is zero, a blank 15 is 000000.
pub fn counted(row: &Row, item: Item) -> &str {
    let text = row.get(item);
    if !text.is_empty() {
        return text;
    }
    match item {
        NameGaijiCount
        | AddressGaijiCount
        | NameGaijiSeq
        | AddressGaijiSeq
        | FormerSurnameGaijiCount
        | FormerSurnameGaijiSeq => "000",
        AzaCode => "000000",
        Item::JuminCode
        | KanjiName
        | KanaName
        | BirthDate
        | Sex
        | Address
        | MyNumber
        | Item::ChangeReason
        | Item::ChangeDate
        | Item::RetentionFlag
        | SeionKanaName
        | MunicipalityCode
        | Item::OperatorId
        | Item::TerminalId
        | Item::Timestamp
        | Item::ReceivedDate
        | GaijiFlag
        | Item::DeletedFlag
        | Item::UpdateSeq
        | FormerSurnameKanji
        | FormerSurnameKana => text,
    }
}

/// True where `item` of the two rows differs, as stored text; `part` says which part of item 5 counts.
pub fn differs(item: Item, a: &Row, b: &Row, part: BirthPart) -> bool {
    let (a, b) = (counted(a, item), counted(b, item));
    match (item, part) {
        (BirthDate, BirthPart::Day) => day_of_birth(a) != day_of_birth(b),
        _ => a != b,
    }
}

/// The last eight characters of item 5: the day without its era digit.
pub fn day_of_birth(birth: &str) -> &str {
    birth.get(1..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::ids::PartyId;
    use super::*;

    #[test]
    fn a_blank_counts_as_zero_where_the_rules_say_so() {
        let mut zero = Row::blank(PartyId::parse("052019").unwrap());
        let blank = zero.clone();
        for item in [3, 8, 23, 24, 26, 28].map(|number| Item::from_number(number).unwrap()) {
            assert!(zero.set(item, "000"));
            assert!(!differs(item, &zero, &blank, BirthPart::Whole), "{item:?}");
        }
        assert!(zero.set(AzaCode, "000000") && zero.set(GaijiFlag, "0"));
        assert!(!differs(AzaCode, &zero, &blank, BirthPart::Whole));
        assert!(differs(GaijiFlag, &zero, &blank, BirthPart::Whole));
        assert!(zero.set(NameGaijiSeq, "001"));
        assert!(differs(NameGaijiSeq, &zero, &blank, BirthPart::Whole));
    }

    #[test]
    fn the_era_digit_counts_only_as_a_whole() {
        let mut a = Row::blank(PartyId::parse("052019").unwrap());
        let mut b = a.clone();
        assert!(a.set(BirthDate, "019800203") && b.set(BirthDate, "319800203"));
        assert!(differs(BirthDate, &a, &b, BirthPart::Whole));
        assert!(!differs(BirthDate, &a, &b, BirthPart::Day));
        assert!(b.set(BirthDate, "319800204"));
        assert!(differs(BirthDate, &a, &b, BirthPart::Day));
    }
}
