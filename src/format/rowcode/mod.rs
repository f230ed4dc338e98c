//! Rows of the master as bytes: `docs/formats/run.md` (keys, key groups, body groups) and `docs/formats/manifest.md`
//! (canonical form behind the logical roots).
//!
//! `stored` is how a row lies in a run, split so that matching and comparing need the key group only; `canonical` is
//! the one form that the roots are taken over, whatever the runs look like.

mod bytes;
mod canonical;
mod keys;
mod stored;

pub use canonical::{canonical_entry, canonical_version, put_canonical_entry, put_canonical_version, row_digest};
pub use keys::{EntryKey, KEY_ITEMS, RowKey, StandingKey, VersionKey};
pub use stored::{
    compared_digest, decode_entry, decode_entry_key, decode_version, decode_version_key, encode_entry, encode_version,
};

use crate::domain::ids::{JuminCode, MyNumber};
use crate::domain::instant::Instant;
use crate::domain::notice::{NoticeDigest, NoticeKey};
use bytes::Reader;

/// Why stored bytes are not a row. Positions only, never content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// The bytes end inside a field.
    #[error("row ends inside its {field}")]
    Short {
        /// Name of the field.
        field: &'static str,
    },
    /// Bytes are left over.
    #[error("{count} bytes after the end of the row")]
    Trailing {
        /// How many.
        count: usize,
    },
    /// A field's value is impossible: wrong check digit, unreal time, unknown tag, not UTF-8.
    #[error("impossible value in the row's {field}")]
    Value {
        /// Name of the field.
        field: &'static str,
    },
    /// A row too large for its length fields.
    #[error("row too large in its {field}")]
    TooLarge {
        /// Name of the field.
        field: &'static str,
    },
}

/// Width of the key of the current rows, in bytes: 住民票コード as 40-bit number.
pub const CODE_KEY_BYTES: usize = 5;
/// Width of the key of a version: code and version number.
pub const VERSION_KEY_BYTES: usize = CODE_KEY_BYTES + 4;
/// Width of the key of a number's owner: 個人番号 as 40-bit number.
pub const NUMBER_KEY_BYTES: usize = 5;
/// Width of the key of an applied notice: code, reason, item 18, item 22.
pub const NOTICE_KEY_BYTES: usize = CODE_KEY_BYTES + 1 + 8 + 4;
/// Width of the key of an identity: a digest.
pub const IDENTITY_KEY_BYTES: usize = 32;

/// Key of a code; memcmp order is the order of codes.
pub fn code_key(code: JuminCode) -> [u8; CODE_KEY_BYTES] {
    let [_, _, _, key @ ..] = code.value().to_be_bytes();
    key
}

/// Key of a 個人番号; memcmp order is the order of numbers.
pub fn number_key(number: MyNumber) -> [u8; NUMBER_KEY_BYTES] {
    let [_, _, _, key @ ..] = number.value().to_be_bytes();
    key
}

/// Key of a version; the versions of one code follow each other in their order.
pub fn version_key(code: JuminCode, number: u32) -> [u8; VERSION_KEY_BYTES] {
    let mut key = [0; VERSION_KEY_BYTES];
    let bytes = code_key(code).into_iter().chain(number.to_be_bytes());
    for (to, from) in key.iter_mut().zip(bytes) {
        *to = from;
    }
    key
}

/// Key of an applied notice; memcmp order is the order of [`NoticeKey`].
pub fn notice_key(key: &NoticeKey) -> [u8; NOTICE_KEY_BYTES] {
    let mut bytes = [0; NOTICE_KEY_BYTES];
    let parts = code_key(key.code)
        .into_iter()
        .chain([key.reason])
        .chain(key.timestamp.value().to_be_bytes())
        .chain(key.update_seq.to_be_bytes());
    for (to, from) in bytes.iter_mut().zip(parts) {
        *to = from;
    }
    bytes
}

/// Reads what [`code_key`] wrote.
///
/// # Errors
/// [`RowFault`] where the bytes are not exactly one right code.
pub fn read_code_key(key: &[u8]) -> Result<JuminCode, RowFault> {
    let mut reader = Reader::new(key);
    let code = reader.code("code")?;
    reader.end()?;
    Ok(code)
}

