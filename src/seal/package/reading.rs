//! Opens packages of any size in bounded memory and on several threads, in two passes over the sealed file: the first one
//! verifies every segment and keeps the leaf hashes, the second one gives the plaintext of exactly those segments.

use std::fmt;
use std::io;

use zeroize::Zeroizing;

use super::PARAMS;
use super::open::{OpenFault, PackageOpener};
use super::stream::Sink;
use crate::format::package::PackageManifest;
use crate::seal::merkle::Hash;
use crate::seal::spread::spread;

/// Segments that are opened at once: 4 MiB.
const BATCH: usize = 64;

/// Reads exactly so many bytes of the package as the slice has, from the offset given.
pub type ReadAtOffset<'r> = &'r mut dyn FnMut(&mut [u8], u64) -> io::Result<()>;

/// Why a package could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// It does not open.
    #[error(transparent)]
    Open(#[from] OpenFault),
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The plaintext could not be handed out.
    #[error("cannot be written: {0}")]
    Write(io::Error),
}

/// A package of which every segment was verified.
pub struct VerifiedPackage {
    opener: PackageOpener,
    leaves: Vec<Hash>,
    package_hash: Hash,
}

impl VerifiedPackage {
    /// Verifies all segments, as the whole-buffer [`open_package`](super::open_package) does; nothing of the plaintext is kept.
    ///
    /// # Errors
    /// `DamagedPayload` with the first bad segment, `OtherPayload`; those of `read`.
    pub fn verify(opener: PackageOpener, threads: usize, read: ReadAtOffset<'_>) -> Result<Self, ReadFault> {
        let leaves = pass(&opener, threads, read, None)?;
        let package_hash = opener.finish(leaves.iter().copied())?;
        Ok(Self {
            opener,
            leaves,
            package_hash,
        })
    }

    /// What the sender signed.
    pub fn manifest(&self) -> &PackageManifest {
        self.opener.manifest()
    }

    /// Hash of the package.
    pub fn package_hash(&self) -> Hash {
        self.package_hash
    }

    /// Gives the plaintext in its order. Each segment is the one that was verified: where the file was changed since, nothing of
    /// what changed is given.
    ///
    /// # Errors
    /// `OtherPayload` where the file was changed since; those of `read` and `sink`.
    pub fn give(&self, threads: usize, read: ReadAtOffset<'_>, sink: Sink<'_>) -> Result<(), ReadFault> {
        let give = Give {
            leaves: &self.leaves,
            sink,
        };
        pass(&self.opener, threads, read, Some(give))?;
        Ok(())
    }
}

impl fmt::Debug for VerifiedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedPackage")
            .field("opener", &self.opener)
            .finish_non_exhaustive()
    }
}

/// The second pass: the leaf hashes that were verified, and where the plaintext goes.
struct Give<'g> {
    leaves: &'g [Hash],
    sink: Sink<'g>,
}

/// One segment on its way.
struct Job<'j> {
    index: u64,
    sealed: &'j [u8],
    place: &'j mut [u8],
    want: Option<&'j Hash>,
    found: &'j mut Result<Hash, OpenFault>,
}

/// One pass over the segments; gives their leaf hashes. While a batch is opened, the next one is read and the plaintext of
/// the one before goes out.
fn pass(
    opener: &PackageOpener,
    threads: usize,
    read: ReadAtOffset<'_>,
    mut give: Option<Give<'_>>,
) -> Result<Vec<Hash>, ReadFault> {
    let (sealed_len, plain_len) = (
        PARAMS.encrypted_segment_len() as usize,
        PARAMS.plaintext_segment_len() as usize,
    );
    let mut leaves: Vec<Hash> = Vec::new();
    let mut offset = opener.payload_offset();
    let mut left = opener.payload_len();
    let most = batch_of(left);
    let [mut sealed, mut following] = [vec![0; most], vec![0; most]];
    let [mut plain, mut ready] = [Zeroizing::new(vec![0; most]), Zeroizing::new(Vec::new())];
    if give.is_some() {
        ready.resize(most, 0);
    }
    let mut ready_len = 0;
    let mut count = most;
    read(sealed.get_mut(..count).unwrap_or_default(), offset).map_err(ReadFault::Read)?;
    while count > 0 {
        offset = offset.saturating_add(count as u64);
        left = left.saturating_sub(count as u64);
        let next = batch_of(left);
        let segments = sealed.get(..count).unwrap_or_default().chunks(sealed_len);
        let mut found: Vec<Result<Hash, OpenFault>> = vec![Ok([0; 32]); segments.len()];
        let mut jobs = Vec::with_capacity(segments.len());
        let places = plain.chunks_mut(plain_len).zip(&mut found);
        for ((index, segment), (place, found)) in (leaves.len()..).zip(segments).zip(places) {
            let len = segment.len().saturating_sub(sealed_len - plain_len);
            jobs.push(Job {
                index: index as u64,
                sealed: segment,
                place: place.get_mut(..len).unwrap_or_default(),
                want: give.as_ref().and_then(|give| give.leaves.get(index)),
                found,
            });
        }
        let plain_count = count.saturating_sub(jobs.len().saturating_mul(sealed_len - plain_len));
        let threads = if jobs.len() > 1 { threads } else { 1 };
        spread(
            threads,
            jobs,
            |job| *job.found = opener.open_segment_into(job.index, job.sealed, job.want, job.place),
            || {
                if let Some(give) = &mut give {
                    (give.sink)(ready.get(..ready_len).unwrap_or_default()).map_err(ReadFault::Write)?;
                }
                let place = following.get_mut(..next).unwrap_or_default();
                if place.is_empty() {
                    return Ok(());
                }
                read(place, offset).map_err(ReadFault::Read)
            },
        )?;
        for leaf in found {
            leaves.push(leaf?);
        }
        if give.is_some() {
            std::mem::swap(&mut plain, &mut ready);
            ready_len = plain_count;
        }
        std::mem::swap(&mut sealed, &mut following);
        count = next;
    }
    if let Some(give) = &mut give {
        (give.sink)(ready.get(..ready_len).unwrap_or_default()).map_err(ReadFault::Write)?;
    }
    Ok(leaves)
}

