//! The 28 items (項目) of a record of the register: numbers, names in both languages, who sets them.

/// Byte type of a field on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `X`: ASCII, left-justified, space-filled.
    Ascii,
    /// `9`: digits, right-justified, zero-filled; all spaces is blank.
    Digits,
    /// `N`: wide characters, filled with U+3000.
    Wide,
}

/// One row of the table of items.
#[derive(Debug, Clone, Copy)]
pub struct ItemRow {
    /// Field name in the layouts, e.g. `jumin_code`.
    pub name: &'static str,
    /// The name the law and the assessment use.
    pub ja: &'static str,
    /// English name.
    pub en: &'static str,
    /// Byte type on the wire.
    pub kind: Kind,
    /// Digits in their full width or wholly blank (F006), whatever the byte type.
    pub digits: bool,
    /// Personal data that no log, error text or file name may carry.
    pub personal: bool,
    /// Set by the server, not by the municipality.
    pub server: bool,
}

macro_rules! items {
    ($($variant:ident = $no:literal, $name:literal, $ja:literal, $en:literal, $kind:ident, $digits:literal, $personal:literal, $server:literal;)*) => {
        /// An item of the record, by its number 1 to 28.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Item {
            $(#[doc = concat!("Item ", stringify!($no), ": ", $ja, " (", $en, ").")] $variant = $no,)*
        }

        impl Item {
            /// All items in the order of their numbers.
            pub const ALL: [Self; 28] = [$(Self::$variant,)*];

            /// The item's number, 1 to 28.
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $no,)* }
            }

            /// The item's row of the table.
            pub const fn row(self) -> &'static ItemRow {
                match self {
                    $(Self::$variant => &ItemRow {
                        name: $name, ja: $ja, en: $en, kind: Kind::$kind, digits: $digits, personal: $personal, server: $server,
                    },)*
                }
            }

            /// The item with this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($no => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

items! {
    JuminCode = 1, "jumin_code", "住民票コード", "resident record code", Ascii, true, true, false;
    KanjiName = 2, "kanji_name", "漢字氏名", "name in kanji", Wide, false, true, false;
    NameGaijiCount = 3, "name_gaiji_count", "氏名外字数", "gaiji in the name", Digits, true, false, false;
    KanaName = 4, "kana_name", "ふりがな氏名", "reading of the name", Wide, false, true, false;
    BirthDate = 5, "birth_date", "生年月日", "date of birth", Ascii, false, true, false;
    Sex = 6, "sex", "性別", "sex", Ascii, false, true, false;
    Address = 7, "address", "住所", "address", Wide, false, true, false;
    AddressGaijiCount = 8, "address_gaiji_count", "住所外字数", "gaiji in the address", Digits, true, false, false;
    MyNumber = 9, "my_number", "個人番号", "My Number", Ascii, true, true, false;
    ChangeReason = 10, "change_reason", "異動事由", "reason of the change", Ascii, false, false, false;
    ChangeDate = 11, "change_date", "異動年月日", "date of the change", Ascii, false, true, false;
    RetentionFlag = 12, "retention_flag", "保存期間フラグ", "retention flag", Ascii, false, false, true;
    SeionKanaName = 13, "seion_kana_name", "清音化かな氏名", "folded reading of the name", Wide, false, true, true;
    MunicipalityCode = 14, "municipality_code", "市町村コード", "municipality code", Ascii, true, false, false;
    AzaCode = 15, "aza_code", "大字・字コード", "code of the part of town", Ascii, true, true, false;
    OperatorId = 16, "operator_id", "操作者ID", "operator", Ascii, false, false, false;
    TerminalId = 17, "terminal_id", "操作端末ID", "terminal", Ascii, false, false, false;
    Timestamp = 18, "timestamp", "タイムスタンプ", "time of the operation", Digits, true, false, false;
    ReceivedDate = 19, "received_date", "通知を受けた年月日", "date of receipt", Digits, true, false, true;
    GaijiFlag = 20, "gaiji_flag", "外字フラグ", "gaiji flag", Ascii, false, false, false;
    DeletedFlag = 21, "deleted_flag", "削除フラグ", "removal flag", Ascii, false, false, true;
    UpdateSeq = 22, "update_seq", "更新順番号", "order of updates", Digits, true, false, false;
    NameGaijiSeq = 23, "name_gaiji_seq", "氏名外字変更連番", "image set of the name", Digits, true, false, false;
    AddressGaijiSeq = 24, "address_gaiji_seq", "住所外字変更連番", "image set of the address", Digits, true, false, false;
    FormerSurnameKanji = 25, "former_surname_kanji", "旧氏（漢字）", "former surname in kanji", Wide, false, true, false;
    FormerSurnameGaijiCount = 26, "former_surname_gaiji_count", "旧氏外字数", "gaiji in the former surname", Digits, true, false, false;
    FormerSurnameKana = 27, "former_surname_kana", "旧氏（ふりがな）", "reading of the former surname", Wide, false, true, false;
    FormerSurnameGaijiSeq = 28, "former_surname_gaiji_seq", "旧氏外字変更連番", "image set of the former surname", Digits, true, false, false;
}

impl Item {
    /// Position in arrays of 28.
    pub const fn index(self) -> usize {
        self.number() as usize - 1
    }

    /// The item whose layout field has this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|item| item.row().name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_1_to_28_without_gap_and_names_differ() {
        for (index, item) in Item::ALL.into_iter().enumerate() {
            assert_eq!(item.index(), index);
            assert_eq!(Item::from_number(item.number()), Some(item));
            assert_eq!(Item::from_name(item.row().name), Some(item));
        }
        assert_eq!(Item::from_number(0), None);
        assert_eq!(Item::from_number(29), None);
    }

    #[test]
    fn the_server_sets_12_13_19_21() {
        let set: Vec<u8> = Item::ALL
            .into_iter()
            .filter(|i| i.row().server)
            .map(Item::number)
            .collect();
        assert_eq!(set, [12, 13, 19, 21]);
    }
}
