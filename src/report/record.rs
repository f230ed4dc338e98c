//! Values of a record in words: dates with their era, names of reasons, municipalities, flags (rules 2.1, 5.1).

use crate::domain::date::{BirthDate, ERAS, Era, PartialDay};
use crate::domain::entry::{Entry, Standing};
use crate::domain::fault::Lang;
use crate::domain::ids::MunicipalityCode;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::item::Item;
use crate::domain::municipality::Prefecture;
use crate::domain::reason::Reason;
use crate::domain::row::Row;
use crate::domain::state::State;

/// What the value of an item means, in words; `None` where the value says it itself, is blank, or is none of those that the
/// item can have.
pub fn meaning(item: Item, row: &Row, prefecture: &Prefecture, lang: Lang) -> Option<String> {
    let value = row.get(item);
    match item {
        Item::BirthDate => birth(value, lang),
        Item::Sex => word(
            value,
            &[("1", "男", "male"), ("2", "女", "female"), ("3", "不明", "unknown")],
            lang,
        ),
        Item::ChangeReason => Reason::parse(value).map(|reason| pick(lang, reason.ja(), reason.en())),
        Item::ChangeDate => partial(value, lang),
        Item::ReceivedDate => BusinessDate::parse(value).map(|day| date(day, lang)),
        Item::RetentionFlag => word(
            value,
            &[
                ("0", "最新", "newest"),
                ("1", "更新前の版", "superseded"),
                ("2", "消除（死亡を除く）", "removed, not by death"),
                ("3", "死亡による消除", "removed by death"),
            ],
            lang,
        ),
        Item::MunicipalityCode => municipality(value, prefecture),
        Item::Timestamp => Instant::parse(value).map(clock),
        Item::GaijiFlag => word(
            value,
            &[("0", "外字なし", "no gaiji"), ("1", "外字あり", "with gaiji")],
            lang,
        ),
        Item::DeletedFlag => word(value, &[("0", "住民", "resident"), ("1", "消除", "removed")], lang),
        Item::JuminCode
        | Item::KanjiName
        | Item::NameGaijiCount
        | Item::KanaName
        | Item::Address
        | Item::AddressGaijiCount
        | Item::MyNumber
        | Item::SeionKanaName
        | Item::AzaCode
        | Item::OperatorId
        | Item::TerminalId
        | Item::UpdateSeq
        | Item::NameGaijiSeq
        | Item::AddressGaijiSeq
        | Item::FormerSurnameKanji
        | Item::FormerSurnameGaijiCount
        | Item::FormerSurnameKana
        | Item::FormerSurnameGaijiSeq => None,
    }
}

/// The letters of a state and its words; a resident is `RS`, as the municipality itself would see it. `None` for a removed row
/// whose item 10 is no removal.
pub fn state(standing: &Standing, lang: Lang) -> Option<(&'static str, &'static str)> {
    let state = match standing {
        Standing::Resident(_) => return Some((State::Rs.code(), choose(lang, "住民", "resident"))),
        Standing::Removed(row) => Reason::parse(row.get(Item::ChangeReason)).and_then(State::removed_by)?,
        Standing::Retired { .. } => State::Rt,
    };
    Some((state.code(), choose(lang, state.ja(), state.en())))
}

/// The move out of an entry in words: where from, when, whether confirmed.
pub fn moved_out(entry: &Entry, prefecture: &Prefecture, lang: Lang) -> Option<String> {
    let moved = entry.moved_out?;
    let town = municipality(&moved.municipality.text(), prefecture).unwrap_or_default();
    let confirmed = match (moved.confirmed, lang) {
        (true, Lang::Ja) => "転入通知あり",
        (false, Lang::Ja) => "転入通知なし",
        (true, Lang::En) => "confirmed",
        (false, Lang::En) => "not confirmed",
    };
    let open = choose(lang, "（", " (");
    let close = choose(lang, "）", ")");
    Some(format!(
        "{} {town} {}{open}{confirmed}{close}",
        moved.municipality,
        clock(moved.timestamp)
    ))
}

