//! Carries a decided pass out: answers sealed, generation staged, leaves written down, one commit.

mod held;
mod outgoing;

pub use held::inbound_of_held;

use std::collections::{BTreeMap, BTreeSet};

use super::PassSettings;
use super::answers::Outgoing;
use super::assess::{Assessed, Fate, reaches_national};
use super::gather::Judged;
use super::identity::{ArchivedRecord, Book, IdentityRecord};
use super::result::{self, FileReport, NoticeReport, PassResult};
use super::work::{Means, work};
use crate::domain::fault::Fault;
use crate::domain::holding::FileOutcome;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::party::FileKind;
use crate::format::leaf::{Act, GenerationName, Leaf};
use crate::format::manifest::Manifest;
use crate::format::state::{ExchangeState, LastRun};
use crate::pipeline::intake::FileIdentity;
use crate::pipeline::journal;
use crate::run::commit::{self, Draft};
use crate::run::site::Site;
use crate::run::{room, trouble};
use crate::seal::digest;
use crate::seal::secret::YearKey;
use crate::store::generations::{GenerationFacts, Staging};
use crate::store::spill::Spill;
use crate::store::staging::{Retired, Stage};

/// Commits what was decided; nothing at all where nothing happened.
pub(super) fn settle(
    site: &mut Site<'_>,
    mut assessed: Assessed,
    date: BusinessDate,
    settings: PassSettings,
) -> Result<PassResult, Fault> {
    if is_idle(&assessed, &site.exchange()) {
        let mut planned = result::of_plan(site, &assessed, date);
        planned.held = site.exchange().held.len();
        planned.files = result::waiting(&assessed);
        // What cannot be read is said by every run until it can; the ledger has it once.
        let unreadable = assessed.in_place.iter().filter(|thing| thing.unreadable);
        planned.files.extend(unreadable.map(result::left));
        return Ok(planned);
    }
    let folders = site.folders.clone();
    let disk = site.tools.disk;
    let stage = room::begin(site, room::Work::Adds(room::of_pass(site, input_bytes(&assessed))))?;
    let mut settling = Settling {
        site,
        threads: settings.threads,
        date,
        time: site.tools.clock.now(),
        year_key: digest::year_key(&site.secrets.year_root, date.fiscal_year()),
        state: site.exchange(),
        stage,
        leaves: Vec::new(),
        outgoing: Vec::new(),
        identities: BTreeMap::new(),
        retired: Vec::new(),
        reports: Vec::new(),
        notices: None,
    };
    let manifest = settling.all(&mut assessed, settings)?;
    let mut planned = result::of_plan(settling.site, &assessed, date);
    let Settling {
        stage,
        leaves,
        outgoing,
        retired,
        state,
        reports,
        notices,
        ..
    } = settling;
    planned.held = state.held.len();
    planned.files = reports;
    planned.files.extend(result::waiting(&assessed));
    planned
        .files
        .sort_by(|a, b| (&a.folder, &a.name).cmp(&(&b.folder, &b.name)));
    planned.notices = notices;
    if leaves.is_empty() {
        crate::store::staging::clear(disk, &folders, site.master.commit() + 1)
            .map_err(trouble::disk(&folders.staging()))?;
        return Ok(planned);
    }
    let draft = Draft {
        stage,
        manifest,
        leaves,
        outgoing,
        retired,
        dropped: Vec::new(),
        business_date: date,
    };
    // What was planned is no longer needed, and the commit reads and writes a lot.
    drop(assessed);
    commit::commit(site, draft)?;
    planned.committed = true;
    Ok(planned)
}

/// True where nothing came and nothing changed: a pass of `watch` over quiet folders writes nothing at all.
fn is_idle(assessed: &Assessed, state: &ExchangeState) -> bool {
    let known = |id: &str, code: &str| state.held.iter().any(|held| held.id == id && held.code == code);
    let files = assessed.files.iter().all(|(judged, fate)| match fate {
        Fate::Held(code) => judged.originals.is_empty() && known(&judged.id, code.as_str()),
        Fate::Rejected(..) | Fate::Duplicate(_) | Fate::SameAs(_) | Fate::Taken(_) | Fate::Acknowledges(..) => false,
    });
    let left = assessed
        .in_place
        .iter()
        .all(|thing| known(&thing.id, thing.code.as_str()));
    files
        && left
        && state
            .held
            .iter()
            .all(|held| !held.released && (!held.in_place || assessed.stays(held)))
}

