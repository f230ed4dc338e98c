//! The desk that the tests of the whole sit at: a site on the real disk made by the built binary, files put into its
//! inbound folders, and eyes for everything that a run leaves: ledger, archive, outbound folders.

pub(crate) mod files;
pub(crate) mod memory;
pub(crate) mod state;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sekisho::format::leaf::Leaf;
use sekisho::os::clock::SystemClock;
use sekisho::os::disk::RealDisk;
use sekisho::os::entropy::SystemEntropy;
use sekisho::run::site::{Access, Site, Tools, Unlocking};
use sekisho::seal::hpke::SealingPublicKey;
use sekisho::seal::keys::PartySecrets;
use serde_json::Value;
use tempfile::TempDir;

use files::{AKITA, DAY, NATIONAL, NOSHIRO, ODATE, OGA, OWN, YOKOTE, YUZAWA};
use state::State;

/// A site and its neighbours.
pub(crate) struct Desk {
    folder: TempDir,
    pub(crate) parties: BTreeMap<&'static str, PartySecrets>,
}

/// How a run of the program ended.
pub(crate) struct Ran(Output);

impl Ran {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().expect("ended by a signal")
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }
}

/// What a pass did, by its JSON.
pub(crate) struct Pass {
    pub(crate) json: Value,
    pub(crate) code: i32,
}

impl Pass {
    /// `outcome code` of the only file of the pass.
    pub(crate) fn only(&self) -> (String, String) {
        let files = self.json["files"].as_array().unwrap();
        assert_eq!(files.len(), 1, "{}", self.json);
        self.file(files[0]["name"].as_str().unwrap())
    }

    /// Outcome (with code) and detail of a file by its shown name.
    pub(crate) fn file(&self, name: &str) -> (String, String) {
        let files = self.json["files"].as_array().unwrap();
        let mut of_name = files.iter().filter(|file| file["name"] == name);
        let (file, other) = (of_name.next(), of_name.next());
        assert!(other.is_none(), "{name} twice: {}", self.json);
        let file = file.unwrap_or_else(|| panic!("no {name}: {}", self.json));
        let outcome = file["outcome"].as_str().unwrap();
        let fate = file["code"]
            .as_str()
            .map_or_else(|| outcome.to_owned(), |code| format!("{outcome} {code}"));
        (fate, file["detail"].as_str().unwrap().to_owned())
    }

    /// Outcomes by name, as one line each.
    pub(crate) fn fates(&self) -> Vec<String> {
        let files = self.json["files"].as_array().unwrap();
        files
            .iter()
            .map(|file| {
                let name = file["name"].as_str().unwrap();
                let short = name.rsplit('-').next().unwrap().trim_end_matches(".dat");
                let code = file["code"].as_str().map_or(String::new(), |code| format!(" {code}"));
                format!(
                    "{}/{} {}{code}",
                    file["folder"].as_str().unwrap(),
                    short.trim_start_matches('0'),
                    file["outcome"].as_str().unwrap()
                )
            })
            .collect()
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.json[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {}", self.json))
    }
}

impl Desk {
    /// A training site with the parties of [`files`].
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let owners = [NATIONAL, AKITA, NOSHIRO, ODATE, OGA, YUZAWA];
        let parties = (1..)
            .zip(owners)
            .map(|(seed, owner)| (owner, files::secrets(owner, seed)));
        let desk = Self {
            parties: parties.collect(),
            folder,
        };
        let made = desk.program(&["init", desk.root().to_str().unwrap(), "--business-date", DAY]);
        assert_eq!(made.code(), 0, "{}", made.err());
        desk.import();
        desk
    }

    fn import(&self) {
        let mut csv = "party_id,kind,name,kinds,text_encoding,active_from,active_to,plain_allowed,signing_key,\
                       sealing_key\n"
            .to_owned();
        for (party, kind, name, kinds, to, plain) in [
            (OWN, "self", "秋田県", "", "20991231", "1"),
            (NATIONAL, "national", "機構", "RES", "20991231", "1"),
            (AKITA, "municipality", "秋田市", "UPD", "20991231", "1"),
            (NOSHIRO, "municipality", "能代市", "UPD", "20991231", "1"),
            (YOKOTE, "municipality", "横手市", "UPD", "20991231", "1"),
            (ODATE, "municipality", "大館市", "UPD", "20991231", "0"),
            (OGA, "municipality", "男鹿市", "UPD", "20200913", "1"),
            (YUZAWA, "municipality", "湯沢市", "EXT", "20991231", "1"),
        ] {
            let keys = self.parties.get(party).map_or_else(
                || ",".to_owned(),
                |secrets| {
                    let sealing = secrets.public_sealing_keys()[0].text();
                    format!("{},{sealing}", secrets.package_signer.vkey())
                },
            );
            writeln!(csv, "{party},{kind},{name},{kinds},1,20020805,{to},{plain},{keys}").unwrap();
        }
        let path = self.path("parties.csv");
        std::fs::write(&path, csv).unwrap();
        self.must(&["party", "import", path.to_str().unwrap(), "--business-date", DAY]);
    }

