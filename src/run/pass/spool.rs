//! Encrypted spool copies, and the way from bytes as they came to plain bytes.
//!
//! A copy holds the name (2 bytes of length, then UTF-8) and the bytes as they came, sealed at rest under the id of the
//! file. The archive takes the copy over as it is.

use std::path::PathBuf;

use super::gather::{Judged, Source};
use crate::domain::fault::{Fault, FaultId};
use crate::domain::ids::PartyId;
use crate::format::package::{HeaderFault, PackageHeader};
use crate::pipeline::intake::{self, ShellFinding, Verdict};
use crate::run::at_rest::{self, inbound_context};
use crate::run::site::Site;
use crate::run::{room, trouble};
use crate::seal::atrest::{open_at_rest, seal_at_rest};
use crate::seal::digest;
use crate::seal::notesign::NoteVerifier;
use crate::seal::package::{OpenFault, open_package, peek};
use crate::store::inbox::{self, CopyFault};

/// A file as it came and what is in it.
pub(super) struct Opened {
    /// Bytes as they lay in the folder; empty for a plain file, whose bytes are `bytes`.
    pub(super) raw: Vec<u8>,
    /// Plain bytes; empty where a package does not open.
    pub(super) bytes: Vec<u8>,
    /// Name without `.seki`.
    pub(super) label: String,
    /// True for a package.
    pub(super) sealed: bool,
    /// Party whose signature opened the package.
    pub(super) signer: Option<PartyId>,
    /// What the shell has against the file.
    pub(super) shell: Option<ShellFinding>,
    /// Words for people where `shell` says something.
    pub(super) why: String,
    /// True for a package of which the end is missing: it may still be on its way.
    pub(super) is_short: bool,
}

impl Opened {
    /// What tells the file from others: its plain bytes, or those of a package that does not open.
    pub(super) fn content(&self) -> &[u8] {
        if self.sealed && self.bytes.is_empty() {
            &self.raw
        } else {
            &self.bytes
        }
    }
}

/// Opens a package with the keys of the site and the pinned key of its sender; a plain file stays as it is.
pub(super) fn open_raw(site: &Site<'_>, name: &str, raw: Vec<u8>) -> Opened {
    let stem = name.strip_suffix(".seki");
    let header = peek(&raw);
    if stem.is_none() && header.is_err() {
        // The raw bytes are the plain bytes; one copy of a large file is enough.
        return Opened {
            bytes: raw,
            raw: Vec::new(),
            label: name.to_owned(),
            sealed: false,
            signer: None,
            shell: None,
            why: String::new(),
            is_short: false,
        };
    }
    let label = stem.unwrap_or(name).to_owned();
    let refused = |raw: Vec<u8>, is_short: bool, why: String| Opened {
        bytes: Vec::new(),
        raw,
        label: label.clone(),
        sealed: true,
        signer: None,
        shell: Some(ShellFinding::NotAuthentic),
        why,
        is_short,
    };
    let sender = match header {
        Ok(header) => header.sender(),
        Err(fault) => {
            let is_short = PackageHeader::is_only_begun(&raw) || lacks_its_end(&fault);
            return refused(raw, is_short, format!("package: {fault}"));
        }
    };
    let pinned = site
        .parties
        .get(sender)
        .and_then(|party| party.signing_key.as_deref())
        .map(NoteVerifier::parse);
    let Some(Ok(verifier)) = pinned else {
        return refused(
            raw,
            false,
            format!("package: no signing key is registered for {sender}"),
        );
    };
    match open_package(&raw, &site.secrets.recipient_keys(), &[verifier]) {
        Ok(package) => Opened {
            bytes: package.plaintext,
            raw,
            label,
            sealed: true,
            signer: Some(package.manifest.sender),
            shell: None,
            why: String::new(),
            is_short: false,
        },
        Err(fault) => refused(raw, lacks_its_end(&fault), format!("package: {fault}")),
    }
}

/// True where more bytes could make it whole.
fn lacks_its_end(fault: &OpenFault) -> bool {
    match fault {
        OpenFault::WrongLength { got, want } => got < want,
        OpenFault::DamagedHeader(fault) => *fault == HeaderFault::NoEnd,
        OpenFault::UnsupportedVersion
        | OpenFault::NotForUs
        | OpenFault::DamagedManifest
        | OpenFault::BadSignature
        | OpenFault::UnknownSigner
        | OpenFault::OtherHeader
        | OpenFault::OtherPayload
        | OpenFault::DamagedPayload { .. } => false,
    }
}

/// Path of a spool file.
pub(super) fn spool_path(site: &Site<'_>, id: &str) -> PathBuf {
    site.folders.spool().join(id)
}

