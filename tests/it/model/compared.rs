//! What the program keeps after a run, compared with the model: the register, the state of the exchange, the ledger.

use std::collections::BTreeSet;

use sekisho::domain::party::FileKind;
use sekisho::run::master::{What, export};
use sekisho::run::site::Site;

use super::compose::TOWNS;
use super::numbers::fiscal_year;
use super::office::Shown;
use super::play::{Differs, Play};
use super::register::Standing;
use crate::desk::files::id;
use crate::desk::state::{self, paths_below};

impl Play {
    pub(super) fn compare_register(&self, site: &Site<'_>) -> Result<(), Differs> {
        let cards = &self.office.register.cards;
        let table = |what: What| -> Vec<Vec<String>> {
            let mut bytes = Vec::new();
            export(site, None, what, &mut bytes).unwrap();
            let mut reader = csv::Reader::from_reader(bytes.as_slice());
            reader
                .records()
                .map(|row| row.unwrap().iter().map(str::to_owned).collect())
                .collect()
        };
        let everybody: Vec<String> = cards.values().map(|card| card.row.get(14).to_owned()).collect();
        let rows: Vec<Vec<String>> = cards
            .iter()
            .filter(|(_, card)| card.standing != Standing::Retired)
            .map(|(code, card)| {
                let state = self.office.register.state(code, &everybody).to_owned();
                [vec![state], card.row.all()].concat()
            })
            .collect();
        same!(table(What::Rows), rows, "rows of the register");
        let retired: Vec<Vec<String>> = cards
            .iter()
            .filter(|(_, card)| card.standing == Standing::Retired)
            .map(|(code, card)| vec![code.clone(), card.target.clone()])
            .collect();
        same!(table(What::Retired), retired, "retired codes");
        let history: Vec<Vec<String>> = cards
            .iter()
            .map(|(code, card)| {
                let superseded = card.past.iter().filter(|row| row.get(12) == "1").count();
                vec![
                    code.clone(),
                    superseded.to_string(),
                    (card.past.len() - superseded).to_string(),
                ]
            })
            .collect();
        same!(table(What::History), history, "history counts");
        Ok(())
    }

    pub(super) fn compare_exchange(&self, site: &Site<'_>) -> Result<(), Differs> {
        let exchange = site.exchange();
        for town in TOWNS {
            let next = exchange.next_inbound(id(town), FileKind::Upd);
            same!(next, self.office.next(town), "next serial of {town}");
        }
        let mut held: Vec<(String, String, bool)> = exchange
            .held
            .iter()
            .map(|held| (held.folder.clone(), held.code.clone(), held.in_place))
            .collect();
        held.sort();
        let spooled = self
            .office
            .held
            .iter()
            .map(|((folder, ..), code)| (folder.clone(), (*code).to_owned(), false));
        let in_place = self
            .office
            .in_place
            .keys()
            .map(|(folder, _)| (folder.clone(), "H01".to_owned(), true));
        let mut model: Vec<(String, String, bool)> = spooled.chain(in_place).collect();
        model.sort();
        same!(held, model, "held files");
        let open: Vec<u32> = exchange.unacknowledged.iter().map(|open| open.serial).collect();
        same!(open, self.office.open, "open notices");
        let inbox = paths_below(site.tools.disk, site.folders.root(), "in");
        let waiting: Vec<String> = self
            .office
            .in_place
            .keys()
            .map(|(folder, name)| format!("in/{folder}/{name}"))
            .collect();
        same!(inbox, waiting, "files in the inbound folders");
        let count = |folder: &str| paths_below(site.tools.disk, site.folders.root(), folder).len();
        same!(count("spool"), self.office.held.len(), "files in the spool");
        same!(count("staging"), 0, "files in staging");
        // Every file that was decided is kept once. A copy of one that was answered in an earlier run is known by its
        // bytes and not kept; one that came in the same run may be.
        let archived = count("archive");
        let least = self.office.answered.len() + self.office.let_go + self.acknowledged.len();
        let met = |outcome: &str| self.reached.met.get(outcome).copied().unwrap_or_default();
        let most = least + usize::try_from(met("duplicate ")).unwrap();
        if archived < least || most < archived {
            return Err(format!("{archived} files in the archive, not {least} to {most}"));
        }
        let stored = self.office.answers.len() + self.office.notices as usize;
        same!(count("answers"), stored, "stored answers and notices");
        Ok(())
    }

