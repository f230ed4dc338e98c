//! The checks of a record's fields: places, names, items, and what every layout must have.

use std::collections::BTreeSet;

use super::demand::{demands, echoes, item_bytes, items};
use super::parse::{DraftField, DraftRecord, Faults};
use super::{FaultKind, Field, FieldType, RecordType};
use crate::domain::item::{Item, Kind};
use crate::domain::party::FileKind;

/// Longest name in characters; a name is also the head of a CSV column.
const MAX_NAME: usize = 40;

/// The item with a number as the layout file has it.
pub(super) fn item(number: u32) -> Option<Item> {
    u8::try_from(number).ok().and_then(Item::from_number)
}

/// Checks one record table.
pub(super) fn record(kind: FileKind, record_bytes: u32, draft: &DraftRecord, faults: &mut Faults) {
    places(record_bytes, draft, faults);
    let mut names = BTreeSet::new();
    let mut carried = BTreeSet::new();
    for field in &draft.fields {
        name(field, &mut names, faults);
        carried_item(kind, draft.record, field, &mut carried, faults);
        // A file is known to be complete by an end record of `9` and blanks.
        if draft.record == RecordType::End && !["record_type", Field::FILLER].contains(&field.name.get_ref().as_str()) {
            faults.add(&field.name.span(), FaultKind::EndField);
        }
    }
    for demand in demands(kind, draft.record) {
        let Some(field) = draft.fields.iter().find(|field| field.name.get_ref() == demand.name) else {
            faults.add(&draft.span, FaultKind::MissingField { name: demand.name });
            continue;
        };
        if let Some(want) = demand.at
            && *field.offset.get_ref() != want
        {
            faults.add(
                &field.offset.span(),
                FaultKind::FixedPlace {
                    name: demand.name,
                    want,
                },
            );
        }
        type_is(field, demand.kind, faults);
        length_is(field, demand.min, demand.max, faults);
    }
    if draft.record == RecordType::Data {
        for want in items(kind).iter().filter_map(|number| Item::from_number(*number)) {
            if !carried.contains(&want) {
                faults.add(&draft.span, FaultKind::MissingField { name: want.row().name });
            }
        }
    }
}

/// Offsets are the running sum of the lengths, and the lengths add up to the record.
fn places(record_bytes: u32, draft: &DraftRecord, faults: &mut Faults) {
    let mut sum: u64 = 0;
    for field in &draft.fields {
        let (got, length) = (*field.offset.get_ref(), *field.length.get_ref());
        if u64::from(got) != sum {
            faults.add(
                &field.offset.span(),
                FaultKind::Offset {
                    want: u32::try_from(sum).unwrap_or(u32::MAX),
                    got,
                },
            );
        }
        if length == 0 {
            faults.add(&field.length.span(), FaultKind::EmptyField);
        }
        if *field.kind.get_ref() == FieldType::Wide && length % 2 == 1 {
            faults.add(&field.length.span(), FaultKind::OddWide { got: length });
        }
        // From the place that the file gives, so that one wrong offset is one fault.
        sum = u64::from(got) + u64::from(length);
    }
    if sum != u64::from(record_bytes) {
        faults.add(
            &draft.span,
            FaultKind::RecordLength {
                want: record_bytes,
                got: sum,
            },
        );
    }
}

fn name<'d>(field: &'d DraftField, names: &mut BTreeSet<&'d str>, faults: &mut Faults) {
    let name = field.name.get_ref().as_str();
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    let rest = name
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !first || !rest || name.len() > MAX_NAME {
        faults.add(&field.name.span(), FaultKind::NameForm);
    }
    if name == Field::FILLER {
        if *field.kind.get_ref() != FieldType::Ascii || field.item.is_some() {
            faults.add(&field.name.span(), FaultKind::Filler);
        }
    } else if !names.insert(name) {
        faults.add(&field.name.span(), FaultKind::DuplicateName { name: name.to_owned() });
    }
}

fn carried_item(
    kind: FileKind,
    record: RecordType,
    field: &DraftField,
    carried: &mut BTreeSet<Item>,
    faults: &mut Faults,
) {
    let name = field.name.get_ref();
    let Some(number) = &field.item else {
        if record == RecordType::Data
            && let Some(item) = Item::from_name(name)
        {
            faults.add(
                &field.name.span(),
                FaultKind::NameOfItem {
                    name: name.clone(),
                    item: item.number(),
                },
            );
        }
        return;
    };
    if record != RecordType::Data {
        faults.add(&number.span(), FaultKind::ItemOutsideData);
        return;
    }
    let Some(item) = item(*number.get_ref()) else {
        faults.add(&number.span(), FaultKind::ItemNumber { got: *number.get_ref() });
        return;
    };
    if !carried.insert(item) {
        faults.add(&number.span(), FaultKind::DuplicateItem { item: item.number() });
    }
    if name != item.row().name {
        faults.add(
            &field.name.span(),
            FaultKind::ItemName {
                item: item.number(),
                want: item.row().name,
            },
        );
    }
    let want = match item.row().kind {
        Kind::Ascii => FieldType::Ascii,
        Kind::Digits if echoes(kind) => FieldType::Ascii,
        Kind::Digits => FieldType::Digits,
        Kind::Wide => FieldType::Wide,
    };
    type_is(field, want, faults);
    let (min, max) = item_bytes(item);
    length_is(field, min, max, faults);
}

