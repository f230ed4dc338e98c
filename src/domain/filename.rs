//! Names of inbound files as senders choose them: which are refused before anything else (H08), and which look alike.
//!
//! A listing cannot hold `/`, NUL or `..` as a name. What it can hold and a person or another program could take for
//! something else is here.

use unicode_normalization::UnicodeNormalization as _;

/// Most bytes of a name: what the spool, the archive and a companion suffix of 16 bytes have room for on every file system.
pub const NAME_MAX_BYTES: usize = 200;

/// What is wrong with a name. The words never repeat it: it may say anything, a person's name too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// A control character, a line end among them.
    #[error("the name holds a control character")]
    Control,
    /// A character that turns the direction of writing, or is not seen.
    #[error("the name holds an invisible character")]
    Invisible,
    /// A backslash, which is a path elsewhere.
    #[error("the name holds a backslash")]
    Backslash,
    /// A dash in front, which programs read as an option.
    #[error("the name begins with a dash")]
    Dash,
    /// A blank in front or behind, or a dot behind, which other systems drop.
    #[error("the name begins or ends with a blank, or ends with a dot")]
    Edge,
    /// Longer than [`NAME_MAX_BYTES`].
    #[error("the name is too long")]
    TooLong,
}

/// Tests a name; the first fault in the order of [`NameFault`].
///
/// # Errors
/// [`NameFault`].
pub fn check(name: &str) -> Result<(), NameFault> {
    if name.chars().any(char::is_control) {
        Err(NameFault::Control)
    } else if name.chars().any(is_invisible) {
        Err(NameFault::Invisible)
    } else if name.contains('\\') {
        Err(NameFault::Backslash)
    } else if name.starts_with('-') {
        Err(NameFault::Dash)
    } else if name.starts_with(char::is_whitespace) || name.ends_with(|c: char| c.is_whitespace() || c == '.') {
        Err(NameFault::Edge)
    } else if name.len() > NAME_MAX_BYTES {
        Err(NameFault::TooLong)
    } else {
        Ok(())
    }
}

/// Line and paragraph separators, marks of direction, joiners and other characters without a shape of their own.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}')
}

/// The form that is the same for names that differ only in case, width or Unicode normal form.
pub fn look(name: &str) -> String {
    let once: String = name.nfkc().flat_map(char::to_lowercase).collect();
    // Small letters can compose anew.
    once.nfkc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_honest_form_pass() {
        for name in [
            "UPD-052019-050008-00000042.dat.seki",
            "転入通知 9月.dat",
            "a-b_c(1)~.dat",
            ".hidden",
            "が.dat",
            &"x".repeat(200),
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn each_trick_has_its_fault() {
        for (name, fault) in [
            ("a\nb", NameFault::Control),
            ("a\r.dat", NameFault::Control),
            ("a\u{7F}", NameFault::Control),
            ("a\u{85}b", NameFault::Control),
            ("\u{1b}[2J", NameFault::Control),
            ("a\u{202E}tad.", NameFault::Invisible),
            ("a\u{200B}.dat", NameFault::Invisible),
            ("\u{FEFF}a.dat", NameFault::Invisible),
            ("a\u{2028}b", NameFault::Invisible),
            ("a\u{E0041}.dat", NameFault::Invisible),
            ("..\\x.dat", NameFault::Backslash),
            ("-rf.dat", NameFault::Dash),
            ("a.dat ", NameFault::Edge),
            ("a.dat.", NameFault::Edge),
            (" a.dat", NameFault::Edge),
            ("\u{3000}a.dat", NameFault::Edge),
            (&"x".repeat(201), NameFault::TooLong),
            (&"あ".repeat(67), NameFault::TooLong),
        ] {
            assert_eq!(check(name), Err(fault), "{name:?}");
            assert!(!fault.to_string().contains(name));
        }
    }

    #[test]
    fn look_alikes_have_one_look() {
        for (one, other) in [
            ("A.DAT", "a.dat"),
            ("ＵＰＤ－１.dat", "upd-1.dat"),
            ("がく.dat", "か\u{3099}く.dat"),
            ("ｶﾞ.dat", "ガ.dat"),
            ("é.dat", "E\u{301}.dat"),
            ("ﬁ.dat", "FI.dat"),
        ] {
            assert_eq!(look(one), look(other), "{one} {other}");
        }
        assert_ne!(look("か.dat"), look("が.dat"));
        assert_ne!(look("a.dat"), look("a.dat.seki"));
    }
}
