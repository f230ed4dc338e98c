//! The plain bytes of a judged file once more: its records in chunks, or all of them.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::look::reopen;
use super::plain::Plain;
use super::{SpoolCopy, spool_failed, spool_path};
use crate::domain::fault::{Fault, FaultId};
use crate::format::exchange::{Frame, RecordChunk, RecordChunks};
use crate::run::pass::gather::{Judged, Source};
use crate::run::site::Site;
use crate::run::trouble;
use crate::seal::atrest::AtRestStreamFault;
use crate::seal::package::OpenFault;
use crate::store::inbox::{self, AheadReader, CopyFault, Peeked};

/// The records of a judged file, from its spool copy or, where there is none, from the inbound folder.
///
/// A spool copy is authentic as it is, and of a file of the inbound folder it is proved at the end that it is what was
/// judged: what was made of its chunks counts only when [`Records::next`] has said `None`.
pub(in crate::run::pass) struct Records {
    chunks: RecordChunks<PlainBytes>,
    is_ended: bool,
}

/// The records of a file in chunks of at most `chunk_bytes` bytes; `frame` is that of its verdict.
///
/// # Errors
/// `StoreDamaged`, `StoreNewer`, `InboundChanged`, `FileUnreadable`, those of the disk.
pub(in crate::run::pass) fn records(
    site: &Site<'_>,
    judged: &Judged,
    frame: Frame,
    chunk_bytes: usize,
) -> Result<Records, Fault> {
    let plain = PlainBytes::open(site, judged)?;
    Ok(Records {
        chunks: RecordChunks::new(plain, frame, chunk_bytes),
        is_ended: false,
    })
}

impl Records {
    /// The next chunk, in the memory of `old`; `None` behind the last record.
    ///
    /// # Errors
    /// As [`records`].
    pub(in crate::run::pass) fn next(&mut self, old: RecordChunk) -> Result<Option<RecordChunk>, Fault> {
        match self.chunks.next(old) {
            Ok(Some(chunk)) => Ok(Some(chunk)),
            Ok(None) if self.is_ended => Ok(None),
            Ok(None) => {
                self.is_ended = true;
                self.chunks.reader_mut().drain()?;
                Ok(None)
            }
            Err(why) => Err(self.chunks.reader_mut().fault(why)),
        }
    }
}

/// The plain bytes of a judged file.
pub(super) struct PlainBytes {
    plain: Plain<Box<dyn Read + Send>>,
    origin: Origin,
    /// SHA-256 so far and the one that is wanted, where the bytes are not proved otherwise.
    proof: Option<(Sha256, [u8; 32])>,
}

enum Origin {
    Spool {
        id: String,
        path: PathBuf,
    },
    /// The folder alone: the name may say anything, a person's name too.
    Inbox {
        folder: PathBuf,
    },
}

impl PlainBytes {
    pub(super) fn open(site: &Site<'_>, judged: &Judged) -> Result<Self, Fault> {
        match &judged.source {
            Source::Spool(id) => {
                let copy = SpoolCopy::open(site, id)?;
                let origin = Origin::Spool {
                    id: id.clone(),
                    path: spool_path(site, id),
                };
                let (name, raw_bytes) = (copy.name.clone(), copy.raw_bytes);
                let plain = reopen(site, &name, Box::new(copy), raw_bytes).map_err(|why| origin.fault(why))?;
                Ok(Self {
                    plain,
                    origin,
                    proof: None,
                })
            }
            Source::Inbox(file) => {
                let origin = Origin::Inbox {
                    folder: file.path.parent().unwrap_or(&file.path).to_owned(),
                };
                let open = || -> io::Result<_> {
                    let Peeked { ahead, .. } = inbox::peek(site.tools.disk, file, 0)?;
                    let raw_bytes = ahead.len_bytes();
                    reopen(site, &file.name, Box::new(AheadReader::new(ahead)), raw_bytes)
                };
                Ok(Self {
                    plain: open().map_err(|why| origin.fault(why))?,
                    origin,
                    proof: Some((Sha256::new(), judged.sha256)),
                })
            }
        }
    }

    /// Reads on to the end, with which comes the proof.
    fn drain(&mut self) -> Result<(), Fault> {
        io::copy(self, &mut io::sink()).map_err(|why| self.fault(why))?;
        self.prove()
    }

    fn prove(&mut self) -> Result<(), Fault> {
        let is_proved = self
            .proof
            .take()
            .is_none_or(|(hasher, want)| <[u8; 32]>::from(hasher.finalize()) == want);
        if is_proved {
            Ok(())
        } else {
            Err(self.fault(CopyFault::Changed.into()))
        }
    }

    /// All of them.
    pub(super) fn whole(mut self) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes).map_err(|why| self.fault(why))?;
        self.prove()?;
        Ok(bytes)
    }

    fn fault(&self, why: io::Error) -> Fault {
        self.origin.fault(why)
    }
}

impl Read for PlainBytes {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.plain.read(buf)?;
        if let Some((hasher, _)) = &mut self.proof {
            hasher.update(buf.get(..len).unwrap_or_default());
        }
        Ok(len)
    }
}

impl Origin {
    fn fault(&self, why: io::Error) -> Fault {
        match self {
            Self::Spool { id, path } => of_spool(id, path, why),
            Self::Inbox { folder } => {
                let changed = || Fault::new(FaultId::InboundChanged).with("path", folder.display());
                match CopyFault::of(why) {
                    CopyFault::Changed => changed(),
                    // A package that opened before, or a file that was taken away.
                    CopyFault::Io(why)
                        if matches!(why.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) =>
                    {
                        changed()
                    }
                    CopyFault::Io(why) => match why.downcast::<OpenFault>() {
                        Ok(_) => changed(),
                        Err(why) => trouble::unreadable(folder)(why),
                    },
                }
            }
        }
    }
}

/// What an error of a spool copy, or of the package in it, says.
pub(super) fn of_spool(id: &str, path: &Path, why: io::Error) -> Fault {
    match why.downcast::<AtRestStreamFault>() {
        Ok(fault) => spool_failed(id, path)(fault),
        // It was judged before, and is authentic.
        Err(_) => trouble::damaged(format!("spool/{id}"))("its content changed"),
    }
}
