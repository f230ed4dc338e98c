//! What goes out: the answers of a pass, the repetition of an answer, the notices to the national body.

use std::collections::BTreeMap;
use std::thread;

use super::super::answers::{self, Going, Kept, Outgoing, Pieces};
use super::super::assess::{Assessed, Fate};
use super::super::identity::Book;
use super::super::result::NoticeReport;
use super::super::work::{Results, Worked};
use super::{Settling, answer_records};
use crate::domain::fault::Fault;
use crate::domain::party::FileKind;
use crate::format::leaf::GenerationName;
use crate::format::state::OpenNotice;
use crate::pipeline::emit::{OwnHead, rejected_answer};
use crate::pipeline::intake::FileIdentity;
use crate::run::site::Site;
use crate::run::trouble;
use crate::seal::digest;

/// The notices of a run, before they are made.
struct Notices {
    head: OwnHead,
    file: Outgoing,
    generation: u64,
}

impl Notices {
    fn begin(&self, settling: &Settling<'_, '_>) -> Result<Going, Fault> {
        let keep_as = answers::notice_id(self.file.serial);
        Going::begin(
            settling.site,
            &settling.stage,
            &self.file,
            Some(&keep_as),
            settling.threads,
        )
    }

    fn make(&self, site: &Site<'_>, worked: &Worked<'_>, pieces: Pieces<'_>) -> Result<(), Fault> {
        answers::notices(site, &self.head, worked, self.generation, pieces)
    }
}

impl Settling<'_, '_> {
    /// Makes, keeps and seals the answer to a file; gives the name of its package.
    pub(super) fn answer(
        &mut self,
        assessed: &Assessed,
        results: &mut Results<'_>,
        index: usize,
        generation: Option<GenerationName>,
    ) -> Result<Option<String>, Fault> {
        let Some((judged, fate)) = assessed.files.get(index) else {
            return Ok(None);
        };
        let Some(envelope) = judged.envelope else {
            return Ok(None);
        };
        let site = self.site;
        let Some(party) = envelope.sender.and_then(|id| site.parties.get(id)) else {
            return Ok(None);
        };
        let serial = self.state.take_outbound(party.id, FileKind::Res);
        let mut head = answers::head(self.site, party, serial, self.date);
        head.reply_to = Some(judged.sha256);
        head.encoding = envelope.encoding.unwrap_or(party.encoding);
        let layout = site.layouts.get(FileKind::Res);
        let number = generation.map(|generation| generation.number);
        let identity = match fate {
            Fate::Taken(file) => file.identity(),
            Fate::Rejected(_, identity) => *identity,
            Fate::Held(_) | Fate::Duplicate(_) | Fate::SameAs(_) | Fate::Acknowledges(..) => return Ok(None),
        };
        let records = answer_records(assessed, index);
        let file = Outgoing {
            receiver: party.id,
            kind: FileKind::Res,
            serial,
            len_bytes: answers::len_of(layout, records),
            records,
            generation,
        };
        let keep_as = digest::to_hex(&assessed.key.of(&identity));
        let sent = self.send(&file, Some(&keep_as), &mut |pieces| match fate {
            Fate::Rejected(code, _) => pieces(rejected_answer(layout, &head, *code).map_err(trouble::bug)?),
            Fate::Taken(_) | Fate::Held(_) | Fate::Duplicate(_) | Fate::SameAs(_) | Fate::Acknowledges(..) => {
                answers::result(layout, &head, results, index, number, pieces)
            }
        })?;
        Ok(Some(sent.0))
    }

