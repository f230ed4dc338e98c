//! Key files of the site and of parties (`docs/formats/keyfile.md`): named secrets, encrypted under a passphrase or an unlock key.
//!
//! Where the passphrase or the unlock key comes from (terminal, file, the systemd credentials directory) is the caller's
//! business; it never comes from an argument or the environment.

mod secrets;
mod unlock;

pub use secrets::{PartySecrets, SiteSecrets};
pub use unlock::{MIN_PASSPHRASE_CHARS, Passphrase, Unlock, generate_unlock_key, read_unlock_key, unlock_key_file};

use crate::format::keyfile::KeyFileFault;
use crate::seal::hpke::HpkeFault;
use crate::seal::notesign::NoteSignError;

/// Why a key file cannot be made or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The file is malformed.
    #[error(transparent)]
    File(#[from] KeyFileFault),
    /// A passphrase was given for a file with an unlock key, or the other way round.
    #[error("the key file is opened in another way")]
    OtherWay,
    /// The file belongs to another unlock key.
    #[error("the key file belongs to another unlock key")]
    OtherUnlockKey,
    /// Wrong passphrase, or a damaged file: they cannot be told apart.
    #[error("wrong passphrase, or the key file is damaged")]
    DoesNotOpen,
    /// The passphrase has fewer than [`MIN_PASSPHRASE_CHARS`] characters.
    #[error("passphrase has fewer than {MIN_PASSPHRASE_CHARS} characters")]
    ShortPassphrase,
    /// A site's file where a party's was expected, or the other way round.
    #[error("key file of another role")]
    OtherRole,
    /// The secrets inside do not have their form, or one is missing.
    #[error("secret `{name}` is missing or malformed")]
    Secret {
        /// Name of the secret.
        name: &'static str,
    },
    /// Something that is no secret of this role stands inside.
    #[error("line {line_no} inside the key file is unknown")]
    UnknownSecret {
        /// Number of the line, from 1.
        line_no: usize,
    },
    /// A signing key's name cannot stand in a note.
    #[error(transparent)]
    Signer(#[from] NoteSignError),
    /// A sealing key could not be made.
    #[error(transparent)]
    Sealing(#[from] HpkeFault),
}

/// A key file that others than its owner may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("key file may be read by others (mode {mode:04o}); it must be 0600 or 0400")]
pub struct KeyModeFault {
    /// Permission bits found.
    pub mode: u32,
}

/// Permission bits of group and others.
const OPEN_TO_OTHERS: u32 = 0o077;

/// Tests the permission bits of a key file or unlock key file: nothing for group and others.
pub fn check_key_file_mode(mode: u32) -> Result<(), KeyModeFault> {
    if mode & OPEN_TO_OTHERS == 0 {
        Ok(())
    } else {
        Err(KeyModeFault { mode: mode & 0o7777 })
    }
}

#[cfg(test)]
mod tests;
