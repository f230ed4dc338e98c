//! Exports as CSV, sorted by code; UTF-8, LF, text as stored (user-defined cells as U+E000.., no padding, digits with
//! their zeros): the current rows, the retired codes, the numbers of versions.

use std::io;

use super::{Master, MasterError};
use crate::domain::entry::{Entry, Standing};
use crate::domain::item::Item;
use crate::domain::state::State;
use crate::format::rowcode::{StandingKey, VersionKey};

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

/// Item 12 of a superseded version; the others are removals (rules section 3).
const SUPERSEDED: &str = "1";

/// Writes all rows to `out`, in bounded memory, and gives their number: the state and the 28 items under the names of the
/// layouts, retired codes left out. The output is personal data.
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

/// Writes `jumin_code,new_code` of every retired code, in bounded memory, and gives their number.
///
/// # Errors
/// [`ExportError`].
pub fn export_retired(master: &Master, out: &mut dyn io::Write) -> Result<u64, ExportError> {
    let mut csv = csv::Writer::from_writer(out);
    write_row(&mut csv, ["jumin_code", "new_code"].into_iter())?;
    let mut rows = 0;
    for entry in master.scan_keys() {
        let entry = entry?;
        if let StandingKey::Retired { target } = entry.standing {
            write_row(&mut csv, [entry.code.text(), target.text()].iter().map(String::as_str))?;
            rows += 1;
        }
    }
    csv.flush().map_err(|source| ExportError::Output { source })?;
    Ok(rows)
}

/// Writes `jumin_code,superseded,past_removals` of every code, retired ones and those without a version included, in
/// bounded memory, and gives their number. A version counts for the code it was stored with: those of a former code are
/// not repeated under its successor.
///
/// # Errors
/// [`ExportError`].
pub fn export_history(master: &Master, out: &mut dyn io::Write) -> Result<u64, ExportError> {
    let mut csv = csv::Writer::from_writer(out);
    write_row(&mut csv, ["jumin_code", "superseded", "past_removals"].into_iter())?;
    let mut versions = master.scan_version_keys();
    let mut version: Option<VersionKey> = versions.next().transpose()?;
    let mut rows = 0;
    for entry in master.scan_keys() {
        let code = entry?.code;
        let (mut superseded, mut removals) = (0_u32, 0_u32);
        // Versions whose code has no entry any more are not listed.
        while let Some(known) = version.take_if(|version| version.code <= code) {
            if known.code == code {
                let is_superseded = known.row.get(Item::RetentionFlag) == Some(SUPERSEDED);
                let sum = if is_superseded { &mut superseded } else { &mut removals };
                *sum = sum.saturating_add(1);
            }
            version = versions.next().transpose()?;
        }
        let fields = [code.text(), superseded.to_string(), removals.to_string()];
        write_row(&mut csv, fields.iter().map(String::as_str))?;
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
