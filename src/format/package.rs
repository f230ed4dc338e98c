//! The sealed package (`.seki`): its text header and the text of its manifest (`docs/formats/package.md`).
//!
//! Syntax only; `seal::package` encrypts, signs and opens.

mod header;
mod manifest;

pub use header::{HeaderFault, MAX_HEADER_LEN, MAX_RECIPIENTS, PackageHeader, RecipientLine, STANZA_LEN, Stanza};
pub(crate) use header::{check_recipients, preamble};
pub use manifest::{MAX_COUNTS, MAX_TEXT_LEN, ManifestFault, PackageManifest, check_file_name};

/// Length in bytes of a segment of the payload as it is encrypted.
pub const PAYLOAD_SEGMENT_LEN: u32 = 64 * 1024;
/// Longest encrypted manifest in bytes.
pub const MAX_MANIFEST_LEN: u32 = 64 * 1024;
