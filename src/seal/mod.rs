//! Cryptography over buffers. Knows no paths and draws no randomness of its own.

pub mod atrest;
pub mod digest;
pub mod floe;
pub mod hpke;
pub mod keys;
pub mod merkle;
pub mod multiset;
pub mod notesign;
pub mod package;
pub mod secret;
pub mod signing;
mod spread;
mod twin;
pub mod wrap;
