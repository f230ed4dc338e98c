//! A record of an extract after the format and code checks, and how it is sorted.

use crate::domain::finding::Finding;
use crate::domain::ids::JuminCode;
use crate::domain::row::Row;
use crate::format::parcel::{Packer, Unpacker};
use crate::format::rowcode::{CODE_KEY_BYTES, code_key};
use crate::pipeline::check::CheckedRecord;
use crate::pipeline::decode::ShortText;

/// Width of [`listed_key`]: code and place of the extract.
pub const LISTED_KEY_BYTES: usize = CODE_KEY_BYTES + 4;

/// What the checks found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Nothing: the 28 items.
    Sound(Row),
    /// F and C findings, sorted as in a RES.
    Refused(Vec<Finding>),
}

/// One record of an extract.
#[derive(Clone, PartialEq, Eq)]
pub struct Listed {
    /// Number of the record, from 1.
    pub record_no: u32,
    /// Item 1, if it is a right code: a refused record can have one, and its person is then not absent.
    pub code: Option<JuminCode>,
    /// Item 1 as received, blank where it is not printable.
    pub shown: ShortText<11>,
    /// What the checks found.
    pub content: Content,
}

impl std::fmt::Debug for Listed {
    /// The code is left out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listed")
            .field("record_no", &self.record_no)
            .finish_non_exhaustive()
    }
}

impl From<CheckedRecord> for Listed {
    fn from(checked: CheckedRecord) -> Self {
        let CheckedRecord { head, notice } = checked;
        Self {
            record_no: head.record_no,
            code: JuminCode::parse(&head.echo.jumin_code).ok(),
            shown: head.echo.jumin_code,
            content: match notice {
                Some(notice) => Content::Sound(notice.row),
                None => Content::Refused(head.refused),
            },
        }
    }
}

impl Listed {
    /// Packs everything, for the sorting of a run.
    pub fn pack(&self, to: &mut Packer) {
        to.u32(self.record_no);
        to.code(self.code);
        to.text(&self.shown);
        match &self.content {
            Content::Sound(row) => {
                to.u8(1);
                to.row(row);
            }
            Content::Refused(findings) => {
                to.u8(0);
                to.findings(findings);
            }
        }
    }

    /// What [`Listed::pack`] packed; `None` for other bytes.
    pub fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        Some(Self {
            record_no: from.u32()?,
            code: from.code()?,
            shown: ShortText::new(from.text()?)?,
            content: match from.u8()? {
                1 => Content::Sound(from.row()?),
                0 => Content::Refused(from.findings()?),
                _ => return None,
            },
        })
    }
}

/// Key of a listed record: the code, then the place of its extract among those of the run. Records of one key stay in the
/// order in which they went in, which is that of the file.
pub fn listed_key(code: JuminCode, extract: u32) -> [u8; LISTED_KEY_BYTES] {
    let mut key = [0; LISTED_KEY_BYTES];
    for (to, from) in key
        .iter_mut()
        .zip(code_key(code).into_iter().chain(extract.to_be_bytes()))
    {
        *to = from;
    }
    key
}
