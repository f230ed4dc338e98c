//! Drives a demonstration: a site, keys of every party, the initial load and the days, one pass each.

use std::path::{Path, PathBuf};

use super::demo::{DemoFault, DemoOptions, DemoWorld, ExpectedCounts, NATIONAL, OWN};
use super::init::{self, UnlockWish, Wish};
use super::keys::{self, Kem};
use super::pass::{self, Memory, PassResult, PassSettings};
use super::site::{Access, Site, Tools, Unlocking};
use super::{layouts, parties, trouble};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::party::{FileKind, PartyKind};
use crate::pipeline::emit::{OwnHead, ResWriter};
use crate::ports::{Disk, FileKind as Node};
use crate::store::atomic::{self, NewFile};

/// What is to be shown.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
    /// Residents of the initial load.
    pub residents: u32,
    /// Days after it.
    pub days: u32,
    /// Seed of everything.
    pub seed: u64,
    /// Worker threads.
    pub threads: usize,
}

/// One step of the demonstration.
#[derive(Debug, Clone)]
pub struct Step {
    /// 0 for the initial load, then the days from 1.
    pub day: u32,
    /// What the pass did.
    pub result: PassResult,
    /// Files that came.
    pub files_in: usize,
    /// Milliseconds of the pass.
    pub pass_ms: i64,
    /// Bytes of the site after the pass.
    pub bytes_on_disk: u64,
    /// Files whose outcome or sums are not those that the generator predicts.
    pub surprises: u32,
}

/// Where the demonstration lies.
pub struct Places {
    /// The site.
    pub site: PathBuf,
    /// Key files of the parties.
    pub keys: PathBuf,
}

/// The folders below the one given.
pub fn places(root: &Path) -> Places {
    Places {
        site: root.join("site"),
        keys: root.join("party-keys"),
    }
}

/// Runs the demonstration; `each` is told of every step when it is done.
pub fn demo(
    tools: Tools<'_>,
    root: &Path,
    wishes: Wishes,
    unlocking: Unlocking<'_>,
    each: &mut dyn FnMut(&Step) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let disk = tools.disk;
    match disk.list(root) {
        Ok(entries) if !entries.is_empty() => {
            return Err(Fault::new(FaultId::SiteExists).with("path", root.display()));
        }
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(trouble::disk(root)(e)),
        Ok(_) | Err(_) => {}
    }
    let options = DemoOptions::new(wishes.seed, wishes.residents).map_err(of_demo)?;
    let mut world = DemoWorld::with_options(options).map_err(of_demo)?;
    let first_day = world.options().initial_date;
    let mut site = build(tools, root, &world, first_day, unlocking)?;
    let mut expected = Expectations::default();
    let towns = world.town_count();
    for town in 0..towns {
        let (party, name, counts) = initial(&site, &world, town)?;
        expected.add(&party, &name, counts);
    }
    each(&step(&mut site, 0, first_day, towns, wishes.threads, &mut expected)?)?;
    for _ in 0..wishes.days {
        let day = world.next_day().map_err(of_demo)?;
        acknowledge(&site, day.date)?;
        for file in &day.files {
            put(&site, file.party, &file.name, &file.bytes)?;
            if let Some(counts) = file.expected {
                expected.add(&file.party, &file.name, counts);
            }
        }
        let count = day.files.len();
        each(&step(
            &mut site,
            day.number,
            day.date,
            count,
            wishes.threads,
            &mut expected,
        )?)?;
    }
    Ok(())
}

/// Sums that the generator predicts, by folder and name.
#[derive(Default)]
struct Expectations(Vec<(String, String, ExpectedCounts)>);

impl Expectations {
    fn add(&mut self, party: &PartyId, name: &str, counts: ExpectedCounts) {
        self.0.push((party.to_string(), name.to_owned(), counts));
    }

    /// Files whose sums are others than predicted. What was predicted is used up by the pass that judges the file.
    fn surprises(&mut self, result: &PassResult) -> u32 {
        let mut surprises = 0;
        for file in result.files.iter().filter(|file| file.kind == "UPD") {
            let Some(sums) = file.counts else { continue };
            let at = self
                .0
                .iter()
                .rposition(|(folder, name, _)| *folder == file.folder && *name == file.name);
            let predicted = at.map(|at| self.0.remove(at).2);
            let same = predicted.is_some_and(|counts| {
                u64::from(counts.applied) == sums.applied
                    && u64::from(counts.warned) == sums.applied_with_warning
                    && u64::from(counts.rejected) == sums.rejected
                    && u64::from(counts.duplicate) == sums.duplicate
            });
            surprises += u32::from(!same);
        }
        surprises
    }
}

