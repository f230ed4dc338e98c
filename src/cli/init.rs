//! `sekisho init DIR`: makes a site.

use std::path::PathBuf;

use clap::ValueEnum;

use super::args::Cli;
use super::env::Surroundings;
use super::show::Out;
use super::{Ended, layout, machine};
use crate::domain::fault::Class;
use crate::domain::ids::PartyId;
use crate::run::init::{self, Made, UnlockWish, Wish};
use crate::run::site::Unlocking;

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the new site; absent or empty
    folder: PathBuf,
    /// Own party id: the code of the prefecture
    #[arg(long, default_value = "050008", value_parser = layout::party)]
    id: PartyId,
    /// Own name
    #[arg(long, default_value = "秋田県")]
    name: String,
    /// Party id of the national body
    #[arg(long, default_value = "N0000001", value_parser = layout::party)]
    national_body: PartyId,
    /// production (本番) or training (研修)
    #[arg(long, value_enum, default_value_t = Environment::Training)]
    environment: Environment,
    /// How the keys of the site are opened
    #[arg(long, value_enum, default_value_t = Unlock::KeyFile)]
    unlock: Unlock,
}

/// Production or training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Environment {
    /// Production.
    Production,
    /// Training and tests.
    Training,
}

/// How the keys are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unlock {
    /// A file of its own beside them.
    KeyFile,
    /// A passphrase typed at the terminal.
    Passphrase,
    /// The systemd credential `sekisho-unlock`.
    Credentials,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, args: &Args, out: &mut Out) -> Ended {
    let machine = machine::Machine::new(surroundings)?;
    let wish = Wish {
        id: args.id,
        name: args.name.clone(),
        national_body: args.national_body,
        training: args.environment == Environment::Training,
        unlock: match args.unlock {
            Unlock::KeyFile => UnlockWish::KeyFile,
            Unlock::Passphrase => UnlockWish::Passphrase,
            Unlock::Credentials => UnlockWish::Credentials,
        },
        business_date: cli.business_date.unwrap_or_else(|| machine.today()),
    };
    let lang = out.lang();
    let ask = || machine::ask_new_passphrase(lang);
    let unlocking = Unlocking {
        ask_passphrase: &ask,
        credentials: surroundings.credentials.as_deref(),
    };
    let made = init::init(machine.tools(), &args.folder, &wish, unlocking)?;
    if out.is_json() {
        out.json(&serde_json::json!({
            "site": args.folder, "ledger_key": made.ledger_key, "package_key": made.package_key,
            "sealing_keys": made.sealing_keys,
        }))?;
    } else {
        let head = format!(
            "{}: {}",
            out.say("サイトを作成しました", "site made"),
            args.folder.display()
        );
        out.line(&head)?;
        show_keys(out, &made)?;
        out.line(out.say(
            "次に: `sekisho --site DIR party import FILE` で団体を登録してください。keys/ の写しを別の場所に保管してください。",
            "next: register the parties with `sekisho --site DIR party import FILE`, and keep a copy of keys/ elsewhere.",
        ))?;
    }
    Ok(Class::Done)
}

/// Prints the public keys of a site.
pub fn show_keys(out: &mut Out, made: &Made) -> Result<(), crate::domain::fault::Fault> {
    let mut rows = vec![
        vec![
            out.say("台帳の検証鍵", "ledger key").to_owned(),
            made.ledger_key.clone(),
        ],
        vec![
            out.say("封緘の署名検証鍵", "package key").to_owned(),
            made.package_key.clone(),
        ],
    ];
    for key in &made.sealing_keys {
        rows.push(vec![out.say("封緘先の公開鍵", "sealing key").to_owned(), key.clone()]);
    }
    let (kind, key) = (out.say("種類", "kind"), out.say("公開鍵", "public key"));
    out.table(&[kind, key], &rows)
}
