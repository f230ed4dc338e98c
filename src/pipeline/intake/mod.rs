//! The file checks, from the header to the serial, in the order of rules 2.6 ("Order of the file checks") and section 9
//! ("Files"). Pure: what lies in folders, packages and the register of exchanged files comes in as facts.
//!
//! [`judge`] looks at one file by itself, [`admit`] at all files of a run that passed, party by party and kind by kind.
//! One code per file, each with its place.

mod admit;
mod cause;
mod label;
pub mod still;

pub use admit::{Admission, Candidate, admit};
pub use cause::{Cause, NamePart};

use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::party::{FileKind, Party};
use crate::format::exchange::{Envelope, Frame, HashRule, Header, KindFields, Scan};
use crate::format::layout::Layouts;
use cause::wrong_header;
use label::Label;

/// What the shell found before the content could be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellFinding {
    /// H08: not a plain file, or over a limit of size or count.
    NotPlain,
    /// H05: not authentic, sealed for somebody else, or a damaged package.
    NotAuthentic,
}

/// The plain bytes of a file, at hand or gone by.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// All of them.
    Bytes(&'a [u8]),
    /// What was found in them, with the layouts of the site.
    Scan(&'a Scan),
}

/// One file as the shell brings it.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Its name, only a label.
    pub label: &'a str,
    /// The plain bytes, or what a scan found in them; of no account where `shell` decided.
    pub content: Content<'a>,
    /// H08 or H05, where the shell found one.
    pub shell: Option<ShellFinding>,
    /// The folder's rule is not yet met (done file, rename, quiet time): H01.
    pub is_growing: bool,
    /// This is the run in which the file arrives: only then is `created_at` tested against the business date.
    pub is_new: bool,
}

/// The site and the run.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Own id.
    pub own: PartyId,
    /// `P` or `T`.
    pub environment: u8,
    /// Business date of the run.
    pub business_date: BusinessDate,
    /// Layouts in force.
    pub layouts: &'a Layouts,
    /// Kinds that the site takes.
    pub serves: &'a [FileKind],
    /// Business date of the first generation, the one that this run is about to make included; for E02.
    pub first_generation: Option<BusinessDate>,
}

/// The register of parties, by id.
pub trait Parties {
    /// The party with this id.
    fn party(&self, id: PartyId) -> Option<&Party>;
}

impl Parties for std::collections::BTreeMap<PartyId, Party> {
    fn party(&self, id: PartyId) -> Option<&Party> {
        self.get(&id)
    }
}

/// A file is its content and what its header says of sender, receiver, kind and serial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileIdentity {
    /// SHA-256 of the plain bytes.
    pub sha256: [u8; 32],
    /// Sender.
    pub sender: PartyId,
    /// Receiver; `None` where the header has no readable one.
    pub receiver: Option<PartyId>,
    /// Kind.
    pub kind: FileKind,
    /// Serial.
    pub serial: u32,
}

/// What is known of the files exchanged before.
pub trait ExchangeFacts {
    /// True where a file with this identity was judged and answered, a rejected one included; RES and NRS, which are
    /// never answered, where they were taken. A held file was not.
    fn is_answered(&self, identity: &FileIdentity) -> bool;
    /// The serial that comes next: one above the newest consumed one; 1 where none was.
    fn next_serial(&self, sender: PartyId, kind: FileKind) -> u32;
    /// The oldest serial whose identity is still kept; 1 where none was disposed of.
    fn oldest_kept(&self, sender: PartyId, kind: FileKind) -> u32;
}

/// A file that passed every check of its own; its bytes are not kept here. Built by [`judge`] only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundFile {
    label: String,
    sha256: [u8; 32],
    header: Header,
    frame: Frame,
}

impl InboundFile {
    /// Its name.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where the records lie in the plain bytes.
    pub fn frame(&self) -> Frame {
        self.frame
    }

    /// Its identity.
    pub fn identity(&self) -> FileIdentity {
        FileIdentity {
            sha256: self.sha256,
            sender: self.header.sender,
            receiver: Some(self.header.receiver),
            kind: self.header.kind,
            serial: self.header.serial,
        }
    }
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Kept and not answered.
    Held(Cause),
    /// Answered before: the stored answer is published again.
    Duplicate(FileIdentity),
    /// Answered with one record; the serial is not consumed.
    Rejected {
        /// F001, F002, E01, E02 or E03.
        cause: Cause,
        /// The rejected file; the same bytes again are a duplicate.
        identity: FileIdentity,
    },
    /// Sound by itself; [`admit`] decides by its serial.
    Ready(Box<InboundFile>),
}

/// A file with its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Its name.
    pub label: String,
    /// Its header as far as it could be read.
    pub envelope: Option<Envelope>,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// Judges one file by itself: everything in the order of rules 2.6 up to the name.
