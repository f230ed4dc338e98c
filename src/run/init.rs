//! Makes a site: folders, settings, keys, the first leaf of the ledger.

use std::path::Path;

use super::site::{Site, Tools, Unlocking, origin_prefix};
use super::{keys, public, room, trouble};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::{MunicipalityCode, PartyId};
use crate::domain::instant::BusinessDate;
use crate::domain::municipality::Prefecture;
use crate::format::config::{Config, Environment, UnlockBy};
use crate::format::keyfile::PublicKeys;
use crate::format::leaf::{Act, Label};
use crate::pipeline::journal;
use crate::store::atomic;
use crate::store::folders::Folders;
use crate::store::ledger::{Ledger, NewEntry};

/// What the new site is to be.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Own party id, the code of the prefecture.
    pub id: PartyId,
    /// Own name.
    pub name: String,
    /// Party id of the national body.
    pub national_body: PartyId,
    /// True for a training site.
    pub training: bool,
    /// How the keys are opened.
    pub unlock: UnlockWish,
    /// Business date of the first leaf.
    pub business_date: BusinessDate,
}

/// How the keys of the new site are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnlockWish {
    /// By a file of its own, made now.
    KeyFile,
    /// By a passphrase, asked for now.
    Passphrase,
    /// By a systemd credential, which must be there now.
    Credentials,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Verifier key of the ledger, to be pinned by auditors and witnesses.
    pub ledger_key: String,
    /// Verifier key of the site's packages, to be pinned by receivers.
    pub package_key: String,
    /// Keys that senders seal to.
    pub sealing_keys: Vec<String>,
}

impl Made {
    fn of(keys: PublicKeys) -> Self {
        Self {
            ledger_key: keys.ledger,
            package_key: keys.package.into_iter().next().unwrap_or_default(),
            sealing_keys: keys.sealing,
        }
    }
}

/// Makes a site in `root`, which must be absent or empty.
pub fn init(tools: Tools<'_>, root: &Path, wish: &Wish, unlocking: Unlocking<'_>) -> Result<Made, Fault> {
    let disk = tools.disk;
    let is_prefecture = MunicipalityCode::parse(wish.id.as_str())
        .ok()
        .and_then(Prefecture::built_in)
        .is_some();
    if !is_prefecture {
        return Err(Fault::new(FaultId::UsageWrong).with("command", "init").with(
            "why",
            format!("{} is no prefecture with a built-in table (050008)", wish.id),
        ));
    }
    match disk.list(root) {
        Ok(entries) if !entries.is_empty() => {
            return Err(Fault::new(FaultId::SiteExists).with("path", root.display()));
        }
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(trouble::disk(root)(e)),
        Ok(_) | Err(_) => {}
    }
    let folders = Folders::new(root);
    folders.create(disk).map_err(trouble::disk(root))?;
    // The site's own entry in the folder above: without it everything in it would be lost with the power.
    atomic::sync_folder(disk, root).map_err(|e| trouble::atomic(&e))?;
    let text = settings(wish);
    let config = Config::parse(&text).map_err(trouble::bug)?;
    let secrets = keys::create_site(tools, &folders, &config, unlocking)?;
    let mut leaf = journal::act(Act::Init, tools.clock.now());
    leaf.business_date = Some(wish.business_date);
    leaf.key_after = None;
    leaf.key_id = Label::new(&secrets.package_signer.vkey());
    let first = leaf.encode(None).map_err(trouble::bug)?;
    Ledger::create(
        disk,
        &folders.ledger(),
        &origin_prefix(&config),
        wish.business_date.fiscal_year(),
        NewEntry {
            public: &first.public,
            sealed_private: None,
        },
        &secrets.ledger_signer,
    )
    .map_err(|e| trouble::ledger(&e))?;
    let public = public::keys_of(&secrets);
    public::publish(disk, &folders, &public)?;
    room::keep_reserve(disk, &folders, &config)?;
    // The settings come last: without them the folder is no site.
    atomic::publish(disk, &folders.config(), text.as_bytes()).map_err(|e| trouble::atomic(&e))?;
    Ok(Made::of(public))
}

fn settings(wish: &Wish) -> String {
    let environment = if wish.training {
        Environment::Training
    } else {
        Environment::Production
    };
    let unlock = match wish.unlock {
        UnlockWish::KeyFile => UnlockBy::KeyFile,
        UnlockWish::Passphrase => UnlockBy::Passphrase,
        UnlockWish::Credentials => UnlockBy::Credentials,
    };
    Config::template(
        wish.id.as_str(),
        &wish.name,
        environment,
        wish.national_body.as_str(),
        unlock,
    )
}

/// The public keys of an existing site.
pub fn public_keys(site: &Site<'_>) -> Made {
    Made::of(public::keys_of(&site.secrets))
}
