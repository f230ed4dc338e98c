//! Looks at files before they are sent: the file checks as far as one file tells, then every record against the F and C
//! rules. With a site also its register of parties and its serials. Nothing is written, no key is opened.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::public::PublicSite;
use super::{gaiji, layouts, trouble};
use crate::domain::code::Code;
use crate::domain::fault::Fault;
use crate::domain::finding::{Finding, Place};
use crate::domain::ids::{MunicipalityCode, PartyId};
use crate::domain::instant::BusinessDate;
use crate::domain::item::Item;
use crate::domain::municipality::{Offices, Prefecture};
use crate::domain::party::{Encoding, FileKind, Party, PartyKind};
use crate::format::exchange::{
    Envelope, FileScan, HashRule, ParsedFile, RecordChunk, RecordChunks, Scan, trailer_has_hash,
};
use crate::format::layout::{Layout, Layouts, RecordType};
use crate::format::state::ExchangeState;
use crate::pipeline::check::{FileFacts, RecordKind, Registers, findings};
use crate::pipeline::decode::{DecodedRecord, Decoder, decode_named};
use crate::pipeline::intake::{
    Arrival, Candidate, Cause, Content, ExchangeFacts, FileIdentity, InboundFile, Parties, Site, Verdict, admit, judge,
};
use crate::ports::{Disk, ReadAt};
use crate::store::pieces::{InOrder, pieces_of};
use crate::store::registers;
use crate::text::gaiji::GaijiTable;

/// Largest file that is looked at: twice what the intake takes.
const FILE_MAX_BYTES: u64 = 4 << 30;
/// Bytes of a file that lie in memory.
const CHUNK_BYTES: usize = 256 << 10;
/// Bytes at both ends of a file that are looked at first: more than three records.
const ENDS_BYTES: usize = 64 << 10;
/// Kinds that a party may send to a site.
const SENT: [FileKind; 5] = [
    FileKind::Upd,
    FileKind::Ext,
    FileKind::Inq,
    FileKind::Res,
    FileKind::Nrs,
];

/// How the files are to be looked at.
#[derive(Debug, Clone)]
pub struct Wish<'w> {
    /// Business date of the run that would take them.
    pub business_date: BusinessDate,
    /// The site whose register and serials are used, if any.
    pub site: Option<&'w Path>,
    /// Without a site: the id that the files must name as receiver, a prefecture.
    pub own: PartyId,
    /// Without a site: codes of municipalities that merged into the sender.
    pub predecessors: Vec<MunicipalityCode>,
    /// Without a site: the sender's gaiji table.
    pub gaiji: Option<&'w Path>,
    /// Without a site: the trailer's hash may be blank.
    pub hash_optional: bool,
    /// Most findings that are kept of each file; all are counted.
    pub limit: usize,
}

/// One finding on one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Number of the record, from 1.
    pub record_no: u32,
    /// Code, item, place in the file.
    pub finding: Finding,
    /// Name of the field in the layout.
    pub field: String,
}

/// The one finding on a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFinding {
    /// Its code.
    pub code: Code,
    /// The header or trailer field at fault, where there is one.
    pub field: Option<&'static str>,
    /// Where it lies, in bytes from the start of the file.
    pub byte_offset: Option<u64>,
    /// What was expected, in numbers.
    pub expected: Option<u64>,
}

/// What was found in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// The header as far as it could be read.
    pub envelope: Option<Envelope>,
    /// Number of data records; `None` where they could not be found.
    pub records: Option<u64>,
    /// The finding on the whole file.
    pub file: Option<FileFinding>,
    /// Records with a finding: they would be rejected.
    pub refused_records: u64,
    /// Findings on records by code.
    pub counts: BTreeMap<Code, u64>,
    /// The first findings on records, in the order of the file.
    pub findings: Vec<Found>,
}

/// What was found in all files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// One for each file, in the order given.
    pub files: Vec<FileReport>,
    /// True where register and serials of a site were used.
    pub with_site: bool,
}