/// Reads what [`number_key`] wrote.
///
/// # Errors
/// [`RowFault`] where the bytes are not exactly one right number.
pub fn read_number_key(key: &[u8]) -> Result<MyNumber, RowFault> {
    let mut reader = Reader::new(key);
    let value = reader.u40("number")?;
    reader.end()?;
    MyNumber::from_value(value).ok_or(RowFault::Value { field: "number" })
}

/// Reads what [`version_key`] wrote.
///
/// # Errors
/// [`RowFault`] where the bytes are not a code and a version number.
pub fn read_version_key(key: &[u8]) -> Result<(JuminCode, u32), RowFault> {
    let mut reader = Reader::new(key);
    let code = reader.code("code")?;
    let number = reader.u32("version number")?;
    reader.end()?;
    Ok((code, number))
}

/// Reads what [`notice_key`] wrote.
///
/// # Errors
/// [`RowFault`] where a field is missing or impossible.
pub fn read_notice_key(key: &[u8]) -> Result<NoticeKey, RowFault> {
    let mut reader = Reader::new(key);
    let code = reader.code("code")?;
    let reason = reader.u8("reason")?;
    let timestamp = reader.instant("timestamp")?;
    let update_seq = reader.u32("update sequence")?;
    reader.end()?;
    Ok(NoticeKey {
        code,
        reason,
        timestamp,
        update_seq,
    })
}

/// Reads the value of an applied notice: its 32 bytes.
///
/// # Errors
/// [`RowFault`] where the bytes are not exactly 32.
pub fn read_notice_digest(value: &[u8]) -> Result<NoticeDigest, RowFault> {
    value.try_into().map_err(|_| RowFault::Value { field: "notice digest" })
}

/// The greatest version key of a code; with [`version_key`]`(code, 0)` the bounds of its versions.
pub fn last_version_key(code: JuminCode) -> [u8; VERSION_KEY_BYTES] {
    version_key(code, u32::MAX)
}

fn instant(value: u64, field: &'static str) -> Result<Instant, RowFault> {
    Instant::from_value(value).ok_or(RowFault::Value { field })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> JuminCode {
        JuminCode::parse(text).unwrap()
    }

    #[test]
    fn keys_sort_as_their_numbers_and_read_back() {
        let (low, high) = (code("10000000006"), code("96430545903"));
        assert!(code_key(low) < code_key(high));
        assert_eq!(code_key(low), [0x02, 0x54, 0x0B, 0xE4, 0x06]);
        assert_eq!(read_code_key(&code_key(high)), Ok(high));
        assert!(version_key(low, 7) < version_key(low, 256));
        assert!(version_key(low, 256) < version_key(high, 0));
        assert_eq!(read_version_key(&version_key(high, 256)), Ok((high, 256)));
        let number = MyNumber::parse("983205673214").unwrap();
        assert_eq!(read_number_key(&number_key(number)), Ok(number));
    }

    #[test]
    fn damaged_keys_are_refused() {
        let mut key = code_key(code("10000000006"));
        key[4] ^= 1;
        assert_eq!(read_code_key(&key), Err(RowFault::Value { field: "code" }));
        assert_eq!(read_code_key(&[2, 3]), Err(RowFault::Short { field: "code" }));
        assert_eq!(
            read_code_key(&version_key(code("10000000006"), 1)),
            Err(RowFault::Trailing { count: 4 })
        );
        assert!(read_notice_digest(&[0; 31]).is_err());
    }

    #[test]
    fn notice_keys_keep_their_order() {
        let base = NoticeKey {
            code: code("10000000006"),
            reason: 31,
            timestamp: Instant::parse("20200914093000123").unwrap(),
            update_seq: 5,
        };
        let later = NoticeKey {
            timestamp: Instant::parse("20200914093000124").unwrap(),
            update_seq: 0,
            ..base
        };
        let other = NoticeKey { reason: 32, ..base };
        assert!(base < later && later < other);
        assert!(notice_key(&base) < notice_key(&later) && notice_key(&later) < notice_key(&other));
        assert_eq!(notice_key(&base).len(), NOTICE_KEY_BYTES);
        assert_eq!(read_notice_key(&notice_key(&base)), Ok(base));
    }
}
