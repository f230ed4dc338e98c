//! The real disk: [`ports::Disk`](crate::ports::Disk) over Linux system calls. Nothing else in the program touches the file system.
#![expect(
    clippy::disallowed_methods,
    reason = "os is the only room where the file system is touched; everybody else goes through ports::Disk"
)]

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek as _, Write as _};
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{Advice, CWD, FallocateFlags, FileType, Mode, OFlags, RenameFlags, Stat};
use rustix::io::{Errno, retry_on_intr};
use walkdir::WalkDir;

use crate::ports::{Disk, Facts, FileKind, FolderEntry, Lock, ReadAt, WriteNew, write_pattern};

/// The file system of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealDisk;

struct OpenFile(File);

impl ReadAt for OpenFile {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.read_exact_at(buf, offset)
    }

    fn facts(&self) -> io::Result<Facts> {
        Ok(facts_of(&rustix::fs::fstat(&self.0)?))
    }
}

struct NewFile {
    file: File,
    /// Bytes appended.
    len_bytes: u64,
    /// How many of them the kernel was told to write.
    begun_bytes: u64,
}

/// What is too little for telling the kernel.
const BEGIN_BYTES: u64 = 8 << 20;

impl WriteNew for NewFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.len_bytes = self.len_bytes.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Takes blocks without writing them, where the file system can.
    fn allocate(&mut self, len_bytes: u64) -> io::Result<()> {
        if len_bytes == 0 {
            return Ok(());
        }
        let at = self.file.stream_position()?;
        let taken = retry_on_intr(|| rustix::fs::fallocate(&self.file, FallocateFlags::empty(), at, len_bytes));
        match taken {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_pattern(self, len_bytes),
            other => {
                other?;
                self.file
                    .seek(io::SeekFrom::Current(i64::try_from(len_bytes).unwrap_or(i64::MAX)))?;
                self.len_bytes = self.len_bytes.saturating_add(len_bytes);
                Ok(())
            }
        }
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let end = u64::try_from(bytes.len()).ok().and_then(|len| offset.checked_add(len));
        let len = facts_of(&rustix::fs::fstat(&self.file)?).len_bytes;
        if end.is_none_or(|end| end > len) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        self.file.write_all_at(bytes, offset)
    }

    /// Of all safe calls this is the one after which Linux begins to write; that it would forget the pages as well is for those
    /// that are written already.
    fn begin_sync(&mut self) {
        let more = NonZeroU64::new(self.len_bytes.saturating_sub(self.begun_bytes));
        if let Some(more) = more.filter(|more| more.get() >= BEGIN_BYTES) {
            // Where it does not work, `sync` has more to do.
            rustix::fs::fadvise(&self.file, self.begun_bytes, Some(more), Advice::DontNeed).unwrap_or_default();
            self.begun_bytes = self.len_bytes;
        }
    }

    /// Interrupted by a signal it is tried again: nothing was reported, and nothing is forgotten then. Any other failure is
    /// final.
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_all()
    }
}

/// How a file is opened that others may have put there.
const READING: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

fn plain(file: File) -> io::Result<Box<dyn ReadAt>> {
    let file = OpenFile(file);
    if file.facts()?.kind != FileKind::Plain {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file"));
    }
    Ok(Box::new(file))
}

/// Holds the open file description to which the kernel ties the lock.
struct FileLock(#[expect(dead_code, reason = "held for the lock that its drop releases")] File);

impl Lock for FileLock {}

impl Disk for RealDisk {
    /// Refuses with `InvalidInput` what is not a plain file: a FIFO or a device read at offsets would say nothing true.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        plain(open(path, READING, Mode::empty())?.into())
    }

    fn open_inside(&self, folder: &Path, name: &Path) -> io::Result<Box<dyn ReadAt>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = open(folder, flags, Mode::empty())?;
        plain(retry_on_intr(|| rustix::fs::openat(&folder, name, READING, Mode::empty()))?.into())
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            // Some file systems of networks do not know it: a look before the rename is the next best.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                if self.exists(to)? {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                self.rename(from, to)
            }
            other => Ok(other?),
        }
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = open(path, flags, Mode::RUSR | Mode::WUSR)?;
        Ok(Box::new(NewFile {
            file: file.into(),
            len_bytes: 0,
            begun_bytes: 0,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        match retry_on_intr(|| rustix::fs::mkdir(path, Mode::RWXU)) {
            // A link to a folder is no folder: what is written there would land elsewhere.
            Err(Errno::EXIST) if self.facts(path)?.kind == FileKind::Folder => Ok(()),
            other => Ok(other?),
        }
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let folder = open(path, flags, Mode::empty())?;
        Ok(retry_on_intr(|| rustix::fs::fsync(&folder))?)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        loop {
            match list_once(path) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                listed => return listed,
            }
        }
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        Ok(facts_of(&rustix::fs::lstat(path)?))
    }

    /// What a process without privileges may take: blocks kept for the administrator do not count.
    fn syncs_in_parallel(&self) -> bool {
        true
    }

    fn free_bytes(&self, path: &Path) -> io::Result<Option<u64>> {
        let facts = retry_on_intr(|| rustix::fs::statvfs(path))?;
        Ok(Some(facts.f_bavail.saturating_mul(facts.f_frsize)))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = File::from(open(path, flags, Mode::RUSR | Mode::WUSR)?);
        match file.try_lock() {
            Ok(()) => Ok(Box::new(FileLock(file))),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(e)) => Err(e),
        }
    }
}

