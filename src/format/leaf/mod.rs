//! Leaves of the ledger: one canonical JSON object each, with a private part where the public one would say too much.
//! Implements `docs/formats/ledger.md`, section "Leaf".

mod act;
mod text;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tile::MAX_ENTRY_BYTES;
use crate::domain::ids::PartyId;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::party::FileKind;

pub use act::{Act, Outcome};
pub use text::{FileHash, Label, MAX_LABEL_BYTES};
use text::{by_name, maybe, one};

/// The version that this program writes and reads.
pub const VERSION: u16 = 1;

/// Random bytes in a private part, so that nobody finds its content by trying.
pub const SALT_BYTES: usize = 32;

/// Why a leaf cannot be written or is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// A part is longer than an entry can be.
    #[error("leaf of {bytes} bytes is over the limit of {MAX_ENTRY_BYTES}")]
    TooLong {
        /// Length of the part.
        bytes: usize,
    },
    /// Not a JSON object with the known fields and values of their form.
    #[error("leaf is malformed at byte {byte}")]
    Malformed {
        /// Where reading stopped, from 1.
        byte: usize,
    },
    /// A version that this program does not know.
    #[error("leaf is not of version {VERSION}")]
    Version,
    /// Right content, but not in the one spelling: order of fields, blanks, escapes.
    #[error("leaf is not in its canonical form")]
    NotCanonical,
    /// A field that this act must have is missing.
    #[error("{} leaf without {field}", act.as_str())]
    Missing {
        /// The act.
        act: Act,
        /// Name of the field.
        field: &'static str,
    },
    /// A field that this act, or this part of the leaf, must not have.
    #[error("{} leaf with {field}", act.as_str())]
    Forbidden {
        /// The act.
        act: Act,
        /// Name of the field.
        field: &'static str,
    },
    /// The private part is not the one that the public part names.
    #[error("private part does not belong to the leaf")]
    Private,
}

/// What a leaf says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileFacts {
    /// File name without folder.
    pub name: Label,
    /// Kind of exchange file.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<FileKind>,
    /// Sender.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<PartyId>,
    /// Receiver.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub receiver: Option<PartyId>,
    /// Serial of the sender for this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<u64>,
    /// Length in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Number of data records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Hash of its bytes.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<FileHash>,
}

impl FileFacts {
    /// Facts of a file of which only the name is known.
    pub fn named(name: Label) -> Self {
        Self {
            name,
            kind: None,
            sender: None,
            receiver: None,
            serial: None,
            size: None,
            records: None,
            hash: None,
        }
    }
}

/// The name of a generation: its number and its two logical roots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationName {
    /// Absolute number.
    pub number: u64,
    /// Logical root of the current rows.
    #[serde(with = "one")]
    pub current: [u8; 32],
    /// Logical root of the history.
    #[serde(with = "one")]
    pub history: [u8; 32],
}

/// The persons whom a leaf concerns: how many, and the root of the sealed list of their keyed digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subjects {
    /// Number of persons.
    pub count: u64,
    /// RFC 6962 root over the digests.
    #[serde(with = "one")]
    pub root: [u8; 32],
}

/// One leaf. The order of the fields is that of the canonical text; a field without a value is left out there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    #[serde(rename = "v")]
    version: u16,
    /// What was done.
    #[serde(with = "one")]
    pub act: Act,
    /// When, by the clock. Absent only in the public part of an outgoing leaf.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Instant>,
    /// Business date of the run.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub business_date: Option<BusinessDate>,
    /// Id of the run.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Label>,
    /// Operator, or the name of the service that acted.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Label>,
    /// Role in which the operator acted.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Label>,
    /// Terminal.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<Label>,
    /// Ed25519 signature of the operator over the request, in hex.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<[u8; 64]>,
    /// How it ended.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Code of the finding or of the refusal.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Label>,
    /// Code of the purpose.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Label>,
    /// Number of the application (申請).
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub application: Option<Label>,
    /// Who approved it.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub approver: Option<Label>,
    /// The file that the act is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileFacts>,
    /// The files that went in, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<FileFacts>,
    /// Package hash of the sealed file that the act is about.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub package: Option<[u8; 32]>,
    /// Size of that package in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Counts by name, e.g. `asked`, `given`, `applied`, `refused`, `duplicate`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counts: BTreeMap<Label, u64>,
    /// Numbers of the items that were given or asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<u8>,
    /// Generation before the act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation_before: Option<GenerationName>,
    /// Generation after the act.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation_after: Option<GenerationName>,
    /// Hash of the layouts in force.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub layout_hash: Option<[u8; 32]>,
    /// Hash of the rule tables in force.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub rules_hash: Option<[u8; 32]>,
    /// Head hashes of registers, by register.
    #[serde(with = "by_name", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub heads: BTreeMap<Label, [u8; 32]>,
    /// Id of the medium.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<Label>,
    /// Id of the key that sealed or signed the file.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<Label>,
    /// Key change: verifier key text of the key that signs up to here.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub key_before: Option<Label>,
    /// Key change: verifier key text of the key that signs from the next log on.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub key_after: Option<Label>,
    /// The persons concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subjects: Option<Subjects>,
    /// Log opened: the last checkpoint of the log before, the whole signed note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<String>,
    /// Plain SHA-256 of an inbound file. Stands in the private part only.
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    pub plain_sha256: Option<[u8; 32]>,
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    salt: Option<[u8; SALT_BYTES]>,
    #[serde(with = "maybe", default, skip_serializing_if = "Option::is_none")]
    private: Option<[u8; 32]>,
}

