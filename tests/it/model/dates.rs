//! Days on which something changes (F15): eras, year end, fiscal year end, 29 February, both ends of a party, a clock that
//! is set back and forward. Each row with its reason; what is expected comes from the rules (5.1, 2.4, 2.6) and the calendar.

use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use sekisho::domain::fault::{Fault, FaultId};
use sekisho::domain::instant::Instant;
use sekisho::domain::item::Item;
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::format::leaf::Leaf;
use sekisho::ports::memory::MemoryDisk;
use sekisho::ports::{Clock, Disk as _};
use sekisho::run::init::{self, UnlockWish, Wish};
use sekisho::run::parties;
use sekisho::run::pass::{self, Memory, PassResult, PassSettings};
use sekisho::run::site::{Access, Site, Tools};
use sekisho::store::ledger::{Ledger, log_names};

use super::wire::read_res;
use crate::desk::files::{AKITA, ANNA, BEN, NATIONAL, OGA, OWN, day, entry, head, id, name, secrets, upd_of};
use crate::desk::memory::{ROOT, SeededEntropy};
use crate::desk::state::open;
use crate::desk::unlocking;

/// A clock that stands where it is put.
struct Standing(AtomicU64);

impl Standing {
    fn at(text: &str) -> Self {
        Self(AtomicU64::new(text.parse().unwrap()))
    }
}

