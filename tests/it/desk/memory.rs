//! A site in memory: the library without the binary, on a disk that can be copied and made to fail.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sekisho::domain::fault::Fault;
use sekisho::domain::instant::Instant;
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::ports::memory::MemoryDisk;
use sekisho::ports::{Clock, Disk, Entropy};
use sekisho::run::init::{self, UnlockWish, Wish};
use sekisho::run::parties;
use sekisho::run::pass::{self, Memory, PassResult, PassSettings};
use sekisho::run::site::{Access, Site, Tools};
use sekisho::seal::keys::PartySecrets;

use super::files::{self, AKITA, DAY, NATIONAL, NOSHIRO, OWN, day, id};
use super::state::State;
use super::unlocking;

/// Where the site lies on the disk in memory.
pub(crate) const ROOT: &str = "/site";

/// A clock that goes on by one millisecond whenever it is looked at, from 2020-09-14 09:00.
#[derive(Default)]
pub(crate) struct SteppingClock(AtomicU64);

impl Clock for SteppingClock {
    fn now(&self) -> Instant {
        let step = self.0.fetch_add(1, Ordering::SeqCst);
        let (seconds, millis) = (step / 1000, step % 1000);
        let time =
            90_000_000 + seconds / 3600 * 10_000_000 + seconds / 60 % 60 * 100_000 + seconds % 60 * 1000 + millis;
        Instant::from_value(20_200_914 * 1_000_000_000 + time).unwrap()
    }
}

/// Randomness from a seed.
pub(crate) struct SeededEntropy(Mutex<ChaCha20Rng>);

impl SeededEntropy {
    pub(crate) fn new(seed: u8) -> Self {
        Self(Mutex::new(ChaCha20Rng::from_seed([seed; 32])))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buf: &mut [u8]) -> io::Result<()> {
        self.0.lock().unwrap().fill_bytes(buf);
        Ok(())
    }
}

/// The machine that a site in memory runs on.
pub(crate) struct Machine {
    pub(crate) clock: SteppingClock,
    pub(crate) entropy: SeededEntropy,
}

impl Machine {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            clock: SteppingClock::default(),
            entropy: SeededEntropy::new(seed),
        }
    }

    pub(crate) fn tools<'m>(&'m self, disk: &'m dyn Disk) -> Tools<'m> {
        Tools {
            disk,
            clock: &self.clock,
            entropy: &self.entropy,
        }
    }
}

/// A training site with 秋田市, 能代市 and the national body.
pub(crate) struct Small {
    pub(crate) disk: MemoryDisk,
    pub(crate) parties: BTreeMap<&'static str, PartySecrets>,
}

impl Small {
    pub(crate) fn new() -> Self {
        let disk = MemoryDisk::new();
        let machine = Machine::new(1);
        let tools = machine.tools(&disk);
        let wish = Wish {
            id: id(OWN),
            name: "秋田県".to_owned(),
            national_body: id(NATIONAL),
            training: true,
            unlock: UnlockWish::KeyFile,
            business_date: day(DAY),
        };
        init::init(tools, Path::new(ROOT), &wish, unlocking()).unwrap();
        let owners = [NATIONAL, AKITA, NOSHIRO];
        let secrets = (1..)
            .zip(owners)
            .map(|(seed, owner)| (owner, files::secrets(owner, seed)));
        let parties: BTreeMap<&str, PartySecrets> = secrets.collect();
        let list = parties.iter().map(|(owner, secrets)| party(owner, secrets)).collect();
        let mut site = Site::open(tools, Path::new(ROOT), Access::Write, unlocking()).unwrap();
        parties::put(&mut site, list, Some(day(DAY))).unwrap();
        drop(site);
        Self { disk, parties }
    }

    /// Puts a file into the inbound folder of a party.
    pub(crate) fn put(&self, party: &str, name: &str, bytes: &[u8]) {
        let folder = Path::new(ROOT).join("in").join(party);
        self.disk.create_folder(&folder).unwrap();
        self.disk.put(&folder.join(name), bytes).unwrap();
    }
}

pub(crate) fn party(owner: &str, secrets: &PartySecrets) -> Party {
    let national = owner == NATIONAL;
    Party {
        id: id(owner),
        kind: if national {
            PartyKind::National
        } else {
            PartyKind::Municipality
        },
        name: "団体".to_owned(),
        sends: vec![if national { FileKind::Res } else { FileKind::Upd }],
        encoding: Encoding::Cp932,
        active_from: day("2002-08-05"),
        active_to: day("2099-12-31"),
        hash_optional: false,
        plain_allowed: true,
        arrival: sekisho::domain::arrival::ArrivalRule::default(),
        predecessors: Vec::new(),
        gaiji_table: None,
        signing_key: Some(secrets.package_signer.vkey()),
        sealing_key: Some(secrets.public_sealing_keys()[0].text()),
    }
}

/// One pass on a disk: opens the site, recovers, runs on one thread, closes.
pub(crate) fn pass_on(disk: &dyn Disk, seed: u8) -> Result<PassResult, Fault> {
    let machine = Machine::new(seed);
    let mut site = Site::open(machine.tools(disk), Path::new(ROOT), Access::Write, unlocking())?;
    let settings = PassSettings {
        business_date: Some(day(DAY)),
        threads: 1,
        memory: Memory::default(),
    };
    pass::run(&mut site, settings)
}

/// Looks at the site on a disk.
pub(crate) fn look<T>(disk: &dyn Disk, see: impl FnOnce(&Site<'_>) -> T) -> T {
    let machine = Machine::new(9);
    see(&Site::open(machine.tools(disk), Path::new(ROOT), Access::Read, unlocking()).unwrap())
}

/// Everything that can be compared.
pub(crate) fn state(disk: &dyn Disk, parties: &BTreeMap<&'static str, PartySecrets>) -> State {
    look(disk, |site| State::of(site, parties))
}
