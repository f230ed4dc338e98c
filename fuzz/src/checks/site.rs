//! A whole site in memory of which one stored file holds something else: settings, keys, register, store, ledger, staged
//! commit, held file, archived file, inbound file. It opens and runs, or says with a fault why not.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{LazyLock, Mutex};

use chacha20::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sekisho::domain::fault::{Fault, FaultId};
use sekisho::domain::ids::PartyId;
use sekisho::domain::instant::{BusinessDate, Instant};
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::format::exchange::LineEnd;
use sekisho::ports::memory::MemoryDisk;
use sekisho::ports::{Clock, Disk, Entropy};
use sekisho::run::at_rest::{INTENT_CONTEXT, context_of};
use sekisho::run::examine::Examined;
use sekisho::run::init::{self, UnlockWish, Wish};
use sekisho::run::pass::{self, Memory, PassSettings};
use sekisho::run::site::{Access, Site, Tools, Unlocking};
use sekisho::run::{held, parties, status, verify};
use sekisho::seal::atrest::open_at_rest;
use sekisho::seal::secret::SiteKey;
use sekisho::store::generations::Depth;

use super::exchange::{layouts, sample_of};
use super::sealed::around_with;
use super::{Target, head, plain, quiet};

pub(crate) const SITE: Target = Target {
    name: "site",
    check: site,
    seeds: || {
        let base = base();
        let mut seeds = Vec::new();
        for (number, path) in (0..).zip(&base.files) {
            let Ok(bytes) = base.disk.read(path, 1 << 20) else {
                continue;
            };
            let content = base.content(path, &bytes);
            if content.len() < 9000 {
                seeds.push([&[number, 0], content.as_slice()].concat());
                seeds.push([&[number, 9], bytes.as_slice()].concat());
            }
        }
        seeds
    },
    words: &[
        "{",
        "}",
        "\"commit\":",
        "\"placements\":[",
        "\"retired\":[",
        "\"current\":\"",
        "../",
        "sekisho current 1\n",
        "\u{0}\u{1}a",
    ],
};

const ROOT: &str = "/site";

struct Machine {
    step: AtomicU64,
    random: Mutex<ChaCha20Rng>,
}

impl Machine {
    fn new(seed: u8) -> Self {
        Self {
            step: AtomicU64::new(0),
            random: Mutex::new(ChaCha20Rng::from_seed([seed; 32])),
        }
    }

    fn tools<'m>(&'m self, disk: &'m dyn Disk) -> Tools<'m> {
        Tools {
            disk,
            clock: self,
            entropy: self,
        }
    }
}

impl Clock for Machine {
    fn now(&self) -> Instant {
        let step = self.step.fetch_add(1, Ordering::SeqCst) % 60_000;
        Instant::from_value(20_200_914_090_000_000 + step).unwrap()
    }
}

impl Entropy for Machine {
    fn fill(&self, buf: &mut [u8]) -> io::Result<()> {
        self.random.lock().unwrap().fill_bytes(buf);
        Ok(())
    }
}

fn unlocking() -> Unlocking<'static> {
    Unlocking {
        ask_passphrase: &|| panic!("no passphrase is asked for"),
        credentials: None,
    }
}

fn day() -> BusinessDate {
    BusinessDate::parse("2020-09-14").unwrap()
}

struct Base {
    disk: MemoryDisk,
    key: SiteKey,
    /// Every file whose content is put in question, in the order of their paths.
    files: Vec<PathBuf>,
}

impl Base {
    /// What a fuzzer changes: the content of a file at rest, else the bytes.
    fn content(&self, path: &Path, bytes: &[u8]) -> Vec<u8> {
        let context = context(path);
        let opened = context.and_then(|context| open_at_rest(&self.key, &context, bytes, 1 << 20).ok());
        opened.unwrap_or_else(|| bytes.to_vec())
    }
}

fn context(path: &Path) -> Option<String> {
    let relative = path.strip_prefix(ROOT).ok()?;
    if relative.starts_with("staging") {
        return (relative.file_name()? == "intent").then(|| INTENT_CONTEXT.to_owned());
    }
    context_of(relative)
}

fn party(owner: &str, kind: PartyKind, sends: FileKind) -> Party {
    Party {
        id: PartyId::parse(owner).unwrap(),
        kind,
        name: "団体".to_owned(),
        sends: vec![sends],
        encoding: Encoding::Cp932,
        active_from: BusinessDate::parse("2002-08-05").unwrap(),
        active_to: BusinessDate::parse("2099-12-31").unwrap(),
        hash_optional: false,
        plain_allowed: true,
        arrival: sekisho::domain::arrival::ArrivalRule::default(),
        predecessors: Vec::new(),
        gaiji_table: None,
        signing_key: None,
        sealing_key: None,
    }
}

