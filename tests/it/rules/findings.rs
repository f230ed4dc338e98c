//! Every finding on a record that the rules can give: F005, C, L and W, each raised by at least one notice.
//!
//! A row is a name, what went before, the notice, and what becomes of it, as rules 2.4, 2.6 and 9 have it.

use std::collections::BTreeSet;

use sekisho::domain::code::Code;

use super::town::{AKITA, ANNA, BEN, CHIE, Draft, MERGED, Master, N1, N2, N3, NOSHIRO, YOKOTE, draft, item, with_anna};

pub(crate) type Row = (&'static str, Vec<Draft>, Draft, &'static str);

/// Plays rows on a master with Anna; gives the codes that were seen.
fn play(rows: Vec<Row>) -> BTreeSet<Code> {
    let mut seen = BTreeSet::new();
    for (name, before, notice, expected) in rows {
        let mut master = with_anna();
        for draft in before {
            master.must(draft);
        }
        let fate = master.send(notice);
        assert_eq!(fate, expected, "{name}");
        let codes = expected.split(' ').skip(1).filter_map(|word| word.split(':').next());
        seen.extend(codes.filter_map(Code::parse));
    }
    seen
}

#[rustfmt::skip]
fn of_record() -> Vec<Row> {
    let correction = || draft(AKITA, "33").with(2, "佐藤　華子");
    vec![
        ("item 1 blank", vec![], correction().of(""), "R F005:1"),
        ("item 22 blank", vec![], correction().with(22, ""), "R F005:22"),
        ("51 without old code", vec![], draft(AKITA, "51").of(BEN), "R F005"),
        ("41 without old number", vec![], draft(AKITA, "41").with(9, N2), "R F005"),
        ("check digit of 1", vec![], correction().of("12345678901"), "R C001:1"),
        ("check digit of the old code", vec![], correction().old_code("12345678901"), "R C001"),
        ("check digit of 9", vec![], correction().with(9, "123456789012"), "R C002:9"),
        ("check digit of the old number", vec![], correction().old_number("123456789012"), "R C002"),
        ("another prefecture", vec![], correction().with(14, "131016"), "R C003:14 C010:14"),
        ("reason 44", vec![], correction().with(10, "44"), "R C004:10"),
        ("30 February", vec![], correction().with(5, "319800230"), "R C005:5"),
        ("sex 9", vec![], correction().with(6, "9"), "R C006:6"),
        ("gaiji not counted", vec![], correction().placeholders([0, 1, 0]), "R C007:8"),
        ("flag without gaiji", vec![], correction().with(20, "1"), "R C008:20"),
        ("11 without number", vec![], draft(AKITA, "11").of(BEN).with(9, ""), "R C009:9"),
        ("not the sender", vec![], correction().with(14, NOSHIRO), "R C010:14"),
    ]
}

