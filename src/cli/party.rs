//! `sekisho party import|add|key|arrival|end|list`: the register of parties.

use std::path::PathBuf;

use super::args::Cli;
use super::env::Surroundings;
use super::machine::with_site;
use super::show::Out;
use super::{Ended, layout};
use crate::domain::arrival::ArrivalRule;
use crate::domain::fault::{Class, Fault, FaultId};
use crate::domain::ids::{MunicipalityCode, PartyId};
use crate::domain::instant::BusinessDate;
use crate::domain::party::{Encoding, FileKind, Party, PartyKind};
use crate::run::parties::{self, Imported};
use crate::run::site::Access;

/// Commands on the register of parties.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Take every party of a CSV file, or none (一括登録)
    Import {
        /// CSV file, see docs/formats/site.md
        file: PathBuf,
    },
    /// Register one party (団体を1件登録する)
    Add(Box<AddArgs>),
    /// Register the public keys of a party (公開鍵を登録する)
    Key {
        /// Party id
        #[arg(value_parser = layout::party)]
        party: PartyId,
        /// Text of its sealing key (`sekisho-p256:...` or `sekisho-x25519:...`)
        #[arg(long)]
        sealing: Option<String>,
        /// Text of its signing key (verifier key)
        #[arg(long)]
        signing: Option<String>,
        /// From now on take sealed and signed files only
        #[arg(long)]
        sealed_only: bool,
    },
    /// End a party after a day (団体の有効期間を終える)
    End {
        /// Party id
        #[arg(value_parser = layout::party)]
        party: PartyId,
        /// Last day, YYYY-MM-DD
        #[arg(value_parser = day)]
        last_day: BusinessDate,
    },
    /// Say what has to be seen in the inbound folder before a file of the party is read (取込条件を定める)
    Arrival {
        /// Party id
        #[arg(value_parser = layout::party)]
        party: PartyId,
        /// `done[:SUFFIX]`, `rename[:MARK,MARK]`, `quiet:SECONDS`, `polls:NUMBER`; none: as the files prove themselves
        #[arg(value_name = "RULE")]
        rules: Vec<String>,
    },
    /// List the parties (登録簿の一覧)
    List,
}

/// Arguments of `party add`.
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// Party id; for a municipality its code
    #[arg(value_parser = layout::party)]
    party: PartyId,
    /// municipality, department, body, self or national
    #[arg(long, value_parser = party_kind)]
    kind: PartyKind,
    /// Name in Japanese
    #[arg(long)]
    name: String,
    /// Kinds of file it may send, e.g. `--sends UPD --sends EXT`
    #[arg(long = "sends", value_parser = file_kind)]
    sends: Vec<FileKind>,
    /// cp932 or ucs2
    #[arg(long, default_value = "cp932", value_parser = layout::encoding)]
    encoding: Encoding,
    /// First day, YYYY-MM-DD
    #[arg(long, value_parser = day)]
    from: BusinessDate,
    /// Last day, YYYY-MM-DD
    #[arg(long, default_value = "2099-12-31", value_parser = day)]
    to: BusinessDate,
    /// `data_sha256` may be blank
    #[arg(long)]
    hash_optional: bool,
    /// Take sealed and signed files only
    #[arg(long)]
    sealed_only: bool,
    /// What has to be seen before a file is read, e.g. `--arrival "done rename"`; see `party arrival`
    #[arg(long, default_value = "", value_parser = arrival)]
    arrival: ArrivalRule,
    /// Codes of municipalities that merged into it
    #[arg(long = "predecessor", value_parser = municipality)]
    predecessors: Vec<MunicipalityCode>,
    /// Name of its gaiji table under registers/gaiji/
    #[arg(long)]
    gaiji_table: Option<String>,
    /// Text of its sealing key
    #[arg(long)]
    sealing_key: Option<String>,
    /// Text of its signing key
    #[arg(long)]
    signing_key: Option<String>,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, command: &Command, out: &mut Out) -> Ended {
    let date = cli.business_date;
    match command {
        Command::Import { file } => {
            let done = with_site(cli, surroundings, Access::Write, |site| {
                parties::import(site, file, date)
            })?;
            show_done(out, done)
        }
        Command::Add(args) => {
            let party = of_args(args);
            parties::check_keys(&party).map_err(|why| wrong(&why))?;
            let done = with_site(cli, surroundings, Access::Write, |site| {
                // Adding over a known party would drop the keys and codes that were not typed again.
                if parties::get(site, party.id).is_ok() {
                    return Err(wrong(
                        "the party is registered: change it with `party import`, `party key` or `party end`",
                    ));
                }
                parties::put(site, vec![party], date)
            })?;
            show_done(out, done)
        }
        Command::Key {
            party,
            sealing,
            signing,
            sealed_only,
        } => {
            let change = |known: &mut Party| {
                if sealing.is_some() {
                    known.sealing_key.clone_from(sealing);
                }
                if signing.is_some() {
                    known.signing_key.clone_from(signing);
                }
                if *sealed_only {
                    known.plain_allowed = false;
                }
            };
            edit(cli, surroundings, *party, change, out)
        }
        Command::End { party, last_day } => edit(cli, surroundings, *party, |known| known.active_to = *last_day, out),
        Command::Arrival { party, rules } => {
            let rule = arrival(&rules.join(" ")).map_err(|why| wrong(&why))?;
            edit(cli, surroundings, *party, |known| known.arrival = rule, out)
        }
        Command::List => {
            let known: Vec<Party> = with_site(cli, surroundings, Access::Read, |site| {
                Ok(site.parties.all().cloned().collect())
            })?;
            list(out, &known)
        }
    }
}

