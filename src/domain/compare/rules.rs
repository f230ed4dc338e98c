//! The rule of each reason: the table of rules 2.4, row by row.

use super::{BirthPart, DateRule, DerivedRule, Meaning, MustChange, NumberRule, OldRule, RowAfter, Rule};
use crate::domain::code::Code::{L110, L117, W201, W202, W207, W211};
use crate::domain::item::Item::{
    self, Address, AddressGaijiSeq, AzaCode, BirthDate, FormerSurnameGaijiSeq, FormerSurnameKana, FormerSurnameKanji,
    KanaName, KanjiName, MunicipalityCode, MyNumber, NameGaijiSeq, Sex,
};
use crate::domain::reason::Reason;

const NOT: Meaning = Meaning::Found(L110);

const ENTRY: Rule = Rule {
    differences: &[
        (BirthDate, Meaning::Found(W201)),
        (Sex, Meaning::Found(W201)),
        (MyNumber, Meaning::FoundIfBothGiven(W202)),
    ],
    birth: BirthPart::Whole,
    derived: DerivedRule::Free,
    must_change: MustChange::Nothing,
    number: NumberRule::UnlessFirst,
    old: OldRule::Unused,
    date: DateRule::Plain,
    after: RowAfter::Notice,
};

const PAIR: Rule = Rule {
    differences: &[
        (BirthDate, NOT),
        (Sex, NOT),
        (Address, NOT),
        (MyNumber, NOT),
        (MunicipalityCode, NOT),
    ],
    birth: BirthPart::Day,
    derived: BOUND,
    must_change: MustChange::Nothing,
    number: NumberRule::Free,
    old: OldRule::Unused,
    date: DateRule::OfPair,
    after: RowAfter::Notice,
};

const REMOVAL: Rule = Rule {
    differences: &[
        (KanjiName, Meaning::Found(W211)),
        (KanaName, Meaning::Found(W211)),
        (BirthDate, Meaning::Found(L117)),
        (Sex, Meaning::Found(L117)),
        (Address, Meaning::Found(W211)),
        (MyNumber, Meaning::Found(L117)),
        (MunicipalityCode, Meaning::Found(W211)),
        (FormerSurnameKanji, Meaning::Found(W211)),
        (FormerSurnameKana, Meaning::Found(W211)),
    ],
    birth: BirthPart::Whole,
    derived: DerivedRule::Free,
    must_change: MustChange::Nothing,
    number: NumberRule::Free,
    old: OldRule::Unused,
    date: DateRule::Plain,
    after: RowAfter::MasterKept,
};

const BOUND: DerivedRule = DerivedRule::Bound {
    may_grow: &[],
    may_change: &[],
};

const SERIALS: &[Item] = &[NameGaijiSeq, AddressGaijiSeq, FormerSurnameGaijiSeq];

const ADDRESS: Rule = Rule {
    differences: &[
        (KanjiName, NOT),
        (KanaName, NOT),
        (BirthDate, NOT),
        (Sex, NOT),
        (MyNumber, NOT),
        (MunicipalityCode, NOT),
        (FormerSurnameKanji, NOT),
        (FormerSurnameKana, NOT),
    ],
    birth: BirthPart::Whole,
    derived: BOUND,
    must_change: MustChange::Item(Address),
    number: NumberRule::Free,
    old: OldRule::Unused,
    date: DateRule::Plain,
    after: RowAfter::Notice,
};

const NUMBER: Rule = Rule {
    differences: &[
        (KanjiName, NOT),
        (KanaName, NOT),
        (BirthDate, NOT),
        (Sex, NOT),
        (Address, NOT),
        (MunicipalityCode, NOT),
        (FormerSurnameKanji, NOT),
        (FormerSurnameKana, NOT),
    ],
    must_change: MustChange::Item(MyNumber),
    number: NumberRule::Always,
    old: OldRule::MyNumber { required: true },
    ..ADDRESS
};

const CODE: Rule = Rule {
    differences: &[
        (KanjiName, NOT),
        (KanaName, NOT),
        (BirthDate, NOT),
        (Sex, NOT),
        (Address, NOT),
        (MyNumber, NOT),
        (MunicipalityCode, NOT),
        (FormerSurnameKanji, NOT),
        (FormerSurnameKana, NOT),
    ],
    must_change: MustChange::Nothing,
    old: OldRule::JuminCode { required: true },
    after: RowAfter::NewCode,
    ..ADDRESS
};

