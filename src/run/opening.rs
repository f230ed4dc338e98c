//! Opens single packages outside of a run: with a party's key file, or at a site with the site's own keys.
//!
//! At a site the leaf `opened` is committed before the content is given out.

use std::path::Path;

use zeroize::Zeroizing;

use super::public::{PublicSite, registered_signing_keys};
use super::sealing::FILE_MAX_BYTES;
use super::site::{Site, Tools, Unlocking};
use super::{keys, record, trouble, trust};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::format::leaf::{Act, Outcome};
use crate::format::package::HeaderFault;
use crate::pipeline::journal;
use crate::ports::Disk;
use crate::seal::digest;
use crate::seal::notesign::NoteVerifier;
use crate::seal::package::{OpenFault, RecipientKeys, open_package, peek};

/// What is to be opened.
#[derive(Debug, Clone, Copy)]
pub struct OpenWish<'w> {
    /// The package.
    pub package: &'w Path,
    /// Text of the sender's signing key, where the operator gives it.
    pub sender_key: Option<&'w str>,
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
    /// The file inside.
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
    open(disk, wish.package, (secrets.owner, &secrets.recipient_keys()), pins)
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
    let mut opened = open(site.tools.disk, wish.package, (site.config.id, &keys), pins)?;
    let mut leaf = journal::act(Act::Opened, site.tools.clock.now());
    leaf.outcome = Some(Outcome::Permitted);
    leaf.package = digest::digest_from_hex(&opened.package_hash);
    opened.leaf = Some(record::record(site, vec![leaf], business_date)?);
    Ok(opened)
}

fn given_key(wish: OpenWish<'_>) -> Result<Option<NoteVerifier>, Fault> {
    wish.sender_key
        .map(|text| trust::parse(text, "--sender-key"))
        .transpose()
}

fn open(
    disk: &dyn Disk,
    path: &Path,
    (owner, keys): (PartyId, &RecipientKeys),
    pins: impl FnOnce(PartyId) -> Result<Vec<NoteVerifier>, Fault>,
) -> Result<Opened, Fault> {
    let bytes = disk.read(path, FILE_MAX_BYTES).map_err(trouble::unreadable(path))?;
    let refused = Refused {
        path,
        bytes: &bytes,
        owner,
    };
    let sender = peek(&bytes).map_err(|why| refused.fault(&why))?.sender();
    let pinned = pins(sender)?;
    if pinned.is_empty() {
        return Err(Fault::new(FaultId::SenderKeyMissing)
            .with("path", path.display())
            .with("sender", sender));
    }
    let opened = open_package(&bytes, keys, &pinned).map_err(|why| refused.fault(&why))?;
    Ok(Opened {
        records: opened.manifest.counts.get("records").copied(),
        kind: opened.manifest.kind,
        sender: opened.manifest.sender,
        file_name: opened.manifest.file_name,
        package_hash: digest::to_hex(&opened.package_hash),
        plaintext: Zeroizing::new(opened.plaintext),
        leaf: None,
    })
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
