//! What the simulated disk forgets, keeps and refuses.

use std::collections::BTreeSet;

use super::*;

fn p(path: &str) -> &Path {
    Path::new(path)
}

fn write(disk: &dyn Disk, path: &str, bytes: &[u8], sync: bool) {
    let mut file = disk.create(p(path)).unwrap();
    file.write_all(bytes).unwrap();
    if sync {
        file.sync().unwrap();
    }
}

/// Names and bytes.
fn content(disk: &SimDisk) -> Vec<(String, Vec<u8>)> {
    let files = disk.files().into_iter();
    files
        .map(|path| (path.display().to_string(), disk.read(&path, 1 << 20).unwrap()))
        .collect()
}

fn lost(disk: &SimDisk) -> Vec<(String, Vec<u8>)> {
    content(&disk.survivor(Survival::Lost, 0))
}

/// Everything that can be left, over many seeds.
fn left(disk: &SimDisk, survival: Survival) -> BTreeSet<Vec<(String, Vec<u8>)>> {
    (0..200).map(|seed| content(&disk.survivor(survival, seed))).collect()
}

fn file(path: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (path.to_owned(), bytes.to_vec())
}

#[test]
fn of_a_rewrite_that_was_not_synced_the_old_bytes_may_survive_or_the_new_ones() {
    let disk = SimDisk::new(1);
    let mut written = disk.create(p("/a")).unwrap();
    disk.sync_folder(p("/")).unwrap();
    written.write_all(b"..").unwrap();
    written.write_all(b"body").unwrap();
    written.rewrite(0, b"hd").unwrap();
    assert_eq!(content(&disk), [file("/a", b"hdbody")]);
    assert_eq!(lost(&disk), [file("/a", b"")]);
    assert_eq!(left(&disk, Survival::Kept), [vec![file("/a", b"hdbody")]].into());
    let partly = left(&disk, Survival::Partly);
    for bytes in [&b"..body"[..], b"hdbody", b"\0\0body", b"h.body", b"hd", b"..", b""] {
        assert!(partly.contains(&vec![file("/a", bytes)]), "{bytes:?}");
    }
    assert!(left(&disk, Survival::Reordered).contains(&vec![file("/a", b"hd")]));
    let refused = written.rewrite(5, b"xy").unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::InvalidInput);
    written.sync().unwrap();
    assert_eq!(lost(&disk), [file("/a", b"hdbody")]);
    // What is durable is not written in place.
    assert!(written.rewrite(0, b"x").is_err());
    let disk = SimDisk::new(1);
    disk.set_faults(vec![Fault::once(Trouble::ShortWrite(Errno::Io), 3)]);
    let mut written = disk.create(p("/a")).unwrap();
    written.write_all(b"....").unwrap();
    assert_eq!(written.rewrite(0, b"head").unwrap_err().raw_os_error(), Some(5));
    assert_eq!(content(&disk), [file("/a", b"he..")]);
}

#[test]
fn the_sync_of_a_file_makes_its_bytes_durable_and_not_its_name() {
    let disk = SimDisk::new(1);
    disk.create_folder(p("/f")).unwrap();
    disk.sync_folder(p("/")).unwrap();
    write(&disk, "/f/a", b"one", true);
    assert_eq!(lost(&disk), []);
    disk.sync_folder(p("/f")).unwrap();
    assert_eq!(lost(&disk), [file("/f/a", b"one")]);
    write(&disk, "/f/b", b"two", false);
    disk.sync_folder(p("/f")).unwrap();
    assert_eq!(lost(&disk), [file("/f/a", b"one"), file("/f/b", b"")]);
    assert_eq!(
        content(&disk.survivor(Survival::Kept, 0)),
        [file("/f/a", b"one"), file("/f/b", b"two")]
    );
    // A folder without a durable name is lost with everything in it.
    disk.create_folder(p("/g")).unwrap();
    write(&disk, "/g/c", b"three", true);
    disk.sync_folder(p("/g")).unwrap();
    assert_eq!(lost(&disk).len(), 2);
    disk.sync_folder(p("")).unwrap();
    assert_eq!(lost(&disk).len(), 3);
}

