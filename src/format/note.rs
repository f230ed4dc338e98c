//! Signed notes (c2sp.org/signed-note): a text, a blank line, signature lines. Syntax only; `seal::notesign` signs and
//! verifies. Implements `docs/formats/ledger.md`, section "Signed notes".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Longest note that is parsed, in bytes. Checkpoints and manifests are far below; sixteen post-quantum signatures of
/// 5 kB, which the specification wants accepted, still fit.
pub const MAX_NOTE_BYTES: usize = 262_144;

/// Most signature lines of one note. The specification wants at least 16.
pub const MAX_SIGNATURES: usize = 64;

/// Begins every signature line: em dash and a blank.
const SIGNATURE_PREFIX: &str = "\u{2014} ";

/// Why bytes are not a signed note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Longer than [`MAX_NOTE_BYTES`].
    #[error("note of {bytes} bytes is over the limit of {MAX_NOTE_BYTES}")]
    TooLong {
        /// Length found.
        bytes: usize,
    },
    /// Not UTF-8.
    #[error("note is not UTF-8 at byte {byte}")]
    NotUtf8 {
        /// Offset of the first bad byte.
        byte: usize,
    },
    /// A control character other than the newline.
    #[error("control character in the note at byte {byte}")]
    Control {
        /// Offset of the character.
        byte: usize,
    },
    /// The text does not end in a newline.
    #[error("text of the note does not end in a newline")]
    TextEnd,
    /// No blank line between text and signatures, or no signature after it.
    #[error("note without signatures")]
    NoSignatures,
    /// More than [`MAX_SIGNATURES`] signature lines.
    #[error("more than {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// The last line has no newline.
    #[error("note does not end in a newline")]
    End,
    /// A line of the signature block is not a signature.
    #[error("signature line {line} of the note is malformed")]
    SignatureLine {
        /// Number of the line in the signature block, from 1.
        line: usize,
    },
    /// A key name is empty or holds a blank, a plus sign or a control character.
    #[error("invalid key name")]
    KeyName,
}

/// One signature line, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Key id: the first four bytes of the key's hash, big-endian.
    pub key_id: u32,
    /// The signature without the key id; at least one byte.
    pub signature: Vec<u8>,
}

impl NoteSignature {
    fn parse(line: &str) -> Option<Self> {
        let (name, encoded) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
        if !valid_key_name(name) {
            return None;
        }
        let bytes = STANDARD.decode(encoded).ok()?;
        let (id, signature) = bytes.split_first_chunk::<4>()?;
        if signature.is_empty() {
            return None;
        }
        Some(Self {
            name: name.to_owned(),
            key_id: u32::from_be_bytes(*id),
            signature: signature.to_vec(),
        })
    }

    /// The line with its newline.
    pub fn line(&self) -> String {
        let mut bytes = self.key_id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.signature);
        format!("{SIGNATURE_PREFIX}{} {}\n", self.name, STANDARD.encode(bytes))
    }
}

/// A note with at least one signature. Nothing is verified yet: see `seal::notesign`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// Puts a text and its signatures together.
    ///
    /// # Errors
    /// As [`SignedNote::parse`], which accepts exactly what this accepts.
    pub fn new(text: String, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        check_text(&text)?;
        if signatures.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        for (number, signature) in (1..).zip(&signatures) {
            if !valid_key_name(&signature.name) {
                return Err(NoteError::KeyName);
            }
            if signature.signature.is_empty() {
                return Err(NoteError::SignatureLine { line: number });
            }
        }
        let note = Self { text, signatures };
        let bytes = note.to_text().len();
        if bytes > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes });
        }
        Ok(note)
    }

    /// Reads a whole note: text, blank line, signature lines, each ended by one newline.
    ///
    /// # Errors
    /// [`NoteError`] names the first deviation from the specification.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE_BYTES {
            return Err(NoteError::TooLong { bytes: bytes.len() });
        }
        let all = std::str::from_utf8(bytes).map_err(|e| NoteError::NotUtf8 { byte: e.valid_up_to() })?;
        no_control(all)?;
        // The last empty line divides, so that a text may hold empty lines of its own.
        let (head, tail) = all.rsplit_once("\n\n").ok_or(NoteError::NoSignatures)?;
        if tail.is_empty() {
            return Err(NoteError::NoSignatures);
        }
        let lines = tail.strip_suffix('\n').ok_or(NoteError::End)?;
        let mut signatures = Vec::new();
        for (number, line) in (1..).zip(lines.split('\n')) {
            if number > MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(NoteSignature::parse(line).ok_or(NoteError::SignatureLine { line: number })?);
        }
        Ok(Self {
            text: format!("{head}\n"),
            signatures,
        })
    }

    /// The signed text with its last newline, without the blank line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines in their order.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The note as it is stored.
    pub fn to_text(&self) -> String {
        let mut out = format!("{}\n", self.text);
        for signature in &self.signatures {
            out.push_str(&signature.line());
        }
        out
    }
}

