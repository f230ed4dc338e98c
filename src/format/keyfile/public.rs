//! The public keys of a site and the signing keys that a party trusts, as lines of text (`docs/formats/keyfile.md`, "Public
//! keys of a site", "Trusted keys"). Syntax only; `seal` tests the keys.

use std::fmt::Write as _;

use crate::domain::ids::PartyId;

const FIRST_LINE: &str = "sekisho-public-keys 1";

/// What a site tells everybody about its keys. It can be read without opening any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeys {
    /// Verifier key of the ledger.
    pub ledger: String,
    /// Verifier keys of its packages, the newest first; one at least.
    pub package: Vec<String>,
    /// Keys that senders seal to; one at least.
    pub sealing: Vec<String>,
}

/// A line that is not what its place asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line_no} is malformed")]
pub struct KeyLineFault {
    /// Number of the line, from 1.
    pub line_no: u64,
}

impl PublicKeys {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\nledger {}\n", self.ledger);
        for (word, keys) in [("package", &self.package), ("sealing", &self.sealing)] {
            for key in keys {
                // Writing to a String cannot fail.
                let _infallible = writeln!(text, "{word} {key}");
            }
        }
        text
    }

    /// Reads the text of the file; its one spelling only.
    ///
    /// # Errors
    /// The first line that differs.
    pub fn parse(text: &str) -> Result<Self, KeyLineFault> {
        let mut keys = Self {
            ledger: String::new(),
            package: Vec::new(),
            sealing: Vec::new(),
        };
        for line in text.lines().skip(1) {
            match line.split_once(' ') {
                Some(("ledger", key)) => key.clone_into(&mut keys.ledger),
                Some(("package", key)) => keys.package.push(key.to_owned()),
                Some(("sealing", key)) => keys.sealing.push(key.to_owned()),
                Some(_) | None => {}
            }
        }
        let is_whole = !keys.ledger.is_empty() && !keys.package.is_empty() && !keys.sealing.is_empty();
        let right = keys.text();
        if right == text && is_whole {
            return Ok(keys);
        }
        let same = right.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
        Err(KeyLineFault {
            line_no: u64::try_from(same).unwrap_or(u64::MAX).saturating_add(1),
        })
    }
}

/// Reads trusted keys: `PARTY KEY` a line, any number for one party.
///
/// # Errors
/// The first line of another form.
pub fn parse_trusted(text: &str) -> Result<Vec<(PartyId, String)>, KeyLineFault> {
    let mut trusted = Vec::new();
    for (line_no, line) in (1..).zip(text.lines()) {
        let entry = line.split_once(' ').and_then(|(party, key)| {
            let one_word = !key.is_empty() && !key.contains(char::is_whitespace);
            Some((PartyId::parse(party)?, one_word.then(|| key.to_owned())?))
        });
        trusted.push(entry.ok_or(KeyLineFault { line_no })?);
    }
    Ok(trusted)
}

/// One line of trusted keys.
pub fn trusted_line(party: PartyId, key: &str) -> String {
    format!("{party} {key}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "sekisho-public-keys 1\nledger a/l+1+x\npackage a/p+2+y\npackage a/p+3+z\nsealing sekisho-p256:AA\n";

    #[test]
    fn public_keys_read_back() {
        let keys = PublicKeys::parse(TEXT).unwrap();
        assert_eq!(keys.package, ["a/p+2+y", "a/p+3+z"]);
        assert_eq!(keys.text(), TEXT);
    }

    #[test]
    fn the_first_wrong_line_is_named() {
        let fault = |text: &str| PublicKeys::parse(text).unwrap_err().line_no;
        assert_eq!(fault(""), 1);
        assert_eq!(fault(&TEXT.replace("keys 1", "keys 2")), 1);
        assert_eq!(fault(&TEXT.replace("ledger", "lodger")), 2);
        assert_eq!(fault(&TEXT.replace("package a/p+3+z", "package")), 4);
        assert_eq!(fault(TEXT.trim_end()), 6);
        assert_eq!(fault("sekisho-public-keys 1\nledger a\npackage b\n"), 4);
    }

    #[test]
    fn trusted_keys_name_their_party() {
        let own = PartyId::parse("050008").unwrap();
        let text = trusted_line(own, "a+1+x");
        assert_eq!(parse_trusted(&text).unwrap(), [(own, "a+1+x".to_owned())]);
        assert_eq!(parse_trusted(""), Ok(Vec::new()));
        for (wrong, line_no) in [
            ("050008\n", 1),
            ("050008 a b\n", 1),
            ("050008 a\n\n", 2),
            ("0500081234 a\n", 1),
        ] {
            assert_eq!(parse_trusted(wrong), Err(KeyLineFault { line_no }), "{wrong:?}");
        }
    }
}