fn list_once(path: &Path) -> io::Result<Vec<FolderEntry>> {
    let mut entries = Vec::new();
    for entry in WalkDir::new(path).min_depth(1).max_depth(1).follow_root_links(false) {
        let raw = entry?.file_name().to_owned();
        entries.push(FolderEntry {
            readable: raw.to_str().is_some(),
            name: shown(raw.as_bytes()),
        });
    }
    entries.sort_by(|a, b| (&a.name, a.readable).cmp(&(&b.name, b.readable)));
    Ok(entries)
}

/// A name as text; no two names that are not UTF-8 are shown alike.
fn shown(raw: &[u8]) -> String {
    let mut name = String::with_capacity(raw.len());
    for chunk in raw.utf8_chunks() {
        name.push_str(chunk.valid());
        for byte in chunk.invalid() {
            name.push('\u{FFFD}');
            let digits = [byte >> 4, byte & 15];
            name.extend(
                digits
                    .iter()
                    .filter_map(|digit| char::from_digit(u32::from(*digit), 16)),
            );
        }
    }
    name
}

/// A signal that comes while a slow file system opens a file is no failure. Reads and writes of `std` go on by themselves.
fn open(path: &Path, flags: OFlags, mode: Mode) -> rustix::io::Result<rustix::fd::OwnedFd> {
    retry_on_intr(|| rustix::fs::open(path, flags, mode))
}