    /// The site.
    pub(crate) fn root(&self) -> PathBuf {
        self.path("site")
    }

    /// A path beside the site.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program in English, without the environment of the tests.
    pub(crate) fn program(&self, args: &[&str]) -> Ran {
        Ran(self.command(args).output().unwrap())
    }

    /// The program, not started yet.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sekisho"));
        command
            .env_clear()
            .current_dir(self.folder.path())
            .args(["--lang", "en", "--site"])
            .arg(self.root())
            .args(args);
        command
    }

    /// Runs the program where it must end with 0.
    pub(crate) fn must(&self, args: &[&str]) -> String {
        let ran = self.program(args);
        assert_eq!(ran.code(), 0, "{args:?}: {}", ran.err());
        ran.out()
    }

    /// Runs it with `--json` where it must end with this code, and reads what it printed.
    pub(crate) fn json(&self, args: &[&str], code: i32) -> Value {
        let ran = self.program(&[&["--json"], args].concat());
        assert_eq!(ran.code(), code, "{args:?}: {} {}", ran.out(), ran.err());
        serde_json::from_str(&ran.out()).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", ran.out()))
    }

    /// Runs it where it must fail with this code; the fault as JSON. Nothing is printed on standard output.
    pub(crate) fn fault(&self, args: &[&str], code: i32) -> Value {
        let ran = self.program(&[&["--json"], args].concat());
        assert_eq!(
            (ran.code(), ran.out()),
            (code, String::new()),
            "{args:?}: {}",
            ran.err()
        );
        serde_json::from_str(&ran.err()).unwrap_or_else(|e| panic!("{args:?}: {e}: {}", ran.err()))
    }

    /// One pass on the first day.
    pub(crate) fn run(&self) -> Pass {
        self.run_on(DAY)
    }

    /// One pass.
    pub(crate) fn run_on(&self, date: &str) -> Pass {
        let ran = self.program(&["--json", "run", "--business-date", date]);
        let json: Value =
            serde_json::from_str(&ran.out()).unwrap_or_else(|e| panic!("{e}: {} {}", ran.out(), ran.err()));
        assert_eq!(json["exit_code"].as_i64(), Some(i64::from(ran.code())), "{json}");
        Pass { json, code: ran.code() }
    }

    /// Puts a file into the inbound folder of a party.
    pub(crate) fn put(&self, folder: &str, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.inbound(folder).join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Puts an UPD file under its standard name.
    pub(crate) fn send(&self, sender: &str, serial: u32, persons: &[(&str, &str)]) -> Vec<u8> {
        let bytes = files::upd(sender, serial, persons);
        self.put(sender, &files::name(sender, serial), &bytes);
        bytes
    }

    /// The inbound folder of a party, made where it is not there.
    pub(crate) fn inbound(&self, party: &str) -> PathBuf {
        let path = self.root().join("in").join(party);
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// Names of what lies in an inbound folder.
    pub(crate) fn waiting(&self, party: &str) -> Vec<String> {
        names(&self.inbound(party))
    }

    /// The key that senders seal to.
    pub(crate) fn site_key(&self) -> SealingPublicKey {
        let mut key = None;
        self.look(|site| key = site.secrets.public_sealing_keys().into_iter().next());
        key.unwrap()
    }

    /// Opens the site for reading.
    pub(crate) fn look(&self, see: impl FnOnce(&Site<'_>)) {
        let clock = SystemClock::new().unwrap();
        let tools = Tools {
            disk: &RealDisk,
            clock: &clock,
            entropy: &SystemEntropy,
        };
        see(&Site::open(tools, &self.root(), Access::Read, unlocking()).unwrap());
    }

    /// Every leaf of the ledger.
    pub(crate) fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        self.look(|site| leaves = state::leaves(site));
        leaves
    }

    /// Leaves about files since a number of leaves, as `act name reason`.
    pub(crate) fn acts_since(&self, from: usize) -> Vec<String> {
        self.leaves().iter().skip(from).map(state::shown).collect()
    }

    /// Everything that can be compared.
    pub(crate) fn state(&self) -> State {
        let mut seen = None;
        self.look(|site| seen = Some(State::of(site, &self.parties)));
        seen.unwrap()
    }
}

/// Names in a folder, sorted.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The sites of these tests are opened by a key file.
pub(crate) fn unlocking() -> Unlocking<'static> {
    Unlocking {
        ask_passphrase: &|| panic!("no passphrase is asked for"),
        credentials: None,
    }
}
