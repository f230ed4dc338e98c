//! `sekisho plan`: what a run would do; writes nothing.

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::{threads, with_site};
use super::passes;
use super::show::Out;
use crate::run::pass::{self, Memory, PassSettings};
use crate::run::site::Access;

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, _args: &Args, out: &mut Out) -> Ended {
    let result = with_site(cli, surroundings, Access::Read, |site| {
        let threads = threads(cli, site);
        pass::plan(
            site,
            PassSettings {
                business_date: cli.business_date,
                threads,
                memory: Memory::default(),
            },
        )
    })?;
    passes::show(out, &result, true)?;
    Ok(result.class())
}
