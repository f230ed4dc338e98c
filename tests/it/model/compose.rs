//! From a history to files: a town writes what it believes of a person (what the register holds, and what was sent in the
//! same run), with the oddities of the history. Whether the result is right is for the register to say.

use std::collections::BTreeMap;

use super::history::{Act, Day, Deed, Draft, Post, Twist};
use super::kana::{ADDRESSES, NAMES};
use super::numbers::{self, days_later};
use super::office::Office;
use super::paper::{Damage, Delivered, Items, Record, Upd};
use super::register::Standing;
use super::texts::{fresh, grow, next_of, set_item};
use super::wire;

/// The towns of the histories; the first has a predecessor.
pub(super) const TOWNS: [&str; 5] = ["052019", "052027", "052035", "052060", "052078"];
/// The predecessor.
pub(super) const MERGED: &str = "053236";

/// What a town believes of a person: state as it sees it, code, row.
type Belief = (Option<Standing>, String, Items);

/// The desks where files are made.
#[derive(Debug, Default)]
pub(super) struct Composer {
    /// Serials used by town.
    used: BTreeMap<String, u32>,
    /// Serials of files that came back rejected.
    to_repair: BTreeMap<String, Vec<u32>>,
    /// Files that arrive at a later run.
    later: BTreeMap<usize, Vec<Delivered>>,
    /// Codes that a person had or was to have, oldest first.
    codes: BTreeMap<usize, Vec<String>>,
    /// Everything sent so far.
    log: Vec<Record>,
    /// What was sent in this run.
    today: BTreeMap<usize, Belief>,
    minutes: u32,
}

impl Composer {
    /// The files that arrive at the run with this number.
    pub(super) fn compose(&mut self, number: usize, today: &str, day: &Day, office: &Office) -> Vec<Delivered> {
        self.today.clear();
        self.minutes = 0;
        let mut arrivals = self.later.remove(&number).unwrap_or_default();
        for draft in &day.files {
            self.draft(number, today, draft, office, &mut arrivals);
        }
        // A folder holds one file of a name: the last one written.
        let mut by_name = BTreeMap::new();
        for file in arrivals {
            by_name.insert((file.upd.sender.clone(), file.name.clone()), file);
        }
        by_name.into_values().collect()
    }

    /// Tells the town that a file was rejected.
    pub(super) fn rejected(&mut self, town: &str, serial: u32) {
        self.to_repair.entry(town.to_owned()).or_default().push(serial);
    }

    fn draft(&mut self, number: usize, today: &str, draft: &Draft, office: &Office, arrivals: &mut Vec<Delivered>) {
        let town = TOWNS[draft.town];
        let repair = self.to_repair.entry(town.to_owned()).or_default();
        let serial = if draft.repairs && !repair.is_empty() {
            repair.remove(0)
        } else {
            let used = self.used.entry(town.to_owned()).or_default();
            *used += 1;
            *used
        };
        let mut records: Vec<Record> = Vec::new();
        for act in &draft.acts {
            let mut record = self.record(today, town, act, office);
            if !draft.ucs2 {
                // CP932 does not have it.
                let name = record.items.get(2).replace('𠮷', "〓");
                record.items.set(2, &name);
            }
            records.push(record);
        }
        let made = match draft.damage {
            Some(Damage::MadeTomorrowNight) => format!("{}235959999", days_later(today, 1)),
            Some(Damage::MadeInTwoDays) => format!("{}000000000", days_later(today, 2)),
            _ => format!("{today}230000000"),
        };
        let upd = Upd {
            sender: town.to_owned(),
            serial,
            created_at: made,
            ucs2: draft.ucs2,
            line_end: ["", "\n", "\r\n"][draft.line_end],
            records,
            damage: draft.damage,
        };
        let mut other = upd.clone();
        let file = wire::delivered(upd);
        let renamed = |mut file: Delivered, word: &str| {
            file.name = format!("{word}-{town}-{serial}.dat");
            file
        };
        let later = |runs: usize| number + runs;
        match draft.post {
            Post::Never => {}
            Post::Late(runs) => self.later.entry(later(runs)).or_default().push(file),
            Post::Now => {
                if draft.damage == Some(Damage::Cut) && draft.repairs {
                    // The sender goes on writing.
                    other.damage = None;
                    self.later.entry(later(1)).or_default().push(wire::delivered(other));
                }
                arrivals.push(file);
            }
            Post::Twice => {
                arrivals.push(renamed(file.clone(), "copy"));
                arrivals.push(file);
            }
            Post::Again(runs, same) => {
                let again = if same {
                    file.clone()
                } else {
                    renamed(file.clone(), "again")
                };
                self.later.entry(later(runs)).or_default().push(again);
                arrivals.push(file);
            }
            Post::Conflict(runs) => {
                other.damage = None;
                other.records.reverse();
                other.created_at = format!("{today}225959000");
                let other = renamed(wire::delivered(other), "other");
                if runs == 0 {
                    arrivals.push(other);
                } else {
                    self.later.entry(later(runs)).or_default().push(other);
                }
                arrivals.push(file);
            }
        }
    }

