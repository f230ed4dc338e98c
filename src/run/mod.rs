//! Use cases: load, pure steps, commit.

pub mod layouts;
pub mod trouble;
