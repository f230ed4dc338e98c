//! `sekisho layout lint|doc|sample`: the layouts of exchange files as data.

use std::path::PathBuf;

use super::args::Cli;
use super::env::Surroundings;
use super::show::Out;
use super::{Ended, machine};
use crate::domain::fault::{Class, Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::party::{Encoding, FileKind};
use crate::run::layouts::{self, SampleWish};

/// Commands on layouts.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Test layout files and show every fault with its place (様式定義を点検する)
    Lint {
        /// Layout files (TOML)
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print the layouts as Markdown tables (様式の表を出力する)
    Doc {
        /// Only this kind: UPD RES NTF EXT RCR INQ PRV NRQ NRS
        #[arg(long, value_parser = kind)]
        kind: Option<FileKind>,
        /// A layout file instead of the built-in ones
        #[arg(long)]
        file: Option<PathBuf>,
    },
    /// Write a valid file with invented values (見本ファイルを書く)
    Sample {
        /// Kind: UPD RES NTF EXT RCR INQ PRV NRQ NRS
        #[arg(value_parser = kind)]
        kind: FileKind,
        /// Folder to write to; the file gets its standard name
        folder: PathBuf,
        /// Party on the other side
        #[arg(long, default_value = "052019", value_parser = party)]
        party: PartyId,
        /// The site
        #[arg(long, default_value = "050008", value_parser = party)]
        own: PartyId,
        /// Encoding of wide text: cp932 or ucs2
        #[arg(long, default_value = "cp932", value_parser = encoding)]
        encoding: Encoding,
    },
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, command: &Command, out: &mut Out) -> Ended {
    let machine = machine::Machine::new(surroundings)?;
    let disk = machine.disk();
    match command {
        Command::Lint { files } => {
            let mut class = Class::Done;
            for file in files {
                for fault in layouts::lint(disk, file)? {
                    class = Class::Refused;
                    out.fault(&fault);
                }
            }
            if class == Class::Done {
                out.line(out.say("誤りはありません", "no fault found"))?;
            }
            Ok(class)
        }
        Command::Doc { kind, file } => {
            let loaded = layouts::load_with(disk, file.as_deref())?;
            out.raw(layouts::doc(&loaded.0, kind.or(loaded.1)).as_bytes())?;
            Ok(Class::Done)
        }
        Command::Sample {
            kind,
            folder,
            party,
            own,
            encoding,
        } => {
            let day = cli.business_date.unwrap_or_else(|| machine.today());
            let wish = SampleWish {
                kind: *kind,
                party: *party,
                own: *own,
                day,
                encoding: *encoding,
            };
            let (name, bytes) = layouts::make_sample(&layouts::load(disk, None)?, wish)?;
            let path = folder.join(&name);
            if disk.exists(&path).map_err(crate::run::trouble::disk(&path))? {
                return Err(Fault::new(FaultId::OutputExists).with("path", path.display()));
            }
            machine.write_new(&path, &bytes)?;
            out.line(&path.display().to_string())?;
            Ok(Class::Done)
        }
    }
}

fn kind(text: &str) -> Result<FileKind, String> {
    FileKind::parse(text).ok_or_else(|| "UPD RES NTF EXT RCR INQ PRV NRQ NRS".to_owned())
}

/// Reads a party id.
pub fn party(text: &str) -> Result<PartyId, String> {
    PartyId::parse(text).ok_or_else(|| "1 to 8 letters or digits".to_owned())
}

/// Reads an encoding.
pub fn encoding(text: &str) -> Result<Encoding, String> {
    match text {
        "cp932" => Ok(Encoding::Cp932),
        "ucs2" => Ok(Encoding::Ucs2Be),
        _ => Err("cp932 or ucs2".to_owned()),
    }
}
