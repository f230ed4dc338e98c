//! Reconciliation (整合性確認; rules section 4): each record of an extract against the register as of its `base_at`.
//!
//! Pure and made for streams, so that memory grows neither with the extracts nor with the register:
//!
//! 1. [`Listed`] is a checked record; the shell sorts those of all extracts of a run by [`listed_key`] (code, extract),
//!    which keeps the order of the file within.
//! 2. One walk over the register in the order of codes gives a [`Lifeline`] for each code; [`Join::at`] begins a code,
//!    [`AtCode::take`] judges one listed record after the other, [`AtCode::absent`] names the extracts of scope F that miss
//!    the person. The key group of a row decides all classes but two; only what is left ([`Found::Compare`]) needs rows.
//! 3. [`compared`] compares two rows and says why they differ.
//! 4. Every [`Outcome`] that is no MATCH is sorted back by [`outcome_key`] into the order of an RCR and written by
//!    `emit::RcrWriter`. MATCH is only counted: [`Outcome::sum`].
//! 5. [`orphan_keys`] and [`Pairing`] join records of class 20 with persons of class 30; [`difference_key`] and
//!    `domain::difference::next` carry a difference from one extract to the next.

mod forms;
mod identity;
mod join;
mod life;
mod listed;
mod outcome;
mod pair;

pub use forms::compared;
pub use identity::{DifferenceKey, Walk, Walked, difference_key};
pub use join::{Absent, AtCode, ExtractFacts, Found, Join, JoinFault, Scope};
pub use life::{Lifeline, MadeBy, NewestNotice, Seen, Snapshot, Was};
pub use listed::{Content, LISTED_KEY_BYTES, Listed, listed_key};
pub use outcome::{Difference, OUTCOME_KEY_BYTES, Outcome, Shown, What, outcome_key};
pub use pair::{Bond, Candidate, ORPHAN_KEY_BYTES, Orphan, Pairing, Side, orphan_keys};
