//! A site, opened: settings, keys, registers, master, ledger. Everything a use case needs, and the lock if it writes.

use std::path::Path;

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng as _;
use zeroize::Zeroizing;

use super::commit;
use super::{keys, layouts, trouble};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::MunicipalityCode;
use crate::domain::instant::BusinessDate;
use crate::domain::municipality::{Offices, Prefecture};
use crate::domain::party::Party;
use crate::format::config::Config;
use crate::format::layout::Layouts;
use crate::format::manifest::Hash32;
use crate::format::state::ExchangeState;
use crate::ports::{Clock, Disk, Entropy, Lock};
use crate::seal::digest;
use crate::seal::keys::SiteSecrets;
use crate::store::folders::Folders;
use crate::store::ledger::Ledger;
use crate::store::master::{Master, MasterKeys};
use crate::store::paths::StorePaths;
use crate::store::registers::{PARTIES, Parties};

/// No settings file is larger.
const CONFIG_MAX_BYTES: u64 = 1 << 20;

/// The machine behind the ports.
#[derive(Clone, Copy)]
pub struct Tools<'m> {
    /// The file system.
    pub disk: &'m dyn Disk,
    /// The clock.
    pub clock: &'m dyn Clock,
    /// Randomness.
    pub entropy: &'m dyn Entropy,
}

impl Tools<'_> {
    /// A generator of its own, seeded by the machine: what it gives does not depend on what others draw.
    pub fn generator(&self) -> Result<ChaCha20Rng, Fault> {
        let mut seed = Zeroizing::new([0; 32]);
        self.entropy.fill(&mut *seed).map_err(trouble::bug)?;
        Ok(ChaCha20Rng::from_seed(*seed))
    }
}

/// How the site's keys can be opened.
#[derive(Clone, Copy)]
pub struct Unlocking<'u> {
    /// Asks the operator for the passphrase, without echo.
    pub ask_passphrase: &'u dyn Fn() -> Result<Zeroizing<String>, Fault>,
    /// Folder of systemd credentials.
    pub credentials: Option<&'u Path>,
}

/// What a use case does with the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reads only; another process may write meanwhile.
    Read,
    /// Writes: takes the lock and carries an unfinished commit to its end first.
    Write,
}

/// A site, opened.
pub struct Site<'m> {
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
    /// The newest commit.
    pub master: Master,
    /// The ledger.
    pub ledger: Ledger<'m>,
    /// The register of parties.
    pub parties: Parties,
    /// Layouts in force.
    pub layouts: Layouts,
    /// Own prefecture.
    pub prefecture: Prefecture,
    /// What recovery did at the start.
    pub recovered: commit::Recovered,
    /// Held until the site is closed.
    _lock: Option<Box<dyn Lock>>,
}

impl<'m> Site<'m> {
    /// Opens the site at `root`.
    pub fn open(tools: Tools<'m>, root: &Path, access: Access, unlocking: Unlocking<'_>) -> Result<Self, Fault> {
        let folders = Folders::new(root);
        let config = read_config(tools.disk, &folders)?;
        let lock = match access {
            Access::Read => None,
            Access::Write => Some(take_lock(tools.disk, &folders)?),
        };
        let secrets = keys::open_site(tools.disk, &folders, &config, unlocking)?;
        let paths = StorePaths::new(folders.store());
        let master_keys = MasterKeys {
            site: secrets.site_key.clone(),
            root: secrets.multiset_key.clone(),
        };
        let mut ledger = open_ledger(tools.disk, &folders, &config, &secrets)?;
        let recovered = match access {
            Access::Read => commit::Recovered::default(),
            Access::Write => commit::recover(tools, &folders, &secrets, &mut ledger)?,
        };
        let master = Master::open(tools.disk, &paths, &master_keys).map_err(|e| trouble::master(&e))?;
        let heads = master
            .manifest()
            .and_then(|manifest| manifest.exchange.register(PARTIES));
        let parties =
            Parties::load(tools.disk, &folders.parties(), heads).map_err(trouble::register(&folders.parties()))?;
        let layouts = layouts::load(tools.disk, Some(&folders.layouts()))?;
        let prefecture = prefecture_of(&config)?;
        Ok(Self {
            tools,
            folders,
            config,
            secrets,
            master_keys,
            paths,
            master,
            ledger,
            parties,
            layouts,
            prefecture,
            recovered,
            _lock: lock,
        })
    }

