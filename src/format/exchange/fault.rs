//! Why a file cannot be read: one fault, with its place in bytes.

use crate::domain::code::Code;

/// What is wrong with a file as a whole. Offsets count from the start of the file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Shorter than one record of its kind, or than the bytes that tell the kind.
    #[error("the file has {got} bytes, less than one record")]
    TooShort {
        /// Its length.
        got: u64,
    },
    /// The first record is no header.
    #[error("the file does not begin with a type 1 record")]
    NoHeader,
    /// The header names no kind of file.
    #[error("byte {at}: unknown kind of file")]
    UnknownKind {
        /// Where the kind stands.
        at: u64,
    },
    /// The header names no sender.
    #[error("byte {at}: the sender is blank")]
    BlankSender {
        /// Where the sender stands.
        at: u64,
    },
    /// The serial is not a number.
    #[error("byte {at}: the serial is not in digits")]
    SerialNotDigits {
        /// Where the serial stands.
        at: u64,
    },
    /// No end record: the last bytes are not `9` and blanks.
    #[error("byte {at}: the file does not end with a type 9 record")]
    Incomplete {
        /// Where the end record would have to begin.
        at: u64,
    },
    /// What is left after the last whole record is not a record.
    #[error("byte {at}: the file is not a whole number of records")]
    Length {
        /// End of the last whole record.
        at: u64,
    },
    /// A record ends otherwise than the first one.
    #[error("byte {at}: the line ends of the records differ")]
    LineEnd {
        /// Where the line end should be.
        at: u64,
    },
    /// A record type that does not exist, or not in this place.
    #[error("byte {at}: unknown record type, or one out of place")]
    RecordType {
        /// Start of the record.
        at: u64,
    },
    /// A header field with a wrong value.
    #[error("byte {at}: header field `{name}` is wrong")]
    HeaderField {
        /// Name of the field.
        name: &'static str,
        /// Where it stands.
        at: u64,
    },
    /// `record_count` is not the number of data records.
    #[error("byte {at}: the trailer does not count {counted} data records")]
    RecordCount {
        /// Where the count stands.
        at: u64,
        /// Number of data records in the file.
        counted: u32,
    },
    /// `data_sha256` is not the hash of the data records, or blank where it may not be.
    #[error("byte {at}: the trailer's hash is not that of the data records")]
    DataHash {
        /// Where the hash stands.
        at: u64,
    },
    /// A sum of the trailer does not follow from the data records.
    #[error("byte {at}: sum `{name}` of the trailer is wrong")]
    Sum {
        /// Name of the field.
        name: &'static str,
        /// Where it stands.
        at: u64,
    },
    /// The layout lacks a field; layouts that were checked have it.
    #[error("the layout has no field `{name}`")]
    LayoutField {
        /// Name of the field.
        name: &'static str,
    },
}

impl FileFault {
    /// The finding code (rules 2.6): H02 cannot be read, H01 incomplete, F001 structure, F002 content.
    pub const fn code(self) -> Code {
        match self {
            Self::TooShort { .. }
            | Self::NoHeader
            | Self::UnknownKind { .. }
            | Self::BlankSender { .. }
            | Self::SerialNotDigits { .. }
            | Self::LayoutField { .. } => Code::H02,
            Self::Incomplete { .. } => Code::H01,
            Self::Length { .. } | Self::LineEnd { .. } | Self::RecordType { .. } => Code::F001,
            Self::HeaderField { .. } | Self::RecordCount { .. } | Self::DataHash { .. } | Self::Sum { .. } => {
                Code::F002
            }
        }
    }

    /// Where the fault lies, in bytes from the start of the file.
    pub const fn byte_offset(self) -> u64 {
        match self {
            Self::TooShort { got } => got,
            Self::NoHeader | Self::LayoutField { .. } => 0,
            Self::UnknownKind { at }
            | Self::BlankSender { at }
            | Self::SerialNotDigits { at }
            | Self::Incomplete { at }
            | Self::Length { at }
            | Self::LineEnd { at }
            | Self::RecordType { at }
            | Self::HeaderField { at, .. }
            | Self::RecordCount { at, .. }
            | Self::DataHash { at }
            | Self::Sum { at, .. } => at,
        }
    }
}