/// Length of the next batch in bytes.
fn batch_of(left: u64) -> usize {
    let most = BATCH.saturating_mul(PARAMS.encrypted_segment_len() as usize);
    usize::try_from(left).map_or(most, |left| left.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::keyfile::Kem;
    use crate::seal::package::tests::{SEGMENT, keys, pinned, rng, signer, spec};
    use crate::seal::package::{open_package, seal_package};

    fn sealed(len: usize) -> (Vec<u8>, Vec<u8>) {
        let plain: Vec<u8> = (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let sealed = seal_package(&spec(), &plain, &signer(), &mut rng(9)).unwrap().bytes;
        (plain, sealed)
    }

    fn reader(bytes: &[u8]) -> impl FnMut(&mut [u8], u64) -> io::Result<()> {
        |place, offset| {
            let start = usize::try_from(offset).unwrap();
            let from = bytes.get(start..start + place.len());
            place.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        }
    }

    fn verify(bytes: &[u8], threads: usize) -> Result<VerifiedPackage, ReadFault> {
        let opener = PackageOpener::new(bytes, bytes.len() as u64, &keys(Kem::P256, 1), &pinned())?;
        VerifiedPackage::verify(opener, threads, &mut reader(bytes))
    }

    #[test]
    fn gives_the_plaintext_of_the_whole_package() {
        let batch = BATCH * SEGMENT;
        for len in [0, 1, SEGMENT, SEGMENT + 1, batch - 1, batch, batch + 1, 2 * batch + 7] {
            let (plain, sealed) = sealed(len);
            let whole = open_package(&sealed, &keys(Kem::P256, 1), &pinned()).unwrap();
            for threads in [1, 4] {
                let verified = verify(&sealed, threads).unwrap();
                assert_eq!(verified.package_hash(), whole.package_hash);
                assert_eq!(verified.manifest(), &whole.manifest);
                let mut out = Vec::new();
                let mut sink = |piece: &[u8]| {
                    out.extend_from_slice(piece);
                    Ok(())
                };
                verified.give(threads, &mut reader(&sealed), &mut sink).unwrap();
                assert!(out == plain, "{len}");
            }
        }
    }

    #[test]
    fn says_of_damage_what_opening_the_whole_package_says() {
        let (_, sealed) = sealed((BATCH + 2) * SEGMENT + 9);
        let payload = sealed.len() - (BATCH + 2) * 65536 - 41;
        for at in [
            payload,
            payload + 5 * 65536 + 100,
            payload + BATCH * 65536,
            sealed.len() - 1,
        ] {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            let whole = open_package(&bad, &keys(Kem::P256, 1), &pinned()).unwrap_err();
            assert!(matches!(whole, OpenFault::DamagedPayload { .. }));
            for threads in [1, 3] {
                let ReadFault::Open(fault) = verify(&bad, threads).unwrap_err() else {
                    panic!("another kind of fault");
                };
                assert_eq!(fault, whole);
            }
        }
        // Cut after the front was read.
        let opener = PackageOpener::new(&sealed, sealed.len() as u64, &keys(Kem::P256, 1), &pinned()).unwrap();
        let cut = VerifiedPackage::verify(opener, 2, &mut reader(&sealed[..sealed.len() - 1]));
        assert!(matches!(cut, Err(ReadFault::Read(why)) if why.kind() == io::ErrorKind::UnexpectedEof));
    }

    /// A file that is changed between the passes: neither damage nor another authentic segment is given out.
    #[test]
    fn what_changed_since_it_was_verified_is_not_given() {
        let len = (BATCH + 3) * SEGMENT;
        let (plain, sealed) = sealed(len);
        let front = sealed.len() - (BATCH + 3) * 65536;
        let verified = verify(&sealed, 2).unwrap();
        // Sealed by one who knows the file key: the same front, and another plaintext in segment 66.
        let mut other = plain.clone();
        other[(BATCH + 2) * SEGMENT] ^= 1;
        let forged = seal_package(&spec(), &other, &signer(), &mut rng(9)).unwrap().bytes;
        let mut damaged = sealed.clone();
        damaged[front + (BATCH + 2) * 65536 + 50] ^= 1;
        for changed in [forged, damaged] {
            let mut given = Vec::new();
            let mut sink = |piece: &[u8]| {
                given.extend_from_slice(piece);
                Ok(())
            };
            let fault = verified.give(2, &mut reader(&changed), &mut sink).unwrap_err();
            assert!(matches!(fault, ReadFault::Open(OpenFault::OtherPayload)));
            assert!(given == plain[..given.len()] && given.len() <= BATCH * SEGMENT);
        }
        let mut full = |piece: &[u8]| match piece.len() {
            0 => Ok(()),
            _ => Err(io::ErrorKind::StorageFull.into()),
        };
        let fault = verified.give(2, &mut reader(&sealed), &mut full).unwrap_err();
        assert!(matches!(fault, ReadFault::Write(_)));
    }
}