/// A leaf as it is stored: the entry of the log, and what is sealed beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafBytes {
    /// The entry.
    pub public: Vec<u8>,
    /// The private part, to be sealed by the caller.
    pub private: Option<Vec<u8>>,
}

impl Leaf {
    /// A leaf that says no more than what and when.
    pub fn new(act: Act, time: Instant) -> Self {
        Self {
            time: Some(time),
            ..Self::bare(act)
        }
    }

    fn bare(act: Act) -> Self {
        Self {
            version: VERSION,
            act,
            time: None,
            business_date: None,
            run: None,
            actor: None,
            role: None,
            terminal: None,
            signature: None,
            outcome: None,
            reason: None,
            purpose: None,
            application: None,
            approver: None,
            file: None,
            inputs: Vec::new(),
            package: None,
            size: None,
            counts: BTreeMap::new(),
            items: Vec::new(),
            generation_before: None,
            generation_after: None,
            layout_hash: None,
            rules_hash: None,
            heads: BTreeMap::new(),
            medium: None,
            key_id: None,
            key_before: None,
            key_after: None,
            subjects: None,
            checkpoint: None,
            plain_sha256: None,
            salt: None,
            private: None,
        }
    }

    /// SHA-256 of the private part, in a leaf that was read and has one.
    pub fn private_hash(&self) -> Option<[u8; 32]> {
        self.private
    }

    /// True where [`Leaf::encode`] makes a private part and needs a salt for it.
    pub fn needs_salt(&self) -> bool {
        self.act == Act::Outgoing || self.plain_sha256.is_some()
    }

    /// The canonical bytes. An outgoing leaf keeps only act, package hash and size in public; of other leaves the plain
    /// hash of a file is private. `salt` is 32 fresh random bytes wherever [`Leaf::needs_salt`].
    ///
    /// # Errors
    /// `Missing` or `Forbidden` where the fields do not fit the act, `TooLong`.
    pub fn encode(&self, salt: Option<&[u8; SALT_BYTES]>) -> Result<LeafBytes, LeafError> {
        self.need("time", self.time.is_some())?;
        self.forbid("salt", self.salt.is_some())?;
        self.forbid("private", self.private.is_some())?;
        self.check_act()?;
        if !self.needs_salt() {
            return Ok(LeafBytes {
                public: self.bytes()?,
                private: None,
            });
        }
        self.need("salt", salt.is_some())?;
        let (mut public, mut private) = if self.act == Act::Outgoing {
            (self.outgoing_public(), self.clone())
        } else {
            let mut public = self.clone();
            public.plain_sha256 = None;
            let mut private = Self::bare(self.act);
            private.plain_sha256 = self.plain_sha256;
            (public, private)
        };
        private.salt = salt.copied();
        let private = private.bytes()?;
        public.private = Some(Sha256::digest(&private).into());
        Ok(LeafBytes {
            public: public.bytes()?,
            private: Some(private),
        })
    }

    /// Reads an entry of the log.
    ///
    /// # Errors
    /// [`LeafError`]; every field is known, in its place, in its one spelling, and fits the act.
    pub fn parse(public: &[u8]) -> Result<Self, LeafError> {
        let leaf = Self::read(public)?;
        leaf.forbid("salt", leaf.salt.is_some())?;
        leaf.forbid("plain_sha256", leaf.plain_sha256.is_some())?;
        leaf.check_act()?;
        if leaf.act == Act::Outgoing {
            leaf.need("private", leaf.private.is_some())?;
            let mut bare = leaf.outgoing_public();
            bare.private = leaf.private;
            leaf.forbid("private facts", bare != leaf)?;
        } else {
            leaf.need("time", leaf.time.is_some())?;
        }
        Ok(leaf)
    }

