//! The plain bytes of a file as it came: the file itself, or what its package holds, opened segment by segment.

use std::io::{self, Read};

use crate::seal::merkle::Hash;
use crate::seal::package::{MAX_FRONT_LEN, PackageOpener};

/// Gives plain bytes. Those of a package may be used for good only when all were given: with the end comes the test against
/// what its sender signed.
pub(super) struct Plain<R> {
    /// What was read ahead.
    front: Vec<u8>,
    front_used: usize,
    raw: R,
    package: Option<Package>,
}

struct Package {
    opener: PackageOpener,
    /// Sealed bytes to come.
    left: u64,
    next: u64,
    sealed: Vec<u8>,
    plain: Vec<u8>,
    used: usize,
    leaves: Vec<Hash>,
    is_proved: bool,
}

/// The first bytes of a file of `raw_bytes` bytes, as many as tell what it is.
pub(super) fn front_of(raw: &mut (dyn Read + Send), raw_bytes: u64) -> io::Result<Vec<u8>> {
    let len = usize::try_from(raw_bytes).map_or(MAX_FRONT_LEN, |len| len.min(MAX_FRONT_LEN));
    let mut front = vec![0; len];
    raw.read_exact(&mut front)?;
    Ok(front)
}

impl<R: Read> Plain<R> {
    /// A plain file; `raw` stands behind `front`.
    pub(super) fn as_it_is(front: Vec<u8>, raw: R) -> Self {
        Self {
            front,
            front_used: 0,
            raw,
            package: None,
        }
    }

    /// A package of `raw_bytes` bytes; `raw` stands behind `front`.
    pub(super) fn package(opener: PackageOpener, front: Vec<u8>, raw_bytes: u64, raw: R) -> Self {
        Self {
            front_used: usize::try_from(opener.payload_offset())
                .unwrap_or(usize::MAX)
                .min(front.len()),
            front,
            raw,
            package: Some(Package {
                left: raw_bytes.saturating_sub(opener.payload_offset()),
                opener,
                next: 0,
                sealed: Vec::new(),
                plain: Vec::new(),
                used: 0,
                leaves: Vec::new(),
                is_proved: false,
            }),
        }
    }

    fn raw(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let ahead = self.front.get(self.front_used..).unwrap_or_default();
        if ahead.is_empty() {
            return self.raw.read(buf);
        }
        let len = ahead.len().min(buf.len());
        let (Some(to), Some(from)) = (buf.get_mut(..len), ahead.get(..len)) else {
            return Ok(0);
        };
        to.copy_from_slice(from);
        self.front_used = self.front_used.saturating_add(len);
        Ok(len)
    }

    fn raw_exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        let mut rest = buf;
        while !rest.is_empty() {
            let got = self.raw(rest)?;
            if got == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            rest = rest.get_mut(got..).unwrap_or_default();
        }
        Ok(())
    }
}

impl<R: Read> Read for Plain<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(mut package) = self.package.take() else {
            return self.raw(buf);
        };
        let read = package.read(self, buf);
        self.package = Some(package);
        read
    }
}

impl Package {
    fn read<R: Read>(&mut self, from: &mut Plain<R>, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            let ready = self.plain.get(self.used..).unwrap_or_default();
            if !ready.is_empty() {
                let len = ready.len().min(buf.len());
                if let (Some(to), Some(from)) = (buf.get_mut(..len), ready.get(..len)) {
                    to.copy_from_slice(from);
                }
                self.used = self.used.saturating_add(len);
                return Ok(len);
            }
            if self.left == 0 {
                if !self.is_proved {
                    let leaves = std::mem::take(&mut self.leaves);
                    self.opener.finish(leaves).map_err(io::Error::other)?;
                    self.is_proved = true;
                }
                return Ok(0);
            }
            let segment = u64::from(self.opener.segment_len()).min(self.left);
            self.sealed.resize(usize::try_from(segment).unwrap_or_default(), 0);
            let mut sealed = std::mem::take(&mut self.sealed);
            from.raw_exact(&mut sealed)?;
            self.plain.clear();
            self.used = 0;
            let leaf = self.opener.open_segment(self.next, &sealed, &mut self.plain);
            self.sealed = sealed;
            self.leaves.push(leaf.map_err(io::Error::other)?);
            self.next = self.next.saturating_add(1);
            self.left = self.left.saturating_sub(segment);
        }
    }
}
