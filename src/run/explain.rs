//! Why one record is accepted or refused: the record of a file against the master as it is, or as a generation left it.

use std::path::{Path, PathBuf};

use super::site::Site;
use super::{gaiji, known, trouble};
use crate::domain::compare::Meaning;
use crate::domain::entry::Entry;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::finding::Finding;
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::item::Item;
use crate::domain::municipality::Offices;
use crate::domain::notice::Notice;
use crate::domain::outcome::Outcome;
use crate::domain::party::FileKind;
use crate::domain::reason::Reason;
use crate::domain::state::State;
use crate::domain::transition::Cell;
use crate::format::exchange::{FileFault, HashRule, ParsedFile};
use crate::pipeline::check::{FileFacts, RecordKind, Registers, check};
use crate::pipeline::decode::Decoder;
use crate::pipeline::plan::{Explanation, Judge, Known, PlanFault, explain as explain_notice};
use crate::store::master::Master;
use crate::text::gaiji::GaijiTable;

/// Largest file that is read: twice what the intake takes.
const FILE_MAX_BYTES: u64 = 4 << 30;

/// What is to be explained.
#[derive(Debug, Clone)]
pub struct Wish {
    /// An update file, not sealed.
    pub file: PathBuf,
    /// Number of the record, from 1.
    pub record_no: u32,
    /// Business date of the run; the newest on record or today, whichever is later, where none is given.
    pub business_date: Option<BusinessDate>,
    /// Generation to judge against instead of the newest.
    pub generation: Option<u64>,
}

/// One item that differs from the master's row.
#[derive(Clone, PartialEq, Eq)]
pub struct Difference {
    /// The item.
    pub item: Item,
    /// What the reason makes of it.
    pub meaning: Meaning,
    /// What the notice says. Personal.
    pub sent: String,
    /// What the master says. Personal.
    pub master: String,
}

/// How far a record came.
pub enum Way {
    /// F or C findings: the master is not asked.
    Refused,
    /// The same notice, or one with its key, was applied before: nothing else is asked.
    Known,
    /// It met a cell of the table.
    Cell {
        /// State before the notice.
        state: State,
        /// The cell.
        cell: Cell,
        /// Items that differ from the master's row, by number.
        differences: Vec<Difference>,
    },
}

/// Everything that led to the outcome.
pub struct Explained {
    /// Sender of the file.
    pub sender: PartyId,
    /// Serial of the file.
    pub serial: u32,
    /// Item 10, where it could be read.
    pub reason: Option<Reason>,
    /// Business date that was used.
    pub business_date: BusinessDate,
    /// Generation that was used.
    pub generation: u64,
    /// How far the record came.
    pub way: Way,
    /// Its outcome.
    pub outcome: Outcome,
    /// Its findings.
    pub findings: Vec<Finding>,
}

/// Explains one record. The notices before it in its run are not taken into account: it is judged alone.
///
/// # Errors
/// `FileUnreadable`, `FileNotExchange`, `RecordUnknown`, `GenerationUnknown`, `GaijiWrong`, `StoreDamaged`.
pub fn explain(site: &Site<'_>, wish: &Wish) -> Result<Explained, Fault> {
    let path = &wish.file;
    let bytes = site
        .tools
        .disk
        .read(path, FILE_MAX_BYTES)
        .map_err(trouble::unreadable(path))?;
    let parsed = ParsedFile::parse(&bytes, &site.layouts, HashRule::Optional).map_err(|why| no_exchange(path, &why))?;
    let header = &parsed.header;
    if header.kind != FileKind::Upd {
        return Err(Fault::new(FaultId::KindNotExplained)
            .with("path", path.display())
            .with("kind", header.kind.as_str()));
    }
    let record = parsed.frame.data_record(&bytes, wish.record_no).ok_or_else(|| {
        Fault::new(FaultId::RecordUnknown)
            .with("path", path.display())
            .with("record", wish.record_no)
    })?;
    let business_date = match wish.business_date {
        Some(given) => given,
        None => site.business_date(None)?,
    };
    let older;
    let master = match wish.generation {
        None => &site.master,
        Some(generation) => {
            older = Master::at_generation(site.tools.disk, &site.paths, &site.master_keys, generation)
                .map_err(|e| trouble::master(&e))?;
            &older
        }
    };
    let gaiji = match site.parties.get(header.sender) {
        Some(party) => gaiji::of_party(site.tools.disk, &site.folders, party)?,
        None => GaijiTable::none(),
    };
    let offices = site.offices();
    let mut decoder = Decoder::new(site.layouts.get(header.kind), header.encoding, &gaiji, header.sender);
    let decoded = decoder.decode(record, wish.record_no, parsed.frame.data_offset(wish.record_no));
    let reason = Reason::parse(decoded.row.get(Item::ChangeReason));
    let facts = FileFacts {
        kind: RecordKind::Notice,
        sender: header.sender,
        serial: header.serial,
        created_at: header.created_at,
        business_date,
    };
    let registers = Registers {
        prefecture: &site.prefecture,
        offices: &offices,
    };
    let checked = check(decoded, decoder.places(), &facts, registers);
    let (way, outcome, findings) = match &checked.notice {
        None => (Way::Refused, Outcome::Rejected, checked.head.refused),
        Some(notice) => judge(master, notice, &offices, business_date)?,
    };
    Ok(Explained {
        sender: header.sender,
        serial: header.serial,
        reason,
        business_date,
        generation: master.generation(),
        way,
        outcome,
        findings,
    })
}

fn judge(
    master: &Master,
    notice: &Notice,
    offices: &Offices,
    business_date: BusinessDate,
) -> Result<(Way, Outcome, Vec<Finding>), Fault> {
    let known = known::learn(master, std::slice::from_ref(notice))?;
    let judge = Judge { business_date, offices };
    let Explanation {
        state,
        cell,
        decision,
        changes,
        ..
    } = explain_notice(&judge, notice, &known).map_err(contradiction)?;
    let way = if decision.cell.is_none() {
        Way::Known
    } else {
        let entry = entry_of(&known, notice).map_err(contradiction)?;
        let row = entry.and_then(Entry::row);
        let differences = changes
            .into_iter()
            .map(|change| Difference {
                item: change.item,
                meaning: change.meaning,
                sent: notice.get(change.item).to_owned(),
                master: row.map(|row| row.get(change.item).to_owned()).unwrap_or_default(),
            })
            .collect();
        Way::Cell {
            state,
            cell,
            differences,
        }
    };
    Ok((way, decision.outcome, decision.findings))
}

fn entry_of<'k>(known: &'k Known, notice: &Notice) -> Result<Option<&'k Entry>, PlanFault> {
    match notice.column() {
        Some(code) => known.entry(code),
        None => Ok(None),
    }
}

fn contradiction(why: PlanFault) -> Fault {
    match why {
        PlanFault::NotLoaded => trouble::bug(why),
        PlanFault::Chain | PlanFault::Standing => trouble::damaged("store")(why),
    }
}

fn no_exchange(path: &Path, why: &FileFault) -> Fault {
    Fault::new(FaultId::FileNotExchange)
        .with("path", path.display())
        .with("code", why.code().as_str())
        .with("why", why)
}
