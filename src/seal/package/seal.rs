//! Makes packages.

use std::collections::BTreeMap;
use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{FRAME_LEN, MANIFEST_NONCE_LEN, MANIFEST_TAG_LEN, PARAMS, manifest_cipher, payload_key, put_leaf_hashes};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::format::package::{
    HeaderFault, MAX_MANIFEST_LEN, ManifestFault, PackageHeader, PackageManifest, RecipientLine, Stanza,
    check_recipients, preamble,
};
use crate::seal::digest::sha256;
use crate::seal::floe::{FloeFault, HEADER_LEN as FLOE_HEADER_LEN, SEGMENT_OVERHEAD, Sealer, segments};
use crate::seal::hpke::{HpkeFault, SealingPublicKey, seal_to};
use crate::seal::merkle::{Frontier, Hash, leaf_hash};
use crate::seal::notesign::{NoteSignError, NoteSigner};
use crate::seal::secret::PackageKey;

/// Why a package cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// The recipients cannot stand in a header.
    #[error("header: {0}")]
    Header(#[from] HeaderFault),
    /// A value cannot stand in the manifest.
    #[error("manifest: {0}")]
    Manifest(#[from] ManifestFault),
    /// The manifest is longer than a reader takes.
    #[error("manifest of {got} bytes is over the limit of {MAX_MANIFEST_LEN}")]
    ManifestLength {
        /// Length in bytes.
        got: usize,
    },
    /// The manifest cannot be signed.
    #[error("signature: {0}")]
    Sign(#[from] NoteSignError),
    /// The file key cannot be sealed to a recipient.
    #[error("recipient {party}: {fault}")]
    Recipient {
        /// Id of the recipient.
        party: PartyId,
        /// What is wrong with its key.
        fault: HpkeFault,
    },
    /// The payload cannot be sealed.
    #[error("payload: {0}")]
    Payload(#[from] FloeFault),
    /// Another plaintext than was announced.
    #[error("the plaintext has {got} bytes, announced were {want}")]
    PlaintextLength {
        /// Bytes that came, at least.
        got: u64,
        /// Bytes announced.
        want: u64,
    },
    /// A segment that the plaintext does not have, or too few segments.
    #[error("the plaintext has {want} segments, got {got}")]
    Segments {
        /// Segments or position given.
        got: u64,
        /// Segments of the plaintext.
        want: u64,
    },
}

/// A recipient and the key that its package is sealed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Id of the party.
    pub party: PartyId,
    /// Its public sealing key.
    pub key: SealingPublicKey,
}

/// What a package says about itself. All but sender and recipients is encrypted.
#[derive(Debug, Clone)]
pub struct PackageSpec {
    /// The sending party.
    pub sender: PartyId,
    /// One to 64 recipients with different keys.
    pub recipients: Vec<Recipient>,
    /// What it holds, e.g. `RES`: 1 to 16 capital letters and digits.
    pub kind: String,
    /// Name of the file inside, without a folder.
    pub file_name: String,
    /// Purpose (利用目的), where there is one.
    pub purpose: Option<String>,
    /// Application number (申請番号), where there is one.
    pub application: Option<String>,
    /// Counts by name, e.g. `records`.
    pub counts: BTreeMap<String, u64>,
    /// Generation of the master, where there is one.
    pub generation: Option<u64>,
    /// Last day of use, where there is one.
    pub expires: Option<BusinessDate>,
}

/// A whole package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedPackage {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// RFC 6962 root over text header, encrypted manifest, FLOE header and segments: for ledger, slip and proof.
    pub package_hash: Hash,
    /// Length of the file in bytes.
    pub size: u64,
}

/// Everything in front of the first segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Front {
    /// Text header, framed encrypted manifest, FLOE header.
    pub bytes: Vec<u8>,
    /// Hash of the package.
    pub package_hash: Hash,
}

/// Makes one package segment by segment.
///
/// The manifest in front carries the root over all segments, so a caller that streams seals every segment twice: once for the
/// leaf hashes, and again, with the same bytes as result, to write them behind the front.
pub struct PackageSealer {
    header_text: String,
    manifest: PackageManifest,
    key: PackageKey,
    manifest_nonce: [u8; MANIFEST_NONCE_LEN],
    floe: Sealer,
    segment_count: u64,
}

