//! Layout text to layout: TOML read with the place of every key, faults collected instead of stopping at the first.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{FaultKind, Field, FieldType, Layout, LayoutFault, MAX_RECORD_BYTES, RecordType, Slot, lint};
use crate::domain::party::FileKind;

/// Keys of the file itself, besides the four record tables.
const FILE_KEYS: [&str; 5] = ["kind", "title", "direction", "format_version", "record_bytes"];

/// Keys of a field.
const FIELD_KEYS: [&str; 6] = ["offset", "length", "type", "name", "item", "meaning"];

/// A field as the file has it, with the places of its parts.
pub(super) struct DraftField {
    pub(super) offset: Spanned<u32>,
    pub(super) length: Spanned<u32>,
    pub(super) kind: Spanned<FieldType>,
    pub(super) name: Spanned<String>,
    pub(super) item: Option<Spanned<u32>>,
    meaning: String,
}

/// A record table as the file has it.
pub(super) struct DraftRecord {
    pub(super) record: RecordType,
    pub(super) span: Range<usize>,
    pub(super) fields: Vec<DraftField>,
}

/// Faults with their byte places, until the text is at hand to count lines.
#[derive(Default)]
pub(super) struct Faults(Vec<(usize, FaultKind)>);

impl Faults {
    /// Notes a fault at the start of `span`.
    pub(super) fn add(&mut self, span: &Range<usize>, kind: FaultKind) {
        self.0.push((span.start, kind));
    }
}

/// Reads a layout; the layout is there only where there is no fault. Faults are in the order of the text.
pub(super) fn parse(text: &str, origin: &str) -> (Option<Layout>, Vec<LayoutFault>) {
    let mut faults = Faults::default();
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        faults.add(
            &span,
            FaultKind::Syntax {
                message: error.message().to_owned(),
            },
        );
    }
    // After a fault of syntax the table is a guess: its faults would only hide the real one.
    let layout = if errors.is_empty() {
        file(&root, &mut faults)
    } else {
        None
    };
    let mut found = faults.0;
    found.sort_by_key(|(at, _)| *at);
    let layout = layout.filter(|_| found.is_empty());
    let found = found
        .into_iter()
        .map(|(at, kind)| {
            let (line, column) = place(text, at);
            LayoutFault {
                file: origin.to_owned(),
                line,
                column,
                kind,
            }
        })
        .collect();
    (layout, found)
}

fn file(root: &Spanned<DeTable<'_>>, faults: &mut Faults) -> Option<Layout> {
    let table = root.get_ref();
    for key in table.keys() {
        let name: &str = key.get_ref();
        if !FILE_KEYS.contains(&name) && !RecordType::ALL.iter().any(|record| record.table() == name) {
            faults.add(&key.span(), FaultKind::UnknownKey { key: name.to_owned() });
        }
    }
    let whole = 0..0;
    let kind = text(table, "kind", &whole, faults).and_then(|value| {
        let kind = FileKind::parse(value.get_ref());
        if kind.is_none() {
            faults.add(&value.span(), FaultKind::UnknownFileKind);
        }
        kind
    });
    let version = text(table, "format_version", &whole, faults);
    if let Some(value) = &version
        && (value.get_ref().len() != 2 || !value.get_ref().bytes().all(|b| b.is_ascii_digit()))
    {
        faults.add(&value.span(), FaultKind::FormatVersion);
    }
    let record_bytes = number(table, "record_bytes", &whole, faults);
    if let Some(value) = &record_bytes
        && !(1..=MAX_RECORD_BYTES).contains(value.get_ref())
    {
        faults.add(&value.span(), FaultKind::RecordBytes { max: MAX_RECORD_BYTES });
    }
    let title = text(table, "title", &whole, faults);
    let direction = text(table, "direction", &whole, faults);
    let drafts = RecordType::ALL.map(|record| record_table(table, record, faults));
    if let (Some(kind), Some(record_bytes)) = (kind, &record_bytes) {
        for draft in drafts.iter().flatten() {
            lint::record(kind, *record_bytes.get_ref(), draft, faults);
        }
    }
    let [header, data, trailer, end] = drafts;
    Some(Layout {
        kind: kind?,
        title: title?.into_inner(),
        direction: direction?.into_inner(),
        format_version: version?.into_inner(),
        record_bytes: record_bytes?.into_inner(),
        records: [fields(header?), fields(data?), fields(trailer?), fields(end?)],
    })
}

