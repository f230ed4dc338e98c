//! The files that the server makes of a run: RES and RCR for each sender, one NTF for the national body (`docs/formats/exchange.md`).
//!
//! Their bytes follow from what is put in and from nothing else, so that publishing an answer again gives the same.

mod ntf;
mod rcr;
mod res;

pub use ntf::{NtfLine, NtfWriter};
pub use rcr::{Compared, RcrFault, RcrWriter, rejected_extract};
pub use res::{ResLine, ResWriter, rejected_answer, result_file};

use crate::domain::ids::PartyId;
use crate::domain::instant::BusinessDate;
use crate::domain::party::Encoding;
use crate::format::exchange::{FileHead, LineEnd};

/// What the header of a file of the server says besides its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnHead {
    /// The site.
    pub own: PartyId,
    /// Who gets the file.
    pub receiver: PartyId,
    /// Serial of this kind for this receiver.
    pub serial: u32,
    /// Business date of the run; with midnight it is the `created_at`.
    pub business_date: BusinessDate,
    /// `P` or `T`.
    pub environment: u8,
    /// Of an answer: that of the file it answers, or the receiver's where that one has none; else the receiver's.
    pub encoding: Encoding,
    /// SHA-256 of the plain bytes of the file that it answers.
    pub reply_to: Option<[u8; 32]>,
}

impl OwnHead {
    fn file_head(&self) -> FileHead {
        FileHead {
            sender: self.own,
            receiver: self.receiver,
            serial: self.serial,
            created_at: self.business_date.midnight(),
            environment: self.environment,
            encoding: self.encoding,
            reply_to: self.reply_to,
            line_end: LineEnd::None,
        }
    }
}
