//! A site opened to be examined: settings and keys only. `gen verify` and `ledger verify` must work, and name what is bad,
//! where the master or the ledger is too damaged for [`super::site::Site`] to open.

use std::path::Path;

use super::site::{Tools, Unlocking, origin_prefix, read_config};
use super::{keys, trouble};
use crate::domain::fault::Fault;
use crate::format::config::Config;
use crate::seal::keys::SiteSecrets;
use crate::store::folders::Folders;
use crate::store::ledger::{Ledger, LedgerError};
use crate::store::master::MasterKeys;
use crate::store::paths::StorePaths;

/// Settings, keys and places of a site; nothing that was written by a run has been read.
pub struct Examined<'m> {
    /// The machine.
    pub tools: Tools<'m>,
    /// Where everything lies.
    pub folders: Folders,
    /// Settings.
    pub config: Config,
    /// Keys.
    pub secrets: SiteSecrets,
    /// The keys of the master.
    pub master_keys: MasterKeys,
    /// Paths of the master.
    pub paths: StorePaths,
}

impl<'m> Examined<'m> {
    /// Reads settings and keys of the site at `root`. Takes no lock: everything that is verified is immutable.
    pub fn open(tools: Tools<'m>, root: &Path, unlocking: Unlocking<'_>) -> Result<Self, Fault> {
        let folders = Folders::new(root);
        let config = read_config(tools.disk, &folders)?;
        let secrets = keys::open_site(tools.disk, &folders, &config, unlocking)?;
        Ok(Self {
            tools,
            master_keys: MasterKeys {
                site: secrets.site_key.clone(),
                root: secrets.multiset_key.clone(),
            },
            paths: StorePaths::new(folders.store()),
            folders,
            config,
            secrets,
        })
    }

    /// The newest log of the ledger.
    pub(super) fn ledger(&self) -> Result<Ledger<'m>, LedgerError> {
        Ledger::open(
            self.tools.disk,
            &self.folders.ledger(),
            &origin_prefix(&self.config),
            &self.secrets.ledger_signer.verifier(),
        )
    }

    /// A path as people name it: below the folder of the site.
    pub(super) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.folders.root())
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// Files below `folder`, in the order of their paths; an absent folder has none. Folders that cannot be listed are
    /// errors of the disk.
    pub(super) fn files_below(&self, folder: &Path) -> Result<Vec<std::path::PathBuf>, Fault> {
        super::at_rest::files_below(self.tools.disk, folder).map_err(trouble::disk(folder))
    }
}
