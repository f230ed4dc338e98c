//! State of the exchange: serials, held files, notices without acknowledgement, heads of registers.
//!
//! It stands in every manifest (docs/formats/manifest.md), so that one pointer names master and exchange together.
//! No personal data: file names appear only in the standard form, other names as a keyed digest.

use serde::{Deserialize, Serialize};

use crate::domain::ids::PartyId;
use crate::domain::party::FileKind;

/// The next serial of one kind of file, per party.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serial {
    /// Party id.
    pub party: String,
    /// Kind of file.
    pub kind: String,
    /// Next serial, from 1.
    pub next: u32,
}

/// A file that is kept and waits (保留ファイル).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldFile {
    /// Id of 16 hex digits, from the keyed digest of folder, name and bytes.
    pub id: String,
    /// Name of the inbound folder.
    pub folder: String,
    /// Standard file name, or `other-` and the beginning of a keyed digest.
    pub label: String,
    /// Finding code H01 to H10.
    pub code: String,
    /// Detail for people: the field, what was expected.
    pub detail: String,
    /// Bytes of the file as it arrived.
    pub size_bytes: u64,
    /// Keyed digest of the plain bytes, hex.
    pub digest: String,
    /// Sender by the header, empty where it cannot be read.
    pub sender: String,
    /// Kind by the header, empty where it cannot be read.
    pub kind: String,
    /// Serial by the header, 0 where it cannot be read.
    pub serial: u32,
    /// Business date of the run that held it first.
    pub since: u32,
    /// True where the file still lies in the inbound folder (incomplete, or not a plain file).
    pub in_place: bool,
    /// True where another file with its serial waits already (H07): it is not taken when the gap closes.
    pub shadowed: bool,
    /// True once an operator released it: the next run puts it through the ladder again and accepts a contradicting name.
    pub released: bool,
}

/// A notice file that the national body has not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenNotice {
    /// Serial of the NTF.
    pub serial: u32,
    /// Keyed digest, hex, of the SHA-256 of its plain bytes, which a RES names in `reply_to_sha256`. Not the hash itself: the
    /// content of a short file could be guessed by it.
    pub digest: String,
    /// Generation that it tells of.
    pub generation: u64,
    /// Business date.
    pub business_date: u32,
    /// Number of notices in it.
    pub records: u32,
}

/// Head of an append-only register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterHead {
    /// Name of the register, e.g. `parties`.
    pub name: String,
    /// Number of lines.
    pub lines: u64,
    /// Hex SHA-256 of the last line.
    pub head: String,
}

/// Sums of the last pass that did anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastRun {
    /// Business date.
    pub business_date: u32,
    /// When, 17 digits.
    pub time: String,
    /// Files taken.
    pub files: u32,
    /// Records applied, warnings included.
    pub applied: u64,
    /// Records applied with a warning.
    pub warned: u64,
    /// Records rejected.
    pub rejected: u64,
    /// Duplicate records.
    pub duplicate: u64,
    /// Files rejected as a whole.
    pub files_rejected: u32,
}

/// The whole state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeState {
    /// Next inbound serials.
    pub inbound: Vec<Serial>,
    /// Next outbound serials.
    pub outbound: Vec<Serial>,
    /// Held files, in the order in which they came.
    pub held: Vec<HeldFile>,
    /// Notices without acknowledgement.
    pub unacknowledged: Vec<OpenNotice>,
    /// Heads of the registers.
    pub registers: Vec<RegisterHead>,
    /// Greatest business date of a pass.
    pub newest_business_date: u32,
    /// The last pass that did anything.
    pub last_run: Option<LastRun>,
}

impl ExchangeState {
    /// The next inbound serial of a party and kind.
    pub fn next_inbound(&self, party: PartyId, kind: FileKind) -> u32 {
        find(&self.inbound, party, kind)
    }

    /// Consumes an inbound serial. The files of a run come in any order, so the next serial only ever rises.
    pub fn consume_inbound(&mut self, party: PartyId, kind: FileKind, serial: u32) {
        let next = find(&self.inbound, party, kind).max(serial.saturating_add(1));
        set(&mut self.inbound, party, kind, next);
    }

    /// Takes the next outbound serial.
    pub fn take_outbound(&mut self, party: PartyId, kind: FileKind) -> u32 {
        let serial = find(&self.outbound, party, kind);
        set(&mut self.outbound, party, kind, serial.saturating_add(1));
        serial
    }

    /// Sets the head of a register.
    pub fn set_register(&mut self, name: &str, lines: u64, head: &str) {
        self.registers.retain(|register| register.name != name);
        self.registers.push(RegisterHead {
            name: name.to_owned(),
            lines,
            head: head.to_owned(),
        });
        self.registers.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// The head of a register.
    pub fn register(&self, name: &str) -> Option<&RegisterHead> {
        self.registers.iter().find(|register| register.name == name)
    }
}

fn find(serials: &[Serial], party: PartyId, kind: FileKind) -> u32 {
    let mut of = serials
        .iter()
        .filter(|s| s.party == party.as_str() && s.kind == kind.as_str());
    of.next().map_or(1, |serial| serial.next)
}

fn set(serials: &mut Vec<Serial>, party: PartyId, kind: FileKind, next: u32) {
    serials.retain(|s| !(s.party == party.as_str() && s.kind == kind.as_str()));
    serials.push(Serial {
        party: party.to_string(),
        kind: kind.as_str().to_owned(),
        next,
    });
    serials.sort();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_begin_at_1_and_go_by_party_and_kind() {
        let (a, b) = (PartyId::parse("052019").unwrap(), PartyId::parse("052027").unwrap());
        let mut state = ExchangeState::default();
        assert_eq!(state.next_inbound(a, FileKind::Upd), 1);
        state.consume_inbound(a, FileKind::Upd, 3);
        state.consume_inbound(a, FileKind::Upd, 2);
        assert_eq!(state.next_inbound(a, FileKind::Upd), 4);
        assert_eq!(state.next_inbound(a, FileKind::Ext), 1);
        assert_eq!(state.take_outbound(b, FileKind::Res), 1);
        assert_eq!(state.take_outbound(b, FileKind::Res), 2);
        assert_eq!(state.take_outbound(a, FileKind::Res), 1);
    }

    #[test]
    fn registers_are_sorted_by_name() {
        let mut state = ExchangeState::default();
        state.set_register("purposes", 1, "a");
        state.set_register("parties", 2, "b");
        state.set_register("purposes", 3, "c");
        let names: Vec<_> = state.registers.iter().map(|r| (r.name.as_str(), r.lines)).collect();
        assert_eq!(names, [("parties", 2), ("purposes", 3)]);
        assert_eq!(state.register("parties").unwrap().head, "b");
    }
}
