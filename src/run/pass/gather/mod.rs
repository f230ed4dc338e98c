//! Brings what lies in the inbound folders and what waits in the spool, opens packages, and judges each file by itself.

mod arrive;
mod place;

use super::identity::{Book, IdentityKey};
use super::spool::{self, Looked, SpoolCopy, detail_of};
use crate::domain::arrival::ArrivalRule;
use crate::domain::code::Code;
use crate::domain::fault::{Fault, Lang};
use crate::domain::ids::PartyId;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::party::{FileKind, Party};
use crate::format::exchange::Envelope;
use crate::format::state::HeldFile;
use crate::pipeline::intake::{self, Arrival, Content, ShellFinding, Verdict};
use crate::ports::WriteNew;
use crate::ports::guarded::is_full;
use crate::ports::together::{FILES_MAX, sync_files};
use crate::run::gaiji;
use crate::run::site::Site;
use crate::run::trouble;
use crate::store::atomic;
use crate::store::inbox::{self, CopyFault, InboxFile, Limits};
use crate::store::looks::Memory;
use crate::store::staging::Retired;

use arrive::{Came, Group};
pub(super) use place::{InPlace, Waiting, Why, short};

/// Kinds of file that a pass takes. Extracts and inquiries are left where they are until their issue is built.
const SERVED: [FileKind; 2] = [FileKind::Upd, FileKind::Res];
/// Where the plain bytes of a file are found again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
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
    /// The original, and its done file, to remove once the commit is done; none for a file from the spool.
    pub originals: Vec<Retired>,
    /// For a file that was held before: its place among the held ones.
    pub held_before: Option<usize>,
}

/// Everything that a pass found.
pub(super) struct Gathered {
    /// Files with their verdicts.
    pub judged: Vec<Judged>,
    /// Things left in place.
    pub in_place: Vec<InPlace>,
    /// Things left in place without a finding: kinds that are not served yet, unfinished files.
    pub waiting: Vec<Waiting>,
    /// Key of identities.
    pub key: IdentityKey,
}

