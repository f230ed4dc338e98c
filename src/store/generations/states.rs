//! The multiset states behind the logical roots, encrypted in the manifest under a key of their own.

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::tally::{Sums, Tally};
use crate::domain::entry::{Entry, Standing, Version};
use crate::format::manifest::{Counts, Hash32, Hex, Manifest, Roots, SealedStates};
use crate::format::rowcode::{RowFault, put_canonical_entry, put_canonical_version, row_digest};
use crate::seal::floe::{FloeFault, FloeKey, FloeParams, open_all, seal_all};
use crate::seal::multiset::{Multiset, MultisetFault, RootHasher, STATE_BYTES};
use crate::seal::secret::{MultisetKey, SiteKey};
use crate::seal::wrap::{Purpose, WrapFault, unwrap_key, wrap_key};

/// Labels of the roots; they are part of every hash.
const CURRENT_LABEL: &str = "current";
const HISTORY_LABEL: &str = "history";
/// Both states and the check of the key fit one small segment.
const SEGMENTS: FloeParams = FloeParams::fixed::<4096>();

/// Why the states cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Their key cannot be unwrapped.
    #[error("the key of the root states cannot be used")]
    Key {
        /// Why.
        source: WrapFault,
    },
    /// They do not decrypt.
    #[error("the root states do not decrypt")]
    Seal {
        /// Why.
        source: FloeFault,
    },
    /// They decrypt to another length.
    #[error("the root states have {got} bytes")]
    Length {
        /// Length found.
        got: usize,
    },
    /// They were made with another root key.
    #[error("the root states belong to another root key")]
    RootKey,
    /// They do not give the published roots.
    #[error("the root states do not give the published root of {table}")]
    Root {
        /// Which root.
        table: &'static str,
    },
    /// A row cannot be added or removed.
    #[error("{source}")]
    Count {
        /// Why.
        source: MultisetFault,
    },
    /// The thread that adds rows up could not be had, or ended before its time.
    #[error("the thread of the roots ended")]
    Thread,
    /// A row has no canonical form.
    #[error("{source}")]
    Row {
        /// Why.
        source: RowFault,
    },
}

/// States and counts of a register, kept up row by row.
pub(super) struct States {
    current_hasher: RootHasher,
    history_hasher: RootHasher,
    current: Multiset,
    history: Multiset,
    pub(super) counts: Counts,
    /// Room for one canonical row.
    canonical: Vec<u8>,
}

impl States {
    /// Those of an empty register.
    pub(super) fn empty(key: &MultisetKey) -> Self {
        Self {
            current_hasher: RootHasher::new(key, CURRENT_LABEL),
            history_hasher: RootHasher::new(key, HISTORY_LABEL),
            current: Multiset::empty(),
            history: Multiset::empty(),
            counts: Counts::default(),
            canonical: Vec::new(),
        }
    }

    /// Those of a manifest, tested against its roots.
    pub(super) fn open(manifest: &Manifest, site: &SiteKey, key: &MultisetKey) -> Result<Self, StateError> {
        let SealedStates { wrapped_key, sealed } = &manifest.root_states;
        let context = context(manifest.commit);
        let unwrapped =
            unwrap_key(site, Purpose::Run, &context, &wrapped_key.0).map_err(|source| StateError::Key { source })?;
        let bytes = open_all(&FloeKey::new(*unwrapped), SEGMENTS, context.as_bytes(), &sealed.0)
            .map_err(|source| StateError::Seal { source })?;
        let bytes = Zeroizing::new(bytes);
        let wrong = StateError::Length { got: bytes.len() };
        let ([current, history, key_check], []) = bytes.as_chunks::<STATE_BYTES>() else {
            return Err(wrong);
        };
        let empty = Self::empty(key);
        if *key_check != empty.current_hasher.key_check() {
            return Err(StateError::RootKey);
        }
        let states = Self {
            current: Multiset::from_bytes(current, manifest.counts.entries()),
            history: Multiset::from_bytes(history, manifest.counts.versions),
            counts: manifest.counts,
            ..empty
        };
        let Roots { current, history } = states.roots();
        if current != manifest.roots.current {
            return Err(StateError::Root { table: CURRENT_LABEL });
        }
        if history != manifest.roots.history {
            return Err(StateError::Root { table: HISTORY_LABEL });
        }
        Ok(states)
    }

