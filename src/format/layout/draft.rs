//! A layout file as it was read, before it is known to be right: every part with its place in the text.

use std::ops::Range;

use toml::Spanned;

use super::fault::FaultKind;
use super::model::{FieldType, RecordType};

/// A field as the file has it, with the places of its parts.
pub(super) struct DraftField {
    pub(super) offset: Spanned<u32>,
    pub(super) length: Spanned<u32>,
    pub(super) kind: Spanned<FieldType>,
    pub(super) name: Spanned<String>,
    pub(super) item: Option<Spanned<u32>>,
    pub(super) meaning: String,
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

    /// The faults in the order of the text.
    pub(super) fn sorted(mut self) -> Vec<(usize, FaultKind)> {
        self.0.sort_by_key(|(at, _)| *at);
        self.0
    }
}
