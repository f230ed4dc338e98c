//! The independent reader `scripts/open_package.py` opens what the program seals, and refuses what is not right.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng;
use sekisho::domain::ids::PartyId;
use sekisho::domain::instant::BusinessDate;
use sekisho::seal::digest::to_hex;
use sekisho::seal::keys::{PartySecrets, Passphrase, Unlock, generate_unlock_key, read_unlock_key, unlock_key_file};
use sekisho::seal::notesign::{NoteSigner, NoteVerifier};
use sekisho::seal::package::{PackageSpec, Recipient, open_package, seal_package};
use tempfile::TempDir;

const PASSPHRASE: &str = "関所の 鍵は 三つある 令和七年";
/// The file inside the sample: こんにちは in CP932, CR, LF.
const SAMPLE: &[u8] = b"\x82\xb1\x82\xf1\x82\xc9\x82\xbf\x82\xcd\r\n";
/// Plaintext of one segment.
const SEGMENT: usize = 65_504;

/// False, with a word on standard error, where the machine has no Python with the package `cryptography`.
fn reader_runs() -> bool {
    let found = Command::new("python3")
        .args(["-c", "import cryptography.hazmat.primitives.kdf.argon2"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        std::io::stderr()
            .write_all(b"SKIPPED: no python3 with the package cryptography\n")
            .unwrap();
    }
    found
}

struct Desk {
    folder: TempDir,
    rng: ChaCha20Rng,
    signer: NoteSigner,
    secrets: PartySecrets,
}

impl Desk {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let owner = PartyId::parse("052019").unwrap();
        let secrets = PartySecrets::generate(owner, "sekisho.example/052019", &mut rng).unwrap();
        let signer = NoteSigner::new("sekisho.example/050008/package", &[7; 32]).unwrap();
        let desk = Self {
            folder: TempDir::new().unwrap(),
            rng,
            signer,
            secrets,
        };
        let mut rng = ChaCha20Rng::from_seed([2; 32]);
        let key = generate_unlock_key(&mut rng);
        desk.write("unlock", unlock_key_file(&key).as_bytes());
        let by_key = desk.secrets.to_file_bytes(&Unlock::Key(key), &mut rng).unwrap();
        desk.write("keys", &by_key);
        let words = Unlock::Passphrase(Passphrase::new(PASSPHRASE));
        let by_words = desk.secrets.to_file_bytes(&words, &mut rng).unwrap();
        desk.write("keys-by-words", &by_words);
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// To the party's key of the given place (0: P-256, 1: X25519) and to a stranger of the other kind.
    fn seal(&mut self, place: usize, plaintext: &[u8]) -> (Vec<u8>, String) {
        let stranger = PartySecrets::generate(PartyId::parse("B0000001").unwrap(), "x", &mut self.rng).unwrap();
        let spec = PackageSpec {
            sender: PartyId::parse("050008").unwrap(),
            recipients: vec![
                Recipient {
                    party: stranger.owner,
                    key: stranger.sealing[1 - place].public().clone(),
                },
                Recipient {
                    party: self.secrets.owner,
                    key: self.secrets.sealing[place].public().clone(),
                },
            ],
            kind: "PRV".to_owned(),
            file_name: "提供 PRV_052019.dat".to_owned(),
            purpose: Some("T5-012".to_owned()),
            application: Some("令和7-第15号".to_owned()),
            counts: BTreeMap::from([("hits".to_owned(), 3), ("records".to_owned(), 10)]),
            generation: Some(42),
            expires: BusinessDate::parse("20260331"),
        };
        let sealed = seal_package(&spec, plaintext, &self.signer, &mut self.rng).unwrap();
        let opened = open_package(&sealed.bytes, &self.secrets.recipient_keys(), &[self.signer.verifier()]).unwrap();
        let manifest = opened.manifest.to_text().unwrap();
        let shown = format!("{manifest}package {}\n", to_hex(&sealed.package_hash));
        (sealed.bytes, shown)
    }

    fn read(&self, package: &[u8], change: impl FnOnce(&mut Command)) -> Output {
        self.write("package.seki", package);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/open_package.py");
        let mut command = Command::new("python3");
        command
            .arg(script)
            .arg(self.path("package.seki"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        // A reader that ends without asking closes the pipe, which is no fault.
        let _closed_early = child
            .stdin
            .take()
            .unwrap()
            .write_all(format!("{PASSPHRASE}\n").as_bytes());
        child.wait_with_output().unwrap()
    }

    fn read_with(&self, package: &[u8], keys: &str, unlock: Option<&str>, verifier: &str) -> Output {
        self.read(package, |command| {
            command.arg("--keys").arg(self.path(keys)).args(["--sender", verifier]);
            if let Some(unlock) = unlock {
                command.arg("--unlock").arg(self.path(unlock));
            }
            command.arg("--out").arg(self.path("opened"));
        })
    }

    fn vkey(&self) -> String {
        self.signer.vkey()
    }
}

fn refusal(output: &Output) -> String {
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).unwrap().trim().to_owned()
}

#[test]
fn the_reader_opens_what_the_program_seals() {
    if !reader_runs() {
        return;
    }
    let mut desk = Desk::new();
    for (place, len) in [(0, 5), (1, SEGMENT), (0, 2 * SEGMENT + 1), (1, 0)] {
        let plaintext: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
        let (package, shown) = desk.seal(place, &plaintext);
        let output = desk.read_with(&package, "keys", Some("unlock"), &desk.vkey());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(output.status.success());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), shown);
        assert_eq!(fs::read(desk.path("opened")).unwrap(), plaintext);
        fs::remove_file(desk.path("opened")).unwrap();
    }
}

