//! The rules: every sentence of rules 2.3-2.6 and 9 "Notices", driven through check, plan and apply.

mod booklet;
mod cells;
mod checks;
mod effects;
mod findings;
mod properties;
mod scenarios;
mod town;
