//! The append-only register of parties: a chain of lines whose head stands in the ledger and in every manifest.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::ids::{MunicipalityCode, PartyId};
use crate::domain::instant::Instant;
use crate::domain::party::Party;
use crate::format::register::{REGISTER_FORMAT, RegisterFault, RegisterLine};
use crate::format::state::RegisterHead;
use crate::ports::Disk;
use crate::seal::digest;

/// Name of the register in manifests and leaves.
pub const PARTIES: &str = "parties";
/// 64 MiB: a hundred thousand lines.
const REGISTER_MAX_BYTES: u64 = 64 << 20;

/// Why a register could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The disk failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A line is wrong.
    #[error("{0}")]
    Line(#[from] RegisterFault),
    /// A line was written by a newer program.
    #[error("line {line} has format {format}")]
    Newer {
        /// The line.
        line: u64,
        /// Its format.
        format: u32,
    },
    /// The chain of hashes is broken, or the head is not the one on record.
    #[error("line {line}: the chain of hashes is broken, or lines are missing")]
    Chain {
        /// First line that does not fit.
        line: u64,
    },
}

/// The parties, newest line of each.
#[derive(Debug, Clone, Default)]
pub struct Parties {
    by_id: BTreeMap<PartyId, Party>,
    text: String,
    lines: u64,
    head: String,
}

impl Parties {
    /// The register before its first line.
    pub fn empty() -> Self {
        Self {
            by_id: BTreeMap::new(),
            text: String::new(),
            lines: 0,
            head: "0".repeat(64),
        }
    }

    /// Reads the register and tests it against the head on record.
    pub fn load(disk: &dyn Disk, path: &Path, on_record: Option<&RegisterHead>) -> Result<Self, RegisterError> {
        let Some(record) = on_record else {
            return Ok(Self::empty());
        };
        Self::parse(&read_text(disk, path)?)?.on_record(record)
    }

    /// Reads the lines that are on record, whatever stands behind them: a commit that is under way put more there.
    ///
    /// # Errors
    /// As [`Parties::load`]; `Chain` where fewer lines are there.
    pub fn load_recorded(
        disk: &dyn Disk,
        path: &Path,
        on_record: Option<&RegisterHead>,
    ) -> Result<Self, RegisterError> {
        let Some(record) = on_record else {
            return Ok(Self::empty());
        };
        let text = read_text(disk, path)?;
        let lines = usize::try_from(record.lines).unwrap_or(usize::MAX);
        let known: String = text.split_inclusive('\n').take(lines).collect();
        Self::parse(&known)?.on_record(record)
    }

    fn on_record(self, record: &RegisterHead) -> Result<Self, RegisterError> {
        if self.lines == record.lines && self.head == record.head {
            Ok(self)
        } else {
            let line = self.lines.min(record.lines);
            Err(RegisterError::Chain { line })
        }
    }

    /// Reads the text of a register and tests its chain.
    pub fn parse(text: &str) -> Result<Self, RegisterError> {
        let mut register = Self::empty();
        for raw in text.split_terminator('\n') {
            let no = register.lines.saturating_add(1);
            if let Some(format) = RegisterLine::format_of(raw).filter(|format| *format > REGISTER_FORMAT) {
                return Err(RegisterError::Newer { line: no, format });
            }
            let line = RegisterLine::parse(raw, no)?;
            if line.no != no || line.prev != register.head {
                return Err(RegisterError::Chain { line: no });
            }
            let party = line.party.check().map_err(|why| RegisterFault { line: no, why })?;
            register.push(raw, party);
        }
        Ok(register)
    }

    /// Adds the newest state of a party.
    ///
    /// # Errors
    /// `Line` where the line would not be read back as this party: the register would be lost with it.
    pub fn add(&mut self, party: Party, time: Instant) -> Result<(), RegisterError> {
        let no = self.lines.saturating_add(1);
        let line = RegisterLine::render(no, &self.head, time, &party).ok_or_else(|| RegisterFault {
            line: no,
            why: "cannot be written".to_owned(),
        })?;
        let read = RegisterLine::parse(&line, no)?.party.check();
        if read.as_ref() != Ok(&party) {
            let why = read.err().unwrap_or_else(|| "is read back as another".to_owned());
            return Err(RegisterFault { line: no, why }.into());
        }
        self.push(&line, party);
        Ok(())
    }

    fn push(&mut self, raw: &str, party: Party) {
        self.head = digest::to_hex(&digest::sha256(raw.as_bytes()));
        self.lines = self.lines.saturating_add(1);
        self.text.push_str(raw);
        self.text.push('\n');
        self.by_id.insert(party.id, party);
    }

    /// The whole text, as it stands in the file.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number of lines.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Hex SHA-256 of the last line.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// A party by its id.
    pub fn get(&self, id: PartyId) -> Option<&Party> {
        self.by_id.get(&id)
    }

    /// All parties, sorted by id.
    pub fn all(&self) -> impl Iterator<Item = &Party> {
        self.by_id.values()
    }

    /// Every predecessor code of any party.
    pub fn predecessor_codes(&self) -> Vec<MunicipalityCode> {
        let mut codes: Vec<_> = self
            .by_id
            .values()
            .flat_map(|party| party.predecessors.iter().copied())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

fn read_text(disk: &dyn Disk, path: &Path) -> Result<String, RegisterError> {
    let bytes = disk.read(path, REGISTER_MAX_BYTES)?;
    String::from_utf8(bytes).map_err(|_| RegisterError::Chain { line: 1 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::register::parse_parties_csv;

    fn two() -> Parties {
        let csv = "party_id,kind,name,kinds,text_encoding,active_from,active_to,predecessor_codes\n\
                   052019,municipality,秋田市,UPD,1,20020805,20991231,053236\n\
                   052027,municipality,能代市,UPD,2,20020805,20991231,\n";
        let mut register = Parties::empty();
        for party in parse_parties_csv(csv.as_bytes()).unwrap() {
            register
                .add(party, Instant::parse("20200914093000123").unwrap())
                .unwrap();
        }
        register
    }

    #[test]
    fn the_newest_line_counts_and_the_chain_holds() {
        let mut register = two();
        let mut party = register.get(PartyId::parse("052027").unwrap()).unwrap().clone();
        party.hash_optional = true;
        register
            .add(party, Instant::parse("20200915093000123").unwrap())
            .unwrap();
        let read = Parties::parse(register.text()).unwrap();
        assert_eq!((read.lines(), read.head()), (3, register.head()));
        assert!(read.get(PartyId::parse("052027").unwrap()).unwrap().hash_optional);
        assert_eq!(read.all().count(), 2);
        assert_eq!(read.predecessor_codes().len(), 1);
    }

    #[test]
    fn a_changed_or_missing_line_is_named() {
        let text = two().text().to_owned();
        let changed = text.replacen("秋田市", "横手市", 1);
        assert!(matches!(
            Parties::parse(&changed),
            Err(RegisterError::Chain { line: 2 })
        ));
        let newer = format!(
            "{}{{\"format\":3,\"no\":2}}\n",
            text.split_inclusive('\n').next().unwrap()
        );
        assert!(matches!(
            Parties::parse(&newer),
            Err(RegisterError::Newer { line: 2, format: 3 })
        ));
        let second = text.split_inclusive('\n').nth(1).unwrap();
        assert!(matches!(Parties::parse(second), Err(RegisterError::Chain { line: 1 })));
    }
}