/// The rule of a reason.
pub const fn rule(reason: Reason) -> Rule {
    match reason {
        Reason::MoveIn => Rule {
            number: NumberRule::Always,
            ..ENTRY
        },
        Reason::MoveInFromAbroad | Reason::EntryExOfficio => ENTRY,
        Reason::Birth => Rule {
            differences: &[],
            number: NumberRule::Free,
            date: DateRule::OfBirth,
            ..ENTRY
        },
        Reason::EntryNaturalized | Reason::EntryNationalityLost => PAIR,
        Reason::MoveOut | Reason::MoveOutAbroad => Rule {
            date: DateRule::Planned,
            ..REMOVAL
        },
        Reason::Death | Reason::RemovalExOfficio => Rule {
            date: DateRule::MayBeUnknown,
            ..REMOVAL
        },
        Reason::RemovalNaturalized | Reason::RemovalNationalityLost => REMOVAL,
        Reason::ChangeOfAddress => ADDRESS,
        Reason::MinorCorrection => Rule {
            differences: &[
                (KanaName, Meaning::Found(W207)),
                (BirthDate, NOT),
                (Sex, NOT),
                (MyNumber, NOT),
                (FormerSurnameKana, Meaning::Found(W207)),
            ],
            derived: DerivedRule::Bound {
                may_grow: SERIALS,
                may_change: &[AzaCode],
            },
            must_change: MustChange::Anything,
            ..ADDRESS
        },
        Reason::Correction => Rule {
            differences: &[(MyNumber, NOT), (MunicipalityCode, NOT)],
            derived: DerivedRule::Bound {
                may_grow: SERIALS,
                may_change: &[],
            },
            must_change: MustChange::Anything,
            ..ADDRESS
        },
        Reason::NumberOnRequest | Reason::NumberExOfficio => NUMBER,
        Reason::NumberRecorded => Rule {
            old: OldRule::MyNumber { required: false },
            ..NUMBER
        },
        Reason::CodeOnRequest => CODE,
        Reason::CodeExOfficio => Rule {
            old: OldRule::JuminCode { required: false },
            ..CODE
        },
        Reason::MoveInConfirmed => Rule {
            differences: &[],
            derived: DerivedRule::Free,
            must_change: MustChange::Nothing,
            after: RowAfter::Unchanged,
            ..ADDRESS
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::{COMPARED, DERIVED, Test};
    use super::*;

    /// Compared items that a reason may change without a finding, by number: the column "may change" of 2.4.
    fn free(reason: Reason) -> Vec<u8> {
        COMPARED
            .into_iter()
            .filter(|item| rule(reason).meaning(*item) == Meaning::Allowed)
            .map(Item::number)
            .collect()
    }

    #[test]
    fn compared_items_and_parents_are_those_of_2_4() {
        assert_eq!(COMPARED.map(Item::number), [2, 4, 5, 6, 7, 9, 14, 25, 27]);
        let bound: Vec<(u8, u8)> = DERIVED
            .into_iter()
            .filter(|derived| derived.test == Test::Parent)
            .map(|derived| (derived.item.number(), derived.parent.number()))
            .collect();
        assert_eq!(bound, [(15, 7), (23, 2), (24, 7), (28, 25)]);
        let text: Vec<u8> = DERIVED
            .into_iter()
            .filter(|derived| derived.test == Test::Text)
            .map(|derived| derived.item.number())
            .collect();
        assert_eq!(text, [3, 8, 13, 20, 26]);
    }

    #[test]
    fn amendments_may_change_what_2_4_allows() {
        assert_eq!(free(Reason::ChangeOfAddress), [7]);
        assert_eq!(free(Reason::MinorCorrection), [2, 7, 14, 25]);
        assert_eq!(free(Reason::Correction), [2, 4, 5, 6, 7, 25, 27]);
        for reason in [Reason::NumberOnRequest, Reason::NumberExOfficio, Reason::NumberRecorded] {
            assert_eq!(free(reason), [9]);
        }
        for reason in [Reason::CodeOnRequest, Reason::CodeExOfficio] {
            assert!(free(reason).is_empty());
        }
        for reason in [Reason::EntryNaturalized, Reason::EntryNationalityLost] {
            assert_eq!(free(reason), [2, 4, 25, 27]);
            assert_eq!(rule(reason).birth, BirthPart::Day);
        }
    }
}
