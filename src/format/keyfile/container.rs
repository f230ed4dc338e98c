//! The private key file and the unlock key file (`docs/formats/keyfile.md`, "Key file" and "Unlock key file").

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::KeyId;
use crate::domain::ids::PartyId;

/// Longest key file in bytes; a site's has about 2 kB.
pub const MAX_KEY_FILE_LEN: usize = 64 * 1024;
/// Length of the salt of Argon2id in bytes.
pub const SALT_LEN: usize = 16;
/// Length of an unlock key file in bytes.
pub const UNLOCK_KEY_FILE_LEN: usize = 66;

const FIRST_LINE: &str = "sekisho-keyfile 1";
const MAGIC: &str = "sekisho-keyfile ";
const UNLOCK_FIRST_LINE: &str = "sekisho-unlock-key 1";

/// Why bytes are no key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileFault {
    /// Longer than [`MAX_KEY_FILE_LEN`].
    #[error("key file of {got} bytes is over the limit of {MAX_KEY_FILE_LEN}")]
    TooLong {
        /// Length found, in bytes.
        got: usize,
    },
    /// Another kind of file.
    #[error("not a key file")]
    NotAKeyFile,
    /// A key file of another version.
    #[error("key file of an unsupported version")]
    UnsupportedVersion,
    /// A line is missing or malformed.
    #[error("line {line_no} of the key file is malformed")]
    Line {
        /// Number of the line, from 1.
        line_no: usize,
    },
    /// The parameters of Argon2id ask for more memory or time than we give, or for too little.
    #[error("parameters of Argon2id are outside their bounds")]
    Cost,
}

/// Whose secrets a key file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRole {
    /// The site itself.
    Site,
    /// A party of the exchange.
    Party,
}

impl KeyRole {
    const ALL: [Self; 2] = [Self::Site, Self::Party];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Party => "party",
        }
    }
}

/// Cost of Argon2id (RFC 9106).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgonCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl ArgonCost {
    /// 64 MiB, three passes, one lane.
    pub const DEFAULT: Self = Self {
        memory_kib: Self::MAX_MEMORY_KIB,
        passes: 3,
        lanes: 1,
    };
    /// Most memory in KiB: the machine of a small office has to open the file too.
    const MAX_MEMORY_KIB: u32 = 64 * 1024;
    const MAX_PASSES: u32 = 16;
    const MAX_LANES: u32 = 4;

    /// A cost within the bounds: 8 KiB for each lane to 64 MiB, 1 to 16 passes, 1 to 4 lanes.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KeyFileFault> {
        let within = (1..=Self::MAX_LANES).contains(&lanes)
            && (1..=Self::MAX_PASSES).contains(&passes)
            && (8 * lanes..=Self::MAX_MEMORY_KIB).contains(&memory_kib);
        if within {
            Ok(Self {
                memory_kib,
                passes,
                lanes,
            })
        } else {
            Err(KeyFileFault::Cost)
        }
    }

    /// Memory in KiB.
    pub fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    pub fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes.
    pub fn lanes(self) -> u32 {
        self.lanes
    }
}

/// How a key file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnlockLine {
    /// By a passphrase.
    Passphrase {
        /// Cost of Argon2id.
        cost: ArgonCost,
        /// Its salt.
        salt: [u8; SALT_LEN],
    },
    /// By an unlock key file with this id.
    Key(KeyId),
}

impl UnlockLine {
    fn parse(value: &str) -> Result<Option<Self>, KeyFileFault> {
        let words: Vec<&str> = value.split(' ').collect();
        match *words.as_slice() {
            ["argon2id", memory_kib, passes, lanes, salt] => {
                let number = |word: &str| word.parse().ok();
                let salt = STANDARD.decode(salt).ok().and_then(|bytes| bytes.try_into().ok());
                let (Some(memory_kib), Some(passes), Some(lanes), Some(salt)) =
                    (number(memory_kib), number(passes), number(lanes), salt)
                else {
                    return Ok(None);
                };
                let cost = ArgonCost::new(memory_kib, passes, lanes)?;
                Ok(Some(Self::Passphrase { cost, salt }))
            }
            ["key", id] => Ok(KeyId::parse(id).map(Self::Key)),
            _ => Ok(None),
        }
    }

