//! `ledger list`, `show`, `checkpoint`.

use sekisho::seal::digest::to_hex as hex;

use super::town::{LEAVES_EACH, PLAIN, Town};

/// Init, register, and the leaves of three commits.
const SIZE: u64 = 2 + 3 * LEAVES_EACH;

fn indices(list: &serde_json::Value) -> Vec<u64> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|row| row["index"].as_u64().unwrap())
        .collect()
}

#[test]
fn the_list_can_be_narrowed() {
    let town = Town::new();
    assert_eq!(indices(&town.json(&["ledger", "list"])), (0..SIZE).collect::<Vec<_>>());
    assert_eq!(indices(&town.json(&["ledger", "list", "--from", "12"])), [12, 13]);
    assert_eq!(indices(&town.json(&["ledger", "list", "--last", "1"])), [SIZE - 1]);
    assert_eq!(indices(&town.json(&["ledger", "list", "--act", "applied"])), [4, 8, 12]);
    assert_eq!(
        indices(&town.json(&["ledger", "list", "--act", "applied", "--last", "2"])),
        [8, 12]
    );
    assert_eq!(
        indices(&town.json(&["ledger", "list", "--act", "applied", "--from", "5"])),
        [8, 12]
    );
    assert_eq!(town.json(&["ledger", "list", "--act", "erased"]), serde_json::json!([]));
    assert_eq!(town.json(&["ledger", "list", "--from", "99"]), serde_json::json!([]));
    assert_eq!(town.run(&["ledger", "list", "--act", "nothing"]).code(), 2);
}

#[test]
fn the_list_says_in_words_what_was_done() {
    let town = Town::new();
    let en = town.run(&["ledger", "list"]).good();
    let ja = town.run(&["--lang", "ja", "ledger", "list"]).good();
    assert_eq!(
        (en.lines().count() as u64, ja.lines().count() as u64),
        (SIZE + 1, SIZE + 1)
    );
    assert!(en.contains("received permitted UPD-052019-050008-00000001.dat"), "{en}");
    assert!(ja.contains("受信 済 UPD-052019-050008-00000001.dat"), "{ja}");
    // The list shows the public part: for whom a package is stands in none of its lines.
    let package = en.lines().find(|line| line.contains("outgoing")).unwrap();
    assert!(package.contains("99 bytes") && !package.contains("RES"), "{package}");
}

#[test]
fn one_leaf_shows_its_private_part() {
    let town = Town::new();
    let received = town.json(&["ledger", "show", "2"]);
    assert_eq!((&received["log"], &received["index"]), (&"2020".into(), &2.into()));
    assert_eq!(received["public"]["plain_sha256"], serde_json::Value::Null);
    assert_eq!(received["whole"]["plain_sha256"], hex(&PLAIN));
    let package = town.json(&["ledger", "show", "3"]);
    assert_eq!(package["public"]["file"], serde_json::Value::Null);
    assert_eq!(package["whole"]["file"]["receiver"], "052019");
    // The salt stays where it is.
    assert_eq!(package["whole"]["salt"], serde_json::Value::Null);
    assert_eq!(town.json(&["ledger", "show", "4"])["whole"], serde_json::Value::Null);
    let en = town.run(&["ledger", "show", "2"]).good();
    let private: Vec<&str> = en.lines().filter(|line| line.ends_with("(private)")).collect();
    assert_eq!(private.len(), 1, "{en}");
    assert!(private[0].contains(&hex(&PLAIN)));
    let ja = town.run(&["--lang", "ja", "ledger", "show", "3"]).good();
    assert!(
        ja.contains("（非公開部）") && ja.contains("name=RES-050008-052019-00000001.dat"),
        "{ja}"
    );
    let fault = town.fails(&["ledger", "show", "99"], 2);
    assert_eq!(
        (&fault["fault"], &fault["args"]["index"]),
        (&"LeafUnknown".into(), &"99".into())
    );
}

#[test]
fn the_checkpoint_is_printed_byte_by_byte() {
    let town = Town::new();
    let stored = std::fs::read_to_string(town.path("ledger/2020/checkpoint")).unwrap();
    assert_eq!(town.run(&["ledger", "checkpoint"]).good(), stored);
    let json = town.json(&["ledger", "checkpoint"]);
    assert_eq!((&json["note"], &json["size"]), (&stored.clone().into(), &SIZE.into()));
    assert!(stored.starts_with("sekisho/050008/2020\n14\n"));
}
