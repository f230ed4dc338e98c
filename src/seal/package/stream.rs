//! Packages of any size in bounded memory and on several threads: plaintext comes in as it is made or read, sealed bytes go
//! out. The bytes are those of [`seal_package`](super::seal_package).
//!
//! The manifest in front carries the root over all segments, but its length is known before: a writer leaves
//! [`PackageStream::front_len`] bytes free, and puts the front there at the end.

use std::io;

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::PARAMS;
use super::seal::{Front, PackageSealer, SealFault};
use crate::seal::floe::segments;
use crate::seal::merkle::Hash;
use crate::seal::notesign::NoteSigner;
use crate::seal::spread::spread;

/// Segments that are sealed at once on several threads: 1 MiB.
const BATCH_OF_MANY: usize = 16;
/// The same on one thread: there is nothing to share out.
const BATCH_OF_ONE: usize = 4;

/// Why a package could not be sealed piece by piece.
#[derive(Debug, thiserror::Error)]
pub enum StreamFault {
    /// It cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealFault),
    /// What was sealed could not be handed out.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// Where sealed bytes go, in their order.
pub type Sink<'s> = &'s mut dyn FnMut(&[u8]) -> io::Result<()>;

/// Sees the plaintext, piece by piece, while it is sealed.
pub type Look<'l> = &'l mut (dyn FnMut(&[u8]) + Send);

/// What is known at the end of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEnd {
    /// What stands before the first segment, [`PackageStream::front_len`] bytes.
    pub front: Front,
    /// Length of the whole package in bytes.
    pub size: u64,
    /// SHA-256 of the plaintext.
    pub plain_sha256: [u8; 32],
}

/// A package that is being sealed. After an error nothing more may be done with it.
pub struct PackageStream {
    sealer: PackageSealer,
    threads: usize,
    front_len: usize,
    /// Plaintext of the segments from `next` on: room for a batch, `filled` bytes of it used.
    plain: Zeroizing<Vec<u8>>,
    filled: usize,
    /// Segments that were sealed and not handed out yet.
    ready: Vec<u8>,
    /// Room for the segments that are sealed next.
    room: Vec<u8>,
    next: u64,
    /// Plaintext that came in, in bytes.
    taken: u64,
    /// Segments handed out, in bytes.
    given: u64,
    leaves: Vec<Hash>,
    /// SHA-256 of the plaintext, where it is wanted.
    plain_hash: Option<Sha256>,
}

impl PackageStream {
    /// Begins the package of this sealer, signed by `signer`, on at most so many threads.
    ///
    /// # Errors
    /// [`SealFault`] where the manifest cannot be signed.
    pub fn new(sealer: PackageSealer, signer: &NoteSigner, threads: usize) -> Result<Self, SealFault> {
        let batch = if threads > 1 { BATCH_OF_MANY } else { BATCH_OF_ONE };
        let all = usize::try_from(sealer.plaintext_len()).unwrap_or(usize::MAX);
        let room = batch.saturating_mul(PARAMS.plaintext_segment_len() as usize).min(all);
        Ok(Self {
            front_len: sealer.front_len(signer)?,
            sealer,
            threads,
            plain: Zeroizing::new(vec![0; room]),
            filled: 0,
            ready: Vec::new(),
            room: Vec::new(),
            next: 0,
            taken: 0,
            given: 0,
            leaves: Vec::new(),
            plain_hash: Some(Sha256::new()),
        })
    }

    /// The same where nobody asks for the SHA-256 of the plaintext; [`StreamEnd::plain_sha256`] is then all zeros.
    #[must_use]
    pub fn without_plain_sha256(mut self) -> Self {
        self.plain_hash = None;
        self
    }

    /// Length in bytes of what stands before the first segment.
    pub fn front_len(&self) -> usize {
        self.front_len
    }

