//! `sekisho ledger list|show|verify|checkpoint`: the ledger.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::{with_examined, with_site};
use super::show::Out;
use crate::domain::fault::{Class, Fault, Lang};
use crate::domain::instant::BusinessDate;
use crate::report::record;
use crate::run::ledger::{self, Act, Filter, Leaf, Outcome, Shown, hex};
use crate::run::site::Access;
use crate::run::witness;

/// Commands on the ledger.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the leaves of one year, the newest if none is given (台帳の一覧)
    List {
        /// Fiscal year, or YEAR.N where a key change began another log within it
        #[arg(long, value_name = "YEAR")]
        log: Option<String>,
        /// From this index on
        #[arg(long, value_name = "N", default_value_t = 0)]
        from: u64,
        /// Only leaves of this act
        #[arg(long, value_parser = PossibleValuesParser::new(Act::ALL.iter().map(|act| act.as_str())))]
        act: Option<String>,
        /// Only the last so many
        #[arg(long, value_name = "N")]
        last: Option<u64>,
    },
    /// Show one leaf, its private part opened (台帳の1件の表示)
    Show {
        /// Index of the leaf
        index: u64,
        /// Fiscal year, or YEAR.N; the newest if none is given
        #[arg(long, value_name = "YEAR")]
        log: Option<String>,
    },
    /// Re-hash every byte of all years and name the first bad object (台帳の検証)
    Verify {
        /// Also test that the ledger still has what was seen earlier: a checkpoint kept elsewhere, or a .tlog-proof file
        #[arg(long, value_name = "FILE", alias = "against")]
        witness: Vec<PathBuf>,
    },
    /// Print the newest signed checkpoint as it is (署名済みチェックポイントの出力)
    Checkpoint,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, command: &Command, out: &mut Out) -> Ended {
    match command {
        Command::List { log, from, act, last } => {
            let filter = Filter {
                from: *from,
                act: act.as_deref().and_then(Act::parse),
                last: *last,
            };
            list(cli, surroundings, log.as_deref(), filter, out)
        }
        Command::Show { index, log } => {
            let shown = with_site(cli, surroundings, Access::Read, |site| {
                ledger::show(site, log.as_deref(), *index)
            })?;
            show(*index, &shown, out)?;
            Ok(Class::Done)
        }
        Command::Verify { witness } => verify(cli, surroundings, witness, out),
        Command::Checkpoint => {
            let newest = with_site(cli, surroundings, Access::Read, |site| Ok(ledger::checkpoint(site)))?;
            if out.is_json() {
                out.json(&serde_json::json!({
                    "log": newest.log, "size": newest.size, "root": hex(&newest.root), "note": newest.note,
                }))?;
            } else {
                out.raw(newest.note.as_bytes())?;
            }
            Ok(Class::Done)
        }
    }
}

fn act_words(act: Act, lang: Lang) -> &'static str {
    let ja = match act {
        Act::Init => "サイト作成",
        Act::YearOpened => "年度開始",
        Act::KeyChange => "署名鍵の変更",
        Act::Register => "登録簿の変更",
        Act::Received => "受信",
        Act::Held => "保留",
        Act::Released => "保留解除",
        Act::Dropped => "保留破棄",
        Act::Refused => "拒否",
        Act::Duplicate => "重複",
        Act::Applied => "適用",
        Act::Reconciled => "整合性確認",
        Act::Provided => "一括提供",
        Act::Searched => "即時提供",
        Act::Disclosed => "開示",
        Act::Outgoing => "送信ファイル",
        Act::Published => "送信",
        Act::Archived => "保管",
        Act::Acknowledged => "受領確認",
        Act::Compacted => "圧縮",
        Act::Erased => "消去",
        Act::BackedUp => "バックアップ",
        Act::Restored => "復元",
        Act::Opened => "開封",
        Act::SignedIn => "サインイン",
    };
    match lang {
        Lang::Ja => ja,
        Lang::En => act.as_str(),
    }
}

fn outcome_words(outcome: Outcome, lang: Lang) -> &'static str {
    let ja = match outcome {
        Outcome::Permitted => "済",
        Outcome::Partly => "一部拒否",
        Outcome::Refused => "拒否",
        Outcome::Held => "保留",
    };
    match lang {
        Lang::Ja => ja,
        Lang::En => outcome.as_str(),
    }
}