impl PackageSealer {
    /// Draws the keys of a package for a plaintext of `plaintext_len` bytes and seals the file key to the recipients.
    ///
    /// Drawn in this order: file key (32 bytes), nonce of the manifest (12), IV of the payload (32), one encapsulation for
    /// each recipient.
    pub fn new(spec: &PackageSpec, plaintext_len: u64, rng: &mut impl CryptoRng) -> Result<Self, SealFault> {
        PARAMS.encrypted_len(plaintext_len)?;
        let key = PackageKey::new(*draw(rng));
        let manifest_nonce = *draw(rng);
        let iv = *draw(rng);
        let header = seal_header(spec, &key, rng)?;
        let header_text = header.to_text();
        let manifest = PackageManifest {
            kind: spec.kind.clone(),
            sender: spec.sender,
            recipients: header.recipients().iter().map(|r| (r.party, r.key_id)).collect(),
            file_name: spec.file_name.clone(),
            size_bytes: plaintext_len,
            purpose: spec.purpose.clone(),
            application: spec.application.clone(),
            counts: spec.counts.clone(),
            generation: spec.generation,
            expires: spec.expires,
            header_sha256: sha256(header_text.as_bytes()),
            payload_root: [0; 32],
        };
        // Values that cannot be sealed end here, before any work on the payload.
        manifest.to_text()?;
        Ok(Self {
            floe: Sealer::new(&payload_key(&key), PARAMS, header_text.as_bytes(), iv),
            segment_count: PARAMS.segment_count(plaintext_len),
            header_text,
            manifest,
            key,
            manifest_nonce,
        })
    }

    /// Length of the plaintext that was announced, in bytes.
    pub fn plaintext_len(&self) -> u64 {
        self.manifest.size_bytes
    }

    /// Number of segments of the payload.
    pub fn segment_count(&self) -> u64 {
        self.segment_count
    }

    /// Plaintext of a segment in bytes, the last one excepted.
    pub fn segment_len(&self) -> u32 {
        PARAMS.plaintext_segment_len()
    }

    /// Appends the encrypted segment at `index` (0-based) to `out` and gives its leaf hash. The same plaintext gives the same
    /// bytes; another plaintext at the same place must never be sealed.
    pub fn seal_segment(&self, index: u64, plaintext: &[u8], out: &mut Vec<u8>) -> Result<Hash, SealFault> {
        let start = out.len();
        let end = start
            .saturating_add(plaintext.len())
            .saturating_add(SEGMENT_OVERHEAD as usize);
        out.resize(end, 0);
        let leaf = self.seal_segment_into(index, plaintext, out.get_mut(start..).unwrap_or_default());
        if leaf.is_err() {
            out.truncate(start);
        }
        leaf
    }

    /// The same with at most two segments, the first of them at `index`, into a place of exactly the length of the encrypted
    /// segments, and their leaf hashes into `leaves`, which has a place for each.
    pub(super) fn seal_two_into(
        &self,
        index: u64,
        plaintext: &[u8],
        out: &mut [u8],
        leaves: &mut [Hash],
    ) -> Result<(), SealFault> {
        let pieces = segments(plaintext, self.segment_len());
        let places = out.chunks_mut(PARAMS.encrypted_segment_len() as usize);
        for ((index, (piece, _)), place) in (index..).zip(pieces).zip(places) {
            self.encrypt_segment(index, piece, place)?;
        }
        put_leaf_hashes(out, leaves);
        Ok(())
    }

    fn seal_segment_into(&self, index: u64, plaintext: &[u8], out: &mut [u8]) -> Result<Hash, SealFault> {
        self.encrypt_segment(index, plaintext, out)?;
        Ok(leaf_hash(out))
    }

    fn encrypt_segment(&self, index: u64, plaintext: &[u8], out: &mut [u8]) -> Result<(), SealFault> {
        if index >= self.segment_count {
            return Err(SealFault::Segments {
                got: index,
                want: self.segment_count,
            });
        }
        let is_last = index + 1 == self.segment_count;
        // The length that was announced is bound by the manifest, so the last segment must be what is left of it.
        let before = index * u64::from(self.segment_len());
        if is_last && before + plaintext.len() as u64 != self.manifest.size_bytes {
            return Err(FloeFault::SegmentSize {
                index,
                got: plaintext.len(),
            }
            .into());
        }
        Ok(self.floe.seal_segment_into(index, plaintext, is_last, out)?)
    }

    /// Signs and encrypts the manifest over the leaf hashes of all segments in their order.
    pub fn front(
        &self,
        signer: &NoteSigner,
        segment_leaves: impl IntoIterator<Item = Hash>,
    ) -> Result<Front, SealFault> {
        let leaves: Vec<Hash> = std::iter::once(leaf_hash(self.floe.header()))
            .chain(segment_leaves)
            .collect();
        let got = (leaves.len() as u64).saturating_sub(1);
        if got != self.segment_count {
            return Err(SealFault::Segments {
                got,
                want: self.segment_count,
            });
        }
        let manifest = PackageManifest {
            payload_root: root(&leaves),
            ..self.manifest.clone()
        };
        let encrypted = self.encrypt_manifest(&manifest, signer)?;
        let frame = u32::try_from(encrypted.len())
            .ok()
            .filter(|len| *len <= MAX_MANIFEST_LEN)
            .ok_or(SealFault::ManifestLength { got: encrypted.len() })?;
        let mut bytes = Vec::with_capacity(self.front_len_of(encrypted.len()));
        bytes.extend_from_slice(self.header_text.as_bytes());
        bytes.extend_from_slice(&frame.to_be_bytes());
        bytes.extend_from_slice(&encrypted);
        bytes.extend_from_slice(self.floe.header());
        let front_leaves = [leaf_hash(self.header_text.as_bytes()), leaf_hash(&encrypted)];
        Ok(Front {
            bytes,
            package_hash: root(front_leaves.iter().chain(&leaves)),
        })
    }

