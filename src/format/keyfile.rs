//! Key texts and key files (`docs/formats/keyfile.md`).

mod sealing;

pub use sealing::{Kem, KeyId, SealingKeyTextFault, parse_sealing_key, sealing_key_text};