    /// Reads master and registers again, after a commit.
    pub fn reload(&mut self) -> Result<(), Fault> {
        self.master = Master::open(self.tools.disk, &self.paths, &self.master_keys).map_err(|e| trouble::master(&e))?;
        let heads = self
            .master
            .manifest()
            .and_then(|manifest| manifest.exchange.register(PARTIES));
        self.parties = Parties::load(self.tools.disk, &self.folders.parties(), heads)
            .map_err(trouble::register(&self.folders.parties()))?;
        Ok(())
    }

    /// State of the exchange as of the newest commit.
    pub fn exchange(&self) -> ExchangeState {
        self.master
            .manifest()
            .map(|manifest| manifest.exchange.clone())
            .unwrap_or_default()
    }

    /// For which codes each party answers.
    pub fn offices(&self) -> Offices {
        let parties: Vec<Party> = self.parties.all().cloned().collect();
        Offices::of(&parties)
    }

    /// The business date of an act: the one given, else today; never before the newest one on record.
    pub fn business_date(&self, given: Option<BusinessDate>) -> Result<BusinessDate, Fault> {
        let newest = BusinessDate::from_value(self.exchange().newest_business_date);
        let year = self.ledger.tip().log.year();
        match given {
            Some(date) if newest.is_some_and(|newest| date < newest) || date.fiscal_year() < year => {
                let shown = newest.map_or_else(|| format!("{year}-04-01"), BusinessDate::dashed);
                Err(Fault::new(FaultId::DateBackward)
                    .with("date", date.dashed())
                    .with("newest", shown))
            }
            Some(date) => Ok(date),
            None => {
                let today = self.tools.clock.now().date();
                Ok(newest.map_or(today, |newest| newest.max(today)))
            }
        }
    }

    /// Hash of the rule tables.
    pub fn rules_hash(&self) -> Hash32 {
        Hash32(digest::sha256(
            crate::domain::canon::rules_text(&self.prefecture).as_bytes(),
        ))
    }

    /// Hash of the layouts in force.
    pub fn layouts_hash(&self) -> Hash32 {
        Hash32(digest::sha256(self.layouts.canonical_text().as_bytes()))
    }
}

/// Reads `sekisho.toml`.
pub fn read_config(disk: &dyn Disk, folders: &Folders) -> Result<Config, Fault> {
    let path = folders.config();
    let bytes = match disk.read(&path, CONFIG_MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            return Err(Fault::new(FaultId::SiteMissing).with("path", folders.root().display()));
        }
        Err(e) => return Err(trouble::unreadable(&path)(e)),
    };
    let wrong = |line: usize, column: usize, why: &str| {
        Fault::new(FaultId::ConfigWrong)
            .with("path", path.display())
            .with("line", line)
            .with("column", column)
            .with("why", why)
    };
    let text = String::from_utf8(bytes).map_err(|_| wrong(1, 1, "not UTF-8"))?;
    Config::parse(&text).map_err(|fault| wrong(fault.line, fault.column, &fault.why))
}

/// Takes the lock of the site.
pub fn take_lock(disk: &dyn Disk, folders: &Folders) -> Result<Box<dyn Lock>, Fault> {
    match disk.lock(&folders.lock()) {
        Ok(lock) => Ok(lock),
        Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => Err(Fault::new(FaultId::SiteBusy)),
        Err(e) => Err(trouble::disk(&folders.lock())(e)),
    }
}

/// The name that every log of the site begins with.
pub fn origin_prefix(config: &Config) -> String {
    format!("sekisho/{}", config.id)
}

fn open_ledger<'m>(
    disk: &'m dyn Disk,
    folders: &Folders,
    config: &Config,
    secrets: &SiteSecrets,
) -> Result<Ledger<'m>, Fault> {
    let verifier = secrets.ledger_signer.verifier();
    Ledger::open(disk, &folders.ledger(), &origin_prefix(config), &verifier).map_err(|e| trouble::ledger(&e))
}

fn prefecture_of(config: &Config) -> Result<Prefecture, Fault> {
    let code = MunicipalityCode::parse(config.id.as_str()).ok();
    code.and_then(Prefecture::built_in).ok_or_else(|| {
        Fault::new(FaultId::ConfigWrong)
            .with("path", "sekisho.toml")
            .with("line", 1)
            .with("column", 1)
            .with(
                "why",
                "site.id is no prefecture with a built-in table of municipalities (050008)",
            )
    })
}