/// Writes the encrypted copy of a file as it came. A copy that a run before a crash left is replaced.
pub(super) fn write_spool(site: &Site<'_>, id: &str, name: &str, raw: &[u8]) -> Result<(), Fault> {
    let path = spool_path(site, id);
    let mut content = Vec::with_capacity(raw.len().saturating_add(name.len()).saturating_add(2));
    content.extend_from_slice(&u16::try_from(name.len()).unwrap_or(0).to_be_bytes());
    content.extend_from_slice(name.as_bytes());
    content.extend_from_slice(raw);
    let mut rng = site.tools.generator()?;
    let sealed =
        seal_at_rest(&site.secrets.site_key, &inbound_context(id), &content, &mut rng).map_err(trouble::bug)?;
    room::for_spool_copy(
        site.tools.disk,
        &site.folders,
        u64::try_from(sealed.len()).unwrap_or(u64::MAX),
    )?;
    if site.tools.disk.exists(&path).map_err(trouble::disk(&path))? {
        site.tools.disk.remove(&path).map_err(trouble::disk(&path))?;
    }
    let mut file = site.tools.disk.create(&path).map_err(trouble::disk(&path))?;
    file.write_all(&sealed).map_err(trouble::disk(&path))?;
    file.sync().map_err(trouble::disk(&path))
}

/// The name and the raw bytes of a spool file.
pub(super) fn read_spool(site: &Site<'_>, id: &str) -> Result<(String, Vec<u8>), Fault> {
    let path = spool_path(site, id);
    // What the settings allow now may be less than what was allowed when the file was kept.
    let limit = at_rest::content_limit(&site.config);
    let sealed = site
        .tools
        .disk
        .read(&path, limit.saturating_mul(2))
        .map_err(trouble::kept(id, &path))?;
    let damaged = || trouble::damaged::<&str>(format!("spool/{id}"));
    let mut content = open_at_rest(&site.secrets.site_key, &inbound_context(id), &sealed, limit)
        .map_err(trouble::at_rest(format!("spool/{id}")))?;
    let (head, rest) = content.split_first_chunk::<2>().ok_or_else(|| damaged()("too short"))?;
    let name_len = usize::from(u16::from_be_bytes(*head));
    let name = rest.get(..name_len).and_then(|name| std::str::from_utf8(name).ok());
    let name = name.ok_or_else(|| damaged()("no name"))?.to_owned();
    content.drain(..name_len.saturating_add(2));
    Ok((name, content))
}

/// The plain bytes of a judged file.
pub(super) fn load(site: &Site<'_>, judged: &Judged) -> Result<Vec<u8>, Fault> {
    let bytes = match &judged.source {
        Source::Cached(bytes) => bytes.clone(),
        Source::Spool(id) => {
            let (name, raw) = read_spool(site, id)?;
            open_raw(site, &name, raw).bytes
        }
        Source::Inbox(file) => {
            // The folder alone: the name may say anything, a person's name too.
            let folder = file.path.parent().unwrap_or(&file.path);
            let changed = || Fault::new(FaultId::InboundChanged).with("path", folder.display());
            let raw = inbox::read_stable(site.tools.disk, file).map_err(|fault| match fault {
                CopyFault::Io(why) if why.kind() == std::io::ErrorKind::NotFound => changed(),
                CopyFault::Io(why) => trouble::unreadable(folder)(why),
                CopyFault::Changed => changed(),
            })?;
            let bytes = open_raw(site, &file.name, raw).bytes;
            if digest::sha256(&bytes) != judged.sha256 {
                return Err(changed());
            }
            bytes
        }
    };
    if digest::sha256(&bytes) == judged.sha256 {
        Ok(bytes)
    } else {
        Err(trouble::damaged(format!("spool/{}", judged.id))("its content changed"))
    }
}

/// Removes copies that no held file owns. A crash before the commit point leaves them: their originals still lie in the
/// inbound folders, or the archive has them.
pub(super) fn tidy(site: &Site<'_>) -> Result<(), Fault> {
    let (disk, folder) = (site.tools.disk, site.folders.spool());
    let held = site.exchange().held;
    for entry in disk.list(&folder).map_err(trouble::disk(&folder))? {
        if entry.readable && !held.iter().any(|file| file.id == entry.name) {
            let path = folder.join(&entry.name);
            disk.remove(&path).map_err(trouble::disk(&path))?;
        }
    }
    Ok(())
}

/// Words for people where the verdict alone does not say enough.
pub(super) fn detail_of(verdict: &Verdict, opened: &Opened) -> String {
    match verdict {
        Verdict::Held(intake::Cause::NotAuthentic) if opened.why.is_empty() => {
            "no sealing key is registered for the answer".to_owned()
        }
        Verdict::Held(intake::Cause::NotAuthentic) => opened.why.clone(),
        Verdict::Held(cause) | Verdict::Rejected { cause, .. } => cause.to_string(),
        Verdict::Duplicate(_) | Verdict::Ready(_) => String::new(),
    }
}
