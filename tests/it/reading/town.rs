//! A small site made by hand: three residents, a change of address, a removal, a change of code, a return.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho::domain::entry::{Changes, Entry, MoveOut, Standing, Version};
use sekisho::domain::fault::Fault;
use sekisho::domain::holding::FileOutcome;
use sekisho::domain::ids::{JuminCode, MunicipalityCode, MyNumber, PartyId};
use sekisho::domain::instant::{BusinessDate, Instant};
use sekisho::domain::item::Item;
use sekisho::domain::party::FileKind;
use sekisho::domain::row::Row;
use sekisho::format::leaf::Leaf;
use sekisho::os::disk::RealDisk;
use sekisho::os::entropy::SystemEntropy;
use sekisho::pipeline::journal::{self, Inbound, Package};
use sekisho::ports::Clock;
use sekisho::run::commit::{self, Draft};
use sekisho::run::init::{self, UnlockWish, Wish};
use sekisho::run::site::{Access, Site, Tools, Unlocking};
use sekisho::run::{at_rest, parties};
use sekisho::seal::atrest::seal_at_rest;
use sekisho::store::generations::{GenerationFacts, Staging};
use sekisho::store::staging::Stage;
use tempfile::TempDir;

/// Codes and numbers of rules section 1.
pub(super) const ANNA: &str = "24727059608";
pub(super) const BEN: &str = "24846016224";
/// Her code is changed to [`DORA`] in generation 2.
pub(super) const CHIE: &str = "25208017643";
pub(super) const DORA: &str = "96430545903";
/// A right code that nobody has.
pub(super) const NOBODY: &str = "10000000006";

pub(super) const ADDRESS: &str = "秋田県秋田市山王一丁目１番１号";
pub(super) const NEW_ADDRESS: &str = "秋田県秋田市大住二丁目６番４号";

struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Instant {
        at("20200914210000000")
    }
}

