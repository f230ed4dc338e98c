//! F and C findings of one record (rules 2.6, "F in a field" and the codes F005 to C010), from its abstract form. Bytes
//! that cannot be decoded or are padded wrongly (F003, F004) do not occur in abstract records; they have tests of their own.

use super::cells::reasons;
use super::numbers::{
    birth_right, code_right, day_with_unknown_parts, digits, known_day, number_right, real_instant, sort_key,
};
use super::paper::{Finding, Record};
use super::wire;

/// The 25 municipalities of Akita (rules section 1).
const AKITA: &str = "052019 052027 052035 052043 052060 052078 052094 052108 052116 052124 052132 052141 052159 053031 \
    053279 053465 053481 053490 053619 053635 053660 053686 054348 054631 054640";

/// Of what a file says and the run knows, that which the checks need.
pub(super) struct Around<'a> {
    /// The sender and its predecessors.
    pub(super) own: &'a [String],
    /// Everybody's predecessors.
    pub(super) predecessors: &'a [String],
    pub(super) created_at: &'a str,
    pub(super) today: &'a str,
    /// Offset of the record in the file.
    pub(super) offset: usize,
}

/// All F and C findings, in the order of a RES.
pub(super) fn check(record: &Record, around: &Around<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    let items = &record.items;
    let place = |field: usize| {
        let (offset, len, _) = wire::UPD_FIELDS[field];
        Some((around.offset + offset, len))
    };
    // Fields 1 to 28 are the items, 29 and 30 the old numbers.
    let at = |code, field: u8| Finding {
        code,
        item: if field <= 28 { field } else { 0 },
        place: place(usize::from(field)),
    };
    let text = |field: u8| match field {
        29 => record.old_number.as_str(),
        30 => record.old_code.as_str(),
        item => items.get(item),
    };
    let reason_sent = items.get(10);
    for field in 1..=30 {
        let wide_digits = [(1, 11), (9, 12), (14, 6), (15, 6), (29, 12), (30, 11)];
        let full = wide_digits.iter().find(|(digit_field, _)| *digit_field == field);
        let of_type_9 = [3, 8, 18, 19, 22, 23, 24, 26, 28].contains(&field);
        let text = text(field);
        if text.is_empty() {
            let by_reason = match reason_sent {
                "51" => field == 30,
                "41" | "42" => field == 29,
                _ => false,
            };
            if [1, 2, 5, 6, 7, 10, 11, 14, 16, 17, 18, 22].contains(&field) || by_reason {
                found.push(at("F005", field));
            }
        } else if (full.is_some() || of_type_9) && !digits(text) || full.is_some_and(|(_, len)| text.len() != *len) {
            found.push(at("F006", field));
        }
    }
    let faulty: Vec<u8> = (1..=30)
        .filter(|field| found.iter().any(|f| f.place == place(usize::from(*field))))
        .collect();
    // What a C rule asks for: the field is right as far as F goes and not blank.
    let given = |field: u8| !faulty.contains(&field) && !text(field).is_empty();
    let whole = |fields: &[u8]| fields.iter().all(|field| !faulty.contains(field));
    for field in [1, 30] {
        if given(field) && !code_right(text(field)) {
            found.push(at("C001", field));
        }
    }
    for field in [9, 29] {
        if given(field) && !number_right(text(field)) {
            found.push(at("C002", field));
        }
    }
    if given(14) {
        let town = items.get(14).to_owned();
        if !AKITA.split(' ').any(|known| known == town) && !around.predecessors.contains(&town) {
            found.push(at("C003", 14));
        }
        if !around.own.contains(&town) {
            found.push(at("C010", 14));
        }
    }
    if given(10) && !reasons().contains(&reason_sent) {
        found.push(at("C004", 10));
    }
    if given(5) && !birth_right(items.get(5), around.today) {
        found.push(at("C005", 5));
    }
    let unknown_allowed = ["23", "26"].contains(&reason_sent);
    let day_right = if unknown_allowed {
        day_with_unknown_parts(items.get(11))
    } else {
        known_day(items.get(11))
    };
    if given(11) && !day_right {
        found.push(at("C005", 11));
    }
    if given(18) && (!real_instant(items.get(18)) || items.get(18) > around.created_at) {
        found.push(at("C005", 18));
    }
    if given(6) && !["1", "2", "3"].contains(&items.get(6)) {
        found.push(at("C006", 6));
    }
    let count = |item: u8| items.compared(item).parse::<usize>().unwrap();
    for (name, counter) in [(2, 3), (7, 8), (25, 26)] {
        let geta = items.get(name).chars().filter(|c| *c == '〓').count();
        if whole(&[name, counter]) && count(counter) != geta {
            found.push(at("C007", counter));
        }
    }
    if whole(&[3, 8, 26, 20]) {
        let any = [3, 8, 26].iter().any(|item| count(*item) > 0);
        if items.get(20) != if any { "1" } else { "0" } {
            found.push(at("C008", 20));
        }
    }
    if !faulty.contains(&9) && items.get(9).is_empty() && ["11", "41", "42", "43"].contains(&reason_sent) {
        found.push(at("C009", 9));
    }
    found.sort();
    found
}

/// Item 11 of a record without a C finding, as it is compared.
pub(super) fn date_key(record: &Record) -> String {
    sort_key(record.items.get(11))
}
