//! The classes of rules section 4, their order of precedence, and the items that are compared.

use crate::domain::item::Item;

/// One row of the table of classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassRow {
    /// Number in an RCR.
    pub number: u8,
    /// Name in an RCR and in `--json`.
    pub name: &'static str,
    /// What it means, in Japanese.
    pub ja: &'static str,
    /// What it means, in English.
    pub en: &'static str,
    /// What the clerk of the municipality does, in Japanese.
    pub todo_ja: &'static str,
    /// What the clerk of the municipality does, in English.
    pub todo_en: &'static str,
}

macro_rules! classes {
    ($($variant:ident = $number:literal, $name:literal, $ja:literal, $en:literal, $todo_ja:literal, $todo_en:literal;)*) => {
        /// Class of a difference. A record without one is a MATCH and is only counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Class { $(#[doc = concat!("`", stringify!($number), "` ", $name, ": ", $en, ".")] $variant,)* }

        impl Class {
            /// All classes in the order of their numbers.
            pub const ALL: [Self; 9] = [$(Self::$variant,)*];

            /// The row of the table.
            pub const fn row(self) -> &'static ClassRow {
                match self {
                    $(Self::$variant => &ClassRow {
                        number: $number, name: $name, ja: $ja, en: $en, todo_ja: $todo_ja, todo_en: $todo_en,
                    },)*
                }
            }

            /// The class with this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

classes! {
    Diff = 10, "DIFF", "項目の値が異なる", "some items differ",
        "値を確かめ、必要なら修正の通知を送る", "check the values; send an amendment where ours is wrong";
    OnlyInExtract = 20, "ONLY_IN_EXTRACT", "抽出にだけある", "no such code in the register",
        "記載の通知を送ったか確かめる", "check that the entry was notified";
    OnlyInMaster = 30, "ONLY_IN_MASTER", "抽出にない", "resident of the sender, absent from a full extract",
        "消除の通知を送ったか確かめる", "check that the removal was notified";
    RemovedInMaster = 40, "REMOVED_IN_MASTER", "県では消除されている", "removed in the register",
        "消除の誤りか、記載の通知漏れかを確かめる", "check for a wrong removal or a missing entry";
    OtherMunicipality = 50, "OTHER_MUNICIPALITY", "県では他の市町村の住民", "resident of another municipality in the register",
        "転出入の通知を確かめる", "check the notices of the move";
    CodeRetired = 60, "CODE_RETIRED", "廃止された住民票コード", "the code was replaced by another one",
        "変更後の住民票コードに直す", "use the code that replaced it";
    PersonMismatch = 70, "PERSON_MISMATCH", "氏名と生年月日が共に異なる", "name and date of birth both differ",
        "住民票コードの取り違えとして直ちに調べる", "look into it at once: the code may be another person's";
    DuplicateInExtract = 80, "DUPLICATE_IN_EXTRACT", "抽出の中で重複", "second or later record of one code",
        "抽出の作り方を確かめる", "check how the extract is made";
    Invalid = 90, "INVALID", "記録の形式又はコードの誤り", "the record has an F or C finding",
        "記録を直して抽出を送り直す", "correct the record and send the extract again";
}

impl Class {
    /// The number of the class.
    pub const fn number(self) -> u8 {
        self.row().number
    }

    /// True for the classes of a person in one of the two registers: those that live on from one extract to the next.
    /// 80 and 90 are faults of the extract itself and end with it.
    pub const fn is_of_person(self) -> bool {
        match self {
            Self::Diff
            | Self::OnlyInExtract
            | Self::OnlyInMaster
            | Self::RemovedInMaster
            | Self::OtherMunicipality
            | Self::CodeRetired
            | Self::PersonMismatch => true,
            Self::DuplicateInExtract | Self::Invalid => false,
        }
    }
}

/// The first that fits decides; then MATCH. 30 is no class of an extract record and stands behind all others.
pub const PRECEDENCE: [Class; 8] = [
    Class::Invalid,
    Class::DuplicateInExtract,
    Class::CodeRetired,
    Class::OnlyInExtract,
    Class::RemovedInMaster,
    Class::OtherMunicipality,
    Class::PersonMismatch,
    Class::Diff,
];

/// The compared items, in the order in which an RCR lists them.
pub const RECONCILED: [Item; 16] = [
    Item::KanjiName,
    Item::NameGaijiCount,
    Item::KanaName,
    Item::BirthDate,
    Item::Sex,
    Item::Address,
    Item::AddressGaijiCount,
    Item::MyNumber,
    Item::MunicipalityCode,
    Item::AzaCode,
    Item::NameGaijiSeq,
    Item::AddressGaijiSeq,
    Item::FormerSurnameKanji,
    Item::FormerSurnameGaijiCount,
    Item::FormerSurnameKana,
    Item::FormerSurnameGaijiSeq,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_section_4() {
        let numbers: Vec<u8> = PRECEDENCE.into_iter().map(Class::number).collect();
        assert_eq!(numbers, [90, 80, 60, 20, 40, 50, 70, 10]);
        let items: Vec<u8> = RECONCILED.into_iter().map(Item::number).collect();
        assert_eq!(items, [2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 23, 24, 25, 26, 27, 28]);
        for class in Class::ALL {
            assert_eq!(Class::from_number(class.number()), Some(class));
            assert_eq!(class.is_of_person(), class.number() < 80);
        }
        assert_eq!(Class::from_number(0), None);
        assert_eq!(Class::from_number(100), None);
    }
}