#[rustfmt::skip]
fn of_state() -> Vec<Row> {
    let in_noshiro = || vec![draft(AKITA, "21"), draft(NOSHIRO, "11").at("0910")];
    vec![
        ("entry of a resident", vec![], draft(AKITA, "16"), "R L101"),
        ("entry of another's resident", vec![], draft(NOSHIRO, "16"), "R L102"),
        ("a predecessor's resident is the sender's", vec![draft(AKITA, "32").with(14, MERGED)], draft(AKITA, "11").at("0910"), "R L101"),
        ("notice by another town", vec![], draft(NOSHIRO, "23"), "R L102b"),
        ("notice by the old town", in_noshiro(), draft(AKITA, "31").at("0920"), "R L102b"),
        ("unknown code", vec![], draft(AKITA, "31").of(BEN), "R L103"),
        ("51 of an unknown code", vec![], draft(AKITA, "51").of(CHIE).old_code(BEN), "R L103"),
        ("move-in of the dead", vec![draft(AKITA, "23")], draft(AKITA, "12").at("0910"), "R L104"),
        ("notice of the removed", vec![draft(AKITA, "22")], draft(AKITA, "23").at("0910"), "R L104b"),
        ("14 on 25", vec![draft(AKITA, "25")], draft(AKITA, "14").at("0910"), "R L105"),
        ("14 with another date", vec![draft(AKITA, "24")], draft(AKITA, "14").at("0910").with(11, "20200913"), "R L105:11"),
        ("birth with a used code", vec![draft(AKITA, "21")], draft(AKITA, "13").at("0910"), "R L106"),
        ("retired code", vec![draft(AKITA, "52").of(BEN).old_code(ANNA)], draft(AKITA, "16").at("0910"), "R L107"),
        ("move-in in an open pair", vec![draft(AKITA, "25")], draft(AKITA, "12").at("0910"), "R L108"),
        ("90 of a resident", vec![], draft(AKITA, "90"), "R L109"),
        ("90 by a town that the person did not leave", in_noshiro(), draft(YOKOTE, "90").at("0920"), "R L109"),
        ("90 for the removal before the last", [in_noshiro(), vec![draft(NOSHIRO, "21").at("0920"), draft(YOKOTE, "11").at("0930")]].concat(), draft(AKITA, "90").at("0940"), "R L109"),
        ("90 beside a number, a date and an order", [in_noshiro(), vec![draft(AKITA, "16").of(BEN).with(9, N2)]].concat(), draft(YOKOTE, "90").with(9, N2).with(11, "20200915"), "R L109 L113:9 L116:11 L119:18"),
        ("52 with an unknown old code", vec![], draft(AKITA, "52").of(CHIE).old_code(BEN).with(9, N2), "R L114"),
        ("52 with an unknown old and a known new code", vec![], draft(AKITA, "52").old_code(BEN).with(9, N2), "R L114 L115:1"),
        ("51 to a known code", vec![draft(AKITA, "13").of(BEN).with(9, "").with(5, "520200914")], draft(AKITA, "51").of(BEN).old_code(ANNA), "R L115:1"),
        ("51 to a retired code", vec![draft(AKITA, "51").of(BEN).old_code(ANNA)], draft(AKITA, "51").of(ANNA).old_code(BEN).at("0910"), "R L115:1"),
        ("51 to itself", vec![], draft(AKITA, "51").old_code(ANNA), "R L115:1"),
        ("52 without old code on a known code", vec![], draft(AKITA, "52").with(18, "20200901080000000").with(11, "20200801"), "R L115:1"),
        ("52 without old code on a known code, another's number", vec![draft(AKITA, "16").of(BEN).with(9, N2)], draft(AKITA, "52").with(9, N2), "R L113:9 L115:1"),
    ]
}