/// Looks at files.
///
/// # Errors
/// `FileUnreadable`, `GaijiWrong`, `LayoutWrong`, those of [`PublicSite`]; what is wrong with a file is no error but a
/// finding.
pub fn check_files(disk: &dyn Disk, files: &[PathBuf], wish: &Wish<'_>) -> Result<Report, Fault> {
    let site = wish.site.map(|root| PublicSite::open(disk, root)).transpose()?;
    let own = site.as_ref().map_or(wish.own, |site| site.config.id);
    let prefecture = MunicipalityCode::parse(own.as_str())
        .ok()
        .and_then(Prefecture::built_in)
        .ok_or_else(|| trouble::bug("no such prefecture is built in"))?;
    let checker = Checker {
        disk,
        wish,
        own,
        prefecture,
        layouts: layouts::load(disk, site.as_ref().map(|site| site.folders.layouts()).as_deref())?,
        site: site.as_ref(),
        compares_files: site.is_some() && files.len() > 1,
    };
    let mut report = Report {
        files: Vec::with_capacity(files.len()),
        with_site: site.is_some(),
    };
    let mut sound = Vec::new();
    for (index, path) in files.iter().enumerate() {
        let (file, ready) = checker.file(path)?;
        report.files.push(file);
        sound.extend(ready.map(|ready| (index, ready)));
    }
    if let Some(site) = &site {
        serials(&mut report, sound, &site.exchange);
    }
    Ok(report)
}

/// H06, H07 and H10: all files of this call as if they came in one run.
fn serials(report: &mut Report, sound: Vec<(usize, InboundFile)>, state: &ExchangeState) {
    let indices: BTreeMap<FileIdentity, usize> = sound.iter().map(|(index, file)| (file.identity(), *index)).collect();
    let candidates = sound
        .into_iter()
        .map(|(_, file)| Candidate {
            file,
            waiting_since: None,
        })
        .collect();
    for (file, cause) in admit(candidates, &Serials(state)).held {
        let held = indices
            .get(&file.identity())
            .and_then(|index| report.files.get_mut(*index));
        if let Some(held) = held {
            held.file = Some(file_finding(cause, None));
        }
    }
}

struct Serials<'s>(&'s ExchangeState);

impl ExchangeFacts for Serials<'_> {
    /// The index of identities cannot be read without the keys: a file that was sent before shows as its used serial.
    fn is_answered(&self, _identity: &FileIdentity) -> bool {
        false
    }

    fn next_serial(&self, sender: PartyId, kind: FileKind) -> u32 {
        self.0.next_inbound(sender, kind)
    }

    fn oldest_kept(&self, _sender: PartyId, _kind: FileKind) -> u32 {
        1
    }
}

/// The register of a site, or the one party that a header names.
enum Known<'k> {
    Register(&'k registers::Parties),
    One(Box<Party>),
}

impl Parties for Known<'_> {
    fn party(&self, id: PartyId) -> Option<&Party> {
        match self {
            Known::Register(register) => register.get(id),
            Known::One(party) => (party.id == id).then_some(party),
        }
    }
}

struct Checker<'c> {
    disk: &'c dyn Disk,
    wish: &'c Wish<'c>,
    own: PartyId,
    prefecture: Prefecture,
    layouts: Layouts,
    site: Option<&'c PublicSite>,
    /// Several files are put in order as one run would: two of one serial differ by their hash.
    compares_files: bool,
}

