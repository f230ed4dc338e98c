//! What must not be found, in every form in which it could be written, and the search for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use sekisho::seal::keys::{PartySecrets, SiteSecrets};
use unicode_normalization::UnicodeNormalization as _;

/// Shorter forms would be found by chance in random bytes.
const LEAST: usize = 6;

/// A character as some language writes it.
type Escape = fn(char) -> String;

/// What is searched for: each form with what it is.
#[derive(Default)]
pub(super) struct Canaries {
    needles: BTreeMap<Vec<u8>, String>,
    by_start: BTreeMap<[u8; 4], Vec<Vec<u8>>>,
}

impl Canaries {
    /// A text of a person: kanji or kana.
    pub(super) fn text(mut self, what: &str, text: &str) -> Self {
        let katakana: String = text.chars().map(to_katakana).collect();
        let forms = BTreeSet::from([
            text.to_owned(),
            text.nfd().collect(),
            text.nfkd().collect(),
            half_width(&katakana),
            katakana,
        ]);
        for form in forms {
            self.add_text(what, &form);
        }
        self
    }

    /// Digits.
    pub(super) fn number(mut self, what: &str, digits: &str) -> Self {
        let wide: String = digits
            .chars()
            .filter_map(|c| char::from_u32(u32::from(c) + 0xFEE0))
            .collect();
        self.add_text(what, &wide);
        self.add_text(what, digits);
        let value: u64 = digits.parse().unwrap();
        self.add(what, "u64, big-endian", value.to_be_bytes().to_vec());
        self.add(what, "u64, little-endian", value.to_le_bytes().to_vec());
        self
    }

    /// A secret of 32 bytes.
    pub(super) fn key(mut self, what: &str, bytes: &[u8]) -> Self {
        self.add_bytes(what, bytes);
        self
    }

    /// A secret text: a line of a key file, a passphrase.
    pub(super) fn secret(mut self, what: &str, text: &str) -> Self {
        self.add_text(what, text.trim_end());
        self
    }

    /// All secrets of a site.
    pub(super) fn site(self, secrets: &SiteSecrets) -> Self {
        let mut all = self
            .key("site key", secrets.site_key.expose())
            .key("multiset key", secrets.multiset_key.expose())
            .key("year root", secrets.year_root.expose())
            .secret("ledger signing key", &secrets.ledger_signer.skey())
            .secret("package signing key", &secrets.package_signer.skey());
        for key in &secrets.sealing {
            all = all.key("sealing key of the site", key.expose());
        }
        all
    }

    /// All secrets of a party.
    pub(super) fn party(self, secrets: &PartySecrets) -> Self {
        let mut all = self.secret("signing key of a party", &secrets.package_signer.skey());
        for key in &secrets.sealing {
            all = all.key("sealing key of a party", key.expose());
        }
        all
    }

    fn add_text(&mut self, what: &str, text: &str) {
        self.add_bytes(what, text.as_bytes());
        let utf16: Vec<u16> = text.encode_utf16().collect();
        self.add_bytes(
            what,
            &utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect::<Vec<u8>>(),
        );
        self.add_bytes(
            what,
            &utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect::<Vec<u8>>(),
        );
        let (cp932, _, unmappable) = encoding_rs::SHIFT_JIS.encode(text);
        if !unmappable {
            self.add_bytes(what, &cp932);
        }
        if text.is_ascii() {
            return;
        }
        let escapes: [(&str, Escape); 5] = [
            ("\\u escapes", |c| format!("\\u{:04x}", u32::from(c))),
            ("\\u escapes, capitals", |c| format!("\\u{:04X}", u32::from(c))),
            ("\\u{} escapes", |c| c.escape_unicode().to_string()),
            ("HTML, decimal", |c| format!("&#{};", u32::from(c))),
            ("HTML, hexadecimal", |c| format!("&#x{:x};", u32::from(c))),
        ];
        for (form, escape) in escapes {
            let escaped: String = text.chars().map(escape).collect();
            self.add(what, form, escaped.into_bytes());
        }
    }

    fn add_bytes(&mut self, what: &str, bytes: &[u8]) {
        self.add(what, "as it is", bytes.to_vec());
        let listed = |each: &dyn Fn(&mut String, u8)| {
            let mut text = String::new();
            for byte in bytes {
                each(&mut text, *byte);
            }
            text.into_bytes()
        };
        // A name cut to a few bytes is searched for as it is only where that is long enough.
        if bytes.len() < 4 {
            return;
        }
        self.add(what, "hex", listed(&|text, byte| write!(text, "{byte:02x}").unwrap()));
        self.add(
            what,
            "hex, capitals",
            listed(&|text, byte| write!(text, "{byte:02X}").unwrap()),
        );
        self.add(
            what,
            "\\x escapes",
            listed(&|text, byte| write!(text, "\\x{byte:02x}").unwrap()),
        );
        self.add(
            what,
            "percent",
            listed(&|text, byte| write!(text, "%{byte:02X}").unwrap()),
        );
        let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
        self.add(what, "list of bytes", list.join(", ").into_bytes());
        for before in 0..3 {
            let padded = [&vec![0; before][..], bytes].concat();
            for (form, encoded) in [
                ("base64url", URL_SAFE_NO_PAD.encode(&padded)),
                ("base64", STANDARD_NO_PAD.encode(&padded)),
            ] {
                // Only the characters that these bytes alone decide.
                let (from, to) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
                self.add(what, form, encoded.as_bytes()[from..to].to_vec());
            }
        }
    }

    fn add(&mut self, what: &str, form: &str, needle: Vec<u8>) {
        if needle.len() >= LEAST {
            self.by_start
                .entry(needle[..4].try_into().unwrap())
                .or_default()
                .push(needle.clone());
            self.needles.insert(needle, format!("{what} ({form})"));
        }
    }

