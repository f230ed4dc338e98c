//! The secrets of the site and of a party, and their lines inside a key file.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::unlock::{draw, open_key_file, seal_key_file};
use super::{KeyFault, Unlock};
use crate::domain::ids::PartyId;
use crate::format::keyfile::{ArgonCost, Kem, KeyFile, KeyRole};
use crate::seal::hpke::{SealingPublicKey, SealingSecretKey};
use crate::seal::notesign::NoteSigner;
use crate::seal::package::RecipientKeys;
use crate::seal::secret::{MultisetKey, SiteKey, YearRoot};

const SITE_KEY: &str = "site-key";
const RETIRED_SITE_KEY: &str = "retired-site-key";
const MULTISET_KEY: &str = "multiset-key";
const YEAR_ROOT: &str = "year-root";
const LEDGER_SIGNING: &str = "ledger-signing";
const PACKAGE_SIGNING: &str = "package-signing";
const SEALING: &str = "sealing";

/// Everything secret that the site has.
pub struct SiteSecrets {
    /// Id of the site as a party.
    pub owner: PartyId,
    /// Wraps every key at rest.
    pub site_key: SiteKey,
    /// Site keys that something may still be wrapped under while a rotation runs.
    pub retired_site_keys: Vec<SiteKey>,
    /// Root key of the multiset hash over rows; never changed.
    pub multiset_key: MultisetKey,
    /// Root of the yearly HMAC keys.
    pub year_root: YearRoot,
    /// Signs checkpoints of the ledger.
    pub ledger_signer: NoteSigner,
    /// Signs manifests of packages.
    pub package_signer: NoteSigner,
    /// Opens packages sent to the site; of each kind the first is the one to give out.
    pub sealing: Vec<SealingSecretKey>,
}

impl SiteSecrets {
    /// Draws all secrets of a new site. The key names stand in every signature, e.g. `sekisho.example/050008/ledger`.
    pub fn generate(
        owner: PartyId,
        ledger_key_name: &str,
        package_key_name: &str,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, KeyFault> {
        Ok(Self {
            owner,
            site_key: SiteKey::new(*draw(rng)),
            retired_site_keys: Vec::new(),
            multiset_key: MultisetKey::new(*draw(rng)),
            year_root: YearRoot::new(*draw(rng)),
            ledger_signer: NoteSigner::new(ledger_key_name, &draw(rng))?,
            package_signer: NoteSigner::new(package_key_name, &draw(rng))?,
            sealing: generate_sealing(rng)?,
        })
    }

    /// The bytes of the site's key file.
    pub fn to_file_bytes(&self, unlock: &Unlock, rng: &mut impl CryptoRng) -> Result<Vec<u8>, KeyFault> {
        self.to_file_bytes_at(unlock, ArgonCost::DEFAULT, rng)
    }

    pub(super) fn to_file_bytes_at(
        &self,
        unlock: &Unlock,
        cost: ArgonCost,
        rng: &mut impl CryptoRng,
    ) -> Result<Vec<u8>, KeyFault> {
        let mut out = Writer::new();
        out.key(SITE_KEY, self.site_key.expose());
        for key in &self.retired_site_keys {
            out.key(RETIRED_SITE_KEY, key.expose());
        }
        out.key(MULTISET_KEY, self.multiset_key.expose());
        out.key(YEAR_ROOT, self.year_root.expose());
        out.line(&[LEDGER_SIGNING, &self.ledger_signer.skey()]);
        out.line(&[PACKAGE_SIGNING, &self.package_signer.skey()]);
        out.sealing(&self.sealing);
        seal_key_file((KeyRole::Site, self.owner), &out.0, unlock, cost, rng)
    }

    /// Opens the site's key file.
    pub fn open(bytes: &[u8], unlock: &Unlock) -> Result<Self, KeyFault> {
        let (owner, text) = open_role(bytes, KeyRole::Site, unlock)?;
        let mut lines = Reader::new(&text);
        let secrets = Self {
            owner,
            site_key: SiteKey::new(*lines.key(SITE_KEY)?),
            retired_site_keys: lines
                .keys(RETIRED_SITE_KEY)?
                .into_iter()
                .map(|key| SiteKey::new(*key))
                .collect(),
            multiset_key: MultisetKey::new(*lines.key(MULTISET_KEY)?),
            year_root: YearRoot::new(*lines.key(YEAR_ROOT)?),
            ledger_signer: lines.signer(LEDGER_SIGNING)?,
            package_signer: lines.signer(PACKAGE_SIGNING)?,
            sealing: lines.sealing()?,
        };
        lines.end()?;
        Ok(secrets)
    }

    /// The keys that open packages sent to the site.
    pub fn recipient_keys(&self) -> RecipientKeys {
        RecipientKeys::new(self.sealing.clone())
    }

    /// The public keys to give to senders, one of each kind.
    pub fn public_sealing_keys(&self) -> Vec<SealingPublicKey> {
        current_public_keys(&self.sealing)
    }
}

impl fmt::Debug for SiteSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiteSecrets({})", self.owner)
    }
}

/// What a party of the exchange has.
pub struct PartySecrets {
    /// Id of the party.
    pub owner: PartyId,
    /// Signs manifests of packages.
    pub package_signer: NoteSigner,
    /// Opens packages sent to it; of each kind the first is the one to give out.
    pub sealing: Vec<SealingSecretKey>,
}

impl PartySecrets {
    /// Draws the secrets of a party.
    pub fn generate(owner: PartyId, package_key_name: &str, rng: &mut impl CryptoRng) -> Result<Self, KeyFault> {
        Ok(Self {
            owner,
            package_signer: NoteSigner::new(package_key_name, &draw(rng))?,
            sealing: generate_sealing(rng)?,
        })
    }

