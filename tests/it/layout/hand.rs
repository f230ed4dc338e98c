//! Files put together by hand: bytes at the offsets that the exchange format names, without any code of the product.
//!
//! `Hand::upd()` is the fixture that most tests start from: one header, two notices, trailer, end; every test changes
//! the one thing that it is about. Offsets are those of `docs/formats/exchange.md`, typed here a second time on purpose.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A file in parts, to be spoiled before it is joined.
#[derive(Clone)]
pub(crate) struct Hand {
    pub(crate) header: Vec<u8>,
    pub(crate) data: Vec<Vec<u8>>,
    pub(crate) trailer: Vec<u8>,
    pub(crate) end: Vec<u8>,
    pub(crate) line_end: &'static [u8],
    pub(crate) tail: &'static [u8],
}

/// A record of spaces with texts at offsets.
pub(crate) fn record(length: usize, parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![b' '; length];
    for (offset, part) in parts {
        bytes[*offset..offset + part.len()].copy_from_slice(part);
    }
    bytes
}

/// Wide blanks of CP932.
fn wide_blanks(bytes: usize) -> Vec<u8> {
    [0x81, 0x40].repeat(bytes / 2)
}

/// One sound notice in CP932: a birth in 秋田市 (052019) on 2020-09-14.
pub(crate) fn notice() -> Vec<u8> {
    let mut bytes = record(
        1400,
        &[
            (0, b"2"),
            (1, b"24727059608"),
            (12, &wide_blanks(200)),
            (12, b"\x8D\xB2\x93\xA1\x81\x40\x89\xD4"), // 佐藤　花
            (212, b"000"),
            (215, &wide_blanks(200)),
            (215, b"\x82\xB3\x82\xC6\x82\xA4\x81\x40\x82\xCD\x82\xC8"), // さとう　はな
            (415, b"520200914"),
            (424, b"2"),
            (425, &wide_blanks(400)),
            (425, b"\x8F\x48\x93\x63\x8C\xA7\x94\x5C\x91\xE3\x8E\x73"), // 秋田県能代市
            (825, b"000"),
            (840, b"13"),
            (842, b"20200914"),
            (851, &wide_blanks(200)),
            (1051, b"052019"),
            (1057, b"000000"),
            (1063, b"OP0001"),
            (1075, b"TERM01"),
            (1087, b"20200914093000123"),
            (1104, b"00000000"),
            (1112, b"0"),
            (1114, b"000001"),
            (1120, b"000"),
            (1123, b"000"),
            (1126, &wide_blanks(100)),
            (1226, b"000"),
            (1229, &wide_blanks(100)),
            (1329, b"000"),
        ],
    );
    bytes[1399] = b' ';
    bytes
}

impl Hand {
    /// UPD number 1 of 052019 to 050008, made on 2020-09-14, two notices, CP932, no line ends.
    pub(crate) fn upd() -> Self {
        let mut file = Self::of_kind(*b"UPD", 1400, vec![notice(), notice()]);
        file.data[1][1..12].copy_from_slice(b"24846016224");
        file.sealed()
    }

    /// EXT number 1 of 052019 as of 2020-09-14 08:00 with one record.
    pub(crate) fn ext() -> Self {
        let mut file = Self::of_kind(*b"EXT", 1400, vec![notice()]);
        file.header[113..130].copy_from_slice(b"20200914080000000");
        file.header[130] = b'F';
        file.sealed()
    }

    /// INQ number 1 of D0000001 that asks for items 2 and 7, one line with a code.
    pub(crate) fn inq() -> Self {
        let line = record(
            920,
            &[
                (0, b"2"),
                (1, b"00000001"),
                (9, b"KEY-1"),
                (29, b"24727059608"),
                (52, &wide_blanks(200)),
                (252, &wide_blanks(200)),
                (462, &wide_blanks(400)),
            ],
        );
        let mut file = Self::of_kind(*b"INQ", 920, vec![line]);
        file.header[6..14].copy_from_slice(b"D0000001");
        file.header[113..120].copy_from_slice(b"T5-0402");
        file.header[129..136].copy_from_slice(b"APP-T5A");
        file.header[145..173].copy_from_slice(b"0100001000000000000000000000");
        file.sealed()
    }

    /// RES number 1 of the national body: notice 1 applied, notice 2 with two warnings, notice 3 rejected, 4 a
    /// duplicate.
    pub(crate) fn res() -> Self {
        let line = |number: &[u8], outcome: &[u8], code: &[u8]| {
            record(
                256,
                &[
                    (0, b"2"),
                    (1, number),
                    (45, outcome),
                    (46, code),
                    (79, &wide_blanks(160)),
                ],
            )
        };
        let data = vec![
            line(b"00000001", b"A", b""),
            line(b"00000002", b"W", b"W208"),
            line(b"00000002", b"W", b"W209"),
            line(b"00000003", b"R", b"L101"),
            line(b"00000004", b"D", b""),
        ];
        let mut file = Self::of_kind(*b"RES", 256, data);
        file.header[6..14].copy_from_slice(b"N0000001");
        file.trailer[73..105].copy_from_slice(b"00000001000000010000000100000001");
        file.sealed()
    }

    fn of_kind(kind: [u8; 3], length: usize, data: Vec<Vec<u8>>) -> Self {
        Self {
            header: record(
                length,
                &[
                    (0, b"1"),
                    (1, &kind),
                    (4, b"01"),
                    (6, b"052019"),
                    (14, b"050008"),
                    (22, b"00000001"),
                    (30, b"20200914100000000"),
                    (47, b"P"),
                    (48, b"1"),
                ],
            ),
            data,
            trailer: record(length, &[(0, b"8")]),
            end: record(length, &[(0, b"9")]),
            line_end: b"",
            tail: b"",
        }
    }

    /// Count and hash made right again.
    pub(crate) fn sealed(mut self) -> Self {
        let count = format!("{:08}", self.data.len());
        self.trailer[1..9].copy_from_slice(count.as_bytes());
        let mut hash = String::new();
        for byte in Sha256::digest(self.data.concat()) {
            write!(hash, "{byte:02x}").unwrap();
        }
        self.trailer[9..73].copy_from_slice(hash.as_bytes());
        self
    }

    /// The same file with bytes of the header changed.
    pub(crate) fn header(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.header[offset..offset + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// The same file with bytes of the trailer changed.
    pub(crate) fn trailer(mut self, offset: usize, bytes: &[u8]) -> Self {
        self.trailer[offset..offset + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// The same file with other line ends and another tail.
    pub(crate) fn lines(mut self, line_end: &'static [u8], tail: &'static [u8]) -> Self {
        (self.line_end, self.tail) = (line_end, tail);
        self
    }

    /// The file's bytes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let data = self.data.iter().map(Vec::as_slice);
        for record in [self.header.as_slice()]
            .into_iter()
            .chain(data)
            .chain([self.trailer.as_slice(), self.end.as_slice()])
        {
            bytes.extend_from_slice(record);
            bytes.extend_from_slice(self.line_end);
        }
        bytes.extend_from_slice(self.tail);
        bytes
    }
}
