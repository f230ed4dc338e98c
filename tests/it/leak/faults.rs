//! A disk that fails at every single operation, and every finding that the rules know: canaries in all records, and nothing of
//! them in faults, results, or on the disk beside the inbound folders.

use std::collections::BTreeSet;
use std::path::Path;

use sekisho::cli::passes;
use sekisho::domain::code::Code;
use sekisho::domain::fault::{Fault, Lang};
use sekisho::domain::instant::Instant;
use sekisho::domain::party::FileKind;
use sekisho::format::exchange::{FileHead, NoticeWriter, OldNumbers};
use sekisho::format::layout::Layouts;
use sekisho::ports::Disk as _;
use sekisho::ports::simulated::{self, Errno, SimDisk, Trouble};

use super::canary::Canaries;
use super::place::{FILE_NAME, canaries, canary};
use crate::desk::files::{AKITA, NATIONAL, NOSHIRO, changed, head, name, res, upd_of};
use crate::desk::memory::{ROOT, Small, look, pass_on};
use crate::rules::findings;
use crate::rules::town::Draft;

/// Everything that is printed of a fault, and what a developer would print.
fn words_of(fault: &Fault) -> String {
    let (ja, en) = (Lang::Ja, Lang::En);
    format!(
        "{fault} {fault:?} {} {} {} {} {:?}",
        fault.what(ja),
        fault.what(en),
        fault.todo(ja),
        fault.todo(en),
        fault.args()
    )
}

/// The canaries, with the secrets of the site.
fn all(small: &Small) -> Canaries {
    let mut known = canaries();
    for secrets in small.parties.values() {
        known = known.party(secrets);
    }
    look(&small.disk, |site| known.site(&site.secrets))
}

/// Nothing is on the disk, in any file or name, but where senders put it.
fn nothing_on(disk: &SimDisk, canaries: &Canaries, what: &str) {
    let inbound = Path::new(ROOT).join("in");
    for path in disk.files() {
        if path.starts_with(&inbound) || path.ends_with("keys/unlock.key") {
            continue;
        }
        let place = format!("{what}: {}", path.display());
        canaries.none_in(&place, path.as_os_str().as_encoded_bytes());
        canaries.none_in(&place, &disk.read(&path, 64 << 20).unwrap());
    }
}

/// A site with something of everything in its folders, each with a person in its name.
fn busy() -> Small {
    let small = Small::new();
    small.put(AKITA, &name(AKITA, 1), &upd_of(&head(AKITA, 1), &[canary(AKITA, 0)]));
    pass_on(&small.disk, 2).unwrap();
    let file = |town: &str, serial, number| upd_of(&head(town, serial), &[canary(town, number)]);
    small.put(AKITA, FILE_NAME, &file(AKITA, 2, 1));
    small.put(AKITA, "蛍袋沢の通知", &file(AKITA, 4, 2));
    small.put(AKITA, "蛍袋沢", &file(AKITA, 1, 0));
    small.put(NOSHIRO, FILE_NAME, &changed(&file(NOSHIRO, 2, 3), 4, b"02"));
    small.put(NOSHIRO, "鷺沼澪標丸", &file(NOSHIRO, 3, 3)[..1500]);
    small.put("鷺沼澪標丸", FILE_NAME, &file("052035", 1, 4));
    let notice = look(&small.disk, |site| sekisho::run::pass::notice_hash(site, 1).unwrap());
    small.put(NATIONAL, "澪標丸の受領", &res(1, notice).1);
    small
}

