//! Format and code rules of one record: which field is put to which rule, places, order, extracts.

use sekisho::domain::code::Code;
use sekisho::domain::finding::Finding;
use sekisho::domain::ids::PartyId;
use sekisho::domain::instant::Instant;
use sekisho::domain::item::Item;
use sekisho::pipeline::check::{FileFacts, RecordKind, Registers, check, findings};
use sekisho::pipeline::decode::{DecodedRecord, FieldRef};

use super::town::{
    AKITA, ANNA, BEN, DAY, MERGED, N2, NOSHIRO, checked, draft, facts, item, offices, places, prefecture,
};

/// `C001:1 C001 F004:7`: codes with their items, as `check` gives them.
fn found(record: &DecodedRecord, file: &FileFacts) -> String {
    let registers = Registers {
        prefecture: &prefecture(),
        offices: &offices(),
    };
    words(&findings(record, &places(), file, registers))
}

fn words(findings: &[Finding]) -> String {
    let words: Vec<String> = findings
        .iter()
        .map(|finding| match finding.item {
            Some(number) => format!("{}:{number}", finding.code.as_str()),
            None => finding.code.as_str().to_owned(),
        })
        .collect();
    words.join(" ")
}

fn notice_file() -> FileFacts {
    facts(AKITA, 1, DAY)
}

/// A record whose field the decoder could not read.
fn with_fault(mut record: DecodedRecord, field: FieldRef, code: Code) -> DecodedRecord {
    record.faulty.insert(field);
    match field {
        FieldRef::Item(item) => assert!(record.row.set(item, "")),
        FieldRef::OldMyNumber => record.old_my_number.clear(),
        FieldRef::OldJuminCode => record.old_jumin_code.clear(),
    }
    record.findings.push(Finding {
        code,
        item: match field {
            FieldRef::Item(item) => Some(item.number()),
            FieldRef::OldMyNumber | FieldRef::OldJuminCode => None,
        },
        place: places().place(field, record.offset),
    });
    record
}

#[test]
fn a_sound_record_has_no_finding_and_keeps_its_words() {
    let record = checked(&draft(AKITA, "31"), 7, DAY);
    let notice = record.notice.unwrap();
    assert!(record.head.refused.is_empty());
    assert_eq!((record.head.record_no, notice.source.record_no), (7, 7));
    assert_eq!(notice.code.text(), ANNA);
    assert_eq!(notice.get(Item::SeionKanaName), "さとうはなこ");
    assert!(!notice.seion_differs);
    assert_eq!(notice.my_number_place.unwrap().byte_offset, 7 * 1400 + 9);
    assert!(!format!("{notice:?}").contains("佐藤"));
}

#[test]
fn all_findings_come_sorted_with_their_places() {
    let bad = draft(AKITA, "41")
        .of("12345678901")
        .with(2, "")
        .with(5, "319800231")
        .with(6, "X")
        .with(9, "")
        .with(14, "052018")
        .with(18, "20200931090000000")
        .with(20, "1");
    let head = checked(&bad, 2, DAY).head;
    assert_eq!(
        words(&head.refused),
        "C001:1 C003:14 C005:5 C005:18 C006:6 C008:20 C009:9 C010:14 F005 F005:2"
    );
    for finding in head.refused {
        let offset = finding.item.map_or(1332, u64::from);
        assert_eq!(finding.place.unwrap().byte_offset, 2 * 1400 + offset);
    }
}

#[test]
fn a_field_with_an_f_finding_is_not_put_to_the_c_rules() {
    let file = notice_file();
    for (number, rest) in [
        (1, ""),
        (5, ""),
        (6, ""),
        (9, ""),
        (11, ""),
        (14, ""),
        (18, ""),
        (22, ""),
        (2, ""),
        (3, ""),
    ] {
        let field = FieldRef::Item(item(number));
        let record = with_fault(draft(AKITA, "31").record(1), field, Code::F004);
        assert_eq!(found(&record, &file), format!("F004:{number}{rest}"));
    }
    // C007 needs text and count: a faulty name is not counted, whatever item 3 says.
    let named = draft(AKITA, "33").with(3, "002").with(20, "1").record(1);
    assert_eq!(found(&named, &file), "C007:3");
    assert_eq!(
        found(&with_fault(named, FieldRef::Item(Item::KanjiName), Code::F003), &file),
        "F003:2"
    );
    // A blank name is F005 and no text to count in.
    let blank = draft(AKITA, "33").with(2, "").with(3, "002").with(20, "1").record(1);
    assert_eq!(found(&blank, &file), "F005:2");
    // C008 needs 3, 8, 20 and 26.
    for number in [3, 8, 20, 26] {
        let flagged = draft(AKITA, "33").with(20, "1").record(1);
        let record = with_fault(flagged, FieldRef::Item(item(number)), Code::F006);
        assert_eq!(found(&record, &file), format!("F006:{number}"));
    }
}

#[test]
fn a_reason_that_cannot_be_read_asks_for_nothing() {
    let file = notice_file();
    let record = draft(AKITA, "41").with(9, "").record(1);
    assert_eq!(found(&record, &file), "C009:9 F005");
    assert_eq!(
        found(
            &with_fault(record, FieldRef::Item(Item::ChangeReason), Code::F004),
            &file
        ),
        "F004:10"
    );
    assert_eq!(found(&draft(AKITA, "").with(9, "").record(1), &file), "F005:10");
    assert_eq!(found(&draft(AKITA, "44").with(9, "").record(1), &file), "C004:10");
}

