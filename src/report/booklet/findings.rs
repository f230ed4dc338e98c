//! Pages of the findings in words and of the order in which things are tested.

use super::page::{Page, Table};
use crate::domain::code::Code;
use crate::domain::finding::{Severity, row};
use crate::domain::holding::{FileCheck, ORDER};
use crate::domain::reason::{Class, Reason};

/// The findings.
pub(super) fn page() -> Page {
    let mut page = Page::new("findings", "所見", "Findings");
    page.text("短い文はRESの`message`になります。 / The short Japanese text is the `message` of a RES.");
    for severity in Severity::ALL {
        let mut table = Table::new(&[
            "コード",
            "所見",
            "finding",
            "項目 / items",
            "対応",
            "what to do",
            "根拠",
            "basis",
        ]);
        for code in Code::ALL {
            let row = row(*code);
            if row.severity == severity {
                let basis = if row.article.is_empty() {
                    row.basis.ja().to_owned()
                } else {
                    format!("{}（{}）", row.basis.ja(), row.article)
                };
                table.row(&[
                    code.as_str(),
                    row.ja,
                    row.en,
                    row.items,
                    row.todo_ja,
                    row.todo_en,
                    &basis,
                    row.basis.as_str(),
                ]);
            }
        }
        page.heading(&format!("{} / {}", severity.ja(), severity.en()));
        page.table(table);
    }
    page
}

/// What is tested in which order.
pub(super) fn order() -> Page {
    let mut page = Page::new("order", "順序", "Order");
    page.text(
        "ファイルの検査。最初に当たったものだけを所見とします。 / File checks: the first that finds something decides.",
    );
    let mut files = Table::new(&["順 / place", "検査", "check"]);
    for (place, check) in ORDER.into_iter().enumerate() {
        let (ja, en) = words(check);
        files.row(&[&place.saturating_add(1).to_string(), &ja, &en]);
    }
    page.table(files);
    page.text(
        "レコードの検査。FとCの所見はすべて報告し、そこで終わります。次に重複の検査、次に遷移のセル（それぞれ単独）、\
         最後に残りのC009・L・Wをまとめて報告します。LかCがあれば却下で、Wは報告しません。\n\n\
         Records: F and C findings are all reported and end it. Then the duplicate test, alone; then the cell, alone;\n\
         then all further C009, L and W together. Any L or C rejects the record, and its W are not reported.",
    );
    page.text(
        "処理の順序。項目18、区分、項目22、送信者、通番、レコード番号の順です。\n\n\
         Order of processing: item 18, class, item 22, sender, serial, record number.",
    );
    let mut classes = Table::new(&["順 / rank", "区分", "class", "異動事由 / reasons"]);
    let mut order = Class::ALL;
    order.sort_by_key(|class| class.rank());
    for class in order {
        let reasons = Reason::ALL
            .into_iter()
            .filter(|reason| reason.class() == class)
            .map(Reason::code);
        let reasons: Vec<&str> = reasons.collect();
        classes.row(&[&class.rank().to_string(), class.ja(), class.en(), &reasons.join(", ")]);
    }
    page.table(classes);
    page
}

fn words(check: FileCheck) -> (String, String) {
    match check {
        FileCheck::Finds(code) => (
            format!("{} {}", code.as_str(), row(code).ja),
            format!("{} {}", code.as_str(), row(code).en),
        ),
        FileCheck::Known => (
            String::from("同じ内容が回答済みなら重複として回答を再発行します。"),
            String::from("the plain bytes are known and were answered: a duplicate"),
        ),
        FileCheck::HeaderUnreadable => (
            format!("{} ヘッダが読めません。", Code::H02.as_str()),
            format!("{} the header cannot be read", Code::H02.as_str()),
        ),
        FileCheck::NameContradicts => (
            format!("{} ファイル名とヘッダが合いません。", Code::H02.as_str()),
            format!("{} the name contradicts the header", Code::H02.as_str()),
        ),
    }
}
