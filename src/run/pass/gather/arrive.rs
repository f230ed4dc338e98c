//! One thing of an inbound folder: is it to be read, and is what was read to be judged? What is decided from facts is in
//! `store::inbox` and `pipeline::intake::still`; here it is looked at in the right order.

use std::io::{self, Read};

use super::{Gatherer, Taken, Why, short};
use crate::domain::arrival::ArrivalRule;
use crate::domain::code::Code;
use crate::domain::fault::Fault;
use crate::domain::ids::PartyId;
use crate::domain::party::FileKind;
use crate::format::exchange::{Envelope, FileFault};
use crate::pipeline::intake::still::{self, Seen, Times, Unfinished};
use crate::pipeline::intake::{Cause, Verdict};
use crate::run::pass::spool::{Looked, look};
use crate::run::site::Site;
use crate::run::turns::at_once;
use crate::seal::digest;
use crate::seal::package;
use crate::store::inbox::{self, Ahead, AheadReader, Beside, CopyFault, Found, InboxFile, Refusal};
use crate::store::staging::Retired;

/// What a file's kind and the lengths of its records are known by.
const HEAD_BYTES: u64 = 64 << 10;
/// A hash with the longest name behind it, several times over.
const DONE_MAX_BYTES: u64 = 4096;
/// A file can change without a trace while the clock of its file system stands still; this is more than any such tick.
const TICK_MS: i64 = 2000;
/// Files up to this length are read again before they are removed; that costs less than an argument about facts.
const WITNESS_BYTES: u64 = 16 << 20;
/// Files up to this length are in memory as a whole while they are looked at and copied: those of a usual night.
const KEPT_BYTES: u64 = 4 << 20;
/// Files that are looked at together, and their bytes.
const GROUP_FILES: usize = 16;
const GROUP_BYTES: u64 = 4 * KEPT_BYTES;
/// Passes that a thing without a rule about them is remembered for.
const SEEN_AGAIN: u32 = 2;

/// How a file came.
pub(super) struct Came {
    /// The file.
    pub(super) file: InboxFile,
    /// Its bytes, for the copy.
    pub(super) raw: Raw,
    /// What is to be removed once the file is used up.
    pub(super) originals: Vec<Retired>,
}

/// The bytes of a file that was looked at.
pub(super) enum Raw {
    /// A file that is not long: what is copied is what was looked at, whatever becomes of the file.
    Kept(Vec<u8>),
    /// They are read again, and proved to be the same.
    Again(Ahead),
}

impl Raw {
    pub(super) fn reader(&self) -> Box<dyn Read + '_> {
        match self {
            Self::Kept(bytes) => Box::new(bytes.as_slice()),
            Self::Again(ahead) => Box::new(AheadReader::new(ahead)),
        }
    }
}

/// A file that may be read, with its done file and the hash that this names.
struct Begun {
    file: InboxFile,
    done: Option<InboxFile>,
    hash: Option<[u8; 32]>,
    ahead: Ahead,
}

/// Files that are looked at side by side.
#[derive(Default)]
pub(super) struct Group {
    files: Vec<(InboxFile, Result<Begun, Stays>)>,
    /// Bytes of those that are looked at in memory.
    kept_bytes: u64,
}

/// A file that was read to its end, with its done file.
struct Arrived {
    file: InboxFile,
    done: Option<InboxFile>,
    raw: Raw,
    looked: Looked,
}

/// Why a file was not read.
enum Stays {
    /// With a finding.
    Held(Why),
    /// The sender took it away.
    Gone,
}

impl From<Unfinished> for Stays {
    fn from(why: Unfinished) -> Self {
        Self::Held(Why::new(Code::H01, &why))
    }
}

impl From<CopyFault> for Stays {
    fn from(why: CopyFault) -> Self {
        match why {
            CopyFault::Changed => Unfinished::Growing.into(),
            // Perhaps to give it its final name.
            CopyFault::Io(why) if why.kind() == io::ErrorKind::NotFound => Self::Gone,
            CopyFault::Io(why) => Self::Held(Why::unreadable(&why)),
        }
    }
}

impl Begun {
    /// Reads the file to its end.
    fn look(self, site: &Site<'_>) -> Result<Arrived, Stays> {
        let Self {
            file,
            done,
            hash,
            ahead,
        } = self;
        let len_bytes = ahead.len_bytes();
        let (raw, looked) = if len_bytes <= KEPT_BYTES {
            let bytes = ahead.read()?;
            let looked = look(site, &file.name, &mut bytes.as_slice(), len_bytes);
            (Raw::Kept(bytes), looked)
        } else {
            let looked = look(site, &file.name, &mut AheadReader::new(&ahead), len_bytes);
            (Raw::Again(ahead), looked)
        };
        let looked = looked.map_err(CopyFault::of)?;
        if hash.is_some_and(|hash| looked.raw_sha256 != hash) {
            return Err(Unfinished::DoneHash.into());
        }
        Ok(Arrived {
            file,
            done,
            raw,
            looked,
        })
    }
}

