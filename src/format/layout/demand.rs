//! What every layout must have, as tables: fields that the program reads or writes by name, and the widths of items.
//!
//! Source: the exchange format's header, trailer and record fields (`docs/formats/layouts.md`, "What a layout must
//! have"). The widths are those in which the rules (sections 1, 2, 5.1) compare and test the items.

use super::FieldType::{Ascii, Digits, Shown, Wide};
use super::{FieldType, RecordType};
use crate::domain::item::Item;
use crate::domain::party::FileKind;

/// A field that must be there.
pub(super) struct Demand {
    pub(super) name: &'static str,
    pub(super) kind: FieldType,
    pub(super) min: u32,
    pub(super) max: u32,
    /// The only legal offset, where there is one.
    pub(super) at: Option<u32>,
}

const fn need(name: &'static str, kind: FieldType, min: u32, max: u32) -> Demand {
    Demand {
        name,
        kind,
        min,
        max,
        at: None,
    }
}

const fn fixed(name: &'static str, length: u32, at: u32) -> Demand {
    Demand {
        name,
        kind: Ascii,
        min: length,
        max: length,
        at: Some(at),
    }
}

/// Numbers are held in 32 bits, so at most nine digits; a party id has at most eight characters.
const HEADER: &[Demand] = &[
    fixed("record_type", 1, 0),
    fixed("file_kind", 3, 1),
    need("format_version", Digits, 2, 2),
    need("sender", Ascii, 6, 8),
    need("receiver", Ascii, 6, 8),
    need("serial", Digits, 4, 9),
    need("created_at", Digits, 17, 17),
    need("environment", Ascii, 1, 1),
    need("text_encoding", Digits, 1, 1),
    need("reply_to_sha256", Ascii, 64, 64),
];

const TRAILER: &[Demand] = &[
    fixed("record_type", 1, 0),
    need("record_count", Digits, 4, 9),
    need("data_sha256", Ascii, 64, 64),
];

const RECORD_TYPE: &[Demand] = &[fixed("record_type", 1, 0)];

const INQUIRY: &[Demand] = &[
    need("purpose_id", Ascii, 1, 32),
    need("application_no", Ascii, 1, 32),
    need("requested_items", Ascii, 28, 28),
];

const GENERATION: &[Demand] = &[need("generation", Digits, 4, 10)];

const BASE_AT: &[Demand] = &[need("base_at", Digits, 17, 17)];

const SCOPE: &[Demand] = &[need("scope", Ascii, 1, 1)];

const OLD_NUMBERS: &[Demand] = &[
    need("old_my_number", Ascii, 12, 12),
    need("old_jumin_code", Ascii, 11, 11),
];

const RES_DATA: &[Demand] = &[
    need("record_no", Digits, 4, 9),
    need("outcome", Ascii, 1, 1),
    need("code", Ascii, 5, 16),
    need("item_no", Ascii, 2, 4),
    need("byte_offset", Ascii, 12, 20),
    need("byte_length", Ascii, 4, 10),
    need("generation", Ascii, 10, 20),
    need("message", Wide, 2, 800),
];

const RES_TRAILER: &[Demand] = &[
    need("applied", Digits, 4, 9),
    need("applied_with_warning", Digits, 4, 9),
    need("rejected", Digits, 4, 9),
    need("duplicate", Digits, 4, 9),
];

const NTF_DATA: &[Demand] = &[
    need("source_sender", Ascii, 6, 8),
    need("source_serial", Digits, 4, 9),
    need("source_record_no", Digits, 4, 9),
    need("generation", Digits, 4, 10),
];

const RCR_DATA: &[Demand] = &[
    need("class", Digits, 2, 2),
    need("record_no", Digits, 4, 9),
    need("item_no", Ascii, 2, 4),
    need("extract_value", Shown, 2, 2_000),
    need("master_value", Shown, 2, 2_000),
    need("code", Ascii, 5, 16),
];

const RCR_TRAILER: &[Demand] = &[
    need("match", Digits, 4, 9),
    need("diff", Digits, 4, 9),
    need("only_in_extract", Digits, 4, 9),
    need("only_in_master", Digits, 4, 9),
    need("removed_in_master", Digits, 4, 9),
    need("other_municipality", Digits, 4, 9),
    need("code_retired", Digits, 4, 9),
    need("person_mismatch", Digits, 4, 9),
    need("duplicate_in_extract", Digits, 4, 9),
    need("invalid", Digits, 4, 9),
];

const LINE: &[Demand] = &[need("line_no", Digits, 4, 9), need("requester_key", Ascii, 1, 64)];

const CONSENT: &[Demand] = &[need("consent_ref", Ascii, 1, 64)];

const CORRELATION: &[Demand] = &[need("correlation", Ascii, 32, 64)];

const ANSWER: &[Demand] = &[
    need("outcome", Digits, 2, 2),
    need("hit_count", Digits, 4, 9),
    need("code", Ascii, 5, 16),
    need("substituted", Ascii, 1, 1),
];

