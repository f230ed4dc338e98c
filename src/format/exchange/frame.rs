//! Where the records of a file lie: found by position, never by searching, since 《 is 30 0A in UCS-2BE.

use super::fault::FileFault;
use crate::format::layout::RecordType;

/// The mark that old systems put behind the last record.
const EOF_MARK: u8 = 0x1A;

/// What stands between the records of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// Nothing.
    None,
    /// 0D 0A.
    CrLf,
    /// 0A.
    Lf,
}

impl LineEnd {
    /// Its bytes.
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::None => b"",
            Self::CrLf => b"\r\n",
            Self::Lf => b"\n",
        }
    }

    /// The line end at the start of `bytes`.
    pub(super) fn starting(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"\r\n") {
            Self::CrLf
        } else if bytes.starts_with(b"\n") {
            Self::Lf
        } else {
            Self::None
        }
    }

    /// `bytes` without one line end behind them.
    pub(super) fn strip(bytes: &[u8]) -> &[u8] {
        let without = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        if without.len() < bytes.len() {
            without.strip_suffix(b"\r").unwrap_or(without)
        } else {
            bytes
        }
    }
}

/// The structure of a file whose records were all found in their places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    line_end: LineEnd,
    record_bytes: usize,
    data_count: u32,
}

impl Frame {
    /// Finds the records of a file: one header, data records, one trailer, one end, all `record_bytes` long and all
    /// with the line end of the first; the line end of the last may be missing. An 0x1A behind the last record is
    /// taken off, with the line end behind it.
    ///
    /// # Errors
    /// `Length`, `LineEnd`, `RecordType`: the first in the file.
    pub fn detect(bytes: &[u8], record_bytes: u32) -> Result<Self, FileFault> {
        let record_len = usize::try_from(record_bytes).unwrap_or(usize::MAX);
        let content = without_mark(bytes);
        let Some(behind_first) = content.get(record_len..).filter(|_| record_len > 0) else {
            return Err(FileFault::Length { at: 0 });
        };
        let line_end = LineEnd::starting(behind_first);
        let mut want = Some(RecordType::Header);
        let mut data_count: u32 = 0;
        let mut rest = content;
        while !rest.is_empty() {
            let at = offset(content.len() - rest.len());
            let Some((record, behind)) = rest.split_at_checked(record_len) else {
                let is_line_end = LineEnd::strip(rest).is_empty();
                return Err(if is_line_end {
                    FileFault::LineEnd { at }
                } else {
                    FileFault::Length { at }
                });
            };
            let found = RecordType::ALL
                .into_iter()
                .find(|kind| record.first() == Some(&kind.byte()));
            want = match (want, found) {
                (Some(RecordType::Header), Some(RecordType::Header)) => Some(RecordType::Data),
                (Some(RecordType::Data), Some(RecordType::Data)) => {
                    data_count = data_count.checked_add(1).ok_or(FileFault::Length { at })?;
                    Some(RecordType::Data)
                }
                // Where data may stand, the trailer may: there can be none.
                (Some(RecordType::Data), Some(RecordType::Trailer)) => Some(RecordType::End),
                (Some(RecordType::End), Some(RecordType::End)) => None,
                (_, _) => return Err(FileFault::RecordType { at }),
            };
            if behind.is_empty() {
                break;
            }
            rest = behind.strip_prefix(line_end.bytes()).ok_or(FileFault::LineEnd {
                at: offset(content.len() - behind.len()),
            })?;
        }
        if want.is_some() {
            return Err(FileFault::Length {
                at: offset(content.len()),
            });
        }
        Ok(Self {
            line_end,
            record_bytes: record_len,
            data_count,
        })
    }

    /// The structure of a file that was scanned in pieces.
    pub(super) const fn new(line_end: LineEnd, record_bytes: usize, data_count: u32) -> Self {
        Self {
            line_end,
            record_bytes,
            data_count,
        }
    }

    /// Length of a record with its line end, in bytes.
    pub fn unit_bytes(&self) -> usize {
        self.record_bytes.saturating_add(self.line_end.bytes().len())
    }

    /// What stands between the records.
    pub fn line_end(&self) -> LineEnd {
        self.line_end
    }

    /// Number of data records.
    pub fn data_count(&self) -> u32 {
        self.data_count
    }

