//! `sekisho.toml`, the settings of a site (docs/formats/site.md). Unknown keys are errors with line and column.

use serde::Deserialize;

use crate::domain::ids::PartyId;

/// What is wrong with a settings file, and where (1-based).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} column {column}: {why}")]
pub struct ConfigFault {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub why: String,
}

/// Environment of a site; a file of the other one is held (H09).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// 本番.
    Production,
    /// 研修・試験.
    Training,
}

impl Environment {
    /// The letter in the header of a file.
    pub fn letter(self) -> char {
        match self {
            Self::Production => 'P',
            Self::Training => 'T',
        }
    }
}

/// How the site's key file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnlockBy {
    /// By a file of 32 random bytes, `unlock_file`.
    KeyFile,
    /// By a passphrase typed at the terminal.
    Passphrase,
    /// By the file `sekisho-unlock` in the systemd credentials directory.
    Credentials,
}

/// `[site]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SiteTable {
    id: String,
    name: String,
    environment: Environment,
    national_body: String,
}

/// `[keys]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysTable {
    unlock: UnlockBy,
    #[serde(default = "default_unlock_file")]
    unlock_file: String,
}

/// `[intake]`: limits that are tested before a file is read into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IntakeLimits {
    /// Largest inbound file, in bytes.
    pub max_file_bytes: u64,
    /// Most files taken from one folder in one pass.
    pub max_files_per_folder: u64,
    /// Seconds since its last change before a file is looked at; 0 where senders put whole files in place by a rename.
    pub quiet_seconds: u32,
    /// Most records of one file, computed from its length and kind.
    pub max_records: u64,
    /// Hours without a change after which an unfinished file, or a done file alone, is a finding.
    pub forgotten_hours: u32,
}

impl Default for IntakeLimits {
    fn default() -> Self {
        // 2 GiB holds 1.5 million records of 1,400 bytes: the initial load of the largest municipality.
        Self {
            max_file_bytes: 2 << 30,
            max_files_per_folder: 10_000,
            quiet_seconds: 0,
            // More than a million residents, several times over what one file of notices brings.
            max_records: 2_000_000,
            // What was left unfinished in a night is seen in the morning.
            forgotten_hours: 6,
        }
    }
}

/// `[run]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSettings {
    /// Worker threads; 0 is one per core.
    pub threads: u16,
    /// Seconds between two passes of `watch`.
    pub poll_seconds: u32,
    /// Bytes of the reserve file, which is given up where the disk is full; 0: none.
    pub reserve_bytes: u64,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            threads: 0,
            poll_seconds: 10,
            // Enough to finish a commit with 3,000 outgoing files: a proof takes one block of 4 KiB.
            reserve_bytes: 16 << 20,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    site: SiteTable,
    keys: KeysTable,
    #[serde(default)]
    intake: IntakeLimits,
    #[serde(default)]
    run: RunSettings,
}

fn default_unlock_file() -> String {
    "keys/unlock.key".to_owned()
}

/// The settings of a site, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// Own party id, e.g. `050008`.
    pub id: PartyId,
    /// Own name.
    pub name: String,
    /// Production or training.
    pub environment: Environment,
    /// Party id of the national body, which gets the notices.
    pub national_body: PartyId,
    /// How the keys are opened.
    pub unlock: UnlockBy,
    /// File of 32 bytes that opens the keys, relative to the site or absolute.
    pub unlock_file: String,
    /// Limits of the intake.
    pub intake: IntakeLimits,
    /// Settings of a run.
    pub run: RunSettings,
}

/// The version of settings that is read.
const VERSION: i64 = 1;

/// The one key that every version has.
#[derive(Deserialize)]
struct Head {
    format: Option<i64>,
}

impl Config {
    /// The version of the settings, where it is a later one than [`Config::parse`] reads: other keys may stand there.
    pub fn later_version(text: &str) -> Option<i64> {
        let head: Head = toml::from_str(text).ok()?;
        head.format.filter(|format| *format > VERSION)
    }

