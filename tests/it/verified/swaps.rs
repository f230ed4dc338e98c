//! F10: objects exchanged, old ones put back, taken away, added.

use super::*;

/// Objects of one class: their content could be exchanged without the form telling.
const CLASSES: [&str; 8] = [
    "answers/",
    "archive/2020/",
    "spool/",
    "store/manifests/",
    "store/runs/",
    "ledger/2020/private/",
    "out/052019/",
    "out/N0000001/",
];

#[test]
fn objects_of_one_class_that_changed_places_are_found() {
    let small = small();
    let disk = &small.disk;
    let mut pairs = 0;
    for class in CLASSES {
        for ending in [".seki", ".tlog-proof", ""] {
            let is_of = |file: &String| {
                let packed = [".seki", ".tlog-proof"]
                    .into_iter()
                    .find(|ending| file.ends_with(ending));
                file.starts_with(class) && packed.unwrap_or("") == ending
            };
            let all: Vec<String> = files(disk).into_iter().filter(is_of).collect();
            for (place, a) in all.iter().enumerate() {
                for b in &all[place + 1..] {
                    let (of_a, of_b) = (read(disk, a), read(disk, b));
                    disk.put(&at(a), &of_b).unwrap();
                    disk.put(&at(b), &of_a).unwrap();
                    let found = first_bad(disk, Depth::Full);
                    assert!(
                        found.as_ref().is_some_and(|(object, _)| object == a || object == b),
                        "{a} {b}: {found:?}"
                    );
                    // One of them over the other: the other is there twice.
                    disk.put(&at(a), &of_a).unwrap();
                    let found = first_bad(disk, Depth::Full);
                    assert_eq!(found.map(|(object, _)| object).as_ref(), Some(b), "{a} over {b}");
                    disk.put(&at(b), &of_b).unwrap();
                    pairs += 1;
                }
            }
            assert!(all.len() != 1, "{class}{ending}: one object cannot change places");
        }
    }
    assert!(pairs > 50, "{pairs}");
    assert_eq!(first_bad(disk, Depth::Full), None);
}

#[test]
fn a_missing_object_is_named_at_both_depths() {
    let small = small();
    let disk = &small.disk;
    for file in files(disk) {
        let bytes = read(disk, &file);
        disk.remove(&at(&file)).unwrap();
        for depth in [Depth::Quick, Depth::Full] {
            let found = first_bad(disk, depth);
            let is_fetched = file.strip_suffix(".seki").is_some();
            let is_read = depth == Depth::Full || !(file.contains("/private/") || file.contains("/tile/"));
            if file == "lock" || is_fetched {
                assert_eq!(found, None, "{file}: no state, or fetched by its receiver");
            } else if file == "sekisho.toml" {
                assert_eq!(found, Some(("/site".to_owned(), "SiteMissing".to_owned())));
            } else if is_read {
                let (object, what) = found.unwrap_or_else(|| panic!("{file} is gone, and nobody saw it"));
                assert_eq!(object, file);
                assert!(what == "missing" || what == "KeysMissing", "{file}: {what}");
            }
        }
        disk.put(&at(&file), &bytes).unwrap();
    }
}

/// A text without its last character.
fn cut(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next_back();
    characters.as_str()
}

#[test]
fn an_object_that_nothing_names_is_listed() {
    let small = small();
    let disk = &small.disk;
    for file in files(disk) {
        let Some((folder, name)) = file.rsplit_once('/') else {
            continue;
        };
        // Keys and registers are files of fixed names: others beside them are never read.
        if ["keys", "registers", "store"].contains(&folder) {
            continue;
        }
        let renamed = match name.split_once('.') {
            _ if name == "checkpoint" => continue,
            Some((stem, ending)) => format!("{folder}/{}9.{ending}", cut(stem)),
            None => format!("{folder}/{}9", cut(name)),
        };
        if disk.exists(&at(&renamed)).unwrap() {
            continue;
        }
        disk.put(&at(&renamed), &read(disk, &file)).unwrap();
        let listed = listed(disk, Depth::Full);
        assert!(listed.contains(&renamed), "{renamed}: {listed:?}");
        let extra = ["archive/", "answers/", "out/"]
            .iter()
            .any(|folder| renamed.starts_with(folder));
        assert_eq!(first_bad(disk, Depth::Quick).is_some(), extra, "{renamed}");
        disk.remove(&at(&renamed)).unwrap();
    }
}

