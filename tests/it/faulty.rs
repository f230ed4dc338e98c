//! A disk that fails: a folder or a file that cannot be read never stops the other parties, and an error at any single
//! operation of a pass ends it with a fault of storage, from which the next pass recovers without a command.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use sekisho::domain::code::Code;
use sekisho::domain::fault::{Class, Fault};
use sekisho::ports::memory::MemoryDisk;
use sekisho::ports::{Disk, Facts, FolderEntry, Lock, ReadAt, WriteNew};
use sekisho::run::master::{What, export};
use sekisho::run::site::{Access, Site};
use sekisho::run::{generations, held, parties};

use crate::desk::files::*;
use crate::desk::memory::{Machine, ROOT, Small, look, pass_on, state};
use crate::desk::state::shown;
use crate::desk::unlocking;
use crate::errors::same::Same;

/// Which operations fail, and how.
trait Trouble: Send + Sync {
    fn at(&self, operation: &'static str, path: &Path) -> io::Result<()>;
}

/// A disk with trouble before its operations.
struct Faulty<T> {
    disk: MemoryDisk,
    trouble: Arc<T>,
}

impl<T> Faulty<T> {
    fn new(disk: MemoryDisk, trouble: T) -> Self {
        Self {
            disk,
            trouble: Arc::new(trouble),
        }
    }
}

struct File<T, F: ?Sized> {
    trouble: Arc<T>,
    path: std::path::PathBuf,
    inner: Box<F>,
}

impl<T: Trouble> ReadAt for File<T, dyn ReadAt> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.trouble.at("read", &self.path)?;
        self.inner.read_exact_at(buf, offset)
    }

    fn facts(&self) -> io::Result<Facts> {
        self.trouble.at("facts of open", &self.path)?;
        self.inner.facts()
    }
}

impl<T: Trouble> WriteNew for File<T, dyn WriteNew> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(why) = self.trouble.at("write", &self.path) {
            // A disk that is full takes what it has room for.
            self.inner.write_all(&bytes[..bytes.len() / 2])?;
            return Err(why);
        }
        self.inner.write_all(bytes)
    }

    fn rewrite(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.trouble.at("write", &self.path)?;
        self.inner.rewrite(offset, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.trouble.at("sync", &self.path)?;
        self.inner.sync()
    }
}