/// Bytes of the files whose notices are applied.
fn input_bytes(assessed: &Assessed) -> u64 {
    let taken = assessed.files.iter().filter(|(_, fate)| matches!(fate, Fate::Taken(_)));
    taken.map(|(judged, _)| judged.size_bytes).fold(0, u64::saturating_add)
}

/// A row of the table of identities.
type Row = ([u8; 32], Vec<u8>);

struct Settling<'a, 'm> {
    site: &'a Site<'m>,
    threads: usize,
    date: BusinessDate,
    time: Instant,
    year_key: YearKey,
    state: ExchangeState,
    stage: Stage<'m>,
    leaves: Vec<Leaf>,
    outgoing: Vec<(usize, String)>,
    identities: BTreeMap<[u8; 32], IdentityRecord>,
    retired: Vec<Retired>,
    reports: Vec<FileReport>,
    notices: Option<NoticeReport>,
}

impl Settling<'_, '_> {
    fn all(&mut self, assessed: &mut Assessed, settings: PassSettings) -> Result<Manifest, Fault> {
        // The generation is staged twice over in two steps: first its runs and roots, whose name the answers carry,
        // then the manifest with the state after the answers.
        let site = self.site;
        let folder = self.stage.folder();
        let spill = Spill::to_folder(site.tools.disk, folder.clone(), site.tools.entropy);
        let staging = Staging {
            disk: site.tools.disk,
            folder: &folder,
            keys: &site.master_keys,
        };
        let mut rng = site.tools.generator()?;
        let mut builder = staging.begin(&site.master, &mut rng).map_err(|e| trouble::master(&e))?;
        let means = Means {
            date: self.date,
            threads: settings.threads,
            memory: settings.memory,
            spill: &spill,
        };
        let worked = work(site, &assessed.files, means, Some(&mut builder))?;
        assessed.sums = worked.sums.clone();
        reaches_national(site, &assessed.sums)?;
        for (key, row) in self.identity_rows(assessed)? {
            builder.identity(&key, &row).map_err(|e| trouble::master(&e))?;
        }
        let facts = GenerationFacts {
            business_date: self.date,
            created_at: self.time,
            applied: assessed.makes_generation(),
            rules: site.rules_hash(),
            layouts: site.layouts_hash(),
            exchange: ExchangeState::default(),
        };
        let staged = builder.finish(facts).map_err(|e| trouble::master(&e))?;
        let staged = staging
            .merge_small(&site.paths.runs(), &site.master, staged, &mut rng)
            .map_err(|e| trouble::master(&e))?;
        let generation = assessed.makes_generation().then(|| name_of(&staged));
        let mut names = self.answers_and_notices(assessed, &worked, generation)?;
        drop(worked);
        for (index, (judged, fate)) in assessed.files.iter().enumerate() {
            self.file(assessed, index, judged, fate, &mut names)?;
        }
        self.in_place(assessed);
        self.close(assessed, &staged);
        self.finish_manifest(staged)
    }

    /// Indices of the files that get an answer of their own, in the order of the answers' serials.
    fn answer_order(assessed: &Assessed) -> Vec<usize> {
        let mut order: Vec<_> = assessed
            .files
            .iter()
            .enumerate()
            .filter(|(_, (_, fate))| matches!(fate, Fate::Taken(_) | Fate::Rejected(..)))
            .filter_map(|(index, (judged, _))| {
                let envelope = judged.envelope?;
                Some((
                    envelope.sender?,
                    envelope.kind,
                    envelope.serial,
                    judged.name.clone(),
                    index,
                ))
            })
            .collect();
        order.sort();
        order.into_iter().map(|(.., index)| index).collect()
    }

    /// Rows of the table of identities, in the order of their keys.
    fn identity_rows(&mut self, assessed: &Assessed) -> Result<BTreeMap<[u8; 32], Vec<u8>>, Fault> {
        let serials = self.answer_serials(assessed);
        let same = assessed.files.iter().filter_map(|(_, fate)| match fate {
            Fate::SameAs(index) => Some(*index),
            Fate::Held(_) | Fate::Rejected(..) | Fate::Duplicate(_) | Fate::Taken(_) | Fate::Acknowledges(..) => None,
        });
        let same: BTreeSet<usize> = same.collect();
        for (index, (_, fate)) in assessed.files.iter().enumerate() {
            self.remember(assessed, index, fate, (&serials, &same))?;
        }
        self.identities
            .iter()
            .map(|(key, record)| Ok((*key, serde_json::to_vec(record).map_err(trouble::bug)?)))
            .chain(self.archived(assessed))
            .collect()
    }

