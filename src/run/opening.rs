//! Opens single packages outside of a run: with a party's key file, or at a site with the site's own keys.
//!
//! The sealed file is read once, piece by piece. What is inside goes into memory or into a file that nobody sees, mode 0600, and is
//! given out when everything is verified, and at a site when the leaf `opened` is committed besides.

use std::path::Path;

use zeroize::Zeroizing;

use super::public::{PublicSite, registered_signing_keys};
use super::sealing::{FILE_MAX_BYTES, too_long};
use super::site::{Site, Tools, Unlocking};
use super::{keys, output, record, trouble, trust};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::format::leaf::{Act, Outcome};
use crate::format::package::HeaderFault;
use crate::pipeline::journal;
use crate::ports::WriteNew as _;
use crate::seal::digest;
use crate::seal::notesign::NoteVerifier;
use crate::seal::package::{MAX_FRONT_LEN, OpenFault, PackageOpener, ReadFault, RecipientKeys, VerifiedPackage, peek};
use crate::store::atomic::Output;

/// What is to be opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenWish<'w> {
    /// The package.
    pub package: &'w Path,
    /// Text of the sender's signing key, where the operator gives it.
    pub sender_key: Option<&'w str>,
    /// Where the content goes.
    pub content: Content<'w>,
    /// Threads that open.
    pub threads: usize,
}

/// Where the content of a package goes when everything was verified.
#[derive(Debug, Clone, Copy)]
pub enum Content<'w> {
    /// Nowhere.
    Unread,
    /// Into memory, as a whole.
    Whole,
    /// To a new file, piece by piece.
    File(&'w Path),
}

/// A package that was opened and proved.
pub struct Opened {
    /// What it holds, e.g. `RES`.
    pub kind: String,
    /// Who signed it.
    pub sender: PartyId,
    /// Name of the file inside.
    pub file_name: String,
    /// Number of data records, where the sender says it.
    pub records: Option<u64>,
    /// Package hash, hex.
    pub package_hash: String,
    /// Length of the file inside, in bytes.
    pub size_bytes: u64,
    /// The file inside, where it was asked for as a whole.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// Index of the leaf, at a site.
    pub leaf: Option<u64>,
}

/// Opens a package with a party's keys. The keys that the sender may sign with are: the one given, else those that the site
/// at `site` knows, else those that the party trusts.
///
/// # Errors
/// `FileUnreadable`, `KeyTextWrong`, `SenderKeyMissing`, the package faults, those of the key file, of [`PublicSite`] and of
/// [`trust`].
pub fn open_as_party(
    tools: Tools<'_>,
    unlocking: Unlocking<'_>,
    key_file: &Path,
    site: Option<&Path>,
    wish: OpenWish<'_>,
) -> Result<Opened, Fault> {
    let disk = tools.disk;
    let given = given_key(wish)?;
    let site = site.map(|root| PublicSite::open(disk, root)).transpose()?;
    let secrets = keys::open_party(disk, key_file, unlocking)?;
    let pins = |sender| {
        if given.is_some() {
            return Ok(given.into_iter().collect());
        }
        let known = match &site {
            Some(site) => site.signing_keys(disk, sender)?,
            None => Vec::new(),
        };
        if known.is_empty() {
            trust::keys_of(disk, key_file, sender)
        } else {
            Ok(known)
        }
    };
    prove(tools, wish, (secrets.owner, &secrets.recipient_keys()), pins)?.deliver()
}

/// Opens a package that was sent to the site. The leaf `opened` is committed before the content is given out.
///
/// # Errors
/// As [`open_as_party`], and those of a commit.
pub fn open_at_site(site: &mut Site<'_>, wish: OpenWish<'_>, date: Option<BusinessDate>) -> Result<Opened, Fault> {
    let business_date = site.business_date(date)?;
    let given = given_key(wish)?;
    let own = (site.config.id, site.secrets.package_signer.verifier());
    let pins = |sender: PartyId| match given {
        Some(key) => Ok(vec![key]),
        None if sender == own.0 => Ok(vec![own.1]),
        None => registered_signing_keys(&site.parties, &site.folders, sender),
    };
    let keys = site.secrets.recipient_keys();
    let proved = prove(site.tools, wish, (site.config.id, &keys), pins)?;
    let mut leaf = journal::act(Act::Opened, site.tools.clock.now());
    leaf.outcome = Some(Outcome::Permitted);
    leaf.package = Some(proved.verified.package_hash());
    let leaf = Some(record::record(site, vec![leaf], business_date)?);
    let opened = proved.deliver()?;
    Ok(Opened { leaf, ..opened })
}