#[test]
fn removals_and_replacements_are_durable_with_their_folder() {
    let disk = SimDisk::new(1);
    disk.put(p("/f/a"), b"old").unwrap();
    disk.put(p("/f/b"), b"other").unwrap();
    write(&disk, "/f/a.tmp", b"new", true);
    disk.rename(p("/f/a.tmp"), p("/f/a")).unwrap();
    disk.remove(p("/f/b")).unwrap();
    let before = [file("/f/a", b"old"), file("/f/b", b"other")];
    assert_eq!(lost(&disk), before);
    disk.sync_folder(p("/f")).unwrap();
    assert_eq!(lost(&disk), [file("/f/a", b"new")]);
    disk.remove(p("/f/a")).unwrap();
    disk.remove_folder(p("/f")).unwrap();
    // Not even with the sync of the folder above: its own entries are another thing.
    assert_eq!(lost(&disk), [file("/f/a", b"new")]);
    disk.sync_folder(p("/")).unwrap();
    assert_eq!(lost(&disk), []);
}

#[test]
fn a_rename_within_a_folder_is_whole_and_one_across_folders_leaves_one_name_or_both() {
    let disk = SimDisk::new(1);
    disk.put(p("/f/a"), b"x").unwrap();
    disk.rename(p("/f/a"), p("/f/b")).unwrap();
    let whole = BTreeSet::from([vec![file("/f/a", b"x")], vec![file("/f/b", b"x")]]);
    assert_eq!(left(&disk, Survival::Partly), whole);

    disk.put(p("/g/z"), b"").unwrap();
    disk.remove(p("/g/z")).unwrap();
    disk.make_durable();
    disk.rename(p("/f/b"), p("/g/b")).unwrap();
    let (old, new) = (file("/f/b", b"x"), file("/g/b", b"x"));
    let any = BTreeSet::from([vec![old.clone()], vec![new.clone()], vec![old.clone(), new.clone()]]);
    assert_eq!(left(&disk, Survival::Partly), any);
    let both = disk.copy();
    both.sync_folder(p("/g")).unwrap();
    assert_eq!(lost(&both), [old, new.clone()]);
    let survivor = both.survivor(Survival::Lost, 0);
    assert_eq!(survivor.facts(p("/g/b")).unwrap().links, 2);
    // The sync of the old folder takes the new name with it.
    disk.sync_folder(p("/f")).unwrap();
    assert_eq!(lost(&disk), [new]);
}

#[test]
fn later_changes_survive_earlier_ones() {
    let disk = SimDisk::new(1);
    disk.create_folder(p("/f")).unwrap();
    disk.make_durable();
    for name in ["/f/a", "/f/b", "/f/c"] {
        write(&disk, name, name.as_bytes(), true);
    }
    let left = left(&disk, Survival::Reordered);
    assert!(left.contains(&vec![file("/f/c", b"/f/c")]));
    assert!(left.contains(&vec![file("/f/b", b"/f/b"), file("/f/c", b"/f/c")]));
    assert!(left.iter().all(|left| left.iter().all(|(name, _)| name != "/f/a")));
    // Bytes too: what was not written reads as zeros.
    let disk = SimDisk::new(1);
    let mut open = disk.create(p("/x")).unwrap();
    disk.sync_folder(p("/")).unwrap();
    open.write_all(b"one").unwrap();
    open.write_all(b"two").unwrap();
    let kept = content(&disk.survivor(Survival::Reordered, 3));
    assert_eq!(kept, [file("/x", b"\0\0\0two")]);
}

