//! Pages of reasons, states, items, dates and municipalities.

use super::page::{Page, Table};
use crate::domain::date::ERAS;
use crate::domain::item::{Item, Kind};
use crate::domain::municipality::Prefecture;
use crate::domain::reason::Reason;
use crate::domain::required::{REQUIRED, needs_old_jumin_code, needs_old_my_number};
use crate::domain::state::State;

/// Reasons.
pub(super) fn reasons() -> Page {
    let mut page = Page::new("reasons", "異動事由", "Reasons");
    page.text("規則11条の20の事由と確認の通知。番号は本システムの定めです。 / The twenty of 規則11条 and the confirmation; the numbering is ours.");
    let mut table = Table::new(&[
        "コード",
        "異動事由",
        "reason",
        "区分",
        "class",
        "根拠 / basis",
        "備考",
        "remark",
    ]);
    for reason in Reason::ALL {
        table.row(&[
            reason.code(),
            reason.ja(),
            reason.en(),
            reason.class().ja(),
            reason.class().en(),
            reason.basis(),
            reason.note_ja(),
            reason.note_en(),
        ]);
    }
    page.table(table);
    page
}

/// States.
pub(super) fn states() -> Page {
    let mut page = Page::new("states", "住民票コードの状態", "States of a code");
    page.text(
        "送信した市町村から見た状態です。合併前の市町村コードは現在の市町村のものとして扱います。\n\n\
         As seen by the sending municipality; codes of municipalities that merged into it count as its own.",
    );
    let mut table = Table::new(&["状態", "意味", "meaning"]);
    for state in State::ALL {
        table.row(&[state.code(), state.ja(), state.en()]);
    }
    page.table(table);
    page
}

/// Items, and which of them are required.
pub(super) fn items() -> Page {
    let mut page = Page::new("items", "項目", "Items");
    page.text(
        "必須の項目が空欄ならF005、数字の項目が全桁の数字でも空欄でもなければF006です。\n\n\
         A required item that is blank is F005; a digit item that is neither digits in full width nor blank is F006.",
    );
    let mut table = Table::new(&[
        "番号",
        "項目",
        "item",
        "型 / type",
        "数字 / digits",
        "必須 / required",
        "県が設定 / server",
    ]);
    let mark = |yes: bool| if yes { "○" } else { "" };
    for item in Item::ALL {
        let row = item.row();
        let kind = match row.kind {
            Kind::Ascii => "X",
            Kind::Digits => "9",
            Kind::Wide => "N",
        };
        let required = mark(REQUIRED.contains(&item));
        table.row(&[
            &item.number().to_string(),
            row.ja,
            row.en,
            kind,
            mark(row.digits),
            required,
            mark(row.server),
        ]);
    }
    page.table(table);
    let needing = |test: fn(Reason) -> bool| {
        let reasons = Reason::ALL.into_iter().filter(|reason| test(*reason)).map(Reason::code);
        reasons.collect::<Vec<_>>().join(", ")
    };
    let mut old = Table::new(&["欄", "field", "必須の事由 / required for"]);
    old.row(&["変更前の個人番号", "old_my_number", &needing(needs_old_my_number)]);
    old.row(&["変更前の住民票コード", "old_jumin_code", &needing(needs_old_jumin_code)]);
    page.table(old);
    page
}

/// Dates.
pub(super) fn dates() -> Page {
    let mut page = Page::new("dates", "日付", "Dates");
    page.text(
        "生年月日は元号の数字と西暦8桁。年0000・月00・日00は不明、月A1～A4は春夏秋冬、日A1～A3は上旬・中旬・下旬。\
         月が不明なら日も、年が不明なら月も不明でなければなりません。すべて分かる日付は暦にあり、元号の範囲内で、業務日以前であること。\
         不明を含む日付の元号は検査しません。異動年月日の不明は23と26だけに認めます。比較では不明を00とします。",
    );
    page.text(
        "Item 5 is an era digit and eight Gregorian digits. Year 0000, month 00, day 00 are unknown; months A1-A4 are\n\
         spring to winter, days A1-A3 the first, middle and last ten days. The day is unknown where the month is, the\n\
         month where the year is. A fully known date exists, lies in its era (on a border both eras hold) and is not\n\
         after the business date. The era of a date with unknown parts is not tested. Item 11 may have unknown parts\n\
         for 23 and 26 only. Unknown parts compare as 00.",
    );
    let mut table = Table::new(&["数字 / digit", "元号", "era", "初日 / first day", "末日 / last day"]);
    for era in ERAS {
        let day = |value: u32| format!("{:04}-{:02}-{:02}", value / 10_000, value / 100 % 100, value % 100);
        // The Gregorian digit has no range and 令和 no end.
        let bound = |value: u32, open: u32| if value == open { String::new() } else { day(value) };
        let first = bound(era.first, 10_101);
        let last = bound(era.last, 99_991_231);
        table.row(&[&era.digit.to_string(), era.ja, era.en, &first, &last]);
    }
    page.table(table);
    page
}

/// Municipalities of the own prefecture.
pub(super) fn municipalities(prefecture: &Prefecture) -> Page {
    let mut page = Page::new("municipalities", "市町村", "Municipalities");
    page.text(&format!("{} {}", prefecture.code.text(), prefecture.name));
    let mut table = Table::new(&["コード / code", "郡 / county", "市町村 / municipality"]);
    for town in prefecture.municipalities() {
        table.row(&[&town.code.text(), &town.county, &town.name]);
    }
    page.table(table);
    page
}
