//! F20: a store of each released version of the format is kept and still opens (fixtures/golden/README.md).
//!
//! `SEKISHO_GOLDEN=DIR` writes the store that this program makes into a new folder; nothing else ever writes one.

use sekisho::run::master::{What, export};
use sekisho::run::site::{Access, Site};

use super::*;
use crate::desk::memory::look;

/// Versions in the order of their release.
const VERSIONS: [&str; 1] = ["v1"];

fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/golden")
        .join(version)
}

/// Folders that a site has even where they are empty: git keeps none.
const FOLDERS: [&str; 6] = ["in", "in/052019", "in/052027", "in/N0000001", "layouts", "staging"];

/// The golden store on a disk in memory.
fn golden(version: &str) -> MemoryDisk {
    let disk = MemoryDisk::new();
    let site = folder(version).join("site");
    let add = |path: &Path| {
        for folder in path.ancestors().collect::<Vec<_>>().into_iter().rev().skip(1) {
            disk.create_folder(folder).unwrap();
        }
    };
    for folder in FOLDERS {
        add(&at(folder));
    }
    for entry in walkdir::WalkDir::new(&site) {
        let entry = entry.unwrap();
        let to = Path::new(ROOT).join(entry.path().strip_prefix(&site).unwrap());
        if entry.file_type().is_dir() {
            add(&to);
        } else {
            disk.put(&to, &std::fs::read(entry.path()).unwrap()).unwrap();
        }
    }
    disk
}

fn exported(disk: &MemoryDisk) -> String {
    look(disk, |site| {
        let mut csv = Vec::new();
        export(site, None, What::Rows, &mut csv).unwrap();
        String::from_utf8(csv).unwrap()
    })
}

#[test]
fn stores_of_released_versions_open_verify_tell_the_same_rows_and_go_on() {
    for version in VERSIONS {
        let disk = golden(version);
        let found = examined(&disk, Depth::Full).unwrap();
        assert_eq!((found.bad, found.strays), (Vec::new(), Vec::new()), "{version}");
        assert_eq!(found.manifests, 3, "{version}");
        // Written by hand from the records that went in, not by the program.
        let rows = std::fs::read_to_string(folder(version).join("rows.csv")).unwrap();
        assert_eq!(exported(&disk), rows, "{version}");
        // The night after: what waited is not forgotten, a repetition is known, a new resident is taken.
        let small = Small {
            disk,
            parties: BTreeMap::new(),
        };
        small.put(AKITA, "once more.dat", &upd(AKITA, 1, &[ANNA]));
        small.put(NOSHIRO, &name(NOSHIRO, 1), &upd(NOSHIRO, 1, &[EMI]));
        let pass = pass_on(&small.disk, 9).unwrap();
        assert_eq!((pass.generation_before, pass.generation_after), (2, 3), "{version}");
        // 能代市's second and third files waited for the first one.
        assert_eq!(pass.held, 0, "{version}");
        let found = examined(&small.disk, Depth::Full).unwrap();
        assert_eq!((found.bad, found.strays), (Vec::new(), Vec::new()), "{version}");
        assert_eq!(exported(&small.disk).lines().count(), 1 + 5, "{version}");
        let machine = Machine::new(7);
        Site::open(machine.tools(&small.disk), Path::new(ROOT), Access::Write, unlocking()).unwrap();
    }
}

#[test]
fn golden_stores_are_small_and_complete() {
    let kept: Vec<String> = std::fs::read_dir(folder(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        VERSIONS.iter().all(|version| kept.iter().any(|name| name == version)),
        "{kept:?}"
    );
    assert_eq!(kept.len(), VERSIONS.len() + 1, "README.md beside them: {kept:?}");
    for version in VERSIONS {
        let files = walkdir::WalkDir::new(folder(version)).into_iter().map(Result::unwrap);
        let total: u64 = files
            .filter(|file| file.file_type().is_file())
            .map(|file| file.metadata().unwrap().len())
            .sum();
        assert!(total < 200_000, "{version}: {total} bytes");
    }
}

#[test]
fn a_new_golden_store_is_written_where_asked_for() {
    let Ok(to) = std::env::var("SEKISHO_GOLDEN") else {
        return;
    };
    let small = small();
    for file in files(&small.disk) {
        let path = Path::new(&to).join("site").join(&file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, read(&small.disk, &file)).unwrap();
    }
    std::fs::write(Path::new(&to).join("exported.csv"), exported(&small.disk)).unwrap();
}
