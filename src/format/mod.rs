//! Bytes to types and back, pure. Each file names the page of `docs/formats/` that it implements.

pub mod blockfile;
pub mod config;
pub mod exchange;
pub mod keyfile;
pub mod layout;
pub mod leaf;
pub mod looks;
pub mod manifest;
pub mod note;
pub mod package;
pub mod parcel;
pub mod proof;
pub mod register;
pub mod rowcode;
pub mod state;
pub mod tabular;
pub mod tile;
