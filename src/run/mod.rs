//! Use cases: load, pure steps, commit.

pub mod commit;
pub mod demo;
pub mod demo_site;
pub mod held;
pub mod init;
pub mod keys;
pub mod known;
pub mod layouts;
pub mod parties;
pub mod pass;
pub mod site;
pub mod status;
pub mod trouble;