impl Gatherer<'_, '_> {
    /// Deals with one thing of an inbound folder; files wait until there are some to be looked at together.
    pub(super) fn found(&mut self, found: Found) -> Result<(), Fault> {
        if !matches!(found, Found::Plain { .. }) {
            self.look_at_group()?;
        }
        match found {
            Found::Unreadable { folder, why } => {
                self.leave_folder(&folder, format!("folder cannot be read: {why}"), true);
            }
            Found::Rest { folder, count } => {
                self.leave_folder(&folder, format!("{count} more things that cannot be taken"), false);
            }
            Found::Refused(file, why) => {
                let is_text = why != Refusal::NotText;
                self.leave(&file, is_text, Why::new(Code::H08, &why));
            }
            Found::Writing(file) => {
                let is_forgotten = self.is_forgotten(&file);
                if is_forgotten {
                    let words = "its name says that it is being written, but nobody has for hours";
                    self.leave(&file, true, Why::new(Code::H01, &words));
                } else {
                    self.wait(file, None, "being written");
                }
            }
            Found::Orphan(file) => {
                let seen = self.seen(&file, SEEN_AGAIN);
                if seen.passes >= SEEN_AGAIN || self.is_forgotten(&file) {
                    let words = "a done file without its file";
                    self.leave(&file, true, Why::new(Code::H01, &words));
                } else {
                    self.wait(file, None, "a done file whose file is not there yet");
                }
            }
            Found::Plain { file, beside } => {
                let len_bytes = file.facts.len_bytes;
                let begun = self.begin(file.clone(), beside);
                self.group.files.push((file, begun));
                if len_bytes <= KEPT_BYTES {
                    self.group.kept_bytes += len_bytes;
                }
                if self.group.files.len() >= GROUP_FILES || self.group.kept_bytes >= GROUP_BYTES {
                    self.look_at_group()?;
                }
            }
        }
        Ok(())
    }

    /// Looks at the files that wait, judges them one after the other, and copies those that are to be kept.
    pub(super) fn look_at_group(&mut self) -> Result<(), Fault> {
        let site = self.site;
        let Group { files, .. } = std::mem::take(&mut self.group);
        let read = at_once(self.threads, files, |(file, begun)| {
            (file, begun.and_then(|begun| begun.look(site)))
        })?;
        let mut taken = Vec::new();
        for (file, arrived) in read {
            match arrived {
                Ok(arrived) => taken.extend(self.arrived(arrived).map(|taken| (file, taken))),
                Err(Stays::Held(why)) => self.leave(&file, true, why),
                Err(Stays::Gone) => {}
            }
        }
        let copied = at_once(self.threads, taken, |(file, taken)| {
            let copy = taken.copy(site);
            (file, taken, copy)
        })?;
        for (file, taken, copy) in copied {
            match copy? {
                Ok(copy) => self.keep(taken, copy)?,
                Err(why) => match Stays::from(why) {
                    Stays::Held(why) => self.leave(&file, true, why),
                    Stays::Gone => {}
                },
            }
        }
        Ok(())
    }

    fn rule(&self, folder: &str) -> ArrivalRule {
        let party = self.party(PartyId::parse(folder));
        party.map_or_else(ArrivalRule::default, |party| party.arrival.clone())
    }

    fn times(&self, file: &InboxFile) -> Times {
        Times {
            now_ms: self.now_ms,
            modified_ms: i64::try_from(file.facts.modified_ns / 1_000_000).unwrap_or(i64::MAX),
        }
    }

    /// What the passes know of a thing, this one included.
    fn seen(&mut self, file: &InboxFile, most: u32) -> Seen {
        let id = self.id_of(&file.folder, &file.name);
        let now_ms = self.now_ms;
        let look = self
            .memory
            .as_mut()
            .map(|memory| memory.look(&id, &file.facts, now_ms, most));
        Seen {
            since_ms: look.map_or(now_ms, |look| look.since_ms),
            passes: look.map_or(1, |look| look.passes),
        }
    }

    fn is_forgotten(&mut self, file: &InboxFile) -> bool {
        let seen = self.seen(file, SEEN_AGAIN);
        still::is_forgotten(self.times(file), seen, self.site.config.intake.forgotten_hours)
    }