#[rustfmt::skip]
fn of_comparison() -> Vec<Row> {
    let address = || draft(AKITA, "31").with(7, "秋田県秋田市中通");
    let baby = || draft(AKITA, "13").of(BEN).with(9, "").with(5, "520200914");
    vec![
        ("31 changes everything", vec![], address().with(2, "鈴木").with(4, "すずき").with(5, "419900101").with(6, "1").with(9, N2).with(14, MERGED).with(25, "山田").with(27, "やまだ"), "R L110:2 L110:4 L110:5 L110:6 L110:9 L110:14 L110:25 L110:27"),
        ("31 changes something else only", vec![], draft(AKITA, "31").with(6, "1"), "R L110:6 L111"),
        ("31 with its derived items", vec![], address().with(15, "002001").with(24, "001"), "A"),
        ("31 on the part of town alone", vec![], draft(AKITA, "31").with(15, "002001"), "R L111 L118:15"),
        ("31 with the image set of the name", vec![], address().with(23, "001"), "R L118:23"),
        ("32 changes nothing", vec![], draft(AKITA, "32"), "R L111"),
        ("32 changes 5, 6, 9", vec![], draft(AKITA, "32").with(5, "319800204").with(6, "1").with(9, N2), "R L110:5 L110:6 L110:9"),
        ("32 with the readings", vec![], draft(AKITA, "32").with(4, "さとう　はな").with(27, "すずき").with(25, "鈴木"), "W W207:4 W207:27"),
        ("32 with a reading alone", vec![], draft(AKITA, "32").with(4, "さとう　はな"), "W W207:4"),
        ("32 with the part of town alone", vec![], draft(AKITA, "32").with(15, "002001"), "A"),
        ("32 to a predecessor's code", vec![], draft(AKITA, "32").with(14, MERGED), "A"),
        ("32 with a serial that shrinks", vec![draft(AKITA, "32").with(23, "002")], draft(AKITA, "32").with(23, "001").at("0910"), "R L118:23"),
        ("32 with a blank serial", vec![], draft(AKITA, "32").with(23, ""), "R L111"),
        ("33 changes nothing", vec![], draft(AKITA, "33"), "R L111"),
        ("33 with image sets that grow alone", vec![], draft(AKITA, "33").with(23, "001").with(24, "001").with(28, "001"), "A"),
        ("33 with the part of town alone", vec![], draft(AKITA, "33").with(15, "002001"), "R L118:15"),
        ("33 changes 9 and 14", vec![], draft(AKITA, "33").with(9, N2).with(14, MERGED), "R L110:9 L110:14"),
        ("41 with the same number", vec![], draft(AKITA, "41").old_number(N1), "R L111"),
        ("41 with the same number and a wrong old one", vec![], draft(AKITA, "41").old_number(N3), "R L111 L112"),
        ("42 with another item and its serial", vec![], draft(AKITA, "42").with(9, N2).old_number(N1).with(2, "佐藤").with(23, "001"), "R L110:2"),
        ("41 where the master has no number", vec![baby()], draft(AKITA, "41").of(BEN).with(5, "520200914").with(9, N2).old_number(N3).at("0910"), "R L112"),
        ("43 without old number where the master has one", vec![], draft(AKITA, "43").with(9, N2), "R L112"),
        ("43 with the master's old number", vec![], draft(AKITA, "43").with(9, N2).old_number(N1), "A"),
        ("43 with an old number where the master has none", vec![baby()], draft(AKITA, "43").of(BEN).with(5, "520200914").with(9, N2).old_number(N3).at("0910"), "R L112"),
        ("43 without number", vec![], draft(AKITA, "43").with(9, "").old_number(N1), "R C009:9"),
        ("41 to another's number", vec![baby().with(9, N2)], draft(AKITA, "41").with(9, N2).old_number(N1), "R L113:9"),
        ("a number the person had under the old code", vec![draft(AKITA, "51").of(BEN).old_code(ANNA)], draft(AKITA, "32").of(BEN).with(2, "佐藤").at("0910"), "A"),
        ("a number another had in history", vec![draft(AKITA, "41").with(9, N2).old_number(N1)], baby().with(9, N1), "R L113:9"),
        ("a removal with another's number", vec![baby().with(9, N2)], draft(AKITA, "23").with(9, N2), "R L113:9 L117:9"),
        ("51 with other items", vec![], draft(AKITA, "51").of(BEN).old_code(ANNA).with(9, N2).with(7, "秋田県秋田市中通"), "R L110:7 L110:9"),
        ("51 with the part of town", vec![], draft(AKITA, "51").of(BEN).old_code(ANNA).with(15, "002001"), "R L118:15"),
        ("14 changes 6, 7, 9, 14 and the day of 5", vec![draft(AKITA, "24")], draft(AKITA, "14").at("0910").with(5, "319800204").with(6, "1").with(7, "秋田県").with(9, "").with(14, MERGED), "R L110:5 L110:6 L110:7 L110:9 L110:14"),
        ("14 changes the era digit", vec![draft(AKITA, "24")], draft(AKITA, "14").at("0910").with(5, "019800203"), "A"),
        ("15 with the part of town", vec![draft(AKITA, "25")], draft(AKITA, "15").at("0910").with(15, "002001"), "R L118:15"),
        ("a removal with other items", vec![], draft(AKITA, "23").with(2, "鈴木").with(4, "すずき").with(7, "秋田県").with(14, MERGED).with(25, "山").with(27, "やま").with(15, "009009"), "W W211:2 W211:4 W211:7 W211:14 W211:25 W211:27"),
        ("a removal with 5 and 6", vec![], draft(AKITA, "21").with(5, "019800203").with(6, "1").with(2, "鈴木"), "R L117:5 L117:6"),
    ]
}