    /// The bytes of the header.
    pub fn header<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.record(bytes, 0)
    }

    /// The bytes of the trailer.
    pub fn trailer<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.record(bytes, u64::from(self.data_count) + 1)
    }

    /// Offset of the trailer from the start of the file, in bytes.
    pub fn trailer_offset(&self) -> u64 {
        self.offset(u64::from(self.data_count) + 1)
    }

    /// The bytes of the data record `record_no`, from 1, without its line end.
    pub fn data_record<'a>(&self, bytes: &'a [u8], record_no: u32) -> Option<&'a [u8]> {
        (1..=self.data_count)
            .contains(&record_no)
            .then(|| self.record(bytes, u64::from(record_no)))
    }

    /// Offset of the data record `record_no`, from 1, from the start of the file, in bytes.
    pub fn data_offset(&self, record_no: u32) -> u64 {
        self.offset(u64::from(record_no))
    }

    /// The data records in their order. `bytes` is the file that the frame was found in.
    pub fn data<'a>(&self, bytes: &'a [u8]) -> DataRecords<'a> {
        DataRecords {
            frame: *self,
            bytes,
            next: 1,
        }
    }

    fn record<'a>(&self, bytes: &'a [u8], index: u64) -> &'a [u8] {
        let start = usize::try_from(self.offset(index)).unwrap_or(usize::MAX);
        bytes
            .get(start..start.saturating_add(self.record_bytes))
            .unwrap_or_default()
    }

    fn offset(&self, index: u64) -> u64 {
        index.saturating_mul(offset(self.unit_bytes()))
    }
}

/// The data records of a file: number from 1, offset in bytes, bytes without line end.
#[derive(Debug, Clone)]
pub struct DataRecords<'a> {
    frame: Frame,
    bytes: &'a [u8],
    next: u32,
}

impl<'a> Iterator for DataRecords<'a> {
    type Item = (u32, u64, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let record_no = self.next;
        let record = self.frame.data_record(self.bytes, record_no)?;
        self.next = record_no.checked_add(1)?;
        Some((record_no, self.frame.data_offset(record_no), record))
    }
}

/// True where the file is complete: its last record, with the mark and one line end behind it taken off, is `9` and
/// blanks. `record_bytes` is the length that its kind has.
///
/// # Errors
/// `Incomplete`, with the place where the end record would begin.
pub fn is_complete(bytes: &[u8], record_bytes: u32) -> Result<(), FileFault> {
    complete_tail(bytes, 0, usize::try_from(record_bytes).unwrap_or(usize::MAX))
}

/// [`is_complete`] of a file of which only the last bytes are at hand, at least a record with its line end and the mark,
/// or all; `before` is how many stand before them.
pub(super) fn complete_tail(tail: &[u8], before: u64, record_len: usize) -> Result<(), FileFault> {
    let content = LineEnd::strip(without_mark(tail));
    let start = content.len().saturating_sub(record_len);
    let last = content.get(start..).unwrap_or_default();
    match last.split_first() {
        Some((first, rest))
            if *first == RecordType::End.byte() && last.len() == record_len && rest.iter().all(|b| *b == b' ') =>
        {
            Ok(())
        }
        Some(_) | None => Err(FileFault::Incomplete {
            at: before.saturating_add(offset(start)),
        }),
    }
}

/// The file without the 0x1A behind its last record and without the line end behind that.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes
        .strip_suffix(&[EOF_MARK])
        .or_else(|| bytes.strip_suffix(&[EOF_MARK, b'\n']))
        .or_else(|| bytes.strip_suffix(&[EOF_MARK, b'\r', b'\n']))
        .unwrap_or(bytes)
}

