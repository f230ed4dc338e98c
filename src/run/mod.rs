//! Use cases: load, pure steps, commit.

pub mod commit;
pub mod init;
pub mod keys;
pub mod layouts;
pub mod parties;
pub mod site;
pub mod trouble;
