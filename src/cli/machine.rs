//! The real machine behind the ports, as the environment asks for it.

use std::cell::RefCell;
use std::path::Path;
use std::sync::LazyLock;

use zeroize::Zeroizing;

use super::args::Cli;
use super::env::Surroundings;
use crate::domain::fault::{Fault, FaultId, Lang};
use crate::domain::instant::BusinessDate;
use crate::os::clock::SystemClock;
use crate::os::disk::RealDisk;
use crate::os::entropy::SystemEntropy;
use crate::os::stopping::StoppingDisk;
use crate::ports::guarded::{Guarded, Poison};
use crate::ports::{Clock, Disk, Entropy};
use crate::run::examine::Examined;
use crate::run::site::{Access, Site, Tools, Unlocking};
use crate::run::trouble;

/// The first failed sync of the process; after it no disk of the process is written to.
static POISON: LazyLock<Poison> = LazyLock::new(Poison::default);

/// Disk, clock and randomness of the machine.
pub struct Machine {
    disk: Box<dyn Disk>,
    clock: SystemClock,
    entropy: SystemEntropy,
}

impl Machine {
    /// The machine; with the feature `fault-injection` its disk may end the process at a chosen operation.
    pub fn new(surroundings: &Surroundings) -> Result<Self, Fault> {
        let poison = Poison::clone(&POISON);
        let disk: Box<dyn Disk> = match surroundings.stop_at {
            Some((operation, ending)) => {
                Box::new(Guarded::sharing(StoppingDisk::new(RealDisk, operation, ending), poison))
            }
            None => Box::new(Guarded::sharing(RealDisk, poison)),
        };
        let clock = SystemClock::new().map_err(trouble::bug)?;
        Ok(Self {
            disk,
            clock,
            entropy: SystemEntropy,
        })
    }

    /// The disk.
    pub fn disk(&self) -> &dyn Disk {
        &*self.disk
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &self.clock
    }

    /// Randomness.
    pub fn entropy(&self) -> &dyn Entropy {
        &self.entropy
    }

    /// All three, for the use cases.
    pub fn tools(&self) -> Tools<'_> {
        Tools {
            disk: self.disk(),
            clock: self.clock(),
            entropy: self.entropy(),
        }
    }

    /// Today in Japan.
    pub fn today(&self) -> BusinessDate {
        self.clock.now().date()
    }

    /// Writes a new file for the operator, mode 0600, durable.
    pub fn write_new(&self, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
        let write = || -> std::io::Result<()> {
            let mut file = self.disk.create(path)?;
            file.write_all(bytes)?;
            file.sync()
        };
        write().map_err(trouble::disk(path))
    }
}

/// Does some work that may have to open key files, with the machine and a way to ask for passphrases.
pub fn with_keys<T>(
    surroundings: &Surroundings,
    lang: Lang,
    work: impl FnOnce(Tools<'_>, Unlocking<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let machine = Machine::new(surroundings)?;
    let ask = || ask_passphrase(lang);
    let unlocking = Unlocking {
        ask_passphrase: &ask,
        credentials: surroundings.credentials.as_deref(),
    };
    work(machine.tools(), unlocking)
}

/// Opens the site that the command line names and does some work with it.
pub fn with_site<T>(
    cli: &Cli,
    surroundings: &Surroundings,
    access: Access,
    work: impl FnOnce(&mut Site<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let ask = || ask_passphrase(cli.lang.unwrap_or(surroundings.lang));
    with_site_asking(cli, surroundings, access, &ask, work)
}

/// The same with another way to ask for the passphrase.
pub fn with_site_asking<T>(
    cli: &Cli,
    surroundings: &Surroundings,
    access: Access,
    ask_passphrase: &dyn Fn() -> Result<Zeroizing<String>, Fault>,
    work: impl FnOnce(&mut Site<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let machine = Machine::new(surroundings)?;
    let unlocking = Unlocking {
        ask_passphrase,
        credentials: surroundings.credentials.as_deref(),
    };
    let mut site = Site::open(machine.tools(), cli.site(), access, unlocking)?;
    work(&mut site)
}

/// Asks once and remembers the answer as long as the command runs: `watch` opens the site anew for every pass.
pub fn asking_once(
    ask: impl Fn() -> Result<Zeroizing<String>, Fault>,
) -> impl Fn() -> Result<Zeroizing<String>, Fault> {
    let told = RefCell::new(None);
    move || {
        if let Some(told) = &*told.borrow() {
            return Ok(Zeroizing::clone(told));
        }
        let fresh = ask()?;
        told.replace(Some(fresh.clone()));
        Ok(fresh)
    }
}

/// Reads settings and keys of the site that the command line names, and does some work with them: for commands that must
/// work where the site itself is damaged.
pub fn with_examined<T>(
    cli: &Cli,
    surroundings: &Surroundings,
    work: impl FnOnce(&Examined<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let machine = Machine::new(surroundings)?;
    let ask = || ask_passphrase(cli.lang.unwrap_or(surroundings.lang));
    let unlocking = Unlocking {
        ask_passphrase: &ask,
        credentials: surroundings.credentials.as_deref(),
    };
    let site = Examined::open(machine.tools(), cli.site(), unlocking)?;
    work(&site)
}

/// Asks for a passphrase on the terminal, without echo. Never from an argument or the environment.
pub fn ask_passphrase(lang: Lang) -> Result<Zeroizing<String>, Fault> {
    let prompt = match lang {
        Lang::Ja => "合言葉: ",
        Lang::En => "Passphrase: ",
    };
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|_| Fault::new(FaultId::TerminalMissing))
}

/// Asks for a new passphrase, twice.
pub fn ask_new_passphrase(lang: Lang) -> Result<Zeroizing<String>, Fault> {
    let typed = ask_passphrase(lang)?;
    let again = match lang {
        Lang::Ja => "もう一度: ",
        Lang::En => "Again: ",
    };
    let again = rpassword::prompt_password(again).map(Zeroizing::new);
    if again.map_err(|_| Fault::new(FaultId::TerminalMissing))? == typed {
        Ok(typed)
    } else {
        Err(Fault::new(FaultId::PassphraseDiffers))
    }
}

/// Worker threads: typed, else of the settings, else one per core.
pub fn threads(cli: &Cli, site: &Site<'_>) -> usize {
    threads_or(cli, site.config.run.threads)
}

/// The same without a site: typed, else so many, where 0 is one per core.
pub fn threads_or(cli: &Cli, default: u16) -> usize {
    let wanted = usize::from(cli.threads.unwrap_or(default));
    if wanted > 0 {
        wanted
    } else {
        std::thread::available_parallelism().map_or(1, usize::from)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_passphrase_is_asked_for_once() {
        let asked = Cell::new(0);
        let ask = asking_once(|| {
            asked.set(asked.get() + 1);
            Ok(Zeroizing::new("関所の合言葉".to_owned()))
        });
        for _ in 0..3 {
            assert_eq!(*ask().unwrap(), "関所の合言葉");
        }
        assert_eq!(asked.get(), 1);
    }
}
