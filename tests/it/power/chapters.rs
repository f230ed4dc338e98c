//! What the crash tests let the program do: two days of three municipalities, the first day of a fiscal year, and the
//! other commands that change a site. Each chapter begins with a quiet disk.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use sekisho::domain::fault::Fault;
use sekisho::domain::party::Party;
use sekisho::ports::Disk;
use sekisho::ports::simulated::{Record, SimDisk};
use sekisho::run::pass::{self, Memory, PassResult, PassSettings};
use sekisho::run::site::{Access, Site};
use sekisho::run::{generations, held, parties};
use sekisho::seal::keys::PartySecrets;

use crate::desk::files::*;
use crate::desk::memory::{Machine, ROOT, Small, look, party};
use crate::desk::state::State;
use crate::desk::unlocking;

/// Business date of the second day.
const SECOND: &str = "2020-09-15";
/// The first day of the next fiscal year.
const NEW_YEAR: &str = "2021-04-01";

type Act = Box<dyn Fn(&mut Site<'_>) -> Result<(), Fault> + Send + Sync>;

/// One thing that the program does, and what may be left of it.
pub(crate) struct Chapter {
    /// For messages.
    pub(crate) name: &'static str,
    /// Seed of its randomness; those after a crash follow it.
    pub(crate) seed: u8,
    /// Business date of the pass after a crash.
    date: &'static str,
    /// The disk before.
    pub(crate) start: SimDisk,
    /// The operator's command; `None` where the chapter is a pass.
    act: Option<Act>,
    /// Everything that it did to the disk, undisturbed.
    pub(crate) record: Record,
    /// The site at the end, after a pass. The last one is that with the chapter done.
    pub(crate) ends: Vec<State>,
    /// Outgoing files and the size of the ledger before.
    pub(crate) before: Outside,
    /// Packages that went out before and go out anew in the chapter: the answer to a file that came again.
    pub(crate) repeated: BTreeSet<String>,
    keys: &'static BTreeMap<&'static str, PartySecrets>,
}

/// What others see of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outside {
    /// Outgoing packages with their bytes.
    pub(crate) out: BTreeMap<String, Vec<u8>>,
    /// Proofs beside them.
    pub(crate) proofs: BTreeMap<String, Vec<u8>>,
    /// Inbound files.
    pub(crate) inbox: Vec<String>,
    /// The newest log and its size, as the checkpoint says.
    pub(crate) ledger: (String, u64),
}

impl Outside {
    pub(crate) fn of(disk: &SimDisk) -> Self {
        let (mut out, mut proofs) = (BTreeMap::new(), BTreeMap::new());
        let (mut inbox, mut ledger) = (Vec::new(), (String::new(), 0));
        for path in disk.files() {
            let name = path.strip_prefix(ROOT).unwrap_or(&path).display().to_string();
            let read = || disk.read(&path, 64 << 20).unwrap();
            if let Some(of) = name.strip_suffix(".tlog-proof") {
                proofs.insert(of.to_owned(), read());
            } else if name.starts_with("out/") && name.strip_suffix(".seki").is_some() {
                out.insert(name, read());
            } else if name.starts_with("in/") {
                inbox.push(name);
            } else if let Some(log) = name.strip_suffix("/checkpoint") {
                // A checkpoint that is no text is found by who opens the site.
                let text = String::from_utf8_lossy(&read()).into_owned();
                let size = text.lines().nth(1).and_then(|size| size.parse().ok());
                ledger = (log.to_owned(), size.unwrap_or(0));
            }
        }
        Self {
            out,
            proofs,
            inbox,
            ledger,
        }
    }
}