    /// Begins with a file, if the folder's rule lets it.
    fn begin(&mut self, file: InboxFile, beside: Beside) -> Result<Begun, Stays> {
        let rule = self.rule(&file.folder);
        let seen = match rule.polls {
            Some(polls) => self.seen(&file, polls),
            None => Seen {
                since_ms: self.now_ms,
                passes: 1,
            },
        };
        still::rests(&rule, self.site.config.intake.quiet_seconds, self.times(&file), seen)?;
        let disk = self.site.tools.disk;
        let (done, hash) = match beside {
            Beside::NotAsked => (None, None),
            Beside::Missing => return Err(Unfinished::DoneMissing.into()),
            Beside::NotPlain => return Err(Unfinished::DoneNotPlain.into()),
            Beside::There(done) => {
                let content = match inbox::read_small(disk, &done, DONE_MAX_BYTES) {
                    Ok(content) => content.ok_or(Unfinished::DoneContent)?,
                    Err(CopyFault::Io(why)) if why.kind() == io::ErrorKind::NotFound => {
                        return Err(Unfinished::DoneMissing.into());
                    }
                    Err(why) => return Err(why.into()),
                };
                let hash = still::hash_in_done(&content, &file.name)?;
                (Some(done), hash)
            }
        };
        let inbox::Peeked { ahead, head } = inbox::peek(disk, &file, HEAD_BYTES)?;
        if package::peek(&head).is_err() {
            self.test_count(&head, file.facts.len_bytes)?;
        }
        Ok(Begun {
            file,
            done,
            hash,
            ahead,
        })
    }

    /// The number of records follows from kind and length, before the body is read.
    fn test_count(&self, head: &[u8], len_bytes: u64) -> Result<(), Stays> {
        match Envelope::read(head, &self.site.layouts) {
            Ok((envelope, _)) => self.test_records(&envelope, len_bytes),
            Err(_) => Ok(()),
        }
    }

    fn test_records(&self, envelope: &Envelope, len_bytes: u64) -> Result<(), Stays> {
        let layout = self.site.layouts.get(envelope.kind);
        let records = len_bytes / u64::from(layout.record_bytes()).max(1);
        if records > self.site.config.intake.max_records {
            return Err(Stays::Held(Why::new(Code::H08, &Refusal::TooManyRecords)));
        }
        Ok(())
    }

    /// Judges a file that was read; gives it back if it is taken.
    fn arrived(&mut self, arrived: Arrived) -> Option<Taken> {
        let Arrived {
            file,
            done,
            raw,
            looked,
        } = arrived;
        let originals = std::iter::once((&file, self.witness(&file, &looked)))
            .chain(done.iter().map(|done| (done, String::new())))
            .map(|(file, sha256)| Retired {
                path: format!("in/{}/{}", file.folder, file.name),
                inode: file.facts.inode,
                len_bytes: file.facts.len_bytes,
                modified_ns: file.facts.modified_ns,
                sha256,
            })
            .collect();
        let looked = self.known_sender(&file.folder, looked);
        if looked.is_short {
            // It may grow yet: it is not taken away from its sender.
            self.leave(&file, true, Why::new(Code::H05, &looked.why));
            return None;
        }
        if looked.sealed
            && let Ok(envelope) = looked.scan.envelope()
            && let Err(Stays::Held(why)) = self.test_records(&envelope, looked.scan.len_bytes())
        {
            self.leave(&file, true, why);
            return None;
        }
        if let Ok(envelope) = looked.scan.envelope()
            && matches!(envelope.kind, FileKind::Ext | FileKind::Inq | FileKind::Nrs)
            && looked.shell.is_none()
        {
            let words = "this kind of file is not processed by this version; it stays where it is";
            self.wait(file, Some(envelope), words);
            return None;
        }
        let judged = self.judge(&looked, &looked.label, true);
        if let Verdict::Held(cause) = &judged.verdict
            && is_part(*cause, looked.sealed)
        {
            let why = Why::new(cause.code(), &cause).with(judged.envelope);
            self.leave(&file, true, why);
            return None;
        }
        let arrival = self.key.of_arrival(&file.folder, &file.name, &looked.content().0);
        let (folder, name) = (file.folder.clone(), file.name.clone());
        let came = Came {
            file: file.clone(),
            raw,
            originals,
        };
        Some(self.taken(short(&arrival), &folder, name, looked, judged, Some(came), None))
    }

    /// The hash of what was read, for a file that is not long, and where facts alone could not tell that it changed later.
    fn witness(&self, file: &InboxFile, looked: &Looked) -> String {
        let Times { now_ms, modified_ms } = self.times(file);
        if looked.raw_bytes <= WITNESS_BYTES || modified_ms.saturating_add(TICK_MS) > now_ms {
            digest::to_hex(&looked.raw_sha256)
        } else {
            String::new()
        }
    }
}

/// True where the rest of a file may come yet: it stays in the folder, where its sender can write on.
fn is_part(cause: Cause, sealed: bool) -> bool {
    let too_short = matches!(cause, Cause::File(FileFault::TooShort { .. }));
    cause.code() == Code::H01 || (too_short && !sealed)
}
