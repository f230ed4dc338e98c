//! The whole site put back to an older copy, or continued from one: it is sound in itself, and only a witness tells.

use sekisho::domain::fault::{Fault, FaultId};
use sekisho::run::witness::against;

use super::*;
use crate::desk::Desk;
use crate::desk::memory::look;

const PROOF: &str = "out/052019/RES-050008-052019-00000002.dat.seki.tlog-proof";

/// What the witnesses in these files say of the site.
fn witnessed(disk: &MemoryDisk, files: &[&str]) -> Result<Vec<u64>, Fault> {
    let machine = Machine::new(7);
    let site = Examined::open(machine.tools(disk), Path::new(ROOT), unlocking())?;
    let files: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
    Ok(against(&site, &files)?.into_iter().map(|seen| seen.size).collect())
}

fn arg(fault: &Fault, name: &str) -> String {
    let found = fault.args().iter().find(|(arg, _)| *arg == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Entries of the site's ledger.
fn leaves(disk: &MemoryDisk) -> Vec<Vec<u8>> {
    look(disk, |site| site.ledger.entries(0..site.ledger.tip().size).unwrap())
}

#[test]
fn a_site_put_back_is_found_by_any_witness_and_so_is_one_that_went_on_otherwise() {
    let site = first_day();
    let old = copy(&site);
    deliver_second(&site);
    pass_on(&site.disk, 3).unwrap();
    let (early, late) = (leaves(&old.disk).len() as u64, leaves(&site.disk).len() as u64);
    let checkpoints = [(&old.disk, "/early"), (&site.disk, "/late")];
    let witnesses: Vec<(&str, Vec<u8>)> = checkpoints
        .into_iter()
        .map(|(disk, path)| (path, read(disk, "ledger/2020/checkpoint")))
        .chain([("/proof", read(&site.disk, PROOF))])
        .collect();
    let give = |disk: &MemoryDisk| {
        for (path, bytes) in &witnesses {
            disk.put(Path::new(path), bytes).unwrap();
        }
    };
    // The proof was made before the closing leaves of its commit.
    give(&site.disk);
    let sizes = witnessed(&site.disk, &["/late", "/proof", "/early"]).unwrap();
    assert_eq!((sizes.len(), sizes[0], sizes[2]), (3, early, late));
    assert!(sizes[1] > early && sizes[1] < late);

    // Put back: sound in itself.
    assert_eq!(first_bad(&old.disk, Depth::Full), None);
    give(&old.disk);
    assert_eq!(witnessed(&old.disk, &["/early"]).unwrap(), [early]);
    for (witness, saw) in [("/late", late), ("/proof", sizes[1])] {
        let fault = witnessed(&old.disk, &[witness]).unwrap_err();
        assert_eq!((fault.id, fault.class().exit_code()), (FaultId::LedgerRolledBack, 8));
        assert_eq!(
            (arg(&fault, "has"), arg(&fault, "saw")),
            (early.to_string(), saw.to_string())
        );
    }

    // Put back and gone on: the same files, but another day's clock and salts, and one file more.
    let fork = copy(&old);
    deliver_second(&fork);
    fork.put(AKITA, &name(AKITA, 3), &upd(AKITA, 3, &[EMI]));
    pass_on(&fork.disk, 33).unwrap();
    give(&fork.disk);
    assert_eq!(first_bad(&fork.disk, Depth::Full), None);
    let (theirs, ours) = (leaves(&site.disk), leaves(&fork.disk));
    let differs = theirs.iter().zip(&ours).position(|(a, b)| a != b).unwrap() as u64;
    assert!(differs >= early);
    let place = |witnesses: &[&str]| {
        let fault = witnessed(&fork.disk, witnesses).unwrap_err();
        assert_eq!((fault.id, fault.class().exit_code()), (FaultId::LedgerForked, 8));
        (
            arg(&fault, "from").parse::<u64>().unwrap(),
            arg(&fault, "to").parse::<u64>().unwrap(),
        )
    };
    assert_eq!(place(&["/late"]), (0, late - 1));
    assert_eq!(place(&["/late", "/early"]), (early, late - 1));
    let (from, to) = place(&["/proof"]);
    assert!(
        from <= differs && differs <= to && to < sizes[1],
        "{from}..{to}, {differs}"
    );
    assert_eq!(witnessed(&fork.disk, &["/early"]).unwrap(), [early]);
}

#[test]
fn a_witness_of_another_ledger_is_refused() {
    let site = first_day();
    let note = String::from_utf8(read(&site.disk, "ledger/2020/checkpoint")).unwrap();
    let own = look(&site.disk, |site| {
        site.secrets.ledger_signer.named("sekisho/050008/ledger").unwrap()
    });
    let other = sekisho::seal::notesign::NoteSigner::new("sekisho/050008/ledger", &[3; 32]).unwrap();
    let text = note.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let resigned = other
        .named("sekisho/050008/2020")
        .unwrap()
        .sign(&text)
        .unwrap()
        .to_text();
    let elsewhere = text.replacen("sekisho/050008/2020", "sekisho/060003/2020", 1);
    let elsewhere = own
        .named("sekisho/060003/2020")
        .unwrap()
        .sign(&elsewhere)
        .unwrap()
        .to_text();
    for (bytes, word) in [
        (resigned, ""),
        (elsewhere, "sekisho/060003/2020"),
        ("nothing of ours".to_owned(), ""),
        (note.replacen('=', "", 1), ""),
    ] {
        site.disk.put(Path::new("/w"), bytes.as_bytes()).unwrap();
        let fault = witnessed(&site.disk, &["/w"]).unwrap_err();
        assert_eq!((fault.id, fault.class().exit_code()), (FaultId::WitnessWrong, 4));
        assert!(arg(&fault, "why").contains(word), "{fault:?}");
    }
    // A log that is not there at all was lost, too.
    let next = text.replacen("/2020\n", "/2021\n", 1);
    let next = own.named("sekisho/050008/2021").unwrap().sign(&next).unwrap().to_text();
    site.disk.put(Path::new("/w"), next.as_bytes()).unwrap();
    assert_eq!(
        witnessed(&site.disk, &["/w"]).unwrap_err().id,
        FaultId::LedgerRolledBack
    );
}

#[test]
fn the_command_takes_a_checkpoint_or_a_proof() {
    let desk = Desk::new();
    desk.put(AKITA, &name(AKITA, 1), &upd(AKITA, 1, &[ANNA]));
    desk.run();
    let saved = desk.root().with_extension("saved");
    std::fs::write(&saved, desk.program(&["ledger", "checkpoint"]).out()).unwrap();
    let (saved, proof) = (
        saved.to_str().unwrap(),
        desk.root()
            .join("out/052019/RES-050008-052019-00000001.dat.seki.tlog-proof"),
    );
    let ran = desk.program(&[
        "ledger",
        "verify",
        "--witness",
        saved,
        "--witness",
        proof.to_str().unwrap(),
    ]);
    assert_eq!(ran.code(), 0, "{}", ran.err());
    let json = desk.json(&["ledger", "verify", "--witness", saved], 0);
    assert_eq!(json["witnesses"].as_array().unwrap().len(), 1);
    // A later one, made by the same key on a copy of the site, as if this site had been put back.
    let later = std::fs::read_to_string(saved).unwrap();
    let size = json["witnesses"][0]["size"].as_u64().unwrap();
    let mut signer = None;
    desk.look(|site| signer = Some(site.secrets.ledger_signer.named("sekisho/050008/ledger").unwrap()));
    let signer = signer.unwrap();
    let text = later.split_once("\n\n").unwrap().0.to_owned() + "\n";
    let text = text.replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 3), 1);
    let origin = text.lines().next().unwrap().to_owned();
    let note = signer.named(&origin).unwrap().sign(&text).unwrap().to_text();
    std::fs::write(saved, note).unwrap();
    let ran = desk.program(&["ledger", "verify", "--witness", saved]);
    assert_eq!(ran.code(), 8);
    let words = format!("this site's ledger has {size} leaves in log 2020");
    assert!(
        ran.err().contains(&words) && ran.err().contains(&format!("saw {}", size + 3)),
        "{}",
        ran.err()
    );
    assert_eq!(
        desk.json(&["ledger", "verify", "--witness", saved], 8)["bad"],
        serde_json::Value::Null
    );
}
