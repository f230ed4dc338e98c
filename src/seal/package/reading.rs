//! Opens packages of any size in bounded memory and on several threads, in one pass over the sealed file. Plaintext goes out as
//! it is opened, so that whoever takes it keeps it back until all of the package is verified.

use std::fmt;
use std::io;

use zeroize::Zeroizing;

use super::PARAMS;
use super::open::{OpenFault, PackageOpener};
use super::stream::Sink;
use crate::format::package::PackageManifest;
use crate::seal::merkle::Hash;
use crate::seal::spread::spread;

/// Segments that are opened at once: 1 MiB.
const BATCH: usize = 16;

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
    package_hash: Hash,
}

impl VerifiedPackage {
    /// Verifies all segments, as the whole-buffer [`open_package`](super::open_package) does, and gives their plaintext in its
    /// order to `sink`. **Nobody may see it before this function has said yes**: each piece is authentic, but whether it is what
    /// the sender signed is known at the end.
    ///
    /// # Errors
    /// `DamagedPayload` with the first bad segment, `OtherPayload`; those of `read` and `sink`.
    pub fn open(
        opener: PackageOpener,
        threads: usize,
        read: ReadAtOffset<'_>,
        sink: Sink<'_>,
    ) -> Result<Self, ReadFault> {
        let leaves = pass(&opener, threads, read, sink)?;
        let package_hash = opener.finish(leaves)?;
        Ok(Self { opener, package_hash })
    }

    /// What the sender signed.
    pub fn manifest(&self) -> &PackageManifest {
        self.opener.manifest()
    }

    /// Hash of the package.
    pub fn package_hash(&self) -> Hash {
        self.package_hash
    }
}

impl fmt::Debug for VerifiedPackage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedPackage")
            .field("opener", &self.opener)
            .finish_non_exhaustive()
    }
}

/// One segment on its way, or two that follow each other.
struct Job<'j> {
    index: u64,
    sealed: &'j [u8],
    place: &'j mut [u8],
    leaves: &'j mut [Hash],
    opened: &'j mut Result<(), OpenFault>,
}

