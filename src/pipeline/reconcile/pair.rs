//! Orphans of one extract that may be one person: a record that only the extract has (20, 60) and a person that only the
//! register has (30). Candidates with their evidence, never applied.
//!
//! Orphans go under the keys of what they may agree in, are sorted, and read once: what lies in memory is one group of equal
//! keys, at most [`MOST`] of each side.

use sha2::{Digest, Sha256};

use crate::domain::ids::JuminCode;
use crate::domain::item::Item;
use crate::domain::row::Row;
use crate::format::parcel::{Packer, Unpacker};

/// Width of an orphan's key: extract, digest of what it may agree in, side.
pub const ORPHAN_KEY_BYTES: usize = 4 + 16 + 1;
/// Orphans of each side of a group that are paired; of more only the number is told.
const MOST: usize = 8;

/// What two orphans agree in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bond {
    /// The code of the extract was replaced by that of the register (51, 52).
    Code,
    /// Item 9.
    Number,
    /// Items 2 without blanks, 5 without the era digit, and 6.
    Person,
}

impl Bond {
    const ALL: [Self; 3] = [Self::Code, Self::Number, Self::Person];

    const fn tag(self) -> u8 {
        match self {
            Self::Code => 1,
            Self::Number => 2,
            Self::Person => 4,
        }
    }

    /// Name in `--json`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code_replaced",
            Self::Number => "my_number",
            Self::Person => "name_birth_sex",
        }
    }
}

/// Where an orphan stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// A record of the extract, by its number.
    Extract(u32),
    /// A person of the register.
    Master(JuminCode),
}

/// An orphan under one of its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Orphan {
    /// What the key is made of.
    pub bond: Bond,
    /// Where it stands.
    pub side: Side,
}

impl Orphan {
    /// Packs it, for the sorting.
    pub fn pack(&self, to: &mut Packer) {
        to.u8(self.bond.tag());
        match self.side {
            Side::Extract(record_no) => {
                to.u8(0);
                to.u32(record_no);
            }
            Side::Master(code) => {
                to.u8(1);
                to.code(Some(code));
            }
        }
    }

    /// What [`Orphan::pack`] packed; `None` for other bytes.
    pub fn unpack(from: &mut Unpacker<'_>) -> Option<Self> {
        let tag = from.u8()?;
        let bond = Bond::ALL.into_iter().find(|bond| bond.tag() == tag)?;
        let side = match from.u8()? {
            0 => Side::Extract(from.u32()?),
            1 => Side::Master(from.code()??),
            _ => return None,
        };
        Some(Self { bond, side })
    }
}

/// The keys of an orphan of an extract. `target`: the code that replaced that of a record of class 60, or the code of a
/// person of class 30; `None` for a record of class 20.
pub fn orphan_keys(
    extract: u32,
    side: Side,
    row: Option<&Row>,
    target: Option<JuminCode>,
) -> Vec<([u8; ORPHAN_KEY_BYTES], Orphan)> {
    let mut keys = Vec::new();
    let mut add = |bond: Bond, parts: &[&str]| {
        keys.push((key(extract, bond, side, parts), Orphan { bond, side }));
    };
    if let Some(target) = target {
        add(Bond::Code, &[&target.text()]);
    }
    let Some(row) = row else {
        return keys;
    };
    let number = row.get(Item::MyNumber);
    if !number.is_empty() {
        add(Bond::Number, &[number]);
    }
    let name: String = row
        .get(Item::KanjiName)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect();
    let birth = row.get(Item::BirthDate).get(1..).unwrap_or_default();
    if !name.is_empty() && !birth.is_empty() {
        add(Bond::Person, &[&name, birth, row.get(Item::Sex)]);
    }
    keys
}

