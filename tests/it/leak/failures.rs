//! What goes wrong with arguments, files and the store, with canaries wherever something can be put: no word of them in what
//! the program says.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::place::{FILE_NAME, NAME, Place, canary, person};
use crate::desk::files::{AKITA, DAY, NOSHIRO, OWN, head, upd_of};

#[test]
fn arguments_that_are_refused_are_not_repeated() {
    let place = Place::new();
    place.pass();
    let (code, number) = person(0);
    let upd = place.file("upd", &upd_of(&head(AKITA, 3), &[canary(AKITA, 2)]));
    let mut secret = String::new();
    place
        .desk
        .look(|site| secret = site.secrets.package_signer.skey().to_string());
    let wrong_code = format!("{}{}", code.get(..10).unwrap(), (code.as_bytes()[10] - b'0' + 1) % 10);
    let of = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<String>>();
    let mut calls = vec![
        of(&["master", "show", &wrong_code]),
        of(&["master", "show", &number]),
        of(&["master", "show", NAME]),
        of(&["master", "as-of", "2020-09-14", &code]),
        of(&["master", "as-of", &code, &number]),
        of(&["master", "show", &code, "--generation", &number]),
        of(&["master", "export", "--generation", &code]),
        of(&["gen", "show", &code]),
        of(&["gen", "diff", &code, &number]),
        of(&["ledger", "show", &code]),
        of(&["ledger", "list", "--log", &code]),
        of(&["ledger", "list", "--log", NAME]),
        of(&["ledger", "list", "--act", NAME]),
        of(&["held", "show", &code]),
        of(&["held", "drop", NAME]),
        of(&["explain", &upd, &code]),
        of(&["explain", &upd, "99999"]),
        of(&["check", &upd, "--to", &code]),
        of(&["party", "end", AKITA, NAME]),
        of(&["party", "end", NAME, "2030-01-01"]),
        of(&["party", "key", AKITA, "--sealing", &secret]),
        of(&["party", "key", AKITA, "--signing", &secret]),
        of(&["key", "trust", &place.path("keys"), OWN, &secret]),
        of(&["seal", &upd, "--to", AKITA, "--to-key", &secret, "--keys", &upd]),
        of(&["open", &upd, "--keys", &upd, "--sender-key", &secret]),
        of(&["open", &upd, "--as", NAME]),
        of(&["rules", "show", "--table", NAME]),
        of(&["layout", "sample", &code, "."]),
        of(&["run", "--business-date", NAME]),
        of(&["run", "--business-date", &code]),
        of(&["--lang", NAME, "run"]),
        of(&["--threads", &code, "run"]),
        of(&[NAME]),
        of(&[&code]),
    ];
    for command in [
        "run",
        "plan",
        "status",
        "held list",
        "gen list",
        "master stats",
        "ledger verify",
        "party list",
    ] {
        for extra in [
            NAME,
            "ｻｷﾞﾇﾏ",
            &code,
            &number,
            &format!("--{number}"),
            &format!("--to={NAME}"),
            &secret,
        ] {
            let words: Vec<&str> = command.split(' ').chain([extra]).collect();
            calls.push(of(&words));
        }
    }
    for words in &calls {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let exit = place.silent(&words);
        assert!([2, 4, 5].contains(&exit), "{exit}: {words:?}");
    }
    place.nothing_at_rest();
}

