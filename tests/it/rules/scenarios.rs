//! The scenarios S1 to S22 of rules 8. S21 (a character cut by the end of its field) is the decoder's finding; here it
//! is handed on.

use sekisho::domain::code::Code;
use sekisho::domain::entry::Standing;
use sekisho::domain::finding::Finding;
use sekisho::domain::item::Item;
use sekisho::pipeline::check::{Registers, check};
use sekisho::pipeline::decode::FieldRef;

use super::town::{
    AKITA, ANNA, BEN, CHIE, DAY, Draft, Master, N1, N2, N3, NOSHIRO, checked, code, draft, facts, item, offices,
    places, prefecture, with_anna,
};

const NEW_ADDRESS: &str = "秋田県秋田市中通二丁目３番４号";

fn moved() -> Draft {
    draft(AKITA, "31").with(7, NEW_ADDRESS)
}

#[test]
fn s1_move_in_of_a_resident_of_the_same_town() {
    let mut master = with_anna();
    let before = master.entry(ANNA).clone();
    assert_eq!(master.send(draft(AKITA, "11")), "R L101");
    assert_eq!(*master.entry(ANNA), before);
}

#[test]
fn s2_move_in_of_a_resident_of_another_town() {
    assert_eq!(with_anna().send(draft(NOSHIRO, "11")), "R L102");
}

#[test]
fn s3_and_s4_move_from_town_to_town_in_one_run_then_confirmed() {
    let mut master = with_anna();
    let move_in = draft(NOSHIRO, "11").at("0930").with(7, "秋田県能代市１番");
    let move_out = draft(AKITA, "21");
    let (fates, applied) = master.run_on(DAY, &[move_in, move_out]);
    assert_eq!(fates, ["A", "A"]);
    assert_eq!(master.get(ANNA, 14), NOSHIRO);
    let told: Vec<&str> = applied.ntf.iter().map(|record| record.change_reason.as_str()).collect();
    assert_eq!(told, ["21", "11"]);
    assert_eq!(applied.row_after(&applied.ntf[0]).unwrap().get(item(14)), AKITA);
    assert_eq!(applied.row_after(&applied.ntf[1]).unwrap().get(item(14)), NOSHIRO);

    let before = master.entry(ANNA).row().unwrap().clone();
    let (fates, applied) = master.run_on(DAY, &[draft(AKITA, "90").at("1000")]);
    assert_eq!(fates, ["A"]);
    assert_eq!(*master.entry(ANNA).row().unwrap(), before);
    assert!(master.entry(ANNA).moved_out.unwrap().confirmed);
    assert!(applied.changes.versions.is_empty());
    assert_eq!(applied.ntf[0].change_reason, "90");
    assert_eq!(applied.row_after(&applied.ntf[0]).unwrap().get(item(14)), NOSHIRO);
}

#[test]
fn s5_change_of_address() {
    let mut master = with_anna();
    assert_eq!(master.send(moved()), "A");
    assert_eq!(master.get(ANNA, 7), NEW_ADDRESS);
    assert_eq!(master.history(ANNA), ["1"]);
    assert_eq!(master.versions[0].replaced_on.to_string(), DAY);
    assert_eq!(master.versions[0].replaced_at.to_string(), "20200914090000000");
}

#[test]
fn s6_change_of_address_and_name() {
    assert_eq!(with_anna().send(moved().with(2, "鈴木　花子")), "R L110:2");
}

#[test]
fn s7_change_of_address_to_the_same() {
    assert_eq!(with_anna().send(draft(AKITA, "31")), "R L111");
}

#[test]
fn s8_minor_correction_of_the_part_of_town() {
    let renamed = draft(AKITA, "32")
        .with(7, "秋田県秋田市新山王一丁目１番１号")
        .with(15, "002001");
    assert_eq!(with_anna().send(renamed.clone().with(5, "319800204")), "R L110:5");
    assert_eq!(with_anna().send(renamed), "A");
}

#[test]
fn s9_minor_correction_of_the_image_set_alone() {
    let mut master = with_anna();
    assert_eq!(master.send(draft(AKITA, "32").with(23, "001")), "A");
    assert_eq!(master.get(ANNA, 23), "001");
}

#[test]
fn s10_marriage() {
    let married = draft(AKITA, "33")
        .with(2, "鈴木　花子")
        .with(4, "すずき　はなこ")
        .with(25, "佐藤")
        .with(27, "さとう");
    assert_eq!(with_anna().send(married.clone().with(9, N2)), "R L110:9");
    let mut master = with_anna();
    assert_eq!(master.send(married), "A");
    assert_eq!(master.get(ANNA, 13), "すすきはなこ");
}

