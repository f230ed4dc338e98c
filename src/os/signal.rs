//! A clean stop on SIGTERM and SIGINT: the pass under way is ended, no new one begins.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM, SIGXFSZ};

/// A file that grows past the limit of the process (`ulimit -f`) is an error of the write, as a full disk is, and not the
/// sudden end of the process.
pub fn file_limit_is_an_error() -> io::Result<()> {
    signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false))).map(|_| ())
}

/// Set once the process was asked to stop.
#[derive(Debug, Clone)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// Begins to listen for SIGTERM and SIGINT. A second signal ends the process at once.
    pub fn listen() -> io::Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            // In this order: the first signal finds the flag unset and only sets it, the second one ends the process.
            signal_hook::flag::register_conditional_default(signal, Arc::clone(&flag))?;
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        Ok(Self(flag))
    }

    /// True once a signal came.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// Waits for `seconds`, or until a signal comes; looks five times a second.
    pub fn wait(&self, seconds: u32) {
        for _ in 0..seconds.saturating_mul(5) {
            if self.is_set() {
                return;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}
