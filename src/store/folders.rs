//! Where everything lies in a site. One place for every path, so that nothing is written elsewhere.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::ids::PartyId;
use crate::ports::Disk;

/// The folders and fixed files of a site.
#[derive(Debug, Clone)]
pub struct Folders {
    root: PathBuf,
}

impl Folders {
    /// Folders that `init` makes, besides those of the parties.
    const ALL: [&'static str; 14] = [
        "in",
        "out",
        "keys",
        "registers",
        "registers/gaiji",
        "layouts",
        "ledger",
        "spool",
        "archive",
        "answers",
        "staging",
        "store",
        "store/runs",
        "store/manifests",
    ];

    /// The folders directly below the site, for sums over what lies in them.
    pub const TOP: [&'static str; 11] = [
        "in",
        "out",
        "spool",
        "archive",
        "answers",
        "store",
        "ledger",
        "registers",
        "layouts",
        "keys",
        "staging",
    ];

    /// The folders of the site at `root`.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Makes every folder, mode 0700, and makes the entries durable.
    pub fn create(&self, disk: &dyn Disk) -> io::Result<()> {
        disk.create_folder(&self.root)?;
        for name in Self::ALL {
            disk.create_folder(&self.root.join(name))?;
        }
        for name in Self::ALL {
            disk.sync_folder(&self.root.join(name))?;
        }
        disk.sync_folder(&self.root)
    }

    /// Makes the inbound and outbound folders of parties, and makes their entries durable: those too that a process which
    /// was killed made and left to the kernel.
    pub fn create_for_parties(&self, disk: &dyn Disk, parties: &[PartyId]) -> io::Result<()> {
        for folder in [self.inbound(), self.outbound()] {
            for party in parties {
                disk.create_folder(&folder.join(party.as_str()))?;
            }
            disk.sync_folder(&folder)?;
        }
        Ok(())
    }

    /// The site itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path relative to the site, as staged objects name it.
    pub fn at(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Settings.
    pub fn config(&self) -> PathBuf {
        self.root.join("sekisho.toml")
    }

    /// The kernel lock of the site.
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// What the passes remember of watched files.
    pub fn looks(&self) -> PathBuf {
        self.root.join("looks.json")
    }

    /// Room that is kept free for what must be finished or recorded on a full disk.
    pub fn reserve(&self) -> PathBuf {
        self.root.join("reserve")
    }

    /// The site's key file.
    pub fn site_keys(&self) -> PathBuf {
        self.root.join("keys/site.keys")
    }

    /// The site's public keys, readable without opening the others.
    pub fn public_keys(&self) -> PathBuf {
        self.root.join("keys/public.txt")
    }

    /// Inbound folders, one per party.
    pub fn inbound(&self) -> PathBuf {
        self.root.join("in")
    }

    /// Outbound folders, one per party.
    pub fn outbound(&self) -> PathBuf {
        self.root.join("out")
    }

    /// Inbound files copied and not yet decided, encrypted.
    pub fn spool(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// Stored answers by the identity of the file that they answer, encrypted.
    pub fn answers(&self) -> PathBuf {
        self.root.join("answers")
    }

    /// Objects of commits that are being made.
    pub fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    /// The master.
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// The ledger, one folder per fiscal year.
    pub fn ledger(&self) -> PathBuf {
        self.root.join("ledger")
    }

    /// The register of parties.
    pub fn parties(&self) -> PathBuf {
        self.root.join("registers/parties.jsonl")
    }

    /// A gaiji table by its name.
    pub fn gaiji(&self, name: &str) -> PathBuf {
        self.root.join("registers/gaiji").join(name)
    }

    /// Layouts that replace the built-in ones.
    pub fn layouts(&self) -> PathBuf {
        self.root.join("layouts")
    }
}
