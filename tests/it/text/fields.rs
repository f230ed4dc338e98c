//! Reading type N fields: padding, faults and their order, marks, the gaiji table.

use sekisho::text::gaiji::GaijiTable;
use sekisho::text::wide::{MAX_FIELD_BYTES, WideEncoding, WideFault};

use super::{decode, mark, table};

use WideEncoding::{Cp932, Ucs2Be};
use WideFault::{LeadingBlank, NotWide, Undecodable};

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn fault(encoding: WideEncoding, bytes: &[u8]) -> WideFault {
    decode(encoding, bytes, &GaijiTable::none()).unwrap_err()
}

#[test]
fn padding_is_removed_at_the_end_only() {
    let none = GaijiTable::none();
    let bytes = [0x8E, 0x52, 0x81, 0x40, 0x94, 0x5C, 0x81, 0x40, 0x81, 0x40];
    assert_eq!(decode(Cp932, &bytes, &none).unwrap().text, "山\u{3000}能");
    assert_eq!(
        decode(Ucs2Be, &utf16("山\u{3000}能\u{3000}\u{3000}"), &none)
            .unwrap()
            .text,
        "山\u{3000}能"
    );
    for (encoding, blank) in [(Cp932, [0x81, 0x40]), (Ucs2Be, [0x30, 0x00])] {
        assert_eq!(decode(encoding, &blank.repeat(3), &none).unwrap().text, "");
        assert_eq!(decode(encoding, &[], &none).unwrap().text, "");
    }
}

/// Rules 2.6, "F in a field", for CP932.
#[test]
fn faults_in_cp932() {
    for byte in [0x80, 0xA0, 0xFD, 0xFE, 0xFF] {
        assert_eq!(
            fault(Cp932, &[0x8E, 0x52, byte, 0x52]),
            Undecodable { at: 2 },
            "{byte:02X}"
        );
    }
    // Unassigned: 81 AD, and second bytes that are none (20, 7F, FD).
    for trail in [0xAD, 0x20, 0x7F, 0xFD] {
        assert_eq!(fault(Cp932, &[0x81, trail]), Undecodable { at: 0 });
    }
    for byte in [0x00, 0x0A, 0x20, 0x41, 0x7F, 0xA1, 0xB1, 0xDF] {
        assert_eq!(fault(Cp932, &[0x8E, 0x52, byte]), NotWide { at: 2 }, "{byte:02X}");
    }
    assert_eq!(fault(Cp932, &[0x81, 0x40, 0x8E, 0x52]), LeadingBlank);
}

/// S21: a field cut inside 能 (94 5C), and a cell cut likewise.
#[test]
fn a_character_cut_by_the_end_of_the_field() {
    assert_eq!(fault(Cp932, &[0x8E, 0x52, 0x94]), Undecodable { at: 2 });
    assert_eq!(fault(Cp932, &[0xF0]), Undecodable { at: 0 });
    assert_eq!(fault(Ucs2Be, &[0x5C, 0x71, 0x80]), Undecodable { at: 2 });
}

/// Half-width text inside shifts the pairs after it; what follows is read from there.
#[test]
fn f003_comes_before_f004_anywhere() {
    assert_eq!(fault(Cp932, &[0x41, 0x8E, 0x52, 0x94]), Undecodable { at: 3 });
    assert_eq!(
        fault(Cp932, &[0x81, 0x40, 0x8E, 0x52, 0xFF, 0x41]),
        Undecodable { at: 4 }
    );
    assert_eq!(fault(Cp932, &[0x41, 0x42]), NotWide { at: 0 });
    assert_eq!(fault(Cp932, &[0x94, 0x81, 0x40]), NotWide { at: 2 });
    // 81 40 at the end is no padding here: 94 81 is 煤, and 40 a half-width @ behind it.
    assert_eq!(fault(Cp932, &[0x41, 0x94, 0x81, 0x40]), NotWide { at: 0 });
    assert_eq!(fault(Cp932, &[0x41, 0x94, 0x81, 0x40, 0x94]), Undecodable { at: 4 });
    assert_eq!(fault(Ucs2Be, &[0xD8, 0x00, 0x30, 0x00]), Undecodable { at: 0 });
    assert_eq!(fault(Ucs2Be, &[0x00, 0x41, 0xD8, 0x00]), Undecodable { at: 2 });
    assert_eq!(fault(Ucs2Be, &[0x00, 0x41, 0x30]), Undecodable { at: 2 });
    assert_eq!(
        fault(Ucs2Be, &[0x30, 0x00, 0x5C, 0x71, 0xDC, 0x00]),
        Undecodable { at: 4 }
    );
}