    /// Reads the text of `sekisho.toml`.
    pub fn parse(text: &str) -> Result<Self, ConfigFault> {
        let file: File = toml::from_str(text).map_err(|fault| {
            let (line, column) = position(text, fault.span().map_or(0, |span| span.start));
            ConfigFault {
                line,
                column,
                why: fault.message().to_owned(),
            }
        })?;
        let at = |key: &str, why: &str| {
            let (line, column) = position(text, place_of(text, key));
            ConfigFault {
                line,
                column,
                why: why.to_owned(),
            }
        };
        if file.format != 1 {
            return Err(at("format", "format must be 1"));
        }
        if file.run.poll_seconds == 0 {
            return Err(at("poll_seconds", "poll_seconds must be at least 1"));
        }
        Ok(Self {
            id: PartyId::parse(&file.site.id).ok_or_else(|| at("id", "id must be 1 to 8 letters or digits"))?,
            name: file.site.name,
            environment: file.site.environment,
            national_body: PartyId::parse(&file.site.national_body)
                .ok_or_else(|| at("national_body", "national_body must be 1 to 8 letters or digits"))?,
            unlock: file.keys.unlock,
            unlock_file: file.keys.unlock_file,
            intake: file.intake,
            run: file.run,
        })
    }

    /// The text that `init` writes.
    pub fn template(id: &str, name: &str, environment: Environment, national_body: &str, unlock: UnlockBy) -> String {
        let environment = match environment {
            Environment::Production => "production",
            Environment::Training => "training",
        };
        let unlock = match unlock {
            UnlockBy::KeyFile => "key-file",
            UnlockBy::Passphrase => "passphrase",
            UnlockBy::Credentials => "credentials",
        };
        // Nothing in a basic string may be a control character, a quotation mark or a backslash alone.
        let name = name.replace(|c: char| matches!(c, '"' | '\\') || c.is_control(), "");
        let limits = IntakeLimits::default();
        let run = RunSettings::default();
        format!(
            "# Settings of this site. Unknown keys are errors. See docs/formats/site.md.\nformat = 1\n\n[site]\nid = \
             \"{id}\"\nname = \"{name}\"\n# production or training: a file of the other environment is held (H09)\n\
             environment = \"{environment}\"\n# gets every applied notice\nnational_body = \"{national_body}\"\n\n[keys]\n\
             # key-file, passphrase (typed at the terminal) or credentials (systemd)\nunlock = \"{unlock}\"\nunlock_file = \
             \"keys/unlock.key\"\n\n[intake]\nmax_file_bytes = {}\nmax_files_per_folder = {}\n\
             # at least 5 where senders write into the folder itself instead of renaming a whole file into it\n\
             quiet_seconds = {}\nmax_records = {}\n# unfinished files are reported as such; after so many hours they are held\n\
             forgotten_hours = {}\n\n[run]\n# 0: one per core\n\
             threads = {}\npoll_seconds = {}\n# kept free for what must be finished or recorded on a full disk\nreserve_bytes = {}\n",
            limits.max_file_bytes,
            limits.max_files_per_folder,
            limits.quiet_seconds,
            limits.max_records,
            limits.forgotten_hours,
            run.threads,
            run.poll_seconds,
            run.reserve_bytes
        )
    }
}

/// Byte offset of the line that sets a key; comments and values may hold the same word.
fn place_of(text: &str, key: &str) -> usize {
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start().strip_prefix(key);
        if rest.is_some_and(|rest| rest.trim_start().starts_with('=')) {
            return offset + (line.len() - line.trim_start().len());
        }
        offset += line.len();
    }
    0
}

/// Line and column (1-based, in characters) of a byte offset.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> String {
        Config::template(
            "050008",
            "秋田県",
            Environment::Production,
            "N0000001",
            UnlockBy::KeyFile,
        )
    }

    #[test]
    fn the_template_is_valid() {
        let config = Config::parse(&template()).unwrap();
        assert_eq!(config.id.as_str(), "050008");
        assert_eq!(config.environment.letter(), 'P');
        assert_eq!(config.run, RunSettings::default());
        assert_eq!(config.intake, IntakeLimits::default());
    }

    #[test]
    fn an_unknown_key_is_an_error_with_its_place() {
        let text = template().replace("threads = 0", "treads = 0");
        let fault = Config::parse(&text).unwrap_err();
        let line = text.lines().position(|l| l.starts_with("treads")).unwrap() + 1;
        assert_eq!((fault.line, fault.column), (line, 1));
        assert!(fault.why.contains("treads"), "{}", fault.why);
    }

    #[test]
    fn wrong_values_are_refused() {
        for (from, to) in [
            ("format = 1", "format = 2"),
            ("id = \"050008\"", "id = \"\""),
            ("\"production\"", "\"live\""),
            ("poll_seconds = 10", "poll_seconds = 0"),
            ("national_body = \"N0000001\"", "national_body = \"N-1\""),
        ] {
            assert!(Config::parse(&template().replace(from, to)).is_err(), "{to}");
        }
    }
}
