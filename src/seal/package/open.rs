//! Opens packages. The manifest is decrypted and verified before any byte of the payload is.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use zeroize::{Zeroize, Zeroizing};

use super::seal::root;
use super::{FRAME_LEN, MANIFEST_NONCE_LEN, MANIFEST_TAG_LEN, PARAMS, manifest_cipher, payload_key, put_leaf_hashes};
use crate::format::keyfile::KeyId;
use crate::format::note::SignedNote;
use crate::format::package::{HeaderFault, MAX_MANIFEST_LEN, PackageHeader, PackageManifest, preamble};
use crate::seal::digest::sha256;
use crate::seal::floe::{HEADER_LEN as FLOE_HEADER_LEN, Opener, SEGMENT_OVERHEAD, segments};
use crate::seal::hpke::{Encapsulated, SealingSecretKey, open_from};
use crate::seal::merkle::{Frontier, Hash, leaf_hash};
use crate::seal::notesign::{NoteSignError, NoteVerifier};
use crate::seal::secret::PackageKey;

/// Why a package does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenFault {
    /// A package of another version of the format.
    #[error("package of an unsupported version")]
    UnsupportedVersion,
    /// The text header is malformed, or the file key does not open with the key that it names.
    #[error("text header is damaged: {0}")]
    DamagedHeader(HeaderFault),
    /// None of the recipients' keys is ours.
    #[error("sealed for somebody else")]
    NotForUs,
    /// The manifest does not decrypt, or is not what a manifest has to be.
    #[error("manifest is damaged")]
    DamagedManifest,
    /// The manifest bears a signature of the sender's key that is wrong.
    #[error("wrong signature")]
    BadSignature,
    /// The manifest is signed by none of the keys that are pinned for the sender.
    #[error("signed by a key that is not the sender's")]
    UnknownSigner,
    /// The manifest was signed for another text header: somebody sealed it anew.
    #[error("manifest was signed for another package")]
    OtherHeader,
    /// The file is shorter or longer than its manifest (or, in front of it, its framing) says.
    #[error("package is {got} bytes, want {want}")]
    WrongLength {
        /// Length found, in bytes.
        got: u64,
        /// Length wanted (at least, where the manifest is not whole), in bytes.
        want: u64,
    },
    /// A segment of the payload is damaged; damage of the payload's header counts as segment 0.
    #[error("payload is damaged at segment {segment}")]
    DamagedPayload {
        /// Position of the first bad segment, 0-based.
        segment: u64,
    },
    /// Every segment is authentic, but they are not those that the sender signed: somebody sealed them anew.
    #[error("payload is not the one that was signed")]
    OtherPayload,
}

impl From<HeaderFault> for OpenFault {
    fn from(fault: HeaderFault) -> Self {
        if fault == HeaderFault::UnsupportedVersion {
            Self::UnsupportedVersion
        } else {
            Self::DamagedHeader(fault)
        }
    }
}

/// The private keys of a recipient, the current one and those that it replaced.
#[derive(Debug, Clone)]
pub struct RecipientKeys(Vec<SealingSecretKey>);

impl RecipientKeys {
    /// Keys in any order.
    pub fn new(keys: Vec<SealingSecretKey>) -> Self {
        Self(keys)
    }

    fn find(&self, id: KeyId) -> Option<&SealingSecretKey> {
        self.0.iter().find(|key| key.public().key_id() == id)
    }
}

/// A package that is what its sender signed.
#[derive(Clone, PartialEq, Eq)]
pub struct OpenedPackage {
    /// What the sender signed.
    pub manifest: PackageManifest,
    /// The file inside.
    pub plaintext: Vec<u8>,
    /// Hash of the package.
    pub package_hash: Hash,
}

impl fmt::Debug for OpenedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedPackage")
            .field("plaintext_len", &self.plaintext.len())
            .finish_non_exhaustive()
    }
}

/// Reads the text header, without any key. Nothing in it is authentic yet; it serves to find the sender's pinned keys.
pub fn peek(bytes: &[u8]) -> Result<PackageHeader, OpenFault> {
    Ok(PackageHeader::parse(bytes)?.0)
}

