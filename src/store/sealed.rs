//! Sealed files that are written while they are made, in bounded memory (`docs/formats/package.md`, `docs/formats/at-rest.md`).

use std::io;

use rand_core::CryptoRng;

use crate::ports::{ReadAt, WriteNew};
use crate::seal::atrest::{AtRestReader, AtRestStreamFault, AtRestWriter};
use crate::seal::notesign::NoteSigner;
use crate::seal::package::{Look, PackageSealer, PackageStream, StreamEnd, StreamFault};
use crate::seal::secret::SiteKey;

/// A package on its way into a new file. Room for its front is written first and replaced at the end.
#[derive(Debug)]
pub struct PackageWriter<F> {
    file: F,
    stream: PackageStream,
}

impl<F: WriteNew> PackageWriter<F> {
    /// Begins the package of this sealer in an empty file, on at most so many threads.
    ///
    /// # Errors
    /// [`StreamFault`].
    pub fn begin(file: F, sealer: PackageSealer, signer: &NoteSigner, threads: usize) -> Result<Self, StreamFault> {
        let stream = PackageStream::new(sealer, signer, threads)?;
        let mut file = file;
        file.write_all(&vec![0; stream.front_len()])?;
        Ok(Self { file, stream })
    }

    /// The same where nobody asks for the SHA-256 of the plaintext.
    #[must_use]
    pub fn without_plain_sha256(self) -> Self {
        Self {
            stream: self.stream.without_plain_sha256(),
            ..self
        }
    }

    /// Takes more of the plaintext, in pieces of any length.
    ///
    /// # Errors
    /// [`StreamFault`]; after one the file is of no use.
    pub fn write(&mut self, plaintext: &[u8]) -> Result<(), StreamFault> {
        let file = &mut self.file;
        self.stream.add(plaintext, &mut |sealed| put(file, sealed))
    }

    /// Takes all of the plaintext from `read`, which fills what it is given, and shows it to `look`; the next part is read
    /// while the one before is sealed.
    ///
    /// # Errors
    /// [`StreamFault`]; those of `read` as `Write`.
    pub fn pump(
        &mut self,
        read: &mut dyn FnMut(&mut [u8]) -> io::Result<()>,
        look: Look<'_>,
    ) -> Result<(), StreamFault> {
        let file = &mut self.file;
        self.stream.pump(read, look, &mut |sealed| put(file, sealed))
    }

    /// Seals what is left and puts the front in its place. The file is whole, and not synced.
    ///
    /// # Errors
    /// [`StreamFault`]; `PlaintextLength` where less came than was announced.
    pub fn finish(mut self, signer: &NoteSigner) -> Result<(F, StreamEnd), StreamFault> {
        let file = &mut self.file;
        let end = self.stream.finish(signer, &mut |sealed| file.write_all(sealed))?;
        self.file.rewrite(0, &end.front.bytes)?;
        Ok((self.file, end))
    }
}

/// What is sealed here is made durable soon.
fn put(file: &mut impl WriteNew, sealed: &[u8]) -> io::Result<()> {
    file.write_all(sealed)?;
    file.begin_sync();
    Ok(())
}

/// A file at rest on its way into a new file.
#[derive(Debug)]
pub struct RestWriter<F> {
    file: F,
    writer: AtRestWriter,
}

