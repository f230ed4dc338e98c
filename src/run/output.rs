//! Files that an operator asks for: whole and durable under their name, or not there at all.

use std::path::Path;

use rand_core::Rng as _;

use super::site::Tools;
use super::trouble;
use crate::domain::fault::{Fault, FaultId};
use crate::ports::Disk;
use crate::store::atomic::{self, AtomicError, Output, Step};

/// Writes a file where nothing stands yet, mode 0600.
///
/// # Errors
/// `OutputExists`, `DiskFailed`, `FsyncFailed`.
pub fn write_new(tools: Tools<'_>, path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    let tag = tools.generator()?.next_u64();
    atomic::publish_new(tools.disk, path, bytes, tag).map_err(|why| not_written(&why))
}

/// Begins a file where nothing stands yet, mode 0600, that is written piece by piece and seen when it is published.
///
/// # Errors
/// `OutputExists`, `DiskFailed`.
pub fn begin_new<'d>(tools: Tools<'d>, path: &Path) -> Result<Output<'d>, Fault> {
    let tag = tools.generator()?.next_u64();
    Output::begin(tools.disk, path, tag).map_err(|why| not_written(&why))
}

/// Words for a file that could not be written where an operator wanted it.
pub fn not_written(why: &AtomicError) -> Fault {
    if why.step == Step::Create && why.source.kind() == std::io::ErrorKind::AlreadyExists {
        Fault::new(FaultId::OutputExists).with("path", why.path.display())
    } else {
        trouble::atomic(why)
    }
}

/// Refuses a name that is taken, before any work is done for it.
///
/// # Errors
/// `OutputExists`, `DiskFailed`.
pub fn must_be_new(disk: &dyn Disk, path: &Path) -> Result<(), Fault> {
    if disk.exists(path).map_err(trouble::disk(path))? {
        return Err(Fault::new(FaultId::OutputExists).with("path", path.display()));
    }
    Ok(())
}

/// Writes the files of a generated folder, replacing those of the same names; makes the folder where it is absent.
///
/// # Errors
/// `DiskFailed`, `FsyncFailed`.
pub fn write_folder(disk: &dyn Disk, folder: &Path, files: &[(String, String)]) -> Result<(), Fault> {
    if !disk.exists(folder).map_err(trouble::disk(folder))? {
        disk.create_folder(folder).map_err(trouble::disk(folder))?;
    }
    for (name, text) in files {
        atomic::publish(disk, &folder.join(name), text.as_bytes()).map_err(|e| trouble::atomic(&e))?;
    }
    Ok(())
}
