//! Use cases: load, pure steps, commit.

pub mod at_rest;
pub mod commit;
pub mod demo;
pub mod examine;
pub mod generations;
pub mod init;
pub mod keys;
pub mod layouts;
pub mod ledger;
pub mod master;
pub mod parties;
pub mod site;
pub mod trouble;
pub mod verify;
