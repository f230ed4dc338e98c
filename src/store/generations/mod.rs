//! Commits and generations: manifests on disk, the pointer to the newest, and what is made of them
//! (`docs/formats/manifest.md`).
//!
//! `stage` writes the runs of a new commit (`builder` row by row), `compact` makes few runs of many, `verify` reads everything, `diff` compares
//! two generations, `states` keeps the secret states behind the roots. The order of a commit (run files, their folder,
//! manifest, ledger, `CURRENT`) is the commit protocol's; each function here makes durable what it writes.

mod builder;
mod compact;
mod diff;
mod stage;
mod states;
mod tally;
mod verify;

pub use builder::GenerationBuilder;
pub use compact::Erasure;
pub use diff::{CodeDiff, DiffKind, gen_diff};
pub use stage::{GenerationFacts, Staging};
pub use states::StateError;
pub use verify::{CONTENTS, Depth, Fault, Slice, Verification, verify, verify_contents};

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::atomic::{self, TEMPORARY_SUFFIX};
use super::master::MasterError;
use super::paths::{RUN_ENDING, StorePaths, commit_of_file, manifest_file, run_file};
use crate::format::manifest::{Hash32, MAX_MANIFEST_BYTES, MAX_POINTER_BYTES, Manifest, Pointer};
use crate::ports::Disk;

/// Reads `CURRENT`; `None` where there is none, before the first commit.
///
/// # Errors
/// [`MasterError::Disk`], [`MasterError::Pointer`], [`MasterError::NoCurrent`] where there are later commits without it.
pub fn current(disk: &dyn Disk, paths: &StorePaths) -> Result<Option<Pointer>, MasterError> {
    match disk.read(&paths.current(), MAX_POINTER_BYTES) {
        Ok(bytes) => Pointer::parse(&bytes)
            .map(Some)
            .map_err(|source| MasterError::Pointer { source }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            // A lost pointer must not look like a new store. Commit 1 alone may be one that never became current.
            let files = list(disk, &paths.manifests(), "manifests")?;
            if files
                .iter()
                .any(|file| commit_of_file(file).is_some_and(|commit| commit > 1))
            {
                return Err(MasterError::NoCurrent);
            }
            Ok(None)
        }
        Err(source) => Err(disk_error("read", "CURRENT")(source)),
    }
}

/// Reads the manifest of a commit; `want` is the hash that its successor or `CURRENT` names.
///
/// # Errors
/// [`MasterError::NoManifest`], [`MasterError::ManifestHash`], [`MasterError::Manifest`], [`MasterError::Disk`].
pub fn read_manifest(
    disk: &dyn Disk,
    paths: &StorePaths,
    commit: u64,
    want: Option<Hash32>,
) -> Result<Manifest, MasterError> {
    let file = manifest_name(commit);
    let bytes = match disk.read(&paths.manifest(commit), MAX_MANIFEST_BYTES) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(MasterError::NoManifest { commit }),
        Err(source) => return Err(disk_error("read", &file)(source)),
    };
    let got = Hash32(Sha256::digest(&bytes).into());
    if want.is_some_and(|want| want != got) {
        return Err(MasterError::ManifestHash { file });
    }
    let manifest = Manifest::parse(&bytes).map_err(|source| MasterError::Manifest {
        file: file.clone(),
        source,
    })?;
    if manifest.commit == commit {
        Ok(manifest)
    } else {
        Err(MasterError::ManifestHash { file })
    }
}

/// SHA-256 of a manifest's bytes.
///
/// # Errors
/// [`MasterError::Manifest`].
pub fn hash_of(manifest: &Manifest) -> Result<Hash32, MasterError> {
    let bytes = bytes_of(manifest)?;
    Ok(Hash32(Sha256::digest(&bytes).into()))
}

/// Manifests from the newest that `CURRENT` names back to the oldest that is kept, each tested against the hash in its
/// successor. Manifests behind a missing one are not given; [`verify`] reports them.
///
/// # Errors
/// [`MasterError`].
pub fn manifests(disk: &dyn Disk, paths: &StorePaths) -> Result<Vec<Manifest>, MasterError> {
    let mut chain = Vec::new();
    let mut next = current(disk, paths)?.map(|pointer| (pointer.commit, pointer.manifest));
    while let Some((commit, want)) = next {
        let manifest = match read_manifest(disk, paths, commit, Some(want)) {
            // Older commits are disposed of from the oldest on; the newest must be there.
            Err(MasterError::NoManifest { .. }) if !chain.is_empty() => break,
            other => other?,
        };
        next = manifest.parent.map(|parent| (commit - 1, parent));
        chain.push(manifest);
    }
    Ok(chain)
}

/// The newest manifest of each generation, the newest first.
///
/// # Errors
/// [`MasterError`].
pub fn generations(disk: &dyn Disk, paths: &StorePaths) -> Result<Vec<Manifest>, MasterError> {
    let mut chain = manifests(disk, paths)?;
    chain.dedup_by_key(|manifest| manifest.generation);
    Ok(chain)
}

/// The newest manifest of one generation.
///
/// # Errors
/// [`MasterError::NoGeneration`] and those of [`manifests`].
pub fn generation(disk: &dyn Disk, paths: &StorePaths, generation: u64) -> Result<Manifest, MasterError> {
    let found = manifests(disk, paths)?
        .into_iter()
        .find(|manifest| manifest.generation == generation);
    found.ok_or(MasterError::NoGeneration { generation })
}