fn key(extract: u32, bond: Bond, side: Side, parts: &[&str]) -> [u8; ORPHAN_KEY_BYTES] {
    let mut hash = Sha256::new();
    hash.update([bond.tag()]);
    for part in parts {
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let side = match side {
        Side::Extract(_) => 0,
        Side::Master(_) => 1,
    };
    let digest: [u8; 32] = hash.finalize().into();
    let bytes = extract
        .to_be_bytes()
        .into_iter()
        .chain(digest.into_iter().take(16))
        .chain([side]);
    let mut key = [0; ORPHAN_KEY_BYTES];
    for (to, from) in key.iter_mut().zip(bytes) {
        *to = from;
    }
    key
}

/// Two orphans that may be one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Place of the extract.
    pub extract: u32,
    /// The record of the extract.
    pub record_no: u32,
    /// The code in the register.
    pub code: JuminCode,
    /// What they agree in, as the sum of the bonds' tags.
    bonds: u8,
    /// Other orphans that agree in the same: 0 where the pair is the only one.
    pub rivals: u64,
}

impl Candidate {
    /// What the two agree in.
    pub fn bonds(&self) -> impl Iterator<Item = Bond> {
        let bonds = self.bonds;
        Bond::ALL.into_iter().filter(move |bond| bonds & bond.tag() != 0)
    }

    /// Key by which candidates are sorted so that those of one pair meet: extract, record, code.
    pub fn key(&self) -> [u8; 16] {
        let mut key = [0; 16];
        let bytes = self
            .extract
            .to_be_bytes()
            .into_iter()
            .chain(self.record_no.to_be_bytes())
            .chain(self.code.value().to_be_bytes());
        for (to, from) in key.iter_mut().zip(bytes) {
            *to = from;
        }
        key
    }

    /// Packs what the key does not tell.
    pub fn pack(&self, to: &mut Packer) {
        to.u8(self.bonds);
        to.u64(self.rivals);
    }

    /// A candidate from its key and what [`Candidate::pack`] packed; `None` for other bytes.
    pub fn unpack(key: &[u8; 16], from: &mut Unpacker<'_>) -> Option<Self> {
        let (extract, rest) = key.split_first_chunk()?;
        let (record_no, code) = rest.split_first_chunk()?;
        Some(Self {
            extract: u32::from_be_bytes(*extract),
            record_no: u32::from_be_bytes(*record_no),
            code: JuminCode::from_value(u64::from_be_bytes(*code.first_chunk()?))?,
            bonds: from.u8()?,
            rivals: from.u64()?,
        })
    }

    /// Takes the evidence of another candidate of the same pair; false, changing nothing, where it is another pair.
    pub fn join(&mut self, other: &Self) -> bool {
        let same = self.key() == other.key();
        if same {
            self.bonds |= other.bonds;
            self.rivals = self.rivals.min(other.rivals);
        }
        same
    }
}

/// Reads sorted orphans and gives the pairs of each group.
#[derive(Debug, Default)]
pub struct Pairing {
    group: Option<([u8; 20], Bond)>,
    records: Vec<u32>,
    codes: Vec<JuminCode>,
    seen: u64,
}

impl Pairing {
    /// Takes the next orphan, in the order of the keys. The answer are the pairs of the group before, once it has ended.
    pub fn take(&mut self, key: &[u8; ORPHAN_KEY_BYTES], orphan: Orphan) -> Vec<Candidate> {
        let Some((group, _)) = key.split_first_chunk::<20>() else {
            return Vec::new();
        };
        let is_same = self.group.is_some_and(|(had, _)| had == *group);
        let ended = if is_same { Vec::new() } else { self.end() };
        self.group = Some((*group, orphan.bond));
        self.seen = self.seen.saturating_add(1);
        match orphan.side {
            Side::Extract(record_no) if self.records.len() < MOST => self.records.push(record_no),
            Side::Master(code) if self.codes.len() < MOST => self.codes.push(code),
            Side::Extract(_) | Side::Master(_) => {}
        }
        ended
    }

    /// The pairs of the last group.
    pub fn end(&mut self) -> Vec<Candidate> {
        let Self {
            group,
            records,
            codes,
            seen,
        } = std::mem::take(self);
        let Some((key, bond)) = group else {
            return Vec::new();
        };
        let extract = key.first_chunk().map_or(0, |place| u32::from_be_bytes(*place));
        let mut pairs = Vec::new();
        for record_no in &records {
            for code in &codes {
                pairs.push(Candidate {
                    extract,
                    record_no: *record_no,
                    code: *code,
                    bonds: bond.tag(),
                    rivals: seen.saturating_sub(2),
                });
            }
        }
        pairs
    }
}
