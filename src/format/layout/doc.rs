//! Layouts as Markdown tables, for `docs/formats/exchange.md` and `sekisho layout doc`.

use std::fmt::Write as _;

use super::{Layout, RecordType};

/// One layout as a chapter: a table for each record type.
pub fn markdown(layout: &Layout) -> String {
    let mut text = format!(
        "## {kind} - {title}\n\nFrom {direction}. Version {version}, records of {bytes} bytes.\n",
        kind = layout.kind().as_str(),
        title = layout.title(),
        direction = layout.direction(),
        version = layout.format_version(),
        bytes = layout.record_bytes(),
    );
    for record in RecordType::ALL {
        // Writing to a String cannot fail.
        let _infallible = write!(
            text,
            "\n### {kind} `{letter}` {table}\n\n| offset | length | type | name | item | meaning |\n|---:|---:|---|---|---:|---|\n",
            kind = layout.kind().as_str(),
            letter = char::from(record.byte()),
            table = record.table(),
        );
        for field in layout.fields(record) {
            let item = field
                .item
                .map(|item| format!("{} {}", item.number(), item.row().ja))
                .unwrap_or_default();
            let _infallible = writeln!(
                text,
                "| {} | {} | {} | `{}` | {item} | {} |",
                field.slot.offset,
                field.slot.length,
                field.slot.kind.letter(),
                field.name,
                field.meaning.replace('|', "\\|").replace('\n', " "),
            );
        }
    }
    text
}
