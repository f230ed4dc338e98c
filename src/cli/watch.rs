//! `sekisho watch`: one pass after the other until SIGTERM or SIGINT.

use super::Ended;
use super::args::Cli;
use super::env::Surroundings;
use super::machine::{ask_passphrase, asking_once, threads, with_site_asking};
use super::passes;
use super::show::Out;
use crate::domain::fault::{Class, Fault};
use crate::os::signal::StopFlag;
use crate::run::pass::{self, Memory, PassSettings};
use crate::run::site::Access;
use crate::run::trouble;

/// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Seconds between two passes; default by sekisho.toml
    #[arg(long, value_name = "SECONDS")]
    poll: Option<u32>,
}

/// Runs the command.
pub fn run(cli: &Cli, surroundings: &Surroundings, args: &Args, out: &mut Out) -> Ended {
    let stop = StopFlag::listen().map_err(trouble::bug)?;
    let ask = asking_once(|| ask_passphrase(cli.lang.unwrap_or(surroundings.lang)));
    while !stop.is_set() {
        // The lock is held for one pass only, so that an operator's command gets its turn between two.
        let pass = with_site_asking(cli, surroundings, Access::Write, &ask, |site| {
            let settings = PassSettings {
                business_date: cli.business_date,
                threads: threads(cli, site),
                memory: Memory::default(),
            };
            Ok((pass::run(site, settings)?, site.config.run.poll_seconds))
        });
        match pass {
            Ok((result, poll_seconds)) => {
                if result.committed || !result.recovered.completed.is_empty() {
                    passes::show(out, &result, false)?;
                    out.flush()?;
                }
                stop.wait(args.poll.unwrap_or(poll_seconds).max(1));
            }
            Err(fault) => wait_or_end(fault, &stop, out)?,
        }
    }
    out.line(out.say("停止しました", "stopped"))?;
    Ok(Class::Done)
}

/// Somebody else at work is no reason to end; everything else is.
fn wait_or_end(fault: Fault, stop: &StopFlag, out: &mut Out) -> Result<(), Fault> {
    if fault.class() != Class::Busy {
        return Err(fault);
    }
    out.fault(&fault);
    stop.wait(1);
    Ok(())
}