fn given_key(wish: OpenWish<'_>) -> Result<Option<NoteVerifier>, Fault> {
    wish.sender_key
        .map(|text| trust::parse(text, "--sender-key"))
        .transpose()
}

/// A package of which everything was verified, and nothing given out: its content is in memory, or in a file that nobody sees.
struct Proved<'t> {
    verified: VerifiedPackage,
    plaintext: Zeroizing<Vec<u8>>,
    staged: Option<Output<'t>>,
}

fn prove<'t>(
    tools: Tools<'t>,
    wish: OpenWish<'_>,
    (owner, keys): (PartyId, &RecipientKeys),
    pins: impl FnOnce(PartyId) -> Result<Vec<NoteVerifier>, Fault>,
) -> Result<Proved<'t>, Fault> {
    let path = wish.package;
    let unreadable = trouble::unreadable(path);
    let file = tools.disk.open(path).map_err(&unreadable)?;
    let len_bytes = file.facts().map_err(&unreadable)?.len_bytes;
    if len_bytes > FILE_MAX_BYTES {
        return Err(unreadable(too_long()));
    }
    let mut front = vec![0; usize::try_from(len_bytes).map_or(MAX_FRONT_LEN, |len| len.min(MAX_FRONT_LEN))];
    file.read_exact_at(&mut front, 0).map_err(&unreadable)?;
    let refused = Refused {
        path,
        bytes: &front,
        owner,
    };
    let sender = peek(&front).map_err(|why| refused.fault(&why))?.sender();
    let pinned = pins(sender)?;
    if pinned.is_empty() {
        return Err(Fault::new(FaultId::SenderKeyMissing)
            .with("path", path.display())
            .with("sender", sender));
    }
    let opener = PackageOpener::new(&front, len_bytes, keys, &pinned).map_err(|why| refused.fault(&why))?;
    let mut read = |place: &mut [u8], offset: u64| file.read_exact_at(place, offset);
    let mut plaintext = Zeroizing::new(Vec::new());
    let mut staged = None;
    let opened = match wish.content {
        Content::Unread => VerifiedPackage::open(opener, wish.threads, &mut read, &mut |_| Ok(())),
        Content::Whole => {
            // The length fits that of the package, which lies on the disk.
            plaintext.reserve_exact(usize::try_from(opener.manifest().size_bytes).map_err(trouble::bug)?);
            VerifiedPackage::open(opener, wish.threads, &mut read, &mut |piece| {
                plaintext.extend_from_slice(piece);
                Ok(())
            })
        }
        Content::File(to) => {
            let output = staged.insert(output::begin_new(tools, to)?);
            VerifiedPackage::open(opener, wish.threads, &mut read, &mut |piece| {
                output.write_all(piece)?;
                output.begin_sync();
                Ok(())
            })
        }
    };
    let verified = opened.map_err(|why| match (why, wish.content) {
        (ReadFault::Open(why), _) => refused.fault(&why),
        (ReadFault::Write(why), Content::File(to)) => trouble::disk(to)(why),
        (ReadFault::Read(why) | ReadFault::Write(why), _) => unreadable(why),
    })?;
    if let Some(staged) = &mut staged {
        staged.settle().map_err(|why| output::not_written(&why))?;
    }
    Ok(Proved {
        verified,
        plaintext,
        staged,
    })
}

