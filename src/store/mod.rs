//! Durable layouts over `ports::Disk`.

pub mod atomic;
pub mod folders;
pub mod generations;
pub mod history;
pub mod inbox;
pub mod ledger;
pub mod looks;
pub mod master;
pub mod paths;
pub mod pieces;
pub mod registers;
pub mod runs;
pub mod sealed;
pub mod spill;
pub mod staging;
