//! A store on the in-memory disk, and rows to put in it.

use std::path::{Path, PathBuf};

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use sekisho::domain::entry::{Changes, Entry, MoveOut, Standing, Version};
use sekisho::domain::ids::{JuminCode, MunicipalityCode, MyNumber, PartyId};
use sekisho::domain::instant::{BusinessDate, Instant};
use sekisho::domain::item::Item;
use sekisho::domain::row::Row;
use sekisho::format::manifest::{ExchangeState, Hash32, Manifest, Pointer};
use sekisho::ports::Disk;
use sekisho::ports::memory::MemoryDisk;
use sekisho::seal::secret::{MultisetKey, SiteKey};
use sekisho::store::generations::{GenerationFacts, Staging, create_folders, set_current, write_manifest};
use sekisho::store::master::{Master, MasterError, MasterKeys};
use sekisho::store::paths::{StorePaths, run_file};
use sekisho::text::mark::CellMark;

/// Identities as a commit takes them.
pub(crate) type Identities = Vec<([u8; 32], Vec<u8>)>;

pub(crate) struct Store {
    pub(crate) disk: MemoryDisk,
    pub(crate) paths: StorePaths,
    pub(crate) keys: MasterKeys,
    rng: ChaCha20Rng,
}

impl Store {
    pub(crate) fn new() -> Self {
        let disk = MemoryDisk::new();
        let paths = StorePaths::new("/store");
        create_folders(&disk, &paths).unwrap();
        disk.create_folder(Path::new("/staging")).unwrap();
        Self {
            disk,
            paths,
            keys: MasterKeys {
                site: SiteKey::new([1; 32]),
                root: MultisetKey::new([2; 32]),
            },
            rng: ChaCha20Rng::from_seed([3; 32]),
        }
    }

    pub(crate) fn open(&self) -> Master {
        Master::open(&self.disk, &self.paths, &self.keys).unwrap()
    }

    /// Stages into a folder of its own, as the commit protocol does, and gives the manifest.
    pub(crate) fn stage(
        &mut self,
        parent: &Master,
        work: impl FnOnce(&Staging<'_>, &Master, &mut ChaCha20Rng) -> Result<Manifest, MasterError>,
    ) -> Result<Manifest, MasterError> {
        let staging = Staging {
            disk: &self.disk,
            folder: Path::new("/staging"),
            keys: &self.keys,
        };
        work(&staging, parent, &mut self.rng)
    }

    /// Puts a staged manifest and its runs in place.
    pub(crate) fn publish(&mut self, manifest: &Manifest) {
        for run in &manifest.runs {
            let staged = Path::new("/staging").join(run_file(&run.name));
            if self.disk.exists(&staged).unwrap() {
                self.disk.rename(&staged, &self.paths.run(&run.name)).unwrap();
            }
        }
        assert!(
            self.disk.list(Path::new("/staging")).unwrap().is_empty(),
            "staged files nobody names"
        );
        let hash = write_manifest(&self.disk, &self.paths, manifest).unwrap();
        let pointer = Pointer {
            commit: manifest.commit,
            manifest: hash,
            ledger: "2020 0".to_owned(),
        };
        set_current(&self.disk, &self.paths, &pointer).unwrap();
    }

    /// A whole commit; small runs are merged as the commit protocol does.
    pub(crate) fn commit(&mut self, changes: &Changes, identities: &[([u8; 32], Vec<u8>)], applied: bool) -> Manifest {
        let (parent, runs) = (self.open(), self.paths.runs());
        let manifest = self
            .stage(&parent, |staging, parent, rng| {
                let staged = staging.stage_generation(parent, changes, identities, facts(applied), rng)?;
                staging.merge_small(&runs, parent, staged, rng)
            })
            .unwrap();
        self.publish(&manifest);
        manifest
    }

    /// Paths below the store folder.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.disk
            .files()
            .into_iter()
            .filter_map(|path| path.strip_prefix("/store").ok().map(Path::to_owned))
            .collect()
    }

    /// A second store with the same files and keys.
    pub(crate) fn copy(&self) -> Self {
        Self {
            disk: self.disk.copy(),
            paths: self.paths.clone(),
            keys: self.keys.clone(),
            rng: ChaCha20Rng::from_seed([4; 32]),
        }
    }

    pub(crate) fn bytes(&self, file: &Path) -> Vec<u8> {
        self.disk.read(&self.paths.folder().join(file), u64::MAX).unwrap()
    }

    pub(crate) fn put(&self, file: &Path, bytes: &[u8]) {
        self.disk.put(&self.paths.folder().join(file), bytes).unwrap();
    }

