//! Days of the demonstration: day numbers, eras of birth dates (rules 5.1), the business dates.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::domain::instant::BusinessDate;

/// A day, counted from 1 January of the year 1.
pub(super) type Day = i32;

/// Year, month and day of the month. The year 1 for numbers outside the calendar, which no caller makes.
fn parts(day: Day) -> (i32, u32, u32) {
    NaiveDate::from_num_days_from_ce_opt(day).map_or((1, 1, 1), |date| (date.year(), date.month(), date.day()))
}

/// The day with this date; the day 0 where the calendar has none.
pub(super) fn day(year: i32, month: u32, of_month: u32) -> Day {
    NaiveDate::from_ymd_opt(year, month, of_month).map_or(0, |date| date.num_days_from_ce())
}

/// The day of a `YYYYMMDD` text; `None` where a part of it is unknown.
pub(super) fn read(text: &str) -> Option<Day> {
    let date = BusinessDate::from_value(text.parse().ok()?)?;
    let value = date.value();
    Some(day(i32::try_from(value / 10_000).ok()?, value / 100 % 100, value % 100))
}

/// The day as `YYYYMMDD`.
pub(super) fn ymd(day: Day) -> String {
    let (year, month, of_month) = parts(day);
    format!("{year:04}{month:02}{of_month:02}")
}

/// The day as the number YYYYMMDD.
pub(super) fn number(day: Day) -> u64 {
    let (year, month, of_month) = parts(day);
    u64::try_from(year).unwrap_or(0) * 10_000 + u64::from(month) * 100 + u64::from(of_month)
}

/// The day as the domain has it.
pub(super) fn business(day: Day) -> Option<BusinessDate> {
    BusinessDate::from_value(u32::try_from(number(day)).ok()?)
}

/// The decade of the year, e.g. 1980.
pub(super) fn decade(day: Day) -> i32 {
    parts(day).0 / 10 * 10
}

/// The era digit of a Japanese birth date (rules 5.1).
pub(super) fn era(day_of_birth: Day) -> char {
    match day_of_birth {
        d if d >= day(2019, 5, 1) => '5',
        d if d >= day(1989, 1, 8) => '4',
        d if d >= day(1926, 12, 25) => '3',
        d if d >= day(1912, 7, 30) => '2',
        _ => '1',
    }
}

/// The next working day; holidays are not kept.
pub(super) fn next_working(after: Day) -> Day {
    let mut next = after + 1;
    while NaiveDate::from_num_days_from_ce_opt(next)
        .is_some_and(|date| matches!(date.weekday(), Weekday::Sat | Weekday::Sun))
    {
        next += 1;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eras_change_on_the_days_of_the_rules() {
        for (year, month, of_month, digit) in [
            (1912, 7, 29, '1'),
            (1912, 7, 30, '2'),
            (1926, 12, 24, '2'),
            (1926, 12, 25, '3'),
            (1989, 1, 7, '3'),
            (1989, 1, 8, '4'),
            (2019, 4, 30, '4'),
            (2019, 5, 1, '5'),
        ] {
            assert_eq!(era(day(year, month, of_month)), digit, "{year}-{month}-{of_month}");
        }
    }

    #[test]
    fn days_are_read_and_written() {
        assert_eq!(read("20240229"), Some(day(2024, 2, 29)));
        assert_eq!(read("20230229"), None);
        assert_eq!(read("19450000"), None);
        assert_eq!(ymd(day(2024, 2, 29) + 1), "20240301");
        assert_eq!(number(day(2024, 2, 29)), 20_240_229);
        assert_eq!(next_working(day(2025, 6, 6)), day(2025, 6, 9));
    }
}
