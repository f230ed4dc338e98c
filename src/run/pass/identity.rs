//! Identities of files that were judged: what makes the same bytes a duplicate.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use crate::domain::fault::Fault;
use crate::domain::ids::PartyId;
use crate::domain::party::FileKind;
use crate::format::state::ExchangeState;
use crate::pipeline::intake::{ExchangeFacts, FileIdentity};
use crate::run::trouble;
use crate::seal::digest;
use crate::seal::secret::YearRoot;
use crate::store::master::Master;

/// Salt of the key of identities: it belongs to no year, since identities are looked up for seven.
const SALT: &[u8] = b"sekisho/v1/identity-key";

/// The keyed digest under which an identity, a spool file or a stored answer is known.
pub(in crate::run) struct IdentityKey(zeroize::Zeroizing<[u8; 32]>);

impl IdentityKey {
    /// The key of the site.
    pub(in crate::run) fn new(root: &YearRoot) -> Self {
        Self(digest::hkdf_sha256(SALT, root.expose(), &[]))
    }

    /// Digest of a file's identity.
    pub(super) fn of(&self, identity: &FileIdentity) -> [u8; 32] {
        digest::hmac_sha256(
            &*self.0,
            &[
                b"file\0",
                &identity.sha256,
                identity.sender.as_str().as_bytes(),
                b"\0",
                identity.receiver.as_ref().map_or("", PartyId::as_str).as_bytes(),
                b"\0",
                identity.kind.as_str().as_bytes(),
                &identity.serial.to_be_bytes(),
            ],
        )
    }

    /// Digest of the SHA-256 of a notice file, by which its acknowledgement is known.
    pub(super) fn of_notice(&self, sha256: &[u8; 32]) -> [u8; 32] {
        digest::hmac_sha256(&*self.0, &[b"notice\0", sha256])
    }

    /// Digest of a file's path in the archive, relative to the site.
    pub(in crate::run) fn of_archived(&self, path: &str) -> [u8; 32] {
        digest::hmac_sha256(&*self.0, &[b"archive\0", path.as_bytes()])
    }

    /// Digest of what lies in an inbound folder under a name; `content` is empty for what is left in its place.
    pub(super) fn of_arrival(&self, folder: &str, name: &str, content: &[u8]) -> [u8; 32] {
        digest::hmac_sha256(
            &*self.0,
            &[b"arrival\0", folder.as_bytes(), b"\0", name.as_bytes(), b"\0", content],
        )
    }
}

/// A stored answer, by which a duplicate is answered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::run) struct StoredAnswer {
    /// Standard file name.
    pub name: String,
    /// Kind.
    pub kind: String,
    /// Serial.
    pub serial: u32,
    /// Number of its data records.
    pub records: u64,
    /// Generation that it tells of, 0 for none.
    pub generation: u64,
}

/// What is kept of a judged file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::run) struct IdentityRecord {
    /// Business date of the run that judged it.
    pub business_date: u32,
    /// True where it was rejected as a whole.
    pub rejected: bool,
    /// Its answer; kinds that are never answered have none.
    pub answer: Option<StoredAnswer>,
    /// True once the ledger has a leaf of a repetition.
    pub repeated: bool,
}

/// That a file lies in the archive: without it nobody could tell that it was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::run) struct ArchivedRecord {
    /// Path relative to the site, `archive/YEAR/ID`.
    pub archived: String,
    /// Length of the sealed file in bytes.
    pub len_bytes: u64,
}

impl ArchivedRecord {
    /// The row of the table of identities.
    pub(in crate::run) fn row(&self, key: &IdentityKey) -> Result<([u8; 32], Vec<u8>), Fault> {
        let bytes = serde_json::to_vec(self).map_err(trouble::bug)?;
        Ok((key.of_archived(&self.archived), bytes))
    }
}

/// A row of the table of identities.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(in crate::run) enum Known {
    /// A judged file.
    Judged(IdentityRecord),
    /// A file in the archive.
    Archived(ArchivedRecord),
}

/// What is known of earlier files, for the pure checks. A failure of the store is kept aside and must be asked for.
pub(super) struct Book<'a> {
    master: &'a Master,
    key: &'a IdentityKey,
    state: &'a ExchangeState,
    failed: RefCell<Option<Fault>>,
}

impl<'a> Book<'a> {
    /// Over the newest commit.
    pub(super) fn new(master: &'a Master, key: &'a IdentityKey, state: &'a ExchangeState) -> Self {
        Self {
            master,
            key,
            state,
            failed: RefCell::new(None),
        }
    }

    /// What is kept of a file with this identity.
    pub(super) fn record(&self, identity: &FileIdentity) -> Result<Option<IdentityRecord>, Fault> {
        let found = self
            .master
            .identity(&self.key.of(identity))
            .map_err(|e| trouble::master(&e))?;
        found
            .map(|bytes| serde_json::from_slice(&bytes).map_err(trouble::damaged("store: identities")))
            .transpose()
    }

    /// The failure that a check could not report.
    pub(super) fn failure(&self) -> Result<(), Fault> {
        self.failed.borrow_mut().take().map_or(Ok(()), Err)
    }
}

impl ExchangeFacts for Book<'_> {
    fn is_answered(&self, identity: &FileIdentity) -> bool {
        match self.record(identity) {
            Ok(record) => record.is_some(),
            Err(fault) => {
                self.failed.borrow_mut().get_or_insert(fault);
                false
            }
        }
    }

    fn next_serial(&self, sender: PartyId, kind: FileKind) -> u32 {
        self.state.next_inbound(sender, kind)
    }

    fn oldest_kept(&self, _sender: PartyId, _kind: FileKind) -> u32 {
        // Nothing is disposed of before retention exists; until then every identity is kept.
        1
    }
}
