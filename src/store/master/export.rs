//! Export of the current rows as CSV: the state and the 28 items under the names of the layouts, sorted by code, retired
//! codes left out; UTF-8, LF, text as stored (user-defined cells as U+E000.., no padding, digits with their zeros).

use std::io;

use super::{Master, MasterError};
use crate::domain::entry::{Entry, Standing};
use crate::domain::item::Item;
use crate::domain::state::State;

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The master could not be read.
    #[error(transparent)]
    Master(#[from] MasterError),
    /// The output could not be written.
    #[error("cannot write the export")]
    Output {
        /// Why.
        source: io::Error,
    },
    /// A removed person whose item 10 is no removal.
    #[error("row {row} is removed, but its item 10 is no removal")]
    Reason {
        /// Row of the export, 0-based.
        row: u64,
    },
}

/// Writes all rows to `out`, in bounded memory, and gives their number. The output is personal data.
///
/// # Errors
/// [`ExportError`].
pub fn export_rows(master: &Master, out: &mut dyn io::Write) -> Result<u64, ExportError> {
    let mut csv = csv::Writer::from_writer(out);
    let names = Item::ALL.map(|item| item.row().name);
    write_row(&mut csv, std::iter::once("state").chain(names))?;
    let mut rows = 0;
    for entry in master.scan_current() {
        let entry = entry?;
        let Some(row) = entry.row() else { continue };
        let state = state_letters(&entry).ok_or(ExportError::Reason { row: rows })?;
        write_row(
            &mut csv,
            std::iter::once(state).chain(Item::ALL.map(|item| row.get(item))),
        )?;
        rows += 1;
    }
    csv.flush().map_err(|source| ExportError::Output { source })?;
    Ok(rows)
}

fn write_row<'a>(
    csv: &mut csv::Writer<&mut dyn io::Write>,
    fields: impl Iterator<Item = &'a str>,
) -> Result<(), ExportError> {
    csv.write_record(fields)
        .map_err(|e| ExportError::Output { source: e.into() })
}

/// Letters of the state; a resident of any municipality is `RS`, as the municipality itself would see it.
fn state_letters(entry: &Entry) -> Option<&'static str> {
    let state = match entry.standing {
        Standing::Resident(_) => Some(State::Rs),
        Standing::Removed(_) | Standing::Retired { .. } => State::of(Some(entry), |_| true),
    };
    state.map(State::code)
}