    /// Takes more of the plaintext, in pieces of any length; what was sealed meanwhile goes to `sink`.
    ///
    /// # Errors
    /// `PlaintextLength` where it is more than was announced; those of `sink`.
    pub fn add(&mut self, plaintext: &[u8], sink: Sink<'_>) -> Result<(), StreamFault> {
        let mut rest = plaintext;
        while !rest.is_empty() {
            let place = self.place()?;
            let len = place.len().min(rest.len());
            let (now, later) = rest.split_at_checked(len).unwrap_or((rest, &[]));
            if let Some(place) = place.get_mut(..len) {
                place.copy_from_slice(now);
            }
            self.took(len, sink)?;
            rest = later;
        }
        Ok(())
    }

    /// Where more of the plaintext can be put without a copy: never empty. [`PackageStream::took`] says how much it was.
    ///
    /// # Errors
    /// `PlaintextLength` where all that was announced is there.
    pub fn place(&mut self) -> Result<&mut [u8], SealFault> {
        let want = self.sealer.plaintext_len();
        let place = self.plain.get_mut(self.filled..).unwrap_or_default();
        let left = usize::try_from(want.saturating_sub(self.taken)).unwrap_or(usize::MAX);
        let len = place.len().min(left);
        match place.get_mut(..len) {
            Some(place) if len > 0 => Ok(place),
            Some(_) | None => Err(SealFault::PlaintextLength {
                got: self.taken.saturating_add(1),
                want,
            }),
        }
    }

    /// Takes the first `len` bytes of [`PackageStream::place`].
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn took(&mut self, len: usize, sink: Sink<'_>) -> Result<(), StreamFault> {
        self.filled = self.filled.saturating_add(len).min(self.plain.len());
        self.taken = self.taken.saturating_add(len as u64);
        if self.filled == self.plain.len() {
            self.batch(&mut |_| {}, sink)?;
        }
        Ok(())
    }

    /// Seals what is left and gives the front.
    ///
    /// # Errors
    /// `PlaintextLength` where less came than was announced; those of `sink` and of signing.
    pub fn finish(mut self, signer: &NoteSigner, sink: Sink<'_>) -> Result<StreamEnd, StreamFault> {
        let (got, want) = (self.taken, self.sealer.plaintext_len());
        if got != want {
            return Err(SealFault::PlaintextLength { got, want }.into());
        }
        if self.next < self.sealer.segment_count() {
            self.batch(&mut |_| {}, sink)?;
        }
        sink(&self.ready)?;
        self.given = self.given.saturating_add(self.ready.len() as u64);
        let leaves = std::mem::take(&mut self.leaves);
        let front = self.sealer.front(signer, leaves)?;
        Ok(StreamEnd {
            size: self.given.saturating_add(front.bytes.len() as u64),
            plain_sha256: self.plain_hash.map(|hash| hash.finalize().into()).unwrap_or_default(),
            front,
        })
    }

    /// Takes all of the plaintext from `read`, which fills what it is given, and shows it to `look` in pieces of some MiB.
    /// The next piece is read while the one before is sealed. Only for a stream that has taken nothing yet.
    ///
    /// # Errors
    /// Those of `read` and `sink`.
    pub fn pump(
        &mut self,
        read: &mut dyn FnMut(&mut [u8]) -> io::Result<()>,
        look: Look<'_>,
        sink: Sink<'_>,
    ) -> Result<(), StreamFault> {
        let mut other = Zeroizing::new(vec![0; self.plain.len()]);
        self.filled = self.left();
        read(self.plain.get_mut(..self.filled).unwrap_or_default())?;
        while self.filled > 0 {
            self.taken = self.taken.saturating_add(self.filled as u64);
            let follow = self.left();
            let place = other.get_mut(..follow).unwrap_or_default();
            self.batch(look, &mut |ready| {
                sink(ready)?;
                if place.is_empty() { Ok(()) } else { read(place) }
            })?;
            std::mem::swap(&mut self.plain, &mut other);
            self.filled = follow;
        }
        Ok(())
    }

    /// How much of the plaintext that did not come yet fits into a batch.
    fn left(&self) -> usize {
        let left = self.sealer.plaintext_len().saturating_sub(self.taken);
        usize::try_from(left).map_or(self.plain.len(), |left| left.min(self.plain.len()))
    }

