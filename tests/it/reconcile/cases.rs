//! The example cases beside the project: every extract of every day on a register that the pure steps made in memory, its
//! RCR against the expected rows and sums. Skipped where they are absent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use sekisho::domain::difference::Sum;
use sekisho::domain::ids::MunicipalityCode;
use sekisho::domain::instant::BusinessDate;
use sekisho::domain::municipality::{Offices, Prefecture};
use sekisho::domain::party::FileKind;
use sekisho::format::exchange::{HashRule, Header, KindFields, ParsedFile};
use sekisho::format::layout::{Layouts, RecordType};
use sekisho::pipeline::apply;
use sekisho::pipeline::check::{CheckedRecord, FileFacts, RecordKind, Registers, check};
use sekisho::pipeline::decode::{Decoder, decode_named};
use sekisho::pipeline::emit::{Compared, OwnHead, RcrWriter, rejected_extract};
use sekisho::pipeline::intake::InboundFile;
use sekisho::pipeline::plan::Judge;
use sekisho::pipeline::reconcile::{ExtractFacts, Listed, Outcome, Scope};
use sekisho::text::gaiji::GaijiTable;

use super::engine::same;
use super::walk::reconcile;
use crate::layout::cases::{Case, Memory, csv_rows, load, run_day};
use crate::master::fixture::Store;
use crate::rules::town::Master;

type Rows = Vec<BTreeMap<String, String>>;

fn records(case: &Case, layouts: &Layouts, path: &str, file: &InboundFile, day: BusinessDate) -> Vec<CheckedRecord> {
    let parties: Vec<_> = case.parties.values().cloned().collect();
    let offices = Offices::of(&parties);
    let prefecture = Prefecture::built_in(MunicipalityCode::parse(case.own.as_str()).unwrap()).unwrap();
    let header = file.header();
    let facts = FileFacts {
        kind: if header.kind == FileKind::Ext {
            RecordKind::Extract
        } else {
            RecordKind::Notice
        },
        sender: header.sender,
        serial: header.serial,
        created_at: header.created_at,
        business_date: day,
    };
    let registers = Registers {
        prefecture: &prefecture,
        offices: &offices,
    };
    let bytes = std::fs::read(case.folder.join(path)).unwrap();
    let gaiji = GaijiTable::none();
    let mut decoder = Decoder::new(layouts.get(header.kind), header.encoding, &gaiji, header.sender);
    let mut checked = Vec::new();
    for (record_no, offset, record) in file.frame().data(&bytes) {
        let decoded = decoder.decode(record, record_no, offset);
        checked.push(check(decoded, decoder.places(), &facts, registers));
    }
    checked
}

fn extract_facts(header: &Header) -> ExtractFacts {
    let KindFields::Extract { base_at, scope } = &header.fields else {
        panic!("not an extract");
    };
    ExtractFacts {
        sender: header.sender,
        base_at: *base_at,
        scope: Scope::from_byte(*scope).unwrap(),
        has_gap: false,
    }
}

fn head(case: &Case, header: &Header, day: BusinessDate) -> OwnHead {
    OwnHead {
        own: case.own,
        receiver: header.sender,
        serial: header.serial,
        business_date: day,
        environment: case.environment,
        encoding: header.encoding,
        reply_to: None,
    }
}

/// The rows of an RCR in the columns of the expected ones, and its sums.
fn shown(layouts: &Layouts, bytes: &[u8]) -> (Rows, Vec<u32>) {
    let parsed = ParsedFile::parse(bytes, layouts, HashRule::Required).unwrap();
    let layout = layouts.get(FileKind::Rcr);
    let rows = parsed.frame.data(bytes).map(|(_, _, record)| {
        let encoding = parsed.header.encoding;
        let named = decode_named(layout, RecordType::Data, record, encoding, &GaijiTable::none());
        let texts = named
            .into_iter()
            .map(|field| (field.name.to_owned(), field.text.unwrap()));
        let mut row: BTreeMap<String, String> = texts.collect();
        let record_no: u32 = row["record_no"].parse().unwrap();
        row.insert("record_no".to_owned(), record_no.to_string());
        row
    });
    (rows.collect(), parsed.sums)
}

fn rcr(layouts: &Layouts, head: &OwnHead, facts: &ExtractFacts, outcomes: &[Outcome], input: u64) -> Vec<u8> {
    let compared = Compared {
        base_at: Some(facts.base_at),
        generation: 1,
    };
    let mut writer = RcrWriter::new(layouts.get(FileKind::Rcr), head, compared, GaijiTable::none()).unwrap();
    for outcome in outcomes {
        writer.outcome(outcome).unwrap();
    }
    writer.finish(input).unwrap()
}

