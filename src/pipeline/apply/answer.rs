//! What one inbound file is answered: a line for every record, in the order of the file, and sums that add up.

use std::collections::BTreeMap;

use super::{ApplyFault, Judged};
use crate::domain::finding::Finding;
use crate::domain::ids::PartyId;
use crate::domain::notice::Source;
use crate::domain::outcome::{Outcome, RecordSums};
use crate::pipeline::check::Head;
use crate::pipeline::decode::Echo;

/// One record of the file and what became of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Answered {
    /// Number of the record in its file, from 1.
    pub record_no: u32,
    /// What a RES echoes.
    pub echo: Echo,
    /// Outcome.
    pub outcome: Outcome,
    /// Findings, sorted as in a RES; a RES has one record for each, or one with a blank code.
    pub findings: Vec<Finding>,
}

/// What one file is answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// Records in the order of the file.
    pub records: Vec<Answered>,
    /// Sums of the trailer.
    pub sums: RecordSums,
}

/// Joins the records of one file with what became of their notices.
///
/// # Errors
/// [`ApplyFault::Unjudged`] where a record has neither a finding of `check` nor an outcome, [`ApplyFault::Sums`] where
/// the sums do not add up.
pub fn answer(
    sender: PartyId,
    serial: u32,
    heads: Vec<Head>,
    judged: &BTreeMap<Source, &Judged>,
) -> Result<Answer, ApplyFault> {
    let input = u64::try_from(heads.len()).unwrap_or(u64::MAX);
    let mut sums = RecordSums::default();
    let mut records = Vec::with_capacity(heads.len());
    for head in heads {
        let source = Source {
            sender,
            serial,
            record_no: head.record_no,
        };
        let (outcome, findings) = if head.refused.is_empty() {
            let judged = judged.get(&source).ok_or(ApplyFault::Unjudged(source))?;
            (judged.outcome, judged.findings.clone())
        } else {
            (Outcome::Rejected, head.refused)
        };
        sums.count(outcome);
        records.push(Answered {
            record_no: head.record_no,
            echo: head.echo,
            outcome,
            findings,
        });
    }
    sums.test(input)?;
    Ok(Answer { records, sums })
}