    fn line(&self) -> String {
        match self {
            Self::Passphrase { cost, salt } => format!(
                "unlock argon2id {} {} {} {}\n",
                cost.memory_kib,
                cost.passes,
                cost.lanes,
                STANDARD.encode(salt)
            ),
            Self::Key(id) => format!("unlock key {id}\n"),
        }
    }
}

/// A key file, still encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// Site or party.
    pub role: KeyRole,
    /// Whose secrets they are.
    pub owner: PartyId,
    /// How it is opened.
    pub unlock: UnlockLine,
    /// FLOE message with the secrets.
    pub body: Vec<u8>,
}

impl KeyFile {
    /// The lines in front of the body, to which the body is bound.
    pub fn head(&self) -> String {
        let (role, owner) = (self.role.as_str(), self.owner);
        format!("{FIRST_LINE}\nrole {role}\nowner {owner}\n{}", self.unlock.line())
    }

    /// The whole file.
    pub fn to_text(&self) -> String {
        format!("{}body {}\n", self.head(), STANDARD.encode(&self.body))
    }

    /// Reads a whole file.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeyFileFault> {
        if bytes.len() > MAX_KEY_FILE_LEN {
            return Err(KeyFileFault::TooLong { got: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| KeyFileFault::NotAKeyFile)?;
        let mut lines = text.split_inclusive('\n');
        let first = lines.next().unwrap_or_default();
        if !first.starts_with(MAGIC) {
            return Err(KeyFileFault::NotAKeyFile);
        }
        if first.strip_suffix('\n') != Some(FIRST_LINE) {
            return Err(KeyFileFault::UnsupportedVersion);
        }
        let mut value = |key: &str, line_no| {
            lines
                .next()
                .and_then(|line| line.strip_suffix('\n')?.strip_prefix(key)?.strip_prefix(' '))
                .ok_or(KeyFileFault::Line { line_no })
        };
        let malformed = |line_no| KeyFileFault::Line { line_no };
        let role = value("role", 2)?;
        let role = KeyRole::ALL
            .into_iter()
            .find(|r| r.as_str() == role)
            .ok_or(malformed(2))?;
        let owner = PartyId::parse(value("owner", 3)?).ok_or(malformed(3))?;
        let unlock = UnlockLine::parse(value("unlock", 4)?)?.ok_or(malformed(4))?;
        let body = STANDARD.decode(value("body", 5)?).map_err(|_| malformed(5))?;
        if lines.next().is_some() {
            return Err(malformed(6));
        }
        let file = Self {
            role,
            owner,
            unlock,
            body,
        };
        // Numbers with leading zeros or a sign end here: one text per file.
        if file.to_text() == text {
            Ok(file)
        } else {
            Err(malformed(4))
        }
    }
}

/// The text of an unlock key file.
pub fn unlock_key_text(key: &[u8; 32]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(key));
    Zeroizing::new(format!("{UNLOCK_FIRST_LINE}\n{}\n", *encoded))
}

