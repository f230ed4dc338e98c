//! `key generate`, `show`, `trust`, `list`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::place::Place;

#[test]
fn a_key_file_is_private_and_shows_the_same_public_keys() {
    let place = Place::new();
    let (sealing, signing) = place.keys("k", "052019");
    assert!(sealing.starts_with("sekisho-p256:"), "{sealing}");
    assert!(signing.starts_with("sekisho/052019/package+"), "{signing}");
    assert_eq!((place.mode("k"), place.mode("k.unlock")), (0o600, 0o600));
    assert_eq!(place.names(), ["k", "k.unlock"]);
    let shown = place.run(&["key", "show", "k", "--json"]).well().json();
    assert_eq!(
        (shown["sealing_key"].as_str(), shown["signing_key"].as_str()),
        (Some(&*sealing), Some(&*signing))
    );
    let other = place
        .run(&["key", "show", "k", "--kem", "x25519", "--json"])
        .well()
        .json();
    assert!(other["sealing_key"].as_str().unwrap().starts_with("sekisho-x25519:"));
    assert!(
        place
            .run(&["--lang", "ja", "key", "show", "k"])
            .well()
            .out
            .contains("封緘先の公開鍵")
    );
}

#[test]
fn a_key_file_never_replaces_another() {
    let place = Place::new();
    place.keys("k", "052019");
    let before = place.read("k");
    let again = ["key", "generate", "k", "--owner", "052027"];
    place.run(&again).stopped("OutputExists", 4);
    fs::remove_file(place.path("k")).unwrap();
    place.run(&again).stopped("OutputExists", 4);
    assert!(!place.exists("k") && before.starts_with(b"sekisho-keyfile 1\n"));
}

#[test]
fn files_beside_a_new_key_file_stay_what_they_are() {
    let place = Place::new();
    let beside = ["k.tmp", "k.unlock.tmp"];
    for name in beside {
        fs::write(place.path(name), "somebody's own").unwrap();
    }
    place.keys("k", "052019");
    for name in beside {
        assert_eq!(place.read(name), b"somebody's own", "{name}");
    }
    assert_eq!(place.names(), ["k", "k.tmp", "k.unlock", "k.unlock.tmp"]);
}

#[test]
fn a_key_file_that_others_read_or_that_is_missing_or_damaged_is_refused() {
    let place = Place::new();
    place.keys("k", "052019");
    let show = ["key", "show", "k"];
    fs::set_permissions(place.path("k"), fs::Permissions::from_mode(0o640)).unwrap();
    place.run(&show).stopped("KeysExposed", 5);
    let bytes = place.read("k");
    place.write_private("k", &bytes[..bytes.len() - 9]);
    place.run(&show).stopped("KeysDamaged", 8);
    place.write_private("k", &bytes);
    place.keys("other", "052027");
    place.write_private("k.unlock", &place.read("other.unlock"));
    place.run(&show).stopped("KeysLocked", 5);
    place.run(&["key", "show", "none"]).stopped("KeysMissing", 5);
}

