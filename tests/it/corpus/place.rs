//! A site on a real folder of its own for each case, and the deeds that `cases.toml` can name: what senders, their programs
//! and their disks do in an inbound folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sekisho::domain::arrival::ArrivalRule;
use sekisho::domain::fault::Fault;
use sekisho::domain::instant::Instant;
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::format::exchange::{LineEnd, SampleHead, sample};
use sekisho::format::layout::Layouts;
use sekisho::os::disk::RealDisk;
use sekisho::ports::{Clock, Disk};
use sekisho::run::init::{self, UnlockWish, Wish};
use sekisho::run::parties;
use sekisho::run::pass::{self, Memory, PassResult, PassSettings};
use sekisho::run::site::{Access, Site, Tools};
use sekisho::seal::digest::{sha256, to_hex};
use sekisho::seal::hpke::SealingPublicKey;
use sekisho::seal::keys::PartySecrets;
use tempfile::TempDir;

use crate::desk::files::*;
use crate::desk::memory::SeededEntropy;
use crate::desk::unlocking;

/// 2020-09-14 09:00 in Japan, in seconds since 1970.
const START: u64 = 1_600_041_600;

/// A clock that a case sets, in seconds after the start.
#[derive(Default)]
pub(super) struct CaseClock(AtomicU64);

impl CaseClock {
    pub(super) fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::SeqCst);
    }

    fn seconds(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Clock for CaseClock {
    fn now(&self) -> Instant {
        let second = self.seconds();
        let (hours, minutes, seconds) = (9 + second / 3600, second / 60 % 60, second % 60);
        Instant::from_value(20_200_914_000_000_000 + hours * 10_000_000 + minutes * 100_000 + seconds * 1000).unwrap()
    }
}

/// A site with 秋田市, 能代市 and the national body, made once and copied for every case.
struct Template {
    folder: TempDir,
    key: SealingPublicKey,
    secrets: BTreeMap<&'static str, PartySecrets>,
}

fn template() -> &'static Template {
    static MADE: OnceLock<Template> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        let (clock, entropy) = (CaseClock::default(), SeededEntropy::new(1));
        let tools = Tools {
            disk: &RealDisk,
            clock: &clock,
            entropy: &entropy,
        };
        let wish = Wish {
            id: id(OWN),
            name: "秋田県".to_owned(),
            national_body: id(NATIONAL),
            training: true,
            unlock: UnlockWish::KeyFile,
            business_date: day(DAY),
        };
        init::init(tools, &root, &wish, unlocking()).unwrap();
        let secrets: BTreeMap<&str, PartySecrets> = (1..)
            .zip([NATIONAL, AKITA, NOSHIRO])
            .map(|(seed, owner)| (owner, secrets(owner, seed)))
            .collect();
        let list = secrets.iter().map(|(owner, keys)| party(owner, keys)).collect();
        let mut site = Site::open(tools, &root, Access::Write, unlocking()).unwrap();
        parties::put(&mut site, list, Some(day(DAY))).unwrap();
        let key = site.secrets.public_sealing_keys()[0].clone();
        drop(site);
        Template { folder, key, secrets }
    })
}

fn party(owner: &str, keys: &PartySecrets) -> Party {
    let national = owner == NATIONAL;
    let (kind, sends) = if national {
        (PartyKind::National, vec![FileKind::Res])
    } else {
        (PartyKind::Municipality, vec![FileKind::Upd, FileKind::Ext])
    };
    Party {
        id: id(owner),
        kind,
        name: "団体".to_owned(),
        sends,
        encoding: Encoding::Cp932,
        active_from: day("2002-08-05"),
        active_to: day("2099-12-31"),
        hash_optional: false,
        plain_allowed: true,
        arrival: ArrivalRule::default(),
        predecessors: Vec::new(),
        gaiji_table: None,
        signing_key: Some(keys.package_signer.vkey()),
        sealing_key: Some(keys.public_sealing_keys()[0].text()),
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&source, &target);
        } else {
            fs::copy(&source, &target).unwrap();
        }
    }
}