    /// The bytes of the party's key file.
    pub fn to_file_bytes(&self, unlock: &Unlock, rng: &mut impl CryptoRng) -> Result<Vec<u8>, KeyFault> {
        let mut out = Writer::new();
        out.line(&[PACKAGE_SIGNING, &self.package_signer.skey()]);
        out.sealing(&self.sealing);
        seal_key_file((KeyRole::Party, self.owner), &out.0, unlock, ArgonCost::DEFAULT, rng)
    }

    /// Opens a party's key file.
    pub fn open(bytes: &[u8], unlock: &Unlock) -> Result<Self, KeyFault> {
        let (owner, text) = open_role(bytes, KeyRole::Party, unlock)?;
        let mut lines = Reader::new(&text);
        let secrets = Self {
            owner,
            package_signer: lines.signer(PACKAGE_SIGNING)?,
            sealing: lines.sealing()?,
        };
        lines.end()?;
        Ok(secrets)
    }

    /// The keys that open packages sent to the party.
    pub fn recipient_keys(&self) -> RecipientKeys {
        RecipientKeys::new(self.sealing.clone())
    }

    /// The public keys to give to senders, one of each kind.
    pub fn public_sealing_keys(&self) -> Vec<SealingPublicKey> {
        current_public_keys(&self.sealing)
    }
}

impl fmt::Debug for PartySecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartySecrets({})", self.owner)
    }
}

fn generate_sealing(rng: &mut impl CryptoRng) -> Result<Vec<SealingSecretKey>, KeyFault> {
    let mut keys = Vec::new();
    for kem in Kem::ALL {
        keys.push(SealingSecretKey::generate(kem, rng)?);
    }
    Ok(keys)
}

fn current_public_keys(keys: &[SealingSecretKey]) -> Vec<SealingPublicKey> {
    Kem::ALL
        .into_iter()
        .filter_map(|kem| keys.iter().find(|key| key.kem() == kem))
        .map(|key| key.public().clone())
        .collect()
}

fn open_role(bytes: &[u8], role: KeyRole, unlock: &Unlock) -> Result<(PartyId, Zeroizing<String>), KeyFault> {
    let file = KeyFile::parse(bytes)?;
    if file.role != role {
        return Err(KeyFault::OtherRole);
    }
    let opened = open_key_file(&file, unlock)?;
    let text = std::str::from_utf8(&opened).map_err(|_| KeyFault::DoesNotOpen)?;
    Ok((file.owner, Zeroizing::new(text.to_owned())))
}

/// Room for the secrets of any site, so that the text is never moved and no copy of it stays behind.
const TEXT_CAPACITY: usize = 32 * 1024;

struct Writer(Zeroizing<String>);

impl Writer {
    fn new() -> Self {
        Self(Zeroizing::new(String::with_capacity(TEXT_CAPACITY)))
    }

    fn line(&mut self, words: &[&str]) {
        for (place, word) in words.iter().enumerate() {
            if place > 0 {
                self.0.push(' ');
            }
            self.0.push_str(word);
        }
        self.0.push('\n');
    }

    fn key(&mut self, name: &str, key: &[u8; 32]) {
        let encoded = Zeroizing::new(STANDARD.encode(key));
        self.line(&[name, &encoded]);
    }

    fn sealing(&mut self, keys: &[SealingSecretKey]) {
        for key in keys {
            let encoded = Zeroizing::new(STANDARD.encode(key.expose()));
            self.line(&[SEALING, key.kem().as_str(), &encoded]);
        }
    }
}

struct Reader<'a> {
    rest: &'a str,
    line_no: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text, line_no: 1 }
    }

    fn if_next(&mut self, name: &str) -> Option<&'a str> {
        let (line, rest) = self.rest.split_once('\n')?;
        let value = line.strip_prefix(name)?.strip_prefix(' ')?;
        self.rest = rest;
        self.line_no += 1;
        Some(value)
    }

    fn key(&mut self, name: &'static str) -> Result<Zeroizing<[u8; 32]>, KeyFault> {
        let value = self.if_next(name).ok_or(KeyFault::Secret { name })?;
        decode(value).ok_or(KeyFault::Secret { name })
    }

    fn keys(&mut self, name: &'static str) -> Result<Vec<Zeroizing<[u8; 32]>>, KeyFault> {
        let mut keys = Vec::new();
        while let Some(value) = self.if_next(name) {
            keys.push(decode(value).ok_or(KeyFault::Secret { name })?);
        }
        Ok(keys)
    }

    fn signer(&mut self, name: &'static str) -> Result<NoteSigner, KeyFault> {
        let value = self.if_next(name).ok_or(KeyFault::Secret { name })?;
        NoteSigner::parse(value).map_err(|_| KeyFault::Secret { name })
    }

    fn sealing(&mut self) -> Result<Vec<SealingSecretKey>, KeyFault> {
        let fault = KeyFault::Secret { name: SEALING };
        let mut keys = Vec::new();
        while let Some(value) = self.if_next(SEALING) {
            let (kem, encoded) = value.split_once(' ').ok_or(fault.clone())?;
            let kem = Kem::parse(kem).ok_or(fault.clone())?;
            let bytes = decode(encoded).ok_or(fault.clone())?;
            keys.push(SealingSecretKey::from_bytes(kem, &bytes).map_err(|_| fault.clone())?);
        }
        if keys.is_empty() { Err(fault) } else { Ok(keys) }
    }

    fn end(&self) -> Result<(), KeyFault> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(KeyFault::UnknownSecret { line_no: self.line_no })
        }
    }
}

fn decode(text: &str) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    let len = STANDARD.decode_slice(text, key.as_mut_slice()).ok()?;
    (len == 32).then_some(key)
}
