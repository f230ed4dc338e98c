//! Plays a history on the real program, on a site in memory, and on the reference model, and compares after every run
//! everything that either shows: files and answers here, what is kept in `compared`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use sekisho::domain::code::Code;
use sekisho::domain::instant::BusinessDate;
use sekisho::domain::outcome::RecordSums;
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::ports::Disk as _;
use sekisho::ports::memory::MemoryDisk;
use sekisho::run::init::{self, UnlockWish, Wish};
use sekisho::run::parties;
use sekisho::run::pass::{self, Memory, PassResult, PassSettings};
use sekisho::run::site::{Access, Site};
use sekisho::seal::digest::sha256;
use sekisho::seal::keys::PartySecrets;

use super::Wrong;
use super::compose::{Composer, MERGED, TOWNS};
use super::history::History;
use super::numbers::days_later;
use super::office::{Fate, Office, Shown, Town};
use super::register::Standing;
use super::wire::{read_ntf, read_res};
use crate::desk::files::{self, NATIONAL, OWN, day, id};
use crate::desk::memory::{Machine, ROOT};
use crate::desk::state::{open, paths_below};
use crate::desk::unlocking;

/// The day on which the site was made.
const FIRST_DAY: &str = "20200914";

/// A site without history, and the keys of everybody.
struct Prepared {
    disk: MemoryDisk,
    keys: BTreeMap<&'static str, PartySecrets>,
}

fn towns() -> BTreeMap<String, Town> {
    let town = |(index, id): (usize, &&str)| {
        let mut own = vec![(*id).to_owned()];
        if index == 0 {
            own.push(MERGED.to_owned());
        }
        let (active, sends_notices) = (index != 3, index != 4);
        (
            (*id).to_owned(),
            Town {
                own,
                active,
                sends_notices,
            },
        )
    };
    TOWNS.iter().enumerate().map(town).collect()
}

fn party(owner: &str, secrets: &PartySecrets) -> Party {
    let town = towns().remove(owner);
    let kind = if town.is_some() {
        PartyKind::Municipality
    } else {
        PartyKind::National
    };
    let sends = match &town {
        None => FileKind::Res,
        Some(town) if town.sends_notices => FileKind::Upd,
        Some(_) => FileKind::Ext,
    };
    let ends = town.as_ref().is_some_and(|town| !town.active);
    let predecessors = if owner == TOWNS[0] { vec![MERGED] } else { Vec::new() };
    Party {
        id: id(owner),
        kind,
        name: "団体".to_owned(),
        sends: vec![sends],
        encoding: Encoding::Cp932,
        active_from: day("2002-08-05"),
        active_to: day(if ends { "2020-09-13" } else { "2099-12-31" }),
        hash_optional: false,
        plain_allowed: true,
        arrival: sekisho::domain::arrival::ArrivalRule::default(),
        predecessors: predecessors
            .into_iter()
            .map(|code| sekisho::domain::ids::MunicipalityCode::parse(code).unwrap())
            .collect(),
        gaiji_table: None,
        signing_key: Some(secrets.package_signer.vkey()),
        sealing_key: Some(secrets.public_sealing_keys().last().unwrap().text()),
    }
}

fn prepared() -> &'static Prepared {
    static PREPARED: OnceLock<Prepared> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let disk = MemoryDisk::new();
        let machine = Machine::new(1);
        let tools = machine.tools(&disk);
        let wish = Wish {
            id: id(OWN),
            name: "秋田県".to_owned(),
            national_body: id(NATIONAL),
            training: true,
            unlock: UnlockWish::KeyFile,
            business_date: day(FIRST_DAY),
        };
        init::init(tools, Path::new(ROOT), &wish, unlocking()).unwrap();
        let owners = TOWNS.iter().chain([&NATIONAL]);
        let keys: BTreeMap<&str, PartySecrets> = (1..)
            .zip(owners)
            .map(|(seed, owner)| (*owner, files::secrets(owner, seed)))
            .collect();
        let list = keys.iter().map(|(owner, secrets)| party(owner, secrets)).collect();
        let mut site = Site::open(tools, Path::new(ROOT), Access::Write, unlocking()).unwrap();
        parties::put(&mut site, list, Some(day(FIRST_DAY))).unwrap();
        drop(site);
        for owner in keys.keys() {
            disk.create_folder(&Path::new(ROOT).join("in").join(owner)).unwrap();
        }
        Prepared { disk, keys }
    })
}

/// How much a history reached: what its runs had in them, for a test that all of it occurs.
#[derive(Debug, Default, Clone)]
pub(super) struct Reached {
    pub(super) histories: u64,
    pub(super) passes: u64,
    pub(super) records: u64,
    /// Outcomes with code, of files and records.
    pub(super) met: BTreeMap<String, u64>,
}

impl Reached {
    pub(super) fn add(&mut self, other: &Self) {
        self.histories += other.histories;
        self.passes += other.passes;
        self.records += other.records;
        for (word, times) in &other.met {
            *self.met.entry(word.clone()).or_default() += times;
        }
    }
}

