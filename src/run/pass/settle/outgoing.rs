//! What goes out: the answers of a pass, the repetition of an answer, the notices to the national body.

use super::super::answers::{self, Outgoing};
use super::super::assess::{Assessed, Fate};
use super::super::identity::Book;
use super::super::result::NoticeReport;
use super::super::work::{Results, Worked};
use super::{Settling, answer_records};
use crate::domain::fault::Fault;
use crate::domain::party::FileKind;
use crate::format::leaf::GenerationName;
use crate::format::state::OpenNotice;
use crate::pipeline::emit::{ResWriter, rejected_answer};
use crate::pipeline::intake::FileIdentity;
use crate::run::trouble;
use crate::seal::digest;

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
        let Some(party) = envelope.sender.and_then(|id| self.site.parties.get(id)) else {
            return Ok(None);
        };
        let serial = self.state.take_outbound(party.id, FileKind::Res);
        let mut head = answers::head(self.site, party, serial, self.date);
        head.reply_to = Some(judged.sha256);
        head.encoding = envelope.encoding.unwrap_or(party.encoding);
        let layout = self.site.layouts.get(FileKind::Res);
        let number = generation.map(|generation| generation.number);
        let (bytes, identity) = match fate {
            Fate::Taken(file) => {
                let mut writer = ResWriter::new(layout, &head).map_err(trouble::bug)?;
                results.write(index, &mut writer, number, &mut |_| Ok(()))?;
                (writer.finish().map_err(trouble::bug)?, file.identity())
            }
            Fate::Rejected(code, identity) => (rejected_answer(layout, &head, *code).map_err(trouble::bug)?, *identity),
            Fate::Held(_) | Fate::Duplicate(_) | Fate::SameAs(_) | Fate::Acknowledges(..) => return Ok(None),
        };
        let file = Outgoing {
            receiver: party.id,
            kind: FileKind::Res,
            serial,
            bytes,
            records: answer_records(assessed, index),
            generation,
        };
        answers::keep(
            self.site,
            &mut self.stage,
            &digest::to_hex(&assessed.key.of(&identity)),
            &file.bytes,
        )?;
        self.send(&file).map(Some)
    }

    fn send(&mut self, file: &Outgoing) -> Result<String, Fault> {
        let (leaf, path) = answers::seal_out(self.site, &mut self.stage, file, self.time)?;
        self.outgoing.push((self.leaves.len(), path));
        self.leaves.push(leaf);
        Ok(format!("{}.seki", file.name(self.site.config.id)))
    }

    /// The notices of the run to the national body, if it made a generation.
    pub(super) fn notify(
        &mut self,
        assessed: &Assessed,
        worked: &Worked<'_>,
        generation: Option<GenerationName>,
    ) -> Result<(), Fault> {
        let Some(generation) = generation else {
            return Ok(());
        };
        let national = crate::run::parties::get(self.site, self.site.config.national_body)?;
        let serial = self.state.take_outbound(national.id, FileKind::Ntf);
        let head = answers::head(self.site, national, serial, self.date);
        let bytes = answers::notices(self.site, &head, worked, generation.number)?;
        let records = worked.sums.applied;
        let file = Outgoing {
            receiver: national.id,
            kind: FileKind::Ntf,
            serial,
            bytes,
            records,
            generation: Some(generation),
        };
        answers::keep(self.site, &mut self.stage, &answers::notice_id(serial), &file.bytes)?;
        self.state.unacknowledged.push(OpenNotice {
            serial,
            digest: digest::to_hex(&assessed.key.of_notice(&digest::sha256(&file.bytes))),
            generation: generation.number,
            business_date: self.date.value(),
            records: u32::try_from(records).unwrap_or(u32::MAX),
        });
        let name = self.send(&file)?;
        self.notices = Some(NoticeReport { name, records });
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
        let bytes = answers::kept(self.site, &digest::to_hex(&assessed.key.of(identity)))?;
        let kind = FileKind::parse(&answer.kind).ok_or_else(|| trouble::bug("kind of a stored answer"))?;
        let file = Outgoing {
            receiver: identity.sender,
            kind,
            serial: answer.serial,
            bytes,
            records: answer.records,
            generation: None,
        };
        self.send(&file).map(Some)
    }
}
