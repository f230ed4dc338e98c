//! Items that must not be blank (F005; rules 2.6).

use super::compare::{OldRule, rule};
use super::item::Item;
use super::reason::Reason;

/// Items that every notice and every extract record needs.
pub const REQUIRED: [Item; 12] = [
    Item::JuminCode,
    Item::KanjiName,
    Item::BirthDate,
    Item::Sex,
    Item::Address,
    Item::ChangeReason,
    Item::ChangeDate,
    Item::MunicipalityCode,
    Item::OperatorId,
    Item::TerminalId,
    Item::Timestamp,
    Item::UpdateSeq,
];

/// True where `reason` needs `old_my_number`: 41 and 42.
pub const fn needs_old_my_number(reason: Reason) -> bool {
    matches!(rule(reason).old, OldRule::MyNumber { required: true })
}

/// True where `reason` needs `old_jumin_code`: 51.
pub const fn needs_old_jumin_code(reason: Reason) -> bool {
    matches!(rule(reason).old, OldRule::JuminCode { required: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn required_are_the_items_of_f005() {
        assert_eq!(REQUIRED.map(Item::number), [1, 2, 5, 6, 7, 10, 11, 14, 16, 17, 18, 22]);
        let with = |test: fn(Reason) -> bool| -> Vec<u8> {
            Reason::ALL
                .into_iter()
                .filter(|reason| test(*reason))
                .map(Reason::number)
                .collect()
        };
        assert_eq!(with(needs_old_my_number), [41, 42]);
        assert_eq!(with(needs_old_jumin_code), [51]);
    }
}
