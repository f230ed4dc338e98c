//! Text header of a package (`docs/formats/package.md`, "Text header").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::domain::ids::PartyId;
use crate::format::keyfile::{Kem, KeyId};

/// Most recipients of one package: far above any use, and it bounds the work of a reader.
pub const MAX_RECIPIENTS: usize = 64;
/// Longest header in bytes: that many recipients need less than 15 kB.
pub const MAX_HEADER_LEN: usize = 16 * 1024;
/// Length in bytes of a wrapped file key: 32 and the tag.
pub const STANZA_LEN: usize = 48;

const MAGIC: &str = "sekisho-package ";
const VERSION: &str = "1";
const END: &str = "end";

/// Why bytes do not begin with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The first line is not that of a package.
    #[error("not a package")]
    NotAPackage,
    /// A package of another version.
    #[error("package of an unsupported version")]
    UnsupportedVersion,
    /// No end line within [`MAX_HEADER_LEN`] bytes.
    #[error("header has no end")]
    NoEnd,
    /// A line is not what its place asks.
    #[error("line {line_no} of the header is malformed")]
    Line {
        /// Number of the line, from 1.
        line_no: usize,
    },
    /// No recipient, or more than [`MAX_RECIPIENTS`].
    #[error("{got} recipients, want 1 to {MAX_RECIPIENTS}")]
    Recipients {
        /// Recipients found.
        got: usize,
    },
    /// Recipients and stanzas differ in number, or a stanza has another length than its kind asks.
    #[error("stanza {index} does not fit its recipient")]
    Stanza {
        /// Position, 0-based.
        index: usize,
    },
    /// Two recipients with one key.
    #[error("a recipient's key stands twice")]
    KeyTwice,
}

/// One recipient as the header names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecipientLine {
    /// Id of the party.
    pub party: PartyId,
    /// Kind of its key.
    pub kem: Kem,
    /// Which of its keys.
    pub key_id: KeyId,
}

impl RecipientLine {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.strip_prefix("recipient ")?.split(' ');
        let recipient = Self {
            party: PartyId::parse(words.next()?)?,
            kem: Kem::parse(words.next()?)?,
            key_id: KeyId::parse(words.next()?)?,
        };
        words.next().is_none().then_some(recipient)
    }

    fn line(&self) -> String {
        format!("recipient {} {} {}\n", self.party, self.kem.as_str(), self.key_id)
    }
}

/// The file key, sealed to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stanza {
    /// Encapsulated key.
    pub enc: Vec<u8>,
    /// Encrypted file key and tag.
    pub ciphertext: Vec<u8>,
}

impl Stanza {
    fn parse(line: &str) -> Option<Self> {
        let (enc, ciphertext) = line.strip_prefix("stanza ")?.split_once(' ')?;
        Some(Self {
            enc: STANDARD.decode(enc).ok()?,
            ciphertext: STANDARD.decode(ciphertext).ok()?,
        })
    }

    fn line(&self) -> String {
        format!(
            "stanza {} {}\n",
            STANDARD.encode(&self.enc),
            STANDARD.encode(&self.ciphertext)
        )
    }
}

/// What stands in clear in front of a package: nothing personal, no purpose, no counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageHeader {
    sender: PartyId,
    recipients: Vec<RecipientLine>,
    stanzas: Vec<Stanza>,
}

impl PackageHeader {
    /// Puts a header together; each recipient has the stanza at its place.
    pub fn new(sender: PartyId, recipients: Vec<RecipientLine>, stanzas: Vec<Stanza>) -> Result<Self, HeaderFault> {
        check_recipients(&recipients)?;
        let header = Self {
            sender,
            recipients,
            stanzas,
        };
        header.check_stanzas()?;
        Ok(header)
    }

    /// True where `bytes` are no more than the beginning of a package's first line, or nothing: the rest may come yet.
    pub fn is_only_begun(bytes: &[u8]) -> bool {
        format!("{MAGIC}{VERSION}\n").as_bytes().starts_with(bytes)
    }