impl Clock for Standing {
    fn now(&self) -> Instant {
        Instant::from_value(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// Opens the site by this clock and does something with it.
fn with<T>(
    disk: &MemoryDisk,
    clock: &Standing,
    access: Access,
    seed: u8,
    work: impl FnOnce(&mut Site<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let entropy = SeededEntropy::new(seed);
    let tools = Tools {
        disk,
        clock,
        entropy: &entropy,
    };
    work(&mut Site::open(tools, Path::new(ROOT), access, unlocking())?)
}

/// A site of 2002-08-05 with 秋田市, without end, and 男鹿市, from 2012-02-29 to 2019-04-30.
fn site() -> MemoryDisk {
    static SITE: OnceLock<MemoryDisk> = OnceLock::new();
    let made = SITE.get_or_init(|| {
        let disk = MemoryDisk::new();
        let clock = Standing::at("20020805090000000");
        let entropy = SeededEntropy::new(1);
        let tools = Tools {
            disk: &disk,
            clock: &clock,
            entropy: &entropy,
        };
        let wish = Wish {
            id: id(OWN),
            name: "秋田県".to_owned(),
            national_body: id(NATIONAL),
            training: true,
            unlock: UnlockWish::KeyFile,
            business_date: day("2002-08-05"),
        };
        init::init(tools, Path::new(ROOT), &wish, unlocking()).unwrap();
        let party = |owner: &str, seed: u8, from: &str, to: &str| Party {
            id: id(owner),
            kind: if owner == NATIONAL {
                PartyKind::National
            } else {
                PartyKind::Municipality
            },
            name: "団体".to_owned(),
            sends: vec![if owner == NATIONAL {
                FileKind::Res
            } else {
                FileKind::Upd
            }],
            encoding: Encoding::Cp932,
            active_from: day(from),
            active_to: day(to),
            hash_optional: false,
            plain_allowed: true,
            arrival: sekisho::domain::arrival::ArrivalRule::default(),
            predecessors: Vec::new(),
            gaiji_table: None,
            signing_key: Some(secrets(owner, seed).package_signer.vkey()),
            sealing_key: Some(secrets(owner, seed).public_sealing_keys()[0].text()),
        };
        let list = vec![
            party(NATIONAL, 1, "2002-08-05", "9999-12-31"),
            party(AKITA, 2, "2002-08-05", "9999-12-31"),
            party(OGA, 3, "2012-02-29", "2019-04-30"),
        ];
        with(&disk, &clock, Access::Write, 2, |site| {
            parties::put(site, list, Some(day("2002-08-05")))
        })
        .unwrap();
        for owner in [AKITA, OGA] {
            disk.create_folder(&Path::new(ROOT).join("in").join(owner)).unwrap();
        }
        disk
    });
    made.copy()
}

/// What a row is about.
#[derive(Debug, Clone, Copy)]
enum About {
    /// Item 5 of an entry by 16.
    Birth,
    /// Item 5 of a birth (13) notified on the day.
    BornToday,
    /// Item 11 of an entry by 16.
    Change,
    /// Item 18; the header says noon of the day.
    Time,
    /// `created_at`.
    Made,
    /// A file of 男鹿市 with nothing odd; the text is not used.
    Oga,
}

use About::{Birth, BornToday, Change, Made, Oga, Time};

/// Business date, what, its text, what becomes of the file or record, why.
type Row = (&'static str, About, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("20200914", Birth, "118680125", "A", "first day of 明治"),
    ("20200914", Birth, "118680124", "R C005:5", "the day before 明治"),
    ("20200914", Birth, "119120730", "A", "last day of 明治, first of 大正: both are right"),
    ("20200914", Birth, "219120730", "A", "first day of 大正"),
    ("20200914", Birth, "219120729", "R C005:5", "the day before 大正"),
    ("20200914", Birth, "119120731", "R C005:5", "the day after 明治"),
    ("20200914", Birth, "219261225", "A", "last day of 大正"),
    ("20200914", Birth, "319261225", "A", "first day of 昭和"),
    ("20200914", Birth, "219261226", "R C005:5", "the day after 大正"),
    ("20200914", Birth, "319261224", "R C005:5", "the day before 昭和"),
    ("20200914", Birth, "319890107", "A", "last day of 昭和"),
    ("20200914", Birth, "319890108", "R C005:5", "昭和 does not overlap with 平成"),
    ("20200914", Birth, "419890108", "A", "first day of 平成"),
    ("20200914", Birth, "419890107", "R C005:5", "the day before 平成"),
    ("20200914", Birth, "420190430", "A", "last day of 平成"),
    ("20200914", Birth, "420190501", "R C005:5", "the day after 平成"),
    ("20200914", Birth, "520190501", "A", "first day of 令和"),
    ("20200914", Birth, "520190430", "R C005:5", "the day before 令和"),
    ("20190430", Birth, "520190501", "R C005:5", "on the last day of 平成 the first of 令和 is tomorrow"),
    ("20190430", BornToday, "420190430", "A", "born on the last day of 平成"),
    ("20190501", BornToday, "520190501", "A", "born on the first day of 令和"),
    ("20190501", BornToday, "420190501", "R C005:5", "平成 is over"),
    ("20200914", Birth, "020000229", "A", "2000 is a leap year"),
    ("20200914", Birth, "019000229", "R C005:5", "1900 is none"),
    ("20240229", BornToday, "520240229", "A", "2024 is one"),
    ("21000301", Birth, "521000229", "R C005:5", "2100 is none"),
    ("20210301", Birth, "520210229", "R C005:5", "2021 is none"),
    ("20210301", Birth, "520210228", "A", "the last day of February"),
    ("20200914", Birth, "520200914", "A", "today"),
    ("20200914", Birth, "520200915", "R C005:5", "tomorrow"),
    ("20200914", Birth, "300000000", "A", "nothing known"),
    ("20200914", Birth, "519000000", "A", "the era is not tested with unknown parts"),
    ("20200914", Birth, "3198902A3", "A", "the last ten days of a February"),
    ("20200914", Birth, "31989A400", "A", "some time in winter"),
    ("20200914", Birth, "31989A4A4", "R C005:5", "there are three ten-day parts"),
    ("20200914", Birth, "31989A1A1", "A", "some time in spring, the first ten days of it"),
    ("20200914", Birth, "520200900", "A", "this month, its day unknown, is not after today"),
    ("20200914", Birth, "520201000", "R C005:5", "next month is"),
    ("20200914", Birth, "319890015", "R C005:5", "a day of an unknown month"),
    ("20200914", Birth, "000000115", "R C005:5", "a month of an unknown year"),
    ("20200301", Change, "20200229", "A", "2020 is a leap year"),
    ("20200914", Change, "20190229", "R C005:11", "2019 is none"),
    ("20200914", Change, "20200915", "R L116:11", "tomorrow"),
    ("20201231", Change, "20210101", "R L116:11", "tomorrow is another year"),
    ("20210101", Change, "20210101", "A", "new year's day"),
    ("20210331", Change, "20210331", "A", "last day of a fiscal year"),
    ("20210331", Change, "20210401", "R L116:11", "tomorrow is another fiscal year"),
    ("20210401", Change, "20210331", "A", "first day of a fiscal year, about the day before"),
    ("20200914", Change, "20200900", "R C005:11", "unknown parts are for 23 and 26"),
    ("20200914", Time, "20200914120000000", "A", "the very time of the header"),
    ("20200914", Time, "20200914120000001", "R C005:18", "a millisecond after the header"),
    ("20200914", Time, "20200913235959999", "A", "the last millisecond of the day before"),
    ("20200914", Time, "20200913240000000", "R C005:18", "there is no hour 24"),
    ("20170101", Time, "20161231235960000", "R C005:18", "nor a second 60, not even a leap second"),
    ("20200914", Time, "20190229120000000", "R C005:18", "no day of the calendar"),
    ("20200914", Made, "20200915235959999", "A", "all of the day after the business date"),
    ("20200914", Made, "20200916000000000", "rejected F002", "the day after that"),
    ("20201231", Made, "20210101000000000", "A", "over the year end"),
    ("20201231", Made, "20210102000000000", "rejected F002", "two days over the year end"),
    ("20200228", Made, "20200229235959999", "A", "29 February is the next day"),
    ("20200228", Made, "20200301000000000", "rejected F002", "and 1 March is not"),
    ("20210228", Made, "20210301000000000", "A", "without a 29 February it is"),
    ("20210228", Made, "20210229000000000", "rejected F002", "no day of the calendar"),
    ("20210331", Made, "20210401120000000", "A", "over the end of the fiscal year"),
    ("20120228", Oga, "", "held H04", "the day before the first day of the party"),
    ("20120229", Oga, "", "A", "its first day, a 29 February"),
    ("20190430", Oga, "", "A", "its last day"),
    ("20190501", Oga, "", "held H04", "the day after"),
];

/// One file with one entry, by a row; what became of it.
fn outcome((date, about, text, _, _): &Row) -> String {
    let disk = site();
    let (sender, seed) = if matches!(about, Oga) { (OGA, 3) } else { (AKITA, 2) };
    let mut row = entry(sender, ANNA);
    let mut set = |item: u8, text: &str| assert!(row.set(Item::from_number(item).unwrap(), text));
    set(11, date);
    set(18, &format!("{date}090000000"));
    set(5, "119000101");
    let mut made = format!("{date}120000000");
    match about {
        Birth => set(5, text),
        BornToday => {
            set(10, "13");
            set(5, text);
        }
        Change => set(11, text),
        Time => set(18, text),
        Made => (*text).clone_into(&mut made),
        Oga => {}
    }
    // `head` wants a real time; another one is put into the bytes, as a sender might.
    let head = head(sender, 1);
    let mut bytes = upd_of(&head, &[row]);
    bytes[30..47].copy_from_slice(made.as_bytes());
    let folder = Path::new(ROOT).join("in").join(sender);
    disk.put(&folder.join(name(sender, 1)), &bytes).unwrap();
    let clock = Standing::at(&format!("{date}180000000"));
    with(&disk, &clock, Access::Write, 3, |site| {
        let settings = PassSettings {
            business_date: None,
            threads: 1,
            memory: Memory::default(),
        };
        let result = pass::run(site, settings)?;
        assert_eq!(
            result.business_date.to_string(),
            **date,
            "the business date is the day of the clock"
        );
        let [file] = result.files.as_slice() else {
            panic!("{} files", result.files.len())
        };
        if file.outcome != "processed" {
            return Ok(format!(
                "{} {}",
                file.outcome,
                file.code.map_or("", |code| code.as_str())
            ));
        }
        let path = format!("out/{sender}/{}", file.answer.as_ref().unwrap());
        let bytes = disk.read(&site.folders.at(&path), 1 << 20).unwrap();
        let keys = std::iter::once((sender, secrets(sender, seed))).collect();
        let answer = read_res(&open(site, &keys, &path, &bytes));
        assert_eq!(answer.head[5], format!("{date}000000000"));
        let line = &answer.lines[0].0;
        assert_eq!(answer.lines.len(), 1);
        Ok(if line[6].is_empty() {
            line[5].clone()
        } else {
            format!("{} {}:{}", line[5], line[6], line[7])
        })
    })
    .unwrap()
}

#[test]
fn forty_days_and_more() {
    assert!(ROWS.len() >= 40);
    let mut wrong = Vec::new();
    for row in ROWS {
        let found = outcome(row);
        if found != row.3 {
            wrong.push(format!("{row:?}: {found}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A run at a time of the clock.
struct Night {
    clock: &'static str,
    /// Business date given by the operator.
    given: Option<&'static str>,
    /// The business date of the run; `None` where it is refused.
    date: Option<&'static str>,
    /// Fiscal year of the newest log afterwards.
    year: u32,
    why: &'static str,
}

#[rustfmt::skip]
const NIGHTS: &[Night] = &[
    night("20201231235959999", None, Some("20201231"), 2020, "the last millisecond of a year"),
    night("20210101000000000", None, Some("20210101"), 2020, "a new year, the same fiscal year"),
    night("20210331235959999", None, Some("20210331"), 2020, "the last millisecond of a fiscal year"),
    night("20210401000000000", None, Some("20210401"), 2021, "a new fiscal year has a new log"),
    night("20210330120000000", None, Some("20210401"), 2021, "the clock is set back: never before the newest day"),
    night("20210330130000000", Some("20210331"), None, 2021, "nor where the operator asks for it"),
    night("20210330130000000", Some("20210401"), Some("20210401"), 2021, "the newest day may be given again"),
    night("20200101000000000", None, Some("20210401"), 2021, "set back by more than a year"),
    night("20210402090000000", None, Some("20210402"), 2021, "the clock is right again"),
    night("20240229120000000", None, Some("20240229"), 2023, "forward, over two logs that never were"),
    night("20240301000000000", Some("20240229"), Some("20240229"), 2023, "after midnight, for the day before"),
    night("20240229120000000", Some("20240401"), Some("20240401"), 2024, "a day to come opens its fiscal year"),
    night("20240331120000000", None, Some("20240401"), 2024, "and there is no way back to the year before"),
    night("20240331120000000", Some("20240331"), None, 2024, "not by hand either"),
    night("21000228235959999", None, Some("21000228"), 2099, "a February without a 29th"),
    night("21000301000000000", None, Some("21000301"), 2099, "is followed by March"),
];

const fn night(
    clock: &'static str,
    given: Option<&'static str>,
    date: Option<&'static str>,
    year: u32,
    why: &'static str,
) -> Night {
    Night {
        clock,
        given,
        date,
        year,
        why,
    }
}

/// Times of all leaves of all logs, in order; outgoing files show none.
fn times(site: &Site<'_>) -> Vec<Instant> {
    let folder = site.folders.ledger();
    let prefix = "sekisho/050008";
    let key = site.secrets.ledger_signer.verifier();
    let mut times = Vec::new();
    for log in log_names(site.tools.disk, &folder).unwrap() {
        let log = Ledger::open_log(site.tools.disk, &folder, prefix, &key, log).unwrap();
        let entries = log.entries(0..log.tip().size).unwrap();
        times.extend(entries.iter().filter_map(|entry| Leaf::parse(entry).unwrap().time));
    }
    times
}

#[test]
fn nights_with_a_clock_that_goes_back_and_forward() {
    let disk = site();
    let clock = Standing::at("20020805090000000");
    let mut serial = 0;
    for (seed, night) in (10..).zip(NIGHTS) {
        clock.0.store(night.clock.parse().unwrap(), Ordering::SeqCst);
        serial += 1;
        // The first file enters a person; the others say it again, so that every night has something to commit.
        let persons = if serial == 1 { vec![ANNA, BEN] } else { vec![ANNA] };
        let rows: Vec<_> = persons.into_iter().map(|person| entry(AKITA, person)).collect();
        let bytes = upd_of(&head(AKITA, serial), &rows);
        let path = Path::new(ROOT).join("in").join(AKITA).join(name(AKITA, serial));
        disk.put(&path, &bytes).unwrap();
        let settings = PassSettings {
            business_date: night.given.map(day),
            threads: 1,
            memory: Memory::default(),
        };
        let result: Result<PassResult, Fault> =
            with(&disk, &clock, Access::Write, seed, |site| pass::run(site, settings));
        match (&result, night.date) {
            (Ok(result), Some(date)) => {
                assert_eq!(result.business_date.to_string(), date, "{}", night.why);
                assert!(result.committed, "{}", night.why);
            }
            (Err(fault), None) => {
                assert_eq!(
                    (fault.id, fault.class().exit_code()),
                    (FaultId::DateBackward, 4),
                    "{}",
                    night.why
                );
                assert!(disk.exists(&path).unwrap(), "{}", night.why);
                serial -= 1;
            }
            _ => panic!("{}: {result:?}", night.why),
        }
        let (year, times) = with(&disk, &clock, Access::Read, seed, |site| {
            Ok((site.ledger.tip().log.year(), times(site)))
        })
        .unwrap();
        assert_eq!(year, night.year, "{}", night.why);
        let back = times.windows(2).find(|pair| pair[1] < pair[0]);
        assert_eq!(back, None, "{}: the ledger goes back", night.why);
        if result.is_ok() {
            let newest = *times.last().unwrap();
            assert!(newest >= clock.now(), "{}", night.why);
        }
    }
}