    /// Seals and, under the id given, keeps what `make` makes. Gives the name of the package and the SHA-256 of the plain bytes.
    fn send(
        &mut self,
        file: &Outgoing,
        keep_as: Option<&str>,
        make: &mut dyn FnMut(Pieces<'_>) -> Result<(), Fault>,
    ) -> Result<(String, [u8; 32]), Fault> {
        let mut going = Going::begin(self.site, &self.stage, file, keep_as, self.threads)?;
        going.through(make)?;
        self.sent(file, going)
    }

    fn sent(&mut self, file: &Outgoing, going: Going) -> Result<(String, [u8; 32]), Fault> {
        let sent = going.finish(self.site, &mut self.stage, file, self.time)?;
        self.outgoing.push((self.leaves.len(), sent.path));
        self.leaves.push(sent.leaf);
        Ok((format!("{}.seki", file.name(self.site.config.id)), sent.plain_sha256))
    }

    /// The answers of the run, and its notices to the national body if it made a generation. Many notices are made while the
    /// answers are; their leaf comes last in any case. Gives the names of the answers by index of the file.
    pub(super) fn answers_and_notices(
        &mut self,
        assessed: &Assessed,
        worked: &Worked<'_>,
        generation: Option<GenerationName>,
    ) -> Result<BTreeMap<usize, String>, Fault> {
        let notices = generation
            .map(|generation| self.notices_of(worked, generation))
            .transpose()?;
        let Some(notices) = notices else {
            return self.answers(assessed, worked, generation);
        };
        // Begun first in any case: what is drawn for whom does not depend on the number of threads.
        let mut going = notices.begin(self)?;
        let site = self.site;
        let make = |going: &mut Going| going.through(|pieces| notices.make(site, worked, pieces));
        let names = if self.threads <= 1 || !Going::is_long(&notices.file) {
            let names = self.answers(assessed, worked, generation)?;
            make(&mut going)?;
            names
        } else {
            thread::scope(|scope| {
                let making = scope.spawn(|| make(&mut going));
                let names = self.answers(assessed, worked, generation);
                making.join().map_err(|_| trouble::bug("a worker thread ended"))??;
                names
            })?
        };
        self.notified(assessed, notices, going)?;
        Ok(names)
    }

    fn answers(
        &mut self,
        assessed: &Assessed,
        worked: &Worked<'_>,
        generation: Option<GenerationName>,
    ) -> Result<BTreeMap<usize, String>, Fault> {
        let mut names = BTreeMap::new();
        let mut results = worked.results()?;
        for index in Self::answer_order(assessed) {
            if let Some(name) = self.answer(assessed, &mut results, index, generation)? {
                names.insert(index, name);
            }
        }
        Ok(names)
    }

    fn notices_of(&mut self, worked: &Worked<'_>, generation: GenerationName) -> Result<Notices, Fault> {
        let site = self.site;
        let national = crate::run::parties::get(site, site.config.national_body)?;
        let serial = self.state.take_outbound(national.id, FileKind::Ntf);
        let records = worked.sums.applied;
        Ok(Notices {
            head: answers::head(site, national, serial, self.date),
            file: Outgoing {
                receiver: national.id,
                kind: FileKind::Ntf,
                serial,
                len_bytes: answers::len_of(site.layouts.get(FileKind::Ntf), records),
                records,
                generation: Some(generation),
            },
            generation: generation.number,
        })
    }

    fn notified(&mut self, assessed: &Assessed, notices: Notices, going: Going) -> Result<(), Fault> {
        let Notices { file, generation, .. } = notices;
        let (name, plain_sha256) = self.sent(&file, going)?;
        self.state.unacknowledged.push(OpenNotice {
            serial: file.serial,
            digest: digest::to_hex(&assessed.key.of_notice(&plain_sha256)),
            generation,
            business_date: self.date.value(),
            records: u32::try_from(file.records).unwrap_or(u32::MAX),
        });
        self.notices = Some(NoticeReport {
            name,
            records: file.records,
        });
        Ok(())
    }

    /// The stored answer of a duplicate goes out again.
    pub(super) fn repeat(&mut self, assessed: &Assessed, identity: &FileIdentity) -> Result<Option<String>, Fault> {
        let exchange = self.site.exchange();
        let record = Book::new(&self.site.master, &assessed.key, &exchange).record(identity)?;
        let Some(answer) = record.and_then(|record| record.answer) else {
            return Ok(None);
        };
        let name = format!("{}.seki", answer.name);
        let path = format!("out/{}/{name}", identity.sender);
        if self.outgoing.iter().any(|(_, other)| *other == path) {
            return Ok(Some(name));
        }
        let mut kept = Some(answers::kept(self.site, &digest::to_hex(&assessed.key.of(identity)))?);
        let kind = FileKind::parse(&answer.kind).ok_or_else(|| trouble::bug("kind of a stored answer"))?;
        let file = Outgoing {
            receiver: identity.sender,
            kind,
            serial: answer.serial,
            len_bytes: kept.as_ref().map_or(0, Kept::len_bytes),
            records: answer.records,
            generation: None,
        };
        let sent = self.send(&file, None, &mut |pieces| match kept.take() {
            Some(kept) => kept.read(pieces),
            None => Ok(()),
        })?;
        Ok(Some(sent.0))
    }
}
