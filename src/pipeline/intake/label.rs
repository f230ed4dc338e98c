//! The name of a file, `KIND-SENDER-RECEIVER-SERIAL.dat` or the same with `.seki` behind it. A name of another form
//! says nothing and contradicts nothing.

use super::NamePart;
use crate::domain::ids::PartyId;
use crate::domain::party::FileKind;
use crate::format::exchange::Header;

/// What a name of the usual form says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label {
    /// `None` for three capitals that are no kind: they contradict every header.
    kind: Option<FileKind>,
    sender: PartyId,
    receiver: PartyId,
    serial: u32,
}

impl Label {
    /// Reads a name; `None` where it has another form.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(".seki").unwrap_or(name).strip_suffix(".dat")?;
        let mut parts = stem.split('-');
        let (kind, sender, receiver, serial) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !serial.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            kind: match FileKind::parse(kind) {
                None if kind.len() != 3 || !kind.bytes().all(|b| b.is_ascii_uppercase()) => return None,
                known => known,
            },
            sender: PartyId::parse(sender)?,
            receiver: PartyId::parse(receiver)?,
            serial: serial.parse().ok()?,
        })
    }

    /// The first part that says otherwise than the header.
    pub(super) fn contradiction(&self, header: &Header) -> Option<NamePart> {
        if self.kind != Some(header.kind) {
            Some(NamePart::Kind)
        } else if self.sender != header.sender {
            Some(NamePart::Sender)
        } else if self.receiver != header.receiver {
            Some(NamePart::Receiver)
        } else if self.serial != header.serial {
            Some(NamePart::Serial)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_usual_form_and_of_others() {
        let plain = Label::parse("UPD-052019-050008-00000042.dat").unwrap();
        assert_eq!(Label::parse("UPD-052019-050008-00000042.dat.seki"), Some(plain));
        assert_eq!((plain.kind, plain.serial), (Some(FileKind::Upd), 42));
        assert_eq!((plain.sender.as_str(), plain.receiver.as_str()), ("052019", "050008"));
        // Three capitals that are no kind are a kind that contradicts every header.
        assert_eq!(Label::parse("XYZ-052019-050008-00000042.dat").unwrap().kind, None);
        for other in [
            "",
            "upload.dat",
            "UPD-052019-050008-00000042",
            "UPD-052019-050008-00000042.csv",
            "UPD-052019-050008-00000042.seki",
            "UPD-052019-050008.dat",
            "UPD-052019-050008-1-2.dat",
            "UPD-052019-050008-+1.dat",
            "UPD-052019-050008-.dat",
            "upd-052019-050008-00000042.dat",
            "UPD-秋田-050008-00000042.dat",
        ] {
            assert_eq!(Label::parse(other), None, "{other}");
        }
    }
}
