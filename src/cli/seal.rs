//! `sekisho seal FILE --to PARTY`: seals one file, as the site or as a party.

use std::path::PathBuf;

use serde_json::json;

use super::args::Cli;
use super::env::Surroundings;
use super::machine::{threads, threads_or, with_keys, with_site};
use super::show::Out;
use super::{Ended, layout};
use crate::domain::fault::{Class, Fault};
use crate::domain::ids::PartyId;
use crate::run::sealing::{SealWish, Sealed, seal_as_party, seal_at_site, with_ending};
use crate::run::site::Access;

/// What help adds.
const HELP: &str = "As the site: for correspondence with a registered party, and for tests. The package stands in the ledger before it \
    is written, and its proof is written beside it. Answers and notices need no such command: a run seals them itself.\n\
    As a party, with --keys: seals and signs with the party's own keys, as the sender of an inbound file does.\n\n\
    サイトとして: 登録済みの団体への文書と試験のため。台帳に記録してから封緘ファイルと証明を書き出します。結果と通知は `run` が自ら封緘します。\n\
    団体として（--keys）: 団体自身の鍵で封緘し、署名します。";

/// Arguments of `seal`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// The file to seal
    file: PathBuf,
    /// Party that will open it
    #[arg(long, value_parser = layout::party)]
    to: PartyId,
    /// The package; default FILE.seki
    #[arg(long)]
    out: Option<PathBuf>,
    /// Key file of the sending party; without it the site sends
    #[arg(long, value_name = "KEYFILE")]
    keys: Option<PathBuf>,
    /// With --keys: public sealing key of the receiver (`sekisho-p256:...`); default: the one that --site knows
    #[arg(long, value_name = "KEY", requires = "keys")]
    to_key: Option<String>,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, args: &Args, out: &mut Out) -> Ended {
    let path = args.out.clone().unwrap_or_else(|| with_ending(&args.file, "seki"));
    let wish = SealWish {
        file: &args.file,
        to: args.to,
        out: &path,
        threads: threads_or(cli, 0),
    };
    let sealed = match &args.keys {
        None => with_site(cli, surroundings, Access::Write, |site| {
            let threads = threads(cli, site);
            seal_at_site(site, SealWish { threads, ..wish }, cli.business_date)
        })?,
        Some(keys) => with_keys(surroundings, out.lang(), |tools, unlocking| {
            let known = (args.to_key.as_deref(), cli.site.as_deref());
            seal_as_party(tools, unlocking, keys, known, wish)
        })?,
    };
    show(out, args, &sealed)?;
    Ok(Class::Done)
}

fn show(out: &mut Out, args: &Args, sealed: &Sealed) -> Result<(), Fault> {
    if out.is_json() {
        return out.json(&json!({
            "path": sealed.path, "sender": sealed.sender.as_str(), "receiver": args.to.as_str(),
            "package_hash": sealed.package_hash, "size_bytes": sealed.size_bytes, "key_id": sealed.key_id,
            "leaf": sealed.leaf, "proof": sealed.proof,
        }));
    }
    let mut rows = vec![
        (out.say("封緘ファイル", "package"), sealed.path.display().to_string()),
        (out.say("送信元", "sender"), sealed.sender.to_string()),
        (out.say("宛先", "receiver"), format!("{} ({})", args.to, sealed.key_id)),
        (out.say("大きさ", "bytes"), sealed.size_bytes.to_string()),
        (
            out.say("パッケージハッシュ", "package hash"),
            sealed.package_hash.clone(),
        ),
    ];
    if let Some(leaf) = sealed.leaf {
        rows.push((out.say("台帳の番号", "leaf of the ledger"), leaf.to_string()));
    }
    if let Some(proof) = &sealed.proof {
        rows.push((out.say("台帳の証明", "proof"), proof.display().to_string()));
    }
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    let head = [out.say("項目", "what"), out.say("値", "value")];
    out.table(&head, &rows)
}
