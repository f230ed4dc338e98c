//! Bytes of an UPD file (formats UPD), until the exchange writer of `format` takes its place.

use super::DemoFault;
use super::desk::Draft;
use super::tables::Municipality;
use crate::domain::instant::Instant;
use crate::domain::item::{Item, Kind};
use crate::domain::party::Encoding;
use crate::domain::row::Row;

/// Length of a record without line end.
pub(super) const RECORD: usize = 1400;

const PLACES: [(Item, usize, usize); 28] = [
    (Item::JuminCode, 1, 11),
    (Item::KanjiName, 12, 200),
    (Item::NameGaijiCount, 212, 3),
    (Item::KanaName, 215, 200),
    (Item::BirthDate, 415, 9),
    (Item::Sex, 424, 1),
    (Item::Address, 425, 400),
    (Item::AddressGaijiCount, 825, 3),
    (Item::MyNumber, 828, 12),
    (Item::ChangeReason, 840, 2),
    (Item::ChangeDate, 842, 8),
    (Item::RetentionFlag, 850, 1),
    (Item::SeionKanaName, 851, 200),
    (Item::MunicipalityCode, 1051, 6),
    (Item::AzaCode, 1057, 6),
    (Item::OperatorId, 1063, 12),
    (Item::TerminalId, 1075, 12),
    (Item::Timestamp, 1087, 17),
    (Item::ReceivedDate, 1104, 8),
    (Item::GaijiFlag, 1112, 1),
    (Item::DeletedFlag, 1113, 1),
    (Item::UpdateSeq, 1114, 6),
    (Item::NameGaijiSeq, 1120, 3),
    (Item::AddressGaijiSeq, 1123, 3),
    (Item::FormerSurnameKanji, 1126, 100),
    (Item::FormerSurnameGaijiCount, 1226, 3),
    (Item::FormerSurnameKana, 1229, 100),
    (Item::FormerSurnameGaijiSeq, 1329, 3),
];

/// Offset in the record and length of an item, in bytes.
pub(super) fn place(item: Item) -> Result<(usize, usize), DemoFault> {
    let found = PLACES.iter().find(|row| row.0 == item);
    found
        .map(|(_, offset, length)| (*offset, *length))
        .ok_or(DemoFault::Layout)
}

/// The header of a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Serial.
    pub(super) serial: u32,
    /// `created_at`.
    pub(super) created_at: Instant,
    /// `P` or `T`.
    pub(super) environment: char,
}

fn line_end(town: &Municipality, out: &mut Vec<u8>) {
    if town.crlf {
        out.extend_from_slice(b"\r\n");
    }
}

fn filled(out: &mut Vec<u8>, start: usize) {
    out.resize(start + RECORD, b' ');
}

/// Writes the header record.
pub(super) fn header(town: &Municipality, head: Header, out: &mut Vec<u8>) {
    let start = out.len();
    let encoding = if town.encoding == Encoding::Ucs2Be { 2 } else { 1 };
    out.extend_from_slice(
        format!(
            "1UPD01{:<8}{:<8}{:08}{}{}{encoding}",
            town.party.as_str(),
            super::OWN,
            head.serial,
            head.created_at,
            head.environment
        )
        .as_bytes(),
    );
    filled(out, start);
    line_end(town, out);
}

/// Writes one record, damage included; gives the place of its bytes without line end.
pub(super) fn record(
    town: &Municipality,
    draft: &Draft,
    out: &mut Vec<u8>,
) -> Result<std::ops::Range<usize>, DemoFault> {
    let start = out.len();
    out.push(b'2');
    for (item, _, length) in PLACES {
        field(town, &draft.row, item, length, out)?;
    }
    out.extend_from_slice(format!("{:<12}{:<11}", draft.old_my_number, draft.old_jumin_code).as_bytes());
    filled(out, start);
    for patch in &draft.patches {
        let from = start + patch.offset;
        let target = out.get_mut(from..from + patch.bytes.len()).ok_or(DemoFault::Layout)?;
        target.copy_from_slice(&patch.bytes);
    }
    let range = start..out.len();
    line_end(town, out);
    Ok(range)
}

/// Writes trailer and end.
pub(super) fn trailer(town: &Municipality, count: u32, sha256: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(format!("8{count:08}").as_bytes());
    for byte in sha256 {
        out.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
    filled(out, start);
    line_end(town, out);
    let start = out.len();
    out.push(b'9');
    filled(out, start);
    line_end(town, out);
}

fn field(town: &Municipality, row: &Row, item: Item, length: usize, out: &mut Vec<u8>) -> Result<(), DemoFault> {
    let start = out.len();
    let text = row.get(item);
    match item.row().kind {
        Kind::Ascii | Kind::Digits => {
            out.extend_from_slice(text.as_bytes());
            out.resize(start + length.max(text.len()), b' ');
        }
        Kind::Wide => {
            match town.encoding {
                Encoding::Ucs2Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
                Encoding::Cp932 => cp932(row, item, out),
            }
            let pad: [u8; 2] = if town.encoding == Encoding::Ucs2Be {
                [0x30, 0x00]
            } else {
                [0x81, 0x40]
            };
            while out.len() < start + length {
                out.extend_from_slice(&pad);
            }
        }
    }
    if out.len() == start + length {
        Ok(())
    } else {
        Err(DemoFault::Layout)
    }
}

fn cp932(row: &Row, item: Item, out: &mut Vec<u8>) {
    let text = row.get(item);
    if row.cells(item).next().is_none() && !text.contains(|c| matches!(c, '\u{E000}'..='\u{E757}')) {
        out.extend_from_slice(&encoding_rs::SHIFT_JIS.encode(text).0);
        return;
    }
    for (at, character) in (0_u16..).zip(text.chars()) {
        let cell = row.cells(item).find(|mark| mark.at == at).map(|mark| mark.cell);
        match cell.or_else(|| super::glyphs::cell_of(character)) {
            Some(cell) => out.extend_from_slice(&cell.to_be_bytes()),
            None => out.extend_from_slice(&encoding_rs::SHIFT_JIS.encode(character.encode_utf8(&mut [0; 4])).0),
        }
    }
}