fn type_is(field: &DraftField, want: FieldType, faults: &mut Faults) {
    if *field.kind.get_ref() != want {
        faults.add(
            &field.kind.span(),
            FaultKind::FieldType {
                name: field.name.get_ref().clone(),
                want,
            },
        );
    }
}

fn length_is(field: &DraftField, min: u32, max: u32, faults: &mut Faults) {
    let got = *field.length.get_ref();
    if got < min || got > max {
        faults.add(
            &field.length.span(),
            FaultKind::FieldLength {
                name: field.name.get_ref().clone(),
                min,
                max,
                got,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FaultKind, FieldType, Layout, builtin_text};
    use crate::domain::party::FileKind;

    /// The fault that appears when `from` (there once) becomes `to` in the default layout of `kind`, with its place.
    fn changed(kind: FileKind, from: &str, to: &str) -> Vec<(u32, u32, FaultKind)> {
        let text = builtin_text(kind);
        assert_eq!(text.matches(from).count(), 1, "{from}");
        Layout::lint(&text.replace(from, to), "own.toml")
            .into_iter()
            .map(|fault| (fault.line, fault.column, fault.kind))
            .collect()
    }

    /// Line of the default layout of RES that has this text.
    fn line(of: &str) -> u32 {
        let before = builtin_text(FileKind::Res).split(of).next().unwrap();
        u32::try_from(before.matches('\n').count() + 1).unwrap()
    }

    #[test]
    fn keys_are_known_present_and_of_their_type() {
        let at = |from: &str, to: &str| changed(FileKind::Res, from, to);
        assert_eq!(
            at("title = ", "titel = "),
            [
                (1, 1, FaultKind::MissingKey { key: "title" }),
                (
                    3,
                    1,
                    FaultKind::UnknownKey {
                        key: "titel".to_owned()
                    }
                ),
            ]
        );
        let field = "name = \"record_no\"";
        assert_eq!(
            at(field, "nmae = \"record_no\""),
            [
                (line(field), 3, FaultKind::MissingKey { key: "name" }),
                (line(field), 41, FaultKind::UnknownKey { key: "nmae".to_owned() }),
            ]
        );
        assert_eq!(
            at("record_bytes = 256", "record_bytes = \"256\""),
            [(
                6,
                16,
                FaultKind::WrongType {
                    key: "record_bytes".to_owned(),
                    want: "a whole number from 0"
                }
            )]
        );
        assert_eq!(
            at("offset = 79, length", "offset = -79, length"),
            [(
                line("offset = 79, length"),
                14,
                FaultKind::WrongType {
                    key: "offset".to_owned(),
                    want: "a whole number from 0"
                }
            )]
        );
        assert_eq!(
            at("kind = \"RES\"", "kind = \"RAS\""),
            [(2, 8, FaultKind::UnknownFileKind)]
        );
        assert_eq!(
            at("format_version = \"01\"", "format_version = \"1\""),
            [(5, 18, FaultKind::FormatVersion)]
        );
        assert_eq!(
            at("[trailer]", "[tailer]"),
            [
                (1, 1, FaultKind::MissingKey { key: "trailer" }),
                (
                    line("[trailer]"),
                    2,
                    FaultKind::UnknownKey {
                        key: "tailer".to_owned()
                    }
                ),
            ]
        );
        let letter = "type = \"N\"";
        assert_eq!(
            at(letter, "type = \"Z\""),
            [(line(letter), 39, FaultKind::UnknownFieldType)]
        );
    }

    #[test]
    fn text_that_is_not_toml_has_a_place() {
        let faults = Layout::lint("kind = \"RES\"\ntitle = 関所\n", "own.toml");
        assert!(
            faults
                .iter()
                .all(|fault| matches!(fault.kind, FaultKind::Syntax { .. }))
        );
        assert_eq!((faults[0].line, faults[0].column), (2, 9));
        assert!(faults[0].to_string().starts_with("own.toml:2:9: not TOML: "));
        assert_eq!(Layout::parse("", "x").unwrap_err().line, 1);
    }

    #[test]
    fn offsets_are_the_running_sum_and_lengths_fill_the_record() {
        let from = "offset = 46, length = 5";
        let row = line(from);
        assert_eq!(
            changed(FileKind::Res, from, "offset = 47, length = 4"),
            [
                (row, 14, FaultKind::Offset { want: 46, got: 47 }),
                (
                    row,
                    27,
                    FaultKind::FieldLength {
                        name: "code".to_owned(),
                        min: 5,
                        max: 16,
                        got: 4
                    }
                ),
            ]
        );
        assert_eq!(
            changed(FileKind::Res, from, "offset = 46, length = 6"),
            [(row + 1, 14, FaultKind::Offset { want: 52, got: 51 })]
        );
        assert_eq!(
            changed(FileKind::Res, "offset = 239, length = 17", "offset = 239, length = 18"),
            [(line("[data]"), 2, FaultKind::RecordLength { want: 256, got: 257 })]
        );
        let filler = "offset = 239, length = 17";
        assert_eq!(
            changed(FileKind::Res, filler, "offset = 239, length = 0"),
            [
                (line("[data]"), 2, FaultKind::RecordLength { want: 256, got: 239 }),
                (line(filler), 28, FaultKind::EmptyField),
            ]
        );
        // One record with another length than the others is a fault of that record.
        assert_eq!(
            changed(FileKind::Res, "offset = 1, length = 255", "offset = 1, length = 254"),
            [(line("[end]"), 2, FaultKind::RecordLength { want: 256, got: 255 })]
        );
        assert_eq!(
            changed(FileKind::Res, "record_bytes = 256", "record_bytes = 0")[0],
            (6, 16, FaultKind::RecordBytes { max: 16_384 })
        );
    }

    #[test]
    fn wide_fields_have_an_even_length() {
        let faults = changed(FileKind::Res, "offset = 79, length = 160", "offset = 79, length = 159");
        assert!(
            faults
                .iter()
                .any(|(_, _, kind)| *kind == FaultKind::OddWide { got: 159 })
        );
    }

    #[test]
    fn names_are_plain_unique_and_complete() {
        let at = |from: &str, to: &str| -> Vec<FaultKind> {
            changed(FileKind::Res, from, to)
                .into_iter()
                .map(|(_, _, kind)| kind)
                .collect()
        };
        assert_eq!(
            at("\"message\"", "\"Message\""),
            [FaultKind::MissingField { name: "message" }, FaultKind::NameForm]
        );
        assert_eq!(
            at("\"item_no\"", "\"outcome\""),
            [
                FaultKind::MissingField { name: "item_no" },
                FaultKind::DuplicateName {
                    name: "outcome".to_owned()
                }
            ]
        );
        assert_eq!(
            at(
                "length = 17, type = \"X\", name = \"filler\"",
                "length = 17, type = \"9\", name = \"filler\""
            ),
            [FaultKind::Filler]
        );
        assert_eq!(
            at(
                "length = 255, type = \"X\", name = \"filler\"",
                "length = 255, type = \"X\", name = \"note\""
            ),
            [FaultKind::EndField]
        );
        assert_eq!(
            at("\"duplicate\"", "\"duplicates\""),
            [FaultKind::MissingField { name: "duplicate" }]
        );
    }

    #[test]
    fn items_have_their_number_name_type_and_width() {
        let at = |from: &str, to: &str| -> Vec<FaultKind> {
            changed(FileKind::Res, from, to)
                .into_iter()
                .map(|(_, _, kind)| kind)
                .collect()
        };
        let missing = |name| FaultKind::MissingField { name };
        assert_eq!(
            at("item = 22,", "item = 29,"),
            [missing("update_seq"), FaultKind::ItemNumber { got: 29 }]
        );
        assert_eq!(
            at("item = 22,", "item = 18,"),
            [
                missing("update_seq"),
                FaultKind::FieldLength {
                    name: "update_seq".to_owned(),
                    min: 17,
                    max: 17,
                    got: 6
                },
                FaultKind::ItemName {
                    item: 18,
                    want: "timestamp"
                },
                FaultKind::DuplicateItem { item: 18 },
            ]
        );
        assert_eq!(
            at("item = 22, ", ""),
            [
                missing("update_seq"),
                FaultKind::NameOfItem {
                    name: "update_seq".to_owned(),
                    item: 22
                }
            ]
        );
        assert_eq!(
            at("name = \"rejected\",", "name = \"rejected\", item = 4,"),
            [FaultKind::ItemOutsideData]
        );
        let digits = |kind| {
            changed(
                kind,
                "length = 6, type = \"9\", name = \"update_seq\"",
                "length = 6, type = \"X\", name = \"update_seq\"",
            )
        };
        assert!(digits(FileKind::Upd).iter().any(|(_, _, kind)| *kind
            == FaultKind::FieldType {
                name: "update_seq".to_owned(),
                want: FieldType::Digits
            }));
    }

    #[test]
    fn the_kind_lies_where_it_can_be_read_before_the_layout_is_known() {
        let text = builtin_text(FileKind::Res)
            .replace(
                "offset = 1, length = 3, type = \"X\", name = \"file_kind\"",
                "offset = 3, length = 3, type = \"X\", name = \"file_kind\"",
            )
            .replace(
                "offset = 4, length = 2, type = \"9\", name = \"format_version\"",
                "offset = 1, length = 2, type = \"9\", name = \"format_version\"",
            );
        let kinds: Vec<FaultKind> = Layout::lint(&text, "x").into_iter().map(|fault| fault.kind).collect();
        assert!(
            kinds.contains(&FaultKind::FixedPlace {
                name: "file_kind",
                want: 1
            }),
            "{kinds:?}"
        );
    }
}
