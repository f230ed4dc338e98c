//! The CSV form of exchange files (EXT, INQ, RES, RCR, PRV): `docs/formats/exchange.md`, section "CSV form".
//!
//! A data row and a data record of the fixed form say the same, so each is made into the other and everything else, the
//! decoder and the writers of answers above all, knows the fixed form only. Reading and writing go row by row.

mod fault;
mod meta;
mod read;
mod write;

pub use fault::TableFault;
pub use meta::{META_MAX_BYTES, Meta, ParsedTable};
pub use read::{TableFacts, TableRecord, TableRecords};
pub use write::{TableEnd, TableWriter};

use crate::domain::item::{Item, Kind};
use crate::domain::party::{Encoding, FileKind};
use crate::format::layout::{Field, FieldType, Layout, RecordType};

/// True for the kinds that have a CSV form.
pub const fn has_csv_form(kind: FileKind) -> bool {
    match kind {
        FileKind::Ext | FileKind::Inq | FileKind::Res | FileKind::Rcr | FileKind::Prv => true,
        FileKind::Upd | FileKind::Ntf | FileKind::Nrq | FileKind::Nrs => false,
    }
}

/// The fields of a record type that hold something, in their order: the columns of the data, the rows of the meta file.
fn named(layout: &Layout, record: RecordType) -> impl Iterator<Item = &Field> {
    layout
        .fields(record)
        .iter()
        .filter(|field| !field.is_filler() && field.name != "record_type")
}

/// The type in which a field is written; V is that of the item which the record's own `item_no` names.
fn type_of(field: FieldType, item_no: &[u8]) -> FieldType {
    match field {
        FieldType::Ascii | FieldType::Digits | FieldType::Wide => field,
        FieldType::Shown => {
            let item = std::str::from_utf8(item_no)
                .ok()
                .and_then(|text| text.trim_end().parse().ok())
                .and_then(Item::from_number);
            match item.map(|item| item.row().kind) {
                Some(Kind::Wide) => FieldType::Wide,
                Some(Kind::Ascii | Kind::Digits) | None => FieldType::Ascii,
            }
        }
    }
}

/// The padding of type N.
const fn wide_blank(encoding: Encoding) -> [u8; 2] {
    match encoding {
        Encoding::Cp932 => [0x81, 0x40],
        Encoding::Ucs2Be => [0x30, 0x00],
    }
}
