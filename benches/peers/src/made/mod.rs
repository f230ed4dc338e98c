//! Makes the residents, the notices of a night and of a mass change, and everything that is read by sekisho or a peer.
//!
//! Everything follows from a seed and the number of residents. The facts are made here and nowhere else; sekisho lends
//! the writer of exchange files, so that the files are as a municipality sends them.

mod asked;
mod draw;
mod notices;
mod people;
mod tables;

pub use asked::{Condition, conditions, extract};
pub use notices::{Batch, Notice};
pub use people::{Person, World};
pub use tables::{Tables, Town};

/// Business date of the initial load.
pub const LOAD_DAY: &str = "20260601";
/// Day of the notices.
pub const NOTICE_DAY: &str = "20260602";
