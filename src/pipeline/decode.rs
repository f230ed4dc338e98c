//! Bytes of type 2 records to text, with the F findings of each field (rules 2.6, section 9).

use crate::domain::finding::{Finding, Place};
use crate::domain::item::Item;
use crate::domain::row::Row;

/// A field of an update record: one of the 28 items or one of the two old numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FieldRef {
    /// One of the 28 items.
    Item(Item),
    /// `old_my_number`.
    OldMyNumber,
    /// `old_jumin_code`.
    OldJuminCode,
}

/// Where the fields of a type 2 record lie, from the layout: offset and length in bytes within the record.
#[derive(Debug, Clone)]
pub struct FieldPlaces {
    /// By item, `None` where the layout has no such field.
    pub items: [Option<(u32, u32)>; 28],
    /// `old_my_number`.
    pub old_my_number: Option<(u32, u32)>,
    /// `old_jumin_code`.
    pub old_jumin_code: Option<(u32, u32)>,
}

impl FieldPlaces {
    /// The place of a field in the file, for the record that starts at `record_offset`.
    pub fn place(&self, field: FieldRef, record_offset: u64) -> Option<Place> {
        let (offset, length) = match field {
            FieldRef::Item(item) => self.items.get(item.index()).copied().flatten(),
            FieldRef::OldMyNumber => self.old_my_number,
            FieldRef::OldJuminCode => self.old_jumin_code,
        }?;
        Some(Place {
            byte_offset: record_offset + u64::from(offset),
            byte_length: length,
        })
    }
}

/// A set of fields, as bits: items 1 to 28 in bits 0 to 27, `old_my_number` 28, `old_jumin_code` 29.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FieldSet(u32);

impl FieldSet {
    /// Adds a field.
    pub fn insert(&mut self, field: FieldRef) {
        self.0 |= 1 << Self::bit(field);
    }

    /// True where the field is in the set.
    pub fn contains(self, field: FieldRef) -> bool {
        self.0 >> Self::bit(field) & 1 == 1
    }

    fn bit(field: FieldRef) -> u32 {
        match field {
            FieldRef::Item(item) => u32::from(item.number()) - 1,
            FieldRef::OldMyNumber => 28,
            FieldRef::OldJuminCode => 29,
        }
    }
}

/// What a RES echoes of a record: the four fields as received, blank where they are not printable ASCII.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Echo {
    /// Item 1.
    pub jumin_code: String,
    /// Item 10.
    pub change_reason: String,
    /// Item 22.
    pub update_seq: String,
    /// Item 18.
    pub timestamp: String,
}

/// One type 2 record as text. Items with an F finding are blank in `row` and in `faulty`.
#[derive(Clone)]
pub struct DecodedRecord {
    /// Number of the record in its file, from 1.
    pub record_no: u32,
    /// Offset of the record from the start of the inbound file, in bytes.
    pub offset: u64,
    /// The 28 items; origin is the sender of the file.
    pub row: Row,
    /// `old_my_number`, empty if blank or faulty.
    pub old_my_number: String,
    /// `old_jumin_code`, empty if blank or faulty.
    pub old_jumin_code: String,
    /// Fields with an F003, F004 or F006 finding.
    pub faulty: FieldSet,
    /// Number of U+3013 in items 2, 7 and 25 as the sender's bytes have them, before the gaiji table.
    pub placeholders: [u16; 3],
    /// F003, F004 and F006 findings, at most one per field.
    pub findings: Vec<Finding>,
    /// What a RES echoes.
    pub echo: Echo,
}