fn edit(cli: &Cli, surroundings: &Surroundings, id: PartyId, change: impl FnOnce(&mut Party), out: &mut Out) -> Ended {
    let done = with_site(cli, surroundings, Access::Write, |site| {
        let mut party = parties::get(site, id)?.clone();
        change(&mut party);
        if party.active_to < party.active_from {
            return Err(wrong("the last day is before the first"));
        }
        parties::check_keys(&party).map_err(|why| wrong(&why))?;
        parties::put(site, vec![party], cli.business_date)
    })?;
    show_done(out, done)
}

fn show_done(out: &mut Out, done: Imported) -> Ended {
    let Imported { added, changed, same } = done;
    if out.is_json() {
        out.json(&serde_json::json!({"added": added, "changed": changed, "same": same}))?;
    } else {
        let text = match out.lang() {
            crate::domain::fault::Lang::Ja => format!("追加 {added} 件、変更 {changed} 件、同じ {same} 件"),
            crate::domain::fault::Lang::En => format!("{added} added, {changed} changed, {same} the same"),
        };
        out.line(&text)?;
    }
    Ok(Class::Done)
}

fn list(out: &mut Out, parties: &[Party]) -> Ended {
    if out.is_json() {
        let rows: Vec<_> = parties
            .iter()
            .map(|p| {
                serde_json::json!({
                    "party_id": p.id.as_str(), "name": p.name, "active_from": p.active_from.dashed(),
                    "active_to": p.active_to.dashed(), "plain_allowed": p.plain_allowed,
                    "arrival": p.arrival.to_string(),
                    "sealing_key": p.sealing_key, "signing_key": p.signing_key,
                })
            })
            .collect();
        out.json(&rows.into())?;
        return Ok(Class::Done);
    }
    let yes = |on: bool| if on { "○" } else { "-" }.to_owned();
    let rows: Vec<Vec<String>> = parties
        .iter()
        .map(|p| {
            let kinds: Vec<&str> = p.sends.iter().map(|kind| kind.as_str()).collect();
            vec![
                p.id.to_string(),
                p.name.clone(),
                kinds.join(" "),
                format!("{}..{}", p.active_from.dashed(), p.active_to.dashed()),
                yes(p.plain_allowed),
                yes(p.sealing_key.is_some()),
                yes(p.signing_key.is_some()),
                p.arrival.to_string(),
            ]
        })
        .collect();
    let head = match out.lang() {
        crate::domain::fault::Lang::Ja => [
            "ID",
            "名称",
            "送信",
            "有効期間",
            "平文可",
            "封緘鍵",
            "署名鍵",
            "取込条件",
        ],
        crate::domain::fault::Lang::En => [
            "id", "name", "sends", "active", "plain", "sealing", "signing", "arrival",
        ],
    };
    out.table(&head, &rows)?;
    Ok(Class::Done)
}

fn of_args(args: &AddArgs) -> Party {
    Party {
        id: args.party,
        kind: args.kind,
        name: args.name.clone(),
        sends: args.sends.clone(),
        encoding: args.encoding,
        active_from: args.from,
        active_to: args.to,
        hash_optional: args.hash_optional,
        plain_allowed: !args.sealed_only,
        arrival: args.arrival.clone(),
        predecessors: args.predecessors.clone(),
        gaiji_table: args.gaiji_table.clone(),
        signing_key: args.signing_key.clone(),
        sealing_key: args.sealing_key.clone(),
    }
}

fn wrong(why: &str) -> Fault {
    Fault::new(FaultId::UsageWrong)
        .with("command", "party")
        .with("why", why)
}

fn day(text: &str) -> Result<BusinessDate, Fault> {
    BusinessDate::parse(text).ok_or_else(|| Fault::new(FaultId::DateWrong).with_typed("value", text))
}

fn party_kind(text: &str) -> Result<PartyKind, String> {
    match text {
        "municipality" => Ok(PartyKind::Municipality),
        "department" => Ok(PartyKind::Department),
        "body" => Ok(PartyKind::Body),
        "self" => Ok(PartyKind::Own),
        "national" => Ok(PartyKind::National),
        _ => Err("municipality, department, body, self or national".to_owned()),
    }
}

fn file_kind(text: &str) -> Result<FileKind, String> {
    FileKind::parse(text).ok_or_else(|| "UPD, EXT, INQ, RES or NRS".to_owned())
}

fn arrival(text: &str) -> Result<ArrivalRule, String> {
    ArrivalRule::parse(text).map_err(|e| e.to_string())
}

fn municipality(text: &str) -> Result<MunicipalityCode, String> {
    MunicipalityCode::parse(text).map_err(|e| e.to_string())
}
