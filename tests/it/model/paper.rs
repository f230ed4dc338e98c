//! What the reference model talks about: items, records, files on the way, findings, answers. Texts as they are stored:
//! no padding, digits with their zeros, blank is empty.

use std::collections::BTreeMap;

/// The 28 items by number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Items(BTreeMap<u8, String>);

impl Items {
    pub(super) fn get(&self, item: u8) -> &str {
        self.0.get(&item).map_or("", String::as_str)
    }

    pub(super) fn set(&mut self, item: u8, text: &str) {
        self.0.insert(item, text.to_owned());
    }

    /// The text in the form in which it is compared: a blank count or serial is zero, a blank 大字 code is 000000.
    pub(super) fn compared(&self, item: u8) -> &str {
        match (item, self.get(item)) {
            (3 | 8 | 23 | 24 | 26 | 28, "") => "000",
            (15, "") => "000000",
            (_, text) => text,
        }
    }

    /// All 28 in order.
    pub(super) fn all(&self) -> Vec<String> {
        (1..=28).map(|item| self.get(item).to_owned()).collect()
    }
}

/// A type 2 record as sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) items: Items,
    pub(super) old_number: String,
    pub(super) old_code: String,
}

/// What is wrong with a file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    Hash,
    Count,
    Receiver,
    Version,
    MadeTomorrowNight,
    MadeInTwoDays,
    SerialZero,
    TextEncoding,
    Environment,
    NameOfAnotherSerial,
    NotAHeader,
    RecordOfAnotherType,
    ByteTooMany,
    NoTrailer,
    Cut,
}

impl Damage {
    pub(super) const ALL: [Self; 15] = [
        Self::Hash,
        Self::Count,
        Self::Receiver,
        Self::Version,
        Self::MadeTomorrowNight,
        Self::MadeInTwoDays,
        Self::SerialZero,
        Self::TextEncoding,
        Self::Environment,
        Self::NameOfAnotherSerial,
        Self::NotAHeader,
        Self::RecordOfAnotherType,
        Self::ByteTooMany,
        Self::NoTrailer,
        Self::Cut,
    ];
}

/// A file of change notices in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upd {
    pub(super) sender: String,
    pub(super) serial: u32,
    /// 17 digits.
    pub(super) created_at: String,
    pub(super) ucs2: bool,
    /// "", "\n" or "\r\n".
    pub(super) line_end: &'static str,
    pub(super) records: Vec<Record>,
    pub(super) damage: Option<Damage>,
}

impl Upd {
    /// The serial that the header says.
    pub(super) fn shown_serial(&self) -> u32 {
        if self.damage == Some(Damage::SerialZero) {
            0
        } else {
            self.serial
        }
    }
}

/// A file as it lies in an inbound folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivered {
    /// Name in `in/SENDER/`.
    pub(super) name: String,
    pub(super) upd: Upd,
    pub(super) bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub(super) hash: [u8; 32],
}

/// A finding on a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    pub(super) code: &'static str,
    /// 0 if none.
    pub(super) item: u8,
    /// Offset in the file and length, for F and C.
    pub(super) place: Option<(usize, usize)>,
}

impl Finding {
    pub(super) fn of(code: &'static str, item: u8) -> Self {
        Self {
            code,
            item,
            place: None,
        }
    }
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Verdict {
    /// A, W, R or D.
    pub(super) outcome: char,
    pub(super) findings: Vec<Finding>,
}

/// One record of a RES as it travels, all fields as text without padding; the message left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ResLine(pub(super) Vec<String>);

/// A RES.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Res {
    /// Receiver, serial, `created_at`, environment, reply: as text.
    pub(super) head: Vec<String>,
    pub(super) lines: Vec<ResLine>,
    /// Applied, with warning, rejected, duplicate.
    pub(super) sums: [u32; 4],
}

/// One record of an NTF: items and the other fields by name.
pub(super) type NtfLine = BTreeMap<String, String>;

/// A NTF.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ntf {
    pub(super) serial: u32,
    pub(super) created_at: String,
    pub(super) lines: Vec<NtfLine>,
}
