//! What becomes of a whole file: processed, rejected, held or a duplicate, and the order of the checks (rules 2.6, 9).

use super::code::Code;

/// What became of an inbound file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileOutcome {
    /// Its records were judged and answered; its serial is consumed.
    Processed,
    /// Answered by one record with `record_no` 0; its serial is not consumed and may come again with other bytes.
    Rejected(Code),
    /// Kept, never answered; decided by a person or by what arrives later.
    Held(Code),
    /// The plain bytes are known and were answered: the stored answer is published again.
    Duplicate,
}

impl FileOutcome {
    /// The finding, if there is one.
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::Processed | Self::Duplicate => None,
            Self::Rejected(code) | Self::Held(code) => Some(code),
        }
    }
}

/// A step of the file checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileCheck {
    /// The check that may give this finding.
    Finds(Code),
    /// The plain bytes are known and were answered.
    Known,
    /// The header cannot be read: first half of H02.
    HeaderUnreadable,
    /// The name contradicts the header: second half of H02.
    NameContradicts,
}

/// The file checks in their order; the first that finds something decides, one code per file.
pub const ORDER: [FileCheck; 17] = [
    FileCheck::Finds(Code::H08),
    FileCheck::Finds(Code::H05),
    FileCheck::HeaderUnreadable,
    FileCheck::Finds(Code::H03),
    FileCheck::Finds(Code::H04),
    FileCheck::Finds(Code::H09),
    FileCheck::Known,
    FileCheck::Finds(Code::H01),
    FileCheck::Finds(Code::F001),
    FileCheck::Finds(Code::F002),
    FileCheck::Finds(Code::E01),
    FileCheck::Finds(Code::E02),
    FileCheck::Finds(Code::E03),
    FileCheck::NameContradicts,
    FileCheck::Finds(Code::H10),
    FileCheck::Finds(Code::H06),
    FileCheck::Finds(Code::H07),
];

#[cfg(test)]
mod tests {
    use super::super::finding::{Severity, row};
    use super::*;

    #[test]
    fn every_finding_on_a_file_has_one_place_in_the_order() {
        for code in Code::ALL {
            let of_file = matches!(row(*code).severity, Severity::Hold | Severity::RejectFile);
            let mut places = ORDER.iter().filter(|check| **check == FileCheck::Finds(*code)).count();
            if *code == Code::H02 {
                // H02 stands in two places under two names.
                places += 1;
            }
            assert_eq!(places, usize::from(of_file), "{}", code.as_str());
        }
    }
}
