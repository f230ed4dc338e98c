//! Exchange files of all nine kinds in both encodings, whole and record by record.

use std::path::Path;
use std::sync::LazyLock;

use sekisho::domain::fault::{Lang, acts_on_terminals};
use sekisho::domain::ids::{MunicipalityCode, PartyId};
use sekisho::domain::instant::BusinessDate;
use sekisho::domain::item::Item;
use sekisho::domain::municipality::{Offices, Prefecture};
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::format::exchange::{
    Envelope, FileFault, FileHead, Frame, HashRule, LineEnd, NoticeWriter, OldNumbers, ParsedFile, SampleHead,
    is_complete, sample,
};
use sekisho::format::layout::{Layout, Layouts, RecordType};
use sekisho::pipeline::check::{FileFacts, RecordKind, Registers, check};
use sekisho::pipeline::decode::{DecodedRecord, Decoder, decode_named};
use sekisho::report::record::meaning;
use sekisho::run::table;
use sekisho::text::gaiji::GaijiTable;

use super::text::table as given_table;
use super::{Target, head, quiet};

pub(crate) const FILES: Target = Target {
    name: "exchange",
    check: file,
    seeds: samples,
    words: &[
        "1UPD", "1RES", "1NTF", "1EXT", "1RCR", "1INQ", "1PRV", "1NRQ", "1NRS", "\r\n", "\u{1a}", "052019", "050008",
    ],
};

pub(crate) const RECORDS: Target = Target {
    name: "records",
    check: record,
    seeds: record_seeds,
    words: &[
        "24727059608",
        "379474484458",
        "319800203",
        "202009A1",
        "20200914090000000",
        "\u{3000}",
        "\u{3013}",
    ],
};

pub(crate) fn layouts() -> &'static Layouts {
    static LAYOUTS: LazyLock<Layouts> = LazyLock::new(|| Layouts::builtin().unwrap());
    &LAYOUTS
}

/// A sample file of a kind.
pub(crate) fn sample_of(layout: &Layout, encoding: Encoding, line_end: LineEnd) -> Vec<u8> {
    let head = SampleHead {
        party: PartyId::parse("052019").unwrap(),
        own: PartyId::parse("050008").unwrap(),
        serial: 1,
        day: BusinessDate::parse("2020-09-14").unwrap(),
        encoding,
        line_end,
    };
    sample(layout, &head).unwrap()
}

fn samples() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for kind in FileKind::ALL {
        for encoding in [Encoding::Cp932, Encoding::Ucs2Be] {
            seeds.push(sample_of(layouts().get(kind), encoding, LineEnd::None));
        }
    }
    for line_end in [LineEnd::CrLf, LineEnd::Lf] {
        seeds.push(sample_of(layouts().get(FileKind::Upd), Encoding::Cp932, line_end));
    }
    seeds
}

fn record_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, kind) in (0..).zip(FileKind::ALL) {
        for (flag, encoding) in [(0, Encoding::Cp932), (1, Encoding::Ucs2Be)] {
            let layout = layouts().get(kind);
            let file = sample_of(layout, encoding, LineEnd::None);
            let len = layout.record_bytes() as usize;
            seeds.push([&[number, flag], &file[len..2 * len]].concat());
        }
    }
    seeds
}

fn file(data: &[u8]) {
    let within = |fault: &FileFault| {
        assert!(
            fault.byte_offset() <= data.len() as u64,
            "{fault:?} of {} bytes",
            data.len()
        );
        quiet(data, fault);
    };
    let parsed = match ParsedFile::parse(data, layouts(), HashRule::Optional) {
        Ok(parsed) => parsed,
        Err(fault) => {
            within(&fault);
            // The steps that come before may be asked for alone.
            if let Ok((_, layout)) = Envelope::read(data, layouts()) {
                let complete = is_complete(data, layout.record_bytes()).err();
                let framed = Frame::detect(data, layout.record_bytes()).err();
                complete.iter().chain(&framed).for_each(within);
            }
            return;
        }
    };
    match ParsedFile::parse(data, layouts(), HashRule::Required) {
        Ok(strict) => assert_eq!(strict, parsed),
        Err(fault) => {
            assert!(matches!(fault, FileFault::DataHash { .. }), "{fault:?}");
            within(&fault);
        }
    }
    cut(data, &parsed);
    whole(data, &parsed);
}

/// A part of a file is refused, or is the same file without its last line end or end mark.
fn cut(data: &[u8], parsed: &ParsedFile) {
    for len in [data.len() - 1, data.len() - data.len() / 3 - 1, data.len() / 2] {
        if let Ok(part) = ParsedFile::parse(&data[..len], layouts(), HashRule::Optional) {
            assert_eq!(part.header, parsed.header, "{len} of {} bytes", data.len());
            assert_eq!(part.frame.data_count(), parsed.frame.data_count());
        }
    }
}

