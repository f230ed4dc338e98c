//! `sekisho open PACKAGE`: opens a package with the keys of a party or of the site, and shows or writes what is inside.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::{Map, Value, json};

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::{Machine, threads, threads_or, with_keys, with_site};
use super::show::Out;
use crate::domain::fault::{Class, Fault, FaultId, acts_on_terminals};
use crate::run::opening::{Content, OpenWish, Opened, open_as_party, open_at_site};
use crate::run::site::Access;
use crate::run::{layouts, output, table};

/// What help adds.
const HELP: &str = "With --keys a party opens what it received. The signing key of the sender comes from --sender-key, else from the site \
    that --site names, else from KEYFILE.trust (`sekisho key trust`); without one nothing is opened. Without --keys the \
    site opens what was sent to it, and the ledger says so before anything is shown.\n\n\
    --keys があれば団体として、なければサイトとして開きます。送信元の署名鍵は --sender-key、--site のサイト、KEYFILE.trust の順に探し、\
    見つからなければ開きません。サイトとして開いたことは、内容を出す前に台帳に記録します。";

/// Arguments of `open`.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// The package (.seki)
    package: PathBuf,
    /// Key file of the receiving party; without it the site opens
    #[arg(long, value_name = "KEYFILE")]
    keys: Option<PathBuf>,
    /// Signing key of the sender (verifier key)
    #[arg(long, value_name = "VKEY")]
    sender_key: Option<String>,
    /// Show what is inside: csv decodes an exchange file, text prints a text as it is
    #[arg(long = "as", value_enum, value_name = "FORM")]
    form: Option<Form>,
    /// Write what is inside to a new file, mode 0600
    #[arg(long)]
    out: Option<PathBuf>,
}

/// How the content is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The data records of an exchange file, with the names of the fields.
    Csv,
    /// UTF-8 text.
    Text,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, args: &Args, out: &mut Out) -> Ended {
    let machine = Machine::new(surroundings)?;
    if let Some(path) = &args.out {
        output::must_be_new(machine.disk(), path)?;
    }
    let wish = OpenWish {
        package: &args.package,
        sender_key: args.sender_key.as_deref(),
        content: match (args.form, &args.out) {
            (Some(_), _) => Content::Whole,
            (None, Some(path)) => Content::File(path),
            (None, None) => Content::Unread,
        },
        threads: threads_or(cli, 0),
    };
    let opened = match &args.keys {
        None => with_site(cli, surroundings, Access::Write, |site| {
            let threads = threads(cli, site);
            open_at_site(site, OpenWish { threads, ..wish }, cli.business_date)
        })?,
        Some(keys) => with_keys(surroundings, out.lang(), |tools, unlocking| {
            open_as_party(tools, unlocking, keys, cli.site.as_deref(), wish)
        })?,
    };
    give(&machine, args, &opened, out)?;
    Ok(Class::Done)
}

fn give(machine: &Machine, args: &Args, opened: &Opened, out: &mut Out) -> Result<(), Fault> {
    let inside = Path::new(&opened.file_name);
    let csv;
    let shown: &[u8] = match args.form {
        Some(Form::Csv) => {
            csv = table::csv(&layouts::load(machine.disk(), None)?, inside, &opened.plaintext)?;
            &csv
        }
        Some(Form::Text) => match std::str::from_utf8(&opened.plaintext) {
            // Whoever sealed it must not act on the terminal of whoever reads it.
            Ok(text)
                if !text
                    .chars()
                    .any(|c| acts_on_terminals(c) && !matches!(c, '\t' | '\r' | '\n')) =>
            {
                text.as_bytes()
            }
            Ok(_) | Err(_) => return Err(Fault::new(FaultId::NotText).with("path", args.package.display())),
        },
        None => &[],
    };
    match &args.out {
        Some(path) => {
            // Without a form it is written already, piece by piece.
            if args.form.is_some() {
                output::write_new(machine.tools(), path, shown)?;
            }
            facts(args, opened, &Value::Null, out)
        }
        None if args.form.is_some() && !out.is_json() => out.raw(shown),
        None => {
            let content = match args.form {
                Some(Form::Csv) if out.is_json() => records(machine, inside, &opened.plaintext)?,
                Some(Form::Text) => String::from_utf8_lossy(shown).into(),
                Some(Form::Csv) | None => Value::Null,
            };
            facts(args, opened, &content, out)
        }
    }
}

/// The data records as objects.
fn records(machine: &Machine, inside: &Path, plaintext: &[u8]) -> Result<Value, Fault> {
    let mut rows = Vec::new();
    table::visit(
        &layouts::load(machine.disk(), None)?,
        inside,
        plaintext,
        &mut |fields| {
            let row: Map<String, Value> = fields
                .iter()
                .map(|(name, text)| ((*name).to_owned(), Value::from(*text)))
                .collect();
            rows.push(Value::from(row));
            Ok(())
        },
    )?;
    Ok(rows.into())
}

/// What the sender signed, and with JSON what was asked for.
fn facts(args: &Args, opened: &Opened, content: &Value, out: &mut Out) -> Result<(), Fault> {
    if out.is_json() {
        return out.json(&json!({
            "package": args.package, "sender": opened.sender.as_str(), "kind": opened.kind, "file": opened.file_name,
            "size_bytes": opened.size_bytes, "records": opened.records, "package_hash": opened.package_hash,
            "leaf": opened.leaf, "out": args.out, "content": content,
        }));
    }
    let mut rows = vec![
        (
            out.say("送信元（署名を確認済み）", "sender (signature verified)"),
            opened.sender.to_string(),
        ),
        (out.say("種類", "kind"), opened.kind.clone()),
        (out.say("ファイル", "file"), opened.file_name.clone()),
        (out.say("大きさ", "bytes"), opened.size_bytes.to_string()),
        (
            out.say("パッケージハッシュ", "package hash"),
            opened.package_hash.clone(),
        ),
    ];
    if let Some(records) = opened.records {
        rows.push((out.say("レコード数", "records"), records.to_string()));
    }
    if let Some(leaf) = opened.leaf {
        rows.push((out.say("台帳の番号", "leaf of the ledger"), leaf.to_string()));
    }
    let written = args.out.as_ref().map(|path| path.display().to_string());
    rows.push((
        out.say("書き出し先", "written to"),
        written.unwrap_or_else(|| {
            out.say(
                "なし（--out 又は --as で取り出せます）",
                "nowhere (--out or --as gives the content)",
            )
            .to_owned()
        }),
    ));
    let rows: Vec<Vec<String>> = rows
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    let head = [out.say("項目", "what"), out.say("値", "value")];
    out.table(&head, &rows)
}
