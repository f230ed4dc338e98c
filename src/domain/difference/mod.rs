//! Reconciliation with municipal extracts (整合性確認; rules section 4): the classes, the compared items, the sums, the
//! causes, and what becomes of a difference from one extract to the next. Tables only; `pipeline::reconcile` walks them.

mod cause;
mod class;
mod life;
mod sums;

pub use cause::{Cause, CauseRow, Evidence, TESTS, Test};
pub use class::{Class, ClassRow, PRECEDENCE, RECONCILED};
pub use life::{Closing, Event, Life, LifeState, RunFacts, Seen, TRANSITIONS, next};
pub use sums::{CauseSums, ReconcileFault, ReconcileSums, Sum};
