//! The texts of single values in a leaf: hashes in hex, instants, labels.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::Deserializer;
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use super::act::{Act, Outcome};
use crate::domain::ids::PartyId;
use crate::domain::instant::{BusinessDate, Instant};
use crate::domain::party::FileKind;

/// Longest label, in bytes: that of a file name.
pub const MAX_LABEL_BYTES: usize = 255;

/// A short name: of an operator, a purpose, an application, a file. 1 to 255 bytes of UTF-8 without control characters.
/// The caller sees to it that nothing personal is in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(String);

impl Label {
    /// Takes a text; `None` where it is empty, too long or holds a control character.
    pub fn new(text: &str) -> Option<Self> {
        let good = !text.is_empty() && text.len() <= MAX_LABEL_BYTES && !text.chars().any(char::is_control);
        good.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Hash by which a leaf names a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileHash {
    /// Hash of sealed bytes; it tells nothing about the content.
    Sealed([u8; 32]),
    /// HMAC-SHA-256 with the year's key over the SHA-256 of plain bytes: the plain hash of a short file could be guessed.
    Keyed([u8; 32]),
}

/// A value with one spelling.
pub(super) trait Text: Sized {
    fn text(&self) -> String;
    fn from_text(text: &str) -> Option<Self>;
}

impl<const N: usize> Text for [u8; N] {
    fn text(&self) -> String {
        self.iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(u32::from(digit), 16))
            .collect()
    }

    fn from_text(text: &str) -> Option<Self> {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != N || !rest.is_empty() {
            return None;
        }
        let mut out = [0; N];
        for (to, [high, low]) in out.iter_mut().zip(pairs) {
            *to = nibble(*high)? << 4 | nibble(*low)?;
        }
        Some(out)
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl Text for FileHash {
    fn text(&self) -> String {
        match self {
            Self::Sealed(hash) => format!("sealed:{}", hash.text()),
            Self::Keyed(hash) => format!("keyed:{}", hash.text()),
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("sealed", hash) => Text::from_text(hash).map(Self::Sealed),
            ("keyed", hash) => Text::from_text(hash).map(Self::Keyed),
            _ => None,
        }
    }
}

impl Text for Label {
    fn text(&self) -> String {
        self.0.clone()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::new(text)
    }
}

impl Text for Instant {
    fn text(&self) -> String {
        self.to_string()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl Text for BusinessDate {
    fn text(&self) -> String {
        self.dashed()
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

macro_rules! text_by_word {
    ($($kind:ty),*) => { $(impl Text for $kind {
        fn text(&self) -> String { self.as_str().to_owned() }
        fn from_text(text: &str) -> Option<Self> { Self::parse(text) }
    })* };
}
text_by_word!(Act, Outcome, FileKind, PartyId);

/// For serde: a value as its text.
pub(super) mod one {
    use super::{Deserialize, Deserializer, Serializer, Text, error};

    pub(in super::super) fn serialize<T: Text, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&value.text())
    }

    pub(in super::super) fn deserialize<'de, T: Text, D: Deserializer<'de>>(input: D) -> Result<T, D::Error> {
        T::from_text(&String::deserialize(input)?).ok_or_else(error)
    }
}

/// For serde: a value that may be left out, never null.
pub(super) mod maybe {
    use super::{Deserializer, Serializer, Text, one};

    #[expect(clippy::ref_option, reason = "serde gives the field by reference")]
    pub(in super::super) fn serialize<T: Text, S: Serializer>(value: &Option<T>, out: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => one::serialize(value, out),
            None => out.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, T: Text, D: Deserializer<'de>>(input: D) -> Result<Option<T>, D::Error> {
        one::deserialize(input).map(Some)
    }
}

/// For serde: hashes by name.
pub(super) mod by_name {
    use super::{BTreeMap, Deserialize, Deserializer, Label, SerializeMap, Serializer, Text, error};

    pub(in super::super) fn serialize<T: Text, S: Serializer>(
        values: &BTreeMap<Label, T>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        let mut map = out.serialize_map(Some(values.len()))?;
        for (name, value) in values {
            map.serialize_entry(name.as_str(), &value.text())?;
        }
        map.end()
    }

    pub(in super::super) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        input: D,
    ) -> Result<BTreeMap<Label, T>, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(input)?;
        let read = |(name, text): (String, String)| Some((Label::new(&name)?, T::from_text(&text)?));
        texts.into_iter().map(read).collect::<Option<_>>().ok_or_else(error)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        one::deserialize(input)
    }
}

// The value itself stays out of the error: it comes from a file.
fn error<E: serde::de::Error>() -> E {
    E::custom("value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_has_one_spelling() {
        let hash: [u8; 32] = std::array::from_fn(|i| u8::try_from(i * 8).unwrap());
        let text = hash.text();
        assert_eq!(text, "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8");
        assert_eq!(Text::from_text(&text), Some(hash));
        for bad in [
            text.to_uppercase(),
            format!("{text}0"),
            format!("{text}00"),
            text.replace('a', "g"),
        ] {
            assert_eq!(<[u8; 32]>::from_text(&bad), None);
        }
        for file in [FileHash::Sealed(hash), FileHash::Keyed(hash)] {
            assert_eq!(FileHash::from_text(&file.text()), Some(file));
        }
        assert_eq!(FileHash::from_text(&format!("plain:{text}")), None);
        assert_eq!(Label::new("住第１２号").unwrap().as_str(), "住第１２号");
        for bad in [String::new(), "a\nb".to_owned(), "a".repeat(256)] {
            assert_eq!(Label::new(&bad), None);
        }
    }
}