fn offset(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records of eight bytes, the type first and the number of the record second.
    fn file(types: &str, line_end: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (index, letter) in types.bytes().enumerate() {
            bytes.push(letter);
            let filling = if letter == b'9' {
                b' '
            } else {
                b'0' + u8::try_from(index).unwrap()
            };
            bytes.extend([filling; 7]);
            bytes.extend(line_end.bytes());
        }
        bytes
    }

    #[test]
    fn records_are_found_with_every_line_end_and_tail() {
        for (line_end, kind) in [("", LineEnd::None), ("\r\n", LineEnd::CrLf), ("\n", LineEnd::Lf)] {
            for tail in ["", "\x1A", "\x1A\r\n", "\x1A\n"] {
                let mut bytes = file("12289", line_end);
                bytes.extend(tail.bytes());
                let frame = Frame::detect(&bytes, 8).unwrap();
                assert_eq!(is_complete(&bytes, 8), Ok(()));
                assert_eq!((frame.line_end(), frame.data_count()), (kind, 2), "{tail:?}");
                let unit = 8 + line_end.len() as u64;
                let records: Vec<_> = frame.data(&bytes).collect();
                assert_eq!(records, [(1, unit, &b"21111111"[..]), (2, 2 * unit, &b"22222222"[..])]);
                assert_eq!(frame.trailer(&bytes), b"83333333");
                assert_eq!(frame.trailer_offset(), 3 * unit);
                assert_eq!(frame.data_record(&bytes, 3), None);
                assert_eq!(frame.data_record(&bytes, 0), None);
            }
        }
    }

    #[test]
    fn the_last_line_end_may_be_missing() {
        for line_end in ["\r\n", "\n"] {
            let mut bytes = file("189", line_end);
            bytes.truncate(bytes.len() - line_end.len());
            assert_eq!(is_complete(&bytes, 8), Ok(()));
            assert_eq!(Frame::detect(&bytes, 8).unwrap().data_count(), 0);
            bytes.push(0x1A);
            assert_eq!(Frame::detect(&bytes, 8).unwrap().data_count(), 0);
        }
    }

    #[test]
    fn bytes_that_look_like_line_ends_inside_a_record_are_content() {
        // 30 0A is the character 300A of UCS-2BE; 0D 0A can stand at the end of a field the same way.
        for inside in [*b"\x30\x0A\x30\x0A\x30\x0A\x30", *b"\x0D\x0A\x0D\x0A\x0D\x0A\x0A"] {
            for line_end in ["", "\r\n", "\n"] {
                let mut bytes = file("1289", line_end);
                let start = 8 + line_end.len() + 1;
                bytes[start..start + 7].copy_from_slice(&inside);
                let frame = Frame::detect(&bytes, 8).unwrap();
                assert_eq!(frame.data_count(), 1);
                assert_eq!(frame.data(&bytes).next().unwrap().2[1..], inside);
            }
        }
    }

    #[test]
    fn mixed_line_ends_are_named_by_place() {
        let mut bytes = file("12289", "\n");
        bytes.remove(17);
        assert_eq!(Frame::detect(&bytes, 8), Err(FileFault::LineEnd { at: 17 }));
        let mut bytes = file("12289", "\n");
        bytes.splice(17..18, *b"\r\n");
        assert_eq!(Frame::detect(&bytes, 8), Err(FileFault::LineEnd { at: 17 }));
        // The first record without, the others with a line end.
        let mut bytes = file("12289", "\n");
        bytes.remove(8);
        assert_eq!(Frame::detect(&bytes, 8), Err(FileFault::RecordType { at: 16 }));
        // Only the last with one.
        let mut bytes = file("1289", "");
        bytes.push(b'\n');
        assert_eq!(is_complete(&bytes, 8), Ok(()));
        assert_eq!(Frame::detect(&bytes, 8), Err(FileFault::LineEnd { at: 32 }));
        // CR LF, the last with LF.
        let mut bytes = file("1289", "\r\n");
        bytes.remove(38);
        assert_eq!(is_complete(&bytes, 8), Ok(()));
        assert_eq!(Frame::detect(&bytes, 8), Err(FileFault::LineEnd { at: 38 }));
    }

    #[test]
    fn record_types_have_their_places() {
        for (types, index) in [
            ("2289", 0),
            ("1299", 2),
            ("1279", 2),
            ("12819", 3),
            ("11289", 1),
            ("18289", 2),
            ("1889", 2),
            ("12899", 4),
            ("1989", 1),
            ("1 89", 1),
        ] {
            assert_eq!(
                Frame::detect(&file(types, "\n"), 8),
                Err(FileFault::RecordType { at: index * 9 }),
                "{types}"
            );
        }
        for types in ["1", "12", "122", "18", "1228"] {
            let at = types.len() as u64 * 8;
            assert_eq!(
                Frame::detect(&file(types, ""), 8),
                Err(FileFault::Length { at }),
                "{types}"
            );
        }
        assert_eq!(Frame::detect(b"1", 8), Err(FileFault::Length { at: 0 }));
        assert_eq!(Frame::detect(b"", 8), Err(FileFault::Length { at: 0 }));
        assert_eq!(Frame::detect(b"1", 0), Err(FileFault::Length { at: 0 }));
    }

    #[test]
    fn no_part_of_a_file_is_complete_and_sound() {
        for line_end in ["", "\r\n", "\n"] {
            let whole = file("12289", line_end);
            let sound = whole.len() - line_end.len();
            for length in 0..sound {
                let part = &whole[..length];
                assert!(
                    is_complete(part, 8).is_err() || Frame::detect(part, 8).is_err(),
                    "{length} of {line_end:?}"
                );
            }
            // A half line end is still growing; two marks are one too many.
            if line_end == "\r\n" {
                assert!(is_complete(&whole[..=sound], 8).is_err());
            }
            let twice = [whole.as_slice(), b"\x1A\x1A"].concat();
            assert!(is_complete(&twice, 8).is_err());
        }
    }

    #[test]
    fn the_end_is_nine_and_blanks() {
        let mut bytes = file("1289", "");
        bytes[28] = b'x';
        assert_eq!(is_complete(&bytes, 8), Err(FileFault::Incomplete { at: 24 }));
        assert_eq!(is_complete(b"", 8), Err(FileFault::Incomplete { at: 0 }));
        assert_eq!(is_complete(b"9  ", 8), Err(FileFault::Incomplete { at: 0 }));
    }
}