#[rustfmt::skip]
fn of_re_entry() -> Vec<Row> {
    let back = |reason: &str| draft(AKITA, reason).at("0910");
    let gone = || vec![draft(AKITA, "21")];
    let baby = || draft(AKITA, "13").of(BEN).with(9, "").with(5, "520200914");
    let nameless = || {
        vec![
            baby(),
            draft(AKITA, "22").of(BEN).with(5, "520200914").with(9, "").at("0905"),
        ]
    };
    vec![
        ("re-entry with another 5, 6, 9", gone(), back("11").with(5, "019800203").with(6, "1").with(9, N2), "W W201:5 W201:6 W202:9"),
        ("re-entry by 16", gone(), back("16").with(6, "1"), "W W201:6"),
        ("re-entry without number where the master has one", gone(), back("12").with(9, ""), "R C009:9"),
        ("16 without number where the master has one", gone(), back("16").with(9, ""), "R C009:9"),
        ("re-entry without number where the master has none", nameless(), back("12").of(BEN).with(5, "520200914").with(9, ""), "A"),
        ("re-entry with a first number", nameless(), back("12").of(BEN).with(5, "520200914").with(9, N2), "A"),
        ("12 from nowhere without number", vec![], back("12").of(BEN).with(9, ""), "A"),
        ("a derived item alone is no matter of an entry", gone(), back("11").with(15, "009009"), "A"),
        ("16 after death", vec![draft(AKITA, "23")], back("16"), "W W203"),
        ("16 in an open pair", vec![draft(AKITA, "24")], back("16"), "W W204"),
        ("52 without old code", vec![], draft(AKITA, "52").of(BEN).with(9, N2), "W W205"),
        ("birth on another day", vec![], baby().with(5, "520200913"), "W W206:5"),
        ("birth by the Gregorian digit", vec![], baby().with(5, "020200914"), "A"),
    ]
}