#[test]
fn torn_writes_end_at_blocks() {
    for block in [512_usize, 4096] {
        let disk = SimDisk::new(1);
        let mut open = disk.create(p("/x")).unwrap();
        disk.sync_folder(p("/")).unwrap();
        open.write_all(&[1; 100]).unwrap();
        open.sync().unwrap();
        open.write_all(&[2; 3 * 4096]).unwrap();
        let whole = content(&disk)[0].1.clone();
        let torn = left(&disk, Survival::Torn(u32::try_from(block).unwrap()));
        assert!(torn.len() > 5, "{}", torn.len());
        let (mut short, mut zeros, mut anything) = (0, 0, 0);
        for state in torn {
            let bytes = &state[0].1;
            assert_eq!(bytes[..100], [1; 100], "what was synced is never torn");
            assert_ne!(*bytes, whole);
            short += usize::from(bytes.len() < whole.len());
            for (start, part) in bytes.chunks(block).enumerate().map(|(n, part)| (n * block, part)) {
                if *part != whole[start..start + part.len()] {
                    let new = &part[100_usize.saturating_sub(start).min(part.len())..];
                    zeros += usize::from(new.iter().all(|byte| *byte == 0));
                    anything += usize::from(new.iter().any(|byte| *byte > 2));
                }
            }
        }
        assert!(short > 0 && zeros > 0 && anything > 0);
    }
}

#[test]
fn a_failed_sync_drops_what_it_should_have_written() {
    let disk = SimDisk::new(1);
    let mut open = disk.create(p("/x")).unwrap();
    disk.sync_folder(p("/")).unwrap();
    open.write_all(b"one").unwrap();
    disk.set_faults(vec![Fault::once(Trouble::SyncFails, 1).counting(Counting::Syncs)]);
    disk.restart_count();
    assert_eq!(open.sync().unwrap_err().raw_os_error(), Some(5));
    assert_eq!(disk.hits(), 1);
    // It reads well, the next sync says that all is well, and nothing is.
    open.write_all(b"two").unwrap();
    open.sync().unwrap();
    assert_eq!(disk.read(p("/x"), 9).unwrap(), b"onetwo");
    assert_eq!(lost(&disk), [file("/x", b"\0\0\0two")]);
    assert_eq!(content(&disk.survivor(Survival::Kept, 1)), [file("/x", b"\0\0\0two")]);
}

#[test]
fn errors_come_at_their_operation_once_or_for_ever() {
    let disk = SimDisk::new(1);
    let kinds = [4, 5, 24, 28, 30, 122];
    let numbers: BTreeSet<i32> = ERRNOS.iter().map(|errno| errno.number()).collect();
    assert_eq!(numbers, BTreeSet::from(kinds));
    disk.set_faults(vec![Fault::once(Trouble::Error(Errno::TooManyFiles), 2)]);
    disk.list(p("/")).unwrap();
    assert_eq!(disk.create(p("/a")).err().unwrap().raw_os_error(), Some(24));
    assert!(!disk.exists(p("/a")).unwrap());
    disk.create(p("/a")).unwrap();
    assert_eq!(disk.count(Counting::All), 4);
    assert_eq!(disk.count(Counting::Changes), 2);
    let last = disk.trace().pop().unwrap();
    assert_eq!((last.kind, last.path.as_path()), (OperationKind::Create, p("/a")));
    disk.restart_count();
    disk.set_faults(vec![
        Fault::from_on(Trouble::Error(Errno::ReadOnly), 2).counting(Counting::Changes),
    ]);
    disk.create_folder(p("/f")).unwrap();
    for _ in 0..2 {
        assert_eq!(
            disk.remove(p("/a")).unwrap_err().kind(),
            io::ErrorKind::ReadOnlyFilesystem
        );
        disk.facts(p("/a")).unwrap();
    }
}

#[test]
fn short_reads_and_writes() {
    let disk = SimDisk::new(1);
    let mut open = disk.create(p("/x")).unwrap();
    disk.set_faults(vec![
        Fault::once(Trouble::ShortWrite(Errno::NoSpace), 2),
        Fault::once(Trouble::ShortRead, 4),
        Fault::once(Trouble::ShortRead, 5),
    ]);
    assert_eq!(
        open.write_all(b"abcdef").unwrap_err().kind(),
        io::ErrorKind::StorageFull
    );
    let read = disk.open(p("/x")).unwrap();
    let mut buf = [9; 2];
    let why = read.read_exact_at(&mut buf, 0).unwrap_err();
    assert_eq!((why.kind(), buf), (io::ErrorKind::UnexpectedEof, [b'a', 9]));
    // Facts cannot be short.
    assert_eq!(read.facts().unwrap().len_bytes, 3);
    assert_eq!(disk.read(p("/x"), 9).unwrap(), b"abc");
}