/// Every place where a file is named gets the wrong one: records, a table of records, a key.
#[test]
fn the_wrong_file_in_every_place_where_one_is_named() {
    let place = Place::new();
    place.pass();
    place.run(&["master", "export", "--out", &place.path("rows.csv")]);
    place.run(&["key", "generate", &place.path("keys"), "--owner", AKITA]);
    let upd = upd_of(&head(AKITA, 3), &[canary(AKITA, 2), canary(AKITA, 3)]);
    let records = place.file("records", &upd);
    let table = place.path("rows.csv");
    let key = place.path("site/keys/unlock.key");
    let people = format!("name = \"{NAME}\"\n[{NAME}\ncode = {}\n", person(0).0);
    let toml = place.file("people.toml", people.as_bytes());
    let list = place.file(
        "people.csv",
        format!("party_id,kind,name,kinds\n{NAME},{},{NAME},x\n", person(0).0).as_bytes(),
    );
    let gaiji = place.file(
        "gaiji.csv",
        format!("code,character,note\n{NAME},{},{NAME}\nF040,{NAME},x\n", person(0).0).as_bytes(),
    );
    let keys = place.path("keys");
    for file in [&*records, &table, &key, &toml, &list, &gaiji] {
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(file, private).unwrap();
        for words in [
            &["party", "import", file, "--business-date", DAY][..],
            &["check", file],
            &["check", &records, "--gaiji", file],
            &["explain", file, "1", "--business-date", DAY],
            &["open", file],
            &["open", file, "--keys", file],
            &["open", file, "--keys", &keys, "--as", "csv"],
            &["open", &records, "--keys", file],
            &["seal", &records, "--to", NOSHIRO, "--keys", file, "--out", "/nowhere/x"],
            &["key", "show", file],
            &["layout", "lint", file],
            &["layout", "doc", "--file", file],
            &["init", file],
            &["demo", file],
            &["--business-date", DAY, "key", "generate", file, "--owner", AKITA],
        ] {
            let exit = place.silent(words);
            assert!(![70, 101].contains(&exit), "{exit}: {words:?}");
        }
        // As the trust file of a party, and as settings, layout, register, gaiji table and keys of the site.
        std::fs::copy(file, place.path("keys.trust")).unwrap();
        place.silent(&["open", &records, "--keys", &keys]);
        place.silent(&["key", "trust", &keys, OWN, "x"]);
        std::fs::remove_file(place.path("keys.trust")).unwrap();
        if ![&*toml, &table, &key].contains(&file) {
            continue;
        }
        for inside in [
            "sekisho.toml",
            "layouts/upd.toml",
            "registers/parties.jsonl",
            "keys/site.keys",
            "keys/unlock.key",
            "keys/public.txt",
            "store/CURRENT",
            "ledger/2020/checkpoint",
        ] {
            let target = place.desk.root().join(inside);
            let before = std::fs::read(&target).ok();
            std::fs::write(&target, std::fs::read(file).unwrap()).unwrap();
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600)).unwrap();
            for words in [
                &["run", "--business-date", DAY][..],
                &["status"],
                &["gen", "verify"],
                &["check", &records],
                &["seal", &records, "--to", OWN, "--keys", &keys, "--out", "/nowhere/x"],
            ] {
                if inside == "keys/unlock.key" && file == key {
                    continue;
                }
                let exit = place.silent(words);
                assert!(![70, 101].contains(&exit), "{exit}: {words:?} with {file} as {inside}");
            }
            match before {
                Some(bytes) => std::fs::write(&target, bytes).unwrap(),
                None => std::fs::remove_file(&target).unwrap(),
            }
        }
    }
    place.nothing_at_rest();
}

#[test]
fn damage_anywhere_in_the_site_is_named_without_a_person() {
    let place = Place::new();
    place.pass();
    let root = place.desk.root();
    let files: Vec<_> = walkdir::WalkDir::new(&root)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .filter(|path| path.is_file() && !path.starts_with(root.join("in")))
        .collect();
    assert!(files.len() > 20);
    let mut found = 0;
    for path in files {
        let good = std::fs::read(&path).unwrap();
        if good.is_empty() {
            continue;
        }
        let at = good.len() * 2 / 3;
        std::fs::write(&path, crate::desk::files::changed(&good, at, &[good[at] ^ 1])).unwrap();
        let command = if path.starts_with(root.join("ledger")) {
            "ledger"
        } else {
            "gen"
        };
        let full: &[&str] = if command == "gen" { &["--full"] } else { &[] };
        found += u32::from(place.silent(&[&[command, "verify"], full].concat()) != 0);
        std::fs::write(&path, &good).unwrap();
    }
    assert!(found > 20, "{found}");
}

