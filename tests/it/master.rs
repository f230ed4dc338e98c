//! The master: runs, generations, history, verification (`docs/formats/run.md`, `docs/formats/manifest.md`).

mod damage;
pub(crate) mod fixture;
mod keep;
mod mapped;
mod model;
mod reading;
mod streamed;
