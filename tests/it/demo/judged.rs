//! The predictions of the demonstration against intake, decode, check, plan and apply, over a register in memory.

use std::collections::{BTreeMap, BTreeSet};

use sekisho::domain::code::Code;
use sekisho::domain::entry::{Entry, Standing};
use sekisho::domain::ids::{JuminCode, MunicipalityCode, MyNumber, PartyId};
use sekisho::domain::instant::BusinessDate;
use sekisho::domain::item::Item;
use sekisho::domain::municipality::{Offices, Prefecture};
use sekisho::domain::notice::{Notice, NoticeDigest, NoticeKey};
use sekisho::domain::party::{FileKind, Party};
use sekisho::format::layout::Layouts;
use sekisho::pipeline::apply;
use sekisho::pipeline::check::{FileFacts, Head, RecordKind, Registers, check};
use sekisho::pipeline::decode::Decoder;
use sekisho::pipeline::intake::{
    Arrival, Candidate, Content, ExchangeFacts, FileIdentity, InboundFile, Site, Verdict, admit, judge,
};
use sekisho::pipeline::plan::{Judge, Known};
use sekisho::run::demo::{DemoDay, DemoFile, DemoWorld, ENVIRONMENT, ExpectedCounts, ExpectedFinding, Fate, OWN};
use sekisho::text::gaiji::GaijiTable;

/// Files exchanged before.
#[derive(Default)]
struct Facts {
    answered: BTreeSet<FileIdentity>,
    next: BTreeMap<PartyId, u32>,
}

impl ExchangeFacts for Facts {
    fn is_answered(&self, identity: &FileIdentity) -> bool {
        self.answered.contains(identity)
    }

    fn next_serial(&self, sender: PartyId, _kind: FileKind) -> u32 {
        self.next.get(&sender).copied().unwrap_or(1)
    }

    fn oldest_kept(&self, _sender: PartyId, _kind: FileKind) -> u32 {
        1
    }
}

/// A site without a disk.
struct Register {
    layouts: Layouts,
    parties: BTreeMap<PartyId, Party>,
    gaiji: BTreeMap<PartyId, GaijiTable>,
    offices: Offices,
    prefecture: Prefecture,
    facts: Facts,
    waiting: Vec<(InboundFile, Vec<u8>)>,
    entries: BTreeMap<JuminCode, Entry>,
    owners: BTreeMap<MyNumber, JuminCode>,
    notices: BTreeMap<NoticeKey, NoticeDigest>,
}

/// What became of the files of a run, by name: outcome of the file, sums and findings of those that were judged.
#[derive(Default)]
struct Run {
    fates: Vec<(String, String)>,
    judged: BTreeMap<String, (ExpectedCounts, Vec<ExpectedFinding>)>,
}

/// What an answer tells: its sums and its findings.
fn told(answer: &apply::Answer) -> (ExpectedCounts, Vec<ExpectedFinding>) {
    let sum = |value: u64| u32::try_from(value).unwrap();
    let counts = ExpectedCounts {
        records: sum(answer.sums.total()),
        applied: sum(answer.sums.applied),
        warned: sum(answer.sums.applied_with_warning),
        rejected: sum(answer.sums.rejected),
        duplicate: sum(answer.sums.duplicate),
    };
    let mut findings = Vec::new();
    for record in &answer.records {
        findings.extend(record.findings.iter().map(|finding| ExpectedFinding {
            record_no: record.record_no,
            code: finding.code,
            item: finding.item.and_then(Item::from_number),
        }));
    }
    (counts, findings)
}

