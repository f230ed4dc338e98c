//! The server of the reference model: the ladder of the file checks, serials and gaps, the order of a run, answers and
//! notices to the national body (rules 2.5, 2.6 and 9; formats, "Identity and order").

use std::collections::BTreeMap;

use sekisho::seal::digest::to_hex;

use super::Wrong;
use super::checks::{Around, check};
use super::numbers::days_later;
use super::paper::{Damage, Delivered, Finding, Items, Ntf, NtfLine, Record, Res, ResLine, Verdict};
use super::register::{Register, Standing};
use super::wire::{UPD_FIELDS, ntf_items, record_offset};

/// A party that sends, or tries to.
#[derive(Debug, Clone)]
pub(super) struct Town {
    /// Its code and those of its predecessors.
    pub(super) own: Vec<String>,
    pub(super) active: bool,
    pub(super) sends_notices: bool,
}

/// What became of a file of a pass.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fate {
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) outcome: &'static str,
    pub(super) code: &'static str,
    /// Applied, with warning, rejected, duplicate.
    pub(super) sums: Option<[u64; 4]>,
    /// Serial of the answer that goes out.
    pub(super) answer: Option<u32>,
}

/// What a pass shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) files: Vec<Fate>,
    /// Name and finding of files that were not held before for this reason.
    pub(super) newly_held: Vec<(String, &'static str)>,
    pub(super) ntf: Option<Ntf>,
    pub(super) sums: [u64; 4],
    pub(super) residents_before: u64,
    pub(super) entries: u64,
    pub(super) removals: u64,
    pub(super) residents_after: u64,
}

/// The whole state.
#[derive(Debug, Clone)]
pub(super) struct Office {
    pub(super) towns: BTreeMap<String, Town>,
    pub(super) register: Register,
    /// Next serial by town.
    pub(super) next: BTreeMap<String, u32>,
    /// By hash of the bytes: town and serial of the answer.
    pub(super) answered: BTreeMap<[u8; 32], (String, u32)>,
    /// Every answer by town and serial.
    pub(super) answers: BTreeMap<(String, u32), Res>,
    /// First files behind a gap, by town and serial.
    waiting: BTreeMap<(String, u32), Delivered>,
    /// Kept files by folder, name and hash, with the finding.
    pub(super) held: BTreeMap<(String, String, [u8; 32]), &'static str>,
    /// Incomplete files that still lie in the inbound folders, by folder and name.
    pub(super) in_place: BTreeMap<(String, String), Delivered>,
    pub(super) generation: u64,
    /// Held files that came again when their bytes had been answered: the kept copies go to the archive.
    pub(super) let_go: usize,
    /// Notice files made.
    pub(super) notices: u32,
    /// Notice files without acknowledgement.
    pub(super) open: Vec<u32>,
}

/// A file that is taken.
struct Taken {
    fate: usize,
    file: Delivered,
    answer: u32,
}

impl Office {
    pub(super) fn new(towns: BTreeMap<String, Town>) -> Self {
        Self {
            towns,
            register: Register::default(),
            next: BTreeMap::new(),
            answered: BTreeMap::new(),
            answers: BTreeMap::new(),
            waiting: BTreeMap::new(),
            held: BTreeMap::new(),
            in_place: BTreeMap::new(),
            generation: 0,
            let_go: 0,
            notices: 0,
            open: Vec::new(),
        }
    }

    pub(super) fn next(&self, town: &str) -> u32 {
        self.next.get(town).copied().unwrap_or(1)
    }