pub(super) fn at(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

fn day(text: &str) -> BusinessDate {
    BusinessDate::parse(text).unwrap()
}

fn code(text: &str) -> JuminCode {
    JuminCode::parse(text).unwrap()
}

fn row(of: &str, number: &str, changes: &[(Item, &str)]) -> Row {
    let mut items = [""; 28];
    for (number, text) in [
        (1, of),
        (2, "佐藤　花子"),
        (3, "000"),
        (4, "さとう　はなこ"),
        (5, "319740911"),
        (6, "2"),
        (7, ADDRESS),
        (8, "000"),
        (9, number),
        (10, "16"),
        (11, "20180401"),
        (12, "0"),
        (13, "さとうはなこ"),
        (14, "052019"),
        (15, "001001"),
        (16, "OP000001"),
        (17, "T0001"),
        (18, "20180401090000000"),
        (19, "20200912"),
        (20, "0"),
        (21, "0"),
        (22, "000001"),
        (23, "000"),
        (24, "000"),
        (26, "000"),
        (28, "000"),
    ] {
        items[number - 1] = text;
    }
    let mut row = Row::from_items(PartyId::parse("052019").unwrap(), &items).unwrap();
    for (item, text) in changes {
        assert!(row.set(*item, text));
    }
    row
}

fn entry(of: &str, standing: Standing, versions: u32) -> Entry {
    Entry {
        code: code(of),
        standing,
        former: None,
        moved_out: None,
        newest_notice: at("20200914090000000"),
        versions,
    }
}

fn version(of: &str, number: u32, row: Row) -> Version {
    let mut row = row;
    if row.get(Item::DeletedFlag) == "0" {
        row.set(Item::RetentionFlag, "1");
    }
    Version {
        code: code(of),
        number,
        row,
        replaced_on: day("20200914"),
        replaced_at: at("20200914090000000"),
    }
}

/// The site's folder.
pub(super) struct Town {
    folder: TempDir,
}

impl Town {
    /// Three generations: see the module's doc. Commits 1 (parties), 2, 3 and 4.
    pub(super) fn new() -> Self {
        let town = Self::empty();
        town.with_site(|site| {
            let csv = town.path("parties.csv");
            std::fs::write(
                &csv,
                "party_id,kind,name,kinds,text_encoding,active_from,active_to\n\
                 052019,municipality,秋田市,UPD EXT RES,1,20200401,20991231\n",
            )
            .unwrap();
            parties::import(site, &csv, Some(day("20200912")))?;
            std::fs::remove_file(&csv).unwrap();
            Self::initial(site)?;
            Self::second(site)?;
            Self::third(site)
        });
        town
    }

    /// A site without any commit.
    pub(super) fn empty() -> Self {
        let town = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let wish = Wish {
            id: PartyId::parse("050008").unwrap(),
            name: "秋田県".to_owned(),
            national_body: PartyId::parse("N0000001").unwrap(),
            training: true,
            unlock: UnlockWish::KeyFile,
            business_date: day("20200912"),
        };
        init::init(tools(), &town.root(), &wish, unlocking()).unwrap();
        town
    }

    fn initial(site: &mut Site<'_>) -> Result<(), Fault> {
        let numbers = ["379474484458", "454972364860", "507957100721"];
        let people = [ANNA, BEN, CHIE];
        let entries = people.iter().zip(numbers);
        let changes = Changes {
            entries: entries
                .map(|(of, number)| entry(of, Standing::Resident(row(of, number, &[])), 0))
                .collect(),
            numbers: people
                .iter()
                .zip(numbers)
                .map(|(of, number)| (MyNumber::parse(number).unwrap(), code(of)))
                .collect(),
            ..Changes::default()
        };
        Self::apply(site, &changes, "20200912")
    }

    /// Anna moves within the town, Ben moves out, Chie becomes Dora.
    fn second(site: &mut Site<'_>) -> Result<(), Fault> {
        let when = (Item::Timestamp, "20200914090000000");
        let anna = row(
            ANNA,
            "379474484458",
            &[(Item::Address, NEW_ADDRESS), (Item::ChangeReason, "31"), when],
        );
        let mut ben = entry(BEN, Standing::Removed(Self::ben_removed()), 1);
        ben.moved_out = Some(MoveOut {
            municipality: MunicipalityCode::parse("052019").unwrap(),
            timestamp: at("20200914090000000"),
            confirmed: false,
        });
        let mut dora = entry(
            DORA,
            Standing::Resident(row(DORA, "507957100721", &[(Item::ChangeReason, "51"), when])),
            0,
        );
        dora.former = Some(code(CHIE));
        let changes = Changes {
            entries: vec![
                entry(ANNA, Standing::Resident(anna), 1),
                ben,
                entry(CHIE, Standing::Retired { target: code(DORA) }, 1),
                dora,
            ],
            versions: vec![
                version(ANNA, 0, row(ANNA, "379474484458", &[])),
                version(BEN, 0, row(BEN, "454972364860", &[])),
                version(CHIE, 0, row(CHIE, "507957100721", &[])),
            ],
            ..Changes::default()
        };
        Self::apply(site, &changes, "20200914")
    }

    fn ben_removed() -> Row {
        let removed = [
            (Item::ChangeReason, "21"),
            (Item::ChangeDate, "20200914"),
            (Item::Timestamp, "20200914090000000"),
            (Item::RetentionFlag, "2"),
            (Item::DeletedFlag, "1"),
        ];
        row(BEN, "454972364860", &removed)
    }

    /// Ben comes back.
    fn third(site: &mut Site<'_>) -> Result<(), Fault> {
        let back = [(Item::ChangeReason, "11"), (Item::Timestamp, "20200915100000000")];
        let changes = Changes {
            entries: vec![entry(BEN, Standing::Resident(row(BEN, "454972364860", &back)), 2)],
            versions: vec![version(BEN, 1, Self::ben_removed())],
            ..Changes::default()
        };
        Self::apply(site, &changes, "20200915")
    }

    /// One commit with records applied, and leaves of every kind of privacy.
    fn apply(site: &mut Site<'_>, changes: &Changes, business_date: &str) -> Result<(), Fault> {
        let (tools, business_date) = (site.tools, day(business_date));
        let now = tools.clock.now();
        let folders = site.folders.clone();
        let mut exchange = site.exchange();
        exchange.newest_business_date = business_date.value();
        let stage = Stage::begin(tools.disk, &folders, site.master.commit() + 1).unwrap();
        let facts = GenerationFacts {
            business_date,
            created_at: now,
            applied: true,
            rules: site.rules_hash(),
            layouts: site.layouts_hash(),
            exchange,
        };
        let staging = Staging {
            disk: tools.disk,
            folder: &stage.folder(),
            keys: &site.master_keys,
        };
        let manifest = staging
            .stage_generation(&site.master, changes, &[], facts, &mut tools.generator()?)
            .unwrap();
        let draft = Draft {
            stage,
            leaves: leaves(now, manifest.generation),
            manifest,
            // Fetched already: only its proof appears.
            outgoing: vec![(1, format!("out/052019/{ANSWER}"))],
            retired: Vec::new(),
            dropped: Vec::new(),
            business_date,
        };
        commit::commit(site, draft)
    }

    pub(super) fn with_site(&self, work: impl FnOnce(&mut Site<'_>) -> Result<(), Fault>) {
        let mut site = Site::open(tools(), &self.root(), Access::Write, unlocking()).unwrap();
        work(&mut site).unwrap();
    }

    /// Seals a file at rest under the name that it would have.
    pub(super) fn keep(&self, relative: &str, content: &[u8]) {
        self.with_site(|site| {
            let context = at_rest::context_of(Path::new(relative)).unwrap();
            let sealed = seal_at_rest(&site.secrets.site_key, &context, content, &mut site.tools.generator()?).unwrap();
            let path = self.path(relative);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, sealed).unwrap();
            Ok(())
        });
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.root().join(relative)
    }

    /// The one file in a folder of the site whose name ends so, or the first of several.
    pub(super) fn file_in(&self, folder: &str, ending: &str) -> PathBuf {
        let mut found: Vec<PathBuf> = std::fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_str().unwrap().ends_with(ending))
            .collect();
        found.sort();
        found.swap_remove(0)
    }

    /// Runs the program on the site, in English.
    pub(super) fn run(&self, args: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .env_clear()
            .arg("--site")
            .arg(self.root())
            .args(args)
            .output()
            .unwrap();
        Ran(output)
    }

    /// Runs it with `--json` and reads what it printed; it must end well.
    pub(super) fn json(&self, args: &[&str]) -> serde_json::Value {
        let ran = self.run(&[&["--json"], args].concat());
        assert_eq!(ran.code(), 0, "{args:?}: {}", ran.err());
        serde_json::from_str(&ran.out()).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", ran.out()))
    }

    /// Runs it where it must fail with this exit code, and gives id and arguments of the fault. Nothing is left half printed.
    pub(super) fn fails(&self, args: &[&str], exit_code: i32) -> serde_json::Value {
        let ran = self.run(&[&["--json"], args].concat());
        assert_eq!(ran.code(), exit_code, "{args:?}: {} {}", ran.out(), ran.err());
        serde_json::from_str(&ran.err()).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", ran.err()))
    }
}

