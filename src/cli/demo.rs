//! `sekisho demo DIR`: a demonstration prefecture, from the initial load through a few days.

use std::path::PathBuf;

use super::args::Cli;
use super::env::Surroundings;
use super::show::Out;
use super::{Ended, machine, passes};
use crate::domain::fault::{Class, Fault, Lang};
use crate::run::demo_site::{self, Step, Wishes};
use crate::run::site::Unlocking;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder to make; absent or empty
    folder: PathBuf,
    /// Residents of the initial load
    #[arg(long, default_value_t = 20_000)]
    residents: u32,
    /// Days after it
    #[arg(long, default_value_t = 5)]
    days: u32,
    /// Seed: the same seed gives the same people and files
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, args: &Args, out: &mut Out) -> Ended {
    let machine = machine::Machine::new(surroundings)?;
    let lang = out.lang();
    let ask = || machine::ask_passphrase(lang);
    let unlocking = Unlocking {
        ask_passphrase: &ask,
        credentials: surroundings.credentials.as_deref(),
    };
    let threads = cli.threads.map(usize::from).filter(|n| *n > 0);
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let wishes = Wishes {
        residents: args.residents,
        days: args.days,
        seed: args.seed,
        threads,
    };
    if !out.is_json() {
        let text = match lang {
            Lang::Ja => format!(
                "模擬の県を {} に作ります（住民 {} 人、{} 日、種 {}）。実在の人物は含みません。",
                args.folder.display(),
                args.residents,
                args.days,
                args.seed
            ),
            Lang::En => format!(
                "making a demonstration prefecture in {} ({} residents, {} days, seed {}); no real person is in it.",
                args.folder.display(),
                args.residents,
                args.days,
                args.seed
            ),
        };
        out.line(&text)?;
        out.flush()?;
    }
    let mut rows = Vec::new();
    let mut surprises = 0_u32;
    demo_site::demo(machine.tools(), &args.folder, wishes, unlocking, &mut |step| {
        surprises = surprises.saturating_add(step.surprises);
        if out.is_json() {
            out.json(&json(step))?;
        } else {
            progress(out, step)?;
            rows.push(row(step));
        }
        out.flush()
    })?;
    if !out.is_json() {
        summary(out, args, &rows)?;
    }
    // What the generator predicts is worked out apart from the rules: a difference is a fault of the program.
    if surprises == 0 {
        Ok(Class::Done)
    } else {
        Err(crate::run::trouble::bug(format!(
            "{surprises} files came out otherwise than predicted"
        )))
    }
}

fn progress(out: &mut Out, step: &Step) -> Result<(), Fault> {
    let text = match (out.lang(), step.day) {
        (Lang::Ja, 0) => format!("初期登録: {} 件のファイルを処理しました", step.files_in),
        (Lang::Ja, day) => format!("{day}日目: {} 件のファイルを処理しました", step.files_in),
        (Lang::En, 0) => format!("initial load: {} files", step.files_in),
        (Lang::En, day) => format!("day {day}: {} files", step.files_in),
    };
    out.line(&text)
}

fn row(step: &Step) -> Vec<String> {
    let result = &step.result;
    let sums = &result.records;
    vec![
        step.day.to_string(),
        result.business_date.dashed(),
        step.files_in.to_string(),
        sums.applied.saturating_add(sums.applied_with_warning).to_string(),
        sums.applied_with_warning.to_string(),
        sums.rejected.to_string(),
        sums.duplicate.to_string(),
        result.held.to_string(),
        result.residents_after.to_string(),
        result.generation_after.to_string(),
        format!("{}.{}", step.pass_ms / 1000, step.pass_ms % 1000 / 100),
        format!("{}", step.bytes_on_disk.div_ceil(1_000_000)),
    ]
}

fn json(step: &Step) -> serde_json::Value {
    serde_json::json!({
        "day": step.day, "files_in": step.files_in, "pass_ms": step.pass_ms, "bytes_on_disk": step.bytes_on_disk,
        "not_as_predicted": step.surprises, "pass": passes::json(&step.result, false),
    })
}

fn summary(out: &mut Out, args: &Args, rows: &[Vec<String>]) -> Result<(), Fault> {
    let head: [&str; 12] = match out.lang() {
        Lang::Ja => [
            "日",
            "業務日",
            "ファイル",
            "適用",
            "うち警告",
            "却下",
            "重複",
            "保留",
            "住民",
            "世代",
            "秒",
            "MB",
        ],
        Lang::En => [
            "day",
            "date",
            "files",
            "applied",
            "warned",
            "rejected",
            "again",
            "held",
            "residents",
            "generation",
            "s",
            "MB",
        ],
    };
    out.line("")?;
    out.table(&head, rows)?;
    out.line("")?;
    out.line(out.say("次に試すコマンド:", "commands to try next:"))?;
    let places = demo_site::places(&args.folder);
    let site = places.site.display().to_string();
    let keys = places.keys.display().to_string();
    for command in [
        "status",
        "held list",
        "gen list",
        "ledger list --last 20",
        "ledger verify",
        "gen verify --full",
        "master stats",
        "rules show | less",
    ] {
        out.line(&format!("  sekisho --site {site} {command}"))?;
    }
    out.line(&format!(
        "  sekisho --site {site} open {site}/out/052019/RES-050008-052019-00000002.dat.seki --keys {keys}/052019 --as csv"
    ))
}
