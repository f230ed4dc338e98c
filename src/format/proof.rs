//! Checkpoint texts (c2sp.org/tlog-checkpoint) and proof files (c2sp.org/tlog-proof, `.tlog-proof`). Implements
//! `docs/formats/ledger.md`, sections "Checkpoint" and "Proof file".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::note::{MAX_NOTE_BYTES, NoteError, SignedNote, valid_key_name};
use super::tile::MAX_ENTRY_BYTES;

/// First line of a proof file.
const PROOF_LINE: &str = "c2sp.org/tlog-proof@v1";

/// Longest inclusion proof: one hash for each level of a tree of less than 2^64 leaves.
pub const MAX_PROOF_HASHES: usize = 64;

/// Longest proof file that is read, in bytes: the extra data in base64, 64 hashes and the checkpoint fit.
pub const MAX_PROOF_BYTES: usize = MAX_NOTE_BYTES + MAX_ENTRY_BYTES.div_ceil(3) * 4 + 4_096;

/// Why a text is not a checkpoint or not a proof file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofFileError {
    /// The first line of a checkpoint is no origin.
    #[error("invalid origin in the checkpoint")]
    Origin,
    /// The second line is not a number in its shortest form.
    #[error("invalid tree size in the checkpoint")]
    Size,
    /// The third line is not the base64 of 32 bytes.
    #[error("invalid root in the checkpoint")]
    Root,
    /// The checkpoint has less or more than three lines. Extension lines are allowed by the specification but never
    /// written here, and nobody can audit them.
    #[error("checkpoint has not exactly three lines")]
    Lines,
    /// The proof file is longer than [`MAX_PROOF_BYTES`].
    #[error("proof file of {bytes} bytes is over the limit")]
    TooLong {
        /// Length found.
        bytes: usize,
    },
    /// The proof file is not UTF-8.
    #[error("proof file is not UTF-8")]
    NotUtf8,
    /// A line of the proof file is not what the specification wants there.
    #[error("line {line} of the proof file is malformed")]
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
    /// The checkpoint in the proof file is no signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// Origin, size and root of a log: the text of a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log: a key name of the signed-note specification.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: [u8; 32],
}

impl Checkpoint {
    /// The text that is signed: three lines.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    /// Reads the text of a checkpoint, the part of the note above the blank line.
    ///
    /// # Errors
    /// `Origin`, `Size`, `Root` or `Lines` of [`ProofFileError`].
    pub fn parse(text: &str) -> Result<Self, ProofFileError> {
        let mut lines = text.split('\n');
        let mut line = || lines.next().ok_or(ProofFileError::Lines);
        let (origin, size, root, end) = (line()?, line()?, line()?, line()?);
        if !end.is_empty() || lines.next().is_some() {
            return Err(ProofFileError::Lines);
        }
        if !valid_key_name(origin) {
            return Err(ProofFileError::Origin);
        }
        Ok(Self {
            origin: origin.to_owned(),
            size: shortest_number(size).ok_or(ProofFileError::Size)?,
            root: hash(root).ok_or(ProofFileError::Root)?,
        })
    }
}

/// A proof file: that an entry stands at an index of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofFile {
    /// Opaque data for the verifier; here the public text of the leaf. Not authenticated before its hash is proven.
    pub extra: Option<Vec<u8>>,
    /// Index of the entry, from 0.
    pub index: u64,
    /// Inclusion proof, sibling of the leaf first.
    pub hashes: Vec<[u8; 32]>,
    /// The signed checkpoint, verbatim.
    pub checkpoint: SignedNote,
}

impl ProofFile {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut lines = vec![PROOF_LINE.to_owned()];
        lines.extend(
            self.extra
                .as_ref()
                .map(|extra| format!("extra {}", STANDARD.encode(extra))),
        );
        lines.push(format!("index {}", self.index));
        lines.extend(self.hashes.iter().map(|hash| STANDARD.encode(hash)));
        format!("{}\n\n{}", lines.join("\n"), self.checkpoint.to_text())
    }

    /// Reads a proof file. Nothing is verified: see `seal::merkle` and `seal::notesign`.
    ///
    /// # Errors
    /// [`ProofFileError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFileError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(ProofFileError::TooLong { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ProofFileError::NotUtf8)?;
        let (head, note) = text.split_once("\n\n").ok_or(ProofFileError::Line { line: 1 })?;
        let mut lines = (1..).zip(head.split('\n'));
        let mut next = || lines.next().ok_or(ProofFileError::Line { line: 2 });
        if next()?.1 != PROOF_LINE {
            return Err(ProofFileError::Line { line: 1 });
        }
        let (mut line, mut content) = next()?;
        let mut extra = None;
        if let Some(encoded) = content.strip_prefix("extra ") {
            extra = Some(STANDARD.decode(encoded).map_err(|_| ProofFileError::Line { line })?);
            (line, content) = next()?;
        }
        let index = content
            .strip_prefix("index ")
            .and_then(shortest_number)
            .ok_or(ProofFileError::Line { line })?;
        let mut hashes = Vec::new();
        for (line, content) in lines {
            if hashes.len() == MAX_PROOF_HASHES {
                return Err(ProofFileError::Line { line });
            }
            hashes.push(hash(content).ok_or(ProofFileError::Line { line })?);
        }
        Ok(Self {
            extra,
            index,
            hashes,
            checkpoint: SignedNote::parse(note.as_bytes())?,
        })
    }
}