fn facts_of(stat: &Stat) -> Facts {
    let found = FileType::from_raw_mode(stat.st_mode);
    let kind = if found == FileType::RegularFile {
        FileKind::Plain
    } else if found == FileType::Directory {
        FileKind::Folder
    } else {
        FileKind::Other
    };
    Facts {
        kind,
        len_bytes: u64::try_from(stat.st_size).unwrap_or_default(),
        modified_ns: i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec),
        inode: stat.st_ino,
        links: stat.st_nlink,
        mode: stat.st_mode & 0o7777,
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(path: &Path, bytes: &[u8]) {
        let mut file = RealDisk.create(path).unwrap();
        file.write_all(bytes).unwrap();
        file.sync().unwrap();
    }

    #[test]
    fn a_file_written_synced_and_renamed_is_read_at_offsets() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        write(&a, b"hello");
        assert_eq!(RealDisk.create(&a).err().unwrap().kind(), io::ErrorKind::AlreadyExists);
        RealDisk.rename(&a, &b).unwrap();
        RealDisk.sync_folder(dir.path()).unwrap();
        let open = RealDisk.open(&b).unwrap();
        let mut two = [0; 2];
        open.read_exact_at(&mut two, 3).unwrap();
        assert_eq!(&two, b"lo");
        assert_eq!(
            open.read_exact_at(&mut two, 4).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        let facts = RealDisk.facts(&b).unwrap();
        assert_eq!(
            (facts.kind, facts.len_bytes, facts.mode, facts.links),
            (FileKind::Plain, 5, 0o600, 1)
        );
        assert_eq!(open.facts().unwrap(), facts);
        assert!(facts.modified_ns > 1_577_836_800_000_000_000);
        // What was opened stays readable though its name is another file's now.
        write(&a, b"other");
        RealDisk.rename(&a, &b).unwrap();
        open.read_exact_at(&mut two, 0).unwrap();
        assert_eq!(&two, b"he");
        assert_eq!(RealDisk.read(&b, 5).unwrap(), b"other");
        assert_eq!(RealDisk.read(&b, 4).unwrap_err().kind(), io::ErrorKind::InvalidData);
        RealDisk.remove(&b).unwrap();
        assert!(!RealDisk.exists(&b).unwrap());
    }

    #[test]
    fn what_is_rewritten_replaces_what_was_written_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut file = RealDisk.create(&path).unwrap();
        file.write_all(b"....body").unwrap();
        file.rewrite(0, b"head").unwrap();
        file.write_all(b" end").unwrap();
        file.rewrite(8, b"-").unwrap();
        for (offset, bytes) in [(9, &b"1234"[..]), (13, b""), (u64::MAX, b"1")] {
            let refused = file.rewrite(offset, bytes).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{offset}");
        }
        file.sync().unwrap();
        assert_eq!(RealDisk.read(&path, 99).unwrap(), b"headbody-end");
    }

    #[test]
    fn links_fifos_and_folders_are_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link, fifo) = (dir.path().join("f"), dir.path().join("l"), dir.path().join("p"));
        write(&file, b"x");
        symlink(&file, &link).unwrap();
        rustix::fs::mkfifoat(CWD, &fifo, Mode::RWXU).unwrap();
        assert!(RealDisk.open(&link).is_err());
        assert_eq!(RealDisk.facts(&link).unwrap().kind, FileKind::Other);
        assert_eq!(RealDisk.open(&fifo).err().unwrap().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(RealDisk.facts(&fifo).unwrap().kind, FileKind::Other);
        assert!(RealDisk.open(dir.path()).is_err());
        assert!(RealDisk.lock(&link).is_err());
        // A dangling link is no free name.
        let dangling = dir.path().join("d");
        symlink(dir.path().join("nowhere"), &dangling).unwrap();
        assert!(RealDisk.create(&dangling).is_err());
        assert!(RealDisk.exists(&dangling).unwrap());
        RealDisk.remove(&dangling).unwrap();
        assert!(!RealDisk.exists(&dangling).unwrap());
    }

    #[test]
    fn inside_a_folder_no_link_is_followed_and_nothing_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (sub, link) = (dir.path().join("sub"), dir.path().join("link"));
        RealDisk.create_folder(&sub).unwrap();
        write(&sub.join("a"), b"one");
        symlink(&sub, &link).unwrap();
        symlink("a", sub.join("l")).unwrap();
        assert!(RealDisk.open_inside(&sub, Path::new("a")).is_ok());
        assert!(RealDisk.open_inside(&link, Path::new("a")).is_err());
        assert!(RealDisk.open_inside(&sub, Path::new("l")).is_err());
        // The same path is readable where a link in the folder's name is the operator's own affair.
        assert!(RealDisk.open(&link.join("a")).is_ok());
        write(&sub.join("b"), b"two");
        let taken = RealDisk.rename_new(&sub.join("a"), &sub.join("b")).unwrap_err();
        assert_eq!(taken.kind(), io::ErrorKind::AlreadyExists);
        let dangling = RealDisk.rename_new(&sub.join("a"), &sub.join("l")).unwrap_err();
        assert_eq!(dangling.kind(), io::ErrorKind::AlreadyExists);
        RealDisk.rename_new(&sub.join("a"), &sub.join("c")).unwrap();
        assert_eq!(RealDisk.read(&sub.join("c"), 9).unwrap(), b"one");
        assert_eq!(RealDisk.read(&sub.join("b"), 9).unwrap(), b"two");
    }

    #[test]
    fn folders() {
        let dir = tempfile::tempdir().unwrap();
        let (sub, link) = (dir.path().join("sub"), dir.path().join("link"));
        RealDisk.create_folder(&sub).unwrap();
        RealDisk.create_folder(&sub).unwrap();
        assert_eq!(RealDisk.facts(&sub).unwrap().mode, 0o700);
        write(&sub.join("b"), b"");
        write(&sub.join("a"), b"");
        write(&sub.join(OsStr::from_bytes(b"c\xff")), b"");
        let entries = RealDisk.list(&sub).unwrap();
        let seen: Vec<(&str, bool)> = entries.iter().map(|e| (e.name.as_str(), e.readable)).collect();
        assert_eq!(seen, [("a", true), ("b", true), ("c\u{fffd}ff", false)]);
        write(&sub.join(OsStr::from_bytes(b"c\xfe")), b"");
        let names = RealDisk.list(&sub).unwrap();
        assert_eq!(names[2].name, "c\u{fffd}fe");
        assert_ne!(names[2], names[3]);
        assert!(RealDisk.remove_folder(&sub).is_err());
        symlink(&sub, &link).unwrap();
        assert!(RealDisk.create_folder(&link).is_err());
        assert!(RealDisk.create_folder(&sub.join("a")).is_err());
        assert!(RealDisk.sync_folder(&link).is_err());
        assert!(RealDisk.sync_folder(&sub.join("a")).is_err());
        let empty = dir.path().join("empty");
        RealDisk.create_folder(&empty).unwrap();
        RealDisk.remove_folder(&empty).unwrap();
        assert!(!RealDisk.exists(&empty).unwrap());
    }

    #[test]
    fn room_is_told_and_really_taken() {
        use std::os::unix::fs::MetadataExt as _;
        let dir = tempfile::tempdir().unwrap();
        assert!(RealDisk.free_bytes(dir.path()).unwrap().unwrap() > 0);
        assert!(RealDisk.free_bytes(&dir.path().join("none")).is_err());
        let path = dir.path().join("reserve");
        let mut file = RealDisk.create(&path).unwrap();
        file.allocate(0).unwrap();
        file.allocate(1 << 20).unwrap();
        file.write_all(b"behind it").unwrap();
        file.sync().unwrap();
        let facts = fs::metadata(&path).unwrap();
        assert_eq!(facts.len(), (1 << 20) + 9);
        assert!(facts.blocks() * 512 >= 1 << 20, "no hole");
    }

    #[test]
    fn a_lock_excludes_until_it_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = RealDisk.lock(&path).unwrap();
        assert_eq!(RealDisk.lock(&path).err().unwrap().kind(), io::ErrorKind::WouldBlock);
        drop(held);
        drop(RealDisk.lock(&path).unwrap());
    }
}
