//! Every two-byte code of CP932, against Python, glibc, the WHATWG index and the web platform tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use sekisho::text::cp932;
use sekisho::text::gaiji::GaijiTable;
use sekisho::text::wide::{WideEncoding, WideFault};
use sha2::{Digest, Sha256};

use super::{character_of, code_of, decode, pairs, python};
use crate::shared::shared;

/// Computed by Python 3.11: SHA-256 over `code character` (both %04X) and a line feed, for every code in ascending
/// order that `bytes.decode("cp932")` takes.
const DECODING: &str = "b9c1091f5925d61391623f8a77e4c66c3f7c98375f9439700c5a8119686976cf";
/// Computed by Python from `index-jis0208.txt` (2024-09-18) by the rule of the Encoding Standard (index Shift_JIS
/// pointer: without 8272-8835, the first pointer): SHA-256 over `character code` and a line feed, by character.
const ENCODING: &str = "6ae73cb6389557434608fe1867000964aff65ab2211989b60959efa5e2ca407a";

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn parse_hex(text: &str) -> u32 {
    u32::from_str_radix(text.trim_start_matches("U+").trim_start_matches("0x"), 16).unwrap()
}

#[test]
fn every_assigned_code_comes_back_to_its_party() {
    let mut assigned = 0;
    for code in pairs() {
        let bytes = code.to_be_bytes();
        let Some(_) = character_of(code) else {
            assert_eq!(
                decode(WideEncoding::Cp932, &bytes, &GaijiTable::none()),
                Err(WideFault::Undecodable { at: 0 }),
                "{code:04X}"
            );
            continue;
        };
        assigned += 1;
        let decoded = decode(WideEncoding::Cp932, &bytes, &GaijiTable::none()).unwrap();
        let mut out = Vec::new();
        let lost = cp932::encode_wide(&decoded.text, &decoded.cells, true, &GaijiTable::none(), &mut out);
        let expected: &[u8] = if code == 0x8140 { &[] } else { &bytes };
        assert_eq!((out.as_slice(), lost), (expected, 0), "{code:04X}");
    }
    assert_eq!(assigned, 9_604);
}

/// The same in one field, so that the positions of the marks count.
#[test]
fn all_codes_come_back_from_one_field() {
    let codes = pairs().filter(|code| *code != 0x8140 && character_of(*code).is_some());
    let bytes: Vec<u8> = codes.flat_map(u16::to_be_bytes).collect();
    let decoded = decode(WideEncoding::Cp932, &bytes, &GaijiTable::none()).unwrap();
    assert_eq!(decoded.cells.len(), 1_880 + 398);
    let mut out = Vec::new();
    assert_eq!(
        cp932::encode_wide(&decoded.text, &decoded.cells, true, &GaijiTable::none(), &mut out),
        0
    );
    assert_eq!(out, bytes);
}

#[test]
fn decoding_has_the_digest_that_python_computes() {
    let mut hash = Sha256::new();
    for code in pairs() {
        if let Some(character) = character_of(code) {
            hash.update(format!("{code:04X} {:04X}\n", u32::from(character)));
        }
    }
    assert_eq!(hex(hash.finalize()), DECODING);
}

/// The characters are those of the codes without the user-defined ones; the counterparts of rules 5.3 come on top.
#[test]
fn encoding_has_the_digest_of_the_encoding_standard() {
    let characters: BTreeSet<char> = pairs()
        .filter_map(character_of)
        .filter(|character| !('\u{E000}'..='\u{E757}').contains(character))
        .collect();
    let mut hash = Sha256::new();
    for character in &characters {
        let code = code_of(*character).unwrap();
        hash.update(format!("{:04X} {code:04X}\n", u32::from(*character)));
    }
    assert_eq!(characters.len(), 7_326);
    assert_eq!(hex(hash.finalize()), ENCODING);
}

#[test]
fn decoding_equals_python() {
    let program = "
import sys
for lead in list(range(0x81, 0xA0)) + list(range(0xE0, 0xFD)):
    for trail in range(0x100):
        try:
            text = bytes([lead, trail]).decode('cp932')
        except UnicodeDecodeError:
            continue
        if len(text) == 1:
            print('%04X %04X' % (lead << 8 | trail, ord(text)))
";
    let Some(output) = python(program, &[]) else { return };
    let theirs: BTreeMap<u32, u32> = output
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(code, character)| (parse_hex(code), parse_hex(character)))
        .collect();
    let ours: BTreeMap<u32, u32> = pairs()
        .filter_map(|code| Some((u32::from(code), u32::from(character_of(code)?))))
        .collect();
    assert_eq!(ours, theirs);
}

