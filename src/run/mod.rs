//! Use cases: load, pure steps, commit.

pub mod commit;
pub mod demo;
pub mod init;
pub mod keys;
pub mod known;
pub mod layouts;
pub mod parties;
pub mod site;
pub mod trouble;
