//! sekisho (関所): a batch file-exchange processor for the prefectural server of the resident-register network.
//!
//! The rooms, from the bottom to the top; a room may name only the rooms that `docs/design.md` allows it, and the
//! test `tests/it/architecture.rs` holds that table.

pub mod cli;
pub mod domain;
pub mod format;
pub mod os;
pub mod pipeline;
pub mod ports;
pub mod report;
pub mod run;
pub mod seal;
pub mod store;
pub mod text;