/// A decimal number without leading zeroes or sign.
fn shortest_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn hash(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of c2sp.org/tlog-checkpoint.
    const EXAMPLE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const SIGNATURE: &str = "\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

    #[test]
    fn checkpoint_example_of_the_specification() {
        let checkpoint = Checkpoint::parse(EXAMPLE).unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.root[..4], [0x0a, 0xc5, 0x18, 0x6a]);
        assert_eq!(checkpoint.text(), EXAMPLE);
    }

    #[test]
    fn malformed_checkpoints() {
        let parse = |from: &str, to: &str| Checkpoint::parse(&EXAMPLE.replace(from, to)).unwrap_err();
        assert_eq!(parse("example.com/behind-the-sofa", ""), ProofFileError::Origin);
        assert_eq!(parse("behind-the-sofa", "behind the sofa"), ProofFileError::Origin);
        for size in ["020852163", "+20852163", "-1", "", "bananas", "18446744073709551616"] {
            assert_eq!(parse("20852163", size), ProofFileError::Size, "{size}");
        }
        for root in ["", "CsUY", "YmFuYW5hcw==", "not base64"] {
            assert_eq!(
                parse("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=", root),
                ProofFileError::Root
            );
        }
        for text in [
            &format!("{EXAMPLE}ext\n"),
            EXAMPLE.trim_end(),
            "a\n1\n",
            "",
            &format!("{EXAMPLE}\n"),
        ] {
            assert_eq!(Checkpoint::parse(text).unwrap_err(), ProofFileError::Lines);
        }
    }

    #[test]
    fn proof_files() {
        // The hashes of the example of c2sp.org/tlog-proof.
        let head = "c2sp.org/tlog-proof@v1\nextra YWdl\nindex 73894\n\
             gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\nB95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=\n";
        let text = format!("{head}\n{EXAMPLE}{SIGNATURE}");
        let proof = ProofFile::parse(text.as_bytes()).unwrap();
        assert_eq!(proof.extra.as_deref(), Some(b"age".as_slice()));
        assert_eq!((proof.index, proof.hashes.len()), (73_894, 2));
        assert_eq!(proof.checkpoint.text(), EXAMPLE);
        assert_eq!(proof.to_text(), text);
        let plain = text.replace("extra YWdl\n", "");
        let proof = ProofFile::parse(plain.as_bytes()).unwrap();
        assert_eq!(proof.extra, None);
        assert_eq!(proof.to_text(), plain);

        let line = |from: &str, to: &str| ProofFile::parse(text.replace(from, to).as_bytes()).unwrap_err();
        assert_eq!(line("@v1", "@v2"), ProofFileError::Line { line: 1 });
        assert_eq!(line("YWdl", "YWdk="), ProofFileError::Line { line: 2 });
        assert_eq!(line("index 73894", "index 073894"), ProofFileError::Line { line: 3 });
        assert_eq!(line("B95l", "B95"), ProofFileError::Line { line: 5 });
        assert_eq!(line("extra YWdl\nindex 73894\n", ""), ProofFileError::Line { line: 2 });
        let many = format!(
            "index 73894\n{}",
            "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=\n".repeat(63)
        );
        assert_eq!(line("index 73894\n", &many), ProofFileError::Line { line: 68 });
        assert_eq!(
            ProofFile::parse(format!("{head}\n{EXAMPLE}").as_bytes()),
            Err(ProofFileError::Note(NoteError::NoSignatures))
        );
        assert_eq!(ProofFile::parse(b"\xff\n\n"), Err(ProofFileError::NotUtf8));
        assert_eq!(
            ProofFile::parse(&vec![b'a'; MAX_PROOF_BYTES + 1]),
            Err(ProofFileError::TooLong {
                bytes: MAX_PROOF_BYTES + 1
            })
        );
    }
}
