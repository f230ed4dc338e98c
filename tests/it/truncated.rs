//! F11: of a file of which the end is missing nothing is applied, wherever it was cut (rules 2.6, H01).
//!
//! Every prefix, byte by byte: of every kind of file in both encodings and with every line end through the pure file
//! checks, and of whole inbound folders, plain and sealed, through a pass over a site in memory.

use std::collections::BTreeMap;
use std::path::Path;

use sekisho::domain::ids::PartyId;
use sekisho::domain::party::{Encoding, FileKind, Party, PartyKind};
use sekisho::domain::row::Row;
use sekisho::format::exchange::{HashRule, LineEnd, ParsedFile, SampleHead, sample};
use sekisho::format::layout::{Layouts, RecordType};
use sekisho::pipeline::intake::{Arrival, Content, ExchangeFacts, FileIdentity, Site, Verdict, is_answerable, judge};
use sekisho::ports::Disk as _;
use sekisho::run::pass::PassResult;

use crate::desk::files::{self, AKITA, ANNA, BEN, CHIE, DAY, NATIONAL, NOSHIRO, OWN, day, id};
use crate::desk::memory::{ROOT, Small, look, pass_on};

/// Nothing was ever exchanged.
struct Nothing;

impl ExchangeFacts for Nothing {
    fn is_answered(&self, _: &FileIdentity) -> bool {
        false
    }

    fn next_serial(&self, _: PartyId, _: FileKind) -> u32 {
        1
    }

    fn oldest_kept(&self, _: PartyId, _: FileKind) -> u32 {
        1
    }
}

/// Takes every kind of file, without a hash as well: nothing but the cut can stop a file.
fn lenient() -> BTreeMap<PartyId, Party> {
    let of = |owner: &str| Party {
        id: id(owner),
        kind: PartyKind::Municipality,
        name: "団体".to_owned(),
        sends: FileKind::ALL.to_vec(),
        encoding: Encoding::Cp932,
        active_from: day("2002-08-05"),
        active_to: day("2099-12-31"),
        hash_optional: true,
        plain_allowed: true,
        arrival: sekisho::domain::arrival::ArrivalRule::default(),
        predecessors: Vec::new(),
        gaiji_table: None,
        signing_key: None,
        sealing_key: None,
    };
    [AKITA, OWN].iter().map(|owner| (id(owner), of(owner))).collect()
}

fn verdict(bytes: &[u8], layouts: &Layouts, parties: &BTreeMap<PartyId, Party>, own: &str) -> Verdict {
    let site = Site {
        own: id(own),
        environment: b'T',
        business_date: day(DAY),
        layouts,
        serves: &FileKind::ALL,
        first_generation: Some(day("2002-08-05")),
    };
    let arrival = Arrival {
        label: "a.dat",
        content: Content::Bytes(bytes),
        shell: None,
        is_growing: false,
        is_new: true,
    };
    judge(&arrival, &site, parties, &Nothing).verdict
}

/// Every prefix of a file that is taken: held, or the whole file without what may stand behind its last record.
fn every_prefix(file: &[u8], behind: usize, kind: FileKind, layouts: &Layouts, parties: &BTreeMap<PartyId, Party>) {
    let own = if is_answerable(kind) || kind == FileKind::Nrs {
        OWN
    } else {
        AKITA
    };
    let whole = ParsedFile::parse(file, layouts, HashRule::Optional).unwrap();
    assert!(
        matches!(verdict(file, layouts, parties, own), Verdict::Ready(_)),
        "{kind:?}"
    );
    for len in 0..file.len() {
        let part = &file[..len];
        match verdict(part, layouts, parties, own) {
            Verdict::Held(_) => {}
            Verdict::Ready(read) => {
                assert!(
                    len + behind >= file.len(),
                    "{kind:?}: {len} of {} bytes are taken",
                    file.len()
                );
                assert_eq!(read.frame(), whole.frame);
            }
            other @ (Verdict::Duplicate(_) | Verdict::Rejected { .. }) => panic!("{kind:?}: {len} bytes: {other:?}"),
        }
    }
}

#[test]
fn no_kind_of_file_is_taken_in_part() {
    let (layouts, parties) = (Layouts::builtin().unwrap(), lenient());
    for kind in FileKind::ALL {
        let layout = layouts.get(kind);
        for encoding in [Encoding::Cp932, Encoding::Ucs2Be] {
            for line_end in [LineEnd::None, LineEnd::CrLf, LineEnd::Lf] {
                let head = SampleHead {
                    party: id(AKITA),
                    own: id(OWN),
                    serial: 1,
                    day: day(DAY),
                    encoding,
                    line_end,
                };
                let mut file = sample(layout, &head).unwrap();
                let behind = line_end.bytes().len();
                every_prefix(&file, behind, kind, &layouts, &parties);
                // Without a hash only the count and the end of the file can tell.
                let frame = ParsedFile::parse(&file, &layouts, HashRule::Required).unwrap().frame;
                let slot = layout.slot(RecordType::Trailer, "data_sha256").unwrap();
                let at = usize::try_from(frame.trailer_offset()).unwrap() + slot.offset as usize;
                file[at..at + slot.length as usize].fill(b' ');
                file.push(0x1A);
                every_prefix(&file, behind + 1, kind, &layouts, &parties);
            }
        }
    }
}

