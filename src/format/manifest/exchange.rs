//! What the exchange keeps from run to run, as a part of the manifest: it changes in the same commit as the register.

use serde::{Deserialize, Serialize};

use super::text;
use crate::domain::ids::PartyId;
use crate::domain::party::FileKind;

/// State of the exchange after a commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeState {
    /// Next serials, sorted by party, kind and direction.
    #[serde(default)]
    pub serials: Vec<SerialState>,
}

/// The next serial of one party's files of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SerialState {
    /// The party.
    #[serde(with = "text::party")]
    pub party: PartyId,
    /// The kind of file.
    #[serde(with = "text::kind")]
    pub kind: FileKind,
    /// From the party or to it.
    pub direction: Direction,
    /// The serial that the next file will have.
    pub next: u32,
}

/// Which way a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the party.
    In,
    /// To the party.
    Out,
}
