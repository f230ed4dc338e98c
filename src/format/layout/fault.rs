//! What can be wrong with a layout file, with the place in its text.

use crate::format::layout::FieldType;

/// One fault of a layout file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {kind}")]
pub struct LayoutFault {
    /// Name of the file, as given by the caller.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong at that place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The text is not TOML.
    #[error("not TOML: {message}")]
    Syntax {
        /// The words of the TOML reader.
        message: String,
    },
    /// A key that layouts do not have.
    #[error("unknown key `{key}`")]
    UnknownKey {
        /// The key.
        key: String,
    },
    /// A key that must be there.
    #[error("key `{key}` is missing")]
    MissingKey {
        /// The key.
        key: &'static str,
    },
    /// A value of another TOML type.
    #[error("`{key}` must be {want}")]
    WrongType {
        /// The key.
        key: String,
        /// What it must be.
        want: &'static str,
    },
    /// `kind` is none of the nine.
    #[error("`kind` is none of UPD RES NTF EXT RCR INQ PRV NRQ NRS")]
    UnknownFileKind,
    /// `format_version` is not two digits.
    #[error("`format_version` must be two digits")]
    FormatVersion,
    /// `record_bytes` is zero or too great.
    #[error("`record_bytes` must be 1 to {max}")]
    RecordBytes {
        /// The greatest length.
        max: u32,
    },
    /// `type` is none of X, 9, N, V.
    #[error("`type` is none of X 9 N V")]
    UnknownFieldType,
    /// A field with no bytes.
    #[error("a field has at least one byte")]
    EmptyField,
    /// The field does not begin where the one before it ends.
    #[error("`offset` is {got}, but the field before ends at {want}")]
    Offset {
        /// Running sum of the lengths before.
        want: u32,
        /// What the file says.
        got: u32,
    },
    /// The lengths of a record do not add up to `record_bytes`.
    #[error("the fields of this record have {got} bytes, `record_bytes` is {want}")]
    RecordLength {
        /// `record_bytes`.
        want: u32,
        /// Sum of the lengths.
        got: u64,
    },
    /// A wide field with an odd number of bytes.
    #[error("a type N field has an even number of bytes, not {got}")]
    OddWide {
        /// Its length.
        got: u32,
    },
    /// A name with other characters than a-z, 0-9 and `_`, or longer than 40.
    #[error("a name has 1 to 40 characters of a-z 0-9 _, the first a letter")]
    NameForm,
    /// A name that the record has already.
    #[error("the record has a field `{name}` already")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// `filler` that is not plain X.
    #[error("`filler` is of type X and carries no item")]
    Filler,
    /// An item number outside 1 to 28.
    #[error("there is no item {got}; items are 1 to 28")]
    ItemNumber {
        /// What the file says.
        got: u32,
    },
    /// An item in a record that is not type 2.
    #[error("only data fields carry items")]
    ItemOutsideData,
    /// An item that the record has already.
    #[error("the record carries item {item} already")]
    DuplicateItem {
        /// Its number.
        item: u8,
    },
    /// An item under another name.
    #[error("item {item} must be named `{want}`")]
    ItemName {
        /// Its number.
        item: u8,
        /// Its name.
        want: &'static str,
    },
    /// The name of an item without its number.
    #[error("`{name}` is the name of item {item}, which the field must carry")]
    NameOfItem {
        /// The name.
        name: String,
        /// The item's number.
        item: u8,
    },
    /// A field that every file of this kind needs.
    #[error("the record needs a field `{name}`")]
    MissingField {
        /// Its name.
        name: &'static str,
    },
    /// A field whose place is fixed in every layout, since the kind of a file is read before its layout is known.
    #[error("`{name}` must lie at offset {want}")]
    FixedPlace {
        /// Its name.
        name: &'static str,
        /// The only offset.
        want: u32,
    },
    /// A field with content in the end record.
    #[error("the end record holds `record_type` and `filler` only")]
    EndField,
    /// A field of another type than the rules need.
    #[error("`{name}` must be of type {}", want.letter())]
    FieldType {
        /// Its name.
        name: String,
        /// The only type.
        want: FieldType,
    },
    /// A field with a length that the rules cannot work with.
    #[error("`{name}` must have {min} to {max} bytes, not {got}")]
    FieldLength {
        /// Its name.
        name: String,
        /// Least length.
        min: u32,
        /// Greatest length.
        max: u32,
        /// What the file says.
        got: u32,
    },
}