fn whole(data: &[u8], parsed: &ParsedFile) {
    let header = &parsed.header;
    let layout = layouts().get(header.kind);
    let edges = [
        (RecordType::Header, parsed.frame.header(data)),
        (RecordType::Trailer, parsed.frame.trailer(data)),
    ];
    for (kind, record) in edges {
        named(layout, kind, record, header.encoding, &GaijiTable::none());
    }
    let mut count = 0;
    for (record_no, offset, record) in parsed.frame.data(data) {
        count += 1;
        assert_eq!(record.len(), layout.record_bytes() as usize);
        assert!(offset + record.len() as u64 <= data.len() as u64);
        fields(layout, record, record_no, offset, header.encoding, &GaijiTable::none());
    }
    assert_eq!(count, parsed.frame.data_count());
    // What goes to spreadsheets and screens.
    match table::csv(layouts(), Path::new("x.dat"), data) {
        Ok(bytes) => {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(bytes.as_slice());
            let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
            assert_eq!(rows.len() as u64, u64::from(count) + 1);
            let columns = rows[0].len();
            for row in &rows {
                assert_eq!(row.len(), columns);
                assert!(
                    !row.iter().flat_map(str::chars).any(char::is_control),
                    "a table with control characters"
                );
            }
        }
        Err(fault) => quiet(data, &fault),
    }
}

fn record(data: &[u8]) {
    let (kind, rest) = head(data);
    let (flags, rest) = head(rest);
    let kind = FileKind::ALL[usize::from(kind) % FileKind::ALL.len()];
    let encoding = if flags & 1 == 0 {
        Encoding::Cp932
    } else {
        Encoding::Ucs2Be
    };
    let gaiji = if flags & 2 == 0 {
        GaijiTable::none()
    } else {
        given_table().clone()
    };
    let layout = layouts().get(kind);
    let mut bytes = rest.to_vec();
    bytes.resize(layout.record_bytes() as usize, b' ');
    fields(layout, &bytes, 1, u64::from(layout.record_bytes()), encoding, &gaiji);
}

fn named(layout: &Layout, kind: RecordType, record: &[u8], encoding: Encoding, gaiji: &GaijiTable) {
    for named in decode_named(layout, kind, record, encoding, gaiji) {
        match named.text {
            Ok(text) => assert!(
                !text.chars().any(char::is_control),
                "{} has a control character",
                named.name
            ),
            Err(fault) => quiet(record, &fault),
        }
    }
}

/// One record, by names and as a notice.
fn fields(layout: &Layout, record: &[u8], record_no: u32, offset: u64, encoding: Encoding, gaiji: &GaijiTable) {
    named(layout, RecordType::Data, record, encoding, gaiji);
    let sender = PartyId::parse("052019").unwrap();
    let mut decoder = Decoder::new(layout, encoding, gaiji, sender);
    let decoded = decoder.decode(record, record_no, offset);
    for finding in &decoded.findings {
        if let Some(place) = finding.place {
            assert!(
                place.byte_offset >= offset
                    && place.byte_offset + u64::from(place.byte_length) <= offset + record.len() as u64
            );
        }
    }
    let prefecture = akita();
    for item in Item::ALL {
        if let Some(words) = meaning(item, &decoded.row, prefecture, Lang::Ja) {
            assert!(!words.chars().any(acts_on_terminals), "{item:?}");
        }
    }
    if matches!(layout.kind(), FileKind::Upd) {
        if decoded.findings.is_empty() {
            written(layout, record, &decoded, encoding, gaiji);
        }
        judged(decoded, &decoder, sender);
    }
}

/// What was read without a finding is written as the same bytes, and read as the same again.
fn written(layout: &Layout, record: &[u8], decoded: &DecodedRecord, encoding: Encoding, gaiji: &GaijiTable) {
    let head = FileHead {
        sender: PartyId::parse("052019").unwrap(),
        receiver: PartyId::parse("050008").unwrap(),
        serial: 1,
        created_at: BusinessDate::parse("2020-09-14").unwrap().midnight(),
        environment: b'T',
        encoding,
        reply_to: None,
        line_end: LineEnd::None,
    };
    let mut writer = NoticeWriter::new(layout, &head, &[], gaiji.clone()).unwrap();
    let old = OldNumbers {
        my_number: &decoded.old_my_number,
        jumin_code: &decoded.old_jumin_code,
    };
    writer.put(&decoded.row, old).unwrap();
    let file = writer.finish().unwrap();
    let parsed = ParsedFile::parse(&file, layouts(), HashRule::Required).unwrap();
    let again = parsed.frame.data_record(&file, 1).unwrap();
    for item in Item::ALL {
        let slot = layout.item_slot(item).unwrap();
        assert_eq!(slot.cut(record), slot.cut(again), "item {}", item.number());
    }
    let mut decoder = Decoder::new(layout, encoding, gaiji, head.sender);
    let second = decoder.decode(again, 1, decoded.offset);
    assert!(second.row == decoded.row && second.findings.is_empty());
}

fn akita() -> &'static Prefecture {
    static AKITA: LazyLock<Prefecture> =
        LazyLock::new(|| Prefecture::built_in(MunicipalityCode::parse("050008").unwrap()).unwrap());
    &AKITA
}

fn judged(decoded: DecodedRecord, decoder: &Decoder<'_>, sender: PartyId) {
    let day = BusinessDate::parse("2020-09-14").unwrap();
    let facts = FileFacts {
        kind: RecordKind::Notice,
        sender,
        serial: 1,
        created_at: day.midnight(),
        business_date: day,
    };
    let offices = Offices::of(&[]);
    let registers = Registers {
        prefecture: akita(),
        offices: &offices,
    };
    let _checked = check(decoded, decoder.places(), &facts, registers);
}
