//! The page of the booklet on reconciliation: classes in their order, compared items, causes, lives.

use super::page::{Page, Table};
use crate::domain::difference::{Cause, Class, LifeState, PRECEDENCE, RECONCILED, Seen, TESTS, TRANSITIONS};

/// The page.
pub(super) fn page() -> Page {
    let mut page = Page::new("reconciliation", "整合性確認", "Reconciliation");
    page.text(
        "市町村の抽出を、基準時点の記録（項目18が基準時点以前で最も新しい版）と比べます。記録はこれによって変わりません。\n\n\
         Each record of an extract is compared with the register as of `base_at`: the version whose item 18 is the newest not\n\
         after it. The register is never changed by it.",
    );
    page.heading("分類 / Classes");
    page.text("上から順に最初に当てはまるもの。どれにも当てはまらなければ一致。\n\nThe first that fits; else MATCH.");
    let mut classes = Table::new(&[
        "順: 番号 / order: number",
        "分類 / class",
        "意味",
        "meaning",
        "次にすること",
        "what to do",
    ]);
    for (place, class) in (1..).zip(PRECEDENCE) {
        let number = format!("{place}: {}", class.number());
        classes.row(&class_cells(&number, class));
    }
    classes.row(&class_cells("-: 30", Class::OnlyInMaster));
    page.table(classes);
    page.text(
        "30は抽出の記録ではなく、全件の抽出（F）にない住民です。検算：抽出の件数 = 30を除く全分類の合計。\n\n\
         30 is no record of the extract but a resident whom an extract of scope F does not list. Before anything is published:\n\
         extract records = sum of all classes without 30.",
    );
    page.heading("比べる項目 / Compared items");
    let numbers: Vec<String> = RECONCILED.into_iter().map(|item| item.number().to_string()).collect();
    page.text(&format!(
        "{}。空欄の3、8、15、23、24、26、28は零とみなします。\n\nA blank 3, 8, 15, 23, 24, 26 or 28 is zero.",
        numbers.join(", ")
    ));
    page.heading("考えられる原因 / Likely causes");
    page.text(
        "上から順に最初に当てはまる行。70は基準時点より後の値と一致するときだけ説明します。\n\n\
         The first row that holds. Class 70 is explained by a later equal state only.",
    );
    let mut causes = Table::new(&["原因", "cause", "理由", "reason", "次にすること", "what to do"]);
    for test in TESTS {
        let row = test.cause.row();
        causes.row(&[row.ja, row.en, test.ja, test.en, row.todo_ja, row.todo_en]);
    }
    page.table(causes);
    let order: Vec<&str> = Cause::ALL.into_iter().map(|cause| cause.row().en).collect();
    page.text(&format!(
        "一人の方の原因は、項目の原因のうち次の順で最も重いもの。\n\nThe cause of a person is the gravest of its items, from light to grave: {}.",
        order.join("; ")
    ));
    page.heading("相違の経過 / Lives of differences");
    page.text(
        "相違は団体、住民票コード、分類、項目で同じものとみなします。80と90は抽出の誤りで、残りません。\n\n\
         A difference is known by party, code, class and item. 80 and 90 are faults of the extract and do not live on.",
    );
    let mut lives = Table::new(&["前 / before", "抽出 / extract", "後 / after", "出来事", "event"]);
    for cell in TRANSITIONS {
        lives.row(&[
            state(cell.before),
            seen(cell.seen),
            state(cell.after),
            cell.event.map_or("-", |event| event.ja()),
            cell.event.map_or("-", |event| event.name()),
        ]);
    }
    page.table(lives);
    page
}

fn class_cells(place: &str, class: Class) -> [&str; 6] {
    let row = class.row();
    [place, row.name, row.ja, row.en, row.todo_ja, row.todo_en]
}

const fn state(state: Option<LifeState>) -> &'static str {
    match state {
        None => "-",
        Some(LifeState::Open) => "open",
        Some(LifeState::Closed) => "closed",
    }
}

const fn seen(seen: Seen) -> &'static str {
    match seen {
        Seen::Present => "present",
        Seen::Absent => "absent",
        Seen::NotLooked => "not looked for",
    }
}
