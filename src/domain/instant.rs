//! Points in time and business dates, Japan time throughout.

use std::fmt;

use chrono::{Datelike, Days, NaiveDate};

/// `YYYYMMDDhhmmssSSS` in Japan time, held as a 17-digit number so that order is the order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// Reads 17 digits that form a real time (hour 0-23, minute and second 0-59).
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 17 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Self::from_value(text.parse().ok()?)
    }

    /// A stored value, tested again.
    pub fn from_value(value: u64) -> Option<Self> {
        let date = BusinessDate::from_value(u32::try_from(value / 1_000_000_000).ok()?);
        let clock = value % 1_000_000_000;
        let real = clock / 10_000_000 < 24 && clock / 100_000 % 100 < 60 && clock / 1_000 % 100 < 60;
        (date.is_some() && real).then_some(Self(value))
    }

    /// The 17 digits as a number.
    pub fn value(self) -> u64 {
        self.0
    }

    /// Milliseconds since an earlier instant; negative where it is a later one.
    pub fn millis_since(self, earlier: Self) -> i64 {
        let millis = |instant: Self| {
            let clock = instant.0 % 1_000_000_000;
            let day = instant
                .date()
                .calendar()
                .map_or(0, |day| i64::from(day.num_days_from_ce()));
            let of_day = clock / 10_000_000 * 3_600_000 + clock / 100_000 % 100 * 60_000 + clock % 100_000;
            day * 86_400_000 + i64::try_from(of_day).unwrap_or(0)
        };
        millis(self) - millis(earlier)
    }

    /// The day.
    pub fn date(self) -> BusinessDate {
        BusinessDate(u32::try_from(self.0 / 1_000_000_000).unwrap_or_default())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:017}", self.0)
    }
}

/// A Gregorian day, held as the number YYYYMMDD. The business date (業務日) of a run is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDate(u32);

impl BusinessDate {
    /// Reads `YYYYMMDD` or `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = match text.len() {
            8 => text.to_owned(),
            10 => text.replace('-', ""),
            _ => return None,
        };
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        // A hyphen elsewhere, as in 2020-091-4, is no other way to write the day.
        Self::from_value(digits.parse().ok()?).filter(|day| text.len() == 8 || day.dashed() == text)
    }

    /// The day with this number YYYYMMDD, if the calendar has it. Years 1 to 9999.
    pub fn from_value(value: u32) -> Option<Self> {
        let year = i32::try_from(value / 10_000).ok()?;
        ((1..=9999).contains(&year) && NaiveDate::from_ymd_opt(year, value / 100 % 100, value % 100).is_some())
            .then_some(Self(value))
    }

    /// The number YYYYMMDD.
    pub fn value(self) -> u32 {
        self.0
    }

    /// `YYYY-MM-DD`.
    pub fn dashed(self) -> String {
        format!("{:04}-{:02}-{:02}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }

    /// Midnight of the day: the `created_at` of files that the server makes.
    pub fn midnight(self) -> Instant {
        Instant(u64::from(self.0) * 1_000_000_000)
    }

    /// `count` days later; `None` past the year 9999.
    pub fn plus_days(self, count: u64) -> Option<Self> {
        let later = self.calendar()?.checked_add_days(Days::new(count))?;
        let year = u32::try_from(later.year()).ok()?;
        Self::from_value(year * 10_000 + later.month() * 100 + later.day())
    }

    /// The fiscal year (年度) of the day: from 1 April to 31 March, named by the year it begins in.
    pub fn fiscal_year(self) -> u32 {
        let year = self.0 / 10_000;
        if self.0 / 100 % 100 >= 4 { year } else { year - 1 }
    }

    fn calendar(self) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(i32::try_from(self.0 / 10_000).ok()?, self.0 / 100 % 100, self.0 % 100)
    }
}

impl fmt::Display for BusinessDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_real_times_only() {
        assert!(Instant::parse("20200914093000123").is_some());
        for bad in [
            "20200931093000123",
            "20200914240000000",
            "20200914096000000",
            "2020091409300012",
            "00000914093000123",
        ] {
            assert!(Instant::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn milliseconds_across_midnight() {
        let at = |text: &str| Instant::parse(text).unwrap();
        assert_eq!(at("20210101000000500").millis_since(at("20201231235959000")), 1500);
        assert_eq!(
            at("20200914093000000").millis_since(at("20200914103000000")),
            -3_600_000
        );
    }

    #[test]
    fn dates_in_both_forms_and_fiscal_years() {
        let day = BusinessDate::parse("2021-03-31").unwrap();
        assert_eq!(BusinessDate::parse("20210331"), Some(day));
        assert_eq!(day.fiscal_year(), 2020);
        assert_eq!(day.plus_days(1).unwrap().fiscal_year(), 2021);
        assert_eq!(day.dashed(), "2021-03-31");
        for bad in [
            "2021-0331",
            "2021-033-1",
            "2021-3-31",
            "20210230",
            "2021/03/31",
            "２０２１０３３１",
        ] {
            assert!(BusinessDate::parse(bad).is_none(), "{bad}");
        }
        assert!(BusinessDate::from_value(100_000_101).is_none());
    }
}
