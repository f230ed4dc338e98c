//! One file by itself: every hold and every rejection, each with several causes, and the order among them.

use std::collections::BTreeMap;

use sekisho::domain::ids::PartyId;
use sekisho::domain::instant::BusinessDate;
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::format::layout::Layouts;
use sekisho::pipeline::intake::{
    Arrival, Cause, ExchangeFacts, FileIdentity, Judged, NamePart, ShellFinding, Site, Verdict, judge,
};

use super::hand::Hand;

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
            bytes,
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

fn verdict(file: &Hand) -> String {
    Setting::default().verdict(&file.bytes())
}

#[test]
fn sound_files_of_every_kind_and_form_are_ready() {
    for file in [Hand::upd(), Hand::ext(), Hand::inq(), Hand::res()] {
        for (line_end, tails) in [
            (&b""[..], vec![&b""[..], b"\x1A", b"\x1A\r\n"]),
            (b"\r\n", vec![b"", b"\x1A", b"\x1A\r\n"]),
            (b"\n", vec![b"", b"\x1A", b"\x1A\n"]),
        ] {
            for tail in tails {
                assert_eq!(verdict(&file.clone().lines(line_end, tail)), "ready");
            }
            let bytes = file.clone().lines(line_end, b"").bytes();
            let without_last = &bytes[..bytes.len() - line_end.len()];
            assert_eq!(Setting::default().verdict(without_last), "ready");
        }
    }
    let mut empty = Hand::upd();
    empty.data.clear();
    // SHA-256 of nothing.
    let empty = empty.trailer(
        1,
        b"00000000e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
    assert_eq!(verdict(&empty), "ready");
}

#[test]
fn the_shell_decides_h08_and_h05() {
    let mut setting = Setting {
        shell: Some(ShellFinding::NotPlain),
        ..Setting::default()
    };
    assert_eq!(setting.verdict(b""), "held H08");
    setting.shell = Some(ShellFinding::NotAuthentic);
    assert_eq!(setting.verdict(&Hand::upd().bytes()), "held H05");
}

#[test]
fn h02_the_header_cannot_be_read() {
    let whole = Hand::upd().bytes();
    for (bytes, at) in [
        (&b""[..], 0),
        (b"1", 1),
        (b"1UP", 3),
        (&whole[..1399], 1399),
        (b"2UPD", 0),
        (b"9", 0),
        (b"\xEF\xBB\xBF1UPD", 0),
    ] {
        assert_eq!(Setting::default().verdict(bytes), format!("held H02 at {at}"));
    }
    assert_eq!(verdict(&Hand::upd().header(1, b"UPX")), "held H02 at 1");
    assert_eq!(verdict(&Hand::upd().header(1, b"upd")), "held H02 at 1");
    assert_eq!(verdict(&Hand::upd().header(1, b"\xFFPD")), "held H02 at 1");
    assert_eq!(verdict(&Hand::upd().header(6, b"        ")), "held H02 at 6");
    for serial in [&b"0000000A"[..], b"       1", b"        ", b"-0000001"] {
        assert_eq!(verdict(&Hand::upd().header(22, serial)), "held H02 at 22");
    }
    assert!(Setting::default().judge(b"").envelope.is_none());
}

#[test]
fn h03_sender_or_kind_not_registered() {
    assert_eq!(verdict(&Hand::upd().header(6, b"052035")), "held H03 at 6");
    assert_eq!(verdict(&Hand::upd().header(6, b" 052019")), "held H03 at 6");
    assert_eq!(verdict(&Hand::upd().header(6, b"05\xFF019")), "held H03 at 6");
    assert_eq!(verdict(&Hand::upd().header(6, b"D0000001")), "held H03 at 1");
    assert_eq!(verdict(&Hand::inq().header(6, b"052019  ")), "held H03 at 1");
    // Registered for a kind that this site does not take.
    let ntf = Hand::upd().header(1, b"NTF").header(6, b"N0000001");
    assert_eq!(verdict(&ntf), "held H03 at 1");
}

#[test]
fn h04_not_active_on_the_business_date() {
    let bytes = Hand::upd().bytes();
    for (date, want) in [
        ("20191231", "held H04 at 6"),
        ("20200101", "rejected F002 at 30"),
        ("20201231", "ready"),
        ("20210101", "held H04 at 6"),
    ] {
        let setting = Setting {
            date: day(date),
            ..Setting::default()
        };
        assert_eq!(setting.verdict(&bytes), want, "{date}");
    }
}

#[test]
fn h09_another_environment() {
    for environment in [b"T", b"p", b" "] {
        assert_eq!(verdict(&Hand::upd().header(47, environment)), "held H09 at 47");
    }
}

#[test]
fn a_known_file_is_a_duplicate_whatever_else_is_wrong_with_it() {
    let sound = Hand::upd();
    let rejected = Hand::upd().header(14, b"060003");
    for file in [sound, rejected] {
        let mut setting = Setting::default();
        let bytes = file.bytes();
        let identity = match setting.judge(&bytes).verdict {
            Verdict::Ready(file) => file.identity(),
            Verdict::Rejected { identity, .. } => identity,
            other => panic!("{other:?}"),
        };
        setting.memory.answered.push(identity);
        assert_eq!(setting.verdict(&bytes), "duplicate");
        setting.label = "UPD-052019-050008-00000009.dat".to_owned();
        assert_eq!(setting.verdict(&bytes), "duplicate");
        // Another file, though only a filler byte differs.
        let mut other = file.clone();
        other.header[1399] = b'x';
        assert_ne!(setting.verdict(&other.bytes()), "duplicate");
        // But not before H03, H04 and H09.
        setting.date = day("20210101");
        assert_eq!(setting.verdict(&bytes), "held H04 at 6");
    }
}

#[test]
fn h01_incomplete() {
    let mut setting = Setting::default();
    let mut no_end = Hand::upd();
    no_end.end = Vec::new();
    assert_eq!(verdict(&no_end), "held H01 at 4200");
    let mut written_on = Hand::upd();
    written_on.end[700] = b'x';
    assert_eq!(verdict(&written_on), "held H01 at 5600");
    assert_eq!(verdict(&Hand::upd().lines(b"", b"\x1A\x1A")), "held H01 at 5601");
    assert_eq!(setting.verdict(&Hand::upd().header), "held H01 at 0");
    setting.is_growing = true;
    assert_eq!(setting.verdict(&Hand::upd().bytes()), "held H01");
}

#[test]
fn no_truncation_is_ready() {
    for line_end in [&b""[..], b"\r\n", b"\n"] {
        let bytes = Hand::upd().lines(line_end, b"").bytes();
        let sound = bytes.len() - line_end.len();
        let setting = Setting::default();
        // Every length around the ends of records, and a spread of the others.
        let unit = 1400 + line_end.len();
        let lengths = (0..sound).filter(|length| length % unit < 6 || length % unit > 1390 || length % 97 == 0);
        for length in lengths {
            let got = setting.verdict(&bytes[..length]);
            assert!(
                got.starts_with("held H02") || got.starts_with("held H01"),
                "{length}: {got}"
            );
        }
    }
}

#[test]
fn f001_structure() {
    let mut short = Hand::upd();
    short.data[1].truncate(1399);
    assert_eq!(verdict(&short), "rejected F001 at 4200");
    let mut long = Hand::upd();
    long.data[0].push(b' ');
    assert_eq!(verdict(&long), "rejected F001 at 2800");
    for letter in [b'7', b'1', b'9', b' ', 0x82] {
        let mut unknown = Hand::upd();
        unknown.data[1][0] = letter;
        assert_eq!(verdict(&unknown), "rejected F001 at 2800");
    }
    assert_eq!(verdict(&Hand::upd().trailer(0, b"7")), "rejected F001 at 4200");
    let mut no_trailer = Hand::upd();
    no_trailer.trailer = Vec::new();
    assert_eq!(verdict(&no_trailer), "rejected F001 at 4200");
    let mut two_ends = Hand::upd();
    two_ends.trailer.extend_from_slice(&two_ends.end.clone());
    assert_eq!(verdict(&two_ends), "rejected F001 at 7000");
    let mut mixed = Hand::upd().lines(b"\n", b"");
    mixed.data[0].push(b'\r');
    assert_eq!(verdict(&mixed), "rejected F001 at 2801");
    // Line ends only behind the last record.
    assert_eq!(verdict(&Hand::upd().lines(b"", b"\r\n")), "rejected F001 at 7000");
    let mut headed = Hand::upd();
    headed.header.extend_from_slice(b"\r\n");
    assert_eq!(verdict(&headed), "rejected F001 at 2802");
}

#[test]
fn f002_header_and_trailer() {
    assert_eq!(verdict(&Hand::upd().header(4, b"02")), "rejected F002 at 4");
    assert_eq!(verdict(&Hand::upd().header(4, b" 1")), "rejected F002 at 4");
    for receiver in [&b"060003"[..], b"        ", b" 050008", b"05000\xFF"] {
        assert_eq!(verdict(&Hand::upd().header(14, receiver)), "rejected F002 at 14");
    }
    assert_eq!(verdict(&Hand::upd().header(22, b"00000000")), "rejected F002 at 22");
    for created in [
        b"20200931100000000",
        b"20200914250000000",
        b"                 ",
        b"2020091410000000A",
        b"20200916000000000",
    ] {
        assert_eq!(verdict(&Hand::upd().header(30, created)), "rejected F002 at 30");
    }
    assert_eq!(verdict(&Hand::upd().header(30, b"20200915235959999")), "ready");
    for encoding in [b"0", b"3", b" "] {
        assert_eq!(verdict(&Hand::upd().header(48, encoding)), "rejected F002 at 48");
    }
    for count in [&b"00000003"[..], b"00000001", b"       2", b"        "] {
        assert_eq!(verdict(&Hand::upd().trailer(1, count)), "rejected F002 at 4201");
    }
    let upper = Hand::upd().trailer[9..73].to_ascii_uppercase();
    for hash in [&[b'0'; 64][..], &[b' '; 64], &upper] {
        assert_eq!(verdict(&Hand::upd().trailer(9, hash)), "rejected F002 at 4209");
    }
    // Data changed after the hash.
    let mut changed = Hand::upd();
    changed.data[0][1399] = b'x';
    assert_eq!(verdict(&changed), "rejected F002 at 4209");
    // The filler is nobody's business.
    assert_eq!(verdict(&Hand::upd().header(1300, b"\xFF").trailer(1300, b"x")), "ready");
    for items in [&b"0100001000000000000000000002"[..], b"010000100000000000000000000 "] {
        assert_eq!(verdict(&Hand::inq().header(145, items)), "rejected F002 at 145");
    }
    assert_eq!(
        verdict(&Hand::ext().header(113, b"20200914240000000")),
        "rejected F002 at 113"
    );
}

#[test]
fn created_at_is_tested_against_the_day_of_arrival_only() {
    let setting = Setting {
        is_new: false,
        ..Setting::default()
    };
    let later = Hand::upd().header(30, b"20200916000000000");
    assert_eq!(setting.verdict(&later.bytes()), "ready");
}

#[test]
fn a_profile_may_allow_a_blank_hash_but_no_wrong_one() {
    let mut setting = Setting::default();
    setting.parties.get_mut(&id("052019")).unwrap().hash_optional = true;
    let verdict = |file: Hand| setting.verdict(&file.bytes());
    assert_eq!(verdict(Hand::upd().trailer(9, &[b' '; 64])), "ready");
    assert_eq!(verdict(Hand::upd().trailer(9, &[b'0'; 64])), "rejected F002 at 4209");
    assert_eq!(verdict(Hand::upd()), "ready");
}

#[test]
fn a_res_that_is_wrong_is_held_since_nobody_answers_it() {
    assert_eq!(verdict(&Hand::res().header(14, b"060003")), "held F002 at 14");
    let mut short = Hand::res();
    short.data[0].pop();
    assert!(verdict(&short).starts_with("held F001"));
    // Each sum of the trailer, and a record more in a group that was counted.
    for (offset, at) in [(73, 1609), (81, 1617), (89, 1625), (97, 1633)] {
        let file = Hand::res().trailer(offset, b"00000002");
        assert_eq!(verdict(&file), format!("held F002 at {at}"));
    }
    assert_eq!(verdict(&Hand::res().trailer(73, b"       1")), "held F002 at 1609");
    // Record number 0 is the file: no sum counts it.
    let mut rejected = Hand::res();
    rejected.data.truncate(1);
    rejected.data[0][1..9].copy_from_slice(b"00000000");
    rejected.data[0][45] = b'R';
    let rejected = rejected.sealed().trailer(73, &[b'0'; 32]);
    assert_eq!(verdict(&rejected), "ready");
}

#[test]
fn e01_to_e03_of_an_extract_in_this_order() {
    let late = Hand::ext().header(113, b"20200914100000001");
    assert_eq!(verdict(&late), "rejected E01 at 113");
    let early = Hand::ext().header(113, b"20200912235959999");
    assert_eq!(verdict(&early), "rejected E02 at 113");
    assert_eq!(verdict(&Hand::ext().header(113, b"20200913000000000")), "ready");
    assert_eq!(verdict(&Hand::ext().header(130, b"L")), "ready");
    let scope = Hand::ext().header(130, b"X");
    assert_eq!(verdict(&scope), "rejected E03 at 130");
    assert_eq!(verdict(&late.header(130, b"X")), "rejected E01 at 113");
    assert_eq!(verdict(&early.header(130, b"X")), "rejected E02 at 113");
    let no_master = Setting {
        first_generation: None,
        ..Setting::default()
    };
    assert_eq!(no_master.verdict(&Hand::ext().bytes()), "rejected E02 at 113");
}

#[test]
fn h02_the_name_contradicts_the_header() {
    let bytes = Hand::upd().bytes();
    for (label, part) in [
        ("EXT-052019-050008-00000001.dat", NamePart::Kind),
        ("UPD-052027-050008-00000001.dat", NamePart::Sender),
        ("UPD-052019-060003-00000001.dat.seki", NamePart::Receiver),
        ("UPD-052019-050008-00000501.dat", NamePart::Serial),
    ] {
        let setting = Setting {
            label: label.to_owned(),
            ..Setting::default()
        };
        let verdict = setting.judge(&bytes).verdict;
        assert_eq!(verdict, Verdict::Held(Cause::Name { part }), "{label}");
        assert_eq!(setting.verdict(&bytes), "held H02");
    }
    for label in [
        "UPD-052019-050008-00000001.dat",
        "UPD-052019-050008-00000001.dat.seki",
        "monday.txt",
    ] {
        let setting = Setting {
            label: label.to_owned(),
            ..Setting::default()
        };
        assert_eq!(setting.verdict(&bytes), "ready");
    }
}

#[test]
fn of_many_faults_the_first_of_the_order_counts() {
    let mut setting = Setting {
        label: "UPD-052019-050008-00000501.dat".to_owned(),
        shell: Some(ShellFinding::NotPlain),
        date: day("20210101"),
        ..Setting::default()
    };
    // Everything wrong at once; each step takes the fault away that was found.
    let mut file = Hand::upd()
        .header(1, b"XXX")
        .header(6, b"999999")
        .header(14, b"060003")
        .header(47, b"T");
    file.data[0][0] = b'7';
    file.end[5] = b'x';
    assert_eq!(setting.verdict(&file.bytes()), "held H08");
    setting.shell = Some(ShellFinding::NotAuthentic);
    assert_eq!(setting.verdict(&file.bytes()), "held H05");
    setting.shell = None;
    assert_eq!(setting.verdict(&file.bytes()), "held H02 at 1");
    file = file.header(1, b"UPD");
    assert_eq!(setting.verdict(&file.bytes()), "held H03 at 6");
    file = file.header(6, b"052019");
    assert_eq!(setting.verdict(&file.bytes()), "held H04 at 6");
    setting.date = day("20200914");
    assert_eq!(setting.verdict(&file.bytes()), "held H09 at 47");
    file = file.header(47, b"P");
    assert_eq!(setting.verdict(&file.bytes()), "held H01 at 5600");
    file.end[5] = b' ';
    assert_eq!(setting.verdict(&file.bytes()), "rejected F001 at 1400");
    file.data[0][0] = b'2';
    assert_eq!(setting.verdict(&file.bytes()), "rejected F002 at 14");
    file = file.header(14, b"050008");
    assert_eq!(setting.verdict(&file.bytes()), "held H02");
    setting.label.clear();
    assert_eq!(setting.verdict(&file.bytes()), "ready");
}

#[test]
fn what_a_rejected_file_said_of_itself_is_known_for_the_answer() {
    let file = Hand::upd().header(48, b"9").header(22, b"00000007");
    let judged = Setting::default().judge(&file.bytes());
    let envelope = judged.envelope.unwrap();
    assert_eq!((envelope.kind, envelope.serial), (FileKind::Upd, 7));
    assert_eq!((envelope.sender, envelope.encoding), (Some(id("052019")), None));
    let Verdict::Rejected { cause, identity } = judged.verdict else {
        panic!("not rejected")
    };
    assert_eq!(cause.field(), Some("text_encoding"));
    assert_eq!(identity.receiver, Some(id("050008")));
}
