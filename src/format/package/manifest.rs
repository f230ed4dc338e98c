//! Text of a package's manifest, which is the text of a signed note (`docs/formats/package.md`, "Manifest").

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::format::keyfile::KeyId;

/// Longest free text in bytes: file name, purpose, application number.
pub const MAX_TEXT_LEN: usize = 200;
/// Most counts of one manifest.
pub const MAX_COUNTS: usize = 32;

const MAX_NAME_LEN: usize = 32;
const MAX_KIND_LEN: usize = 16;
const FIRST_LINE: &str = "sekisho-manifest 1";
/// Stands where a value is absent.
const ABSENT: &str = "-";

/// Why a text is no manifest, or values cannot stand in one. Never carries the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// The first line is another.
    #[error("not a manifest of this version")]
    Version,
    /// The line with this key is missing, out of place or malformed.
    #[error("manifest line `{key}` is missing or malformed")]
    Line {
        /// Key of the line that was expected.
        key: &'static str,
    },
    /// Lines behind the last one.
    #[error("manifest has more lines")]
    Trailing,
    /// A value has more than one way to be written, and this is not the one.
    #[error("manifest is not in its canonical form")]
    NotCanonical,
    /// A value that cannot stand in a manifest.
    #[error("value of `{key}` is not allowed")]
    Value {
        /// Key of its line.
        key: &'static str,
    },
}

/// What the sender signs about a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageManifest {
    /// What it holds, e.g. `RES`: 1 to 16 capital letters and digits.
    pub kind: String,
    /// The sending party.
    pub sender: PartyId,
    /// The receiving parties and which key of each, in the order of the header.
    pub recipients: Vec<(PartyId, KeyId)>,
    /// Name of the file inside, without a folder.
    pub file_name: String,
    /// Length of the file inside, in bytes.
    pub size_bytes: u64,
    /// Purpose (利用目的), where there is one.
    pub purpose: Option<String>,
    /// Application number (申請番号), where there is one.
    pub application: Option<String>,
    /// Counts by name, e.g. `records`.
    pub counts: BTreeMap<String, u64>,
    /// Generation of the master that it was made from, where there is one.
    pub generation: Option<u64>,
    /// Last day of use, where there is one.
    pub expires: Option<BusinessDate>,
    /// SHA-256 of the package's text header.
    pub header_sha256: [u8; 32],
    /// RFC 6962 root over FLOE header and encrypted segments.
    pub payload_root: [u8; 32],
}

impl PackageManifest {
    /// The text to be signed.
    pub fn to_text(&self) -> Result<String, ManifestFault> {
        self.check()?;
        let mut out = format!("{FIRST_LINE}\nkind {}\nsender {}\n", self.kind, self.sender);
        for (party, key_id) in &self.recipients {
            line(&mut out, "recipient", &format!("{party} {key_id}"));
        }
        line(&mut out, "file", &self.file_name);
        line(&mut out, "size", &self.size_bytes.to_string());
        line(&mut out, "purpose", self.purpose.as_deref().unwrap_or(ABSENT));
        line(&mut out, "application", self.application.as_deref().unwrap_or(ABSENT));
        for (name, count) in &self.counts {
            line(&mut out, "count", &format!("{name} {count}"));
        }
        let generation = self.generation.map(|number| number.to_string());
        line(&mut out, "generation", generation.as_deref().unwrap_or(ABSENT));
        let expires = self.expires.map(BusinessDate::dashed);
        line(&mut out, "expires", expires.as_deref().unwrap_or(ABSENT));
        line(&mut out, "header", &hex(&self.header_sha256));
        line(&mut out, "payload", &hex(&self.payload_root));
        Ok(out)
    }

