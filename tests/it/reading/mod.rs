//! The commands that read: `gen`, `master`, `ledger`, through the built binary on a site that is made here by hand.

mod damage;
mod generations;
mod leaves;
mod records;
mod town;
