//! Use cases: load, pure steps, commit.

pub mod at_rest;
pub mod commit;
pub mod demo;
pub mod demo_site;
pub mod examine;
pub mod generations;
pub mod held;
pub mod init;
pub mod keys;
pub mod known;
pub mod layouts;
pub mod ledger;
pub mod master;
pub mod parties;
pub mod pass;
pub mod site;
pub mod status;
pub mod trouble;
pub mod verify;