/// Opens the site for writing, which recovers it, and does something.
fn on(disk: &dyn Disk, seed: u8, act: &dyn Fn(&mut Site<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
    let machine = Machine::new(seed);
    let mut site = Site::open(machine.tools(disk), Path::new(ROOT), Access::Write, unlocking())?;
    act(&mut site)
}

/// One pass.
pub(crate) fn pass_at(disk: &dyn Disk, seed: u8, date: &str) -> Result<PassResult, Fault> {
    let machine = Machine::new(seed);
    let mut site = Site::open(machine.tools(disk), Path::new(ROOT), Access::Write, unlocking())?;
    let settings = PassSettings {
        business_date: Some(day(date)),
        threads: 1,
        memory: Memory::default(),
    };
    pass::run(&mut site, settings)
}

impl Chapter {
    fn new(
        (name, date, seed): (&'static str, &'static str, u8),
        start: &SimDisk,
        keys: &'static BTreeMap<&'static str, PartySecrets>,
        act: Option<Act>,
    ) -> Self {
        let start = start.copy();
        start.make_durable();
        let done = start.copy();
        let mut chapter = Self {
            name,
            seed,
            date,
            act,
            record: done.record(),
            ends: Vec::new(),
            before: Outside::of(&start),
            start,
            repeated: BTreeSet::new(),
            keys,
        };
        chapter.do_on(&done, seed).unwrap();
        let after = Outside::of(&done).out;
        let before = chapter.before.out.iter();
        let repeated = before.filter(|(name, bytes)| after.get(*name).is_some_and(|after| after != *bytes));
        chapter.repeated = repeated.map(|(name, _)| name.clone()).collect();
        chapter.record = done.record();
        if chapter.act.is_some() {
            let undone = chapter.start.copy();
            chapter.next_run(&undone, seed + 1).unwrap();
            chapter.ends.push(chapter.state(&undone));
        }
        chapter.next_run(&done, seed + 1).unwrap();
        chapter.ends.push(chapter.state(&done));
        chapter
    }

    /// Does it.
    pub(crate) fn do_on(&self, disk: &dyn Disk, seed: u8) -> Result<bool, Fault> {
        match &self.act {
            Some(act) => on(disk, seed, act).map(|()| false),
            None => self.next_run(disk, seed),
        }
    }

    /// What runs next in the night, whatever happened: a pass. True where it could not read everything.
    pub(crate) fn next_run(&self, disk: &dyn Disk, seed: u8) -> Result<bool, Fault> {
        pass_at(disk, seed, self.date).map(|result| result.unreadable)
    }

    /// Everything that can be compared.
    pub(crate) fn state(&self, disk: &dyn Disk) -> State {
        look(disk, |site| State::of(site, self.keys))
    }

    /// The disk after the chapter.
    fn end(&self) -> SimDisk {
        let disk = self.start.copy();
        self.do_on(&disk, self.seed).unwrap();
        disk.make_durable();
        disk
    }
}

/// With X25519 keys to seal to, which cost less than those of P-256.
fn cheap(mut party: Party, secrets: &PartySecrets) -> Party {
    party.sealing_key = secrets
        .public_sealing_keys()
        .last()
        .map(sekisho::seal::hpke::SealingPublicKey::text);
    party
}

fn put(disk: &SimDisk, sender: &str, file: &str, bytes: &[u8]) {
    disk.put(&Path::new(ROOT).join("in").join(sender).join(file), bytes)
        .unwrap();
}

fn send(disk: &SimDisk, sender: &str, serial: u32, persons: &[(&str, &str)]) {
    put(disk, sender, &name(sender, serial), &upd(sender, serial, persons));
}

/// A site of 秋田市, 能代市 and 横手市 before their first day.
fn eve() -> (SimDisk, BTreeMap<&'static str, PartySecrets>) {
    let mut small = Small::new();
    let secrets = secrets(YOKOTE, 9);
    small.parties.insert(YOKOTE, secrets);
    let entered: Vec<Party> = small
        .parties
        .iter()
        .map(|(id, secrets)| cheap(party(id, secrets), secrets))
        .collect();
    on(&small.disk, 2, &|site| {
        parties::put(site, entered.clone(), Some(day(DAY))).map(|_| ())
    })
    .unwrap();
    let disk = SimDisk::holding(&small.disk, Path::new(ROOT), 1).unwrap();
    (disk, small.parties)
}

/// The first day: a file of each, one of them refused, and one behind a gap.
fn first_day(disk: &SimDisk) {
    send(disk, AKITA, 1, &[ANNA]);
    send(disk, AKITA, 3, &[CHIE]);
    send(disk, NOSHIRO, 1, &[BEN]);
    put(
        disk,
        YOKOTE,
        &name(YOKOTE, 1),
        &changed(&upd(YOKOTE, 1, &[EMI]), 4, b"02"),
    );
}

/// The second day after whatever the first one came to, up to its pass.
pub(crate) fn goes_on(first: &SimDisk) -> Result<State, Fault> {
    let disk = first.copy();
    disk.make_durable();
    second_day(&disk);
    let second = &chapters()[1];
    second.next_run(&disk, second.seed)?;
    Ok(second.state(&disk))
}

/// The second day: the gap is closed, a file comes again, one is not whole, one is of a stranger, the notices of the day
/// before are acknowledged.
fn second_day(disk: &SimDisk) {
    send(disk, AKITA, 2, &[DAI]);
    put(disk, NOSHIRO, "again.dat", &upd(NOSHIRO, 1, &[BEN]));
    put(
        disk,
        NOSHIRO,
        &name(NOSHIRO, 2),
        &upd(NOSHIRO, 2, &[("10000000120", "100000000110")])[..1500],
    );
    send(disk, YOKOTE, 1, &[EMI]);
    send(disk, ODATE, 1, &[EMI]);
    let notice = look(disk, |site| pass::notice_hash(site, 1).unwrap());
    let (file, bytes) = res(1, notice);
    put(disk, NATIONAL, &file, &bytes);
}

/// All chapters; made once, used by every test.
pub(crate) fn chapters() -> &'static [Chapter] {
    static CHAPTERS: OnceLock<Vec<Chapter>> = OnceLock::new();
    static KEYS: OnceLock<BTreeMap<&'static str, PartySecrets>> = OnceLock::new();
    CHAPTERS.get_or_init(|| {
        let (disk, keys) = eve();
        let keys = KEYS.get_or_init(|| keys);
        first_day(&disk);
        let first = Chapter::new(("the first day", DAY, 10), &disk, keys, None);
        let between = first.end();
        second_day(&between);
        let second = Chapter::new(("the second day", SECOND, 20), &between, keys, None);
        let evening = second.end();
        let year_end = evening.copy();
        send(&year_end, AKITA, 4, &[BEN]);
        let year = Chapter::new(("the first day of a fiscal year", NEW_YEAR, 30), &year_end, keys, None);
        let act = |name, start: &SimDisk, act: Act| Chapter::new((name, SECOND, 40), start, keys, Some(act));
        let list = act(
            "parties are entered and changed",
            &evening,
            Box::new(|site| {
                let mut one = site.parties.get(id(AKITA)).unwrap().clone();
                one.hash_optional = true;
                let other = party(YUZAWA, &secrets(YUZAWA, 10));
                parties::put(site, vec![one, other], Some(day(SECOND))).map(|_| ())
            }),
        );
        let of = |code: &str| {
            let held = look(&evening, |site| site.exchange().held);
            let of = held.iter().find(|held| held.code == code && !held.in_place);
            of.unwrap_or_else(|| panic!("{code}: {held:?}")).id.clone()
        };
        let (dropped, released) = (of("H03"), of("H03"));
        let drop = act(
            "a held file is given up",
            &evening,
            Box::new(move |site| held::drop_file(site, &dropped, Some(day(SECOND))).map(|_| ())),
        );
        let release = act(
            "a held file is let go",
            &evening,
            Box::new(move |site| held::release(site, &released, Some(day(SECOND))).map(|_| ())),
        );
        let compact = act(
            "a compaction",
            &evening,
            Box::new(|site| generations::compact(site, Some(day(SECOND))).map(|done| assert!(done.is_some()))),
        );
        vec![first, second, year, list, drop, release, compact]
    })
}

/// A plan writes nothing at all.
#[test]
fn a_plan_changes_nothing_on_the_disk() {
    let chapter = &chapters()[1];
    let disk = chapter.start.copy();
    let machine = Machine::new(99);
    let mut site = Site::open(machine.tools(&disk), Path::new(ROOT), Access::Read, unlocking()).unwrap();
    let settings = PassSettings {
        business_date: Some(day(SECOND)),
        threads: 1,
        memory: Memory::default(),
    };
    let result = pass::plan(&mut site, settings).unwrap();
    assert_eq!(result.files.len(), 7, "{:?}", result.files);
    assert_eq!(disk.record().len(), 0);
}
