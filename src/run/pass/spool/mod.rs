//! Encrypted spool copies, and the way from bytes as they came to plain bytes.
//!
//! A copy holds the name (2 bytes of length, then UTF-8) and the bytes as they came, sealed at rest under the id of the
//! file. The archive takes the copy over as it is.

mod look;
mod plain;
mod records;

pub(super) use look::{Looked, look};
pub(super) use records::records;

use std::cell::RefCell;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::gather::Judged;
use crate::domain::fault::Fault;
use crate::pipeline::intake::{self, Verdict};
use crate::ports::WriteNew;
use crate::run::at_rest::{self, inbound_context};
use crate::run::site::Site;
use crate::run::{room, trouble};
use crate::seal::atrest::{AtRestReader, AtRestStreamFault, AtRestWriter};
use crate::store::inbox::CopyFault;
use crate::store::sealed::read_at_rest;

use records::PlainBytes;

/// Width of the length of the name.
const NAME_LEN_BYTES: usize = 2;
/// Bytes that are copied together.
const PIECE_BYTES: usize = 256 << 10;

/// Path of a spool file.
pub(super) fn spool_path(site: &Site<'_>, id: &str) -> PathBuf {
    site.folders.spool().join(id)
}

/// Writes the encrypted copy of a file as it came, which was looked at before; the caller makes it durable. A copy that a run before a crash left is
/// replaced. What lies in the copy is proved by hash to be what was looked at; where it is not, or `raw` cannot be read, there
/// is no copy.
pub(super) fn write_spool(
    site: &Site<'_>,
    id: &str,
    name: &str,
    raw: &mut dyn Read,
    looked: &Looked,
) -> Result<Result<Box<dyn WriteNew>, CopyFault>, Fault> {
    let (disk, path) = (site.tools.disk, spool_path(site, id));
    let mut head = Vec::with_capacity(name.len().saturating_add(NAME_LEN_BYTES));
    head.extend_from_slice(&u16::try_from(name.len()).unwrap_or(0).to_be_bytes());
    head.extend_from_slice(name.as_bytes());
    let plain_bytes = looked.raw_bytes.saturating_add(head.len() as u64);
    let mut rng = site.tools.generator()?;
    let mut writer =
        AtRestWriter::new(&site.secrets.site_key, &inbound_context(id), plain_bytes, &mut rng).map_err(trouble::bug)?;
    room::for_spool_copy(disk, &site.folders, 0)?;
    if disk.exists(&path).map_err(trouble::disk(&path))? {
        disk.remove(&path).map_err(trouble::disk(&path))?;
    }
    let mut file = disk.create(&path).map_err(trouble::disk(&path))?;
    let no_room = RefCell::new(None);
    let mut sink = |sealed: &[u8]| {
        // How long the copy becomes is known only at its end, so the room is looked at with each of its pieces.
        room::for_spool_copy(disk, &site.folders, sealed.len() as u64).map_err(|fault| {
            *no_room.borrow_mut() = Some(fault);
            io::Error::from(io::ErrorKind::StorageFull)
        })?;
        file.write_all(sealed)
    };
    let failed = |why: AtRestStreamFault| {
        no_room
            .take()
            .unwrap_or_else(|| trouble::at_rest_stream(format!("spool/{id}"), &path)(why))
    };
    writer.add(&head, &mut sink).map_err(failed)?;
    let (mut hasher, mut piece, mut got) = (Sha256::new(), vec![0; PIECE_BYTES], 0u64);
    let read = loop {
        let len = match raw.read(&mut piece) {
            Ok(len) => len,
            Err(why) => break Err(CopyFault::of(why)),
        };
        let bytes = piece.get(..len).unwrap_or_default();
        got = got.saturating_add(bytes.len() as u64);
        if bytes.is_empty() {
            let is_same = looked.raw_sha256 == <[u8; 32]>::from(hasher.finalize());
            break if is_same { Ok(()) } else { Err(CopyFault::Changed) };
        }
        if got > looked.raw_bytes {
            break Err(CopyFault::Changed);
        }
        hasher.update(bytes);
        writer.add(bytes, &mut sink).map_err(failed)?;
    };
    if let Err(why) = read {
        drop(file);
        disk.remove(&path).map_err(trouble::disk(&path))?;
        return Ok(Err(why));
    }
    writer.finish(&mut sink).map_err(failed)?;
    Ok(Ok(file))
}

