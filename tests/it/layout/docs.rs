//! The default layouts against the published table of fields, and the pages that are generated from them.

use std::path::PathBuf;

use sekisho::domain::item::Item;
use sekisho::domain::party::FileKind;
use sekisho::format::layout::{Layouts, RecordType, demands_markdown, markdown};

use crate::shared::shared;

#[test]
fn the_default_layouts_are_the_published_ones_field_by_field() {
    let Some(path) = shared("formats/formats.csv") else {
        return;
    };
    let layouts = Layouts::builtin().unwrap();
    let mut own = Vec::new();
    for kind in FileKind::ALL {
        for record in RecordType::ALL {
            for field in layouts.get(kind).fields(record) {
                own.push([
                    kind.as_str().to_owned(),
                    char::from(record.byte()).to_string(),
                    field.slot.offset.to_string(),
                    field.slot.length.to_string(),
                    field.slot.kind.letter().to_owned(),
                    field.name.clone(),
                    field
                        .item
                        .map(Item::number)
                        .map_or(String::new(), |number| number.to_string()),
                ]);
            }
        }
    }
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut published: Vec<[String; 7]> = reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            std::array::from_fn(|column| row[column].to_owned())
        })
        .collect();
    own.sort();
    published.sort();
    assert_eq!(published.len(), 370);
    for (own, published) in own.iter().zip(&published) {
        assert_eq!(own, published);
    }
    assert_eq!(own.len(), published.len());
}

/// Compares the generated part of a page, below the line that says so; writes it where the environment asks for it.
fn hold(page: &str, generated: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("docs/formats")
        .join(page);
    let text = std::fs::read_to_string(&path).unwrap();
    let end = text.find("writes it anew. -->\n").unwrap() + "writes it anew. -->\n".len();
    let want = format!("{}\n{generated}", text.get(..end).unwrap());
    if std::env::var_os("SEKISHO_WRITE_DOCS").is_some() {
        std::fs::write(&path, &want).unwrap();
    } else {
        assert!(
            text == want,
            "docs/formats/{page} is not what the tables say; SEKISHO_WRITE_DOCS=1 writes it anew"
        );
    }
}

#[test]
fn the_page_of_exchange_files_is_generated_from_the_layouts() {
    let layouts = Layouts::builtin().unwrap();
    let chapters: Vec<String> = FileKind::ALL.iter().map(|kind| markdown(layouts.get(*kind))).collect();
    hold("exchange.md", &chapters.join("\n"));
}

#[test]
fn the_page_of_layouts_is_generated_from_the_demands() {
    hold("layouts.md", &demands_markdown());
}
