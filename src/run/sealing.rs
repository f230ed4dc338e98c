//! Seals single files outside of a run: as the site, for a registered party, or as a party with its own key file.
//!
//! At a site nothing leaves without its leaf: the leaf is committed first, and only then the package is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::public::{PublicSite, registered_sealing_key};
use super::site::{Site, Tools, Unlocking};
use super::{keys, layouts, output, parties, record, trouble};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::party::FileKind;
use crate::format::exchange::{Envelope, HashRule, ParsedFile};
use crate::format::layout::Layouts;
use crate::format::leaf::{Act, FileFacts, FileHash, Label, Leaf, Outcome};
use crate::pipeline::journal;
use crate::seal::digest;
use crate::seal::hpke::SealingPublicKey;
use crate::seal::notesign::NoteSigner;
use crate::seal::package::{PackageSpec, Recipient, SealedPackage, seal_package};

/// Largest file that is sealed or opened whole: twice what the intake takes.
pub(super) const FILE_MAX_BYTES: u64 = 4 << 30;
/// What a package says of a file that is no exchange file.
const OTHER_KIND: &str = "FILE";

/// What is to be sealed.
#[derive(Debug, Clone, Copy)]
pub struct SealWish<'w> {
    /// The file.
    pub file: &'w Path,
    /// The party that will open it.
    pub to: PartyId,
    /// Where the package goes; nothing may stand there.
    pub out: &'w Path,
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

/// Seals a file for a registered party with the keys of the site. The package is written after its leaf is committed.
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
    let made = make(
        tools,
        &site.layouts,
        (site.config.id, &site.secrets.package_signer),
        key,
        wish,
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
    output::write_new(tools, wish.out, &made.package.bytes)?;
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
    let made = make(tools, &layouts, (secrets.owner, &secrets.package_signer), key, wish)?;
    output::write_new(tools, wish.out, &made.package.bytes)?;
    Ok(made.report(wish.out, secrets.owner))
}

/// A package in memory, and what its leaf says of the file inside.
struct Made {
    package: SealedPackage,
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
            package_hash: digest::to_hex(&self.package.package_hash),
            size_bytes: self.package.size,
            key_id: self.key_id.clone(),
            leaf: None,
            proof: None,
        }
    }
}

fn make(
    tools: Tools<'_>,
    layouts: &Layouts,
    (sender, signer): (PartyId, &NoteSigner),
    key: SealingPublicKey,
    wish: SealWish<'_>,
) -> Result<Made, Fault> {
    let failed = |why: &dyn std::fmt::Display| {
        Fault::new(FaultId::SealFailed)
            .with("path", wish.file.display())
            .with("why", why)
    };
    let bytes = tools
        .disk
        .read(wish.file, FILE_MAX_BYTES)
        .map(Zeroizing::new)
        .map_err(trouble::unreadable(wish.file))?;
    let name = wish
        .file
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| failed(&"its name is not UTF-8"))?;
    let envelope = Envelope::read(&bytes, layouts).ok().map(|(envelope, _)| envelope);
    // A file that is not sound goes as it is; it only is not counted.
    let records = ParsedFile::parse(&bytes, layouts, HashRule::Optional)
        .ok()
        .map(|parsed| u64::from(parsed.frame.data_count()));
    let key_id = key.key_id().to_string();
    let spec = PackageSpec {
        sender,
        recipients: vec![Recipient { party: wish.to, key }],
        kind: envelope
            .map_or(OTHER_KIND, |envelope| envelope.kind.as_str())
            .to_owned(),
        file_name: name.to_owned(),
        purpose: None,
        application: None,
        counts: records
            .map(|records| BTreeMap::from([("records".to_owned(), records)]))
            .unwrap_or_default(),
        generation: None,
        expires: None,
    };
    let package = seal_package(&spec, &bytes, signer, &mut tools.generator()?).map_err(|why| failed(&why))?;
    Ok(Made {
        package,
        key_id,
        name: name.to_owned(),
        kind: envelope.map(|envelope| envelope.kind),
        serial: envelope.map(|envelope| envelope.serial),
        records,
        plain_sha256: digest::sha256(&bytes),
    })
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
        facts.hash = Some(FileHash::Sealed(made.package.package_hash));
    }
    leaf.file = facts;
    leaf.outcome = Some(Outcome::Permitted);
    leaf.package = Some(made.package.package_hash);
    leaf.size = Some(made.package.size);
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
