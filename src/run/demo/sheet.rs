//! Rows of the demonstration: the items of a person as one town sends them.

use super::glyphs::Rendered;
use super::tables::{Municipality, PLACEHOLDER};
use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::item::Item;
use crate::domain::row::Row;

/// Who somebody is: the items that do not change with the address.
#[derive(Debug, Clone)]
pub(super) struct Who {
    /// Item 2 as it really is.
    pub(super) name: String,
    /// Item 4, empty where no reading is known.
    pub(super) kana: String,
    /// Item 5.
    pub(super) birth: String,
    /// Item 6, `1` or `2`.
    pub(super) sex: &'static str,
    /// Items 25 and 27 as they really are.
    pub(super) former: Option<(String, String)>,
}

/// Where somebody lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Home {
    /// Item 7 as it really is.
    pub(super) address: String,
    /// Item 15.
    pub(super) aza: String,
}

/// What belongs to the notice and not to the person: items 10, 11, 16, 17, 18, 22.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    /// Item 10.
    pub(super) reason: &'static str,
    /// Item 11, `YYYYMMDD`.
    pub(super) change_date: String,
    /// Item 16.
    pub(super) operator: String,
    /// Item 17.
    pub(super) terminal: String,
    /// Item 18.
    pub(super) timestamp: u64,
    /// Item 22.
    pub(super) seq: u32,
}

/// The whole row of a person, as this town sends it.
pub(super) fn row(
    town: &Municipality,
    code: JuminCode,
    who: &Who,
    home: &Home,
    number: Option<MyNumber>,
    stamp: &Stamp,
) -> Row {
    let (name, address) = (town.render(&who.name), town.render(&home.address));
    let former = who.former.as_ref();
    let former_name = former.map(|(kanji, _)| town.render(kanji)).unwrap_or_default();
    let any_placeholder = name.placeholders + address.placeholders + former_name.placeholders > 0;
    let mut row = Row::blank(town.party);
    // In the order of the items, so that the row only grows.
    row.set(Item::JuminCode, &code.text());
    put_text(&mut row, Item::KanjiName, &name);
    row.set(Item::NameGaijiCount, &three(name.placeholders));
    row.set(Item::KanaName, &who.kana);
    row.set(Item::BirthDate, &who.birth);
    row.set(Item::Sex, who.sex);
    put_text(&mut row, Item::Address, &address);
    row.set(Item::AddressGaijiCount, &three(address.placeholders));
    if let Some(number) = number {
        row.set(Item::MyNumber, &number.text());
    }
    row.set(Item::ChangeReason, stamp.reason);
    row.set(Item::ChangeDate, &stamp.change_date);
    row.set(Item::MunicipalityCode, town.party.as_str());
    row.set(Item::AzaCode, &home.aza);
    row.set(Item::OperatorId, &stamp.operator);
    row.set(Item::TerminalId, &stamp.terminal);
    row.set(Item::Timestamp, &format!("{:017}", stamp.timestamp));
    row.set(Item::GaijiFlag, if any_placeholder { "1" } else { "0" });
    row.set(Item::UpdateSeq, &format!("{:06}", stamp.seq));
    row.set(Item::NameGaijiSeq, "000");
    row.set(Item::AddressGaijiSeq, "000");
    if let Some((_, kana)) = former {
        put_text(&mut row, Item::FormerSurnameKanji, &former_name);
        row.set(Item::FormerSurnameGaijiCount, &three(former_name.placeholders));
        row.set(Item::FormerSurnameKana, kana);
        row.set(Item::FormerSurnameGaijiSeq, "000");
    }
    row
}

/// The person of a row as another town can know them.
pub(super) fn read_who(town: &Municipality, row: &Row) -> Who {
    let former = (!row.is_blank(Item::FormerSurnameKanji)).then(|| {
        let kana = row.get(Item::FormerSurnameKana).to_owned();
        (town.real(row.get(Item::FormerSurnameKanji)), kana)
    });
    Who {
        name: town.real(row.get(Item::KanjiName)),
        kana: row.get(Item::KanaName).to_owned(),
        birth: row.get(Item::BirthDate).to_owned(),
        sex: if row.get(Item::Sex) == "2" { "2" } else { "1" },
        former,
    }
}

/// Items 10, 11, 16, 17, 18 and 22.
pub(super) fn put_stamp(row: &mut Row, stamp: &Stamp) {
    row.set(Item::ChangeReason, stamp.reason);
    row.set(Item::ChangeDate, &stamp.change_date);
    row.set(Item::OperatorId, &stamp.operator);
    row.set(Item::TerminalId, &stamp.terminal);
    row.set(Item::Timestamp, &format!("{:017}", stamp.timestamp));
    row.set(Item::UpdateSeq, &format!("{:06}", stamp.seq));
}

/// Items 2, 3, 4 and the flag.
pub(super) fn put_name(row: &mut Row, town: &Municipality, name: &str, kana: &str) {
    let rendered = town.render(name);
    put_text(row, Item::KanjiName, &rendered);
    row.set(Item::NameGaijiCount, &three(rendered.placeholders));
    row.set(Item::KanaName, kana);
    put_flag(row);
}

/// Items 7, 8, 15 and the flag.
pub(super) fn put_home(row: &mut Row, town: &Municipality, home: &Home) {
    let rendered = town.render(&home.address);
    put_text(row, Item::Address, &rendered);
    row.set(Item::AddressGaijiCount, &three(rendered.placeholders));
    row.set(Item::AzaCode, &home.aza);
    put_flag(row);
}

/// Items 25 to 28 and the flag.
pub(super) fn put_former(row: &mut Row, town: &Municipality, kanji: &str, kana: &str) {
    let rendered = town.render(kanji);
    put_text(row, Item::FormerSurnameKanji, &rendered);
    row.set(Item::FormerSurnameGaijiCount, &three(rendered.placeholders));
    row.set(Item::FormerSurnameKana, kana);
    row.set(Item::FormerSurnameGaijiSeq, "000");
    put_flag(row);
}

/// Item 20 as the texts of items 2, 7 and 25 ask for.
pub(super) fn put_flag(row: &mut Row) {
    let texts = [Item::KanjiName, Item::Address, Item::FormerSurnameKanji];
    let any = texts.iter().any(|item| row.get(*item).contains(PLACEHOLDER));
    row.set(Item::GaijiFlag, if any { "1" } else { "0" });
}

fn put_text(row: &mut Row, item: Item, rendered: &Rendered) {
    row.set(item, &rendered.text);
    if !rendered.cells.is_empty() {
        row.add_cells(item, &rendered.cells);
    }
}

fn three(count: u16) -> String {
    format!("{count:03}")
}
