//! Key files: the site's, opened as its settings say, and those of parties.

use std::path::{Path, PathBuf};

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::output::{must_be_new, write_new};
use super::site::{Tools, Unlocking};
use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::format::config::{Config, UnlockBy};
use crate::ports::Disk;
use crate::seal::keys::{
    KeyFault, MIN_PASSPHRASE_CHARS, PartySecrets, Passphrase, SiteSecrets, Unlock, check_key_file_mode,
    generate_unlock_key, read_unlock_key, unlock_key_file,
};
use crate::store::atomic;
use crate::store::folders::Folders;

/// No key file is larger.
const KEY_FILE_MAX_BYTES: u64 = 1 << 20;
/// Name of the unlock key in the folder of systemd credentials.
const CREDENTIAL: &str = "sekisho-unlock";
/// Ending of the file that opens a party's key file.
const UNLOCK_ENDING: &str = "unlock";

/// Opens the site's key file.
pub fn open_site(
    disk: &dyn Disk,
    folders: &Folders,
    config: &Config,
    unlocking: Unlocking<'_>,
) -> Result<SiteSecrets, Fault> {
    let path = folders.site_keys();
    let bytes = read_private(disk, &path)?;
    of_this_version(&path, &bytes)?;
    let unlock = site_unlock(disk, folders, config, unlocking)?;
    SiteSecrets::open(&bytes, &unlock).map_err(|e| opening(&path, &e))
}

/// Draws and writes the secrets of a new site.
pub fn create_site(
    tools: Tools<'_>,
    folders: &Folders,
    config: &Config,
    unlocking: Unlocking<'_>,
) -> Result<SiteSecrets, Fault> {
    let mut rng = tools.generator()?;
    if config.unlock == UnlockBy::KeyFile {
        let path = unlock_path(folders, config);
        let key = generate_unlock_key(&mut rng);
        atomic::publish(tools.disk, &path, unlock_key_file(&key).as_bytes()).map_err(|e| trouble::atomic(&e))?;
    }
    let unlock = site_unlock(tools.disk, folders, config, unlocking)?;
    let names = ["ledger", "package"].map(|of| format!("sekisho/{}/{of}", config.id));
    let [ledger, package] = &names;
    let path = folders.site_keys();
    let secrets = SiteSecrets::generate(config.id, ledger, package, &mut rng).map_err(|e| opening(&path, &e))?;
    let bytes = secrets
        .to_file_bytes(&unlock, &mut rng)
        .map_err(|e| opening(&path, &e))?;
    atomic::publish(tools.disk, &path, &bytes).map_err(|e| trouble::atomic(&e))?;
    Ok(secrets)
}

/// What a new key pair of a party says of itself.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Whose keys.
    pub owner: PartyId,
    /// Public key that packages for the party are sealed to.
    pub sealing_key: String,
    /// Public key of what it signs.
    pub signing_key: String,
    /// The key file.
    pub path: PathBuf,
}

/// Draws the keys of a party and writes them into a new key file, opened by a passphrase or by a file beside it.
pub fn generate_party(
    tools: Tools<'_>,
    path: &Path,
    owner: PartyId,
    passphrase: Option<&Zeroizing<String>>,
    kem: Kem,
) -> Result<Generated, Fault> {
    let unlock_file = with_ending(path);
    for made in [path, &unlock_file] {
        must_be_new(tools.disk, made)?;
    }
    let mut rng = tools.generator()?;
    let unlock = if let Some(typed) = passphrase {
        Unlock::Passphrase(Passphrase::new(typed))
    } else {
        let key = generate_unlock_key(&mut rng);
        write_new(tools, &unlock_file, unlock_key_file(&key).as_bytes())?;
        Unlock::Key(key)
    };
    let secrets = new_party(owner, &mut rng).map_err(|e| opening(path, &e))?;
    let bytes = secrets
        .to_file_bytes(&unlock, &mut rng)
        .map_err(|e| opening(path, &e))?;
    write_new(tools, path, &bytes)?;
    Ok(public_of(&secrets, path, kem))
}

/// Which of a party's sealing keys is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kem {
    /// DHKEM(P-256, HKDF-SHA256): every browser has it.
    P256,
    /// DHKEM(X25519, HKDF-SHA256).
    X25519,
}

fn new_party(owner: PartyId, rng: &mut impl CryptoRng) -> Result<PartySecrets, KeyFault> {
    PartySecrets::generate(owner, &format!("sekisho/{owner}/package"), rng)
}

fn public_of(secrets: &PartySecrets, path: &Path, kem: Kem) -> Generated {
    let wanted = match kem {
        Kem::P256 => crate::format::keyfile::Kem::P256,
        Kem::X25519 => crate::format::keyfile::Kem::X25519,
    };
    let sealing = secrets
        .public_sealing_keys()
        .into_iter()
        .find(|key| key.kem() == wanted);
    Generated {
        owner: secrets.owner,
        sealing_key: sealing.map(|key| key.text()).unwrap_or_default(),
        signing_key: secrets.package_signer.vkey(),
        path: path.to_owned(),
    }
}

