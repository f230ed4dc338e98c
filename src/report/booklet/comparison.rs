//! The page of what each reason may change and needs.

use super::page::{Page, Table};
use crate::domain::code::Code;
use crate::domain::compare::{
    BirthPart, COMPARED, DERIVED, DateRule, DerivedRule, Meaning, MustChange, NumberRule, OldRule, RowAfter, Rule,
    Test, rule,
};
use crate::domain::item::Item;
use crate::domain::reason::Reason;

/// Comparison with the master.
pub(super) fn page() -> Page {
    let mut page = Page::new("comparison", "記録との比較", "Comparison with the master");
    page.text(
        "通知は差分ではなく全項目の写しです（法30条の6）。比較は保存された文字のまま行い、○は変更できる項目、コードは異なるときの所見です。",
    );
    page.text(
        "A notice is a full snapshot, not a delta (Act, article 30-6). Items are compared as stored text. ○: the reason\n\
         may change the item; a code: the finding if it differs; `+`: only where neither side is blank. Blank: not compared.",
    );
    page.table(differences());
    page.text("異動事由ごとの条件。 / What each reason needs.");
    page.table(conditions());
    page.text(
        "付随する項目。L118は14・15・31～33・41～43・51・52（変更前の住民票コードがあるとき）に適用します。\n\n\
         Derived items. L118 applies to 14, 15, 31-33, 41-43, 51 and 52 (with an old code). A forbidden change of the\n\
         parent is L110 of the parent alone. A blank 3, 8, 23, 24, 26, 28 counts as zero, a blank 15 as 000000.",
    );
    page.table(derived());
    page.text("すべての通知に共通の条件。 / For every notice that its cell allows.");
    page.table(common());
    page
}

fn differences() -> Table {
    let mut head = vec!["異動事由 / reason"];
    head.extend(["2", "4", "5", "6", "7", "9", "14", "25", "27"]);
    let mut table = Table::new(&head);
    for reason in Reason::ALL {
        let rule = rule(reason);
        let mut row = vec![format!("{} {}", reason.code(), reason.ja())];
        row.extend(COMPARED.map(|item| meaning(&rule, item)));
        table.rows.push(row);
    }
    table
}

fn meaning(rule: &Rule, item: Item) -> String {
    let mut text = match rule.meaning(item) {
        Meaning::Allowed if rule.after == RowAfter::Unchanged => return String::new(),
        Meaning::Allowed => return String::from("○"),
        Meaning::Found(code) => code.as_str().to_owned(),
        Meaning::FoundIfBothGiven(code) => format!("{}+", code.as_str()),
    };
    if item == Item::BirthDate && rule.birth == BirthPart::Day {
        text.push_str("（元号の数字は○ / era digit ○）");
    }
    text
}

fn conditions() -> Table {
    let mut table = Table::new(&[
        "事由",
        "変わるべき項目 / must change",
        "個人番号 / item 9",
        "変更前の番号 / old number or code",
        "異動年月日 / item 11",
        "適用後の記録 / row afterwards",
    ]);
    for reason in Reason::ALL {
        let rule = rule(reason);
        table.row(&[
            reason.code(),
            &must_change(rule.must_change),
            number(rule.number),
            old(rule.old),
            date(rule.date),
            after(rule.after),
        ]);
    }
    table
}

fn must_change(rule: MustChange) -> String {
    match rule {
        MustChange::Nothing => String::new(),
        MustChange::Item(item) => format!("{} (L111)", item.number()),
        MustChange::Anything => String::from("いずれかの項目 / any compared or derived item (L111)"),
    }
}

fn number(rule: NumberRule) -> &'static str {
    match rule {
        NumberRule::Free => "",
        NumberRule::Always => "必須 / needed (C009)",
        NumberRule::UnlessFirst => {
            "ABから又は記録も空欄なら空欄可 / may be blank from AB or where the master's is (C009)"
        }
    }
}

fn old(rule: OldRule) -> &'static str {
    match rule {
        OldRule::Unused => "",
        OldRule::MyNumber { required: true } => "必須、記録の9と一致 / needed, equal to the master's 9 (F005, L112)",
        OldRule::MyNumber { required: false } => "記録の9と一致 / equal to the master's 9, blank if that is (L112)",
        OldRule::JuminCode { required: true } => "必須、送信者の住民 / needed, a resident of the sender (F005)",
        OldRule::JuminCode { required: false } => {
            "空欄なら新設、あれば送信者の住民 / blank creates the record, else a resident of the sender (L114)"
        }
    }
}

