//! `sekisho explain FILE RECORD`: why one change notice is accepted or refused, with the rule and its basis.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::with_site;
use super::show::Out;
use crate::domain::compare::Meaning;
use crate::domain::fault::{Class, Fault, Lang};
use crate::domain::finding::{Finding, row};
use crate::domain::item::Item;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::transition::{Cell, Step};
use crate::run::explain::{Difference, Explained, Way, Wish, explain};
use crate::run::site::Access;

/// What help adds.
const HELP: &str = "The record is judged alone, against the register as it is now or as a generation left it: the notices before it in its \
    run are not taken into account. Writes nothing.\n\n\
    現在の（又は --generation の世代の）登録簿に対してその1件だけを判定します。同じ処理の中で先に来る通知は考慮しません。\
    何も書き込みません。";

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Update file (UPD), not sealed
    file: PathBuf,
    /// Number of the record, from 1
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    record: u32,
    /// Judge against this generation instead of the newest, e.g. the one before the run
    #[arg(long, value_name = "N")]
    generation: Option<u64>,
    /// Show also what notice and register say in the items that differ: personal data
    #[arg(long)]
    values: bool,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, args: &Args, out: &mut Out) -> Ended {
    let wish = Wish {
        file: args.file.clone(),
        record_no: args.record,
        business_date: cli.business_date,
        generation: args.generation,
    };
    let explained = with_site(cli, surroundings, Access::Read, |site| explain(site, &wish))?;
    if out.is_json() {
        out.json(&as_json(args, &explained))?;
    } else {
        show(out, args, &explained)?;
    }
    Ok(Class::Done)
}

fn show(out: &mut Out, args: &Args, explained: &Explained) -> Result<(), Fault> {
    let lang = out.lang();
    let (ja, en) = outcome_words(explained.outcome);
    let mut rows = vec![
        row_of(
            out.say("レコード", "record"),
            format!("{} / {} / {}", explained.sender, explained.serial, args.record),
        ),
        row_of(out.say("業務日", "business date"), explained.business_date.dashed()),
        row_of(out.say("世代", "generation"), explained.generation.to_string()),
    ];
    let reason = explained.reason.map(|reason| reason_words(lang, reason));
    rows.push(row_of(
        out.say("異動事由", "reason"),
        reason.unwrap_or_else(|| out.say("読めません", "cannot be read").to_owned()),
    ));
    match &explained.way {
        Way::Refused => rows.push(row_of(
            out.say("経過", "how far"),
            out.say(
                "様式とコードの検査で却下され、登録簿とは照合されません",
                "refused by the format and code checks; the register is not asked",
            )
            .to_owned(),
        )),
        Way::Known => rows.push(row_of(
            out.say("経過", "how far"),
            out.say(
                "項目1・10・18・22が適用済みの通知と同じです",
                "items 1, 10, 18 and 22 are those of a notice that was applied before",
            )
            .to_owned(),
        )),
        Way::Cell { state, cell, .. } => {
            let name = out.say(state.ja(), state.en());
            rows.push(row_of(
                out.say("通知前の状態", "state before"),
                format!("{} {name}", state.code()),
            ));
            let basis = out.say(cell.basis.ja(), cell.basis.as_str());
            let words = match lang {
                Lang::Ja => format!("{}（根拠: {basis}）", cell_words(*cell)),
                Lang::En => format!("{} (basis: {basis})", cell_words(*cell)),
            };
            rows.push(row_of(out.say("遷移表のセル", "cell of the table"), words));
        }
    }
    rows.push(row_of(
        out.say("結果", "outcome"),
        format!("{} {}", explained.outcome.letter(), out.say(ja, en)),
    ));
    out.table(&[out.say("項目", "what"), out.say("内容", "content")], &rows)?;
    if let Way::Cell { differences, .. } = &explained.way {
        show_differences(out, args, differences)?;
    }
    for finding in &explained.findings {
        show_finding(out, *finding)?;
    }
    Ok(())
}

fn row_of(name: &str, value: String) -> Vec<String> {
    vec![name.to_owned(), value]
}

fn show_differences(out: &mut Out, args: &Args, differences: &[Difference]) -> Result<(), Fault> {
    if differences.is_empty() {
        return Ok(());
    }
    out.line("")?;
    let mut head = vec![
        out.say("記録と異なる項目", "items that differ from the register"),
        out.say("この異動事由では", "for this reason"),
    ];
    if args.values {
        head.push(out.say("通知の値", "the notice says"));
        head.push(out.say("記録の値", "the register says"));
    }
    let rows: Vec<Vec<String>> = differences
        .iter()
        .map(|difference| {
            let mut cells = vec![
                item_words(out.lang(), difference.item),
                meaning_code(difference.meaning).unwrap_or_else(|| out.say("変更できる", "may change").to_owned()),
            ];
            if args.values {
                cells.extend([difference.sent.clone(), difference.master.clone()]);
            }
            cells
        })
        .collect();
    out.table(&head, &rows)
}

