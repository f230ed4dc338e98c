//! Reading and writing the fixed-width fields of a stored row, big-endian, with the field's name in every error.

use super::{RowFault, instant};
use crate::domain::ids::{JuminCode, MunicipalityCode, PartyId};
use crate::domain::instant::{BusinessDate, Instant};

/// Appends the lowest 40 bits.
pub(super) fn put_u40(to: &mut Vec<u8>, value: u64) {
    let [_, _, _, rest @ ..] = value.to_be_bytes();
    to.extend_from_slice(&rest);
}

/// Appends a length of at most 65,535.
pub(super) fn put_len(to: &mut Vec<u8>, len: usize, field: &'static str) -> Result<(), RowFault> {
    let len = u16::try_from(len).map_err(|_| RowFault::TooLarge { field })?;
    to.extend_from_slice(&len.to_be_bytes());
    Ok(())
}

/// Appends one byte of length and the id.
pub(super) fn put_party(to: &mut Vec<u8>, party: PartyId) {
    let text = party.as_str();
    // A party id has at most eight bytes by construction.
    to.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    to.extend_from_slice(text.as_bytes());
}

/// What is left of the bytes of a row.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, len: usize, field: &'static str) -> Result<&'a [u8], RowFault> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(RowFault::Short { field })?;
        self.rest = rest;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], RowFault> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(RowFault::Short { field })?;
        self.rest = rest;
        Ok(*head)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, RowFault> {
        self.array(field).map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, RowFault> {
        self.array(field).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, RowFault> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(super) fn u40(&mut self, field: &'static str) -> Result<u64, RowFault> {
        let low: [u8; 5] = self.array(field)?;
        Ok(low.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, RowFault> {
        self.array(field).map(u64::from_be_bytes)
    }

    pub(super) fn code(&mut self, field: &'static str) -> Result<JuminCode, RowFault> {
        JuminCode::from_value(self.u40(field)?).ok_or(RowFault::Value { field })
    }

    pub(super) fn instant(&mut self, field: &'static str) -> Result<Instant, RowFault> {
        instant(self.u64(field)?, field)
    }

    pub(super) fn date(&mut self, field: &'static str) -> Result<BusinessDate, RowFault> {
        BusinessDate::from_value(self.u32(field)?).ok_or(RowFault::Value { field })
    }

    pub(super) fn municipality(&mut self, field: &'static str) -> Result<MunicipalityCode, RowFault> {
        MunicipalityCode::parse(&format!("{:06}", self.u32(field)?)).map_err(|_| RowFault::Value { field })
    }

    pub(super) fn text(&mut self, len: usize, field: &'static str) -> Result<&'a str, RowFault> {
        std::str::from_utf8(self.take(len, field)?).map_err(|_| RowFault::Value { field })
    }

    pub(super) fn party(&mut self, field: &'static str) -> Result<PartyId, RowFault> {
        let len = usize::from(self.u8(field)?);
        PartyId::parse(self.text(len, field)?).ok_or(RowFault::Value { field })
    }

    pub(super) fn end(&self) -> Result<(), RowFault> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(RowFault::Trailing { count: self.rest.len() })
        }
    }
}
