//! What sekisho is measured against (docs/performance.md), and the data for it.
//!
//! The peers do the work of a night on records of one kind, without encryption, history, ledger and most of the rules:
//! a file of 420 bytes a resident, notices of 332 bytes in CP932, one line of result for each notice. [`flat`] is that
//! form, with the checks that all peers make; [`made`] makes the residents and the notices, for the peers in that form
//! and for sekisho as exchange files.

pub mod flat;
pub mod made;
