//! How the items of two rows are compared: as stored text, with the blanks that count as zero.

use super::terms::BirthPart;
use crate::domain::item::Item::{
    self, Address, AddressGaijiCount, AddressGaijiSeq, AzaCode, BirthDate, FormerSurnameGaijiCount,
    FormerSurnameGaijiSeq, FormerSurnameKana, FormerSurnameKanji, GaijiFlag, KanaName, KanjiName, MunicipalityCode,
    MyNumber, NameGaijiCount, NameGaijiSeq, SeionKanaName, Sex,
};
use crate::domain::row::Row;

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
    use super::*;
    use crate::domain::ids::PartyId;

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