/// A difference, in words.
pub(super) type Differs = String;

/// A history under way: both sides, and what goes between them.
pub(super) struct Play {
    disk: MemoryDisk,
    pub(super) office: Office,
    composer: Composer,
    pub(super) today: String,
    /// Plain bytes of the open notice files, oldest first, and serials of acknowledgements.
    notices: Vec<(u32, [u8; 32])>,
    pub(super) acknowledged: Vec<u32>,
    published: BTreeSet<String>,
    pub(super) reached: Reached,
}

/// Plays a history; the first difference, if there is one.
pub(super) fn play(history: &History, wrong: Option<Wrong>) -> Result<Reached, Differs> {
    let mut play = Play {
        disk: prepared().disk.copy(),
        office: Office::new(towns()),
        composer: Composer::default(),
        today: FIRST_DAY.to_owned(),
        notices: Vec::new(),
        acknowledged: Vec::new(),
        published: BTreeSet::new(),
        reached: Reached {
            histories: 1,
            ..Reached::default()
        },
    };
    for (number, day) in history.0.iter().enumerate() {
        play.today = days_later(&play.today, i32::from(day.after));
        let arrivals = play.composer.compose(number, &play.today, day, &play.office);
        let acknowledges = if day.acknowledges { play.acknowledge() } else { None };
        for file in &arrivals {
            play.put(&file.upd.sender, &file.name, &file.bytes);
        }
        let shown = play.office.pass(
            &play.today,
            &arrivals,
            acknowledges.as_ref().map(|(serial, _)| *serial),
            wrong,
        );
        play.run(&shown, acknowledges.as_ref().map(|(_, name)| name.as_str()))
            .map_err(|why| format!("run {number} on {}: {why}", play.today))?;
        for fate in shown.files.iter().filter(|fate| fate.outcome == "rejected") {
            let file = arrivals
                .iter()
                .find(|file| file.name == fate.name && file.upd.sender == fate.folder);
            let serial = file.map_or(0, |file| file.upd.serial);
            if serial == play.office.next(&fate.folder) {
                play.composer.rejected(&fate.folder, serial);
            }
        }
    }
    play.afterwards()?;
    Ok(play.reached)
}

impl Play {
    fn put(&self, folder: &str, name: &str, bytes: &[u8]) {
        self.disk
            .put(&Path::new(ROOT).join("in").join(folder).join(name), bytes)
            .unwrap();
    }

    /// The national body acknowledges its oldest open notice file.
    fn acknowledge(&mut self) -> Option<(u32, String)> {
        if self.notices.is_empty() {
            return None;
        }
        let (serial, hash) = self.notices.remove(0);
        self.acknowledged.push(serial);
        let (name, bytes) = files::res(u32::try_from(self.acknowledged.len()).unwrap(), hash);
        self.put(NATIONAL, &name, &bytes);
        Some((serial, name))
    }

    /// One run of the program, compared with what the model shows and holds.
    fn run(&mut self, shown: &Shown, acknowledgement: Option<&str>) -> Result<(), Differs> {
        // Another night, another randomness.
        let machine = Machine::new(10 + u8::try_from(self.reached.passes).unwrap());
        let disk = self.disk.clone();
        let mut site = Site::open(machine.tools(&disk), Path::new(ROOT), Access::Write, unlocking())
            .map_err(|fault| format!("the site does not open: {fault:?}"))?;
        let before = (site.ledger.tip().log.year(), site.ledger.tip().size);
        let settings = PassSettings {
            business_date: BusinessDate::parse(&self.today),
            threads: 1 + usize::try_from(self.reached.passes % 2).unwrap(),
            memory: memory(self.reached.passes),
        };
        let result = pass::run(&mut site, settings).map_err(|fault| format!("the run fails: {fault:?}"))?;
        self.count(shown);
        compare_files(shown, acknowledgement, &result)?;
        self.compare_sums(shown, &result)?;
        self.compare_answers(&site, shown, &result)?;
        self.compare_register(&site)?;
        self.compare_exchange(&site)?;
        self.compare_ledger(&site, before, shown, acknowledgement)?;
        Ok(())
    }

    fn compare_sums(&self, shown: &Shown, result: &PassResult) -> Result<(), Differs> {
        let RecordSums {
            applied,
            applied_with_warning,
            rejected,
            duplicate,
        } = result.records;
        same!(
            [applied, applied_with_warning, rejected, duplicate],
            shown.sums,
            "sums of the run"
        );
        let register = &self.office.register;
        let program = [
            result.residents_before,
            result.entries,
            result.removals,
            result.residents_after,
            result.removed_persons,
            result.retired_codes,
            result.generation_after,
        ];
        let model = [
            shown.residents_before,
            shown.entries,
            shown.removals,
            shown.residents_after,
            register.count(Standing::Removed),
            register.count(Standing::Retired),
            self.office.generation,
        ];
        same!(
            program,
            model,
            "residents before, entries, removals, after, removed, retired, generation"
        );
        same!(
            result.residents_after,
            result.residents_before + result.entries - result.removals,
            "equation of residents"
        );
        let held = self.office.held.len() + self.office.in_place.len();
        same!(result.held, held, "held files after the run");
        let notices = result
            .notices
            .as_ref()
            .map(|notices| (notices.name.clone(), notices.records));
        let of_model = shown.ntf.as_ref().map(|ntf| {
            (
                format!("NTF-050008-N0000001-{:08}.dat.seki", ntf.serial),
                ntf.lines.len() as u64,
            )
        });
        same!(notices, of_model, "notices to the national body");
        Ok(())
    }

