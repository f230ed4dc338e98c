//! The intake ladder of a party (取込条件): what has to be seen in its inbound folder, besides trailer or seal, before one
//! of its files is read. Column `arrival` of the register (docs/formats/site.md).
//!
//! Every rule is one more proof that the sender has finished. They add up; a party without any is taken as its files
//! prove themselves.

use std::fmt;

/// Suffix of a done file where the rule names none.
const DONE_SUFFIX: &str = ".done";
/// What names of unfinished files end with, where the rule names nothing.
const WRITING_SUFFIXES: [&str; 5] = [".tmp", ".part", ".partial", ".filepart", "~"];
/// What they begin with, likewise.
const WRITING_PREFIXES: [&str; 2] = [".", "~"];
/// Most bytes of a suffix or prefix.
const MARK_MAX_BYTES: usize = 16;
/// Most suffixes and prefixes of one rule.
const MARKS_MAX: usize = 8;
/// A day.
const SECONDS_MAX: u32 = 86_400;
/// Most passes that a file may be asked to lie still for.
const POLLS_MAX: u32 = 1000;

/// What is wrong with the words of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ArrivalFault {
    /// No such word.
    #[error("arrival: words are done, done:SUFFIX, rename, rename:MARK,MARK, quiet:SECONDS, polls:NUMBER")]
    Word,
    /// A word stands twice.
    #[error("arrival: a word stands twice")]
    Twice,
    /// A suffix or prefix that names could not be told apart by.
    #[error("arrival: a suffix or prefix is 1 to 16 letters, digits or .-_~, with a . or ~ at one end, 8 at most")]
    Mark,
    /// A number out of range.
    #[error("arrival: quiet is 1 to 86400 seconds, polls 2 to 1000")]
    Number,
}

/// How unfinished files are named until the sender renames them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritingNames {
    suffixes: Vec<String>,
    prefixes: Vec<String>,
}

/// The rules of one party.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ArrivalRule {
    /// Suffix of the done file that must lie beside each file, e.g. `.done`.
    pub done: Option<String>,
    /// Names that are never looked at, since the sender still writes what lies under them.
    pub writing: Option<WritingNames>,
    /// Seconds since the last change; `None`: the site's `intake.quiet_seconds`.
    pub quiet_seconds: Option<u32>,
    /// Passes, the present one included, that must have found length, time of change and inode the same.
    pub polls: Option<u32>,
}

impl ArrivalRule {
    /// Reads the words, separated by blanks; the empty text is the rule that asks for nothing.
    ///
    /// # Errors
    /// [`ArrivalFault`].
    pub fn parse(text: &str) -> Result<Self, ArrivalFault> {
        let mut rule = Self::default();
        for word in text.split_whitespace() {
            let (name, value) = match word.split_once(':') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            match (name, value) {
                ("done", suffix) => once(&mut rule.done, mark(suffix.unwrap_or(DONE_SUFFIX))?)?,
                ("rename", marks) => once(&mut rule.writing, WritingNames::parse(marks)?)?,
                ("quiet", Some(value)) => once(&mut rule.quiet_seconds, number(value, 1, SECONDS_MAX)?)?,
                ("polls", Some(value)) => once(&mut rule.polls, number(value, 2, POLLS_MAX)?)?,
                (_, _) => return Err(ArrivalFault::Word),
            }
        }
        let overlap = |done: &String| {
            rule.writing
                .as_ref()
                .is_some_and(|names| names.fits(&format!("X{done}")))
        };
        if rule.done.as_ref().is_some_and(overlap) {
            return Err(ArrivalFault::Mark);
        }
        Ok(rule)
    }

    /// The name of the file that a done file belongs to; `None` where `name` is no done file by this rule.
    pub fn base_of_done<'n>(&self, name: &'n str) -> Option<&'n str> {
        let base = name.strip_suffix(self.done.as_deref()?)?;
        (!base.is_empty()).then_some(base)
    }

    /// True where the sender still writes what lies under this name. Case is of no account.
    pub fn is_being_written(&self, name: &str) -> bool {
        self.writing.as_ref().is_some_and(|names| names.fits(name))
    }
}

impl WritingNames {
    fn parse(marks: Option<&str>) -> Result<Self, ArrivalFault> {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let Some(marks) = marks else {
            return Ok(Self {
                suffixes: owned(&WRITING_SUFFIXES),
                prefixes: owned(&WRITING_PREFIXES),
            });
        };
        let mut names = Self {
            suffixes: Vec::new(),
            prefixes: Vec::new(),
        };
        for word in marks.split(',') {
            // `x_*` begins a name, `*.x` or `.x` ends one.
            match word.strip_suffix('*') {
                Some(prefix) => names.prefixes.push(mark(prefix)?.to_ascii_lowercase()),
                None => names
                    .suffixes
                    .push(mark(word.strip_prefix('*').unwrap_or(word))?.to_ascii_lowercase()),
            }
        }
        if names.suffixes.len() + names.prefixes.len() > MARKS_MAX {
            return Err(ArrivalFault::Mark);
        }
        Ok(names)
    }