    /// Reads a text whose signature is verified.
    pub fn parse(text: &str) -> Result<Self, ManifestFault> {
        let mut lines = Lines(text);
        if lines.whole() != Some(FIRST_LINE) {
            return Err(ManifestFault::Version);
        }
        let kind = lines.value("kind")?.to_owned();
        let sender = PartyId::parse(lines.value("sender")?).ok_or(ManifestFault::Line { key: "sender" })?;
        let mut recipients = Vec::new();
        while let Some(value) = lines.if_next("recipient") {
            recipients.push(recipient(value).ok_or(ManifestFault::Line { key: "recipient" })?);
        }
        let file_name = lines.value("file")?.to_owned();
        let size_bytes = number(lines.value("size")?, "size")?;
        let purpose = optional(lines.value("purpose")?).map(str::to_owned);
        let application = optional(lines.value("application")?).map(str::to_owned);
        let mut counts = BTreeMap::new();
        while let Some(value) = lines.if_next("count") {
            let (name, count) = value.split_once(' ').ok_or(ManifestFault::Line { key: "count" })?;
            counts.insert(name.to_owned(), number(count, "count")?);
            if counts.len() > MAX_COUNTS {
                return Err(ManifestFault::Value { key: "count" });
            }
        }
        let generation = match optional(lines.value("generation")?) {
            Some(value) => Some(number(value, "generation")?),
            None => None,
        };
        let expires = match optional(lines.value("expires")?) {
            Some(value) => Some(BusinessDate::parse(value).ok_or(ManifestFault::Line { key: "expires" })?),
            None => None,
        };
        let header_sha256 = unhex(lines.value("header")?).ok_or(ManifestFault::Line { key: "header" })?;
        let payload_root = unhex(lines.value("payload")?).ok_or(ManifestFault::Line { key: "payload" })?;
        if !lines.0.is_empty() {
            return Err(ManifestFault::Trailing);
        }
        let manifest = Self {
            kind,
            sender,
            recipients,
            file_name,
            size_bytes,
            purpose,
            application,
            counts,
            generation,
            expires,
            header_sha256,
            payload_root,
        };
        // Leading zeros, counts out of order and the other form of a date end here.
        if manifest.to_text()? == text {
            Ok(manifest)
        } else {
            Err(ManifestFault::NotCanonical)
        }
    }

    fn check(&self) -> Result<(), ManifestFault> {
        let allowed = |holds: bool, key| {
            if holds {
                Ok(())
            } else {
                Err(ManifestFault::Value { key })
            }
        };
        let kind_holds = (1..=MAX_KIND_LEN).contains(&self.kind.len())
            && self.kind.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        allowed(kind_holds, "kind")?;
        allowed(!self.recipients.is_empty(), "recipient")?;
        check_file_name(&self.file_name)?;
        allowed(self.purpose.as_deref().is_none_or(is_free_text), "purpose")?;
        allowed(self.application.as_deref().is_none_or(is_free_text), "application")?;
        allowed(
            self.counts.len() <= MAX_COUNTS && self.counts.keys().all(|name| is_count_name(name)),
            "count",
        )
    }
}

/// Tests a name that a recipient's machine will use: no folder, nothing hidden, nothing that a file system refuses.
pub fn check_file_name(name: &str) -> Result<(), ManifestFault> {
    let refused = |c: char| matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*');
    if is_free_text(name) && !name.contains(refused) && !name.starts_with('.') && !name.ends_with('.') {
        Ok(())
    } else {
        Err(ManifestFault::Value { key: "file" })
    }
}

