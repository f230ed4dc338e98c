//! `sekisho demo`. To be written.

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::show::Out;
use crate::domain::fault::Class;

/// Arguments.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Runs the command.
pub fn run(_cli: &Cli, _surroundings: &Surroundings, _args: &Args, _out: &mut Out) -> Ended {
    Ok(Class::Done)
}
