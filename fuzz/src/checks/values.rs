//! Short values: dates, numbers, codes, names, each from text.

use sekisho::domain::arrival::ArrivalRule;
use sekisho::domain::date::{BirthDate, PartialDay, sort_key, test_birth_date, test_change_date};
use sekisho::domain::fault::{Lang, acts_on_terminals};
use sekisho::domain::filename;
use sekisho::domain::ids::{JuminCode, MunicipalityCode, MyNumber, PartyId};
use sekisho::domain::instant::{BusinessDate, Instant};
use sekisho::domain::item::Item;
use sekisho::domain::municipality::Prefecture;
use sekisho::domain::party::FileKind;
use sekisho::domain::reason::Reason;
use sekisho::domain::row::Row;
use sekisho::format::exchange::{RequestedItems, geta_in, read_ascii, read_code, read_digits};
use sekisho::format::keyfile::{Kem, KeyId};
use sekisho::format::leaf::Label;
use sekisho::format::manifest::{Hash32, RunName};
use sekisho::report::record::meaning;
use sekisho::run::master;
use sekisho::seal::digest::{digest_from_hex, from_hex, to_hex};
use sekisho::store::ledger::{LogName, valid_prefix};
use sekisho::text::kana::seion;

use super::{Target, quiet};

pub(crate) const VALUES: Target = Target {
    name: "values",
    check: values,
    seeds: || {
        let texts = [
            "24727059608",
            "379474484458",
            "052019",
            "20200914",
            "2020-09-14",
            "20200229",
            "319800203",
            "119120730",
            "31980A2A3",
            "202009A1",
            "20200914093000123",
            "2020-09-14T09:30:00.1",
            "UPD",
            "kanji_name",
            "0100111000000000000000000000",
            "2020",
            "2020-2",
            "0011aabb",
            "さとう　がぎぐ",
            "00",
            "done:.ok rename:.w,~ quiet:60 polls:3",
            "ＵＰＤ-052019.DAT",
            "99991231235959999",
        ];
        texts.iter().map(|text| text.as_bytes().to_vec()).collect()
    },
    words: &[
        "A1",
        "A4",
        "0000",
        "9999",
        "1231",
        "0229",
        "T23:59:59",
        "\u{309B}",
        "\u{3099}",
    ],
};

fn values(data: &[u8]) {
    for fault in [read_ascii(data).err(), read_digits(data).err(), read_code(data).err()]
        .into_iter()
        .flatten()
    {
        quiet(data, &fault);
    }
    let _geta = geta_in(data, sekisho::domain::party::Encoding::Cp932);
    let Ok(text) = std::str::from_utf8(data) else { return };
    numbers(text);
    days(text);
    names(text);
    words(text);
}

fn numbers(text: &str) {
    if let Ok(code) = JuminCode::parse(text) {
        assert_eq!(
            (code.text().as_str(), JuminCode::from_value(code.value())),
            (text, Some(code))
        );
        assert!(!format!("{code:?}").contains(text));
    }
    if let Ok(number) = MyNumber::parse(text) {
        assert_eq!(
            (number.text().as_str(), MyNumber::from_value(number.value())),
            (text, Some(number))
        );
        assert!(!format!("{number:?}").contains(text));
    }
    if let Ok(code) = MunicipalityCode::parse(text) {
        assert_eq!(
            (code.text().as_str(), MunicipalityCode::from_value(code.value())),
            (text, Some(code))
        );
    }
    if let Err(fault) = master::code(text) {
        quiet(text.as_bytes(), &fault);
    }
    if let Some(bytes) = from_hex(text) {
        assert_eq!(to_hex(&bytes), text.to_ascii_lowercase());
    }
    if let Some(digest) = digest_from_hex(text) {
        assert_eq!(Hash32(digest).to_string(), text.to_ascii_lowercase());
    }
    if let Some(hash) = Hash32::parse(text) {
        assert_eq!(hash.to_string(), text);
    }
    if let Some(id) = KeyId::parse(text) {
        assert_eq!(id.to_string(), text);
    }
}

