//! The site, the parties and the run in which these tests judge files.

use std::collections::BTreeMap;

use sekisho::domain::ids::PartyId;
use sekisho::domain::instant::BusinessDate;
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::format::layout::Layouts;
use sekisho::pipeline::intake::{
    Arrival, Cause, Content, ExchangeFacts, FileIdentity, Judged, ShellFinding, Site, Verdict, judge,
};

pub(super) const SERVED: [FileKind; 5] = [
    FileKind::Upd,
    FileKind::Ext,
    FileKind::Inq,
    FileKind::Res,
    FileKind::Nrs,
];

pub(super) fn id(text: &str) -> PartyId {
    PartyId::parse(text).unwrap()
}

pub(super) fn day(text: &str) -> BusinessDate {
    BusinessDate::parse(text).unwrap()
}

/// 秋田市 and 能代市 (UPD, EXT), a department (INQ), the national body (RES, NRS), active in 2020.
pub(super) fn parties() -> BTreeMap<PartyId, Party> {
    let row = |party: &str, kind: PartyKind, sends: &[FileKind]| Party {
        id: id(party),
        kind,
        name: String::new(),
        sends: sends.to_vec(),
        encoding: Encoding::Cp932,
        active_from: day("20200101"),
        active_to: day("20201231"),
        hash_optional: false,
        plain_allowed: true,
        arrival: sekisho::domain::arrival::ArrivalRule::default(),
        predecessors: Vec::new(),
        gaiji_table: None,
        signing_key: None,
        sealing_key: None,
    };
    [
        row("052019", PartyKind::Municipality, &[FileKind::Upd, FileKind::Ext]),
        row("052027", PartyKind::Municipality, &[FileKind::Upd, FileKind::Ext]),
        row("D0000001", PartyKind::Department, &[FileKind::Inq]),
        row(
            "N0000001",
            PartyKind::National,
            &[FileKind::Res, FileKind::Nrs, FileKind::Ntf],
        ),
    ]
    .into_iter()
    .map(|party| (party.id, party))
    .collect()
}

/// What the site remembers.
#[derive(Default)]
pub(super) struct Memory {
    pub(super) answered: Vec<FileIdentity>,
    pub(super) next: BTreeMap<(PartyId, FileKind), u32>,
    pub(super) oldest: u32,
}

impl ExchangeFacts for Memory {
    fn is_answered(&self, identity: &FileIdentity) -> bool {
        self.answered.contains(identity)
    }
    fn next_serial(&self, sender: PartyId, kind: FileKind) -> u32 {
        self.next.get(&(sender, kind)).copied().unwrap_or(1)
    }
    fn oldest_kept(&self, _: PartyId, _: FileKind) -> u32 {
        self.oldest
    }
}

/// The run of these tests: 050008, production, 2020-09-14, first generation of the day before.
pub(super) struct Setting {
    pub(super) layouts: Layouts,
    pub(super) parties: BTreeMap<PartyId, Party>,
    pub(super) memory: Memory,
    pub(super) date: BusinessDate,
    pub(super) first_generation: Option<BusinessDate>,
    pub(super) label: String,
    pub(super) shell: Option<ShellFinding>,
    pub(super) is_growing: bool,
    pub(super) is_new: bool,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            layouts: Layouts::builtin().unwrap(),
            parties: parties(),
            memory: Memory::default(),
            date: day("20200914"),
            first_generation: Some(day("20200913")),
            label: "a.dat".to_owned(),
            shell: None,
            is_growing: false,
            is_new: true,
        }
    }
}

impl Setting {
    pub(super) fn judge(&self, bytes: &[u8]) -> Judged {
        let site = Site {
            own: id("050008"),
            environment: b'P',
            business_date: self.date,
            layouts: &self.layouts,
            serves: &SERVED,
            first_generation: self.first_generation,
        };
        let arrival = Arrival {
            label: &self.label,
            content: Content::Bytes(bytes),
            shell: self.shell,
            is_growing: self.is_growing,
            is_new: self.is_new,
        };
        judge(&arrival, &site, &self.parties, &self.memory)
    }

    /// `ready`, or the code with `held` or `rejected` before it and the place behind it.
    pub(super) fn verdict(&self, bytes: &[u8]) -> String {
        let judged = self.judge(bytes);
        let layout = judged.envelope.map(|envelope| self.layouts.get(envelope.kind));
        let describe = |word: &str, cause: Cause| {
            let code = cause.code().as_str();
            match cause.byte_offset(layout) {
                Some(at) => format!("{word} {code} at {at}"),
                None => format!("{word} {code}"),
            }
        };
        match judged.verdict {
            Verdict::Held(cause) => describe("held", cause),
            Verdict::Duplicate(_) => "duplicate".to_owned(),
            Verdict::Rejected { cause, .. } => describe("rejected", cause),
            Verdict::Ready(_) => "ready".to_owned(),
        }
    }
}
