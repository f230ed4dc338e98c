//! Check digits and dates of the reference model, written from rules sections 1 and 5.1 in the plainest way.

/// Weights from the lowest digit of the body, then 0 for a remainder of 0 or 1, else 11 minus the remainder.
fn check_digit(body: &str, weights: &[u32]) -> u32 {
    let digits = body.chars().rev().map(|c| c.to_digit(10).unwrap());
    let sum: u32 = digits.zip(weights).map(|(digit, weight)| digit * weight).sum();
    let r = sum % 11;
    if r <= 1 { 0 } else { 11 - r }
}

fn right(text: &str, width: usize, weights: &[u32]) -> bool {
    let (body, last) = text.split_at(width - 1);
    last.parse() == Ok(check_digit(body, weights))
}

const CODE_WEIGHTS: [u32; 10] = [2, 3, 4, 5, 6, 7, 2, 3, 4, 5];
const NUMBER_WEIGHTS: [u32; 11] = [2, 3, 4, 5, 6, 7, 2, 3, 4, 5, 6];

/// True for digits only.
pub(super) fn digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// 11 digits with the right check digit. Only for digits.
pub(super) fn code_right(text: &str) -> bool {
    right(text, 11, &CODE_WEIGHTS)
}

/// 12 digits with the right check digit. Only for digits.
pub(super) fn number_right(text: &str) -> bool {
    right(text, 12, &NUMBER_WEIGHTS)
}

/// A 住民票コード by its body.
pub(super) fn code(body: u64) -> String {
    let body = format!("{body:010}");
    format!("{body}{}", check_digit(&body, &CODE_WEIGHTS))
}

/// A 個人番号 by its body.
pub(super) fn number(body: u64) -> String {
    let body = format!("{body:011}");
    format!("{body}{}", check_digit(&body, &NUMBER_WEIGHTS))
}

/// True where the calendar has the day.
pub(super) fn real_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    year >= 1 && (1..=last).contains(&day)
}

fn value(text: &str) -> u32 {
    text.parse().unwrap()
}

/// True for YYYYMMDD in digits that the calendar has.
pub(super) fn known_day(text: &str) -> bool {
    text.len() == 8 && digits(text) && real_day(value(&text[..4]), value(&text[4..6]), value(&text[6..]))
}

/// True for YYYYMMDD with unknown parts as 5.1 and the fine print allow them, or a day of the calendar.
pub(super) fn day_with_unknown_parts(text: &str) -> bool {
    if text.len() != 8 || !text.is_ascii() {
        return false;
    }
    let (year, month, day) = (&text[..4], &text[4..6], &text[6..]);
    let month_unknown = ["00", "A1", "A2", "A3", "A4"].contains(&month);
    let day_unknown = ["00", "A1", "A2", "A3"].contains(&day);
    if !digits(year) {
        false
    } else if month_unknown {
        day_unknown
    } else if year == "0000" {
        false
    } else if day_unknown {
        digits(month) && (1..=12).contains(&value(month))
    } else {
        known_day(text)
    }
}

/// Eight characters with unknown parts as 00: what dates are compared by.
pub(super) fn sort_key(text: &str) -> String {
    let part = |part: &str| {
        if part.starts_with('A') {
            "00".to_owned()
        } else {
            part.to_owned()
        }
    };
    format!("{}{}{}", &text[..4], part(&text[4..6]), part(&text[6..8]))
}

/// Item 5: EYYYYMMDD that can be, not after the day.
pub(super) fn birth_right(text: &str, today: &str) -> bool {
    if text.len() != 9 || !text.is_ascii() {
        return false;
    }
    let (era, date) = text.split_at(1);
    if !day_with_unknown_parts(date) || sort_key(date).as_str() > today {
        return false;
    }
    let (from, to) = match era {
        "0" => ("00000000", "99999999"),
        "1" => ("18680125", "19120730"),
        "2" => ("19120730", "19261225"),
        "3" => ("19261225", "19890107"),
        "4" => ("19890108", "20190430"),
        "5" => ("20190501", "99999999"),
        _ => return false,
    };
    !known_day(date) || (from <= date && date <= to)
}

/// 17 digits that are a real time.
pub(super) fn real_instant(text: &str) -> bool {
    text.len() == 17
        && digits(text)
        && known_day(&text[..8])
        && value(&text[8..10]) < 24
        && value(&text[10..12]) < 60
        && value(&text[12..14]) < 60
}

/// The day this many days later (or earlier), YYYYMMDD, one day at a time.
pub(super) fn days_later(day: &str, days: i32) -> String {
    let (mut y, mut m, mut d) = (value(&day[..4]), value(&day[4..6]), value(&day[6..]));
    for _ in 0..days.abs() {
        if days > 0 {
            d += 1;
            if !real_day(y, m, d) {
                (m, d) = (m + 1, 1);
            }
            if m > 12 {
                (y, m) = (y + 1, 1);
            }
        } else if d > 1 {
            d -= 1;
        } else {
            (y, m) = if m == 1 { (y - 1, 12) } else { (y, m - 1) };
            d = (28..=31).rev().find(|d| real_day(y, m, *d)).unwrap();
        }
    }
    format!("{y:04}{m:02}{d:02}")
}

/// 1 April to 31 March, named by the year it begins in.
pub(super) fn fiscal_year(day: &str) -> u32 {
    let year = value(&day[..4]);
    if value(&day[4..6]) >= 4 { year } else { year - 1 }
}

#[test]
fn vectors_of_section_1() {
    for good in "24727059608 24846016224 25208017643 10000000030 10000000090 10000000049 10000000138".split(' ') {
        assert!(code_right(good) && code(good[..10].parse().unwrap()) == good, "{good}");
    }
    for good in "379474484458 454972364860 507957100721 983205673214 123456789018 100000000080".split(' ') {
        assert!(
            number_right(good) && number(good[..11].parse().unwrap()) == good,
            "{good}"
        );
    }
    assert!(!code_right("25208017644") && !code_right("12345678901"));
    assert!(!number_right("507957100722") && !number_right("123456789012"));
}

#[test]
fn days() {
    assert_eq!(days_later("20210227", 2), "20210301");
    assert_eq!(days_later("20201231", 1), "20210101");
    assert_eq!(days_later("20200301", -1), "20200229");
    assert_eq!(days_later("20210101", -1), "20201231");
    assert!(birth_right("519000000", "20200914") && !birth_right("60000A100", "20200914"));
    assert!(birth_right("300000000", "20200914") && !birth_right("3000A1A0", "20200914"));
    assert!(birth_right("30000A1A3", "20200914") && !birth_right("30000A1A4", "20200914"));
}