fn days(text: &str) {
    if let Some(instant) = Instant::parse(text) {
        assert_eq!(
            (instant.to_string().as_str(), Instant::from_value(instant.value())),
            (text, Some(instant))
        );
        let day = instant.date();
        assert!(day.midnight() <= instant && instant.millis_since(day.midnight()) < 86_400_000);
    }
    if let Some(day) = BusinessDate::parse(text) {
        assert!(day.to_string() == text || day.dashed() == text);
        assert_eq!(BusinessDate::from_value(day.value()), Some(day));
        assert!(day.plus_days(1).is_none_or(|next| next > day));
        let year = day.fiscal_year();
        assert!(year.abs_diff(day.value() / 10_000) <= 1);
    }
    if let Ok(instant) = master::instant(text) {
        assert_eq!(Instant::parse(&instant.to_string()), Some(instant));
    }
    if let Ok(day) = PartialDay::parse(text) {
        assert!(text.len() == 8 && day.sort_key() == sort_key(text) && day.sort_key() <= 99_991_231);
        assert!(day.known().is_none_or(|known| known.value() == day.sort_key()));
    } else {
        assert_eq!(sort_key(text), 0);
    }
    if let Ok(birth) = BirthDate::parse(text) {
        assert!(text.len() == 9 && birth.day.sort_key() == text.get(1..).map_or(0, sort_key));
    }
    let today = BusinessDate::parse("2020-09-14").unwrap();
    for fault in [
        test_birth_date(text, today).err(),
        test_change_date(text, true).err(),
        test_change_date(text, false).err(),
    ]
    .into_iter()
    .flatten()
    {
        quiet(text.as_bytes(), &fault);
    }
}

fn names(text: &str) {
    if let Some(id) = PartyId::parse(text) {
        assert_eq!(id.as_str(), text);
    }
    if let Some(kind) = FileKind::parse(text) {
        assert_eq!(kind.as_str(), text);
    }
    if let Some(item) = Item::from_name(text) {
        assert_eq!((item.row().name, Item::from_number(item.number())), (text, Some(item)));
    }
    if let Some(kem) = Kem::parse(text) {
        assert_eq!(kem.as_str(), text);
    }
    if let Some(items) = RequestedItems::parse(text) {
        assert_eq!(items.text(), text);
        assert_eq!(items.items().count(), text.matches('1').count());
    }
    if let Some(name) = RunName::parse(text) {
        assert_eq!(name.as_str(), text);
    }
    if let Some(log) = LogName::parse(text) {
        assert_eq!(log.to_string(), text);
        assert_eq!(
            LogName::of_origin(&log.origin("sekisho/050008"), "sekisho/050008"),
            Some(log)
        );
        assert!(log.continued().is_none_or(|next| next > log));
    }
    if valid_prefix(text) {
        let log = LogName::of_year(2020).unwrap();
        assert_eq!(LogName::of_origin(&log.origin(text), text), Some(log));
    }
    if let Some(label) = Label::new(text) {
        assert_eq!(label.as_str(), text);
    }
    let _reason = Reason::parse(text);
    match ArrivalRule::parse(text) {
        Ok(rule) => {
            assert_eq!(ArrivalRule::parse(&rule.to_string()).as_ref(), Ok(&rule));
            let _looked = (rule.base_of_done(text), rule.is_being_written(text));
        }
        Err(fault) => quiet(text.as_bytes(), &fault),
    }
    if let Err(fault) = filename::check(text) {
        quiet(text.as_bytes(), &fault);
    }
    let look = filename::look(text);
    assert_eq!(filename::look(&look), look, "a look has its own look");
}

fn words(text: &str) {
    assert_eq!(seion(&seion(text)), seion(text), "folding twice is folding once");
    let akita = Prefecture::built_in(MunicipalityCode::parse("050008").unwrap()).unwrap();
    for item in Item::ALL {
        let mut row = Row::blank(PartyId::parse("052019").unwrap());
        if !row.set(item, text) {
            continue;
        }
        assert_eq!(row.get(item), text);
        for lang in [Lang::Ja, Lang::En] {
            let words = meaning(item, &row, &akita, lang);
            assert!(!words.unwrap_or_default().chars().any(acts_on_terminals), "{item:?}");
        }
    }
}