/// Runs a case; the number of extracts that were compared.
fn compare(name: &str) -> Option<usize> {
    let case = load(name)?;
    let layouts = Layouts::builtin().unwrap();
    let parties: Vec<_> = case.parties.values().cloned().collect();
    let offices = Offices::of(&parties);
    let (mut memory, mut waiting) = (Memory::default(), Vec::new());
    let (mut master, mut store) = (Master::default(), Store::new());
    let mut days = vec![("initial".to_owned(), "initial".to_owned(), case.first_day)];
    let later = case
        .days
        .iter()
        .map(|(day, date)| (day.clone(), format!("{day}/in"), *date));
    days.extend(later);
    let mut count = 0;
    for (day, folder, date) in days {
        let (files, taken) = run_day(&case, &folder, date, &mut memory, &mut waiting);
        let of_kind = |kind| taken.iter().filter(move |(_, file)| file.header().kind == kind);
        let checked = of_kind(FileKind::Upd).flat_map(|(path, file)| records(&case, &layouts, path, file, date));
        let notices: Vec<_> = checked.filter_map(|checked| checked.notice).collect();
        let judge = Judge {
            business_date: date,
            offices: &offices,
        };
        let known = master.known(&notices);
        let applied = apply::run(&judge, notices, known).unwrap();
        master.commit(&applied);
        store.commit(&applied.changes, &[], !applied.ntf.is_empty());
        let extracts: Vec<_> = of_kind(FileKind::Ext)
            .map(|(path, file)| {
                let records = records(&case, &layouts, path, file, date);
                let listed: Vec<Listed> = records.into_iter().map(Listed::from).collect();
                (extract_facts(file.header()), listed)
            })
            .collect();
        let found = reconcile(&master, &offices, &extracts, &BTreeSet::new());
        same(&store, &offices, &extracts, &found);
        for (((path, file), (facts, listed)), outcomes) in of_kind(FileKind::Ext).zip(&extracts).zip(found) {
            let input = u64::try_from(listed.len()).unwrap();
            let bytes = rcr(&layouts, &head(&case, file.header(), date), facts, &outcomes, input);
            let (rows, sums) = shown(&layouts, &bytes);
            let stem = Path::new(path).file_stem().unwrap().to_str().unwrap();
            let expected = csv_rows(&case.folder.join(format!("expected/{day}/{stem}.rcr.csv")));
            assert_eq!(rows, expected, "{name} {path}");
            let counts = csv_rows(&case.folder.join(format!("expected/{day}/counts_ext.csv")));
            let want = counts.iter().find(|row| row["file"] == *path).unwrap();
            for (sum, got) in Sum::ALL.into_iter().zip(&sums) {
                assert_eq!(got.to_string(), want[sum.name()], "{name} {path} {}", sum.name());
            }
            assert_eq!(input.to_string(), want["input"]);
            count += 1;
        }
        count += rejected(&case, &layouts, &day, date, &files);
    }
    Some(count)
}

/// The answers to the extracts that were rejected as a whole.
fn rejected(
    case: &Case,
    layouts: &Layouts,
    day: &str,
    date: BusinessDate,
    files: &crate::layout::cases::Outcomes,
) -> usize {
    let mut count = 0;
    for (path, (outcome, code)) in files {
        let stem = Path::new(path).file_stem().unwrap().to_str().unwrap();
        if outcome != "rejected" || !stem.starts_with("EXT") {
            continue;
        }
        let bytes = std::fs::read(case.folder.join(path)).unwrap();
        let header = ParsedFile::parse(&bytes, layouts, HashRule::Optional).unwrap().header;
        let KindFields::Extract { base_at, .. } = header.fields else {
            panic!("not an extract");
        };
        let compared = Compared {
            base_at: Some(base_at),
            generation: 1,
        };
        let code = sekisho::domain::code::Code::parse(code).unwrap();
        let answer = rejected_extract(layouts.get(FileKind::Rcr), &head(case, &header, date), compared, code).unwrap();
        let (rows, sums) = shown(layouts, &answer);
        let expected = csv_rows(&case.folder.join(format!("expected/{day}/{stem}.rcr.csv")));
        assert_eq!((rows, sums), (expected, vec![0; 10]), "{path}");
        count += 1;
    }
    count
}

#[test]
fn small() {
    assert!(compare("a-small").is_none_or(|count| count == 8));
}

#[test]
fn prefecture() {
    assert!(compare("b-prefecture").is_none_or(|count| count == 10));
}

#[test]
fn bad() {
    assert!(compare("c-bad").is_none_or(|count| count == 9));
}

#[test]
fn ucs2() {
    assert!(compare("d-ucs2").is_none_or(|count| count == 8));
}
