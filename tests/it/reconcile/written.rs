//! RCR byte by byte, by the offsets of `docs/formats/exchange.md`; its sums.

use sekisho::domain::code::Code;
use sekisho::domain::difference::{Cause, Class, ReconcileFault};
use sekisho::domain::finding::Finding;
use sekisho::domain::ids::PartyId;
use sekisho::domain::item::Item;
use sekisho::domain::party::{Encoding, FileKind};
use sekisho::format::layout::Layout;
use sekisho::pipeline::decode::ShortText;
use sekisho::pipeline::emit::{Compared, OwnHead, RcrFault, RcrWriter, rejected_extract};
use sekisho::pipeline::reconcile::{Difference, Outcome, Shown, What};
use sekisho::text::gaiji::GaijiTable;
use sekisho::text::mark::CellMark;

use super::classes::at;
use crate::layout::hand::record;
use crate::rules::town::{AKITA, ANNA, BEN, CHIE, NOSHIRO, day};

pub(crate) fn layout() -> Layout {
    Layout::builtin(FileKind::Rcr).unwrap()
}

pub(crate) fn head(encoding: Encoding) -> OwnHead {
    OwnHead {
        own: PartyId::parse("050008").unwrap(),
        receiver: PartyId::parse(AKITA).unwrap(),
        serial: 7,
        business_date: day("20200914"),
        environment: b'P',
        encoding,
        reply_to: None,
    }
}

fn shown(text: &str, cells: &[CellMark], origin: &str) -> Shown {
    Shown {
        text: text.to_owned(),
        cells: cells.to_vec(),
        origin: PartyId::parse(origin).unwrap(),
    }
}

fn outcome(record_no: u32, code: &str, what: What) -> Outcome {
    Outcome {
        record_no,
        shown: ShortText::new(code).unwrap(),
        what,
    }
}

/// A match, a person with two items, one with none, a record with a finding, and an absent one.
pub(crate) fn outcomes() -> Vec<Outcome> {
    let cell = CellMark {
        at: 1,
        chars: 1,
        cell: 0xF040,
    };
    let items = vec![
        Difference {
            item: Item::KanjiName,
            extract: shown("佐\u{E000}", &[cell], AKITA),
            master: shown("佐\u{E000}", &[cell], NOSHIRO),
            cause: Cause::SameCharacter,
        },
        Difference {
            item: Item::NameGaijiSeq,
            extract: shown("001", &[], AKITA),
            master: shown("000", &[], NOSHIRO),
            cause: Cause::GaijiSerial,
        },
    ];
    let finding = Finding {
        code: Code::C006,
        item: Some(6),
        place: None,
    };
    vec![
        outcome(1, ANNA, What::Match),
        outcome(2, BEN, What::Items(items)),
        outcome(3, CHIE, What::Person(Class::OnlyInExtract, Cause::TrueDifference)),
        outcome(4, "", What::Invalid(vec![finding])),
        outcome(0, CHIE, What::Person(Class::OnlyInMaster, Cause::TrueDifference)),
    ]
}

pub(crate) fn written(encoding: Encoding) -> Vec<u8> {
    let layout = layout();
    let compared = Compared {
        base_at: Some(at("0800")),
        generation: 12,
    };
    let mut writer = RcrWriter::new(&layout, &head(encoding), compared, GaijiTable::none()).unwrap();
    for outcome in outcomes() {
        writer.outcome(&outcome).unwrap();
    }
    writer.matched(2);
    writer.finish(6).unwrap()
}

#[test]
fn an_rcr_byte_by_byte() {
    let bytes = written(Encoding::Cp932);
    let records: Vec<&[u8]> = bytes.chunks(1000).collect();
    assert_eq!(records.len(), 8);
    let header = record(
        1000,
        &[
            (0, b"1"),
            (1, b"RCR"),
            (4, b"01"),
            (6, b"050008"),
            (14, b"052019"),
            (22, b"00000007"),
            (30, b"20200914000000000"),
            (47, b"P"),
            (48, b"1"),
            (113, b"20200914080000000"),
            (130, b"0000000012"),
        ],
    );
    assert_eq!(records[0], header);
    let wide = |text: &[u8]| [text, &[0x81, 0x40].repeat(200 - text.len() / 2)].concat();
    // 佐 with the own cell F040 comes back as it was; that of another party is 〓.
    let name = record(
        1000,
        &[
            (0, b"2"),
            (1, b"10"),
            (3, b"00000002"),
            (11, b"24846016224"),
            (22, b"2"),
            (24, &wide(b"\x8D\xB2\xF0\x40")),
            (424, &wide(b"\x8D\xB2\x81\xAC")),
        ],
    );
    assert_eq!(records[1], name);
    let serial = record(
        1000,
        &[
            (0, b"2"),
            (1, b"10"),
            (3, b"00000002"),
            (11, b"24846016224"),
            (22, b"23"),
            (24, b"001"),
            (424, b"000"),
        ],
    );
    assert_eq!(records[2], serial);
    let unknown = record(1000, &[(0, b"2"), (1, b"20"), (3, b"00000003"), (11, b"25208017643")]);
    assert_eq!(records[3], unknown);
    let invalid = record(
        1000,
        &[(0, b"2"), (1, b"90"), (3, b"00000004"), (22, b"6"), (824, b"C006")],
    );
    assert_eq!(records[4], invalid);
    let absent = record(1000, &[(0, b"2"), (1, b"30"), (3, b"00000000"), (11, b"25208017643")]);
    assert_eq!(records[5], absent);
    assert_eq!(records[6][..9], *b"800000005");
    let sums = b"00000003000000010000000100000001000000000000000000000000000000000000000000000001";
    assert_eq!(records[6][73..153], *sums);
    assert_eq!(records[7], record(1000, &[(0, b"9")]));
}

#[test]
fn sums_that_do_not_add_up_make_no_file() {
    let layout = layout();
    let compared = Compared {
        base_at: Some(at("0800")),
        generation: 12,
    };
    for (input, holds) in [(3, false), (4, true), (5, false)] {
        let mut writer = RcrWriter::new(&layout, &head(Encoding::Cp932), compared, GaijiTable::none()).unwrap();
        for outcome in outcomes() {
            writer.outcome(&outcome).unwrap();
        }
        let done = writer.finish(input);
        assert_eq!(done.is_ok(), holds, "{input}");
        if !holds {
            assert_eq!(done, Err(RcrFault::Sums(ReconcileFault { input, classes: 4 })));
        }
    }
}

#[test]
fn the_answer_to_a_rejected_extract() {
    let compared = Compared {
        base_at: None,
        generation: 12,
    };
    let bytes = rejected_extract(&layout(), &head(Encoding::Ucs2Be), compared, Code::F002).unwrap();
    let records: Vec<&[u8]> = bytes.chunks(1000).collect();
    assert_eq!(records.len(), 4);
    assert_eq!(records[0][113..140], *b"                 0000000012");
    let whole = record(1000, &[(0, b"2"), (1, b"90"), (3, b"00000000"), (824, b"F002")]);
    assert_eq!(records[1], whole);
    assert_eq!(records[2][..9], *b"800000001");
    assert_eq!(records[2][73..153], [b'0'; 80]);
}
