//! Power loss, faults and kills on the simulated disk (`docs/reliability.md`, F1-F3, F6).

mod agreement;
mod chapters;
mod depth;
mod kills;
mod losses;
mod omitted;
pub(crate) mod sound;
