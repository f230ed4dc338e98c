//! Seals single files outside of a run: as the site, for a registered party, or as a party with its own key file.
//!
//! At a site nothing leaves without its leaf: the package is made under a name of its own beside its place, then the leaf is
//! committed, and only then the package is seen. As in a run, where packages lie in the staging folder before.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::public::{PublicSite, registered_sealing_key};
use super::site::{Site, Tools, Unlocking};
use super::{keys, layouts, output, parties, record, trouble};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::party::FileKind;
use crate::format::exchange::{Envelope, FileScan, HashRule};
use crate::format::layout::Layouts;
use crate::format::leaf::{Act, FileFacts, FileHash, Label, Leaf, Outcome};
use crate::pipeline::journal;
use crate::ports::ReadAt;
use crate::seal::digest;
use crate::seal::hpke::SealingPublicKey;
use crate::seal::notesign::NoteSigner;
use crate::seal::package::{PackageSealer, PackageSpec, Recipient, StreamEnd, StreamFault};
use crate::store::atomic::Output;
use crate::store::sealed::PackageWriter;

/// Largest file that is sealed or opened: twice what the intake takes.
pub(super) const FILE_MAX_BYTES: u64 = 4 << 30;
/// What a package says of a file that is no exchange file.
const OTHER_KIND: &str = "FILE";
/// What is read of a file to see whether it is an exchange file.
const HEAD_BYTES: usize = 64 << 10;
/// What is said of a file that did not stay as it was.
const CHANGED: &str = "it changed while it was read";
/// Header, trailer and end of an exchange file.
const NOT_DATA_RECORDS: u64 = 3;

/// What is to be sealed.
#[derive(Debug, Clone, Copy)]
pub struct SealWish<'w> {
    /// The file.
    pub file: &'w Path,
    /// The party that will open it.
    pub to: PartyId,
    /// Where the package goes; nothing may stand there.
    pub out: &'w Path,
    /// Threads that seal.
    pub threads: usize,
}

impl SealWish<'_> {
    fn failed(&self, why: &dyn std::fmt::Display) -> Fault {
        Fault::new(FaultId::SealFailed)
            .with("path", self.file.display())
            .with("why", why)
    }
}

/// A package that was made.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// The package.
    pub path: PathBuf,
    /// Who signed it.
    pub sender: PartyId,
    /// Package hash, hex.
    pub package_hash: String,
    /// Length of the package in bytes.
    pub size_bytes: u64,
    /// Id of the key that it is sealed to.
    pub key_id: String,
    /// Index of its leaf in the ledger, at a site.
    pub leaf: Option<u64>,
    /// The proof beside it, at a site.
    pub proof: Option<PathBuf>,
}

/// Seals a file for a registered party with the keys of the site. The package is seen after its leaf is committed.
///
/// # Errors
/// `OutputExists`, `PartyUnknown`, `PartyNotActive`, `PartyKeyMissing`, `FileUnreadable`, `SealFailed`, those of a commit.
pub fn seal_at_site(site: &mut Site<'_>, wish: SealWish<'_>, date: Option<BusinessDate>) -> Result<Sealed, Fault> {
    let tools = site.tools;
    output::must_be_new(tools.disk, wish.out)?;
    let business_date = site.business_date(date)?;
    if !parties::get(site, wish.to)?.is_active(business_date) {
        return Err(Fault::new(FaultId::PartyNotActive)
            .with("party", wish.to)
            .with("date", business_date.dashed()));
    }
    let key = registered_sealing_key(&site.parties, &site.folders, wish.to)?;
    let (made, package) = make(
        tools,
        &site.layouts,
        (site.config.id, &site.secrets.package_signer),
        key,
        wish,
        true,
    )?;
    let proof = with_ending(wish.out, "tlog-proof");
    output::must_be_new(tools.disk, &proof)?;
    let now = tools.clock.now();
    let mut closing = journal::act(Act::Published, now);
    closing.outcome = Some(Outcome::Permitted);
    if let Some(name) = Label::new("packages") {
        closing.counts.insert(name, 1);
    }
    let leaves = vec![
        outgoing(journal::act(Act::Outgoing, now), &made, site.config.id, wish.to),
        closing,
    ];
    let index = record::record(site, leaves, business_date)?;
    let text = site
        .ledger
        .proof_file(index)
        .map_err(|e| trouble::ledger(&e))?
        .to_text();
    package.publish().map_err(|why| output::not_written(&why))?;
    output::write_new(tools, &proof, text.as_bytes())?;
    Ok(Sealed {
        leaf: Some(index),
        proof: Some(proof),
        ..made.report(wish.out, site.config.id)
    })
}

