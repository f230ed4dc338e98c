//! What becomes of all files of a pass together: serials, duplicates within the pass, acknowledgements. Reads, but writes
//! nothing.

use std::collections::BTreeMap;

use super::gather::{Gathered, InPlace, Judged, Waiting};
use super::identity::{Book, IdentityKey};
use super::spool::load;
use super::work::Sums;
use crate::domain::code::Code;
use crate::domain::fault::{Fault, FaultId};
use crate::domain::party::FileKind;
use crate::format::exchange::{HashRule, ParsedFile};
use crate::format::state::{ExchangeState, HeldFile};
use crate::pipeline::intake::{Candidate, Cause, FileIdentity, InboundFile, Verdict, admit};
use crate::run::site::Site;

/// What becomes of one file in this pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// Held with this code.
    Held(Code),
    /// Answered as a whole by one record.
    Rejected(Code, FileIdentity),
    /// Answered before: the stored answer goes out again.
    Duplicate(FileIdentity),
    /// The same bytes as another file of this pass, by index: that one's answer is its own.
    SameAs(usize),
    /// Its records are judged.
    Taken(Box<InboundFile>),
    /// A RES of the national body. `None` where it names no open notice of ours.
    Acknowledges(Box<InboundFile>, Option<u32>),
}

/// A pass, decided.
pub(super) struct Assessed {
    /// Files and fates, one for one.
    pub files: Vec<(Judged, Fate)>,
    /// The sums, once the records were worked on.
    pub sums: Sums,
    /// Things left in place.
    pub in_place: Vec<InPlace>,
    /// Extracts and inquiries, left in place.
    pub waiting: Vec<Waiting>,
    /// Key of identities.
    pub key: IdentityKey,
    /// Residents before the run.
    pub residents_before: u64,
}

impl Assessed {
    /// True where a record was applied: a generation is made.
    pub(super) fn makes_generation(&self) -> bool {
        self.sums.applied > 0
    }

    /// True where a thing that was left in its place lies there still, as far as anybody can tell: in a folder that cannot be
    /// read now nothing is known to be gone.
    pub(super) fn stays(&self, held: &HeldFile) -> bool {
        let mut things = self.in_place.iter();
        things.any(|thing| thing.id == held.id || (thing.is_folder && thing.folder == held.folder))
    }
}

/// Decides by the files alone; their records come later.
pub(super) fn assess(site: &Site<'_>, gathered: Gathered) -> Result<Assessed, Fault> {
    let Gathered {
        judged,
        in_place,
        waiting,
        key,
    } = gathered;
    Ok(Assessed {
        files: fates(site, judged, &site.exchange(), &key)?,
        sums: Sums::default(),
        in_place,
        waiting,
        key,
        residents_before: site.master.manifest().map_or(0, |manifest| manifest.counts.residents),
    })
}

/// Tests that the national body can be told what was applied.
pub(super) fn reaches_national(site: &Site<'_>, sums: &Sums) -> Result<(), Fault> {
    let national = site.config.national_body;
    let reachable = site
        .parties
        .get(national)
        .is_some_and(|party| party.sealing_key.is_some());
    if sums.applied > 0 && !reachable {
        return Err(Fault::new(FaultId::PartyKeyMissing).with("party", national));
    }
    Ok(())
}

