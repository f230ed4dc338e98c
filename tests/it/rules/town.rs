//! A small register in memory and notices to write by hand: what the tests of the rules play on.

use std::collections::BTreeMap;

use sekisho::domain::entry::{Entry, Standing, Version};
use sekisho::domain::finding::Finding;
use sekisho::domain::ids::{JuminCode, MunicipalityCode, MyNumber, PartyId};
use sekisho::domain::instant::{BusinessDate, Instant};
use sekisho::domain::item::Item;
use sekisho::domain::municipality::{Offices, Prefecture};
use sekisho::domain::notice::{Notice, NoticeDigest, NoticeKey};
use sekisho::domain::outcome::Outcome;
use sekisho::domain::party::{Encoding, Party, PartyKind};
use sekisho::domain::row::Row;
use sekisho::pipeline::apply::{self, Applied};
use sekisho::pipeline::check::{CheckedRecord, FileFacts, Head, RecordKind, Registers, check};
use sekisho::pipeline::decode::{DecodedRecord, Echo, FieldPlaces, FieldSet, ShortText};
use sekisho::pipeline::plan::{Judge, Known};

pub(crate) const AKITA: &str = "052019";
pub(crate) const NOSHIRO: &str = "052027";
pub(crate) const YOKOTE: &str = "052035";
/// A town that merged into Akita city.
pub(crate) const MERGED: &str = "053236";
/// Codes and numbers of section 1.
pub(crate) const ANNA: &str = "24727059608";
pub(crate) const BEN: &str = "24846016224";
pub(crate) const CHIE: &str = "25208017643";
pub(crate) const N1: &str = "379474484458";
pub(crate) const N2: &str = "454972364860";
pub(crate) const N3: &str = "507957100721";
/// Business date of the run in which nothing else is said.
pub(crate) const DAY: &str = "20200914";

pub(crate) fn item(number: u8) -> Item {
    Item::from_number(number).unwrap()
}

pub(crate) fn code(text: &str) -> JuminCode {
    JuminCode::parse(text).expect("a right code")
}

pub(crate) fn day(text: &str) -> BusinessDate {
    BusinessDate::parse(text).unwrap()
}

/// A change notice in the making.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) sender: &'static str,
    pub(crate) serial: u32,
    pub(crate) items: BTreeMap<Item, String>,
    pub(crate) old_my_number: String,
    pub(crate) old_jumin_code: String,
    pub(crate) placeholders: [u16; 3],
}

/// A notice by `sender` about the person Anna, all items filled; 09:00 of the day.
pub(crate) fn draft(sender: &'static str, reason: &str) -> Draft {
    let texts: [(u8, &str); 22] = [
        (1, ANNA),
        (2, "佐藤　花子"),
        (3, "000"),
        (4, "さとう　はなこ"),
        (5, "319800203"),
        (6, "2"),
        (7, "秋田県秋田市山王一丁目１番１号"),
        (8, "000"),
        (9, N1),
        (10, reason),
        (11, DAY),
        (14, sender),
        (15, "001001"),
        (16, "OP000001"),
        (17, "T0001"),
        (18, "20200914090000000"),
        (20, "0"),
        (22, "000001"),
        (23, "000"),
        (24, "000"),
        (26, "000"),
        (28, "000"),
    ];
    Draft {
        sender,
        serial: 1,
        items: texts
            .into_iter()
            .map(|(number, text)| (item(number), text.to_owned()))
            .collect(),
        old_my_number: String::new(),
        old_jumin_code: String::new(),
        placeholders: [0; 3],
    }
}

impl Draft {
    pub(crate) fn with(mut self, number: u8, text: &str) -> Self {
        self.items.insert(item(number), text.to_owned());
        self
    }

    /// Time of the operation on the day: hours and minutes.
    pub(crate) fn at(self, clock: &str) -> Self {
        let text = format!("{DAY}{clock}00000");
        self.with(18, &text)
    }

    pub(crate) fn of(self, code: &str) -> Self {
        self.with(1, code)
    }

    pub(crate) fn old_number(mut self, text: &str) -> Self {
        text.clone_into(&mut self.old_my_number);
        self
    }

    pub(crate) fn old_code(mut self, text: &str) -> Self {
        text.clone_into(&mut self.old_jumin_code);
        self
    }

