//! What became of one record of an extract, or of one absent person; how it is packed and sorted into the order of an RCR.

use super::listed::{Content, Listed};
use crate::domain::difference::{Cause, Class, Sum};
use crate::domain::finding::Finding;
use crate::domain::ids::{JuminCode, PartyId};
use crate::domain::item::Item;
use crate::domain::row::{CellMark, Row};
use crate::format::parcel::{Packer, Unpacker};
use crate::pipeline::decode::ShortText;

/// Width of [`outcome_key`].
pub const OUTCOME_KEY_BYTES: usize = 4 + 1 + 8;

/// The value of an item with the code cells of its party.
#[derive(Clone, PartialEq, Eq)]
pub struct Shown {
    /// The text.
    pub text: String,
    /// Its cells.
    pub cells: Vec<CellMark>,
    /// Whose cells they are.
    pub origin: PartyId,
}

impl Shown {
    /// The value of an item of a row.
    pub fn of(row: &Row, item: Item) -> Self {
        Self {
            text: row.get(item).to_owned(),
            cells: row.cells(item).collect(),
            origin: row.origin(),
        }
    }

    fn pack(&self, to: &mut Packer) {
        to.text(&self.text);
        to.text(self.origin.as_str());
        to.u32(u32::try_from(self.cells.len()).unwrap_or(u32::MAX));
        for cell in &self.cells {
            to.u16(cell.at);
            to.u8(cell.chars);
            to.u16(cell.cell);
        }
    }

    fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let text = from.text()?.to_owned();
        let origin = PartyId::parse(from.text()?)?;
        let mut cells = Vec::new();
        for _ in 0..from.u32()? {
            cells.push(CellMark {
                at: from.u16()?,
                chars: from.u8()?,
                cell: from.u16()?,
            });
        }
        Some(Self { text, cells, origin })
    }
}

/// An item that differs.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    /// The item.
    pub item: Item,
    /// Its value in the extract.
    pub extract: Shown,
    /// Its value in the register.
    pub master: Shown,
    /// Likely cause.
    pub cause: Cause,
}

impl std::fmt::Debug for Difference {
    /// The values are left out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Difference({:?}, {:?})", self.item, self.cause)
    }
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// All compared items are equal.
    Match,
    /// 20, 30, 40, 50, 60, 70 or 80, with its likely cause. 80 is a fault of the extract and always a true one.
    Person(Class, Cause),
    /// 10: the items, in the order of their numbers.
    Items(Vec<Difference>),
    /// 90: the findings, sorted as in a RES.
    Invalid(Vec<Finding>),
}

/// What became of one record, or of one absent person.
#[derive(Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Number of the record; 0 for an absent person.
    pub record_no: u32,
    /// Item 1 as received, or the code of the absent person.
    pub shown: ShortText<11>,
    /// What was found.
    pub what: What,
}

impl std::fmt::Debug for Outcome {
    /// The code is left out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outcome")
            .field("record_no", &self.record_no)
            .field("what", &self.what)
            .finish_non_exhaustive()
    }
}

impl Outcome {
    /// The outcome of a refused record whose item 1 is no right code, and which therefore meets nobody in the register;
    /// `None` for any other record.
    pub fn of_unreadable(listed: Listed) -> Option<Self> {
        match (listed.code, listed.content) {
            (None, Content::Refused(findings)) => Some(Self {
                record_no: listed.record_no,
                shown: listed.shown,
                what: What::Invalid(findings),
            }),
            (_, Content::Sound(_)) | (Some(_), Content::Refused(_)) => None,
        }
    }

    /// Which sum counts it.
    pub fn sum(&self) -> Sum {
        match &self.what {
            What::Match => Sum::Match,
            What::Person(class, _) => Sum::Of(*class),
            What::Items(_) => Sum::Of(Class::Diff),
            What::Invalid(_) => Sum::Of(Class::Invalid),
        }
    }

    /// True for a MATCH.
    pub fn is_match(&self) -> bool {
        match &self.what {
            What::Match => true,
            What::Person(..) | What::Items(_) | What::Invalid(_) => false,
        }
    }

    /// The likely cause: that of the gravest item; `None` for a MATCH and for faults of the extract.
    pub fn cause(&self) -> Option<Cause> {
        match &self.what {
            What::Match | What::Invalid(_) => None,
            What::Person(class, cause) => class.is_of_person().then_some(*cause),
            What::Items(items) => items.iter().map(|difference| difference.cause).max(),
        }
    }

    /// Packs everything, for the sorting of a run. A MATCH is only counted and never packed by the shell.
    pub fn pack(&self, to: &mut Packer) {
        to.u32(self.record_no);
        to.text(&self.shown);
        match &self.what {
            What::Match => to.u8(0),
            What::Person(class, cause) => {
                to.u8(1);
                to.u8(class.number());
                to.text(cause.row().name);
            }
            What::Items(items) => {
                to.u8(2);
                to.u32(u32::try_from(items.len()).unwrap_or(u32::MAX));
                for difference in items {
                    to.u8(difference.item.number());
                    difference.extract.pack(to);
                    difference.master.pack(to);
                    to.text(difference.cause.row().name);
                }
            }
            What::Invalid(findings) => {
                to.u8(3);
                to.findings(findings);
            }
        }
    }

    /// What [`Outcome::pack`] packed; `None` for other bytes.
    pub fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let record_no = from.u32()?;
        let shown = ShortText::new(from.text()?)?;
        let what = match from.u8()? {
            0 => What::Match,
            1 => What::Person(Class::from_number(from.u8()?)?, Cause::from_name(from.text()?)?),
            2 => {
                let mut items = Vec::new();
                for _ in 0..from.u32()? {
                    items.push(Difference {
                        item: Item::from_number(from.u8()?)?,
                        extract: Shown::unpack(from)?,
                        master: Shown::unpack(from)?,
                        cause: Cause::from_name(from.text()?)?,
                    });
                }
                What::Items(items)
            }
            3 => What::Invalid(from.findings()?),
            _ => return None,
        };
        Some(Self { record_no, shown, what })
    }
}

/// Key of an outcome in the order of the RCRs of a run: extract, then its records in the order of the file, then the absent
/// persons by code. `code` is that of an absent person (`record_no` 0).
pub fn outcome_key(extract: u32, record_no: u32, code: Option<JuminCode>) -> [u8; OUTCOME_KEY_BYTES] {
    let (part, number) = match code {
        Some(code) if record_no == 0 => (1, code.value()),
        Some(_) | None => (0, u64::from(record_no)),
    };
    let bytes = extract
        .to_be_bytes()
        .into_iter()
        .chain([part])
        .chain(number.to_be_bytes());
    let mut key = [0; OUTCOME_KEY_BYTES];
    for (to, from) in key.iter_mut().zip(bytes) {
        *to = from;
    }
    key
}