/// A day in Gregorian form with its era: `1974-09-11（昭和49年）`, `1974-09-11 (Showa 49)`.
pub fn date(day: BusinessDate, lang: Lang) -> String {
    // Both eras have the day on which one follows the other; the new one counts.
    let era = ERAS
        .into_iter()
        .rev()
        .find(|row| row.era != Era::Gregorian && (row.first..=row.last).contains(&day.value()));
    let dashed = day.dashed();
    match era {
        None => dashed,
        Some(row) => with_era(&dashed, row.era, day.value() / 10_000, lang),
    }
}

/// `2020-09-14 09:30:00.123`.
pub fn clock(instant: Instant) -> String {
    let value = instant.value() % 1_000_000_000;
    format!(
        "{} {:02}:{:02}:{:02}.{:03}",
        instant.date().dashed(),
        value / 10_000_000,
        value / 100_000 % 100,
        value / 1_000 % 100,
        value % 1_000
    )
}

fn choose(lang: Lang, ja: &'static str, en: &'static str) -> &'static str {
    match lang {
        Lang::Ja => ja,
        Lang::En => en,
    }
}

fn pick(lang: Lang, ja: &'static str, en: &'static str) -> String {
    choose(lang, ja, en).to_owned()
}

fn word(value: &str, words: &[(&str, &'static str, &'static str)], lang: Lang) -> Option<String> {
    let found = words.iter().find(|(known, _, _)| *known == value);
    found.map(|(_, ja, en)| pick(lang, ja, en))
}

fn municipality(value: &str, prefecture: &Prefecture) -> Option<String> {
    let code = MunicipalityCode::parse(value).ok()?;
    prefecture.get(code).map(|row| format!("{}{}", row.county, row.name))
}

/// Item 5: the day as far as it is known, and the year of the era it was written in.
fn birth(value: &str, lang: Lang) -> Option<String> {
    let birth = BirthDate::parse(value).ok()?;
    let shown = known_part(birth.day, lang);
    Some(match birth.day.year {
        Some(year) if birth.era != Era::Gregorian => with_era(&shown, birth.era, u32::from(year), lang),
        Some(_) | None => shown,
    })
}

fn partial(value: &str, lang: Lang) -> Option<String> {
    let day = PartialDay::parse(value).ok()?;
    Some(
        day.known()
            .map_or_else(|| known_part(day, lang), |known| date(known, lang)),
    )
}

