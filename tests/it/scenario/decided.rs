//! Held files that a person decides on: released into the next run, or given up.

use crate::desk::Desk;
use crate::desk::files::*;

fn only_id(desk: &Desk) -> String {
    let list = desk.json(&["held", "list"], 3);
    assert_eq!(list.as_array().unwrap().len(), 1, "{list}");
    list[0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_released_file_goes_through_every_check_again() {
    let mut desk = Desk::new();
    desk.send("052094", 1, &[ANNA]);
    assert_eq!(desk.run().only().0, "held H03");
    let id = only_id(&desk);
    // Released too early: the cause is still there, and the run says so.
    desk.must(&["held", "release", &id, "--business-date", DAY]);
    assert_eq!(desk.json(&["held", "list"], 3)[0]["released"], true);
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("held H03", 3));
    assert_eq!(
        desk.json(&["held", "list"], 3)[0]["released"],
        false,
        "one decision, one run"
    );
    let secrets = secrets("052094", 60);
    let sealing = secrets.public_sealing_keys()[0].text();
    desk.must(&[
        "party",
        "add",
        "052094",
        "--kind",
        "municipality",
        "--name",
        "鹿角市",
        "--sends",
        "UPD",
        "--from",
        "2002-08-05",
        "--sealing-key",
        &sealing,
        "--business-date",
        DAY,
    ]);
    desk.must(&["held", "release", &id, "--business-date", DAY]);
    let pass = desk.run();
    assert_eq!((pass.only().0.as_str(), pass.code), ("processed", 0));
    desk.parties.insert("052094", secrets);
    assert_eq!(desk.state().spool.len(), 0);
}

#[test]
fn a_dropped_file_is_given_up_but_not_lost() {
    let desk = Desk::new();
    desk.send("052094", 1, &[ANNA]);
    assert_eq!(desk.run().code, 3);
    let id = only_id(&desk);
    let before = desk.leaves().len();
    desk.must(&["held", "drop", id.split_at(8).0, "--business-date", DAY]);
    let acts = desk.acts_since(before);
    assert!(
        acts.contains(&format!("dropped {} permitted H03", name("052094", 1))),
        "{acts:?}"
    );
    let state = desk.state();
    assert_eq!((state.held.len(), state.spool.len(), state.archive.len()), (0, 0, 1));
    assert_eq!(desk.run().code, 0);
    assert_eq!(desk.fault(&["held", "drop", &id], 2)["fault"], "HeldUnknown");
    assert_eq!(desk.fault(&["held", "show", "feed"], 2)["fault"], "HeldUnknown");
    assert_eq!(desk.fault(&["held", "show", ""], 2)["fault"], "HeldUnknown");
    // It may come again, and is held again.
    desk.send("052094", 1, &[ANNA]);
    assert_eq!(desk.run().only().0, "held H03");
    desk.must(&["held", "drop", &only_id(&desk), "--business-date", DAY]);
    assert_eq!(desk.state().archive.len(), 1, "the same file, the same place");
}

#[test]
fn a_file_in_its_place_can_be_neither_released_nor_dropped() {
    let desk = Desk::new();
    desk.put(AKITA, &name(AKITA, 1), &upd(AKITA, 1, &[ANNA])[..1400]);
    assert_eq!(desk.run().only().0, "held H01");
    let id = only_id(&desk);
    for decision in ["release", "drop"] {
        let fault = desk.fault(&["held", decision, &id, "--business-date", DAY], 4);
        assert_eq!(fault["fault"], "HeldNotReleasable");
        assert!(!fault["todo"].as_str().unwrap().is_empty());
    }
    assert_eq!(desk.waiting(AKITA).len(), 1);
}

#[test]
fn a_conflict_can_only_be_dropped() {
    let desk = Desk::new();
    desk.send(AKITA, 1, &[ANNA]);
    desk.run();
    desk.send(AKITA, 1, &[BEN]);
    assert_eq!(desk.run().only().0, "held H06");
    let id = only_id(&desk);
    assert_eq!(desk.fault(&["held", "release", &id], 4)["fault"], "HeldNotReleasable");
    desk.must(&["held", "drop", &id, "--business-date", DAY]);
    assert_eq!(desk.json(&["held", "list"], 0), serde_json::json!([]));
}