    /// Reads the header in front of `bytes`; gives it with its length in bytes.
    pub fn parse(bytes: &[u8]) -> Result<(Self, usize), HeaderFault> {
        let mut lines = Lines {
            bytes,
            used: 0,
            line_no: 0,
        };
        let version = lines
            .next()
            .and_then(|line| line.strip_prefix(MAGIC))
            .ok_or(HeaderFault::NotAPackage)?;
        if version != VERSION {
            return Err(HeaderFault::UnsupportedVersion);
        }
        let sender = lines
            .next()
            .and_then(|line| PartyId::parse(line.strip_prefix("sender ")?))
            .ok_or(HeaderFault::Line { line_no: 2 })?;
        let (mut recipients, mut stanzas) = (Vec::new(), Vec::new());
        loop {
            let line = lines.next().ok_or(HeaderFault::NoEnd)?;
            let malformed = HeaderFault::Line { line_no: lines.line_no };
            if line == END {
                break;
            }
            if stanzas.is_empty() && line.starts_with("recipient ") {
                recipients.push(RecipientLine::parse(line).ok_or(malformed)?);
            } else {
                stanzas.push(Stanza::parse(line).ok_or(malformed)?);
            }
        }
        Ok((Self::new(sender, recipients, stanzas)?, lines.used))
    }

    /// The header with its end line; what [`PackageHeader::parse`] took, byte for byte.
    pub fn to_text(&self) -> String {
        let mut out = preamble(self.sender, &self.recipients);
        for stanza in &self.stanzas {
            out.push_str(&stanza.line());
        }
        out.push_str(END);
        out.push('\n');
        out
    }

    /// The sending party. Not authentic before the manifest is verified.
    pub fn sender(&self) -> PartyId {
        self.sender
    }

    /// The recipients in their order.
    pub fn recipients(&self) -> &[RecipientLine] {
        &self.recipients
    }

    /// The stanzas, one for each recipient in the same order.
    pub fn stanzas(&self) -> &[Stanza] {
        &self.stanzas
    }

    fn check_stanzas(&self) -> Result<(), HeaderFault> {
        for (index, recipient) in self.recipients.iter().enumerate() {
            let fits = self.stanzas.get(index).is_some_and(|stanza| {
                stanza.enc.len() == recipient.kem.public_len() && stanza.ciphertext.len() == STANZA_LEN
            });
            if !fits {
                return Err(HeaderFault::Stanza { index });
            }
        }
        if self.stanzas.len() > self.recipients.len() {
            return Err(HeaderFault::Stanza {
                index: self.recipients.len(),
            });
        }
        Ok(())
    }
}

/// The lines in front of the stanzas. Every stanza is bound to them (`info` of HPKE).
pub(crate) fn preamble(sender: PartyId, recipients: &[RecipientLine]) -> String {
    let mut out = format!("{MAGIC}{VERSION}\nsender {sender}\n");
    for recipient in recipients {
        out.push_str(&recipient.line());
    }
    out
}

/// Tests number and keys of the recipients.
pub(crate) fn check_recipients(recipients: &[RecipientLine]) -> Result<(), HeaderFault> {
    if recipients.is_empty() || recipients.len() > MAX_RECIPIENTS {
        return Err(HeaderFault::Recipients { got: recipients.len() });
    }
    let mut keys: Vec<KeyId> = recipients.iter().map(|r| r.key_id).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() == recipients.len() {
        Ok(())
    } else {
        Err(HeaderFault::KeyTwice)
    }
}

