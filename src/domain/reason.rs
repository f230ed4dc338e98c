//! Reasons of a change (異動事由), item 10: the twenty of 規則11条 and the confirmation (rules 2.1).
//!
//! The numbering is this register's own; the network's is not public.

/// What a reason does to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// 記載: a record begins, or begins again.
    Entry,
    /// 消除: a record ends.
    Removal,
    /// 修正: items of a record change.
    Amendment,
    /// 個人番号: item 9 changes.
    Number,
    /// 住民票コード: item 1 changes.
    Code,
    /// 転入通知受理: a removal is confirmed, nothing changes.
    Confirmation,
}

impl Class {
    /// All classes.
    pub const ALL: [Self; 6] = [
        Self::Entry,
        Self::Removal,
        Self::Amendment,
        Self::Number,
        Self::Code,
        Self::Confirmation,
    ];

    /// Name in Japanese.
    pub const fn ja(self) -> &'static str {
        match self {
            Self::Entry => "記載",
            Self::Removal => "消除",
            Self::Amendment => "修正",
            Self::Number => "個人番号",
            Self::Code => "住民票コード",
            Self::Confirmation => "確認",
        }
    }

    /// Name in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::Removal => "removal",
            Self::Amendment => "amendment",
            Self::Number => "number",
            Self::Code => "code",
            Self::Confirmation => "confirmation",
        }
    }

    /// Place in the order of a run for notices of one instant (rules 2.5): removals, then entries, then the rest, so
    /// that a 転出 precedes the 転入 of the same moment.
    pub const fn rank(self) -> u8 {
        match self {
            Self::Removal => 0,
            Self::Entry => 1,
            Self::Amendment | Self::Number | Self::Code | Self::Confirmation => 2,
        }
    }
}

macro_rules! reasons {
    ($($variant:ident = $number:literal, $ja:literal, $en:literal, $class:ident, $basis:literal, $note_ja:literal, $note_en:literal;)*) => {
        /// Item 10 by its code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Reason {
            $(#[doc = concat!("`", stringify!($number), "` ", $ja, ": ", $en, ".")] $variant = $number,)*
        }

        impl Reason {
            /// All reasons in the order of their codes.
            pub const ALL: [Self; 21] = [$(Self::$variant,)*];

            /// The two digits of item 10 as a number.
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }

            /// The two digits of item 10.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => stringify!($number),)* }
            }

            /// Name in Japanese, as the regulation has it.
            pub const fn ja(self) -> &'static str {
                match self { $(Self::$variant => $ja,)* }
            }

            /// Name in English.
            pub const fn en(self) -> &'static str {
                match self { $(Self::$variant => $en,)* }
            }

            /// What the reason does to a record.
            pub const fn class(self) -> Class {
                match self { $(Self::$variant => Class::$class,)* }
            }

            /// Where the law has it.
            pub const fn basis(self) -> &'static str {
                match self { $(Self::$variant => $basis,)* }
            }

            /// A remark in Japanese, empty if there is none.
            pub const fn note_ja(self) -> &'static str {
                match self { $(Self::$variant => $note_ja,)* }
            }

            /// A remark in English, empty if there is none.
            pub const fn note_en(self) -> &'static str {
                match self { $(Self::$variant => $note_en,)* }
            }

            /// The reason with this number.
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// Reads the two digits of item 10.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|reason| reason.code() == text)
            }
        }
    };
}

