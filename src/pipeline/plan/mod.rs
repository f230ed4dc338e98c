//! Decides what becomes of each notice: order of a run, duplicate test, transition table, comparison (rules 2.2-2.6).
//!
//! Pure: a notice, what is known of the master, and the business date in; outcome and findings out. `apply` carries the
//! decisions out, one after the other, so that each notice meets the register as the one before left it.

mod decide;
mod digest;
mod explain;
mod fault;
mod known;
mod links;
mod order;

pub use decide::{Decision, Judge};
pub use digest::digest;
pub use explain::{Change, Explanation, explain};
pub use fault::PlanFault;
pub use known::{Known, Needs};
pub use links::Links;
pub use order::{ORDER_BYTES, order_key, sort};
