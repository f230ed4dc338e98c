//! Files that are answered: rejected as a whole (F001, F002), duplicates, bad records, acknowledgements.

use sekisho::domain::code::Code;
use sekisho::domain::finding;
use sekisho::format::exchange::{HashRule, ParsedFile};
use sekisho::format::layout::Layouts;
use sekisho::seal::digest::sha256;

use crate::desk::files::*;
use crate::desk::{Desk, state};

/// The plain answer with this serial.
fn answer(desk: &Desk, party: &str, serial: u32) -> Vec<u8> {
    let path = format!("out/{party}/RES-{OWN}-{party}-{serial:08}.dat.seki");
    let bytes = std::fs::read(desk.root().join(&path)).unwrap();
    let mut plain = Vec::new();
    desk.look(|site| plain = state::open(site, &desk.parties, &path, &bytes));
    plain
}

/// Rejected with this code and these words: exit code, leaf, an answer of one record with number 0; the serial is free.
fn is_rejected(bytes: &[u8], code: Code, detail: &str) {
    let desk = Desk::new();
    desk.put(AKITA, &name(AKITA, 1), bytes);
    let before = desk.leaves().len();
    let pass = desk.run();
    assert_eq!(pass.code, 1, "{}", pass.json);
    assert_eq!(pass.only(), (format!("rejected {}", code.as_str()), detail.to_owned()));
    let acts = desk.acts_since(before);
    assert!(
        acts.contains(&format!("refused {} refused {}", name(AKITA, 1), code.as_str())),
        "{acts:?}"
    );
    assert_eq!(acts.iter().filter(|act| act.starts_with("outgoing")).count(), 1);
    let answered = answer(&desk, AKITA, 1);
    assert_eq!(answered.len(), 4 * 256);
    let (header, record) = (&answered[..256], &answered[256..512]);
    assert_eq!(
        &header[49..113],
        sekisho::seal::digest::to_hex(&sha256(bytes)).as_bytes()
    );
    assert_eq!(&record[1..9], b"00000000");
    assert_eq!(&record[45..50], format!("R{}", code.as_str()).as_bytes());
    assert_eq!(desk.waiting(AKITA), Vec::<String>::new());

    // The same bytes again are a duplicate: the stored answer goes out again, whoever fetched the first one.
    let out = desk.root().join("out").join(AKITA);
    for name in crate::desk::names(&out) {
        std::fs::remove_file(out.join(name)).unwrap();
    }
    desk.put(AKITA, &name(AKITA, 1), bytes);
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("duplicate", 0));
    assert_eq!(answer(&desk, AKITA, 1), answered);

    // The serial was not consumed.
    desk.send(AKITA, 1, &[ANNA]);
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("processed", 0));
    assert_eq!(desk.json(&["status"], 0)["residents"], 1);
}

#[test]
fn f001_no_whole_number_of_records() {
    let whole = upd(AKITA, 1, &[ANNA]);
    let mut longer = whole[..2800].to_vec();
    longer.extend_from_slice(b"seven b");
    longer.extend_from_slice(&whole[2800..]);
    is_rejected(
        &longer,
        Code::F001,
        "byte 2800: unknown record type, or one out of place",
    );
}

#[test]
fn f001_an_unknown_record_type_and_a_missing_trailer() {
    let whole = upd(AKITA, 1, &[ANNA]);
    let unknown = changed(&whole, 1400, b"5");
    is_rejected(
        &unknown,
        Code::F001,
        "byte 1400: unknown record type, or one out of place",
    );
    let mut without = whole[..2800].to_vec();
    without.extend_from_slice(&whole[4200..]);
    is_rejected(
        &without,
        Code::F001,
        "byte 2800: unknown record type, or one out of place",
    );
}

#[test]
fn f001_line_ends_that_differ() {
    let whole = upd(AKITA, 1, &[ANNA]);
    let mut mixed = Vec::new();
    for (at, record) in whole.chunks(1400).enumerate() {
        mixed.extend_from_slice(record);
        mixed.extend_from_slice(if at == 1 { b"\n" } else { b"\r\n" });
    }
    is_rejected(&mixed, Code::F001, "byte 2802: the line ends of the records differ");
}

#[test]
fn f002_header_and_trailer() {
    let whole = upd(AKITA, 1, &[ANNA]);
    for (offset, with, detail) in [
        (4, b"02".as_slice(), "byte 4: header field `format_version` is wrong"),
        (14, b"052027", "byte 14: header field `receiver` is wrong"),
        (30, b"20200916", "byte 30: header field `created_at` is wrong"),
        (48, b"3", "byte 48: header field `text_encoding` is wrong"),
        (
            2801,
            b"00000007",
            "byte 2801: the trailer does not count 1 data records",
        ),
        (
            2809,
            b"00",
            "byte 2809: the trailer's hash is not that of the data records",
        ),
    ] {
        is_rejected(&changed(&whole, offset, with), Code::F002, detail);
    }
}