    pub(crate) fn file(mut self, serial: u32) -> Self {
        self.serial = serial;
        self
    }

    pub(crate) fn placeholders(mut self, counts: [u16; 3]) -> Self {
        self.placeholders = counts;
        self
    }

    pub(crate) fn record(&self, record_no: u32) -> DecodedRecord {
        let mut row = Row::blank(PartyId::parse(self.sender).unwrap());
        for (item, text) in &self.items {
            assert!(row.set(*item, text));
        }
        let echo = Echo {
            jumin_code: ShortText::new(row.get(item(1))).unwrap_or_default(),
            ..Echo::default()
        };
        DecodedRecord {
            record_no,
            offset: u64::from(record_no) * 1400,
            row,
            old_my_number: self.old_my_number.clone(),
            old_jumin_code: self.old_jumin_code.clone(),
            faulty: FieldSet::default(),
            placeholders: self.placeholders,
            findings: Vec::new(),
            echo,
        }
    }
}

/// Places of the default layout that the tests look at: item number as offset, its double as length.
pub(crate) fn places() -> FieldPlaces {
    FieldPlaces {
        items: std::array::from_fn(|index| {
            let number = u32::try_from(index).unwrap() + 1;
            Some((number, number * 2))
        }),
        old_my_number: Some((1332, 12)),
        old_jumin_code: Some((1344, 11)),
    }
}

pub(crate) fn prefecture() -> Prefecture {
    Prefecture::built_in(MunicipalityCode::parse("050008").unwrap()).unwrap()
}

fn party(id: &str, predecessors: &[&str]) -> Party {
    Party {
        id: PartyId::parse(id).unwrap(),
        kind: PartyKind::Municipality,
        name: String::from("市"),
        sends: Vec::new(),
        encoding: Encoding::Cp932,
        active_from: day("20020805"),
        active_to: day("20991231"),
        hash_optional: false,
        plain_allowed: true,
        arrival: sekisho::domain::arrival::ArrivalRule::default(),
        predecessors: predecessors
            .iter()
            .map(|code| MunicipalityCode::parse(code).unwrap())
            .collect(),
        gaiji_table: None,
        signing_key: None,
        sealing_key: None,
    }
}

pub(crate) fn offices() -> Offices {
    Offices::of(&[party(AKITA, &[MERGED]), party(NOSHIRO, &[]), party(YOKOTE, &[])])
}

pub(crate) fn facts(sender: &str, serial: u32, business_date: &str) -> FileFacts {
    FileFacts {
        kind: RecordKind::Notice,
        sender: PartyId::parse(sender).unwrap(),
        serial,
        created_at: Instant::parse(&format!("{business_date}235959999")).unwrap(),
        business_date: day(business_date),
    }
}

pub(crate) fn checked(draft: &Draft, record_no: u32, business_date: &str) -> CheckedRecord {
    let registers = Registers {
        prefecture: &prefecture(),
        offices: &offices(),
    };
    let file = facts(draft.sender, draft.serial, business_date);
    check(draft.record(record_no), &places(), &file, registers)
}

/// `R L110:2 L111`: outcome letter, then each finding with its item.
pub(crate) fn fate(outcome: Outcome, findings: &[Finding]) -> String {
    let mut text = outcome.letter().to_string();
    for finding in findings {
        text.push(' ');
        text.push_str(finding.code.as_str());
        if let Some(number) = finding.item {
            text.extend([":", &number.to_string()]);
        }
    }
    text
}

/// The master in memory.
#[derive(Default, Clone)]
pub(crate) struct Master {
    pub(crate) entries: BTreeMap<JuminCode, Entry>,
    pub(crate) owners: BTreeMap<MyNumber, JuminCode>,
    pub(crate) notices: BTreeMap<NoticeKey, NoticeDigest>,
    pub(crate) versions: Vec<Version>,
}

impl Master {
    /// Everything the notices can meet, loaded in rounds as a caller must.
    pub(crate) fn known(&self, notices: &[Notice]) -> Known {
        let mut known = Known::default();
        for _ in 0..20 {
            let needs = known.missing(notices);
            if needs.is_empty() {
                return known;
            }
            for code in needs.codes {
                known.learn_entry(code, self.entries.get(&code).cloned());
            }
            for number in needs.numbers {
                known.learn_owner(number, self.owners.get(&number).copied());
            }
            for key in needs.notices {
                known.learn_notice(key, self.notices.get(&key).copied());
            }
        }
        panic!("the rounds of loading do not end");
    }

