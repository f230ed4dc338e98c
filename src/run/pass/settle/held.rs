//! What stays: files held for a decision, things left in the inbound folders, and what the ledger says of both.

use super::super::assess::{Assessed, Fate};
use super::super::gather::{InPlace, Judged};
use super::super::result;
use super::Settling;
use crate::domain::code::Code;
use crate::domain::holding::FileOutcome;
use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::party::FileKind;
use crate::format::state::HeldFile;
use crate::pipeline::journal::{self, Inbound};
use crate::seal::digest;

impl Settling<'_, '_> {
    /// Notes a held file; true where the ledger has no leaf of it yet: it is new, held for another reason than before, or
    /// held again after a person released it.
    pub(super) fn hold(&mut self, judged: &Judged, code: Code) -> bool {
        let shadowed = code == Code::H07 && self.is_shadowed(judged);
        let detail = result::report(judged, &Fate::Held(code)).detail;
        let known = self.state.held.iter_mut().find(|held| held.id == judged.id);
        let envelope = judged.envelope;
        let sender = envelope
            .and_then(|e| e.sender)
            .map_or_else(String::new, |id| id.to_string());
        let kind = envelope.map_or_else(String::new, |e| e.kind.as_str().to_owned());
        let serial = envelope.map_or(0, |e| e.serial);
        if let Some(known) = known {
            if envelope.is_some() {
                // A package that did not open before says only now whose it is and which serial it has.
                (known.sender, known.kind, known.serial) = (sender, kind, serial);
            }
            let changed = known.code != code.as_str() || known.released;
            known.released = false;
            code.as_str().clone_into(&mut known.code);
            known.detail = detail;
            self.retired.extend(judged.originals.iter().cloned());
            return changed;
        }
        self.state.held.push(HeldFile {
            id: judged.id.clone(),
            folder: judged.folder.clone(),
            label: judged.label.clone(),
            code: code.as_str().to_owned(),
            detail,
            size_bytes: judged.size_bytes,
            digest: digest::to_hex(&digest::year_digest(&self.year_key, &judged.sha256)),
            sender,
            kind,
            serial,
            since: self.date.value(),
            in_place: false,
            shadowed,
            released: false,
        });
        self.retired.extend(judged.originals.iter().cloned());
        true
    }

    /// Of files that wait with one serial the first stays; the others are for a person to decide.
    fn is_shadowed(&self, judged: &Judged) -> bool {
        let Some(envelope) = judged.envelope else { return false };
        let sender = envelope.sender.map_or_else(String::new, |id| id.to_string());
        self.state.held.iter().any(|other| {
            other.code == Code::H07.as_str()
                && other.id != judged.id
                && !other.shadowed
                && (other.sender == sender && other.kind == envelope.kind.as_str())
                && other.serial == envelope.serial
        })
    }

    /// Things left in the inbound folders: new ones are noted once, settled and vanished ones are taken off the list.
    pub(super) fn in_place(&mut self, assessed: &Assessed) {
        let mut gone = Vec::new();
        self.state.held.retain(|held| {
            let stays = !held.in_place || assessed.stays(held);
            if !stays {
                gone.push(held.clone());
            }
            stays
        });
        for held in gone {
            let came = assessed
                .files
                .iter()
                .any(|(judged, _)| judged.folder == held.folder && judged.label == held.label);
            if !came {
                let inbound = inbound_of_held(&held);
                let code = Code::parse(&held.code).unwrap_or(Code::H01);
                self.leaves.push(journal::decided(self.time, &inbound, code, false));
            }
        }
        for thing in &assessed.in_place {
            let known = self.state.held.iter_mut().find(|held| held.id == thing.id);
            match known {
                Some(known) if known.code == thing.code.as_str() => {
                    // What cannot be read decides how the run ends: every run has to say so.
                    if thing.unreadable {
                        self.reports.push(result::left(thing));
                    }
                    continue;
                }
                Some(known) => {
                    let since = known.since;
                    *known = HeldFile {
                        since,
                        ..held_in_place(thing, self.date)
                    };
                }
                None => self.state.held.push(held_in_place(thing, self.date)),
            }
            let held = held_in_place(thing, self.date);
            let outcome = FileOutcome::Held(thing.code);
            self.leaves
                .push(journal::file(self.time, &inbound_of_held(&held), outcome, None));
            self.reports.push(result::left(thing));
        }
    }

    /// What a leaf says of a judged file.
    pub(super) fn inbound(&self, judged: &Judged) -> Inbound {
        let envelope = judged.envelope;
        Inbound {
            name: judged.label.clone(),
            kind: envelope.map(|e| e.kind),
            sender: envelope.and_then(|e| e.sender),
            receiver: envelope.and_then(|e| e.receiver),
            serial: envelope.map(|e| e.serial),
            size_bytes: judged.size_bytes,
            digest: digest::year_digest(&self.year_key, &judged.sha256),
            sha256: Some(judged.sha256),
        }
    }
}

fn held_in_place(thing: &InPlace, date: BusinessDate) -> HeldFile {
    HeldFile {
        id: thing.id.clone(),
        folder: thing.folder.clone(),
        label: thing.label.clone(),
        code: thing.code.as_str().to_owned(),
        detail: thing.detail.clone(),
        size_bytes: thing.size_bytes,
        digest: "0".repeat(64),
        sender: thing
            .envelope
            .and_then(|e| e.sender)
            .map_or_else(String::new, |id| id.to_string()),
        kind: thing.envelope.map_or_else(String::new, |e| e.kind.as_str().to_owned()),
        serial: thing.envelope.map_or(0, |e| e.serial),
        since: date.value(),
        in_place: true,
        shadowed: false,
        released: false,
    }
}

/// What a leaf says of a held file.
pub fn inbound_of_held(held: &HeldFile) -> Inbound {
    Inbound {
        name: held.label.clone(),
        kind: FileKind::parse(&held.kind),
        sender: PartyId::parse(&held.sender),
        receiver: None,
        serial: (held.serial > 0).then_some(held.serial),
        size_bytes: held.size_bytes,
        digest: digest::digest_from_hex(&held.digest).unwrap_or_default(),
        sha256: None,
    }
}
