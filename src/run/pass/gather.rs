//! Brings what lies in the inbound folders and what waits in the spool, opens packages, and judges each file by itself.

use super::identity::{Book, IdentityKey};
use super::spool::{self, Opened, detail_of, open_raw};
use crate::domain::code::Code;
use crate::domain::fault::{Fault, Lang};
use crate::domain::ids::PartyId;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::party::{FileKind, Party};
use crate::format::exchange::Envelope;
use crate::format::state::HeldFile;
use crate::pipeline::intake::{self, Arrival, ShellFinding, Verdict};
use crate::run::gaiji;
use crate::run::site::Site;
use crate::run::trouble;
use crate::seal::digest;
use crate::store::atomic;
use crate::store::inbox::{self, CopyFault, Found, InboxFile, Limits, Refusal};
use crate::store::staging::Retired;

/// Kinds of file that a pass takes. Extracts and inquiries are left where they are until their issue is built.
const SERVED: [FileKind; 2] = [FileKind::Upd, FileKind::Res];
/// Bytes of plain files that one pass keeps in memory between judging and decoding; the rest is read again.
const CACHE_BYTES: u64 = 128 << 20;

/// Where the plain bytes of a file are found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// In memory.
    Cached(Vec<u8>),
    /// In the spool, under this id.
    Spool(String),
    /// In the inbound folder: `plan` makes no spool copy.
    Inbox(InboxFile),
}

/// A file of this pass with its verdict.
pub(super) struct Judged {
    /// Id: keyed digest of folder, name and bytes.
    pub id: String,
    /// Inbound folder.
    pub folder: String,
    /// Name as it lies there. May say anything; never shown.
    pub name: String,
    /// Name to show.
    pub label: String,
    /// Length of the plain bytes.
    pub size_bytes: u64,
    /// SHA-256 of the plain bytes.
    pub sha256: [u8; 32],
    /// Header as far as it can be read.
    pub envelope: Option<Envelope>,
    /// Verdict of the file by itself.
    pub verdict: Verdict,
    /// Words for people where the verdict alone does not say enough.
    pub detail: String,
    /// The plain bytes.
    pub source: Source,
    /// The original to remove once the commit is done; `None` for a file from the spool.
    pub original: Option<Retired>,
    /// For a file that was held before: its place among the held ones.
    pub held_before: Option<usize>,
}

/// A thing that stays in the inbound folder: incomplete, or no file to read.
pub(super) struct InPlace {
    /// Id: keyed digest of folder and name.
    pub id: String,
    /// Inbound folder.
    pub folder: String,
    /// Name as it lies there. May say anything; never shown unasked.
    pub name: String,
    /// Name to show.
    pub label: String,
    /// Length.
    pub size_bytes: u64,
    /// H01 or H08.
    pub code: Code,
    /// Words for people.
    pub detail: String,
    /// Header as far as it can be read.
    pub envelope: Option<Envelope>,
    /// True where the disk refused to read it.
    pub unreadable: bool,
    /// True for a whole inbound folder, which could not be listed.
    pub is_folder: bool,
}

/// An extract or inquiry, left in place.
pub(super) struct Waiting {
    /// Inbound folder.
    pub folder: String,
    /// Name as it lies there.
    pub name: String,
    /// Name to show.
    pub label: String,
    /// Header as far as it can be read.
    pub envelope: Envelope,
}

/// Everything that a pass found.
pub(super) struct Gathered {
    /// Files with their verdicts.
    pub judged: Vec<Judged>,
    /// Things left in place.
    pub in_place: Vec<InPlace>,
    /// Extracts and inquiries, left in place.
    pub waiting: Vec<Waiting>,
    /// Key of identities.
    pub key: IdentityKey,
}