#[test]
fn folders_and_files_that_cannot_be_read_and_packages_that_do_not_open() {
    let place = Place::new();
    place.pass();
    // A link, a folder and a FIFO under a person's name; one of them with a loop.
    let inbound = place.desk.inbound(AKITA);
    let at = |name: &str| inbound.join(name);
    std::os::unix::fs::symlink("/etc/hostname", at(FILE_NAME)).unwrap();
    std::os::unix::fs::symlink("鷺沼澪標丸", at("鷺沼澪標丸")).unwrap();
    std::fs::create_dir(at("鷺沼澪標丸様")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("鷺沼　澪標丸.dat.seki"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    for words in [
        &["plan", "--business-date", DAY][..],
        &["run", "--business-date", DAY],
        &["status"],
        &["held", "list"],
        &["ledger", "list"],
    ] {
        assert_eq!(place.silent(words), 3 * i32::from(words[0] != "ledger"), "{words:?}");
    }
    let folder = place.desk.root().join("out").join(AKITA);
    let good = std::fs::read(folder.join(&crate::desk::names(&folder)[0])).unwrap();
    place.run(&["key", "generate", &place.path("keys"), "--owner", AKITA]);
    for at in (0..good.len()).step_by(good.len() / 12) {
        let bad = crate::desk::files::changed(&good, at, &[good[at] ^ 4]);
        let file = place.file("bad.seki", &bad);
        assert_ne!(place.silent(&["open", &file, "--keys", &place.path("keys")]), 0);
        assert_ne!(place.silent(&["open", &file, "--business-date", DAY]), 0);
    }
    place.nothing_at_rest();
}

#[test]
fn a_passphrase_is_nowhere() {
    const PHRASE: &str = "鷺沼の澪標は蛍袋";
    let place = Place::new();
    let canaries = super::place::canaries().secret("passphrase", &format!("{PHRASE}1977"));
    let driver = place.file(
        "driver.py",
        br"
import os, pty, sys, termios
program, lines = sys.argv[1], sys.argv[2].split('|')
child, terminal = pty.fork()
if child == 0:
    os.execv(program, [program] + sys.argv[3:])
printed = b''
for line in lines:
    seen = b''
    while not seen.endswith(b': '):
        seen += os.read(terminal, 1)
    printed += seen
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        os.sched_yield()
    process = '/proc/%d/' % child
    printed += open(process + 'cmdline', 'rb').read()
    os.write(terminal, line.encode() + b'\n')
while True:
    try:
        more = os.read(terminal, 4096)
    except OSError:
        break
    if not more:
        break
    printed += more
_, status = os.waitpid(child, 0)
sys.stdout.buffer.write(printed)
sys.exit(os.waitstatus_to_exitcode(status))
",
    );
    let typed = format!("{PHRASE}1977");
    let keys = place.path("secret-keys");
    let run = |lines: &str, args: &[&str]| {
        let mut command = std::process::Command::new("python3");
        command
            .arg(&driver)
            .arg(env!("CARGO_BIN_EXE_sekisho"))
            .arg(lines)
            .args(args);
        let output = command.output().unwrap();
        canaries.none_in(&format!("{args:?}"), &output.stdout);
        canaries.none_in(&format!("{args:?}"), &output.stderr);
        (
            output.status.code().unwrap(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
        )
    };
    let twice = format!("{typed}|{typed}");
    let made = run(&twice, &["key", "generate", &keys, "--owner", AKITA, "--passphrase"]);
    assert_eq!(made.0, 0, "{}", made.1);
    assert_eq!(run(&typed, &["key", "show", &keys]).0, 0);
    assert_eq!(run(&format!("{typed}x"), &["key", "show", &keys]).0, 5);
    let differ = format!("{typed}|{typed}x");
    assert_eq!(
        run(
            &differ,
            &["key", "generate", &place.path("k2"), "--owner", AKITA, "--passphrase"]
        )
        .0,
        4
    );
    canaries.none_in("the key file", &std::fs::read(Path::new(&keys)).unwrap());
}
