//! `sekisho check FILE...`: what a municipality runs before it sends.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::args::Cli;
use super::env::Surroundings;
use super::machine::Machine;
use super::show::Out;
use super::{Ended, layout};
use crate::domain::code::Code;
use crate::domain::fault::{Class, Fault, FaultId, Lang};
use crate::domain::finding::row;
use crate::domain::ids::{MunicipalityCode, PartyId};
use crate::domain::item::Item;
use crate::domain::municipality::Prefecture;
use crate::run::check::{FileFinding, FileReport, Found, Report, Wish, check_files};

/// What help adds.
const HELP: &str = "Every file is read from its first byte to its last: structure, counts, hash, then every record by the F and C rules, \
    each finding with its item and byte offset. Without --site the register of parties, serials and what the register \
    holds are not known; with --site the first two are tested as well, without opening any key. Nothing is written.\n\
    Exit code 0: nothing found; 1: some records would be rejected; 4: a file would not be taken.\n\n\
    構造、件数、ハッシュ値、全レコード（F・Cの規則）を点検し、項目とバイト位置を示します。通番、団体の登録、登録簿との照合は\
    点検しません。--site を指定すると、通番と団体の登録を鍵なしで点検します。何も書き込みません。";

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Exchange files, not sealed
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Receiver that the files must name: the prefecture
    #[arg(long, default_value = "050008", value_parser = layout::party)]
    to: PartyId,
    /// Without --site: code of a municipality that merged into the sender
    #[arg(long = "predecessor", value_name = "CODE", value_parser = municipality)]
    predecessors: Vec<MunicipalityCode>,
    /// Without --site: the sender's gaiji table, a CSV file
    #[arg(long, value_name = "FILE")]
    gaiji: Option<PathBuf>,
    /// Without --site: the hash of the trailer may be blank
    #[arg(long)]
    hash_optional: bool,
    /// Most findings shown of each file; all are counted
    #[arg(long, value_name = "N", default_value_t = 1000)]
    limit: usize,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, args: &Args, out: &mut Out) -> Ended {
    let machine = Machine::new(surroundings)?;
    let is_prefecture = MunicipalityCode::parse(args.to.as_str())
        .ok()
        .and_then(Prefecture::built_in)
        .is_some();
    if !is_prefecture {
        return Err(Fault::new(FaultId::UsageWrong)
            .with("command", "check")
            .with("why", format!("--to {}: 050008", args.to)));
    }
    let wish = Wish {
        business_date: cli.business_date.unwrap_or_else(|| machine.today()),
        site: cli.site.as_deref(),
        own: args.to,
        predecessors: args.predecessors.clone(),
        gaiji: args.gaiji.as_deref(),
        hash_optional: args.hash_optional,
        limit: args.limit,
    };
    let report = check_files(machine.disk(), &args.files, &wish)?;
    if out.is_json() {
        let files: Vec<Value> = report.files.iter().map(file_json).collect();
        out.json(&json!({
            "files": files, "business_date": wish.business_date.dashed(), "tested": tested(&report),
        }))?;
    } else {
        for file in &report.files {
            show(out, file)?;
        }
        let words = not_tested(out, &report).to_owned();
        out.line(&words)?;
    }
    Ok(class(&report))
}

/// A file that would not be taken weighs more than records that would go back.
fn class(report: &Report) -> Class {
    if report.files.iter().any(|file| file.file.is_some()) {
        Class::Refused
    } else if report.files.iter().any(|file| file.refused_records > 0) {
        Class::DoneWithRejections
    } else {
        Class::Done
    }
}

/// What was and what was not tested, for programs.
fn tested(report: &Report) -> Value {
    json!({
        "file": true, "records": true, "parties": report.with_site, "serials": report.with_site, "history": false,
    })
}