    /// The identity of a judged file.
    fn remember(
        &mut self,
        assessed: &Assessed,
        index: usize,
        fate: &Fate,
        (serials, same): (&BTreeMap<usize, u32>, &BTreeSet<usize>),
    ) -> Result<(), Fault> {
        let (identity, rejected) = match fate {
            Fate::Taken(file) | Fate::Acknowledges(file, _) => (file.identity(), false),
            Fate::Rejected(_, identity) => (*identity, true),
            Fate::Duplicate(identity) => return self.mark_repeated(assessed, identity),
            Fate::Held(_) | Fate::SameAs(_) => return Ok(()),
        };
        let answered = identity.kind == FileKind::Upd;
        let answer = answered.then(|| {
            Outgoing {
                receiver: identity.sender,
                kind: FileKind::Res,
                serial: serials.get(&index).copied().unwrap_or(1),
                len_bytes: 0,
                records: answer_records(assessed, index),
                generation: None,
            }
            .stored(self.site.config.id)
        });
        let record = IdentityRecord {
            business_date: self.date.value(),
            rejected,
            answer,
            repeated: same.contains(&index),
        };
        self.identities.insert(assessed.key.of(&identity), record);
        Ok(())
    }

    /// Serials of the answers, which are taken later in the order of [`Self::answer_order`], by index of the file.
    fn answer_serials(&self, assessed: &Assessed) -> BTreeMap<usize, u32> {
        let mut state = self.state.clone();
        let mut serials = BTreeMap::new();
        for index in Self::answer_order(assessed) {
            let envelope = assessed.files.get(index).and_then(|(judged, _)| judged.envelope);
            if let Some(to) = envelope.and_then(|envelope| envelope.sender) {
                serials.insert(index, state.take_outbound(to, FileKind::Res));
            }
        }
        serials
    }

    fn mark_repeated(&mut self, assessed: &Assessed, identity: &FileIdentity) -> Result<(), Fault> {
        let exchange = self.site.exchange();
        let book = Book::new(&self.site.master, &assessed.key, &exchange);
        if let Some(mut record) = book.record(identity)?
            && !record.repeated
        {
            record.repeated = true;
            self.identities.insert(assessed.key.of(identity), record);
        }
        Ok(())
    }

    /// Leaf, report and state of one file.
    fn file(
        &mut self,
        assessed: &Assessed,
        index: usize,
        judged: &Judged,
        fate: &Fate,
        names: &mut BTreeMap<usize, String>,
    ) -> Result<(), Fault> {
        let inbound = self.inbound(judged);
        let mut report = result::report(judged, fate);
        match fate {
            Fate::Held(code) => {
                let is_new = self.hold(judged, *code);
                if is_new {
                    self.leaves
                        .push(journal::file(self.time, &inbound, FileOutcome::Held(*code), None));
                }
                if is_new || !judged.originals.is_empty() {
                    self.reports.push(report);
                }
                return Ok(());
            }
            Fate::Rejected(code, _) => {
                self.leaves
                    .push(journal::file(self.time, &inbound, FileOutcome::Rejected(*code), None));
            }
            Fate::Taken(file) => {
                let sums = assessed.sums.tallies.get(&index).map(|tally| tally.sums);
                report.counts = sums;
                let header = file.header();
                self.state.consume_inbound(header.sender, header.kind, header.serial);
                self.leaves.push(journal::file(
                    self.time,
                    &inbound,
                    FileOutcome::Processed,
                    sums.as_ref(),
                ));
            }
            Fate::Acknowledges(file, open) => {
                let header = file.header();
                self.state.consume_inbound(header.sender, header.kind, header.serial);
                self.state.unacknowledged.retain(|notice| Some(notice.serial) != *open);
                self.leaves.push(match open {
                    Some(serial) => journal::acknowledged(self.time, &inbound, *serial),
                    None => journal::file(self.time, &inbound, FileOutcome::Processed, None),
                });
            }
            Fate::Duplicate(identity) => {
                let name = self.repeat(assessed, identity)?;
                names.extend(name.map(|name| (index, name)));
                if self.identities.contains_key(&assessed.key.of(identity)) {
                    self.leaves
                        .push(journal::file(self.time, &inbound, FileOutcome::Duplicate, None));
                }
            }
            Fate::SameAs(first) => {
                names.extend(names.get(first).cloned().map(|name| (index, name)));
                self.leaves
                    .push(journal::file(self.time, &inbound, FileOutcome::Duplicate, None));
            }
        }
        report.answer = names.get(&index).cloned();
        self.reports.push(report);
        self.put_away(judged, fate)
    }

