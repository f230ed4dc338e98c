//! The files of a run together: serials, gaps, conflicts, twins.

use std::collections::BTreeMap;

use sekisho::domain::party::FileKind;
use sekisho::pipeline::intake::{Admission, Candidate, InboundFile, Verdict, admit};

use super::hand::Hand;
use super::ladder::{Memory, Setting, id};

/// A sound UPD of `sender` with this serial; `mark` makes its bytes its own.
fn file(sender: &str, serial: u32, label: &str, mark: u8) -> InboundFile {
    let bytes = Hand::upd()
        .header(6, sender.as_bytes())
        .header(22, format!("{serial:08}").as_bytes())
        .header(1399, &[mark])
        .bytes();
    ready(&bytes, label)
}

fn ready(bytes: &[u8], label: &str) -> InboundFile {
    let setting = Setting {
        label: label.to_owned(),
        ..Setting::default()
    };
    match setting.judge(bytes).verdict {
        Verdict::Ready(file) => *file,
        other => panic!("{other:?}"),
    }
}

fn arriving(files: Vec<InboundFile>) -> Vec<Candidate> {
    let arrives = |file| Candidate {
        file,
        waiting_since: None,
    };
    files.into_iter().map(arrives).collect()
}

fn labels(files: &[InboundFile]) -> Vec<&str> {
    files.iter().map(InboundFile::label).collect()
}

fn held(admission: &Admission) -> Vec<(&str, &str)> {
    admission
        .held
        .iter()
        .map(|(file, cause)| (file.label(), cause.code().as_str()))
        .collect()
}

#[test]
fn all_that_are_next_in_serial_are_taken_in_order() {
    let files = vec![
        file("052027", 1, "d", 0),
        file("052019", 3, "a", 0),
        file("052019", 1, "c", 0),
        file("052019", 2, "b", 0),
    ];
    let admission = admit(arriving(files), &Memory::default());
    assert_eq!(labels(&admission.taken), ["c", "b", "a", "d"]);
    assert!(admission.held.is_empty() && admission.duplicates.is_empty());
    // Sealed in: the identity is that of the file.
    let header = admission.taken[0].header();
    assert_eq!(
        (header.sender, header.kind, header.serial),
        (id("052019"), FileKind::Upd, 1)
    );
}

#[test]
fn a_gap_holds_what_is_behind_it_until_it_is_filled() {
    let memory = Memory {
        next: BTreeMap::from([((id("052019"), FileKind::Upd), 5)]),
        ..Memory::default()
    };
    let first = admit(
        arriving(vec![
            file("052019", 5, "five", 0),
            file("052019", 7, "seven", 0),
            file("052019", 8, "eight", 0),
            file("052027", 1, "other party", 0),
        ]),
        &memory,
    );
    assert_eq!(labels(&first.taken), ["five", "other party"]);
    assert_eq!(held(&first), [("seven", "H07"), ("eight", "H07")]);
    // The next run: the missing one comes, and those that wait go with it.
    let memory = Memory {
        next: BTreeMap::from([((id("052019"), FileKind::Upd), 6)]),
        ..Memory::default()
    };
    let mut candidates: Vec<Candidate> = first
        .held
        .into_iter()
        .zip(0..)
        .map(|((file, _), order)| Candidate {
            file,
            waiting_since: Some(order),
        })
        .collect();
    candidates.extend(arriving(vec![file("052019", 6, "six", 0)]));
    let second = admit(candidates, &memory);
    assert_eq!(labels(&second.taken), ["six", "seven", "eight"]);
}

#[test]
fn a_consumed_serial_with_other_bytes_is_a_conflict_and_a_forgotten_one_older_still() {
    let memory = Memory {
        next: BTreeMap::from([((id("052019"), FileKind::Upd), 5)]),
        oldest: 3,
        ..Memory::default()
    };
    let admission = admit(
        arriving(vec![
            file("052019", 2, "forgotten", 0),
            file("052019", 3, "oldest known", 0),
            file("052019", 4, "consumed", 0),
            file("052019", 5, "next", 0),
        ]),
        &memory,
    );
    assert_eq!(
        held(&admission),
        [("forgotten", "H10"), ("oldest known", "H06"), ("consumed", "H06")]
    );
    assert_eq!(labels(&admission.taken), ["next"]);
}

#[test]
fn of_two_with_one_serial_in_one_run_the_first_by_name_is_taken() {
    let admission = admit(
        arriving(vec![
            file("052019", 1, "b", 1),
            file("052019", 1, "a", 2),
            file("052019", 1, "c", 2),
            file("052019", 2, "d", 1),
        ]),
        &Memory::default(),
    );
    assert_eq!(labels(&admission.taken), ["a", "d"]);
    assert_eq!(held(&admission), [("b", "H06")]);
    assert_eq!(labels(&admission.duplicates), ["c"]);
}

#[test]
fn behind_a_gap_twins_wait_and_the_one_that_came_first_stays_first() {
    let first = file("052019", 2, "z", 1);
    let waiting = |file: &InboundFile, since| Candidate {
        file: file.clone(),
        waiting_since: Some(since),
    };
    let again = file("052019", 2, "y", 1);
    let other = file("052019", 2, "a", 2);
    let mut files = arriving(vec![other.clone()]);
    files.extend([waiting(&again, 8), waiting(&first, 7)]);
    let admission = admit(files.clone(), &Memory::default());
    assert_eq!(held(&admission), [("z", "H07"), ("y", "H07"), ("a", "H07")]);
    files.extend(arriving(vec![file("052019", 1, "m", 1)]));
    let admission = admit(files, &Memory::default());
    assert_eq!(labels(&admission.taken), ["m", "z"]);
    assert_eq!(labels(&admission.duplicates), ["y"]);
    assert_eq!(held(&admission), [("a", "H06")]);
}

#[test]
fn each_kind_of_a_party_has_its_own_serials() {
    let files = vec![
        ready(&Hand::ext().header(22, b"00000002").bytes(), "ext"),
        file("052019", 1, "upd", 0),
    ];
    let admission = admit(arriving(files), &Memory::default());
    assert_eq!(labels(&admission.taken), ["upd"]);
    assert_eq!(held(&admission), [("ext", "H07")]);
}