#[test]
fn a_full_disk_takes_no_more_and_is_read_on() {
    let disk = SimDisk::new(1);
    disk.put(p("/old"), &[7; 100]).unwrap();
    assert_eq!(disk.used(), 256 + 256 + 100);
    disk.set_capacity(Some(disk.used() + 256 + 10));
    let mut open = disk.create(p("/a")).unwrap();
    open.write_all(b"123456").unwrap();
    assert_eq!(
        open.write_all(b"789012").unwrap_err().kind(),
        io::ErrorKind::StorageFull
    );
    assert_eq!(disk.read(p("/a"), 99).unwrap(), b"1234567890");
    assert_eq!(disk.create(p("/b")).err().unwrap().kind(), io::ErrorKind::StorageFull);
    assert_eq!(
        disk.create_folder(p("/b")).unwrap_err().kind(),
        io::ErrorKind::StorageFull
    );
    assert_eq!(disk.read(p("/old"), 100).unwrap(), [7; 100]);
    disk.remove(p("/old")).unwrap();
    write(&disk, "/b", &[1; 100], true);
    assert_eq!(disk.create(p("/c")).err().unwrap().kind(), io::ErrorKind::StorageFull);
}

#[test]
fn a_record_gives_the_disk_at_every_moment() {
    let disk = SimDisk::new(1);
    disk.put(p("/f/a"), b"old").unwrap();
    write(&disk, "/f/a.tmp", b"new", true);
    disk.list(p("/f")).unwrap();
    disk.rename(p("/f/a.tmp"), p("/f/a")).unwrap();
    disk.sync_folder(p("/f")).unwrap();
    let record = disk.record();
    assert_eq!((record.len(), record.syncs()), (5, vec![3, 5]));
    assert_eq!(record.name(4), "rename /f/a");
    let states = |mut moments: Moments<'_>, survival| {
        let mut seen = vec![content(&moments.survivor(survival, 1).disk(1))];
        while moments.advance() {
            seen.push(content(&moments.survivor(survival, 1).disk(1)));
        }
        seen
    };
    let old = vec![file("/f/a", b"old")];
    let new = vec![file("/f/a", b"new")];
    let seen = states(record.moments(), Survival::Lost);
    assert_eq!(seen[..5], vec![old.clone(); 5]);
    assert_eq!(seen[5], new);
    // Without the file's sync the name is the new one and the bytes are not there; without the folder's all is lost.
    let seen = states(record.moments_without(&[3]), Survival::Lost);
    assert_eq!(seen[5], [file("/f/a", b"")]);
    let seen = states(record.moments_without(&[5]), Survival::Lost);
    assert_eq!(seen[5], old);
    let digests: Vec<u64> = {
        let mut moments = record.moments();
        let mut all = vec![moments.survivor(Survival::Lost, 1).digest()];
        while moments.advance() {
            all.push(moments.survivor(Survival::Lost, 2).digest());
        }
        all
    };
    assert_eq!(digests[0], digests[4]);
    assert_ne!(digests[0], digests[5]);
}

#[test]
fn a_sync_can_be_left_out() {
    let disk = SimDisk::new(1);
    disk.set_faults(vec![Fault::once(Trouble::SyncOmitted, 2).counting(Counting::Syncs)]);
    write(&disk, "/a", b"x", true);
    disk.sync_folder(p("/")).unwrap();
    assert_eq!(lost(&disk), []);
    disk.sync_folder(p("/")).unwrap();
    assert_eq!(lost(&disk), [file("/a", b"x")]);
}
