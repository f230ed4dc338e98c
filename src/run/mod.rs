//! Use cases: load, pure steps, commit.

pub mod commit;
pub mod demo;
pub mod gaiji;
pub mod init;
pub mod keys;
pub mod known;
pub mod layouts;
pub mod opening;
pub mod output;
pub mod parties;
pub mod public;
pub mod record;
pub mod sealing;
pub mod site;
pub mod table;
pub mod trouble;
pub mod trust;