fn date(rule: DateRule) -> &'static str {
    match rule {
        DateRule::Plain => "業務日以前 / not after the business date (L116)",
        DateRule::Planned => "予定の日でもよい / may be planned",
        DateRule::MayBeUnknown => "業務日以前、不明可 / not after the business date (L116), may have unknown parts",
        DateRule::OfPair => "組の消除の11と同じ / that of the pair's removal (L105, L116)",
        DateRule::OfBirth => "5の日と同じ / the day of item 5 (W206, L116)",
    }
}

fn after(rule: RowAfter) -> &'static str {
    match rule {
        RowAfter::Notice => "通知の項目 / the notice's items",
        RowAfter::MasterKept => {
            "記録の2-9, 13-15, 20, 23-28と通知の10, 11, 16-18, 22 / the master's items with these of the notice"
        }
        RowAfter::NewCode => {
            "新コードの下に通知の項目、旧コードはRT / the notice's items under the new code, the old one RT"
        }
        RowAfter::Unchanged => "変わらず、転出に確定の印 / unchanged, the removal is marked confirmed (L109)",
    }
}

fn derived() -> Table {
    let mut table = Table::new(&[
        "項目 / item",
        "元の項目 / parent",
        "検査 / test",
        "単独の増加可 / may grow alone",
        "単独の変更可 / may change alone",
    ]);
    for derived in DERIVED {
        let test = match (derived.test, derived.item) {
            (Test::Parent, _) => Code::L118.as_str(),
            (Test::Text, Item::SeionKanaName) => Code::W210.as_str(),
            (Test::Text, Item::GaijiFlag) => Code::C008.as_str(),
            (Test::Text, _) => Code::C007.as_str(),
        };
        let parent = if derived.item == Item::GaijiFlag {
            String::from("3, 8, 26")
        } else {
            derived.parent.number().to_string()
        };
        let alone = |grow: bool| {
            let reasons = Reason::ALL.into_iter().filter(|reason| match rule(*reason).derived {
                DerivedRule::Free => false,
                DerivedRule::Bound { may_grow, .. } if grow => may_grow.contains(&derived.item),
                DerivedRule::Bound { may_change, .. } => may_change.contains(&derived.item),
            });
            reasons.map(Reason::code).collect::<Vec<_>>().join(", ")
        };
        table.row(&[
            &format!("{} {}", derived.item.number(), derived.item.row().ja),
            &parent,
            test,
            &alone(true),
            &alone(false),
        ]);
    }
    table
}

fn common() -> Table {
    let mut table = Table::new(&["所見 / finding", "条件", "condition"]);
    for (code, ja, en) in [
        (
            Code::L113,
            "9が他の方の番号である、又はあった（住民、除票、履歴）",
            "the new 9 is or was another person's: residents, removed, history; codes joined by 51 and 52 are one person",
        ),
        (
            Code::L116,
            "11が業務日より後（21と22を除く）",
            "11 is after the business date, except 21 and 22",
        ),
        (
            Code::L119,
            "18が記録の18より前、又は同じで、22が大きくなく、14が同じ",
            "18 is older than the master's, or equal while 22 is not greater and 14 is the same",
        ),
        (
            Code::W208,
            "11が記録の11より前（記録の事由が21・22のときを除く）",
            "11 is before the master's, unless that one's reason is 21 or 22",
        ),
        (
            Code::W209,
            "4が空欄、又は25があるのに27が空欄",
            "4 is blank, or 27 is blank while 25 is not",
        ),
        (
            Code::W210,
            "13があり、計算した値と異なる",
            "13 was sent and is not the computed one",
        ),
        (
            Code::L120,
            "適用済みの通知と1・10・18・22が同じで、他が異なる（同じなら重複）",
            "1, 10, 18, 22 of an applied notice with other content; with the same content it is a duplicate",
        ),
    ] {
        table.row(&[code.as_str(), ja, en]);
    }
    table
}
