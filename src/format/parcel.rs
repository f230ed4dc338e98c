//! How notices and what is found of them are packed while a run sorts them (`store::spill`). These bytes live as long as the
//! process: they are no format of files, and nothing of another version ever reads them.

use crate::domain::code::Code;
use crate::domain::finding::{Finding, Place};
use crate::domain::ids::{JuminCode, MyNumber, PartyId};
use crate::domain::instant::Instant;
use crate::domain::item::Item;
use crate::domain::notice::{Notice, Source};
use crate::domain::reason::Reason;
use crate::domain::row::{CellMark, Row};

/// Appends values to bytes.
#[derive(Default)]
pub struct Packer {
    bytes: Vec<u8>,
}

impl Packer {
    /// What was packed so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Begins anew, keeping the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two bytes.
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Bytes with their length in front.
    pub fn bytes_of(&mut self, bytes: &[u8]) {
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.bytes.extend_from_slice(bytes);
    }

    /// Text with its length in front.
    pub fn text(&mut self, text: &str) {
        self.bytes_of(text.as_bytes());
    }

    /// A code that may be missing; no code has the value of all ones.
    pub fn code(&mut self, code: Option<JuminCode>) {
        self.u64(code.map_or(u64::MAX, JuminCode::value));
    }

    /// A number that may be missing.
    pub fn number(&mut self, number: Option<MyNumber>) {
        self.u64(number.map_or(u64::MAX, MyNumber::value));
    }

    /// Where a record stands.
    pub fn source(&mut self, source: Source) {
        self.text(source.sender.as_str());
        self.u32(source.serial);
        self.u32(source.record_no);
    }

    /// A row.
    pub fn row(&mut self, row: &Row) {
        let (text, ends) = row.parts();
        self.text(row.origin().as_str());
        self.text(text);
        for end in ends {
            self.u16(*end);
        }
        self.u32(u32::try_from(row.all_cells().len()).unwrap_or(u32::MAX));
        for (item, cell) in row.all_cells() {
            self.u8(item.number());
            self.u16(cell.at);
            self.u8(cell.chars);
            self.u16(cell.cell);
        }
    }

    /// Findings.
    pub fn findings(&mut self, findings: &[Finding]) {
        self.u32(u32::try_from(findings.len()).unwrap_or(u32::MAX));
        for finding in findings {
            self.text(finding.code.as_str());
            self.u8(finding.item.unwrap_or(0));
            self.place(finding.place);
        }
    }

    /// A place that may be missing: no field has a length of 0.
    fn place(&mut self, place: Option<Place>) {
        self.u64(place.map_or(0, |place| place.byte_offset));
        self.u32(place.map_or(0, |place| place.byte_length));
    }

    /// A notice.
    pub fn notice(&mut self, notice: &Notice) {
        self.source(notice.source);
        self.code(Some(notice.code));
        self.u8(notice.reason.number());
        self.u64(notice.timestamp.value());
        self.u32(notice.update_seq);
        self.row(&notice.row);
        self.text(&notice.old_my_number);
        self.code(notice.old_jumin_code);
        self.u8(u8::from(notice.seion_differs));
        self.place(notice.my_number_place);
    }
}

/// Takes values off bytes; `None` everywhere where they are not what was packed.
pub struct Unpacker<'a> {
    rest: &'a [u8],
}

impl<'a> Unpacker<'a> {
    /// Begins with the first value.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// Bytes with their length in front.
    pub fn bytes_of(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.u32()?).ok()?;
        let (head, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(head)
    }

