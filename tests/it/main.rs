//! The integration tests, one binary: each module is one topic.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "test code: a panic is the report, and tests prepare files by hand"
)]

mod architecture;
mod corpus;
mod crash;
mod demo;
mod desk;
mod errors;
mod faulty;
mod files;
mod fuzzed;
mod growth;
mod layout;
mod leak;
mod ledger;
mod master;
mod model;
mod oracle;
mod power;
mod reading;
mod readme;
mod reconcile;
mod review;
mod rules;
mod same;
mod scenario;
mod seal;
mod shared;
mod text;
mod truncated;
mod two;
mod verified;
