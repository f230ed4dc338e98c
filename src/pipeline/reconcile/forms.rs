//! Two rows compared, and why they differ: the facts behind `domain::difference::TESTS` that values can tell.

use super::outcome::{Difference, Outcome, Shown, What};
use crate::domain::compare::{BirthPart, differs};
use crate::domain::difference::{Class, Evidence, RECONCILED};
use crate::domain::item::Item;
use crate::domain::row::Row;
use crate::pipeline::decode::ShortText;
use crate::text::kana::seion;
use crate::text::same::same_characters;

/// Compares a record with the row of the register that was in force, by stored text after decoding and mapping, so that two
/// codes of one character are equal; a blank count, serial or 大字 code is zero. MATCH, 70 or 10.
///
/// `later` are the rows that the code had after `base_at`; `near` are the circumstances that values do not tell
/// ([`Evidence::IN_HELD_FILE`], [`Evidence::GAP`]).
pub fn compared(
    record_no: u32,
    shown: ShortText<11>,
    extract: &Row,
    master: &Row,
    later: &[&Row],
    near: Evidence,
) -> Outcome {
    let unequal = |item: Item| differs(item, extract, master, BirthPart::Whole);
    let what = if unequal(Item::KanjiName) && unequal(Item::BirthDate) {
        // A mixed-up code must not hide behind a form of writing or a file that waits.
        let is_later = |row: &&Row| {
            [Item::KanjiName, Item::BirthDate]
                .into_iter()
                .all(|item| !differs(item, extract, row, BirthPart::Whole))
        };
        let evidence = Evidence::LATER_EQUAL.when(later.iter().any(is_later));
        What::Person(Class::PersonMismatch, evidence.cause())
    } else {
        let sides = Sides {
            extract,
            master,
            later,
            near: near.with(Evidence::SENDER_NEWER.when(extract.timestamp() > master.timestamp())),
        };
        let items: Vec<Difference> = RECONCILED
            .into_iter()
            .filter(|item| unequal(*item))
            .map(|item| Difference {
                item,
                extract: Shown::of(extract, item),
                master: Shown::of(master, item),
                cause: sides.evidence(item).cause(),
            })
            .collect();
        if items.is_empty() {
            What::Match
        } else {
            What::Items(items)
        }
    };
    Outcome { record_no, shown, what }
}

struct Sides<'r> {
    extract: &'r Row,
    master: &'r Row,
    later: &'r [&'r Row],
    near: Evidence,
}

impl Sides<'_> {
    /// What is known of an item that differs.
    fn evidence(&self, item: Item) -> Evidence {
        let is_later = |row: &&Row| !differs(item, self.extract, row, BirthPart::Whole);
        self.near
            .with(Evidence::LATER_EQUAL.when(self.later.iter().any(is_later)))
            .with(self.form(item))
    }

    /// What the two values tell.
    fn form(&self, item: Item) -> Evidence {
        let (extract, master) = (self.extract.get(item), self.master.get(item));
        if [Item::KanjiName, Item::Address, Item::FormerSurnameKanji].contains(&item) {
            return Evidence::SAME_CHARACTER.when(same_characters(extract, master));
        }
        if [Item::KanaName, Item::FormerSurnameKana].contains(&item) {
            let given = !extract.is_empty() && !master.is_empty();
            return Evidence::KANA_FORM.when(given && seion(extract) == seion(master));
        }
        let Some((_, parent, own)) = OF_GAIJI.into_iter().find(|(of, ..)| *of == item) else {
            return Evidence::NONE;
        };
        if differs(parent, self.extract, self.master, BirthPart::Whole) {
            self.form(parent)
        } else {
            own
        }
    }
}

/// Items that go with a text of gaiji: the text, and what a difference tells where the text is equal. Where it is not, they
/// differ for its reason.
const OF_GAIJI: [(Item, Item, Evidence); 6] = [
    (Item::NameGaijiCount, Item::KanjiName, Evidence::SAME_CHARACTER),
    (Item::AddressGaijiCount, Item::Address, Evidence::SAME_CHARACTER),
    (
        Item::FormerSurnameGaijiCount,
        Item::FormerSurnameKanji,
        Evidence::SAME_CHARACTER,
    ),
    (Item::NameGaijiSeq, Item::KanjiName, Evidence::SERIAL_ONLY),
    (Item::AddressGaijiSeq, Item::Address, Evidence::SERIAL_ONLY),
    (
        Item::FormerSurnameGaijiSeq,
        Item::FormerSurnameKanji,
        Evidence::SERIAL_ONLY,
    ),
];