impl<F: WriteNew> RestWriter<F> {
    /// Begins in an empty file; site key, context, length and generator are those of [`AtRestWriter::new`].
    ///
    /// # Errors
    /// [`AtRestStreamFault`].
    pub fn begin(
        file: F,
        site: &SiteKey,
        context: &str,
        plain_len: u64,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, AtRestStreamFault> {
        let writer = AtRestWriter::new(site, context, plain_len, rng)?;
        Ok(Self { file, writer })
    }

    /// Takes more of the content, in pieces of any length.
    ///
    /// # Errors
    /// [`AtRestStreamFault`]; after one the file is of no use.
    pub fn write(&mut self, content: &[u8]) -> Result<(), AtRestStreamFault> {
        let file = &mut self.file;
        self.writer.add(content, &mut |sealed| put(file, sealed))
    }

    /// Ends the file; it is not synced.
    ///
    /// # Errors
    /// [`AtRestStreamFault`]; `OtherLength` where less came than was announced.
    pub fn finish(mut self) -> Result<F, AtRestStreamFault> {
        let file = &mut self.file;
        self.writer.finish(&mut |sealed| file.write_all(sealed))?;
        Ok(self.file)
    }
}

/// Reads a file at rest from its beginning; see [`AtRestReader`].
///
/// # Errors
/// [`AtRestStreamFault`].
pub fn read_at_rest(
    file: Box<dyn ReadAt>,
    site: &SiteKey,
    context: &str,
    limit_bytes: u64,
) -> Result<AtRestReader<'static>, AtRestStreamFault> {
    let total_len = file.facts()?.len_bytes;
    let read = move |place: &mut [u8], offset: u64| file.read_exact_at(place, offset);
    AtRestReader::new(site, context, total_len, limit_bytes, Box::new(read))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use chacha20::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;
    use crate::domain::ids::PartyId;
    use crate::format::keyfile::Kem;
    use crate::ports::Disk as _;
    use crate::ports::memory::MemoryDisk;
    use crate::seal::digest;
    use crate::seal::hpke::SealingSecretKey;
    use crate::seal::package::{PackageSpec, Recipient, seal_package};
    use crate::store::folders::Folders;
    use crate::store::pieces::{package_hash_of, sha256_of};
    use crate::store::staging::Stage;

    fn spec() -> PackageSpec {
        let key = SealingSecretKey::generate(Kem::X25519, &mut ChaCha20Rng::from_seed([1; 32])).unwrap();
        PackageSpec {
            sender: PartyId::parse("050008").unwrap(),
            recipients: vec![Recipient {
                party: PartyId::parse("052019").unwrap(),
                key: key.public().clone(),
            }],
            kind: "RES".to_owned(),
            file_name: "RES.dat".to_owned(),
            purpose: None,
            application: None,
            counts: BTreeMap::new(),
            generation: None,
            expires: None,
        }
    }

    fn signer() -> NoteSigner {
        NoteSigner::new("sekisho.example/050008/package", &[1; 32]).unwrap()
    }

    fn sealer(len: u64) -> PackageSealer {
        PackageSealer::new(&spec(), len, &mut ChaCha20Rng::from_seed([2; 32])).unwrap()
    }

    #[test]
    fn packages_are_written_into_a_staging_folder_side_by_side() {
        let disk = MemoryDisk::new();
        let folders = Folders::new(Path::new("/site"));
        for folder in ["/site", "/site/staging"] {
            disk.create_folder(Path::new(folder)).unwrap();
        }
        let plain = vec![7; 3_000_000];
        let whole = seal_package(&spec(), &plain, &signer(), &mut ChaCha20Rng::from_seed([2; 32])).unwrap();
        let mut stage = Stage::begin(&disk, &folders, 3).unwrap();
        let mut writers = Vec::new();
        for name in ["a", "b"] {
            let file = stage.create(name, &format!("out/052019/{name}.seki")).unwrap();
            writers.push(PackageWriter::begin(file, sealer(plain.len() as u64), &signer(), 2).unwrap());
        }
        for piece in plain.chunks(1_234_567) {
            for writer in &mut writers {
                writer.write(piece).unwrap();
            }
        }
        for writer in writers {
            let (file, end) = writer.finish(&signer()).unwrap();
            assert_eq!((end.size, end.front.package_hash), (whole.size, whole.package_hash));
            assert_eq!(file.len_bytes(), whole.size);
            file.finish(&mut stage, Some(&end.front.package_hash)).unwrap();
        }
        let [first, _] = stage.placements() else {
            panic!("two objects");
        };
        assert_eq!(
            (first.from.as_str(), first.len_bytes),
            ("staging/0000000003/a", whole.size)
        );
        assert_eq!(first.package_hash, Some(digest::to_hex(&whole.package_hash)));
        let path = folders.at(&first.from);
        assert_eq!(disk.read(&path, whole.size).unwrap(), whole.bytes);
        assert_eq!(sha256_of(&disk, &path).unwrap(), digest::sha256(&whole.bytes));
        assert_eq!(package_hash_of(&disk, &path).unwrap(), Some(whole.package_hash));
        // Any changed byte gives another hash, or no package at all.
        for at in [0, 40, 600, 100_000, whole.bytes.len() - 1] {
            let mut bad = whole.bytes.clone();
            bad[at] ^= 1;
            disk.put(Path::new("/site/bad"), &bad).unwrap();
            let hash = package_hash_of(&disk, Path::new("/site/bad")).unwrap();
            assert_ne!(hash, Some(whole.package_hash), "{at}");
        }
    }