    pub(crate) fn residents(&self) -> u64 {
        let residents = self
            .entries
            .values()
            .filter(|entry| matches!(entry.standing, Standing::Resident(_)));
        u64::try_from(residents.count()).unwrap()
    }

    pub(crate) fn entry(&self, text: &str) -> &Entry {
        &self.entries[&code(text)]
    }

    /// Item of the current row of a code.
    pub(crate) fn get(&self, text: &str, number: u8) -> &str {
        self.entry(text).row().unwrap().get(item(number))
    }

    /// Items 12 of the versions of a code, in their order.
    pub(crate) fn history(&self, text: &str) -> Vec<String> {
        let of_code = self.versions.iter().filter(|version| version.code == code(text));
        of_code.map(|version| version.row.get(item(12)).to_owned()).collect()
    }

    pub(crate) fn commit(&mut self, applied: &Applied) {
        let before = self.residents();
        let changes = applied.changes.clone();
        self.entries
            .extend(changes.entries.into_iter().map(|entry| (entry.code, entry)));
        self.owners.extend(changes.numbers);
        self.notices.extend(changes.notices);
        self.versions.extend(changes.versions);
        let sums = applied.run.sums(before);
        assert_eq!(sums.test(), Ok(()));
        assert_eq!(self.residents(), sums.residents_after);
    }

    /// One run of the day; what became of each draft, in the order given.
    pub(crate) fn run(&mut self, drafts: &[Draft]) -> Vec<String> {
        self.run_on(DAY, drafts).0
    }

    /// One run; the drafts of one sender and serial are one file, in the order given.
    pub(crate) fn run_on(&mut self, business_date: &str, drafts: &[Draft]) -> (Vec<String>, Applied) {
        let mut heads: Vec<(&Draft, Head)> = Vec::new();
        let mut notices = Vec::new();
        for (number, draft) in (1..).zip(drafts) {
            let record = checked(draft, number, business_date);
            notices.extend(record.notice);
            heads.push((draft, record.head));
        }
        let known = self.known(&notices);
        let offices = offices();
        let judge = Judge {
            business_date: day(business_date),
            offices: &offices,
        };
        let applied = apply::run(&judge, notices, known).unwrap();
        let judged = applied.by_source();
        let fates = heads.into_iter().map(|(draft, head)| {
            let sender = PartyId::parse(draft.sender).unwrap();
            let answer = apply::answer(sender, draft.serial, vec![head], &judged).unwrap();
            fate(answer.records[0].outcome, &answer.records[0].findings)
        });
        let fates = fates.collect();
        self.commit(&applied);
        (fates, applied)
    }

    /// One notice in a run of its own.
    pub(crate) fn send(&mut self, draft: Draft) -> String {
        self.run(&[draft]).remove(0)
    }

    /// One notice that has to be applied.
    pub(crate) fn must(&mut self, draft: Draft) {
        let fate = self.send(draft);
        assert!(fate.starts_with(['A', 'W']), "{fate}");
    }
}

/// A master in which Anna is a resident of Akita city since 2020-09-01.
pub(crate) fn with_anna() -> Master {
    let mut master = Master::default();
    let entry = draft(AKITA, "16").with(11, "20200901").with(18, "20200901090000000");
    assert_eq!(master.run_on("20200901", &[entry]).0, ["A"]);
    master
}

/// The drafts of [`Master::run_on`] on an empty master, given to the planner in the opposite order.
pub(crate) fn run_reversed(drafts: &[Draft]) -> Applied {
    let notices = (1..)
        .zip(drafts)
        .filter_map(|(number, draft)| checked(draft, number, DAY).notice);
    let mut notices: Vec<Notice> = notices.collect();
    notices.reverse();
    let offices = offices();
    let judge = Judge {
        business_date: day(DAY),
        offices: &offices,
    };
    let known = Master::default().known(&notices);
    apply::run(&judge, notices, known).unwrap()
}