/// Reads an unlock key file.
pub fn parse_unlock_key(bytes: &[u8]) -> Result<Zeroizing<[u8; 32]>, KeyFileFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| KeyFileFault::NotAKeyFile)?;
    let (first, rest) = text.split_once('\n').ok_or(KeyFileFault::NotAKeyFile)?;
    if first != UNLOCK_FIRST_LINE {
        return Err(KeyFileFault::NotAKeyFile);
    }
    let line = rest.strip_suffix('\n').ok_or(KeyFileFault::Line { line_no: 2 })?;
    let mut key = Zeroizing::new([0; 32]);
    match STANDARD.decode_slice(line, key.as_mut_slice()) {
        Ok(32) => Ok(key),
        Ok(_) | Err(_) => Err(KeyFileFault::Line { line_no: 2 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITH_KEY: &str = "sekisho-keyfile 1\nrole party\nowner 052019\nunlock key 0001020304050607\nbody AAEC\n";
    const WITH_PASSPHRASE: &str =
        "sekisho-keyfile 1\nrole site\nowner 050008\nunlock argon2id 65536 3 1 AAAAAAAAAAAAAAAAAAAAAA==\nbody AAEC\n";

    fn refused(text: &str) -> KeyFileFault {
        KeyFile::parse(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn parse_and_text_are_inverse() {
        for text in [WITH_KEY, WITH_PASSPHRASE] {
            let file = KeyFile::parse(text.as_bytes()).unwrap();
            assert_eq!(file.to_text(), text);
            assert_eq!(format!("{}body AAEC\n", file.head()), text);
            assert_eq!(file.body, [0, 1, 2]);
        }
        let file = KeyFile::parse(WITH_PASSPHRASE.as_bytes()).unwrap();
        assert_eq!(file.role, KeyRole::Site);
        assert_eq!(
            file.unlock,
            UnlockLine::Passphrase {
                cost: ArgonCost::DEFAULT,
                salt: [0; 16]
            }
        );
    }

    #[test]
    fn every_deviation_is_refused() {
        assert_eq!(refused(""), KeyFileFault::NotAKeyFile);
        assert_eq!(refused("age-secret-key"), KeyFileFault::NotAKeyFile);
        assert_eq!(
            refused(&WITH_KEY.replace("keyfile 1", "keyfile 2")),
            KeyFileFault::UnsupportedVersion
        );
        assert_eq!(
            refused(&WITH_KEY.replace("role party", "role other")),
            KeyFileFault::Line { line_no: 2 }
        );
        assert_eq!(
            refused(&WITH_KEY.replace("owner 052019", "owner 0520/9")),
            KeyFileFault::Line { line_no: 3 }
        );
        for unlock in [
            "unlock key 00",
            "unlock none",
            "unlock argon2id 65536 3 1",
            "unlock argon2id 65536 3 1 AAAA",
            "unlock argon2id 065536 3 1 AAAAAAAAAAAAAAAAAAAAAA==",
            "unlock argon2id 65536 x 1 AAAAAAAAAAAAAAAAAAAAAA==",
        ] {
            let text = WITH_KEY.replace("unlock key 0001020304050607", unlock);
            assert_eq!(refused(&text), KeyFileFault::Line { line_no: 4 }, "{unlock}");
        }
        assert_eq!(
            refused(&WITH_KEY.replace("AAEC", "AAE")),
            KeyFileFault::Line { line_no: 5 }
        );
        assert_eq!(
            refused(WITH_KEY.strip_suffix('\n').unwrap()),
            KeyFileFault::Line { line_no: 5 }
        );
        assert_eq!(refused(&format!("{WITH_KEY}more\n")), KeyFileFault::Line { line_no: 6 });
        assert_eq!(
            refused(&format!("{WITH_KEY}{}", "x".repeat(MAX_KEY_FILE_LEN))),
            KeyFileFault::TooLong {
                got: MAX_KEY_FILE_LEN + WITH_KEY.len()
            }
        );
    }

    #[test]
    fn costs_are_bounded_when_read() {
        for cost in [
            "65537 3 1",
            "4294967295 3 1",
            "7 3 1",
            "31 3 4",
            "65536 0 1",
            "65536 17 1",
            "65536 3 0",
            "65536 3 5",
        ] {
            let text = WITH_PASSPHRASE.replace("65536 3 1", cost);
            assert_eq!(refused(&text), KeyFileFault::Cost, "{cost}");
        }
        assert!(KeyFile::parse(WITH_PASSPHRASE.replace("65536 3 1", "8 1 1").as_bytes()).is_ok());
    }

    #[test]
    fn unlock_keys_have_one_text() {
        let key = [7; 32];
        let text = unlock_key_text(&key);
        assert_eq!(text.len(), UNLOCK_KEY_FILE_LEN);
        assert_eq!(*parse_unlock_key(text.as_bytes()).unwrap(), key);
        for bad in [
            text.replace("unlock-key 1", "unlock-key 2"),
            text.replace("=\n", "="),
            text.replace("BwcH", "BwcHBwcH"),
            text.replace("BwcHBwcH", ""),
            String::new(),
        ] {
            assert!(parse_unlock_key(bad.as_bytes()).is_err());
        }
    }
}
