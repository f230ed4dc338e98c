//! Four small traits between the program and the machine: disk, clock, randomness, keys.
//!
//! `os` implements them on the real machine; the tests implement them to cause faults.

pub mod guarded;
pub mod memory;
pub mod simulated;
pub mod together;

use std::io;
use std::path::Path;

use crate::domain::instant::Instant;

/// What a folder entry or an open file is, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A plain file.
    Plain,
    /// A folder.
    Folder,
    /// Anything else: symbolic link, FIFO, socket, device.
    Other,
}

/// Facts about one file, links not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Plain file, folder or something else.
    pub kind: FileKind,
    /// Length in bytes.
    pub len_bytes: u64,
    /// Modification time in nanoseconds since 1970, for quiet-time tests only.
    pub modified_ns: i128,
    /// Inode number.
    pub inode: u64,
    /// Number of hard links.
    pub links: u64,
    /// Unix permission bits (the lowest twelve).
    pub mode: u32,
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderEntry {
    /// Name without folder. In a name that is not UTF-8 every wrong byte stands as U+FFFD and two hexadecimal digits, so that
    /// no two of them are one; `readable` is false.
    pub name: String,
    /// False where the name is not UTF-8, so that `name` cannot be used to open it.
    pub readable: bool,
}

/// An open file that is read at given offsets; what it reads is the file that was opened, whatever is renamed meanwhile.
pub trait ReadAt: Send + Sync {
    /// Reads exactly `buf.len()` bytes from `offset`; `UnexpectedEof` where the file is shorter.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;
    /// Facts about the open file itself.
    fn facts(&self) -> io::Result<Facts>;
}

/// A new file being written from its start.
pub trait WriteNew: Send {
    /// Appends all of `bytes`.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Takes room for `len_bytes` bytes of any content from here on, so that the disk cannot fill up under them.
    fn allocate(&mut self, len_bytes: u64) -> io::Result<()> {
        write_pattern(self, len_bytes)
    }
    /// Puts `bytes` in the place of bytes that were written before and not synced yet, from `offset` on; what is appended
    /// afterwards goes to the end as before. `InvalidInput` where the file does not reach so far.
    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Has the disk begin with what was appended, so that [`WriteNew::sync`] waits for less; says nothing and promises nothing. For
    /// files that will be made durable; called again and again.
    fn begin_sync(&mut self) {}
    /// Makes the content durable. A failure is fatal: the caller must not try again on this file.
    fn sync(&mut self) -> io::Result<()>;
}

impl<W: WriteNew + ?Sized> WriteNew for Box<W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).write_all(bytes)
    }

    fn allocate(&mut self, len_bytes: u64) -> io::Result<()> {
        (**self).allocate(len_bytes)
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        (**self).rewrite(offset, bytes)
    }

    fn begin_sync(&mut self) {
        (**self).begin_sync();
    }

    fn sync(&mut self) -> io::Result<()> {
        (**self).sync()
    }
}

/// A kernel lock; dropping it releases it, and so does the death of the process.
pub trait Lock: Send + Sync {}

/// The file system. Every access of the program goes through this trait.
pub trait Disk: Send + Sync {
    /// Opens a file for reading, never following a link in the last component and never blocking on a FIFO.
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>>;
    /// Creates a file that must not exist yet, mode 0600.
    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>>;
    /// Opens a file in a folder as [`Disk::open`] does, following no link in the folder's own name either.
    fn open_inside(&self, folder: &Path, name: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.open(&folder.join(name))
    }
    /// Renames within one file system where nothing stands at the target; `AlreadyExists` otherwise.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        if self.exists(to)? {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.rename(from, to)
    }
    /// Renames within one file system, replacing a plain file at the target; `CrossesDevices` between two.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file or a link.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
    /// Creates one folder, mode 0700; an existing folder is no error.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// Makes the entries of a folder durable.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
    /// Lists a folder sorted by name.
    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>>;
    /// Facts about a path, links not followed.
    fn facts(&self, path: &Path) -> io::Result<Facts>;
    /// Bytes that may still be written on the file system of the folder given; `None` where the disk cannot tell. A quota
    /// may leave less.
    fn free_bytes(&self, _path: &Path) -> io::Result<Option<u64>> {
        Ok(None)
    }
    /// True where several files may be made durable at the same time, by threads of their own: see [`together`].
    fn syncs_in_parallel(&self) -> bool {
        false
    }
    /// Takes the exclusive kernel lock on `path` (created if absent); `WouldBlock` where another process holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>>;

    /// Reads a whole file of at most `limit_bytes`; `InvalidData` where it is longer.
    fn read(&self, path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
        let file = self.open(path)?;
        let len = file.facts()?.len_bytes;
        if len > limit_bytes {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "file is over its size limit",
            ));
        }
        let len = usize::try_from(len).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "file too large"))?;
        let mut bytes = vec![0; len];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    /// True where something stands at `path`.
    fn exists(&self, path: &Path) -> io::Result<bool> {
        match self.facts(path) {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(e),
        }
    }
}

/// The wall clock, used for leaf times and default business dates only, never for decisions about content.
pub trait Clock: Send + Sync {
    /// Now, in Japan time.
    fn now(&self) -> Instant;
}

/// Randomness for keys, IVs and salts.
pub trait Entropy: Send + Sync {
    /// Fills `buf` with random bytes.
    fn fill(&self, buf: &mut [u8]) -> io::Result<()>;
}

/// Writes `len_bytes` bytes that no file system stores as a hole or makes much smaller.
pub fn write_pattern<W: WriteNew + ?Sized>(file: &mut W, len_bytes: u64) -> io::Result<()> {
    let block: Vec<u8> = (0..64 * 1024_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24).to_le_bytes()[0])
        .collect();
    let mut left = len_bytes;
    while left > 0 {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
        file.write_all(block.get(..count).unwrap_or_default())?;
        left = left.saturating_sub(u64::try_from(count).unwrap_or(left));
    }
    Ok(())
}
