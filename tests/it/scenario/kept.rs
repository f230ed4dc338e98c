//! Nothing is deleted: every byte that came lies in the archive, in the spool or where it was put.

use std::collections::BTreeSet;

use crate::desk::files::*;
use crate::desk::{Desk, state};

#[test]
fn every_byte_that_came_is_kept() {
    let desk = Desk::new();
    let mut came: BTreeSet<(String, Vec<u8>)> = BTreeSet::new();
    let mut put = |folder: &str, file: &str, bytes: Vec<u8>| {
        desk.put(folder, file, &bytes);
        came.insert((file.to_owned(), bytes));
    };
    let good = upd(AKITA, 1, &[ANNA]);
    put(AKITA, &name(AKITA, 1), good.clone());
    put(AKITA, "the same.dat", good.clone());
    put(AKITA, &name(AKITA, 3), upd(AKITA, 3, &[CHIE]));
    put(NOSHIRO, &name(NOSHIRO, 1), changed(&upd(NOSHIRO, 1, &[BEN]), 4, b"02"));
    put(NOSHIRO, &name(NOSHIRO, 2), b"no file of ours at all".to_vec());
    put(OGA, &name(OGA, 1), upd(OGA, 1, &[DAI]));
    put("nobody", "佐藤花子", upd(OGA, 1, &[EMI]));
    let mut signed = package(AKITA, &desk.parties[AKITA], (OWN, &desk.site_key()), "x", &good, 1);
    signed[600] ^= 1;
    put(AKITA, "damaged.seki", signed);
    let sealed = package(
        NOSHIRO,
        &desk.parties[NOSHIRO],
        (OWN, &desk.site_key()),
        &name(NOSHIRO, 1),
        &upd(NOSHIRO, 1, &[BEN]),
        2,
    );
    put(NOSHIRO, &format!("{}.seki", name(NOSHIRO, 1)), sealed);
    let pass = desk.run();
    assert_eq!(pass.number("generation_after"), 1, "{}", pass.json);
    // A second day with the corrected one, the missing one, and repetitions of what was answered.
    put(AKITA, &name(AKITA, 2), upd(AKITA, 2, &[EMI]));
    put(NOSHIRO, &name(NOSHIRO, 2), upd(NOSHIRO, 2, &[DAI]));
    put(AKITA, &name(AKITA, 1), good);
    desk.run_on("2020-09-15");
    let held = desk.json(&["held", "list"], 3);
    for file in held.as_array().unwrap() {
        desk.program(&[
            "held",
            "drop",
            file["id"].as_str().unwrap(),
            "--business-date",
            "2020-09-15",
        ]);
    }
    desk.run_on("2020-09-15");

    let mut kept: BTreeSet<(String, Vec<u8>)> = BTreeSet::new();
    desk.look(|site| {
        for folder in ["archive", "spool"] {
            for path in state::paths_below(site.tools.disk, site.folders.root(), folder) {
                kept.insert(state::opened(site, &path));
            }
        }
    });
    for (file, bytes) in &came {
        assert!(kept.contains(&(file.clone(), bytes.clone())), "{file} is gone");
    }
    assert_eq!(kept.len(), came.len(), "and nothing else was made up");
    for party in crate::desk::names(&desk.root().join("in")) {
        assert_eq!(desk.waiting(&party), Vec::<String>::new(), "{party}");
    }
    // What is at rest is encrypted, and names say nothing.
    for path in desk.state().archive.keys() {
        let bytes = std::fs::read(desk.root().join(path)).unwrap();
        assert!(!bytes.windows(6).any(|part| part == b"052019"), "{path}");
        assert!(!path.contains("佐藤"));
    }
}

#[test]
fn no_leaf_and_no_listing_names_a_person() {
    let desk = Desk::new();
    desk.put(AKITA, "佐藤花子.dat", &upd(AKITA, 4, &[ANNA]));
    let ran = desk.program(&["run", "--business-date", DAY]);
    let list = desk.program(&["held", "list"]);
    for text in [ran.out(), ran.err(), list.out()] {
        assert!(!text.contains("佐藤") && !text.contains(ANNA.0), "{text}");
    }
    assert!(ran.out().contains("other-"), "{}", ran.out());
    assert!(!desk.acts_since(0).join("\n").contains("佐藤"));
}
