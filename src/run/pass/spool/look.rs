//! A file as it came, looked at in one go: its hashes, the package around it, and what a scan finds in the plain bytes.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

use super::plain::{Plain, front_of};
use crate::domain::ids::PartyId;
use crate::format::exchange::{FileScan, Scan};
use crate::format::package::{HeaderFault, PackageHeader};
use crate::pipeline::intake::ShellFinding;
use crate::run::site::Site;
use crate::seal::notesign::NoteVerifier;
use crate::seal::package::{OpenFault, PackageOpener, peek};

/// Plain bytes that are looked at together.
const PIECE_BYTES: usize = 256 << 10;

/// What is known of a file as it came, and of what is in it.
pub(in crate::run::pass) struct Looked {
    /// SHA-256 of the bytes as they lay in the folder.
    pub(in crate::run::pass) raw_sha256: [u8; 32],
    /// Their number.
    pub(in crate::run::pass) raw_bytes: u64,
    /// What was found in the plain bytes; in none, where a package does not open.
    pub(in crate::run::pass) scan: Scan,
    /// Name without `.seki`.
    pub(in crate::run::pass) label: String,
    /// True for a package.
    pub(in crate::run::pass) sealed: bool,
    /// Party whose signature opened the package.
    pub(in crate::run::pass) signer: Option<PartyId>,
    /// What the shell has against the file.
    pub(in crate::run::pass) shell: Option<ShellFinding>,
    /// Words for people where `shell` says something.
    pub(in crate::run::pass) why: String,
    /// True for a package of which the end is missing: it may still be on its way.
    pub(in crate::run::pass) is_short: bool,
}

impl Looked {
    /// SHA-256 and length of what tells the file from others: its plain bytes, or those of a package that does not open.
    pub(in crate::run::pass) fn content(&self) -> ([u8; 32], u64) {
        if self.sealed && self.scan.len_bytes() == 0 {
            (self.raw_sha256, self.raw_bytes)
        } else {
            (self.scan.sha256(), self.scan.len_bytes())
        }
    }
}

/// Why a package is refused.
struct Refused {
    is_short: bool,
    why: String,
}

impl From<OpenFault> for Refused {
    fn from(fault: OpenFault) -> Self {
        Self {
            is_short: lacks_its_end(&fault),
            why: format!("package: {fault}"),
        }
    }
}

/// Reads `raw`, a file of this name and of `raw_bytes` bytes, from its first byte to its last. A package is opened with the
/// keys of the site and the pinned key of its sender.
///
/// # Errors
/// Those of `raw`.
pub(in crate::run::pass) fn look(
    site: &Site<'_>,
    name: &str,
    raw: &mut (dyn Read + Send),
    raw_bytes: u64,
) -> io::Result<Looked> {
    let front = front_of(raw, raw_bytes)?;
    let stem = name.strip_suffix(".seki");
    if stem.is_none() && peek(&front).is_err() {
        let mut scan = FileScan::new(&site.layouts);
        scan.update(&front);
        each_piece(raw, &mut |piece| scan.update(piece))?;
        let scan = scan.finish();
        return Ok(Looked {
            raw_sha256: scan.sha256(),
            raw_bytes,
            scan,
            label: name.to_owned(),
            sealed: false,
            signer: None,
            shell: None,
            why: String::new(),
            is_short: false,
        });
    }
    let mut hasher = Sha256::new();
    hasher.update(&front);
    let mut raw = Hashing { raw, hasher };
    let opened = package(site, front, raw_bytes, &mut raw)?;
    // What a package that does not open was not read of.
    each_piece(&mut raw, &mut |_| {})?;
    let (scan, signer, refused) = match opened {
        Ok((scan, signer)) => (scan, Some(signer), None),
        Err(refused) => (Scan::of(&[], &site.layouts), None, Some(refused)),
    };
    Ok(Looked {
        raw_sha256: raw.hasher.finalize().into(),
        raw_bytes,
        scan,
        label: stem.unwrap_or(name).to_owned(),
        sealed: true,
        signer,
        shell: refused.as_ref().map(|_| ShellFinding::NotAuthentic),
        is_short: refused.as_ref().is_some_and(|refused| refused.is_short),
        why: refused.map(|refused| refused.why).unwrap_or_default(),
    })
}

/// The opener of a package, with the party that signed it.
fn opener(site: &Site<'_>, front: &[u8], raw_bytes: u64) -> Result<PackageOpener, Refused> {
    let sender = match peek(front) {
        Ok(header) => header.sender(),
        Err(fault) => {
            let is_begun = front.len() as u64 == raw_bytes && PackageHeader::is_only_begun(front);
            let refused = Refused::from(fault);
            return Err(Refused {
                is_short: is_begun || refused.is_short,
                ..refused
            });
        }
    };
    let pinned = site
        .parties
        .get(sender)
        .and_then(|party| party.signing_key.as_deref())
        .map(NoteVerifier::parse);
    let Some(Ok(verifier)) = pinned else {
        return Err(Refused {
            is_short: false,
            why: format!("package: no signing key is registered for {sender}"),
        });
    };
    Ok(PackageOpener::new(
        front,
        raw_bytes,
        &site.secrets.recipient_keys(),
        &[verifier],
    )?)
}

/// The plain bytes from `raw`, which stands behind `front`, of a file that [`look`] found sound before.
pub(super) fn reopen<'r>(
    site: &Site<'_>,
    name: &str,
    mut raw: Box<dyn Read + Send + 'r>,
    raw_bytes: u64,
) -> io::Result<Plain<Box<dyn Read + Send + 'r>>> {
    let front = front_of(&mut *raw, raw_bytes)?;
    if name.strip_suffix(".seki").is_none() && peek(&front).is_err() {
        return Ok(Plain::as_it_is(front, raw));
    }
    match opener(site, &front, raw_bytes) {
        Ok(opener) => Ok(Plain::package(opener, front, raw_bytes, raw)),
        Err(refused) => Err(io::Error::new(io::ErrorKind::InvalidData, refused.why)),
    }
}

/// Opens and scans a package; what was scanned counts only where all of it is what its sender signed.
fn package(
    site: &Site<'_>,
    front: Vec<u8>,
    raw_bytes: u64,
    raw: &mut Hashing<'_>,
) -> io::Result<Result<(Scan, PartyId), Refused>> {
    let opener = match opener(site, &front, raw_bytes) {
        Ok(opener) => opener,
        Err(refused) => return Ok(Err(refused)),
    };
    let sender = opener.manifest().sender;
    let mut scan = FileScan::new(&site.layouts);
    let mut plain = Plain::package(opener, front, raw_bytes, raw);
    match each_piece(&mut plain, &mut |piece| scan.update(piece)) {
        Ok(()) => Ok(Ok((scan.finish(), sender))),
        Err(why) => why.downcast::<OpenFault>().map(|fault| Err(fault.into())),
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

fn each_piece(from: &mut dyn Read, each: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match from.read(&mut piece)? {
            0 => return Ok(()),
            len => each(piece.get(..len).unwrap_or_default()),
        }
    }
}

/// Hashes what it gives.
struct Hashing<'r> {
    raw: &'r mut (dyn Read + Send),
    hasher: Sha256,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.raw.read(buf)?;
        self.hasher.update(buf.get(..len).unwrap_or_default());
        Ok(len)
    }
}
