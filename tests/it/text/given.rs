//! Writing type N fields: to the party the cells came from, and to every other one (rules 5.3).

use sekisho::text::gaiji::GaijiTable;
use sekisho::text::mark::CellMark;
use sekisho::text::wide::WideEncoding;
use sekisho::text::width::{FitOutcome, fit};
use sekisho::text::{cp932, ucs2};

use super::{mark, table};

use WideEncoding::{Cp932, Ucs2Be};

/// Bytes in hex and the number of substitutions.
fn encode(encoding: WideEncoding, text: &str, cells: &[CellMark], own: bool, gaiji: &GaijiTable) -> (String, u32) {
    let mut out = Vec::new();
    let substituted = match encoding {
        Cp932 => cp932::encode_wide(text, cells, own, gaiji, &mut out),
        Ucs2Be => ucs2::encode_wide(text, cells, own, gaiji, &mut out),
    };
    let units: Vec<String> = out
        .chunks(2)
        .map(|pair| format!("{:02X}{:02X}", pair[0], pair[1]))
        .collect();
    (units.join(" "), substituted)
}

fn given(encoding: WideEncoding, text: &str, own: bool, gaiji: &GaijiTable) -> (String, u32) {
    encode(encoding, text, &[], own, gaiji)
}

fn is(text: &str, substituted: u32) -> (String, u32) {
    (text.to_owned(), substituted)
}

#[test]
fn marked_characters_go_back_to_their_party_only() {
    let none = GaijiTable::none();
    let text = "髙\u{E000}辻\u{E0101}〓野";
    let cells = [
        mark(0, 1, 0xEEE0),
        mark(1, 1, 0xF040),
        mark(2, 2, 0xF041),
        mark(4, 1, 0xF042),
    ];
    assert_eq!(
        encode(Cp932, text, &cells, true, &none),
        is("EEE0 F040 F041 F042 96EC", 0)
    );
    // For another party: the cell, the sequence and the cell that its table calls 〓 are substituted.
    assert_eq!(
        encode(Cp932, text, &cells, false, &none),
        is("FBFC 81AC 92D2 81AC 96EC", 3)
    );
    assert_eq!(
        encode(Ucs2Be, text, &cells, true, &none),
        is("9AD9 E000 E001 E002 91CE", 0)
    );
    assert_eq!(
        encode(Ucs2Be, text, &cells, false, &none),
        is("9AD9 3013 8FBB DB40 DD01 3013 91CE", 2)
    );
}

/// A 〓 of the sender is what it wrote: no substitution.
#[test]
fn a_written_geta_is_not_a_substitution() {
    for own in [true, false] {
        assert_eq!(given(Cp932, "〓", own, &GaijiTable::none()), is("81AC", 0));
        assert_eq!(given(Ucs2Be, "〓", own, &GaijiTable::none()), is("3013", 0));
    }
    // A duplicate's mark is no picture lost.
    assert_eq!(
        encode(Cp932, "纊", &[mark(0, 1, 0xED40)], false, &GaijiTable::none()),
        is("FA5C", 0)
    );
}

#[test]
fn the_table_of_the_receiver_gives_cells_longest_first() {
    let table = table(&[
        (0xF040, "𠮷"),
        (0xF041, "辻\u{E0101}"),
        (0xF042, "〓"),
        (0xF043, "葛\u{E0101}"),
        (0xF044, "葛"),
    ]);
    let text = "𠮷辻\u{E0101}辻葛\u{E0101}葛〓";
    assert_eq!(
        given(Cp932, text, false, &table),
        is("F040 F041 92D2 F043 F044 81AC", 0)
    );
    assert_eq!(
        given(Ucs2Be, text, false, &table),
        is("E000 E001 8FBB E003 E004 3013", 0)
    );
    // Without a row the variation is lost in CP932, and kept in UCS-2BE.
    assert_eq!(given(Cp932, "辻\u{E0102}葛\u{FE00}", false, &table), is("92D2 F044", 2));
    assert_eq!(given(Ucs2Be, "辻\u{E0102}", false, &table), is("8FBB DB40 DD02", 0));
}

/// The party itself sent an unmarked character in its ordinary code, whatever its table says of cells.
#[test]
fn unmarked_characters_go_back_as_they_came() {
    let table = table(&[(0xF040, "髙"), (0xF041, "𠮷"), (0xF042, "辻\u{E0101}")]);
    assert_eq!(
        given(Cp932, "髙𠮷辻\u{E0101}\u{E002}", true, &table),
        is("FBFC F041 F042 F042", 0)
    );
    assert_eq!(
        given(Ucs2Be, "髙𠮷辻\u{E0101}\u{E002}", true, &table),
        is("9AD9 D842 DFB7 8FBB DB40 DD01 E002", 0)
    );
    assert_eq!(given(Cp932, "髙𠮷\u{E002}", false, &table), is("F040 F041 81AC", 1));
    assert_eq!(given(Ucs2Be, "髙𠮷\u{E002}", false, &table), is("E000 E001 3013", 1));
}

