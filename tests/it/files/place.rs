//! A folder of its own, the binary run in it, and a site with three parties.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a call gave.
pub(super) struct Done {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
}

impl Done {
    /// Its output as one JSON value.
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }

    /// That it ended well.
    pub(super) fn well(self) -> Self {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self
    }

    /// That it was stopped by this fault with this exit code, and printed nothing that could be taken for a result.
    pub(super) fn stopped(self, fault: &str, code: i32) -> Self {
        assert_eq!((self.code, self.out.as_str()), (code, ""), "{}", self.err);
        assert!(self.err.contains(&format!("[{fault}]")), "{}", self.err);
        self
    }
}

/// A folder for one test.
pub(super) struct Place(TempDir);

impl Place {
    pub(super) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Path of a name in the folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs the program in the folder, in English.
    pub(super) fn run(&self, args: &[&str]) -> Done {
        let done = Command::new(env!("CARGO_BIN_EXE_sekisho"))
            .args(args)
            .current_dir(self.0.path())
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .env("LANG", "C")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        Done {
            code: done.status.code().unwrap(),
            out: String::from_utf8(done.stdout).unwrap(),
            err: String::from_utf8(done.stderr).unwrap(),
        }
    }

    /// The same at the site.
    pub(super) fn at_site(&self, args: &[&str]) -> Done {
        self.run(&[&["--site", "site"], args].concat())
    }

    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes a file that only its owner may read.
    pub(super) fn write_private(&self, name: &str, bytes: &[u8]) {
        self.write(name, bytes);
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(super) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    /// Names in the folder, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.0.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// Makes a key file and gives its public keys: sealing key, signing key.
    pub(super) fn keys(&self, name: &str, owner: &str) -> (String, String) {
        let made = self
            .run(&["key", "generate", name, "--owner", owner, "--json"])
            .well()
            .json();
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        assert_eq!(made["owner"], owner);
        (text("sealing_key"), text("signing_key"))
    }

    /// A place with the site 050008, business date 2020-09-14, and the parties 052019 (key file `akita`), 052027 (key file
    /// `noshiro`, ended in 2019), 052035 (no keys) and N0000001, the national body (key file `national`).
    pub(super) fn with_site() -> Self {
        let place = Self::new();
        let date = ["--business-date", "2020-09-14"];
        place
            .run(&[&["init", "site", "--environment", "production"][..], &date].concat())
            .well();
        let akita = place.keys("akita", "052019");
        let noshiro = place.keys("noshiro", "052027");
        let national = place.keys("national", "N0000001");
        let mut csv = "party_id,kind,name,kinds,text_encoding,active_from,active_to,hash_optional,predecessor_codes,\
                       plain_allowed,gaiji_table,signing_key,sealing_key\n"
            .to_owned();
        for (id, kind, to, sealing, signing) in [
            ("052019", "municipality", "20991231", akita.0.as_str(), akita.1.as_str()),
            ("052027", "municipality", "20191231", &noshiro.0, &noshiro.1),
            ("052035", "municipality", "20991231", "", ""),
            ("N0000001", "national", "20991231", &national.0, &national.1),
        ] {
            writeln!(csv, "{id},{kind},町,UPD,1,20020805,{to},0,,1,,{signing},{sealing}").unwrap();
        }
        place.write("parties.csv", csv.as_bytes());
        place
            .at_site(&[&["party", "import", "parties.csv"][..], &date].concat())
            .well();
        place
    }
}
