//! The register of parties: the CSV that an operator imports, and the chain of lines that is kept.

use sekisho::domain::instant::Instant;
use sekisho::format::register::{PartyText, RegisterLine, parse_parties_csv};
use sekisho::store::registers::Parties;

use super::{Target, line_within, plain};

pub(crate) const PARTIES: Target = Target {
    name: "parties",
    check: parties,
    seeds: || {
        let csv = CSV.as_bytes().to_vec();
        let chain = chain_of(CSV.as_bytes()).unwrap();
        let first = chain.text().lines().next().unwrap().as_bytes().to_vec();
        vec![csv, chain.text().as_bytes().to_vec(), first]
    },
    words: &[
        "municipality",
        "department",
        "national",
        "body",
        "self",
        "UPD",
        "EXT",
        "INQ",
        "RES",
        "NRS",
        "\"no\":",
        "\"prev\":\"",
        "\"time\":\"",
        "\"party\":{",
        "\\u001b",
        "\u{1b}[2J",
        "20020805",
        "20991231",
        "052019",
        "\"\"",
    ],
};

const CSV: &str = "party_id,kind,name,kinds,text_encoding,active_from,active_to,hash_optional,predecessor_codes,plain_allowed,gaiji_table,signing_key,sealing_key\n\
    N0000001,national,全国,RES NRS,2,20020805,20991231,0,,1,,,\n\
    052019,municipality,秋田市,UPD EXT,1,20020805,20991231,1,053236,0,akita.csv,,\n\
    D1,department,\"課, \"\"甲\"\"\",INQ,1,20020805,20991231,,,,,,\n";

fn chain_of(csv: &[u8]) -> Option<Parties> {
    let mut chain = Parties::empty();
    let time = Instant::parse("20200914090000000").unwrap();
    for party in parse_parties_csv(csv).ok()? {
        chain.add(party, time).expect("what was imported can be kept");
    }
    Some(chain)
}

fn parties(data: &[u8]) {
    match parse_parties_csv(data) {
        Ok(parties) => {
            for party in &parties {
                assert_eq!(PartyText::of(party).check().as_ref(), Ok(party));
                assert!(!party.name.chars().any(char::is_control));
            }
            let chain = chain_of(data).unwrap();
            let again = Parties::parse(chain.text()).expect("what was kept can be read");
            assert_eq!((again.lines(), again.head()), (chain.lines(), chain.head()));
            assert!(parties.iter().all(|party| again.get(party.id) == Some(party)));
        }
        Err(fault) => {
            line_within(data, fault.line);
            plain(&fault);
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Parties::parse(text) {
        Ok(register) => assert_eq!(register.text().trim_end_matches('\n'), text.trim_end_matches('\n')),
        Err(fault) => drop(plain(&fault)),
    }
    if let Err(fault) = RegisterLine::parse(text, 1) {
        plain(&fault);
    }
}
