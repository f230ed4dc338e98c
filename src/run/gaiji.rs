//! Gaiji tables (外字表) from disk: that of a registered party, or a file that an operator names.

use std::path::Path;

use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::party::Party;
use crate::ports::Disk;
use crate::store::folders::Folders;
use crate::text::gaiji::GaijiTable;

/// No gaiji table is larger: 1,880 rows with notes.
const GAIJI_MAX_BYTES: u64 = 1 << 20;

/// The table of a party; the empty one where it has none.
///
/// # Errors
/// `FileUnreadable`, `GaijiWrong`.
pub fn of_party(disk: &dyn Disk, folders: &Folders, party: &Party) -> Result<GaijiTable, Fault> {
    match &party.gaiji_table {
        Some(name) => read(disk, &folders.gaiji(name)),
        None => Ok(GaijiTable::none()),
    }
}

/// The table in a file.
///
/// # Errors
/// `FileUnreadable`, `GaijiWrong`.
pub fn read(disk: &dyn Disk, path: &Path) -> Result<GaijiTable, Fault> {
    let bytes = disk.read(path, GAIJI_MAX_BYTES).map_err(trouble::unreadable(path))?;
    GaijiTable::parse_csv(&bytes).map_err(|fault| {
        // The words of the fault begin with its line, which stands in a place of its own here.
        let text = fault.to_string();
        let why = text.split_once(": ").map_or(text.as_str(), |(_, why)| why);
        Fault::new(FaultId::GaijiWrong)
            .with("path", path.display())
            .with("line", fault.line())
            .with("why", why)
    })
}