#[test]
fn a_fault_of_the_disk_at_any_operation_names_no_person() {
    let small = busy();
    let canaries = all(&small);
    let disk = SimDisk::holding(&small.disk, Path::new(ROOT), 1).unwrap();
    let counting = disk.copy();
    counting.restart_count();
    let result = pass_on(&counting, 3).unwrap();
    let total = counting.count(simulated::Counting::All);
    assert!(total > 200 && result.held > 2, "{total} {}", result.held);
    let mut faults = 0;
    for at in 1..=total {
        let errno = [Errno::Io, Errno::NoSpace, Errno::TooManyFiles][usize::try_from(at % 3).unwrap()];
        let trouble = if at % 4 == 0 {
            Trouble::ShortWrite(errno)
        } else {
            Trouble::Error(errno)
        };
        let faulty = disk.copy();
        faulty.restart_count();
        faulty.set_faults(vec![simulated::Fault::once(trouble, at)]);
        let what = format!("operation {at} of {total}");
        match pass_on(&faulty, 3) {
            Err(fault) => {
                canaries.none_in(&what, words_of(&fault).as_bytes());
                faults += 1;
            }
            Ok(result) => canaries.none_in(&what, passes::json(&result, false).to_string().as_bytes()),
        }
        faulty.set_faults(Vec::new());
        // The whole disk now and then: it is always the same files.
        if at % 8 == 0 {
            nothing_on(&faulty, &canaries, &what);
        }
    }
    assert!(faults > 100, "{faults}");
}

/// The bytes of a file with one notice.
fn file_of(draft: &Draft, serial: u32) -> Vec<u8> {
    let layouts = Layouts::builtin().unwrap();
    let head = FileHead {
        created_at: Instant::parse("20200914235959999").unwrap(),
        ..head(draft.sender, serial)
    };
    let mut writer = NoticeWriter::without_table(layouts.get(FileKind::Upd), &head).unwrap();
    let row = draft.record(1).row;
    let old = OldNumbers {
        my_number: &draft.old_my_number,
        jumin_code: &draft.old_jumin_code,
    };
    writer.put(&row, old).unwrap();
    writer.finish().unwrap()
}

/// Every row of the tests of the rules as files, passed by the whole program: the finding comes, the person does not.
#[test]
fn every_finding_of_a_record_names_no_person() {
    let small = Small::new();
    let mut seen = BTreeSet::new();
    for (what, before, notice, expected) in findings::rows() {
        let mut people = Canaries::default();
        let mut serials = std::collections::BTreeMap::new();
        let disk = SimDisk::holding(&small.disk, Path::new(ROOT), 1).unwrap();
        let mut result = None;
        let anna = crate::rules::town::draft(crate::rules::town::AKITA, "16")
            .with(18, "20200901090000000")
            .with(11, "20200901");
        for (seed, draft) in (3..).zip([anna].iter().chain(&before).chain([&notice])) {
            people = known_of(people, draft);
            let serial = serials
                .entry(draft.sender)
                .and_modify(|serial| *serial += 1)
                .or_insert(1);
            let folder = Path::new(ROOT).join("in").join(draft.sender);
            disk.create_folder(&folder).unwrap();
            disk.put(&folder.join(name(draft.sender, *serial)), &file_of(draft, *serial))
                .unwrap();
            result = Some(pass_on(&disk, seed).unwrap());
        }
        let result = result.unwrap();
        people.none_in(what, passes::json(&result, false).to_string().as_bytes());
        people.none_in(
            what,
            format!("{:?} {:?}", result.files[0].detail, result.files[0].name).as_bytes(),
        );
        let sums = result.records;
        if sums.rejected + sums.applied_with_warning > 0 {
            let codes = expected.split(' ').skip(1).filter_map(|word| word.split(':').next());
            seen.extend(codes.filter_map(Code::parse));
        }
        nothing_on(&disk, &people, what);
    }
    // F, C, L and W, but what needs predecessors, a third town or gaiji, which this site has not.
    assert!(seen.len() > 40, "{seen:?}");
}

/// The personal items of a notice.
fn known_of(mut people: Canaries, draft: &Draft) -> Canaries {
    let row = draft.record(1).row;
    let item = |number| row.get(crate::rules::town::item(number)).to_owned();
    for number in [1, 9] {
        if item(number).len() > 10 {
            people = people.number("code or number", &item(number));
        }
    }
    for text in [&draft.old_my_number, &draft.old_jumin_code] {
        if text.len() > 10 {
            people = people.number("old number", text);
        }
    }
    for number in [2, 4, 7] {
        if item(number).chars().count() > 4 {
            people = people.text("name or address", &item(number));
        }
    }
    people
}
