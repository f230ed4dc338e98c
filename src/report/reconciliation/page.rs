//! The report as one HTML page: no script, nothing from elsewhere, A4.

use std::fmt::Write as _;

use super::trend::chart;
use super::{AGE_BANDS, Extract, Report};
use crate::domain::difference::{Cause, Class, Sum};
use crate::domain::fault::Lang;

const STYLE: &str = "@page{size:A4;margin:15mm}body{font:10pt/1.5 sans-serif;max-width:180mm;margin:auto}\
    h1{font-size:14pt}h2{font-size:11pt;margin:1.5em 0 .3em}table{border-collapse:collapse;width:100%}\
    th,td{border:1px solid #999;padding:.15em .4em;text-align:right}th:first-child,td:first-child{text-align:left}\
    tr{break-inside:avoid}thead{display:table-header-group}svg{width:100%;break-inside:avoid}";

/// The page.
pub fn html(report: &Report, lang: Lang) -> String {
    let say = |ja: &'static str, en: &'static str| match lang {
        Lang::Ja => ja,
        Lang::En => en,
    };
    let title = say("整合性確認の結果", "Reconciliation");
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title} {}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<h1>{title}</h1>\n<p>{} {} / {} {}</p>\n",
        say("ja", "en"),
        report.day.dashed(),
        say("業務日", "business date"),
        report.day.dashed(),
        say("世代", "generation"),
        report.generation,
    );
    section(&mut page, say("抽出ごとの件数", "Extracts"));
    table(&mut page, &extract_heads(lang), report.extracts.iter().map(extract_row));
    section(&mut page, say("分類ごとの件数", "Classes"));
    classes(&mut page, report, lang);
    section(
        &mut page,
        say("考えられる原因（書き方だけの違い）", "Likely causes: form only"),
    );
    causes(&mut page, report, lang, true);
    section(&mut page, say("考えられる原因（その他）", "Likely causes: all others"));
    causes(&mut page, report, lang, false);
    section(
        &mut page,
        say("未解消の相違（分類と経過日数）", "Open differences by class and age"),
    );
    ages(&mut page, report, lang);
    section(&mut page, say("未解消の相違の推移", "Open differences over time"));
    page.push_str(&chart(&report.trend, lang));
    page.push_str("</body>\n</html>\n");
    page
}

fn section(page: &mut String, title: &str) {
    // Writing to a String cannot fail.
    let _infallible = writeln!(page, "<h2>{}</h2>", escaped(title));
}

fn table(page: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let row = |page: &mut String, tag: &str, cells: &mut dyn Iterator<Item = &str>| {
        page.push_str("<tr>");
        for cell in cells {
            let _infallible = write!(page, "<{tag}>{}</{tag}>", escaped(cell));
        }
        page.push_str("</tr>\n");
    };
    page.push_str("<table>\n<thead>\n");
    row(page, "th", &mut head.iter().copied());
    page.push_str("</thead>\n<tbody>\n");
    for cells in rows {
        row(page, "td", &mut cells.iter().map(String::as_str));
    }
    page.push_str("</tbody>\n</table>\n");
}

fn extract_heads(lang: Lang) -> [&'static str; 11] {
    match lang {
        Lang::Ja => [
            "市町村",
            "基準時点",
            "範囲",
            "件数",
            "一致",
            "相違",
            "無効・重複",
            "対の候補",
            "新規",
            "解消",
            "再発",
        ],
        Lang::En => [
            "municipality",
            "base_at",
            "scope",
            "records",
            "match",
            "differ",
            "invalid, duplicate",
            "pairs",
            "new",
            "closed",
            "recurring",
        ],
    }
}

fn extract_row(extract: &Extract) -> Vec<String> {
    let [new, _, closed, recurring] = extract.events;
    let unusable = extract.sums.get(Sum::Of(Class::Invalid)) + extract.sums.get(Sum::Of(Class::DuplicateInExtract));
    let base_at = extract.base_at.to_string();
    let clock = [base_at.get(8..10), base_at.get(10..12)]
        .map(Option::unwrap_or_default)
        .join(":");
    vec![
        format!("{} {}", extract.party, extract.name),
        format!("{} {clock}", extract.base_at.date().dashed()),
        if extract.is_full { "F" } else { "L" }.to_owned(),
        extract.records.to_string(),
        extract.sums.get(Sum::Match).to_string(),
        extract.sums.differing().to_string(),
        unusable.to_string(),
        extract.pairs.to_string(),
        new.to_string(),
        closed.to_string(),
        recurring.to_string(),
    ]
}

fn classes(page: &mut String, report: &Report, lang: Lang) {
    let head: [&str; 4] = match lang {
        Lang::Ja => ["分類", "意味", "件数", "次にすること"],
        Lang::En => ["class", "meaning", "persons", "what to do"],
    };
    let sums = report.sums();
    let rows = Class::ALL.into_iter().map(|class| {
        let row = class.row();
        let (words, todo) = match lang {
            Lang::Ja => (row.ja, row.todo_ja),
            Lang::En => (row.en, row.todo_en),
        };
        vec![
            format!("{} {}", row.number, row.name),
            words.to_owned(),
            sums.get(Sum::Of(class)).to_string(),
            todo.to_owned(),
        ]
    });
    table(page, &head, rows);
}

fn causes(page: &mut String, report: &Report, lang: Lang, of_form: bool) {
    let head: [&str; 3] = match lang {
        Lang::Ja => ["原因", "人数", "次にすること"],
        Lang::En => ["cause", "persons", "what to do"],
    };
    let sums = report.causes();
    let rows = Cause::ALL
        .into_iter()
        .rev()
        .filter(|cause| cause.is_of_form() == of_form)
        .map(|cause| {
            let row = cause.row();
            let (words, todo) = match lang {
                Lang::Ja => (row.ja, row.todo_ja),
                Lang::En => (row.en, row.todo_en),
            };
            vec![words.to_owned(), sums.get(cause).to_string(), todo.to_owned()]
        });
    table(page, &head, rows);
}

fn ages(page: &mut String, report: &Report, lang: Lang) {
    let [a, b, c, _] = AGE_BANDS;
    let (class, days) = match lang {
        Lang::Ja => ("分類", "日"),
        Lang::En => ("class", " days"),
    };
    let bands = [
        format!("0-{a}{days}"),
        format!("{}-{b}{days}", a + 1),
        format!("{}-{c}{days}", b + 1),
        format!("{}-{days}", c + 1),
    ];
    let mut head = vec![class];
    head.extend(bands.iter().map(String::as_str));
    let rows = report.open.iter().map(|ages| {
        let name = ages.class.row();
        let counts = ages.counts.iter().map(u64::to_string);
        std::iter::once(format!("{} {}", name.number, name.name))
            .chain(counts)
            .collect()
    });
    table(page, &head, rows);
}

/// Text for HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
