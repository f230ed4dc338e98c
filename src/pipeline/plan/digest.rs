//! What makes two notices of one key the same: all items but those of the key and those that the server sets.

use sha2::{Digest, Sha256};

use crate::domain::compare::counted;
use crate::domain::ids::JuminCode;
use crate::domain::item::Item;
use crate::domain::notice::{Notice, NoticeDigest};

/// Items 2-9, 11, 14-17, 20, 23-28 (rules 9).
const ITEMS: [Item; 20] = [
    Item::KanjiName,
    Item::NameGaijiCount,
    Item::KanaName,
    Item::BirthDate,
    Item::Sex,
    Item::Address,
    Item::AddressGaijiCount,
    Item::MyNumber,
    Item::ChangeDate,
    Item::MunicipalityCode,
    Item::AzaCode,
    Item::OperatorId,
    Item::TerminalId,
    Item::GaijiFlag,
    Item::NameGaijiSeq,
    Item::AddressGaijiSeq,
    Item::FormerSurnameKanji,
    Item::FormerSurnameGaijiCount,
    Item::FormerSurnameKana,
    Item::FormerSurnameGaijiSeq,
];

/// SHA-256 over the compared items and both old numbers, each with its length in front, so that text cannot move from
/// one item to the next unseen. A blank that counts as zero is the same as the zero.
pub fn digest(notice: &Notice) -> NoticeDigest {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update(u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(text.as_bytes());
    };
    for item in ITEMS {
        add(counted(&notice.row, item));
    }
    add(&notice.old_my_number);
    add(&notice.old_jumin_code.map(JuminCode::text).unwrap_or_default());
    hash.finalize().into()
}