fn not_tested<'o>(out: &'o Out, report: &Report) -> &'o str {
    if report.with_site {
        out.say(
            "登録簿の記録（住民、除票、履歴）との照合、及び同じファイルが送信済みかどうかは点検していません。",
            "not tested: what the register holds (residents, removed, history), and whether the same file was sent before.",
        )
    } else {
        out.say(
            "通番、団体の登録、登録簿の記録（住民、除票、履歴）との照合は点検していません（--site を指定すると前の二つを点検します）。",
            "not tested: serials, the register of parties, and what the register holds (residents, removed, history); \
             --site tests the first two.",
        )
    }
}

fn show(out: &mut Out, file: &FileReport) -> Result<(), Fault> {
    let head = head(out.lang(), file);
    out.line(&head)?;
    if let Some(finding) = &file.file {
        let row = row(finding.code);
        let (what, todo) = words(out.lang(), finding.code);
        let line = format!(
            "  {} {what}{}",
            finding.code.as_str(),
            place_of_file(out.lang(), finding)
        );
        out.line(&line)?;
        let todo = format!("    → {todo} [{}]", out.say(row.severity.ja(), row.severity.en()));
        out.line(&todo)?;
    }
    for found in &file.findings {
        let line = finding_line(out.lang(), found);
        out.line(&line)?;
        let (what, todo) = words(out.lang(), found.finding.code);
        out.line(&format!("    {what}"))?;
        out.line(&format!("    → {todo}"))?;
    }
    let hidden = total(&file.counts).saturating_sub(u64::try_from(file.findings.len()).unwrap_or(u64::MAX));
    if hidden > 0 {
        let counts: Vec<String> = file
            .counts
            .iter()
            .map(|(code, count)| format!("{} {count}", code.as_str()))
            .collect();
        let line = match out.lang() {
            Lang::Ja => format!("  ほか {hidden} 件（コード別: {}）", counts.join("、")),
            Lang::En => format!("  {hidden} more (by code: {})", counts.join(", ")),
        };
        out.line(&line)?;
    }
    Ok(())
}

fn head(lang: Lang, file: &FileReport) -> String {
    let path = file.path.display();
    let records = file
        .records
        .map_or_else(|| "-".to_owned(), |records| records.to_string());
    let named = file.envelope.map_or_else(
        || "-".to_owned(),
        |envelope| {
            let sender = envelope
                .sender
                .map_or_else(|| "?".to_owned(), |sender| sender.to_string());
            match lang {
                Lang::Ja => format!("{} {sender} 通番 {}", envelope.kind.as_str(), envelope.serial),
                Lang::En => format!("{} {sender} serial {}", envelope.kind.as_str(), envelope.serial),
            }
        },
    );
    let found = total(&file.counts);
    let refused = file.refused_records;
    match (lang, file.file.is_some(), found) {
        (Lang::Ja, false, 0) => format!("{path}: {named}、レコード {records} 件、所見なし"),
        (Lang::En, false, 0) => format!("{path}: {named}, {records} records, nothing found"),
        (Lang::Ja, false, _) => {
            format!("{path}: {named}、レコード {records} 件、うち {refused} 件は却下されます（所見 {found} 件）")
        }
        (Lang::En, false, _) => {
            format!("{path}: {named}, {records} records, {refused} of them would be rejected ({found} findings)")
        }
        (Lang::Ja, true, _) => format!("{path}: {named}、レコード {records} 件、このファイルは受け付けられません"),
        (Lang::En, true, _) => format!("{path}: {named}, {records} records, the file would not be taken"),
    }
}

fn total(counts: &BTreeMap<Code, u64>) -> u64 {
    counts.values().fold(0, |sum, count| sum.saturating_add(*count))
}

fn place_of_file(lang: Lang, finding: &FileFinding) -> String {
    let mut parts = Vec::new();
    if let Some(field) = finding.field {
        parts.push(match lang {
            Lang::Ja => format!("項目 {field}"),
            Lang::En => format!("field {field}"),
        });
    }
    if let Some(at) = finding.byte_offset {
        parts.push(match lang {
            Lang::Ja => format!("{at} バイト目"),
            Lang::En => format!("byte {at}"),
        });
    }
    if let Some(expected) = finding.expected {
        parts.push(match lang {
            Lang::Ja => format!("正しくは {expected}"),
            Lang::En => format!("expected {expected}"),
        });
    }
    match (lang, parts.is_empty()) {
        (_, true) => String::new(),
        (Lang::Ja, false) => format!("（{}）", parts.join("、")),
        (Lang::En, false) => format!(" ({})", parts.join(", ")),
    }
}

