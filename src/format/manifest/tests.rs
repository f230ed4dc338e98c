//! One text per value, versions, impossible values, damage.

use super::*;
use crate::domain::ids::PartyId;
use crate::domain::party::FileKind;

fn run(table: Table, name: u8) -> RunRef {
    RunRef {
        table,
        name: RunName::from_bytes([name; 16]),
        rows: 3,
        len_bytes: 1000,
        sha256: Hash32([9; 32]),
        wrapped_key: Hex(vec![0xAB, 0x01]),
    }
}

fn manifest() -> Manifest {
    Manifest {
        format: FORMAT_VERSION,
        commit: 2,
        generation: 1,
        business_date: BusinessDate::parse("20200914").unwrap(),
        created_at: Instant::parse("20200914220000000").unwrap(),
        parent: Some(Hash32([1; 32])),
        counts: Counts {
            residents: 2,
            removed: 1,
            ..Counts::default()
        },
        roots: Roots {
            current: Hash32([2; 32]),
            history: Hash32([3; 32]),
        },
        root_states: SealedStates {
            wrapped_key: Hex(vec![1]),
            sealed: Hex(vec![2]),
        },
        rules: Hash32([4; 32]),
        layouts: Hash32([5; 32]),
        runs: vec![run(Table::Current, 1), run(Table::Current, 2), run(Table::Numbers, 3)],
        exchange: {
            let mut exchange = ExchangeState::default();
            exchange.consume_inbound(PartyId::parse("052019").unwrap(), FileKind::Upd, 6);
            exchange
        },
    }
}

#[test]
fn manifests_read_back_and_name_their_fields() {
    let bytes = manifest().bytes().unwrap();
    assert_eq!(Manifest::parse(&bytes), Ok(manifest()));
    let text = String::from_utf8(bytes).unwrap();
    for line in [
        "{\n  \"format\": 1,\n  \"commit\": 2,\n  \"generation\": 1,\n  \"business_date\": \"20200914\",\n",
        "      \"wrapped_key\": \"ab01\"\n",
        "      \"table\": \"numbers\",\n      \"name\": \"03030303030303030303030303030303\",\n",
        "        \"party\": \"052019\",\n        \"kind\": \"UPD\",\n        \"next\": 7\n",
    ] {
        assert!(text.contains(line), "{line} not in {text}");
    }
    assert!(text.ends_with("}\n"));
    assert_eq!(manifest().runs_of(Table::Current).count(), 2);
    assert_eq!(manifest().counts.entries(), 3);
}

#[test]
fn every_changed_byte_is_refused_or_another_value() {
    let bytes = manifest().bytes().unwrap();
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        if let Ok(read) = Manifest::parse(&bad) {
            assert_ne!(read, manifest(), "byte {at}");
        }
    }
}

#[test]
fn one_value_has_one_text() {
    let text = String::from_utf8(manifest().bytes().unwrap()).unwrap();
    for (from, to) in [
        ("\"commit\": 2", "\"commit\":  2"),
        ("}\n", "}\n\n"),
        (
            "  \"commit\": 2,\n  \"generation\": 1,\n",
            "  \"generation\": 1,\n  \"commit\": 2,\n",
        ),
    ] {
        let other = text.replace(from, to);
        assert_ne!(other, text);
        assert_eq!(Manifest::parse(other.as_bytes()), Err(ManifestFault::Form), "{from}");
    }
    let unknown = text.replace("\"commit\"", "\"extra\": 1, \"commit\"");
    assert!(matches!(
        Manifest::parse(unknown.as_bytes()),
        Err(ManifestFault::Syntax { .. })
    ));
    let newer = text
        .replace("\"format\": 1", "\"format\": 2")
        .replace("\"commit\"", "\"extra\": 1, \"commit\"");
    assert_eq!(
        Manifest::parse(newer.as_bytes()),
        Err(ManifestFault::Version { got: 2 })
    );
}

#[test]
fn impossible_values_are_refused() {
    let refused = |change: &dyn Fn(&mut Manifest)| {
        let mut bad = manifest();
        change(&mut bad);
        match Manifest::parse(&bad.bytes().unwrap()) {
            Err(ManifestFault::Value { field }) => field,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&|m| m.commit = 0), "commit");
    assert_eq!(refused(&|m| m.commit = MAX_COMMIT + 1), "commit");
    assert_eq!(refused(&|m| m.generation = 3), "generation");
    assert_eq!(refused(&|m| m.parent = None), "parent");
    assert_eq!(refused(&|m| m.runs.reverse()), "runs");
    assert_eq!(refused(&|m| m.runs[1].name = RunName::from_bytes([1; 16])), "run name");
    for name in [
        "../../../../../../../etc/passwd12",
        "ABCDEF00000000000000000000000000",
        "00",
    ] {
        assert!(RunName::parse(name).is_none(), "{name}");
        let text = String::from_utf8(manifest().bytes().unwrap()).unwrap();
        let bad = text.replace("03030303030303030303030303030303", name);
        assert!(
            matches!(Manifest::parse(bad.as_bytes()), Err(ManifestFault::Syntax { .. })),
            "{name}"
        );
    }
}

#[test]
fn pointers_read_back_and_show_every_changed_byte() {
    let pointer = Pointer {
        commit: 12,
        manifest: Hash32([0xA5; 32]),
        ledger: "2020 17 root".to_owned(),
    };
    let text = pointer.text().unwrap();
    assert!(text.starts_with("sekisho current 1\ncommit 12\nmanifest a5a5"));
    assert_eq!(Pointer::parse(text.as_bytes()), Ok(pointer.clone()));
    for at in 0..text.len() {
        for flip in [1, 0x20, 0x80] {
            let mut bad = text.clone().into_bytes();
            bad[at] ^= flip;
            assert!(Pointer::parse(&bad).is_err(), "byte {at}");
        }
        assert!(Pointer::parse(&text.as_bytes()[..at]).is_err(), "length {at}");
    }
    assert!(Pointer::parse(format!("{text}\n").as_bytes()).is_err());
    let with_line = Pointer {
        ledger: "a\nb".to_owned(),
        ..pointer.clone()
    };
    assert_eq!(with_line.text(), Err(PointerFault::Line { line: 4 }));
    assert_eq!(
        Pointer { commit: 0, ..pointer }.text(),
        Err(PointerFault::Line { line: 2 })
    );
}