#[test]
fn old_numbers_are_tested_whatever_the_reason() {
    let file = notice_file();
    let record = draft(AKITA, "31")
        .old_code("12345678901")
        .old_number("123456789012")
        .record(1);
    assert_eq!(found(&record, &file), "C001 C002");
    let record = with_fault(draft(AKITA, "51").of(BEN).record(1), FieldRef::OldJuminCode, Code::F006);
    assert_eq!(found(&record, &file), "F006");
    let record = with_fault(
        draft(AKITA, "42").with(9, N2).record(1),
        FieldRef::OldMyNumber,
        Code::F006,
    );
    assert_eq!(found(&record, &file), "F006");
    for reason in ["43", "52"] {
        assert_eq!(found(&draft(AKITA, reason).record(1), &file), "");
    }
}

#[test]
fn item_14_is_ours_or_anyones_predecessor_and_the_senders() {
    let file = notice_file();
    for (code, expected) in [
        (AKITA, ""),
        (MERGED, ""),
        (NOSHIRO, "C010:14"),
        ("131016", "C003:14 C010:14"),
        ("050008", "C003:14 C010:14"),
        ("052018", "C003:14 C010:14"),
        ("", "F005:14"),
    ] {
        assert_eq!(
            found(&draft(AKITA, "31").with(14, code).record(1), &file),
            expected,
            "{code}"
        );
    }
    let other = draft(NOSHIRO, "31").with(14, MERGED).record(1);
    assert_eq!(found(&other, &facts(NOSHIRO, 1, DAY)), "C010:14");
}

#[test]
fn dates_and_times() {
    let file = notice_file();
    for (number, text, reason, expected) in [
        (5, "520200914", "33", ""),
        (5, "520200915", "33", "C005:5"),
        (5, "519890107", "33", "C005:5"),
        (5, "31980A100", "33", ""),
        (11, "20201231", "31", ""),
        (11, "20200931", "23", "C005:11"),
        (11, "202009A1", "23", ""),
        (11, "00000000", "26", ""),
        (11, "202009A1", "21", "C005:11"),
        (11, "20200900", "XX", "C004:10 C005:11"),
        (18, "20200914235959999", "31", ""),
        (18, "20200914240000000", "31", "C005:18"),
    ] {
        let record = draft(AKITA, reason).with(number, text).record(1);
        assert_eq!(found(&record, &file), expected, "{number} {text}");
    }
    // Item 18 is measured against the header, not against the business date.
    let early = FileFacts {
        created_at: Instant::parse("20200914085959999").unwrap(),
        ..file
    };
    assert_eq!(found(&draft(AKITA, "31").record(1), &early), "C005:18");
    let same = FileFacts {
        created_at: Instant::parse("20200914090000000").unwrap(),
        ..file
    };
    assert_eq!(found(&draft(AKITA, "31").record(1), &same), "");
}

#[test]
fn gaiji_counts_and_flag() {
    type Case = (&'static [(u8, &'static str)], [u16; 3], &'static str);
    let file = notice_file();
    let cases: [Case; 8] = [
        (&[(3, "001"), (20, "1")], [1, 0, 0], ""),
        (&[(3, "001"), (8, "002"), (26, "001"), (20, "1")], [1, 2, 1], ""),
        (&[(3, ""), (8, ""), (26, "")], [0, 0, 0], ""),
        (&[(3, "001"), (20, "1")], [0, 1, 0], "C007:3 C007:8"),
        (&[(26, ""), (20, "0")], [0, 0, 1], "C007:26"),
        (&[(3, "001"), (20, "0")], [1, 0, 0], "C008:20"),
        (&[(20, "")], [0, 0, 0], "C008:20"),
        (&[(20, "2")], [0, 0, 0], "C008:20"),
    ];
    for (items, placeholders, expected) in cases {
        let mut draft = draft(AKITA, "33").placeholders(placeholders);
        for (number, text) in items {
            draft = draft.with(*number, text);
        }
        assert_eq!(found(&draft.record(1), &file), expected, "{items:?}");
    }
}

#[test]
fn an_extract_has_the_same_rules_without_c009() {
    let extract = FileFacts {
        kind: RecordKind::Extract,
        ..notice_file()
    };
    assert_eq!(found(&draft(AKITA, "11").with(9, "").record(1), &extract), "");
    assert_eq!(found(&draft(AKITA, "11").with(6, "").record(1), &extract), "F005:6");
    // The layout of an extract has no old numbers, so the reason of a row cannot ask for them.
    let mut layout = places();
    layout.old_my_number = None;
    layout.old_jumin_code = None;
    let registers = Registers {
        prefecture: &prefecture(),
        offices: &offices(),
    };
    for reason in ["41", "51"] {
        let record = draft(AKITA, reason).record(1);
        assert!(findings(&record, &layout, &extract, registers).is_empty());
    }
}

#[test]
fn an_unknown_sender_answers_for_nothing() {
    let file = FileFacts {
        sender: PartyId::parse("B0000001").unwrap(),
        ..notice_file()
    };
    let registers = Registers {
        prefecture: &prefecture(),
        offices: &offices(),
    };
    let record = check(draft(AKITA, "31").record(1), &places(), &file, registers);
    assert_eq!(words(&record.head.refused), "C010:14");
}