/// The site of one case.
pub(super) struct Place {
    folder: TempDir,
    pub(super) clock: CaseClock,
    seed: AtomicU8,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy_tree(&template().folder.path().join("site"), &folder.path().join("site"));
        Self {
            folder,
            clock: CaseClock::default(),
            seed: AtomicU8::new(2),
        }
    }

    pub(super) fn root(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    pub(super) fn secrets() -> &'static BTreeMap<&'static str, PartySecrets> {
        &template().secrets
    }

    /// Opens the site on a disk.
    pub(super) fn with<T>(
        &self,
        disk: &dyn Disk,
        access: Access,
        work: impl FnOnce(&mut Site<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let entropy = SeededEntropy::new(self.seed.fetch_add(1, Ordering::SeqCst));
        let tools = Tools {
            disk,
            clock: &self.clock,
            entropy: &entropy,
        };
        work(&mut Site::open(tools, &self.root(), access, unlocking())?)
    }

    /// Gives 秋田市 a rule of arrival.
    pub(super) fn set_rule(&self, words: &str) {
        self.with(&RealDisk, Access::Write, |site| {
            let mut party = site.parties.get(id(AKITA)).unwrap().clone();
            party.arrival = ArrivalRule::parse(words).unwrap();
            parties::put(site, vec![party], Some(day(DAY)))
        })
        .unwrap();
    }

    /// Replaces a line of the settings.
    pub(super) fn set(&self, key: &str, value: &str) {
        let path = self.root().join("sekisho.toml");
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<String> = text
            .lines()
            .map(|line| match line.split_once(" = ") {
                Some((name, _)) if name == key => format!("{key} = {value}"),
                _ => line.to_owned(),
            })
            .collect();
        assert!(lines.join("\n") != text.trim_end(), "{key}");
        fs::write(path, lines.join("\n")).unwrap();
    }

    /// One pass.
    pub(super) fn run(&self, disk: &dyn Disk) -> Result<PassResult, Fault> {
        self.with(disk, Access::Write, |site| pass::run(site, settings()))
    }

    /// What a pass would do.
    pub(super) fn plan(&self, disk: &dyn Disk) -> Result<PassResult, Fault> {
        self.with(disk, Access::Read, |site| pass::plan(site, settings()))
    }

    /// The path of a name in a case: `A` and `B` are the first and the second standard name, `/x` lies below `in/`, `@x`
    /// below the site, `!x` outside of it, anything else in the folder of 秋田市.
    pub(super) fn path(&self, word: &str) -> PathBuf {
        let inbound = self.root().join("in");
        if let Some(outside) = word.strip_prefix('!') {
            return self.folder.path().join(outside);
        }
        if let Some(below) = word.strip_prefix('@') {
            return self.root().join(below);
        }
        if let Some(below) = word.strip_prefix('/') {
            return inbound.join(below);
        }
        inbound.join(AKITA).join(plain_name(word))
    }

    /// Does what a case says.
    pub(super) fn act(&self, deed: &[String]) {
        let words: Vec<&str> = deed.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["write", name, content, edits @ ..] => self.write(name, &edited(content, edits)),
            ["overwrite", name, content, edits @ ..] => {
                // In place: the inode stays, and so does the time of change.
                let path = self.path(name);
                let times = fs::metadata(&path).unwrap().modified().unwrap();
                let mut file = fs::File::options().write(true).open(&path).unwrap();
                file.seek(SeekFrom::Start(0)).unwrap();
                file.write_all(&edited(content, edits)).unwrap();
                file.set_modified(times).unwrap();
            }
            ["append", name, content, edits @ ..] => {
                let mut file = fs::File::options().append(true).open(self.path(name)).unwrap();
                file.write_all(&edited(content, edits)).unwrap();
            }
            ["sparse", name, len] => {
                self.write(name, b"");
                self.handle(name).set_len(len.parse().unwrap()).unwrap();
                self.touch(name, -3600);
            }
            ["truncate", name, len] => self.handle(name).set_len(len.parse().unwrap()).unwrap(),
            ["time", name, seconds] => self.touch(name, seconds.parse().unwrap()),
            ["symlink", name, target] => {
                let target = if *target == "nowhere" {
                    PathBuf::from("nowhere")
                } else {
                    self.path(target)
                };
                std::os::unix::fs::symlink(target, self.path(name)).unwrap();
            }
            ["link", name, target] => fs::hard_link(self.path(target), self.path(name)).unwrap(),
            ["fifo", name] => {
                rustix::fs::mkfifoat(rustix::fs::CWD, self.path(name), rustix::fs::Mode::RWXU).unwrap();
            }
            ["socket", name] => drop(std::os::unix::net::UnixListener::bind(self.path(name)).unwrap()),
            ["mkdir", name] => fs::create_dir(self.path(name)).unwrap(),
            ["rename", from, to] => fs::rename(self.path(from), self.path(to)).unwrap(),
            ["remove", name] => fs::remove_file(self.path(name)).unwrap(),
            ["raw", hex, content] => {
                let raw = bytes_of_hex(hex);
                let path = self.path("/").join(AKITA).join(std::ffi::OsStr::from_bytes(&raw));
                fs::write(path, edited(content, &[])).unwrap();
            }
            ["many", count, name] => {
                for number in 0..count.parse().unwrap() {
                    self.write(&format!("{name}{number:04}"), b"");
                }
            }
            other => panic!("no such deed: {other:?}"),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        self.touch(name, -3600);
    }

    fn handle(&self, name: &str) -> fs::File {
        fs::File::options().write(true).open(self.path(name)).unwrap()
    }

    /// Sets the time of change, in seconds after now by the clock of the case.
    fn touch(&self, name: &str, seconds: i64) {
        let now = START + self.clock.seconds();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(now.checked_add_signed(seconds).unwrap());
        self.handle(name).set_modified(time).unwrap();
    }
}

/// A device, which only root can make; `None` where this user cannot.
pub(super) fn make_device(path: &Path) -> Option<()> {
    let device = rustix::fs::makedev(1, 3);
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(
        rustix::fs::CWD,
        path,
        rustix::fs::FileType::CharacterDevice,
        mode,
        device,
    )
    .ok()
}

fn settings() -> PassSettings {
    PassSettings {
        business_date: Some(day(DAY)),
        threads: 1,
        memory: Memory::default(),
    }
}

/// The name that a word of a case stands for.
pub(super) fn plain_name(word: &str) -> String {
    for (serial, letter) in (1..).zip(["A", "B"]) {
        if let Some(rest) = word.strip_prefix(letter)
            && (rest.is_empty() || rest.starts_with(['.', '~']))
        {
            return format!("{}{rest}", name(AKITA, serial));
        }
    }
    word.to_owned()
}

/// The content that a word of a case stands for, with its edits.
fn edited(content: &str, edits: &[&str]) -> Vec<u8> {
    let mut bytes = content_of(content);
    for edit in edits {
        let (what, how) = edit.split_once(' ').unwrap_or((edit, ""));
        match what {
            "cut" => bytes.truncate(how.parse().unwrap()),
            "from" => drop(bytes.drain(..how.parse::<usize>().unwrap())),
            "append" => bytes.extend(bytes_of_hex(how)),
            "prepend" => bytes = [bytes_of_hex(how), bytes].concat(),
            "set" => {
                let (at, hex) = how.split_once(' ').unwrap();
                bytes = changed(&bytes, at.parse().unwrap(), &bytes_of_hex(hex));
            }
            "ends" => {
                bytes = bytes
                    .chunks(1400)
                    .flat_map(|record| [record, &bytes_of_hex(how)].concat())
                    .collect();
            }
            "drop" => {
                let at: usize = how.parse().unwrap();
                bytes.drain(at * 1400..(at + 1) * 1400);
            }
            "double" => {
                let at: usize = how.parse().unwrap();
                let record = bytes[at * 1400..(at + 1) * 1400].to_vec();
                bytes.splice(at * 1400..at * 1400, record);
            }
            "twice" => bytes = bytes.repeat(2),
            "zeros" => bytes.resize(bytes.len() + how.parse::<usize>().unwrap(), 0),
            other => panic!("no such edit: {other}"),
        }
    }
    bytes
}

fn content_of(word: &str) -> Vec<u8> {
    let hash = |bytes: &[u8]| to_hex(&sha256(bytes)).into_bytes();
    match word.split_once(' ') {
        Some(("text", text)) => return text.as_bytes().to_vec(),
        Some(("seal", of)) => {
            let made = template();
            let to = (OWN, &made.key);
            return package(AKITA, &made.secrets[AKITA], to, &name(AKITA, 1), &content_of(of), 7);
        }
        Some(("sha", of)) => return hash(&content_of(of)),
        Some(("sum", of)) => {
            let name = name(AKITA, 1);
            return [hash(&content_of(of)), format!("  {name}\n").into_bytes()].concat();
        }
        Some(_) | None => {}
    }
    match word {
        "" => Vec::new(),
        "good" => upd(AKITA, 1, &[ANNA]),
        "good2" => upd(AKITA, 2, &[CHIE]),
        "two" => upd(AKITA, 1, &[ANNA, CHIE]),
        // As long as `good`, with another person.
        "other" => upd(AKITA, 1, &[CHIE]),
        "none" => upd(AKITA, 1, &[]),
        "noshiro" => upd(NOSHIRO, 9, &[ANNA]),
        "stranger" => upd("052094", 1, &[ANNA]),
        "extract" => {
            let layouts = Layouts::builtin().unwrap();
            let head = SampleHead {
                party: id(AKITA),
                own: id(OWN),
                serial: 1,
                day: day(DAY),
                encoding: Encoding::Cp932,
                line_end: LineEnd::None,
            };
            sample(layouts.get(FileKind::Ext), &head).unwrap()
        }
        other => panic!("no such content: {other}"),
    }
}

fn bytes_of_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|digit| u8::try_from(digit).unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}
