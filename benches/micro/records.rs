//! Records of an update file: cut and decoded, checked, judged against the register.

use divan::{Bencher, black_box};
use sekisho::domain::arrival::ArrivalRule;
use sekisho::domain::ids::{MunicipalityCode, PartyId};
use sekisho::domain::instant::{BusinessDate, Instant};
use sekisho::domain::item::Item;
use sekisho::domain::municipality::{Offices, Prefecture};
use sekisho::domain::notice::Notice;
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::domain::row::Row;
use sekisho::format::exchange::{FileHead, LineEnd, NoticeWriter, OldNumbers};
use sekisho::format::layout::Layouts;
use sekisho::pipeline::check::{FileFacts, RecordKind, Registers, check, findings};
use sekisho::pipeline::decode::{DecodedRecord, Decoder};
use sekisho::pipeline::plan::{Judge, Known};
use sekisho::text::gaiji::GaijiTable;

const TOWN: &str = "052019";
const RECORD: usize = 1400;

/// An entry (reason 16), 2020-09-14.
const ITEMS: [(u8, &str); 21] = [
    (1, "24727059608"),
    (2, "佐藤　花子"),
    (3, "000"),
    (4, "さとう　はなこ"),
    (5, "319800203"),
    (6, "2"),
    (7, "秋田県秋田市山王一丁目１番１号"),
    (8, "000"),
    (9, "379474484458"),
    (10, "16"),
    (11, "20200914"),
    (14, TOWN),
    (15, "001001"),
    (16, "OP000001"),
    (17, "T0001"),
    (18, "20200914090000000"),
    (20, "0"),
    (22, "000001"),
    (23, "000"),
    (24, "000"),
    (26, "000"),
];

fn town() -> PartyId {
    PartyId::parse(TOWN).unwrap()
}

/// The one data record of a file.
fn record(layouts: &Layouts) -> Vec<u8> {
    let mut row = Row::blank(town());
    for (number, text) in ITEMS.into_iter().chain([(28, "000")]) {
        assert!(row.set(Item::from_number(number).unwrap(), text));
    }
    let head = FileHead {
        sender: town(),
        receiver: PartyId::parse("050008").unwrap(),
        serial: 1,
        created_at: Instant::parse("20200914100000000").unwrap(),
        environment: b'T',
        encoding: Encoding::Cp932,
        reply_to: None,
        line_end: LineEnd::None,
    };
    let mut writer = NoticeWriter::without_table(layouts.get(FileKind::Upd), &head).unwrap();
    writer.put(&row, OldNumbers::default()).unwrap();
    let file = writer.finish().unwrap();
    file.get(RECORD..2 * RECORD).unwrap().to_vec()
}

fn facts() -> FileFacts {
    FileFacts {
        kind: RecordKind::Notice,
        sender: town(),
        serial: 1,
        created_at: Instant::parse("20200914100000000").unwrap(),
        business_date: BusinessDate::parse("2020-09-14").unwrap(),
    }
}

/// The town answers for itself.
fn offices() -> Offices {
    let date = |text| BusinessDate::parse(text).unwrap();
    Offices::of(&[Party {
        id: town(),
        kind: PartyKind::Municipality,
        name: "秋田市".to_owned(),
        sends: vec![FileKind::Upd],
        encoding: Encoding::Cp932,
        active_from: date("2002-08-05"),
        active_to: date("2099-12-31"),
        hash_optional: false,
        plain_allowed: true,
        arrival: ArrivalRule::default(),
        predecessors: Vec::new(),
        gaiji_table: None,
        signing_key: None,
        sealing_key: None,
    }])
}

fn prefecture() -> Prefecture {
    Prefecture::built_in(MunicipalityCode::parse("050008").unwrap()).unwrap()
}

#[divan::bench]
fn cut_and_decode(bencher: Bencher<'_, '_>) {
    let (layouts, gaiji) = (Layouts::builtin().unwrap(), GaijiTable::none());
    let record = record(&layouts);
    let mut decoder = Decoder::new(layouts.get(FileKind::Upd), Encoding::Cp932, &gaiji, town());
    let mut decoded = DecodedRecord::blank(town());
    bencher.bench_local(|| decoder.decode_into(black_box(&record), 1, 1400, &mut decoded));
}

#[divan::bench]
fn find_faults(bencher: Bencher<'_, '_>) {
    let (layouts, gaiji) = (Layouts::builtin().unwrap(), GaijiTable::none());
    let record = record(&layouts);
    let mut decoder = Decoder::new(layouts.get(FileKind::Upd), Encoding::Cp932, &gaiji, town());
    let decoded = decoder.decode(&record, 1, 1400);
    let (facts, prefecture, offices) = (facts(), prefecture(), offices());
    let registers = Registers {
        prefecture: &prefecture,
        offices: &offices,
    };
    bencher.bench_local(|| findings(black_box(&decoded), decoder.places(), &facts, registers));
}

fn notice() -> Notice {
    let (layouts, gaiji) = (Layouts::builtin().unwrap(), GaijiTable::none());
    let record = record(&layouts);
    let mut decoder = Decoder::new(layouts.get(FileKind::Upd), Encoding::Cp932, &gaiji, town());
    let decoded = decoder.decode(&record, 1, 1400);
    let (prefecture, offices) = (prefecture(), offices());
    let registers = Registers {
        prefecture: &prefecture,
        offices: &offices,
    };
    let checked = check(decoded, decoder.places(), &facts(), registers);
    assert!(checked.head.refused.is_empty(), "{:?}", checked.head);
    checked.notice.unwrap()
}

/// An entry of somebody who is not in the register.
#[divan::bench]
fn judge_a_notice(bencher: Bencher<'_, '_>) {
    let (notice, offices) = (notice(), offices());
    let mut known = Known::default();
    known.learn_entry(notice.code, None);
    if let Some(number) = notice.my_number() {
        known.learn_owner(number, None);
    }
    let judge = Judge {
        business_date: facts().business_date,
        offices: &offices,
    };
    bencher.bench_local(|| judge.decide(black_box(&notice), &known).unwrap());
}
