//! `sekisho key generate|show|trust|list`: key files of parties, and the public keys that are known.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::json;

use super::args::Cli;
use super::env::Surroundings;
use super::init::show_keys;
use super::machine::{Machine, ask_new_passphrase, with_keys, with_site};
use super::show::Out;
use super::{Ended, layout};
use crate::domain::fault::{Class, Fault};
use crate::domain::ids::PartyId;
use crate::domain::party::Party;
use crate::run::init::{self, Made};
use crate::run::keys::{self, Generated};
use crate::run::site::Access;
use crate::run::{public, trust};

/// Commands on keys.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make the key pairs of a party, in a new key file (鍵を作る)
    ///
    /// Without --passphrase the file FILE.unlock is made beside it; whoever has both can open what is sealed for the party.
    Generate {
        /// The new key file
        file: PathBuf,
        /// Party whose keys they are
        #[arg(long, value_parser = layout::party)]
        owner: PartyId,
        /// Protect it by a passphrase, typed at the terminal, instead of a file
        #[arg(long)]
        passphrase: bool,
        /// Which sealing key to give out
        #[arg(long, value_enum, default_value_t = Kem::P256)]
        kem: Kem,
    },
    /// Show the public keys of a key file (公開鍵を表示する)
    Show {
        /// The key file
        file: PathBuf,
        /// Which sealing key to show
        #[arg(long, value_enum, default_value_t = Kem::P256)]
        kem: Kem,
    },
    /// Trust a signing key of a sender when packages are opened with this key file (送信元の署名鍵を登録する)
    ///
    /// Kept in FILE.trust. Take the key by another way than the packages, e.g. on paper.
    Trust {
        /// The own key file
        file: PathBuf,
        /// The sender
        #[arg(value_parser = layout::party)]
        party: PartyId,
        /// Text of its signing key (verifier key)
        key: String,
    },
    /// List the public keys of the site and of all parties (公開鍵の一覧)
    List {
        /// Write keys/public.txt of the site again
        #[arg(long)]
        publish: bool,
    },
}

/// Kind of a sealing key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kem {
    /// DHKEM(P-256): every browser has it.
    P256,
    /// DHKEM(X25519).
    X25519,
}

impl From<Kem> for keys::Kem {
    fn from(kem: Kem) -> Self {
        match kem {
            Kem::P256 => Self::P256,
            Kem::X25519 => Self::X25519,
        }
    }
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, command: &Command, out: &mut Out) -> Ended {
    let machine = Machine::new(surroundings)?;
    let lang = out.lang();
    match command {
        Command::Generate {
            file,
            owner,
            passphrase,
            kem,
        } => {
            let typed = if *passphrase {
                Some(ask_new_passphrase(lang)?)
            } else {
                None
            };
            let made = keys::generate_party(machine.tools(), file, *owner, typed.as_ref(), (*kem).into())?;
            show(out, &made)?;
            if !out.is_json() {
                out.line(out.say(
                    "次に: 公開鍵を県に届け出てください。鍵ファイルは誰にも渡さず、写しを別の場所に保管してください。",
                    "next: give the public keys to the prefecture; give the key file to nobody, and keep a copy elsewhere.",
                ))?;
            }
            Ok(Class::Done)
        }
        Command::Show { file, kem } => {
            let known = with_keys(surroundings, lang, |tools, unlocking| {
                keys::show_party(tools.disk, file, unlocking, (*kem).into())
            })?;
            show(out, &known)?;
            Ok(Class::Done)
        }
        Command::Trust { file, party, key } => trust_key(&machine, file, *party, key, out),
        Command::List { publish } => {
            let (own, parties): (Made, Vec<Party>) = with_site(cli, surroundings, Access::Read, |site| {
                if *publish {
                    public::publish(site.tools.disk, &site.folders, &public::keys_of(&site.secrets))?;
                }
                Ok((init::public_keys(site), site.parties.all().cloned().collect()))
            })?;
            list(out, &own, &parties)
        }
    }
}

fn show(out: &mut Out, keys: &Generated) -> Result<(), Fault> {
    if out.is_json() {
        return out.json(&json!({
            "owner": keys.owner.as_str(), "sealing_key": keys.sealing_key, "signing_key": keys.signing_key,
            "path": keys.path,
        }));
    }
    let rows = [
        (out.say("団体", "party"), keys.owner.to_string()),
        (out.say("封緘先の公開鍵", "sealing key"), keys.sealing_key.clone()),
        (out.say("署名検証鍵", "signing key"), keys.signing_key.clone()),
        (out.say("鍵ファイル", "key file"), keys.path.display().to_string()),
    ]
    .map(|(name, value)| vec![name.to_owned(), value]);
    let head = [out.say("種類", "kind"), out.say("値", "value")];
    out.table(&head, &rows)
}

fn trust_key(machine: &Machine, file: &Path, party: PartyId, key: &str, out: &mut Out) -> Ended {
    let added = trust::add(machine.disk(), file, party, key)?;
    let path = trust::path_of(file);
    if out.is_json() {
        out.json(&json!({"path": path, "party": party.as_str(), "added": added}))?;
    } else {
        let done = if added {
            out.say("登録しました", "trusted now")
        } else {
            out.say("登録済みです", "was trusted already")
        };
        let line = format!("{party}: {done} ({})", path.display());
        out.line(&line)?;
    }
    Ok(Class::Done)
}

fn list(out: &mut Out, own: &Made, parties: &[Party]) -> Ended {
    if out.is_json() {
        let rows: Vec<_> = parties
            .iter()
            .map(|p| {
                json!({
                    "party_id": p.id.as_str(), "name": p.name, "sealing_key": p.sealing_key, "signing_key": p.signing_key,
                })
            })
            .collect();
        out.json(&json!({
            "site": {"ledger_key": own.ledger_key, "package_key": own.package_key, "sealing_keys": own.sealing_keys},
            "parties": rows,
        }))?;
        return Ok(Class::Done);
    }
    show_keys(out, own)?;
    out.line("")?;
    let none = || "-".to_owned();
    let rows: Vec<Vec<String>> = parties
        .iter()
        .map(|p| {
            vec![
                p.id.to_string(),
                p.name.clone(),
                p.sealing_key.clone().unwrap_or_else(none),
                p.signing_key.clone().unwrap_or_else(none),
            ]
        })
        .collect();
    let head = [
        "ID",
        out.say("名称", "name"),
        out.say("封緘先の公開鍵", "sealing key"),
        out.say("署名検証鍵", "signing key"),
    ];
    out.table(&head, &rows)?;
    Ok(Class::Done)
}