fn show_finding(out: &mut Out, finding: Finding) -> Result<(), Fault> {
    let row = row(finding.code);
    let item = finding.item.and_then(Item::from_number);
    let item = item
        .map(|item| format!("{}: ", item_words(out.lang(), item)))
        .unwrap_or_default();
    let article = if row.article.is_empty() {
        String::new()
    } else {
        format!(" {}", row.article)
    };
    out.line("")?;
    let what = format!("{} {item}{}", finding.code.as_str(), out.say(row.ja, row.en));
    out.line(&what)?;
    let basis = format!(
        "  {}: {}{article}",
        out.say("根拠", "basis"),
        out.say(row.basis.ja(), row.basis.as_str())
    );
    out.line(&basis)?;
    let todo = format!("  → {}", out.say(row.todo_ja, row.todo_en));
    out.line(&todo)
}

fn item_words(lang: Lang, item: Item) -> String {
    match lang {
        Lang::Ja => format!("{} {}", item.number(), item.row().ja),
        Lang::En => format!("{} {} ({})", item.number(), item.row().ja, item.row().en),
    }
}

fn reason_words(lang: Lang, reason: Reason) -> String {
    match lang {
        Lang::Ja => format!("{} {}（{}）", reason.code(), reason.ja(), reason.basis()),
        Lang::En => format!(
            "{} {}: {} ({})",
            reason.code(),
            reason.ja(),
            reason.en(),
            reason.basis()
        ),
    }
}

/// The cell as the booklet writes it.
fn cell_words(cell: Cell) -> String {
    let after = match cell.step {
        Step::To(after) => format!("→{}", after.code()),
        Step::NewCode => String::from("→RS, RT"),
        Step::Refuse(code) => code.as_str().to_owned(),
    };
    match cell.warning {
        Some(code) => format!("{after} {}", code.as_str()),
        None => after,
    }
}

const fn outcome_words(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Applied => ("適用", "applied"),
        Outcome::Warned => ("警告付きで適用", "applied with a warning"),
        Outcome::Rejected => ("却下", "rejected"),
        Outcome::Duplicate => ("重複（適用済み）", "duplicate of an applied notice"),
    }
}

/// The finding that a difference leads to, with `+` where only between two values.
fn meaning_code(meaning: Meaning) -> Option<String> {
    match meaning {
        Meaning::Allowed => None,
        Meaning::Found(code) => Some(code.as_str().to_owned()),
        Meaning::FoundIfBothGiven(code) => Some(format!("{}+", code.as_str())),
    }
}

fn as_json(args: &Args, explained: &Explained) -> Value {
    let findings: Vec<Value> = explained.findings.iter().map(finding_json).collect();
    let (state, cell, differences) = match &explained.way {
        Way::Refused | Way::Known => (Value::Null, Value::Null, Value::Null),
        Way::Cell {
            state,
            cell,
            differences,
        } => (
            json!({ "code": state.code(), "ja": state.ja(), "en": state.en() }),
            json!({
                "result": cell_words(*cell), "basis_ja": cell.basis.ja(), "basis_en": cell.basis.as_str(),
            }),
            differences
                .iter()
                .map(|difference| difference_json(difference, args.values))
                .collect::<Vec<_>>()
                .into(),
        ),
    };
    let (ja, en) = outcome_words(explained.outcome);
    json!({
        "file": args.file, "record_no": args.record, "sender": explained.sender.as_str(), "serial": explained.serial,
        "business_date": explained.business_date.dashed(), "generation": explained.generation,
        "reason": explained.reason.map(|reason| json!({
            "code": reason.code(), "ja": reason.ja(), "en": reason.en(), "basis": reason.basis(),
        })),
        "way": match explained.way {
            Way::Refused => "format and code checks",
            Way::Known => "known notice",
            Way::Cell { .. } => "cell",
        },
        "state": state, "cell": cell, "differences": differences,
        "outcome": explained.outcome.letter().to_string(), "outcome_ja": ja, "outcome_en": en, "findings": findings,
    })
}

fn difference_json(difference: &Difference, values: bool) -> Value {
    let item = difference.item;
    let mut value = json!({
        "item_no": item.number(), "item_ja": item.row().ja, "item_en": item.row().en,
        "finding": meaning_code(difference.meaning),
    });
    if let (true, Some(object)) = (values, value.as_object_mut()) {
        object.insert("sent".to_owned(), difference.sent.clone().into());
        object.insert("master".to_owned(), difference.master.clone().into());
    }
    value
}

fn finding_json(finding: &Finding) -> Value {
    let row = row(finding.code);
    let item = finding.item.and_then(Item::from_number);
    json!({
        "code": finding.code.as_str(), "item_no": finding.item, "item_ja": item.map(|item| item.row().ja),
        "item_en": item.map(|item| item.row().en), "byte_offset": finding.place.map(|place| place.byte_offset),
        "byte_length": finding.place.map(|place| place.byte_length), "ja": row.ja, "en": row.en,
        "todo_ja": row.todo_ja, "todo_en": row.todo_en, "article": row.article,
        "basis_ja": row.basis.ja(), "basis_en": row.basis.as_str(),
    })
}
