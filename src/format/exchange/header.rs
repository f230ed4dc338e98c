//! The header of a file, tested (F002).

use super::envelope::Envelope;
use super::fault::FileFault;
use super::field::{read_ascii, read_digits};
use crate::domain::ids::PartyId;
use crate::domain::instant::Instant;
use crate::domain::item::Item;
use crate::domain::party::{Encoding, FileKind};
use crate::format::layout::{Layout, RecordType};

/// Which items an inquiry asks for: bit n-1 is item n.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RequestedItems(u32);

impl RequestedItems {
    /// Reads 28 characters `0` or `1`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != Item::ALL.len() {
            return None;
        }
        let mut bits = 0;
        for (index, letter) in text.bytes().enumerate() {
            match letter {
                b'1' => bits |= 1 << index,
                b'0' => {}
                _ => return None,
            }
        }
        Some(Self(bits))
    }

    /// True where the item is asked for.
    pub fn contains(self, item: Item) -> bool {
        self.0 >> item.index() & 1 == 1
    }

    /// The items asked for, in order.
    pub fn items(self) -> impl Iterator<Item = Item> {
        Item::ALL.into_iter().filter(move |item| self.contains(*item))
    }

    /// The 28 characters.
    pub fn text(self) -> String {
        Item::ALL
            .into_iter()
            .map(|item| if self.contains(item) { '1' } else { '0' })
            .collect()
    }
}

/// The header fields that only some kinds have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KindFields {
    /// UPD, RES, NTF, NRS: none.
    None,
    /// EXT.
    Extract {
        /// The extract shows the register as of this instant.
        base_at: Instant,
        /// `F` or `L`; another byte is E03.
        scope: u8,
    },
    /// RCR.
    Differences {
        /// `base_at` of the extract.
        base_at: Instant,
        /// Generation compared with.
        generation: u64,
    },
    /// INQ, NRQ (no generation), PRV (with one).
    Inquiry {
        /// Key of the purpose register.
        purpose_id: String,
        /// Number of the application.
        application_no: String,
        /// Items asked for.
        requested: RequestedItems,
        /// PRV: the generation searched.
        generation: Option<u64>,
    },
}

/// A header whose fields are all right by themselves. Whether they are right for this site is not known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Kind of file.
    pub kind: FileKind,
    /// Sender.
    pub sender: PartyId,
    /// Receiver.
    pub receiver: PartyId,
    /// Serial, from 1.
    pub serial: u32,
    /// When the file was made.
    pub created_at: Instant,
    /// `P` production, `T` training or test.
    pub environment: u8,
    /// Encoding of the type N fields.
    pub encoding: Encoding,
    /// SHA-256 of the file that this one answers; `None` where blank or no hash.
    pub reply_to: Option<[u8; 32]>,
    /// What only this kind has.
    pub fields: KindFields,
}

impl Header {
    /// Reads and tests the header record, whose envelope was read before.
    ///
    /// # Errors
    /// `HeaderField` with the first field that is wrong, in the order of the record.
    pub fn read(record: &[u8], layout: &Layout, envelope: &Envelope) -> Result<Self, FileFault> {
        let reader = Reader { record, layout };
        if reader.cut("format_version")? != layout.format_version().as_bytes() {
            return Err(reader.wrong("format_version"));
        }
        let sender = envelope.sender.ok_or_else(|| reader.wrong("sender"))?;
        let receiver = envelope.receiver.ok_or_else(|| reader.wrong("receiver"))?;
        if envelope.serial == 0 {
            return Err(reader.wrong("serial"));
        }
        let created_at = reader.instant("created_at")?;
        let encoding = envelope.encoding.ok_or_else(|| reader.wrong("text_encoding"))?;
        let reply_to = reader.cut("reply_to_sha256")?;
        let fields = match envelope.kind {
            FileKind::Upd | FileKind::Res | FileKind::Ntf | FileKind::Nrs => KindFields::None,
            FileKind::Ext => KindFields::Extract {
                base_at: reader.instant("base_at")?,
                scope: reader.cut("scope")?.first().copied().unwrap_or(b' '),
            },
            FileKind::Rcr => KindFields::Differences {
                base_at: reader.instant("base_at")?,
                generation: reader.number("generation")?,
            },
            FileKind::Inq | FileKind::Nrq | FileKind::Prv => KindFields::Inquiry {
                purpose_id: reader.ascii("purpose_id")?,
                application_no: reader.ascii("application_no")?,
                requested: std::str::from_utf8(reader.cut("requested_items")?)
                    .ok()
                    .and_then(RequestedItems::parse)
                    .ok_or_else(|| reader.wrong("requested_items"))?,
                generation: match envelope.kind {
                    FileKind::Prv => Some(reader.number("generation")?),
                    FileKind::Upd
                    | FileKind::Res
                    | FileKind::Ntf
                    | FileKind::Ext
                    | FileKind::Rcr
                    | FileKind::Inq
                    | FileKind::Nrq
                    | FileKind::Nrs => None,
                },
            },
        };
        Ok(Self {
            kind: envelope.kind,
            sender,
            receiver,
            serial: envelope.serial,
            created_at,
            environment: envelope.environment,
            encoding,
            reply_to: read_hash(reply_to),
            fields,
        })
    }
}

/// Reads 64 lower-case hex digits.
pub(super) fn read_hash(hex: &[u8]) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = [0; 32];
    if hex.len() != hash.len() * 2 {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(hex.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}

struct Reader<'a> {
    record: &'a [u8],
    layout: &'a Layout,
}

impl<'a> Reader<'a> {
    fn cut(&self, name: &'static str) -> Result<&'a [u8], FileFault> {
        self.layout
            .slot(RecordType::Header, name)
            .and_then(|slot| slot.cut(self.record))
            .ok_or(FileFault::LayoutField { name })
    }

    fn wrong(&self, name: &'static str) -> FileFault {
        match self.layout.slot(RecordType::Header, name) {
            Some(slot) => FileFault::HeaderField {
                name,
                at: u64::from(slot.offset),
            },
            None => FileFault::LayoutField { name },
        }
    }

    fn ascii(&self, name: &'static str) -> Result<String, FileFault> {
        read_ascii(self.cut(name)?)
            .map(str::to_owned)
            .map_err(|_| self.wrong(name))
    }

    fn number(&self, name: &'static str) -> Result<u64, FileFault> {
        read_digits(self.cut(name)?)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(|| self.wrong(name))
    }

    fn instant(&self, name: &'static str) -> Result<Instant, FileFault> {
        read_digits(self.cut(name)?)
            .ok()
            .and_then(Instant::parse)
            .ok_or_else(|| self.wrong(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requested_items_are_read_by_position() {
        let asked = RequestedItems::parse("0101111010100000000000001000").unwrap();
        let numbers: Vec<u8> = asked.items().map(Item::number).collect();
        assert_eq!(numbers, [2, 4, 5, 6, 7, 9, 11, 25]);
        assert_eq!(asked.text(), "0101111010100000000000001000");
        assert_eq!(RequestedItems::parse("010111101010000000000000100"), None);
        assert_eq!(RequestedItems::parse("0101111010100000000000001 00"), None);
    }

    #[test]
    fn hashes_are_lower_case_hex() {
        let hex = b"00ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e";
        assert_eq!(read_hash(hex).unwrap()[..3], [0x00, 0xFF, 0x01]);
        assert_eq!(read_hash(&hex.to_ascii_uppercase()), None);
        assert_eq!(read_hash(&hex[1..]), None);
        assert_eq!(read_hash(&[b' '; 64]), None);
    }
}
