//! One file per command: arguments, settings, `run`, show. The only room that talks to people.

pub mod args;
pub mod check;
pub mod demo;
pub mod env;
pub mod explain;
pub mod generation;
pub mod held;
pub mod init;
pub mod key;
pub mod layout;
pub mod ledger;
pub mod machine;
pub mod master;
pub mod open;
pub mod party;
pub mod passes;
pub mod plan;
mod prune;
pub mod rules;
pub mod run;
pub mod seal;
pub mod show;
pub mod status;
pub mod watch;

use std::process::ExitCode;

use clap::Parser as _;

use crate::domain::fault::{Class, Fault};
use crate::os::secrecy;
use crate::os::signal;
use crate::run::trouble;
use args::Cli;
use show::Out;

/// What a command gives: how it ended, or what stopped it.
pub type Ended = Result<Class, Fault>;

/// Runs the program. A panic ends it with the exit code of a fault of the program, without the words of the panic.
pub fn main() -> ExitCode {
    secrecy::silence_panics();
    std::panic::catch_unwind(work).unwrap_or(ExitCode::from(Class::Internal.exit_code()))
}

fn work() -> ExitCode {
    let surroundings = env::read();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(fault) => return args::refuse(&fault, &surroundings),
    };
    let mut out = Out::new(cli.lang.unwrap_or(surroundings.lang), cli.json);
    // Before any key is read and any record decoded.
    let guarded = secrecy::forbid_dumps().map_err(trouble::bug);
    let ended = guarded
        .and_then(|()| signal::file_limit_is_an_error().map_err(trouble::bug))
        .and_then(|()| args::dispatch(&cli, &surroundings, &mut out))
        .and_then(|class| out.flush().map(|()| class));
    let class = match ended {
        Ok(class) => class,
        Err(fault) => {
            out.fault(&fault);
            fault.class()
        }
    };
    ExitCode::from(class.exit_code())
}
