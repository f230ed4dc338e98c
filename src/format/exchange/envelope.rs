//! What must be readable before anything else of a file can be judged: kind, sender, serial (H02).

use super::fault::FileFault;
use super::field::{read_ascii, read_digits};
use crate::domain::ids::PartyId;
use crate::domain::party::{Encoding, FileKind};
use crate::format::layout::{Layout, Layouts, RecordType, Slot};

/// The header as far as it can be read without asking whether it is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// Kind of file.
    pub kind: FileKind,
    /// Sender; `None` where the field is no party id, so that nobody can be registered under it.
    pub sender: Option<PartyId>,
    /// Receiver, likewise.
    pub receiver: Option<PartyId>,
    /// Serial; 0 is readable but wrong.
    pub serial: u32,
    /// `environment` as it stands.
    pub environment: u8,
    /// `text_encoding`, if it is 1 or 2.
    pub encoding: Option<Encoding>,
}

impl Envelope {
    /// Reads the envelope of a file and finds the layout of its kind.
    ///
    /// # Errors
    /// `TooShort`, `NoHeader`, `UnknownKind`, `BlankSender`, `SerialNotDigits`.
    pub fn read<'l>(bytes: &[u8], layouts: &'l Layouts) -> Result<(Self, &'l Layout), FileFault> {
        let got = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let first = bytes.first().ok_or(FileFault::TooShort { got })?;
        if *first != RecordType::Header.byte() {
            return Err(FileFault::NoHeader);
        }
        // Type and kind lie in one place in every layout (`FaultKind::FixedPlace`).
        let kind = bytes.get(1..4).ok_or(FileFault::TooShort { got })?;
        let kind = std::str::from_utf8(kind)
            .ok()
            .and_then(FileKind::parse)
            .ok_or(FileFault::UnknownKind { at: 1 })?;
        let layout = layouts.get(kind);
        let record = usize::try_from(layout.record_bytes())
            .ok()
            .and_then(|len| bytes.get(..len))
            .ok_or(FileFault::TooShort { got })?;
        let field = |name: &'static str| -> Result<(Slot, &[u8]), FileFault> {
            let slot = layout
                .slot(RecordType::Header, name)
                .ok_or(FileFault::LayoutField { name })?;
            Ok((slot, slot.cut(record).unwrap_or_default()))
        };
        let (slot, sender) = field("sender")?;
        if sender.iter().all(|b| *b == b' ') {
            return Err(FileFault::BlankSender {
                at: u64::from(slot.offset),
            });
        }
        let (slot, serial) = field("serial")?;
        let serial =
            read_digits(serial)
                .ok()
                .and_then(|digits| digits.parse().ok())
                .ok_or(FileFault::SerialNotDigits {
                    at: u64::from(slot.offset),
                })?;
        let (_, receiver) = field("receiver")?;
        let (_, environment) = field("environment")?;
        let (_, encoding) = field("text_encoding")?;
        let envelope = Self {
            kind,
            sender: party(sender),
            receiver: party(receiver),
            serial,
            environment: environment.first().copied().unwrap_or(b' '),
            encoding: match encoding {
                b"1" => Some(Encoding::Cp932),
                b"2" => Some(Encoding::Ucs2Be),
                _ => None,
            },
        };
        Ok((envelope, layout))
    }
}

fn party(bytes: &[u8]) -> Option<PartyId> {
    read_ascii(bytes).ok().and_then(PartyId::parse)
}