/// Gathers and judges. With `spool` every file that will be decided or held gets an encrypted, durable copy first.
pub(super) fn gather(site: &Site<'_>, date: BusinessDate, spool: bool) -> Result<Gathered, Fault> {
    if spool {
        spool::tidy(site)?;
    }
    let key = IdentityKey::new(&site.secrets.year_root);
    let state = site.exchange();
    let mut gatherer = Gatherer {
        site,
        date,
        spool,
        book: Book::new(&site.master, &key, &state),
        key: &key,
        cached_bytes: 0,
        judged: Vec::new(),
        in_place: Vec::new(),
        waiting: Vec::new(),
    };
    for (index, held) in state.held.iter().enumerate() {
        if !held.in_place && (held.released || (held.code == Code::H07.as_str() && !held.shadowed)) {
            gatherer.held(index, held)?;
        }
    }
    let limits = Limits {
        file_bytes: site.config.intake.max_file_bytes,
        files_per_folder: site.config.intake.max_files_per_folder,
    };
    let inbound = site.folders.inbound();
    for found in inbox::scan(site.tools.disk, &inbound, limits).map_err(trouble::disk(&inbound))? {
        gatherer.found(found)?;
    }
    gatherer.book.failure()?;
    if spool {
        atomic::sync_entries(site.tools.disk, &site.folders.spool()).map_err(|e| trouble::atomic(&e))?;
    }
    let Gatherer {
        judged,
        in_place,
        waiting,
        ..
    } = gatherer;
    Ok(Gathered {
        judged,
        in_place,
        waiting,
        key,
    })
}

struct Gatherer<'a, 'm> {
    site: &'a Site<'m>,
    date: BusinessDate,
    spool: bool,
    book: Book<'a>,
    key: &'a IdentityKey,
    cached_bytes: u64,
    judged: Vec<Judged>,
    in_place: Vec<InPlace>,
    waiting: Vec<Waiting>,
}

impl Gatherer<'_, '_> {
    /// A file that waits in the spool goes through the ladder again.
    fn held(&mut self, index: usize, held: &HeldFile) -> Result<(), Fault> {
        let (name, bytes) = spool::read_spool(self.site, &held.id)?;
        let opened = self.open(&held.folder, &name, bytes);
        // Who released a file accepts its name, and one that waits for a serial had its name tested, or accepted, before;
        // it arrived in the run in which it came first.
        let judged = self.judge(&opened, "", false);
        self.take(held.id.clone(), &held.folder, name, opened, judged, None, Some(index))
    }

    fn found(&mut self, found: Found) -> Result<(), Fault> {
        match found {
            Found::Unreadable { folder, why } => {
                self.leave(
                    &folder,
                    "",
                    0,
                    Code::H08,
                    format!("folder cannot be read: {why}"),
                    None,
                    true,
                );
                Ok(())
            }
            Found::Refused(file, why) => {
                let words = match why {
                    Refusal::NotPlain => "not a plain file",
                    Refusal::HardLinked => "the file has a second name",
                    Refusal::Name => "the name is not UTF-8",
                    Refusal::TooLarge => "over the limit of size",
                    Refusal::TooMany => "over the limit of files in the folder",
                };
                let size = file.facts.len_bytes;
                self.leave(&file.folder, &file.name, size, Code::H08, words.to_owned(), None, false);
                Ok(())
            }
            Found::Plain(file) => self.plain(file),
        }
    }

    fn plain(&mut self, file: InboxFile) -> Result<(), Fault> {
        let (growing, size) = ("still growing".to_owned(), file.facts.len_bytes);
        if self.is_growing(&file) {
            self.leave(&file.folder, &file.name, size, Code::H01, growing, None, false);
            return Ok(());
        }
        let bytes = match inbox::read_stable(self.site.tools.disk, &file) {
            Ok(bytes) => bytes,
            Err(CopyFault::Changed) => {
                self.leave(&file.folder, &file.name, size, Code::H01, growing, None, false);
                return Ok(());
            }
            // The sender took it away since it was listed, perhaps to give it its final name.
            Err(CopyFault::Io(why)) if why.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(CopyFault::Io(why)) => {
                let words = format!("cannot be read: {}", why.kind());
                self.leave(
                    &file.folder,
                    &file.name,
                    file.facts.len_bytes,
                    Code::H08,
                    words,
                    None,
                    true,
                );
                return Ok(());
            }
        };
        let opened = self.open(&file.folder, &file.name, bytes);
        if let Ok((envelope, _)) = Envelope::read(&opened.bytes, &self.site.layouts)
            && matches!(envelope.kind, FileKind::Ext | FileKind::Inq | FileKind::Nrs)
            && opened.shell.is_none()
        {
            let label = self.label(&file.folder, &file.name);
            self.waiting.push(Waiting {
                folder: self.key.shown_folder(&file.folder),
                name: file.name,
                label,
                envelope,
            });
            return Ok(());
        }
        let judged = self.judge(&opened, &opened.label, true);
        if let Verdict::Held(cause) = &judged.verdict
            && cause.code() == Code::H01
        {
            let words = cause.to_string();
            self.leave(
                &file.folder,
                &file.name,
                file.facts.len_bytes,
                Code::H01,
                words,
                judged.envelope,
                false,
            );
            return Ok(());
        }
        let arrival = self
            .key
            .of_arrival(&file.folder, &file.name, &digest::sha256(opened.content()));
        let id = short(&arrival);
        let (folder, name) = (file.folder.clone(), file.name.clone());
        self.take(id, &folder, name, opened, judged, Some(file), None)
    }