const PRV_TRAILER: &[Demand] = &[
    need("found", Digits, 4, 9),
    need("removed", Digits, 4, 9),
    need("not_found", Digits, 4, 9),
    need("multiple", Digits, 4, 9),
    need("too_many", Digits, 4, 9),
    need("forward", Digits, 4, 9),
    need("denied", Digits, 4, 9),
    need("invalid", Digits, 4, 9),
];

/// The fields without an item that a record of a kind must have.
pub(super) fn demands(kind: FileKind, record: RecordType) -> impl Iterator<Item = &'static Demand> {
    let lists: [&[Demand]; 4] = match record {
        RecordType::End => [RECORD_TYPE, &[], &[], &[]],
        RecordType::Header => match kind {
            FileKind::Upd | FileKind::Res | FileKind::Ntf | FileKind::Nrs => [HEADER, &[], &[], &[]],
            FileKind::Ext => [HEADER, BASE_AT, SCOPE, &[]],
            FileKind::Rcr => [HEADER, BASE_AT, GENERATION, &[]],
            FileKind::Inq | FileKind::Nrq => [HEADER, INQUIRY, &[], &[]],
            FileKind::Prv => [HEADER, INQUIRY, GENERATION, &[]],
        },
        RecordType::Data => match kind {
            FileKind::Upd => [RECORD_TYPE, OLD_NUMBERS, &[], &[]],
            FileKind::Ext => [RECORD_TYPE, &[], &[], &[]],
            FileKind::Res => [RECORD_TYPE, RES_DATA, &[], &[]],
            FileKind::Ntf => [RECORD_TYPE, OLD_NUMBERS, NTF_DATA, &[]],
            FileKind::Rcr => [RECORD_TYPE, RCR_DATA, &[], &[]],
            FileKind::Inq => [RECORD_TYPE, LINE, CONSENT, &[]],
            FileKind::Prv => [RECORD_TYPE, LINE, ANSWER, &[]],
            FileKind::Nrq => [RECORD_TYPE, CORRELATION, CONSENT, &[]],
            FileKind::Nrs => [RECORD_TYPE, CORRELATION, ANSWER, &[]],
        },
        RecordType::Trailer => match kind {
            FileKind::Res => [TRAILER, RES_TRAILER, &[], &[]],
            FileKind::Rcr => [TRAILER, RCR_TRAILER, &[], &[]],
            FileKind::Prv => [TRAILER, PRV_TRAILER, &[], &[]],
            FileKind::Upd | FileKind::Ntf | FileKind::Ext | FileKind::Inq | FileKind::Nrq | FileKind::Nrs => {
                [TRAILER, &[], &[], &[]]
            }
        },
    };
    lists.into_iter().flatten()
}

/// The numbers of the items that the data record of a kind must carry.
pub(super) fn items(kind: FileKind) -> &'static [u8] {
    match kind {
        // 12, 13, 19 and 21 are the server's own: a site may leave them out of what its municipalities send.
        FileKind::Upd | FileKind::Ext => &[
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28,
        ],
        FileKind::Res => &[1, 10, 18, 22],
        FileKind::Ntf => &[
            1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 15, 18, 20, 22, 23, 24, 25, 26, 27, 28,
        ],
        FileKind::Rcr => &[1],
        FileKind::Inq | FileKind::Nrq => &[1, 2, 4, 5, 6, 7, 9],
        FileKind::Prv | FileKind::Nrs => &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 25, 26, 27],
    }
}

/// True where the kind carries items as they were received, bytes of any sort, so that digits travel as type X.
pub(super) const fn echoes(kind: FileKind) -> bool {
    match kind {
        FileKind::Res => true,
        FileKind::Upd
        | FileKind::Ntf
        | FileKind::Ext
        | FileKind::Rcr
        | FileKind::Inq
        | FileKind::Prv
        | FileKind::Nrq
        | FileKind::Nrs => false,
    }
}

/// Least and greatest length of an item's field in bytes. Dates, codes and digits are compared as stored text, so they
/// have one width everywhere; texts and ids may differ from site to site.
pub(super) const fn item_bytes(item: Item) -> (u32, u32) {
    match item {
        Item::KanjiName
        | Item::KanaName
        | Item::Address
        | Item::SeionKanaName
        | Item::FormerSurnameKanji
        | Item::FormerSurnameKana => (2, 1_600),
        Item::OperatorId | Item::TerminalId => (1, 32),
        Item::JuminCode => (11, 11),
        Item::MyNumber => (12, 12),
        Item::BirthDate => (9, 9),
        Item::ChangeDate | Item::ReceivedDate => (8, 8),
        Item::Timestamp => (17, 17),
        Item::ChangeReason => (2, 2),
        Item::MunicipalityCode | Item::AzaCode | Item::UpdateSeq => (6, 6),
        Item::Sex | Item::RetentionFlag | Item::GaijiFlag | Item::DeletedFlag => (1, 1),
        Item::NameGaijiCount
        | Item::AddressGaijiCount
        | Item::NameGaijiSeq
        | Item::AddressGaijiSeq
        | Item::FormerSurnameGaijiCount
        | Item::FormerSurnameGaijiSeq => (3, 3),
    }
}