    pub(crate) fn run_bytes(&self) -> u64 {
        let runs = self.files().into_iter().filter(|file| file.starts_with("runs"));
        runs.map(|file| self.bytes(&file).len() as u64).sum()
    }
}

pub(crate) fn facts(applied: bool) -> GenerationFacts {
    GenerationFacts {
        business_date: BusinessDate::parse("20200914").unwrap(),
        created_at: Instant::parse("20200914220000000").unwrap(),
        applied,
        rules: Hash32([5; 32]),
        layouts: Hash32([6; 32]),
        exchange: ExchangeState::default(),
    }
}

pub(crate) fn code(body: u64) -> JuminCode {
    JuminCode::from_body(1_000_000_000 + body).unwrap()
}

pub(crate) fn number(body: u64) -> MyNumber {
    MyNumber::from_body(10_000_000_000 + body).unwrap()
}

/// A time of 14 September 2020, `tick` milliseconds (below 60,000) after nine.
pub(crate) fn at(tick: u64) -> Instant {
    Instant::from_value(20_200_914_090_000_000 + tick).unwrap()
}

/// A plausible row whose content follows from `seed`.
pub(crate) fn row(code: JuminCode, seed: u64, timestamp: Instant) -> Row {
    let towns = ["052019", "052027", "052035"];
    let town = towns[usize::try_from(seed % 3).unwrap()];
    let mut row = Row::blank(PartyId::parse(town).unwrap());
    let names = ["佐藤　花子", "髙橋　太郎", "李　明", "𠮷田　〓"];
    for (item, text) in [
        (Item::JuminCode, code.text()),
        (Item::KanjiName, names[usize::try_from(seed % 4).unwrap()].to_owned()),
        (Item::NameGaijiCount, "000".to_owned()),
        (Item::KanaName, "さとう　はなこ".to_owned()),
        (Item::BirthDate, format!("3{:04}0405", 1930 + seed % 60)),
        (Item::Sex, (1 + seed % 2).to_string()),
        (
            Item::Address,
            format!("秋田県秋田市山王{}丁目{}番", seed % 7, seed % 97),
        ),
        (Item::MyNumber, number(code.value() / 10 % 1_000_000).text()),
        (Item::ChangeReason, "31".to_owned()),
        (Item::ChangeDate, "20200914".to_owned()),
        (Item::RetentionFlag, "0".to_owned()),
        (Item::SeionKanaName, "さとうはなこ".to_owned()),
        (Item::MunicipalityCode, town.to_owned()),
        (Item::AzaCode, format!("{:06}", seed % 1000)),
        (Item::OperatorId, format!("OP{:06}", seed * 7919 % 1_000_000)),
        (Item::TerminalId, "T0001".to_owned()),
        (Item::Timestamp, timestamp.to_string()),
        (Item::ReceivedDate, "20200914".to_owned()),
        (Item::GaijiFlag, "0".to_owned()),
        (Item::DeletedFlag, "0".to_owned()),
        (Item::UpdateSeq, format!("{:06}", seed % 1_000_000)),
    ] {
        assert!(row.set(item, &text));
    }
    if seed.is_multiple_of(5) {
        let cell = CellMark {
            at: 1,
            chars: 1,
            cell: 0xF040,
        };
        row.add_cells(Item::KanjiName, &[cell]);
    }
    row
}

pub(crate) fn removed(mut row: Row, reason: &str) -> Row {
    row.set(Item::ChangeReason, reason);
    row.set(Item::DeletedFlag, "1");
    row
}

pub(crate) fn entry(code: JuminCode, standing: Standing, timestamp: Instant) -> Entry {
    Entry {
        code,
        standing,
        former: None,
        moved_out: None,
        newest_notice: timestamp,
        versions: 0,
    }
}

pub(crate) fn resident(body: u64, seed: u64) -> Entry {
    let timestamp = at(seed % 50_000);
    entry(
        code(body),
        Standing::Resident(row(code(body), seed, timestamp)),
        timestamp,
    )
}

pub(crate) fn moved(timestamp: Instant) -> MoveOut {
    MoveOut {
        municipality: MunicipalityCode::parse("052027").unwrap(),
        timestamp,
        confirmed: true,
    }
}

pub(crate) fn version(number: u32, mut row: Row, replaced_at: Instant) -> Version {
    row.set(Item::RetentionFlag, "1");
    Version {
        code: row.jumin_code().unwrap(),
        number,
        row,
        replaced_on: replaced_at.date(),
        replaced_at,
    }
}

/// `count` residents with their numbers.
pub(crate) fn residents(count: u64) -> Changes {
    Changes {
        entries: (0..count).map(|body| resident(body, body)).collect(),
        numbers: (0..count).map(|body| (number(body), code(body))).collect(),
        ..Changes::default()
    }
}
