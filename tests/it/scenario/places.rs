//! H08: what lies in an inbound folder and is no file to read, or is over a limit. It stays where it is.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::desk::Desk;
use crate::desk::files::*;

/// Held H08 with these words while a good file beside it is processed; one leaf; gone when it is gone.
fn is_refused(make: impl FnOnce(&Desk, &Path), detail: &str) {
    let desk = Desk::new();
    desk.send(NOSHIRO, 1, &[BEN]);
    let file = name(AKITA, 1);
    let path = desk.inbound(AKITA).join(&file);
    make(&desk, &path);
    let before = desk.leaves().len();
    let pass = desk.run();
    assert_eq!(pass.code, 3, "{}", pass.json);
    assert_eq!(pass.file(&file), ("held H08".to_owned(), detail.to_owned()));
    assert_eq!(pass.file(&name(NOSHIRO, 1)).0, "processed");
    let held = format!("held {file} held H08");
    assert!(desk.acts_since(before).contains(&held), "{:?}", desk.acts_since(before));
    let after = desk.leaves().len();
    assert_eq!(desk.run().code, 3);
    assert_eq!(desk.leaves().len(), after);
    assert!(path.symlink_metadata().is_ok(), "it stays in its place");
    let id = desk.json(&["held", "list"], 3)[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.fault(&["held", "drop", &id], 4)["fault"], "HeldNotReleasable");
    let shown = desk.must(&["held", "show", &id]);
    assert!(shown.contains("look at the inbound folder"), "{shown}");
    if path.symlink_metadata().unwrap().is_dir() {
        std::fs::remove_dir(&path).unwrap();
    } else {
        std::fs::remove_file(&path).unwrap();
    }
    let pass = desk.run();
    assert_eq!((pass.code, pass.number("held")), (0, 0));
    assert_eq!(desk.acts_since(after), [format!("dropped {file} permitted H08")]);
}

#[test]
fn a_symbolic_link_even_to_a_good_file() {
    let link = |desk: &Desk, path: &Path| {
        let target = desk.path("elsewhere.dat");
        std::fs::write(&target, upd(AKITA, 1, &[ANNA])).unwrap();
        symlink(target, path).unwrap();
    };
    is_refused(link, "not a plain file");
}

#[test]
fn a_fifo_does_not_stop_the_run() {
    let fifo = |_: &Desk, path: &Path| {
        rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::RWXU).unwrap();
    };
    is_refused(fifo, "not a plain file");
}

#[test]
fn a_folder_and_a_socket() {
    is_refused(|_, path| std::fs::create_dir(path).unwrap(), "not a plain file");
    is_refused(|_, path| drop(UnixListener::bind(path).unwrap()), "not a plain file");
}

#[test]
fn a_file_with_a_second_name() {
    let twice = |desk: &Desk, path: &Path| {
        let first = desk.path("first.dat");
        std::fs::write(&first, upd(AKITA, 1, &[ANNA])).unwrap();
        std::fs::hard_link(first, path).unwrap();
    };
    is_refused(twice, "the file has a second name");
}

fn set(desk: &Desk, from: &str, to: &str) {
    let path = desk.root().join("sekisho.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_file_over_the_limit_of_size() {
    let long = |desk: &Desk, path: &Path| {
        set(desk, "max_file_bytes = 2147483648", "max_file_bytes = 5600");
        std::fs::write(path, upd(AKITA, 1, &[ANNA, CHIE])).unwrap();
    };
    is_refused(long, "over the limit of size");
}

#[test]
fn more_files_than_the_limit_of_one_folder() {
    let desk = Desk::new();
    set(&desk, "max_files_per_folder = 10000", "max_files_per_folder = 2");
    for (serial, person) in (1..).zip([ANNA, BEN, CHIE]) {
        desk.send(AKITA, serial, &[person]);
    }
    desk.send(NOSHIRO, 1, &[DAI]);
    let pass = desk.run();
    assert_eq!(
        pass.fates(),
        [
            "052019/1 processed",
            "052019/2 processed",
            "052019/3 held H08",
            "052027/1 processed"
        ]
    );
    assert_eq!(pass.file(&name(AKITA, 3)).1, "over the limit of files in the folder");
    // The next run has room for it.
    let pass = desk.run();
    assert_eq!((pass.fates(), pass.code), (vec!["052019/3 processed".to_owned()], 0));
}

#[test]
fn a_name_that_is_no_text_and_a_file_beside_the_folders() {
    use std::os::unix::ffi::OsStrExt as _;
    let desk = Desk::new();
    let bad = std::ffi::OsStr::from_bytes(b"UPD-\xFF.dat");
    std::fs::write(desk.inbound(AKITA).join(bad), upd(AKITA, 1, &[ANNA])).unwrap();
    std::fs::write(desk.root().join("in/stray.dat"), b"?").unwrap();
    let pass = desk.run();
    assert_eq!((pass.code, pass.number("held")), (3, 2));
    let details: Vec<_> = pass.json["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["detail"].clone())
        .collect();
    assert!(details.contains(&"the name is not UTF-8".into()), "{details:?}");
    assert!(details.contains(&"not a plain file".into()), "{details:?}");
}