/// Rows that glibc calls irreversible are the duplicates: read, never written.
#[test]
fn both_directions_equal_glibc() {
    let Some(path) = shared("data/encoding/glibc/WINDOWS-31J.tsv.gz") else {
        return;
    };
    let program = "import gzip, sys; sys.stdout.write(gzip.open(sys.argv[1], 'rt').read())";
    let Some(output) = python(program, &[path.to_str().unwrap()]) else {
        return;
    };
    let mut duplicates = 0;
    let mut codes = 0;
    for line in output.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (character, code) = (char::from_u32(parse_hex(fields[0])).unwrap(), fields[1]);
        if code.len() != 4 {
            continue;
        }
        let code = u16::from_str_radix(code, 16).unwrap();
        codes += 1;
        assert_eq!(character_of(code), Some(character), "{code:04X}");
        if fields[2] == "1" {
            duplicates += 1;
            assert_ne!(code_of(character), Some(code), "{code:04X}");
        } else if !('\u{E000}'..='\u{E757}').contains(&character) {
            assert_eq!(code_of(character), Some(code), "{code:04X}");
        }
    }
    assert_eq!((codes, duplicates), (9_604, 398));
}

#[test]
fn the_characters_that_python_writes_otherwise_are_written_as_windows_does() {
    let Some(path) = shared("data/chars/cp932_encoder_diff.tsv") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut rows = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let character = fields[0].chars().next().unwrap();
        assert_eq!(code_of(character).map(u32::from), Some(parse_hex(fields[2])), "{line}");
        assert_ne!(code_of(character).map(u32::from), Some(parse_hex(fields[3])), "{line}");
        rows += 1;
    }
    assert_eq!(rows, 373);
}

/// The edge cases: the codes by Python (the WHATWG index) are read as the character, and the characters that JIS and
/// Microsoft map differently are written in the code that the note names.
#[test]
fn the_edge_cases_are_read_and_written() {
    let Some(path) = shared("data/encoding/cp932_edge.tsv") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut written = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let character = char::from_u32(parse_hex(fields[1])).unwrap();
        for code in fields[4].split(' ').filter(|code| code.len() == 4) {
            let code = u16::from_str_radix(code, 16).unwrap();
            assert_eq!(character_of(code), Some(character), "{line}");
        }
        let note = fields[11].split(' ').next().unwrap();
        if fields[3] == "jis_vs_ms" && note.len() == 4 {
            assert_eq!(code_of(character).map(u32::from), Some(parse_hex(note)), "{line}");
            written += 1;
        }
    }
    assert!(written >= 14, "{written}");
}

#[test]
fn the_index_of_the_encoding_standard_is_read_in_full() {
    let Some(path) = shared("data/encoding/whatwg/index-jis0208.txt") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut theirs = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let mut fields = line.split('\t');
        let pointer: u16 = fields.next().unwrap().trim().parse().unwrap();
        let character = char::from_u32(parse_hex(fields.next().unwrap())).unwrap();
        // Encoding Standard, Shift_JIS decoder: lead offset C1 from E0 on, trail offset 41 from 80 on.
        let (lead, trail) = (pointer / 188, pointer % 188);
        let lead = if lead < 0x1F { lead + 0x81 } else { lead + 0xC1 };
        let trail = if trail < 0x3F { trail + 0x40 } else { trail + 0x41 };
        theirs.insert(lead << 8 | trail, character);
    }
    let ours: BTreeMap<u16, char> = pairs()
        .filter(|code| !(0xF040..=0xF9FC).contains(code))
        .filter_map(|code| Some((code, character_of(code)?)))
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn the_pairs_of_the_web_platform_tests_agree() {
    let Some(path) = shared("data/encoding/wpt/sjis_chars.tsv") else {
        return;
    };
    let text = std::fs::read_to_string(path).unwrap();
    let mut pairs = 0;
    for line in text.lines().skip(1) {
        let (character, code) = line.split_once('\t').unwrap();
        if code.len() == 4 {
            let character = char::from_u32(parse_hex(character)).unwrap();
            assert_eq!(code_of(character).map(u32::from), Some(parse_hex(code)), "{line}");
            pairs += 1;
        }
    }
    assert!(pairs > 7_000, "{pairs}");
}
