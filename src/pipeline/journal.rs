//! Ledger leaves from what happened: one leaf per act (docs/formats/ledger.md). Pure.

use crate::domain::code::Code;
use crate::domain::holding::FileOutcome;
use crate::domain::ids::PartyId;
use crate::domain::instant::Instant;
use crate::domain::outcome::{RecordSums, RunSums};
use crate::domain::party::FileKind;
use crate::format::leaf::{Act, FileFacts, FileHash, GenerationName, Label, Leaf, Outcome};

/// Name of the service that acts where no person does.
const RUNNER: &str = "sekisho";

/// What is known of an inbound file. `name` is the standard name, or a keyed digest where the sender chose another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// Standard name, or `other-` and the beginning of a keyed digest.
    pub name: String,
    /// Kind by the header.
    pub kind: Option<FileKind>,
    /// Sender by the header.
    pub sender: Option<PartyId>,
    /// Receiver by the header.
    pub receiver: Option<PartyId>,
    /// Serial by the header.
    pub serial: Option<u32>,
    /// Length of the plain bytes.
    pub size_bytes: u64,
    /// Keyed digest of their SHA-256.
    pub digest: [u8; 32],
    /// Their SHA-256; it goes to the private part.
    pub sha256: Option<[u8; 32]>,
}

impl Inbound {
    fn facts(&self, records: Option<u64>) -> Option<FileFacts> {
        let mut facts = FileFacts::named(Label::new(&self.name)?);
        facts.kind = self.kind;
        facts.sender = self.sender;
        facts.receiver = self.receiver;
        facts.serial = self.serial.map(u64::from);
        facts.size = Some(self.size_bytes);
        facts.records = records;
        facts.hash = Some(FileHash::Keyed(self.digest));
        Some(facts)
    }
}

/// A leaf of the service, without more than act and time.
pub fn act(act: Act, time: Instant) -> Leaf {
    let mut leaf = Leaf::new(act, time);
    leaf.actor = Label::new(RUNNER);
    leaf
}

/// A leaf of the service with the outcome of an act about one file.
fn about(act_of: Act, time: Instant, file: &Inbound, records: Option<u64>) -> Leaf {
    let mut leaf = act(act_of, time);
    leaf.file = file.facts(records);
    leaf.plain_sha256 = file.sha256;
    leaf
}

/// What became of an inbound file whose bytes were looked at: received and processed, refused, held, duplicate.
pub fn file(time: Instant, file: &Inbound, outcome: FileOutcome, sums: Option<&RecordSums>) -> Leaf {
    let (act_of, end) = match outcome {
        FileOutcome::Processed if sums.is_some_and(|sums| sums.rejected > 0) => (Act::Received, Outcome::Partly),
        FileOutcome::Processed => (Act::Received, Outcome::Permitted),
        FileOutcome::Rejected(_) => (Act::Refused, Outcome::Refused),
        FileOutcome::Held(_) => (Act::Held, Outcome::Held),
        FileOutcome::Duplicate => (Act::Duplicate, Outcome::Permitted),
    };
    let mut leaf = about(act_of, time, file, sums.map(RecordSums::total));
    leaf.outcome = Some(end);
    leaf.reason = outcome.code().and_then(|code| Label::new(code.as_str()));
    if let Some(sums) = sums {
        count_records(&mut leaf, sums);
    }
    leaf
}

/// A held file that a person released or dropped.
pub fn decided(time: Instant, file: &Inbound, code: Code, is_released: bool) -> Leaf {
    let act_of = if is_released { Act::Released } else { Act::Dropped };
    let mut leaf = about(act_of, time, file, None);
    leaf.outcome = Some(Outcome::Permitted);
    leaf.reason = Label::new(code.as_str());
    leaf
}

/// The national body acknowledged a notice file.
pub fn acknowledged(time: Instant, file: &Inbound, notice_serial: u32) -> Leaf {
    let mut leaf = about(Act::Acknowledged, time, file, None);
    leaf.outcome = Some(Outcome::Permitted);
    count(&mut leaf, "ntf_serial", u64::from(notice_serial));
    leaf
}

/// A run's notices became a generation.
pub fn applied(
    time: Instant,
    before: Option<GenerationName>,
    after: GenerationName,
    records: &RecordSums,
    run: &RunSums,
) -> Leaf {
    let mut leaf = act(Act::Applied, time);
    leaf.outcome = Some(if records.rejected > 0 {
        Outcome::Partly
    } else {
        Outcome::Permitted
    });
    leaf.generation_before = before;
    leaf.generation_after = Some(after);
    count_records(&mut leaf, records);
    for (name, number) in [
        ("residents_before", run.residents_before),
        ("entries", run.entries),
        ("removals", run.removals),
        ("residents_after", run.residents_after),
    ] {
        count(&mut leaf, name, number);
    }
    leaf
}

/// An outgoing package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package<'a> {
    /// Name of the file inside.
    pub name: &'a str,
    /// Its kind.
    pub kind: FileKind,
    /// Own id.
    pub sender: PartyId,
    /// The party that it is sealed for.
    pub receiver: PartyId,
    /// Its serial.
    pub serial: u32,
    /// Number of its data records.
    pub records: u64,
    /// SHA-256 of the plain file: stands in the private part, as everything but hash and size.
    pub plain_sha256: [u8; 32],
    /// Package hash.
    pub package_hash: [u8; 32],
    /// Length of the package in bytes.
    pub size_bytes: u64,
    /// Id of the key that it is sealed to.
    pub key_id: String,
    /// Generation that it tells of.
    pub generation: Option<GenerationName>,
}