#[test]
fn the_reader_opens_a_key_file_with_a_passphrase() {
    if !reader_runs() {
        return;
    }
    let mut desk = Desk::new();
    let (package, shown) = desk.seal(0, b"content");
    let output = desk.read_with(&package, "keys-by-words", None, &desk.vkey());
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), shown);
}

#[test]
fn the_reader_refuses_what_is_not_right() {
    if !reader_runs() {
        return;
    }
    let mut desk = Desk::new();
    let (package, _) = desk.seal(1, &[1; 100]);
    let read = |bytes: &[u8]| refusal(&desk.read_with(bytes, "keys", Some("unlock"), &desk.vkey()));
    let mut last = package.clone();
    *last.last_mut().unwrap() ^= 1;
    assert_eq!(read(&last), "refused: segment 0 is damaged");
    assert_eq!(
        read(&package[..package.len() - 1]),
        "refused: package has another length than its manifest says"
    );
    assert_eq!(read(b"nothing"), "refused: not a package of version 1");
    let other = NoteSigner::new("sekisho.example/050008/package", &[8; 32]).unwrap();
    let by_other = desk.read_with(&package, "keys", Some("unlock"), &other.vkey());
    assert_eq!(refusal(&by_other), "refused: not signed by the sender's key");
    let no_way = desk.read_with(&package, "keys", None, &desk.vkey());
    assert_eq!(refusal(&no_way), "refused: the key file is opened in another way");
    fs::set_permissions(desk.path("keys"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(read(&package), "refused: key file may be read by others");
    assert!(!desk.path("opened").exists());
}

/// Files of version 1 must stay readable, whatever the program becomes: `fixtures/package/README.md`.
#[test]
fn the_sample_of_version_1_still_opens() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/package");
    let file = |name: &str| fs::read(folder.join(name)).unwrap();
    let text = |name: &str| String::from_utf8(file(name)).unwrap();
    let unlock = Unlock::Key(read_unlock_key(&file("unlock")).unwrap());
    let secrets = PartySecrets::open(&file("keys"), &unlock).unwrap();
    let verifier = NoteVerifier::parse(&text("sender.vkey")).unwrap();
    let opened = open_package(&file("sample.seki"), &secrets.recipient_keys(), &[verifier]).unwrap();
    assert_eq!(opened.plaintext, SAMPLE);
    let shown = format!(
        "{}package {}\n",
        opened.manifest.to_text().unwrap(),
        to_hex(&opened.package_hash)
    );
    assert_eq!(shown, text("shown.txt"));
    if !reader_runs() {
        return;
    }
    let desk = Desk::new();
    for name in ["keys", "unlock"] {
        desk.write(name, &file(name));
    }
    let output = desk.read_with(&file("sample.seki"), "keys", Some("unlock"), &text("sender.vkey"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), shown);
    assert_eq!(fs::read(desk.path("opened")).unwrap(), SAMPLE);
}
