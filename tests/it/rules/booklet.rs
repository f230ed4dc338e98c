//! `docs/rules` is the booklet: the folder holds what the tables say, file by file.

use std::path::PathBuf;

use sekisho::report::booklet::{plain, render_all};

use super::town::prefecture;

#[test]
fn the_committed_booklet_is_what_the_tables_say() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/rules");
    let files = render_all(&prefecture());
    for (name, text) in &files {
        let committed = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        if committed != *text {
            panic!("docs/rules/{name} is not what the tables say: run `sekisho rules show --write docs/rules`");
        }
    }
    let mut present: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let mut expected: Vec<String> = files.into_iter().map(|(name, _)| name).collect();
    present.sort();
    expected.sort();
    assert_eq!(present, expected);
}

#[test]
fn every_row_of_a_table_has_as_many_cells_as_its_head() {
    for (name, text) in render_all(&prefecture()) {
        let mut columns = None;
        for line in text.lines() {
            if !line.starts_with('|') {
                columns = None;
                continue;
            }
            let count = line.replace("\\|", "").matches('|').count();
            assert_eq!(*columns.get_or_insert(count), count, "{name}: {line}");
        }
    }
}

#[test]
fn plain_text_has_all_pages_and_no_markup() {
    let text = plain(&prefecture());
    for word in ["L102b", "東成瀬村", "転入通知受理（転出確定）", "1868-01-25"] {
        assert!(text.contains(word), "{word}");
    }
    assert!(
        text.lines()
            .all(|line| !line.starts_with('|') && !line.starts_with('#'))
    );
}
