//! Carries out the decisions of a run: notices in their order, each on the register as the one before left it.
//!
//! Pure. What comes out: outcomes of all records, the changes of the master for one generation, the notices to the
//! national body in the order of processing, and sums that were checked.

mod answer;
mod fault;
mod record;
mod register;
mod rows;
mod run;

pub use answer::{Answer, Answered, answer};
pub use fault::ApplyFault;
pub use record::{Judged, NtfRecord};
pub use rows::{removed_row, updated_row};
pub use run::{Applied, run};