impl Checker<'_> {
    fn file(&self, path: &Path) -> Result<(FileReport, Option<InboundFile>), Fault> {
        let file = self.disk.open(path).map_err(trouble::unreadable(path))?;
        let scan = self.scan(&*file).map_err(trouble::unreadable(path))?;
        let envelope = scan.envelope().ok();
        let known = self.known(envelope.as_ref());
        let site = Site {
            own: self.own,
            environment: match (self.site, &envelope) {
                (Some(site), _) => u8::try_from(site.config.environment.letter()).map_err(trouble::bug)?,
                (None, Some(envelope)) if b"PT".contains(&envelope.environment) => envelope.environment,
                (None, _) => b'P',
            },
            business_date: self.wish.business_date,
            layouts: &self.layouts,
            serves: &SENT,
            // Whether there was a generation then is a matter of the master.
            first_generation: BusinessDate::from_value(18_680_125),
        };
        let arrival = Arrival {
            label: path.file_name().and_then(|name| name.to_str()).unwrap_or_default(),
            content: Content::Scan(&scan),
            shell: None,
            is_growing: false,
            is_new: true,
        };
        let judged = judge(&arrival, &site, &known, &Serials(&ExchangeState::default()));
        let layout = envelope.map(|envelope| self.layouts.get(envelope.kind));
        let (cause, ready) = match judged.verdict {
            Verdict::Ready(file) => (None, Some(*file)),
            Verdict::Held(cause) | Verdict::Rejected { cause, .. } => (Some(cause), None),
            Verdict::Duplicate(_) => (None, None),
        };
        let mut report = FileReport {
            path: path.to_owned(),
            envelope,
            records: None,
            file: cause.map(|cause| file_finding(cause, layout)),
            refused_records: 0,
            counts: BTreeMap::new(),
            findings: Vec::new(),
        };
        // A file that would be held for its sender or its name has records all the same.
        if let Ok(parsed) = scan.parse(&self.layouts, HashRule::Optional) {
            let raw = InOrder::new(&*file).map_err(trouble::unreadable(path))?;
            let chunks = RecordChunks::new(raw, parsed.frame, CHUNK_BYTES);
            self.records(chunks, path, &parsed, &known, &mut report)?;
        }
        Ok((report, ready))
    }

    /// Reads a file once: header, frame, sums, and hashes where something depends on them.
    fn scan(&self, file: &dyn ReadAt) -> io::Result<Scan> {
        let len_bytes = file.facts()?.len_bytes;
        if len_bytes > FILE_MAX_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "file is over its size limit",
            ));
        }
        let ends = |offset: u64, most: usize| {
            let left = usize::try_from(len_bytes.saturating_sub(offset)).map_or(most, |left| left.min(most));
            let mut bytes = vec![0; left];
            file.read_exact_at(&mut bytes, offset).map(|()| bytes)
        };
        let first = ends(0, ENDS_BYTES)?;
        let last = ends(len_bytes.saturating_sub(ENDS_BYTES as u64), ENDS_BYTES)?;
        if !trailer_has_hash(&first, &last, &self.layouts) {
            let scan = Self::scan_all(file, self.new_scan().without_data_sha256())?;
            if !scan.needs_data_sha256(&self.layouts) {
                return Ok(scan);
            }
        }
        Self::scan_all(file, self.new_scan())
    }

    fn new_scan(&self) -> FileScan<'_> {
        if self.compares_files {
            FileScan::new(&self.layouts)
        } else {
            FileScan::without_sha256(&self.layouts)
        }
    }

    fn scan_all(file: &dyn ReadAt, scan: FileScan<'_>) -> io::Result<Scan> {
        let mut scan = scan;
        pieces_of(file, 0, CHUNK_BYTES, &mut |piece| {
            scan.update(piece);
            Ok(())
        })?;
        Ok(scan.finish())
    }

    fn known(&self, envelope: Option<&Envelope>) -> Known<'_> {
        if let Some(site) = self.site {
            return Known::Register(&site.parties);
        }
        let sender = envelope.and_then(|envelope| envelope.sender).unwrap_or(self.own);
        let is_municipality = MunicipalityCode::parse(sender.as_str()).is_ok();
        Known::One(Box::new(Party {
            id: sender,
            kind: if is_municipality {
                PartyKind::Municipality
            } else {
                PartyKind::Body
            },
            name: String::new(),
            sends: SENT.to_vec(),
            encoding: Encoding::Cp932,
            active_from: self.wish.business_date,
            active_to: self.wish.business_date,
            hash_optional: self.wish.hash_optional,
            plain_allowed: true,
            arrival: crate::domain::arrival::ArrivalRule::default(),
            predecessors: self.wish.predecessors.clone(),
            gaiji_table: None,
            signing_key: None,
            sealing_key: None,
        }))
    }

    fn records(
        &self,
        mut chunks: RecordChunks<InOrder<'_>>,
        path: &Path,
        parsed: &ParsedFile,
        known: &Known<'_>,
        report: &mut FileReport,
    ) -> Result<(), Fault> {
        report.records = Some(u64::from(parsed.frame.data_count()));
        let header = &parsed.header;
        let layout = self.layouts.get(header.kind);
        let gaiji = self.gaiji(known, header.sender)?;
        let offices = match known {
            Known::Register(register) => Offices::of(&register.all().cloned().collect::<Vec<_>>()),
            Known::One(party) => Offices::of(std::slice::from_ref(&**party)),
        };
        let registers = Registers {
            prefecture: &self.prefecture,
            offices: &offices,
        };
        let kind = match header.kind {
            FileKind::Upd => RecordKind::Notice,
            FileKind::Ext => RecordKind::Extract,
            FileKind::Res
            | FileKind::Ntf
            | FileKind::Rcr
            | FileKind::Inq
            | FileKind::Prv
            | FileKind::Nrq
            | FileKind::Nrs => {
                let mut chunk = RecordChunk::default();
                while let Some(next) = chunks.next(chunk).map_err(trouble::unreadable(path))? {
                    for (record_no, offset, record) in next.records() {
                        let found = field_faults(layout, record, offset, header.encoding, &gaiji);
                        self.note(report, layout, record_no, offset, &found);
                    }
                    chunk = next;
                }
                return Ok(());
            }
        };
        let facts = FileFacts {
            kind,
            sender: header.sender,
            serial: header.serial,
            created_at: header.created_at,
            business_date: self.wish.business_date,
        };
        let mut decoder = Decoder::new(layout, header.encoding, &gaiji, header.sender);
        let mut decoded = DecodedRecord::blank(header.sender);
        let mut chunk = RecordChunk::default();
        while let Some(next) = chunks.next(chunk).map_err(trouble::unreadable(path))? {
            for (record_no, offset, record) in next.records() {
                decoder.decode_into(record, record_no, offset, &mut decoded);
                let found = findings(&decoded, decoder.places(), &facts, registers);
                self.note(report, layout, record_no, offset, &found);
            }
            chunk = next;
        }
        Ok(())
    }

    fn gaiji(&self, known: &Known<'_>, sender: PartyId) -> Result<GaijiTable, Fault> {
        match (self.site, self.wish.gaiji) {
            (Some(site), _) => known.party(sender).map_or_else(
                || Ok(GaijiTable::none()),
                |party| gaiji::of_party(self.disk, &site.folders, party),
            ),
            (None, Some(path)) => gaiji::read(self.disk, path),
            (None, None) => Ok(GaijiTable::none()),
        }
    }

    fn note(&self, report: &mut FileReport, layout: &Layout, record_no: u32, offset: u64, found: &[Finding]) {
        if !found.is_empty() {
            report.refused_records = report.refused_records.saturating_add(1);
        }
        for finding in found {
            let count = report.counts.entry(finding.code).or_default();
            *count = count.saturating_add(1);
            if report.findings.len() < self.wish.limit {
                report.findings.push(Found {
                    record_no,
                    finding: *finding,
                    field: field_name(layout, finding, offset),
                });
            }
        }
    }
}

