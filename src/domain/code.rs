//! The closed list of finding codes (rules 2.6). Words, severity and legal basis are in `finding`.

macro_rules! codes {
    ($($variant:ident = $text:literal),* $(,)?) => {
        /// A finding code. The order is that of the text, which is the order of a RES.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $(#[doc = concat!("`", $text, "`")] $variant,)* }
        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// The text that travels in a RES, at most five ASCII characters.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)* } }
            /// The code with this text.
            pub fn parse(text: &str) -> Option<Self> { match text { $($text => Some(Self::$variant),)* _ => None } }
        }
    };
}

codes! {
    C001 = "C001", C002 = "C002", C003 = "C003", C004 = "C004", C005 = "C005", C006 = "C006", C007 = "C007",
    C008 = "C008", C009 = "C009", C010 = "C010",
    E01 = "E01", E02 = "E02", E03 = "E03",
    F001 = "F001", F002 = "F002", F003 = "F003", F004 = "F004", F005 = "F005", F006 = "F006",
    H01 = "H01", H02 = "H02", H03 = "H03", H04 = "H04", H05 = "H05", H06 = "H06", H07 = "H07", H08 = "H08",
    H09 = "H09", H10 = "H10",
    L101 = "L101", L102 = "L102", L102b = "L102b", L103 = "L103", L104 = "L104", L104b = "L104b", L105 = "L105",
    L106 = "L106", L107 = "L107", L108 = "L108", L109 = "L109", L110 = "L110", L111 = "L111", L112 = "L112",
    L113 = "L113", L114 = "L114", L115 = "L115", L116 = "L116", L117 = "L117", L118 = "L118", L119 = "L119",
    L120 = "L120",
    P01 = "P01",
    W201 = "W201", W202 = "W202", W203 = "W203", W204 = "W204", W205 = "W205", W206 = "W206", W207 = "W207",
    W208 = "W208", W209 = "W209", W210 = "W210", W211 = "W211",
}

impl Code {
    /// True for a warning: the record is applied, the sender is told.
    pub fn is_warning(self) -> bool {
        self.as_str().starts_with('W')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_read_back() {
        for pair in Code::ALL.windows(2) {
            assert!(
                pair[0].as_str() < pair[1].as_str(),
                "{} {}",
                pair[0].as_str(),
                pair[1].as_str()
            );
            assert!(pair[0] < pair[1]);
        }
        for code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(*code));
            assert!(code.as_str().len() <= 5);
        }
        assert_eq!(Code::parse("L999"), None);
    }
}