    /// One run on a day (YYYYMMDD) over what arrived and what waits.
    pub(super) fn pass(
        &mut self,
        today: &str,
        arrivals: &[Delivered],
        acknowledges: Option<u32>,
        wrong: Option<Wrong>,
    ) -> Shown {
        let old: Vec<Delivered> = self.in_place.values().cloned().collect();
        for file in arrivals {
            // A file of the same name is the same file, written on.
            self.in_place
                .insert((file.upd.sender.clone(), file.name.clone()), file.clone());
        }
        // The national body's acknowledgements come in the order of its serials.
        if let Some(serial) = acknowledges {
            self.open.retain(|open| *open != serial);
        }
        let mut queue: Vec<(bool, Delivered)> = std::mem::take(&mut self.in_place)
            .into_values()
            .map(|file| (true, file))
            .collect();
        queue.extend(self.waiting.values().map(|file| (false, file.clone())));
        queue.sort_by_key(|(new, file)| {
            (
                file.upd.sender.clone(),
                file.upd.shown_serial(),
                *new,
                file.name.clone(),
            )
        });
        let (mut fates, mut taken, mut newly_held) = (Vec::new(), Vec::new(), Vec::new());
        for (new, file) in queue {
            let (town, serial) = (file.upd.sender.clone(), file.upd.serial);
            let (outcome, code) = if new {
                self.ladder(&file, today, wrong)
            } else if serial == self.next(&town) {
                self.waiting.remove(&(town.clone(), serial));
                self.held.remove(&(town.clone(), file.name.clone(), file.hash));
                ("processed", "")
            } else {
                // Still waiting: not a file of this run.
                continue;
            };
            let mut fate = Fate {
                folder: town.clone(),
                name: file.name.clone(),
                outcome,
                code,
                sums: None,
                answer: None,
            };
            match outcome {
                "held" if code == "H01" => {
                    let listed = old.contains(&file);
                    self.in_place.insert((town.clone(), file.name.clone()), file);
                    if listed {
                        // As it was: not said again.
                        continue;
                    }
                    newly_held.push((fate.name.clone(), code));
                }
                "held" => {
                    let before = self.held.insert((town.clone(), file.name.clone(), file.hash), code);
                    if before != Some(code) {
                        newly_held.push((fate.name.clone(), code));
                    }
                    if code == "H07" {
                        self.waiting.entry((town.clone(), serial)).or_insert(file);
                    }
                }
                "duplicate" => {
                    fate.answer = Some(self.answered[&file.hash].1);
                    let kept = self.held.remove(&(town.clone(), file.name.clone(), file.hash));
                    self.let_go += usize::from(kept.is_some());
                }
                _ => {
                    self.held.remove(&(town.clone(), file.name.clone(), file.hash));
                    let before = self.answers.keys().filter(|(of, _)| *of == town).count();
                    let answer = u32::try_from(before).unwrap() + 1;
                    fate.answer = Some(answer);
                    let head = answer_head(&file, answer, today);
                    self.answered.insert(file.hash, (town.clone(), answer));
                    let mut lines = Vec::new();
                    if outcome == "rejected" {
                        lines.push(res_line(0, &Record::default(), 'R', &Finding::of(code, 0), ""));
                    }
                    let res = Res {
                        head,
                        lines,
                        sums: [0; 4],
                    };
                    self.answers.insert((town.clone(), answer), res);
                    if outcome == "processed" || wrong == Some(Wrong::RejectedFilesConsumeTheirSerial) {
                        self.next.insert(town.clone(), serial + 1);
                    }
                    if outcome == "processed" {
                        taken.push(Taken {
                            fate: fates.len(),
                            file,
                            answer,
                        });
                    }
                }
            }
            fates.push(fate);
        }
        let mut shown = self.process(today, fates, &taken, wrong);
        shown.newly_held = newly_held;
        shown
    }

    /// The ladder (2.6, "Order of the file checks"): outcome and code.
    fn ladder(&self, file: &Delivered, today: &str, wrong: Option<Wrong>) -> (&'static str, &'static str) {
        let is = |damage: Damage| file.upd.damage == Some(damage);
        let town = &self.towns[&file.upd.sender];
        let next = self.next(&file.upd.sender);
        if is(Damage::NotAHeader) {
            ("held", "H02")
        } else if !town.sends_notices {
            ("held", "H03")
        } else if !town.active {
            ("held", "H04")
        } else if is(Damage::Environment) {
            ("held", "H09")
        } else if self.answered.contains_key(&file.hash) {
            ("duplicate", "")
        } else if is(Damage::Cut) {
            ("held", "H01")
        } else if is(Damage::RecordOfAnotherType) || is(Damage::ByteTooMany) || is(Damage::NoTrailer) {
            ("rejected", "F001")
        } else if is(Damage::Hash)
            || is(Damage::Count)
            || is(Damage::Receiver)
            || is(Damage::Version)
            || is(Damage::SerialZero)
            || is(Damage::TextEncoding)
            || file.upd.created_at[..8] > *days_later(today, 1)
        {
            ("rejected", "F002")
        } else if file.name.starts_with("UPD-") && file.name != usual_name(file) {
            ("held", "H02")
        } else if file.upd.serial < next {
            ("held", "H06")
        } else if file.upd.serial > next && wrong != Some(Wrong::GapsAreNoGaps) {
            ("held", "H07")
        } else {
            ("processed", "")
        }
    }

