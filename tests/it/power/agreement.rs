//! The simulated disk and the real one, without faults: the same calls give the same results and kinds of errors.

use std::io;
use std::path::Path;

use proptest::prelude::*;
use sekisho::os::disk::RealDisk;
use sekisho::ports::simulated::SimDisk;
use sekisho::ports::{Disk, FileKind, FolderEntry};

/// One call with small names, so that they meet often.
#[derive(Debug, Clone)]
enum Call {
    Write(&'static str, u16),
    Open(&'static str),
    Rename(&'static str, &'static str),
    Remove(&'static str),
    RemoveFolder(&'static str),
    CreateFolder(&'static str),
    SyncFolder(&'static str),
    List(&'static str),
    Facts(&'static str),
    Lock(&'static str),
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a", "b", "d", "e", "d/a", "d/b", "d/e", "e/a", "e/f", "d/e/a", "none/a",
    ])
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        (path(), 0..600_u16).prop_map(|(path, len)| Call::Write(path, len)),
        path().prop_map(Call::Open),
        (path(), path()).prop_map(|(from, to)| Call::Rename(from, to)),
        path().prop_map(Call::Remove),
        path().prop_map(Call::RemoveFolder),
        path().prop_map(Call::CreateFolder),
        path().prop_map(Call::CreateFolder),
        path().prop_map(Call::SyncFolder),
        path().prop_map(Call::List),
        path().prop_map(Call::Facts),
        path().prop_map(Call::Lock),
    ]
}

/// What a call said, in words that do not depend on inodes and times.
fn said(disk: &dyn Disk, root: &Path, call: &Call) -> String {
    let at = |path: &str| root.join(path);
    let words = |result: io::Result<String>| result.unwrap_or_else(|why| format!("{:?}", why.kind()));
    let done = |result: io::Result<()>| words(result.map(|()| "done".to_owned()));
    match call {
        Call::Write(path, len) => done(disk.create(&at(path)).and_then(|mut file| {
            file.write_all(&vec![b'x'; usize::from(*len)])?;
            file.sync()
        })),
        Call::Open(path) => words(disk.open(&at(path)).and_then(|file| {
            let mut buf = [0; 300];
            let read = file.read_exact_at(&mut buf, 1).map_err(|why| why.kind());
            let facts = file.facts()?;
            Ok(format!("{read:?} {:?} {} {}", facts.kind, facts.len_bytes, facts.links))
        })),
        Call::Rename(from, to) => done(disk.rename(&at(from), &at(to))),
        Call::Remove(path) => done(disk.remove(&at(path))),
        Call::RemoveFolder(path) => done(disk.remove_folder(&at(path))),
        Call::CreateFolder(path) => done(disk.create_folder(&at(path))),
        Call::SyncFolder(path) => done(disk.sync_folder(&at(path))),
        Call::List(path) => words(
            disk.list(&at(path))
                .map(|entries: Vec<FolderEntry>| format!("{entries:?}")),
        ),
        Call::Facts(path) => words(disk.facts(&at(path)).map(|facts| {
            let len = if facts.kind == FileKind::Plain {
                facts.len_bytes
            } else {
                0
            };
            format!("{:?} {len} {:o}", facts.kind, facts.mode)
        })),
        Call::Lock(path) => words(disk.lock(&at(path)).and_then(|first| {
            let second = disk.lock(&at(path)).map(|_| ()).map_err(|why| why.kind());
            drop(first);
            drop(disk.lock(&at(path))?);
            Ok(format!("{second:?}"))
        })),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn it_says_what_the_real_disk_says(calls in prop::collection::vec(call(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let simulated = SimDisk::new(1);
        simulated.create_folder(Path::new("/r")).unwrap();
        for (number, call) in calls.iter().enumerate() {
            let real = said(&RealDisk, folder.path(), call);
            prop_assert_eq!(said(&simulated, Path::new("/r"), call), real, "call {} of {:?}", number, calls);
        }
    }
}
