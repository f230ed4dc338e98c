//! Dates of the record: item 5 with its era digit and unknown parts, item 11, and the key they are sorted by
//! (rules 5.1 and 9).
//!
//! Grammar of a day of eight characters: year `0000` (unknown) or four digits; month `00`, `A1`-`A4` (spring, summer,
//! autumn, winter) or `01`-`12`; day `00`, `A1`-`A3` (first, middle, last ten days) or `01`-`31`. The day is unknown
//! where the month is, the month where the year is.

use super::instant::BusinessDate;

/// An era digit of item 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Era {
    /// `0`: Gregorian, for foreign residents; no range.
    Gregorian,
    /// `1`: 明治.
    Meiji,
    /// `2`: 大正.
    Taisho,
    /// `3`: 昭和.
    Showa,
    /// `4`: 平成.
    Heisei,
    /// `5`: 令和.
    Reiwa,
}

/// One row of the table of eras: digit, name, first and last day as YYYYMMDD. A day on which one era ends and the
/// next begins is valid in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EraRow {
    /// The era.
    pub era: Era,
    /// First character of item 5.
    pub digit: char,
    /// Name in Japanese.
    pub ja: &'static str,
    /// Name in English.
    pub en: &'static str,
    /// First day.
    pub first: u32,
    /// Last day.
    pub last: u32,
}

/// Year, month and day as the number YYYYMMDD.
const fn ymd(day: [u32; 3]) -> u32 {
    let [year, month, day] = day;
    year * 10_000 + month * 100 + day
}

const fn era(era: Era, digit: char, ja: &'static str, en: &'static str, first: [u32; 3], last: [u32; 3]) -> EraRow {
    EraRow {
        era,
        digit,
        ja,
        en,
        first: ymd(first),
        last: ymd(last),
    }
}

/// The eras of item 5.
pub const ERAS: [EraRow; 6] = [
    era(Era::Gregorian, '0', "西暦", "Gregorian", [1, 1, 1], [9999, 12, 31]),
    era(Era::Meiji, '1', "明治", "Meiji", [1868, 1, 25], [1912, 7, 30]),
    era(Era::Taisho, '2', "大正", "Taisho", [1912, 7, 30], [1926, 12, 25]),
    era(Era::Showa, '3', "昭和", "Showa", [1926, 12, 25], [1989, 1, 7]),
    era(Era::Heisei, '4', "平成", "Heisei", [1989, 1, 8], [2019, 4, 30]),
    era(Era::Reiwa, '5', "令和", "Reiwa", [2019, 5, 1], [9999, 12, 31]),
];

/// Why a text is no date (C005).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateFault {
    /// Not the characters of a date.
    #[error("not a date of the register")]
    Form,
    /// A known part below an unknown one.
    #[error("a known part below an unknown one")]
    KnownBelowUnknown,
    /// The calendar has no such day.
    #[error("no such day in the calendar")]
    Calendar,
    /// The day lies outside its era.
    #[error("outside its era")]
    Era,
    /// After the business date.
    #[error("after the business date")]
    Future,
    /// Unknown parts where the reason wants a full date.
    #[error("unknown parts are not allowed here")]
    Unknown,
}

/// A day whose parts may be unknown; seasons and ten-day parts count as unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartialDay {
    /// The year, 1 to 9999.
    pub year: Option<u16>,
    /// The month, 1 to 12.
    pub month: Option<u8>,
    /// The day, 1 to 31.
    pub day: Option<u8>,
}

impl PartialDay {
    /// Reads eight characters.
    pub fn parse(text: &str) -> Result<Self, DateFault> {
        let (year, rest) = text.split_at_checked(4).ok_or(DateFault::Form)?;
        let (month, day) = rest.split_at_checked(2).ok_or(DateFault::Form)?;
        if !year.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DateFault::Form);
        }
        let year: u16 = year.parse().map_err(|_| DateFault::Form)?;
        let parsed = Self {
            year: (year != 0).then_some(year),
            month: part(month, '4')?,
            day: part(day, '3')?,
        };
        match (parsed.year, parsed.month, parsed.day) {
            (None, Some(_), _) | (_, None, Some(_)) => Err(DateFault::KnownBelowUnknown),
            (_, Some(month), _) if month > 12 => Err(DateFault::Calendar),
            (Some(_), Some(_), Some(_)) if parsed.known().is_none() => Err(DateFault::Calendar),
            _ => Ok(parsed),
        }
    }

    /// YYYYMMDD with unknown parts as 00.
    pub fn sort_key(self) -> u32 {
        u32::from(self.year.unwrap_or(0)) * 10_000
            + u32::from(self.month.unwrap_or(0)) * 100
            + u32::from(self.day.unwrap_or(0))
    }

    /// The day, if all parts are known.
    pub fn known(self) -> Option<BusinessDate> {
        let (Some(_), Some(_), Some(_)) = (self.year, self.month, self.day) else {
            return None;
        };
        BusinessDate::from_value(self.sort_key())
    }
}

/// Two characters: digits, or `A1` up to `A` and `last` for an unknown part with a hint.
fn part(text: &str, last: char) -> Result<Option<u8>, DateFault> {
    let mut chars = text.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('A'), Some(hint), None) if ('1'..=last).contains(&hint) => Ok(None),
        (Some(a), Some(b), None) if a.is_ascii_digit() && b.is_ascii_digit() => {
            let value: u8 = text.parse().map_err(|_| DateFault::Form)?;
            Ok((value != 0).then_some(value))
        }
        _ => Err(DateFault::Form),
    }
}

/// Item 5 by its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BirthDate {
    /// Era digit.
    pub era: Era,
    /// The day.
    pub day: PartialDay,
}