    /// What of it stands in these bytes.
    pub(super) fn found(&self, bytes: &[u8]) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        for (at, start) in bytes.windows(4).enumerate() {
            for needle in self.by_start.get(start).into_iter().flatten() {
                if bytes[at..].starts_with(needle) {
                    found.insert(self.needles[needle].as_str());
                }
            }
        }
        found
    }

    /// Asserts that nothing of it is there.
    pub(super) fn none_in(&self, place: &str, bytes: &[u8]) {
        let found = self.found(bytes);
        assert!(found.is_empty(), "{place} holds {found:?}");
    }

    /// Asserts that nothing of it is in any file below a folder, nor in a name; `skip` leaves out files by their path.
    pub(super) fn none_below(&self, folder: &Path, skip: &dyn Fn(&Path) -> bool) {
        let mut files = 0;
        for entry in walkdir::WalkDir::new(folder) {
            let entry = entry.unwrap();
            if skip(entry.path()) {
                continue;
            }
            let shown = entry.path().display().to_string();
            self.none_in(
                &format!("the name {shown:?}"),
                entry.path().as_os_str().as_encoded_bytes(),
            );
            if entry.file_type().is_file() {
                self.none_in(&shown, &std::fs::read(entry.path()).unwrap());
                files += 1;
            }
        }
        assert!(files > 0, "{} is empty", folder.display());
    }
}

fn to_katakana(c: char) -> char {
    match u32::from(c) {
        code @ 0x3041..=0x3096 => char::from_u32(code + 0x60).unwrap(),
        _ => c,
    }
}

fn half_width(katakana: &str) -> String {
    let halves: Vec<char> = (0xFF61..=0xFF9F).filter_map(char::from_u32).collect();
    katakana
        .nfd()
        .map(|c| {
            let of = |half: &&char| std::iter::once(**half).nfkc().eq(std::iter::once(c));
            halves.iter().find(of).copied().unwrap_or(c)
        })
        .collect()
}

#[test]
fn a_planted_canary_is_found_in_every_form() {
    let canaries = Canaries::default()
        .text("name", "鷺沼　澪標丸")
        .text("reading", "さぎぬま　みおつくしまる")
        .number("code", "24727059608")
        .key("key", &[0xC5; 32]);
    let hidden = |bytes: &[u8]| [&[0, 200, 13, 10][..], bytes, b"\xFFend"].concat();
    // Written out by hand or by other tools (iconv, base64, xxd), not by the code above.
    for (planted, what) in [
        ("鷺沼　澪標丸".as_bytes(), "name (as it is)"),
        (b"\x8d\xeb\x8f\xc0\x81\x40\xe0\x59\x95\x57\x8a\xdb", "name (as it is)"),
        (b"\x9d\xfa\x6c\xbc\x30\x00\x6f\xaa\x6a\x19\x4e\x38", "name (as it is)"),
        (b"\xfa\x9d\xbc\x6c\x00\x30\xaa\x6f\x19\x6a\x38\x4e", "name (as it is)"),
        (br"\u9dfa\u6cbc\u3000\u6faa\u6a19\u4e38", r"name (\u escapes)"),
        (
            br"\u{9dfa}\u{6cbc}\u{3000}\u{6faa}\u{6a19}\u{4e38}",
            r"name (\u{} escapes)",
        ),
        (
            b"&#40442;&#27836;&#12288;&#28586;&#27161;&#20024;",
            "name (HTML, decimal)",
        ),
        (b"6be65rK844CA5r6q5qiZ5Li4", "name (base64)"),
        (b"xe9b7bae6b2bce38080e6beaae6a899e4b8b8x", "name (hex)"),
        (
            b"[233, 183, 186, 230, 178, 188, 227, 128, 128, 230, 190, 170, 230, 168, 153, 228, 184, 184]",
            "name (list of bytes)",
        ),
        ("サギヌマ　ミオツクシマル".as_bytes(), "reading (as it is)"),
        ("ｻｷﾞﾇﾏ　ﾐｵﾂｸｼﾏﾙ".as_bytes(), "reading (as it is)"),
        ("さき\u{3099}ぬま　みおつくしまる".as_bytes(), "reading (as it is)"),
        (b"24727059608", "code (as it is)"),
        ("２４７２７０５９６０８".as_bytes(), "code (as it is)"),
        (b"MjQ3MjcwNTk2MDg", "code (base64)"),
        (b"xI0NzI3MDU5NjA4x", "code (base64)"),
        (&[0, 0, 0, 5, 0xC1, 0xD8, 0xFC, 0x98], "code (u64, big-endian)"),
        (&[0xC5; 32], "key (as it is)"),
        (
            b"c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5",
            "key (hex)",
        ),
        (b"xcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcU", "key (base64)"),
    ] {
        let found = canaries.found(&hidden(planted));
        assert!(found.contains(what), "{what} in {planted:?}: {found:?}");
    }
    canaries.none_in("a page", "佐藤　花子 24727059609 鷺 沼".as_bytes());
}

#[test]
#[should_panic(expected = "holds {\"name (as it is)\"}")]
fn a_canary_in_a_file_fails_the_test() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("deep")).unwrap();
    std::fs::write(folder.path().join("deep/log"), "2020-09-14 澪標丸様").unwrap();
    Canaries::default()
        .text("name", "澪標丸")
        .none_below(folder.path(), &|_| false);
}

#[test]
#[should_panic(expected = "the name")]
fn a_canary_in_a_name_fails_the_test() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("澪標丸.dat"), "").unwrap();
    Canaries::default()
        .text("name", "澪標丸")
        .none_below(folder.path(), &|_| false);
}
