//! The rules: every sentence of rules 2.3-2.6 and 9 "Notices", driven through check, plan and apply.

mod booklet;
mod cells;
mod checks;
mod codes;
mod effects;
pub(crate) mod findings;
mod knowledge;
mod properties;
mod scenarios;
pub(crate) mod town;