    /// True where the file changed within the quiet time: its sender may write on, and what is held is taken off the folder.
    /// A change that lies ahead of the clock says nothing.
    fn is_growing(&self, file: &InboxFile) -> bool {
        let quiet_ms = i128::from(self.site.config.intake.quiet_seconds).saturating_mul(1000);
        // 1970-01-01T00:00:00 UTC in Japan time.
        let Some(epoch) = Instant::from_value(19_700_101_090_000_000) else {
            return false;
        };
        let now_ms = i128::from(self.site.tools.clock.now().millis_since(epoch));
        let age_ms = now_ms.saturating_sub(file.facts.modified_ns / 1_000_000);
        (0..quiet_ms).contains(&age_ms)
    }

    fn judge(&self, opened: &Opened, label: &str, is_new: bool) -> intake::Judged {
        let arrival = Arrival {
            label,
            bytes: &opened.bytes,
            shell: opened.shell,
            is_growing: false,
            is_new,
        };
        let facts = intake::Site {
            own: self.site.config.id,
            environment: u8::try_from(self.site.config.environment.letter()).unwrap_or(b'P'),
            business_date: self.date,
            layouts: &self.site.layouts,
            serves: &SERVED,
            first_generation: None,
        };
        let mut judged = intake::judge(&arrival, &facts, &Register(self.site), &self.book);
        // Nothing can be answered to a party without a key: its file waits until one is registered.
        if answers(&judged.verdict)
            && judged.envelope.is_some_and(|e| intake::is_answerable(e.kind))
            && self
                .party(judged.envelope.and_then(|e| e.sender))
                .is_none_or(|p| p.sealing_key.is_none())
        {
            judged.verdict = Verdict::Held(intake::Cause::NotAuthentic);
        }
        // A table that cannot be used is a fault of this party's registration, and stops nobody else's file.
        if matches!(judged.verdict, Verdict::Ready(_)) && self.wrong_table(judged.envelope).is_some() {
            judged.verdict = Verdict::Held(intake::Cause::KindNotRegistered);
        }
        judged
    }

    /// Why the gaiji table of the sender cannot be used.
    fn wrong_table(&self, envelope: Option<Envelope>) -> Option<Fault> {
        let party = self.party(envelope.and_then(|e| e.sender))?;
        gaiji::of_party(self.site.tools.disk, &self.site.folders, party).err()
    }

