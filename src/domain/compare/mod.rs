//! What each reason may change and needs (rules 2.4): the snapshot of a notice against the row of the master.
//!
//! The tables here say everything that depends on the reason; `pipeline::plan` walks them and has no opinion of its
//! own on any reason.

mod rows;
mod rules;
mod terms;

pub use rows::{counted, day_of_birth, differs};
pub use rules::rule;
pub use terms::{
    BirthPart, COMPARED, DERIVED, DateRule, Derived, DerivedRule, Meaning, MustChange, NumberRule, OldRule, RowAfter,
    Rule, Test,
};
