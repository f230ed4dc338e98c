//! Why a run cannot be carried out.

use crate::domain::notice::Source;
use crate::domain::outcome::SumFault;
use crate::pipeline::plan::PlanFault;

/// Why a run could not be carried out. None of these is a fault of a notice: nothing may be committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApplyFault {
    /// A notice could not be judged.
    #[error("record {record_no} of file {serial} of {sender}", sender = source_record.sender, serial = source_record.serial, record_no = source_record.record_no)]
    Plan {
        /// The record.
        source_record: Source,
        /// Why.
        #[source]
        fault: PlanFault,
    },
    /// The sums do not add up.
    #[error("the sums of the run do not add up")]
    Sums(#[from] SumFault),
    /// A code has more versions than its counter holds.
    #[error("a code has more versions than can be numbered")]
    Versions,
    /// A row would be longer than a record can be.
    #[error("record {record_no} of file {serial} of {sender} makes a row that is too long", sender = .0.sender, serial = .0.serial, record_no = .0.record_no)]
    RowLength(Source),
    /// A record of the file was neither refused nor judged.
    #[error("record {record_no} of file {serial} of {sender} has no outcome", sender = .0.sender, serial = .0.serial, record_no = .0.record_no)]
    Unjudged(Source),
}