    /// Leaves of the run: what the ledger says of every file, of the records and of what went out.
    pub(super) fn compare_ledger(
        &self,
        site: &Site<'_>,
        before: (u32, u64),
        shown: &Shown,
        acknowledged: Option<&str>,
    ) -> Result<(), Differs> {
        let mut model: Vec<String> = Vec::new();
        let sums = |[applied, warned, rejected, duplicate]: [u64; 4]| {
            let outcome = if rejected > 0 { "partly" } else { "permitted" };
            (
                outcome,
                format!("applied={applied} applied_with_warning={warned} duplicate={duplicate}"),
                rejected,
            )
        };
        // A name of another form is shown by a digest.
        let label = |name: &str| {
            if name.starts_with("UPD-") {
                name.to_owned()
            } else {
                "other".to_owned()
            }
        };
        for fate in &shown.files {
            let name = label(&fate.name);
            match fate.outcome {
                "processed" => {
                    let (outcome, counts, rejected) = sums(fate.sums.unwrap());
                    model.push(format!("received {name} {outcome} {counts} rejected={rejected}"));
                }
                "rejected" => model.push(format!("refused {name} refused {}", fate.code)),
                "duplicate" => model.push(format!("duplicate {name} permitted")),
                _ => {}
            }
        }
        for (name, code) in &shown.newly_held {
            model.push(format!("held {} held {code}", label(name)));
        }
        if shown.sums[0] + shown.sums[1] > 0 {
            let (outcome, counts, rejected) = sums(shown.sums);
            let Shown {
                entries,
                removals,
                residents_before,
                residents_after,
                ..
            } = shown;
            let generation = self.office.generation;
            model.push(format!(
                "applied {outcome} {counts} entries={entries} rejected={rejected} removals={removals} \
                 residents_after={residents_after} residents_before={residents_before} generation {generation}"
            ));
        }
        if let Some(name) = acknowledged {
            let oldest = self.acknowledged.last().unwrap();
            model.push(format!("acknowledged {name} permitted ntf_serial={oldest}"));
        }
        let answers: BTreeSet<_> = shown
            .files
            .iter()
            .filter_map(|fate| Some((&fate.folder, fate.answer?)))
            .collect();
        let packages = answers.len() + usize::from(shown.ntf.is_some());
        model.extend((0..packages).map(|_| "outgoing".to_owned()));
        if packages > 0 {
            model.push(format!("published packages={packages}"));
        }
        model.sort();
        let (year, size) = before;
        let newest = site.ledger.tip().log.year();
        if newest != year {
            same!(newest, fiscal_year(&self.today), "year of the ledger");
        }
        let from = if newest == year {
            usize::try_from(size).unwrap()
        } else {
            0
        };
        let leaves = state::leaves(site);
        let mut program: Vec<String> = leaves[from..].iter().map(state::shown).collect();
        if newest != year {
            same!(program.remove(0), "year-opened", "first leaf of a year");
        }
        // Copies of files that are held already are taken away without a word about which; how many were archived is
        // told by the archive itself.
        program.retain(|leaf| leaf != "duplicate" && !leaf.starts_with("archived "));
        for leaf in &mut program {
            if let Some(at) = leaf.find("other-") {
                leaf.replace_range(at..at + "other-".len() + 32, "other");
            }
        }
        program.sort();
        same!(program, model, "leaves of the run");
        Ok(())
    }
}
