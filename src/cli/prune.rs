//! `sekisho gen prune`: removes leftovers that nothing names. It needs no room, and works where the disk is full.

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::with_site;
use super::show::Out;
use crate::domain::fault::{Class, Lang};
use crate::run::prune;
use crate::run::site::Access;

/// Runs the command.
pub(super) fn run(cli: &Cli, surroundings: &Surroundings, plan: bool, out: &mut Out) -> Ended {
    let pruned = if plan {
        with_site(cli, surroundings, Access::Read, |site| prune::plan(site))?
    } else {
        with_site(cli, surroundings, Access::Write, prune::prune)?
    };
    if out.is_json() {
        let files: Vec<_> = pruned
            .files
            .iter()
            .map(|file| serde_json::json!({"path": file.path, "bytes": file.len_bytes}))
            .collect();
        out.json(&serde_json::json!({
            "plan": plan, "files": files, "bytes": pruned.bytes(), "unfinished_commits": pruned.unfinished,
            "recovered": {"completed": pruned.recovered.completed, "discarded": pruned.recovered.discarded},
        }))?;
        return Ok(Class::Done);
    }
    for file in &pruned.files {
        out.line(&format!("{}  {}", file.path, file.len_bytes))?;
    }
    for commit in &pruned.unfinished {
        out.line(&match out.lang() {
            Lang::Ja => format!("中断された確定 {commit}: 先に完了または破棄されます"),
            Lang::En => format!("commit {commit} was interrupted: it is completed or discarded first"),
        })?;
    }
    for commit in &pruned.recovered.discarded {
        out.line(&match out.lang() {
            Lang::Ja => format!("中断されていた確定 {commit} の準備データを破棄しました"),
            Lang::En => format!("what commit {commit}, interrupted before, had prepared was discarded"),
        })?;
    }
    let (count, bytes) = (pruned.files.len(), pruned.bytes());
    out.line(&match (out.lang(), plan) {
        (Lang::Ja, true) => format!("削除できる残骸: {count} 件、{bytes} バイト（何も削除していません）"),
        (Lang::En, true) => format!("leftovers: {count} files, {bytes} bytes; nothing was removed"),
        (Lang::Ja, false) => format!("削除した残骸: {count} 件、{bytes} バイト"),
        (Lang::En, false) => format!("removed: {count} files, {bytes} bytes"),
    })?;
    Ok(Class::Done)
}
