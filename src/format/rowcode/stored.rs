//! How entries and versions lie in a run (`docs/formats/run.md`): a *small* part in the key group, with everything
//! that matching and comparing look at, and a *body* with the other items and the cells.

use sha2::{Digest, Sha256};

use super::bytes::{Reader, put_len, put_party, put_u40};
use super::keys::{EntryKey, KEY_ITEMS, RowKey, StandingKey, VersionKey};
use super::{RowFault, read_code_key, read_version_key};
use crate::domain::entry::{Entry, MoveOut, Standing, Version};
use crate::domain::ids::JuminCode;
use crate::domain::instant::Instant;
use crate::domain::item::Item;
use crate::domain::row::Row;
use crate::text::mark::CellMark;

/// Items in the body group: all others.
const BODY_ITEMS: [Item; 15] = [
    Item::KanjiName,
    Item::NameGaijiCount,
    Item::KanaName,
    Item::Address,
    Item::AddressGaijiCount,
    Item::AzaCode,
    Item::OperatorId,
    Item::TerminalId,
    Item::GaijiFlag,
    Item::NameGaijiSeq,
    Item::AddressGaijiSeq,
    Item::FormerSurnameKanji,
    Item::FormerSurnameGaijiCount,
    Item::FormerSurnameKana,
    Item::FormerSurnameGaijiSeq,
];

/// Items that a reconciliation compares (rules section 4, class 10).
const COMPARED_ITEMS: [Item; 16] = [
    Item::KanjiName,
    Item::NameGaijiCount,
    Item::KanaName,
    Item::BirthDate,
    Item::Sex,
    Item::Address,
    Item::AddressGaijiCount,
    Item::MyNumber,
    Item::MunicipalityCode,
    Item::AzaCode,
    Item::NameGaijiSeq,
    Item::AddressGaijiSeq,
    Item::FormerSurnameKanji,
    Item::FormerSurnameGaijiCount,
    Item::FormerSurnameKana,
    Item::FormerSurnameGaijiSeq,
];

/// Stands for "equal to the key" in the length field of item 1. A row's whole text has at most 65,535 bytes, and a
/// row whose item 1 alone had as many is refused.
const SAME_AS_KEY: u16 = u16::MAX;

const TAG_RESIDENT: u8 = 0;
const TAG_REMOVED: u8 = 1;
const TAG_RETIRED: u8 = 2;

const FLAG_FORMER: u8 = 1;
const FLAG_MOVED_OUT: u8 = 2;
const FLAG_CONFIRMED: u8 = 4;