    /// Judges and applies the records of the files that were taken, as one run.
    fn process(&mut self, today: &str, mut fates: Vec<Fate>, taken: &[Taken], wrong: Option<Wrong>) -> Shown {
        let mut shown = Shown {
            residents_before: self.register.count(Standing::Resident),
            ..Shown::default()
        };
        let predecessors: Vec<String> = self.towns.values().flat_map(|town| town.own[1..].to_vec()).collect();
        let mut verdicts: BTreeMap<(usize, usize), (Verdict, bool)> = BTreeMap::new();
        let mut queue = Vec::new();
        for (index, Taken { file, .. }) in taken.iter().enumerate() {
            let own = &self.towns[&file.upd.sender].own;
            for (number, record) in (1..).zip(&file.upd.records) {
                let around = Around {
                    own,
                    predecessors: &predecessors,
                    created_at: &file.upd.created_at,
                    today,
                    offset: record_offset(number, file.upd.line_end),
                };
                let findings = check(record, &around);
                if findings.is_empty() {
                    queue.push((index, number, file, record));
                } else {
                    verdicts.insert((index, number), (Verdict { outcome: 'R', findings }, false));
                }
            }
        }
        queue.sort_by_key(|(_, number, file, record)| {
            let rank = match record.items.get(10) {
                _ if wrong == Some(Wrong::RemovalsHaveNoPrecedence) => 0,
                reason if reason.starts_with('2') => 0,
                reason if reason.starts_with('1') => 1,
                _ => 2,
            };
            let seq: u32 = record.items.get(22).parse().unwrap();
            let time = record.items.get(18).to_owned();
            (time, rank, seq, file.upd.sender.clone(), file.upd.serial, *number)
        });
        let generation = self.generation + 1;
        let mut notices = Vec::new();
        for (index, number, file, record) in queue {
            let own = self.towns[&file.upd.sender].own.clone();
            let (offset, len, _) = UPD_FIELDS[9];
            let place = (record_offset(number, file.upd.line_end) + offset, len);
            let verdict = self.register.judge(record, &own, today, place, wrong);
            let applied = "AW".contains(verdict.outcome);
            if applied {
                let reason = record.items.get(10);
                let after = self.register.apply(record, today, wrong);
                let entry = reason.starts_with('1') || reason == "52" && record.old_code.is_empty();
                shown.entries += u64::from(entry);
                shown.removals += u64::from(reason.starts_with('2'));
                if reason != "90" || wrong != Some(Wrong::ConfirmationsAreNotPassedOn) {
                    notices.push(ntf_line(after, record, file, number, generation));
                }
            }
            verdicts.insert((index, number), (verdict, applied));
        }
        if verdicts.values().any(|(_, applied)| *applied) {
            self.generation = generation;
        }
        if !notices.is_empty() {
            self.notices += 1;
            self.open.push(self.notices);
            let (serial, created_at) = (self.notices, format!("{today}000000000"));
            shown.ntf = Some(Ntf {
                serial,
                created_at,
                lines: notices,
            });
        }
        for (index, Taken { fate, file, answer }) in taken.iter().enumerate() {
            let mut sums = [0; 4];
            let res = self.answers.get_mut(&(file.upd.sender.clone(), *answer)).unwrap();
            for (number, record) in (1..).zip(&file.upd.records) {
                let (verdict, applied) = &verdicts[&(index, number)];
                let kind = "AWRD".find(verdict.outcome).unwrap();
                sums[kind] += 1;
                let generation = if *applied {
                    generation.to_string()
                } else {
                    String::new()
                };
                let none = [Finding::of("", 0)];
                let findings = if verdict.findings.is_empty() {
                    &none[..]
                } else {
                    &verdict.findings
                };
                for finding in findings {
                    res.lines
                        .push(res_line(number, record, verdict.outcome, finding, &generation));
                }
            }
            res.sums = sums.map(|sum| u32::try_from(sum).unwrap());
            assert_eq!(sums.iter().sum::<u64>(), file.upd.records.len() as u64);
            fates[*fate].sums = Some(sums);
            for (total, sum) in shown.sums.iter_mut().zip(sums) {
                *total += sum;
            }
        }
        shown.residents_after = self.register.count(Standing::Resident);
        assert_eq!(
            shown.residents_after,
            shown.residents_before + shown.entries - shown.removals
        );
        fates.sort();
        shown.files = fates;
        shown
    }
}