/// One pass over the segments; gives their leaf hashes. While a batch is opened, the next one is read and the plaintext of
/// the one before goes out.
fn pass(
    opener: &PackageOpener,
    threads: usize,
    read: ReadAtOffset<'_>,
    sink: Sink<'_>,
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
    let [mut plain, mut ready] = [Zeroizing::new(vec![0; most]), Zeroizing::new(vec![0; most])];
    let mut ready_len = 0;
    let mut count = most;
    read(sealed.get_mut(..count).unwrap_or_default(), offset).map_err(ReadFault::Read)?;
    while count > 0 {
        offset = offset.saturating_add(count as u64);
        left = left.saturating_sub(count as u64);
        let next = batch_of(left);
        let before = leaves.len();
        let segments = count.div_ceil(sealed_len);
        leaves.resize(before.saturating_add(segments), [0; 32]);
        let plain_count = count.saturating_sub(segments.saturating_mul(sealed_len - plain_len));
        let pieces = sealed.get(..count).unwrap_or_default().chunks(2 * sealed_len);
        let mut opened: Vec<Result<(), OpenFault>> = vec![Ok(()); pieces.len()];
        let mut rest = plain.get_mut(..plain_count).unwrap_or_default();
        let mut jobs = Vec::with_capacity(pieces.len());
        let of_two = leaves.get_mut(before..).unwrap_or_default().chunks_mut(2);
        for (((index, sealed), leaves), opened) in (before..).step_by(2).zip(pieces).zip(of_two).zip(&mut opened) {
            let len = rest.len().min(2 * plain_len);
            let (place, behind) = std::mem::take(&mut rest).split_at_mut_checked(len).unwrap_or_default();
            rest = behind;
            jobs.push(Job {
                index: index as u64,
                sealed,
                place,
                leaves,
                opened,
            });
        }
        let threads = if jobs.len() > 1 { threads } else { 1 };
        spread(
            threads,
            jobs,
            |job| *job.opened = opener.open_two_into(job.index, job.sealed, job.place, job.leaves),
            || {
                sink(ready.get(..ready_len).unwrap_or_default()).map_err(ReadFault::Write)?;
                let place = following.get_mut(..next).unwrap_or_default();
                if place.is_empty() {
                    return Ok(());
                }
                read(place, offset).map_err(ReadFault::Read)
            },
        )?;
        opened.into_iter().collect::<Result<(), OpenFault>>()?;
        std::mem::swap(&mut plain, &mut ready);
        ready_len = plain_count;
        std::mem::swap(&mut sealed, &mut following);
        count = next;
    }
    sink(ready.get(..ready_len).unwrap_or_default()).map_err(ReadFault::Write)?;
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

    fn open(bytes: &[u8], threads: usize) -> Result<(VerifiedPackage, Vec<u8>), ReadFault> {
        let opener = PackageOpener::new(bytes, bytes.len() as u64, &keys(Kem::P256, 1), &pinned())?;
        let mut out = Vec::new();
        let mut sink = |piece: &[u8]| {
            out.extend_from_slice(piece);
            Ok(())
        };
        let verified = VerifiedPackage::open(opener, threads, &mut reader(bytes), &mut sink)?;
        Ok((verified, out))
    }

    #[test]
    fn gives_the_plaintext_of_the_whole_package() {
        let batch = BATCH * SEGMENT;
        for len in [
            0,
            1,
            SEGMENT,
            SEGMENT + 1,
            2 * SEGMENT,
            batch - 1,
            batch,
            batch + 1,
            2 * batch + 7,
        ] {
            let (plain, sealed) = sealed(len);
            let whole = open_package(&sealed, &keys(Kem::P256, 1), &pinned()).unwrap();
            for threads in [1, 4] {
                let (verified, out) = open(&sealed, threads).unwrap();
                assert_eq!(verified.package_hash(), whole.package_hash);
                assert_eq!(verified.manifest(), &whole.manifest);
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
                let ReadFault::Open(fault) = open(&bad, threads).unwrap_err() else {
                    panic!("another kind of fault");
                };
                assert_eq!(fault, whole);
            }
        }
        // Cut after the front was read.
        let opener = PackageOpener::new(&sealed, sealed.len() as u64, &keys(Kem::P256, 1), &pinned()).unwrap();
        let cut = VerifiedPackage::open(opener, 2, &mut reader(&sealed[..sealed.len() - 1]), &mut |_| Ok(()));
        assert!(matches!(cut, Err(ReadFault::Read(why)) if why.kind() == io::ErrorKind::UnexpectedEof));
    }

    /// Sealed by one who knows the file key: the same front, every segment authentic, and another plaintext in one of them.
    #[test]
    fn what_the_sender_did_not_sign_is_refused_at_the_end() {
        let (mut plain, sealed) = sealed((BATCH + 3) * SEGMENT);
        let front = sealed.len() - (BATCH + 3) * 65536;
        for segment in [0, 1, BATCH + 2] {
            plain[segment * SEGMENT] ^= 1;
            let other = seal_package(&spec(), &plain, &signer(), &mut rng(9)).unwrap().bytes;
            let forged = [&sealed[..front], &other[front..]].concat();
            for threads in [1, 2] {
                let fault = open(&forged, threads).unwrap_err();
                assert!(matches!(fault, ReadFault::Open(OpenFault::OtherPayload)));
            }
            plain[segment * SEGMENT] ^= 1;
        }
    }

    #[test]
    fn a_disk_that_fails_ends_it() {
        let (_, sealed) = sealed(3 * SEGMENT);
        let opener = PackageOpener::new(&sealed, sealed.len() as u64, &keys(Kem::P256, 1), &pinned()).unwrap();
        let mut full = |piece: &[u8]| match piece.len() {
            0 => Ok(()),
            _ => Err(io::ErrorKind::StorageFull.into()),
        };
        let fault = VerifiedPackage::open(opener, 2, &mut reader(&sealed), &mut full).unwrap_err();
        assert!(matches!(fault, ReadFault::Write(_)));
    }
}
