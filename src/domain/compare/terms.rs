//! What the rules of 2.4 are made of: compared and derived items, and the columns of a rule.

use crate::domain::code::Code;
use crate::domain::item::Item::{
    self, Address, AddressGaijiCount, AddressGaijiSeq, AzaCode, BirthDate, FormerSurnameGaijiCount,
    FormerSurnameGaijiSeq, FormerSurnameKana, FormerSurnameKanji, GaijiFlag, KanaName, KanjiName, MunicipalityCode,
    MyNumber, NameGaijiCount, NameGaijiSeq, SeionKanaName, Sex,
};

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
}