/// The hash of a package from its bytes, without any key. Only the framing is tested.
pub fn package_root(bytes: &[u8]) -> Result<Hash, OpenFault> {
    let mut hash = PackageHash::new(bytes, bytes.len() as u64)?;
    let offset = usize::try_from(hash.payload_offset()).unwrap_or(usize::MAX);
    let body = bytes.get(offset..).unwrap_or_default();
    for (segment, _) in segments(body, hash.segment_len()) {
        hash.segment(segment);
    }
    Ok(hash.finish())
}

/// Computes the hash of a package segment by segment, without any key.
#[derive(Debug)]
pub struct PackageHash {
    frontier: Frontier,
    payload_offset: u64,
}

impl PackageHash {
    /// Begins with the front of a package of `total_len` bytes (at most [`super::MAX_FRONT_LEN`] bytes are looked at). Only
    /// the framing is tested.
    pub fn new(front: &[u8], total_len: u64) -> Result<Self, OpenFault> {
        let parts = Parts::split(front, total_len)?;
        let mut frontier = Frontier::new();
        for part in [parts.header_bytes, parts.manifest, parts.floe_header] {
            frontier.push(leaf_hash(part));
        }
        let payload_offset = parts.payload_offset() as u64;
        Ok(Self {
            frontier,
            payload_offset,
        })
    }

    /// Where the first segment begins, in bytes from the beginning of the package.
    pub fn payload_offset(&self) -> u64 {
        self.payload_offset
    }

    /// Length of an encrypted segment in bytes, the last one excepted.
    pub fn segment_len(&self) -> u32 {
        PARAMS.encrypted_segment_len()
    }

    /// Adds the next segment.
    pub fn segment(&mut self, sealed: &[u8]) {
        self.frontier.push(leaf_hash(sealed));
    }

    /// The hash, after the last segment.
    pub fn finish(self) -> Hash {
        self.frontier.root()
    }
}

/// Opens one package segment by segment.
pub struct PackageOpener {
    manifest: PackageManifest,
    floe: Opener,
    segment_count: u64,
    payload_offset: u64,
    payload_len: u64,
    front_leaves: [Hash; 3],
}

impl PackageOpener {
    /// Opens and verifies everything in front of the first segment.
    ///
    /// `front` is the beginning of the package (at most [`super::MAX_FRONT_LEN`] bytes are looked at), `total_len` the length of
    /// the whole; `pinned` are the keys that the sender named by [`peek`] may sign with.
    pub fn new(front: &[u8], total_len: u64, keys: &RecipientKeys, pinned: &[NoteVerifier]) -> Result<Self, OpenFault> {
        let parts = Parts::split(front, total_len)?;
        let key = file_key(&parts.header, keys)?;
        let note = decrypt_manifest(&key, &parts)?;
        let manifest = verify_manifest(&note, &parts, pinned)?;
        let payload_len = PARAMS
            .encrypted_len(manifest.size_bytes)
            .map_err(|_| OpenFault::DamagedManifest)?;
        // The FLOE header belongs to the front as well as to the payload.
        let payload_offset = parts.payload_offset() as u64;
        let want = (payload_offset - FLOE_HEADER_LEN as u64).saturating_add(payload_len);
        if want != total_len {
            return Err(OpenFault::WrongLength { got: total_len, want });
        }
        let floe = Opener::new(&payload_key(&key), PARAMS, parts.header_bytes, parts.floe_header)
            .map_err(|_| OpenFault::DamagedPayload { segment: 0 })?;
        Ok(Self {
            segment_count: PARAMS.segment_count(manifest.size_bytes),
            front_leaves: [parts.header_bytes, parts.manifest, parts.floe_header].map(leaf_hash),
            manifest,
            floe,
            payload_offset,
            payload_len: total_len.saturating_sub(payload_offset),
        })
    }

    /// What the sender signed.
    pub fn manifest(&self) -> &PackageManifest {
        &self.manifest
    }

    /// Where the first segment begins, in bytes from the beginning of the package.
    pub fn payload_offset(&self) -> u64 {
        self.payload_offset
    }

    /// Length of an encrypted segment in bytes, the last one excepted.
    pub fn segment_len(&self) -> u32 {
        PARAMS.encrypted_segment_len()
    }