/// The name that contradicts nothing; names of another form say nothing.
fn usual_name(file: &Delivered) -> String {
    format!("UPD-{}-050008-{:08}.dat", file.upd.sender, file.upd.serial)
}

/// Header of an answer.
fn answer_head(file: &Delivered, answer: u32, today: &str) -> Vec<String> {
    // The encoding of a file that does not say it is anybody's guess: not compared.
    let encoding = match (file.upd.damage, file.upd.ucs2) {
        (Some(Damage::TextEncoding), _) => "?",
        (_, true) => "2",
        (_, false) => "1",
    };
    let (serial, made) = (format!("{answer:08}"), format!("{today}000000000"));
    let reply = to_hex(&file.hash);
    let town = file.upd.sender.as_str();
    ["RES", "01", "050008", town, &serial, &made, "T", encoding, &reply]
        .map(str::to_owned)
        .to_vec()
}

fn res_line(number: usize, record: &Record, outcome: char, finding: &Finding, generation: &str) -> ResLine {
    let items = &record.items;
    let (offset, len) = finding
        .place
        .map_or_else(Default::default, |(offset, len)| (offset.to_string(), len.to_string()));
    let item = if finding.item == 0 {
        String::new()
    } else {
        finding.item.to_string()
    };
    let mut line = vec![format!("{number:08}")];
    line.extend([1, 10, 22, 18].map(|item| items.get(item).to_owned()));
    line.extend([
        outcome.to_string(),
        finding.code.to_owned(),
        item,
        offset,
        len,
        generation.to_owned(),
    ]);
    ResLine(line)
}

/// What the national body is told: the row after the notice with 10, 11, 18, 22 and the old numbers of the notice; in
/// CP932, so that what CP932 does not have is 〓 and is counted.
fn ntf_line(mut row: Items, record: &Record, file: &Delivered, number: usize, generation: u64) -> NtfLine {
    for item in [10, 11, 18, 22] {
        row.set(item, record.items.get(item));
    }
    let mut any = false;
    for (text, count) in [(2, 3), (7, 8), (25, 26)] {
        let given = row.get(text).replace('𠮷', "〓");
        let geta = given.chars().filter(|c| *c == '〓').count();
        any |= geta > 0;
        row.set(text, &given);
        row.set(count, &format!("{geta:03}"));
    }
    row.set(20, if any { "1" } else { "0" });
    // The old numbers are used by their own reasons alone.
    let reason = record.items.get(10);
    let mut line = NtfLine::new();
    for item in ntf_items() {
        let value = match item {
            29 if reason.starts_with('4') => &record.old_number,
            30 if reason.starts_with('5') => &record.old_code,
            29 | 30 => "",
            item => row.get(item),
        };
        line.insert(format!("item {item:02}"), value.to_owned());
    }
    line.insert("source".to_owned(), file.upd.sender.clone());
    line.insert("source serial".to_owned(), format!("{:08}", file.upd.serial));
    line.insert("source record".to_owned(), format!("{number:08}"));
    line.insert("generation".to_owned(), format!("{generation:010}"));
    line
}