/// Seals a file with a party's own keys, as its system would: for senders and for tests. It leaves no leaf, since it is
/// not the site that sends. The receiver's key is `to_key`, else the one that the site at `site` knows.
///
/// # Errors
/// `OutputExists`, `UsageWrong` without any key, `KeyTextWrong`, `FileUnreadable`, `SealFailed`, those of the key file and
/// of [`PublicSite`].
pub fn seal_as_party(
    tools: Tools<'_>,
    unlocking: Unlocking<'_>,
    key_file: &Path,
    (to_key, site): (Option<&str>, Option<&Path>),
    wish: SealWish<'_>,
) -> Result<Sealed, Fault> {
    let disk = tools.disk;
    output::must_be_new(disk, wish.out)?;
    let key = match (to_key, site) {
        (Some(text), _) => SealingPublicKey::parse(text).map_err(|why| {
            Fault::new(FaultId::KeyTextWrong)
                .with("what", "--to-key")
                .with("why", why)
        })?,
        (None, Some(root)) => PublicSite::open(disk, root)?.sealing_key(disk, wish.to)?,
        (None, None) => {
            return Err(Fault::new(FaultId::UsageWrong)
                .with("command", "seal")
                .with("why", "--keys needs --to-key or --site"));
        }
    };
    let secrets = keys::open_party(disk, key_file, unlocking)?;
    let layouts = layouts::load(disk, None)?;
    let (made, package) = make(
        tools,
        &layouts,
        (secrets.owner, &secrets.package_signer),
        key,
        wish,
        false,
    )?;
    package.publish().map_err(|why| output::not_written(&why))?;
    Ok(made.report(wish.out, secrets.owner))
}

/// What is known of a package that was made, and what its leaf says of the file inside.
struct Made {
    package_hash: [u8; 32],
    size_bytes: u64,
    key_id: String,
    name: String,
    kind: Option<FileKind>,
    serial: Option<u32>,
    records: Option<u64>,
    plain_sha256: [u8; 32],
}

impl Made {
    fn report(&self, path: &Path, sender: PartyId) -> Sealed {
        Sealed {
            path: path.to_owned(),
            sender,
            package_hash: digest::to_hex(&self.package_hash),
            size_bytes: self.size_bytes,
            key_id: self.key_id.clone(),
            leaf: None,
            proof: None,
        }
    }
}

/// Seals the file into a temporary file beside the output, durable and seen by nobody. In memory are some MiB of it.
fn make<'t>(
    tools: Tools<'t>,
    layouts: &Layouts,
    (sender, signer): (PartyId, &NoteSigner),
    key: SealingPublicKey,
    wish: SealWish<'_>,
    hashes_plain: bool,
) -> Result<(Made, Output<'t>), Fault> {
    let unreadable = trouble::unreadable(wish.file);
    let file = tools.disk.open(wish.file).map_err(&unreadable)?;
    let facts = file.facts().map_err(&unreadable)?;
    let len_bytes = facts.len_bytes;
    if len_bytes > FILE_MAX_BYTES {
        return Err(unreadable(too_long()));
    }
    let name = wish.file.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| wish.failed(&"its name is not UTF-8"))?;
    let head = head_of(&*file, len_bytes).map_err(&unreadable)?;
    let envelope = Envelope::read(&head, layouts).ok();
    let expected = envelope.and_then(|(_, layout)| expected_records(&*file, &head, len_bytes, layout.record_bytes()));
    let envelope = envelope.map(|(envelope, _)| envelope);
    let key_id = key.key_id().to_string();
    let mut spec = PackageSpec {
        sender,
        recipients: vec![Recipient { party: wish.to, key }],
        kind: envelope
            .map_or(OTHER_KIND, |envelope| envelope.kind.as_str())
            .to_owned(),
        file_name: name.to_owned(),
        purpose: None,
        application: None,
        counts: counts(expected),
        generation: None,
        expires: None,
    };
    let source = Source {
        file: &*file,
        len_bytes,
        layouts,
        hashes_plain,
    };
    let mut sealed = source.seal(tools, &spec, signer, wish)?;
    // A file that is not sound goes as it is; it only is not counted. That is known when all of it was read.
    if sealed.records != expected {
        let records = sealed.records;
        drop(sealed);
        spec.counts = counts(records);
        sealed = source.seal(tools, &spec, signer, wish)?;
        if sealed.records != records {
            return Err(wish.failed(&CHANGED));
        }
    }
    // A mixture of two states of the file is neither of them.
    let now = file.facts().map_err(&unreadable)?;
    if (now.len_bytes, now.modified_ns) != (len_bytes, facts.modified_ns) {
        return Err(wish.failed(&CHANGED));
    }
    let made = Made {
        package_hash: sealed.end.front.package_hash,
        size_bytes: sealed.end.size,
        key_id,
        name: name.to_owned(),
        kind: envelope.map(|envelope| envelope.kind),
        serial: envelope.map(|envelope| envelope.serial),
        records: sealed.records,
        plain_sha256: sealed.end.plain_sha256,
    };
    Ok((made, sealed.output))
}