impl Register {
    fn new(world: &DemoWorld) -> Self {
        let parties = world.parties().unwrap();
        let tables: BTreeMap<&str, GaijiTable> = world
            .gaiji_tables()
            .iter()
            .map(|table| (table.name, GaijiTable::parse_csv(table.csv.as_bytes()).unwrap()))
            .collect();
        let gaiji = |party: &Party| {
            party
                .gaiji_table
                .as_deref()
                .map_or(GaijiTable::none(), |name| tables[name].clone())
        };
        Self {
            layouts: Layouts::builtin().unwrap(),
            gaiji: parties.iter().map(|party| (party.id, gaiji(party))).collect(),
            offices: Offices::of(&parties),
            parties: parties.into_iter().map(|party| (party.id, party)).collect(),
            prefecture: Prefecture::built_in(MunicipalityCode::parse(OWN).unwrap()).unwrap(),
            facts: Facts::default(),
            waiting: Vec::new(),
            entries: BTreeMap::new(),
            owners: BTreeMap::new(),
            notices: BTreeMap::new(),
        }
    }

    fn run(&mut self, date: BusinessDate, files: &[DemoFile]) -> Run {
        let mut run = Run::default();
        let site = Site {
            own: PartyId::parse(OWN).unwrap(),
            environment: ENVIRONMENT,
            business_date: date,
            layouts: &self.layouts,
            serves: &[FileKind::Upd],
            first_generation: None,
        };
        let mut bytes_of: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut candidates = Vec::new();
        for (order, (file, bytes)) in (0..).zip(std::mem::take(&mut self.waiting)) {
            bytes_of.insert(file.label().to_owned(), bytes);
            candidates.push(Candidate {
                file,
                waiting_since: Some(order),
            });
        }
        for file in files {
            let arrival = Arrival {
                label: &file.name,
                content: Content::Bytes(&file.bytes),
                shell: None,
                is_growing: false,
                is_new: true,
            };
            let fate = match judge(&arrival, &site, &self.parties, &self.facts).verdict {
                Verdict::Held(cause) => format!("held {}", cause.code().as_str()),
                Verdict::Duplicate(_) => "duplicate".to_owned(),
                Verdict::Rejected { cause, identity } => {
                    self.facts.answered.insert(identity);
                    format!("rejected {}", cause.code().as_str())
                }
                Verdict::Ready(ready) => {
                    bytes_of.insert(file.name.clone(), file.bytes.clone());
                    candidates.push(Candidate {
                        file: *ready,
                        waiting_since: None,
                    });
                    continue;
                }
            };
            run.fates.push((file.name.clone(), fate));
        }
        let admission = admit(candidates, &self.facts);
        for (file, cause) in admission.held {
            run.fates
                .push((file.label().to_owned(), format!("held {}", cause.code().as_str())));
            if cause.code() == Code::H07 {
                let bytes = bytes_of[file.label()].clone();
                self.waiting.push((file, bytes));
            }
        }
        let (mut notices, mut heads) = (Vec::new(), Vec::new());
        for file in &admission.taken {
            run.fates.push((file.label().to_owned(), "judged".to_owned()));
            self.facts.answered.insert(file.identity());
            let header = file.header();
            self.facts.next.insert(header.sender, header.serial + 1);
            let of_file = self.read(file, &bytes_of[file.label()], date, &mut notices);
            heads.push((file.label().to_owned(), header.sender, header.serial, of_file));
        }
        let known = self.load(&notices);
        let judge = Judge {
            business_date: date,
            offices: &self.offices,
        };
        let residents = self
            .entries
            .values()
            .filter(|entry| matches!(entry.standing, Standing::Resident(_)))
            .count();
        let applied = apply::run(&judge, notices, known).unwrap();
        assert_eq!(applied.run.sums(residents as u64).test(), Ok(()));
        let by_source = applied.by_source();
        for (label, sender, serial, of_file) in heads {
            let answer = apply::answer(sender, serial, of_file, &by_source).unwrap();
            run.judged.insert(label, told(&answer));
        }
        drop(by_source);
        for entry in applied.changes.entries {
            self.entries.insert(entry.code, entry);
        }
        self.owners.extend(applied.changes.numbers);
        self.notices.extend(applied.changes.notices);
        run.fates.sort();
        run
    }