    /// Encrypts the states for the manifest of `commit`.
    pub(super) fn seal<R: CryptoRng + ?Sized>(
        &self,
        commit: u64,
        site: &SiteKey,
        rng: &mut R,
    ) -> Result<SealedStates, StateError> {
        let mut key = Zeroizing::new([0; 32]);
        let (mut nonce, mut iv) = ([0; 12], [0; 32]);
        rng.fill_bytes(&mut *key);
        rng.fill_bytes(&mut nonce);
        rng.fill_bytes(&mut iv);
        let context = context(commit);
        let wrapped =
            wrap_key(site, Purpose::Run, &context, &key, nonce).map_err(|source| StateError::Key { source })?;
        let plain = [
            self.current.bytes(),
            self.history.bytes(),
            self.current_hasher.key_check(),
        ];
        let plain = Zeroizing::new(plain.concat());
        let sealed = seal_all(&FloeKey::new(*key), SEGMENTS, context.as_bytes(), iv, &plain)
            .map_err(|source| StateError::Seal { source })?;
        Ok(SealedStates {
            wrapped_key: Hex(wrapped.to_vec()),
            sealed: Hex(sealed),
        })
    }

    /// The roots to publish.
    pub(super) fn roots(&self) -> Roots {
        Roots {
            current: Hash32(self.current.root(&self.current_hasher)),
            history: Hash32(self.history.root(&self.history_hasher)),
        }
    }

    /// Takes rows for these states, in batches.
    pub(super) fn tally(&self) -> Tally {
        Tally::new(self.current_hasher.clone(), self.history_hasher.clone())
    }

    /// Adds what was tallied. The counts of entries are the caller's.
    pub(super) fn add_sums(&mut self, sums: &Sums) -> Result<(), StateError> {
        let count = |source| StateError::Count { source };
        self.current.add_all(&sums.entries_added).map_err(count)?;
        self.current.remove_all(&sums.entries_removed).map_err(count)?;
        self.history.add_all(&sums.versions_added).map_err(count)?;
        self.counts.versions = self.history.count();
        Ok(())
    }

    /// Adds states of other rows under the same key, counts included.
    pub(super) fn add_states(&mut self, other: &Self) -> Result<(), StateError> {
        let count = |source| StateError::Count { source };
        self.current.add_all(&other.current).map_err(count)?;
        self.history.add_all(&other.history).map_err(count)?;
        let (to, from) = (&mut self.counts, &other.counts);
        for (to, from) in [
            (&mut to.residents, from.residents),
            (&mut to.removed, from.removed),
            (&mut to.retired, from.retired),
            (&mut to.versions, from.versions),
            (&mut to.numbers, from.numbers),
            (&mut to.notices, from.notices),
        ] {
            *to = to.saturating_add(from);
        }
        Ok(())
    }

    pub(super) fn add_entry(&mut self, entry: &Entry) -> Result<(), StateError> {
        let digest = self.digest(|to| put_canonical_entry(entry, to))?;
        self.current
            .add(&self.current_hasher, &digest)
            .map_err(|source| StateError::Count { source })?;
        let count = self.count_of(entry);
        *count = count.saturating_add(1);
        Ok(())
    }

    pub(super) fn remove_entry(&mut self, entry: &Entry) -> Result<(), StateError> {
        let digest = self.digest(|to| put_canonical_entry(entry, to))?;
        self.current
            .remove(&self.current_hasher, &digest)
            .map_err(|source| StateError::Count { source })?;
        let count = self.count_of(entry);
        *count = count.saturating_sub(1);
        Ok(())
    }

    pub(super) fn add_version(&mut self, version: &Version) -> Result<(), StateError> {
        let digest = self.digest(|to| put_canonical_version(version, to))?;
        self.history
            .add(&self.history_hasher, &digest)
            .map_err(|source| StateError::Count { source })?;
        self.counts.versions = self.history.count();
        Ok(())
    }

    pub(super) fn remove_version(&mut self, version: &Version) -> Result<(), StateError> {
        let digest = self.digest(|to| put_canonical_version(version, to))?;
        self.history
            .remove(&self.history_hasher, &digest)
            .map_err(|source| StateError::Count { source })?;
        self.counts.versions = self.history.count();
        Ok(())
    }

    fn digest(&mut self, put: impl FnOnce(&mut Vec<u8>) -> Result<(), RowFault>) -> Result<[u8; 32], StateError> {
        self.canonical.clear();
        put(&mut self.canonical).map_err(|source| StateError::Row { source })?;
        Ok(row_digest(&self.canonical))
    }

    /// The count that an entry belongs to.
    pub(super) fn count_of(&mut self, entry: &Entry) -> &mut u64 {
        match entry.standing {
            Standing::Resident(_) => &mut self.counts.residents,
            Standing::Removed(_) => &mut self.counts.removed,
            Standing::Retired { .. } => &mut self.counts.retired,
        }
    }
}

/// Binds key and states to their commit: those of another cannot be put in their place.
fn context(commit: u64) -> String {
    format!("roots/{commit}")
}