impl BirthDate {
    /// Reads `EYYYYMMDD`. The era is tested only where all parts are known.
    pub fn parse(text: &str) -> Result<Self, DateFault> {
        let (digit, rest) = text.split_at_checked(1).ok_or(DateFault::Form)?;
        let row = ERAS
            .into_iter()
            .find(|row| digit.starts_with(row.digit))
            .ok_or(DateFault::Form)?;
        let day = PartialDay::parse(rest)?;
        match day.known() {
            Some(known) if !(row.first..=row.last).contains(&known.value()) => Err(DateFault::Era),
            _ => Ok(Self { era: row.era, day }),
        }
    }
}

/// Tests item 5 on a business date (C005).
pub fn test_birth_date(text: &str, business_date: BusinessDate) -> Result<(), DateFault> {
    let birth = BirthDate::parse(text)?;
    if is_after(birth.day.sort_key(), business_date) {
        return Err(DateFault::Future);
    }
    Ok(())
}

/// Tests item 11 (C005); unknown parts only where the reason allows them. A future day is L116, not tested here.
pub fn test_change_date(text: &str, may_be_unknown: bool) -> Result<(), DateFault> {
    let day = PartialDay::parse(text)?;
    if day.known().is_none() && !may_be_unknown {
        return Err(DateFault::Unknown);
    }
    Ok(())
}

/// The key by which item 11 is compared: YYYYMMDD, unknown parts 00. Zero for a text that is no date.
pub fn sort_key(text: &str) -> u32 {
    PartialDay::parse(text).map_or(0, PartialDay::sort_key)
}

/// True where a sort key lies after the business date.
pub fn is_after(sort_key: u32, business_date: BusinessDate) -> bool {
    sort_key > business_date.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn birth(text: &str) -> Result<(), DateFault> {
        test_birth_date(text, BusinessDate::parse("20200914").unwrap())
    }

    #[test]
    fn eras_hold_their_first_and_last_day_only() {
        for good in [
            "118680125",
            "119120730",
            "219120730",
            "219261225",
            "319261225",
            "319890107",
            "419890108",
            "420190430",
            "520190501",
            "019800203",
        ] {
            assert_eq!(birth(good), Ok(()), "{good}");
        }
        for bad in [
            "118680124",
            "119120731",
            "219120729",
            "219261226",
            "319261224",
            "319890108",
            "419890107",
            "420190501",
            "520190430",
            "519890107",
        ] {
            assert_eq!(birth(bad), Err(DateFault::Era), "{bad}");
        }
    }

    #[test]
    fn unknown_parts_of_5_1_and_9() {
        for good in [
            "000000000",
            "30000A100",
            "30000A4A3",
            "3000000A1",
            "319800000",
            "31980A200",
            "31980A2A3",
            "3198000A2",
            "319800200",
            "3198002A1",
            // The era is not tested where a part is unknown.
            "519500000",
            "119990100",
        ] {
            assert_eq!(birth(good), Ok(()), "{good}");
        }
        for (bad, fault) in [
            ("300000203", DateFault::KnownBelowUnknown),
            ("300000200", DateFault::KnownBelowUnknown),
            ("319800003", DateFault::KnownBelowUnknown),
            ("31980A103", DateFault::KnownBelowUnknown),
            ("319800231", DateFault::Calendar),
            ("319801301", DateFault::Calendar),
            ("319801300", DateFault::Calendar),
            ("319800232", DateFault::Calendar),
            ("31980A500", DateFault::Form),
            ("3198002A4", DateFault::Form),
            ("3198002A0", DateFault::Form),
            ("31980a100", DateFault::Form),
            ("619800203", DateFault::Form),
            ("A19800203", DateFault::Form),
            ("3198A0203", DateFault::Form),
            ("31980020", DateFault::Form),
            ("3198002030", DateFault::Form),
            ("", DateFault::Form),
            ("3+9800203", DateFault::Form),
            ("31980+203", DateFault::Form),
        ] {
            assert_eq!(birth(bad), Err(fault), "{bad}");
        }
    }

    #[test]
    fn a_birth_after_the_business_date_is_refused_by_its_sort_key() {
        assert_eq!(birth("520200914"), Ok(()));
        assert_eq!(birth("520200915"), Err(DateFault::Future));
        assert_eq!(birth("520200900"), Ok(()));
        assert_eq!(birth("520201000"), Err(DateFault::Future));
        assert_eq!(birth("52021A100"), Err(DateFault::Future));
    }

    #[test]
    fn item_11_may_be_unknown_for_some_reasons_only() {
        assert_eq!(test_change_date("20200931", false), Err(DateFault::Calendar));
        assert_eq!(test_change_date("20200931", true), Err(DateFault::Calendar));
        assert_eq!(test_change_date("20200900", false), Err(DateFault::Unknown));
        assert_eq!(test_change_date("202009A1", true), Ok(()));
        assert_eq!(test_change_date("00000000", true), Ok(()));
        assert_eq!(test_change_date("29991231", false), Ok(()));
        assert_eq!(test_change_date("2020-9-1", false), Err(DateFault::Form));
    }

    #[test]
    fn sort_keys_take_unknown_as_zero() {
        assert_eq!(sort_key("20200914"), ymd([2020, 9, 14]));
        assert_eq!(sort_key("202009A2"), ymd([2020, 9, 0]));
        assert_eq!(sort_key("2020A4A1"), ymd([2020, 0, 0]));
        assert!(is_after(sort_key("20200915"), BusinessDate::parse("20200914").unwrap()));
        assert!(!is_after(
            sort_key("202009A3"),
            BusinessDate::parse("20200914").unwrap()
        ));
    }
}