    /// What the town believes of a person.
    fn belief(&mut self, person: usize, office: &Office) -> Belief {
        if let Some(belief) = self.today.get(&person) {
            return belief.clone();
        }
        let codes = self
            .codes
            .entry(person)
            .or_insert_with(|| vec![numbers::code(2_000_000_000 + person as u64 * 100)]);
        for code in codes.iter().rev() {
            if let Some(card) = office.register.cards.get(code)
                && card.standing != Standing::Retired
            {
                return (Some(card.standing), code.clone(), card.row.clone());
            }
        }
        (None, codes[0].clone(), Items::default())
    }

    fn record(&mut self, today: &str, town: &str, act: &Act, office: &Office) -> Record {
        self.minutes += 1;
        let (hour, minute) = (8 + self.minutes / 60, self.minutes % 60);
        let time = format!("{today}{hour:02}{minute:02}00000");
        if let (Deed::Repeat(back), false) = (act.deed, self.log.is_empty()) {
            let mut again = self.log[self.log.len() - 1 - back.min(self.log.len() - 1)].clone();
            match act.variant {
                0 | 1 => {}
                2 => again.items.set(16, "OP000009"),
                _ => {
                    for twist in &act.twists {
                        if let Twist::Item(item, variant) = twist {
                            set_item(&mut again.items, *item, *variant, act.person);
                        }
                    }
                }
            }
            return again;
        }
        // A town writes mostly about its own people.
        let person = match act.deed {
            Deed::Fitting(_) => {
                let mut order = (act.person..5).chain(0..act.person);
                let elsewhere = |belief: &Belief| belief.0 == Some(Standing::Resident) && town_of(&belief.2) != town;
                let own = order.find(|person| !elsewhere(&self.belief(*person, office)));
                if act.variant == 3 {
                    act.person
                } else {
                    own.unwrap_or(act.person)
                }
            }
            Deed::Reason(_) | Deed::Repeat(_) => act.person,
        };
        let (standing, code, row) = self.belief(person, office);
        let fitting = fitting(standing, &row, town);
        let reason = match act.deed {
            Deed::Fitting(n) => fitting[n % fitting.len()],
            Deed::Reason(reason) => reason,
            Deed::Repeat(_) => "16",
        };
        let mut record = Record {
            items: if standing.is_none() {
                fresh(person, act.variant)
            } else {
                row.clone()
            },
            ..Record::default()
        };
        for item in [12, 13, 19, 21] {
            record.items.set(item, "");
        }
        for (item, text) in [
            (1, code.as_str()),
            (10, reason),
            (11, today),
            (14, town),
            (16, "OP000001"),
            (17, "T1"),
            (18, &time),
            (22, "000001"),
        ] {
            record.items.set(item, text);
        }
        self.deed(&mut record, reason, person, act.variant, &row);
        for twist in &act.twists {
            self.twisted(&mut record, *twist, person, today, &row);
        }
        if act.twists.is_empty() {
            self.remember(person, reason, &record, town, standing, &row);
        }
        self.log.push(record.clone());
        record
    }

    /// What a reason is for.
    fn deed(&mut self, record: &mut Record, reason: &str, person: usize, variant: u8, row: &Items) {
        let items = &mut record.items;
        match reason {
            "31" => next_of(items, 7, &ADDRESSES),
            "32" => match variant {
                0 => next_of(items, 7, &ADDRESSES),
                1 => grow(items, 23),
                2 => next_of(items, 2, &NAMES[..4]),
                _ => items.set(15, "002002"),
            },
            "33" => match variant {
                0 => next_of(items, 2, &NAMES[..4]),
                1 => set_item(items, 5, if person.is_multiple_of(2) { 1 } else { 2 }, person),
                2 => set_item(items, 25, 1, person),
                _ => grow(items, 24),
            },
            "14" | "15" => {
                next_of(items, 2, &NAMES[..4]);
                items.set(11, row.get(11));
                let day = items.get(5).get(1..).unwrap_or("").to_owned();
                if reason == "14" && variant > 0 && !day.is_empty() {
                    items.set(5, &format!("0{day}"));
                }
            }
            "41" | "42" | "43" => {
                row.get(9).clone_into(&mut record.old_number);
                items.set(
                    9,
                    &numbers::number(3_000_000_000 + person as u64 * 10 + u64::from(variant)),
                );
            }
            "51" | "52" => {
                let known = self.codes.get_mut(&person).unwrap();
                let body = 2_000_000_000 + person as u64 * 100 + known.len() as u64;
                let code = numbers::code(body);
                if reason == "51" || variant > 0 || !row.get(1).is_empty() {
                    record.old_code = items.get(1).to_owned();
                    items.set(1, &code);
                    known.push(code);
                }
            }
            "13" => {
                let day = items.get(11).to_owned();
                if variant > 0 {
                    items.set(5, &format!("5{day}"));
                }
            }
            _ => {}
        }
    }

