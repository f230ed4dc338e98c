//! `sekisho run`: one pass over the inbound folders.

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::{threads, with_site};
use super::passes;
use super::show::Out;
use crate::run::pass::{self, Memory, PassSettings};
use crate::run::site::Access;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// With --json: also the file names as they lie in the folders (they may say anything, a person's name too)
    #[arg(long)]
    show_names: bool,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, args: &Args, out: &mut Out) -> Ended {
    let result = with_site(cli, surroundings, Access::Write, |site| {
        let threads = threads(cli, site);
        pass::run(
            site,
            PassSettings {
                business_date: cli.business_date,
                threads,
                memory: Memory::default(),
            },
        )
    })?;
    if args.show_names && out.is_json() {
        out.json(&passes::json(&result, true))?;
    } else {
        passes::show(out, &result, false)?;
    }
    Ok(result.class())
}
