//! A valid file of any layout, with values that nobody has: for `sekisho layout sample` and for trials of a new layout.

use super::frame::LineEnd;
use super::writer::{ExchangeWriter, FileHead, WriteFault, is_made_here};
use crate::domain::ids::{JuminCode, MunicipalityCode, MyNumber, PartyId};
use crate::domain::instant::BusinessDate;
use crate::domain::item::Item;
use crate::domain::party::{Encoding, FileKind};
use crate::format::layout::{FieldType, Layout, RecordType};
use crate::text::gaiji::GaijiTable;

/// What a sample is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleHead {
    /// Party on the other side of the exchange.
    pub party: PartyId,
    /// The site.
    pub own: PartyId,
    /// Serial.
    pub serial: u32,
    /// Business date; everything in the file is of that day.
    pub day: BusinessDate,
    /// Encoding of type N.
    pub encoding: Encoding,
    /// What stands behind every record.
    pub line_end: LineEnd,
}

/// First of the invented 住民票コード bodies and 個人番号 bodies, far from those of the vectors.
const FIRST_BODY: u64 = 9_900_000_000;

/// Writes a file with two data records (an answer has none to refer to, so its records stand for themselves).
///
/// # Errors
/// Any [`WriteFault`]: a layout with fields too narrow for the values.
pub fn sample(layout: &Layout, head: &SampleHead) -> Result<Vec<u8>, WriteFault> {
    let kind = layout.kind();
    let (sender, receiver) = if is_made_here(kind) {
        (head.own, head.party)
    } else {
        (head.party, head.own)
    };
    let file_head = FileHead {
        sender,
        receiver,
        serial: head.serial,
        created_at: head.day.midnight(),
        environment: b'T',
        encoding: head.encoding,
        reply_to: matches!(kind, FileKind::Res | FileKind::Rcr | FileKind::Prv).then_some([0; 32]),
        line_end: head.line_end,
    };
    let midnight = head.day.midnight().to_string();
    let requested = "0100111000000000000000000000";
    let fields: &[(&'static str, &str)] = match kind {
        FileKind::Upd | FileKind::Res | FileKind::Ntf | FileKind::Nrs => &[],
        FileKind::Ext => &[("base_at", &midnight), ("scope", "L")],
        FileKind::Rcr => &[("base_at", &midnight), ("generation", "1")],
        FileKind::Inq | FileKind::Nrq => &[
            ("purpose_id", "P"),
            ("application_no", "A"),
            ("requested_items", requested),
        ],
        FileKind::Prv => &[
            ("purpose_id", "P"),
            ("application_no", "A"),
            ("requested_items", requested),
            ("generation", "1"),
        ],
    };
    let mut writer = ExchangeWriter::new(layout, &file_head, fields)?;
    for number in 1..=2u32 {
        writer.begin();
        for field in layout.fields(RecordType::Data) {
            if field.is_filler() || field.name == "record_type" {
                continue;
            }
            let text = match field.item {
                Some(item) => item_value(kind, item, number, head),
                None => other_value(kind, &field.name, number, head),
            };
            match field.slot.kind {
                FieldType::Ascii => writer.ascii(field.slot, &text)?,
                FieldType::Digits => writer.digits(field.slot, &text)?,
                FieldType::Wide => {
                    writer.wide(field.slot, &text, &[], false, &GaijiTable::none())?;
                }
                FieldType::Shown => {
                    let shown = Item::Address;
                    writer.shown(field.slot, shown, &text, &[], false, &GaijiTable::none())?;
                }
            }
        }
        writer.end()?;
    }
    writer.finish(match kind {
        // Both notices applied; both lines found; two records with one differing item.
        FileKind::Res | FileKind::Prv => &[2, 0, 0, 0, 0, 0, 0, 0],
        FileKind::Rcr => &[0, 2, 0, 0, 0, 0, 0, 0, 0, 0],
        FileKind::Upd | FileKind::Ntf | FileKind::Ext | FileKind::Inq | FileKind::Nrq | FileKind::Nrs => &[],
    })
}

/// The value of an item: a birth notified on the day itself, as the rules want it.
fn item_value(kind: FileKind, item: Item, number: u32, head: &SampleHead) -> String {
    let body = FIRST_BODY + u64::from(number);
    let day = head.day.to_string();
    match item {
        Item::JuminCode => JuminCode::from_body(body).map(JuminCode::text).unwrap_or_default(),
        // An inquiry line asks by one key; the number would need a purpose of its own.
        Item::MyNumber if matches!(kind, FileKind::Inq | FileKind::Nrq) => String::new(),
        Item::MyNumber => MyNumber::from_body(body).map(MyNumber::text).unwrap_or_default(),
        Item::KanjiName => "見本　太郎".to_owned(),
        Item::KanaName => "みほん　たろう".to_owned(),
        Item::BirthDate => format!("0{day}"),
        Item::Sex => "3".to_owned(),
        Item::Address => "秋田県見本市見本町一丁目１番１号".to_owned(),
        Item::ChangeReason => "13".to_owned(),
        Item::ChangeDate => day,
        Item::MunicipalityCode => municipality(head).to_owned(),
        Item::AzaCode | Item::UpdateSeq => "000000".to_owned(),
        Item::OperatorId | Item::TerminalId => "SAMPLE01".to_owned(),
        Item::Timestamp => head.day.midnight().to_string(),
        Item::GaijiFlag => "0".to_owned(),
        Item::NameGaijiCount
        | Item::AddressGaijiCount
        | Item::NameGaijiSeq
        | Item::AddressGaijiSeq
        | Item::FormerSurnameGaijiCount
        | Item::FormerSurnameGaijiSeq => "000".to_owned(),
        Item::RetentionFlag
        | Item::SeionKanaName
        | Item::ReceivedDate
        | Item::DeletedFlag
        | Item::FormerSurnameKanji
        | Item::FormerSurnameKana => String::new(),
    }
}

/// The value of a field without an item; fields that only a site has stay blank.
fn other_value(kind: FileKind, name: &str, number: u32, head: &SampleHead) -> String {
    match (kind, name) {
        (FileKind::Res, "outcome") => "A".to_owned(),
        (_, "outcome") => "10".to_owned(),
        (_, "record_no" | "line_no" | "source_record_no") => number.to_string(),
        (_, "generation" | "hit_count") => "1".to_owned(),
        (_, "source_sender") => municipality(head).to_owned(),
        (_, "source_serial") => head.serial.to_string(),
        (_, "class") => "10".to_owned(),
        (_, "item_no") if kind == FileKind::Rcr => "7".to_owned(),
        (_, "extract_value") => "秋田県見本市見本町".to_owned(),
        (_, "master_value") => "秋田県見本市見本町一丁目".to_owned(),
        (_, "requester_key") => format!("KEY-{number:04}"),
        (_, "substituted") => "0".to_owned(),
        (_, "correlation") => format!("{number:032x}"),
        _ => String::new(),
    }
}

/// The party where it is a municipality, else one of the vectors of the rules.
fn municipality(head: &SampleHead) -> &str {
    let party = head.party.as_str();
    if MunicipalityCode::parse(party).is_ok() {
        party
    } else {
        "052019"
    }
}