#[test]
fn a_larger_file_is_not_taken_in_part() {
    let (layouts, parties) = (Layouts::builtin().unwrap(), lenient());
    let persons = [ANNA, BEN, CHIE];
    let rows: Vec<Row> = (0..12).map(|number| files::entry(AKITA, persons[number % 3])).collect();
    let file = files::upd_of(&files::head(AKITA, 1), &rows);
    every_prefix(&file, 0, FileKind::Upd, &layouts, &parties);
}

/// Prefixes of a file to try in a pass: all, or those one byte around the end of every record.
fn cuts(len: usize, every: Option<usize>) -> Vec<usize> {
    match every {
        None => (0..len).collect(),
        Some(record) => {
            let borders = (0..=len)
                .step_by(record)
                .flat_map(|at| [at.saturating_sub(1), at, at + 1]);
            let mut cuts: Vec<usize> = borders.filter(|cut| *cut < len).collect();
            cuts.dedup();
            cuts
        }
    }
}

/// Puts the prefixes into the folder of a party and passes over them: nothing is applied, and each is held.
fn passed(site: &Small, party: &str, ending: &str, file: &[u8], cuts: &[usize]) -> PassResult {
    let folder = Path::new(ROOT).join("in").join(party);
    site.disk.create_folder(&folder).unwrap();
    for cut in cuts {
        site.disk
            .put(&folder.join(format!("cut{cut:06}.{ending}")), &file[..*cut])
            .unwrap();
    }
    let before = look(&site.disk, |site| (site.master.generation(), site.master.stats()));
    let result = pass_on(&site.disk, 3).unwrap();
    assert_eq!(result.files.len(), cuts.len());
    for file in &result.files {
        assert_eq!(file.outcome, "held", "{}: {}", file.raw_name, file.detail);
    }
    let records = &result.records;
    assert_eq!(
        (records.total(), result.entries, result.residents_after, result.removals),
        (0, 0, 0, 0)
    );
    let after = look(&site.disk, |site| (site.master.generation(), site.master.stats()));
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    result
}

/// After all the parts the whole file comes, and is applied as if they had never been there.
fn then_whole(site: &Small, party: &str, name: &str, file: &[u8], records: u64) {
    site.put(party, name, file);
    let result = pass_on(&site.disk, 4).unwrap();
    assert_eq!((result.records.applied, result.residents_after), (records, records));
}

#[test]
fn a_pass_applies_nothing_of_any_part_of_a_plain_file() {
    let site = Small::new();
    let file = files::upd(AKITA, 1, &[ANNA]);
    passed(&site, AKITA, "dat", &file, &cuts(file.len(), None));
    then_whole(&site, AKITA, &files::name(AKITA, 1), &file, 1);
}

#[test]
fn a_pass_applies_nothing_of_any_part_of_a_sealed_file() {
    let site = Small::new();
    let file = files::upd(AKITA, 1, &[ANNA]);
    let key = look(&site.disk, |site| site.secrets.public_sealing_keys()[0].clone());
    let name = files::name(AKITA, 1);
    let package = files::package(AKITA, &site.parties[AKITA], (OWN, &key), &name, &file, 9);
    passed(&site, AKITA, "dat.seki", &package, &cuts(package.len(), None));
    then_whole(&site, AKITA, &format!("{name}.seki"), &package, 1);
}

#[test]
fn a_pass_applies_nothing_of_a_file_cut_at_a_record() {
    let record = Layouts::builtin().unwrap().get(FileKind::Upd).record_bytes() as usize;
    let rows: Vec<Row> = [ANNA, BEN, CHIE]
        .iter()
        .map(|person| files::entry(NOSHIRO, *person))
        .collect();
    for encoding in [Encoding::Cp932, Encoding::Ucs2Be] {
        for line_end in [LineEnd::None, LineEnd::CrLf] {
            let site = Small::new();
            let mut head = files::head(NOSHIRO, 1);
            (head.encoding, head.line_end) = (encoding, line_end);
            let file = files::upd_of(&head, &rows);
            let mut cuts = cuts(file.len(), Some(record + line_end.bytes().len()));
            // Without the line end behind its last record a file is whole.
            cuts.retain(|cut| cut + 2 <= file.len() - line_end.bytes().len() + 1);
            passed(&site, NOSHIRO, "dat", &file, &cuts);
            then_whole(&site, NOSHIRO, &files::name(NOSHIRO, 1), &file, 3);
        }
    }
}

#[test]
fn a_cut_acknowledgement_acknowledges_nothing() {
    let site = Small::new();
    let (_, file) = files::res(1, [7; 32]);
    let result = passed(&site, NATIONAL, "dat", &file, &cuts(file.len(), None));
    assert!(result.files.iter().all(|file| file.answer.is_none()));
}