/// Gathers and judges. With `spool` every file that will be decided or held gets an encrypted, durable copy first.
pub(super) fn gather(site: &Site<'_>, date: BusinessDate, threads: usize, spool: bool) -> Result<Gathered, Fault> {
    if spool {
        spool::tidy(site)?;
    }
    let key = IdentityKey::new(&site.secrets.year_root);
    let state = site.exchange();
    let watches = site.parties.all().any(|party| party.arrival != ArrivalRule::default());
    let looks = site.folders.looks();
    let memory = if watches {
        Some(Memory::load(site.tools.disk, &looks).map_err(trouble::disk(&looks))?)
    } else {
        None
    };
    let mut gatherer = Gatherer {
        site,
        date,
        spool,
        now_ms: epoch_ms(site.tools.clock.now()),
        memory,
        book: Book::new(&site.master, &key, &state),
        key: &key,
        judged: Vec::new(),
        copies: Vec::new(),
        group: Group::default(),
        // Where acts on the disk are counted or ordered it is one file after the other.
        threads: if site.tools.disk.syncs_in_parallel() {
            threads
        } else {
            1
        },
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
    let rule_of = |folder: &str| {
        let party = PartyId::parse(folder).and_then(|id| site.parties.get(id));
        party.map_or_else(ArrivalRule::default, |party| party.arrival.clone())
    };
    for found in inbox::scan(site.tools.disk, &inbound, limits, &rule_of).map_err(trouble::disk(&inbound))? {
        gatherer.found(found)?;
    }
    gatherer.look_at_group()?;
    gatherer.book.failure()?;
    gatherer.make_durable()?;
    if spool {
        if let Some(memory) = &gatherer.memory {
            match memory.store(site.tools.disk, &looks) {
                // A full disk costs the memory, and with it time; there may be room for the rest.
                Err(why) if is_full(&why.source) => {}
                other => other.map_err(|e| trouble::atomic(&e))?,
            }
        }
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

/// Milliseconds since 1970-01-01T00:00:00 UTC.
fn epoch_ms(now: Instant) -> i64 {
    // That moment in Japan time.
    Instant::from_value(19_700_101_090_000_000).map_or(0, |epoch| now.millis_since(epoch))
}

struct Gatherer<'a, 'm> {
    site: &'a Site<'m>,
    date: BusinessDate,
    spool: bool,
    now_ms: i64,
    /// `None` where no party has a rule that needs it.
    memory: Option<Memory>,
    book: Book<'a>,
    key: &'a IdentityKey,
    judged: Vec<Judged>,
    /// Spool copies that are not durable yet.
    copies: Vec<Box<dyn WriteNew>>,
    /// Files that wait to be looked at.
    group: Group,
    threads: usize,
    in_place: Vec<InPlace>,
    waiting: Vec<Waiting>,
}

/// A file that was judged by itself, on its way among those of the pass.
struct Taken {
    id: String,
    folder: String,
    name: String,
    looked: Looked,
    judged: intake::Judged,
    came: Option<Came>,
    held_before: Option<usize>,
    is_copied: bool,
}

impl Taken {
    /// Writes the encrypted copy, if there is to be one.
    fn copy(&self, site: &Site<'_>) -> Result<Result<Option<Box<dyn WriteNew>>, CopyFault>, Fault> {
        match &self.came {
            Some(came) if self.is_copied => {
                let mut raw = came.raw.reader();
                let copy = spool::write_spool(site, &self.id, &self.name, &mut *raw, &self.looked)?;
                Ok(copy.map(Some))
            }
            Some(_) | None => Ok(Ok(None)),
        }
    }
}

impl Gatherer<'_, '_> {
    /// A file that waits in the spool goes through the ladder again.
    fn held(&mut self, index: usize, held: &HeldFile) -> Result<(), Fault> {
        let mut copy = SpoolCopy::open(self.site, &held.id)?;
        let looked = self.known_sender(&held.folder, copy.look(self.site, &held.id)?);
        // Who released a file accepts its name, and one that waits for a serial had its name tested, or accepted, before;
        // it arrived in the run in which it came first.
        let judged = self.judge(&looked, "", false);
        let (id, name) = (held.id.clone(), copy.name);
        let taken = self.taken(id, &held.folder, name, looked, judged, None, Some(index));
        self.keep(taken, None)
    }

    fn judge(&self, looked: &Looked, label: &str, is_new: bool) -> intake::Judged {
        let arrival = Arrival {
            label,
            content: Content::Scan(&looked.scan),
            shell: looked.shell,
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
        reason = "one call per way in; a struct would only repeat `Taken`"
    )]
    fn taken(
        &self,
        id: String,
        folder: &str,
        name: String,
        looked: Looked,
        judged: intake::Judged,
        came: Option<Came>,
        held_before: Option<usize>,
    ) -> Taken {
        let known = self.site.exchange().held.iter().any(|held| held.id == id);
        let duplicate = matches!(judged.verdict, Verdict::Duplicate(_));
        Taken {
            is_copied: came.is_some() && self.spool && !known && !duplicate,
            id,
            folder: folder.to_owned(),
            name,
            looked,
            judged,
            came,
            held_before,
        }
    }

    /// Keeps what was found of a file; its copy becomes durable with those of others.
    fn keep(&mut self, taken: Taken, copy: Option<Box<dyn WriteNew>>) -> Result<(), Fault> {
        self.copies.extend(copy);
        if self.copies.len() >= FILES_MAX {
            self.make_durable()?;
        }
        let Taken {
            id,
            folder,
            name,
            looked,
            judged,
            came,
            held_before,
            is_copied: _,
        } = taken;
        let detail = match self.wrong_table(judged.envelope) {
            Some(fault) if matches!(judged.verdict, Verdict::Held(intake::Cause::KindNotRegistered)) => {
                fault.what(Lang::En)
            }
            Some(_) | None => detail_of(&judged.verdict, &looked),
        };
        let (sha256, size_bytes) = looked.content();
        let source = match &came {
            Some(came) if !self.spool => Source::Inbox(came.file.clone()),
            Some(_) | None => Source::Spool(id.clone()),
        };
        self.judged.push(Judged {
            id,
            label: self.label(&folder, &name),
            folder,
            name,
            size_bytes,
            sha256,
            envelope: judged.envelope,
            verdict: judged.verdict,
            detail,
            source,
            originals: came.map_or_else(Vec::new, |came| came.originals),
            held_before,
        });
        Ok(())
    }

    /// The copies that wait for it.
    fn make_durable(&mut self) -> Result<(), Fault> {
        let spool = self.site.folders.spool();
        sync_files(self.site.tools.disk, std::mem::take(&mut self.copies)).map_err(trouble::disk(&spool))
    }

    /// Tests where a file comes from.
    fn known_sender(&self, folder: &str, looked: Looked) -> Looked {
        let mut looked = looked;
        if looked.shell.is_none()
            && let Ok(envelope) = looked.scan.envelope()
            && let Some(party) = self.party(envelope.sender)
        {
            let why = if !looked.sealed && !party.plain_allowed {
                Some("a plain file from a party that must seal")
            } else if party.id.as_str() != folder {
                Some("the file lies in the folder of another party")
            } else if looked.signer.is_some_and(|signer| signer != party.id) {
                Some("the package is signed by another party")
            } else {
                None
            };
            if let Some(why) = why {
                looked.shell = Some(ShellFinding::NotAuthentic);
                why.clone_into(&mut looked.why);
            }
        }
        looked
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
