//! Shows what a pass did or would do.

use super::show::Out;
use crate::domain::fault::{Fault, Lang};
use crate::domain::{finding, remark};
use crate::run::pass::{FileReport, PassResult};

/// Prints a pass, as a table or as one JSON object.
pub fn show(out: &mut Out, result: &PassResult, is_plan: bool) -> Result<(), Fault> {
    if out.is_json() {
        out.json(&json(result, false))
    } else {
        text(out, result, is_plan)
    }
}

/// A pass as JSON; `names` adds the file names as they lay in the folders.
pub fn json(result: &PassResult, names: bool) -> serde_json::Value {
    let files: Vec<serde_json::Value> = result
        .files
        .iter()
        .map(|file| {
            let counts = file.counts.map(|sums| {
                serde_json::json!({
                    "input": sums.total(), "applied": sums.applied, "applied_with_warning": sums.applied_with_warning,
                    "rejected": sums.rejected, "duplicate": sums.duplicate,
                })
            });
            let raw_name = names.then_some(&file.raw_name);
            serde_json::json!({
                "folder": file.folder, "name": file.name, "file": raw_name, "kind": file.kind, "sender": file.sender,
                "serial": file.serial, "outcome": file.outcome, "code": file.code.map(crate::domain::code::Code::as_str),
                "detail": file.detail, "answer": file.answer, "counts": counts,
            })
        })
        .collect();
    serde_json::json!({
        "business_date": result.business_date.dashed(),
        "generation_before": result.generation_before,
        "generation_after": result.generation_after,
        "committed": result.committed,
        "files": files,
        "sums": {
            "residents_before": result.residents_before, "entries": result.entries, "removals": result.removals,
            "residents_after": result.residents_after, "removed_persons": result.removed_persons,
            "retired_codes": result.retired_codes,
        },
        "records": {
            "applied": result.records.applied, "applied_with_warning": result.records.applied_with_warning,
            "rejected": result.records.rejected, "duplicate": result.records.duplicate,
        },
        "notices": result.notices.as_ref().map(|n| serde_json::json!({"name": n.name, "records": n.records})),
        "held": result.held,
        "recovered": {"completed": result.recovered.completed, "discarded": result.recovered.discarded},
        "exit_code": result.class().exit_code(),
    })
}

fn text(out: &mut Out, result: &PassResult, is_plan: bool) -> Result<(), Fault> {
    let lang = out.lang();
    for commit in &result.recovered.completed {
        out.line(&match lang {
            Lang::Ja => format!("中断されていた確定 {commit} を完了しました"),
            Lang::En => format!("commit {commit}, interrupted before, was carried to its end"),
        })?;
    }
    if result.files.is_empty() {
        out.line(out.say("処理するファイルはありません", "no file to process"))?;
    } else {
        let head = match lang {
            Lang::Ja => ["ファイル", "結果", "件数", "適用", "警告", "却下", "重複", "説明"],
            Lang::En => [
                "file", "outcome", "records", "applied", "warned", "rejected", "again", "remark",
            ],
        };
        let rows: Vec<Vec<String>> = result.files.iter().map(|file| row(file, lang)).collect();
        out.table(&head, &rows)?;
    }
    let PassResult {
        residents_before,
        entries,
        removals,
        residents_after,
        ..
    } = result;
    let (before, after) = (result.generation_before, result.generation_after);
    let date = result.business_date.dashed();
    out.line(&match (lang, is_plan) {
        (Lang::Ja, true) => format!("計画のみ（何も書き込んでいません）。業務日 {date}、世代 {before} → {after}"),
        (Lang::En, true) => format!("plan only, nothing written. Business date {date}, generation {before} → {after}"),
        (Lang::Ja, false) => format!("業務日 {date}、世代 {before} → {after}"),
        (Lang::En, false) => format!("business date {date}, generation {before} → {after}"),
    })?;
    out.line(&match lang {
        Lang::Ja => format!("住民 {residents_before} + 記載 {entries} - 消除 {removals} = {residents_after}"),
        Lang::En => {
            format!("residents {residents_before} + {entries} entries - {removals} removals = {residents_after}")
        }
    })?;
    if let Some(notices) = &result.notices {
        out.line(&match lang {
            Lang::Ja => format!("機構への通知 {} 件: {}", notices.records, notices.name),
            Lang::En => format!("{} notices to the national body: {}", notices.records, notices.name),
        })?;
    }
    if result.held > 0 {
        out.line(&match lang {
            Lang::Ja => format!("保留 {} 件: `sekisho held list` で確かめてください", result.held),
            Lang::En => format!("{} files are held: see `sekisho held list`", result.held),
        })?;
    }
    Ok(())
}

fn row(file: &FileReport, lang: Lang) -> Vec<String> {
    let outcome = match (lang, file.outcome) {
        (Lang::Ja, "processed") => "処理",
        (Lang::Ja, "rejected") => "却下",
        (Lang::Ja, "held") => "保留",
        (Lang::Ja, "duplicate") => "重複",
        (Lang::Ja, "acknowledged") => "受領確認",
        (Lang::Ja, "waiting") => "対象外",
        (Lang::Ja, "writing") => "書込中",
        (_, other) => other,
    };
    let outcome = file
        .code
        .map_or_else(|| outcome.to_owned(), |code| format!("{outcome} {}", code.as_str()));
    let number = |pick: fn(&crate::domain::outcome::RecordSums) -> u64| {
        file.counts
            .as_ref()
            .map_or_else(String::new, |sums| pick(sums).to_string())
    };
    let words = match (file.code, lang) {
        (Some(code), Lang::Ja) => finding::row(code).ja.to_owned(),
        (Some(code), Lang::En) => finding::row(code).en.to_owned(),
        (None, _) => String::new(),
    };
    let detail = match lang {
        Lang::Ja => remark::japanese(&file.detail).unwrap_or(&file.detail),
        Lang::En => &file.detail,
    };
    let remark = match (words.is_empty(), detail.is_empty() || detail == words) {
        (true, _) => detail.to_owned(),
        (false, true) => words,
        (false, false) => format!("{words} ({detail})"),
    };
    vec![
        file.name.clone(),
        outcome,
        number(crate::domain::outcome::RecordSums::total),
        number(|sums| sums.applied.saturating_add(sums.applied_with_warning)),
        number(|sums| sums.applied_with_warning),
        number(|sums| sums.rejected),
        number(|sums| sums.duplicate),
        remark,
    ]
}
