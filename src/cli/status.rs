//! `sekisho status`: the site in one screen.

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::with_site;
use super::show::Out;
use crate::domain::fault::{Class, Fault, Lang};
use crate::run::site::Access;
use crate::run::status::{self, Status};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, _args: &Args, out: &mut Out) -> Ended {
    let status = with_site(cli, surroundings, Access::Read, |site| status::status(site))?;
    if out.is_json() {
        json(out, &status)?;
    } else {
        text(out, &status)?;
    }
    Ok(if status.held.is_empty() {
        Class::Done
    } else {
        Class::Held
    })
}

fn json(out: &mut Out, status: &Status) -> Result<(), Fault> {
    let last = status.last_run.as_ref().map(|run| {
        serde_json::json!({
            "business_date": run.business_date, "time": run.time, "files": run.files, "applied": run.applied,
            "warned": run.warned, "rejected": run.rejected, "duplicate": run.duplicate,
            "files_rejected": run.files_rejected,
        })
    });
    let held: Vec<_> = status
        .held
        .iter()
        .map(|held| serde_json::json!({"id": held.id, "code": held.code, "name": held.label, "since": held.since}))
        .collect();
    let gaps: Vec<_> = status
        .gaps
        .iter()
        .map(|gap| serde_json::json!({"party": gap.party, "kind": gap.kind, "missing": gap.missing, "waiting": gap.waiting}))
        .collect();
    let open: Vec<_> = status
        .unacknowledged
        .iter()
        .map(|open| {
            serde_json::json!({
                "serial": open.serial, "generation": open.generation, "business_date": open.business_date,
                "records": open.records,
            })
        })
        .collect();
    out.json(&serde_json::json!({
        "site": status.id, "name": status.name, "environment": status.environment, "generation": status.generation,
        "commit": status.commit, "residents": status.residents, "removed": status.removed, "retired": status.retired,
        "ledger": {"log": status.ledger_log, "size": status.ledger_size}, "last_run": last, "held": held, "gaps": gaps,
        "unacknowledged": open, "unfinished_commits": status.unfinished, "inbox": status.inbox_files,
        "room": {
            "free_bytes": status.room.free_bytes, "low": status.room.is_low(),
            "reserve_bytes": status.room.reserve_bytes, "reserve_wanted_bytes": status.room.reserve_wanted_bytes,
        },
    }))
}

fn text(out: &mut Out, status: &Status) -> Result<(), Fault> {
    let lang = out.lang();
    out.line(&format!("{} {} [{}]", status.id, status.name, status.environment))?;
    out.line(&match lang {
        Lang::Ja => format!(
            "世代 {}（確定 {}）: 住民 {}、除票 {}、廃止コード {}。台帳 {} に {} 件",
            status.generation,
            status.commit,
            status.residents,
            status.removed,
            status.retired,
            status.ledger_log,
            status.ledger_size
        ),
        Lang::En => format!(
            "generation {} (commit {}): {} residents, {} removed, {} retired codes. Ledger {} has {} leaves",
            status.generation,
            status.commit,
            status.residents,
            status.removed,
            status.retired,
            status.ledger_log,
            status.ledger_size
        ),
    })?;
    match &status.last_run {
        None => out.line(out.say("まだ処理していません", "no run yet"))?,
        Some(run) => out.line(&match lang {
            Lang::Ja => format!(
                "最後の処理: 業務日 {}、ファイル {}、適用 {}（警告 {}）、却下 {}、重複 {}、ファイル却下 {}",
                run.business_date, run.files, run.applied, run.warned, run.rejected, run.duplicate, run.files_rejected
            ),
            Lang::En => format!(
                "last run: business date {}, {} files, {} applied ({} with warning), {} rejected, {} duplicates, {} files rejected",
                run.business_date, run.files, run.applied, run.warned, run.rejected, run.duplicate, run.files_rejected
            ),
        })?,
    }
    out.line(&match lang {
        Lang::Ja => format!("受信フォルダにあるファイル: {}", status.inbox_files),
        Lang::En => format!("files in the inbound folders: {}", status.inbox_files),
    })?;
    room(out, status)?;
    for commit in &status.unfinished {
        out.line(&match lang {
            Lang::Ja => format!("中断された確定 {commit}: 次の run が完了または破棄します"),
            Lang::En => format!("commit {commit} was interrupted: the next run completes or discards it"),
        })?;
    }
    section(out, "保留", "held", status.held.len())?;
    for held in &status.held {
        out.line(&format!(
            "  {} {} {} ({})",
            short(&held.id),
            held.code,
            held.label,
            held.since
        ))?;
    }
    section(out, "通番の欠け", "gaps in serials", status.gaps.len())?;
    for gap in &status.gaps {
        out.line(&match lang {
            Lang::Ja => format!(
                "  {} {}: {} が未着、{} 件が待機",
                gap.party, gap.kind, gap.missing, gap.waiting
            ),
            Lang::En => format!(
                "  {} {}: {} has not arrived, {} wait behind it",
                gap.party, gap.kind, gap.missing, gap.waiting
            ),
        })?;
    }
    section(
        out,
        "受領確認のない機構への通知",
        "notices without acknowledgement",
        status.unacknowledged.len(),
    )?;
    for open in &status.unacknowledged {
        out.line(&match lang {
            Lang::Ja => format!(
                "  NTF {}: 世代 {}、{} 件、業務日 {}",
                open.serial, open.generation, open.records, open.business_date
            ),
            Lang::En => format!(
                "  NTF {}: generation {}, {} records, business date {}",
                open.serial, open.generation, open.records, open.business_date
            ),
        })?;
    }
    Ok(())
}

/// Free room, the reserve, and a warning where one of them is short.
fn room(out: &mut Out, status: &Status) -> Result<(), Fault> {
    let room = &status.room;
    let Some(free) = room.free_bytes else {
        return Ok(());
    };
    let (free, reserve) = (mebibytes(free), mebibytes(room.reserve_bytes));
    out.line(&match out.lang() {
        Lang::Ja => format!("ディスクの空き: {free} MiB（ほかに予備 {reserve} MiB）"),
        Lang::En => format!("free on the disk: {free} MiB, and a reserve of {reserve} MiB"),
    })?;
    if room.reserve_bytes < room.reserve_wanted_bytes {
        out.line(out.say(
            "警告: 予備の領域がありません。空きがあれば次の run が作ります",
            "warning: the reserve is missing; the next run makes it where there is room",
        ))?;
    }
    if room.is_low() {
        out.line(out.say(
            "警告: ディスクの空きが少なくなっています。`sekisho gen prune --plan` で削除できる残骸を確かめてください",
            "warning: the disk is nearly full; see `sekisho gen prune --plan` for leftovers",
        ))?;
    }
    Ok(())
}

fn mebibytes(bytes: u64) -> u64 {
    bytes >> 20
}

fn section(out: &mut Out, ja: &str, en: &str, count: usize) -> Result<(), Fault> {
    let name = out.say(ja, en).to_owned();
    out.line(&format!("{name}: {count}"))
}

fn short(id: &str) -> String {
    id.chars().take(8).collect()
}