    /// Appends the plaintext of the segment at `index` (0-based) to `out` and gives the leaf hash of the segment. The plaintext
    /// must not be used before [`PackageOpener::finish`] has said yes.
    pub fn open_segment(&self, index: u64, segment: &[u8], out: &mut Vec<u8>) -> Result<Hash, OpenFault> {
        let is_last = index.checked_add(1) == Some(self.segment_count);
        self.floe
            .open_segment(index, segment, is_last, out)
            .map_err(|_| OpenFault::DamagedPayload { segment: index })?;
        Ok(leaf_hash(segment))
    }

    /// The same with at most two segments, the first of them at `index`, into a place of exactly the length of the plaintext, and
    /// their leaf hashes into `leaves`, which has a place for each.
    pub(super) fn open_two_into(
        &self,
        index: u64,
        sealed: &[u8],
        out: &mut [u8],
        leaves: &mut [Hash],
    ) -> Result<(), OpenFault> {
        put_leaf_hashes(sealed, leaves);
        let mut rest = out;
        for (index, (segment, _)) in (index..).zip(segments(sealed, self.segment_len())) {
            let damaged = OpenFault::DamagedPayload { segment: index };
            let len = segment.len().saturating_sub(SEGMENT_OVERHEAD as usize);
            let (place, behind) = rest.split_at_mut_checked(len).ok_or_else(|| damaged.clone())?;
            let is_last = index.checked_add(1) == Some(self.segment_count);
            self.floe
                .open_segment_into(index, segment, is_last, place)
                .map_err(|_| damaged)?;
            rest = behind;
        }
        Ok(())
    }

    /// Length of all segments together, in bytes.
    pub(super) fn payload_len(&self) -> u64 {
        self.payload_len
    }

    /// Tests the leaf hashes of all segments, in their order, against what the sender signed; gives the hash of the package.
    pub fn finish(&self, segment_leaves: impl IntoIterator<Item = Hash>) -> Result<Hash, OpenFault> {
        let [header, manifest, floe_header] = self.front_leaves;
        let payload: Vec<Hash> = std::iter::once(floe_header).chain(segment_leaves).collect();
        if root(&payload) != self.manifest.payload_root {
            return Err(OpenFault::OtherPayload);
        }
        Ok(root([header, manifest].iter().chain(&payload)))
    }
}

impl fmt::Debug for PackageOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageOpener")
            .field("segment_count", &self.segment_count)
            .finish_non_exhaustive()
    }
}

/// Opens a whole package. `pinned` are the keys that the sender named by [`peek`] may sign with.
pub fn open_package(bytes: &[u8], keys: &RecipientKeys, pinned: &[NoteVerifier]) -> Result<OpenedPackage, OpenFault> {
    let opener = PackageOpener::new(bytes, bytes.len() as u64, keys, pinned)?;
    let too_long = OpenFault::WrongLength {
        got: bytes.len() as u64,
        want: opener.payload_offset,
    };
    let offset = usize::try_from(opener.payload_offset).map_err(|_| too_long.clone())?;
    let body = bytes.get(offset..).ok_or(too_long)?;
    // No longer than the package itself, which lies in memory already.
    let mut plaintext = Vec::with_capacity(body.len());
    let mut leaves = Vec::new();
    let result = (0..)
        .zip(segments(body, opener.segment_len()))
        .try_for_each(|(index, (segment, _))| {
            leaves.push(opener.open_segment(index, segment, &mut plaintext)?);
            Ok(())
        })
        .and_then(|()| opener.finish(leaves));
    match result {
        Ok(package_hash) => Ok(OpenedPackage {
            manifest: opener.manifest,
            plaintext,
            package_hash,
        }),
        Err(fault) => {
            plaintext.zeroize();
            Err(fault)
        }
    }
}

/// A package cut at its framing.
struct Parts<'a> {
    header: PackageHeader,
    header_bytes: &'a [u8],
    manifest: &'a [u8],
    floe_header: &'a [u8],
}

