//! The master: runs, generations, history, verification (`docs/formats/run.md`, `docs/formats/manifest.md`).

mod damage;
mod fixture;
mod keep;
mod mapped;
mod model;
mod reading;
mod streamed;