#[rustfmt::skip]
fn of_time() -> Vec<Row> {
    let address = || draft(AKITA, "31").with(7, "秋田県秋田市中通");
    vec![
        ("31 ahead", vec![], address().with(11, "20200915"), "R L116:11"),
        ("22 ahead", vec![], draft(AKITA, "22").with(11, "20201231"), "A"),
        ("a death in an unknown month of the year", vec![], draft(AKITA, "23").with(11, "20200000"), "W W208:11"),
        ("a death in an unknown month ahead", vec![], draft(AKITA, "23").with(11, "20201000"), "R L116:11"),
        ("older than the master", vec![], address().with(18, "20200901085959999"), "R L119:18"),
        ("same time, same number", vec![], address().with(18, "20200901090000000"), "R L119:18"),
        ("same time, greater number", vec![], address().with(18, "20200901090000000").with(22, "000002"), "A"),
        ("same time, another code of the town", vec![], draft(AKITA, "32").with(18, "20200901090000000").with(14, MERGED), "A"),
        ("51 against the row of the old code", vec![], draft(AKITA, "51").of(BEN).old_code(ANNA).with(18, "20200901080000000").with(11, "20200831"), "R L119:18"),
        ("51 dated before the old row", vec![], draft(AKITA, "51").of(BEN).old_code(ANNA).with(11, "20200831"), "W W208:11"),
        ("dated before the last", vec![], address().with(11, "20200831"), "W W208:11"),
        ("90 dated before the move-in", vec![draft(AKITA, "21"), draft(NOSHIRO, "11").at("0910")], draft(AKITA, "90").at("0920").with(11, "20200901"), "W W208:11"),
        ("dated before a planned move-out", vec![draft(AKITA, "21").with(11, "20200920")], draft(NOSHIRO, "11").at("0910"), "A"),
        ("another content of an applied notice", vec![address()], address().with(7, "秋田県秋田市土崎"), "R L120"),
        ("a blank that counts as zero is no other content", vec![address()], address().with(23, ""), "D"),
        ("a removal again, duplicates before the cell", vec![draft(AKITA, "23")], draft(AKITA, "23"), "D"),
        ("51 again under the new code", vec![draft(AKITA, "51").of(BEN).old_code(ANNA)], draft(AKITA, "51").of(BEN).old_code(ANNA), "D"),
        ("51 again with another old code", vec![draft(AKITA, "51").of(BEN).old_code(ANNA)], draft(AKITA, "51").of(BEN).old_code(CHIE), "R L120"),
        ("a notice of the retired code again", vec![address(), draft(AKITA, "51").of(BEN).old_code(ANNA).at("0910").with(7, "秋田県秋田市中通")], address(), "D"),
        ("90 again", vec![draft(AKITA, "21"), draft(AKITA, "90").at("0910")], draft(AKITA, "90").at("0910"), "D"),
        ("90 at another time", vec![draft(AKITA, "21"), draft(AKITA, "90").at("0910")], draft(AKITA, "90").at("0920"), "A"),
        ("no readings", vec![], draft(AKITA, "33").with(4, "").with(25, "山田"), "W W209:4 W209:27"),
        ("item 13 sent and right", vec![], address().with(13, "さとうはなこ"), "A"),
        ("item 13 sent and wrong", vec![], address().with(13, "さとう　はなこ"), "W W210:13"),
        ("warnings of a rejected notice are not reported", vec![], draft(AKITA, "31").with(4, "").with(11, "20200831").with(13, "あ"), "R L110:4 L111"),
    ]
}

/// All rows of this module.
pub(crate) fn rows() -> Vec<Row> {
    [of_record(), of_state(), of_comparison(), of_re_entry(), of_time()].concat()
}

#[test]
fn every_finding_of_a_record_is_raised() {
    let mut seen = play(of_record());
    for rows in [of_state(), of_comparison(), of_re_entry(), of_time()] {
        seen.extend(play(rows));
    }
    for code in Code::ALL {
        let text = code.as_str();
        let ours = text == "F005" || text.starts_with(['C', 'L', 'W']);
        assert_eq!(ours, seen.contains(code), "{text}");
    }
}

#[test]
fn only_f_and_c_findings_have_a_place() {
    let mut master = with_anna();
    let back = draft(AKITA, "12").at("0910").with(9, "").file(2);
    let (fates, applied) = master.run_on("20200914", &[draft(AKITA, "21").with(2, "鈴木"), back]);
    assert_eq!(fates, ["W W211:2", "R C009:9"]);
    assert_eq!(applied.records[0].findings[0].place, None);
    let place = applied.records[1].findings[0].place.unwrap();
    assert_eq!((place.byte_offset, place.byte_length), (2 * 1400 + 9, 18));
}

#[test]
fn a_town_cannot_be_told_apart_from_its_predecessor() {
    let mut master = Master::default();
    master.must(draft(AKITA, "16").with(14, MERGED).with(18, "20200901090000000"));
    master.must(draft(AKITA, "21").with(14, MERGED));
    assert_eq!(master.send(draft(AKITA, "90").at("0910")), "A");
    assert!(
        master
            .entries
            .values()
            .all(|entry| entry.row().unwrap().get(item(14)) == MERGED)
    );
}