reasons! {
    MoveIn = 11, "国内転入", "move-in from elsewhere in Japan", Entry, "規則11条、法22条", "", "";
    MoveInFromAbroad = 12, "国外転入等", "move-in from abroad, or first registration of a foreign resident", Entry, "規則11条、法22条", "", "";
    Birth = 13, "出生", "birth", Entry, "規則11条", "", "";
    EntryNaturalized = 14, "職権記載等（帰化等）", "ex-officio entry after naturalization", Entry, "規則11条", "24の後半", "second half of the pair 24 + 14";
    EntryNationalityLost = 15, "職権記載等（国籍喪失）", "ex-officio entry after loss of nationality", Entry, "規則11条", "25の後半", "second half of the pair 25 + 15";
    EntryExOfficio = 16, "職権記載等", "any other ex-officio entry", Entry, "規則11条、法8条", "消除した記録の回復を含む", "restoration of a removed record included";
    MoveOut = 21, "国内転出", "move-out within Japan", Removal, "規則11条、法24条", "異動年月日は予定の日でもよい", "item 11 may be a planned, future date";
    MoveOutAbroad = 22, "国外転出", "move-out abroad", Removal, "規則11条、法24条", "異動年月日は予定の日でもよい", "item 11 may be a planned, future date";
    Death = 23, "死亡", "death", Removal, "規則11条", "", "";
    RemovalNaturalized = 24, "職権消除等（帰化等）", "ex-officio removal for naturalization", Removal, "規則11条", "14の前半", "first half of the pair 24 + 14";
    RemovalNationalityLost = 25, "職権消除等（国籍喪失）", "ex-officio removal for loss of nationality", Removal, "規則11条", "15の前半", "first half of the pair 25 + 15";
    RemovalExOfficio = 26, "職権消除等", "any other ex-officio removal", Removal, "規則11条、法8条", "", "";
    ChangeOfAddress = 31, "転居", "change of address within one municipality", Amendment, "規則11条、法23条", "", "";
    MinorCorrection = 32, "軽微な修正", "rewriting of name or address without change of substance", Amendment, "規則11条", "", "";
    Correction = 33, "職権修正等", "any other correction", Amendment, "規則11条、法8条", "婚姻、養子縁組、誤り、旧氏など", "marriage, adoption, errors, former surname";
    NumberOnRequest = 41, "個人番号の変更請求", "change of My Number on request", Number, "規則11条、番号法7条", "", "";
    NumberExOfficio = 42, "個人番号の職権修正", "change of My Number ex officio", Number, "規則11条", "", "";
    NumberRecorded = 43, "個人番号の職権記載等", "first recording of My Number, or of a missing one", Number, "規則11条", "", "";
    CodeOnRequest = 51, "住民票コードの変更請求", "change of the resident record code on request", Code, "規則11条、法30条の4", "", "";
    CodeExOfficio = 52, "住民票コードの職権記載等", "recording of a resident record code ex officio", Code, "規則11条、法30条の3", "変更前の住民票コードが空欄なら記録の新設", "creates a record where the old code is blank";
    MoveInConfirmed = 90, "転入通知受理（転出確定）", "notice of the move-in received by the old municipality", Confirmation, "令13条③④", "異動事由ではなく任意の通知", "not a reason of the regulation but an optional message";
}

impl Reason {
    /// Position in [`Reason::ALL`], from 0.
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|reason| *reason == self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_back_and_nothing_else_is() {
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.code()), Some(reason));
            assert_eq!(Reason::from_number(reason.number()), Some(reason));
            assert_eq!(reason.number().to_string(), reason.code());
            assert_eq!(Reason::ALL[reason.index()], reason);
            assert!(!reason.basis().is_empty());
        }
        for bad in ["", "1", "10", "17", "44", "99", "XX", "１１", " 11", "011"] {
            assert_eq!(Reason::parse(bad), None, "{bad}");
        }
        assert_eq!(Reason::from_number(53), None);
    }

    #[test]
    fn the_first_digit_is_the_class() {
        for reason in Reason::ALL {
            let class = match reason.number() / 10 {
                1 => Class::Entry,
                2 => Class::Removal,
                3 => Class::Amendment,
                4 => Class::Number,
                5 => Class::Code,
                _ => Class::Confirmation,
            };
            assert_eq!(reason.class(), class);
        }
        assert!(Class::Removal.rank() < Class::Entry.rank());
        assert!(Class::Entry.rank() < Class::Amendment.rank());
    }
}