    /// Text with its length in front.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes_of()?).ok()
    }

    /// A code that may be missing.
    pub fn code(&mut self) -> Option<Option<JuminCode>> {
        match self.u64()? {
            u64::MAX => Some(None),
            value => JuminCode::from_value(value).map(Some),
        }
    }

    /// A number that may be missing.
    pub fn number(&mut self) -> Option<Option<MyNumber>> {
        match self.u64()? {
            u64::MAX => Some(None),
            value => MyNumber::from_value(value).map(Some),
        }
    }

    /// Where a record stands.
    pub fn source(&mut self) -> Option<Source> {
        Some(Source {
            sender: PartyId::parse(self.text()?)?,
            serial: self.u32()?,
            record_no: self.u32()?,
        })
    }

    /// A row.
    pub fn row(&mut self) -> Option<Row> {
        let origin = PartyId::parse(self.text()?)?;
        let text = self.text()?;
        let mut ends = [0; 28];
        for end in &mut ends {
            *end = self.u16()?;
        }
        let count = self.u32()?;
        let mut cells = Vec::new();
        for _ in 0..count {
            let item = Item::from_number(self.u8()?)?;
            let cell = CellMark {
                at: self.u16()?,
                chars: self.u8()?,
                cell: self.u16()?,
            };
            cells.push((item, cell));
        }
        Row::from_parts(origin, text, ends, cells)
    }

    /// Findings.
    pub fn findings(&mut self) -> Option<Vec<Finding>> {
        let count = self.u32()?;
        let mut findings = Vec::new();
        for _ in 0..count {
            let code = Code::parse(self.text()?)?;
            let item = Some(self.u8()?).filter(|item| *item != 0);
            let (place, is_there) = self.place()?;
            let place = is_there.then_some(place);
            findings.push(Finding { code, item, place });
        }
        Some(findings)
    }

    /// A place, and whether there is one.
    fn place(&mut self) -> Option<(Place, bool)> {
        let (byte_offset, byte_length) = (self.u64()?, self.u32()?);
        let place = Place {
            byte_offset,
            byte_length,
        };
        Some((place, byte_length != 0))
    }

    /// A notice.
    pub fn notice(&mut self) -> Option<Notice> {
        Some(Notice {
            source: self.source()?,
            code: self.code()??,
            reason: Reason::from_number(self.u8()?)?,
            timestamp: Instant::from_value(self.u64()?)?,
            update_seq: self.u32()?,
            row: self.row()?,
            old_my_number: self.text()?.to_owned(),
            old_jumin_code: self.code()?,
            seion_differs: self.u8()? == 1,
            my_number_place: self.place().map(|(place, is_there)| is_there.then_some(place))?,
        })
    }

    /// True where every value was taken.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice() -> Notice {
        let origin = PartyId::parse("052019").unwrap();
        let mut row = Row::blank(origin);
        row.set(Item::KanjiName, "佐藤\u{E000}");
        row.add_cells(
            Item::KanjiName,
            &[CellMark {
                at: 2,
                chars: 1,
                cell: 0xF040,
            }],
        );
        Notice {
            source: Source {
                sender: origin,
                serial: 3,
                record_no: 4,
            },
            code: JuminCode::parse("24727059608").unwrap(),
            reason: Reason::from_number(51).unwrap(),
            timestamp: Instant::parse("20250602120000000").unwrap(),
            update_seq: 7,
            row,
            old_my_number: String::new(),
            old_jumin_code: JuminCode::parse("24727059608").ok(),
            seion_differs: true,
            my_number_place: Some(Place {
                byte_offset: 1 << 40,
                byte_length: 12,
            }),
        }
    }

    #[test]
    fn a_notice_comes_out_as_it_went_in_and_no_shorter_one_does() {
        let mut packer = Packer::default();
        packer.notice(&notice());
        let bytes = packer.bytes().to_vec();
        let mut unpacker = Unpacker::new(&bytes);
        let got = unpacker.notice().unwrap();
        let want = notice();
        assert!(unpacker.is_empty());
        assert_eq!(got.source, want.source);
        assert_eq!(
            (got.code, got.reason, got.timestamp),
            (want.code, want.reason, want.timestamp)
        );
        assert!(got.row == want.row && got.update_seq == want.update_seq);
        assert_eq!(
            (got.old_my_number, got.old_jumin_code),
            (want.old_my_number, want.old_jumin_code)
        );
        assert_eq!((got.seion_differs, got.my_number_place), (true, want.my_number_place));
        for len in 0..bytes.len() {
            assert!(Unpacker::new(&bytes[..len]).notice().is_none(), "{len}");
        }
    }

    #[test]
    fn findings_come_out_as_they_went_in() {
        let findings: Vec<Finding> = Code::ALL
            .iter()
            .enumerate()
            .map(|(n, code)| Finding {
                code: *code,
                item: (n % 3 > 0).then_some(u8::try_from(n % 28 + 1).unwrap()),
                place: (n % 2 > 0).then_some(Place {
                    byte_offset: n as u64,
                    byte_length: 1,
                }),
            })
            .collect();
        let mut packer = Packer::default();
        packer.findings(&findings);
        assert_eq!(Unpacker::new(packer.bytes()).findings(), Some(findings));
        packer.clear();
        packer.code(None);
        packer.number(None);
        let mut unpacker = Unpacker::new(packer.bytes());
        assert_eq!((unpacker.code(), unpacker.number()), (Some(None), Some(None)));
    }
}