fn run(disk: &MemoryDisk, seed: u8) -> Result<(), Fault> {
    let machine = Machine::new(seed);
    let mut site = Site::open(machine.tools(disk), Path::new(ROOT), Access::Write, unlocking())?;
    pass::run(
        &mut site,
        PassSettings {
            business_date: Some(day()),
            threads: 1,
            memory: Memory::default(),
        },
    )
    .map(drop)
}

fn base() -> &'static Base {
    static BASE: LazyLock<Base> = LazyLock::new(|| {
        let (disk, machine) = (MemoryDisk::new(), Machine::new(1));
        let wish = Wish {
            id: PartyId::parse("050008").unwrap(),
            name: "秋田県".to_owned(),
            national_body: PartyId::parse("N0000001").unwrap(),
            training: true,
            unlock: UnlockWish::KeyFile,
            business_date: day(),
        };
        let tools = machine.tools(&disk);
        init::init(tools, Path::new(ROOT), &wish, unlocking()).unwrap();
        // Without the reserve file, which would be copied for every input.
        let settings = Path::new(ROOT).join("sekisho.toml");
        let text = String::from_utf8(disk.read(&settings, 1 << 16).unwrap()).unwrap();
        let default = format!("reserve_bytes = {}", 16 << 20);
        assert!(text.contains(&default));
        disk.remove(&settings).unwrap();
        disk.put(&settings, text.replace(&default, "reserve_bytes = 0").as_bytes())
            .unwrap();
        let mut site = Site::open(tools, Path::new(ROOT), Access::Write, unlocking()).unwrap();
        let list = vec![
            party("052019", PartyKind::Municipality, FileKind::Upd),
            party("N0000001", PartyKind::National, FileKind::Res),
        ];
        parties::put(&mut site, list, Some(day())).unwrap();
        let key = site.secrets.site_key.clone();
        drop(site);
        // A file that is held and kept in the spool.
        let folder = Path::new(ROOT).join("in/052019");
        disk.create_folder(&folder).unwrap();
        let file = sample_of(layouts().get(FileKind::Upd), Encoding::Cp932, LineEnd::None);
        disk.put(&folder.join("UPD-052019-050008-00000001.dat"), &file).unwrap();
        run(&disk, 2).unwrap();
        // An undecided commit, and a file for the next run.
        let staged = Path::new(ROOT).join("staging/0000000009");
        disk.create_folder(&staged).unwrap();
        disk.put(
            &staged.join("intent"),
            &around_with(&key, INTENT_CONTEXT, b"\0\0\0\0\0\0\0\0"),
        )
        .unwrap();
        disk.put(&folder.join("UPD-052019-050008-00000002.dat"), &file).unwrap();
        let mut files = disk.files();
        files.retain(|path| !path.ends_with("lock"));
        Base { disk, key, files }
    });
    &BASE
}

/// Faults in what the operator wrote himself may repeat it.
fn said(bytes: &[u8], fault: &Fault) {
    let own = [FaultId::ConfigWrong, FaultId::RegisterWrong, FaultId::LayoutWrong];
    if own.contains(&fault.id) {
        plain(fault);
    } else {
        quiet(bytes, fault);
    }
}

fn site(data: &[u8]) {
    let base = base();
    let (number, rest) = head(data);
    let (how, bytes) = head(rest);
    let path = &base.files[usize::from(number) % base.files.len()];
    let disk = base.disk.copy();
    let put = match context(path) {
        // The seal fits: what stands inside is anything.
        Some(context) if how & 1 == 0 => around_with(&base.key, &context, bytes),
        _ => bytes.to_vec(),
    };
    if disk.remove(path).is_err() || disk.put(path, &put).is_err() {
        return;
    }
    let machine = Machine::new(5);
    if how & 8 != 0 {
        // Verification works on a damaged site, and says what is damaged.
        match Examined::open(machine.tools(&disk), Path::new(ROOT), unlocking()) {
            Ok(site) => match verify::verify(&site, Depth::Full) {
                Ok(found) => drop(found.fault().map(|fault| said(bytes, &fault))),
                Err(fault) => said(bytes, &fault),
            },
            Err(fault) => said(bytes, &fault),
        }
        return;
    }
    match Site::open(machine.tools(&disk), Path::new(ROOT), Access::Read, unlocking()) {
        Ok(site) => {
            if let Err(fault) = status::status(&site) {
                said(bytes, &fault);
            }
            for file in site.exchange().held {
                if let Err(fault) = held::find(&site, &file.id) {
                    said(bytes, &fault);
                }
            }
        }
        Err(fault) => said(bytes, &fault),
    }
    if let Err(fault) = run(&disk, 6) {
        said(bytes, &fault);
        // A fault is the same the next time: nothing was half done.
        assert!(
            how & 6 != 0 || run(&disk, 6).is_err() || matches!(fault.class(), sekisho::domain::fault::Class::Storage)
        );
    }
}