/// Lines of ASCII ended by LF, within the longest header.
struct Lines<'a> {
    bytes: &'a [u8],
    used: usize,
    line_no: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let limit = self.bytes.len().min(MAX_HEADER_LEN);
        let rest = self.bytes.get(self.used..limit)?;
        let len = rest.iter().position(|b| *b == b'\n')?;
        let line = std::str::from_utf8(rest.get(..len)?).ok()?;
        self.used += len + 1;
        self.line_no += 1;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "sekisho-package 1\nsender 050008\nrecipient 052019 x25519 0001020304050607\n\
         recipient B0000001 x25519 0001020304050608\n";

    fn text() -> String {
        let stanza = format!("stanza {} {}\n", STANDARD.encode([1; 32]), STANDARD.encode([2; 48]));
        format!("{TEXT}{stanza}{stanza}end\n")
    }

    fn refused(text: &str) -> HeaderFault {
        PackageHeader::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn parse_and_text_are_inverse() {
        let mut bytes = text().into_bytes();
        let len = bytes.len();
        bytes.extend_from_slice(b"\x00\x01more\n");
        let (header, used) = PackageHeader::parse(&bytes).unwrap();
        assert_eq!(used, len);
        assert_eq!(header.to_text(), text());
        assert_eq!(header.sender().as_str(), "050008");
        assert_eq!(header.recipients().len(), 2);
        assert_eq!(header.recipients()[1].party.as_str(), "B0000001");
        assert_eq!(header.stanzas()[1].enc, [1; 32]);
        assert_eq!(preamble(header.sender(), header.recipients()), TEXT);
    }

    #[test]
    fn every_deviation_is_refused() {
        let good = text();
        assert_eq!(refused(""), HeaderFault::NotAPackage);
        assert_eq!(refused("age-encryption.org/v1\n"), HeaderFault::NotAPackage);
        for version in ["2", "01", "1 ", ""] {
            let other = good.replacen("package 1", &format!("package {version}"), 1);
            assert_eq!(refused(&other), HeaderFault::UnsupportedVersion, "{version}");
        }
        assert_eq!(
            refused(&good.replace("sender ", "from ")),
            HeaderFault::Line { line_no: 2 }
        );
        assert_eq!(
            refused(&good.replace("052019", "05201-")),
            HeaderFault::Line { line_no: 3 }
        );
        assert_eq!(
            refused(&good.replace("0607\n", "0607 \n")),
            HeaderFault::Line { line_no: 3 }
        );
        assert_eq!(
            refused(&good.replace("0607\n", "0607\r\n")),
            HeaderFault::Line { line_no: 3 }
        );
        assert_eq!(
            refused(&good.replace("B0000001 x25519", "B0000001 X25519")),
            HeaderFault::Line { line_no: 4 }
        );
        assert_eq!(
            refused(&good.replace("stanza", "stanzb")),
            HeaderFault::Line { line_no: 5 }
        );
        assert_eq!(refused(good.strip_suffix("end\n").unwrap()), HeaderFault::NoEnd);
        assert_eq!(refused(good.strip_suffix('\n').unwrap()), HeaderFault::NoEnd);
        assert_eq!(refused(&good.replace("0608", "0607")), HeaderFault::KeyTwice);
        assert_eq!(
            refused("sekisho-package 1\nsender 050008\nend\n"),
            HeaderFault::Recipients { got: 0 }
        );
        assert_eq!(
            refused(&good.replace("B0000001 x25519", "B0000001 p256")),
            HeaderFault::Stanza { index: 1 }
        );
        let stanza = good.lines().nth(4).unwrap();
        assert_eq!(
            refused(&good.replacen(&format!("{stanza}\n"), "", 1)),
            HeaderFault::Stanza { index: 1 }
        );
        assert_eq!(
            refused(&good.replace("end\n", &format!("{stanza}\nend\n"))),
            HeaderFault::Stanza { index: 2 }
        );
        let long = format!("{TEXT}{}", "x".repeat(MAX_HEADER_LEN));
        assert_eq!(refused(&long), HeaderFault::NoEnd);
    }

    #[test]
    fn a_recipient_behind_a_stanza_is_refused() {
        let good = text();
        let line = "recipient 052027 x25519 0001020304050609\n";
        assert_eq!(
            refused(&good.replace("end\n", &format!("{line}end\n"))),
            HeaderFault::Line { line_no: 7 }
        );
    }

    #[test]
    fn the_largest_header_fits_its_limit() {
        let recipients: Vec<_> = (0..64u64)
            .map(|i| RecipientLine {
                party: PartyId::parse("B0000001").unwrap(),
                kem: Kem::P256,
                key_id: KeyId(i.to_be_bytes()),
            })
            .collect();
        let stanza = Stanza {
            enc: vec![4; 65],
            ciphertext: vec![0; 48],
        };
        let sender = PartyId::parse("B0000002").unwrap();
        let header = PackageHeader::new(sender, recipients.clone(), vec![stanza.clone(); 64]).unwrap();
        let text = header.to_text();
        assert!(text.len() < MAX_HEADER_LEN, "{}", text.len());
        assert_eq!(PackageHeader::parse(text.as_bytes()).unwrap().0, header);
        let more = [
            &recipients[..],
            &[RecipientLine {
                key_id: KeyId([9; 8]),
                ..recipients[0]
            }],
        ]
        .concat();
        assert_eq!(
            PackageHeader::new(sender, more, vec![stanza; 65]),
            Err(HeaderFault::Recipients { got: 65 })
        );
    }
}
