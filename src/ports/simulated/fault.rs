//! What goes wrong on the simulated disk, and when.

use std::io;

use super::OperationKind;
use super::model::fail;

/// Which operations a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// All, reading ones too.
    All,
    /// Those that change the disk or make a change durable.
    Changes,
    /// File and folder syncs alone.
    Syncs,
}

/// Errors of the kernel that are injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errno {
    /// EIO: the medium.
    Io,
    /// ENOSPC: no space.
    NoSpace,
    /// EDQUOT: the quota is used up.
    Quota,
    /// EROFS: the file system was switched to reading only.
    ReadOnly,
    /// EMFILE: too many open files.
    TooManyFiles,
    /// EINTR: a signal came.
    Interrupted,
}

/// All of them.
pub const ERRNOS: [Errno; 6] = [
    Errno::Io,
    Errno::NoSpace,
    Errno::Quota,
    Errno::ReadOnly,
    Errno::TooManyFiles,
    Errno::Interrupted,
];

impl Errno {
    /// The number that Linux gives it.
    pub const fn number(self) -> i32 {
        match self {
            Self::Interrupted => 4,
            Self::Io => 5,
            Self::TooManyFiles => 24,
            Self::NoSpace => 28,
            Self::ReadOnly => 30,
            Self::Quota => 122,
        }
    }

    pub(super) fn fail<T>(self) -> io::Result<T> {
        fail(self.number())
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The operation does nothing and gives this error. A sync that fails drops the pages that it should have written, as
    /// Linux does: they are read on until the power goes, and no later sync writes them.
    Error(Errno),
    /// Reading at an offset ends early (`UnexpectedEof`, half of the buffer filled). Other operations are not touched.
    ShortRead,
    /// Half of the bytes of a write reach the file, then this error. Other operations are not touched.
    ShortWrite(Errno),
    /// A sync of a file or folder fails with EIO, as [`Trouble::Error`] says. Other operations are not touched.
    SyncFails,
    /// A sync of a file or folder says that it is done and does nothing. Other operations are not touched.
    SyncOmitted,
}

impl Trouble {
    /// True where an operation of this kind can meet it.
    pub(super) fn meets(self, kind: OperationKind) -> bool {
        match self {
            Self::Error(_) => true,
            Self::ShortRead => kind == OperationKind::Read,
            Self::ShortWrite(_) => kind == OperationKind::Write,
            Self::SyncFails | Self::SyncOmitted => kind.is_sync(),
        }
    }
}

/// Trouble at the n-th operation. Where that operation cannot meet it, nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What goes wrong.
    pub trouble: Trouble,
    /// Number of the operation, from 1, since the disk was made or [`SimDisk::restart_count`](super::SimDisk::restart_count).
    pub at: u64,
    /// Which operations are counted.
    pub counting: Counting,
    /// True where it goes on from there for ever.
    pub for_ever: bool,
}

impl Fault {
    /// Trouble at the n-th operation of all, once.
    pub const fn once(trouble: Trouble, at: u64) -> Self {
        Self {
            trouble,
            at,
            counting: Counting::All,
            for_ever: false,
        }
    }

    /// Trouble at the n-th operation of all and at every one after it.
    pub const fn from_on(trouble: Trouble, at: u64) -> Self {
        Self {
            for_ever: true,
            ..Self::once(trouble, at)
        }
    }

    /// The same, with another way to count.
    #[must_use]
    pub const fn counting(self, counting: Counting) -> Self {
        Self { counting, ..self }
    }

    /// True where it comes at the operation with this number.
    pub(super) fn is_due(&self, number: u64) -> bool {
        if self.for_ever {
            number >= self.at
        } else {
            number == self.at
        }
    }
}