    /// The copy in the spool goes to the archive; the original is removed.
    fn put_away(&mut self, judged: &Judged, fate: &Fate) -> Result<(), Fault> {
        if let Some(kept) = self.kept(judged, fate)? {
            self.stage
                .place(&format!("spool/{}", judged.id), &kept.archived, kept.len_bytes);
        }
        self.state.held.retain(|held| held.id != judged.id);
        self.retired.extend(judged.originals.iter().cloned());
        Ok(())
    }

    /// Where the copy of a file goes that is put away; `None` where it has none.
    fn kept(&self, judged: &Judged, fate: &Fate) -> Result<Option<ArchivedRecord>, Fault> {
        // The copy of a held file that came again is not lost with its entry.
        let was_held = || self.state.held.iter().any(|held| held.id == judged.id);
        let has_copy = match fate {
            Fate::Held(_) => false,
            Fate::Duplicate(_) => was_held(),
            Fate::Rejected(..) | Fate::Taken(_) | Fate::Acknowledges(..) | Fate::SameAs(_) => true,
        };
        if !has_copy {
            return Ok(None);
        }
        let spool = super::spool::spool_path(self.site, &judged.id);
        let facts = self
            .site
            .tools
            .disk
            .facts(&spool)
            .map_err(trouble::kept(&judged.id, &spool))?;
        Ok(Some(ArchivedRecord {
            archived: format!("archive/{}/{}", self.date.fiscal_year(), judged.id),
            len_bytes: facts.len_bytes,
        }))
    }

    /// Rows that say which files go to the archive.
    fn archived(&self, assessed: &Assessed) -> Vec<Result<Row, Fault>> {
        let rows = assessed.files.iter().filter_map(|(judged, fate)| {
            let kept = self.kept(judged, fate).transpose()?;
            Some(kept.and_then(|kept| kept.row(&assessed.key)))
        });
        rows.collect()
    }

    /// The leaf of the generation, and the sums of the pass in the state.
    fn close(&mut self, assessed: &Assessed, staged: &Manifest) {
        if let (true, Some(run)) = (assessed.makes_generation(), &assessed.sums.run) {
            let before = self
                .site
                .master
                .manifest()
                .filter(|manifest| manifest.generation > 0)
                .map(name_of);
            self.leaves.push(journal::applied(
                self.time,
                before,
                name_of(staged),
                &assessed.sums.records,
                run,
            ));
        } else if self
            .leaves
            .last()
            .map_or(!self.retired.is_empty(), |leaf| leaf.act == Act::Outgoing)
        {
            // A pass in which only what the ledger has already came again: something goes out or is taken off a folder.
            self.leaves.push(journal::act(Act::Duplicate, self.time));
        }
        if self.leaves.is_empty() {
            return;
        }
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        self.state.newest_business_date = self.state.newest_business_date.max(self.date.value());
        self.state.last_run = Some(LastRun {
            business_date: self.date.value(),
            time: self.time.to_string(),
            files: number(assessed.sums.tallies.len()),
            applied: assessed
                .sums
                .records
                .applied
                .saturating_add(assessed.sums.records.applied_with_warning),
            warned: assessed.sums.records.applied_with_warning,
            rejected: assessed.sums.records.rejected,
            duplicate: assessed.sums.records.duplicate,
            files_rejected: number(
                assessed
                    .files
                    .iter()
                    .filter(|(_, f)| matches!(f, Fate::Rejected(..)))
                    .count(),
            ),
        });
    }

    fn finish_manifest(&self, mut manifest: Manifest) -> Result<Manifest, Fault> {
        manifest.exchange = self.state.clone();
        let bytes = manifest.bytes().map_err(trouble::bug)?;
        Manifest::parse(&bytes).map_err(trouble::bug)
    }
}

/// Data records of the answer to a file: one for each finding or record.
fn answer_records(assessed: &Assessed, index: usize) -> u64 {
    assessed.sums.tallies.get(&index).map_or(1, |tally| tally.lines)
}

/// The name of the generation that a manifest describes.
fn name_of(manifest: &Manifest) -> GenerationName {
    GenerationName {
        number: manifest.generation,
        current: manifest.roots.current.0,
        history: manifest.roots.history.0,
    }
}