fn fields(draft: DraftRecord) -> Vec<Field> {
    draft
        .fields
        .into_iter()
        .map(|field| Field {
            name: field.name.into_inner(),
            slot: Slot {
                offset: field.offset.into_inner(),
                length: field.length.into_inner(),
                kind: field.kind.into_inner(),
            },
            item: field.item.and_then(|number| lint::item(*number.get_ref())),
            meaning: field.meaning,
        })
        .collect()
}

fn record_table(table: &DeTable<'_>, record: RecordType, faults: &mut Faults) -> Option<DraftRecord> {
    let key = record.table();
    let Some((name, value)) = table.get_key_value(key) else {
        faults.add(&(0..0), FaultKind::MissingKey { key });
        return None;
    };
    let Some(inner) = value.get_ref().as_table() else {
        faults.add(&value.span(), wrong(key, "a table"));
        return None;
    };
    for key in inner.keys() {
        if key.get_ref() != "fields" {
            let key_text = key.get_ref().to_string();
            faults.add(&key.span(), FaultKind::UnknownKey { key: key_text });
        }
    }
    let Some(list) = inner.get("fields") else {
        faults.add(&name.span(), FaultKind::MissingKey { key: "fields" });
        return None;
    };
    let Some(array) = list.get_ref().as_array() else {
        faults.add(&list.span(), wrong("fields", "a list of tables"));
        return None;
    };
    let mut fields = Vec::new();
    // One broken field must not make every later offset wrong too: the record is then checked no further.
    let mut whole = true;
    for entry in array {
        match field(entry, faults) {
            Some(field) => fields.push(field),
            None => whole = false,
        }
    }
    whole.then(|| DraftRecord {
        record,
        span: name.span(),
        fields,
    })
}

fn field(entry: &Spanned<DeValue<'_>>, faults: &mut Faults) -> Option<DraftField> {
    let span = entry.span();
    let Some(table) = entry.get_ref().as_table() else {
        faults.add(&span, wrong("fields", "a list of tables"));
        return None;
    };
    let mut known = true;
    for key in table.keys() {
        let name: &str = key.get_ref();
        if !FIELD_KEYS.contains(&name) {
            known = false;
            faults.add(&key.span(), FaultKind::UnknownKey { key: name.to_owned() });
        }
    }
    let offset = number(table, "offset", &span, faults);
    let length = number(table, "length", &span, faults);
    let name = text(table, "name", &span, faults);
    let meaning = text(table, "meaning", &span, faults);
    let kind = text(table, "type", &span, faults).and_then(|value| {
        let kind = FieldType::from_letter(value.get_ref());
        if kind.is_none() {
            faults.add(&value.span(), FaultKind::UnknownFieldType);
        }
        kind.map(|kind| Spanned::new(value.span(), kind))
    });
    let item = match table.get("item") {
        Some(_) => Some(number(table, "item", &span, faults)?),
        None => None,
    };
    Some(DraftField {
        offset: offset?,
        length: length?,
        kind: kind?,
        name: name?,
        item,
        meaning: meaning?.into_inner(),
    })
    .filter(|_| known)
}

fn text(table: &DeTable<'_>, key: &'static str, owner: &Range<usize>, faults: &mut Faults) -> Option<Spanned<String>> {
    let Some(value) = table.get(key) else {
        faults.add(owner, FaultKind::MissingKey { key });
        return None;
    };
    let text = value.get_ref().as_str();
    if text.is_none() {
        faults.add(&value.span(), wrong(key, "a text"));
    }
    text.map(|text| Spanned::new(value.span(), text.to_owned()))
}

fn number(table: &DeTable<'_>, key: &'static str, owner: &Range<usize>, faults: &mut Faults) -> Option<Spanned<u32>> {
    let Some(value) = table.get(key) else {
        faults.add(owner, FaultKind::MissingKey { key });
        return None;
    };
    let number = value
        .get_ref()
        .as_integer()
        .and_then(|integer| u32::from_str_radix(integer.as_str(), integer.radix()).ok());
    if number.is_none() {
        faults.add(&value.span(), wrong(key, "a whole number from 0"));
    }
    number.map(|number| Spanned::new(value.span(), number))
}

fn wrong(key: &str, want: &'static str) -> FaultKind {
    FaultKind::WrongType {
        key: key.to_owned(),
        want,
    }
}

/// Line and column, from 1, of a byte of the text; the column counts characters.
fn place(text: &str, at: usize) -> (u32, u32) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}