    /// What the town takes for granted after it has sent a notice without an oddity.
    fn remember(
        &mut self,
        person: usize,
        reason: &str,
        sent: &Record,
        town: &str,
        standing: Option<Standing>,
        row: &Items,
    ) {
        let standing = match (reason.as_bytes()[0], standing) {
            (b'2', Some(_)) => Standing::Removed,
            (b'9', _) | (b'2', None) => return,
            _ => Standing::Resident,
        };
        let mut row = if standing == Standing::Removed {
            row.clone()
        } else {
            sent.items.clone()
        };
        for item in [10, 11, 18, 22] {
            row.set(item, sent.items.get(item));
        }
        row.set(14, town);
        self.today
            .insert(person, (Some(standing), sent.items.get(1).to_owned(), row));
    }

    /// One oddity.
    fn twisted(&self, record: &mut Record, twist: Twist, person: usize, today: &str, row: &Items) {
        let items = &mut record.items;
        // Codes and numbers that were sent before, former ones and those of others too.
        let other = |of: usize| -> (String, String) {
            let sent = self.log.get(self.log.len().saturating_sub(1 + of * 2));
            sent.map_or_else(Default::default, |sent| {
                (sent.items.get(1).to_owned(), sent.items.get(9).to_owned())
            })
        };
        match twist {
            Twist::Item(item, variant) => set_item(items, item, variant, person),
            Twist::Gaiji(field, counted) => {
                let (text, count, geta) =
                    [(2, 3, "〓山　太郎"), (7, 8, "秋田県秋田市〓町〓番"), (25, 26, "〓山")][usize::from(field)];
                items.set(text, geta);
                if counted {
                    let number = geta.chars().filter(|c| *c == '〓').count();
                    items.set(count, &format!("{number:03}"));
                    items.set(20, "1");
                }
            }
            Twist::Hours(hours) => {
                let time = items.get(18).to_owned();
                if !numbers::real_instant(&time) {
                    return;
                }
                let all = i32::from(hours) + time[8..10].parse::<i32>().unwrap();
                let day = days_later(&time[..8], all.div_euclid(24));
                items.set(18, &format!("{day}{:02}{}", all.rem_euclid(24), &time[10..]));
            }
            Twist::SameTime(greater) => {
                if !row.get(18).is_empty() {
                    items.set(18, row.get(18));
                    let seq: u32 = row.get(22).parse().unwrap();
                    items.set(22, &format!("{:06}", seq + u32::from(greater)));
                }
            }
            Twist::Days(days) => items.set(11, &days_later(today, i32::from(days))),
            Twist::OddDate(variant) => {
                let texts = [
                    "20200900", "2020A100", "00000000", "2020A1A2", "20200229", "20190229", "20201300", "0000A4A3",
                ];
                items.set(11, texts[usize::from(variant)]);
            }
            Twist::OddBirth(variant) => {
                let texts = [
                    "519000000",
                    "400000000",
                    "019A1A100",
                    "419890107",
                    "319890107",
                    "3198902A1",
                    "019000229",
                    "500000101",
                ];
                items.set(5, texts[usize::from(variant)]);
            }
            Twist::NumberOf(of) => items.set(9, &other(of).1),
            Twist::OldNumber(variant) => {
                let texts = ["", "379474484458", "379474484459", "12345678901X"];
                texts[usize::from(variant)].clone_into(&mut record.old_number);
            }
            Twist::OldCode(of) => record.old_code = if of == 4 { numbers::code(77) } else { other(of).0 },
            Twist::Code(of) => {
                let code = other(of).0;
                if !code.is_empty() {
                    items.set(1, &code);
                }
            }
            Twist::WrongDigit(field) => {
                let text = match field {
                    29 => &record.old_number,
                    30 => &record.old_code,
                    item => items.get(item),
                };
                if let Some(last) = text.chars().last().and_then(|last| last.to_digit(10)) {
                    let wrong = format!("{}{}", &text[..text.len() - 1], (last + 1) % 10);
                    match field {
                        29 => record.old_number = wrong,
                        30 => record.old_code = wrong,
                        item => items.set(item, &wrong),
                    }
                }
            }
        }
    }
}

fn town_of(row: &Items) -> &str {
    if row.get(14) == MERGED { TOWNS[0] } else { row.get(14) }
}

/// Reasons that fit, the plainest first.
fn fitting(standing: Option<Standing>, row: &Items, town: &str) -> &'static [&'static str] {
    match standing {
        None => &["16", "11", "12", "13", "52"],
        Some(Standing::Resident) if town_of(row) == town => &[
            "31", "21", "33", "23", "51", "41", "32", "26", "24", "43", "22", "42", "52", "25",
        ],
        Some(Standing::Resident) => &["90", "11", "16", "31", "21"],
        Some(Standing::Removed | Standing::Retired) => match row.get(10) {
            "23" => &["16", "11"],
            "24" => &["14", "16", "11", "15"],
            "25" => &["15", "16", "11", "14"],
            _ => &["11", "16", "12", "90"],
        },
    }
}