/// Opens a party's key file: with the file beside it, or with a passphrase.
pub fn open_party(disk: &dyn Disk, path: &Path, unlocking: Unlocking<'_>) -> Result<PartySecrets, Fault> {
    let bytes = read_private(disk, path)?;
    of_this_version(path, &bytes)?;
    let unlock_file = with_ending(path);
    let unlock = if disk.exists(&unlock_file).map_err(trouble::disk(&unlock_file))? {
        Unlock::Key(read_unlock(disk, &unlock_file)?)
    } else {
        Unlock::Passphrase(Passphrase::new(&(unlocking.ask_passphrase)()?))
    };
    PartySecrets::open(&bytes, &unlock).map_err(|e| opening(path, &e))
}

/// The public keys of a party's key file.
pub fn show_party(disk: &dyn Disk, path: &Path, unlocking: Unlocking<'_>, kem: Kem) -> Result<Generated, Fault> {
    Ok(public_of(&open_party(disk, path, unlocking)?, path, kem))
}

fn with_ending(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(UNLOCK_ENDING);
    PathBuf::from(name)
}

fn site_unlock(disk: &dyn Disk, folders: &Folders, config: &Config, unlocking: Unlocking<'_>) -> Result<Unlock, Fault> {
    match config.unlock {
        UnlockBy::Passphrase => Ok(Unlock::Passphrase(Passphrase::new(&(unlocking.ask_passphrase)()?))),
        UnlockBy::KeyFile => Ok(Unlock::Key(read_unlock(disk, &unlock_path(folders, config))?)),
        UnlockBy::Credentials => {
            let missing =
                || Fault::new(FaultId::KeysMissing).with("path", format!("CREDENTIALS_DIRECTORY/{CREDENTIAL}"));
            let folder = unlocking.credentials.ok_or_else(missing)?;
            Ok(Unlock::Key(read_unlock(disk, &folder.join(CREDENTIAL))?))
        }
    }
}

fn unlock_path(folders: &Folders, config: &Config) -> PathBuf {
    // Joining an absolute path gives that path.
    folders.root().join(&config.unlock_file)
}

fn read_unlock(disk: &dyn Disk, path: &Path) -> Result<crate::seal::secret::UnlockKey, Fault> {
    let bytes = read_private(disk, path)?;
    of_this_version(path, &bytes)?;
    read_unlock_key(&bytes).map_err(|e| opening(path, &e))
}

/// A key file of a later version is not damaged: another program reads it.
fn of_this_version(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .and_then(|line| std::str::from_utf8(line).ok());
    let mut kinds = ["sekisho-keyfile ", "sekisho-unlock-key "].into_iter();
    let version = first.and_then(|line| kinds.find_map(|kind| line.strip_prefix(kind)));
    match version.and_then(|version| version.parse::<u32>().ok()) {
        Some(version) if version > 1 => Err(trouble::newer(path.display(), version)),
        Some(_) | None => Ok(()),
    }
}

/// Reads a file that group and others must not be able to read.
pub(super) fn read_private(disk: &dyn Disk, path: &Path) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let file = match disk.open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(Fault::new(FaultId::KeysMissing).with("path", path.display()));
        }
        Err(e) => return Err(trouble::unreadable(path)(e)),
    };
    let facts = file.facts().map_err(trouble::unreadable(path))?;
    check_key_file_mode(facts.mode).map_err(|fault| {
        Fault::new(FaultId::KeysExposed)
            .with("path", path.display())
            .with("mode", format!("{:04o}", fault.mode))
    })?;
    if facts.len_bytes > KEY_FILE_MAX_BYTES {
        return Err(Fault::new(FaultId::KeysDamaged)
            .with("path", path.display())
            .with("why", "over its size limit"));
    }
    let len = usize::try_from(facts.len_bytes).map_err(trouble::bug)?;
    let mut bytes = Zeroizing::new(vec![0; len]);
    file.read_exact_at(&mut bytes, 0).map_err(trouble::unreadable(path))?;
    Ok(bytes)
}

fn opening(path: &Path, why: &KeyFault) -> Fault {
    match why {
        KeyFault::ShortPassphrase => Fault::new(FaultId::PassphraseShort).with("least", MIN_PASSPHRASE_CHARS),
        KeyFault::OtherWay | KeyFault::OtherUnlockKey | KeyFault::DoesNotOpen | KeyFault::OtherRole => {
            Fault::new(FaultId::KeysLocked).with("path", path.display())
        }
        KeyFault::File(_)
        | KeyFault::Secret { .. }
        | KeyFault::UnknownSecret { .. }
        | KeyFault::Signer(_)
        | KeyFault::Sealing(_) => Fault::new(FaultId::KeysDamaged)
            .with("path", path.display())
            .with("why", why),
    }
}