/// F003, F004 and F006 in the fields of a kind whose records have no rules of their own here.
fn field_faults(layout: &Layout, record: &[u8], offset: u64, encoding: Encoding, gaiji: &GaijiTable) -> Vec<Finding> {
    let mut found = Vec::new();
    for named in decode_named(layout, RecordType::Data, record, encoding, gaiji) {
        let Err(fault) = named.text else { continue };
        let field = layout.field(RecordType::Data, named.name);
        found.push(Finding {
            code: fault.code(),
            item: field.and_then(|field| field.item).map(Item::number),
            place: field.map(|field| Place {
                byte_offset: offset.saturating_add(u64::from(field.slot.offset)),
                byte_length: field.slot.length,
            }),
        });
    }
    found.sort_unstable();
    found
}

fn field_name(layout: &Layout, finding: &Finding, record_offset: u64) -> String {
    let at = finding
        .place
        .and_then(|place| place.byte_offset.checked_sub(record_offset));
    layout
        .fields(RecordType::Data)
        .iter()
        .find(|field| Some(u64::from(field.slot.offset)) == at)
        .map(|field| field.name.clone())
        .unwrap_or_default()
}

fn file_finding(cause: Cause, layout: Option<&Layout>) -> FileFinding {
    use crate::format::exchange::FileFault;
    FileFinding {
        code: cause.code(),
        field: cause.field(),
        byte_offset: cause.byte_offset(layout),
        expected: match cause {
            Cause::Gap { next } => Some(u64::from(next)),
            Cause::Forgotten { oldest } => Some(u64::from(oldest)),
            Cause::File(FileFault::RecordCount { counted, .. }) => Some(u64::from(counted)),
            Cause::NotPlain
            | Cause::NotAuthentic
            | Cause::File(_)
            | Cause::SenderUnknown
            | Cause::KindNotRegistered
            | Cause::NotActive
            | Cause::Environment
            | Cause::Growing
            | Cause::Name { .. }
            | Cause::Conflict
            | Cause::BaseAfterCreation
            | Cause::BaseBeforeFirst
            | Cause::Scope => None,
        },
    }
}
