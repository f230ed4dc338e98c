//! One pass over the inbound folders: what `run`, `plan` and `watch` do.
//!
//! `gather` brings the files and judges each by itself, `assess` decides what becomes of all of them, `work` judges and
//! applies their records, `settle` lets it, seals the answers and commits. `plan` does all but `settle`; nothing is written
//! before that but encrypted spool copies, and not even those by `plan`.

mod answers;
mod assess;
mod gather;
mod identity;
mod result;
mod settle;
mod spool;
mod work;

pub use answers::notice_hash;
pub(super) use answers::notice_id;
pub(super) use identity::{ArchivedRecord, IdentityKey, Known};
pub use result::{FileReport, NoticeReport, PassResult};
pub use settle::inbound_of_held;

use super::room;
use super::site::Site;
use crate::domain::fault::{Class, Fault};
use crate::domain::instant::BusinessDate;
use crate::store::spill::Spill;
pub use work::Memory;

/// How a pass is done.
#[derive(Debug, Clone, Copy)]
pub struct PassSettings {
    /// Business date given by the operator.
    pub business_date: Option<BusinessDate>,
    /// Worker threads, at least 1.
    pub threads: usize,
    /// Memory for the records.
    pub memory: Memory,
}

/// What a run would do; writes nothing.
pub fn plan(site: &mut Site<'_>, settings: PassSettings) -> Result<PassResult, Fault> {
    let date = site.business_date(settings.business_date)?;
    let gathered = gather::gather(site, date, settings.threads, false)?;
    let mut assessed = assess::assess(site, gathered)?;
    let spill = Spill::in_memory(site.tools.entropy);
    let means = work::Means {
        date,
        threads: settings.threads,
        memory: settings.memory,
        spill: &spill,
    };
    assessed.sums = work::work(site, &assessed.files, means, None)?.sums;
    assess::reaches_national(site, &assessed.sums)?;
    Ok(result::of_plan(site, &assessed, date))
}

/// One pass: takes, judges, applies, answers, commits. A full disk is left as it was found: what the pass had begun is
/// taken away again, and nothing is half done.
pub fn run(site: &mut Site<'_>, settings: PassSettings) -> Result<PassResult, Fault> {
    room::keep_reserve(site.tools.disk, &site.folders, &site.config)?;
    match attempt(site, settings) {
        Err(fault) if room::is_full(&fault) => {
            // Only by the newest state it is known which copies nobody owns: the commit may be done after all.
            if room::resume(site)?.is_none() || site.reload().is_err() {
                return Err(fault);
            }
            match spool::tidy(site) {
                Err(later) if later.class() == Class::Fatal => Err(later),
                Ok(()) | Err(_) => Err(fault),
            }
        }
        other => other,
    }
}

fn attempt(site: &mut Site<'_>, settings: PassSettings) -> Result<PassResult, Fault> {
    let date = site.business_date(settings.business_date)?;
    let gathered = gather::gather(site, date, settings.threads, true)?;
    let assessed = assess::assess(site, gathered)?;
    settle::settle(site, assessed, date, settings)
}