#[test]
fn an_older_object_put_back_is_found() {
    let before = first_day();
    let old = copy(&before);
    deliver_second(&before);
    pass_on(&before.disk, 3).unwrap();
    let disk = &before.disk;
    let mut stale = Vec::new();
    for file in files(&old.disk) {
        let (then, now) = (read(&old.disk, &file), disk.read(&at(&file), 1 << 30).ok());
        if now.as_ref() == Some(&then) {
            continue;
        }
        disk.put(&at(&file), &then).unwrap();
        let found = listed(disk, Depth::Full);
        // An old checkpoint needs partial tiles that are gone.
        let other = file == "ledger/2020/checkpoint" && found[0].starts_with("ledger/2020/tile/");
        assert!(found.contains(&file) || other, "{file}: {found:?}");
        if let Some(now) = now {
            stale.push(file.clone());
            disk.put(&at(&file), &now).unwrap();
        } else {
            disk.remove(&at(&file)).unwrap();
        }
    }
    let package = "out/052019/RES-050008-052019-00000001.dat.seki";
    let proof = format!("{package}.tlog-proof");
    assert_eq!(stale, ["ledger/2020/checkpoint", package, &proof, "store/CURRENT"]);
    // Package and proof together: both are sound, and older than the newest leaf of that name.
    for file in [package, &proof] {
        disk.put(&at(file), &read(&old.disk, file)).unwrap();
    }
    let found = examined(disk, Depth::Full).unwrap();
    assert_eq!(
        (found.bad[0].object.as_str(), found.bad[0].what.as_str()),
        (package, "stale")
    );
    assert!(
        found.bad[0].why.contains("an earlier package of this name"),
        "{}",
        found.bad[0].why
    );
    assert_eq!(found.bad[1].object, proof);
}

/// Puts everything below a folder back to what it was.
fn put_back(disk: &MemoryDisk, old: &MemoryDisk, folder: &str) {
    for file in files(disk).into_iter().filter(|file| file.starts_with(folder)) {
        disk.remove(&at(&file)).unwrap();
    }
    for file in files(old).into_iter().filter(|file| file.starts_with(folder)) {
        let path = at(&file);
        let folders: Vec<&Path> = path.ancestors().skip(1).collect();
        for folder in folders.into_iter().rev() {
            disk.create_folder(folder).unwrap();
        }
        disk.put(&path, &read(old, &file)).unwrap();
    }
}

#[test]
fn a_part_of_the_site_put_back_is_found_by_the_others() {
    let before = first_day();
    let old = copy(&before);
    deliver_second(&before);
    pass_on(&before.disk, 3).unwrap();
    for (folder, want) in [
        ("ledger/", "ledger"),
        ("store/", "store/CURRENT"),
        ("archive/", "archive/2020/"),
        ("answers/", "answers/"),
        ("spool/", "spool/"),
        ("out/", "out/052019/RES-050008-052019-00000001.dat.seki"),
    ] {
        let now = before.disk.copy();
        put_back(&now, &old.disk, folder);
        for depth in [Depth::Quick, Depth::Full] {
            let found = first_bad(&now, depth);
            // Lengths may be the same: only the hash tells of an old package.
            if folder != "out/" || depth == Depth::Full {
                assert!(
                    found.as_ref().is_some_and(|(object, _)| object.starts_with(want)),
                    "{folder}: {found:?}"
                );
            }
        }
    }
}