fn list(cli: &Cli, surroundings: &Surroundings, log: Option<&str>, filter: Filter, out: &mut Out) -> Ended {
    // Leaves are printed as they are read: a year may have millions.
    let mut before = "[";
    with_site(cli, surroundings, Access::Read, |site| {
        if !out.is_json() {
            out.line(out.say(
                "番号    日時                     業務日      行為・結果・内容",
                "index   time                     date        act, outcome, what",
            ))?;
        }
        ledger::list(site, log, filter, &mut |index, leaf| {
            if out.is_json() {
                let value = serde_json::json!({"index": index, "leaf": leaf});
                return out.raw(format!("{}{value}", std::mem::replace(&mut before, ",")).as_bytes());
            }
            let lang = out.lang();
            let mut words = vec![act_words(leaf.act, lang).to_owned()];
            words.extend(leaf.outcome.map(|outcome| outcome_words(outcome, lang).to_owned()));
            words.extend(leaf.reason.as_ref().map(ToString::to_string));
            words.extend(leaf.file.as_ref().map(|file| file.name.to_string()));
            words.extend(leaf.counts.iter().map(|(name, count)| format!("{name}={count}")));
            // What an outgoing leaf says of itself in public.
            words.extend(leaf.size.map(|size| match lang {
                Lang::Ja => format!("{size} バイト"),
                Lang::En => format!("{size} bytes"),
            }));
            let time = leaf.time.map_or_else(|| "-".to_owned(), record::clock);
            let date = leaf.business_date.map_or_else(|| "-".to_owned(), BusinessDate::dashed);
            out.line(&format!("{index:<6}  {time:<23}  {date:<10}  {}", words.join(" ")))
        })
    })?;
    if out.is_json() {
        out.line(if before == "[" { "[]" } else { "]" })?;
    }
    Ok(Class::Done)
}

/// Japanese names of the fields of a leaf, in the order in which they are shown; in English the field is its own name.
const FIELDS: [(&str, &str); 31] = [
    ("act", "行為"),
    ("time", "日時"),
    ("business_date", "業務日"),
    ("run", "処理"),
    ("actor", "行為者"),
    ("role", "役割"),
    ("terminal", "端末"),
    ("signature", "署名"),
    ("outcome", "結果"),
    ("reason", "理由"),
    ("purpose", "利用目的"),
    ("application", "申請"),
    ("approver", "承認者"),
    ("file", "ファイル"),
    ("inputs", "入力ファイル"),
    ("package", "封緘のハッシュ"),
    ("size", "封緘の大きさ"),
    ("plain_sha256", "平文の SHA-256"),
    ("counts", "件数"),
    ("items", "項目"),
    ("generation_before", "前の世代"),
    ("generation_after", "後の世代"),
    ("layout_hash", "様式のハッシュ"),
    ("rules_hash", "規則のハッシュ"),
    ("heads", "登録簿・目録のハッシュ"),
    ("medium", "媒体"),
    ("key_id", "鍵"),
    ("key_before", "前の署名鍵"),
    ("key_after", "次の署名鍵"),
    ("subjects", "対象者"),
    ("checkpoint", "前年度のチェックポイント"),
];

fn show(index: u64, shown: &Shown, out: &mut Out) -> Result<(), Fault> {
    let leaf = shown.whole.as_ref().unwrap_or(&shown.public);
    let value = serde_json::json!(leaf);
    if out.is_json() {
        return out.json(&serde_json::json!({
            "log": shown.log, "index": index, "leaf_hash": hex(&shown.hash), "public": shown.public,
            "whole": shown.whole,
        }));
    }
    let public = serde_json::json!(shown.public);
    let lang = out.lang();
    let mut rows = vec![
        vec![
            out.say("台帳", "log").to_owned(),
            format!("{} / {index}", shown.log),
            String::new(),
        ],
        vec![
            out.say("ハッシュ", "leaf hash").to_owned(),
            hex(&shown.hash),
            String::new(),
        ],
    ];
    for (field, ja) in FIELDS {
        let Some(found) = value.get(field) else { continue };
        let name = match lang {
            Lang::Ja => ja,
            Lang::En => field,
        };
        let is_private = public.get(field).is_none();
        let mark = if is_private {
            out.say("（非公開部）", "(private)")
        } else {
            ""
        };
        rows.extend(
            lines(field, found, leaf, lang)
                .into_iter()
                .enumerate()
                .map(|(place, text)| {
                    let name = if place == 0 { name } else { "" };
                    vec![name.to_owned(), text, mark.to_owned()]
                }),
        );
    }
    let head = [out.say("項目", "field"), out.say("値", "value"), ""];
    out.table(&head, &rows)
}

