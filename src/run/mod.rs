//! Use cases: load, pure steps, commit.

pub mod commit;
pub mod context;
pub mod demo;
