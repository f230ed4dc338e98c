//! Fuzz target `key_files`; what it demands stands in `src/checks`.
#![no_main]

sekisho_fuzz::target!("key_files");