/// Year, month and day as far as they are known.
fn known_part(day: PartialDay, lang: Lang) -> String {
    match (day.year, day.month, day.day) {
        (Some(year), Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        (Some(year), Some(month), None) => {
            format!("{year:04}-{month:02}{}", choose(lang, "（日不詳）", ", day unknown"))
        }
        (Some(year), None, _) => format!("{year:04}{}", choose(lang, "（月日不詳）", ", month and day unknown")),
        (None, _, _) => pick(lang, "不詳", "unknown"),
    }
}

/// Adds the year of an era; a year outside the era (unknown parts are not tested against it) gets none.
fn with_era(shown: &str, era: Era, year: u32, lang: Lang) -> String {
    let row = ERAS.into_iter().find(|row| row.era == era);
    let of_era = row.and_then(|row| {
        let number = year.checked_sub(row.first / 10_000)? + 1;
        (year <= row.last / 10_000).then_some((row, number))
    });
    match (of_era, lang) {
        (None, _) => shown.to_owned(),
        (Some((row, 1)), Lang::Ja) => format!("{shown}（{}元年）", row.ja),
        (Some((row, number)), Lang::Ja) => format!("{shown}（{}{number}年）", row.ja),
        (Some((row, number)), Lang::En) => format!("{shown} ({} {number})", row.en),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::domain::ids::PartyId;
    use super::*;

    fn akita() -> Prefecture {
        Prefecture::built_in(MunicipalityCode::parse("050008").unwrap()).unwrap()
    }

    fn of(item: Item, value: &str, lang: Lang) -> Option<String> {
        let mut row = Row::blank(PartyId::parse("052019").unwrap());
        assert!(row.set(item, value));
        meaning(item, &row, &akita(), lang)
    }

    #[test]
    fn dates_of_birth_show_the_era_they_were_written_in() {
        for (value, ja, en) in [
            ("319740911", "1974-09-11（昭和49年）", "1974-09-11 (Showa 49)"),
            ("319890107", "1989-01-07（昭和64年）", "1989-01-07 (Showa 64)"),
            ("420190430", "2019-04-30（平成31年）", "2019-04-30 (Heisei 31)"),
            ("520190501", "2019-05-01（令和元年）", "2019-05-01 (Reiwa 1)"),
            ("119120730", "1912-07-30（明治45年）", "1912-07-30 (Meiji 45)"),
            ("219120730", "1912-07-30（大正元年）", "1912-07-30 (Taisho 1)"),
            ("019800203", "1980-02-03", "1980-02-03"),
            (
                "319800200",
                "1980-02（日不詳）（昭和55年）",
                "1980-02, day unknown (Showa 55)",
            ),
            (
                "31980A2A3",
                "1980（月日不詳）（昭和55年）",
                "1980, month and day unknown (Showa 55)",
            ),
            ("519500000", "1950（月日不詳）", "1950, month and day unknown"),
            ("300000000", "不詳", "unknown"),
        ] {
            assert_eq!(of(Item::BirthDate, value, Lang::Ja).as_deref(), Some(ja), "{value}");
            assert_eq!(of(Item::BirthDate, value, Lang::En).as_deref(), Some(en), "{value}");
        }
        assert_eq!(of(Item::BirthDate, "919740911", Lang::Ja), None);
    }

    #[test]
    fn values_of_tables_have_their_words() {
        for (item, value, ja, en) in [
            (Item::Sex, "2", "女", "female"),
            (Item::ChangeReason, "23", Reason::Death.ja(), Reason::Death.en()),
            (
                Item::ChangeDate,
                "20200914",
                "2020-09-14（令和2年）",
                "2020-09-14 (Reiwa 2)",
            ),
            (
                Item::ChangeDate,
                "202009A1",
                "2020-09（日不詳）",
                "2020-09, day unknown",
            ),
            (
                Item::ReceivedDate,
                "19890107",
                "1989-01-07（昭和64年）",
                "1989-01-07 (Showa 64)",
            ),
            (Item::RetentionFlag, "3", "死亡による消除", "removed by death"),
            (Item::MunicipalityCode, "053031", "鹿角郡小坂町", "鹿角郡小坂町"),
            (
                Item::Timestamp,
                "20200914093000123",
                "2020-09-14 09:30:00.123",
                "2020-09-14 09:30:00.123",
            ),
            (Item::GaijiFlag, "1", "外字あり", "with gaiji"),
            (Item::DeletedFlag, "1", "消除", "removed"),
        ] {
            assert_eq!(of(item, value, Lang::Ja).as_deref(), Some(ja));
            assert_eq!(of(item, value, Lang::En).as_deref(), Some(en));
        }
        for item in Item::ALL {
            assert_eq!(of(item, "", Lang::Ja), None, "{item:?}");
        }
        assert_eq!(date(BusinessDate::parse("1800-01-01").unwrap(), Lang::Ja), "1800-01-01");
    }

    #[test]
    fn states_have_their_letters() {
        let mut row = Row::blank(PartyId::parse("052019").unwrap());
        row.set(Item::ChangeReason, "22");
        assert_eq!(
            state(&Standing::Resident(row.clone()), Lang::En),
            Some(("RS", "resident"))
        );
        assert_eq!(
            state(&Standing::Removed(row.clone()), Lang::Ja),
            Some(("MO", State::Mo.ja()))
        );
        row.set(Item::ChangeReason, "31");
        assert_eq!(state(&Standing::Removed(row), Lang::Ja), None);
    }
}
