//! The ledger's part of the verification of a site.

use super::{Depth, Found, LOOKS, bad};
use crate::domain::instant::BusinessDate;
use crate::run::examine::Examined;
use crate::run::ledger::open_private;
use crate::run::site::origin_prefix;
use crate::store::ledger::{LedgerError, LogName, Report, verify_some};

use super::bad::{Bad, What};

/// Reads those logs in full that the depth wants, and tests that all hang together.
pub(super) fn verify(site: &Examined<'_>, depth: Depth, found: &mut Found) {
    let report = match read(site, &|log| depth.reads(&format!("ledger/{log}"))) {
        Ok(report) => report,
        Err(e) => return found.add(bad::of_ledger(&e)),
    };
    found.leaves = report.logs.iter().map(|log| log.size).sum();
    if let Some(defect) = &report.defect {
        found.add(bad::of_defect(defect));
        found.bad_count = found.bad_count.saturating_add(report.others);
    }
    if let Some(bad) = too_young(&report) {
        found.add(bad);
    }
    for stray in report.strays {
        found.stray(format!("ledger/{stray}"));
    }
    for log in report.logs {
        for file in log.leftovers {
            found.stray(format!("ledger/{}/{file}", log.log));
        }
    }
}

/// The log before the oldest one, where it cannot have been disposed of yet.
pub(in crate::run) fn too_young(report: &Report) -> Option<Bad> {
    let (earlier, newest) = (report.earlier.as_ref()?, report.logs.first()?);
    let name = earlier.origin.rsplit('/').next().and_then(LogName::parse)?;
    let first_day = |year: u32| BusinessDate::from_value(year * 10_000 + 401);
    let (then, now) = (first_day(name.year())?, first_day(newest.log.year())?);
    super::is_young(then, Some(now)).then(|| {
        let why = "the log was too young to be disposed of";
        Bad::new(format!("ledger/{name}"), What::Missing, why)
    })
}

/// Verifies the ledger; looks again where a run went on meanwhile, for partial tiles go away with the next checkpoint.
pub(super) fn read(site: &Examined<'_>, reads: &dyn Fn(LogName) -> bool) -> Result<Report, LedgerError> {
    let folder = site.folders.ledger();
    let mut look = 1;
    loop {
        let before = super::mark(site).1;
        let read = verify_some(
            site.tools.disk,
            (&folder, &origin_prefix(&site.config)),
            &site.secrets.ledger_signer.verifier(),
            reads,
            &mut |part| open_private(&site.secrets, part.leaf, part.sealed).is_some(),
        );
        let is_sound = read.as_ref().is_ok_and(|report| report.defect.is_none());
        if is_sound || look == LOOKS || before == super::mark(site).1 {
            return read;
        }
        look += 1;
    }
}
