//! Why a file is held or rejected, and the one code of each cause (rules 2.6).

use crate::domain::code::Code;
use crate::format::exchange::FileFault;
use crate::format::layout::{Layout, RecordType};

/// The part of a file's name that contradicts its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NamePart {
    /// Kind.
    Kind,
    /// Sender.
    Sender,
    /// Receiver.
    Receiver,
    /// Serial.
    Serial,
}

/// The one reason for which a file is held or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// H08, found by the shell.
    #[error("not a plain file, or over a limit")]
    NotPlain,
    /// H05, found by the shell.
    #[error("not authentic")]
    NotAuthentic,
    /// H01, H02, F001 or F002: the file by itself.
    #[error(transparent)]
    File(FileFault),
    /// H03: no such party.
    #[error("the sender is not registered")]
    SenderUnknown,
    /// H03: not this kind from this party.
    #[error("the sender is not registered for this kind of file")]
    KindNotRegistered,
    /// H04.
    #[error("the sender is not active on the business date")]
    NotActive,
    /// H09.
    #[error("the environment is not the site's")]
    Environment,
    /// H01: the folder's rule is not met.
    #[error("the file is still growing")]
    Growing,
    /// H02.
    #[error("the name contradicts the header")]
    Name {
        /// In which part.
        part: NamePart,
    },
    /// H10.
    #[error("the serial is below {oldest}, the oldest one still known")]
    Forgotten {
        /// Oldest serial whose identity is kept.
        oldest: u32,
    },
    /// H06.
    #[error("the serial was used by a file with other bytes")]
    Conflict,
    /// H07.
    #[error("serial {next} has not arrived")]
    Gap {
        /// The serial that comes next.
        next: u32,
    },
    /// E01.
    #[error("base_at is after created_at")]
    BaseAfterCreation,
    /// E02.
    #[error("base_at is before the first generation")]
    BaseBeforeFirst,
    /// E03.
    #[error("the scope is neither F nor L")]
    Scope,
}

impl Cause {
    /// The code in RES, ledger and words.
    pub const fn code(self) -> Code {
        match self {
            Self::NotPlain => Code::H08,
            Self::NotAuthentic => Code::H05,
            Self::File(fault) => fault.code(),
            Self::SenderUnknown | Self::KindNotRegistered => Code::H03,
            Self::NotActive => Code::H04,
            Self::Environment => Code::H09,
            Self::Growing => Code::H01,
            Self::Name { .. } => Code::H02,
            Self::Forgotten { .. } => Code::H10,
            Self::Conflict => Code::H06,
            Self::Gap { .. } => Code::H07,
            Self::BaseAfterCreation => Code::E01,
            Self::BaseBeforeFirst => Code::E02,
            Self::Scope => Code::E03,
        }
    }

    /// The header field at fault, where there is one.
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Self::SenderUnknown | Self::NotActive => Some("sender"),
            Self::KindNotRegistered => Some("file_kind"),
            Self::Environment => Some("environment"),
            Self::Forgotten { .. } | Self::Conflict | Self::Gap { .. } => Some("serial"),
            Self::BaseAfterCreation | Self::BaseBeforeFirst => Some("base_at"),
            Self::Scope => Some("scope"),
            Self::File(FileFault::HeaderField { name, .. } | FileFault::Sum { name, .. }) => Some(name),
            Self::File(FileFault::RecordCount { .. }) => Some("record_count"),
            Self::File(FileFault::DataHash { .. }) => Some("data_sha256"),
            Self::File(FileFault::BlankSender { .. }) => Some("sender"),
            Self::File(FileFault::SerialNotDigits { .. }) => Some("serial"),
            Self::File(FileFault::UnknownKind { .. }) => Some("file_kind"),
            Self::File(
                FileFault::TooShort { .. }
                | FileFault::NoHeader
                | FileFault::Incomplete { .. }
                | FileFault::Length { .. }
                | FileFault::LineEnd { .. }
                | FileFault::RecordType { .. }
                | FileFault::LayoutField { .. },
            )
            | Self::NotPlain
            | Self::NotAuthentic
            | Self::Growing
            | Self::Name { .. } => None,
        }
    }

    /// Where the fault lies in the file, in bytes from its start; `None` where it lies outside of it.
    pub fn byte_offset(self, layout: Option<&Layout>) -> Option<u64> {
        match self {
            Self::File(fault) => Some(fault.byte_offset()),
            Self::NotPlain | Self::NotAuthentic | Self::Growing | Self::Name { .. } => None,
            Self::SenderUnknown
            | Self::KindNotRegistered
            | Self::NotActive
            | Self::Environment
            | Self::Forgotten { .. }
            | Self::Conflict
            | Self::Gap { .. }
            | Self::BaseAfterCreation
            | Self::BaseBeforeFirst
            | Self::Scope => {
                let slot = layout?.slot(RecordType::Header, self.field()?)?;
                Some(u64::from(slot.offset))
            }
        }
    }
}

/// F002 on a header field whose value is wrong for this site.
pub(super) fn wrong_header(layout: &Layout, name: &'static str) -> Cause {
    let at = layout.slot(RecordType::Header, name).map_or(0, |slot| slot.offset);
    Cause::File(FileFault::HeaderField {
        name,
        at: u64::from(at),
    })
}