/// Rules 2.6, "F in a field", for UCS-2BE.
#[test]
fn faults_in_ucs2() {
    for bytes in [
        [0xD8, 0x00, 0x5C, 0x71],
        [0xDC, 0x00, 0x5C, 0x71],
        [0xD8, 0x00, 0xD8, 0x00],
        [0xDF, 0xFF, 0xDB, 0xFF],
    ] {
        assert_eq!(fault(Ucs2Be, &bytes), Undecodable { at: 0 }, "{bytes:02X?}");
    }
    for not_wide in [
        '\0', ' ', 'A', '~', '\u{A0}', '\u{FF61}', '\u{FFDC}', '\u{FFE8}', '\u{FFEE}',
    ] {
        assert_eq!(fault(Ucs2Be, &utf16(&format!("山{not_wide}"))), NotWide { at: 2 });
    }
    for wide in [
        '\u{A1}',
        '\u{FF60}',
        '\u{FFDD}',
        '\u{FFE7}',
        '\u{FFEF}',
        '\u{20BB7}',
        '\u{E758}',
    ] {
        let decoded = decode(Ucs2Be, &utf16(&format!("山{wide}")), &GaijiTable::none()).unwrap();
        assert_eq!((decoded.text, decoded.cells.len()), (format!("山{wide}"), 0));
    }
    assert_eq!(fault(Ucs2Be, &utf16("\u{3000}山")), LeadingBlank);
}

#[test]
fn a_field_longer_than_the_marks_can_count_is_refused() {
    for (encoding, cell) in [(Cp932, [0xF0, 0x40]), (Ucs2Be, [0xE0, 0x00])] {
        let table = table(&[(0xF040, "辻\u{E0101}")]);
        let longest = cell.repeat(MAX_FIELD_BYTES / 2);
        let decoded = decode(encoding, &longest, &table).unwrap();
        assert_eq!(decoded.cells.last(), Some(&mark(65_532, 2, 0xF040)));
        assert_eq!(
            decode(encoding, &cell.repeat(MAX_FIELD_BYTES / 2 + 1), &table),
            Err(Undecodable { at: MAX_FIELD_BYTES })
        );
    }
}

/// The traps of rules 5.3: 5C and 7C as second bytes, 0A inside 《, the Microsoft side of the wave dash family.
#[test]
fn the_known_traps() {
    let none = GaijiTable::none();
    assert_eq!(decode(Cp932, &[0x94, 0x5C, 0x81, 0x7C], &none).unwrap().text, "能－");
    assert_eq!(decode(Ucs2Be, &[0x30, 0x0A], &none).unwrap().text, "《");
    assert_eq!(decode(Cp932, &[0x81, 0x60, 0x81, 0x5C], &none).unwrap().text, "～―");
}

#[test]
fn duplicates_are_marked_and_equal_as_text() {
    let none = GaijiTable::none();
    let nec = decode(Cp932, &[0x8E, 0x52, 0xEE, 0xE0], &none).unwrap();
    let ibm = decode(Cp932, &[0x8E, 0x52, 0xFB, 0xFC], &none).unwrap();
    assert_eq!((nec.text.as_str(), ibm.text.as_str()), ("山髙", "山髙"));
    assert_eq!(nec.cells, [mark(1, 1, 0xEEE0)]);
    assert_eq!(ibm.cells, []);
}

#[test]
fn cells_become_the_text_of_the_table_or_stay() {
    let table = table(&[(0xF040, "𠮷"), (0xF041, "辻\u{E0101}"), (0xF042, "〓")]);
    let cp932 = [0xF0, 0x41, 0xF0, 0x40, 0x96, 0xEC, 0xF9, 0xFC, 0xF0, 0x42, 0x81, 0xAC];
    let ucs2 = utf16("\u{E001}\u{E000}野\u{E757}\u{E002}〓");
    for (encoding, bytes) in [(Cp932, cp932.as_slice()), (Ucs2Be, ucs2.as_slice())] {
        let decoded = decode(encoding, bytes, &table).unwrap();
        assert_eq!(decoded.text, "辻\u{E0101}𠮷野\u{E757}〓〓");
        assert_eq!(
            decoded.cells,
            [
                mark(0, 2, 0xF041),
                mark(2, 1, 0xF040),
                mark(4, 1, 0xF9FC),
                mark(5, 1, 0xF042)
            ]
        );
        // C007 counts what the sender wrote, not what its table made of it.
        assert_eq!(decoded.facts.geta, 1);
    }
}

#[test]
fn text_and_cells_are_appended_and_taken_back_on_a_fault() {
    let none = GaijiTable::none();
    for (encoding, good, bad) in [
        (Cp932, [0xF0, 0x40, 0x8E, 0x52], [0xF0, 0x40, 0x81, 0xAD]),
        (Cp932, [0xF0, 0x40, 0x8E, 0x52], [0xF0, 0x40, 0x41, 0x41]),
        (Cp932, [0xF0, 0x40, 0x8E, 0x52], [0x81, 0x40, 0xF0, 0x40]),
        (Ucs2Be, [0xE0, 0x00, 0x5C, 0x71], [0xE0, 0x00, 0xD8, 0x00]),
    ] {
        let (mut text, mut cells) = (String::from("前"), vec![mark(0, 1, 0xF0FC)]);
        encoding.decode_wide(&bad, &none, &mut text, &mut cells).unwrap_err();
        assert_eq!((text.as_str(), cells.len()), ("前", 1));
        encoding.decode_wide(&good, &none, &mut text, &mut cells).unwrap();
        assert_eq!(text, "前\u{E000}山");
        assert_eq!(cells, [mark(0, 1, 0xF0FC), mark(0, 1, 0xF040)]);
    }
}