/// True for a key name as the specification wants it: not empty, no blank of any kind, no plus sign, no control character.
pub fn valid_key_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c == '+' || c.is_whitespace() || c.is_control())
}

/// Tests that `text` can be the text of a note: it ends in a newline and holds no other control character.
///
/// # Errors
/// [`NoteError::TextEnd`], [`NoteError::Control`] or [`NoteError::TooLong`].
pub fn check_text(text: &str) -> Result<(), NoteError> {
    if text.len() > MAX_NOTE_BYTES {
        return Err(NoteError::TooLong { bytes: text.len() });
    }
    no_control(text)?;
    if text.ends_with('\n') {
        Ok(())
    } else {
        Err(NoteError::TextEnd)
    }
}

fn no_control(text: &str) -> Result<(), NoteError> {
    match text.bytes().position(|b| b < 0x20 && b != b'\n') {
        Some(byte) => Err(NoteError::Control { byte }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Examples of c2sp.org/signed-note.
    const QUASIMODO: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
         — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

    #[test]
    fn example_of_the_specification_with_an_empty_line_in_its_text() {
        let note = SignedNote::parse(QUASIMODO.as_bytes()).unwrap();
        assert_eq!(
            note.text(),
            "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n"
        );
        assert_eq!(note.signatures().len(), 1);
        assert_eq!(note.signatures()[0].name, "quasimodo.example/salvatore");
        assert_eq!(note.signatures()[0].key_id, 0x367b_a04b);
        assert_eq!(note.signatures()[0].signature.len(), 64);
        assert_eq!(note.to_text(), QUASIMODO);
        assert_eq!(
            SignedNote::new(note.text().to_owned(), note.signatures().to_vec()),
            Ok(note)
        );
    }

    #[test]
    fn every_deviation_is_refused() {
        let parse = |text: &str| SignedNote::parse(text.as_bytes()).unwrap_err();
        assert_eq!(parse("a\n"), NoteError::NoSignatures);
        assert_eq!(parse("a\n\n"), NoteError::NoSignatures);
        assert_eq!(parse("a\n\n— k AAAAAAA="), NoteError::End);
        assert_eq!(parse("a\tb\n\n— k AAAAAAA=\n"), NoteError::Control { byte: 1 });
        assert_eq!(parse("a\n\n— k k AAAAAAA=\n"), NoteError::SignatureLine { line: 1 });
        assert_eq!(parse("a\n\n— k+k AAAAAAA=\n"), NoteError::SignatureLine { line: 1 });
        assert_eq!(parse("a\n\n— k AAAAAA==\n"), NoteError::SignatureLine { line: 1 });
        assert_eq!(parse("a\n\n—  AAAAAAA=\n"), NoteError::SignatureLine { line: 1 });
        assert_eq!(parse("a\n\n- k AAAAAAA=\n"), NoteError::SignatureLine { line: 1 });
        // Not the canonical base64 of its bytes.
        assert_eq!(parse("a\n\n— k AAAAAAB=\n"), NoteError::SignatureLine { line: 1 });
        assert_eq!(parse("a\n\n— k AAAAAAA\n"), NoteError::SignatureLine { line: 1 });
        assert_eq!(parse("a\n\n— k AAAAAAA=\nb\n"), NoteError::SignatureLine { line: 2 });
        let many = format!("a\n\n{}", "— k AAAAAAA=\n".repeat(MAX_SIGNATURES + 1));
        assert_eq!(parse(&many), NoteError::TooManySignatures);
        let most = format!("a\n\n{}", "— k AAAAAAA=\n".repeat(MAX_SIGNATURES));
        assert!(SignedNote::parse(most.as_bytes()).is_ok());
        let long = format!("{}\n\n— k AAAAAAA=\n", "a".repeat(MAX_NOTE_BYTES));
        assert!(matches!(parse(&long), NoteError::TooLong { .. }));
        assert_eq!(SignedNote::parse(b"a\xff\n\n"), Err(NoteError::NotUtf8 { byte: 1 }));
    }

    #[test]
    fn parts_that_would_not_parse_are_not_put_together() {
        let signature = |name: &str, bytes: &[u8]| NoteSignature {
            name: name.to_owned(),
            key_id: 0,
            signature: bytes.to_vec(),
        };
        let new = |text: &str, signatures| SignedNote::new(text.to_owned(), signatures).unwrap_err();
        assert_eq!(new("a", vec![signature("k", b"x")]), NoteError::TextEnd);
        assert_eq!(new("a\r\n", vec![signature("k", b"x")]), NoteError::Control { byte: 1 });
        assert_eq!(new("a\n", vec![]), NoteError::NoSignatures);
        assert_eq!(new("a\n", vec![signature("k k", b"x")]), NoteError::KeyName);
        assert_eq!(new("a\n", vec![signature("k\u{3000}k", b"x")]), NoteError::KeyName);
        assert_eq!(
            new("a\n", vec![signature("k", b"")]),
            NoteError::SignatureLine { line: 1 }
        );
    }
}