    #[test]
    fn a_content_is_written_at_rest_into_a_staging_folder_and_read_back() {
        let disk = MemoryDisk::new();
        let folders = Folders::new(Path::new("/site"));
        for folder in ["/site", "/site/staging"] {
            disk.create_folder(Path::new(folder)).unwrap();
        }
        let mut stage = Stage::begin(&disk, &folders, 3).unwrap();
        let (site, mut rng) = (SiteKey::new([4; 32]), ChaCha20Rng::from_seed([5; 32]));
        let file = stage.create("answer-a", "answers/a").unwrap().hashed();
        let mut writer = RestWriter::begin(file, &site, "answers/a", 2_000_000, &mut rng).unwrap();
        for _ in 0..4 {
            writer.write(&vec![9; 500_000]).unwrap();
        }
        let mut file = writer.finish().unwrap();
        assert!(file.rewrite(0, b"x").is_err(), "its hash would be another");
        file.finish(&mut stage, None).unwrap();
        let [placed] = stage.placements() else {
            panic!("one object");
        };
        let path = folders.at(&placed.from);
        assert_eq!(placed.sha256, digest::to_hex(&sha256_of(&disk, &path).unwrap()));
        assert_eq!(placed.package_hash, None);
        let mut reader = read_at_rest(disk.open(&path).unwrap(), &site, "answers/a", 2_000_000).unwrap();
        let (mut piece, mut all) = (vec![0; 70_000], 0);
        loop {
            let got = reader.read_chunk(&mut piece).unwrap();
            assert!(piece[..got].iter().all(|byte| *byte == 9));
            all += got;
            if got == 0 {
                break;
            }
        }
        assert_eq!((all, reader.len_bytes()), (2_000_000, 2_000_000));
        assert!(read_at_rest(disk.open(&path).unwrap(), &site, "answers/b", 2_000_000).is_err());
    }

    #[test]
    fn plaintext_is_pumped_from_where_it_lies() {
        let disk = MemoryDisk::new();
        let plain: Vec<u8> = (0..5_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
        let whole = seal_package(&spec(), &plain, &signer(), &mut ChaCha20Rng::from_seed([2; 32])).unwrap();
        let file = disk.create(Path::new("/a")).unwrap();
        let mut writer = PackageWriter::begin(file, sealer(plain.len() as u64), &signer(), 2).unwrap();
        let (mut at, mut seen) = (0, 0);
        let mut read = |place: &mut [u8]| {
            place.copy_from_slice(&plain[at..at + place.len()]);
            at += place.len();
            Ok(())
        };
        writer.pump(&mut read, &mut |piece| seen += piece.len()).unwrap();
        assert_eq!(seen, plain.len());
        writer.finish(&signer()).unwrap();
        assert_eq!(disk.read(Path::new("/a"), whole.size).unwrap(), whole.bytes);
    }
}