fn build<'m>(
    tools: Tools<'m>,
    root: &Path,
    world: &DemoWorld,
    first_day: BusinessDate,
    unlocking: Unlocking<'_>,
) -> Result<Site<'m>, Fault> {
    let disk = tools.disk;
    let Places {
        site: site_folder,
        keys: key_folder,
    } = places(root);
    disk.create_folder(root).map_err(trouble::disk(root))?;
    disk.create_folder(&key_folder).map_err(trouble::disk(&key_folder))?;
    let id = |text: &str| PartyId::parse(text).ok_or_else(|| trouble::bug("party id of the demonstration"));
    let wish = Wish {
        id: id(OWN)?,
        name: "秋田県（模擬）".to_owned(),
        national_body: id(NATIONAL)?,
        training: true,
        unlock: UnlockWish::KeyFile,
        business_date: first_day,
    };
    init::init(tools, &site_folder, &wish, unlocking)?;
    let mut list = world.parties().map_err(of_demo)?;
    for party in list.iter_mut().filter(|party| party.kind != PartyKind::Own) {
        let path = key_folder.join(party.id.as_str());
        let made = keys::generate_party(tools, &path, party.id, None, Kem::P256)?;
        party.sealing_key = Some(made.sealing_key);
        party.signing_key = Some(made.signing_key);
    }
    let mut site = Site::open(tools, &site_folder, Access::Write, unlocking)?;
    for table in world.gaiji_tables() {
        let path = site.folders.gaiji(table.name);
        atomic::publish(disk, &path, table.csv.as_bytes()).map_err(|e| trouble::atomic(&e))?;
    }
    parties::put(&mut site, list, Some(first_day))?;
    Ok(site)
}

fn initial(site: &Site<'_>, world: &DemoWorld, town: usize) -> Result<(PartyId, String, ExpectedCounts), Fault> {
    let disk = site.tools.disk;
    let temporary = site.folders.root().join("initial.part");
    let mut file = NewFile::begin(disk, &temporary).map_err(|e| trouble::atomic(&e))?;
    let made = world
        .write_initial(town, &mut |bytes| file.write_all(bytes).map_err(|e| e.source))
        .map_err(of_demo)?;
    file.publish().map_err(|e| trouble::atomic(&e))?;
    let path = site.folders.inbound().join(made.party.as_str()).join(&made.name);
    disk.rename(&temporary, &path).map_err(trouble::disk(&path))?;
    Ok((made.party, made.name, made.expected))
}

fn put(site: &Site<'_>, party: PartyId, name: &str, bytes: &[u8]) -> Result<(), Fault> {
    let path = site.folders.inbound().join(party.as_str()).join(name);
    atomic::publish(site.tools.disk, &path, bytes).map_err(|e| trouble::atomic(&e))
}

/// The national body acknowledges what it got the day before.
fn acknowledge(site: &Site<'_>, date: BusinessDate) -> Result<(), Fault> {
    let national = site.config.national_body;
    let state = site.exchange();
    for (at, open) in (0..).zip(&state.unacknowledged) {
        let serial = state.next_inbound(national, FileKind::Res).saturating_add(at);
        let party = parties::get(site, national)?;
        let head = OwnHead {
            own: national,
            receiver: site.config.id,
            serial,
            business_date: date,
            environment: super::demo::ENVIRONMENT,
            encoding: party.encoding,
            reply_to: Some(pass::notice_hash(site, open.serial)?),
        };
        let layout = site.layouts.get(FileKind::Res);
        let bytes = ResWriter::new(layout, &head)
            .and_then(ResWriter::finish)
            .map_err(trouble::bug)?;
        let name = layouts::standard_name(FileKind::Res, national, site.config.id, serial);
        put(site, national, &name, &bytes)?;
    }
    Ok(())
}

fn step(
    site: &mut Site<'_>,
    day: u32,
    date: BusinessDate,
    files_in: usize,
    threads: usize,
    expected: &mut Expectations,
) -> Result<Step, Fault> {
    let before = site.tools.clock.now();
    let result = pass::run(
        site,
        PassSettings {
            business_date: Some(date),
            threads,
            memory: Memory::default(),
        },
    )?;
    let pass_ms = site.tools.clock.now().millis_since(before);
    let bytes_on_disk =
        bytes_below(site.tools.disk, site.folders.root()).map_err(trouble::disk(site.folders.root()))?;
    let surprises = expected.surprises(&result);
    Ok(Step {
        day,
        result,
        files_in,
        pass_ms,
        bytes_on_disk,
        surprises,
    })
}

/// Bytes of all plain files below a folder.
pub fn bytes_below(disk: &dyn Disk, folder: &Path) -> std::io::Result<u64> {
    let mut bytes = 0_u64;
    for entry in disk.list(folder)? {
        let path = folder.join(&entry.name);
        let facts = disk.facts(&path)?;
        bytes = bytes.saturating_add(match facts.kind {
            Node::Plain => facts.len_bytes,
            Node::Folder => bytes_below(disk, &path)?,
            Node::Other => 0,
        });
    }
    Ok(bytes)
}

fn of_demo(why: DemoFault) -> Fault {
    match why {
        DemoFault::TooMany => Fault::new(FaultId::UsageWrong)
            .with("command", "demo")
            .with("why", format!("at most {} residents", super::demo::MOST_RESIDENTS)),
        DemoFault::Table { .. } | DemoFault::Layout => trouble::bug(why),
        DemoFault::Write(kind) => Fault::new(FaultId::DiskFailed).with("path", "in/").with("why", kind),
    }
}
