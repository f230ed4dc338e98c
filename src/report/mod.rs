//! Reports from the result types of `run`, and the booklet of the rules.

pub mod booklet;
pub mod reconciliation;
pub mod record;
