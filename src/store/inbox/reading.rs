//! Reading an inbound file so that what is read stood in it at one time: a look at its first bytes, a small file, the whole.

use std::borrow::Borrow;
use std::io;

use super::InboxFile;
use crate::ports::{Disk, Facts, FileKind, ReadAt};

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CopyFault {
    /// It is no longer what was listed, or changed while it was read: it is left for the next pass.
    #[error("the file changed while it was read")]
    Changed,
    /// The disk failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// A file opened, its first bytes known, the rest not read yet.
pub struct Ahead {
    open: Box<dyn ReadAt>,
    facts: Facts,
}

/// The first bytes of a file.
pub struct Peeked {
    /// The file, for the rest.
    pub ahead: Ahead,
    /// At most as many bytes as were asked for.
    pub head: Vec<u8>,
}

/// Opens a file that is still the one that was listed and reads its first bytes. No link is followed, neither in the name
/// nor in that of the party's folder.
pub fn peek(disk: &dyn Disk, file: &InboxFile, head_bytes: u64) -> Result<Peeked, CopyFault> {
    let (folder, name) = (file.path.parent(), file.path.file_name());
    let open = match (folder, name) {
        (Some(folder), Some(name)) => disk.open_inside(folder, name.as_ref())?,
        (_, _) => disk.open(&file.path)?,
    };
    let facts = open.facts()?;
    // A second name since the listing: somebody else can write it.
    if !same(&facts, &file.facts) || facts.kind != FileKind::Plain || facts.links > 1 {
        return Err(CopyFault::Changed);
    }
    let head = read(&*open, facts.len_bytes.min(head_bytes))?;
    Ok(Peeked {
        ahead: Ahead { open, facts },
        head,
    })
}

impl Ahead {
    /// Length of the file in bytes.
    pub fn len_bytes(&self) -> u64 {
        self.facts.len_bytes
    }

    /// Reads the file whole. Inode, length and modification time are the same before and after, and are those of the listing.
    pub fn read(self) -> Result<Vec<u8>, CopyFault> {
        let bytes = read(&*self.open, self.facts.len_bytes)?;
        self.is_same()?;
        Ok(bytes)
    }

    fn is_same(&self) -> Result<(), CopyFault> {
        if same(&self.open.facts()?, &self.facts) {
            Ok(())
        } else {
            Err(CopyFault::Changed)
        }
    }
}

/// Gives the bytes of a file from the first to the last, as often as one is made. With the last one it is tested that inode,
/// length and modification time are those of the listing still.
#[derive(Debug)]
pub struct AheadReader<A> {
    ahead: A,
    at: u64,
    is_tested: bool,
}

impl<A: Borrow<Ahead>> AheadReader<A> {
    /// Stands before the first byte.
    pub fn new(ahead: A) -> Self {
        Self {
            ahead,
            at: 0,
            is_tested: false,
        }
    }
}

impl<A: Borrow<Ahead>> io::Read for AheadReader<A> {
    /// A [`CopyFault::Changed`] comes as the source of the error; [`CopyFault::of`] finds it.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let ahead = self.ahead.borrow();
        let left = ahead.facts.len_bytes.saturating_sub(self.at);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let piece = buf.get_mut(..len).unwrap_or_default();
        if !piece.is_empty() {
            ahead
                .open
                .read_exact_at(piece, self.at)
                .map_err(|why| io::Error::from(CopyFault::of(why)))?;
            self.at = self.at.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        }
        if self.at >= ahead.facts.len_bytes && !self.is_tested {
            ahead.is_same()?;
            self.is_tested = true;
        }
        Ok(len)
    }
}

impl CopyFault {
    /// What an error of an [`AheadReader`] says.
    pub fn of(why: io::Error) -> Self {
        match why.downcast::<Self>() {
            Ok(fault) => fault,
            Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => Self::Changed,
            Err(why) => Self::Io(why),
        }
    }
}

impl From<CopyFault> for io::Error {
    fn from(fault: CopyFault) -> Self {
        match fault {
            CopyFault::Changed => Self::other(fault),
            // The disk has tried again itself; readers of the standard library would do so for ever.
            CopyFault::Io(why) if why.kind() == io::ErrorKind::Interrupted => Self::other(CopyFault::Io(why)),
            CopyFault::Io(why) => why,
        }
    }
}

/// Reads a file whole, as [`Ahead::read`] does.
pub fn read_stable(disk: &dyn Disk, file: &InboxFile) -> Result<Vec<u8>, CopyFault> {
    peek(disk, file, 0)?.ahead.read()
}

/// Reads a file that is of no use if it is longer than `limit_bytes`; `None` where it is.
pub fn read_small(disk: &dyn Disk, file: &InboxFile, limit_bytes: u64) -> Result<Option<Vec<u8>>, CopyFault> {
    if file.facts.len_bytes > limit_bytes {
        return Ok(None);
    }
    read_stable(disk, file).map(Some)
}

fn read(open: &dyn ReadAt, len_bytes: u64) -> Result<Vec<u8>, CopyFault> {
    let len = usize::try_from(len_bytes).map_err(|_| CopyFault::Changed)?;
    let mut bytes = vec![0; len];
    match open.read_exact_at(&mut bytes, 0) {
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(CopyFault::Changed),
        other => Ok(other.map(|()| bytes)?),
    }
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

/// True where both describe the same content of the same file.
pub fn same(a: &Facts, b: &Facts) -> bool {
    a.inode == b.inode && a.len_bytes == b.len_bytes && a.modified_ns == b.modified_ns
}