/// The leaf of an outgoing package.
pub fn outgoing(time: Instant, package: &Package<'_>) -> Leaf {
    let mut leaf = act(Act::Outgoing, time);
    let mut facts = Label::new(package.name).map(FileFacts::named);
    if let Some(facts) = &mut facts {
        facts.kind = Some(package.kind);
        facts.sender = Some(package.sender);
        facts.receiver = Some(package.receiver);
        facts.serial = Some(u64::from(package.serial));
        facts.records = Some(package.records);
        facts.hash = Some(FileHash::Sealed(package.package_hash));
    }
    leaf.file = facts;
    leaf.outcome = Some(Outcome::Permitted);
    leaf.package = Some(package.package_hash);
    leaf.size = Some(package.size_bytes);
    leaf.plain_sha256 = Some(package.plain_sha256);
    leaf.key_id = Label::new(&package.key_id);
    leaf.generation_after = package.generation;
    leaf
}

/// A register has a new head.
pub fn register(time: Instant, name: &str, head: [u8; 32], lines: u64) -> Leaf {
    let mut leaf = act(Act::Register, time);
    leaf.outcome = Some(Outcome::Permitted);
    if let Some(name) = Label::new(name) {
        leaf.heads.insert(name, head);
    }
    count(&mut leaf, "lines", lines);
    leaf
}

/// The master was compacted.
pub fn compacted(time: Instant, generation: GenerationName, runs_before: u64, runs_after: u64) -> Leaf {
    let mut leaf = act(Act::Compacted, time);
    leaf.outcome = Some(Outcome::Permitted);
    leaf.generation_before = Some(generation);
    leaf.generation_after = Some(generation);
    count(&mut leaf, "runs_before", runs_before);
    count(&mut leaf, "runs_after", runs_after);
    leaf
}

fn count_records(leaf: &mut Leaf, sums: &RecordSums) {
    for (name, number) in [
        ("applied", sums.applied),
        ("applied_with_warning", sums.applied_with_warning),
        ("rejected", sums.rejected),
        ("duplicate", sums.duplicate),
    ] {
        count(leaf, name, number);
    }
}

fn count(leaf: &mut Leaf, name: &str, number: u64) {
    if let Some(name) = Label::new(name) {
        leaf.counts.insert(name, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_facts() -> Inbound {
        Inbound {
            name: "UPD-052019-050008-00000001.dat".to_owned(),
            kind: Some(FileKind::Upd),
            sender: PartyId::parse("052019"),
            receiver: PartyId::parse("050008"),
            serial: Some(1),
            size_bytes: 4200,
            digest: [7; 32],
            sha256: Some([9; 32]),
        }
    }

    #[test]
    fn every_outcome_of_a_file_has_its_act_and_reason() {
        let time = Instant::parse("20200914093000123").unwrap();
        let sums = RecordSums {
            applied: 1,
            rejected: 1,
            ..RecordSums::default()
        };
        for (outcome, act_of, end, reason) in [
            (FileOutcome::Processed, Act::Received, Outcome::Permitted, None),
            (
                FileOutcome::Rejected(Code::F002),
                Act::Refused,
                Outcome::Refused,
                Some("F002"),
            ),
            (FileOutcome::Held(Code::H07), Act::Held, Outcome::Held, Some("H07")),
            (FileOutcome::Duplicate, Act::Duplicate, Outcome::Permitted, None),
        ] {
            let leaf = file(time, &file_facts(), outcome, None);
            assert_eq!((leaf.act, leaf.outcome), (act_of, Some(end)));
            assert_eq!(leaf.reason.map(|r| r.as_str().to_owned()).as_deref(), reason);
        }
        let leaf = file(time, &file_facts(), FileOutcome::Processed, Some(&sums));
        assert_eq!(leaf.outcome, Some(Outcome::Partly));
        assert_eq!(leaf.file.unwrap().records, Some(2));
    }

    #[test]
    fn the_public_part_never_has_the_plain_hash() {
        let time = Instant::parse("20200914093000123").unwrap();
        let leaf = file(time, &file_facts(), FileOutcome::Processed, None);
        let bytes = leaf.encode(Some(&[1; 32])).unwrap();
        let public = String::from_utf8(bytes.public).unwrap();
        assert!(!public.contains(&"09".repeat(32)), "{public}");
        assert!(
            String::from_utf8(bytes.private.unwrap())
                .unwrap()
                .contains(&"09".repeat(32))
        );
    }

    #[test]
    fn an_outgoing_leaf_shows_hash_and_size_only() {
        let time = Instant::parse("20200914093000123").unwrap();
        let package = Package {
            name: "RES-050008-052019-00000001.dat",
            kind: FileKind::Res,
            sender: PartyId::parse("050008").unwrap(),
            receiver: PartyId::parse("052019").unwrap(),
            serial: 1,
            records: 2,
            plain_sha256: [9; 32],
            package_hash: [5; 32],
            size_bytes: 99,
            key_id: "00".repeat(8),
            generation: None,
        };
        let bytes = outgoing(time, &package).encode(Some(&[1; 32])).unwrap();
        let public = String::from_utf8(bytes.public).unwrap();
        assert!(public.contains(&"05".repeat(32)) && public.contains("99"));
        assert!(!public.contains("052019") && !public.contains("RES"), "{public}");
    }
}
