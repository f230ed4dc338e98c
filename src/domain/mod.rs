//! Vocabulary and rule tables of the register. Data only: no bytes, no clock, no disk, no randomness.

pub mod arrival;
pub mod asof;
pub mod basis;
pub mod canon;
pub mod code;
pub mod compare;
pub mod date;
pub mod difference;
pub mod entry;
pub mod fault;
pub mod filename;
pub mod finding;
pub mod holding;
pub mod ids;
pub mod instant;
pub mod item;
pub mod municipality;
pub mod notice;
pub mod outcome;
pub mod party;
pub mod reason;
pub mod remark;
pub mod required;
pub mod row;
pub mod state;
pub mod transition;