/// How a run of the program ended.
pub(super) struct Ran(Output);

impl Ran {
    pub(super) fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub(super) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(super) fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    /// The output where it must have ended well.
    pub(super) fn good(self) -> String {
        assert_eq!(self.code(), 0, "{}", self.err());
        self.out()
    }
}

fn tools() -> Tools<'static> {
    Tools {
        disk: &RealDisk,
        clock: &StoppedClock,
        entropy: &SystemEntropy,
    }
}

fn unlocking() -> Unlocking<'static> {
    Unlocking {
        ask_passphrase: &|| panic!("no passphrase is asked for"),
        credentials: None,
    }
}

/// Number of leaves of one commit of [`Town::apply`].
pub(super) const LEAVES_EACH: u64 = 4;
const ANSWER: &str = "RES-050008-052019-00000001.dat";
/// SHA-256 that stands in a private part only.
pub(super) const PLAIN: [u8; 32] = [9; 32];

fn leaves(now: Instant, generation: u64) -> Vec<Leaf> {
    let (town, own) = (PartyId::parse("052019").unwrap(), PartyId::parse("050008").unwrap());
    let inbound = Inbound {
        name: "UPD-052019-050008-00000001.dat".to_owned(),
        kind: Some(FileKind::Upd),
        sender: Some(town),
        receiver: Some(own),
        serial: Some(1),
        size_bytes: 4200,
        digest: [7; 32],
        sha256: Some(PLAIN),
    };
    let package = Package {
        name: ANSWER,
        kind: FileKind::Res,
        sender: own,
        receiver: town,
        serial: 1,
        records: 2,
        plain_sha256: PLAIN,
        package_hash: [5; 32],
        size_bytes: 99,
        key_id: "00".repeat(8),
        generation: None,
    };
    let mut applied = journal::act(sekisho::format::leaf::Act::Applied, now);
    applied
        .counts
        .insert(sekisho::format::leaf::Label::new("generation").unwrap(), generation);
    vec![
        journal::file(now, &inbound, FileOutcome::Processed, None),
        journal::outgoing(now, &package),
        applied,
    ]
}

/// Turns one bit of a file over.
pub(super) fn flip(path: &Path, byte: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    let place = byte.min(bytes.len() - 1);
    bytes[place] ^= 1;
    std::fs::write(path, bytes).unwrap();
}
