//! Values of a manifest as JSON strings: hexadecimal bytes, days, times, names of tables.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// 32 bytes, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hash32(pub [u8; 32]);

impl Hash32 {
    /// Reads 64 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        from_hex(text)?.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for Hash32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash32 {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash32 {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parsed(from, Self::parse, "64 hexadecimal digits")
    }
}

/// Bytes of any length, written in lower-case hexadecimal digits. `Debug` shows the length only.
#[derive(Clone, PartialEq, Eq)]
pub struct Hex(pub Vec<u8>);

impl fmt::Debug for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hex({} bytes)", self.0.len())
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        parsed(from, |text| from_hex(text).map(Self), "hexadecimal digits")
    }
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
    }
    text
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let half = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    if !rest.is_empty() {
        return None;
    }
    pairs
        .iter()
        .map(|[high, low]| Some(half(*high)? << 4 | half(*low)?))
        .collect()
}

fn parsed<'de, D: Deserializer<'de>, T>(
    from: D,
    parse: impl Fn(&str) -> Option<T>,
    wanted: &'static str,
) -> Result<T, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).ok_or_else(|| de::Error::custom(wanted))
}

/// A value that has its text in the domain.
macro_rules! as_text {
    ($(#[$doc:meta])* $module:ident, $type:ty, $show:expr, $parse:expr, $wanted:literal) => {
        $(#[$doc])*
        pub(super) mod $module {
            use serde::{Deserializer, Serializer};

            pub(in super::super) fn serialize<S: Serializer>(value: &$type, to: S) -> Result<S::Ok, S::Error> {
                let show: fn($type) -> String = $show;
                to.serialize_str(&show(*value))
            }

            pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<$type, D::Error> {
                super::parsed(from, $parse, $wanted)
            }
        }
    };
}

as_text!(
    /// `YYYYMMDD`.
    date, crate::domain::instant::BusinessDate, |day| day.to_string(),
    |text| (text.len() == 8).then(|| crate::domain::instant::BusinessDate::parse(text)).flatten(), "a day YYYYMMDD"
);
as_text!(
    /// 17 digits.
    instant, crate::domain::instant::Instant, |at| at.to_string(), crate::domain::instant::Instant::parse,
    "a time of 17 digits"
);
as_text!(
    /// Name of a table.
    table, crate::format::blockfile::Table, |table| table.as_str().to_owned(), crate::format::blockfile::Table::parse,
    "the name of a table"
);