    /// Opens every package that went out in the run with its receiver's keys.
    fn compare_answers(&mut self, site: &Site<'_>, shown: &Shown, result: &PassResult) -> Result<(), Differs> {
        let keys = &prepared().keys;
        let plain = |path: &str| {
            let bytes = site.tools.disk.read(&site.folders.at(path), 1 << 24).unwrap();
            open(site, keys, path, &bytes)
        };
        for fate in &shown.files {
            let Some(serial) = fate.answer else { continue };
            let path = format!("out/{0}/RES-050008-{0}-{serial:08}.dat.seki", fate.folder);
            let mut answer = read_res(&plain(&path));
            let model = &self.office.answers[&(fate.folder.clone(), serial)];
            if model.head[7] == "?" {
                "?".clone_into(&mut answer.head[7]);
            }
            same!(answer.head, model.head, "head of the answer to {}", fate.name);
            same!(answer.lines, model.lines, "answer to {}", fate.name);
            same!(answer.sums, model.sums, "sums of the answer to {}", fate.name);
            self.published.insert(path);
        }
        if let (Some(ntf), Some(notices)) = (&shown.ntf, &result.notices) {
            let path = format!("out/{NATIONAL}/{}", notices.name);
            let bytes = plain(&path);
            let program = read_ntf(&bytes);
            same!(program, *ntf, "notices to the national body");
            self.notices.push((ntf.serial, sha256(&bytes)));
            self.published.insert(path);
        }
        let packages = paths_below(site.tools.disk, site.folders.root(), "out").into_iter();
        let packages: BTreeSet<String> = packages.filter(|path| !path.ends_with(".tlog-proof")).collect();
        same!(packages, self.published, "packages in the outbound folders");
        Ok(())
    }

    fn count(&mut self, shown: &Shown) {
        let met = &mut self.reached.met;
        let mut meet = |word: String| *met.entry(word).or_default() += 1;
        for fate in &shown.files {
            meet(format!("{} {}", fate.outcome, fate.code));
            if fate.outcome != "processed" {
                continue;
            }
            let answer = &self.office.answers[&(fate.folder.clone(), fate.answer.unwrap())];
            for line in &answer.lines {
                meet(format!("{} {}", line.0[5], line.0[6]));
                if "AW".contains(&line.0[5]) {
                    meet(format!("applied {}", line.0[2]));
                }
            }
        }
        self.reached.passes += 1;
        self.reached.records += shown.sums.iter().sum::<u64>();
    }

    /// A site that is opened anew holds the same.
    fn afterwards(&self) -> Result<(), Differs> {
        let machine = Machine::new(9);
        let site = Site::open(machine.tools(&self.disk), Path::new(ROOT), Access::Read, unlocking())
            .map_err(|fault| format!("the site does not open for reading: {fault:?}"))?;
        self.compare_register(&site)?;
        self.compare_exchange(&site)
    }
}

/// What the pass says of every file.
fn compare_files(shown: &Shown, acknowledgement: Option<&str>, result: &PassResult) -> Result<(), Differs> {
    let mut program: Vec<Fate> = Vec::new();
    for file in &result.files {
        if file.folder == NATIONAL {
            same!(Some(file.raw_name.as_str()), acknowledgement, "acknowledgement");
            same!(file.outcome, "acknowledged", "acknowledgement");
            continue;
        }
        let answer = file.answer.as_ref().map(|name| {
            let serial = name.strip_prefix(&format!("RES-050008-{}-", file.folder)).unwrap();
            serial.strip_suffix(".dat.seki").unwrap().parse().unwrap()
        });
        program.push(Fate {
            folder: file.folder.clone(),
            name: file.raw_name.clone(),
            outcome: file.outcome,
            code: file.code.map_or("", Code::as_str),
            sums: file
                .counts
                .map(|sums| [sums.applied, sums.applied_with_warning, sums.rejected, sums.duplicate]),
            answer,
        });
    }
    program.sort();
    same!(program, shown.files, "files");
    Ok(())
}

/// In how little memory the pass of this number works: the outcome must not tell. With one notice a part and room for none, every
/// person is a part of its own and everything is sorted outside of memory.
fn memory<N: Into<u64>>(pass: N) -> Memory {
    match pass.into() % 3 {
        0 => Memory {
            batch_notices: 1,
            notice_bytes: 300,
            other_bytes: 100,
        },
        1 => Memory {
            batch_notices: 3,
            notice_bytes: 2000,
            other_bytes: 1000,
        },
        _ => Memory::default(),
    }
}
