//! A site, opened: settings, keys, registers, master, ledger. Everything a use case needs, and the lock if it writes.

use std::path::Path;

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng as _;
use zeroize::Zeroizing;

use super::commit;
use super::{keys, layouts, room, trouble};
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
use crate::store::ledger::{Ledger, LedgerError};
use crate::store::master::{Master, MasterKeys};
use crate::store::paths::StorePaths;
use crate::store::registers::{PARTIES, Parties};
use crate::store::staging;

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
        let (ledger, recovered) = match access {
            Access::Read => (
                open_ledger(tools.disk, &folders, &config, &secrets, access)?,
                commit::Recovered::default(),
            ),
            Access::Write => room::recovered(tools, &folders, &config, &secrets)?,
        };
        let (master, parties) = open_state(tools.disk, &folders, &paths, &master_keys, access)?;
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
        let (disk, access) = (self.tools.disk, Access::Write);
        (self.master, self.parties) = open_state(disk, &self.folders, &self.paths, &self.master_keys, access)?;
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
        let today = || {
            let today = self.tools.clock.now().date();
            newest.map_or(today, |newest| newest.max(today))
        };
        let date = given.unwrap_or_else(today);
        // A crash right after a year was opened leaves a ledger that is newer than the newest date.
        if newest.is_none_or(|newest| date >= newest) && date.fiscal_year() >= year {
            return Ok(date);
        }
        let shown = newest
            .filter(|newest| newest.fiscal_year() >= year)
            .map_or_else(|| format!("{year}-04-01"), BusinessDate::dashed);
        Err(Fault::new(FaultId::DateBackward)
            .with("date", date.dashed())
            .with("newest", shown))
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
    if let Some(version) = Config::later_version(&text) {
        return Err(trouble::newer(path.display(), version));
    }
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

/// How often a reader looks again at what does not fit: a commit may be between two of its steps.
const LOOKS: usize = 5;

pub(super) fn open_ledger<'m>(
    disk: &'m dyn Disk,
    folders: &Folders,
    config: &Config,
    secrets: &SiteSecrets,
    access: Access,
) -> Result<Ledger<'m>, Fault> {
    let verifier = secrets.ledger_signer.verifier();
    let mut open = || Ledger::open(disk, &folders.ledger(), &origin_prefix(config), &verifier);
    // Partial tiles of the checkpoint that was read go away with the next one.
    let opened = again(access, &mut open, |e| matches!(e, LedgerError::Damaged(_)));
    opened.map_err(|e| trouble::ledger(&e))
}

/// The newest commit and the register that it names.
///
/// A commit puts a register in its place before it replaces `CURRENT`. Between the two, and after a crash there until the
/// next run, the register is longer than the head on record: a reader takes the part that is on record.
fn open_state(
    disk: &dyn Disk,
    folders: &Folders,
    paths: &StorePaths,
    keys: &MasterKeys,
    access: Access,
) -> Result<(Master, Parties), Fault> {
    let path = folders.parties();
    let mut open = || {
        let master = Master::open(disk, paths, keys).map_err(|e| trouble::master(&e))?;
        let head = master
            .manifest()
            .and_then(|manifest| manifest.exchange.register(PARTIES));
        // Asked before the register is read: a commit that ends meanwhile is seen by looking again.
        let pending = staging::pending(disk, folders).map_err(trouble::disk(&folders.staging()))?;
        let parties = if access == Access::Read && !pending.is_empty() {
            Parties::load_recorded(disk, &path, head)
        } else {
            Parties::load(disk, &path, head)
        };
        Ok((master, parties.map_err(trouble::register(&path))?))
    };
    again(access, &mut open, |fault: &Fault| fault.id == FaultId::RegisterDamaged)
}

fn again<T, E>(
    access: Access,
    work: &mut dyn FnMut() -> Result<T, E>,
    is_fleeting: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let mut looks = 1;
    loop {
        match work() {
            Err(e) if access == Access::Read && looks < LOOKS && is_fleeting(&e) => looks += 1,
            done => return done,
        }
    }
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
