//! `looks.json`, what the passes remember of files that they only watch: how often each was found unchanged
//! (docs/formats/site.md, "Inbound folders").
//!
//! It is a memory, not a record: whoever loses it waits longer and loses nothing else. Names stand in it as keyed digests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The only format there is.
const FORMAT: u32 = 1;

/// What is known of one watched thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Inode at the last look.
    pub inode: u64,
    /// Length in bytes.
    pub len_bytes: u64,
    /// Modification time in nanoseconds since 1970.
    pub modified_ns: i128,
    /// When it was first found so, in milliseconds since 1970 by the clock of the site.
    pub since_ms: i64,
    /// Passes that found it so, as many as anybody asks for.
    pub passes: u32,
}

/// The whole memory, by keyed digest of folder and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looks {
    format: u32,
    files: BTreeMap<String, Look>,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            format: FORMAT,
            files: BTreeMap::new(),
        }
    }
}

impl Looks {
    /// Reads the memory; what cannot be read is no memory.
    pub fn parse(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes)
            .ok()
            .filter(|looks: &Self| looks.format == FORMAT)
            .unwrap_or_default()
    }

    /// The text; `None` where there is nothing to remember.
    pub fn bytes(&self) -> Option<Vec<u8>> {
        if self.files.is_empty() {
            return None;
        }
        serde_json::to_vec(self).ok()
    }

    /// What is remembered under a digest.
    pub fn get(&self, id: &str) -> Option<Look> {
        self.files.get(id).copied()
    }

    /// Remembers.
    pub fn set(&mut self, id: &str, look: Look) {
        self.files.insert(id.to_owned(), look);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_reads_back_and_damage_is_no_memory() {
        let mut looks = Looks::default();
        assert_eq!(looks.bytes(), None);
        let look = Look {
            inode: 7,
            len_bytes: 9,
            modified_ns: -1,
            since_ms: 1_600_000_000_000,
            passes: 2,
        };
        looks.set("ab", look);
        let bytes = looks.bytes().unwrap();
        assert_eq!(Looks::parse(&bytes), looks);
        assert_eq!(Looks::parse(&bytes).get("ab"), Some(look));
        for damaged in [&bytes[..bytes.len() - 1], b"", b"[]", b"{\"format\":2,\"files\":{}}"] {
            assert_eq!(Looks::parse(damaged), Looks::default());
        }
    }
}
