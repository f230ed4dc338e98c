//! The likely cause of a difference: a table of facts, walked from its first row. A cause is a hint for the clerk, never a
//! decision: every difference is reported whatever its cause.

macro_rules! causes {
    ($($variant:ident = $name:literal, $ja:literal, $en:literal, $todo_ja:literal, $todo_en:literal;)*) => {
        /// Likely cause of a difference, the least serious first: that of a person is the greatest of its items.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cause { $(#[doc = concat!($ja, ": ", $en, ".")] $variant,)* }

        impl Cause {
            /// All causes, the least serious first.
            pub const ALL: [Self; 7] = [$(Self::$variant,)*];

            /// The row of the table.
            pub const fn row(self) -> &'static CauseRow {
                match self {
                    $(Self::$variant => &CauseRow {
                        name: $name, ja: $ja, en: $en, todo_ja: $todo_ja, todo_en: $todo_en,
                    },)*
                }
            }

            /// The cause with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|cause| cause.row().name == name)
            }
        }
    };
}

/// One row of the table of causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CauseRow {
    /// Name in `--json` and in stored lives.
    pub name: &'static str,
    /// In Japanese.
    pub ja: &'static str,
    /// In English.
    pub en: &'static str,
    /// What to do, in Japanese.
    pub todo_ja: &'static str,
    /// What to do, in English.
    pub todo_en: &'static str,
}

causes! {
    KanaForm = "kana_form", "かなの書き方だけの違い", "the readings differ in their form only",
        "調べるには及ばない", "nothing to look into";
    GaijiSerial = "gaiji_serial", "外字変更連番だけの違い", "only the number of a gaiji image set differs",
        "外字の画像を送り直す", "exchange the images of the gaiji again";
    SameCharacter = "same_character", "同じ文字の別のコード", "the same character in another code",
        "文字コードの対応表を確かめる", "check the table of character codes";
    RetiredCode = "retired_code", "変更前の住民票コード", "the person stands under a code that was replaced",
        "変更後の住民票コードに直す", "use the code that replaced it";
    NoticeAfter = "notice_after", "基準時点より後の通知", "a notice newer than base_at",
        "抽出の基準時点を確かめる", "check base_at of the extract";
    FileMissing = "file_missing", "保留中又は未着のファイル", "a file of the sender is held or missing",
        "保留を解くか、欠けている通番を送る", "settle the held file, or send the missing serial";
    TrueDifference = "true_difference", "実際の相違", "a true difference",
        "原票を調べて正しい方に直す", "look it up and correct the side that is wrong";
}

impl Cause {
    /// Position in [`Cause::ALL`].
    pub const fn index(self) -> usize {
        match self {
            Self::KanaForm => 0,
            Self::GaijiSerial => 1,
            Self::SameCharacter => 2,
            Self::RetiredCode => 3,
            Self::NoticeAfter => 4,
            Self::FileMissing => 5,
            Self::TrueDifference => 6,
        }
    }

    /// True for the causes that a report counts apart: the text means the same.
    pub const fn is_of_form(self) -> bool {
        match self {
            Self::KanaForm | Self::GaijiSerial | Self::SameCharacter => true,
            Self::RetiredCode | Self::NoticeAfter | Self::FileMissing | Self::TrueDifference => false,
        }
    }
}

/// What is known about one difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence(u8);