/// A spool copy that is being read: the name, then the bytes as they came.
pub(super) struct SpoolCopy {
    /// Name as it lay in the folder.
    pub(super) name: String,
    /// Number of bytes as they came.
    pub(super) raw_bytes: u64,
    reader: AtRestReader<'static>,
}

impl SpoolCopy {
    /// Opens the copy of a file.
    ///
    /// # Errors
    /// `StoreDamaged`, `StoreNewer`, those of the disk.
    pub(super) fn open(site: &Site<'_>, id: &str) -> Result<Self, Fault> {
        let path = spool_path(site, id);
        let failed = spool_failed(id, &path);
        let file = site.tools.disk.open(&path).map_err(trouble::kept(id, &path))?;
        // What the settings allow now may be less than what was allowed when the file was kept.
        let limit = at_rest::content_limit(&site.config);
        let reader = read_at_rest(file, &site.secrets.site_key, &inbound_context(id), limit).map_err(&failed)?;
        let mut copy = Self {
            name: String::new(),
            raw_bytes: reader.len_bytes(),
            reader,
        };
        let damaged = || trouble::damaged::<&str>(format!("spool/{id}"));
        let mut len = [0; NAME_LEN_BYTES];
        copy.front(&mut len, id, &path, "too short")?;
        let mut name = vec![0; usize::from(u16::from_be_bytes(len))];
        copy.front(&mut name, id, &path, "no name")?;
        copy.name = String::from_utf8(name).map_err(|_| damaged()("no name"))?;
        Ok(copy)
    }

    fn front(&mut self, to: &mut [u8], id: &str, path: &Path, missing: &'static str) -> Result<(), Fault> {
        let mut rest = to;
        while !rest.is_empty() {
            let got = self.reader.read_chunk(rest).map_err(spool_failed(id, path))?;
            if got == 0 {
                return Err(trouble::damaged::<&str>(format!("spool/{id}"))(missing));
            }
            self.raw_bytes = self.raw_bytes.saturating_sub(got as u64);
            rest = rest.get_mut(got..).unwrap_or_default();
        }
        Ok(())
    }

    /// Looks at the file.
    pub(super) fn look(&mut self, site: &Site<'_>, id: &str) -> Result<Looked, Fault> {
        let (name, raw_bytes) = (self.name.clone(), self.raw_bytes);
        look(site, &name, self, raw_bytes).map_err(|why| records::of_spool(id, &spool_path(site, id), why))
    }
}

impl Read for SpoolCopy {
    /// An [`AtRestStreamFault`] comes as the source of the error.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reader.read_chunk(buf).map_err(io::Error::other)
    }
}

fn spool_failed(id: &str, path: &Path) -> impl Fn(AtRestStreamFault) -> Fault {
    let (kept, other) = (
        trouble::kept(id, path),
        trouble::at_rest_stream(format!("spool/{id}"), path),
    );
    move |why| match why {
        AtRestStreamFault::Disk(why) => kept(why),
        AtRestStreamFault::Seal(_) | AtRestStreamFault::OtherLength { .. } => other(why),
    }
}

/// The plain bytes of a judged file, for files that are small.
pub(super) fn load(site: &Site<'_>, judged: &Judged) -> Result<Vec<u8>, Fault> {
    PlainBytes::open(site, judged)?.whole()
}

/// Removes copies that no held file owns. A crash before the commit point leaves them: their originals still lie in the
/// inbound folders, or the archive has them.
pub(super) fn tidy(site: &Site<'_>) -> Result<(), Fault> {
    let (disk, folder) = (site.tools.disk, site.folders.spool());
    let held = site.exchange().held;
    for entry in disk.list(&folder).map_err(trouble::disk(&folder))? {
        if entry.readable && !held.iter().any(|file| file.id == entry.name) {
            let path = folder.join(&entry.name);
            disk.remove(&path).map_err(trouble::disk(&path))?;
        }
    }
    Ok(())
}

/// Words for people where the verdict alone does not say enough.
pub(super) fn detail_of(verdict: &Verdict, looked: &Looked) -> String {
    match verdict {
        Verdict::Held(intake::Cause::NotAuthentic) if looked.why.is_empty() => {
            "no sealing key is registered for the answer".to_owned()
        }
        Verdict::Held(intake::Cause::NotAuthentic) => looked.why.clone(),
        Verdict::Held(cause) | Verdict::Rejected { cause, .. } => cause.to_string(),
        Verdict::Duplicate(_) | Verdict::Ready(_) => String::new(),
    }
}
