//! The canonical form of entries and versions, and its digest: what the logical roots are sums of
//! (`docs/formats/manifest.md`, "Logical roots"). It depends on the content only, never on runs or on how a run
//! stores a row, and must not change while a store lives.

use sha2::{Digest, Sha256};

use super::RowFault;
use super::bytes::{put_len, put_party};
use crate::domain::entry::{Entry, Standing, Version};
use crate::domain::ids::JuminCode;
use crate::domain::item::Item;
use crate::domain::row::Row;

/// Canonical bytes of an entry.
///
/// # Errors
/// [`RowFault::TooLarge`] where a row has more cells than a 16-bit count holds.
pub fn canonical_entry(entry: &Entry) -> Result<Vec<u8>, RowFault> {
    let mut bytes = Vec::with_capacity(768);
    put_canonical_entry(entry, &mut bytes)?;
    Ok(bytes)
}

/// Appends the canonical bytes of an entry; after an error `to` has a part of them.
///
/// # Errors
/// As [`canonical_entry`].
pub fn put_canonical_entry(entry: &Entry, to: &mut Vec<u8>) -> Result<(), RowFault> {
    put_u64(to, entry.code.value());
    put_u64(to, entry.newest_notice.value());
    to.extend_from_slice(&entry.versions.to_be_bytes());
    put_optional_code(to, entry.former);
    match entry.moved_out {
        None => to.push(0),
        Some(moved) => {
            to.push(1);
            to.extend_from_slice(&moved.municipality.value().to_be_bytes());
            put_u64(to, moved.timestamp.value());
            to.push(u8::from(moved.confirmed));
        }
    }
    match &entry.standing {
        Standing::Resident(row) => {
            to.push(0);
            put_row(to, row)
        }
        Standing::Removed(row) => {
            to.push(1);
            put_row(to, row)
        }
        Standing::Retired { target } => {
            to.push(2);
            put_u64(to, target.value());
            Ok(())
        }
    }
}

/// Canonical bytes of a version.
///
/// # Errors
/// [`RowFault::TooLarge`] where a row has more cells than a 16-bit count holds.
pub fn canonical_version(version: &Version) -> Result<Vec<u8>, RowFault> {
    let mut bytes = Vec::with_capacity(768);
    put_canonical_version(version, &mut bytes)?;
    Ok(bytes)
}

/// Appends the canonical bytes of a version; after an error `to` has a part of them.
///
/// # Errors
/// As [`canonical_version`].
pub fn put_canonical_version(version: &Version, to: &mut Vec<u8>) -> Result<(), RowFault> {
    put_u64(to, version.code.value());
    to.extend_from_slice(&version.number.to_be_bytes());
    to.extend_from_slice(&version.replaced_on.value().to_be_bytes());
    put_u64(to, version.replaced_at.value());
    put_row(to, &version.row)
}

/// SHA-256 of canonical bytes: the row digest that the root's keyed hash takes.
pub fn row_digest(canonical: &[u8]) -> [u8; 32] {
    Sha256::digest(canonical).into()
}

fn put_u64(to: &mut Vec<u8>, value: u64) {
    to.extend_from_slice(&value.to_be_bytes());
}

fn put_optional_code(to: &mut Vec<u8>, code: Option<JuminCode>) {
    match code {
        None => to.push(0),
        Some(code) => {
            to.push(1);
            put_u64(to, code.value());
        }
    }
}