/// Rules 5.3: U+301C, U+2014 and U+2212 take their counterparts; so do the others that JIS and Microsoft map apart.
#[test]
fn the_wave_dash_family_takes_the_codes_of_cp932() {
    let none = GaijiTable::none();
    assert_eq!(
        given(Cp932, "〜—−‖¢£¬", false, &none),
        is("8160 815C 817C 8161 8191 8192 81CA", 0)
    );
    assert_eq!(
        given(Cp932, "～―－∥￠￡￢", false, &none),
        is("8160 815C 817C 8161 8191 8192 81CA", 0)
    );
    assert_eq!(given(Cp932, "¥‾¦", false, &none), is("818F 8150 FA55", 0));
    assert_eq!(given(Ucs2Be, "〜—−‖", false, &none), is("301C 2014 2212 2016", 0));
}

/// Never `?`, a character reference or any one-byte code.
#[test]
fn what_cannot_be_written_is_a_geta_and_counted() {
    let none = GaijiTable::none();
    assert_eq!(
        given(Cp932, "é𠮷ｱ\u{E758}\n", false, &none),
        is("81AC 81AC 81AC 81AC 81AC", 5)
    );
    assert_eq!(given(Cp932, "𠮷\u{E0101}\u{E0101}", false, &none), is("81AC 81AC", 2));
    assert_eq!(
        given(Ucs2Be, "éｱ\u{E758}\n\u{E757}", false, &none),
        is("00E9 3013 E758 3013 3013", 3)
    );
    assert_eq!(
        given(Ucs2Be, "\u{E757}\u{E0101}ｱ\u{FE00}", false, &none),
        is("3013 3013", 2)
    );
    // Half-width ASCII has a wide form.
    assert_eq!(given(Cp932, "A?\\ ~", false, &none), is("8260 8148 815F 8140 8160", 0));
    assert_eq!(given(Ucs2Be, "A ~", true, &none), is("FF21 3000 FF5E", 0));
}

/// Marks that do not lie on the text, or name no code, are passed over.
#[test]
fn useless_marks_are_passed_over() {
    let none = GaijiTable::none();
    for cells in [
        [mark(0, 0, 0xF040), mark(9, 1, 0xF041)],
        [mark(0, 1, 0x81AD), mark(0, 1, 0xF040)],
        [mark(0, 1, 0x0041), mark(2, 1, 0xF040)],
    ] {
        assert_eq!(encode(Cp932, "山", &cells, true, &none), is("8E52", 0), "{cells:?}");
    }
    assert_eq!(encode(Cp932, "山", &[mark(0, 9, 0xF040)], true, &none), is("F040", 0));
}

fn fitted(encoding: WideEncoding, text: &str, cells: &[CellMark], width_bytes: usize) -> (Vec<u8>, FitOutcome) {
    let mut out = vec![0x31];
    let outcome = fit(text, cells, true, &GaijiTable::none(), encoding, width_bytes, &mut out);
    assert_eq!(out.remove(0), 0x31);
    (out, outcome)
}

#[test]
fn a_field_has_its_exact_width() {
    let outcome = |substituted, cut| FitOutcome { substituted, cut };
    assert_eq!(
        fitted(Cp932, "能代", &[], 8),
        (vec![0x94, 0x5C, 0x91, 0xE3, 0x81, 0x40, 0x81, 0x40], outcome(0, false))
    );
    assert_eq!(
        fitted(Ucs2Be, "《", &[], 4),
        (vec![0x30, 0x0A, 0x30, 0x00], outcome(0, false))
    );
    assert_eq!(
        fitted(Cp932, "能代", &[], 4),
        (vec![0x94, 0x5C, 0x91, 0xE3], outcome(0, false))
    );
    assert_eq!(fitted(Cp932, "", &[], 2), (vec![0x81, 0x40], outcome(0, false)));
    assert_eq!(
        fitted(Cp932, "能é", &[], 4),
        (vec![0x94, 0x5C, 0x81, 0xAC], outcome(1, false))
    );
}

#[test]
fn a_text_that_is_too_long_loses_whole_characters() {
    let outcome = |substituted, cut| FitOutcome { substituted, cut };
    assert_eq!(
        fitted(Cp932, "能代é", &[], 4),
        (vec![0x94, 0x5C, 0x91, 0xE3], outcome(0, true))
    );
    assert_eq!(fitted(Cp932, "能代", &[], 0), (vec![], outcome(0, true)));
    // An odd width leaves one byte that no wide character fits.
    assert_eq!(
        fitted(Cp932, "能代", &[], 3),
        (vec![0x94, 0x5C, 0x20], outcome(0, true))
    );
    // A surrogate pair and a variation sequence are not split.
    assert_eq!(
        fitted(Ucs2Be, "山𠮷", &[], 4),
        (vec![0x5C, 0x71, 0x30, 0x00], outcome(0, true))
    );
    assert_eq!(
        fitted(Ucs2Be, "辻\u{E0101}", &[], 4),
        (vec![0x30, 0x00, 0x30, 0x00], outcome(0, true))
    );
    // The cell of a sequence is one character of two bytes.
    assert_eq!(
        fitted(Cp932, "辻\u{E0101}", &[mark(0, 2, 0xF040)], 2),
        (vec![0xF0, 0x40], outcome(0, false))
    );
}
