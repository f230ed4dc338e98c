//! Findings: a code, the item, the place in the file.

use super::code::Code;

/// Where a field lies in the inbound file. F and C findings only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Offset of the field from the start of the inbound file, in bytes.
    pub byte_offset: u64,
    /// Length of the field in bytes.
    pub byte_length: u32,
}

/// One finding on one record or file. Ordered as in a RES: code, then item number, blank first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What was found.
    pub code: Code,
    /// Number of the item (1 to 28), `None` for findings and fields without one.
    pub item: Option<u8>,
    /// Where, for F and C findings.
    pub place: Option<Place>,
}