    /// Seals the plaintext that is there, hashes it and shows it to `look`, while `meanwhile` gets what was sealed before.
    fn batch(&mut self, look: Look<'_>, meanwhile: Sink<'_>) -> Result<(), StreamFault> {
        let Self { sealer, room, .. } = self;
        let plain = self.plain.get(..self.filled).unwrap_or_default();
        let count = plain.len().div_ceil(sealer.segment_len() as usize).max(1);
        let overhead = (PARAMS.encrypted_segment_len() - PARAMS.plaintext_segment_len()) as usize;
        room.resize(plain.len().saturating_add(count.saturating_mul(overhead)), 0);
        let before = self.leaves.len();
        self.leaves.resize(before.saturating_add(count), [0; 32]);
        let mut made: Vec<Result<(), SealFault>> = vec![Ok(()); count.div_ceil(2)];
        let pieces = segments(plain, sealer.segment_len().saturating_mul(2));
        let places = room.chunks_mut(2 * PARAMS.encrypted_segment_len() as usize);
        let leaves = self.leaves.get_mut(before..).unwrap_or_default().chunks_mut(2);
        // What cannot be divided first.
        let mut jobs = vec![Job::Look(look)];
        jobs.extend(self.plain_hash.as_mut().map(Job::Hash));
        for ((index, (piece, _)), ((place, leaves), made)) in (self.next..)
            .step_by(2)
            .zip(pieces)
            .zip(places.zip(leaves).zip(&mut made))
        {
            jobs.push(Job::Seal {
                index,
                piece,
                place,
                leaves,
                made,
            });
        }
        let ready = &self.ready;
        let work = |job: Job<'_>| match job {
            Job::Hash(hash) => hash.update(plain),
            Job::Look(look) => look(plain),
            Job::Seal {
                index,
                piece,
                place,
                leaves,
                made,
            } => *made = sealer.seal_two_into(index, piece, place, leaves),
        };
        let threads = if count > 1 { self.threads } else { 1 };
        spread(threads, jobs, work, || meanwhile(ready))?;
        made.into_iter().collect::<Result<(), SealFault>>()?;
        self.given = self.given.saturating_add(self.ready.len() as u64);
        std::mem::swap(&mut self.ready, &mut self.room);
        self.next = self.next.saturating_add(count as u64);
        self.filled = 0;
        Ok(())
    }
}