/// The passphrase comes from a terminal, so Python gives it one.
#[test]
fn a_passphrase_is_asked_for_twice_and_opens_the_file() {
    const DRIVER: &str = "
import os, pty, sys, termios
program, lines = sys.argv[1], sys.argv[2].split('|')
child, terminal = pty.fork()
if child == 0:
    os.execv(program, [program] + sys.argv[3:])
for line in lines:
    seen = b''
    while not seen.endswith(b': '):
        seen += os.read(terminal, 1)
    # The prompt comes first, then the program turns the echo off.
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        os.sched_yield()
    os.write(terminal, line.encode() + b'\\n')
rest = b''
try:
    while True:
        more = os.read(terminal, 4096)
        if not more: break
        rest += more
except OSError:
    pass
sys.stdout.write(rest.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
";
    let python = Command::new("python3").arg("--version").output();
    if !python.is_ok_and(|done| done.status.success()) {
        std::io::Write::write_all(&mut std::io::stderr(), b"SKIPPED: no python3\n").unwrap();
        return;
    }
    let place = Place::new();
    let at_terminal = |typed: &str, args: &[&str]| {
        let done = Command::new("python3")
            .args(["-c", DRIVER, env!("CARGO_BIN_EXE_sekisho"), typed, "--lang", "en"])
            .args(args)
            .current_dir(place.path(""))
            .output()
            .unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stdout).unwrap())
    };
    let generate = ["key", "generate", "k", "--owner", "052019", "--passphrase"];
    let (code, text) = at_terminal("long enough words|other words here", &generate);
    assert!(code == 4 && text.contains("PassphraseDiffers"), "{code} {text}");
    let (code, text) = at_terminal("short|short", &generate);
    assert!(code == 4 && text.contains("PassphraseShort"), "{code} {text}");
    let (code, text) = at_terminal("long enough words|long enough words", &generate);
    assert!(code == 0 && !text.contains("long enough"), "{code} {text}");
    assert_eq!(place.names(), ["k"]);
    let (code, text) = at_terminal("long enough words", &["key", "show", "k"]);
    assert!(code == 0 && text.contains("sekisho-p256:"), "{code} {text}");
    let (code, text) = at_terminal("another long phrase", &["key", "show", "k"]);
    assert!(code == 5 && text.contains("KeysLocked"), "{code} {text}");
}

#[test]
fn trusted_keys_are_kept_per_sender_in_a_private_file() {
    let place = Place::new();
    let (_, signing) = place.keys("k", "050008");
    let trust = ["key", "trust", "mine", "050008", &signing];
    assert_eq!(
        place.run(&[&["--json"], &trust[..]].concat()).well().json()["added"],
        true
    );
    assert_eq!(
        place.run(&[&["--json"], &trust[..]].concat()).well().json()["added"],
        false
    );
    assert_eq!(place.read("mine.trust"), format!("050008 {signing}\n").as_bytes());
    assert_eq!(place.mode("mine.trust"), 0o600);
    place
        .run(&["key", "trust", "mine", "050008", "no+key"])
        .stopped("KeyTextWrong", 2);
    place.write_private("mine.trust", b"050008\n");
    place.run(&trust).stopped("TrustWrong", 4);
    fs::set_permissions(place.path("mine.trust"), fs::Permissions::from_mode(0o666)).unwrap();
    place.run(&trust).stopped("KeysExposed", 5);
}

#[test]
fn all_public_keys_are_listed_and_stand_beside_the_secret_ones() {
    let place = Place::with_site();
    let listed = place.at_site(&["key", "list", "--json"]).well().json();
    let site = &listed["site"];
    let public = String::from_utf8(place.read("site/keys/public.txt")).unwrap();
    let expected = format!(
        "sekisho-public-keys 1\nledger {}\npackage {}\nsealing {}\nsealing {}\n",
        site["ledger_key"].as_str().unwrap(),
        site["package_key"].as_str().unwrap(),
        site["sealing_keys"][0].as_str().unwrap(),
        site["sealing_keys"][1].as_str().unwrap(),
    );
    assert_eq!(public, expected);
    let akita = place.run(&["key", "show", "akita", "--json"]).well().json();
    assert_eq!(listed["parties"][0]["signing_key"], akita["signing_key"]);
    assert_eq!(listed["parties"][2]["party_id"], "052035");
    assert!(listed["parties"][2]["sealing_key"].is_null());
    assert!(
        place
            .at_site(&["key", "list"])
            .well()
            .out
            .contains("sekisho/050008/ledger+")
    );
    fs::remove_file(place.path("site/keys/public.txt")).unwrap();
    place.at_site(&["key", "list", "--publish"]).well();
    assert_eq!(place.read("site/keys/public.txt"), expected.as_bytes());
}
