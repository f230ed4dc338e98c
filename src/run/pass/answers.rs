//! Answers and notices of a pass: made, stored for repetition, sealed for their receivers, written down as leaves.

use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread;

use sha2::{Digest, Sha256};

use super::identity::StoredAnswer;
use super::work::{Results, Worked};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::party::{FileKind, Party};
use crate::format::layout::Layout;
use crate::format::leaf::{GenerationName, Leaf};
use crate::pipeline::emit::{NtfWriter, OwnHead, ResWriter};
use crate::pipeline::journal::{self, Package};
use crate::run::at_rest::answer_context;
use crate::run::layouts::standard_name;
use crate::run::site::Site;
use crate::run::trouble;
use crate::seal::atrest::AtRestReader;
use crate::seal::digest;
use crate::seal::hpke::SealingPublicKey;
use crate::seal::package::{PackageSealer, PackageSpec, Recipient};
use crate::store::sealed::{PackageWriter, RestWriter, read_at_rest};
use crate::store::staging::{Stage, StagedFile};

/// Largest stored answer: that to a file of ten million records.
const ANSWER_MAX_BYTES: u64 = 4 << 30;
/// Bytes of a file that are made before they are sealed and kept.
const PIECE_BYTES: usize = 1 << 20;
/// Pieces that wait for each of the two who take them.
const PIECES_WAITING: usize = 2;

/// A plain file that goes out.
pub(super) struct Outgoing {
    /// Who gets it.
    pub receiver: PartyId,
    /// Kind.
    pub kind: FileKind,
    /// Serial.
    pub serial: u32,
    /// Length of the plain bytes.
    pub len_bytes: u64,
    /// Data records.
    pub records: u64,
    /// Generation that it tells of.
    pub generation: Option<GenerationName>,
}

impl Outgoing {
    /// Standard name of the plain file.
    pub(super) fn name(&self, own: PartyId) -> String {
        standard_name(self.kind, own, self.receiver, self.serial)
    }

    /// What is kept to answer a duplicate.
    pub(super) fn stored(&self, own: PartyId) -> StoredAnswer {
        StoredAnswer {
            name: self.name(own),
            kind: self.kind.as_str().to_owned(),
            serial: self.serial,
            records: self.records,
            generation: self.generation.map_or(0, |generation| generation.number),
        }
    }
}

/// Takes the pieces of a file, in their order.
pub(super) type Pieces<'p> = &'p mut dyn FnMut(Vec<u8>) -> Result<(), Fault>;

/// A file that went out.
pub(super) struct Sent {
    /// Its leaf.
    pub leaf: Leaf,
    /// Where the package goes, relative to the site.
    pub path: String,
    /// SHA-256 of the plain bytes.
    pub plain_sha256: [u8; 32],
}

/// A file while it goes out: sealed for its receiver and, where it can be asked for again, kept encrypted at rest, both while its
/// bytes are made.
pub(super) struct Going {
    name: String,
    path: String,
    key_id: String,
    package: PackageWriter<StagedFile>,
    kept: Option<RestWriter<StagedFile>>,
    folder: PathBuf,
    is_long: bool,
}

impl Going {
    /// Begins; `keep_as` is the id under which the plain bytes are kept.
    pub(super) fn begin(
        site: &Site<'_>,
        stage: &Stage<'_>,
        file: &Outgoing,
        keep_as: Option<&str>,
        threads: usize,
    ) -> Result<Self, Fault> {
        let folder = stage.folder();
        let kept = match keep_as {
            None => None,
            Some(id) => {
                let mut rng = site.tools.generator()?;
                let to = stage
                    .create(&format!("answer-{id}"), &format!("answers/{id}"))
                    .map_err(trouble::disk(&folder))?
                    .hashed();
                let context = answer_context(id);
                Some(
                    RestWriter::begin(to, &site.secrets.site_key, &context, file.len_bytes, &mut rng)
                        .map_err(trouble::at_rest_stream("answer", &folder))?,
                )
            }
        };
        let key = sealing_key(site, file.receiver)?;
        let own = site.config.id;
        let name = file.name(own);
        let key_id = digest::to_hex(&key.key_id().0);
        let spec = PackageSpec {
            sender: own,
            recipients: vec![Recipient {
                party: file.receiver,
                key,
            }],
            kind: file.kind.as_str().to_owned(),
            file_name: name.clone(),
            purpose: None,
            application: None,
            counts: std::iter::once(("records".to_owned(), file.records)).collect(),
            generation: file.generation.map(|generation| generation.number),
            expires: None,
        };
        // A generator of its own: the bytes of a package do not depend on how many others are made.
        let mut rng = site.tools.generator()?;
        let sealer = PackageSealer::new(&spec, file.len_bytes, &mut rng).map_err(trouble::bug)?;
        let path = format!("out/{}/{name}.seki", file.receiver);
        let to = stage
            .create(&format!("package-{}-{name}", file.receiver), &path)
            .map_err(trouble::disk(&folder))?;
        let package = PackageWriter::begin(to, sealer, &site.secrets.package_signer, threads)
            .map_err(trouble::package_stream(&folder))?;
        let is_long = threads > 1 && Self::is_long(file);
        Ok(Self {
            name,
            path,
            key_id,
            package,
            kept,
            folder,
            is_long,
        })
    }