macro_rules! facts {
    ($($(#[$doc:meta])* $constant:ident = $bit:literal;)*) => {
        impl Evidence {
            $($(#[$doc])* pub const $constant: Self = Self(1 << $bit);)*
        }
    };
}

facts! {
    /// The register was as the extract says after a notice newer than `base_at`.
    LATER_EQUAL = 0;
    /// The person stands under a code that was replaced, or under the one that replaced it.
    REPLACED = 1;
    /// The two texts are the same characters in other codes, gaiji against their placeholder included.
    SAME_CHARACTER = 2;
    /// Only the number of an image set differs, the text it belongs to does not.
    SERIAL_ONLY = 3;
    /// The two readings are equal in the folded form of item 13.
    KANA_FORM = 4;
    /// A held file of the sender has a record of this code.
    IN_HELD_FILE = 5;
    /// A serial of the sender is missing: a later one waits.
    GAP = 6;
    /// The sender's record is newer than the register's, or one of the two has none.
    SENDER_NEWER = 7;
}

impl Evidence {
    /// Nothing is known.
    pub const NONE: Self = Self(0);

    /// Both together.
    #[must_use]
    pub const fn with(self, more: Self) -> Self {
        Self(self.0 | more.0)
    }

    /// The fact, if it holds.
    #[must_use]
    pub const fn when(self, holds: bool) -> Self {
        if holds { self } else { Self::NONE }
    }

    /// True where all of `facts` are known.
    pub const fn has(self, facts: Self) -> bool {
        self.0 & facts.0 == facts.0
    }

    /// The cause: the first row of [`TESTS`] whose facts are all known.
    pub fn cause(self) -> Cause {
        TESTS
            .iter()
            .find(|test| self.has(test.facts))
            .map_or(Cause::TrueDifference, |test| test.cause)
    }
}

/// One row: facts that together speak for a cause, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Test {
    /// All of them must be known.
    pub facts: Evidence,
    /// The cause they speak for.
    pub cause: Cause,
    /// Why, in Japanese.
    pub ja: &'static str,
    /// Why, in English.
    pub en: &'static str,
}

/// The rows in their order. Values that were compared come before circumstances: a form that is equal, or a later state that
/// is equal, is proved, while a missing file is only near.
pub const TESTS: [Test; 8] = [
    Test {
        facts: Evidence::LATER_EQUAL,
        cause: Cause::NoticeAfter,
        ja: "基準時点より後の通知を適用した値と一致する",
        en: "equal to the register after a notice newer than base_at",
    },
    Test {
        facts: Evidence::REPLACED,
        cause: Cause::RetiredCode,
        ja: "同じ方が変更前又は変更後の住民票コードにある",
        en: "the person stands under the code before or after a change of code",
    },
    Test {
        facts: Evidence::SAME_CHARACTER,
        cause: Cause::SameCharacter,
        ja: "文字コードを揃えると一致する（外字と〓を含む）",
        en: "equal once the codes of characters are made one, gaiji and placeholder included",
    },
    Test {
        facts: Evidence::SERIAL_ONLY,
        cause: Cause::GaijiSerial,
        ja: "文字は一致し、連番だけが異なる",
        en: "the text is equal, only its image set is numbered otherwise",
    },
    Test {
        facts: Evidence::KANA_FORM,
        cause: Cause::KanaForm,
        ja: "清音化すると一致する",
        en: "equal in the folded form of item 13",
    },
    Test {
        facts: Evidence::IN_HELD_FILE,
        cause: Cause::FileMissing,
        ja: "送信元の保留中のファイルにこの方の通知がある",
        en: "a held file of the sender has a notice about this code",
    },
    Test {
        facts: Evidence::GAP.with(Evidence::SENDER_NEWER),
        cause: Cause::FileMissing,
        ja: "送信元の通番が欠け、送信元の記録の方が新しい",
        en: "a serial of the sender is missing, and its record is the newer one",
    },
    Test {
        facts: Evidence::NONE,
        cause: Cause::TrueDifference,
        ja: "他の原因が見当たらない",
        en: "nothing else explains it",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_of_the_table_decides_where_it_is_the_first() {
        for (index, test) in TESTS.iter().enumerate() {
            assert_eq!(test.facts.cause(), test.cause, "row {index}");
            // Whatever stands below it changes nothing.
            let below = TESTS[index..]
                .iter()
                .fold(Evidence::NONE, |all, test| all.with(test.facts));
            assert_eq!(below.cause(), test.cause, "row {index} with all below it");
        }
    }

    #[test]
    fn a_gap_alone_explains_nothing() {
        assert_eq!(Evidence::GAP.cause(), Cause::TrueDifference);
        assert_eq!(Evidence::SENDER_NEWER.cause(), Cause::TrueDifference);
    }

    #[test]
    fn causes_have_their_place_and_name() {
        for (index, cause) in Cause::ALL.into_iter().enumerate() {
            assert_eq!(cause.index(), index);
            assert_eq!(Cause::from_name(cause.row().name), Some(cause));
        }
        assert_eq!(Cause::from_name(""), None);
        assert!(Cause::TrueDifference > Cause::FileMissing && Cause::FileMissing > Cause::KanaForm);
    }
}