/// Writes a manifest durably and gives its hash. A leftover of a commit that never became current is replaced.
///
/// # Errors
/// [`MasterError::Publish`], [`MasterError::Manifest`].
pub fn write_manifest(disk: &dyn Disk, paths: &StorePaths, manifest: &Manifest) -> Result<Hash32, MasterError> {
    let bytes = bytes_of(manifest)?;
    atomic::publish(disk, &paths.manifest(manifest.commit), &bytes)?;
    Ok(Hash32(Sha256::digest(&bytes).into()))
}

/// Makes a commit the current one, durably.
///
/// # Errors
/// [`MasterError::Pointer`] where the ledger line does not fit, [`MasterError::Publish`].
pub fn set_current(disk: &dyn Disk, paths: &StorePaths, pointer: &Pointer) -> Result<(), MasterError> {
    let text = pointer.text().map_err(|source| MasterError::Pointer { source })?;
    Ok(atomic::publish(disk, &paths.current(), text.as_bytes())?)
}

/// Creates the folders of an empty store; folders that are there are left as they are.
///
/// # Errors
/// [`MasterError::Disk`].
pub fn create_folders(disk: &dyn Disk, paths: &StorePaths) -> Result<(), MasterError> {
    for folder in [paths.folder(), &paths.manifests(), &paths.runs()] {
        disk.create_folder(folder).map_err(disk_error("create", "folder"))?;
    }
    disk.sync_folder(paths.folder()).map_err(disk_error("sync", "folder"))
}

/// Files that no commit up to the current one names: leftovers of commits that did not come to be, and runs whose last
/// manifest was disposed of. Paths below the store folder, sorted; files that are not ours are among them.
///
/// # Errors
/// [`MasterError`].
pub fn unreferenced(disk: &dyn Disk, paths: &StorePaths) -> Result<Vec<String>, MasterError> {
    let chain = manifests(disk, paths)?;
    let commits: BTreeSet<u64> = chain.iter().map(|manifest| manifest.commit).collect();
    let runs: BTreeSet<String> = chain
        .iter()
        .flat_map(|manifest| &manifest.runs)
        .map(|run| run_file(&run.name))
        .collect();
    let mut found = Vec::new();
    for file in list(disk, &paths.manifests(), "manifests")? {
        if commit_of_file(&file).is_none_or(|commit| !commits.contains(&commit)) {
            found.push(format!("manifests/{file}"));
        }
    }
    for file in list(disk, &paths.runs(), "runs")? {
        if !runs.contains(&file) {
            found.push(format!("runs/{file}"));
        }
    }
    Ok(found)
}

/// What [`unreferenced`] finds of our own kinds of file.
///
/// # Errors
/// [`MasterError`].
pub fn leftovers(disk: &dyn Disk, paths: &StorePaths) -> Result<Vec<String>, MasterError> {
    let mut found = unreferenced(disk, paths)?;
    found.retain(|file| {
        let manifest = file.strip_prefix("manifests/").and_then(commit_of_file).is_some();
        manifest || file.ends_with(TEMPORARY_SUFFIX) || (file.starts_with("runs/") && file.ends_with(RUN_ENDING))
    });
    Ok(found)
}

/// Removes the [`leftovers`], and gives the paths. The caller holds the lock and has no commit under way.
///
/// # Errors
/// [`MasterError`].
pub fn discard_unreferenced(disk: &dyn Disk, paths: &StorePaths) -> Result<Vec<String>, MasterError> {
    let gone = leftovers(disk, paths)?;
    for file in &gone {
        disk.remove(&paths.folder().join(file))
            .map_err(disk_error("remove", file))?;
    }
    for folder in [paths.manifests(), paths.runs()] {
        disk.sync_folder(&folder).map_err(disk_error("sync", "folder"))?;
    }
    Ok(gone)
}

/// Disposes of the manifests older than `commit` and of the runs that only they name; the current commit stays whatever
/// `commit` is. Gives the paths removed.
///
/// # Errors
/// [`MasterError`].
pub fn dispose_before(disk: &dyn Disk, paths: &StorePaths, commit: u64) -> Result<Vec<String>, MasterError> {
    let chain = manifests(disk, paths)?;
    let mut gone = Vec::new();
    // From the oldest on, so that a crash leaves an unbroken chain.
    for manifest in chain.iter().skip(1).rev().filter(|manifest| manifest.commit < commit) {
        let file = manifest_name(manifest.commit);
        disk.remove(&paths.manifest(manifest.commit))
            .map_err(disk_error("remove", &file))?;
        gone.push(file);
    }
    disk.sync_folder(&paths.manifests())
        .map_err(disk_error("sync", "folder"))?;
    gone.extend(discard_unreferenced(disk, paths)?);
    Ok(gone)
}

fn bytes_of(manifest: &Manifest) -> Result<Vec<u8>, MasterError> {
    manifest.bytes().map_err(|source| MasterError::Manifest {
        file: manifest_name(manifest.commit),
        source,
    })
}

fn manifest_name(commit: u64) -> String {
    format!("manifests/{}", manifest_file(commit))
}

fn disk_error(act: &'static str, file: &str) -> impl Fn(io::Error) -> MasterError {
    let file = file.to_owned();
    move |source| MasterError::Disk {
        file: file.clone(),
        act,
        source,
    }
}

/// Names in a folder; an absent folder has none.
fn list(disk: &dyn Disk, folder: &Path, shown: &str) -> Result<Vec<String>, MasterError> {
    match disk.list(folder) {
        Ok(entries) => Ok(entries.into_iter().map(|entry| entry.name).collect()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(disk_error("list", shown)(source)),
    }
}