fn put_row(to: &mut Vec<u8>, row: &Row) -> Result<(), RowFault> {
    put_party(to, row.origin());
    for item in Item::ALL {
        let text = row.get(item);
        put_len(to, text.len(), "item")?;
        to.extend_from_slice(text.as_bytes());
    }
    put_len(to, row.all_cells().len(), "cells")?;
    for (item, cell) in row.all_cells() {
        to.push(item.number());
        to.extend_from_slice(&cell.at.to_be_bytes());
        to.push(cell.chars);
        to.extend_from_slice(&cell.cell.to_be_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::MoveOut;
    use crate::domain::ids::{MunicipalityCode, PartyId};
    use crate::domain::instant::{BusinessDate, Instant};
    use crate::text::mark::CellMark;

    fn base() -> Entry {
        let mut row = Row::blank(PartyId::parse("052019").unwrap());
        row.set(Item::JuminCode, "24727059608");
        row.set(Item::Sex, "1");
        Entry {
            code: JuminCode::parse("24727059608").unwrap(),
            standing: Standing::Resident(row),
            former: None,
            moved_out: None,
            newest_notice: Instant::parse("20200914093000123").unwrap(),
            versions: 2,
        }
    }

    /// Written out by hand from docs/formats/manifest.md.
    #[test]
    fn canonical_bytes_are_those_of_the_page() {
        let mut want = Vec::new();
        want.extend_from_slice(&24_727_059_608_u64.to_be_bytes());
        want.extend_from_slice(&20_200_914_093_000_123_u64.to_be_bytes());
        want.extend_from_slice(&[0, 0, 0, 2]);
        want.extend_from_slice(&[0, 0, 0]);
        want.extend_from_slice(b"\x06052019\x00\x0b24727059608");
        want.extend_from_slice(&[0; 8]);
        want.extend_from_slice(b"\x00\x011");
        want.extend_from_slice(&[0; 44]);
        want.extend_from_slice(&[0, 0]);
        assert_eq!(canonical_entry(&base()).unwrap(), want);
    }

    #[test]
    fn every_field_of_an_entry_and_a_version_counts() {
        let plain = base();
        let Standing::Resident(row) = plain.standing.clone() else {
            panic!()
        };
        let moved = MoveOut {
            municipality: MunicipalityCode::parse("052027").unwrap(),
            timestamp: plain.newest_notice,
            confirmed: false,
        };
        let mut marked = row.clone();
        marked.add_cells(
            Item::KanjiName,
            &[CellMark {
                at: 0,
                chars: 1,
                cell: 0xF040,
            }],
        );
        let other_code = JuminCode::parse("24846016224").unwrap();
        let mut seen = std::collections::BTreeSet::new();
        let mut edit = |change: &dyn Fn(&mut Entry)| {
            let mut entry = plain.clone();
            change(&mut entry);
            assert!(seen.insert(row_digest(&canonical_entry(&entry).unwrap())));
        };
        edit(&|_| ());
        edit(&|e| e.code = other_code);
        edit(&|e| e.former = Some(other_code));
        edit(&|e| e.moved_out = Some(moved));
        edit(&|e| {
            e.moved_out = Some(MoveOut {
                confirmed: true,
                ..moved
            });
        });
        edit(&|e| e.newest_notice = Instant::parse("20200914093000124").unwrap());
        edit(&|e| e.versions = 3);
        edit(&|e| e.standing = Standing::Removed(row.clone()));
        edit(&|e| e.standing = Standing::Retired { target: other_code });
        edit(&|e| e.standing = Standing::Resident(marked.clone()));
        edit(&|e| {
            e.standing = Standing::Resident(
                Row::from_items(PartyId::parse("052027").unwrap(), &Item::ALL.map(|i| row.get(i))).unwrap(),
            );
        });
        for item in Item::ALL {
            edit(&|e| {
                let mut row = row.clone();
                row.set(item, "9");
                e.standing = Standing::Resident(row);
            });
        }
        let version = Version {
            code: plain.code,
            number: 0,
            row,
            replaced_on: BusinessDate::parse("20200914").unwrap(),
            replaced_at: plain.newest_notice,
        };
        let digest = |v: &Version| row_digest(&canonical_version(v).unwrap());
        let next = Version {
            number: 1,
            ..version.clone()
        };
        let on = Version {
            replaced_on: BusinessDate::parse("20200915").unwrap(),
            ..version.clone()
        };
        let at = Version {
            replaced_at: Instant::parse("20200914093000124").unwrap(),
            ..version.clone()
        };
        for changed in [&next, &on, &at] {
            assert_ne!(digest(changed), digest(&version));
        }
    }
}
