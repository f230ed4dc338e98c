//! Layouts, exchange files, intake, decoding and emitting: from bytes to verdicts and back.

mod admission;
pub(crate) mod cases;
mod decoding;
mod docs;
mod emitting;
pub(crate) mod hand;
mod ladder;
pub(crate) mod properties;
mod samples;
mod scanned;
pub(crate) mod setting;