impl Proved<'_> {
    /// Gives the content to where it was asked for.
    fn deliver(self) -> Result<Opened, Fault> {
        if let Some(file) = self.staged {
            file.publish().map_err(|why| output::not_written(&why))?;
        }
        let manifest = self.verified.manifest();
        Ok(Opened {
            records: manifest.counts.get("records").copied(),
            kind: manifest.kind.clone(),
            sender: manifest.sender,
            file_name: manifest.file_name.clone(),
            size_bytes: manifest.size_bytes,
            package_hash: digest::to_hex(&self.verified.package_hash()),
            plaintext: self.plaintext,
            leaf: None,
        })
    }
}

/// What the words about a refused package need.
struct Refused<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    owner: PartyId,
}

impl Refused<'_> {
    fn fault(&self, why: &OpenFault) -> Fault {
        let fault = |id| Fault::new(id).with("path", self.path.display());
        let header = peek(self.bytes).ok();
        let sender = header
            .as_ref()
            .map_or_else(|| "?".to_owned(), |header| header.sender().to_string());
        match why {
            OpenFault::UnsupportedVersion => fault(FaultId::PackageVersion),
            OpenFault::DamagedHeader(HeaderFault::NotAPackage) => fault(FaultId::PackageOther),
            OpenFault::DamagedHeader(why) => fault(FaultId::PackageHeader).with("why", why),
            OpenFault::NotForUs => {
                let recipients: Vec<String> = header
                    .iter()
                    .flat_map(crate::format::package::PackageHeader::recipients)
                    .map(|line| format!("{} ({})", line.party, line.key_id))
                    .collect();
                fault(FaultId::PackageNotForUs)
                    .with("recipients", recipients.join(", "))
                    .with("owner", self.owner)
            }
            OpenFault::DamagedManifest => fault(FaultId::PackageManifest),
            OpenFault::BadSignature => fault(FaultId::PackageSignature).with("sender", sender),
            OpenFault::UnknownSigner => fault(FaultId::PackageSigner).with("sender", sender),
            OpenFault::OtherHeader | OpenFault::OtherPayload => fault(FaultId::PackageResealed).with("sender", sender),
            OpenFault::WrongLength { got, want } => fault(FaultId::PackageLength).with("got", got).with("want", want),
            OpenFault::DamagedPayload { segment } => fault(FaultId::PackageSegment).with("segment", segment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_package_has_words_of_its_own() {
        let path = Path::new("x.seki");
        let bytes = include_bytes!("../../fixtures/package/sample.seki");
        let owner = PartyId::parse("052027").unwrap();
        let refused = Refused { path, bytes, owner };
        for (why, id, words) in [
            (OpenFault::UnsupportedVersion, FaultId::PackageVersion, "version"),
            (
                OpenFault::DamagedHeader(HeaderFault::NotAPackage),
                FaultId::PackageOther,
                "not a package",
            ),
            (
                OpenFault::DamagedHeader(HeaderFault::KeyTwice),
                FaultId::PackageHeader,
                "stands twice",
            ),
            (OpenFault::NotForUs, FaultId::PackageNotForUs, "not for 052027"),
            (OpenFault::DamagedManifest, FaultId::PackageManifest, "manifest"),
            (
                OpenFault::BadSignature,
                FaultId::PackageSignature,
                "signature of 050008 is wrong",
            ),
            (
                OpenFault::UnknownSigner,
                FaultId::PackageSigner,
                "no key that is known of 050008",
            ),
            (OpenFault::OtherHeader, FaultId::PackageResealed, "050008 signed"),
            (OpenFault::OtherPayload, FaultId::PackageResealed, "050008 signed"),
            (
                OpenFault::WrongLength { got: 3, want: 5 },
                FaultId::PackageLength,
                "3 bytes instead of 5",
            ),
            (
                OpenFault::DamagedPayload { segment: 7 },
                FaultId::PackageSegment,
                "segment 7",
            ),
        ] {
            let fault = refused.fault(&why);
            let text = fault.what(crate::domain::fault::Lang::En);
            assert_eq!(fault.id, id);
            assert!(text.contains(words) && !text.contains(['{', '}']), "{text}");
        }
    }
}