    /// The records of a taken file; those that pass the checks go to `notices`.
    fn read(&self, file: &InboundFile, bytes: &[u8], date: BusinessDate, notices: &mut Vec<Notice>) -> Vec<Head> {
        let header = file.header();
        let gaiji = &self.gaiji[&header.sender];
        let layout = self.layouts.get(FileKind::Upd);
        let mut decoder = Decoder::new(layout, header.encoding, gaiji, header.sender);
        let file_facts = FileFacts {
            kind: RecordKind::Notice,
            sender: header.sender,
            serial: header.serial,
            created_at: header.created_at,
            business_date: date,
        };
        let mut heads = Vec::new();
        for record_no in 1..=file.frame().data_count() {
            let record = file.frame().data_record(bytes, record_no).unwrap();
            let decoded = decoder.decode(record, record_no, file.frame().data_offset(record_no));
            let registers = Registers {
                prefecture: &self.prefecture,
                offices: &self.offices,
            };
            let checked = check(decoded, decoder.places(), &file_facts, registers);
            heads.push(checked.head);
            notices.extend(checked.notice);
        }
        heads
    }

    fn load(&self, notices: &[Notice]) -> Known {
        let mut known = Known::default();
        loop {
            let needs = known.missing(notices);
            if needs.is_empty() {
                return known;
            }
            for code in needs.codes {
                known.learn_entry(code, self.entries.get(&code).cloned());
            }
            for number in needs.numbers {
                known.learn_owner(number, self.owners.get(&number).copied());
            }
            for key in needs.notices {
                known.learn_notice(key, self.notices.get(&key).copied());
            }
        }
    }
}

fn word(fate: Fate) -> String {
    match fate {
        Fate::Judged => "judged".to_owned(),
        Fate::Held { code, .. } => format!("held {}", code.as_str()),
        Fate::Rejected(code) => format!("rejected {}", code.as_str()),
        Fate::Repeated => "duplicate".to_owned(),
    }
}

/// Runs the initial load and some days; every file and every finding must be as predicted.
fn compare(seed: u64, residents: u32, days: u32) {
    let mut world = DemoWorld::new(seed, residents).unwrap();
    let mut register = Register::new(&world);
    let initial: Vec<DemoFile> = world.initial_files().map(Result::unwrap).collect();
    let mut promised: BTreeMap<String, DemoFile> = BTreeMap::new();
    let first = world.options().initial_date;
    let mut runs: Vec<DemoDay> = vec![DemoDay {
        number: 0,
        date: first,
        files: initial,
        released: Vec::new(),
    }];
    runs.extend((0..days).map(|_| world.next_day().unwrap()));
    for day in runs {
        let done = register.run(day.date, &day.files);
        let mut fates: Vec<(String, String)> = day
            .files
            .iter()
            .map(|file| (file.name.clone(), word(file.fate)))
            .collect();
        fates.extend(day.released.iter().map(|name| (name.clone(), "judged".to_owned())));
        fates.sort();
        assert_eq!(done.fates, fates, "files of day {}", day.number);
        let mut judged = 0;
        let late: Vec<DemoFile> = day.released.iter().map(|name| promised.remove(name).unwrap()).collect();
        for file in day.files.iter().filter(|file| file.fate == Fate::Judged).chain(&late) {
            let (counts, findings) = &done.judged[&file.name];
            assert_eq!(
                findings, &file.findings,
                "findings of {} on day {}",
                file.name, day.number
            );
            assert_eq!(
                Some(*counts),
                file.expected,
                "sums of {} on day {}",
                file.name,
                day.number
            );
            judged += 1;
        }
        assert_eq!(judged, done.judged.len());
        for file in day.files {
            if let Fate::Held { released: Some(_), .. } = file.fate {
                promised.insert(file.name.clone(), file);
            }
        }
    }
}

#[test]
fn every_prediction_holds_for_twenty_days() {
    compare(20_200_911, 4000, 20);
}

#[test]
fn every_prediction_holds_for_other_seeds_and_sizes() {
    for seed in 0..6 {
        compare(seed, 700, 6);
    }
    compare(77, 60, 12);
}
