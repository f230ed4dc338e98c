//! Answers and notices of a pass: made, stored for repetition, sealed for their receivers, written down as leaves.

use super::identity::StoredAnswer;
use super::work::Worked;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::party::{FileKind, Party};
use crate::format::leaf::{GenerationName, Leaf};
use crate::pipeline::emit::{NtfWriter, OwnHead};
use crate::pipeline::journal::{self, Package};
use crate::run::at_rest::answer_context;
use crate::run::layouts::standard_name;
use crate::run::site::Site;
use crate::run::trouble;
use crate::seal::atrest::{open_at_rest, seal_at_rest};
use crate::seal::digest;
use crate::seal::hpke::SealingPublicKey;
use crate::seal::package::{PackageSpec, Recipient, seal_package};
use crate::store::staging::Stage;

/// Largest stored answer: that to a file of ten million records.
const ANSWER_MAX_BYTES: u64 = 4 << 30;

/// A plain file that goes out.
pub(super) struct Outgoing {
    /// Who gets it.
    pub receiver: PartyId,
    /// Kind.
    pub kind: FileKind,
    /// Serial.
    pub serial: u32,
    /// Plain bytes.
    pub bytes: Vec<u8>,
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

/// Seals a file for its receiver into the staging folder; gives its leaf and the path it goes to.
pub(super) fn seal_out(
    site: &Site<'_>,
    stage: &mut Stage<'_>,
    file: &Outgoing,
    time: Instant,
) -> Result<(Leaf, String), Fault> {
    let key = sealing_key(site, file.receiver)?;
    let own = site.config.id;
    let name = file.name(own);
    let spec = PackageSpec {
        sender: own,
        recipients: vec![Recipient {
            party: file.receiver,
            key: key.clone(),
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
    let package = seal_package(&spec, &file.bytes, &site.secrets.package_signer, &mut rng).map_err(trouble::bug)?;
    let path = format!("out/{}/{name}.seki", file.receiver);
    let staged = format!("package-{}-{name}", file.receiver);
    stage
        .put(&staged, &package.bytes, &path)
        .map_err(trouble::disk(&stage.folder()))?;
    let leaf = journal::outgoing(
        time,
        &Package {
            name: &name,
            kind: file.kind,
            sender: own,
            receiver: file.receiver,
            serial: file.serial,
            records: file.records,
            plain_sha256: digest::sha256(&file.bytes),
            package_hash: package.package_hash,
            size_bytes: package.size,
            key_id: digest::to_hex(&key.key_id().0),
            generation: file.generation,
        },
    );
    Ok((leaf, path))
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

/// Keeps the plain bytes of an answer, encrypted at rest, under the digest of the file that it answers.
pub(super) fn keep(site: &Site<'_>, stage: &mut Stage<'_>, id: &str, bytes: &[u8]) -> Result<(), Fault> {
    let mut rng = site.tools.generator()?;
    let sealed = seal_at_rest(&site.secrets.site_key, &answer_context(id), bytes, &mut rng).map_err(trouble::bug)?;
    stage
        .put(&format!("answer-{id}"), &sealed, &format!("answers/{id}"))
        .map_err(trouble::disk(&stage.folder()))
}

/// A kept answer.
pub(super) fn kept(site: &Site<'_>, id: &str) -> Result<Vec<u8>, Fault> {
    let path = site.folders.answers().join(id);
    let sealed = site
        .tools
        .disk
        .read(&path, ANSWER_MAX_BYTES)
        .map_err(trouble::disk(&path))?;
    open_at_rest(&site.secrets.site_key, &answer_context(id), &sealed, ANSWER_MAX_BYTES)
        .map_err(trouble::at_rest(format!("answers/{id}")))
}

/// Under which id the plain bytes of a notice file are kept.
pub(in crate::run) fn notice_id(serial: u32) -> String {
    format!("ntf-{serial:08}")
}

/// SHA-256 of the plain bytes of a notice file that is kept: what an acknowledgement names.
pub fn notice_hash(site: &Site<'_>, serial: u32) -> Result<[u8; 32], Fault> {
    Ok(digest::sha256(&kept(site, &notice_id(serial))?))
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

/// The notices of a run to the national body.
pub(super) fn notices(site: &Site<'_>, head: &OwnHead, worked: &Worked<'_>, generation: u64) -> Result<Vec<u8>, Fault> {
    let party = crate::run::parties::get(site, head.receiver)?;
    let gaiji = crate::run::gaiji::of_party(site.tools.disk, &site.folders, party)?;
    let layout = site.layouts.get(FileKind::Ntf);
    let mut writer = NtfWriter::new(layout, head, gaiji).map_err(trouble::bug)?;
    worked.notify(&mut writer, generation, &mut |_| Ok(()))?;
    writer.finish().map_err(trouble::bug)
}