pub fn judge(arrival: &Arrival<'_>, site: &Site<'_>, parties: &impl Parties, facts: &impl ExchangeFacts) -> Judged {
    let label = arrival.label.to_owned();
    let held = |envelope, cause| Judged {
        label: label.clone(),
        envelope,
        verdict: Verdict::Held(cause),
    };
    match arrival.shell {
        Some(ShellFinding::NotPlain) => return held(None, Cause::NotPlain),
        Some(ShellFinding::NotAuthentic) => return held(None, Cause::NotAuthentic),
        None => {}
    }
    let scanned;
    let scan = match arrival.content {
        Content::Scan(scan) => scan,
        Content::Bytes(bytes) => {
            scanned = Scan::of(bytes, site.layouts);
            &scanned
        }
    };
    let envelope = match scan.envelope() {
        Ok(envelope) => envelope,
        Err(fault) => return held(None, Cause::File(fault)),
    };
    let party = match authorised(&envelope, site, parties) {
        Ok(party) => party,
        Err(cause) => return held(Some(envelope), cause),
    };
    let identity = FileIdentity {
        sha256: scan.sha256(),
        sender: party.id,
        receiver: envelope.receiver,
        kind: envelope.kind,
        serial: envelope.serial,
    };
    let judged = |verdict| Judged {
        label: label.clone(),
        envelope: Some(envelope),
        verdict,
    };
    if facts.is_answered(&identity) {
        return judged(Verdict::Duplicate(identity));
    }
    if arrival.is_growing {
        return judged(Verdict::Held(Cause::Growing));
    }
    if let Err(fault) = scan.complete() {
        return judged(Verdict::Held(Cause::File(fault)));
    }
    let hash_rule = if party.hash_optional {
        HashRule::Optional
    } else {
        HashRule::Required
    };
    let content = scan
        .content(site.layouts, hash_rule)
        .map_err(Cause::File)
        .and_then(|parsed| {
            for_this_site(&parsed.header, arrival, site)?;
            Ok(parsed)
        });
    let parsed = match content {
        Ok(parsed) => parsed,
        // RES and NRS are never answered: the fault is recorded and the file held.
        Err(cause) if is_answerable(envelope.kind) => return judged(Verdict::Rejected { cause, identity }),
        Err(cause) => return judged(Verdict::Held(cause)),
    };
    if let Some(part) = Label::parse(arrival.label).and_then(|name| name.contradiction(&parsed.header)) {
        return judged(Verdict::Held(Cause::Name { part }));
    }
    judged(Verdict::Ready(Box::new(InboundFile {
        label: label.clone(),
        sha256: identity.sha256,
        header: parsed.header,
        frame: parsed.frame,
    })))
}

/// True for the kinds to which the server answers: UPD with RES, EXT with RCR, INQ with PRV.
pub const fn is_answerable(kind: FileKind) -> bool {
    match kind {
        FileKind::Upd | FileKind::Ext | FileKind::Inq => true,
        FileKind::Res | FileKind::Ntf | FileKind::Rcr | FileKind::Prv | FileKind::Nrq | FileKind::Nrs => false,
    }
}

/// H03, H04, H09, in this order.
fn authorised<'p>(envelope: &Envelope, site: &Site<'_>, parties: &'p impl Parties) -> Result<&'p Party, Cause> {
    let party = envelope
        .sender
        .and_then(|id| parties.party(id))
        .ok_or(Cause::SenderUnknown)?;
    if !party.sends.contains(&envelope.kind) || !site.serves.contains(&envelope.kind) {
        return Err(Cause::KindNotRegistered);
    }
    if !party.is_active(site.business_date) {
        return Err(Cause::NotActive);
    }
    if envelope.environment != site.environment {
        return Err(Cause::Environment);
    }
    Ok(party)
}

/// F002 for what only the site knows, then E01, E02, E03.
fn for_this_site(header: &Header, arrival: &Arrival<'_>, site: &Site<'_>) -> Result<(), Cause> {
    let layout = site.layouts.get(header.kind);
    if header.receiver != site.own {
        return Err(wrong_header(layout, "receiver"));
    }
    let last_day = site.business_date.plus_days(1);
    if arrival.is_new && last_day.is_some_and(|last| header.created_at.date() > last) {
        return Err(wrong_header(layout, "created_at"));
    }
    match &header.fields {
        KindFields::Extract { base_at, scope } => {
            if *base_at > header.created_at {
                Err(Cause::BaseAfterCreation)
            } else if site.first_generation.is_none_or(|first| *base_at < first.midnight()) {
                Err(Cause::BaseBeforeFirst)
            } else if !b"FL".contains(scope) {
                Err(Cause::Scope)
            } else {
                Ok(())
            }
        }
        KindFields::None | KindFields::Differences { .. } | KindFields::Inquiry { .. } => Ok(()),
    }
}