/// Work on one batch.
enum Job<'j> {
    /// SHA-256 of the plaintext.
    Hash(&'j mut Sha256),
    /// What the caller does with it.
    Look(Look<'j>),
    /// One segment, or two that follow each other.
    Seal {
        index: u64,
        piece: &'j [u8],
        place: &'j mut [u8],
        leaves: &'j mut [Hash],
        made: &'j mut Result<(), SealFault>,
    },
}

impl std::fmt::Debug for PackageStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackageStream")
            .field("sealer", &self.sealer)
            .field("taken", &self.taken)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::digest::sha256;
    use crate::seal::package::seal_package;
    use crate::seal::package::tests::{SEGMENT, rng, signer, spec};

    const BATCH: usize = BATCH_OF_MANY * SEGMENT;

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect()
    }

    fn begin(len: usize, threads: usize) -> PackageStream {
        let sealer = PackageSealer::new(&spec(), len as u64, &mut rng(9)).unwrap();
        PackageStream::new(sealer, &signer(), threads).unwrap()
    }

    fn streamed(plain: &[u8], threads: usize, piece: usize) -> (Vec<u8>, StreamEnd) {
        let mut stream = begin(plain.len(), threads);
        let front_len = stream.front_len();
        let mut out = vec![0; front_len];
        let mut sink = |sealed: &[u8]| {
            out.extend_from_slice(sealed);
            Ok(())
        };
        for piece in plain.chunks(piece) {
            stream.add(piece, &mut sink).unwrap();
        }
        let end = stream.finish(&signer(), &mut sink).unwrap();
        assert_eq!(end.front.bytes.len(), front_len);
        out[..front_len].copy_from_slice(&end.front.bytes);
        (out, end)
    }

    #[test]
    fn the_bytes_are_those_of_the_whole_package() {
        let lens = [
            0,
            1,
            SEGMENT - 1,
            SEGMENT,
            SEGMENT + 1,
            BATCH_OF_ONE * SEGMENT,
            BATCH - 1,
            BATCH,
            BATCH + 1,
            2 * BATCH + SEGMENT + 7,
        ];
        for len in lens {
            let plain = bytes(len);
            let whole = seal_package(&spec(), &plain, &signer(), &mut rng(9)).unwrap();
            for (threads, piece) in [(1, usize::MAX), (4, usize::MAX), (1, 70_001), (2, 999)] {
                let (out, end) = streamed(&plain, threads, piece);
                assert!(out == whole.bytes, "{len} bytes on {threads} threads");
                assert_eq!(end.front.package_hash, whole.package_hash);
                assert_eq!(end.size, whole.size);
                assert_eq!(end.plain_sha256, sha256(&plain));
            }
        }
    }

    #[test]
    fn what_is_pumped_is_sealed_and_seen_as_it_is() {
        for len in [0, 1, SEGMENT, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 7] {
            let plain = bytes(len);
            let whole = seal_package(&spec(), &plain, &signer(), &mut rng(9)).unwrap();
            for threads in [1, 2, 3] {
                let mut stream = begin(len, threads);
                let mut out = vec![0; stream.front_len()];
                let (mut at, mut seen) = (0, Vec::new());
                let mut read = |place: &mut [u8]| {
                    place.copy_from_slice(&plain[at..at + place.len()]);
                    at += place.len();
                    Ok(())
                };
                let mut sink = |sealed: &[u8]| {
                    out.extend_from_slice(sealed);
                    Ok(())
                };
                let mut look = |piece: &[u8]| seen.extend_from_slice(piece);
                stream.pump(&mut read, &mut look, &mut sink).unwrap();
                let end = stream.finish(&signer(), &mut sink).unwrap();
                assert!(out[end.front.bytes.len()..] == whole.bytes[end.front.bytes.len()..]);
                assert_eq!(end.front.package_hash, whole.package_hash);
                assert!(seen == plain && end.plain_sha256 == sha256(&plain));
            }
        }
        let mut stream = begin(2 * BATCH, 2);
        let mut fails = |place: &mut [u8]| match place.len() {
            0 => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        };
        let fault = stream.pump(&mut fails, &mut |_| {}, &mut |_| Ok(())).unwrap_err();
        assert!(matches!(fault, StreamFault::Write(why) if why.kind() == io::ErrorKind::UnexpectedEof));
    }

    #[test]
    fn more_or_less_than_was_announced_is_refused() {
        let mut nowhere = |_: &[u8]| Ok(());
        for (announced, came) in [
            (0, 1),
            (5, 4),
            (5, 6),
            (SEGMENT, SEGMENT + 1),
            (BATCH, BATCH - 1),
            (1, 0),
        ] {
            let mut stream = begin(announced, 2);
            let added = stream.add(&bytes(came), &mut nowhere);
            let fault = match added {
                Ok(()) => stream.finish(&signer(), &mut nowhere).unwrap_err(),
                Err(fault) => fault,
            };
            let StreamFault::Seal(SealFault::PlaintextLength { got, want }) = fault else {
                panic!("{fault}");
            };
            assert_eq!((got, want), (came as u64, announced as u64));
        }
    }

    #[test]
    fn a_disk_that_fails_ends_it() {
        for threads in [1, 2] {
            let mut stream = begin(3 * BATCH, threads);
            let mut full = |sealed: &[u8]| match sealed.len() {
                0 => Ok(()),
                _ => Err(io::ErrorKind::StorageFull.into()),
            };
            let fault = stream.add(&bytes(3 * BATCH), &mut full).unwrap_err();
            assert!(matches!(fault, StreamFault::Write(why) if why.kind() == io::ErrorKind::StorageFull));
        }
    }
}
