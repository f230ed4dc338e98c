//! Key texts and key files (`docs/formats/keyfile.md`). Syntax only; `seal::keys` encrypts and opens.

mod container;
mod public;
mod sealing;

pub use container::{
    ArgonCost, KeyFile, KeyFileFault, KeyRole, MAX_KEY_FILE_LEN, SALT_LEN, UNLOCK_KEY_FILE_LEN, UnlockLine,
    parse_unlock_key, unlock_key_text,
};
pub use public::{KeyLineFault, PublicKeys, parse_trusted, trusted_line};
pub use sealing::{Kem, KeyId, SealingKeyTextFault, parse_sealing_key, sealing_key_text};