fn fates(
    site: &Site<'_>,
    mut judged: Vec<Judged>,
    state: &ExchangeState,
    key: &IdentityKey,
) -> Result<Vec<(Judged, Fate)>, Fault> {
    let book = Book::new(&site.master, key, state);
    let mut fates: Vec<Option<Fate>> = vec![None; judged.len()];
    let mut rejected: BTreeMap<FileIdentity, usize> = BTreeMap::new();
    let mut ready: Vec<(usize, InboundFile)> = Vec::new();
    for (index, file) in judged.iter().enumerate() {
        let fate = match &file.verdict {
            Verdict::Held(cause) => Fate::Held(cause.code()),
            Verdict::Duplicate(identity) => Fate::Duplicate(*identity),
            Verdict::Rejected { cause, identity } => {
                if let Some(first) = rejected.get(identity) {
                    Fate::SameAs(*first)
                } else {
                    rejected.insert(*identity, index);
                    Fate::Rejected(cause.code(), *identity)
                }
            }
            Verdict::Ready(inbound) => {
                ready.push((index, (**inbound).clone()));
                continue;
            }
        };
        set(&mut fates, index, fate);
    }
    let candidates = ready
        .iter()
        .map(|(index, file)| Candidate {
            file: file.clone(),
            waiting_since: judged
                .get(*index)
                .and_then(|file| file.held_before)
                .map(|place| u64::try_from(place).unwrap_or(u64::MAX)),
        })
        .collect();
    let admission = admit(candidates, &book);
    book.failure()?;
    let mut taken_by: BTreeMap<FileIdentity, usize> = BTreeMap::new();
    for file in admission.taken {
        if let Some(index) = claim(&mut ready, &file) {
            taken_by.insert(file.identity(), index);
            let fate = match judged.get(index) {
                Some(judged) if file.header().kind == FileKind::Res => acknowledge(site, judged, file, state, key)?,
                Some(_) | None => Fate::Taken(Box::new(file)),
            };
            set(&mut fates, index, fate);
        }
    }
    for (file, cause) in admission.held {
        if let Some(index) = claim(&mut ready, &file) {
            if let Some(judged) = judged.get_mut(index) {
                judged.detail = cause.to_string();
            }
            set(&mut fates, index, Fate::Held(cause.code()));
        }
    }
    for file in admission.duplicates {
        if let Some(index) = claim(&mut ready, &file)
            && let Some(first) = taken_by.get(&file.identity())
        {
            set(&mut fates, index, Fate::SameAs(*first));
        }
    }
    taken_by.extend(rejected);
    known_by_then(&judged, &mut fates, &taken_by);
    judged
        .into_iter()
        .zip(fates)
        .map(|(file, fate)| {
            fate.map(|fate| (file, fate))
                .ok_or_else(|| crate::run::trouble::bug("a file without a fate"))
        })
        .collect()
}

/// The files of a run are judged by name. Bytes that a file before answered are known when the copy's turn comes, and that
/// test stands before the one of the name: a copy under a contradicting name is a duplicate, not held.
fn known_by_then(judged: &[Judged], fates: &mut [Option<Fate>], answered: &BTreeMap<FileIdentity, usize>) {
    for (file, fate) in judged.iter().zip(fates) {
        let (Verdict::Held(Cause::Name { .. }), Some(envelope)) = (&file.verdict, file.envelope) else {
            continue;
        };
        let Some(sender) = envelope.sender else { continue };
        let identity = FileIdentity {
            sha256: file.sha256,
            sender,
            receiver: envelope.receiver,
            kind: envelope.kind,
            serial: envelope.serial,
        };
        if let Some(first) = answered.get(&identity)
            && judged
                .get(*first)
                .is_some_and(|other| (&other.folder, &other.name) < (&file.folder, &file.name))
        {
            *fate = Some(Fate::SameAs(*first));
        }
    }
}

fn set(fates: &mut [Option<Fate>], index: usize, fate: Fate) {
    if let Some(place) = fates.get_mut(index) {
        *place = Some(fate);
    }
}

/// Finds which of the ready files this is, and takes it off the list.
fn claim(ready: &mut Vec<(usize, InboundFile)>, file: &InboundFile) -> Option<usize> {
    let at = ready.iter().position(|(_, other)| other == file)?;
    Some(ready.remove(at).0)
}

/// A RES acknowledges the notice whose hash its header names.
fn acknowledge(
    site: &Site<'_>,
    judged: &Judged,
    file: InboundFile,
    state: &ExchangeState,
    key: &IdentityKey,
) -> Result<Fate, Fault> {
    let bytes = load(site, judged)?;
    let named = ParsedFile::parse(&bytes, &site.layouts, HashRule::Optional)
        .ok()
        .and_then(|p| p.header.reply_to);
    let named = named.map(|hash| crate::seal::digest::to_hex(&key.of_notice(&hash)));
    // Notices go to the national body alone, so nobody else can acknowledge one.
    let national = file.header().sender == site.config.national_body;
    let open = state
        .unacknowledged
        .iter()
        .find(|open| national && Some(&open.digest) == named.as_ref());
    Ok(Fate::Acknowledges(Box::new(file), open.map(|open| open.serial)))
}
