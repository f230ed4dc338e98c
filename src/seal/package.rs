//! Seals and opens packages (`docs/formats/package.md`): text header, encrypted signed manifest, FLOE payload.
//!
//! The whole-buffer functions [`seal_package`] and [`open_package`] stand on [`PackageSealer`] and [`PackageOpener`], which work
//! segment by segment for files that do not fit in memory and for several threads.

mod open;
mod reading;
mod seal;
mod stream;

pub use open::{OpenFault, OpenedPackage, PackageHash, PackageOpener, RecipientKeys, open_package, package_root, peek};
pub use reading::{ReadAtOffset, ReadFault, VerifiedPackage};
pub use seal::{Front, PackageSealer, PackageSpec, Recipient, SealFault, SealedPackage, seal_package};
pub use stream::{Look, PackageStream, Sink, StreamEnd, StreamFault};

use aes_gcm::{Aes256Gcm, KeyInit};

use super::digest::hkdf_sha256;
use super::floe::{FloeKey, FloeParams, HEADER_LEN as FLOE_HEADER_LEN};
use super::merkle::{Hash, leaf_hash, leaf_hashes};
use super::secret::PackageKey;
use crate::format::package::{MAX_HEADER_LEN, MAX_MANIFEST_LEN, PAYLOAD_SEGMENT_LEN};

/// Length in bytes of the number in front of the encrypted manifest.
const FRAME_LEN: usize = 4;
/// Nonce and tag around the manifest.
const MANIFEST_NONCE_LEN: usize = 12;
const MANIFEST_TAG_LEN: usize = 16;
const SALT: &[u8] = b"sekisho/v1/package";

/// The longest that everything in front of the first segment can be, in bytes: who reads so many bytes of a package has all
/// that [`PackageOpener::new`] needs.
pub const MAX_FRONT_LEN: usize = MAX_HEADER_LEN + FRAME_LEN + MAX_MANIFEST_LEN as usize + FLOE_HEADER_LEN;

/// Parameters of every payload.
const PARAMS: FloeParams = FloeParams::fixed::<PAYLOAD_SEGMENT_LEN>();

/// Leaf hashes of at most two encrypted segments that follow each other.
fn put_leaf_hashes(sealed: &[u8], leaves: &mut [Hash]) {
    match (sealed.split_at_checked(PARAMS.encrypted_segment_len() as usize), leaves) {
        (Some((first, second)), [one, other]) => [*one, *other] = leaf_hashes([first, second]),
        (_, [one, ..]) => *one = leaf_hash(sealed),
        (_, []) => {}
    }
}

fn manifest_cipher(key: &PackageKey) -> Aes256Gcm {
    let derived = hkdf_sha256(SALT, key.expose(), &[b"manifest"]);
    Aes256Gcm::new(&(*derived).into())
}

fn payload_key(key: &PackageKey) -> FloeKey {
    FloeKey::new(*hkdf_sha256(SALT, key.expose(), &[b"payload"]))
}

#[cfg(test)]
mod tests;
