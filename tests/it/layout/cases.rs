//! The example cases beside the project, made by two independent programs: the verdict on every inbound file of every
//! day, and every F finding with its place. Skipped where they are absent.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sekisho::domain::ids::{MunicipalityCode, PartyId};
use sekisho::domain::instant::BusinessDate;
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::format::layout::Layouts;
use sekisho::pipeline::decode::Decoder;
use sekisho::pipeline::intake::{
    Arrival, Candidate, Content, ExchangeFacts, FileIdentity, InboundFile, Site, Verdict, admit, judge,
};
use sekisho::text::gaiji::GaijiTable;

use crate::shared::shared;

const SERVED: [FileKind; 5] = [
    FileKind::Upd,
    FileKind::Ext,
    FileKind::Inq,
    FileKind::Res,
    FileKind::Nrs,
];

/// What a site remembers of the files, from one run to the next.
#[derive(Default)]
pub(crate) struct Memory {
    answered: BTreeSet<FileIdentity>,
    next: BTreeMap<(PartyId, FileKind), u32>,
}

impl ExchangeFacts for Memory {
    fn is_answered(&self, identity: &FileIdentity) -> bool {
        self.answered.contains(identity)
    }
    fn next_serial(&self, sender: PartyId, kind: FileKind) -> u32 {
        self.next.get(&(sender, kind)).copied().unwrap_or(1)
    }
    fn oldest_kept(&self, _: PartyId, _: FileKind) -> u32 {
        1
    }
}

pub(crate) struct Case {
    pub(crate) folder: PathBuf,
    pub(crate) own: PartyId,
    pub(crate) environment: u8,
    pub(crate) first_day: BusinessDate,
    pub(crate) days: Vec<(String, BusinessDate)>,
    pub(crate) parties: BTreeMap<PartyId, Party>,
}

pub(crate) fn csv_rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

pub(crate) fn load(name: &str) -> Option<Case> {
    let folder = shared(&format!("cases/{name}"))?;
    let json: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("case.json")).unwrap()).expect("case.json");
    let date = |value: &serde_json::Value| BusinessDate::parse(value.as_str().unwrap()).unwrap();
    let mut parties = BTreeMap::new();
    for row in csv_rows(&folder.join("parties.csv")) {
        let id = PartyId::parse(&row["party_id"]).unwrap();
        let party = Party {
            id,
            kind: match row["kind"].as_str() {
                "municipality" => PartyKind::Municipality,
                "department" => PartyKind::Department,
                "body" => PartyKind::Body,
                "self" => PartyKind::Own,
                "national" => PartyKind::National,
                other => panic!("kind of party {other}"),
            },
            name: row["name"].clone(),
            sends: row["kinds"]
                .split_whitespace()
                .map(|kind| FileKind::parse(kind).unwrap())
                .collect(),
            encoding: if row["text_encoding"] == "1" {
                Encoding::Cp932
            } else {
                Encoding::Ucs2Be
            },
            active_from: BusinessDate::parse(&row["active_from"]).unwrap(),
            active_to: BusinessDate::parse(&row["active_to"]).unwrap(),
            hash_optional: row["hash_optional"] == "1",
            plain_allowed: true,
            arrival: sekisho::domain::arrival::ArrivalRule::default(),
            predecessors: row["predecessor_codes"]
                .split_whitespace()
                .map(|code| MunicipalityCode::parse(code).unwrap())
                .collect(),
            gaiji_table: None,
            signing_key: None,
            sealing_key: None,
        };
        parties.insert(id, party);
    }
    Some(Case {
        own: PartyId::parse(json["self"].as_str().unwrap()).unwrap(),
        environment: json["environment"].as_str().unwrap().as_bytes()[0],
        first_day: date(&json["initial_business_date"]),
        days: json["days"]
            .as_array()
            .unwrap()
            .iter()
            .map(|day| (day["day"].as_str().unwrap().to_owned(), date(&day["business_date"])))
            .collect(),
        parties,
        folder,
    })
}

/// `file -> (outcome, code)` of one day, as files.csv has it.
pub(crate) type Outcomes = BTreeMap<String, (String, String)>;

