//! `sekisho held list|show|release|drop`: files that wait for a decision or for another file.

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::with_site;
use super::show::Out;
use crate::domain::code::Code;
use crate::domain::fault::{Class, Fault, Lang};
use crate::domain::{finding, remark};
use crate::run::held::{self, HeldFile};
use crate::run::site::Access;

/// Commands on held files.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List them (一覧)
    List,
    /// Show one with what to do (1件の詳細)
    Show {
        /// Id, or the beginning of it
        id: String,
    },
    /// Let one into the next run; every check is made again (解除して次回の処理にかける)
    Release {
        /// Id, or the beginning of it
        id: String,
    },
    /// Give one up; its encrypted copy goes to the archive (処理せず保管に移す)
    Drop {
        /// Id, or the beginning of it
        id: String,
    },
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, command: &Command, out: &mut Out) -> Ended {
    let date = cli.business_date;
    match command {
        Command::List => {
            let list = with_site(cli, surroundings, Access::Read, |site| Ok(site.exchange().held))?;
            show_list(out, &list)?;
            Ok(if list.is_empty() { Class::Done } else { Class::Held })
        }
        Command::Show { id } => {
            let one = with_site(cli, surroundings, Access::Read, |site| held::find(site, id))?;
            show_one(out, &one)?;
            Ok(Class::Done)
        }
        Command::Release { id } => {
            let one = with_site(cli, surroundings, Access::Write, |site| held::release(site, id, date))?;
            let done = out
                .say(
                    "解除しました。次の run で再び点検されます",
                    "released; the next run checks it again",
                )
                .to_owned();
            say(out, &one, &done)
        }
        Command::Drop { id } => {
            let one = with_site(cli, surroundings, Access::Write, |site| held::drop_file(site, id, date))?;
            let done = out.say("保管に移しました", "moved to the archive").to_owned();
            say(out, &one, &done)
        }
    }
}

fn say(out: &mut Out, held: &HeldFile, done: &str) -> Ended {
    if out.is_json() {
        out.json(&json(held))?;
    } else {
        out.line(&format!("{}: {done}", held.label))?;
    }
    Ok(Class::Done)
}

fn json(held: &HeldFile) -> serde_json::Value {
    serde_json::json!({
        "id": held.id, "folder": held.folder, "name": held.label, "code": held.code, "detail": held.detail,
        "size_bytes": held.size_bytes, "sender": held.sender, "kind": held.kind, "serial": held.serial,
        "since": held.since, "in_place": held.in_place, "released": held.released,
    })
}

fn words(code: &str, lang: Lang) -> (&'static str, &'static str) {
    let row = Code::parse(code).map(finding::row);
    match (row, lang) {
        (Some(row), Lang::Ja) => (row.ja, row.todo_ja),
        (Some(row), Lang::En) => (row.en, row.todo_en),
        (None, _) => ("", ""),
    }
}

fn show_list(out: &mut Out, list: &[HeldFile]) -> Result<(), Fault> {
    if out.is_json() {
        return out.json(&list.iter().map(json).collect::<Vec<_>>().into());
    }
    if list.is_empty() {
        return out.line(out.say("保留ファイルはありません", "no file is held"));
    }
    let lang = out.lang();
    let rows: Vec<Vec<String>> = list
        .iter()
        .map(|held| {
            vec![
                held.id.chars().take(8).collect(),
                held.code.clone(),
                held.folder.clone(),
                held.label.clone(),
                held.since.to_string(),
                words(&held.code, lang).0.to_owned(),
            ]
        })
        .collect();
    let head = match lang {
        Lang::Ja => ["ID", "コード", "フォルダ", "ファイル", "業務日", "理由"],
        Lang::En => ["id", "code", "folder", "file", "since", "reason"],
    };
    out.table(&head, &rows)
}

fn show_one(out: &mut Out, held: &HeldFile) -> Result<(), Fault> {
    if out.is_json() {
        return out.json(&json(held));
    }
    let (what, todo) = words(&held.code, out.lang());
    let detail = match out.lang() {
        Lang::Ja => remark::japanese(&held.detail).unwrap_or(&held.detail),
        Lang::En => &held.detail,
    };
    let place = if held.in_place {
        format!("in/{}", held.folder)
    } else {
        format!("spool/{}", held.id)
    };
    let rows = [
        ("ID", "id", held.id.clone()),
        ("ファイル", "file", held.label.clone()),
        ("場所", "place", place),
        ("大きさ", "bytes", held.size_bytes.to_string()),
        ("送信者", "sender", held.sender.clone()),
        (
            "種別と通番",
            "kind and serial",
            format!("{} {}", held.kind, held.serial),
        ),
        ("業務日", "since", held.since.to_string()),
        ("理由", "reason", format!("{} {what} ({detail})", held.code)),
        ("対処", "what to do", todo.to_owned()),
    ];
    for (ja, en, value) in rows {
        let name = out.say(ja, en).to_owned();
        out.line(&format!("{name}: {value}"))?;
    }
    Ok(())
}
