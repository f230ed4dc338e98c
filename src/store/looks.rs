//! The memory of the passes in `looks.json`: read at the beginning of a pass, written at its end where it changed.

use std::io;
use std::path::Path;

use super::atomic::{self, AtomicError};
use crate::format::looks::{Look, Looks};
use crate::ports::{Disk, Facts};

/// Hundreds of thousands of watched files; more is no memory.
const LOOKS_MAX_BYTES: u64 = 64 << 20;

/// What the passes before remember, and what this one does.
#[derive(Debug, Default)]
pub struct Memory {
    before: Looks,
    now: Looks,
}

impl Memory {
    /// Reads the memory; none where the file is missing, damaged or too long.
    ///
    /// # Errors
    /// What the disk says otherwise.
    pub fn load(disk: &dyn Disk, path: &Path) -> io::Result<Self> {
        let before = match disk.read(path, LOOKS_MAX_BYTES) {
            Ok(bytes) => Looks::parse(&bytes),
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => Looks::default(),
            Err(e) => return Err(e),
        };
        Ok(Self {
            before,
            now: Looks::default(),
        })
    }

    /// Notes one look at a thing. `most` is the number of passes that anybody asks for: beyond it nothing changes, so that a
    /// pass over what lies still writes nothing.
    pub fn look(&mut self, id: &str, facts: &Facts, now_ms: i64, most: u32) -> Look {
        let fresh = Look {
            inode: facts.inode,
            len_bytes: facts.len_bytes,
            modified_ns: facts.modified_ns,
            since_ms: now_ms,
            passes: 1,
        };
        let look = match self.before.get(id) {
            // A clock that went back begins anew.
            Some(known)
                if (known.inode, known.len_bytes, known.modified_ns)
                    == (fresh.inode, fresh.len_bytes, fresh.modified_ns)
                    && known.since_ms <= now_ms =>
            {
                Look {
                    passes: known.passes.saturating_add(1).min(most.max(known.passes)),
                    ..known
                }
            }
            Some(_) | None => fresh,
        };
        self.now.set(id, look);
        look
    }

    /// Keeps what this pass saw and forgets the rest.
    ///
    /// # Errors
    /// As [`atomic::publish`].
    pub fn store(&self, disk: &dyn Disk, path: &Path) -> Result<(), AtomicError> {
        if self.now == self.before {
            return Ok(());
        }
        atomic::publish(disk, path, &self.now.bytes().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::FileKind;
    use crate::ports::memory::MemoryDisk;

    const PATH: &str = "/looks.json";

    fn facts(len_bytes: u64) -> Facts {
        Facts {
            kind: FileKind::Plain,
            len_bytes,
            modified_ns: 5,
            inode: 6,
            links: 1,
            mode: 0o600,
        }
    }

    fn pass(disk: &MemoryDisk, len_bytes: u64, now_ms: i64) -> (u32, i64) {
        let mut memory = Memory::load(disk, Path::new(PATH)).unwrap();
        let look = memory.look("a", &facts(len_bytes), now_ms, 3);
        memory.store(disk, Path::new(PATH)).unwrap();
        (look.passes, look.since_ms)
    }

    #[test]
    fn passes_are_counted_until_something_changes() {
        let disk = MemoryDisk::new();
        let passes: Vec<_> = [(9, 1), (9, 2), (9, 3), (9, 4), (8, 5), (8, 6), (8, 4)]
            .into_iter()
            .map(|(len, now)| pass(&disk, len, now))
            .collect();
        assert_eq!(passes, [(1, 1), (2, 1), (3, 1), (3, 1), (1, 5), (2, 5), (1, 4)]);
        // What is not seen is forgotten; a damaged memory is none.
        Memory::load(&disk, Path::new(PATH))
            .unwrap()
            .store(&disk, Path::new(PATH))
            .unwrap();
        assert_eq!(disk.read(Path::new(PATH), 9).unwrap(), b"");
        assert_eq!(pass(&disk, 8, 7), (1, 7));
        disk.put(Path::new(PATH), b"{").unwrap();
        assert_eq!(pass(&disk, 8, 8), (1, 8));
    }

    #[test]
    fn what_lies_still_is_written_once() {
        let disk = MemoryDisk::new();
        for now in 1..=3 {
            pass(&disk, 9, now);
        }
        let inode = disk.facts(Path::new(PATH)).unwrap().inode;
        pass(&disk, 9, 4);
        assert_eq!(disk.facts(Path::new(PATH)).unwrap().inode, inode);
    }
}
