//! `sample` writes files that the program itself takes without a word.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sekisho::domain::ids::MunicipalityCode;
use sekisho::domain::instant::BusinessDate;
use sekisho::domain::municipality::{Offices, Prefecture};
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::format::exchange::{HashRule, LineEnd, ParsedFile, SampleHead, sample};
use sekisho::format::layout::{Layout, Layouts, builtin_text};
use sekisho::pipeline::decode::Decoder;
use sekisho::text::gaiji::GaijiTable;

use super::setting::id;

fn head(party: &str, encoding: Encoding, line_end: LineEnd) -> SampleHead {
    SampleHead {
        party: id(party),
        own: id("050008"),
        serial: 7,
        day: BusinessDate::parse("20200914").unwrap(),
        encoding,
        line_end,
    }
}

#[test]
fn a_sample_of_every_kind_is_sound() {
    let layouts = Layouts::builtin().unwrap();
    for kind in FileKind::ALL {
        for encoding in [Encoding::Cp932, Encoding::Ucs2Be] {
            for line_end in [LineEnd::None, LineEnd::CrLf, LineEnd::Lf] {
                for party in ["052027", "N0000001"] {
                    let bytes = sample(layouts.get(kind), &head(party, encoding, line_end)).unwrap();
                    let file = ParsedFile::parse(&bytes, &layouts, HashRule::Required).unwrap();
                    assert_eq!((file.header.kind, file.header.serial), (kind, 7));
                    assert_eq!(file.frame.data_count(), 2);
                    assert_eq!(file.frame.line_end(), line_end);
                }
            }
        }
    }
}

#[test]
fn sample_notices_have_no_finding() {
    use sekisho::pipeline::check::{FileFacts, RecordKind, Registers, check};
    let layouts = Layouts::builtin().unwrap();
    let layout = layouts.get(FileKind::Upd);
    let gaiji = GaijiTable::none();
    for encoding in [Encoding::Cp932, Encoding::Ucs2Be] {
        let head = head("052027", encoding, LineEnd::None);
        let bytes = sample(layout, &head).unwrap();
        let file = ParsedFile::parse(&bytes, &layouts, HashRule::Required).unwrap();
        let mut decoder = Decoder::new(layout, encoding, &gaiji, head.party);
        let parties = super::setting::parties();
        let prefecture = Prefecture::built_in(MunicipalityCode::parse("050008").unwrap()).unwrap();
        let offices = Offices::of(&parties.into_values().collect::<Vec<_>>());
        let facts = FileFacts {
            kind: RecordKind::Notice,
            sender: head.party,
            serial: head.serial,
            created_at: file.header.created_at,
            business_date: head.day,
        };
        let registers = Registers {
            prefecture: &prefecture,
            offices: &offices,
        };
        for (record_no, offset, record) in file.frame.data(&bytes) {
            let decoded = decoder.decode(record, record_no, offset);
            let places = decoder.places().clone();
            let checked = check(decoded, &places, &facts, registers);
            assert_eq!(checked.head.refused, []);
            assert!(checked.notice.is_some());
        }
    }
}

#[test]
fn a_layout_of_a_site_is_sampled_and_read_with_the_same_layout() {
    // Longer names, two fields of the site's own, one item left out: 1400 bytes become 1500.
    let own = builtin_text(FileKind::Upd);
    let mut widths = BTreeMap::new();
    widths.insert("kanji_name", 300);
    let mut text = String::new();
    let mut offset = 0;
    for line in own.lines() {
        if line.starts_with("fields = [") {
            offset = 0;
        }
        let Some(rest) = line.strip_prefix("  { offset = ") else {
            text.push_str(&line.replace("record_bytes = 1400", "record_bytes = 1500"));
            text.push('\n');
            continue;
        };
        let name = rest.split("name = \"").nth(1).unwrap().split('"').next().unwrap();
        let tail = rest.split_once(", type").unwrap().1;
        let mut length: u32 = rest
            .split("length = ")
            .nth(1)
            .unwrap()
            .split(',')
            .next()
            .unwrap()
            .parse()
            .unwrap();
        if name == "received_date" {
            writeln!(
                text,
                "  {{ offset = {offset}, length = 8, type = \"X\", name = \"own_number\", meaning = \"the site's\" }},"
            )
            .unwrap();
            offset += 8;
            continue;
        }
        length = widths.get(name).copied().unwrap_or(length);
        if name == "filler" {
            length = 1500 - offset;
        }
        writeln!(text, "  {{ offset = {offset}, length = {length}, type{tail}").unwrap();
        offset += length;
    }
    let layout = Layout::parse(&text, "own.toml").unwrap();
    let mut layouts = Layouts::builtin().unwrap();
    layouts.replace(layout.clone());
    let bytes = sample(&layout, &head("052019", Encoding::Cp932, LineEnd::CrLf)).unwrap();
    assert_eq!(bytes.len(), 5 * 1502);
    let file = ParsedFile::parse(&bytes, &layouts, HashRule::Required).unwrap();
    assert_eq!(file.frame.data_count(), 2);
    // The default layout does not fit this file.
    assert!(ParsedFile::parse(&bytes, &Layouts::builtin().unwrap(), HashRule::Required).is_err());
}
