//! Durable layouts over `ports::Disk`.

pub mod answers;
pub mod archive;
pub mod atomic;
pub mod generations;
pub mod history;
pub mod inbox;
pub mod ledger;
pub mod master;
pub mod outbox;
pub mod paths;
pub mod registers;
pub mod runs;
pub mod spool;