    fn fits(&self, name: &str) -> bool {
        let lower = name.to_ascii_lowercase();
        self.suffixes.iter().any(|suffix| lower.ends_with(suffix))
            || self.prefixes.iter().any(|prefix| lower.starts_with(prefix))
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), ArrivalFault> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(ArrivalFault::Twice),
    }
}

/// A suffix or prefix.
fn mark(text: &str) -> Result<String, ArrivalFault> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'~'));
    let apart = text.starts_with(['.', '~']) || text.ends_with(['.', '~']);
    // No mark may fit the standard name of a file, or it would never be taken.
    let harmless = !"-00000001.dat.seki".ends_with(text) && !"-00000001.dat".ends_with(text);
    if plain && apart && harmless && text.len() <= MARK_MAX_BYTES {
        Ok(text.to_owned())
    } else {
        Err(ArrivalFault::Mark)
    }
}

fn number(text: &str, least: u32, most: u32) -> Result<u32, ArrivalFault> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    let value: Option<u32> = if digits { text.parse().ok() } else { None };
    value
        .filter(|value| (least..=most).contains(value))
        .ok_or(ArrivalFault::Number)
}

impl fmt::Display for ArrivalRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        if let Some(suffix) = &self.done {
            words.push(if suffix == DONE_SUFFIX {
                "done".to_owned()
            } else {
                format!("done:{suffix}")
            });
        }
        if let Some(names) = &self.writing {
            let usual = WritingNames::parse(None).as_ref() == Ok(names);
            let prefixes = names.prefixes.iter().map(|prefix| format!("{prefix}*"));
            let marks: Vec<String> = names.suffixes.iter().cloned().chain(prefixes).collect();
            words.push(if usual {
                "rename".to_owned()
            } else {
                format!("rename:{}", marks.join(","))
            });
        }
        words.extend(self.quiet_seconds.map(|seconds| format!("quiet:{seconds}")));
        words.extend(self.polls.map(|polls| format!("polls:{polls}")));
        f.write_str(&words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_read_back() {
        for text in [
            "",
            "done",
            "done:.ok",
            "rename",
            "rename:.upl,tmp_.,~*",
            "quiet:60",
            "polls:3",
            "done:.end rename quiet:1 polls:2",
        ] {
            let rule = ArrivalRule::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
            assert_eq!(rule.to_string(), text);
        }
        assert_eq!(
            ArrivalRule::parse(" polls:3  done:.OK ").unwrap().to_string(),
            "done:.OK polls:3"
        );
        assert_eq!(ArrivalRule::parse("rename:*.x").unwrap().to_string(), "rename:.x");
    }

    #[test]
    fn wrong_words_are_refused() {
        for (text, fault) in [
            ("ready", ArrivalFault::Word),
            ("quiet", ArrivalFault::Word),
            ("polls", ArrivalFault::Word),
            ("done done:.ok", ArrivalFault::Twice),
            ("quiet:5 quiet:5", ArrivalFault::Twice),
            ("done:", ArrivalFault::Mark),
            ("done:ok", ArrivalFault::Mark),
            ("done:.a/b", ArrivalFault::Mark),
            ("done:.dat", ArrivalFault::Mark),
            ("rename:.seki", ArrivalFault::Mark),
            ("rename:.dat.seki", ArrivalFault::Mark),
            ("rename:", ArrivalFault::Mark),
            ("rename:.a,,.b", ArrivalFault::Mark),
            ("rename:.a,.b,.c,.d,.e,.f,.g,.h,.i", ArrivalFault::Mark),
            ("done:.part rename", ArrivalFault::Mark),
            ("done:.12345678901234567", ArrivalFault::Mark),
            ("quiet:0", ArrivalFault::Number),
            ("quiet:86401", ArrivalFault::Number),
            ("quiet:+5", ArrivalFault::Number),
            ("polls:1", ArrivalFault::Number),
            ("polls:", ArrivalFault::Number),
        ] {
            assert_eq!(ArrivalRule::parse(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn names_are_told_apart() {
        let rule = ArrivalRule::parse("done rename").unwrap();
        assert_eq!(rule.base_of_done("a.dat.done"), Some("a.dat"));
        for name in ["a.dat", ".done", "a.done.dat", "a.DONE"] {
            assert_eq!(rule.base_of_done(name), None, "{name}");
        }
        for name in ["a.tmp", "a.PART", ".a", "~a", "a~", "a.dat.filepart", ".a.dat.done"] {
            assert!(rule.is_being_written(name), "{name}");
        }
        for name in ["a.dat", "tmp", "a.tmp.dat", "UPD-052019-050008-00000001.dat.seki"] {
            assert!(!rule.is_being_written(name), "{name}");
        }
        let none = ArrivalRule::default();
        assert!(!none.is_being_written("a.tmp") && none.base_of_done("a.done").is_none());
        let own = ArrivalRule::parse("rename:.upl,up_.*").unwrap();
        assert!(own.is_being_written("x.upl") && own.is_being_written("up_.x"));
        assert!(!own.is_being_written("x.tmp"));
    }
}