fn is_free_text(text: &str) -> bool {
    (1..=MAX_TEXT_LEN).contains(&text.len())
        && text != ABSENT
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

fn is_count_name(name: &str) -> bool {
    (1..=MAX_NAME_LEN).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn line(out: &mut String, key: &str, value: &str) {
    for part in [key, " ", value, "\n"] {
        out.push_str(part);
    }
}

fn recipient(value: &str) -> Option<(PartyId, KeyId)> {
    let (party, key_id) = value.split_once(' ')?;
    Some((PartyId::parse(party)?, KeyId::parse(key_id)?))
}

fn number(value: &str, key: &'static str) -> Result<u64, ManifestFault> {
    value.parse().map_err(|_| ManifestFault::Line { key })
}

fn optional(value: &str) -> Option<&str> {
    (value != ABSENT).then_some(value)
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a String cannot fail.
        let _infallible = write!(out, "{byte:02x}");
        out
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    if rest.is_empty() { bytes?.try_into().ok() } else { None }
}

/// What is left of the text.
struct Lines<'a>(&'a str);

impl<'a> Lines<'a> {
    fn whole(&mut self) -> Option<&'a str> {
        let (line, rest) = self.0.split_once('\n')?;
        self.0 = rest;
        Some(line)
    }

    fn if_next(&mut self, key: &str) -> Option<&'a str> {
        let (line, rest) = self.0.split_once('\n')?;
        let value = line.strip_prefix(key)?.strip_prefix(' ')?;
        self.0 = rest;
        Some(value)
    }

    fn value(&mut self, key: &'static str) -> Result<&'a str, ManifestFault> {
        self.if_next(key).ok_or(ManifestFault::Line { key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

    fn text() -> String {
        format!(
            "sekisho-manifest 1\nkind PRV\nsender 050008\nrecipient B0000001 0001020304050607\n\
             recipient 052019 0001020304050608\nfile PRV_B0000001_20250401_0001.dat\nsize 1234\npurpose T5-012\n\
             application 令和7-第15号\ncount hits 3\ncount records 10\ngeneration 42\nexpires 2026-03-31\n\
             header {HEADER}\npayload {}\n",
            "ab".repeat(32)
        )
    }

    #[test]
    fn parse_and_text_are_inverse() {
        let manifest = PackageManifest::parse(&text()).unwrap();
        assert_eq!(manifest.to_text().unwrap(), text());
        assert_eq!(manifest.kind, "PRV");
        assert_eq!(manifest.recipients[1].0.as_str(), "052019");
        assert_eq!(manifest.counts["records"], 10);
        assert_eq!(manifest.generation, Some(42));
        assert_eq!(manifest.expires.unwrap().value(), 20_260_331);
        assert_eq!(manifest.header_sha256[31], 0xff);
        assert_eq!(manifest.application.as_deref(), Some("令和7-第15号"));
        let absent = text()
            .replace("T5-012", "-")
            .replace("令和7-第15号", "-")
            .replace("generation 42", "generation -")
            .replace("2026-03-31", "-")
            .replace("count hits 3\ncount records 10\n", "");
        let manifest = PackageManifest::parse(&absent).unwrap();
        assert_eq!(manifest.to_text().unwrap(), absent);
        assert_eq!(
            (
                manifest.purpose,
                manifest.application,
                manifest.generation,
                manifest.expires
            ),
            (None, None, None, None)
        );
    }

    #[test]
    fn a_missing_line_is_named() {
        let good = text();
        for key in "kind sender file size purpose application generation expires header payload".split(' ') {
            let without = good
                .split_inclusive('\n')
                .filter(|line| !line.starts_with(&format!("{key} ")))
                .collect::<String>();
            let fault = PackageManifest::parse(&without).unwrap_err();
            assert!(
                matches!(fault, ManifestFault::Line { key: named } if named == key),
                "{key}: {fault:?}"
            );
        }
        assert_eq!(PackageManifest::parse("x\n"), Err(ManifestFault::Version));
        assert_eq!(
            PackageManifest::parse(&good.replace("manifest 1", "manifest 2")),
            Err(ManifestFault::Version)
        );
        assert_eq!(
            PackageManifest::parse(&format!("{good}x\n")),
            Err(ManifestFault::Trailing)
        );
    }

    #[test]
    fn malformed_values_are_refused() {
        let change = |from: &str, to: &str| {
            let good = text();
            assert!(good.contains(from));
            PackageManifest::parse(&good.replace(from, to)).unwrap_err()
        };
        assert_eq!(
            change("sender 050008", "sender 0500-8"),
            ManifestFault::Line { key: "sender" }
        );
        assert_eq!(
            change("0001020304050607", "00"),
            ManifestFault::Line { key: "recipient" }
        );
        assert_eq!(change("size 1234", "size 1 234"), ManifestFault::Line { key: "size" });
        assert_eq!(change("size 1234", "size 01234"), ManifestFault::NotCanonical);
        assert_eq!(
            change("size 1234", "size 18446744073709551616"),
            ManifestFault::Line { key: "size" }
        );
        assert_eq!(change("count hits 3", "count zits 3"), ManifestFault::NotCanonical);
        assert_eq!(
            change("count hits 3", "count hits"),
            ManifestFault::Line { key: "count" }
        );
        assert_eq!(
            change("count hits 3", "count Hits 3"),
            ManifestFault::Value { key: "count" }
        );
        assert_eq!(change("count hits 3", "count records 3"), ManifestFault::NotCanonical);
        assert_eq!(
            change("generation 42", "generation x"),
            ManifestFault::Line { key: "generation" }
        );
        assert_eq!(change("2026-03-31", "20260331"), ManifestFault::NotCanonical);
        assert_eq!(
            change("2026-03-31", "2026-02-31"),
            ManifestFault::Line { key: "expires" }
        );
        assert_eq!(change("1eff", "1eFF"), ManifestFault::NotCanonical);
        assert_eq!(change("1eff", "1ef"), ManifestFault::Line { key: "header" });
        assert_eq!(change("kind PRV", "kind prv"), ManifestFault::Value { key: "kind" });
        assert_eq!(change("PRV_B0000001", "../PRV"), ManifestFault::Value { key: "file" });
        let many = (10..43).map(|i| format!("count c{i} 1\n")).collect::<Vec<_>>().concat();
        assert_eq!(change("count hits 3\n", &many), ManifestFault::Value { key: "count" });
    }

    #[test]
    fn file_names_cannot_leave_their_folder() {
        for bad in [
            "", "-", ".", "..", ".hidden", "a/b", "a\\b", "C:x", "a\nb", "a ", " a", "a.", "a\u{7f}", "a|b",
        ] {
            assert!(check_file_name(bad).is_err(), "{bad:?}");
        }
        assert!(check_file_name(&"x".repeat(201)).is_err());
        for good in ["RES_052019_20250401_0001.dat", "結果.csv", "a b"] {
            assert!(check_file_name(good).is_ok(), "{good}");
        }
    }
}
