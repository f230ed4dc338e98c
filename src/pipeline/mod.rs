//! The pure steps in flow order; a step's output type is built only in its own file.

pub mod apply;
pub mod check;
pub mod decode;
pub mod emit;
pub mod intake;
pub mod journal;
pub mod plan;
pub mod reconcile;
