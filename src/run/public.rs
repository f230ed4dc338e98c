//! A site as it can be read without its keys: settings, register of parties, serials, own public keys.
//!
//! The register is tested against the head in the newest manifest, and that against `CURRENT`; only opening the site
//! tests `CURRENT` against the ledger as well.

use std::path::Path;

use super::site::read_config;
use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::format::config::Config;
use crate::format::keyfile::PublicKeys;
use crate::format::state::ExchangeState;
use crate::ports::Disk;
use crate::seal::hpke::SealingPublicKey;
use crate::seal::keys::SiteSecrets;
use crate::seal::notesign::NoteVerifier;
use crate::store::folders::Folders;
use crate::store::paths::StorePaths;
use crate::store::registers::{PARTIES, Parties};
use crate::store::{atomic, generations};

/// Two keys of each kind and a few old ones.
pub(super) const PUBLIC_MAX_BYTES: u64 = 64 << 10;

/// What a site shows without its keys.
pub struct PublicSite {
    /// Where everything lies.
    pub folders: Folders,
    /// Settings.
    pub config: Config,
    /// The register of parties.
    pub parties: Parties,
    /// Serials and register heads as of the newest commit.
    pub exchange: ExchangeState,
}

impl PublicSite {
    /// Reads the site at `root`.
    ///
    /// # Errors
    /// `SiteMissing`, `ConfigWrong`, `StoreDamaged`, `RegisterDamaged`, `DiskFailed`.
    pub fn open(disk: &dyn Disk, root: &Path) -> Result<Self, Fault> {
        let folders = Folders::new(root);
        let config = read_config(disk, &folders)?;
        let paths = StorePaths::new(folders.store());
        let pointer = generations::current(disk, &paths).map_err(|e| trouble::master(&e))?;
        let exchange = match pointer {
            None => ExchangeState::default(),
            Some(pointer) => {
                generations::read_manifest(disk, &paths, pointer.commit, Some(pointer.manifest))
                    .map_err(|e| trouble::master(&e))?
                    .exchange
            }
        };
        let register = folders.parties();
        let parties =
            Parties::load(disk, &register, exchange.register(PARTIES)).map_err(trouble::register(&register))?;
        Ok(Self {
            folders,
            config,
            parties,
            exchange,
        })
    }

    /// The site's own public keys.
    ///
    /// # Errors
    /// `PublicKeysMissing`.
    pub fn own_keys(&self, disk: &dyn Disk) -> Result<PublicKeys, Fault> {
        let path = self.folders.public_keys();
        let missing = |why: &dyn std::fmt::Display| {
            Fault::new(FaultId::PublicKeysMissing)
                .with("path", path.display())
                .with("why", why)
        };
        let bytes = disk.read(&path, PUBLIC_MAX_BYTES).map_err(|e| missing(&e.kind()))?;
        let text = String::from_utf8(bytes).map_err(|_| missing(&"not UTF-8"))?;
        PublicKeys::parse(&text).map_err(|e| missing(&e))
    }

    /// The keys that a party's packages may be signed with: the registered one, or the site's own. Empty where none is
    /// known.
    ///
    /// # Errors
    /// `PublicKeysMissing`, `RegisterDamaged`.
    pub fn signing_keys(&self, disk: &dyn Disk, party: PartyId) -> Result<Vec<NoteVerifier>, Fault> {
        if party == self.config.id {
            let damaged = |_| {
                Fault::new(FaultId::PublicKeysMissing)
                    .with("path", self.folders.public_keys().display())
                    .with("why", "package")
            };
            let keys = self.own_keys(disk)?;
            return keys
                .package
                .iter()
                .map(|key| NoteVerifier::parse(key).map_err(damaged))
                .collect();
        }
        registered_signing_keys(&self.parties, &self.folders, party)
    }

    /// The key that packages for a party are sealed to.
    ///
    /// # Errors
    /// `PartyUnknown`, `PartyKeyMissing`, `PublicKeysMissing`, `RegisterDamaged`.
    pub fn sealing_key(&self, disk: &dyn Disk, party: PartyId) -> Result<SealingPublicKey, Fault> {
        if party == self.config.id {
            let keys = self.own_keys(disk)?;
            let key = keys.sealing.first().and_then(|key| SealingPublicKey::parse(key).ok());
            return key.ok_or_else(|| {
                Fault::new(FaultId::PublicKeysMissing)
                    .with("path", self.folders.public_keys().display())
                    .with("why", "sealing")
            });
        }
        registered_sealing_key(&self.parties, &self.folders, party)
    }
}

/// The registered signing key of a party, none where it has none.
pub(super) fn registered_signing_keys(
    parties: &Parties,
    folders: &Folders,
    party: PartyId,
) -> Result<Vec<NoteVerifier>, Fault> {
    let text = parties.get(party).and_then(|party| party.signing_key.as_deref());
    // The keys were tested when they were registered.
    let keys = text.map(|text| NoteVerifier::parse(text).map_err(|_| register_damaged(folders)));
    keys.into_iter().collect()
}

/// The registered sealing key of a party.
pub(super) fn registered_sealing_key(
    parties: &Parties,
    folders: &Folders,
    party: PartyId,
) -> Result<SealingPublicKey, Fault> {
    let known = parties
        .get(party)
        .ok_or_else(|| Fault::new(FaultId::PartyUnknown).with("party", party))?;
    let text = known
        .sealing_key
        .as_deref()
        .ok_or_else(|| Fault::new(FaultId::PartyKeyMissing).with("party", party))?;
    SealingPublicKey::parse(text).map_err(|_| register_damaged(folders))
}

fn register_damaged(folders: &Folders) -> Fault {
    Fault::new(FaultId::RegisterDamaged).with("path", folders.parties().display())
}

/// The public keys of opened secrets.
pub fn keys_of(secrets: &SiteSecrets) -> PublicKeys {
    PublicKeys {
        ledger: secrets.ledger_signer.vkey(),
        package: vec![secrets.package_signer.vkey()],
        sealing: secrets
            .public_sealing_keys()
            .iter()
            .map(SealingPublicKey::text)
            .collect(),
    }
}

/// Writes the public keys where they can be read without opening the others.
///
/// # Errors
/// `DiskFailed`, `FsyncFailed`.
pub fn publish(disk: &dyn Disk, folders: &Folders, keys: &PublicKeys) -> Result<(), Fault> {
    atomic::publish(disk, &folders.public_keys(), keys.text().as_bytes()).map_err(|e| trouble::atomic(&e))
}