pub(super) fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "file is over its size limit")
}

fn counts(records: Option<u64>) -> BTreeMap<String, u64> {
    records
        .map(|records| ("records".to_owned(), records))
        .into_iter()
        .collect()
}

fn head_of(file: &dyn ReadAt, len_bytes: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let len = usize::try_from(len_bytes).map_or(HEAD_BYTES, |len| len.min(HEAD_BYTES));
    let mut head = Zeroizing::new(vec![0; len]);
    file.read_exact_at(&mut head, 0)?;
    Ok(head)
}

/// Number of data records by the length of the file, if it is sound: header, data, trailer and end are of one length. What
/// it really is, is found while the file is sealed.
fn expected_records(file: &dyn ReadAt, head: &[u8], len_bytes: u64, record_bytes: u32) -> Option<u64> {
    let record = usize::try_from(record_bytes).ok()?;
    let line_end: u64 = match head.get(record..)? {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    };
    let mut last = [0; 3];
    file.read_exact_at(&mut last, len_bytes.checked_sub(3)?).ok()?;
    let mark = match last {
        [_, _, 0x1A] => 1,
        [_, 0x1A, b'\n'] => 2,
        [0x1A, b'\r', b'\n'] => 3,
        _ => 0,
    };
    let unit = u64::from(record_bytes).checked_add(line_end)?;
    let records = len_bytes.checked_sub(mark)?.div_ceil(unit);
    records.checked_sub(NOT_DATA_RECORDS)
}

/// The file that is sealed.
struct Source<'s> {
    file: &'s dyn ReadAt,
    len_bytes: u64,
    layouts: &'s Layouts,
    /// Whether a leaf will tell the SHA-256 of the plaintext.
    hashes_plain: bool,
}

/// A package that nobody sees yet.
struct SealedOutput<'t> {
    output: Output<'t>,
    end: StreamEnd,
    /// Number of data records, where the file is a sound exchange file.
    records: Option<u64>,
}

impl Source<'_> {
    fn seal<'t>(
        &self,
        tools: Tools<'t>,
        spec: &PackageSpec,
        signer: &NoteSigner,
        wish: SealWish<'_>,
    ) -> Result<SealedOutput<'t>, Fault> {
        let mut unread = None;
        let written = |fault: StreamFault| match fault {
            StreamFault::Seal(why) => wish.failed(&why),
            StreamFault::Write(why) => trouble::disk(wish.out)(why),
        };
        let sealer =
            PackageSealer::new(spec, self.len_bytes, &mut tools.generator()?).map_err(|why| wish.failed(&why))?;
        let output = output::begin_new(tools, wish.out)?;
        let mut writer = PackageWriter::begin(output, sealer, signer, wish.threads).map_err(written)?;
        if !self.hashes_plain {
            writer = writer.without_plain_sha256();
        }
        let mut scan = FileScan::without_sha256(self.layouts);
        let mut at = 0;
        let mut read = |place: &mut [u8]| {
            let result = self.file.read_exact_at(place, at);
            at += place.len() as u64;
            result.map_err(|why| {
                let kind = why.kind();
                unread = Some(why);
                kind.into()
            })
        };
        let pumped = writer.pump(&mut read, &mut |piece| scan.update(piece));
        if let Some(why) = unread {
            return Err(trouble::unreadable(wish.file)(why));
        }
        pumped.map_err(written)?;
        let (mut output, end) = writer.finish(signer).map_err(written)?;
        output.settle().map_err(|why| output::not_written(&why))?;
        let parsed = scan.finish().parse(self.layouts, HashRule::Optional).ok();
        Ok(SealedOutput {
            output,
            end,
            records: parsed.map(|parsed| u64::from(parsed.frame.data_count())),
        })
    }
}

/// Everything but hash and size goes to the leaf's private part.
fn outgoing(mut leaf: Leaf, made: &Made, sender: PartyId, receiver: PartyId) -> Leaf {
    let mut facts = Label::new(&made.name).map(FileFacts::named);
    if let Some(facts) = &mut facts {
        facts.kind = made.kind;
        facts.sender = Some(sender);
        facts.receiver = Some(receiver);
        facts.serial = made.serial.map(u64::from);
        facts.records = made.records;
        facts.hash = Some(FileHash::Sealed(made.package_hash));
    }
    leaf.file = facts;
    leaf.outcome = Some(Outcome::Permitted);
    leaf.package = Some(made.package_hash);
    leaf.size = Some(made.size_bytes);
    leaf.plain_sha256 = Some(made.plain_sha256);
    leaf.key_id = Label::new(&made.key_id);
    leaf
}

/// The path with one more ending.
pub fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