    fn encrypt_manifest(&self, manifest: &PackageManifest, signer: &NoteSigner) -> Result<Vec<u8>, SealFault> {
        let note = Zeroizing::new(signer.sign(&manifest.to_text()?)?.to_text());
        let payload = Payload {
            msg: note.as_bytes(),
            aad: self.header_text.as_bytes(),
        };
        let ciphertext = manifest_cipher(&self.key)
            .encrypt(&self.manifest_nonce.into(), payload)
            .map_err(|_| SealFault::ManifestLength { got: note.len() })?;
        let mut out = Vec::with_capacity(MANIFEST_NONCE_LEN + note.len() + MANIFEST_TAG_LEN);
        out.extend_from_slice(&self.manifest_nonce);
        out.extend_from_slice(&ciphertext);
        Ok(out)
    }

    /// Length in bytes of [`PackageSealer::front`]: that of the manifest does not depend on the root in it.
    pub(super) fn front_len(&self, signer: &NoteSigner) -> Result<usize, SealFault> {
        let note = Zeroizing::new(signer.sign(&self.manifest.to_text()?)?.to_text());
        Ok(self.front_len_of(MANIFEST_NONCE_LEN + note.len() + MANIFEST_TAG_LEN))
    }

    fn front_len_of(&self, manifest_len: usize) -> usize {
        self.header_text.len() + FRAME_LEN + manifest_len + FLOE_HEADER_LEN
    }
}

impl fmt::Debug for PackageSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageSealer")
            .field("segment_count", &self.segment_count)
            .finish_non_exhaustive()
    }
}

/// Seals a whole plaintext.
pub fn seal_package(
    spec: &PackageSpec,
    plaintext: &[u8],
    signer: &NoteSigner,
    rng: &mut impl CryptoRng,
) -> Result<SealedPackage, SealFault> {
    let sealer = PackageSealer::new(spec, plaintext.len() as u64, rng)?;
    let payload_len = PARAMS.encrypted_len(plaintext.len() as u64)?;
    // Room for the front, so that it can be put before the payload without a second copy of it.
    let room = payload_len.saturating_add(super::MAX_FRONT_LEN as u64);
    let mut bytes = Vec::with_capacity(usize::try_from(room).map_err(|_| FloeFault::TotalLength { got: room })?);
    let mut leaves = Vec::new();
    for (index, (segment, _)) in (0..).zip(segments(plaintext, sealer.segment_len())) {
        leaves.push(sealer.seal_segment(index, segment, &mut bytes)?);
    }
    let front = sealer.front(signer, leaves)?;
    bytes.splice(0..0, front.bytes);
    Ok(SealedPackage {
        size: bytes.len() as u64,
        package_hash: front.package_hash,
        bytes,
    })
}

/// Root over leaves given by their hashes.
pub(super) fn root<'a>(leaves: impl IntoIterator<Item = &'a Hash>) -> Hash {
    let mut frontier = Frontier::new();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.root()
}

fn seal_header(spec: &PackageSpec, key: &PackageKey, rng: &mut impl CryptoRng) -> Result<PackageHeader, SealFault> {
    let lines: Vec<RecipientLine> = spec
        .recipients
        .iter()
        .map(|recipient| RecipientLine {
            party: recipient.party,
            kem: recipient.key.kem(),
            key_id: recipient.key.key_id(),
        })
        .collect();
    check_recipients(&lines)?;
    let info = preamble(spec.sender, &lines);
    let mut stanzas = Vec::with_capacity(lines.len());
    for recipient in &spec.recipients {
        let sealed =
            seal_to(&recipient.key, info.as_bytes(), b"", key.expose(), rng).map_err(|fault| SealFault::Recipient {
                party: recipient.party,
                fault,
            })?;
        stanzas.push(Stanza {
            enc: sealed.enc,
            ciphertext: sealed.ciphertext,
        });
    }
    Ok(PackageHeader::new(spec.sender, lines, stanzas)?)
}

fn draw<const LEN: usize>(rng: &mut impl CryptoRng) -> Zeroizing<[u8; LEN]> {
    let mut bytes = Zeroizing::new([0; LEN]);
    rng.fill_bytes(bytes.as_mut_slice());
    bytes
}
