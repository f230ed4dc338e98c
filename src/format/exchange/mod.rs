//! Exchange files (交換ファイル): their bytes by position, their header, trailer and fields, both ways.
//!
//! Implements `docs/formats/exchange.md`. Reading takes no copies: a file is a byte slice, a record a part of it, a
//! field a part of that. Nothing here knows the site, the parties or the rules of a register.

mod chunks;
mod envelope;
mod fault;
mod field;
mod frame;
mod header;
mod notice;
mod parsed;
mod sample;
mod scan;
mod writer;

pub use chunks::{ChunkRecords, RecordChunk, RecordChunks};
pub use envelope::Envelope;
pub use fault::FileFault;
pub use field::{FieldFault, geta_in, read_ascii, read_code, read_digits, read_wide};
pub(crate) use field::{is_printable, without_blanks};
pub use frame::{DataRecords, Frame, LineEnd, is_complete};
pub use header::{Header, KindFields, RequestedItems};
pub use notice::{NoticeWriter, OldNumbers};
pub(crate) use parsed::{Ends, Outcomes};
pub use parsed::{HashRule, ParsedFile, sums};
pub use sample::{SampleHead, sample};
pub use scan::{FileScan, Scan, trailer_has_hash};
pub(crate) use writer::hex;
pub use writer::{ExchangeWriter, FileHead, Given, WriteFault};
