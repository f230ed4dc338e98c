//! Why a CSV file is no data of its kind: one fault, with its line. No fault shows a value.

use crate::domain::code::Code;

/// What is wrong with the data of a CSV form as a whole. Lines count from 1, the header line being the first.
#[derive(Debug, thiserror::Error)]
pub enum TableFault {
    /// The reader failed.
    #[error("the data cannot be read")]
    Read(#[source] std::io::Error),
    /// The first line does not have the names of the layout's data fields.
    #[error("line 1: not the names of the fields")]
    Names,
    /// A row has more or fewer fields than there are names.
    #[error("line {line}: {got} fields instead of {want}")]
    Columns {
        /// Line in which the row begins.
        line: u64,
        /// Its fields.
        got: usize,
        /// Number of names.
        want: usize,
    },
    /// A row ends otherwise than the first line.
    #[error("line {line}: the line ends differ")]
    LineEnd {
        /// Line in which the row begins.
        line: u64,
    },
    /// More rows than can be counted.
    #[error("more rows than can be counted")]
    TooMany,
    /// What is to be written as CSV is no file of the fixed form.
    #[error("record {record}: not a record of the fixed form")]
    NotFixed {
        /// Number of the record in the file, from 1, header included.
        record: u64,
    },
}

impl TableFault {
    /// The finding code: F001, structure; `None` where the disk is at fault, or this program.
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Names | Self::Columns { .. } | Self::LineEnd { .. } | Self::TooMany => Some(Code::F001),
            Self::Read(_) | Self::NotFixed { .. } => None,
        }
    }
}