#[test]
fn a_file_that_was_answered_is_answered_again_and_applied_once() {
    let desk = Desk::new();
    let bytes = desk.send(AKITA, 1, &[ANNA]);
    desk.send(NOSHIRO, 1, &[BEN]);
    assert_eq!(desk.run().number("generation_after"), 1);
    let first = answer(&desk, AKITA, 1);
    for round in 1..=3 {
        desk.put(AKITA, &name(AKITA, 1), &bytes);
        let before = desk.leaves().len();
        let pass = desk.run();
        assert_eq!((pass.only().0.as_str(), pass.code), ("duplicate", 0));
        assert_eq!(pass.number("generation_after"), 1);
        assert_eq!(answer(&desk, AKITA, 1), first);
        assert_eq!(desk.waiting(AKITA), Vec::<String>::new());
        // The repetition stands in the ledger once; each package that goes out does every time.
        let acts = desk.acts_since(before);
        let named = format!("duplicate {} permitted", name(AKITA, 1));
        let repeated = acts.iter().filter(|act| **act == named).count();
        assert_eq!(repeated, usize::from(round == 1), "{acts:?}");
        assert_eq!(acts.iter().filter(|act| act.starts_with("outgoing")).count(), 1);
    }
    // The same bytes under another name, twice in one run with a new file beside.
    desk.put(AKITA, "a copy", &bytes);
    desk.put(AKITA, "another copy", &bytes);
    desk.send(AKITA, 2, &[CHIE]);
    let pass = desk.run();
    let mut outcomes: Vec<_> = pass.json["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["outcome"].clone())
        .collect();
    outcomes.sort_by_key(ToString::to_string);
    assert_eq!(outcomes, ["duplicate", "duplicate", "processed"]);
    assert_eq!(desk.waiting(AKITA), Vec::<String>::new());
    assert_eq!(answer(&desk, AKITA, 1), first);
}

#[test]
fn the_same_bytes_twice_in_one_run() {
    let desk = Desk::new();
    let bytes = desk.send(AKITA, 1, &[ANNA]);
    desk.put(AKITA, "copy", &bytes);
    let rejected = changed(&upd(NOSHIRO, 1, &[BEN]), 4, b"02");
    desk.put(NOSHIRO, &name(NOSHIRO, 1), &rejected);
    desk.put(NOSHIRO, "copy", &rejected);
    let pass = desk.run();
    let fates: Vec<String> = pass.json["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| {
            format!(
                "{} {}",
                file["folder"].as_str().unwrap(),
                file["outcome"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        fates,
        [
            "052019 processed",
            "052019 duplicate",
            "052027 rejected",
            "052027 duplicate"
        ]
    );
    let answers: Vec<_> = pass.json["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["answer"].clone())
        .collect();
    assert_eq!((&answers[0], &answers[2]), (&answers[1], &answers[3]));
    let out: Vec<String> = desk
        .state()
        .outgoing
        .keys()
        .filter(|path| path.contains("RES"))
        .cloned()
        .collect();
    assert_eq!(out.len(), 2, "one answer each: {out:?}");
}

#[test]
fn bad_records_are_answered_with_record_item_and_offset() {
    let desk = Desk::new();
    let mut row = entry(AKITA, ANNA);
    assert!(row.set(sekisho::domain::item::Item::JuminCode, "24727059607"));
    let bytes = upd_of(&head(AKITA, 1), &[row, entry(AKITA, BEN), entry(NOSHIRO, CHIE)]);
    desk.put(AKITA, &name(AKITA, 1), &bytes);
    let before = desk.leaves().len();
    let pass = desk.run();
    assert_eq!(pass.code, 1);
    let file = &pass.json["files"][0];
    assert_eq!(file["counts"]["rejected"], 2);
    assert_eq!(file["counts"]["applied"], 1);
    let received = format!(
        "received {} partly applied=1 applied_with_warning=0 duplicate=0 rejected=2",
        name(AKITA, 1)
    );
    assert!(
        desk.acts_since(before).contains(&received),
        "{:?}",
        desk.acts_since(before)
    );
    let package = desk
        .root()
        .join("out")
        .join(AKITA)
        .join(file["answer"].as_str().unwrap());
    // The answer says which record, which item, where in the file.
    let keys = desk.path("akita.keys");
    let secrets = &desk.parties[AKITA];
    write_keys(&keys, secrets);
    let text = desk.must(&[
        "open",
        package.to_str().unwrap(),
        "--keys",
        keys.to_str().unwrap(),
        "--as",
        "csv",
    ]);
    let lines: Vec<&str> = text.lines().collect();
    let at = |name: &str| {
        lines[0]
            .trim_start_matches('\u{feff}')
            .split(',')
            .position(|column| column == name)
            .unwrap()
    };
    let line = |no: usize, name: &str| lines[no].split(',').nth(at(name)).unwrap().to_owned();
    assert_eq!(lines.len(), 4);
    for (no, record, outcome, code, item, offset, length) in [
        (1, "00000001", "R", "C001", "01", "00001401", "0011"),
        (2, "00000002", "A", "", "", "", ""),
        (3, "00000003", "R", "C010", "14", "00005251", "0006"),
    ] {
        let got = ["record_no", "outcome", "code", "item_no", "byte_offset", "byte_length"].map(|name| line(no, name));
        let number = |text: &str| text.trim_start_matches('0').to_owned();
        let want = [record, outcome, code, item, offset, length];
        assert_eq!(got.map(|text| number(&text)), want.map(number), "line {no}");
    }
    assert_eq!(line(1, "message"), finding::row(Code::C001).ja);
}

/// A key file of a party with its unlock key beside it.
fn write_keys(path: &std::path::Path, secrets: &sekisho::seal::keys::PartySecrets) {
    use rand_core::SeedableRng as _;
    use sekisho::ports::Disk as _;
    use sekisho::seal::keys::{Unlock, generate_unlock_key, unlock_key_file};
    let mut rng = chacha20::ChaCha20Rng::from_seed([99; 32]);
    let key = generate_unlock_key(&mut rng);
    let unlock = path.with_extension("keys.unlock");
    let text = unlock_key_file(&key);
    let bytes = secrets.to_file_bytes(&Unlock::Key(key), &mut rng).unwrap();
    for (path, bytes) in [(path, bytes.as_slice()), (unlock.as_path(), text.as_bytes())] {
        let mut file = sekisho::os::disk::RealDisk.create(path).unwrap();
        file.write_all(bytes).unwrap();
    }
}

#[test]
fn the_national_body_acknowledges_its_notices() {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    let pass = desk.run();
    assert_eq!(pass.json["notices"]["records"], 1);
    let status = desk.json(&["status"], 0);
    assert_eq!(status["unacknowledged"][0]["serial"], 1);
    // What is kept is what the national body opens; its plain hash, by which a short file could be guessed, stands nowhere.
    let path = format!("out/{NATIONAL}/NTF-{OWN}-{NATIONAL}-00000001.dat.seki");
    let bytes = std::fs::read(desk.root().join(&path)).unwrap();
    let mut plain = Vec::new();
    desk.look(|site| plain = state::open(site, &desk.parties, &path, &bytes));
    desk.look(|site| assert_eq!(sekisho::run::pass::notice_hash(site, 1).unwrap(), sha256(&plain)));
    for manifest in crate::desk::names(&desk.root().join("store/manifests")) {
        let text = std::fs::read_to_string(desk.root().join("store/manifests").join(manifest)).unwrap();
        assert!(
            !text.contains(&sekisho::seal::digest::to_hex(&sha256(&plain))),
            "{text}"
        );
    }
    assert!(ParsedFile::parse(&plain, &Layouts::builtin().unwrap(), HashRule::Required).is_ok());

    // One that names no notice of ours consumes its serial and confirms nothing.
    let (other, bytes) = res(1, [7; 32]);
    desk.put(NATIONAL, &other, &bytes);
    let pass = desk.run();
    assert_eq!(
        pass.file(&other),
        ("processed".to_owned(), "names no open notice of this site".to_owned())
    );
    assert_eq!(desk.json(&["status"], 0)["unacknowledged"].as_array().unwrap().len(), 1);

    let (right, bytes) = res(2, sha256(&plain));
    desk.put(NATIONAL, &right, &bytes);
    let before = desk.leaves().len();
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("acknowledged", 0));
    assert!(
        desk.acts_since(before)
            .contains(&format!("acknowledged {right} permitted ntf_serial=1"))
    );
    assert_eq!(desk.json(&["status"], 0)["unacknowledged"].as_array().unwrap().len(), 0);

    // Again and again: a duplicate without an answer, taken off the folder every time.
    for round in 1..=3 {
        desk.put(NATIONAL, &right, &bytes);
        let before = desk.leaves().len();
        let pass = desk.run();
        assert_eq!((pass.only().0.as_str(), pass.code), ("duplicate", 0));
        assert_eq!(desk.waiting(NATIONAL), Vec::<String>::new(), "round {round}");
        let named = format!("duplicate {right} permitted");
        let repeated = desk.acts_since(before).iter().filter(|act| **act == named).count();
        assert_eq!(repeated, usize::from(round == 1));
    }
    let bad = changed(&res(3, [7; 32]).1, 4, b"02");
    desk.put(NATIONAL, &res(3, [7; 32]).0, &bad);
    // A RES is never answered: what is wrong with it is held.
    assert_eq!(desk.run().only().0, "held F002");
}
