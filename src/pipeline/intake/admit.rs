//! Which of the sound files of a run are taken: by serial, per sender and kind (H10, H06, H07).

use super::{Cause, ExchangeFacts, InboundFile};

/// A sound file with the run in which it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The file.
    pub file: InboundFile,
    /// For a file that waits from before (held as H07): the order in which the waiting ones came. `None`: arrives now.
    pub waiting_since: Option<u64>,
}

/// What becomes of the sound files of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admission {
    /// Taken, in the order sender, kind, serial.
    pub taken: Vec<InboundFile>,
    /// Held, with H10, H06 or H07.
    pub held: Vec<(InboundFile, Cause)>,
    /// The same bytes as a file taken in this run: its answer is theirs.
    pub duplicates: Vec<InboundFile>,
}

/// Takes, for each sender and kind, every file that is next in serial, waiting ones included.
///
/// Of two files with one serial the one that came first is taken, of one run the first by name; the other is a
/// duplicate where it has the same bytes, else a conflict. Behind a gap both wait.
pub fn admit(mut files: Vec<Candidate>, facts: &impl ExchangeFacts) -> Admission {
    files.sort_by(|a, b| order(a).cmp(&order(b)));
    let mut admission = Admission::default();
    let mut series = None;
    let mut next = 0;
    for Candidate { file, .. } in files {
        let (sender, kind, serial) = (file.header.sender, file.header.kind, file.header.serial);
        if series != Some((sender, kind)) {
            series = Some((sender, kind));
            next = facts.next_serial(sender, kind);
        }
        let oldest = facts.oldest_kept(sender, kind);
        if serial < oldest {
            admission.held.push((file, Cause::Forgotten { oldest }));
        } else if serial > next {
            admission.held.push((file, Cause::Gap { next }));
        } else if serial == next {
            next = next.saturating_add(1);
            admission.taken.push(file);
        } else if admission
            .taken
            .last()
            .is_some_and(|taken| taken.identity() == file.identity())
        {
            admission.duplicates.push(file);
        } else {
            admission.held.push((file, Cause::Conflict));
        }
    }
    admission
}

/// Sender, kind, serial, then who came first.
fn order(candidate: &Candidate) -> impl Ord + '_ {
    let header = &candidate.file.header;
    (
        header.sender,
        header.kind,
        header.serial,
        candidate.waiting_since.unwrap_or(u64::MAX),
        candidate.file.label.as_str(),
    )
}