    /// True for a file that is worth threads.
    pub(super) fn is_long(file: &Outgoing) -> bool {
        file.len_bytes > 4 * PIECE_BYTES as u64
    }

    /// Lets `make` give the pieces. A long file is made, sealed and kept at the same time; a short one piece after piece, so that
    /// the acts on the disk have one order.
    pub(super) fn through(&mut self, make: impl FnOnce(Pieces<'_>) -> Result<(), Fault>) -> Result<(), Fault> {
        let (package_fault, kept_fault) = (
            trouble::package_stream(&self.folder),
            trouble::at_rest_stream("answer", &self.folder),
        );
        let (package, kept) = (&mut self.package, &mut self.kept);
        if !self.is_long {
            make(&mut |piece| {
                if let Some(kept) = kept {
                    kept.write(&piece).map_err(&kept_fault)?;
                }
                package.write(&piece).map_err(&package_fault)
            })?;
            return Ok(());
        }
        thread::scope(|scope| {
            let (to_package, of_package) = mpsc::sync_channel::<Arc<Vec<u8>>>(PIECES_WAITING);
            let (to_kept, of_kept) = mpsc::sync_channel::<Arc<Vec<u8>>>(PIECES_WAITING);
            let sealing = scope.spawn(|| of_package.into_iter().try_for_each(|piece| package.write(&piece)));
            let keeping = scope.spawn(|| {
                of_kept
                    .into_iter()
                    .try_for_each(|piece| kept.as_mut().map_or(Ok(()), |kept| kept.write(&piece)))
            });
            let made = make(&mut |piece| {
                let piece = Arc::new(piece);
                // Who takes no more has failed, and says why below.
                let taken = to_package.send(Arc::clone(&piece)).is_ok() && to_kept.send(piece).is_ok();
                if taken {
                    Ok(())
                } else {
                    Err(trouble::bug("sealing ended"))
                }
            });
            drop((to_package, to_kept));
            let ended = |_| trouble::bug("a worker thread ended");
            sealing.join().map_err(ended)?.map_err(&package_fault)?;
            keeping.join().map_err(ended)?.map_err(&kept_fault)?;
            made
        })
    }

    /// Ends both, makes them durable, and writes the leaf.
    pub(super) fn finish(
        self,
        site: &Site<'_>,
        stage: &mut Stage<'_>,
        file: &Outgoing,
        time: Instant,
    ) -> Result<Sent, Fault> {
        let durable = trouble::disk(&self.folder);
        if let Some(kept) = self.kept {
            let kept = kept.finish().map_err(trouble::at_rest_stream("answer", &self.folder))?;
            kept.finish(stage, None).map_err(&durable)?;
        }
        let (package, end) = self
            .package
            .finish(&site.secrets.package_signer)
            .map_err(trouble::package_stream(&self.folder))?;
        package.finish(stage, Some(&end.front.package_hash)).map_err(&durable)?;
        let leaf = journal::outgoing(
            time,
            &Package {
                name: &self.name,
                kind: file.kind,
                sender: site.config.id,
                receiver: file.receiver,
                serial: file.serial,
                records: file.records,
                plain_sha256: end.plain_sha256,
                package_hash: end.front.package_hash,
                size_bytes: end.size,
                key_id: self.key_id,
                generation: file.generation,
            },
        );
        Ok(Sent {
            leaf,
            path: self.path,
            plain_sha256: end.plain_sha256,
        })
    }
}

fn sealing_key(site: &Site<'_>, receiver: PartyId) -> Result<SealingPublicKey, Fault> {
    let missing = || Fault::new(FaultId::PartyKeyMissing).with("party", receiver);
    let text = site
        .parties
        .get(receiver)
        .and_then(|party| party.sealing_key.as_ref())
        .ok_or_else(missing)?;
    SealingPublicKey::parse(text).map_err(|_| missing())
}

/// A kept answer, to be read from its beginning.
pub(super) fn kept(site: &Site<'_>, id: &str) -> Result<Kept, Fault> {
    let path = site.folders.answers().join(id);
    let file = site.tools.disk.open(&path).map_err(trouble::disk(&path))?;
    let object = format!("answers/{id}");
    let reader = read_at_rest(file, &site.secrets.site_key, &answer_context(id), ANSWER_MAX_BYTES)
        .map_err(trouble::at_rest_stream(&object, &path))?;
    Ok(Kept { reader, object, path })
}

/// A kept answer that is read.
pub(super) struct Kept {
    reader: AtRestReader<'static>,
    object: String,
    path: PathBuf,
}

impl Kept {
    /// Length of the plain bytes.
    pub(super) fn len_bytes(&self) -> u64 {
        self.reader.len_bytes()
    }

