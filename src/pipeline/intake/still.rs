//! Has the sender finished? The folder's rule by facts alone: quiet time and passes, the content of a done file, names of
//! unfinished files that stay (rules 2.6, H01; docs/formats/site.md, "Inbound folders").

use crate::domain::arrival::ArrivalRule;

/// What the passes remember of a thing, the present pass included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When it was first found as it is now, in milliseconds since 1970.
    pub since_ms: i64,
    /// Passes that found it so.
    pub passes: u32,
}

/// Times of one look, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Now.
    pub now_ms: i64,
    /// Last change of the file, as its file system says; a sender can set it.
    pub modified_ms: i64,
}

/// Why a file is not read yet (H01). The words are for people and never hold its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// It changed within the quiet time, or while it was read.
    #[error("still growing")]
    Growing,
    /// Too few passes found it unchanged.
    #[error("not yet unchanged in enough passes")]
    Passes {
        /// How many must.
        want: u32,
    },
    /// No done file.
    #[error("the done file is missing")]
    DoneMissing,
    /// Something else has the name of the done file.
    #[error("the done file is not a plain file")]
    DoneNotPlain,
    /// The done file holds something else than nothing or a hash.
    #[error("the done file holds neither nothing nor a SHA-256")]
    DoneContent,
    /// Its hash is that of another content.
    #[error("the hash in the done file is not that of the file")]
    DoneHash,
}

/// True where a change lies within the quiet time. A change that lies ahead of the clock says nothing.
pub fn is_growing(times: Times, quiet_seconds: u32) -> bool {
    let age_ms = times.now_ms.saturating_sub(times.modified_ms);
    (0..i64::from(quiet_seconds).saturating_mul(1000)).contains(&age_ms)
}

/// Quiet time and passes. With both, the first and the last of the passes lie the quiet time apart by the clock of the site,
/// whatever the time of change says.
///
/// # Errors
/// `Growing`, `Passes`.
pub fn rests(rule: &ArrivalRule, site_quiet_seconds: u32, times: Times, seen: Seen) -> Result<(), Unfinished> {
    let quiet_seconds = rule.quiet_seconds.unwrap_or(site_quiet_seconds);
    if is_growing(times, quiet_seconds) {
        return Err(Unfinished::Growing);
    }
    let Some(want) = rule.polls else { return Ok(()) };
    let span_ms = times.now_ms.saturating_sub(seen.since_ms);
    if seen.passes < want || span_ms < i64::from(quiet_seconds).saturating_mul(1000) {
        return Err(Unfinished::Passes { want });
    }
    Ok(())
}

/// True where nobody can be writing any more: unchanged for so many hours by its own time of change or by what the passes
/// remember. A time of change ahead of the clock says nothing.
pub fn is_forgotten(times: Times, seen: Seen, hours: u32) -> bool {
    let limit_ms = i64::from(hours).saturating_mul(3_600_000);
    let age_ms = times.now_ms.saturating_sub(times.modified_ms);
    age_ms >= limit_ms || times.now_ms.saturating_sub(seen.since_ms) >= limit_ms
}

/// The SHA-256 in a done file: alone, or as `sha256sum` writes it with the name of the file behind it. `None` where it
/// holds nothing but line ends and blanks.
///
/// # Errors
/// `DoneContent`.
pub fn hash_in_done(content: &[u8], name: &str) -> Result<Option<[u8; 32]>, Unfinished> {
    let text = std::str::from_utf8(content).map_err(|_| Unfinished::DoneContent)?;
    let text = text.trim_matches([' ', '\t', '\r', '\n', '\u{1A}']);
    if text.is_empty() {
        return Ok(None);
    }
    let (hash, behind) = text.split_once(' ').unwrap_or((text, name));
    // `*` marks a binary file there.
    let named = behind.trim_start_matches(' ');
    let named = named.strip_prefix('*').unwrap_or(named);
    if named != name {
        return Err(Unfinished::DoneContent);
    }
    crate::seal::digest::digest_from_hex(&hash.to_ascii_lowercase())
        .map(Some)
        .ok_or(Unfinished::DoneContent)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_600_000_000_000;

    fn times(age_ms: i64) -> Times {
        Times {
            now_ms: NOW,
            modified_ms: NOW - age_ms,
        }
    }

    fn seen(span_ms: i64, passes: u32) -> Seen {
        Seen {
            since_ms: NOW - span_ms,
            passes,
        }
    }

    #[test]
    fn quiet_time_and_passes_add_up() {
        let rule = |text: &str| ArrivalRule::parse(text).unwrap();
        let growing = Err(Unfinished::Growing);
        let passes = |want| Err(Unfinished::Passes { want });
        for (text, site, age, span, looks, fate) in [
            ("", 0, 0, 0, 1, Ok(())),
            ("", 60, 59_999, 0, 1, growing),
            ("", 60, 60_000, 0, 1, Ok(())),
            ("", 60, -1, 0, 1, Ok(())),
            ("quiet:5", 60, 5000, 0, 1, Ok(())),
            ("quiet:5", 0, 4999, 0, 1, growing),
            ("polls:3", 0, 0, 0, 2, passes(3)),
            ("polls:3", 0, 0, 0, 3, Ok(())),
            // A time of change ahead of the clock, or long ago: the passes decide.
            ("polls:3 quiet:5", 0, -9000, 4999, 3, passes(3)),
            ("polls:3 quiet:5", 0, 99_000, 5000, 3, Ok(())),
            ("polls:3 quiet:5", 0, 99_000, 9000, 2, passes(3)),
            // The clock went back.
            ("polls:2 quiet:5", 0, 99_000, -1, 9, passes(2)),
        ] {
            let got = rests(&rule(text), site, times(age), seen(span, looks));
            assert_eq!(got, fate, "{text} {site} {age} {span} {looks}");
        }
    }

    #[test]
    fn forgotten_by_its_own_time_or_by_memory() {
        let hour = 3_600_000;
        assert!(!is_forgotten(times(6 * hour - 1), seen(0, 1), 6));
        assert!(is_forgotten(times(6 * hour), seen(0, 1), 6));
        assert!(!is_forgotten(times(-hour), seen(6 * hour - 1, 9), 6));
        assert!(is_forgotten(times(-hour), seen(6 * hour, 9), 6));
    }

    #[test]
    fn what_a_done_file_may_hold() {
        // SHA-256 of nothing.
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let hash = crate::seal::digest::sha256(b"");
        for (content, fate) in [
            (String::new(), Ok(None)),
            ("\r\n".to_owned(), Ok(None)),
            ("\u{1A}".to_owned(), Ok(None)),
            (hex.to_owned(), Ok(Some(hash))),
            (format!("{}\r\n", hex.to_uppercase()), Ok(Some(hash))),
            (format!("{hex}  a b.dat\n"), Ok(Some(hash))),
            (format!("{hex} *a b.dat\n"), Ok(Some(hash))),
            (format!("{hex}  other.dat\n"), Err(Unfinished::DoneContent)),
            (format!("{hex}\n{hex}\n"), Err(Unfinished::DoneContent)),
            (hex.get(1..).unwrap().to_owned(), Err(Unfinished::DoneContent)),
            ("done".to_owned(), Err(Unfinished::DoneContent)),
        ] {
            assert_eq!(hash_in_done(content.as_bytes(), "a b.dat"), fate, "{content:?}");
        }
        assert_eq!(hash_in_done(b"\xFF", "a"), Err(Unfinished::DoneContent));
    }
}