/// Judges the files of one folder and of those that wait, as one run does; updates what the site remembers.
pub(crate) fn run_day(
    case: &Case,
    folder: &str,
    day: BusinessDate,
    memory: &mut Memory,
    waiting: &mut Vec<(String, InboundFile)>,
) -> (Outcomes, Vec<(String, InboundFile)>) {
    let layouts = Layouts::builtin().unwrap();
    let site = Site {
        own: case.own,
        environment: case.environment,
        business_date: day,
        layouts: &layouts,
        serves: &SERVED,
        first_generation: Some(case.first_day),
    };
    let mut names: Vec<String> = std::fs::read_dir(case.folder.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut outcomes = Outcomes::new();
    let mut paths = BTreeMap::new();
    let mut candidates = Vec::new();
    for (order, (path, file)) in waiting.drain(..).enumerate() {
        paths.insert(file.identity(), path);
        candidates.push(Candidate {
            file,
            waiting_since: Some(order as u64),
        });
    }
    let mut rejected = Vec::new();
    for name in names {
        let path = format!("{folder}/{name}");
        let bytes = std::fs::read(case.folder.join(&path)).unwrap();
        let arrival = Arrival {
            label: &name,
            content: Content::Bytes(&bytes),
            shell: None,
            is_growing: false,
            is_new: true,
        };
        let judged = judge(&arrival, &site, &case.parties, memory);
        let outcome = match judged.verdict {
            Verdict::Held(cause) => ("held", cause.code().as_str()),
            Verdict::Duplicate(_) => ("duplicate", ""),
            Verdict::Rejected { cause, identity } => {
                rejected.push(identity);
                ("rejected", cause.code().as_str())
            }
            Verdict::Ready(file) => {
                paths.insert(file.identity(), path);
                candidates.push(Candidate {
                    file: *file,
                    waiting_since: None,
                });
                continue;
            }
        };
        outcomes.insert(path, (outcome.0.to_owned(), outcome.1.to_owned()));
    }
    let admission = admit(candidates, memory);
    let mut taken = Vec::new();
    for file in admission.taken {
        let path = paths[&file.identity()].clone();
        let header = file.header();
        memory.next.insert((header.sender, header.kind), header.serial + 1);
        memory.answered.insert(file.identity());
        outcomes.insert(path.clone(), ("processed".to_owned(), String::new()));
        taken.push((path, file));
    }
    for (file, cause) in admission.held {
        let path = paths[&file.identity()].clone();
        let new_or_still = (path.clone(), ("held".to_owned(), cause.code().as_str().to_owned()));
        // files.csv lists a held file on the day on which it came.
        if path.starts_with(folder) {
            outcomes.extend([new_or_still]);
        }
        if cause.code().as_str() == "H07" {
            waiting.push((path, file));
        }
    }
    for file in admission.duplicates {
        outcomes.insert(paths[&file.identity()].clone(), ("duplicate".to_owned(), String::new()));
    }
    memory.answered.extend(rejected);
    (outcomes, taken)
}

/// F003, F004 and F006 rows of one file: record, code, item, offset, length.
type FRow = (u32, String, String, String, String);

fn expected_f(path: &Path) -> Vec<FRow> {
    csv_rows(path)
        .into_iter()
        .filter(|row| ["F003", "F004", "F006"].contains(&row["code"].as_str()))
        .map(|row| {
            (
                row["record_no"].parse().unwrap(),
                row["code"].clone(),
                row["item_no"].clone(),
                row["byte_offset"].clone(),
                row["byte_length"].clone(),
            )
        })
        .collect()
}

fn found_f(bytes: &[u8], file: &InboundFile) -> Vec<FRow> {
    let layouts = Layouts::builtin().unwrap();
    let header = file.header();
    let gaiji = GaijiTable::none();
    let mut decoder = Decoder::new(layouts.get(header.kind), header.encoding, &gaiji, header.sender);
    let mut rows = Vec::new();
    for (record_no, offset, record) in file.frame().data(bytes) {
        let decoded = decoder.decode(record, record_no, offset);
        for finding in decoded.findings {
            let place = finding.place.unwrap();
            rows.push((
                record_no,
                finding.code.as_str().to_owned(),
                finding.item.map(|item| item.to_string()).unwrap_or_default(),
                place.byte_offset.to_string(),
                place.byte_length.to_string(),
            ));
        }
    }
    rows
}

fn check(name: &str) {
    let Some(case) = load(name) else { return };
    let mut memory = Memory::default();
    let mut waiting = Vec::new();
    let mut days = vec![("initial".to_owned(), "initial".to_owned(), case.first_day)];
    days.extend(
        case.days
            .iter()
            .map(|(day, date)| (day.clone(), format!("{day}/in"), *date)),
    );
    let (mut files, mut f_rows) = (0, 0);
    for (day, folder, date) in days {
        let (outcomes, taken) = run_day(&case, &folder, date, &mut memory, &mut waiting);
        let expected: Outcomes = csv_rows(&case.folder.join(format!("expected/{day}/files.csv")))
            .into_iter()
            .map(|row| (row["file"].clone(), (row["outcome"].clone(), row["code"].clone())))
            .collect();
        // An inquiry that P02 to P05 refuse is processed for the file checks; its code is not theirs to find.
        let expected: Outcomes = expected
            .into_iter()
            .map(|(file, (outcome, code))| {
                let code = if code.starts_with('P') { String::new() } else { code };
                (file, (outcome, code))
            })
            .collect();
        assert_eq!(outcomes, expected, "{name} {day}");
        files += outcomes.len();
        for (path, file) in taken {
            if file.header().kind != FileKind::Upd {
                continue;
            }
            let stem = Path::new(&path).file_stem().unwrap().to_str().unwrap();
            let answer = case.folder.join(format!("expected/{day}/{stem}.res.csv"));
            let bytes = std::fs::read(case.folder.join(&path)).unwrap();
            let found = found_f(&bytes, &file);
            f_rows += found.len();
            assert_eq!(found, expected_f(&answer), "{name} {path}");
        }
    }
    assert!(files > 50, "{name}: {files} files, {f_rows} F findings");
}

#[test]
fn small() {
    check("a-small");
}

#[test]
fn prefecture() {
    check("b-prefecture");
}

#[test]
fn bad() {
    check("c-bad");
}

#[test]
fn ucs2() {
    check("d-ucs2");
}
