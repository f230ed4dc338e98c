//! Names of logs: the fiscal year, and a number behind it where a key change closed a log within the year.

use std::fmt;

use crate::format::note::valid_key_name;

/// Longest origin prefix in bytes; prefix, slash and year stay a valid key name.
const MAX_PREFIX_BYTES: usize = 200;

/// Name of a log and of its folder: `2020`, or `2020.2` for the second log of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogName {
    year: u32,
    part: u32,
}

impl LogName {
    /// The first log of a fiscal year; `None` outside 1000 to 9999.
    pub fn of_year(year: u32) -> Option<Self> {
        (1000..=9999).contains(&year).then_some(Self { year, part: 1 })
    }

    /// The next log of the same year.
    pub fn continued(self) -> Option<Self> {
        Some(Self {
            year: self.year,
            part: self.part.checked_add(1)?,
        })
    }

    /// Fiscal year.
    pub fn year(self) -> u32 {
        self.year
    }

    /// Reads a name as it is written; anything else is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let (year, part) = match text.split_once('.') {
            Some((year, part)) => (year, part.parse().ok().filter(|part| *part > 1)?),
            None => (text, 1),
        };
        let name = Self {
            part,
            ..Self::of_year(year.parse().ok()?)?
        };
        (name.to_string() == text).then_some(name)
    }

    /// Origin of the log: the prefix, a slash, the name.
    pub fn origin(self, prefix: &str) -> String {
        format!("{prefix}/{self}")
    }

    /// The log that an origin names.
    pub fn of_origin(origin: &str, prefix: &str) -> Option<Self> {
        Self::parse(origin.strip_prefix(prefix)?.strip_prefix('/')?)
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.part == 1 {
            write!(f, "{}", self.year)
        } else {
            write!(f, "{}.{}", self.year, self.part)
        }
    }
}

/// True where `prefix` can begin the origins of a site: a key name of at most 200 bytes.
pub fn valid_prefix(prefix: &str) -> bool {
    valid_key_name(prefix) && prefix.len() <= MAX_PREFIX_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_and_have_one_spelling() {
        let year = LogName::of_year(2020).unwrap();
        let second = year.continued().unwrap();
        assert_eq!(
            (year.to_string(), second.to_string()),
            ("2020".to_owned(), "2020.2".to_owned())
        );
        assert_eq!(LogName::parse("2020.2"), Some(second));
        assert!(year < second && second < LogName::of_year(2021).unwrap());
        assert!(second < LogName::parse("2020.10").unwrap());
        for bad in [
            "", "20", "02020", "+2020", "2020.", "2020.1", "2020.02", "2020.0", "2020.2.2", "x",
        ] {
            assert_eq!(LogName::parse(bad), None, "{bad}");
        }
        assert_eq!(year.origin("a.example/l"), "a.example/l/2020");
        assert_eq!(LogName::of_origin("a.example/l/2020.2", "a.example/l"), Some(second));
        assert_eq!(LogName::of_origin("a.example/l2020", "a.example/l"), None);
        assert!(valid_prefix("a.example/l") && !valid_prefix("a b") && !valid_prefix(&"a".repeat(201)));
    }
}
