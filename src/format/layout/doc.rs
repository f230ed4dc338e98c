//! Layouts as Markdown tables: the generated parts of `docs/formats/exchange.md` and `docs/formats/layouts.md`, and
//! what `sekisho layout doc` prints.

use std::fmt::Write as _;

use super::demand::{Demand, common, demands, item_bytes, items};
use super::model::{FieldType, Layout, RecordType};
use crate::domain::item::{Item, Kind};
use crate::domain::party::FileKind;

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

/// What every layout must have, as tables: fields by name, and the widths of items.
pub fn demands_markdown() -> String {
    let mut text = String::from("| kind | record | field | type | bytes |\n|---|---|---|---|---|\n");
    for record in RecordType::ALL {
        for demand in common(record) {
            demand_row(&mut text, "every", record, demand);
        }
    }
    for kind in FileKind::ALL {
        for record in RecordType::ALL {
            for demand in demands(kind, record) {
                if !common(record).iter().any(|shared| shared.name == demand.name) {
                    demand_row(&mut text, kind.as_str(), record, demand);
                }
            }
        }
        let numbers: Vec<String> = items(kind).iter().map(u8::to_string).collect();
        let _infallible = writeln!(text, "| {} | data | items {} | | |", kind.as_str(), numbers.join(" "));
    }
    text.push_str("\n| item | field | type | bytes |\n|---:|---|---|---|\n");
    for item in Item::ALL {
        let (min, max) = item_bytes(item);
        let letter = match item.row().kind {
            Kind::Ascii => FieldType::Ascii,
            Kind::Digits => FieldType::Digits,
            Kind::Wide => FieldType::Wide,
        };
        let _infallible = writeln!(
            text,
            "| {} | `{}` {} | {} | {} |",
            item.number(),
            item.row().name,
            item.row().ja,
            letter.letter(),
            range(min, max),
        );
    }
    text
}

fn demand_row(text: &mut String, kind: &str, record: RecordType, demand: &Demand) {
    let place = demand.at.map(|at| format!(" at {at}")).unwrap_or_default();
    let _infallible = writeln!(
        text,
        "| {kind} | {} | `{}` | {} | {}{place} |",
        record.table(),
        demand.name,
        demand.kind.letter(),
        range(demand.min, demand.max),
    );
}

fn range(min: u32, max: u32) -> String {
    if min == max {
        min.to_string()
    } else {
        format!("{min} to {max}")
    }
}