    /// Gives all of it.
    pub(super) fn read(mut self, pieces: Pieces<'_>) -> Result<(), Fault> {
        let fault = trouble::at_rest_stream(&self.object, &self.path);
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let count = self.reader.read_chunk(&mut piece).map_err(&fault)?;
            if count == 0 {
                return Ok(());
            }
            piece.truncate(count);
            pieces(piece)?;
        }
    }
}

/// Under which id the plain bytes of a notice file are kept.
pub(in crate::run) fn notice_id(serial: u32) -> String {
    format!("ntf-{serial:08}")
}

/// SHA-256 of the plain bytes of a notice file that is kept: what an acknowledgement names.
pub fn notice_hash(site: &Site<'_>, serial: u32) -> Result<[u8; 32], Fault> {
    let mut hash = Sha256::new();
    kept(site, &notice_id(serial))?.read(&mut |piece| {
        hash.update(&piece);
        Ok(())
    })?;
    Ok(hash.finalize().into())
}

/// The head of a file to a party.
pub(super) fn head(site: &Site<'_>, receiver: &Party, serial: u32, date: BusinessDate) -> OwnHead {
    OwnHead {
        own: site.config.id,
        receiver: receiver.id,
        serial,
        business_date: date,
        environment: u8::try_from(site.config.environment.letter()).unwrap_or(b'P'),
        encoding: receiver.encoding,
        reply_to: None,
    }
}

/// Length of a file of the server with so many data records: header, trailer and end besides them, and no line ends.
pub(super) fn len_of(layout: &Layout, records: u64) -> u64 {
    u64::from(layout.record_bytes()).saturating_mul(records.saturating_add(3))
}

/// The notices of a run to the national body.
pub(super) fn notices(
    site: &Site<'_>,
    head: &OwnHead,
    worked: &Worked<'_>,
    generation: u64,
    pieces: Pieces<'_>,
) -> Result<(), Fault> {
    let party = crate::run::parties::get(site, head.receiver)?;
    let gaiji = crate::run::gaiji::of_party(site.tools.disk, &site.folders, party)?;
    let layout = site.layouts.get(FileKind::Ntf);
    let mut writer = NtfWriter::new(layout, head, gaiji).map_err(trouble::bug)?;
    worked.notify(&mut writer, generation, &mut |writer| {
        writer.take_full(PIECE_BYTES).map_or(Ok(()), &mut *pieces)
    })?;
    pieces(writer.finish().map_err(trouble::bug)?)
}

/// The answer to the file at `index`.
pub(super) fn result(
    layout: &Layout,
    head: &OwnHead,
    results: &mut Results<'_>,
    index: usize,
    generation: Option<u64>,
    pieces: Pieces<'_>,
) -> Result<(), Fault> {
    let mut writer = ResWriter::new(layout, head).map_err(trouble::bug)?;
    results.write(index, &mut writer, generation, &mut |writer| {
        writer.take_full(PIECE_BYTES).map_or(Ok(()), &mut *pieces)
    })?;
    pieces(writer.finish().map_err(trouble::bug)?)
}