#[test]
fn s11_birth_without_number_then_its_first_recording() {
    let mut master = with_anna();
    let baby = |reason: &str| draft(AKITA, reason).of(BEN).with(5, "520200914");
    assert_eq!(master.send(baby("13").with(9, "")), "A");
    assert_eq!(master.send(baby("43").with(9, N1).at("0910")), "R L113:9");
    assert_eq!(master.send(baby("43").with(9, N2).at("0920")), "A");
    assert_eq!(master.get(BEN, 9), N2);
}

#[test]
fn s12_number_on_request_with_a_wrong_old_number() {
    assert_eq!(
        with_anna().send(draft(AKITA, "41").with(9, N2).old_number(N3)),
        "R L112"
    );
}

#[test]
fn s13_new_code_then_a_notice_on_the_old_one() {
    let mut master = with_anna();
    assert_eq!(master.send(draft(AKITA, "51").of(BEN).old_code(ANNA)), "A");
    assert_eq!(master.send(moved().at("0910")), "R L107");
    assert_eq!(master.entry(ANNA).standing, Standing::Retired { target: code(BEN) });
    assert_eq!(master.entry(BEN).former, Some(code(ANNA)));
    assert_eq!(master.get(BEN, 1), BEN);
    assert_eq!(master.history(ANNA), ["1"]);
}

#[test]
fn s14_death_then_move_in_then_restoration() {
    let mut master = with_anna();
    assert_eq!(master.send(draft(AKITA, "23")), "A");
    assert_eq!(master.send(draft(NOSHIRO, "11").at("0910")), "R L104");
    assert_eq!(master.send(draft(AKITA, "16").at("0920")), "W W203");
    assert_eq!(master.history(ANNA), ["1", "3"]);
}

#[test]
fn s15_naturalization() {
    let name = |draft: Draft| draft.with(2, "山田　太郎").with(4, "やまだ　たろう");
    assert_eq!(with_anna().send(name(draft(AKITA, "14"))), "R L101");
    assert_eq!(Master::default().send(name(draft(AKITA, "14"))), "R L105");
    let mut master = with_anna();
    assert_eq!(master.send(draft(AKITA, "24")), "A");
    assert_eq!(master.send(draft(AKITA, "11").at("0910")), "R L108");
    assert_eq!(master.send(name(draft(AKITA, "14")).at("0920")), "A");
}

#[test]
fn s16_planned_move_out_and_death_ahead() {
    assert_eq!(with_anna().send(draft(AKITA, "21").with(11, "20200924")), "A");
    assert_eq!(with_anna().send(draft(AKITA, "23").with(11, "20200915")), "R L116:11");
}

#[test]
fn s17_removal_with_another_number() {
    assert_eq!(with_anna().send(draft(AKITA, "21").with(9, N2)), "R L117:9");
}

#[test]
fn s18_wrong_check_digit() {
    assert_eq!(with_anna().send(draft(AKITA, "31").of("25208017644")), "R C001:1");
}

#[test]
fn s19_the_same_notice_twice_in_one_file() {
    let mut master = with_anna();
    assert_eq!(master.run(&[moved(), moved()]), ["A", "D"]);
    assert_eq!(master.history(ANNA), ["1"]);
}

#[test]
fn s20_a_record_of_another_town() {
    assert_eq!(
        with_anna().send(draft(AKITA, "31").of(CHIE).with(14, NOSHIRO)),
        "R C010:14"
    );
}

#[test]
fn s21_a_field_the_decoder_could_not_read() {
    let mut record = draft(AKITA, "31").record(3);
    let field = FieldRef::Item(Item::Address);
    let place = places().place(field, record.offset);
    record.faulty.insert(field);
    record.row.set(Item::Address, "");
    record.findings.push(Finding {
        code: Code::F003,
        item: Some(7),
        place,
    });
    let registers = Registers {
        prefecture: &prefecture(),
        offices: &offices(),
    };
    let checked = check(record, &places(), &facts(AKITA, 1, DAY), registers);
    assert!(checked.notice.is_none());
    assert_eq!(checked.head.refused.len(), 1);
    assert_eq!(checked.head.refused[0].place.unwrap().byte_offset, 3 * 1400 + 7);
}

#[test]
fn s22_a_placeholder_that_is_not_counted() {
    let name = draft(AKITA, "33").with(2, "佐〓　花子").placeholders([1, 0, 0]);
    let head = checked(&name, 1, DAY).head;
    assert_eq!(head.refused.len(), 1);
    assert_eq!((head.refused[0].code, head.refused[0].item), (Code::C007, Some(3)));
}
