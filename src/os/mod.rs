//! The only room that touches the file system, the clock, randomness, locks and signals.

pub mod clock;
pub mod disk;
pub mod entropy;
pub mod secrecy;
pub mod signal;
pub mod stopping;