    /// The whole leaf: this public part, as it was read, with its private part.
    ///
    /// # Errors
    /// [`LeafError::Private`] where `private` is not what the public part names, else as [`Leaf::parse`].
    pub fn with_private(&self, private: &[u8]) -> Result<Self, LeafError> {
        let hash: [u8; 32] = Sha256::digest(private).into();
        if self.private != Some(hash) {
            return Err(LeafError::Private);
        }
        let mut inner = Self::read(private)?;
        let salt = inner.salt.take();
        inner.need("salt", salt.is_some())?;
        inner.forbid("private", inner.private.is_some())?;
        if inner.act != self.act {
            return Err(LeafError::Private);
        }
        if self.act == Act::Outgoing {
            inner.need("time", inner.time.is_some())?;
            let same = inner.package == self.package && inner.size == self.size;
            return if same { Ok(inner) } else { Err(LeafError::Private) };
        }
        let mut whole = self.clone();
        whole.private = None;
        whole.plain_sha256 = inner.plain_sha256.take();
        if inner == Self::bare(self.act) {
            Ok(whole)
        } else {
            Err(LeafError::Private)
        }
    }

    fn outgoing_public(&self) -> Self {
        let mut public = Self::bare(self.act);
        public.package = self.package;
        public.size = self.size;
        public
    }

    fn bytes(&self) -> Result<Vec<u8>, LeafError> {
        let bytes = serde_json::to_vec(self).map_err(|_| LeafError::NotCanonical)?;
        within_limit(&bytes)?;
        Ok(bytes)
    }

    fn read(bytes: &[u8]) -> Result<Self, LeafError> {
        within_limit(bytes)?;
        // Before the fields: a later version may have others.
        if bytes.starts_with(b"{\"v\":") && !bytes.starts_with(b"{\"v\":1,") {
            return Err(LeafError::Version);
        }
        let leaf: Self = serde_json::from_slice(bytes).map_err(|e| LeafError::Malformed { byte: e.column() })?;
        if leaf.version != VERSION {
            return Err(LeafError::Version);
        }
        if leaf.bytes()? == bytes {
            Ok(leaf)
        } else {
            Err(LeafError::NotCanonical)
        }
    }

    /// Fields that an act cannot be without, and fields that belong to it alone.
    fn check_act(&self) -> Result<(), LeafError> {
        let keys = self.key_before.is_some() || self.key_after.is_some();
        self.forbid("items", !self.items.iter().all(|item| (1..=28).contains(item)))?;
        match self.act {
            Act::Outgoing => {
                self.need("package", self.package.is_some())?;
                self.need("size", self.size.is_some())?;
            }
            Act::KeyChange => {
                self.need("key_before", self.key_before.is_some())?;
                self.need("key_after", self.key_after.is_some())?;
                return self.forbid("checkpoint", self.checkpoint.is_some());
            }
            Act::YearOpened => {
                self.need("checkpoint", self.checkpoint.is_some())?;
                return self.forbid("keys", keys);
            }
            Act::Init
            | Act::Register
            | Act::Received
            | Act::Held
            | Act::Released
            | Act::Dropped
            | Act::Refused
            | Act::Duplicate
            | Act::Applied
            | Act::Reconciled
            | Act::Provided
            | Act::Searched
            | Act::Disclosed
            | Act::Published
            | Act::Archived
            | Act::Acknowledged
            | Act::Compacted
            | Act::Erased
            | Act::BackedUp
            | Act::Restored
            | Act::Opened
            | Act::SignedIn => {}
        }
        self.forbid("keys", keys)?;
        self.forbid("checkpoint", self.checkpoint.is_some())
    }

    fn need(&self, field: &'static str, given: bool) -> Result<(), LeafError> {
        if given {
            Ok(())
        } else {
            Err(LeafError::Missing { act: self.act, field })
        }
    }

    fn forbid(&self, field: &'static str, given: bool) -> Result<(), LeafError> {
        if given {
            Err(LeafError::Forbidden { act: self.act, field })
        } else {
            Ok(())
        }
    }
}

fn within_limit(bytes: &[u8]) -> Result<(), LeafError> {
    if bytes.len() > MAX_ENTRY_BYTES {
        Err(LeafError::TooLong { bytes: bytes.len() })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