/// First 16 bytes of SHA-256 over the sixteen compared items (2-9, 14, 15, 23-28), each behind its 16-bit length:
/// equal digests let a reconciliation say MATCH without reading bodies. Computed alike for an extract's record.
pub fn compared_digest(row: &Row) -> [u8; 16] {
    // Gathered first: hashing once costs half of hashing 32 short pieces.
    let mut bytes = [0; 1024];
    let mut room = bytes.as_mut_slice();
    let len = COMPARED_ITEMS.iter().try_fold(0, |len, item| {
        let text = row.get(*item);
        let (head, rest) = std::mem::take(&mut room).split_at_mut_checked(2 + text.len())?;
        let (word, place) = head.split_first_chunk_mut()?;
        *word = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes();
        place.copy_from_slice(text.as_bytes());
        room = rest;
        Some(len + 2 + text.len())
    });
    let digest: [u8; 32] = if let Some(bytes) = len.and_then(|len| bytes.get(..len)) {
        Sha256::digest(bytes).into()
    } else {
        let mut hash = Sha256::new();
        for item in COMPARED_ITEMS {
            let text = row.get(item);
            // The text of a row has at most 65,535 bytes.
            hash.update(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize().into()
    };
    let (half, _) = digest.split_first_chunk().unwrap_or((&[0; 16], &[]));
    *half
}

/// Appends the small part and the body of an entry; the body of a retired code is empty.
///
/// # Errors
/// [`RowFault::TooLarge`] where the row does not fit its length fields.
pub fn encode_entry(entry: &Entry, small: &mut Vec<u8>, body: &mut Vec<u8>) -> Result<(), RowFault> {
    let (tag, target) = match &entry.standing {
        Standing::Resident(_) => (TAG_RESIDENT, None),
        Standing::Removed(_) => (TAG_REMOVED, None),
        Standing::Retired { target } => (TAG_RETIRED, Some(*target)),
    };
    let mut flags = 0;
    if entry.former.is_some() {
        flags |= FLAG_FORMER;
    }
    if let Some(moved) = entry.moved_out {
        flags |= FLAG_MOVED_OUT;
        if moved.confirmed {
            flags |= FLAG_CONFIRMED;
        }
    }
    small.push(tag);
    small.push(flags);
    small.extend_from_slice(&entry.newest_notice.value().to_be_bytes());
    small.extend_from_slice(&entry.versions.to_be_bytes());
    for code in [target, entry.former].into_iter().flatten() {
        put_u40(small, code.value());
    }
    if let Some(moved) = entry.moved_out {
        small.extend_from_slice(&moved.municipality.value().to_be_bytes());
        small.extend_from_slice(&moved.timestamp.value().to_be_bytes());
    }
    match entry.row() {
        Some(row) => encode_row(entry.code, row, small, body),
        None => Ok(()),
    }
}

/// Appends the small part and the body of a version.
///
/// # Errors
/// [`RowFault::TooLarge`] where the row does not fit its length fields.
pub fn encode_version(version: &Version, small: &mut Vec<u8>, body: &mut Vec<u8>) -> Result<(), RowFault> {
    small.extend_from_slice(&version.replaced_on.value().to_be_bytes());
    small.extend_from_slice(&version.replaced_at.value().to_be_bytes());
    encode_row(version.code, &version.row, small, body)
}

/// Reads an entry from its key, small part and body.
///
/// # Errors
/// [`RowFault`] where the bytes are not one entry exactly.
pub fn decode_entry(key: &[u8], small: &[u8], body: &[u8]) -> Result<Entry, RowFault> {
    let code = read_code_key(key)?;
    let code_text = code.text();
    let mut reader = Reader::new(small);
    let head = EntryHead::read(&mut reader)?;
    let standing = match head.tag {
        TAG_RESIDENT => Standing::Resident(decode_row(&code_text, &mut reader, body)?),
        TAG_REMOVED => Standing::Removed(decode_row(&code_text, &mut reader, body)?),
        _ => Standing::Retired {
            target: head.retired(&reader, body)?,
        },
    };
    Ok(Entry {
        code,
        standing,
        former: head.former,
        moved_out: head.moved_out,
        newest_notice: head.newest_notice,
        versions: head.versions,
    })
}

/// Reads what the key group tells of an entry.
///
/// # Errors
/// [`RowFault`] where the bytes are not the small part of an entry.
pub fn decode_entry_key(key: &[u8], small: &[u8]) -> Result<EntryKey, RowFault> {
    let code = read_code_key(key)?;
    let mut reader = Reader::new(small);
    let head = EntryHead::read(&mut reader)?;
    let standing = match head.tag {
        TAG_RESIDENT => StandingKey::Resident(decode_row_key(code, &mut reader)?),
        TAG_REMOVED => StandingKey::Removed(decode_row_key(code, &mut reader)?),
        _ => StandingKey::Retired {
            target: head.retired(&reader, &[])?,
        },
    };
    Ok(EntryKey {
        code,
        standing,
        former: head.former,
        moved_out: head.moved_out,
        newest_notice: head.newest_notice,
        versions: head.versions,
    })
}

/// Reads a version from its key, small part and body.
///
/// # Errors
/// [`RowFault`] where the bytes are not one version exactly.
pub fn decode_version(key: &[u8], small: &[u8], body: &[u8]) -> Result<Version, RowFault> {
    let (code, number) = read_version_key(key)?;
    let mut reader = Reader::new(small);
    Ok(Version {
        code,
        number,
        replaced_on: reader.date("replaced-on day")?,
        replaced_at: reader.instant("replaced-at time")?,
        row: decode_row(&code.text(), &mut reader, body)?,
    })
}

/// Reads what the key group tells of a version.
///
/// # Errors
/// [`RowFault`] where the bytes are not the small part of a version.
pub fn decode_version_key(key: &[u8], small: &[u8]) -> Result<VersionKey, RowFault> {
    let (code, number) = read_version_key(key)?;
    let mut reader = Reader::new(small);
    Ok(VersionKey {
        code,
        number,
        replaced_on: reader.date("replaced-on day")?,
        replaced_at: reader.instant("replaced-at time")?,
        row: decode_row_key(code, &mut reader)?,
    })
}

/// The fields of an entry before its row.
struct EntryHead {
    tag: u8,
    target: Option<JuminCode>,
    former: Option<JuminCode>,
    moved_out: Option<MoveOut>,
    newest_notice: Instant,
    versions: u32,
}

impl EntryHead {
    fn read(reader: &mut Reader<'_>) -> Result<Self, RowFault> {
        let tag = reader.u8("standing")?;
        if tag > TAG_RETIRED {
            return Err(RowFault::Value { field: "standing" });
        }
        let flags = reader.u8("flags")?;
        if flags & !(FLAG_FORMER | FLAG_MOVED_OUT | FLAG_CONFIRMED) != 0
            || flags & (FLAG_MOVED_OUT | FLAG_CONFIRMED) == FLAG_CONFIRMED
        {
            return Err(RowFault::Value { field: "flags" });
        }
        let newest_notice = reader.instant("newest notice")?;
        let versions = reader.u32("versions")?;
        let target = (tag == TAG_RETIRED).then(|| reader.code("target")).transpose()?;
        let former = (flags & FLAG_FORMER != 0)
            .then(|| reader.code("former code"))
            .transpose()?;
        let moved_out = if flags & FLAG_MOVED_OUT == 0 {
            None
        } else {
            Some(MoveOut {
                municipality: reader.municipality("move-out municipality")?,
                timestamp: reader.instant("move-out time")?,
                confirmed: flags & FLAG_CONFIRMED != 0,
            })
        };
        Ok(Self {
            tag,
            target,
            former,
            moved_out,
            newest_notice,
            versions,
        })
    }

    /// The target of a retired code, behind which nothing may stand.
    fn retired(&self, reader: &Reader<'_>, body: &[u8]) -> Result<JuminCode, RowFault> {
        reader.end()?;
        Reader::new(body).end()?;
        self.target.ok_or(RowFault::Value { field: "standing" })
    }
}

fn encode_row(code: JuminCode, row: &Row, small: &mut Vec<u8>, body: &mut Vec<u8>) -> Result<(), RowFault> {
    let code_text = code.text();
    put_party(small, row.origin());
    small.extend_from_slice(&compared_digest(row));
    let same = row.get(Item::JuminCode) == code_text;
    if !same && row.get(Item::JuminCode).len() == usize::from(SAME_AS_KEY) {
        return Err(RowFault::TooLarge { field: "item 1" });
    }
    for item in KEY_ITEMS {
        if same && item == Item::JuminCode {
            small.extend_from_slice(&SAME_AS_KEY.to_be_bytes());
        } else {
            put_len(small, row.get(item).len(), "key items")?;
        }
    }
    for item in KEY_ITEMS {
        if !(same && item == Item::JuminCode) {
            small.extend_from_slice(row.get(item).as_bytes());
        }
    }
    for item in BODY_ITEMS {
        put_len(body, row.get(item).len(), "body items")?;
    }
    for item in BODY_ITEMS {
        body.extend_from_slice(row.get(item).as_bytes());
    }
    put_len(body, row.all_cells().len(), "cells")?;
    for (item, cell) in row.all_cells() {
        body.push(item.number());
        body.extend_from_slice(&cell.at.to_be_bytes());
        body.push(cell.chars);
        body.extend_from_slice(&cell.cell.to_be_bytes());
    }
    Ok(())
}

/// Reads lengths, then texts, of `N` items.
fn read_texts<'a, const N: usize>(
    reader: &mut Reader<'a>,
    code_text: &'a str,
    field: &'static str,
) -> Result<[&'a str; N], RowFault> {
    let mut lens = [0_u16; N];
    let mut total = 0_usize;
    for (index, len) in lens.iter_mut().enumerate() {
        *len = reader.u16(field)?;
        // Only the first of the key items, item 1, may point to the key.
        if !(*len == SAME_AS_KEY && index == 0 && !code_text.is_empty()) {
            total += usize::from(*len);
        }
    }
    // Tested as UTF-8 in one go; a cut within a character is refused below.
    let mut all = reader.text(total, field)?;
    let mut texts = [""; N];
    for (index, (text, len)) in texts.iter_mut().zip(lens).enumerate() {
        if len == SAME_AS_KEY && index == 0 && !code_text.is_empty() {
            *text = code_text;
        } else {
            let cut = all.split_at_checked(usize::from(len));
            (*text, all) = cut.ok_or(RowFault::Value { field })?;
        }
    }
    Ok(texts)
}

fn decode_row_key(code: JuminCode, reader: &mut Reader<'_>) -> Result<RowKey, RowFault> {
    let origin = reader.party("origin")?;
    let compared = reader.array("compared digest")?;
    let code_text = code.text();
    let mut reader = Reader::new(reader.rest());
    let texts: [&str; 13] = read_texts(&mut reader, &code_text, "key items")?;
    reader.end()?;
    RowKey::new(origin, compared, &texts).ok_or(RowFault::TooLarge { field: "key items" })
}

/// The cells, each item's together: adding them one by one would sort the whole list as often.
fn read_cells(body: &mut Reader<'_>, row: &mut Row) -> Result<(), RowFault> {
    let wrong = RowFault::Value { field: "cells" };
    let mut of_item: Vec<CellMark> = Vec::new();
    let mut last = None;
    for _ in 0..body.u16("cells")? {
        let item = Item::from_number(body.u8("cells")?).ok_or(wrong)?;
        let cell = CellMark {
            at: body.u16("cells")?,
            chars: body.u8("cells")?,
            cell: body.u16("cells")?,
        };
        // One row has one code: they are written in this order.
        if last.is_some_and(|last| last > (item, cell)) {
            return Err(wrong);
        }
        if let Some((before, _)) = last.filter(|(before, _)| *before != item) {
            row.add_cells(before, &std::mem::take(&mut of_item));
        }
        of_item.push(cell);
        last = Some((item, cell));
    }
    if let Some((item, _)) = last {
        row.add_cells(item, &of_item);
    }
    Ok(())
}

fn decode_row(code_text: &str, small: &mut Reader<'_>, body: &[u8]) -> Result<Row, RowFault> {
    let origin = small.party("origin")?;
    let compared: [u8; 16] = small.array("compared digest")?;
    let mut small = Reader::new(small.rest());
    let key_texts: [&str; 13] = read_texts(&mut small, code_text, "key items")?;
    small.end()?;
    let mut body = Reader::new(body);
    let body_texts: [&str; 15] = read_texts(&mut body, "", "body items")?;
    let mut items = [""; 28];
    let placed = KEY_ITEMS.iter().zip(key_texts).chain(BODY_ITEMS.iter().zip(body_texts));
    for (item, text) in placed {
        if let Some(place) = items.get_mut(item.index()) {
            *place = text;
        }
    }
    let mut row = Row::from_items(origin, &items).ok_or(RowFault::TooLarge { field: "items" })?;
    read_cells(&mut body, &mut row)?;
    body.end()?;
    // The digest is derived; one that does not fit its row would make a reconciliation lie.
    if compared_digest(&row) == compared {
        Ok(row)
    } else {
        Err(RowFault::Value {
            field: "compared digest",
        })
    }
}

#[cfg(test)]
mod tests;