fn finding_line(lang: Lang, found: &Found) -> String {
    let (record, code) = (found.record_no, found.finding.code.as_str());
    let item = item_name(lang, found);
    let at = found.finding.place.map(|place| (place.byte_offset, place.byte_length));
    match (lang, at) {
        (Lang::Ja, Some((at, len))) => format!("  レコード {record}  {item}  {at} バイト目から {len} バイト  {code}"),
        (Lang::En, Some((at, len))) => format!("  record {record}  {item}  byte {at}, {len} bytes  {code}"),
        (Lang::Ja, None) => format!("  レコード {record}  {item}  {code}"),
        (Lang::En, None) => format!("  record {record}  {item}  {code}"),
    }
}

/// Number and name of the item; fields that are no item by what the law calls them, else by their name in the layout.
fn item_name(lang: Lang, found: &Found) -> String {
    if let Some(item) = found.finding.item.and_then(Item::from_number) {
        return match lang {
            Lang::Ja => format!("{} {}", item.number(), item.row().ja),
            Lang::En => format!("{} {} ({})", item.number(), item.row().ja, item.row().en),
        };
    }
    match (found.field.as_str(), lang) {
        ("old_my_number", Lang::Ja) => "変更前の個人番号".to_owned(),
        ("old_my_number", Lang::En) => "変更前の個人番号 (old My Number)".to_owned(),
        ("old_jumin_code", Lang::Ja) => "変更前の住民票コード".to_owned(),
        ("old_jumin_code", Lang::En) => "変更前の住民票コード (old resident record code)".to_owned(),
        (name, _) => name.to_owned(),
    }
}

/// What is wrong, and what to do.
fn words(lang: Lang, code: Code) -> (&'static str, &'static str) {
    let row = row(code);
    match lang {
        Lang::Ja => (row.ja, row.todo_ja),
        Lang::En => (row.en, row.todo_en),
    }
}

fn file_json(file: &FileReport) -> Value {
    let counts: serde_json::Map<String, Value> = file
        .counts
        .iter()
        .map(|(code, count)| (code.as_str().to_owned(), Value::from(*count)))
        .collect();
    let findings: Vec<Value> = file.findings.iter().map(found_json).collect();
    json!({
        "path": file.path, "kind": file.envelope.map(|envelope| envelope.kind.as_str()),
        "sender": file.envelope.and_then(|envelope| envelope.sender).map(|sender| sender.to_string()),
        "serial": file.envelope.map(|envelope| envelope.serial), "records": file.records,
        "refused_records": file.refused_records, "counts": counts, "findings": findings,
        "finding": file.file.as_ref().map(|finding| {
            let row = row(finding.code);
            json!({
                "code": finding.code.as_str(), "severity": row.severity.en(), "field": finding.field,
                "byte_offset": finding.byte_offset, "expected": finding.expected,
                "ja": row.ja, "en": row.en, "todo_ja": row.todo_ja, "todo_en": row.todo_en,
            })
        }),
    })
}

fn found_json(found: &Found) -> Value {
    let row = row(found.finding.code);
    let item = found.finding.item.and_then(Item::from_number);
    json!({
        "record_no": found.record_no, "code": found.finding.code.as_str(), "item_no": found.finding.item,
        "item_ja": item.map(|item| item.row().ja), "item_en": item.map(|item| item.row().en), "field": found.field,
        "byte_offset": found.finding.place.map(|place| place.byte_offset),
        "byte_length": found.finding.place.map(|place| place.byte_length),
        "ja": row.ja, "en": row.en, "todo_ja": row.todo_ja, "todo_en": row.todo_en,
    })
}

fn municipality(text: &str) -> Result<MunicipalityCode, String> {
    MunicipalityCode::parse(text).map_err(|e| e.to_string())
}