impl<'a> Parts<'a> {
    fn split(front: &'a [u8], total_len: u64) -> Result<Self, OpenFault> {
        let (header, header_len) = PackageHeader::parse(front)?;
        let short = |want: usize| OpenFault::WrongLength {
            got: total_len,
            want: want as u64,
        };
        let least = header_len + FRAME_LEN;
        let (header_bytes, rest) = front.split_at_checked(header_len).ok_or(short(least))?;
        let (frame, rest) = rest.split_first_chunk::<FRAME_LEN>().ok_or(short(least))?;
        let manifest_len = u32::from_be_bytes(*frame);
        let least_manifest = MANIFEST_NONCE_LEN + MANIFEST_TAG_LEN;
        let manifest_len = usize::try_from(manifest_len)
            .ok()
            .filter(|len| (least_manifest..=MAX_MANIFEST_LEN as usize).contains(len))
            .ok_or(OpenFault::DamagedManifest)?;
        let least = least + manifest_len + FLOE_HEADER_LEN;
        let (manifest, rest) = rest.split_at_checked(manifest_len).ok_or(short(least))?;
        let (floe_header, _) = rest.split_at_checked(FLOE_HEADER_LEN).ok_or(short(least))?;
        Ok(Self {
            header,
            header_bytes,
            manifest,
            floe_header,
        })
    }

    fn payload_offset(&self) -> usize {
        self.header_bytes.len() + FRAME_LEN + self.manifest.len() + self.floe_header.len()
    }
}

fn file_key(header: &PackageHeader, keys: &RecipientKeys) -> Result<PackageKey, OpenFault> {
    let mine = header
        .recipients()
        .iter()
        .zip(header.stanzas())
        .enumerate()
        .find_map(|(index, (line, stanza))| Some((index, stanza, keys.find(line.key_id)?)));
    let (index, stanza, key) = mine.ok_or(OpenFault::NotForUs)?;
    let damaged = OpenFault::DamagedHeader(HeaderFault::Stanza { index });
    let sealed = Encapsulated {
        enc: stanza.enc.clone(),
        ciphertext: stanza.ciphertext.clone(),
    };
    let info = preamble(header.sender(), header.recipients());
    let opened = open_from(key, &sealed, info.as_bytes(), b"").map_err(|_| damaged.clone())?;
    opened.as_slice().try_into().map(PackageKey::new).map_err(|_| damaged)
}

fn decrypt_manifest(key: &PackageKey, parts: &Parts<'_>) -> Result<Zeroizing<Vec<u8>>, OpenFault> {
    let (nonce, sealed) = parts
        .manifest
        .split_first_chunk::<MANIFEST_NONCE_LEN>()
        .ok_or(OpenFault::DamagedManifest)?;
    let payload = Payload {
        msg: sealed,
        aad: parts.header_bytes,
    };
    manifest_cipher(key)
        .decrypt(&(*nonce).into(), payload)
        .map(Zeroizing::new)
        .map_err(|_| OpenFault::DamagedManifest)
}

fn verify_manifest(note: &[u8], parts: &Parts<'_>, pinned: &[NoteVerifier]) -> Result<PackageManifest, OpenFault> {
    let note = SignedNote::parse(note).map_err(|_| OpenFault::DamagedManifest)?;
    verify_signature(&note, pinned)?;
    let manifest = PackageManifest::parse(note.text()).map_err(|_| OpenFault::DamagedManifest)?;
    let recipients = parts.header.recipients().iter().map(|r| (r.party, r.key_id));
    // The hash of the header binds sender and recipients as well; their lines must not contradict it.
    if manifest.header_sha256 != sha256(parts.header_bytes)
        || manifest.sender != parts.header.sender()
        || !recipients.eq(manifest.recipients.iter().copied())
    {
        return Err(OpenFault::OtherHeader);
    }
    Ok(manifest)
}

fn verify_signature(note: &SignedNote, pinned: &[NoteVerifier]) -> Result<(), OpenFault> {
    let mut fault = OpenFault::UnknownSigner;
    for verifier in pinned {
        match verifier.verify(note) {
            Ok(()) => return Ok(()),
            Err(NoteSignError::Wrong { .. }) => fault = OpenFault::BadSignature,
            Err(_) => {}
        }
    }
    Err(fault)
}
