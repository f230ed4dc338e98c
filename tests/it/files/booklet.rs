//! `rules show`: the booklet from the binary.

use std::fs;
use std::path::Path;

use super::place::Place;

#[test]
fn the_booklet_of_the_binary_is_the_committed_one() {
    let place = Place::new();
    let written = place.run(&["rules", "show", "--write", "rules"]).well();
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    let mut count = 0;
    for entry in fs::read_dir(&committed).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert_eq!(
            place.read(&format!("rules/{name}")),
            fs::read(committed.join(&name)).unwrap(),
            "{name}"
        );
        assert!(written.out.contains(&name), "{name}");
        count += 1;
    }
    assert_eq!(fs::read_dir(place.path("rules")).unwrap().count(), count);
    // A second time over the first.
    place.run(&["rules", "show", "--write", "rules"]).well();
    place
        .run(&["rules", "show", "--write", "none/rules"])
        .stopped("DiskFailed", 7);
}

#[test]
fn every_page_is_printed_and_one_can_be_chosen() {
    let place = Place::new();
    let all = place.run(&["rules", "show"]).well().out;
    for word in ["L102b", "東成瀬村", "転入通知受理（転出確定）", "1868-01-25"] {
        assert!(all.contains(word), "{word}");
    }
    let table = place
        .run(&["rules", "show", "--table", "transitions", "--form", "markdown"])
        .well()
        .out;
    let committed = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules/transitions.md")).unwrap();
    assert_eq!(table, committed);
    let done = place
        .run(&["rules", "show", "--table", "none"])
        .stopped("UsageWrong", 2);
    assert!(done.err.contains("transitions"), "{}", done.err);
}

#[test]
fn json_has_all_210_cells() {
    let pages = Place::new().run(&["rules", "show", "--json"]).well().json();
    let transitions = pages
        .as_array()
        .unwrap()
        .iter()
        .find(|page| page["name"] == "transitions")
        .unwrap();
    let cells = transitions["parts"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|part| part["rows"].as_array())
        .map(Vec::len)
        .max();
    assert_eq!(cells, Some(210));
}
