//! Leaves against texts written by hand from the format page.

use super::*;

fn time() -> Instant {
    Instant::parse("20200914093000123").unwrap()
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

const A: [u8; 32] = [0xaa; 32];
const AA: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn full() -> Leaf {
    let mut leaf = Leaf::new(Act::Applied, time());
    leaf.business_date = BusinessDate::parse("20200914");
    leaf.run = Some(label("r1"));
    leaf.actor = Some(label("op1"));
    leaf.role = Some(label("operator"));
    leaf.terminal = Some(label("t1"));
    leaf.signature = Some([0x11; 64]);
    leaf.outcome = Some(Outcome::Partly);
    leaf.reason = Some(label("L101"));
    leaf.purpose = Some(label("T5-1"));
    leaf.application = Some(label("住第１号"));
    leaf.approver = Some(label("boss"));
    leaf.file = Some(FileFacts {
        kind: Some(FileKind::Upd),
        sender: PartyId::parse("052019"),
        receiver: PartyId::parse("050008"),
        serial: Some(7),
        size: Some(1000),
        records: Some(2),
        hash: Some(FileHash::Keyed(A)),
        ..FileFacts::named(label("UPD_052019"))
    });
    leaf.inputs = vec![FileFacts::named(label("x"))];
    leaf.package = Some(A);
    leaf.size = Some(9);
    leaf.counts = [(label("refused"), 1), (label("applied"), 2)].into();
    leaf.items = vec![2, 7];
    let generation = |number| GenerationName {
        number,
        current: A,
        history: A,
    };
    leaf.generation_before = Some(generation(1));
    leaf.generation_after = Some(generation(2));
    leaf.layout_hash = Some(A);
    leaf.rules_hash = Some(A);
    leaf.heads = [(label("parties"), A)].into();
    leaf.medium = Some(label("m1"));
    leaf.key_id = Some(label("k1"));
    leaf.subjects = Some(Subjects { count: 3, root: A });
    leaf
}

#[test]
fn a_full_leaf_has_the_fields_in_the_order_of_the_page() {
    let bytes = full().encode(None).unwrap();
    let want = format!(
        "{{\"v\":1,\"act\":\"applied\",\"time\":\"20200914093000123\",\"business_date\":\"2020-09-14\",\"run\":\"r1\",\
         \"actor\":\"op1\",\"role\":\"operator\",\"terminal\":\"t1\",\"signature\":\"{}\",\"outcome\":\"partly\",\
         \"reason\":\"L101\",\"purpose\":\"T5-1\",\"application\":\"住第１号\",\"approver\":\"boss\",\
         \"file\":{{\"name\":\"UPD_052019\",\"kind\":\"UPD\",\"sender\":\"052019\",\"receiver\":\"050008\",\"serial\":7,\
         \"size\":1000,\"records\":2,\"hash\":\"keyed:{AA}\"}},\"inputs\":[{{\"name\":\"x\"}}],\"package\":\"{AA}\",\
         \"size\":9,\"counts\":{{\"applied\":2,\"refused\":1}},\"items\":[2,7],\
         \"generation_before\":{{\"number\":1,\"current\":\"{AA}\",\"history\":\"{AA}\"}},\
         \"generation_after\":{{\"number\":2,\"current\":\"{AA}\",\"history\":\"{AA}\"}},\"layout_hash\":\"{AA}\",\
         \"rules_hash\":\"{AA}\",\"heads\":{{\"parties\":\"{AA}\"}},\"medium\":\"m1\",\"key_id\":\"k1\",\
         \"subjects\":{{\"count\":3,\"root\":\"{AA}\"}}}}",
        "11".repeat(64)
    );
    assert_eq!(String::from_utf8(bytes.public.clone()).unwrap(), want);
    assert_eq!(bytes.private, None);
    assert_eq!(Leaf::parse(&bytes.public), Ok(full()));
}

#[test]
fn an_outgoing_leaf_shows_package_and_size_only() {
    let mut leaf = full();
    leaf.act = Act::Outgoing;
    let bytes = leaf.encode(Some(&[5; 32])).unwrap();
    let private = bytes.private.unwrap();
    let hash: String = hex(&Sha256::digest(&private));
    assert_eq!(
        String::from_utf8(bytes.public.clone()).unwrap(),
        format!("{{\"v\":1,\"act\":\"outgoing\",\"package\":\"{AA}\",\"size\":9,\"private\":\"{hash}\"}}")
    );
    assert!(
        String::from_utf8(private.clone())
            .unwrap()
            .contains(&format!("\"salt\":\"{}\"", "05".repeat(32)))
    );
    let public = Leaf::parse(&bytes.public).unwrap();
    assert_eq!(public.time, None);
    assert_eq!(public.with_private(&private), Ok(leaf.clone()));
    // Another salt, another private part: content cannot be guessed from the public hash.
    let other = leaf.encode(Some(&[6; 32])).unwrap();
    assert_ne!(other.public, bytes.public);
    assert_eq!(public.with_private(&other.private.unwrap()), Err(LeafError::Private));
    let missing = |field| LeafError::Missing {
        act: Act::Outgoing,
        field,
    };
    assert_eq!(leaf.encode(None), Err(missing("salt")));
    leaf.size = None;
    assert_eq!(leaf.encode(Some(&[5; 32])), Err(missing("size")));
    leaf.size = Some(1);
    leaf.package = None;
    assert_eq!(leaf.encode(Some(&[5; 32])), Err(missing("package")));
    assert_eq!(
        Leaf::parse(format!("{{\"v\":1,\"act\":\"outgoing\",\"package\":\"{AA}\",\"size\":9}}").as_bytes()),
        Err(missing("private"))
    );
    assert_eq!(
        Leaf::parse(
            format!(
                "{{\"v\":1,\"act\":\"outgoing\",\"purpose\":\"T5\",\"package\":\"{AA}\",\"size\":9,\"private\":\"{AA}\"}}"
            )
            .as_bytes()
        ),
        Err(LeafError::Forbidden {
            act: Act::Outgoing,
            field: "private facts"
        })
    );
}

#[test]
fn a_private_part_for_another_package_is_refused() {
    let mut leaf = Leaf::new(Act::Outgoing, time());
    leaf.package = Some(A);
    leaf.size = Some(9);
    let private = leaf.encode(Some(&[5; 32])).unwrap().private.unwrap();
    let hash: String = hex(&Sha256::digest(&private));
    let forged = format!(
        "{{\"v\":1,\"act\":\"outgoing\",\"package\":\"{}\",\"size\":9,\"private\":\"{hash}\"}}",
        "bb".repeat(32)
    );
    let public = Leaf::parse(forged.as_bytes()).unwrap();
    assert_eq!(public.with_private(&private), Err(LeafError::Private));
}

#[test]
fn the_plain_hash_of_an_inbound_file_is_private() {
    let mut leaf = Leaf::new(Act::Received, time());
    leaf.file = Some(FileFacts::named(label("UPD")));
    leaf.plain_sha256 = Some(A);
    assert!(leaf.needs_salt());
    let bytes = leaf.encode(Some(&[5; 32])).unwrap();
    let text = String::from_utf8(bytes.public.clone()).unwrap();
    assert!(
        text.starts_with("{\"v\":1,\"act\":\"received\",\"time\":\"20200914093000123\",\"file\":{\"name\":\"UPD\"}")
    );
    assert!(!text.contains(AA));
    let private = bytes.private.unwrap();
    assert_eq!(
        String::from_utf8(private.clone()).unwrap(),
        format!(
            "{{\"v\":1,\"act\":\"received\",\"plain_sha256\":\"{AA}\",\"salt\":\"{}\"}}",
            "05".repeat(32)
        )
    );
    assert_eq!(Leaf::parse(&bytes.public).unwrap().with_private(&private), Ok(leaf));
    for (field, text) in [
        ("plain_sha256", format!("\"plain_sha256\":\"{AA}\"")),
        ("salt", format!("\"salt\":\"{AA}\"")),
    ] {
        let text = format!("{{\"v\":1,\"act\":\"held\",\"time\":\"20200914093000123\",{text}}}");
        assert_eq!(
            Leaf::parse(text.as_bytes()),
            Err(LeafError::Forbidden { act: Act::Held, field })
        );
    }
}

#[test]
fn acts_have_their_own_fields() {
    let err = |leaf: &Leaf| leaf.encode(None).unwrap_err();
    let mut leaf = Leaf::new(Act::KeyChange, time());
    leaf.key_before = Some(label("a+1+k"));
    assert_eq!(
        err(&leaf),
        LeafError::Missing {
            act: Act::KeyChange,
            field: "key_after"
        }
    );
    leaf.key_after = leaf.key_before.take();
    assert_eq!(
        err(&leaf),
        LeafError::Missing {
            act: Act::KeyChange,
            field: "key_before"
        }
    );
    leaf.act = Act::Init;
    assert_eq!(
        err(&leaf),
        LeafError::Forbidden {
            act: Act::Init,
            field: "keys"
        }
    );
    let mut leaf = Leaf::new(Act::YearOpened, time());
    assert_eq!(
        err(&leaf),
        LeafError::Missing {
            act: Act::YearOpened,
            field: "checkpoint"
        }
    );
    leaf.checkpoint = Some("note\n".to_owned());
    assert!(leaf.encode(None).is_ok());
    leaf.act = Act::Held;
    assert_eq!(
        err(&leaf),
        LeafError::Forbidden {
            act: Act::Held,
            field: "checkpoint"
        }
    );
    let mut leaf = Leaf::new(Act::Provided, time());
    leaf.items = vec![28, 29];
    assert_eq!(
        err(&leaf),
        LeafError::Forbidden {
            act: Act::Provided,
            field: "items"
        }
    );
    leaf.items.clear();
    leaf.time = None;
    assert_eq!(
        err(&leaf),
        LeafError::Missing {
            act: Act::Provided,
            field: "time"
        }
    );
    let no_time = Leaf::parse(b"{\"v\":1,\"act\":\"held\"}");
    assert_eq!(
        no_time,
        Err(LeafError::Missing {
            act: Act::Held,
            field: "time"
        })
    );
}

#[test]
fn only_the_canonical_text_is_read() {
    let good = "{\"v\":1,\"act\":\"held\",\"time\":\"20200914093000123\",\"run\":\"r\"}";
    assert!(Leaf::parse(good.as_bytes()).is_ok());
    let parse = |from: &str, to: &str| Leaf::parse(good.replace(from, to).as_bytes()).unwrap_err();
    assert_eq!(parse("\"v\":1", "\"v\":2"), LeafError::Version);
    assert_eq!(parse("\"v\":1", "\"v\":10"), LeafError::Version);
    assert_eq!(parse("\"v\":1,\"act\"", "\"v\":1, \"act\""), LeafError::NotCanonical);
    assert_eq!(parse("\"r\"", "\"\\u0072\""), LeafError::NotCanonical);
    assert_eq!(
        parse(",\"run\":\"r\"", ",\"size\":null,\"run\":\"r\"").to_string(),
        "leaf is not in its canonical form"
    );
    assert_eq!(
        Leaf::parse(b"{\"v\":1,\"time\":\"20200914093000123\",\"act\":\"held\"}"),
        Err(LeafError::NotCanonical)
    );
    for (from, to) in [
        ("\"run\"", "\"rum\""),
        ("\"r\"", "null"),
        ("\"r\"", "\"\""),
        ("\"r\"", "7"),
        ("held", "heard"),
        ("2020091", "2020131"),
        (",\"run\":\"r\"}", ",\"run\":\"r\",\"run\":\"r\"}"),
        ("\"r\"}", "\"r\"}x"),
        ("{\"v\":1,", "{"),
    ] {
        assert!(matches!(parse(from, to), LeafError::Malformed { .. }), "{from} {to}");
    }
    let mut long = Leaf::new(Act::Applied, time());
    long.inputs = vec![FileFacts::named(label(&"n".repeat(255))); 250];
    assert!(matches!(long.encode(None), Err(LeafError::TooLong { bytes }) if bytes > 65_535));
    assert_eq!(
        Leaf::parse(&vec![b' '; 65_536]),
        Err(LeafError::TooLong { bytes: 65_536 })
    );
    // The longest that a tile can hold is read, and found to be no leaf.
    assert!(matches!(
        Leaf::parse(&vec![b' '; 65_535]),
        Err(LeafError::Malformed { .. })
    ));
}
