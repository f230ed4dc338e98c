//! Several files or folders made durable at once: a journalling file system writes one entry for all who wait, so that
//! hundreds of them cost little more than one.
//!
//! Where acts on the disk are counted or ordered (simulation, crash tests) they are made durable one after the other.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Disk, WriteNew};

/// Most who wait at once. Twice as many gain nothing.
const THREADS: usize = 16;
/// Files that may wait, open, for being made durable together.
pub const FILES_MAX: usize = 64;

/// Makes the content of all files durable. A failure is fatal, as with [`WriteNew::sync`].
///
/// # Errors
/// Why the first of those that failed did.
pub fn sync_files(disk: &dyn Disk, files: Vec<Box<dyn WriteNew>>) -> io::Result<()> {
    if !disk.syncs_in_parallel() {
        return files.into_iter().try_for_each(|mut file| file.sync());
    }
    let files: Vec<Mutex<Box<dyn WriteNew>>> = files.into_iter().map(Mutex::new).collect();
    all(files.len(), &|index| match files.get(index).map(Mutex::lock) {
        Some(Ok(mut file)) => file.sync(),
        Some(Err(_)) | None => Err(io::Error::other("a file was lost")),
    })
    .map_err(|(_, why)| why)
}

/// Makes the entries of all folders durable. A failure is fatal, as with [`Disk::sync_folder`].
///
/// # Errors
/// The folder that failed, the first of them, and why.
pub fn sync_folders(disk: &dyn Disk, folders: &[PathBuf]) -> Result<(), (PathBuf, io::Error)> {
    let of = |index: usize| folders.get(index).cloned().unwrap_or_default();
    if !disk.syncs_in_parallel() {
        return folders
            .iter()
            .try_for_each(|folder| disk.sync_folder(folder).map_err(|why| (folder.clone(), why)));
    }
    all(folders.len(), &|index| disk.sync_folder(&of(index))).map_err(|(index, why)| (of(index), why))
}

/// Does all acts, several at a time; of those that fail the first by number is told.
fn all(count: usize, act: &(dyn Fn(usize) -> io::Result<()> + Sync)) -> Result<(), (usize, io::Error)> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failed: Option<(usize, io::Error)> = None;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return failed;
            }
            if let Err(why) = act(index) {
                failed.get_or_insert((index, why));
            }
        }
    };
    if count <= 1 {
        return work().map_or(Ok(()), Err);
    }
    let first = thread::scope(|scope| {
        let running: Vec<_> = (0..count.min(THREADS)).map(|_| scope.spawn(work)).collect();
        let ended = running.into_iter().map(|worker| {
            let lost = |_| Some((0, io::Error::other("a thread that makes files durable ended")));
            worker.join().unwrap_or_else(lost)
        });
        ended.flatten().min_by_key(|(index, _)| *index)
    });
    first.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_act_is_done_once_and_the_first_failure_told() {
        for count in [0, 1, 2, 40, 100] {
            let done = Mutex::new(Vec::new());
            let act = |index: usize| {
                done.lock().unwrap().push(index);
                if index == 7 || index == 33 {
                    Err(io::Error::other(format!("no {index}")))
                } else {
                    Ok(())
                }
            };
            let result = all(count, &act);
            let told = result.map_err(|(index, why)| (index, why.to_string()));
            let wanted = if count > 7 { Err((7, "no 7".to_owned())) } else { Ok(()) };
            assert_eq!(told, wanted);
            let done = done.into_inner().unwrap();
            assert_eq!(done.len(), count);
            assert_eq!(done.into_iter().collect::<BTreeSet<_>>().len(), count);
        }
    }
}