    fn party(&self, id: Option<PartyId>) -> Option<&Party> {
        id.and_then(|id| self.site.parties.get(id))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call per way in; a struct would only repeat `Judged`"
    )]
    fn take(
        &mut self,
        id: String,
        folder: &str,
        name: String,
        opened: Opened,
        judged: intake::Judged,
        file: Option<InboxFile>,
        held_before: Option<usize>,
    ) -> Result<(), Fault> {
        let known = self.site.exchange().held.iter().any(|held| held.id == id);
        let duplicate = matches!(judged.verdict, Verdict::Duplicate(_));
        if self.spool && file.is_some() && !known && !duplicate {
            let copy = if opened.sealed { &opened.raw } else { &opened.bytes };
            spool::write_spool(self.site, &id, &name, copy)?;
        }
        let detail = match self.wrong_table(judged.envelope) {
            Some(fault) if matches!(judged.verdict, Verdict::Held(intake::Cause::KindNotRegistered)) => {
                fault.what(Lang::En)
            }
            Some(_) | None => detail_of(&judged.verdict, &opened),
        };
        let size_bytes = u64::try_from(opened.content().len()).unwrap_or(u64::MAX);
        let original = file.as_ref().map(|file| Retired {
            path: format!("in/{folder}/{name}"),
            inode: file.facts.inode,
            len_bytes: file.facts.len_bytes,
            modified_ns: file.facts.modified_ns,
        });
        let sha256 = digest::sha256(opened.content());
        let source = if self.cached_bytes.saturating_add(size_bytes) <= CACHE_BYTES {
            self.cached_bytes = self.cached_bytes.saturating_add(size_bytes);
            Source::Cached(opened.bytes)
        } else {
            match file {
                Some(file) if !self.spool => Source::Inbox(file),
                Some(_) | None => Source::Spool(id.clone()),
            }
        };
        self.judged.push(Judged {
            id,
            folder: self.key.shown_folder(folder),
            label: self.label(folder, &name),
            name,
            size_bytes,
            sha256,
            envelope: judged.envelope,
            verdict: judged.verdict,
            detail,
            source,
            original,
            held_before,
        });
        Ok(())
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one call per reason; a struct would only repeat `InPlace`"
    )]
    fn leave(
        &mut self,
        folder: &str,
        name: &str,
        size_bytes: u64,
        code: Code,
        detail: String,
        envelope: Option<Envelope>,
        unreadable: bool,
    ) {
        let id = short(&self.key.of_arrival(folder, name, &[]));
        let label = if name.is_empty() {
            format!("in/{}", self.key.shown_folder(folder))
        } else {
            self.label(folder, name)
        };
        self.in_place.push(InPlace {
            id,
            folder: self.key.shown_folder(folder),
            name: name.to_owned(),
            label,
            size_bytes,
            code,
            detail,
            envelope,
            unreadable,
            is_folder: name.is_empty(),
        });
    }

    /// The name to show: the standard form as it is, another only by a keyed digest, since it may name a person.
    fn label(&self, folder: &str, name: &str) -> String {
        if is_standard(name) {
            return name.to_owned();
        }
        let folder = self.key.shown_folder(folder);
        format!("other-{}", short(&self.key.of_arrival(&folder, name, &[])))
    }

    /// Opens a package, tests where a plain file comes from.
    fn open(&self, folder: &str, name: &str, raw: Vec<u8>) -> Opened {
        let mut opened = open_raw(self.site, name, raw);
        if opened.shell.is_none()
            && let Ok((envelope, _)) = Envelope::read(&opened.bytes, &self.site.layouts)
            && let Some(party) = self.party(envelope.sender)
        {
            let why = if !opened.sealed && !party.plain_allowed {
                Some("a plain file from a party that must seal")
            } else if party.id.as_str() != folder {
                Some("the file lies in the folder of another party")
            } else if opened.signer.is_some_and(|signer| signer != party.id) {
                Some("the package is signed by another party")
            } else {
                None
            };
            if let Some(why) = why {
                opened.shell = Some(ShellFinding::NotAuthentic);
                why.clone_into(&mut opened.why);
            }
        }
        opened
    }
}

fn answers(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Held(_) => false,
        Verdict::Duplicate(_) | Verdict::Rejected { .. } | Verdict::Ready(_) => true,
    }
}

struct Register<'a, 'm>(&'a Site<'m>);

impl intake::Parties for Register<'_, '_> {
    fn party(&self, id: PartyId) -> Option<&Party> {
        self.0.parties.get(id)
    }
}

/// True for `KIND-SENDER-RECEIVER-SERIAL.dat`, with or without `.seki`.
pub(super) fn is_standard(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".seki").unwrap_or(name).strip_suffix(".dat") else {
        return false;
    };
    let parts: Vec<&str> = stem.split('-').collect();
    let [kind, sender, receiver, serial] = parts.as_slice() else {
        return false;
    };
    FileKind::parse(kind).is_some()
        && PartyId::parse(sender).is_some()
        && PartyId::parse(receiver).is_some()
        && serial.len() <= 8
        && serial.bytes().all(|b| b.is_ascii_digit())
}

/// 32 hex digits of a digest: enough that no two files of a site share it.
pub(super) fn short(digest: &[u8; 32]) -> String {
    digest::to_hex(digest).chars().take(32).collect()
}
