//! F20, the other half: what a newer program wrote is refused with the exit code 9 and with the words which file and which
//! version; it is neither called damaged nor thrown away.

use sekisho::domain::fault::{Fault, FaultId, Lang};
use sekisho::domain::instant::Instant;
use sekisho::format::leaf::{Act, Label, Leaf};
use sekisho::format::proof::Checkpoint;
use sekisho::run::site::{Access, Site};
use sekisho::seal::atrest::seal_at_rest;
use sekisho::seal::digest::{sha256, to_hex};
use sekisho::seal::merkle::leaf_hash;
use sekisho::seal::notesign::NoteSigner;
use sekisho::store::ledger::{Ledger, NewEntry};

use chacha20::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;
use crate::desk::memory::look;

fn opened(disk: &MemoryDisk) -> Result<(), Fault> {
    let machine = Machine::new(7);
    Site::open(machine.tools(disk), Path::new(ROOT), Access::Write, unlocking()).map(|_| ())
}

fn replaced(disk: &MemoryDisk, file: &str, from: &str, to: &str) {
    let text = String::from_utf8(read(disk, file)).unwrap();
    assert!(text.contains(from), "{file}: {from}");
    disk.put(&at(file), text.replacen(from, to, 1).as_bytes()).unwrap();
}

/// Writes `CURRENT` with a check line that fits.
fn point(disk: &MemoryDisk, from: &str, to: &str) {
    let text = String::from_utf8(read(disk, "store/CURRENT")).unwrap();
    let lines = text.split_once("check ").unwrap().0.replacen(from, to, 1);
    let check = to_hex(&sha256(lines.as_bytes()));
    disk.put(&at("store/CURRENT"), format!("{lines}check {check}\n").as_bytes())
        .unwrap();
}

/// A file at rest of version 2, as a later program would seal it: nothing here opens it.
fn sealed_later(disk: &MemoryDisk, file: &str) {
    let mut bytes = read(disk, file);
    bytes[8] = 2;
    bytes[100] ^= 0x55;
    disk.put(&at(file), &bytes).unwrap();
}

/// A leaf that names the manifest, as every commit writes one.
fn name_in_ledger(disk: &MemoryDisk, signer: &NoteSigner, manifest: [u8; 32]) {
    let mut ledger = Ledger::open(disk, &at("ledger"), "sekisho/050008", &signer.verifier()).unwrap();
    let mut leaf = Leaf::new(Act::Archived, Instant::parse("20200914120000000").unwrap());
    leaf.heads.insert(Label::new("manifest").unwrap(), manifest);
    let bytes = leaf.encode(None).unwrap();
    let entry = NewEntry {
        public: &bytes.public,
        sealed_private: None,
    };
    let staged = ledger.append(&[entry]).unwrap();
    ledger.commit(staged, signer).unwrap();
}

/// A log of the year after with one leaf of version 2, signed with the site's key.
fn later_leaf(disk: &MemoryDisk) {
    let leaf = br#"{"v":2,"act":"year-opened","time":"20210401090000000","more":1}"#;
    let (origin, hash) = ("sekisho/050008/2021", leaf_hash(leaf));
    let text = Checkpoint {
        origin: origin.to_owned(),
        size: 1,
        root: hash,
    }
    .text();
    let note = look(disk, |site| {
        site.secrets
            .ledger_signer
            .named(origin)
            .unwrap()
            .sign(&text)
            .unwrap()
            .to_text()
    });
    let bundle = [&u16::try_from(leaf.len()).unwrap().to_be_bytes()[..], leaf].concat();
    for folder in [
        "",
        "/tile",
        "/tile/0",
        "/tile/0/000.p",
        "/tile/entries",
        "/tile/entries/000.p",
    ] {
        disk.create_folder(&at(&format!("ledger/2021{folder}"))).unwrap();
    }
    for (file, bytes) in [
        ("checkpoint", note.as_bytes()),
        ("tile/0/000.p/1", &hash),
        ("tile/entries/000.p/1", &bundle),
    ] {
        disk.put(&at(&format!("ledger/2021/{file}")), bytes).unwrap();
    }
}

/// The intent of a commit by a later program, waiting in the staging folder.
fn later_intent(disk: &MemoryDisk) {
    let key = look(disk, |site| site.secrets.site_key.clone());
    let mut rng = ChaCha20Rng::from_seed([8; 32]);
    let sealed = seal_at_rest(&key, "staging/intent", br#"{"format":2,"other":[]}"#, &mut rng).unwrap();
    disk.create_folder(&at("staging/0000000004")).unwrap();
    disk.put(&at("staging/0000000004/intent"), &sealed).unwrap();
}

type Change = fn(&MemoryDisk);

#[test]
fn each_kind_of_file_of_a_newer_program_is_refused_as_such() {
    let small = small();
    let kinds: [(&str, Change); 9] = [
        ("/site/sekisho.toml", |disk| {
            replaced(disk, "sekisho.toml", "format = 1", "format = 2\nnew_key = 3");
        }),
        ("/site/keys/site.keys", |disk| {
            replaced(disk, "keys/site.keys", "sekisho-keyfile 1", "sekisho-keyfile 2");
        }),
        ("/site/keys/unlock.key", |disk| {
            replaced(disk, "keys/unlock.key", "sekisho-unlock-key 1", "sekisho-unlock-key 2");
        }),
        ("store/CURRENT", |disk| {
            point(disk, "sekisho current 1", "sekisho current 2");
        }),
        ("store/manifests/0000000003.json", |disk| {
            let file = "store/manifests/0000000003.json";
            let signer = look(disk, |site| {
                site.secrets.ledger_signer.named("sekisho/050008/ledger").unwrap()
            });
            let old = to_hex(&sha256(&read(disk, file)));
            replaced(disk, file, "\"format\": 1", "\"format\": 2");
            let new = sha256(&read(disk, file));
            name_in_ledger(disk, &signer, new);
            point(disk, &old, &to_hex(&new));
        }),
        ("ledger/2021/tile/entries/000.p/1", later_leaf),
        ("staging/0000000004/intent", later_intent),
        ("answers/", |disk| {
            let answer = files(disk)
                .into_iter()
                .find(|file| file.starts_with("answers/"))
                .unwrap();
            sealed_later(disk, &answer);
        }),
        ("keys/public.txt", |disk| {
            replaced(
                disk,
                "keys/public.txt",
                "sekisho-public-keys 1\n",
                "sekisho-public-keys 2\nother key\n",
            );
        }),
    ];
    for (object, change) in kinds {
        let disk = small.disk.copy();
        change(&disk);
        // Files at rest and public keys are not read when the site is opened.
        let is_read = object != "answers/" && object != "keys/public.txt";
        let verified = || examined(&disk, Depth::Full).map(|found| found.fault().unwrap());
        let fault = if is_read {
            opened(&disk).unwrap_err()
        } else {
            verified().unwrap()
        };
        assert_eq!(
            (fault.id, fault.class().exit_code()),
            (FaultId::StoreNewer, 9),
            "{object}: {fault}"
        );
        let words = fault.what(Lang::En);
        assert!(words.contains(object) && words.contains('2'), "{object}: {words}");
        // The verification says the same of it, whatever else it finds.
        let named = match examined(&disk, Depth::Full) {
            Err(fault) => fault.id == FaultId::StoreNewer,
            Ok(found) => found
                .bad
                .iter()
                .any(|bad| bad.what == sekisho::run::verify::What::Newer),
        };
        assert!(named, "{object}");
        if object.starts_with("staging") {
            assert!(disk.exists(&at(object)).unwrap(), "it is not thrown away");
        }
    }
}
