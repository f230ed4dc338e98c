//! `CURRENT`: the small file that names the newest manifest (`docs/formats/manifest.md`, "CURRENT").

use sha2::{Digest, Sha256};

use super::{Hash32, MAX_COMMIT};

const FIRST_LINE: &str = "sekisho current 1";
const KIND: &str = "sekisho current ";
const VERSION: u32 = 1;
/// Largest pointer that is read.
pub const MAX_POINTER_BYTES: u64 = 4096;

/// Why bytes are not a pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerFault {
    /// The pointer of another version of the program.
    #[error("pointer of version {got}")]
    Version {
        /// Version found.
        got: u32,
    },
    /// The check line does not fit the lines above it.
    #[error("pointer is damaged: its check line does not fit")]
    Check,
    /// A line is missing, misplaced or impossible.
    #[error("pointer is malformed at line {line}")]
    Line {
        /// 1-based.
        line: u8,
    },
}

/// Content of `CURRENT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// Number of the newest commit.
    pub commit: u64,
    /// SHA-256 of its manifest.
    pub manifest: Hash32,
    /// Where the ledger stood: one line of printable ASCII, written and read by the commit protocol; may be empty.
    pub ledger: String,
}

impl Pointer {
    /// The text of the file.
    ///
    /// # Errors
    /// [`PointerFault::Line`] where a value does not fit its line.
    pub fn text(&self) -> Result<String, PointerFault> {
        if !(1..=MAX_COMMIT).contains(&self.commit) {
            return Err(PointerFault::Line { line: 2 });
        }
        if self.ledger.len() > 1024 || !self.ledger.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return Err(PointerFault::Line { line: 4 });
        }
        let lines = format!(
            "{FIRST_LINE}\ncommit {}\nmanifest {}\nledger {}\n",
            self.commit, self.manifest, self.ledger
        );
        let check = Hash32(Sha256::digest(&lines).into());
        Ok(format!("{lines}check {check}\n"))
    }

    /// Reads the bytes of the file.
    ///
    /// # Errors
    /// [`PointerFault`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PointerFault> {
        let text = std::str::from_utf8(bytes).map_err(|_| PointerFault::Check)?;
        let mut lines = text.split('\n');
        let first = lines.next().unwrap_or_default();
        if first != FIRST_LINE {
            let version = first.strip_prefix(KIND).and_then(|got| got.parse().ok());
            let other = version.filter(|got| *got != VERSION && is_checked(text));
            return Err(other.map_or(PointerFault::Check, |got| PointerFault::Version { got }));
        }
        let mut field = |line: u8, name: &str| {
            let rest = lines.next().and_then(|text| text.strip_prefix(name));
            rest.ok_or(PointerFault::Line { line })
        };
        let pointer = Self {
            commit: field(2, "commit ")?
                .parse()
                .map_err(|_| PointerFault::Line { line: 2 })?,
            manifest: Hash32::parse(field(3, "manifest ")?).ok_or(PointerFault::Line { line: 3 })?,
            ledger: field(4, "ledger ")?.to_owned(),
        };
        // Writing it again tests the check line and every other byte at once.
        if pointer.text()?.as_bytes() == bytes {
            Ok(pointer)
        } else {
            Err(PointerFault::Check)
        }
    }
}

/// True where the last line is the check of those above it: so it is in every version, so that a flipped bit does not pass
/// for a newer program.
fn is_checked(text: &str) -> bool {
    let lines = text.rsplit_once("check ").and_then(|(lines, check)| {
        let want = Hash32::parse(check.strip_suffix('\n')?)?;
        Some(want == Hash32(Sha256::digest(lines).into()))
    });
    lines == Some(true)
}
