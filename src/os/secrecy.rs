//! Keeps what the process holds in its memory out of core dumps, debuggers and the words of a panic.
//!
//! Register rows and keys are in the clear in memory while a command works. See docs/testing.md, "What is not protected".

use std::io::{self, Write as _};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps, and with them that another process of the same user attaches to this one or reads its memory.
///
/// Two ways, since each has a gap: the limit does not count where the system pipes dumps to a program, and the mark of the
/// process would come back with an `exec`.
///
/// # Errors
/// What the system says; neither needs any right, so that an error means a system that is not Linux as we know it.
pub fn forbid_dumps() -> io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )?;
    Ok(())
}

/// From now on a panic says where it was in the source and nothing else: its message may hold what was being worked on.
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(
            || "unknown".to_owned(),
            |place| format!("{}:{}:{}", place.file(), place.line(), place.column()),
        );
        // Where standard error is closed there is nobody left to tell; the exit code still does.
        drop(writeln!(io::stderr(), "sekisho: stopped at {place}"));
    }));
}

#[cfg(test)]
mod tests {
    use rustix::process::{dumpable_behavior, getrlimit};

    use super::*;

    #[test]
    fn afterwards_the_process_leaves_no_dump() {
        forbid_dumps().unwrap();
        assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
        // Once more, as a process that was started with the limit already.
        forbid_dumps().unwrap();
    }
}