/// The lines that show one field.
fn lines(field: &str, value: &serde_json::Value, leaf: &Leaf, lang: Lang) -> Vec<String> {
    match (field, value) {
        ("act", _) => vec![act_words(leaf.act, lang).to_owned()],
        ("time", _) => leaf.time.map(record::clock).into_iter().collect(),
        ("outcome", _) => leaf
            .outcome
            .map(|outcome| outcome_words(outcome, lang).to_owned())
            .into_iter()
            .collect(),
        (_, serde_json::Value::Object(parts)) => parts
            .iter()
            .map(|(name, value)| format!("{name}={}", plain(value)))
            .collect(),
        (_, serde_json::Value::Array(parts)) => parts.iter().map(plain).collect(),
        (_, serde_json::Value::String(text)) => text.lines().map(str::to_owned).collect(),
        (_, other) => vec![plain(other)],
    }
}

/// A JSON value without the quotes of a text.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn verify(cli: &Cli, surroundings: &Surroundings, files: &[PathBuf], out: &mut Out) -> Ended {
    let (report, witnessed) = with_examined(cli, surroundings, |site| {
        let report = ledger::verify(site)?;
        // A damaged ledger is compared with nobody.
        let witnessed = match ledger::first_bad(&report) {
            Some(fault) => Err(fault),
            None => witness::against(site, files),
        };
        Ok((report, witnessed))
    })?;
    let (witnesses, fault) = match witnessed {
        Ok(witnesses) => (witnesses, None),
        Err(fault) => (Vec::new(), Some(fault)),
    };
    if out.is_json() {
        let logs: Vec<_> = report
            .logs
            .iter()
            .map(|log| {
                serde_json::json!({
                    "log": log.log.to_string(), "size": log.size, "root": hex(&log.root), "leftovers": log.leftovers,
                })
            })
            .collect();
        let bad = report.defect.as_ref().map(|defect| {
            serde_json::json!({
                "log": defect.log.to_string(), "object": defect.object, "index": defect.index,
                "why": defect.fault.to_string(),
            })
        });
        let earlier = report.earlier.as_ref().map(
            |earlier| serde_json::json!({"origin": earlier.origin, "size": earlier.size, "root": hex(&earlier.root)}),
        );
        let witnesses: Vec<_> = witnesses
            .iter()
            .map(|seen| serde_json::json!({"path": seen.path, "log": seen.log, "size": seen.size}))
            .collect();
        out.json(&serde_json::json!({
            "logs": logs, "earlier": earlier, "strays": report.strays, "bad": bad, "others": report.others,
            "witnesses": witnesses,
        }))?;
        return fault.map_or(Ok(Class::Done), Err);
    }
    let rows: Vec<Vec<String>> = report
        .logs
        .iter()
        .map(|log| vec![log.log.to_string(), log.size.to_string(), hex(&log.root)])
        .collect();
    let head = [
        out.say("年度", "year"),
        out.say("記録数", "leaves"),
        out.say("ルート", "root"),
    ];
    out.table(&head, &rows)?;
    if let Some(earlier) = &report.earlier {
        let words = out.say("それより前（廃棄済み）", "before that, disposed of");
        let line = format!("{words}: {} {}", earlier.origin, earlier.size);
        out.line(&line)?;
    }
    let strays = report.strays.iter().cloned();
    let leftovers = report
        .logs
        .iter()
        .flat_map(|log| log.leftovers.iter().map(move |file| format!("{}/{file}", log.log)));
    for stray in strays.chain(leftovers) {
        let words = out.say("どこからも参照されないファイル", "nothing names this file");
        let line = format!("{words}: ledger/{stray}");
        out.line(&line)?;
    }
    for seen in &witnesses {
        let words = out.say("証人の確認した台帳を含んでいます", "has all that the witness saw");
        let line = format!("{words}: {} {} ({})", seen.log, seen.size, seen.path.display());
        out.line(&line)?;
    }
    if let Some(fault) = fault {
        if report.others > 0 {
            let line = match out.lang() {
                Lang::Ja => format!("同じ台帳にほかに {} 件の破損があります", report.others),
                Lang::En => format!("{} more are bad in the same log", report.others),
            };
            out.line(&line)?;
        }
        return Err(fault);
    }
    out.line(out.say("破損はありません", "nothing is bad"))?;
    Ok(Class::Done)
}
