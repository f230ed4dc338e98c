//! `sekisho held`. To be written.

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::show::Out;
use crate::domain::fault::Class;

/// Commands.
#[derive(Debug, clap::Subcommand)]
pub enum Command {}

/// Runs the command.
pub fn run(_cli: &Cli, _surroundings: &Surroundings, _command: &Command, _out: &mut Out) -> Ended {
    Ok(Class::Done)
}
