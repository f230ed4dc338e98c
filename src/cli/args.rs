//! What can be typed: the commands, their arguments, and where each goes.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use super::env::Surroundings;
use super::show::Out;
use super::{
    Ended, check, demo, explain, generation, held, init, key, layout, ledger, master, open, party, plan, rules,
};
use super::{run, seal, status, watch};
use crate::domain::fault::{self, Class, Fault, FaultId, Lang};
use crate::domain::instant::BusinessDate;

/// Heading of the options that every command has.
const COMMON: &str = "Options of every command (共通)";

/// 関所 — checks, applies and passes on the files of the resident-register network (住基ネット).
///
/// Every file that comes in is examined, every file that goes out is sealed, and each crossing stands in a ledger.
#[derive(Debug, Parser)]
#[command(name = "sekisho", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Cli {
    /// Folder of the site; default the current one (サイトのフォルダ)
    #[arg(long, global = true, help_heading = COMMON, value_name = "DIR")]
    pub site: Option<PathBuf>,
    /// Language of messages: ja or en; default by LANG (メッセージの言語)
    #[arg(long, global = true, help_heading = COMMON, value_parser = lang)]
    pub lang: Option<Lang>,
    /// Print facts as JSON (JSONで出力)
    #[arg(long, global = true, help_heading = COMMON)]
    pub json: bool,
    /// Business date, YYYY-MM-DD; default today (業務日)
    #[arg(long, global = true, help_heading = COMMON, value_name = "DATE", value_parser = date)]
    pub business_date: Option<BusinessDate>,
    /// Worker threads; default by sekisho.toml (並列数)
    #[arg(long, global = true, help_heading = COMMON, value_name = "N")]
    pub threads: Option<u16>,
    /// Command
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Folder of the site: the one given, else the current one.
    pub fn site(&self) -> &Path {
        self.site.as_deref().unwrap_or(Path::new("."))
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a demonstration prefecture and run it (模擬データで一通り動かす)
    Demo(demo::Args),
    /// Make a site: folders, settings, keys, ledger (サイトを作る)
    Init(init::Args),
    /// Register of parties (団体・部署の登録簿)
    #[command(subcommand)]
    Party(party::Command),
    /// One pass over the inbound folders (受信フォルダを一巡処理する)
    Run(run::Args),
    /// What a run would do; writes nothing (実行計画の表示のみ)
    Plan(plan::Args),
    /// Run again and again until stopped (常駐して繰り返し実行)
    Watch(watch::Args),
    /// The site in one screen: last run, held files, gaps, open notices (状況の一覧)
    Status(status::Args),
    /// Check files before sending them; needs no site (送信前の点検)
    Check(check::Args),
    /// Why one record is accepted or refused (1件の判定の説明)
    Explain(explain::Args),
    /// Held files (保留ファイル)
    #[command(subcommand)]
    Held(held::Command),
    /// Generations of the master (世代)
    #[command(subcommand, name = "gen")]
    Generation(generation::Command),
    /// Records of the master (本人確認情報の記録)
    #[command(subcommand)]
    Master(master::Command),
    /// The ledger (台帳)
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Key pairs of parties (鍵)
    #[command(subcommand)]
    Key(key::Command),
    /// Seal a file for a party (ファイルを封緘する)
    Seal(seal::Args),
    /// Open a package (封緘を開く)
    Open(open::Args),
    /// Layouts of exchange files (様式定義)
    #[command(subcommand)]
    Layout(layout::Command),
    /// The rules as a booklet (規則の一覧)
    #[command(subcommand)]
    Rules(rules::Command),
}

/// Form of a printed booklet or table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// Plain text.
    Text,
    /// Markdown.
    Markdown,
}

/// Calls the command.
pub fn dispatch(cli: &Cli, surroundings: &Surroundings, out: &mut Out) -> Ended {
    match &cli.command {
        Command::Demo(args) => demo::run(cli, surroundings, args, out),
        Command::Init(args) => init::run(cli, surroundings, args, out),
        Command::Party(command) => party::run(cli, surroundings, command, out),
        Command::Run(args) => run::run(cli, surroundings, args, out),
        Command::Plan(args) => plan::run(cli, surroundings, args, out),
        Command::Watch(args) => watch::run(cli, surroundings, args, out),
        Command::Status(args) => status::run(cli, surroundings, args, out),
        Command::Check(args) => check::run(cli, surroundings, args, out),
        Command::Explain(args) => explain::run(cli, surroundings, args, out),
        Command::Held(command) => held::run(cli, surroundings, command, out),
        Command::Generation(command) => generation::run(cli, surroundings, command, out),
        Command::Master(command) => master::run(cli, surroundings, command, out),
        Command::Ledger(command) => ledger::run(cli, surroundings, command, out),
        Command::Key(command) => key::run(cli, surroundings, command, out),
        Command::Seal(args) => seal::run(cli, surroundings, args, out),
        Command::Open(args) => open::run(cli, surroundings, args, out),
        Command::Layout(command) => layout::run(cli, surroundings, command, out),
        Command::Rules(command) => rules::run(cli, surroundings, command, out),
    }
}

/// Prints what clap found wrong, or the help that was asked for.
///
/// What was typed is repeated only where it cannot be about a person: it may be a name or a number in the wrong place, and
/// what is printed may be kept.
pub fn refuse(fault: &clap::Error, surroundings: &Surroundings) -> ExitCode {
    let printed = if fault.use_stderr() {
        let text = without_typed(fault.render().to_string(), &surroundings.typed);
        std::io::stderr().write_all(text.as_bytes())
    } else {
        fault.print()
    };
    let class = match (fault.use_stderr(), printed) {
        (true, _) => Class::Usage,
        (false, Ok(())) => Class::Done,
        // Who reads the first lines of a help only closes the pipe; nothing was lost.
        (false, Err(why)) if why.kind() == std::io::ErrorKind::BrokenPipe => Class::Done,
        (false, Err(_)) => Class::Storage,
    };
    ExitCode::from(class.exit_code())
}

fn without_typed(mut text: String, typed: &[String]) -> String {
    let mut hidden: Vec<&str> = typed
        .iter()
        .flat_map(|word| std::iter::once(word.as_str()).chain(word.split_once('=').map(|(_, value)| value)))
        .filter(|word| !word.is_empty() && !fault::is_harmless(word))
        .collect();
    // The longest first: one may be a part of another.
    hidden.sort_unstable_by_key(|word| std::cmp::Reverse(word.len()));
    for word in hidden {
        text = text.replace(word, fault::HIDDEN);
    }
    text
}

fn lang(text: &str) -> Result<Lang, String> {
    match text {
        "ja" => Ok(Lang::Ja),
        "en" => Ok(Lang::En),
        _ => Err("ja or en".to_owned()),
    }
}

fn date(text: &str) -> Result<BusinessDate, Fault> {
    BusinessDate::parse(text).ok_or_else(|| Fault::new(FaultId::DateWrong).with_typed("value", text))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