impl<T: Trouble + 'static> Disk for Faulty<T> {
    fn open(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.trouble.at("open", path)?;
        Ok(Box::new(File {
            trouble: Arc::clone(&self.trouble),
            path: path.to_owned(),
            inner: self.disk.open(path)?,
        }))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn WriteNew>> {
        self.trouble.at("create", path)?;
        Ok(Box::new(File {
            trouble: Arc::clone(&self.trouble),
            path: path.to_owned(),
            inner: self.disk.create(path)?,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.trouble.at("rename", to)?;
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.trouble.at("remove", path)?;
        self.disk.remove(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.trouble.at("remove folder", path)?;
        self.disk.remove_folder(path)
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        self.trouble.at("create folder", path)?;
        self.disk.create_folder(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.trouble.at("sync folder", path)?;
        self.disk.sync_folder(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<FolderEntry>> {
        self.trouble.at("list", path)?;
        self.disk.list(path)
    }

    fn facts(&self, path: &Path) -> io::Result<Facts> {
        self.trouble.at("facts", path)?;
        self.disk.facts(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Lock>> {
        self.trouble.at("lock", path)?;
        self.disk.lock(path)
    }
}

/// One operation on one path always fails: permission denied.
struct Denied {
    operation: &'static str,
    path: String,
}

impl Trouble for Denied {
    fn at(&self, operation: &'static str, path: &Path) -> io::Result<()> {
        if operation == self.operation && path == Path::new(&self.path) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }
}

/// The n-th operation fails, once.
struct Once {
    done: AtomicU64,
    at: u64,
    errno: i32,
}

impl Trouble for Once {
    fn at(&self, _operation: &'static str, _path: &Path) -> io::Result<()> {
        if self.done.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            return Err(io::Error::from_raw_os_error(self.errno));
        }
        Ok(())
    }
}

/// 秋田市 and 能代市 have sent files.
fn two_towns() -> Small {
    let small = Small::new();
    small.put(AKITA, &name(AKITA, 1), &upd(AKITA, 1, &[ANNA]));
    small.put(NOSHIRO, &name(NOSHIRO, 1), &upd(NOSHIRO, 1, &[BEN]));
    small
}

/// What is denied does not stop the other party, is said by every run, and stands in the ledger once.
fn stops_nobody(operation: &'static str, path: &str, shown_name: &str, detail: &str) {
    let small = two_towns();
    let leaves = |small: &Small| look(&small.disk, crate::desk::state::leaves);
    let before = leaves(&small).len();
    let denied = Denied {
        operation,
        path: format!("{ROOT}/{path}"),
    };
    let faulty = Faulty::new(small.disk.clone(), denied);
    let result = pass_on(&faulty, 2).unwrap();
    assert_eq!(result.class(), Class::Storage);
    assert_eq!(result.class().exit_code(), 7);
    assert!(result.unreadable && result.committed);
    assert_eq!(result.residents_after, 1);
    let of = |result: &sekisho::run::pass::PassResult, name: &str| {
        let file = result.files.iter().find(|file| file.name == name).unwrap().clone();
        (file.outcome, file.code.map(Code::as_str), file.detail)
    };
    assert_eq!(of(&result, &name(NOSHIRO, 1)), ("processed", None, String::new()));
    let (outcome, code, words) = of(&result, shown_name);
    assert_eq!((outcome, code), ("held", Some("H08")));
    assert!(words.contains(detail), "{words}");
    let held = |leaf: &&sekisho::format::leaf::Leaf| shown(leaf) == format!("held {shown_name} held H08");
    let written = leaves(&small);
    assert_eq!(written[before..].iter().filter(held).count(), 1);

    // Once more: said again, written down no second time.
    let again = pass_on(&faulty, 3).unwrap();
    assert_eq!((again.class(), again.committed), (Class::Storage, false));
    assert_eq!(of(&again, shown_name).1, Some("H08"));
    assert_eq!(leaves(&small).len(), written.len());

    // The cause is removed: the file comes through by itself.
    let result = pass_on(&small.disk, 4).unwrap();
    assert_eq!((result.class(), result.residents_after), (Class::Done, 2));
    assert_eq!(result.held, 0);
}

#[test]
fn a_folder_that_cannot_be_listed() {
    stops_nobody(
        "list",
        &format!("in/{AKITA}"),
        &format!("in/{AKITA}"),
        "folder cannot be read",
    );
    stops_nobody(
        "facts",
        &format!("in/{AKITA}"),
        &format!("in/{AKITA}"),
        "folder cannot be read",
    );
}

#[test]
fn a_file_that_cannot_be_opened_or_looked_at() {
    let (path, name) = (format!("in/{AKITA}/{}", name(AKITA, 1)), name(AKITA, 1));
    stops_nobody("open", &path, &name, "cannot be read: permission denied");
    stops_nobody("read", &path, &name, "cannot be read: permission denied");
    stops_nobody("facts", &path, &format!("in/{AKITA}"), "folder cannot be read");
}

#[test]
fn the_inbound_folder_itself_cannot_be_listed() {
    let small = two_towns();
    let denied = Denied {
        operation: "list",
        path: format!("{ROOT}/in"),
    };
    let fault = pass_on(&Faulty::new(small.disk.clone(), denied), 2).unwrap_err();
    assert_eq!(fault.class(), Class::Storage);
    assert!(fault.to_string().contains("/site/in"), "{fault}");
    assert_eq!(pass_on(&small.disk, 3).unwrap().residents_after, 2);
}

/// A site with a day behind it and everything that can happen to a file on the next: taken, rejected, held, waiting, let
/// go by what arrives, repeated, not whole, acknowledged.
pub(crate) fn busy() -> Small {
    let small = two_towns();
    small.put(AKITA, &name(AKITA, 3), &upd(AKITA, 3, &[CHIE]));
    pass_on(&small.disk, 2).unwrap();
    small.put(AKITA, &name(AKITA, 2), &upd(AKITA, 2, &[DAI]));
    small.put(AKITA, "again.dat", &upd(AKITA, 1, &[ANNA]));
    small.put(NOSHIRO, &name(NOSHIRO, 2), &changed(&upd(NOSHIRO, 2, &[EMI]), 4, b"02"));
    small.put(NOSHIRO, &name(NOSHIRO, 3), &upd(NOSHIRO, 3, &[EMI])[..1500]);
    small.put("052035", &name("052035", 1), &upd("052035", 1, &[EMI]));
    let notice = look(&small.disk, |site| sekisho::run::pass::notice_hash(site, 1).unwrap());
    let (file, bytes) = res(1, notice);
    small.put(NATIONAL, &file, &bytes);
    small
}

/// Rows, retired codes and versions.
pub(crate) fn exported(site: &Site<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    for what in [What::Rows, What::Retired, What::History] {
        export(site, None, what, &mut out).unwrap();
    }
    out
}

/// A fault of the disk; of a failed sync where it was one that a caller knows as such.
fn of_the_disk(fault: &Fault) -> bool {
    matches!(fault.class(), Class::Storage | Class::Fatal)
}

fn once(disk: &MemoryDisk, at: u64, errno: i32) -> Faulty<Once> {
    let trouble = Once {
        done: AtomicU64::new(0),
        at,
        errno,
    };
    Faulty::new(disk.copy(), trouble)
}

#[test]
fn an_error_at_any_operation_is_a_fault_of_storage_and_the_next_pass_recovers() {
    let small = busy();
    let counting = once(&small.disk, 0, 5);
    let result = pass_on(&counting, 3).unwrap();
    assert_eq!(result.files.len(), 7, "{:?}", result.files);
    let total = counting.trouble.done.load(Ordering::SeqCst);
    assert!(total > 150, "{total}");
    let reference = Same::of(&counting.disk, &small);

    let mut seen = BTreeSet::new();
    for at in 1..=total {
        // EIO and ENOSPC in turn.
        let faulty = once(&small.disk, at, if at % 2 == 0 { 5 } else { 28 });
        let first = pass_on(&faulty, 3);
        let is_whole = match &first {
            Err(fault) => {
                assert!(of_the_disk(fault), "operation {at}: {fault}");
                assert!(!fault.args().is_empty(), "operation {at}: {fault}");
                seen.insert("fault");
                true
            }
            Ok(result) if result.unreadable => {
                seen.insert("unreadable");
                false
            }
            Ok(_) => {
                seen.insert("done");
                true
            }
        };
        pass_on(&faulty.disk, 4).unwrap_or_else(|fault| panic!("operation {at}, the pass after it: {fault}"));
        let what = format!("operation {at} of {total}");
        if is_whole {
            reference.assert_same(&faulty.disk, &what);
        } else {
            reference.assert_same_register(&faulty.disk, &what);
        }
    }
    assert!(seen.contains("fault") && seen.contains("unreadable"), "{seen:?}");
}

#[test]
fn an_error_while_recovering_from_an_error() {
    let small = busy();
    let counting = once(&small.disk, 0, 5);
    pass_on(&counting, 3).unwrap();
    let total = counting.trouble.done.load(Ordering::SeqCst);
    let reference = state(&counting.disk, &small.parties);
    let mut twice = 0;
    for at in (1..=total).step_by(3) {
        let first = once(&small.disk, at, 5);
        if pass_on(&first, 3).is_ok() {
            continue;
        }
        // Spread over the recovery and the pass behind it.
        let second = once(&first.disk, at * 37 % 140 + 1, 28);
        match pass_on(&second, 4) {
            Err(fault) => {
                assert!(of_the_disk(&fault), "operation {at}: {fault}");
                twice += 1;
            }
            Ok(result) if result.unreadable => continue,
            Ok(_) => {}
        }
        pass_on(&second.disk, 5).unwrap_or_else(|fault| panic!("operation {at}, the third pass: {fault}"));
        let what = format!("operation {at} of {total}, then {}", at * 37 % 140 + 1);
        state(&second.disk, &small.parties).assert_same(&reference, &what);
    }
    assert!(twice > 50, "{twice}");
}

/// When one operation on one path comes, somebody puts other bytes at a second path, once.
struct Meanwhile {
    disk: MemoryDisk,
    when: (&'static str, String),
    put: (String, Vec<u8>),
    done: AtomicU64,
}

impl Trouble for Meanwhile {
    fn at(&self, operation: &'static str, path: &Path) -> io::Result<()> {
        let (at, of) = (&self.when.0, Path::new(&self.when.1));
        if operation == *at && path == of && self.done.fetch_add(1, Ordering::SeqCst) == 0 {
            self.disk.put(Path::new(&self.put.0), &self.put.1)?;
        }
        Ok(())
    }
}

/// A pass in the middle of which a file is replaced.
fn replaced(small: &Small, when: (&'static str, &str), put: (&str, &[u8])) -> sekisho::run::pass::PassResult {
    let meanwhile = Meanwhile {
        disk: small.disk.clone(),
        when: (when.0, format!("{ROOT}/{}", when.1)),
        put: (format!("{ROOT}/{}", put.0), put.1.to_vec()),
        done: AtomicU64::new(0),
    };
    let faulty = Faulty::new(small.disk.clone(), meanwhile);
    let result = pass_on(&faulty, 2).unwrap();
    assert_eq!(
        faulty.trouble.done.load(Ordering::SeqCst).min(1),
        1,
        "it never came to that"
    );
    result
}

#[test]
fn a_file_that_changes_while_it_is_read_waits_for_the_next_pass() {
    let small = two_towns();
    let path = format!("in/{AKITA}/{}", name(AKITA, 1));
    let longer = upd(AKITA, 1, &[ANNA, CHIE]);
    let result = replaced(&small, ("open", &path), (&path, &longer));
    let file = result.files.iter().find(|file| file.folder == AKITA).unwrap();
    let code = file.code.map(Code::as_str);
    assert_eq!(
        (file.outcome, code, file.detail.as_str()),
        ("held", Some("H01"), "still growing")
    );
    assert_eq!((result.class(), result.residents_after), (Class::Held, 1));
    let result = pass_on(&small.disk, 3).unwrap();
    assert_eq!((result.class(), result.residents_after), (Class::Done, 3));
}

#[test]
fn a_file_that_is_replaced_after_it_was_read_is_taken_as_a_new_one() {
    let small = Small::new();
    small.put(AKITA, "file.dat", &upd(AKITA, 1, &[ANNA]));
    let path = format!("in/{AKITA}/file.dat");
    // The commit is decided; the original would be removed next.
    let result = replaced(&small, ("rename", "store/CURRENT"), (&path, &upd(AKITA, 2, &[BEN])));
    assert_eq!((result.class(), result.residents_after), (Class::Done, 1));
    let result = pass_on(&small.disk, 3).unwrap();
    assert_eq!((result.class(), result.residents_after), (Class::Done, 2));
    let state = state(&small.disk, &small.parties);
    assert_eq!((state.archive.len(), state.inbox.len()), (2, 0));
}

/// An act of an operator, with an error at any of its operations: a fault of storage, and after the next pass it was done
/// or it was not, nothing in between.
fn done_or_not(small: &Small, act: &dyn Fn(&mut Site<'_>) -> Result<(), Fault>) {
    let on = |disk: &dyn Disk| {
        let machine = Machine::new(3);
        let mut site = Site::open(machine.tools(disk), Path::new(ROOT), Access::Write, unlocking())?;
        act(&mut site)
    };
    let undone = once(&small.disk, 0, 5);
    pass_on(&undone, 4).unwrap();
    let counting = once(&small.disk, 0, 5);
    on(&counting).unwrap();
    let total = counting.trouble.done.load(Ordering::SeqCst);
    pass_on(&counting.disk, 4).unwrap();
    let both = [&undone.disk, &counting.disk].map(|disk| state(disk, &small.parties));
    assert_ne!(both[0], both[1]);
    let mut ended = [0, 0];
    for at in 1..=total {
        let faulty = once(&small.disk, at, 28);
        if let Err(fault) = on(&faulty) {
            assert!(of_the_disk(&fault), "operation {at} of {total}: {fault}");
        }
        pass_on(&faulty.disk, 4).unwrap_or_else(|fault| panic!("operation {at} of {total}: {fault}"));
        let after = state(&faulty.disk, &small.parties);
        let which = both.iter().position(|state| *state == after);
        ended[which.unwrap_or_else(|| panic!("operation {at} of {total} left something else: {after:?}"))] += 1;
    }
    assert!(ended[0] > 10 && ended[1] > 5, "{ended:?} of {total}");
}

#[test]
fn an_error_in_a_change_of_the_register_a_decision_or_a_compaction() {
    let small = two_towns();
    pass_on(&small.disk, 2).unwrap();
    done_or_not(&small, &|site| {
        let mut party = site.parties.get(id(AKITA)).unwrap().clone();
        party.hash_optional = true;
        parties::put(site, vec![party], Some(day(DAY))).map(|_| ())
    });
    small.put(AKITA, &name(AKITA, 2), &upd(AKITA, 2, &[CHIE]));
    small.put("052035", &name("052035", 1), &upd("052035", 1, &[EMI]));
    pass_on(&small.disk, 6).unwrap();
    done_or_not(&small, &|site| {
        let held = site.exchange().held[0].id.clone();
        held::drop_file(site, &held, Some(day(DAY))).map(|_| ())
    });
    done_or_not(&small, &|site| generations::compact(site, Some(day(DAY))).map(|_| ()));
}
